"""What the emulator reads as JSON: what it can write down again."""

import json

import pytest

from pytest_kore_convtest.emulator.json_input import read_json


@pytest.mark.parametrize(
    "text", ["null", "[]", '{"a": [1, 2.5, "\\ud800", true]}', "[" * 200 + "]" * 200, "1e308"]
)
def test_json_is_read(text):
    """JSON of a usual depth is read as it is."""
    assert read_json(text) == read_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "[-Infinity]",
        "1e999",
        '{"a": -1e999}',
        "9" * 5000,
        "[" * 201 + "]" * 201,
        "[" * 100_000,
    ],
)
def test_anything_else_is_refused(text):
    """What is not valid JSON, no number, or too deep to be walked is refused with one kind of error."""
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


def test_bytes_in_no_encoding_are_refused():
    """Bytes that are no text are refused with the same kind of error."""
    with pytest.raises(ValueError, match="decode"):
        read_json(b'"\xff"')
