"""The time from starting `pytest` to its first request on the wire, beside a bare script.

The script imports `requests` and PyJWT, signs a token and asks. What no plugin can go
below is pytest itself: so the same script as a test without any plugin is measured too.
A socket notes when the request arrives. Processor time is the figure that counts where
the system tells it (Linux): the clock on the wall also measures what else runs.
"""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Verdict, print_table, save, spread
from rooms import clean_environment, room_with_us

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = 1.3
ROUNDS = 20
SECRET = "x" * 40
SCRIPT = """
import os, time
import jwt, requests
now = int(time.time())
token = jwt.encode({"appId": "cs-1", "sub": "1", "iat": now, "exp": now + 300}, os.environ["SECRET"], "HS256")
requests.get(os.environ["URL"] + "/status", headers={"auth": token})
"""
GATE = ("--kore-gate", "--kore-ds-id", "ds-1", "--kore-host", "{url}", "--kore-stream-id", "st-1")
KEYS = ("--kore-client-id", "cs-1", "--kore-client-secret", SECRET)


def spent(process: int) -> float:
    """Return the milliseconds of processor time that a process has used so far; 0 where nobody tells."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6


def start(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Start a command; return the milliseconds until its request arrives: wall, and processor."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        env = clean_environment(URL=url, SECRET=SECRET)
        begin = time.perf_counter()
        with subprocess.Popen(
            [word.format(url=url) for word in command], cwd=folder, env=env, stdout=subprocess.DEVNULL
        ) as process:
            connection, _ = server.accept()
            with connection:
                asked = connection.recv(65536)
                wall = (time.perf_counter() - begin) * 1000
                processor = spent(process.pid)
                process.kill()
            assert asked.startswith(b"GET "), asked
    return wall, processor


def measure() -> dict[str, list[tuple[float, float]]]:
    """Start all by turns."""
    with tempfile.TemporaryDirectory(prefix="kore-bench-") as place:
        folder = Path(place)
        python = room_with_us()
        script, test = folder / "script.py", folder / "test_script.py"
        script.write_text(SCRIPT, encoding="utf-8")
        test.write_text("def test_ask():" + SCRIPT.replace("\n", "\n    "), encoding="utf-8")
        commands = {
            "bare script": (python, str(script)),
            "bare script as a test": (python, "-m", "pytest", "-p", "no:pytest_kore_convtest", str(test)),
            "gate": (python, "-m", "pytest", *GATE, *KEYS),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for number in range(ROUNDS + 1):
            for name, command in commands.items():
                took = start(command, folder)
                if number:  # the first one writes byte code
                    found[name].append(took)
    return found


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    found = measure()
    rows, ratios = [], {}
    for name, pairs in found.items():
        wall, processor = (spread([pair[kind] for pair in pairs]) for kind in (0, 1))
        kind = 1 if processor.median else 0
        for other in ("bare script", "bare script as a test"):
            ratios[name, other] = spread(
                [mine[kind] / theirs[kind] for mine, theirs in zip(pairs, found[other], strict=True)]
            )
        beside = ratios[name, "bare script"]
        rows.append(
            (
                name,
                f"{wall.median:.0f} ({wall.low:.0f} .. {wall.high:.0f})",
                f"{processor.median:.0f} ({processor.low:.0f} .. {processor.high:.0f})",
                f"{beside.median:.2f} ({beside.low:.2f} .. {beside.high:.2f})",
            )
        )
    print_table(
        f"From the start to the first request on the wire, {ROUNDS} rounds: ms, median (quartiles)",
        ("what", "wall", "processor", "beside the bare script"),
        rows,
    )
    verdicts = [
        Verdict(
            "first request, gate beside a bare script", TARGET, ratios["gate", "bare script"].median, " x"
        ),
        Verdict(
            "first request, gate beside that script as a test of pytest",
            TARGET,
            ratios["gate", "bare script as a test"].median,
            " x",
        ),
    ]
    save("first", [{"what": name, "ms": pairs} for name, pairs in found.items()], verdicts)
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
