"""xdist's workers that may share no files with their controller: it answers them through execnet's channels.

What the processes of a test run know of its jobs is in files of the controller's machine. A worker
on another machine asks the controller for them, so that each job happens once wherever the workers are.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.jobs.store import JobStore, Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_kore_convtest.errors import Poll
    from pytest_kore_convtest.jobs.store_entry import JobEntry
    from pytest_kore_convtest.plugin.workers.shared import WorkerNode

PATIENCE = 60.0
"""Seconds that a worker waits for the controller's answer, which needs milliseconds."""


class Channel(Protocol):
    """execnet's channel, which has no types for what it carries."""

    RemoteError: type[Exception]

    def send(self, item: object) -> None:
        """Send plain data, or a channel."""

    def receive(self, timeout: float | None = None) -> object:
        """Return what the other side sent next."""

    def waitclose(self, timeout: float | None = None) -> None:
        """Wait until the other side is done."""

    def setcallback(self, callback: Callable[[str | None], None], endmarker: None) -> None:
        """Let a thread of execnet call a function with what comes, and with the mark at the end."""


def is_here(node: WorkerNode) -> bool:
    """Say whether a worker certainly has the controller's files: it is started as a plain process.

    ``python=`` may name a command that starts it somewhere else, ``via=`` is a gateway to another machine.
    """
    spec = node.gateway.spec
    return bool(spec.popen) and not spec.python and not spec.via


def answer_worker(node: WorkerNode, store: JobStore) -> Channel:
    """Answer what a worker asks of the store; return the channel to hand to it.

    What the worker holds is free again when its connection ends, however that happens.
    """
    channel = node.gateway.newchannel()
    held: dict[str, Lock] = {}

    def claim(key: str) -> bool:
        lock = store.claim(key)
        if lock is not None:
            held[key] = lock
        return lock is not None

    def release(key: str) -> None:
        if lock := held.pop(key, None):
            lock.release()

    commands: dict[str, Callable[..., object]] = {
        "claim": claim,
        "release": release,
        "find": store.find,
        "leave": store.leave,
        "note_poll": store.note_poll,
        "polls": store.polls,
        "entries": store.entries,
        "time": time.time,
    }

    def hear(message: str | None) -> None:
        if message is None:
            for key in list(held):
                release(key)
            return
        number, command, arguments = json.loads(message)
        try:
            reply = {"is": commands[command](*arguments)}
        except ConfigError as bad:
            reply = {"trouble": bad.message}
        with suppress(OSError):  # the worker is gone
            channel.send(json.dumps([number, reply]))

    channel.setcallback(hear, endmarker=None)
    return channel


class RemoteStore(JobStore):
    """What the processes of one test run know of its jobs, as the controller tells a worker.

    Args:
        channel: The way to the controller.

    Raises:
        ConfigError: The controller does not answer; so do all methods.
    """

    def __init__(self, channel: Channel) -> None:
        super().__init__(None)
        self._channel, self._turn, self._number = channel, threading.Lock(), 0
        self._unanswered: dict[int, str] = {}
        before = time.time()
        self._ahead = cast("float", self._ask("time")) - (before + time.time()) / 2

    def wall(self) -> float:
        """Return the seconds since the epoch by the controller's clock, which all its workers share."""
        return time.time() + self._ahead

    def claim(self, key: str) -> Lock | None:
        """Take the right to work on a job; ``None`` while another process has it."""
        return Lock(partial(self._release, key)) if self._ask("claim", key) else None

    def _release(self, key: str) -> None:
        with suppress(ConfigError):  # the controller, which has seen the end of the connection, does it
            self._ask("release", key)

    def find(self, name: str) -> dict[str, object]:
        """Return what a process of this test run left for the others; empty when it is nothing."""
        return cast("dict[str, object]", self._ask("find", name))

    def leave(self, name: str, entry: Mapping[str, object]) -> None:
        """Replace what is left under a name for the other processes of this test run, in one step."""
        self._ask("leave", name, entry)

    def note_poll(self, key: str, poll: Poll) -> None:
        """Add one request for a job's status to what is known of the job, should this process die."""
        with suppress(ConfigError):  # a story that cannot be kept fails no test
            self._ask("note_poll", key, poll)

    def polls(self, key: str) -> list[Poll]:
        """Return every request for a job's status that was noted, by whichever process."""
        return cast("list[Poll]", self._ask("polls", key))

    def entries(self) -> list[JobEntry]:
        """Return all entries of other processes and this one, in no order."""
        return cast("list[JobEntry]", self._ask("entries"))

    def _ask(self, command: str, *arguments: object) -> object:
        """Ask the controller; one question at a time, whichever thread it is of."""
        with self._turn:
            self._number += 1
            reply: dict[str, object] | None = None
            lost = (OSError, EOFError, self._channel.RemoteError)
            with suppress(*lost):
                self._channel.send(json.dumps([self._number, command, arguments]))
                reply = self._hear(self._number)
            if reply is None and command == "claim":
                self._unanswered[self._number] = str(arguments[0])
        if reply is None:
            trouble = (
                "xdist's controller does not answer this worker: look whether the connection to it is lost"
            )
        elif "trouble" not in reply:
            return reply["is"]
        else:
            trouble = str(reply["trouble"])
        raise ConfigError(trouble, name="tmpdir", source="environment")

    def _hear(self, number: int) -> dict[str, object]:
        while True:
            found, reply = json.loads(cast("str", self._channel.receive(PATIENCE)))
            if found == number:  # an interrupt, or a slow controller, may have left an older answer
                return cast("dict[str, object]", reply)
            if (key := self._unanswered.pop(found, "")) and reply.get("is"):
                # Nobody waits for that right any more; without this no process ever got it again.
                self._channel.send(json.dumps([0, "release", [key]]))
