"""What goes back to the client: one value object, and the platform's known refusals."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One answer, before it is written to the wire.

    Args:
        status: HTTP status code.
        body: The bytes of the body.
        content_type: Value of the ``Content-Type`` header; none when empty.
        headers: Further headers.
        manner: How the wire treats it: ``""``, ``"close"``, ``"reset"``, ``"truncated"`` or ``"drip"``.
        delay: Seconds before the first byte; for ``"drip"`` seconds over the whole answer.
        fault: The scripted word that caused it, if any.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    manner: str = ""
    delay: float = 0.0
    fault: str = ""

    def marked(self, fault: str, **changes: Any) -> Reply:
        """Return the same answer as the doing of a scripted fault."""
        return replace(self, fault=fault, **changes)


class RefusalError(Exception):
    """End a request with the platform's error body.

    Args:
        status: HTTP status code.
        message: The ``msg`` of the body.
        code: The ``code`` of the body; the HTTP status when not given.
        retry_after: Value of a ``Retry-After`` header, if one is wanted.
    """

    def __init__(
        self, status: int, message: str, code: int | None = None, retry_after: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code: int = status if code is None else code
        self.retry_after = retry_after

    def reply(self) -> Reply:
        """Return the refusal as an answer."""
        headers = () if self.retry_after is None else (("Retry-After", self.retry_after),)
        errors = {"errors": [{"msg": str(self), "code": self.code}]}
        return Reply(self.status, encode(errors), headers=headers)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def encode(value: object) -> bytes:
    """Return JSON as the platform writes it: compact, UTF-8, lone surrogates escaped."""
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def ok(value: object) -> Reply:
    """Return a 200 with a JSON body."""
    return Reply(200, encode(value))


def timestamp(seconds: float) -> str:
    """Return epoch seconds in the platform's spelling, e.g. ``2023-08-23T10:03:21.825Z``."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# The platform answers scope and credential trouble alike with 401 and this code.
_ACCESS = 4002


def bad_credentials() -> RefusalError:
    """Return the refusal of a wrong client, signature, stream or time."""
    return RefusalError(401, "Invalid SDK credentials", _ACCESS)


def not_a_token() -> RefusalError:
    """Return the refusal of a header that holds no JWT."""
    return RefusalError(401, "Invalid JWT token", _ACCESS)


def wrong_scope() -> RefusalError:
    """Return the refusal of an app without the needed scope, or a user without the role."""
    return RefusalError(401, "Permission denied. Scope is incorrect!", _ACCESS)


def invalid_arguments() -> RefusalError:
    """Return the refusal of a body with missing or wrong fields."""
    return RefusalError(412, "Validation errors/ Invalid arguments")


def not_allowed() -> RefusalError:
    """Return the refusal of a wrong method or an unknown path."""
    return RefusalError(405, "Method Not Allowed")


def unknown(what: str) -> RefusalError:
    """Return the refusal of an unknown thing; the platform says 400, never 404."""
    return RefusalError(400, what)


def server_error() -> RefusalError:
    """Return the answer to a mistake of our own."""
    return RefusalError(500, "Internal Server Error")
