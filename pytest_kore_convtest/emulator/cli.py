"""Run the emulator as a process of its own, or run a command with it."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from .run_command import CommandError, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .local import Emulator

_NOTICE = "This is the built-in emulator; no real platform is contacted."


_JOB_POLLS = 1
_HIGHEST_PORT = 65535
_MANY = 1_000_000


def run(
    options: argparse.Namespace,
    command: Sequence[str] | None = None,
    definition: Mapping[str, object] | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM, or until a command has ended; return the exit code.

    Args:
        options: What ``add_arguments`` reads.
        command: The command to run, with its arguments; ``None`` to serve only.
        definition: The export that ``--bot-definition`` names, read from JSON.

    Raises:
        CommandError: The emulator or the command cannot be started.
    """
    if command == []:
        raise CommandError("nothing stands behind --: write the command there, e.g. -- pytest")
    replies = _read_replies(options.bot) if options.bot is not None else {}
    with _start(options, replies, definition) as emulator:
        if command:
            sys.stderr.write(f"{_NOTICE}\n")
            sys.stderr.flush()
            return run_command(command, _variables(emulator, demo=options.demo_job), _usual(options))
        _serve(emulator, demo=options.demo_job)
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port; 0 takes a free one (default: 0)")
    parser.add_argument(
        "--bot",
        type=Path,
        metavar="BOT.json|yaml",
        help='what the bot answers: {"input": ["reply", …]}; without it, what the suite expects',
    )
    parser.add_argument(
        "--bot-definition",
        type=Path,
        metavar="P",
        help="the bot's export (zip or JSON): the results of runs name the nodes that say the replies",
    )
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--job-polls",
        type=_count,
        help=f"answers that say a job is under way before one says its end (default: {_JOB_POLLS})",
    )
    pace.add_argument("--job-seconds", type=_seconds, help="seconds a job takes, instead")
    parser.add_argument("--demo-job", action="store_true", help="create an import job, print its KORE_DS_ID")
    parser.add_argument("--allow-remote", action="store_true", help="let other machines reach it")


def _port(text: str) -> int:
    return int(_number(text, _HIGHEST_PORT, whole=True))


def _count(text: str) -> int:
    return int(_number(text, _MANY, whole=True))


def _seconds(text: str) -> float:
    return _number(text, _MANY, whole=False)


def _number(text: str, highest: int, *, whole: bool) -> float:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= highest:
        kind = "a whole number" if whole else "a number"
        raise argparse.ArgumentTypeError(f"{text!r} is not {kind} from 0 to {highest}")
    return number


def _read_replies(path: Path) -> Mapping[str, object]:
    from .bot_file import BotFileError, read_bot_file

    try:
        return read_bot_file(path)
    except BotFileError as bad:
        raise CommandError(f"the bot script {path} is not usable: it {bad}") from None


def _start(
    options: argparse.Namespace, replies: Mapping[str, object], definition: Mapping[str, object] | None
) -> Emulator:
    from .local import Emulator, EmulatorUnavailableError

    emulator = Emulator(
        host=options.host,
        port=options.port,
        allow_remote=options.allow_remote,
        bot=replies,
        definition=definition,
        job_polls=_JOB_POLLS if options.job_polls is None else options.job_polls,
        job_seconds=options.job_seconds,
    )
    try:
        return emulator.start()
    except OSError as error:
        place = f"{options.host}:{options.port}"
        raise CommandError(f"cannot listen on {place}: {error.strerror or error}") from None
    except (ValueError, EmulatorUnavailableError) as error:
        raise CommandError(str(error).replace("allow_remote", "--allow-remote")) from None


def _serve(emulator: Emulator, *, demo: bool) -> None:
    ended = Event()
    previous = {
        number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        _announce(emulator, demo=demo)
        # Windows wakes the main thread for a signal only between two waits.
        while not ended.wait(0.5):
            pass
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _announce(emulator: Emulator, *, demo: bool) -> None:
    sys.stderr.write(f"{_NOTICE} Stop it with Ctrl-C.\n")
    for name, value in _variables(emulator, demo=demo).items():
        print(f"{name}={shlex.quote(value)}", flush=True)  # noqa: T201 - a command prints


def _usual(options: argparse.Namespace) -> dict[str, str]:
    """Return what is put into a command's environment unless it is there: short jobs need no pauses."""
    return {"KORE_EMULATOR_SPEED": "fast"} if options.job_seconds is None else {}


def _variables(emulator: Emulator, *, demo: bool) -> dict[str, str]:
    """Return what a process needs in its environment to reach the emulator."""
    found = {
        "KORE_HOST": emulator.url,
        "KORE_STREAM_ID": emulator.stream_id,
        "KORE_CLIENT_ID": emulator.client_id,
        "KORE_CLIENT_SECRET": emulator.client_secret,
        "KORE_USER_EMAIL": emulator.user_email,
    }
    if demo:
        found["KORE_DS_ID"] = emulator.add_job(status="IN_PROGRESS")
    return found
