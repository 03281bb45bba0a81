"""The wire: what servers, gateways and cables do to an exchange, on real sockets."""

import gzip
import json
import pickle
import re
import signal
import socket
import ssl
import threading
import time
import traceback
import zlib
from base64 import urlsafe_b64decode
from email.utils import formatdate

import pytest
import trustme
from e2e.socket_server import SocketServer, cut, http, say

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ConfigError,
    KoreError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    ServiceError,
    UnreachableError,
)
from pytest_kore_convtest.settings.settings import Settings

JOB, STREAM = "ds-11111111", "st-22222222"
SECRET = "canary-secret-0123456789-0123456789"
AMPLE = 5.0
"""Seconds for what answers at once, on whatever machine."""

BUDGET = 0.25
"""Seconds for what never answers; doubled until the server has come as far as it is meant to."""

OVERHEAD = 8.0
"""Seconds over its budget after which an exchange is stuck; how close it is kept `make torture` measures."""

DOCUMENT = {"_id": JOB, "streamId": STREAM, "status": "IN_PROGRESS", "percentageComplete": 40}
GOOD = json.dumps(DOCUMENT).encode()


def settings(url, **more):
    """Return settings for a server."""
    values = {"stream_id": STREAM, "client_id": "cs-33333333", "client_secret": SECRET} | more
    return Settings.read(env={}, host=url, user_email="a@b.c", **values)


def ask(url, budget=AMPLE, **more):
    """Ask once; return the status or the error, after checking what holds for all of them."""
    with KoreClient(settings(url, **more)) as client:
        begun = time.monotonic()
        try:
            result = client.import_status(JOB, budget=budget)
        except KoreError as caught:
            result = caught
        assert time.monotonic() - begun < budget + OVERHEAD
    lanes_end()
    if isinstance(result, KoreError):
        check_clean(result)
    return result


def ask_in_vain(server, reached, **more):
    """Ask a server that never answers; return the error of an exchange that got as far as ``reached`` says.

    Nobody knows how long a busy machine needs for a connection, a handshake and a request, so the budget
    is doubled until it was enough.
    """
    budget = BUDGET
    while True:
        error = ask(server.url, budget, **more)
        assert error.cause == "timeout"
        if reached():
            return error
        budget *= 2
        assert budget < 60.0


