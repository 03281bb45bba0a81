"""A run's result is this run's and verified something, or the run is red; each wrong step counts once."""

import json
import re

import pytest
from _pytest._code.code import TracebackEntry

from .test_runs import document, files, start, told  # noqa: F401 - fixtures

STEPS = ("step 01 Start_Flow", "step 02 quote", "step 03 Rome")
SHORT = {"passed": ".", "failed": "F", "error": "E", "skipped": "s", "-": "-"}


def steps_of(body):
    """Return the results of the steps."""
    return body["result"]["executionResults"]


def change_step(number, **fields):
    """Return a drift that changes fields of one step's result."""

    def drift(body):
        steps_of(body)[number - 1].update(fields)
        return body

    return drift


def change_block(number, kind="text", side="outputs", **fields):
    """Return a drift that changes one assertion of one step's result."""

    def drift(body):
        steps_of(body)[number - 1][side][0]["assertions"][kind].update(fields)
        return body

    return drift


def change_body(**fields):
    """Return a drift that changes fields of the whole answer; ``result`` is merged."""

    def drift(body):
        return {**body, **fields, "result": {**body["result"], **fields.get("result", {})}}

    return drift


def counts(**fields):
    """Return a drift that changes the counts."""

    def drift(body):
        body["result"]["stepDetails"].update(fields)
        return body

    return drift


def silent(body):
    """Let one step's reply be missing."""
    del steps_of(body)[1]["actualOutput"]
    return body


def unheard(body):
    """Let one step have a reply that is nothing like the expected one."""
    steps_of(body)[1]["actualOutput"][0]["text"] = "Goodbye."
    return body


def new_kind(body):
    """Let an assertion of an unknown kind fail in a step that passed."""
    steps_of(body)[1]["outputs"][0]["assertions"]["sentiment"] = {"enabled": True, "status": "failed"}
    return body


def failed_entries(body):
    """Let what a passed assertion compares with say failed."""
    for side in ("outputs", "actualOutput"):
        block = steps_of(body)[1][side][0]["assertions"]["text"]
        block["contains"][0]["status"] = "failed"
    return body


def swapped(body):
    """Exchange the expectations of two steps, which both passed."""
    first, second = steps_of(body)[1:]
    for side in ("outputs", "actualOutput"):
        first[side], second[side] = second[side], first[side]
    return body


def nested_nulls(body):
    """Put nulls where objects are."""
    steps_of(body)[1]["outputs"] = [None]
    return body


RED = {
    "run-of-another-version": ["other-version"],
    "other-expectations": [
        "empty-texts",
        change_block(2, contains=[{"text": "Which planet?", "status": "passed"}]),
        change_block(2, enabled=False, contains=[]),
        change_block(2, contains=[{"text": "Which city?"}, {"text": "Anything", "status": "passed"}]),
        change_step(2, outputs=[]),
        swapped,
    ],
    "nothing-verified": [
        "no-assertions",
        "no-outputs",
        "no-statuses",
        change_body(status="passed", result={"stepDetails": {"passed": 0, "failed": 0, "total": 0}}),
    ],
    "passed-without-reply": ["no-replies", silent],
    "passed-text-differs": [unheard],
    "unknown-assertion-status": [
        "odd-statuses",
        change_block(2, status="verified"),
        change_block(2, status=1),
        change_block(2, enabled="true"),
    ],
    "contradicting-status": [failed_entries, change_body(result={"status": "inprogress"})],
    "step-failed or failed-step-in-passed-run": [
        change_step(2, status="failed"),
        change_step(2, status="FAILED"),
        change_block(2, status="failed"),
        change_block(2, side="actualOutput", status="failed"),
        new_kind,
    ],
    "counts-differ": [
        "odd-counts",
        counts(passed="3"),
        counts(passed=True),
        counts(total=None),
        counts(failed=-1),
        change_body(totalTestStepsCount=4),
    ],
    "run-failed": [counts(failed=1, passed=2), change_body(status="aborted")],
    "step-not-reported": [
        "drop-result",
        "repeat-result",
        nested_nulls,
        change_step(2, status="Skipped"),
        change_step(2, status=True),
        change_body(result={"executionResults": None}),
        change_body(result={"executionResults": []}),
    ],
    "run-not-passed": [change_body(status="completed", result={"status": "done"})],
}
LIES = [(rule, lie) for rule, lies in RED.items() for lie in lies]


def name(value):
    """Name a lie in a test's id."""
    return value if isinstance(value, str) else getattr(value, "__name__", None)


@pytest.mark.parametrize("select", [(), ("-k", "step")], ids=["all", "steps"])
@pytest.mark.parametrize(("rule", "lie"), LIES, ids=name)
def test_a_lying_result_is_never_green(start, account, rule, lie, select):  # noqa: F811
    """Whoever is selected: a result of another run, or that verified nothing, is red by its rule."""
    account.switch(run_drift=lie)
    result = start(*select, "--kore-timeout=5")
    assert result.code == 1, result.text
    assert "Traceback" not in result.text
    named = [f"[{one}]" in result.text for one in rule.split(" or ")]
    assert any(named) or "failed-step" in rule, result.text


