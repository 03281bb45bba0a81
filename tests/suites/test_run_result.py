"""A run is judged, and a failure is told to the bot's developer."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.api.run_models import fold, read_run_status
from pytest_kore_convtest.errors import ConversationFailedError, from_data
from pytest_kore_convtest.json_positions import Place
from pytest_kore_convtest.rules import Rule, Severity
from pytest_kore_convtest.suites.file import LocalOutput, LocalStep, LocalSuite
from pytest_kore_convtest.suites.results.judge import judge_run
from pytest_kore_convtest.suites.results.origin import RunRequest
from pytest_kore_convtest.suites.results.run_result import (
    COUNTS_ONLY,
    FAILED,
    NOT_EVALUATED,
    PASSED,
    StepResult,
)
from pytest_kore_convtest.suites.run_errors import step_error, verdict_of, write_failure

SAMPLES = Path(__file__).parents[1] / "samples"
INPUTS = ("Start_Flow", "quote", "yes", "bye")
GONE = ...
RESULT = ("result", "executionResults", 1)
TWENTY = "abcdefghijklmnopqrst"


def block(status=None, *entries):
    """Return an assertion as the platform writes it; without a status it is off."""
    return (
        {"enabled": True, "contains": list(entries), "status": status}
        if status
        else {"enabled": False, "contains": []}
    )


def output(said, text="passed", flow=None, context=None, **fields):
    """Return an output with its judged assertions."""
    assertions = {
        "flowLevel": block(flow, {"nodeId": "GetBooking", "status": flow}),
        "text": block(text, {"text": said, "status": text}),
        "context": block(context, {"key": "city", "value": "Rome", "status": context}),
    }
    return {"text": said, "assertions": assertions, **fields}


def executed(said, status="passed", expected=("Fine.",), actual=None, **kinds):
    """Return the result of one step."""
    return {
        "input": said,
        "status": status,
        "outputs": [output(one, **kinds) for one in expected],
        "actualOutput": [output(one) for one in (expected if actual is None else actual)],
    }


def reply(*results, status="passed", **fields):
    """Return a run's reply whose counts are those of its results."""
    passed = sum(one["status"] == "passed" for one in results)
    result = {
        "status": status,
        "stepDetails": {"passed": passed, "failed": len(results) - passed, "total": len(results)},
        "executionResults": list(results),
        **fields,
    }
    return {"_id": "ctr-1", "status": status, "totalTestStepsCount": len(results), "result": result}


def good():
    """Return the reply of a run in which everything passed."""
    return reply(*(executed(said) for said in INPUTS))


def bad(said="quote", **step):
    """Return the reply of a run in which the second step failed."""
    others = [executed(one) for one in INPUTS]
    others[1] = executed(said, **{"status": "failed", **step})
    return reply(*others, status="failed")


def counts_only(made):
    """Return the short form of a reply."""
    del made["result"]["executionResults"]
    return made


def local_suite(*inputs):
    """Return a file's suite of these inputs, ten lines apart."""
    steps = [
        LocalStep(said, "", (LocalOutput(("Fine.",)),), Place(number * 10, 1))
        for number, said in enumerate(inputs, 1)
    ]
    return LocalSuite(
        Path("conversations/booking.kore.json"), "BOOKING", "", (), tuple(steps), b"{}", Place(3, 1)
    )


LOCAL = local_suite(*INPUTS)


def judge(made, local=LOCAL):
    """Judge a reply."""
    return judge_run(read_run_status(json.dumps(made).encode()), local)


def messages(result):
    """Return the reasons against a pass, without their rules."""
    return tuple(one.message for one in result.errors)


def outcomes(result):
    """Return the outcomes of the steps."""
    return [step.outcome for step in result.steps]


def test_a_run_that_passed():
    """Word, counts and steps agree: the run and each step passed, and nobody raises anything."""
    result = judge(good())
    assert (result.outcome, result.why, outcomes(result)) == (PASSED, (), [PASSED] * 4)
    assert all(step.reported for step in result.steps)
    assert [step.place for step in result.steps][1] == "conversations/booking.kore.json:20"
    assert verdict_of(result) is None
    assert step_error(result, 0) is None


