"""Take our own token out of an answer: a server may say back what it was sent.

At the border, so that no reply, error, report or ledger ever holds one, however a
gateway cut or escaped it.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode

_MASK = b"<token>"
_CHUNKS = (24, 8)
"""Characters of claims, and of a signature, that no other token has by chance."""

_RUN = re.compile(rb"\\(?:u[0-9a-fA-F]{4}|.)|[\w.-]+", re.ASCII | re.DOTALL)
"""An escape, which stays as it is, or what a token may be part of."""

_JWT = re.compile(rb"eyJ[\w-]{8,}\.(eyJ[\w-]{8,})(?:\.[\w-]*)?", re.ASCII)
_CLIENT = re.compile(rb'"appId"\s{0,8}:\s{0,8}"([^"]{1,128})"')


def hide_echo(token: str, said: bytes) -> bytes:
    """Return what a server said without the token that it was sent, and without others of the same client.

    Args:
        token: What was sent.
        said: What came back.
    """
    _, claims, *rest = token.encode().split(b".") if "." in token else (b"", b"")
    if b"eyJ" in said and (client := _client(claims)):
        said = _JWT.sub(lambda found: _MASK if _client(found[1]) == client else found[0], said)
    chunks = [
        part[start : start + size]
        for part, size in [(claims, _CHUNKS[0]), *((part, _CHUNKS[1]) for part in rest)]
        for start in range(0, len(part) - size + 1, size)
    ]
    if not any(chunk in said for chunk in chunks):
        return said
    return _RUN.sub(lambda found: _MASK if any(chunk in found[0] for chunk in chunks) else found[0], said)


def _client(claims: bytes) -> bytes | None:
    """Return the client that a token's claims name, even when they are cut; ``None`` when they name none."""
    whole = claims[: len(claims) // 4 * 4] if len(claims) % 4 == 1 else claims + b"=" * (-len(claims) % 4)
    found = _CLIENT.search(urlsafe_b64decode(whole))
    return found[1] if found else None
