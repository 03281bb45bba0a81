"""What a stranger can make the emulator read, keep and wait for; and how it calls itself."""

import http.client
import socket
import time

import jwt
import pytest

from pytest_kore_convtest.emulator import Emulator, server

UPLOAD = "/api/public/uploadfile"
MIB = 1024 * 1024


@pytest.fixture
def emulator():
    """Give an emulator."""
    with Emulator() as started:
        yield started


@pytest.fixture
def connect(emulator):
    """Give a way to open plain connections."""
    opened = []

    def make():
        opened.append(
            socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2])), timeout=10)
        )
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def token(emulator):
    """Give a token that is accepted."""
    return jwt.encode({"appId": emulator.client_id, "sub": "a"}, emulator.client_secret, "HS256")


def head(*lines, method="POST", path=UPLOAD):
    """Return the head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


def answer(connection):
    """Return the status and the headers of the next answer."""
    reply = http.client.HTTPResponse(connection)
    reply.begin()
    reply.read()
    return reply.status, dict(reply.getheaders())


def ended(connection):
    """Say whether the other side has ended the connection."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("length", ["Content-Length: 5000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)], ids=["plain", "expecting"])
@pytest.mark.parametrize("given", [(), ("auth: garbage",)], ids=["no token", "bad token"])
def test_a_stranger_is_refused_before_the_body(connect, length, expect, given):
    """Without a good token the answer comes although not one byte of the body was sent."""
    connection = connect()
    connection.sendall(head(length, *expect, *given))
    assert answer(connection)[0] == 401


def test_a_used_token_is_refused_before_the_body(connect, emulator):
    """A token that is good once is not good for a second body."""
    claims = {"appId": emulator.client_id, "sub": "a", "jti": "1", "exp": int(time.time()) + 60}
    used = jwt.encode(claims, emulator.client_secret, "HS256")
    for body in (b"{}", b""):
        connection = connect()
        connection.sendall(head(f"auth: {used}", "Content-Length: 2") + body)
        status, _ = answer(connection)
    assert status == 401


def test_the_control_path_reads_no_stranger(connect):
    """Without the key the control path does not wait for a body either."""
    connection = connect()
    connection.sendall(head("Content-Length: 5000000", path="/__emulator__/reset"))
    assert answer(connection)[0] == 403


def test_a_body_is_asked_for_when_it_is_wanted(connect, token):
    """A client that expects to be asked is asked once its token is accepted."""
    connection = connect()
    connection.sendall(head("Content-Length: 2", "Expect: 100-continue", f"auth: {token}"))
    assert connection.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"{}")
    assert answer(connection)[0] == 412


@pytest.mark.parametrize("length", [10 * MIB + 1, 10**18, "9" * 5000])
def test_a_body_over_ten_mebibyte_is_refused_unread(connect, token, length):
    """What is announced as too large is refused with 413."""
    connection = connect()
    connection.sendall(head(f"Content-Length: {length}", f"auth: {token}"))
    assert answer(connection)[0] == 413
    connection.shutdown(socket.SHUT_WR)
    assert ended(connection)


def test_chunks_beyond_the_limit_are_refused(connect, token):
    """A body in chunks is read up to the limit, and no further."""
    connection = connect()
    connection.sendall(head("Transfer-Encoding: chunked", f"auth: {token}"))
    piece = b"100000\r\n" + b"x" * MIB + b"\r\n"
    for _ in range(11):
        connection.sendall(piece)
    assert answer(connection)[0] == 413


def test_a_chunk_size_without_an_end_is_refused(connect, token):
    """The line before a chunk has an end, too."""
    connection = connect()
    connection.sendall(head("Transfer-Encoding: chunked", f"auth: {token}"))
    connection.sendall(b"5;" + b"x" * MIB)
    connection.shutdown(socket.SHUT_WR)
    assert answer(connection)[0] == 400


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: -5",),
        ("Content-Length: +5",),
        ("Content-Length: 5x",),
        ("Content-Length: 5, 5",),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: identity",),
    ],
)
def test_a_body_of_no_clear_length_is_refused(connect, token, lines):
    """When nobody can say where the body ends, it is not read, and the connection is closed."""
    connection = connect()
    connection.sendall(head(*lines, f"auth: {token}"))
    assert answer(connection)[0] == 400
    connection.shutdown(socket.SHUT_WR)
    assert ended(connection)


def test_a_broken_chunk_is_refused(connect, token):
    """A chunk whose size is no number is a bad request."""
    connection = connect()
    connection.sendall(head("Transfer-Encoding: chunked", f"auth: {token}") + b"zz\r\n")
    assert answer(connection)[0] == 400


def test_headers_without_an_end_are_refused(connect):
    """After so many bytes of headers the request is refused."""
    connection = connect()
    connection.sendall(head()[:-2])
    with pytest.raises(ConnectionError):  # noqa: PT012 - it may come with the last of them
        for _ in range(10):
            connection.sendall(b"X: " + b"x" * 60_000 + b"\r\n")
        assert answer(connection)[0] == 431
        raise ConnectionError


def test_slow_heads_and_bodies_end(connect, token, monkeypatch):
    """A head and a body have a time in which they must have come, however often a byte comes."""
    monkeypatch.setattr(server, "_HEAD_TIME", 0.05)
    monkeypatch.setattr(server, "_BODY_TIME", 0.05)
    slow_head, slow_body = connect(), connect()
    slow_head.sendall(b"P")
    slow_body.sendall(head("Content-Length: 5", f"auth: {token}") + b"x")
    assert ended(slow_head)
    assert ended(slow_body)


def test_too_many_connections_are_refused(connect, monkeypatch):
    """A connection beyond the limit is told so, and closed; with one less there is room again."""
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 2)
    connections = [connect() for _ in range(3)]
    status, headers = answer(connections[2])
    assert (status, headers["Server"]) == (503, server.NAME)
    assert ended(connections[2])


@pytest.mark.parametrize(
    "request_bytes",
    [
        head("Content-Length: 0"),
        head(method="GET", path="/"),
        head(method="GET", path="/__emulator__/x"),
        head("Content-Length: x"),
        b"junk\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        head(*["X: y"] * 101),
    ],
    ids=range(8),
)
def test_every_reply_names_the_emulator(connect, request_bytes):
    """Whatever is asked, and however badly, the reply says who gave it."""
    connection = connect()
    connection.sendall(request_bytes)
    assert answer(connection)[1]["Server"] == server.NAME


@pytest.mark.parametrize("word", ["500", "503", "html", "empty", "garbage", "redirect", "304", "truncated"])
def test_scripted_faults_name_the_emulator(connect, emulator, word):
    """A fault that was ordered is the emulator's as well."""
    emulator.fail_next(word)
    connection = connect()
    connection.sendall(head("Content-Length: 0"))
    reply = http.client.HTTPResponse(connection)
    reply.begin()
    assert reply.getheader("Server") == server.NAME


def test_no_upload_is_kept_twice(emulator, token):
    """The list of requests, which tests read, does not keep the bodies of uploads."""
    connection = http.client.HTTPConnection(emulator.url.removeprefix("http://"), timeout=10)
    connection.request("POST", UPLOAD, b"x" * MIB, {"auth": token, "Content-Type": "multipart/form-data"})
    assert connection.getresponse().status == 412
    connection.close()
    assert [len(request.body) for request, _ in emulator._platform.log] == [0]
