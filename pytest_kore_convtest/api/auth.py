"""Sign a token for each request: values in, string out.

Facts about the claims: Kore.ai's API introduction and SDK security pages. HS256 is
the only algorithm that works with API scopes; ``appId`` has exactly that casing.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from jwt import PyJWS, PyJWTError
from jwt.algorithms import HMACAlgorithm

from pytest_kore_convtest.errors import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Callable

LIFETIME = 300.0
"""Seconds from now to ``exp``."""

BACKDATED = 30.0
"""Seconds by which ``iat`` lies in the past: a CI machine's clock may run ahead."""

USUAL_SECRET = 32
"""Bytes from which RFC 7518 calls an HS256 key long enough."""


class _AnyLength(HMACAlgorithm):
    """HS256 without a word about short keys: the secret is the platform's, not the user's."""

    def check_key_length(self, key: bytes) -> None:  # noqa: ARG002 - the parent's signature
        return None


_JWS = PyJWS(algorithms=["HS256"])
_JWS.unregister_algorithm("HS256")
_JWS.register_algorithm("HS256", _AnyLength(HMACAlgorithm.SHA256))


def sign_token(client_id: str, secret: str, now: float) -> str:
    """Sign a fresh token, good for one request.

    Args:
        client_id: The JWT app's client id.
        secret: The JWT app's client secret.
        now: Seconds since the epoch.

    Raises:
        AccessDeniedError: The secret cannot be a key for HS256.
    """
    claims = {
        "appId": client_id,
        "sub": client_id,
        "iat": int(now - BACKDATED),
        "exp": int(now + LIFETIME),
        "jti": uuid.uuid4().hex,
    }
    try:
        return _JWS.encode(json.dumps(claims).encode(), secret, "HS256")
    except (PyJWTError, TypeError, ValueError):
        del secret  # a traceback may show the locals of its frames
    raise AccessDeniedError(
        "The client secret cannot sign a token: it looks like a private key, a certificate or a JWK."
        " Copy the 'Client Secret' of the JWT app (App Settings > Dev Tools).",
        reason="credentials",
    )


def short_secret_note(secret: str) -> str | None:
    """Say the length of a secret that is shorter than usual; a wrong paste often is."""
    size = len(secret.encode(errors="replace"))
    if size >= USUAL_SECRET:
        return None
    return (
        f"the client secret has {size} bytes, {USUAL_SECRET} or more are usual: if access is denied, check it"
    )


class Signer:
    """Give a fresh token for every request."""

    renewable = True
    """Whether asking again can give another token."""

    def __init__(self, client_id: str, secret: str, now: Callable[[], float]) -> None:
        self._sign: Callable[[], str] = lambda: sign_token(client_id, secret, now())
        self._now = now

    def token(self) -> str:
        """Return the token for one request.

        Raises:
            AccessDeniedError: The secret cannot be a key for HS256.
        """
        try:
            return self._sign()
        except AccessDeniedError as caught:
            denied = caught
        raise denied.with_traceback(None)  # the frames below hold the secret

    def check(self, wait: float) -> list[str]:  # noqa: ARG002 - the pair of GivenToken.check
        """Return hints about a wait of so many seconds; there are none."""
        return []

    def explain(self, server_now: float, *, is_jwt: bool) -> tuple[str, str] | None:
        """Say why the platform refuses a token that was signed here.

        Args:
            server_now: Seconds since the epoch by the server's clock.
            is_jwt: Whether the platform took it for a JWT.

        Returns:
            The reason's word and the advice; ``None`` when the platform's own words say enough.
        """
        if server_now - self._now() > LIFETIME:
            return "expired", "every token signed by this plugin has already expired by the server's clock"
        if is_jwt:
            return None
        return "not-a-token", (
            "the token was signed by this plugin and is a JWT: check that no proxy changes or drops the auth"
            " header, and that kore_host is the API's address"
        )
