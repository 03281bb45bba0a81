"""Read the body of an answer: bounded in size, in one encoding, and whole. Pure."""

from __future__ import annotations

import zlib
from http.client import HTTPResponse, LineTooLong
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of a decoded answer. The largest suite file the platform takes, 2 MB, comes back as some 11 MB."""

MOST_VALUES = 1_000_000
"""Commas of an answer: one to a value. An answer of 11 MB has some 380 000; without a bound, 30 KB of gzip
become ten million Python objects, which takes ten seconds that no timeout sees."""

SIZE = "size"
"""The cause of an answer that is too large: each one costs as much as it may, so few are read."""

_LONGEST_LINE = 65536
_CAP = f"{LARGEST_BODY // 1024**2} MiB"
_PIECE = 65536
_GZIP = 31  # zlib's window size for gzip with its header and checksum


def read_body(chunks: Iterable[bytes], headers: Mapping[str, str]) -> bytes:
    """Join the chunks of a body as they came over the wire; decode gzip, and check its checksum.

    Raises:
        UnreachableError: It is too large, broken, cut, or encoded in a way that was not offered.
    """
    encoding = headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding not in {"identity", "gzip"}:
        raise _unread(f"the answer has the encoding {encoding[:40]!r}, but only gzip was offered", "encoding")
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:12]) > LARGEST_BODY:
        raise _unread(f"the answer is larger than {_CAP}: {declared[:12]} bytes", SIZE)
    pieces, size = [], 0
    for piece in _inflate(chunks) if encoding == "gzip" else chunks:
        size += len(piece)
        if size > LARGEST_BODY:
            raise _unread(f"the answer is larger than {_CAP}", SIZE)
        pieces.append(piece)
    body = b"".join(pieces)
    if body.count(b",") > MOST_VALUES:
        raise _unread(f"the answer holds more than {MOST_VALUES} values", SIZE)
    return body


class BoundedResponse(HTTPResponse):
    """A response whose lines have an end: urllib3 before 2.8 reads chunk sizes and trailers without one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp: Any = _BoundedLines(self.fp)


class _BoundedLines:
    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)

    def readline(self, limit: int = -1) -> bytes:
        line: bytes = self._file.readline(limit if limit >= 0 else _LONGEST_LINE + 1)
        if limit < 0 and len(line) > _LONGEST_LINE:
            raise LineTooLong("chunk size or trailer")
        return line


def _inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflater, begun = zlib.decompressobj(_GZIP), False
    broken = False
    for chunk in chunks:
        begun = begun or bool(chunk)
        while chunk and not inflater.eof and not broken:
            try:
                piece = inflater.decompress(chunk, _PIECE)
            except zlib.error:
                broken = True
                break
            chunk = inflater.unconsumed_tail  # noqa: PLW2901 - what is left of it
            yield piece
        if broken or inflater.unused_data:
            raise _unread("the answer is not the gzip it claims to be", "encoding")
    if begun and not inflater.eof:
        yield inflater.flush()
        raise _unread("the answer was cut off (its gzip stream has no end)", "truncated")


def _unread(what: str, cause: str) -> UnreachableError:
    return UnreachableError(what, cause=cause, sent=True, final=False)
