"""The end of a run: what its reports say is gathered, judged, tidied up, written and told."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypedDict, cast

import pytest

from pytest_kore_convtest.plugin.cleanup import clean_up_suites
from pytest_kore_convtest.plugin.config import in_ci
from pytest_kore_convtest.plugin.items.hints import take_over_hints
from pytest_kore_convtest.plugin.items.selection import ask_workers
from pytest_kore_convtest.plugin.report_facts import facts_of
from pytest_kore_convtest.plugin.reporting.junit import JUnitReport
from pytest_kore_convtest.plugin.reporting.publish import Published, publish
from pytest_kore_convtest.plugin.session import ALLURE, NOBODY
from pytest_kore_convtest.plugin.terminal import output
from pytest_kore_convtest.plugin.terminal.summary import Line, sum_up, write_summary
from pytest_kore_convtest.plugin.update import Updates
from pytest_kore_convtest.plugin.verdict.exit_code import RunVerdict
from pytest_kore_convtest.plugin.verdict.final_status import EMULATOR_WORDS
from pytest_kore_convtest.settings.settings import environment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pytest_kore_convtest.plugin.items.selection import Selected
    from pytest_kore_convtest.plugin.reporting.recorder import Recorder
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.reports.job_summary import JobSummary

_LEFT = "kore_left"
"""What a worker hands to xdist's controller as it ends: the jobs of which no report of its items tells."""


class Left(TypedDict):
    """What a process has to say of its jobs of which no item has told, and what its user should know."""

    jobs: list[JobSummary]
    results: list[JobResult]
    notes: list[str]


class EndOfRun:
    """What is gathered of a run, and what becomes of it when it ends.

    Args:
        run: The run of this process.

    Attributes:
        verdict: What decides the exit code.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._config = run, run.config
        self.verdict: RunVerdict = RunVerdict()
        self._junit = JUnitReport(run.config)
        self._updates = Updates()
        self._published = Published()

    @cached_property
    def _recorder(self) -> Recorder:
        """What gathers the record, in a run that wants one."""
        from pytest_kore_convtest.plugin.reporting.recorder import Recorder

        return Recorder()

    def add(self, report: pytest.TestReport) -> None:
        """Gather what one report says."""
        self.verdict.add(report)
        self._junit.follow(report, facts_of(report).get("error_in", ""))
        if self._run.wants_record:
            self._recorder.add(report)
        self._updates.add(report)

    def take_over(self, workeroutput: Mapping[str, object]) -> None:
        """Take over what an xdist worker leaves behind."""
        left = cast("Left", workeroutput.get(_LEFT, {}))
        for job in left.get("jobs", ()):
            self.verdict.add_job(job)
        if results := left.get("results"):
            self._recorder.add_results(results)
        self._run.notes += [note for note in left.get("notes", ()) if note not in self._run.notes]

    def close(self, session: pytest.Session, selected: list[Selected], *, controls_workers: bool) -> None:
        """Decide the exit code, tidy up and write the reports.

        Args:
            session: pytest's session.
            selected: What of ours this process has selected.
            controls_workers: Whether that is for xdist's workers to say.
        """
        self._run.stopped = self._run.stopped or _why_stopped(session)
        self._run.settle()
        if controls_workers:
            selected = ask_workers(self._run)
            take_over_hints(self._run)
        left = self._find_left()
        for job in left["jobs"]:
            self.verdict.add_job(job)
        if left["results"]:
            self._recorder.add_results(left["results"])
        self.verdict.uncollected = output.name_uncollected(self._config)
        self.verdict.close(self._run, session, selected)
        clean_up_suites(self._run)
        self._junit.add(self.verdict.missing_in_junit())
        if self._config.pluginmanager.has_plugin(ALLURE):
            from pytest_kore_convtest.plugin.reporting import allure

            allure.add_gaps(self._run, [*self.verdict.missing_in_junit(), *self.verdict.crashed()])
        if self._run.emulated and self.verdict.entries:
            self._junit.add_property("kore_emulator", EMULATOR_WORDS)
        for begun in self._run.unfinished():
            self._junit.add_property("kore_unfinished", begun.tell(self._run.stopped or NOBODY))
        if self._run.settings.update:
            self._update_files(session)
        if self._run.wants_record:
            self._published = publish(self._run, self._recorder, self.verdict, session)
            self.verdict.add_problems(session, self._published.problems)

    def _update_files(self, session: pytest.Session) -> None:
        """Show what changes in suite files, change them, and say so in the closing lines."""
        from pytest_kore_convtest.plugin.update_files import update_files

        if self._run.interrupted:
            self.verdict.add_closing(["interrupted; no suite file was updated"])
            return
        try:
            self.verdict.add_closing(update_files(self._config, self._updates))
        except KeyboardInterrupt:  # the reports are still to be written
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            self.verdict.add_closing(
                ["interrupted while suite files were updated; each is whole, old or new"]
            )

    def _find_left(self) -> Left:
        """Return what there is to say of this process's jobs that began and of which no item has told."""
        left = [
            job for job in self._run.jobs() if job.outcome is not None and (job.job_id or job.outcome.asks)
        ]
        return Left(
            jobs=[self._run.results.summarize(job) for job in left],
            results=self._run.results.new(left) if self._run.wants_record else [],
            notes=self._run.notes,
        )

    def hand_over(self) -> None:
        """Let xdist's controller know of jobs of which no item of this worker has told."""
        self._config.workeroutput[_LEFT] = self._find_left()  # type: ignore[attr-defined] # xdist's

    def last_words(self, session: pytest.Session) -> None:
        """Keep the exit code, and write what is said last."""
        self.verdict.keep_exit_code(session)
        output.last_words(self._config, self.verdict.last_words(), self._published.annotations)

    def write_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what became of each job, then warnings, hints and notes."""
        quiet = getattr(self._config.option, "verbose", 0) < 0
        jobs = [Line("", f"kore: {self._published.first}")] if self._published.first else []
        jobs += [] if quiet else sum_up(self.verdict.jobs.values())
        said = (self._run.settings.notes, self._run.notes, self.verdict.notes, self._published.notes)
        notes = dict.fromkeys(note for some in said for note in some)
        if not self._run.settings.update and not in_ci(environment()):
            notes |= dict.fromkeys(self._updates.advise())
        idle = [] if quiet else [(job.label, job.id) for job in self.verdict.not_waited]
        last = [
            *self._published.compared,
            *self._published.coverage,
            *self._published.written,
            *_name_pages(self.verdict.pages),
        ]
        write_summary(terminalreporter, jobs, list(notes), last, idle)


def _name_pages(pages: Collection[str]) -> list[str]:
    """Return the line that names the pages about what was found; nothing without any."""
    if not pages:
        return []
    from pytest_kore_convtest.plugin.terminal.help_pages import write_pages

    return [write_pages(pages)]


def _why_stopped(session: pytest.Session) -> str:
    """Say why a session stopped before its end, other than by an interrupt; empty when it did not."""
    if reason := session.shouldfail or session.shouldstop:
        return f"the test run stopped ({reason})"
    if session.exitstatus == pytest.ExitCode.INTERNAL_ERROR:
        return "pytest broke off (INTERNALERROR)"
    return ""
