"""The client: what it sends, what it takes for an answer, and what it says when it is none."""

import json
from email.utils import formatdate

import jwt
import pytest
import requests
import responses
from jobs.waiting import FakeClock
from responses import matchers

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ConfigError,
    KoreError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from pytest_kore_convtest.settings.settings import Settings

HOST = "http://127.0.0.1:9/prefix"
STREAM, JOB = "st-22222222", "ds-11111111"
SECRET = "canary-secret-0123456789-0123456789"
NOW = 1_700_000_000.0
STATUS = f"{HOST}/api/public/stream/{STREAM}/conversation/testsuite/import/{JOB}/status"
IMPORT = f"{HOST}/api/public/stream/{STREAM}/conversation/testsuite/import"
UPLOAD = f"{HOST}/api/public/uploadfile"
DOCUMENT = {"_id": JOB, "streamId": STREAM, "status": "IN_PROGRESS", "percentageComplete": 40}
DENIED = {"errors": [{"msg": "Invalid SDK credentials", "code": 4002}]}
UNKNOWN = {"errors": [{"msg": "Invalid request ID", "code": 400}]}


def read(**more):
    """Return settings."""
    values = {
        "host": HOST,
        "stream_id": STREAM,
        "client_id": "cs-33333333",
        "client_secret": SECRET,
        "user_email": "a@b.c",
    } | more
    return Settings.read(env={}, **{name: value for name, value in values.items() if value is not None})


@pytest.fixture
def clock():
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def make(clock):
    """Return a function that makes a client."""
    clients = []

    def make(**more):
        clients.append(KoreClient(read(**more), clock=clock, now=lambda: NOW))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def failing(call):
    """Return the error of ours that a call raises, which drags nothing along."""
    with pytest.raises(KoreError) as caught:
        call()
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value


@responses.activate
def test_import_status(make):
    """A status request has the documented path and headers, and a fresh token."""
    responses.get(STATUS, json=DOCUMENT)
    status = make().import_status(JOB)
    assert (status.id, status.status, status.percent_complete) == (JOB, "IN_PROGRESS", 40)
    sent = responses.calls[0].request
    assert sent.headers["bot-language"] == "en"
    claims = jwt.decode(sent.headers["auth"], SECRET, algorithms=["HS256"], options={"verify_exp": False})
    assert claims["appId"] == "cs-33333333"
    assert (claims["iat"], claims["exp"]) == (NOW - 30, NOW + 300)


@responses.activate
def test_upload(make):
    """An upload is a multipart form with the file as it is, and gives the file's id."""
    responses.post(UPLOAD, json={"fileId": "f-1", "hash": "x"})
    assert make().upload(b"[\r\n]", 'a"b.json') == "f-1"
    body = responses.calls[0].request.body
    assert b"[\r\n]" in body
    assert b'name="fileContext"\r\n\r\nbulkImport\r\n' in body
    assert b'name="fileExtension"\r\n\r\njson\r\n' in body


@responses.activate
@pytest.mark.parametrize("status", [200, 201, 202])
def test_start_import(make, status):
    """An import is started with the documented body and gives the job's id."""
    wanted = {
        "fileName": "f-1",
        "name": "A/ä",
        "tags": ["t"],
        "description": "d",
        "userEmailId": "a@b.c",
    }
    responses.post(
        IMPORT,
        json={"status": "IN_PROGRESS", "dsId": JOB},
        status=status,
        match=[matchers.json_params_matcher(wanted)],
    )
    assert make().start_import("f-1", "A/ä", tags=("t",), description="d") == JOB


@responses.activate
@pytest.mark.parametrize("answer", [{}, {"dsId": 7}, {"dsId": "../x"}, {"dsId": None}, [], None])
def test_an_import_without_an_id(make, answer):
    """An accepted import without a usable id is a misfit that says so, and is not repeated."""
    responses.post(IMPORT, json=answer)
    error = failing(lambda: make().start_import("f-1", "A"))
    assert type(error) is ProtocolError
    assert "starting the import of 'A'" in str(error)
    assert len(responses.calls) == 1


HOSTILE = [
    "",
    ".",
    "..",
    "a/b",
    "ds-1?x=1",
    "ds-1#f",
    "ds 1",
    "ds%2e",
    "ds\n1",
    "ds-é",
    "\x00",
    "a" * 129,
    "//e",
]


@responses.activate
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_ids(make, text):
    """What is not a valid id is refused before a token is signed or anything is sent."""
    client = make()
    for call in (lambda: client.import_status(text), lambda: client.start_import(text, "A")):
        error = failing(call)
        assert type(error) is ConfigError
        assert "is not a valid id" in str(error)
    assert len(responses.calls) == 0


@responses.activate
@pytest.mark.parametrize("name", ["", " ", ".", ".."])
def test_names_that_lead_elsewhere(make, name):
    """A suite cannot be called like a step in a path."""
    error = failing(lambda: make().run_status(name, "ctr-1"))
    assert type(error) is ConfigError
    assert "it may not be blank, '.' or '..'" in error.message
    assert len(responses.calls) == 0


