"""Whole HTTP answers that are refusals, redirects, or documents that do not fit."""

from __future__ import annotations

from e2e.socket_server import http

from torture.acts import (
    answer,
    last,
    redirect,
    say,
    until_new_token,
)
from torture.cases import DONE, QUICK, RUNNING, Case, Fault, Limits, ends, make_cases
from torture.documents import (
    DONE_DOCUMENT,
    FOREIGN_DOCUMENT,
    STORED,
    document,
    envelope,
)
from torture.pauses import pause_cases

GOOD = document()
HTML = b"<!doctype html><html><title>Sign in</title><body>Please sign in</body></html>"
DENIED = envelope("Invalid SDK credentials")

TROUBLE = [
    Fault(f"HTTP {status}{shown}", say(body, status), error, words)
    for status, shown, body, error, words in (
        (408, "", b"", "UnreachableError", ("HTTP 408",)),
        (409, "", b"", "RefusedError", ("HTTP 409",)),
        (425, "", b"", "UnreachableError", ("HTTP 425",)),
        (429, " without Retry-After", b"", "RateLimitedError", ("60 a minute",)),
        (500, "", b"", "UnreachableError", ("HTTP 500",)),
        (502, " with HTML", HTML, "UnreachableError", ("HTTP 502", "Sign in")),
        (503, "", b"", "UnreachableError", ("HTTP 503",)),
        (504, "", b"", "UnreachableError", ("HTTP 504",)),
        (511, " (a captive portal)", HTML, "UnreachableError", ("HTTP 511",)),
        (520, " (of a content network)", b"", "UnreachableError", ("HTTP 520",)),
        (600, "", b"", "UnreachableError", ("HTTP 600",)),
        (999, "", b"", "UnreachableError", ("HTTP 999",)),
        (205, "", b"", "ProtocolError", ("HTTP 205",)),
        (206, " with the whole document", GOOD, "ProtocolError", ("HTTP 206",)),
        (203, " with the whole document", GOOD, "ProtocolError", ("HTTP 203",)),
        (226, "", GOOD, "ProtocolError", ("HTTP 226",)),
        (300, " without a Location", b"", "ProtocolError", ("HTTP 300",)),
        (302, " without a Location", b"", "ProtocolError", ("HTTP 302",)),
        (500, " with a success in it", DONE_DOCUMENT, "UnreachableError", ("HTTP 500",)),
    )
] + [
    Fault("HTTP 204", answer(b"HTTP/1.1 204 No Content\r\n\r\n"), "ProtocolError", ("HTTP 204",)),
    Fault("HTTP 304", answer(b"HTTP/1.1 304 X\r\n\r\n"), "ProtocolError", ("HTTP 304",)),
    Fault(
        "HTTP 204 with a body", last(http(204, GOOD)), "ProtocolError|UnreachableError", ("HTTP 204|",)
    ),
    Fault("HTTP 400 that says the rate limit", say(envelope("Rate limit for this API has been reached."), 400),
          "RateLimitedError", ("limit",)),
    Fault("HTTP 401 that says the rate limit", say(envelope("You've exceeded the hourly rate limit."), 401),
          "RateLimitedError", ("1800 an hour",)),
    Fault("HTTP 503 with a gzip body that is broken",
          say(b"broken", 503, "Content-Encoding: gzip"), words=("HTTP 503",)),
]  # fmt: skip

