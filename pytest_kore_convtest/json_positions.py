"""Read JSON strictly and know where each node stands.

The standard library's scanner reads the texts and numbers; this module reads the
objects and lists around them, because that is where positions are lost. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from functools import cached_property
from typing import Any, NamedTuple, NoReturn, TypeAlias

DEEPEST = 100
"""Objects and lists in each other; a suite file has 8, and Python's own limit must stay far away."""

_COARSE = 4
"""Levels of objects and lists whose places are noted at once, in a suite file down to its steps.

What is inside a step is read by the standard library, and again for its places when somebody asks for them.
"""

_skip = re.compile(r"[ \t\n\r]*").match
_BREAK = re.compile(r"\r\n?|\n")
_QUOTES = (
    "'\N{LEFT SINGLE QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}"
    "\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
)
"""What typewriters, Python and word processors write instead of a double quote."""
_WORD = re.compile(r"-?[A-Za-z_]\w*")
_LONGEST_WORD = 12
_MEANT = {"True": "true", "False": "false", "None": "null", "undefined": "null"}
_KINDS = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}

Path: TypeAlias = "tuple[str | int, ...]"
"""The way to a node: keys and 0-based indexes."""

JsonObject: TypeAlias = "dict[str, Any]"
"""What an object in JSON or YAML holds, by key."""


class Place(NamedTuple):
    """A place in a text, both numbers from 1; columns count characters, not bytes."""

    line: int
    column: int


START = Place(1, 1)
"""Where a text begins."""


class Duplicate(NamedTuple):
    """A key that stands in its object again; the last one counts.

    Attributes:
        path: The member.
        place: Where the key stands again.
        first: Where it stands first.
    """

    path: Path
    place: Place
    first: Place


class JsonError(ValueError):
    """A text is not valid JSON.

    Attributes:
        message: What is wrong and what to write instead.
        place: Where.
    """

    message: str
    place: Place

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(f"{message} (line {place.line}, column {place.column})")
        self.message, self.place = message, place


class Mark:
    """Where a node begins, where its key does (or itself), and the marks inside it, as offsets.

    Args:
        start: Where it begins.
        key: Where its key begins.
        inside: The marks of its members or items, the text to look for them in, or ``None`` for neither.
    """

    __slots__ = ("_inside", "key", "start")

    start: int
    key: int

    def __init__(self, start: int, key: int, inside: Inside | str | None) -> None:
        self.start, self.key, self._inside = start, key, inside

    @property
    def inside(self) -> Inside | None:
        """The marks of its members or items; ``None`` for a node that has none."""
        if isinstance(self._inside, str):
            *_, self._inside = _Reader(self._inside).read_all(self.start)
        return self._inside

    def member(self, part: str | int) -> Mark | None:
        """Return the mark of a member or item, if there is one."""
        inside = self.inside
        found: Mark | None = None
        if isinstance(inside, dict) and isinstance(part, str):
            found = inside.get(part)
        elif isinstance(inside, list) and isinstance(part, int) and 0 <= part < len(inside):
            found = inside[part]
        return found


Inside: TypeAlias = dict[str, Mark] | list[Mark]
"""The marks inside an object, by key, or inside a list."""


