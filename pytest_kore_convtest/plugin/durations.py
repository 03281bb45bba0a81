"""How long jobs took in earlier test runs: the one honest ground for an estimate.

The platform's percent is none: a documented job stood at 85 % after 14 of its 63 seconds.
"""

from __future__ import annotations

import warnings
from random import SystemRandom
from typing import TYPE_CHECKING

from pytest_kore_convtest.jobs.backoff import Backoff
from pytest_kore_convtest.jobs.progress import memory_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_kore_convtest.jobs.job import AnyJob
    from pytest_kore_convtest.jobs.progress import State
    from pytest_kore_convtest.settings.settings import Settings

_KEY = "kore/durations"
"""Where pytest's cache keeps them."""

_FEWEST, _MOST = 2, 5
"""How many durations of a job an estimate needs, and how many are kept."""

_MOST_JOBS = 1000
_LONGEST = 86_400.0


class Durations:
    """Remember how long jobs took, in pytest's cache; without a cache nothing is known.

    Args:
        config: pytest's configuration.
        settings: Whose bot it is: another bot's jobs take another time; and how long pauses may be.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._cache: pytest.Cache | None = getattr(config, "cache", None)
        self._bounds = (settings.poll_interval, settings.max_poll_interval)
        self._bot = "emulator" if settings.emulator else settings.stream_id or ""
        found = self._cache.get(_KEY, {}) if self._cache is not None else {}
        self._known: dict[str, list[float]] = _read(found)
        self._learnt: set[tuple[str, int]] = set()
        self._changed = False

    def usual(self, state: State) -> float | None:
        """Return the seconds that a job usually takes; ``None`` when too little is known."""
        return self._median(state.memory)

    def backoff(self, job: AnyJob) -> Backoff:
        """Return the pauses for the wait that is about to begin for a job."""
        usual = self._median(memory_of(job))
        left = None if usual is None else usual - job.before
        # A generator of its own: test runs are often made to begin with the same seed in every process.
        return Backoff(*self._bounds, expected=left, chance=SystemRandom().random)

    def _median(self, memory: str) -> float | None:
        known = self._known.get(self._name(memory), []) if memory else []
        if len(known) < _FEWEST:
            return None
        from statistics import median  # not before the first request of a run that has no history

        return median(known)

    def learn(self, states: Sequence[State]) -> None:
        """Note the durations of the jobs that have ended."""
        for state in states:
            end = (state.key, state.generation)
            if not (state.ended and state.good and state.memory) or end in self._learnt:
                continue
            self._learnt.add(end)
            known = self._known.pop(self._name(state.memory), [])
            self._known[self._name(state.memory)] = [*known, state.elapsed][-_MOST:]
            self._changed = True

    def save(self) -> None:
        """Write down what was learnt."""
        if not self._changed or self._cache is None:
            return
        self._changed = False
        kept = dict(list(self._known.items())[-_MOST_JOBS:])
        with warnings.catch_warnings():  # a cache that cannot be written fails no test
            warnings.simplefilter("ignore")
            self._cache.set(_KEY, kept)

    def _name(self, memory: str) -> str:
        return f"{self._bot} {memory}"


def _read(found: object) -> dict[str, list[float]]:
    """Keep what is usable of what an earlier run, or anybody, has written."""
    if not isinstance(found, dict):
        return {}
    return {
        str(name): [float(one) for one in known if isinstance(one, (int, float)) and 0 <= one < _LONGEST]
        for name, known in found.items()
        if isinstance(known, list)
    }
