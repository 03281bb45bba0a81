"""The emulator's answers have the shape of the documented ones."""

import json
from pathlib import Path

import pytest
from emulator.test_client import SUITE, ForeignClient

from pytest_kore_convtest.emulator import Emulator

SAMPLES = Path(__file__).parents[1] / "samples"
ERRORS = {error["when"]: error for error in json.loads((SAMPLES / "errors.json").read_text())}
# The sample's second step is a standard response of a real bot, which has other fields.
OPTIONAL = {"event", "textMismatch", "category", "isStandardResponse", "userPrompts"}
ONE_STEP = {"testCases": [{"name": "A", "messages": SUITE["testCases"][0]["messages"][:1]}]}


def shape(value):
    """Return a value's keys and types; a list has the shape of its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items() if key != "textMismatch"}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return type(value).__name__


def sample(name):
    """Return a documented reply."""
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.fixture(name="client")
def _client():
    with Emulator(job_polls=1) as emulator, ForeignClient(emulator) as client:
        yield client


def test_upload(client):
    """An upload is answered as documented, with the file's SHA-1."""
    reply = client.upload(b"{}").json()
    assert shape(reply) == shape(sample("upload"))
    assert reply["hash"] == "bf21a9e8fbc5a3846fb05b4fa0859e0917b2202f"
    assert len(reply["fileId"]) == 24


def test_import(client):
    """Start, progress and end of an import have the documented shapes."""
    accepted = client.start_import(client.upload(ONE_STEP).json()["fileId"]).json()
    statuses = [client.import_status(accepted["dsId"]).json() for _ in range(2)]
    assert shape(accepted) == shape(sample("import.accepted"))
    assert shape(statuses[0]) == shape(sample("import-status.in-progress"))
    assert shape(statuses[1]) == shape(sample("import-status.success"))
    assert statuses[1]["_id"] == accepted["dsId"]
    assert statuses[1]["testSuiteId"] != statuses[1]["response"]["_id"]


@pytest.mark.parametrize("results", ["full", "summary"])
def test_run(client, results):
    """Start, progress and end of a run have the documented shapes, in full and in short."""
    client.emulator.switch(run_results=results)
    client.emulator.add_job(ONE_STEP)
    accepted = client.start_run("A").json()
    statuses = [client.run_status(accepted["testRunId"], "A").json() for _ in range(2)]
    end = "run-status.passed" if results == "full" else "run-status.passed-summary"
    assert shape(accepted) == shape(sample("run.accepted"))
    assert shape(statuses[0]) == shape(sample("run-status.in-progress"))
    assert shape(statuses[1]) == shape(sample(end))


def test_delete(client):
    """A deletion is answered as documented."""
    client.emulator.add_job(SUITE)
    assert client.delete(["FILE NAME"]).json() == sample("delete")


def bad_scope(client):
    """Take the scopes away."""
    client.emulator.switch(scopes=[])
    return client.import_status("ds-0")


def replayed(client):
    """Send one token twice."""
    token = client.token(jti="x", exp=client.now() + 60)
    client.import_status("ds-0", token=token)
    return client.import_status("ds-0", token=token)


def over_limit(client, **limits):
    """Ask once more than allowed."""
    client.emulator.switch(rate_limits=True, **limits)
    client.import_status("ds-0")
    return client.import_status("ds-0")


def other_account_stream(client):
    """Ask for a stream that the account does not have."""
    client.emulator.switch(account_level=True)
    return client.ask("DELETE", "/api/public/stream/st-0/conversation/testsuite", json={})


def unknown_run(client):
    """Ask for a run that never was."""
    client.emulator.add_job(SUITE)
    return client.run_status("ctr-0", "FILE NAME")


PROVOKE = {
    "auth header missing, bad signature, wrong client, or an app not mapped to the stream": (
        lambda c: c.import_status("ds-0", token=c.token(secret="x" * 44))
    ),
    "auth is not a JWT": lambda c: c.import_status("ds-0", token="x"),
    "scope missing": bad_scope,
    "jti reused": replayed,
    "jti with exp more than one hour away": (
        lambda c: c.import_status("ds-0", token=c.token(jti="x", exp=c.now() + 4000))
    ),
    "body fields missing": lambda c: c.start_import("0" * 24, name=None),
    "unknown file id": lambda c: c.start_import("0" * 24),
    "unknown job id": lambda c: c.import_status("ds-0"),
    "account-level app, unknown stream": other_account_stream,
    "unknown suite name": lambda c: c.start_run("nobody"),
    "unknown run id": unknown_run,
    "wrong method or path": lambda c: c.ask("POST", "/api/public/file/upload"),
    "per-minute limit passed (status code inferred)": lambda c: over_limit(c, per_minute=1),
    "hourly limit passed (status code inferred)": lambda c: over_limit(c, per_hour=1),
}


