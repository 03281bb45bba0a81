"""Scripted answers and faults, as they arrive at a client."""

import json
import socket

import pytest
import requests
from emulator.test_client import SUITE, ForeignClient

from pytest_kore_convtest.emulator import Emulator


@pytest.fixture(name="client")
def _client():
    with Emulator(job_polls=0) as emulator, ForeignClient(emulator) as client:
        yield client


def ask(client, words):
    """Return the answer to one status request of a job with a script."""
    client.emulator.script(words, job="ds-1")
    return client.import_status("ds-1")


def test_a_script_drives_a_job(client):
    """The words of a script are answered in order; the last one repeats; faults are marked."""
    client.emulator.script("500, 429(retry_after=2), IN_PROGRESS@40, IN_PROGRESS@85, SUCCESS")
    job = client.import_suite()
    answers = [client.import_status(job) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [500, 429, 200, 200, 200, 200]
    assert [answer.headers.get("X-Kore-Emulator-Fault") for answer in answers[:3]] == ["500", "429", None]
    assert answers[1].headers["Retry-After"] == "2"
    assert [answer.json()["percentageComplete"] for answer in answers[2:]] == [40, 85, 100, 100]
    assert answers[5].json()["response"]["name"] == "SUITE"
    assert {answer.headers["X-Kore-Emulator"] for answer in answers} == {"1"}


def test_a_script_makes_a_job(client):
    """A job that only has a script comes to life when it is asked for, with a demo suite."""
    assert client.import_status("ds-demo").status_code == 400
    client.emulator.script("IN_PROGRESS@40, SUCCESS", job="ds-demo")
    assert client.import_status("ds-demo").json()["status"] == "IN_PROGRESS"
    assert client.import_status("ds-demo").json()["response"]["name"] == "DEMO"


def test_a_script_for_a_job_under_way(client):
    """A script may be given to a job that exists, and to the next run."""
    job = client.emulator.add_job(SUITE, status="IN_PROGRESS")
    client.emulator.script("SUCCESS", job=job)
    assert client.import_status(job).json()["status"] == "SUCCESS"
    client.emulator.script("IN_PROGRESS@10, SUCCESS")
    run = client.start_run("FILE NAME").json()["testRunId"]
    bodies = [client.run_status(run, "FILE NAME").json() for _ in range(2)]
    assert [(body["status"], body["percentageCompleted"]) for body in bodies] == [
        ("inprogress", 10),
        ("passed", 100),
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 412, 418, 429, 500, 504])
def test_http_statuses(client, status):
    """An HTTP status comes with the platform's error body."""
    response = ask(client, str(status))
    assert response.status_code == status
    assert set(response.json()["errors"][0]) == {"msg", "code"}


@pytest.mark.parametrize("status", [502, 503])
def test_gateway_statuses(client, status):
    """What a load balancer answers is HTML."""
    response = ask(client, str(status))
    assert (response.status_code, response.headers["Content-Type"]) == (status, "text/html")


def test_an_error_with_a_text(client):
    """An HTTP status may carry a message and code of its own."""
    assert ask(client, '401(msg="Nope", code=7)').json() == {"errors": [{"msg": "Nope", "code": 7}]}


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(client, status):
    """A status that has no body leaves the connection usable."""
    assert ask(client, str(status)).status_code == status
    assert client.import_status("ds-1").status_code == status


