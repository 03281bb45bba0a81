"""``kore-convtest import``."""

import json
import os
import re
import signal
import socket

import pytest
from cli.conftest import one_sentence
from cli.samples import suite
from fork_server import run_module

from pytest_kore_convtest.__main__ import main
from pytest_kore_convtest.api.client import KoreClient

LINE = re.compile(r"(?P<name>.+) (?P<id>ds-[0-9a-f-]+)")


def test_it_imports_and_prints_the_id(account, kore, tmp_path):
    """Each suite of each file is uploaded and imported; a line gives its stored name and the job's id."""
    (tmp_path / "a.json").write_text(suite("BOOKING", "REFUND"))
    (tmp_path / "b.json").write_text(suite("OPENING HOURS"))
    ended = kore("import", "a.json", "b.json")
    assert (ended.code, ended.err) == (0, "")
    found = [LINE.fullmatch(line) for line in ended.lines]
    assert [re.sub("_[0-9a-f]+$", "", one["name"]) for one in found] == ["BOOKING", "REFUND", "OPENING HOURS"]
    assert len({one["name"].rpartition("_")[2] for one in found}) == 1
    bodies = [one.json for one in account.requests if one.path.endswith("/import")]
    assert [body["name"] for body in bodies] == [one["name"] for one in found]


def test_the_files_of_a_folder_are_those_that_pytest_collects(account, kore, tmp_path):
    """As ``kore_suite_files`` says; without it they are called ``*.kore.json``."""
    folder = tmp_path / "conversations"
    folder.mkdir()
    for name in ("BOOKING", "REFUND", "HOURS"):
        (folder / f"{name}{'.kore' * (name == 'HOURS')}.json").write_text(suite(name))
    assert kore("import", "conversations").lines[0].startswith("HOURS")
    (tmp_path / "pytest.ini").write_text("[pytest]\nkore_suite_files = BOOK*.json REF*.json\n")
    assert [line.split("_")[0] for line in kore("import", "conversations").lines] == ["BOOKING", "REFUND"]
    assert len(account.uploads) == 3


def test_the_id_is_ready_for_the_gate(account, kore, tmp_path):
    """The printed id, given to the gate, is waited for and judged."""
    (tmp_path / "a.json").write_text(suite())
    ds_id = kore("import", "a.json").lines[0].split()[-1]
    code, output, _ = run_module("pytest", "-p", "pytest_kore_convtest", "--kore-gate", "--kore-ds-id", ds_id)
    assert code == 0, output
    assert account.requests


def test_waiting(account, kore, tmp_path):
    """With ``--wait`` the jobs are waited for and judged; a file's bytes arrive unchanged."""
    (tmp_path / "a.json").write_text(suite())
    ended = kore("import", "a.json", "--wait", "--json")
    assert ended.code == 0, ended.err
    (found,) = json.loads(ended.out)
    assert (found["suite"], found["result"], found["message"]) == ("BOOKING", "passed", "")
    assert found["ds_id"].startswith("ds-")
    assert any(one.method == "GET" for one in account.requests)


def test_a_verdict_against_it(account, kore, tmp_path):
    """A suite that is not stored as it is in the file is told on stderr, with exit code 1."""
    account.switch(drift="drop-last-step")
    (tmp_path / "a.json").write_text(suite())
    ended = kore("import", "a.json", "--wait")
    assert ended.code == 1
    assert LINE.fullmatch(ended.lines[0])
    assert ": failed: " in ended.err
    assert "Traceback" not in ended.err


def test_a_rejected_import(account, kore, tmp_path):
    """A job that fails is a verdict, too."""
    account.script("FAILED")
    (tmp_path / "a.json").write_text(suite())
    ended = kore("import", "a.json", "--wait")
    assert ended.code == 1
    assert "FAILED" in ended.err


def test_equal_names_are_told_apart(account, kore, tmp_path):
    """Two suites of one name are stored under two names."""
    (tmp_path / "a.json").write_text(suite("BOOKING"))
    (tmp_path / "b.json").write_text(suite("BOOKING"))
    ended = kore("import", "a.json", "b.json")
    names = [LINE.fullmatch(line)["name"] for line in ended.lines]
    assert names[0].startswith("BOOKING_")
    assert names[1].startswith("BOOKING (2)_")
    assert account.requests


