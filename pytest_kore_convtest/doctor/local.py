"""What ``doctor`` finds without a network: settings, ids, token claims, files that hold secrets."""

from __future__ import annotations

import base64
import json
import stat
import sys
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.errors import AccessDeniedError, ConfigError
from pytest_kore_convtest.settings.options import ROWS, SECRETS, TABLE
from pytest_kore_convtest.settings.settings import Settings, resolve
from pytest_kore_convtest.suites.file import open_suite_file
from pytest_kore_convtest.suites.file_text import LARGEST_FILE
from pytest_kore_convtest.suites.find_files import find_suite_files
from pytest_kore_convtest.text import plural, show_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_kore_convtest.settings.raw import RawSettings

OK, WARNING, ERROR, SKIPPED = "ok", "warning", "error", "skipped"
"""What a check may come to; ``SKIPPED``: it could not be made."""

_EXPORTS = ("botDefinition.json", "appDefinition.json")
_WRAPPED = ("botDefinition", "appDefinition", "app", "bot")
_LARGEST_EXPORT = 256 * 1024 * 1024
_MOST_SHOWN = 3
_DEV_TOOLS = "in the platform's UI: App Settings > Dev Tools, a JWT app with HS256"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What was looked at.
        level: ``OK``, ``WARNING``, ``ERROR`` or ``SKIPPED``.
        what: What was found.
        why: Why it matters; empty when all is well.
        fix: The way out; empty when all is well.
    """

    name: str
    level: str
    what: str
    why: str = ""
    fix: str = ""


def settle(raw: RawSettings) -> tuple[Settings, list[Check], set[str]]:
    """Return the settings without those that cannot be used, what is wrong with these, and their names."""
    given, env, ini = dict(raw.typed), dict(raw.environment), dict(raw.ini)
    checks: list[Check] = []
    refused: set[str] = set()
    while True:
        try:
            return resolve(given, env, ini, raw.folder), checks, refused
        except ConfigError as caught:
            bad = caught
        row = ROWS[bad.name]
        why = "a test run stops with a usage error (exit code 4)"
        fix = "write another value there, or remove it"
        checks.append(Check("settings", ERROR, bad.message, why, fix))
        refused.add(row.name)
        # One raw value goes, from where it came from, and the others are looked at again.
        if bad.source == "environment":
            del env[row.env_name]
        elif bad.source == "ini":
            del ini[row.name]
        else:
            del given[row.name]


def describe_settings(settings: Settings) -> list[dict[str, str]]:
    """Return name, value and source of every setting; of a secret the value is ``set``."""
    return [
        {
            "name": row.ini_key,
            "value": show_value(row.name, getattr(settings, row.name, None)),
            "source": settings.source(row.name),
        }
        for row in TABLE
        if row.name not in {"gate", "doctor"}
    ]


def show_value(name: str, value: Any) -> str:
    """Return a setting's value as text; empty when it is not set."""
    if value is None or value == ():
        return ""
    if name in SECRETS:
        return "set, not shown"
    if name == "ds_id":
        return ", ".join(f"{job.label}={job.id}" for job in value)
    if name == "targets":
        return ", ".join(target.name for target in value)
    if isinstance(value, (bool, float)):
        return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def look_for_missing(settings: Settings, refused: Collection[str], *, has_suites: bool) -> Iterator[Check]:
    """Say which settings a test run needs and has not.

    Args:
        settings: The settings.
        refused: Names of settings whose values were refused, which is told already.
        has_suites: Whether there are suite files.
    """
    needed = {
        "host": ("every request goes there", "e.g. bots.kore.ai"),
        "stream_id": (
            "it names the bot",
            "in the platform's UI: App ID, usually in App Settings > Dev Tools",
        ),
    }
    if not (settings.jwt or settings.jwt_file or {"jwt", "jwt_file"} & set(refused)):
        needed["client_id"] = ("every request is signed with it", _DEV_TOOLS)
        if settings.client_secret_file is None and "client_secret_file" not in refused:
            needed["client_secret"] = ("every request is signed with it", _DEV_TOOLS)
    for name, (why, example) in needed.items():
        if getattr(settings, name) is None and name not in refused:
            yield _missing(name, why, example)
    if settings.user_email is None and "user_email" not in refused:
        writes = has_suites or settings.run is not None
        why = "needed to import or run suites" + ("" if writes else "; waiting for a job id works without it")
        yield _missing("user_email", why, "of a user of the platform", ERROR if writes else WARNING)
    if not settings.ds_id and "ds_id" not in refused and not has_suites:
        why = "a test run without a job id and without a suite file has nothing to check"
        fix = "give --kore-ds-id ds-…, or put an exported suite here as NAME.kore.json"
        yield Check("something to check", WARNING, "no job id and no suite file", why, fix)


def _missing(name: str, why: str, example: str, level: str = ERROR) -> Check:
    row = ROWS[name]
    elsewhere = f"{row.option}-file" if name in SECRETS else f"{row.ini_key} in pytest's ini file"
    fix = f"set {row.env_name} or {elsewhere} ({example})"
    return Check("settings", level, f"{row.ini_key} is not set", why, fix)


