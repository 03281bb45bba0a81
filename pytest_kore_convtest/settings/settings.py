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
from pytest_kore_convtest.rules import DEFAULTS
from pytest_kore_convtest.settings.options import (
    CACHE,
    CONNECTION,
    FAST,
    GITHUB,
    MAX_POLL_INTERVAL,
    POLL_INTERVAL,
    ROWS,
    SECRETS,
    TABLE,
    Setting,
)
from pytest_kore_convtest.settings.resolve import named, settle, spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_kore_convtest.rules import Rule, Severity
    from pytest_kore_convtest.settings.values import ImportJob, Secret, Shard, Target

SOURCES = ("default", "ini", "environment", "addopts", "command line")
"""Where a value can come from, weakest first; a target's host and stream say ``"target"``."""

_ALIKE = 0.86
"""From which similarity on an unknown name is taken for a slip: KORE_TIMEUOT, and not KORE_BOT_ID."""
_MAY_BE_SECRET = frozenset({"secret", "url", "targets", "id", "jobs", "path", "email"})
"""Kinds of settings into which a secret slips by mistake: what they refuse is never repeated."""

ID_KINDS = {"stream_id": "st-", "client_id": "cs-", "ds_id": "ds-"}
"""How the platform's ids begin."""

_LARGEST_SECRET = 65_536
"""Bytes of a file that may hold a secret or token."""

_CA_FALLBACKS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Given(NamedTuple):
    """A raw value and its source."""

    value: object
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
    retry_failed: int = 0
    fail_on: tuple[str, ...] = ()
    repeat: int | None = None
    min_pass_rate: float = 1.0
    require_assertions: bool = False
    import_name: str = "{name}_{run}"
    keep: str = "on-failure"
    unconfigured: str = "error"
    timeout: float = 600.0
    html: Path | None = None
    json: Path | None = None
    markdown: Path | str | None = None
    shard: Shard | None = None
    update: bool = False
    emulator: bool = False
    emulator_speed: str = FAST
    bot: Path | None = None
    bot_definition: Path | None = None
    cov_fail_under: float | None = None
    baseline: Path | None = None
    history: Path | str | None = None
    gate: bool = False
    doctor: bool = False
    bot_language: str = "en"
    poll_interval: float = POLL_INTERVAL
    max_poll_interval: float = MAX_POLL_INTERVAL
    request_timeout: float = 30.0
    outage_budget: float = 120.0
    stall_timeout: float = 300.0
    max_parallel: int = 4
    rate_limit: bool = True
    rate_share: float = 1.0
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    no_verdict_exit: int | None = None
    rules: Mapping[Rule, Severity] = DEFAULTS
    suite_files: tuple[str, ...] = ("*.kore.json", "*.kore.yaml")
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
    def read(cls, *, env: Mapping[str, str] | None = None, **values: object) -> Settings:
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
            settings = resolve(given, environment() if env is None else env)
            learn_secrets(settings)
            return settings  # noqa: TRY300 - what an else branch holds would be shown with the locals below
        except ConfigError as caught:
            problem = caught
        del env, given, values  # a traceback may show the locals of its frames
        raise problem.with_traceback(None)


def resolve(
    command_line: Mapping[str, Given],
    env: Mapping[str, str],
    ini: Mapping[str, object] | None = None,
    ini_dir: Path | None = None,
    *,
    here: Path | None = None,
) -> Settings:
    """Resolve the table: command line, environment, ini, default.

    Args:
        command_line: Raw values by setting name, with ``"command line"`` or ``"addopts"`` as source.
        env: The environment.
        ini: Raw values by setting name; only those that stand in the file.
        ini_dir: Where relative paths of the ini file start.
        here: Where other paths start; ``None`` for the current folder.

    Raises:
        ConfigError: A value cannot be used, or two values contradict each other.
    """
    try:
        return _resolve(command_line, env, ini or {}, (ini_dir, here))
    except ConfigError as caught:
        problem = caught
    del command_line, env, ini  # a traceback may show the locals of its frames
    raise problem.with_traceback(None)


def _resolve(
    command_line: Mapping[str, Given],
    env: Mapping[str, str],
    ini: Mapping[str, object],
    starts: tuple[Path | None, Path | None],
) -> Settings:
    found = {row.name: _find(row, command_line, env, ini) for row in TABLE}
    given = {name: value for name, value in found.items() if value is not None}
    values = {name: _read(ROWS[name], value, starts[value.source != "ini"]) for name, value in given.items()}
    sources = {name: value.source for name, value in given.items()}
    notes = [*_exposed(sources), *_unknown_names(env)]
    settle(values, sources, notes)
    if sources and "ca_bundle" not in values and (bundle := next(filter(_text(env), _CA_FALLBACKS), None)):
        values["ca_bundle"], sources["ca_bundle"] = _path(_text(env)(bundle), starts[1]), "environment"
    return Settings(**values, sources=sources, notes=(*notes, *_odd_ids(values), *_odd_host(values)))


def _text(env: Mapping[str, str]) -> Callable[[str], str]:
    """Make what reads an environment name; empty means unset."""
    return lambda name: env.get(name, "").strip().removeprefix("\ufeff").strip()


def _find(
    row: Setting, command_line: Mapping[str, Given], env: Mapping[str, str], ini: Mapping[str, object]
) -> Given | None:
    if row.name in command_line:
        return command_line[row.name]
    if row.env and (text := _text(env)(row.env_name)):
        return Given(text, "environment")
    if row.ini and row.name in ini:
        return Given(ini[row.name], "ini")
    return None


