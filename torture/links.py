"""Single cases of the wire: addresses, idle connections, left-overs, and framing that is only odd."""

from __future__ import annotations

import gzip

from e2e.socket_server import http

from torture.acts import (
    answer,
    before_the_request,
    half_close,
    idle_cut,
    last,
    late_extra,
    leave,
    reset,
    reset_after,
    say,
    slowly,
)
from torture.cases import DONE, QUICK, RUNNING, Case, Limits
from torture.documents import (
    DONE_DOCUMENT,
    FOREIGN_DOCUMENT,
    chunked,
    document,
    packed,
    raw,
)
from torture.wire import GOOD, WHOLE

RARELY = Limits(interval=0.5)
"""For what has to reach an idle connection before the next request; later, nobody can tell it from an answer."""

LINKS = [
    Case("nothing goes wrong", "Connections", [RUNNING, RUNNING, DONE], most=3),
    Case("nothing goes wrong, over TLS", "Connections", [RUNNING, RUNNING, DONE], most=3, tls="good"),
    Case(
        "nobody listens",
        "Connections",
        stand="nobody",
        good=False,
        error="UnreachableError",
        words=("check host and port",),
        limits=QUICK,
    ),
    Case(
        "nobody accepts (the backlog is full)",
        "Connections",
        stand="full",
        good=False,
        error="UnreachableError",
        words=("nobody answered|no complete answer", "kore_outage_budget"),
        limits=QUICK,
    ),
    Case("the port refuses for a second inside a wait", "Connections", [RUNNING, leave(1.0, WHOLE), DONE]),
    Case("the port refuses for a second, over TLS", "Connections", [RUNNING, leave(1.0, WHOLE), DONE], tls="good"),
    Case(
        "the port refuses inside a wait, for ever",
        "Connections",
        [RUNNING, leave(60.0, WHOLE)],
        good=False,
        error="UnreachableError",
        words=("kore_outage_budget", "IN_PROGRESS"),
        limits=QUICK,
    ),
    Case("the first of the name's addresses refuses", "Connections", [RUNNING, DONE], stand="refused first"),
    Case(
        "the first of the name's addresses is a black hole",
        "Connections",
        [RUNNING, DONE],
        stand="dead first",
        limits=Limits(request=1.2),
    ),
    Case("reset 12 times in a row", "Connections", [RUNNING, *[reset] * 12, DONE]),
    Case(
        "the idle connection is closed between polls", "Between polls", [idle_cut(WHOLE), idle_cut(WHOLE), DONE]
    ),
    Case(
        "the idle connection is closed between polls, over TLS",
        "Between polls",
        [idle_cut(WHOLE), idle_cut(WHOLE), DONE],
        tls="good",
    ),
    Case(
        "the idle connection is reset between polls",
        "Between polls",
        [idle_cut(WHOLE, abort=True), idle_cut(WHOLE, abort=True), DONE],
    ),
    Case("reset right after the answer", "Between polls", [reset_after(WHOLE), reset_after(WHOLE), DONE]),
    Case("the idle connection is half-closed", "Between polls", [half_close(WHOLE), half_close(WHOLE), DONE]),
    Case("the answer says keep-alive and the server closes", "Between polls",
         [last(http(200, GOOD, "Connection: keep-alive", "Keep-Alive: timeout=999")), RUNNING, DONE]),
    Case("HTTP/1.0, closed after each answer", "Between polls", [last(raw(b"HTTP/1.0 200 OK")), DONE]),
    Case("HTTP/1.0 with keep-alive", "Between polls",
         [answer(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(GOOD) + GOOD), DONE]),
    Case(
        "left-over: two answers to one request, the second says SUCCESS of another job",
        "Between polls",
        [answer(WHOLE + http(200, FOREIGN_DOCUMENT)), RUNNING, DONE],
        least=3,
    ),
    Case(
        "left-over: two answers to one request, the second says SUCCESS",
        "Between polls",
        [answer(WHOLE + http(200, DONE_DOCUMENT)), say(document("FAILED"))],
        good=False,
        error="ImportFailedError",
        words=("FAILED",),
    ),
    Case(
        "left-over: an answer to nobody a moment later says SUCCESS",
        "Between polls",
        [late_extra(WHOLE, http(200, DONE_DOCUMENT)), say(document("FAILED"))],
        limits=RARELY,
        good=False,
        error="ImportFailedError",
        words=("FAILED",),
    ),
    Case(
        "left-over: an answer to nobody a moment later, over TLS",
        "Between polls",
        [late_extra(WHOLE, http(200, DONE_DOCUMENT)), say(document("FAILED"))],
        limits=RARELY,
        good=False,
        error="ImportFailedError",
        words=("FAILED",),
        tls="good",
    ),
    Case(
        "left-over: a whole answer hides behind a length that is too small",
        "Between polls",
        [answer(http(200, GOOD, f"Content-Length: {len(GOOD)}", length=False) + http(200, DONE_DOCUMENT)),
         say(document("FAILED"))],
        good=False,
        error="ImportFailedError",
        words=("FAILED",),
    ),
    Case("left-over: garbage after the last chunk", "Between polls",
         [answer(chunked(GOOD) + b"garbage\r\n" * 99), RUNNING, DONE]),
    Case("408 on an idle connection, which nobody asked", "Between polls",
         [late_extra(WHOLE, http(408, b"", "Connection: close")), RUNNING, DONE], limits=RARELY),
    Case("the answer comes before the request", "Between polls",
         [RUNNING, before_the_request(WHOLE), DONE]),
    Case("the body takes its time, but comes", "Slow", [slowly(WHOLE), DONE]),
    Case("the headers take their time, but come, over TLS", "Slow", [slowly(WHOLE), DONE], tls="good"),
    Case("one byte to a packet", "Slow", [slowly(WHOLE, len(WHOLE), 0.0005), DONE]),
    Case("the length is too small", "Framing",
         [last(http(200, GOOD, f"Content-Length: {len(GOOD) - 9}", length=False)), RUNNING, DONE], least=3),
    *[
        Case(f"the length is {shown}, and the server closes", "Framing",
             [last(http(200, GOOD, f"Content-Length: {length}", length=False)), RUNNING, DONE], least=3)
        for shown, length in (
            ("nonsense", "few"), ("negative", "-5"), ("empty", ""), ("of 5 000 digits", "9" * 4999),
            ("a fraction", "1.5"), ("hexadecimal", "0xff"),
        )
    ],
    Case("the same length twice", "Framing", [answer(http(200, GOOD, f"Content-Length: {len(GOOD)}")), DONE], least=2),
    Case("chunked and a length at once", "Framing",
         [answer(chunked(GOOD, headers=("Content-Length: 5",))), RUNNING, DONE], least=3),
    Case("chunks with extensions and trailers", "Framing",
         [answer(chunked(end=b'%x;a="b;c"\r\n%s\r\n0;x\r\nX: y\r\n\r\n' % (len(GOOD), GOOD))), DONE], least=2),
    Case("100 Continue three times before the answer", "Framing",
         [answer(b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + WHOLE), DONE], most=2),
    Case("a status line without a reason", "Framing", [answer(raw(b"HTTP/1.1 200")), DONE], most=2),
    Case("lines end without a carriage return", "Framing", [answer(WHOLE.replace(b"\r\n", b"\n")), DONE], most=2),
    Case("a header with a NUL", "Framing", [answer(http(200, GOOD, "X: a\0b")), DONE], most=2),
    Case("a header with a bare carriage return", "Framing", [answer(http(200, GOOD, "X: a\rY: b")), RUNNING, DONE]),
    Case("folded headers", "Framing", [answer(http(200, GOOD, "X: a\r\n b\r\n\tc")), DONE], most=2),
    Case("a header without a colon", "Framing", [last(http(200, GOOD, "no colon here")), RUNNING, DONE]),
    Case("a header that is no Latin", "Framing", [answer(http(200, GOOD, "X: \u2603 \U0001f480")), DONE], most=2),
    Case("a header line of 60 KB", "Framing", [answer(http(200, GOOD, "X: " + "x" * 60_000)), DONE], most=2),
    Case("90 cookies, all of them harmful", "Framing",
         [answer(http(200, GOOD, *[f"Set-Cookie: a{n}=b; Max-Age=x; Expires=Wed, 99 Foo; Port=,; Version=x; Domain=.com"
                                   for n in range(90)])), DONE], most=2),
    Case("gzip", "Framing", [answer(packed(GOOD)), answer(packed(DONE_DOCUMENT))], most=2),
    Case("gzip in chunks of one byte", "Framing",
         [answer(chunked(*[bytes([one]) for one in gzip.compress(GOOD)], headers=("Content-Encoding: gzip",))), DONE],
         most=2),
]  # fmt: skip
