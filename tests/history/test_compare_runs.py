"""Two runs beside each other: in which section a suite and its steps come."""

from dataclasses import replace

import pytest

from pytest_kore_convtest.history.compare import compare_runs
from pytest_kore_convtest.history.identity import RunState, StepState, SuiteState, make_key
from pytest_kore_convtest.history.render import render_text

SUITE = SuiteState("a.kore.json", "A", "passed", "", 10.0, "inDevelopment", ())


def run(*suites):
    """Return a run of some suites."""
    return RunState(frozenset({"st-1"}), "2026-11-28T08:00:00.000Z", ("inDevelopment",), None, suites)


def steps(*outcomes, **more):
    """Return a suite with a step for each outcome."""
    made = tuple(
        StepState(make_key(f"say {at}", ["Hi!"]), at, f"say {at}", outcome)
        for at, outcome in enumerate(outcomes, 1)
    )
    return replace(SUITE, steps=made, **more)


def sections(before, after):
    """Return what is in the sections that are not empty: what is said, and what it was."""
    found = compare_runs(run(*before), run(*after)).sections
    return {key: [(one.said, one.was) for one in several] for key, several in found.items() if several}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (steps("passed"), steps("flaky"), {"flaky": [("passed before", "passed")]}),
        (steps("flaky"), steps("passed"), {"mended": [("flaky before", "flaky")]}),
        (SUITE, steps("flaky"), {"flaky": [("", "")]}),
        (
            SUITE,
            replace(SUITE, verdict="unknown", why="late"),
            {"unverified": [("late", "passed")]},
        ),
        (
            replace(SUITE, verdict="unknown"),
            replace(SUITE, verdict="unknown", why="late"),
            {},
        ),
        (
            SUITE,
            replace(SUITE, seconds=45.0),
            {"slower": [("10.0 s before, 45.0 s now; one measurement each", "")]},
        ),
    ],
)
def test_a_suite_that_both_runs_have(before, after, found):
    """What changed is told once, with what it was."""
    assert sections([before], [after]) == found


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (SUITE, {"new": [("the whole suite", "")]}),
        (
            replace(SUITE, verdict="unknown", why="late"),
            {"new": [("the whole suite", "")], "unverified": [("late", "")]},
        ),
    ],
)
def test_a_suite_that_the_earlier_run_does_not_have(after, found):
    """It is new, and judged all the same."""
    assert sections([], [after]) == found


def test_of_many_changes_some_are_shown():
    """How many more there are stands below them; what is slower says what that means."""
    old, new = steps(*["passed"] * 5, seconds=10.0), steps(*["failed"] * 5, seconds=45.0)
    lines = render_text(compare_runs(run(old), run(replace(new, verdict="failed"))), 2)
    start = lines.index("newly failing (5)")
    assert lines[start + 3] == "  and 3 more"
    assert "got slower (1), which is 1.5 times as long and 5 s more" in lines
