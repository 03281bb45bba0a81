"""Replies as the page shows them: one bubble where the bot said what was expected, else two side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.reports.html.cards import LONGEST_DATA, Card, draw
from pytest_kore_convtest.reports.html.excerpts import LONGEST_SHOWN, Allowance, Excerpt, compare, excerpt
from pytest_kore_convtest.suites.diff import closest, data, templates_equal

if TYPE_CHECKING:
    from pytest_kore_convtest.reports.record import Assertion, Reply

MOST_VARIATIONS = 20
"""Other variations of one reply that are shown; the record has them all."""

MOST_CHANGES = 40
"""Differences of two templates that are listed."""

_LONGEST_EXPECTED = 80
"""Letters of what an assertion expects, on its chip."""


class Change(NamedTuple):
    """One difference of two templates: the path in the data, and both values."""

    path: str
    expected: Excerpt
    actual: Excerpt


class Chip(NamedTuple):
    """One assertion: its kind, ``passed``, ``failed``, ``unknown`` or ``off``, and what it expects."""

    kind: str
    status: str
    expected: list[str]


class Body(NamedTuple):
    """What a bubble holds: a card or, when there is none, a text."""

    card: Card | None
    text: Excerpt | None


class Side(NamedTuple):
    """A reply: one body when expected and actual are the same, else two; either may be missing."""

    same: Body | None
    expected: Body | None
    actual: Body | None
    others: list[str]
    more_others: int
    changes: list[Change]
    more_changes: int
    chips: list[Chip]


def reply_view(reply: Reply, *, is_evaluated: bool, allowance: Allowance) -> Side:
    """Return how a reply is shown."""
    actual, variations = reply["actual"], reply["expected"]
    chips = [chip(one, variations) for one in reply["assertions"]]
    equal = next((one for one in variations if actual is not None and is_equal(one, actual)), None)
    chosen = equal if equal is not None else nearest(actual or "", variations)
    others = [one for one in variations if one != chosen]
    rest = [one[:LONGEST_SHOWN] for one in others[:MOST_VARIATIONS]], max(0, len(others) - MOST_VARIATIONS)
    if equal is not None:
        return Side(body(actual or "", allowance), None, None, *rest, [], 0, chips)
    if chosen is None or actual is None:
        expected = None if chosen is None else body(chosen, allowance)
        said = None if actual is None else body(actual, allowance)
        only = expected if not is_evaluated and said is None else None
        return Side(only, None if only else expected, said, *rest, [], 0, chips)
    old, new = _bodies(chosen, actual, allowance)
    changes = data(chosen, actual) if old.card and new.card else []
    shown = [Change(path, *compare(a, b, allowance)) for path, a, b in changes[:MOST_CHANGES]]
    return Side(None, old, new, *rest, shown, max(0, len(changes) - MOST_CHANGES), chips)


def body(text: str, allowance: Allowance) -> Body:
    """Return what a bubble shows of one text."""
    card = draw(text)
    return Body(card, None) if card else Body(None, excerpt(text, allowance))


def _bodies(expected: str, actual: str, allowance: Allowance) -> tuple[Body, Body]:
    old, new = draw(expected), draw(actual)
    if old or new:
        return (
            Body(old, None) if old else body(expected, allowance),
            Body(new, None) if new else body(actual, allowance),
        )
    left, right = compare(expected, actual, allowance)
    return Body(None, left), Body(None, right)


def is_equal(expected: str, actual: str) -> bool:
    """Say whether two replies are the same text, or templates with the same data."""
    if expected == actual:
        return True
    return max(len(expected), len(actual)) <= LONGEST_DATA and templates_equal(expected, actual)


def nearest(actual: str, variations: list[str]) -> str | None:
    """Return the variation most like a text, judged by the beginnings; ``None`` when there is none."""
    if not variations:
        return None
    starts = [one[:LONGEST_SHOWN] for one in variations]
    return variations[starts.index(closest(actual[:LONGEST_SHOWN], starts))]


def chip(assertion: Assertion, variations: list[str]) -> Chip:
    """Return how an assertion is shown; expected texts that stand above it anyway are not said again."""
    status = (assertion["status"] or "unknown") if assertion["enabled"] else "off"
    entries = assertion["expected"] if assertion["enabled"] else []
    if assertion["kind"] == "text":
        entries = [one for one in entries if not isinstance(one, dict) or one.get("text") not in variations]
    return Chip(assertion["kind"], status, [_entry(entry, status) for entry in entries])


def _entry(entry: object, overall: str) -> str:
    """Say in words what one entry of an assertion expects, and its status where that is news."""
    if not isinstance(entry, dict):
        return _short(str(entry))
    status = entry.get("status")
    said = f" ({status})" if isinstance(status, str) and status not in ("", overall) else ""
    rest = {key: value for key, value in entry.items() if key != "status"}
    if set(rest) == {"key", "value"}:
        return _short(f"{rest['key']} = {rest['value']}") + said
    if set(rest) == {"nodeId"}:
        return _short(str(rest["nodeId"])) + said
    return _short(", ".join(f"{key}: {value}" for key, value in rest.items())) + said


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_EXPECTED else f"{text[:_LONGEST_EXPECTED]}…"
