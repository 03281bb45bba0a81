"""What the terminal and the exit code need to know of a job, out of its part of the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from pytest_kore_convtest.findings import MOST_WARNINGS_SHOWN, Finding, summarize
from pytest_kore_convtest.reports.outcome_words import FAILED, FLAKY, MATCHER, NOT_EVALUATED, PASSED
from pytest_kore_convtest.reports.totals import say_outcome
from pytest_kore_convtest.rules import ERROR
from pytest_kore_convtest.suites.results.run_result import step_name
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.reports.record import ImportRecord, RunRecord, StepRecord

IMPORT, RUN = "import", "run"
"""The kinds of jobs."""

_LONGEST_NAME, _LONGEST_REASON = 80, 160
_MOST_NAMED = 10


class JobSummary(TypedDict):
    """One job that has ended, small enough for every report of every step to carry it.

    Attributes:
        kind: ``IMPORT`` or ``RUN``.
        key: What makes it one job, whoever asks.
        id: Its id; empty when it did not begin.
        label: What to call it on screen.
        asks: Requests sent for it.
        seconds: From its first request to its end.
        last: The platform's last word, or the last usable answer of a job without a verdict.
        generation: The number of its outcome.
        verdict: ``"passed"``, ``"failed"`` or ``"unknown"``.
        weakest: The first reason against a pass, in one line.
        suite: The stored suite's name.
        steps: How many steps it has.
        notes: What the user should know.
        rules: The rules that these notes are about.
        stored: Of an import: whether the platform holds the suite.
        assertions: Of an import: how many enabled assertions it has, by kind.
        ours: Whether this test run uploaded the suite.
        results: Of a run: how many steps passed, failed, were not evaluated, flaky or checked nothing.
        runs: Of a run: the ids of all runs of its suite.
        by_matcher: Of a run: how many steps passed by their file's matcher.
        unevaluated: Of a run: the first steps that were not evaluated.
        counts_only: Of a run: whether the platform reported counts, and no single step.
        blocked: Of a run: whether it did not begin because its import, which tells why, has not passed.
        known: Of a run: how many steps failed as accepted.
        known_flaky: Of a run: how many steps were flaky where that is red, and failed as accepted.
        excused: Of a run: whether nothing else is wrong with it.
    """

    kind: str
    key: str
    id: str
    label: str
    asks: int
    seconds: float
    last: str
    generation: int
    verdict: str
    weakest: str
    suite: str
    steps: int
    notes: list[str]
    rules: list[str]
    stored: bool
    assertions: dict[str, int]
    ours: bool
    results: dict[str, int]
    runs: list[str]
    by_matcher: int
    unevaluated: list[str]
    counts_only: bool
    blocked: bool
    known: int
    known_flaky: int
    excused: bool


def summarize_job(result: JobResult) -> JobSummary:
    """Make the summary of a job.

    Its verdict is that of the import and of its own structure, or of the whole run; what
    a test expects beyond that is the test's result.
    """
    record: ImportRecord | RunRecord | None = result["run"] or result["imported"]
    assert record is not None  # noqa: S101 - a job is one of the two
    ended = record["trouble"] is None
    summary = JobSummary(
        kind=RUN if result["run"] else IMPORT,
        key=result["key"],
        id=record["id"],
        label=result["name"],
        asks=record["asks"],
        seconds=record["seconds"],
        last=record["status"] if ended else _last_usable(record),
        generation=result["generation"],
        verdict=record["verdict"],
        weakest=_weakest(result, record),
        suite=result["suite"] if result["run"] else "",
        steps=0,
        notes=[note for note in record["notes"] if note not in result["remarks"]],
        rules=[],
        stored=False,
        assertions={},
        ours=result["file"] is not None,
        results={},
        runs=[],
        by_matcher=0,
        unevaluated=[],
        counts_only=False,
        blocked=result["blocked"],
        known=_count_known(result["steps"], FAILED),
        known_flaky=_count_known(result["steps"], FLAKY),
        excused=result["run"] is not None and result["run"]["excused"],
    )
    summary["notes"] += [f"{result['name']}: {note}" for note in result["remarks"]]
    if result["file"] and result["file"]["split"]:
        summary["notes"].append(f"{result['file']['path']} holds several suites: each is uploaded alone")
    if result["run"]:
        _add_run(summary, result["run"], result["steps"] if ended else [])
    elif result["imported"]:
        _add_import(summary, result["imported"])
    return summary


def _weakest(result: JobResult, record: ImportRecord | RunRecord) -> str:
    """Return what speaks most against a job; that it did not start, the line about it says anyway."""
    if record["trouble"]:
        return brief(result["not_started"] or record["trouble"]["message"])
    return brief((record["why"] or [""])[0])


def _last_usable(record: ImportRecord | RunRecord) -> str:
    return next((poll["saw"] for poll in reversed(record["polls"]) if not poll["fault"]), "")


def _count_known(steps: Iterable[StepRecord], outcome: str) -> int:
    return sum(bool(step["known"]) and step["outcome"] == outcome for step in steps)


def _add_run(summary: JobSummary, run: RunRecord, steps: list[StepRecord]) -> None:
    counts = summary["results"] = dict.fromkeys((PASSED, FAILED, NOT_EVALUATED, FLAKY), 0)
    summary["steps"] = len(steps)
    summary["runs"] = [one["run_id"] for one in run["attempts"]] or [run["id"]]
    summary["counts_only"] = run["counts_only"]
    if run["counts_only"]:  # the platform's word, not ours
        counts[PASSED], counts[FAILED] = run["passed"] or 0, run["failed"] or 0
        counts[NOT_EVALUATED] = max(0, len(steps) - counts[PASSED] - counts[FAILED])
    else:
        for step in steps:
            word = say_outcome(step)
            counts[word] = counts.get(word, 0) + 1
            summary["by_matcher"] += step["outcome"] == PASSED and step["says"] == MATCHER
        summary["unevaluated"] = _name_first(step for step in steps if step["outcome"] == NOT_EVALUATED)
    failed = next((step for step in steps if step["outcome"] == FAILED), None)
    if failed is not None:
        summary["weakest"] = brief(f"first: {_name(failed)}: {failed['why']}")


def _name_first(steps: Iterable[StepRecord]) -> list[str]:
    names = (brief(_name(step)) for step in steps)
    return [name for name, _ in zip(names, range(_MOST_NAMED), strict=False)]


def _name(step: StepRecord) -> str:
    return step_name(step["number"], step["input"])


def _add_import(summary: JobSummary, imported: ImportRecord) -> None:
    found = [Finding.from_data(dict(one)) for one in imported["findings"]]
    wrong = next((one for one in found if one.severity == ERROR), None)
    if wrong is not None:
        summary["weakest"] = f"{brief(wrong.message)} [{wrong.rule}]"
    rest = [one for one in found if one.severity != ERROR]
    summary["rules"] = [str(one.rule) for one in rest]
    summary["notes"] += [f"{summary['label']}: {line}" for line in summarize(rest, MOST_WARNINGS_SHOWN)]
    if imported["stored"]:
        summary["stored"], summary["suite"] = True, printable(imported["stored_name"], _LONGEST_NAME)
        summary["steps"], summary["assertions"] = imported["stored_steps"], imported["assertions"]


def brief(text: str) -> str:
    """Return text as one short line that can be printed."""
    return printable(text, _LONGEST_REASON)