MISFITS = [
    Fault(name, say(body, 200, *headers), error, words)
    for name, body, headers, error, words in (
        ("an empty answer", b"", (), "ProtocolError", ("empty",)),
        ("an HTML page (a proxy's login)", HTML, (), "ProtocolError", ("Sign in",)),
        ("an HTML page that is called JSON", HTML, ("Content-Type: application/json",), "ProtocolError", ()),
        ("JSON null", b"null", (), "ProtocolError", ()),
        ("a JSON list", b"[]", (), "ProtocolError", ()),
        ("a JSON list around the document", b"[" + DONE_DOCUMENT + b"]", (), "ProtocolError", ()),
        ("a JSON text", b'"SUCCESS"', (), "ProtocolError", ()),
        ("a JSON number", b"200", (), "ProtocolError", ()),
        ("an empty object", b"{}", (), "ProtocolError", ()),
        ("blanks", b" \r\n\t" * 99, (), "ProtocolError", ()),
        ("half a document with its right length", DONE_DOCUMENT[:60], (), "ProtocolError", ()),
        ("the document twice", DONE_DOCUMENT * 2, (), "ProtocolError", ()),
        ("a document and garbage", DONE_DOCUMENT + b"<!-- cached -->", (), "ProtocolError", ()),
        ("JSONP", b"callback(" + DONE_DOCUMENT + b")", (), "ProtocolError", ()),
        ("single quotes", DONE_DOCUMENT.replace(b'"', b"'"), (), "ProtocolError", ()),
        ("two byte order marks", b"\xef\xbb\xbf" * 2 + DONE_DOCUMENT, (), "ProtocolError", ()),
        ("UTF-16", GOOD.decode().encode("utf-16"), (), "ProtocolError", ()),
        ("UTF-16 without a mark", GOOD.decode().encode("utf-16-le"), (), "ProtocolError", ()),
        ("UTF-32", GOOD.decode().encode("utf-32"), (), "ProtocolError", ()),
        ("bytes that are no UTF-8", GOOD.replace(b"VALIDATE", b"\xff\xfe"), (), "ProtocolError", ()),
        ("UTF-7 by its content type", b"+AHsAfQ-", ("Content-Type: a; charset=utf-7",), "ProtocolError", ()),
        ("percent NaN", GOOD.replace(b"40", b"NaN"), (), "ProtocolError", ("NaN",)),
        ("percent Infinity", GOOD.replace(b"40", b"Infinity"), (), "ProtocolError", ()),
        ("FAILED and then SUCCESS under one key",
         DONE_DOCUMENT.replace(b'"status": "S', b'"status": "FAILED", "status": "S', 1),
         (), "ProtocolError", ("duplicate key",)),
        ("two ids under one key",
         DONE_DOCUMENT.replace(b'"_id"', b'"_id": "ds-9", "_id"', 1), (), "ProtocolError", ("duplicate key",)),
        ("a 60 000-deep list", b"[" * 60_000 + b"]" * 60_000, (), "ProtocolError", ()),
        ("a 60 000-deep document", b'{"a":' * 60_000 + b"1" + b"}" * 60_000, (), "ProtocolError", ()),
        ("a document with a deep place", GOOD[:-1] + b', "x": ' + b"[" * 9_999 + b"]" * 9_999 + b"}",
         (), "ProtocolError", ()),
        ("a number of 5 000 digits", GOOD.replace(b"40", b"4" * 5_000), (), "ProtocolError", ()),
        ("the status is a number", GOOD.replace(b'"IN_PROGRESS"', b"200"), (), "ProtocolError", ("status",)),
        ("the status is null", GOOD.replace(b'"IN_PROGRESS"', b"null"), (), "ProtocolError", ("status",)),
        ("the status is a list", DONE_DOCUMENT.replace(b'"SUCCESS"', b'["SUCCESS"]'), (), "ProtocolError", ()),
        ("there is no status", document().replace(b"status", b"state"), (), "ProtocolError", ()),
        ("there is no id", document("SUCCESS", _id=...), (), "ProtocolError", ("_id",)),
        ("another job's success", FOREIGN_DOCUMENT, (), "ProtocolError", ("ds-99999999", "another job")),
        ("an id with a blank", document("SUCCESS", _id="ds-11111111 "), (), "ProtocolError", ("another job",)),
        ("an id in another case", document("SUCCESS", _id="DS-11111111"), (), "ProtocolError", ("another job",)),
        ("another bot's success", document("SUCCESS", streamId="st-9"), (), "ProtocolError", ("st-9",)),
        ("a success without a bot", document("SUCCESS", streamId=...), (), "ProtocolError", ("streamId",)),
        ("the error envelope with HTTP 200", envelope("Oh no"), (), "ProtocolError", ("Oh no",)),
        ("the rate limit with HTTP 200", envelope("Rate limit for this API has been reached."), (),
         "RateLimitedError", ("limit",)),
        ("a success wrapped in data", b'{"data": ' + DONE_DOCUMENT + b"}", (), "ProtocolError", ()),
        ("control characters for the terminal", b"\x1b]0;x\x07\x1b[2J" + GOOD, (), "ProtocolError", ()),
    )
]  # fmt: skip


def _refused(status, said, error, words, most=1, **more):
    body = envelope(said) if said else b""
    name = f"HTTP {status}{f' ({said})' if said else ''}"
    return [
        ends(f"{name}: for ever", [say(body, status)], error, words, most=most, within=1.0, **more),
        ends(f"{name}: inside a wait", [RUNNING, say(body, status)], error, words, most=most + 1, within=1.0),
    ]


