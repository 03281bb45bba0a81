"""Retries and a baseline together, and what an entry of a baseline must not accept."""

import json

import pytest

from tests.plugin.test_runs import became, document, done

ENTRY = {"suite": "A", "step": 2, "input": "quote", "reason": "TICKET-7", "until": "2099-01-31"}
KNOWN = "known failure until 2099-01-31: TICKET-7"
BASELINE = "--kore-baseline=known.json"
RETRY = "--kore-retry-failed=1"


@pytest.fixture(autouse=True)
def _suite(pytester):
    pytester.makeini("[pytest]")
    (pytester.path / "a.kore.json").write_text(document("A"))


@pytest.fixture
def accept(pytester):
    """Write a baseline: an entry for each argument, changed."""

    def write(*changes):
        data = {"format": "pytest-kore-convtest baseline", "version": 1}
        entries = [ENTRY | change for change in changes or ({},)]
        (pytester.path / "known.json").write_text(json.dumps(data | {"accepted": entries}))

    return write


@pytest.fixture
def start(run, account):
    """Run the suite against a bot that answers "quote" run by run; more arguments may follow."""

    def begin(replies, *args):
        account.bot({"quote": {"runs": replies}})
        return run("-v", "--kore-run=inDevelopment", "--kore-json=r.json", BASELINE, *args)

    return begin


def read(pytester, name="r.json"):
    """Return a JSON report."""
    return json.loads((pytester.path / name).read_text())


def steps(pytester):
    """Return outcome and acceptance of each step of the report's first suite."""
    return [(step["outcome"], step["known"]) for step in read(pytester)["suites"][0]["steps"]]


# The two together


def test_a_known_failure_that_passes_in_a_later_run_is_flaky(start, accept, pytester):
    """It is green without the baseline's help, and the summary says that the entry may go."""
    accept()
    result = start(["Sorry?", None], RETRY)
    assert result.code == 0
    assert steps(pytester)[1] == ("flaky", "")
    said = "known.json: A: step 02 quote is accepted, and it passed in one of its runs: flaky"
    assert any(line.startswith(said) for line in result.lines), result.text


@pytest.mark.parametrize("args", [(RETRY,), (RETRY, "-k", "run"), (RETRY, "-k", "02"), ("--kore-repeat=2",)])
def test_a_known_failure_in_all_runs_is_known(start, accept, pytester, args):
    """Runs that follow one another change nothing about it, whichever items are selected."""
    accept()
    result = start(["Sorry?"], *args, "--junitxml=junit.xml")
    assert result.code == 0, result.text
    assert steps(pytester)[1] == ("failed", KNOWN)
    assert "flakyFailure" not in (pytester.path / "junit.xml").read_text()


@pytest.mark.parametrize("args", [(), ("-k", "run"), ("-k", "02"), ("-p", "xdist", "-n", "2")])
def test_an_accepted_step_that_wavers_is_known_where_flaky_steps_are_red(start, accept, pytester, args):
    """Whoever accepted that it fails accepted that it fails at times."""
    accept()
    result = start(["Sorry?", None], RETRY, "--kore-fail-on=flaky", *args)
    assert result.code == 0, result.text
    assert steps(pytester)[1] == ("flaky", KNOWN)
    assert "1 known failure" in result.closing[0]
    assert "FAILED" not in result.closing[0]
    assert "FLAKY" not in result.closing[0]


def test_another_step_that_wavers_is_red_beside_an_accepted_one(start, accept):
    """The entry is about one step."""
    accept({"step": 3, "input": "Rome"})
    result = start(["Sorry?", None], RETRY, "--kore-fail-on=flaky")
    assert result.code == 1


def test_a_rate_that_is_not_reached_can_be_accepted(start, accept, pytester):
    """It is a failed step; the other steps count."""
    accept()
    assert start(["Sorry?", None], "--kore-repeat=2", "--kore-min-pass-rate=0.9").code == 0
    assert steps(pytester)[1] == ("failed", KNOWN)


def test_a_later_run_without_a_result_is_not_hidden_by_a_baseline(start, accept, account):
    """Of repetitions each counts, accepted or not."""
    accept()
    for words in ("SUCCESS", "FAILED", "401"):
        account.script(words)
    result = start(["Sorry?"], "--kore-repeat=2")
    assert result.code == 1


