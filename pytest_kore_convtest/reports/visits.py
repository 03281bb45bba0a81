"""What a job that has ended tells of where the bot was; what tells nothing costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.jobs.suite_run import SuiteRun
from pytest_kore_convtest.text import as_list, as_text

if TYPE_CHECKING:
    from pytest_kore_convtest.coverage.types import Conversation
    from pytest_kore_convtest.jobs.job import AnyJob

_TELLING = ("nodeId", "nodeName", "transitions", "transitionNodeNames")
_OUTPUTS = ("actualOutput", "outputs")
_ANSWERS = ("faqs", "smalltalk")


def read_visits(job: AnyJob, *, measured: bool) -> list[Conversation]:
    """Return where the bot was: by the results of each run of a suite, or by what an imported suite expects.

    Args:
        job: A job that has an outcome.
        measured: Whether to return a suite that names no node, for its texts, and a run that names none.
    """
    is_run = isinstance(job, SuiteRun)
    suite = job.after.label if isinstance(job, SuiteRun) and job.after else job.label
    found = []
    for one in job.chain() if isinstance(job, SuiteRun) else [job]:
        entries = _read_entries(one, "run" if is_run else "import")
        is_over = one.outcome is not None and one.outcome.status is not None
        if not is_over or not (measured or any(_tells(entry) for _, _, entry in entries)):
            continue
        from pytest_kore_convtest.coverage import visits

        read = visits.read_run if is_run else visits.read_suite
        found.append(read(suite, entries))
    return found


def _read_entries(job: AnyJob, kind: str) -> list[tuple[int, str, object]]:
    """Return number, input and entry of each step of one job; none while it has no answer."""
    status = job.outcome.status if job.outcome else None
    if status is None:
        return []
    holder = status.raw.get("result" if kind == "run" else "response")
    key = "executionResults" if kind == "run" else "testSteps"
    return _number(job, as_list(holder.get(key)) if isinstance(holder, dict) else [])


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
        result = job.own_result()
        known = ((result.positions.get(id(step.step), -1), step.number) for step in result.steps)
        numbers.update({at: number for at, number in known if at >= 0})
    return [
        (numbers[at], as_text(entry.get("input")) if isinstance(entry, dict) else "", entry)
        for at, entry in enumerate(entries)
    ]
