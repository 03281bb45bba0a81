"""The clock, and repeating what changes something: only what surely did not happen is sent again.

How long an upload, an import or a run waits after HTTP 429 is decided here; a poll of a job's status waits by
``jobs/wait``, and ``jobs/throttle`` keeps the platform's limits before anything is refused.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from pytest_kore_convtest.errors import RateLimitedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

FIRST_CONTACT = 15.0
"""Seconds in which a host that was never reached may be out of reach: its name or port may be wrong."""

UNREACHED = frozenset({"dns", "refused"})
"""Causes that speak for a wrong name or port."""

FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 1.0, 1.5, 15.0
"""Seconds before something is sent again, the factor from one such pause to the next, and their limit."""


class Clock(Protocol):
    """Where time comes from."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass; Ctrl-C ends it at once."""
        threading.Event().wait(min(seconds, threading.TIMEOUT_MAX))


def persist(send: Callable[[], T], budget: float, clock: Clock, *, first_contact: float | None = None) -> T:
    """Send something that must not happen twice; repeat only what surely did not happen.

    That is: the request never left, or the platform refused it for its rate.

    Args:
        send: Sends once.
        budget: Seconds in which to repeat.
        clock: Where time comes from.
        first_contact: Seconds in which to repeat when the host's name or port looks wrong;
            ``budget`` without it.

    Raises:
        KoreError: It failed, or nobody knows whether it happened. Its ``tries`` says
            how often it was sent.
    """
    start, growing, tries = clock.monotonic(), FIRST_PAUSE, 0
    while True:
        tries += 1
        try:
            return send()
        except ServiceError as caught:
            trouble = caught
        refused = isinstance(trouble, RateLimitedError) or trouble.sent is False
        pause = max(growing, trouble.retry_after or 0.0)
        growing = min(growing * GROWTH, LONGEST_PAUSE)
        unreached = first_contact is not None and trouble.cause in UNREACHED
        end = start + (min(budget, first_contact or 0.0) if unreached else budget)
        if not refused or trouble.final or clock.monotonic() + pause > end:
            trouble.tries = tries
            raise trouble.with_traceback(None)
        clock.sleep(pause)
