"""Read the settings of a sub-command as pytest would: command line, environment, ini file, default.

pytest itself finds the ini file and ``addopts``, so that the command and the gate never disagree.
"""

from __future__ import annotations

import argparse
import io
import sys
from contextlib import redirect_stderr
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import PROG
from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.settings.options import CONNECTION, SETTINGS
from pytest_kore_convtest.text import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pytest

    from pytest_kore_convtest.settings.raw import RawSettings
    from pytest_kore_convtest.settings.settings import Settings

_WITHOUT_PLUGINS = ("--override-ini=addopts=", "--override-ini=required_plugins=")


def add_settings(parser: argparse.ArgumentParser, more: Iterable[str] = ()) -> None:
    """Add the options of ``CONNECTION`` and of some more settings, as pytest has them, and pytest's own."""
    names = {*CONNECTION, *more}
    group = parser.add_argument_group(
        "settings, as pytest has them", "from the command line, the environment, or pytest's ini file"
    )
    for name, kind, where, metavar, meaning in SETTINGS:
        if name not in names or "o" not in where:
            continue
        option = "--kore-" + name.replace("_", "-")
        if not metavar:
            group.add_argument(option, action="append_const", const=option, dest="settings", help=meaning)
            continue
        several = " (repeatable)" if kind == "jobs" and "repeatable" not in meaning else ""
        group.add_argument(
            option, action=_Kept, dest="settings", metavar=metavar, help=meaning.replace("%", "%%") + several
        )
    group.add_argument("-c", "--config-file", metavar="P", help="pytest's ini file, if not the usual one")
    group.add_argument(
        "-o", "--override-ini", metavar="KEY=VALUE", action="append", default=[], help="override an ini key"
    )


class _Kept(argparse.Action):
    """Keep an option as it was typed, for pytest to read."""

    def __call__(self, _parser: object, options: object, value: object, name: str | None = None) -> None:
        kept = getattr(options, self.dest) or []
        setattr(options, self.dest, [*kept, f"{name}={value}"])


def gather_raw(options: argparse.Namespace, *more: str) -> RawSettings:
    """Let pytest read its configuration.

    Args:
        options: What stands on the command line.
        more: More arguments for pytest.

    Raises:
        UsageError: It cannot; pytest has said why.
    """
    import pytest

    from pytest_kore_convtest.plugin.config import gather_raw as gather

    found: list[RawSettings] = []

    class Look:
        @pytest.hookimpl(tryfirst=True)
        def pytest_cmdline_main(self, config: pytest.Config) -> int:
            found.append(gather(config))
            return 0

    words = ["-p", "pytest_kore_convtest", *(options.settings or [])]
    words += ["-c", options.config_file] if options.config_file else []
    words += [f"--override-ini={entry}" for entry in options.override_ini]
    try:
        pytest.main([*words, *more], plugins=[Look()])
    except ValueError as bad:  # an ini file that is not UTF-8, for one
        problem = f"pytest cannot read its configuration: {bad}"
    else:
        if found:
            return found[0]
        problem = "pytest cannot read its configuration; what it says stands above"
    raise UsageError(problem)


def read_offline(options: argparse.Namespace, names: Collection[str]) -> Settings:
    """Read some settings, as pytest would; what else is configured does not matter, and may be wrong.

    Raises:
        UsageError: They cannot be read.
        ConfigError: A value cannot be used.
    """
    from pytest_kore_convtest.settings.options import ROWS
    from pytest_kore_convtest.settings.settings import resolve

    raw = gather_offline(options)
    env_names = {ROWS[name].env_name for name in names}
    return resolve(
        {name: value for name, value in raw.typed.items() if name in names},
        {name: value for name, value in raw.environment.items() if name in env_names},
        {name: value for name, value in raw.ini.items() if name in names},
        raw.folder,
    )


def gather_offline(options: argparse.Namespace) -> RawSettings:
    """Let pytest read its ini file only: no ``conftest.py`` is run, and ``addopts`` may be left out.

    A hook runs where neither the project nor its plugins of pytest are installed.

    Raises:
        UsageError: It cannot; pytest has said why.
    """
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            return gather_raw(options, "--noconftest")
    except UsageError as bad:
        refused = bad
    try:
        with redirect_stderr(io.StringIO()):
            raw = gather_raw(options, "--noconftest", *_WITHOUT_PLUGINS)
    except UsageError:
        sys.stderr.write(said.getvalue())
        raise refused from None
    sys.stderr.write("note: addopts is left out, because pytest does not understand it here\n")
    return raw


def _read_settings(options: argparse.Namespace) -> Settings:
    """Return the settings with which a sub-command contacts the platform.

    Raises:
        UsageError: They cannot be read, or name the built-in emulator.
        ConfigError: A value cannot be used.
    """
    from pytest_kore_convtest.settings.settings import resolve

    raw = gather_raw(options)
    settings = resolve(raw.typed, raw.environment, raw.ini, raw.folder)
    if settings.emulator:
        raise UsageError(
            "the built-in emulator of a test run ends with that run, so nothing can be left there:"
            " unset KORE_EMULATOR, or start one with kore-convtest emulator"
        )
    return settings


def read_account(options: argparse.Namespace) -> Settings:
    """Return the settings with which a sub-command changes something, and print the notes on them.

    Raises:
        UsageError: They cannot be read, or name the built-in emulator.
        ConfigError: A value cannot be used, or one is missing.
    """
    from pytest_kore_convtest.settings.settings import require

    settings = _read_settings(options)
    require(settings, write=True, closing=f"{PROG} doctor says where to find each.")
    for note in settings.notes:
        sys.stderr.write(f"note: {one_line(str(note))}\n")
    return settings
