"""When a wait asks, and how it ends; on a clock that stands still unless told."""

import json
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jobs.waiting import (
    FakeClock,
    Late,
    NoAnswer,
    Service,
    hollow,
    make_wait,
    poll_until,
    running,
    success,
    unknown_job,
    unreachable,
)

from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ConfigError,
    JobExpiredError,
    JobStalledError,
    JobTimeoutError,
    KoreError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from pytest_kore_convtest.jobs.wait import LAST_ASK_GRACE, WaitLimits


def play(*answers, start=0.0, **limits):
    """Wait for a scripted service; return the outcome, the times of the asks, the wait and the clock.

    Pauses are as short as allowed, two seconds if nothing else is said.
    """
    clock = FakeClock(start)
    service, wait = Service(clock, *answers), make_wait(clock, **{"max_poll_interval": 0.0, **limits})
    try:
        outcome = poll_until(service.ask, service.see, wait, clock)
    except KoreError as caught:
        outcome = caught
    return outcome, [round(at - start, 6) for at in service.times], wait, clock


def climbing(after):
    """Return a running job that moves on with every ask."""
    return running(after)


def test_the_default_schedule():
    """Ask at once, then after pauses that grow with the root of the time; the last is on the deadline."""
    outcome, times, _, clock = play(running(), max_poll_interval=10.0, stall_timeout=900.0)
    assert type(outcome) is JobTimeoutError
    assert [round(at, 1) for at in times[:7]] == [0.0, 2.0, 4.0, 6.8, 10.0, 13.4, 17.2]
    assert {round(b - a, 2) for a, b in pairwise(times[25:-1])} == {9.39}
    assert len(times) == 74
    assert clock.now == 600.0


def test_a_percentage_sets_the_pace():
    """When the job says how far it is, the next ask comes nearer to the end that it promises."""
    _, times, _, _ = play(running, max_poll_interval=10.0, timeout=100.0)
    pauses = [later - first for first, later in pairwise(times)]
    assert pauses[5] == 10.0
    assert 2.0 <= pauses[-3] < 4.0


@pytest.mark.parametrize("start", [0.0, 12345.678, 1e9 + 0.1])
@pytest.mark.parametrize("timeout", [0.05, 1.0, 2.0, 3.0, 7.77])
def test_one_ask_falls_on_the_deadline(timeout, start):
    """Whatever the clock reads, exactly one ask is made at the deadline, and none after it."""
    outcome, times, wait, _ = play(climbing, timeout=timeout, start=start)
    assert type(outcome) is JobTimeoutError
    assert abs(times[-1] - timeout) < 1e-5
    assert len([at for at in times if at > timeout - 1e-5]) == 1
    assert wait.deadline == start + timeout


def test_a_job_that_ends_on_the_deadline():
    """A job that is done at the very deadline passes."""
    outcome, times, _, _ = play(lambda after: success() if after >= 7 else running(after), timeout=7.0)
    assert outcome.ended
    assert times == [0.0, 2.0, 4.0, 6.0, 7.0]


def test_the_last_ask_leaves_time_for_its_answer():
    """When answers take a while, the last one is asked for so that it falls on the deadline."""
    outcome, times, _, clock = play(lambda after: Late(0.5, running(after)), timeout=8.0)
    assert type(outcome) is JobTimeoutError
    assert times == [0.0, 2.0, 4.0, 6.0, 7.5]
    assert clock.now == 8.0


def test_the_last_ask_is_the_last():
    """After an ask aimed at the deadline, sooner than the shortest pause, there is no further one."""
    slow = iter([0.5, 0.5, 0.5, 0.5, 0.1, 0.1])
    outcome, times, _, clock = play(lambda after: Late(next(slow), running(after)), timeout=7.0)
    assert type(outcome) is JobTimeoutError
    assert times == [0.0, 2.0, 4.0, 6.0, 6.5]
    assert clock.now == 6.6


