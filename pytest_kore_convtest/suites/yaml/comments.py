"""Find the comments of a YAML text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.json_positions import Lines, Place
from pytest_kore_convtest.suites.yaml.nodes import Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.suites.yaml.nodes import Node

_COMMENT = re.compile(r"(?:^|(?<=[\s,\[\]{}]))#[^\r\n]*", re.MULTILINE)
_HEADER = re.compile(r"([|>][-+0-9]*)[^\r\n]*")


class Comment(NamedTuple):
    """A comment: where it stands, and its text from the ``#`` on."""

    place: Place
    text: str


def find_comments(text: str, root: Node, begin: int = 0, end: int | None = None) -> list[Comment]:
    """Return the comments of a text.

    Args:
        text: The text.
        root: What was read of it, or of the part that is looked at.
        begin: Where the part begins that is looked at.
        end: Where it ends; ``None`` for the end of the text.
    """
    end = len(text) if end is None else end
    if text.find("#", begin, end) < 0:
        return []
    lines, found, at = Lines(text), list[Comment](), begin
    for start, stop in [*_spans(text, root), (end, end)]:
        found += [
            Comment(lines.place(one.start()), one[0]) for one in _COMMENT.finditer(text, at, min(start, end))
        ]
        at = max(at, stop)
    return found


def _spans(text: str, node: Node) -> Iterator[tuple[int, int]]:
    """Give where the texts of a node begin and end, in the order of the file."""
    if node.alias:
        return
    if isinstance(node, Scalar):
        if found := _HEADER.match(text, node.start) if node.style in {"|", ">"} else None:
            yield node.start, found.end(1)  # a comment may stand behind it
            yield found.end(), node.start + len(text[node.start : node.end].rstrip())
        else:
            yield node.start, node.end
    elif isinstance(node, Sequence):
        for one in node.items:
            yield from _spans(text, one)
    else:
        for key, value in node.members:
            yield from _spans(text, key)
            yield from _spans(text, value)
