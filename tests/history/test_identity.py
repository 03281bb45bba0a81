"""Which step is which: by what is said, in bounded work."""

import pytest
from reports.records import make_record

from pytest_kore_convtest.history.identity import StepKey, make_key, pair_steps, percent_covered


def keys(*words):
    """Return the keys of inputs that expect the same reply."""
    return [make_key(word, ["Hi!"]) for word in words]


@pytest.mark.parametrize(
    ("transitions", "percent"),
    [
        ({"total": 8, "covered": 2}, 25.0),
        ({"total": 0, "covered": 0}, None),
        ({"total": None, "covered": 2}, None),
    ],
)
def test_coverage_is_a_part_of_something(transitions, percent):
    """Of nothing, or of what nobody knows, there is none."""
    coverage = {"totals": {"own": {"transitions": transitions}}}
    assert percent_covered(make_record(coverage=coverage)) == percent
    assert percent_covered(make_record()) is None


def test_reordered_steps_are_found():
    """All of them, wherever they stand."""
    assert pair_steps(keys("a", "b", "c"), keys("c", "a", "b")) == {0: 2, 1: 0, 2: 1}


def test_an_unknown_step_has_no_partner():
    """What is new is not taken for what is gone."""
    assert pair_steps(keys("a", "b"), keys("a", "x")) == {0: 0}


def test_the_work_is_bounded():
    """Two thousand equal steps against two thousand others come to pairs, each step once."""
    old = [StepKey("yes", str(at)) for at in range(2000)]
    new = [StepKey("yes", str(-at)) for at in range(2000)]
    pairs = pair_steps(old, new)
    assert len(pairs) == len(set(pairs.values())) == 2000
