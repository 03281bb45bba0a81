"""What time may do to a wait: clocks that jump, machines that sleep, jobs that stand still or go back."""

from email.utils import formatdate
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from property.test_waiting import GOOD, play
from property.wire import EPOCH, Clock, Road, cut, examples, refusal, status

from pytest_kore_convtest.errors import JobExpiredError, JobStalledError, JobTimeoutError, UnreachableError
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.jobs.throttle import RateLimiter

DAY = 86400.0


def moving(_number, _request, after):
    """Answer as a job that moves on with every ask, and never ends."""
    return status(percent=min(99, int(after / 10)), modified=int(after) % 60)


def asked(road):
    """Return when requests left, counted from the first one."""
    return [round(one.at - road.sent[0].at, 3) for one in road.sent]


def until(end, last=GOOD, before=moving):
    """Answer as a job that is over after so many seconds."""
    return lambda number, request, after: last if after >= end else before(number, request, after)


def jump(at, by):
    """Return a clock whose wall time is set anew at a moment, and stays so."""
    return Clock(lambda now: by if now > at else 0.0)


def sleeper(at, lasts):
    """Return the clock of a machine that is suspended once, in its first sleep after a moment."""
    clock = Clock()
    gaps = [lasts]
    clock.oversleeps = lambda seconds: seconds + (gaps.pop() if gaps and clock.now > at and seconds else 0.0)
    return clock


@examples(60)
@given(
    st.floats(0, 300),
    st.sampled_from([-DAY, -3600.0, -1.0, 1.0, 3600.0, DAY, 400 * DAY]),
    st.floats(1, 590) | st.floats(600, 900),
)
def test_the_wall_clock_jumps(at, by, end):
    """Setting the clock of the machine changes neither when a wait asks nor how it ends."""
    still, _ = play(until(end))
    road, outcome = play(until(end), jump(at, by))
    assert asked(road) == asked(still)
    assert (outcome.status is None) == (end >= 600)


@pytest.mark.parametrize("by", [-DAY, -3600.0, 3600.0, DAY])
def test_the_wall_clock_jumps_before_asking_again(by):
    """After trouble, what is left of a job's time is never more than the whole, however the clock was set."""
    clock = jump(100.0, by)
    road = Road(until(700.0, before=lambda *_: cut()), clock, outage_budget=200.0)
    outcome = road.watch()
    assert type(outcome.trouble) is UnreachableError
    begun = clock.now
    road.pipeline.ask_again(next(iter(road.pipeline.jobs.values())), outcome.generation)
    assert clock.now - begun <= 600.25


@pytest.mark.parametrize("by", [-DAY, -3600.0, 3600.0])
def test_the_wall_clock_jumps_between_writes(by):
    """Setting the clock does not block changes for longer than the platform's own minute."""
    clock = jump(30.0, by)
    turns = RateLimiter(JobStore(None), Road([GOOD]).settings, clock.wall)
    times = []
    while clock.now < 200:
        times += [clock.now] * turns.may_write()
        clock.sleep(0.2)
    assert min(at for at in times if at > 30) <= 91


@pytest.mark.parametrize("lasts", [30.0, 599.0, 601.0, 3600.0, DAY])
def test_a_suspended_machine(lasts):
    """A machine that wakes up asks at once, and a job that is over by then is a success."""
    road, outcome = play_late(until(50.0), sleeper(20.0, lasts))
    assert outcome.trouble is None
    assert len([at for at in asked(road) if at > 50]) == 1


def test_a_suspended_machine_and_a_job_that_goes_on():
    """A machine that wakes up past the deadline asks once, and gives up with the command that resumes."""
    road, outcome = play_late(moving, sleeper(20.0, 3600.0))
    assert type(outcome.trouble) is JobTimeoutError
    assert len([at for at in asked(road) if at > 600]) == 1
    assert "--kore-ds-id" in str(outcome.trouble)


def test_a_suspended_machine_is_no_outage():
    """Time in which nobody asked is no time without an answer: the network may come back a little later."""
    clock = sleeper(20.0, 3600.0)
    road, outcome = play_late(
        lambda _number, _request, after: (
            moving(0, 0, after) if after < 30 else cut("dns") if after < 3660 else GOOD
        ),
        clock,
        timeout=7200.0,
    )
    assert outcome.trouble is None
    assert len(road.sent) > 5


