"""How often something passed, and between what bounds its pass rate lies."""

import pytest

from pytest_kore_convtest.rules import Rule, Severity
from pytest_kore_convtest.suites.results.attempts import Repetition, combine, measure_rate, wants_another
from pytest_kore_convtest.suites.results.judge import judge_run
from pytest_kore_convtest.suites.results.run_result import FAILED, FLAKY, NOT_EVALUATED, PASSED, Attempt
from tests.suites.test_match_replies import answer, expected, result


@pytest.mark.parametrize(
    ("passed", "evaluated", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 1, 0.0, 0.7935),
        (1, 1, 0.2065, 1.0),
        (9, 10, 0.5958, 0.9821),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (500, 1000, 0.4691, 0.5309),
    ],
)
def test_the_interval_is_wilson_s(passed, evaluated, low, high):
    """Figures of the published formula; it stays within 0 and 1 at both ends."""
    rate = measure_rate(passed, evaluated, 0.9)
    assert (rate.passed, rate.evaluated) == (passed, evaluated)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(
    ("passed", "evaluated", "least", "enough"),
    [(9, 10, 0.9, True), (8, 10, 0.9, False), (10, 10, 1.0, True), (9, 10, 1.0, False), (0, 0, 0.5, False)],
)
def test_a_rate_is_enough_from_its_least_on(passed, evaluated, least, enough):
    """The least itself is enough; nothing evaluated is not."""
    assert measure_rate(passed, evaluated, least).is_enough is enough


def judged(*words):
    """Judge a run without a file: a step for each word of the platform."""
    steps = [
        result([expected("Hi!", word)], ["Hi!"], word, said=f"step {at}") for at, word in enumerate(words)
    ]
    return judge_run(answer(*steps, status="failed" if "failed" in words else "passed"))


@pytest.mark.parametrize(
    ("first", "second", "outcome", "steps"),
    [
        (("passed", "failed"), ("passed",), FAILED, [PASSED, FAILED]),
        (("failed", "passed"), ("passed",), PASSED, [FLAKY, PASSED]),
        (("failed",), ("passed", "passed"), PASSED, [FLAKY, PASSED]),
        (("failed",), ("passed", "failed"), FAILED, [FLAKY, FAILED]),
    ],
)
def test_a_step_that_one_run_does_not_report_is_not_lost(first, second, outcome, steps):
    """Without a file the platform alone says which steps there are: a failure stays until the step passes."""
    runs = [judged(*first), judged(*second)]
    attempts = [Attempt(at, one.outcome, "", "", 1.0) for at, one in enumerate(runs, 1)]
    joined = combine(runs, attempts, Repetition(retries=1), {})
    assert [step.outcome for step in joined.steps] == steps
    assert joined.outcome == outcome
    again = Repetition(retries=5)
    assert wants_another(runs, again) is (outcome == FAILED and second[-1] == "failed")


@pytest.mark.parametrize("severity", Severity)
def test_a_flaky_step_is_told_as_its_rule_says(severity):
    """Switched off, nothing is said of it, and the step is flaky all the same."""
    runs = [judged("failed"), judged("passed")]
    attempts = [Attempt(at, one.outcome, "", "", 1.0) for at, one in enumerate(runs, 1)]
    joined = combine(runs, attempts, Repetition(retries=1), {Rule.FLAKY_STEP: severity})
    assert [step.outcome for step in joined.steps] == [FLAKY]
    told = [one.severity for one in joined.findings if one.rule is Rule.FLAKY_STEP]
    assert told == ([] if severity == Severity.OFF else [severity])


def test_a_step_that_a_repetition_does_not_report_is_not_verified():
    """Each of them counts."""
    runs = [judged("passed", "passed"), judged("passed")]
    attempts = [Attempt(at, one.outcome, "", "", 1.0) for at, one in enumerate(runs, 1)]
    joined = combine(runs, attempts, Repetition(repeats=2), {})
    assert [step.outcome for step in joined.steps] == [PASSED, NOT_EVALUATED]
    assert joined.outcome == NOT_EVALUATED
