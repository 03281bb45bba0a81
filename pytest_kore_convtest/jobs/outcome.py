"""How a job ended, as the processes of a test run hand it on."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from pytest_kore_convtest.errors import KoreError, from_data
from pytest_kore_convtest.jobs.store_entry import OutcomeEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.errors import Poll

S = TypeVar("S", bound="ImportStatus | RunStatus")
"""What the platform says of a job."""

S_co = TypeVar("S_co", bound="ImportStatus | RunStatus", covariant=True)
"""The same, of a class: a job of one kind is a job of either kind."""


@dataclass(frozen=True)
class Outcome(Generic[S_co]):
    """How a job ended: with a completed status, or with trouble.

    Attributes:
        status: The completed status, good or bad: an ``ImportStatus`` or a ``RunStatus``.
        trouble: Why there is none.
        asks: Requests sent for it.
        seconds: From the first ask to the end.
        ended_at: When it ended, in seconds since the epoch; ``None`` when nobody noted it.
        clock_skew: By how many seconds the platform's clock was ahead of ours; ``None`` when not seen.
        generation: 1 for the first outcome; one more each time somebody asked again.
        history: Every ask, as data.
        notes: What the user should know.
    """

    status: S_co | None
    trouble: KoreError | None
    asks: int
    seconds: float
    ended_at: float | None = None
    clock_skew: float | None = None
    generation: int = 1
    history: list[Poll] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def result(self) -> S_co:
        """Return the completed status.

        Raises:
            KoreError: There is none; a new error each time, so that none gathers other tests' tracebacks.
        """
        if self.status is None:
            assert self.trouble is not None  # noqa: S101 - one of the two is there
            raise from_data(self.trouble.to_data())
        return self.status

    def to_data(self) -> OutcomeEntry:
        """Return the outcome as JSON-able data."""
        return OutcomeEntry(
            status=json.dumps(self.status.raw) if self.status else None,
            trouble=self.trouble.to_data() if self.trouble else None,
            asks=self.asks,
            seconds=self.seconds,
            ended_at=self.ended_at,
            clock_skew=self.clock_skew,
            generation=self.generation,
            history=self.history,
            notes=self.notes,
        )

    @classmethod
    def from_data(cls, data: OutcomeEntry, read: Callable[[bytes], S_co]) -> Outcome[S_co]:
        """Make an outcome from what ``to_data`` returned; ``read`` reads the status."""
        return cls(
            status=read(data["status"].encode()) if data["status"] else None,
            trouble=data["trouble"] and from_data(data["trouble"]),
            asks=data["asks"],
            seconds=data["seconds"],
            ended_at=data["ended_at"],
            clock_skew=data["clock_skew"],
            generation=data["generation"],
            history=data["history"],
            notes=data["notes"],
        )
