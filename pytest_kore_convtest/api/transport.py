"""One HTTP exchange, bounded in total time and size. The only room in which ``requests`` lives.

Every exchange runs on a daemon thread with a connection of its own while the
caller waits for it; what comes back is a plain reply or a new error of ours.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import closing
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pytest_kore_convtest.api.network_errors import describe
from pytest_kore_convtest.api.request_thread import RequestThread
from pytest_kore_convtest.api.response_body import SIZE, BoundedResponse, read_body
from pytest_kore_convtest.errors import ConfigError, UnreachableError, from_data
from pytest_kore_convtest.redaction import hide_echo
from pytest_kore_convtest.settings.values import describe_path

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_CHUNK = 65536
_LONGER = 60.0
"""Seconds by which a socket's own timeout is later than the budget: one clock alone says how it ended."""
_LONGEST = 86400.0  # a day; the operating system's timers refuse absurd numbers
_HERE = threading.local()
_CALLER = threading.local()

request_left: threading.Event = threading.Event()
"""Set when a request of this process has left; what takes time to load may be loaded meanwhile."""


def ignore_mocks() -> None:
    """Let this thread's requests be real, whatever a test replaces in ``requests`` meanwhile.

    It is for a thread that works on jobs: they go on in the background of tests that have nothing to do
    with them. What a test replaces counts for what the test itself asks.
    """
    _CALLER.is_job = True


class Request(NamedTuple):
    """What to send: everything but the token.

    Attributes:
        method: The HTTP method.
        url: The whole address.
        headers: Headers of this request.
        body: The body, or ``None``.
        files: Multipart fields, or ``None``.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    files: Mapping[str, Any] | None = None


class Reply(NamedTuple):
    """What came back.

    Attributes:
        status: The HTTP status.
        headers: The headers, keys in lower case.
        body: The decoded body; empty when it could not be read and the status says enough.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<HTTP {self.status}, {len(self.body)} bytes>"  # a server may echo the token at us


class Trust(NamedTuple):
    """Whom TLS trusts, and who we are.

    Attributes:
        ca_bundle: A file or folder of CA certificates; ``None`` for the operating system's store.
        client_cert: A PEM file with certificate and key.
    """

    ca_bundle: Path | None = None
    client_cert: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Make a TLS context.

        Raises:
            ConfigError: A file cannot be used.
        """
        name, path, what = "ca_bundle", self.ca_bundle, "readable CA certificates"
        try:
            context = _make_context(self.ca_bundle)
            if self.client_cert is not None:
                name, path = "client_cert", self.client_cert
                what = "readable certificate with an unencrypted private key"
                context.load_cert_chain(str(path), password="")  # else OpenSSL asks at the terminal
        except (OSError, ValueError):
            pass
        else:
            return context
        raise ConfigError(f"kore_{name}: {describe_path(path)} has no {what}", name=name, source="file")


def _make_context(ca_bundle: Path | None) -> ssl.SSLContext:
    import ssl

    import truststore

    if ca_bundle is None:
        context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return context
    file, folder = (None, ca_bundle) if ca_bundle.is_dir() else (ca_bundle, None)
    return ssl.create_default_context(cafile=file, capath=folder)


class Transport:
    """Exchange requests for replies.

    Args:
        sign: Returns the token for one request; called once per exchange, on the thread.
        trust: Whom TLS trusts; ``None`` when no TLS will be spoken.
        use_proxies: Whether the proxy environment counts; loopback never goes through a proxy.
    """

    def __init__(self, sign: Callable[[], str], trust: Trust | None, *, use_proxies: bool) -> None:
        self._trust = trust
        self._context: ssl.SSLContext | None = None
        self._sign, self._use_proxies = sign, use_proxies
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        """Begin without threads, as a forked process has to: threads stay in its parent, and so may locks."""
        self._process = os.getpid()
        self._idle: dict[bool, list[RequestThread]] = {True: [], False: []}
        self._lock = threading.Lock()
        self._context_lock = threading.Lock()

    def exchange(self, request: Request, budget: float) -> Reply:
        """Send one request and return the reply, within ``budget`` seconds in total.

        Raises:
            UnreachableError: No whole reply came; ``cause`` says why, ``sent`` whether it may have arrived.
            KoreError: Whatever ``sign`` raised.
        """
        budget = min(budget, _LONGEST)
        if self._process != os.getpid():
            self._begin()
        is_job = getattr(_CALLER, "is_job", False)
        with self._lock:
            idle = self._idle[is_job]
            thread = idle.pop() if idle else RequestThread(self._open_job if is_job else self._open, describe)
        future = thread.start((request, budget))
        try:
            outcome = future.result(timeout=budget)
        except FutureTimeoutError:
            outcome = None
        except BaseException:
            thread.abandon()
            raise
        if outcome is None:
            raise UnreachableError(
                f"no complete answer came within {round(budget, 2):g} s (last phase: {thread.phase})",
                cause="timeout",
                phase=thread.phase,
                sent=thread.abandon(),
                final=False,
            )
        self._put_back(thread, idle)
        if outcome.trouble is not None:
            raise from_data(outcome.trouble)
        reply: Reply = outcome.reply
        return reply

    def close(self) -> None:
        """Close every idle connection; exchanges under way close theirs when they end."""
        with self._lock:
            threads, self._closed = [thread for idle in self._idle.values() for thread in idle], True
            for idle in self._idle.values():
                idle.clear()
        for thread in threads:
            thread.close()

    def _put_back(self, thread: RequestThread, idle: list[RequestThread]) -> None:
        with self._lock:
            if not self._closed:
                idle.append(thread)
                return
        thread.close()

    def _open(self, thread: RequestThread) -> _Session:
        return _Session(thread, self._sign, _Adapter(self._tls()), use_proxies=self._use_proxies)

    def _open_job(self, thread: RequestThread) -> _Session:
        return _JobSession(thread, self._sign, _JobAdapter(self._tls()), use_proxies=self._use_proxies)

    def _tls(self) -> ssl.SSLContext | None:
        with self._context_lock:
            if self._context is None and self._trust is not None:
                self._context = self._trust.context()
            return self._context


class _Session(requests.Session):
    """A session of one thread that never follows a redirect, not even with a glance."""

    def __init__(
        self,
        thread: RequestThread,
        sign: Callable[[], str],
        adapter: _Adapter,
        *,
        use_proxies: bool,
    ) -> None:
        super().__init__()
        _HERE.thread = self._thread = thread
        self.trust_env = use_proxies
        self.auth = _TokenAuth(sign)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip"})
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Find none: ``requests`` would read a redirect's whole body to prepare what nobody asked for."""

    def __call__(self, job: tuple[Request, float]) -> Reply:
        """Carry out one exchange."""
        request, budget = job
        self._thread.note("making the request", sent=None)
        response = self.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            data=request.body,
            files=request.files,
            # A dead address leaves time for the name's next one. The budget is kept by exchange().
            timeout=(budget / 3, budget + _LONGER),
            allow_redirects=False,
            stream=True,
        )
        self._thread.phase = "reading the answer"
        with closing(response):
            return _clean(_read(response), response.request.headers["auth"])


