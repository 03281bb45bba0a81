"""A server of raw sockets: each connection is answered by a scripted function.

Nothing here knows HTTP; a script is a function that takes a ``Line`` and does what it likes.
"""

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress

PATIENCE = 10.0
"""Seconds after which a script that waits for something gives up, so that no thread stays for ever."""


class Line:
    """One accepted connection, in the hands of a script."""

    def __init__(self, connection, stopping):
        self.socket, self._stopping = connection, stopping
        self._buffer = b""

    def request(self):
        """Read one request, headers and body; return its bytes, empty when the other side closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return b""
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(rest) < length and self._more():
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        self._buffer = rest[length:]
        return head + b"\r\n\r\n" + rest[:length]

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except OSError:
            return b""
        self._buffer += data
        return data

    def send(self, data):
        """Send bytes."""
        self.socket.sendall(data)

    def trickle(self, data, pause=0.02):
        """Send byte after byte, for ever when the bytes are used up."""
        while not self._stopping.wait(pause):
            self.socket.sendall(data[:1] or b"x")
            data = data[1:]

    def hold(self):
        """Say nothing until the other side closes; return how long that took."""
        begun = time.monotonic()
        with suppress(OSError):
            while self.socket.recv(65536):
                pass
        return time.monotonic() - begun

    def reset(self):
        """Close with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for_stop(self, seconds):
        """Let time pass, unless the server is stopped."""
        self._stopping.wait(seconds)


class SocketServer:
    """Answer the first connection with the first script, and so on; the last script repeats.

    Args:
        scripts: Functions that take a ``Line``.
        context: A TLS context of the server's side, or ``None``.

    Attributes:
        requests: Every request that was read, as bytes.
        connections: How many connections there were.
    """

    def __init__(self, *scripts, context=None):
        self._scripts, self._context = scripts, context
        self._stopping = threading.Event()
        self._open, self._threads = [], []
        self.requests, self.connections = [], 0
        self.errors = []

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    @property
    def url(self):
        """The base address."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def wait_for_close(self):
        """Wait until the server has closed every connection that it has accepted."""
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(script, connection), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, script, connection):
        line = None
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            line = _Recorder(connection, self._stopping, self.requests)
            script(line)
        except (OSError, ssl.SSLError) as error:
            self.errors.append(error)
        finally:
            connection.close()

    def __exit__(self, *_):
        self._stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(PATIENCE)
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        for connection in self._open:
            connection.close()


class _Recorder(Line):
    def __init__(self, connection, stopping, requests):
        super().__init__(connection, stopping)
        self._requests = requests

    def request(self):
        request = super().request()
        if request:
            self._requests.append(request)
        return request


def http(status=200, body=b"", *headers, length=True):
    """Return the bytes of an HTTP answer."""
    lines = [f"HTTP/1.1 {status} X".encode(), *(line.encode() for line in headers)]
    if length:
        lines.append(f"Content-Length: {len(body)}".encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def say(*answers):
    """Make a script that answers each request of a connection with the next bytes, the last one repeated."""

    def script(line):
        count = 0
        while line.request():
            line.send(answers[min(count, len(answers) - 1)])
            count += 1

    return script


def cut(answer):
    """Make a script that answers with bytes and closes the connection."""

    def script(line):
        line.request()
        line.send(answer)

    return script
