"""The one road: suite → uploaded → imported → judged; every job once per test run, waits overlapping.

Fixtures, collected items, the gate and plain scripts all come through here. Jobs
stand in one heap by the time they are due, served by a few daemon threads. A job
that another process of this test run works on is looked up in the ledger instead.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.errors import KoreError, ServiceError, from_data
from pytest_kore_convtest.jobs import Job, Outcome, resume_command, see
from pytest_kore_convtest.patience import Patience, Wait
from pytest_kore_convtest.polling import Clock, SystemClock, ask_once
from pytest_kore_convtest.structure import WARNING, Finding, expect, judge, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_kore_convtest.client import KoreClient
    from pytest_kore_convtest.ledger import Ledger
    from pytest_kore_convtest.models import ImportStatus
    from pytest_kore_convtest.settings import Settings
    from pytest_kore_convtest.suitefile import LocalSuite

THREADS = 4
"""Threads that serve the heap: the best lag for a hundred jobs, with four connections."""

LOOK_AGAIN = 0.2
"""Seconds between two looks at a job that another process works on."""


class Pipeline:
    """All jobs of one process.

    Args:
        client: The client.
        settings: Patience, limits and expectations.
        ledger: What other processes know.
        clock: The monotonic clock.
        wall: Seconds since the epoch, shared with other processes.
    """

    def __init__(
        self,
        client: KoreClient,
        settings: Settings,
        ledger: Ledger,
        *,
        clock: Clock | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.client, self.settings, self.ledger = client, settings, ledger
        self.jobs: dict[str, Job] = {}
        self._clock, self._wall = clock or SystemClock(), wall
        self._patience = _patience(settings)
        self._heap: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._awake, self._ended = threading.Condition(), threading.Condition()
        self._threads = 0
        self._closed = False

    def watch_import(self, ds_id: str, label: str = "") -> Job:
        """Begin to wait for an import job, unless that has begun already."""
        return self._start(Job(f"import {ds_id}", label or ds_id, ds_id))

    def import_suite(self, suite: LocalSuite, name: str) -> Job:
        """Begin to upload and import a local suite under a name, unless that has begun already."""
        self.client.require_writable()
        return self._start(Job(f"suite {suite.path} {suite.name} {name}", suite.name, suite=suite, name=name))

    def wait_for(self, job: Job, tick: Callable[[], None] | None = None, interval: float = 0.25) -> Outcome:
        """Wait until a job has an outcome.

        Args:
            job: The job.
            tick: Called in this thread every ``interval`` seconds meanwhile.
            interval: Seconds.
        """
        while (outcome := self._wait_a_little(job, interval)) is None:
            if tick:
                tick()
        if tick:
            tick()
        return outcome

    def _wait_a_little(self, job: Job, interval: float) -> Outcome | None:
        with self._ended:
            self._ended.wait_for(lambda: job.outcome is not None, interval)
            return job.outcome

    def ask_again(self, job: Job, seen: int) -> None:
        """After trouble, ask again with what is left of the job's time.

        Args:
            job: The job.
            seen: The generation of the outcome that was trouble; a later one is left as it is.
        """
        with self._awake:
            outcome = job.outcome
            if outcome is None or outcome.trouble is None or outcome.generation != seen:
                return
            job.outcome, job.due = None, self._clock.monotonic()
            job.entry = {"again": seen}
            self._push(job)

    def judge(self, outcome: Outcome, **stated: Any) -> list[Finding]:
        """Judge a completed import and return the warnings.

        Args:
            outcome: The outcome.
            stated: Expectations: ``name``, ``steps``, ``inputs``, ``tags``.

        Raises:
            Verdict: The import was rejected, or the suite is not what it has to be.
            KoreError: There is nothing to judge.
        """
        status = outcome.result()
        expectations = expect(
            stream_id=self.settings.stream_id, require_assertions=self.settings.require_assertions, **stated
        )
        findings = judge(status, expectations)
        if bad := verdict(status, findings):
            raise bad
        return [finding for finding in findings if finding.severity == WARNING]

    def close(self) -> None:
        """Stop asking, and let other processes go on with what is not done."""
        with self._awake:
            self._closed = True
            self._awake.notify_all()
        for job in self.jobs.values():
            self._let_go(job)

    def _start(self, job: Job) -> Job:
        with self._awake:
            if job.key in self.jobs:
                return self.jobs[job.key]
            self.jobs[job.key] = job
            job.judge = self.judge
            job.due = self._clock.monotonic()
            self._push(job)
        return job

    def _push(self, job: Job) -> None:
        heapq.heappush(self._heap, (job.due, next(self._order), job))
        if self._threads < min(THREADS, len(self.jobs)):
            self._threads += 1
            threading.Thread(target=self._serve, name="kore-jobs", daemon=True).start()
        self._awake.notify()

    def _serve(self) -> None:
        while (job := self._next_job()) is not None:
            if not self._step(job):
                with self._awake:
                    self._push(job)

    def _step(self, job: Job) -> bool:
        """Do the next thing for a job, whatever happens; return whether it is over."""
        try:
            return self._work(job)
        except KoreError as caught:
            self._finish(job, None, caught)
        except Exception as bug:  # noqa: BLE001 - a waiting test must learn of it
            trouble = ServiceError(f"{job.what}: {type(bug).__name__} in this plugin: {bug}")
            self._finish(job, None, trouble)
        return True

    def _next_job(self) -> Job | None:
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

    def _work(self, job: Job) -> bool:
        """Do the next thing for a job; return whether it is over."""
        if job.claim is None and not self._take(job):
            return job.outcome is not None
        if job.suite is not None and not job.job_id:
            self._begin_import(job, job.suite)
        if job.wait is None:
            job.wait = self._make_wait(job)
        status = ask_once(
            lambda budget: self.client.import_status(job.job_id, budget=budget), see, job.wait, self._clock
        )
        job.due = job.wait.due
        if status is None:
            return False
        self._finish(job, status, None)
        return True

    def _take(self, job: Job) -> bool:
        """Claim a job, or find what another process made of it."""
        again = job.entry.get("again", 0)
        claim = self.ledger.claim(job.key)
        entry = self.ledger.read(job.key)
        job.job_id = job.job_id or entry.get("ds_id", "")
        settled = entry.get("outcome")
        if settled and (settled["generation"] > again or self._time_left(entry) <= 0):
            if claim:
                claim.release()
            self._end(job, Outcome.from_data(settled))
            return False
        if claim is None:
            job.due = self._clock.monotonic() + LOOK_AGAIN
            return False
        job.claim = claim
        known = {"ds_id": job.job_id} if job.job_id else {}
        job.entry = {"started_at": self._wall(), **entry, **known, "again": again}
        self.ledger.write(job.key, job.entry)
        return True

    def _begin_import(self, job: Job, suite: LocalSuite) -> None:
        file_id = job.entry.get("file_id") or self.client.upload(suite.data, suite.path.name)
        self._note(job, file_id=file_id)
        job.job_id = self.client.start_import(
            file_id, job.name, tags=suite.tags, description=suite.description
        )
        self._note(job, ds_id=job.job_id, started_at=self._wall())

    def _note(self, job: Job, **facts: Any) -> None:
        job.entry.update(facts)
        self.ledger.write(job.key, job.entry)

    def _make_wait(self, job: Job) -> Wait:
        left = max(0.05, self._time_left(job.entry))
        job.before = self._patience.timeout - left
        notes = self.client.check_token(left)
        patience = replace(self._patience, timeout=left)
        wait = Wait(job.what, job.job_id, patience, self._clock.monotonic(), resume_command(job.job_id))
        wait.notes += notes
        return wait

    def _time_left(self, entry: Mapping[str, Any]) -> float:
        now = self._wall()
        started_at: float = entry.get("started_at", now)
        return self._patience.timeout - max(0.0, now - started_at)

    def _finish(self, job: Job, status: ImportStatus | None, trouble: KoreError | None) -> None:
        wait = job.wait
        history = wait.history if wait else []
        outcome = Outcome(
            status,
            trouble and from_data(trouble.to_data()),
            asks=len(history),
            seconds=round(job.before + self._clock.monotonic() - wait.start, 3) if wait else 0.0,
            generation=job.entry.get("again", 0) + 1,
            history=history,
            notes=[*self.client.notes, *(wait.notes if wait else [])],
        )
        try:
            self._note(job, outcome=outcome.to_data())
        except KoreError as bad:
            outcome = Outcome(None, bad, asks=len(history), seconds=outcome.seconds)
        self._let_go(job)
        job.wait = None
        self._end(job, outcome)

    def _end(self, job: Job, outcome: Outcome) -> None:
        with self._ended:
            job.outcome = outcome
            self._ended.notify_all()

    def _let_go(self, job: Job) -> None:
        claim, job.claim = job.claim, None
        if claim is not None:
            claim.release()


def _patience(settings: Settings) -> Patience:
    return Patience(
        timeout=settings.timeout,
        poll_interval=settings.poll_interval,
        max_poll_interval=settings.max_poll_interval,
        outage_budget=settings.outage_budget,
        stall_timeout=settings.stall_timeout,
        request_timeout=settings.request_timeout,
        rate_limit=settings.rate_limit,
    )
