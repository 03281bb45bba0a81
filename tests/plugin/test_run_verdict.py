"""What a run comes to: its verdict, its exit code and its closing lines."""

from types import SimpleNamespace

import pytest

from pytest_kore_convtest.plugin.items.selection import LINT, OWN, TEST, Selected
from pytest_kore_convtest.plugin.verdict.exit_code import RunVerdict

JOB = {
    "id": "ds-1",
    "key": "import ds-1",
    "generation": 1,
    "weakest": "",
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
    "rules": [],
    "results": {},
    "runs": [],
    "unevaluated": [],
    "counts_only": False,
    "blocked": False,
    "known": 0,
    "known_flaky": 0,
    "excused": False,
}


def job(job_id="ds-1", **more):
    """Return the facts of an import job."""
    return {**JOB, "id": job_id, "key": f"import {job_id}", **more}


def report(  # noqa: PLR0913
    nodeid="t.py::a", when="call", outcome="passed", *, live=True, ours=False, own=False, jobs=(), skip=""
):
    """Return as much of a test report as is read."""
    return SimpleNamespace(
        nodeid=nodeid,
        when=when,
        outcome=outcome,
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        passed=outcome == "passed",
        longrepr=("t.py", 1, "Skipped: why") if outcome == "skipped" else None,
        longreprtext="",
        duration=0.25,
        location=("t.py", 0, "a"),
        pytest_kore_convtest={
            "jobs": list(jobs),
            "ours": ours,
            "own": own,
            "live": live,
            "notes": [],
            "skip": skip,
        },
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
    repeats=False,
    interrupted=False,
    selected=(),
    gate=False,
):
    """Close the facts of a run; return the exit status and the closing lines."""
    settings = SimpleNamespace(
        emulator=emulator,
        unconfigured=unconfigured,
        no_verdict_exit=no_verdict_exit,
        bot=None,
        shard=None,
        ds_id=[SimpleNamespace(id=one, label=f"label of {one}") for one in ds_id],
        source=lambda _: source,
    )
    session = SimpleNamespace(exitstatus=exitstatus)
    run = SimpleNamespace(
        settings=settings, emulated=emulator, bot_repeats=repeats, unfinished=list, interrupted=interrupted,
        stopped="",
        is_gate=gate, only_gate=gate, is_unconfigured=lambda: False,
    )  # fmt: skip
    facts.close(run, session, selected)
    return session.exitstatus, facts.last_words()


def test_nothing_of_ours_says_nothing():
    """Plain tests draw no closing line and keep their exit code."""
    facts = RunVerdict()
    facts.add(report(live=False))
    assert end(facts) == (0, [])


def test_a_good_run():
    """The tally counts each job once, however many tests used it."""
    facts = RunVerdict()
    facts.add(report("a", jobs=[JOB]))
    facts.add(report("b", jobs=[JOB]))
    facts.add(report("c", jobs=[job("ds-2", steps=1)]))
    assert end(facts) == (0, ["kore: 2 suites imported and valid; 0 of 4 steps executed"])


def test_all_kinds_in_one_tally():
    """Good, bad and unknown jobs are counted apart."""
    facts = RunVerdict()
    verdicts = ("passed", "failed", "failed", "unknown")
    jobs = [
        job(f"ds-{number}", verdict=word, steps=0, weakest="too late.")
        for number, word in enumerate(verdicts)
    ]
    facts.add(report(outcome="failed", jobs=jobs))
    (line,) = end(facts)[1]
    said = "2 suites FAILED, 1 suite not verified (too late), 1 suite imported and valid; 1 of 1 test FAILED"
    assert line == f"kore: FAILED: {said}"


@pytest.mark.parametrize("outcome", ["skipped", "failed"])
def test_no_verdict_is_red(outcome):
    """When no item of ours gave a verdict, an exit code of 0 becomes 1."""
    facts = RunVerdict()
    facts.add(report(when="setup", outcome=outcome, ours=True))
    status, lines = end(facts, exitstatus=int(outcome == "failed"))
    assert status == 1
    why = " (t.py::a: why)" if outcome == "skipped" else ""
    assert lines == [f"kore: NOT VERIFIED: 0 of 1 test passed, 1 not verified{why}; nothing was imported"]


def test_skipped_for_want_of_settings_is_green_when_wished():
    """Only --kore-unconfigured=skip makes a run green that checked nothing, and it says so."""
    facts = RunVerdict()
    facts.add(report(when="setup", outcome="skipped", skip="not configured"))
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
    facts = RunVerdict()
    for one in reports:
        facts.add(one)
    assert end(facts, exitstatus=1, no_verdict_exit=75)[0] == exit_code


