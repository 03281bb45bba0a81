"""The folder that the processes of one test run share: held while any of them lives, removed when none does.

A process that is killed cannot remove its folder; a later test run does. Whether the
owner is gone says a lock that the kernel releases with its holder, not a process id:
ids are used again, and mean nothing between containers that share a folder.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import BaseFileLock

PREFIX = "kore-"
"""How the name of such a folder begins."""

_NAME = re.compile(rf"{PREFIX}[0-9a-f]{{32}}")
_HOLDER = re.compile(r"[0-9]+\.alive")
_CONTENT = re.compile(r"[0-9a-f]{32}\.(?:json|lock|polls)|tmp\w+")
"""What else is in such a folder: what the store writes."""

_MOST = 100
"""Folders that one test run looks at: it has something else to do."""

_held: dict[Path, BaseFileLock] = {}


def hold(folder: Path) -> None:
    """Say that this process lives, for as long as it does; makes the folder when it is missing.

    What cannot be locked is not held, and nobody will remove it.
    """
    name = f"{os.getpid()}.alive"
    if folder / name in _held:
        return
    with suppress(OSError, NotImplementedError):
        if folder.exists():
            _held[folder / name] = _lock(folder / name)
            return
        # Nobody ever sees it without the lock of its owner.
        draft = folder.with_name(f"{folder.name}.new")
        draft.mkdir(mode=0o700)
        lock = _lock(draft / name)
        try:
            draft.rename(folder)
        except PermissionError:  # Windows renames no folder in which a file is open
            lock.release()
            draft.rename(folder)
            lock = _lock(folder / name)
        _held[folder / name] = lock


def _lock(path: Path) -> BaseFileLock:
    """Lock a file.

    Raises:
        OSError: It is locked, or cannot be.
    """
    from filelock import FileLock

    lock = FileLock(path, thread_local=False)
    lock.acquire(timeout=0)
    return lock


def remove(folder: Path) -> None:
    """Remove this test run's folder, and those of others whose processes are all gone."""
    for path in [path for path in _held if path.parent == folder]:
        with suppress(OSError):
            _held.pop(path).release()
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        _sweep(folder.parent)


def _sweep(place: Path) -> None:
    found = 0
    with os.scandir(place) as entries:
        for entry in entries:
            if not _NAME.fullmatch(entry.name) or found >= _MOST:
                continue
            found += 1
            with suppress(OSError, NotImplementedError):
                if _is_ours(entry) and _is_left(Path(entry.path)):
                    shutil.rmtree(entry.path, ignore_errors=True)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    """Say whether it is a folder, no link to one, of this user, into which nobody else can write."""
    facts = entry.stat(follow_symlinks=False)
    if not stat.S_ISDIR(facts.st_mode):
        return False
    return os.name == "nt" or (facts.st_uid == os.getuid() and not facts.st_mode & 0o022)


def _is_left(folder: Path) -> bool:
    """Say whether processes held it, of which none lives any more, and nothing of anybody else is in it."""
    holders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_file(follow_symlinks=False):
                return False
            if _HOLDER.fullmatch(entry.name):
                holders.append(Path(entry.path))
            elif not _CONTENT.fullmatch(entry.name):
                return False
    for path in holders:
        _lock(path).release()  # filelock's Timeout is an OSError: somebody lives
    return bool(holders)
