"""The words in which a test says how the emulator shall answer.

``"500, 429(retry_after=2), IN_PROGRESS@40, IN_PROGRESS@85, SUCCESS"``: one word per request, the last one
repeats. A number is an HTTP status, a status word may carry a percentage, the rest are faults of the wire.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

STATUS_WORDS = (
    "IN_PROGRESS", "SUCCESS", "FAILED", "FAILURE", "ERROR", "ABORTED", "CANCELLED", "PARTIAL_SUCCESS",
    "PENDING", "QUEUED", "INPROGRESS", "PASSED",
)  # fmt: skip
FAULT_WORDS: dict[str, tuple[str, ...]] = {
    "reset": (),
    "close": (),
    "lost": (),
    "html": (),
    "empty": (),
    "garbage": (),
    "deep": (),
    "huge": ("megabytes",),
    "truncated": (),
    "redirect": ("to",),
    "slow": ("seconds",),
    "drip": ("seconds",),
}
_STATUS_OPTIONS = ("log", "response", "lmod", "merge")
_HTTP_OPTIONS = ("retry_after", "msg", "code")
_NUMBERS = ("seconds", "megabytes", "code")

_WORD = re.compile(
    r"""\s*(?P<name>[\w-]+)\s*(?:@\s*(?P<percent>\d{1,3})\s*)?"""
    r"""(?:\((?P<options>(?:[^()"']|"[^"]*"|'[^']*')*)\)\s*)?(?:,|$)"""
)
_OPTION = re.compile(
    r"""\s*(?P<key>\w+)\s*=\s*(?P<value>(?:"[^"]*"|'[^']*')(?=\s*(?:,|$))|[^,]*)[^,]*(?:,|$)"""
)


@dataclass(frozen=True)
class Word:
    """One scripted answer.

    Args:
        name: A status word as written, a fault word in lower case, or digits.
        percent: What follows ``@``, or ``None``.
        options: What stands in the parentheses.
        literal: Whether the name came from ``status(name=…)`` and is used as it stands everywhere.
    """

    name: str
    percent: int | None = None
    options: dict[str, str] = field(default_factory=dict)
    literal: bool = False

    @property
    def is_http(self) -> bool:
        """Whether the word is an HTTP status."""
        return self.name.isdigit()

    @property
    def is_fault(self) -> bool:
        """Whether the word answers something else than a job's status."""
        return self.is_http or self.name in FAULT_WORDS

    def number(self, option: str, default: float) -> float:
        """Return an option as a number."""
        return float(self.options.get(option, default))

    def says_no(self, option: str) -> bool:
        """Whether an option is switched off, e.g. ``response=no``."""
        return self.options.get(option, "yes").lower() in ("no", "false", "off", "0")


@dataclass
class Script:
    """Words and how far they have been read."""

    words: tuple[Word, ...]
    _next: int = 0

    def advance(self) -> tuple[Word, bool]:
        """Return the next word, and whether it is news; the last word repeats and is then none."""
        fresh = self._next < len(self.words)
        word = self.words[min(self._next, len(self.words) - 1)]
        self._next += 1
        return word, fresh


def parse(text: str) -> tuple[Word, ...]:
    """Read a script.

    Raises:
        ValueError: A word or option is unknown or malformed; the message names it and the known ones.
    """
    words, at = [], 0
    text = text.strip().rstrip(",")
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise ValueError(f"cannot read the script at {text[at : at + 40]!r}; write e.g. {_EXAMPLE!r}")
        words.append(_word(match["name"], match["percent"], _options(match["options"] or "")))
        at = match.end()
    if not words:
        raise ValueError(f"a script needs at least one word, e.g. {_EXAMPLE!r}")
    return tuple(words)


_EXAMPLE = "500, IN_PROGRESS@40, SUCCESS"


def _word(name: str, percent: str | None, options: dict[str, str]) -> Word:
    if name.lower() == "no_response":
        name, options = "SUCCESS", {"response": "no", **options}
    allowed: tuple[str, ...] = _STATUS_OPTIONS
    literal = name.lower() == "status"
    if literal:
        if "name" not in options:
            raise ValueError('the word status needs a name, e.g. status(name="HALF_DONE")')
        name = options.pop("name")
    else:
        name, allowed = _known(name)
    for key, value in options.items():
        _check_option(name, key, value, allowed)
    if percent is not None and allowed is not _STATUS_OPTIONS:
        raise ValueError(f"the word {name} takes no percentage")
    return Word(name, None if percent is None else int(percent), options, literal)


def _known(name: str) -> tuple[str, tuple[str, ...]]:
    if name.isdigit() and 200 <= int(name) <= 599:  # noqa: PLR2004 - the range of final HTTP statuses
        return name, _HTTP_OPTIONS
    if name.lower() in FAULT_WORDS:
        return name.lower(), FAULT_WORDS[name.lower()]
    if name.upper() in STATUS_WORDS:
        return name, _STATUS_OPTIONS
    known = ", ".join(("an HTTP status (200 to 599)", *STATUS_WORDS, *FAULT_WORDS, "status", "no_response"))
    raise ValueError(f"unknown script word {name!r}; known words: {known}")


def _options(text: str) -> dict[str, str]:
    options, at = {}, 0
    while at < len(text.rstrip()):
        match = _OPTION.match(text, at)
        if match is None:
            raise ValueError(f"cannot read the options at {text[at:]!r}; write key=value")
        value = match["value"].strip()
        options[match["key"]] = value[1:-1] if value[:1] in ("'", '"') else value
        at = match.end()
    return options


def _check_option(name: str, key: str, value: str, allowed: tuple[str, ...]) -> None:
    if key not in allowed:
        known = ", ".join(allowed) or "none"
        raise ValueError(f"unknown option {key!r} of the word {name}; known options: {known}")
    try:
        if key in _NUMBERS:
            float(value)
        if key == "merge" and not isinstance(json.loads(value), dict):
            raise ValueError("not an object")  # noqa: TRY301 - one sentence for both ways to be wrong
    except ValueError:
        kind = "a number" if key in _NUMBERS else "a JSON object"
        raise ValueError(f"option {key} of the word {name} must be {kind}, not {value!r}") from None