class Lines:
    """Turn offsets of a text into places."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in _BREAK.finditer(self._text))]

    def place(self, offset: int) -> Place:
        """Return the place of an offset."""
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)


class Document:
    """A JSON text that was read.

    Attributes:
        value: Plain Python data.
        duplicates: The keys that stand in one object more than once, in the order of the text.
    """

    value: Any
    duplicates: tuple[Duplicate, ...]

    def __init__(self, value: object, root: Mark, duplicates: tuple[Duplicate, ...], lines: Lines) -> None:
        self.value, self.duplicates = value, duplicates
        self._root, self._lines = root, lines

    def place(self, path: Path) -> Place:
        """Return where a value begins; for a path that is not there, the nearest node around it."""
        return self._lines.place(self._find(path).start)

    def item_places(self, path: Path) -> list[Place]:
        """Return where each item of a list begins; nothing for a path at which there is none."""
        mark = self.mark(path)
        inside = mark.inside if mark is not None else None
        return [self._lines.place(one.start) for one in inside] if isinstance(inside, list) else []

    def key_place(self, path: Path) -> Place:
        """Return where a member's key begins; of what has no key, where the value does."""
        return self._lines.place(self._find(path).key)

    def mark(self, path: Path) -> Mark | None:
        """Return where a value stands, as offsets; ``None`` for a path that is not there."""
        found: Mark | None = self._root
        for part in path:
            found = found and found.member(part)
        return found

    def _find(self, path: Path) -> Mark:
        mark = self._root
        for part in path:
            inside = mark.member(part)
            if inside is None:
                break
            mark = inside
        return mark


def load(text: str) -> Document:
    """Read a JSON text; a byte order mark is the caller's to remove.

    Raises:
        JsonError: It is not valid JSON, or nested deeper than ``DEEPEST``.
    """
    reader = _Reader(text)
    start = _skip(text).end()  # type: ignore[union-attr]
    value, end, inside = reader.read(start)
    end = reader.skip(end)
    if end < len(text):
        reader.stop(end, f"{text[end]!r} follows the end of the JSON value: remove what follows it")
    duplicates = tuple(
        Duplicate(path, reader.lines.place(again), reader.lines.place(first))
        for path, again, first in reader.duplicates
    )
    return Document(value, Mark(start, start, inside), duplicates, reader.lines)


def kind(value: object) -> str:
    """Say in words what kind of JSON value this is."""
    return _KINDS.get(type(value), "a number")


