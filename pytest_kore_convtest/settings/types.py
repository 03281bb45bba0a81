"""Read numbers, flags and words, and say which reader understands which kind of setting.

Loaded only when somebody has set something. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.redaction import describe
from pytest_kore_convtest.rules import RULES, Rule, RuleSettings, Severity
from pytest_kore_convtest.settings.options import FAST, FLAKY, REAL_SPEED
from pytest_kore_convtest.settings.values import (
    Shard,
    read_id,
    read_jobs,
    read_lines,
    read_secret,
    read_targets,
    read_text,
    read_url,
    show,
    strip,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_OFF = frozenset({"false", "no", "off", "none", "never"})
"""Words that switch something off which is a number or a path otherwise; there 0 is a number."""

_TIME = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9}) ?([A-Za-z]{1,7})")
_UNITS = {"ms": 0.001, **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0)}
_UNITS |= dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0)
_UNITS |= dict.fromkeys(("h", "hour", "hours"), 3600.0)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_BRACE, _SEPARATOR = re.compile(r"[{}]"), re.compile(r"[-_ ]")
_PERCENT = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,9})?")
_LONGEST_WAIT, _WHOLE = 1e6, 100
_LONGEST_NUMBER = 9
_LONGEST_RULE = 60


def read_word(raw: object) -> str:
    """Read a text without blanks."""
    text = read_text(raw)
    if any(letter.isspace() for letter in text):
        raise ValueError(f"{show(text)} contains a space: remove it")
    return text


def read_seconds(raw: object) -> float:
    """Read a time above 0: a number of seconds, or one with a unit such as 10s, 5m or 1.5h.

    At most 11 days, beyond which timers overflow.
    """
    text = strip(raw)
    if text.lower() in _OFF:
        raise ValueError(f"{text!r} is not possible here: a wait has an end, so write seconds, e.g. 600")
    found = _TIME.fullmatch(text)
    try:
        seconds = float(found[1]) * _UNITS[found[2].lower()] if found else float(text)
    except (ValueError, KeyError):
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_WAIT:
        raise ValueError(
            f"{show(text)} is not a number of seconds above 0, up to a million:"
            " write e.g. 600, 90s, 10m or 1h"
        )
    return seconds


def read_seconds_or_off(raw: object) -> float:
    """Read a time as ``read_seconds`` does, or off, which is infinite."""
    text = strip(raw)
    if text.lower() in _OFF:
        return math.inf
    if text.strip("0.") == "" and text:
        raise ValueError(f"{text!r} is not a time: write off to do without, or a number of seconds, e.g. 300")
    return read_seconds(raw)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else 0


def read_count(raw: object) -> int:
    """Read a whole number above 0."""
    text = strip(raw)
    if not _whole(text):
        raise ValueError(f"{show(text)} is not a whole number above 0: write e.g. 4")
    return _whole(text)


def read_whole(raw: object) -> int:
    """Read a whole number, 0 or above."""
    text = strip(raw)
    if not _whole(text) and text.strip("0"):
        raise ValueError(f"{show(text)} is not a whole number from 0 on: write e.g. 2")
    if not text:
        raise ValueError("is empty: give a whole number or remove it")
    return _whole(text)


_MOST_SHARDS = 1000
"""Machines among which suites are divided at most; the work grows with their number."""


def read_shard(raw: object) -> Shard:
    """Read which of how many machines this is, such as ``2/4``."""
    text = strip(raw)
    number, _, of = text.partition("/")
    if not 0 < _whole(number) <= _whole(of):
        raise ValueError(
            f"{show(text)} is no shard: write its number, from 1, and how many there are: e.g. 2/4"
        )
    if _whole(of) > _MOST_SHARDS:
        raise ValueError(f"{show(text)} is of more than {_MOST_SHARDS} machines: use fewer")
    return Shard(_whole(number), _whole(of))


def read_rate(raw: object) -> float:
    """Read a part of all, above 0 and up to 1; a percentage with its sign is one, too."""
    text = strip(raw)
    number = text.removesuffix("%").rstrip()
    whole = _WHOLE if text.endswith("%") else 1
    rate = float(number) / whole if _PERCENT.fullmatch(number) else math.nan
    if not 0 < rate <= 1:
        raise ValueError(f"{show(text)} is no rate: write a number above 0 and up to 1, e.g. 0.9 or 90%")
    return rate


def read_share(raw: object) -> float:
    """Read a part of all as ``read_rate`` does, or as a fraction such as ``1/4``."""
    text = strip(raw)
    if "/" not in text:
        return read_rate(raw)
    above, _, below = text.partition("/")
    if not 0 < _whole(above) <= _whole(below):
        raise ValueError(f"{show(text)} is no part: write a fraction above 0 and up to 1, e.g. 1/4")
    return _whole(above) / _whole(below)


def read_fail_on(raw: object) -> tuple[str, ...]:
    """Read words for what makes a run red, separated by commas, blanks or lines; off is none."""
    words = [word for line in read_lines(raw) for word in line.replace(",", " ").split()]
    if not words:
        raise ValueError(f"is empty: give {' or '.join(_RED)}, or remove it")
    if len(words) == 1 and words[0].lower() in _OFF:
        return ()
    if unknown := [word for word in words if word.lower() not in _RED]:
        raise ValueError(f"{show(unknown[0])} is not one of: {', '.join(_RED)}")
    return tuple(dict.fromkeys(word.lower() for word in words))


_RED = (FLAKY,)
"""The words that ``read_fail_on`` knows."""


def read_percent(raw: object) -> float:
    """Read a percentage from 0 to 100; a sign behind it may stay."""
    text = strip(raw).removesuffix("%").rstrip()
    number = float(text) if _PERCENT.fullmatch(text) else math.nan
    if not 0 <= number <= _WHOLE:
        raise ValueError(f"{show(text)} is no percentage: write a number from 0 to 100, e.g. 80")
    return number


def read_flag(raw: object) -> bool:
    """Read 1/0, true/false, yes/no, on/off, whatever the casing."""
    text = strip(raw).lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(f"{show(strip(raw))} is neither on nor off: write 1/0, true/false, yes/no or on/off")
    return text in _TRUE


def read_exit_code(raw: object) -> int | None:
    """Read an exit code from 1 to 255, or off."""
    text = strip(raw)
    if text.lower() in _OFF:
        return None
    if not 0 < _whole(text) < 256:  # noqa: PLR2004 - one byte
        raise ValueError(f"{show(text)} is not an exit code of a failure: write 1 to 255, or off")
    return _whole(text)


def read_email(raw: object) -> str:
    """Read an e-mail address, roughly: something, ``@``, something."""
    text = read_word(raw)
    name, at, host = text.rpartition("@")
    if not (name and at and host):
        raise ValueError(f"{describe(text)} is not an e-mail address: write e.g. name@example.com")
    return text


def read_language(raw: object) -> str:
    """Read a language code such as ``en`` or ``pt-BR``."""
    text = read_text(raw)
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(f"{show(text)} is not a language code: write e.g. en")
    return text


def read_path(raw: object) -> str:
    """Read a path, still as text: who knows where it starts makes it a path."""
    return read_text(os.fspath(raw) if isinstance(raw, os.PathLike) else raw)


def read_report(raw: object) -> str | None:
    """Read the path of a report, or off: an ini file may ask for one that a single run does without."""
    return None if strip(raw).lower() in {"off", "none", "false"} else read_path(raw)


def read_template(raw: object) -> str:
    """Read the name given to imported suites; ``{name}`` and ``{run}`` are replaced."""
    text = strip(raw)
    if not text or _BRACE.search(text.replace("{name}", "").replace("{run}", "")):
        raise ValueError(f"{show(text)} is not a name: only {{name}} and {{run}} may be in braces")
    if text in {".", ".."} or not text.isprintable():
        raise ValueError(f"{show(text)} is not a valid suite name: write another, without control characters")
    return text


def one_of(*words: str, off: bool = False) -> Callable[[object], str | None]:
    """Make a reader of one of some words, whatever the casing and separators."""
    known = {_fold(word): word for word in words}

    def read(raw: object) -> str | None:
        text = strip(raw)
        if off and text.lower() in _FALSE | _OFF:
            return None
        if _fold(text) not in known:
            choices = ", ".join([*words, *(["off"] if off else [])])
            raise ValueError(f"{show(text)} is not one of: {choices}")
        return known[_fold(text)]

    return read


def _fold(word: str) -> str:
    return _SEPARATOR.sub("", word).lower()


read_version: Callable[[object], str | None] = one_of("published", "inDevelopment", off=True)
"""Read which version of a bot is run; ``None`` when none is."""


def read_globs(raw: object) -> tuple[str, ...]:
    """Read globs of file names, separated by lines or blanks."""
    globs = tuple(word for line in read_lines(raw) for word in line.split())
    if not globs:
        raise ValueError("is empty: give a glob such as *.kore.json or remove it")
    return globs


def read_rules(raw: object) -> RuleSettings:
    """Read ``RULE = error``, ``warning`` or ``off``, separated by lines or commas."""
    if isinstance(raw, RuleSettings):
        return raw
    if isinstance(raw, Mapping):
        raw = [f"{rule} = {severity}" for rule, severity in raw.items()]
    chosen: dict[Rule, Severity] = {}
    entries = [entry.strip() for line in read_lines(raw) for entry in line.split(",")]
    for entry in filter(None, entries):
        name, equals, word = (part.strip() for part in entry.partition("="))
        rule = _read_rule(name)
        if not equals or word.lower() not in _SEVERITIES:
            raise ValueError(f"{entry!r} is not RULE = {', '.join(_SEVERITIES[:-1])} or {_SEVERITIES[-1]}")
        if RULES[rule].fixed:
            raise ValueError(f"{rule} cannot be changed: {_WHY_FIXED} ({RULES[rule].meaning})")
        if rule in chosen:
            raise ValueError(f"{rule} is a duplicate: remove one")
        chosen[rule] = Severity(word.lower())
    if not chosen:
        raise ValueError("is empty: give lines such as step-without-assertion = error or remove it")
    return RuleSettings(chosen)


_SEVERITIES = (Severity.ERROR.value, Severity.WARNING.value, Severity.OFF.value)
_WHY_FIXED = "a test run without it would prove nothing"


def _read_rule(name: str) -> Rule:
    folded = name.lower().replace("_", "-")
    try:
        return Rule(folded)
    except ValueError:
        near = get_close_matches(folded[:_LONGEST_RULE], [rule.value for rule in Rule], 1, 0.4)
    advice = f"did you mean {near[0]}?" if near else "docs/rules.md lists them"
    shown = repr(name[:_LONGEST_RULE]) if re.fullmatch("[a-zA-Z_-]*", name) else describe(name)
    raise ValueError(f"{shown} is not a known rule: {advice}")


READERS: dict[str, Callable[[object], Any]] = {
    "url": read_url,
    "id": read_id,
    "word": read_word,
    "jobs": read_jobs,
    "secret": read_secret,
    "path": read_path,
    "report": read_report,
    "markdown": read_report,
    "history": read_report,
    "email": read_email,
    "version": read_version,
    "flag": read_flag,
    "template": read_template,
    "keep": one_of("always", "on-failure", "never"),
    "unconfigured": one_of("error", "skip"),
    "speed": one_of(FAST, REAL_SPEED),
    "seconds": read_seconds,
    "seconds_or_off": read_seconds_or_off,
    "count": read_count,
    "whole": read_whole,
    "rate": read_rate,
    "share": read_share,
    "shard": read_shard,
    "fail_on": read_fail_on,
    "percent": read_percent,
    "language": read_language,
    "exit_code": read_exit_code,
    "globs": read_globs,
    "targets": read_targets,
    "rules": read_rules,
}
