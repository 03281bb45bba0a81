"""Bots that waver: suites that are run again after failures, and suites that are run a number of times."""

import json
import xml.etree.ElementTree as ET

import pytest

from tests.plugin.test_runs import STEPS, XDIST, became, document, done

GREEN = ["passed"] * 7
FLAKY = "step 02 'quote'"


@pytest.fixture(autouse=True)
def _suite(pytester):
    pytester.makeini("[pytest]")
    (pytester.path / "a.kore.json").write_text(document("A"))


@pytest.fixture
def start(run, account):
    """Run the suite against a bot that answers "quote" run by run; more arguments may follow."""

    def begin(replies, *args):
        account.bot({"quote": {"runs": replies}})
        return run("-v", "-rs", "--kore-run=inDevelopment", "--kore-json=r.json", *args)

    return begin


def record(pytester):
    """Return the one suite of the JSON report."""
    (suite,) = json.loads((pytester.path / "r.json").read_text())["suites"]
    return suite


def runs(account):
    """Return how many runs were started."""
    return done(account).count("run")


@pytest.mark.parametrize("more", [(), XDIST, ("-p", "rerunfailures", "--reruns=2")])
def test_a_step_that_passes_in_the_second_run_is_flaky(start, account, pytester, more):
    """A flaky step is green, named and counted; the suite is imported once and run twice, whoever asks."""
    result = start(["Sorry?", None], "--kore-retry-failed=3", "--junitxml=j.xml", *more)
    assert result.code == 0
    assert became(result) == GREEN
    assert (done(account).count("import"), runs(account)) == (1, 2)
    assert any(FLAKY in line and "failed in run 1" in line and "flaky-step" in line for line in result.lines)
    assert "3 of 3 steps executed, all passed, 1 of them flaky" in result.text
    suite = record(pytester)
    assert [step["outcome"] for step in suite["steps"]] == ["passed", "flaky", "passed"]
    attempts = suite["steps"][1]["attempts"]
    assert [(one["number"], one["outcome"]) for one in attempts] == [(1, "failed"), (2, "passed")]
    assert [one["run_id"] for one in suite["run"]["attempts"]] == [one["run_id"] for one in attempts]
    assert suite["verdict"] == "passed"


def test_a_flaky_step_in_junit(start, pytester):
    """The passed test case holds the failure in the form of Maven Surefire, and no other one does."""
    start(["Sorry?", None], "--kore-retry-failed=1", "--junitxml=j.xml")
    tree = ET.parse(pytester.path / "j.xml")  # noqa: S314 - pytest's own
    holders = {
        case.get("name"): case for case in tree.iter("testcase") if case.find("flakyFailure") is not None
    }
    assert [*holders] == [STEPS[1]]
    (flaky,) = holders[STEPS[1]].findall("flakyFailure")
    assert flaky.get("type") == "ConversationFailedError"
    assert flaky.get("message", "").startswith(f"{FLAKY} of A FAILED")
    assert "Sorry?" in flaky.findtext("stackTrace", "")
    assert "run 1 of 2" in flaky.findtext("system-out", "")
    assert holders[STEPS[1]].find("failure") is None


def test_a_step_that_never_passes_is_failed(start, account):
    """After the last run that is allowed a step that failed in all of them fails, and is not run again."""
    result = start(["Sorry?"], "--kore-retry-failed=2", "-p", "rerunfailures", "--reruns=2")
    assert result.code == 1
    assert became(result)[5] == "failed"
    assert runs(account) == 3


def test_without_the_option_nothing_is_run_again(start, account):
    """A failed step fails at once."""
    assert start(["Sorry?", None]).code == 1
    assert runs(account) == 1


def test_a_run_that_passes_is_not_run_again(start, account):
    """Retries are for failures only."""
    assert start([None], "--kore-retry-failed=2").code == 0
    assert runs(account) == 1


@pytest.mark.parametrize("only", [(), ("-k", "run"), ("-k", "02")])
def test_fail_on_flaky(start, pytester, only):
    """With --kore-fail-on flaky such a step makes the run red, whichever items are selected."""
    result = start(["Sorry?", None], "--kore-retry-failed=1", "--kore-fail-on=flaky", *only)
    assert result.code == 1
    assert record(pytester)["verdict"] == "failed"
    assert record(pytester)["steps"][1]["outcome"] == "flaky"


@pytest.mark.parametrize(("least", "code"), [("0.7", 0), ("75%", 0), ("0.8", 1)])
def test_a_pass_rate(start, account, pytester, least, code):
    """A step passes when it passed as often as it has to; the record has the interval."""
    result = start([None, "Sorry?", None], "--kore-repeat=4", f"--kore-min-pass-rate={least}")
    assert result.code == code
    assert (done(account).count("import"), runs(account)) == (1, 4)
    step = record(pytester)["steps"][1]
    rate = step["rate"]
    assert (rate["passed"], rate["evaluated"], round(rate["low"], 2), round(rate["high"], 2)) == (
        3,
        4,
        0.3,
        0.95,
    )
    assert "passed 3 of 4 (0.30 to 0.95)" in step["why"]
    assert step["outcome"] == ("failed" if code else "passed")


