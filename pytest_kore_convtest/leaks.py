"""Find what a person may have forgotten in a text: tokens, keys and what looks like one, in linear time.

Every pattern starts at most once per run of letters and has bounded repetitions behind
its start; tests count the steps of each one. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from math import log2
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 4
_WORDS = (
    r"secret|passwd|password|passphrase|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key"
    r"|credential|authorization|\bauth|\bjwt"
)
_VALUE = r"[A-Za-z0-9+/=_~-]{16,256}"
_EDGE = r"(?<![A-Za-z0-9_-])"
# A text in a text has \n before, and \" around, what a plain text has a line break and " for.
_START = rf"(?:{_EDGE}|(?<=\\[nrt]))"
_KNOWN_FORMS = (
    ("a JWT", rf"{_START}eyJ[\w-]{{8,}}\.[\w-]{{8,}}(?:\.[\w-]*)?"),
    ("an AWS access key", rf"{_START}(?:AKIA|ASIA)[A-Z0-9]{{16}}(?![A-Za-z0-9])(?<!EXAMPLE)"),
    ("a GitHub token", rf"{_START}(?:gh[opsur]_\w{{36,}}|github_pat_\w{{36,}})"),
    ("a Google API key", rf"{_START}AIza[\w-]{{35}}(?![\w-])"),
    ("a Slack token", rf"{_START}xox[abeoprs]-[\w-]{{16,}}"),
    ("a private key", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:(?!-----END)[\s\S])*"),
)
_SURE = tuple((what, re.compile(pattern, re.ASCII)) for what, pattern in _KNOWN_FORMS)
_BEARER = re.compile(rf"\bbearer\s{{1,8}}({_VALUE})", re.ASCII | re.IGNORECASE)
_ASSIGNED = re.compile(
    rf"(?<![\w-])[\w-]{{0,40}}?(?:{_WORDS})[\w-]{{0,20}}[\\\"']{{0,4}}\s{{0,8}}[:=]\s{{0,8}}[\\\"']{{0,4}}"
    # Neither the beginning of a longer value nor a name in a script: other.token, read(…), list[…].
    rf"({_VALUE})(?![\w+/=~(\[-]|\.\w)",
    re.ASCII | re.IGNORECASE,
)
# Whatever is found below has such a run; most texts have none.
_PROBE = re.compile(r"[A-Za-z0-9+/=_~.-]{16}|-----BEGIN").search
_KEY = re.compile(_WORDS, re.ASCII | re.IGNORECASE)
_CLIENT_ID = re.compile(rf"{_START}cs-[0-9A-Za-z-]{{8,64}}(?![\w-])", re.ASCII)
_RANDOM_RUN = re.compile(rf"{_START}[A-Za-z0-9+/_-]{{20,}}={{0,2}}", re.ASCII)
_WHOLE_VALUE = re.compile(_VALUE)
_SEPARATOR = re.compile(r"[-_/+=~]")
_LONG, _SEGMENT = 20, 16
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[A-Za-z]")
_PLATFORM_ID = re.compile(r"[a-z]{1,4}-[0-9a-f-]+")
_PLAIN_ID = re.compile(r"[0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BESIDE = 200
_RANDOM = 3.3
"""Bits per character: sixteen random hexadecimal digits have about 3.3, words and names less."""


def is_like_secret(text: str) -> bool:
    """Say whether a value is, or holds, what looks like a secret: long and random.

    Words with dashes or slashes between are no secrets.
    """
    if find_leaks(text):
        return True
    return any(_is_random(run) for found in _WHOLE_VALUE.finditer(text) for run in _suspects(found[0]))


def _suspects(run: str) -> Iterator[str]:
    if _PLATFORM_ID.fullmatch(run) or _PLAIN_ID.fullmatch(run):
        return
    if len(run) >= _LONG and any(map(str.isupper, run)) and any(map(str.islower, run)):
        yield run
    yield from (part for part in _SEPARATOR.split(run) if len(part) >= _SEGMENT)


class Leak(NamedTuple):
    """A part of a text that looks like a secret.

    Attributes:
        what: What it looks like.
        start: Where it begins in the text.
        end: Where it ends.
        sure: Whether its form leaves no doubt.
    """

    what: str
    start: int
    end: int
    sure: bool


def find_leaks(text: str, *, key: str = "", beside_client: bool = False) -> list[Leak]:
    """Return what looks like a secret, in the order of the text, none within another.

    Args:
        text: The text.
        key: The key that it stands under.
        beside_client: Whether a client id (``cs-…``) stands beside it.
    """
    found: list[Leak] = []
    if not _PROBE(text):
        return found
    # The sort is stable: of two that begin together, the one that is surer comes first.
    for leak in sorted(_look(text, key, beside_client=beside_client), key=lambda leak: leak.start):
        if not found or leak.start >= found[-1].end:
            found.append(leak)
    return found


def hide_leaks(text: str) -> str:
    """Return a text in which the first 4 characters and the length stand for each leak."""
    pieces, at = [], 0
    for leak in find_leaks(text):
        pieces += [text[at : leak.start], show_leak(text, leak)]
        at = leak.end
    return "".join([*pieces, text[at:]])


def show_leak(text: str, leak: Leak) -> str:
    """Return the first 4 characters of a leak and its length."""
    return f"{text[leak.start : leak.start + _SHOWN]}… ({leak.end - leak.start} characters)"


def is_client_id(text: str) -> bool:
    """Say whether a text is a client id and nothing else."""
    return _CLIENT_ID.fullmatch(text) is not None


def _look(text: str, key: str, *, beside_client: bool) -> Iterator[Leak]:
    for what, pattern in _SURE:
        for found in pattern.finditer(text):
            yield Leak(what, *found.span(), sure=True)
    for what, pattern in (("a bearer token", _BEARER), ("a secret", _ASSIGNED)):
        for found in pattern.finditer(text):
            if _is_random(found[1]):
                yield Leak(what, *found.span(1), sure=False)
    if _KEY.search(key) and _WHOLE_VALUE.fullmatch(text) and _is_random(text):
        yield Leak("a secret", 0, len(text), sure=False)
    yield from _look_beside_clients(text, anywhere=beside_client)


def _look_beside_clients(text: str, *, anywhere: bool) -> Iterator[Leak]:
    clients = [found.start() for found in _CLIENT_ID.finditer(text)]
    if not clients and not anywhere:
        return
    for found in _RANDOM_RUN.finditer(text):
        after = bisect_right(clients, found.start())
        near = [start for start in clients[max(0, after - 1) : after + 1] if _is_near(start, found)]
        if (near or anywhere) and not _PLAIN_ID.fullmatch(found[0]) and _is_random(found[0]):
            yield Leak("a client's secret", *found.span(), sure=False)


def _is_near(client: int, found: re.Match[str]) -> bool:
    return client - found.end() < _BESIDE and found.start() - client < _BESIDE


def _is_random(value: str) -> bool:
    if _PLATFORM_ID.fullmatch(value) or not (_DIGIT.search(value) and _LETTER.search(value)):
        return False
    counts = Counter(value).values()
    return -sum(count / len(value) * log2(count / len(value)) for count in counts) >= _RANDOM
