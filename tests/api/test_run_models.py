"""What the service says about a run is read as the documentation shows it."""

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.api import models
from pytest_kore_convtest.api.run_models import (
    ENDED,
    read_deleted,
    read_run_started,
    read_run_status,
    read_word,
)

SAMPLES = Path(__file__).parents[1] / "samples"


def sample(name):
    """Return the bytes of a documented reply."""
    return (SAMPLES / f"{name}.json").read_bytes()


def read(**fields):
    """Read a run's reply with these fields."""
    return read_run_status(json.dumps({"_id": "ctr-1", "status": "passed", **fields}).encode())


def read_step(**fields):
    """Read the only step of a run's reply."""
    (step,) = read(result={"executionResults": [fields]}).steps
    return step


def output(said="Hi", /, **blocks):
    """Return an output as the platform writes it."""
    return {"text": said, "assertions": blocks}


def block(status=None, *statuses, enabled=True):
    """Return an assertion with its own status and those of its entries."""
    entries = [{"text": f"v{number}", "status": one} for number, one in enumerate(statuses)]
    return {"enabled": enabled, "contains": entries, **({"status": status} if status else {})}


def test_a_run_under_way():
    """The documented reply of a running run has a percentage and no counts."""
    status = read_run_status(sample("run-status.in-progress"))
    assert (status.status, status.meaning, status.percent_complete) == ("inprogress", models.RUNNING, 85)
    assert (status.passed, status.failed, status.total, status.suite_steps) == (None, None, None, 13)
    assert (status.duration, status.steps, status.version) == (None, None, "configured")


@pytest.mark.parametrize("name", ["run-status.passed", "run-status.passed-summary"])
def test_a_run_that_passed(name):
    """Both documented forms give word, counts and seconds."""
    status = read_run_status(sample(name))
    assert (status.status, status.meaning, status.percent_complete) == ("passed", models.SUCCEEDED, 100)
    assert (status.passed, status.failed, status.total) == (13, 0, 13)
    assert status.duration == 14.364
    assert status.id.startswith("ctr-")
    assert status.raw == json.loads(sample(name))


def test_the_steps_of_the_full_form():
    """Each step has input, event, status, both sides and its assertions."""
    first, second = read_run_status(sample("run-status.passed")).steps
    assert (first.input, first.event, first.status) == ("Start_Flow", "Start_Flow", "passed")
    assert (first.expected, first.actual) == (["asdasd"], ["asdasd"])
    assert (first.assertions.text.enabled, first.assertions.text.status) == (True, "passed")
    assert (first.assertions.flow.enabled, first.assertions.flow.status) == (False, "")
    assert second.assertions.flow.expected == [{"nodeId": "Confirmation", "status": "passed"}]
    assert second.event == ""


def test_the_short_form_has_no_steps():
    """Counts alone are no steps."""
    status = read_run_status(sample("run-status.passed-summary"))
    assert status.steps is None
    assert not status.results_are_broken


@pytest.mark.parametrize("results", [None, {}, "none"])
def test_broken_results_are_not_the_short_form(results):
    """Results that are null or no list are told from results that were left out."""
    status = read(result={"executionResults": results})
    assert status.steps is None
    assert status.results_are_broken


def test_a_text_mismatch_mark_is_not_read():
    """The documentation has the mark on a step that passed, so it is no failure."""
    _, second = read_run_status(sample("run-status.passed")).steps
    assert second.assertions.text.status == "passed"
    assert b"textMismatch" in sample("run-status.passed")


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("inprogress", models.RUNNING),
        ("IN_PROGRESS", models.RUNNING),
        ("running", models.RUNNING),
        ("accepted", models.RUNNING),
        ("Half way!", models.RUNNING),
        ("passed!", models.RUNNING),
        ("", models.RUNNING),
        ("Passed", models.SUCCEEDED),
        ("FAILED", models.FAILED),
        ("failure", models.FAILED),
        ("aborted", models.FAILED),
        ("error", models.FAILED),
        ("canceled", models.FAILED),
        ("cancelled", models.FAILED),
        ("Not Executed", models.FAILED),
        ("completed", ENDED),
        ("SUCCESS", ENDED),
    ],
)
def test_what_a_status_word_means(word, meaning):
    """Casing and separators do not matter; an unknown word is running; completed is over, not passed."""
    assert read(status=word).meaning == meaning


def test_an_unknown_word_is_known_as_such():
    """A word nobody has seen says so, and is fit to be printed."""
    status = read(status="half\x1b way!")
    assert not status.word_is_known
    assert status.status == "half_way_"
    assert read().word_is_known


@pytest.mark.parametrize(
    ("text", "count"),
    [("13", 13), ("13.0", 13), ('"13"', None), ("true", None), ("-1", None), ("1e99", None)],
)
def test_only_numbers_are_counts(text, count):
    """What is no whole number is no count, so nothing is judged by it."""
    body = f'{{"_id": "ctr-1", "status": "x", "result": {{"stepDetails": {{"passed": {text}}}}}}}'
    assert read_run_status(body.encode()).passed == count


def test_counts_at_the_wrong_place_are_none():
    """A number that stands at the top of the reply is not taken for a count of ours."""
    assert read(passed=1, total=1, steps=[{}], percent_complete=3).passed is None
    assert read(percent_complete=3).percent_complete is None


