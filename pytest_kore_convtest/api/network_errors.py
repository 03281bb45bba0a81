"""Turn what a failed exchange raised into one of our errors, without keeping any of it.

Foreign exceptions carry requests, and requests carry tokens; so only their kinds
are looked at, never their texts.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEEPEST = 20
_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_NO_SUCH_SOCKET = {errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ENOSYS}
"""What some sandboxes answer; or IPv6 is missing, no more: which of the two it is, a socket of IPv4 shows."""

_SANDBOX = (
    "this process is not permitted to open network connections (a sandbox, container or firewall of this"
    " machine): run the tests where they may, or allow it there"
)
_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
)
_WANTS_CERTIFICATE = (
    "CERTIFICATE_REQUIRED",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_CERTIFICATE_REVOKED",
    "ALERT_CERTIFICATE_EXPIRED",
    "ALERT_CERTIFICATE_UNKNOWN",
    "ALERT_UNKNOWN_CA",
    "ALERT_ACCESS_DENIED",
)
"""Ends of OpenSSL's reasons when the server does not accept who we are."""


class _Kind(NamedTuple):
    """What a kind of fault means.

    Attributes:
        types: Exception classes, or names of classes of libraries that are not ours to import here.
        cause: The word for it.
        sentence: What happened.
        sent: Whether the request may have arrived.
        final: Whether asking again is pointless.
    """

    types: tuple[type[BaseException] | str, ...]
    cause: str
    sentence: str
    sent: bool = True
    final: bool = False


_OWN_FAULT = (
    _Kind(
        ("InvalidProxyURL", "ProxySchemeUnknown", "ProxySchemeUnsupported"),
        "proxy",
        "the proxy address in the environment (HTTPS_PROXY, ALL_PROXY) cannot be used",
        sent=False,
        final=True,
    ),
    _Kind(
        (
            "InvalidURL",
            "InvalidSchema",
            "MissingSchema",
            "LocationParseError",
            "InvalidHeader",
            "UnicodeError",
        ),
        "request",
        "no request can be made from these settings: check host, ids, token and proxy for stray characters",
        sent=False,
        final=True,
    ),
)
"""Faults of what we are about to send; after it was sent, the same names complain about the answer."""

_KINDS = (
    _Kind(
        (ssl.SSLCertVerificationError,),
        "certificate",
        "the server's certificate is not accepted",
        sent=False,
        final=True,
    ),
    _Kind(
        ("ProxyError",), "proxy", "the proxy from the environment did not let the request through", sent=False
    ),
    _Kind(
        (socket.gaierror, "NameResolutionError"),
        "dns",
        "the host name cannot be resolved: check its spelling, or this machine's DNS",
        sent=False,
    ),
    _Kind(
        (ConnectionRefusedError,),
        "refused",
        "the connection was refused, nothing listens there: check host and port",
        sent=False,
    ),
    _Kind(("ConnectTimeoutError", "ConnectTimeout"), "timeout", "nobody answered the connection", sent=False),
    _Kind((TimeoutError, "ReadTimeoutError", "ReadTimeout"), "timeout", "no complete answer came in time"),
    _Kind((ssl.SSLError,), "tls", "the TLS connection broke"),
    _Kind((http.client.RemoteDisconnected,), "closed", "the server closed the connection without an answer"),
    _Kind(
        (ConnectionResetError, BrokenPipeError, ConnectionAbortedError), "reset", "the connection was reset"
    ),
    _Kind(
        (http.client.IncompleteRead, "IncompleteRead", "InvalidChunkLength", "ChunkedEncodingError"),
        "truncated",
        "the answer was cut off",
    ),
    _Kind((http.client.HTTPException, "InvalidHeader"), "garbage", "the answer is not valid HTTP"),
    _Kind(("ProtocolError",), "truncated", "the answer was cut off"),
)

_BY_VERIFY_CODE = {
    9: "check the clock of this machine",
    10: "its owner has to renew it, unless this machine's clock is wrong",
    62: "kore_host is not a name in the certificate, so set it to one that is",
    64: "kore_host is not a name in the certificate, so set it to one that is",
}
"""What to do about OpenSSL's reasons (X509_V_ERR_…): not yet valid, expired, wrong name, wrong address."""


