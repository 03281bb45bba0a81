"""Whose turn it is to change something on the platform: how many at once, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.pace import PER_HOUR, RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest.ledger import Claim, Ledger
    from pytest_kore_convtest.settings import Settings

WRITES = "writes"
"""The ledger's key for the moments of all changes: the platform's limits count them per bot."""


class Turns:
    """The limits that all processes of a test run keep together.

    Args:
        ledger: Where they meet.
        settings: ``max_parallel`` and ``rate_limit``.
        wall: Seconds since the epoch.
    """

    def __init__(self, ledger: Ledger, settings: Settings, wall: Callable[[], float]) -> None:
        self._ledger, self._settings, self._wall = ledger, settings, wall

    def take_slot(self) -> Claim | None:
        """Take one of the places for jobs under way; ``None`` while all are taken."""
        slots = (self._ledger.claim(f"slot {number}") for number in range(self._settings.max_parallel))
        return next((slot for slot in slots if slot is not None), None)

    def may_write(self) -> bool:
        """Say whether the platform's limits for a bot allow one more change now, and if so count it."""
        if not self._settings.rate_limit:
            return True
        turn = self._ledger.claim(WRITES)
        if turn is None:
            return False
        try:
            now = self._wall()
            known: list[float] = self._ledger.read(WRITES).get("times", [])
            # After the clock was set back the future counts as now, else it would block for as long.
            times = [min(at, now) for at in known]
            allowed = RateLimit(times).earliest(now) <= now
            if allowed:
                times.append(now)
            if times != known:
                self._ledger.write(WRITES, {"times": times[-PER_HOUR:]})
        finally:
            turn.release()
        return allowed
