"""pytest's configuration becomes settings: what was typed, what stands in the ini file, and from where."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.plugin.workers.shared import folder_of_run
from pytest_kore_convtest.settings.options import GITHUB, REPORTS, ROWS, SECRETS, TABLE, UNSET
from pytest_kore_convtest.settings.raw import RawSettings
from pytest_kore_convtest.settings.resolve import spelling
from pytest_kore_convtest.settings.settings import (
    Given,
    Settings,
    environment,
    hint_at_unknown,
    learn_secrets,
    require,
    resolve,
)
from pytest_kore_convtest.settings.values import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIVIDERS = {"splits": "pytest-split", "num_shards": "pytest-shard", "test-group-count": "pytest-test-groups"}
"""The plugins that divide all items, by their option for how many parts there are."""

_NO_CI = frozenset({"", "0", "false"})


def read_settings(config: pytest.Config) -> Settings:
    """Read the settings of a test run; secrets disappear from ``config.option``.

    Raises:
        ConfigError: A setting cannot be used.
    """
    raw = gather_raw(config)
    hide_secrets(config)
    settings = resolve(raw.typed, raw.environment, raw.ini, raw.folder, here=folder_of_run(config))
    learn_secrets(settings)
    if not hasattr(config, "workerinput"):  # what concerns the controller alone a worker may not have
        _check_choices(config, settings)
    if hints := _unknown_keys(config):
        settings = replace(settings, notes=(*settings.notes, *hints))
    return settings


def _check_choices(config: pytest.Config, settings: Settings) -> None:
    """Refuse what can be read and not be done.

    Raises:
        ConfigError: It cannot.
    """
    if (
        settings.emulator
        and settings.source("emulator") == "addopts"
        and _is_in_ini(config, "--kore-emulator")
    ):
        problem = (
            "--kore-emulator is in addopts of the ini file, and every copy of it would make a gate green"
            " for ever: type it, or set KORE_EMULATOR=1"
        )
        raise _refuse(settings, "emulator", problem)
    if settings.emulator and find_spec("werkzeug") is None:
        problem = "the emulator needs Werkzeug: pip install 'pytest-kore-convtest[emulator]'"
        raise _refuse(settings, "emulator", problem)
    if settings.update:
        _check_update(config, settings)
    if settings.shard is not None:
        _check_shard(config, settings)
    _check_reports(settings)
    _check_collisions(config, settings)


def _is_in_ini(config: pytest.Config, option: str) -> bool:
    return option in map(str, config.getini("addopts") or ())


def _check_update(config: pytest.Config, settings: Settings) -> None:
    """Refuse to change suite files where nobody looks at the change, or nothing can be known of the replies.

    Raises:
        ConfigError: It is refused.
    """
    problem = ""
    if in_ci(environment()):
        problem = (
            "CI is set, and suite files are changed where a person reviews it: leave the option out,"
            " or set CI=false for this one command to do it all the same"
        )
    elif _is_in_ini(config, "--kore-update"):
        problem = "it stands in addopts of the ini file, and every wrong reply would be accepted: type it"
    elif settings.run is None:
        problem = "without a run nobody knows what the bot says: add --kore-run inDevelopment"
    if problem:
        raise _refuse(settings, "update", problem)


def _check_shard(config: pytest.Config, settings: Settings) -> None:
    """Refuse what selects by what only this machine knows, and a second divider: a suite could be on none.

    Raises:
        ConfigError: It is refused.
    """
    given, problem = vars(config.option), ""
    for name, option in (("lf", "--last-failed"), ("stepwise", "--stepwise")):
        if given.get(name):
            problem = f"{option} selects by what failed on this machine, and a suite could be on none"
    for name, plugin in _DIVIDERS.items():
        if isinstance(parts := given.get(name), int) and parts > 1:
            problem = f"{plugin} divides all tests, suites too, and a suite could be on no machine"
    if problem:
        raise _refuse(settings, "shard", f"{problem}: leave one of them out")


def _check_reports(settings: Settings) -> None:
    """Refuse now what would only be seen when everything is over."""
    for name in REPORTS:
        target, problem = getattr(settings, name), ""
        if target is None:
            continue
        if target == GITHUB:
            if not environment().get("GITHUB_STEP_SUMMARY"):
                problem = "GITHUB_STEP_SUMMARY is not set, as it is on GitHub Actions: give a file"
        elif target.is_dir():
            problem = f"{target} is a folder: give a file in it"
        elif name == "html" and find_spec("jinja2") is None:
            problem = "the HTML report needs Jinja2: pip install 'pytest-kore-convtest[report]'"
        if problem:
            raise _refuse(settings, name, problem)


def _refuse(settings: Settings, name: str, problem: str) -> ConfigError:
    source = settings.source(name)
    return ConfigError(f"{spelling(ROWS[name], source)}: {problem}", name=name, source=source)


def _check_collisions(config: pytest.Config, settings: Settings) -> None:
    """Refuse a report that would overwrite another one, or a file that is read.

    Raises:
        ConfigError: It would.
    """
    reports = {name: target for name in REPORTS if isinstance(target := getattr(settings, name), Path)}
    if not reports:
        return
    from pytest_kore_convtest.reports import report_paths

    if same := report_paths.find_same_file(reports):
        other = spelling(ROWS[same[0]], settings.source(same[0]))
        raise _refuse(settings, same[1], f"{reports[same[1]]} is also where {other} goes: give another file")
    for name, target in reports.items():
        if report_paths.is_plain(target) and (what := _find_owner(config, settings, target)):
            raise _refuse(
                settings, name, f"{target} is {what}, which the report would overwrite: give another"
            )


def _find_owner(config: pytest.Config, settings: Settings, target: Path) -> str:
    """Say whose file a report's path is already; empty when it is nobody's."""
    from pytest_kore_convtest.reports import report_paths

    args = [str(config.invocation_params.dir / arg.partition("::")[0]) for arg in config.args]
    if any(report_paths.is_same(target, arg) for arg in args) or report_paths.holds_suite(
        target, settings.suite_files
    ):
        return "a suite file"
    ini = config.inipath
    if report_paths.is_settings_file(target) or (ini and report_paths.is_same(target, ini)):
        return "a file with settings or test code"
    for row in TABLE:
        value = getattr(settings, row.name, None)
        if row.name not in REPORTS and isinstance(value, Path) and report_paths.is_same(target, value):
            return f"the file of {row.ini_key}"
    if (summary := environment().get("GITHUB_STEP_SUMMARY")) and report_paths.is_same(target, summary):
        return "the job summary of GitHub (--kore-markdown github appends to it)"
    written = [
        *report_paths.named_by_pytest(vars(config.option)),
        ("the ini key log_file", _log_file(config)),
    ]
    found = (spelt for spelt, path in written if path and report_paths.is_same(target, path))
    return f"written by {spelt}" if (spelt := next(found, "")) else ""


def _log_file(config: pytest.Config) -> str:
    try:
        return str(config.getini("log_file") or "")
    except (KeyError, ValueError):  # pytest's logging plugin is off
        return ""


def _unknown_keys(config: pytest.Config) -> list[str]:
    """Return hints about ini keys that are called like ours and are none."""
    overrides = [str(entry).partition("=")[0] for entry in config.option.override_ini or ()]
    from pytest_kore_convtest.plugin import ini_keys

    keys = [*ini_keys(config), *(key for key in overrides if key.startswith("kore_"))]
    return hint_at_unknown(dict.fromkeys(keys), [row.ini_key for row in TABLE if row.ini], "an ini key")


def gather_raw(config: pytest.Config) -> RawSettings:
    """Collect the raw values of all settings, and the folders around them."""
    typed = [str(arg) for arg in config.invocation_params.args]
    overrides = dict(entry.partition("=")[::2] for entry in config.option.override_ini or ())
    given: dict[str, Given] = {}
    ini: dict[str, object] = {}
    for row in TABLE:
        value = getattr(config.option, row.ini_key, None) if row.has_option else None
        if value is not None:
            here = any(arg.partition("=")[0] in {row.option, f"--no-{row.option[2:]}"} for arg in typed)
            given[row.name] = Given(value, "command line" if here else "addopts")
        if not row.ini:
            continue
        if row.ini_key not in overrides:
            if (found := _read_ini(config, row.ini_key)) is not UNSET:
                ini[row.name] = found
        elif row.name not in given:
            here = any(f"{row.ini_key}=" in arg for arg in typed)
            given[row.name] = Given(overrides[row.ini_key], "command line" if here else "addopts")
    start = config.invocation_params.dir
    words = [start / str(word).partition("::")[0] for word in config.args]
    paths = [path for path in words if path.exists()] or [start]
    cache = None
    if config.pluginmanager.has_plugin("cacheprovider"):
        named = os.path.expandvars(str(config.getini("cache_dir")))
        cache = config.rootpath / Path(named).expanduser()
    return RawSettings(given, environment(), ini, config.rootpath, config.inipath, paths, cache)


def run_doctor(config: pytest.Config) -> int:
    """Do what ``--kore-doctor`` does; return the exit code."""
    from pytest_kore_convtest.doctor.examine import examine

    named = [path for word in config.args if (path := Path(str(word).partition("::")[0])).is_file()]
    try:
        return 0 if examine(gather_raw(config), named) else 1
    except KeyboardInterrupt:
        return pytest.ExitCode.INTERRUPTED


def _read_ini(config: pytest.Config, key: str) -> object:
    """Return the raw value of an ini key, or ``UNSET``."""
    try:
        return config.getini(key)
    except TypeError:
        # pytest 9.0 and 9.1 type [tool.pytest] but cannot be told that a key takes several types.
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return config.inicfg[key]


def unconfigured(settings: Settings) -> str:
    """Say what is missing before the platform can be asked; empty when nothing is."""
    try:
        require(settings)
    except ConfigError as missing:
        return missing.message
    return ""


def in_ci(env: Mapping[str, str]) -> bool:
    """Say whether this is a CI build, by the variable that nearly all of them set."""
    return env.get("CI", "").lower() not in _NO_CI


def in_github(env: Mapping[str, str]) -> bool:
    """Say whether this is a job of GitHub Actions."""
    return env.get("GITHUB_ACTIONS") == "true"


def hide_secrets(config: pytest.Config) -> None:
    """Replace secrets in pytest's parsed options, whose ``repr`` a failing assertion may show."""
    keys = tuple(f"kore_{name}=" for name in SECRETS)
    # The second is a copy that pytest made before it knew all plugins.
    for options in (config.option, config.known_args_namespace):
        for name in SECRETS:
            value = getattr(options, f"kore_{name}", None)
            if isinstance(value, str):
                setattr(options, f"kore_{name}", Secret(value))
        options.override_ini = [
            entry.partition("=")[0] + "=<set, not shown>" if entry.startswith(keys) else entry
            for entry in options.override_ini or ()
        ]
