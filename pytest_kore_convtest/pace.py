"""When to ask next: the rhythm of the pauses, and the platform's own limits. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

GROWTH = 1.5
"""Factor from one pause to the next."""

PER_MINUTE, PER_HOUR = 60, 1800
"""Requests that the platform allows in any minute and hour (documented rate limits): per job for
status calls, per bot for all others."""


class Rhythm:
    """Pauses that grow by half from the shortest to the longest.

    Args:
        shortest: Seconds of the first pause.
        longest: Seconds that no pause exceeds.
    """

    def __init__(self, shortest: float, longest: float) -> None:
        self._pause, self._longest = shortest, max(shortest, longest)

    def next_pause(self) -> float:
        """Return the next pause in seconds."""
        pause = self._pause
        self._pause = min(pause * GROWTH, self._longest)
        return pause


class RateLimit:
    """Rolling windows of one minute and one hour."""

    def __init__(self, times: Iterable[float] = ()) -> None:
        self._times: deque[float] = deque(times, maxlen=PER_HOUR)

    def note(self, now: float) -> None:
        """Note a request."""
        self._times.append(now)

    def earliest(self, due: float) -> float:
        """Return the first moment, not before ``due``, at which an ask is allowed."""
        for most, window in ((PER_MINUTE, 60.0), (PER_HOUR, 3600.0)):
            if len(self._times) >= most:
                due = max(due, self._times[-most] + window)
        return due
