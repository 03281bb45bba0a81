"""``kore-convtest clean``."""

import json
import os
import pty

import pytest
from cli.conftest import one_sentence
from cli.samples import suite
from fork_server import run_module
from reports.records import make_evidence, make_import, make_record, make_suite

from pytest_kore_convtest.__main__ import main


@pytest.fixture(name="report")
def _report(account, tmp_path):
    """Run two suites that are kept, and give the path of the report, as if it were of a real platform."""
    path = tmp_path / "run.json"

    def make(*options, emulator=False):
        (tmp_path / "a.kore.json").write_text(suite("BOOKING", "REFUND"))
        command = ("-p", "pytest_kore_convtest", "-q", "--kore-json", str(path), *options)
        code, output, _ = run_module("pytest", *command)
        assert code == 0, output
        record = json.loads(path.read_text())
        for evidence in record["evidence"]:
            evidence["emulator"] = emulator
        path.write_text(json.dumps(record))
        return path

    return make


def names_in(path):
    """Return the stored names that a report holds."""
    return [one["imported"]["stored_name"] for one in json.loads(path.read_text())["suites"]]


def deletions(account):
    """Return the names in each request to delete that succeeded."""
    return [
        one.json["testSuiteNames"] for one in account.requests if one.method == "DELETE" and one.status == 200
    ]


def test_kept_suites_are_shown_and_deleted(account, kore, report):
    """The suites that a run kept are shown, then deleted."""
    path = report("--kore-keep=always")
    ended = kore("clean", path, "--yes")
    assert ended.code == 0, ended.err
    assert deletions(account) == [names_in(path)]
    assert ended.lines[0] == f"2 suite(s) of stream {account.stream_id} on {account.url}:"
    assert all(name in ended.out for name in names_in(path))
    assert ended.lines[-1] == "deleted 2"


def test_suites_that_are_gone_are_tolerated(account, kore, report):
    """A second time nothing is left, and that is fine; as JSON."""
    path = report("--kore-keep=always")
    kore("clean", path, "--yes")
    ended = kore("clean", path, "--yes", "--json")
    assert ended.code == 0
    assert json.loads(ended.out) == {"deleted": [], "gone": names_in(path)}
    assert len(deletions(account)) == 1


def test_what_a_run_deleted_itself_is_not_asked_for(account, kore, report):
    """A run that deleted its suites has nothing to clean."""
    path = report("--kore-keep=never")
    before = len(account.requests)
    ended = kore("clean", path, "--yes")
    assert (ended.code, ended.lines) == (
        0,
        ["nothing to delete: these runs kept no suite that they imported"],
    )
    assert len(account.requests) == before


def test_somebody_elses_suite_is_not_deleted(account, kore, report):
    """A suite that a run only waited for, or whose upload is not recorded, is left alone."""
    path = report("--kore-keep=always")
    record = json.loads(path.read_text())
    record["suites"][0]["file"] = None
    record["suites"][1]["imported"]["file_id"] = ""
    path.write_text(json.dumps(record))
    assert "nothing to delete" in kore("clean", path, "--yes").out
    assert deletions(account) == []


@pytest.fixture(name="kept")
def _kept(account, tmp_path):
    """Write the report of a run that kept suites of these names, and have some of them stored."""

    def make(*names, stored=()):
        for name in stored:
            account.add_job({"testCases": [{"name": name, "messages": []}]})
        suites = [make_suite(name, imported=make_import(given_name=name)) for name in names]
        bot = {"host": account.url, "stream_id": account.stream_id}
        keep = {"name": "kore_keep", "value": "always", "source": "default"}
        (tmp_path / "run.json").write_text(
            json.dumps(make_record(*suites, evidence=[make_evidence(**bot, settings=[keep])]))
        )
        return ["clean", "run.json", "--yes"]

    return make


def test_a_suite_that_is_gone_keeps_no_other_one(account, kept, capsys):
    """The platform refuses a list with an unknown name, so each is tried by itself."""
    assert main(kept("A", "B", stored=["B"])) == 0
    assert deletions(account) == [["B"]]
    assert capsys.readouterr().out.splitlines()[-1] == "deleted 1; 1 were gone already"


@pytest.mark.parametrize("names", [["A"], ["A", "B"]])
def test_a_refusal_that_is_none_of_a_name_is_told(account, kept, capsys, names):
    """Nothing is called deleted then."""
    if len(names) > 1:
        account.fail_next("400")
    account.fail_next("412", endpoint="delete")
    assert main(kept(*names, stored=names)) == 1
    out, err = capsys.readouterr()
    assert "HTTP 412 while" in err
    assert "deleted" not in out
    assert deletions(account) == []


def test_without_a_terminal_it_does_not_ask(account, kore, report):
    """Without ``--yes`` and without a terminal nothing is deleted: exit code 4."""
    path = report("--kore-keep=always")
    ended = kore("clean", path)
    assert ended.code == 4
    assert "give --yes" in ended.err
    assert deletions(account) == []


@pytest.mark.parametrize(("answer", "count"), [("n", 0), ("", 0), ("y", 1)])
def test_on_a_terminal_it_asks(account, begin, report, answer, count):
    """On a terminal it asks, and only a yes deletes."""
    path = report("--kore-keep=always")
    ours, theirs = pty.openpty()
    process = begin("clean", path, stdin=theirs)
    os.write(ours, f"{answer}\n".encode())
    out, _ = process.communicate(timeout=100)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0
    assert "Delete them? [y/N]" in out
    assert len(deletions(account)) == count


def test_runs_against_the_emulator_are_skipped(account, kore, report):
    """A run against the emulator kept nothing on a platform, and that is said."""
    path = report("--kore-keep=always", emulator=True)
    ended = kore("clean", path, "--yes")
    assert ended.code == 0
    assert "skipped: that run was against the built-in emulator" in ended.err
    assert deletions(account) == []


def test_another_bot_is_refused(account, kore, report):
    """A report of another bot than the settings name is refused."""
    path = report("--kore-keep=always")
    ended = kore("clean", path, "--yes", "--kore-stream-id", "st-2")
    one_sentence(ended, 4, f"is of stream {account.stream_id}", "the settings name st-2")
    assert deletions(account) == []


def test_a_protected_target_is_refused(account, kore, report, tmp_path):
    """Nothing is deleted on a protected target."""
    path = report("--kore-keep=always")
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\nkore_targets =\n    prod {account.url} {account.stream_id} protected\n"
    )
    one_sentence(kore("clean", path, "--yes", "--kore-target", "prod"), 4, "target prod is protected")
    assert deletions(account) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": "x"}'])
def test_what_is_no_report(kore, tmp_path, content):
    """A file that is no report is one sentence and exit code 4."""
    (tmp_path / "it.json").write_text(content)
    one_sentence(kore("clean", "it.json", "--yes"), 4, "it.json")


def test_json_cannot_ask(kore):
    """``--json`` needs ``--yes``."""
    one_sentence(kore("clean", "x.json", "--json"), 4, "--json needs --yes")
