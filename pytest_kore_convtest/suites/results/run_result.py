"""What became of a run of a suite and of its steps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_kore_convtest.rules import Rule, Severity
from pytest_kore_convtest.suites.diff import brief
from pytest_kore_convtest.text import one_line as visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_kore_convtest.api.run_models import RunStatus, RunStep
    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.suites.file import LocalSuite

PASSED, FAILED, NOT_EVALUATED = "passed", "failed", "not evaluated"
"""What becomes of a step, and of a run."""

FLAKY = "flaky"
"""What becomes of a step that failed in one run and passed in another one."""

COUNTS_ONLY = "the platform reported counts only"

_DOUBTS = frozenset(
    {
        Rule.RUN_NOT_PASSED,
        Rule.CONTRADICTING_STATUS,
        Rule.COUNTS_DIFFER,
        Rule.STEP_NOT_REPORTED,
        Rule.RESULT_WITHOUT_STEP,
        Rule.RESULTS_REORDERED,
        Rule.UNKNOWN_ASSERTION_STATUS,
        Rule.PASSED_WITHOUT_REPLY,
        Rule.PASSED_TEXT_DIFFERS,
        Rule.UNKNOWN_VERSION,
        Rule.RUN_OF_ANOTHER_SUITE,
        Rule.RESULT_OF_ANOTHER_RUN,
        Rule.MORE_EXPECTATIONS,
        Rule.UNEXPECTED_REPLY,
    }
)
"""Rules by which nobody knows what became of a run; by the others it failed."""

OF_STEPS = frozenset(
    {
        Rule.STEP_FAILED,
        Rule.FAILED_STEP_IN_PASSED_RUN,
        Rule.STEP_NOT_VERIFIED,
        Rule.PASSED_BY_MATCHER,
        Rule.FLAKY_STEP,
    }
)
"""What a run fails by only because steps of it failed, so that these can say it themselves."""

LONGEST_INPUT = 60
"""Letters of what the user says that are shown where a step is named."""

MOST_NAMED = 20
"""Steps, or findings of one rule, that are named one by one."""

_MOST_GROUPED = 5


def step_name(number: int, said: str) -> str:
    """Return a step in words, e.g. ``step 02 'quote'``."""
    return f"step {number:02} '{brief(said, LONGEST_INPUT)}'"


@dataclass(frozen=True)
class PassRate:
    """How often something passed.

    Attributes:
        passed: In how many runs.
        evaluated: Of how many in which it was judged.
        low: Lower end of the Wilson interval of 95 %, from 0 to 1.
        high: Its upper end.
        least: The rate that it has to have.
    """

    passed: int
    evaluated: int
    low: float
    high: float
    least: float

    @property
    def is_enough(self) -> bool:
        """Whether it passed often enough."""
        return self.evaluated > 0 and self.passed >= self.least * self.evaluated - _ROUNDING

    def __str__(self) -> str:
        return f"passed {self.passed} of {self.evaluated} ({self.low:.2f} to {self.high:.2f})"


_ROUNDING = 1e-9
"""What a rate such as 0.7 of 10 may be off by."""


@dataclass(frozen=True)
class Attempt:
    """One of several runs, or what became of a step in it.

    Attributes:
        number: Its 1-based number.
        outcome: ``PASSED``, ``FAILED`` or ``NOT_EVALUATED``.
        why: The reason; empty for a plain pass.
        run_id: The run's id; empty when it did not begin.
        seconds: What it took.
    """

    number: int
    outcome: str
    why: str
    run_id: str
    seconds: float


@dataclass(frozen=True)
class StepResult:
    """What became of one step.

    Attributes:
        number: Its 1-based number in the file, or in the reply when there is no file.
        input: What the user says.
        outcome: ``PASSED``, ``FAILED``, ``NOT_EVALUATED`` or, of several runs, ``FLAKY``.
        why: The reason, as part of a sentence; empty for a plain pass.
        reported: Whether the platform said so itself; else it was derived from what it said.
        place: ``file:line``, or empty without a file.
        step: What the platform reported of it, if anything.
        rule: The rule by which it did not pass, when there is one.
        by_matcher: Whether the platform calls it failed and its replies fit what the file says of them.
        attempts: What became of it in each of several runs.
        rate: How often it passed, when runs were to be repeated.
        is_red: Whether it is flaky where flaky steps are errors.
        failed: What failed of it in any of its runs: assertions, e.g. ``"text of reply 1"``, else a rule.
        unchecked: Whether it passed without one judged assertion, whatever the bot answered.
    """

    number: int
    input: str
    outcome: str
    why: str
    reported: bool
    place: str = ""
    step: RunStep | None = field(default=None, repr=False)
    rule: Rule | None = None
    by_matcher: bool = False
    attempts: tuple[Attempt, ...] = ()
    rate: PassRate | None = None
    is_red: bool = False
    failed: tuple[str, ...] = ()
    unchecked: bool = False

    @property
    def fails(self) -> bool:
        """Whether it speaks against a pass of the run."""
        return self.outcome == FAILED or self.is_red

    @property
    def name(self) -> str:
        """The step in words."""
        return step_name(self.number, self.input)

    def to_data(self) -> dict[str, object]:
        """Return the result as JSON-able data, without the replies."""
        kept = ("number", "input", "outcome", "why", "reported", "place")
        return {key: getattr(self, key) for key in kept}


@dataclass(frozen=True)
class RunResult:
    """What became of a run.

    Attributes:
        suite: The suite's name, or empty.
        outcome: ``PASSED``, ``FAILED``, or ``NOT_EVALUATED``: nothing failed, yet it is no pass.
        findings: Everything that speaks against a pass, and what is worth knowing, each under its rule.
        steps: The steps of the file, or those that the platform reported when there is no file.
        status: What the platform said.
        place: ``file:line`` of the suite, or empty.
        local: The suite as the file has it, when there is a file.
        runs: The results of which this one is put together; empty when the suite was run once.
        attempts: What became of each of them, those without a result included.
        rate: How many of them passed as a whole, when runs were to be repeated.
    """

    suite: str
    outcome: str
    findings: tuple[Finding, ...]
    steps: tuple[StepResult, ...]
    status: RunStatus = field(repr=False)
    place: str = ""
    local: LocalSuite | None = field(default=None, repr=False, compare=False)
    runs: tuple[RunResult, ...] = field(default=(), repr=False)
    attempts: tuple[Attempt, ...] = ()
    rate: PassRate | None = None

    def run_of(self, index: int) -> RunResult:
        """Return the single run that a step's result, by its 0-based index, was taken from."""
        step = self.steps[index].step
        found = (
            one for one in reversed(self.runs) if index < len(one.steps) and one.steps[index].step is step
        )
        return next(found, self)

    @cached_property
    def positions(self) -> dict[int, int]:
        """Where each of the platform's results stands in its reply, by the result's identity."""
        return {id(one): at for at, one in enumerate(self.status.steps or [])}

    @cached_property
    def failing(self) -> tuple[StepResult, ...]:
        """The steps that speak against a pass."""
        return tuple(step for step in self.steps if step.fails)

    @cached_property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that speak against a pass."""
        return tuple(one for one in self.findings if one.severity == Severity.ERROR)

    @cached_property
    def doubts(self) -> Mapping[int, Finding]:
        """What first speaks against a pass besides failed steps themselves, by step; 0 is the whole run."""
        found: dict[int, Finding] = {}
        for one in self.errors:
            if one.rule is not Rule.STEP_FAILED:
                found.setdefault(one.step, one)
        return found

    @property
    def why(self) -> tuple[str, ...]:
        """Every reason against a pass, one a sentence; many of one rule are grouped."""
        return tuple(group_findings(self.errors))

    @property
    def details(self) -> tuple[str, ...]:
        """What the platform says about an error; its shape is not documented."""
        found = self.status.error_details
        return (f"the platform gives error details: {brief(str(found), 300)}",) if found else ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing, but decides nothing."""
        rest = [one for one in self.findings if one.severity != Severity.ERROR]
        return (*self.details, *group_findings(rest))


def group_findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Write findings as sentences; of many under one rule the first few, and how many more there are."""
    count = Counter(one.rule for one in findings)
    told: Counter[Rule] = Counter()
    for one in findings:
        told[one.rule] += 1
        most = count[one.rule] if count[one.rule] <= MOST_NAMED else _MOST_GROUPED
        if told[one.rule] <= most:
            yield visible(str(one))
        elif told[one.rule] == most + 1:
            yield f"and {count[one.rule] - most} more, all of them in the JSON report [{one.rule}]"


def outcome_of(findings: Sequence[Finding]) -> str:
    """Return what became of a run, by what speaks against a pass."""
    rules = {one.rule for one in findings if one.severity == Severity.ERROR}
    return FAILED if rules - _DOUBTS else NOT_EVALUATED if rules else PASSED
