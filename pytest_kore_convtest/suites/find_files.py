"""Find the suite files in a folder and below, where pytest would look for them, too."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_NOT_ENTERED = (".*", "*.egg", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "__pycache__")
"""Folders that pytest does not enter unless they are named (``norecursedirs``), and those of byte code."""

_ENVIRONMENT = "pyvenv.cfg"
"""What makes a folder a virtual environment, which pytest does not enter either."""


def find_suite_files(
    folder: Path, globs: Sequence[str], onerror: Callable[[OSError], None] | None = None
) -> Iterator[Path]:
    """Give the suite files in a folder and below, in the order of their names.

    Args:
        folder: The folder, whatever it is called.
        globs: How suite files are called.
        onerror: Called with the error of a folder that cannot be read; without it such folders are left out.
    """
    seen: set[str] = set()
    for place, names, files in os.walk(folder, onerror=onerror, followlinks=True):
        here, real = Path(place), os.path.realpath(place)
        if real in seen or (_ENVIRONMENT in files and here != folder):  # a link may lead round and round
            names.clear()
            continue
        seen.add(real)
        names[:] = sorted(name for name in names if not any(fnmatch(name, glob) for glob in _NOT_ENTERED))
        for name in sorted(files):
            path = here / name
            if any(path.match(glob) for glob in globs):
                yield path
