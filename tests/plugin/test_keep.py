"""What a test run runs and deletes: the suites that it imported itself, and no others."""

import json
import re
import signal

import pytest
from fork_server import start_module

IMPORT = 'kore_import_suite("a.kore.json")'


@pytest.fixture
def files(pytester, account):
    """Write two suite files."""
    pytester.makeini("[pytest]")
    for name in "AB":
        steps = [{"input": f"{name}{number}", "outputs": [{"contains": "ok"}]} for number in range(2)]
        content = json.dumps({"testCases": [{"name": name, "messages": steps}]})
        (pytester.path / f"{name.lower()}.kore.json").write_text(content)


def deleted(account):
    """Return the names of each deletion."""
    return [
        one.json["testSuiteNames"] for one in account.requests if one.json and "testSuiteNames" in one.json
    ]


def imported(account):
    """Return the names under which suites were imported, in order."""
    return sorted(one.json["name"] for one in account.requests if one.json and "fileName" in one.json)


def starts(account):
    """Return name and version of every run that was started."""
    runs = [one for one in account.requests if one.method == "POST" and one.path.endswith("/run")]
    return [(one.path.split("/")[-2], one.json["version"]) for one in runs]


# Running a suite from a test


def test_running_what_was_imported(files, run, plugin_args, account, pytester):
    """kore_run_suite takes the file's name or the stored one, runs once, and gives the status."""
    pytester.makepyfile(f"""
        def test_both(kore_import_suite, kore_run_suite):
            stored = {IMPORT}
            status = kore_run_suite("A")
            assert status.status == "passed"
            assert status.passed == status.total == len(status.steps) == 2
            assert status.steps[0].actual == ["ok"]
            assert kore_run_suite(stored.suite.name).id == status.id
        """)
    result = run("test_running_what_was_imported.py", "--kore-run=PUBLISHED", *plugin_args)
    assert result.code == 0, result.text
    assert starts(account) == [(imported(account)[0], "published")]
    assert result.closing == ["kore: 1 suite imported and valid; 2 of 2 steps executed, all passed"]


def test_the_version_of_an_argument(files, run, account, pytester):
    """An argument says the version without --kore-run, and beats it; other versions are other runs."""
    pytester.makepyfile(f"""
        def test_it(kore_import_suite, kore_run_suite):
            {IMPORT}
            kore_run_suite("A", "inDevelopment")
            kore_run_suite("A", version="published")
        """)
    assert run("test_the_version_of_an_argument.py").code == 0
    assert [version for _, version in starts(account)] == ["inDevelopment", "published"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ('kore_run_suite("A")', "--kore-run published"),
        ('kore_run_suite("SOMEBODYS", "published")', "was not imported in this test run"),
    ],
    ids=["no version", "not ours"],
)
def test_what_is_not_run(files, run, account, pytester, call, said):  # noqa: PLR0913, PLR0917
    """Without a version, or with a suite of somebody else, it is an ERROR that says what to do."""
    pytester.makepyfile(test_it=f"def test_it(kore_import_suite, kore_run_suite):\n    {IMPORT}\n    {call}")
    result = run("test_it.py")
    assert result.counts == {"errors": 1}
    assert said in result.text
    assert starts(account) == []


def test_a_failed_run_in_a_test(files, run, account, pytester):
    """A test whose run fails is FAILED, and says which step."""
    account.bot({"A1": ["no"]})
    pytester.makepyfile(
        test_it=f"def test_it(kore_import_suite, kore_run_suite):\n {IMPORT}\n kore_run_suite('A')"
    )
    result = run("test_it.py", "--kore-run=published")
    assert result.counts == {"failed": 1}
    assert "step 02 'A1'" in result.text


def test_a_test_and_a_file_share_one_run(files, run, plugin_args, account, pytester):
    """What the collected file runs is not run again by a test."""
    pytester.makepyfile(
        test_it=f"def test_it(kore_import_suite, kore_run_suite):\n {IMPORT}\n kore_run_suite('A')"
    )
    result = run("test_it.py", "a.kore.json", "--kore-run=published", *plugin_args)
    assert result.code == 0, result.text
    assert len(imported(account)) == len(starts(account)) == 1


