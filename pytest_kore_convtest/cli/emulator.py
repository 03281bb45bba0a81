"""``emulator``: serve the built-in emulator, or run a command with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.cli.parser import UsageError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

DESCRIPTION = (
    "Serve the built-in emulator of the conversation testing API and print how to reach it, ready for eval."
    " With -- COMMAND: run that command with the emulator's KORE_* variables in its environment, stop"
    " afterwards, and exit with the command's code."
)
EXAMPLES = (
    ("emulator", "serve until Ctrl-C"),
    ("emulator -- pytest --kore-run inDevelopment", "run a command with it"),
    ("emulator --port 8080", "serve at a port of your own"),
)
TAKES_COMMAND = True
"""Whether a command may stand behind ``--``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    from pytest_kore_convtest.emulator.cli import add_arguments

    add_arguments(parser)
    parser.usage = "%(prog)s [OPTIONS] [-- COMMAND ...]"


def run(options: argparse.Namespace) -> int:
    """Serve until told to end, or until the command has ended; return the exit code."""
    from pytest_kore_convtest.emulator.cli import run
    from pytest_kore_convtest.emulator.run_command import CommandError
    from pytest_kore_convtest.errors import ConfigError

    try:
        definition = _read_definition(options.bot_definition)
        return run(options, getattr(options, "command", None), definition)
    except CommandError as error:
        problem = str(error)
    except ConfigError as error:
        problem = error.message.replace("kore_bot_definition", "--bot-definition")
    raise UsageError(problem)


def _read_definition(path: Path | None) -> dict[str, object] | None:
    """Return what the bot consists of, if its export is named.

    The emulator is independent and takes what was read; so a bad export is refused here in the same words.
    """
    if path is None:
        return None
    from pytest_kore_convtest.coverage.definition import read_definition
    from pytest_kore_convtest.coverage.graph import read_bot

    return read_bot(read_definition(path)).definition.data
