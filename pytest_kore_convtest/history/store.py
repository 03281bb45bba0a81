"""The history of test runs: a folder with a small file for each run, one line of JSON in it.

A file a run needs no lock: writers on any number of machines never touch each other's files.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.history.identity import (
    FAILED,
    FLAKY,
    PASSED,
    UNKNOWN,
    RunState,
    StepState,
    SuiteState,
    read_run,
    split_key,
)
from pytest_kore_convtest.reports.write_files import replace_file
from pytest_kore_convtest.strict_json import load_strictly
from pytest_kore_convtest.text import as_list, as_text, plural, printable, show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_kore_convtest.reports.record import Record

    _ReadStep = Callable[[int, str, str], StepState]

FORMAT, VERSION = "pytest-kore-convtest history", 1
"""What a line calls itself, and the version of its shape."""

MOST_RUNS, MOST_BYTES = 2_000, 64 * 1024 * 1024
"""Runs and bytes that a folder keeps; the oldest go first."""

_OURS = re.compile(r"kore-\d{8}T\d{6}\.\d{3}-[\w.-]{1,80}\.jsonl", re.ASCII)
_NOT_IN_NAME = re.compile(r"[^\w.-]", re.ASCII)
_LETTERS = {PASSED: "p", FAILED: "f", FLAKY: "~", UNKNOWN: "?"}
_KNOWN, _UNCHECKED = "k", "u"
_OUTCOMES = {letter: outcome for outcome, letter in _LETTERS.items()}
_OUTCOMES |= {_KNOWN: FAILED, _UNCHECKED: PASSED}
_MOST_NAMED = 5


@dataclass(frozen=True)
class PastRun:
    """One run of a history.

    Attributes:
        name: The test run's name.
        verdict: Its verdict.
        commit: The commit that was tested, or empty.
        state: What makes it comparable.
    """

    name: str
    verdict: str
    commit: str
    state: RunState


def write_run(folder: Path, record: Record, name: str) -> None:
    """Add a run to a history, whole or not at all, and drop the oldest runs beyond the bounds.

    Args:
        folder: The history; it is made when it is missing.
        record: The run's record.
        name: The test run's name.

    Raises:
        ConfigError: It cannot be written.
    """
    stamp = re.sub(r"[-:]", "", record["evidence"][0]["started_at"])[:19]
    target = folder / f"kore-{stamp}-{_NOT_IN_NAME.sub('_', name)[-80:] or 'run'}.jsonl"
    try:
        replace_file(target, f"{_write_line(record, name)}\n".encode())
        _prune(folder)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
    else:
        return
    said = f"cannot write the history {printable(show_path(folder), 200)}: {problem}; name another folder"
    raise ConfigError(said, name="history")


def _prune(folder: Path) -> None:
    """Remove the oldest runs beyond the bounds; only files that are called as ours are."""
    names = sorted((path for path in folder.iterdir() if _OURS.fullmatch(path.name)), reverse=True)
    held = 0
    for at, path in enumerate(names):
        try:
            held += path.stat().st_size
        except FileNotFoundError:  # another run was faster
            continue
        if at >= MOST_RUNS or (held > MOST_BYTES and at):
            path.unlink(missing_ok=True)


def _write_line(record: Record, name: str) -> str:
    evidence, state = record["evidence"][0], read_run(record)
    git = evidence["git"]
    data = {
        "format": FORMAT,
        "version": VERSION,
        "run": name,
        "began": evidence["started_at"],
        "ended": evidence["ended_at"],
        "verdict": record["verdict"],
        "interrupted": evidence["interrupted"],
        "bots": sorted(state.bots),
        "versions": list(state.versions),
        "commit": git["commit"] if git else "",
        "covered": None if state.covered is None else round(state.covered, 2),
        "suites": [_suite_data(suite) for suite in state.suites],
    }
    return escape_json(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def _suite_data(suite: SuiteState) -> dict[str, object]:
    return {
        "file": suite.file,
        "name": suite.name,
        "verdict": suite.verdict,
        "seconds": suite.seconds,
        "version": suite.version,
        "excused": suite.excused,
        "flaky": suite.flaky,
        "import_fails": suite.import_fails,
        "keys": ["".join(step.key) for step in suite.steps],
        "outcomes": "".join(map(_letter, suite.steps)),
    }


def _letter(step: StepState) -> str:
    return _KNOWN if step.known else _UNCHECKED if step.unchecked else _LETTERS[step.outcome]


def read_runs(folder: Path) -> tuple[list[PastRun], list[str]]:
    """Read a history.

    Returns:
        The runs, the oldest first, each once; and what could not be read, a sentence each.

    Raises:
        ConfigError: There is no such folder.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".jsonl")
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
    else:
        problem = ""
    if problem:
        said = f"cannot read the history {printable(show_path(folder), 200)}: {problem}; name another folder"
        raise ConfigError(said, name="history")
    found: dict[tuple[str, str], PastRun] = {}
    odd: list[str] = []
    read_step = cache(_read_step)  # run after run the steps are mostly the same
    for path in paths:
        for run in _read_file(path, odd, read_step):
            found[run.state.began, run.name] = run
    if len(odd) > _MOST_NAMED:
        odd[_MOST_NAMED:] = [f"and {plural(len(odd) - _MOST_NAMED, 'more line')} that cannot be read"]
    return [found[key] for key in sorted(found)], odd


