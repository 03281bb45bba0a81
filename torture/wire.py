"""Faults of the wire: connections, TLS, and bytes that are no whole HTTP answer."""

from __future__ import annotations

import gzip
import zlib

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
    last,
    reset,
    reset_after,
    say,
    trickle,
)
from torture.cases import DONE, Case, Fault, make_cases
from torture.documents import (
    chunked,
    document,
    gibibyte_of_gzip,
    many_values,
    mebibyte_of_gzip,
    packed,
    raw,
)

GOOD = document()
BOTH = ("http", "tls")
WHOLE = http(200, GOOD)
HEAD = b"HTTP/1.1 200 OK\r\n"
BARE = http(200, b"", length=False)

CONNECTIONS = [
    Fault("the connection is accepted and closed at once", at_once("close")),
    Fault("the connection is accepted and reset at once", at_once("reset")),
    Fault("the request is read and the connection reset", reset, over=BOTH),
    Fault("the request is read and the connection closed", close, words=("closed",), over=BOTH),
    Fault("the request is read, our side closed, the other kept open", half_close(), over=BOTH),
    Fault("the connection is accepted and never read", at_once("hold"), words=("no complete answer",)),
    Fault("the request is read and never answered", hold(), words=("no complete answer",), over=BOTH),
    Fault("reset inside the headers", reset_after(HEAD + b"Content-Le"), "UnreachableError ProtocolError"),
    Fault("reset inside the body", reset_after(WHOLE[:-9]), over=BOTH),
    Fault("half-closed inside the body", half_close(WHOLE[:-9]), words=("cut off",), over=BOTH),
]

CUTS = [
    Fault("cut inside the status line", last(b"HTTP/1.1 20")),
    Fault("cut inside the headers", last(HEAD + b"Content-Le"), "ProtocolError", ("empty",), over=BOTH),
    Fault("the body is shorter than its length", last(WHOLE[:-5]), words=("cut off",), over=BOTH),
    Fault("cut body without a length", last(BARE + GOOD[:-9]), "ProtocolError", over=BOTH),
    Fault("cut inside a chunk", last(chunked(GOOD)[:-15]), words=("cut off",), over=BOTH),
    Fault("cut inside a chunk's size", last(chunked(end=b"4")), words=("cut off",)),
    Fault("no last chunk", last(chunked(GOOD, end=b"")), words=("cut off",)),
    Fault("chunked and empty", answer(chunked()), "ProtocolError", ("empty",)),
    Fault("gzip without its checksum", say(gzip.compress(GOOD)[:-8], 200, "Content-Encoding: gzip")),
]

SLOW = [
    Fault("headers trickle without an end", trickle(HEAD, b"X: "), words=("no complete answer",), over=BOTH),
    Fault("a header line after the other without an end", trickle(HEAD, b"X: 1\r\n" * 80)),
    Fault("the body trickles without an end", trickle(BARE, GOOD), words=("no complete answer",), over=BOTH),
    Fault("chunks trickle without an end", trickle(chunked(end=b""), b"1\r\n \r\n" * 999)),
    Fault("the headers stop", hold(HEAD + b"X: "), words=("no complete answer",), over=BOTH),
    Fault("the body stops", hold(WHOLE[:-5]), words=("no complete answer",), over=BOTH),
    Fault("the length is too large and the connection stays", hold(http(200, GOOD + b"  ")[:-2])),
    Fault("100 Continue without an end", flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 99, 2_000)),
]