@pytest.mark.parametrize(
    ("source", "status", "said"), [("command line", 1, True), ("environment", 0, False), ("ini", 0, False)]
)
def test_a_job_that_nobody_waited_for(source, status, said):
    """A job id from the command line that no test waited for is red, with the command that does."""
    facts = RunVerdict()
    facts.add(report(live=False))
    found, lines = end(facts, source=source, ds_id=["ds-9"])
    assert found == status
    assert any("pytest --kore-gate --kore-ds-id ds-9" in line for line in lines) == said


def test_an_interrupted_run_says_how_to_go_on():
    """Every job that is not finished is named with the command that resumes."""
    facts = RunVerdict()
    facts.add(report(jobs=[job("ds-1")]))
    status, lines = end(facts, exitstatus=2, ds_id=["ds-1", "ds-2"], interrupted=True)
    assert status == 2
    command = "pytest --kore-gate --kore-ds-id 'label of ds-2=ds-2'"
    assert [line for line in lines if "interrupted" in line] == [
        f"kore: interrupted; import job ds-2 was not waited for; to wait again: {command}"
    ]


def test_a_collection_error_is_no_interruption():
    """A run that a broken test module stopped does not say that a job goes on."""
    facts = RunVerdict()
    assert end(facts, exitstatus=2, ds_id=["ds-1"], source="command line") == (2, [])


def test_a_selected_item_that_never_got_to_ask_counts_as_waiting():
    """A job whose item was skipped or had an error before its first ask is not called forgotten."""
    facts = RunVerdict()
    facts.add(report(when="setup", outcome="failed", ours=True))
    selected = [Selected("t.py::a", TEST, ("ds-1",))]
    _, lines = end(facts, exitstatus=1, ds_id=["ds-1"], source="command line", selected=selected)
    assert lines == ["kore: NOT VERIFIED: 0 of 1 test passed, 1 not verified; nothing was imported"]


def test_a_bad_verdict_that_no_selected_item_tells_is_red():
    """A gate of which only the import was selected is not green when the suite is not sound."""
    facts = RunVerdict()
    facts.add(report(own=True, jobs=[{**JOB, "verdict": "failed"}]))
    status, lines = end(facts)
    assert status == 1
    assert lines[0] == "kore: job-1 FAILED, and no selected test shows it"
    (gap,) = facts.missing_in_junit()
    assert (gap.what.nodeid, gap.failed) == ("kore::structure[job-1]", True)


def test_a_test_that_expects_a_bad_verdict_stays_green():
    """A user's own test may pass because an import failed."""
    facts = RunVerdict()
    facts.add(report(own=False, jobs=[{**JOB, "verdict": "failed"}]))
    assert end(facts)[0] == 0


def test_failed_tests_are_in_the_closing_line():
    """A sound import does not hide that a test of it failed."""
    facts = RunVerdict()
    facts.add(report(outcome="failed", jobs=[JOB]))
    facts.add(report("t.py::b", jobs=[JOB]))
    assert (
        "1 suite imported and valid; 0 of 3 steps executed; 1 of 2 tests FAILED"
        in end(facts, exitstatus=1)[1][0]
    )


def test_the_emulator_has_the_last_word():
    """Against the emulator the last line says so."""
    facts = RunVerdict()
    facts.add(report(jobs=[JOB]))
    assert end(facts, emulator=True)[1][-1] == "kore: built-in emulator; no real platform was contacted"


def test_a_bot_that_repeats_is_told():
    """Where the emulated bot says whatever the suite expects, the last line says that, too."""
    facts = RunVerdict()
    facts.add(report(jobs=[JOB]))
    said = "no real platform was contacted; its bot repeats what the suite expects (--kore-bot BOT.json makes"
    assert said in end(facts, emulator=True, repeats=True)[1][-1]


def test_notes_are_kept_once():
    """The same note from two reports is one note."""
    facts = RunVerdict()
    facts.add(report("a", jobs=[{**JOB, "notes": ["odd"]}]))
    facts.add(report("b", jobs=[{**JOB, "notes": ["odd", "more"]}]))
    assert facts.notes == ["odd", "more"]


def test_a_configured_job_counts_whatever_a_test_expects():
    """A test that passes because an import failed does not make green a job that was configured."""
    facts = RunVerdict()
    facts.add(report(own=False, jobs=[job(verdict="failed")]))
    assert end(facts, ds_id=["ds-1"])[0] == 1
    assert facts.verdict == "failed"