def _read_file(path: Path, odd: list[str], read_step: _ReadStep) -> Iterator[PastRun]:
    shown = printable(path.name, 120)
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            odd.append(f"{shown}: left out, it is no plain file of at most {MOST_BYTES // 1024**2} MiB")
            return
        lines = path.read_bytes().splitlines()
    except OSError as error:
        odd.append(f"{shown}: left out, it cannot be read: {error.strerror}")
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            run = _read_line(line, read_step)
        except KeyError as missing:
            odd.append(f"{shown}:{number}: left out, it is no line of a history: {missing} is missing")
        except (ValueError, TypeError, OverflowError) as bad:
            odd.append(f"{shown}:{number}: left out, it is no line of a history: {printable(str(bad), 80)}")
        else:
            yield run


def _read_line(line: bytes, read_step: _ReadStep) -> PastRun:
    data = load_strictly(line)
    if data.get("format") != FORMAT:
        raise ValueError("another format")
    if data.get("version") != VERSION:
        raise ValueError(f"it is of version {data.get('version')}, this pytest-kore-convtest reads {VERSION}")
    covered = data.get("covered")
    state = RunState(
        bots=frozenset(map(as_text, as_list(data.get("bots")))),
        began=as_text(data["began"]),
        versions=tuple(map(as_text, as_list(data.get("versions")))),
        covered=float(covered) if isinstance(covered, (int, float)) else None,
        suites=tuple(_read_suite(suite, read_step) for suite in as_list(data["suites"])),
    )
    return PastRun(as_text(data["run"]), as_text(data["verdict"]), as_text(data.get("commit")), state)


def _read_suite(data: object, read_step: _ReadStep) -> SuiteState:
    if not isinstance(data, dict):
        raise ValueError("a suite is no object")  # noqa: TRY004 - of a file, not of a caller
    keys, letters = as_list(data["keys"]), as_text(data["outcomes"])
    if len(keys) != len(letters):
        raise ValueError("keys and outcomes differ in number")
    seconds = data["seconds"]
    return SuiteState(
        file=as_text(data["file"]),
        name=as_text(data["name"]),
        verdict=as_text(data["verdict"]),
        why="",
        seconds=float(seconds) if isinstance(seconds, (int, float)) else None,
        version=as_text(data["version"]),
        excused=data["excused"] is True,
        flaky=data.get("flaky") is True,
        import_fails=data.get("import_fails") is True,
        steps=tuple(
            read_step(at, as_text(key), letter)
            for at, (key, letter) in enumerate(zip(keys, letters, strict=True), 1)
        ),
    )


def _read_step(number: int, key: str, letter: str) -> StepState:
    return StepState(
        key=split_key(key),
        number=number,
        input="",
        outcome=_OUTCOMES.get(letter, UNKNOWN),
        known="accepted" if letter == _KNOWN else "",
        unchecked=letter == _UNCHECKED,
    )
