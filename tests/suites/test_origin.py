"""What a step was judged by, beside what the import had stored."""

import json

import pytest

from pytest_kore_convtest.api.models import read_import_status
from pytest_kore_convtest.api.run_models import read_run_status
from pytest_kore_convtest.rules import Rule
from pytest_kore_convtest.suites.results.origin import compare_expectations

OTHER, MORE = Rule.OTHER_EXPECTATIONS, Rule.MORE_EXPECTATIONS
OFF = {"enabled": False, "contains": []}


def texts(*several):
    """Return a text assertion that is on."""
    return {"enabled": True, "contains": [{"text": one} for one in several]}


def nodes(*several, **more):
    """Return a flow assertion that is on."""
    return {"enabled": True, "contains": [{"nodeId": one, **more} for one in several]}


def output(said="Hi", **kinds):
    """Return an expected reply."""
    return {"text": said, "assertions": kinds}


def differences(stored, judged):
    """Return how the one step of a result differs from the one that was stored."""
    response = {"testSteps": [{"input": "a", **stored}]}
    imported = {"_id": "ds-1", "status": "SUCCESS", "streamId": "st-1", "response": response}
    step = {"input": "a", "status": "passed", "actualOutput": [], "outputs": [], **judged}
    run = {"_id": "ctr-1", "status": "passed", "result": {"executionResults": [step]}}
    found = compare_expectations(
        read_run_status(json.dumps(run).encode()).steps, read_import_status(json.dumps(imported).encode())
    )
    return found.get(0, [])


@pytest.mark.parametrize(
    ("stored", "judged", "rule", "said"),
    [
        (output(text=OFF), output(text=texts("Hi")), MORE, "the text assertion of reply 1 is enabled"),
        (output(text=texts("Hi")), output(text=OFF), OTHER, "the text assertion of reply 1 is disabled"),
        (
            output(text=texts("Hi")),
            output("Ho", text=texts("Ho")),
            OTHER,
            "expects 'Ho' in the result, but 'Hi'",
        ),
        (
            output(text=texts("Hi", "Ho")),
            output(text=texts("Hi")),
            OTHER,
            "does not expect 'Ho' in the result",
        ),
        (output(text=texts("Hi")), output(text=texts("Hi", "Ho")), OTHER, "also expects 'Ho' in the result"),
        (
            output(flowLevel=nodes("n")),
            output(flowLevel=OFF),
            OTHER,
            "the flow assertion of reply 1 is disabled",
        ),
        (
            output(flowLevel=OFF),
            output(flowLevel=nodes("n")),
            MORE,
            "the flow assertion of reply 1 is enabled",
        ),
        (
            output(context=nodes("n")),
            output(context=nodes("m")),
            OTHER,
            "context assertion of reply 1 has another",
        ),
        (output(flowLevel=nodes()), output(flowLevel=nodes("n")), MORE, "none in the stored suite"),
        (
            output(new={"enabled": True, "contains": ["n"]}),
            output(new={"enabled": True, "contains": ["m"]}),
            OTHER,
            "the new assertion of reply 1 has another expected value",
        ),
    ],
)
def test_a_step_that_was_judged_by_something_else(stored, judged, rule, said):
    """Each difference is told with the assertion and the reply."""
    (found,) = differences({"outputs": [stored]}, {"outputs": [judged]})
    assert found.rule is rule
    assert said in found.message


@pytest.mark.parametrize(
    ("stored", "judged"),
    [
        (output(text=OFF), output("Ho", text=OFF)),
        (output(text=texts("Hi")), output(text=texts("Hi"))),
        (output(flowLevel=nodes("n", _id="1")), output(flowLevel=nodes("n", status="passed"))),
        (output(flowLevel=OFF), output(flowLevel={"enabled": False, "contains": [{"nodeId": "n"}]})),
    ],
)
def test_what_a_run_adds_is_no_difference(stored, judged):
    """Neither a status, nor an id, nor what is switched off in both."""
    assert differences({"outputs": [stored]}, {"outputs": [judged]}) == []


@pytest.mark.parametrize(
    ("event", "told"), [(None, "by what the user says"), ("", "by what the user says"), ("Bye", "by 'Bye'")]
)
def test_a_step_that_another_event_started(event, told):
    """It says by what it should have been started."""
    (found,) = differences({"event": event}, {"event": "Start_Flow"})
    assert found == (OTHER, f"the step was started by the event 'Start_Flow', not {told}", "", "")


def test_a_step_of_another_number_of_replies():
    """Those that both have are compared besides."""
    stored = {"outputs": [output(text=texts("Hi"))]}
    found = differences(stored, {"outputs": [output(text=OFF), output()]})
    assert [one.message.split(",")[0] for one in found] == [
        "the result expects 2 replies",
        "the text assertion of reply 1 is disabled in the result",
    ]
