"""Judge several runs of one suite together: failed ones that were run again, or a number of repetitions.

A run is only followed by another one when nothing is wrong with it but failed steps: what could
not be verified is not run again until it looks right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_kore_convtest.api import run_models
from pytest_kore_convtest.findings import Finding, Location
from pytest_kore_convtest.rules import Rule, Severity, severity_of
from pytest_kore_convtest.suites.results.judge import PLAINLY_FAILED
from pytest_kore_convtest.suites.results.run_result import (
    FAILED,
    FLAKY,
    NOT_EVALUATED,
    OF_STEPS,
    PASSED,
    Attempt,
    PassRate,
    RunResult,
    StepResult,
    outcome_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_Z = 1.959964
"""The two-sided 95 % point of the normal distribution."""

_PLAIN = OF_STEPS - {Rule.FAILED_STEP_IN_PASSED_RUN}
"""Rules by which a run plainly failed by its steps; one that is said to have passed contradicts itself."""

_BY_PLATFORM = frozenset({Rule.STEP_FAILED, Rule.PASSED_BY_MATCHER})
"""Rules of steps that the platform itself calls failed; another run may end otherwise."""


@dataclass(frozen=True)
class Repetition:
    """How often a suite is run.

    Attributes:
        retries: How many times a run with failed steps is run again at most.
        repeats: How many times it is run in any case; ``None`` when it is not to be repeated.
        least: The part of the repetitions in which a step has to pass.
    """

    retries: int = 0
    repeats: int | None = None
    least: float = 1.0


def measure_rate(passed: int, evaluated: int, least: float) -> PassRate:
    """Return a pass rate with its Wilson interval of 95 %; without one run it is from 0 to 1."""
    if not evaluated:
        return PassRate(0, 0, 0.0, 1.0, least)
    share, square = passed / evaluated, _Z * _Z
    scale = 1 + square / evaluated
    middle = (share + square / (2 * evaluated)) / scale
    spread = math.sqrt(share * (1 - share) / evaluated + square / (4 * evaluated * evaluated)) * _Z / scale
    low, high = max(0.0, middle - spread), min(1.0, middle + spread)
    return PassRate(passed, evaluated, round(low, 4), round(high, 4), least)


def wants_another(runs: Sequence[RunResult], plan: Repetition) -> bool:
    """Say whether the suite is run once more.

    Args:
        runs: The results so far, each of a run that came to its end.
        plan: How often it is run.
    """
    last = runs[-1]
    if plan.repeats is not None:
        return len(runs) < plan.repeats and (last.outcome == PASSED or _failed_plainly(last))
    if len(runs) > plan.retries or not _failed_plainly(last):
        return False
    if last.status.steps is None:
        return True
    never = [steps for steps in _by_step(runs) if _outcome(steps) == FAILED]
    return any(step.outcome == FAILED and step.rule in _BY_PLATFORM for steps in never for step in steps)


def _by_step(runs: Sequence[RunResult]) -> list[tuple[StepResult, ...]]:
    """Return of each step what became of it in each run.

    Without a file the runs may report different numbers of steps: what one did not report is not lost.
    """
    longest = max((one.steps for one in runs), key=len)
    return [
        tuple(one.steps[at] if at < len(one.steps) else _leave_out(step) for one in runs)
        for at, step in enumerate(longest)
    ]


def _leave_out(step: StepResult) -> StepResult:
    why = "the platform reported no result for it"
    return StepResult(step.number, step.input, NOT_EVALUATED, why, reported=False, place=step.place)


def _failed_plainly(result: RunResult) -> bool:
    """Say whether a run failed by nothing but steps of it."""
    rules = {one.rule for one in result.errors}
    if result.status.steps is not None:
        return bool(rules) and rules <= _PLAIN
    status = result.status
    bad = {run_models.read_word(word) for word in (status.status, status.result_status)}
    odd = bad & {run_models.FAILED, run_models.NOT_RUN} - PLAINLY_FAILED
    return bool(status.failed) and not odd and rules <= {Rule.RUN_FAILED, Rule.STEP_FAILED}


def combine(
    runs: Sequence[RunResult],
    attempts: Sequence[Attempt],
    plan: Repetition,
    rules: Mapping[Rule, Severity],
) -> RunResult:
    """Judge several runs of a suite together, in their order.

    Args:
        runs: The results of those that came to their end, at least one.
        attempts: What became of all of them, these first.
        plan: How often the suite was to be run.
        rules: The chosen severities.
    """
    if plan.repeats is None and len(attempts) == 1:
        return runs[0]
    strict = severity_of(Rule.FLAKY_STEP, rules) == Severity.ERROR
    by_step = _by_step(runs)
    steps = tuple(_join_steps(same, attempts, plan, strict=strict) for same in by_step)
    rate = None
    if plan.repeats is not None:
        rate = measure_rate(sum(one.outcome == PASSED for one in runs), len(runs), plan.least)
    base = runs[-1]
    if base.status.steps is None and rate is not None:
        wanted = PASSED if rate.is_enough else FAILED
        base = next((one for one in reversed(runs) if one.outcome == wanted), base)
    findings = (
        *_find(runs, base, steps, plan, rate),
        *_find_wavering(steps, base, rules, repeats=rate is not None),
    )
    if plan.repeats is None and base.outcome == PASSED:
        findings = (*findings, *_find_wavering_run(runs, attempts, rules))
    return replace(
        base,
        outcome=outcome_of(findings),
        findings=tuple(dict.fromkeys(findings)),
        steps=steps,
        runs=tuple(runs),
        attempts=tuple(attempts) if len(attempts) > 1 else (),
        rate=rate,
    )


def _outcome(steps: Sequence[StepResult]) -> str:
    """Say what became of a step that was run again because of failures."""
    seen = {step.outcome for step in steps}
    if {PASSED, FAILED} <= seen:
        return FLAKY
    return next((word for word in (FAILED, PASSED) if word in seen), NOT_EVALUATED)


def _join_steps(
    same: Sequence[StepResult], attempts: Sequence[Attempt], plan: Repetition, *, strict: bool
) -> StepResult:
    """Put together what became of one step in all runs that came to their end."""
    each = tuple(
        replace(attempt, outcome=step.outcome, why=step.why)
        for step, attempt in zip(same, attempts, strict=False)
    )
    each += tuple(replace(one, outcome=NOT_EVALUATED) for one in attempts[len(same) :])
    told = each if len(each) > 1 else ()
    failed = tuple(dict.fromkeys(what for step in same for what in step.failed))
    if plan.repeats is None:
        outcome = _outcome(same)
        shown = _last(same, FAILED if outcome in {FAILED, FLAKY} else outcome)
        why = _say_runs(each) if outcome == FLAKY else shown.why
        rule = Rule.FLAKY_STEP if outcome == FLAKY else shown.rule
        return replace(
            shown,
            outcome=outcome,
            why=why,
            rule=rule,
            attempts=told,
            is_red=strict and outcome == FLAKY,
            failed=failed if outcome in {FAILED, FLAKY} else (),
        )
    passed = sum(step.outcome == PASSED for step in same)
    judged = sum(step.outcome != NOT_EVALUATED for step in same)
    rate = measure_rate(passed, judged, plan.least)
    if judged < plan.repeats:
        shown = _last(same, NOT_EVALUATED)
        why = f"it was evaluated in {judged} of {plan.repeats} runs{f': {shown.why}' if shown.why else ''}"
        return replace(shown, outcome=NOT_EVALUATED, why=why, attempts=told, rate=rate, failed=())
    outcome = PASSED if rate.is_enough else FAILED
    shown = _last(same, PASSED if passed == judged else FAILED)
    least = f", the least is {rate.least:g}" if outcome == FAILED else ""
    reason = f": {shown.why}" if shown.why and shown.outcome == FAILED else ""
    why = shown.why if passed == judged else f"{rate}{least}{reason}"
    failed = failed if outcome == FAILED else ()
    return replace(shown, outcome=outcome, why=why, attempts=told, rate=rate, failed=failed)


def _last(same: Sequence[StepResult], outcome: str) -> StepResult:
    return next((step for step in reversed(same) if step.outcome == outcome), same[-1])


def _say_runs(attempts: Sequence[Attempt]) -> str:
    """Say in which runs a step failed, why at last, and in which it passed."""
    failed = [one for one in attempts if one.outcome == FAILED]
    passed = [one for one in attempts if one.outcome == PASSED]
    why = f" ({failed[-1].why})" if failed[-1].why else ""
    return f"failed in {_name(failed)}{why}, passed in {_name(passed)}"


def _name(attempts: Sequence[Attempt]) -> str:
    return f"run {', '.join(str(one.number) for one in attempts)}"


def _find(
    runs: Sequence[RunResult],
    base: RunResult,
    steps: Sequence[StepResult],
    plan: Repetition,
    rate: PassRate | None,
) -> Iterator[Finding]:
    """Yield what speaks against the runs together, and the notes of the last one."""
    yield from (one for one in base.findings if one.severity != Severity.ERROR)
    if rate is not None and base.status.steps is None:
        if not rate.is_enough:
            said = f"the runs as a whole {rate}, the least is {rate.least:g}"
            yield _finding(base, Rule.RUN_FAILED, Severity.ERROR, said)
            yield from (one for one in base.errors if one.rule is not Rule.RUN_FAILED)
        for one in runs:
            yield from (bad for bad in one.errors if bad.rule not in {Rule.RUN_FAILED, *OF_STEPS})
    else:
        yield from (one for one in runs[-1].errors if one.rule not in _PLAIN)
    bad = [index for index, step in enumerate(steps) if step.outcome == FAILED]
    if rate is not None:
        for index in bad:
            said = f"{steps[index].name} {steps[index].why}"
            yield _finding(base, Rule.STEP_FAILED, Severity.ERROR, said, steps[index])
    elif bad:
        named = {steps[index].number for index in bad}
        told = (
            one
            for one in reversed(runs)
            if any(step.outcome == FAILED and step.number in named for step in one.steps)
        )
        yield from (one for one in next(told).errors if one.rule in OF_STEPS)
    missing = [step for step in steps if step.outcome == NOT_EVALUATED]
    counts = all(one.status.steps is None for one in runs)
    short = plan.repeats is not None and len(runs) < plan.repeats
    if plan.repeats is not None and (short or (missing and not counts)):
        verified = sum(one.outcome != NOT_EVALUATED for one in runs)
        said = f"the suite was verified in {verified} of {plan.repeats} runs"
        if missing and not short:
            said = f"{missing[0].name} {missing[0].why}"
        yield _finding(base, Rule.STEP_NOT_REPORTED, Severity.ERROR, said)


def _find_wavering(
    steps: Sequence[StepResult], base: RunResult, rules: Mapping[Rule, Severity], *, repeats: bool
) -> Iterator[Finding]:
    """Yield the steps that failed at one time and passed at another, and are no failure for that alone."""
    severity = severity_of(Rule.FLAKY_STEP, rules)
    if severity == Severity.OFF:
        return
    if repeats:  # how often a step may fail was said: it is not an error besides
        severity = Severity.WARNING
    for step in steps:
        wavers = step.rate is not None and step.rate.passed < step.rate.evaluated
        if step.outcome == FLAKY or (step.outcome == PASSED and wavers):
            yield _finding(
                base, Rule.FLAKY_STEP, severity, f"{step.name} does not pass each time: {step.why}", step
            )


def _find_wavering_run(
    runs: Sequence[RunResult], attempts: Sequence[Attempt], rules: Mapping[Rule, Severity]
) -> Iterator[Finding]:
    """Yield a run that failed before the last one passed, and of which nobody knows the failed steps."""
    severity = severity_of(Rule.FLAKY_STEP, rules)
    if severity != Severity.OFF and any(one.status.steps is None and one.outcome == FAILED for one in runs):
        yield _finding(
            runs[-1], Rule.FLAKY_STEP, severity, f"the run does not pass each time: {_say_runs(attempts)}"
        )


def _finding(
    base: RunResult, rule: Rule, severity: Severity, said: str, step: StepResult | None = None
) -> Finding:
    where = Location(json_path="")
    if step is not None and step.place:
        file, _, line = step.place.rpartition(":")
        where = Location(file, int(line))
    return Finding(rule, severity, said, where, base.suite, step.number if step else 0, "", "")
