"""The settings of one run: one pure function resolves the table and remembers where each value came from.

Loaded as soon as anything is configured, so it imports nothing that pytest has
not imported already. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.options import ROWS, SECRETS, TABLE, Setting, spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_kore_convtest.values import ImportJob, Secret, Target

SOURCES = ("default", "ini", "environment", "addopts", "command line")
"""Where a value can come from, weakest first; a target's host and stream say ``"target"``."""

_CREDENTIALS = ("client_id", "client_secret", "client_secret_file", "jwt", "jwt_file")
_REAL = ("host", "stream_id", *_CREDENTIALS, "user_email", "target")
_CA_FALLBACKS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Given(NamedTuple):
    """A raw value and its source."""

    value: Any
    source: str


def environment() -> Mapping[str, str]:
    """Return the process's environment; the one place that looks at it."""
    return os.environ


@dataclass(frozen=True, eq=False, repr=False)
class Settings:
    """All settings of one test run; times are seconds.

    ``None`` means "not given". ``source`` says where a value came from.
    """

    host: str | None = None
    stream_id: str | None = None
    target: str | None = None
    ds_id: tuple[ImportJob, ...] = ()
    client_id: str | None = None
    client_secret: Secret | None = None
    client_secret_file: Path | None = None
    jwt: Secret | None = None
    jwt_file: Path | None = None
    user_email: str | None = None
    run: str | None = None
    require_assertions: bool = False
    import_name: str = "{name}_{run}"
    keep: str = "on-failure"
    unconfigured: str = "error"
    timeout: float = 600.0
    html: Path | None = None
    json: Path | None = None
    markdown: Path | None = None
    emulator: bool = False
    gate: bool = False
    bot_language: str = "en"
    poll_interval: float = 2.0
    max_poll_interval: float = 10.0
    request_timeout: float = 30.0
    outage_budget: float = 120.0
    stall_timeout: float = 300.0
    max_parallel: int = 4
    rate_limit: bool = True
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    no_verdict_exit: int | None = None
    suite_files: tuple[str, ...] = ("*.kore.json",)
    targets: tuple[Target, ...] = ()
    protected: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def source(self, name: str) -> str:
        """Return where a setting came from: one of ``SOURCES``, or ``"target"``."""
        return self.sources.get(name, "default")

    @property
    def configured(self) -> bool:
        """Whether anybody set anything."""
        return bool(self.sources)

    @classmethod
    def read(cls, *, env: Mapping[str, str] | None = None, **values: Any) -> Settings:
        """Resolve settings without pytest: given values first, then the environment.

        ``None`` counts as not given; a given value's source is called ``"command line"``.

        Raises:
            ConfigError: A value cannot be used.
            TypeError: There is no such setting.
        """
        if unknown := sorted(values.keys() - ROWS.keys()):
            raise TypeError(f"no such setting: {', '.join(unknown)}; there are {', '.join(ROWS)}")
        given = {name: Given(value, "command line") for name, value in values.items() if value is not None}
        try:
            return resolve(given, environment() if env is None else env)
        except ConfigError as caught:
            problem = caught
        del env, given, values  # a traceback may show the locals of its frames
        raise problem.with_traceback(None)


def resolve(
    command_line: Mapping[str, Given],
    env: Mapping[str, str],
    ini: Mapping[str, Any] | None = None,
    ini_dir: Path | None = None,
) -> Settings:
    """Resolve the table: command line, environment, ini, default.

    Args:
        command_line: Raw values by setting name, with ``"command line"`` or ``"addopts"`` as source.
        env: The environment.
        ini: Raw values by setting name; only those that stand in the file.
        ini_dir: Where relative paths of the ini file start; other paths start here.

    Raises:
        ConfigError: A value cannot be used, or two values contradict each other.
    """
    try:
        return _resolve(command_line, env, ini or {}, ini_dir)
    except ConfigError as caught:
        problem = caught
    del command_line, env, ini  # a traceback may show the locals of its frames
    raise problem.with_traceback(None)


