"""The line that says first what a person needs first."""

from dataclasses import replace
from datetime import date

import pytest

from pytest_kore_convtest.history.headline import find_before, write_news
from pytest_kore_convtest.history.identity import RunState, StepState, SuiteState, make_key
from pytest_kore_convtest.history.store import PastRun

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


@pytest.mark.parametrize(
    ("began", "said"),
    [
        ("2026-11-28T07:00:00.000Z", "nothing fails that passed earlier today"),
        ("2026-11-27T07:00:00.000Z", "nothing fails that passed yesterday"),
        ("2026-11-26T07:00:00.000Z", "nothing fails that passed on 2026-11-26"),
        ("the other day", "nothing fails that passed before"),
        ("", "nothing fails that passed before"),
    ],
)
def test_the_run_before_is_told_by_its_day(began, said):
    """In words where they are short; a moment that nobody can read is only before."""
    now = run("2026-11-28T08:00:00.000Z", ("a", "passed"))
    assert write_news(now, run(began, ("a", "passed")), TODAY) == said


def test_runs_without_a_common_suite_are_told():
    """Nothing is called passed where nothing could be compared."""
    now = run("2026-11-28T08:00:00.000Z", ("a", "passed"))
    other = replace(now, suites=(replace(now.suites[0], name="OTHER", file="other.kore.json"),))
    assert write_news(now, other, TODAY) == "no suite of this run was in the one of earlier today"


def test_coverage_and_how_it_changed():
    """In whole percents; without a change nothing but the figure."""
    now = run("2026-11-28T08:00:00.000Z", ("a", "passed"), covered=61.2)
    before = run("2026-11-20T08:00:00.000Z", ("a", "passed"), covered=63.0)
    assert write_news(now, before, TODAY) == "nothing fails that passed on 2026-11-20; coverage 61 % (-2)"
    assert write_news(now, now, TODAY) == "nothing fails that passed earlier today; coverage 61 %"


def test_coverage_is_compared_with_that_of_the_same_suites():
    """A run of a part of them in between covered less, and says nothing about it."""
    now = run("2026-11-28T08:00:00.000Z", ("a", "passed"), covered=61.0)
    other = replace(now.suites[0], name="OTHER")
    now = replace(now, suites=(*now.suites, other))
    whole = replace(now, began="2026-11-26T08:00:00.000Z", covered=60.0)
    part = replace(now, began="2026-11-27T08:00:00.000Z", covered=10.0, suites=(other,))
    past = [PastRun(str(at), "passed", "", state) for at, state in enumerate((whole, part))]
    said = "nothing fails that passed yesterday; coverage 61 % (+1)"
    assert write_news(now, find_before(past, now), TODAY) == said
    assert write_news(now, find_before(past[1:], now), TODAY).endswith("coverage 61 %")


def test_a_suite_that_fails_by_its_structure_too_is_told_as_such():
    """It failed before by a step, and fails now by more."""
    before = run("2026-11-27T08:00:00.000Z", ("a", "failed"))
    now = run("2026-11-28T08:00:00.000Z", ("a", "failed"))
    now = replace(now, suites=(replace(now.suites[0], import_fails=True),))
    said = "1 result fails, failed otherwise yesterday (BOOKING); 1 still failing"
    assert write_news(now, before, TODAY) == said
