"""Judge a run of a suite, and tell a bot's developer what went wrong in it.

A run passes when the platform says so in words, its counts say the same, and both fit
the steps there are. Everything else is no pass; what the platform did not report of a
step is "not evaluated", never invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest import exchange, models, runs
from pytest_kore_convtest.alignment import align
from pytest_kore_convtest.differences import brief
from pytest_kore_convtest.errors import ConversationFailedError
from pytest_kore_convtest.suitefile import show_path
from pytest_kore_convtest.text import one_line as visible
from pytest_kore_convtest.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_kore_convtest.runs import RunStatus, RunStep
    from pytest_kore_convtest.suitefile import LocalStep, LocalSuite

PASSED, FAILED, NOT_EVALUATED = "passed", "failed", "not evaluated"
"""What becomes of a step, and of a run."""

COUNTS_ONLY = "the platform reported counts only"

_BAD = frozenset({runs.FAILED, runs.NOT_RUN})
_LONGEST_INPUT = 60
_MOST_NAMED = 20


@dataclass(frozen=True)
class StepResult:
    """What became of one step.

    Attributes:
        number: Its 1-based number in the file, or in the reply when there is no file.
        input: What the user says.
        outcome: ``PASSED``, ``FAILED`` or ``NOT_EVALUATED``.
        why: The reason, as part of a sentence; empty for a plain pass.
        reported: Whether the platform said so itself; else it was derived from what it said.
        place: ``file:line``, or empty without a file.
        step: What the platform reported of it, if anything.
    """

    number: int
    input: str
    outcome: str
    why: str
    reported: bool
    place: str = ""
    step: RunStep | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The step in words, e.g. ``step 02 'quote'``."""
        return f"step {self.number:02} '{brief(self.input, _LONGEST_INPUT)}'"

    def to_data(self) -> dict[str, Any]:
        """Return the result as JSON-able data, without the replies."""
        kept = ("number", "input", "outcome", "why", "reported", "place")
        return {key: getattr(self, key) for key in kept}


@dataclass(frozen=True)
class RunResult:
    """What became of a run.

    Attributes:
        suite: The suite's name, or empty.
        outcome: ``PASSED``, ``FAILED``, or ``NOT_EVALUATED``: nothing failed, yet it is no pass.
        why: Every reason against a pass, one a sentence.
        steps: The steps of the file, or those that the platform reported when there is no file.
        notes: What is worth knowing, but decides nothing.
        status: What the platform said.
        place: ``file:line`` of the suite, or empty.
    """

    suite: str
    outcome: str
    why: tuple[str, ...]
    steps: tuple[StepResult, ...]
    notes: tuple[str, ...]
    status: RunStatus = field(repr=False)
    place: str = ""


def judge_run(status: RunStatus, local: LocalSuite | None = None) -> RunResult:
    """Judge a run that is over.

    Args:
        status: The platform's last answer about it.
        local: The suite as the file has it, when there is a file.
    """
    steps, odd = _judge_steps(status, local)
    failures, doubts = [*_find_failures(status)], [*_doubt_words(status), *_doubt_counts(status, local), *odd]
    if not failures:
        failures += [
            f"the platform says {status.status!r}, but {said}" for said in _name_steps(steps, FAILED)
        ]
    if status.steps is not None:
        doubts += _name_steps(steps, NOT_EVALUATED)
    details = status.error_details
    return RunResult(
        suite=local.name if local else "",
        outcome=FAILED if failures else NOT_EVALUATED if doubts else PASSED,
        why=tuple(dict.fromkeys([*failures, *doubts])),
        steps=tuple(steps),
        notes=(f"the platform gives error details: {brief(str(details), 300)}",) if details else (),
        status=status,
        place=_place(local, local) if local else "",
    )


def _find_failures(status: RunStatus) -> Iterator[str]:
    bad = [word for word in (status.status, status.result_status) if runs.read_word(word) in _BAD]
    for word in dict.fromkeys(bad):
        yield f"the platform says {word!r}"
    if status.failed:
        yield f"the platform counts {status.failed} failed of {_say(status.total)} steps"


