"""No two suites share a stored name, in one test run or in two; nor does a dead run's folder stay."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import pytest

from pytest_kore_convtest.jobs.unique_names import find_build


def write(path, name="A", text="ok", *more):
    """Write a suite file with a suite of each name."""
    cases = [
        {"name": one, "messages": [{"input": "hello", "outputs": [{"contains": text}]}]}
        for one in (name, *more)
    ]
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(json.dumps({"testCases": cases}))


def imported(account):
    """Return the names under which suites were imported, in order, the part of the run left out."""
    names = [one.json["name"] for one in account.requests if one.json and "fileName" in one.json]
    return sorted(re.sub(r"_\w{10}$", "", name) for name in names)


@pytest.mark.parametrize(
    ("env", "build"),
    [
        ({"GITHUB_RUN_ID": "4711", "GITHUB_RUN_ATTEMPT": "2"}, "4711-2"),
        ({"CI_PIPELINE_ID": "81", "CI_JOB_ID": "9"}, "81-9"),
        ({"BUILD_BUILDID": "20261127.3"}, "20261127-3"),
        ({"BUILD_NUMBER": "#12 (nightly)"}, "12-nightly"),
        (
            {"CIRCLE_WORKFLOW_ID": "5b7e0a86-1111-2222-3333-444455556666"},
            "5b7e0a86-1111-2222-3333-444455556666",
        ),
        ({"BUILD_NUMBER": "x" * 500}, "x" * 40),
        ({"BUILD_NUMBER": "../../é\n{name}"}, "name"),
        ({"GITHUB_RUN_ATTEMPT": "2"}, ""),
        ({"BUILD_NUMBER": " -- "}, ""),
        ({}, ""),
    ],
)
def test_the_builds_id_is_readable(env, build):
    """A build's id keeps its letters and digits, is of bounded length, and names the attempt or job."""
    assert find_build(env) == build


def test_two_jobs_of_one_build_share_no_name(run, account, pytester, monkeypatch):
    """The jobs of a matrix, and the second attempt of a build, have the build's id in common and no name."""
    monkeypatch.setenv("CI_PIPELINE_ID", "4711")
    write(pytester.path / "a.kore.json")
    for _ in range(2):
        assert run("--kore-keep=always").code == 0
    names = [one.json["name"] for one in account.requests if one.json and "fileName" in one.json]
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"A_4711-\w{10}", name) for name in names)


def test_copies_share_no_name(run, plugin_args, account, pytester):
    """A copied file, a suite twice in a file, a link, and names that differ in casing or blanks only."""
    write(pytester.path / "a" / "x.kore.json")
    write(pytester.path / "b" / "x.kore.json")
    write(pytester.path / "c.kore.json", "A", "ok", "A", "a ", "A  B", "a b")
    (pytester.path / "d.kore.json").symlink_to(pytester.path / "a" / "x.kore.json")
    result = run(*plugin_args, "-k", "import")
    assert result.counts["passed"] == 8, result.text
    folded = ["".join(name.casefold().split()) for name in imported(account)]
    assert len(set(folded)) == len(folded) == 8


def test_items_and_fixtures_share_no_name(run, plugin_args, account, pytester):
    """What a test imports by itself has another name than what is collected, whichever worker does it."""
    write(pytester.path / "a.kore.json")
    for number in range(4):
        write(pytester.path / "hidden" / f"{number}.json", "a", f"text {number}")
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_it(kore_import_suite, number):
            status = kore_import_suite(f"hidden/{number % 4}.json")
            assert status.suite.steps[0].outputs[0].text == f"text {number % 4}"
        """)
    result = run(*plugin_args, "-p", "no:randomly")
    assert result.code == 0, result.text
    folded = [name.casefold() for name in imported(account)]
    assert len(set(folded)) == len(folded) == 5


def test_a_file_that_changes_is_another_suite(run, account, pytester):
    """A test that writes a file anew imports what it wrote, and is not shown the first one's result."""
    pytester.makepyfile("""
        import json, pathlib

        def test_it(kore_import_suite, pytestconfig):
            path = pytestconfig.rootpath / "made.json"
            for text in ("one", "two"):
                steps = [{"input": "x", "outputs": [{"contains": text}]}]
                path.write_text(json.dumps({"testCases": [{"name": "A", "messages": steps}]}))
                assert kore_import_suite(path).suite.steps[0].outputs[0].text == text
        """)
    assert run().code == 0
    assert imported(account) == ["A", "A (2)"]


