"""What is answered instead of the truth about a run: each lie says something else, and nothing besides."""

import copy

import pytest

from pytest_kore_convtest.emulator.false_results import apply_run_drift


def output(*texts, status):
    """Return an output whose text was judged."""
    entries = [{"text": one, "status": status} for one in texts]
    return {
        "text": texts[0],
        "assertions": {
            "text": {"enabled": True, "contains": entries, "status": status},
            "context": {"enabled": False, "contains": []},
        },
    }


BODY = {
    "status": "failed",
    "testSuiteId": "ctc-1",
    "result": {
        "status": "failed",
        "version": "published",
        "startTime": "2026-11-28T08:00:00.000Z",
        "stepDetails": {"passed": 1, "failed": 1, "total": 2},
        "executionResults": [
            {
                "input": "a",
                "status": "failed",
                "outputs": [output("Hi!", "Ho!", status="failed")],
                "actualOutput": [output("No.", status="failed")],
            },
            {
                "input": "b",
                "status": "passed",
                "outputs": [output("Bye.", status="passed")],
                "actualOutput": [output("Bye.", status="passed")],
            },
        ],
    },
}


def told(body, path):
    """Return what stands at a path."""
    for key in path.split("."):
        body = body[int(key) if key.isdigit() else key]
    return body


RUN = {
    "status": "passed",
    "result.status": "passed",
    "result.stepDetails": {"passed": 2, "failed": 0, "total": 2},
}
STEPS = "result.executionResults"
STEP = f"{STEPS}.0"
TEXT = f"{STEP}.outputs.0.assertions.text"


@pytest.mark.parametrize(
    ("drift", "lies", "truths"),
    [
        ("pass-run", RUN, [STEPS]),
        ("pass-steps", {**RUN, f"{STEP}.status": "passed"}, [f"{STEP}.outputs", f"{STEP}.actualOutput"]),
        (
            "pass-texts",
            {
                **RUN,
                f"{STEP}.status": "passed",
                f"{TEXT}.status": "passed",
                f"{TEXT}.contains.1.status": "passed",
                f"{STEP}.actualOutput.0.assertions.text.status": "passed",
            },
            [f"{STEP}.actualOutput.0.text", f"{STEP}.outputs.0.assertions.context"],
        ),
        (
            "first-variation",
            {f"{TEXT}.contains": [{"text": "Hi!", "status": "failed"}]},
            ["status", "result.stepDetails", f"{STEP}.actualOutput"],
        ),
        ("other-version", {"result.version": "configured"}, ["status", STEPS]),
        ("other-suite", {"testSuiteId": "ctc-00000000-0000-5000-8000-000000000000"}, ["result"]),
        ("odd-counts", {"result.stepDetails": {"passed": 2, "failed": 1, "total": 2}}, ["status", STEPS]),
        ("drop-result", {STEPS: BODY["result"]["executionResults"][:1]}, ["result.stepDetails"]),
        ("repeat-result", {STEPS: BODY["result"]["executionResults"][:1] * 2}, ["result.stepDetails"]),
        ("no-outputs", {f"{STEP}.outputs": []}, [f"{STEP}.actualOutput", "result.stepDetails"]),
        ("no-replies", {f"{STEP}.actualOutput": []}, [f"{STEP}.outputs", "result.stepDetails"]),
        (lambda body: {**body, "status": "x"}, {"status": "x"}, ["result"]),
        (None, {}, ["status", "testSuiteId", "result"]),
    ],
)
def test_each_lie_is_about_one_thing(drift, lies, truths):
    """The rest is what happened, and what happened is not changed itself."""
    before = copy.deepcopy(BODY)
    made = apply_run_drift(BODY, drift)
    assert {path: told(made, path) for path in lies} == lies
    assert [told(made, path) for path in truths] == [told(BODY, path) for path in truths]
    assert before == BODY
