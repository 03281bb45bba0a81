"""What an unused plugin costs: instructions of `pytest -q` on one empty test, with and without it.

Instructions, because wall-clock noise is far above the cost. The wheel is built
and installed into a throw-away environment: pytest caches the byte code of an
editable install differently, so that would not be what a user has.

The baseline has neither the plugin (`-p no:…`) nor our ini keys, of which pytest
would otherwise warn at some expense.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from figures import Verdict, print_table, save

ROOT = Path(__file__).parents[1]
OFF = ("-p", "no:pytest_kore_convtest")
KEYS = """kore_host = https://bots.kore.ai
kore_stream_id = st-00000000-0000-0000-0000-000000000000
kore_timeout = 600
"""
TARGETS = {True: 1.5, False: 8.0}
"""Percent of an empty run: with cached byte code, and where it cannot be cached."""


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


def install(folder: Path) -> Path:
    """Build the wheel, install it and pytest into a new environment, and return its Python."""
    run = [sys.executable, "-m"]
    subprocess.run([*run, "build", "-q", "--wheel", "--outdir", folder / "dist", ROOT], check=True)
    subprocess.run([*run, "venv", folder / "venv"], check=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    (wheel,) = (folder / "dist").glob("*.whl")
    pip = [str(python), "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt")]
    # Not every environment lets pip write byte code, and a user's pip does.
    subprocess.run([*pip, "--compile", str(wheel)], check=True, env=environment(cached=True))
    return python


def environment(*, cached: bool) -> dict[str, str]:
    """Return an environment in which nothing but the case at hand decides about byte code."""
    names = ("KORE_", "PYTEST_", "PYTHON", "COV_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return {**kept, "PYTHONHASHSEED": "0", **({} if cached else {"PYTHONDONTWRITEBYTECODE": "1"})}


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


def count(python: Path, project: Path, arguments: tuple[str, ...], *, cached: bool) -> int:
    """Return the instructions of one run of pytest."""
    command = [str(python), "-m", "pytest", "-q", *arguments]
    env = environment(cached=cached)
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


def measure() -> list[dict[str, object]]:
    """Count all cases."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="kore-bench-") as name:
        folder = Path(name)
        python = install(folder)
        plain = make_project(folder / "plain", keys=False)
        keyed = make_project(folder / "keyed", keys=True)
        for cached in (True, False):
            without = count(python, plain, OFF, cached=cached)
            for case in (case for case in CASES if case.cached is cached):
                added = count(python, keyed if case.keys else plain, (), cached=cached) - without
                percent = 100 * added / without
                rows.append({**case._asdict(), "without": without, "added": added, "percent": percent})
    return rows


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    if shutil.which("valgrind") is None:
        print("startup: not measured: it counts instructions with valgrind, which is not installed here")
        return [Verdict(case.name, TARGETS[case.cached], None, " %") for case in CASES]
    rows = measure()
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
    save("startup", rows, verdicts)
    return verdicts


if __name__ == "__main__":
    for verdict in main():
        print(verdict)
