"""How much of its time a job has left, whichever process works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import JobTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest.api.retry import Clock
    from pytest_kore_convtest.jobs.job import AnyJob
    from pytest_kore_convtest.jobs.store_entry import JobEntry

LEAST_WAIT = 0.02
"""Seconds that a wait lasts at least; a job that has less left has no time left."""

OVERDUE = 2.0
"""Seconds past a job's time after which a waiter gives up on the thread that works on it: it reads a file
that blocks, or computes."""

OTHERS_OVERDUE = 30.0
"""The same for a job of another process, since this one saw it begun: the other ends it when it lives."""


class Deadlines:
    """The time of each job, from its first request on.

    Args:
        timeout: Seconds that a job has.
        clock: The monotonic clock.
        wall: Seconds since the epoch, shared with other processes.
    """

    def __init__(self, timeout: float, clock: Clock, wall: Callable[[], float]) -> None:
        self._timeout, self._clock, self._wall = timeout, clock, wall
        self._seen_begun: dict[str, float] = {}

    def is_overdue(self, job: AnyJob) -> bool:
        """Say whether the thread that works on a job is past the job's time, and was so a while ago."""
        now = self._clock.monotonic()
        until = job.busy_until or (job.wait.deadline if job.wait else now)
        if now <= until:
            job.overdue_since = None
            return False
        job.overdue_since = job.overdue_since or now
        return now - job.overdue_since > OVERDUE

    def check_queue(self, job: AnyJob) -> None:
        """Refuse to queue longer than the time that a job has left since its first request.

        Raises:
            JobTimeoutError: It has none.
        """
        if "started_at" not in job.entry:
            return
        left = self.left(job)
        if left <= 0:
            why = "a place (kore_max_parallel)" if job.slot is None else "the platform's rate limit"
            raise self.late(job, f"it waited for {why}")
        job.due = min(job.due, self._clock.monotonic() + left)

    def check_other(self, job: AnyJob, entry: JobEntry) -> None:
        """Refuse to wait for another process that has not ended a job long after its time.

        Raises:
            JobTimeoutError: It has not.
        """
        now = self._clock.monotonic()  # what the wall clock says may have jumped
        if "started_at" not in entry:
            self.forget(job)
        elif now - self._seen_begun.setdefault(job.key, now) > self._timeout + OTHERS_OVERDUE:
            job.entry = entry.copy()
            raise self.late(job, "another process of this test run works on it, and hangs or was stopped")

    def late(self, job: AnyJob, why: str) -> JobTimeoutError:
        """Return the error of a job that has no time left."""
        return JobTimeoutError(
            f"{job.what} did not finish in {self._timeout:g} s (kore_timeout): {why}.",
            job_id=job.job_id,
            last=None,
            history=[],
        )

    def left(self, job: AnyJob) -> float:
        """Return the seconds that are left of a job's time."""
        if job.began is None:
            return self.left_of(job.entry)
        return self._timeout - (self._clock.monotonic() - job.began)

    def left_of(self, entry: JobEntry) -> float:
        """Return the seconds that are left of the time of a job that another process may have begun."""
        now = self._wall()
        started_at: float = entry.get("started_at", now)
        return self._timeout - max(0.0, now - started_at)

    def forget(self, job: AnyJob) -> None:
        """Forget when another process was seen to have begun a job."""
        self._seen_begun.pop(job.key, None)