class _Reader:
    """Reads one text; each method takes an offset and returns where what it read ends."""

    def __init__(self, text: str) -> None:
        self.text, self.lines = text, Lines(text)
        self.duplicates: list[tuple[Path, int, int]] = []
        self._path: list[str | int] = []

    def read(self, at: int) -> tuple[object, int, Inside | str | None]:
        """Read the value at an offset: what it is, where it ends, the marks inside it or the text."""
        opening = self.text[at : at + 1]
        if opening not in {"{", "["}:
            return *self.read_scalar(at), None
        if len(self._path) == _COARSE and (found := self._read_fast(at)):
            return found
        return self.read_all(at)

    def read_all(self, at: int) -> tuple[object, int, Inside]:
        """Read the object or list at an offset with the marks inside it."""
        if len(self._path) >= DEEPEST:
            self.stop(at, f"more than {DEEPEST} objects and lists are nested here")
        return self._read_object(at) if self.text[at] == "{" else self._read_list(at)

    def _read_fast(self, at: int) -> tuple[object, int, str] | None:
        """Read an object or list as the standard library does, if there is nothing to say about it."""
        try:
            value, end = _decode_distinct(self.text, at)
        except (ValueError, RecursionError):
            return None
        openings = self.text.count("{", at, end) + self.text.count("[", at, end)
        return None if openings > DEEPEST - _COARSE else (value, end, self.text)

    def read_scalar(self, at: int) -> tuple[Any, int]:
        """Read a text, a number, true, false or null."""
        try:
            return _decode(self.text, at)
        except json.JSONDecodeError as bad:
            problem, where = bad.msg, bad.pos
        except ValueError as bad:
            problem, where = str(bad), at
        return self._fail_scalar(problem, where)

    def _read_object(self, at: int) -> tuple[JsonObject, int, Inside]:
        members: JsonObject = {}
        marks: dict[str, Mark] = {}
        at = self.skip(at + 1)
        while not self.text.startswith("}", at):
            key_at = at
            if not self.text.startswith('"', at):
                self.fail(at, "a key in double quotes" if members else "a key in double quotes, or }")
            key, at = self.read_scalar(at)
            at = self.skip(at)
            if not self.text.startswith(":", at):
                self.fail(at, f"a colon after the key {key[:40]!r}")
            at = self.skip(at + 1)
            self._path.append(key)
            value, end, inside = self.read(at)
            if key in marks:
                self.duplicates.append((tuple(self._path), key_at, marks[key].key))
            self._path.pop()
            members[key], marks[key] = value, Mark(at, key_at, inside)
            at = self._next(end, "}")
        return members, at + 1, marks

    def _read_list(self, at: int) -> tuple[list[object], int, Inside]:
        values: list[object] = []
        marks: list[Mark] = []
        at = self.skip(at + 1)
        while not self.text.startswith("]", at):
            self._path.append(len(values))
            value, end, inside = self.read(at)
            self._path.pop()
            values.append(value)
            marks.append(Mark(at, at, inside))
            at = self._next(end, "]")
        return values, at + 1, marks

    def _next(self, at: int, closing: str) -> int:
        """Return where the next member or the closing bracket stands."""
        at = self.skip(at)
        if self.text.startswith(closing, at):
            return at
        if not self.text.startswith(",", at):
            inner = self.text.startswith('"', at - 1)
            self.fail(at, f"a comma or {closing}" + ', or \\" for a quotation mark in a string' * inner)
        comma, at = at, self.skip(at + 1)
        if self.text.startswith(closing, at):
            self.stop(comma, f"a comma is not allowed before {closing}: remove it")
        return at

    def skip(self, at: int) -> int:
        """Return the offset of the next character that is no blank."""
        found = _skip(self.text, at)
        return found.end() if found else at

    def _fail_scalar(self, problem: str, at: int) -> NoReturn:
        if problem.startswith("Unterminated"):
            self.stop(at, 'a string starts here and never ends: its closing " is missing')
        if problem.startswith("Invalid control"):
            self.stop(
                at, 'a string contains a line break or control character: write \\n, or close it with "'
            )
        if problem.startswith("Invalid"):
            self.stop(at, "a backslash has no meaning in JSON here: write \\\\ for a backslash itself")
        if problem.startswith("Expecting"):
            self.fail(at, "a value")
        # Python's own words about too many digits name a Python function to call.
        self.stop(at, "the number has too many digits" if problem.startswith("Exceeds") else problem)

    def fail(self, at: int, expected: str) -> NoReturn:
        """Refuse the character at an offset, in the words that fit it."""
        found = self.text[at : at + 1]
        word = _WORD.match(self.text, at)
        if not found:
            said = f"the text ends too early: expected {expected}"
            said = said if self.text.strip() else "it is empty"
        elif found in _QUOTES:
            said = f'{found} is not a quotation mark in JSON: write "'
        elif found == "#" or self.text.startswith(("//", "/*"), at):
            said = "JSON has no comments: remove it"
        elif word and word[0] in _MEANT:
            said = f"{word[0]} is not valid JSON: write {_MEANT[word[0]]}"
        else:
            said = f"expected {expected}, but found {(_shorten(word[0]) if word else found)!r}"
        self.stop(at, said)

    def stop(self, at: int, message: str) -> NoReturn:
        """Refuse the text because of what stands at an offset."""
        raise JsonError(message, self.lines.place(at)) from None


def _shorten(word: str) -> str:
    # A long word may be a secret that somebody forgot to quote.
    return word if len(word) <= _LONGEST_WORD else f"{word[:4]}…"


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("the number is too large")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON: write a number, or null")


def _distinct(members: list[tuple[str, object]]) -> JsonObject:
    made = dict(members)
    if len(made) < len(members):
        raise ValueError("a key stands in its object more than once")
    return made


_decode = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant).raw_decode
_decode_distinct = json.JSONDecoder(
    parse_float=_finite, parse_constant=_no_constant, object_pairs_hook=_distinct
).raw_decode
