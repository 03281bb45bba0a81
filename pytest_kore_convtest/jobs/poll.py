"""One request for a job's status, and what it tells the job's wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_kore_convtest.errors import KoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest.api.retry import Clock
    from pytest_kore_convtest.jobs.wait import PollResult, Wait

T = TypeVar("T")


def poll_once(
    ask: Callable[[float], T], see: Callable[[T], PollResult], wait: Wait, clock: Clock
) -> T | None:
    """Ask once and tell the wait; return the answer when it ends the wait.

    Args:
        ask: Asks; takes the seconds it may last. What it raises of ours is judged by ``wait``.
        see: Says what an answer shows.
        wait: The wait.
        clock: Where time comes from.

    Raises:
        KoreError: The wait has failed.
    """
    now = clock.monotonic()
    wait.asked(now)
    try:
        answer = ask(wait.budget(now))
    except KoreError as caught:
        trouble = caught
    else:
        return answer if wait.answered(see(answer), clock.monotonic()) else None
    wait.failed(trouble, clock.monotonic())
    return None
