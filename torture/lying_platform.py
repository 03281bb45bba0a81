"""A platform that answers all six calls from documents which a case may bend: the honest ones lie in nothing."""

from __future__ import annotations

import json
import re
import threading
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STREAM = "st-22222222"
RUN = "ctr-44444444"
SUITE_ID = "ctc-33333333"
TEXTS = (("Start_Flow", "Hello"), ("I need a room", "For which day?"), ("tomorrow", "It is booked."))
"""The conversation of the honest suite: what the user says, what the bot answers."""

_PATH = re.compile(r"/api/public/stream/[^/]+/conversation/testsuite(?:/(.*))?")


def suite_file(*, texts=TEXTS, name="BOOKING", count=1, **more) -> bytes:
    """Return a suite file as the platform's UI exports it."""
    steps = [{"input": said, "outputs": [{"contains": answer}]} for said, answer in texts]
    steps[0]["event"] = "Start_Flow"
    case = {"name": name, "tags": [], "description": "", "preprocessor": "", "messages": steps, **more}
    return json.dumps({"botId": STREAM, "botName": "desk", "testCases": [case] * count}).encode()


def checks(text: str, status: str = "") -> dict[str, Any]:
    """Return the assertions of an output: its text is compared."""
    judged = {"status": status} if status else {}
    off = {"enabled": False, "contains": []}
    text_block = {"enabled": True, "contains": [{"text": text, **judged}], **judged}
    return {"flowLevel": deepcopy(off), "text": text_block, "context": deepcopy(off)}


def stored(name: str, texts=TEXTS) -> dict[str, Any]:
    """Return the suite as an honest platform stores it."""
    steps = [
        {"input": said, "outputs": [{"text": answer, "nodeId": "", "assertions": checks(answer)}]}
        for said, answer in texts
    ]
    steps[0]["event"] = "Start_Flow"
    return {"_id": SUITE_ID, "name": name, "streamId": STREAM, "tags": [], "testSteps": steps}


def result(texts=TEXTS, version: str = "configured") -> dict[str, Any]:
    """Return what an honest platform says of a run that passed."""
    steps = []
    for said, answer in texts:
        output = {"text": answer, "nodeId": "", "assertions": checks(answer, "passed")}
        step = {"input": said, "outputs": [output], "actualOutput": [deepcopy(output)], "status": "passed"}
        steps.append(step)
    steps[0]["event"] = "Start_Flow"
    count = {"passed": len(steps), "failed": 0, "total": len(steps)}
    inside = {"version": version, "status": "passed", "stepDetails": count, "errorDetails": None}
    return {
        "_id": RUN,
        "streamId": STREAM,
        "testSuiteId": SUITE_ID,
        "status": "passed",
        "totalTestStepsCount": len(steps),
        "percentageCompleted": 100,
        "result": {**inside, "duration": 1000, "executionResults": steps},
    }


class LyingPlatform(ThreadingHTTPServer):
    """Serve on a free port of loopback.

    Args:
        jobs: What becomes of import jobs given by their ids: a status word each; ``SUCCESS`` for others.
        bend_import: Changes the reply about an import job, in place; an HTTP status and a body
            under ``HTTP`` are sent instead.
        bend_run: Changes the reply about a completed run, in place.
        replies: Answers by the name of a call (``upload``, ``import``, ``status``, ``run``, ``result``,
            ``delete``): an HTTP status and a body in their place.
    """

    daemon_threads = True

    def __init__(self, *, jobs=None, bend_import=None, bend_run=None, replies=None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.jobs, self.replies = jobs or {}, replies or {}
        self.bend_import, self.bend_run = bend_import, bend_run
        self.calls: list[str] = []
        self.names: dict[str, str] = {}
        self.lock, self.asked = threading.Lock(), threading.Event()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Answer a call; the body is JSON unless it is bytes."""
        call, subject = _name_call(method, path)
        with self.lock:
            self.calls.append(f"{call} {subject}".strip())
        if call == "status" and self.calls.count(self.calls[-1]) > 1:  # the first answer has been seen
            self.asked.set()
        if call in self.replies:
            return self.replies[call]
        said = getattr(self, f"_{call}")(subject, body)
        return said.pop("HTTP", (200, said))

    def _upload(self, _subject: str, _body: bytes) -> Any:
        return {"fileId": "5" * 24, "hash": "a" * 40}

    def _import(self, _subject: str, body: bytes) -> Any:
        with self.lock:
            ds_id = f"ds-{len(self.names) + 1:08}"
            self.names[ds_id] = json.loads(body)["name"]
        return {"status": "IN_PROGRESS", "dsId": ds_id}

    def _status(self, ds_id: str, _body: bytes) -> Any:
        word = self.jobs.get(ds_id, "SUCCESS")
        said = {"_id": ds_id, "streamId": STREAM, "status": word, "percentageComplete": 100}
        said |= {"jobType": "CONVERSATION_TESTING_VALIDATE", "statusLogs": [], "testSuiteId": SUITE_ID}
        if word == "SUCCESS":
            said["response"] = stored(self.names.get(ds_id, "BOOKING"))
        elif word == "IN_PROGRESS":
            said["percentageComplete"] = 40
        if self.bend_import:
            self.bend_import(said)
        return said

    def _run(self, _subject: str, _body: bytes) -> Any:
        return {"status": "IN_PROGRESS", "testRunId": RUN}

    def _result(self, _subject: str, _body: bytes) -> Any:
        said = result()
        if self.bend_run:
            self.bend_run(said)
        return said

    def _delete(self, _subject: str, _body: bytes) -> Any:
        return {"status": "Success"}

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing when a client hangs up."""


def _name_call(method: str, path: str) -> tuple[str, str]:
    if path.endswith("/uploadfile"):
        return "upload", ""
    rest = (_PATH.fullmatch(path.partition("?")[0]) or ["", ""])[1] or ""
    parts = rest.split("/") if rest else []
    if method == "DELETE":
        return "delete", ""
    if parts == ["import"]:
        return "import", ""
    if parts[:1] == ["import"]:
        return "status", parts[1]
    return ("run", parts[0]) if parts[-1:] == ["run"] else ("result", parts[0] if parts else "")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LyingPlatform

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, said = self.server.answer(self.command, self.path, body)
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - http.server looks these names up

    def log_message(self, *_: object) -> None:
        """Print nothing."""
