"""Read the text of one setting: text in, value out, or a ``ValueError`` that says what to write.

Loaded only when somebody has set something. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?\.?|\[[0-9A-Fa-f:.]+\])")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_PLACEHOLDERS = (
    (re.compile(r"\{\{.*?\}\}"), "a template placeholder"),
    (re.compile(r"\{[A-Za-z_ -]*\}"), "a placeholder from the documentation"),
    (re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?"), "a shell variable that nobody replaced"),
    (re.compile(r"<[A-Za-z_ -]+>"), "a placeholder"),
    (re.compile(r"^:[A-Za-z]+$"), "a path parameter from the documentation"),
)
_MASKED_ID = re.compile(r"x{5,}")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class Secret:
    """A text that shows itself only when asked: not in ``repr``, ``vars``, pickles or ``%s``."""

    __slots__ = ("reveal",)

    reveal: Callable[[], str]
    """Return the text."""

    def __init__(self, text: str) -> None:
        self.reveal = lambda: text

    def __repr__(self) -> str:
        return "<set, not shown>"

    def __reduce__(self) -> Any:
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


def read_text(raw: object) -> str:
    """Strip blanks and one byte order mark; refuse what is empty, no text, or a placeholder."""
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
        raise ValueError(f"expects a text, not {type(raw).__name__}")  # noqa: TRY004 - one error for callers
    text = str(raw).strip().removeprefix("\ufeff").strip()
    if not text:
        raise ValueError("is empty: give a value or remove it")
    for pattern, what in _PLACEHOLDERS:
        if pattern.search(text):
            raise ValueError(f"{text!r} is {what}: write the real value in its place")
    return text


def read_word(raw: object) -> str:
    """Read a text without blanks."""
    text = read_text(raw)
    if any(letter.isspace() for letter in text):
        raise ValueError(f"{text!r} has a blank in it")
    return text


def read_id(raw: object) -> str:
    """Read an id that is safe in a path."""
    text = read_text(raw)
    if _MASKED_ID.search(text):
        raise ValueError(f"{text!r} is masked with x, as in the documentation: write the real id")
    return check_id(text)


def check_id(text: str) -> str:
    """Refuse an id that is not safe in a path."""
    if not _ID.fullmatch(text):
        raise ValueError(
            f"{text!r} cannot be an id: letters, digits, '-' and '_' only, at most 128, as in st-1a2b3c4d-…"
        )
    return text


def read_url(raw: object) -> str:
    """Read the base URL; no trailing slash, ``https`` unless loopback."""
    from urllib.parse import urlsplit

    text = read_text(raw)
    if "\\" in text or any(letter.isspace() or not letter.isprintable() for letter in text):
        raise ValueError(f"{text!r} has a blank, a backslash or a control character in it")
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        port = parts.port
    except ValueError:
        raise ValueError(f"{_without_user(text)!r} is no URL: write e.g. https://bots.kore.ai") from None
    if "@" in parts.netloc:
        raise ValueError(f"{_without_user(text)!r} holds a user or password: write the host alone")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError(f"{text!r} has a query or fragment: write the base URL alone")
    host = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        raise ValueError(f"{text!r} is no base URL: write e.g. https://bots.kore.ai")
    if "/api/" in f"{parts.path}/" or "/./" in f"{parts.path}/" or "/../" in f"{parts.path}/":
        raise ValueError(
            f"{text!r} names an endpoint: write the base URL, e.g. {parts.scheme}://{parts.netloc}"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{text!r} would send tokens in clear: write https://{parts.netloc}{parts.path}")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine."""
    from ipaddress import ip_address

    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_seconds(raw: object) -> float:
    """Read a positive, finite number of seconds."""
    text = str(raw).strip()
    try:
        seconds = float(text) if not isinstance(raw, bool) else math.nan
    except ValueError:
        seconds = math.nan
    if not (0 < seconds < math.inf):
        raise ValueError(f"{text!r} is not a number of seconds above 0: write e.g. 600 or 2.5")
    return seconds


def read_count(raw: object) -> int:
    """Read a whole number above 0."""
    text = str(raw).strip()
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0):
        raise ValueError(f"{text!r} is not a whole number above 0")
    return int(text[:9])


def read_flag(raw: object) -> bool:
    """Read 1/0, true/false, yes/no, on/off, whatever the casing."""
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(f"{str(raw)!r} is neither on nor off: write 1/0, true/false, yes/no or on/off")
    return text in _TRUE


def read_exit_code(raw: object) -> int | None:
    """Read an exit code from 1 to 255, or off."""
    text = str(raw).strip()
    if text.lower() in _FALSE - {"0"}:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 256):  # noqa: PLR2004 - one byte
        raise ValueError(f"{text!r} is no exit code that says no: write 1 to 255, or off")
    return int(text)