def test_a_slow_answer_does_not_shorten_the_wait():
    """One very slow answer early on does not end the wait before its time."""
    slow = iter([0.1, 25.0, 0.1, 0.1, 0.1, 0.1])
    pauses = {"poll_interval": 4.0, "timeout": 40.0}
    outcome, times, _, clock = play(lambda after: Late(next(slow), running(after)), **pauses)
    assert type(outcome) is JobTimeoutError
    assert times == [0.0, 4.0, 29.0, 33.0, 37.0, 39.9]
    assert round(clock.now, 6) == 40.0


def test_no_exchange_outlasts_the_deadline():
    """What an exchange may take is cut to what is left of the wait, and a little grace."""
    clock = FakeClock()
    service, wait = Service(clock, NoAnswer(99)), make_wait(clock, timeout=45.0, request_timeout=30.0)
    with pytest.raises(UnreachableError) as caught:
        poll_until(service.ask, service.see, wait, clock)
    assert service.budgets == pytest.approx([30.0, 15.2])
    assert clock.now == pytest.approx(45.2)
    assert "kore_timeout" in str(caught.value)
    assert wait.budget(1e9) == 0.05


def test_a_percentage_may_do_what_it_likes():
    """Going backwards, standing still, or 100 % while running: the job is running."""
    outcome, times, _, _ = play(running(85), running(40), running(100), running(100), running(), success())
    assert outcome.ended
    assert times == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_passing_faults():
    """Faults between usable answers neither end a wait nor quicken or slow its backoff."""
    refused = unreachable("refused", sent=False)
    misfit = ProtocolError("what?", excerpt="", cause="misfit", final=False)
    conflict = RefusedError("HTTP 409", status=409, code=409, reply="", passing=True)
    limited = RateLimitedError("slow down", limit="minute", retry_after=None)
    outcome, times, wait, _ = play(refused, misfit, conflict, running(1), limited, unreachable(), success())
    assert outcome.ended
    assert times == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]
    assert [ask["fault"] for ask in wait.history] == [True, True, True, False, True, True, False]
    assert [ask["saw"] for ask in wait.history][:3] == ["refused", "misfit", "HTTP 409"]


@pytest.mark.parametrize("kind", [RateLimitedError, UnreachableError])
def test_retry_after_is_honoured(kind):
    """No ask before the pause is over that the service asks for; then the backoff goes on."""
    outcome, times, _, _ = play(kind("slow down", retry_after=42.0), running(), success())
    assert outcome.ended
    assert times == [0.0, 42.0, 44.0]


def test_retry_after_until_the_deadline():
    """A pause that ends exactly on the deadline fits, even when answers take a while."""
    limited = RateLimitedError("slow down", retry_after=7.5)
    outcome, times, _, _ = play(Late(0.5, running()), limited, success(), timeout=9.5)
    assert outcome.ended
    assert times == [0.0, 2.0, 9.5]


@pytest.mark.parametrize("limit", [{"timeout": 41.0}, {"outage_budget": 41.0}])
def test_a_pause_that_cannot_fit(limit):
    """A pause longer than the wait can last ends it at once, and says so."""
    outcome, _, _, clock = play(RateLimitedError("slow down", retry_after=42.0), success(), **limit)
    assert type(outcome) is RateLimitedError
    assert clock.now == 0.0
    assert "requests to wait 42 s, longer than this wait can last (another 41 s)" in str(outcome)
    assert outcome.job_id == "ds-1"


@pytest.mark.parametrize("start", [0.0, 12345.678])
def test_an_outage(start):
    """An outage shorter than the budget is survived; at the budget the wait ends, with the last cause."""

    def outage(length):
        return lambda after: (
            unreachable("HTTP 503") if 2 <= after < length else success() if after else running()
        )

    outcome, times, _, _ = play(outage(119.9), start=start)
    assert outcome.ended
    assert times[-1] == 120.0
    outcome, times, _, _ = play(outage(120.1), start=start)
    assert type(outcome) is UnreachableError
    assert times[-1] == 120.0
    assert outcome.cause == "HTTP 503"
    assert "no usable answer for 120 s (kore_outage_budget). The last request: no answer." in str(outcome)
    assert "Last status IN_PROGRESS 0 % (120 s before the last request), after 120 s and 61" in str(outcome)


