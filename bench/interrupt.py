"""How long a run takes to end after Ctrl-C or SIGTERM: a wait for a job beside a bare `time.sleep`.

Measured from the signal to the end of the process, reports included, each pair one after
the other. SIGTERM kills the bare sleep without any report; so its partner there is Ctrl-C, too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Verdict, print_table, save, spread

from pytest_kore_convtest.emulator import Emulator

ROUNDS = 9
TARGET = 0.5
"""Seconds over the bare sleep."""

SLEEP = """
import sys, time

def test_sleep():
    print("IN_PROGRESS", file=sys.__stderr__, flush=True)
    time.sleep(60)
"""
SPREAD = ("-p", "xdist", "-n", "2")
CASES = (
    ("Ctrl-C", signal.SIGINT, ()),
    ("SIGTERM", signal.SIGTERM, ()),
    ("Ctrl-C, 2 workers", signal.SIGINT, SPREAD),
    ("SIGTERM, 2 workers", signal.SIGTERM, SPREAD),
)


def measure(folder: Path, number: int, arguments: tuple[str, ...], environment: dict[str, str]) -> float:
    """Start pytest, signal it and its workers once it waits, return the seconds until it is over."""
    command = [sys.executable, "-u", "-m", "pytest", "-s", "-p", "no:cacheprovider", "--junitxml=junit.xml"]
    with subprocess.Popen(
        [*command, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "IN_PROGRESS" in line:
                break
        begun = time.perf_counter()
        # A terminal sends Ctrl-C to the whole group, CI sends SIGTERM to the process it started.
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        process.communicate(timeout=60)
        return time.perf_counter() - begun


def main() -> list[Verdict]:
    """Measure all cases; return how they compare with the target."""
    rows, facts, verdicts = [], [], []
    with Emulator() as emulator, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_sleep.py").write_text(SLEEP, encoding="utf-8")
        emulator.script("IN_PROGRESS@40", job="ds-demo")
        configured = {
            "KORE_HOST": emulator.url,
            "KORE_STREAM_ID": emulator.stream_id,
            "KORE_CLIENT_ID": emulator.client_id,
            "KORE_CLIENT_SECRET": emulator.client_secret,
            "KORE_POLL_INTERVAL": "0.1",
        }
        for what, number, arguments in CASES:
            waits, sleeps = [], []
            for _ in range(ROUNDS):
                gate = ("--kore-gate", "--kore-ds-id=ds-demo", "-v", *arguments)
                waits.append(measure(folder, number, gate, configured))
                sleeps.append(measure(folder, signal.SIGINT, ("test_sleep.py", *arguments), {}))
            ours, bare = spread(waits), spread(sleeps)
            shown = [f"{one.median:.3f} ({one.low:.3f} to {one.high:.3f})" for one in (ours, bare)]
            rows.append([what, *shown, f"{ours.median - bare.median:+.3f}"])
            facts.append({"case": what, "wait": ours, "sleep": bare})
            verdicts.append(Verdict(f"{what}, over a bare sleep", TARGET, ours.median - bare.median, " s"))
    print_table("Seconds from the signal to the end", ["signal", "waiting", "sleeping", "difference"], rows)
    save("interrupt", facts, verdicts)
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
