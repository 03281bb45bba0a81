"""Describe the steps of a run: their part of the record, as plain data."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, cast

from pytest_kore_convtest.api.run_models import variations
from pytest_kore_convtest.reports.outcome_words import (
    DERIVED,
    FAILED,
    MATCHER,
    NOT_EVALUATED,
    PASSED,
    PLATFORM,
)
from pytest_kore_convtest.reports.record import Assertion, Attempt, PassRate, Reply, StepRecord
from pytest_kore_convtest.text import printable, show_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_kore_convtest.api.run_models import RunStep
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.reports.record import AttemptOutcome, Offer, StepOutcome
    from pytest_kore_convtest.suites.file import LocalSuite
    from pytest_kore_convtest.suites.results import run_result
    from pytest_kore_convtest.suites.results.run_result import RunResult, StepResult

_LONGEST_WHY = 2000
_MOST_OFFERS = 200
"""Failed steps of a suite for which lines are offered; whoever has more takes ``--kore-update``."""


def describe_steps(job: SuiteRun) -> Iterator[StepRecord]:
    """Describe the steps of a run: as they were reported, or those of the file when nothing was."""
    if job.ending().status is not None:
        result: RunResult = job.result()
        offered = 0
        for index, judged in enumerate(result.steps):
            offers = (
                _find_offers(result, index) if judged.outcome == FAILED and offered < _MOST_OFFERS else []
            )
            offered += judged.outcome == FAILED
            yield _describe_step(judged, offers)
        return
    suite: LocalSuite | None = job.suite
    several = len(job.chain()) > 1
    why = "one of the runs of its suite has no result" if several else "there is no result of its run"
    for number, step in enumerate(suite.steps if suite else (), start=1):
        place = f"{show_path(suite.path)}:{step.place.line}" if suite else ""
        yield StepRecord(
            number=number,
            input=step.input,
            event=step.event,
            outcome=NOT_EVALUATED,
            why=why,
            says=DERIVED,
            fails=[],
            place=place,
            nodeid="",
            known="",
            replies=[],
            offers=[],
            attempts=[],
            rate=None,
            unchecked=False,
        )


def write_attempts(attempts: Iterable[run_result.Attempt]) -> list[Attempt]:
    """Describe what became of a step, or of a run, in each of several runs."""
    return [
        Attempt(
            number=one.number,
            outcome=cast("AttemptOutcome", one.outcome),
            why=printable(one.why, _LONGEST_WHY),
            run_id=one.run_id,
            seconds=one.seconds,
        )
        for one in attempts
    ]


def write_rate(rate: run_result.PassRate | None) -> PassRate | None:
    """Describe how often something passed."""
    if rate is None:
        return None
    return PassRate(
        passed=rate.passed, evaluated=rate.evaluated, low=rate.low, high=rate.high, least=rate.least
    )


def _find_offers(result: RunResult, index: int) -> list[Offer]:
    # Imported here: a run without a failure does not pay for it.
    from pytest_kore_convtest.suites.update.suggested_lines import find_offers

    return [{"where": one.where, "lines": list(one.lines)} for one in find_offers(result, index)]


def _describe_step(result: StepResult, offers: list[Offer]) -> StepRecord:
    step = result.step
    return StepRecord(
        number=result.number,
        input=result.input,
        event=step.event if step else "",
        outcome=cast("StepOutcome", result.outcome),
        why=result.why,
        says=MATCHER if result.by_matcher else PLATFORM if result.reported else DERIVED,
        fails=list(result.failed),
        place=result.place,
        nodeid="",
        known="",
        replies=list(_describe_replies(step)) if step else [],
        offers=offers,
        attempts=write_attempts(result.attempts),
        rate=write_rate(result.rate),
        unchecked=result.unchecked and result.outcome == PASSED,
    )


def _describe_replies(step: RunStep) -> Iterator[Reply]:
    for output, reply, checks in zip_longest(step.outputs, step.replies, step.checks):
        kinds = (("text", checks.text), ("flow", checks.flow), ("context", checks.context))
        yield Reply(
            expected=variations(output) if output else [],
            actual=reply.text if reply else None,
            assertions=[
                Assertion(kind=kind, enabled=one.enabled, status=one.status, expected=list(one.expected))
                for kind, one in kinds
            ],
        )
