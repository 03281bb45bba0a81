"""Judge a run of a suite.

A run passes when the platform says so in words, its counts say the same, and both fit
the steps there are. Everything else is no pass; what the platform did not report of a
step is "not evaluated", never invented.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_kore_convtest.api import models, run_models
from pytest_kore_convtest.findings import Finding, Location
from pytest_kore_convtest.rules import Rule, Severity, severity_of
from pytest_kore_convtest.suites.align import align
from pytest_kore_convtest.suites.diff import brief
from pytest_kore_convtest.suites.results.match_replies import find_fitting, match, varies, why_no_match
from pytest_kore_convtest.suites.results.origin import (
    Difference,
    RunRequest,
    check_origin,
    compare_expectations,
)
from pytest_kore_convtest.suites.results.run_result import (
    COUNTS_ONLY,
    FAILED,
    LONGEST_INPUT,
    MOST_NAMED,
    NOT_EVALUATED,
    PASSED,
    RunResult,
    StepResult,
    outcome_of,
)
from pytest_kore_convtest.suites.results.verification import verify
from pytest_kore_convtest.text import one_line as visible
from pytest_kore_convtest.text import plural, quoted, show_path, squeeze

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_kore_convtest.api.run_models import RunStatus, RunStep
    from pytest_kore_convtest.suites.file import LocalStep, LocalSuite
    from pytest_kore_convtest.suites.results.verification import Verification

_BAD = frozenset({run_models.FAILED, run_models.NOT_RUN})
PLAINLY_FAILED = frozenset({"failed", "failure", "fail"})
"""Words for a run that came to its end; *aborted* and the like are no result of its steps."""

_FAILING = frozenset({Rule.STEP_NOT_VERIFIED, Rule.PASSED_BY_MATCHER})
"""Rules by which a step fails that would have passed; by the others it is not evaluated."""


class _Judge:
    """Gather the findings about one run.

    Args:
        status: The platform's last answer about it.
        local: The suite as the file has it, when there is a file.
        request: What was asked for.
    """

    def __init__(self, status: RunStatus, local: LocalSuite | None, request: RunRequest) -> None:
        self.status, self.local, self.request = status, local, request
        self.findings: list[Finding] = []
        self.judged = 0
        self.matched = 0
        self.differing = compare_expectations(status.steps or [], request.imported)

    def severity(self, rule: Rule) -> Severity:
        """Return the severity of a rule as it was chosen."""
        return severity_of(rule, self.request.rules)

    def find(
        self,
        rule: Rule,
        message: str,
        step: StepResult | None = None,
        *,
        expected: str = "",
        actual: str = "",
    ) -> None:
        """Note a finding, unless its rule is off."""
        severity = self.severity(rule)
        if severity == Severity.OFF:
            return
        where = Location(json_path="")
        if step is not None and step.place:
            file, _, line = step.place.rpartition(":")
            where = Location(file, int(line))
        suite = self.local.name if self.local else ""
        number = step.number if step else 0
        self.findings.append(Finding(rule, severity, message, where, suite, number, expected, actual))


def judge_run(
    status: RunStatus, local: LocalSuite | None = None, request: RunRequest | None = None
) -> RunResult:
    """Judge a run that is over.

    Args:
        status: The platform's last answer about it.
        local: The suite as the file has it, when there is a file.
        request: What was asked for, and the chosen severities.
    """
    judge = _Judge(status, local, request or RunRequest())
    steps, odd = _judge_steps(judge)
    doubts, judge.findings = judge.findings, []
    explained = _is_explained(judge, steps)
    _find_failures(judge, steps, explained=explained)
    for rule, said in (
        *check_origin(status, judge.request),
        *_doubt_words(status, explained=explained),
        *_doubt_counts(status, local),
        *odd,
    ):
        judge.find(rule, said)
    own = {one.step for one in doubts if one.severity == Severity.ERROR}
    missing = [one for one in steps if one.outcome == NOT_EVALUATED and one.number not in own]
    if status.steps is not None:
        for said in _name_steps(missing, NOT_EVALUATED):
            judge.find(Rule.STEP_NOT_REPORTED, said)
    findings = tuple(dict.fromkeys([*judge.findings, *doubts]))
    return RunResult(
        suite=local.name if local else "",
        outcome=outcome_of(findings),
        findings=findings,
        steps=tuple(steps),
        status=status,
        place=_place(local, local) if local else "",
        local=local,
    )


def _is_explained(judge: _Judge, steps: Sequence[StepResult]) -> bool:
    """Say whether a run failed by nothing but steps that fit what the file says of their replies."""
    status = judge.status
    return (
        judge.matched > 0
        and judge.matched == status.failed
        and not status.error_details
        and all(step.outcome == PASSED for step in steps)
    )


def _find_failures(judge: _Judge, steps: Sequence[StepResult], *, explained: bool) -> None:
    """Note that the run failed, under a rule that says whether failed steps explain it."""
    status = judge.status
    failed = [one for one in steps if one.outcome == FAILED]
    bad = [word for word in (status.status, status.result_status) if run_models.read_word(word) in _BAD]
    sent = {status.result_status: status.sent_result_status, status.status: status.sent_status}
    for word in dict.fromkeys(bad):
        if explained and word in PLAINLY_FAILED:
            continue
        by_step = failed and word in PLAINLY_FAILED
        judge.find(
            Rule.STEP_FAILED if by_step else Rule.RUN_FAILED,
            f"the platform reports the status {sent[word]!r}",
        )
    if status.failed and not explained:
        said = f"the platform counts {status.failed} failed of {_say_steps(status.total)}"
        judge.find(Rule.STEP_FAILED if failed else Rule.RUN_FAILED, said)
        if 0 < len(failed) < status.failed - judge.matched:
            judge.find(Rule.COUNTS_DIFFER, f"{said}, but reported {len(failed) + judge.matched} as failed")
    elif judge.matched and not explained:
        said = f"the platform counts {_say(status.failed)} failed steps, but reported {judge.matched}"
        judge.find(Rule.COUNTS_DIFFER, said)
    _find_odd_failures(judge, failed)
    if status.steps and not judge.judged and not any(one.reported for one in failed):
        judge.find(
            Rule.NOTHING_VERIFIED, "no assertion of any step was checked, so this result proves nothing"
        )
    elif not status.total and status.total is not None:
        judge.find(Rule.NOTHING_VERIFIED, "no step was executed")


def _find_odd_failures(judge: _Judge, failed: Sequence[StepResult]) -> None:
    """Note failed steps of a run that is not said to have failed."""
    status = judge.status
    odd = [one for one in failed if one.rule is Rule.STEP_FAILED]
    said_passed = run_models.PASSED in map(run_models.read_word, (status.status, status.result_status))
    if odd and (said_passed or not judge.findings):
        for said in _name_steps(odd, FAILED):
            judge.find(
                Rule.FAILED_STEP_IN_PASSED_RUN,
                f"the platform reports the status {status.sent_status!r}, but {said}",
            )
            if judge.severity(Rule.FAILED_STEP_IN_PASSED_RUN) != Severity.ERROR:
                judge.find(Rule.STEP_FAILED, said)


def _doubt_words(status: RunStatus, *, explained: bool) -> Iterator[tuple[Rule, str]]:
    """Doubt a run unless one status word says passed, and the other says nothing against it.

    Args:
        status: The platform's last answer.
        explained: Whether the run failed by nothing but steps that pass by the file's matchers.
    """
    first, second = run_models.read_word(status.status), run_models.read_word(status.result_status)
    said = f"status {status.sent_status!r}, result.status {status.sent_result_status!r}"
    if first in _BAD and (second in _BAD or not second):
        return  # no doubt: it failed
    if explained and {first, second} == {run_models.FAILED, run_models.ENDED}:
        return
    if status.meaning == models.RUNNING:
        yield Rule.RUN_NOT_PASSED, f"the run has not finished: {said}"
    elif run_models.PASSED not in {first, second}:
        yield Rule.RUN_NOT_PASSED, f"the platform did not report 'passed': {said}"
    elif status.result_status and not {first, second} <= {run_models.PASSED, run_models.ENDED}:
        yield Rule.CONTRADICTING_STATUS, f"the platform contradicts itself: {said}"


def _doubt_counts(status: RunStatus, local: LocalSuite | None) -> Iterator[tuple[Rule, str]]:
    passed, failed, total = status.passed, status.failed, status.total
    counts = f"{_say(passed)} passed and {_say(failed)} failed of {_say_steps(total)}"
    if passed is None or failed is None or total is None:
        yield Rule.COUNTS_DIFFER, f"the platform's counts are incomplete: {counts}"
        return
    if passed + failed != total:
        yield Rule.COUNTS_DIFFER, f"the platform's counts do not add up: {counts}"
    if status.suite_steps not in {None, total}:
        said = f"the platform reports a suite of {_say_steps(status.suite_steps)}, but counts {total}"
        yield Rule.COUNTS_DIFFER, said
    if local and len(local.steps) != total:
        said = f"the file has {_say_steps(len(local.steps))}, but the platform counts {total}"
        yield Rule.COUNTS_DIFFER, said
    if status.steps is not None and len(status.steps) != total:
        said = f"the platform reported results of {_say_steps(len(status.steps))}, but counts {total}"
        yield Rule.COUNTS_DIFFER, said


def _say(count: int | None) -> str:
    return "?" if count is None else str(count)


def _say_steps(count: int | None) -> str:
    return "? steps" if count is None else plural(count, "step")


def _name_steps(steps: Sequence[StepResult], outcome: str) -> Iterator[str]:
    """Name the steps with an outcome, in one sentence."""
    found = [step for step in steps if step.outcome == outcome]
    if found:
        named = [step.name for step in found[:MOST_NAMED]]
        more = [f"and {len(found) - len(named)} more"] if len(found) > len(named) else []
        yield f"{', '.join([*named, *more])} {'is' if len(found) == 1 else 'are'} {outcome}"


def _judge_steps(judge: _Judge) -> tuple[list[StepResult], list[tuple[Rule, str]]]:
    """Return what became of each step, and what is odd about the results as a whole."""
    status, local = judge.status, judge.local
    results = status.steps
    if results is None:
        broken = "the platform's step results are not a list" if status.results_are_broken else ""
        why = broken or COUNTS_ONLY
        known = enumerate(local.steps if local else (), start=1)
        found = [
            StepResult(number, step.input, NOT_EVALUATED, why, reported=False, place=_place(local, step))
            for number, step in known
        ]
        return found, [(Rule.STEP_NOT_REPORTED, broken)] if broken else []
    if local is None:
        return [_judge_step(judge, number, number - 1) for number in range(1, len(results) + 1)], []
    return _match_steps(judge, results, local)


def _match_steps(
    judge: _Judge, results: Sequence[RunStep], local: LocalSuite
) -> tuple[list[StepResult], list[tuple[Rule, str]]]:
    """Find each step's result by its input, and say so where the order is not the file's."""
    found = align([squeeze(step.input) for step in local.steps], [squeeze(one.input) for one in results])
    at = dict([*found.same, *found.moved])
    moved, changed = dict(found.moved), dict(found.changed)
    steps = []
    for index, step in enumerate(local.steps):
        place = _place(local, step)
        if index in at:
            note = f"matched by its input: it is result {at[index] + 1} of the platform's reply"
            judged = _judge_step(judge, index + 1, at[index], place, note if index in moved else "")
        else:
            why = "the platform reported no result for it"
            if index in changed:
                why += (
                    f"; in its place is a result for '{brief(results[changed[index]].input, LONGEST_INPUT)}'"
                )
            judged = StepResult(index + 1, step.input, NOT_EVALUATED, why, reported=False, place=place)
        steps.append(judged)
    odd = []
    if moved:
        said = "the results are in a different order than in the file, so they were matched by input"
        odd.append((Rule.RESULTS_REORDERED, said))
    extra = sorted({*found.added, *changed.values()})
    if extra:
        named = ", ".join(
            f"'{brief(results[at].input, LONGEST_INPUT)}' ({_judge_result(results[at])[0]})"
            for at in extra[:MOST_NAMED]
        )
        said = f"the platform reported {plural(len(extra), 'result')} for which the file has no step: {named}"
        odd.append((Rule.RESULT_WITHOUT_STEP, said))
    return steps, odd


def _judge_step(judge: _Judge, number: int, at: int, place: str = "", note: str = "") -> StepResult:
    """Judge one result: what the platform says of it, then what stands behind that."""
    assert judge.status.steps is not None  # noqa: S101 - callers look first
    step = judge.status.steps[at]
    local = judge.local.steps[number - 1] if judge.local else None
    verified = verify(step, more=local is not None and local.more)
    outcome, why, reported = _judge_result(step, verified)
    fit = match(step, local, verified.failures) if outcome == FAILED and local else None
    if fit is not None and local is not None:
        judge.matched += 1
        verified = verify(step, fit.left_out, more=local.more, judged=fit.judged)
        outcome, why, reported = PASSED, "", False
        verified.doubts.insert(0, (Rule.PASSED_BY_MATCHER, fit.said))
    elif outcome == FAILED and local is not None and varies(local):
        why = "; ".join(filter(None, (why, why_no_match(step, local))))
    judge.judged += verified.judged
    rule = Rule.STEP_FAILED if outcome == FAILED else None
    bare = StepResult(number, step.input, outcome, why, reported, place, step, rule, fit is not None)
    doubts = [Difference(*doubt) for doubt in verified.doubts] if outcome == PASSED else []
    against = []
    for doubt in [*doubts, *judge.differing.get(at, ())]:
        judge.find(
            doubt.rule, f"{bare.name}: {doubt.message}", bare, expected=doubt.expected, actual=doubt.actual
        )
        severity = judge.severity(doubt.rule)
        if severity != Severity.OFF or doubt.rule is Rule.PASSED_BY_MATCHER:
            why = "; ".join(filter(None, (why, doubt.message)))
        if severity == Severity.ERROR and doubt.rule is not Rule.OTHER_EXPECTATIONS:
            against.append(doubt.rule)  # of other expectations the run knows, the step is as reported
    if outcome == PASSED and against:
        # Whoever wants every step to assert something takes one that does not for a failure.
        rule = next((one for one in against if one in _FAILING), against[0])
        outcome, reported = FAILED if rule in _FAILING else NOT_EVALUATED, False
    failed = (tuple(_name_failed(step, verified, local)) or (str(rule),)) if outcome == FAILED else ()
    said = "; ".join(filter(None, (why, note)))
    unchecked = outcome == PASSED and not verified.judged
    return replace(
        bare, outcome=outcome, why=said, reported=reported, rule=rule, failed=failed, unchecked=unchecked
    )


def _judge_result(step: RunStep, verified: Verification | None = None) -> tuple[str, str, bool]:
    """Return a step's outcome, why, and whether the platform itself says so."""
    word, failed = run_models.read_word(step.status), (verified or verify(step)).failed
    kinds = ", ".join(failed)
    if word == run_models.FAILED:
        return FAILED, "; ".join(filter(None, (kinds, _say_length(step, known=bool(kinds))))), True
    if failed:
        said = (
            f"the platform reports {quoted(step.status, LONGEST_INPUT)} for the step"
            if step.status
            else "by its assertions"
        )
        return FAILED, f"{kinds} ({said})", False
    if not step.is_readable:
        return NOT_EVALUATED, "the platform's result of this step is not as documented", False
    if word == run_models.PASSED:
        return PASSED, "", True
    if not step.status:
        return _derive(step)
    return NOT_EVALUATED, f"the platform reports the status {quoted(step.status, LONGEST_INPUT)}", True


