"""What a check found: one type for lint, structure, comparison and run, each finding under its rule.

A rule has a stable name, which is documented, shown with every finding and accepted by
``kore_rules``. What a rule means and how severe it is by default stands here and nowhere
else. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

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
    RUN_FAILED = "run-failed"
    STEP_FAILED = "step-failed"
    RUN_NOT_PASSED = "run-not-passed"
    RESULT_OF_ANOTHER_RUN = "result-of-another-run"
    MORE_EXPECTATIONS = "more-expectations"
    PASSED_WITHOUT_REPLY = "passed-without-reply"
    PASSED_TEXT_DIFFERS = "passed-text-differs"
    UNEXPECTED_REPLY = "unexpected-reply"

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


RULES: Mapping[Rule, RuleFacts] = {
    # runs
    Rule.RUN_FAILED: RuleFacts(
        Severity.ERROR,
        "run",
        "The platform says that the run failed or was aborted, and no failed step explains it.",
        fixed=True,
    ),
    Rule.STEP_FAILED: RuleFacts(
        Severity.ERROR, "run", "A step failed: an assertion of it, or the platform says so.", fixed=True
    ),
    Rule.RUN_NOT_PASSED: RuleFacts(
        Severity.ERROR, "run", "The platform nowhere says that the run passed.", fixed=True
    ),
    Rule.NOTHING_VERIFIED: RuleFacts(
        Severity.ERROR, "run", "No assertion of any step was judged, or there is no step.", fixed=True
    ),
    Rule.RUN_OF_ANOTHER_VERSION: RuleFacts(
        Severity.ERROR, "run", "The result is of another version of the bot than the one that was to be run."
    ),
    Rule.UNKNOWN_VERSION: RuleFacts(
        Severity.WARNING, "run", "The result does not say in a known word which version of the bot was run."
    ),
    Rule.RUN_OF_ANOTHER_SUITE: RuleFacts(
        Severity.WARNING,
        "run",
        "The result names neither the imported suite nor its draft; how these ids relate is not documented.",
    ),
    Rule.RESULT_OF_ANOTHER_RUN: RuleFacts(
        Severity.WARNING, "run", "The result began before the run was started, or its steps name another run."
    ),
    Rule.OTHER_EXPECTATIONS: RuleFacts(
        Severity.ERROR, "run", "A step was judged by other expectations than those that the import stored."
    ),
    Rule.MORE_EXPECTATIONS: RuleFacts(
        Severity.WARNING, "run", "A step was judged by an assertion that is off in what the import stored."
    ),
    Rule.STEP_NOT_VERIFIED: RuleFacts(
        Severity.WARNING,
        "run",
        "A step passed without one judged assertion, or one of its assertions has no result.",
    ),
    Rule.UNKNOWN_ASSERTION_STATUS: RuleFacts(
        Severity.ERROR, "run", "An assertion has a status, or a switch, that nobody has documented."
    ),
    Rule.PASSED_WITHOUT_REPLY: RuleFacts(
        Severity.ERROR, "run", "An assertion passed on a reply that the bot did not give."
    ),
    Rule.PASSED_TEXT_DIFFERS: RuleFacts(
        Severity.ERROR,
        "run",
        "A text assertion passed, but no reply is like an expected text, as with a text marked dynamic.",
    ),
    Rule.UNEXPECTED_REPLY: RuleFacts(
        Severity.WARNING, "run", "The bot gave more replies in a passed step than are expected."
    ),
    Rule.FAILED_STEP_IN_PASSED_RUN: RuleFacts(
        Severity.ERROR, "run", "The platform says that the run passed, but a step of it failed."
    ),
    Rule.STEP_NOT_REPORTED: RuleFacts(
        Severity.ERROR, "run", "The platform reported no usable result of a step."
    ),
    Rule.RESULT_WITHOUT_STEP: RuleFacts(
        Severity.ERROR, "run", "The platform reported a result for which the file has no step."
    ),
    Rule.RESULTS_REORDERED: RuleFacts(
        Severity.ERROR, "run", "The results come in another order than the file's steps."
    ),
    Rule.COUNTS_DIFFER: RuleFacts(
        Severity.ERROR,
        "run",
        "The platform's counts are not complete, do not add up or do not fit the steps.",
    ),
    Rule.CONTRADICTING_STATUS: RuleFacts(
        Severity.ERROR, "run", "Two words of a result contradict each other."
    ),
}
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
        return f"{where}: {self.message} [{self.rule}]" if where else f"{self.message} [{self.rule}]"


def rules_of(settings: object) -> Mapping[Rule, Severity]:
    """Return the severities that the settings choose; ``--kore-require-assertions`` is short for some."""
    strict = getattr(settings, "require_assertions", False)
    chosen: Mapping[Rule, Severity] = getattr(settings, "rules", None) or {}
    return {**({Rule.STEP_NOT_VERIFIED: Severity.ERROR} if strict else {}), **chosen}


def severity_of(rule: Rule, chosen: Mapping[Rule, Severity]) -> Severity:
    """Return a rule's severity: the one that ``kore_rules`` chose, else its default."""
    facts = RULES[rule]
    return facts.severity if facts.fixed else chosen.get(rule, facts.severity)
