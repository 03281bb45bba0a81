"""When to ask next: the backoff of the pauses, and the platform's own limits. Pure.

The longer a job has taken, the longer it may still take, and the less a second of delay
matters: so pauses grow with the square root of the time elapsed, up to a level, around
the geometric mean of the shortest and the longest pause, and early on they are at most
half of that time. A percentage that has moved lately says how much is left at its
present speed. Percentages rush ahead, stand still and go back, so a pause takes half of
the way that is promised, and is at most four times as long as it would be without, at
least a quarter. One that stands still is ignored. While earlier durations of the same
job are a guide, a pause takes at most half of what is left to their median, but they
make none longer than a quarter of the time elapsed: a history that is ten times too
long costs little. Pauses vary by a tenth, so that processes which started together do not go
on asking together.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HEAD_START = 8.0
"""Seconds added to the elapsed time, so that pauses do not grow from nothing."""

EARLY = 1.0
"""No pause is longer, by the time alone, than half of the time elapsed and so many seconds."""

MIDWAY = 30.0
"""Seconds, head start included, at which a pause is the geometric mean of its bounds."""

LEVEL = 2.1
"""How many times that mean a pause grows to by the time alone: 9.4 s with the defaults, so that a job of
ten minutes gets at most 75 requests."""

HALFWAY = 0.5
"""What part of the predicted rest a pause takes."""

NEAREST, FARTHEST = 0.25, 4.0
"""The least and the most by which a prediction multiplies a pause."""

COMPLETE = 0.8
"""The factor at 100 %: the end should be near, but jobs have been seen to go on."""

ALL = 100.0
"""Percent."""

RECENT = 0.7
"""The present speed is that since this part of the elapsed time."""

QUARTER, OVERDUE = 0.25, 1.3
"""What part of the elapsed time a history can make a pause last, and at how many times the median it is
no guide any more."""

SPREAD = 0.1
"""The part of itself by which a pause may vary."""

PER_MINUTE, PER_HOUR = 60, 1800
"""Requests that the platform allows in any minute and hour (documented rate limits): per job for
status calls, per bot for all others."""


def no_chance() -> float:
    """Return the middle of what chance could bring: pauses do not vary."""
    return 0.5


class Backoff:
    """The pauses of one wait. The constants above were found by simulation: ``bench/pace.py``.

    Args:
        shortest: Seconds below which no pause falls.
        longest: Seconds that no pause exceeds, unless the shortest does.
        expected: The median of earlier durations in seconds, from the first ask.
        chance: Returns a random number from 0 to 1 for each pause.
    """

    def __init__(
        self,
        shortest: float,
        longest: float,
        *,
        expected: float | None = None,
        chance: Callable[[], float] = no_chance,
    ) -> None:
        self._shortest, self._longest = shortest, max(shortest, longest)
        self._middle = math.sqrt(self._shortest * self._longest)
        self._expected, self._chance = expected or 0.0, chance
        self._seen: deque[tuple[float, float]] = deque()

    def next_pause(self, elapsed: float, percent: float | None = None) -> float:
        """Return the seconds from one ask to the next.

        Args:
            elapsed: Seconds since the first ask.
            percent: What the last answer said, if it said anything.
        """
        growth = min(math.sqrt((elapsed + HEAD_START) / MIDWAY), LEVEL)
        early = max(self._shortest, EARLY + elapsed / 2)
        base = min(growth * self._middle, early, self._longest)
        left = self._left(elapsed, percent)
        if left is not None:
            pause = HALFWAY * left
        else:
            pause = COMPLETE * base if percent is not None and percent >= ALL else base
        if elapsed < OVERDUE * self._expected:
            usual = HALFWAY * max(0.0, self._expected - elapsed)
            pause = min(usual, max(base, pause, QUARTER * elapsed))
        pause = min(max(pause, NEAREST * base), FARTHEST * base)
        varied = pause * (1 + SPREAD * (2 * self._chance() - 1))
        return min(max(varied, self._shortest), self._longest)

    def _left(self, elapsed: float, percent: float | None) -> float | None:
        """Return the seconds that are left at the present speed; ``None`` when nothing moves on."""
        if percent is None:
            return None
        seen = self._seen
        seen.append((elapsed, percent))
        while len(seen) > 1 and seen[1][0] <= RECENT * elapsed:
            seen.popleft()
        since, before = seen[0]
        if not before < percent < ALL:
            return None
        return (elapsed - since) * (ALL - percent) / (percent - before)


class RateLimit:
    """Rolling windows of one minute and one hour.

    Args:
        times: When there were requests.
        share: Our part of the platform's limits, above 0 and up to 1; one request is always allowed.
    """

    def __init__(self, times: Iterable[float] = (), share: float = 1.0) -> None:
        self._times: deque[float] = deque(times, maxlen=PER_HOUR)
        self._windows = ((_part(PER_MINUTE, share), 60.0), (_part(PER_HOUR, share), 3600.0))

    def note(self, now: float) -> None:
        """Note a request."""
        self._times.append(now)

    def earliest(self, due: float) -> float:
        """Return the first moment, not before ``due``, at which an ask is allowed."""
        for most, window in self._windows:
            if len(self._times) >= most:
                due = max(due, self._times[-most] + window)
        return due


def _part(limit: int, share: float) -> int:
    """Return so many of a limit that all parts together do not exceed it, but at least one."""
    return max(1, math.floor(round(limit * share, 6)))
