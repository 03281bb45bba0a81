"""A client of the emulator made of foreign parts, and the whole road walked with it."""

import json
import time
from urllib.parse import quote

import jwt
import pytest
import requests

from pytest_kore_convtest.emulator import Emulator

SUITE = {
    "botId": "st-1",
    "botName": "bot",
    "testCases": [
        {
            "preprocessor": "",
            "name": "FILE NAME",
            "tags": ["from-file"],
            "description": "from file",
            "messages": [
                {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hello!"}]},
                {"input": "bye", "outputs": [{"contains": {"oneOf": ["Bye.", "So long."]}}]},
            ],
        }
    ],
}


class ForeignClient:
    """Speak to an emulator with requests and PyJWT; know nothing of the package under test.

    Args:
        emulator: Whom to ask; a clock of its own is followed.
        now: Seconds since the epoch, for the tokens.
    """

    def __init__(self, emulator, now=time.time):
        self.emulator = emulator
        self.now = now
        self.session = requests.Session()
        self.session.trust_env = False
        self.prefix = "/api/public"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()

    def token(self, secret=None, algorithm="HS256", **claims):
        """Sign a token; a claim of ``None`` is left out."""
        payload = {"appId": self.emulator.client_id, "sub": "test", **claims}
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(payload, secret or self.emulator.client_secret, algorithm)

    @property
    def suites(self):
        """The path of the bot's suites."""
        return f"{self.prefix}/stream/{self.emulator.stream_id}/conversation/testsuite"

    def ask(self, method, path, *, token=None, headers=None, **options):
        """Send one request with a fresh token."""
        auth = {"auth": token or self.token(), "bot-language": "en", **(headers or {})}
        url = self.emulator.url + path
        return self.session.request(method, url, headers=auth, timeout=10, allow_redirects=False, **options)

    def upload(self, content=None):
        """Upload a suite (a dict) or bytes."""
        data = content if isinstance(content, bytes) else json.dumps(content or SUITE).encode()
        return self.ask(
            "POST",
            f"{self.prefix}/uploadfile",
            files={"file": ("suite.json", data)},
            data={"fileContext": "bulkImport", "fileExtension": "json"},
        )

    def start_import(self, file_id, name="SUITE", **changes):
        """Start an import; a field of ``None`` is left out."""
        fields = {"fileName": file_id, "name": name, "userEmailId": self.emulator.user_email, **changes}
        body = {key: value for key, value in fields.items() if value is not None}
        return self.ask("POST", f"{self.suites}/import", json=body)

    def import_suite(self, content=None, name="SUITE", **changes):
        """Upload and start an import; return the job's id."""
        return self.start_import(self.upload(content).json()["fileId"], name, **changes).json()["dsId"]

    def import_status(self, job, **options):
        """Ask once for an import's status."""
        return self.ask("GET", f"{self.suites}/import/{job}/status", **options)

    def start_run(self, name="SUITE", **changes):
        """Start a run."""
        fields = {"version": "inDevelopment", "userEmailId": self.emulator.user_email, **changes}
        body = {key: value for key, value in fields.items() if value is not None}
        return self.ask("POST", f"{self.suites}/{quote(name, safe='')}/run", json=body)

    def run_status(self, run, name="SUITE"):
        """Ask once for a run's status."""
        return self.ask("GET", f"{self.suites}/{quote(name, safe='')}/{run}/status")

    def run_suite(self, name="SUITE", **changes):
        """Run a stored suite; return the final status body of an emulator with ``job_polls=0``."""
        return self.run_status(self.start_run(name, **changes).json()["testRunId"], name).json()

    def delete(self, names):
        """Delete suites."""
        return self.ask("DELETE", self.suites, json={"testSuiteNames": names})


@pytest.fixture(name="emulator")
def _emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture(name="client")
def _client(emulator):
    with ForeignClient(emulator) as client:
        yield client


@pytest.mark.parametrize("prefix", ["/api/public", "/api/1.1/public"])
def test_the_whole_road(client, prefix):
    """A suite can be uploaded, imported, run and deleted, under both documented path prefixes."""
    client.prefix = prefix
    job = client.import_suite(name="MY SUITE / 1")
    imports = [client.import_status(job).json() for _ in range(5)]
    assert [(body["status"], body["percentageComplete"]) for body in imports] == [
        ("IN_PROGRESS", 0),
        ("IN_PROGRESS", 40),
        ("IN_PROGRESS", 85),
        ("SUCCESS", 100),
        ("SUCCESS", 100),
    ]
    run = client.start_run("MY SUITE / 1").json()["testRunId"]
    results = [client.run_status(run, "MY SUITE / 1").json() for _ in range(4)]
    assert [body["status"] for body in results] == ["inprogress"] * 3 + ["passed"]
    assert client.delete(["MY SUITE / 1"]).json() == {"status": "Success"}
    assert client.start_run("MY SUITE / 1").status_code == 400


def test_progress_moves_lmod(client):
    """Every answer with a new percentage carries a later ``lMod``, a repeated one the same."""
    job = client.import_suite()
    moments = [client.import_status(job).json()["lMod"] for _ in range(5)]
    assert sorted(set(moments)) == moments[:4]
    assert moments[3] == moments[4]


def test_a_deletion_by_method_override(client):
    """POST with ``x-http-method-override: delete`` deletes; a bare POST there is a wrong method."""
    client.emulator.add_job(SUITE)
    body = {"testSuiteNames": ["FILE NAME"]}
    override = {"x-http-method-override": "delete"}
    assert client.ask("POST", client.suites, json=body).status_code == 405
    assert client.ask("POST", client.suites, json=body, headers=override).json() == {"status": "Success"}


def test_an_upload_for_something_else_is_refused(client):
    """As one without a file is."""
    for context, files in (("picture", {"file": ("a", b"{}")}), ("bulkImport", {"other": ("a", b"{}")})):
        fields = {"fileContext": context, "fileExtension": "json"}
        refused = client.ask("POST", "/api/public/uploadfile", files=files, data=fields)
        assert refused.status_code == 412
    assert client.emulator.uploads == []


def test_a_deletion_is_all_or_nothing(client):
    """One unknown name in a deletion refuses all of it."""
    client.emulator.add_job(SUITE)
    assert client.delete(["FILE NAME", "nobody"]).status_code == 400
    assert client.delete(["FILE NAME"]).status_code == 200


def test_ids_look_real(emulator):
    """Credentials have the platform's look and differ from instance to instance."""
    other = Emulator()
    assert emulator.stream_id.startswith("st-")
    assert emulator.client_id.startswith("cs-")
    assert len(emulator.client_secret) == 44
    assert emulator.client_secret != other.client_secret


def test_jobs_may_take_seconds():
    """With ``job_seconds`` progress follows the injected clock, also when nobody asks."""
    moment = [1_000_000.0]
    emulator = Emulator(job_seconds=10, clock=lambda: moment[0])
    with emulator, ForeignClient(emulator) as client:
        job = client.import_suite()
        seen = []
        for second in (0, 4, 9.99, 10):
            moment[0] = 1_000_000.0 + second
            body = client.import_status(job).json()
            seen.append((body["status"], body["percentageComplete"]))
        assert seen == [("IN_PROGRESS", 0), ("IN_PROGRESS", 40), ("IN_PROGRESS", 99), ("SUCCESS", 100)]
        client.import_suite(name="UNASKED")
        moment[0] += 10
        assert client.start_run("UNASKED").status_code == 200
