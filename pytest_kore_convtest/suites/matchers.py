"""What a reply that varies has to be like: the matchers of a YAML suite file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pytest_kore_convtest.suites.diff import is_template, shown_texts, templates_equal
from pytest_kore_convtest.suites.file_format import is_blank
from pytest_kore_convtest.suites.safe_regex import INSTALL, PatternError, compile_pattern
from pytest_kore_convtest.text import quoted

ANY, PART, MATCHES, ANYTHING = "any", "contains", "matches", "anything"
"""The kinds of matchers, as they are written."""

_PROBES = ("abc def ghi jkl mno", "0123 !?;:+ \u00c4\u00d6\u00dc \u2603 \U0001f600 56789")
"""Texts that have next to nothing in common: what fits both of them says nothing about a reply."""
_LONGEST, _MOST_SHOWN = 60, 3
"""Characters of a text of a matcher in a message, and how many of its texts are shown."""

_MOST_WORK = 8_000_000
"""States times characters that are looked at without google-re2, in some seconds: of all replies of a step,
or of all examples of a file."""


class Budget:
    """How much matching belongs together may take, so that many long texts end in bounded time.

    Attributes:
        left: The states that may still be looked at.
    """

    left: int

    def __init__(self) -> None:
        self.left = _MOST_WORK
        self._seen: set[tuple[str, str]] = set()

    def fits(self, pattern: str, text: str) -> bool:
        """Say whether a whole text fits a pattern.

        Raises:
            PatternError: The text is too long for the pattern, or too much was matched before.
        """
        if self.left <= 0 and (pattern, text) not in self._seen:
            said = "cannot be judged, because matching all of them takes too long without google-re2"
            raise PatternError(f"{said}: {INSTALL}")
        fits, work = _follow(pattern, text)
        if (pattern, text) not in self._seen:
            self._seen.add((pattern, text))
            self.left -= work
        return fits


@lru_cache(maxsize=4_096)  # each reply of a step is compared with each expected one, several times
def _follow(pattern: str, text: str) -> tuple[bool, int]:
    return compile_pattern(pattern).follow(text)


@dataclass(frozen=True)
class Matcher:
    """What a reply has to be like.

    Attributes:
        kind: ``ANY``, ``PART``, ``MATCHES`` or ``ANYTHING``.
        texts: The alternatives; the parts, all of which count; the pattern; nothing.
        of_template: Whether a pattern is meant for templates, as its example is one.
    """

    kind: str
    texts: tuple[str, ...] = ()
    of_template: bool = False

    def fits(self, reply: str, budget: Budget) -> bool:
        """Say whether a reply fits; one of which nothing can be seen, or that is too long, does not."""
        try:
            return self.judge(reply, budget)
        except PatternError:
            return False

    def judge(self, reply: str, budget: Budget) -> bool:
        """Say whether a reply fits.

        Args:
            reply: The reply.
            budget: How much matching it may take, together with what was judged before.

        Raises:
            PatternError: It is too long to find that out with what is installed.
        """
        if is_blank(reply):
            return False
        if self.kind == ANY:
            return any(is_same(text, reply) for text in self.texts)
        if self.kind == PART:
            return all(_is_part(text, reply) for text in self.texts)
        if self.kind == MATCHES:
            # The keys and codes of a template are no words of the bot.
            meant = self.of_template or not is_template(reply)
            return meant and all(budget.fits(text, reply) for text in self.texts)
        return self.kind == ANYTHING

    @property
    def fits_all(self) -> bool:
        """Whether every reply fits, so that nothing is tested by it."""
        return all(self.fits(probe, Budget()) for probe in _PROBES)

    def say_misfit(self) -> str:
        """Say what a reply that does not fit is not, e.g. ``does not contain 'booking number'``."""
        shown = ", ".join(quoted(text, _LONGEST) for text in self.texts[:_MOST_SHOWN])
        if len(self.texts) > _MOST_SHOWN:
            shown += f" and {len(self.texts) - _MOST_SHOWN} more"
        if self.kind == ANY:
            return f"is none of {shown}"
        if self.kind == PART:
            return f"does not contain {shown}" if len(self.texts) == 1 else f"does not contain all of {shown}"
        return f"does not match {shown}" if self.kind == MATCHES else "is blank"

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.kind} of {len(self.texts)}" if self.kind == ANY else self.kind


def _is_part(text: str, reply: str) -> bool:
    """Say whether a text stands in a reply; of a template in one of the texts that a user may see."""
    shown = None if is_template(text) else shown_texts(reply)
    return text in reply if shown is None else any(text in one for one in shown)


def is_same(expected: str, reply: str) -> bool:
    """Say whether a reply is an expected text, character by character; of templates the data counts."""
    return expected == reply or (
        is_template(expected) and is_template(reply) and templates_equal(expected, reply)
    )
