"""What is seen of a job while it is under way."""

from types import SimpleNamespace

import pytest

from pytest_kore_convtest.errors import JobError
from pytest_kore_convtest.jobs.job import SuiteImport, WatchImport
from pytest_kore_convtest.jobs.outcome import Outcome
from pytest_kore_convtest.jobs.progress import look
from pytest_kore_convtest.jobs.suite_run import SuiteRun
from pytest_kore_convtest.jobs.wait import PollResult, Wait, WaitLimits


def waiting(job, *asks, start=100.0):
    """Let a job's wait see some asks: words, or a cause of trouble, one each second."""
    job.wait = Wait("a job", "ds-1", WaitLimits(), start)
    for second, (words, percent, fault) in enumerate(asks):
        job.wait.history.append({"at": float(second), "took": 0.5, "saw": words, "fault": fault})
        if not fault:
            job.wait.last = PollResult(words, change=None, percent=percent)
    return job


def test_a_job_that_nobody_has_begun_says_nothing():
    """Before it begins there is no word, no trouble, no time."""
    state = look(WatchImport("k", "job-1", "ds-1"), 100.0)
    assert (state.begun, state.ended, state.words, state.elapsed) == (False, False, "", 0.0)


@pytest.mark.parametrize(
    ("entry", "said"), [({}, "uploading"), ({"file_id": "f"}, "uploaded, starting the import")]
)
def test_the_way_to_the_platform_is_told(entry, said):
    """Before there is an id, an import of ours says how far it has come."""
    job = SuiteImport("k", "BOOKING")
    job.slot, job.entry = SimpleNamespace(), entry
    assert look(job, 0.0).words == said


def test_a_run_that_begins_says_so():
    """A run uploads nothing: it starts."""
    job = SuiteRun("BOOKING run", "BOOKING", "published")
    job.slot = SimpleNamespace()
    assert look(job, 0.0).words == "starting"


def test_an_answered_job():
    """The last word, the percent, the time since the first ask, the number of asks."""
    job = waiting(WatchImport("k", "job-1", "ds-1"), ("IN_PROGRESS 40 %", 40, False))
    job.before = 5.0
    state = look(job, 107.0)
    assert (state.words, state.percent, state.elapsed, state.asks) == ("IN_PROGRESS 40 %", 40, 12.0, 1)
    assert (state.trouble, state.silent) == ("", 0.0)


def test_trouble_is_told_in_plain_words_with_its_length():
    """A failed ask names its cause, and how long ago the platform last spoke."""
    job = waiting(
        WatchImport("k", "job-1", "ds-1"), ("IN_PROGRESS 40 %", 40, False), ("HTTP 500", 0, True),
        ("refused", 0, True),
    )  # fmt: skip
    state = look(job, 110.5)
    assert state.trouble == "the connection was refused"
    assert state.silent == 10.0
    assert state.words == "IN_PROGRESS 40 %"


def test_trouble_from_the_start_counts_from_the_start():
    """A platform that never spoke has been silent since the first ask."""
    state = look(waiting(WatchImport("k", "job-1", "ds-1"), ("HTTP 500", 0, True)), 104.0)
    assert (state.trouble, state.silent, state.words) == ("HTTP 500", 4.0, "")


@pytest.mark.parametrize(
    ("outcome", "said", "good"),
    [
        (
            Outcome(SimpleNamespace(sent_status="SUCCESS"), None, 4, 1.42),
            "SUCCESS after 1.4 s, 4 requests",
            True,
        ),
        (Outcome(None, JobError("x", job_id=""), 1, 2.0), "not verified after 2.0 s, 1 request", False),
        (Outcome(None, JobError("x", job_id=""), 0, 0.0), "did not start", False),
    ],
)
def test_the_end_of_a_job(outcome, said, good):
    """An ended job says what the platform said last, or that it is not verified."""
    job = WatchImport("k", "job-1", "ds-1")
    job.outcome = outcome
    state = look(job, 0.0)
    assert (state.words, state.good, state.generation) == (said, good, 1)


def test_only_what_we_began_has_a_length_worth_remembering():
    """A job by id has begun before we looked, so its time is not the job's."""
    memories = [
        look(waiting(job, ("IN_PROGRESS", None, False)), 101.0).memory
        for job in (SuiteImport("k", "BOOKING"), SuiteRun("BOOKING run", "B", "published"),
                    WatchImport("k", "job-1", "ds-1"))
    ]  # fmt: skip
    assert memories == ["BOOKING", "BOOKING run", ""]


def test_foreign_words_are_made_printable():
    """Neither a label nor a word of the platform can command the terminal."""
    job = waiting(WatchImport("k", "\x1b[31mjob\n1", "ds-1"), ("\x1b]0;title\x07DONE", None, False))
    state = look(job, 101.0)
    assert state.label.isprintable()
    assert state.words.isprintable()
    assert "DONE" in state.words


def test_time_and_asks_alone_are_no_movement():
    """Another ask with the same answer moves nothing."""
    job = waiting(WatchImport("k", "job-1", "ds-1"), ("IN_PROGRESS 40 %", 40, False))
    before = look(job, 101.0)
    job.wait.history.append(dict(job.wait.history[0]))
    after = look(job, 109.0)
    assert before.moved == after.moved
    assert (before.asks, after.asks) == (1, 2)
