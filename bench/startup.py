"""What an unused plugin costs: instructions of `pytest -q` on one empty test, with and without it.

Instructions, because wall-clock noise is far above the cost. Other plugins are
measured in the same way, each in an environment of its own.

The baseline has neither the plugin (`-p no:…`) nor our ini keys, of which pytest
would otherwise warn at some expense.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from figures import Verdict, print_table, save
from rooms import build_wheel, clean_environment, make_room

if TYPE_CHECKING:
    from collections.abc import Sequence

OFF = ("-p", "no:pytest_kore_convtest")
KEYS = """kore_host = https://bots.kore.ai
kore_stream_id = st-00000000-0000-0000-0000-000000000000
kore_timeout = 600
"""
TARGETS = {True: 1.5, False: 8.0}
"""Percent of an empty run: with cached byte code, and where it cannot be cached."""

OTHERS = ("pytest-html", "pytest-bdd", "pytest-django", "pytest-playwright", "tavern", "schemathesis")
PLUGINS = "from importlib.metadata import entry_points as e; print(*(p.name for p in e(group='pytest11')))"


class Case(NamedTuple):
    """One situation of a user who has the plugin installed."""

    name: str
    keys: bool
    cached: bool


CASES = (
    Case("nothing set, byte code cached", keys=False, cached=True),
    Case("ini keys set, byte code cached", keys=True, cached=True),
    Case("nothing set, byte code not cached", keys=False, cached=False),
    Case("ini keys set, byte code not cached", keys=True, cached=False),
)


def make_project(folder: Path, *, keys: bool) -> Path:
    """Write one empty test and an ini file."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n" + (KEYS if keys else ""), encoding="utf-8")
    (folder / "test_empty.py").write_text("def test_empty():\n    pass\n", encoding="utf-8")
    return folder


def forget_rewritten(venv: Path) -> None:
    """Remove the byte code that pytest's assertion rewriting left."""
    for path in venv.rglob("*-pytest-*.pyc"):
        path.unlink()


def count(python: Path, project: Path, arguments: Sequence[str], *, cached: bool = True) -> int:
    """Return the instructions of one run of pytest."""
    command = [str(python), "-m", "pytest", "-q", *arguments]
    env = clean_environment(cached=cached)
    # Once without counting: it leaves the byte code, and pytest's own cache directory in any case.
    subprocess.run(command, cwd=project, env=env, check=True, capture_output=True)
    if not cached:
        forget_rewritten(python.parents[1])
        shutil.rmtree(project / "__pycache__", ignore_errors=True)
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run([*tool, *command], cwd=project, env=env, check=True, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        raise RuntimeError(f"valgrind said nothing about instructions: {done.stderr[-500:]}")
    return int(found.group(1))


def measure(folder: Path) -> list[dict[str, object]]:
    """Count all cases of ours."""
    python = make_room(folder / "ours", build_wheel(folder))
    plain = make_project(folder / "plain", keys=False)
    keyed = make_project(folder / "keyed", keys=True)
    rows = []
    for cached in (True, False):
        without = count(python, plain, OFF, cached=cached)
        for case in (case for case in CASES if case.cached is cached):
            added = count(python, keyed if case.keys else plain, (), cached=cached) - without
            percent = 100 * added / without
            rows.append({**case._asdict(), "without": without, "added": added, "percent": percent})
    return rows


def measure_whole(folder: Path) -> dict[str, object]:
    """Count what ours costs beside an environment without it: pytest reads the list of its files as well."""
    project = make_project(folder / "whole project", keys=False)
    without = count(make_room(folder / "bare", "pytest"), project, ())
    added = count(make_room(folder / "whole", build_wheel(folder / "whole wheel")), project, ()) - without
    name = "pytest-kore-convtest, beside an environment without it"
    return {"name": name, "without": without, "added": added, "percent": 100 * added / without}


def measure_other(folder: Path, package: str) -> dict[str, object]:
    """Count the same for another plugin and the plugins that come with it."""
    project = make_project(folder / f"{package} project", keys=False)
    python, name = make_room(folder / package, "pytest", package), package
    if subprocess.run([python, "-m", "pytest"], cwd=project, capture_output=True, check=False).returncode:
        python = make_room(folder / f"{package} old", "pytest<9", package, pinned=False)
        name = f"{package} (pytest 8; it fails with a newer one)"
    found = subprocess.run([python, "-c", PLUGINS], check=True, capture_output=True, text=True).stdout.split()
    without = count(python, project, [word for plugin in found for word in ("-p", f"no:{plugin}")])
    added = count(python, project, ()) - without
    return {"name": name, "without": without, "added": added, "percent": 100 * added / without}


def measure_all() -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Count our cases and the others, three at a time: instructions do not mind company."""
    with tempfile.TemporaryDirectory(prefix="kore-bench-") as name, ThreadPoolExecutor(3) as pool:
        folder = Path(name)
        ours = pool.submit(measure, folder)
        whole = pool.submit(measure_whole, folder)
        others = list(pool.map(lambda package: measure_other(folder, package), OTHERS))
        return ours.result(), [whole.result(), *others]


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    if shutil.which("valgrind") is None:
        print("startup: not measured: it counts instructions with valgrind, which is not installed here")
        return [Verdict(case.name, TARGETS[case.cached], None, " %") for case in CASES]
    rows, others = measure_all()
    verdicts = [
        Verdict(f"startup, {row['name']}", TARGETS[bool(row["cached"])], float(str(row["percent"])), " %")
        for row in rows
    ]
    print_table(
        "One empty test, `pytest -q`: instructions, in millions",
        ("case", "without the plugin", "added by it", "added, %", "target, %"),
        [
            (
                str(row["name"]),
                f"{int(str(row['without'])) / 1e6:.1f}",
                f"{int(str(row['added'])) / 1e6:+.1f}",
                f"{verdict.figure:+.2f}",
                f"{verdict.target:g}",
            )
            for row, verdict in zip(rows, verdicts, strict=True)
        ],
    )
    print_table(
        "The same for others, byte code cached: what is installed with each of them counts as its own",
        ("plugin", "without it", "added by it", "added, %"),
        [
            (
                str(row["name"]),
                f"{int(str(row['without'])) / 1e6:.1f}",
                f"{int(str(row['added'])) / 1e6:+.1f}",
                f"{row['percent']:+.1f}",
            )
            for row in [{**rows[0], "name": "pytest-kore-convtest"}, *others]
        ],
    )
    save("startup", [*rows, *others], verdicts)
    return verdicts


if __name__ == "__main__":
    for verdict in main():
        print(verdict)
