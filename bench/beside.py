"""What a thousand collected suites cost beside the twelve most used plugins, and as many plain tests.

The plugins are installed together with ours, and all are loaded. An empty project is taken off, so
that loading them cancels out. Processor time, because other programs share the machine; and the least of
each, because they empty its caches, which makes a processor slower and never faster.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from figures import Verdict, print_table, save
from rooms import ROOT, clean_environment, room_with_us

TARGET = 1.5
SUITES, STEPS, ROUNDS = 1000, 3, 7
ITEMS = 4 + STEPS
"""Items of a suite: lint, import, structure, run and the steps."""

PLUGINS = ("anyio", "pytest-cov", "pytest-asyncio", "pytest-json-ctrf", "pytest-xdist", "pytest-mock")
PLUGINS += (
    "pytest-timeout",
    "pytest-rerunfailures",
    "pytest-metadata",
    "requests-mock",
    "pytest-html",
    "pytest-env",
)
"""By downloads, in autumn 2026."""

CPU = """import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.stdout)
print(used.ru_utime + used.ru_stime)
sys.exit(done.returncode)
"""
TEST = """import pytest

@pytest.mark.parametrize("number", range({count}))
def test_it(number):
    pass
"""


def main() -> list[Verdict]:
    """Measure, print the table and return the verdicts."""
    python = room_with_us("-c", str(ROOT / "constraints-plugins.txt"), *PLUGINS)
    with tempfile.TemporaryDirectory() as name:
        folders = write_projects(Path(name))
        rounds = [
            {kind: seconds(python, folder, items) for kind, (folder, items) in folders.items()}
            for _ in range(ROUNDS)
        ]
    least = {kind: min(one[kind] for one in rounds) for kind in folders}
    rows, verdicts = [], []
    for where in ("files", "one file"):
        plain, suites = (least[f"{kind}, {where}"] - least["empty"] for kind in ("tests", "suites"))
        rows.append([where, f"{plain:.2f}", f"{suites:.2f}", f"{suites / plain:.2f}"])
        what = f"beside, {SUITES} suites and as many parametrized tests, {where}"
        verdicts.append(Verdict(what, TARGET, suites / plain, " times"))
    what = f"{SUITES} suites, {SUITES * ITEMS} items, collected beside {len(PLUGINS)} plugins"
    print_table(
        f"{what}: seconds of a processor, least of {ROUNDS}",
        ["in", "parametrized tests", "suites", "ratio"],
        rows,
    )
    save("beside", rounds, verdicts)
    return verdicts


def write_projects(folder: Path) -> dict[str, tuple[Path, int]]:
    """Write the projects; return each folder and how many items it has."""
    made = {}
    for kind in ("empty", "tests, files", "suites, files", "tests, one file", "suites, one file"):
        project = folder / kind.replace(", ", "-").replace(" ", "-")
        project.mkdir()
        (project / "pytest.ini").write_text("[pytest]\n")
        made[kind] = project, 1 if kind == "empty" else SUITES * ITEMS
    (made["empty"][0] / "test_it.py").write_text(TEST.format(count=1))
    (made["tests, one file"][0] / "test_it.py").write_text(TEST.format(count=SUITES * ITEMS))
    suites = [write_suite(number) for number in range(SUITES)]
    (made["suites, one file"][0] / "all.kore.json").write_text(json.dumps({"testCases": suites}))
    for number, suite in enumerate(suites):
        (made["tests, files"][0] / f"test_{number}.py").write_text(TEST.format(count=ITEMS))
        (made["suites, files"][0] / f"s{number}.kore.json").write_text(json.dumps({"testCases": [suite]}))
    return made


def write_suite(number: int) -> dict[str, object]:
    """Return a suite as data."""
    messages = [{"input": f"input {at}", "outputs": [{"contains": f"reply {at}"}]} for at in range(STEPS)]
    return {"name": f"S{number}", "messages": messages}


def seconds(python: str, project: Path, items: int) -> float:
    """Return the seconds of a processor that collecting a project takes."""
    command = [python, "-c", CPU, python, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
    command += ["--kore-run", "published"]
    done = subprocess.run(
        command, cwd=project, env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = [line.rpartition(": ")[2] for line in done.stdout.splitlines() if ": " in line]
    assert sum(int(count) for count in counts if count.isdigit()) == items, done.stdout[-2000:]
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    print("\n".join(map(str, main())))