def describe(trouble: BaseException, *, sent: bool | None = None, peer: str = "") -> UnreachableError:
    """Say what a foreign exception means, as a new error that holds nothing of it.

    Args:
        trouble: The exception.
        sent: Whether the request had begun to leave, when that is known.
        peer: The host to which a connection was to be opened, when that is known.
    """
    chain = list(_chain(trouble))
    if not sent and (forbidden := find_forbidden(chain, peer)):
        return UnreachableError(forbidden, cause="forbidden", sent=False, final=True)
    for kind in _KINDS if sent else (*_OWN_FAULT, *_KINDS):
        found = next((one for one in chain if _is(one, kind.types)), None)
        if found is not None:
            return _error(kind, found, chain, sent)
    if any(isinstance(one, OSError) and one.errno in _NO_ROUTE for one in chain):
        return UnreachableError("there is no route to the host", cause="route", sent=False, final=False)
    name = type(trouble).__name__
    return UnreachableError(
        f"the request failed ({name})", cause="unknown", sent=sent is not False, final=False
    )


def find_forbidden(chain: Iterable[BaseException], peer: str) -> str:
    """Say what forbids this process a connection, and the way out; empty when nothing does.

    Args:
        chain: What was raised as a socket was to be made, bound or connected.
        peer: The host.
    """
    raised = list(chain)
    if any(map(_is_of_pytest_socket, raised)):
        return (
            "pytest-socket (--disable-socket, --allow-hosts or a marker) forbids this connection:"
            f" allow it with --allow-hosts={peer or 'HOST'}"
        )
    if any(isinstance(one, PermissionError) for one in raised):
        return _SANDBOX
    # The resolver says "try again" or "system error" when it gets no socket.
    unclear = [
        one
        for one in raised
        if isinstance(one, socket.gaierror) or (isinstance(one, OSError) and one.errno in _NO_SUCH_SOCKET)
    ]
    if unclear and not _may_make_sockets():
        return _SANDBOX
    if peer and any(type(one) is RuntimeError for one in raised):
        return f"something in this test process forbids connections (RuntimeError): let it allow {peer}"
    return ""


def _is_of_pytest_socket(raised: BaseException) -> bool:
    """Say whether pytest-socket raised it, or warned as it did, where warnings are errors."""
    known = type(raised).__module__.partition(".")[0] == "pytest_socket"
    return known or (isinstance(raised, Warning) and str(raised).startswith("A test tried to use socket."))


def _may_make_sockets() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError as bad:
        return not isinstance(bad, PermissionError) and bad.errno not in _NO_SUCH_SOCKET
    except Exception:  # noqa: BLE001 - whatever guards sockets raises what it likes
        return False
    return True


def _error(
    kind: _Kind, found: BaseException, chain: list[BaseException], sent: bool | None
) -> UnreachableError:
    sentence, final = kind.sentence, kind.final
    if isinstance(found, ssl.SSLCertVerificationError):
        advice = _BY_VERIFY_CODE.get(
            getattr(found, "verify_code", 0),
            "set kore_ca_bundle to the file of your company's CA certificates",
        )
        reason = str(getattr(found, "verify_message", "")) or "no reason given"
        sentence += f" ({reason.rstrip('.')}): {advice}"
    elif kind.cause == "tls" and getattr(found, "reason", None) in _NO_TLS:
        sentence, final = "the port does not use TLS: check the port in kore_host", True
    elif kind.cause == "tls" and str(getattr(found, "reason", "")).endswith(_WANTS_CERTIFICATE):
        sentence, final = (
            "the server requires a client certificate that it trusts: set kore_client_cert",
            True,
        )
    elif kind.cause == "proxy" and _asks_for_login(chain):
        sentence, final = (
            "the proxy requires authentication (407): put user and password into HTTPS_PROXY",
            True,
        )
    return UnreachableError(sentence, cause=kind.cause, sent=kind.sent and sent is not False, final=final)


def _asks_for_login(chain: list[BaseException]) -> bool:
    return any(isinstance(one, OSError) and " 407" in f" {one.args[0] if one.args else ''}" for one in chain)


def _is(one: BaseException, types: tuple[type[BaseException] | str, ...]) -> bool:
    names = {cls.__name__ for cls in type(one).__mro__}
    return any(kind in names if isinstance(kind, str) else isinstance(one, kind) for kind in types)


def _chain(trouble: BaseException) -> Iterator[BaseException]:
    """Walk through causes, contexts and the arguments in which libraries wrap each other's errors."""
    queue: list[object] = [trouble]
    seen: set[int] = set()
    while queue and len(seen) < _DEEPEST:
        one = queue.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        queue += [getattr(one, "reason", None), getattr(one, "original_error", None), *one.args]
        queue += [one.__cause__, one.__context__]
