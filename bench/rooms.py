"""Throw-away environments: what a user has, not what this checkout has.

An editable install would not do: pytest caches its byte code differently.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


def clean_environment(*, cached: bool = True, **extra: str) -> dict[str, str]:
    """Return an environment in which nothing but the case at hand decides.

    Args:
        cached: Whether byte code may be cached.
        extra: More variables.
    """
    names = ("KORE_", "PYTEST_", "PYTHON", "COV_", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    kept |= {"PYTHONHASHSEED": "0", **extra}
    return kept if cached else {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def build_wheel(folder: Path) -> str:
    """Build the wheel and return its path."""
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder / "dist"), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (wheel,) = (folder / "dist").glob("*.whl")
    return str(wheel)


def make_room(folder: Path, *packages: str, pinned: bool = True) -> Path:
    """Make an environment with some packages, in the versions of ours or not, and return its Python."""
    env = clean_environment()  # not every environment lets pip write byte code, and a user's pip does
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, env=env)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check", "--python"]
    pins = ["-c", str(ROOT / "constraints.txt")] if pinned else []
    subprocess.run([*pip, str(python), "install", "--compile", *pins, *packages], check=True, env=env)
    return python


@cache
def room_with_us(*packages: str) -> str:
    """Make an environment with our wheel and more, until this process ends; return its Python."""
    folder = tempfile.TemporaryDirectory(prefix="kore-bench-")
    atexit.register(folder.cleanup)
    return str(make_room(Path(folder.name) / "room", build_wheel(Path(folder.name)), *packages))
