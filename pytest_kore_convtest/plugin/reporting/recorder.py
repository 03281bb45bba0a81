"""Gather the record of a run from its test reports; xdist carries what the workers have to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest import redaction
from pytest_kore_convtest.plugin.report_facts import facts_of
from pytest_kore_convtest.reports.outcome_words import FAILED, NOT_EVALUATED, PASSED, UNKNOWN
from pytest_kore_convtest.reports.record import FORMAT, VERSION, Attempt, Record, SuiteRecord, Unevaluated
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

    from pytest_kore_convtest.coverage.types import Conversation, Coverage
    from pytest_kore_convtest.plugin.verdict.item_results import ItemResults
    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.reports.record import (
        AttemptOutcome,
        Evidence,
        ItemRecord,
        RunRecord,
        StepRecord,
        Verdict,
    )

_MOST_STEPS_NAMED = 20
_CRASHED = "the xdist worker that ran it crashed"
_NOT_BEGUN = "not run, because its import has not passed"


def _share_places(result: JobResult) -> None:
    """Let what other workers tell of the same nodes take memory once."""
    if result["visits"]:
        from pytest_kore_convtest.coverage.visits import share_places

        for conversation in result["visits"]:
            share_places(conversation)


class Recorder:
    """Gather reports and make a record of them.

    Attributes:
        verdict: The verdict of the whole run, which its exit code follows; without one
            that of the suites and items counts.
        coverage: Which part of the bot the steps went through.
    """

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self.coverage: Coverage | None = None
        self._results: dict[str, JobResult] = {}
        self._steps: dict[tuple[str, int], str] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Take in a report."""
        kore = facts_of(report)
        self.add_results(kore.get("results", ()))
        if kore.get("step"):
            self._steps.update({(job["key"], kore["step"]): report.nodeid for job in kore.get("jobs", ())})

    def add_results(self, results: Iterable[JobResult]) -> None:
        """Take in results of jobs; of several of one job the latest counts."""
        for result in results:
            known = self._results.get(result["key"])
            if known is None or known["generation"] < result["generation"]:
                self._results[result["key"]] = result
                _share_places(result)

    def add_later_run(self, key: str, number: int, told: RunRecord) -> None:
        """Note on the result of a suite that a later run of it did not end while somebody waited.

        Args:
            key: The key of the suite's first run.
            number: The later run's number.
            told: What is known of it.
        """
        known = self._results.get(key)
        run = known["run"] if known else None
        if run is None or told["trouble"] is None or told["id"] == run["id"]:
            return
        first: AttemptOutcome = NOT_EVALUATED if run["verdict"] == UNKNOWN else run["verdict"]
        if not run["attempts"]:
            run["attempts"].append(
                Attempt(number=1, outcome=first, why="", run_id=run["id"], seconds=run["seconds"])
            )
        said = told["trouble"]["message"]
        run["attempts"].append(
            Attempt(
                number=number, outcome=NOT_EVALUATED, why=said, run_id=told["id"], seconds=told["seconds"]
            )
        )
        run["notes"].append(f"run {number} was not verified: {said}")

    @property
    def clock_skew(self) -> float | None:
        """By how many seconds the platform's clock was ahead of ours, as last seen by any job."""
        seen = [result["clock_skew"] for result in self._results.values()]
        return next((skew for skew in reversed(seen) if skew is not None), None)

    def job_ids(self) -> set[str]:
        """Return the ids of all jobs of which a report tells."""
        told = [result[kind] for result in self._results.values() for kind in ("imported", "run")]
        return {job["id"] for job in told if job}

    def conversations(self) -> list[Conversation]:
        """Return where the bot was, as far as the jobs tell."""
        return [told for result in self._results.values() for told in result["visits"]]

    def make(
        self,
        evidence: Evidence,
        results: ItemResults,
        unevaluated: Iterable[Unevaluated],
        notes: Iterable[str],
        closing: Iterable[str],
    ) -> Record:
        """Make the record.

        Args:
            evidence: What was tested, where and when.
            results: What became of the items.
            unevaluated: What was meant to be evaluated and was not, as far as no report tells it.
            notes: What the user should know.
            closing: The closing lines.
        """
        suites, index = self._make_suites()
        items = []
        for item, jobs in results.records():
            item["suites"] = sorted({index[key] for key in jobs if key in index})
            items.append(item)
        lost = [Unevaluated(what=nodeid, why=_CRASHED) for nodeid in results.crashed]
        record = Record(
            format=FORMAT,
            version=VERSION,
            verdict=self.verdict or _judge(suites, items),
            evidence=[evidence],
            suites=suites,
            items=items,
            not_evaluated=[
                *(one for suite in suites for one in _find_unevaluated(suite, evidence)),
                *lost,
                *(one for one in unevaluated if one["what"] not in results.crashed),
            ],
            notes=list(notes),
            closing=list(closing),
            coverage=self.coverage,
        )
        cleaned: Record = redaction.hide_in(record)
        return cleaned

    def _make_suites(self) -> tuple[list[SuiteRecord], dict[str, int]]:
        """Return what became of each suite, and the index of each job's suite by the job's key."""
        runs: dict[str, list[JobResult | None]] = {}
        for result in self._results.values():
            if result["run"]:
                runs.setdefault(result["after"], []).append(result)
        suites, index = list[SuiteRecord](), dict[str, int]()
        for key, result in self._results.items():
            if result["imported"] is None:
                continue
            for run in runs.get(key) or [None]:  # a suite that was run twice has two entries
                index.setdefault(key, len(suites))
                if run is not None:
                    index[run["key"]] = len(suites)
                suites.append(self._make_suite(result, run))
        return suites, index

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


def _judge(suites: list[SuiteRecord], items: list[ItemRecord]) -> Verdict:
    """Judge the whole run: what could not be found out is no pass, nor is a run that judged nothing."""
    verdicts = {suite["verdict"] for suite in suites}
    outcomes = {item["outcome"] for item in items}
    if FAILED in verdicts or "failed" in outcomes:
        return FAILED
    if UNKNOWN in verdicts or "error" in outcomes or not outcomes & {"passed", "xpassed"}:
        return UNKNOWN
    return PASSED


def _find_unevaluated(suite: SuiteRecord, evidence: Evidence) -> Iterator[Unevaluated]:
    name = suite["name"]
    for word, job in (("import", suite["imported"]), ("run", suite["run"])):
        if job and job["verdict"] == UNKNOWN:
            trouble = job["trouble"]
            reasons = [trouble["message"].partition("\n")[0]] if trouble else job["why"][:1]
            yield Unevaluated(what=f"the {word} of {name}", why="; ".join(reasons) or "not verified")
    if not suite["run"] and not suite["steps"] and suite["imported"]["stored_steps"]:
        count = suite["imported"]["stored_steps"]
        yield Unevaluated(what=f"{plural(count, 'step')} of {name}", why=_say_not_run(suite, evidence))
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


def _say_not_run(suite: SuiteRecord, evidence: Evidence) -> str:
    if suite["file"] is None:
        return "an import that is given by its id is not run"
    if suite["verdict"] != PASSED:
        return _NOT_BEGUN
    if evidence["stopped"]:
        return f"not run: {evidence['stopped']}"
    return (
        "its run was not selected"
        if evidence["requested_version"]
        else "not run: add --kore-run inDevelopment"
    )
