"""How long jobs took in earlier test runs."""

import json
import warnings
from types import SimpleNamespace

import pytest

from pytest_kore_convtest.jobs.backoff import Backoff
from pytest_kore_convtest.jobs.job import SuiteImport, WatchImport
from pytest_kore_convtest.jobs.progress import State
from pytest_kore_convtest.plugin.durations import Durations
from pytest_kore_convtest.settings.settings import Settings


class Cache(dict):
    """A cache as pytest has it, which keeps JSON."""

    def set(self, key, value):
        """Keep a value."""
        self[key] = json.loads(json.dumps(value))


def durations(cache, **env):
    """Return the durations of a run with this cache."""
    return Durations(SimpleNamespace(cache=cache), Settings.read(env=env))


def ended(seconds, memory="BOOKING", generation=1, *, good=True):
    """Return a job that has ended."""
    return State(
        f"k {seconds}",
        memory,
        generation=generation,
        words="SUCCESS",
        elapsed=seconds,
        memory=memory,
        good=good,
    )


def under_way(memory="BOOKING"):
    """Return a job under way."""
    return State("k", memory, words="IN_PROGRESS", memory=memory)


def test_two_earlier_durations_make_an_estimate():
    """One is chance; of several it is the one in the middle, over all test runs."""
    cache = Cache()
    known = []
    for seconds in (60.0, 66.0, 200.0):
        one = durations(cache)
        known.append(one.usual(under_way()))
        one.learn([ended(seconds)])
        one.save()
    assert known == [None, None, 63.0]
    assert durations(cache).usual(under_way()) == 66.0


def test_a_job_is_learnt_once():
    """The display shows an ended job many times."""
    one = durations(Cache())
    for _ in range(3):
        one.learn([ended(5.0)])
    assert one.usual(under_way()) is None


@pytest.mark.parametrize("state", [ended(5.0, good=False), ended(5.0, memory=""), under_way()])
def test_only_a_whole_job_of_ours_teaches(state):
    """A job without a verdict, one that others began, and one under way say nothing about lengths."""
    cache = Cache()
    one = durations(cache)
    one.learn([state])
    one.save()
    assert cache == {}


def test_another_bots_jobs_take_another_time():
    """What the emulator took is no ground for the platform, nor one bot for another."""
    cache = Cache()
    emulated = durations(cache, KORE_EMULATOR="1")
    emulated.learn([ended(1.0), ended(2.0)])
    emulated.save()
    assert emulated.usual(under_way()) == 1.5
    assert durations(cache, KORE_STREAM_ID="st-1").usual(under_way()) is None


def test_a_job_without_a_memory_has_no_estimate():
    """A job that somebody else began is not mistaken for another."""
    one = durations(Cache())
    one.learn([ended(1.0), ended(2.0)])
    assert one.usual(under_way(memory="")) is None


@pytest.mark.parametrize(
    "found", [None, [], "x", {" BOOKING": "x"}, {" BOOKING": ["x", -1, float("nan"), float("inf"), None]}]
)
def test_a_spoilt_cache_is_an_empty_one(found):
    """Whatever stands in the cache's file, nothing breaks and nothing is believed."""
    assert durations(Cache({"kore/durations": found})).usual(under_way()) is None


def test_without_a_cache_nothing_is_known():
    """With -p no:cacheprovider there is no memory, and no trouble."""
    one = Durations(SimpleNamespace(), Settings.read(env={}))
    one.learn([ended(1.0)])
    one.save()
    assert one.usual(under_way()) is None


def test_a_cache_that_cannot_be_written_fails_no_test():
    """The warning about it stays inside, even where warnings are errors."""
    cache = Cache()
    cache.set = lambda *_: warnings.warn("cannot write", stacklevel=1)
    one = durations(cache)
    one.learn([ended(1.0)])
    one.save()


def test_a_wait_asks_around_the_usual_end():
    """The pauses for a job that is known are short where it usually ends, less what it has waited already."""
    cache = Cache()
    one = durations(cache)
    one.learn([ended(60.0), ended(61.0)])
    job = SuiteImport("k", "BOOKING")
    plain = Backoff(2.0, 10.0).next_pause(55.0)
    assert one.backoff(job).next_pause(55.0) < plain / 2
    job.before = 55.0
    assert one.backoff(job).next_pause(5.0) < Backoff(2.0, 10.0).next_pause(5.0)
    assert one.backoff(WatchImport("k", "BOOKING", "ds-1")).next_pause(55.0) > plain / 2
