"""Take secrets and tokens out of any text, in linear time.

Two kinds of secrets: what this process knows to be one (``remember``), and what looks like
a token. What a person may have forgotten in a file is found by ``leaks``. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64decode
from typing import Any
from urllib.parse import quote, quote_plus

SECRET, TOKEN = "<secret>", "<token>"
"""What stands in place of a known secret, and of what looks like a token."""

SHORTEST = 6
"""Characters from which on a secret is known again; a shorter one is part of ordinary words."""

_SHORTEST_WORD = 12
"""The same for a secret that is letters only, as words are."""

_MOST_KNOWN = 64
_DESCRIBED, _DESCRIBED_FROM = 2, 8
_HEADER = 8
"""Characters that stand behind ``eyJ`` in every token, at least."""

_RUN = re.compile(r"[A-Za-z0-9_.-]+")
"""What a token is part of."""

_known: dict[str, str] = {}
_forms: tuple[tuple[str, str], ...] = ()


def remember(secret: str, shown: str = SECRET) -> None:
    """Know a secret of this process, so that ``hide`` takes it out of every text from now on.

    Also as it stands in an address, in JSON and within Base64. The latest 64 are known.

    Args:
        secret: The secret; a short one is not known again, for it may be part of any word.
        shown: What stands in its place.
    """
    global _forms  # noqa: PLW0603 - one process, one set of secrets
    secret = secret.strip()
    least = _SHORTEST_WORD if secret.isalpha() else SHORTEST
    if len(secret) < least or _known.get(secret) == shown:
        return
    _known[secret] = shown
    while len(_known) > _MOST_KNOWN:
        del _known[next(iter(_known))]
    found = {form: place for text, place in _known.items() for form in _spellings(text)}
    _forms = tuple(sorted(found.items(), key=lambda pair: -len(pair[0])))


def _spellings(secret: str) -> set[str]:
    """Return a secret as it is, and as addresses, JSON and Base64 write it."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {secret, quote(raw, safe=""), quote(raw), quote_plus(raw)}
    forms |= {_lower_percents(form) for form in forms}
    for ascii_only in (True, False):
        written = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        forms |= {written, written.replace("/", "\\/")}
    for before in range(3):  # where in Base64's groups of three bytes it begins
        encoded = b64encode(bytes(before) + raw).decode().rstrip("=")
        known = encoded[(0, 2, 3)[before] : len(encoded) - bool((before + len(raw)) % 3)]
        forms |= {known, known.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= SHORTEST}


def _lower_percents(form: str) -> str:
    first, *rest = form.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def hide(text: str) -> str:
    """Return a text without the secrets that are known, and without what looks like a token."""
    for form, shown in _forms:
        if form in text:
            text = text.replace(form, shown)
    return _RUN.sub(_hide_token, text) if "eyJ" in text else text


def hide_in(value: object) -> Any:
    """Return the same JSON-able data with every text of it gone through ``hide``."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {hide_in(key): hide_in(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [hide_in(entry) for entry in value]
    return value


def _hide_token(found: re.Match[str]) -> str:
    """Take a token, whole or cut, out of a run of letters that it may stand in the middle of."""
    run = found[0]
    at = run.find("eyJ")
    while at >= 0:
        head = run[at + 3 : at + 3 + _HEADER]
        long_enough = len(head) == _HEADER and "." not in head
        at_edge = not at or run[at - 1] in ".-"
        if long_enough and (at_edge or _is_header(run[at : at + 12])):
            return run[:at] + TOKEN
        at = run.find("eyJ", at + 3)
    return run


def _is_header(piece: str) -> bool:
    """Say whether the beginning of a token is that of a JSON object, and not of a word such as keyJoiner."""
    try:
        return urlsafe_b64decode(piece[: len(piece) // 4 * 4]).decode("ascii").isprintable()
    except ValueError:
        return False


def describe(text: str) -> str:
    """Describe a value that may be a secret in the wrong place: its length, and its first two characters."""
    text = text.strip()
    size = f"{len(text)} {'character' if len(text) == 1 else 'characters'}"
    if len(text) < _DESCRIBED_FROM:
        return f"a value of {size}"
    return f"a value of {size} that begins with {text[:_DESCRIBED]!a}"


def looks_secret(text: str) -> bool:
    """Say whether a value is, or holds, what is known as a secret or looks like one."""
    if hide(text) != text:
        return True
    from pytest_kore_convtest.leaks import is_like_secret  # its patterns are not for every run

    return is_like_secret(text)


_MASK = TOKEN.encode()
_CHUNKS = (24, 8)
"""Characters of claims, and of a signature, that no other token has by chance."""

_ESCAPE_OR_RUN = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|.)|[\w.-]+", re.ASCII | re.DOTALL)
"""An escape, which stays as it is, or what a token may be part of."""

_CLIENT = re.compile(rb'"appId"\s{0,8}:\s{0,8}"([^"]{1,128})"')


def hide_echo(token: str, said: bytes) -> bytes:
    """Return what a server said without the token that it was sent, and without others of the same client.

    At the border, so that no reply, error, report or file ever holds one, however a gateway
    cut or escaped it.

    Args:
        token: What was sent.
        said: What came back.
    """
    _, claims, *rest = token.encode().split(b".") if "." in token else (b"", b"")
    if b"eyJ" in said and (client := _client(claims)):
        said = _ESCAPE_OR_RUN.sub(lambda found: _without_siblings(found[0], client), said)
    chunks = [
        part[start : start + size]
        for part, size in [(claims, _CHUNKS[0]), *((part, _CHUNKS[1]) for part in rest)]
        for start in range(0, len(part) - size + 1, size)
    ]
    if not any(chunk in said for chunk in chunks):
        return said
    return _ESCAPE_OR_RUN.sub(
        lambda found: _MASK if any(chunk in found[0] for chunk in chunks) else found[0], said
    )


def _without_siblings(run: bytes, client: bytes) -> bytes:
    """Take a client's tokens out of a run of letters; each is three parts with dots between."""
    if b"eyJ" not in run:
        return run
    parts, kept, at = run.split(b"."), [], 0
    while at < len(parts):
        start = parts[at].find(b"eyJ")
        claims = parts[at + 1] if at + 1 < len(parts) else b""
        whole = start >= 0 and len(parts[at]) - start >= 3 + _HEADER and claims.startswith(b"eyJ")
        if whole and _client(claims) == client:
            kept.append(parts[at][:start] + _MASK)
            at += 3
        else:
            kept.append(parts[at])
            at += 1
    return b".".join(kept)


def _client(claims: bytes) -> bytes | None:
    """Return the client that a token's claims name, even when they are cut; ``None`` when they name none."""
    whole = claims[: len(claims) // 4 * 4] if len(claims) % 4 == 1 else claims + b"=" * (-len(claims) % 4)
    found = _CLIENT.search(urlsafe_b64decode(whole))
    return found[1] if found else None
