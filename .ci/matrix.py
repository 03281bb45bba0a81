"""Run the tests on every supported Python found here, with the oldest and the newest libraries."""

# ruff: noqa: INP001, S603, T201 - a script that starts our own tools and prints what it finds

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".venv-matrix"
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
LIBRARIES = {"oldest": "constraints-oldest.txt", "newest": "constraints.txt"}
TAIL = 15


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


def run_tests(python: str, name: str, constraints: str) -> tuple[bool, str]:
    """Make an environment, install and test; return whether all passed, and one line about it."""
    folder = HOME / name
    log = HOME / f"{name}.log"
    own = str(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    steps = (
        [python, "-m", "venv", "--clear", str(folder)],
        [own, "-m", "pip", "install", "--disable-pip-version-check", "-c", constraints, "-e", ".[dev]"],
        [own, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
    )
    with log.open("w", encoding="utf-8") as output:
        for step in steps:
            output.flush()
            done = subprocess.run(step, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                break
    last = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    if done.returncode and step is not steps[-1]:
        return False, "cannot be installed:\n    " + "\n    ".join(last[-TAIL:])
    return done.returncode == 0, f"{last[-1].strip('= ') if last else 'no output'}  ({log.relative_to(ROOT)})"


def main() -> int:
    """Run all combinations; return how many failed, at least one when there was no Python at all."""
    HOME.mkdir(exist_ok=True)
    results = []
    for version in VERSIONS:
        python = find_python(version)
        if python is None:
            print(f"python {version}: not found here, not tested", flush=True)
            continue
        for libraries, constraints in LIBRARIES.items():
            passed, said = run_tests(python, f"{version}-{libraries}", constraints)
            results.append(passed)
            print(f"python {version}, {libraries}: {'passed' if passed else 'FAILED'}: {said}", flush=True)
    return results.count(False) if results else 1


if __name__ == "__main__":
    sys.exit(min(main(), 1))
