"""A foreign text as the page shows it: short enough to read, with what differs marked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.suites.diff import ACTUAL, EXPECTED, SAME, stand_alone, words

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_SHOWN = 2000
"""Letters of one text that are in view; about a screen of chat."""

MOST_HIDDEN = 8_000_000
"""Letters that a page may hold beyond what is in view, in all; a browser opens such a page in a second."""

MOST_WORK = 8_000_000
"""Pairs of letters, divided by 25, that a page may compare word by word: about 3 s, then it gets coarse."""

_LEAD = 200
"""Letters shown before the first difference of two long texts."""

_LETTERS_OF_A_WORD = 5
_BLANKS = str.maketrans({" ": "␣", "\n": "↵\n"})


class Excerpt(NamedTuple):
    """A text to show.

    ``pieces`` are texts with their marks; ``before`` and ``after`` count the letters left
    out on both sides; ``whole`` is the whole text when something was left out and it is
    carried along, else empty.
    """

    pieces: list[tuple[str, str]]
    before: int = 0
    after: int = 0
    whole: str = ""


@dataclass
class Allowance:
    """What is left to spend on one page, so that a huge record still gives a page that opens."""

    hidden: int = MOST_HIDDEN
    work: int = MOST_WORK
    spent: set[str] = field(default_factory=set)

    def grant(self, what: str, amount: int) -> bool:
        """Take an amount of ``hidden`` or ``work``; say no when that much is not left."""
        left = getattr(self, what) - amount
        if left < 0:
            self.spent.add(what)
            return False
        setattr(self, what, left)
        return True


def excerpt(text: str, allowance: Allowance) -> Excerpt:
    """Show the beginning of a text."""
    after = max(0, len(text) - LONGEST_SHOWN)
    whole = text if after and allowance.grant("hidden", len(text)) else ""
    return Excerpt([(SAME, text[:LONGEST_SHOWN])], after=after, whole=whole)


def compare(expected: str, actual: str, allowance: Allowance) -> tuple[Excerpt, Excerpt]:
    """Show two texts from shortly before their first difference on, what differs marked on both sides."""
    at = shared(expected, actual)
    start = max(0, at - _LEAD) if max(len(expected), len(actual)) > LONGEST_SHOWN else 0
    end = start + LONGEST_SHOWN
    pieces = _pieces(expected[start:end], actual[start:end], allowance)
    return (
        _side(expected, start, _kept(pieces, EXPECTED), allowance),
        _side(actual, start, _kept(pieces, ACTUAL), allowance),
    )


def shared(a: str, b: str) -> int:
    """Count the leading letters that two texts share."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle - 1)
    return low


def _pieces(expected: str, actual: str, allowance: Allowance) -> list[tuple[str, str]]:
    """Compare word by word while the allowance lasts; then all from the first difference on differs."""
    at = shared(expected, actual)
    old, new = expected[at:], actual[at:]
    if not old or not new or allowance.grant("work", len(old) * len(new) // _LETTERS_OF_A_WORD**2):
        return words(expected, actual)
    return [(SAME, expected[:at]), (EXPECTED, old), (ACTUAL, new)]


def _kept(pieces: Sequence[tuple[str, str]], own: str) -> list[tuple[str, str]]:
    if stand_alone(pieces):
        return [(SAME, text) for kind, text in pieces if kind == own]
    return [(kind, _seen(kind, text)) for kind, text in pieces if kind in {SAME, own} and text]


def _seen(kind: str, text: str) -> str:
    """Make blanks visible where they are all that differs."""
    return text if kind == SAME or text.strip(" \n") else text.translate(_BLANKS)


def _side(text: str, start: int, pieces: list[tuple[str, str]], allowance: Allowance) -> Excerpt:
    after = max(0, len(text) - start - LONGEST_SHOWN)
    before = min(start, len(text))
    whole = text if (before or after) and allowance.grant("hidden", len(text)) else ""
    return Excerpt(pieces, before, after, whole)
