"""The client: one method per endpoint, one exchange, one typed answer.

Paths, bodies and field names: Kore.ai's public API pages on conversation testing.
What reads the answers is imported with the first one: pydantic takes as long to load as
all that is needed to ask. Usable without pytest::

    client = KoreClient(Settings.read(host="bots.kore.ai", stream_id="st-…"))
    client.import_status("ds-…").status
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_kore_convtest import strict_json
from pytest_kore_convtest.api.session import Session, path_id
from pytest_kore_convtest.api.transport import Reply, Request
from pytest_kore_convtest.errors import ConfigError, RefusedError
from pytest_kore_convtest.text import printable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.api.retry import Clock
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.settings.settings import Settings

_NAME = 60
_SUITES = "/conversation/testsuite"
_NAME_TAKEN = (
    "A suite of that name is stored there already: delete it, or add {run} to --kore-import-name,"
    " which makes the names of every test run new."
)


class KoreClient(Session):
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
        super().__init__(settings, clock=clock, now=now)
        self._expiry: dict[str, datetime] = {}
        self.file_hashes: dict[str, str] = {}

    def import_status(self, ds_id: str, *, budget: float | None = None) -> ImportStatus:
        """Ask once about an import job.

        Args:
            ds_id: The job (``ds-…``).
            budget: Seconds that this ask may take; ``kore_request_timeout`` without one.

        Raises:
            ServiceError: There is no usable answer; its class says why.
        """
        doing = f"requesting the status of import job {ds_id}"
        path = f"{_SUITES}/import/{path_id(ds_id, 'ds_id')}/status"
        try:
            reply = self.ask(Request("GET", self.stream_url(path), self.headers()), doing, budget)
        except RefusedError as caught:
            refused = caught
        else:
            return self._read_import_status(ds_id, reply, doing)
        if refused.status == 404 or "invalid request id" in refused.reply.lower():  # noqa: PLR2004
            refused.missing = True
            refused.expiry = self._say_expiry(ds_id, refused)
        raise refused.with_traceback(None)

    def _read_import_status(self, ds_id: str, reply: Reply, doing: str) -> ImportStatus:
        from pytest_kore_convtest.api import models

        status = self.read(models.read_import_status, reply, doing)
        for name, found, wanted in (
            ("_id", status.id, ds_id),
            ("streamId", status.stream_id, self.settings.stream_id),
        ):
            if found != wanted:
                problem = f"{name} is {quoted(found, _NAME)}, not {wanted!r}, so it is of another job or bot"
                raise self.misfit(doing, problem, reply)
        if status.job_type and status.job_type != models.IMPORT_JOB:
            kind = printable(status.job_type, _NAME)
            raise self.misfit(
                doing, f"the id belongs to a job of type {kind}, not to a suite import", reply, final=True
            )
        if status.expires_at:
            self._expiry[ds_id] = status.expires_at
        return status

    def _say_expiry(self, ds_id: str, refused: RefusedError) -> str:
        expires_at, server_time = self._expiry.get(ds_id), refused.server_time
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
        reply = self.write(Request("POST", url, self.headers(), files=files), doing)
        from pytest_kore_convtest.api.models import read_upload

        file_id = self.read(read_upload, reply, doing)
        given = strict_json.load_strictly(reply.body).get("hash")
        self.file_hashes[file_id] = given if isinstance(given, str) else ""
        return file_id

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
        body: dict[str, object] = {
            "fileName": path_id(file_id, "file id"),
            "name": name,
            "tags": list(tags),
            "description": description,
            "userEmailId": self.settings.user_email,
        }
        try:
            reply = self._post(f"{_SUITES}/import", body, doing)
        except RefusedError as caught:
            refused = caught
        else:
            from pytest_kore_convtest.api.models import read_import_started

            return self.read(read_import_started, reply, doing)
        if any(word in refused.reply.lower() for word in ("duplicate", "already exist")):
            refused = replace(refused, message=f"{refused.message} {_NAME_TAKEN}")
        raise refused.with_traceback(None)

    def start_run(self, name: str, version: str) -> str:
        """Start a run of a stored suite and return its id (``ctr-…``).

        Args:
            name: The stored suite's name.
            version: ``"published"`` or ``"inDevelopment"``.

        Raises:
            ServiceError: It was not accepted, or nobody knows whether it was; it is not repeated blindly.
        """
        self.require_writable()
        body: dict[str, object] = {"version": version, "userEmailId": self.settings.user_email}
        doing = f"starting a run of {name!r}"
        reply = self._post(f"{_SUITES}/{_path_name(name)}/run", body, doing)
        from pytest_kore_convtest.api.run_models import read_run_started

        return self.read(read_run_started, reply, doing)

    def run_status(self, name: str, run_id: str, *, budget: float | None = None) -> RunStatus:
        """Ask once about a run.

        Args:
            name: The stored suite's name.
            run_id: The run (``ctr-…``).
            budget: Seconds that this ask may take; ``kore_request_timeout`` without one.

        Raises:
            ServiceError: There is no usable answer; its class says why.
        """
        doing = f"requesting the status of run {run_id} of {name!r}"
        path = f"{_SUITES}/{_path_name(name)}/{path_id(run_id, 'run id')}/status"
        try:
            reply = self.ask(Request("GET", self.stream_url(path), self.headers()), doing, budget)
        except RefusedError as caught:
            refused = caught
        else:
            return self._read_run_status(run_id, reply, doing)
        refused.missing = refused.status == 404 or "not found" in refused.reply.lower()  # noqa: PLR2004
        raise refused.with_traceback(None)

    def _read_run_status(self, run_id: str, reply: Reply, doing: str) -> RunStatus:
        from pytest_kore_convtest.api.run_models import read_run_status

        status = self.read(read_run_status, reply, doing)
        wanted = (("_id", status.id, run_id), ("streamId", status.stream_id, self.settings.stream_id))
        for name, found, ours in wanted:
            if found != ours:
                raise self.misfit(doing, f"{name} is {quoted(found, _NAME)}, not {ours!r}: another's", reply)
        return status

    def delete_suites(self, names: Sequence[str], *, budget: float | None = None) -> None:
        """Delete stored suites by name.

        Args:
            names: The names.
            budget: Seconds that this may take; ``kore_request_timeout``, and repeated as usual, without one.

        Raises:
            ServiceError: They were not deleted, or nobody knows whether they were.
        """
        self.require_writable()
        doing = f"deleting {', '.join(map(repr, names))}"
        data = json.dumps({"testSuiteNames": list(names)}).encode()
        reply = self.write(
            Request("DELETE", self.stream_url(_SUITES), self.headers(json_body=True), data), doing, budget
        )
        from pytest_kore_convtest.api.run_models import read_deleted

        self.read(read_deleted, reply, doing)

    def _post(self, path: str, body: dict[str, object], doing: str) -> Reply:
        data = json.dumps(body).encode()
        return self.write(Request("POST", self.stream_url(path), self.headers(json_body=True), data), doing)


def _path_name(name: str) -> str:
    """Return a suite's name fit for a path: encoded, and never a step up or down in it."""
    if not name.strip() or name in {".", ".."}:
        problem = f"{name!r} is not a valid suite name: it may not be blank, '.' or '..'"
        raise ConfigError(problem, name="name", source="caller")
    return quote(name, safe="")