@pytest.mark.parametrize(
    ("lie", "rule"),
    [
        ("other-suite", "run-of-another-suite"),
        ("old-start", "result-of-another-run"),
        (change_body(result={"version": "stable"}), "unknown-version"),
        (change_body(result={"version": None}), "unknown-version"),
        (change_step(2, requestId="ctr-00000000-0000-5000-8000-0000000000001"), "result-of-another-run"),
        (change_block(2, kind="flowLevel", enabled=True, status="passed", contains=[{"nodeId": "A"}]),
         "more-expectations"),
        (change_block(2, kind="context", enabled=True), "step-not-verified"),
    ],
)  # fmt: skip
def test_what_is_not_documented_only_warns(start, account, lie, rule):  # noqa: F811
    """What may have a reason that nobody documented is told under its rule, and decides nothing."""
    account.switch(run_drift=lie)
    result = start()
    assert result.code == 0, result.text
    assert f"[{rule}]" in result.text


def test_a_text_mismatch_mark_and_layout_say_nothing(start, pytester, account):  # noqa: F811
    """The mark that the documentation shows on a passed step, and layout, are no finding."""
    template = '{"type": "template", "payload": {"text": "A  b"}}'
    (pytester.path / "a.kore.json").write_text(document("A", ("Welcome.", "Which city?", template)))

    def drift(body):
        for step in steps_of(body):
            for output in step["outputs"]:
                output["textMismatch"] = True
                for entry in output["assertions"]["text"]["contains"]:
                    entry["text"] = entry["text"].replace(": ", ":").replace("Which ", "Which  ")
        return body

    account.switch(run_drift=drift)
    result = start()
    assert result.code == 0, result.text
    assert "[other-expectations]" not in result.text


@pytest.fixture
def weak(pytester):
    """Write a suite of which one step expects nothing."""
    text = json.loads(document("A"))
    text["testCases"][0]["messages"][1]["outputs"] = []
    (pytester.path / "a.kore.json").write_text(json.dumps(text))


def test_an_empty_step_warns_and_is_named(start, weak, account):  # noqa: F811
    """One step that asserts nothing is a warning that names it."""
    account.bot({"quote": []})
    result = start()
    assert result.code == 0, result.text
    assert re.search(r"step 02 'quote'.*\[step-not-verified\]", result.text)


def test_a_step_that_checks_nothing_is_counted_apart_in_all_reports(start, weak, account, pytester):  # noqa: F811
    """It passes, but whatever the bot answers: no report counts it with what was checked."""
    result = start(
        "--kore-json=run.json", "--kore-html=run.html", "--kore-markdown=run.md", "--junitxml=run.xml"
    )
    total = len(json.loads(document("A"))["testCases"][0]["messages"])
    executed = f"{total} of {total} steps executed, {total - 1} passed, 1 step checked nothing"
    assert executed in result.closing[-1]
    assert f"A run: {total - 1} of {total} steps passed, 1 checked nothing" in result.text
    page, text, data = ((pytester.path / f"run.{form}").read_text("utf-8") for form in ("html", "md", "json"))
    assert f"{total} steps: {total - 1} passed, 1 checked nothing." in page
    assert f"Steps: {total - 1} passed, 0 failed, 0 not evaluated, 1 checked nothing." in text
    steps = json.loads(data)["suites"][0]["steps"]
    said = '<property name="kore_unchecked" value="it expects no reply, so nothing of it was verified"'
    assert (pytester.path / "run.xml").read_text("utf-8").count(said) == 1
    assert [step["unchecked"] for step in steps] == [step["number"] == 2 for step in steps]


def test_with_require_assertions_it_fails(start, account):  # noqa: F811
    """With --kore-require-assertions a step of which nothing was verified fails, and only this step."""
    account.switch(run_drift=change_step(2, outputs=[]))
    result = start("--kore-require-assertions")
    assert told(result)["A::step 02 quote"] == "FAILED"
    assert told(result)["A::step 03 Rome"] == "PASSED"


# Each wrong step is counted once


def all_wrong(body):
    """Let every step fail."""
    for step in steps_of(body):
        step["status"] = "failed"
    body["status"] = body["result"]["status"] = "failed"
    body["result"]["stepDetails"] = {"passed": 0, "failed": 3, "total": 3}
    return body


def test_three_wrong_steps_are_three_failures(start, account, plugin_args):  # noqa: F811
    """Not four: the run came to its end and reports every step."""
    account.switch(run_drift=all_wrong)
    result = start(*plugin_args)
    assert result.counts["failed"] == 3
    assert result.code == 1


ORDINARY = """
import pytest

def test_ours(kore_wait_for_import):
    kore_wait_for_import("not an id")

@pytest.mark.xfail
def test_expected(kore_wait_for_import):
    kore_wait_for_import("not an id")

def test_another():
    raise ValueError
"""


