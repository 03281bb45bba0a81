"""What the emulator stores of a file, and how it runs it."""

import json

import pytest
from emulator.test_client import SUITE, ForeignClient

from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.emulator.suites import BadFileError, build_steps, read_case


@pytest.fixture(name="client")
def _client():
    with Emulator(job_polls=0) as emulator, ForeignClient(emulator) as client:
        yield client


def texts(step):
    """Return the accepted texts of each output of a stored step."""
    return [[entry["text"] for entry in out["assertions"]["text"]["contains"]] for out in step["outputs"]]


def test_the_request_wins_over_the_file(client):
    """Name, tags and description come from the import request where it has them."""
    job = client.import_suite(name="GIVEN", tags=["given"])
    suite = client.import_status(job).json()["response"]
    assert (suite["name"], suite["tags"], suite["description"]) == ("GIVEN", ["given"], "from file")


def test_stored_steps(client):
    """Each message becomes a step with input, event and outputs."""
    suite = client.import_status(client.import_suite()).json()["response"]
    assert [step["input"] for step in suite["testSteps"]] == ["Start_Flow", "bye"]
    assert suite["testSteps"][0]["event"] == "Start_Flow"
    assert "event" not in suite["testSteps"][1]
    assert [texts(step) for step in suite["testSteps"]] == [[["Hello!"]], [["Bye.", "So long."]]]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"contains": "a"}, ["a"]),
        ({"equals": "a"}, ["a"]),
        ("a", ["a"]),
        ({"contains": {"oneOf": ["a", "b"]}}, ["a", "b"]),
        ({"contains": {"allOf": ["a", "b"]}}, ["a", "b"]),
        ({"contains": ["a", "b"]}, ["a", "b"]),
        ({"contains": ""}, [""]),
    ],
)
def test_spellings_of_an_output(output, expected):
    """Every spelling of an expected text ends in the same stored shape."""
    step = build_steps({"messages": [{"input": "x", "outputs": [output]}]})[0]
    assert texts(step) == [expected]
    assert step["outputs"][0]["text"] == expected[0]


