"""Change expected replies in the text of a YAML suite file; comments and all other lines stay as they are."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_kore_convtest.suites.matchers import ANY
from pytest_kore_convtest.suites.results.expectation_changes import DELETE, INSERT, REPLACE
from pytest_kore_convtest.suites.text_edit import CannotUpdateError, Edit
from pytest_kore_convtest.suites.update.json_text import find_runs
from pytest_kore_convtest.suites.update.yaml_template import TemplateEditor
from pytest_kore_convtest.suites.yaml.comments import find_comments
from pytest_kore_convtest.suites.yaml.nodes import Mapping, Node, Scalar, Sequence
from pytest_kore_convtest.suites.yaml.positions import BREAKS, Layout, inside, lay_out
from pytest_kore_convtest.suites.yaml.read import TEMPLATE, TEXT, YamlSuites
from pytest_kore_convtest.suites.yaml.write import (
    needs_escapes,
    read_template,
    write_flow,
    write_template_data,
    write_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence as Listed

    from pytest_kore_convtest.json_positions import Path
    from pytest_kore_convtest.suites.results.expectation_changes import Change

_COMMENT = re.compile(r"(?<![ \t])[ \t]+#.*")
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
    layout = lay_out(yaml.text)
    key, bot, in_flow = _find_bot(yaml, path, layout)
    grows = any(change.kind == INSERT for change in changes)
    editor = _Editor(layout, key, bot, in_flow=in_flow, grows=grows)
    for change in changes:
        if change.kind == REPLACE:
            _refuse_shared(editor.items[change.at], _find_used(yaml.root))
            yield from editor.replace(change, yaml.replies[(*path, "outputs", change.at)].matcher is not None)
    inserts = [change for change in changes if change.kind == INSERT]
    for number, (at, several) in enumerate(groupby(inserts, key=lambda change: change.at)):
        yield from editor.insert(at, [one.text for one in several], first=not number)
    yield from editor.delete([change.at for change in changes if change.kind == DELETE])


def _find_bot(yaml: YamlSuites, path: Path, layout: Layout) -> tuple[Scalar, Node, bool]:
    """Return the key ``bot`` of a step, its value, and whether both stand between brackets.

    What an alias shares is refused.
    """
    used, node = _find_used(yaml.root), yaml.root
    in_flow = layout.is_flow(node)
    names: list[str | int] = ["suites", path[1], "steps", path[3]]
    for name in names:
        node = _get(node, name)
        in_flow = in_flow or layout.is_flow(node)
        _refuse_shared(node, used)
    members = node.members if isinstance(node, Mapping) else ()
    for key, value in members:
        if key.text == "bot":
            _refuse_shared(value, used)
            return key, value, in_flow
    raise CannotUpdateError("it has no key 'bot': write one by hand")


def _get(node: Node, name: str | int) -> Node:
    """Return what stands at a place that was read from the same file."""
    if isinstance(node, Mapping):
        return next(value for key, value in node.members if key.text == name)
    assert isinstance(node, Sequence)  # noqa: S101 - the place would not have been read
    return node.items[int(name)]


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
        todo += inside(node)
    found = frozenset(number for number, node in anchored.items() if _content(node) in shared)
    _USED.clear()
    _USED[id(root)] = root, found
    return found


def _content(node: Node) -> int:
    """Return what a node shares with its aliases: its content's identity."""
    if isinstance(node, Scalar):
        return id(node.text)
    return id(node.items if isinstance(node, Sequence) else node.members)


