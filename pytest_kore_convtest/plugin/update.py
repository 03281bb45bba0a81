"""Which failed steps could be made to pass by accepting what the bot said; xdist carries it as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from pytest_kore_convtest.plugin.report_facts import facts_of
from pytest_kore_convtest.plugin.workers.shared import find_on_controller
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from pytest_kore_convtest.jobs.job import AnyJob
    from pytest_kore_convtest.plugin.own_items import OwnItem

COUNTS_ALONE = "the platform reported counts only, so nobody knows what the bot said"
RUN_FAILED = "the run failed by more than the texts of the selected steps"
RUN_BY_TEST = "its suite is run by a test's own code: only collected suite files are updated"


class StepUpdate(TypedDict):
    """What would make a failed step pass.

    Attributes:
        file: The suite file.
        sha256: Of its bytes when it was collected.
        suite: Line and column of the suite in it.
        step: The step's 1-based number.
        name: The step in words, with its place.
        changes: For each change its kind, the 0-based reply and the new text.
        refused: Why it cannot be accepted; empty when it can.
    """

    file: str
    sha256: str
    suite: tuple[int, int]
    step: int
    name: str
    changes: list[tuple[str, int, str]]
    refused: str


class Updates:
    """Gather from the reports which failed steps could be accepted."""

    def __init__(self) -> None:
        self._found: dict[str, StepUpdate] = {}
        self._others: dict[str, str] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Take in a report; the last one of an item counts."""
        kore = facts_of(report)
        if not kore or report.when != "call":
            return
        self._found.pop(report.nodeid, None)
        self._others.pop(report.nodeid, None)
        if not report.failed:
            return
        if update := kore.get("update"):
            self._found[report.nodeid] = update
        elif runs := [job for job in kore.get("jobs", ()) if job["kind"] == "run"]:
            counts = COUNTS_ALONE if runs[-1]["counts_only"] else RUN_FAILED
            self._others[report.nodeid] = counts if kore.get("own") else RUN_BY_TEST

    def advise(self) -> Iterator[str]:
        """Yield one line about the failed steps that ``--kore-update`` would change, if there are any."""
        if all(one["refused"] for one in self._found.values()):
            return
        from pytest_kore_convtest.plugin.update_files import count_updatable

        count, total = count_updatable(self), len(self._found)
        if count:
            steps = plural(total, "failed step") if count == total else f"{count} of {total} failed steps"
            way = "if the bot is right, --kore-update writes what it said into the files"
            yield f"{steps} can be updated: {way}"

    def by_file(self) -> dict[str, list[StepUpdate]]:
        """Return the failed steps of each file."""
        files: dict[str, list[StepUpdate]] = {}
        for one in self._found.values():
            files.setdefault(one["file"], []).append(one)
        return files

    def others(self) -> dict[str, str]:
        """Return the failed tests whose suites are in no collected file, and why they are not updated."""
        return self._others


def describe_update(jobs: Sequence[AnyJob], item: OwnItem) -> StepUpdate | None:
    """Say what would make a failed step pass; ``None`` when its run has no result."""
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.suites.results.expectation_changes import accept_step
    from pytest_kore_convtest.suites.results.run_result import NOT_EVALUATED

    ended = [job for job in jobs if isinstance(job, SuiteRun) and job.outcome is not None]
    suite = item.suite
    if not ended or suite is None or ended[-1].outcome is None or ended[-1].outcome.trouble:
        return None
    result = ended[-1].result()
    index = item.number - 1
    if index >= len(result.steps) or result.steps[index].outcome == NOT_EVALUATED:
        return None
    found, step = accept_step(result, index), result.steps[index]
    return StepUpdate(
        file=str(find_on_controller(item.config, suite.path)),
        sha256=suite.sha256,
        suite=(suite.place.line, suite.place.column),
        step=item.number,
        name=f"{step.place} {step.name}",
        changes=[(one.kind, one.at, one.text) for one in found.changes],
        refused=found.refused,
    )
