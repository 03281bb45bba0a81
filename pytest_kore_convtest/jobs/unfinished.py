"""The jobs of a test run that it did not see the end of, from what its processes wrote down.

Works alike in the process that waited, in xdist's controller, and after a worker has died.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kore_convtest.jobs.end_reasons import Ending, describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_kore_convtest.errors import Poll
    from pytest_kore_convtest.jobs.store import JobStore
    from pytest_kore_convtest.jobs.store_entry import JobEntry

UPLOADED, BEGINNING, IMPORTING, RUNNING = "uploaded", "beginning", "importing", "running"
"""How far a job had come: only its file is there, nobody knows whether it began, or it goes on."""

_RUN = "SuiteRun"


@dataclass(frozen=True)
class Unfinished:
    """A job without an outcome.

    Attributes:
        entry: What the processes wrote down about it.
        stage: How far it had come: ``UPLOADED``, ``BEGINNING``, ``IMPORTING`` or ``RUNNING``.
        ending: What is known of its wait.
    """

    entry: JobEntry
    stage: str
    ending: Ending

    @property
    def job_id(self) -> str:
        """Its id; empty when it has none."""
        return self.ending.job_id

    def tell(self, why: str) -> str:
        """Return the whole story.

        Args:
            why: Why nobody waits any more, e.g. ``"the test run was interrupted (SIGTERM)"``.
        """
        return f"{self.ending.what} is not verified: {why}. {describe(self.ending)}"


def find_unfinished(stores: Iterable[JobStore], now: float) -> list[Unfinished]:
    """Return the jobs that began on the platform and have no outcome, in the order of their beginning.

    Args:
        stores: What the processes of the test run wrote down.
        now: Seconds since the epoch.
    """
    found = [one for store in stores for one in _look_through(store, now)]
    return sorted(found, key=lambda one: (one.entry.get("started_at", 0.0), one.entry.get("key", "")))


def find_ended(stores: Iterable[JobStore]) -> Iterator[Unfinished]:
    """Yield the imports that ended, for the record of a run that stopped before an item told of them."""
    for store in stores:
        for entry in store.entries():
            outcome = entry.get("outcome")
            if outcome and entry.get("kind") != _RUN and outcome["status"]:
                plain: JobEntry = {**entry, "resume": "", "way_on": ""}
                found = ending_of(plain, outcome["history"], entry.get("started_at", 0.0))
                yield Unfinished(entry, IMPORTING, found._replace(seconds=outcome["seconds"]))


def _look_through(store: JobStore, now: float) -> Iterator[Unfinished]:
    for entry in store.entries():
        if "kind" not in entry or "outcome" in entry:
            continue
        stage = stage_of(entry)
        if stage:
            yield Unfinished(entry, stage, ending_of(entry, store.polls(entry.get("key", "")), now))


def stage_of(entry: JobEntry) -> str:
    """Say how far a job came on the platform; empty when nothing of it is there."""
    if entry.get("job_id"):
        return RUNNING if entry["kind"] == _RUN else IMPORTING
    if entry.get("sending") or entry.get("ambiguous"):
        return BEGINNING
    return UPLOADED if entry.get("file_id") or entry.get("uploading") else ""


def ending_of(entry: JobEntry, polls: list[Poll], now: float) -> Ending:
    """Return what is known of a job's wait.

    Args:
        entry: What the processes wrote down about it.
        polls: Every request for its status.
        now: Seconds since the epoch.
    """
    return Ending(
        what_of(entry),
        entry.get("job_id", ""),
        seconds=max(0.0, now - entry.get("started_at", now)),
        polls=polls,
        resume=entry.get("resume", ""),
        way_on=entry.get("way_on", ""),
        needs=entry.get("needs", ""),
    )


def what_of(entry: JobEntry) -> str:
    """Name a job in words."""
    job_id, name = entry.get("job_id", ""), entry.get("name", "")
    of = f" of {name!r}" if name else ""
    if entry.get("kind") == _RUN:
        return f"run {job_id}{of}" if job_id else f"the run{of}"
    return f"import job {job_id}{of}" if job_id else f"the import{of}"