@responses.activate
@pytest.mark.parametrize("settings", [{"user_email": None}, {"stream_id": None, "host": None}])
def test_nothing_is_written_in_vain(make, settings):
    """Without an e-mail nothing is uploaded; without a host there is not even a client."""

    def write():
        make(**settings).upload(b"", "a.json")

    assert type(failing(write)) is ConfigError
    assert len(responses.calls) == 0


@responses.activate
def test_a_protected_target(clock):
    """On a protected target nothing is written, whatever is asked for, and reading works."""
    settings = Settings.read(
        env={},
        target="prod",
        targets=[f"prod {HOST} {STREAM} protected"],
        client_id="cs-1",
        client_secret=SECRET,
        user_email="a@b.c",
    )
    responses.get(STATUS, json=DOCUMENT)
    with KoreClient(settings, clock=clock) as client:
        for call in (
            lambda: client.upload(b"", "a.json"),
            lambda: client.start_import("f-1", "A"),
            client.require_writable,
        ):
            assert "prod is protected" in str(failing(call))
        assert client.import_status(JOB).id == JOB
    assert len(responses.calls) == 1


@responses.activate
def test_a_401_that_stays(make):
    """A 401 that stays costs two requests with two tokens, and says what to do."""
    responses.get(STATUS, json=DENIED, status=401, headers={"Date": formatdate(NOW - 300, usegmt=True)})
    error = failing(lambda: make().import_status(JOB))
    assert type(error) is AccessDeniedError
    first, second = (call.request.headers["auth"] for call in responses.calls)
    assert first != second
    assert "client id, client secret and stream id do not belong together" in str(error).lower()
    assert "clock is 300 s ahead" in str(error)
    assert "kore_stream_id from command line, kore_client_id from command line" in str(error)


@responses.activate
def test_a_given_token_is_sent_once(make):
    """A given token cannot be renewed, so a 401 ends it after one request."""
    token = jwt.encode({"appId": "cs-1"}, SECRET, "HS256")
    responses.get(STATUS, json=DENIED, status=401)
    client = make(client_id=None, client_secret=None, jwt=token)
    error = failing(lambda: client.import_status(JOB))
    assert type(error) is AccessDeniedError
    assert [call.request.headers["auth"] for call in responses.calls] == [token]
    assert token not in str(error) + repr(error.to_data())


@responses.activate
def test_a_token_file_that_nobody_renewed(make, tmp_path):
    """When the second try fails on our side only, the platform's own reason is told."""
    path = tmp_path / "token"
    path.write_text(jwt.encode({"appId": "cs-1", "jti": "1"}, SECRET, "HS256"))
    responses.get(STATUS, json={"errors": [{"msg": "Permission denied. Scope is incorrect!"}]}, status=401)
    client = make(client_id=None, client_secret=None, jwt_file=str(path))
    error = failing(lambda: client.import_status(JOB))
    assert (error.reason, len(responses.calls)) == ("scope", 1)


@responses.activate
def test_a_token_file_that_was_renewed(make, tmp_path):
    """A token file is read anew for every request."""
    path = tmp_path / "token"

    def answer(request):
        path.write_text(jwt.encode({"appId": "cs-1", "sub": "new"}, SECRET, "HS256"))
        good = request.headers["auth"] == path.read_text()
        return (200, {}, json.dumps(DOCUMENT)) if good else (401, {}, json.dumps(DENIED))

    path.write_text(jwt.encode({"appId": "cs-1"}, SECRET, "HS256"))
    responses.add_callback("GET", STATUS, answer)
    assert make(client_id=None, client_secret=None, jwt_file=str(path)).import_status(JOB).id == JOB


@pytest.mark.parametrize("name", ["jwt_file", "client_secret_file"])
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"{{secret}}", "folder"])
def test_files_that_cannot_be_read(make, tmp_path, name, content):
    """A secret's or token's file that cannot be used is named, with its setting and source."""
    path = tmp_path / "file"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    client_id = "cs-1" if name == "client_secret_file" else None
    error = failing(
        lambda: make(client_id=client_id, client_secret=None, **{name: str(path)}).import_status(JOB)
    )
    assert type(error) is ConfigError
    assert f"kore_{name} (from command line)" in str(error)
    if content is None:  # what is no file may be the secret itself
        assert str(path) not in str(error)
        assert f"a value of {len(str(path))} characters that begins with '/" in str(error)
    else:
        assert str(path) in str(error)


@responses.activate
@pytest.mark.parametrize("status", [400, 404])
def test_an_unknown_job(make, status):
    """A job that the platform does not know is marked as missing, for whoever waits."""
    responses.get(STATUS, json=UNKNOWN, status=status)
    error = failing(lambda: make().import_status(JOB))
    assert type(error) is RefusedError
    assert (error.missing, error.expiry, error.status) == (True, "", status)


