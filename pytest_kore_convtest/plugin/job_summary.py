"""What there is to say about a job that has ended, for the terminal and the exit code.

What knows the platform's replies is imported where a job is there to speak of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_kore_convtest.errors import KoreError, StructureError
from pytest_kore_convtest.jobs.entry import JobSummary
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from pytest_kore_convtest.jobs.job import AnyJob, SuiteRun, WatchImport
    from pytest_kore_convtest.suites.run_result import RunResult

PASSED, FAILED, UNKNOWN = "passed", "failed", "unknown"
"""The verdicts on a job."""

IMPORT, RUN = "import", "run"
"""The kinds of jobs."""

_LONGEST_NAME, _LONGEST_REASON = 80, 160
_MOST_NAMED = 10


def summarize_job(job: AnyJob) -> JobSummary:
    """Return what there is to say about a job, gathered once for an outcome.

    The verdict is that of the import and of its own structure, or of the whole run; what
    a test expects beyond that is the test's result.
    """
    from pytest_kore_convtest.jobs.job import SuiteRun

    outcome = job.outcome
    assert outcome is not None  # noqa: S101 - callers look first
    if job.summary is None or job.summary["generation"] != outcome.generation:
        summary = JobSummary(
            kind=RUN if isinstance(job, SuiteRun) else IMPORT,
            key=job.key,
            id=job.job_id,
            label=job.label,
            asks=outcome.asks,
            seconds=outcome.seconds,
            last=outcome.status.sent_status if outcome.status else _last_words(job),
            generation=outcome.generation,
            verdict=UNKNOWN,
            weakest=_describe_trouble(job),
            suite="",
            steps=0,
            notes=list(outcome.notes),
            rules=[],
            stored=False,
            assertions={},
            ours=job.suite is not None,
            results={},
            unevaluated=[],
            blocked=False,
        )
        if isinstance(job, SuiteRun):
            _add_run(summary, job)
        else:
            _add_import(summary, cast("WatchImport", job))
        job.summary = summary
    return job.summary


def _last_words(job: AnyJob) -> str:
    """Return the last usable answer about a job that has no verdict; empty when there was none."""
    trouble = job.outcome.trouble if job.outcome else None
    return trouble.last or "" if trouble else ""


def _describe_trouble(job: AnyJob) -> str:
    """Say why a job has no verdict, without what the line about it says anyway."""
    trouble = job.outcome.trouble if job.outcome else None
    return brief(trouble.message.partition(" did not begin: ")[2] or trouble.message) if trouble else ""


def _add_run(summary: JobSummary, job: SuiteRun) -> None:
    from pytest_kore_convtest.suites import run_result

    summary["suite"], summary["blocked"] = job.name, _is_blocked(job)
    counts = summary["results"] = dict.fromkeys(
        (run_result.PASSED, run_result.FAILED, run_result.NOT_EVALUATED), 0
    )
    if job.outcome is None or job.outcome.status is None:
        return
    status, result = job.outcome.status, job.result()
    if status.steps is None:  # counts only: the platform's word, not ours
        counts[PASSED], counts[FAILED] = status.passed or 0, status.failed or 0
        counts[run_result.NOT_EVALUATED] = max(0, len(result.steps) - counts[PASSED] - counts[FAILED])
    else:
        for step in result.steps:
            counts[step.outcome] += 1
        skipped = [step.name for step in result.steps if step.outcome == run_result.NOT_EVALUATED]
        # Every report of every step carries this.
        summary["unevaluated"] = [brief(name) for name in skipped[:_MOST_NAMED]]
    summary["verdict"] = result.outcome if result.outcome in {PASSED, FAILED} else UNKNOWN
    summary["weakest"] = _weakest(result)
    summary["steps"] = len(result.steps)
    summary["notes"] += [f"{job.label}: {note}" for note in result.notes]
    summary["rules"] = [str(one.rule) for one in result.findings if one.severity != "error"]


def _is_blocked(job: SuiteRun) -> bool:
    before = job.after.outcome if job.after else None
    return bool(not job.job_id and job.after and before and not job.after.is_good(before))


def _weakest(result: RunResult) -> str:
    """Name the first step that failed; without one, the first reason against a pass."""
    failed = next((step for step in result.steps if step.outcome == FAILED), None)
    if failed is not None:
        return brief(f"first: {failed.name}: {failed.why}")
    return brief(result.why[0]) if result.why else ""


def _add_import(summary: JobSummary, job: WatchImport) -> None:
    if job.outcome is None or job.outcome.status is None:
        return
    _judge(summary, job)
    suite = job.outcome.status.suite
    if suite is None:
        return
    from pytest_kore_convtest.reports.job_record import count_assertions

    summary["stored"], summary["suite"] = True, printable(suite.name, _LONGEST_NAME)
    summary["steps"], summary["assertions"] = len(suite.steps), count_assertions(suite)


def _judge(summary: JobSummary, job: WatchImport) -> None:
    outcome = job.outcome
    assert outcome is not None  # noqa: S101 - callers look first
    assert outcome.status is not None  # noqa: S101
    from pytest_kore_convtest.api import models
    from pytest_kore_convtest.findings import ERROR, MOST_WARNINGS_SHOWN, Finding, summarize

    if outcome.status.meaning != models.SUCCEEDED:
        summary["verdict"], summary["weakest"] = FAILED, "the platform rejected the import"
        return
    try:
        found = job.judge(outcome)
    except StructureError as bad:
        every = [Finding.from_data(one) for one in bad.findings]
        found = [one for one in every if one.severity != ERROR]
        first = next(one for one in every if one.severity == ERROR)
        summary["verdict"], summary["weakest"] = FAILED, f"{brief(first.message)} [{first.rule}]"
    except KoreError as unknown:
        summary["weakest"] = brief(unknown.message)
        return
    else:
        summary["verdict"] = PASSED
    summary["notes"] += [f"{job.label}: {line}" for line in summarize(found, MOST_WARNINGS_SHOWN)]
    summary["rules"] = [str(one.rule) for one in found]


def brief(text: str) -> str:
    """Return text as one short line that can be printed."""
    return printable(text, _LONGEST_REASON)
