"""Coverage in a test run: read the bot before it, measure after it, judge by what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_kore_convtest.coverage.graph import Bot
    from pytest_kore_convtest.coverage.types import Conversation, Coverage
    from pytest_kore_convtest.settings.settings import Settings


class Measured(NamedTuple):
    """What coverage comes to.

    Attributes:
        coverage: For the record; ``None`` when it could not be measured.
        lines: The table on the terminal.
        notes: What the user should know.
        problem: Why the run is red for it, or empty.
        below: Whether that is because too little is covered, rather than not known.
    """

    coverage: Coverage | None = None
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()
    problem: str = ""
    below: bool = False


def read_measured_bot(path: Path) -> Bot:
    """Return the bot whose coverage is measured.

    Args:
        path: The file of its definition.

    Raises:
        ConfigError: It cannot be used.
    """
    from pytest_kore_convtest.coverage.definition import read_definition
    from pytest_kore_convtest.coverage.graph import read_bot

    return read_bot(read_definition(path))


def measure_run(told: Sequence[Conversation], bot: Bot | None, settings: Settings) -> Measured:
    """Measure what the jobs of a test run tell.

    Args:
        told: Where the bot was.
        bot: The bot, if its definition was given.
        settings: The file's name, and how much has to be covered.
    """
    if bot is None and not told:
        return Measured()
    from pytest_kore_convtest.coverage.measure import NothingToldError, measure
    from pytest_kore_convtest.text import show_path

    least = settings.cov_fail_under
    try:
        path = show_path(settings.bot_definition) if settings.bot_definition else ""
        coverage = measure(told, bot, path)
    except NothingToldError as why:
        said = f"{why}."
    except Exception as bug:  # noqa: BLE001 - whatever it is, it must not hide the verdict
        what = f"{type(bug).__name__} in this plugin: {bug}"
        said = f"coverage was not measured: {what}. Please report this as a bug."
    else:
        return _judge(coverage, least) if bot is not None else Measured(coverage)
    if bot is None:
        return Measured()
    return Measured(notes=[] if least is not None else [said], problem=said if least is not None else "")


def _judge(coverage: Coverage, least: float | None) -> Measured:
    from pytest_kore_convtest.reports.coverage import draw_table, judge_coverage

    problem = judge_coverage(coverage, least) if least is not None else ""
    return Measured(coverage, draw_table(coverage), coverage["notes"], problem, below=bool(problem))