def read_email(raw: object) -> str:
    """Read an e-mail address, roughly: something, ``@``, something."""
    text = read_word(raw)
    name, at, host = text.rpartition("@")
    if not (name and at and host):
        raise ValueError(f"{text!r} is no e-mail address")
    return text


def read_language(raw: object) -> str:
    """Read a language code such as ``en`` or ``pt-BR``."""
    text = read_text(raw)
    if not re.fullmatch(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*", text):
        raise ValueError(f"{text!r} is no language code: write e.g. en")
    return text


def read_secret(raw: object) -> Secret:
    """Read a secret or token; what is refused is never repeated in the message."""
    text = str(raw).strip().removeprefix("\ufeff").strip()
    what = next((what for pattern, what in _PLACEHOLDERS if pattern.fullmatch(text)), None)
    if not text or what:
        raise ValueError(f"is {what or 'empty'}: put the real value into the environment or a file")
    return Secret(text)


def read_path(raw: object) -> str:
    """Read a path, still as text: who knows where it starts makes it a path."""
    return read_text(raw)


def read_template(raw: object) -> str:
    """Read the name given to imported suites; ``{name}`` and ``{run}`` are replaced."""
    text = str(raw).strip()
    if not text or re.search(r"[{}]", text.replace("{name}", "").replace("{run}", "")):
        raise ValueError(f"{text!r} is no name: a text, in which {{name}} and {{run}} are replaced")
    if text in {".", ".."} or not text.isprintable():
        raise ValueError(f"{text!r} cannot be a suite's name")
    return text


def one_of(*words: str, off: bool = False) -> Callable[[object], str | None]:
    """Make a reader of one of some words, whatever the casing and separators."""
    known = {_fold(word): word for word in words}

    def read(raw: object) -> str | None:
        text = "off" if raw is False else str(raw).strip()
        if off and text.lower() in _FALSE:
            return None
        if _fold(text) not in known:
            choices = ", ".join([*words, *(["off"] if off else [])])
            raise ValueError(f"{text!r} is not one of: {choices}")
        return known[_fold(text)]

    return read


def read_jobs(raw: object) -> tuple[ImportJob, ...]:
    """Read ``[LABEL=]ID`` entries, separated by lines, commas or blanks; equal ids are collapsed."""
    jobs: dict[str, ImportJob] = {}
    labels: dict[str, str] = {}
    for entry in _entries(raw):
        label, equals, job_id = entry.rpartition("=")
        job_id = read_id(job_id)
        if equals and not _LABEL.fullmatch(label):
            raise ValueError(f"{label!r} is no label: letters, digits, blanks, '.', '_' and '-'")
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


def read_globs(raw: object) -> tuple[str, ...]:
    """Read globs of file names, separated by lines or blanks."""
    return tuple(_lines(raw, blanks=True)) or ("*.kore.json",)


def read_targets(raw: object) -> tuple[Target, ...]:
    """Read lines of ``NAME HOST STREAM [protected]``."""
    targets: dict[str, Target] = {}
    for line in _lines(raw):
        words = line.split()
        if len(words) not in {3, 4} or words[3:] not in ([], ["protected"]):
            raise ValueError(f"{line!r} is not NAME HOST STREAM [protected]")
        name = words[0]
        if name in targets:
            raise ValueError(f"{name!r} stands there twice")
        targets[name] = Target(name, read_url(words[1]), read_id(words[2]), len(words) > 3)  # noqa: PLR2004
    return tuple(targets.values())


def _without_user(text: str) -> str:
    before, at, after = text.rpartition("@")
    return f"{before.partition('://')[0]}://…@{after}" if at and "://" in before else text.rpartition("@")[2]


def _fold(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()


def _lines(raw: object, *, blanks: bool = False) -> list[str]:
    parts: Iterable[object] = raw if isinstance(raw, (list, tuple)) else [raw]
    lines = [line.strip() for part in parts for line in str(part).splitlines()]
    return [word for line in lines for word in (line.split() if blanks else [line]) if word]


def _entries(raw: object) -> list[str]:
    # A label may hold blanks when it comes from the command line or a line of the
    # ini file; the environment's one line is cut at commas and blanks.
    if isinstance(raw, (list, tuple)):
        return _lines(raw)
    return [word for line in _lines(raw) for word in re.split(r"[,\s]+", line) if word]


READERS: dict[str, Callable[[object], Any]] = {
    "url": read_url,
    "id": read_id,
    "word": read_word,
    "jobs": read_jobs,
    "secret": read_secret,
    "path": read_path,
    "email": read_email,
    "version": one_of("published", "inDevelopment", off=True),
    "flag": read_flag,
    "template": read_template,
    "keep": one_of("always", "on-failure", "never"),
    "unconfigured": one_of("error", "skip"),
    "seconds": read_seconds,
    "count": read_count,
    "language": read_language,
    "exit_code": read_exit_code,
    "globs": read_globs,
    "targets": read_targets,
}