# What an entry must not accept


@pytest.mark.parametrize("args", [(), ("-k", "run"), ("-k", "02"), ("-k", "lint or import"), (RETRY,)])
def test_an_aborted_run_is_red(start, accept, account, pytester, args):
    """Its failed step is accepted, that it was aborted is not."""
    accept()
    account.switch(abort_runs=True)
    account.bot({"Start_Flow": ["Sorry?"]})
    accept({"step": 1, "input": "Start_Flow"})
    result = start([None], *args)
    if "import" not in " ".join(args):
        assert result.code == 1, result.text


@pytest.mark.parametrize("counts", [{}, {"passed": 3, "failed": 0}])
@pytest.mark.parametrize("args", [(), ("-k", "run"), ("-k", "02"), (RETRY,)])
def test_a_failed_step_of_a_run_that_is_said_to_have_passed_is_red(start, accept, account, args, counts):
    """A run that contradicts itself is not accepted, and not run again until it does not."""
    accept()

    def lie(body):
        body["status"] = body["result"]["status"] = "passed"
        body["result"]["stepDetails"].update(counts)
        return body

    account.switch(run_drift=lie)
    result = start(["Sorry?", None], *args)
    assert result.code == 1, result.text
    assert done(account).count("run") == 1
    assert any("the platform says that its run passed" in line for line in result.lines), result.text


def test_entries_never_share_a_second_step(start, accept, pytester):
    """Two entries about one step accept that one, not the next one that has its input."""
    said = json.loads(document("A"))
    said["testCases"][0]["messages"].append({"input": "quote", "outputs": [{"contains": "Which city?"}]})
    (pytester.path / "a.kore.json").write_text(json.dumps(said))
    accept({}, {"file": "a.kore.json"})
    result = start(["Sorry?"])
    assert result.code == 1
    assert [known for _, known in steps(pytester)] == ["", KNOWN, "", ""]


def test_an_entry_of_one_of_several_equal_steps_accepts_no_other(start, accept, pytester):
    """Step 2 is accepted, and step 9 that is gone: step 4 is another one."""
    said = json.loads(document("A"))
    said["testCases"][0]["messages"].append({"input": "quote", "outputs": [{"contains": "Which city?"}]})
    (pytester.path / "a.kore.json").write_text(json.dumps(said))
    accept({}, {"step": 9})
    assert start(["Sorry?"]).code == 1
    assert [known for _, known in steps(pytester)] == ["", KNOWN, "", ""]


@pytest.mark.parametrize("expected", ["Which town?", "Which"])
def test_an_entry_about_another_expectation_accepts_nothing(start, accept, expected):
    """What was accepted is that the bot does not say one thing; of another one nobody said so."""
    accept({"expected": expected})
    result = start(["Sorry?"])
    assert result.code == 1
    assert any("expects something else now" in line for line in result.lines), result.text


@pytest.mark.parametrize("plugin", [(), ("-p", "xdist", "-n", "2")])
@pytest.mark.parametrize("change", [{}, {"file": "a.kore.json"}, {"file": "sub/a.kore.json"}])
def test_an_entry_accepts_a_step_of_one_suite_only(start, accept, pytester, change, plugin):
    """Of two suites of one name in two files; the one whose path is the entry's own is meant."""
    (pytester.path / "sub").mkdir()
    (pytester.path / "sub" / "a.kore.json").write_text(document("A"))
    accept(change)
    result = start(["Sorry?"], "-m", "kore_live", "-o", "kore_rules=duplicate-suite=off", *plugin)
    assert result.code == 1, result.text
    suites = {one["file"]["path"]: one["steps"][1]["known"] for one in read(pytester)["suites"]}
    expected = {"a.kore.json": "", "sub/a.kore.json": ""}
    if change:
        expected[change["file"]] = KNOWN
    assert suites == expected
    if not change:
        assert any("is about several suites" in line for line in result.lines), result.text


