"""What looks like a secret, and how it is hidden."""

import base64

import pytest

from pytest_kore_convtest.leaks import find_leaks, hide_leaks, is_client_id

RANDOM = base64.b64encode(bytes(range(7, 39))).decode()
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJhcHBJZCI6ImNhbmFyeSJ9.c2lnbmF0dXJl"
AWS = "AKIA" + "CANARYCANARY1234"
KEY = "-----BEGIN RSA PRIVATE KEY-----\ncanary\n"
UUID = "6b2f9a4e-1c35-5d80-9e47-2f81c07ab3d6"

SURE = [
    ("a JWT", JWT, JWT),
    ("a JWT", f"auth: {JWT}", JWT),
    ("a JWT", f"Bearer {JWT}", JWT),
    ("a JWT", rf"a\n{JWT}", JWT),
    ("a JWT", f"token={JWT}.", JWT),
    ("a JWT", f"שלום{JWT}😀", JWT),
    ("an AWS access key", f"id {AWS}, ok", AWS),
    ("a private key", f"{KEY}-----END RSA PRIVATE KEY-----", KEY),
    ("a private key", KEY, KEY),
    ("a GitHub token", "ghp_" + "a1B2" * 9, "ghp_" + "a1B2" * 9),
    ("a Google API key", "AIza" + "a1B2c" * 7, "AIza" + "a1B2c" * 7),
    ("a Slack token", "xoxb-" + "1234567890-abcdef", "xoxb-1234567890-abcdef"),
]
UNSURE = [
    ("a bearer token", f"Authorization: Bearer {RANDOM}", RANDOM),
    ("a secret", f"KORE_CLIENT_SECRET={RANDOM}", RANDOM),
    ("a secret", f"my-api_key : '{RANDOM}'.", RANDOM),
    ("a secret", rf"{{\"accessToken\":\"{RANDOM}\"}}", RANDOM),
    ("a secret", f"the password: {RANDOM}, thanks", RANDOM),
    ("a client's secret", f"cs-{UUID} {RANDOM}", RANDOM),
    ("a client's secret", f"{RANDOM} / cs-{UUID}", RANDOM),
]


@pytest.mark.parametrize(("what", "text", "secret"), SURE + UNSURE)
def test_what_is_found(what, text, secret):
    """A secret is found once, named, and hidden but for four characters and its length."""
    (leak,) = find_leaks(text)
    assert (leak.what, text[leak.start : leak.end]) == (what, secret.rstrip("."))
    assert leak.sure is ((what, text, secret) in SURE)
    hidden = f"{secret[:4]}… ({len(secret)} characters)"
    assert hide_leaks(text) == text.replace(secret, hidden)


HARMLESS = [
    "",
    "I forgot my password: please help me with it",
    "token = context.session.BotUserSession.accessToken1",
    "token = readTheTokenFromSomewhere2(user)",
    "token: aaaaaaaaaaaaaaaa1111111111111111",
    "secret: pleaseentertheword",
    f"token: st-{UUID}",
    f"cs-{UUID} belongs to st-{UUID} and {UUID}",
    f"cs-{UUID} " + "a " * 200 + RANDOM,
    RANDOM,
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9",
    "-----BEGIN PUBLIC KEY-----",
    '{"type":"template","payload":{"template_type":"quick_replies","url":"https://example.com/a1b2c3d4e5f6"}}',
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_let_pass(text):
    """Words, names in scripts, ids and examples of the manuals are no secrets."""
    assert find_leaks(text) == []
    assert hide_leaks(text) == text


def test_a_key_says_what_its_value_is():
    """A random value is a secret when its key says so."""
    assert find_leaks(RANDOM, key="clientSecret")[0].what == "a secret"
    assert find_leaks(RANDOM, key="fileName") == []
    assert find_leaks("the usual words of a sentence", key="clientSecret") == []


def test_a_client_id_beside_a_text():
    """A random value is a secret when a client id stands beside it."""
    assert find_leaks(RANDOM, beside_client=True)[0].what == "a client's secret"
    assert find_leaks(f"st-{UUID}", beside_client=True) == []


def test_several_secrets_in_one_text():
    """They are found in the order of the text, and the text around them stays."""
    text = f"a {AWS} b {JWT} c secret={RANDOM} d"
    assert [leak.what for leak in find_leaks(text)] == ["an AWS access key", "a JWT", "a secret"]
    assert (
        hide_leaks(text) == "a AKIA… (20 characters) b eyJh… (58 characters) c secret=BwgJ… (44 characters) d"
    )


def test_a_client_id():
    """It begins with cs- and has nothing around it."""
    assert is_client_id(f"cs-{UUID}")
    assert not is_client_id(f"cs-{UUID} ")
    assert not is_client_id(f"st-{UUID}")


GREEDY = ["eyJ", "eyJabcdefghij.", "eyJabcdefghij.eyJabcdefghij ", "token", "token-", "token=", "bearer "]
GREEDY += ["cs-a1", f"cs-{UUID} {RANDOM} ", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "\\n", "a1"]
GREEDY += ["token=a1b2c3d4e5f6g7h8("]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("part", GREEDY)
def test_no_text_takes_for_ever(part):
    """Three hundred thousand characters of anything are searched; squared time would need minutes."""
    text = part * (300_000 // len(part))
    assert all(leak.start < leak.end <= len(text) for leak in find_leaks(text))
