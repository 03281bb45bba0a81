"""Where lines and nodes stand in the text of a YAML file."""

from __future__ import annotations

from functools import lru_cache

from pytest_kore_convtest.suites.text_edit import Edit, end_line, find_break
from pytest_kore_convtest.suites.yaml.nodes import Mapping, Node, Scalar, Sequence

BREAKS = "\r\n"


class Layout:
    """A text with its lines.

    Attributes:
        text: The text, with a line break at its end.
        line_break: The line break that it has first.
    """

    text: str
    line_break: str

    def __init__(self, text: str) -> None:
        self.text, self.line_break = end_line(text), find_break(text)

    def is_flow(self, node: Node) -> bool:
        """Say whether a list or mapping is written between brackets."""
        return not isinstance(node, Scalar) and self.text[node.start : node.start + 1] in {"[", "{"}

    def line(self, at: int) -> int:
        """Return where the line of an offset begins."""
        return max(self.text.rfind(letter, 0, at) for letter in BREAKS) + 1

    def line_end(self, at: int) -> int:
        """Return where the line of an offset ends, before its line break."""
        ends = (self.text.find(letter, at) for letter in BREAKS)
        return min((end for end in ends if end >= 0), default=len(self.text))

    def put_behind(self, at: int, lines: list[str]) -> Edit:
        """Return what puts lines behind that of an offset, which may itself be taken out."""
        end = self.line_end(at)
        end += 2 if self.text.startswith(BREAKS, end) else 1
        return Edit(end, end, "".join(line + self.line_break for line in lines))

    def take_out(self, first: int, last: int) -> Edit:
        """Return what takes out the lines from that of one offset to that of another, each with its break."""
        start, end = self.line(first), self.line_end(last)
        end += 2 if self.text.startswith(BREAKS, end) else 1
        return Edit(start, end, "")

    def column(self, at: int) -> int:
        """Return the 0-based column of an offset."""
        return at - self.line(at)

    def begins_line(self, node: Node) -> bool:
        """Say whether nothing stands before a node on its line."""
        return not self.text[self.line(node.start) : node.start].strip()

    def end(self, node: Node) -> int:
        """Return where what a node says ends, without the blank lines and comments behind it."""
        while not (isinstance(node, Scalar) or node.alias or self.is_flow(node)):
            node = inside(node)[-1]  # without brackets none is empty
        if isinstance(node, Scalar) and node.style in {"|", ">"} and not node.alias:
            return node.start + len(self.text[node.start : node.end].rstrip())
        return node.end


@lru_cache(maxsize=1)
def lay_out(text: str) -> Layout:
    """Return a file's text with its lines, once for all its steps."""
    return Layout(text)


def inside(node: Node) -> list[Node]:
    """Return the keys and values of a mapping, the items of a list."""
    if isinstance(node, Mapping):
        return [one for member in node.members for one in member]
    return list(node.items) if isinstance(node, Sequence) else []
