"""The request limits, with a clock in the test's hand."""

import pytest
from emulator.test_client import ForeignClient

from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.emulator.rate_limits import Limiter
from pytest_kore_convtest.emulator.replies import RefusalError

START = 1_000_000.0
LIMITS = (60, 1800)


def count(limiter, now, *, bucket="b", retry_after=False):
    """Return the refusal of one request, or ``None``."""
    try:
        limiter.count(bucket, now, LIMITS, retry_after=retry_after)
    except RefusalError as refusal:
        return refusal
    return None


def test_the_minute():
    """The 61st request within 60 s is refused, and none after the first has left the window."""
    limiter = Limiter()
    assert not any(count(limiter, START + n / 10) for n in range(60))
    assert "per-minute" in str(count(limiter, START + 59.9))
    assert count(limiter, START + 60) is None


def test_the_hour():
    """The 1801st request within an hour is refused although the minute has room."""
    limiter = Limiter()
    assert not any(count(limiter, START + n * 1.5) for n in range(1800))
    assert "hourly" in str(count(limiter, START + 3599))
    assert count(limiter, START + 3600) is None


def test_buckets_are_apart():
    """A full bucket does not stop another."""
    limiter = Limiter()
    for _ in range(60):
        count(limiter, START)
    assert count(limiter, START)
    assert count(limiter, START, bucket="c") is None


def test_retry_after():
    """A refusal says the seconds to wait only if asked to."""
    limiter = Limiter()
    for n in range(60):
        count(limiter, START + n)
    assert count(limiter, START + 59.5, retry_after=True).retry_after == "1"
    assert count(limiter, START + 59.5).retry_after is None


@pytest.mark.parametrize("switched", [True, False])
def test_limits_over_http(switched):
    """Writes share the bot's bucket, each job has its own; all is off unless asked for."""
    emulator = Emulator(rate_limits=switched, per_minute=2, retry_after=True, clock=lambda: START)
    with emulator, ForeignClient(emulator, now=lambda: START) as client:
        first, second = emulator.add_job(), emulator.add_job()
        writes = [client.upload(), client.delete(["DEMO"]), client.upload()]
        polls = [client.import_status(job) for job in (first, first, second, first)]
    assert [answer.status_code for answer in writes] == [200, 200, 429 if switched else 200]
    assert [answer.status_code for answer in polls] == [200, 200, 200, 429 if switched else 200]
    assert writes[2].headers.get("Retry-After") == ("60" if switched else None)
