"""What the live progress costs in CPU time while many jobs are waited for.

The jobs belong to the emulator, which runs in a process of its own. The screen is a
pseudo-terminal that a thread empties. Counted is the CPU time of the waiting thread
inside the progress display; everything else is the price of the waiting itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from figures import Verdict, save

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.api.retry import SystemClock
from pytest_kore_convtest.jobs.progress import look
from pytest_kore_convtest.jobs.runner import Pipeline
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.plugin.durations import Durations
from pytest_kore_convtest.plugin.terminal.progress import Picture
from pytest_kore_convtest.plugin.terminal.progress_screen import Screen
from pytest_kore_convtest.settings.settings import Settings

JOBS, SECONDS, TARGET = 50, 15.0, 1.0

EMULATOR = """
import json, sys
from pytest_kore_convtest.emulator import Emulator
with Emulator() as emulator:
    words = ", ".join(f"IN_PROGRESS@{percent}" for percent in range(0, 100, 3))
    jobs = [emulator.add_job(status=words) for _ in range(int(sys.argv[1]))]
    print(json.dumps({**emulator.handle(), "jobs": jobs}), flush=True)
    sys.stdin.read()
"""


class Writer:
    """What of pytest's terminal writer the screen asks for."""

    hasmarkup = True
    width_of_current_line = 10

    def write(self, *_: object) -> None:
        """Write nothing."""


def screen() -> Screen:
    """Open a screen on a pseudo-terminal of 120 columns and 40 rows."""
    import fcntl
    import pty
    import struct
    import termios

    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def drain() -> None:
        with suppress(OSError):  # the other end is closed
            while os.read(master, 65536):
                pass

    threading.Thread(target=drain, daemon=True).start()
    reporter = SimpleNamespace(_tw=Writer())
    file = os.fdopen(slave, "w", encoding="utf-8")
    return Screen(reporter, file, SimpleNamespace)


def measure(stand_in: dict[str, Any]) -> tuple[float, float]:
    """Wait for all jobs; return the percent of one core for the display, and for the process."""
    names = ("stream_id", "client_id", "client_secret")
    settings = Settings.read(
        env={}, host=stand_in["url"], timeout=SECONDS, **{name: stand_in[name] for name in names}
    )
    clock = SystemClock()
    picture = Picture(screen(), Durations(SimpleNamespace(), settings), clock.monotonic)
    spent = 0.0
    with KoreClient(settings) as client:
        pipeline = Pipeline(client, settings, JobStore(None))
        jobs = [pipeline.watch_import(job, f"suite {number}") for number, job in enumerate(stand_in["jobs"])]

        def tick() -> None:
            nonlocal spent
            before = time.thread_time()
            now = clock.monotonic()
            picture.show([look(job, now) for job in jobs])
            spent += time.thread_time() - before

        began, cpu = clock.monotonic(), time.process_time()
        for job in jobs:
            pipeline.wait_for(job, tick)
        took = clock.monotonic() - began
        if not all(any("IN_PROGRESS" in ask["saw"] for ask in job.outcome.history) for job in jobs):
            raise SystemExit("the emulator did not answer for all jobs")
        picture.rest()
        pipeline.close()
    return spent / took * 100, (time.process_time() - cpu) / took * 100


def main() -> list[Verdict]:
    """Measure it and keep the figures."""
    command = [sys.executable, "-c", EMULATOR, str(JOBS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stand_in = json.loads(process.stdout.readline() if process.stdout else "")
        display, whole = measure(stand_in)
        process.communicate("")
    print(
        f"\n{JOBS} jobs for {SECONDS:g} s: display {display:.2f} %, whole process {whole:.2f} % of one core\n"
    )
    verdicts = [Verdict(f"live progress of {JOBS} jobs, of one core", TARGET, display, " %")]
    save("progress", [{"display": display, "process": whole}], verdicts)
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