NO_HTTP = [
    Fault(
        "binary garbage", last(b"\x15\x03\x01\x00\x02\x02\x50\r\n\r\n"), words=("not valid HTTP",), over=BOTH
    ),
    Fault("HTTP/0.9: a body and nothing else", last(GOOD), words=("not valid HTTP",)),
    Fault("SSH on the port", last(b"SSH-2.0-OpenSSH_9.6\r\n")),
    Fault("SMTP on the port, it speaks first", before_the_request(b"220 mail.example ESMTP\r\n")),
    Fault("an HTTP/2 preface", last(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\0" * 18)),
    Fault("the status line says HTTP/2", last(raw(b"HTTP/2 200 OK"))),
    Fault("the status line says HTTP/9.9", last(raw(b"HTTP/9.9 200 OK"))),
    Fault("a status of four digits", last(raw(b"HTTP/1.1 2000 OK"))),
    Fault("a negative status", last(raw(b"HTTP/1.1 -200 OK"))),
    Fault("a status in words", last(raw(b"HTTP/1.1 OK"))),
    Fault("status 000", last(raw(b"HTTP/1.1 000 X"))),
    Fault("status 099", last(raw(b"HTTP/1.1 099 X"))),
    Fault("a status line of 70 KB", last(b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n")),
    Fault("a header line of 70 KB", last(HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n" + GOOD)),
    Fault("1 000 headers", last(http(200, GOOD, *[f"X-{n}: 1" for n in range(1000)]))),
    Fault(
        "two different lengths", last(http(200, GOOD, "Content-Length: 3", "Content-Length: 5", length=False))
    ),
    Fault("a chunk size in words", last(BARE[:-2] + b"Transfer-Encoding: chunked\r\n\r\nmany\r\n" + GOOD)),
    Fault("a negative chunk size", last(BARE[:-2] + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + GOOD)),
    Fault("101 Switching Protocols", last(b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n"), words=("HTTP 101",)),
    Fault("102 Processing before the answer", last(b"HTTP/1.1 102 X\r\n\r\n" + WHOLE), words=("HTTP 102",)),
    Fault("103 Early Hints before the answer", last(b"HTTP/1.1 103 X\r\n\r\n" + WHOLE), words=("HTTP 103",)),
    Fault(
        "plain text that is called gzip", say(GOOD, 200, "Content-Encoding: gzip"), words=("not the gzip",)
    ),
    Fault("gzip with a wrong checksum", last(packed(GOOD)[:-8] + b"\0" * 8), words=("not the gzip",)),
    Fault("a broken block of gzip", last(packed(GOOD)[:-30] + b"\xff" * 30)),
    Fault(
        "gzip of gzip",
        say(gzip.compress(gzip.compress(GOOD)), 200, "Content-Encoding: gzip, gzip"),
        words=("only gzip was offered",),
    ),
    Fault("brotli, which nobody asked for", say(GOOD, 200, "Content-Encoding: br"), words=("'br'",)),
    Fault("deflate, which nobody asked for", say(zlib.compress(GOOD), 200, "Content-Encoding: deflate")),
]

LARGE = [
    Fault("a length of 1 GiB is announced", hold(http(200, b"", f"Content-Length: {1 << 30}", length=False))),
    Fault(
        "a body of 1 GiB with its length",
        flood(http(200, b"", f"Content-Length: {1 << 30}", length=False), b" " * (1 << 20), 1 << 10),
        alone=True,
    ),
    Fault("a body of 1 GiB without a length", flood(BARE, b" " * (1 << 20), 1 << 10), alone=True),
    Fault(
        "a body of 1 GiB in chunks",
        flood(chunked(end=b""), b"100000\r\n" + b" " * (1 << 20) + b"\r\n", 1 << 10),
        alone=True,
    ),
    Fault(
        "a chunk size of 1 GiB of letters", flood(chunked(end=b"5;"), b"x" * (1 << 20), 1 << 10), alone=True
    ),
    Fault("a trailer of 1 GiB", flood(chunked(GOOD, end=b"0\r\nX: "), b"x" * (1 << 20), 1 << 10), alone=True),
    Fault(
        "trailers without an end",
        flood(chunked(GOOD, end=b"0\r\n"), b"X: y\r\n" * 9_999, 1 << 10),
        alone=True,
    ),
    Fault("a header of 1 GiB", flood(HEAD + b"X: ", b"x" * (1 << 20), 1 << 10), alone=True),
]


def _bombs():
    bombs = (
        ("1 GiB out of 1 MiB of gzip", lambda: packed_bomb(gibibyte_of_gzip())),
        ("300 MiB of JSON out of less than 1 MiB of gzip", lambda: packed_bomb(mebibyte_of_gzip())),
        ("ten million values in 28 MiB of JSON", lambda: http(200, many_values())),
        ("ten million values out of 100 KiB of gzip", lambda: packed(many_values())),
    )
    return [
        Fault(name, _lazily(make), alone=True, words=("larger than",) if "GiB" in name else ())
        for name, make in bombs
    ]


def packed_bomb(data):
    """Return an answer with a body that is gzip already."""
    return http(200, data, "Content-Encoding: gzip")


def _lazily(make):
    made = []

    def act(line, _stage):
        line.request()
        made[:] = made or [make()]
        line.send(made[0])

    return act


TLS = [
    Fault(f"TLS: {name}", at_once(what), words=words)
    for name, what, words in (
        ("closed before the handshake", "close", ()),
        ("cut inside the handshake", "hello, then close", ()),
        ("reset inside the handshake", "hello, then reset", ()),
        ("a handshake that never goes on", "hold", ("no complete answer",)),
        ("a handshake that trickles", "trickled handshake", ("no complete answer",)),
        ("an alert in the handshake: internal error", "internal alert", ()),
        ("an alert in the handshake: no common cipher", "alert", ()),
    )
] + [Fault("TLS: a broken record instead of an answer", broken_record)]


def _over_tls(cases):
    from dataclasses import replace

    return [replace(case, tls="good") for case in cases]


def _final(name, words, *, tls="", acts=(DONE,), most=0, **more):
    """Make a case that has to end at once."""
    more = {"error": "UnreachableError", "within": 1.0, "group": "TLS", **more}
    return Case(name, acts=acts, good=False, words=words, tls=tls, most=most, **more)


CERTIFICATES = [
    _final("the certificate is of an unknown CA", ("kore_ca_bundle",), tls="of an unknown CA"),
    _final("the certificate has expired", ("expired", "renew"), tls="expired"),
    _final("the certificate is not yet valid", ("clock",), tls="not yet valid"),
    _final(
        "the certificate is for another host",
        ("kore_host is not a name in the certificate",),
        tls="another host's",
    ),
    _final("plain HTTP on the TLS port", ("does not use TLS",), tls="good", acts=[at_once("plain HTTP")]),
    _final("garbage on the TLS port", ("does not use TLS",), tls="good", acts=[at_once("broken record")]),
    _final(
        "the server wants a client's certificate",
        ("kore_client_cert",),
        tls="wants a client's",
        most=1,
    ),
]


def wire_cases() -> list[Case]:
    """Return all of them."""
    return [
        *make_cases("Connections", CONNECTIONS),
        *make_cases("Cut off", CUTS),
        *make_cases("Slow", SLOW),
        *make_cases("No HTTP", NO_HTTP),
        *_over_tls(make_cases("TLS", TLS)),
        *CERTIFICATES,
        *make_cases("Large", [*LARGE, *_bombs()]),
    ]