# Deleting


@pytest.mark.parametrize(
    ("keep", "gone"),
    [("always", ""), ("on-failure", "A"), ("never", "AB")],
    ids=["always", "on-failure", "never"],
)
def test_what_is_kept(files, run, plugin_args, account, keep, gone):  # noqa: PLR0913, PLR0917
    """Of a good and a bad suite none, the good one, or both are deleted, in one request, by exact names."""
    account.bot({"B1": ["no"]})
    result = run("--kore-run=published", f"--kore-keep={keep}", *plugin_args)
    assert result.counts == {"passed": 11, "failed": 1}, result.text
    expected = [name for name in imported(account) if name[0] in gone]
    assert deleted(account) == ([expected] if expected else [])
    assert len(expected) == len(gone)
    kept = [line for line in result.lines if line.startswith("imported and kept")]
    names = [name for name in imported(account) if name not in expected]
    assert [all(name in line for name in names) for line in kept] == [True] * bool(names)


@pytest.mark.parametrize(
    ("args", "way_out"),
    [
        (["--kore-json=my report.json"], "To delete: kore-convtest clean 'my report.json'"),
        ([], "With --kore-json REPORT.json, kore-convtest clean REPORT.json deletes them."),
    ],
)
def test_the_command_that_deletes_kept_suites(files, run, account, args, way_out):
    """What is kept is named with the command that deletes it, or with what that command needs."""
    result = run("a.kore.json", "--kore-keep=always", *args)
    [name] = imported(account)
    said = f"imported and kept on the platform (kore_keep = always): {name}. {way_out}"
    assert said in result.lines


def test_nothing_is_kept_in_the_runs_own_emulator(files, run, monkeypatch):
    """The emulator ends with the test run and its suites with it, so nothing is said of them."""
    monkeypatch.delenv("KORE_HOST")
    assert "kept on the platform" not in run("--kore-emulator", "--kore-keep=always").text


def test_a_bad_structure_is_kept_on_failure(files, run, plugin_args, account):
    """A suite that is not sound stays, so that somebody can look at it."""
    account.switch(drift={"A": "drop-last-step"})
    assert run(*plugin_args).code == 1
    assert [[name[0] for name in names] for names in deleted(account)] == [["B"]]


def test_a_rejected_import_does_not_hinder_the_others(files, run, account):
    """What was never stored is not in the list, which the platform would refuse as a whole."""
    account.script("FAILED")
    result = run("--kore-keep=never", "-o", "kore_max_parallel=1")
    assert result.code == 1
    assert [len(names) for names in deleted(account)] == [1]
    assert "not deleted" not in result.text


def test_a_deletion_that_is_refused_fails_nothing(files, run, account):
    """It is told, with the names; the result stays green."""
    account.fail_next(403, endpoint="delete", times=9)
    result = run()
    assert result.code == 0, result.text
    assert re.search(r"not deleted: A_\w+, B_\w+: ", result.text)


def test_what_others_stored_stays(files, run, account):
    """A suite of the same name that was there before is not deleted, nor one that a job id names."""
    theirs = account.add_job({"testCases": [{"name": "A", "messages": [{"input": "x", "outputs": []}]}]})
    other = account.add_job(status="SUCCESS", job="ds-other")
    assert other == "ds-other"
    assert theirs
    result = run("--kore-keep=never")
    assert result.code == 0, result.text
    assert deleted(account) == [imported(account)]
    assert "A" not in deleted(account)[0]


def test_after_a_first_failure_open_suites_stay(files, run, account):
    """With -x what is still at work is left alone; what ended well is deleted or left, never half."""
    account.bot({"A0": ["no"]})
    result = run("-x", "--kore-run=published", "--kore-keep=never", "-p", "no:randomly")
    assert result.code == 1
    assert {name for names in deleted(account) for name in names} <= set(imported(account))


