"""Any sequence of answers, on any clock: what holds for every wait, whatever the platform does."""

import json
from bisect import bisect_right
from dataclasses import replace
from itertools import pairwise, takewhile
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jobs.waiting import poll_until
from property.wire import HOST, JOB, SECRET, STREAM, Clock, Road, cut, examples, refusal, status

from pytest_kore_convtest.api.retry import FIRST_CONTACT
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ImportFailedError,
    KoreError,
    ProtocolError,
    RefusedError,
    UnreachableError,
    Verdict,
)
from pytest_kore_convtest.jobs.backoff import Backoff
from pytest_kore_convtest.jobs.job import see
from pytest_kore_convtest.jobs.wait import INCOMPLETE_GRACE, UNKNOWN_JOB_GRACE, Wait, WaitLimits

EPS = 1e-4
PER_MINUTE, PER_HOUR = 60, 1800
GRACE = 0.25
"""Seconds past the deadline that the last ask may take."""

GOOD = status("SUCCESS", 100, kind="good")
ENDS = {
    "certificate": UnreachableError,
    "proxy": UnreachableError,
    301: RefusedError,
    302: RefusedError,
    400: RefusedError,
    403: AccessDeniedError,
    404: RefusedError,
    405: RefusedError,
    407: UnreachableError,
    412: RefusedError,
    200: ProtocolError,
}
"""What a wait ends with after an answer that no later one can mend, by its cause or HTTP status."""

seconds = st.sampled_from([0.0, 0.05, 0.1, 1.0, 5.0, 29.0, 1000.0])
retry_after = st.sampled_from(
    [
        "0",
        "1",
        "7",
        "60",
        "119",
        "3600",
        "99999999999",
        "-5",
        "soon",
        "1.5",
        "",
        "Wed, 21 Oct 2015 07:28:00 GMT",
    ]
)
running = st.builds(
    status,
    st.sampled_from(
        ["IN_PROGRESS", "inprogress", "PENDING", "Validating", "SUCCES", "NOT_SUCCESS", "eyJTOKEN"]
    ),
    st.sampled_from([0, 10, 40, 85, 100, None, "85", -1, 1e9]),
    st.integers(0, 9),
    seconds=seconds,
)
good = st.builds(
    status,
    st.sampled_from(["SUCCESS"]),
    st.sampled_from([100, 85, None]),
    kind=st.just("good"),
    seconds=seconds,
)
failed = st.builds(
    status,
    st.sampled_from(["FAILED", "Failure", "partial_success", "ABORTED"]),
    kind=st.just("failed"),
    changes=st.just({"statusLogs": [{"status": "FAILED", "comments": "it says TOKEN"}]}),
    seconds=seconds,
)
hollow = st.builds(
    status,
    st.just("SUCCESS"),
    kind=st.just("hollow"),
    changes=st.sampled_from([{"response": None}, {"response": {}}, {"response": []}, {"response": "done"}]),
    seconds=seconds,
)
stray = st.builds(
    status,
    st.sampled_from(["SUCCESS", "FAILED", "IN_PROGRESS"]),
    kind=st.just("passing"),
    changes=st.sampled_from(
        [{"_id": "ds-99999999"}, {"_id": None}, {"streamId": "st-9"}, {"streamId": None}, {"status": 200}]
    ),
    seconds=seconds,
)
foreign = st.builds(
    status, st.just("SUCCESS"), kind=st.just("final"), changes=st.just({"jobType": "PUBLISH_BOT"})
)


def _spoilt(answer, how):
    return replace(answer, kind="passing", body=how(answer.body))


