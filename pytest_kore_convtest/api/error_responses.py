"""Turn the platform's refusals into sentences with a way out.

Texts, codes and statuses: kore-api documentation, section "errors"; authentication
and scope failures are HTTP 401 with code 4002, unknown things are HTTP 400.
"""

from __future__ import annotations

import json
import re
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    UnreachableError,
)
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class Explanation(Protocol):
        """Says why a token may be refused: a word and an advice, or nothing."""

        def __call__(self, server_now: float, *, is_jwt: bool) -> tuple[str, str] | None:
            """Explain."""


_EXCERPT = 120
_LONG_EXCERPT = 300
_SKEW_WORTH_SAYING = 30.0
_BOM = b"\xef\xbb\xbf"
_TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,500})</title>", re.IGNORECASE)
_USER, _END_OF_PATH, _BLANKS = re.compile(r"//[^/@]*@"), re.compile(r"[?#]"), re.compile(r"\s+")

_ACCESS = (
    (
        "scope",
        "scope is incorrect",
        (
            "the JWT app lacks the scope: add 'Conversation Tests Management' (import, delete) or"
            " 'Conversation Tests Execution' (run), then publish the bot with this change. If the app has"
            " the scope, the user of kore_user_email may lack the role (testers may not run suites)"
        ),
    ),
    (
        "not-a-token",
        "invalid jwt token",
        (
            "the platform does not accept it as a JWT: check the token, or set kore_client_id and"
            " kore_client_secret"
        ),
    ),
    (
        "replayed",
        "replay",
        (
            "the token's jti was used before, and a token with a jti works for one request only: set"
            " kore_client_id and kore_client_secret, so that every request gets its own token"
        ),
    ),
    (
        "credentials",
        '"jti" claim',
        "a token with a jti may be valid for one hour at most: shorten its exp",
    ),
    (
        "credentials",
        "invalid sdk credentials",
        (
            "client id, client secret and stream id do not belong together: copy id and secret from one JWT"
            " app (App Settings > Dev Tools), and check that this app is mapped to this stream"
        ),
    ),
)

_OF_THE_TOKEN = frozenset({"not-a-token", "credentials", "forbidden"})
"""Reasons for which the token itself may know better; a scope and a replay are the platform's to say."""

_FORBIDDEN = {
    401: "access is denied: check credentials, scope and the user's role",
    403: (
        "access is denied, by the platform or by a gateway in front of it: check credentials, scope and the"
        " user's role, and whether a proxy or firewall is in front of kore_host"
    ),
}

_ADVICE = {
    "invalid streamid": "this account has no such stream: check kore_stream_id and the region in kore_host",
    "invalid request id": "the platform does not know this job: check the ds-… id, the stream and the host,"
    " or import again if the job is older than about 15 minutes",
    "invalid file id": "the platform does not know the uploaded file: upload it again",
    "validation errors": "a field of the request is missing or malformed: check kore_user_email and the"
    " suite's name",
    "format is incorrect": "the platform cannot read the file: check it with pytest FILE -m 'not kore_live'",
    "test suite not found": "the bot has no suite of that name: check the name, or import the suite again",
    "test result not found": "the suite has no run with that id: run it again",
}
_ADVICE_BY_STATUS = {
    404: "there is nothing at this URL: check kore_host and its path prefix, and the ids",
    405: "the URL does not belong to the API: check kore_host and its path prefix",
    409: "it conflicts with another change: somebody else is using the suite now, or the name is taken",
    413: "it is too large for the platform, or for a proxy in front of it: a suite file may have 2 MB",
    415: "the kind of content is refused: check that no proxy changes the request's Content-Type",
    422: "the platform understood the request but cannot do it: see the reason in its own words",
}
_ASKED_BY_EMAIL = "kore_user_email has to be an owner's or developer's address on this platform"


def read_refusal(  # noqa: PLR0913 - what the answer holds, and what was asked
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    doing: str,
    now: float,
    *,
    explain: Explanation | None = None,
    names_user: bool = True,
) -> ServiceError:
    """Make an error from an answer that is no success.

    Args:
        status: The HTTP status.
        headers: The headers, keys in lower case.
        body: The body.
        doing: What was asked and where, e.g. ``"asking https://… for import job ds-1"``.
        now: Seconds since the epoch, to see how far the clocks are apart.
        explain: Says why the token may be refused; takes the server's time, and whether the
            platform took it for a JWT.
        names_user: Whether the request held the user's e-mail.
    """
    said, code = _error_body(body)
    words = f": '{said}'{'' if code is None else f' (code {code})'}" if said else f" ({_shown(body)})"
    what = f"HTTP {status} while {doing}{words}"
    if status == 429 or "rate limit" in said.lower():  # noqa: PLR2004
        return _rate_limited(headers, said, what, now)
    if 300 <= status < 400 and "location" in headers:  # noqa: PLR2004 - redirects
        return _redirect(status, headers, doing)
    if status in {401, 403}:
        return _access_denied(status, headers, said, what, now, explain)
    if status < 400 or status >= 500 or status in {407, 408, 425}:  # noqa: PLR2004
        return _no_answer(status, headers, body, what, now)
    found = (text for key, text in _ADVICE.items() if key in said.lower())
    advice = next(found, _ADVICE_BY_STATUS.get(status, ""))
    if status == 412 and names_user:  # noqa: PLR2004 - the status of a body that is not valid
        advice = f"{advice}; {_ASKED_BY_EMAIL}" if advice else _ASKED_BY_EMAIL
    return RefusedError(
        f"{what.rstrip('.')}. {_sentence(advice)}".strip(),
        status=status,
        code=code,
        reply=said,
        passing=status == 409,  # noqa: PLR2004 - somebody else is at it just now
    )


