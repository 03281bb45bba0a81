"""What nobody sees is the same wherever it counts."""

import re

import pytest

from pytest_kore_convtest.escapes import HIDDEN, HIDDEN_BEYOND, JOINING
from pytest_kore_convtest.suites.file_format import is_blank
from pytest_kore_convtest.text import fit, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("#\ufe0f\u20e3", "#\ufe0f\u20e3"),
        ("1\ufe0f", "1\\ufe0f"),
        ("a\ufe0f\u20e3", "a\\ufe0f\u20e3"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("a\u200db", "a\\u200db"),
    ],
)
def test_letters_that_draw_others_stay_where_they_do(text, shown):
    """Of an emoji or a key cap; elsewhere they could hide something, and are spelt out."""
    assert printable(text, 40) == shown


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "ü…日"),
        (None, "ü…日"),
        ("latin-1", "ü...\\u65e5"),
        ("ascii", "\\xfc...\\u65e5"),
        ("klingon", "\\xfc\\u2026\\u65e5"),
    ],
)
def test_an_output_gets_what_it_can_hold(encoding, shown):
    """The rest as its escape; our own words are written plainly, where the encoding is known."""
    assert fit("ü…日", encoding) == shown


def test_what_nobody_sees_is_no_text_and_is_shown_as_an_escape():
    """An expectation of it is empty, and on the terminal it is spelt out; both know the same characters."""
    hidden = re.compile(f"[{HIDDEN}{HIDDEN_BEYOND}{JOINING}\u2800]")
    found = [letter for letter in map(chr, range(0x110000)) if hidden.match(letter)]
    assert len(found) > 4_000
    assert is_blank("".join(found))
    assert [letter for letter in found if not printable(letter, 20).startswith("\\")] == []
    blank = [letter for letter in map(chr, range(0xA1, 0xD800)) if is_blank(letter) and not letter.isspace()]
    assert set(blank) <= set(found)