def test_a_failure_accepted_on_the_emulator_is_none_of_a_real_bot(start, accept, pytester):
    """The command writes down that it was the emulator."""
    from fork_server import run_module

    accept({"suite": "OTHER"})
    assert start(["Sorry?"]).code == 1
    words = ("compare", "--accept", "new.json", "r.json", "--reason", "x", "--until", "2099-01-31")
    assert run_module("pytest_kore_convtest", *words, cwd=pytester.path)[0] == 0
    (entry,) = read(pytester, "new.json")["accepted"]
    assert entry["bot"] == "emulator"


def test_a_secret_in_an_input_does_not_hide_the_step(start, accept, pytester, run, account):
    """The report from which it was accepted does not hold the secret, and the step is found all the same."""
    from fork_server import run_module

    token = "eyJhbGciOiJIUzI1NiJ9.eyJhcHBJZCI6ImNzLTEyMzQ1Njc4In0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"
    text = document("A").replace('"Rome"', f'"token {token}"')
    (pytester.path / "a.kore.json").write_text(text)
    account.bot({f"token {token}": ["Sorry?"]})
    live = ("-m", "kore_live", "--kore-run=inDevelopment", "--kore-json=r.json")
    assert run(*live).code == 1
    words = ("compare", "--accept", "known.json", "r.json", "--reason", "x", "--until", "2099-01-31")
    assert run_module("pytest_kore_convtest", *words, cwd=pytester.path)[0] == 0
    assert token not in (pytester.path / "known.json").read_text()
    assert run(*live, BASELINE).code == 0


@pytest.mark.parametrize(
    "switch", [{"run_results": "summary"}, {"drift": "change-text"}], ids=["counts", "structure"]
)
def test_what_is_no_failed_step_is_red(start, accept, account, switch):
    """Counts alone say of no step that it failed; a stored suite that differs is not accepted."""
    accept()
    account.switch(**switch)
    assert start(["Sorry?"]).code == 1


@pytest.mark.parametrize("args", [("-x",), ("--maxfail=1",), ("--lf",), ("-k", "03")])
def test_a_known_failure_does_not_stop_the_run(start, accept, args):
    """It is no failure that -x counts; the items after it run."""
    accept()
    result = start(["Sorry?"], *args)
    assert result.code == 0
    assert became(result)[6] == "passed"


def test_a_day_is_over_in_utc_on_the_day_after(start, accept):
    """Yesterday is over, today is not, wherever the machine stands."""
    from datetime import datetime, timedelta, timezone

    today = datetime.now(timezone.utc).date()
    for days, code in ((-1, 1), (1, 0)):
        accept({"until": (today + timedelta(days=days)).isoformat()})
        assert start(["Sorry?"]).code == code


# Others


@pytest.mark.parametrize("keep", ["never", "on-failure"])
def test_a_flaky_suite_is_kept_where_flaky_steps_are_red(start, accept, account, keep):
    """What makes the run red is kept."""
    accept({"suite": "OTHER"})
    start(["Sorry?", None], RETRY, "--kore-fail-on=flaky", f"--kore-keep={keep}")
    assert done(account).count("delete") == (keep == "never")


def test_flaky_steps_are_not_updated(start, accept, pytester):
    """A bot that said what the file expects was right once: what it said instead is not written."""
    accept({"suite": "OTHER"})
    before = (pytester.path / "a.kore.json").read_bytes()
    result = start(["Sorry?", None], RETRY, "--kore-fail-on=flaky", "--kore-update")
    assert result.code == 1
    assert (pytester.path / "a.kore.json").read_bytes() == before
    result = start([None, "Sorry?"], "--kore-repeat=2", "--kore-update")
    assert (pytester.path / "a.kore.json").read_bytes() == before
    assert "it passed in another run of the suite" in result.text


@pytest.mark.parametrize(("args", "kind"), [((), "warning"), (("--kore-fail-on=flaky",), "error")])
def test_github_is_told_of_flaky_steps(start, accept, monkeypatch, args, kind):
    """A warning at the step's line; an error where flaky steps are red."""
    accept({"suite": "OTHER"})
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = start(["Sorry?", None], RETRY, *args)
    told = [line for line in result.lines if "title=A step 02 quote" in line]
    assert [line.partition(" ")[0] for line in told] == [f"::{kind}"], result.text


