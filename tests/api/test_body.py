"""Reading bodies: bounded, in one encoding, whole."""

import gzip
import io
import zlib
from http.client import LineTooLong

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.api.response_body import LARGEST_BODY, MOST_VALUES, BoundedResponse, read_body
from pytest_kore_convtest.errors import UnreachableError

GZIP = {"content-encoding": "gzip"}


def pieces(data, size):
    """Cut data into pieces."""
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.binary(max_size=300), st.integers(1, 40), st.integers(1, 9))
def test_whole_bodies(data, size, level):
    """A whole body comes back as it was sent, in whatever pieces, packed or not."""
    assert read_body(pieces(data, size), {}) == data
    assert read_body(pieces(gzip.compress(data, level), size), GZIP) == data


@given(st.binary(max_size=300), st.integers(1, 40), st.data())
def test_cut_gzip(data, size, draw):
    """A gzip body that is cut anywhere is never taken for a whole one; nothing at all is empty."""
    packed = gzip.compress(data)
    cut = draw.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(UnreachableError) as caught:
        read_body(pieces(packed[:cut], size), GZIP)
    assert caught.value.cause == "truncated"
    assert read_body([], GZIP) == b""


@given(st.binary(min_size=1, max_size=300), st.integers(1, 40))
def test_no_gzip(data, size):
    """What is not gzip is one error, never a zlib exception."""
    with pytest.raises(UnreachableError) as caught:
        read_body(pieces(data, size), GZIP)
    assert caught.value.cause in {"encoding", "truncated"}
    assert caught.value.__context__ is None


def test_a_flipped_bit():
    """A checksum that does not fit is an error."""
    packed = bytearray(gzip.compress(b"a" * 100))
    packed[-6] ^= 1
    with pytest.raises(UnreachableError, match="not the gzip"):
        read_body([bytes(packed)], GZIP)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "x-gzip", "\x1b[31m" * 99])
def test_other_encodings(encoding):
    """An encoding that was not offered is refused before a byte is read."""

    def never():
        raise AssertionError("read")
        yield

    with pytest.raises(UnreachableError, match="only gzip was offered") as caught:
        read_body(never(), {"content-encoding": encoding})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("encoding", ["", "identity", " GZIP "])
def test_spellings(encoding):
    """Identity may be said or not, and casing does not matter."""
    data = gzip.compress(b"a") if "Z" in encoding else b"a"
    assert read_body([data], {"content-encoding": encoding}) == b"a"


def test_the_cap():
    """The largest body is read, one byte more is not, announced or not."""
    piece = bytes(LARGEST_BODY // 4)
    assert len(read_body([piece] * 4, {})) == LARGEST_BODY
    for body, headers in (
        ([*[piece] * 4, b"1"], {}),
        ([], {"content-length": str(LARGEST_BODY + 1)}),
        ([], {"content-length": "9" * 5000}),
    ):
        with pytest.raises(UnreachableError) as caught:
            read_body(body, headers)
        assert (caught.value.cause, caught.value.final) == ("size", False)


def test_a_bomb_is_not_unpacked():
    """Of a gzip bomb no more than the cap is unpacked, in small pieces, and the rest is not even read."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    piece = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    read = []

    def endless():
        yield head
        while True:
            read.append(1)
            yield piece

    with pytest.raises(UnreachableError, match="larger than 32 MiB"):
        read_body(endless(), GZIP)
    assert len(read) <= 32


@pytest.mark.parametrize("length", ["-1", "few", "", "1e9", "²"])
def test_nonsense_lengths(length):
    """A length that is no number says nothing."""
    assert read_body([b"a"], {"content-length": length}) == b"a"


def test_the_most_values():
    """An answer of too many values is refused before anybody makes objects of them, packed or not."""
    most = b"[" + b"1," * MOST_VALUES + b"1]"
    assert read_body([most], {}) == most
    more = most[:-1] + b",1]"
    for data, headers in ((more, {}), (gzip.compress(more), GZIP)):
        with pytest.raises(UnreachableError, match="more than 1000000 values") as caught:
            read_body([data], headers)
        assert caught.value.cause == "size"


class Wire:
    """A socket that holds bytes."""

    def __init__(self, data):
        self._data = data

    def makefile(self, _mode):
        """Return them as a file."""
        return io.BytesIO(self._data)


@pytest.mark.parametrize("limit", [-1, 5])
def test_lines_have_an_end(limit):
    """A line that somebody reads without a limit has one all the same; whoever has a limit keeps it."""
    response = BoundedResponse(Wire(b"x" * 70_000))
    if limit < 0:
        with pytest.raises(LineTooLong):
            response.fp.readline()
    else:
        assert response.fp.readline(limit) == b"x" * limit
