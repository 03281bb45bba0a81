"""``--kore-baseline``: read what is accepted before the run, and mark what it accepts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from pytest_kore_convtest.history.baseline import Baseline
    from pytest_kore_convtest.history.identity import RunState
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.reports.job_record import JobResult


@dataclass(frozen=True)
class Given:
    """What ``--kore-baseline`` names: one of the two.

    Attributes:
        accepted: A file of accepted failures.
        earlier: The report of an earlier run.
    """

    accepted: Baseline | None = None
    earlier: RunState | None = None


def read_given(path: Path | None, *, is_worker: bool) -> Given:
    """Read the file, before anything is sent.

    Raises:
        ConfigError: It cannot be used.
    """
    if path is None:
        return Given()
    from pytest_kore_convtest.history.baseline import read_baseline
    from pytest_kore_convtest.suites.file import show_path

    shown = show_path(path)
    content = _read(path, shown)
    if not _is_report(content):
        return Given(accepted=read_baseline(content, shown))
    if is_worker:  # the controller compares
        return Given()
    from pytest_kore_convtest.history.identity import read_run
    from pytest_kore_convtest.reports.serialize import read_record

    return Given(earlier=read_run(read_record(content, shown)))


def _read(path: Path, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
    said = f"cannot read the baseline {shown}: {problem}; name one that is there, or give none"
    raise ConfigError(said, name="baseline")


def _is_report(content: bytes) -> bool:
    from pytest_kore_convtest.reports.record import FORMAT

    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("format") == FORMAT


def mark_known(result: JobResult, job: SuiteRun, baseline: Baseline, stream_id: str, today: date) -> None:
    """Write on the steps of a run which failures are accepted, and whether nothing else is wrong with it.

    Args:
        result: The job's part of the record.
        job: The job.
        baseline: What is accepted.
        stream_id: The bot's; empty for the emulator.
        today: The day in UTC.
    """
    if job.outcome is None or job.outcome.status is None:
        return
    from pytest_kore_convtest.history.known import find_known
    from pytest_kore_convtest.suites.run_errors import verdict_of

    file = result["file"]["path"] if result["file"] else ""
    suite = job.after.label if job.after else result["name"]  # as the record names it
    known = find_known(baseline, (file, suite, stream_id), result["steps"], today)
    for step in result["steps"]:
        step["known"] = known.get(step["number"], "")
    result["excused"] = bool(known) and verdict_of(job.result(), known.keys()) is None