def _read(row: Setting, given: Given, start: Path | None) -> Any:
    from pytest_kore_convtest.redaction import looks_secret
    from pytest_kore_convtest.settings.types import READERS

    try:
        value = READERS[row.kind](given.value)
    except ValueError as bad:
        message = f"{spelling(row, given.source)}: {bad}"
    else:
        is_path = row.kind in {"path", "report", "markdown", "history"} and value is not None
        is_path = is_path and value != {"markdown": GITHUB, "history": CACHE}.get(row.kind)
        return _path(value, start) if is_path else value
    text = "" if row.kind in _MAY_BE_SECRET or looks_secret(str(given.value)) else str(given.value)
    raise ConfigError(message, name=row.name, source=given.source, text=text)


def _path(text: str, start: Path | None) -> Path:
    return (start or Path.cwd()) / os.path.expanduser(text)  # noqa: PTH111 - Path.expanduser may raise


def learn_secrets(settings: Settings) -> None:
    """Make all that is shown from now on free of the secrets in files, and of ids that seem to be secrets.

    A file that is no plain one, such as a pipe, is not read: it can be read once only.
    """
    from pytest_kore_convtest.redaction import describe, looks_secret, remember
    from pytest_kore_convtest.settings.values import Secret

    ids = [(name, getattr(settings, name)) for name in ("stream_id", "client_id")]
    ids += [("ds_id", job.id) for job in settings.ds_id]
    for name, value in ids:
        if value and not value.startswith(ID_KINDS[name]) and looks_secret(value):
            remember(value, f"<{describe(value)}>")
    for path in filter(None, (settings.client_secret_file, settings.jwt_file)):
        try:
            if path.is_file() and path.stat().st_size <= _LARGEST_SECRET:
                Secret(path.read_text(encoding="utf-8"))
                continue
        except (OSError, ValueError):
            pass
        here = f"{Path.cwd()}{os.sep}"
        typed = str(path).removeprefix(here)
        if looks_secret(typed):
            remember(str(path), f"<{describe(typed)}>")
            remember(typed, f"<{describe(typed)}>")


def _exposed(sources: Mapping[str, str]) -> list[str]:
    return [
        f"{named(name, sources)}: others can read it there;"
        f" {ROWS[name].env_name} or {ROWS[name].option}-file is safer"
        for name in SECRETS
        if sources.get(name, "environment") != "environment"
    ]


def _unknown_names(env: Mapping[str, str]) -> list[str]:
    """Return hints about environment names that are called like ours and are none."""
    known = {row.env_name for row in TABLE if row.env}
    names = [name for name in env if name[:5].upper() == "KORE_" and name not in known]
    return hint_at_unknown(names, sorted(known), "a variable") if names else []


def hint_at_unknown(names: Iterable[str], known: Sequence[str], what: str) -> list[str]:
    """Return a line for each name that looks like a slip, and one for all that may be somebody else's.

    Args:
        names: Names that begin like ours.
        known: Those that there are.
        what: What they are, with its article.
    """
    from difflib import get_close_matches

    hints, foreign = [], []
    folded = {name.casefold().replace("_", ""): name for name in known}
    for name in names:
        if name in known:
            continue
        row = ROWS.get(name[5:].lower())
        near = get_close_matches(name.casefold().replace("_", ""), folded, 1, _ALIKE)
        if row is not None and name.lower() not in {one.lower() for one in known}:
            way = row.option if row.has_option else f"the ini key {row.ini_key}"
            hints.append(f"{name} is not {what} of this plugin: it is given as {way} only")
        elif near and not name.startswith(f"{folded[near[0]]}_"):  # KORE_BOT_ID is no slip for KORE_BOT
            hints.append(
                f"{name} is not {what} of this plugin and does nothing: did you mean {folded[near[0]]}?"
            )
        else:
            foreign.append(name)
    if foreign:
        hints.append(f"not {what} of this plugin, somebody else's perhaps: {', '.join(sorted(foreign))}")
    return hints


def _odd_ids(values: Mapping[str, Any]) -> list[str]:
    ids = [(name, values.get(name)) for name in ("stream_id", "client_id")]
    ids += [("ds_id", job.id) for job in values.get("ds_id", ())]
    from pytest_kore_convtest.redaction import describe

    return [
        f"{ROWS[name].ini_key} is {describe(value)} and does not look like one:"
        f" these ids begin with {ID_KINDS[name]}"
        for name, value in ids
        if value and not value.startswith(ID_KINDS[name])
    ]


def _odd_host(values: Mapping[str, object]) -> list[str]:
    """Return a hint about a path after the host: an own platform may have one, a copied address has, too."""
    path = str(values.get("host") or "").partition("://")[2].partition("/")[2]
    if not path:
        return []
    said = "requests go to paths below it; if it was copied from a browser, write the host alone"
    return [f"{ROWS['host'].ini_key} has the path /{path}: {said}"]


_WITHOUT_ACCOUNT = "kore-convtest doctor says where to find each; without an account: --kore-emulator."


def require(settings: Settings, *, write: bool = False, closing: str = _WITHOUT_ACCOUNT) -> None:
    """Refuse settings with which the platform cannot be asked, naming all that is missing.

    Args:
        settings: The settings.
        write: Whether something is to be uploaded, imported or run, which needs an e-mail too.
        closing: The last sentence of the error.

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
    begun = any(getattr(settings, name) is not None for name in CONNECTION)
    raise ConfigError(
        f"Kore is {'only partly configured' if begun else 'not configured'}. Set: "
        + "; ".join(map(_how, missing))
        + f". {closing}",
        name=missing[0],
        source="default",
    )


def _how(name: str) -> str:
    row = ROWS[name]
    if name in SECRETS:
        return f"{row.env_name} or {row.option}-file (or a token: KORE_JWT or --kore-jwt-file)"
    return f"{row.option} (or {row.ini_key} in the ini file, or {row.env_name})"
