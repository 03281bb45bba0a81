"""What a collected step item costs, beside a plain Python test.

Runs with few and with many items are compared, so that start-up cancels out; the suite's
one import and one run, which the emulator does, cancel out too. The kinds take turns.
Processor time is counted (not on Windows): a poll sooner or later would be half a second of the clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Verdict, print_table, save, spread

TARGET = 1.5
FEW, MANY, ROUNDS = 100, 2100, 3


def main() -> list[Verdict]:
    """Measure, print the table and return the verdict."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (FEW, MANY):
            write_files(Path(folder), count)
        rounds = [measure(Path(folder)) for _ in range(ROUNDS)]
    plain, steps = (spread([one[kind] * 1e6 for one in rounds]) for kind in (0, 1))
    ratio = spread([step / test for test, step in rounds])
    rows = [
        [name, f"{one.low:.0f}", f"{one.median:.0f}", f"{one.high:.0f}"]
        for name, one in (("plain test", plain), ("step item", steps))
    ]
    rows.append(["step item / plain test", f"{ratio.low:.2f}", f"{ratio.median:.2f}", f"{ratio.high:.2f}"])
    print_table("One more item, microseconds", ["item", "lower quartile", "median", "upper quartile"], rows)
    verdict = Verdict("items, one step item beside one plain test", TARGET, ratio.median, " times")
    save("items", [{"plain": test, "step": step} for test, step in rounds], [verdict])
    return [verdict]


def write_files(folder: Path, count: int) -> None:
    """Write a suite and a test module with so many items."""
    messages = [{"input": f"input {n}", "outputs": [{"contains": f"reply {n}"}]} for n in range(count)]
    case = {"name": f"S{count}", "tags": [], "description": "", "preprocessor": "", "messages": messages}
    text = json.dumps({"botId": "st-1", "botName": "b", "testCases": [case]})
    (folder / f"s{count}.kore.json").write_text(text)
    tests = "\n\n".join(f"def test_{n}():\n    pass" for n in range(count))
    (folder / f"test_{count}.py").write_text(tests)


def measure(folder: Path) -> tuple[float, float]:
    """Return the seconds that one more plain test and one more step item take.

    A step item is collected, and then run. For the running, one step of a suite is
    compared with all steps of the same suite, so that its import and run, which the
    platform does, are in both.
    """
    plain = [seconds(folder, f"test_{count}.py") for count in (FEW, MANY)]
    collected = [seconds(folder, f"s{count}.kore.json", "--collect-only") for count in (FEW, MANY)]
    suite = f"s{MANY}.kore.json"
    run = [seconds(folder, suite, "-k", words) for words in ("0001", "step")]
    collecting = (collected[1] - collected[0]) / (MANY - FEW)
    return (plain[1] - plain[0]) / (MANY - FEW), collecting + (run[1] - run[0]) / (MANY - 1)


def seconds(folder: Path, *args: str) -> float:
    """Return how long the processor works for a test run; where nobody tells, how long it takes."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("KORE_")}
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "--kore-emulator",
        "--kore-run",
        "published",
    ]
    options += ["-o", "kore_poll_interval=0.05", "-o", "kore_rate_limit=off", "-p", "no:xdist"]
    begin = spent()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *args],
        cwd=folder, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    took = spent() - begin
    assert done.returncode == 0, done.stdout[-2000:]
    return took


def spent() -> float:
    """Return the seconds that ended child processes have used the processor; the clock where nobody tells."""
    if sys.platform == "win32":
        return time.perf_counter()
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print("\n".join(map(str, main())))
