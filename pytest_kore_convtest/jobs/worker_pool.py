"""A few threads that serve many jobs, each when it is due."""

from __future__ import annotations

import heapq
import itertools
import os
import threading
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest.api.retry import Clock
    from pytest_kore_convtest.jobs.job import AnyJob

THREADS = 3
"""Threads that serve the heap, each with a connection: more of them bring a hundred jobs no less lag."""


class WorkerPool:
    """Daemon threads around one heap of jobs, ordered by the time they are due.

    Args:
        step: Does the next thing for a job and returns whether the job is over.
        clock: The monotonic clock that ``Job.due`` is of.
    """

    def __init__(self, step: Callable[[AnyJob], bool], clock: Clock) -> None:
        self._step, self._clock = step, clock
        self._heap: list[tuple[float, int, AnyJob]] = []
        self._order = itertools.count()
        self._awake = threading.Condition()
        self._threads = self._jobs = 0
        self._closed = False
        self._process = os.getpid()

    def require_threads(self, job: AnyJob) -> None:
        """Refuse to wait in a process that was forked off: the threads have stayed in its parent.

        Raises:
            JobError: The job had no outcome when the process was forked off, and will never have one here.
        """
        if job.outcome is None and self._process != os.getpid():
            raise JobError(
                f"{job.what}: a forked process cannot wait for a job. Wait in the test itself before the"
                " fork, or request the status once with kore_client.",
                job_id=job.job_id,
                last=None,
                history=[],
            )

    def add(self, job: AnyJob) -> None:
        """Serve one more job."""
        with self._awake:
            self._jobs += 1
            self._push(job)
            if self._threads < min(THREADS, self._jobs) and not self._closed:
                self._threads += 1
                threading.Thread(target=self._serve, name="kore-jobs", daemon=True).start()

    def close(self) -> None:
        """Let the threads end; what one is doing it may finish."""
        with self._awake:
            self._closed = True
            self._awake.notify_all()

    def _push(self, job: AnyJob) -> None:
        heapq.heappush(self._heap, (job.due, next(self._order), job))
        self._awake.notify()

    def _serve(self) -> None:
        from pytest_kore_convtest.api.transport import ignore_mocks

        ignore_mocks()
        while (job := self._next_job()) is not None:
            over = self._step(job)
            with self._awake:
                if over:
                    self._jobs -= 1
                else:
                    self._push(job)

    def _next_job(self) -> AnyJob | None:
        with self._awake:
            while not self._closed:
                if not self._heap:
                    self._awake.wait()
                    continue
                pause = self._heap[0][0] - self._clock.monotonic()
                if pause <= 0:
                    return heapq.heappop(self._heap)[2]
                self._awake.wait(pause)
            return None
