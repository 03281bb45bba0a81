"""The pytest entry point: options from the table, fixtures, and hooks that delegate.

Small on purpose: every pytest run that has this package installed loads it.
What a run really needs is imported when something is configured, or when a
collected item asks for it. The fixtures stand here and not in a module of their own,
because pytest loads each further module at a price. It also asks for each name of this one, and reads the
byte code constant by constant: hence the imports in functions, and few functions. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    import pytest_kore_convtest as kore  # for types alone: pytest would ask it, too, for names

del TYPE_CHECKING, annotations  # pytest looks at each name of a plugin, at a price

LIVE = frozenset(
    {"kore_client", "kore_import_status", "kore_wait_for_import", "kore_import_suite", "kore_run_suite"}
)
"""Fixtures that ask the platform; items that use one carry the mark ``kore_live``."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register every row of the table.

    No ``type`` and no ``choices``: argparse would repeat a refused value, which may be
    a secret. No defaults either, so that "not given" stays visible.
    """
    from argparse import BooleanOptionalAction

    from pytest_kore_convtest.settings import SETTINGS_TABLE

    types: dict[str, object] = dict.fromkeys(("jobs", "globs", "targets", "rules"), "linelist")
    if pytest.version_tuple >= (9, 2):  # where [tool.pytest] is typed, and a key may be of several types
        types["flag"] = types["version"] = types["report"] = types["history"] = str | bool
        types["percent"] = types["seconds"] = str | int | float
        types["count"] = str | int
        types["exit_code"] = types["seconds_or_off"] = str | bool | int | float
    add = parser.getgroup("kore", "Kore.ai conversation tests").addoption
    for row in SETTINGS_TABLE.splitlines():
        name, kind, where, metavar, meaning = row.split(" | ")
        key = "kore_" + name
        if "o" in where:
            more: dict[str, object] = {"metavar": metavar} if metavar else {"action": BooleanOptionalAction}
            if kind == "jobs":
                more["action"] = "append"
            add("--" + key.replace("_", "-"), dest=key, help=meaning, **more)
        if "i" in where:
            parser.addini(key, meaning, type=types.get(kind), default=...)  # type: ignore[arg-type]


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
    if given_for_this_run(config) or _needs_early_hooks(config):
        from pytest_kore_convtest.plugin.start import begin_early

        begin_early(config)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[object], list[object]]:
    """Collect suite files, and those that are named on the command line, whatever they are called."""
    others = yield
    if not file_path.name.lower().endswith((".json", ".yaml", ".yml")):
        return others
    from pytest_kore_convtest.plugin.suite_files import collect_suites

    return collect_suites(file_path, parent, others)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the items that ask the platform, and begin a run for them."""
    live = False
    for item in items:
        if isinstance(item, pytest.Function) and not LIVE.isdisjoint(item.fixturenames):
            item.add_marker("kore_live")
            live = True
    if live:
        from pytest_kore_convtest.plugin.start import begin

        begin(config)


def given_for_this_run(config: pytest.Config) -> bool:
    """Say whether the command line or the environment configures anything."""
    import os

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
    if keys and (config.get_verbosity() >= 0 or "kore_ds_id" in keys):
        return True
    for arg in config.args:
        if "pytest_kore_convtest" in arg and "gate" in arg:
            return True
    return getattr(config.option, "dist", "no") != "no"


def ini_keys(config: pytest.Config) -> list[str]:
    """Return the keys in pytest's ini file that begin like ours, those that nobody knows as well.

    pytest has no public list of them: from 9.2 on ``inicfg`` warns, and before that it is all there is.
    """
    known = getattr(config, "_inicfg", None)
    keys = []
    for key in config.inicfg if known is None else known:
        if key.startswith("kore_"):
            keys.append(key)  # noqa: PERF401 - until Python 3.12 a comprehension is a code object of its own
    return keys


@pytest.fixture(scope="session")
def kore_settings(pytestconfig: pytest.Config) -> kore.Settings:
    """Give the frozen settings of this test run, one attribute per setting."""
    from pytest_kore_convtest.plugin.session import find_run

    return find_run(pytestconfig).live_settings()


@pytest.fixture(scope="session")
def kore_client(kore_settings: kore.Settings) -> Iterator[kore.KoreClient]:
    """Give the client: one method per endpoint, one exchange each."""
    from pytest_kore_convtest.plugin.fixtures import open_client

    yield from open_client(kore_settings)


@pytest.fixture(scope="session")
def kore_import_status(request: pytest.FixtureRequest, kore_settings: kore.Settings) -> kore.ImportStatus:
    """Wait for the configured import job, assert on the returned suite, give the completed status."""
    from pytest_kore_convtest.plugin.fixtures import await_configured

    return await_configured(request, kore_settings)


@pytest.fixture(scope="session")
def kore_wait_for_import(request: pytest.FixtureRequest) -> Callable[..., kore.ImportStatus]:
    """Give ``(ds_id, **expectations) -> ImportStatus``: wait for an import job and judge it."""
    from pytest_kore_convtest.plugin.fixtures import waiter

    return waiter(request)


@pytest.fixture(scope="session")
def kore_import_suite(request: pytest.FixtureRequest) -> Callable[..., kore.ImportStatus]:
    """Give ``(path_or_suite) -> ImportStatus``: upload, import, wait and judge a local suite."""
    from pytest_kore_convtest.plugin.fixtures import importer

    return importer(request)


@pytest.fixture(scope="session")
def kore_run_suite(request: pytest.FixtureRequest) -> Callable[..., kore.RunStatus]:
    """Give ``(name, version=None) -> RunStatus``: run a suite that this test run imported, wait, judge."""
    from pytest_kore_convtest.plugin.fixtures import runner

    return runner(request)


@pytest.fixture(scope="session")
def kore_emulator(pytestconfig: pytest.Config) -> object:
    """Give the running emulator: its address, credentials, scripts and journal."""
    from pytest_kore_convtest.plugin.session import find_run

    return find_run(pytestconfig).emulator()
