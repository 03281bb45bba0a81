"""``--kore-baseline``: mark what it accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from pytest_kore_convtest.history.baseline import Baseline, SuitePlace
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.suites.file import LocalSuite


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
    from pytest_kore_convtest.text import show_path

    mine = {suite.name, without_number(suite.name)}
    suites = [suite, *(one for one in others if one.name in mine or without_number(one.name) in mine)]
    names = name_plainly([suite.name for suite in suites])
    return [
        SuitePlace(hide(show_path(suite.path)), suite.place.line, hide(name))
        for suite, name in zip(suites, names, strict=True)
    ]
