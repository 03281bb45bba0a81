"""What differs between two replies."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import growth

from pytest_kore_convtest.suites.diff import (
    ACTUAL,
    EXPECTED,
    NOTHING,
    SAME,
    around,
    brief,
    canonical,
    closest,
    data,
    harmless,
    is_template,
    mark,
    templates_equal,
    visible,
    words,
)

TEXTS = st.text(alphabet="ab \n\x1b\u00a0日本", max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc d"), inner, max_size=3),
    max_leaves=8,
)
TEMPLATES = st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1, max_size=3)


def test_words_that_differ_are_marked():
    """Each word that differs is a piece of its own; what is the same stays together."""
    pieces = words("Your booking is confirmed.", "Your booking is cancelled.")
    assert pieces == [(SAME, "Your booking is "), (EXPECTED, "confirmed"), (ACTUAL, "cancelled"), (SAME, ".")]
    assert mark(pieces) == ("Your booking is [-confirmed-].", "Your booking is {+cancelled+}.")


@given(TEXTS, TEXTS)
def test_the_pieces_make_up_both_texts(expected, actual):
    """What is the same and expected is the expected text; what is the same and actual is the actual one."""
    pieces = words(expected, actual)
    assert "".join(text for kind, text in pieces if kind != ACTUAL) == expected
    assert "".join(text for kind, text in pieces if kind != EXPECTED) == actual


@given(TEXTS, TEXTS)
def test_marks_appear_exactly_when_texts_differ(expected, actual):
    """Two texts are written alike only when they are the same."""
    first, second = mark(words(expected, actual))
    assert (first == second) == (expected == actual)


def test_neighbouring_words_share_one_mark():
    """Words that differ side by side are one piece, across blanks and punctuation, not across lines."""
    pieces = words("What amount would you like to pay?", "I did not get what you like to pay?")
    assert mark(pieces) == (
        "[-What amount would-] you like to pay?",
        "{+I did not get what+} you like to pay?",
    )
    assert mark(words("at ten, please, sir", "at two, sorry, sir"))[1] == "at {+two, sorry+}, sir"
    assert mark(words("one\ntwo\nthe same", "six\nten\nthe same"))[0] == "[-one-]\n[-two-]\nthe same"


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("Bye.", "Farewell."),
        ("Which city do you fly to?", "Sorry, I did not get that.\nTo whom shall I talk?"),
        ("", "Hello"),
        ("👍", "👎"),
    ],
)
def test_texts_with_little_in_common_can_be_copied(expected, actual):
    """They stand as they are, without a mark."""
    assert mark(words(expected, actual)) == (expected, actual)


def test_texts_that_only_look_alike_are_marked():
    """A control character beside its own spelling, or blanks beside other blanks, would be read as equal."""
    assert mark(words("\x1b", "\\x1b")) == ("[-\\x1b-]", "{+\\x1b+}")
    assert mark(words(" ", "\u00a0")) == ("[- -]", "{+\\xa0+}")


def test_an_invisible_difference_is_seen():
    """A no-break space, a second blank and a line break are shown where they differ."""
    assert mark(words("a b", "a\u00a0b")) == ("a[- -]b", "a{+\\xa0+}b")
    assert mark(words("a b", "a  b"))[1] == "a {+ +}b"
    assert mark(words("a\nb", "a b")) == ("a[-\\n-]b", "a{+ +}b")


def test_japanese_differs_by_letter():
    """Without blanks between words a letter is a word."""
    assert mark(words("予約しました", "予約します")) == ("予約しま[-した-]", "予約しま{+す+}")


def test_long_stretches_in_common_are_shortened():
    """Only what stands beside a difference is kept of a long text."""
    long = "same " * 200
    expected, actual = mark(words(f"{long}old {long}", f"{long}new {long}"))
    assert len(expected) < 200
    assert "… " in expected
    assert "[-old-]" in expected
    assert "{+new+}" in actual


def test_two_huge_texts_are_compared_quickly():
    """Texts too long to compare word by word, with nothing in common but their end, differ as a whole."""
    pieces = words("a b " * 20_000 + "end", "c d " * 20_000 + "end")
    assert [kind for kind, _ in pieces] == [EXPECTED, ACTUAL]
    assert growth(lambda size: lambda: words("a b " * size + "end", "c d " * size + "end"), 10_000) < 2.6


@given(st.text())
def test_foreign_text_is_harmless(text):
    """No control character, escape sequence or half surrogate reaches the terminal; lines stay lines."""
    assert visible(text).isprintable()
    shown = harmless(text)
    assert all(line.replace("\u200c", "").replace("\u200d", "").isprintable() for line in shown.split("\n"))
    assert shown.count("\n") == text.count("\n")
    shown.encode()


def test_escape_sequences_are_shown():
    """A colour code is text, not colour."""
    assert harmless("\x1b[31mred\r\nnext") == "\\x1b[31mred\nnext"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type": "template"}', True),
        (' [{"type": "text"}]', True),
        ("{}", False),
        ("[1]", False),
        ("{broken", False),
        ('{"a": NaN}', False),
        ("hello", False),
        ("", False),
        ('{"a":' * 100_000, False),
        ('{"a":' * 300 + "1" + "}" * 300, False),
    ],
)
def test_templates_are_recognised(text, expected):
    """A template is a JSON object or a list of them; nonsense and endless nesting are text."""
    assert is_template(text) is expected


def test_templates_are_compared_as_data():
    """Order of keys, white space and escapes are no difference."""
    assert templates_equal('{"a": 1, "b": "\\u00e9"}', '{"b":"é","a":1}')
    assert not templates_equal('{"a": 1}', '{"a": true}')
    assert not templates_equal("same text", "same text")


def test_each_difference_has_a_path():
    """A changed value, a lost and an added key are named by path, with both sides as JSON."""
    old = json.dumps({"payload": {"text": "Hi", "x-y": 1, "gone": None}})
    new = json.dumps({"payload": {"text": "Hello", "x-y": "1", "new": []}})
    assert data(old, new) == [
        ("$.payload.text", '"Hi"', '"Hello"'),
        ('$.payload["x-y"]', "1", '"1"'),
        ("$.payload.gone", "null", NOTHING),
        ("$.payload.new", NOTHING, "[]"),
    ]


def test_an_added_button_is_one_difference():
    """An item put into a list does not make all those after it differ."""
    buttons = [{"title": title} for title in ("English", "Deutsch", "Italiano")]
    old, new = json.dumps({"b": buttons}), json.dumps({"b": [buttons[0], {"title": "Suomi"}, *buttons[1:]]})
    assert data(old, new) == [("$.b[1]", NOTHING, '{"title": "Suomi"}')]
    assert data(new, old) == [("$.b[1]", '{"title": "Suomi"}', NOTHING)]


@given(TEMPLATES, TEMPLATES)
def test_no_difference_means_the_same_data(old, new):
    """There is a difference exactly when the data differ, whatever the formatting."""
    found = data(json.dumps(old), json.dumps(new, indent=2))
    assert bool(found) == (json.dumps(old, sort_keys=True) != json.dumps(new, sort_keys=True))


def test_what_is_no_template_differs_as_a_whole():
    """Two texts have at most one difference as data."""
    assert data("a", "b") == [("$", '"a"', '"b"')]
    assert data("a", "a") == []


def test_the_difference_is_in_view():
    """Of two long texts the part is shown in which they begin to differ."""
    old, new = around("x" * 500 + "old", "x" * 500 + "new", 30)
    assert old.endswith("old")
    assert new.endswith("new")
    assert len(old) < 40
    assert around("a\n", "b", 30) == ("a\\n", "b")


def test_the_closest_variation_is_found():
    """The variation that shares most words with the reply is the one to compare with."""
    assert closest("you are booked", ["hello there", "you are cancelled"]) == "you are cancelled"
    assert closest("x", []) == ""


def test_a_template_in_brief():
    """A template is told by its type and its text, a text by its beginning."""
    template = {"type": "template", "payload": {"template_type": "button", "text": "Pick\none"}}
    assert brief(json.dumps(template), 80) == "<button> Pick one"
    assert brief('{"a": 1}', 80) == "<template>"
    assert brief("one\ntwo three", 7) == "one two…"


def test_layout_does_not_count():
    """Canonical texts are equal when only layout differs."""
    assert canonical('{"a": 1, "b": 2}') == canonical('{"b":2,"a":1}')
    assert canonical("a \n b") == canonical("a b") != canonical("ab")
