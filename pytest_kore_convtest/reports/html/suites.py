"""A suite as the page shows it: jobs, findings, and the conversation step by step."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.reports.conversation import write_conversation
from pytest_kore_convtest.reports.html.replies import Side, reply_view
from pytest_kore_convtest.reports.html.timelines import Timeline, timeline
from pytest_kore_convtest.reports.outcome_words import (
    DERIVED,
    FAILED,
    FLAKY,
    NOT_EVALUATED,
    PASSED,
    UNCHECKED,
    UNKNOWN,
)
from pytest_kore_convtest.reports.totals import (
    FindingLine,
    list_findings,
    say_attempts,
    say_outcome,
    say_rate,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_kore_convtest.reports.html.excerpts import Allowance
    from pytest_kore_convtest.reports.record import JobRecord, Record, StepRecord, SuiteRecord

CODES = {PASSED: "p", FAILED: "f", FLAKY: "k", NOT_EVALUATED: "n", UNKNOWN: "u", UNCHECKED: "k"}
"""The class of an outcome or verdict; short, because a page may have ten thousand."""

PACK = 20
"""Steps that a browser lays out together when they come into view; singly, ten thousand take it minutes."""

_LONGEST_INPUT = 2000


class StepView(NamedTuple):
    """A step: its anchor, its record and its replies; ``event`` only when it is not the input itself.

    ``talk`` is the conversation as YAML, of a suite's first failed step; a page with all of them is too long.
    ``attempts`` says what became of it in each of several runs.
    """

    anchor: str
    label: str
    code: str
    outcome: str
    input: str
    cut: int
    event: str
    record: StepRecord
    derived: bool
    replies: list[Side]
    talk: str
    attempts: str


class JobView(NamedTuple):
    """A job of a suite under its name: ``Import`` or ``Run``."""

    name: str
    record: JobRecord
    code: str
    timeline: Timeline | None


class Tally(NamedTuple):
    """How many of some things passed, failed, and were not evaluated."""

    passed: int
    failed: int
    rest: int
    flaky: int = 0
    unchecked: int = 0

    @property
    def total(self) -> int:
        """Return how many there are."""
        return self.passed + self.failed + self.rest + self.flaky + self.unchecked


class SuiteView(NamedTuple):
    """A suite: anchor, record, jobs, steps; ``stops`` says that no failed step stands for its verdict."""

    anchor: str
    code: str
    record: SuiteRecord
    jobs: list[JobView]
    steps: list[StepView]
    packs: list[list[StepView]]
    tally: Tally
    findings: list[FindingLine]
    errors: int
    warnings: int
    stops: bool
    is_open: bool


def suite_views(record: Record, allowance: Allowance) -> list[SuiteView]:
    """Return every suite of a record as it is shown; one that passed is folded unless it is the only one."""
    alone = len(record["suites"]) == 1
    return [_suite(number, suite, allowance, alone=alone) for number, suite in enumerate(record["suites"], 1)]


def _suite(number: int, suite: SuiteRecord, allowance: Allowance, *, alone: bool) -> SuiteView:
    anchor = f"s{number}"
    jobs = [_job("Import", suite["imported"])]
    if suite["run"] is not None:
        jobs.append(_job("Run", suite["run"]))
    count = tally(map(say_outcome, suite["steps"]))
    findings = suite["imported"]["findings"]
    counts = Counter({"error": 0, "warning": 0})
    for finding in findings:
        counts[finding["severity"]] += finding.get("count", 1)
    first = next((at for at, step in enumerate(suite["steps"]) if step["outcome"] == FAILED), None)
    talk = "" if first is None else write_conversation(suite["steps"], first)
    steps = [
        _step(anchor, step, allowance, talk if at == first else "") for at, step in enumerate(suite["steps"])
    ]
    return SuiteView(
        anchor,
        CODES[suite["verdict"]],
        suite,
        jobs,
        steps,
        [steps[at : at + PACK] for at in range(0, len(steps), PACK)],
        count,
        list_findings(findings),
        counts["error"],
        counts["warning"],
        stops=suite["verdict"] != PASSED and not count.failed,
        is_open=alone or suite["verdict"] != PASSED,
    )


def tally(outcomes: Iterable[str]) -> Tally:
    """Count outcomes or verdicts."""
    all_of_them = list(outcomes)
    kinds = (PASSED, FAILED, FLAKY, UNCHECKED)
    passed, failed, flaky, unchecked = map(all_of_them.count, kinds)
    rest = len(all_of_them) - passed - failed - flaky - unchecked
    return Tally(passed, failed, rest, flaky, unchecked)


def _job(name: str, job: JobRecord) -> JobView:
    return JobView(name, job, CODES[job["verdict"]], timeline(job["polls"]))


def _step(suite: str, step: StepRecord, allowance: Allowance, talk: str) -> StepView:
    label = f"{step['number']:02}"
    said = step["input"]
    is_evaluated = step["outcome"] != NOT_EVALUATED
    return StepView(
        f"{suite}-step-{label}",
        label,
        CODES[say_outcome(step)],
        say_outcome(step),
        said[:_LONGEST_INPUT],
        max(0, len(said) - _LONGEST_INPUT),
        step["event"] if step["event"] != said else "",
        step,
        step["says"] == DERIVED,
        [reply_view(one, is_evaluated=is_evaluated, allowance=allowance) for one in step["replies"]],
        talk,
        "; ".join(filter(None, (say_attempts(step), say_rate(step["rate"]) if step["rate"] else ""))),
    )
