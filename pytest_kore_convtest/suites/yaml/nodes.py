"""Read YAML strictly into nodes that know where they stand.

What two readers could take for two things is refused. Only the events of ruamel.yaml are
used: no object is ever made from a file, and which text is a number or a date is decided
by whoever knows what belongs there. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeAlias

from pytest_kore_convtest.json_positions import START, Lines, Place
from pytest_kore_convtest.suites.yaml.comment_or_text import (
    CUT,
    find_cut_above,
    find_cut_below,
    find_cut_beside,
)
from pytest_kore_convtest.suites.yaml.errors import describe, offset
from pytest_kore_convtest.suites.yaml.unquoted import changed_by_yaml

DEEPEST = 60
"""Lists and mappings in each other; a suite file without templates has 7."""

MOST_REPEATED = 8 * 1024 * 1024
"""What the aliases of one file may stand for, in characters: four files of the largest size."""

MISSING = 'is YAML, which needs ruamel.yaml: pip install "pytest-kore-convtest[yaml]"'
"""What is said of a file when the library is not installed."""

_EMPTY = "is empty: write 'suites:' and below it '- name: …' with its 'steps:'"
_NODE_WEIGHT = 16
"""Characters that a value counts for beside its text."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_BLANKS = re.compile(r"[ \t\r\n]*")
_RUN = re.compile(r"\S+")
_TAG = re.compile(r"(?:^|[\[{,:-])(!)")
_LONGEST_TAG = 2_000
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text of the file.

    Attributes:
        text: What it says, with its escapes and line breaks resolved.
        start: The offset at which it begins, without its anchor; of an alias, where the alias stands.
        end: The offset behind its last character, a closing quotation mark included.
        style: Empty without quotation marks, else the character that begins it: ``"``, ``'``, ``|``, ``>``.
        anchor: Its anchor's name, or empty.
        alias: Whether an alias stands here for a value that is written elsewhere.
        cut: The offset of a ``#`` on a line before or after it that reads as if it belonged to the text,
            or -1.
    """

    text: str
    start: int
    end: int
    style: str = ""
    anchor: str = ""
    alias: bool = False
    cut: int = -1


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list of the file; what its attributes share with ``Scalar`` means the same."""

    items: tuple[Node, ...]
    start: int
    end: int
    anchor: str = ""
    alias: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order of the file; the other attributes are those of ``Scalar``."""

    members: tuple[tuple[Scalar, Node], ...]
    start: int
    end: int
    anchor: str = ""
    alias: bool = False


Node: TypeAlias = "Scalar | Sequence | Mapping"


class YamlError(ValueError):
    """A text is not the YAML that is read here.

    Attributes:
        message: What is wrong and what to write instead, as the rest of a sentence about the file.
        place: Where.
    """

    message: str
    place: Place

    def __init__(self, message: str, place: Place = START) -> None:
        super().__init__(f"{message} (line {place.line}, column {place.column})")
        self.message, self.place = message, place


def kind(node: Node) -> str:
    """Say in words what kind of node this is."""
    if isinstance(node, Scalar):
        return "a string" if node.style or node.text else "nothing"
    return "a list" if isinstance(node, Sequence) else "a mapping (key: value)"


def read_nodes(text: str) -> Node:
    """Read the one document of a YAML text; a byte order mark is the caller's to remove.

    Raises:
        YamlError: It is not valid YAML, or has in it what is not read here; the first thing is told.
    """
    if found := _CONTROL.search(text):
        advice = "save the file as UTF-8" if found[0] == "\0" else "remove it"
        said = f"is not valid YAML because of a control character (U+{ord(found[0]):04X}) here: {advice}"
        raise YamlError(said, Lines(text).place(found.start()))
    if not text.strip():
        raise YamlError(_EMPTY)
    composer = _Composer(text)
    if (at := _find_long_tag(text)) is not None:
        composer.stop(at, "contains a very long tag (!…): remove it")
    return _read_events(text, composer)


def _find_long_tag(text: str) -> int | None:
    """Return where a very long tag may begin: the library's time grows with the square of its length."""
    if "!" not in text:
        return None
    for run in _RUN.finditer(text):
        if len(run[0]) > _LONGEST_TAG and (found := _TAG.search(run[0])):
            return run.start() + found.start(1)
    return None


