"""Names of collected items: from any text to one that fits a node id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.plugin.items.suite_collectors import _fit


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("quote", "quote"),
        ("a::b", "a b"),
        ("list[0]", "list(0)"),
        ("two\nlines\tand  blanks ", "two lines and blanks"),
        ("\u202eevil", "evil"),
        ("\ud800", ""),
        ("שלום 👋", "שלום 👋"),
        ("x" * 100, "x" * 40),
        ("x" * 39 + " yz", "x" * 39),
        (":::", ":"),
        ("[::]", "( )"),
        ("", ""),
    ],
)
def test_names(text, fitted):
    """Separators, control characters and length are dealt with; every other letter stays."""
    assert _fit(text, 40) == fitted


@given(st.text(st.characters(codec=None)))
def test_every_text_gives_a_usable_name(text):
    """One printable line without the separators of node ids, never too long, the same every time."""
    name = _fit(text, 40)
    assert len(name) <= 40
    assert name.isprintable()
    assert "::" not in name
    assert not set("[]") & set(name)
    assert name == name.strip() == _fit(name, 40)
