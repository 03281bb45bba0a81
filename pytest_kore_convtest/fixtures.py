"""The ``kore_...`` fixtures: thin, heavy imports inside them. PYTEST_DONT_REWRITE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_kore_convtest import ImportStatus, KoreClient, Settings
    from pytest_kore_convtest.pipeline import Pipeline

LIVE = frozenset({"kore_client", "kore_import_status", "kore_wait_for_import", "kore_import_suite"})
"""Fixtures that ask the platform; items that use one carry the mark ``kore_live``."""


@pytest.fixture(scope="session")
def kore_settings(pytestconfig: pytest.Config) -> Settings:
    """Give the frozen settings of this test run, one attribute per setting."""
    from pytest_kore_convtest.session import find_run

    return find_run(pytestconfig).live_settings()


@pytest.fixture(scope="session")
def kore_client(kore_settings: Settings) -> Iterator[KoreClient]:
    """Give the client: one method per endpoint, one exchange each."""
    from pytest_kore_convtest.client import KoreClient
    from pytest_kore_convtest.session import unconfigured

    missing = unconfigured(kore_settings)
    if missing and kore_settings.unconfigured == "skip":
        pytest.skip(missing)
    with KoreClient(kore_settings) as client:
        yield client


@pytest.fixture(scope="session")
def _kore_pipeline(
    pytestconfig: pytest.Config, kore_settings: Settings, kore_client: KoreClient
) -> Iterator[Pipeline]:
    from pytest_kore_convtest.session import find_run

    pipeline = find_run(pytestconfig).pipeline(kore_client, kore_settings)
    yield pipeline
    pipeline.close()


@pytest.fixture(scope="session")
def kore_import_status(request: pytest.FixtureRequest, kore_settings: Settings) -> ImportStatus:
    """Wait for the configured import job, assert on the returned suite, give the completed status."""
    from pytest_kore_convtest.imports import await_configured

    return await_configured(request, kore_settings)


@pytest.fixture(scope="session")
def kore_wait_for_import(
    pytestconfig: pytest.Config, _kore_pipeline: Pipeline
) -> Callable[..., ImportStatus]:
    """Give ``(ds_id, **expectations) -> ImportStatus``: wait for an import job and judge it."""
    from pytest_kore_convtest.imports import waiter

    return waiter(pytestconfig, _kore_pipeline)


@pytest.fixture(scope="session")
def kore_import_suite(pytestconfig: pytest.Config, _kore_pipeline: Pipeline) -> Callable[..., ImportStatus]:
    """Give ``(path_or_suite) -> ImportStatus``: upload, import, wait and judge a local suite."""
    from pytest_kore_convtest.imports import importer

    return importer(pytestconfig, _kore_pipeline)


@pytest.fixture(scope="session")
def kore_emulator(pytestconfig: pytest.Config) -> Any:
    """Give the running stand-in: its address, credentials, scripts and journal."""
    from pytest_kore_convtest.session import find_run

    return find_run(pytestconfig).emulator()


@pytest.fixture
def _kore_gate(request: pytest.FixtureRequest, kore_settings: Settings) -> Any:
    from pytest_kore_convtest.gate import find_out

    return find_out(request, kore_settings)
