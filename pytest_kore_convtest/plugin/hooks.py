"""The hooks of an active run: FAILED and ERROR mean what they say, and no run is green for nothing.

A verdict is FAILED in whatever phase it was raised; everything else of ours is
ERROR. In place of a traceback stands our sentence.
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

import pytest

from pytest_kore_convtest.errors import ConfigError, KoreError, Verdict
from pytest_kore_convtest.plugin import fixtures, given_for_this_run, ini_keys
from pytest_kore_convtest.plugin.config import in_ci
from pytest_kore_convtest.plugin.items.selection import (
    Selected,
    ask_workers,
    is_ours,
    select,
    tell_controller,
)
from pytest_kore_convtest.plugin.own_items import (
    OTHER_FILES,
    find_other_settings,
    show_root_conftest,
)
from pytest_kore_convtest.plugin.report_facts import facts_of
from pytest_kore_convtest.plugin.session import (
    KILL_MARGIN,
    NOBODY,
    clean_up,
)
from pytest_kore_convtest.plugin.signals import Farewell, terminated_like_interrupted
from pytest_kore_convtest.plugin.terminal import output
from pytest_kore_convtest.plugin.terminal.progress import Progress
from pytest_kore_convtest.settings.settings import environment

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence
    from pathlib import Path

    from pytest_kore_convtest.plugin.reporting.junit import JUnitReport
    from pytest_kore_convtest.plugin.reporting.publish import Published
    from pytest_kore_convtest.plugin.reporting.recorder import Recorder
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.plugin.update import Updates
    from pytest_kore_convtest.plugin.verdict.exit_code import RunVerdict
    from pytest_kore_convtest.plugin.workers.check_workers import SuiteFiles
    from pytest_kore_convtest.plugin.workers.shared import WorkerNode
    from pytest_kore_convtest.plugin.workers.xdist import Receiver
    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.reports.job_summary import JobSummary

PLUGIN_NAME = "kore-run"
"""The name under which an active run is registered with pytest."""

_MOCKS = frozenset({"responses", "requests_mock"})
"""Modules that replace parts of ``requests`` while a test runs."""

_DRY = ("collectonly", "setupplan", "showfixtures", "show_fixtures_per_test", "help", "version")

ALLURE = "allure_listener"
"""The name under which allure-pytest registers what writes results; nothing does without --alluredir."""

_LEFT = "kore_left"
"""What a worker hands to xdist's controller as it ends: the jobs of which no report of its items tells."""


class Left(TypedDict):
    """What a process has to say of its jobs of which no item has told, and what its user should know."""

    jobs: list[JobSummary]
    results: list[JobResult]
    notes: list[str]


