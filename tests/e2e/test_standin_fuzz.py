"""The emulator as a target: it answers or refuses, never dies, and never shows a traceback."""

import json
import random
import socket
import threading
import time
from contextlib import suppress
from itertools import count

import jwt
import pytest
from emulator.test_client import SUITE, ForeignClient
from hypothesis import given
from hypothesis import strategies as st
from property.mutations import SPOILERS, STEPS, mutate
from property.wire import examples

from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.emulator.app import Application
from pytest_kore_convtest.emulator.journal import Headers, Request, make_record
from pytest_kore_convtest.emulator.server import read_form
from pytest_kore_convtest.emulator.state import Platform
from pytest_kore_convtest.emulator.suites import _DRIFTS
from pytest_kore_convtest.emulator.switches import Switches

EXPECTED = {200, 400, 401, 404, 405, 412}
SEGMENTS = (
    "stream",
    "conversation",
    "testsuite",
    "import",
    "status",
    "run",
    "uploadfile",
    "FILE NAME",
    "..",
    "%2F",
    "%",
    "%ff",
    "",
    "ü",
)
METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "get", "X" * 300, "")
BODY = {
    "fileName": "FILE",
    "name": "FILE NAME",
    "tags": ["a"],
    "description": "b",
    "userEmailId": "a@b.c",
    "version": "published",
    "testSuiteNames": ["FILE NAME"],
}
NUMBERS = count()


class Bench:
    """An emulator without a socket, with a stored suite, a job and a run.

    Args:
        switches: How it behaves.
    """

    def __init__(self, **switches):
        self.platform = Platform(Switches(**switches), time.time, {})
        self.application = Application(self.platform, threading.RLock(), read_form)
        self.stream = self.platform.identity.stream_id

    def ask(self, method, path, body=b"", **headers):
        """Ask with a good token; return the reply after checking what holds for each of them."""
        headers = {"auth": self.token(), "content-type": "application/json", **headers}
        reply = self.application.answer(Request(method, path, Headers(headers), body))
        assert reply.status in EXPECTED
        assert strictly(reply.body)
        assert b"Traceback" not in reply.body
        for request, status in self.platform.log:
            json.dumps(
                make_record(request, status, self.platform.identity.client_secret).to_data(), allow_nan=False
            )
        self.platform.log.clear()
        return reply

    def token(self, **claims):
        """Sign a token."""
        identity = self.platform.identity
        claims = {"appId": identity.client_id, "exp": time.time() + 60, "jti": str(next(NUMBERS)), **claims}
        return jwt.encode(claims, identity.client_secret, "HS256")

    def suites(self, *segments):
        """Return a path below the bot's suites."""
        return "/".join(("/api/public/stream", self.stream, "conversation/testsuite", *segments))

    def upload(self, data):
        """Upload bytes and return the file's id."""
        form = f"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n{'{}'}\r\n"
        for name, value in (("fileContext", "bulkImport"), ("fileExtension", "json")):
            form += f"--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n"
        body = (form + "--x--\r\n").encode().replace(b"{}", data)
        kind = "multipart/form-data; boundary=x"
        reply = self.ask("POST", "/api/public/uploadfile", body, **{"content-type": kind})
        return json.loads(reply.body)["fileId"] if reply.status == 200 else ""


def strictly(body):
    """Say whether bytes are one JSON object, without numbers that are none."""
    return isinstance(json.loads(body, parse_constant=lambda name: pytest.fail(f"{name} in a reply")), dict)


@examples(300)
@given(
    st.sampled_from(METHODS),
    st.lists(st.sampled_from(SEGMENTS) | st.text(max_size=4), max_size=8),
    st.booleans(),
    STEPS,
    SPOILERS,
)
def test_any_request(method, segments, known, steps, spoil):
    """Any method, any path and any body is answered: refused, or done."""
    bench = Bench()
    bench.platform.add_import(json.dumps(SUITE).encode(), "ds-1")
    prefix = bench.suites() + "/" if known else "/api/public/"
    bench.ask(method, prefix + "/".join(segments), spoil(mutate(BODY, steps)))


