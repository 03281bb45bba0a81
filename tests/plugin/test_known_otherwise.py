"""A known failure is accepted as it was written down: a step that fails otherwise is red."""

import json

import pytest

from tests.plugin.test_runs import document

ENTRY = {"suite": "A", "step": 2, "input": "quote", "reason": "TICKET-7", "until": "2099-01-31"}
KNOWN = "known failure until 2099-01-31: TICKET-7"
TEXT = "text of reply 1"


@pytest.fixture(autouse=True)
def _suite(pytester):
    pytester.makeini("[pytest]")
    (pytester.path / "a.kore.json").write_text(document("A"))


@pytest.fixture
def accept(pytester):
    """Write a baseline of one entry, changed."""

    def write(**changes):
        data = {"format": "pytest-kore-convtest baseline", "version": 1, "accepted": [ENTRY | changes]}
        (pytester.path / "known.json").write_text(json.dumps(data))

    return write


@pytest.fixture
def start(run, account):
    """Run the suite; the step "quote" fails in each run by the kinds of assertions that are listed for it."""

    def begin(*runs, args=("--kore-baseline=known.json",)):
        left = list(runs)

        def drift(body):
            kinds = left.pop(0) if len(left) > 1 else left[0]
            step = body["result"]["executionResults"][1]
            made = {
                kind: {"enabled": True, "status": word, "contains": [{"text": "Which city?", "status": word}]}
                for kind in ("text", *kinds)
                for word in ["failed" if kind in kinds else "passed"]
            }
            for side in (*step["outputs"], *step["actualOutput"]):
                side["assertions"] = made
            step["status"] = "failed" if kinds else "passed"
            body["status"] = body["result"]["status"] = step["status"]
            body["result"]["stepDetails"] = {
                "passed": 3 - bool(kinds),
                "failed": int(bool(kinds)),
                "total": 3,
            }
            return body

        account.switch(run_drift=drift)
        return run("-v", "--kore-run=inDevelopment", "--kore-json=r.json", *args)

    return begin


def read(pytester, name="r.json"):
    """Return a JSON report."""
    return json.loads((pytester.path / name).read_text())


def command(pytester, *words):
    """Run the command; return its exit code and what it printed."""
    from fork_server import run_module

    code, out, err = run_module("pytest_kore_convtest", *words, cwd=pytester.path)
    return code, out + err


@pytest.mark.parametrize(
    ("kinds", "by"),
    [
        (["flowLevel"], "flow of reply 1"),
        (["context"], "context of reply 1"),
        (["entity"], "entity of reply 1"),
        (["text", "flowLevel"], "text of reply 1, flow of reply 1"),
    ],
)
@pytest.mark.parametrize("plugin", [(), ("-p", "xdist", "-n", "2")])
def test_a_step_that_fails_otherwise_is_red(start, accept, pytester, kinds, by, plugin):  # noqa: PLR0913, PLR0917 - fixtures
    """The summary says by what it failed, and what was accepted."""
    accept(fails=[TEXT])
    ended = start(kinds, args=("--kore-baseline=known.json", *plugin))
    assert ended.code == 1, ended.text
    said = f"known.json: A: step 02 quote is accepted, but failed otherwise: by {by}, accepted is {TEXT}"
    assert f"{said}: mend it, or accept it anew" in ended.lines, ended.text
    step = read(pytester)["suites"][0]["steps"][1]
    assert (step["known"], step["fails"]) == ("", by.split(", "))


@pytest.mark.parametrize("fails", [{}, {"fails": [TEXT]}, {"fails": [TEXT, "flow of reply 1"]}])
def test_what_was_accepted_is_green(start, accept, pytester, fails):
    """Its own kind; one of several; an entry without the key, as earlier files have it, accepts any."""
    accept(**fails)
    ended = start(["text"])
    assert ended.code == 0, ended.text
    assert read(pytester)["suites"][0]["steps"][1]["known"] == KNOWN


def test_another_failure_in_an_earlier_run_is_not_hidden_by_the_last_one(start, accept):
    """Of several runs what failed in any of them counts."""
    accept(fails=[TEXT])
    again = ("--kore-baseline=known.json", "--kore-retry-failed=1")
    assert start(["text"], ["text"], args=again).code == 0
    ended = start(["flowLevel"], ["text"], args=again)
    assert ended.code == 1, ended.text
    assert any("failed otherwise: by flow of reply 1, text of reply 1" in line for line in ended.lines)


def test_accepting_it_anew_accepts_what_failed(start, pytester):
    """The command writes down by what each step failed, and the comparison calls another one new."""
    words = ("--accept", "known.json", "--reason", "TICKET-7", "--until", "2099-01-31")
    start(["text"], args=())
    assert command(pytester, "compare", "r.json", *words)[0] == 0
    assert read(pytester, "known.json")["accepted"][0]["fails"] == [TEXT]
    known = ("--kore-baseline=known.json", "--kore-json=old.json", "--kore-history=past")
    assert start(["text"], args=known).code == 0
    ended = start(["flowLevel"], args=("--kore-baseline=known.json", "--kore-history=past"))
    assert ended.code == 1
    assert "kore: 1 step fails, accepted earlier today (A: step 02)" in ended.lines, ended.text
    code, said = command(pytester, "compare", "old.json", "r.json")
    assert code == 1
    assert "newly failing (1)" in said
    assert command(pytester, "compare", "r.json", *words)[0] == 0
    assert start(["flowLevel"]).code == 0


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ([], "$.accepted[0].fails: it has to be a list of what may fail; without the key anything may"),
        (TEXT, "$.accepted[0].fails: it has to be a list of what may fail; without the key anything may"),
        ([1], "$.accepted[0].fails[0]: it has to be a text"),
    ],
)
def test_a_list_that_says_nothing_is_refused(start, accept, fails, said):
    """Exit code 4, before anything is sent."""
    accept(fails=fails)
    ended = start(["text"])
    assert ended.code == 4
    assert said in ended.text