def test_one_name_for_several(account, kore, tmp_path):
    """A template that gives all suites one name is refused before anything is sent."""
    (tmp_path / "a.json").write_text(suite("A", "B"))
    one_sentence(kore("import", "a.json", "--kore-import-name", "x_{run}"), 4, "it needs {name}")
    assert account.requests == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "1:1: is"),
        ("{", "1:2: is"),
        ("[]", "is a list, not a suite"),
        ('{"testCases": []}', "'testCases' contains no object"),
    ],
)
def test_a_file_that_is_no_suite(account, kore, tmp_path, content, said):
    """One bad file, and nothing of the others is uploaded either: one sentence and exit code 1."""
    (tmp_path / "good.json").write_text(suite())
    (tmp_path / "bad.json").write_text(content)
    one_sentence(kore("import", "good.json", "bad.json"), 1, "bad.json:", said)
    assert account.requests == []


def test_no_account(kore, tmp_path):
    """Without an account one sentence names what is missing, with exit code 4."""
    (tmp_path / "a.json").write_text(suite())
    one_sentence(kore("import", "a.json"), 4, "Kore is not configured", "--kore-host", "--kore-user-email")


def test_notes_on_the_settings(account, kore, tmp_path, monkeypatch):
    """A secret on the command line and a variable that does nothing draw a line each, without the secret."""
    (tmp_path / "a.json").write_text(suite())
    monkeypatch.setenv("KORE_STREM_ID", "st-1")
    monkeypatch.delenv("KORE_CLIENT_SECRET")
    ended = kore("import", "a.json", "--kore-client-secret", account.client_secret)
    assert ended.code == 0
    assert len(ended.lines) == 1
    assert account.client_secret not in ended.err
    exposed, unknown = ended.err.splitlines()
    assert exposed.startswith("note: --kore-client-secret")
    assert "did you mean KORE_STREAM_ID?" in unknown


def test_no_network(account, kore, tmp_path, monkeypatch):
    """When nobody listens, one sentence says so, with exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("KORE_HOST", f"http://127.0.0.1:{taken.getsockname()[1]}")
    monkeypatch.setenv("KORE_OUTAGE_BUDGET", "0.2")
    (tmp_path / "a.json").write_text(suite())
    one_sentence(kore("import", "a.json"), 1, "refused")
    assert account.requests == []


def test_a_wrong_secret(account, kore, tmp_path, monkeypatch):
    """A refused token is one sentence and exit code 1, and the secret is not in it."""
    monkeypatch.setenv("KORE_CLIENT_SECRET", "x" * 40)
    (tmp_path / "a.json").write_text(suite())
    ended = kore("import", "a.json")
    one_sentence(ended, 1, "Invalid SDK credentials")
    assert "x" * 40 not in ended.err
    assert {one.status for one in account.requests} == {401}


def test_a_protected_target(account, kore, tmp_path):
    """Nothing is uploaded to a protected target."""
    (tmp_path / "a.json").write_text(suite())
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\nkore_targets =\n    prod {account.url} {account.stream_id} protected\n"
    )
    one_sentence(kore("import", "a.json", "--kore-target", "prod"), 4, "target prod is protected")
    assert account.requests == []


def test_the_emulator_of_a_run_is_refused(kore, tmp_path, monkeypatch):
    """Nothing can be left in the emulator of a test run, so that is wrong use."""
    monkeypatch.setenv("KORE_EMULATOR", "1")
    (tmp_path / "a.json").write_text(suite())
    one_sentence(kore("import", "a.json"), 4, "start one with kore-convtest emulator")


def test_warnings_are_told_beside_the_id(account, tmp_path, capsys):
    """They are no verdict against the suite, and the id is told once, however often the job is asked for."""
    account.switch(job_polls=2)
    content = json.loads(suite())
    content["testCases"][0]["messages"][1]["outputs"] = []
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert main(["import", "a.json", "--wait"]) == 0
    out, err = capsys.readouterr()
    name = LINE.fullmatch(out.strip())["name"]
    said = "$.response.testSteps[1]: step 2 ('I need a room') asserts nothing [step-without-assertion]"
    assert err == f"{name}: warning: {said}\n"
    assert account.uploads


def test_interrupted_before_any_job(account, tmp_path, capsys, monkeypatch):
    """There is nothing to wait for, and that is said."""
    (tmp_path / "a.json").write_text(suite())

    def interrupt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(KoreClient, "upload", interrupt)
    assert main(["import", "a.json"]) == 2
    assert capsys.readouterr().err == (
        "kore-convtest import: error: interrupted before any import job had begun\n"
    )
    assert account.requests == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(account, begin, tmp_path, number):
    """Ctrl-C ends a wait with exit code 2 and the command that goes on waiting."""
    account.switch(job_polls=1_000_000)
    (tmp_path / "a.json").write_text(suite())
    process = begin("import", "a.json", "--wait")
    ds_id = process.stdout.readline().split()[-1]
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (2, "")
    assert err.count("\n") == 1
    assert f"wait with pytest --kore-gate --kore-ds-id {ds_id}" in err