class Hooks:
    """Hooks that judge, gather results and write the final status.

    Args:
        run: The run of this process.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._config = run, run.config
        self._other_settings: dict[str, str] = {}
        self._selected: list[Selected] = []
        self._dry = next((name for name in _DRY if getattr(run.config.option, name, False)), "")
        self._worker = hasattr(run.config, "workerinput")
        self._progress = Progress(run)
        self._receiver: Receiver | None = None
        self._suite_files: SuiteFiles | None = None
        self._failures, self._reported = 0, False
        self._farewell = Farewell(lambda: run.is_cleaning)
        run.tick, run.rest = self._progress.tick, self._progress.rest
        if self._worker:
            from pytest_kore_convtest.plugin.workers.xdist import Sender

            run.tick = Sender(run).tick

    # What judges and reports is loaded with the first report: by then the first request is on its way.

    @cached_property
    def _verdict(self) -> RunVerdict:
        """What decides the exit code."""
        from pytest_kore_convtest.plugin.verdict.exit_code import RunVerdict

        return RunVerdict()

    @cached_property
    def _published(self) -> Published:
        """What was written, and what there is to say about it."""
        from pytest_kore_convtest.plugin.reporting.publish import Published

        return Published()

    @cached_property
    def _junit(self) -> JUnitReport:
        """What is written into pytest's JUnit file."""
        from pytest_kore_convtest.plugin.reporting.junit import JUnitReport

        return JUnitReport(self._config)

    @cached_property
    def _updates(self) -> Updates:
        """What suite files could say instead."""
        from pytest_kore_convtest.plugin.update import Updates

        return Updates()

    @cached_property
    def _recorder(self) -> Recorder:
        """What gathers the record, in a run that wants one."""
        from pytest_kore_convtest.plugin.reporting.recorder import Recorder

        return Recorder()

    def choose(self, args: list[str]) -> None:
        """Select the items of the gate that are named by their node ids, if any are."""
        self._run.chosen = frozenset(arg for arg in args if arg.startswith("kore-gate::"))

    def pytest_report_header(self) -> str | None:
        """Say what is configured, and from where; nothing when nobody configured anything."""
        configured = given_for_this_run(self._config) or ini_keys(self._config)
        return output.header(self._run.settings) if configured else None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: WorkerNode) -> None:
        """Tell an xdist worker what the whole test run shares."""
        from pytest_kore_convtest.plugin.workers.check_workers import SuiteFiles, refusing, share_with_worker
        from pytest_kore_convtest.plugin.workers.xdist import Receiver

        with refusing(begun=self._reported):
            share_with_worker(self._run, node)
        self._suite_files = self._suite_files or SuiteFiles(self._config)
        self._receiver = self._receiver or Receiver(self._run, self._progress.show)
        self._receiver.add(node.gateway.id)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: WorkerNode) -> None:
        """Compare the suite files of an xdist worker with those of the others."""
        from pytest_kore_convtest.plugin.workers.check_workers import refusing

        if self._suite_files is not None:
            with refusing(begun=self._reported):
                self._suite_files.require_same(node)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_testnodedown(self, node: WorkerNode, error: object) -> None:
        """Take over what an xdist worker leaves behind."""
        if error is not None:
            from pytest_kore_convtest.plugin.workers.check_workers import heed_refusal, refusing

            with refusing(begun=self._reported):
                heed_refusal(node, error)
        left = getattr(node, "workeroutput", {}).get(_LEFT, {})
        for job in left.get("jobs", ()):
            self._verdict.add_job(job)
        if results := left.get("results"):
            self._recorder.add_results(results)
        self._run.notes += [note for note in left.get("notes", ()) if note not in self._run.notes]
        if self._receiver is not None:
            self._receiver.drop(node.gateway.id)

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(self, module_path: Path, parent: pytest.Collector) -> object:
        """Collect the gate instead of the module that holds it."""
        if module_path.name != "gate.py" or module_path.parent.name != "pytest_kore_convtest":
            return None
        from pytest_kore_convtest.plugin.items.gate_items import GateModule

        return GateModule.of(parent, module_path)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrize ``kore_import_status`` when several import jobs are configured."""
        if "kore_import_status" in metafunc.fixturenames:
            fixtures.parametrize(metafunc)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Stop what was started."""
        self._farewell.let_go()
        clean_up(config)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Let SIGTERM end the run as Ctrl-C does, also between two waits: jobs go on in the background."""
        if self._worker:
            return (yield)
        try:
            with terminated_like_interrupted(self._is_under_way), self._receiver or nullcontext():
                return (yield)
        except KeyboardInterrupt:
            self._farewell.hold_off()
            raise

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Let the gate, which is outside the root folder, see what the conftest.py there overrides."""
        if self._run.is_gate:
            show_root_conftest(session)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep this machine's part of the suites that are left; tell the controller which files there are."""
        if shard := self._run.settings.shard:
            from pytest_kore_convtest.plugin.items.shards import keep_mine, tell_division

            before = self._run.deselected
            keep_mine(self._run, shard, items)
            self._run.deselected = before
            if self._worker:
                tell_division(self._run)
        if self._worker:
            from pytest_kore_convtest.plugin.workers.check_workers import tell_files

            tell_files(self._run, items)  # before xdist tells the controller that all is collected

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count the items of ours that are not to be run: of them the reports tell nothing."""
        self._run.deselected += sum(map(is_ours, items))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what is selected of ours: all of it counts."""
        # Of a run that judges nothing it is enough to know whether there is anything to judge.
        self._selected = select(session.items, self._run.settings, 1 if self._dry else None)
        if self._selected and not self._dry and not _MOCKS.isdisjoint(sys.modules):
            from pytest_kore_convtest.api import transport  # noqa: F401 - before a test replaces what it uses
        self._other_settings = find_other_settings(session, session.items)
        if files := self._config.stash.get(OTHER_FILES, []):
            from pytest_kore_convtest.plugin.items.hints import hint_at_suites

            hint_at_suites(self._run, files)
        if self._config.pluginmanager.has_plugin(ALLURE):
            from pytest_kore_convtest.plugin.reporting import allure

            allure.follow(self._run)
        if self._worker:
            tell_controller(self._run, self._selected)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note why the run stops; pass an interrupt on to the workers' waits."""
        stop = excinfo.value
        self._verdict.stopped_by = str(stop)
        # --stepwise raises pytest's, --maxfail under xdist raises xdist's own.
        if "Interrupted" in {cls.__name__ for cls in type(stop).__mro__}:
            self._run.stopped = f"the test run stopped ({_reason(stop)})"
            return
        self._run.interrupted = True
        self._run.stopped = f"the test run was interrupted ({_reason(stop)})"
        if self._controls_workers():
            self._run.interrupt_workers()

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, settings: object) -> None:
        """Note when pytest-timeout ends the item, which may end the whole process."""
        timeout = getattr(settings, "timeout", None)
        if isinstance(timeout, (int, float)) and timeout > 0:
            self._run.killed_by = f"Timeout (>{timeout:g}s) from pytest-timeout is about to end this test"
            self._run.killed_at = time.monotonic() + max(timeout / 2, timeout - KILL_MARGIN)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> None:
        """Forget that: the item has ended."""
        self._run.killed_at = None

    def _is_under_way(self) -> bool:
        return self._controls_workers() or bool(self._run.pipelines)

    def _controls_workers(self) -> bool:
        return bool(getattr(self._config.option, "tx", None)) and not self._worker

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember the item, so that waits know on whose behalf they are."""
        self._run.item = item
        if base := self._other_settings.get(item.nodeid):
            raise ConfigError(
                f"kore_settings is overridden only for the tests in {base}, but a test run uses one account:"
                f" run those tests separately (pytest {base}).",
                name="settings",
                source="conftest",
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Check the expectations of ``kore_suite`` before the test's body."""
        if any(item.iter_markers("kore_suite")):
            from pytest_kore_convtest.plugin.suite_marker import check_marker

            check_marker(self._run, item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put errors of ours into the right phase, and what we know on the report."""
        from pytest_kore_convtest.plugin.reporting.item_reports import (
            attach,
            log_as_failed,
            make_harmless,
            reshape,
        )

        report = yield
        phase = str(report.when)
        raised = call.excinfo.value if call.excinfo else None
        if isinstance(raised, KoreError) and report.failed:
            assert call.excinfo is not None  # noqa: S101 - for the type checker
            reshape(report, raised, call.excinfo, item, self._run)
        attach(report, raised, self._run, item, phase)
        if facts_of(report):
            make_harmless(report, coloured=output.is_coloured(self._config))
        if report.when == "teardown" and report.failed and isinstance(raised, Verdict):
            log_as_failed(report, item)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the results; on the controller of xdist this is where those of the workers arrive."""
        self._reported = True
        self._verdict.add(report)
        self._junit.follow(report, facts_of(report).get("error_in", ""))
        if report.failed and self._controls_workers():
            self._failures += 1
            if self._failures == self._config.option.maxfail:
                # xdist lets the others finish what they are at; a job may take ten minutes.
                self._run.interrupt_workers(f"the test run stops after {self._failures} failed (--maxfail)")
        if self._run.wants_record:
            self._recorder.add(report)
        self._updates.add(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Make a run red that found nothing out, and print the last lines."""
        if self._worker:
            self._hand_over()
            return (yield)
        if self._dry:
            yield
            if self._selected:
                words = "nothing was run, so nothing is verified"
                output.last_words(self._config, [f"kore: {words} ({_spell(self._dry)})"])
            return None
        self._close(session)
        yield
        self._verdict.keep_exit_code(session)
        output.last_words(self._config, self._verdict.last_words(), self._published.annotations)
        return None

    def _close(self, session: pytest.Session) -> None:
        """Decide the exit code, tidy up and write the reports."""
        from pytest_kore_convtest.plugin.cleanup import clean_up_suites
        from pytest_kore_convtest.plugin.reporting.publish import publish
        from pytest_kore_convtest.plugin.verdict.final_status import EMULATOR_WORDS

        self._run.stopped = self._run.stopped or _why_stopped(session)
        self._run.settle()
        if self._controls_workers():
            from pytest_kore_convtest.plugin.items.hints import take_over_hints

            self._selected = ask_workers(self._run)
            take_over_hints(self._run)
        left = self._find_left()
        for job in left["jobs"]:
            self._verdict.add_job(job)
        if left["results"]:
            self._recorder.add_results(left["results"])
        self._verdict.uncollected = output.name_uncollected(self._config)
        self._verdict.close(self._run, session, self._selected)
        clean_up_suites(self._run)
        self._junit.add(self._verdict.missing_in_junit())
        if self._config.pluginmanager.has_plugin(ALLURE):
            from pytest_kore_convtest.plugin.reporting import allure

            allure.add_gaps(self._run, [*self._verdict.missing_in_junit(), *self._verdict.crashed()])
        if self._run.emulated and self._verdict.entries:
            self._junit.add_property("kore_emulator", EMULATOR_WORDS)
        for begun in self._run.unfinished():
            self._junit.add_property("kore_unfinished", begun.tell(self._run.stopped or NOBODY))
        if self._run.settings.update:
            self._update_files(session)
        if self._run.wants_record:
            self._published = publish(self._run, self._recorder, self._verdict, session)
            self._verdict.add_problems(session, self._published.problems)

    def _update_files(self, session: pytest.Session) -> None:
        """Show what changes in suite files, change them, and say so in the closing lines."""
        from pytest_kore_convtest.plugin.update_files import update_files

        if self._run.interrupted:
            self._verdict.add_closing(["interrupted; no suite file was updated"])
            return
        try:
            self._verdict.add_closing(update_files(self._config, self._updates))
        except KeyboardInterrupt:  # the reports are still to be written
            session.exitstatus = pytest.ExitCode.INTERRUPTED
            self._verdict.add_closing(
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

    def _hand_over(self) -> None:
        """Let xdist's controller know of jobs of which no item of this worker has told."""
        self._config.workeroutput[_LEFT] = self._find_left()  # type: ignore[attr-defined] # xdist's

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what became of each job, then warnings, hints and notes."""
        from pytest_kore_convtest.plugin.terminal.summary import Line, sum_up, write_summary

        quiet = getattr(self._config.option, "verbose", 0) < 0
        jobs = [Line("", f"kore: {self._published.first}")] if self._published.first else []
        jobs += [] if quiet else sum_up(self._verdict.jobs.values())
        said = (self._run.settings.notes, self._run.notes, self._verdict.notes, self._published.notes)
        notes = dict.fromkeys(note for some in said for note in some)
        if not self._run.settings.update and not in_ci(environment()):
            notes |= dict.fromkeys(self._updates.advise())
        idle = [] if quiet else [(job.label, job.id) for job in self._verdict.not_waited]
        last = [
            *self._published.compared,
            *self._published.coverage,
            *self._published.written,
            *_name_pages(self._verdict.pages),
        ]
        write_summary(terminalreporter, jobs, list(notes), last, idle)


def _name_pages(pages: Collection[str]) -> list[str]:
    """Return the line that names the pages about what was found; nothing without any."""
    if not pages:
        return []
    from pytest_kore_convtest.plugin.terminal.help_pages import write_pages

    return [write_pages(pages)]


def _reason(stop: BaseException) -> str:
    return str(stop).strip() or {"KeyboardInterrupt": "Ctrl-C"}.get(type(stop).__name__, type(stop).__name__)


def _why_stopped(session: pytest.Session) -> str:
    """Say why a session stopped before its end, other than by an interrupt; empty when it did not."""
    if reason := session.shouldfail or session.shouldstop:
        return f"the test run stopped ({reason})"
    if session.exitstatus == pytest.ExitCode.INTERNAL_ERROR:
        return "pytest broke off (INTERNALERROR)"
    return ""


def _spell(option: str) -> str:
    """Write an option of pytest as it is typed."""
    known = {"collectonly": "--collect-only", "setupplan": "--setup-plan", "showfixtures": "--fixtures"}
    return known.get(option, f"--{option.replace('_', '-')}")
