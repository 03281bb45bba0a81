"""The whole command: from a job's true end to the exit code, beside what people write today.

That is a loop of the shell with curl, jq and `sleep 5`, and a script with requests and
tenacity. Each waits for a job of its own that takes as long as the others'; the waits
begin two seconds apart, so that nobody's start disturbs the next one's end much.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
from figures import Verdict, print_table, save, spread
from rooms import room_with_us
from standin import environment_for, stand_in

if TYPE_CHECKING:
    from collections.abc import Sequence

DURATIONS, LONG = (1.0, 3.3, 6.1, 9.4, 14.2, 21.7, 33.8), (58.3, 121.0, 247.0)
APART = 2.0
LOOP = """
while :; do
  status=$(curl -sS -H "auth: $KORE_JWT" "$STATUS_URL" | jq -r .status)
  case $status in SUCCESS) exit 0;; IN_PROGRESS) sleep 5;; *) exit 1;; esac
done
"""
SCRIPT = """
import os, sys
import requests
from tenacity import Retrying, retry_if_result, wait_exponential

session = requests.Session()
session.headers["auth"] = os.environ["KORE_JWT"]

def ask():
    return session.get(os.environ["STATUS_URL"], timeout=30).json()["status"]

waits = Retrying(retry=retry_if_result(lambda word: word == "IN_PROGRESS"), wait=wait_exponential(max=10))
sys.exit(waits(ask) != "SUCCESS")
"""


class Race:
    """Commands that each wait for a job of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "wait.sh").write_text(LOOP, encoding="utf-8")
        (folder / "wait.py").write_text(SCRIPT, encoding="utf-8")
        python = room_with_us("tenacity")
        gate = (python, "-m", "pytest", "-q", "--kore-gate", "--kore-ds-id", "{job}")
        self.commands: dict[str, Sequence[str]] = {
            "gate": gate,
            "requests and tenacity": (python, str(folder / "wait.py")),
        }
        if shutil.which("curl") and shutil.which("jq"):
            self.commands["shell loop"] = ("sh", str(folder / "wait.sh"))
        self.late: dict[str, dict[float, float]] = {name: {} for name in self.commands}

    def run(self, name: str, seconds: float) -> None:
        """Start a job and a command that waits for it; note how late it ends, in seconds."""
        with stand_in() as emulator:
            emulator.switch(job_seconds=seconds)
            claims = {"appId": emulator.client_id, "sub": "bench", "exp": int(time.time()) + 3000}
            token = jwt.encode(claims, emulator.client_secret, "HS256")
            env = environment_for(emulator)
            begin = time.perf_counter()
            job = emulator.add_job(status="IN_PROGRESS")
            path = f"/api/public/stream/{emulator.stream_id}/conversation/testsuite/import/{job}/status"
            if name != "gate":
                env |= {"KORE_JWT": token, "STATUS_URL": emulator.url + path}
            command = [word.format(job=job) for word in self.commands[name]]
            done = subprocess.run(command, cwd=self._folder, env=env, capture_output=True, check=False)
            self.late[name][seconds] = time.perf_counter() - begin - seconds
            assert done.returncode == 0, (name, done.stdout[-1000:], done.stderr[-1000:])


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    durations = DURATIONS + (LONG if "--long" in sys.argv[1:] else ())
    with tempfile.TemporaryDirectory() as place:
        race, threads = Race(Path(place)), []
        for seconds in durations:
            for name in race.commands:
                threads.append(threading.Thread(target=race.run, args=(name, seconds)))
                threads[-1].start()
                time.sleep(APART)
        for thread in threads:
            thread.join()
    rows = []
    for name, late in race.late.items():
        all_of = spread(list(late.values()))
        shown = f"{all_of.median:.2f} ({all_of.low:.2f} .. {all_of.high:.2f})"
        rows.append((name, *(f"{late[seconds]:.2f}" for seconds in durations), shown))
    print_table(
        "From a job's true end to the exit code, seconds, by the job's duration",
        ("command", *(f"{seconds:g} s" for seconds in durations), "median (quartiles)"),
        rows,
    )
    ours = spread(list(race.late["gate"].values())).median
    verdicts = [
        Verdict(
            f"whole command, gate beside the {name}", 1.0, ours / spread(list(late.values())).median, " x"
        )
        for name, late in race.late.items()
        if name != "gate"
    ]
    save("command", [{name: list(late.items()) for name, late in race.late.items()}], verdicts)
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
