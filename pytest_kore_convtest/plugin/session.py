"""What one pytest run holds: settings, pipelines, the emulator, and what xdist workers share."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.errors import ConfigError, JobError
from pytest_kore_convtest.jobs import run_folder
from pytest_kore_convtest.plugin.config import in_github, read_settings, unconfigured
from pytest_kore_convtest.plugin.own_items import attempts
from pytest_kore_convtest.plugin.signals import terminated_like_interrupted
from pytest_kore_convtest.plugin.workers.shared import Shared, folder_of_run, is_shared, open_store, shared
from pytest_kore_convtest.settings.options import READABLE, REPORTS
from pytest_kore_convtest.settings.settings import Settings, environment
from pytest_kore_convtest.settings.values import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.coverage.graph import Bot
    from pytest_kore_convtest.emulator import Emulator
    from pytest_kore_convtest.emulator.control import Controls
    from pytest_kore_convtest.emulator.runs import Answer
    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.history.named_baseline import NamedBaseline
    from pytest_kore_convtest.jobs.job import AnyJob, Job
    from pytest_kore_convtest.jobs.outcome import Outcome, S
    from pytest_kore_convtest.jobs.runner import Pipeline
    from pytest_kore_convtest.jobs.store import JobStore
    from pytest_kore_convtest.jobs.store_entry import JobEntry
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.jobs.unfinished import Unfinished
    from pytest_kore_convtest.plugin.items.shards import Division
    from pytest_kore_convtest.plugin.job_results import JobResults
    from pytest_kore_convtest.suites.file import LocalSuite

GATE = "pytest_kore_convtest.gate"
"""The module that ``--pyargs`` collects the gate by."""

ALLURE = "allure_listener"
"""The name under which allure-pytest registers what writes results; nothing does without --alluredir."""

_INTERRUPTED = "interrupted"
"""The key of the store's entry that says so."""

_EMULATED = "emulated"
"""The key of the store's entry that says that a worker's answers came from the emulator; with a word behind
it, how the emulator's bot answered."""

_REPEATS, _SCRIPTED = "repeats", "scripted"
"""The emulator's words for a bot that repeats what the suite expects, and for one that has a script."""

NOBODY = "the test run ended without it"
"""Why nobody waited for a job to its end, when there is no better reason."""

SETTLING = 2.0
"""Seconds that xdist's workers get to let go of their jobs when the test run stops."""

KILL_MARGIN = 1.0
"""Seconds before pytest-timeout ends an item at which its wait is over, so that the story can be told."""

_RUN: pytest.StashKey[Run] = pytest.StashKey()


