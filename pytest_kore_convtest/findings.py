"""What a check found: one type for lint, structure, comparison and run, each finding under its rule.

A rule has a stable name, which is documented, shown with every finding and accepted by
``kore_rules``. What a rule means and how severe it is by default stands here and nowhere
else. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(str, Enum):
    """What a finding does: an error fails, a warning and a hint are shown, what is off is not looked for."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"
    OFF = "off"

    __str__ = str.__str__


class Rule(str, Enum):
    """The stable names of all checks that can warn or fail."""

    # A run's result (conversation testing execution status).
    RUN_OF_ANOTHER_VERSION = "run-of-another-version"
    UNKNOWN_VERSION = "unknown-version"
    RUN_OF_ANOTHER_SUITE = "run-of-another-suite"
    OTHER_EXPECTATIONS = "other-expectations"
    NOTHING_VERIFIED = "nothing-verified"
    STEP_NOT_VERIFIED = "step-not-verified"
    UNKNOWN_ASSERTION_STATUS = "unknown-assertion-status"
    FAILED_STEP_IN_PASSED_RUN = "failed-step-in-passed-run"
    STEP_NOT_REPORTED = "step-not-reported"
    RESULT_WITHOUT_STEP = "result-without-step"
    RESULTS_REORDERED = "results-reordered"
    COUNTS_DIFFER = "counts-differ"
    CONTRADICTING_STATUS = "contradicting-status"

    __str__ = str.__str__


class RuleFacts(NamedTuple):
    """What there is to know of a rule.

    Attributes:
        severity: Its severity unless ``kore_rules`` says otherwise.
        about: Which check looks for it: ``lint``, ``structure``, ``comparison`` or ``run``.
        meaning: What is wrong, as one sentence for the documentation.
        fixed: Whether ``kore_rules`` cannot change it, because a run without it would prove nothing.
    """

    severity: Severity
    about: str
    meaning: str
    fixed: bool = False


RULES: Mapping[Rule, RuleFacts] = {}
"""Every rule; a test checks that none is missing."""


class Location(NamedTuple):
    """Where something was found: in a file (1-based line and column), or at a JSON path of a reply."""

    file: str = ""
    line: int = 0
    column: int = 0
    json_path: str = ""

    def __str__(self) -> str:
        if not self.file:
            return self.json_path
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


NOWHERE = Location()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should know.

    Attributes:
        rule: The check that found it.
        severity: What it does.
        message: What is wrong and what to do, as a sentence.
        location: Where.
        suite: The suite's name; empty when a whole file or reply is meant.
        step: The 1-based step; 0 when no step is meant.
        expected: What should have been there, when that can be shown.
        actual: What was there instead.
    """

    rule: Rule
    severity: Severity
    message: str
    location: Location = NOWHERE
    suite: str = ""
    step: int = 0
    expected: str = ""
    actual: str = ""

    def __str__(self) -> str:
        where = str(self.location)
        return one_line(
            f"{where}: {self.message} [{self.rule}]" if where else f"{self.message} [{self.rule}]"
        )


def severity_of(rule: Rule, chosen: Mapping[Rule, Severity]) -> Severity:
    """Return a rule's severity: the one that ``kore_rules`` chose, else its default."""
    facts = RULES[rule]
    return facts.severity if facts.fixed else chosen.get(rule, facts.severity)