spoilt = st.builds(
    _spoilt,
    good | failed,
    st.sampled_from(
        [
            lambda body: body[:-1],
            lambda body: body[: len(body) // 2],
            lambda _: "",
            lambda body: f"[{body}]",
            lambda body: body.replace('"status"', '"status": "FAILED", "status"', 1),
            lambda body: body[:-1] + ', "status": "SUCCESS"}',
            lambda body: body[:-1] + ', "x": NaN}',
            lambda body: f"{body}{body}",
            lambda _: "<html><title>Sign in</title>TOKEN</html>",
            lambda _: '{"errors": [{"msg": "TOKEN", "code": 500}]}',
            lambda _: "null",
        ]
    ),
)
passing = st.builds(
    refusal,
    st.sampled_from([408, 409, 425, 429, 500, 502, 503, 504, 599, 204, 206, 304]),
    headers=retry_after.map(lambda text: (("retry-after", text),)) | st.just(()),
    seconds=seconds,
) | st.builds(cut, st.sampled_from(["dns", "refused", "reset", "closed", "tls", "timeout"]), seconds=seconds)
missing = st.builds(refusal, st.just(400), st.just("Invalid request ID"), kind=st.just("missing"))
denied = st.builds(refusal, st.just(401), kind=st.just("denied"), seconds=seconds)
final = (
    st.builds(refusal, st.sampled_from([400, 403, 405, 407, 412]), kind=st.just("final"), seconds=seconds)
    | st.builds(cut, st.sampled_from(["certificate", "proxy"]), kind=st.just("final"))
    | st.builds(
        refusal,
        st.sampled_from([301, 302]),
        kind=st.just("final"),
        headers=st.just((("location", "https://elsewhere.invalid/TOKEN"),)),
    )
)
answers = st.lists(
    st.one_of(
        running,
        running,
        running,
        passing,
        spoilt,
        stray,
        hollow,
        missing,
        denied,
        good,
        failed,
        final,
        foreign,
    ),
    min_size=1,
    max_size=12,
)
patience = st.fixed_dictionaries(
    {
        "timeout": st.sampled_from([0.05, 1.0, 1.9, 30.0, 61.0, 600.0, 4000.0]),
        "poll_interval": st.sampled_from([0.1, 0.5, 2.0, 9.0]),
        "max_poll_interval": st.sampled_from([9.0, 10.0, 45.0]),
        "outage_budget": st.sampled_from([0.5, 20.0, 120.0, 5000.0]),
        "stall_timeout": st.sampled_from([1.0, 60.0, 300.0, 5000.0]),
        "request_timeout": st.sampled_from([0.2, 5.0, 30.0]),
        "rate_limit": st.booleans(),
    }
)
wall_clocks = st.sampled_from(
    [
        lambda _: 0.0,
        lambda at: -86400.0 * (at > 3),
        lambda at: 86400.0 * (at > 3),
        lambda at: 3600.0 * (int(at) % 2),
    ]
)


def heard(one):
    """Return what a request's answer means: one that takes too long is never heard."""
    return one.answer.kind if one.came else "passing"


def begins(sent):
    """Return the requests that began an ask: after a 401 a second one belongs to the same ask."""
    asks, renewed = [], True
    for index, one in enumerate(sent):
        renewed = not renewed and heard(sent[index - 1]) == "denied"
        if not renewed:
            asks.append(one)
    return asks


def play(script, clock=None, rhythm=None, **settings):
    """Wait for the job; check what holds for every wait; return the road and the outcome."""
    road = Road(script, clock, **settings)
    road.pipeline.make_backoff = rhythm
    outcome = road.watch()
    check_end(road, outcome)
    check_pace(road)
    check_wire(road)
    check_memory(road, outcome)
    check_secrecy(road, outcome, road.pipeline.judge)
    return road, outcome


def check_end(road, outcome):
    """It ends in time, by the last answer, and green only by a success that is ours."""
    last, settings = road.sent[-1], road.settings
    assert last.until <= road.sent[0].at + settings.timeout + GRACE + EPS
    assert [heard(one) for one in road.sent[:-1] if heard(one) in {"good", "failed", "final"}] == []
    assert (outcome.status is None) == (heard(last) not in {"good", "failed"})
    if heard(last) == "good":
        assert outcome.trouble is None
        assert outcome.status.id == JOB
        assert isinstance(outcome.status.raw["response"], dict)
        assert road.pipeline.judge(outcome) is not None
        return
    with pytest.raises(KoreError) as caught:
        road.pipeline.judge(outcome)
    assert isinstance(caught.value, Verdict) == (heard(last) == "failed")
    assert isinstance(caught.value, ImportFailedError) == (heard(last) == "failed")
    assert "in this plugin" not in str(caught.value)
    if heard(last) == "final":
        assert type(caught.value) is ENDS[last.answer.cause or last.answer.status]


def check_pace(road):
    """It asks no faster than allowed, unless an ask is aimed at a moment that would end the wait."""
    settings, asks = road.settings, begins(road.sent)
    for before, after in pairwise(road.sent):
        assert after.at >= before.until + before.answer.retry_after * before.came - EPS
    for before, after in pairwise(asks):
        if after.at - before.at < settings.poll_interval - EPS:
            assert any(abs(after.at - end) < 0.01 for end in aims(road, after.at)), "asked too soon"
    if settings.rate_limit:
        # Only with pauses below the default could second requests after a 401 exceed the limits.
        usual = settings.poll_interval >= 2 and settings.max_poll_interval >= 10
        times = [one.at for one in (road.sent if usual else asks)]
        for most, window in ((PER_MINUTE, 60.0), (PER_HOUR, 3600.0)):
            crowd = max(bisect_right(times, at + window - EPS) - index for index, at in enumerate(times))
            assert crowd <= most, f"{crowd} requests in {window} s"


def aims(road, moment):
    """Return the moments that would have ended the wait, had nothing changed any more."""
    sent = [one for one in road.sent if one.at < moment]
    asks, settings = begins(sent), road.settings
    start, now = asks[0].at, sent[-1].until
    known = [one for one in sent if heard(one) in {"running", "hollow"}]
    moved = [
        one.until
        for one, last in zip(known, [None, *known], strict=False)
        if not last or shown(one) != shown(last)
    ]
    hollows = [one.until for one in takewhile(lambda one: heard(one) == "hollow", reversed(known))]
    begun = max((ask.at for ask in asks if known and ask.at <= known[-1].at), default=start)
    latest = start + settings.timeout - (known[-1].until - begun if known else 0.0)
    heard_at = known[-1].until if known else start
    ends = [start + settings.timeout, max(latest, now), heard_at + settings.outage_budget]
    ends += [at + settings.stall_timeout for at in [start, *moved][-1:]]
    ends += [
        start + FIRST_CONTACT,
        start + UNKNOWN_JOB_GRACE,
        *(at + INCOMPLETE_GRACE for at in hollows[-1:]),
    ]
    return ends


def shown(one):
    """Return what a usable answer shows of the job's progress."""
    return one.answer.shows


def check_wire(road):
    """Every request goes to the one address, each with a token of its own."""
    address = f"{HOST}/api/public/stream/{STREAM}/conversation/testsuite/import/{JOB}/status"
    assert {(one.method, one.url) for one in road.sent} == {("GET", address)}
    assert len({one.token for one in road.sent}) == len(road.sent)


def check_memory(road, outcome):
    """Whoever asks again, in this process or another, gets the same outcome and sends nothing."""
    count = len(road.sent)
    assert road.watch() is outcome
    other = Road([GOOD], road.clock, road.store)
    assert other.watch().to_data() == outcome.to_data()
    assert (len(road.sent), other.sent) == (count, [])
    json.dumps(outcome.to_data(), allow_nan=False)


def check_secrecy(road, outcome, judge):
    """Nothing that is shown holds the secret or a token."""
    said = [repr(outcome.history), repr(outcome.notes), repr(road.client.__dict__), repr(road.settings)]
    if outcome.trouble:
        said += [repr(outcome.trouble), repr(outcome.trouble.to_data())]
    if bad := raised(judge, outcome):
        said += [str(bad), repr(bad.to_data())]
        assert bad.__context__ is None
    text = "\n".join(said)
    assert SECRET not in text
    assert not [one for one in road.sent if one.token in text or one.token.rpartition(".")[2] in text]


def raised(judge, outcome):
    """Return the error of ours that judging an outcome raises, if it raises one."""
    try:
        judge(outcome)
    except KoreError as caught:
        return caught
    return None


@examples(500)
@given(answers, patience, wall_clocks, st.sampled_from([None, 0.0, 3.0, 100.0, 1e6]), st.integers(0, 9))
def test_any_sequence_of_answers(script, settings, wall_clock, expected, seed):
    """Whatever comes in whatever order: it ends in time, at its pace, by what the last answer says."""
    bounds = (settings["poll_interval"], settings["max_poll_interval"])
    chance = Random(seed).random  # noqa: S311 - pauses are no secret
    play(script, Clock(wall_clock), lambda _: Backoff(*bounds, expected=expected, chance=chance), **settings)


@examples(150)
@given(answers, patience)
def test_both_ways_to_wait_are_one(script, settings):
    """Who waits with ``poll_until`` sends the same requests at the same times as the pipeline does."""
    road, plain = Road(script, **settings), Road(script, **settings)
    outcome, clock = road.watch(), plain.clock
    values = {name: getattr(plain.settings, name) for name in WaitLimits._fields}
    wait = Wait("import job", JOB, WaitLimits(**values), clock.now)
    ask = lambda budget: plain.client.import_status(JOB, budget=budget)  # noqa: E731 - short
    bad = raised(lambda _: poll_until(ask, see, wait, clock), None)
    assert [(one.at, one.until) for one in plain.sent] == [(one.at, one.until) for one in road.sent]
    assert type(bad) is type(outcome.trouble)


def test_two_requests_in_every_ask():
    """A 401 costs a second request: with the default pauses even that stays within the limits."""
    denied, running = refusal(401, kind="denied"), status()
    choose = lambda number, _request, _after: running if number % 2 else denied  # noqa: E731 - short
    road, _ = play(choose, timeout=4000.0, stall_timeout=4000.0)
    assert len(road.sent) > 4000 / road.settings.max_poll_interval * 2


@pytest.mark.parametrize("interval", [0.1, 0.5, 1.0, 1.9])
def test_the_platform_s_limits(interval):
    """Whoever wants to poll faster than the platform allows is held back, over the minute and the hour."""
    pace = {"poll_interval": interval, "max_poll_interval": interval}
    road, _ = play([status()], timeout=4000.0, stall_timeout=4000.0, **pace)
    assert PER_HOUR <= len(road.sent) <= PER_HOUR + PER_MINUTE * 8


@pytest.mark.parametrize("http", [408, 425, 429, 500, 503, 504])
@pytest.mark.parametrize("wait", ["1", "7", "60", "119"])
def test_a_pause_that_the_service_asks_for(http, wait):
    """No request leaves before the pause that the service asked for is over."""
    road, outcome = play([refusal(http, headers=(("retry-after", wait),)), GOOD])
    assert road.sent[1].at - road.sent[0].until >= float(wait) - EPS
    assert outcome.trouble is None


def test_an_outage_after_a_hollow_success():
    """A success that lacks its suite hurries the next asks, but not those into an outage after it."""
    hollow = status("SUCCESS", kind="hollow", changes={"response": None})
    road, _ = play([hollow, cut()], poll_interval=0.1, max_poll_interval=10.0, rate_limit=False)
    assert len(road.sent) < 120


lost = st.one_of(passing, spoilt, stray, denied).map(
    lambda answer: replace(answer, seconds=min(answer.seconds, 1.0))
)
"""What may come between two good answers; a 401 is renewed at once and so needs no patience."""


@examples(200)
@given(
    st.lists(lost, min_size=1, max_size=8),
    st.floats(0.0, 14.0, exclude_max=True),
    st.booleans(),
    st.fixed_dictionaries(
        {
            "outage_budget": st.sampled_from([15.0, 40.0, 120.0]),
            "timeout": st.just(300.0),
            "poll_interval": st.sampled_from([0.5, 2.0, 7.0, 13.0]),
            "max_poll_interval": st.just(13.0),
        }
    ),
    wall_clocks,
)
def test_any_faults_shorter_than_the_budgets(faults, outage, begun, patience, wall_clock):
    """Whatever breaks for less than the budgets, before or within a wait: the job's success is found."""
    faults = [one for one in faults if one.retry_after <= patience["outage_budget"] - outage - 1.1]

    def choose(number, _request, after):
        if begun and number == 0:
            return status()
        return faults[number % len(faults)] if faults and after < outage else GOOD

    if not any(pair == ("denied", "denied") for pair in pairwise([one.kind for one in faults * 2])):
        _, outcome = play(choose, Clock(wall_clock), **patience)
        assert outcome.trouble is None


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(
    ("over", "ends"), [(-0.5, None), (0.5, UnreachableError)], ids=["just shorter", "just longer"]
)
@pytest.mark.parametrize("budget", [20.0, 119.9, 120.0])
def test_an_outage_around_its_budget(over, ends, begun, budget):
    """An outage ends a wait when it is longer than its budget, and only then."""
    begins = 0.1 if begun else 0.0

    def choose(number, _request, after):
        if begun and number == 0:
            return status()
        return cut() if after < begins + budget + over else GOOD

    _, outcome = play(choose, outage_budget=budget)
    assert (outcome.trouble and type(outcome.trouble)) == ends
    assert ends is None or "kore_outage_budget" in str(outcome.trouble)