class Run:
    """One pytest run, as this process sees it.

    Attributes:
        config: pytest's configuration.
        measured_bot: The bot whose coverage is measured; ``None`` without ``--kore-bot-definition``.
        settings: The settings as configured; the emulator's address is not in them yet.
        item: The item under way.
        tick: Called while a job is waited for.
        rest: Called when the wait is over, however it ended.
        plan: The suites that this test run imports, and whether it runs them; ``None`` before the first
            item that needs one.
        numbers: Which suite of its name each is, by file, place, name and content.
        taken: The names under which this process stores suites, casing and blanks aside, and up to which
            number further suites of that name are stored.
        namesakes: Suites whose names stand in several files, by file; ``None`` before they are looked for.
        selected: Node ids of all selected items; ``None`` before somebody asks.
        explained: Which item says a setting's whole message, by message.
        undivided: All items before suites were divided over several machines; empty where they are not.
        division: How they were divided; ``None`` where they are not, and in xdist's controller.
        chosen: Node ids of the gate that were named on the command line; empty for all.
        notes: Things to say in the summary.
        begun_at: When it began, in seconds since the epoch.
        interrupted: Whether the run was interrupted.
        stopped: Why the run stopped before its end; empty when it did not.
        deselected: How many items of ours were deselected, without those that are on other machines.
        killed_at: When pytest-timeout is about to end the item under way, by the monotonic clock.
        killed_by: How it says so.
        is_cleaning: Whether suites are being deleted just now.

    Raises:
        ConfigError: What the emulated bot answers cannot be read.
    """

    config: pytest.Config
    settings: Settings
    begun_at: float
    is_cleaning: bool
    measured_bot: Bot | None = None

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self.config, self.settings = config, settings
        self._read_files()
        self.item: pytest.Item | None = None
        self.pipelines: list[Pipeline] = []
        self.tick: Callable[[], None] | None = None
        self.rest: Callable[[], None] = lambda: None
        self._touched: dict[str, list[AnyJob]] = {}
        self._seen: dict[tuple[str, str], int] = {}
        self._ended: set[tuple[str, int]] = set()
        self._emulator: Controls | None = None
        self._own_emulator: Emulator | None = None
        self.plan: list[tuple[LocalSuite, bool]] | None = None
        self.numbers: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        self.namesakes: dict[str, list[Finding]] | None = None
        self.selected: set[str] | None = None
        self.explained: dict[str, str] = {}
        self.undivided: list[pytest.Item] = []
        self.division: Division | None = None
        self.chosen: frozenset[str] = frozenset()
        self.notes: list[str] = []
        self.begun_at = time.time()
        self.interrupted = False
        self._emulator_told: set[str] = set()
        self.stopped = ""
        self.deselected = 0
        self.killed_at: float | None = None
        self.killed_by = ""
        self.is_cleaning = False

    def _read_files(self) -> None:
        """Read what the settings name before anything is sent, so that a slip costs no run."""
        settings, is_worker = self.settings, hasattr(self.config, "workerinput")
        if not is_worker:  # a worker may not have the file, and rarely needs it
            _ = self._bot
        if settings.bot_definition is not None and not is_worker:
            from pytest_kore_convtest.plugin.coverage import read_measured_bot

            self.measured_bot = read_measured_bot(settings.bot_definition)
        if settings.history is not None:
            from pytest_kore_convtest.plugin.history import check_history

            check_history(self.config, settings.history)
        if settings.baseline is not None:
            _ = self.baseline

    @cached_property
    def _bot(self) -> dict[str, Answer]:
        """What the emulator's bot answers; empty when it repeats what the suites expect."""
        if self.settings.bot is None:
            return {}
        from pytest_kore_convtest.plugin.emulation import read_bot

        return read_bot(self.settings.bot, self.settings)

    @cached_property
    def baseline(self) -> NamedBaseline:
        """What ``--kore-baseline`` names."""
        from pytest_kore_convtest.history.named_baseline import read_named_baseline

        return read_named_baseline(self.settings.baseline, is_worker=hasattr(self.config, "workerinput"))

    @cached_property
    def results(self) -> JobResults:
        """What the record, the terminal and the exit code need to know of jobs that have ended."""
        from pytest_kore_convtest.plugin.job_results import JobResults

        return JobResults(self)

    @cached_property
    def wants_record(self) -> bool:
        """Whether a report is to be written, here or by xdist's controller, or GitHub is to be told."""
        wanted = any(
            getattr(self.settings, form) for form in (*REPORTS, "bot_definition", "baseline", "history")
        )
        return wanted or in_github(environment())

    @property
    def emulated(self) -> bool:
        """Whether the built-in emulator answered, however it was reached; xdist's workers tell it, too."""
        return (
            self.settings.emulator
            or any(getattr(made.client, "emulated", False) for made in self.pipelines)
            or bool(self.store().find(_EMULATED))
        )

    @property
    def bot_repeats(self) -> bool:
        """Whether suites were run, and the emulator's bot gave each the replies that it expects."""
        seen = {word for made in self.pipelines for word in getattr(made.client, "emulated_bots", ())}
        seen |= {word for word in (_REPEATS, _SCRIPTED) if self.store().find(f"{_EMULATED} {word}")}
        return seen == {_REPEATS}

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
        from pytest_kore_convtest.text import show_path

        found = next(
            (path for form in READABLE if isinstance(path := getattr(self.settings, form), Path)), None
        )
        return show_path(found) if found else ""

    def known_settings(self) -> Settings:
        """Return the settings as far as they are known; starts nothing."""
        return self.settings if self._emulator is None else self.live_settings()

    @property
    def today(self) -> date:
        """The day on which the run began, in UTC."""
        return datetime.fromtimestamp(self.begun_at, timezone.utc).date()

    @property
    def shared(self) -> Shared:
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

    def emulator(self) -> Controls:
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
                from pytest_kore_convtest.plugin.emulation import start_emulator

                self._emulator = self._own_emulator = start_emulator(
                    self.settings,
                    self._bot,
                    self.measured_bot.definition.data if self.measured_bot else None,
                )
        return self._emulator

    def pipeline(self, client: KoreClient, settings: Settings) -> Pipeline:
        """Make the pipeline of this process."""
        from pytest_kore_convtest.jobs.runner import Pipeline
        from pytest_kore_convtest.jobs.store import JobStore

        alone = not hasattr(self.config, "workerinput")
        if not alone and "channel" not in self.shared:
            run_folder.hold(Path(self.shared["folder"]))
        store = JobStore(None) if alone else self.store()
        made = Pipeline(client, settings, store, wall=store.wall)
        made.root = self.config.rootpath
        if made.options is not None:
            made.options = (*_config_file(self.config), *made.options)
        self.pipelines.append(made)
        return made

    def wait(self, pipeline: Pipeline, job: Job[S]) -> Outcome[S]:
        """Wait for a job on behalf of the item under way; a rerun after trouble asks again."""
        nodeid = self.item.nodeid if self.item else ""
        self._touched.setdefault(nodeid, []).append(job)
        known = self._seen.get((nodeid, job.key))
        outcome = job.outcome
        try:
            if outcome is None or known is not None:
                outcome = self._wait(pipeline, job, known)
            elif self.tick and (job.key, outcome.generation) not in self._ended:
                self.tick()
            self._ended.add((job.key, outcome.generation))
        finally:
            self.rest()
            self._tell_emulator(pipeline)
        self._seen[nodeid, job.key] = outcome.generation
        return outcome

    def wait_run(self, pipeline: Pipeline, first: SuiteRun) -> Outcome[RunStatus]:
        """Wait for all runs of a suite; return the outcome that says whether it has a result."""
        for_item: SuiteRun | None = first
        while for_item is not None:
            self.wait(pipeline, for_item)
            for_item = for_item.following
        return first.ending()

    def _tell_emulator(self, pipeline: Pipeline) -> None:
        """Tell xdist's controller, once, that the emulator answers, and how its bot does."""
        if not hasattr(self.config, "workerinput") or not getattr(pipeline.client, "emulated", False):
            return
        keys = {_EMULATED, *(f"{_EMULATED} {word}" for word in pipeline.client.emulated_bots)}
        for key in keys - self._emulator_told:
            self._emulator_told.add(key)
            with suppress(ConfigError):  # the disk is full, which the jobs themselves say
                self.store().leave(key, {"emulated": True})

    def _wait(self, pipeline: Pipeline, job: Job[S], known: int | None) -> Outcome[S]:
        tick = partial(self._tick, pipeline, job)
        with terminated_like_interrupted():
            outcome = pipeline.wait_for(job, tick)
            if known == outcome.generation and outcome.trouble and attempts(self.item) > 1:
                pipeline.ask_again(job, known)
                outcome = pipeline.wait_for(job, tick)
        return outcome

    def _tick(self, pipeline: Pipeline, job: AnyJob) -> None:
        """Show what is seen, and end the wait of the item under way when it cannot go on."""
        if job.outcome is None and (why := self._reason_to_stop()):
            raise self._stop_waiting(pipeline, job, why)
        if self.tick:
            self.tick()

    def _reason_to_stop(self) -> str:
        if self.killed_at is not None and time.monotonic() >= self.killed_at:
            self._stop_timer()
            return self.killed_by
        return self.heed_interrupt() if hasattr(self.config, "workerinput") else ""

    def _stop_timer(self) -> None:
        """Stop pytest-timeout's timer, as its own end of an item would: what follows is the report.

        Were it to strike while a hook makes that report, pytest would end with an internal error.
        """
        ended = self.killed_at
        cancel = getattr(self.config.hook, "pytest_timeout_cancel_timer", None)
        if cancel is not None and self.item is not None:
            cancel(item=self.item)
        self.killed_at = ended  # other waits of the same item have no time left either

    def _stop_waiting(self, pipeline: Pipeline, job: AnyJob, why: str) -> JobError:
        from pytest_kore_convtest.jobs.end_reasons import describe
        from pytest_kore_convtest.jobs.unfinished import ending_of

        entry: JobEntry = {**pipeline.store.read(job.key), "way_on": job.way_on, "needs": job.needs}
        if job.job_id:
            entry["job_id"], entry["resume"] = job.job_id, job.resume
        ending = ending_of(entry, pipeline.store.polls(job.key), time.time())._replace(what=job.what)
        return JobError(
            f"{job.what} is not verified. Waiting for it was stopped: {why}. {describe(ending)}",
            **ending.to_fields(),
        )

    def jobs(self) -> list[AnyJob]:
        """Return all jobs of this process, in the order in which they were first asked for."""
        return [job for made in self.pipelines for job in list(made.jobs.values())]

    def store(self) -> JobStore:
        """Return what all processes of this test run know of its jobs."""
        return open_store(self.config)

    def jobs_of(self, item: pytest.Item, ids: set[str]) -> list[AnyJob]:
        """Return the jobs that an item waited for, or that have one of these ids."""
        jobs = {job.key: job for job in self._touched.get(item.nodeid, [])}
        jobs |= {job.key: job for made in self.pipelines for job in made.jobs.values() if job.job_id in ids}
        return list(jobs.values())

    def stores(self) -> list[JobStore]:
        """Return where the processes of this test run wrote down their jobs, as far as this one sees it."""
        return [made.store for made in self.pipelines] or [self.store()]

    def unfinished(self) -> list[Unfinished]:
        """Return the jobs that began and have no outcome, those of xdist's workers included."""
        from pytest_kore_convtest.jobs.unfinished import find_unfinished

        return find_unfinished(self.stores(), time.time())

    def settle(self) -> None:
        """Let nothing more begin; give what is under way a moment, so that its end is known."""
        for made in self.pipelines:
            made.close()
        if self.pipelines or not self.stopped or not Path(self.shared["folder"]).is_dir():
            return
        store, end = self.store(), time.monotonic() + SETTLING
        for job in self.unfinished():
            if job.job_id:
                continue  # nothing about it will change
            while (claim := store.claim(job.entry["key"])) is None and time.monotonic() < end:
                time.sleep(0.02)
            if claim is not None:
                claim.release()

    def interrupt_workers(self, why: str = "") -> None:
        """Tell xdist's workers, which get no signal of their own, to stop waiting.

        Args:
            why: Why nobody waits any more; empty when it is an interrupt.
        """
        with suppress(ConfigError):  # they cannot be told; xdist ends them after a while
            self.store().leave(_INTERRUPTED, {"why": why})

    def heed_interrupt(self) -> str:
        """Say, in a worker, why the controller does not wait any more; empty while it does.

        Raises:
            KeyboardInterrupt: It was interrupted.
        """
        told = self.store().find(_INTERRUPTED)
        if told.get("why"):
            return str(told["why"])
        if told:
            raise KeyboardInterrupt
        return ""

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
        if (folder := folder_of_run(config)) is not None:
            from pytest_kore_convtest.text import show_paths_from

            show_paths_from(str(folder))
        config.stash[_RUN] = Run(config, read_settings(config))
    return config.stash[_RUN]


def clean_up(config: pytest.Config) -> None:
    """Stop what this process started and remove the test run's folder."""
    if _RUN in config.stash:
        config.stash[_RUN].close()
    if (_RUN in config.stash or is_shared(config)) and not hasattr(config, "workerinput"):
        run_folder.remove(Path(shared(config)["folder"]))


def _config_file(config: pytest.Config) -> list[str]:
    """Return the option that names the ini file, when one was typed."""
    given = getattr(config.option, "inifilename", None)
    return ["-c", str(given)] if given else []
