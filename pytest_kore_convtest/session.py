"""What one pytest run holds: settings, pipelines, the emulator, and what xdist workers share."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_kore_convtest.configured import read_settings
from pytest_kore_convtest.errors import ConfigError, JobError
from pytest_kore_convtest.items import attempts
from pytest_kore_convtest.options import READABLE, REPORTS
from pytest_kore_convtest.settings import Settings, environment, require
from pytest_kore_convtest.values import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_kore_convtest.client import KoreClient
    from pytest_kore_convtest.jobs import Job, Outcome
    from pytest_kore_convtest.ledger import Ledger
    from pytest_kore_convtest.lint import LintFinding
    from pytest_kore_convtest.pipeline import Pipeline
    from pytest_kore_convtest.positions import Place
    from pytest_kore_convtest.suitefile import LocalSuite

BUILD_IDS = ("GITHUB_RUN_ID", "CI_PIPELINE_ID", "BUILD_BUILDID", "BUILD_NUMBER", "CIRCLE_WORKFLOW_ID")
"""Environment names of a CI build's id: GitHub, GitLab, Azure, Jenkins, CircleCI."""

GATE = "pytest_kore_convtest.gate"
"""The module that ``--pyargs`` collects the gate by."""

_INTERRUPTED = "interrupted"
"""The key of the ledger's entry that says so."""

_SHARED: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
_RUN: pytest.StashKey[Run] = pytest.StashKey()


