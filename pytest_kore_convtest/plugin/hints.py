"""Hints at suites that nobody collects, because their files are called otherwise."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, cast

from pytest_kore_convtest.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_kore_convtest.plugin.session import Run

_HINTS = "hints"
"""The key of the store's entry that holds what a worker noted about the files that it collected."""

_MOST_OPENED, _MOST_NAMED = 100, 5
"""JSON files that are opened to see whether they are suites, and suites that a hint names."""


def hint_at_suites(run: Run, files: list[Path]) -> None:
    """Note which of some JSON files in the collected folders are suites that nobody collects."""
    from pytest_kore_convtest.reports.paths import holds_suite
    from pytest_kore_convtest.suites.file import show_path

    once = list(dict.fromkeys(files))  # of a folder in which two files are named each file comes twice
    names = [show_path(path) for path in once[:_MOST_OPENED] if path.suffix != ".json" or holds_suite(path)]
    if not names:
        return
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    hold, are = ("holds a suite", "is") if len(names) == 1 else ("hold suites", "are")
    hint = (
        f"not tested: {', '.join(names[:_MOST_NAMED])}{more} {hold}, but {are} not named"
        f" {' or '.join(run.settings.suite_files)}. Rename, or name on the command line or in"
        " kore_suite_files."
    )
    run.notes.append(hint)
    if hasattr(run.config, "workerinput"):
        with suppress(ConfigError):
            run.store().leave(_HINTS, {_HINTS: [hint]})


def take_over_hints(run: Run) -> None:
    """Note what xdist's workers, which all see the same files, have hinted at."""
    with suppress(ConfigError):
        run.notes += cast("dict[str, list[str]]", run.store().find(_HINTS)).get(_HINTS, [])
