"""Describe a job that has ended: its part of the record, as plain data."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypedDict, cast

from pytest_kore_convtest.api import models
from pytest_kore_convtest.errors import KoreError, StructureError
from pytest_kore_convtest.jobs.suite_run import SuiteRun, run_label
from pytest_kore_convtest.redaction import hide_in
from pytest_kore_convtest.reports.outcome_words import DERIVED, FAILED, MATCHER, PASSED, PLATFORM, UNKNOWN
from pytest_kore_convtest.reports.record import (
    File,
    Finding,
    ImportRecord,
    JobRecord,
    Poll,
    RunRecord,
    StepRecord,
)
from pytest_kore_convtest.reports.step_record import describe_steps, write_attempts, write_rate
from pytest_kore_convtest.reports.visits import read_visits
from pytest_kore_convtest.suites.file import is_yaml
from pytest_kore_convtest.suites.stored.validate import MOST_LOGS
from pytest_kore_convtest.text import printable, show_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_kore_convtest import errors
    from pytest_kore_convtest.api.models import ImportStatus, Suite
    from pytest_kore_convtest.coverage.types import Conversation
    from pytest_kore_convtest.jobs.job import AnyJob, WatchImport
    from pytest_kore_convtest.jobs.store_entry import JobEntry
    from pytest_kore_convtest.jobs.unfinished import Unfinished
    from pytest_kore_convtest.reports.record import Says, Verdict

_MOMENTS = ("requested_at", "created_at", "modified_at", "expires_at")
_LONGEST_LOG, _LONGEST_WORD = 2000, 120


class JobResult(TypedDict):
    """What one job contributes to the record.

    Attributes:
        key: Names the job in this test run.
        after: The key of the import that a run followed; empty for an import.
        generation: Of several results of one job that of the latest generation counts.
        suite: The stored suite's name, when we gave it one.
        remarks: Those notes that are about its result alone.
        visits: Where the bot was in each run, as far as the platform tells.
        blocked: Of a run: whether it did not begin because its import, which tells why, has not passed.
        not_started: Why the job could never start; empty when it could.
    """

    key: str
    after: str
    generation: int
    clock_skew: float | None
    name: str
    suite: str
    file: File | None
    imported: ImportRecord | None
    run: RunRecord | None
    steps: list[StepRecord]
    remarks: list[str]
    visits: list[Conversation]
    blocked: bool
    not_started: str


def describe_job(job: AnyJob, *, measured: bool = False) -> JobResult:
    """Describe a job that has an outcome.

    Args:
        job: The job.
        measured: Whether coverage is measured, so that the texts of a stored suite are wanted, too.
    """
    job = job.head
    outcome = job.outcome
    assert outcome is not None  # noqa: S101 - callers look first
    result = JobResult(
        key=job.key,
        after="",
        generation=job.generation,
        clock_skew=outcome.clock_skew,
        name=job.label,
        suite=job.name,
        file=_describe_file(job),
        imported=None,
        run=None,
        steps=[],
        remarks=[],
        visits=read_visits(job, measured=measured),
        blocked=False,
        not_started=job.not_started,
    )
    if isinstance(job, SuiteRun):
        result["name"] = run_label(job.after.label) if job.after else job.label
        result["after"] = job.after.key if job.after else ""
        result["run"] = _describe_run(job)
        result["steps"] = list(describe_steps(job))
        result["blocked"] = _is_blocked(job)
        if job.ending().status is not None:
            result["remarks"] = list(job.result().notes)
    else:
        result["imported"] = _describe_import(cast("WatchImport", job))
    return result


def _is_blocked(job: SuiteRun) -> bool:
    before = job.after.outcome if job.after else None
    return bool(not job.job_id and job.after and before and not job.after.is_good(before))


def describe_unfinished(job: Unfinished, why: str, now: float) -> JobResult:
    """Describe a job that nobody saw the end of.

    Args:
        job: The job.
        why: Why nobody waits for it any more.
        now: Seconds since the epoch.
    """
    entry, ending = job.entry, job.ending
    file, local = entry.get("file"), None
    if file:
        is_sent = bool(entry.get("file_id")) and not file["split"] and not is_yaml(file["path"])
        local = File(**file, sent_sha256=file["sha256"] if is_sent else "")
    told = JobRecord(
        id=ending.job_id,
        verdict=UNKNOWN,
        says=DERIVED,
        status=ending.last_status,
        asks=ending.requests,
        seconds=round(ending.seconds, 3),
        started_at=moment(now - ending.seconds),
        ended_at=moment(now),
        platform_times={},
        polls=_copy_polls(ending.polls),
        trouble={"kind": "JobError", "message": job.tell(why)},
        why=[],
        notes=[],
        logs=[],
        download_url="",
        resume=ending.resume,
    )
    return JobResult(
        key=entry.get("of") or entry["key"],
        after=entry.get("after", ""),
        generation=entry.get("again", 0) + 1,
        clock_skew=None,
        name=entry.get("label", ""),
        suite=entry.get("name", ""),
        file=local,
        imported=None if entry["kind"] == "SuiteRun" else _open_import(told, entry),
        run=_open_run(told, entry) if entry["kind"] == "SuiteRun" else None,
        steps=[],
        remarks=[],
        visits=[],
        blocked=False,
        not_started="",
    )


def _open_import(told: JobRecord, entry: JobEntry) -> ImportRecord:
    return ImportRecord(
        **told,
        file_id=entry.get("file_id", ""),
        file_hash=entry.get("file_hash", ""),
        stored=False,
        given_name=entry.get("name", ""),
        stored_name="",
        stored_id="",
        stored_steps=0,
        assertions={},
        findings=[],
    )


def _open_run(told: JobRecord, entry: JobEntry) -> RunRecord:
    return RunRecord(
        **told,
        requested_version=entry.get("version", ""),
        reported_version="",
        passed=None,
        failed=None,
        total=None,
        duration=None,
        counts_only=False,
        attempts=[],
        rate=None,
        excused=False,
    )


def _copy_polls(polls: Iterable[errors.Poll]) -> list[Poll]:
    return [
        {"at": poll["at"], "saw": poll["saw"], "percent": poll.get("percent"), "fault": poll["fault"]}
        for poll in polls
    ]


def moment(seconds: float | None) -> str:
    """Write seconds since the epoch as the record does; empty for ``None``."""
    return "" if seconds is None else _write(datetime.fromtimestamp(seconds, timezone.utc))


def _write(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _describe_file(job: AnyJob) -> File | None:
    suite = job.suite
    if suite is None:
        return None
    sent = hashlib.sha256(suite.data).hexdigest() if job.entry.get("file_id") else ""
    return File(
        path=show_path(suite.path),
        line=suite.place.line,
        sha256=suite.sha256,
        sent_sha256=sent,
        size=len(suite.data),
        split=suite.split,
    )


def _describe_job(job: AnyJob, verdict: Verdict, says: Says) -> JobRecord:
    outcome = job.outcome
    assert outcome is not None  # noqa: S101 - callers look first
    status, trouble = outcome.status, outcome.trouble
    began = outcome.ended_at and outcome.ended_at - outcome.seconds
    return JobRecord(
        id=job.job_id,
        verdict=verdict,
        says=says,
        status=status.sent_status if status else (trouble.last_status if trouble else ""),
        asks=outcome.asks,
        seconds=outcome.seconds,
        started_at=moment(began),
        ended_at=moment(outcome.ended_at),
        platform_times={},
        polls=_copy_polls(outcome.history),
        trouble={"kind": type(trouble).__name__, "message": trouble.message} if trouble else None,
        why=[],
        notes=list(dict.fromkeys(outcome.notes)),
        logs=[],
        download_url=(status.download_url or "") if status else "",
        resume=job.resume if job.job_id else "",
    )


def _describe_import(job: WatchImport) -> ImportRecord:
    outcome = job.outcome
    status: ImportStatus | None = outcome.status if outcome else None
    verdict, why, findings = _judge_import(job)
    suite = status.suite if status else None
    accepted = status is not None and status.meaning == models.SUCCEEDED
    told = _describe_job(job, verdict, DERIVED if accepted else PLATFORM)
    if status:
        told["platform_times"] = {
            name: _write(when) for name in _MOMENTS if (when := getattr(status, name)) is not None
        }
        told["logs"] = _read_logs(status.status_logs)
    told["why"] = why
    return ImportRecord(
        **told,
        file_id=job.entry.get("file_id", ""),
        file_hash=job.entry.get("file_hash", ""),
        stored=suite is not None,
        given_name=job.name,
        stored_name=suite.name if suite else "",
        stored_id=suite.id if suite else "",
        stored_steps=len(suite.steps) if suite else 0,
        assertions=count_assertions(suite) if suite else {},
        findings=findings,
    )


def _read_logs(entries: list[object]) -> list[str]:
    """Return the platform's log, an entry a text; the last of very many says how many are left out."""
    lines = [printable(_spell(entry), _LONGEST_LOG) for entry in entries[:MOST_LOGS]]
    left = len(entries) - len(lines)
    return [*lines, f"and {left:,} more {'entry' if left == 1 else 'entries'}, left out"] if left else lines


