"""``--kore-history``: where it is, what is compared with it, and adding the run to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.settings.options import CACHE, IN_CACHE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.reports.record import Record

_MOST_LINES = 10
"""Lines of a section of the comparison at the end of a run."""


class News(NamedTuple):
    """What an earlier run and the history tell.

    Attributes:
        first: The line that stands first; empty without either.
        lines: The comparison with the report of an earlier run.
        notes: What the user should know.
        problems: Why the run could not be added to the history.
    """

    first: str = ""
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()
    problems: Sequence[str] = ()


def check_history(config: pytest.Config, where: Path | str) -> None:
    """Refuse what cannot be a history, before the run.

    Raises:
        ConfigError: It cannot.
    """
    problem = ""
    if where == CACHE:
        if getattr(config, "cache", None) is None:
            problem = (
                "pytest's cache is off (-p no:cacheprovider), so it cannot hold the history: name a folder"
            )
    elif isinstance(where, Path) and where.exists() and not where.is_dir():
        problem = f"--kore-history: {where.name} is a file: name a folder"
    if problem:
        raise ConfigError(problem, name="history")


def find_folder(config: pytest.Config, where: Path | str | None) -> Path | None:
    """Return the folder of the history; ``None`` without one."""
    if where == CACHE:
        assert config.cache is not None  # noqa: S101 - looked at before the run
        return config.cache.mkdir(IN_CACHE)
    return where if isinstance(where, Path) else None


def tell_news(run: Run, record: Record) -> News:
    """Compare a run with what was before, and add it to the history."""
    folder = find_folder(run.config, run.settings.history)
    earlier = run.baseline.earlier
    if (folder is None and earlier is None and run.baseline.accepted is None) or not record["suites"]:
        return News()
    from pytest_kore_convtest.history.compare import compare_runs
    from pytest_kore_convtest.history.headline import find_before, write_news
    from pytest_kore_convtest.history.identity import read_run
    from pytest_kore_convtest.history.render import render_text
    from pytest_kore_convtest.history.store import read_runs, write_run

    now, before = read_run(record), earlier
    notes, problems, lines = list[str](), list[str](), list[str]()
    if earlier is not None and earlier.bots != now.bots:
        notes.append(
            f"--kore-baseline: that report is of {', '.join(sorted(earlier.bots))}, this run tested"
            f" {', '.join(sorted(now.bots))}: not compared"
        )
        before = None
    elif earlier is not None:
        whole = replace(now, gaps=()) if run.settings.shard else now
        compared = compare_runs(earlier, whole)
        if run.settings.shard:  # a whole suite that is not here is on another machine
            compared.sections["gone"] = [one for one in compared.sections["gone"] if one.step]
        lines = render_text(compared, _MOST_LINES)
    compares = folder is not None or earlier is not None
    if folder is not None:
        try:
            past, odd = read_runs(folder) if folder.is_dir() else ([], [])
            notes += odd
            before = before or find_before(past, now)
        except ConfigError as bad:
            problems.append(bad.message)
            compares = earlier is not None
        try:
            write_run(folder, record, run.shared["run"])
        except ConfigError as bad:  # whatever could not be read, this run is kept if it can be
            problems.append(bad.message)
    return News(write_news(now, before, run.today, compares=compares), lines, notes, problems)
