"""What came in: one request, and the record that a test reads."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypedDict
from urllib.parse import quote

from .json_input import read_json

MASK = "***"
_SECRET_HEADERS = ("auth", "authorization", "cookie", "proxy-authorization")
_RUN = re.compile(r"[\w.-]+", re.ASCII)
"""What a token may be part of."""

_LEAST = 11
"""Characters that a token's first part has at least."""

_REMEMBERED = 1024 * 1024
"""Bytes of a JSON body that is kept for the tests; thousands of requests are."""

_TELLING = 8
"""Characters from which on a header's value is looked for elsewhere, too."""


class HeaderPairs(Protocol):
    """Headers with a ``get`` that does not mind the casing."""

    def get(self, name: str, /) -> str | None:
        """Return a header's value, ``None`` without one."""
        raise NotImplementedError

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all names and values."""
        raise NotImplementedError


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
        headers: Its headers.
        body: The whole body.
    """

    method: str
    path: str
    headers: HeaderPairs
    body: bytes = b""

    @property
    def _says_json(self) -> bool:
        return "json" in (self.headers.get("content-type") or "").lower()

    def as_remembered(self) -> Request:
        """Return the request without a body of which a record would show nothing, or too much."""
        if not self.body or (self._says_json and len(self.body) <= _REMEMBERED):
            return self
        return replace(self, body=b"")

    def json(self) -> object:
        """Return the body as JSON if it says that it is, else ``None``."""
        if not self._says_json:
            return None
        try:
            return read_json(self.body)
        except ValueError:
            return None


class RecordData(TypedDict):
    """A record as plain data."""

    method: str
    path: str
    headers: dict[str, str]
    json: object
    status: int


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
    json: object
    status: int

    def to_data(self) -> RecordData:
        """Return plain data; ``from_data`` makes it a record again."""
        return RecordData(
            method=self.method,
            path=self.path,
            headers=dict(self.headers),
            json=self.json,
            status=self.status,
        )

    @classmethod
    def from_data(cls, data: RecordData) -> Record:
        """Return the record of plain data."""
        return cls(data["method"], data["path"], Headers(data["headers"]), data["json"], data["status"])


def _mask_tokens(found: re.Match[str]) -> str:
    """Mask what stands between dots from the first ``eyJ`` on, if anything follows its first part."""
    before, eyj, rest = found[0].partition("eyJ")
    first, dot, more = rest.partition(".")
    is_token = dot and more.strip(".") and len(eyj + first) >= _LEAST
    return before + MASK if is_token else found[0]


def make_record(request: Request, status: int, secret: str) -> Record:
    """Return the masked record of a request, wherever in it a token or the secret stands."""
    pairs = dict(request.headers.items())
    given = {
        value for key, value in pairs.items() if key.lower() in _SECRET_HEADERS and len(value) >= _TELLING
    }
    hidden = {form for text in (secret, *given) for form in (text, quote(text, safe=""), quote(text))}

    def clean(text: str) -> str:
        for secret_text in sorted(hidden, key=len, reverse=True):
            text = text.replace(secret_text, MASK)
        return _RUN.sub(_mask_tokens, text) if "eyJ" in text else text

    def clean_all(value: object) -> object:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, dict):
            return {clean(key): clean_all(entry) for key, entry in value.items()}
        return [clean_all(entry) for entry in value] if isinstance(value, list) else value

    headers = {key: MASK if key.lower() in _SECRET_HEADERS else clean(value) for key, value in pairs.items()}
    return Record(request.method, clean(request.path), Headers(headers), clean_all(request.json()), status)


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
