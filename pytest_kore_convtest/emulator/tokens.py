"""Check the ``auth`` header as the platform does, with the standard library only."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass, field
from functools import lru_cache

from .json_input import read_json
from .replies import RefusalError, bad_credentials, not_a_token

_PARTS = 3
_CLOCK_SKEW = 60.0
_JTI_HORIZON = 3600.0
_MANY = 4096


@dataclass
class Gatekeeper:
    """Know one JWT app and let its tokens in.

    Args:
        client_id: The only accepted ``appId``.
        client_secret: The HS256 key.
    """

    client_id: str
    client_secret: str = field(repr=False)
    _seen: dict[str, float] = field(default_factory=dict, repr=False)

    def admit(self, token: str | None, now: float) -> None:
        """Check one token and remember its ``jti``.

        Raises:
            RefusalError: 401 with the platform's message for what is wrong.
        """
        claims, exp = self._check(token, now)
        if "jti" in claims:
            self._burn(json.dumps(claims["jti"]), exp, now)

    def would_admit(self, token: str | None, now: float) -> bool:
        """Say whether ``admit`` would let a token in, and leave it unused."""
        try:
            claims, exp = self._check(token, now)
            if "jti" in claims:
                self._check_jti(json.dumps(claims["jti"]), exp, now)
        except RefusalError:
            return False
        return True

    def _check(self, token: str | None, now: float) -> tuple[dict[str, object], float | None]:
        """Return the claims of a valid token, and when it ends."""
        if not token:
            raise bad_credentials()
        header, claims, signed, signature = _split(token)
        if header.get("alg") != "HS256" or claims.get("appId") != self.client_id:
            raise bad_credentials()
        wanted = hmac.new(self.client_secret.encode(), signed, "sha256").digest()
        if not hmac.compare_digest(wanted, signature):
            raise bad_credentials()
        return claims, _check_times(claims, now)

    def forget(self) -> None:
        """Forget every ``jti`` seen so far."""
        self._seen.clear()

    def _check_jti(self, jti: str, exp: float | None, now: float) -> float:
        """Return the time up to which a token is valid, checked against its ``jti``."""
        if exp is None or exp > now + _JTI_HORIZON:
            raise RefusalError(401, 'error verifying the jwt: if "jti" claim "exp" must be <= 1 hour(s)')
        if jti in self._seen:
            raise RefusalError(401, "error verifying the jwt: possibly a replay")
        return exp

    def _burn(self, jti: str, exp: float | None, now: float) -> None:
        until = self._check_jti(jti, exp, now)
        if len(self._seen) >= _MANY:
            self._seen = {key: end for key, end in self._seen.items() if end > now}
        self._seen[jti] = until


def _split(token: str) -> tuple[dict[str, object], dict[str, object], bytes, bytes]:
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise not_a_token()
    try:
        header, claims = _read_header(parts[0]), read_json(_decode(parts[1]))
        signature = _decode(parts[2])
    except ValueError:
        raise not_a_token() from None
    if not (isinstance(header, dict) and isinstance(claims, dict)):
        raise not_a_token()
    return header, claims, f"{parts[0]}.{parts[1]}".encode(), signature


@lru_cache(maxsize=64)
def _read_header(part: str) -> object:
    """Read a token's header, which is the same in most tokens."""
    return read_json(_decode(part))


def _decode(part: str) -> bytes:
    try:
        # Strict: the lenient decoder drops foreign characters, and "a.b.c!" would pass as a token.
        padded = part.encode("ascii") + b"=" * (-len(part) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None


def _check_times(claims: dict[str, object], now: float) -> float | None:
    exp, begins = _seconds(claims.get("exp")), [_seconds(claims.get(name)) or 0 for name in ("iat", "nbf")]
    if (exp is not None and exp <= now) or max(begins) > now + _CLOCK_SKEW:
        raise bad_credentials()
    return exp


def _seconds(value: object) -> float | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise bad_credentials()
    return value
