"""What ``doctor`` finds on the way to the platform: proxy, name, TLS, who answers there, and the clock."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from pytest_kore_convtest.api.error_responses import clock_skew, excerpt
from pytest_kore_convtest.api.network_errors import describe
from pytest_kore_convtest.api.transport import Trust
from pytest_kore_convtest.doctor.access import IMPOSSIBLE, SKEW_WORTH_SAYING, look_at_access
from pytest_kore_convtest.doctor.certificate import issuer_of, unverified_issuer
from pytest_kore_convtest.doctor.local import ERROR, OK, SKIPPED, WARNING, Check
from pytest_kore_convtest.errors import (
    ConfigError,
    KoreError,
    ServiceError,
)
from pytest_kore_convtest.settings.values import is_loopback
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from pytest_kore_convtest.settings.settings import Settings

T = TypeVar("T")

_OLD_PREFIX = "/api/1.1/public"
_LARGEST = 65536
_SHOWN = 120
_MOST_ADDRESSES = 3


class _Answer(NamedTuple):
    """What an unsigned request brought."""

    status: int
    headers: dict[str, str]
    body: bytes
    issuer: str
    expires: str
    at: float


@dataclass
class _Line:
    """How the host is reached.

    Attributes:
        scheme: ``http`` or ``https``.
        host: The host's name.
        port: Its port.
        prefix: The path prefix of the base URL.
        proxy: The proxy's address, or ``None``.
        proxy_from: The environment variable that names it.
        timeout: Seconds for each exchange in total.
        trust: Whom TLS trusts.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    proxy: SplitResult | None
    proxy_from: str
    timeout: float
    trust: Trust = field(repr=False)


def look_at_network(settings: Settings) -> Iterator[Check]:
    """Check the way to the platform, and whether it lets us in; stops where going on makes no sense."""
    if settings.host is None:
        yield Check("network", SKIPPED, "there is no host to ask")
        return
    try:
        line = _line(settings)
    except ValueError:  # its text may hold a password
        why = "no request gets through"
        fix = "write @, :, /, # and ? in its user and password as %40, %3A, %2F, %23 and %3F"
        yield Check("proxy", ERROR, "the proxy's address cannot be read", why, fix)
        return
    yield from _tell_proxy(line)
    resolved = _resolve(line)
    yield resolved
    if resolved.level == ERROR:
        return
    answer, checks = _probe(line, settings)
    yield from checks
    if answer is None or any(check.level == ERROR for check in checks):
        return
    skew = clock_skew(answer.headers, answer.at)
    yield _judge_clock(skew)
    yield from look_at_access(settings, skew)


def _line(settings: Settings) -> _Line:
    parts = urlsplit(str(settings.host))
    host = parts.hostname or ""
    proxy, proxy_from = _find_proxy(parts.scheme, host, parts.port)
    return _Line(
        scheme=parts.scheme,
        host=host,
        port=parts.port or (443 if parts.scheme == "https" else 80),
        prefix=parts.path,
        proxy=proxy,
        proxy_from=proxy_from,
        timeout=settings.request_timeout,
        trust=Trust(settings.ca_bundle, settings.client_cert),
    )


def _find_proxy(scheme: str, host: str, port: int | None) -> tuple[SplitResult | None, str]:
    """Return the proxy for a host, and which variable names it.

    Raises:
        ValueError: Its address cannot be read.
    """
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or is_loopback(host) or proxy_bypass(host) or (port and proxy_bypass(f"{host}:{port}")):
        return None, ""
    names = (f"{scheme}_proxy", "all_proxy")
    source = next(
        (one for name in names for one in (name, name.upper()) if os.environ.get(one)), "the system"
    )
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment or parts.port == 0:
        raise ValueError
    return parts, source


def _tell_proxy(line: _Line) -> Iterator[Check]:
    if line.proxy is None:
        why = "loopback never goes through one" if is_loopback(line.host) else "none is set for this host"
        yield Check("proxy", OK, f"no proxy: {why}")
        return
    login = ", with a login" if line.proxy.username else ""
    shown = f"{line.proxy.scheme}://{line.proxy.hostname}:{line.proxy.port or ''}".rstrip(":")
    yield Check("proxy", OK, f"{line.host} is reached through {shown}{login} (from {line.proxy_from})")


def _within(seconds: float, act: Callable[[], T]) -> T:
    """Return what a function returns, or raise what it raises, within some seconds in total.

    Raises:
        TimeoutError: It takes longer; its thread goes on, and keeps nobody from ending.
    """
    outcome: list[tuple[T | None, BaseException | None]] = []

    def work() -> None:
        try:
            outcome.append((act(), None))
        except BaseException as bad:  # noqa: BLE001 - it is raised again in the caller's thread
            # Without its frames: until Python 3.12 http.client leaves a response open that a proxy refuses.
            outcome.append((None, bad.with_traceback(None)))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TimeoutError
    result, trouble = outcome[0]
    if trouble is not None:
        raise trouble
    return result  # type: ignore[return-value] # one of the two is there


