"""What a reply that varies has to be like: the matchers of a YAML suite file."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kore_convtest.suites.diff import is_template, templates_equal
from pytest_kore_convtest.suites.rules import is_blank
from pytest_kore_convtest.suites.safe_regex import PatternError, compile_pattern

ANY, PART, MATCHES, ANYTHING = "any", "contains", "matches", "anything"
"""The kinds of matchers, as they are written."""

_PROBES = ("abc def ghi jkl mno", "0123 !?;:+ \u00c4\u00d6\u00dc \u2603 \U0001f600 56789")
"""Texts that have next to nothing in common: what fits both of them says nothing about a reply."""


@dataclass(frozen=True)
class Matcher:
    """What a reply has to be like.

    Attributes:
        kind: ``ANY``, ``PART``, ``MATCHES`` or ``ANYTHING``.
        texts: The alternatives; the parts, all of which count; the pattern; nothing.
    """

    kind: str
    texts: tuple[str, ...] = ()

    def fits(self, reply: str) -> bool:
        """Say whether a reply fits; one of which nothing can be seen never does."""
        if is_blank(reply):
            return False
        if self.kind == ANY:
            return any(is_same(text, reply) for text in self.texts)
        if self.kind == PART:
            return all(text in reply for text in self.texts)
        if self.kind == MATCHES:
            try:
                return all(compile_pattern(text).fits(reply) for text in self.texts)
            except PatternError:
                return False
        return self.kind == ANYTHING

    @property
    def fits_all(self) -> bool:
        """Whether every reply fits, so that nothing is tested by it."""
        return all(map(self.fits, _PROBES))

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.kind} of {len(self.texts)}" if self.kind == ANY else self.kind


def is_same(expected: str, reply: str) -> bool:
    """Say whether a reply is an expected text, character by character; of templates the data counts."""
    return expected == reply or (
        is_template(expected) and is_template(reply) and templates_equal(expected, reply)
    )
