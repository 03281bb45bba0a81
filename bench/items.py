"""What a collected step item costs, beside a plain Python test, and one that fails beside a test that fails.

Runs with few and with many items are compared, so that start-up cancels out; the suite's
one import and one run, which the emulator does, cancel out too. The kinds take turns.
Processor time is counted (not on Windows): a poll sooner or later would be half a second of the clock. The
least of all rounds is compared, as whatever else the machine does only adds to it.
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
FAILING = 500
"""Items that fail: pytest's own summary takes the square of their number, which says nothing of an item."""


def main() -> list[Verdict]:
    """Measure, print the table and return the verdict."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (FEW, FAILING, MANY):
            write_files(Path(folder), count)
        rounds = [measure(Path(folder)) for _ in range(ROUNDS)]
    names = ("plain test", "step item", "plain test that fails", "step that fails")
    rows = []
    for name, found in zip(names, zip(*rounds, strict=True), strict=True):
        one = spread([seconds * 1e6 for seconds in found])
        rows.append([name, f"{one.low:.0f}", f"{one.median:.0f}", f"{one.high:.0f}"])
    least = [min(found) for found in zip(*rounds, strict=True)]
    verdicts = []
    for of, at in (("one step item beside one plain test", 0), ("the same for those that fail", 2)):
        ratio = least[at + 1] / least[at]
        rows.append([f"{names[at + 1]} / {names[at]}, of the least", "", f"{ratio:.2f}", ""])
        verdicts.append(Verdict(f"items, {of}", TARGET, ratio, " times"))
    print_table("One more item, microseconds", ["item", "lower quartile", "median", "upper quartile"], rows)
    save("items", [dict(zip(names, one, strict=True)) for one in rounds], verdicts)
    return verdicts


def write_files(folder: Path, count: int) -> None:
    """Write a suite and a test module with so many items."""
    messages = [{"input": f"input {n}", "outputs": [{"contains": f"reply {n}"}]} for n in range(count)]
    case = {"name": f"S{count}", "tags": [], "description": "", "preprocessor": "", "messages": messages}
    text = json.dumps({"botId": "st-1", "botName": "b", "testCases": [case]})
    (folder / f"s{count}.kore.json").write_text(text)
    for name, body in (("test", "pass"), ("test_bad", "assert 'another reply' == 'reply'")):
        tests = "\n\n".join(f"def test_{n:04}():\n    {body}" for n in range(count))
        (folder / f"{name}_{count}.py").write_text(tests)
    answers = {f"input {n}": ["another reply"] for n in range(count)}
    (folder / "bot.json").write_text(json.dumps(answers))


def measure(folder: Path) -> tuple[float, ...]:
    """Return the seconds that one more plain test and one more step take, and one more of each that fails.

    A step item is collected, and then run. For the running, one step of a suite is
    compared with all steps of the same suite, so that its import and run, which the
    platform does, are in both.
    """
    plain = [seconds(folder, f"test_{count}.py") for count in (FEW, MANY)]
    collected = [seconds(folder, f"s{count}.kore.json", "--collect-only") for count in (FEW, MANY)]
    run = [seconds(folder, f"s{MANY}.kore.json", "-k", words) for words in ("0001", "step")]
    bad = [seconds(folder, f"test_bad_{FAILING}.py", "-k", words, code=1) for words in ("0001", "test")]
    wrong = ("--kore-bot=bot.json", f"s{FAILING}.kore.json", "-k")
    fails = [seconds(folder, *wrong, words, code=1) for words in ("001", "step")]
    collecting = (collected[1] - collected[0]) / (MANY - FEW)
    return (
        (plain[1] - plain[0]) / (MANY - FEW),
        collecting + (run[1] - run[0]) / (MANY - 1),
        (bad[1] - bad[0]) / (FAILING - 1),
        collecting + (fails[1] - fails[0]) / (FAILING - 1),
    )


def seconds(folder: Path, *args: str, code: int = 0) -> float:
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
    assert done.returncode == code, done.stdout[-2000:]
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
