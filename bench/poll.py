"""What one poll through KoreClient costs, beside a bare request for the same address.

Both go to the emulator, which runs in a process of its own, on connections that
are warm. They take turns, so that a slow moment of the machine hits both.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import jwt
import requests
from figures import Spread, Verdict, print_table, save, spread

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TARGET = 1.5
WARM_UP = 50
POLLS = 500

EMULATOR = """
import json, sys
from pytest_kore_convtest.emulator import Emulator
with Emulator() as emulator:
    running = emulator.add_job(status="IN_PROGRESS@40")
    done = emulator.add_job(status="SUCCESS")
    print(json.dumps({**emulator.handle(), "running": running, "done": done}), flush=True)
    sys.stdin.read()
"""


@contextmanager
def emulator() -> Iterator[dict[str, str]]:
    """Start an emulator in a process of its own; give its address, credentials and two job ids."""
    command = [sys.executable, "-c", EMULATOR]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield json.loads(process.stdout.readline() if process.stdout else "")
        process.communicate("")


def timed(call: Callable[[], Any]) -> float:
    """Return the milliseconds that one call takes."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def take_turns(ours: Callable[[], Any], bare: Callable[[], Any]) -> tuple[list[float], list[float]]:
    """Time both by turns, each first as often as the other."""
    pairs = []
    for number in range(WARM_UP + POLLS):
        if number % 2:
            pair = (timed(ours), timed(bare))
        else:
            second = timed(bare)
            pair = (timed(ours), second)
        pairs.append(pair)
    warm = pairs[WARM_UP:]
    return [pair[0] for pair in warm], [pair[1] for pair in warm]


def measure(stand_in: dict[str, str], job: str) -> dict[str, Spread]:
    """Compare both ways of asking about one job."""
    names = ("stream_id", "client_id", "client_secret")
    settings = Settings.read(env={}, host=stand_in["url"], **{name: stand_in[name] for name in names})
    path = f"/api/public/stream/{stand_in['stream_id']}/conversation/testsuite/import/{job}/status"
    url = stand_in["url"] + path
    claims = {"appId": stand_in["client_id"], "sub": "bench", "exp": int(time.time()) + 600}
    headers = {"auth": jwt.encode(claims, stand_in["client_secret"], "HS256")}
    with KoreClient(settings) as client, requests.Session() as session:
        if client.import_status(job).raw != session.get(url, headers=headers).json():
            raise RuntimeError("the two do not get the same answer")
        ours, bare = take_turns(
            lambda: client.import_status(job), lambda: session.get(url, headers=headers).json()
        )
    ratios = [mine / other for mine, other in zip(ours, bare, strict=True)]
    return {"client": spread(ours), "bare": spread(bare), "ratio": spread(ratios)}


def shown(values: Spread) -> str:
    """Return a median with its quartiles."""
    return f"{values.median:.2f} ({values.low:.2f} .. {values.high:.2f})"


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    with emulator() as stand_in:
        found = {answer: measure(stand_in, stand_in[answer]) for answer in ("running", "done")}
    ratios = {answer: row["client"].median / row["bare"].median for answer, row in found.items()}
    rows = [
        (answer, shown(row["bare"]), shown(row["client"]), f"{ratios[answer]:.2f}", shown(row["ratio"]))
        for answer, row in found.items()
    ]
    print_table(
        f"One poll on a warm connection, {POLLS} pairs: ms, median (quartiles)",
        ("the job is", "bare requests", "KoreClient", "ratio of medians", "ratio, pair by pair"),
        rows,
    )
    verdicts = [
        Verdict(f"poll, the job is {answer}, ratio of medians", TARGET, ratio, " x")
        for answer, ratio in ratios.items()
    ]
    facts = [
        {"job": answer, **{name: values._asdict() for name, values in row.items()}}
        for answer, row in found.items()
    ]
    save("poll", facts, verdicts)
    return verdicts


if __name__ == "__main__":
    for verdict in main():
        print(verdict)
