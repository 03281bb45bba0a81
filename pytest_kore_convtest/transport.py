"""One HTTP exchange, bounded in total time and size. The only room in which ``requests`` lives.

Every exchange runs on a daemon thread of its own connection (a *lane*) while the
caller waits for it. That bounds all of it, name resolution and trickling headers
included, which no timeout of ``requests`` does; and no frame of the caller ever
holds a token. What a lane raises is caught there and comes back as a new error.
"""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from http.cookiejar import DefaultCookiePolicy
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pytest_kore_convtest.errors import KoreError, UnreachableError, from_data
from pytest_kore_convtest.faults import describe

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from pathlib import Path

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes of a decoded answer. The largest suite file the platform takes, 2 MB, comes back as some 11 MB."""

_CHUNK = 65536
_LIVE = threading.local()


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
        body: The decoded body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Trust(NamedTuple):
    """Whom TLS trusts, and who we are.

    Attributes:
        ca_bundle: A file or folder of CA certificates; ``None`` for the operating system's store.
        client_cert: A PEM file with certificate and key.
    """

    ca_bundle: Path | None = None
    client_cert: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Make a TLS context."""
        import ssl

        import truststore

        if self.ca_bundle is None:
            context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        elif self.ca_bundle.is_dir():
            context = ssl.create_default_context(capath=str(self.ca_bundle))
        else:
            context = ssl.create_default_context(cafile=str(self.ca_bundle))
        if self.client_cert is not None:
            context.load_cert_chain(str(self.client_cert))
        return context


class Transport:
    """Exchange requests for replies.

    Args:
        sign: Returns the token for one request; called once per exchange, on the lane's thread.
        trust: Whom TLS trusts; ``None`` when no TLS will be spoken.
        use_proxies: Whether the proxy environment counts; loopback never goes through a proxy.
    """

    def __init__(self, sign: Callable[[], str], trust: Trust | None, *, use_proxies: bool) -> None:
        self._make_lane: Callable[[], _Lane] = lambda: _Lane(sign, trust, use_proxies=use_proxies)
        self._idle: list[_Lane] = []
        self._lock = threading.Lock()
        self._closed = False

    def exchange(self, request: Request, budget: float) -> Reply:
        """Send one request and return the reply, within ``budget`` seconds in total.

        Raises:
            UnreachableError: No whole reply came; ``cause`` says why, ``sent`` whether it may have arrived.
            KoreError: Whatever ``sign`` raised.
        """
        with self._lock:
            lane = self._idle.pop() if self._idle else self._make_lane()
        outcome = lane.start(request, budget)
        try:
            reply, trouble = outcome.result(timeout=budget)
        except FutureTimeoutError:
            reply, trouble = None, None
        except BaseException:
            lane.abandon()
            raise
        if reply is None and trouble is None:
            lane.abandon()
            raise UnreachableError(
                f"no whole answer within {budget:g} s (kore_request_timeout bounds one exchange in total)",
                cause="timeout",
                sent=True,
                final=False,
            )
        self._put_back(lane)
        if trouble is not None:
            raise from_data(trouble)
        assert reply is not None  # noqa: S101 - for the type checker
        return reply

    def _put_back(self, lane: _Lane) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(lane)
                return
        lane.close()

    def close(self) -> None:
        """Close every idle connection; exchanges under way close theirs when they end."""
        with self._lock:
            lanes, self._idle, self._closed = self._idle, [], True
        for lane in lanes:
            lane.close()


_Outcome = tuple["Reply | None", "dict[str, Any] | None"]


