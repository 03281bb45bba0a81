"""Run the stand-in as a process of its own."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

from .local import Emulator, EmulatorUnavailableError
from .runs import read_bot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NOTICE = "This is the built-in stand-in; no real platform is contacted. Stop it with Ctrl-C."


_HIGHEST_PORT = 65535
_MANY = 1_000_000


class CommandError(Exception):
    """End the command with one sentence on stderr and exit code 2."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(message)


def main(argv: list[str], show: Callable[[str], str] = str) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code.

    Args:
        argv: The arguments after the command's name.
        show: Makes a line fit for a terminal; file names and arguments may be anybody's.
    """
    try:
        options = _read_arguments(argv)
        replies = _read_replies(options.bot) if options.bot else {}
        emulator = _start(options)
    except CommandError as error:
        print(show(f"emulator: error: {error}"), file=sys.stderr)  # noqa: T201 - a command prints
        return 2
    except SystemExit as end:  # only --help gets here; argparse has printed it
        return int(end.code or 0)
    with emulator:
        emulator.bot(replies)
        _serve(emulator, demo=options.demo_job)
    return 0


def _read_arguments(argv: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="python -m pytest_kore_convtest emulator",
        description="Serve a stand-in for the conversation-testing API and print how to reach it.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=0, help="port; 0 takes a free one (default: 0)")
    parser.add_argument("--bot", metavar="BOT.json", help='what the bot answers: {"input": ["reply", …]}')
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--job-polls", type=_count, default=3, help="status requests before a job ends")
    pace.add_argument("--job-seconds", type=_seconds, help="seconds a job takes, instead")
    parser.add_argument("--demo-job", action="store_true", help="create an import job, print its KORE_DS_ID")
    parser.add_argument("--allow-remote", action="store_true", help="let other machines reach it")
    return parser.parse_args(argv)


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


def _read_replies(path: str) -> Mapping[str, Any]:
    try:
        return read_bot(json.loads(Path(path).read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise CommandError(f"cannot read the bot script {path}: {error.strerror}") from None
    except ValueError as error:
        raise CommandError(f"the bot script {path} is not usable: {error}") from None


def _start(options: argparse.Namespace) -> Emulator:
    emulator = Emulator(
        host=options.host,
        port=options.port,
        allow_remote=options.allow_remote,
        job_polls=options.job_polls,
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
    lines = {
        "KORE_HOST": emulator.url,
        "KORE_STREAM_ID": emulator.stream_id,
        "KORE_CLIENT_ID": emulator.client_id,
        "KORE_CLIENT_SECRET": emulator.client_secret,
        "KORE_USER_EMAIL": emulator.user_email,
    }
    if demo:
        lines["KORE_DS_ID"] = emulator.add_job(status="IN_PROGRESS")
    sys.stderr.write(_NOTICE + "\n")
    for name, value in lines.items():
        print(f"{name}={shlex.quote(value)}", flush=True)  # noqa: T201 - a command prints
