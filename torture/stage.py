"""A server that performs acts: one for each request, or for a connection that gets none.

An act is a function that takes a ``Line`` and the ``Stage``; it returns true when the
connection goes on. What the acts do to each other's connections is up to them.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import trustme
from e2e.socket_server import PATIENCE, Line, SocketServer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Early:
    """An act that begins with the connection: before TLS, before any request.

    Args:
        act: The act.
    """

    def __init__(self, act: Callable[[Line, Stage], object]) -> None:
        self.act = act


class Stage(SocketServer):
    """Perform acts in order; the last one repeats.

    Args:
        acts: The acts.
        context: A TLS context of the server's side, or ``None``.
        other: The address that acts may point to as another origin.

    Attributes:
        times: When each request had arrived, by the monotonic clock.
    """

    def __init__(
        self, acts: Sequence[object], *, context: ssl.SSLContext | None = None, other: str = ""
    ) -> None:
        super().__init__(None, context=context)
        self._acts, self._next, self._turn = list(acts), 0, threading.Lock()
        self.other, self.times = other, []

    def _peek(self):
        return self._acts[min(self._next, len(self._acts) - 1)]

    def _take(self):
        with self._turn:
            act = self._peek()
            self._next += 1
            return act

    def _serve(self, _script, connection):
        try:
            if isinstance(self._peek(), Early):
                self._take().act(Line(connection, self._stopping), self)
                return
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            line = _Clocked(connection, self._stopping, self)
            while line.begins():
                act = self._take()
                is_early = isinstance(act, Early)
                if not (act.act if is_early else act)(line, self) or is_early:
                    return
        except (OSError, ssl.SSLError) as error:
            self.errors.append(error)
        finally:
            connection.close()

    def leave(self, seconds: float) -> None:
        """Listen no more, and come back to the same port after so many seconds."""
        listener = self._listener
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        threading.Thread(target=self._return, args=(seconds,), daemon=True).start()

    def _return(self, seconds):
        if self._stopping.wait(seconds):
            return
        self._accepting.join(PATIENCE)
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()


class _Clocked(Line):
    """A line that notes its requests, and when they came."""

    def __init__(self, connection, stopping, stage):
        super().__init__(connection, stopping)
        self._stage = stage

    def begins(self):
        """Wait for the first bytes of a request; say whether there are any."""
        return bool(self._buffer) or bool(self._more())

    def request(self):
        request = super().request()
        if request:
            self._stage.times.append(time.monotonic())
            self._stage.requests.append(request)
        return request


class Nobody:
    """A port at which nobody listens, or where nobody accepts.

    Args:
        full: Whether the operating system listens, but its backlog is full.
        address: Address and port; any free port of loopback without it.
    """

    def __init__(self, *, full: bool = False, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._full, self._address = full, address
        self._fillers: list[socket.socket] = []

    def __enter__(self):
        self._socket = socket.socket()
        self._socket.bind(self._address)
        self.port = self._socket.getsockname()[1]
        if self._full:
            self._socket.listen(0)
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(self._socket.getsockname())
                self._fillers.append(filler)
        return self

    def __exit__(self, *_: object) -> None:
        for one in (*self._fillers, self._socket):
            one.close()


class Certificates:
    """Certificates of every kind, of one CA that is trusted and one that is not."""

    def __init__(self) -> None:
        from datetime import datetime, timedelta, timezone

        ours, foreign = trustme.CA(), trustme.CA()
        self.bundle = ours.cert_pem.bytes()
        now = datetime.now(timezone.utc)
        past, future = now - timedelta(days=9), now + timedelta(days=9)
        self._issued = {
            "good": ours.issue_cert("127.0.0.1", "localhost"),
            "expired": ours.issue_cert("127.0.0.1", not_before=past, not_after=now - timedelta(days=1)),
            "not yet valid": ours.issue_cert(
                "127.0.0.1", not_before=now + timedelta(days=1), not_after=future
            ),
            "another host's": ours.issue_cert("elsewhere.example"),
            "of an unknown CA": foreign.issue_cert("127.0.0.1"),
        }

    def context(self, kind: str = "good") -> ssl.SSLContext:
        """Return a server's TLS context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if kind == "without a common cipher":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("PSK")
            return context
        self._issued["good" if kind == "wants a client's" else kind].configure_cert(context)
        if kind == "wants a client's":
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=self.bundle.decode())
        return context