@pytest.mark.parametrize("local", [LOCAL, None])
def test_a_run_that_failed(local):
    """The failed step is named, the others passed, with and without a file."""
    result = judge(bad(text="failed", actual=["Bad."]), local)
    assert (result.outcome, outcomes(result)) == (FAILED, [PASSED, FAILED, PASSED, PASSED])
    assert result.steps[1].why == "text of reply 1"
    said = str(verdict_of(result))
    assert "the platform counts 1 failed of 4 steps" in said
    assert "step 02 'quote'" in said


def test_the_verdict_beside_each_step_looks_at_every_step_once(monkeypatch):
    """Each step's item asks for it: the work grows with the steps, not with their square."""
    result = judge(reply(*(executed(f"say {number}") for number in range(40))), local=None)
    looked, plain = [], StepResult.fails.fget
    monkeypatch.setattr(StepResult, "fails", property(lambda self: looked.append(self) or plain(self)))
    for _ in result.steps:
        assert verdict_of(result, range(1, 41)) is None
    assert len(looked) == len(result.steps) == 40


def test_counts_only():
    """Without results no step is invented: the run passes, the steps are not evaluated."""
    result = judge(counts_only(good()))
    assert (result.outcome, outcomes(result)) == (PASSED, [NOT_EVALUATED] * 4)
    assert {(step.why, step.reported) for step in result.steps} == {(COUNTS_ONLY, False)}
    assert judge(counts_only(good()), None).steps == ()


def test_counts_only_of_a_failed_run():
    """Counts alone can fail a run, and no step gets the blame."""
    result = judge(counts_only(bad()))
    assert (result.outcome, outcomes(result)) == (FAILED, [NOT_EVALUATED] * 4)


def test_the_documented_replies():
    """The documented short form passes; the full form was cut to 2 of its 13 results, so it does not."""
    short = judge_run(read_run_status((SAMPLES / "run-status.passed-summary.json").read_bytes()))
    full = judge_run(read_run_status((SAMPLES / "run-status.passed.json").read_bytes()))
    running = judge_run(read_run_status((SAMPLES / "run-status.in-progress.json").read_bytes()))
    assert (short.outcome, full.outcome, running.outcome) == (PASSED, NOT_EVALUATED, NOT_EVALUATED)
    assert outcomes(full) == [PASSED, PASSED]
    assert messages(full) == ("the platform reported results of 2 steps, but counts 13",)


def change(path, value):
    """Return a function that changes one place of a reply; ``GONE`` removes it."""

    def apply(made):
        *way, last = path
        for key in way:
            made = made[key]
        if value is GONE:
            del made[last]
        else:
            made[last] = value

    return apply


@pytest.mark.parametrize(
    ("path", "value", "outcome", "said"),
    [
        (("status",), "aborted", FAILED, "the platform reports the status 'aborted'"),
        (("status",), "Not Executed", FAILED, "the platform reports the status 'Not Executed'"),
        (("status",), "inprogress", NOT_EVALUATED, "the run has not finished"),
        (("status",), "splendid", NOT_EVALUATED, "the run has not finished"),
        (("result", "status"), "failed", FAILED, "the platform contradicts itself"),
        (("result", "status"), "inprogress", NOT_EVALUATED, "the platform contradicts itself"),
        (("result", "executionResults"), None, NOT_EVALUATED, "the platform's step results are not a list"),
        (("result", "executionResults"), [], NOT_EVALUATED, "reported results of 0 steps, but counts 4"),
        (("result", "stepDetails"), None, NOT_EVALUATED, "? passed and ? failed of ? steps"),
        (("result", "stepDetails", "failed"), GONE, NOT_EVALUATED, "counts are incomplete"),
        (("result", "stepDetails", "passed"), 3, NOT_EVALUATED, "do not add up: 3 passed and 0 failed of 4"),
        (("result", "stepDetails", "failed"), 1, FAILED, "the platform counts 1 failed of 4 steps"),
        (
            (*RESULT, "outputs", 0, "assertions", "context"),
            block("passed", {"key": "city", "value": "Rome", "status": "failed"}),
            NOT_EVALUATED,
            "context of reply 1 has the status passed, but what it expects has the status failed",
        ),
        (("totalTestStepsCount",), 5, NOT_EVALUATED, "reports a suite of 5 steps, but counts 4"),
        ((*RESULT, "status"), "failed", FAILED, "'passed', but step 02 'quote' is failed"),
        ((*RESULT, "status"), [], NOT_EVALUATED, "step 02 'quote' is not evaluated"),
        ((*RESULT, "status"), "skipped", NOT_EVALUATED, "step 02 'quote' is not evaluated"),
        (RESULT, None, NOT_EVALUATED, "step 02 'quote' is not evaluated"),
        ((*RESULT, "outputs"), [7], NOT_EVALUATED, "step 02 'quote' is not evaluated"),
        (("result",), None, NOT_EVALUATED, "counts are incomplete"),
    ],
)  # fmt: skip
def test_what_is_never_green(path, value, outcome, said):
    """One thing that does not fit is enough against a pass, and the verdict names it."""
    made = good()
    change(path, value)(made)
    result = judge(made)
    assert result.outcome == outcome
    error = verdict_of(result)
    assert isinstance(error, ConversationFailedError)
    assert said in str(error)
    assert error.outcome == outcome