@responses.activate
@pytest.mark.parametrize(("offset", "said"), [(90, True), (-90, False)])
def test_an_expired_job(make, offset, said):
    """A job that is gone has expired when the server's clock, not ours, says so."""
    expiry = "2001-09-09T01:46:40.000Z"  # a billion seconds since the epoch
    responses.get(STATUS, json=DOCUMENT | {"expireAt": expiry})
    client = make()
    client.import_status(JOB)
    responses.replace(
        "GET", STATUS, json=UNKNOWN, status=400, headers={"Date": formatdate(1e9 + offset, usegmt=True)}
    )
    error = failing(lambda: client.import_status(JOB))
    assert error.expiry == ("By the server's clock its record expired 90 s ago." if said else "")


@responses.activate
def test_a_publish_job(make):
    """An id of another kind of job is named as that, finally."""
    responses.get(STATUS, json=DOCUMENT | {"jobType": "PUBLISH\x1b"})
    error = failing(lambda: make().import_status(JOB))
    assert error.final
    assert "belongs to a job of type PUBLISH\\x1b, not to a suite import" in str(error)


@responses.activate
def test_a_foreign_document_of_another_type(make):
    """Another job's document is a passing mix-up, whatever type it has."""
    responses.get(STATUS, json=DOCUMENT | {"_id": "ds-9", "jobType": "PUBLISH"})
    error = failing(lambda: make().import_status(JOB))
    assert (type(error), error.final) == (ProtocolError, False)


@responses.activate
def test_a_write_that_surely_failed(make, clock):
    """A write that was refused for its rate is sent again when the platform says so, with a new token."""
    responses.post(UPLOAD, json={}, status=429, headers={"Retry-After": "7"})
    responses.post(UPLOAD, json={"fileId": "f-1"})
    assert make().upload(b"x", "a.json") == "f-1"
    assert clock.sleeps == [7.0]
    assert len({call.request.headers["auth"] for call in responses.calls}) == 2


@responses.activate
@pytest.mark.parametrize(
    "answer",
    [
        {"body": requests.ConnectionError(ConnectionResetError())},
        {"body": requests.ReadTimeout()},
        {"status": 500, "json": {}},
        {"status": 503, "json": {}, "headers": {"Retry-After": "1"}},
        {"status": 400, "json": {"errors": [{"msg": "Invalid file id", "code": 400}]}},
        {"status": 302, "headers": {"Location": "/login"}},
        {"body": b"<html>"},
    ],
    ids=range(7),
)
def test_a_write_that_may_have_happened(make, clock, answer):
    """A write is not repeated unless it surely was not carried out."""
    responses.post(IMPORT, **answer)
    error = failing(lambda: make().start_import("f-1", "A"))
    assert "starting the import of 'A'" in str(error)
    assert len(responses.calls) == 1
    assert clock.sleeps == []


@responses.activate
def test_the_first_write_to_nowhere(make, clock):
    """A first write to a port where nobody listens gives up after 15 s; later ones wait for an outage."""
    responses.post(UPLOAD, body=requests.ConnectionError(ConnectionRefusedError()))
    client = make()
    error = failing(lambda: client.upload(b"x", "a.json"))
    assert type(error) is UnreachableError
    assert f"{HOST} (kore_host from command line), uploading a.json: the connection was refused" in str(error)
    assert 10 < clock.now <= 15
    responses.get(STATUS, json=DOCUMENT)
    client.import_status(JOB)
    failing(lambda: client.upload(b"x", "a.json"))
    assert 100 < clock.now <= 15 + 120


@responses.activate
def test_rate_limits_are_named(make):
    """A limit that a poll runs into is left to whoever waits, with the pause the platform asks for."""
    responses.get(STATUS, json={}, status=429, headers={"Retry-After": "30"})
    error = failing(lambda: make().import_status(JOB))
    assert type(error) is RateLimitedError
    assert error.retry_after == 30
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.parametrize("answer", [b'{"errors": [{"msg": "x"}]}', b'\xef\xbb\xbf \n{ "errors": []}'])
def test_an_error_with_a_200(make, answer):
    """An error body is an error, whatever the status says."""
    responses.get(STATUS, body=answer)
    error = failing(lambda: make().import_status(JOB))
    assert type(error) is ProtocolError
    assert "HTTP 200" in str(error)


def test_notes(make):
    """A short secret draws one note with its length, and not the secret."""
    assert make().notes == []
    (note,) = make(client_secret="short").notes
    assert "5 bytes" in note
    assert "short" not in note


def test_check_token(make):
    """Whether a token can serve a wait is known before anything is sent."""
    assert make().check_token(600) == []
    token = jwt.encode({"appId": "cs-1", "jti": "1", "exp": NOW + 60}, SECRET, "HS256")
    client = make(client_id=None, client_secret=None, jwt=token)
    assert "one request" in str(failing(lambda: client.check_token(600)))


def test_nothing_of_the_secret_shows(make):
    """Neither the client nor what it holds shows the secret."""
    client = make()
    shown = repr(client) + repr(vars(client)) + repr(vars(client._transport)) + repr(vars(client._signer))
    assert SECRET not in shown