@pytest.mark.parametrize(
    ("sides", "status"),
    [
        ((block("passed"), block("passed")), "passed"),
        ((block("failed"), block("passed")), "failed"),
        ((block("passed"), block("FAILED")), "failed"),
        ((block("failed", enabled=False), block("passed")), "passed"),
        ((block(None, "failed", "passed"), {}), "passed"),
        ((block(None, "failed", "failed"), {}), "failed"),
        ((block(), {}), ""),
        ((block("who knows", "passed"), {}), ""),
    ],
)
def test_the_worst_side_of_an_assertion_counts(sides, status):
    """A failure on either side is one; of several variations one match is enough; unknown is nothing."""
    step = read_step(outputs=[output(text=sides[0])], actualOutput=[output(text=sides[1])])
    assert step.assertions.text.status == status


def test_a_flow_needs_all_its_entries():
    """Of a flow's or a context's entries one that failed is enough."""
    step = read_step(
        outputs=[output(flowLevel=block(None, "passed", "failed"), context=block(None, "passed"))]
    )
    assert (step.assertions.flow.status, step.assertions.context.status) == ("failed", "passed")


def test_variations_are_kept():
    """The expected text is the output's own, else the first of its assertion."""
    step = read_step(outputs=[output("", text=block("passed", "passed", "failed"))])
    assert step.expected == ["v0"]
    assert [entry["text"] for entry in step.assertions.text.expected] == ["v0", "v1"]


@pytest.mark.parametrize("entry", [None, 7, {"outputs": [3]}, {"outputs": [{"assertions": []}]}])
def test_a_broken_step_is_kept_as_such(entry):
    """A step of another shape keeps its place and is not readable."""
    steps = read(result={"executionResults": [entry, {"input": "hi", "status": "passed"}]}).steps
    assert [step.is_readable for step in steps] == [False, True]
    assert steps[1].input == "hi"


def test_a_broken_step_keeps_its_words():
    """Input and status of a step survive when the rest of it is broken."""
    step = read_step(input="hi", status="failed", outputs=[7])
    assert (step.input, step.status, step.is_readable) == ("hi", "failed", False)


@pytest.mark.parametrize("place", ["top", "result"])
def test_a_results_link(place):
    """A link is found under any of its spellings, at the top or in the result."""
    link = {"downloadURL": "https://example.com/r"}
    status = read(**link) if place == "top" else read(result=link)
    assert status.download_url == "https://example.com/r"
    assert read(result="x").download_url is None


def test_error_details_are_kept():
    """What the platform says about an error is there as it came."""
    assert read(result={"errorDetails": ["bad"]}).error_details == ["bad"]
    assert read(result=None).error_details is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b"\xff\xfe",
        b'{"_id": "a"}',
        b'{"id": "a", "status": "passed"}',
        b'{"_id": 7, "status": "passed"}',
        b'{"_id": "a", "status": null}',
        b'{"_id": "a", "status": "failed", "status": "passed"}',
        b'{"_id": "a", "status": "passed", "x": ' + b"[" * 100_000,
        b'{"_id": "a", "status": "passed", "x": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"_id": "a", "status": "passed", "x": "\\ud800"}',
    ],
)
def test_what_is_no_answer_about_a_run(body):
    """Anything without id and status, or with a key twice, is refused in words."""
    with pytest.raises(ValueError, match=r"\w+"):
        read_run_status(body)


def test_a_started_run():
    """The documented answer gives the run id, anything else is refused."""
    assert read_run_started(sample("run.accepted")).startswith("ctr-")
    for body in (b"{}", b'{"testRunId": "../x"}', b'{"testRunId": 7}'):
        with pytest.raises(ValueError, match="testRunId"):
            read_run_started(body)


def test_a_deletion():
    """The documented answer is accepted, anything else is refused."""
    assert read_deleted(sample("delete")) is None
    for body, said in (
        (b"{}", "missing"),
        (b'{"status": "Failed"}', "'Failed'"),
        (b'{"status": 7}', "missing"),
    ):
        with pytest.raises(ValueError, match=said):
            read_deleted(body)


def test_a_step_is_a_value():
    """A step is equal to its copy, and nobody changes it."""
    step, _ = read_run_status(sample("run-status.passed")).steps
    assert pickle.loads(pickle.dumps(step)) == step  # noqa: S301 - our own
    with pytest.raises(AttributeError, match="cannot assign"):
        step.status = "failed"


def test_an_assertion_whose_word_nobody_knows_stays_without_a_result():
    """Entries that passed do not outvote a word that was not understood, in one reply or in all."""
    step = read_step(outputs=[output(text=block("who knows", "passed"))] * 2)
    assert [check.text.status for check in step.checks] == ["", ""]
    assert (step.assertions.text.enabled, step.assertions.text.status) == (True, "")


@given(st.text())
def test_no_word_means_passed_by_accident(word):
    """Only the word itself, whatever its casing and separators, means passed."""
    letters = "".join(letter for letter in word.lower() if not letter.isspace() and letter not in "_-")
    assert (read_word(word) == "passed") == (letters in {"passed", "pass"})
