"""The hooks of an active run: FAILED and ERROR mean what they say, and no run is green for nothing.

A verdict is FAILED in whatever phase it was raised; everything else of ours is
ERROR. In place of a traceback stands our sentence.
"""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_kore_convtest import imports, terminal
from pytest_kore_convtest.errors import ConfigError, KoreError, Verdict
from pytest_kore_convtest.facts import Facts, describe, job_facts
from pytest_kore_convtest.session import clean_up, find_run, share_with_worker, terminated_like_interrupted

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_kore_convtest.session import Run

PLUGIN_NAME = "kore-run"
"""The name under which an active run is registered with pytest."""

_PACKAGE = str(Path(__file__).parent)
_DRY = ("collectonly", "setupplan", "showfixtures", "show_fixtures_per_test", "help", "version")


class Outcomes:
    """Hooks that judge, gather facts and speak the last word.

    Args:
        run: The run of this process.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._config = run, run.config
        self._facts = Facts()
        self._worker = hasattr(run.config, "workerinput")
        run.tick = run.heed_interrupt if self._worker else terminal.Progress(run).tick

    def choose(self, args: list[str]) -> None:
        """Select the items of the gate that are named by their node ids, if any are."""
        self._run.chosen = frozenset(arg for arg in args if arg.startswith("kore-gate::"))

    def header(self) -> str | None:
        """Say what is configured, and from where."""
        return terminal.header(self._run.settings)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell an xdist worker what the whole test run shares."""
        share_with_worker(node)

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """Give a test one case per configured import job, when there are several."""
        imports.parametrize(metafunc)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Stop what was started."""
        clean_up(config)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Let SIGTERM end xdist's controller as Ctrl-C does: it never waits for a job itself."""
        if not self._controls_workers():
            return (yield)
        with terminated_like_interrupted():
            return (yield)

    def pytest_keyboard_interrupt(self) -> None:
        """Pass an interrupt on to the workers' waits; what is on the platform stays there."""
        self._run.interrupted = True
        if self._controls_workers():
            self._run.interrupt_workers()

    def _controls_workers(self) -> bool:
        return bool(getattr(self._config.option, "tx", None)) and not self._worker

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Remember the item, so that waits know on whose behalf they are."""
        self._run.item = item

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Check the expectations of ``kore_suite`` before the test's body."""
        if any(item.iter_markers("kore_suite")):
            check_marker(self._run, item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put errors of ours into the right drawer, and facts on the report."""
        report = yield
        raised = call.excinfo.value if call.excinfo else None
        if isinstance(raised, KoreError) and report.failed:
            assert call.excinfo is not None  # noqa: S101 - for the type checker
            reshape(report, raised, call.excinfo, item)
        attach(report, raised, self._run, item)
        if report.when == "teardown" and report.failed and isinstance(raised, Verdict):
            log_as_failed(report, item)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the facts; on xdist's controller this is where the workers' facts arrive."""
        self._facts.add(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Make a run red that found nothing out, and print the last line."""
        if self._worker or any(getattr(self._config.option, name, False) for name in _DRY):
            return (yield)
        self._facts.close(self._run, session)
        self._run.clean_up_suites()
        if self._run.settings.emulator and self._facts.own_items:
            _tell_junit(self._config)
        yield
        terminal.last_words(self._config, self._facts.last_words())
        return None

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print what became of each job, then warnings, hints and notes."""
        quiet = getattr(self._config.option, "verbose", 0) < 0
        jobs = [] if quiet else [describe(job) for job in self._facts.jobs.values()]
        notes = dict.fromkeys([*self._run.settings.notes, *self._run.notes, *self._facts.notes])
        terminal.summary(terminalreporter, [*jobs, *notes])


def begin(config: pytest.Config) -> Outcomes:
    """Begin a run, unless one has begun.

    Raises:
        pytest.UsageError: A setting cannot be used.
    """
    found: Outcomes | None = config.pluginmanager.get_plugin(PLUGIN_NAME)
    if found is not None:
        return found
    problem = ""
    try:
        run = find_run(config)
    except ConfigError as bad:
        problem = bad.message
    if problem:
        raise pytest.UsageError(problem)
    config.pluginmanager.register(imports, "kore-imports")
    made = Outcomes(run)
    config.pluginmanager.register(made, PLUGIN_NAME)
    return made


def check_marker(run: Run, item: pytest.Item) -> None:
    """Judge an item's import against its ``kore_suite`` markers; the closest one wins.

    Raises:
        StructureError: An expectation is not met.
        ConfigError: The marker cannot be used.
    """
    stated: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("kore_suite"))):
        if marker.args:
            raise _bad_marker("takes keywords only: name=, steps=, tags=, inputs=")
        stated.update(marker.kwargs)
    status = getattr(item, "funcargs", {}).get("kore_import_status")
    from pytest_kore_convtest.models import ImportStatus
    from pytest_kore_convtest.structure import expect, judge, verdict

    if not isinstance(status, ImportStatus):
        raise _bad_marker("needs a test that uses kore_import_status")
    try:
        expectations = expect(
            stream_id=status.stream_id, require_assertions=run.settings.require_assertions, **stated
        )
    except TypeError as bad:
        problem = str(bad)
    else:
        if found := verdict(status, judge(status, expectations)):
            raise found
        return
    raise _bad_marker(problem)


