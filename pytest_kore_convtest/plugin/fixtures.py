"""What the import fixtures do: find the job, wait for it, judge it."""

from __future__ import annotations

import hashlib
import os
import time
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from pytest_kore_convtest.errors import ConfigError, JobError
from pytest_kore_convtest.plugin.config import unconfigured
from pytest_kore_convtest.plugin.own_items import OwnItem, is_live, skip_unconfigured, wanted_jobs
from pytest_kore_convtest.plugin.session import Run, find_run
from pytest_kore_convtest.settings.settings import require
from pytest_kore_convtest.settings.types import read_version
from pytest_kore_convtest.settings.values import read_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.jobs.job import SuiteImport
    from pytest_kore_convtest.jobs.runner import Pipeline
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.settings.settings import Settings
    from pytest_kore_convtest.settings.values import ImportJob
    from pytest_kore_convtest.suites.file import LocalSuite

_NAMES = "names"
"""The store's entry of names that workers have given to suites."""

_LONGEST_TALK, _GLANCE = 30.0, 0.02
"""Seconds that a worker waits for that entry at most, and between two looks."""

NO_JOB = (
    "no import job is configured: set --kore-ds-id ds-… (or KORE_DS_ID, or kore_ds_id in the ini file), or"
    " override the fixture kore_import_status so that it imports a suite with kore_import_suite"
)


def open_client(settings: Settings) -> Iterator[KoreClient]:
    """Give a client as long as it is needed; skip or fail when Kore is not configured."""
    from pytest_kore_convtest.api.client import KoreClient

    missing = unconfigured(settings)
    if missing and settings.unconfigured == "skip":
        skip_unconfigured(missing)
    with KoreClient(settings) as client:
        yield client