@pytest.mark.parametrize(
    ("word", "content_type", "start"),
    [
        ("html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("empty", "application/json; charset=utf-8", b""),
        ("garbage", "application/json; charset=utf-8", b"\x00\xff"),
        ("deep", "application/json; charset=utf-8", b"[[[["),
        ("huge(megabytes=1)", "application/json; charset=utf-8", b'{"padding":"xx'),
    ],
)
def test_bodies_that_do_not_fit(client, word, content_type, start):
    """A 200 may hold something else than the documented reply."""
    response = ask(client, word)
    assert (response.status_code, response.headers["Content-Type"]) == (200, content_type)
    assert response.content[: len(start)] == start
    assert response.headers["X-Kore-Emulator-Fault"] == word.partition("(")[0]


def test_huge(client):
    """The size of a huge body is the one asked for."""
    assert len(ask(client, "huge(megabytes=1)").content) > 1024 * 1024


@pytest.mark.parametrize(
    ("word", "target"),
    [("redirect", "https://login.invalid/sso?return=kore"), ("redirect(to=/x)", "/x")],
)
def test_redirect(client, word, target):
    """A redirect leads to a login page, or where it is told."""
    response = ask(client, word)
    assert (response.status_code, response.headers["Location"]) == (302, target)


def raw_exchange(client):
    """Ask for a job's status over a bare socket; return everything that comes."""
    port = int(client.emulator.url.rpartition(":")[2])
    request = f"GET {client.suites}/import/ds-1/status HTTP/1.1\r\nHost: x\r\nauth: {client.token()}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


def test_reset(client):
    """``reset`` is a TCP reset, not a close."""
    client.emulator.script("reset", job="ds-1")
    with pytest.raises(ConnectionResetError):
        raw_exchange(client)


def test_close(client):
    """``close`` ends the connection in order, without a byte."""
    client.emulator.script("close", job="ds-1")
    assert raw_exchange(client) == b""
    assert client.emulator.requests[-1].status == 0


def test_truncated(client):
    """``truncated`` announces more than it sends."""
    client.emulator.script("truncated", job="ds-1")
    head, _, body = raw_exchange(client).partition(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    assert 0 < len(body) < int(length.split()[1])


def test_slow(client):
    """``slow`` answers late, with the state the job had."""
    response = ask(client, "slow(seconds=0.2)")
    assert response.elapsed.total_seconds() >= 0.2
    assert response.json()["status"] == "IN_PROGRESS"


def test_drip(client):
    """``drip`` spreads head and body over the given time; the whole is right."""
    response = ask(client, "drip(seconds=0.2)")
    assert response.json()["_id"] == "ds-1"


def test_a_connection_goes_on_after_a_drip(client):
    """The next request on it is answered."""
    client.emulator.script("drip(seconds=0.05), SUCCESS", job="ds-1")
    answers = [client.import_status("ds-1") for _ in range(2)]
    assert [answer.json()["status"] for answer in answers] == ["IN_PROGRESS", "SUCCESS"]


def test_lost(client):
    """``lost`` does the work and loses the answer."""
    client.emulator.add_job(SUITE)
    client.emulator.fail_next("lost", endpoint="delete")
    with pytest.raises(requests.ConnectionError):
        client.delete(["FILE NAME"])
    assert client.start_run("FILE NAME").status_code == 400


def test_success_without_a_response(client):
    """``SUCCESS(response=no)`` is a success that brings no suite."""
    body = ask(client, "SUCCESS(response=no)").json()
    assert body["status"] == "SUCCESS"
    assert "response" not in body


def test_a_failure_with_a_log(client):
    """``FAILED(log="…")`` puts its text into one status log."""
    body = ask(client, 'IN_PROGRESS@30, FAILED(log="no such user")').json()
    assert body["statusLogs"] == []
    body = client.import_status("ds-1").json()
    assert (body["status"], body["percentageComplete"]) == ("FAILED", 30)
    assert body["statusLogs"] == [{"status": "FAILED", "comments": "no such user"}]


@pytest.mark.parametrize("word", ["FAILURE", "ABORTED", "PARTIAL_SUCCESS", "QUEUED", "cancelled"])
def test_status_words(client, word):
    """A status word is answered as it was written."""
    assert ask(client, word).json()["status"] == word


def test_an_unheard_of_status(client):
    """Any text may be the status."""
    assert ask(client, 'status(name="HALF DONE")').json()["status"] == "HALF DONE"


def test_a_merged_reply(client):
    """``merge`` overwrites fields of the reply."""
    assert ask(client, """SUCCESS(merge='{"jobType": "PUBLISH_BOT"}')""").json()["jobType"] == "PUBLISH_BOT"


def test_a_standstill(client):
    """A repeated last word, or ``lmod=no``, leaves ``lMod`` where it was; ``lmod=yes`` moves it."""
    client.emulator.script("IN_PROGRESS@1, IN_PROGRESS@2(lmod=no), IN_PROGRESS@3, IN_PROGRESS@3", job="ds-1")
    moments = [client.import_status("ds-1").json()["lMod"] for _ in range(5)]
    assert moments[0] == moments[1] < moments[2] < moments[3] == moments[4]
    client.emulator.script("IN_PROGRESS@1(lmod=yes)", job="ds-2")
    moments = [client.import_status("ds-2").json()["lMod"] for _ in range(2)]
    assert moments[0] < moments[1]


def test_run_words(client):
    """A run speaks in its own casing and is complete at its end."""
    client.emulator.add_job(SUITE)
    client.emulator.script("QUEUED, status(name=Half_Done), IN_PROGRESS@40, ABORTED")
    run = client.start_run("FILE NAME").json()["testRunId"]
    bodies = [client.run_status(run, "FILE NAME").json() for _ in range(4)]
    assert [body["status"] for body in bodies] == ["queued", "Half_Done", "inprogress", "aborted"]
    assert [body["percentageCompleted"] for body in bodies] == [0, 0, 40, 100]


def test_fail_next(client):
    """The next requests fail, as many as ordered, before their token is looked at."""
    client.emulator.fail_next(503, times=2)
    client.emulator.fail_next(429, retry_after=7)
    answers = [client.import_status("ds-1", token="x") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 429, 401]
    assert answers[2].headers["Retry-After"] == "7"


def test_fail_next_of_one_endpoint(client):
    """A failure may be ordered for one endpoint only."""
    client.emulator.fail_next(500, endpoint="import")
    assert client.upload().status_code == 200
    assert client.start_import("0" * 24).status_code == 500


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"status": "SUCCESS"}, "script.. takes it"),
        ({"status": 99}, "unknown script word"),
        ({"status": 500, "endpoint": "list"}, "unknown endpoint 'list'; known: upload"),
        ({"status": 500, "times": 0}, "times must be 1 or more"),
        ({"status": "reset", "retry_after": 1}, "unknown option"),
    ],
)
def test_wrong_orders(client, arguments, sentence):
    """What cannot be ordered is refused with a sentence."""
    with pytest.raises(ValueError, match=sentence):
        client.emulator.fail_next(**arguments)


def test_a_refusal_stays_one_when_it_is_slow(client):
    """A late answer to a bad token is still a refusal."""
    client.emulator.fail_next("slow(seconds=0)")
    assert client.import_status("ds-1", token="x").status_code == 401


def test_bodies_are_json(client):
    """A lone surrogate in a suite's text does not spoil the reply."""
    suite = json.loads(json.dumps(SUITE).replace("Hello!", "\\ud83d"))
    job = client.emulator.add_job(suite)
    assert json.loads(client.import_status(job).content)["status"] == "SUCCESS"
