"""Patterns are matched in linear time, with google-re2 and without it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import growth

from pytest_kore_convtest.suites import safe_regex
from pytest_kore_convtest.suites.safe_regex import PatternError, _SmallPattern, compile_pattern

CASES = [
    ("a", "a", True),
    ("a", "ab", False),
    ("^ab$", "ab", True),
    ("a|b", "b", True),
    ("(a|b)c", "bc", True),
    ("a*", "", True),
    ("a+", "", False),
    ("ab?c", "ac", True),
    (r"Room \d{2,3}", "Room 123", True),
    (r"Room \d{2,3}", "Room 1234", False),
    (r"\d{2}", "1", False),
    (r"\d{2,}", "12345", True),
    ("[a-c]+", "abcd", False),
    ("[^a-c]+", "xyz", True),
    (r"[\d.-]+", "1.2-3", True),
    ("[]x]", "]", True),
    (r"a\.b", "axb", False),
    (".*", "a\nb", False),
    ("(?s).*", "a\nb", True),
    ("(?i)hello", "HeLLo", True),
    ("(?i)[A-Z ]+", "GRO\u00df", False),
    ("(?i)[A-Z ]+", "gr\u00fcn", False),
    ("(?i)[\u00c0-\u00de]+", "\u00fc", True),
    ("(?i)s", "\u017f", True),
    ("(?i)\u017f", "s", True),
    ("(?i)[^A-Z]+", "\u00df", True),
    ("(?i)[^A-Z]+", "b", False),
    ("(?:a|bc)*d", "abcbcd", True),
    (r"\$5", "$5", True),
    (r"\w+\s\S+", "ab !?", True),
    ("\u00e4+", "\u00e4\u00e4", True),
    ("(a*)*", "aaa", True),
    ("a{0}b", "b", True),
    (r"a\tb\n", "a\tb\n", True),
    (r"[\].]+", "].]", True),
    (r"[\].]+", "\\", False),
    (r"[+-\/]+", "+,-./", True),
    (r"[+-\/]+", "0", False),
    ("a", "\ud800", False),
]


@pytest.mark.parametrize("make", [compile_pattern, _SmallPattern])
@pytest.mark.parametrize(("pattern", "text", "fits"), CASES)
def test_whole_replies_are_matched(make, pattern, text, fits):
    """Both matchers say the same."""
    assert make(pattern).follow(text)[0] is fits


@given(
    st.lists(st.sampled_from(["a", "b", ".", "a*", "b+", "(a|b)", "[ab]?", "(ab){1,2}", "|"]), max_size=6),
    st.text("abc", max_size=8),
)
def test_the_small_matcher_agrees_with_python(parts, text):
    """What it knows means the same as everywhere."""
    pattern = "".join(parts)
    assert _SmallPattern(pattern).follow(text)[0] is (re.fullmatch(pattern, text) is not None)


EVIL = pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)b", "(a|aa)+b"])


@EVIL
@pytest.mark.parametrize("make", [compile_pattern, _SmallPattern])
def test_evil_patterns_come_to_an_end(make, pattern):
    """A pattern that makes other engines go back and try again for years does not fit, as it should."""
    assert not make(pattern).follow("a" * 5000)[0]


@EVIL
def test_evil_patterns_are_no_more_work(pattern):
    """Twice the text is twice the work."""
    small = _SmallPattern(pattern)
    assert growth(lambda size: lambda: small.follow("a" * size), 500) < 2.2


@pytest.mark.parametrize("make", [compile_pattern, _SmallPattern])
@pytest.mark.parametrize("pattern", ["(", ")", "[", "*a", "a{3,1}", "\\", "((((", "[z-a]"])
def test_what_is_no_pattern_is_told(make, pattern):
    """A wrong pattern is an error with a sentence."""
    with pytest.raises(PatternError, match="is not a valid regular expression"):
        make(pattern)


@pytest.mark.parametrize("pattern", ["a{", "a{x}", "a{,2}", "a{1,x}", "(" * 101 + ")" * 101])
def test_what_the_small_matcher_does_not_take_for_a_pattern_is_told(pattern):
    """A brace that counts nothing, and more groups in each other than anybody reads."""
    with pytest.raises(
        PatternError, match=r"has (a { that starts no repetition|more than \d+ nested groups)"
    ):
        _SmallPattern(pattern)


@pytest.mark.parametrize("pattern", [r"\bword", "(?P<a>b)", "a$b", "a+?", "a{500}", "[[:alpha:]]", r"\p{L}"])
def test_what_only_the_library_knows_is_told_with_the_command(pattern):
    """Without google-re2 the sentence says how to get it."""
    with pytest.raises(
        PatternError, match=r'which needs google-re2: pip install "pytest-kore-convtest\[re2\]"'
    ):
        _SmallPattern(pattern)


@pytest.mark.parametrize("pattern", ["((((a{99}){99}){99}){99})", "(a{200}){200}"])
def test_repetitions_are_bounded(pattern):
    """A short pattern cannot stand for more places than there is memory."""
    with pytest.raises(PatternError, match="repeats too much"):
        _SmallPattern(pattern)


def test_a_long_pattern_is_refused():
    """Nobody reads a pattern of a thousand characters."""
    with pytest.raises(PatternError, match="longer than"):
        compile_pattern("a" * 1001)


def test_a_reply_beyond_the_small_matchers_time_is_told():
    """It says what helps instead of taking minutes."""
    with pytest.raises(PatternError, match="too long"):
        _SmallPattern("a*").follow("a" * 4_000_000)


def test_without_the_library_the_small_matcher_is_used(monkeypatch):
    """google-re2 is an extra."""

    def fail(name):
        raise ImportError(name)

    compile_pattern.cache_clear()
    monkeypatch.setattr(safe_regex, "import_module", fail)
    try:
        assert isinstance(compile_pattern("a+"), _SmallPattern)
    finally:
        compile_pattern.cache_clear()
