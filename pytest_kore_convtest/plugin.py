"""The pytest entry point: options from the table, fixtures, and hooks that delegate.

Small on purpose: every pytest run that has this package installed loads it.
What a run really needs is imported when something is configured, or when a
collected item asks for it. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_kore_convtest import options
from pytest_kore_convtest.fixtures import *  # noqa: F403 - pytest finds fixtures in this namespace
from pytest_kore_convtest.fixtures import LIVE, _kore_gate, _kore_pipeline  # noqa: F401

if TYPE_CHECKING:
    from pathlib import Path

MARKERS = (
    "kore_live: asks the platform; -m 'not kore_live' is the offline run",
    "kore_suite(name=, steps=, tags=, inputs=): what the suite of kore_import_status has to be",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register every row of the table."""
    options.register(parser, pytest.version_tuple)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; begin a run when anything is configured."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    if config.option.help or config.option.version or not options.anything_given(config):
        return
    _begin(config)
    if config.option.kore_gate:
        config.args, config.option.pyargs = ["pytest_kore_convtest.gate"], True


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if config.pluginmanager.has_plugin("kore-run"):
        from pytest_kore_convtest.session import clean_up

        clean_up(config)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """Collect the gate instead of the module that holds it."""
    if module_path.name != "gate.py" or module_path.parent.name != __package__:
        return None
    from pytest_kore_convtest.gate import GateModule

    _begin(parent.config)
    return GateModule.of(parent, module_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize ``kore_import_status`` when several import jobs are configured."""
    if "kore_import_status" in metafunc.fixturenames and metafunc.config.pluginmanager.has_plugin("kore-run"):
        from pytest_kore_convtest.imports import parametrize

        parametrize(metafunc)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the items that ask the platform, and begin a run for them."""
    live = [item for item in items if not LIVE.isdisjoint(getattr(item, "fixturenames", ()))]
    for item in live:
        item.add_marker("kore_live")
    if live:
        _begin(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker what the whole test run shares."""
    from pytest_kore_convtest.session import share_with_worker

    _begin(node.config)
    share_with_worker(node)


def _begin(config: pytest.Config) -> None:
    if config.pluginmanager.has_plugin("kore-run"):
        return
    from pytest_kore_convtest.errors import ConfigError
    from pytest_kore_convtest.session import find_run

    problem = ""
    try:
        run = find_run(config)
    except ConfigError as bad:
        problem = bad.message
    if problem:
        raise pytest.UsageError(problem)
    from pytest_kore_convtest.outcomes import Outcomes

    config.pluginmanager.register(Outcomes(run), "kore-run")
