"""Tokens are signed as the platform wants them, and given ones are looked at before they are sent."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.api.auth import Signer, short_secret_note, sign_token
from pytest_kore_convtest.api.given_token import GivenToken, TokenFacts
from pytest_kore_convtest.errors import AccessDeniedError

NOW = 1_700_000_000.75
SECRET = "canary-of-a-secret-that-has-more-than-32-bytes"
FINE = {"appId": "cs-1"}


def encode(data):
    """Encode data as one part of a JWT."""
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode(part):
    """Decode one part of a JWT."""
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def token(claims, **header):
    """Make a token whose signature nobody can check."""
    return ".".join([encode({"alg": "HS256", "typ": "JWT", **header}), encode(claims), encode(b"signature")])


def inspect_token(text, now=NOW):
    """Check a token as a given one is checked before anything is sent."""
    return GivenToken(lambda: text, lambda: now, "kore_jwt").inspect()


def denial(text, now=NOW):
    """Return the error that an inspection raises."""
    with pytest.raises(AccessDeniedError) as raised:
        inspect_token(text, now)
    return raised.value


def test_the_signature_is_hs256_of_the_secret():
    """Anybody with the secret can check the token with nothing but HMAC-SHA256."""
    signed, _, signature = sign_token("cs-1", SECRET, NOW).rpartition(".")
    expected = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    assert signature == encode(expected)


def test_claims_and_header():
    """A token holds appId, sub, iat in the past, exp in five minutes and a jti; nothing more."""
    header, claims, _ = sign_token("cs-1", SECRET, NOW).split(".")
    found = decode(claims)
    expected = {
        "appId": "cs-1",
        "sub": "cs-1",
        "iat": 1_699_999_970,
        "exp": 1_700_000_300,
        "jti": found["jti"],
    }
    assert (decode(header), found) == ({"alg": "HS256", "typ": "JWT"}, expected)


def test_every_token_has_its_own_jti():
    """Two tokens of the same moment differ, so neither is a replay."""
    signer = Signer("cs-1", SECRET, lambda: NOW)
    assert len({decode(signer.token().split(".")[1])["jti"] for _ in range(20)}) == 20


@pytest.mark.parametrize("secret", ["x", "ä" * 8, "a" * 31, "a" * 4096])
def test_short_secrets_sign_without_a_warning(secret):
    """With ``-W error`` a secret of one byte signs, because the platform chose its length."""
    code = (
        "from pytest_kore_convtest.api.auth import sign_token;"
        f"print(sign_token('cs-1', {secret!r}, 1e9).count('.'))"
    )
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert (done.stdout.strip(), done.stderr) == ("2", "")


@pytest.mark.parametrize(
    "secret",
    ["-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----", "ssh-rsa AAAAcanary", "canary\udc80"],
)
def test_what_cannot_be_a_secret_is_told_and_kept_out_of_every_frame(secret):
    """A private key is no client secret; neither the message nor a frame of the traceback shows it."""
    with pytest.raises(AccessDeniedError, match="cannot sign a token") as raised:
        Signer("cs-1", secret, lambda: NOW).token()
    assert ("canary" in "".join(locals_of(raised)), "canary" in str(raised.value.to_data())) == (False, False)


@pytest.mark.parametrize(
    ("secret", "note"),
    [("a" * 32, None), ("ä" * 16, None), ("a" * 31, "has 31 bytes"), ("x\udc80", "has 2 bytes")],
)
def test_a_short_secret_draws_a_note(secret, note):
    """The length of a secret below the usual is told, nothing else of it."""
    found = short_secret_note(secret)
    assert (found is None, (note or "") in (found or ""), secret in (found or "")) == (
        note is None,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("claims", "facts"),
    [
        (FINE, TokenFacts(None, single_use=False)),
        ({**FINE, "exp": None, "jti": None}, TokenFacts(None, single_use=False)),
        ({**FINE, "exp": NOW + 60}, TokenFacts(NOW + 60, single_use=False)),
        ({**FINE, "exp": NOW - 29}, TokenFacts(NOW - 29, single_use=False)),
        ({**FINE, "exp": NOW + 9e6}, TokenFacts(NOW + 9e6, single_use=False)),
        ({**FINE, "jti": "1", "exp": NOW + 3600}, TokenFacts(NOW + 3600, single_use=True)),
        ({**FINE, "jti": "1"}, TokenFacts(None, single_use=True)),
        ({"iss": "cs-1", "sub": "x"}, TokenFacts(None, single_use=False)),
        ({"kore_iss": "cs-1"}, TokenFacts(None, single_use=False)),
        ({**FINE, "appid": "x", "other": {"deep": [1]}}, TokenFacts(None, single_use=False)),
    ],
)
def test_tokens_that_may_be_sent(claims, facts):
    """What the platform may accept passes, with what it says of itself."""
    assert inspect_token(token(claims)) == facts


def test_an_encrypted_token_passes_uninspected():
    """The five parts of a JWE cannot be read here, so the platform judges them."""
    assert inspect_token("eyJ.a.b.c.d") == TokenFacts(None, single_use=False)


CLAIM_FAULTS = [
    ({}, "has no usable claim 'appId'"),
    ({"appId": ""}, "has no usable claim 'appId'"),
    ({"appId": 5}, "has no usable claim 'appId'"),
    ({"appid": "cs-1"}, "spells a claim 'appid'"),
    ({"app_id": "cs-1"}, "spells a claim 'app_id'"),
    ({"AppID": "cs-1", "iss": "cs-1"}, "spells a claim 'AppID'"),
    ({**FINE, "exp": NOW - 31}, "expired 31 seconds ago"),
    ({**FINE, "exp": NOW - 7200}, "expired 2 hours ago"),
    ({**FINE, "exp": 0}, "expired 19676 days ago"),
    ({**FINE, "exp": "1700000300"}, "'exp' that is not a number"),
    ({**FINE, "exp": True}, "'exp' that is not a number"),
    ({**FINE, "exp": [NOW]}, "'exp' that is not a number"),
    ({**FINE, "exp": float("nan")}, "'exp' that is not a number"),
    ({**FINE, "exp": float("inf")}, "'exp' that is not a number"),
    ({**FINE, "exp": 10**400}, "'exp' that is not a number"),
    ({**FINE, "jti": "1", "exp": NOW + 3631}, "one hour is the most"),
    ({**FINE, "jti": "1", "exp": NOW * 1000}, "one hour is the most"),
]


@pytest.mark.parametrize(("claims", "said"), CLAIM_FAULTS)
def test_claims_that_the_platform_refuses(claims, said):
    """Each fault of a claim is found locally and said in words."""
    text = token(claims)
    message = str(denial(text))
    assert (said in message, text in message, text.split(".")[1] in message) == (True, False, False)


HS = token(FINE)

TEXT_FAULTS = [
    ("", "is empty", "not-a-token"),
    ("test_token", "the literal word 'test_token'", "not-a-token"),
    ("TEST-TOKEN", "the literal word 'TEST-TOKEN'", "not-a-token"),
    ("changeme", "the literal word 'changeme'", "not-a-token"),
    ("canary", "is not a JWT: 6 characters in 1 part", "not-a-token"),
    ("canary.canary", "in 2 parts", "not-a-token"),
    ("canary.canary.canary", "three parts like a JWT, but they cannot be decoded", "not-a-token"),
    ("canary.a.b.c", "in 4 parts", "not-a-token"),
    (f"Bearer {HS}", "starts with 'Bearer'", "not-a-token"),
    (f"bearer: {HS}", "starts with 'Bearer'", "not-a-token"),
    ("Bearer", "starts with 'Bearer'", "not-a-token"),
    ("Bearer a.b.c.d.e", "starts with 'Bearer'", "not-a-token"),
    (f'"{HS}"', "a quote", "not-a-token"),
    (HS.replace(".", ".\n", 1), "a space", "not-a-token"),
    (HS + "\r\nX-Evil: 1", "a space", "not-a-token"),
    ("a.b.c.d.e\r\nX: 1", "a space", "not-a-token"),
    ("canary\udc80", "another character", "not-a-token"),
    (f"{encode([1])}.{encode(FINE)}.x", "cannot be decoded", "not-a-token"),
    (f"{encode({'alg': 'HS256'})}.{encode([1])}.x", "cannot be decoded", "not-a-token"),
    (f"{encode({'alg': 'HS256'})}.{encode(b'[' * 100_000)}.x", "cannot be decoded", "not-a-token"),
    (token(FINE, alg="RS256"), "alg 'RS256': API scopes accept HS256 only", "credentials"),
    (token(FINE, alg="hs256"), "alg 'hs256'", "credentials"),
    (token(FINE, alg="none").rpartition(".")[0] + ".", "alg 'none'", "credentials"),
    (token(FINE, alg="x" * 500), f"alg '{'x' * 20}'", "credentials"),
    (token(FINE, alg=None), "alg 'None'", "credentials"),
]


@pytest.mark.parametrize(("text", "said", "reason"), TEXT_FAULTS, ids=range(len(TEXT_FAULTS)))
def test_texts_that_the_platform_refuses(text, said, reason):
    """What is no token is called what it is, shortly, without a part of it."""
    error = denial(text)
    leaked = "canary" in str(error.to_data()) or HS in str(error)
    assert (said in str(error), error.reason, leaked, len(str(error)) < 300) == (True, reason, False, True)


@given(st.text() | st.lists(st.binary(max_size=20).map(encode), min_size=3, max_size=5).map(".".join))
def test_no_text_breaks_the_inspection(text):
    """Whatever is given as a token, the outcome is facts or a denial."""
    try:
        found = inspect_token(text)
    except AccessDeniedError as denied:
        found = denied
    assert type(found) in {TokenFacts, AccessDeniedError}


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5)
)
def test_no_expiry_breaks_the_inspection(expires):
    """Whatever a token calls its expiry, the outcome is facts or a denial."""
    try:
        found = inspect_token(token({**FINE, "jti": "1", "exp": expires}))
    except AccessDeniedError as denied:
        found = denied
    assert type(found) in {TokenFacts, AccessDeniedError}


@pytest.mark.parametrize(
    ("later", "is_jwt", "reason"),
    [(0, True, None), (0, False, "not-a-token"), (3000, True, "expired"), (3000, False, "expired")],
)
def test_why_a_signed_token_is_refused(later, is_jwt, reason):
    """By the server's clock it is over, or something on the way has spoilt it; else the platform says why."""
    found = Signer("cs-1", SECRET, lambda: NOW).explain(NOW + later, is_jwt=is_jwt)
    assert (found and found[0]) == reason


