"""The verdict of a whole run, from its items and jobs: what was found out, what was not, and the exit code.

Loaded as soon as anything is configured; what knows the platform's replies is imported
where a job is there to speak of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_kore_convtest.plugin.items.selection import LINT, OWN, TEST, Selected, count_steps
from pytest_kore_convtest.plugin.own_items import COVERED, KNOWN, NOT_CONFIGURED
from pytest_kore_convtest.plugin.report_facts import facts_of
from pytest_kore_convtest.plugin.verdict.final_status import (
    BOT_REPEATS,
    BOT_UNUSED,
    EMULATOR_WORDS,
    ItemCounts,
    Tally,
    write_tally,
)
from pytest_kore_convtest.plugin.verdict.item_results import (
    ERROR,
    NOT_RUN,
    SKIPPED,
    XFAILED,
    XPASSED,
    ItemResult,
    ItemResults,
)
from pytest_kore_convtest.reports.outcome_words import FAILED, PASSED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.reports.job_summary import JobSummary
    from pytest_kore_convtest.reports.record import Verdict
    from pytest_kore_convtest.settings.values import ImportJob

_IMPORT = "import"

_VERDICTS = frozenset({PASSED, FAILED, XPASSED, KNOWN})
_CUT_SHORT = frozenset({pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR})
_GREEN = frozenset({pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED})


class Gap(NamedTuple):
    """What JUnit has to hold beside the items' own results: no verdict, or one that no item shows.

    Attributes:
        what: The item; for a job of which no selected item tells, one that would.
        why: Why there is no verdict, or what the verdict is.
        failed: Whether it is a verdict.
    """

    what: Selected
    why: str
    failed: bool = False


Entry = tuple[Selected, ItemResult]


class RunVerdict:
    """Gather reports; say in the end what was found out, and whether that is enough.

    Attributes:
        jobs: The summaries of all jobs, by their keys.
        notes: What the user should know.
        pages: Where the documentation explains what was found, in the order of the run.
        results: What became of items, by node id.
        entries: The items of ours with their results; known when the run is over.
        not_waited: The configured jobs that no selected item waited for.
        gaps: What JUnit has to hold besides.
        stopped_by: Why the run ended early; empty when it did not.
        uncollected: What could not be collected; empty when all of it was.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, JobSummary] = {}
        self._notes: dict[str, None] = {}
        self.pages: dict[str, None] = {}
        self.results: ItemResults = ItemResults()
        self.entries: list[Entry] = []
        self.not_waited: list[ImportJob] = []
        self.gaps: list[Gap] = []
        self._unshown: list[Gap] = []
        self.stopped_by = self.uncollected = ""
        self._told: set[str] = set()
        self._ours: set[str] = set()
        self._expected: set[str] = set()
        self._bad: list[JobSummary] = []
        self._failed = self._foreign_errors = self._own_errors = 0
        self._problems: list[str] = []
        self._resume: list[str] = []
        self._coverage = ""
        self._unwritten: list[str] = []
        self._updated: list[str] = []
        self._about_bot = self._shard = ""
        self._emulator = self._excused = self._made_red = False

    @property
    def notes(self) -> list[str]:
        """Everything that is worth knowing, each said once."""
        return list(self._notes)

    def add(self, report: pytest.TestReport) -> None:
        """Take in a report."""
        kore = facts_of(report)
        self.add_notes(kore.get("notes", ()))
        if report.outcome in {"passed", "failed"}:  # a rerun tells anew
            self.pages.update(dict.fromkeys(kore.get("pages", ())))
        for job in kore.get("jobs", ()):
            key = self.add_job(job)
            if report.failed:
                self._told.add(key)
            if kore.get("own"):
                self._ours.add(key)
            elif report.when == "call" and report.passed and not hasattr(report, "wasxfail"):
                self._expected.add(key)
        if report.failed:
            self._count_failure(report, ours=kore.get("ours", False))
        self.results.add(report)

    def add_notes(self, notes: Iterable[str]) -> None:
        """Take in notes, each once."""
        self._notes.update(dict.fromkeys(notes))

    def add_job(self, job: JobSummary) -> str:
        """Take in the summary of a job and return its key; the latest outcome of a job counts.

        The key is ours: a platform that gives two jobs one id must not hide one behind the other.
        """
        key = job["key"]
        known = self.jobs.get(key)
        if known is job:  # as each of its steps says
            return key
        if known is None or known["generation"] <= job["generation"]:
            self.jobs[key] = job
        self.add_notes(job["notes"])
        if job["rules"]:
            from pytest_kore_convtest.plugin.terminal.help_pages import explain_rules

            self.pages.update(dict.fromkeys(explain_rules(job["rules"])))
        return key

    def _ids(self) -> set[str]:
        return {job["id"] for job in self.jobs.values()}

    def _count_failure(self, report: pytest.TestReport, *, ours: bool) -> None:
        if report.when == "call":
            self._failed += 1
        elif ours:
            self._own_errors += 1
        else:
            self._foreign_errors += 1

    def close(self, run: Run, session: pytest.Session, selected: Sequence[Selected] = ()) -> None:
        """Decide the exit code: what could not be found out is no pass.

        Args:
            run: The run.
            session: The session that is over.
            selected: The items of ours that were selected.
        """
        self._emulator = run.emulated
        if run.bot_repeats:
            self._about_bot = BOT_UNUSED if run.settings.bot else BOT_REPEATS
        if session.exitstatus == pytest.ExitCode.USAGE_ERROR:
            return
        if shard := run.settings.shard:
            from pytest_kore_convtest.plugin.items.shards import find_division, find_idle, tell_shard

            division = find_division(run)
            self._shard = f"; {tell_shard(shard, division)}"
            self._problems += filter(None, [find_idle(shard, division)])
        self._settle(selected, _why_not_run(session, self.stopped_by))
        self._excused = run.settings.unconfigured == "skip" and self._is_unconfigured(run)
        self._find_gaps(run)
        whole = session.exitstatus not in _CUT_SHORT
        if whole or selected:
            self._find_not_waited(run, problems=whole)
        else:
            self._list_configured(run)
        if self.uncollected and whole and self.entries:
            self._problems.append(f"NOT VERIFIED: {self.uncollected}")
        self._find_untold(run)
        self._say_how_to_resume(run)
        if session.exitstatus in _GREEN and run.is_gate and not self.entries:
            self._say_that_nothing_ran(run, session)
        self._set_exit_code(run, session)

    def _say_that_nothing_ran(self, run: Run, session: pytest.Session) -> None:
        """Never let a gate that ran no test end well: a build may take exit code 5 for that."""
        if run.only_gate or session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            self._problems.append("NOT VERIFIED: the gate ran 0 tests, because none of them was selected")

    def _set_exit_code(self, run: Run, session: pytest.Session) -> None:
        if self._is_red() and session.exitstatus in _GREEN:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self._made_red = True
        code = run.settings.no_verdict_exit
        if code and session.exitstatus == pytest.ExitCode.TESTS_FAILED and self._is_only_unknown():
            session.exitstatus = code

    def keep_exit_code(self, session: pytest.Session) -> None:
        """Keep a run red that only we made red: many a conftest turns exit code 5 into 0, without a look."""
        if self._made_red and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _is_red(self) -> bool:
        own = {result.outcome for one, result in self.entries if one.kind != TEST}
        return bool(self._problems or self.gaps or self._bad or own & {FAILED, ERROR})

    def _is_only_unknown(self) -> bool:
        if self._failed or self._foreign_errors or any(job["verdict"] == FAILED for job in self._bad):
            return False
        return bool(self._own_errors or self.gaps or self._bad)

    def _settle(self, selected: Sequence[Selected], why_not_run: str) -> None:
        """Bring together what was selected and what became of it."""
        known = {one.nodeid: one for one in selected}
        others = [nodeid for nodeid in self.results if nodeid not in known]
        for nodeid in [*known, *others]:
            result = self.results.get(nodeid, ItemResult())
            if result.outcome == NOT_RUN:
                result = ItemResult(NOT_RUN, why_not_run)
            self.entries.append((known.get(nodeid) or Selected(nodeid, TEST, ()), result))

    def _is_unconfigured(self, run: Run) -> bool:
        """Say whether no item could ask the platform because Kore is not configured."""
        outcomes = {result.outcome for one, result in self.entries if one.kind != LINT}
        if not outcomes or not outcomes <= {NOT_CONFIGURED, SKIPPED, XFAILED, COVERED}:
            return False
        return NOT_CONFIGURED in outcomes or run.is_unconfigured()

    def _find_gaps(self, run: Run) -> None:
        """Find the items without a verdict that nothing else makes red."""
        live = [result.outcome for one, result in self.entries if one.kind != LINT]
        silent = not any(outcome in _VERDICTS for outcome in live)
        for one, result in self.entries:
            if self._is_gap(one, result, silent=silent, run=run):
                self.gaps.append(Gap(one, result.why or result.outcome))
        outcomes = {result.outcome for _, result in self.entries}
        if not self.gaps and not outcomes & {FAILED, ERROR}:
            # What they were covered by has passed after all, e.g. in a rerun.
            self.gaps += [
                Gap(one, result.why)
                for one, result in self.entries
                if result.outcome == COVERED and one.kind == OWN and not one.step
            ]

    def _is_gap(self, one: Selected, result: ItemResult, *, silent: bool, run: Run) -> bool:
        if result.outcome == NOT_RUN:
            return True
        if result.outcome not in {SKIPPED, XFAILED} or (self._excused and one.kind != LINT):
            return False
        unseen = {job.id for job in run.settings.ds_id} - self._ids()
        return one.kind != TEST or silent or not unseen.isdisjoint(one.wants)

    def _find_not_waited(self, run: Run, *, problems: bool) -> None:
        """Find configured jobs that no selected item waits for; red when they were typed for this run."""
        wanted = {ds_id for one, _ in self.entries for ds_id in one.wants}
        self.not_waited = [
            job for job in run.settings.ds_id if job.id not in wanted and job.id not in self._ids()
        ]
        typed = problems and run.settings.source("ds_id") == "command line"
        for job in self.not_waited:
            command = _resume_command(job.id)
            if typed:
                self._problems.append(
                    f"--kore-ds-id {job.id} was given, but no selected test waited for it: run {command}"
                )
            if typed or self.entries or run.is_gate:
                why = f"not waited for: no selected test waits for import job {job.id}; to wait: {command}"
                self._unshown.append(Gap(_stand_for(job.label, "import", run), why))

    def _list_configured(self, run: Run) -> None:
        """Tell JUnit of jobs that were asked for in a run that ended before anything was selected."""
        if not run.is_gate and run.settings.source("ds_id") != "command line":
            return
        why = _why_not_run_at_all(self.stopped_by)
        for job in run.settings.ds_id:
            if job.id not in self._ids():
                self._unshown.append(Gap(_stand_for(job.label, "import", run), why))

    def _find_untold(self, run: Run) -> None:
        """Find jobs that came to no good end; say it of those of which no failed item tells."""
        configured = {job.id for job in run.settings.ds_id}
        for key, job in self.jobs.items():
            counts = key in self._ours or job["id"] in configured or key not in self._expected
            if job["verdict"] == PASSED or job["blocked"] or job["excused"] or not counts:
                continue
            self._bad.append(job)
            if key in self._told:
                continue
            failed = job["verdict"] == FAILED
            word = "FAILED" if failed else "NOT VERIFIED"
            because = f": {job['weakest']}" if job["weakest"] else ""
            why = f"{job['label']} {word}, and no selected test shows it{because}"
            self._problems.append(why)
            check = "structure" if job["kind"] == _IMPORT and job["stored"] else job["kind"]
            self._unshown.append(Gap(_stand_for(job["label"], check, run), why, failed=failed))

    def _say_how_to_resume(self, run: Run) -> None:
        """Tell of each job that nobody saw the end of, with the command that goes on."""
        from pytest_kore_convtest.jobs.end_reasons import Ending, describe_in_line

        found = [job.ending for job in run.unfinished() if job.job_id]
        if run.interrupted:
            seen = {ending.job_id for ending in found} | self._ids()
            seen |= {job.id for job in self.not_waited}
            found += [
                Ending(f"import job {job.id}", job.id, resume=_resume_command(job.id, job.label))
                for job in run.settings.ds_id
                if job.id not in seen
            ]
        for ending in found:
            begin = "interrupted" if run.interrupted else "stopped" if run.stopped else "not waited for"
            # A run that nobody stopped may not end green while a job that it began goes on.
            lines = self._resume if run.interrupted or run.stopped else self._problems
            lines.append(f"{begin}; {describe_in_line(ending)}")

    def add_closing(self, lines: Iterable[str]) -> None:
        """Say something in the closing lines that changes nothing about the verdict."""
        self._updated += lines

    def add_problems(self, session: pytest.Session, problems: Sequence[str]) -> None:
        """Say what went wrong after the verdict; a run that was green until now is red."""
        self._unwritten += problems
        if problems and session.exitstatus in _GREEN:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self._made_red = True

    def add_coverage(self, session: pytest.Session, problem: str, *, below: bool) -> None:
        """Make a run red that covers too little, or nobody knows how much; no problem when it is enough."""
        if problem:
            self.add_problems(session, [problem])
            self._coverage = FAILED if below else UNKNOWN

    @property
    def verdict(self) -> Verdict:
        """The verdict of the whole run, as far as it is ours: what was not found out is no pass."""
        outcomes = {result.outcome for _, result in self.entries}
        if FAILED in {*outcomes, self._coverage} or any(job["verdict"] == FAILED for job in self._bad):
            return FAILED
        doubt = (
            self._coverage or self._problems or self.gaps or self._bad or outcomes & {ERROR, NOT_CONFIGURED}
        )
        return UNKNOWN if doubt or not outcomes & _VERDICTS else PASSED

    @property
    def ended_early(self) -> bool:
        """Whether something of ours that was selected was not run any more."""
        return any(result.outcome == NOT_RUN for _, result in self.entries)

    def unevaluated(self) -> Iterator[tuple[str, str]]:
        """Yield what was selected and has no verdict, and why, unless its job tells."""
        gaps = {gap.what.nodeid: gap.why for gap in self.gaps}
        for one, result in self.entries:
            silent = result.outcome in {NOT_RUN, SKIPPED, XFAILED, NOT_CONFIGURED}
            if silent or one.nodeid in gaps or (result.outcome == ERROR and not result.told):
                yield one.nodeid, f"{result.outcome}: {result.why}".removesuffix(": ")

    def missing_in_junit(self) -> list[Gap]:
        """Return what JUnit has to hold beside the results of the items."""
        return [*self.gaps, *self._unshown]

    def crashed(self) -> list[Gap]:
        """Return the items whose xdist worker died, of which nothing but the controller can tell."""
        lost = self.results.crashed
        return [Gap(one, result.why) for one, result in self.entries if one.nodeid in lost]

    def last_words(self) -> list[str]:
        """Return the closing lines; none when nothing of ours was selected."""
        lines = [f"kore: {problem}" for problem in self._problems]
        if self.jobs or self.entries:
            lines.append(f"kore: {write_tally(self._tally())}{self._shard}")
        lines += [f"kore: {line}" for line in [*self._updated, *self._unwritten, *self._resume]]
        if self._emulator and self.entries:
            lines.append(f"kore: {EMULATOR_WORDS}{self._about_bot}")
        return lines

    def _tally(self) -> Tally:
        outcomes = [result.outcome for _, result in self.entries]
        verdict = self.verdict
        if verdict == UNKNOWN and not (
            self._coverage or self._problems or self.gaps or self._bad or ERROR in outcomes
        ):
            verdict = PASSED  # nothing is wrong, and --kore-unconfigured=skip takes the rest
        return Tally(
            verdict=verdict,
            jobs=list(self.jobs.values()),
            not_waited=len(self.not_waited),
            deselected=count_steps(one for one, _ in self.entries),
            lint=self._count(lint=True, verdict=verdict),
            items=self._count(lint=False, verdict=verdict),
            unconfigured=outcomes.count(NOT_CONFIGURED) or (self._excused and len(outcomes)),
        )

    def _count(self, *, lint: bool, verdict: str) -> ItemCounts:
        mine = [(one, result) for one, result in self.entries if (one.kind == LINT) == lint]
        outcomes = [result.outcome for _, result in mine]
        passed = sum(outcome in {PASSED, XPASSED, KNOWN} for outcome in outcomes)
        failed = outcomes.count(FAILED)
        rest = len(mine) - passed - failed - outcomes.count(NOT_CONFIGURED) if verdict != PASSED else 0
        return ItemCounts(len(mine), passed, failed, rest, _first_reason(mine))


def _first_reason(entries: Sequence[Entry]) -> str:
    """Say why the first item has no verdict of which no job tells."""
    for one, result in entries:
        if result.why and not result.told and result.outcome not in {*_VERDICTS, COVERED, NOT_CONFIGURED}:
            return f"{one.nodeid}: {result.why}"
    return ""


def _why_not_run(session: pytest.Session, stopped_by: str) -> str:
    stop = stopped_by or getattr(session, "shouldfail", "") or getattr(session, "shouldstop", "")
    return f"the run ended before it{f': {stop}' if isinstance(stop, str) and stop else ''}"


def _why_not_run_at_all(stopped_by: str) -> str:
    return f"the run ended before any test was selected{f': {stopped_by}' if stopped_by else ''}"


def _stand_for(label: str, check: str, run: Run) -> Selected:
    """Return the item that would tell of a job, if it were selected."""
    where = "kore-gate" if run.is_gate else "kore"
    return Selected(f"{where}::{check}[{label}]", OWN, (), where, None, f"{check}[{label}]")


def _resume_command(ds_id: str, label: str = "") -> str:
    from pytest_kore_convtest.jobs.end_reasons import resume_command

    return resume_command(ds_id, label)
