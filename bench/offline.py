"""The command without a platform: help and version beside an idle Python, lint beside one pytest per file.

Help has to be there at once, and a pre-commit hook lints whole folders: one process for
all files, where people would else start pytest for each. Of those a sample is started.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Spread, Verdict, print_table, save, spread
from rooms import clean_environment, room_with_us

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES, STEPS = 1000, 100
ROUNDS, LINTS, SAMPLE = 30, 3, 10
TARGET, EXTRA = 1.5, 60.0
"""Help may take so many times as long as an idle Python, and so many ms more."""

FASTER = 20.0


def write_suites(folder: Path, steps: int = STEPS) -> list[str]:
    """Write the suite files and return their names."""
    names = [f"suite-{number:04}.kore.json" for number in range(FILES)]
    for number, name in enumerate(names):
        messages = [
            {"input": f"question {step} of {number}", "outputs": [{"contains": f"answer {step} of {number}"}]}
            for step in range(steps)
        ]
        messages[0] |= {"input": "Start_Flow", "event": "Start_Flow"}
        case = {"name": f"S{number}", "tags": [], "description": "", "preprocessor": "", "messages": messages}
        content = {"botId": "st-1", "botName": "bench", "testCases": [case]}
        (folder / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
    return names


def run(command: Sequence[str], folder: Path) -> float:
    """Run a command and return how long it takes, in ms."""
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, check=False)
    took = (time.perf_counter() - begin) * 1000
    assert done.returncode == 0, (command, done.stdout[-1000:], done.stderr[-1000:])
    return took


def measure_help(python: str, folder: Path) -> dict[str, Spread]:
    """Run help, version and an idle Python by turns."""
    script = str(Path(python).parent / "kore-convtest")
    commands = {
        "python -c pass": (python, "-c", "pass"),
        "kore-convtest --version": (script, "--version"),
        "kore-convtest --help": (script, "--help"),
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, command in commands.items():
            took = run(command, folder)
            if number:  # the first one writes byte code
                found[name].append(took)
    return {name: spread(values) for name, values in found.items()}


def measure_lint(python: str, folder: Path) -> tuple[Spread, Spread]:
    """Return the ms of linting all files in one process, and of one pytest process for one file."""
    names = write_suites(folder)
    lint = [run((python, "-m", "pytest_kore_convtest", "lint", *names), folder) for _ in range(LINTS)]
    pytest = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not kore_live")
    chosen = names[:: FILES // SAMPLE]
    return spread(lint), spread([run((*pytest, name), folder) for name in chosen])


def show(one: Spread, digits: int = 0) -> str:
    """Return a median with its quartiles."""
    return f"{one.median:.{digits}f} ({one.low:.{digits}f} .. {one.high:.{digits}f})"


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    with tempfile.TemporaryDirectory(prefix="kore-bench-") as place:
        folder, python = Path(place), room_with_us()
        helped = measure_help(python, folder)
        lint, one = measure_lint(python, folder)
    print_table(
        f"Help and version, {ROUNDS} rounds: ms, median (quartiles)",
        ("command", "ms"),
        [(name, show(took, 1)) for name, took in helped.items()],
    )
    ratio = FILES * one.median / lint.median
    rows = [
        (f"kore-convtest lint, {FILES} files", show(lint), f"{lint.median / FILES:.1f}"),
        ("pytest, one process per file", "", show(one)),
    ]
    print_table(
        f"Lint of files with {STEPS} steps: ms, median (quartiles)", ("command", "all", "per file"), rows
    )
    idle = helped["python -c pass"].median
    verdicts = [
        Verdict(f"{name} beside an idle Python", TARGET * idle + EXTRA, helped[name].median, " ms")
        for name in helped
        if name.startswith("kore-convtest")
    ]
    verdicts.append(Verdict("lint beside one pytest process per file", 1 / FASTER, 1 / ratio, " x"))
    rows_kept = [{"what": name, "ms": took} for name, took in helped.items()]
    save(
        "offline",
        [*rows_kept, {"what": "lint", "ms": lint}, {"what": "pytest per file", "ms": one}],
        verdicts,
    )
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
