"""What was said up to a step of a conversation, as a YAML suite file says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.reports.outcome_words import FAILED, FLAKY
from pytest_kore_convtest.suites.diff import brief, is_template
from pytest_kore_convtest.suites.yaml.write import write_text
from pytest_kore_convtest.text import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_kore_convtest.reports.record import StepRecord

_REMARKS = {FAILED: "failed", FLAKY: "is flaky: this is how it failed"}
_MOST_STEPS = 6
_MOST_REPLIES = 4
_LONGEST_TEXT = 80
"""Characters of a text; with the two above, a conversation is a screenful at most."""


def write_conversation(
    steps: Sequence[StepRecord], at: int, *, most: int = _MOST_STEPS, longest: int = _LONGEST_TEXT
) -> str:
    """Return the last exchanges up to a step as lines of YAML; long texts are cut, and end with ``…``.

    Args:
        steps: The suite's steps.
        at: The 0-based step.
        most: How many steps are shown.
        longest: How many characters of a text are shown.
    """
    begin = max(0, at + 1 - most)
    lines = [f"# {begin} earlier {'step' if begin == 1 else 'steps'}"] if begin else []
    for step in steps[begin : at + 1]:
        lines += _write_step(step, longest)
    return "\n".join(lines)


def _write_step(step: StepRecord, longest: int) -> Iterator[str]:
    remark = _REMARKS.get(step["outcome"], "")
    failed = f" # step {step['number']:02} {remark}" if remark else ""
    said = (
        f"event: {_write(step['event'], longest)}"
        if step["event"]
        else f"user: {_write(step['input'], longest)}"
    )
    yield f"- {said}{failed}"
    replies = [one["actual"] for one in step["replies"] if one["actual"] is not None]
    if not replies:
        yield "  # no reply of the bot"
    elif len(replies) == 1:
        yield f"  bot: {_write(replies[0], longest)}"
    else:
        yield "  bot:"
        yield from (f"    - {_write(text, longest)}" for text in replies[:_MOST_REPLIES])
        if len(replies) > _MOST_REPLIES:
            yield f"    # {len(replies) - _MOST_REPLIES} more"


def _write(text: str, longest: int) -> str:
    """Write a text; of a template its type and its first words."""
    if is_template(text):
        text = brief(text, longest)
    return write_text(text if len(text) <= longest else shorten(text, longest))
