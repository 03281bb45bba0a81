"""Which step is which: by what is said, in bounded work."""

from pytest_kore_convtest.history.identity import StepKey, make_key, pair_steps


def keys(*words):
    """Return the keys of inputs that expect the same reply."""
    return [make_key(word, ["Hi!"]) for word in words]


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
