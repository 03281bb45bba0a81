"""The facts of a run, gathered once from the test reports: what was found out, and what was not.

Loaded as soon as anything is configured; what knows the platform's replies is imported
where a job is there to speak of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_kore_convtest.errors import KoreError, StructureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.conversation import RunResult
    from pytest_kore_convtest.jobs import Job, SuiteRun
    from pytest_kore_convtest.session import Run

PASSED, FAILED, UNKNOWN = "passed", "failed", "unknown"

EMULATOR_WORDS = "built-in emulator; no real platform was contacted"


_LONGEST_NAME, _LONGEST_REASON = 80, 160
_MOST_NAMED = 10

IMPORT, RUN = "import", "run"
"""The kinds of jobs."""


def job_facts(job: Job) -> dict[str, Any]:
    """Return what there is to say about a job, as plain data; gathered once for an outcome.

    The verdict is that of the import and of its own structure, or of the whole run; what
    a test expects beyond that is the test's result.
    """
    from pytest_kore_convtest.jobs import SuiteRun

    outcome = job.outcome
    assert outcome is not None  # noqa: S101 - callers look first
    if job.facts is None or job.facts["generation"] != outcome.generation:
        special = _run_facts(job) if isinstance(job, SuiteRun) else _import_facts(job)
        job.facts = {
            "key": job.key,
            "id": job.job_id,
            "label": job.label,
            "asks": outcome.asks,
            "seconds": outcome.seconds,
            "last": outcome.status.sent_status if outcome.status else _last_words(job),
            "generation": outcome.generation,
            **special,
            "notes": [*outcome.notes, *special["notes"]],
        }
    return job.facts


def _last_words(job: Job) -> str:
    """Return the last usable answer about a job that has no verdict; empty when there was none."""
    trouble = job.outcome.trouble if job.outcome else None
    return str(trouble.evidence.get("last") or "") if trouble else ""


def _run_facts(job: SuiteRun) -> dict[str, Any]:
    from pytest_kore_convtest import conversation

    empty = dict.fromkeys((conversation.PASSED, conversation.FAILED, conversation.NOT_EVALUATED), 0)
    facts = {"kind": RUN, "verdict": UNKNOWN, "suite": job.name, "steps": 0, "results": empty}
    facts |= {"weakest": _trouble(job), "unevaluated": [], "notes": []}
    if job.outcome is None or job.outcome.status is None:
        return facts
    result = job.result()
    counts = {kind: sum(step.outcome == kind for step in result.steps) for kind in empty}
    status = job.outcome.status
    if status.steps is None:  # counts only: the platform's word, not ours
        counts = {**counts, PASSED: status.passed or 0, FAILED: status.failed or 0}
        counts[conversation.NOT_EVALUATED] = max(0, len(result.steps) - counts[PASSED] - counts[FAILED])
    else:
        skipped = [step.name for step in result.steps if step.outcome == conversation.NOT_EVALUATED]
        # Every report of every step carries these facts.
        facts["unevaluated"] = [_brief(name) for name in skipped[:_MOST_NAMED]]
    return {
        **facts,
        "verdict": result.outcome if result.outcome in {PASSED, FAILED} else UNKNOWN,
        "weakest": _weakest(result),
        "steps": len(result.steps),
        "results": counts,
        "notes": [f"{job.label}: {note}" for note in result.notes],
    }


def _weakest(result: RunResult) -> str:
    """Name the first step that failed; without one, the first reason against a pass."""
    failed = next((step for step in result.steps if step.outcome == FAILED), None)
    if failed is not None:
        return _brief(f"first: {failed.name}: {failed.why}")
    return _brief(result.why[0]) if result.why else ""


def _trouble(job: Job) -> str:
    """Say why a job has no outcome, without what the line about it says anyway."""
    trouble = job.outcome.trouble if job.outcome else None
    return _brief(trouble.message.partition(" did not begin: ")[2] or trouble.message) if trouble else ""


def _import_facts(job: Job) -> dict[str, Any]:
    outcome = job.outcome
    assert outcome is not None  # noqa: S101 - callers look first
    verdict, weakest, findings = UNKNOWN, _trouble(job), list[str]()
    if outcome.status is not None:
        verdict, weakest, findings = _judge(job)
    suite = outcome.status.suite if outcome.status else None
    from pytest_kore_convtest.account import count_assertions
    from pytest_kore_convtest.text import printable

    return {
        "kind": IMPORT,
        "verdict": verdict,
        "weakest": weakest,
        "stored": suite is not None,
        "suite": printable(suite.name, _LONGEST_NAME) if suite else "",
        "steps": len(suite.steps) if suite else 0,
        "assertions": count_assertions(suite) if suite else {},
        "ours": job.suite is not None,
        "notes": findings,
    }


def _judge(job: Job) -> tuple[str, str, list[str]]:
    outcome, judge = job.outcome, job.judge
    assert outcome is not None  # noqa: S101 - callers look first
    assert outcome.status is not None  # noqa: S101
    from pytest_kore_convtest import models
    from pytest_kore_convtest.findings import ERROR, MOST_WARNINGS_SHOWN, Finding, summarize

    if outcome.status.meaning != models.SUCCEEDED:
        return FAILED, "the platform rejected the import", []
    verdict, wrong = PASSED, ""
    try:
        found = judge(outcome)
    except StructureError as bad:
        every = [Finding.from_data(one) for one in bad.findings]
        found = [one for one in every if one.severity != ERROR]
        first = next(one for one in every if one.severity == ERROR)
        verdict, wrong = FAILED, f"{_brief(first.message)} [{first.rule}]"
    except KoreError as unknown:
        return UNKNOWN, _brief(unknown.message), []
    lines = summarize(found, MOST_WARNINGS_SHOWN)
    return verdict, wrong, [f"{job.label}: {line}" for line in lines]


def _brief(text: str) -> str:
    from pytest_kore_convtest.text import printable

    return printable(text, _LONGEST_REASON)


class Facts:
    """Gather reports; say in the end whether anything was found out."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self._notes: dict[str, None] = {}
        self.own_items: dict[str, str] = {}
        self._meant: set[str] = set()
        self._told: set[str] = set()
        self._failed_items: set[str] = set()
        self._failed = self._foreign_errors = self._own_errors = 0
        self._problems: list[str] = []
        self._emulator = False
        self._skipped_all = False

    @property
    def notes(self) -> list[str]:
        """Everything that is worth knowing, each said once."""
        return list(self._notes)

    def add(self, report: pytest.TestReport) -> None:
        """Take in a report."""
        kore: dict[str, Any] = getattr(report, "kore", {})
        self._notes.update(dict.fromkeys(kore.get("notes", ())))
        if not report.passed:
            self._meant.update(kore.get("meant", ()))
        for job in kore.get("jobs", ()):
            key = job["id"] or f"{job['kind']} {job['label']}"
            self.jobs[key] = job
            if not report.passed or not kore.get("own"):
                self._told.add(key)
            self._notes.update(dict.fromkeys(job["notes"]))
        if report.failed:
            self._count_failure(report, ours=kore.get("ours", False))
        if kore.get("live") or kore.get("own"):
            self.own_items[report.nodeid] = self._result(report)
            if report.failed and report.when == "call":
                self._failed_items.add(report.nodeid)

    def _count_failure(self, report: pytest.TestReport, *, ours: bool) -> None:
        if report.when == "call":
            self._failed += 1
        elif ours:
            self._own_errors += 1
        else:
            self._foreign_errors += 1

    def _result(self, report: pytest.TestReport) -> str:
        before = self.own_items.get(report.nodeid, "nothing")
        if report.when == "call" and report.outcome in {"passed", "failed"}:
            return "verdict"
        if report.skipped and before != "verdict":
            return "skipped"
        return "error" if report.failed and before != "verdict" else before

    def close(self, run: Run, session: pytest.Session) -> None:
        """Decide the exit code; a run that found nothing out is red."""
        self._emulator = run.emulated
        stopped = session.exitstatus in {pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR}
        results = set(self.own_items.values())
        self._skipped_all = results == {"skipped"} and run.settings.unconfigured == "skip"
        self._say_how_to_resume(run)
        if not run.interrupted and results and "verdict" not in results and not self._skipped_all:
            self._problems.append(f"NO VERDICT: {len(self.own_items)} selected, none could be judged")
        if not stopped:
            self._check_waited_for(run)
            self._check_told()
        if self._problems and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        only_unknown = self._own_errors and not self._failed and not self._foreign_errors
        if (
            only_unknown
            and run.settings.no_verdict_exit
            and session.exitstatus == pytest.ExitCode.TESTS_FAILED
        ):
            session.exitstatus = run.settings.no_verdict_exit

    def _check_waited_for(self, run: Run) -> None:
        if run.settings.source("ds_id") != "command line":
            return
        for job in run.settings.ds_id:
            if job.id not in self.jobs and job.id not in self._meant:
                self._problems.append(
                    f"--kore-ds-id {job.id} was given, but no selected test waited for it:"
                    f" run {_resume_command(job.id)}"
                )

    def _check_told(self) -> None:
        """Find jobs with a bad verdict of which every selected item of the gate or a suite has passed."""
        for key, job in self.jobs.items():
            if job["verdict"] == FAILED and key not in self._told:
                self._problems.append(
                    f"{job['label']} FAILED, but the item that judges that was not selected"
                )

    def _say_how_to_resume(self, run: Run) -> None:
        """Tell of each job that nobody saw the end of, with the command that goes on."""
        from pytest_kore_convtest.endings import Ending, describe_in_line

        found = [job.ending for job in run.unfinished() if job.job_id]
        if run.interrupted:
            seen = {ending.job_id for ending in found} | self.jobs.keys()
            found += [
                Ending(f"import job {job.id}", job.id, resume=_resume_command(job.id, job.label))
                for job in run.settings.ds_id
                if job.id not in seen
            ]
        for ending in found:
            begin = "interrupted" if run.interrupted else "stopped" if run.stopped else "not waited for"
            self._problems.append(f"{begin}; {describe_in_line(ending)}")

    def add_problems(self, session: pytest.Session, problems: Sequence[str]) -> None:
        """Say what else went wrong; a run that was green until now is red."""
        self._problems += problems
        if problems and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def last_words(self) -> list[str]:
        """Return the closing lines; none when nothing of ours was selected."""
        lines = [f"kore: {problem}" for problem in self._problems]
        if self._skipped_all:
            lines.append(f"kore: NOTHING WAS CHECKED: Kore is not configured, {len(self.own_items)} skipped")
        elif self.jobs or (self.own_items and not self._problems):
            lines.append(f"kore: {self._tally()}")
        if self._emulator and self.own_items:
            lines.append(f"kore: {EMULATOR_WORDS}")
        return lines

    def _tally(self) -> str:
        imports = [job for job in self.jobs.values() if job["kind"] == IMPORT]
        count = {kind: sum(job["verdict"] == kind for job in imports) for kind in (PASSED, FAILED, UNKNOWN)}
        parts = []
        if count[PASSED]:
            parts.append(f"{count[PASSED]} {_suites(count[PASSED])} imported and sound")
        if count[FAILED]:
            parts.append(f"{count[FAILED]} {_suites(count[FAILED])} FAILED")
        if count[UNKNOWN]:
            parts.append(f"{count[UNKNOWN]} import {'job' if count[UNKNOWN] == 1 else 'jobs'} UNKNOWN")
        if not parts:
            return self._tally_without_imports()
        failed = len(self._failed_items)
        if failed and not count[FAILED] and not any(job["verdict"] == FAILED for job in self.jobs.values()):
            parts.append(f"but {failed} of {len(self.own_items)} tests FAILED")
        return ", ".join(parts) + self._tally_steps(imports)

    def _tally_without_imports(self) -> str:
        results = list(self.own_items.values())
        if "verdict" in results:
            return f"nothing was imported; {results.count('verdict')} of {len(results)} selected items judged"
        return f"no suite was judged ({len(results)} without a result)"

    def _tally_steps(self, imports: list[dict[str, Any]]) -> str:
        total = sum(job["steps"] for job in imports)
        if not total:
            return ""
        runs = [job for job in self.jobs.values() if job["kind"] == RUN]
        failed, passed = (sum(job["results"][kind] for job in runs) for kind in (FAILED, PASSED))
        words = f"; {passed + failed} of {total} steps executed"
        if not runs and any(job["ours"] for job in imports):
            return f"{words} (add --kore-run inDevelopment)"
        return words + (f", {failed} FAILED" if failed else "") if runs else words


def _suites(count: int) -> str:
    return "suite" if count == 1 else "suites"


def _resume_command(ds_id: str, label: str = "") -> str:
    from pytest_kore_convtest.endings import resume_command

    return resume_command(ds_id, label)
