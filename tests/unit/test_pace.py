"""The rhythm of the pauses, and the platform's own limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.pace import PER_HOUR, PER_MINUTE, RateLimit, Rhythm


def test_the_default_rhythm():
    """Pauses grow by half from the shortest to the longest and stay there."""
    rhythm = Rhythm(2.0, 10.0)
    assert [rhythm.next_pause() for _ in range(7)] == [2.0, 3.0, 4.5, 6.75, 10.0, 10.0, 10.0]


@pytest.mark.parametrize("longest", [2.0, 1.0])
def test_a_steady_rhythm(longest):
    """A longest pause that is not above the shortest makes all pauses equal to the shortest."""
    rhythm = Rhythm(2.0, longest)
    assert [rhythm.next_pause() for _ in range(3)] == [2.0, 2.0, 2.0]


def test_sixty_a_minute():
    """The sixty-first request waits until the first is a minute old, not for the next full minute."""
    limit = RateLimit()
    for second in range(PER_MINUTE):
        assert limit.earliest(100.0 + second / 2) == 100.0 + second / 2
        limit.note(100.0 + second / 2)
    assert limit.earliest(130.0) == 160.0
    limit.note(160.0)
    assert limit.earliest(160.0) == 160.5


def test_1800_an_hour():
    """With one request each second the hour's limit is reached after half an hour."""
    limit = RateLimit()
    for second in range(PER_HOUR):
        assert limit.earliest(float(second)) == second
        limit.note(float(second))
    assert limit.earliest(1800.0) == 3600.0


@given(st.lists(st.floats(0, 30), max_size=400))
def test_no_window_holds_more(pauses):
    """However soon one wants to ask, no minute holds more than sixty requests."""
    limit, now, times = RateLimit(), 0.0, []
    for pause in pauses:
        now = limit.earliest(now + pause)
        limit.note(now)
        times.append(now)
    for first, later in zip(times, times[PER_MINUTE:], strict=False):
        assert later - first >= 60.0 - 1e-9