@pytest.mark.parametrize(
    ("kind", "code"),
    [(OWN, 1), (LINT, 1), (TEST, 0)],
    ids=["ours", "lint", "a user's test beside a passed one"],
)
@pytest.mark.parametrize("how", [{"outcome": "skipped"}, {"outcome": "skipped", "xfail": True}])
def test_a_skip_is_no_verdict(kind, code, how):
    """An item of ours that is skipped or fails as expected makes the run red; a user's own test may."""
    facts = RunVerdict()
    facts.add(report("good"))
    skipped = report("bad", "call" if how.get("xfail") else "setup", "skipped", own=kind != TEST)
    if how.get("xfail"):
        skipped.wasxfail = "known"
    facts.add(skipped)
    selected = [Selected("good", OWN, ()), Selected("bad", kind, ())]
    assert end(facts, selected=selected)[0] == code
    assert facts.verdict == ("unknown" if code else "passed")
    assert [what for what, _ in facts.unevaluated()] == ["bad"]


def test_a_user_s_skipped_test_counts_when_it_wanted_a_configured_job():
    """Then nobody has waited for that job, which was configured."""
    facts = RunVerdict()
    facts.add(report("good"))
    facts.add(report("bad", "setup", "skipped"))
    selected = [Selected("good", OWN, ()), Selected("bad", TEST, ("ds-1",))]
    assert end(facts, selected=selected, ds_id=["ds-1"])[0] == 1


def test_what_covers_an_item_has_to_be_red():
    """An item that was skipped because its predecessor failed is a gap when that passed in the end."""
    facts = RunVerdict()
    facts.add(report("structure", "setup", "skipped", own=True, skip="covered"))
    facts.add(report("import", "setup", "failed", own=True, ours=True))
    facts.add(report("import", "setup", own=True))
    facts.add(report("import", own=True))
    selected = [Selected(name, OWN, ()) for name in ("import", "structure")]
    assert end(facts, selected=selected)[0] == 1


def test_a_selected_item_that_did_not_run_is_a_gap():
    """Whatever ended the run, and whatever exit code that left."""
    facts = RunVerdict()
    facts.stopped_by = "enough"
    facts.add(report("good", own=True))
    selected = [Selected("good", OWN, ()), Selected("late", OWN, ())]
    assert end(facts, selected=selected)[0] == 1
    assert [(gap.what.nodeid, gap.why) for gap in facts.missing_in_junit()] == [
        ("late", "the run ended before it: enough")
    ]


def test_a_gate_that_ran_nothing_is_red():
    """Pytest's own exit code for it is taken for a pass by many a build."""
    status, lines = end(RunVerdict(), exitstatus=5, gate=True)
    assert status == 1
    assert lines == ["kore: NOT VERIFIED: the gate ran 0 tests, because none of them was selected"]


def test_a_job_that_nobody_wants_is_told():
    """From the environment it may be left out; JUnit and the closing line have it."""
    facts = RunVerdict()
    facts.add(report("good", own=True, jobs=[job("ds-1")]))
    selected = [Selected("good", OWN, ("ds-1",))]
    status, lines = end(facts, selected=selected, ds_id=["ds-1", "ds-2"], source="environment")
    assert status == 0
    assert lines == ["kore: 1 suite imported and valid; 0 of 3 steps executed; 1 import job not waited for"]
    assert [gap.what.nodeid for gap in facts.missing_in_junit()] == ["kore::import[label of ds-2]"]


def test_a_job_is_one_job_before_and_after_it_has_an_id():
    """An upload that was refused and went well in a rerun is told once, as it ended."""
    facts = RunVerdict()
    facts.add(
        report(when="setup", outcome="failed", own=True, jobs=[{**JOB, "id": "", "verdict": "unknown"}])
    )
    facts.add(report(when="setup"))
    facts.add(report(own=True, jobs=[{**JOB, "generation": 2}]))
    assert end(facts)[0] == 0
    assert [one["id"] for one in facts.jobs.values()] == ["ds-1"]


def test_two_jobs_of_one_id_are_two():
    """A platform that gives two imports one id does not hide a failed one behind a good one."""
    facts = RunVerdict()
    failed, good = ({**JOB, "key": f"import {word}", "verdict": word} for word in ("failed", "passed"))
    facts.add(report(own=True, jobs=[failed]))
    facts.add(report("b", own=True, jobs=[good]))
    assert (end(facts)[0], facts.verdict) == (1, "failed")