def await_configured(request: pytest.FixtureRequest, settings: Settings) -> ImportStatus:
    """Wait for the job of this fixture's parameter, or for the only one configured, and judge it.

    Raises:
        KoreError: A verdict, or why there is none.
    """
    job = _job_of(request, settings)
    pipeline: Pipeline = request.getfixturevalue("_kore_pipeline")
    run = find_run(request.config)
    begin_all(run, pipeline, request.session)
    watched = pipeline.watch_import(job.id, job.label)
    outcome = run.wait(pipeline, watched)
    status: ImportStatus = outcome.result()
    watched.judge(outcome)
    return status


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Give a test one case per configured import job, when there are several.

    Not when the test has a ``parametrize`` of that name itself, nor when a
    ``conftest.py`` overrides the fixture: its author decides what is imported.
    """
    jobs = find_run(metafunc.config).settings.ds_id
    names = [marker.args[0] for marker in metafunc.definition.iter_markers("parametrize") if marker.args]
    own = any(
        "kore_import_status" in (name.replace(" ", "").split(",") if isinstance(name, str) else name)
        for name in names
    )
    # The only way to see which definition of a fixture a test gets.
    found = getattr(metafunc, "_arg2fixturedefs", {}).get("kore_import_status", ())
    ours = not found or found[-1].func.__module__.startswith(__package__)
    if len(jobs) > 1 and ours and not own:
        metafunc.parametrize(
            "kore_import_status",
            [job.id for job in jobs],
            ids=[job.label for job in jobs],
            indirect=True,
            scope="session",
        )


def begin_all(run: Run, pipeline: Pipeline, session: pytest.Session) -> None:
    """Begin every job that this test run has selected, so that their waits overlap."""
    settings = pipeline.settings
    if pipeline.begun:
        return
    pipeline.begun = True
    wanted = {ds_id for item in session.items for ds_id in wanted_jobs(item, settings)}
    for job in settings.ds_id:
        if job.id in wanted:
            pipeline.watch_import(job.id, job.label)
    if run.plan is None:
        run.plan = plan_suites(session.items)
    try:
        for suite, needs_run in run.plan:
            imported = begin_suite(run, pipeline, suite)
            if settings.run and needs_run:
                begin_run(pipeline, imported)
    except ConfigError:
        return  # nothing may be written: the suites' own items say so, waiting by id goes on


def plan_suites(items: Iterable[pytest.Item]) -> list[tuple[LocalSuite, bool]]:
    """Return the suites whose selected items ask the platform, and whether one of them needs the run."""
    planned: dict[tuple[Path, str], tuple[LocalSuite, bool]] = {}
    for item in items:
        if isinstance(item, OwnItem) and item.suite is not None and is_live(item):
            key = item.suite.path, item.suite.name
            suite, needs_run = planned.get(key, (item.suite, False))
            planned[key] = suite, needs_run or item.needs_run
    return list(planned.values())


def require_writable(settings: Settings) -> None:
    """Refuse, or skip as ``--kore-unconfigured`` says, before anything is uploaded.

    Raises:
        ConfigError: Something is missing.
    """
    try:
        require(settings, write=True)
    except ConfigError as missing:
        if settings.unconfigured == "skip":
            skip_unconfigured(missing.message)
        raise


def tell_apart(run: Run, suite: LocalSuite, *, everywhere: bool = True) -> LocalSuite:
    """Return a suite as it is imported: numbered when another one is stored under its name.

    Names that differ in casing or blanks only are one name: to the platform they may be.

    Args:
        run: The run.
        suite: The suite.
        everywhere: Whether all processes of the test run ask this for the same suites, in the same order,
            as they do for what they collect.

    Raises:
        ConfigError: ``--kore-import-name`` gives all suites the same name.
        JobError: Another process does not let go of the names.
    """
    identity = _identify(suite)
    if identity not in run.numbers:
        alone = everywhere or not hasattr(run.config, "workerinput")
        run.numbers[identity] = _number(run, suite, {}, "") if alone else _agree(run, suite, identity)
    one = _numbered(suite, run.numbers[identity])
    run.taken.setdefault(_fold(stored_name(run, one)), 1)
    return one


def _identify(suite: LocalSuite) -> str:
    """Say in one text what makes a suite this one: its file as it is named, its place in it, its content."""
    place = os.path.abspath(suite.path)  # noqa: PTH100 - a link is another file to whoever names both
    content = hashlib.sha256(suite.data).hexdigest()
    return repr((place, tuple(suite.place), suite.name, content))


def _agree(run: Run, suite: LocalSuite, identity: str) -> int:
    """Number a suite so that all workers of xdist give it the same number, and no other suite its name."""
    store = run.store()
    end = time.monotonic() + _LONGEST_TALK
    while (claim := store.claim(_NAMES)) is None:
        if time.monotonic() > end:
            problem = f"another process of this test run has locked the suites' names for {_LONGEST_TALK:g} s"
            raise JobError(
                f"{problem}, so it probably hangs: stop it and run again.", job_id="", last=None, history=[]
            )
        time.sleep(_GLANCE)
    try:
        names = cast("dict[str, dict[str, str]]", store.find(_NAMES)).get("taken", {})
        number = _number(run, suite, names, identity)
        names[_fold(stored_name(run, _numbered(suite, number)))] = identity
        store.leave(_NAMES, {"taken": names})
    finally:
        claim.release()
    return number


def _number(run: Run, suite: LocalSuite, names: Mapping[str, str], identity: str) -> int:
    """Return the first number with which a suite's name is nobody else's."""
    alone = not names
    first = stored_name(run, suite)
    name = own = _fold(first)
    number = run.taken.get(own, 1) if alone else 1
    while name in run.taken or names.get(name, identity) != identity:
        number += 1
        one = stored_name(run, _numbered(suite, number))
        if one == first:
            template = run.settings.import_name
            problem = f"--kore-import-name {template} gives several suites the same name: add {{name}} to it"
            raise ConfigError(problem, name="import_name", source=run.settings.source("import_name"))
        name = _fold(one)
    if number > 1 and alone:
        run.taken[own] = number
    return number


def _fold(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _numbered(suite: LocalSuite, number: int) -> LocalSuite:
    return suite if number == 1 else replace(suite, name=f"{suite.name} ({number})")


def begin_suite(run: Run, pipeline: Pipeline, suite: LocalSuite) -> SuiteImport:
    """Begin to import a suite under the name of this test run."""
    return pipeline.import_suite(suite, stored_name(run, suite))


def begin_run(pipeline: Pipeline, imported: SuiteImport) -> SuiteRun:
    """Begin to run an imported suite in the version that ``--kore-run`` says.

    Raises:
        ConfigError: It says none.
    """
    version = pipeline.settings.run
    if version is None:
        what = (
            "no version to run: set --kore-run published or --kore-run inDevelopment (or KORE_RUN, kore_run)"
        )
        raise ConfigError(what, name="run", source="default")
    return pipeline.run_suite(imported.name, version, imported)


def _job_of(request: pytest.FixtureRequest, settings: Settings) -> ImportJob:
    param: object = getattr(request, "param", None)
    if param is not None:
        try:
            given = read_jobs([param])[0]
        except ValueError as bad:
            problem = str(bad)
        else:
            return next((job for job in settings.ds_id if job.id == given.id), given)
        said = f"kore_import_status: its parametrized value is not valid: {problem}"
        raise ConfigError(said, name="ds_id", source="test")
    if len(settings.ds_id) == 1:
        return settings.ds_id[0]
    if settings.ds_id:
        ids = ", ".join(job.id for job in settings.ds_id)
        way = "parametrize kore_import_status, or use pytest --kore-gate"
        problem = f"several import jobs are configured ({ids}): {way}"
        raise ConfigError(problem, name="ds_id", source=settings.source("ds_id"))
    problem = f"{unconfigured(settings)} Besides, {NO_JOB}".removeprefix(" Besides, ")
    if settings.unconfigured == "skip":
        skip_unconfigured(problem)
    raise ConfigError(problem, name="ds_id", source="default")


@pytest.fixture(scope="session", name="_kore_pipeline")
def kore_pipeline(
    pytestconfig: pytest.Config, kore_settings: Settings, kore_client: KoreClient
) -> Iterator[Pipeline]:
    """Give the road that every job of this process takes."""
    from pytest_kore_convtest.plugin.durations import Durations

    run = find_run(pytestconfig)
    pipeline = run.pipeline(kore_client, kore_settings)
    pipeline.make_backoff = Durations(run.config, run.settings).backoff
    yield pipeline
    pipeline.close(hurry=bool(run.interrupted or run.stopped))


def stored_name(run: Run, suite: LocalSuite) -> str:
    """Return the name under which this test run imports a suite."""
    return run.settings.import_name.replace("{name}", suite.name).replace("{run}", run.shared["run"])


def waiter(request: pytest.FixtureRequest) -> Callable[..., ImportStatus]:
    """Make what ``kore_wait_for_import`` gives."""
    config, pipeline = request.config, request.getfixturevalue("_kore_pipeline")

    def wait_for_import(ds_id: str, **expectations: object) -> ImportStatus:
        """Wait for an import job and judge it.

        Raises:
            KoreError: A verdict, or why there is none.
        """
        _check_expectations("kore_wait_for_import", expectations)
        job = pipeline.watch_import(_one(ds_id))
        outcome = find_run(config).wait(pipeline, job)
        job.judge(outcome, **expectations)
        status: ImportStatus = outcome.result()
        return status

    return wait_for_import


def _check_expectations(who: str, expectations: dict[str, object]) -> None:
    from pytest_kore_convtest.suites.stored.validate import expect

    try:
        expect(expectations, stream_id=None)
    except TypeError as bad:
        problem = str(bad)
    else:
        return
    raise ConfigError(f"{who}: {problem}", name="expectations", source="test")


def _one(ds_id: str) -> str:
    try:
        return read_jobs([ds_id])[0].id
    except ValueError as bad:
        problem = str(bad)
    raise ConfigError(f"kore_wait_for_import: {problem}", name="ds_id", source="test")


def importer(request: pytest.FixtureRequest) -> Callable[..., ImportStatus]:
    """Make what ``kore_import_suite`` gives."""
    from pytest_kore_convtest.suites.file import LocalSuite, pick_suite, read_suite_file

    config, pipeline = request.config, request.getfixturevalue("_kore_pipeline")
    run = find_run(config)

    def import_suite(
        path_or_suite: str | Path | LocalSuite, *, name: str | None = None, **expectations: object
    ) -> ImportStatus:
        """Upload, import, wait for and judge a local suite.

        Args:
            path_or_suite: A suite file, relative to pytest's rootdir, or a suite of one.
            name: Which suite, when the file holds several.
            expectations: As for the marker ``kore_suite``.

        Raises:
            KoreError: A verdict, or why there is none.
        """
        _check_expectations("kore_import_suite", expectations)
        if isinstance(path_or_suite, LocalSuite):
            suite = path_or_suite
        else:
            suite = pick_suite(read_suite_file(config.rootpath / path_or_suite), name)
        require_writable(pipeline.settings)
        job = begin_suite(run, pipeline, tell_apart(run, suite, everywhere=False))
        outcome = run.wait(pipeline, job)
        job.judge(outcome, **expectations)
        status: ImportStatus = outcome.result()
        return status

    return import_suite


def runner(request: pytest.FixtureRequest) -> Callable[..., RunStatus]:
    """Make what ``kore_run_suite`` gives."""
    pipeline: Pipeline = request.getfixturevalue("_kore_pipeline")
    run = find_run(request.config)

    def run_suite(name: str, version: str | None = None) -> RunStatus:
        """Run a suite that this test run imported, and judge the run.

        Args:
            name: The stored suite's name, or that of its file.
            version: ``"published"`` or ``"inDevelopment"``; what ``--kore-run`` says without one.

        Raises:
            KoreError: A verdict, or why there is none.
        """
        imported = _imported(pipeline, name)
        chosen = _version(version)
        job = pipeline.run_suite(imported.name, chosen, imported) if chosen else begin_run(pipeline, imported)
        run.wait_run(pipeline, job).result()
        from pytest_kore_convtest.suites.run_errors import verdict_of

        if bad := verdict_of(job.result()):
            raise bad
        return job.result().status

    return run_suite


def _version(text: str | None) -> str | None:
    try:
        return None if text is None else read_version(text)
    except ValueError as bad:
        problem = str(bad)
    raise ConfigError(f"kore_run_suite: {problem}", name="run", source="test")


def _imported(pipeline: Pipeline, name: str) -> SuiteImport:
    from pytest_kore_convtest.jobs.job import SuiteImport

    jobs = [job for job in list(pipeline.jobs.values()) if isinstance(job, SuiteImport)]
    found = [job for job in jobs if name in {job.name, job.label}]
    if len(found) == 1:
        return found[0]
    known = ", ".join(repr(job.name) for job in jobs) or "none"
    raise ConfigError(
        f"kore_run_suite: {name!r} was not imported in this test run (imported: {known}):"
        " import it with kore_import_suite first",
        name="run",
        source="test",
    )