@pytest.mark.parametrize(("cause", "end"), [("dns", 15.0), ("refused", 15.0), ("timeout", 120.0)])
def test_first_contact(cause, end):
    """A name or port that never worked is given up after 15 s, other faults after the outage budget."""
    outcome, times, _, _ = play(unreachable(cause))
    assert type(outcome) is UnreachableError
    assert times[-1] == end


def test_a_port_that_worked_before():
    """Once a usable answer came, a refused connection is an outage like any other."""
    outcome, times, _, _ = play(running(), unreachable("refused"))
    assert type(outcome) is UnreachableError
    assert times[-1] == 120.0


FINAL = [
    AccessDeniedError("no", reason="scope"),
    ConfigError("no", name="host", source="ini"),
    unreachable("certificate", final=True),
    RefusedError("no", status=302, code=None, reply="", final=True),
    RefusedError("no", status=400, code=400, reply="whatever"),
    RefusedError("no", status=412, code=412, reply=""),
    ProtocolError("a publish job", excerpt="", final=True, cause="misfit"),
]


@pytest.mark.parametrize("trouble", FINAL, ids=lambda trouble: type(trouble).__name__)
@pytest.mark.parametrize("before", [[], [running(1)]], ids=["first", "later"])
def test_what_is_final_ends_at_once(trouble, before):
    """An answer that no repetition can change ends the wait, which tells its story after it."""
    outcome, times, _, _ = play(*before, trouble)
    assert type(outcome) is type(trouble)
    assert outcome.message.startswith(f"{trouble.message}. ")
    seen = "Last status IN_PROGRESS 1 % (2 s before the last request), after 2.0 s and 2 requests. The job"
    assert (seen if before else "No status was seen in 0.0 s and 1 request. To wait") in outcome.message
    assert outcome.message.endswith("o wait for it again: pytest --resume")
    assert (outcome.percent, outcome.requests) == (1 if before else None, len(times))
    assert len(times) == len(before) + 1


def test_an_unknown_job_that_turns_up():
    """A job that was just created may be unknown for up to ten seconds."""
    outcome, times, _, _ = play(lambda after: unknown_job() if after < 9.9 else success())
    assert outcome.ended
    assert times == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


@pytest.mark.parametrize("start", [0.0, 12345.678])
def test_an_unknown_job_that_does_not(start):
    """A job that is still unknown after ten seconds ends the wait with the platform's refusal."""
    outcome, times, _, _ = play(unknown_job(), start=start)
    assert type(outcome) is RefusedError
    assert times == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert "Invalid request ID" in str(outcome)


def test_a_job_that_is_gone():
    """A job that was seen and is unknown three times in a row has expired or was deleted."""
    outcome, times, _, _ = play(running(1), unknown_job(), unknown_job(), running(2), unknown_job())
    assert type(outcome) is JobExpiredError
    assert len(times) == 7
    assert "has expired or was deleted: the platform does not know this job (it says" in str(outcome)
    assert "'Invalid request ID'). Import" in str(outcome)
    assert "Last status IN_PROGRESS 2 % (6 s before the last request), after 12 s and 7 req" in str(outcome)


def test_a_job_that_expired():
    """When the server's clock proves the expiry, the error says so."""
    gone = unknown_job()
    gone.expiry = "By the server's clock its record expired 7 s ago."
    outcome, _, _, _ = play(running(), gone)
    assert type(outcome) is JobExpiredError
    assert "By the server's clock its record expired 7 s ago." in str(outcome)


@pytest.mark.parametrize("start", [0.0, 12345.678])
def test_a_stall(start):
    """Answers that show no change for the stall timeout end the wait, faults in between or not."""
    outcome, times, _, _ = play(running(40), unreachable(), running(40), start=start)
    assert type(outcome) is JobStalledError
    assert times[-1] == 300.0
    assert "has made no progress for 300 s (kore_stall_timeout)" in str(outcome)


def test_a_change_ends_a_stall():
    """Any change starts the stall timeout anew."""
    outcome, times, _, _ = play(lambda after: running(1 if after < 299 else 2), timeout=650.0)
    assert type(outcome) is JobStalledError
    assert times[-1] == 600.0


