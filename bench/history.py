"""What drawing a long history takes, beside reading its bytes as JSON alone, and comparing long suites."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Spread, Verdict, print_table, save, spread

from pytest_kore_convtest.history.compare import compare_runs
from pytest_kore_convtest.history.identity import PASSED, RunState, StepState, SuiteState, make_key
from pytest_kore_convtest.history.store import FORMAT, VERSION, read_runs
from pytest_kore_convtest.history.trend import draw_html, draw_text

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS, SUITES, STEPS, ROUNDS = 1_000, 5, 30, 5
LONG = 2_000
"""Steps of a suite that is compared with itself in reverse order."""

DRAWN, COMPARED = 2_000.0, 2_000.0
"""At most, in ms."""


def write_history(folder: Path) -> None:
    """Write the lines of many runs."""
    keys = ["".join(make_key(f"question {at}", ["answer"])) for at in range(STEPS)]
    suites = [
        {
            "file": f"s{at}.kore.json",
            "name": f"S{at}",
            "verdict": "passed",
            "seconds": 3.5,
            "version": "published",
        }
        | {"excused": False, "keys": keys, "outcomes": "p" * STEPS}
        for at in range(SUITES)
    ]
    for at in range(RUNS):
        line = {
            "format": FORMAT,
            "version": VERSION,
            "run": f"r{at}",
            "began": f"2026-11-24T00:00:00.{at:03}Z",
        }
        line |= {"verdict": "passed", "bots": ["st-1 on https://x.test"], "versions": [], "suites": suites}
        (folder / f"kore-20261124T000000.{at:03}-r.jsonl").write_text(json.dumps(line) + "\n")


def long_run(*, reverse: bool) -> RunState:
    """Return a run of one long suite in which inputs come again and again."""
    steps = [StepState(make_key(f"say {at % 50}", [str(at % 7)]), at, "", PASSED) for at in range(LONG)]
    suite = SuiteState("s.kore.json", "S", PASSED, "", 1.0, "", tuple(reversed(steps) if reverse else steps))
    return RunState(frozenset({"x"}), "2026-11-24", (), None, (suite,))


def measure(work: Callable[[], object]) -> Spread:
    """Return how many ms some work takes."""
    took = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - begin))
    return spread(took)


def main() -> list[Verdict]:
    """Measure, print, and return what holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_history(folder)
        runs, odd = read_runs(folder)
        if len(runs) != RUNS or odd:
            raise ValueError(f"only {len(runs)} runs can be read: {odd}")
        alone = measure(lambda: [json.loads(path.read_bytes()) for path in sorted(folder.iterdir())])
        drawn = measure(lambda: draw_text(read_runs(folder)[0]))
        page = measure(lambda: draw_html(read_runs(folder)[0]))
    old, new = long_run(reverse=False), long_run(reverse=True)
    compared = measure(lambda: compare_runs(old, new))
    rows = [
        (f"{RUNS} runs of {SUITES} suites of {STEPS} steps: read as JSON", alone),
        ("the same: read, checked and drawn", drawn),
        ("the same, as an HTML page", page),
        (f"compare a suite of {LONG} steps with its reverse", compared),
    ]
    shown = [(what, f"{took.median:.0f}") for what, took in rows]
    print_table("History: ms, median", ("what", "ms"), shown)
    verdicts = [
        Verdict(f"history, {RUNS} runs drawn", DRAWN, drawn.median, " ms"),
        Verdict(f"history, {RUNS} runs drawn as a page", DRAWN, page.median, " ms"),
        Verdict(f"history, {LONG} steps compared", COMPARED, compared.median, " ms"),
    ]
    save("history", [{"what": what, "ms": took} for what, took in rows], verdicts)
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
