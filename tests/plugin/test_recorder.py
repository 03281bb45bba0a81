"""The record of a run, made of test reports."""

from types import SimpleNamespace

import pytest
from jobs.test_job import ran, stored, suite

from pytest_kore_convtest import redaction
from pytest_kore_convtest.errors import JobTimeoutError
from pytest_kore_convtest.jobs.job import SuiteImport, WatchImport
from pytest_kore_convtest.jobs.outcome import Outcome
from pytest_kore_convtest.jobs.suite_run import SuiteRun
from pytest_kore_convtest.plugin.reporting.recorder import Recorder
from pytest_kore_convtest.plugin.verdict.item_results import ItemResults
from pytest_kore_convtest.reports.job_record import describe_job

SUCCESS = stored()
EVIDENCE = {"requested_version": "inDevelopment"}


def ended(job, status=None, trouble=None, **more):
    """Let a job end."""
    job.outcome = Outcome(status, trouble, asks=2, seconds=1.5, ended_at=1_700_000_000.0, **more)
    return job


def an_import(**more):
    """Return the result of an import by id that went well."""
    return describe_job(ended(WatchImport("import ds-1", "job-1", "ds-1"), SUCCESS, **more))


def a_run(status=None, trouble=None, job_id="ctr-1"):
    """Return the results of a suite's import and of its run."""
    imported = ended(SuiteImport("suite A", "A", suite=suite(), name="A_1"), SUCCESS)
    started = SuiteRun("A run", "A_1", "inDevelopment", suite(), imported)
    started.job_id = job_id
    return [describe_job(imported), describe_job(ended(started, status, trouble))]


def report(  # noqa: PLR0913 - as many parts as a report has
    nodeid="t.py::a", when="call", outcome="passed", *, results=(), keys=(), step=0, text="", **more
):
    """Return as much of a test report as is read."""
    jobs = [{"key": key} for key in (*keys, *(one["key"] for one in results))]
    return SimpleNamespace(
        nodeid=nodeid,
        when=when,
        outcome=outcome,
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        passed=outcome == "passed",
        duration=0.25,
        location=("t.py", 4, "a"),
        longrepr=("t.py", 4, f"Skipped: {text}") if outcome == "skipped" else text,
        longreprtext=text,
        pytest_kore_convtest={"results": list(results), "jobs": jobs, "live": True, "step": step},
        **more,
    )


def make(*reports, secrets=(), **evidence):
    """Return the record that some reports make."""
    recorder, results = Recorder(), ItemResults()
    for secret in secrets:
        redaction.remember(secret)
    for one in reports:
        recorder.add(one)
        results.add(one)
    return recorder.make({**EVIDENCE, **evidence}, results, (), (), ())


def test_an_import_by_id():
    """The job, its suite and its item are told, the steps are not evaluated."""
    record = make(report(results=[an_import()]))
    (told,) = record["suites"]
    assert record["verdict"] == told["verdict"] == told["imported"]["verdict"] == "passed"
    assert told["imported"]["started_at"] == "2023-11-14T22:13:18.500Z"
    assert told["imported"]["ended_at"] == "2023-11-14T22:13:20.000Z"
    assert told["imported"]["platform_times"]["created_at"].endswith("Z")
    assert record["items"][0]["suites"] == [0]
    assert record["items"][0]["place"] == "t.py:5"
    assert record["not_evaluated"] == [
        {
            "what": "1 step of job-1",
            "why": "an import that is given by its id is not run",
        }
    ]


def test_the_latest_result_of_a_job_counts():
    """What was asked again after trouble is told once, as it ended."""
    trouble = describe_job(
        ended(WatchImport("import ds-1", "job-1", "ds-1"), trouble=JobTimeoutError("too long"))
    )
    later = an_import(generation=2)
    for order in ([trouble, later], [later, trouble]):
        record = make(*(report(results=[one]) for one in order))
        assert [one["verdict"] for one in record["suites"]] == ["passed"]


def test_trouble_is_unknown():
    """A job without a verdict is neither passed nor failed, and its message says why."""
    trouble = JobTimeoutError("it lasted too long\nsecond line")
    result = describe_job(ended(WatchImport("import ds-1", "job-1", "ds-1"), trouble=trouble))
    record = make(report(when="setup", outcome="failed", results=[result], text="too long"))
    assert record["verdict"] == record["suites"][0]["verdict"] == "unknown"
    assert record["suites"][0]["imported"]["trouble"] == {
        "kind": "JobTimeoutError",
        "message": "it lasted too long\nsecond line",
    }
    assert record["suites"][0]["imported"]["resume"] == "pytest --kore-gate --kore-ds-id ds-1"
    assert {"what": "the import of job-1", "why": "it lasted too long"} in record["not_evaluated"]


