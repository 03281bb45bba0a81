"""The hooks of an active run: FAILED and ERROR mean what they say, and no run is green for nothing.

A verdict is FAILED in whatever phase it was raised; everything else of ours is
ERROR. In place of a traceback stands our sentence.
"""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.errors import ConfigError, KoreError, Verdict
from pytest_kore_convtest.plugin import fixtures, given_for_this_run, ini_keys
from pytest_kore_convtest.plugin.items.selection import Selected, is_ours, select, tell_controller
from pytest_kore_convtest.plugin.own_items import OTHER_FILES, find_other_settings, show_root_conftest
from pytest_kore_convtest.plugin.report_facts import facts_of
from pytest_kore_convtest.plugin.session import ALLURE, KILL_MARGIN, clean_up
from pytest_kore_convtest.plugin.signals import Farewell, terminated_like_interrupted
from pytest_kore_convtest.plugin.terminal import output
from pytest_kore_convtest.plugin.terminal.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from pytest_kore_convtest.plugin.end_of_run import EndOfRun
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.plugin.workers.check_workers import SuiteFiles
    from pytest_kore_convtest.plugin.workers.shared import WorkerNode
    from pytest_kore_convtest.plugin.workers.xdist import Receiver

PLUGIN_NAME = "kore-run"
"""The name under which an active run is registered with pytest."""

_MOCKS = frozenset({"responses", "requests_mock"})
"""Modules that replace parts of ``requests`` while a test runs."""

_DRY = ("collectonly", "setupplan", "showfixtures", "show_fixtures_per_test", "help", "version")


class Hooks:
    """Hooks that put errors into the right phase, gather what reports say, and end the run.

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

    @cached_property
    def _end(self) -> EndOfRun:
        """What judges and reports; loaded with the first report: by then the first request is on its way."""
        from pytest_kore_convtest.plugin.end_of_run import EndOfRun

        return EndOfRun(self._run)

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
        self._end.take_over(getattr(node, "workeroutput", {}))
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
        self._end.verdict.stopped_by = str(stop)
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
            without_traceback,
        )

        raised = call.excinfo.value if call.excinfo else None
        with without_traceback(item, raised):
            report = yield
        phase = str(report.when)
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
        self._end.add(report)
        if report.failed and self._controls_workers():
            self._failures += 1
            if self._failures == self._config.option.maxfail:
                # xdist lets the others finish what they are at; a job may take ten minutes.
                self._run.interrupt_workers(f"the test run stops after {self._failures} failed (--maxfail)")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Make a run red that found nothing out, and print the last lines."""
        if self._worker:
            self._end.hand_over()
            return (yield)
        if self._dry:
            yield
            if self._selected:
                words = "nothing was run, so nothing is verified"
                output.last_words(self._config, [f"kore: {words} ({_spell(self._dry)})"])
            return None
        self._end.close(session, self._selected, controls_workers=self._controls_workers())
        yield
        self._end.last_words(session)
        return None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what became of each job, then warnings, hints and notes."""
        self._end.write_summary(terminalreporter)


def _reason(stop: BaseException) -> str:
    return str(stop).strip() or {"KeyboardInterrupt": "Ctrl-C"}.get(type(stop).__name__, type(stop).__name__)


def _spell(option: str) -> str:
    """Write an option of pytest as it is typed."""
    known = {"collectonly": "--collect-only", "setupplan": "--setup-plan", "showfixtures": "--fixtures"}
    return known.get(option, f"--{option.replace('_', '-')}")
