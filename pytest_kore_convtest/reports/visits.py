"""What a job that has ended tells of where the bot was; what tells nothing costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.jobs.suite_run import SuiteRun
from pytest_kore_convtest.text import as_list, as_text

if TYPE_CHECKING:
    from pytest_kore_convtest.coverage.shapes import Conversation
    from pytest_kore_convtest.jobs.job import AnyJob

_TELLING = ("nodeId", "nodeName", "transitions", "transitionNodeNames")
_OUTPUTS = ("actualOutput", "outputs")
_ANSWERS = ("faqs", "smalltalk")


def read_visits(job: AnyJob, *, measured: bool) -> Conversation | None:
    """Return where the bot was: by the results of a run, or by what an imported suite expects.

    Args:
        job: A job that has an outcome.
        measured: Whether to return a suite that names no node, for its texts, and a run that names none.
    """
    status = job.outcome.status if job.outcome else None
    if status is None:
        return None
    is_run = isinstance(job, SuiteRun)
    holder = status.raw.get("result" if is_run else "response")
    entries = (
        as_list(holder.get("executionResults" if is_run else "testSteps")) if isinstance(holder, dict) else []
    )
    if not measured and not any(map(_tells, entries)):
        return None
    from pytest_kore_convtest.coverage import visits

    numbered = _number(job, entries)
    read = visits.read_run if is_run else visits.read_suite
    return read(job.label, numbered)


def _tells(entry: object) -> bool:
    """Say whether a step names a node anywhere."""
    if not isinstance(entry, dict):
        return False
    outputs = [one for key in _OUTPUTS for one in as_list(entry.get(key)) if isinstance(one, dict)]
    return any(output.get(key) for output in outputs for key in _TELLING) or any(map(entry.get, _ANSWERS))


def _number(job: AnyJob, entries: list[object]) -> list[tuple[int, str, object]]:
    """Return number, input and entry of each step, by the numbers of the file where there is one."""
    numbers = {at: at + 1 for at in range(len(entries))}
    if isinstance(job, SuiteRun):
        result = job.result()
        known = ((result.positions.get(id(step.step), -1), step.number) for step in result.steps)
        numbers.update({at: number for at, number in known if at >= 0})
    return [
        (numbers[at], as_text(entry.get("input")) if isinstance(entry, dict) else "", entry)
        for at, entry in enumerate(entries)
    ]