REFUSALS = [
    *_refused(400, "Nobody knows", "RefusedError", ("Nobody knows",)),
    *_refused(400, "Invalid StreamId", "RefusedError", ("kore_stream_id",)),
    *_refused(401, "Invalid SDK credentials", "AccessDeniedError", ("mapped to this stream",), 2),
    *_refused(401, "Permission denied. Scope is incorrect!", "AccessDeniedError", ("publish the bot",), 2),
    *_refused(401, "", "AccessDeniedError", ("check credentials",), 2),
    *_refused(403, "", "AccessDeniedError", ("check credentials",)),
    *_refused(402, "", "RefusedError", ("HTTP 402",)),
    *_refused(405, "", "RefusedError", ("path prefix",)),
    *_refused(406, "", "RefusedError", ("HTTP 406",)),
    *_refused(407, "", "UnreachableError", ("HTTPS_PROXY",)),
    *_refused(410, "", "RefusedError", ("HTTP 410",)),
    *_refused(412, "Validation errors/ Invalid arguments", "RefusedError", ("A field of the request",)),
    *_refused(415, "", "RefusedError", ("HTTP 415",)),
    *_refused(421, "", "RefusedError", ("HTTP 421",)),
    *_refused(431, "", "RefusedError", ("HTTP 431",)),
    *_refused(451, "", "RefusedError", ("HTTP 451",)),
    Case("HTTP 401 once", "Refusals", [say(DENIED, 401), RUNNING, DONE], most=3),
    Case("HTTP 401 once inside a wait", "Refusals", [RUNNING, say(DENIED, 401), RUNNING, DONE], most=4),
    Case("HTTP 401 until a new token is sent", "Refusals", [until_new_token(DONE_DOCUMENT)], most=2),
    Case("HTTP 401 and closed, once", "Refusals", [last(http(401, DENIED)), RUNNING, DONE], most=3),
    Case("HTTP 404 three times, then it exists", "Refusals", [*[say(b"", 404)] * 3, RUNNING, DONE]),
    Case(
        "HTTP 400 (Invalid request ID) twice, then it exists",
        "Refusals",
        [*[say(envelope("Invalid request ID"), 400)] * 2, RUNNING, DONE],
    ),
    ends("HTTP 404 for ever", [say(b"", 404)], "RefusedError", ("path prefix",), limits=QUICK),
    ends(
        "HTTP 400 (Invalid request ID) for ever",
        [say(envelope("Invalid request ID"), 400)],
        "RefusedError",
        ("The platform does not know this job",),
        limits=QUICK,
    ),
    ends(
        "HTTP 404 after it was there",
        [RUNNING, say(b"", 404)],
        "JobExpiredError",
        ("has expired or was deleted",),
        most=5,
        within=2,
    ),
    ends(
        "HTTP 400 (Invalid request ID) after it was there",
        [RUNNING, say(envelope("Invalid request ID"), 400)],
        "JobExpiredError",
        ("has expired or was deleted", "Import the suite again"),
        most=5,
        within=2,
    ),
    Case("HTTP 404 twice inside a wait", "Refusals", [RUNNING, *[say(b"", 404)] * 2, RUNNING, DONE]),
    Case("HTTP 503 for 12 answers in a row", "Refusals", [*[say(b"", 503)] * 12, DONE]),
    Case("HTTP 429 three times without Retry-After", "Refusals", [RUNNING, *[say(b"", 429)] * 3, DONE]),
]

STATUSES = (300, 301, 302, 303, 305, 307, 308)
REDIRECTS = [
    ends(
        f"HTTP {status} to {where}",
        [redirect(status, where)],
        "RefusedError",
        ("redirects to", "kore_host"),
        group="Redirects",
        most=1,
        within=1.0,
        ours_only=where != "another host",
    )
    for status in STATUSES
    for where in ("another host", "the same host", "a path")
] + [
    ends(f"HTTP 302 to {where}", [redirect(302, where)], "RefusedError", ("redirects to",), group="Redirects",
          most=1, within=1.0)
    for where in ("//", "nonsense")
] + [
    ends("HTTP 302 inside a wait", [RUNNING, redirect(302, "another host")], "RefusedError", ("redirects to",),
          group="Redirects", most=2, within=1.0),
    ends("HTTP 307 from TLS to http://", [redirect(307, "http://")], "RefusedError", ("redirects to http://",),
          group="Redirects", most=1, within=1.0, tls="good"),
    ends("HTTP 302 from TLS to another host", [redirect(302, "another host")], "RefusedError", ("redirects to",),
          group="Redirects", most=1, within=1.0, tls="good"),
]  # fmt: skip


