"""What the import fixtures do: find the job, wait for it, judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.plugin.config import unconfigured
from pytest_kore_convtest.plugin.own_items import OwnItem, skip_unconfigured, wanted_jobs
from pytest_kore_convtest.plugin.session import Run, find_run
from pytest_kore_convtest.settings.types import read_version
from pytest_kore_convtest.settings.values import read_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.jobs.job import SuiteImport
    from pytest_kore_convtest.jobs.runner import Pipeline
    from pytest_kore_convtest.settings.settings import Settings
    from pytest_kore_convtest.settings.values import ImportJob
    from pytest_kore_convtest.suites.file import LocalSuite

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
    if run.plan or any(isinstance(item, OwnItem) and item.suite is not None for item in session.items):
        from pytest_kore_convtest.plugin.suite_plan import begin_suites

        begin_suites(run, pipeline, session.items)


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
    from pytest_kore_convtest.plugin.suite_plan import begin_suite, require_writable, tell_apart
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
    from pytest_kore_convtest.plugin.suite_plan import begin_run

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
