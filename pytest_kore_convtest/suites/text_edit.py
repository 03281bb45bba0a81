"""Change a text in some places and leave every other character as it is; show what changes as a diff."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BREAK = re.compile(r"\r\n|\r|\n")
_CONTEXT = 3
"""Lines that are shown around a change."""

_LONGEST_LINE = 300
"""Characters; of a longer line only what stands around a change is shown."""

_AROUND = 60


class CannotUpdateError(Exception):
    """A step cannot be changed in its file; the message is part of a sentence about the step."""


class Edit(NamedTuple):
    """What comes in the place of a stretch of a text; nothing stands between two equal offsets."""

    start: int
    end: int
    text: str


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Return a text with edits made; they are in order and do not overlap."""
    pieces, at = list[str](), 0
    for edit in edits:
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


def order(edits: Sequence[Edit]) -> list[Edit] | None:
    """Return edits in the order of the text; ``None`` when two of them overlap."""
    ordered = sorted(edits, key=lambda edit: edit[:2])
    overlap = any(one.end > two.start for one, two in pairwise(ordered))
    return None if overlap else ordered


def find_break(text: str) -> str:
    """Return the line break that a text has first."""
    found = _BREAK.search(text)
    return found[0] if found else "\n"


def end_line(text: str) -> str:
    """Return a text with a line break at its end."""
    return text if text.endswith(("\n", "\r")) else text + find_break(text)


class Lines:
    """A text as lines, without their line breaks."""

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = list(_BREAK.finditer(text))
        self._starts = [0, *(one.end() for one in breaks)]
        self._ends = [*(one.start() for one in breaks), len(text)]

    def __len__(self) -> int:
        """Return how many there are; what stands behind the last line break is one unless it is empty."""
        return len(self._starts) - (self._starts[-1] == len(self.text))

    def __getitem__(self, number: int) -> str:
        """Return a line."""
        return self.text[self._starts[number] : self._ends[number]]

    def start(self, number: int) -> int:
        """Return where a line begins; of one behind the last, where the text ends."""
        return self._starts[number] if number < len(self._starts) else len(self.text)

    def end(self, number: int) -> int:
        """Return where a line ends, before its line break."""
        return self._ends[number]

    def at(self, offset: int) -> int:
        """Return the number of the line in which an offset stands."""
        return bisect_right(self._starts, offset) - 1


class Hunk(NamedTuple):
    """Lines that are replaced, 0-based, and what stands there afterwards."""

    start: int
    end: int
    new: tuple[str, ...]


def find_hunks(lines: Lines, edits: Sequence[Edit]) -> list[Hunk]:
    """Return what edits come to in whole lines; lines that are the same before and after are not in it."""
    groups: list[list[Edit]] = []
    for edit in edits:
        if groups and lines.at(edit.start) <= lines.at(groups[-1][-1].end):
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return [_make_hunk(lines, group) for group in groups]


def _make_hunk(lines: Lines, edits: Sequence[Edit]) -> Hunk:
    first, last = lines.at(edits[0].start), lines.at(edits[-1].end)
    begin, end = lines.start(first), lines.start(last + 1)
    moved = [Edit(edit.start - begin, edit.end - begin, edit.text) for edit in edits]
    new = Lines(apply(lines.text[begin:end], moved))
    after = [new[number] for number in range(len(new))]
    before = [lines[number] for number in range(first, min(last + 1, len(lines)))]
    head = _count_same(before, after)
    tail = _count_same(before[head:][::-1], after[head:][::-1])
    return Hunk(first + head, first + len(before) - tail, tuple(after[head : len(after) - tail]))


def _count_same(before: Sequence[str], after: Sequence[str]) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((at for at, (one, two) in pairs if one != two), min(len(before), len(after)))


def write_diff(text: str, edits: Sequence[Edit]) -> Iterator[str]:
    """Write what edits change as the lines of a unified diff, without its head.

    Args:
        text: The text before.
        edits: The edits, in order.
    """
    lines = Lines(text)
    short, long = list[Edit](), list[Edit]()
    for edit in edits:
        first, last = lines.at(edit.start), lines.at(edit.end)
        longest = max(lines.end(number) - lines.start(number) for number in range(first, last + 1))
        (long if longest > _LONGEST_LINE else short).append(edit)
    groups = _group(find_hunks(lines, short))
    for edit in long:
        yield f"@@ {lines.at(edit.start) + 1} @@"
        yield from _show_within(lines, edit)
    moved = 0
    for group in groups:
        yield from _write_group(lines, group, moved)
        moved += sum(len(hunk.new) - (hunk.end - hunk.start) for hunk in group)


def _group(hunks: Sequence[Hunk]) -> list[list[Hunk]]:
    """Put hunks together that share lines around them."""
    groups: list[list[Hunk]] = []
    for hunk in hunks:
        if groups and hunk.start - groups[-1][-1].end <= 2 * _CONTEXT:
            groups[-1].append(hunk)
        else:
            groups.append([hunk])
    return groups


def _write_group(lines: Lines, hunks: Sequence[Hunk], moved: int) -> Iterator[str]:
    first, last = max(0, hunks[0].start - _CONTEXT), min(len(lines), hunks[-1].end + _CONTEXT)
    grown = sum(len(hunk.new) - (hunk.end - hunk.start) for hunk in hunks)
    before, after = last - first, last - first + grown
    yield f"@@ -{first + 1},{before} +{first + moved + 1},{after} @@"
    at = first
    for hunk in hunks:
        yield from (f" {lines[number]}" for number in range(at, hunk.start))
        yield from (f"-{lines[number]}" for number in range(hunk.start, hunk.end))
        yield from (f"+{line}" for line in hunk.new)
        at = hunk.end
    yield from (f" {lines[number]}" for number in range(at, last))


def _show_within(lines: Lines, edit: Edit) -> Iterator[str]:
    """Show a change within a long line with what stands around it."""
    begin = max(lines.start(lines.at(edit.start)), edit.start - _AROUND)
    end = min(lines.end(lines.at(edit.end)), edit.end + _AROUND)
    head, tail = lines.text[begin : edit.start], lines.text[edit.end : end]
    left = "…" if begin > lines.start(lines.at(edit.start)) else ""
    right = "…" if end < lines.end(lines.at(edit.end)) else ""
    for mark, inside in (("-", lines.text[edit.start : edit.end]), ("+", edit.text)):
        shown = _BREAK.split(f"{left}{head}{inside}{tail}{right}")
        yield from (f"{mark}{line}" for line in shown)