def _doubt_words(status: RunStatus) -> Iterator[str]:
    """Doubt a run unless one status word says passed, and the other says nothing against it."""
    first, second = runs.read_word(status.status), runs.read_word(status.result_status)
    said = f"status {status.status!r}, result.status {status.result_status!r}"
    if first in _BAD and (second in _BAD or not second):
        return  # no doubt: it failed
    if status.meaning == models.RUNNING:
        yield f"the run is not over: {said}"
    elif runs.PASSED not in {first, second}:
        yield f"the platform nowhere says 'passed': {said}"
    elif status.result_status and not {first, second} <= {runs.PASSED, runs.ENDED}:
        yield f"the platform contradicts itself: {said}"


def _doubt_counts(status: RunStatus, local: LocalSuite | None) -> Iterator[str]:
    passed, failed, total = status.passed, status.failed, status.total
    counts = f"{_say(passed)} passed and {_say(failed)} failed of {_say(total)} steps"
    if passed is None or failed is None or total is None:
        yield f"the platform's counts are not complete: {counts}"
        return
    if passed + failed != total:
        yield f"the platform's counts do not add up: {counts}"
    if not total:
        yield "no step was executed"
    others = (
        ("the platform says the suite has", status.suite_steps),
        ("the file has", len(local.steps) if local else None),
        ("the platform reported results of", None if status.steps is None else len(status.steps)),
    )
    for who, number in others:
        if number is not None and number != total:
            yield f"{who} {number} steps, but {total} are counted"


def _say(count: int | None) -> str:
    return "?" if count is None else str(count)


def _name_steps(steps: Sequence[StepResult], outcome: str) -> Iterator[str]:
    """Name the steps with an outcome, in one sentence."""
    found = [step for step in steps if step.outcome == outcome]
    if found:
        named = [step.name for step in found[:_MOST_NAMED]]
        more = [f"and {len(found) - len(named)} more"] if len(found) > len(named) else []
        yield f"{', '.join([*named, *more])} {'is' if len(found) == 1 else 'are'} {outcome}"


def _judge_steps(status: RunStatus, local: LocalSuite | None) -> tuple[list[StepResult], list[str]]:
    """Return what became of each step, and what is odd about the results as a whole."""
    results = status.steps
    if results is None:
        broken = "the platform's results of the steps are no list" if status.results_are_broken else ""
        why = broken or COUNTS_ONLY
        known = enumerate(local.steps if local else (), start=1)
        found = [
            StepResult(number, step.input, NOT_EVALUATED, why, reported=False, place=_place(local, step))
            for number, step in known
        ]
        return found, [broken] if broken else []
    if local is None:
        return [_judge_step(number, step) for number, step in enumerate(results, start=1)], []
    return _match_steps(results, local)


def _match_steps(results: Sequence[RunStep], local: LocalSuite) -> tuple[list[StepResult], list[str]]:
    """Find each step's result by its input, and say so where the order is not the file's."""
    found = align([_squeeze(step.input) for step in local.steps], [_squeeze(one.input) for one in results])
    at = dict([*found.same, *found.moved])
    moved, changed = dict(found.moved), dict(found.changed)
    steps = []
    for index, step in enumerate(local.steps):
        place = _place(local, step)
        if index in at:
            note = f"matched by its input: it is result {at[index] + 1} of the platform's reply"
            judged = _judge_step(index + 1, results[at[index]], place, note if index in moved else "")
        else:
            why = "the platform reported no result for it"
            if index in changed:
                why += (
                    f"; in its place is a result for '{brief(results[changed[index]].input, _LONGEST_INPUT)}'"
                )
            judged = StepResult(index + 1, step.input, NOT_EVALUATED, why, reported=False, place=place)
        steps.append(judged)
    odd = ["the results come in another order than the file's steps; matched by input"] if moved else []
    extra = [_judge_step(index + 1, results[index]) for index in sorted({*found.added, *changed.values()})]
    if extra:
        named = ", ".join(
            f"'{brief(one.input, _LONGEST_INPUT)}' ({one.outcome})" for one in extra[:_MOST_NAMED]
        )
        odd.append(f"the platform reported {len(extra)} results for which the file has no step: {named}")
    return steps, odd


def _judge_step(number: int, step: RunStep, place: str = "", note: str = "") -> StepResult:
    outcome, why, reported = _judge_result(step)
    why = "; ".join(filter(None, (why, note)))
    return StepResult(number, step.input, outcome, why, reported, place, step)


