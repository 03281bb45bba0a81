"""The pytest entry point: options from the table, fixtures, and hooks that delegate.

Small on purpose: every pytest run that has this package installed loads it.
What a run really needs is imported when something is configured, or when a
collected item asks for it. The fixtures stand here and not in a module of their own,
because pytest loads each further module at a price. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from argparse import BooleanOptionalAction

import pytest

from pytest_kore_convtest.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.plugin.hooks import Hooks
    from pytest_kore_convtest.settings.settings import Settings

LIVE = frozenset(
    {"kore_client", "kore_import_status", "kore_wait_for_import", "kore_import_suite", "kore_run_suite"}
)
"""Fixtures that ask the platform; items that use one carry the mark ``kore_live``."""


_INI_TYPES: dict[str, object] = {
    "jobs": "linelist",
    "globs": "linelist",
    "targets": "linelist",
    "rules": "linelist",
}
"""Types of ini keys by the kind of setting; the others are strings."""

if pytest.version_tuple >= (9, 2):  # [tool.pytest] is typed, and a key may say that it takes several types
    _INI_TYPES["flag"] = _INI_TYPES["version"] = _INI_TYPES["report"] = str | bool
    _INI_TYPES["history"] = str | bool
    _INI_TYPES["percent"] = str | int | float
    _INI_TYPES["count"], _INI_TYPES["seconds"] = str | int, str | int | float
    _INI_TYPES["exit_code"] = _INI_TYPES["seconds_or_off"] = str | bool | int | float


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register every row of the table.

    No ``type`` and no ``choices``: argparse would repeat a refused value, which may be
    a secret. No defaults either, so that "not given" stays visible.
    """
    add = parser.getgroup("kore", "Kore.ai conversation tests").addoption
    for name, kind, where, metavar, meaning in SETTINGS:
        option, key = "--kore-" + name.replace("_", "-"), "kore_" + name
        if "o" in where and not metavar:
            add(option, dest=key, action=BooleanOptionalAction, default=None, help=meaning)
        elif "o" in where:
            add(
                option,
                dest=key,
                action="append" if kind == "jobs" else "store",
                metavar=metavar,
                help=meaning,
            )
        if "i" in where:
            parser.addini(key, meaning, type=_INI_TYPES.get(kind), default=...)  # type: ignore[arg-type]


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; begin a run when the command line or the environment configures one.

    With ``-q`` there is no header, so that what stands in the ini file is looked at when an item asks for
    it: a project may have the keys and run other tests most of the time.
    """
    config.addinivalue_line(
        "markers", "kore_live: contacts the platform; -m 'not kore_live' is the offline run"
    )
    config.addinivalue_line(
        "markers", "kore_suite(name=, steps=, tags=, inputs=): what the suite of kore_import_status has to be"
    )
    if config.option.help or config.option.version:
        return
    if config.option.kore_doctor:
        from pytest_kore_convtest.plugin.config import run_doctor

        pytest.exit("the configuration was checked, no test was run", returncode=run_doctor(config))
    if given_for_this_run(config) or _needs_early_hooks(config):
        _begin(config)
    if config.option.kore_gate:
        _begin(config).choose(config.args)
        config.args, config.option.pyargs = ["pytest_kore_convtest.gate"], True


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[object], list[object]]:
    """Collect suite files, and those that are named on the command line, whatever they are called."""
    others = yield
    if not file_path.name.lower().endswith((".json", ".yaml", ".yml")):
        return others
    from pytest_kore_convtest.plugin.items.suite_files import collect_suites

    return collect_suites(file_path, parent, others, _begin)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the items that ask the platform, and begin a run for them."""
    live = [
        item for item in items if isinstance(item, pytest.Function) and not LIVE.isdisjoint(item.fixturenames)
    ]
    for item in live:
        item.add_marker("kore_live")
    if live:
        _begin(config)


