"""Carry requests and answers over HTTP/1.1: the only module that imports Werkzeug."""

from __future__ import annotations

import hmac
import io
import ipaddress
import socket
import struct
from contextlib import ExitStack, suppress
from itertools import chain
from threading import Event, Thread, current_thread
from typing import IO, TYPE_CHECKING, Any, cast

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler, select_address_family

from .records import Request
from .replies import RefusalError, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

CONTROL_PREFIX = "/__emulator__/"
CONTROL_HEADER = "X-Kore-Emulator-Key"
_LIMIT = 64 * 1024 * 1024
_PIECE = 65536
_BACKLOG = 128
_POLL = 0.02  # seconds between two looks at the request to stop
_PATIENCE = 1.0  # seconds that a thread may take to end
_PIECES = 20
_MISSING = 64
_NO_BODY = (204, 304)


class Handler(WSGIRequestHandler):
    """Serve one connection, request after request.

    Werkzeug's own ``run_wsgi`` closes the connection after every answer and waits 10 ms for stray input; a
    real platform keeps connections, and clients must cope with that.
    """

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Read one request, answer it."""
        body = self._read_body()
        if body is None:
            self._write(RefusalError(413, "Payload Too Large").reply())
            self.close_connection = True
            return
        request = Request(self.command, self.path, self.headers, body)
        if self.path.startswith(CONTROL_PREFIX):
            self._write(self.server.control(request, str(self.client_address[0])))
        else:
            self._deliver(self.server.answer(request))

    def _read_body(self) -> bytes | None:
        """Return the whole body; ``None`` when it is too large."""
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            return self._read_chunks()
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit():
            raise ConnectionAbortedError
        if int(length) > _LIMIT:
            return None
        data = self.rfile.read(int(length)) if length != "0" else b""
        if len(data) < int(length):
            raise ConnectionAbortedError
        return data

    def _read_chunks(self) -> bytes | None:
        chunks = DechunkedInput(cast("IO[bytes]", self.rfile))
        data = bytearray()
        while piece := chunks.read(_PIECE):
            data += piece
            if len(data) > _LIMIT:
                return None
        return bytes(data)

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
        lines.append("X-Kore-Emulator: 1")
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
                self.close_connection = True
                return

    def log(self, *_: Any) -> None:
        """Say nothing: a test's output is its own."""


class Server(ThreadedWSGIServer):
    """Listen, and end quickly.

    Args:
        host: The address to listen on.
        port: The port; 0 for a free one.
        answer: Answers a request.
        control: Answers a request to the control path, given the peer's address.
        now: Seconds since the epoch, for the ``Date`` header.

    Raises:
        OSError: The address cannot be had.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        answer: Callable[[Request], Reply],
        control: Callable[[Request, str], Reply],
        now: Callable[[], float],
    ) -> None:
        self.answer = answer
        self.control = control
        self.now = now
        self.stopping = Event()
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

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, known to ``stop``."""
        thread = Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="kore-emulator",
            daemon=True,
        )
        self._open[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection; a graceful goodbye would spoil a reset."""
        self._open.pop(request, None)
        if id(request) in self._aborted:
            self._aborted.discard(id(request))
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Drop the connection without a word: a client may break off whenever it likes."""

    def log(self, *_: Any) -> None:
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


def _no_wsgi(*_: Any) -> Any:
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