def _resolve(line: _Line) -> Check:
    host = line.proxy.hostname if line.proxy else line.host
    who = f"the proxy's name {host}" if line.proxy else host
    try:
        found = _within(line.timeout, lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError) as bad:
        what = "no answer in time" if isinstance(bad, TimeoutError) else "unknown name"
        fix = (
            f"check the spelling of {line.proxy_from if line.proxy else 'kore_host'}, and this machine's DNS"
        )
        why = "nothing can be reached without an address"
        return Check("name resolution", ERROR, f"{who} cannot be resolved: {what}", why, fix)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    shown = ", ".join(addresses[:_MOST_ADDRESSES])
    return Check("name resolution", OK, f"{who} is {shown}")


def _status_path(settings: Settings, base: str) -> str:
    stream = settings.stream_id or f"st-{IMPOSSIBLE}"
    return f"{base}/stream/{stream}/conversation/testsuite/import/ds-{IMPOSSIBLE}/status"


def _probe(line: _Line, settings: Settings) -> tuple[_Answer | None, list[Check]]:
    """Send one request without a token, and say what answers."""
    try:
        answer = _ask(line, _status_path(settings, f"{line.prefix}/api/public"))
    except ConfigError as bad:
        why = "no secure connection can be made"
        return None, [
            Check("TLS", ERROR, bad.message, why, "give a file that holds them, or remove the setting")
        ]
    except Exception as bad:  # noqa: BLE001 - whatever a socket, TLS or HTTP raises, it has a sentence
        return None, [_say_unreachable(line, bad)]
    checks = [_tell_signer(line, answer), _judge_answer(line, settings, answer)]
    return answer, [check for check in checks if check is not None]


def _ask(line: _Line, path: str) -> _Answer:
    context = line.trust.context() if line.scheme == "https" else None
    return _within(line.timeout, lambda: _exchange(line, path, context))


def _exchange(line: _Line, path: str, context: ssl.SSLContext | None) -> _Answer:
    with closing(_connect(line, context)) as connection:
        connection.connect()
        certificate = _certificate(cast("ssl.SSLSocket", connection.sock)) if context else ("", "")
        connection.request("GET", path, headers={"Accept": "application/json", "Connection": "close"})
        with closing(connection.getresponse()) as response:  # to which http.client hands its socket over
            headers = {name.lower(): value for name, value in response.getheaders()}
            return _Answer(response.status, headers, response.read(_LARGEST), *certificate, time.time())


def _connect(line: _Line, context: ssl.SSLContext | None) -> http.client.HTTPConnection:
    host, port = line.host, line.port
    if line.proxy:
        host, port = str(line.proxy.hostname), line.proxy.port or 80
    if context is None:
        return http.client.HTTPConnection(host, port, timeout=line.timeout)
    made = http.client.HTTPSConnection(host, port, timeout=line.timeout, context=context)
    if line.proxy:
        made.set_tunnel(line.host, line.port, headers=_proxy_login(line.proxy))
    return made


def _proxy_login(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    from base64 import b64encode
    from urllib.parse import unquote

    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + b64encode(pair.encode()).decode()}


def _certificate(sock: ssl.SSLSocket) -> tuple[str, str]:
    """Return who signed the server's certificate, and until when it is valid."""
    expires = (sock.getpeercert() or {}).get("notAfter", "")
    return issuer_of(sock.getpeercert(binary_form=True) or b""), str(expires)


def _tell_signer(line: _Line, answer: _Answer) -> Check | None:
    if line.scheme != "https":
        return Check("TLS", OK, "plain http: fine on this machine, where nobody listens in")
    whom = f"the CA file {line.trust.ca_bundle}" if line.trust.ca_bundle else "the operating system's store"
    until = f", valid until {answer.expires}" if answer.expires else ""
    signer = printable(answer.issuer, _SHOWN) or "somebody whose name cannot be read"
    return Check("TLS", OK, f"the certificate is signed by {signer}{until}; checked with {whom}")


def _say_unreachable(line: _Line, bad: Exception) -> Check:
    trouble: KoreError = describe(bad)
    cause = trouble.cause if isinstance(trouble, ServiceError) else ""
    via = f" through the proxy {line.proxy.hostname}" if line.proxy else ""
    what, why = f"{line.host}:{line.port} is not reached{via}: {trouble.message}", "no request gets through"
    if cause == "certificate":
        issuer = _signer_of_the_untrusted(line)
        what += f"; the certificate is signed by {printable(issuer, _SHOWN)}" if issuer else ""
        fix = (
            "if that is your company's TLS inspection, set kore_ca_bundle (KORE_CA_BUNDLE) to its CA file;"
            " if not, do not go on: somebody may be listening in"
        )
        return Check("TLS", ERROR, what, "a token must not be sent to an unknown server", fix)
    if cause == "tls":
        return Check("TLS", ERROR, what, why, "check the port of kore_host, and kore_client_cert")
    if isinstance(bad, OSError) and "Tunnel connection failed" in str(bad):
        fix = f"ask who runs the proxy, and put user and password into {line.proxy_from} if it requires them"
        return Check("proxy", ERROR, f"the proxy refuses the way to {line.host}:{line.port}", why, fix)
    fix = "check kore_host and its port, the firewall, and whether HTTPS_PROXY has to be set here"
    return Check("connection", ERROR, what, why, fix)


