"""What ``doctor`` finds of earlier runs: the baseline, and the folder of the history."""

from __future__ import annotations

import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.doctor.local import ERROR, OK, WARNING, Check
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.suites.file import open_suite_file
from pytest_kore_convtest.text import plural, printable, show_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_kore_convtest.history.baseline import Baseline
    from pytest_kore_convtest.settings.settings import Settings

_MOST_NAMED = 3


def look_at_baseline(settings: Settings, files: Iterable[Path]) -> Iterator[Check]:
    """Say whether the baseline can be used, and what of it accepts nothing.

    Args:
        settings: They say where it is, and which bot is tested.
        files: The suite files that were found.
    """
    if settings.baseline is None:
        return
    from pytest_kore_convtest.history.named_baseline import read_named_baseline

    try:
        given = read_named_baseline(settings.baseline, is_worker=False)
    except ConfigError as bad:
        why = "a test run stops with a usage error (exit code 4)"
        yield Check("baseline", ERROR, bad.message, why, "mend the file, or give no --kore-baseline")
        return
    shown = show_path(settings.baseline)
    if given.accepted is None:
        yield Check("baseline", OK, f"{shown} is the report of an earlier run: compared, accepts nothing")
        return
    found = list(_judge_entries(given.accepted, settings, files))
    said = f"{shown} holds {plural(len(given.accepted.entries), 'accepted failure')}"
    if not found:
        yield Check("baseline", OK, said)
    for what, why, fix in found:
        yield Check("baseline", WARNING, f"{said}; {what}", why, fix)


def _judge_entries(
    baseline: Baseline, settings: Settings, files: Iterable[Path]
) -> Iterator[tuple[str, str, str]]:
    """Yield what is odd about the entries, why it matters, and the way out."""
    from pytest_kore_convtest.history.baseline import EMULATOR
    from pytest_kore_convtest.history.suite_names import SuiteNames

    today, entries = datetime.now(timezone.utc).date(), baseline.entries
    over = [entry.name for entry in entries if entry.is_over(today)]
    if over:
        why = "these failures are red again"
        yield f"expired: {_some(over)}", why, "remove them, or accept them anew until a later day"
    long = [entry.name for entry in entries if entry.is_long(today)]
    if long:
        why = "until then nobody hears of them"
        yield f"accepted for more than a year: {_some(long)}", why, "give them a nearer day"
    bot = EMULATOR if settings.emulator else settings.stream_id
    others = [entry.name for entry in entries if bot and entry.bot and entry.bot != bot]
    if others:
        yield f"of another bot: {_some(others)}", "they accept nothing here", "give the baseline of this bot"
    find_suites = SuiteNames(Path.cwd())
    lost = [
        f"{entry.name} ({printable(entry.file, 60)})"
        for entry in entries
        if entry.file and find_suites(entry.file) is None
    ]
    if lost:
        why = "an entry about nothing hides that its failure is fixed, or that its suite was moved"
        yield f"the file is gone: {_some(lost)}", why, "correct the file of these entries, or remove them"
    names = {suite.name for path in files for suite in open_suite_file(path).suites}
    gone = dict.fromkeys(entry.suite for entry in entries if entry.suite not in names)
    if names and gone:
        why = "an entry about nothing hides that its failure is fixed, or that its suite was renamed"
        what = f"no suite file has {'the suite' if len(gone) == 1 else 'these suites:'} {_some(list(gone))}"
        yield what, why, "remove their entries, or look here where their files are"


def _some(names: list[str]) -> str:
    """Count some names, and give the first ones."""
    more = len(names) - _MOST_NAMED
    named = ", ".join(printable(name, 80) for name in names[:_MOST_NAMED])
    return f"{named} and {more} more ({len(names)} in all)" if more > 0 else named


def look_at_history(settings: Settings) -> Iterator[Check]:
    """Say whether the folder of the history can be written, and what of it cannot be read."""
    where = settings.history
    if where is None:
        return
    if not isinstance(where, Path):
        yield Check("history", OK, "pytest's cache holds it; a CI server keeps that only when it is told to")
        return
    shown = show_path(where)
    problem = _try_to_write(where)
    if problem:
        why = "each test run is red, because it cannot be added"
        yield Check("history", ERROR, f"cannot write {shown}: {problem}", why, "name another folder")
        return
    if not where.exists():
        yield Check("history", OK, f"{shown} is made by the first test run")
        return
    from pytest_kore_convtest.history.store import read_runs

    try:
        runs, odd = read_runs(where)
    except ConfigError as bad:
        why = "nothing can be compared with it"
        yield Check("history", ERROR, bad.message, why, "name another folder")
        return
    for line in odd:
        yield Check(
            "history", WARNING, line, "that run is missing from every comparison", "move the file away"
        )
    yield Check("history", OK, f"{shown} can be written, and holds {plural(len(runs), 'run')}")


def _try_to_write(folder: Path) -> str:
    """Make a file without a trace in a folder, or in the nearest one above that is there; say what fails."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except (OSError, ValueError) as bad:
        return (bad.strerror if isinstance(bad, OSError) else "") or str(bad)
