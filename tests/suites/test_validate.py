"""An imported suite is judged place by place, all findings at once."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.api.models import read_import_status
from pytest_kore_convtest.errors import ImportFailedError, StructureError
from pytest_kore_convtest.findings import find
from pytest_kore_convtest.rules import ERROR, WARNING, Rule
from pytest_kore_convtest.suites.stored.validate import (
    Expectations,
    asserts,
    expect,
    judge,
    log_line,
    verdict,
)

SAMPLE = json.loads(
    (Path(__file__).parent.parent / "samples" / "import-status.success.json").read_text(encoding="utf-8")
)
STREAM = SAMPLE["streamId"]
ROOT = "$.response"
STEP = f"{ROOT}.testSteps[0]"
OUTPUT = f"{STEP}.outputs[0]"
BLOCKS = f"{OUTPUT}.assertions"
GONE = object()


def answer(reply):
    """Read a reply."""
    return read_import_status(json.dumps(reply).encode())


def changed(path, value):
    """Return the documented answer with one place changed, or removed."""
    reply = copy.deepcopy(SAMPLE)
    *way, last = path.split("/")
    place = reply
    for key in way:
        place = place[int(key) if key.isdigit() else key]
    last = int(last) if last.isdigit() else last
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return answer(reply)


def findings(status, **stated):
    """Judge and return severity, path and message."""
    require = stated.pop("require_assertions", False)
    expectations = expect(stated, stream_id=STREAM, require_assertions=require)
    return [
        (found.severity, found.location.json_path, found.message) for found in judge(status, expectations)
    ]


def step(text="hi", *, contains=None, enabled=True, block="text", said="hello"):
    """Make a stored step with one assertion."""
    blocks = {name: {"enabled": False, "contains": []} for name in ("flowLevel", "text", "context")}
    blocks[block] = {"enabled": enabled, "contains": [{"text": said}] if contains is None else contains}
    return {"input": text, "outputs": [{"text": said, "assertions": blocks}]}


def suite(*steps, **fields):
    """Return an answer that brings a suite of these steps."""
    stored = {
        "_id": "ctc-1",
        "name": "booking",
        "streamId": STREAM,
        "tags": ["smoke"],
        "testSteps": list(steps),
    }
    return answer({**SAMPLE, "response": {**stored, **fields}})


def test_the_documented_success_is_clean():
    """There is nothing to say about the documented sample."""
    assert (findings(answer(SAMPLE), require_assertions=True), verdict(answer(SAMPLE), [])) == ([], None)


NO_TEST = (
    ERROR,
    f"{ROOT}.testSteps",
    "no step asserts anything, so the suite passes whatever the bot says",
)
NOTHING = (WARNING, STEP, "step 1 ('Start_Flow') asserts nothing")

NAMELESS = ", but a suite is run by its name: write one in the file"
NO_SPEECH = "is missing or null, not a string: write what the user says"
NO_STREAM = f"is missing or null, not the configured stream {STREAM}"
EMPTY = "is enabled but has no expected value, so it checks nothing"
NO_REPLY = "is a number, not an expected reply"

PLACES = [
    ("response/name", "", [(ERROR, f"{ROOT}.name", f"is empty{NAMELESS}")]),
    ("response/name", " ", [(ERROR, f"{ROOT}.name", f"is ''{NAMELESS}")]),
    ("response/name", GONE, [(ERROR, f"{ROOT}.name", f"is missing or null{NAMELESS}")]),
    ("response/name", 5, [(ERROR, f"{ROOT}.name", f"is a number{NAMELESS}")]),
    ("response/streamId", "st-2",
     [(ERROR, f"{ROOT}.streamId", f"is 'st-2', not the configured stream {STREAM}")]),
    ("response/streamId", None, [(ERROR, f"{ROOT}.streamId", NO_STREAM)]),
    ("response/_id", None, [(WARNING, f"{ROOT}._id", "is missing or null, not the stored suite's id")]),
    ("response/testSteps", GONE, [(ERROR, f"{ROOT}.testSteps", "is missing or null, not a list of steps")]),
    ("response/testSteps", {}, [(ERROR, f"{ROOT}.testSteps", "is an object, not a list of steps")]),
    ("response/testSteps", [],
     [(ERROR, f"{ROOT}.testSteps", "is empty, so the suite tests nothing")]),
    ("response/testSteps/0", "x", [(ERROR, STEP, "is a string, not a step"), NO_TEST]),
    ("response/testSteps/0/input", None, [(ERROR, f"{STEP}.input", NO_SPEECH)]),
    ("response/testSteps/0/input", "",
     [(ERROR, f"{STEP}.input", "is empty, not a string: write what the user says")]),
    ("response/testSteps/0/outputs", None,
     [(ERROR, f"{STEP}.outputs", "is missing or null, not a list of expected replies"), NO_TEST, NOTHING]),
    ("response/testSteps/0/outputs", [],
     [NO_TEST, NOTHING]),
    ("response/testSteps/0/outputs/0", 5, [(ERROR, OUTPUT, NO_REPLY), NO_TEST, NOTHING]),
    ("response/testSteps/0/outputs/0/text", [], [(ERROR, f"{OUTPUT}.text", "is a list, not a string")]),
    ("response/testSteps/0/outputs/0/text", GONE, []),
    ("response/testSteps/0/outputs/0/assertions", GONE,
     [NO_TEST, (WARNING, BLOCKS, "is missing: this reply is not checked"), NOTHING]),
    ("response/testSteps/0/outputs/0/assertions", True,
     [(ERROR, BLOCKS,
       "is true or false, not an object with flowLevel, text, context, so it cannot be checked"),
      NO_TEST, NOTHING]),
    ("response/testSteps/0/outputs/0/assertions/flowLevel", GONE,
     [(WARNING, f"{BLOCKS}.flowLevel", "is missing")]),
    ("response/testSteps/0/outputs/0/assertions/context", [],
     [(ERROR, f"{BLOCKS}.context", "is a list, not an assertion, so it cannot be checked")]),
    ("response/testSteps/0/outputs/0/assertions/text/enabled", "true",
     [(ERROR, f"{BLOCKS}.text.enabled", "is 'true', neither true nor false"), NO_TEST, NOTHING]),
    ("response/testSteps/0/outputs/0/assertions/text/enabled", False, [NO_TEST, NOTHING]),
    ("response/testSteps/0/outputs/0/assertions/flowLevel/contains", None,
     [(ERROR, f"{BLOCKS}.flowLevel.contains", "is missing or null, not a list of expected values")]),
    ("response/testSteps/0/outputs/0/assertions/context/contains", ["x"],
     [(ERROR, f"{BLOCKS}.context.contains[0]", "is a string, not an expected value")]),
    ("response/testSteps/0/outputs/0/assertions/text/contains/0/text", 5,
     [(ERROR, f"{BLOCKS}.text.contains[0].text", "is a number, not a string"), NO_TEST,
      (WARNING, f"{BLOCKS}.text.contains", EMPTY), NOTHING]),
    ("response/testSteps/0/outputs/0/assertions/text/contains", [],
     [NO_TEST, (WARNING, f"{BLOCKS}.text.contains", EMPTY), NOTHING]),
    ("response/testSteps/0/outputs/0/assertions/flowLevel/enabled", True,
     [(WARNING, f"{BLOCKS}.flowLevel.contains", EMPTY)]),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "expected"), PLACES, ids=range(len(PLACES)))
def test_every_broken_place_is_found(path, value, expected):
    """A broken place has its JSON path and severity, errors first, and nothing else is said."""
    assert findings(changed(path, value)) == expected


@pytest.mark.parametrize(
    ("response", "kind"),
    [(GONE, "missing or null"), (None, "missing or null"), ({}, "an object"), ([], "a list")],
)
def test_a_success_without_a_suite_is_no_pass(response, kind):
    """A successful import returns the stored suite."""
    said = f"is {kind}, but a successful import returns the stored suite: import it again"
    assert findings(changed("response", response)) == [(ERROR, "$.response", said)]


@pytest.mark.parametrize("word", ["FAILED", "IN_PROGRESS", "NEVER_SEEN"])
def test_only_a_success_is_sound(word):
    """A suite in an answer that is no success is not judged."""
    assert findings(changed("status", word)) == [(ERROR, "$.status", f"is {word}, not SUCCESS")]


def test_all_findings_come_at_once():
    """Several broken places are told in one go, errors before warnings."""
    found = findings(
        suite(step(), "x", step("", enabled=False), name=None, _id=5), name="other", tags=["nightly"]
    )
    assert [(severity, path) for severity, path, _ in found] == [
        (ERROR, "$.response.name"),
        (ERROR, "$.response.testSteps[1]"),
        (ERROR, "$.response.testSteps[2].input"),
        (ERROR, "$.response.name"),
        (ERROR, "$.response.tags"),
        (WARNING, "$.response._id"),
        (WARNING, "$.response.testSteps[2]"),
    ]


@pytest.mark.parametrize(("require", "severity"), [(False, WARNING), (True, ERROR)])
def test_a_step_that_asserts_nothing(require, severity):
    """One empty step warns, or fails when assertions are required."""
    found = findings(suite(step(), step("bye", enabled=False)), require_assertions=require)
    assert found == [(severity, f"{ROOT}.testSteps[1]", "step 2 ('bye') asserts nothing")]


@pytest.mark.parametrize("require", [False, True])
def test_a_suite_that_asserts_nothing_always_fails(require):
    """A suite without any assertion would pass whatever the bot says."""
    assert NO_TEST in findings(suite(step(enabled=False), step(contains=[])), require_assertions=require)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (step(), True),
        (step(enabled=False), False),
        (step(enabled="true"), False),
        (step(enabled=1), False),
        (step(contains=[]), False),
        (step(contains=[{"text": ""}]), False),
        (step(contains=[{"text": "", "_id": "64", "status": "passed"}]), False),
        (step(contains=[{"text": None}, {"text": "a"}]), True),
        (step(contains=[{}]), False),
        (step(contains={"text": "a"}), False),
        (step(contains=["a"]), False),
        (step(block="flowLevel", contains=[{"nodeId": "Confirmation"}]), True),
        (step(block="flowLevel", contains=[{"nodeId": ""}]), False),
        (step(block="flowLevel", contains=[{"status": "passed"}]), False),
        (step(block="context", contains=[{"key": "a", "value": 0}]), True),
        (step(block="context", contains=[]), False),
        ({"input": "a", "outputs": None}, False),
        ({"input": "a", "outputs": [None, {"assertions": None}, {"assertions": {"text": None}}]}, False),
        ({"input": "a", "outputs": [*step(enabled=False)["outputs"], *step()["outputs"]]}, True),
        ({}, False),
    ],
)
def test_what_asserts(made, expected):
    """A step asserts when one enabled assertion has something to compare with."""
    assert asserts(made) is expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, []),
        ({"name": "booking", "steps": 2, "inputs": ["a", "b"], "tags": {"smoke"}}, []),
        ({"name": None, "steps": None, "inputs": None, "tags": None}, []),
        ({"tags": []}, []),
        ({"name": "Booking"}, [(ERROR, f"{ROOT}.name", "is 'booking', but 'Booking' is expected")]),
        ({"steps": 3}, [(ERROR, f"{ROOT}.testSteps", "has 2 steps, but 3 are expected")]),
        ({"steps": 0}, [(ERROR, f"{ROOT}.testSteps", "has 2 steps, but 0 are expected")]),
        ({"tags": ["x", "b"]}, [(ERROR, f"{ROOT}.tags", "lacks the tags 'b', 'x'; it has 'smoke'")]),
        ({"inputs": ["a", "c"]}, [(ERROR, f"{ROOT}.testSteps[1].input", "is 'b', but 'c' is expected")]),
        ({"inputs": ["a"]}, [(ERROR, f"{ROOT}.testSteps[1]", "step 2 ('b') is not expected")]),
        ({"inputs": ("a", "b", "c")},
         [(ERROR, f"{ROOT}.testSteps[2]", "is missing, but the input 'c' is expected")]),
        ({"inputs": []}, [
            (ERROR, f"{ROOT}.testSteps[0]", "step 1 ('a') is not expected"),
            (ERROR, f"{ROOT}.testSteps[1]", "step 2 ('b') is not expected"),
        ]),
    ],
)  # fmt: skip
def test_expectations(stated, expected):
    """What a test states of the suite is compared, with the place of each difference."""
    assert findings(suite(step("a"), step("b")), **stated) == expected


@pytest.mark.parametrize("tags", [None, "smoke", 5, [1, None], {"smoke": 1}])
def test_tags_that_are_none(tags):
    """A tag that is expected is missing when the suite's tags cannot be read."""
    expected = [(ERROR, f"{ROOT}.tags", "lacks the tags 'smoke'; it has none")]
    assert findings(suite(step(), tags=tags), tags=["smoke"]) == expected


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"nmae": "x"}, "unknown expectation 'nmae': known are name, steps, inputs, tags"),
        ({"name": 5}, "name=5 is not a string"),
        ({"steps": "2"}, "steps='2' is not a number of steps"),
        ({"steps": True}, "steps=True is not a number of steps"),
        ({"inputs": "a"}, "inputs='a' is not a list of strings"),
        ({"inputs": {"a"}}, "inputs={'a'} is not a list of strings"),
        ({"inputs": ["a", 5]}, "is not a list of strings"),
        ({"tags": "smoke"}, "tags='smoke' is not a set of strings"),
        ({"tags": [None]}, "tags=[None] is not a set of strings"),
    ],
)
def test_expectations_that_cannot_be(stated, said):
    """A mistake in a marker is told, not compared."""
    with pytest.raises(TypeError) as refused:
        expect(stated, stream_id=None)
    assert said in str(refused.value)


