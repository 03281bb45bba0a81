"""Gather the record of a run from its test reports; xdist carries what the workers have to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pytest_kore_convtest import redaction
from pytest_kore_convtest.plugin.facts import ReportFacts, facts_of, is_ours
from pytest_kore_convtest.reports.record import (
    FAILED,
    FORMAT,
    NOT_EVALUATED,
    PASSED,
    UNKNOWN,
    VERSION,
    ItemRecord,
    Record,
    SuiteRecord,
    Unevaluated,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.reports.record import Evidence, ItemOutcome, StepRecord, Verdict

_LONGEST_MESSAGE = 4000
_MOST_STEPS_NAMED = 20
_NONE_YET = cast("ItemOutcome", "")
"""What has become of an item before its first phase ended."""

_NOT_BEGUN = "not run, because its import has not passed"
_GRAVITY = ("error", "failed", "xpassed", "xfailed", "skipped", "passed", "")


class Recorder:
    """Gather reports and make a record of them.

    Attributes:
        verdict: The verdict of the whole run, which its exit code follows; without one
            that of the suites and items counts.
    """

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self._results: dict[str, JobResult] = {}
        self._items: dict[str, ItemRecord] = {}
        self._jobs: dict[str, set[str]] = {}
        self._steps: dict[tuple[str, int], str] = {}
        self._lost: list[Unevaluated] = []

    def add(self, report: pytest.TestReport) -> None:
        """Take in a report."""
        kore = facts_of(report)
        self.add_results(kore.get("results", ()))
        crashed = report.when not in {"setup", "call", "teardown"}
        if crashed:
            self._lost.append(Unevaluated(what=report.nodeid, why="the xdist worker that ran it crashed"))
        elif not is_ours(kore):
            return
        self._add_item(report, kore, crashed=crashed)

    def add_results(self, results: Iterable[JobResult]) -> None:
        """Take in results of jobs; of several of one job the latest counts."""
        for result in results:
            known = self._results.get(result["key"])
            if known is None or known["generation"] < result["generation"]:
                self._results[result["key"]] = result

    @property
    def clock_skew(self) -> float | None:
        """By how many seconds the platform's clock was ahead of ours, as last seen by any job."""
        seen = [result["clock_skew"] for result in self._results.values()]
        return next((skew for skew in reversed(seen) if skew is not None), None)

    def job_ids(self) -> set[str]:
        """Return the ids of all jobs of which a report tells."""
        told = [result[kind] for result in self._results.values() for kind in ("imported", "run")]
        return {job["id"] for job in told if job}

    def _add_item(self, report: pytest.TestReport, kore: ReportFacts, *, crashed: bool) -> None:
        """Note what became of an item; a rerun begins anew."""
        fresh = ItemRecord(
            nodeid=report.nodeid, outcome=_NONE_YET, seconds=0.0, message="", place=_place(report), suites=[]
        )
        item = self._items.setdefault(report.nodeid, fresh)
        if report.when == "setup" and item["outcome"]:
            item = self._items[report.nodeid] = fresh
        outcome = "error" if crashed else _outcome(report)
        item["seconds"] = round(item["seconds"] + report.duration, 3)
        if _GRAVITY.index(outcome) < _GRAVITY.index(item["outcome"]):
            item["outcome"] = cast("ItemOutcome", outcome)
            item["message"] = "" if outcome == "passed" else _message(report)
        keys = self._jobs.setdefault(report.nodeid, set())
        keys.update(job["key"] for job in kore.get("jobs", ()))
        if kore.get("step"):
            self._steps.update({(key, kore["step"]): report.nodeid for key in keys})

    def make(
        self,
        evidence: Evidence,
        unevaluated: Iterable[Unevaluated],
        notes: Iterable[str],
        closing: Iterable[str],
        secrets: Iterable[str],
    ) -> Record:
        """Make the record.

        Args:
            evidence: What was tested, where and when.
            unevaluated: What was meant to be evaluated and was not, as far as no report tells it.
            notes: What the user should know.
            closing: The closing lines.
            secrets: Texts that must not be in it, wherever they came from.
        """
        keys = [key for key, result in self._results.items() if result["imported"] is not None]
        runs = {result["after"]: result for result in self._results.values() if result["run"]}
        suites = [self._make_suite(self._results[key], runs.get(key)) for key in keys]
        index = {key: number for number, key in enumerate(keys)}
        index |= {run["key"]: index[key] for key, run in runs.items() if key in index}
        for nodeid, item in self._items.items():
            item["suites"] = sorted({index[key] for key in self._jobs.get(nodeid, ()) if key in index})
        items = [item for item in self._items.values() if item["outcome"]]
        record = Record(
            format=FORMAT,
            version=VERSION,
            verdict=self.verdict or _judge(suites, items),
            evidence=[evidence],
            suites=suites,
            items=items,
            not_evaluated=[
                *(one for suite in suites for one in _find_unevaluated(suite, evidence["requested_version"])),
                *self._lost,
                *(one for one in unevaluated if one["what"] not in {lost["what"] for lost in self._lost}),
            ],
            notes=list(notes),
            closing=list(closing),
        )
        for secret in secrets:
            redaction.remember(secret)
        cleaned: Record = redaction.hide_in(record)
        return cleaned

    def _make_suite(self, result: JobResult, run: JobResult | None) -> SuiteRecord:
        imported = result["imported"]
        assert imported is not None  # noqa: S101 - callers look first
        ran = run["run"] if run else None
        steps = run["steps"] if run else []
        for step in steps:
            step["nodeid"] = self._steps.get((run["key"] if run else "", step["number"]), "")
        if ran is not None and not ran["id"] and imported["verdict"] != PASSED:
            ran = None
            for step in steps:
                step["why"] = _NOT_BEGUN
        verdicts = {imported["verdict"], ran["verdict"] if ran else PASSED}
        return SuiteRecord(
            name=result["name"],
            verdict=next((word for word in (FAILED, UNKNOWN) if word in verdicts), PASSED),
            evidence=0,
            file=result["file"],
            imported=imported,
            run=ran,
            steps=steps,
        )