def test_a_suspended_machine_is_no_standstill():
    """A job that had not moved before the machine fell asleep gets its whole patience after it."""
    clock = sleeper(20.0, 3600.0)
    _, outcome = play_late(until(3800.0, before=lambda *_: status()), clock, timeout=7200.0)
    assert outcome.trouble is None


def play_late(choose, clock, **settings):
    """Wait for the job on a machine that oversleeps, which no bound in time holds for."""
    road = Road(choose, clock, **settings)
    return road, road.watch()


@pytest.mark.parametrize("timeout", [0.05, 0.3, 1.0, 1.9])
def test_a_deadline_shorter_than_one_interval(timeout):
    """Such a wait asks at once and on its deadline, and nothing in between."""
    road, outcome = play(moving, timeout=timeout)
    assert type(outcome.trouble) is JobTimeoutError
    assert len(road.sent) <= 2
    assert abs(road.sent[-1].until - timeout) <= 0.25


@pytest.mark.parametrize("timeout", [0.3, 1.0, 1.9])
def test_a_job_that_ends_before_a_deadline_shorter_than_one_interval(timeout):
    """A job that is over just before such a deadline is a success."""
    _, outcome = play(until(timeout - 0.15), timeout=timeout)
    assert outcome.trouble is None


def test_a_job_past_its_expiry():
    """A record's ``expireAt`` ends no wait as long as the platform answers."""
    expired = {"expireAt": "2020-01-01T00:00:00.000Z"}
    _, outcome = play(until(500.0, before=lambda _n, _r, after: status(percent=after // 10, changes=expired)))
    assert outcome.trouble is None


@pytest.mark.parametrize("ahead", [0.0, -DAY, DAY])
def test_a_record_that_is_dropped(ahead):
    """A record that is gone is explained by its expiry, measured by the server's clock, not by ours."""
    gone = refusal(
        400, "Invalid request ID", "missing", headers=(("date", formatdate(EPOCH + 960, usegmt=True)),)
    )
    expires = {"expireAt": "2023-11-14T22:28:20.000Z"}
    choose = lambda _n, _r, after: gone if after > 60 else status(changes=expires)  # noqa: E731 - short
    road, outcome = play(choose, jump(0.0, ahead))
    assert type(outcome.trouble) is JobExpiredError
    assert "expired 60 s ago" in str(outcome.trouble)
    assert len([at for at in asked(road) if at > 60]) == 3


@pytest.mark.parametrize("what", ["shorter", "longer"])
def test_a_standstill_around_its_budget(what):
    """A job that stands still fails when it does so for longer than its budget, and only then."""
    over = -1.0 if what == "shorter" else 1.0
    _, outcome = play(until(300.0 + over, before=lambda *_: status()))
    assert (outcome.trouble and type(outcome.trouble)) == (JobStalledError if what == "longer" else None)


@pytest.mark.parametrize("moves", ["percent", "modified", "word"])
def test_a_sign_of_life_is_no_standstill(moves):
    """Any change of word, percentage or modification time is life."""

    def choose(_number, _request, after):
        beat = int(after // 250)
        return {
            "percent": status(percent=beat),
            "modified": status(modified=beat),
            "word": status(["QUEUED", "PENDING", "RUNNING", "IN_PROGRESS"][beat % 4]),
        }[moves]

    _, outcome = play(until(900.0, before=choose), timeout=1000.0)
    assert outcome.trouble is None


@examples(60)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=30), st.floats(0, 590))
def test_percent_is_no_verdict(percents, end):
    """Whatever the percentage does, backwards or at 100 while running: only the word ends a wait."""
    before = lambda number, _r, _a: status(percent=percents[number % len(percents)], modified=number % 60)  # noqa: E731
    _, outcome = play(until(end, before=before))
    assert outcome.trouble is None


def test_all_done_but_running():
    """A job at 100 % that runs on for a minute is asked no faster than others, and ends well."""
    road, outcome = play(until(75.0, before=lambda _n, _r, after: status(percent=100 if after > 15 else 40)))
    assert outcome.trouble is None
    assert min(later - sooner for sooner, later in pairwise(asked(road))) >= 2
