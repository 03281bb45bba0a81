"""Canaries: what must be found nowhere, a server that knows every token it got, and the search."""

import base64
import json
import os
import re
from pathlib import Path
from random import Random

import jwt
from e2e.socket_server import http

STREAM, JOB, RUN = "st-22222222", "ds-demo", "ctr-33333333"
CLIENT = "cs-33333333"
SECRET = 'cAnArYsEcReThEaD"\\é+/ &<%41=tAiLoFtHeCaNaRy'
SHORT_SECRET = "sHoRt+CaNaRy"
PROXY_PASSWORD, NETRC_PASSWORD = "pRoXyCaNaRyWoRd", "nEtRcCaNaRyWoRd"
_FRAGMENT = 8
"""Characters of a secret or token that are too many to show."""


def given_token(now):
    """Return a ready token, good for many requests."""
    claims = {
        "appId": CLIENT,
        "sub": "x",
        "note": "gIvEnToKeNcAnArY",
        "iat": int(now) - 5,
        "exp": int(now) + 900,
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


def encoded(text):
    """Return how bytes of a text look in base64, wherever they begin, and in hex; without unsure edges."""
    data = text.encode()
    forms = {data.hex()[2:-2], data.hex().upper()[2:-2]}
    for offset in range(3):
        code = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")[4:-2]
        forms |= {code, code.replace("+", "-").replace("/", "_")}
    return forms


def secret_needles(secret):
    """Return what gives a secret away: its ends, which no escaping changes, and its encoded forms."""
    return {secret[:_FRAGMENT], secret[-_FRAGMENT:], *encoded(secret)}


def token_needles(token):
    """Return what gives a token away: ends and middles of its parts, its number, its encoded forms.

    Not the first part: it names the algorithm and is the same in all tokens.
    """
    _, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    ends = {part[at : at + _FRAGMENT] for part in (payload, signature) for at in (20, len(part) - _FRAGMENT)}
    decoded = {str(claims[name]) for name in ("jti", "note") if name in claims}
    return {signature[:_FRAGMENT], *ends, *decoded, *encoded(signature)}


def leaks(text, needles):
    """Return each needle that is in a text, with what stands around it."""
    found = {}
    for needle in sorted(needles):
        at = text.find(needle)
        if at >= 0:
            found[needle] = text[max(0, at - 150) : at + 80]
    return found


def tokens_in(requests):
    """Return every token that arrived in an ``auth`` header."""
    found = [re.search(rb"(?im)^auth: (\S+)\r$", request) for request in requests]
    return {one[1].decode() for one in found if one}


def everything_below(folder, given):
    """Return all that stands in files and their names below a folder, except in those that were given."""
    files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file() and path.name not in given]
    return "\n".join(f"{path}\n{path.read_bytes().decode('utf-8', 'replace')}" for path in files)


def choose(first, *others, seed=4711):
    """Combine each value of a first dimension with values of the others, which come up equally often.

    Args:
        first: All these values are in the result, in this order.
        others: Further dimensions.
        seed: Makes the choice the same each time.
    """
    random = Random(seed)  # noqa: S311 - no secret, a choice that is the same each time
    decks = [_deal(random, values) for values in others]
    return [(one, *map(next, decks)) for one in first]


def _deal(random, values):
    while True:
        yield from random.sample(values, len(values))


# What a server may do to us. Each takes a line, the request and its token.


def answer(status, body, *headers):
    """Make an answer of what a function of the token returns."""

    def act(line, token):
        text = body(token) if callable(body) else body
        line.send(http(status, text.encode(), *(header.format(token=token) for header in headers)))

    return act


def refuse(words):
    """Return the platform's error body."""
    return json.dumps({"errors": [{"msg": words, "code": 4002}]})


def job(status, **more):
    """Return an import job's status."""
    found = {"_id": JOB, "streamId": STREAM, "status": status, "percentageComplete": 40, **more}
    return json.dumps(found)


def suite_with(text):
    """Return a stored suite that says a text wherever it can."""
    checks = {kind: {"enabled": True, "ex": [text], "op": "eq"} for kind in ("flow", "text", "context")}
    step = {"_id": text, "input": text, "outputs": [{"text": text, "assertions": checks}]}
    return {"_id": "ctc-1", "name": text, "streamId": STREAM, "tags": [text], "testCases": [step]}


def pieces(token):
    """Return a token as a careless gateway may say it: escaped, cut, in parts."""
    return {
        "escaped": f"auth:\n{token}\n",
        "percent": token.replace(".", "%2E"),
        "cut": token[: len(token) // 2],
        "end": token[-60:],
        "parts": token.split("."),
    }


def black_hole(line, _token):
    """Say nothing for as long as somebody listens."""
    line.hold()


def reset(line, _token):
    """Cut the line."""
    line.reset()


FAILURES = {
    "reset": reset,
    "timeout": black_hole,
    "Ctrl-C": black_hole,
    "401": answer(401, refuse("Invalid SDK credentials")),
    "403": answer(403, refuse("Scope is incorrect")),
    "no JSON": answer(200, "{ nothing"),
    "401 echo": answer(401, lambda token: refuse(f"possibly a replay of {token} here")),
    "400 echo": answer(400, lambda token: refuse(f"bad header auth={token}")),
    "400 raw echo": answer(400, lambda token: f'{{"headers": "auth:\\n{token}\\n"}}'),
    "400 pieces": answer(400, lambda token: json.dumps(pieces(token))),
    "500 page": answer(500, lambda token: f"<html><title>auth {token}</title><body>{token}</body>"),
    "429 echo": answer(429, lambda token: refuse(f"rate limit of {token}"), "Retry-After: {token}"),
    "redirect": answer(
        302, "", "Location: https://user:{token}@elsewhere.invalid/{token}/login?auth={token}"
    ),
    "no JSON, echo": answer(200, lambda token: f"nonsense\\n{token}\\n"),
    "short JSON, echo": answer(200, lambda token: f'{{"_id": "ds-demo", "at": "{token}'),
    "other job": answer(200, lambda token: json.dumps({**json.loads(job("SUCCESS")), "_id": token})),
    "word": answer(200, lambda token: job(f"word-{token}", lMod=token)),
    "rejected": answer(
        200, lambda token: job("FAILED", statusLogs=[{"message": token}, pieces(token)], dsId=token)
    ),
    "echoing bot": answer(
        200, lambda token: job("SUCCESS", response=suite_with(f"said {token}"), downloadUrl=f"/x?{token}")
    ),
    "pieces in a suite": answer(
        200, lambda token: job("SUCCESS", response=suite_with(json.dumps(pieces(token))))
    ),
}


def serve(act):
    """Make a script for a socket server that meets each request with an act."""

    def script(line):
        while request := line.request():
            found = re.search(rb"(?im)^auth: (\S+)\r$", request)
            act(line, found[1].decode() if found else "")

    return script


def loud_tests():
    """Return tests that show whatever they can lay hands on."""
    return Path(__file__).with_name("canary_tests.txt").read_text(encoding="utf-8")


def fake_git(folder):
    """Put a ``git`` into a folder that writes its command line and environment down; return the folder."""
    folder.mkdir()
    program = folder / "git"
    program.write_text('#!/bin/sh\n{ echo "$@"; env; } >> "$0.seen"\nexit 1\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
