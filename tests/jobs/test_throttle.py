"""How many changes at once, and how often, over all processes of a test run."""

import pytest
from jobs.waiting import FakeClock

from pytest_kore_convtest.jobs.backoff import PER_MINUTE, RateLimit
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.jobs.throttle import IN_A_ROUND, LOOK_AGAIN, WRITES, RateLimiter, Rounds
from pytest_kore_convtest.settings.settings import Settings


@pytest.fixture(params=["one process", "two processes"])
def pair(request, tmp_path):
    """Make the limiter of two who meet in one store, in memory or on disk, at a time that stands still."""
    memory = JobStore(None)
    folder = tmp_path / "run"
    now = [1000.0]

    def make(**values):
        settings = Settings.read(env={}, **values)
        stores = [memory, memory] if request.param == "one process" else [JobStore(folder), JobStore(folder)]
        return now, *(RateLimiter(store, settings, lambda: now[0]) for store in stores)

    return make


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_slots_than_allowed(pair, most):
    """As many as ``kore_max_parallel`` are given, whoever asks; one that is free again is given again."""
    _, first, second = pair(max_parallel=most)
    slots = [first.take_slot() for _ in range(most)]
    assert None not in slots
    assert second.take_slot() is None
    slots[0].release()
    slots[0] = second.take_slot()
    assert slots[0] is not None
    assert first.take_slot() is None


def test_sixty_changes_a_minute(pair):
    """The sixty-first change waits until the first one is a minute old, whoever made them."""
    now, first, second = pair()
    assert all((first, second)[number % 2].may_write() for number in range(60))
    assert not first.may_write()
    assert not second.may_write()
    now[0] += 61
    assert second.may_write()


@pytest.mark.parametrize(("share", "most"), [("1/4", 15), ("0.5", 30), ("1/7", 8), ("1/60", 1), ("1/90", 1)])
def test_a_part_of_the_limits(pair, share, most):
    """A machine makes its part of sixty changes a minute, rounded down but never to none."""
    now, first, second = pair(rate_share=share)
    assert all((first, second)[number % 2].may_write() for number in range(most))
    assert not first.may_write()
    now[0] += 61
    assert second.may_write()


@pytest.mark.parametrize("of", range(1, 61))
def test_the_parts_make_no_more_than_the_limits(of):
    """However many machines share them, all together keep the limits, and waste less than one each."""
    limit = RateLimit(share=1 / of)
    made = 0
    while limit.earliest(0.0) == 0.0:
        limit.note(0.0)
        made += 1
    assert PER_MINUTE - of < made * of <= PER_MINUTE


def test_the_limit_can_be_switched_off(pair):
    """With ``kore_rate_limit`` off nothing is counted."""
    _, first, _ = pair(rate_limit=False)
    assert all(first.may_write() for _ in range(100))


def test_only_one_counts_at_a_time(tmp_path):
    """While another process counts, nobody else may write; afterwards the count is complete."""
    store, other = JobStore(tmp_path / "run"), JobStore(tmp_path / "run")
    limiter = RateLimiter(store, Settings.read(env={}), lambda: 1000.0)
    claim = other.claim(WRITES)
    assert not limiter.may_write()
    claim.release()
    assert limiter.may_write()
    assert other.read(WRITES) == {"times": [1000.0]}


def test_a_limit_that_refuses_gives_its_turn_back(pair):
    """A refused change leaves no lock behind."""
    now, first, second = pair()
    assert all(first.may_write() for _ in range(60))
    assert not first.may_write()
    now[0] += 3600
    assert second.may_write()


def test_a_thousand_jobs_that_wait_are_looked_at_no_more_often_than_fifty():
    """A round of looks takes longer the more jobs are held up, and is as short as before when they go on."""
    rounds = Rounds(RateLimiter(JobStore(None), Settings.read(env={}), lambda: 0.0), FakeClock(100.0))
    assert rounds.next_look("only") == pytest.approx(100.0 + LOOK_AGAIN)
    looks = [rounds.next_look(str(number)) - 100.0 for number in range(1000)]
    assert looks[-1] == pytest.approx(LOOK_AGAIN * 1001 / IN_A_ROUND)
    for number in range(1000):
        rounds.leave(str(number))
    assert rounds.next_look("only") == pytest.approx(100.0 + LOOK_AGAIN)


def test_full_places_are_not_looked_at_for_every_job():
    """After a look that found all taken the next one waits a moment, unless a place of ours is free again."""
    clock, store = FakeClock(100.0), JobStore(None)
    rounds = Rounds(RateLimiter(store, Settings.read(env={}, max_parallel=1), lambda: 0.0), clock)
    taken = store.claim("slot 0")
    assert rounds.take_slot() is None
    taken.release()
    assert rounds.take_slot() is None
    clock.sleep(LOOK_AGAIN)
    again = rounds.take_slot()
    assert again is not None
    assert rounds.take_slot() is None
    again.release()
    rounds.slot_is_free()
    assert rounds.take_slot() is not None