class Run:
    """One pytest run, as this process sees it.

    Attributes:
        config: pytest's configuration.
        settings: The settings as configured; the emulator's address is not in them yet.
        item: The item under way.
        tick: Called while a job is waited for.
        rest: Called when the wait is over, however it ended.
        plan: The suites that this test run imports, and whether it runs them; ``None`` before the first
            item that needs one.
        numbers: Which suite of its name each is, by file, place and name.
        taken: The names under which this test run stores suites.
        namesakes: Suites whose names stand in several files; ``None`` before they are looked for.
        selected: Node ids of all selected items; ``None`` before somebody asks.
        explained: Which item says a setting's whole message, by message.
        chosen: Node ids of the gate that were named on the command line; empty for all.
        notes: Things to say in the summary.
        begun_at: When it began, in seconds since the epoch.
        interrupted: Whether the run was interrupted.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config, self.settings = config, settings
        self.item: pytest.Item | None = None
        self.pipelines: list[Pipeline] = []
        self.tick: Callable[[], None] | None = None
        self.rest: Callable[[], None] = lambda: None
        self._touched: dict[str, list[Job]] = {}
        self._told: set[tuple[str, int]] = set()
        self._seen: dict[tuple[str, str], int] = {}
        self._emulator: Any = None
        self._own_emulator: Any = None
        self.plan: list[tuple[LocalSuite, bool]] | None = None
        self.numbers: dict[tuple[Path, Place, str], int] = {}
        self.taken: set[str] = set()
        self.namesakes: list[LintFinding] | None = None
        self.selected: set[str] | None = None
        self.explained: dict[str, str] = {}
        self.chosen: frozenset[str] = frozenset()
        self.notes: list[str] = []
        self.begun_at = time.time()
        self.interrupted = False

    @cached_property
    def wants_record(self) -> bool:
        """Whether a report is to be written, here or by xdist's controller, or GitHub is to be told."""
        return any(getattr(self.settings, form) for form in REPORTS) or in_github(environment())

    @property
    def only_gate(self) -> bool:
        """Whether ``--kore-gate`` collects the gate and nothing else."""
        return bool(self.config.option.kore_gate)

    @property
    def is_gate(self) -> bool:
        """Whether the gate was asked for, by its option or by its module."""
        return self.only_gate or any(GATE in str(arg) for arg in self.config.args)

    def is_unconfigured(self) -> bool:
        """Say whether something is missing before the platform can be asked."""
        return not self.settings.emulator and bool(unconfigured(self.settings))

    @cached_property
    def full_report(self) -> str:
        """Where the report will be that people read, as it can be typed; empty without one."""
        from pytest_kore_convtest.suitefile import show_path

        found = next(
            (path for form in READABLE if isinstance(path := getattr(self.settings, form), Path)), None
        )
        return show_path(found) if found else ""

    def known_settings(self) -> Settings:
        """Return the settings as far as they are known; starts nothing."""
        return self.settings if self._emulator is None else self.live_settings()

    def new_accounts(self, jobs: list[Job]) -> list[Any]:
        """Give account of jobs that have ended, of each once in this process."""
        from pytest_kore_convtest.account import give_account

        before = [after for job in jobs if (after := getattr(job, "after", None)) is not None]
        ended = [job for job in [*before, *jobs] if job.outcome is not None]
        new = {(job.key, job.outcome.generation): job for job in ended if job.outcome}
        accounts = [give_account(job) for key, job in new.items() if key not in self._told]
        self._told.update(new)
        return accounts

    @property
    def shared(self) -> dict[str, Any]:
        """What all processes of this test run share."""
        return shared(self.config)

    def live_settings(self) -> Settings:
        """Return the settings to ask with; starts the emulator when it is to be used.

        Raises:
            ConfigError: The emulator is not installed.
        """
        if not self.settings.emulator:
            return self.settings
        found = self.emulator()
        source = self.settings.source("emulator")
        names = ("host", "stream_id", "client_id", "client_secret", "user_email")
        return replace(
            self.settings,
            host=found.url,
            stream_id=found.stream_id,
            client_id=found.client_id,
            client_secret=Secret(found.client_secret),
            user_email=found.user_email,
            sources={**self.settings.sources, **dict.fromkeys(names, source)},
        )

    def emulator(self) -> Any:
        """Return the emulator of this test run; one of its own when ``--kore-emulator`` is not given.

        Raises:
            ConfigError: It is not installed.
        """
        if self._emulator is None:
            handle = self.shared.get("emulator")
            if self.settings.emulator and handle:
                from pytest_kore_convtest.emulator import Emulator

                self._emulator = Emulator.attach(handle)
            else:
                self._emulator = self._own_emulator = start_emulator()
        return self._emulator

    def pipeline(self, client: KoreClient, settings: Settings) -> Pipeline:
        """Make the pipeline of this process."""
        from pytest_kore_convtest.ledger import Ledger
        from pytest_kore_convtest.pipeline import Pipeline

        alone = not hasattr(self.config, "workerinput")
        made = Pipeline(client, settings, Ledger(None if alone else Path(self.shared["folder"])))
        self.pipelines.append(made)
        return made

    def wait(self, pipeline: Pipeline, job: Job) -> Outcome:
        """Wait for a job on behalf of the item under way; a rerun after trouble asks again."""
        nodeid = self.item.nodeid if self.item else ""
        self._touched.setdefault(nodeid, []).append(job)
        known = self._seen.get((nodeid, job.key))
        outcome = job.outcome
        try:
            if outcome is None or known is not None:
                outcome = self._wait(pipeline, job, known)
            elif self.tick:
                self.tick()
        finally:
            self.rest()
        self._seen[nodeid, job.key] = outcome.generation
        return outcome

    def _wait(self, pipeline: Pipeline, job: Job, known: int | None) -> Outcome:
        with terminated_like_interrupted():
            outcome = pipeline.wait_for(job, self.tick)
            if known == outcome.generation and outcome.trouble and attempts(self.item) > 1:
                pipeline.ask_again(job, known)
                outcome = pipeline.wait_for(job, self.tick)
        return outcome

    def jobs(self) -> list[Job]:
        """Return all jobs of this process, in the order in which they were first asked for."""
        return [job for made in self.pipelines for job in list(made.jobs.values())]

    def ledger(self) -> Ledger:
        """Return what all processes of this test run know of its jobs."""
        from pytest_kore_convtest.ledger import Ledger

        return Ledger(Path(self.shared["folder"]))

    def jobs_of(self, item: pytest.Item, ids: set[str]) -> list[Job]:
        """Return the jobs that an item waited for, or that have one of these ids."""
        jobs = {job.key: job for job in self._touched.get(item.nodeid, [])}
        jobs |= {job.key: job for made in self.pipelines for job in made.jobs.values() if job.job_id in ids}
        return list(jobs.values())

    def unfinished(self) -> set[str]:
        """Return the ids of jobs that have begun and not ended, those of xdist's workers included."""
        from pytest_kore_convtest.ledger import Ledger

        jobs = [job for made in self.pipelines for job in made.jobs.values()]
        ids = {job.job_id for job in jobs if job.outcome is None}
        entries = Ledger(Path(self.shared["folder"])).entries()
        return (
            ids
            | {
                entry.get("job_id", "")
                for entry in entries
                if entry.get("kind") != "SuiteRun" and "outcome" not in entry
            }
        ) - {""}

    def interrupt_workers(self, why: str = "") -> None:
        """Tell xdist's workers, which get no signal of their own, to stop waiting.

        Args:
            why: Why nobody waits any more; empty when it is an interrupt.
        """
        with suppress(ConfigError):  # they cannot be told; xdist ends them after a while
            self.ledger().write(_INTERRUPTED, {"why": why})

    def heed_interrupt(self) -> None:
        """End a worker's wait when the controller does not wait any more.

        Raises:
            KeyboardInterrupt: It was interrupted.
            JobError: It stops for another reason.
        """
        told = self.ledger().read(_INTERRUPTED)
        if told.get("why"):
            raise JobError(
                f"It is not waited for any longer: {told['why']}.", job_id="", last=None, history=[]
            )
        if told:
            raise KeyboardInterrupt

    def clean_up_suites(self) -> None:
        """On xdist's controller, when all workers are done: delete the suites of this test run."""
        directory = Path(self.shared["folder"])
        if self.interrupted or not directory.is_dir():
            return
        from pytest_kore_convtest.cleanup import clean_up
        from pytest_kore_convtest.client import KoreClient
        from pytest_kore_convtest.ledger import Ledger

        try:
            with KoreClient(self.live_settings()) as client:
                self.notes += clean_up(client, Ledger(directory), self.settings.keep)
        except ConfigError as bad:
            self.notes.append(f"imported suites were not deleted: {bad.message}")

    def close(self) -> None:
        """Stop what this process started."""
        for made in self.pipelines:
            made.close()
        if self._own_emulator is not None:
            self._own_emulator.stop()
            self._own_emulator = self._emulator = None


