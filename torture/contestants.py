"""Three ways to wait for a job or to change something: ours, a plain loop, and ``tenacity``.

Each runs in a process of its own, which a supervisor ends when it hangs.
"""

from __future__ import annotations

import resource
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jwt
import requests
import tenacity

from pytest_kore_convtest.api import models
from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.errors import KoreError
from pytest_kore_convtest.jobs.runner import Pipeline
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.settings.settings import Settings
from torture.documents import (
    FILE,
    JOB,
    STREAM,
    SUITE,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

SECRET = "canary-secret-0123456789-0123456789"  # noqa: S105 - a canary
_CLIENT = "cs-33333333"
_UPLOADED = b'{"name": "greetings"}'


class Limits(NamedTuple):
    """How long to wait; all in seconds."""

    timeout: float = 6.0
    outage: float = 4.0
    request: float = 0.5
    interval: float = 0.05
    stall: float = 300.0


class Task(NamedTuple):
    """What to do: plain data, so that it goes to another process.

    Attributes:
        kind: ``"poll"``, ``"run poll"``, ``"upload"``, ``"import"``, ``"run"`` or ``"road"``.
        url: The server.
        bundle: The file of the CA's certificate.
        limits: How long.
        addresses: What the host's name stands for, in order, when it is no plain address.
    """

    kind: str
    url: str
    bundle: str
    limits: Limits
    addresses: tuple[str, ...] = ()


class Ended(NamedTuple):
    """How it ended.

    Attributes:
        value: What was returned: a document, or an id.
        error: The error's class, or empty.
        words: Its message.
        seconds: How long it took.
        memory: Bytes by which the process had grown at most.
        ours: Whether the error is one of ours; what a plain loop raises never is.
        left: Threads and open files that stayed.
    """

    value: Any
    error: str
    words: str
    seconds: float
    memory: int
    ours: bool = False
    left: int = 0


def measure(call: Callable[[Task], Any], task: Task) -> Ended:
    """Do a task and say how it ended."""
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    files, begun = _open_files(), time.monotonic()
    value, error, words, is_ours = None, "", "", False
    try:
        value = call(task)
    except Exception as caught:  # noqa: BLE001 - whatever it is, it is the result
        error, words, is_ours = type(caught).__name__, str(caught), isinstance(caught, KoreError)
    seconds = time.monotonic() - begun
    return Ended(
        value,
        error,
        words,
        seconds,
        (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown) * 1024,
        is_ours,
        _leftovers(files),
    )


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0


def _leftovers(files: int) -> int:
    """Count the lanes and files that are still there a moment after the end."""
    end = time.monotonic() + 1.0
    while True:
        lanes = sum(thread.name == "kore-request" for thread in threading.enumerate())
        left = lanes + max(0, _open_files() - files)
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.01)


def work(name: str, task: Task, pipe: Connection) -> None:
    """Do a task in this process, and send how it ended."""
    if task.addresses:
        _resolve_to(task.addresses)
    pipe.send(tuple(measure(CONTESTANTS[name], task)))
    pipe.close()


