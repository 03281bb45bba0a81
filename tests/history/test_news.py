"""The line that says first what a person needs first."""

from datetime import date

import pytest

from pytest_kore_convtest.history.identity import RunState, StepState, SuiteState, make_key
from pytest_kore_convtest.history.news import write_news

TODAY = date(2026, 11, 28)


def run(began, *steps, covered=None):
    """Return a run of one suite, its steps by (input, outcome)."""
    made = tuple(
        StepState(make_key(said, ["Hi!"]), number, said, outcome)
        for number, (said, outcome) in enumerate(steps, 1)
    )
    verdict = "failed" if any(step.outcome == "failed" for step in made) else "passed"
    suite = SuiteState("booking.kore.json", "BOOKING", verdict, "", 1.0, "inDevelopment", made)
    return RunState(frozenset({"st-1"}), began, ("inDevelopment",), covered, (suite,))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (
            (("a", "passed"), ("b", "passed")),
            "2 steps fail that passed yesterday (BOOKING: step 01, step 02)",
        ),
        (
            (("a", "flaky"), ("b", "failed")),
            "1 step fails, flaky yesterday (BOOKING: step 01); 1 still failing",
        ),
        ((("b", "failed"),), "1 step fails, new since yesterday (BOOKING: step 01); 1 still failing"),
        (
            (("a", "passed"), ("b", "not evaluated")),
            (
                "1 step fails that passed yesterday (BOOKING: step 01);"
                " 1 step fails, not verified yesterday (BOOKING: step 02)"
            ),
        ),
    ],
)
def test_steps_that_fail_are_told_by_what_they_were(before, said):
    """Each with its number, the plain passes of the day before first."""
    now = run("2026-11-28T08:00:00.000Z", ("a", "failed"), ("b", "failed"))
    assert write_news(now, run("2026-11-27T08:00:00.000Z", *before), TODAY) == said


def test_coverage_and_how_it_changed():
    """In whole percents; without a change nothing but the figure."""
    now = run("2026-11-28T08:00:00.000Z", ("a", "passed"), covered=61.2)
    before = run("2026-11-20T08:00:00.000Z", ("a", "passed"), covered=63.0)
    assert write_news(now, before, TODAY) == "nothing fails that passed on 2026-11-20; coverage 61 % (-2)"
    assert write_news(now, now, TODAY) == "nothing fails that passed earlier today; coverage 61 %"