def test_without_a_rate_each_repetition_has_to_pass(start, account):
    """The least rate is 1 when nobody names one."""
    assert start([None, "Sorry?", None], "--kore-repeat=3").code == 1
    assert runs(account) == 3


def test_a_repetition_without_a_result_is_not_verified(start, account, pytester):
    """One repetition that could not be verified ends them, and the suite is not verified."""
    for words in ("SUCCESS", "PASSED", "401"):
        account.script(words)
    result = start([None], "--kore-repeat=4")
    assert result.code == 1
    assert became(result)[3:] == ["error", "skipped", "skipped", "skipped"]
    assert runs(account) == 2
    suite = record(pytester)
    assert suite["verdict"] == "unknown"
    assert [one["outcome"] for one in suite["run"]["attempts"]] == ["passed", "not evaluated"]
    assert {step["outcome"] for step in suite["steps"]} == {"not evaluated"}


@pytest.mark.parametrize("count", [3, 9])
def test_repetitions_are_judged_together_once(start, monkeypatch, count):
    """When the last one has ended, and not after each of them: the work grows with their number alone."""
    from pytest_kore_convtest.suites.results import attempts

    joined, combine = [], attempts.combine

    def counting(runs, *more):
        joined.append(len(runs))
        return combine(runs, *more)

    monkeypatch.setattr(attempts, "combine", counting)
    assert start([None], f"--kore-repeat={count}").code == 0
    assert set(joined) == {count}


def test_a_retry_without_a_result_changes_nothing(start, account, pytester):
    """What failed stays failed when the next run could not be verified."""
    for words in ("SUCCESS", "FAILED", "401"):
        account.script(words)
    result = start(["Sorry?", None], "--kore-retry-failed=2")
    assert result.code == 1
    assert became(result)[5] == "failed"
    assert runs(account) == 2
    assert record(pytester)["verdict"] == "failed"
    assert any("run 2 was not verified" in note for note in record(pytester)["run"]["notes"])


def test_a_run_without_a_result_is_not_run_again(start, account):
    """What could not be verified is no failure that another run could mend."""
    for words in ("SUCCESS", "401"):
        account.script(words)
    result = start([None], "--kore-retry-failed=2")
    assert result.code == 1
    assert became(result)[3] == "error"
    assert runs(account) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--kore-repeat=2", "--kore-retry-failed=1"), "contradict each other"),
        (("--kore-min-pass-rate=0.9",), "needs --kore-repeat N"),
        (("--kore-repeat=0",), "--kore-repeat"),
        (("--kore-repeat=1.5",), "--kore-repeat"),
        (("--kore-retry-failed=-1",), "--kore-retry-failed"),
        (("--kore-retry-failed=two",), "--kore-retry-failed"),
        (("--kore-repeat=2", "--kore-min-pass-rate=0"), "--kore-min-pass-rate"),
        (("--kore-repeat=2", "--kore-min-pass-rate=1.5"), "--kore-min-pass-rate"),
        (("--kore-repeat=2", "--kore-min-pass-rate=nan"), "--kore-min-pass-rate"),
        (("--kore-fail-on=slower",), "is not one of: flaky"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(start, account, args, said):
    """Each is refused in a sentence before anything is imported."""
    result = start([None], *args)
    assert result.code == 4
    assert said in result.text
    assert not done(account)


@pytest.mark.parametrize(
    ("args", "verdict"),
    [
        (("--kore-retry-failed=1",), "passed"),
        (("--kore-retry-failed=1", "--kore-fail-on=flaky"), "failed"),
        (("--kore-repeat=4", "--kore-min-pass-rate=0.7"), "passed"),
        (("--kore-repeat=4",), "failed"),
    ],
)
def test_counts_only(start, account, pytester, args, verdict):
    """Of a run that reports counts only another one counts as a whole."""
    account.switch(run_results="summary")
    result = start(["Sorry?", None], *args)
    assert (result.code == 0) == (verdict == "passed")
    assert runs(account) == (4 if "--kore-repeat=4" in args else 2)
    assert record(pytester)["verdict"] == verdict


@pytest.mark.parametrize(("replies", "deleted"), [(["Sorry?", None], 1), (["Sorry?"], 0)])
def test_a_flaky_suite_is_deleted_as_a_passed_one(start, account, replies, deleted):
    """What is kept on failure is decided by all runs of a suite together."""
    start(replies, "--kore-retry-failed=1")
    assert done(account).count("delete") == deleted


def test_a_suite_that_a_test_runs_is_run_again_too(run, account, pytester):
    """``kore_run_suite`` takes the same way."""
    account.bot({"quote": {"runs": ["Sorry?", None]}})
    pytester.makepyfile(
        "def test_it(kore_import_suite, kore_run_suite):\n"
        "    kore_import_suite('a.kore.json')\n"
        "    assert kore_run_suite('A', 'inDevelopment').status == 'passed'\n"
    )
    assert run("--kore-retry-failed=1", "test_a_suite_that_a_test_runs_is_run_again_too.py").code == 0
    assert runs(account) == 2