def _resolve_to(addresses: tuple[str, ...]) -> None:
    """Let every name of this process stand for some addresses: nothing else can have two on any machine."""

    def getaddrinfo(_host: object, port: object, *_more: object, **_others: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    socket.getaddrinfo = getaddrinfo  # type: ignore[assignment]


def ours(task: Task) -> Any:
    """Do it as the plugin does: through the client, the pipeline and the waiter."""
    limits = task.limits
    settings = Settings.read(
        env={},
        host=task.url,
        stream_id=STREAM,
        client_id=_CLIENT,
        client_secret=SECRET,
        user_email="a@b.c",
        ca_bundle=task.bundle,
        timeout=str(limits.timeout),
        outage_budget=str(limits.outage),
        stall_timeout=str(limits.stall),
        request_timeout=str(limits.request),
        poll_interval=str(limits.interval),
        max_poll_interval=str(limits.interval),
        rate_limit="off",
    )
    with KoreClient(settings) as client:
        if task.kind == "upload":
            return client.upload(_UPLOADED, "greetings.json")
        if task.kind == "import":
            return client.start_import(FILE, SUITE)
        if task.kind == "run":
            return client.start_run(SUITE, "published")
        if task.kind == "large upload":
            return client.upload(b" " * (8 << 20), "greetings.json")
        return _wait(task, client, settings)


def _wait(task: Task, client: KoreClient, settings: Settings) -> Any:
    pipeline = Pipeline(client, settings, JobStore(None))
    try:
        if task.kind == "road":
            return _go_all_the_way(pipeline)
        outcome = pipeline.wait_for(pipeline.watch_import(JOB))
        status = outcome.result()
        pipeline.judge(outcome)
        return status.raw if status.meaning == models.SUCCEEDED else None
    finally:
        pipeline.close()


def _go_all_the_way(pipeline: Pipeline) -> Any:
    import tempfile

    from pytest_kore_convtest.suites.file import read_suite_file

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "greetings.json"
        path.write_text(_SUITE_FILE, encoding="utf-8")
        suite = read_suite_file(path)[0]
    job = pipeline.import_suite(suite, SUITE)
    outcome = pipeline.wait_for(job)
    if outcome.trouble is not None:
        # What a second test, or a rerun, does.
        pipeline.ask_again(job, outcome.generation)
        outcome = pipeline.wait_for(job)
    return outcome.result().raw


_SUITE_FILE = """{"botId": "st-22222222", "testCases": [{"name": "greetings", "messages": [
  {"input": "Hi", "outputs": [{"contains": "Hello"}]}]}]}"""


def plain(task: Task) -> Any:
    """Do it with a plain ``requests`` loop, as in many a CI script."""
    send = _sender(requests, task)
    if task.kind != "poll":
        return _send_once(send, task)
    end = time.monotonic() + task.limits.timeout
    while time.monotonic() < end:
        body = send("GET", _path(task.kind)).json()
        if body["status"] == "SUCCESS":
            return body
        if body["status"] == "FAILED":
            raise RuntimeError("the import failed")
        time.sleep(task.limits.interval)
    raise TimeoutError("the import is not done")


def with_tenacity(task: Task) -> Any:
    """Do it with a ``tenacity`` loop around a ``requests`` session."""
    with requests.Session() as session:
        send = _sender(session, task)
        limits = task.limits
        again = tenacity.Retrying(
            retry=(
                tenacity.retry_if_exception_type((requests.RequestException, ValueError))
                | tenacity.retry_if_result(lambda body: body is None)
            ),
            wait=tenacity.wait_fixed(limits.interval),
            stop=tenacity.stop_after_delay(limits.timeout if task.kind == "poll" else limits.outage),
        )

        def ask() -> Any:
            if task.kind != "poll":
                return _send_once(send, task)
            body = send("GET", _path("poll")).json()
            if body["status"] == "FAILED":
                raise RuntimeError("the import failed")
            return body if body["status"] == "SUCCESS" else None

        return again(ask)


def _send_once(send: Callable[..., Any], task: Task) -> Any:
    if task.kind in {"upload", "large upload"}:
        data = _UPLOADED if task.kind == "upload" else b" " * (8 << 20)
        files = {"file": ("greetings.json", data), "fileContext": (None, "bulkImport")}
        return send("POST", _path("upload"), files=files).json()["fileId"]
    body = {"fileName": FILE, "name": SUITE} if task.kind == "import" else {"version": "published"}
    key = "dsId" if task.kind == "import" else "testRunId"
    return send("POST", _path(task.kind), json=body).json()[key]


def _path(kind: str) -> str:
    if kind.endswith("upload"):
        return "/api/public/uploadfile"
    below = {"poll": f"import/{JOB}/status", "import": "import", "run": f"{SUITE}/run"}[kind]
    return f"/api/public/stream/{STREAM}/conversation/testsuite/{below}"


def _sender(session: Any, task: Task) -> Callable[..., Any]:
    now = int(time.time())
    claims = {"appId": _CLIENT, "sub": "a", "iat": now, "exp": now + 600}
    token = jwt.encode(claims, SECRET, algorithm="HS256")

    def send(method: str, path: str, **more: Any) -> Any:
        response = session.request(
            method,
            task.url + path,
            headers={"auth": token},
            timeout=task.limits.request,
            verify=task.bundle,
            **more,
        )
        response.raise_for_status()
        return response

    return send


CONTESTANTS: dict[str, Callable[[Task], Any]] = {"plain": plain, "tenacity": with_tenacity, "ours": ours}
"""By the name of their column; ours comes last."""
