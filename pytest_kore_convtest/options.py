"""The table of all settings: it yields options, ini keys, environment names, header and README.

Every pytest run that has this package installed loads it, so it holds data and
next to no code. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from argparse import BooleanOptionalAction
from typing import Any


class Setting:
    """One row of the table.

    A plain class: making a dataclass or a named tuple costs more than all else here.

    Args:
        name: The ini key without ``kore_``; the attribute of ``Settings``.
        kind: Which reader of ``values`` understands its text.
        default: The value when nobody gives one.
        meaning: What it does, for ``--help`` and the README.
        metavar: What the option takes; empty for a flag, ``None`` when there is no option.
        ini: Whether there is an ini key.
        env: Whether there is an environment name.
    """

    __slots__ = (
        "default",
        "env",
        "env_name",
        "ini",
        "ini_key",
        "kind",
        "meaning",
        "metavar",
        "name",
        "option",
    )

    def __init__(  # noqa: PLR0913 - one argument a column
        self,
        name: str,
        kind: str,
        default: Any,
        meaning: str,
        metavar: str | None = None,
        *,
        ini: bool = True,
        env: bool = True,
    ) -> None:
        self.name, self.kind, self.default, self.meaning = name, kind, default, meaning
        self.metavar, self.ini, self.env = metavar, ini, env
        self.option = "--kore-" + name.replace("_", "-")
        self.ini_key = "kore_" + name
        self.env_name = "KORE_" + name.upper()

    def ini_type(self, version: tuple[Any, ...]) -> Any:
        """Return the ini key's type for a version of pytest.

        From 9.0 on, ``[tool.pytest]`` is typed; from 9.2 on a key may say that it takes several types.
        """
        if self.kind in {"jobs", "globs", "targets"}:
            return "linelist"
        typed = self.kind in {"flag", "seconds", "count", "exit_code", "version"} and version >= (9, 2)
        return str | bool | int | float if typed else None


TABLE = (
    Setting("host", "url", None, "base URL; bare bots.kore.ai means https://bots.kore.ai", "URL"),
    Setting("stream_id", "id", None, "the bot's st-... id (the UI says App ID or Bot ID)", "ID"),
    Setting("target", "word", None, "a line of the ini key kore_targets: sets host and stream", "NAME"),
    Setting(
        "ds_id", "jobs", (), "import job to wait for; repeatable; the label names the test", "[LABEL=]ID"
    ),
    Setting("client_id", "id", None, "client id (cs-...) of the JWT app", "ID"),
    Setting("client_secret", "secret", None, "its secret; safer in the environment or in a file", "S"),
    Setting("client_secret_file", "path", None, "file that holds the secret", "P"),
    Setting("jwt", "secret", None, "a ready token instead of client id and secret", "TOKEN"),
    Setting("jwt_file", "path", None, "file that holds the token, read anew for every request", "P"),
    Setting("user_email", "email", None, "userEmailId, needed to import or run a suite", "E"),
    Setting("run", "version", None, "also run imported suites: published or inDevelopment", "VERSION"),
    Setting(
        "require_assertions", "flag", False, "a step that asserts nothing is a failure, not a warning", ""
    ),
    Setting("import_name", "template", "{name}_{run}", "name given to imported suites", "T"),
    Setting("keep", "keep", "on-failure", "imported suites are kept: always, on-failure, never", "WHEN"),
    Setting("unconfigured", "unconfigured", "error", "tests without a configured Kore: error or skip", "W"),
    Setting("timeout", "seconds", 600.0, "seconds one job may take, from the first ask", "S"),
    Setting("html", "path", None, "write an HTML report there", "P"),
    Setting("json", "path", None, "write a JSON report there", "P"),
    Setting("markdown", "path", None, "write a Markdown report there", "P"),
    Setting("emulator", "flag", False, "use the built-in stand-in, no account needed", "", ini=False),
    Setting("gate", "flag", False, "collect the import gate and nothing else", "", ini=False, env=False),
    Setting("bot_language", "language", "en", "bot-language header"),
    Setting("poll_interval", "seconds", 2.0, "shortest pause between two polls of one job, seconds"),
    Setting("max_poll_interval", "seconds", 10.0, "longest pause between two polls of one job, seconds"),
    Setting("request_timeout", "seconds", 30.0, "seconds one HTTP exchange may take in total"),
    Setting("outage_budget", "seconds", 120.0, "seconds without a usable answer before giving up"),
    Setting("stall_timeout", "seconds", 300.0, "seconds without any change before giving up"),
    Setting("max_parallel", "count", 4, "jobs under way at once"),
    Setting("rate_limit", "flag", True, "keep the platform's 60/minute and 1800/hour on our side"),
    Setting("ca_bundle", "path", None, "CA certificates; else the operating system's store"),
    Setting("client_cert", "path", None, "client certificate (PEM with key)"),
    Setting(
        "no_verdict_exit", "exit_code", None, "exit code when something could not be found out, else off"
    ),
    Setting("suite_files", "globs", ("*.kore.json",), "globs of suite files", env=False),
    Setting("targets", "targets", (), "known bots: lines of NAME HOST STREAM [protected]", env=False),
)

ROWS = {row.name: row for row in TABLE}

SECRETS = ("client_secret", "jwt")
"""Settings whose values are never shown."""


class Unset:
    """What pytest gives for an ini key that stands in no file."""

    def __repr__(self) -> str:
        return "not set"


UNSET = Unset()


def register(parser: Any, version: tuple[Any, ...]) -> None:
    """Register every row with pytest's parser.

    No ``type`` and no ``choices``: argparse would repeat a refused value, which
    may be a secret. No defaults either, so that "not given" stays visible.
    """
    add = parser.getgroup("kore", "Kore.ai conversation tests").addoption
    for row in TABLE:
        if row.metavar == "":
            add(row.option, dest=row.ini_key, action=BooleanOptionalAction, default=None, help=row.meaning)
        elif row.metavar:
            action = "append" if row.kind == "jobs" else "store"
            add(row.option, dest=row.ini_key, action=action, metavar=row.metavar, help=row.meaning)
        if row.ini:
            parser.addini(row.ini_key, row.meaning, type=row.ini_type(version), default=UNSET)


def anything_given(config: Any) -> bool:
    """Say whether anybody configured anything."""
    if any(name.startswith("KORE_") for name in os.environ):
        return True
    rows = [row.ini_key for row in TABLE if row.metavar is not None]
    if any(getattr(config.option, key) is not None for key in rows):
        return True
    return any(read_ini(config, row.ini_key) is not UNSET for row in TABLE if row.ini)


def read_ini(config: Any, key: str) -> Any:
    """Return the raw value of an ini key, or ``UNSET``."""
    try:
        return config.getini(key)
    except TypeError:
        # pytest 9.0 and 9.1 type [tool.pytest] but cannot be told that a key takes several types.
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return config.inicfg[key]


def spelling(row: Setting, source: str) -> str:
    """Name a setting the way it was given."""
    if source == "ini":
        return f"{row.ini_key} (from ini)"
    if source == "environment":
        return f"{row.env_name} (from environment)"
    name = row.option if row.metavar is not None else f"-o {row.ini_key}"
    return f"{name} (from {source})"