def lanes_end():
    """Wait until no lane is left; fail when one stays."""
    deadline = time.monotonic() + 30.0
    while any(thread.name == "kore-request" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a lane's thread is still there"
        time.sleep(0.002)


def check_clean(error):
    """Hold an error against what must be true of each: ours alone, one sentence, and no token in it."""
    assert error.__context__ is None
    assert error.__cause__ is None
    shown = [str(error), repr(error), repr(error.args), repr(vars(error))]
    shown.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    shown.append(pickle.dumps(error).decode("latin-1"))
    for text in shown:
        assert "eyJ" not in text
        assert SECRET not in text
    assert pickle.loads(pickle.dumps(error)).to_data() == error.to_data()  # noqa: S301 - our own
    assert json.loads(json.dumps(error.to_data())) == error.to_data()
    assert "\n" not in str(error)
    assert ".." not in str(error)


def tokens(server):
    """Return the claims of the tokens that arrived, in order."""
    found = []
    for request in server.requests:
        token = re.search(rb"(?im)^auth: (\S+)\r$", request)[1]
        part = token.split(b".")[1]
        found.append(json.loads(urlsafe_b64decode(part + b"=" * (-len(part) % 4))))
    return found


def packed(data):
    """Return a gzip answer."""
    return http(200, gzip.compress(data), "Content-Encoding: gzip")


def black_hole(line):
    """Say nothing."""
    line.request()
    line.hold()


PASSING = {
    "close": (cut(b""), "closed", "closed the connection"),
    "reset": (lambda line: (line.request(), line.reset()), "reset", "was reset"),
    "black hole": (black_hole, "timeout", "no complete answer"),
    "trickled headers": (
        lambda line: (line.request(), line.trickle(b"HTTP/1.1 200 OK\r\nX: ")),
        "timeout",
        "no complete answer",
    ),
    "trickled body": (
        lambda line: (line.request(), line.trickle(http(200, b"", length=False))),
        "timeout",
        "no complete answer",
    ),
    "cut status line": (cut(b"HTTP/1.1 20"), "garbage", "not valid HTTP"),
    "short body": (cut(http(200, GOOD)[:-5]), "truncated", "cut off"),
    "cut chunk": (
        cut(http(200, b"", "Transfer-Encoding: chunked", length=False) + b'40\r\n{"_id"'),
        "truncated",
        "cut off",
    ),
    "no last chunk": (
        cut(http(200, b"", "Transfer-Encoding: chunked", length=False) + b"%x\r\n%s\r\n" % (len(GOOD), GOOD)),
        "truncated",
        "cut off",
    ),
    "garbage": (cut(b"\x15\x03\x01\x00\x02\x02\x50\r\n\r\n"), "garbage", "not valid HTTP"),
    "http 0.9": (cut(GOOD), "garbage", "not valid HTTP"),
    "bad gzip": (say(http(200, GOOD, "Content-Encoding: gzip")), "encoding", "not the gzip"),
    "gzip without checksum": (
        say(http(200, gzip.compress(GOOD)[:-8], "Content-Encoding: gzip")),
        "truncated",
        "gzip stream has no end",
    ),
    "gzip with a wrong checksum": (
        say(http(200, gzip.compress(GOOD)[:-8] + b"\0" * 8, "Content-Encoding: gzip")),
        "encoding",
        "not the gzip",
    ),
    "gzip and more": (
        say(http(200, gzip.compress(GOOD) + b"more", "Content-Encoding: gzip")),
        "encoding",
        "not the gzip",
    ),
    "gzip of gzip": (
        say(http(200, gzip.compress(gzip.compress(GOOD)), "Content-Encoding: gzip, gzip")),
        "encoding",
        "'gzip, gzip'",
    ),
    "gzip twice in two headers": (
        say(http(200, gzip.compress(GOOD), "Content-Encoding: gzip", "Content-Encoding: gzip")),
        "encoding",
        "'gzip, gzip'",
    ),
    "brotli": (say(http(200, GOOD, "Content-Encoding: br")), "encoding", "'br'"),
    "deflate": (say(http(200, zlib.compress(GOOD), "Content-Encoding: deflate")), "encoding", "'deflate'"),
    "announced gigabytes": (
        cut(http(200, b"", "Content-Length: 9999999999", length=False)),
        "size",
        "9999999999 bytes",
    ),
    "1000 headers": (cut(http(200, GOOD, *[f"X-{n}: 1" for n in range(1000)])), "garbage", "not valid HTTP"),
    "endless header": (cut(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000), "garbage", "not valid HTTP"),
    "two lengths": (
        cut(http(200, GOOD, "Content-Length: 3", "Content-Length: 5", length=False)),
        "garbage",
        "not valid HTTP",
    ),
    "early hints": (cut(b"HTTP/1.1 103 Early Hints\r\n\r\n" + http(200, GOOD)), "garbage", "HTTP 103"),
    "switching protocols": (cut(b"HTTP/1.1 101 Switching\r\n\r\n"), "garbage", "HTTP 101"),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_passing_fault(name):
    """A fault of the wire is one clear passing error, within the budget, and leaves nothing behind."""
    script, cause, words = PASSING[name]
    with SocketServer(script) as server:
        if cause == "timeout":
            error = ask_in_vain(server, lambda: server.requests)
        else:
            error = ask(server.url)
            assert server.connections == 1
    assert type(error) is UnreachableError, error
    assert (error.cause, error.final) == (cause, False)
    assert words in str(error)
    assert server.url in str(error)
    assert f"requesting the status of import job {JOB}" in str(error)


@pytest.mark.parametrize("name", ["black hole", "trickled headers", "trickled body"])
def test_the_budget_is_kept(name):
    """An exchange that never ends lasts its budget, and is not stuck."""
    took = []
    with SocketServer(PASSING[name][0]) as server, KoreClient(settings(server.url)) as client:
        for _ in range(3):
            begun = time.monotonic()
            with pytest.raises(UnreachableError):
                client.import_status(JOB, budget=0.2)
            took.append(time.monotonic() - begun)
    assert 0.2 <= min(took) < OVERHEAD


MISFITS = {
    "empty": (say(http(200)), "the answer is empty, perhaps cut off"),
    "cut headers": (cut(b"HTTP/1.1 200 OK\r\nContent-Le"), "the answer is empty, perhaps cut off"),
    "half a JSON": (cut(http(200, GOOD[:30], length=False)), "it starts: {"),
    "nonsense length": (cut(http(200, GOOD[:30], "Content-Length: few", length=False)), "it starts: {"),
    "html": (say(http(200, b"<html><title>Sign in\n</title>")), "an HTML page titled 'Sign in'"),
    "null": (say(http(200, b"null")), "it starts: null"),
    "list": (say(http(200, b"[]")), "it starts: []"),
    "not UTF-8": (say(http(200, GOOD.replace(b"40", b'"\xff"'))), "it starts: {"),
    "save the file as UTF-8": (say(http(200, GOOD.decode().encode("utf-16"))), "misfit"),
    "NaN": (say(http(200, GOOD.replace(b"40", b"NaN"))), "NaN"),
    "deep": (say(http(200, b"[" * 100_000 + b"]" * 100_000)), "it starts: [["),
    "twins": (say(http(200, GOOD[:-1] + b', "status": "SUCCESS"}')), "duplicate key 'status'"),
    "another job": (say(http(200, GOOD.replace(JOB.encode(), b"ds-9"))), "_id is 'ds-9', not"),
    "a long id": (say(http(200, GOOD.replace(JOB.encode(), b"x" * 100_000))), "xxx…'"),
    "another stream": (say(http(200, GOOD.replace(STREAM.encode(), b"st-9"))), "streamId is 'st-9', not"),
    "204": (say(b"HTTP/1.1 204 No Content\r\n\r\n"), "HTTP 204"),
    "206": (say(http(206, GOOD)), "HTTP 206"),
    "304": (say(b"HTTP/1.1 304 Not Modified\r\n\r\n"), "HTTP 304"),
    "300": (say(http(300, b"choose")), "HTTP 300"),
    "error with a 200": (say(http(200, b' {"errors": [{"msg": "Oh no", "code": 1}]}')), "Oh no"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_an_answer_that_does_not_fit(name):
    """Whatever is no answer of ours is a passing fault, in one short sentence that shows how it begins."""
    script, words = MISFITS[name]
    with SocketServer(script) as server:
        error = ask(server.url)
    assert type(error) is ProtocolError
    assert not error.final
    assert words in f"{error} {error.cause}"
    assert server.url in str(error)
    assert len(str(error)) < 800


GOOD_ANSWERS = {
    "plain": http(200, GOOD),
    "gzip": packed(GOOD),
    "byte order mark": http(200, b"\xef\xbb\xbf" + GOOD),
    "chunked": http(200, b"", "Transfer-Encoding: chunked", length=False)
    + b"3\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (GOOD[:3], len(GOOD) - 3, GOOD[3:]),
    "100 continue first": b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + http(200, GOOD),
    "wrong content type": http(200, GOOD, "Content-Type: text/html"),
    "201": http(201, GOOD),
    "cookies": http(200, GOOD, "Set-Cookie: a=b; Path=/"),
}


@pytest.mark.parametrize("name", GOOD_ANSWERS)
def test_good_answers(name):
    """What is only unusual is read, twice over one connection, and a cookie is never sent back."""
    with SocketServer(say(GOOD_ANSWERS[name])) as server, KoreClient(settings(server.url)) as client:
        for _ in range(2):
            assert client.import_status(JOB).percent_complete == 40
        assert server.connections == 1
        assert not [one for one in server.requests if b"cookie" in one.lower()]


def test_a_fresh_token_for_every_request():
    """Each of five requests carries a token with a jti of its own, and no Authorization header."""
    with SocketServer(say(http(200, GOOD))) as server, KoreClient(settings(server.url)) as client:
        for _ in range(5):
            client.import_status(JOB)
        assert len({claims["jti"] for claims in tokens(server)}) == 5
        assert not [one for one in server.requests if b"authorization" in one.lower()]


def test_nothing_listens():
    """A refused connection names the host, the setting and its source, and surely sent nothing."""
    with SocketServer(say(b"")) as server:
        url = server.url
    error = ask(url)
    assert (error.cause, error.sent, error.final) == ("refused", False, False)
    assert f"{url} (kore_host from command line), requesting the status of" in str(error)


def test_a_full_backlog_means_nothing_was_sent():
    """When nobody accepts the connection, the error says so and knows that nothing was sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        error = ask(f"http://127.0.0.1:{address[1]}", BUDGET)
        for filler in fillers:
            filler.close()
    assert (error.cause, error.sent) == ("timeout", False)


def test_a_connection_that_idled_away():
    """A connection that the server closed between two polls is replaced without a word."""
    with SocketServer(cut(http(200, GOOD)), say(http(200, GOOD))) as server:
        with KoreClient(settings(server.url)) as client:
            client.import_status(JOB)
            server.wait_for_close()
            client.import_status(JOB)
        assert server.connections == 2


def test_no_answer_is_taken_for_the_next_one():
    """What follows an answer on the same connection is not read as the answer to the next request."""
    other = http(200, GOOD.replace(b"IN_PROGRESS", b"SUCCESS"))
    with SocketServer(say(http(200, GOOD) + other)) as server, KoreClient(settings(server.url)) as client:
        for _ in range(3):
            assert client.import_status(JOB).status == "IN_PROGRESS"


def test_the_server_sees_the_end_at_once():
    """When an answer closes the connection, no duplicate of the socket keeps it open."""
    held = []

    def script(line):
        line.request()
        line.send(http(200, GOOD, "Connection: close"))
        line.socket.shutdown(1)
        held.append(line.hold())

    with SocketServer(script) as server, KoreClient(settings(server.url)) as client:
        client.import_status(JOB)
        server.wait_for_close()
    assert held[0] < OVERHEAD


def test_a_cut_exchange_closes_its_socket():
    """A black hole sees the connection end as soon as the budget is used up."""
    held = []
    with SocketServer(lambda line: (line.request(), held.append(line.hold()))) as server:
        ask_in_vain(server, lambda: server.requests)
        server.wait_for_close()
    assert held[-1] < OVERHEAD


def bomb():
    """Return a gibibyte of zeros as a mebibyte of gzip, without ever holding it."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    again = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return first + again * 1023 + squeeze.flush()


@pytest.mark.parametrize("status", [200, 302, 503])
def test_a_gzip_bomb(status, peak_memory):
    """A gzip bomb is given up early with bounded memory, whatever the status says."""
    body = bomb()
    headers = ["Content-Encoding: gzip", "Location: /elsewhere"]
    with SocketServer(cut(http(status, body, *headers))) as server:
        error, peak = peak_memory(lambda: ask(server.url))
    assert isinstance(error, ServiceError)
    assert peak < 80 * 1024**2
    if status == 200:
        assert error.cause == "size"
        assert "larger than 32 MiB" in str(error)


@pytest.mark.parametrize("status", [200, 302])
def test_gigabytes(status, peak_memory):
    """A body that never ends is given up at the cap, a redirect's body too."""

    def script(line):
        line.request()
        line.send(http(status, b"", "Location: /elsewhere", length=False))
        for _ in range(4096):
            line.send(b"x" * 1024 * 256)

    with SocketServer(script) as server:
        error, peak = peak_memory(lambda: ask(server.url))
    assert (type(error), error.cause) == {200: (UnreachableError, "size"), 302: (RefusedError, "")}[status]
    assert peak < 100 * 1024**2


@pytest.fixture
def peak_memory():
    """Return a function that calls another and returns its result and the peak of Python's memory."""
    import tracemalloc

    def measure(call):
        tracemalloc.start()
        try:
            return call(), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return measure


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["same", "other", "relative", "user"])
def test_redirects_are_not_followed(status, where):
    """A redirect is reported with its target, which never gets a request, and no query or user is shown."""
    scripts = []

    def script(line):
        scripts[0](line)

    with SocketServer(say(http(200, GOOD))) as other, SocketServer(script) as server:
        target = {
            "same": f"{server.url}/login?token=hidden#hidden",
            "other": f"{other.url}/login?token=hidden",
            "relative": "/login#hidden",
            "user": f"http://hidden:hidden@127.0.0.1:{other.port}/login",
        }[where]
        scripts.append(say(http(status, b"moved", f"Location: {target}")))
        error = ask(server.url)
        assert other.connections == 0
        assert len(server.requests) == 1
    assert type(error) is RefusedError
    assert error.final
    assert "/login" in error.target
    assert error.target in str(error)
    assert "hidden" not in str(error) + repr(vars(error))


@pytest.mark.parametrize("target", ["http://[", "//\x80", "http://" + "a" * 60_000, "\xff\xfe:", ""])
def test_redirects_to_nonsense(target):
    """A redirect to what is no address is an ordinary redirect, or an unusable answer."""
    answer = f"HTTP/1.1 302 X\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    with SocketServer(cut(answer)) as server:
        error = ask(server.url)
    assert isinstance(error, ServiceError)
    assert len(str(error)) < 800


REFUSALS = [
    (400, "Invalid request ID", RefusedError, "The platform does not know this job"),
    (400, "Invalid StreamId", RefusedError, "kore_stream_id"),
    (400, "Nobody knows", RefusedError, "Nobody knows"),
    (401, "Permission denied. Scope is incorrect!", AccessDeniedError, "Conversation Tests Management"),
    (401, "Invalid SDK credentials", AccessDeniedError, "mapped to this stream"),
    (401, "Invalid JWT token", AccessDeniedError, "The token"),
    (403, "Invalid values in the body", AccessDeniedError, "credentials, scope"),
    (404, "Not Found", RefusedError, "path prefix"),
    (405, "Method Not Allowed", RefusedError, "path prefix"),
    (407, "Proxy", UnreachableError, "HTTPS_PROXY"),
    (408, "Late", UnreachableError, "HTTP 408"),
    (409, "Conflict", RefusedError, "HTTP 409"),
    (
        412,
        "Validation errors/ Invalid arguments",
        RefusedError,
        "A field of the request is missing or malformed",
    ),
    (425, "Early", UnreachableError, "HTTP 425"),
    (429, "Too many", RateLimitedError, "60 a minute and 1800 an hour"),
    (400, "Rate limit for this API has been reached.", RateLimitedError, "limit"),
    (401, "You've exceeded the hourly rate limit.", RateLimitedError, "1800 an hour"),
    (200, "You've exceeded the per-minute rate limit.", RateLimitedError, "60 a minute"),
    (500, "Internal Server Error", UnreachableError, "HTTP 500"),
    (502, "", UnreachableError, "HTTP 502"),
    (504, "The request has been timed-out", UnreachableError, "HTTP 504"),
]


@pytest.mark.parametrize(("status", "said", "kind", "words"), REFUSALS)
def test_refusals(status, said, kind, words):
    """A refusal says the status, the platform's words, the host and the way out."""
    body = json.dumps({"errors": [{"msg": said, "code": status}]}).encode()
    with SocketServer(say(http(status, body))) as server:
        error = ask(server.url)
        assert len(server.requests) == (2 if kind is AccessDeniedError and status == 401 else 1)
    assert type(error) is kind
    assert words in str(error)
    assert f"HTTP {status} while requesting the status of import job {JOB} at {server.url}" in str(error)
    assert said in str(error)


def test_one_401():
    """A single 401 is answered with a fresh token, and the caller never learns of it."""
    denied = http(401, b'{"errors": [{"msg": "Invalid SDK credentials", "code": 4002}]}')
    with SocketServer(say(denied, http(200, GOOD))) as server:
        assert ask(server.url).percent_complete == 40
        first, second = tokens(server)
    assert first["jti"] != second["jti"]


def test_a_401_does_not_double_the_budget():
    """The second try after a 401 gets only what the first has left of the budget."""

    def script(line):
        line.request()
        line.wait_for_stop(0.2)
        line.send(http(401, b"{}"))
        line.request()
        line.hold()

    with SocketServer(script) as server:
        error = ask(server.url, budget=3.0)  # enough for the first of the two on a busy machine
        assert error.cause == "timeout"
        told = re.search(r"no complete answer came within ([\d.]+) s", str(error))
        assert float(told[1]) <= 2.8
        assert len(server.requests) == 2


def test_the_clock_skew_is_named():
    """A 401 that stays names by how much the clocks differ, when that is worth saying."""
    denied = http(401, b"{}", f"Date: {formatdate(time.time() - 500, usegmt=True)}")
    with SocketServer(say(denied)) as server:
        error = ask(server.url)
    assert re.search(r"This machine's clock is (499|50[01]) s ahead of the server's", str(error))


def test_an_echoed_token_is_not_shown():
    """A server that echoes our headers does not bring the token into the message."""

    def script(line):
        while request := line.request():
            line.send(http(500, b"<pre>You sent " + request + b"</pre>"))

    with SocketServer(script) as server:
        error = ask(server.url)
    assert "You sent" in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("99999999999999999999", 999999999),
        (formatdate(1e9 + 60, usegmt=True), 60),
        (formatdate(1e9 - 60, usegmt=True), None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(header, seconds, status):
    """A pause that the service asks for is read in all its forms, by the server's own clock."""
    answer = http(status, b"", f"Retry-After: {header}", f"Date: {formatdate(1e9, usegmt=True)}")
    with SocketServer(say(answer)) as server:
        error = ask(server.url)
        assert len(server.requests) == 1
    assert error.retry_after == seconds


@pytest.fixture(scope="module")
def authority():
    """Return a CA that nobody knows."""
    return trustme.CA()


def serving(authority, name="127.0.0.1"):
    """Return a server's TLS context with a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def bundle(authority, tmp_path):
    """Return the file of the CA's certificate."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


def test_tls_with_an_unknown_ca(authority):
    """An unknown CA ends at once, names kore_ca_bundle, and no request is sent."""
    with SocketServer(say(http(200, GOOD)), context=serving(authority)) as server:
        error = ask(server.url)
    assert (error.cause, error.sent, error.final) == ("certificate", False, True)
    assert "set kore_ca_bundle" in str(error)
    assert not server.requests


def test_tls_with_our_ca(authority, bundle):
    """With its CA in kore_ca_bundle a private host is trusted; one handshake serves many polls."""
    with (
        SocketServer(say(http(200, GOOD)), context=serving(authority)) as server,
        KoreClient(settings(server.url, ca_bundle=str(bundle))) as client,
    ):
        for _ in range(3):
            assert client.import_status(JOB).percent_complete == 40
        assert server.connections == 1


def test_tls_with_another_name(authority, bundle):
    """A certificate for another host is refused with the advice to check the host, not the CA."""
    with SocketServer(say(http(200, GOOD)), context=serving(authority, "elsewhere.example")) as server:
        error = ask(server.url, ca_bundle=str(bundle))
    assert (error.cause, error.final) == ("certificate", True)
    assert "kore_host is not a name in the certificate" in str(error)
    assert not server.requests


def test_tls_to_a_plain_port():
    """A port that does not use TLS is named as that, at once."""
    with SocketServer(lambda line: (line.socket.recv(9), line.send(http(400, b"plain")))) as server:
        error = ask(server.url.replace("http:", "https:"))
    assert (error.cause, error.sent, error.final) == ("tls", False, True)
    assert "does not use TLS" in str(error)


@pytest.mark.parametrize("phase", ["headers", "body"])
def test_tls_that_trickles(phase, authority, bundle):
    """Over TLS, too, an exchange ends with its budget, in whatever phase the server stops."""
    scripts = {
        "headers": lambda line: (line.request(), line.trickle(b"HTTP/1.1 200 OK\r\nX: ")),
        "body": lambda line: (line.request(), line.trickle(http(200, b"", length=False))),
    }
    with SocketServer(scripts[phase], context=serving(authority)) as server:
        error = ask_in_vain(server, lambda: server.requests, ca_bundle=str(bundle))
    assert error.sent is True


def test_tls_that_never_greets(bundle):
    """A server that says nothing to the handshake was sent nothing."""
    with SocketServer(lambda line: line.hold()) as server:
        error = ask(server.url.replace("http:", "https:"), BUDGET, ca_bundle=str(bundle))
    assert (error.cause, error.sent) == ("timeout", False)


@pytest.mark.parametrize("name", ["ca_bundle", "client_cert"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_tls_files_that_cannot_be_used(name, content, tmp_path, bundle):
    """A certificate file that cannot be read is named, with its setting, before anything is sent."""
    path = tmp_path / "x.pem"
    if content is not None:
        path.write_bytes(content)
    files = {"ca_bundle": str(bundle)} | {name: str(path)}
    with SocketServer(say(http(200, GOOD))) as server:
        error = ask(server.url.replace("http:", "https:"), **files)
        assert server.connections == 0
    assert type(error) is ConfigError
    assert f"kore_{name}" in str(error)
    assert str(path) in str(error)


def test_netrc_and_proxies_are_left_alone(tmp_path, monkeypatch):
    """On loopback neither .netrc nor a proxy of the environment has a say."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login alice password netrc-pw\n")
    with SocketServer(say(http(200, GOOD))) as proxy, SocketServer(say(http(200, GOOD))) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        monkeypatch.setenv("NETRC", str(netrc))
        assert ask(server.url).percent_complete == 40
        assert proxy.connections == 0
        assert b"authorization" not in server.requests[0].lower()


def test_a_proxy_that_wants_a_login(monkeypatch):
    """Beyond loopback the proxy gets a CONNECT without token or netrc; its 407 is final and named."""
    with SocketServer(cut(http(407, b"who are you?"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = ask("https://kore.invalid")
        assert len(proxy.requests) == 1
        assert proxy.requests[0].startswith(b"CONNECT kore.invalid:443 ")
        assert b"eyJ" not in proxy.requests[0]
    assert (error.cause, error.sent, error.final) == ("proxy", False, True)
    assert "HTTPS_PROXY" in str(error)


@pytest.mark.parametrize("proxy", ["http://", "nonsense://127.0.0.1:9", "http://127.0.0.1:1"])
def test_proxies_that_are_none(proxy, monkeypatch):
    """A proxy address that is none, or where nobody listens, is named as the proxy's fault."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = ask("https://kore.invalid")
    assert type(error) is UnreachableError
    assert "proxy" in str(error)
    assert error.sent is False


def test_a_name_that_does_not_exist():
    """A host name that cannot be resolved is named, with the setting it came from."""
    error = ask("https://nowhere.invalid")
    assert type(error) is UnreachableError
    assert error.sent is False
    assert "https://nowhere.invalid (kore_host from command line)" in str(error)


def test_a_write_is_not_repeated_when_it_may_have_arrived():
    """A write whose connection breaks after it was sent is not repeated: it may have arrived."""
    with SocketServer(cut(b"")) as server, KoreClient(settings(server.url)) as client:
        with pytest.raises(UnreachableError) as caught:
            client.start_import("f-1", "A")
        assert len(server.requests) == 1
    assert caught.value.sent is True
    check_clean(caught.value)


def test_ctrl_c_cuts_the_exchange():
    """An interrupt of the waiting thread ends the exchange and its lane at once."""
    me = threading.get_ident()

    def script(line):
        line.request()
        signal.pthread_kill(me, signal.SIGINT)
        line.hold()

    with SocketServer(script) as server, KoreClient(settings(server.url)) as client:
        with pytest.raises(KeyboardInterrupt) as caught:
            client.import_status(JOB, budget=5)
        text = "".join(
            traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
        )
        assert "eyJ" not in text
        lanes_end()


def test_many_at_once():
    """Exchanges of many threads have lanes of their own, and a close ends them all."""
    with SocketServer(say(http(200, GOOD))) as server, KoreClient(settings(server.url)) as client:
        gate, seen = threading.Barrier(8), []

        def one():
            gate.wait()
            seen.extend(client.import_status(JOB).percent_complete for _ in range(3))

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [40] * 24
        assert server.connections <= 8
    lanes_end()
