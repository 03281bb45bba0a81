"""Render the matrix as Markdown, and put it between the markers of a page."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_kore_convtest.reports.markup import table
from torture.judge import OK
from torture.lies import all_lies
from torture.mixtures import RATES, RUNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from torture.judge import Line
    from torture.processes import Lie

BEGIN = "<!-- made by `make torture ARGS=--write`: begin -->"
END = "<!-- end -->"
BEGIN_LIES = "<!-- made by `make torture ARGS=--write`: the lies -->"

_LONGEST = 200

_OVERRAN = {"late", "hangs", "took the memory"}
"""Which of these comes first depends on the machine, so the page has one word for them."""


def write(page: Path, lines: Sequence[Line], mixed: Sequence[Line]) -> None:
    """Replace what stands between the markers.

    Raises:
        ValueError: The page has no markers.
    """
    _put(page, BEGIN, _render(lines, mixed))


def write_lies(page: Path, before: Mapping[str, str]) -> None:
    """Put the table of lies between its markers.

    Args:
        page: The page.
        before: What an earlier version made of them, by title.

    Raises:
        ValueError: The page has no markers.
    """
    _put(page, BEGIN_LIES, _render_lies(all_lies(), before))


def _put(page: Path, begin: str, lines: Iterable[str]) -> None:
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    _, end, after = rest.partition(END)
    if not (found and end):
        raise ValueError(f"{page.name} has no markers: {begin} and {END}")
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip()
    page.write_text(f"{before}{begin}\n\n{body}\n\n{END}{after}", encoding="utf-8")


def _render_lies(lies: Sequence[Lie], before: Mapping[str, str]) -> Iterator[str]:
    for kind, members in groupby(lies, key=lambda lie: lie.kind):
        yield f"\n### {kind}\n"
        yield table(
            ["What is done", "Command", "has to be", "version 0.1", "now"],
            [_lie_row(lie, before.get(lie.title, "not tried")) for lie in members],
        )


def _lie_row(lie: Lie, then: str) -> Sequence[str]:
    wanted = "red" if lie.red else "green"
    shown = then if then == OK else f"**wrong**: {then}"
    return _escape(lie.name), f"`{_code(lie.command)}`", wanted, _code(shown), OK


def _code(text: str) -> str:
    """Make a text fit for a cell: one line, no bars, what is not printable as escapes, not too long."""
    clean = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    short = clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}…"
    return _escape(short)


def _render(lines: Sequence[Line], mixed: Sequence[Line]) -> Iterator[str]:
    names = list(lines[0].fared)
    yield _totals(names, lines)
    yield _mixtures(names, mixed)
    for group, members in groupby(sorted(lines, key=_place(lines)), key=lambda line: line.case.group):
        yield f"\n### {group}\n"
        yield table(
            ["What is done", "has to", *names],
            [
                [
                    _escape(line.case.name),
                    _wanted(line),
                    *(_shown(_coarse(line.fared[name])) for name in names),
                ]
                for line in members
            ],
        )


def _place(lines: Sequence[Line]):
    order = {group: number for number, group in enumerate(dict.fromkeys(line.case.group for line in lines))}
    return lambda line: order[line.case.group]


def _totals(names: Sequence[str], lines: Sequence[Line]) -> str:
    counts = {name: Counter(_coarse(line.fared[name]) for line in lines) for name in names}
    words = [OK, *sorted({word for count in counts.values() for word in count} - {OK})]
    shown = {OK: "ended as they should", "-": "not asked of it"}
    rows = [[shown.get(word, word), *(str(counts[name][word]) for name in names)] for word in words]
    return table([f"Of {len(lines)} cases", *names], rows)


def _mixtures(names: Sequence[str], mixed: Sequence[Line]) -> str:
    rows = []
    for rate in RATES:
        runs = [line for line in mixed if line.case.group == f"{rate} %"]
        won = [_round(sum(line.fared[name] == OK for line in runs)) for name in names]
        rows.append([f"{rate} %", *won])
    return table(["Random mixtures, faults a poll", *names], rows)


def _round(won: int) -> str:
    """Say how many runs were won; some of the others' hang on a few milliseconds, so those are rounded."""
    return f"{won} of {RUNS}" if won in {0, RUNS} else f"about {5 * round(won / 5)} of {RUNS}"


def _coarse(word: str) -> str:
    return "overran" if word in _OVERRAN else word


def _wanted(line: Line) -> str:
    if line.case.good:
        return "succeed"
    return " or ".join(line.case.error.replace("|", " ").split())


def _shown(word: str) -> str:
    return word if word in {OK, "-"} else f"**{word}**"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
