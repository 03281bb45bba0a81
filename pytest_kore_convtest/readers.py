"""Read numbers, flags and words, and say which reader understands which kind of setting.

Loaded only when somebody has set something. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.redaction import describe
from pytest_kore_convtest.values import (
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
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_BRACE, _SEPARATOR = re.compile(r"[{}]"), re.compile(r"[-_ ]")
_LONGEST_WAIT = 1e6
_LONGEST_NUMBER = 9


def read_word(raw: object) -> str:
    """Read a text without blanks."""
    text = read_text(raw)
    if any(letter.isspace() for letter in text):
        raise ValueError(f"{show(text)} has a blank in it")
    return text


def read_seconds(raw: object) -> float:
    """Read a number of seconds above 0; at most 11 days, beyond which timers overflow."""
    text = strip(raw)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_WAIT:
        raise ValueError(f"{show(text)} is not a number of seconds above 0, up to a million: write e.g. 600")
    return seconds


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else 0


def read_count(raw: object) -> int:
    """Read a whole number above 0."""
    text = strip(raw)
    if not _whole(text):
        raise ValueError(f"{show(text)} is not a whole number above 0: write e.g. 4")
    return _whole(text)


def read_flag(raw: object) -> bool:
    """Read 1/0, true/false, yes/no, on/off, whatever the casing."""
    text = strip(raw).lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(f"{show(strip(raw))} is neither on nor off: write 1/0, true/false, yes/no or on/off")
    return text in _TRUE


def read_exit_code(raw: object) -> int | None:
    """Read an exit code from 1 to 255, or off."""
    text = strip(raw)
    if text.lower() in _FALSE - {"0"}:
        return None
    if not 0 < _whole(text) < 256:  # noqa: PLR2004 - one byte
        raise ValueError(f"{show(text)} is no exit code that says no: write 1 to 255, or off")
    return _whole(text)


def read_email(raw: object) -> str:
    """Read an e-mail address, roughly: something, ``@``, something."""
    text = read_word(raw)
    name, at, host = text.rpartition("@")
    if not (name and at and host):
        raise ValueError(f"{describe(text)} is no e-mail address")
    return text


def read_language(raw: object) -> str:
    """Read a language code such as ``en`` or ``pt-BR``."""
    text = read_text(raw)
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(f"{show(text)} is no language code: write e.g. en")
    return text


def read_path(raw: object) -> str:
    """Read a path, still as text: who knows where it starts makes it a path."""
    return read_text(os.fspath(raw) if isinstance(raw, os.PathLike) else raw)


def read_template(raw: object) -> str:
    """Read the name given to imported suites; ``{name}`` and ``{run}`` are replaced."""
    text = strip(raw)
    if not text or _BRACE.search(text.replace("{name}", "").replace("{run}", "")):
        raise ValueError(f"{show(text)} is no name: a text, in which {{name}} and {{run}} are replaced")
    if text in {".", ".."} or not text.isprintable():
        raise ValueError(f"{show(text)} cannot be a suite's name")
    return text


def one_of(*words: str, off: bool = False) -> Callable[[object], str | None]:
    """Make a reader of one of some words, whatever the casing and separators."""
    known = {_fold(word): word for word in words}

    def read(raw: object) -> str | None:
        text = strip(raw)
        if off and text.lower() in _FALSE:
            return None
        if _fold(text) not in known:
            choices = ", ".join([*words, *(["off"] if off else [])])
            raise ValueError(f"{show(text)} is not one of: {choices}")
        return known[_fold(text)]

    return read


def _fold(word: str) -> str:
    return _SEPARATOR.sub("", word).lower()


def read_globs(raw: object) -> tuple[str, ...]:
    """Read globs of file names, separated by lines or blanks."""
    globs = tuple(word for line in read_lines(raw) for word in line.split())
    if not globs:
        raise ValueError("is empty: give a glob such as *.kore.json or remove it")
    return globs


READERS: dict[str, Callable[[object], Any]] = {
    "url": read_url,
    "id": read_id,
    "word": read_word,
    "jobs": read_jobs,
    "secret": read_secret,
    "path": read_path,
    "markdown": read_path,
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
