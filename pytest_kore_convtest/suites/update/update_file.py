"""Make a suite file expect what the bot said: its new content, or why a step of it stays as it is.

Whatever is written is read back before anybody sees it: the file has to say the same as
before, but for the replies that were meant.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_kore_convtest.errors import SuiteFileError
from pytest_kore_convtest.suites.file import LocalSuite, SuiteSource, read_suites_of
from pytest_kore_convtest.suites.file_format import CONTAINS, EQUALS, ONE_OF
from pytest_kore_convtest.suites.file_text import BOM
from pytest_kore_convtest.suites.matchers import ANY, Matcher
from pytest_kore_convtest.suites.results.expectation_changes import DELETE, INSERT
from pytest_kore_convtest.suites.text_edit import (
    CannotUpdateError,
    Edit,
    Hunk,
    Lines,
    apply,
    end_line,
    find_break,
    find_hunks,
    order,
    write_diff,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_kore_convtest.suites.results.expectation_changes import Change

_NOT_SAFE = "the file would not read back as it was: change it by hand"
_MATCHER, _OPTIONAL, _MORE = "\0matcher", "\0optional", "\0more"
"""Keys for what the import format has no place for; no file can hold them."""


class StepChange(NamedTuple):
    """What is to be changed in one step.

    Attributes:
        suite: Line and column of the suite in its file.
        step: The step's 1-based number.
        changes: What to change.
    """

    suite: tuple[int, int]
    step: int
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class FileUpdate:
    """What becomes of a file.

    Attributes:
        content: The new bytes.
        diff: What changes, as the lines of a unified diff.
        count: How many expectations change.
        refused: By suite and step, why nothing of the step changes.
    """

    content: bytes
    diff: tuple[str, ...] = ()
    count: int = 0
    refused: dict[tuple[tuple[int, int], int], str] = field(default_factory=dict)


def update_file(path: Path, data: bytes, steps: Sequence[StepChange]) -> FileUpdate:
    """Return what becomes of a file whose steps are to expect other replies.

    Args:
        path: The file.
        data: Its bytes.
        steps: What is to be changed.

    Raises:
        SuiteFileError: The file holds no suite.
    """
    suites = {tuple(suite.place): suite for suite in read_suites_of(path, data)}
    edits: dict[StepChange, list[Edit]] = {}
    refused: dict[tuple[tuple[int, int], int], str] = {}
    for step in steps:
        found = _try(suites.get(step.suite), step)
        if isinstance(found, str):
            refused[step.suite, step.step] = found
        else:
            edits[step] = found
    source = next(iter(suites.values())).source
    text = _write(path, source, suites, edits) if source and edits else None
    if text is None and source:  # one of them cannot be made: the others can
        alone = len(edits) == 1
        for step in list(edits):
            if alone or _write(path, source, suites, {step: edits[step]}) is None:
                del edits[step]
                refused[step.suite, step.step] = _NOT_SAFE
        text = _write(path, source, suites, edits) if edits else None
    if text is None or source is None:
        refused |= {(step.suite, step.step): _NOT_SAFE for step in edits}
        return FileUpdate(data, refused=refused)
    ordered = order([edit for some in edits.values() for edit in some]) or []
    count = sum(len(step.changes) for step in edits)
    marked = BOM if data.startswith(BOM) else b""
    shown = tuple(write_diff(_text_to_edit(source), ordered))
    return FileUpdate(marked + text.encode(), shown, count, refused)


def _text_to_edit(source: SuiteSource) -> str:
    """Return the text that edits are about: of YAML, each line of it has a line break."""
    return source.text if source.yaml is None else end_line(source.text)


def _try(suite: LocalSuite | None, step: StepChange) -> list[Edit] | str:
    """Return the edits for a step, or why there are none."""
    try:
        return find_edits(suite, step)
    except CannotUpdateError as bad:
        return str(bad)


def find_edits(suite: LocalSuite | None, step: StepChange) -> list[Edit]:
    """Return what has to be changed in a file's text for a step to expect other replies.

    Raises:
        CannotUpdateError: It cannot be changed there.
    """
    if suite is None or suite.source is None or step.step > len(suite.steps):
        raise CannotUpdateError("its place in the file was not found")
    here = ("testCases", suite.source.number, "messages", step.step - 1)
    if suite.source.yaml is not None:
        from pytest_kore_convtest.suites.update.yaml_text import edit_yaml

        found = list(edit_yaml(suite.source.yaml, here, step.changes))
    else:
        from pytest_kore_convtest.suites.update.json_text import edit_json

        found = list(edit_json(suite.source, here, suite.steps[step.step - 1], step.changes))
    ordered = order(found)
    if ordered is None:
        raise CannotUpdateError(_NOT_SAFE)
    return ordered


def _write(
    path: Path,
    source: SuiteSource,
    suites: dict[tuple[int, ...], LocalSuite],
    edits: dict[StepChange, list[Edit]],
) -> str | None:
    """Return the new text of a file; ``None`` when it would say something else than is meant."""
    ordered = order([edit for some in edits.values() for edit in some])
    if ordered is None:
        return None
    before = _text_to_edit(source)
    text = apply(before, ordered)
    if before != source.text:
        text = text.removesuffix(find_break(before))
    try:
        again = read_suites_of(path, text.encode())
    except (SuiteFileError, UnicodeError):
        return None
    wanted = _find_meaning(source)
    for step in edits:
        _expect(wanted, suites[step.suite], step)
    found = again[0].source
    return text if found is not None and _find_meaning(found) == wanted else None


def _find_meaning(source: SuiteSource) -> Any:  # what JSON holds
    """Return all that a file says, as data that is nobody else's."""
    said = copy.deepcopy(source.document.value)
    if source.yaml is None:
        return said
    for path, reply in source.yaml.replies.items():
        _, suite, _, step, _, number = path
        entry = said["testCases"][suite]["messages"][step]["outputs"][number]
        entry |= {_MATCHER: reply.matcher, _OPTIONAL: reply.optional}
    for _, suite, _, step in source.yaml.more:
        said["testCases"][suite]["messages"][step][_MORE] = True
    return said


