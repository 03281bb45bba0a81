"""What the record, the terminal and the exit code need to know of jobs that have ended."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pytest_kore_convtest.plugin.baseline import mark_known
from pytest_kore_convtest.plugin.own_items import OwnItem
from pytest_kore_convtest.redaction import hide_in

if TYPE_CHECKING:
    from pytest_kore_convtest.jobs.job import AnyJob
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.reports.job_summary import JobSummary
    from pytest_kore_convtest.reports.record import StepRecord
    from pytest_kore_convtest.suites.file import LocalSuite


class JobResults:
    """The jobs of one process that have ended, as they are reported.

    Args:
        run: The run of this process.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._told: set[tuple[str, int]] = set()
        self._results: dict[str, JobResult] = {}
        self._summaries: dict[str, JobSummary] = {}
        self._steps: dict[tuple[str, int], list[StepRecord]] = {}

    def new(self, jobs: list[AnyJob]) -> list[JobResult]:
        """Describe jobs that have ended, each once in this process, for the record."""
        from pytest_kore_convtest.jobs.suite_run import SuiteRun

        before = [job.after for job in jobs if isinstance(job, SuiteRun) and job.after is not None]
        ended = [job.head for job in [*before, *jobs] if job.outcome is not None]
        new = {(job.key, job.generation): job for job in ended}
        results = [self._describe(job) for key, job in new.items() if key not in self._told]
        self._told.update(new)
        return results

    def summarize(self, job: AnyJob) -> JobSummary:
        """Return what the terminal and the exit code need to know of a job, out of its part of the record."""
        from pytest_kore_convtest.reports.job_summary import summarize_job

        job = job.head
        known = self._summaries.get(job.key)
        if known is None or known["generation"] != job.generation:
            known = self._summaries[job.key] = summarize_job(self._describe(job))
        return known

    def describe_steps(self, job: SuiteRun) -> list[StepRecord]:
        """Return the steps of a run that has ended as the record has them, without secrets.

        Described once, because each of them is an item.
        """
        key = job.key, job.generation
        if key not in self._steps:
            self._steps[key] = hide_in(self._describe(job)["steps"])
        return self._steps[key]

    def _describe(self, job: AnyJob) -> JobResult:
        from pytest_kore_convtest.reports.job_record import describe_job

        if not self._run.wants_record:
            return describe_job(job)
        measured = self._run.settings.bot_definition is not None
        known = self._results.get(job.key)
        if known is None or known["generation"] != job.generation:
            known = self._results[job.key] = describe_job(job, measured=measured)
            self._mark(known, job)
        return known

    def _mark(self, result: JobResult, job: AnyJob) -> None:
        """Write on the steps of a run which failures the baseline accepts."""
        from pytest_kore_convtest.jobs.suite_run import SuiteRun

        if self._run.baseline.accepted is not None and isinstance(job, SuiteRun):
            from pytest_kore_convtest.history.baseline import EMULATOR

            stream = EMULATOR if self._run.emulated else self._run.known_settings().stream_id or ""
            suites = [suite for suite, _ in self._run.plan or ()]
            suites += [one.suite for one in self._run.jobs() if one.suite is not None]
            suites += self._divided
            mark_known(result, job, self._run.baseline.accepted, (stream, suites), self._run.today)

    @cached_property
    def _divided(self) -> list[LocalSuite]:
        """The suites of all machines that share them: one of the same name may be on another one."""
        items = [item for item in self._run.undivided if isinstance(item, OwnItem)]
        return list({id(item.suite): item.suite for item in items if item.suite is not None}.values())

    def known_failures(self, job: AnyJob) -> dict[int, str]:
        """Return which failed steps of a run are accepted, and why, by their numbers."""
        if self._run.baseline.accepted is None or job.outcome is None:
            return {}
        return {step["number"]: step["known"] for step in self._describe(job)["steps"] if step["known"]}
