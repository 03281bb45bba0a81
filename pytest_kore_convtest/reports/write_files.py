"""Writing reports: whole or not at all, and an error that says the way out."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

STEP_SUMMARY_SIZE = 1_048_576
"""Bytes that GitHub shows of one step's summary; of a longer one it shows nothing at all."""

_LEAST_ROOM = 8_000
"""Bytes; below it not even the beginning of a report has room."""

_WIDEST = 4
"""Bytes of one letter in UTF-8 at most."""

LARGEST_REPORT = 64 * 1024 * 1024
"""Bytes of a report that is read again."""

_BEFORE, _BEHIND, _LETTERS = ".kore-", ".tmp", 16
_FORGOTTEN = 3600.0
"""Seconds after which a file that a writer left beside its target is of a process that was killed."""

_WAYS_OUT = {
    errno.ENOSPC: "free some space, or give a file elsewhere",
    errno.EDQUOT: "free some space, or give a file elsewhere",
    errno.EFBIG: "give a file on a disk that takes larger files",
    errno.EISDIR: "give a file",
    errno.ENXIO: "nobody reads that pipe: start its reader first, or give a file",
    errno.ENAMETOOLONG: "give a file with a shorter name",
}


def write_report(path: str | Path, text: str) -> None:
    """Write a report as UTF-8, replacing an older one at once; its folder is made when it is missing.

    What is no file, e.g. ``/dev/stdout``, is written into.

    Raises:
        ConfigError: It cannot be written; an older report is as it was.
    """
    content = _encode(text)
    try:
        target = Path(path)
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        if target.exists() and not target.is_file():
            _write_into(target, content)
        else:
            replace_file(target, content)
    except (OSError, ValueError) as error:
        problem = _explain(error)
    else:
        return
    name = one_line(str(path))
    raise ConfigError(f"cannot write the report {name}: {problem}", name="report", source="", text=name)


def _write_into(target: Path, content: bytes) -> None:
    """Write into what is no file; into a pipe only when somebody reads it, else that would wait for ever."""
    if stat.S_ISFIFO(target.stat().st_mode):
        handle = os.open(target, os.O_WRONLY | os.O_NONBLOCK)
        os.set_blocking(handle, True)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        return
    target.write_bytes(content)


def write_stdout(text: str) -> None:
    """Write a report to standard output, as UTF-8 whatever the locale, and nothing else."""
    sys.stdout.flush()
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        sys.stdout.write(text)
        return
    stream.write(_encode(text))
    stream.flush()


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file at once: it is whole at any time, the old or the new one. A link stays a link.

    Raises:
        OSError: It cannot be; the file is as it was.
    """
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = name_beside(target)
    try:
        with _create(beside, target) as file:
            file.write(content)
        beside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    remove_forgotten(target)


def name_beside(target: Path) -> Path:
    """Name a file that is to become another one: beside it, as renaming works within one file system."""
    return target.parent / f"{_BEFORE}{secrets.token_hex(_LETTERS // 2)}{_BEHIND}"


def remove_forgotten(target: Path) -> None:
    """Remove what killed writers left beside a file that was just written: our names, long untouched."""
    with contextlib.suppress(OSError):
        now = target.stat().st_mtime  # by the clock of the file system, as the others
        for path in target.parent.glob(f"{_BEFORE}{'[0-9a-f]' * _LETTERS}{_BEHIND}"):
            with contextlib.suppress(OSError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode) and now - found.st_mtime > _FORGOTTEN:
                    path.unlink()


def _create(beside: Path, target: Path) -> BinaryIO:
    """Make a file that whoever may read the one it replaces may read, and nobody else."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return beside.open("xb")
    # Of its own until it has the other one's owner: nobody reads what is not meant for them meanwhile.
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    file = os.fdopen(handle, "wb")
    mode = stat.S_IMODE(old.st_mode) & 0o777
    if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.fchown(handle, old.st_uid, old.st_gid)
        except OSError:  # only root gives files away; then the group's rights would be another group's
            with contextlib.suppress(OSError):
                os.fchown(handle, -1, old.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(handle, mode)
    return file


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _explain(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return f"{error}; give another file"
    way_out = _WAYS_OUT.get(error.errno or 0, "give another file, or make this place writable")
    return f"{error.strerror or error}; {way_out}"


def append_step_summary(path: str | None, render: Callable[[int], str]) -> None:
    """Append a report to the summary of a GitHub Actions step, as far as there is room.

    Args:
        path: What ``GITHUB_STEP_SUMMARY`` says; ``None`` or empty outside GitHub Actions.
        render: Makes the report, given how many characters it may have.

    Raises:
        ConfigError: There is no such file, it cannot be written, or it is full.
    """
    if not path:
        raise ConfigError(
            "--kore-markdown github appends to the job summary of GitHub Actions, but GITHUB_STEP_SUMMARY is"
            " not set: give a file instead, or pass that variable on to the test run",
            name="markdown",
            source="",
        )
    try:
        problem = _append(Path(path), render)
    except (OSError, ValueError) as error:
        problem = _explain(error)
    if problem:
        raise ConfigError(f"cannot append to the job summary {one_line(path)}: {problem}", name="markdown")


def _append(summary: Path, render: Callable[[int], str]) -> str:
    held = summary.stat().st_size if summary.exists() else 0
    room = STEP_SUMMARY_SIZE - 1_024 - held  # a little is left for the step's own last words
    if room < _LEAST_ROOM:
        return f"it holds {held} of {STEP_SUMMARY_SIZE} bytes already; give a file instead"
    content = _encode(render(room // _WIDEST))
    with summary.open("ab") as file:
        file.write(b"\n\n" + content if held else content)
    return ""


def read_file(path: str | Path) -> bytes:
    """Return a file's bytes.

    Raises:
        ConfigError: It cannot be read, or is too large for a report.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_REPORT + 1)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
    else:
        if len(content) <= LARGEST_REPORT:
            return content
        problem = f"it is larger than {LARGEST_REPORT // 1024**2} MiB; give a report that --kore-json wrote"
    name = one_line(str(path))
    raise ConfigError(f"cannot read the report {name}: {problem}", name="report", source="", text=name)