@dataclass(slots=True)
class _Open:
    """A list or mapping that has not ended yet."""

    start: int
    anchor: str
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    members: list[tuple[Scalar, Node]] = field(default_factory=list)
    key: Scalar | None = None
    keys: dict[str, int] = field(default_factory=dict)
    weight: int = _NODE_WEIGHT


class _Composer:
    """Puts the parts of one text together."""

    def __init__(self, text: str) -> None:
        self.text, self.lines = text, Lines(text)
        self._has_comments = "#" in text
        self.root: Node | None = None
        self.last = 0
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._repeated = 0

    @property
    def opened(self) -> int:
        """Where the innermost list or mapping begins that has not ended."""
        return self._stack[-1].start if self._stack else 0

    def add_alias(self, name: str, start: int, end: int) -> None:
        """Add what an alias stands for."""
        shown = name[:_LONGEST_WORD]
        if name not in self._anchors:
            self.refuse(
                start, f"the alias *{shown} has no anchor: write &{shown} before the value it repeats"
            )
        found = self._anchors[name]
        if found is None:
            self.refuse(start, f"the alias *{shown} is inside the value it repeats: write that out")
        node, weight = found
        self._repeated += weight
        if self._repeated > MOST_REPEATED:
            said = f"the aliases up to *{shown} repeat more than {MOST_REPEATED} characters"
            self.refuse(start, f"{said}: use fewer")
        self._add(replace(node, start=start, end=end, anchor="", alias=True), weight)

    def add_scalar(self, text: str, start: int, end: int, style: str = "", anchor: str = "") -> None:
        """Add a text."""
        cut = -1 if style or not text else self._find_cut(start, end)
        if anchor:
            self._name(anchor, start)
            start = self._skip_anchor(start, anchor)
        if _HALVES.search(text):
            # Two escapes of one character, as JSON writes it.
            text = _HALVES.sub(lambda two: two[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
        if start == end and not anchor and self._stack and self._stack[-1].key is not None:
            start = end = (
                self.last + 1
            )  # right behind the key's colon; the library says: where the next one is
        node, weight = Scalar(text, start, end, style, anchor, cut=cut), _NODE_WEIGHT + len(text)
        if anchor:
            self._anchors[anchor] = node, weight
        self._add(node, weight)

    def open(self, start: int, anchor: str, *, is_mapping: bool) -> None:
        """Begin a list or mapping."""
        if len(self._stack) >= DEEPEST:
            self.refuse(start, f"more than {DEEPEST} lists and mappings are nested here")
        if self._stack and self._stack[-1].is_mapping and self._stack[-1].key is None:
            self._refuse_key(start)
        if anchor:
            self._name(anchor, start)
            start = self._skip_anchor(start, anchor)
        self._stack.append(_Open(start, anchor, is_mapping))

    def close(self, end: int) -> None:
        """End the list or mapping that was begun last."""
        ended = self._stack.pop()
        node: Node
        if ended.is_mapping:
            node = Mapping(tuple(ended.members), ended.start, end, ended.anchor)
        else:
            node = Sequence(tuple(ended.items), ended.start, end, ended.anchor)
        if ended.anchor:
            self._anchors[ended.anchor] = node, ended.weight
        self._add(node, ended.weight)

    def stop(self, at: int, message: str) -> NoReturn:
        """Refuse the text because of what it is or contains at an offset."""
        raise YamlError(message, self.lines.place(at)) from None

    def refuse(self, at: int, message: str) -> NoReturn:
        """Refuse the text because of what is at an offset, which the message names."""
        self.stop(at, f"cannot be used: {message}")

    def _name(self, anchor: str, at: int) -> None:
        if anchor in self._anchors:
            self.refuse(at, f"the anchor &{anchor[:_LONGEST_WORD]} is a duplicate: give each value its own")
        self._anchors[anchor] = None

    def _skip_anchor(self, start: int, anchor: str) -> int:
        if not self.text.startswith(f"&{anchor}", start):
            return start
        found = _BLANKS.match(self.text, start + len(anchor) + 1)
        if found and self.text.startswith("#", found.end()):
            self.refuse(found.end(), "a comment is between an anchor and its value: write it elsewhere")
        return found.end() if found else start

    def _find_cut(self, start: int, end: int) -> int:
        if not self._has_comments or not self._stack:
            return -1
        holder = self._stack[-1]
        in_flow = self.text.startswith(("[", "{"), holder.start)
        column = -1 if in_flow else self.lines.place(holder.start).column - 1
        if (below := find_cut_below(self.text, end, column)) >= 0:
            return below
        if holder.key is None if holder.is_mapping else in_flow:
            return -1
        return find_cut_above(self.text, max(self.last, holder.start), start)

    def _add(self, node: Node, weight: int) -> None:
        self.last = node.end
        if not self._stack:
            self.root = node
            return
        holder = self._stack[-1]
        holder.weight += weight
        if not holder.is_mapping:
            holder.items.append(node)
        elif holder.key is None:
            holder.key = self._check_key(node, holder.keys)
        else:
            holder.members.append((holder.key, node))
            holder.key = None

    def _check_key(self, node: Node, keys: dict[str, int]) -> Scalar:
        if not isinstance(node, Scalar):
            self._refuse_key(node.start)
        shown = node.text[:_LONGEST_WORD]
        if not node.style and node.text == "<<":
            said = (
                "merge keys (<<) are not supported: write the keys out, or repeat a whole step with an alias"
            )
            self.refuse(node.start, said)
        if not node.style and (meant := changed_by_yaml(node.text)):
            self.refuse(node.start, f"the key '{shown}' is {meant} in YAML: write it in quotes")
        if node.text in keys:
            first = self.lines.place(keys[node.text]).line
            self.refuse(node.start, f"the key '{shown}' is a duplicate, first in line {first}: remove one")
        keys[node.text] = node.start
        return node

    def _refuse_key(self, at: int) -> NoReturn:
        self.refuse(at, "a list or mapping is used as a key: write a word with a colon after it")


def _read_events(text: str, composer: _Composer) -> Node:
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError
    except ImportError:
        raise YamlError(MISSING) from None
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            _feed(event, composer)
    except YamlError:
        raise
    except MarkedYAMLError as bad:
        message, at = describe(text, bad, composer.opened)
    except Exception as bad:  # noqa: BLE001 - the library raises whatever it stumbles over
        message, at = f"it cannot be parsed after this place ({type(bad).__name__})", composer.last
    else:
        message, at = "", 0
    if message:
        composer.stop(at, f"is not valid YAML: {message}")
    if composer.root is None:
        raise YamlError(_EMPTY)
    return composer.root


def _feed(event: object, composer: _Composer) -> None:
    name = type(event).__name__
    start, end = offset(event, "start_mark"), offset(event, "end_mark")
    anchor = str(getattr(event, "anchor", None) or "")
    if tag := getattr(event, "tag", None):
        said = f"contains a tag ({str(tag)[:_LONGEST_WORD]}): remove it, and write strings in quotes"
        composer.stop(start, said)
    if name == "ScalarEvent":
        style, value = getattr(event, "style", None), getattr(event, "value", "")
        if not style and value and (cut := find_cut_beside(composer.text, end)) >= 0:
            composer.refuse(cut, CUT)
        composer.add_scalar(str(value), start, end, str(style or ""), anchor)
    elif name in {"MappingStartEvent", "SequenceStartEvent"}:
        composer.open(start, anchor, is_mapping=name == "MappingStartEvent")
    elif name in {"MappingEndEvent", "SequenceEndEvent"}:
        composer.close(end)
    elif name == "AliasEvent":
        composer.add_alias(anchor, start, end)
    elif name == "DocumentStartEvent":
        if composer.root is not None:
            composer.stop(start, "contains a second document (---): put all suites below one 'suites:'")
        before = composer.text[:end].splitlines()
        if getattr(event, "version", None) or any(line.startswith("%") for line in before):
            composer.stop(0, "contains a directive (%): remove it")
