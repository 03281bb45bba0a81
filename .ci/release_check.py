"""Build wheel and sdist, install each into an empty environment, and run the demo from there."""

# ruff: noqa: INP001, S603, T201 - a script that starts our own tools and prints what it finds

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from check_wheel import ROOT, build, find_problems

DEMO = ("examples/quickstart", "--kore-emulator", "--kore-run", "inDevelopment", "--kore-html", "kore.html")
CLOSING = "built-in emulator; no real platform was contacted"


def run_demo(archive: Path, folder: Path) -> str:
    """Install a distribution into an empty environment, run the demo there, and return its last lines.

    Raises:
        SystemExit: It does not install, the demo is not green, or it does not say what it ran against.
    """
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = str(folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), f"{archive}[all]"], check=True)
    shutil.copytree(ROOT / "examples", folder / "examples")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("KORE_", "PYTEST_"))}
    done = subprocess.run(
        [python, "-m", "pytest", *DEMO], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode or CLOSING not in done.stdout or not (folder / "kore.html").exists():
        raise SystemExit(
            f"{archive.name}: the demo ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return "\n".join(done.stdout.splitlines()[-3:])


def main() -> None:
    """Build, look and try."""
    with tempfile.TemporaryDirectory(prefix="kore-release-") as name:
        wheel, sdist = build(Path(name))
        if said := find_problems(wheel, sdist):
            raise SystemExit("\n".join(said))
        for archive in (wheel, sdist):
            folder = Path(name) / archive.suffix.lstrip(".")
            folder.mkdir()
            print(
                f"{archive.name}: installs into an empty environment; the demo there ends with\n"
                f"{run_demo(archive, folder)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
