"""What came in: one request, and the record that a test reads."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MASK = "***"
_SECRET_HEADERS = ("auth", "authorization", "cookie", "proxy-authorization")


class Headers(Mapping[str, str]):
    """Headers by name, whatever the casing."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._values = {name.lower(): value for name, value in pairs.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({self._values!r})"


@dataclass(frozen=True)
class Request:
    """One request as the wire gave it.

    Args:
        method: The HTTP method.
        path: Path and query as sent, percent-encoded.
        headers: Anything with a case-insensitive ``get``, and ``items``.
        body: The whole body.
    """

    method: str
    path: str
    headers: Any
    body: bytes = b""

    def json(self) -> Any:
        """Return the body as JSON if it says that it is, else ``None``."""
        if "json" not in (self.headers.get("content-type") or "").lower():
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Record:
    """One request as a test sees it; tokens and secrets are masked.

    Args:
        method: The HTTP method.
        path: Path and query as sent.
        headers: The headers, case-insensitive.
        json: The JSON body, or ``None``.
        status: The HTTP status answered; 0 when the connection was cut instead.
    """

    method: str
    path: str
    headers: Headers
    json: Any
    status: int

    def to_data(self) -> dict[str, Any]:
        """Return plain data; ``from_data`` makes it a record again."""
        return {**vars(self), "headers": dict(self.headers)}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Record:
        """Return the record of plain data."""
        return cls(**{**data, "headers": Headers(data["headers"])})


def make_record(request: Request, status: int, secret: str) -> Record:
    """Return the masked record of a request."""

    def clean(text: str) -> str:
        return text.replace(secret, MASK)

    pairs = dict(request.headers.items())
    headers = {key: MASK if key.lower() in _SECRET_HEADERS else clean(value) for key, value in pairs.items()}
    body = request.json()
    if secret.encode() in request.body:
        body = json.loads(clean(json.dumps(body)))
    return Record(request.method, clean(request.path), Headers(headers), body, status)


@dataclass(frozen=True)
class Upload:
    """One uploaded file.

    Args:
        file_id: The id that the platform gave it.
        filename: The name that the client gave it.
        data: Its bytes.
    """

    file_id: str
    filename: str
    data: bytes

    @property
    def sha1(self) -> str:
        """Return the hash that the platform reports."""
        return hashlib.sha1(self.data, usedforsecurity=False).hexdigest()

    @property
    def stored_name(self) -> str:
        """Return the name under which the platform keeps the file."""
        return f"f-{uuid.uuid5(uuid.NAMESPACE_OID, self.file_id)}"

    def to_data(self) -> dict[str, str]:
        """Return plain data; ``from_data`` makes it an upload again."""
        return {**vars(self), "data": base64.b64encode(self.data).decode()}

    @classmethod
    def from_data(cls, data: dict[str, str]) -> Upload:
        """Return the upload of plain data."""
        return cls(data["file_id"], data["filename"], base64.b64decode(data["data"]))