@pytest.mark.parametrize("word", ["completed", "SUCCESS"])
def test_over_is_not_passed(word):
    """A word that says the run is over is no verdict; the other status word may give it."""
    made = good()
    made["status"] = word
    assert judge(made).outcome == PASSED
    made["result"]["status"] = word
    assert judge(made).outcome == NOT_EVALUATED
    assert "did not report 'passed'" in str(verdict_of(judge(made)))
    assert judge({**bad(), "status": word}).outcome == FAILED


def test_no_step_is_no_pass():
    """A run of nothing is not green."""
    assert "no step was executed" in messages(judge(reply(), None))


def test_fewer_results_than_steps():
    """A step without a result is not evaluated, and those after it keep their own."""
    made = reply(*(executed(said) for said in ("Start_Flow", "yes", "bye")))
    result = judge(made)
    assert outcomes(result) == [PASSED, NOT_EVALUATED, PASSED, PASSED]
    assert result.outcome == NOT_EVALUATED
    assert "the file has 4 steps, but the platform counts 3" in messages(result)
    assert result.steps[1].why == "the platform reported no result for it"


def test_more_results_than_steps():
    """A result for which the file has no step is named with its outcome."""
    result = judge(reply(*(executed(said) for said in (*INPUTS, "more"))))
    assert outcomes(result) == [PASSED] * 4
    assert result.outcome == NOT_EVALUATED
    assert any("1 result for which the file has no step: 'more' (passed)" in why for why in result.why)


def test_results_in_another_order():
    """Results are matched by input, each says so, and the run is no pass."""
    made = reply(*(executed(said) for said in ("Start_Flow", "yes", "quote", "bye")))
    made["result"]["executionResults"][2].update(status="failed")
    made["result"]["stepDetails"] = {"passed": 4, "failed": 0, "total": 4}
    result = judge(made)
    assert outcomes(result) == [PASSED, FAILED, PASSED, PASSED]
    assert any("are in a different order than in the file" in why for why in result.why)
    assert any("matched by its input: it is result" in step.why for step in result.steps)


def test_another_input_is_no_result_of_this_step():
    """A result for another input is not taken for the step's own."""
    result = judge(reply(*(executed(said) for said in ("Start_Flow", "other", "yes", "bye"))))
    assert outcomes(result) == [PASSED, NOT_EVALUATED, PASSED, PASSED]
    assert "in its place is a result for 'other'" in result.steps[1].why


def test_white_space_in_an_input_does_not_matter():
    """A result belongs to its step although the platform stripped the input."""
    assert judge(good(), local_suite("Start_Flow ", "quote", "yes", " bye")).outcome == PASSED


def test_a_passed_step_with_a_failed_assertion():
    """An assertion that failed in a step that passed is a failure that we derived."""
    made = good()
    made["result"]["executionResults"][1] = executed("quote", flow="failed")
    step = judge(made).steps[1]
    assert (step.outcome, step.reported) == (FAILED, False)
    assert step.why == "flow of reply 1 (the platform reports 'passed' for the step)"


@pytest.mark.parametrize(("text", "outcome"), [("passed", PASSED), ("failed", FAILED), (None, NOT_EVALUATED)])
def test_a_step_without_a_status(text, outcome):
    """A step of which the platform gives no status is judged by its assertions, and says so."""
    made = good()
    step = executed("quote", status="", text=text)
    made["result"]["executionResults"][1] = {**step, "actualOutput": [output("Fine.", text=text)]}
    result = judge(made)
    assert (result.steps[1].outcome, result.steps[1].reported) == (outcome, False)
    assert (result.outcome == PASSED) == (outcome == PASSED)