def _documents():
    group, stuck = "Documents", Limits(timeout=1.5, outage=1.0)
    halves = [document("SUCCESS", 100, response=value) for value in (..., None, {}, [], "yes")]
    empty = ("an empty object", "an empty list", "a text")
    names = ("no response", "response null", *[f"{what} as response" for what in empty])
    cases = []
    for name, half in zip(names, halves, strict=True):
        cases += [
            Case(f"SUCCESS with {name}, then with the suite", group, [RUNNING, say(half), say(half), DONE], least=4),
            ends(f"SUCCESS with {name}, for ever", [RUNNING, say(half)], "ProtocolError", ("is not verified",),
                  group, most=8),
        ]  # fmt: skip
    cases += [
        Case(name, group, [RUNNING, say(body), say(body), DONE], least=4)
        for name, body in (
            ("progress goes back", document(percent=10)),
            ("100 % while it runs", document(percent=100)),
            ("percent null", document(percent=None)),
            ("percent as text", document(percent="40 %")),
            ("percent missing", document(percent=...)),
            ("percent 1e999", GOOD.replace(b"40", b"1e999")),
            ("percent negative", document(percent=-1)),
            ("percent a list", document(percent=[1])),
            ("the status QUEUED", document("QUEUED")),
            ("a status that nobody knows", document("PONDERING")),
            ("a status that only begins like a success", document("SUCCESS_PENDING", response=STORED)),
            ("a status of NUL and SUCCESS", document("\0SUCCESS\0", response=STORED)),
            ("an empty status", document("")),
            ("a status of 100 KB", document("X" * 100_000)),
            ("half a surrogate pair", GOOD.replace(b"IN_PROGRESS", b"\\ud800")),
            ("a byte order mark", b"\xef\xbb\xbf" + GOOD),
            ("unknown fields of all kinds", document(x=[{"y": None}], constructor=1, __proto__={"a": 1})),
            ("the content type of a picture", GOOD),
        )
    ]
    cases += [
        Case("the status in lower case", group, [say(document("in progress")), say(document("Success", response=STORED))]),
        ends("a status that nobody knows, for ever", [say(document("PONDERING"))], "JobTimeoutError",
              ("PONDERING", "undocumented"), group, limits=stuck),
        ends("stuck at 85 %", [say(document(percent=85))], "JobTimeoutError", ("85 %", "--kore-ds-id"),
              group, limits=stuck),
        ends("stuck at 85 %, with a stall timeout", [say(document(percent=85))], "JobStalledError",
              ("kore_stall_timeout",), group, limits=stuck._replace(stall=0.7)),
        ends("another kind of job's id", [say(document("SUCCESS", jobType="PUBLISH"))], "ProtocolError",
              ("PUBLISH", "not to a suite import"), group, most=1, within=1.0),
        *[
            ends(f"the status {word}", [RUNNING, say(document(word, response=STORED))], "ImportFailedError",
                  (word,), group, most=2, within=1.0)
            for word in ("FAILED", "Partially Successful", "error", "Cancelled", "timed-out")
        ],
        ends("a stored suite without steps", [say(document("SUCCESS", response={**STORED, "testSteps": []}))],
              "StructureError", (), group, most=1, within=1.0),
        ends("a stored suite of another bot", [say(document("SUCCESS", response={**STORED, "streamId": "st-9"}))],
              "StructureError", ("st-9",), group, most=1, within=1.0),
        ends("a stored suite whose steps are a text", [say(document("SUCCESS", response={**STORED, "testSteps": "x"}))],
              "StructureError", (), group, most=1, within=1.0),
    ]  # fmt: skip
    return cases


def answer_cases() -> list[Case]:
    """Return all of them."""
    return [
        *REFUSALS,
        *make_cases("Trouble", TROUBLE),
        *REDIRECTS,
        *pause_cases(429),
        *pause_cases(503),
        *make_cases("Misfits", MISFITS),
        *_documents(),
    ]