class _Editor:
    """Edits the replies of one step.

    Args:
        layout: The file's text.
        key: The key ``bot``.
        bot: Its value.
        in_flow: Whether both stand between brackets.
        grows: Whether replies are added, so that a single one becomes a list.

    Attributes:
        items: The replies.
    """

    items: tuple[Node, ...]

    def __init__(self, layout: Layout, key: Scalar, bot: Node, *, in_flow: bool, grows: bool) -> None:
        self._layout, self._text, self._key, self._bot = layout, layout.text, key, bot
        self.items = bot.items if isinstance(bot, Sequence) else (bot,)
        self._in_flow = in_flow or (isinstance(bot, Sequence) and layout.is_flow(bot))
        self._dash = self._place_dashes(grows=grows)
        self._templates = TemplateEditor(layout, self._replace_text)

    def _place_dashes(self, *, grows: bool) -> int | None:
        """Return the column of the dashes of a list written line by line; ``None`` where there is no list."""
        column, bot = self._layout.column, self._bot
        if self._in_flow:
            return None
        if isinstance(bot, Sequence):
            return column(bot.start)
        if not grows:
            return None
        block = isinstance(bot, Mapping) and not self._layout.is_flow(bot)
        if not block and any(letter in self._text[bot.start : self._layout.end(bot)] for letter in BREAKS):
            # Its further lines stay: they are indented deeper than the key, maybe not deeper than others.
            return column(self._key.start)
        return column(bot.start) - 2 if self._layout.begins_line(bot) else column(self._key.start) + 2

    def _is_flow(self, node: Node) -> bool:
        return self._in_flow or self._layout.is_flow(node)

    def replace(self, change: Change, matched: bool) -> Iterator[Edit]:
        """Write another reply into an entry, or add one to its alternatives.

        Raises:
            CannotUpdateError: A comment would go with what is written over, or it is changed by hand only.
        """
        node = self.items[change.at]
        for edit in self._replace(node, change.text, matched=matched):
            # What is taken out takes along the comments on its lines.
            yield self._keep_comments(node, edit) if edit.text else edit

    def _keep_comments(self, node: Node, edit: Edit) -> Edit:
        lost = find_comments(self._text, node, edit.start, edit.end)
        if any(one.text not in edit.text for one in lost):
            raise CannotUpdateError("a comment in what is replaced would be lost: change it by hand")
        return edit

    def _replace(self, node: Node, text: str, *, matched: bool) -> Iterator[Edit]:
        if isinstance(node, Scalar):
            yield self._replace_bare(node, text)
            return
        members = node.members if isinstance(node, Mapping) else ()
        key, value = next(
            (member for member in members if member[0].text in {TEXT, TEMPLATE, ANY}), (None, None)
        )
        if key is None or value is None:
            raise CannotUpdateError("its matcher does not fit: change 'contains' or 'matches' by hand")
        if matched:
            yield self._add(value, text)
            return
        data = read_template(text)
        in_flow = self._is_flow(node)
        if key.text == TEXT and data is None and isinstance(value, Scalar):
            yield self._replace_text(value, text, in_flow)
        elif key.text == TEMPLATE and data is not None:
            yield from self._templates.replace(value, data, in_flow=in_flow)
        elif data is None:
            yield Edit(key.start, self._layout.end(value), f"{TEXT}: {write_text(text, in_flow=in_flow)}")
        elif in_flow:
            yield Edit(key.start, self._layout.end(value), f"{TEMPLATE}: {write_flow(data)}")
        else:
            column = self._layout.column(key.start)
            new = self._write_template(data, column, self._find_comment(value))
            yield Edit(key.start, self._layout.end(value), new)

    def _replace_bare(self, node: Scalar, text: str) -> Edit:
        data = read_template(text)
        if data is None:
            return self._replace_text(node, text, self._in_flow)
        start, end = node.start, self._layout.end(node)
        if self._in_flow:
            return Edit(start, end, f"{{{TEMPLATE}: {write_flow(data)}}}")
        if self._dash is not None:
            # Behind the dash that is there, or comes there.
            column = self._layout.column(start) if isinstance(self._bot, Sequence) else self._dash + 2
            return Edit(start, end, self._write_template(data, column, self._find_comment(node)))
        indent = self._layout.column(self._key.start) + 2
        new = f"{' ' * indent}{self._write_template(data, indent, self._find_comment(node))}"
        if self._layout.begins_line(node):
            return Edit(self._layout.line(start), end, new)
        return Edit(self._behind_colon(node), end, self._layout.line_break + new)

    def _behind_colon(self, node: Node) -> int:
        """Return where the value of ``bot`` may begin, when nothing stands between."""
        between = self._text[self._key.end : node.start]
        if between.strip() != ":":
            raise CannotUpdateError("its value is written in a way that is changed by hand only")
        return self._key.end + between.index(":") + 1

    def _find_comment(self, node: Node) -> str:
        """Return the comment behind the ``|`` or ``>`` of a text, with the blanks before it."""
        if not isinstance(node, Scalar) or node.style not in {"|", ">"} or node.alias:
            return ""
        found = _COMMENT.search(self._text[node.start : self._layout.line_end(node.start)])
        return found[0] if found else ""

    def _write_template(self, data: object, indent: int, comment: str = "") -> str:
        return self._layout.line_break.join(write_template_data(data, indent, comment))

    def _replace_text(self, node: Scalar, text: str, in_flow: bool) -> Edit:
        """Write another text in the style of the one that is there, if it can be."""
        end = self._layout.end(node)
        if node.alias:
            return Edit(node.start, node.end, write_text(text, in_flow=in_flow))
        if node.style == '"':
            return Edit(node.start, end, write_flow(text))
        if node.style == "'" and not needs_escapes(text):
            return Edit(node.start, end, "'" + text.replace("'", "''") + "'")
        if node.style in {"|", ">"}:
            return self._replace_block(node, text, end)
        return Edit(node.start, end, write_text(text, in_flow=in_flow))

    def _replace_block(self, node: Scalar, text: str, end: int) -> Edit:
        header_end = self._layout.line_end(node.start)
        header = self._text[node.start : header_end]
        lines = text.split("\n")
        plain = all(line and not line[0].isspace() and not needs_escapes(line) for line in lines)
        if header.partition("#")[0].rstrip() == "|-" and len(lines) > 1 and plain:
            body = self._text[header_end:end].lstrip(BREAKS + " ")
            indent = self._layout.column(end - len(body)) if body else 0
            if indent:
                shown = [header, *(" " * indent + line for line in lines)]
                return Edit(node.start, end, self._layout.line_break.join(shown))
        return Edit(node.start, end, write_text(text) + self._find_comment(node))

    def _add(self, listed: Node, text: str) -> Edit:
        """Add an alternative at the end of a list."""
        if not isinstance(listed, Sequence) or listed.alias:
            raise CannotUpdateError(_SHARED)
        return self._insert_behind(listed, len(listed.items) - 1, [text])

    def _insert_behind(self, listed: Sequence, at: int, texts: Listed[str]) -> Edit:
        """Put entries behind one of a list."""
        end = self._layout.end(listed.items[at])
        if self._is_flow(listed):
            return Edit(end, end, "".join(f", {self._write_entry(text, in_flow=True)}" for text in texts))
        return self._layout.put_behind(end, self._write_entries(texts, self._layout.column(listed.start)))

    def _write_entries(self, texts: Listed[str], column: int) -> list[str]:
        return [f"{' ' * column}- {self._write_entry(text, column + 2)}" for text in texts]

    def _write_entry(self, text: str, indent: int = 0, *, in_flow: bool = False) -> str:
        data = read_template(text)
        if data is None:
            return write_text(text, in_flow=in_flow)
        if in_flow:
            return f"{{{TEMPLATE}: {write_flow(data)}}}"
        return self._write_template(data, indent)

    def insert(self, at: int, texts: Listed[str], *, first: bool) -> Iterator[Edit]:
        """Put entries before one of the replies; a single reply becomes a list.

        Args:
            at: The reply before which they come.
            texts: The new ones.
            first: Whether nothing was put elsewhere before.
        """
        bot, layout = self._bot, self._layout
        if not isinstance(bot, Sequence):
            yield from self._insert_beside(bot, at, texts, first=first)
        elif not bot.items or (not at and self._is_flow(bot)):
            new = ", ".join(self._write_entry(text, in_flow=True) for text in texts)
            yield Edit(bot.start + 1, bot.start + 1, new + (", " if bot.items else ""))
        elif at:
            yield self._insert_behind(bot, at - 1, texts)
        elif not layout.begins_line(bot):
            raise CannotUpdateError("its value is written in a way that is changed by hand only")
        else:
            lines, where = self._write_entries(texts, layout.column(bot.start)), layout.line(bot.start)
            yield Edit(where, where, "".join(line + layout.line_break for line in lines))

    def _insert_beside(self, bot: Node, at: int, texts: Listed[str], *, first: bool) -> Iterator[Edit]:
        """Make a list of a single reply."""
        column, layout = self._dash, self._layout
        if column is None:
            raise CannotUpdateError("a single reply between brackets is made a list by hand only")
        if column < layout.column(self._key.start):
            raise CannotUpdateError("its value is written in a way that is changed by hand only")
        own_line = layout.begins_line(bot)
        start = layout.line(bot.start) if own_line else self._behind_colon(bot)
        before = "" if own_line else layout.line_break
        if first:
            yield Edit(start, bot.start, f"{before}{' ' * column}- ")
        lines = self._write_entries(texts, column)
        if at:
            yield layout.put_behind(layout.end(bot), lines)
        else:
            new = layout.line_break.join(lines)
            yield Edit(start, start, f"{new}{layout.line_break}" if own_line else f"{before}{new}")

    def delete(self, numbers: Listed[int]) -> Iterator[Edit]:
        """Take entries out."""
        for run in find_runs(numbers):
            first, last = run[0], run[-1]
            if len(run) == len(self.items):
                raise CannotUpdateError("all of its replies would be removed")
            if not self._layout.is_flow(self._bot):
                yield from (self._delete_lines(number) for number in run)
            elif first:
                start, end = self._layout.end(self.items[first - 1]), self._layout.end(self.items[last])
                yield self._keep_comments(self._bot, Edit(start, end, ""))
            else:
                yield Edit(self.items[0].start, self.items[last + 1].start, "")

    def _delete_lines(self, number: int) -> Edit:
        node = self.items[number]
        start, column = self._layout.line(node.start), self._layout.column(self._bot.start)
        if self._text[start : start + column + 1] != " " * column + "-":
            raise CannotUpdateError("its value is written in a way that is changed by hand only")
        return self._layout.take_out(node.start, self._layout.end(node))
