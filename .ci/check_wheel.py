"""Build the distributions, look into them, use the wheel in a clean environment, check its types there."""

# ruff: noqa: INP001, S603, T201 - a script that starts our own tools and prints what it finds

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "pytest_kore_convtest"
TOP_IN_SDIST = (
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "Makefile", "pyproject.toml"),
    *(
        "constraints.txt",
        "constraints-oldest.txt",
        "CODE_OF_CONDUCT.md",
        "action.yml",
        ".pre-commit-hooks.yaml",
    ),
)
FOLDERS_IN_SDIST = ("tests", "examples", "docs", "bench", "torture", "changelog.d", ".ci", ".github")
TRY_IT = f"""
import importlib.metadata, pathlib, {PACKAGE}
import {PACKAGE}.plugin, {PACKAGE}.api.client
home = pathlib.Path({PACKAGE}.__file__)
assert "site-packages" in home.parts, home
print("imported", importlib.metadata.version("pytest-kore-convtest"))
"""


def is_test(name: str) -> bool:
    """Say whether a file of a distribution belongs to a test suite."""
    *folders, base = name.split("/")
    return "tests" in folders or base.startswith(("test_", "conftest."))


def is_part(path: Path) -> bool:
    """Say whether a file of the checkout belongs to the package."""
    return path.is_file() and "__pycache__" not in path.parts


def problems_of_wheel(names: list[str]) -> list[str]:
    """Say what a wheel has too much or too little."""
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / PACKAGE).rglob("*") if is_part(path)}
    said = [f"the wheel lacks {name}" for name in sorted(ours - set(names))]
    tops = {name.split("/")[0] for name in names}
    strays = sorted(top for top in tops if top != PACKAGE and not top.endswith(".dist-info"))
    said += [f"the wheel would install {stray} beside the package" for stray in strays]
    said += [f"the wheel has a test: {name}" for name in names if is_test(name)]
    if not any(name.endswith(".dist-info/entry_points.txt") for name in names):
        said.append("the wheel has no entry point, so pytest would not find the plugin")
    return said


def problems_of_sdist(names: list[str]) -> list[str]:
    """Say what a source distribution lacks."""
    inside = {name.partition("/")[2] for name in names}
    said = [f"the sdist lacks {name}" for name in TOP_IN_SDIST if name not in inside]
    tops = {name.partition("/")[0] for name in inside}
    return said + [f"the sdist lacks {folder}/" for folder in FOLDERS_IN_SDIST if folder not in tops]


def install(python: Path, what: str) -> None:
    """Install something into an environment, in the versions of ours."""
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", ROOT / "constraints.txt", what], check=True)


def try_wheel(wheel: Path, folder: Path) -> Path:
    """Install a wheel into a clean environment, import it, and let pytest show its options.

    Returns:
        That environment's Python.

    Raises:
        subprocess.CalledProcessError: Something of that did not work.
    """
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install(python, str(wheel))
    # Elsewhere, so that the checkout is not what gets imported.
    subprocess.run([python, "-c", TRY_IT], check=True, cwd=folder)
    shown = subprocess.run(
        [python, "-m", "pytest", "--help"], check=True, cwd=folder, capture_output=True, text=True
    )
    if "--kore-gate" not in shown.stdout:
        raise SystemExit("pytest does not show our options: the entry point does not work")
    return python


def find_untyped(python: Path) -> list[str]:
    """Name what an installed package offers without a type that every type checker knows."""
    env = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    command = [
        sys.executable,
        "-m",
        "basedpyright",
        "--verifytypes",
        PACKAGE,
        "--ignoreexternal",
        "--outputjson",
    ]
    done = subprocess.run(
        [*command, "--pythonpath", python],
        check=False,
        capture_output=True,
        text=True,
        env=env,
        cwd=python.parent,
    )
    symbols = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    if not symbols:
        raise SystemExit(f"basedpyright looked at nothing: {done.stdout}{done.stderr}")
    return [
        f"{one['name']}: {found['message'].splitlines()[0]}"
        for one in symbols
        for found in one["diagnostics"]
        if found["severity"] == "error"
    ]


def build(folder: Path) -> tuple[Path, Path]:
    """Build both distributions; the wheel from the sdist, which proves that the sdist is complete.

    Raises:
        SystemExit: It does not build.
    """
    command = [sys.executable, "-m", "build", "--outdir", folder, ROOT]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"the build failed:\n{done.stdout}")
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def find_problems(wheel: Path, sdist: Path) -> list[str]:
    """Say what the distributions have too much or too little."""
    with zipfile.ZipFile(wheel) as opened:
        said = problems_of_wheel(opened.namelist())
    with tarfile.open(sdist) as unpacked:
        return said + problems_of_sdist(unpacked.getnames())


def main() -> None:
    """Build, look and try.

    Raises:
        SystemExit: The distributions are not as they should be.
    """
    with tempfile.TemporaryDirectory(prefix="kore-wheel-") as name:
        wheel, sdist = build(Path(name))
        if said := find_problems(wheel, sdist):
            raise SystemExit("\n".join(said))
        python = try_wheel(wheel, Path(name))
        install(python, f"{wheel}[all]")  # without the extras their types would be unknown
        if said := find_untyped(python):
            raise SystemExit("\n".join(said))
        print(f"{wheel.name}: installs, imports, pytest finds it; typed throughout")


if __name__ == "__main__":
    main()
