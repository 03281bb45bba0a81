"""Find the comments of a YAML text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.json_positions import Lines, Place
from pytest_kore_convtest.suites.yaml_nodes import Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.suites.yaml_nodes import Node

_COMMENT = re.compile(r"(?:^|(?<=[\s,\[\]{}]))#[^\r\n]*", re.MULTILINE)


class Comment(NamedTuple):
    """A comment: where it stands, and its text from the ``#`` on."""

    place: Place
    text: str


def find_comments(text: str, root: Node) -> list[Comment]:
    """Return the comments of a text.

    Args:
        text: The text.
        root: What was read of it.
    """
    if "#" not in text:
        return []
    lines, found, at = Lines(text), list[Comment](), 0
    for start, end in [*_spans(root), (len(text), len(text))]:
        found += [Comment(lines.place(one.start()), one[0]) for one in _COMMENT.finditer(text, at, start)]
        at = max(at, end)
    return found


def _spans(node: Node) -> Iterator[tuple[int, int]]:
    """Give where the texts of a node begin and end, in the order of the file."""
    if node.alias:
        return
    if isinstance(node, Scalar):
        yield node.start, node.end
    elif isinstance(node, Sequence):
        for one in node.items:
            yield from _spans(one)
    else:
        for key, value in node.members:
            yield from _spans(key)
            yield from _spans(value)
