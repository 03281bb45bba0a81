"""From a request to an answer: routes, order of checks, the six endpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from . import faults
from .journal import Request
from .replies import (
    RefusalError,
    Reply,
    bad_credentials,
    invalid_arguments,
    not_allowed,
    ok,
    server_error,
    unknown,
    wrong_scope,
)
from .suites import BadFileError, read_case

if TYPE_CHECKING:
    from threading import RLock

    from .jobs import ImportJob, RunJob
    from .state import Platform

_PREFIXES = ("/api/public/", "/api/1.1/public/")
_VERSIONS = {"published": "published", "inDevelopment": "configured"}
_FILE_CONTEXTS = ("bulkImport", "findly")
_UPLOAD_FIELDS = ("fileContext", "fileExtension")
_HEAD = ("stream", "conversation", "testsuite")

# Reads a multipart body: the file's name and bytes, and the other fields.
FormReader = Callable[[Request], tuple[str | None, bytes, dict[str, str]]]

# Method and number of path segments -> the fixed segments after .../testsuite, and the endpoint.
_ROUTES = {
    ("DELETE", 4): ((), "delete"),
    ("POST", 5): (((4, "import"),), "import"),
    ("GET", 7): (((4, "import"), (6, "status")), "import-status"),
    ("POST", 6): (((5, "run"),), "run"),
}
_RUN_STATUS = ((6, "status"),)
_SCOPES = {
    "import": "management",
    "import-status": "management",
    "delete": "management",
    "run": "execution",
    "run-status": "execution",
}
BOT_HEADER = "X-Kore-Emulator-Bot"
"""Says of a run whether the bot answers as its script says, or repeats what the suite expects."""

ENDPOINTS = ("upload", *_SCOPES)


class Application:
    """Answer requests out of the platform's state.

    Args:
        platform: The state.
        lock: Held while a request is answered, and by whoever changes the state.
        read_form: Reads multipart bodies.
    """

    def __init__(self, platform: Platform, lock: RLock, read_form: FormReader) -> None:
        self._platform = platform
        self._lock = lock
        self._read_form = read_form
        self._endpoints = {
            "upload": self._upload,
            "import": self._start_import,
            "import-status": self._import_status,
            "run": self._start_run,
            "run-status": self._run_status,
            "delete": self._delete,
        }

    def admits(self, request: Request) -> bool:
        """Say whether a request's token is good, without using it up: only then is its body worth reading."""
        with self._lock:
            return self._platform.gatekeeper.would_admit(request.headers.get("auth"), self._platform.clock())

    def answer(self, request: Request) -> Reply:
        """Answer one request and remember it; never raises."""
        with self._lock:
            try:
                reply = self._route(request)
            except RefusalError as refusal:
                reply = refusal.reply()
            except Exception:  # noqa: BLE001 - a traceback must not reach the client
                reply = server_error().reply()
            cut = reply.manner in ("close", "reset")
            self._platform.log.append((request.as_remembered(), 0 if cut else reply.status))
        return reply

    def _route(self, request: Request) -> Reply:
        endpoint, segments = find_endpoint(request)
        word = self._platform.take_fault(endpoint)
        act = partial(self._act, endpoint, segments, request)
        return act() if word is None else faults.respond(word, endpoint, partial(_refused, act))

    def _act(self, endpoint: str, segments: list[str], request: Request) -> Reply:
        now = self._platform.clock()
        self._admit(endpoint, segments, request, now)
        self._limit(endpoint, segments, now)
        return self._endpoints[endpoint](segments, request)

    def _admit(self, endpoint: str, segments: list[str], request: Request, now: float) -> None:
        platform = self._platform
        platform.gatekeeper.admit(request.headers.get("auth"), now)
        if endpoint != "upload" and segments[1] != platform.identity.stream_id:
            raise unknown("Invalid StreamId") if platform.switches.account_level else bad_credentials()
        if _SCOPES.get(endpoint, "") not in {"", *platform.switches.scopes}:
            raise wrong_scope()

    def _limit(self, endpoint: str, segments: list[str], now: float) -> None:
        platform, switches = self._platform, self._platform.switches
        if not switches.rate_limits:
            return
        bucket = segments[5] if endpoint.endswith("-status") else platform.identity.stream_id
        limits = (switches.per_minute, switches.per_hour)
        platform.limiter.count(bucket, now, limits, retry_after=switches.retry_after)

    def _upload(self, _: list[str], request: Request) -> Reply:
        filename, data, fields = self._read_form(request)
        if filename is None or not all(fields.get(name) for name in _UPLOAD_FIELDS):
            raise invalid_arguments()
        if fields["fileContext"] not in _FILE_CONTEXTS:
            raise invalid_arguments()
        upload = self._platform.store_file(filename, data)
        return ok({"fileId": upload.file_id, "hash": upload.sha1, "fileName": upload.stored_name})

    def _start_import(self, _: list[str], request: Request) -> Reply:
        body, platform = _object(request), self._platform
        file_id, name, email = (_filled(body, key) for key in ("fileName", "name", "userEmailId"))
        given = {key: body[key] for key in ("tags", "description") if key in body}
        if not isinstance(given.get("tags", []), list) or not isinstance(given.get("description", ""), str):
            raise invalid_arguments()
        self._check_user(email)
        if file_id not in platform.files:
            raise unknown("Invalid file id")
        data = platform.files[file_id].data
        self._check_file(data)
        if platform.switches.duplicate_names == "reject" and platform.has_name(name):
            raise unknown("Mentioned test suite name was duplicate")
        job = platform.add_import(data, None, name=name, **given)
        return ok({"status": "IN_PROGRESS", "dsId": job.id})

    def _check_user(self, email: str) -> None:
        if self._platform.switches.unknown_user == "reject" and email != self._platform.identity.user_email:
            raise wrong_scope()

    def _check_file(self, data: bytes) -> None:
        if not self._platform.switches.reject_bad_files:
            return
        try:
            read_case(data)
        except BadFileError:
            raise unknown("JSON format is incorrect") from None

    def _import_status(self, segments: list[str], _: Request) -> Reply:
        job = self._platform.find_import(segments[5])
        return _tell(job, self._platform.clock(), "import-status")

    def _start_run(self, segments: list[str], request: Request) -> Reply:
        body = _object(request)
        version = _VERSIONS.get(_filled(body, "version"))
        email = _filled(body, "userEmailId")
        if version is None:
            raise invalid_arguments()
        self._check_user(email)
        job = self._platform.add_run(segments[4], version)
        bot = "scripted" if job.is_scripted else "repeats"
        reply = ok({"status": "IN_PROGRESS", "testRunId": job.id})
        return replace(reply, headers=((BOT_HEADER, bot),))

    def _run_status(self, segments: list[str], _: Request) -> Reply:
        job = self._platform.find_run(segments[4], segments[5])
        return _tell(job, self._platform.clock(), "run-status")

    def _delete(self, _: list[str], request: Request) -> Reply:
        names = _object(request).get("testSuiteNames")
        if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
            raise invalid_arguments()
        self._platform.delete_suites(names)
        return ok({"status": "Success"})


