"""The bytes of a suite file and their text, or why they cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.json_positions import START, Lines, Place
from pytest_kore_convtest.suites.file_format import Problem

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_FILE = 2 * 1024 * 1024
"""Bytes that the platform takes (documented)."""

BOM = b"\xef\xbb\xbf"
"""The byte order mark that some editors put before UTF-8."""

_WIDE_BOMS = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


class UnusableError(Exception):
    """A file cannot be used at all.

    Attributes:
        problem: Why.
    """

    problem: Problem

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(message, place)


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        UnusableError: It cannot be read, or is too large.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UnusableError("cannot be read: it is a pipe or a device; save the suite as a file")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
            size = max(len(data), path.stat().st_size)
    except OSError as bad:
        raise UnusableError(f"cannot be read: {bad.strerror or type(bad).__name__}") from None
    if size > LARGEST_FILE:
        said = (
            f"has {size} bytes, but the platform accepts at most {LARGEST_FILE} (2 MB): split it into several"
        )
        raise UnusableError(said)
    return data


def decode(data: bytes) -> str:
    """Return the text of a file's bytes, without a byte order mark.

    Raises:
        UnicodeDecodeError: It is no UTF-8.
    """
    return data.removeprefix(BOM).decode("utf-8")


def read_text(data: bytes) -> str:
    """Return the text of a file's bytes, without a byte order mark.

    Raises:
        UnusableError: It is no UTF-8, which is said with its place.
    """
    try:
        return decode(data)
    except UnicodeDecodeError as bad:
        wide = next((name for mark, name in _WIDE_BOMS.items() if data.startswith(mark)), "")
        said, place = f"is {wide} text: save it as UTF-8", START
        if not wide:
            before = bad.object[: bad.start].decode("utf-8")
            said, place = "is not UTF-8 text: save it as UTF-8", Lines(before).place(len(before))
    raise UnusableError(said, place)
