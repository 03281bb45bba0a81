"""Offer the lines that would make a failed step expect what the bot said, ready to be pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.suites.results.expectation_changes import DELETE, accept_step
from pytest_kore_convtest.suites.text_edit import CannotUpdateError
from pytest_kore_convtest.suites.update.json_text import write_string
from pytest_kore_convtest.suites.update.update_file import StepChange, show_hunks
from pytest_kore_convtest.text import block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.suites.results.run_result import RunResult
    from pytest_kore_convtest.suites.text_edit import Hunk

_MOST_LINES = 4
_LONGEST_LINE = 300


class Offer(NamedTuple):
    """What would accept a reply.

    Attributes:
        where: Where in the file, e.g. ``line 9 becomes``.
        lines: What stands there then; none when lines are only removed.
    """

    where: str
    lines: tuple[str, ...]


def offer_lines(result: RunResult, index: int) -> Iterator[str]:
    """Yield each offer as a heading and its lines.

    Args:
        result: The judged run.
        index: The step's 0-based index in ``result.steps``.
    """
    for where, new in find_offers(result, index):
        yield f"to accept it, {where}:" if new else f"to accept it, {where}"
        yield from new


def find_offers(result: RunResult, index: int) -> list[Offer]:
    """Return one to four lines that would accept a step; none when they would be more, or cannot be offered.

    Args:
        result: The judged run.
        index: The step's 0-based index in ``result.steps``.
    """
    changes, local = accept_step(result, index).changes, result.local
    if not changes or local is None or local.source is None:
        return []
    if local.source.yaml is None:
        texts = [one.text for one in changes if one.kind != DELETE]
        entries = [f'{{"contains": {write_string(text, "", local.source.text)}}}' for text in texts]
        offered = [Offer("write in 'outputs'", tuple(entries))]
    else:
        try:
            hunks = show_hunks(local, StepChange((0, 0), index + 1, changes))
        except CannotUpdateError:
            return []
        offered = [Offer(_name_lines(hunk), hunk.new) for hunk in hunks]
    lines = [line for one in offered for line in one.lines]
    if not 0 < len(lines) <= _MOST_LINES or not all(map(_can_be_pasted, lines)):
        return []
    return offered


def _name_lines(hunk: Hunk) -> str:
    """Say what becomes of which lines."""
    if hunk.start == hunk.end:
        return f"write after line {hunk.start}"
    last = f" to {hunk.end}" if hunk.end > hunk.start + 1 else ""
    lines = f"line{'s' if last else ''} {hunk.start + 1}{last}"
    return f"{lines} {'become' if last else 'becomes'}" if hunk.new else f"remove {lines}"


def _can_be_pasted(line: str) -> bool:
    """Say whether a line is the same when it is shown."""
    return len(line) <= _LONGEST_LINE and block(line.expandtabs()) == line
