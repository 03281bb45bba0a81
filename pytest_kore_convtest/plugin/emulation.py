"""The emulator of a test run: what its bot answers, and its start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.settings.options import FAST
from pytest_kore_convtest.settings.resolve import named
from pytest_kore_convtest.settings.values import describe_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_kore_convtest.emulator import Emulator
    from pytest_kore_convtest.emulator.runs import Answer
    from pytest_kore_convtest.settings.settings import Settings


def read_bot(path: Path, settings: Settings) -> dict[str, Answer]:
    """Return what the emulated bot answers.

    Args:
        path: The file that says it.
        settings: From where its name came.

    Raises:
        ConfigError: It cannot be read.
    """
    from pytest_kore_convtest.emulator.bot_file import BotFileError, read_bot_file

    try:
        return read_bot_file(path)
    except BotFileError as bad:
        problem = f"{named('bot', settings.sources)}: {describe_path(path)} {bad}"
    raise ConfigError(problem, name="bot", source=settings.source("bot"))


def start_emulator(
    settings: Settings, bot: Mapping[str, Answer], definition: Mapping[str, object] | None = None
) -> Emulator:
    """Start the emulator.

    Args:
        settings: How fast its jobs are.
        bot: What its bot answers.
        definition: What its bot consists of, if that is known.

    Raises:
        ConfigError: It is not installed, or this process may not listen.
    """
    from pytest_kore_convtest.emulator import Emulator, EmulatorUnavailableError

    try:
        if settings.emulator_speed == FAST:
            return Emulator(bot=bot, definition=definition, job_polls=1).start()
        return Emulator(bot=bot, definition=definition).start()
    except EmulatorUnavailableError as missing:
        problem = str(missing)
    except (OSError, RuntimeError, Warning) as refused:
        from pytest_kore_convtest.api.network_errors import find_forbidden

        why = find_forbidden([refused], "127.0.0.1") or getattr(refused, "strerror", "") or str(refused)
        problem = f"the built-in emulator cannot listen on 127.0.0.1: {why}"
    raise ConfigError(problem, name="emulator", source="command line")
