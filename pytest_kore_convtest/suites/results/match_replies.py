"""Say whether the replies of a failed step fit what its YAML file says of them.

The platform compares texts for equality. Where the file says more (a matcher, a reply that
may be missing, further replies), a step that failed by its texts alone is judged here, from
the replies that the platform reported. Whatever is not wholly explained stays failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.api import run_models
from pytest_kore_convtest.suites.diff import canonical
from pytest_kore_convtest.suites.matchers import Budget, is_same
from pytest_kore_convtest.suites.safe_regex import PatternError
from pytest_kore_convtest.text import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.api.models import Assertions, Output
    from pytest_kore_convtest.api.run_models import RunStep
    from pytest_kore_convtest.suites.file import LocalOutput, LocalStep
    from pytest_kore_convtest.suites.matchers import Matcher

MOST_REPLIES = 50
"""Replies of a step that are compared; nobody means more."""
_PART = 8
"""What part of the budget a second look at a failed step has."""

_PLAINLY_FAILED = frozenset({"failed", "failure", "fail"})


class Failure(NamedTuple):
    """An assertion that failed.

    Attributes:
        kind: ``text``, ``flowLevel``, ``context`` or whatever the platform calls it.
        number: The 1-based reply.
    """

    kind: str
    number: int


@dataclass(frozen=True)
class Match:
    """Why a step that the platform calls failed passes by its file.

    Attributes:
        said: Which replies fit by what, for people.
        left_out: The numbers of optional replies that the bot did not give.
        judged: How many replies were compared with an expected one in another place than the platform's.
    """

    said: str
    left_out: frozenset[int]
    judged: int


def varies(step: LocalStep) -> bool:
    """Say whether a step of a file says more of its replies than their texts."""
    return step.more or any(
        output.source is not None and (output.source.matcher is not None or output.source.optional)
        for output in step.outputs
    )


def match(step: RunStep, local: LocalStep, failures: Sequence[Failure]) -> Match | None:
    """Return why a failed step passes by its file; ``None`` when it does not.

    Args:
        step: The platform's result.
        local: The step of the file.
        failures: Every assertion of it that failed.
    """
    if not varies(local) or not step.is_readable or not is_plain_failure(step.status):
        return None
    if not failures and len(step.answers) == len(step.expectations):
        return None  # nobody knows what failed
    replies = Replies(step, local)
    pairs = replies.align() if replies.is_comparable() else None
    if pairs is None or not _explains(pairs, replies, failures):
        return None
    left_out = frozenset(at + 1 for at in range(len(local.outputs)) if at not in pairs)
    moved = sum(at != given for at, given in pairs.items())
    return Match(_tell(pairs, replies, failures, left_out), left_out, moved)


def find_fitting(step: RunStep, local: LocalStep) -> list[int]:
    """Return the 1-based replies that fit the matcher of the file at their place, whatever else failed."""
    replies = Replies(step, local)
    if not varies(local) or not replies.is_comparable():
        return []
    replies.budget.left //= _PART
    both = range(min(len(replies.wanted), len(replies.given)))
    return [at + 1 for at in both if replies.fits(at, at)]


def why_no_match(step: RunStep, local: LocalStep) -> str:
    """Say why a failed step whose file says more than texts did not pass by that."""
    replies = Replies(step, local)
    said = find_unknown(replies) or _say_misfit(replies)
    return "the file's matchers do not explain it" + (f": {said}" if said else "")


def _say_misfit(replies: Replies) -> str:
    """Say what the first reply that does not fit the matcher at its place has to be like; else nothing."""
    if not replies.is_comparable():
        return ""
    replies.budget.left //= _PART
    for at, output in enumerate(replies.wanted[: len(replies.given)]):
        matcher = output.source.matcher if output.source else None
        if matcher is not None and not replies.fits(at, at):
            return f"reply {at + 1} {matcher.say_misfit()}"
    return ""


def find_unknown(replies: Replies) -> str:
    """Say of which reply nobody can find out whether it fits, and what helps; else nothing."""
    for output, checked in zip(replies.wanted[:MOST_REPLIES], replies.checks, strict=False):
        matcher = output.source.matcher if output.source else None
        if matcher is None or checked.text.status == run_models.PASSED:
            continue
        for number, text in enumerate(replies.given[:MOST_REPLIES], 1):
            if unknown := _why_unknown(matcher, text or "", replies.budget):
                return f"reply {number} {unknown}"
    return ""


def _why_unknown(matcher: Matcher, text: str, budget: Budget) -> str:
    try:
        matcher.judge(text, budget)
    except PatternError as unknown:
        return str(unknown)
    return ""


def is_plain_failure(word: str) -> bool:
    """Say whether a step's word is that it failed; *aborted* and the like are no result of its texts."""
    return not word or run_models.fold(word) in _PLAINLY_FAILED