class _JobSession(_Session):
    """A session with the real methods, as they are when this module is loaded."""

    send = requests.Session.send
    get_adapter = requests.Session.get_adapter


def _read(response: requests.Response) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.status_code < 200:  # noqa: PLR2004 - an interim answer; what follows belongs to nobody
        raise UnreachableError(
            f"the server sent an interim answer (HTTP {response.status_code}) instead of a final one",
            cause="garbage",
            sent=True,
            final=False,
        )
    try:
        body = read_body(response.raw.stream(_CHUNK, decode_content=False), headers)
    except UnreachableError as bad:
        if response.status_code < 300:  # noqa: PLR2004 - a refusal speaks for itself
            raise
        if response.status_code >= 500 and bad.cause == SIZE:  # noqa: PLR2004 - it costs as much as with a 200
            said = f"HTTP {response.status_code}, and {bad.message}"
            raise replace(bad, message=said) from None
        body = b""
    return Reply(response.status_code, headers, body)


def _clean(reply: Reply, token: str) -> Reply:
    """Return a reply that does not say our token back."""
    headers = {
        name: hide_echo(token, value.encode("latin-1", "replace")).decode("latin-1")
        for name, value in reply.headers.items()
    }
    return Reply(reply.status, headers, hide_echo(token, reply.body))


class _TokenAuth(AuthBase):
    """Put a token into the ``auth`` header; being the session's auth, it also keeps ``.netrc`` out."""

    def __init__(self, sign: Callable[[], str]) -> None:
        self._sign = sign

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        _HERE.thread.note("reading or signing the token", sent=False)
        request.headers["auth"] = self._sign()
        _HERE.thread.note("waiting for a connection", sent=None)
        return request


class _Adapter(HTTPAdapter):
    """An adapter with our own TLS context, whose sockets can be cut from another thread."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: object) -> object:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: object, cert: Any = None) -> Any:  # noqa: ARG002
        # requests would add the CA file of its own environment names; ours are settled already.
        return super().build_connection_pool_key_attributes(request, True, None)

    def cert_verify(self, conn: object, url: str, verify: object, cert: object) -> None:
        """Leave verification to the TLS context."""


class _JobAdapter(_Adapter):
    """An adapter with the real method, as it is when this module is loaded."""

    send = HTTPAdapter.send


class _Options(list[Any]):
    """The options of a new socket; who asks for them has looked up the name and connects next."""

    def __init__(self, options: Iterable[object], thread: RequestThread, host: str) -> None:
        super().__init__(options)
        self._thread, self._host = thread, host

    def __iter__(self) -> Iterator[object]:
        self._thread.phase = f"connecting to {self._host}"
        return super().__iter__()


class _Watched(HTTPConnection):
    """A connection that tells its thread what it does."""

    response_class = BoundedResponse

    debuglevel = 0  # whoever sets it for http.client would print our headers, the token among them

    def _new_conn(self) -> socket.socket:
        thread = _HERE.thread
        thread.opening(self.host)
        self.socket_options = _Options(self.socket_options or (), thread, self.host)
        connected: socket.socket = thread.watch(self, super()._new_conn())
        thread.phase = f"greeting {self.host} (TLS, proxy)"
        return connected

    def getresponse(self) -> Any:
        _HERE.thread.phase = "waiting for the answer"
        return super().getresponse()

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _HERE.thread.sending()
        super().send(data)
        request_left.set()


class _WatchedTLS(_Watched, HTTPSConnection):
    """The same over TLS."""


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _WatchedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTLS


_POOLS = {"http": _WatchedPool, "https": _WatchedTLSPool}