def _bad_marker(problem: str) -> ConfigError:
    return ConfigError(f"@pytest.mark.kore_suite: {problem}", name="kore_suite", source="marker")


def reshape(
    report: pytest.TestReport,
    raised: KoreError,
    excinfo: pytest.ExceptionInfo[BaseException],
    item: pytest.Item,
) -> None:
    """Make a report say what our error means: FAILED for a verdict, ERROR for anything else."""
    phase = report.when
    if isinstance(raised, Verdict) and phase != "teardown":
        report.when = "call"
    elif phase == "call":
        report.when = "setup"
    # Older pytest-rerunfailures looks its own findings up by the phase that a report names.
    findings = getattr(item, "_terminal_errors", None)
    if isinstance(findings, dict):
        findings.setdefault(report.when, findings.get(phase, False))
    shown: Any = excinfo.getrepr(style="value", chain=False)
    place = _place(excinfo)
    crash = getattr(shown, "reprcrash", None)
    if crash is not None:
        crash.message = f"{type(raised).__name__}: {raised.message.partition(chr(10))[0]}"
        crash.path, crash.lineno = place or (item.location[0], (item.location[1] or 0) + 1)
    if place:
        shown.addsection("where", f"{place[0]}:{place[1]}")
    report.longrepr = shown


def log_as_failed(report: pytest.TestReport, item: pytest.Item) -> None:
    """Make a verdict that a teardown raised FAILED, by a report of its own.

    The teardown's report has to stay one: JUnit and others finish an item with it.
    """
    extra = copy(report)
    extra.when = "call"
    item.ihook.pytest_runtest_logreport(report=extra)
    report.outcome, report.longrepr, report.sections = "passed", None, []


def _place(excinfo: pytest.ExceptionInfo[BaseException]) -> tuple[str, int] | None:
    """Return the last line of the user's own code on the way to an error."""
    import _pytest
    import pluggy

    foreign = (_PACKAGE, str(Path(_pytest.__file__).parent), str(Path(pluggy.__file__).parent))
    entries = [entry for entry in excinfo.traceback if not str(entry.path).startswith(foreign)]
    return (str(entries[-1].path), entries[-1].lineno + 1) if entries else None


def attach(report: pytest.TestReport, raised: BaseException | None, run: Run, item: pytest.Item) -> None:
    """Put facts about an item's jobs on its report, as plain data that xdist carries."""
    ids = {raised.evidence.get("job_id", "")} if isinstance(raised, KoreError) else set()
    if report.when == "call":
        ids |= {
            str(getattr(value, "id", ""))
            for value in getattr(item, "funcargs", {}).values()
            if _is_status(value)
        }
    jobs = run.jobs_of(item, ids - {""}) if report.when == "call" or report.failed or report.skipped else []
    facts = [job_facts(job) for job in jobs if job.outcome is not None]
    own = hasattr(item, "suite") or hasattr(item, "job")
    kore = {
        "jobs": facts,
        "ours": isinstance(raised, KoreError),
        "own": own,
        "live": item.get_closest_marker("kore_live") is not None,
        "meant": _meant(run, item),
        "notes": getattr(item, "kore_notes", []),
    }
    if not any(kore.values()):
        return
    report.kore = kore  # type: ignore[attr-defined]
    for fact in facts:
        _add_properties(report, item, fact)


def _meant(run: Run, item: pytest.Item) -> list[str]:
    """Return the ids of the configured import jobs that an item is about, whether or not it got to ask."""
    job = getattr(item, "job", None)
    if job is not None:
        return [job.id]
    if "kore_import_status" not in getattr(item, "fixturenames", ()):
        return []
    callspec = getattr(item, "callspec", None)
    chosen = callspec.params.get("kore_import_status") if callspec else None
    jobs = run.settings.ds_id
    return [chosen] if isinstance(chosen, str) else [job.id for job in jobs] if len(jobs) == 1 else []


def _add_properties(report: pytest.TestReport, item: pytest.Item, fact: dict[str, Any]) -> None:
    """Record a job on its item: JUnit reads the properties of the teardown's report."""
    properties = [
        ("kore_run_id" if fact["kind"] == "run" else "kore_ds_id", fact["id"]),
        ("kore_suite", fact["suite"]),
        ("kore_polls", fact["asks"]),
        ("kore_seconds", fact["seconds"]),
    ]
    for one in properties:
        for holder in (item.user_properties, report.user_properties):
            if one not in holder and one[1] != "":
                holder.append(one)


def _is_status(value: Any) -> bool:
    return type(value).__name__ == "ImportStatus" and type(value).__module__.startswith(
        "pytest_kore_convtest"
    )


def _tell_junit(config: pytest.Config) -> None:
    for plugin in config.pluginmanager.get_plugins():
        if hasattr(plugin, "add_global_property"):
            plugin.add_global_property("kore_emulator", "built-in emulator; no real platform was contacted")
