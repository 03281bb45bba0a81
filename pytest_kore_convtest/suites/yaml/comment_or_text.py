"""Find the comments of a YAML text that read as if they belonged to a text without quotes."""

from __future__ import annotations

import re

CUT = "what follows # is a comment: put the string in quotes, or write a space and words after the #"
"""What is said of such a comment."""

_CUT = re.compile(r"[ \t]+(?=#+(?:[^\s#]|[ \t]*(?:[\r\n]|$)))")
_CUT_ABOVE = re.compile(r"(?<=\s)#+(?=[^\s#])")
_CUT_BELOW = re.compile(r"[ \t]*[\r\n][ \t\r\n]*(?=#+[^\s#])")
_INDICATOR = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)


def find_cut_beside(text: str, end: int) -> int:
    """Return the offset of such a comment on the line on which a text ends, or -1."""
    found = _CUT.match(text, end)
    return found.end() if found else -1


def find_cut_below(text: str, end: int, column: int) -> int:
    """Return the offset of such a comment on the lines below a text, or -1.

    Args:
        text: The file.
        end: Where the text in it ends.
        column: The 0-based column of its key or dash: only what is indented deeper would go on with it.
    """
    found = _CUT_BELOW.match(text, end)
    if not found:
        return -1
    indent = len(found[0]) - 1 - max(found[0].rfind("\n"), found[0].rfind("\r"))
    return found.end() if indent > column else -1


def find_cut_above(text: str, after: int, start: int) -> int:
    """Return the offset of such a comment between a text and its colon or dash, or -1.

    Args:
        text: The file.
        after: Where what is before the colon or dash ends.
        start: Where the text begins.
    """
    if text.find("#", after, start) < 0:
        return -1
    gap = text[after:start]
    found = _CUT_ABOVE.search(gap, max((one.start() for one in _INDICATOR.finditer(gap)), default=0))
    return after + found.start() if found else -1