def given_token(*texts, renewable=False, now=NOW):
    """Make a given token that reads as one text after the other."""
    queue = list(texts)
    return GivenToken(
        lambda: queue.pop(0) if len(queue) > 1 else queue[0], lambda: now, "kore_jwt", renewable=renewable
    )


def test_a_token_without_jti_serves_again_and_again():
    """A plain token is read and returned for every request."""
    source = given_token(HS)
    assert [source.token(), source.token()] == [HS, HS]


def test_a_file_is_read_anew():
    """A broker's new token is taken without a restart."""
    other = token({**FINE, "exp": NOW + 9})
    source = given_token(HS, other, renewable=True)
    assert [source.token(), source.token()] == [HS, other]


def test_a_token_with_jti_serves_once():
    """The second request with it would be a replay, so it is not sent."""
    source = given_token(token({**FINE, "jti": "1"}))
    source.token()
    with pytest.raises(AccessDeniedError, match="one request only, which was sent") as raised:
        source.token()
    assert raised.value.reason == "replayed"


def test_a_token_with_jti_cannot_wait():
    """Waiting asks many times, so a token for one request is refused before the first."""
    with pytest.raises(AccessDeniedError, match="waiting needs many"):
        given_token(token({**FINE, "jti": "1"})).check(600)


@pytest.mark.parametrize(
    ("source", "hints"),
    [
        (given_token(HS), 0),
        (given_token(token({**FINE, "exp": NOW + 601})), 0),
        (given_token(token({**FINE, "exp": NOW + 599})), 1),
        (given_token(token({**FINE, "exp": NOW + 599}), renewable=True), 0),
        (given_token(token({**FINE, "jti": "1"}), renewable=True), 0),
        (Signer("cs-1", SECRET, lambda: NOW), 0),
    ],
)
def test_a_token_that_expires_during_the_wait_draws_a_hint(source, hints):
    """A wait that outlasts the token is announced, unless the token can be renewed."""
    assert len(source.check(600)) == hints


