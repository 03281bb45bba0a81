"""Hooks of collected items: FAILED, ERROR, skipped; every job once; nothing green that was not seen."""

import json
import re

import pytest

STEPS = ("step 01 Start_Flow", "step 02 quote", "step 03 Rome")
ITEMS = ("lint", "import", "structure", "run", *STEPS)
WORDS = "PASSED|FAILED|ERROR|SKIPPED|RERUN"
XDIST = ("-p", "xdist", "-n", "2")


def document(name, replies=("Welcome.", "Which city?", "100 EUR")):
    """Return the text of a suite file: one suite of three steps."""
    said = [{"input": "Start_Flow", "event": "Start_Flow"}, {"input": "quote"}, {"input": "Rome"}]
    pairs = zip(said, replies, strict=True)
    steps = [{**one, "outputs": [{"contains": reply}]} for one, reply in pairs]
    return json.dumps({"testCases": [{"name": name, "messages": steps}]}, indent=1)


@pytest.fixture
def files(pytester):
    """Write one suite file for each name."""
    pytester.makeini("[pytest]")

    def write(*names):
        for name in names:
            (pytester.path / f"{name.lower()}.kore.json").write_text(document(name))

    write("A")
    return write


@pytest.fixture
def start(run, files, account):
    """Run the suite files with --kore-run; more arguments may follow."""

    def begin(*args):
        return run("-v", "-rs", "--kore-run=inDevelopment", *args)

    return begin


def told(result):
    """Return what became of each item of a run with ``-v``, by its id after the file's name."""
    found = {}
    for line in result.lines:
        if match := re.fullmatch(rf"\[gw\d+\] \[ *\d+%\] ({WORDS}) \S+\.json::(.+?)(?:@kore\S+)? *", line):
            found[match[2]] = match[1]
        elif match := re.match(rf"\S+\.json::(.+?) ({WORDS})(?: .*)?$", line):
            found[match[1]] = match[2]
    return found


def became(result, name="A"):
    """Return the words of the items of a suite, in their order; a dash for one that did not run."""
    words = told(result)
    return [words.get(f"{name}::{item}", "-").lower() for item in ITEMS]


def done(account):
    """Return what was changed on the platform, in the order of the journal."""
    ends = {"uploadfile": "upload", "testsuite": "delete"}
    last = [one.path.rpartition("/")[2] for one in account.requests if one.method != "GET"]
    return [ends.get(word, word) for word in last]


def words(text):
    """Return the words of a line."""
    return text.split()


# Verdicts


def test_a_rejected_import(start, plugin_args, account):
    """A rejected import is FAILED with its log; what follows is skipped and names it."""
    account.script("FAILED(log='no such bot')")
    result = start(*plugin_args)
    assert result.code == 1
    assert became(result) == words("passed failed skipped skipped skipped skipped skipped")
    assert "no such bot" in result.text
    assert "A::import has not passed" in "".join(result.reasons)
    assert "Traceback" not in result.text
    assert done(account) == ["upload", "import"]
    assert result.closing == ["kore: FAILED: 1 suite FAILED; 1 of 7 tests FAILED, 5 not verified"]


@pytest.mark.parametrize(
    "drift", ["drop-last-step", "change-text", "reorder-steps", "change-input", "disable-text"]
)
def test_a_suite_that_is_stored_differently(start, account, drift):
    """SUCCESS alone is not trusted: the structure fails, nothing is run, and the file's line is named."""
    account.switch(drift=drift)
    result = start()
    assert became(result) == words("passed passed failed skipped skipped skipped skipped")
    assert "A::structure has not passed" in "".join(result.reasons)
    assert drift == "disable-text" or re.search(r"a\.kore\.json:\d+", result.text)
    assert "run" not in done(account)


def test_an_added_variation_only_warns(start, account):
    """What cannot make a good bot fail is told and fails nothing."""
    account.switch(drift="add-variation")
    result = start()
    assert result.code == 0
    assert "variation" in result.text


def test_a_failed_step(start, plugin_args, account):
    """The step alone fails, with expected, actual, transcript and line: the run was fine as a whole."""
    account.bot({"quote": ["Which planet?"]})
    result = start(*plugin_args)
    assert result.code == 1
    assert became(result) == words("passed passed passed passed passed failed passed")
    text = result.text
    assert re.search(r"expected +Which \[-city-\]\?", text)
    assert re.search(r"actual +Which \{\+planet\+\}\?", text)
    assert re.search(r"text +FAILED", text)
    assert re.search(r"the conversation so far\n +user +Start_Flow\n +bot +Welcome\.", text)
    assert re.search(r"a\.kore\.json:\d+", text)
    assert "Traceback" not in text
    assert result.closing == [
        "kore: FAILED: 1 suite imported and valid; 3 of 3 steps executed, 1 FAILED; 1 of 7 tests FAILED"
    ]


# What follows reports by itself when its predecessor is not there


@pytest.mark.parametrize("select", ["structure", "run", "step"])
def test_a_rejected_import_without_its_item(start, account, select):
    """With the import deselected the others report the rejection as FAILED."""
    account.script("FAILED(log='no such bot')")
    result = start("-k", f"{select} and not import")
    assert result.code == 1
    assert result.counts["failed"] == {"structure": 1, "run": 1, "step": 3}[select]
    assert "no such bot" in result.text


@pytest.mark.parametrize("select", ["run", "step"])
def test_a_bad_structure_without_its_item(start, account, select):
    """With the structure deselected run or steps report it as FAILED."""
    account.switch(drift="drop-last-step")
    result = start("-k", select)
    assert result.counts["failed"] == {"run": 1, "step": 3}[select]
    assert "is lost" in result.text


@pytest.mark.parametrize("select", ["import", "structure", "run", "step"])
def test_trouble_without_the_predecessors(start, account, select):
    """Trouble is an ERROR of whichever items are there, and never a failure."""
    account.fail_next(403, times=50)
    result = start("-k", select)
    assert result.code == 1
    assert set(result.counts) == {"errors", "deselected"}
    assert any(line.startswith("kore: NOT VERIFIED") for line in result.closing)


def test_a_failed_run_without_its_item(start, account):
    """With run deselected the steps say what the platform says of each."""
    account.bot({"quote": ["Which planet?"]})
    result = start("-k", "step")
    assert became(result) == words("- - - - passed failed passed")
    assert result.code == 1


# Trouble


def test_trouble_is_an_error(start, account):
    """A refused login is an ERROR of the import; the rest is skipped, lint has passed."""
    account.fail_next(403, times=50)
    result = start()
    assert result.code == 1
    assert became(result) == words("passed error skipped skipped skipped skipped skipped")
    assert "Traceback" not in result.text


def test_trouble_with_a_run(start, plugin_args, account):
    """A run that cannot be started is an ERROR of run; the steps are skipped and name it."""
    account.fail_next(403, endpoint="run", times=50)
    result = start(*plugin_args)
    assert result.code == 1
    assert became(result) == words("passed passed passed error skipped skipped skipped")
    assert "A::run has not passed" in "".join(result.reasons)


def test_a_run_that_does_not_end(start, account):
    """A run without an end is an ERROR that names the last answer."""
    account.script("SUCCESS")
    account.script("inprogress@40")
    result = start("--kore-timeout=1")
    assert became(result) == words("passed passed passed error skipped skipped skipped")
    assert "inprogress" in result.text


# Replies that are no plain pass


def test_counts_only(start, plugin_args, account):
    """Of a run with counts only the steps are skipped with that reason, and the summary has the counts."""
    account.switch(run_results="summary")
    result = start(*plugin_args)
    assert result.code == 0
    assert became(result) == words("passed passed passed passed skipped skipped skipped")
    assert "the platform reported counts only" in "".join(result.reasons)
    assert result.closing == [
        "kore: 1 suite imported and valid; 3 of 3 steps executed, all passed by the platform's counts alone"
    ]


@pytest.mark.parametrize(("bot", "outcome"), [({}, "passed"), ({"quote": ["no"]}, "failed")])
def test_counts_only_without_the_run(start, account, bot, outcome):
    """With run deselected each step carries the run's outcome."""
    account.switch(run_results="summary")
    account.bot(bot)
    result = start("-k", "step")
    assert became(result) == words(f"- - - - {outcome} {outcome} {outcome}")
    assert result.code == (outcome == "failed")


def test_counts_only_and_a_failed_run(start, account):
    """The run is FAILED, no step is invented."""
    account.switch(run_results="summary")
    account.bot({"quote": ["no"]})
    result = start()
    assert became(result) == words("passed passed passed failed skipped skipped skipped")


def test_an_aborted_run(start, account):
    """An aborted run is FAILED; what it reported counts, the rest is skipped."""
    account.switch(abort_runs=True)
    result = start()
    assert result.code == 1
    assert became(result) == words("passed passed passed failed passed skipped skipped")
    assert "aborted" in result.text


def results(*said, status="passed", counted=None):
    """Return a scripted end of a run: a result for each input, and counts."""
    steps = [{"input": one, "status": status, "outputs": [], "actualOutput": []} for one in said]
    total = len(said) if counted is None else counted
    counts = {"passed": total, "failed": 0, "total": total}
    body = {"status": "passed", "stepDetails": counts, "executionResults": steps}
    merged = json.dumps({"status": "passed", "result": body})
    assert "'" not in merged
    return f"SUCCESS(merge='{merged}')"


@pytest.mark.parametrize(
    ("script", "steps"),
    [
        (results("Start_Flow", "quote"), "passed passed skipped"),
        (results("Start_Flow", "quote", counted=3), "passed passed skipped"),
        (results("Start_Flow", "quote", "Rome", "bye"), "passed passed passed"),
        (results("quote", "Start_Flow", "Rome"), "passed passed passed"),
        (results("Start_Flow", "other", "Rome"), "passed skipped passed"),
        (results(counted=3), "skipped skipped skipped"),
        (results(), "skipped skipped skipped"),
        (results("Start_Flow", "quote", "Rome", status="dreamt"), "skipped skipped skipped"),
        ("""SUCCESS(merge='{"result": {"status": "passed", "executionResults": null}}')""", "skipped " * 3),
        ("""SUCCESS(merge='{"result": null}')""", "skipped " * 3),
        ("status(name=completed)", "passed passed passed"),
    ],
    ids=[
        "fewer",
        "fewer than counted",
        "more",
        "order",
        "other",
        "empty",
        "none",
        "words",
        "null",
        "bare",
        "ended",
    ],
)
def test_a_reply_that_does_not_fit_is_never_green(start, account, script, steps):
    """Steps that were not reported are skipped, and run is no pass: the whole is red."""
    account.script("SUCCESS")
    account.script(script)
    result = start("--kore-timeout=1.5")
    assert result.code == 1, result.text
    assert became(result)[:4] in (words("passed passed passed error"), words("passed passed passed failed"))
    if script != "status(name=completed)":
        assert became(result)[4:] == words(steps)
    assert "Traceback" not in result.text
    assert "in this plugin" not in result.text


# Once only


TESTS = """
    import pytest

    @pytest.mark.parametrize("number", range(3))
    def test_it(kore_import_suite, number):
        assert kore_import_suite("a.kore.json").suite.name.startswith("A_")
    """


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("-p", "xdist", "-n", "3", "--dist", "load"),
        ("-p", "xdist", "-n", "2", "--dist", "loadscope"),
        ("-p", "xdist", "-n", "2", "--dist", "loadgroup"),
        ("-p", "xdist", "-n", "3", "--dist", "worksteal"),
        (*XDIST, "-p", "rerunfailures", "--reruns", "2"),
    ],
    ids=["plain", "load", "loadscope", "loadgroup", "worksteal", "reruns"],
)
def test_everything_once(start, files, pytester, account, args):
    """One upload, one import, one run per suite, whoever wants them, although one suite fails."""
    files("B", "C")
    pytester.makepyfile(TESTS)
    account.bot({"quote": ["no"]})
    result = start(*args)
    outcomes = {name: number for name, number in result.counts.items() if name != "rerun"}
    assert outcomes == {"passed": 21, "failed": 3}, result.text
    assert sorted(done(account)) == [*["import"] * 3, *["run"] * 3, *["upload"] * 3]
    assert all(became(result, name)[5] == "failed" for name in "ABC")


DYING = """
    import os, pathlib, pytest
    from pytest_kore_convtest import KoreClient

    class Dying(KoreClient):
        def {method}(self, *args, **more):
            answer = super().{method}(*args, **more)
            try:
                pathlib.Path({flag!r}).touch(exist_ok=False)
            except FileExistsError:
                return answer
            os._exit(1)

    @pytest.fixture(scope="session")
    def kore_client(kore_settings):
        with Dying(kore_settings) as client:
            yield client
    """


def test_a_worker_that_dies_does_not_hold_up_the_others(start, pytester, account):
    """When the worker that polls a run dies, another one goes on with the same run."""
    pytester.makeconftest(DYING.format(method="run_status", flag=str(pytester.path / "died")))
    result = start(*XDIST, "--kore-timeout=20")
    assert (pytester.path / "died").exists()
    assert result.counts["failed"] == 1, result.text
    assert "crashed" in result.text
    assert result.counts["passed"] >= 6
    assert done(account) == ["upload", "import", "run", "delete"]


def test_serial_when_told(start, files, account):
    """With kore_max_parallel=1 nothing begins before the job before it has ended."""
    files("B")
    assert start("-o", "kore_max_parallel=1").code == 0
    order = [one.path.split("/")[-2:] for one in account.requests]
    polled = [job for job, kind in order if kind == "status"]
    assert len([job for job, after in zip(polled, [*polled[1:], ""], strict=True) if job != after]) == 4
    assert [kind for _, kind in order if kind in {"uploadfile", "import", "run"}][:2] == [
        "uploadfile",
        "import",
    ]
    followers = [order[at + 1][1] for at, (_, kind) in enumerate(order) if kind in {"import", "run"}]
    assert followers == ["status"] * 4


def test_overlapping_otherwise(start, files, account):
    """Without that limit the second import begins before the first one has ended."""
    files("B")
    account.switch(job_polls=6)
    assert start("-k", "import").code == 0
    order = [one.path.rpartition("/")[2] for one in account.requests if one.method != "DELETE"]
    second = [at for at, kind in enumerate(order) if kind == "import"][1]
    assert "status" in order[second:]
    polled = {one.path.split("/")[-2] for one in account.requests[second:] if one.path.endswith("status")}
    assert len(polled) == 2


# Answers that are lost


@pytest.mark.parametrize(
    "args", [(), XDIST, ("-p", "rerunfailures", "--reruns=2")], ids=["plain", "xdist", "rerun"]
)
@pytest.mark.parametrize("endpoint", ["import", "run"])
def test_a_start_whose_answer_is_lost(start, account, endpoint, args):
    """It is never repeated, not by a rerun either; the text says how to look it up; nothing is deleted."""
    account.fail_next("lost", endpoint=endpoint)
    result = start(*args)
    assert result.code == 1
    assert done(account) == ["upload", "import", "run"][: 2 if endpoint == "import" else 3]
    assert became(result)[1 if endpoint == "import" else 3] in {"error", "rerun"}
    assert "so it is not started again" in result.text
    assert re.search(r"look for 'A_\w+'", result.text)


def test_an_upload_whose_answer_is_lost(start, account):
    """It is not repeated when it may have been accepted, and says so."""
    account.fail_next("lost", endpoint="upload")
    result = start("-p", "rerunfailures", "--reruns=1")
    assert result.code == 1
    assert done(account) == ["upload"]
    assert "look for 'A_" in result.text


def test_an_upload_that_was_refused_is_repeated_by_a_rerun(start, account):
    """Nothing was accepted, so a rerun may try again."""
    account.fail_next(403, endpoint="upload")
    result = start("-p", "rerunfailures", "--reruns=1")
    assert result.code == 0, result.text
    assert done(account) == ["upload", "upload", "import", "run", "delete"]