def look_at_notes(settings: Settings) -> Iterator[Check]:
    """Pass on what was noticed while the settings were read."""
    for note in settings.notes:
        yield Check("settings", WARNING, str(note), "it may not be what was meant")


def look_at_host(settings: Settings) -> Iterator[Check]:
    """Say where requests go; a path prefix is named as what it is."""
    from urllib.parse import urlsplit

    if settings.host is None:
        return
    parts = urlsplit(settings.host)
    said = f"requests go to {settings.host}/api/public/…"
    if not parts.path:
        yield Check("host", OK, said)
        return
    said += f"; {parts.path} is a path prefix, as a gateway before the platform has it"
    if (parts.hostname or "").endswith(".kore.ai"):
        fix = f"set kore_host to {parts.scheme}://{parts.netloc}"
        yield Check("host", WARNING, said, "Kore's own hosts serve the API without a prefix", fix)
    else:
        yield Check("host", OK, said)


def read_export(path: Path) -> str | None:
    """Return the bot id of a bot export; ``None`` when the file is no bot export.

    Raises:
        OSError: It cannot be read.
    """
    try:
        content = json.loads(_export_bytes(path))
    except (ValueError, zipfile.BadZipFile, KeyError, RuntimeError, NotImplementedError, RecursionError):
        return None
    for key in _WRAPPED:
        if isinstance(content, dict) and isinstance(content.get(key), dict) and "_id" not in content:
            content = content[key]
    if not isinstance(content, dict) or "testCases" in content or "dialogs" not in content:
        return None
    bot_id = content.get("_id") or content.get("botId") or content.get("streamId")
    return bot_id if isinstance(bot_id, str) else ""


def _export_bytes(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            return file.read(_LARGEST_EXPORT)
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in (*_EXPORTS, "") if not name or name in archive.namelist())
        with archive.open(name) as file:
            return file.read(_LARGEST_EXPORT)


def compare_ids(
    settings: Settings, suite_ids: Mapping[Path, str], exports: Mapping[Path, str]
) -> Iterator[Check]:
    """Compare the bot in three places: the setting, the suite files' ``botId``, bot exports."""
    name, stream = "stream id", settings.stream_id
    bots = sorted(set(filter(None, suite_ids.values())))
    if len(bots) > 1:
        firsts = [f"{bot} in {show_path(_file_of(bot, suite_ids))}" for bot in bots]
        what = f"the suite files belong to {len(bots)} bots: {_some(firsts)}"
        yield Check(name, ERROR, what, "one pytest run tests one bot", "name the files of one bot only")
    elif bots and stream and bots[0] != stream:
        what = f"kore_stream_id is {stream}, the suite files' botId is {bots[0]}"
        why = "normal when suites go from one environment to the next, else it is the wrong bot"
        yield Check(name, WARNING, what, why, "compare with App ID (usually in App Settings > Dev Tools)")
    for path, bot in exports.items():
        if bot and stream and bot != stream:
            what = f"kore_stream_id is {stream}, the bot export {show_path(path)} is of {bot}"
            why = "coverage of another bot says nothing"
            yield Check(name, WARNING, what, why, "export the bot that is tested, or set its stream id")
    places = [f"{len(suite_ids)} suite file(s)"] if stream and bots == [stream] else []
    places += [f"the bot export {show_path(path)}" for path, bot in exports.items() if bot and bot == stream]
    if places:
        yield Check(name, OK, f"kore_stream_id, {' and '.join(places)} name the same bot: {stream}")


