"""Documented replies, spoilt at random: never a crash of ours, never green without a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from property.mutations import SPOILERS, STEPS, letters, mutate, plain
from property.test_waiting import raised
from property.test_writing import SUITE
from property.wire import JOB, SAMPLES, STREAM, Answer, Road, examples, sample

from pytest_kore_convtest.api.models import read_import_started, read_import_status, read_upload
from pytest_kore_convtest.api.run_models import read_deleted, read_run_started, read_run_status
from pytest_kore_convtest.errors import Verdict
from pytest_kore_convtest.suites.results.judge import judge_run
from pytest_kore_convtest.suites.results.run_result import PASSED
from pytest_kore_convtest.suites.run_errors import step_error, verdict_of, write_failure
from pytest_kore_convtest.suites.stored.compare_with_file import compare
from pytest_kore_convtest.suites.stored.validate import expect, judge, verdict

IMPORTED = sample("import-status.success")
RUNNING = sample("import-status.in-progress")
SUMMARY = sample("run-status.passed-summary")
RUN_OF_TWO = sample("run-status.passed")
RUN_OF_TWO["totalTestStepsCount"] = 2
RUN_OF_TWO["result"]["stepDetails"] = {"passed": 2, "failed": 0, "total": 2}
OVER = {"success", "successful", "completed", "complete", "finished", "done"}
PASS = {"passed", "pass"}


def items(value):
    """Return a list's items; none of what is no list."""
    return value if isinstance(value, list) else []


def blocks(outputs):
    """Return all enabled assertions of some outputs."""
    groups = [one["assertions"] for one in items(outputs) if isinstance(one, dict) and "assertions" in one]
    found = [block for group in groups if isinstance(group, dict) for block in group.values()]
    return [block for block in found if isinstance(block, dict) and block.get("enabled") is True]


def may_import_be_green(body):
    """Say, apart from the code under test, whether an import reply may count as a success of ours."""
    said = plain(body)
    suite = said.get("response") if isinstance(said, dict) else None
    if not isinstance(suite, dict) or not isinstance(suite.get("testSteps"), list):
        return False
    steps = suite["testSteps"]
    return (
        (said.get("_id"), said.get("streamId"), suite.get("streamId")) == (JOB, STREAM, STREAM)
        and letters(said.get("status")) == "success"
        and isinstance(suite.get("name"), str)
        and bool(suite["name"].strip())
        and all(
            isinstance(step, dict) and isinstance(step.get("input"), str) and step["input"] for step in steps
        )
        and any(items(block.get("contains")) for step in steps for block in blocks(step.get("outputs")))
    )


def may_run_be_green(body):
    """Say, apart from the code under test, whether a run reply may count as a pass."""
    said = plain(body)
    result = said.get("result") if isinstance(said, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("stepDetails"), dict):
        return False
    words, counts = {letters(said.get("status")), letters(result.get("status"))}, result["stepDetails"]
    passed, failed, total = (counts.get(key) for key in ("passed", "failed", "total"))
    green = bool(words & PASS) and words <= PASS | OVER | {""}
    green = green and [isinstance(count, bool) for count in (passed, failed, total)] == [False] * 3
    green = green and failed == 0 and passed == total != 0
    if "executionResults" not in result:
        return green
    steps = items(result["executionResults"])
    checked = [
        block
        for step in steps
        if isinstance(step, dict)
        for key in ("outputs", "actualOutput")
        for block in blocks(step.get(key))
    ]
    return (
        green
        and len(steps) == total
        and all(isinstance(step, dict) and letters(step.get("status")) in {*PASS, ""} for step in steps)
        and not any(letters(block.get("status")) == "failed" for block in checked)
    )


def judge_import(body):
    """Read and judge an import reply; return whether it is green."""
    try:
        status = read_import_status(body)
    except ValueError:
        return False
    findings = judge(status, expect(stream_id=STREAM))
    bad = verdict(status, findings)
    stored = status.raw.get("response")
    if isinstance(stored, dict):
        findings = [*findings, *compare(SUITE, stored)]
    for text in [str(bad), *map(str, findings), str(status.download_url)]:
        text.encode()
    return bad is None and (status.id, status.stream_id) == (JOB, STREAM)


