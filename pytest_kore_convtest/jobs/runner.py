"""The one road: suite → uploaded → imported → judged; every job once per test run, waits overlapping.

Fixtures, collected items, the gate and plain scripts all come through here. Jobs
stand in one heap by the time they are due, served by a few daemon threads. A job
that another process of this test run works on is looked up in the store instead.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar, cast

from pytest_kore_convtest.api.retry import Clock, SystemClock
from pytest_kore_convtest.errors import (
    ConfigError,
    JobError,
    JobTimeoutError,
    KoreError,
    ProtocolError,
    ServiceError,
    from_data,
)
from pytest_kore_convtest.jobs.deadline import LEAST_WAIT, Deadlines
from pytest_kore_convtest.jobs.end_reasons import LOOK, resume_options, typed_secret
from pytest_kore_convtest.jobs.job import Job, SuiteImport, WatchImport, identify
from pytest_kore_convtest.jobs.outcome import Outcome, S
from pytest_kore_convtest.jobs.settle import require_same_file, settle
from pytest_kore_convtest.jobs.store_entry import JobEntry, kept_file
from pytest_kore_convtest.jobs.throttle import RateLimiter, Rounds
from pytest_kore_convtest.jobs.wait import Wait, WaitLimits
from pytest_kore_convtest.jobs.worker_pool import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.jobs.backoff import Backoff
    from pytest_kore_convtest.jobs.job import AnyJob
    from pytest_kore_convtest.jobs.store import JobStore
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.settings.settings import Settings
    from pytest_kore_convtest.suites.file import LocalSuite
    from pytest_kore_convtest.suites.results.attempts import Repetition

J = TypeVar("J", bound="AnyJob")

WRITES_GRACE = 2.0
"""Seconds that a change under way may still take when the test run stops, so that its end is known."""

_LOADING = 0.1
"""Seconds that the first request gets to leave before anything else is loaded."""


class Pipeline:
    """All jobs of one process.

    Args:
        client: The client.
        settings: WaitLimits, limits and expectations.
        store: What other processes know.
        clock: The monotonic clock.
        wall: Seconds since the epoch, shared with other processes.
        pool: Makes what serves the jobs, out of the function that does a job's next step and the clock.

    Attributes:
        jobs: All jobs, by key.
        begun: Whether everything that the test run selected has begun.
        make_backoff: Makes the pauses of a job's wait as that begins, when they are not to be the plain ones.
        root: From where the paths of files are the same for all processes; ``None`` for one process.
        options: What a command that waits for a job again has to repeat; ``None`` against the emulator.
    """

    client: KoreClient
    settings: Settings
    store: JobStore

    def __init__(  # noqa: PLR0913 - what it works with; three of them for tests alone
        self,
        client: KoreClient,
        settings: Settings,
        store: JobStore,
        *,
        clock: Clock | None = None,
        wall: Callable[[], float] = time.time,
        pool: Callable[[Callable[[AnyJob], bool], Clock], WorkerPool] = WorkerPool,
    ) -> None:
        self.client, self.settings, self.store = client, settings, store
        self.jobs: dict[str, AnyJob] = {}
        self.begun = False
        self.root: Path | None = None
        self.options: tuple[str, ...] | None = None if settings.emulator else resume_options(settings)
        self._needs = typed_secret(settings)
        self._writes = 0
        self._closed = False
        self._clock, self._wall = clock or SystemClock(), wall
        self.make_backoff: Callable[[AnyJob], Backoff] | None = None
        self._limits = WaitLimits.of(settings)
        self._deadlines = Deadlines(settings.timeout, self._clock, wall)
        self._limiter = RateLimiter(store, settings, wall)
        self._pool = pool(self._step, self._clock)
        self._ended = threading.Condition()
        self._stuck: set[str] = set()
        self._waiting: dict[str, list[AnyJob]] = {}
        self._spelt: dict[Path, str] = {}
        self._rounds = Rounds(self._limiter, self._clock)

    def watch_import(self, ds_id: str, label: str = "") -> WatchImport:
        """Begin to wait for an import job, unless that has begun already."""
        return self._start(WatchImport(f"import {ds_id}", label or ds_id, ds_id))

    def import_suite(self, suite: LocalSuite, name: str) -> SuiteImport:
        """Begin to upload and import a local suite under a name, unless that has begun already."""
        self.client.require_writable()
        path = self._spell(suite.path)
        key = f"suite {path} {suite.name} {name}"
        return self._start(SuiteImport(key, suite.name, suite=suite, name=name))

    def _spell(self, path: Path) -> str:
        """Spell a file in one way, however it was spelt, on whichever machine; links stay apart."""
        if (spelt := self._spelt.get(path)) is None:
            spelt = os.path.abspath(path)  # noqa: PTH100 - links stay apart
            if self.root is not None:
                with suppress(ValueError):  # another drive
                    spelt = os.path.relpath(path, self.root)
            self._spelt[path] = spelt
        return spelt

    def run_suite(self, name: str, version: str, after: SuiteImport) -> SuiteRun:
        """Begin to run a suite that this test run imports, unless that has begun already.

        It is run once more when that has ended, as the settings say: ``following`` is the next run.
        """
        from pytest_kore_convtest.jobs.suite_run import SuiteRun, run_label

        self.client.require_writable()
        run = SuiteRun(run_label(after.label, 1, self.settings.repeat), name, version, after.suite, after)
        run.rules, run.plan = self.settings.rules, self._plan()
        return self._start(run)

    def _plan(self) -> Repetition | None:
        """Return how often suites are run; ``None`` for once."""
        settings = self.settings
        if not settings.retry_failed and settings.repeat is None:
            return None
        from pytest_kore_convtest.suites.results.attempts import Repetition

        return Repetition(settings.retry_failed, settings.repeat, settings.min_pass_rate)

    def _follow(self, job: AnyJob, outcome: Outcome[ImportStatus | RunStatus]) -> None:
        """Begin the next run of a suite after one that has ended, if there is to be one."""
        from pytest_kore_convtest.jobs.suite_run import SuiteRun, run_label

        if not isinstance(job, SuiteRun) or job.plan is None or job.after is None or self._closed:
            return
        if job.following is not None or not job.wants_another(cast("Outcome[RunStatus]", outcome)):
            return
        label = run_label(job.after.label, job.attempt + 1, self.settings.repeat)
        run = SuiteRun(label, job.name, job.version, job.suite, job.after, before=job)
        run.rules, run.plan = job.rules, job.plan
        job.following = self._start(run)

    def wait_for(
        self, job: Job[S], tick: Callable[[], None] | None = None, interval: float = 0.25
    ) -> Outcome[S]:
        """Wait until a job has an outcome.

        Args:
            job: The job.
            tick: Called in this thread every ``interval`` seconds meanwhile.
            interval: Seconds.
        """
        self._pool.require_threads(job)
        _load_models()
        while (outcome := self._wait_a_little(job, interval)) is None:
            if tick:
                tick()
        if tick:
            tick()
        return outcome

    def _wait_a_little(self, job: Job[S], interval: float) -> Outcome[S] | None:
        with self._ended:
            self._ended.wait_for(lambda: job.outcome is not None, interval)
            if job.outcome is not None or not self._deadlines.is_overdue(job):
                return job.outcome
        return self._give_up(job)

    def _give_up(self, job: Job[S]) -> Outcome[S] | None:
        """End the wait for a job whose thread does not come back; what that one brings later is dropped."""
        phase = "its last answer was still being processed" if job.wait else "it was still being started"
        again = f" To wait for it again: {job.resume}" if job.resume else ""
        trouble = JobTimeoutError(
            f"{job.what} did not finish in {self._limits.timeout:g} s (kore_timeout): {phase}.{again}",
            job_id=job.job_id,
            last=job.wait.last.words if job.wait and job.wait.last else None,
            history=list(job.wait.history) if job.wait else [],
        )
        self._finish(job, None, trouble)
        self._stuck.add(job.key)
        return job.outcome

    def ask_again(self, job: AnyJob, seen: int) -> None:
        """After trouble, ask again with what is left of the job's time.

        Args:
            job: The job.
            seen: The generation of the outcome that was trouble; a later one is left as it is.
        """
        with self._ended:
            outcome = job.outcome
            if outcome is None or outcome.trouble is None or outcome.generation != seen:
                return
            if job.key in self._stuck:
                return  # its thread may come back at any time
            job.outcome, job.due = None, self._clock.monotonic()
            self._deadlines.forget(job)
            job.entry = {"again": seen}
        self._serve(job)

    def judge(
        self, outcome: Outcome[ImportStatus], local: LocalSuite | None = None, **stated: object
    ) -> list[Finding]:
        """Judge a completed import and return the warnings and hints.

        Args:
            outcome: The outcome.
            local: The local suite that the stored one has to be.
            stated: Expectations: ``name``, ``steps``, ``inputs``, ``tags``.

        Raises:
            Verdict: The import was rejected, or the suite is not what it has to be.
            KoreError: There is nothing to judge.
        """
        from pytest_kore_convtest.rules import ERROR
        from pytest_kore_convtest.suites.stored.compare_with_file import compare
        from pytest_kore_convtest.suites.stored.validate import expect, judge, verdict

        status = outcome.result()
        rules = self.settings.rules
        expectations = expect(stated, stream_id=self.settings.stream_id, rules=rules)
        findings = judge(status, expectations)
        if local is not None and isinstance(stored := status.raw.get("response"), dict):
            findings += compare(local, stored, rules)
        if bad := verdict(status, findings):
            raise bad
        return [finding for finding in findings if finding.severity != ERROR]

    def _judge_own(self, job: WatchImport, outcome: Outcome[ImportStatus], **stated: object) -> list[Finding]:
        """Judge a job's outcome against its own suite; the same question is answered from memory."""
        question = (outcome.generation, outcome.status is None, repr(sorted(stated.items())))
        if job.judged is None or job.judged[0] != question:
            named = {"name": job.name} if job.name else {}
            try:
                answer: list[Finding] | KoreError = self.judge(outcome, job.suite, **{**named, **stated})
            except KoreError as bad:
                answer = from_data(bad.to_data())
            job.judged = (question, answer)
        if isinstance(job.judged[1], KoreError):
            raise from_data(job.judged[1].to_data())
        return list(job.judged[1])

    def close(self, *, hurry: bool = True) -> None:
        """Stop asking, and let other processes go on with what is not done.

        A change under way may end first: what nobody knows of cannot be told, and no other process can go
        on with it.

        Args:
            hurry: Wait for that no longer than ``WRITES_GRACE``; otherwise as long as one request may take.
        """
        self._closed = True
        self._pool.close()
        with self._ended:
            grace = WRITES_GRACE if hurry else self._limits.request_timeout
            self._ended.wait_for(lambda: not self._writes, grace)
        for job in self.jobs.values():
            self._let_go(job)

    def _start(self, job: J) -> J:
        self._pool.require_threads(self.jobs.get(job.key, job))
        with self._ended:
            if job.key in self.jobs:
                return cast("J", self.jobs[job.key])
            self.jobs[job.key] = job
            if isinstance(job, WatchImport):
                job.judge = partial(self._judge_own, job)
            job.options, job.needs = self.options, self._needs
            job.due = self._clock.monotonic()
        self._serve(job)
        return job

    def _serve(self, job: AnyJob) -> None:
        """Let the threads serve a job, once the one that it follows has ended."""
        first = job.follows()
        with self._ended:
            if first is not None and first.outcome is None:
                self._waiting.setdefault(first.key, []).append(job)
                return
        self._pool.add(job)

    def _step(self, job: AnyJob) -> bool:
        """Do the next thing for a job, whatever happens; return whether it is over."""
        try:
            return self._work(job)
        except KoreError as caught:
            self._finish(job, None, self._tell(job, caught))
        except Exception as bug:  # noqa: BLE001 - a waiting test must learn of it
            self._finish(job, None, self._tell(job, _defect(job, bug)))
        finally:
            job.busy_until = None
        return True

    def _tell(self, job: AnyJob, trouble: KoreError) -> KoreError:
        """Tell the story of a job's wait, whatever ended it."""
        return trouble if job.wait is None else job.wait.tell(trouble, self._clock.monotonic())

    def _work(self, job: AnyJob) -> bool:
        """Do the next thing for a job; return whether it is over."""
        if reason := job.blocked():
            job.not_started = reason
            raise JobError(f"{job.what} did not start: {reason}", job_id="", last=None, history=[])
        job.due = self._rounds.next_look(job.key)
        if reason is not None:
            return False
        if job.claim is None and not self._take(job):
            return job.outcome is not None
        if not job.job_id and not self._begin(job):
            return False
        self._rounds.leave(job.key)
        now = self._clock.monotonic()
        job.busy_until = now + max(self._deadlines.left(job), LEAST_WAIT)
        if job.wait is None:
            job.wait = self._make_wait(job)
        if now > job.wait.deadline:  # the machine slept: one more ask is allowed
            job.busy_until = now + self._limits.request_timeout
        status = self._ask(job, job.wait)
        job.due = job.wait.due
        if status is None:
            return False
        self._finish(job, status, None)
        return True

    def _ask(self, job: Job[S], wait: Wait) -> S | None:
        """Ask once, and note what was seen where it outlives this process."""
        before = len(wait.history)
        try:
            return job.poll(self.client, wait, self._clock)
        finally:
            for poll in wait.history[before:]:
                self.store.note_poll(job.key, poll)

    def _take(self, job: AnyJob) -> bool:
        """Lock a job, or find what another process made of it."""
        again = job.entry.get("again", 0)
        claim = self.store.claim(job.key)
        try:
            entry = self.store.read(job.key)
            require_same_file(job, entry)
        except ConfigError:
            if claim:
                claim.release()
            raise
        job.job_id = job.job_id or entry.get("job_id", "")
        settled = entry.get("outcome")
        spent = entry.get("ambiguous") or self._deadlines.left_of(entry) <= LEAST_WAIT
        if settled and (settled["generation"] > again or spent):
            if claim:
                claim.release()
            job.entry = kept_file(entry)
            self._end(job, Outcome.from_data(settled, job.read))
            return False
        if claim is None:
            self._deadlines.check_other(job, entry)
            return False
        job.claim = claim
        begun = JobEntry(started_at=self._wall()) if job.job_id else JobEntry()
        job.entry = {**begun, **entry, **identify(job), "again": again}
        self.store.write(job.key, job.entry)
        return True

    def _begin(self, job: AnyJob) -> bool:
        """Do the next change on the platform for a job, within all limits; return whether it has begun."""
        job.slot = job.slot or self._rounds.take_slot()
        if job.slot is None or not self._limiter.may_write():
            self._deadlines.check_queue(job)
            return False
        if job.entry.get("sending"):
            raise self._unknown(job, JobError("The process that was starting it has died.", job_id=""))
        if "started_at" not in job.entry:  # the time in the queue before its first request is not its own
            job.began = self._clock.monotonic()
            self._note(job, JobEntry(started_at=self._wall()))
        left = self._deadlines.left(job)
        if left <= 0:
            raise self._deadlines.late(job, "it was about to go on")
        self._count_write(1)
        try:
            self._note(job, JobEntry(sending=job.begins_once(), uploading=not job.begins_once()))
            job.busy_until = self._clock.monotonic() + left
            try:
                with self.client.within(left):
                    facts = job.begin(self.client)
            except ServiceError as caught:
                trouble = caught
            else:
                job.job_id = self._check_id(job, facts.get("job_id", ""))
                self._note(job, {**facts, "sending": False, "uploading": False, "resume": job.resume})
                job.due = self._clock.monotonic()
                return bool(job.job_id)
        finally:
            self._count_write(-1)
        if isinstance(trouble, ProtocolError) or trouble.sent:
            raise self._unknown(job, trouble)
        self._note(job, JobEntry(sending=False, uploading=False))
        raise trouble.with_traceback(None)

    def _check_id(self, job: AnyJob, job_id: str) -> str:
        """Refuse an id that another job of ours has: whose result would it be?

        Raises:
            ProtocolError: It is that of another job.
        """
        others = [one.what for one in list(self.jobs.values()) if one is not job and one.job_id == job_id]
        if job_id and others:
            raise ProtocolError(
                f"the platform gave {job.what} the id {job_id}, which {others[0]} already has, so their"
                " results cannot be told apart. Run again.",
                excerpt=job_id,
                final=True,
            )
        return job_id

    def _count_write(self, one: int) -> None:
        with self._ended:
            self._writes += one
            self._ended.notify_all()

    def _unknown(self, job: AnyJob, trouble: KoreError) -> KoreError:
        """Note that nobody knows whether a job has begun, so that it is not begun again."""
        self._note(job, JobEntry(ambiguous=True))
        return replace(
            trouble,
            message=f"{trouble.message} Whether {job.what} has started is not known, so it is not started"
            f" again: look for {job.name!r} on {LOOK}, then run again.",
        )

    def _note(self, job: AnyJob, facts: JobEntry) -> None:
        job.entry.update(facts)
        self.store.write(job.key, job.entry)

    def _make_wait(self, job: AnyJob) -> Wait:
        left = max(LEAST_WAIT, self._deadlines.left(job))
        job.before = self._limits.timeout - left
        notes = self.client.check_token(left)
        limits = self._limits._replace(timeout=left)
        wait = Wait(job.what, job.job_id, limits, self._clock.monotonic(), job.resume)
        wait.before, wait.way_on, wait.needs = job.before, job.way_on, job.needs
        wait.earlier = self.store.polls(job.key)
        wait.backoff = self.make_backoff(job) if self.make_backoff else wait.backoff
        wait.notes += notes
        return wait

    def _finish(self, job: Job[S], status: S | None, trouble: KoreError | None) -> None:
        if job.key in self._stuck:
            return  # a waiter has given up on it
        try:
            outcome = settle(self.store, job, self._make_outcome(job, status, trouble))
        except Exception as bad:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            trouble = self._tell(job, bad if isinstance(bad, KoreError) else _defect(job, bad))
            outcome = Outcome(None, trouble, asks=len(job.wait.history) if job.wait else 0, seconds=0.0)
        self._let_go(job)
        job.wait = None
        self._end(job, outcome)

    def _make_outcome(self, job: Job[S], status: S | None, trouble: KoreError | None) -> Outcome[S]:
        wait = job.wait
        history = wait.history if wait else []
        return Outcome(
            status,
            trouble and from_data(trouble.to_data()),
            asks=len(history),
            seconds=round(job.before + self._clock.monotonic() - wait.start, 3) if wait else 0.0,
            ended_at=self._wall(),
            clock_skew=self.client.clock_skew,
            generation=job.entry.get("again", 0) + 1,
            history=history,
            notes=[*self.client.notes, *(wait.notes if wait else [])],
        )

    def _end(self, job: Job[S], outcome: Outcome[S]) -> None:
        self._rounds.leave(job.key)
        self._follow(job, outcome)
        with self._ended:
            job.outcome = outcome
            self._ended.notify_all()
            waiting = self._waiting.pop(job.key, [])
        for one in waiting:
            one.due = self._clock.monotonic()
            self._serve(one)

    def _let_go(self, job: AnyJob) -> None:
        claims = (job.slot, job.claim)
        job.slot = job.claim = None
        for claim in claims:
            if claim is not None:
                claim.release()
        if claims[0] is not None:
            self._rounds.slot_is_free()


def _load_models() -> None:
    """Load what reads an answer while the first request is on its way: before, it would only delay that."""
    if "pytest_kore_convtest.api.models" not in sys.modules:
        from pytest_kore_convtest.api.transport import request_left

        request_left.wait(_LOADING)
        from pytest_kore_convtest.api import error_responses, models  # noqa: F401


def _defect(job: AnyJob, bug: Exception) -> ServiceError:
    return ServiceError(
        f"{job.what}: internal error in this plugin ({type(bug).__name__}): {bug}; please report it as a bug"
    )
