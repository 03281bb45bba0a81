"""What polls cost on the wire, and the layers above it: connections, TLS, bytes, processor time.

An emulator of a few lines answers every request with the same status, over TLS as well, and
notes what arrives. The layers take turns, in blocks; counted is this process's own time.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import requests
import trustme
import urllib3
from figures import Verdict, print_table, save, spread
from standin import settings_for, stand_in

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POLLS, ROUNDS, BLOCK = 50, 15, 40
STREAM, JOB, SECRET = "st-1", "ds-1", "x" * 40
SAMPLE = Path(__file__).parents[1] / "tests" / "samples" / "import-status.in-progress.json"


@dataclass
class Seen:
    """What the emulator saw.

    Attributes:
        resumed: For every connection, whether its TLS session was resumed.
        requests: The requests as they came.
        sent: Bytes of each answer.
    """

    resumed: list[bool] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


@contextmanager
def serve(context: ssl.SSLContext | None, seen: Seen, *, per_connection: int) -> Iterator[int]:
    """Answer requests, so many on each connection, and give the port."""
    facts = {"_id": JOB, "streamId": STREAM, "status": "IN_PROGRESS", "percentageComplete": 40}
    body = gzip.compress(json.dumps(facts).encode())
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    if per_connection == 1:  # else the client may send the next request into a connection that is closing
        head += "Connection: close\r\n"
    answer = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def converse(raw: socket.socket) -> None:
        connection: Any = raw if context is None else context.wrap_socket(raw, server_side=True)
        seen.resumed.append(bool(getattr(connection, "session_reused", False)))
        with connection:
            for _ in range(per_connection):
                asked = b""
                while not asked.endswith(b"\r\n\r\n"):
                    if not (piece := connection.recv(65536)):
                        return
                    asked += piece
                seen.requests.append(asked)
                seen.sent.append(len(answer))
                connection.sendall(answer)

    def accept(server: socket.socket) -> None:
        while True:
            try:
                raw, _ = server.accept()
            except OSError:
                return
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=converse, args=(raw,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def poll_over_tls(*, per_connection: int) -> tuple[Seen, float]:
    """Poll through the client over TLS; return what was seen, and the median milliseconds of a poll."""
    authority, seen = trustme.CA(), Seen()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with tempfile.TemporaryDirectory() as folder, serve(context, seen, per_connection=per_connection) as port:
        bundle = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        settings = Settings.read(
            env={}, host=f"https://127.0.0.1:{port}", stream_id=STREAM, client_id="cs-1",
            client_secret=SECRET, ca_bundle=str(bundle),
        )  # fmt: skip
        times = []
        with KoreClient(settings) as client:
            for _ in range(POLLS):
                begin = time.perf_counter()
                client.import_status(JOB)
                times.append((time.perf_counter() - begin) * 1000)
    return seen, spread(times).median


def connections() -> list[Verdict]:
    """Look at connections, resumption, bytes and compression."""
    warm, warm_ms = poll_over_tls(per_connection=10 * POLLS)
    cold, cold_ms = poll_over_tls(per_connection=1)
    asks_gzip = all(b"Accept-Encoding: gzip\r\n" in request for request in warm.requests)
    rows = [
        ("polls", str(POLLS), str(POLLS)),
        ("connections, TLS handshakes", str(len(warm.resumed)), str(len(cold.resumed))),
        ("of them resumed", str(sum(warm.resumed)), str(sum(cold.resumed))),
        ("ms per poll, median", f"{warm_ms:.1f}", f"{cold_ms:.1f}"),
        ("bytes asked per poll", str(len(warm.requests[-1])), str(len(cold.requests[-1]))),
        ("bytes answered per poll, gzip", str(warm.sent[-1]), str(cold.sent[-1])),
    ]
    print_table(
        "Polls over TLS on loopback", ("what", "connection kept", "closed by the server each time"), rows
    )
    return [
        Verdict("wire, connections for all polls of a wait", 1, len(warm.resumed), ""),
        Verdict("wire, requests that do not ask for compression", 0, 0.0 if asks_gzip else 1.0, ""),
    ]


def layers() -> list[Verdict]:
    """Measure the processor time of a poll through each layer."""
    with stand_in() as emulator:
        settings = settings_for(emulator)
        job = emulator.add_job(status="IN_PROGRESS@40")
        with KoreClient(settings) as client, requests.Session() as session:
            url = client.stream_url(f"/conversation/testsuite/import/{job}/status")
            claims = {"appId": emulator.client_id, "sub": "bench", "exp": int(time.time()) + 3000}
            token = jwt.encode(claims, emulator.client_secret, "HS256")
            headers = {"auth": token, "Accept-Encoding": "gzip"}
            pool = urllib3.PoolManager()
            ways: dict[str, Callable[[], Any]] = {
                "urllib3 alone": lambda: json.loads(pool.request("GET", url, headers=headers).data),
                "requests.Session": lambda: session.get(url, headers=headers).json(),
                "KoreClient": lambda: client.import_status(job),
            }
            spent: dict[str, list[float]] = {name: [] for name in ways}
            for number in range(ROUNDS + 1):
                for name, ask in ways.items():
                    begin = time.process_time()
                    for _ in range(BLOCK):
                        ask()
                    if number:
                        spent[name].append((time.process_time() - begin) / BLOCK * 1000)
    least = spent["urllib3 alone"]
    rows = []
    for name, took in spent.items():
        mine, ratio = spread(took), spread([one / other for one, other in zip(took, least, strict=True)])
        beside = f"{ratio.median:.2f} ({ratio.low:.2f} .. {ratio.high:.2f})"
        rows.append((name, f"{mine.median:.2f} ({mine.low:.2f} .. {mine.high:.2f})", beside))
    print_table(
        "Processor time of one poll on a warm connection: ms, median (quartiles)",
        ("through", "ms", "beside urllib3 alone"),
        rows,
    )
    return [Verdict("wire, processor time of one poll", 1.0, spread(spent["KoreClient"]).median, " ms")]


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    verdicts = [*connections(), *layers()]
    save("wire", [{"openssl": ssl.OPENSSL_VERSION, "python": sys.version}], verdicts)
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
