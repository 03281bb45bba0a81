"""One call of the API: signed, sent, its answer read or turned into an error of ours."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, urlsplit

from pytest_kore_convtest.api.credentials import CREDENTIALS, make_signer
from pytest_kore_convtest.api.retry import FIRST_CONTACT, Clock, SystemClock, persist
from pytest_kore_convtest.api.transport import Reply, Request, Transport, Trust
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ConfigError,
    KoreError,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    ServiceError,
)
from pytest_kore_convtest.settings.settings import require
from pytest_kore_convtest.settings.values import check_id, is_loopback
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from pytest_kore_convtest.settings.settings import Settings

T = TypeVar("T")

EMULATOR = "kore-convtest-emulator"
"""How the built-in emulator calls itself in the ``Server`` header of every reply."""

_BOT = "x-kore-emulator-bot"
"""The header with which it says of a run how its bot answers."""

_EXCERPT = 300
_LEAST_BUDGET = 0.05
"""Seconds that an exchange gets at least."""

_DONE = frozenset({200, 201, 202})
"""Statuses of an answer that is one; which of them a started job has is documented nowhere."""


class Session(AbstractContextManager["Session"]):
    """Call one host with one set of credentials.

    Args:
        settings: Host, stream and credentials; nothing is sent before the first call.
        clock: What pauses between repeated writes.
        now: Returns seconds since the epoch, for tokens.

    Attributes:
        emulated: Whether a reply came from the built-in emulator.
        emulated_bots: How its bot answers in the runs begun: ``"scripted"`` or ``"repeats"``.

    Raises:
        ConfigError: Something is missing.
    """

    notes: list[str]
    emulated: bool

    def __init__(
        self, settings: Settings, *, clock: Clock | None = None, now: Callable[[], float] = time.time
    ) -> None:
        require(settings)
        self.settings = settings
        self._clock, self._now = clock or SystemClock(), now
        self._signer, self.notes = make_signer(settings, now)
        parts = urlsplit(str(settings.host))
        trust = Trust(settings.ca_bundle, settings.client_cert) if parts.scheme == "https" else None
        use_proxies = not is_loopback(parts.hostname or "")
        self._transport = Transport(self._signer.token, trust, use_proxies=use_proxies)
        self._reached = False
        self._limit = threading.local()
        self.emulated = False
        self.emulated_bots: set[str] = set()
        self._dated: tuple[Mapping[str, str], float] = ({}, 0.0)

    @property
    def clock_skew(self) -> float | None:
        """By how many seconds the platform's clock is ahead of ours, as last seen; ``None`` before."""
        from pytest_kore_convtest.api.error_responses import clock_skew

        ours = clock_skew(*self._dated)
        return None if ours is None else -ours

    def check_token(self, wait: float) -> list[str]:
        """Check locally whether the token can serve a wait of so many seconds; return hints.

        Raises:
            AccessDeniedError: It cannot.
        """
        return self._signer.check(wait)

    def require_writable(self) -> None:
        """Refuse to change anything on a protected target, or without an e-mail.

        Raises:
            ConfigError: Nothing may be uploaded, imported, run or deleted.
        """
        if self.settings.protected:
            raise ConfigError(
                f"target {self.settings.target} is protected: nothing is uploaded, imported, run or deleted"
                " there. Waiting for a job by its id (--kore-ds-id) works.",
                name="target",
                source=self.settings.source("target"),
            )
        require(self.settings, write=True)

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stream_url(self, path: str) -> str:
        """Return the address of a path below our stream."""
        return f"{self.settings.host}/api/public/stream/{path_id(self.settings.stream_id, 'stream_id')}{path}"

    def headers(self, *, json_body: bool = False) -> dict[str, str]:
        """Return the headers of a call, the token aside."""
        headers = {"bot-language": self.settings.bot_language}
        return {**headers, "Content-Type": "application/json"} if json_body else headers

    def ask(self, request: Request, doing: str, budget: float | None = None) -> Reply:
        """Send a request; after a 401 once more with a fresh token, when there can be one.

        Both take no longer than ``budget`` in total.
        """
        budget = self.settings.request_timeout if budget is None else budget
        end = self._clock.monotonic() + budget
        try:
            return self._exchange(request, doing, budget)
        except AccessDeniedError as caught:
            denied = caught
        left = end - self._clock.monotonic()
        if not self._signer.renewable or denied.status != 401 or left <= 0:  # noqa: PLR2004
            raise denied.with_traceback(None)
        try:
            return self._exchange(request, doing, left)
        except AccessDeniedError as caught:
            again = caught
        # Without a status it is our own refusal to use a token twice, which explains nothing.
        raise (again if again.status else denied).with_traceback(None)

    @contextmanager
    def within(self, budget: float) -> Iterator[None]:
        """Let all that this thread changes on the platform meanwhile take so many seconds at most."""
        self._limit.end = self._clock.monotonic() + budget
        try:
            yield
        finally:
            self._limit.end = None

    def write(self, request: Request, doing: str, budget: float | None = None) -> Reply:
        """Send a request that changes something: repeated only when it surely was not carried out.

        With all repetitions it takes ``budget`` seconds, or what ``within`` says, else ``kore_timeout``.

        Raises:
            ServiceError: It was not carried out, or nobody knows whether it was.
        """
        start = self._clock.monotonic()
        longest = self.settings.timeout if budget is None else budget
        end = getattr(self._limit, "end", None) or start + longest
        outage_budget = self.settings.outage_budget

        def send() -> Reply:
            left = end - self._clock.monotonic()
            return self.ask(request, doing, max(_LEAST_BUDGET, min(self.settings.request_timeout, left)))

        try:
            return persist(
                send,
                min(outage_budget, end - start),
                self._clock,
                first_contact=None if self._reached else FIRST_CONTACT,
            )
        except ServiceError as caught:
            trouble = caught
        now = self._clock.monotonic()
        refused = isinstance(trouble, RateLimitedError) or trouble.sent is False
        tries = trouble.tries
        asked = f" and {tries} requests" if tries > 1 else ""
        over = (refused and not trouble.final) or now > end - _LEAST_BUDGET
        if over or asked:
            name = "kore_timeout" if end - start < outage_budget else "kore_outage_budget"
            said = f"Given up after {now - start:.1f} s{asked} of {doing}{f' ({name})' if over else ''}."
            trouble = replace(trouble, message=f"{trouble.message} {said}", seconds=round(now - start, 3))
        raise trouble.with_traceback(None)

    def _exchange(self, request: Request, doing: str, budget: float) -> Reply:
        try:
            reply = self._transport.exchange(request, budget)
        except KoreError as caught:
            trouble = caught
        else:
            self._reached = True
            self.emulated = self.emulated or _is_emulator(reply)
            self.emulated_bots.update(filter(None, [reply.headers.get(_BOT)]))
            self._dated = reply.headers, self._now()
            from pytest_kore_convtest.api.error_responses import is_error

            if reply.status in _DONE and not is_error(reply.body):
                return reply
            raise self._refusal(reply, doing, request)
        if isinstance(trouble, ServiceError) and trouble.cause:
            end = "" if trouble.message.endswith("?") else "."
            place = f"{self.settings.host} ({self._say_sources('host')})"
            trouble = replace(trouble, message=f"{place}, {doing}: {trouble.message}{end}")
        raise trouble.with_traceback(None)

    def _refusal(self, reply: Reply, doing: str, request: Request) -> ServiceError:
        from pytest_kore_convtest.api.error_responses import clock_skew, read_refusal

        now = self._now()
        refusal = read_refusal(
            reply.status,
            reply.headers,
            reply.body,
            f"{doing} at {self.settings.host}",
            now,
            explain=self._signer.explain,
            names_user=b"userEmailId" in (request.body or b""),
        )
        skew = clock_skew(reply.headers, now)
        if skew is not None:
            refusal.server_time = now - skew
        said = refusal.reply if isinstance(refusal, RefusedError) else ""
        if isinstance(refusal, AccessDeniedError) or "streamid" in said.lower():
            sources = self._say_sources("host", "stream_id", *CREDENTIALS)
            refusal = replace(refusal, message=f"{refusal.message} In use: {sources}.")
        return refusal

    def _say_sources(self, *names: str) -> str:
        sources = self.settings.sources
        return ", ".join(f"kore_{name} from {sources[name]}" for name in names if name in sources)

    def read(self, reader: Callable[[bytes], T], reply: Reply, doing: str) -> T:
        """Read an answer.

        Raises:
            ProtocolError: It does not fit.
        """
        try:
            return reader(reply.body)
        except ValueError as bad:
            problem = str(bad).removeprefix("the whole: ")
        raise self.misfit(doing, problem, reply)

    def misfit(self, doing: str, problem: str, reply: Reply, *, final: bool = False) -> ProtocolError:
        """Make the error for an answer that does not fit."""
        from pytest_kore_convtest.api.error_responses import excerpt

        shown = excerpt(reply.body)
        why = f"({printable(problem, _EXCERPT)})"
        if not shown:
            said = f"the answer is empty, perhaps cut off {why}"
        elif shown.startswith("an HTML"):
            said = f"the answer is {shown}, not as documented {why}: check kore_host and the proxy"
        else:
            said = f"the answer is not as documented {why}; it starts: {shown}"
        return ProtocolError(
            f"{self.settings.host}, {doing}: {said.rstrip('.')}.",
            excerpt=excerpt(reply.body, _EXCERPT),
            final=final,
            cause="misfit",
        )


def _is_emulator(reply: Reply) -> bool:
    """Say whether a reply is the built-in emulator's; a proxy before it may have put another name first."""
    return EMULATOR in reply.headers.get("server", "") or "x-kore-emulator" in reply.headers


def path_id(value: object, name: str) -> str:
    """Return an id fit for a path.

    Raises:
        ConfigError: It is none.
    """
    try:
        return quote(check_id(str(value)), safe="")
    except ValueError as bad:
        problem = str(bad)
    raise ConfigError(f"{name}: {problem}", name=name, source="caller")
