"""Faults that meet what changes something: an upload, an import, a run. What may have arrived is not repeated."""

from __future__ import annotations

from dataclasses import replace

from e2e.socket_server import http

from torture.acts import (
    answer,
    at_once,
    before_the_request,
    broken_record,
    close,
    flood,
    half_close,
    hold,
    idle_cut,
    last,
    redirect,
    reset,
    reset_after,
    say,
    trickle,
)
from torture.cases import DONE, RUNNING, Case, Limits
from torture.documents import (
    DONE_DOCUMENT,
    FILE,
    JOB,
    RUN,
    chunked,
    document,
    envelope,
)
from torture.stage import Early

LIMITS = Limits(outage=3.0, request=0.4)
_DONE = {
    "upload": b'{"fileId": "%s"}' % FILE.encode(),
    "import": b'{"status": "ACCEPTED", "dsId": "%s"}' % JOB.encode(),
    "run": b'{"status": "ACCEPTED", "testRunId": "%s"}' % RUN.encode(),
}
_WHAT = {"upload": "an upload", "import": "starting an import", "run": "starting a run"}

LOST = (
    ("the request is read and the connection reset", reset, "UnreachableError"),
    ("the request is read and the connection closed", close, "UnreachableError"),
    ("the request is read and our side closed", half_close(), "UnreachableError"),
    ("the request is read and never answered", hold(), "UnreachableError"),
    ("the headers trickle", trickle(b"HTTP/1.1 200 OK\r\n", b"X: "), "UnreachableError"),
    ("the headers are cut", last(b"HTTP/1.1 200 OK\r\nX"), "ProtocolError"),
    ("the body is cut", None, "UnreachableError"),
    ("the connection is reset inside the body", "reset", "UnreachableError"),
    ("the body stops", "stop", "UnreachableError"),
    ("the answer is empty", say(b""), "ProtocolError"),
    ("the answer is a login page", say(b"<html><title>Sign in</title></html>"), "ProtocolError"),
    ("the answer is somebody's JSON", say(b'{"ok": true}'), "ProtocolError"),
    ("the answer is binary garbage", last(b"\x15\x03\x01\x00\x02\x02\x50\r\n\r\n"), "UnreachableError"),
    ("the answer is HTTP/0.9", last(b'{"dsId": "ds-1"}'), "UnreachableError"),
    ("the answer says gzip and is none", say(b"{}", 200, "Content-Encoding: gzip"), "UnreachableError"),
    ("the answer has two lengths", last(http(200, b"{}", "Content-Length: 1", "Content-Length: 2", length=False)),
     "UnreachableError"),
    ("the last chunk is missing", last(chunked(b"{}", end=b"")), "UnreachableError"),
    ("100 Continue without an end", flood(b"", b"HTTP/1.1 100 C\r\n\r\n" * 99, 2_000), "UnreachableError"),
    ("HTTP 103 before the answer", last(b"HTTP/1.1 103 X\r\n\r\n" + http(200, b"{}")), "UnreachableError"),
    ("HTTP 204", answer(b"HTTP/1.1 204 X\r\n\r\n"), "ProtocolError"),
    ("HTTP 408", say(b"", 408), "UnreachableError"),
    ("HTTP 409", say(b"", 409), "RefusedError"),
    ("HTTP 500", say(b"", 500), "UnreachableError"),
    ("HTTP 502 with HTML", say(b"<html></html>", 502), "UnreachableError"),
    ("HTTP 503 with Retry-After: 1", say(b"", 503, "Retry-After: 1"), "UnreachableError"),
    ("HTTP 504", say(b"", 504), "UnreachableError"),
    ("HTTP 400", say(envelope("Nobody knows"), 400), "RefusedError"),
    ("HTTP 403", say(b"", 403), "AccessDeniedError"),
    ("HTTP 404", say(b"", 404), "RefusedError"),
    ("HTTP 412", say(envelope("Validation errors/ Invalid arguments"), 412), "RefusedError"),
    ("HTTP 413", say(b"", 413), "RefusedError"),
    ("HTTP 307 to another host", redirect(307, "another host"), "RefusedError"),
    ("HTTP 308 to the same host", redirect(308, "the same host"), "RefusedError"),
    ("HTTP 302 to a path", redirect(302, "a path"), "RefusedError"),
)  # fmt: skip
"""After these nobody knows, or it was refused: one request, never a second."""

NEVER_ARRIVED = (
    ("TLS: closed before the handshake", at_once("close")),
    ("TLS: reset inside the handshake", at_once("hello, then reset")),
    ("TLS: cut inside the handshake", at_once("hello, then close")),
    ("TLS: a handshake that never goes on", at_once("hold")),
    ("TLS: an alert in the handshake", at_once("internal alert")),
)
"""After these nothing has left: it is repeated, and done once."""


def _lost(kind):
    good = http(200, _DONE[kind])
    acts = {None: last(good[:-9]), "reset": reset_after(good[:-9]), "stop": hold(good[:-9])}
    for name, act, error in LOST:
        bare = Case(
            f"{_WHAT[kind]}: {name}", "Writes", kind=kind, limits=LIMITS, good=False, error=error, most=1
        )
        act = acts[act] if act is None or isinstance(act, str) else act  # noqa: PLW2901 - made for this kind
        # What was refused is refused again; what was lost, would be done a second time.
        refused = error in {"RefusedError", "AccessDeniedError"}
        same_host = "same host" in name or "a path" in name
        yield replace(bare, acts=[act] if refused else [act, answer(good)], ours_only=same_host)
    yield replace(
        bare, name=f"{_WHAT[kind]}: TLS: a broken record instead of the answer", acts=[broken_record, answer(good)],
        error="UnreachableError", tls="good",
    )  # fmt: skip
    yield replace(
        bare,
        name=f"{_WHAT[kind]}: HTTP 401 for ever",
        acts=[say(b"", 401)],
        error="AccessDeniedError",
        most=2,
    )


