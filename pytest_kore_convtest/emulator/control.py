"""What a test may do to the emulator: one set of methods, in this process or from another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import suites
from .app import ENDPOINTS
from .journal import Record, RecordData, Upload, make_record
from .runs import read_bot
from .script import Script, parse
from .state import Fault, Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import RLock


class Controls:
    """The public face of an emulator, here or in another process.

    Attributes:
        stream_id: The bot's id.
        client_id: The JWT app's client id.
        client_secret: Its secret.
        user_email: The user in whose name to import and run.
    """

    stream_id: str
    client_id: str
    client_secret: str
    user_email: str

    @property
    def url(self) -> str:
        """Return the base address, e.g. ``http://127.0.0.1:49152``."""
        raise NotImplementedError

    def handle(self) -> dict[str, str]:
        """Return plain strings with which another process can attach to this emulator."""
        raise NotImplementedError

    def _call(self, command: str, **arguments: object) -> Any:
        raise NotImplementedError

    def script(self, words: str, job: str | None = None) -> None:
        """Say how the status requests of a job are answered, one word each; the last one repeats.

        Args:
            words: E.g. ``"500, 429(retry_after=2), IN_PROGRESS@40, SUCCESS"``.
            job: The job's id; the next import or run to be started when not given. An import job that does
                not exist comes to life, with a small demo suite, when it is first asked for.

        Raises:
            ValueError: A word or option is unknown; the message names the known ones.
        """
        self._call("script", words=words, job=job)

    def fail_next(
        self,
        status: int | str,
        times: int = 1,
        retry_after: float | str | None = None,
        endpoint: str | None = None,
    ) -> None:
        """Let the next requests fail, before their token is looked at.

        Args:
            status: An HTTP status, or a fault word of a script, e.g. ``"reset"`` or ``"slow(seconds=3)"``.
            times: How many requests.
            retry_after: Value of a ``Retry-After`` header.
            endpoint: Only requests to ``"upload"``, ``"import"``, ``"import-status"``, ``"run"``,
                ``"run-status"`` or ``"delete"``.

        Raises:
            ValueError: The status or endpoint is unknown.
        """
        self._call("fail_next", status=status, times=times, retry_after=retry_after, endpoint=endpoint)

    def bot(self, replies: Mapping[str, object]) -> None:
        """Say what the bot answers to which input; to all others it answers what the suite expects.

        Args:
            replies: E.g. ``{"hello": ["Hi!", "How can I help?"]}``. It replaces an earlier script.
        """
        self._call("bot", replies=replies)

    def switch(self, **changes: object) -> None:
        """Change switches until ``reset``, e.g. ``switch(drift="change-text")``.

        Raises:
            ValueError: There is no such switch, or not with this value.
        """
        self._call("switch", **changes)

    def add_job(self, suite: object = None, status: str = "SUCCESS", job: str | None = None) -> str:
        """Create an import job without an upload; return its id.

        Args:
            suite: A suite file's content (a dict, or bytes); a small demo suite when not given.
            status: ``"SUCCESS"`` is over at once, ``"IN_PROGRESS"`` advances as usual, all else is a script.
            job: The id to use.
        """
        text = suite.decode() if isinstance(suite, bytes) else json.dumps(suite)
        return str(self._call("add_job", suite=None if suite is None else text, status=status, job=job))

    def reset(self) -> None:
        """Forget files, jobs, suites, scripts, faults, requests and switches; keep the credentials."""
        self._call("reset")

    @property
    def requests(self) -> list[Record]:
        """Return all requests so far, oldest first, with tokens and secrets masked."""
        return [Record.from_data(data) for data in self._call("requests")]

    @property
    def uploads(self) -> list[Upload]:
        """Return all uploaded files, oldest first."""
        return [Upload.from_data(data) for data in self._call("uploads")]


class Desk:
    """Carry out commands on the platform's state.

    Args:
        platform: The state.
        lock: Guards it.
    """

    def __init__(self, platform: Platform, lock: RLock) -> None:
        self._platform = platform
        self._lock = lock
        self._commands: dict[str, Callable[..., object]] = {
            "script": self._script,
            "fail_next": self._fail_next,
            "bot": self._bot,
            "switch": self._switch,
            "add_job": self._add_job,
            "reset": platform.clear,
            "requests": self._requests,
            "uploads": self._uploads,
        }

    def carry_out(self, command: str, arguments: Mapping[str, object]) -> object:
        """Carry out one command; return plain data.

        Raises:
            ValueError: The command is unknown, or its arguments are wrong.
        """
        if command not in self._commands:
            raise ValueError(f"unknown command {command!r}")
        with self._lock:
            return self._commands[command](**arguments)

    def _script(self, words: str, job: str | None) -> None:
        self._platform.set_script(Script(parse(words)), job)

    def _fail_next(
        self, status: int | str, times: int, retry_after: float | str | None, endpoint: str | None
    ) -> None:
        text = str(status) if retry_after is None else f'{status}(retry_after="{retry_after}")'
        word = parse(text)[0]
        if times < 1:
            raise ValueError(f"times must be 1 or more, not {times}")
        if not word.is_fault:
            raise ValueError(f"{status!r} is a job's status, not a fault; script() takes it")
        if endpoint is not None and endpoint not in ENDPOINTS:
            raise ValueError(f"unknown endpoint {endpoint!r}; known: {', '.join(ENDPOINTS)}")
        self._platform.faults.append(Fault(word, times, endpoint))

    def _bot(self, replies: Mapping[str, object]) -> None:
        self._platform.bot = read_bot(replies)

    def _switch(self, **changes: object) -> None:
        self._platform.switches = self._platform.switches.changed(**changes)

    def _add_job(self, suite: str | None, status: str, job: str | None) -> str:
        platform = self._platform
        words = None if status in ("SUCCESS", "IN_PROGRESS") else parse(status)
        added = platform.add_import(suites.demo_file() if suite is None else suite.encode(), job)
        if words is not None:
            added.script = Script(words)
        elif status == "SUCCESS" and added.script is None:
            added.finish(platform.clock())
        return added.id

    def _requests(self) -> list[RecordData]:
        secret = self._platform.identity.client_secret
        return [make_record(request, status, secret).to_data() for request, status in self._platform.log]

    def _uploads(self) -> list[dict[str, str]]:
        return [upload.to_data() for upload in self._platform.files.values()]