def _outcome(report: pytest.TestReport) -> str:
    if report.outcome not in {"passed", "failed", "skipped"}:
        return ""  # a rerun follows
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "skipped"
    return "passed" if report.when == "call" else ""


def _message(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")[:_LONGEST_MESSAGE]
    return (report.longreprtext or str(getattr(report, "wasxfail", "")))[:_LONGEST_MESSAGE]


def _place(report: pytest.TestReport) -> str:
    path, line, _ = report.location
    return f"{path}:{line + 1}" if line is not None else path


def _judge(suites: list[SuiteRecord], items: list[ItemRecord]) -> Verdict:
    """Judge the whole run: what could not be found out is no pass, nor is a run that judged nothing."""
    verdicts = {suite["verdict"] for suite in suites}
    outcomes = {item["outcome"] for item in items}
    if FAILED in verdicts or "failed" in outcomes:
        return FAILED
    if UNKNOWN in verdicts or "error" in outcomes or not outcomes & {"passed", "xpassed"}:
        return UNKNOWN
    return PASSED


def _find_unevaluated(suite: SuiteRecord, requested: str) -> Iterator[Unevaluated]:
    name = suite["name"]
    for word, job in (("import", suite["imported"]), ("run", suite["run"])):
        if job and job["verdict"] == UNKNOWN:
            trouble = job["trouble"]
            reasons = [trouble["message"].partition("\n")[0]] if trouble else job["why"][:1]
            yield Unevaluated(what=f"the {word} of {name}", why="; ".join(reasons) or "not verified")
    if not suite["run"] and not suite["steps"] and suite["imported"]["stored_steps"]:
        count = suite["imported"]["stored_steps"]
        yield Unevaluated(
            what=f"{count} {'step' if count == 1 else 'steps'} of {name}", why=_say_not_run(suite, requested)
        )
    missing: dict[str, list[StepRecord]] = {}
    for step in suite["steps"]:
        if step["outcome"] == NOT_EVALUATED:
            missing.setdefault(step["why"], []).append(step)
    for why, same in missing.items():
        if len(same) > _MOST_STEPS_NAMED:
            yield Unevaluated(what=f"{len(same)} steps of {name}", why=why)
            continue
        for step in same:
            yield Unevaluated(what=f"step {step['number']:02} of {name}", why=why)


def _say_not_run(suite: SuiteRecord, requested: str) -> str:
    if suite["file"] is None:
        return "an import that is given by its id is not run"
    if suite["verdict"] != PASSED:
        return _NOT_BEGUN
    return "its run was not selected" if requested else "not run: add --kore-run inDevelopment"
