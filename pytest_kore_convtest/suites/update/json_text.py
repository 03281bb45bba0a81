"""Change expected replies in the text of a JSON suite file, in the style in which it is written."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.suites.file_format import BARE, CONTAINS, EQUALS, ONE_OF
from pytest_kore_convtest.suites.results.expectation_changes import DELETE, INSERT, REPLACE
from pytest_kore_convtest.suites.text_edit import CannotUpdateError, Edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_kore_convtest.json_positions import Mark, Path
    from pytest_kore_convtest.suites.file import LocalStep, SuiteSource
    from pytest_kore_convtest.suites.results.expectation_changes import Change

_DECODER = json.JSONDecoder()
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_BEYOND = re.compile(r"\\u(?!00[0-7])[0-9a-fA-F]{4}")
"""An escape of what is not ASCII."""

_UPPER, _LOWER = re.compile(r"\\u[0-9a-f]{0,3}[A-F]"), re.compile(r"\\u[0-9A-F]{0,3}[a-f]")
_SLASH = re.compile(r"(?<!\\)/")
_COLON = re.compile(r'"[ \t]*:\s')
_BREAKS = "\r\n"
_NEAR = 200
"""Characters behind the beginning of a list in which its style is looked for."""


def edit_json(source: SuiteSource, path: Path, step: LocalStep, changes: Sequence[Change]) -> Iterator[Edit]:
    """Yield what has to be changed in a file's text for a step to expect other replies.

    Args:
        source: The file.
        path: The step in it.
        step: What the file says of the step.
        changes: What to change.

    Raises:
        CannotUpdateError: It cannot be changed there.
    """
    outputs = source.document.mark((*path, "outputs"))
    if outputs is None or not isinstance(outputs.inside, list):
        raise CannotUpdateError("it has no list 'outputs'")
    editor = _Editor(source.text, outputs, step)
    for change in changes:
        if change.kind == REPLACE:
            yield editor.replace(change)
    if inserts := [change for change in changes if change.kind == INSERT]:
        for at, several in groupby(inserts, key=lambda change: change.at):
            yield editor.insert(at, [one.text for one in several])
    yield from editor.delete([change.at for change in changes if change.kind == DELETE])


def write_string(text: str, like: str, around: str) -> str:
    """Write a text as JSON with the escapes that are in use where it stands.

    Args:
        text: The text.
        like: The string in whose place it comes, as it is written; or empty.
        around: The file's text, which is asked when that string says nothing.
    """
    ascii_only = _writes_ascii(like)
    if ascii_only is None:
        ascii_only = _writes_ascii(around) or False
    written = escape_json(json.dumps(text, ensure_ascii=ascii_only))
    if _escapes_slashes(like if "/" in like else around):
        written = written.replace("/", "\\/")
    if _writes_upper(like if _BEYOND.search(like) else around):
        written = _ESCAPE.sub(_write_upper, written)
    return written


@lru_cache(maxsize=4)  # the same file is asked about for each of its strings
def _writes_ascii(text: str) -> bool | None:
    """Say whether what is not ASCII is escaped; ``None`` when there is nothing of the kind."""
    return False if not text.isascii() else True if _BEYOND.search(text) else None


@lru_cache(maxsize=4)
def _escapes_slashes(text: str) -> bool:
    return "\\/" in text and _SLASH.search(text) is None


@lru_cache(maxsize=4)
def _writes_upper(text: str) -> bool:
    return bool(_UPPER.search(text)) and not _LOWER.search(text)


def _write_upper(found: re.Match[str]) -> str:
    return f"\\u{found[1][1:].upper()}" if found[1][0] == "u" else found[0]


def end_of(text: str, start: int) -> int:
    """Return where the JSON value ends that begins at an offset."""
    end: int = _DECODER.raw_decode(text, start)[1]
    return end


class _Editor:
    """Edits the ``outputs`` of one step."""

    def __init__(self, text: str, outputs: Mark, step: LocalStep) -> None:
        self._text, self._start, self._step = text, outputs.start, step
        self._items: list[Mark] = outputs.inside if isinstance(outputs.inside, list) else []

    def replace(self, change: Change) -> Edit:
        """Write another text into an entry, or add one to its alternatives."""
        mode, entry = self._step.outputs[change.at].mode, self._items[change.at]
        if mode == ONE_OF:
            return self._add(entry, change.text)
        mark = entry if mode == BARE else entry.member(mode)
        if mode not in {BARE, CONTAINS, EQUALS} or mark is None or not self._text.startswith('"', mark.start):
            raise CannotUpdateError("it says what to expect in a form that is changed by hand only")
        end = end_of(self._text, mark.start)
        return Edit(mark.start, end, self._write(change.text, self._text[mark.start : end]))

    def _add(self, entry: Mark, text: str) -> Edit:
        found = entry.member(CONTAINS)
        listed = found and found.member(ONE_OF)
        if listed is None or not isinstance(listed.inside, list) or not listed.inside:
            raise CannotUpdateError("it says what to expect in a form that is changed by hand only")
        last = listed.inside[-1].start
        end = end_of(self._text, last)
        between = self._find_space(listed.start, [one.start for one in listed.inside])
        return Edit(end, end, f",{between}{self._write(text, self._text[last:end])}")

    def insert(self, at: int, texts: Sequence[str]) -> Edit:
        """Put entries before one; they are written like their neighbour."""
        starts = [one.start for one in self._items]
        if not starts:
            where = self._start + 1
            new = [f'{{"{CONTAINS}": {self._write(text)}}}' for text in texts]
            return Edit(where, where, ", ".join(new))
        near = max(0, at - 1)
        between = self._find_space(self._start, starts)
        new = [self._write_like(near, text) for text in texts]
        if at:
            where = end_of(self._text, starts[near])
            return Edit(where, where, "".join(f",{between}{one}" for one in new))
        return Edit(starts[0], starts[0], "".join(f"{one},{between}" for one in new))

    def _write_like(self, near: int, text: str) -> str:
        """Write an entry as its neighbour is written, when that says nothing but a text."""
        entry, mode = self._items[near], self._step.outputs[near].mode
        if mode == BARE:
            return self._write(text)
        start, end = entry.start, end_of(self._text, entry.start)
        mark = entry.member(CONTAINS)
        alone = isinstance(entry.inside, dict) and len(entry.inside) == 1
        if alone and mark is not None and self._text.startswith('"', mark.start):
            stop = end_of(self._text, mark.start)
            string = self._write(text, self._text[mark.start : stop])
            return self._text[start : mark.start] + string + self._text[stop:end]
        return f'{{"{CONTAINS}": {self._write(text)}}}'

    def delete(self, numbers: Sequence[int]) -> Iterator[Edit]:
        """Take entries out, each with the comma that belongs to it."""
        starts = [one.start for one in self._items]
        for run in find_runs(numbers):
            first, last = run[0], run[-1]
            if first:
                yield Edit(end_of(self._text, starts[first - 1]), end_of(self._text, starts[last]), "")
            elif last + 1 < len(starts):
                yield Edit(starts[0], starts[last + 1], "")
            else:
                raise CannotUpdateError("all its replies would be removed")

    def _write(self, text: str, like: str = "") -> str:
        return write_string(text, like, self._text)

    def _find_space(self, opening: int, starts: Sequence[int]) -> str:
        """Return what stands between the comma and the next entry of a list, as it is written there."""
        if len(starts) > 1:
            comma = self._text.index(",", end_of(self._text, starts[0]))
            return self._text[comma + 1 : starts[1]]
        space = self._text[opening + 1 : starts[0]]
        if any(letter in space for letter in _BREAKS):
            return space
        return " " if _COLON.search(self._text, opening, opening + _NEAR) or space else ""


def find_runs(numbers: Sequence[int]) -> list[list[int]]:
    """Return numbers in stretches that follow each other."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
