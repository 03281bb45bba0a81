"""Run the tests on every supported Python found here, with the oldest and the newest libraries and pytests.

Without arguments all rows are run, one after another; names of rows as arguments run these alone, and
``--list`` names them. ``--write`` puts the table of all rows, with what each said last, into
``docs/compatibility.md``.
"""

# ruff: noqa: INP001, S603, T201 - a script that starts our own tools and prints what it finds

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".venv-matrix"
PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- versions: written by `make matrix ARGS=--write` -->", "<!-- end of versions -->"
SUPPORTED = ("3.10", "3.11", "3.12", "3.13")
NEWER = tuple(f"3.{minor}" for minor in range(14, 20))
"""Pythons that are tried where they are found, and that nobody misses."""

LIBRARIES = {"oldest": "constraints-oldest.txt", "newest": "constraints.txt"}
PYTESTS = ("8.0.*", "8.1.*", "8.2.*", "8.3.*", "8.4.*", "9.0.*", "9.1.*", "9.2.*")
"""Every minor version of pytest from the oldest supported one on."""

INTEGRATION = ("tests/plugin/test_collect.py", "tests/plugin/test_gate.py", "tests/plugin/test_fixtures.py")
INTEGRATION += ("tests/plugin/test_runs.py", "tests/plugin/test_xdist.py", "tests/plugin/test_settings.py")
"""What is run with each pytest: where the plugin touches it. The ends of the range run everything."""

TAIL = 15
WORKERS = str(2 * (os.cpu_count() or 1))


class Row(NamedTuple):
    """One environment: a Python, the libraries, perhaps another pytest, and which tests are run there."""

    name: str
    python: str
    libraries: str
    pytest: str = ""
    tests: tuple[str, ...] = ()


class Result(NamedTuple):
    """What a row said: whether it passed, a line about it, and the day."""

    passed: bool
    said: str
    day: str


def candidates(version: str) -> list[str]:
    """Return what could be a Python of a version: a name on PATH, then pyenv's installations."""
    named = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    installed = sorted(
        pyenv.glob(f"{version}.*/bin/python"),
        key=lambda path: [int(part) for part in path.parts[-3].split(".") if part.isdigit()],
    )
    return [*([named] if named else []), *map(str, reversed(installed))]


def find_python(version: str) -> str | None:
    """Return a Python of a version that really starts; a shim of pyenv may not."""
    ask = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates(version):
        done = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None


def list_rows(pythons: dict[str, str]) -> list[Row]:
    """Return the rows for the Pythons that were found."""
    rows = [
        Row(f"{version}-{libraries}", version, libraries) for version in pythons for libraries in LIBRARIES
    ]
    newest = max(pythons, key=lambda version: int(version.partition(".")[2]))
    rows += [
        Row(f"pytest-{wanted.removesuffix('.*')}", newest, "newest", wanted, INTEGRATION)
        for wanted in PYTESTS
    ]
    return rows


def run_row(row: Row, python: str) -> Result:
    """Make an environment, install and test."""
    folder, log = HOME / row.name, HOME / f"{row.name}.log"
    own = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    install = [own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [
        [python, "-m", "venv", "--clear", str(folder)],
        [*install, "-c", LIBRARIES[row.libraries], "-e", ".[dev]"],
    ]
    if row.pytest:
        # rerunfailures and other development tools may want a newer pytest than the users of ours have.
        steps.append([*install, "--upgrade", f"pytest=={row.pytest}", "pytest-rerunfailures<=16.1"])
    steps.append([own, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", WORKERS, *row.tests])
    with log.open("w", encoding="utf-8") as output:
        for step in steps:
            output.flush()
            done = subprocess.run(step, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                break
    last = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    day = datetime.now(timezone.utc).date().isoformat()
    if done.returncode and step is not steps[-1]:
        print("    " + "\n    ".join(last[-TAIL:]), flush=True)
        return Result(passed=False, said="cannot be installed", day=day)
    counts = [line for line in last if " in " in line and (" passed" in line or " failed" in line)]
    said = counts[-1].strip("= ").partition(" in ")[0] if counts else "no result"
    return Result(passed=done.returncode == 0, said=said, day=day)


def draw(rows: list[Row], results: dict[str, Result]) -> str:
    """Return the table of all rows, those that nobody ran included."""
    lines = [
        "| Python | pytest | Libraries | Tests | Result | Run on |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        result = results.get(row.name)
        mark = "not run" if result is None else ("passed" if result.passed else "FAILED") + f": {result.said}"
        tests = "the plugin's with pytest" if row.tests else "all"
        tested = row.pytest or {"oldest": PYTESTS[0], "newest": PYTESTS[-1]}[row.libraries]
        cells = (row.python, tested, row.libraries, tests, mark, result.day if result else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_page(table: str) -> None:
    """Put the table between its two marks on the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", encoding="utf-8")


def main() -> int:
    """Run the rows; return how many failed, at least one when there was no Python at all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="the rows to run; all without one")
    parser.add_argument("--list", action="store_true", help="name the rows and run nothing")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    pythons = {version: path for version in (*SUPPORTED, *NEWER) if (path := find_python(version))}
    for version in SUPPORTED:
        if version not in pythons:
            print(f"python {version}: not found here, not tested", flush=True)
    if not pythons:
        return 1
    rows = list_rows(pythons)
    if given.list:
        print("\n".join(row.name for row in rows))
        return 0
    if unknown := set(given.rows) - {row.name for row in rows}:
        parser.error(f"unknown rows: {', '.join(sorted(unknown))}; --list names them")
    HOME.mkdir(exist_ok=True)
    kept = HOME / "results.json"
    results: dict[str, Result] = {}
    if kept.is_file():
        results = {name: Result(*one) for name, one in json.loads(kept.read_text("utf-8")).items()}
    failed = 0
    for row in rows:
        if given.rows and row.name not in given.rows:
            continue
        result = results[row.name] = run_row(row, pythons[row.python])
        failed += not result.passed
        kept.write_text(json.dumps(results, indent=1), encoding="utf-8")
        log = (HOME / f"{row.name}.log").relative_to(ROOT)
        print(f"{row.name}: {'passed' if result.passed else 'FAILED'}: {result.said}  ({log})", flush=True)
    if given.write:
        write_page(draw(rows, results))
    return failed


if __name__ == "__main__":
    sys.exit(min(main(), 1))
