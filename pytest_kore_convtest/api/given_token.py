"""A token that was given ready-made: read anew for every request, and inspected without trusting it.

Facts about the claims: Kore.ai's API introduction and SDK security pages. HS256 is
the only algorithm that works with API scopes; ``appId`` has exactly that casing;
with a ``jti`` the ``exp`` may be one hour away at most and the token is good once.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from jwt import PyJWTError
from jwt import decode_complete as decode_unverified

from pytest_kore_convtest.errors import AccessDeniedError, ConfigError
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_WITH_JTI = 3600.0
"""Seconds to ``exp`` that the platform accepts when there is a ``jti``."""

_LEEWAY = 30.0
_LONGEST_SHOWN = 20
_LONGEST_APP = 60
_FOREVER = 1e15
_PARTS_OF_A_JWT = 3
_PARTS_OF_A_JWE = 5
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.")
_DUMMIES = frozenset(
    {
        "abc", "change_me", "changeme", "dummy", "dummy_token", "invalid_token", "jwt", "my_token", "none",
        "null", "secret", "test", "test_jwt", "test_token", "testtoken", "todo", "token", "your_jwt",
        "your_jwt_token", "your_token",
    }
)  # fmt: skip


class TokenFacts(NamedTuple):
    """What a given token says of itself, unverified.

    Attributes:
        expires_at: ``exp`` in seconds since the epoch, or ``None``.
        single_use: Whether it holds a ``jti``.
    """

    expires_at: float | None
    single_use: bool


def _inspect(token: str, now: float, name: str) -> TokenFacts:
    parts = token.split(".")
    if len(parts) == _PARTS_OF_A_JWE and _ALPHABET.issuperset(token):
        return TokenFacts(None, single_use=False)
    header, claims = _unverified(token) if _ALPHABET.issuperset(token) else (None, None)
    if header is None or claims is None:
        raise _not_a_token(token, parts, name)
    if header.get("alg") != "HS256":
        shown = repr(str(header.get("alg"))[:_LONGEST_SHOWN])
        raise _denied(name, f"is signed with alg {shown}: API scopes accept HS256 only", "credentials")
    _check_app_id(claims, name)
    return _check_times(claims, now, name)


def _unverified(token: str) -> tuple[dict[str, object] | None, dict[str, object] | None]:
    try:
        found = decode_unverified(token, options={"verify_signature": False})
    except (PyJWTError, ValueError, TypeError, RecursionError):
        return None, None
    return found["header"], found["payload"]


def _not_a_token(token: str, parts: list[str], name: str) -> AccessDeniedError:
    if token.lower().replace("-", "_") in _DUMMIES:
        what = f"is the literal word {token!r}, not a JWT"
    elif token.lower().split()[:1] in (["bearer"], ["bearer:"]):
        what = "starts with 'Bearer': give the token alone"
    elif not token:
        what = "is empty"
    elif not _ALPHABET.issuperset(token):
        what = "is not a JWT: it contains a space, a quote or another character that no JWT has"
    elif len(parts) == _PARTS_OF_A_JWT:
        what = (
            "has three parts like a JWT, but they cannot be decoded (cut or wrapped while copying, perhaps)"
        )
    else:
        what = (
            f"is not a JWT: {plural(len(token), 'character')} in {plural(len(parts), 'part')};"
            " a JWT has three parts with dots between"
        )
    return _denied(
        name,
        f"{what}. Give KORE_CLIENT_ID and KORE_CLIENT_SECRET instead to sign one per request",
        "not-a-token",
    )


def _check_app_id(claims: dict[str, object], name: str) -> None:
    if isinstance(claims.get("appId"), str) and claims["appId"]:
        return
    near = next((key for key in claims if key.lower().replace("_", "") == "appid" and key != "appId"), None)
    if near:
        raise _denied(name, f"spells a claim {near!r}: the platform requires exactly 'appId'", "credentials")
    if any(isinstance(claims.get(key), str) for key in ("iss", "kore_iss")):
        return  # the SDK's form; staff say on the forum that public APIs accept it
    missing = "has no usable claim 'appId': set it to the JWT app's client id (cs-…)"
    raise _denied(name, missing, "credentials")


def _check_times(claims: dict[str, Any], now: float, name: str) -> TokenFacts:
    expires, single_use = claims.get("exp"), claims.get("jti") is not None
    not_before = _moment(claims.get("nbf"))
    if not_before is not None and not_before > now + _LEEWAY:
        raise _denied(name, f"{_say_begin(not_before, now)} (by this machine's clock)", "not-yet-valid")
    if expires is None:
        return TokenFacts(None, single_use)
    if _moment(expires) is None:
        raise _denied(name, "has an 'exp' that is not a number of seconds", "credentials")
    if expires < now - _LEEWAY:
        raise _denied(
            name, f"{_say_expiry(expires, now)} (by this machine's clock): sign a new one", "expired"
        )
    if single_use and expires > now + LONGEST_WITH_JTI + _LEEWAY:
        raise _denied(
            name,
            f"has a 'jti' and an 'exp' {_span(expires - now)} away: with a jti one hour is the most",
            "credentials",
        )
    return TokenFacts(float(expires), single_use)


def _moment(value: object) -> float | None:
    """Read a claim that is a time; nonsense is none."""
    # Not isfinite(): that raises for a whole number of 400 digits.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _FOREVER:
        return None
    return float(value)


def _say_expiry(expires: float, now: float) -> str:
    return f"expired {_span(now - expires)} ago{_at(expires)}"


def _say_begin(begins: float, now: float) -> str:
    return f"is not valid yet, only in {_span(begins - now)}{_at(begins)}"


def _at(seconds: float) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return ""
    return f", at {moment:%Y-%m-%dT%H:%M:%SZ}"


def _denied(name: str, what: str, reason: str) -> AccessDeniedError:
    return AccessDeniedError(f"{name} {what}.", reason=reason)


def _span(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


class GivenToken:
    """Give a ready token, read anew for every request.

    Args:
        read: Returns the token as it is now.
        now: Seconds since the epoch.
        name: The setting it comes from.
        renewable: Whether reading again can give another token, as with a file that a broker renews.
    """

    read: Callable[[], str]

    def __init__(
        self, read: Callable[[], str], now: Callable[[], float], name: str, *, renewable: bool = False
    ) -> None:
        self.read, self._now, self._name = read, now, name
        self._used: dict[int, object] = {}
        self.renewable = renewable

    def token(self) -> str:
        """Return the token for one request.

        Raises:
            AccessDeniedError: It is no token that the platform can accept, or it is used up.
        """
        token, facts = self._look()
        mine = object()
        # One step, so that of two threads only one takes the token.
        if not facts.single_use or self._used.setdefault(hash(token), mine) is mine:
            return token
        del token  # a traceback may show the locals of its frames
        raise _denied(self._name, "has a 'jti', so it works for one request only, which was sent", "replayed")

    def inspect(self) -> TokenFacts:
        """Check the token as it is now, before any request, and return what it says of itself.

        Raises:
            AccessDeniedError: The platform is sure to refuse it. The token is not in the message.
        """
        return self._look()[1]

    def check(self, wait: float) -> list[str]:
        """Return hints about a wait of so many seconds.

        Raises:
            AccessDeniedError: The token cannot serve a wait at all.
        """
        facts = self.inspect()
        if facts.single_use and not self.renewable:
            raise _denied(
                self._name,
                "has a 'jti', so it works for one request only, but waiting needs many:"
                " set kore_client_id and kore_client_secret, or a token without jti",
                "replayed",
            )
        left = None if facts.expires_at is None else facts.expires_at - self._now()
        if left is None or left >= wait or self.renewable:
            return []
        if left <= 0:
            return [f"{self._name} has just expired by this machine's clock: sign a new one"]
        return [f"{self._name} expires in {_span(left)}, before a job may be done ({wait:g} s)"]

    def explain(self, server_now: float, *, is_jwt: bool) -> tuple[str, str] | None:
        """Say why the platform refuses this token, as far as the token itself tells.

        Args:
            server_now: Seconds since the epoch by the server's clock.
            is_jwt: Whether the platform took it for a JWT.

        Returns:
            The reason's word and the advice; ``None`` when nothing is known.
        """
        try:
            token, facts = self._look()
        except AccessDeniedError as caught:
            return caught.reason, caught.message.rstrip(".")
        except ConfigError:
            return None
        claims = _unverified(token)[1] or {}
        del token  # a traceback may show the locals of its frames
        if facts.expires_at is not None and facts.expires_at <= server_now:
            said = f"{self._name} {_say_expiry(facts.expires_at, server_now)} (by the server's clock)"
            return "expired", f"{said}: sign a new one"
        starts = [at for key in ("nbf", "iat") if (at := _moment(claims.get(key))) is not None]
        if starts and max(starts) > server_now + _LEEWAY:
            said = _say_begin(max(starts), server_now)
            return "not-yet-valid", f"{self._name} {said} (by the server's clock)"
        return self._explain_signature(claims.get("appId"), is_jwt=is_jwt)

    def _explain_signature(self, app_id: object, *, is_jwt: bool) -> tuple[str, str]:
        app = f"the JWT app {app_id[:_LONGEST_APP]!r}" if isinstance(app_id, str) else "its JWT app"
        if is_jwt:
            return "credentials", (
                f"{self._name} is of {app}: check that it was signed with that app's secret,"
                " and that the app is mapped to this stream"
            )
        return "not-a-token", (
            f"{self._name} is a JWT of {app}, but the platform does not accept it as one:"
            " sign a new one with HS256 and that app's secret"
        )

    def _look(self) -> tuple[str, TokenFacts]:
        token = self.read()
        try:
            return token, _inspect(token, self._now(), self._name)
        except AccessDeniedError as caught:
            denied = caught
        del token  # a traceback may show the locals of its frames
        raise denied.with_traceback(None)
