"""Poll, judge, sleep: one request after the other until a job has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pytest_kore_convtest.errors import KoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest.api.retry import Clock
    from pytest_kore_convtest.jobs.wait import PollResult, Wait

T = TypeVar("T")


def poll_until(ask: Callable[[float], T], see: Callable[[T], PollResult], wait: Wait, clock: Clock) -> T:
    """Ask until the job has ended, and return the answer that says so.

    Args:
        ask: Asks once; takes the seconds it may last. What it raises of ours is judged by ``wait``.
        see: Says what an answer shows.
        wait: The wait.
        clock: Where time comes from.

    Raises:
        KoreError: The wait has failed.
    """
    while True:
        clock.sleep(max(0.0, wait.due - clock.monotonic()))
        answer = ask_once(ask, see, wait, clock)
        if answer is not None:
            return answer


def ask_once(ask: Callable[[float], T], see: Callable[[T], PollResult], wait: Wait, clock: Clock) -> T | None:
    """Ask once and tell the wait; return the answer when it ends the wait.

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
