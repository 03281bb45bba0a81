"""Carry requests and answers over HTTP/1.1: the only module that imports Werkzeug."""

from __future__ import annotations

import hmac
import io
import ipaddress
import socket
import struct
from contextlib import ExitStack, suppress
from dataclasses import replace
from http.client import LineTooLong
from itertools import chain
from threading import Event, Thread, current_thread
from time import monotonic
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler, select_address_family

from .journal import Request
from .replies import RefusalError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Buffer

CONTROL_PREFIX = "/__emulator__/"
CONTROL_HEADER = "X-Kore-Emulator-Key"
NAME = "kore-convtest-emulator"
"""The ``Server`` header of every reply: whoever takes it for a real platform can see that it is none."""

LARGEST_BODY = 10 * 1024 * 1024
MOST_CONNECTIONS = 1024
_LARGEST_HEAD = 256 * 1024
_IDLE, _HEAD_TIME, _BODY_TIME = 900.0, 30.0, 60.0
"""Seconds that a client may take: between two requests, for a request's head, for its body."""

_LEFT_OVER, _LEFT_TIME = 64 * 1024, 1.0
"""Bytes of a body that nobody wanted which are thrown away to keep the connection, and seconds for it."""

_PIECE = 65536
_BACKLOG = 128
_POLL = 0.02  # seconds between two looks at the request to stop
_PATIENCE = 1.0  # seconds that a thread may take to end
_PIECES = 20
_NO_BODY = (204, 304)
_DIGITS = 12
_FULL = (
    f"HTTP/1.1 503 Service Unavailable\r\nServer: {NAME}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
).encode()


class _TooLargeError(Exception):
    """A body has more bytes than are taken."""


class _BadBodyError(Exception):
    """Nobody can say where a body ends."""