def test_a_success_without_its_suite():
    """A success that lacks its suite is asked again, and passes when the suite comes."""
    outcome, times, _, _ = play(running(), hollow(), hollow(), hollow(), hollow(), success())
    assert outcome.ended
    assert not outcome.incomplete
    assert times == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


@pytest.mark.parametrize(
    ("interval", "times"),
    [(2.0, [0.0, 2.0, 4.0, 6.0, 8.0]), (4.0, [0.0, 4.0, 8.0, 10.0]), (20.0, [0.0, 10.0])],
)
def test_a_success_that_stays_hollow(interval, times):
    """After ten seconds or five answers a success without its suite is an error, never a pass."""
    outcome, asked, _, _ = play(hollow(), poll_interval=interval)
    assert type(outcome) is ProtocolError
    assert asked == times
    assert "The suite is not verified: import it again" in str(outcome)


def test_an_unknown_word():
    """A word that nobody knows is noted once, counts as running, and is named in the timeout."""
    note = "the platform says 'HALF_DONE', a word this plugin does not know; it counts as running"
    outcome, _, wait, _ = play(running(note=note), running(1, note=note), timeout=30.0)
    assert type(outcome) is JobTimeoutError
    assert wait.notes == [note]
    assert str(outcome).count("HALF_DONE") == 1


def test_the_timeout_s_evidence():
    """The timeout says how long for what, the last answer and its age, all faults, and how to resume."""
    outcome, times, wait, _ = play(
        running(1), unreachable(), unreachable("HTTP 502"), running(85), unreachable(), timeout=60.0
    )
    assert str(outcome) == (
        "import job ds-1 did not finish in 60 s (kore_timeout). Last status IN_PROGRESS 85 % (54 s before the"
        " last request), after 60 s and 31 requests, 29 of them without a usable answer (28 x reset,"
        " 1 x HTTP 502). The job goes on; to wait for it again: pytest --resume"
    )
    assert outcome.job_id == "ds-1"
    assert outcome.last == "IN_PROGRESS 85 %"
    assert outcome.history == wait.history
    assert [ask["at"] for ask in outcome.history] == times
    assert json.loads(json.dumps(outcome.to_data())) == outcome.to_data()


def test_without_any_answer():
    """A timeout without any usable answer is no timeout of the job: it carries the last cause."""
    outcome, times, _, _ = play(unreachable("HTTP 503"), timeout=20.0)
    assert type(outcome) is UnreachableError
    assert times[-1] == 20.0
    assert str(outcome).startswith("import job ds-1: no usable answer in 20 s (kore_timeout).")
    assert "No status was seen in 20 s and 11 requests, 11 of them without" in str(outcome)


def test_the_platform_s_limit():
    """With short pauses the wait still asks no more than sixty times in any minute."""
    _, times, _, _ = play(climbing, poll_interval=0.1, max_poll_interval=0.1, timeout=200.0)
    assert len(times) > 120
    assert min(b - a for a, b in zip(times, times[60:], strict=False)) >= 60.0 - 1e-6


def test_a_limit_that_leaves_no_further_ask():
    """When the limit allows no ask before the deadline, the wait ends and names the limit."""
    outcome, times, _, _ = play(climbing, poll_interval=0.1, max_poll_interval=0.1, timeout=30.0)
    assert type(outcome) is JobTimeoutError
    assert len(times) == 60
    assert "rate limit allows no further request" in str(outcome)


def test_without_the_limit():
    """The limit can be switched off, for installations that have none."""
    _, times, _, _ = play(climbing, poll_interval=0.1, max_poll_interval=0.1, timeout=30.0, rate_limit=False)
    assert len(times) == 301