def test_the_hint_says_when():
    """The hint names the token, its rest and the wait."""
    hint = "kore_jwt expires in 9 minutes, before a job may be done (600 s)"
    assert given_token(token({**FINE, "exp": NOW + 540})).check(600) == [hint]


def locals_of(raised):
    """Return the text of all local variables in our frames of a traceback."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(raised.tb), capture_locals=True)
    return [str(frame.locals) for frame in frames if "pytest_kore_convtest" in frame.filename]


def spend(source):
    """Ask twice."""
    source.token()
    source.token()


@pytest.mark.parametrize(
    "use",
    [
        lambda: given_token(token({"canary": 1})).token(),
        lambda: given_token(token({"canary": 1})).check(1),
        lambda: given_token(token({**FINE, "jti": "canary"})).check(1),
        lambda: spend(given_token(token({**FINE, "jti": "canary"}))),
        lambda: inspect_token(token({"canary": 1})),
    ],
)
def test_no_traceback_holds_a_token(use):
    """The frames of a denial do not keep the token, so ``--showlocals`` cannot print it."""
    with pytest.raises(AccessDeniedError) as raised:
        use()
    texts = locals_of(raised)
    assert (len(texts) > 0, "eyJ" in "".join(texts), raised.value.__context__) == (True, False, None)
