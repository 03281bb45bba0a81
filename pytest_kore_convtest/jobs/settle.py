"""Writing down how a job ended, so that what another process knows of it is not lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError, JobError
from pytest_kore_convtest.jobs.outcome import Outcome, S
from pytest_kore_convtest.jobs.store_entry import JobEntry
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from pytest_kore_convtest.jobs.job import AnyJob, Job
    from pytest_kore_convtest.jobs.store import JobStore


def settle(store: JobStore, job: Job[S], outcome: Outcome[S]) -> Outcome[S]:
    """Write down how a job ended; return the outcome that counts.

    A process may come here without the right to work on the job: it could not ask for it, has waited too
    long for the process that has it, or has found that the job can never start. It must not write over what
    that other one wrote: without the id nobody could tell what became of the job, and the other one may end
    it yet.

    Raises:
        ConfigError: It cannot be written.
    """
    facts = JobEntry(outcome=outcome.to_data(), good=job.is_good(outcome))
    if job.claim is not None:
        job.entry.update(facts)
        store.write(job.key, job.entry)
        return outcome
    claim = store.claim(job.key)
    if claim is None:
        return outcome
    try:
        entry = store.read(job.key)
        settled = entry.get("outcome")
        if settled and settled["generation"] >= outcome.generation:
            ended = isinstance(outcome.trouble, JobError) and not job.not_started
            return Outcome.from_data(settled, job.read) if ended else outcome
        job.entry = {**entry, **facts}
        store.write(job.key, job.entry)
    finally:
        claim.release()
    return outcome


def require_same_file(job: AnyJob, entry: JobEntry) -> None:
    """Refuse to share a job with a process whose suite file has another content.

    Raises:
        ConfigError: It has: what came of the job is not about this file.
    """
    theirs, mine = entry.get("file"), job.suite.sha256 if job.suite else ""
    if theirs and mine and theirs["sha256"] not in {"", mine}:
        raise ConfigError(
            f"{job.what} is shared with a process that has another {printable(theirs['path'], 60)}: give all"
            " machines the same version of it, and change no suite file during a run",
            name="suite_files",
        )
