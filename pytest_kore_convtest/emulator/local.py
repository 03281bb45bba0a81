"""The emulator in this process."""

from __future__ import annotations

import json
import secrets
import time
from threading import RLock
from typing import TYPE_CHECKING

from .app import Application
from .control import Controls, Desk
from .nodes import Definition
from .remote import RemoteEmulator
from .replies import RefusalError, Reply, encode, ok
from .runs import read_bot
from .state import Platform
from .switches import Switches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from typing_extensions import Self

    from .journal import Request
    from .server import Server

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up, not bound


class EmulatorUnavailableError(ImportError):
    """Say that the emulator's optional dependency is not installed."""


class Emulator(Controls):
    """An emulator for the platform, on a free loopback port, with random credentials.

    It starts empty. Use it as a context manager, or with ``start`` and ``stop``.

    Args:
        host: The address to listen on.
        port: The port; 0 for a free one.
        allow_remote: Allow an address that other machines can reach.
        clock: Seconds since the epoch.
        bot: What the bot answers, as ``bot`` takes it; ``reset`` comes back to it.
        definition: A bot's export, read from JSON: the results of runs name the nodes that say their replies.
        switches: See ``Switches``: ``job_polls``, ``job_seconds``, ``drift``, …

    Raises:
        ValueError: The bot's answers cannot be used, or a switch is unknown.
    """

    def __init__(  # noqa: PLR0913 - keywords, each a thing of its own
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        allow_remote: bool = False,
        clock: Callable[[], float] = time.time,
        bot: Mapping[str, object] | None = None,
        definition: Mapping[str, object] | None = None,
        **switches: object,
    ) -> None:
        self._host, self._port, self._allow_remote = host, port, allow_remote
        self._clock = clock
        self._platform = Platform(
            Switches().changed(**switches),
            clock,
            read_bot(bot or {}),
            Definition(definition) if definition else None,
        )
        self._lock = RLock()
        self._desk = Desk(self._platform, self._lock)
        self._key = secrets.token_urlsafe(24)
        self._server: Server | None = None
        identity = self._platform.identity
        self.stream_id: str = identity.stream_id
        self.client_id: str = identity.client_id
        self.client_secret: str = identity.client_secret
        self.user_email: str = identity.user_email

    @staticmethod
    def attach(handle: Mapping[str, str]) -> RemoteEmulator:
        """Return the emulator of another process, from what its ``handle`` gave."""
        return RemoteEmulator(**handle)

    @property
    def url(self) -> str:
        """Return the base address.

        Raises:
            RuntimeError: The emulator is not started.
        """
        if self._server is None:
            raise RuntimeError("the emulator is not started")
        host = _WILDCARDS.get(self._host, self._host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.port}"

    def start(self) -> Self:
        """Start to listen; do nothing when already started.

        Raises:
            EmulatorUnavailableError: Werkzeug is not installed.
            OSError: The address or port cannot be had.
            ValueError: The address is not loopback.
        """
        if self._server is None:
            server = _load_server()
            if not (self._allow_remote or server.is_loopback(self._host)):
                raise ValueError(f"{self._host} can be reached by other machines; allow_remote permits that")
            application = Application(self._platform, self._lock, server.read_form)
            answers = server.Answers(application.answer, application.admits, self._control, self._may_control)
            self._server = server.Server(self._host, self._port, answers, self._clock)
        return self

    def stop(self) -> None:
        """Close every connection and end every thread; the state stays."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def handle(self) -> dict[str, str]:
        """Return plain strings with which another process can attach to this emulator."""
        names = ("url", "stream_id", "client_id", "client_secret", "user_email")
        return {**{name: getattr(self, name) for name in names}, "control_key": self._key}

    def _call(self, command: str, **arguments: object) -> object:
        return self._desk.carry_out(command, arguments)

    def _may_control(self, request: Request, peer: str) -> bool:
        server = _load_server()
        key = request.headers.get(server.CONTROL_HEADER)
        return bool(server.is_loopback(peer) and server.keys_match(key, self._key))

    def _control(self, request: Request, peer: str) -> Reply:
        if not self._may_control(request, peer):
            return RefusalError(403, "Forbidden").reply()
        try:
            arguments = json.loads(request.body)
            return ok({"result": self._desk.carry_out(request.path.rpartition("/")[2], arguments)})
        except (ValueError, TypeError) as error:
            return Reply(400, encode({"error": str(error)}))


def _load_server() -> ModuleType:
    try:
        from . import server
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "werkzeug":
            raise
        raise EmulatorUnavailableError(
            'the emulator needs Werkzeug: pip install "pytest-kore-convtest[emulator]"'
        ) from None
    return server
