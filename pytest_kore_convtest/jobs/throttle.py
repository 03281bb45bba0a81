"""Whose turn it is to change something on the platform: how many at once, and how often.

It keeps the limits beforehand; what happens after HTTP 429 is in ``api/retry`` and ``wait``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_kore_convtest.jobs.backoff import PER_HOUR, RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest.api.retry import Clock
    from pytest_kore_convtest.jobs.store import JobStore, Lock
    from pytest_kore_convtest.settings.settings import Settings

WRITES = "writes"
"""The store's key for the moments of all changes: the platform's limits count them per bot."""

LOOK_AGAIN = 0.2
"""Seconds between two looks at a job that another process works on, or for which there is no place yet."""

IN_A_ROUND = 50
"""From so many such jobs on a round of looks takes longer: a thousand would keep a processor busy."""


class RateLimiter:
    """The limits that all processes of a test run keep together.

    Args:
        store: Where they meet.
        settings: ``max_parallel``, ``rate_limit`` and ``rate_share``.
        wall: Seconds since the epoch.
    """

    def __init__(self, store: JobStore, settings: Settings, wall: Callable[[], float]) -> None:
        self._store, self._settings, self._wall = store, settings, wall
        self._refused = self._allowed = 0.0

    def take_slot(self) -> Lock | None:
        """Take one of the places for jobs under way; ``None`` while all are taken."""
        slots = (self._store.claim(f"slot {number}") for number in range(self._settings.max_parallel))
        return next((slot for slot in slots if slot is not None), None)

    def may_write(self) -> bool:
        """Say whether the platform's limits for a bot allow one more change now, and if so count it."""
        if not self._settings.rate_limit:
            return True
        if self._refused <= self._wall() < self._allowed:
            return False  # whatever others do meanwhile, it does not come earlier
        turn = self._store.claim(WRITES)
        if turn is None:
            return False
        try:
            now = self._wall()
            known = cast("dict[str, list[float]]", self._store.find(WRITES)).get("times", [])
            # After the clock was set back the future counts as now, else it would block for as long.
            times = [min(at, now) for at in known]
            self._refused, self._allowed = now, RateLimit(times, self._settings.rate_share).earliest(now)
            allowed = self._allowed <= now
            if allowed:
                times.append(now)
            if times != known:
                self._store.leave(WRITES, {"times": times[-PER_HOUR:]})
        finally:
            turn.release()
        return allowed


class Rounds:
    """Looks at those jobs of this process that cannot go on.

    Args:
        limiter: Gives the places for jobs under way.
        clock: The monotonic clock.
    """

    def __init__(self, limiter: RateLimiter, clock: Clock) -> None:
        self._limiter, self._clock = limiter, clock
        self._held_up: set[str] = set()
        self._full_until = 0.0

    def next_look(self, key: str) -> float:
        """Return the moment to look at a job again, if it cannot go on now."""
        self._held_up.add(key)
        return self._clock.monotonic() + LOOK_AGAIN * max(1.0, len(self._held_up) / IN_A_ROUND)

    def leave(self, key: str) -> None:
        """Count a job no longer: it goes on, or is over."""
        self._held_up.discard(key)

    def take_slot(self) -> Lock | None:
        """Take a place; when all were taken a moment ago, do not look at each of them for the next job."""
        now = self._clock.monotonic()
        if now < self._full_until:
            return None
        slot = self._limiter.take_slot()
        if slot is None:
            self._full_until = now + LOOK_AGAIN
        return slot

    def slot_is_free(self) -> None:
        """Look at the places with the next job."""
        self._full_until = 0.0
