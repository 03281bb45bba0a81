"""How often something passed, and between what bounds its pass rate lies."""

import pytest

from pytest_kore_convtest.suites.attempts import measure_rate


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
