"""The backoff of the pauses, and the platform's own limits."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.jobs.backoff import PER_HOUR, PER_MINUTE, RECENT, Backoff, RateLimit
from pytest_kore_convtest.settings.settings import Settings


def pauses(backoff, until, percent=lambda _elapsed: None):
    """Return the pauses of a wait of so many seconds, each with its beginning."""
    elapsed, found = 0.0, []
    while elapsed < until:
        pause = backoff.next_pause(elapsed, percent(elapsed))
        found.append((elapsed, pause))
        elapsed += pause
    return found


def before(found, moment):
    """Return the last pause that began before a moment."""
    return [pause for at, pause in found if at < moment][-1]


def test_the_default_rhythm():
    """Without a percentage pauses grow with the square root of the time, up to 9.4 s."""
    found = pauses(Backoff(2.0, 10.0), 200.0)
    assert [round(pause, 2) for _, pause in found[:6]] == [2.0, 2.0, 2.83, 3.14, 3.46, 3.78]
    for elapsed, pause in found[2:]:
        assert pause == pytest.approx(min(math.sqrt(20 * (elapsed + 8) / 30), 9.39), abs=0.01)


def test_early_on():
    """Early on no pause by the time alone is longer than half of the elapsed time, and a second."""
    for elapsed, pause in pauses(Backoff(1.0, 400.0), 60.0):
        assert pause <= elapsed / 2 + 1


def test_ten_minutes():
    """A job of ten minutes that says nothing gets at most 75 requests, the last one included."""
    settings = Settings.read(env={})
    found = pauses(Backoff(settings.poll_interval, settings.max_poll_interval), 600.0)
    assert len(found) + 1 <= 75


@pytest.mark.parametrize("longest", [2.0, 1.0])
def test_a_steady_rhythm(longest):
    """A longest pause that is not above the shortest makes all pauses equal to the shortest."""
    found = pauses(Backoff(2.0, longest, chance=lambda: 1.0), 300.0, lambda at: at / 3)
    assert {pause for _, pause in found} == {2.0}


def test_far_from_done():
    """While the percentage says that much is left, pauses are up to four times as long."""
    plain = Backoff(0.5, 40.0).next_pause(30.0)
    backoff = Backoff(0.5, 40.0)
    backoff.next_pause(20.0, 2.0)
    assert backoff.next_pause(30.0, 3.0) == pytest.approx(4 * plain)


def test_nearly_done():
    """Where the percentage puts the end, pauses are as short as a quarter."""
    plain = Backoff(0.5, 40.0).next_pause(100.0)
    backoff = Backoff(0.5, 40.0)
    backoff.next_pause(90.0, 89.0)
    assert backoff.next_pause(100.0, 99.0) == pytest.approx(plain / 4)


def test_half_of_the_way():
    """In between, a pause takes half of what is left at the present speed."""
    backoff = Backoff(0.5, 40.0)
    backoff.next_pause(20.0, 60.0)
    assert backoff.next_pause(30.0, 70.0) == pytest.approx(15.0)


def test_the_present_speed():
    """What was long ago does not count: after a slow half, the speed is that of the last asks."""
    slow_then_fast = Backoff(0.5, 40.0)
    for at, percent in ((10.0, 1.0), (40.0, 2.0), (70.0, 40.0), (90.0, 60.0)):
        slow_then_fast.next_pause(at, percent)
    fast = Backoff(0.5, 40.0)
    fast.next_pause(70.0, 40.0)
    assert slow_then_fast.next_pause(100.0, 70.0) == fast.next_pause(100.0, 70.0)


IDLE = {
    "it stands still": lambda at: min(85.0, 6 * at),
    "it goes back": lambda at: 90.0 - at / 10,
    "it is always zero": lambda _at: 0.0,
    "it is no number": lambda _at: math.nan,
}


@pytest.mark.parametrize("percent", IDLE.values(), ids=IDLE)
def test_a_percentage_that_does_not_move_on(percent):
    """A percentage that stands still, goes back or is no number leaves the backoff as it is without one."""
    plain = Backoff(2.0, 10.0).next_pause(200.0)
    assert before(pauses(Backoff(2.0, 10.0), 200.0, percent), 200.0) == pytest.approx(plain)


def test_one_hundred_percent_is_not_the_end():
    """A job that says 100 % and goes on is asked somewhat more often, not in a rush."""
    plain = Backoff(2.0, 10.0).next_pause(120.0)
    assert Backoff(2.0, 10.0).next_pause(120.0, 100.0) == pytest.approx(0.8 * plain)


def test_a_jump():
    """A percentage that leaps to 85 at once does not make a rush of the rest of the wait."""
    leap = pauses(Backoff(2.0, 10.0), 63.0, lambda at: 85.0 if at > 5 else 0.0)
    plain = pauses(Backoff(2.0, 10.0), 63.0)
    assert len(leap) <= len(plain) + 2


def test_a_history_sharpens_the_end():
    """Around the usual duration asks are dense, well before it they are not."""
    found = pauses(Backoff(1.0, 20.0, expected=60.0), 60.0)
    assert before(found, 60.0) == pytest.approx(Backoff(1.0, 20.0).next_pause(60.0) / 4, abs=0.1)
    assert before(found, 40.0) >= Backoff(1.0, 20.0).next_pause(30.0)


def test_a_history_goes_before_a_percentage_that_promises_more():
    """Where a history puts the end asks are dense, though the percentage says that much is left."""
    known = Backoff(1.0, 20.0, expected=60.0)
    found = pauses(known, 60.0, lambda at: at / 10)
    assert before(found, 60.0) < Backoff(1.0, 20.0).next_pause(60.0) / 2


def test_a_history_does_not_hurry_early_on():
    """Well before the usual end a percentage that rushes ahead makes no pause shorter than the plain one."""
    backoff = Backoff(0.5, 40.0, expected=600.0)
    backoff.next_pause(90.0, 89.0)
    assert backoff.next_pause(100.0, 99.0) >= Backoff(0.5, 40.0).next_pause(100.0)


def test_a_history_that_is_too_long():
    """A history that is too long makes no pause longer than the plain one, or than a quarter of the time.

    The time is the time elapsed so far.
    """
    for elapsed, pause in pauses(Backoff(1.0, 60.0, expected=600.0), 60.0):
        plain = Backoff(1.0, 60.0).next_pause(elapsed)
        assert pause <= max(plain, elapsed / 4) + 1e-9


def test_a_history_that_is_too_short():
    """Some time after the usual duration the backoff is the plain one again."""
    found = pauses(Backoff(2.0, 10.0, expected=30.0), 100.0)
    assert before(found, 38.0) < 3.0
    at, pause = found[-1]
    assert pause == Backoff(2.0, 10.0).next_pause(at)


@pytest.mark.parametrize("expected", [None, 0.0, -5.0])
def test_no_history(expected):
    """An expected duration that has passed already, or is none, changes nothing."""
    assert pauses(Backoff(2.0, 10.0, expected=expected), 60.0) == pauses(Backoff(2.0, 10.0), 60.0)


def test_processes_drift_apart():
    """Pauses vary by up to a tenth, so that two processes do not go on asking at the same time."""
    plain = Backoff(2.0, 10.0).next_pause(60.0)
    assert Backoff(2.0, 10.0, chance=lambda: 0.0).next_pause(60.0) == pytest.approx(0.9 * plain)
    assert Backoff(2.0, 10.0, chance=lambda: 1.0).next_pause(60.0) == pytest.approx(1.1 * plain)


@given(
    st.floats(0.05, 20),
    st.floats(0.05, 60),
    st.none() | st.floats(0, 1e5),
    st.lists(st.tuples(st.floats(0, 100), st.none() | st.floats()), max_size=40),
    st.floats(0, 1),
)
def test_bounds_hold(shortest, longest, expected, answers, chance):
    """Whatever the platform says, and when, no pause is below the shortest or above the longest."""
    backoff = Backoff(shortest, longest, expected=expected, chance=lambda: chance)
    elapsed = 0.0
    for more, percent in answers:
        elapsed += more
        assert shortest <= backoff.next_pause(elapsed, percent) <= max(shortest, longest)


def test_a_long_wait_keeps_little():
    """What a wait remembers of percentages is the recent part only."""
    pauses = Backoff(2.0, 2.0)
    for second in range(10_000):
        pauses.next_pause(float(second), second / 100)
    assert len(pauses._seen) <= 10_000 * (1 - RECENT) + 2


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