def _expect(meaning: Any, suite: LocalSuite, step: StepChange) -> None:
    """Change in what a file says the replies of a step."""
    assert suite.source is not None  # noqa: S101 - callers look first
    outputs = meaning["testCases"][suite.source.number]["messages"][step.step - 1]["outputs"]
    new: list[Any] = [[entry] for entry in outputs]
    before: dict[int, list[Any]] = {}
    for change in step.changes:
        if change.kind == DELETE:
            new[change.at] = []
        elif change.kind == INSERT:
            entry = _make_entry(outputs, change, in_yaml=suite.source.yaml is not None)
            before.setdefault(change.at, []).append(entry)
        else:
            new[change.at] = [_change_entry(outputs[change.at], change.text)]
    new.append([])
    outputs[:] = [one for at, some in enumerate(new) for one in [*before.get(at, ()), *some]]


def _make_entry(outputs: list[Any], change: Change, *, in_yaml: bool) -> Any:
    if in_yaml:
        return {CONTAINS: change.text, _MATCHER: None, _OPTIONAL: False}
    near = outputs[max(0, change.at - 1)] if outputs else None
    return change.text if isinstance(near, str) else {CONTAINS: change.text}


def _change_entry(entry: Any, text: str) -> Any:
    if isinstance(entry, str):
        return text
    matcher = entry.get(_MATCHER)
    if matcher is not None and matcher.kind == ANY:
        return {**entry, _MATCHER: Matcher(ANY, (*matcher.texts, text))}
    if isinstance(entry.get(CONTAINS), dict):
        alternatives = entry[CONTAINS]
        return {**entry, CONTAINS: {**alternatives, ONE_OF: [*alternatives.get(ONE_OF, ()), text]}}
    return {**entry, EQUALS if EQUALS in entry and CONTAINS not in entry else CONTAINS: text}


def show_hunks(suite: LocalSuite, step: StepChange) -> list[Hunk]:
    """Return the lines that would stand in a file for a step to expect other replies, as they are typed.

    Raises:
        CannotUpdateError: It cannot be changed there.
    """
    edits = find_edits(suite, step)
    assert suite.source is not None  # noqa: S101 - there are edits
    return find_hunks(_split(suite.source.text), edits)


@lru_cache(maxsize=1)
def _split(text: str) -> Lines:
    """Return a file's text as lines, once for all its steps."""
    return Lines(text)