def _resolve(
    command_line: Mapping[str, Given], env: Mapping[str, str], ini: Mapping[str, Any], ini_dir: Path | None
) -> Settings:
    found = {row.name: _find(row, command_line, env, ini) for row in TABLE}
    given = {name: value for name, value in found.items() if value is not None}
    values = {name: _read(ROWS[name], value, ini_dir) for name, value in given.items()}
    sources = {name: value.source for name, value in given.items()}
    notes = _exposed(sources)
    _choose_target(values, sources, notes)
    _choose_emulator(values, sources, notes)
    _choose_credentials(values, sources, notes)
    _check_together(values, sources)
    if sources and "ca_bundle" not in values and (bundle := next(filter(_text(env), _CA_FALLBACKS), None)):
        values["ca_bundle"], sources["ca_bundle"] = _path(_text(env)(bundle), None), "environment"
    return Settings(**values, sources=sources, notes=(*notes, *_odd_ids(values)))


def _text(env: Mapping[str, str]) -> Callable[[str], str]:
    """Make what reads an environment name; empty means unset."""
    return lambda name: env.get(name, "").strip().removeprefix("\ufeff").strip()


def _find(
    row: Setting, command_line: Mapping[str, Given], env: Mapping[str, str], ini: Mapping[str, Any]
) -> Given | None:
    if row.name in command_line:
        return command_line[row.name]
    if row.env and (text := _text(env)(row.env_name)):
        return Given(text, "environment")
    if row.ini and row.name in ini:
        return Given(ini[row.name], "ini")
    return None


def _read(row: Setting, given: Given, ini_dir: Path | None) -> Any:
    from pytest_kore_convtest.values import READERS

    try:
        value = READERS[row.kind](given.value)
    except ValueError as bad:
        message = f"{spelling(row, given.source)}: {bad}"
    else:
        return _path(value, ini_dir if given.source == "ini" else None) if row.kind == "path" else value
    text = "" if row.kind in {"secret", "url", "targets"} else str(given.value)
    raise ConfigError(message, name=row.name, source=given.source, text=text)


def _path(text: str, start: Path | None) -> Path:
    return (start or Path.cwd()) / os.path.expanduser(text)  # noqa: PTH111 - Path.expanduser may raise


def _rank(source: str) -> int:
    return {"default": 0, "ini": 1, "environment": 2}.get(source, 3)


def _named(name: str, sources: Mapping[str, str]) -> str:
    return spelling(ROWS[name], sources[name])


def _prefer(
    names: tuple[str, ...], values: dict[str, Any], sources: dict[str, str], notes: list[str]
) -> str | None:
    """Keep the one of several settings that has the highest source, and drop the others."""
    given = sorted((name for name in names if name in values), key=lambda name: _rank(sources[name]))
    if not given:
        return None
    *losers, winner = given
    for loser in losers:
        if _rank(sources[loser]) == _rank(sources[winner]):
            raise ConfigError(
                f"{_named(loser, sources)} and {_named(winner, sources)} contradict each other: give one",
                name=loser,
                source=sources[loser],
            )
        notes.append(f"{_named(loser, sources)} is not used: {_named(winner, sources)} wins")
        del values[loser], sources[loser]
    return winner


def _choose_credentials(values: dict[str, Any], sources: dict[str, str], notes: list[str]) -> None:
    secret = _prefer(("client_secret", "client_secret_file"), values, sources, notes)
    token = _prefer(("jwt", "jwt_file"), values, sources, notes)
    if secret and token:
        _prefer((secret, token), values, sources, notes)


def _choose_target(values: dict[str, Any], sources: dict[str, str], notes: list[str]) -> None:
    if "target" not in values:
        return
    name = values["target"]
    known = {target.name: target for target in values.get("targets", ())}
    if name not in known:
        raise ConfigError(
            f"{_named('target', sources)}: {name!r} is no line of kore_targets"
            f" (known: {', '.join(sorted(known)) or 'none'})",
            name="target",
            source=sources["target"],
        )
    values["protected"] = known[name].protected
    for key, value in (("host", known[name].host), ("stream_id", known[name].stream_id)):
        if values.get(key, value) != value:
            if _prefer((key, "target"), dict(values), dict(sources), []) == key:
                notes.append(f"{_named(key, sources)} hides {value} of target {name}")
                continue
            notes.append(f"{_named(key, sources)} is not used: target {name} wins")
        values[key], sources[key] = value, "target"