class _Wire(io.RawIOBase):
    """What comes over a connection, within a time and a number of bytes for each part of a request."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self._end = 0.0
        self._room = 0
        self._then: float | None = None

    def allow(self, seconds: float, room: int, *, then: float | None = None) -> None:
        """Say how long the next bytes may take, how many they may be, and how long those after the first."""
        self._end, self._room, self._then = monotonic() + seconds, room, then

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if self._room <= 0:
            raise LineTooLong("request")
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        count = self._connection.recv_into(memoryview(buffer)[: self._room])
        self._room -= count
        if self._then is not None:
            self._end, self._then = monotonic() + self._then, None
        return count


class Answers(NamedTuple):
    """What a server answers.

    Attributes:
        answer: Answers a request.
        admits: Says whether a request's body may be read, given its head.
        control: Answers a request to the control path, given the peer's address.
        may_control: Says whether its body may be read.
    """

    answer: Callable[[Request], Reply]
    admits: Callable[[Request], bool]
    control: Callable[[Request, str], Reply]
    may_control: Callable[[Request, str], bool]


class Handler(WSGIRequestHandler):
    """Serve one connection, request after request.

    Werkzeug's own ``run_wsgi`` closes the connection after every answer and waits 10 ms for stray input; a
    real platform keeps connections, and clients must cope with that. A body is read when the request's
    token, or its control key, was accepted; of any other request the head alone is looked at.
    """

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Read the connection through bounds."""
        super().setup()
        self.rfile.close()
        self._wire = _Wire(self.connection)
        self.rfile: io.BufferedIOBase = io.BufferedReader(self._wire)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what is no request; the standard library would do it in HTML, or as of HTTP/0.9."""
        self.command = ""
        self._refuse(RefusalError(int(code), message or "Bad Request"))

    def handle_one_request(self) -> None:
        """Serve one request, whose head may neither trickle nor go on for ever."""
        self._wire.allow(_IDLE, _LARGEST_HEAD, then=_HEAD_TIME)
        super().handle_one_request()

    def handle_expect_100(self) -> bool:
        """Ask for the body when it is wanted, and not before."""
        return True

    def run_wsgi(self) -> None:
        """Read one request, answer it."""
        self._unread = self._has_body()
        request = Request(self.command, self.path, self.headers)
        controls = self.path.startswith(CONTROL_PREFIX)
        peer = str(self.client_address[0])
        try:
            length = self._length()
            if self._unread and self._may_send(request, peer, controls=controls):
                request = replace(request, body=self._read_body(length))
                self._unread = False
        except _TooLargeError:
            self._refuse(RefusalError(413, "Payload Too Large"))
            return
        except _BadBodyError:
            self._refuse(RefusalError(400, "Bad Request"))
            return
        self.close_connection |= self._unread and (length or 0) > _LEFT_OVER
        self.connection.settimeout(_BODY_TIME)
        if controls:
            self._write(self.server.answers.control(request, peer))
        else:
            self._deliver(self.server.answers.answer(request))
        if self._unread:
            self._throw_away(length)

    def _may_send(self, request: Request, peer: str, *, controls: bool) -> bool:
        answers = self.server.answers
        return answers.may_control(request, peer) if controls else answers.admits(request)

    def _has_body(self) -> bool:
        return "Transfer-Encoding" in self.headers or (self.headers.get("Content-Length") or "0") != "0"

    def _refuse(self, refusal: RefusalError) -> None:
        self.close_connection = True
        self.connection.settimeout(_BODY_TIME)
        self._write(refusal.reply())
        self._throw_away(None)

    def _length(self) -> int | None:
        """Return the body's length; ``None`` when it comes in chunks.

        Raises:
            _BadBodyError: The headers contradict each other.
            _TooLargeError: It is too large.
        """
        lengths = {text.strip() for text in self.headers.get_all("Content-Length") or ()}
        codings = [text.strip().lower() for text in self.headers.get_all("Transfer-Encoding") or ()]
        if codings:
            if codings != ["chunked"] or lengths:
                raise _BadBodyError
            return None
        text = lengths.pop() if lengths else "0"
        if lengths or not (text.isascii() and text.isdigit()):
            raise _BadBodyError
        if len(text.lstrip("0")) > _DIGITS or int(text) > LARGEST_BODY:
            raise _TooLargeError
        return int(text)

    def _read_body(self, length: int | None) -> bytes:
        if (self.headers.get("Expect") or "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if length is None:
            self._wire.allow(_BODY_TIME, 2 * LARGEST_BODY)  # the lines between small chunks have room
            return self._read_chunks(LARGEST_BODY)
        self._wire.allow(_BODY_TIME, length)
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionAbortedError
        return data

    def _read_chunks(self, most: int) -> bytes:
        chunks = DechunkedInput(cast("IO[bytes]", self.rfile))
        data, piece = bytearray(), memoryview(bytearray(_PIECE))
        try:
            # Not ``read``: of a chunk that is cut off it would return what lies behind its buffer, or crash.
            while count := chunks.readinto(cast("bytearray", piece)):
                data += piece[:count]
                if len(data) > most:
                    raise _TooLargeError
        except LineTooLong:
            raise _TooLargeError from None
        except (TimeoutError, ConnectionError):
            raise
        except (OSError, ValueError):  # of which the second is a chunk that is cut off
            raise _BadBodyError from None
        return bytes(data)

    def _throw_away(self, length: int | None) -> None:
        """Drop a body that nobody wanted, when it is small and already here; else close, but politely.

        A close with bytes unread is a reset, which takes the answer away from a client that still sends.
        """
        with suppress(OSError, LineTooLong, _TooLargeError, _BadBodyError):
            if not self.close_connection:
                self._wire.allow(_LEFT_TIME, _LEFT_OVER)
                if length is None:
                    self._read_chunks(_LEFT_OVER)
                    return
                if len(self.rfile.read(length)) == length:
                    return
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_WR)
            self._wire.allow(_LEFT_TIME, LARGEST_BODY)
            while self.rfile.read1(_PIECE):
                pass
        self.close_connection = True

    def _deliver(self, reply: Reply) -> None:
        if reply.manner == "drip":
            self._drip(reply)
            return
        if reply.delay:
            self.server.stopping.wait(reply.delay)
        if reply.manner in ("close", "reset"):
            self.close_connection = True
            if reply.manner == "reset":
                self.server.abort(self.connection)
            return
        self._write(reply)

    def _write(self, reply: Reply) -> None:
        # One call for head and body: two small packets would wait for each other's acknowledgement.
        self.wfile.write(self._head(reply) + (b"" if self.command == "HEAD" else self._body(reply)))

    def _body(self, reply: Reply) -> bytes:
        if reply.manner != "truncated":
            return reply.body
        self.close_connection = True
        return reply.body[: len(reply.body) // 2]

    def _head(self, reply: Reply) -> bytes:
        reason = self.responses.get(reply.status, ("Unknown",))[0]
        lines = [
            f"HTTP/1.1 {reply.status} {reason}",
            f"Date: {self.date_time_string(int(self.server.now()))}",
        ]
        if reply.content_type:
            lines.append(f"Content-Type: {reply.content_type}")
        if reply.status not in _NO_BODY:
            lines.append(f"Content-Length: {len(reply.body)}")
        lines += [f"Server: {NAME}", "X-Kore-Emulator: 1"]
        if reply.fault:
            lines.append(f"X-Kore-Emulator-Fault: {reply.fault}")
        lines.extend(f"{name}: {value}" for name, value in reply.headers)
        if self.close_connection or reply.manner == "truncated":
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _drip(self, reply: Reply) -> None:
        data = self._head(reply) + reply.body
        size = max(1, -(-len(data) // _PIECES))
        for start in range(0, len(data), size):
            self.wfile.write(data[start : start + size])
            if self.server.stopping.wait(reply.delay / _PIECES):
                self.close_connection: bool = True
                return

    def log(self, *_: object) -> None:
        """Say nothing: a test's output is its own."""


