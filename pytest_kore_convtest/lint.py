"""Say everything that is wrong or odd about a suite file, each thing with its place.

An error is what cannot work: the file cannot be used, says less than it seems to, or
gives a secret away. A warning is what will probably surprise. A hint is what nobody
has documented, because the format is known from real files only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest import positions, redaction
from pytest_kore_convtest.positions import START, Place
from pytest_kore_convtest.rules import ERROR, HINT, WARNING, Note, judge_content
from pytest_kore_convtest.suitefile import LocalSuite, SuiteFile, name_of, open_suite_file, show_path
from pytest_kore_convtest.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_HALF = re.compile("[\ud800-\udfff]")
_LONGEST_NAME = 60


@dataclass(frozen=True)
class LintFinding:
    """One thing about a suite file that somebody should know.

    Attributes:
        path: The file.
        place: Where in it.
        message: What, where in words, and what to write instead; never a secret.
        severity: ``ERROR``, ``WARNING`` or ``HINT``.
        suite: The suite's name; ``None`` when the whole file is meant.
    """

    path: Path
    place: Place
    message: str
    severity: str = ERROR
    suite: str | None = None

    def __str__(self) -> str:
        return f"{show_path(self.path)}:{self.place.line}:{self.place.column}: {self.message}"


def lint_file(file: Path | SuiteFile, *, stream_id: str | None = None) -> list[LintFinding]:
    """Return everything there is to say about one file, in the order of the file.

    Args:
        file: The file, or what was read of it.
        stream_id: The configured stream, compared with the file's ``botId``.
    """
    read = file if isinstance(file, SuiteFile) else open_suite_file(file)
    findings = [
        LintFinding(read.path, problem.place or START, redaction.hide_leaks(problem.message))
        for problem in read.problems
    ]
    if read.marked:
        said = "a byte order mark stands first, which many JSON readers refuse: save as UTF-8 without it"
        findings.append(LintFinding(read.path, START, said, WARNING))
    if read.document:
        notes = [*_judge_texts(read.document.value, ()), *_judge_twins(read.document)]
        if not read.problems:
            notes += judge_content(read.document.value, stream_id)
        findings += [_place(note, read, read.document) for note in notes]
    findings += _find_namesakes(read.suites, one_file=True)
    return sorted(findings, key=lambda finding: finding.place)


def lint_many(files: Iterable[Path | SuiteFile]) -> list[LintFinding]:
    """Return the suites whose name stands in another file too; ``lint_file`` tells those of one file."""
    read = [file if isinstance(file, SuiteFile) else open_suite_file(file) for file in files]
    once = {file.path.resolve(): file for file in read}
    return _find_namesakes([suite for file in once.values() for suite in file.suites], one_file=False)


def _find_namesakes(suites: Sequence[LocalSuite], *, one_file: bool) -> list[LintFinding]:
    same: dict[str, LocalSuite] = {}
    folded: dict[str, LocalSuite] = {}
    found = []
    for suite in suites:
        equal = same.setdefault(suite.name, suite)
        alike = folded.setdefault(suite.name.casefold(), suite)
        other = equal if equal is not suite else alike
        if other is suite or (other.path == suite.path) is not one_file:
            continue
        where = f"line {other.place.line}" if one_file else f"{other.path}:{other.place.line}"
        if other.name == suite.name:
            said, severity = f"the suite in {where} has the same name: rename one of them", ERROR
        else:
            said = (
                f"the suite in {where} is named {_show(other.name)}, which differs in case only: rename one"
            )
            severity = HINT
        said = f"suite {_show(suite.name)}: {said}"
        found.append(LintFinding(suite.path, suite.place, said, severity, suite.name))
    return found


def _place(note: Note, file: SuiteFile, document: positions.Document) -> LintFinding:
    find = document.key_place if note.at_key else document.place
    cases = document.value.get("testCases") if isinstance(document.value, dict) else None
    where, suite = _locate(note.path, cases if isinstance(cases, list) else [])
    said = redaction.hide_leaks(f"{where}: {note.message}" if where else note.message)
    return LintFinding(file.path, find(note.path), said, note.severity, suite)


def _locate(path: positions.Path, cases: list[Any]) -> tuple[str, str | None]:
    """Say a path in words, and which suite it is in."""
    words: list[str] = []
    rest, suite = list(path), None
    for key, word in (("testCases", "suite"), ("messages", "step"), ("outputs", "output")):
        if rest[:1] != [key] or not isinstance(next(iter(rest[1:]), None), int):
            break
        number = int(rest[1])
        if key == "testCases" and isinstance(cases[number], dict):
            suite = name_of(cases[number]) or f"suite-{number + 1}"
        words.append(f"{word} {_show(suite) if suite and not words else number + 1}")
        rest = rest[2:]
    if rest:
        inner = "".join(f" {part + 1}" if isinstance(part, int) else f".{part}" for part in rest)
        words.append(_show(inner.removeprefix(".")))
    return ", ".join(words), suite


def _show(name: str) -> str:
    return quoted(redaction.hide_leaks(name), _LONGEST_NAME)


def _judge_texts(value: Any, path: positions.Path, *, beside_client: bool = False) -> Iterator[Note]:
    """Look at every text of the file, keys included."""
    if isinstance(value, str):
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        yield from _judge_text(value, path, redaction.find_leaks(value, key=key, beside_client=beside_client))
        return
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, (dict, list)):
        inside += value.items() if isinstance(value, dict) else enumerate(value)
    client = any(isinstance(one, str) and redaction.is_client_id(one) for _, one in inside)
    for part, one in inside:
        here = (*path, part)
        if isinstance(part, str):
            notes = _judge_text(part, here, redaction.find_leaks(part))
            yield from (note._replace(at_key=True) for note in notes)
        yield from _judge_texts(one, here, beside_client=client)


def _judge_text(text: str, path: positions.Path, found: list[redaction.Leak]) -> Iterator[Note]:
    for leak in found:
        advice = "take it out and revoke it" if leak.sure else "take it out, unless it is none"
        said = f"holds what looks like {leak.what}, {redaction.show_leak(text, leak)}: {advice}"
        yield Note(path, said, ERROR if leak.sure else WARNING)
    if _HALF.search(text):
        said = "holds half of a character, as a cut emoji leaves it: write the whole character"
        yield Note(path, said, WARNING)


def _judge_twins(document: positions.Document) -> Iterator[Note]:
    for twin in document.twins:
        said = (
            f"the key stands there twice, first in line {twin.first.line}; only the last counts: remove one"
        )
        yield Note(twin.path, said, at_key=True)
