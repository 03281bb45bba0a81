"""Look at the suite files that were named, before anything is done with one of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.suites.find_files import find_suite_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_kore_convtest.settings.settings import Settings

USUAL = ("*.kore.json", "*.kore.yaml", "*.kore.yml")
"""How suite files are called; of the last ones pytest collects those that are named."""


def globs_of(settings: Settings) -> tuple[str, ...]:
    """Return how the suite files in a folder are called: as ``kore_suite_files`` says, where it is set."""
    return USUAL if settings.source("suite_files") == "default" else settings.suite_files


def check_paths(names: Iterable[str], globs: Sequence[str] = USUAL) -> Iterator[Path]:
    """Give each file once; of a folder all suite files in it and below, where pytest would look for them.

    Args:
        names: Files and folders.
        globs: How the suite files in a folder are called.

    Raises:
        UsageError: One is missing or cannot be read, or a folder has none.
    """
    for name in dict.fromkeys(names):
        path = Path(name)
        if path.is_dir():
            yield from _find_suites(path, globs)
            continue
        try:
            if path.is_file():  # a pipe would wait for its writer
                path.open("rb").close()
            else:
                path.stat()
        except (OSError, ValueError) as bad:
            problem = f"cannot read {name}: {bad.strerror if isinstance(bad, OSError) else bad}"
        else:
            yield path
            continue
        raise UsageError(problem)


def _find_suites(folder: Path, globs: Sequence[str]) -> list[Path]:
    unreadable: list[OSError] = []
    found = list(find_suite_files(folder, globs, unreadable.append))
    for bad in unreadable:
        raise UsageError(f"cannot read the folder {bad.filename}: {bad.strerror}")
    if not found:
        called = " or ".join(globs)
        raise UsageError(f"{folder} has no {called} files: rename the suite files in it, or name them")
    return found
