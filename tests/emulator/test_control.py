"""Driving an emulator, from its own process and from another."""

import json
import os
import subprocess
import sys

import pytest
from emulator.test_client import SUITE, ForeignClient

from pytest_kore_convtest.emulator import Emulator, RemoteEmulator


@pytest.fixture(name="owner")
def _owner():
    with Emulator(job_polls=0) as emulator:
        yield emulator


@pytest.fixture(name="emulator", params=["local", "remote"])
def _emulator(request, owner):
    handle = json.loads(json.dumps(owner.handle()))
    return owner if request.param == "local" else Emulator.attach(handle)


@pytest.fixture(name="client")
def _client(emulator):
    with ForeignClient(emulator) as client:
        yield client


def test_the_same_identity(owner, emulator):
    """The other side has the same address and credentials, and can be attached to again."""
    assert emulator.handle() == owner.handle()
    assert emulator.client_secret == owner.client_secret


def test_everything_can_be_driven(emulator, client):
    """Scripts, faults, the bot, switches and jobs work from either side."""
    emulator.script("IN_PROGRESS@12", job="ds-1")
    assert client.import_status("ds-1").json()["percentageComplete"] == 12
    emulator.fail_next(503)
    assert client.import_status("ds-1").status_code == 503
    emulator.bot({"bye": ["Never!"]})
    emulator.switch(run_results="summary", scopes={"execution", "management"})
    emulator.add_job(SUITE)
    body = client.run_suite("FILE NAME")
    assert body["result"]["stepDetails"] == {"passed": 1, "failed": 1, "total": 2}
    assert "executionResults" not in body["result"]


def test_requests_are_recorded_and_masked(emulator, client):
    """A record shows method, path, headers, body and status, and no secret at all."""
    client.start_import(emulator.client_secret, name="A")
    record = emulator.requests[-1]
    assert (record.method, record.status) == ("POST", 400)
    assert record.path.endswith("/conversation/testsuite/import")
    assert record.headers["Auth"] == record.headers["AUTH"] == "***"
    assert record.headers["bot-language"] == "en"
    assert dict(record.headers)["auth"] == "***"
    assert record.json == {"fileName": "***", "name": "A", "userEmailId": emulator.user_email}
    assert emulator.client_secret not in repr(emulator.requests)


def test_uploads_are_kept(emulator, client):
    """Uploaded bytes can be read back."""
    file_id = client.upload(b"\x00\xff").json()["fileId"]
    assert [(up.file_id, up.filename, up.data) for up in emulator.uploads] == [
        (file_id, "suite.json", b"\x00\xff")
    ]


def test_reset(emulator, client):
    """A reset forgets everything but the credentials."""
    emulator.switch(scopes=[])
    emulator.script("500", job="ds-1")
    emulator.fail_next(503)
    client.upload()
    emulator.reset()
    assert (emulator.requests, emulator.uploads) == ([], [])
    assert client.import_status("ds-1").json()["errors"][0]["msg"] == "Invalid request ID"


@pytest.mark.parametrize(
    ("status", "word", "percent"),
    [("SUCCESS", "SUCCESS", 100), ("IN_PROGRESS@33", "IN_PROGRESS", 33), ("FAILED", "FAILED", 0)],
)
def test_jobs_without_an_upload(emulator, client, status, word, percent):
    """A job can be created in any state, under any id."""
    assert emulator.add_job(SUITE, status, job="ds-mine") == "ds-mine"
    body = client.import_status("ds-mine").json()
    assert (body["status"], body["percentageComplete"]) == (word, percent)


def test_a_job_of_bytes(emulator, client):
    """A job can be made of a file's bytes."""
    job = emulator.add_job(json.dumps(SUITE).encode())
    assert client.import_status(job).json()["response"]["name"] == "FILE NAME"


def test_mistakes_travel(emulator):
    """A wrong order is a ValueError with the same sentence on either side."""
    with pytest.raises(ValueError, match="unknown script word 'BANG'"):
        emulator.script("BANG")


def test_a_function_does_not_travel(owner):
    """A drift function cannot be sent to another process, which is said."""
    with pytest.raises(ValueError, match="only plain data travels"):
        Emulator.attach(owner.handle()).switch(drift=lambda suite: suite)


def test_a_wrong_key(owner):
    """Without the key nothing can be driven."""
    with pytest.raises(RuntimeError, match="refuses to be driven"):
        RemoteEmulator(owner.url, "wrong").reset()


def test_unknown_commands(owner):
    """The control path knows its commands only."""
    remote = Emulator.attach(owner.handle())
    with pytest.raises(ValueError, match="unknown command 'explode'"):
        remote._call("explode")
    with pytest.raises(ValueError, match="unexpected keyword"):
        remote._call("reset", hard=True)


def test_control_requests_are_not_recorded(owner):
    """Driving leaves no trace in the records."""
    Emulator.attach(owner.handle()).bot({})
    assert owner.requests == []


def test_another_process(owner):
    """A real other process can attach, with a proxy in its environment that must not be asked."""
    code = (
        "import json, sys; from pytest_kore_convtest.emulator import Emulator\n"
        "with Emulator.attach(json.loads(sys.argv[1])) as emulator: print(emulator.add_job(job='ds-far'))"
    )
    handle = json.dumps(owner.handle())
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code, handle], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "ds-far"
    with ForeignClient(owner) as client:
        assert client.import_status("ds-far").json()["status"] == "SUCCESS"
