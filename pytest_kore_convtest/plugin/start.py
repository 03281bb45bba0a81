"""Begin a run: what the entry point loads when something is asked of us, and not before."""

from __future__ import annotations

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.plugin import fixtures
from pytest_kore_convtest.plugin.hooks import PLUGIN_NAME, Hooks
from pytest_kore_convtest.plugin.session import find_run
from pytest_kore_convtest.plugin.terminal.headings import Headings


def begin_early(config: pytest.Config) -> None:
    """Begin a run before anything is collected, or only examine the configuration; choose the gate.

    Raises:
        pytest.UsageError: A setting cannot be used.
    """
    if config.option.kore_doctor:
        from pytest_kore_convtest.plugin.config import run_doctor

        pytest.exit("the configuration was checked, no test was run", returncode=run_doctor(config))
    hooks = begin(config)
    if config.option.kore_gate:
        hooks.choose(config.args)
        config.args, config.option.pyargs = ["pytest_kore_convtest.gate"], True


def begin(config: pytest.Config) -> Hooks:
    """Begin a run, unless one has begun.

    Raises:
        pytest.UsageError: A setting cannot be used.
    """
    found: Hooks | None = config.pluginmanager.get_plugin(PLUGIN_NAME)
    if found is not None:
        return found
    problem = ""
    try:
        run = find_run(config)
    except ConfigError as bad:
        problem = bad.message
    if problem:
        from pytest_kore_convtest.plugin.workers.check_workers import tell_refusal

        tell_refusal(config, problem)
        raise pytest.UsageError(problem)
    config.pluginmanager.register(fixtures, "kore-imports")
    made = Hooks(run)
    config.pluginmanager.register(made, PLUGIN_NAME)
    config.pluginmanager.register(Headings(), "kore-headings")
    return made
