"""Look at the suite files that were named, before anything is done with one of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli.parser import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_SUFFIXES = frozenset({".json", ".yaml", ".yml"})


def check_paths(names: Iterable[str]) -> Iterator[Path]:
    """Give each file once; of a folder all ``*.kore.json`` and ``*.kore.yaml`` files in it and below.

    Raises:
        UsageError: One is missing or cannot be read, or a folder has none.
    """
    for name in dict.fromkeys(names):
        path = Path(name)
        if path.is_dir():
            yield from _find_suites(path)
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


def _find_suites(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*.kore.*") if path.suffix in _SUFFIXES)
    if not found:
        raise UsageError(
            f"{folder} has no *.kore.json or *.kore.yaml files: rename the suite files in it, or name them"
        )
    return found
