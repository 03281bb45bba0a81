"""What nobody sees is the same wherever it counts."""

import re

from pytest_kore_convtest.escapes import HIDDEN, HIDDEN_BEYOND, JOINING
from pytest_kore_convtest.suites.file_format import is_blank
from pytest_kore_convtest.text import printable


def test_what_nobody_sees_is_no_text_and_is_shown_as_an_escape():
    """An expectation of it is empty, and on the terminal it is spelt out; both know the same characters."""
    hidden = re.compile(f"[{HIDDEN}{HIDDEN_BEYOND}{JOINING}\u2800]")
    found = [letter for letter in map(chr, range(0x110000)) if hidden.match(letter)]
    assert len(found) > 4_000
    assert is_blank("".join(found))
    assert [letter for letter in found if not printable(letter, 20).startswith("\\")] == []
    blank = [letter for letter in map(chr, range(0xA1, 0xD800)) if is_blank(letter) and not letter.isspace()]
    assert set(blank) <= set(found)
