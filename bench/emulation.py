"""What a status request costs the emulator, beside an empty application of Werkzeug.

The emulator brings its own handler for Werkzeug's server, which keeps connections; what that
costs without an emulator behind it is shown too. All get the same request.

The server's own processor time is counted (Linux), so that the client's share is not in
the way; else the time of the round trip. The three take turns, in blocks.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jwt
from figures import Verdict, print_table, save, spread

TARGET = 1.5
ROUNDS, BLOCK = 15, 200

SERVE = """
import json, sys, threading, time
from werkzeug.serving import WSGIRequestHandler, make_server
from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.emulator.replies import Reply
from pytest_kore_convtest.emulator.server import Answers, Server

def refuse(*_):
    raise AssertionError

kind = sys.argv[1]
facts = {}
if kind == "emulator":
    emulator = Emulator().start()
    facts = {**emulator.handle(), "job": emulator.add_job(status="IN_PROGRESS@40")}
    port = int(emulator.url.rpartition(":")[2])
elif kind == "nothing":
    answers = Answers(lambda request: Reply(200, b"{}"), lambda request: True, refuse, refuse)
    server = Server("127.0.0.1", 0, answers, time.time)
    port = server.port
else:
    class Quiet(WSGIRequestHandler):
        def log(self, *_):
            pass
    def nothing(environ, start):
        start("200 OK", [("Content-Length", "2")])
        return [b"{}"]
    server = make_server("127.0.0.1", 0, nothing, threaded=True, request_handler=Quiet)
    port = server.port
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({**facts, "port": port}), flush=True)
sys.stdin.read()
"""
KINDS = {
    "nothing": "an empty answer of the emulator's server",
    "werkzeug": "an empty WSGI application of Werkzeug",
    "emulator": "a status",
}


class Served:
    """A server in a process of its own, and the request to send."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-c", SERVE, kind]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        facts: dict[str, Any] = json.loads(self.process.stdout.readline() if self.process.stdout else "")
        self.port = facts["port"]
        self.connection: socket.socket | None = None
        self.facts = facts

    def make_request(self) -> bytes:
        """Return a request for the status of the emulator's job."""
        claims = {"appId": self.facts["client_id"], "sub": "bench", "exp": int(time.time()) + 3000}
        token = jwt.encode(claims, self.facts["client_secret"], "HS256")
        stream, job = self.facts["stream_id"], self.facts["job"]
        path = f"/api/public/stream/{stream}/conversation/testsuite/import/{job}/status"
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nauth: {token}\r\n\r\n".encode()

    def ask(self, request: bytes) -> None:
        """Send a request and read the answer; connect when that is needed."""
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port))
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.sendall(request)
        answer = b""
        while not (answer.partition(b"\r\n\r\n")[2].endswith(b"}")):
            answer += self.connection.recv(65536)
        assert b" 200 " in answer[:20], answer[:200]
        if b"Connection: close" in answer:
            self.connection.close()
            self.connection = None

    def spent(self) -> float:
        """Return the seconds that the server's threads have run; those of ended ones are not lost."""
        fields = Path(f"/proc/{self.process.pid}/stat")
        if not fields.exists():
            return time.perf_counter()
        user, system = fields.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / 100

    def close(self) -> None:
        """End it."""
        if self.connection is not None:
            self.connection.close()
        self.process.communicate("")


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    servers = {kind: Served(kind) for kind in KINDS}
    request = servers["emulator"].make_request()  # all get the same
    trips: dict[str, list[float]] = {kind: [] for kind in KINDS}
    spent = dict.fromkeys(KINDS, 0.0)
    for number in range(ROUNDS + 1):
        for kind, server in servers.items():
            before, begin = server.spent(), time.perf_counter()
            for _ in range(BLOCK):
                server.ask(request)
            if number:
                trips[kind].append((time.perf_counter() - begin) / BLOCK * 1000)
                spent[kind] += (server.spent() - before) / (ROUNDS * BLOCK) * 1000
    for server in servers.values():
        server.close()
    rows = []
    for kind, words in KINDS.items():
        trip = spread(trips[kind])
        shown = f"{trip.median:.2f} ({trip.low:.2f} .. {trip.high:.2f})"
        rows.append((words, shown, f"{spent[kind]:.2f}", f"{spent[kind] / spent['werkzeug']:.2f}"))
    print_table(
        f"What one request costs the emulator, {ROUNDS} times {BLOCK}, ms",
        ("answer", "round trip, median (quartiles)", "server's processor", "beside the application"),
        rows,
    )
    # Which of the two "an empty handler" means can be argued about, so both are told.
    verdicts = [
        Verdict(f"emulator, a status beside {KINDS[kind]}", TARGET, spent["emulator"] / spent[kind], " x")
        for kind in ("werkzeug", "nothing")
    ]
    save("emulation", [{"trips_ms": trips, "server_ms": spent}], verdicts)
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
