"""A part of the fault matrix, over loopback; the whole of it is ``make torture``."""

import pytest

from torture.answers import answer_cases
from torture.arena import Arena
from torture.cases import Case
from torture.contestants import Ended
from torture.judge import MOST_MEMORY, OVERSHOOT, Seen, judge
from torture.links import LINKS
from torture.mixtures import mixture_cases
from torture.wire import wire_cases
from torture.writes import write_cases

CASES = {
    case.name: case for case in (*LINKS, *wire_cases(), *answer_cases(), *write_cases(), *mixture_cases())
}

CHOSEN = [
    "nothing goes wrong, over TLS",
    "reset 12 times in a row",
    "the request is read and the connection closed, over TLS: twice inside a wait",
    "reset inside the body: the first answer",
    "the request is read and never answered: the first answer",
    "cut body without a length: the first answer",
    "the headers stop, over TLS: the first answer",
    "binary garbage: twice inside a wait",
    "gzip of gzip: the first answer",
    "a chunk size of 1 GiB of letters: the first answer",
    "ten million values out of 100 KiB of gzip: the first answer",
    "TLS: reset inside the handshake: the first answer",
    "the certificate has expired",
    "plain HTTP on the TLS port",
    "left-over: two answers to one request, the second says SUCCESS",
    "left-over: an answer to nobody a moment later, over TLS",
    "the idle connection is reset between polls",
    "chunked and a length at once",
    "90 cookies, all of them harmful",
    "HTTP 401 until a new token is sent",
    "HTTP 403: for ever",
    "HTTP 404 after it was there",
    "HTTP 302 from TLS to another host",
    "HTTP 429, Retry-After: 3600, inside a wait",
    "HTTP 503, Retry-After: soon",
    "another job's success: the first answer",
    "FAILED and then SUCCESS under one key: the first answer",
    "SUCCESS with response null, then with the suite",
    "a stored suite of another bot",
    "starting a run: the request is read and the connection reset",
    "starting an import: HTTP 503 with Retry-After: 1",
    "an upload: HTTP 307 to another host",
    "the whole road: the answer to the import is lost, and somebody asks again",
    "30 % faults a poll, run 1",
]


@pytest.fixture(scope="module")
def arena():
    """Return what all cases share."""
    arena = Arena()
    yield arena
    arena.close()


@pytest.mark.parametrize("name", CHOSEN)
def test_a_case(arena, name):
    """Whatever the server does, a job ends as it has to: right verdict, right error, in time, done once."""
    word, details = arena.try_here(CASES[name])
    # A busy machine may delay anything; the whole matrix judges time, in processes of their own.
    assert word in {"ok", "late"}, details


GOOD, BAD = Case("", "", most=2), Case("", "", good=False, error="UnreachableError", words=("port",), most=2)
ENDED = Ended(None, "UnreachableError", "check the port", 1.0, 0, ours=True)
NOTHING = Seen([], [], [])


@pytest.mark.parametrize(
    ("case", "ended", "seen", "word"),
    [
        (BAD, ENDED, NOTHING, "ok"),
        (GOOD, ENDED, NOTHING, "gave up"),
        (GOOD, ENDED._replace(error="", value={"status": "SUCCESS"}), NOTHING, "wrong result"),
        (BAD, ENDED._replace(error="", value={}), NOTHING, "false success"),
        (BAD, ENDED._replace(error="RefusedError"), NOTHING, "the wrong error"),
        (BAD, ENDED._replace(words="no"), NOTHING, "the wrong advice"),
        (BAD, ENDED._replace(words="port eyJhbGciOi"), NOTHING, "an unclean message"),
        (BAD, ENDED._replace(ours=False), NOTHING, "crashed"),
        (BAD, ENDED._replace(left=1), NOTHING, "left something behind"),
        (BAD, ENDED._replace(seconds=BAD.deadline + OVERSHOOT + 0.01), NOTHING, "late"),
        (BAD, ENDED._replace(memory=MOST_MEMORY + 1), NOTHING, "took the memory"),
        (BAD, ENDED, Seen([b""] * 3, [1, 2, 3], []), "kept asking"),
        (BAD, ENDED, Seen([], [], [b"GET / HTTP/1.1\r\nAuth: x"]), "sent the token to another host"),
        (BAD, None, NOTHING, "hangs"),
    ],
)
def test_the_judge_sees_it(case, ended, seen, word):
    """The judge of the matrix notices each thing that can go wrong."""
    assert judge(case, ended, seen, is_ours=True)[0] == word
