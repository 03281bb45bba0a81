"""The client: one method per endpoint, one exchange, one typed answer.

Paths, bodies and field names: Kore.ai's public API pages on conversation testing.
Usable without pytest::

    client = KoreClient(Settings.read(host="bots.kore.ai", stream_id="st-…"))
    client.import_status("ds-…").status
"""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

from pytest_kore_convtest import models
from pytest_kore_convtest.credentials import CREDENTIALS, make_signer
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ConfigError,
    KoreError,
    ProtocolError,
    RefusedError,
)
from pytest_kore_convtest.patience import FIRST_CONTACT
from pytest_kore_convtest.polling import Clock, SystemClock, persist
from pytest_kore_convtest.refusals import clock_skew, excerpt, is_error, printable, read_refusal
from pytest_kore_convtest.settings import require
from pytest_kore_convtest.transport import Reply, Request, Transport, Trust
from pytest_kore_convtest.values import check_id, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from types import TracebackType

    from pytest_kore_convtest.models import ImportStatus
    from pytest_kore_convtest.settings import Settings

T = TypeVar("T")

_EXCERPT, _NAME = 300, 60
_DONE = frozenset({200, 201, 202})
"""Statuses of an answer that is one; which of them a started import has is documented nowhere."""


class KoreClient(AbstractContextManager["KoreClient"]):
    """Talk to one bot's conversation testing endpoints.

    Args:
        settings: Host, stream and credentials; nothing is sent before the first call.
        clock: What pauses between repeated writes.
        now: Returns seconds since the epoch, for tokens.

    Raises:
        ConfigError: Something is missing.
    """

    def __init__(
        self, settings: Settings, *, clock: Clock | None = None, now: Callable[[], float] = time.time
    ) -> None:
        require(settings)
        self.settings = settings
        self._clock, self._now = clock or SystemClock(), now
        self._signer, self.notes = make_signer(settings, now)
        parts = urlsplit(str(settings.host))
        trust = Trust(settings.ca_bundle, settings.client_cert) if parts.scheme == "https" else None
        use_proxies = not is_loopback(parts.hostname or "")
        self._transport = Transport(self._signer.token, trust, use_proxies=use_proxies)
        self._expiry: dict[str, datetime] = {}
        self._reached = False

    def check_token(self, wait: float) -> list[str]:
        """Check locally whether the token can serve a wait of so many seconds; return hints.

        Raises:
            AccessDeniedError: It cannot.
        """
        return self._signer.check(wait)

    def import_status(self, ds_id: str, *, budget: float | None = None) -> ImportStatus:
        """Ask once about an import job.

        Args:
            ds_id: The job (``ds-…``).
            budget: Seconds that this ask may take; ``kore_request_timeout`` without one.

        Raises:
            ServiceError: There is no usable answer; its class says why.
        """
        doing = f"asking for import job {ds_id}"
        path = f"/conversation/testsuite/import/{_id(ds_id, 'ds_id')}/status"
        try:
            reply = self._ask(Request("GET", self._stream_url(path), self._headers()), doing, budget)
        except RefusedError as caught:
            refused = caught
        else:
            return self._read_import_status(ds_id, reply, doing)
        if refused.status == 404 or "invalid request id" in refused.reply.lower():  # noqa: PLR2004
            refused.evidence["missing"] = True
            refused.evidence["expiry"] = self._say_expiry(ds_id, refused)
        raise refused.with_traceback(None)

    def _read_import_status(self, ds_id: str, reply: Reply, doing: str) -> ImportStatus:
        status = self._read(models.read_import_status, reply, doing)
        for name, found, wanted in (
            ("_id", status.id, ds_id),
            ("streamId", status.stream_id, self.settings.stream_id),
        ):
            if found != wanted:
                raise self._misfit(
                    doing, f"{name} is {printable(found, _NAME)!r}, not {wanted!r}: somebody else's", reply
                )
        if status.job_type and status.job_type != models.IMPORT_JOB:
            kind = printable(status.job_type, _NAME)
            raise self._misfit(
                doing, f"the id belongs to a job of type {kind}, not to a suite import", reply, final=True
            )
        if status.expires_at:
            self._expiry[ds_id] = status.expires_at
        return status

    def _say_expiry(self, ds_id: str, refused: RefusedError) -> str:
        expires_at, server_time = self._expiry.get(ds_id), refused.evidence.get("server_time")
        if expires_at is None or server_time is None or server_time < expires_at.timestamp():
            return ""
        return f"By the server's clock its record expired {server_time - expires_at.timestamp():.0f} s ago."

    def upload(self, data: bytes, filename: str) -> str:
        """Upload a suite file and return its file id.

        Args:
            data: The file, as it is.
            filename: Its name, for the platform's records only.

        Raises:
            ServiceError: It was not accepted, or nobody knows whether it was.
        """
        self.require_writable()
        files = {
            "file": (filename, data, "application/json"),
            "fileContext": (None, "bulkImport"),
            "fileExtension": (None, "json"),
        }
        doing = f"uploading {filename}"
        url = f"{self.settings.host}/api/public/uploadfile"
        reply = self._write(Request("POST", url, self._headers(), files=files), doing)
        return self._read(models.read_upload, reply, doing)

    def start_import(
        self, file_id: str, name: str, *, tags: Sequence[str] = (), description: str = ""
    ) -> str:
        """Start an import job and return its id (``ds-…``).

        Args:
            file_id: What ``upload`` returned; the wire calls it ``fileName``.
            name: The suite's name on the platform.
            tags: Its tags.
            description: Its description.

        Raises:
            ServiceError: It was not accepted, or nobody knows whether it was.
        """
        self.require_writable()
        doing = f"starting the import of {name!r}"
        body = {
            "fileName": _id(file_id, "file id"),
            "name": name,
            "tags": list(tags),
            "description": description,
            "userEmailId": self.settings.user_email,
        }
        url = self._stream_url("/conversation/testsuite/import")
        reply = self._write(
            Request("POST", url, self._headers(json_body=True), json.dumps(body).encode()), doing
        )
        return self._read(models.read_import_started, reply, doing)

    def require_writable(self) -> None:
        """Refuse to change anything on a protected target, or without an e-mail.

        Raises:
            ConfigError: Nothing may be uploaded, imported, run or deleted.
        """
        if self.settings.protected:
            raise ConfigError(
                f"target {self.settings.target} is protected: nothing is uploaded, imported, run or deleted"
                " there. Waiting for a job by its id (--kore-ds-id) works.",
                name="target",
                source=self.settings.source("target"),
            )
        require(self.settings, write=True)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _stream_url(self, path: str) -> str:
        return f"{self.settings.host}/api/public/stream/{_id(self.settings.stream_id, 'stream_id')}{path}"

    def _headers(self, *, json_body: bool = False) -> dict[str, str]:
        headers = {"bot-language": self.settings.bot_language}
        return {**headers, "Content-Type": "application/json"} if json_body else headers

    def _ask(self, request: Request, doing: str, budget: float | None = None) -> Reply:
        """Send a request; after a 401 once more with a fresh token, when there can be one.

        Both take no longer than ``budget`` in total.
        """
        budget = self.settings.request_timeout if budget is None else budget
        end = self._clock.monotonic() + budget
        try:
            return self._exchange(request, doing, budget)
        except AccessDeniedError as caught:
            denied = caught
        left = end - self._clock.monotonic()
        if not self._signer.renewable or denied.evidence.get("status") != 401 or left <= 0:  # noqa: PLR2004
            raise denied.with_traceback(None)
        try:
            return self._exchange(request, doing, left)
        except AccessDeniedError as caught:
            again = caught
        # Without a status it is our own refusal to use a token twice, which explains nothing.
        raise (again if "status" in again.evidence else denied).with_traceback(None)

    def _write(self, request: Request, doing: str) -> Reply:
        """Send a request that changes something: repeated only when it surely was not carried out."""
        return persist(
            lambda: self._ask(request, doing),
            self.settings.outage_budget,
            self._clock,
            first_contact=None if self._reached else FIRST_CONTACT,
        )

    def _exchange(self, request: Request, doing: str, budget: float) -> Reply:
        try:
            reply = self._transport.exchange(request, budget)
        except KoreError as caught:
            trouble = caught
        else:
            self._reached = True
            if reply.status in _DONE and not is_error(reply.body):
                return reply
            raise self._refusal(reply, doing)
        if "cause" in trouble.evidence:
            end = "" if trouble.message.endswith("?") else "."
            place = f"{self.settings.host} ({self._say_sources('host')})"
            trouble = type(trouble)(f"{place}, {doing}: {trouble.message}{end}", **trouble.evidence)
        raise trouble.with_traceback(None)

    def _refusal(self, reply: Reply, doing: str) -> KoreError:
        now = self._now()
        where = f"{doing} at {self.settings.host}"
        refusal = read_refusal(reply.status, reply.headers, reply.body, where, now)
        skew = clock_skew(reply.headers, now)
        if skew is not None:
            refusal.evidence["server_time"] = now - skew
        if isinstance(refusal, AccessDeniedError) or "streamid" in refusal.evidence.get("reply", "").lower():
            sources = self._say_sources("host", "stream_id", *CREDENTIALS)
            refusal = type(refusal)(f"{refusal.message} In use: {sources}.", **refusal.evidence)
        return refusal

    def _say_sources(self, *names: str) -> str:
        sources = self.settings.sources
        return ", ".join(f"kore_{name} from {sources[name]}" for name in names if name in sources)

    def _read(self, reader: Callable[[bytes], T], reply: Reply, doing: str) -> T:
        try:
            return reader(reply.body)
        except ValueError as bad:
            problem = str(bad).removeprefix("the whole: ")
        raise self._misfit(doing, problem, reply)

    def _misfit(self, doing: str, problem: str, reply: Reply, *, final: bool = False) -> ProtocolError:
        shown = excerpt(reply.body)
        begins = f"it is {shown}" if shown.startswith("an HTML") else f"it begins: {shown}"
        begins = begins if shown else "it is empty, perhaps cut off"
        return ProtocolError(
            f"{self.settings.host}, {doing}: the answer does not fit"
            f" ({printable(problem, _EXCERPT)}); {begins}",
            excerpt=excerpt(reply.body, _EXCERPT),
            final=final,
            cause="misfit",
        )


def _id(value: object, name: str) -> str:
    try:
        return quote(check_id(str(value)), safe="")
    except ValueError as bad:
        problem = str(bad)
    raise ConfigError(f"{name}: {problem}", name=name, source="caller")
