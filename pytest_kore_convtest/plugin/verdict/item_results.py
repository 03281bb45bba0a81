"""What became of each test item: the one account of it, for the exit code and for the reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_kore_convtest.plugin.own_items import COVERED, KNOWN, NOT_CONFIGURED
from pytest_kore_convtest.plugin.report_facts import facts_of, is_ours
from pytest_kore_convtest.reports.outcome_words import FAILED, PASSED
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

    from pytest_kore_convtest.reports.record import ItemOutcome, ItemRecord

ERROR, SKIPPED, XFAILED, XPASSED, NOT_RUN = "error", "skipped", "xfailed", "xpassed", "not run"
"""What else may become of an item, besides ``COVERED``, ``KNOWN`` and ``NOT_CONFIGURED``."""

GRAVITY = (FAILED, ERROR, SKIPPED, NOT_CONFIGURED, COVERED, XFAILED, KNOWN, XPASSED, PASSED, NOT_RUN)
"""What may become of an item; of several phases the first one of these counts."""

_RECORDED: Mapping[str, ItemOutcome] = {
    FAILED: "failed",
    ERROR: "error",
    SKIPPED: "skipped",
    NOT_CONFIGURED: "skipped",
    COVERED: "skipped",
    XFAILED: "xfailed",
    KNOWN: "xfailed",
    XPASSED: "xpassed",
    PASSED: "passed",
}
"""The reports' words for it; an item that did not run is in none of them."""

_PHASES = frozenset({"setup", "call", "teardown"})
_LONGEST_REASON, _LONGEST_MESSAGE = 160, 4000


@dataclass
class ItemResult:
    """What became of an item.

    Attributes:
        outcome: One of ``GRAVITY``.
        why: Why it is no pass, in one line.
        message: The same, as long as it is.
        told: Whether a job that it waited for tells why.
        place: ``file:line``.
        seconds: How long its phases took.
        jobs: The keys of the jobs that it waited for.
    """

    outcome: str = NOT_RUN
    why: str = ""
    message: str = ""
    told: bool = False
    place: str = ""
    seconds: float = 0.0
    jobs: set[str] = field(default_factory=set)


class ItemResults(dict[str, ItemResult]):
    """The results of items, by node id.

    Attributes:
        crashed: The items whose xdist worker died.
    """

    def __init__(self) -> None:
        super().__init__()
        self.crashed: dict[str, None] = {}

    def add(self, report: pytest.TestReport) -> None:
        """Take in a report of an item that has to do with the platform; a rerun begins anew."""
        kore, crashed = facts_of(report), report.when not in _PHASES
        if not crashed and not is_ours(kore):
            return
        jobs = {job["key"] for job in kore.get("jobs", ())}
        begins = (report.when == "setup" and report.passed) or is_rerun(report)
        if begins or report.nodeid not in self:
            self[report.nodeid] = ItemResult(place=_place(report))
        result = self[report.nodeid]
        result.seconds += report.duration
        result.jobs |= jobs
        if crashed:
            self.crashed[report.nodeid] = None
        outcome = (
            ERROR if crashed else NOT_RUN if is_rerun(report) else _outcome(report, kore.get("skip", ""))
        )
        if crashed or GRAVITY.index(outcome) < GRAVITY.index(result.outcome):
            result.outcome, result.told = outcome, bool(jobs)
            result.why = _reason(report)
            result.message = "" if outcome == PASSED else _message(report)

    def records(self) -> Iterator[tuple[ItemRecord, set[str]]]:
        """Yield what the reports say of each item that ran, and the keys of its jobs."""
        for nodeid, result in self.items():
            if result.outcome in _RECORDED:
                record: ItemRecord = {
                    "nodeid": nodeid,
                    "outcome": _RECORDED[result.outcome],
                    "seconds": round(result.seconds, 3),
                    "message": result.message,
                    "place": result.place,
                    "suites": [],
                }
                yield record, result.jobs


def is_rerun(report: pytest.TestReport) -> bool:
    """Say whether a report is of an attempt that another one follows."""
    return report.outcome not in {"passed", "failed", "skipped"}


def _outcome(report: pytest.TestReport, skip: str) -> str:
    if hasattr(report, "wasxfail"):
        return (skip or XFAILED) if report.skipped else XPASSED
    if report.failed:
        return FAILED if report.when == "call" else ERROR
    if report.skipped:
        return skip or SKIPPED
    return PASSED if report.when == "call" else NOT_RUN


def _reason(report: pytest.TestReport) -> str:
    """Say in one line why a report is no pass."""
    if hasattr(report, "wasxfail"):
        return brief(str(report.wasxfail).removeprefix("reason: "))
    if isinstance(report.longrepr, tuple):
        return brief(str(report.longrepr[2]).removeprefix("Skipped: "))
    crash = getattr(report.longrepr, "reprcrash", None)
    return brief(str(crash.message if crash else report.longrepr or "").partition("\n")[0])


def _message(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")[:_LONGEST_MESSAGE]
    return (report.longreprtext or str(getattr(report, "wasxfail", "")))[:_LONGEST_MESSAGE]


def _place(report: pytest.TestReport) -> str:
    path, line, _ = report.location
    return f"{path}:{line + 1}" if line is not None else path


def brief(text: str) -> str:
    """Return text as one short line that can be printed."""
    return printable(text, _LONGEST_REASON)
