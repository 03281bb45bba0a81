"""Asking, judging, sleeping; and sending what must not happen twice."""

import threading
import time

import pytest
from jobs.waiting import FakeClock, NoAnswer, Service, make_wait, poll_until, running, success, unreachable

from pytest_kore_convtest.api.retry import SystemClock, persist
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    KoreError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from pytest_kore_convtest.jobs.poll import poll_once


def test_ask_first_sleep_afterwards():
    """A job that is done already is noticed without any sleep."""
    clock = FakeClock()
    service = Service(clock, success())
    assert poll_until(service.ask, service.see, make_wait(clock), clock).ended
    assert clock.sleeps == [0.0]


def test_the_answer_that_ended_it_comes_back():
    """The wait returns the last answer, whatever came before."""
    clock = FakeClock()
    service = Service(clock, running(10), unreachable("reset"), running(5), success("the end"))
    wait = make_wait(clock, max_poll_interval=2.0)
    assert poll_until(service.ask, service.see, wait, clock).words == "the end"
    assert service.times == [0.0, 2.0, 4.0, 6.0]


def test_one_ask_at_a_time():
    """Whoever keeps the time otherwise may ask once and be told when the next ask is due."""
    clock = FakeClock()
    service, wait = Service(clock, running(10), success()), make_wait(clock, max_poll_interval=2.0)
    assert poll_once(service.ask, service.see, wait, clock) is None
    assert wait.due == 2.0
    assert poll_once(service.ask, service.see, wait, clock).ended
    assert service.times == [0.0, 0.0]


def test_foreign_errors_are_not_swallowed():
    """A bug, or Ctrl-C, in an ask ends the wait as it is."""
    clock = FakeClock()

    def bug(budget):
        raise KeyError(budget)

    with pytest.raises(KeyError):
        poll_until(bug, running, make_wait(clock), clock)


def test_no_context_on_what_ends_a_wait():
    """The error that ends a wait drags no other one along."""
    clock = FakeClock()
    service = Service(clock, unreachable("reset"))
    with pytest.raises(UnreachableError) as caught:
        poll_until(service.ask, service.see, make_wait(clock, outage_budget=5.0), clock)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_the_machine_s_clock():
    """The real clock sleeps about as long as told, copes with absurd spans, and never jumps back."""
    clock = SystemClock()
    begun = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() - begun >= 0.009
    sleeper = threading.Thread(target=clock.sleep, args=(1e300,), daemon=True)
    sleeper.start()
    sleeper.join(0.01)
    assert sleeper.is_alive()
    assert abs(clock.monotonic() - time.monotonic()) < 1


class Sender:
    """Fail in a given order, then succeed."""

    def __init__(self, clock, *troubles):
        self.clock, self.troubles, self.times = clock, list(troubles), []

    def __call__(self):
        """Send once."""
        self.times.append(self.clock.now)
        if self.troubles:
            raise self.troubles.pop(0)
        return "done"


def not_sent(cause="refused"):
    """Return an error of a request that surely never left."""
    return UnreachableError("no", cause=cause, sent=False, final=False)


def limited(retry_after=None):
    """Return a refusal for the rate."""
    return RateLimitedError("slow down", limit="minute", retry_after=retry_after)


def test_what_surely_did_not_happen_is_repeated():
    """A request that never left, or was refused for its rate, is sent again, with growing pauses."""
    clock = FakeClock()
    sender = Sender(clock, not_sent(), limited(), not_sent("dns"))
    assert persist(sender, 120.0, clock) == "done"
    assert sender.times == [0.0, 1.0, 2.5, 4.75]


def test_persist_honours_retry_after():
    """A pause that the service asks for is kept; one beyond the budget ends it at once."""
    clock = FakeClock()
    sender = Sender(clock, limited(30.0))
    assert persist(sender, 120.0, clock) == "done"
    assert sender.times == [0.0, 30.0]
    sender = Sender(clock, limited(130.0))
    with pytest.raises(RateLimitedError):
        persist(sender, 120.0, clock)
    assert clock.now == 30.0


AMBIGUOUS = [
    UnreachableError("cut", cause="reset", sent=True, final=False),
    UnreachableError("late", cause="timeout", sent=True, final=False),
    UnreachableError("HTTP 503", cause="HTTP 503", sent=True, final=False, retry_after=1.0),
    RefusedError("no", status=400, code=400, reply="no"),
    AccessDeniedError("no", reason="scope"),
    ProtocolError("what?", excerpt=""),
    UnreachableError("bad certificate", cause="certificate", sent=False, final=True),
]


@pytest.mark.parametrize("trouble", AMBIGUOUS, ids=lambda trouble: trouble.message)
def test_what_may_have_happened_is_not_repeated(trouble):
    """Whatever may have arrived, or is no use to repeat, is raised after one send."""
    clock = FakeClock()
    sender = Sender(clock, trouble)
    with pytest.raises(KoreError) as caught:
        persist(sender, 120.0, clock)
    assert caught.value is trouble
    assert sender.times == [0.0]
    assert caught.value.__context__ is None


def test_the_budget_of_persist():
    """Sending is repeated for as long as the budget lasts, and never sleeps past it."""
    clock = FakeClock()
    sender = Sender(clock, *[not_sent() for _ in range(99)])
    with pytest.raises(UnreachableError):
        persist(sender, 20.0, clock)
    assert sender.times == [0.0, 1.0, 2.5, 4.75, 8.125, 13.1875]
    assert clock.now == 13.1875


@pytest.mark.parametrize(("cause", "last"), [("refused", 13.1875), ("dns", 13.1875), ("timeout", 107.171875)])
def test_first_contact(cause, last):
    """A name or port that never worked is given up sooner than an outage."""
    clock = FakeClock()
    sender = Sender(clock, *[not_sent(cause) for _ in range(99)])
    with pytest.raises(UnreachableError):
        persist(sender, 120.0, clock, first_contact=15.0)
    assert sender.times[-1] == last


def test_no_answer_counts_as_time():
    """An ask that lasts is asked again only after it ended."""
    clock = FakeClock()
    service = Service(clock, NoAnswer(3.0), success())
    poll_until(service.ask, service.see, make_wait(clock, max_poll_interval=2.0), clock)
    assert service.times == [0.0, 3.0]
