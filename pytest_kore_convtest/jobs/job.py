"""One job of a test run: what it is, how it begins, what its answers show, how it ended."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Generic, TypeAlias

from pytest_kore_convtest.errors import KoreError
from pytest_kore_convtest.jobs.end_reasons import EMULATED, resume_command
from pytest_kore_convtest.jobs.outcome import Outcome, S_co
from pytest_kore_convtest.jobs.poll import poll_once
from pytest_kore_convtest.jobs.store_entry import FileEntry, JobEntry
from pytest_kore_convtest.jobs.wait import PollResult
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.api.retry import Clock
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.jobs.store import Lock
    from pytest_kore_convtest.jobs.wait import Wait
    from pytest_kore_convtest.suites.file import LocalSuite

AnyJob: TypeAlias = "Job[ImportStatus | RunStatus]"
"""A job of either kind."""

LONGEST_WORD = 120
"""Characters of a word of the platform that are shown."""


class Job(Generic[S_co]):
    """One job of this test run, as this process sees it.

    Attributes:
        key: What makes it one job, whoever asks.
        label: What to call it on screen.
        job_id: Its id (``ds-…``, ``ctr-…``), once there is one.
        began: The monotonic time of its first request, when this process sent that.
        busy_until: The monotonic time by which what a thread does for it has to be done, while one does.
        overdue_since: The monotonic time at which a waiter first saw that it is not.
        name: The stored suite's name, when we gave it one.
        suite: The local suite, when there is one.
        wait: The wait under way; ``None`` before the first ask and while another process asks.
        outcome: How it ended; ``None`` until then.
        judged: The last question to ``judge``, and its answer.
        judge: Judges an outcome as ``Pipeline.judge`` does; set by the pipeline.
        options: What a command that waits for it again has to repeat; ``None`` when there is no platform.
        needs: The environment name of a secret that such a command needs.
        not_started: Why it can never start; empty when it can.
    """

    uploads = False
    """Whether it begins with an upload."""

    key: str
    label: str
    suite: LocalSuite | None
    name: str
    due: float
    before: float

    def __init__(self, key: str, label: str, *, suite: LocalSuite | None = None, name: str = "") -> None:
        self.key, self.label, self.suite, self.name = key, label, suite, name
        self.job_id = ""
        self.due = self.before = 0.0
        self.began: float | None = None
        self.busy_until: float | None = None
        self.overdue_since: float | None = None
        self.claim: Lock | None = None
        self.slot: Lock | None = None
        self.entry: JobEntry = {}
        self.wait: Wait | None = None
        self.outcome: Outcome[S_co] | None = None
        self.judged: tuple[object, list[Finding] | KoreError] | None = None
        self.judge: Callable[..., list[Finding]] = lambda _outcome, **_stated: []
        self.options: Sequence[str] | None = ()
        self.needs = ""
        self.not_started = ""

    @property
    def what(self) -> str:
        """What is waited for, in words."""
        raise NotImplementedError

    @property
    def resume(self) -> str:
        """The command that waits for it again; empty when there is none."""
        return ""

    @property
    def way_on(self) -> str:
        """What becomes of it when nobody waits any more, and no command does."""
        return EMULATED if self.options is None else ""

    @property
    def head(self) -> AnyJob:
        """The job of which it is a part: itself, or the first of several runs of a suite."""
        return self

    @property
    def generation(self) -> int:
        """The number of its outcome, which grows each time there is more to say of it; 0 without one."""
        return self.outcome.generation if self.outcome else 0

    def facts(self) -> JobEntry:
        """Return what other processes need to know of a job of its kind."""
        return {}

    def follows(self) -> AnyJob | None:
        """Return the job that has to end before this one begins, if there is one."""
        return None

    def blocked(self) -> str | None:
        """Say why it cannot begin: empty while something is awaited, a reason when it never will."""
        return None

    def begins_once(self) -> bool:
        """Say whether the next change must not be repeated; an upload alone may be."""
        return not self.uploads or "file_id" in self.entry

    def begin(self, client: KoreClient) -> JobEntry:
        """Do the next change on the platform; return facts for the store, ``job_id`` once it has begun."""
        raise NotImplementedError

    def poll(self, client: KoreClient, wait: Wait, clock: Clock) -> S_co | None:
        """Ask once and tell the wait what the answer shows; return the answer when it ends the wait."""
        raise NotImplementedError

    def read(self, body: bytes) -> S_co:
        """Read a status from the store."""
        raise NotImplementedError

    def is_good(self, outcome: Outcome[S_co]) -> bool:
        """Say whether an outcome lets what follows begin."""
        raise NotImplementedError


class WatchImport(Job["ImportStatus"]):
    """An import job that somebody else started."""

    def __init__(
        self, key: str, label: str, job_id: str = "", *, suite: LocalSuite | None = None, name: str = ""
    ) -> None:
        super().__init__(key, label, suite=suite, name=name)
        self.job_id = job_id

    @property
    def what(self) -> str:
        """What is waited for, in words."""
        return f"import job {self.job_id}" if self.job_id else f"the import of {self.name!r}"

    @property
    def resume(self) -> str:
        """The command that waits for it again; empty when there is none."""
        if self.options is None or not self.job_id:
            return ""
        label = "" if self.uploads else self.label
        return resume_command(self.job_id, label, self.options)

    def poll(self, client: KoreClient, wait: Wait, clock: Clock) -> ImportStatus | None:
        """Ask once and tell the wait what the answer shows; return the answer when it ends the wait."""
        return poll_once(
            lambda budget: client.import_status(self.job_id, budget=budget), self.see, wait, clock
        )

    def see(self, status: ImportStatus) -> PollResult:
        """Say what an answer shows."""
        return see(status)

    def read(self, body: bytes) -> ImportStatus:
        """Read a status from the store."""
        from pytest_kore_convtest.api.models import read_import_status

        return read_import_status(body)

    def is_good(self, outcome: Outcome[ImportStatus]) -> bool:
        """Say whether the suite is stored and valid."""
        try:
            self.judge(outcome)
        except KoreError:
            return False
        return True


class SuiteImport(WatchImport):
    """A local suite to be uploaded and imported under a name of this run."""

    uploads = True

    _changed = ""

    def begin(self, client: KoreClient) -> JobEntry:
        """Upload the file; when it is uploaded, start the import."""
        suite = self.suite
        assert suite is not None  # noqa: S101 - for the type checker
        if "file_id" not in self.entry:
            self._changed = _say_changed(suite)
            file_id = client.upload(suite.data, suite.upload_name)
            return {"file_id": file_id, "file_hash": client.file_hashes.get(file_id, "")}
        file_id = self.entry["file_id"]
        job_id = client.start_import(file_id, self.name, tags=suite.tags, description=suite.description)
        return {"job_id": job_id}

    def see(self, status: ImportStatus) -> PollResult:
        """Say what an answer shows, and what is odd about the file that was uploaded."""
        sight = super().see(status)
        said = "; ".join(filter(None, (sight.note, self._changed)))
        return sight._replace(note=said) if said != sight.note else sight


def see(status: ImportStatus) -> PollResult:
    """Say what an answer about an import job shows."""
    from pytest_kore_convtest.api import models

    percent = "" if status.percent_complete is None else f" {status.percent_complete:.0f} %"
    return PollResult(
        words=f"{printable(status.sent_status, LONGEST_WORD)}{percent}",
        change=(status.status, status.percent_complete, status.raw.get("lMod")),
        ended=status.meaning != models.RUNNING,
        incomplete=status.meaning == models.SUCCEEDED and not _has_suite(status),
        note="" if status.word_is_known else describe_unknown(status.sent_status),
        percent=status.percent_complete,
        status=status.sent_status,
    )


def _say_changed(suite: LocalSuite) -> str:
    """Say that a file is no longer what was read when the tests were collected, if so."""
    blocks = suite.path.exists() and not suite.path.is_file()  # a pipe, on which this may wait for ever
    try:
        data = b"" if blocks else suite.path.read_bytes()
        same = not suite.sha256 or hashlib.sha256(data).hexdigest() == suite.sha256
    except OSError:
        return f"{suite.path.name} is gone since it was collected; what was read then was uploaded"
    return (
        ""
        if same
        else f"{suite.path.name} has changed since it was collected; what was read then was uploaded"
    )


def describe_unknown(word: str) -> str:
    """Say that a word of the platform is not known."""
    said = printable(word, LONGEST_WORD)
    return f"the platform reported the undocumented status '{said}', which was taken for running"


def _has_suite(status: ImportStatus) -> bool:
    response = status.raw.get("response")
    return isinstance(response, dict) and bool(response)


def identify(job: AnyJob) -> JobEntry:
    """Return what other processes need to know of a job."""
    entry = JobEntry(
        kind=type(job).__name__,
        key=job.key,
        label=job.label,
        name=job.name,
        after="",
        version="",
        file=_describe_file(job.suite) if job.suite else None,
        way_on=job.way_on,
        needs=job.needs,
    )
    entry.update(job.facts())
    if job.job_id:
        entry["job_id"], entry["resume"] = job.job_id, job.resume
    return entry


def _describe_file(suite: LocalSuite) -> FileEntry:
    from pytest_kore_convtest.text import show_path

    return FileEntry(
        path=show_path(suite.path),
        line=suite.place.line,
        sha256=suite.sha256,
        size=len(suite.data),
        split=suite.split,
    )
