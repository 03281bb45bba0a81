"""The table of all settings: it yields options, ini keys, environment names, header and README.

Every pytest run that has this package installed loads it, so it holds data and
next to no code. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from argparse import BooleanOptionalAction
from typing import Any


class Setting:
    """One row of the table; its default stands in ``settings.Settings``.

    Args:
        name: The ini key without ``kore_``; the attribute of ``Settings``.
        kind: Which of ``readers.READERS`` understands its text.
        where: ``o``, ``i`` and ``e``: whether there is an option, an ini key, an environment name.
        metavar: What the option takes; empty for a flag and where there is no option.
        meaning: What it does, for ``--help`` and the README.
    """

    def __init__(self, name: str, kind: str, where: str, metavar: str, meaning: str) -> None:
        self.name, self.kind, self.metavar, self.meaning = name, kind, metavar, meaning
        self.has_option, self.ini, self.env = "o" in where, "i" in where, "e" in where
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


# One text, not objects: loading the table is most of what an unused plugin costs, and
# pytest reads cached byte code object by object. Columns: name, kind, where it can be
# given (option, ini, environment), metavar, meaning.
_TEXT = """
host               | url          | oie | URL        | base URL; bots.kore.ai means https://bots.kore.ai
stream_id          | id           | oie | ID         | the bot's st-... id (the UI says App ID or Bot ID)
target             | word         | oie | NAME       | a line of kore_targets: sets host and stream
ds_id              | jobs         | oie | [LABEL=]ID | import job to wait for (repeatable)
client_id          | id           | oie | ID         | client id (cs-...) of the JWT app
client_secret      | secret       | oie | S          | its secret; safer in the environment or in a file
client_secret_file | path         | oie | P          | file that holds the secret
jwt                | secret       | oie | TOKEN      | a ready token instead of client id and secret
jwt_file           | path         | oie | P          | file that holds the token, read anew for every request
user_email         | email        | oie | E          | userEmailId, needed to import or run a suite
run                | version      | oie | VERSION    | also run imported suites: published or inDevelopment
require_assertions | flag         | oie |            | a step that asserts nothing is a failure, not a warning
import_name        | template     | oie | T          | name given to imported suites
keep               | keep         | oie | WHEN       | imported suites are kept: always, on-failure, never
unconfigured       | unconfigured | oie | W          | tests without a configured Kore: error or skip
timeout            | seconds      | oie | S          | seconds one job may take, from the first ask
html               | path         | oie | P          | write an HTML report there
json               | path         | oie | P          | write a JSON report there
markdown           | path         | oie | P          | write a Markdown report there
emulator           | flag         | o e |            | use the built-in stand-in, no account needed
gate               | flag         | o   |            | collect the import gate and nothing else
bot_language       | language     |  ie |            | bot-language header
poll_interval      | seconds      |  ie |            | shortest pause between two polls of one job, seconds
max_poll_interval  | seconds      |  ie |            | longest pause between two polls of one job, seconds
request_timeout    | seconds      |  ie |            | seconds one HTTP exchange may take in total
outage_budget      | seconds      |  ie |            | seconds without a usable answer before giving up
stall_timeout      | seconds      |  ie |            | seconds without any change before giving up
max_parallel       | count        |  ie |            | jobs under way at once
rate_limit         | flag         |  ie |            | keep the platform's 60/minute and 1800/hour on our side
ca_bundle          | path         |  ie |            | CA certificates; else the operating system's store
client_cert        | path         |  ie |            | client certificate (PEM with key)
no_verdict_exit    | exit_code    |  ie |            | exit code when something was not found out, or off
suite_files        | globs        |  i  |            | globs of suite files
targets            | targets      |  i  |            | known bots: lines of NAME HOST STREAM [protected]
"""

TABLE = tuple(Setting(*map(str.strip, line.split("|", 4))) for line in _TEXT.strip().splitlines())

ROWS = {row.name: row for row in TABLE}

POLL_INTERVAL, MAX_POLL_INTERVAL = 2.0, 10.0
"""Defaults that depend on each other: the shortest and the longest pause, seconds."""

SECRETS = ("client_secret", "jwt")
"""Settings whose values are never shown."""

REPORTS = ("html", "json", "markdown")
"""Settings that name reports."""


UNSET = type("Unset", (), {"__repr__": lambda _: "not set"})()
"""What pytest gives for an ini key that stands in no file."""


def register(parser: Any, version: tuple[Any, ...]) -> None:
    """Register every row with pytest's parser.

    No ``type`` and no ``choices``: argparse would repeat a refused value, which
    may be a secret. No defaults either, so that "not given" stays visible.
    """
    add = parser.getgroup("kore", "Kore.ai conversation tests").addoption
    for row in TABLE:
        if row.has_option and not row.metavar:
            add(row.option, dest=row.ini_key, action=BooleanOptionalAction, default=None, help=row.meaning)
        elif row.has_option:
            action = "append" if row.kind == "jobs" else "store"
            add(row.option, dest=row.ini_key, action=action, metavar=row.metavar, help=row.meaning)
        if row.ini:
            parser.addini(row.ini_key, row.meaning, type=row.ini_type(version), default=UNSET)


def given_for_this_run(config: Any) -> bool:
    """Say whether the command line or the environment configures anything; cheap."""
    for name in os.environ:
        if name.startswith("KORE_"):
            return True
    for entry in config.option.override_ini or ():
        if entry.startswith("kore_"):
            return True
    for row in TABLE:  # noqa: SIM110 - a generator is a code object more to load
        if row.has_option and getattr(config.option, row.ini_key) is not None:
            return True
    return False


def given(config: Any) -> bool:
    """Say whether anybody configured anything."""
    if given_for_this_run(config):
        return True
    for row in TABLE:
        try:
            if row.ini and config.getini(row.ini_key) is not UNSET:
                return True
        except TypeError:  # noqa: PERF203 - a typed value that pytest 9.0 and 9.1 do not expect
            return True
    return False


def is_suite_file(config: Any, path: Any) -> bool:
    """Say whether a file's name fits ``kore_suite_files``."""
    globs = config.getini("kore_suite_files")
    if globs is UNSET:
        globs = ("*.kore.json",)
    for glob in globs:  # noqa: SIM110 - the same
        if path.match(glob):
            return True
    return False
