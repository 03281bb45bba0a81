"""What a server can do to one request, or to a connection before there is one."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from e2e.socket_server import http

from torture.documents import envelope
from torture.stage import Early


def answer(*parts):
    """Answer a request, and go on."""
    return _answer(b"".join(parts), keep=True)


def last(*parts):
    """Answer a request, and close the connection."""
    return _answer(b"".join(parts), keep=False)


def _answer(data, *, keep):
    def act(line, _stage):
        if not line.request():
            return False
        line.send(data)
        return keep

    return act


def say(body, status=200, *headers):
    """Answer with a body and its right length, and go on."""
    return answer(http(status, body, *headers))


def reset(line, _stage):
    """Read the request and reset the connection."""
    line.request()
    line.reset()


def reset_after(data):
    """Send bytes and reset the connection at once."""

    def act(line, _stage):
        line.request()
        line.send(data)
        line.reset()

    return act


def close(line, _stage):
    """Read the request and close the connection."""
    line.request()


def half_close(data=b""):
    """Send bytes, end our side of the connection and keep the other open."""

    def act(line, _stage):
        line.request()
        line.send(data)
        line.socket.shutdown(socket.SHUT_WR)
        line.hold()

    return act


def hold(data=b""):
    """Send bytes and then nothing more, without an end."""

    def act(line, _stage):
        line.request()
        line.send(data)
        line.hold()

    return act


def trickle(head, data=b"", pause=0.02):
    """Send bytes, and more of them one by one without an end."""

    def act(line, _stage):
        line.request()
        line.send(head)
        line.trickle(data, pause)

    return act


def slowly(data, pieces=20, pause=0.01):
    """Send bytes in pieces, but in time."""

    def act(line, _stage):
        line.request()
        size = -(-len(data) // pieces)
        for at in range(0, len(data), size):
            line.send(data[at : at + size])
            line.wait_for_stop(pause)
        return True

    return act


def flood(head, piece, times):
    """Send bytes, and then a piece many times."""

    def act(line, _stage):
        line.request()
        line.send(head)
        for _ in range(times):
            line.send(piece)

    return act


def leave(seconds, data):
    """Answer, close, and let the port refuse for a while."""

    def act(line, stage):
        line.request()
        stage.leave(seconds)
        line.send(data)

    return act


def redirect(status, where):
    """Redirect to another host, this host, a plain address or nonsense."""

    def act(line, stage):
        line.request()
        target = {
            "another host": f"{stage.other}/login",
            "the same host": f"{stage.url}/login",
            "a path": "/login",
            "http://": f"http://127.0.0.1:{stage.port}/login",
            "//": f"//{stage.other.partition('//')[2]}/login",
            "nonsense": "http://[",
        }[where]
        line.send(http(status, b"moved", f"Location: {target}", "Connection: close"))

    return act


def dated(status, header, offset):
    """Answer with a ``Retry-After`` date, so many seconds from the server's own clock, which is wrong."""

    def act(line, _stage):
        from email.utils import formatdate

        line.request()
        # A server whose clock is a day off; HTTP dates have whole seconds.
        now = int(time.time()) - 86400
        dates = [
            f"Date: {formatdate(now, usegmt=True)}",
            f"{header}: {formatdate(now + offset, usegmt=True)}",
        ]
        line.send(http(status, b"", *dates))
        return True

    return act


def until_new_token(good):
    """Refuse every token that was seen before, and the first one."""
    seen = []

    def act(line, _stage):
        request = line.request()
        token = next((one for one in request.split(b"\r\n") if one.lower().startswith(b"auth:")), b"")
        fresh = bool(seen) and token not in seen
        seen.append(token)
        line.send(http(200, good) if fresh else http(401, envelope("Invalid SDK credentials")))
        return True

    return act


def idle_cut(data, *, abort=False):
    """Answer, and end the idle connection a moment later."""

    def act(line, _stage):
        line.request()
        line.send(data)
        line.wait_for_stop(0.01)
        if abort:
            line.reset()

    return act


def late_extra(data, extra):
    """Answer, and a moment later send what nobody asked for."""

    def act(line, _stage):
        line.request()
        line.send(data)
        line.wait_for_stop(0.01)
        with suppress(OSError):
            line.send(extra)
        return True

    return act


def before_the_request(data):
    """Answer a connection before it has asked, and close it in good order."""

    def act(line, _stage):
        line.send(data)
        line.socket.shutdown(socket.SHUT_WR)
        line.hold()

    return Early(act)


_AT_ONCE = {
    "close": lambda _line, _stage: None,
    "reset": lambda line, _stage: line.reset(),
    "hold": lambda line, _stage: line.hold(),
    "hello, then close": lambda line, _stage: line.socket.recv(5),
    "hello, then reset": lambda line, _stage: (line.socket.recv(5), line.reset()),
    "alert": lambda line, _stage: (line.socket.recv(4096), line.send(b"\x15\x03\x03\x00\x02\x02\x28")),
    "internal alert": lambda line, _stage: (
        line.socket.recv(4096),
        line.send(b"\x15\x03\x03\x00\x02\x02\x50"),
    ),
    "trickled handshake": lambda line, _stage: (
        line.socket.recv(4096),
        line.trickle(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"),
    ),
    "plain HTTP": lambda line, _stage: (line.socket.recv(4096), line.send(http(400, b"speak plainly"))),
    "broken record": lambda line, _stage: (
        line.socket.recv(4096),
        line.send(b"\x16\x03\x03\xff\xff" + b"x" * 99),
    ),
}


def at_once(what):
    """Do something to a connection before TLS or a request."""
    return Early(_AT_ONCE[what])


def broken_record(line, _stage):
    """Speak TLS properly, and then write bytes under it that are none."""
    line.request()
    raw_socket = socket.socket(fileno=line.socket.fileno())
    try:
        raw_socket.sendall(b"\x17\x03\x03\x00\x30" + b"x" * 48)
    finally:
        raw_socket.detach()
    line.hold()
