"""Change expected replies in the text of a YAML suite file; comments and all other lines stay as they are."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_kore_convtest.suites.accept import DELETE, INSERT, REPLACE
from pytest_kore_convtest.suites.edit import CannotUpdateError, Edit, find_break
from pytest_kore_convtest.suites.matchers import ANY
from pytest_kore_convtest.suites.update_json import find_runs
from pytest_kore_convtest.suites.yaml_file import TEMPLATE, TEXT, YamlSuites
from pytest_kore_convtest.suites.yaml_nodes import Mapping, Node, Scalar, Sequence
from pytest_kore_convtest.suites.yaml_write import write_data, write_reply, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Listed

    from pytest_kore_convtest.json_positions import Path
    from pytest_kore_convtest.suites.accept import Change

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\U000e0000-\U000e0fff]"
)
"""What YAML does not hold in a text, or nobody can see there."""

_LARGEST_PLANE = 0xFFFF
_COMMENT = re.compile(r"(?<![ \t])[ \t]+#.*")
_BREAKS = "\r\n"
_SHARED = "it is shared by a YAML alias: change it by hand"


def edit_yaml(yaml: YamlSuites, path: Path, changes: Listed[Change]) -> Iterator[Edit]:
    """Yield what has to be changed in a file's text for a step to expect other replies.

    Args:
        yaml: The file.
        path: The step in it, as a path of the import format.
        changes: What to change.

    Raises:
        CannotUpdateError: It cannot be changed there.
    """
    key, bot, in_flow = _find_bot(yaml, path)
    editor = _Editor(yaml.text, key, bot, in_flow=in_flow)
    for change in changes:
        if change.kind == REPLACE:
            _refuse_shared(editor.items[change.at], _find_used(yaml.root))
            yield from editor.replace(change, yaml.replies[(*path, "outputs", change.at)].matcher is not None)
    inserts = [change for change in changes if change.kind == INSERT]
    for number, (at, several) in enumerate(groupby(inserts, key=lambda change: change.at)):
        yield from editor.insert(at, [one.text for one in several], first=not number)
    yield from editor.delete([change.at for change in changes if change.kind == DELETE])


def _find_bot(yaml: YamlSuites, path: Path) -> tuple[Scalar, Node, bool]:
    """Return the key ``bot`` of a step, its value, and whether both stand between brackets.

    What an alias shares is refused.
    """
    used, node = _find_used(yaml.root), yaml.root
    in_flow = _is_flow(yaml.text, node)
    names: list[str | int] = ["suites", path[1], "steps", path[3]]
    for name in names:
        found: Node | None = None
        if isinstance(node, Mapping):
            found = next((value for key, value in node.members if key.text == name), None)
        elif isinstance(node, Sequence) and isinstance(name, int):
            found = node.items[name]
        if found is None:
            raise CannotUpdateError("its place in the file was not found")
        node = found
        in_flow = in_flow or _is_flow(yaml.text, node)
        _refuse_shared(node, used)
    members = node.members if isinstance(node, Mapping) else ()
    for key, value in members:
        if key.text == "bot":
            _refuse_shared(value, used)
            return key, value, in_flow
    raise CannotUpdateError("it has no key 'bot'")


def _is_flow(text: str, node: Node) -> bool:
    """Say whether a list or mapping is written between brackets."""
    return not isinstance(node, Scalar) and text[node.start : node.start + 1] in {"[", "{"}


def _refuse_shared(node: Node, used: frozenset[int]) -> None:
    if node.alias or id(node) in used:
        raise CannotUpdateError(_SHARED)


_USED: dict[int, tuple[Node, frozenset[int]]] = {}


def _find_used(root: Node) -> frozenset[int]:
    """Return the identities of the nodes for which an alias stands somewhere."""
    known = _USED.get(id(root))
    if known is not None and known[0] is root:
        return known[1]
    shared, anchored = set[int](), dict[int, Node]()
    todo = [root]
    while todo:
        node = todo.pop()
        if node.alias:
            shared.add(_content(node))
            continue  # what it stands for is looked at where it is written
        if node.anchor:
            anchored[id(node)] = node
        todo += _inside(node)
    found = frozenset(number for number, node in anchored.items() if _content(node) in shared)
    _USED.clear()
    _USED[id(root)] = root, found
    return found


def _content(node: Node) -> int:
    """Return what a node shares with its aliases: its content's identity."""
    if isinstance(node, Scalar):
        return id(node.text)
    return id(node.items if isinstance(node, Sequence) else node.members)