def _derive(step: RunStep) -> tuple[str, str, bool]:
    """Judge a step of which the platform gives no status by its assertions."""
    blocks = [block for check in step.checks for block in (check.flow, check.text, check.context)]
    words = {block.status for block in blocks if block.enabled}
    if words == {run_models.PASSED}:
        return PASSED, "by its assertions: the platform reports no status for the step", False
    return NOT_EVALUATED, "the platform reports no status for it", False


def _name_failed(step: RunStep, verified: Verification, local: LocalStep | None) -> Iterator[str]:
    """Yield what failed of a step, so that a baseline accepts this and nothing else."""
    fitting = {f"text of reply {number}" for number in find_fitting(step, local)} if local else set[str]()
    yield from (one for one in verified.failed if one not in fitting)
    if len(step.replies) != len(step.outputs):
        yield f"{plural(len(step.replies), 'reply', 'replies')} instead of {len(step.outputs)}"


def _say_length(step: RunStep, *, known: bool) -> str:
    if len(step.outputs) == len(step.replies):
        return "" if known else "the platform does not report which assertion failed"
    return f"replies expected: {len(step.outputs)}, given: {len(step.replies)}"


def _place(local: LocalSuite | None, thing: LocalStep | LocalSuite) -> str:
    return f"{visible(show_path(local.path))}:{thing.place.line}" if local else ""