def given_for_this_run(config: pytest.Config) -> bool:
    """Say whether the command line or the environment configures anything."""
    for name in os.environ:
        if name.startswith("KORE_"):
            return True
    for entry in config.option.override_ini or ():
        if entry.startswith("kore_"):
            return True
    for key, value in vars(config.option).items():  # noqa: SIM110 - an early way out
        if value is not None and key.startswith("kore_"):
            return True
    return False


def _needs_early_hooks(config: pytest.Config) -> bool:
    """Say whether a run has to begin before anything is collected.

    The header says what stands in the ini file, xdist's controller never sees an item, several import jobs
    make several tests of one, and the gate is collected in a way of its own.
    """
    keys = ini_keys(config)
    return (
        bool(keys and (config.get_verbosity() >= 0 or "kore_ds_id" in keys))
        or getattr(config.option, "dist", "no") != "no"
        or any("pytest_kore_convtest" in arg and "gate" in arg for arg in config.args)
    )


def ini_keys(config: pytest.Config) -> list[str]:
    """Return the keys in pytest's ini file that begin like ours, those that nobody knows as well.

    pytest has no public list of them: from 9.2 on ``inicfg`` warns, and before that it is all there is.
    """
    known = getattr(config, "_inicfg", None)
    return [key for key in (config.inicfg if known is None else known) if key.startswith("kore_")]


def _begin(config: pytest.Config) -> Hooks:
    """Begin a run, unless one has begun: what it needs is imported here and not before."""
    from pytest_kore_convtest.plugin.hooks import begin

    return begin(config)


@pytest.fixture(scope="session")
def kore_settings(pytestconfig: pytest.Config) -> Settings:
    """Give the frozen settings of this test run, one attribute per setting."""
    from pytest_kore_convtest.plugin.session import find_run

    return find_run(pytestconfig).live_settings()


@pytest.fixture(scope="session")
def kore_client(kore_settings: Settings) -> Iterator[KoreClient]:
    """Give the client: one method per endpoint, one exchange each."""
    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.plugin.config import unconfigured

    missing = unconfigured(kore_settings)
    if missing and kore_settings.unconfigured == "skip":
        from pytest_kore_convtest.plugin.own_items import skip_unconfigured

        skip_unconfigured(missing)
    with KoreClient(kore_settings) as client:
        yield client


@pytest.fixture(scope="session")
def kore_import_status(request: pytest.FixtureRequest, kore_settings: Settings) -> ImportStatus:
    """Wait for the configured import job, assert on the returned suite, give the completed status."""
    from pytest_kore_convtest.plugin.fixtures import await_configured

    return await_configured(request, kore_settings)


@pytest.fixture(scope="session")
def kore_wait_for_import(request: pytest.FixtureRequest) -> Callable[..., ImportStatus]:
    """Give ``(ds_id, **expectations) -> ImportStatus``: wait for an import job and judge it."""
    from pytest_kore_convtest.plugin.fixtures import waiter

    return waiter(request)


@pytest.fixture(scope="session")
def kore_import_suite(request: pytest.FixtureRequest) -> Callable[..., ImportStatus]:
    """Give ``(path_or_suite) -> ImportStatus``: upload, import, wait and judge a local suite."""
    from pytest_kore_convtest.plugin.fixtures import importer

    return importer(request)


@pytest.fixture(scope="session")
def kore_run_suite(request: pytest.FixtureRequest) -> Callable[..., RunStatus]:
    """Give ``(name, version=None) -> RunStatus``: run a suite that this test run imported, wait, judge."""
    from pytest_kore_convtest.plugin.fixtures import runner

    return runner(request)


@pytest.fixture(scope="session")
def kore_emulator(pytestconfig: pytest.Config) -> object:
    """Give the running emulator: its address, credentials, scripts and journal."""
    from pytest_kore_convtest.plugin.session import find_run

    return find_run(pytestconfig).emulator()
