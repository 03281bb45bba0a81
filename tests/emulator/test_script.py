"""The words of a fault script."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.emulator.script import FAULT_WORDS, STATUS_WORDS, Script, Word, parse


def test_the_documented_example():
    """The example of the manual is read word by word."""
    words = parse("500, 429(retry_after=2), IN_PROGRESS@40, IN_PROGRESS@85, SUCCESS")
    assert words == (
        Word("500"),
        Word("429", options={"retry_after": "2"}),
        Word("IN_PROGRESS", 40),
        Word("IN_PROGRESS", 85),
        Word("SUCCESS"),
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('FAILED(log="a, (b) = c")', Word("FAILED", options={"log": "a, (b) = c"})),
        ("FAILED(log='it')", Word("FAILED", options={"log": "it"})),
        ("SUCCESS(response=no)", Word("SUCCESS", options={"response": "no"})),
        ("no_response", Word("SUCCESS", options={"response": "no"})),
        ("slow(seconds=0.5)", Word("slow", options={"seconds": "0.5"})),
        ("RESET", Word("reset")),
        ("success", Word("success")),
        ("IN_PROGRESS @ 7 ( lmod = no )", Word("IN_PROGRESS", 7, {"lmod": "no"})),
        ('status(name="HALF DONE")@', None),
        ('status(name="HALF DONE")', Word("HALF DONE", literal=True)),
        ("redirect(to=http://127.0.0.1:1/x)", Word("redirect", options={"to": "http://127.0.0.1:1/x"})),
        ('401(msg="Nope", code=7)', Word("401", options={"msg": "Nope", "code": "7"})),
        ("reset,\n", Word("reset")),
    ],
)
def test_one_word(text, word):
    """A word is read with its percentage and options, or refused."""
    if word is None:
        with pytest.raises(ValueError, match="cannot read the script"):
            parse(text)
    else:
        assert parse(text) == (word,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "at least one word"),
        (" , ", "at least one word"),
        ("500,,500", "cannot read the script"),
        ("500, SUCESS", "unknown script word 'SUCESS'; known words: .*IN_PROGRESS.*reset"),
        ("99", "unknown script word '99'"),
        ("600", "unknown script word '600'"),
        ("reset(seconds=1)", "unknown option 'seconds' of the word reset; known options: none"),
        ("slow(seconds=long)", "seconds of the word slow must be a number, not 'long'"),
        ("SUCCESS(merge=5)", "merge of the word SUCCESS must be a JSON object"),
        ("SUCCESS(merge=x)", "merge of the word SUCCESS must be a JSON object"),
        ("500@40", "the word 500 takes no percentage"),
        ("reset@4", "the word reset takes no percentage"),
        ("status", "the word status needs a name"),
        ("SUCCESS(what)", "cannot read the options"),
        ("SUCCESS FAILED", "cannot read the script"),
    ],
)
def test_a_wrong_script(text, sentence):
    """A wrong script is refused with a sentence that names the place."""
    with pytest.raises(ValueError, match=sentence):
        parse(text)


def test_the_last_word_sticks():
    """Every word answers once, the last one for ever, and then it is no news."""
    script = Script(parse("500, SUCCESS"))
    answers = [script.advance() for _ in range(4)]
    assert [word.name for word, _ in answers] == ["500", "SUCCESS", "SUCCESS", "SUCCESS"]
    assert [fresh for _, fresh in answers] == [True, True, False, False]


@given(st.lists(st.sampled_from([*STATUS_WORDS, *FAULT_WORDS, "500", "IN_PROGRESS@9"]), min_size=1))
def test_all_known_words_are_read(names):
    """Any sequence of known words is read as it was written."""
    words = parse(", ".join(names))
    assert [word.name for word in words] == [name.partition("@")[0] for name in names]


@given(st.text())
def test_any_text_is_read_or_refused(text):
    """No text ends in anything but words or a ValueError."""
    with suppress(ValueError):
        assert parse(text)
