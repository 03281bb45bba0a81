"""Write what the bot said into suite files: the diff first, then each file at once, whole or not at all."""

from __future__ import annotations

import hashlib
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError, SuiteFileError
from pytest_kore_convtest.jobs.file_lock import hold_files
from pytest_kore_convtest.leaks import hide_leaks
from pytest_kore_convtest.plugin.terminal.output import write_lines
from pytest_kore_convtest.reports.write_files import replace_file
from pytest_kore_convtest.suites.results.expectation_changes import Change
from pytest_kore_convtest.suites.update.update_file import FileUpdate, StepChange, update_file
from pytest_kore_convtest.text import one_line, plural, show_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from pytest_kore_convtest.plugin.update import StepUpdate, Updates

_MOST_LINES = 200
"""Lines of a file's diff that are shown."""

_LONGEST_LINE = 400
_MOST_REFUSED = 20


class _RefusedError(Exception):
    """A file is not changed; the message is part of a sentence about it."""


def update_files(config: pytest.Config, updates: Updates) -> list[str]:
    """Change all files and return the closing lines about it.

    Args:
        config: pytest's.
        updates: The failed steps.
    """
    files, refused = updates.by_file(), [f"{name}: {why}" for name, why in updates.others().items()]
    count = changed = total = 0
    for name, steps in files.items():
        refused += [f"{one['name']}: {one['refused']}" for one in steps if one["refused"]]
        wanted = [one for one in steps if not one["refused"]]
        if not wanted:
            continue
        try:
            made = _update(config, Path(name), wanted)
        except _RefusedError as bad:
            refused.append(f"{show_path(Path(name))}: {bad}")
            continue
        names = {(one["suite"], one["step"]): one["name"] for one in wanted}
        refused += [f"{names[key]}: {why}" for key, why in made.refused.items()]
        count, changed = count + made.count, changed + bool(made.count)
        total += len(wanted) - len(made.refused)
    return [*_say_refused(refused), _say_changed(count, (total, changed), failed=bool(files or refused))]


def count_updatable(updates: Updates) -> int:
    """Count the failed steps that an update would change, without changing anything."""
    count = 0
    for name, steps in updates.by_file().items():
        wanted = [one for one in steps if not one["refused"]]
        with suppress(ConfigError, OSError, _RefusedError):
            made = _compute(Path(name), Path(name).read_bytes(), wanted)
            count += len(wanted) - len(made.refused)
    return count


def _say_refused(refused: Sequence[str]) -> Iterator[str]:
    for line in refused[:_MOST_REFUSED]:
        yield f"not updated: {line}"
    if len(refused) > _MOST_REFUSED:
        yield f"not updated: {len(refused) - _MOST_REFUSED} more"


def _say_changed(count: int, places: tuple[int, int], *, failed: bool) -> str:
    if not count:
        return "no expectation was updated" + ("" if failed else ": no step failed")
    steps, files = places
    said = plural(
        count, f"expectation of {plural(steps, 'step')} was", f"expectations of {plural(steps, 'step')} were"
    )
    return f"{said} updated in {plural(files, 'file')}: run again to verify"


def _update(config: pytest.Config, path: Path, steps: Sequence[StepUpdate]) -> FileUpdate:
    """Show what changes in a file, then change it.

    Raises:
        _RefusedError: It is not changed.
    """
    try:
        with hold_files():
            data = path.read_bytes()
            made = _compute(path, data, steps)
            if made.count:
                shown = f"kore: {show_path(path)}: {plural(made.count, 'expectation')} to be updated"
                write_lines(config, [shown, *_show(made.diff)])
                _check_replaceable(path, data)
                replace_file(path, made.content)
            return made
    except ConfigError as bad:
        problem = bad.message
    except OSError as bad:
        problem = f"it cannot be written ({bad.strerror or type(bad).__name__}): make it writable, run again"
    raise _RefusedError(problem)


def _check_replaceable(path: Path, data: bytes) -> None:
    found = path.stat()
    if not stat.S_IMODE(found.st_mode) & 0o222:  # a folder that is writable is not enough
        raise _RefusedError("it is read-only: make it writable, then run again")
    if found.st_nlink > 1:
        said = f"it has {found.st_nlink} names (hard links), of which one would change alone"
        raise _RefusedError(f"{said}: change it by hand, or make it a file of its own")
    if path.read_bytes() != data:
        raise _RefusedError(_CHANGED)


_CHANGED = "it was changed since it was collected: run again"


def _compute(path: Path, data: bytes, steps: Sequence[StepUpdate]) -> FileUpdate:
    if any(hashlib.sha256(data).hexdigest() != one["sha256"] for one in steps):
        raise _RefusedError(_CHANGED)
    changes = [
        StepChange(
            (one["suite"][0], one["suite"][1]),
            one["step"],
            tuple(Change(*change) for change in one["changes"]),
        )
        for one in steps
    ]
    try:
        return update_file(path, data, changes)
    except SuiteFileError:
        raise _RefusedError(_CHANGED) from None


def _show(diff: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a diff, without what looks like a secret in the lines around a change."""
    for line in diff[:_MOST_LINES]:
        yield one_line(hide_leaks(line.expandtabs()), _LONGEST_LINE)
    if len(diff) > _MOST_LINES:
        yield f"({plural(len(diff) - _MOST_LINES, 'more line')})"
