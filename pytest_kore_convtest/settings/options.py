"""The rows of the table of settings as objects: option, ini key and environment name of each.

The rows themselves stand in ``settings/__init__.py``, which is all that the entry point reads: every pytest
run that has this package installed pays for each module that is loaded.
"""

from __future__ import annotations

from pytest_kore_convtest.settings import SETTINGS_TABLE

SETTINGS: list[list[str]] = [row.split(" | ") for row in SETTINGS_TABLE.splitlines()]
"""Name, kind, where it can be given, what the option takes, meaning."""

SECRETS = ("client_secret", "jwt")
"""Settings whose values are never shown."""

REPORTS = ("html", "json", "markdown")
"""Settings that name reports."""

READABLE = ("html", "markdown")
"""Those of them that are written for people, the fullest first."""

GITHUB = "github"
"""What ``markdown`` may be instead of a path: the summary of a GitHub Actions step."""

CACHE = "cache"
"""What ``history`` may be instead of a folder: a folder in pytest's own cache."""

IN_CACHE = "kore-history"
"""That folder."""

POLL_INTERVAL: float = 2.0
MAX_POLL_INTERVAL: float = 10.0
"""Defaults that depend on each other: the shortest and the longest pause, seconds."""

EMULATED_INTERVALS = 0.02, 0.1
"""The same against the built-in emulator, unless it keeps the real speed."""

FAST: str = "fast"
REAL_SPEED: str = "real"
"""What ``emulator_speed`` may be."""

FLAKY = "flaky"
"""What ``fail_on`` may name."""

UNSET = ...
"""What pytest gives for an ini key that stands in no file."""


class Setting:
    """One row of the table.

    Args:
        name: The ini key without ``kore_``; the attribute of ``Settings``.
        kind: Which of ``types.READERS`` understands its text.
        where: ``o``, ``i`` and ``e``: whether there is an option, an ini key, an environment name.
        metavar: What the option takes; empty for a flag and where there is no option.
        meaning: What it does, for ``--help`` and the README.
    """

    name: str
    kind: str
    metavar: str
    meaning: str
    has_option: bool
    ini: bool
    env: bool
    option: str
    ini_key: str
    env_name: str

    def __init__(self, name: str, kind: str, where: str, metavar: str, meaning: str) -> None:
        self.name, self.kind, self.metavar, self.meaning = name, kind, metavar, meaning
        self.has_option, self.ini, self.env = "o" in where, "i" in where, "e" in where
        self.option = "--kore-" + name.replace("_", "-")
        self.ini_key = "kore_" + name
        self.env_name = "KORE_" + name.upper()


TABLE = tuple(Setting(*row) for row in SETTINGS)

ROWS = {row.name: row for row in TABLE}

CONNECTION = (
    "host",
    "stream_id",
    "client_id",
    "client_secret",
    "client_secret_file",
    "jwt",
    "jwt_file",
    "user_email",
    "target",
)
"""Settings that name or open a real platform: commands that contact it take them, the emulator gets none."""