def _choose_emulator(values: dict[str, Any], sources: dict[str, str], notes: list[str]) -> None:
    if not values.get("emulator"):
        return
    from_target = sources.get("host") == "target"
    host = "target" if from_target else "host"
    if "host" in values and _rank(sources[host]) == _rank(sources["emulator"]):
        raise ConfigError(
            f"{_named('emulator', sources)} and {_named(host, sources)} contradict each other:"
            " the stand-in or a real host, not both",
            name="emulator",
            source=sources["emulator"],
        )
    if "host" in values and _rank(sources[host]) > _rank(sources["emulator"]):
        notes.append(f"{_named('emulator', sources)} is not used: {_named(host, sources)} wins")
        del values["emulator"], sources["emulator"]
        return
    ignored = [name for name in _REAL if name in values]
    if ignored:
        notes.append("not used with the stand-in: " + ", ".join(ROWS[name].ini_key for name in ignored))
    for name in ignored:
        del values[name], sources[name]
    values.pop("protected", None)


def _check_together(values: dict[str, Any], sources: dict[str, str]) -> None:
    shortest = values.get("poll_interval", ROWS["poll_interval"].default)
    if "max_poll_interval" not in values:
        values["max_poll_interval"] = max(shortest, ROWS["max_poll_interval"].default)
    elif values["max_poll_interval"] < shortest:
        raise ConfigError(
            f"{_named('max_poll_interval', sources)} is below kore_poll_interval ({shortest:g} s)",
            name="max_poll_interval",
            source=sources["max_poll_interval"],
        )
    if "{run}" not in values.get("import_name", "{run}") and values.get("keep") != "always":
        raise ConfigError(
            f"{_named('import_name', sources)}: a name without {{run}} may be somebody else's suite,"
            " so it needs --kore-keep always",
            name="import_name",
            source=sources["import_name"],
        )


def _exposed(sources: Mapping[str, str]) -> list[str]:
    return [
        f"{_named(name, sources)}: others can read it there;"
        f" {ROWS[name].env_name} or {ROWS[name].option}-file is safer"
        for name in SECRETS
        if sources.get(name, "environment") != "environment"
    ]


def _odd_ids(values: Mapping[str, Any]) -> list[str]:
    ids = [(name, values.get(name)) for name in ("stream_id", "client_id")]
    ids += [("ds_id", job.id) for job in values.get("ds_id", ())]
    kinds = {"stream_id": "st-", "client_id": "cs-", "ds_id": "ds-"}
    return [
        f"{ROWS[name].ini_key} {value} does not look like one: these ids begin with {kinds[name]}"
        for name, value in ids
        if value and not value.startswith(kinds[name])
    ]


def require(settings: Settings, *, write: bool = False) -> None:
    """Refuse settings with which the platform cannot be asked, naming all that is missing.

    Args:
        settings: The settings.
        write: Whether something is to be uploaded, imported or run, which needs an e-mail too.

    Raises:
        ConfigError: Something is missing.
    """
    has_secret = settings.client_secret or settings.client_secret_file
    needed = ["host", "stream_id"]
    if not (settings.jwt or settings.jwt_file):
        needed += ["client_id"] if has_secret else ["client_id", "client_secret"]
    if write:
        needed.append("user_email")
    missing = [name for name in needed if getattr(settings, name) is None]
    if not missing:
        return
    begun = any(getattr(settings, name) is not None for name in _REAL)
    raise ConfigError(
        f"Kore is {'configured only in part' if begun else 'not configured'}. Set: "
        + "; ".join(map(_how, missing))
        + ". To try without an account: --kore-emulator.",
        name=missing[0],
        source="default",
    )


def _how(name: str) -> str:
    row = ROWS[name]
    if name in SECRETS:
        return f"{row.env_name} or {row.option}-file (or a token: KORE_JWT or --kore-jwt-file)"
    return f"{row.option} (or {row.ini_key} in the ini file, or {row.env_name})"
