"""Our own token is taken out of answers; what else a server says stays as it is."""

import json
import time

import jwt
import pytest

from pytest_kore_convtest.api.auth import sign_token
from pytest_kore_convtest.redaction import hide_echo

CLIENT = "cs-11111111"
TOKEN = sign_token(CLIENT, "s" * 32, time.time())
UNIQUE = TOKEN.partition(".")[2]


@pytest.mark.parametrize(
    "said",
    [
        TOKEN,
        f'{{"auth": "{TOKEN}"}}',
        f"auth:\\n{TOKEN}\\n",
        TOKEN.replace(".", "%2E"),
        TOKEN[: len(TOKEN) // 2],
        TOKEN[-40:],
        json.dumps(TOKEN.split(".")),
        f"é{TOKEN}é",
    ],
    ids=["whole", "json", "escaped", "percent", "first half", "end", "pieces", "letters"],
)
def test_no_long_piece_is_left(said):
    """However a server cut or escaped the token, sixteen letters in a row of it are not left."""
    hidden = hide_echo(TOKEN, said.encode()).decode()
    pieces = {UNIQUE[at : at + 16] for at in range(len(UNIQUE) - 15)}
    assert hidden != said
    assert not any(piece in hidden for piece in pieces)


def test_a_sibling_is_hidden_too():
    """A token of an earlier request, or of another worker, is known by its client."""
    sibling = sign_token(CLIENT, "s" * 32, time.time())
    assert hide_echo(TOKEN, f"said {sibling}.".encode()).startswith(b"said <token>")


def test_what_a_bot_says_stays():
    """A token of somebody else in a bot's words, and everything else, comes through unchanged."""
    other = jwt.encode({"appId": "cs-other", "sub": "user"}, "o" * 32, algorithm="HS256")
    said = json.dumps({"text": f"your ticket is {other}", "eyJ": "eyJhbGciOi.eyJub3RoaW5n.x"}).encode()
    assert hide_echo(TOKEN, said) == said


@pytest.mark.parametrize("token", ["", "nodot", "a.b", "a."])
def test_odd_tokens_hide_nothing(token):
    """A text that is no JWT takes nothing out of an answer."""
    assert hide_echo(token, b"a.b eyJhbGciOi.eyJhbGciOi.x nodot") == b"a.b eyJhbGciOi.eyJhbGciOi.x nodot"


def test_json_stays_json():
    """An answer that echoes the token can still be read."""
    said = json.dumps({"a": [f"\n{TOKEN[5:-5]}", TOKEN], "b": f"\u0001{UNIQUE}"}).encode()
    assert json.loads(hide_echo(TOKEN, said)) == {"a": ["\n<token>", "<token>"], "b": "\u0001<token>"}


def test_a_long_answer_is_no_burden():
    """A megabyte of letters without a break, with the token in it, is searched at once."""
    said = b"a" * 500_000 + TOKEN.encode() + b"a" * 500_000
    assert hide_echo(TOKEN, said) == b"a" * 500_000 + b"<token>"
