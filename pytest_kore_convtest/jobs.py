"""One job of a test run: what it is, how far it is, how it ended."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest import models
from pytest_kore_convtest.errors import KoreError, from_data
from pytest_kore_convtest.patience import Sight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_kore_convtest.ledger import Claim
    from pytest_kore_convtest.models import ImportStatus
    from pytest_kore_convtest.patience import Wait
    from pytest_kore_convtest.structure import Finding
    from pytest_kore_convtest.suitefile import LocalSuite


@dataclass(frozen=True)
class Outcome:
    """How a job ended: with a completed status, or with trouble.

    Attributes:
        status: The completed status, good or bad.
        trouble: Why there is none.
        asks: Requests sent for it.
        seconds: From the first ask to the end.
        generation: 1 for the first outcome; one more each time somebody asked again.
        history: Every ask, as data.
        notes: What the user should know.
    """

    status: ImportStatus | None
    trouble: KoreError | None
    asks: int
    seconds: float
    generation: int = 1
    history: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def result(self) -> ImportStatus:
        """Return the completed status.

        Raises:
            KoreError: There is none; a new error each time, so that none gathers other tests' tracebacks.
        """
        if self.status is None:
            assert self.trouble is not None  # noqa: S101 - one of the two is there
            raise from_data(self.trouble.to_data())
        return self.status

    def to_data(self) -> dict[str, Any]:
        """Return the outcome as JSON-able data."""
        data = {**vars(self), "status": self.status and json.dumps(self.status.raw)}
        return {**data, "trouble": self.trouble and self.trouble.to_data()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Outcome:
        """Make an outcome from what ``to_data`` returned."""
        status = data["status"] and models.read_import_status(data["status"].encode())
        return cls(**{**data, "status": status, "trouble": data["trouble"] and from_data(data["trouble"])})


class Job:
    """One job of this test run, as this process sees it.

    Attributes:
        key: What makes it one job, whoever asks.
        label: What to call it on screen.
        job_id: Its id (``ds-…``), once there is one.
        wait: The wait under way; ``None`` before the first ask and while another process asks.
        outcome: How it ended; ``None`` until then.
        judge: Judges an outcome as ``Pipeline.judge`` does.
    """

    def __init__(
        self, key: str, label: str, job_id: str = "", suite: LocalSuite | None = None, name: str = ""
    ) -> None:
        self.key, self.label, self.job_id, self.suite, self.name = key, label, job_id, suite, name
        self.due = self.before = 0.0
        self.claim: Claim | None = None
        self.entry: dict[str, Any] = {}
        self.wait: Wait | None = None
        self.outcome: Outcome | None = None
        self.judge: Callable[[Outcome], list[Finding]] = lambda _outcome: []

    @property
    def what(self) -> str:
        """What is waited for, in words."""
        return f"import job {self.job_id}" if self.job_id else f"the import of {self.name!r}"


def see(status: ImportStatus) -> Sight:
    """Say what an answer about an import job shows."""
    percent = "" if status.percent_complete is None else f" {status.percent_complete:.0f} %"
    unknown = (
        ""
        if status.word_is_known
        else (f"the platform said {status.status}, a word nobody has documented; it was taken for running")
    )
    return Sight(
        words=f"{status.status}{percent}",
        change=(status.status, status.percent_complete, status.raw.get("lMod")),
        ended=status.meaning != models.RUNNING,
        incomplete=status.meaning == models.SUCCEEDED and not _has_suite(status),
        note=unknown,
    )


def _has_suite(status: ImportStatus) -> bool:
    response = status.raw.get("response")
    return isinstance(response, dict) and bool(response)


def resume_command(ds_id: str) -> str:
    """Return the command that waits for an import job again."""
    return f"pytest --kore-gate --kore-ds-id {ds_id}"