def test_a_run_belongs_to_its_import():
    """A suite has one entry, whatever the order in which its jobs are told."""
    results = a_run(ran())
    record = make(report(results=[results[1]]), report(results=[results[0]]))
    (told,) = record["suites"]
    assert told["run"]["id"] == "ctr-1"
    assert told["run"]["counts_only"]
    assert told["run"]["total"] == 13
    assert told["file"]["path"] == "a.json"


def test_a_later_run_that_nobody_saw_end_is_told_with_the_first():
    """The first run is an attempt then, too; one of the same id, or without trouble, adds nothing."""
    recorder, (imported, first) = Recorder(), a_run(trouble=JobTimeoutError("late", job_id="ctr-1"))
    recorder.add_results([imported, first])
    key, run = first["key"], first["run"]
    for later in (
        {**run, "id": "ctr-2", "seconds": 3.0},
        {**run, "id": "ctr-3", "trouble": None},
        run,
        {**run, "id": "ctr-4", "seconds": 4.0},
    ):
        recorder.add_later_run(key, 2, later)
    recorder.add_later_run("another job", 2, {**run, "id": "ctr-5"})
    assert [(one["number"], one["run_id"], one["outcome"]) for one in run["attempts"]] == [
        (1, "ctr-1", "not evaluated"),
        (2, "ctr-2", "not evaluated"),
        (2, "ctr-4", "not evaluated"),
    ]
    assert run["notes"] == ["run 2 was not verified: late"] * 2


def test_counts_that_do_not_fit_the_file_are_no_pass():
    """The file has no step, the platform counts thirteen: nobody knows what ran."""
    record = make(report(results=a_run(ran())))
    assert record["suites"][0]["verdict"] == "unknown"
    assert record["verdict"] == "unknown"


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ([("setup", "passed"), ("call", "passed"), ("teardown", "passed")], "passed"),
        ([("setup", "passed"), ("call", "failed"), ("teardown", "passed")], "failed"),
        ([("setup", "failed"), ("teardown", "passed")], "error"),
        ([("setup", "passed"), ("call", "passed"), ("teardown", "failed")], "error"),
        ([("setup", "skipped"), ("teardown", "passed")], "skipped"),
        ([("setup", "passed"), ("call", "rerun"), ("setup", "passed"), ("call", "passed")], "passed"),
        ([("setup", "passed"), ("call", "failed"), ("setup", "passed"), ("call", "passed")], "passed"),
    ],
)
def test_an_item_has_one_outcome(reports, outcome):
    """The gravest phase of the last attempt counts."""
    record = make(*(report(when=when, outcome=word, text="why") for when, word in reports))
    (item,) = record["items"]
    assert item["outcome"] == outcome
    assert item["message"] == ("" if outcome == "passed" else "why")


def test_expected_failures_are_called_that():
    """An xfail is neither a failure nor a pass of its own."""
    failed = make(report(outcome="skipped", wasxfail="known", text="known"))
    assert [item["outcome"] for item in failed["items"]] == ["xfailed"]
    passed = make(report(outcome="passed", wasxfail=""))
    assert [item["outcome"] for item in passed["items"]] == ["xpassed"]


def test_a_run_that_judged_nothing_is_unknown():
    """No items, or only skipped ones, are no pass."""
    assert make()["verdict"] == "unknown"
    assert make(report(when="setup", outcome="skipped"))["verdict"] == "unknown"


def test_a_crash_is_an_error_with_a_gap():
    """What xdist says of a crashed worker's item counts, although it carries nothing of ours."""
    crash = report(when="???", outcome="failed", text="worker 'gw0' crashed")
    crash.pytest_kore_convtest = {}
    record = make(crash)
    assert record["items"][0]["outcome"] == "error"
    assert record["not_evaluated"] == [{"what": "t.py::a", "why": "the xdist worker that ran it crashed"}]


def test_other_peoples_tests_are_left_out():
    """An item that has nothing to do with Kore is none of the record's business."""
    foreign = report()
    foreign.pytest_kore_convtest = {}
    assert make(foreign)["items"] == []


def test_secrets_and_tokens_are_taken_out():
    """Wherever a secret or a token came from, the record does not pass it on."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJhcHBJZCI6ImNzLTEifQ.c2lnbmF0dXJl"
    record = make(report(outcome="failed", text=f"it said {token} and hunter2"), secrets=("hunter2",))
    assert record["items"][0]["message"] == "it said <token> and <secret>"


def test_many_steps_without_a_result_are_one_gap():
    """A suite of hundreds of steps is not listed step by step when all have the same reason."""
    results = a_run(trouble=JobTimeoutError("too long"))
    step = {"number": 1, "outcome": "not evaluated", "why": "no result", "nodeid": ""}
    results[1]["steps"] = [{**step, "number": number} for number in range(1, 31)]
    gaps = make(report(results=results))["not_evaluated"]
    assert {"what": "30 steps of A", "why": "no result"} in gaps
    assert len(gaps) == 2