def _inside(node: Node) -> list[Node]:
    if isinstance(node, Mapping):
        return [one for member in node.members for one in member]
    return list(node.items) if isinstance(node, Sequence) else []


def quote(text: str) -> str:
    """Write a text between double quotes, with escapes for what cannot be seen."""
    return _HIDDEN.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\u{number:04x}" if number <= _LARGEST_PLANE else f"\\U{number:08x}"


def _write(text: str, *, in_flow: bool) -> str:
    return quote(text) if _HIDDEN.search(text) else write_text(text, in_flow=in_flow)


def _write_flow(data: object) -> str:
    return _HIDDEN.sub(_escape, json.dumps(data, ensure_ascii=False))


def _read_template(text: str) -> object:
    """Return the data of a reply that YAML can hold as a template; ``None`` of another one."""
    if not write_reply(text, 0)[0].startswith(f"{TEMPLATE}:"):
        return None
    data: object = json.loads(text)
    return data


class _Editor:
    """Edits the replies of one step."""

    def __init__(self, text: str, key: Scalar, bot: Node, *, in_flow: bool) -> None:
        self._text, self._key, self._bot = text, key, bot
        self._break = find_break(text)
        self.items: tuple[Node, ...] = bot.items if isinstance(bot, Sequence) else (bot,)
        self._in_flow = in_flow or (isinstance(bot, Sequence) and _is_flow(text, bot))

    def _is_flow(self, node: Node) -> bool:
        return self._in_flow or _is_flow(self._text, node)

    def _line(self, at: int) -> int:
        """Return where the line of an offset begins."""
        return max(self._text.rfind(letter, 0, at) for letter in _BREAKS) + 1

    def _line_end(self, at: int) -> int:
        """Return where the line of an offset ends, before its line break."""
        ends = (self._text.find(letter, at) for letter in _BREAKS)
        return min((end for end in ends if end >= 0), default=len(self._text))

    def _column(self, at: int) -> int:
        return at - self._line(at)

    def _end(self, node: Node) -> int:
        """Return where what a node says ends, without the blank lines and comments behind it."""
        while not node.alias and not _is_flow(self._text, node):
            if isinstance(node, Scalar):
                break
            inside = _inside(node)
            if not inside:
                break
            node = inside[-1]
        if isinstance(node, Scalar) and node.style in {"|", ">"} and not node.alias:
            return node.start + len(self._text[node.start : node.end].rstrip())
        return node.end

    def _next_lines(self, lines: Listed[str]) -> str:
        return self._break.join(lines)

    def replace(self, change: Change, matched: bool) -> Iterator[Edit]:
        """Write another reply into an entry, or add one to its alternatives."""
        node = self.items[change.at]
        if not isinstance(node, Mapping):
            yield self._replace_bare(node, change.text)
            return
        key, value = next(
            (member for member in node.members if member[0].text in {TEXT, TEMPLATE, ANY}), (None, None)
        )
        if key is None or value is None:
            raise CannotUpdateError("its matcher does not fit: change 'contains' or 'matches' by hand")
        if matched:
            yield self._add(value, change.text)
            return
        data = _read_template(change.text)
        in_flow = self._is_flow(node)
        if key.text == TEXT and data is None and isinstance(value, Scalar):
            yield self._replace_text(value, change.text, in_flow=in_flow)
        elif key.text == TEMPLATE and data is not None:
            yield from self._replace_data(value, data, in_flow=in_flow)
        elif data is None:
            yield Edit(key.start, self._end(value), f"{TEXT}: {_write(change.text, in_flow=in_flow)}")
        elif in_flow:
            yield Edit(key.start, self._end(value), f"{TEMPLATE}: {_write_flow(data)}")
        else:
            yield Edit(key.start, self._end(value), self._write_template(data, self._column(key.start)))

    def _replace_bare(self, node: Node, text: str) -> Edit:
        if not isinstance(node, Scalar):
            raise CannotUpdateError("its place in the file was not found")
        data = _read_template(text)
        if data is None:
            return self._replace_text(node, text, in_flow=self._in_flow)
        if self._in_flow:
            return Edit(node.start, self._end(node), f"{{{TEMPLATE}: {_write_flow(data)}}}")
        if isinstance(self._bot, Sequence):
            new = self._write_template(data, self._column(node.start))
            return Edit(node.start, self._end(node), new)
        indent = self._column(self._key.start) + 2
        start = self._behind_colon(node)
        new = f"{self._break}{' ' * indent}{self._write_template(data, indent)}"
        return Edit(start, self._end(node), new)

    def _behind_colon(self, node: Node) -> int:
        """Return where the value of ``bot`` may begin, when nothing stands between."""
        between = self._text[self._key.end : node.start]
        if between.strip() != ":":
            raise CannotUpdateError("its value is written in a way that is changed by hand only")
        return self._key.end + between.index(":") + 1

    def _write_template(self, data: object, indent: int) -> str:
        first, *rest = write_data(data, indent + 2)
        lines = [f"{TEMPLATE}:", " " * (indent + 2) + first, *rest]
        return self._next_lines([_HIDDEN.sub(_escape, line) for line in lines])

    def _replace_text(self, node: Scalar, text: str, *, in_flow: bool) -> Edit:
        """Write another text in the style of the one that is there, if it can be."""
        end = self._end(node)
        if node.alias:
            return Edit(node.start, node.end, _write(text, in_flow=in_flow))
        if node.style == '"':
            return Edit(node.start, end, quote(text))
        if node.style == "'" and not _HIDDEN.search(text):
            return Edit(node.start, end, "'" + text.replace("'", "''") + "'")
        if node.style in {"|", ">"}:
            return self._replace_block(node, text, end)
        return Edit(node.start, end, _write(text, in_flow=in_flow))

    def _replace_block(self, node: Scalar, text: str, end: int) -> Edit:
        header_end = self._line_end(node.start)
        header = self._text[node.start : header_end]
        lines = text.split("\n")
        plain = all(line and not line[0].isspace() and not _HIDDEN.search(line) for line in lines)
        if node.style == "|" and "-" in header.partition("#")[0] and len(lines) > 1 and plain:
            body = self._text[header_end:end].lstrip(_BREAKS + " ")
            indent = self._column(end - len(body)) if body else 0
            if indent:
                shown = [header, *(" " * indent + line for line in lines)]
                return Edit(node.start, end, self._next_lines(shown))
        comment = _COMMENT.search(header)
        return Edit(node.start, end, _write(text, in_flow=False) + (comment[0] if comment else ""))

    def _replace_data(self, node: Node, new: object, *, in_flow: bool) -> Iterator[Edit]:
        """Change those values of a template that differ; the whole of it where its keys or items do."""
        in_flow = in_flow or self._is_flow(node)
        if isinstance(node, Mapping) and not node.alias and isinstance(new, dict):
            if [key.text for key, _ in node.members] == list(new):
                for key, value in node.members:
                    yield from self._replace_data(value, new[key.text], in_flow=in_flow)
                return
        elif isinstance(node, Sequence) and not node.alias and isinstance(new, list):
            if len(node.items) == len(new):
                for item, value in zip(node.items, new, strict=True):
                    yield from self._replace_data(item, value, in_flow=in_flow)
                return
        elif isinstance(node, Scalar) and self._says(node, new):
            return
        if isinstance(node, Scalar) and isinstance(new, str):
            yield self._replace_text(node, new, in_flow=in_flow)
        elif (
            in_flow or isinstance(node, Scalar) or node.alias or not new or not isinstance(new, (dict, list))
        ):
            yield Edit(node.start, self._end(node), _write_flow(new))
        else:
            lines = write_data(new, self._column(node.start))
            shown = self._next_lines([_HIDDEN.sub(_escape, line) for line in lines])
            yield Edit(node.start, self._end(node), shown)

    def _says(self, node: Scalar, value: object) -> bool:
        """Say whether a text of the file is a value already."""
        if isinstance(value, str):
            return node.text == value and (bool(node.style) or write_text(value) == value)
        return not node.style and not isinstance(value, (dict, list)) and node.text == json.dumps(value)

    def _add(self, listed: Node, text: str) -> Edit:
        """Add an alternative at the end of a list."""
        if not isinstance(listed, Sequence) or listed.alias:
            raise CannotUpdateError(_SHARED)
        return self._insert_behind(listed, len(listed.items) - 1, [text])

    def _insert_behind(self, listed: Sequence, at: int, texts: Listed[str]) -> Edit:
        """Put entries behind one of a list."""
        end = self._end(listed.items[at])
        if self._is_flow(listed):
            return Edit(end, end, "".join(f", {self._write_entry(text, in_flow=True)}" for text in texts))
        column = self._column(listed.start)
        where = self._line_end(end)
        lines = [f"{' ' * column}- {self._write_entry(text, column + 2)}" for text in texts]
        return Edit(where, where, "".join(self._break + line for line in lines))

    def _write_entry(self, text: str, indent: int = 0, *, in_flow: bool = False) -> str:
        data = _read_template(text)
        if data is None:
            return _write(text, in_flow=in_flow)
        if in_flow:
            return f"{{{TEMPLATE}: {_write_flow(data)}}}"
        return self._write_template(data, indent)

    def insert(self, at: int, texts: Listed[str], *, first: bool) -> Iterator[Edit]:
        """Put entries before one of the replies; a single reply becomes a list.

        Args:
            at: The reply before which they come.
            texts: The new ones.
            first: Whether nothing was put elsewhere before.
        """
        bot = self._bot
        if not isinstance(bot, Sequence):
            yield from self._insert_beside(bot, at, texts, first=first)
        elif not bot.items or (not at and self._is_flow(bot)):
            new = ", ".join(self._write_entry(text, in_flow=True) for text in texts)
            yield Edit(bot.start + 1, bot.start + 1, new + (", " if bot.items else ""))
        elif at:
            yield self._insert_behind(bot, at - 1, texts)
        else:
            column, where = self._column(bot.start), self._line(bot.start)
            lines = [f"{' ' * column}- {self._write_entry(text, column + 2)}{self._break}" for text in texts]
            yield Edit(where, where, "".join(lines))

    def _insert_beside(self, bot: Node, at: int, texts: Listed[str], *, first: bool) -> Iterator[Edit]:
        """Make a list of a single reply."""
        if self._in_flow:
            raise CannotUpdateError("a single reply between brackets is made a list by hand only")
        own_line = not self._text[self._line(bot.start) : bot.start].strip()
        column = self._column(bot.start) - 2 if own_line else self._column(self._key.start) + 2
        if column < self._column(self._key.start):
            raise CannotUpdateError("its value is written in a way that is changed by hand only")
        lines = [f"{' ' * column}- {self._write_entry(text, column + 2)}" for text in texts]
        if own_line and first:
            yield Edit(bot.start - 2, bot.start, "- ")
        elif first:
            yield Edit(self._behind_colon(bot), bot.start, f"{self._break}{' ' * column}- ")
        if at:
            where = self._line_end(self._end(bot))
            yield Edit(where, where, "".join(self._break + line for line in lines))
        else:
            where = self._line(bot.start) if own_line else self._behind_colon(bot)
            new = "".join(line + self._break for line in lines)
            yield Edit(where, where, new if own_line else self._break + new.removesuffix(self._break))

    def delete(self, numbers: Listed[int]) -> Iterator[Edit]:
        """Take entries out."""
        for run in find_runs(numbers):
            first, last = run[0], run[-1]
            if len(run) == len(self.items):
                raise CannotUpdateError("all of its replies would be removed")
            if self._is_flow(self._bot):
                if first:
                    yield Edit(self._end(self.items[first - 1]), self._end(self.items[last]), "")
                else:
                    yield Edit(self.items[0].start, self.items[last + 1].start, "")
                continue
            yield from (self._delete_lines(number) for number in run)

    def _delete_lines(self, number: int) -> Edit:
        node = self.items[number]
        start, end = self._line(node.start), self._line_end(self._end(node))
        column = self._column(self._bot.start)
        if self._text[start : start + column + 1] != " " * column + "-":
            raise CannotUpdateError("its value is written in a way that is changed by hand only")
        if self._text.startswith(_BREAKS, end):
            end += 2
        elif end < len(self._text):
            end += 1
        elif start:  # the last line has no line break, and so has the one that is last now
            start -= 2 if self._text.startswith(_BREAKS, start - 2) else 1
        return Edit(start, end, "")
