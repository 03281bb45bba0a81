"""The picture of all jobs under way: which ones, in which order, cut to the terminal's size."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_kore_convtest.jobs.progress import State

MOST_ROWS = 20
"""Jobs drawn at once, however tall the terminal is: nobody reads more, and each costs time."""

_SPARE_ROWS = 3
"""Rows of the terminal that stay pytest's."""

_WIDEST_LABEL, _NARROWEST_LABEL = 28, 10
_RUN = " run"
"""How the label of a suite's run ends, save for the number of one of several."""

_BAR = 16
_WIDE, _MIDDLE = 72, 48
"""Columns from which there is room for a bar, and for the number of asks."""

_MINUTE, _HOUR = 60, 3600

LOUD, DIM, GOOD = "yellow", "dim", "green"
"""Styles, by their names in rich."""


class Piece(NamedTuple):
    """Some letters of a line, and how they look."""

    text: str
    style: str = ""


class Size(NamedTuple):
    """A terminal's size in cells."""

    width: int
    height: int


def draw(
    states: Sequence[State], size: Size, usual: Callable[[State], float | None], *, plain: bool = False
) -> list[list[Piece]]:
    """Draw the jobs under way; no line is as wide as the terminal, and not all rows are taken.

    Args:
        states: All jobs, in the order in which they were first seen.
        size: The terminal's.
        usual: Returns the seconds that a job usually takes, if that is known.
        plain: Whether the terminal can show ASCII only.
    """
    open_jobs = [state for state in states if not state.ended]
    rows = max(1, min(MOST_ROWS, size.height - _SPARE_ROWS))
    ranked = sorted(open_jobs, key=_rank)
    shown = ranked if len(ranked) <= rows else ranked[: rows - 1]
    lines = [[Piece(_headline(states))]]
    widths = [width_of(state.label) for state in shown]
    label = min(max([_NARROWEST_LABEL, *widths]), _WIDEST_LABEL, max(_NARROWEST_LABEL, size.width // 3))
    lines += [_row(state, size.width, label, usual(state), plain=plain) for state in shown]
    if left := ranked[len(shown) :]:
        lines.append([Piece(f"  and {len(left)} more: {_count(left)}", DIM)])
    return [fit(line, size.width - 1, _dots(plain=plain)) for line in lines]


def _rank(state: State) -> int:
    """Put trouble first and what has not begun last; among equals the order stays."""
    return 0 if state.trouble else 1 if state.begun else 2


def _headline(states: Sequence[State]) -> str:
    ended = sum(state.ended for state in states)
    troubled = sum(bool(state.trouble) for state in states if not state.ended)
    lost = [state for state in states if state.ended and not state.good]
    unbegun = sum(not state.asks for state in lost)
    parts = [f"{ended} of {len(states)} jobs done" if len(states) > 1 else "waiting for 1 job"]
    if len(lost) > unbegun:
        parts.append(f"{len(lost) - unbegun} not verified")
    if unbegun:
        parts.append(f"{unbegun} could not begin")
    if troubled:
        parts.append(f"{troubled} in trouble")
    return "kore: " + ", ".join(parts)


def _count(states: Sequence[State]) -> str:
    troubled = sum(bool(state.trouble) for state in states)
    begun = sum(state.begun for state in states)
    words = {"in trouble": troubled, "under way": begun - troubled, "not begun": len(states) - begun}
    return ", ".join(f"{count} {word}" for word, count in words.items() if count)


def _name(label: str, width: int, dots: str) -> str:
    """Make a label exactly so many cells wide; that of a run keeps the word that says so."""
    suite, run, number = label.rpartition(_RUN)
    end = f"{run}{number}"
    if not run or (number and not number.startswith(" ")) or width_of(label) <= width or len(end) >= width:
        return pad(label, width, dots)
    return pad(suite, width - len(end), dots) + end


def _row(state: State, width: int, label: int, usual: float | None, *, plain: bool) -> list[Piece]:
    name = f"  {_name(state.label, label, _dots(plain=plain))}"
    if not state.begun:
        return [Piece(f"{name}  not begun", DIM)]
    pieces = [Piece(name)]
    if width >= _WIDE:
        pieces += [Piece("  "), *_bar(state.percent, plain=plain)]
    percent = "" if state.percent is None else f"{state.percent:.0f} %"
    pieces.append(Piece(f" {percent:>5} {clock(state.elapsed):>6}"))
    if width >= _MIDDLE:
        pieces.append(Piece(f"  {state.asks:>3} {'request ' if state.asks == 1 else 'requests'}", DIM))
    pieces.append(Piece(f"  {_word(state)}", LOUD if state.trouble else ""))
    if usual is not None and not state.trouble:
        pieces.append(Piece(f", {_left(state.elapsed, usual)}", DIM))
    return pieces


def _word(state: State) -> str:
    if state.trouble:
        return f"no answer for {clock(state.silent)}: {state.trouble}"
    number = "" if state.percent is None else f" {state.percent:.0f} %"
    return state.words.removesuffix(number)  # the number has a column of its own


def _left(elapsed: float, usual: float) -> str:
    left = usual - elapsed
    return f"about {clock(left)} left" if left > 0 else f"usually {clock(usual)}"


def _dots(*, plain: bool) -> str:
    return "..." if plain else "…"


def _bar(percent: float | None, *, plain: bool) -> list[Piece]:
    share = min(1.0, max(0.0, (percent or 0.0) / 100))
    full = int(share * _BAR)
    done, rest = ("#", ".") if plain else ("━", "╌")
    return [Piece(done * full, GOOD), Piece(rest * (_BAR - full), DIM)]


def clock(seconds: float) -> str:
    """Write a time as a person reads it: 14 s, 3:07, 1:02:00."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}:{whole % _MINUTE:02}"
    return f"{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"


def width_of(text: str) -> int:
    """Return how many cells a text takes: East Asian letters take two, marks on letters none."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def cut(text: str, width: int, dots: str = "…") -> str:
    """Cut a text to some cells; dots say that something is missing."""
    if width_of(text) <= width:
        return text
    kept, room = "", width - len(dots)
    for letter in text:
        room -= _cells(letter)
        if room < 0:
            break
        kept += letter
    return (kept + dots)[: max(0, width)]


def pad(text: str, width: int, dots: str = "…") -> str:
    """Make a text exactly so many cells wide."""
    short = cut(text, width, dots)
    return short + " " * (width - width_of(short))


def fit(line: Sequence[Piece], width: int, dots: str = "…") -> list[Piece]:
    """Cut a line of pieces to some cells."""
    kept: list[Piece] = []
    room = max(1, width)
    for piece in line:
        kept.append(Piece(cut(piece.text, room, dots), piece.style))
        room -= width_of(piece.text)
        if room <= 0:
            break
    return kept