def test_a_text_mismatch_mark_is_no_failure():
    """The mark that the documentation shows on a step that passed decides nothing."""
    made = good()
    made["result"]["executionResults"][1]["outputs"][0]["textMismatch"] = True
    assert judge(made).outcome == PASSED


def test_error_details_are_noted():
    """What the platform says about an error is told, but decides nothing by itself."""
    assert "quota" in str(
        verdict_of(judge({**bad(), "result": {**bad()["result"], "errorDetails": ["quota"]}}))
    )
    assert judge(reply(*(executed(said) for said in INPUTS), errorDetails={"a": 1})).outcome == PASSED


def test_the_errors_are_plain_data():
    """A verdict survives a trip through JSON, with the suite and its failed steps."""
    result = judge(bad(text="failed", actual=["Bad."]))
    for error in (verdict_of(result), step_error(result, 1)):
        twin = from_data(json.loads(json.dumps(error.to_data())))
        assert str(twin) == str(error)
        assert (twin.suite, twin.run_id) == ("BOOKING", "ctr-1")
        assert [(step["number"], step["input"], step["outcome"]) for step in twin.steps] == [
            (2, "quote", FAILED)
        ]


def test_a_step_that_was_not_evaluated_is_no_pass():
    """An error is made of it, that says why and what the run came to."""
    error = step_error(judge(counts_only(bad())), 1)
    assert COUNTS_ONLY in str(error)
    assert "the platform counts 1 failed of 4 steps" in str(error)
    assert error.steps[0]["outcome"] == NOT_EVALUATED


def test_a_failure_is_told_with_everything_around_it():
    """Input, both sides by word, each assertion, the conversation so far and the place, in this order."""
    kinds = {"text": "failed", "flow": "passed", "context": "failed"}
    made = bad(expected=["It is confirmed."], actual=["It is cancelled."], **kinds)
    made["result"]["executionResults"][1]["actualOutput"][0]["nodeId"] = "Cancelled"
    assert write_failure(judge(made), 1) == TOLD


TOLD = """\
step 02 'quote' of BOOKING FAILED: text of reply 1, context of reply 1

user      quote

reply 1 of 1
  expected  It is [-confirmed-].
  actual    It is {+cancelled+}.
  text      FAILED
  flow      PASSED, expected nodeId GetBooking; the bot was at nodeId Cancelled
  context   FAILED, expected key city, value Rome

the conversation so far
  user      Start_Flow
  bot       Fine.

conversations/booking.kore.json:20"""


def test_a_template_is_told_by_path():
    """Of two templates only what differs is shown, with its path."""
    old = json.dumps({"payload": {"template_type": "button", "text": "Pick", "buttons": [{"title": "Yes"}]}})
    made = bad(text="failed", expected=[old], actual=[old.replace("Yes", "No")])
    lines = write_failure(judge(made), 1).splitlines()
    start = lines.index("reply 1 of 1")
    assert lines[start : start + 7] == [
        "reply 1 of 1",
        "  expected  <button> Pick",
        "  actual    <button> Pick",
        "  at $.payload.buttons[0].title",
        '    expected  "Yes"',
        '    actual    "No"',
        "  text      FAILED",
    ]


@pytest.mark.parametrize(
    ("expected", "actual", "said"),
    [
        ('{"a": 1}', '{"a":1}', "the same data; only the formatting of the JSON differs"),
        ('{"a": 1}', "Sorry", "a template: <template>"),
        ("same", "same", "both texts are the same"),
        ("", "Hi", 'expected  ""'),
        (json.dumps(dict.fromkeys(TWENTY, 1)), json.dumps(dict.fromkeys(TWENTY, 2)), "and 5 more"),
    ],
)  # fmt: skip
def test_odd_pairs_are_explained(expected, actual, said):
    """Formatting alone, a template against a text, equal texts, an empty one, and many differences."""
    assert said in write_failure(judge(bad(text="failed", expected=[expected], actual=[actual])), 1)


def test_lines_stay_lines():
    """A text of several lines is shown as such, under its label."""
    text = write_failure(judge(bad(text="failed", expected=["one\ntwo"], actual=["one\nthree"])), 1)
    assert "  expected  one\n            [-two-]" in text


def test_missing_and_further_replies():
    """Silence and a reply too many are told as what they are; what is in order is brief."""
    silent = write_failure(judge(bad(expected=["A", "B"], actual=["A"])), 1)
    assert "replies expected: 2, given: 1" in silent
    assert "reply 1 of 2: as expected: A" in silent
    assert "actual    (nothing: the bot did not answer)" in silent
    chatty = write_failure(judge(bad(expected=["A"], actual=["A", "B"])), 1)
    assert "expected  (nothing: this reply is not expected)\n  actual    B" in chatty


