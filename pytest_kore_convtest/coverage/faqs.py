"""FAQs and small talk: which questions were answered, by ids first, then by equal texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.coverage.graph import fold
from pytest_kore_convtest.coverage.types import AnswerCoverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_kore_convtest.coverage.graph import Bot
    from pytest_kore_convtest.coverage.trace import Problem
    from pytest_kore_convtest.coverage.types import Place, StepVisits


class Answers:
    """Add up which FAQs and which small talk steps went through.

    Args:
        bot: The bot.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._faqs: dict[str, None] = {}
        self._talk: dict[str, None] = {}
        self._explained: set[str] = set()

    @property
    def found_any(self) -> bool:
        """Whether any was found."""
        return bool(self._faqs or self._talk)

    def add(self, step: StepVisits) -> None:
        """Add a step."""
        for texts in step["faqs"]:
            _take(self._faqs, self._bot.faqs, texts)
        for texts in step["small_talk"]:
            _take(self._talk, self._bot.small_talk, texts)
        for place in step["places"]:
            self._add_place(place)

    def _add_place(self, place: Place) -> None:
        """Take a reply whose node is an FAQ or small talk, which stand in no dialog."""
        texts = [one for one in (place.get("node"), place.get("name")) if one]
        if not texts or place.get("node") in self._bot.homes:
            return
        if _take(self._faqs, self._bot.faqs, texts) or _take(self._talk, self._bot.small_talk, texts):
            self._explained.update(texts)

    def knows(self, place: Place) -> bool:
        """Say whether a place is an FAQ or small talk of the bot."""
        texts = [one for one in (place.get("node"), place.get("name")) if one]
        known = (self._bot.faqs, self._bot.small_talk)
        return any(key in names for key in _keys(texts) for names in known)

    def explains(self, problem: Problem) -> bool:
        """Say whether what matches no node is an FAQ or small talk."""
        return not self._explained.isdisjoint(problem.names)

    def faqs(self) -> AnswerCoverage:
        """Return how many of the FAQs were asked."""
        return count_answers(self._bot.faqs.values(), list(self._faqs))

    def small_talk(self) -> AnswerCoverage:
        """Return how much of the small talk was said."""
        return count_answers(self._bot.small_talk.values(), list(self._talk))


def _keys(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield text
        yield fold(text)


def _take(found: dict[str, None], known: dict[str, str], texts: Sequence[str]) -> bool:
    name = next((known[key] for key in _keys(texts) if key in known), None)
    if name is None:
        return False
    found[name] = None
    return True


def count_answers(known: Iterable[str], found: list[str]) -> AnswerCoverage:
    """Count the questions that there are and those that were asked."""
    names = dict.fromkeys(known)
    return AnswerCoverage(
        total=len(names),
        covered=len(found),
        missing=[name for name in names if name not in found],
        found=found,
    )