class Server(ThreadedWSGIServer):
    """Listen, and end quickly.

    Args:
        host: The address to listen on.
        port: The port; 0 for a free one.
        answers: What to answer.
        now: Seconds since the epoch, for the ``Date`` header.

    Raises:
        OSError: The address cannot be had.
    """

    def __init__(self, host: str, port: int, answers: Answers, now: Callable[[], float]) -> None:
        self.answers: Answers = answers
        self.now = now
        self.stopping: Event = Event()
        self._aborted: set[int] = set()
        self._open: dict[socket.socket, Thread] = {}
        # Werkzeug would print and exit the process when it cannot bind, so it gets a bound socket.
        with _listen(host, port) as bound:
            super().__init__(host, port, _no_wsgi, handler=Handler, fd=bound.fileno())
        self._thread = Thread(target=self.serve_forever, args=(_POLL,), name="kore-emulator", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and end every thread."""
        self.stopping.set()
        self.shutdown()
        self._thread.join(_PATIENCE)
        for connection, thread in list(self._open.items()):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            if thread is not current_thread():
                thread.join(_PATIENCE)

    def abort(self, connection: socket.socket) -> None:
        """Make the coming close of a connection a reset."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._aborted.add(id(connection))

    def process_request(self, request: Any, client_address: object) -> None:
        """Serve a connection in a thread of its own, known to ``stop``."""
        if len(self._open) >= MOST_CONNECTIONS:
            with suppress(OSError):
                request.sendall(_FULL)
            self.shutdown_request(request)
            return
        thread = Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="kore-emulator",
            daemon=True,
        )
        self._open[request] = thread
        thread.start()

    def get_request(self) -> Any:
        """Accept a connection; a guard of sockets in this process refuses it without ending the server."""
        try:
            return super().get_request()
        except (RuntimeError, Warning) as refused:
            raise ConnectionAbortedError(str(refused)) from None

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; a graceful goodbye would spoil a reset."""
        self._open.pop(request, None)
        if id(request) in self._aborted:
            self._aborted.discard(id(request))
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Drop the connection without a word: a client may break off whenever it likes."""

    def log(self, *_: object) -> None:
        """Say nothing."""


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(select_address_family(host, port), socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def _no_wsgi(*_: object) -> NoReturn:
    raise NotImplementedError("the handler answers by itself")


def read_form(request: Request) -> tuple[str | None, bytes, dict[str, str]]:
    """Return a multipart body's file name, the file's bytes and the other fields.

    The name is ``None`` when there is no file.
    """
    mimetype, options = parse_options_header(request.headers.get("content-type"))
    if mimetype != "multipart/form-data" or "boundary" not in options:
        return None, b"", {}
    try:
        stream = io.BytesIO(request.body)
        _, form, files = FormDataParser(silent=False).parse(stream, mimetype, len(request.body), options)
    except (ValueError, HTTPException):
        return None, b"", {}
    with ExitStack() as open_parts:
        for part in chain.from_iterable(files.listvalues()):
            open_parts.callback(part.close)
        chosen = files.get("file")
        if chosen is None:
            return None, b"", form.to_dict()
        return chosen.filename or "", chosen.read(), form.to_dict()


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def keys_match(given: str | None, wanted: str) -> bool:
    """Compare two control keys in constant time."""
    return hmac.compare_digest((given or "").encode(), wanted.encode())
