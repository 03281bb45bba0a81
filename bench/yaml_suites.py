"""Collecting suites in YAML beside the same suites in JSON, and what takes the time.

ruamel.yaml's scanner in Python does most of the work. Its compiled one (ruamel.yaml.clib) is measured, not
used: it reads YAML 1.1, words its errors in another way, and is not everywhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from figures import Spread, Verdict, print_table, save, spread
from offline import FILES, write_suites
from rooms import clean_environment, room_with_us

from pytest_kore_convtest.suites.yaml.write import write_yaml

STEPS, ROUNDS = 20, 3
TARGET = 4.0
"""Times as long as JSON, at most."""


def write_both(folder: Path) -> None:
    """Write the same suites in both forms, each in a folder of its own."""
    for name in ("json", "yaml"):
        (folder / name).mkdir()
    for name in write_suites(folder / "json", STEPS):
        content = json.loads((folder / "json" / name).read_text(encoding="utf-8"))
        text = write_yaml(content)
        (folder / "yaml" / name).with_suffix(".yaml").write_text(text, encoding="utf-8")


def collect(python: str, folder: Path) -> float:
    """Collect a folder and return how long it takes, in ms of the processor: other work does not count."""
    command = [python, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "."]
    begin = os.times()
    done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, check=False)
    end = os.times()
    took = (
        sum(getattr(end, name) - getattr(begin, name) for name in ("children_user", "children_system")) * 1000
    )
    # Lint, import and structure of each: a file that was not read has one item, and that is quick.
    assert f"{3 * FILES} tests collected".encode() in done.stdout, (done.stdout[-1000:], done.stderr[-1000:])
    return took


def scan(python: str, folder: Path) -> dict[str, dict[str, float]]:
    """Read the YAML suites with both scanners and return how long it takes, in ms of the processor."""
    command = [python, str(Path(__file__).parent / "yaml_scanners.py"), str(folder)]
    done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, check=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


def main() -> list[Verdict]:
    """Measure by turns, print and save; return the verdict."""
    python = room_with_us("ruamel.yaml", "ruamel.yaml.clib")
    with tempfile.TemporaryDirectory(prefix="kore-bench-") as name:
        folder = Path(name)
        write_both(folder)
        rounds = [{form: collect(python, folder / form) for form in ("json", "yaml")} for _ in range(ROUNDS)]
        scans = [scan(python, folder / "yaml") for _ in range(ROUNDS)]
    times = {form: spread([one[form] for one in rounds]) for form in ("json", "yaml")}
    ratio = spread([one["yaml"] / one["json"] for one in rounds])
    rows = [(form, shown(one), shown(ratio) if form == "yaml" else "1") for form, one in times.items()]
    head = ("form", "ms of the processor, median (quartiles)", "beside JSON")
    print_table(f"Collecting 1 000 suites of {STEPS} steps, {ROUNDS} rounds", head, rows)
    rows = [
        (name, *(shown(spread([one[kind][what] for one in scans])) for kind in ("python", "compiled")), times)
        for what, name in (("parse", "parsing alone"), ("read", "reading the suites"))
        for times in [shown(spread([one["python"][what] / one["compiled"][what] for one in scans]))]
    ]
    head = ("ms of the processor, median", "scanner in Python (used)", "compiled one", "times")
    print_table("The same YAML files with either scanner of ruamel.yaml, no pytest", head, rows)
    verdict = Verdict("collecting YAML suites, beside JSON", TARGET, ratio.median, " times")
    save("yaml_suites", [*rounds, *scans], [verdict])
    return [verdict]


def shown(values: Spread) -> str:
    """Return a median with its quartiles."""
    return f"{values.median:.2f} ({values.low:.2f} .. {values.high:.2f})"


if __name__ == "__main__":
    print("\n".join(map(str, main())))
