r"""The one door for foreign text: printable, short and harmless, on one line or on several.

Foreign is whatever the platform, a bot, a suite file, a file's name or the environment
says. It goes to terminals, to the logs that a CI server reads for commands, and into
files that are shown somewhere; so it is shown, never obeyed:

* what a terminal would obey, and what nobody can see, becomes a Python escape (``\x1b``);
* what a CI server would obey is broken up by one space, and can still be read and found;
* secrets and tokens are taken out, before anything is cut off.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING

from pytest_kore_convtest.redaction import hide

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_UNSEEN = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)
"""Printable, as Python counts, yet nothing is seen of them; searches and .NET's comparisons skip most."""

_JOINERS = frozenset("\u200c\u200d")
"""Part of ordinary spelling in Persian, Hindi and emoji."""

_SELECTORS = frozenset(map(chr, (0xFE0E, 0xFE0F, *range(0xE0100, 0xE01F0))))
"""Say how the character before them looks: an emoji in colour, a Chinese character's variant."""

_KEYCAP = "\u20e3"

_ANYWHERE = re.compile(
    r"#(?=#[A-Za-z]{0,20}\[)"  # GitHub and Azure ##[…], ##vso[…]; TeamCity
    r"|(?<=section_start)(?=:)|(?<=section_end)(?=:)"  # GitLab
    r"|(?<=travis_fold)(?=:)|(?<=travis_time)(?=:)"  # Travis, and servers that took its words over
    r"|(?<=\[\[ATTACHMENT)(?=\|)"  # GitLab, Azure and Jenkins, in JUnit: a file that they fetch
)
_AT_START = re.compile(
    r"^( *)(?:(:)(?=:)"  # GitHub, Forgejo, Gitea: white space before it is skipped
    r"|([-+~^])(?=\3\3(?:\s|$)))",  # Buildkite's headings
    re.MULTILINE,
)
_SUSPICIOUS = re.compile(r"##|::|---|\+\+\+|~~~|\^\^\^|section_|travis_|\[\[ATT").search


def one_line(text: str, most: int | None = None) -> str:
    r"""Return foreign text on one line: newlines as ``\n``, cut after ``most`` letters with ``…``.

    Without a limit the result may be as long as the text.
    """
    return _show(text, most, _escape)


def block(text: str, most: int | None = None) -> str:
    """Return foreign text with its lines kept, cut after ``most`` letters with ``…``."""
    return _show(text.replace("\r\n", "\n"), most, _escape_lines)


def printable(text: str, most: int) -> str:
    """Return foreign text on one line, without the white space around it, cut after ``most`` letters."""
    return one_line(text.strip(), most)


def quoted(text: str, most: int) -> str:
    """Return foreign text as ``printable`` does, between quotes."""
    return f"'{printable(text, most)}'"


def _show(text: str, most: int | None, escape: Callable[[str], str]) -> str:
    text = hide(text)
    if most is None:
        return _disarm(escape(text))
    shown = _disarm(escape(text[:most]))
    return shorten(shown, most) if max(len(text), len(shown)) > most else shown


def shorten(text: str, most: int) -> str:
    """Cut a text that is made, and say so."""
    return f"{text[:most].removesuffix('…')}…"


def _escape(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape_letters(text, ""))


def _escape_lines(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape_letters(text, "\n"))


def _escape_letters(text: str, kept: str) -> list[str]:
    return [
        letter if (letter.isprintable() and letter not in _UNSEEN) or letter in kept else _spell(text, at)
        for at, letter in enumerate(text)
    ]


def _spell(text: str, at: int) -> str:
    """Return a hidden letter as its escape, unless it does its ordinary work between others."""
    letter = text[at]
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if letter in _JOINERS and _joins(before) and _joins(after) and after not in _SELECTORS:
        return letter
    if letter in _SELECTORS and before not in _JOINERS | _SELECTORS:
        is_keycap = before in set("0123456789#*") and after == _KEYCAP
        if is_keycap or _joins(before):
            return letter
    return letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def _joins(letter: str) -> bool:
    """Say whether a letter is one that joiners and selectors belong to: a letter or sign beyond ASCII."""
    if not letter or letter.isascii():
        return False
    return letter in _SELECTORS or (letter not in _UNSEEN and unicodedata.category(letter)[0] in "LMS")


def _disarm(text: str) -> str:
    """Break up what a CI server would obey: anywhere in a line, or at its start."""
    if not _SUSPICIOUS(text):
        return text
    return _AT_START.sub(r"\1\2\3 ", _ANYWHERE.sub(r"\g<0> ", text))


def plural(count: int, word: str, words: str = "") -> str:
    """Return a number with its noun: ``1 step``, ``2 steps``.

    Args:
        count: The number.
        word: The noun in the singular.
        words: Its plural, when that is more than an ``s``.
    """
    return f"{count} {word if count == 1 else words or word + 's'}"


def are(count: int) -> str:
    """Return a number with its verb: ``1 is``, ``2 are``."""
    return f"{count} {'is' if count == 1 else 'are'}"


def as_text(value: object) -> str:
    """Return a value of JSON if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def as_list(value: object) -> list[object]:
    """Return a value of JSON if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def squeeze(text: str) -> str:
    """Return text with every run of white space as one space, and none at its ends."""
    return " ".join(text.split())


_PLAIN = {"\u2026": "...", "\u2013": "-", "\u2014": "-", "\xb7": "-"}
"""What our own words have beyond ASCII, and how that is written without it."""


def fit(text: str, encoding: str | None) -> str:
    """Return text that an output's encoding can hold: what it cannot is written plainly, or as its escape."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = "".join(_PLAIN.get(letter, letter) for letter in text)
        return plain.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")
    return text


_SHOWN_FROM: list[str] = []
"""The folder from which paths are shown, where it is not the current one."""


def show_paths_from(folder: str) -> None:
    """Show paths from a folder from now on, as a process does that works for one in another folder."""
    _SHOWN_FROM[:] = [folder]


def shown_from() -> str:
    """Return the folder from which paths are shown."""
    return _SHOWN_FROM[0] if _SHOWN_FROM else os.getcwd()  # noqa: PTH109 - ten times as quick, for thousands


def show_path(path: Path) -> str:
    """Return a path as short as it can be typed: from here, when it lies below."""
    here = shown_from()
    return one_line(str(path.relative_to(here) if path.is_relative_to(here) else path))
