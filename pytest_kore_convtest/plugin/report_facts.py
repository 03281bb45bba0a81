"""What we put on a test report: plain data, which xdist carries from a worker to the controller."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    import pytest

    from pytest_kore_convtest.plugin.update import StepUpdate
    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.reports.job_summary import JobSummary

REPORT_KEY = "pytest_kore_convtest"
"""The attribute of a test report that carries our facts."""


class FlakyFailure(TypedDict):
    """How an item that passed failed in another run of its suite: in one line, whole, and in which run."""

    message: str
    text: str
    run: str


class ReportFacts(TypedDict, total=False):
    """What we put on a test report, as plain data that xdist carries.

    Attributes:
        jobs: The summaries of the jobs that the item waited for.
        results: What there is to say of them in the reports, each once.
        step: The number of the step that the item is; 0 for another item.
        ours: Whether an error of ours ended the phase.
        own: Whether it is an item that we collected.
        live: Whether it needs the platform.
        notes: What the user should know.
        pages: Where the documentation explains what was found.
        skip: Why we skipped it, one of the words of ``items``; empty when we did not.
        update: What would make a failed step pass; of a passed one that nothing is to be changed.
        flaky: How a passed item failed in other runs of its suite.
        kind: The class of the error of ours that ended the phase; empty without one.
        conversation: What was said up to a step that failed or is flaky, for JUnit; empty without that.
        error_in: The phase in which an error of ours that is no verdict was raised; empty without one.
    """

    jobs: list[JobSummary]
    results: list[JobResult]
    step: int
    ours: bool
    own: bool
    live: bool
    notes: list[str]
    pages: list[str]
    skip: str
    update: StepUpdate
    flaky: list[FlakyFailure]
    kind: str
    conversation: str
    error_in: str


def facts_of(report: pytest.TestReport) -> ReportFacts:
    """Return what we put on a test report; empty when it is none of ours."""
    found = vars(report).get(REPORT_KEY)
    return cast("ReportFacts", found) if isinstance(found, dict) else ReportFacts()


def is_ours(kore: ReportFacts) -> bool:
    """Say whether a report is of an item that has to do with the platform, or that we collected."""
    return bool(kore.get("live") or kore.get("own") or kore.get("jobs") or kore.get("ours"))