def test_a_failed_flow_with_the_right_text():
    """When only the flow failed the texts stand there unmarked, though another variation matched."""
    made = bad(flow="failed", expected=["It is confirmed."], actual=["It is done."])
    made["result"]["executionResults"][1]["outputs"][0]["assertions"]["flowLevel"]["contains"] += ["odd"]
    text = write_failure(judge(made), 1)
    assert "  expected  It is confirmed.\n  actual    It is done.\n  text      PASSED" in text
    assert 'flow      FAILED, expected nodeId GetBooking (failed); "odd"; the bot was at no node' in text


def test_a_step_without_replies():
    """A failed step in which nothing was expected and nothing said is told as that."""
    text = write_failure(judge(bad(expected=[])), 1)
    assert "the platform does not report which assertion failed" in text
    assert "no reply is expected, and the bot gave none" in text


def test_many_failed_steps_are_not_all_named():
    """The verdict on a run names the first twenty failed steps and counts the rest."""
    made = reply(*(executed(f"say {number}", status="failed") for number in range(30)), status="failed")
    error = verdict_of(judge(made, None))
    assert len(error.steps) == 30
    assert str(error).count("\n  step ") == 20
    assert "and 10 more failed steps" in str(error)


def test_the_closest_variation_is_shown():
    """Of several variations the one most like the reply is compared, and the text says so."""
    made = bad(text="failed", expected=["Hello there"], actual=["You are not booked"])
    texts = made["result"]["executionResults"][1]["outputs"][0]["assertions"]["text"]["contains"]
    texts.append({"text": "You are booked", "status": "failed"})
    text = write_failure(judge(made), 1)
    assert "closest of 2 variations" in text
    assert "actual    You are {+not +}booked" in text


def test_the_transcript_is_short():
    """Only the last ten exchanges are told, long texts in one short line."""
    inputs = [f"say {number}" for number in range(30)]
    results = [executed(said, expected=["word\n" * 100]) for said in inputs[:-1]]
    made = reply(
        *results, executed(inputs[-1], status="failed", text="failed", actual=["x"]), status="failed"
    )
    text = write_failure(judge(made, local_suite(*inputs)), 29)
    assert "(19 earlier exchanges)" in text
    assert "user      say 19\n" in text
    assert "say 18" not in text
    assert max(map(len, text.splitlines())) < 130


def test_foreign_text_is_harmless():
    """Escape sequences of user and bot are shown, a token is not."""
    made = bad(
        "quote\x1b[2J",
        text="failed",
        expected=["\x1b[31mred\r"],
        actual=["eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.sig\x07"],
    )
    made["result"]["errorDetails"] = "\x1b[31mbad"
    result = judge(made, local_suite("Start_Flow", "quote\x1b[2J", "yes", "bye"))
    for text in (write_failure(result, 1), str(verdict_of(result))):
        assert all(line.isprintable() for line in text.split("\n"))
        assert "eyJ" not in text
    assert "\\x1b[31mred" in write_failure(result, 1)


