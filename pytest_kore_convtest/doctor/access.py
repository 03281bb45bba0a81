"""Whether the platform lets us in, as ``doctor`` finds out by requests that change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_kore_convtest.doctor.local import ERROR, OK, WARNING, Check
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ConfigError,
    KoreError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.settings.settings import Settings

IMPOSSIBLE = "00000000-0000-0000-0000-000000000000"
"""What follows ``ds-`` and ``ctr-`` in the ids of jobs that cannot exist."""

SKEW_WORTH_SAYING = 30.0
"""Seconds by which a clock has to be wrong to be named; tokens are back-dated by as much."""

_SHOWN = 120
_MISSING_JOB = ("invalid request id", "not found")


def look_at_access(settings: Settings, skew: float | None) -> Iterator[Check]:
    """Check token, stream, scopes and jobs by signed requests that change nothing.

    Args:
        settings: The settings.
        skew: By how many seconds this machine's clock is ahead of the server's; ``None`` when not known.
    """
    from pytest_kore_convtest.api.client import KoreClient

    try:
        with KoreClient(settings) as client:
            client.check_token(settings.timeout)
            managed = _judge(_ask_import(client), "Conversation Tests Management", skew)
            yield from managed
            if any(check.level == ERROR and check.name != "scope" for check in managed):
                return
            yield from _look_at_execution(client, settings, skew)
            for job in settings.ds_id:
                yield _look_at_job(client, job.id)
    except (ConfigError, AccessDeniedError) as bad:
        why, fix = "a gate could not ask anything", "mend what is said above, then try again"
        yield Check("token", ERROR, f"no signed request was sent: {bad.message}", why, fix)


def _ask_import(client: KoreClient) -> KoreError | None:
    try:
        client.import_status(f"ds-{IMPOSSIBLE}")
    except KoreError as bad:
        return bad
    return None


def _look_at_execution(client: KoreClient, settings: Settings, skew: float | None) -> Iterator[Check]:
    """Ask about a run that cannot exist: the platform checks the scope before it looks for the run."""
    trouble: KoreError | None = None
    try:
        client.run_status(f"doctor-{IMPOSSIBLE}", f"ctr-{IMPOSSIBLE}")
    except KoreError as bad:
        trouble = bad
    for check in _judge(trouble, "Conversation Tests Execution", skew):
        if check.name != "scope":
            continue
        needed = settings.run is not None
        yield check if needed or check.level != ERROR else replace(check, level=WARNING)


def _judge(trouble: KoreError | None, scope: str, skew: float | None) -> list[Check]:
    """Say what an answer about something that cannot exist tells of token, stream and scope."""
    let_in = [
        Check("token", OK, "accepted"),
        Check("stream", OK, "known to this account and mapped to the app"),
    ]
    if trouble is None or _is_missing(trouble):
        return [*let_in, Check("scope", OK, f"{scope} is granted")]
    if isinstance(trouble, AccessDeniedError):
        return _judge_denied(trouble, scope, skew, let_in)
    why = "nothing can be said about token, stream and scope"
    if isinstance(trouble, RefusedError) and "streamid" in trouble.reply.lower():
        fix = "copy App ID (usually in App Settings > Dev Tools), and check kore_host's region"
        what = f"not known to this account: {_refusal(trouble)}"
        return [let_in[0], Check("stream", ERROR, what, "no job of it can be found", fix)]
    if isinstance(trouble, (RateLimitedError, UnreachableError)):
        return [Check("token", ERROR, trouble.message, why, "try again in a few minutes")]
    return [Check("token", ERROR, trouble.message, why, "check kore_host, and compare with curl")]


def _judge_denied(
    trouble: AccessDeniedError, scope: str, skew: float | None, let_in: list[Check]
) -> list[Check]:
    if trouble.reason == "scope":
        fix = f"tick {scope} in the JWT app's API scopes, save, and publish the bot: only then it counts"
        return [
            *let_in,
            Check("scope", ERROR, f"{scope} is not granted", "requests are refused with 401", fix),
        ]
    fix = trouble.advice or "mend what is said above, then try again"
    if skew is not None and abs(skew) >= SKEW_WORTH_SAYING:
        fix = f"set this machine's clock first, it is {abs(skew):.0f} s off; then try again"
    return [Check("token", ERROR, _refusal(trouble), "every request is refused", fix)]


def _refusal(trouble: AccessDeniedError | RefusedError) -> str:
    """Return the platform's own words; of an error that is not the platform's, its message."""
    if trouble.status is None:
        return trouble.message
    return f"refused with HTTP {trouble.status}: '{trouble.reply or 'empty body'}'"


def _is_missing(trouble: KoreError) -> bool:
    if not isinstance(trouble, RefusedError):
        return False
    reply = trouble.reply.lower()
    return any(words in reply for words in _MISSING_JOB)


def _look_at_job(client: KoreClient, ds_id: str) -> Check:
    try:
        status = client.import_status(ds_id)
    except RefusedError as bad:
        if _is_missing(bad):
            why = "the gate would wait for it in vain: the platform keeps a job's record for about 15 minutes"
            return Check("job", ERROR, f"{ds_id} is not known here", why, "import again and give the new id")
        trouble: KoreError = bad
    except KoreError as bad:
        trouble = bad
    else:
        return Check("job", OK, f"{ds_id} is known: {printable(status.status, _SHOWN)}")
    return Check(
        "job", ERROR, trouble.message, "the gate would end without a result", "try again, or import again"
    )
