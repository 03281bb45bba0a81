"""Offer the lines that would make a failed step expect what the bot said, ready to be pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.suites.accept import DELETE, accept_step
from pytest_kore_convtest.suites.edit import CannotUpdateError
from pytest_kore_convtest.suites.update import StepChange, show_lines
from pytest_kore_convtest.suites.update_json import write_string
from pytest_kore_convtest.text import block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.suites.run_result import RunResult

_MOST_LINES = 4
_LONGEST_LINE = 300


def offer_lines(result: RunResult, index: int) -> Iterator[str]:
    """Yield a heading and one to four lines; nothing when they would be more, or none can be offered.

    Args:
        result: The judged run.
        index: The step's 0-based index in ``result.steps``.
    """
    changes, local = accept_step(result, index).changes, result.local
    if not changes or local is None or local.source is None:
        return
    if local.source.yaml is None:
        texts = [one.text for one in changes if one.kind != DELETE]
        lines = [f'{{"contains": {write_string(text, "", local.source.text)}}}' for text in texts]
    else:
        try:
            lines = list(show_lines(local, StepChange((0, 0), index + 1, changes)))
        except CannotUpdateError:
            return
    if not 0 < len(lines) <= _MOST_LINES or any(not _can_be_pasted(line) for line in lines):
        return
    yield "to accept it, write in the file:"
    yield from lines


def _can_be_pasted(line: str) -> bool:
    """Say whether a line is the same when it is shown."""
    return len(line) <= _LONGEST_LINE and block(line.expandtabs()) == line