def judge_a_run(body, local):
    """Read and judge a run reply; return whether it is green."""
    try:
        status = read_run_status(body)
    except ValueError:
        return False
    result = judge_run(status, local)
    bad = verdict_of(result)
    texts = [write_failure(result, index) for index in range(len(result.steps))]
    errors = [step_error(result, index) for index in range(len(result.steps))]
    for text in [str(bad), *texts, *map(str, errors), *result.notes, str(status.error_details is None)]:
        text.encode()
    assert (bad is None) == (result.outcome == PASSED)
    return bad is None


@examples(1000)
@given(st.sampled_from([IMPORTED, IMPORTED, IMPORTED, RUNNING]), STEPS, SPOILERS)
def test_a_spoilt_import_reply(document, steps, spoil):
    """Whatever a reply looks like: it is green only when it says so and brings a suite of our stream."""
    body = spoil(mutate(document, steps))
    assert not judge_import(body) or may_import_be_green(body)


@examples(1000)
@given(st.sampled_from([RUN_OF_TWO, RUN_OF_TWO, SUMMARY]), STEPS, SPOILERS, st.sampled_from([None, SUITE]))
def test_a_spoilt_run_reply(document, steps, spoil, local):
    """Whatever a reply looks like: it is green only when its words, its counts and its steps say so."""
    body = spoil(mutate(document, steps))
    assert not judge_a_run(body, local) or may_run_be_green(body)


@examples(300)
@given(st.sampled_from(["upload", "import.accepted", "run.accepted", "delete"]), STEPS, SPOILERS)
def test_a_spoilt_reply_to_a_change(name, steps, spoil):
    """What a change is answered gives an id fit for a path, or is refused."""
    document = json.loads((SAMPLES / f"{name}.json").read_text())
    reader = {"upload": read_upload, "import.accepted": read_import_started, "run.accepted": read_run_started}
    try:
        found = reader.get(name, read_deleted)(spoil(mutate(document, steps)))
    except ValueError as bad:
        str(bad).encode()
    else:
        assert found is None or found.replace("-", "").replace("_", "").isalnum()


@examples(500)
@given(st.sampled_from([IMPORTED, RUNNING]), STEPS, SPOILERS)
def test_a_spoilt_reply_on_the_road(document, steps, spoil):
    """Through client, wait, store and judge: green only with a reason, else an error of ours."""
    body = spoil(mutate(document, steps))
    road = Road([Answer("any", body=body)], timeout=1.0)
    outcome = road.watch()
    bad = raised(road.pipeline.judge, outcome)
    assert bad or may_import_be_green(body)
    if bad:
        assert "in this plugin" not in str(bad)
        assert str(bad).encode()
        assert json.dumps(bad.to_data())
        assert isinstance(bad, Verdict) == (outcome.status is not None)
    other = Road([Answer("any")], road.clock, road.store)
    assert other.watch().to_data() == outcome.to_data()


@pytest.mark.parametrize("reverse", [False, True])
def test_a_reply_as_documented(reverse):
    """What is documented as a success is one, in whatever order its fields come."""
    for document, green in (
        (IMPORTED, lambda body: judge_import(body) and may_import_be_green(body)),
        (RUN_OF_TWO, lambda body: judge_a_run(body, None) and may_run_be_green(body)),
        (SUMMARY, lambda body: judge_a_run(body, None) and may_run_be_green(body)),
    ):
        pairs = list(document.items())[:: -1 if reverse else 1]
        assert green(json.dumps(dict(pairs)).encode())


@pytest.mark.parametrize("first", ["SUCCESS", "FAILED"])
@pytest.mark.parametrize("second", ["SUCCESS", "FAILED"])
def test_a_status_that_stands_there_twice(first, second):
    """A reply with two status words is no answer, whichever of them a reader would take."""
    text = json.dumps(IMPORTED).replace('"SUCCESS"', f'"{first}", "status": "{second}"', 1)
    assert not judge_import(text.encode())
    _, outcome = (road := Road([Answer("any", body=text)], timeout=1.0)), road.watch()
    assert outcome.status is None