@examples(300)
@given(
    st.sampled_from([("POST", ("import",)), ("POST", ("FILE%20NAME", "run")), ("DELETE", ())]),
    STEPS,
    SPOILERS,
)
def test_any_body(endpoint, steps, spoil):
    """Any body of a change is taken or refused, and whatever was taken can be asked for."""
    bench = Bench(job_polls=0)
    bench.platform.add_import(json.dumps(SUITE).encode(), "ds-1").finish(time.time())
    bench.platform.files["FILE"] = bench.platform.store_file("a", json.dumps(SUITE).encode())
    bench.ask(endpoint[0], bench.suites(*endpoint[1]), spoil(mutate(BODY, steps)))
    for job in [*bench.platform.imports]:
        bench.ask("GET", bench.suites("import", job, "status"))
    for run in [*bench.platform.runs]:
        bench.ask("GET", bench.suites("FILE%20NAME", run, "status"))


@examples(400)
@given(
    STEPS,
    SPOILERS,
    st.sampled_from(
        [None, "drop-last-step", "change-text", "add-variation", "reorder-steps", "change-input"]
    ),
)
def test_any_file(steps, spoil, drift):
    """Any file can be uploaded, imported, asked for and run: it is a suite, or a failed job."""
    bench = Bench(job_polls=0, drift=drift)
    file_id = bench.upload(spoil(mutate(SUITE, steps)))
    if not file_id:
        return
    body = json.dumps({"fileName": file_id, "name": "A", "userEmailId": "a@b.c"}).encode()
    job = json.loads(bench.ask("POST", bench.suites("import"), body).body)["dsId"]
    status = json.loads(bench.ask("GET", bench.suites("import", job, "status")).body)
    assert status["status"] == ("SUCCESS" if "response" in status else "FAILED")
    run = bench.ask("POST", bench.suites("A", "run"), b'{"version": "published", "userEmailId": "a@b.c"}')
    if run.status == 200:
        bench.ask("GET", bench.suites("A", json.loads(run.body)["testRunId"], "status"))


@pytest.mark.parametrize("drift", _DRIFTS)
def test_a_suite_without_steps(drift):
    """Whatever is to be stored instead of it: a suite that has nothing to change is stored."""
    bench = Bench(job_polls=0, drift=drift)
    bench.platform.add_import(b'{"testCases": [{"messages": []}]}', "ds-1")
    assert b'"SUCCESS"' in bench.ask("GET", bench.suites("import", "ds-1", "status")).body


claims = st.dictionaries(
    st.sampled_from(["appId", "sub", "iat", "exp", "nbf", "jti", "alg", "x"]),
    st.sampled_from([None, True, 0, -1, 1e308, 10**400, "1", [], {}, [[[]]], "\ud800"]),
)


@examples(300)
@given(claims, st.binary(max_size=20), st.sampled_from(["claims", "binary", "cut", "header"]))
def test_any_token(claims, noise, how):
    """Any token is let in or refused as the platform would."""
    bench = Bench()
    token = bench.token(**claims) if how != "binary" else noise.decode("latin-1")
    token = {"cut": token[: len(noise)], "header": noise.decode("latin-1") + token}.get(how, token)
    reply = bench.ask("GET", bench.suites("import", "ds-1", "status"), auth=token)
    assert reply.status in {400, 401}