def test_nothing_is_deleted_after_ctrl_c(files, account, pytester, monkeypatch):
    """An interrupted run leaves every suite where it is and says how to go on."""
    account.switch(job_polls=1000)
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    command = ("pytest", "-v", "-p", "pytest_kore_convtest", "--kore-keep=never", "--kore-timeout=20")
    process = start_module(*command, cwd=pytester.path)
    try:
        assert any("IN_PROGRESS" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 2
    assert "pytest --kore-gate --kore-ds-id ds-" in output
    assert deleted(account) == []


# Names


def test_a_collected_file_that_a_test_imports_too(files, run, plugin_args, account, pytester):
    """Of two files with one suite's name each is stored once, also when a test asks for one of them."""
    (pytester.path / "z.kore.json").write_bytes((pytester.path / "a.kore.json").read_bytes())
    pytester.makepyfile("""
        def test_it(kore_import_suite):
            assert kore_import_suite("z.kore.json").suite.name.startswith("A (2)_")
        """)
    run("-m", "kore_live or not kore_live", *plugin_args)
    assert [name.partition("_")[0] for name in imported(account)] == ["A (2)", "A", "B"]


def test_two_files_that_only_tests_import(run, account, pytester):
    """Suites of one name from two files that nobody collected are told apart, too."""
    for name in ("one.json", "two.json"):
        case = {"name": "A", "messages": [{"input": name, "outputs": [{"contains": "ok"}]}]}
        (pytester.path / name).write_text(json.dumps({"testCases": [case]}))
    pytester.makepyfile("""
        def test_it(kore_import_suite):
            for _ in range(2):
                found = [kore_import_suite(f"{name}.json").suite for name in ("one", "two")]
                assert [suite.steps[0].input for suite in found] == ["one.json", "two.json"]
        """)
    result = run()
    assert result.counts == {"passed": 1}, result.text
    assert [name.partition("_")[0] for name in imported(account)] == ["A (2)", "A"]


def test_without_an_email_both_ways_to_import_are_skipped(files, run, account, pytester, monkeypatch):
    """A fixture and a collected item that need an e-mail do the same when there is none."""
    monkeypatch.delenv("KORE_USER_EMAIL")
    pytester.makepyfile('def test_it(kore_import_suite): kore_import_suite("a.kore.json")')
    result = run("--kore-unconfigured=skip", "-rs", "-m", "kore_live or not kore_live")
    assert result.counts == {"passed": 2, "skipped": 5}, result.text
    assert account.requests == []


def test_with_x_nothing_more_begins(files, run, account):
    """After a first failure with -x no suite that still waits for its turn is uploaded."""
    account.bot({"A0": ["no"]})
    result = run("-x", "--kore-run=published", "-o", "kore_max_parallel=1", "-p", "no:randomly")
    assert result.code == 1
    assert [name.partition("_")[0] for name in imported(account)] in (["A"], ["A", "B"])


@pytest.mark.parametrize("keep", ["on-failure", "never"])
def test_a_name_that_may_be_somebody_elses(files, run, account, keep):
    """A --kore-import-name without {run} is refused unless everything is kept."""
    result = run("--kore-import-name={name}", f"--kore-keep={keep}")
    assert result.code == 4
    assert "--kore-keep always" in result.text
    assert account.requests == []


def test_a_plain_name_is_kept(files, run, account):
    """With --kore-keep always the suites may have their own names."""
    assert run("--kore-import-name={name}", "--kore-keep=always").code == 0
    assert imported(account) == ["A", "B"]
    assert deleted(account) == []


def test_one_run_one_name(files, run, account, monkeypatch):
    """All suites of a test run share its random part, in all workers; a CI build's id comes before it."""
    assert run("-p", "xdist", "-n", "2").code == 0
    assert len({re.fullmatch(r"[AB]_(\w{10})", name)[1] for name in imported(account)}) == 1
    account.reset()
    monkeypatch.setenv("GITHUB_RUN_ID", "4711")
    assert run().code == 0
    assert len({re.fullmatch(r"[AB]_4711-(\w{10})", name)[1] for name in imported(account)}) == 1