def walk(value, path=()):
    """Return the path of every place in some JSON."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, below in inner for place in walk(below, (*path, key)))]


DOCUMENTED = [
    json.loads((SAMPLES / f"run-status.{name}.json").read_text()) for name in ("passed", "passed-summary")
]
BASES = [good(), bad(text="failed", actual=["Bad."]), counts_only(good()), *DOCUMENTED]
SPOTS = [(number, path) for number, base in enumerate(BASES) for path in walk(base) if path]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 14) | st.floats() | st.text(max_size=5)
    | st.sampled_from(["passed", "PASSED", "failed", "completed", "inprogress", "aborted"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["status", "text", "enabled", "contains", "input"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def honest(made):
    """Say, straight from the reply, whether it says passed with counts that fit."""
    result = made.get("result")
    words = {fold(word) for word in (made.get("status"), result.get("status")) if isinstance(word, str)}
    counts = result["stepDetails"]
    results = result.get("executionResults", [None] * counts["total"])
    return (
        "passed" in words
        and not words & {"failed", "aborted", "inprogress"}
        and counts["failed"] == 0
        and counts["passed"] == counts["total"] == len(results) > 0
        and all(one is None or one.get("status") in ("passed", "PASSED", "", None) for one in results)
    )


@given(
    st.lists(st.tuples(st.sampled_from(SPOTS), JSON | st.just(GONE)), min_size=1, max_size=3),
    st.booleans(),
)
def test_no_mutation_is_green_by_accident(changes, with_file):
    """Whatever is changed in a reply: no crash, printable texts, and a pass only when the reply says it."""
    number = changes[0][0][0]
    made = copy.deepcopy(BASES[number])
    for (base, path), value in changes:
        if base == number:
            try:
                change(path, copy.deepcopy(value))(made)
            except (LookupError, TypeError):
                continue
    try:
        status = read_run_status(json.dumps(made).encode())
    except ValueError:
        return
    result = judge_run(status, LOCAL if with_file else None)
    assert (verdict_of(result) is None) == (result.outcome == PASSED)
    texts = [str(verdict_of(result) or ""), *(write_failure(result, at) for at in range(len(result.steps)))]
    assert all(
        line.replace("\u200c", "").replace("\u200d", "").isprintable()
        for text in texts
        for line in text.split("\n")
    )
    if result.outcome == PASSED:
        assert honest(made)


@pytest.mark.parametrize(
    ("severity", "outcome"),
    [(Severity.ERROR, NOT_EVALUATED), (Severity.WARNING, PASSED), (Severity.OFF, PASSED)],
)
def test_a_chosen_severity(severity, outcome):
    """A rule decides, is a note, or is not looked for, as the settings say."""
    made = good()
    made["result"]["stepDetails"]["passed"] = 3
    status = read_run_status(json.dumps(made).encode())
    result = judge_run(status, LOCAL, RunRequest(rules={Rule.COUNTS_DIFFER: severity}))
    assert result.outcome == outcome
    assert any("[counts-differ]" in note for note in result.notes) == (severity == Severity.WARNING)


def test_more_failed_steps_are_counted_than_reported():
    """One of them may not be shown at all, so the counts are in doubt, too."""
    made = bad(text="failed", actual=["Bad."])
    made["result"]["stepDetails"] = {"passed": 1, "failed": 3, "total": 4}
    found = [one.message for one in judge(made).findings if one.rule is Rule.COUNTS_DIFFER]
    assert "the platform counts 3 failed of 4 steps, but reported 1 as failed" in found


def test_a_failed_step_is_red_whatever_the_run_is_said_to_be():
    """A rule that is only a warning does not make it green."""
    made = good()
    change((*RESULT, "status"), "failed")(made)
    status = read_run_status(json.dumps(made).encode())
    rules = {Rule.FAILED_STEP_IN_PASSED_RUN: Severity.WARNING}
    result = judge_run(status, LOCAL, RunRequest(rules=rules))
    assert result.outcome == FAILED
    assert (Rule.STEP_FAILED, Severity.ERROR) in {(one.rule, one.severity) for one in result.findings}


def test_a_fixed_rule_cannot_be_switched_off():
    """A run in which nothing was verified is red whatever the settings say."""
    made = reply(*(executed(said, expected=()) for said in INPUTS))
    off = dict.fromkeys(Rule, Severity.OFF)
    result = judge_run(read_run_status(json.dumps(made).encode()), LOCAL, RunRequest(rules=off))
    assert [one.rule for one in result.findings] == [Rule.NOTHING_VERIFIED]


def test_thousands_of_weak_steps_are_few_lines():
    """Findings of a kind are grouped: the first five, and how many more there are."""
    results = [executed(f"say {number}", expected=()) for number in range(3000)]
    result = judge(reply(executed("quote"), *results), None)
    assert result.outcome == PASSED
    assert len(result.notes) == 6
    assert result.notes[-1] == "and 2995 more, all of them in the JSON report [step-not-verified]"
    assert len(result.findings) == 3000


def test_only_unshown_failed_steps_are_the_runs():
    """A failed step that an item of its own shows is left out of the verdict on the run."""
    results = [executed(said, status="failed") for said in INPUTS]
    result = judge(reply(*results, status="failed"))
    assert verdict_of(result, shown={1, 2, 3, 4}) is None
    error = verdict_of(result, shown={1, 2})
    assert [step["number"] for step in error.steps] == [3, 4]
    assert str(error).startswith(
        "the platform reports the status 'failed' [step-failed] (suite 'BOOKING', run ctr-1)"
    )