def test_no_traceback_is_made_that_nobody_sees(start, account, pytester, monkeypatch):  # noqa: F811
    """Where an error of ours came from is shown as a place; pytest need not parse files for it."""
    account.switch(run_drift=all_wrong)
    pytester.makepyfile(test_ordinary=ORDINARY)
    parsed, get_source = [], TracebackEntry.getsource

    def note(entry, *args):
        parsed.append(entry.name)
        return get_source(entry, *args)

    monkeypatch.setattr(TracebackEntry, "getsource", note)
    result = start("-p", "no:randomly", "--tb=long")
    assert result.counts == {"passed": 4, "failed": 4, "errors": 1, "xfailed": 1}, result.text
    assert (parsed[0], parsed[-1], parsed.count("test_another")) == ("test_expected", "test_another", 1)
    assert set(parsed).isdisjoint({"test_ours"})
    assert any(line.endswith("test_ordinary.py:4") for line in result.lines)
    assert "test_ordinary.py:11: ValueError" in result.lines


def wrong_step(body):
    """Let the second step fail, and the run by it."""
    steps_of(body)[1]["status"] = "failed"
    body["status"] = body["result"]["status"] = "failed"
    body["result"]["stepDetails"] = {"passed": 2, "failed": 1, "total": 3}
    return body


def failed_alone(body):
    """Let the run fail without a failed step."""
    body["status"] = body["result"]["status"] = "failed"
    return body


def only_counts(body):
    """Report the counts only."""
    del body["result"]["executionResults"]
    return body


def wrong_counts(body):
    """Report the counts only of a run with a failed step."""
    return only_counts(wrong_step(body))


def aborted(body):
    """Abort the run after a failed step."""
    wrong_step(body)
    body["status"] = body["result"]["status"] = "aborted"
    return body


RESULTS = {
    "passed": None,
    "wrong step": wrong_step,
    "three wrong steps": all_wrong,
    "failed without a failed step": failed_alone,
    "aborted after a failed step": aborted,
    "counts only": only_counts,
    "counts only, failed": wrong_counts,
    "unreported step": "drop-result",
    "unknown version": change_body(result={"version": "stable"}),
    "other version": "other-version",
}
SELECTED = {
    "all": "run or step",
    "the run": "run",
    "the run and a good step": "run or 01",
    "the run and the wrong step": "run or 02",
    "the steps": "step",
    "a good step": "01",
    "the wrong step": "02",
}
BECAME = """
all, the run, the run and a good step, the run and the wrong step, the steps, a good step, the wrong step
passed                        ....  .---  ..--  .-.-  -...  -.--  --.-
wrong step                    ..F.  F---  F.--  .-F-  -.F.  -.--!  --F-
three wrong steps             .FFF  F---  FF--  F-F-  -FFF  -F--  --F-
failed without a failed step  F...  F---  F.--  F-.-  -FFF  -F--  --F-
aborted after a failed step   F.F.  F---  F.--  F-F-  -FFF  -F--  --F-
counts only                   .sss  .---  .s--  .-s-  -...  -.--  --.-
counts only, failed           Fsss  F---  Fs--  F-s-  -FFF  -F--  --F-
unreported step               E..s  E---  E.--  E-.-  -EEE  -E--  --E-
unknown version               ....  .---  ..--  .-.-  -...  -.--  --.-
other version                 F...  F---  F.--  F-.-  -FFF  -F--  --F-
"""
"""What becomes of the run and of each step: the rows are results, the columns who is selected."""


def table():
    """Yield what is reported, what is selected, and what becomes of the run and each step."""
    _, *rows = BECAME.strip("\n").splitlines()
    for row in rows:
        result, *cells = re.split(r"\s{2,}", row.strip())
        yield from ((result, selected, cell) for selected, cell in zip(SELECTED, cells, strict=True))


@pytest.mark.parametrize(("result", "selected", "expected"), list(table()))
def test_who_judges_what(start, account, result, selected, expected):  # noqa: F811
    """A wrong step is shown once; the run as a whole is judged by its item, or by the steps without it.

    A ``!`` says that no item is red, yet the whole is: the failed step was not selected.
    """
    if RESULTS[result]:
        account.switch(run_drift=RESULTS[result])
    done = start("-k", SELECTED[selected])
    words = told(done)
    assert "".join(SHORT[words.get(f"A::{item}", "-").lower()] for item in ("run", *STEPS)) == expected[:4]
    assert done.code == (not set(expected) <= set(".s-")), done.text


@pytest.mark.parametrize(
    "args",
    [
        ("--deselect", "a.kore.json::A::step 02 quote"),
        ("-m", "not slow"),
        ("a.kore.json::A::run", "a.kore.json::A::step 01 Start_Flow"),
    ],
    ids=["--deselect", "-m", "node ids"],
)
def test_a_deselected_wrong_step_fails_the_run(start, pytester, account, plugin_args, args):  # noqa: F811
    """However it was deselected, and under xdist, too."""
    pytester.makeini("[pytest]\nmarkers = slow")
    pytester.makeconftest(
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if 'step 02' in item.name:\n"
        "            item.add_marker('slow')\n"
    )
    account.switch(run_drift=wrong_step)
    result = start(*args, *plugin_args)
    assert result.code == 1
    assert told(result)["A::run"] == "FAILED"
    assert result.counts["failed"] == 1
