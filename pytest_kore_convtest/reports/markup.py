"""Pieces of Markdown that foreign text cannot break out of.

Whatever did not come from this package stands in code, where GitHub and others make
nothing of it: no HTML, no image, no link, no mention of a person, an issue or a commit.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pytest_kore_convtest.text import block, one_line, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Item = TypeVar("Item")

_TICKS = re.compile("`+")
_FEWEST_TICKS = 3
_SHARE = 0.75
"""How much of what room is left one section may take, when not everything fits."""


def code(text: str, most: int = 200) -> str:
    """Return text as inline code on one line, cut after some letters."""
    shown = _line(text, most)
    if not shown:
        return "(empty)"
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown.strip(" ") and (shown[0] in "` " or shown[-1] in "` ") else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def cell(text: str, most: int = 200) -> str:
    """Return text as inline code for a cell of a table."""
    return code(text, most).replace("|", "\\|") if text else ""


def fence(text: str, most: int, language: str = "text") -> str:
    """Return text as a block of code with its lines kept, cut after some letters."""
    shown = block(text, most)
    ticks = "`" * max(_FEWEST_TICKS, _longest_run(shown) + 1)
    more = f"… and {plural(len(text) - most, 'more character')}\n" if len(text) > most else ""
    return f"{ticks}{language}\n{shown}\n{ticks}\n{more}"


def fold(title: str, body: str) -> str:
    """Return a body folded below a foreign title, which stands in HTML."""
    summary = f"<summary><code>{html.escape(_line(title, 200))}</code></summary>"
    return f"<details>\n{summary}\n\n{body.strip()}\n\n</details>\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, aligned: bool = False) -> str:
    """Return a table.

    Args:
        head: The titles of its columns; one that begins with ``>`` makes a column of numbers.
        rows: Its cells, which are Markdown already (see ``cell``).
        aligned: Whether to pad the cells, for those who read it in a terminal.
    """
    titles = [title.removeprefix(">") for title in head]
    lines = [titles, ["---:" if title.startswith(">") else "---" for title in head], *rows]
    widths = [max(map(len, column)) if aligned else 0 for column in zip(*lines, strict=True)]
    return "".join(
        f"| {' | '.join(text.ljust(width) for text, width in zip(line, widths, strict=True))} |\n"
        for line in lines
    )


def name_values(pairs: Iterable[tuple[str, str]]) -> str:
    """Return named values as a table, without those that are empty; the names are ours."""
    rows = [(name, cell(value, 300)) for name, value in pairs if value]
    return table(["What", "Value"], rows) if rows else ""


def _line(text: str, most: int) -> str:
    return one_line(text, most)


def _longest_run(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


@dataclass(frozen=True)
class Section:
    """A section that may be cut between its items.

    Args:
        title: Its heading.
        what: What its items are, in the plural.
        count: How many items it has.
        render: Makes the texts of its items, one by one.
        lead: What stands before the items.
    """

    title: str
    what: str
    count: int
    render: Callable[[], Iterable[str]]
    lead: str = ""

    @classmethod
    def of(
        cls, title: str, what: str, items: Sequence[Item], render: Callable[[Item], str], lead: str = ""
    ) -> Section:
        """Make a section of items, of which each is rendered when its turn comes."""
        return cls(title, what, len(items), lambda: map(render, items), lead)

    def draw(self, room: int) -> tuple[str, int]:
        """Return as many whole items as there is room for, and how many those are."""
        parts = [f"### {self.title}\n\n{self.lead}"]
        used = len(parts[0]) + 1
        for piece in self.render():
            used += len(piece)
            if used > room:
                break
            parts.append(piece)
        shown = len(parts) - 1
        return ("".join(parts).rstrip("\n") + "\n\n" if shown else ""), shown


def lay_out(head: str, sections: Sequence[Section], limit: int) -> str:
    """Put sections one below the other; when they are too long, cut each between its items and say so."""
    filled = [section for section in sections if section.count]
    body, left = _fill(filled, limit - len(head), 1)
    if not left:
        return head + body
    longest = _say_left([f"{section.count} of {section.count} {section.what}" for section in filled])
    body, left = _fill(filled, limit - len(head) - len(longest), _SHARE)
    return head + _say_left(left) + body


def _fill(sections: Sequence[Section], room: int, share: float) -> tuple[str, list[str]]:
    parts, left = [], []
    for section in sections:
        text, shown = section.draw(int(room * share))
        room -= len(text)
        parts.append(text)
        if shown < section.count:
            left.append(f"{section.count - shown} of {section.count} {section.what}")
    return "".join(parts), left


def _say_left(left: list[str]) -> str:
    where = "The whole report is what `--kore-html` and `--kore-json` write."
    return f"> Left out, for this form has a limit: {', '.join(left)}. {where}\n\n"
