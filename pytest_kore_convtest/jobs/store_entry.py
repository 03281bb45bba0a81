"""What the processes of a test run write down about a job, key by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from pytest_kore_convtest.errors import ErrorData, Poll


class FileEntry(TypedDict):
    """The local suite file of a job: where the suite stands in it, size, hash, and whether it was split."""

    path: str
    line: int
    sha256: str
    size: int
    split: bool


class OutcomeEntry(TypedDict):
    """How a job ended; ``status`` is the platform's whole reply as JSON, ``None`` without one."""

    status: str | None
    trouble: ErrorData | None
    asks: int
    seconds: float
    ended_at: float | None
    clock_skew: float | None
    generation: int
    history: list[Poll]
    notes: list[str]


class JobEntry(TypedDict, total=False):
    """All that is known of a job.

    Attributes:
        kind: The name of its class: ``WatchImport``, ``SuiteImport`` or ``SuiteRun``.
        key: What makes it one job, whoever asks.
        label: What to call it on screen.
        name: The stored suite's name, when we gave it one.
        after: The key of the import that a run follows.
        version: The bot version that a run is of.
        of: Of a further run of a suite: the key of the first one.
        attempt: Of a run: its number among the runs of the suite.
        file: The local suite file; ``None`` without one.
        file_id: The uploaded file.
        file_hash: What the platform says is the file's hash.
        job_id: Its id, once it has one.
        resume: The command that waits for it again.
        way_on: What to do when there is no such command.
        needs: The environment name of a secret that such a command needs.
        started_at: When its first request was sent, in seconds since the epoch.
        uploading: Whether its file is on the way.
        sending: Whether a change that must not be repeated is on the way.
        ambiguous: Whether nobody knows if it began.
        again: The generation of the outcome after which somebody asked again.
        outcome: How it ended.
        good: Whether it ended well; missing while nobody saw its end.
    """

    kind: str
    key: str
    label: str
    name: str
    after: str
    version: str
    of: str
    attempt: int
    file: FileEntry | None
    file_id: str
    file_hash: str
    job_id: str
    resume: str
    way_on: str
    needs: str
    started_at: float
    uploading: bool
    sending: bool
    ambiguous: bool
    again: int
    outcome: OutcomeEntry
    good: bool


def kept_file(entry: JobEntry) -> JobEntry:
    """Return what of an entry says which file was uploaded."""
    kept = JobEntry()
    if "file_id" in entry:
        kept["file_id"] = entry["file_id"]
    if "file_hash" in entry:
        kept["file_hash"] = entry["file_hash"]
    return kept