UPLOAD = b"POST /api/public/uploadfile HTTP/1.1\r\n"
NOISE = [
    b"\r\n\r\n",
    b"\x00" * 100,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 100,
    b"GET\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/0.9\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1.1\r\n\r\n",
    b"GET / HTTP/-1.1\r\n\r\n",
    b"GET  HTTP/1.1\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT kore.invalid:443 HTTP/1.1\r\n\r\n",
    b"GET http://kore.invalid/api/public/uploadfile HTTP/1.1\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    b"GET / HTTP/1.1\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\n: nothing\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
    b"GET / HTTP/1.1\r\nA\x00: \xff\xfe\r\n\r\n",
    UPLOAD + b"Content-Length: -1\r\n\r\n",
    UPLOAD + b"Content-Length: \xb2\r\n\r\n",
    UPLOAD + b"Content-Length: 1e3\r\n\r\n",
    UPLOAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    UPLOAD + b"Content-Length: 99999999999\r\n\r\n",
    UPLOAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    UPLOAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n",
    UPLOAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
    UPLOAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\nX: y\r\n\r\n",
    UPLOAD + b"Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    UPLOAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    UPLOAD + b"Content-Type: multipart/form-data\r\nContent-Length: 2\r\n\r\n{}",
    UPLOAD + b"Content-Type: multipart/form-data; boundary=\xff\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /__emulator__/reset HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /__emulator__/ HTTP/1.1\r\nX-Kore-Emulator-Key: \xff\r\nContent-Length: 0\r\n\r\n",
    b"GET /%00%ff%zz/..//../__emulator__/requests HTTP/1.1\r\n\r\n",
    b"\xff\xfe\x00" * 1000,
    b"A" * 200_000,
]


@pytest.fixture(name="target", scope="module")
def _target():
    with Emulator() as emulator, ForeignClient(emulator) as client:
        yield emulator, client


def throw(emulator, data):
    """Send bytes, say that there are no more, and return what comes back."""
    address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
    answer = b""
    with socket.create_connection(address, timeout=10) as line, suppress(ConnectionError):
        line.sendall(data)
        with suppress(OSError):  # it may have been cut off already
            line.shutdown(socket.SHUT_WR)
        while piece := line.recv(65536):
            answer += piece
    return answer


def check_alive(client, answer):
    """Check that an answer gives nothing away, and that the emulator still serves others."""
    assert b"Traceback" not in answer
    assert b".py" not in answer
    assert not [
        line
        for line in answer.split(b"\r\n")
        if line.startswith(b"HTTP/1.1 5") and b" 505 " not in line and b" 501 " not in line
    ]
    assert client.import_status("ds-0").status_code == 400


@pytest.mark.parametrize("noise", NOISE, ids=range(len(NOISE)))
def test_noise(target, noise):
    """Bytes that are no request are refused, and nobody else is harmed."""
    emulator, client = target
    check_alive(client, throw(emulator, noise))


@pytest.mark.parametrize("seed", range(40))
def test_spoilt_requests(target, seed):
    """A good request with some bytes changed, cut or doubled is answered or refused."""
    emulator, client = target
    dice = random.Random(seed)  # noqa: S311 - noise, no secret
    body = json.dumps(BODY)
    good = (
        f"POST /api/public/stream/{emulator.stream_id}/conversation/testsuite/import HTTP/1.1\r\nHost: a\r\n"
        f"auth: {client.token()}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        f"{body}"
    ).encode()
    for _ in range(10):
        noise = bytearray(good)
        for _ in range(dice.choice([1, 1, 2, 5, 50])):
            at = dice.randrange(len(noise))
            change = dice.choice(["set", "cut", "double", "insert"])
            if change == "set":
                noise[at] = dice.randrange(256)
            elif change == "insert":
                noise[at:at] = dice.randbytes(dice.randrange(20))
            else:
                end = at + dice.randrange(40)
                noise[at:end] = b"" if change == "cut" else noise[at:end] * 2
            noise = noise or bytearray(b"x")
        answer = throw(emulator, bytes(noise))
        assert b"Traceback" not in answer
    check_alive(client, b"")


def test_many_lines_that_say_nothing(target):
    """Connections that are opened and left keep nobody else waiting."""
    emulator, client = target
    address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
    lines = [socket.create_connection(address) for _ in range(100)]
    for line in lines[::2]:
        line.sendall(UPLOAD + b"Content-Length: 100\r\n\r\nx")
    check_alive(client, b"")
    for line in lines:
        line.close()
