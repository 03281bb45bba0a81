"""Read texts, ids, addresses, secrets and lists: text in, value out, or a ``ValueError`` with a way out.

Loaded only when somebody has set something. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from pytest_kore_convtest.redaction import describe, hide, looks_secret, remember
from pytest_kore_convtest.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?!.{{255}})(?:{_NAME}(?:\.{_NAME})*\.?|\[[0-9A-Fa-f:.]+\])")
_PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*/?")
_ENDPOINT = re.compile(r"/api(?:/[0-9.]+)?(?:/public/|(?:/public)?/?$)")
_SCHEME = re.compile(r"([A-Za-z]{2,8})([:;]//?|[:;](?![0-9])|//)")
_LIKE_HTTP = re.compile(r"h+t{0,3}p{1,2}s{0,2}|t{1,2}ps?|hhttps?|htp?ts?|hxxps?")
_PAGES = frozenset(
    {"botbuilder", "builder", "koreadmin", "agentassist", "agentai", "smartassist", "searchassist"}
)
"""Parts of the addresses of the platform's pages, which people copy out of the browser."""

_LAST_PAGES = frozenset({"home", "login", "log-in", "signin", "sign-in"})
"""What such an address may end with."""

_END_OF_HOST = re.compile(r"[/?#\\\s]")
_PLAIN_HOST = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,10}(?::[0-9]{1,5})?", re.IGNORECASE)
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_PLACEHOLDERS = (
    (re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?"), "a shell variable that nobody replaced"),
    (re.compile(r"\$\([A-Za-z_][\w.]*\)"), "a pipeline variable that nobody replaced"),
    (re.compile(r"\{\{[^{}]*\}\}"), "a template placeholder"),
    (re.compile(r"\{[\w .-]*\}"), "a placeholder from the documentation"),
    (re.compile(r"<[^<>]+>"), "a placeholder"),
    (re.compile(r"^:[A-Za-z]+$"), "a path parameter from the documentation"),
)
_QUOTES = frozenset("'\"`")
_LONGEST_REPEATED = 120
_MASKED_ID = re.compile(r"x{4,}", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Secret:
    """A text that shows itself only when asked: not in ``repr``, ``vars``, pickles or ``%s``.

    From now on it is taken out of whatever this process shows, wherever that says it.
    """

    __slots__ = ("reveal",)

    reveal: Callable[[], str]
    """Return the text."""

    def __init__(self, text: str) -> None:
        self.reveal = lambda: text
        remember(text)

    def __repr__(self) -> str:
        return "<set, not shown>"

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: let the other process read it from its source")


class ImportJob(NamedTuple):
    """An import job given by its id, and the label that names its tests."""

    label: str
    id: str


class Target(NamedTuple):
    """One line of ``kore_targets``."""

    name: str
    host: str
    stream_id: str
    protected: bool


class Shard(NamedTuple):
    """One of several machines that share the suites: its number, from 1, and how many there are."""

    number: int
    of: int

    def __str__(self) -> str:
        """Write it as it is typed."""
        return f"{self.number}/{self.of}"


def strip(raw: object) -> str:
    """Return a raw value as text, without the blanks around it and one byte order mark."""
    return str(raw).strip().removeprefix("\ufeff").strip()


def read_text(raw: object) -> str:
    """Strip blanks and one byte order mark; refuse what is empty, no text, or a placeholder."""
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise ValueError(f"expects a string, not {type(raw).__name__}")  # noqa: TRY004 - one error for callers
    text = strip(raw)
    if not text:
        raise ValueError("is empty: give a value or remove it")
    if len(text) > 1 and text[0] == text[-1] and text[0] in _QUOTES:
        raise ValueError(f"{show(text)} is in quotes: write it without them")
    for pattern, what in _PLACEHOLDERS:
        if found := pattern.search(text):
            shown = show(found[0]) if found[0] == text else f"{show(found[0])} in {describe(text)}"
            raise ValueError(f"{shown} is {what}: write the real value in its place")
    if _CONTROL.search(text):
        raise ValueError(f"{describe(text)} contains a line break or control character: remove it")
    return text


def show(text: str) -> str:
    """Repeat a value that was refused, between quotes; describe one that may be a misplaced secret."""
    if len(text) > _LONGEST_REPEATED or looks_secret(text):
        return describe(text)
    return f"'{one_line(text)}'"


def read_id(raw: object) -> str:
    """Read an id that is safe in a path."""
    text = read_text(raw)
    if _MASKED_ID.search(text):
        raise ValueError(f"{describe(text)} is masked with x, as in the documentation: write the real id")
    return check_id(text)


def check_id(text: str) -> str:
    """Refuse an id that is not safe in a path."""
    if not _ID.fullmatch(text):
        raise ValueError(
            f"{describe(text)} is not a valid id: write letters, digits, '-' and '_' only, at most 128,"
            " as in st-1a2b3c4d-…"
        )
    return text


def read_url(raw: object) -> str:
    """Read the base URL; no trailing slash, ``https`` unless loopback."""
    if "@" in str(raw):
        raise ValueError(f"{describe_url(strip(raw))} contains a user or password: write the host alone")
    text = read_text(raw)
    if "\\" in text or any(letter.isspace() or not letter.isprintable() for letter in text):
        raise ValueError(
            f"{describe_url(text)} contains a space, a backslash or a control character: remove it"
        )
    if _is_page(text):
        said = f"{describe_url(text)} is a page of the platform in a browser"
        raise ValueError(f"{said}: write {_suggest(text)} alone")
    if "?" in text or "#" in text:
        raise ValueError(f"{describe_url(text)} has a query or fragment: write the base URL alone")
    if not text.isascii():
        raise ValueError(
            f"{describe(text)} contains characters that no host has, perhaps a look-alike: type it again"
        )
    if _is_odd_scheme(text):
        raise ValueError(f"{describe_url(text)} does not start like a URL: write {_suggest(text)}")
    return _read_base(text)


def _read_base(text: str) -> str:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        port = parts.port
    except ValueError:
        raise ValueError(f"{describe_url(text)} is not a URL: write e.g. https://bots.kore.ai") from None
    host = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    is_scheme = host.lower().rstrip(".") in {"http", "https"}
    if parts.scheme not in {"http", "https"} or port == 0 or is_scheme or not _HOST.fullmatch(host):
        raise ValueError(f"{describe_url(text)} is not a base URL: write e.g. https://bots.kore.ai")
    if hide(text) != text or ("." not in host and looks_secret(host)):
        raise ValueError(f"{describe(text)} looks like a secret, not like a host: write https://bots.kore.ai")
    base = f"{parts.scheme}://{parts.netloc.lower()}"
    if not _PREFIX.fullmatch(parts.path) or _ENDPOINT.search(parts.path):
        raise ValueError(
            f"{describe_url(text)} is an endpoint or has no plain path:"
            f" write the base URL, e.g. {_example(base)}"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{describe_url(text)} would send tokens in clear: write {_secure(_example(base))}")
    return base + parts.path.rstrip("/")


def _example(base: str) -> str:
    """Return a base URL to write, the given one if it may be shown."""
    return base if base in describe_url(base) else "https://bots.kore.ai"


def _is_page(text: str) -> bool:
    """Say whether an address is one of the platform's pages, as a browser shows it."""
    _, slash, rest = (text.partition("://")[2] or text).partition("/")
    if not slash:
        return False
    path, _, _ = rest.partition("#")
    parts = path.partition("?")[0].lower().rstrip("/").split("/")
    return not _PAGES.isdisjoint(parts) or parts[-1] in _LAST_PAGES or "/#/" in text


def _is_odd_scheme(text: str) -> bool:
    """Say whether a text begins with a scheme that is misspelt, cut, or there twice."""
    begin = _SCHEME.match(text)
    if begin is None:
        return text.startswith(("/", ":"))
    word, mark = begin[1].lower(), begin[2]
    if not _LIKE_HTTP.fullmatch(word):
        return False
    rest = text[begin.end() :]
    twice = _SCHEME.match(rest)
    if twice is not None and _LIKE_HTTP.fullmatch(twice[1].lower()):
        return True
    return word not in {"http", "https"} or mark != "://" or rest.startswith("/")


def _suggest(text: str) -> str:
    """Return the base URL that was meant, as far as that can be seen."""
    rest = text.lstrip("/:")
    while (begin := _SCHEME.match(rest)) and _LIKE_HTTP.fullmatch(begin[1].lower()):
        rest = rest[begin.end() :].lstrip("/:")
    host = re.split("[/?#]", rest)[0].lower().rstrip(".:")
    known = host and _HOST.fullmatch(host.partition(":")[0])
    if not known or looks_secret(host):
        return "https://bots.kore.ai, for example,"
    return f"{'http' if is_loopback(host.partition(':')[0]) else 'https'}://{host}"


def describe_path(path: Path | None, *, may_be_secret: bool = False) -> str:
    """Repeat a path on one line; describe one that leads to nothing and may be a secret in its place.

    Args:
        path: The path.
        may_be_secret: Whether a secret or token is often given where this path belongs.
    """
    text = "" if path is None else str(path)
    if path is None or _exists(path) or not (may_be_secret or any(map(looks_secret, path.parts))):
        return one_line(text)
    return describe(text.removeprefix(f"{Path.cwd()}{os.sep}"))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # e.g. longer than any name of a file
        return False


def _secure(base: str) -> str:
    return f"https://{base.partition('://')[2]}"


def describe_url(text: str) -> str:
    """Describe an address that was refused: of what may hold a secret no more is repeated than a plain host.

    User, path, query and fragment may be secrets, and so may be a value that is no address at all.
    """
    scheme, found, rest = text.partition("://")
    host = _END_OF_HOST.split(rest if found else text, maxsplit=1)[0]
    if "@" in text or not _PLAIN_HOST.fullmatch(host) or looks_secret(host):
        return describe(text)
    shown = f"{scheme}://{host}" if found and scheme.lower() in {"http", "https"} else host
    return f"'{shown}'" if shown == text else f"'{shown}…'"


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine."""
    from ipaddress import ip_address

    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_secret(raw: object) -> Secret:
    """Read a secret or token; what is refused is never repeated in the message."""
    if isinstance(raw, Secret):
        return raw
    text = strip(raw)
    what = next((what for pattern, what in _PLACEHOLDERS if pattern.fullmatch(text)), None)
    if not text or what:
        raise ValueError(f"is {what or 'empty'}: put the real value into the environment or a file")
    return Secret(text)


def is_label(text: str) -> bool:
    """Say whether a text can be the label of an import job."""
    return bool(_LABEL.fullmatch(text))


def read_jobs(raw: object) -> tuple[ImportJob, ...]:
    """Read ``[LABEL=]ID`` entries, separated by lines or commas, in one text by blanks too.

    Equal ids are collapsed; the first one's label stays.
    """
    jobs: dict[str, ImportJob] = {}
    labels: dict[str, str] = {}
    for entry in _entries(raw):
        label, equals, job_id = entry.rpartition("=")
        if len(job_id.split()) > 1 or ("=" in label and len(label.split()) > 1):
            raise ValueError(
                f"{describe(entry)} holds more than one job: write one a line, or commas between them"
            )
        label, job_id = label.strip(), read_id(job_id)
        if equals and not is_label(label):
            raise ValueError(f"{show(label)} is not a label: write letters, digits, spaces, '.', '_' and '-'")
        if label and looks_secret(label):
            raise ValueError(f"the label, {describe(label)}, looks like a secret: write LABEL=ID")
        if job_id in jobs:
            continue
        label = label if equals else f"job-{len(jobs) + 1}"
        if label in labels:
            raise ValueError(f"the label {label!r} names both {labels[label]} and {job_id}")
        labels[label] = job_id
        jobs[job_id] = ImportJob(label, job_id)
    if not jobs:
        raise ValueError("is empty: give a job id (ds-…) or remove it")
    return tuple(jobs.values())


def read_targets(raw: object) -> tuple[Target, ...]:
    """Read lines of ``NAME HOST STREAM [protected]``."""
    targets: dict[str, Target] = {}
    for line in read_lines(raw):
        words = line.split()
        if len(words) not in {3, 4} or words[3:] not in ([], ["protected"]):
            raise ValueError(f"{describe(line)}, of {len(words)} words, is not NAME HOST STREAM [protected]")
        name = read_text(words[0])
        if name in targets:
            raise ValueError(f"{show(name)} is a duplicate: remove one")
        targets[name] = Target(name, read_url(words[1]), read_id(words[2]), protected=bool(words[3:]))
    if not targets:
        raise ValueError("is empty: give lines of NAME HOST STREAM [protected] or remove it")
    return tuple(targets.values())


def read_lines(raw: object) -> list[str]:
    """Cut one text or several into lines; empty ones are left out."""
    parts = raw if isinstance(raw, (list, tuple)) else [raw]
    return [line.strip() for part in parts for line in strip(part).splitlines() if line.strip()]


def _entries(raw: object) -> list[str]:
    # A label may hold blanks when it comes from the command line or a line of the
    # ini file; the environment's one line is cut at commas and blanks.
    if not isinstance(raw, (list, tuple)):
        return strip(raw).replace(",", " ").split()
    if not all(map(strip, raw)):
        raise ValueError(
            "has an empty entry, perhaps of a variable that is not set: give it a value or remove it"
        )
    return [entry.strip() for line in read_lines(raw) for entry in line.split(",") if entry.strip()]
