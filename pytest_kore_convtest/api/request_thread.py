"""A daemon thread that carries out one exchange at a time and can be cut off from outside.

A caller that waits for a thread waits no longer than it wants to: name resolution,
handshakes and headers that trickle in have no total timeout of their own.
What a thread raises is caught there and comes back as data, from which the caller
makes a new error; so no frame, exception or local variable of the caller ever holds a token.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from pytest_kore_convtest.errors import KoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest.errors import ErrorData


class Connection(Protocol):
    """What a thread has to know of a connection."""

    @property
    def sock(self) -> object:
        """The socket; ``None`` once it is closed."""

    def close(self) -> None:
        """Close it."""


class Exchange(Protocol):
    """What happens on a thread: a session that carries out jobs."""

    def __call__(self, job: Any) -> object:
        """Carry out one job."""

    def close(self) -> None:
        """Close the session's connections."""


class Describe(Protocol):
    """What an exception means."""

    def __call__(self, trouble: BaseException, *, sent: bool | None, peer: str) -> KoreError:
        """Make a new error that holds nothing of the exception."""


class Outcome:
    """How an exchange ended: a reply, or an error as data."""

    reply: Any
    trouble: ErrorData | None

    def __init__(self, reply: object = None, trouble: ErrorData | None = None) -> None:
        self.reply, self.trouble = reply, trouble


class RequestThread:
    """A thread with one session.

    Args:
        open_session: Opens the session, on the thread, before its first job; takes the thread,
            which wants to be told of every connection (``opening``, ``watch``, ``sending``).
        describe: Makes an error of ours from a foreign one, given whether the request had begun to leave
            and to which host a connection was opened last.

    Attributes:
        phase: What the thread is doing, in words, for whoever gives up waiting for it.
    """

    def __init__(self, open_session: Callable[[RequestThread], Exchange], describe: Describe) -> None:
        self._describe = describe
        self._jobs: SimpleQueue[tuple[object, Future[Outcome]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._watched: list[tuple[Connection, socket.socket]] = []
        self._cut = False
        self._sent: bool | None = None
        self._peer = ""
        self.phase: str = "nothing"
        self._thread = threading.Thread(
            target=self._serve, args=(open_session,), name="kore-request", daemon=True
        )
        self._thread.start()

    def start(self, job: object) -> Future[Outcome]:
        """Begin a job."""
        outcome: Future[Outcome] = Future()
        self._jobs.put((job, outcome))
        return outcome

    def abandon(self) -> bool:
        """Cut the connection, so that whatever the thread waits for ends at once; nothing is sent any more.

        Returns:
            Whether the request may have been sent.
        """
        with self._lock:
            self._cut = True
            for _, socket_copy in self._watched:
                with suppress(OSError):
                    socket_copy.shutdown(socket.SHUT_RDWR)
            self._jobs.put(None)
            return self._sent is not False

    def close(self) -> None:
        """End the thread, which is idle, and close its connection."""
        self._jobs.put(None)
        self._thread.join(timeout=1.0)

    def note(self, phase: str, *, sent: bool | None) -> None:
        """Note what is being done, and whether the request may have left; ``None`` when nobody can tell."""
        self.phase, self._sent = phase, sent

    def opening(self, peer: str) -> None:
        """Note that a connection is about to be opened: until ``sending``, nothing has left."""
        self._peer = peer
        self.note(f"looking up {peer}", sent=False)

    def watch(self, connection: Connection, connected: socket.socket) -> socket.socket:
        """Remember a new socket, to cut it when the caller gives up; return it."""
        # A duplicate: TLS takes the original apart, and the handshake must be cuttable too.
        with self._lock:
            if self._cut:
                connected.close()  # nobody else knows of it yet
            self._check()
            self._watched.append((connection, connected.dup()))
        return connected

    def sending(self) -> None:
        """Note that a request is about to leave."""
        with self._lock:
            self._check()
            self.note("sending the request", sent=True)

    def _check(self) -> None:
        if self._cut:
            raise ConnectionAbortedError

    def _serve(self, open_session: Callable[[RequestThread], Exchange]) -> None:
        session: Exchange | None = None
        while item := self._jobs.get():
            job, outcome = item
            self.note("reading the certificates", sent=False)
            try:
                session = session or open_session(self)
                outcome.set_result(Outcome(session(job)))
            except BaseException as trouble:  # noqa: BLE001 - the border: nothing foreign gets past
                outcome.set_result(Outcome(trouble=self._as_data(trouble)))
            self._forget(everything=False)
            del item, job, outcome
        if session is not None:
            session.close()
        self._forget(everything=True)

    def _as_data(self, trouble: BaseException) -> ErrorData:
        ours = (
            trouble
            if isinstance(trouble, KoreError)
            else self._describe(trouble, sent=self._sent, peer=self._peer)
        )
        return ours.to_data()

    def _forget(self, *, everything: bool) -> None:
        """Close our duplicates of sockets that are closed already: only then does the server see the end."""
        with self._lock:
            kept = []
            for connection, socket_copy in self._watched:
                if everything:
                    # The session forgets its connections, and leaves those that met a fault to the collector.
                    connection.close()
                if everything or connection.sock is None:
                    socket_copy.close()
                else:
                    kept.append((connection, socket_copy))
            self._watched = kept