def test_github_is_told_that_an_aborted_run_with_known_failures_is_an_error(
    start, accept, account, monkeypatch
):
    """Only what is accepted is a warning."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    accept({"step": 1, "input": "Start_Flow"})
    account.switch(abort_runs=True)
    account.bot({"Start_Flow": ["Sorry?"]})
    result = start([None])
    told = [line for line in result.lines if "title=A run" in line]
    assert [line.partition(" ")[0] for line in told] == ["::error"], result.text


def test_the_page_says_that_a_failure_is_known(start, accept, pytester):
    """With the reason, at the step."""
    accept()
    start(["Sorry?"], "--kore-html=r.html")
    assert KNOWN in (pytester.path / "r.html").read_text()


@pytest.mark.parametrize(
    "args", [("-p", "rerunfailures", "--reruns=2"), ("-p", "pytest_retry.retry_plugin", "--retries=2")]
)
def test_other_plugins_run_no_suite_again(run, accept, account, pytester, args):
    """What was judged stays judged, whoever begins the items again; a known failure is not begun again."""
    accept()
    account.bot({"quote": {"runs": ["Sorry?"]}})
    live = ("-v", "--kore-run=inDevelopment", "--kore-json=r.json", *args)
    result = run(*live, apart=True)
    assert result.code == 1, result.text
    assert read(pytester)["suites"][0]["steps"][1]["outcome"] == "failed"
    assert done(account).count("run") == 1
    result = run(*live, BASELINE, apart=True)
    assert result.code == 0, result.text
    assert steps(pytester)[1] == ("failed", KNOWN)
    account.bot({"quote": {"runs": ["Sorry?", None]}})
    result = run(*live, RETRY, apart=True)
    assert result.code == 0, result.text
    assert steps(pytester)[1] == ("flaky", "")
    assert done(account).count("run") == 4


# A later run that does not end


@pytest.fixture
def hang(account):
    """Let the second run of the suite never end."""
    for words in ("SUCCESS", "FAILED", "inprogress@40"):
        account.script(words)
    account.bot({"quote": {"runs": ["Sorry?", None]}})


def check_unfinished(account, suite):
    """The first run's failure is told, the second one is named, and no third one began."""
    assert suite["verdict"] == "failed"
    assert suite["steps"][1]["outcome"] == "failed"
    assert done(account).count("run") == 2
    assert any("run 2 was not verified" in note for note in suite["run"]["notes"]), suite["run"]["notes"]
    assert [one["outcome"] for one in suite["run"]["attempts"]] == ["failed", "not evaluated"]


@pytest.mark.usefixtures("hang")
def test_an_interrupt_in_a_later_run(run, account, pytester):
    """Exit code 2, whole reports, the run that goes on is named."""
    pytester.makeconftest("""
        import os, signal, pytest
        from pytest_kore_convtest import KoreClient

        class Impatient(KoreClient):
            def run_status(self, name, run_id, *, budget=None):
                ids = self.__dict__.setdefault("ids", [])
                ids.append(run_id)
                if len(set(ids)) == 2 and ids.count(run_id) == 2:
                    os.kill(os.getpid(), signal.SIGINT)
                return super().run_status(name, run_id, budget=budget)

        @pytest.fixture(scope="session")
        def kore_client(kore_settings):
            with Impatient(kore_settings) as client:
                yield client
        """)
    words = ("--kore-run=inDevelopment", "--kore-retry-failed=2", "--kore-json=r.json", "--kore-timeout=30")
    result = run(*words, apart=True)
    assert result.code == 2, result.text
    assert "kore: interrupted; run " in result.text
    check_unfinished(account, read(pytester)["suites"][0])


@pytest.mark.usefixtures("hang")
@pytest.mark.parametrize("args", [(), ("-x",)])
def test_pytest_timeout_in_a_later_run(run, account, pytester, args):
    """The wait ends as ERROR with the story; what the first run found is told."""
    args = ("-p", "pytest_timeout", "--timeout=3", "--timeout-method=thread", *args)
    words = ("--kore-run=inDevelopment", "--kore-retry-failed=2", "--kore-json=r.json", "--kore-timeout=30")
    result = run(*words, *args, apart=True)
    assert result.code == 1, result.text
    assert "Timeout (>3s) from pytest-timeout is about to end this test" in result.text
    check_unfinished(account, read(pytester)["suites"][0])
