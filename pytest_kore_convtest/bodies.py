"""Read the body of an answer: bounded in size, in one encoding, and whole. Pure."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of a decoded answer. The largest suite file the platform takes, 2 MB, comes back as some 11 MB."""

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
        raise _unread(f"the answer is larger than {_CAP}: {declared[:12]} bytes", "size")
    pieces, size = [], 0
    for piece in _inflate(chunks) if encoding == "gzip" else chunks:
        size += len(piece)
        if size > LARGEST_BODY:
            raise _unread(f"the answer is larger than {_CAP}", "size")
        pieces.append(piece)
    return b"".join(pieces)


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
