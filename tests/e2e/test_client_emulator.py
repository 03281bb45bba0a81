"""The client and the waiting against the emulator, over real connections."""

import pytest
from jobs.waiting import FakeClock, poll_until

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.emulator.suites import demo_file
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    JobExpiredError,
    JobTimeoutError,
    KoreError,
    ProtocolError,
    RefusedError,
    UnreachableError,
)
from pytest_kore_convtest.jobs.wait import PollResult, Wait, WaitLimits
from pytest_kore_convtest.settings.settings import Settings


@pytest.fixture(scope="module")
def running_emulator():
    """Return the module's emulator."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running_emulator):
    """Return an emulator that remembers nothing."""
    running_emulator.reset()
    return running_emulator


@pytest.fixture
def make(emulator):
    """Return a function that makes a client."""
    clients = []

    def make(**more):
        values = {
            "host": emulator.url,
            "stream_id": emulator.stream_id,
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "user_email": emulator.user_email,
            "rate_limit": "off",
        } | more
        clients.append(KoreClient(Settings.read(env={}, **values), clock=FakeClock()))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def see(status):
    """Say what a status shows, as simply as can be."""
    done = status.status == "SUCCESS"
    return PollResult(
        status.status,
        (status.status, status.percent_complete),
        ended=done or status.status == "FAILED",
        incomplete=done and status.suite is None,
    )


def wait_for(client, job, **patience):
    """Wait for a job on a clock of its own; return the outcome and the times of the asks."""
    clock, times = FakeClock(), []

    def ask(budget):
        times.append(clock.now)
        return client.import_status(job, budget=max(budget, 5.0))

    wait = Wait(f"import job {job}", job, WaitLimits(rate_limit=False, **patience), 0.0)
    try:
        return poll_until(ask, see, wait, clock), times
    except KoreError as caught:
        return caught, times


def test_the_whole_way(emulator, make):
    """A suite is uploaded, imported and waited for, each request with a token of its own."""
    client = make()
    job = client.start_import(client.upload(demo_file(), "demo.json"), "DEMO", tags=["a"], description="d")
    status, times = wait_for(client, job)
    assert status.suite.name == "DEMO"
    assert times[0] == 0.0
    assert len(emulator.uploads) == 1
    assert {record.status for record in emulator.requests} == {200}
    assert len(emulator.requests) == 2 + len(times)


FAULTS = (
    "500, 502, 503(retry_after=3), 429(retry_after=4), 409, 408, reset, close, html, empty, garbage, deep,"
    " truncated, 204, 400(msg='Rate limit for this API has been reached.'), IN_PROGRESS@40, reset, 504,"
    " IN_PROGRESS@20, QUEUED, NO_RESPONSE, SUCCESS"
)


def test_a_rough_ride(emulator, make):
    """All faults that pass leave a job's outcome as it is."""
    emulator.script(FAULTS, job="ds-rough")
    status, times = wait_for(make(), "ds-rough", outage_budget=200.0)
    assert getattr(status, "status", status) == "SUCCESS"
    assert len(times) == 22
    assert times[3] - times[2] >= 3
    assert times[4] - times[3] >= 4


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("401", (AccessDeniedError, "client id, client secret and stream id", 1)),
        ("403", (AccessDeniedError, "credentials, scope", 1)),
        ("405", (RefusedError, "Method Not Allowed", 1)),
        ("412", (RefusedError, "a field of the request is missing", 1)),
        ("redirect", (RefusedError, "login.invalid", 1)),
        ("no_response", (ProtocolError, "the suite is not verified", 5)),
        ("IN_PROGRESS@85, 400", (JobExpiredError, "the platform does not know this job", 4)),
        ("400", (RefusedError, "The platform does not know this job", 6)),
        ("HALF_DONE", (JobTimeoutError, "HALF_DONE", 16)),
        ("503", (UnreachableError, "kore_timeout", 16)),
    ],
)
def test_how_it_ends(emulator, make, script, expected):
    """What does not pass ends the wait in one sentence, after few requests."""
    kind, words, most = expected
    words_of_script = f'status(name="{script}")' if script == "HALF_DONE" else script
    emulator.script(words_of_script, job="ds-bad")
    error, times = wait_for(make(), "ds-bad", timeout=60.0, stall_timeout=90.0)
    assert type(error) is kind, error
    assert words.lower() in str(error).lower()
    assert len(times) <= most


def test_megabytes(emulator, make):
    """An answer above the cap is a passing fault, given up without being read."""
    emulator.script("huge(megabytes=33)", job="ds-huge")
    with pytest.raises(UnreachableError, match="larger than 32 MiB") as caught:
        make().import_status("ds-huge", budget=10.0)
    assert caught.value.final is False


def test_the_wrong_secret(make):
    """A wrong secret is named as one of three things that do not belong together."""
    error, times = wait_for(make(client_secret="x" * 40), "ds-1")
    assert type(error) is AccessDeniedError
    assert error.reason == "credentials"
    assert len(times) == 1


def test_the_wrong_stream(make):
    """A stream that the app is not mapped to is named, too."""
    error, _ = wait_for(make(stream_id="st-nowhere"), "ds-1")
    assert type(error) is AccessDeniedError
    assert "mapped to this stream" in str(error)


def test_the_scope_is_missing(emulator, make):
    """A missing scope is named, with what it is called in the platform."""
    emulator.switch(scopes=["execution"])
    error, _ = wait_for(make(), "ds-1")
    assert (type(error), error.reason) == (AccessDeniedError, "scope")
    assert "Conversation Tests Management" in str(error)


def test_a_name_that_is_taken(emulator, make):
    """A refusal of a suite's name says how names become new, and is what the platform said."""
    emulator.switch(duplicate_names="reject")
    client = make()
    file_id = client.upload(demo_file(), "booking.json")
    client.start_import(file_id, "BOOKING")
    with pytest.raises(RefusedError, match=r"name was duplicate.*add \{run\} to --kore-import-name"):
        client.start_import(file_id, "BOOKING")


def test_an_unknown_job(make):
    """A job that never turns up ends the wait after ten seconds."""
    error, times = wait_for(make(), "ds-nowhere")
    assert type(error) is RefusedError
    assert times[0] == 0.0
    assert times[-1] == 10.0
    assert len(times) <= 6


def test_one_connection_for_a_wait(emulator, make):
    """A wait without faults uses one connection."""
    client = make()
    emulator.script("IN_PROGRESS@10, IN_PROGRESS@20, IN_PROGRESS@30, SUCCESS", job="ds-quiet")
    wait_for(client, "ds-quiet")
    ((lane,),) = filter(None, client._transport._idle.values())
    assert len(lane._watched) == 1