def test_without_a_stream_any_stream_will_do():
    """Who does not say which bot accepts any."""
    assert judge(suite(step(), streamId="st-9"), Expectations()) == []


def test_the_verdict_on_a_broken_suite():
    """The error names job and suite, lists every error, and keeps all findings as data."""
    status = suite(step(), step("bye", enabled=False), streamId="st-2")
    error = verdict(status, judge(status, expect(stream_id=STREAM)))
    assert (type(error), error.job_id, [found["severity"] for found in error.findings]) == (
        StructureError, SAMPLE["_id"], [ERROR, WARNING],
    )  # fmt: skip
    assert str(error) == (
        f"1 finding in the stored suite ('booking', import job {SAMPLE['_id']}):\n"
        f"  $.response.streamId: is 'st-2', not the configured stream {STREAM} [other-stream]"
    )


def test_warnings_alone_are_no_verdict():
    """A suite that only draws warnings is sound."""
    assert verdict(suite(step()), [find(Rule.SUITE_WITHOUT_ID, "is odd", "$.response")]) is None


def test_the_verdict_on_a_rejected_import():
    """The platform's own word and log are in the error."""
    logs = [{"status": "failed", "comments": "node\nmissing"}, "plain", {"odd": 1}]
    status = answer({**SAMPLE, "status": "Failure", "statusLogs": logs})
    error = verdict(status, [])
    lines = ["failed: node\\nmissing", "plain", "{'odd': 1}"]
    assert (type(error), error.status, error.status_logs) == (ImportFailedError, "FAILURE", lines)
    first, *rest = lines
    said = f"the platform rejected the import: Failure; its log: {first} (import job {SAMPLE['_id']})"
    assert str(error) == "\n  ".join([said, *rest])