NEWS = st.one_of(
    st.builds(running, st.integers(0, 3)),
    st.just(hollow()),
    st.just(success()),
)
TROUBLE = st.one_of(
    st.sampled_from(["dns", "refused", "reset", "timeout", "HTTP 503"]).map(unreachable),
    st.just(unknown_job()),
    st.builds(
        lambda pause: RateLimitedError("slow", retry_after=pause),
        st.sampled_from([None, 0.5, 3.0, 30.0, 1e6]),
    ),
    st.just(ProtocolError("what?", excerpt="", cause="misfit")),
    st.builds(NoAnswer, st.floats(0, 50)),
    st.just(AccessDeniedError("no", reason="scope")),
)
ANSWER = st.one_of(NEWS, TROUBLE, st.builds(Late, st.floats(0, 20), NEWS))
PATIENCE = st.builds(
    WaitLimits,
    timeout=st.floats(0.05, 300),
    poll_interval=st.floats(0.05, 5),
    max_poll_interval=st.floats(0.05, 20),
    outage_budget=st.floats(0.05, 200),
    stall_timeout=st.floats(0.05, 300),
    request_timeout=st.floats(0.05, 40),
    rate_limit=st.booleans(),
)


@settings(deadline=None, max_examples=400)
@given(st.lists(ANSWER, min_size=1, max_size=30), PATIENCE, st.floats(0, 1e6))
@example([running(1)], WaitLimits(timeout=0.05), 0.0)
def test_any_wait_ends_as_it_should(answers, limits, start):
    """Any wait ends in time, never asks too soon or too often, and passes only on a complete end."""
    clock = FakeClock(start)
    service, wait = Service(clock, *answers), make_wait(clock, **limits._asdict())
    aims = []

    def ask(budget):
        assert len(service.times) < 7000
        aims.append((wait._end(), wait.deadline - wait._took))
        return service.ask(budget)

    try:
        outcome = poll_until(ask, service.see, wait, clock)
    except KoreError as caught:
        outcome = caught
    else:
        assert outcome.ended
        assert not outcome.incomplete
        assert outcome is wait.last
    assert clock.now <= start + limits.timeout + LAST_ASK_GRACE + 1e-6
    check_pace(service.times, aims, limits)


def check_pace(times, aims, limits):
    """Hold the times of all asks against the promises.

    An ask sooner than the shortest pause is aimed at what would end the wait; at the deadline it is the last.
    """
    gaps = [later - first for first, later in pairwise(times)]
    for number, gap in enumerate(gaps, 1):
        if gap < limits.poll_interval - 1e-6:
            end, last = aims[number]
            assert abs(times[number] - end) < 1e-6 or (times[number] >= last - 1e-6 and number == len(gaps))
    if limits.rate_limit:
        for first, later in zip(times, times[60:], strict=False):
            assert later - first >= 60 - 1e-6


@settings(deadline=None, max_examples=200)
@given(st.lists(ANSWER, min_size=1, max_size=20), st.floats(0, 100))
def test_no_ask_before_a_pause_is_over(answers, pause):
    """Whatever came before, an ask never comes before a pause that the service asked for is over."""
    limited = RateLimitedError("slow", retry_after=pause)
    outcome, times, wait, _ = play(*answers, limited, success())
    for number, ask in enumerate(wait.history[:-1]):
        if ask["saw"] == "rate limited" and number == len(answers):
            assert times[number + 1] - times[number] >= pause - 1e-6
    assert outcome is not None


@settings(deadline=None)
@given(st.lists(TROUBLE.filter(lambda one: not isinstance(one, AccessDeniedError)), max_size=8))
def test_passing_faults_never_fail_a_job(troubles):
    """Any few passing faults that fit into the outage budget leave the outcome as it is."""
    passing = [one for one in troubles if getattr(one, "retry_after", None) != 1e6]
    passing = [one for one in passing if not getattr(one, "missing", False)]
    outcome, _, _, _ = play(running(), *passing, success(), timeout=1000.0, outage_budget=900.0)
    assert getattr(outcome, "ended", False), outcome


def test_three_answers_that_are_too_large_end_a_wait():
    """Each costs what an answer may cost at most; a usable one in between begins the count anew."""
    clock = FakeClock()
    big = unreachable("size")
    service = Service(clock, big, big, running(1), big, unreachable("reset"), big, big, success())
    wait = make_wait(clock)
    with pytest.raises(UnreachableError, match="3 answers were larger than any real one"):
        poll_until(service.ask, service.see, wait, clock)
    assert len(service.times) == 7
