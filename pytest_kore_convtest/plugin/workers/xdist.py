"""Under xdist: the workers wait, the controller shows. One small file per worker lies between them."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypedDict, cast

from pytest_kore_convtest.api.retry import SystemClock
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.jobs.progress import State, look

if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import Queue

    from pytest_kore_convtest.plugin.session import Run

_INTERVAL = 0.5
"""Seconds between two looks of the controller at what the workers wrote."""

_PAUSE = 1.0
"""Seconds between two writings of a worker, unless a job begins or ends."""

_EVENT = "kore_progress"


class Loop(Protocol):
    """The loop of xdist's controller, which has no types: it calls its method ``worker_`` + NAME."""

    queue: Queue[tuple[str, dict[str, object]]]


class _Entry(TypedDict, total=False):
    """What a worker writes down: when, and its jobs' states as data."""

    at: float
    states: list[dict[str, object]]


_make_state: Callable[..., State] = State
"""Makes a state of what a worker wrote down."""


class Sender:
    """Tell the controller how this worker's jobs are getting on.

    Args:
        run: The run, as the worker sees it.
        now: Returns the monotonic time.
    """

    def __init__(self, run: Run, now: Callable[[], float] | None = None) -> None:
        self._run, self._now = run, now or SystemClock().monotonic
        self._quiet = run.config.option.verbose < 0
        self._key = _key_of(run.config.workerinput["workerid"])  # type: ignore[attr-defined] # xdist's
        self._sent: list[tuple[int, str, str, float | None, int]] = []
        self._limiter: list[tuple[str, int, bool]] = []
        self._sent_at = float("-inf")

    def tick(self) -> None:
        """Write down what has changed; called while a job is waited for, every quarter of a second."""
        if self._quiet:
            return
        now = self._now()
        states = [look(job, now) for job in self._run.jobs()]
        seen = [(*state.moved, state.asks) for state in states]
        turns = [(state.key, state.generation, state.begun) for state in states]
        if seen == self._sent or (turns == self._limiter and now - self._sent_at < _PAUSE):
            return
        self._sent, self._limiter, self._sent_at = seen, turns, now
        entry = {"at": time.time(), "states": [state._asdict() for state in states]}
        with suppress(ConfigError):  # a picture that cannot be sent fails no test
            self._run.store().leave(self._key, entry)


class Receiver:
    """On the controller: look at what the workers write, and show it from the main thread.

    A thread looks. xdist's own loop does the showing, so that nothing is ever drawn
    in the middle of what pytest prints; the loop takes our event as it takes a worker's.

    Args:
        run: The run, as the controller sees it.
        show: Shows states.
    """

    def __init__(self, run: Run, show: Callable[[list[State]], None]) -> None:
        self._run, self._show = run, show
        self._workers: dict[str, None] = {}
        self._left: dict[str, State] = {}
        self._states: list[State] = []
        self._awake = threading.Condition()
        self._stopped = self._announced = False
        self._loop: Loop | None = None

    def add(self, worker: str) -> None:
        """Look at a worker, too."""
        self._workers[worker] = None

    def drop(self, worker: str) -> None:
        """Look no more at a worker that is gone; what it had not ended, nobody works on now."""
        if self._loop is None:
            return
        self._receive()
        self._left = {state.key: state for state in self._states if state.ended}
        self._workers.pop(worker, None)

    def __enter__(self) -> None:
        """Begin to look; does nothing when this xdist has no loop that takes events."""
        if self._run.config.option.verbose < 0:
            return
        loop: Loop | None = self._run.config.pluginmanager.get_plugin("dsession")
        if not hasattr(loop, "queue") or not hasattr(loop, "loop_once"):
            return
        self._loop = loop
        setattr(loop, f"worker_{_EVENT}", self._receive)
        threading.Thread(target=self._listen, args=(loop,), name="kore-progress", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        """Show the last news, take away what is drawn, and look no more."""
        with self._awake:
            self._stopped = True
            self._awake.notify_all()
        if self._loop is not None:
            self._receive()
            self._run.rest()

    def _listen(self, loop: Loop) -> None:
        while True:
            with self._awake:
                self._awake.wait_for(lambda: self._stopped, _INTERVAL)
                if self._stopped:
                    return
                states = [] if self._announced else self._read()
                if not states or (states == self._states and all(state.ended for state in states)):
                    continue
                self._announced = True
            loop.queue.put((_EVENT, {}))

    def _receive(self) -> None:
        with self._awake:
            self._announced = False
            self._states = self._read()
        self._show(self._states)

    def _read(self) -> list[State]:
        """Return the jobs of all workers, each once, as the worker sees it that works on it."""
        found = dict(self._left)
        store, now = self._run.store(), time.time()
        for worker in list(self._workers):
            entry = _Entry()
            with suppress(ConfigError):  # a picture that cannot be shown fails no test
                entry = cast("_Entry", store.find(_key_of(worker)))
            for data in entry.get("states", ()):
                state = _later(_make_state(**data), max(0.0, now - entry["at"]))
                if state.key not in found or _knows(state) > _knows(found[state.key]):
                    found[state.key] = state
        return list(found.values())


def _key_of(worker: str) -> str:
    return f"progress {worker}"


def _later(state: State, seconds: float) -> State:
    """Let time pass for a job that has begun and not ended."""
    if state.ended or not state.asks:
        return state
    silent = state.silent + seconds if state.trouble else 0.0
    return state._replace(elapsed=state.elapsed + seconds, silent=silent)


def _knows(state: State) -> tuple[int, int, bool]:
    return state.generation, state.asks, state.begun
