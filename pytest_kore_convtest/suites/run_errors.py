"""Tell a bot's developer what went wrong in a run: the errors that a run and its steps deserve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConversationFailedError
from pytest_kore_convtest.suites.results import failure_text
from pytest_kore_convtest.suites.results.run_result import (
    FAILED,
    MOST_NAMED,
    OF_STEPS,
    PASSED,
    group_findings,
    outcome_of,
)
from pytest_kore_convtest.text import one_line as visible
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_kore_convtest.api.run_models import RunStep
    from pytest_kore_convtest.suites.results.run_result import RunResult, StepResult


def write_failure(result: RunResult, index: int) -> str:
    """Tell what became of a step, for the bot's developer.

    Args:
        result: The judged run.
        index: The step's 0-based index in ``result.steps``.
    """
    judged = result.steps[index]
    suite = f" of {visible(result.suite)}" if result.suite else ""
    why = f": {judged.why}" if judged.why else ""
    lines = [f"{judged.name}{suite} {judged.outcome.upper()}{why}", ""]
    lines += failure_text.field("user", failure_text.spoken(judged.input))
    if judged.step is not None:
        if judged.step.is_readable:
            lines += ["", *failure_text.tell_replies(judged.step)]
        before = _before(result.run_of(index), judged.step)
        if before:
            lines += [
                "",
                "the conversation so far",
                *(f"  {line}" for line in failure_text.tell_transcript(before)),
            ]
    elif result.outcome != PASSED:
        lines += ["", *(f"the run: {reason}" for reason in result.why)]
    if judged.place:
        lines += ["", judged.place]
    if offered := _offer(result, index):
        lines += ["", *offered]
    return "\n".join(lines)


def _offer(result: RunResult, index: int) -> list[str]:
    """Return the lines that would accept the replies of a failed step, if they can be offered."""
    if result.local is None or result.steps[index].outcome != FAILED:
        return []
    # Imported here: a run without a failure does not pay for it.
    from pytest_kore_convtest.suites.update.suggested_lines import offer_lines

    return list(offer_lines(result, index))


def _before(result: RunResult, step: RunStep) -> list[RunStep]:
    """Return what was said before a step, in the platform's order."""
    return (result.status.steps or [])[: result.positions.get(id(step), 0)]


def verdict_of(result: RunResult, shown: Collection[int] = frozenset()) -> ConversationFailedError | None:
    """Return the error that a run deserves as a whole; ``None`` for a pass, and for nothing else.

    Args:
        result: The judged run.
        shown: The numbers of steps that are judged by items of their own. When all failed steps are
            among them, their failure is not the run's as well.
    """
    failed = [step for step in result.failing if step.number not in shown]
    errors = result.errors
    if not failed and result.failing:
        errors = tuple(one for one in errors if one.rule not in OF_STEPS)
    if not errors:
        return None
    first, *rest = group_findings(errors)
    suite = f"suite '{visible(result.suite)}', " if result.suite else ""
    lines = [f"{first} ({suite}run {result.status.id})", *(f"  {reason}" for reason in rest)]
    lines += [f"  {detail}" for detail in result.details]
    lines += [f"  {_located(step)}: {step.why}" for step in failed[:MOST_NAMED]]
    if len(failed) > MOST_NAMED:
        lines.append(f"  and {plural(len(failed) - MOST_NAMED, 'more failed step')}")
    return _error(result, "\n".join(lines), failed, outcome_of(errors))


def step_error(result: RunResult, index: int) -> ConversationFailedError | None:
    """Return the error that one step deserves; ``None`` when it passed."""
    judged = result.steps[index]
    if judged.outcome == PASSED:
        return None
    return _error(result, write_failure(result, index), [judged], result.outcome)


def _error(
    result: RunResult, message: str, steps: Sequence[StepResult], outcome: str
) -> ConversationFailedError:
    return ConversationFailedError(
        message,
        suite=result.suite,
        run_id=result.status.id,
        outcome=outcome,
        steps=[step.to_data() for step in steps],
        why=list(result.why),
    )


def _located(step: StepResult) -> str:
    return f"{step.name} ({step.place})" if step.place else step.name
