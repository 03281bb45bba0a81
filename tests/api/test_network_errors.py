"""From foreign exceptions to errors of ours that hold nothing of them."""

import errno
import http.client
import pickle
import socket
import ssl

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.api.network_errors import describe
from pytest_kore_convtest.errors import UnreachableError

TOKEN = "eyJ-canary"


def wrapped(inner):
    """Wrap an exception as requests and urllib3 do."""
    outer = urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.HTTPError(TOKEN, inner))
    request = requests.Request("GET", "http://a.example/", headers={"auth": TOKEN}).prepare()
    return requests.ConnectionError(outer, request=request)


def verification(code, message="no good"):
    """Return a verification error as OpenSSL makes it."""
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_code, error.verify_message = code, message
    return error


def tls(reason):
    """Return a TLS error with a reason."""
    error = ssl.SSLError(1, TOKEN)
    error.reason = reason
    return error


KINDS = [
    (verification(18, "self-signed certificate"), "certificate", False, True, "set kore_ca_bundle"),
    (verification(62, "Hostname mismatch"), "certificate", False, True, "is not a name in the certificate"),
    (verification(64), "certificate", False, True, "is not a name in the certificate"),
    (verification(10), "certificate", False, True, "renew"),
    (verification(9), "certificate", False, True, "clock"),
    (ssl.SSLCertVerificationError(1, "x"), "certificate", False, True, "no reason given"),
    (
        requests.exceptions.ProxyError(OSError("Tunnel connection failed: 407 No")),
        "proxy",
        False,
        True,
        "the proxy requires authentication",
    ),
    (requests.exceptions.ProxyError(OSError("Tunnel connection failed: 502")), "proxy", False, False, "let"),
    (requests.exceptions.InvalidProxyURL(TOKEN), "proxy", False, True, "HTTPS_PROXY"),
    (socket.gaierror(-2, "unknown"), "dns", False, False, "cannot be resolved"),
    (ConnectionRefusedError(TOKEN), "refused", False, False, "nothing listens"),
    (requests.ConnectTimeout(TOKEN), "timeout", False, False, "nobody answered"),
    (requests.ReadTimeout(TOKEN), "timeout", True, False, "no complete answer"),
    (TimeoutError(TOKEN), "timeout", True, False, "no complete answer"),
    (tls("WRONG_VERSION_NUMBER"), "tls", True, True, "does not use TLS"),
    (tls("UNEXPECTED_EOF"), "tls", True, False, "TLS connection broke"),
    (tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "tls", True, True, "set kore_client_cert"),
    (tls("TLSV1_ALERT_UNKNOWN_CA"), "tls", True, True, "set kore_client_cert"),
    (tls("TLSV1_ALERT_INTERNAL_ERROR"), "tls", True, False, "TLS connection broke"),
    (tls(None), "tls", True, False, "TLS connection broke"),
    (ConnectionResetError(TOKEN), "reset", True, False, "was reset"),
    (BrokenPipeError(TOKEN), "reset", True, False, "was reset"),
    (http.client.RemoteDisconnected(TOKEN), "closed", True, False, "without an answer"),
    (http.client.IncompleteRead(b"x"), "truncated", True, False, "cut off"),
    (urllib3.exceptions.ProtocolError(TOKEN), "truncated", True, False, "cut off"),
    (http.client.BadStatusLine(TOKEN), "garbage", True, False, "not valid HTTP"),
    (http.client.LineTooLong(TOKEN), "garbage", True, False, "not valid HTTP"),
    (requests.exceptions.InvalidURL(TOKEN), "request", False, True, "stray characters"),
    (requests.exceptions.InvalidHeader(TOKEN), "request", False, True, "stray characters"),
    (UnicodeEncodeError("latin-1", TOKEN, 0, 1, TOKEN), "request", False, True, "stray characters"),
    (OSError(errno.EHOSTUNREACH, TOKEN), "route", False, False, "no route"),
    (OSError(errno.EBADF, TOKEN), "unknown", True, False, "OSError"),
    (ZeroDivisionError(TOKEN), "unknown", True, False, "ZeroDivisionError"),
]


@pytest.mark.parametrize("kind", KINDS, ids=range(len(KINDS)))
@pytest.mark.parametrize("wrap", [False, True])
def test_kinds(kind, wrap):
    """Each kind of fault is known however deep it is wrapped, and nothing of it stays."""
    trouble, cause, sent, final, words = kind
    error = describe(wrapped(trouble) if wrap else trouble)
    assert type(error) is UnreachableError
    if not (wrap and cause == "unknown"):
        assert words in str(error)
    assert (error.cause, error.sent, error.final) == (cause, sent, final)
    assert TOKEN not in str(error) + repr(error) + repr(vars(error)) + pickle.dumps(error).decode("latin-1")
    assert error.__context__ is None
    assert error.__cause__ is None


@pytest.mark.parametrize("trouble", [ConnectionResetError(), TimeoutError(), ZeroDivisionError()])
def test_what_never_left(trouble):
    """When nothing had left, no kind of fault claims that it may have arrived."""
    assert describe(trouble, sent=False).sent is False
    assert describe(trouble, sent=True).sent is True
    assert describe(trouble).sent is True


@pytest.mark.parametrize(
    "guard", [PermissionError("no"), OSError(errno.EAFNOSUPPORT, "no"), RuntimeError("a guard of somebody's")]
)
def test_a_resolver_without_sockets_is_a_sandbox(monkeypatch, guard):
    """It says that the name is not known, which is not the reason."""
    unknown = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    assert "sandbox" not in describe(unknown).message

    def refuse(*_args, **_more):
        raise guard

    monkeypatch.setattr(socket, "socket", refuse)
    assert "sandbox" in describe(unknown).message


def test_whose_header():
    """A bad header is ours before the request has left, and the server's afterwards."""
    trouble = requests.exceptions.InvalidHeader(TOKEN)
    assert describe(trouble, sent=False).final is True
    assert (describe(trouble, sent=True).cause, describe(trouble, sent=True).final) == ("garbage", False)


def test_a_circle_of_exceptions():
    """Exceptions that wrap each other in a circle end the search."""
    one, other = ValueError(), KeyError()
    one.__cause__, other.__context__ = other, one
    one.args = (one, other)
    assert describe(one).cause == "unknown"


@given(
    st.recursive(
        st.sampled_from([ValueError, OSError, ssl.SSLError, http.client.HTTPException]).map(
            lambda kind: kind()
        ),
        lambda inner: st.tuples(inner, inner, inner).map(lambda args: OSError(*args)),
    )
)
def test_any_exception(trouble):
    """No exception whatever makes describing it fail."""
    assert describe(trouble).sent is True