class _Lane:
    """A daemon thread with one session, for one exchange at a time."""

    def __init__(self, sign: Callable[[], str], trust: Trust | None, *, use_proxies: bool) -> None:
        self._sockets: list[socket.socket] = []
        self._jobs: SimpleQueue[tuple[Request, float, Future[_Outcome]] | None] = SimpleQueue()
        self._thread = threading.Thread(
            target=self._serve, args=(sign, trust, use_proxies), name="kore-lane", daemon=True
        )
        self._thread.start()

    def start(self, request: Request, budget: float) -> Future[_Outcome]:
        outcome: Future[_Outcome] = Future()
        self._jobs.put((request, budget, outcome))
        return outcome

    def abandon(self) -> None:
        """Cut the connection, so that whatever the thread is waiting for ends at once."""
        self._jobs.put(None)
        for live in list(self._sockets):
            with suppress(OSError):
                live.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join(timeout=1.0)

    def _serve(self, sign: Callable[[], str], trust: Trust | None, use_proxies: bool) -> None:  # noqa: FBT001
        _LIVE.sockets = self._sockets
        session: requests.Session | None = None
        while job := self._jobs.get():
            request, budget, outcome = job
            try:
                session = session or _open_session(sign, trust, use_proxies=use_proxies)
                outcome.set_result((_exchange(session, request, budget), None))
            except BaseException as trouble:  # noqa: BLE001 - the border: nothing foreign gets past
                outcome.set_result((None, _as_data(trouble)))
            del job, request, outcome
        if session is not None:
            session.close()
        for live in self._sockets:
            live.close()


def _as_data(trouble: BaseException) -> dict[str, Any]:
    return (trouble if isinstance(trouble, KoreError) else describe(trouble)).to_data()


def _exchange(session: requests.Session, request: Request, budget: float) -> Reply:
    response = session.request(
        request.method,
        request.url,
        headers=dict(request.headers),
        data=request.body,
        files=request.files,
        timeout=(budget, budget),
        allow_redirects=False,
        stream=True,
    )
    try:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, _read_body(response, headers))
    finally:
        response.close()


def _read_body(response: requests.Response, headers: Mapping[str, str]) -> bytes:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise _too_much(
            f"an answer with the encoding {encoding[:40]!r}, where only gzip was offered", "encoding"
        )
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared[:12]) > LARGEST_BODY:
        raise _too_much(f"an answer of {declared[:12]} bytes", "size")
    chunks, size = [], 0
    for chunk in response.raw.stream(_CHUNK, decode_content=True):
        size += len(chunk)
        if size > LARGEST_BODY:
            raise _too_much(f"an answer of more than {LARGEST_BODY} bytes", "size")
        chunks.append(chunk)
    return b"".join(chunks)


def _too_much(what: str, cause: str) -> UnreachableError:
    return UnreachableError(f"{what} was not read", cause=cause, sent=True, final=False)


def _open_session(sign: Callable[[], str], trust: Trust | None, *, use_proxies: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = use_proxies
    session.auth = _TokenAuth(sign)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "gzip"})
    adapter = _Adapter(trust.context() if trust else None)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _TokenAuth(AuthBase):
    """Put a token into the ``auth`` header; being the session's auth, it also keeps ``.netrc`` out."""

    def __init__(self, sign: Callable[[], str]) -> None:
        self._sign = sign

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["auth"] = self._sign()
        return request


class _Adapter(HTTPAdapter):
    """An adapter with our own TLS context, whose sockets can be cut from another thread."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._context = context
        super().__init__(pool_connections=2, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:  # noqa: ARG002
        # requests would add the CA file of its own environment names; ours are settled already.
        return super().build_connection_pool_key_attributes(request, True, None)  # noqa: FBT003

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave verification to the TLS context."""


class _WatchedConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _watch(super()._new_conn())


class _WatchedTLSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _watch(super()._new_conn())


def _watch(connected: socket.socket) -> socket.socket:
    # A duplicate: TLS takes the original apart, and the handshake must be cuttable too.
    _LIVE.sockets.append(connected.dup())
    while len(_LIVE.sockets) > 1:
        _LIVE.sockets.pop(0).close()
    return connected


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTLSConnection


_POOLS = {"http": _WatchedPool, "https": _WatchedTLSPool}