def find_endpoint(request: Request) -> tuple[str, list[str]]:
    """Return the endpoint's name and the path segments after the prefix, decoded.

    Raises:
        RefusalError: 405 for what the platform does not serve; 404 beyond the public API.
    """
    path = request.path.partition("?")[0]
    prefix = next((prefix for prefix in _PREFIXES if path.startswith(prefix)), None)
    if prefix is None:
        raise not_allowed() if path.startswith("/api") else RefusalError(404, "Not Found")
    # Split before decoding: a suite's name may hold an encoded slash.
    segments = [unquote(segment) for segment in path[len(prefix) :].split("/")]
    method = _method(request)
    if segments == ["uploadfile"] and method == "POST":
        return "upload", segments
    if tuple(segments[:1] + segments[2:4]) != _HEAD or (method, len(segments)) not in _ROUTES:
        raise not_allowed()
    fixed, endpoint = _ROUTES[method, len(segments)]
    if endpoint == "import-status" and segments[4] != "import":
        fixed, endpoint = _RUN_STATUS, "run-status"
    if not all(segments[at] == text for at, text in fixed):
        raise not_allowed()
    return endpoint, segments


def _method(request: Request) -> str:
    override: str = request.headers.get("x-http-method-override") or ""
    if request.method == "POST" and override.upper() == "DELETE":
        return "DELETE"
    return request.method


def _tell(job: ImportJob | RunJob, now: float, endpoint: str) -> Reply:
    """Return a job's status, or the fault that was scripted in its place."""
    word = job.next_word(now)
    return faults.respond(word, endpoint, lambda: job.reply(job.last)) if word.is_fault else job.reply(word)


def _refused(act: Callable[[], Reply]) -> Reply:
    try:
        return act()
    except RefusalError as refusal:
        return refusal.reply()


def _object(request: Request) -> dict[str, object]:
    body = request.json()
    if not isinstance(body, dict):
        raise invalid_arguments()
    return body


def _filled(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if not (isinstance(value, str) and value.strip()):
        raise invalid_arguments()
    return value
