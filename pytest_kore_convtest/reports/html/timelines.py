"""The polls of a job as a drawing: one dot an ask, one line for the percentage."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_kore_convtest.reports.record import Poll

MOST_DOTS = 300
"""Asks that are drawn one by one; of more the first and the last ones."""

HEIGHT = 44
"""Pixels between 0 and 100 percent, and a margin of ``MARGIN`` above and below."""

MARGIN = 8

_MOST_SAID = 10


class Dot(NamedTuple):
    """One ask: ``x`` in percent of the width, ``y`` in pixels from above, and what it says."""

    x: float
    y: float
    fault: bool
    says: str


class Timeline(NamedTuple):
    """A drawing, the same in one sentence, and what was seen in turn."""

    dots: list[Dot]
    lines: list[tuple[float, float, float, float]]
    says: str
    phases: list[str]
    end: float
    faults: int


def timeline(polls: list[Poll]) -> Timeline | None:
    """Draw the polls of a job; ``None`` when there were none."""
    if not polls:
        return None
    end = max(poll["at"] for poll in polls)
    half = MOST_DOTS // 2
    drawn = polls if len(polls) <= MOST_DOTS else [*polls[:half], *polls[-half:]]
    dots, level = [], 0.0
    for poll in drawn:
        level = level if poll["percent"] is None else min(100.0, max(0.0, poll["percent"]))
        dots.append(Dot(_across(poll["at"], end), _down(level), poll["fault"], _says(poll)))
    lines = [(a.x, a.y, b.x, b.y) for a, b in pairwise(dots)]
    phases = _phases(polls)
    faults = sum(poll["fault"] for poll in polls)
    counted = f"{len(polls)} request{'s' if len(polls) > 1 else ''} in {end:.1f} s"
    says = f"{counted}: {', then '.join(phases[:_MOST_SAID])}{' …' if len(phases) > _MOST_SAID else ''}"
    return Timeline(dots, lines, says, phases, end, faults)


def _across(at: float, end: float) -> float:
    return round(1 + 98 * at / end, 2) if end else 1.0


def _down(percent: float) -> float:
    return round(MARGIN + HEIGHT * (1 - percent / 100), 1)


def _says(poll: Poll) -> str:
    percent = "" if poll["percent"] is None else f" {poll['percent']:g} %"
    return f"{poll['at']:.1f} s: {poll['saw']}{percent}"


def _phases(polls: list[Poll]) -> list[str]:
    """Return what was seen in turn, repetitions left out."""
    seen = [poll["saw"] for poll in polls]
    return [saw for at, saw in enumerate(seen) if at == 0 or saw != seen[at - 1]]