def _arrives(kind):
    good = answer(http(200, _DONE[kind]))
    bare = Case("", "Writes", kind=kind, limits=LIMITS)
    for name, acts, most in (
        ("nothing goes wrong", [good], 1),
        ("HTTP 202", [answer(http(202, _DONE[kind]))], 1),
        ("HTTP 429 once", [say(b"", 429), good], 2),
        ("HTTP 429 that says 200", [say(envelope("Rate limit for this API has been reached.")), good], 2),
        ("HTTP 401 once", [say(b"", 401), good], 2),
        (
            "100 Continue before the answer",
            [answer(b"HTTP/1.1 100 Continue\r\n\r\n" + http(200, _DONE[kind]))],
            1,
        ),
        ("the answer is chunked", [answer(chunked(_DONE[kind]))], 1),
        ("the answer is followed by a reset", [reset_after(http(200, _DONE[kind]))], 1),
    ):
        yield replace(bare, name=f"{_WHAT[kind]}: {name}", acts=acts, most=most)
    yield replace(
        bare, name=f"{_WHAT[kind]}: HTTP 429, Retry-After: 2", acts=[say(b"", 429, "Retry-After: 2"), good],
        most=2, pause=(0, 2.0), limits=LIMITS._replace(outage=5.0),
    )  # fmt: skip
    yield replace(
        bare, name=f"{_WHAT[kind]}: HTTP 429, Retry-After: 3600", acts=[say(b"", 429, "Retry-After: 3600"), good],
        good=False, error="RateLimitedError", words=("3600",), most=1, within=1.0,
    )  # fmt: skip
    yield replace(
        bare, name=f"{_WHAT[kind]}: the port refuses for a second", stand="late", acts=[good], most=1,
        limits=LIMITS._replace(outage=5.0),
    )  # fmt: skip
    yield replace(
        bare, name=f"{_WHAT[kind]}: nobody listens", stand="nobody", good=False, error="UnreachableError",
        words=("check host and port",), most=0,
    )  # fmt: skip
    for name, act in NEVER_ARRIVED:
        yield replace(bare, name=f"{_WHAT[kind]}: {name}", acts=[act, good], most=1, tls="good")


UPLOADS = [
    Case("a large upload: the server stops reading", "Writes", [Early(lambda line, _: line.wait_for_stop(5))],
         kind="large upload", limits=LIMITS, good=False, error="UnreachableError", words=("no complete answer",), most=0),
    Case("a large upload: reset while it is sent", "Writes",
         [Early(lambda line, _: (line.socket.recv(4096), line.reset()))],
         kind="large upload", limits=LIMITS, good=False, error="UnreachableError", most=0),
    Case("a large upload: HTTP 413 before it is read, with a reset", "Writes", [before_the_request(http(413, b""))],
         kind="large upload", limits=LIMITS, good=False, error="RefusedError|UnreachableError", most=0),
]  # fmt: skip

UPLOADED, STARTED = say(_DONE["upload"]), say(_DONE["import"])
ROADS = [
    Case("the whole road: nothing goes wrong", "The whole road", [UPLOADED, STARTED, RUNNING, DONE], most=4),
    Case("the whole road: the connection idles away between polls", "The whole road",
         [UPLOADED, STARTED, idle_cut(http(200, document())), idle_cut(http(200, document())), DONE], most=5),
    Case("the whole road: after the answer to the upload comes one to an import that nobody asked for",
         "The whole road", [answer(http(200, _DONE["upload"]) + http(200, b'{"dsId": "ds-99999999"}')), STARTED, DONE],
         most=3),
    Case("the whole road: the upload meets a 429", "The whole road",
         [say(b"", 429), UPLOADED, STARTED, RUNNING, DONE], most=5),
    Case("the whole road: polls meet resets, a black hole and a login page", "The whole road",
         [UPLOADED, STARTED, reset, hold(), say(b"<html></html>"), RUNNING, DONE], most=7),
    Case("the whole road: the answer to the upload is lost, and somebody asks again", "The whole road",
         [reset, UPLOADED, STARTED, DONE], good=False, error="UnreachableError", words=("look for",), most=1),
    Case("the whole road: the answer to the import is lost, and somebody asks again", "The whole road",
         [UPLOADED, reset, STARTED, DONE], good=False, error="UnreachableError", words=("look for", "'greetings'"),
         most=2),
    Case("the whole road: the answer to the import is a login page", "The whole road",
         [UPLOADED, say(b"<html></html>"), STARTED, DONE], good=False, error="ProtocolError", words=("look for",),
         most=2),
    Case("the whole road: the answer to the import has no usable id", "The whole road",
         [UPLOADED, say(b'{"dsId": "../../x"}'), STARTED, DONE], good=False, error="ProtocolError",
         words=("look for",), most=2),
    Case("the whole road: the answer to the import is another job's document", "The whole road",
         [UPLOADED, say(DONE_DOCUMENT), STARTED, DONE], good=False, error="ProtocolError", words=("look for",), most=2),
    Case("the whole road: the import never gets done", "The whole road",
         [UPLOADED, STARTED, say(document(percent=1))], good=False, error="JobTimeoutError",
         words=("--kore-ds-id",), limits=Limits(timeout=1.5)),
]  # fmt: skip


def write_cases() -> list[Case]:
    """Return all of them."""
    kinds = ("upload", "import", "run")
    roads = [replace(case, kind="road", ours_only=True) for case in ROADS]
    return [*(case for kind in kinds for case in (*_arrives(kind), *_lost(kind))), *UPLOADS, *roads]