def test_a_rejected_import_without_a_log():
    """Silence of the platform is said to be its silence."""
    assert "FAILED; its log: the platform logged nothing" in str(
        verdict(answer({**SAMPLE, "status": "FAILED"}), [])
    )


def test_blanks_are_nothing_to_compare_with():
    """A text assertion that compares with blanks only asserts nothing."""
    blank = {"enabled": True, "contains": [{"text": "  "}]}
    assert asserts({"outputs": [{"assertions": {"text": blank}}]}) is False


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"taskType": "a", "taskName": "b", "status": "failed"}, "failed: a: b"),
        ({"message": {"a": 1}}, "{'a': 1}"),
        ({}, "{}"),
        (None, "None"),
        ("a\x1b[2J\u202eb", "a\\x1b[2J\\u202eb"),
        ("x" * 999, "x" * 400 + "…"),
    ],
)
def test_log_lines(entry, line):
    """An entry of the log, whatever its shape, is one line fit for a terminal."""
    assert log_line(entry) == line


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("text")
KEYS = st.sampled_from(
    ["name", "streamId", "_id", "tags", "testSteps", "input", "outputs", "text", "assertions", "flowLevel",
     "context", "enabled", "contains", "event", "nodeId", "status", "description"]
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_no_reply_breaks_the_judgement(response, require):
    """Whatever stands in ``response``, the findings are printable lines."""
    status = answer({**SAMPLE, "response": response})
    stated = {"name": "a", "steps": 1, "inputs": ["a"], "tags": ["a"]}
    expectations = expect(stated, stream_id=STREAM, require_assertions=require)
    found = judge(status, expectations)
    lines = [str(one) for one in found] + str(verdict(status, found) or "").splitlines()
    assert [line for line in lines if not line.isprintable()] == []


@st.composite
def spoilt(draw):
    """Return the documented suite with some places replaced by anything."""
    reply = copy.deepcopy(SAMPLE["response"])
    for _ in range(draw(st.integers(1, 3))):
        place = reply
        while True:
            keys = sorted(place) if isinstance(place, dict) else range(len(place))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if not isinstance(place[key], (dict, list)) or draw(st.booleans()):
                place[key] = draw(SCALARS | st.just([]) | st.just({}) | st.just([5]))
                break
            place = place[key]
    return reply


@given(spoilt())
def test_a_sound_suite_can_always_be_read(response):
    """Where the judgement finds no error, the suite is there for the test to look at."""
    status = answer({**SAMPLE, "response": response})
    errors = [found for found in judge(status, expect(stream_id=STREAM)) if found.severity == ERROR]
    assert bool(errors) or status.suite is not None