def _spell(entry: object) -> str:
    """Write an entry as text; secrets are taken out while their letters are as they were."""
    return entry if isinstance(entry, str) else json.dumps(hide_in(entry), ensure_ascii=False, default=str)


def _judge_import(job: WatchImport) -> tuple[Verdict, list[str], list[Finding]]:
    """Return the verdict, the reasons that are no findings, and the findings."""
    outcome = job.outcome
    if outcome is None or outcome.status is None:
        return UNKNOWN, [], []
    if outcome.status.meaning != models.SUCCEEDED:
        said = printable(outcome.status.sent_status, _LONGEST_WORD)
        return FAILED, [f"the platform rejected the import: {said}"], []
    verdict: Verdict = PASSED
    try:
        found = [finding.to_data() for finding in job.judge(outcome)]
    except StructureError as bad:
        found, verdict = bad.findings, FAILED
    except KoreError as unknown:
        return UNKNOWN, [unknown.message], []
    return verdict, [], [Finding(**{key: one[key] for key in Finding.__annotations__}) for one in found]  # type: ignore[typeddict-item]


def count_assertions(suite: Suite) -> dict[str, int]:
    """Count the enabled assertions of a suite by kind."""
    found = dict.fromkeys(("text", "flow", "context"), 0)
    for block in (output.assertions for step in suite.steps for output in step.outputs):
        for kind in found:
            found[kind] += getattr(block, kind).enabled
    return found


