"""Change a template in the text of a YAML suite file: the values that differ, and nothing around them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_kore_convtest.suites.text_edit import Edit
from pytest_kore_convtest.suites.yaml.nodes import Mapping, Node, Scalar, Sequence
from pytest_kore_convtest.suites.yaml.unquoted import changed_by_yaml
from pytest_kore_convtest.suites.yaml.write import write_data, write_flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_kore_convtest.suites.yaml.positions import Layout


class TemplateEditor:
    """Edits the templates of one file.

    Args:
        layout: The file's text.
        replace_text: Writes another text in the style of the one that is there.
    """

    def __init__(self, layout: Layout, replace_text: Callable[[Scalar, str, bool], Edit]) -> None:
        self._layout, self._replace_text = layout, replace_text

    def replace(self, node: Node, new: object, *, in_flow: bool) -> Iterator[Edit]:
        """Yield what makes a value another one.

        Args:
            node: The value.
            new: What it is to be.
            in_flow: Whether it stands between brackets.
        """
        in_flow = in_flow or self._layout.is_flow(node)
        if says(node, new):
            return
        if isinstance(node, Mapping) and not node.alias and isinstance(new, dict):
            known = [key.text for key, _ in node.members]
            if known == list(new):
                for key, value in node.members:
                    yield from self.replace(value, new[key.text], in_flow=in_flow)
                return
            if not in_flow and self._keeps_order(node, new):
                yield from self._change_keys(node, new)
                return
        elif isinstance(node, Sequence) and not node.alias and isinstance(new, list):
            if len(node.items) == len(new):
                for item, value in zip(node.items, new, strict=True):
                    yield from self.replace(item, value, in_flow=in_flow)
                return
            if not in_flow and new:
                yield from self._change_items(node, new)
                return
        yield self._replace_whole(node, new, in_flow=in_flow)

    def _replace_whole(self, node: Node, new: object, *, in_flow: bool) -> Edit:
        if isinstance(node, Scalar) and isinstance(new, str):
            return self._replace_text(node, new, in_flow)
        start, end = node.start, self._layout.end(node)
        holds = isinstance(new, (dict, list)) and new
        if in_flow or isinstance(node, Scalar) or node.alias or not holds:
            return Edit(start, end, write_flow(new))
        return Edit(start, end, self._layout.line_break.join(write_data(new, self._column(node))))

    def _keeps_order(self, node: Mapping, new: dict[str, object]) -> bool:
        """Say whether keys only come and go, each on lines of its own; the first one stays."""
        known = [key.text for key, _ in node.members]
        stays = [name for name in known if name in new]
        gone = [key for key, _ in node.members if key.text not in new]
        # The first key may stand behind a dash, so nothing is put before it and it is not taken out.
        first = next(iter(new), None) == known[0]
        return first and stays == [name for name in new if name in known] and all(map(self._is_alone, gone))

    def _is_alone(self, node: Node) -> bool:
        return self._layout.begins_line(node)

    def _change_keys(self, node: Mapping, new: dict[str, object]) -> Iterator[Edit]:
        members, column = {key.text: (key, value) for key, value in node.members}, self._column(node)
        added, last = dict[str, object](), node.members[0][1]
        for name, value in new.items():
            if name not in members:
                added[name] = value
                continue
            if added:
                yield self._put_behind(last, write_data(added, column), column)
            added, last = {}, members[name][1]
            yield from self.replace(last, value, in_flow=False)
        if added:
            yield self._put_behind(last, write_data(added, column), column)
        for name, (key, value) in members.items():
            if name not in new:
                yield self._layout.take_out(key.start, self._layout.end(value))

    def _change_items(self, node: Sequence, new: list[object]) -> Iterator[Edit]:
        """Change a list in which items come or go; those at its beginning and end that are the same stay."""
        old, column = node.items, self._column(node)
        most = min(len(old), len(new))
        head = next((at for at in range(most) if not says(old[at], new[at])), most)
        most -= head
        tail = next((at for at in range(most) if not says(old[-1 - at], new[-1 - at])), most)
        both = most - tail
        gone, added = old[head + both : len(old) - tail], new[head + both : len(new) - tail]
        dashes = [self._layout.line(one.start) + column for one in gone]
        alone = all(self._begins_item(at) for at in dashes)
        if not alone or (added and not head + both and not self._begins_item(node.start)):
            yield self._replace_whole(node, new, in_flow=False)
            return
        for item, value in zip(old[head : head + both], new[head:], strict=False):
            yield from self.replace(item, value, in_flow=False)
        for item in gone:
            yield self._layout.take_out(item.start, self._layout.end(item))
        if added and head + both:
            yield self._put_behind(old[head + both - 1], write_data(added, column), column)
        elif added:
            start, lines = self._layout.line(node.start), write_data(added, column)
            shown = self._layout.line_break.join([" " * column + lines[0], *lines[1:]])
            yield Edit(start, start, shown + self._layout.line_break)

    def _column(self, node: Node) -> int:
        return self._layout.column(node.start)

    def _begins_item(self, at: int) -> bool:
        """Say whether a dash stands at an offset and nothing before it on its line."""
        text = self._layout.text
        return text.startswith("-", at) and not text[self._layout.line(at) : at].strip()

    def _put_behind(self, node: Node, lines: list[str], column: int) -> Edit:
        return self._layout.put_behind(self._layout.end(node), [" " * column + lines[0], *lines[1:]])


def says(node: Node, value: object) -> bool:
    """Say whether a value of a template is this JSON data already, with its keys in this order."""
    if isinstance(node, Mapping):
        return (
            isinstance(value, dict)
            and [key.text for key, _ in node.members] == list(value)
            and all(says(one, value[key.text]) for key, one in node.members)
        )
    if isinstance(node, Sequence):
        return isinstance(value, list) and len(node.items) == len(value) and all(map(says, node.items, value))
    if node.style or not changed_by_yaml(node.text):
        return node.text == value
    # A number may be written in another way, e.g. 1.50: what is uploaded is the same.
    return not isinstance(value, str) and json.dumps(json.loads(node.text)) == json.dumps(value)