BAD_FILES = {
    "too large": (b" " * (2 * 1024 * 1024 + 1), "larger than 2 MB"),
    "not JSON": (b"{", "not valid JSON"),
    "bomb": (b"[" * 100_000, "not valid JSON"),
    "no cases": (b"{}", "no testCases"),
    "a list": (b"[]", "no testCases"),
    "empty cases": (b'{"testCases": []}', "no testCases"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files(client, name):
    """A bad file is accepted, then the job fails with one status log that says why."""
    data, sentence = BAD_FILES[name]
    body = client.import_status(client.import_suite(data)).json()
    assert body["status"] == "FAILED"
    assert sentence in body["statusLogs"][0]["comments"]
    assert "response" not in body
    assert client.start_run().status_code == 400


def test_bad_files_may_be_refused(client):
    """With ``reject_bad_files`` the import itself is refused."""
    client.emulator.switch(reject_bad_files=True)
    response = client.start_import(client.upload(b"{").json()["fileId"])
    assert (response.status_code, response.json()["errors"][0]["msg"]) == (400, "JSON format is incorrect")


def test_the_word_for_a_failure(client):
    """A failed import may be called otherwise."""
    client.emulator.switch(failure_word="FAILURE")
    assert client.import_status(client.import_suite(b"{")).json()["status"] == "FAILURE"


@pytest.mark.parametrize(
    ("case", "place"),
    [
        ({}, r"testCases\[0\]\.messages is missing"),
        ({"messages": [{}]}, r"messages\[0\]\.input is missing"),
        ({"messages": [{"input": "x", "outputs": {}}]}, r"messages\[0\]\.outputs is not a list"),
        ({"messages": [{"input": "x", "outputs": [{}]}]}, r"outputs\[0\] holds no expected text"),
        ({"messages": [{"input": "x", "outputs": [{"contains": []}]}]}, "holds no expected text"),
    ],
)
def test_wrong_shapes(case, place):
    """A message of the wrong shape is named by its place."""
    with pytest.raises(BadFileError, match=place):
        build_steps(read_case(json.dumps({"testCases": [case or {"name": "A"}]}).encode()))


def test_drift_of_one_suite(client):
    """A drift may be meant for the suites whose name begins so, and leaves the others alone."""
    client.emulator.switch(drift={"ONE": "drop-last-step"})
    drifted, same = (client.import_status(client.import_suite(name=name)).json() for name in ("ONE", "TWO"))
    assert len(same["response"]["testSteps"]) - len(drifted["response"]["testSteps"]) == 1


@pytest.mark.parametrize(
    ("drift", "inputs", "last"),
    [
        ("drop-last-step", ["Start_Flow"], [["Hello!"]]),
        ("add-step", ["Start_Flow", "bye", "one more"], [["One more."]]),
        ("reorder-steps", ["bye", "Start_Flow"], [["Hello!"]]),
        ("change-input", ["Start_Flow", "bye (changed)"], [["Bye.", "So long."]]),
        ("change-text", ["Start_Flow", "bye"], [["Bye. (changed)"]]),
        ("add-variation", ["Start_Flow", "bye"], [["Bye.", "So long.", "Bye. (variation)"]]),
        ("disable-text", ["Start_Flow", "bye"], [["Bye.", "So long."]]),
        (lambda suite: {**suite, "testSteps": suite["testSteps"][:1]}, ["Start_Flow"], [["Hello!"]]),
    ],
)
def test_drift(client, drift, inputs, last):
    """A drift stores something else than what was given."""
    client.emulator.switch(drift=drift)
    steps = client.import_status(client.import_suite()).json()["response"]["testSteps"]
    assert [step["input"] for step in steps] == inputs
    assert texts(steps[-1]) == last
    enabled = [out["assertions"]["text"]["enabled"] for step in steps for out in step["outputs"]]
    assert all(enabled) == (drift != "disable-text")


def test_a_bot_that_answers_otherwise(client):
    """A wrong reply fails its assertion, its step, the counts and the run."""
    client.emulator.bot({"bye": ["Never!"]})
    client.emulator.add_job(SUITE)
    body = client.run_suite("FILE NAME")
    step = body["result"]["executionResults"][1]
    text = step["outputs"][0]["assertions"]["text"]
    assert (body["status"], body["result"]["status"]) == ("failed", "failed")
    assert body["result"]["stepDetails"] == {"passed": 1, "failed": 1, "total": 2}
    assert (step["status"], text["status"]) == ("failed", "failed")
    assert [entry["status"] for entry in text["contains"]] == ["failed", "failed"]
    assert step["actualOutput"][0]["text"] == "Never!"
    assert step["outputs"][0]["text"] == "Bye."
    assert step["requestId"] == body["_id"] + "1"


@pytest.mark.parametrize(
    ("replies", "status"),
    [
        (["Bye."], "passed"),
        ("So long.", "passed"),
        (["bye."], "failed"),
        (["Bye. "], "failed"),
        ([], "failed"),
        (["Bye.", "And more."], "failed"),
        ([{"type": "template"}], "failed"),
    ],
)
def test_exact_equality(client, replies, status):
    """One of the variations must be met exactly, by as many replies as expected."""
    client.emulator.bot({"bye": replies})
    client.emulator.add_job(SUITE)
    assert client.run_suite("FILE NAME")["status"] == status


def test_a_template_reply(client):
    """A reply given as an object is the compact JSON text of it."""
    suite = {
        "testCases": [{"name": "T", "messages": [{"input": "x", "outputs": [{"contains": '{"a":"ü"}'}]}]}]
    }
    client.emulator.bot({"x": [{"a": "ü"}]})
    client.emulator.add_job(suite)
    assert client.run_suite("T")["status"] == "passed"


@pytest.mark.parametrize(("asked", "reported"), [("published", "published"), ("inDevelopment", "configured")])
def test_versions(client, asked, reported):
    """The version is reported in the platform's other vocabulary."""
    client.emulator.add_job(SUITE)
    assert client.run_suite("FILE NAME", version=asked)["result"]["version"] == reported


def test_an_aborted_run(client):
    """An aborted run has run half of its steps."""
    client.emulator.switch(abort_runs=True)
    client.emulator.add_job(SUITE)
    body = client.run_suite("FILE NAME")
    assert (body["status"], body["totalTestStepsCount"]) == ("aborted", 2)
    assert len(body["result"]["executionResults"]) == 1


def test_a_step_that_asserts_nothing(client):
    """A step whose text assertion is off passes whatever the bot says."""
    client.emulator.switch(drift="disable-text")
    client.emulator.bot({"bye": ["Whatever."]})
    client.emulator.add_job(SUITE)
    assert client.run_suite("FILE NAME")["status"] == "passed"


@pytest.mark.parametrize("runs", [[], "x", None])
def test_a_bot_script_without_runs(client, runs):
    """Whoever says what a bot answers in each run says it of one at least."""
    with pytest.raises(ValueError, match="what 'a' is answered in each run is no list of replies"):
        client.emulator.bot({"a": {"runs": runs}})


@pytest.mark.parametrize("replies", [[], {1: "a"}, "x"])
def test_a_wrong_bot_script(client, replies):
    """A bot script that is no mapping of inputs is refused."""
    with pytest.raises(ValueError, match="a bot script maps inputs"):
        client.emulator.bot(replies)


@pytest.mark.parametrize(
    ("switch", "sentence"),
    [
        ({"drift": "wobble"}, "unknown drift 'wobble'; known: drop-last-step"),
        ({"run_drift": "wobble"}, "unknown run_drift 'wobble'; known: other-version"),
        ({"run_results": "long"}, "run_results must be one of full, summary"),
        ({"scopes": ["admin"]}, "scopes may hold management, execution"),
        ({"colour": 1}, "unknown switch 'colour'; known: job_polls"),
    ],
)
def test_wrong_switches(client, switch, sentence):
    """A switch that does not exist is refused, when made and when changed."""
    with pytest.raises(ValueError, match=sentence):
        Emulator(**switch)
    with pytest.raises(ValueError, match=sentence):
        client.emulator.switch(**switch)