@pytest.mark.parametrize("when", ERRORS)
def test_errors(client, when):
    """Every documented error comes with its status and its exact body."""
    response = PROVOKE[when](client)
    assert (response.status_code, response.json()) == (ERRORS[when]["http"], ERRORS[when]["body"])


@pytest.mark.parametrize("field", ["fileName", "name", "userEmailId"])
@pytest.mark.parametrize("value", [None, "", "  ", 7])
def test_import_fields(client, field, value):
    """An import needs its three fields, as filled strings."""
    body = {"fileName": client.upload().json()["fileId"], "name": "A", "userEmailId": "a@b.c", field: value}
    assert client.ask("POST", f"{client.suites}/import", json=body).status_code == 412


@pytest.mark.parametrize("change", [{"tags": "smoke"}, {"description": 5}])
def test_import_field_types(client, change):
    """Tags are a list and a description is a string, or the import is refused."""
    assert client.start_import(client.upload().json()["fileId"], **change).status_code == 412


@pytest.mark.parametrize("change", [{"version": "latest"}, {"version": None}, {"userEmailId": None}])
def test_run_fields(client, change):
    """A run needs a known version and a user."""
    client.emulator.add_job(SUITE)
    assert client.start_run("FILE NAME", **change).status_code == 412


@pytest.mark.parametrize("names", [None, [], "A", [1]])
def test_delete_fields(client, names):
    """A deletion needs a list of names."""
    assert client.delete(names).status_code == 412


def test_a_body_that_is_not_declared_json(client):
    """A JSON body without its content type is an empty one."""
    response = client.ask("POST", f"{client.suites}/import", data=b'{"name": "A"}')
    assert response.status_code == 412


@pytest.mark.parametrize("missing", ["file", "fileContext", "fileExtension"])
def test_upload_fields(client, missing):
    """An upload needs its file and its two fields."""
    fields = {"fileContext": "bulkImport", "fileExtension": "json"}
    fields.pop(missing, None)
    files = {"other" if missing == "file" else "file": ("a.json", b"{}")}
    assert client.ask("POST", "/api/public/uploadfile", files=files, data=fields).status_code == 412


def test_an_upload_that_is_no_form(client):
    """An upload that is no multipart form is refused."""
    assert client.ask("POST", "/api/public/uploadfile", json={}).status_code == 412


@pytest.mark.parametrize(
    "path",
    [
        "/api/public",
        "/api/public/",
        "/api/public/stream",
        "/api/public/bot/st-1/conversation/testsuite/import",
        "/api/public/stream/st-1/conversation/testsuite/A/B/C/status",
        "/api/public/stream/st-1/conversation/testsuite/A/B/other",
        "/api/public/uploadfile/",
    ],
)
def test_unknown_paths(client, path):
    """Unknown paths under the API are wrong methods, even without a token."""
    assert client.session.get(client.emulator.url + path, timeout=10).status_code == 405


def test_beyond_the_api(client):
    """What lies beyond the API is not found."""
    assert client.session.get(client.emulator.url + "/login", timeout=10).status_code == 404


def test_an_expired_job():
    """With ``enforce_expiry`` a job is unknown after its 15 minutes."""
    moment = [1_000_000.0]
    with (
        Emulator(enforce_expiry=True, clock=lambda: moment[0]) as emulator,
        ForeignClient(emulator) as client,
    ):
        job = emulator.add_job()
        moment[0] += 900
        assert client.import_status(job).json()["expireAt"] == "1970-01-12T14:01:40.000Z"
        moment[0] += 1
        assert client.import_status(job).json()["errors"][0]["msg"] == "Invalid request ID"


def test_an_unknown_user(client):
    """With ``unknown_user="reject"`` only our own user may import and run."""
    file_id = client.upload().json()["fileId"]
    client.emulator.switch(unknown_user="reject")
    assert client.start_import(file_id, userEmailId="a@b.c").status_code == 401
    assert client.start_import(file_id).status_code == 200


def test_duplicate_names(client):
    """A second suite of a name is created, or refused, as switched."""
    client.emulator.add_job(SUITE)
    file_id = client.upload().json()["fileId"]
    assert client.start_import(file_id, "FILE NAME").status_code == 200
    client.emulator.switch(duplicate_names="reject")
    assert client.start_import(file_id, "FILE NAME").status_code == 400


def test_a_mistake_of_ours(client):
    """An unexpected exception is a plain 500 without a traceback."""
    client.emulator.switch(drift=lambda suite: suite["nowhere"])
    response = client.start_import(client.upload().json()["fileId"])
    assert response.status_code == 500
    assert response.json() == {"errors": [{"msg": "Internal Server Error", "code": 500}]}