def _describe_run(job: SuiteRun) -> RunRecord:
    runs = [run for run in job.chain() if run.outcome is not None]
    ending = job.ending()
    result = job.result() if ending.status is not None else None
    status = result.status if result else None
    verdict: Verdict = UNKNOWN
    if result and result.outcome in {PASSED, FAILED}:
        verdict = cast("Verdict", result.outcome)
    matched = result is not None and verdict == PASSED and any(step.by_matcher for step in result.steps)
    deciding = next((run for run in runs if run.outcome is ending), job) if result is None else runs[-1]
    told = _describe_job(deciding, verdict, MATCHER if matched else PLATFORM)
    if len(runs) > 1:
        told = _add_up(told, runs)
    if status and result:
        told["trouble"], told["status"] = None, status.sent_status
        told["why"], told["notes"] = list(result.why), [*told["notes"], *result.notes]
        began = status.raw.get("result")
        if isinstance(began, dict) and isinstance(began.get("startTime"), str):
            told["platform_times"] = {"started_at": printable(began["startTime"], 40)}
    return RunRecord(
        **told,
        requested_version=job.version,
        reported_version=status.version if status else "",
        passed=status.passed if status else None,
        failed=status.failed if status else None,
        total=status.total if status else None,
        duration=status.duration if status else None,
        counts_only=status is not None and status.steps is None,
        attempts=write_attempts(run.describe(run.outcome) for run in runs if run.outcome)
        if len(runs) > 1
        else [],
        rate=write_rate(result.rate) if result else None,
        excused=False,
    )


def _add_up(told: JobRecord, runs: list[SuiteRun]) -> JobRecord:
    """Let the record of a suite's last run tell of all of them."""
    outcomes = [run.outcome for run in runs if run.outcome is not None]
    first = outcomes[0]
    began = first.ended_at and first.ended_at - first.seconds
    notes = dict.fromkeys(note for outcome in outcomes for note in outcome.notes)
    lost = [run for run in runs if run.outcome and run.outcome.trouble]
    said = [
        f"run {run.attempt} was not verified: {run.outcome.trouble.message}"
        for run in lost
        if run.outcome and run.outcome.trouble
    ]
    return {
        **told,
        "asks": sum(outcome.asks for outcome in outcomes),
        "seconds": round(sum(outcome.seconds for outcome in outcomes), 3),
        "started_at": moment(began),
        "notes": [*notes, *said],
    }
