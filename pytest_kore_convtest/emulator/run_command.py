"""Run a command with the emulator's address in its environment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

REAL_ACCOUNT = (
    "KORE_BOT",
    "KORE_CLIENT_SECRET_FILE",
    "KORE_DS_ID",
    "KORE_EMULATOR",
    "KORE_JWT",
    "KORE_JWT_FILE",
    "KORE_TARGET",
)
"""Variables that name a real account or its jobs, or another emulator: the command must not see them."""

_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_SIGNALLED = 128


class CommandError(Exception):
    """End the command with one sentence: it was used wrongly, or something it needs is not there."""


def run_command(command: Sequence[str], variables: Mapping[str, str], usual: Mapping[str, str]) -> int:
    """Run a command and return its exit code; 128 and the signal's number when a signal ended it.

    Args:
        command: The command and its arguments.
        variables: What is put into its environment.
        usual: What is put there unless the user has.

    Raises:
        CommandError: It cannot be started.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in REAL_ACCOUNT}
    pending: list[int] = []
    with _forwarding(pending) as forward_to:
        try:
            # What the user typed behind -- is to be run; no shell comes between.
            process = subprocess.Popen(list(command), env={**usual, **inherited, **variables})  # noqa: S603
        except (OSError, ValueError) as error:
            problem = getattr(error, "strerror", None) or str(error)
        else:
            forward_to.append(process)
            for number in pending:
                process.send_signal(number)
            code = process.wait()
            return code if code >= 0 else _SIGNALLED - code
    raise CommandError(f"cannot run {command[0]}: {problem}")


@contextmanager
def _forwarding(pending: list[int]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Forward signals to the process in the list that is given; note those that come before there is one."""
    processes: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and _is_in_foreground():
            return  # the terminal has sent Ctrl-C to the command, too
        for process in processes:
            with suppress(OSError):
                process.send_signal(number)
        if not processes:
            pending.append(number)

    names = [name for name in _FORWARDED if hasattr(signal, name)]
    # What is ignored, as nohup and background jobs have it, stays ignored.
    known = {number: signal.getsignal(number) for number in (getattr(signal, name) for name in names)}
    mine = [number for number, handler in known.items() if handler is not signal.SIG_IGN]
    for number in mine:
        signal.signal(number, forward)
    try:
        yield processes
    finally:
        for number in mine:
            signal.signal(number, known[number])


def _is_in_foreground() -> bool:
    """Say whether a terminal sends its signals to this process and the command alike."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