class Replies:
    """The expected replies of a step beside the given ones.

    Args:
        step: The platform's result.
        local: The step of the file.

    Attributes:
        wanted: The expected replies of the file.
        given: The texts that the bot gave; ``None`` for what is no text.
        budget: What all of the matching may take.
    """

    local: LocalStep
    wanted: Sequence[LocalOutput]
    outputs: list[Output]
    checks: list[Assertions]
    given: list[str | None]
    budget: Budget

    def __init__(self, step: RunStep, local: LocalStep) -> None:
        self.local, self.wanted, self.budget = local, local.outputs, Budget()
        self.outputs, self.checks = step.outputs, step.checks
        texts = (one.get("text") if isinstance(one, dict) else None for one in step.answers)
        self.given = [text if isinstance(text, str) else None for text in texts]

    def is_comparable(self) -> bool:
        """Say whether the platform judged what the file expects, and what the bot said is there."""
        if len(self.wanted) != len(self.outputs) or max(len(self.wanted), len(self.given)) > MOST_REPLIES:
            return False
        if not self.given or not all(isinstance(text, str) for text in self.given):
            return False
        return all(map(_is_judged_by, self.wanted, self.outputs))

    def fits(self, at: int, given: int) -> bool:
        """Say whether a given reply is an expected one."""
        status, text = self.checks[at].text.status, as_text(self.given[given])
        if at == given and status == run_models.PASSED:
            return True
        if status != run_models.FAILED and at < len(self.given):
            return False  # not judged by the platform, or passed in its own place
        source = self.wanted[at].source
        if source is not None and source.matcher is not None:
            return source.matcher.fits(text, self.budget)
        return at != given and is_same(self.wanted[at].texts[0], text)

    def can_miss(self, at: int) -> bool:
        """Say whether an expected reply may be missing."""
        source = self.wanted[at].source
        return source is not None and source.optional and self.checks[at].text.status != run_models.PASSED

    def align(self) -> dict[int, int] | None:
        """Return which given reply each expected one is, without those left out; ``None`` when none fits."""
        rows, columns = len(self.wanted), len(self.given)
        ends = [[False] * (columns + 1) for _ in range(rows)]
        ends.append([column == columns or self.local.more for column in range(columns + 1)])
        for row in reversed(range(rows)):
            for column in reversed(range(columns + 1)):
                ends[row][column] = (
                    column < columns and ends[row + 1][column + 1] and self.fits(row, column)
                ) or (ends[row + 1][column] and self.can_miss(row))
        if not ends[0][0]:
            return None
        pairs, column = {}, 0
        for row in range(rows):
            if column < columns and ends[row + 1][column + 1] and self.fits(row, column):
                pairs[row] = column
                column += 1
        return pairs


def _is_judged_by(wanted: LocalOutput, output: Output) -> bool:
    """Say whether the platform compared a reply with the text that the file has uploaded for it."""
    texts = run_models.variations(output)
    return bool(wanted.texts) and canonical(wanted.texts[0]) in {canonical(text) for text in texts}


def _explains(pairs: dict[int, int], replies: Replies, failures: Sequence[Failure]) -> bool:
    """Say whether all that failed failed by texts that fit, or on replies that may be missing."""
    for kind, number in failures:
        at = number - 1
        if at not in pairs and at < len(replies.wanted) and at >= len(replies.given):
            continue  # it was left out, so there was nothing that any assertion could look at
        if kind != "text":
            return False
    return True


def _tell(
    pairs: dict[int, int], replies: Replies, failures: Sequence[Failure], left_out: frozenset[int]
) -> str:
    failed = {failure.number for failure in failures}
    said = []
    for at, given in pairs.items():
        source = replies.wanted[at].source
        if source is not None and source.matcher is not None and (at + 1 in failed or at != given):
            said.append(f"reply {given + 1} ({source.matcher})")
    said += [f"reply {number} was left out (optional)" for number in sorted(left_out)]
    more = len(replies.given) - len(pairs)
    if more > 0:
        said.append(f"{more} further {'reply' if more == 1 else 'replies'} (more)")
    return f"passed by the file's matcher: {', '.join(said)}"
