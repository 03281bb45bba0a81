"""Say which expectations of a failed step would have to change for what the bot said, if only texts differ.

Nothing is accepted that nobody could have meant: an empty reply, one with control
characters, one that holds a secret, or a step that failed by more than its texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.leaks import find_leaks
from pytest_kore_convtest.redaction import SECRET, TOKEN, hide
from pytest_kore_convtest.rules import Rule
from pytest_kore_convtest.suites.file_format import is_blank
from pytest_kore_convtest.suites.matchers import is_same
from pytest_kore_convtest.suites.results.match_replies import (
    MOST_REPLIES,
    Replies,
    find_unknown,
    is_plain_failure,
)
from pytest_kore_convtest.suites.results.run_result import FAILED, PASSED
from pytest_kore_convtest.suites.results.verification import verify
from pytest_kore_convtest.text import as_text

if TYPE_CHECKING:
    from pytest_kore_convtest.api.run_models import RunStep
    from pytest_kore_convtest.suites.file import LocalStep
    from pytest_kore_convtest.suites.results.run_result import RunResult

REPLACE, INSERT, DELETE = "replace", "insert", "delete"
"""What may be done to the list of expected replies."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no person writes into a file, and not every file can hold."""


class Change(NamedTuple):
    """One change of the list of expected replies.

    Attributes:
        kind: ``REPLACE``, ``INSERT`` or ``DELETE``.
        at: The 0-based expected reply; of ``INSERT`` the one before which the new one comes.
        text: What the bot said; empty for ``DELETE``.
    """

    kind: str
    at: int
    text: str = ""


@dataclass(frozen=True)
class Acceptance:
    """What has to change for a step to expect what the bot said.

    Attributes:
        changes: The changes, in the order of the replies; none when it cannot be accepted.
        refused: Why it cannot be accepted, as part of a sentence; else empty.
    """

    changes: tuple[Change, ...] = ()
    refused: str = ""


def accept_step(result: RunResult, index: int) -> Acceptance:
    """Say what has to change in the file for a failed step to expect what the bot said.

    Args:
        result: The judged run.
        index: The step's 0-based index in ``result.steps``.
    """
    judged = result.steps[index]
    if judged.outcome != FAILED or judged.rule is not Rule.STEP_FAILED or judged.step is None:
        return Acceptance(refused="its replies are not why it failed")
    if result.local is None or result.local.source is None:
        return Acceptance(refused="its suite comes from no file")
    doubt = result.doubts.get(0) or result.doubts.get(judged.number)
    if doubt is not None:
        return Acceptance(refused=f"its result is in doubt [{doubt.rule}]")
    local = result.local.steps[index]
    passed = any(one.outcome == PASSED for one in judged.attempts)
    refused = "it passed in another run of the suite" if passed else _refuse_step(judged.step, local)
    if refused:
        return Acceptance(refused=refused)
    changes = _find_changes(judged.step, local)
    if not changes:
        return Acceptance(refused="the bot said what the file expects")
    refused = next(filter(None, (why_not(one.text) for one in changes if one.kind != DELETE)), "")
    return Acceptance(refused=refused) if refused else Acceptance(tuple(changes))


def why_not(reply: str) -> str:
    """Say why a reply may not become an expectation; empty when it may."""
    if is_blank(reply):
        return "the bot's reply is empty, and an empty expectation tests nothing"
    if _CONTROL.search(reply):
        return "the bot's reply has control characters in it"
    if TOKEN in reply or SECRET in reply or hide(reply) != reply or find_leaks(reply):
        return "the bot's reply holds what looks like a secret"
    return ""


def _refuse_step(step: RunStep, local: LocalStep) -> str:
    """Say why a step cannot be accepted whatever the bot said; empty when nothing speaks against it."""
    replies = Replies(step, local)
    failures = verify(step, more=local.more).failures
    others = [one.kind for one in failures if one.kind != "text" and one.number <= len(replies.given)]
    kind = others[0].removesuffix("Level") if others else ""
    unexplained = not failures and len(replies.given) == len(local.outputs)
    reasons = (
        (not (step.is_readable and is_plain_failure(step.status)), "its result has not the documented shape"),
        (not replies.given, "the bot gave no reply"),
        (None in replies.given, "not every reply of the bot is reported as a text"),
        (
            max(len(replies.given), len(local.outputs)) > MOST_REPLIES,
            f"it has more than {MOST_REPLIES} replies",
        ),
        (bool(others), f"more than its texts failed ({kind} assertion)"),
        (not replies.is_comparable(), "the platform compared with other texts than the file's"),
        (bool(unknown := find_unknown(replies)), unknown),
        (unexplained, "the platform does not say which assertion failed"),
    )
    return next((why for applies, why in reasons if applies), "")


def _find_changes(step: RunStep, local: LocalStep) -> list[Change]:
    replies = Replies(step, local)
    given = [as_text(text) for text in replies.given]
    if len(given) != len(local.outputs) or local.more or any(map(replies.can_miss, range(len(given)))):
        return _align(replies, given)
    failed = [one.number - 1 for one in verify(step).failures]
    return [
        Change(REPLACE, at, given[at])
        for at in dict.fromkeys(failed)
        if not _is_expected(replies, at, given[at])
    ]


def _is_expected(replies: Replies, at: int, text: str) -> bool:
    """Say whether the file expects a text as a reply, by what it says of it."""
    source = replies.wanted[at].source
    if source is not None and source.matcher is not None:
        return source.matcher.fits(text, replies.budget)
    return text in replies.wanted[at].texts


def _align(replies: Replies, given: list[str]) -> list[Change]:
    """Return the fewest changes that make the expected replies the given ones.

    A reply stays where it is when that is as few; there are at most ``MOST_REPLIES`` of each.
    """
    rows, columns = len(replies.wanted), len(given)
    cost = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in reversed(range(rows + 1)):
        for column in reversed(range(columns + 1)):
            if row < rows or column < columns:
                cost[row][column] = min(_costs(replies, given, cost, row, column).values())
    changes, row, column = list[Change](), 0, 0
    while row < rows or column < columns:
        costs = _costs(replies, given, cost, row, column)
        way = min(costs, key=costs.__getitem__)
        if way == REPLACE and not _stays(replies, given, row, column):
            changes.append(Change(REPLACE, row, given[column]))
        elif way == INSERT and not (row == rows and replies.local.more):
            changes.append(Change(INSERT, row, given[column]))
        elif way == DELETE and not replies.can_miss(row):
            changes.append(Change(DELETE, row))
        row, column = row + (way != INSERT), column + (way != DELETE)
    return changes


def _costs(
    replies: Replies, given: list[str], cost: list[list[int]], row: int, column: int
) -> dict[str, int]:
    """Return what each way on costs; of equals the first one is taken."""
    rows, columns = len(replies.wanted), len(given)
    found = {}
    if row < rows and column < columns:
        found[REPLACE] = cost[row + 1][column + 1] + (not _stays(replies, given, row, column))
    if row < rows:
        found[DELETE] = cost[row + 1][column] + (not replies.can_miss(row))
    if column < columns:
        found[INSERT] = cost[row][column + 1] + (not (row == rows and replies.local.more))
    return found


def _stays(replies: Replies, given: list[str], row: int, column: int) -> bool:
    """Say whether an expected reply can stay as it is for a given one."""
    if row == column and replies.checks[row].text.status != FAILED:
        return True
    source = replies.wanted[row].source
    if source is not None and source.matcher is not None:
        return source.matcher.fits(given[column], replies.budget)
    return any(is_same(text, given[column]) for text in replies.wanted[row].texts)