def _no_answer(status: int, headers: Mapping[str, str], body: bytes, what: str, now: float) -> ServiceError:
    cause = f"HTTP {status}"
    if status == 407:  # noqa: PLR2004
        way_out = "The proxy requires authentication: put user and password into HTTPS_PROXY"
        return UnreachableError(f"{what}. {way_out}.", cause="proxy", sent=False, final=True)
    if status < 400:  # noqa: PLR2004
        shown = excerpt(body, _LONG_EXCERPT)
        return ProtocolError(f"{what}: the answer is not as documented.", excerpt=shown, cause=cause)
    wait = retry_after(headers, now)
    way_out = "The platform, or a gateway in front of it, has an error: run again later"
    return UnreachableError(f"{what}. {way_out}.", cause=cause, sent=True, final=False, retry_after=wait)


def _redirect(status: int, headers: Mapping[str, str], doing: str) -> RefusedError:
    target = _USER.sub("//", _END_OF_PATH.split(headers["location"], maxsplit=1)[0])
    target = printable(target, _EXCERPT) or "an empty address"
    return RefusedError(
        f"HTTP {status} while {doing}: the answer redirects to {target} (a login page or a moved host?),"
        " which is not followed, so that the token is not sent there. Set kore_host to the API's own"
        " address.",
        status=status,
        code=None,
        reply="",
        target=target,
        final=True,
    )


def _access_denied(  # noqa: PLR0913, PLR0917 - what the answer holds, and what was asked
    status: int,
    headers: Mapping[str, str],
    said: str,
    what: str,
    now: float,
    explain: Explanation | None,
) -> AccessDeniedError:
    reason, advice = "forbidden", _FORBIDDEN.get(status, "")
    for word, key, text in _ACCESS:
        if key in said.lower():
            reason, advice = word, text
            break
    skew = clock_skew(headers, now)
    if explain is not None and status == 401 and reason in _OF_THE_TOKEN:  # noqa: PLR2004
        known = explain(now - (skew or 0.0), is_jwt=reason != "not-a-token")
        reason, advice = known or (reason, advice)
    if skew is not None and abs(skew) >= _SKEW_WORTH_SAYING:
        side = "ahead of" if skew > 0 else "behind"
        advice += (
            f". This machine's clock is {abs(skew):.0f} s {side} the server's: set it, tokens depend on it"
        )
    return AccessDeniedError(
        f"{what}. {_sentence(advice)}", reason=reason, status=status, skew=skew, reply=said, advice=advice
    )


def _rate_limited(headers: Mapping[str, str], said: str, what: str, now: float) -> RateLimitedError:
    text = said.lower()
    limit = "hour" if "hour" in text else "minute" if "minute" in text else "unknown"
    numbers = {"hour": "1800 an hour", "minute": "60 a minute", "unknown": "60 a minute and 1800 an hour"}[
        limit
    ]
    wait = retry_after(headers, now)
    pause = f"wait {wait:.0f} s" if wait else "wait"
    return RateLimitedError(
        f"{what}. The platform's request limit of {numbers} is reached (per bot for imports and runs,"
        f" per job for status): {pause}, then run again.",
        limit=limit,
        retry_after=wait,
    )


def _sentence(advice: str) -> str:
    return advice and advice[0].upper() + advice[1:] + "."


def _shown(body: bytes) -> str:
    return excerpt(body) or "empty body"


def _error_body(body: bytes) -> tuple[str, int | str | None]:
    """Read ``{"errors": [{"msg": …, "code": …}]}``."""
    try:
        first = json.loads(body.removeprefix(_BOM))["errors"][0]
        said, code = first["msg"], first.get("code")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", None
    if not isinstance(said, str):
        return "", None
    return printable(said, _LONG_EXCERPT), code if isinstance(code, (int, str)) else None


def excerpt(body: bytes, most: int = _EXCERPT) -> str:
    """Return the beginning of a body, fit for a terminal; of a page, its title."""
    text = body[: most * 20].removeprefix(_BOM).decode("utf-8", "replace")
    title = _TITLE.search(text)
    if title:
        return f"an HTML page titled '{printable(_BLANKS.sub(' ', title[1]), most)}'"
    return printable(_BLANKS.sub(" ", text), most)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read ``Retry-After``, in seconds or as a date; garbage and the past count as absent."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9]) or None
    moment, server = _date(text), _date(headers.get("date", ""))
    if moment is None:
        return None
    wait = moment - (now if server is None else server)
    return wait if wait > 0 else None


def clock_skew(headers: Mapping[str, str], now: float) -> float | None:
    """Return by how many seconds our clock is ahead of the server's ``Date``."""
    server = _date(headers.get("date", ""))
    return None if server is None else now - server


def _date(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text[:_EXCERPT])
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def is_error(body: bytes) -> bool:
    """Say whether a body with a good status is the error envelope instead of an answer."""
    head = body[:200].removeprefix(_BOM).lstrip()
    return head.startswith(b"{") and head[1:].lstrip().startswith(b'"errors"')
