"""Parse a sub-command's arguments, run it, and turn whatever ends it into an exit code."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

from pytest_kore_convtest.cli import COMMANDS, FINDINGS, INTERRUPTED, OK, PROG, USAGE, examples
from pytest_kore_convtest.errors import ConfigError, KoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from _typeshed import SupportsWrite
_MODULES = {"import": "import_suites"}


class UsageError(Exception):
    """End a sub-command with one sentence on stderr and exit code 4."""


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing its usage and ending the process.

    Attributes:
        examples: What its help begins with: arguments of ``kore-convtest``, and what they do.
    """

    examples: Sequence[tuple[str, str]] = ()

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UsageError: Always.
        """
        raise UsageError(message)

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help, and let an error of standard output through, which argparse would swallow."""
        print(self.format_help(), end="", file=file)

    def format_help(self) -> str:
        """Return the help; it begins with the examples."""
        return f"{examples(self.examples)}\n\n{super().format_help()}"


class Command(Protocol):
    """The module of a sub-command.

    Attributes:
        DESCRIPTION: What it does, for its help.
        EXAMPLES: What its help begins with, as for ``Parser``.
    """

    DESCRIPTION: str
    EXAMPLES: Sequence[tuple[str, str]]

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Run it; return its exit code."""


def load(name: str) -> Command:
    """Return the module of a sub-command."""
    return cast("Command", import_module(f"{__package__}.{_MODULES.get(name, name)}"))


def make_parser(name: str) -> Parser:
    """Make the parser of a sub-command."""
    module = load(name)
    parser = Parser(
        prog=f"{PROG} {name}",
        description=module.DESCRIPTION,
        allow_abbrev=False,
    )
    parser.examples = module.EXAMPLES
    module.add_arguments(parser)
    return parser


def run(name: str, argv: Sequence[str]) -> int:
    """Run a sub-command and return its exit code.

    Args:
        name: One of ``COMMANDS``.
        argv: The arguments after it.
    """
    try:
        code = _run(name, argv)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except SystemExit as end:  # --help, which argparse has printed
        return end.code if isinstance(end.code, int) else OK
    except (UsageError, ConfigError) as error:
        return _fail(name, str(error), USAGE)
    except KoreError as error:
        return _fail(name, error.message, FINDINGS)
    except KeyboardInterrupt as stop:
        return _fail(name, " ".join(["interrupted", *map(str, stop.args)]), INTERRUPTED)
    except OSError as error:
        if error.filename is None:  # of standard output, which ``run_command`` knows how to leave
            raise
        return _fail(name, f"{error.filename}: {error.strerror}", USAGE)
    else:
        return code


def _run(name: str, argv: Sequence[str]) -> int:
    module = load(name)
    own, command = _split(argv) if hasattr(module, "TAKES_COMMAND") else (list(argv), None)
    options = make_parser(name).parse_args(own)
    if command is not None:
        options.command = command
    with _ending_on_sigterm():
        return module.run(options)


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM, which CI sends, end a command as Ctrl-C does, unless somebody else handles it."""
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _fail(name: str, problem: str, code: int) -> int:
    from pytest_kore_convtest.text import fit, one_line

    # A file's name may hold what a terminal or a CI server would obey.
    said = fit(one_line(f"{PROG} {name}: error: {problem}"), sys.stderr.encoding)
    sys.stderr.write(f"{said}\n")
    return code


def _split(argv: Sequence[str]) -> tuple[list[str], list[str] | None]:
    """Cut the arguments at the first ``--``, behind which a command stands."""
    words = list(argv)
    if "--" not in words:
        return words, None
    at = words.index("--")
    return words[:at], words[at + 1 :]


def nearest(word: str) -> str:
    """Return the sub-command that a mistyped word may mean; empty when none is near."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, COMMANDS, 1)), "")