def _signer_of_the_untrusted(line: _Line) -> str:
    def look() -> str:
        plain = replace(line, scheme="http")
        connection = _connect(plain, None)
        if line.proxy:
            connection.set_tunnel(line.host, line.port, headers=_proxy_login(line.proxy))
        with closing(connection):
            connection.connect()
            return unverified_issuer(connection.sock, line.host)

    try:
        return _within(line.timeout, look)
    except Exception:  # noqa: BLE001 - the error itself is told already
        return ""


def _judge_answer(line: _Line, settings: Settings, answer: _Answer) -> Check:
    """Say whether what answers an unsigned request is the platform's API."""
    name, status = "API", answer.status
    said = f"HTTP {status} ({excerpt(answer.body, _SHOWN) or 'empty body'})"
    if status in {404, 405}:
        return _judge_path(line, settings, said)
    if status >= 500 or status == 429:  # noqa: PLR2004
        why = "the platform, or a gateway in front of it, has an error"
        return Check(name, WARNING, f"{line.host} answers {said}", why, "try again in a few minutes")
    if _is_platform(answer.body):
        who = "the built-in emulator" if _is_emulator(answer) else "the platform's API"
        return Check(name, OK, f"{who} answers there")
    what, why, fix = _explain_stranger(line, answer) or (
        f"{line.host} answers {said}",
        "what answers there is not the platform's API",
        "check kore_host and its path prefix",
    )
    return Check(name, ERROR, what, why, fix)


def _explain_stranger(line: _Line, answer: _Answer) -> tuple[str, str, str] | None:
    """Say what answers, why it matters and the way out, when a login, a proxy or a gateway shows itself."""
    if 300 <= answer.status < 400:  # noqa: PLR2004 - redirects
        address = re.sub(r"//[^/@]*@", "//", re.split("[?#]", answer.headers.get("location", ""))[0])
        target = printable(address, _SHOWN) or "an empty address"
        return (
            f"{line.host} redirects to {target}: a login page, or a moved host",
            "redirects are not followed, because the token would go along",
            "set kore_host to the API's own address",
        )
    if answer.status == 407:  # noqa: PLR2004
        fix = f"put user and password into {line.proxy_from or 'HTTPS_PROXY'}"
        return "the proxy requires authentication (407)", "no request gets through", fix
    scheme = printable(answer.headers.get("www-authenticate", "").split(" ")[0], _SHOWN)
    if not scheme:
        return None
    return (
        f"a gateway before the platform wants Authorization: {scheme}, not the platform's own login",
        "the platform takes its token in a header named auth; this plugin sends no Authorization header",
        "let the gateway pass on requests that carry auth, or set kore_host to the platform itself",
    )


def _is_platform(body: bytes) -> bool:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and isinstance(content.get("errors"), list)


def _is_emulator(answer: _Answer) -> bool:
    return any("emulator" in f"{name} {value}".lower() for name, value in answer.headers.items())


def _judge_path(line: _Line, settings: Settings, said: str) -> Check:
    """Say which path prefix would have been right, when one is found."""
    tried = {
        f"{line.prefix}{_OLD_PREFIX}": "the older path of some of Kore's APIs, which this plugin does not use"
    }
    if line.prefix:
        tried["/api/public"] = f"the API without the path prefix {line.prefix}"
    what = f"nothing is known under {line.prefix}/api/public: {said}"
    why = "every request would be refused"
    for base, meaning in tried.items():
        try:
            other = _ask(line, _status_path(settings, base))
        except Exception:  # noqa: BLE001, S112 - it was only worth a try
            continue
        if _is_platform(other.body) and other.status not in {404, 405}:
            fix = "remove the path prefix from kore_host"
            if base.endswith(_OLD_PREFIX):
                fix = f"have the gateway route {line.prefix}/api/public as it routes {base}"
            return Check("API", ERROR, f"{what}; {base} answers: {meaning}", why, fix)
    return Check("API", ERROR, what, why, "check kore_host: bots.kore.ai needs no path prefix, a gateway may")


def _judge_clock(skew: float | None) -> Check:
    if skew is None:
        return Check("clock", SKIPPED, "the answer has no Date header")
    if abs(skew) < SKEW_WORTH_SAYING:
        return Check("clock", OK, f"this machine's clock is right to {max(1.0, abs(skew)):.0f} s")
    direction = "ahead of" if skew > 0 else "behind"
    what = f"this machine's clock is {abs(skew):.0f} s {direction} the server's"
    why = "a token that is not valid yet, or no longer, is refused as Invalid SDK credentials"
    return Check("clock", WARNING, what, why, "set the clock, e.g. with chrony or timedatectl set-ntp true")