def test_a_file_by_two_spellings_is_one(run, account, pytester):
    """Another spelling of a path is the same file: it is imported once."""
    write(pytester.path / "a.kore.json")
    pytester.mkdir("sub")
    pytester.makepyfile("""
        def test_it(kore_import_suite):
            assert kore_import_suite("./sub/../a.kore.json").id == kore_import_suite("a.kore.json").id
        """)
    assert run().code == 0
    assert imported(account) == ["A"]


# What a killed run leaves


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Give a temporary folder of its own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def start(pytester, *args):
    """Start pytest in a process of its own, as the leader of its group."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "-p", "no:cacheprovider", *args],
        cwd=pytester.path,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_until(true):
    """Wait until something is true."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def left(place):
    """Return the folders of test runs."""
    return sorted(place.glob("kore-*"))


def test_a_killed_runs_folder_is_removed_by_a_later_run(run, account, pytester, place):
    """While a run lives, another one leaves its folder alone; after SIGKILL a later run removes it."""
    account.script("IN_PROGRESS", job="ds-demo")
    account.script("SUCCESS", job="ds-other")
    process = start(pytester, "--kore-gate", "--kore-ds-id=ds-demo", "-p", "xdist", "-n", "2")
    try:
        wait_until(lambda: account.requests)
        other = ("--kore-gate", "--kore-ds-id=ds-other")
        assert run(*other, fresh=True).code == 0
        assert len(left(place)) == 1
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
    assert len(left(place)) == 1
    assert run(*other, fresh=True).code == 0
    assert left(place) == []


def test_what_is_not_ours_stays(run, account, pytester, place):
    """A folder that only has such a name, a link, a file, or one into which others write is left alone."""
    account.script("SUCCESS", job="ds-demo")
    names = [f"kore-{letter * 32}" for letter in "abcdef"]
    for name in names[:4]:
        (place / name).mkdir(mode=0o700)
    (place / names[1] / "1.alive").touch()
    (place / names[1] / "thesis.txt").touch()
    (place / names[2] / "1.alive").touch()
    (place / names[2]).chmod(0o777)
    (place / names[3] / "1.alive").touch()
    target = pytester.path / "target"
    target.mkdir()
    (target / "1.alive").touch()
    (place / names[4]).symlink_to(target)
    (place / names[5]).touch()
    assert run("--kore-gate", "--kore-ds-id=ds-demo", fresh=True).code == 0
    assert [path.name for path in left(place)] == sorted(set(names) - {names[3]})
    assert (target / "1.alive").exists()


# Evidence of the emulator


def test_an_emulator_behind_kore_host_is_recorded(gate, plugin_args, account, junit, pytester):
    """A standalone emulator reached by KORE_HOST is no real platform: last line, JUnit and record say so."""
    account.script("SUCCESS", job="ds-demo")
    result = gate("--junitxml=junit.xml", "--kore-json=r.json", *plugin_args)
    assert result.code == 0, result.text
    assert result.emulated
    assert junit()[0]["kore_emulator"] == "built-in emulator; no real platform was contacted"
    assert json.loads((pytester.path / "r.json").read_text())["evidence"][0]["emulator"] is True


def test_a_silent_host_is_no_evidence(gate, account, monkeypatch, pytester):
    """Where nobody answers, nobody can say that it was the emulator."""
    monkeypatch.setenv("KORE_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("KORE_TIMEOUT", "0.2")
    result = gate("--kore-json=r.json")
    assert not result.emulated
    assert json.loads((pytester.path / "r.json").read_text())["evidence"][0]["emulator"] is False
