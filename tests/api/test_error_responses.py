"""From refusals to sentences with a way out."""

import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.api.error_responses import clock_skew, excerpt, printable, read_refusal, retry_after
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    KoreError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)

NOW = 1_700_000_000.0


def refuse(status, said="", code=None, **headers):
    """Return the error for an answer of the platform."""
    body = json.dumps({"errors": [{"msg": said, "code": code}]}).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_refusal(status, names, body, "asking", NOW)


def date(offset):
    """Return an HTTP date so many seconds from now."""
    return formatdate(NOW + offset, usegmt=True)


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ("Permission denied. Scope is incorrect!", "scope", "publish the bot"),
        ("Invalid JWT token", "not-a-token", "set kore_client_id and kore_client_secret"),
        ("JTI replay detected", "replayed", "works for one request only"),
        ('Maximum expiry with "jti" claim is one hour', "credentials", "one hour at most"),
        ("Invalid SDK credentials", "credentials", "mapped to this stream"),
        ("Something new", "forbidden", "check credentials, scope"),
        ("", "forbidden", "check credentials, scope"),
    ],
)
@pytest.mark.parametrize("status", [401, 403])
def test_access_denied(said, reason, words, status):
    """The platform's words decide which way out is named."""
    error = refuse(status, said)
    assert type(error) is AccessDeniedError
    assert (error.reason, error.status) == (reason, status)
    assert words in str(error)


@pytest.mark.parametrize(
    ("offset", "words"),
    [(-100, "100 s ahead of"), (100, "100 s behind"), (20, None), (-20, None), (None, None)],
)
def test_clock_skew(offset, words):
    """A denial names the clocks when they are far apart, and only then."""
    error = refuse(401, "Invalid SDK credentials", **({} if offset is None else {"date": date(offset)}))
    assert ("clock" in str(error)) == (words is not None)
    assert words is None or words in str(error)
    assert error.skew == (None if offset is None else -offset)


@pytest.mark.parametrize(
    ("said", "limit", "words"),
    [
        ("You've exceeded the per-minute rate limit.", "minute", "of 60 a minute is"),
        ("You've exceeded the hourly rate limit.", "hour", "of 1800 an hour is"),
        ("Rate limit for this API has been reached.", "unknown", "60 a minute and 1800 an hour"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 503])
def test_rate_limits(said, limit, words, status):
    """A rate limit is known by its words, since no source says its status."""
    error = refuse(status, said, retry_after="9")
    assert type(error) is RateLimitedError
    assert (error.limit, error.retry_after) == (limit, 9.0)
    assert words in str(error)
    assert ": wait 9 s, then run again." in str(error)


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (400, "Invalid StreamId", "kore_stream_id"),
        (400, "Invalid request ID", "ds-…"),
        (400, "Invalid file id", "upload it again"),
        (400, "Test Suite not found", "no suite of that name"),
        (400, "Test Result not found.", "no run with that id"),
        (412, "Validation errors/ Invalid arguments", "kore_user_email"),
        (404, "Not Found", "path prefix"),
        (405, "Method Not Allowed", "path prefix"),
        (409, "Conflict", "somebody else"),
        (418, "Teapot", "Teapot"),
    ],
)
def test_refused(status, said, words):
    """A refusal carries the platform's words and what to do."""
    error = refuse(status, said, code=status)
    assert type(error) is RefusedError
    assert (error.status, error.code, error.reply) == (status, status, said)
    assert words.lower() in str(error).lower()
    assert error.passing == (status == 409)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 599])
def test_trouble_of_the_platform(status):
    """What the platform may get over is passing, and honours Retry-After."""
    error = refuse(status, "Oh", retry_after=date(5), date=date(0))
    assert type(error) is UnreachableError
    assert (error.cause, error.final, error.retry_after) == (f"HTTP {status}", False, 5.0)


