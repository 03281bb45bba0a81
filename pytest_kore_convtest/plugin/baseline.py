"""``--kore-baseline``: read what is accepted before the run, and mark what it accepts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from pytest_kore_convtest.history.baseline import Baseline, SuitePlace
    from pytest_kore_convtest.history.identity import RunState
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.suites.file import LocalSuite


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
    from pytest_kore_convtest.history.baseline_file import read_baseline, read_content
    from pytest_kore_convtest.suites.file import show_path

    shown = show_path(path)
    content = read_content(path, shown)
    if not _is_report(content):
        return Given(accepted=read_baseline(content, shown))
    if is_worker:  # the controller compares
        return Given()
    from pytest_kore_convtest.history.identity import read_run
    from pytest_kore_convtest.reports.serialize import read_record

    return Given(earlier=read_run(read_record(content, shown)))


def _is_report(content: bytes) -> bool:
    from pytest_kore_convtest.reports.record import FORMAT

    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("format") == FORMAT


def mark_known(
    result: JobResult, job: SuiteRun, baseline: Baseline, bot: tuple[str, Iterable[LocalSuite]], today: date
) -> None:
    """Write on the steps of a run which failures are accepted, and whether nothing else is wrong with it.

    Steps are looked up as the reports show them, without secrets: that is what was accepted.

    Args:
        result: The job's part of the record.
        job: The job.
        baseline: What is accepted.
        bot: Its stream id, and all suites of the test run.
        today: The day in UTC.
    """
    run, suite = result["run"], job.suite
    if run is None or suite is None or job.ending().status is None:
        return
    from pytest_kore_convtest.history.known_failures import find_known
    from pytest_kore_convtest.redaction import hide_in
    from pytest_kore_convtest.rules import Rule
    from pytest_kore_convtest.suites.run_errors import verdict_of

    judged = job.result()
    if any(
        bad.rule is Rule.FAILED_STEP_IN_PASSED_RUN for one in (judged, *judged.runs) for bad in one.errors
    ):
        return  # a run that contradicts itself is believed in nothing
    stream_id, suites = bot
    mine, *places = _place_namesakes(suite, suites)
    matches = baseline.find(mine, stream_id, hide_in(result["steps"]), places)
    known = find_known(matches, {step.number for step in judged.steps if step.fails}, today)
    for step in result["steps"]:
        step["known"] = known.get(step["number"], "")
    run["excused"] = bool(known) and verdict_of(judged, known.keys()) is None


def _place_namesakes(suite: LocalSuite, others: Iterable[LocalSuite]) -> list[SuitePlace]:
    """Say which suite one is, as the reports do, and then which those are that have its name."""
    from pytest_kore_convtest.history.baseline import SuitePlace
    from pytest_kore_convtest.history.identity import name_plainly, without_number
    from pytest_kore_convtest.redaction import hide
    from pytest_kore_convtest.suites.file import show_path

    mine = {suite.name, without_number(suite.name)}
    suites = [suite, *(one for one in others if one.name in mine or without_number(one.name) in mine)]
    names = name_plainly([suite.name for suite in suites])
    return [
        SuitePlace(hide(show_path(suite.path)), suite.place.line, hide(name))
        for suite, name in zip(suites, names, strict=True)
    ]


class SuiteNames:
    """Find out which suites a file has of which an entry speaks.

    Args:
        root: pytest's rootdir; a test run may have started in it, or below.
    """

    def __init__(self, root: Path) -> None:
        here = Path.cwd()
        above = [folder for folder in here.parents if folder.is_relative_to(root)]
        self._folders = dict.fromkeys([here, *above, root])
        self._known: dict[str, frozenset[str] | None] = {}

    def __call__(self, file: str) -> frozenset[str] | None:
        """Return the names of a file's suites; none when it cannot be read, ``None`` when it is not there."""
        if file not in self._known:
            self._known[file] = self._read(file)
        return self._known[file]

    def _read(self, file: str) -> frozenset[str] | None:
        from pytest_kore_convtest.suites.file import open_suite_file

        parts = file.replace("\\", "/").split("/")
        for folder in self._folders:
            for at in range(len(parts)):  # a test run may have started above, too
                path = folder / "/".join(parts[at:])
                if path.is_file():
                    return frozenset(suite.name for suite in open_suite_file(path).suites)
        return None