def _file_of(bot: str, suite_ids: Mapping[Path, str]) -> Path:
    return next(path for path, one in suite_ids.items() if one == bot)


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_SHOWN
    return ", ".join(texts[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


def read_files(
    settings: Settings, named: Sequence[Path], paths: Sequence[Path]
) -> Iterator[tuple[Path, str, str]]:
    """Give each suite file and bot export with its kind (``suite``, ``export`` or ``neither``) and bot id.

    Args:
        settings: They say which names suite files have, and where a bot export is.
        named: Files that were named.
        paths: Where else to look for suite files.
    """
    definition = getattr(settings, "bot_definition", None)
    files = dict.fromkeys([*named, *([definition] if definition else [])])
    for path in paths:
        if path.is_dir():
            files |= dict.fromkeys(find_suite_files(path, settings.suite_files))
        elif path.is_file():
            files[path] = None
    for path in files:
        try:
            bot = read_export(path) if path in named or path == definition else None
        except OSError:
            bot = None
        if bot is not None:
            yield path, "export", bot
            continue
        found = _read_bot(path)
        yield path, "neither" if found is None else "suite", found or ""


def name_strangers(paths: Iterable[Path], named: Sequence[Path]) -> Iterator[Check]:
    """Name the files that are neither suite files nor bot exports.

    Args:
        paths: These files.
        named: Files that were named; others were found by their names, and a test run would collect them.
    """
    for path in paths:
        shown = show_path(path)
        if path in named:
            what, why = f"{shown} is neither a suite file nor a bot export", "nothing could be compared"
            yield Check("files", WARNING, what, why, "give another file")
        else:
            why, fix = "a test run collects it, and fails", f"kore-convtest lint {shown} says what is wrong"
            yield Check("files", WARNING, f"{shown} holds no suite that can be read", why, fix)


def _read_bot(path: Path) -> str | None:
    """Return the bot of a suite file, empty when it names none; ``None`` when it is no suite file."""
    if path.suffix != ".json":
        suites = open_suite_file(path).suites
        return suites[0].bot_id if suites else None
    # The reader of suite files knows the line of everything, which takes its time with many files.
    try:
        with path.open("rb") as file:
            content = json.loads(file.read(LARGEST_FILE))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("testCases"), list):
        return None
    bot = content.get("botId")
    return bot if isinstance(bot, str) else ""


def look_at_files(settings: Settings) -> Iterator[Check]:
    """Look at the files that hold secrets: whether they can be read, and by whom."""
    for name in ("client_secret_file", "jwt_file", "client_cert"):
        path = getattr(settings, name)
        if path is None:
            continue
        try:
            mode = path.stat().st_mode
            if not stat.S_ISFIFO(mode):  # to open a pipe is to wait for who writes into it
                path.open("rb").close()
        except OSError as bad:
            why = "nothing can be signed without it"
            fix = f"give a file that this user can read in {ROWS[name].env_name}"
            what = f"kore_{name}: cannot read {show_path(path)}: {bad.strerror}"
            yield Check("secret files", ERROR, what, why, fix)
            continue
        if sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            what = f"kore_{name}: {show_path(path)} has mode {stat.S_IMODE(mode):04o}"
            why = "other users of this machine may read it"
            yield Check("secret files", WARNING, what, why, f"chmod 600 {show_path(path)}")
        else:
            yield Check("secret files", OK, f"kore_{name}: only its owner can read {show_path(path)}")


def look_at_secret(settings: Settings) -> Iterator[Check]:
    """Say whether the client secret can sign a token."""
    secret = settings.client_secret or settings.client_secret_file
    if settings.jwt or settings.jwt_file or secret is None or settings.client_id is None:
        return
    from pytest_kore_convtest.api.credentials import make_signer

    label, fix = "client secret", "copy it from the JWT app (App Settings > Dev Tools)"
    try:
        signer, notes = make_signer(settings, time.time)
        signer.token()
    except (AccessDeniedError, ConfigError) as bad:
        yield Check(label, ERROR, bad.message, "no request can be signed", fix)
        return
    for note in notes:
        yield Check(label, WARNING, note, "half a secret signs, too, and is refused", fix)
    if not notes:
        yield Check(label, OK, "a token can be signed with it")


def look_at_token(settings: Settings, now: float) -> Iterator[Check]:
    """Say what a given token claims, and whether the platform is sure to refuse it."""
    source = "jwt" if settings.jwt is not None else "jwt_file" if settings.jwt_file is not None else ""
    if not source:
        return
    from pytest_kore_convtest.api.credentials import make_signer
    from pytest_kore_convtest.api.given_token import GivenToken

    label, why = "token claims", "the platform will refuse it"
    fix = "give client id and secret, so that every request gets a token of its own, or the token alone"
    try:
        given = make_signer(settings, lambda: now)[0]
        assert isinstance(given, GivenToken)  # noqa: S101 - for the type checker
        text = given.read().strip()
        given.read = lambda: text  # a pipe gives its text once
        if text.lower().startswith(("authorization", "auth:", "bearer")):
            what = f"kore_{source} is a whole header ({text.split()[0].rstrip(':')} …), not a token"
            reason = "the platform takes the token alone, in a header named auth, not Authorization: Bearer"
            yield Check(label, ERROR, what, reason, "give what stands behind Bearer, beginning with eyJ")
            return
        notes = given.check(settings.timeout)
    except (AccessDeniedError, ConfigError) as bad:
        yield Check(label, ERROR, bad.message, why, fix)
        return
    for note in notes:
        yield Check(label, WARNING, note, "a wait that outlasts the token ends without a result", fix)
    yield Check(label, OK, f"kore_{source}: {_claims(text, now)}")


def _claims(token: str, now: float) -> str:
    """Return what a token says of itself; neither its signature nor a claim that nobody needs."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        app, expires = claims.get("appId") or claims.get("iss"), claims.get("exp")
        minutes = plural(round((expires - now) / 60), "minute") if expires else ""
        left = f"expires in {minutes}" if minutes else "does not expire"
    except (ValueError, IndexError, TypeError, AttributeError):
        return "it is encrypted: its claims cannot be seen"
    from pytest_kore_convtest.text import printable

    return f"HS256, appId {printable(str(app), 60)}, {left}, {'with' if 'jti' in claims else 'without'} jti"