@pytest.mark.parametrize("status", [200, 204, 206, 299, 300, 304])
def test_no_documented_answer(status):
    """Another success than the documented one, or a redirect without a target, is passing."""
    error = refuse(status)
    assert type(error) is ProtocolError
    assert not error.final


BODIES = [
    b"",
    b"null",
    b"[]",
    b"7",
    b"{}",
    b'{"errors": null}',
    b'{"errors": {}}',
    b'{"errors": []}',
    b'{"errors": [null]}',
    b'{"errors": [{}]}',
    b'{"errors": [{"msg": null}]}',
    b'{"errors": [{"msg": {"a": 1}}]}',
    b'{"errors": [{"msg": ["' + b"[" * 500 + b'"]}]}',
    b"[" * 100_000,
    b"9" * 10_000,
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf" + b"<html><TITLE lang=en>Sign in</TITLE>",
    b"\x1b[31mred\x07\r\nline",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("status", [200, 302, 400, 401, 407, 429, 503])
def test_any_body(body, status):
    """Whatever a refusal's body is, there is one printable sentence of bounded length."""
    error = read_refusal(status, {}, body, "asking", NOW)
    assert isinstance(error, KoreError)
    assert str(error).isprintable()
    assert len(str(error)) < 600
    assert json.loads(json.dumps(error.to_data())) == error.to_data()


@given(
    st.integers(200, 599),
    st.binary(max_size=50),
    st.dictionaries(st.sampled_from(["location", "date", "retry-after"]), st.text(max_size=30)),
)
def test_any_answer(status, body, headers):
    """No answer whatever makes reading its refusal fail."""
    error = read_refusal(status, headers, body, "asking", NOW)
    assert isinstance(error, KoreError)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://login.example/a?token=1#x", "https://login.example/a"),
        ("https://user:pw@login.example/", "https://login.example/"),
        ("/a\x1b[31mb", "/a\\x1b[31mb"),
        ("", "an empty address"),
        ("x" * 500, "x" * 120 + "…"),
    ],
)
def test_redirect(location, target):
    """A redirect names its target without query, user and control characters, and is final."""
    error = refuse(302, location=location)
    assert type(error) is RefusedError
    assert (error.target, error.final) == (target, True)
    assert f"redirects to {target} (a login page" in str(error)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        (" 3 ", 3.0),
        ("0", None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("3.5", None),
        ("٣", None),
        ("9" * 400, 999999999.0),
        (date(30), 40.0),
        (date(-30), None),
        (date(30).removesuffix(" GMT"), 40.0),
        ("Mon, 99 Foo 0000 99:99:99 GMT", None),
    ],
)
def test_retry_after(text, seconds):
    """Seconds and dates are read, by the server's clock; nonsense and the past are not."""
    assert retry_after({"retry-after": text, "date": date(-10)}, NOW) == seconds


def test_retry_after_without_a_date():
    """Without a Date header our own clock has to do."""
    assert retry_after({"retry-after": date(30)}, NOW) == 30.0
    assert clock_skew({}, NOW) is None


@given(st.text(max_size=60))
def test_any_header(text):
    """No text whatever in a header makes reading it fail."""
    for header in ("retry-after", "date"):
        retry_after({header: text, "retry-after": text}, NOW)
        clock_skew({header: text}, NOW)


@given(st.text(), st.integers(1, 50))
def test_printable(text, most):
    """What is printed of foreign text is printable and bounded."""
    shown = printable(text, most)
    assert len(shown) <= most + 1
    assert shown.isprintable()


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhcHBJZCI6ICJjcy0xIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize("length", [len(TOKEN), 25, 14])
def test_no_token_is_printed(length):
    """A token in foreign text, cut or whole, is not shown."""
    assert printable(f"auth: {TOKEN[:length]}", 300) == "auth: <token>"
    assert excerpt(f"auth: {TOKEN[:length]} and more".encode()) == "auth: <token> and more"
    assert "eyJ" not in str(refuse(500, f"you sent {TOKEN[:length]}"))
