"""Write files that a person asked for: each whole or not at all, and never over another one unasked."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.reports.write_files import name_beside, remove_forgotten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def write_all(files: Mapping[Path, str], *, force: bool = False) -> None:
    """Write all files or none; what exists by now is replaced only by force, and then whole.

    Raises:
        UsageError: One cannot be written.
    """
    made: list[Path] = []
    try:
        for target, text in files.items():
            made += _make_folders(target.parent)
            if force and os.path.lexists(target):
                _replace(target, text)  # nothing can be undone from here on
                continue
            _write_new(target, text)
            made.append(target)
        for target in files:
            remove_forgotten(Path(os.path.realpath(target)))
    except BaseException as bad:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        if not isinstance(bad, (OSError, ValueError)):
            raise
        why = bad.strerror if isinstance(bad, OSError) else str(bad)
        problem = f"cannot write {target}: {why}; " + ("it is as it was" if force else "nothing was written")
    else:
        return
    raise UsageError(problem)


def _make_folders(folder: Path) -> Iterable[Path]:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir()
    return list(reversed(missing))


def _replace(target: Path, text: str) -> None:
    """Put a file in the place of another one at once.

    Raises:
        OSError: It cannot be written; the other one is as it was.
    """
    if not target.is_file():
        raise IsADirectoryError(0, "it is no file")
    whole = Path(os.path.realpath(target))  # a link stays a link
    beside = name_beside(whole)
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        shutil.copymode(whole, beside)
        beside.replace(whole)
    finally:
        with suppress(OSError):
            beside.unlink()


def _write_new(target: Path, text: str) -> None:
    """Write a file whole or not at all; a file that exists is not touched.

    Raises:
        OSError: It exists, or cannot be written.
    """
    beside = name_beside(target)
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        try:
            os.link(beside, target)  # unlike a rename, it replaces nothing
        except OSError:
            if os.path.lexists(target):
                raise
            _write_here(target, text)  # no links on this file system
    finally:
        with suppress(OSError):
            beside.unlink()


def _write_here(target: Path, text: str) -> None:
    with target.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(text)
        except BaseException:
            target.unlink()
            raise