def find_run(config: pytest.Config) -> Run:
    """Return the run, which begins with this call if nothing was configured.

    Raises:
        ConfigError: A setting cannot be used.
    """
    if _RUN not in config.stash:
        config.stash[_RUN] = Run(config, read_settings(config))
    return config.stash[_RUN]


def shared(config: pytest.Config) -> dict[str, Any]:
    """Return what the processes of this test run share: made by the first, handed to xdist's workers."""
    if _SHARED not in config.stash:
        handed: dict[str, Any] | None = getattr(config, "workerinput", {}).get("kore")
        # Settled once: a test may set another temporary folder, and its worker would be alone there.
        folder = str(Path(tempfile.gettempdir()) / f"kore-{uuid.uuid4().hex}")
        config.stash[_SHARED] = handed or {"folder": folder, "run": _run_name()}
    return config.stash[_SHARED]


def share_with_worker(node: Any) -> None:
    """Hand an xdist worker what it shares; starts the emulator, which all workers use.

    Raises:
        ConfigError: The emulator is not installed.
    """
    config = node.config
    common = shared(config)
    run = config.stash.get(_RUN, None)
    if run and run.settings.emulator and not config.option.collectonly:
        common["emulator"] = run.emulator().handle()
    node.workerinput["kore"] = common


def clean_up(config: pytest.Config) -> None:
    """Stop what this process started and remove the test run's folder."""
    if _RUN in config.stash:
        config.stash[_RUN].close()
    if _SHARED in config.stash and not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[_SHARED]["folder"], ignore_errors=True)


def _run_name() -> str:
    found = next((environment()[name] for name in BUILD_IDS if environment().get(name, "").isalnum()), "")
    return found or uuid.uuid4().hex[:8]


def start_emulator() -> Any:
    """Start an emulator.

    Raises:
        ConfigError: It is not installed.
    """
    from pytest_kore_convtest.emulator import Emulator, EmulatorUnavailableError

    try:
        return Emulator().start()
    except EmulatorUnavailableError as missing:
        problem = str(missing)
    raise ConfigError(problem, name="emulator", source="command line")


def unconfigured(settings: Settings) -> str:
    """Say what is missing before the platform can be asked; empty when nothing is."""
    try:
        require(settings)
    except ConfigError as missing:
        return missing.message
    return ""


def in_github(env: Mapping[str, str]) -> bool:
    """Say whether this is a job of GitHub Actions."""
    return env.get("GITHUB_ACTIONS") == "true"


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM, which CI sends, end a wait the way Ctrl-C does: reports are written, ids are printed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    if before is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt
