"""Facts about jobs, and what they say in the end."""

from types import SimpleNamespace

import pytest

from pytest_kore_convtest.facts import Facts

JOB = {
    "id": "ds-1",
    "label": "job-1",
    "kind": "import",
    "ours": False,
    "verdict": "passed",
    "stored": True,
    "suite": "BOOKING",
    "steps": 3,
    "assertions": {"text": 2, "flow": 1, "context": 0},
    "asks": 2,
    "seconds": 1.25,
    "last": "SUCCESS",
    "notes": [],
}


def report(  # noqa: PLR0913
    nodeid="t.py::a", when="call", outcome="passed", *, live=True, ours=False, own=False, jobs=(), meant=()
):
    """Return as much of a test report as is read."""
    return SimpleNamespace(
        nodeid=nodeid,
        when=when,
        outcome=outcome,
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        passed=outcome == "passed",
        kore={"jobs": list(jobs), "ours": ours, "own": own, "live": live, "meant": list(meant)},
    )


def end(  # noqa: PLR0913
    facts,
    *,
    exitstatus=0,
    unconfigured="error",
    no_verdict_exit=None,
    source="default",
    ds_id=(),
    emulator=False,
    interrupted=False,
):
    """Close the facts of a run; return the exit status and the closing lines."""
    settings = SimpleNamespace(
        emulator=emulator,
        unconfigured=unconfigured,
        no_verdict_exit=no_verdict_exit,
        ds_id=[SimpleNamespace(id=one, label="job-1") for one in ds_id],
        source=lambda _: source,
    )
    session = SimpleNamespace(exitstatus=exitstatus)
    run = SimpleNamespace(settings=settings, emulated=emulator, unfinished=set, interrupted=interrupted)
    facts.close(run, session)
    return session.exitstatus, facts.last_words()


def test_nothing_of_ours_says_nothing():
    """Plain tests draw no closing line and keep their exit code."""
    facts = Facts()
    facts.add(report(live=False))
    assert end(facts) == (0, [])


def test_a_good_run():
    """The tally counts each job once, however many tests used it."""
    facts = Facts()
    facts.add(report("a", jobs=[JOB]))
    facts.add(report("b", jobs=[JOB]))
    facts.add(report("c", jobs=[{**JOB, "id": "ds-2", "steps": 1}]))
    assert end(facts) == (0, ["kore: 2 suites imported and sound; 0 of 4 steps executed"])


def test_all_kinds_in_one_tally():
    """Good, bad and unknown jobs are counted apart."""
    facts = Facts()
    verdicts = ("passed", "failed", "failed", "unknown")
    jobs = [
        {**JOB, "id": f"ds-{number}", "verdict": word, "steps": 0} for number, word in enumerate(verdicts)
    ]
    facts.add(report(jobs=jobs))
    assert end(facts)[1] == ["kore: 1 suite imported and sound, 2 suites FAILED, 1 import job UNKNOWN"]


@pytest.mark.parametrize("outcome", ["skipped", "failed"])
def test_no_verdict_is_red(outcome):
    """When no item of ours gave a verdict, an exit code of 0 becomes 1."""
    facts = Facts()
    facts.add(report(when="setup", outcome=outcome, ours=True))
    status, lines = end(facts, exitstatus=0)
    assert status == 1
    assert lines == ["kore: NO VERDICT: 1 selected, none could be judged"]


def test_skipped_for_want_of_settings_is_green_when_wished():
    """Only --kore-unconfigured=skip makes a run green that checked nothing, and it says so."""
    facts = Facts()
    facts.add(report(when="setup", outcome="skipped"))
    status, lines = end(facts, unconfigured="skip")
    assert status == 0
    assert lines == ["kore: NOTHING WAS CHECKED: Kore is not configured, 1 skipped"]


@pytest.mark.parametrize(
    ("reports", "exit_code"),
    [
        ([report(when="setup", outcome="failed", ours=True)], 75),
        ([report(when="setup", outcome="failed", ours=True), report("b", outcome="failed")], 1),
        ([report(when="setup", outcome="failed", ours=True), report("b", "setup", "failed")], 1),
        ([report(outcome="failed", ours=True)], 1),
    ],
    ids=["only trouble", "and a failure", "and somebody else's error", "only a verdict"],
)
def test_the_exit_code_for_no_verdict(reports, exit_code):
    """It is used when nothing failed and every error is "could not find out"."""
    facts = Facts()
    for one in reports:
        facts.add(one)
    assert end(facts, exitstatus=1, no_verdict_exit=75)[0] == exit_code


@pytest.mark.parametrize(
    ("source", "status", "said"), [("command line", 1, True), ("environment", 0, False), ("ini", 0, False)]
)
def test_a_job_that_nobody_waited_for(source, status, said):
    """A job id from the command line that no test waited for is red, with the command that does."""
    facts = Facts()
    facts.add(report(live=False))
    found, lines = end(facts, source=source, ds_id=["ds-9"])
    assert found == status
    assert any("pytest --kore-gate --kore-ds-id ds-9" in line for line in lines) == said


def test_an_interrupted_run_says_how_to_go_on():
    """Every job that is not finished is named with the command that resumes."""
    facts = Facts()
    facts.add(report(jobs=[{**JOB, "id": "ds-1"}]))
    status, lines = end(facts, exitstatus=2, ds_id=["ds-1", "ds-2"], interrupted=True)
    assert status == 2
    command = "pytest --kore-gate --kore-ds-id ds-2"
    assert [line for line in lines if "interrupted" in line] == [
        f"kore: interrupted; import job ds-2 was not waited for; to wait again: {command}"
    ]


def test_a_collection_error_is_no_interruption():
    """A run that a broken test module stopped does not say that a job goes on."""
    facts = Facts()
    assert end(facts, exitstatus=2, ds_id=["ds-1"], source="command line") == (2, [])


def test_a_selected_item_that_never_got_to_ask_counts_as_waiting():
    """A job whose item was skipped or had an error before its first ask is not called forgotten."""
    facts = Facts()
    facts.add(report(when="setup", outcome="failed", ours=True, meant=["ds-1"]))
    _, lines = end(facts, exitstatus=1, ds_id=["ds-1"], source="command line")
    assert lines == ["kore: NO VERDICT: 1 selected, none could be judged"]


def test_a_bad_verdict_that_no_selected_item_tells_is_red():
    """A gate of which only the import was selected is not green when the suite is not sound."""
    facts = Facts()
    facts.add(report(own=True, jobs=[{**JOB, "verdict": "failed"}]))
    status, lines = end(facts)
    assert status == 1
    assert lines[0] == "kore: job-1 FAILED, but the item that judges that was not selected"


def test_a_test_that_expects_a_bad_verdict_stays_green():
    """A user's own test may pass because an import failed."""
    facts = Facts()
    facts.add(report(own=False, jobs=[{**JOB, "verdict": "failed"}]))
    assert end(facts)[0] == 0


def test_failed_tests_are_in_the_closing_line():
    """A sound import does not hide that a test of it failed."""
    facts = Facts()
    facts.add(report(outcome="failed", jobs=[JOB]))
    facts.add(report("t.py::b", jobs=[JOB]))
    assert "1 suite imported and sound, but 1 of 2 tests FAILED" in end(facts, exitstatus=1)[1][0]


def test_the_stand_in_has_the_last_word():
    """Against the stand-in the last line says so."""
    facts = Facts()
    facts.add(report(jobs=[JOB]))
    assert end(facts, emulator=True)[1][-1] == "kore: built-in emulator; no real platform was contacted"


def test_notes_are_kept_once():
    """The same note from two reports is one note."""
    facts = Facts()
    facts.add(report("a", jobs=[{**JOB, "notes": ["odd"]}]))
    facts.add(report("b", jobs=[{**JOB, "notes": ["odd", "more"]}]))
    assert facts.notes == ["odd", "more"]
