"""The emulator's token checks, with tokens that PyJWT made."""

import base64
import json

import pytest
from emulator.test_client import ForeignClient

from pytest_kore_convtest.emulator import Emulator, tokens

NOW = 1_700_000_000.0
CREDENTIALS = (401, "Invalid SDK credentials", 4002)
NO_TOKEN = (401, "Invalid JWT token", 4002)
REPLAY = (401, "error verifying the jwt: possibly a replay", 401)
HORIZON = (401, 'error verifying the jwt: if "jti" claim "exp" must be <= 1 hour(s)', 401)
ALLOWED = (400, "Invalid request ID", 400)


@pytest.fixture(name="client", scope="module")
def _client():
    with Emulator(clock=lambda: NOW) as emulator, ForeignClient(emulator) as client:
        yield client


def verdict(response):
    """Return what a response says about its token."""
    error = response.json()["errors"][0]
    return response.status_code, error["msg"], error["code"]


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, ALLOWED),
        ({"exp": NOW + 300, "iat": NOW - 30}, ALLOWED),
        ({"exp": NOW + 7200}, ALLOWED),
        ({"iat": NOW + 59}, ALLOWED),
        ({"iat": NOW + 61}, CREDENTIALS),
        ({"nbf": NOW + 61}, CREDENTIALS),
        ({"exp": NOW}, CREDENTIALS),
        ({"nbf": True}, CREDENTIALS),
        ({"exp": NOW - 1}, CREDENTIALS),
        ({"exp": float("nan")}, (401, "Invalid JWT token", 4002)),
        ({"appId": None}, CREDENTIALS),
        ({"appId": "cs-other"}, CREDENTIALS),
        ({"appId": None, "appid": "cs-other"}, CREDENTIALS),
        ({"jti": "a", "exp": NOW + 3600}, ALLOWED),
        ({"jti": "b", "exp": NOW + 3601}, HORIZON),
        ({"jti": "c"}, HORIZON),
    ],
)
def test_claims(client, claims, expected):
    """Each claim is judged as the platform judges it."""
    assert verdict(client.import_status("ds-0", token=client.token(**claims))) == expected


def test_a_jti_serves_once(client):
    """The second use of a ``jti`` is a replay."""
    token = client.token(jti="once", exp=NOW + 60)
    answers = [verdict(client.import_status("ds-0", token=token)) for _ in range(2)]
    assert answers == [ALLOWED, REPLAY]


def test_a_jti_is_forgotten_with_its_token(monkeypatch):
    """Of very many only those are kept whose tokens could be used again."""
    monkeypatch.setattr(tokens, "_MANY", 2)
    moment = [NOW]
    with Emulator(clock=lambda: moment[0]) as emulator, ForeignClient(emulator) as client:
        long = client.token(jti="long", exp=NOW + 3000)
        for number in range(3):
            short = client.token(jti=f"short {number}", exp=NOW + 60)
            assert verdict(client.import_status("ds-0", token=short)) == ALLOWED
        assert verdict(client.import_status("ds-0", token=long)) == ALLOWED
        moment[0] += 100
        for jti in ("new", "short 0"):
            token = client.token(jti=jti, exp=NOW + 160)
            assert verdict(client.import_status("ds-0", token=token)) == ALLOWED
        assert verdict(client.import_status("ds-0", token=long)) == REPLAY


@pytest.mark.parametrize(
    "token",
    ["W10.e30.eA", "e30.W10.eA", "garbage", "a.b", "a.b.c", "eyJ9.!!.x", "..", "a.b.c.d.e", "Bearer x"],
)
def test_no_token(client, token):
    """What is no JWT is called that."""
    assert verdict(client.import_status("ds-0", token=token)) == NO_TOKEN


def test_no_header(client):
    """Without the header the credentials are invalid."""
    response = client.session.get(f"{client.emulator.url}{client.suites}/import/ds-0/status", timeout=10)
    assert verdict(response) == CREDENTIALS


def test_a_wrong_secret(client):
    """A signature with another secret is refused."""
    token = client.token(secret="x" * 44)
    assert verdict(client.import_status("ds-0", token=token)) == CREDENTIALS


def test_only_hs256(client):
    """A token of another algorithm is refused, although its signature is right."""
    token = client.token(secret=client.emulator.client_secret + "x" * 32, algorithm="HS512")
    assert verdict(client.import_status("ds-0", token=token)) == CREDENTIALS


def test_an_unsigned_token(client):
    """A token of the algorithm "none" is refused."""
    parts = ({"alg": "none"}, {"appId": client.emulator.client_id})
    head, claims = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    assert verdict(client.import_status("ds-0", token=f"{head}.{claims}.")) == CREDENTIALS


def test_another_stream(client):
    """A bot-level app is not let into another stream."""
    path = "/api/public/stream/st-other/conversation/testsuite/import/ds-0/status"
    assert verdict(client.ask("GET", path)) == CREDENTIALS


def test_another_stream_for_an_account_level_app():
    """An account-level app is told that the stream is unknown."""
    with Emulator(account_level=True) as emulator, ForeignClient(emulator) as client:
        path = "/api/public/stream/st-other/conversation/testsuite/import/ds-0/status"
        assert verdict(client.ask("GET", path)) == (400, "Invalid StreamId", 400)


@pytest.mark.parametrize(("scope", "allowed"), [("management", "import"), ("execution", "run")])
def test_scopes(scope, allowed):
    """An app reaches only the endpoints of its scopes; upload needs none."""
    with Emulator(scopes=[scope], job_polls=0) as emulator, ForeignClient(emulator) as client:
        assert client.upload().status_code == 200
        answers = {
            "import": verdict(client.import_status("ds-0")),
            "run": verdict(client.start_run("nobody")),
        }
        refused = [name for name, answer in answers.items() if answer[:2] == (401, SCOPE_TEXT)]
        assert refused == [name for name in answers if name != allowed]


SCOPE_TEXT = "Permission denied. Scope is incorrect!"


def test_the_order_of_checks(client):
    """A wrong method beats a bad token, a bad token beats a bad body."""
    assert client.ask("PUT", client.suites, token="garbage").status_code == 405
    assert client.ask("POST", f"{client.suites}/import", token="garbage", json={}).status_code == 401