def _judge_result(step: RunStep) -> tuple[str, str, bool]:
    """Return a step's outcome, why, and whether the platform itself says so."""
    word, failed = runs.read_word(step.status), exchange.failed_kinds(step)
    kinds = ", ".join(failed)
    if word == runs.FAILED:
        return FAILED, "; ".join(filter(None, (kinds, _say_length(step, known=bool(kinds))))), True
    if failed:
        said = (
            f"the platform says {quoted(step.status, _LONGEST_INPUT)} of the step"
            if step.status
            else "by its assertions"
        )
        return FAILED, f"{kinds} ({said})", False
    if not step.is_readable:
        return NOT_EVALUATED, "the platform's result of this step has not the documented shape", False
    if word == runs.PASSED:
        return PASSED, "", True
    if not step.status:
        return _derive(step)
    return NOT_EVALUATED, f"the platform says {quoted(step.status, _LONGEST_INPUT)} of it", True


def _derive(step: RunStep) -> tuple[str, str, bool]:
    """Judge a step of which the platform gives no status by its assertions."""
    blocks = [block for check in step.checks for block in (check.flow, check.text, check.context)]
    words = {block.status for block in blocks if block.enabled}
    if words == {runs.PASSED}:
        return PASSED, "by its assertions: the platform gives the step no status of its own", False
    return NOT_EVALUATED, "the platform gives it no status", False


def _say_length(step: RunStep, *, known: bool) -> str:
    if len(step.outputs) == len(step.replies):
        return "" if known else "the platform does not say which assertion failed"
    return f"replies expected: {len(step.outputs)}, given: {len(step.replies)}"


def failure_text(result: RunResult, index: int) -> str:
    """Tell what became of a step, for the bot's developer.

    Args:
        result: The judged run.
        index: The step's 0-based index in ``result.steps``.
    """
    judged = result.steps[index]
    suite = f" of {visible(result.suite)}" if result.suite else ""
    why = f": {judged.why}" if judged.why else ""
    lines = [f"{judged.name}{suite} {judged.outcome.upper()}{why}", ""]
    lines += exchange.field("user", exchange.spoken(judged.input))
    if judged.step is not None:
        if judged.step.is_readable:
            lines += ["", *exchange.tell_replies(judged.step)]
        before = _before(result, judged.step)
        if before:
            lines += [
                "",
                "the conversation so far",
                *(f"  {line}" for line in exchange.tell_transcript(before)),
            ]
    elif result.outcome != PASSED:
        lines += ["", *(f"the run: {reason}" for reason in result.why)]
    if judged.place:
        lines += ["", judged.place]
    return "\n".join(lines)


def _before(result: RunResult, step: RunStep) -> list[RunStep]:
    """Return what was said before a step, in the platform's order."""
    steps = result.status.steps or []
    return steps[: next((at for at, one in enumerate(steps) if one is step), 0)]


def verdict_of(result: RunResult) -> ConversationFailedError | None:
    """Return the error that a run deserves; ``None`` for a pass, and for nothing else."""
    if result.outcome == PASSED:
        return None
    suite = f" of suite '{visible(result.suite)}'" if result.suite else ""
    what = "failed" if result.outcome == FAILED else "is no pass"
    lines = [f"run {result.status.id}{suite} {what}:", *(f"  {reason}" for reason in result.why)]
    lines += [f"  {note}" for note in result.notes]
    failed = [step for step in result.steps if step.outcome == FAILED]
    lines += [f"  {_located(step)}: {step.why}" for step in failed[:_MOST_NAMED]]
    if len(failed) > _MOST_NAMED:
        lines.append(f"  and {len(failed) - _MOST_NAMED} more failed steps")
    return _error(result, "\n".join(lines), failed)


def step_error(result: RunResult, index: int) -> ConversationFailedError | None:
    """Return the error that one step deserves; ``None`` when it passed."""
    judged = result.steps[index]
    if judged.outcome == PASSED:
        return None
    return _error(result, failure_text(result, index), [judged])


def _error(result: RunResult, message: str, steps: Sequence[StepResult]) -> ConversationFailedError:
    return ConversationFailedError(
        message,
        suite=result.suite,
        run_id=result.status.id,
        outcome=result.outcome,
        steps=[step.to_data() for step in steps],
        why=list(result.why),
    )


def _place(local: LocalSuite | None, thing: LocalStep | LocalSuite) -> str:
    return f"{visible(show_path(local.path))}:{thing.place.line}" if local else ""


def _located(step: StepResult) -> str:
    return f"{step.name} ({step.place})" if step.place else step.name


def _squeeze(text: str) -> str:
    return " ".join(text.split())
