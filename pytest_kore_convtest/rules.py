"""The rules: the stable name of each check, what it is about, and how severe it is.

A name is documented, shown with every finding and accepted by ``kore_rules``. What a rule
means and how severe it is by default stands here and nowhere else. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Severity(str, Enum):
    """What a finding does: an error fails, a warning and a hint are shown, what is off is not looked for."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"
    OFF = "off"

    __str__ = str.__str__


ERROR, WARNING, HINT, OFF = Severity.ERROR, Severity.WARNING, Severity.HINT, Severity.OFF


class Rule(str, Enum):
    """The stable names of all checks that can warn or fail."""

    # A suite file.
    UNUSABLE_FILE = "unusable-file"
    BYTE_ORDER_MARK = "byte-order-mark"
    DUPLICATE_KEY = "duplicate-key"
    UNKNOWN_KEY = "unknown-key"
    OLD_FORMAT = "old-format"
    WRONG_TYPE = "wrong-type"
    HALF_CHARACTER = "half-character"
    SECRET = "secret"  # noqa: S105 - a rule's name
    POSSIBLE_SECRET = "possible-secret"  # noqa: S105 - the same
    OTHER_BOT = "other-bot"
    DUPLICATE_SUITE = "duplicate-suite"
    SIMILAR_SUITE = "similar-suite"
    SPACE_AROUND_NAME = "space-around-name"
    SLASH_IN_NAME = "slash-in-name"
    CONTROL_CHARACTER_IN_NAME = "control-character-in-name"
    FIRST_STEP_WITHOUT_EVENT = "first-step-without-event"
    UNKNOWN_EVENT = "unknown-event"
    OUTPUT_WITHOUT_TEXT = "output-without-text"
    AMBIGUOUS_OUTPUT = "ambiguous-output"
    BLANK_EXPECTATION = "blank-expectation"
    INVALID_TEMPLATE = "invalid-template"
    YAML_KEY = "yaml-key"
    YAML_VALUE = "yaml-value"
    MATCHER_FITS_ALL = "matcher-fits-all"

    # A suite file, and the stored suite.
    SUITE_WITHOUT_NAME = "suite-without-name"
    SUITE_WITHOUT_STEPS = "suite-without-steps"
    SUITE_WITHOUT_ASSERTION = "suite-without-assertion"
    STEP_WITHOUT_INPUT = "step-without-input"
    STEP_WITHOUT_ASSERTION = "step-without-assertion"

    # The stored suite.
    NOT_SUCCESSFUL = "not-successful"
    NO_STORED_SUITE = "no-stored-suite"
    OTHER_STREAM = "other-stream"
    SUITE_WITHOUT_ID = "suite-without-id"
    TOO_MANY_STEPS = "too-many-steps"
    TOO_MANY_FINDINGS = "too-many-findings"
    STEP_NOT_UNDERSTOOD = "step-not-understood"
    ASSERTION_NOT_UNDERSTOOD = "assertion-not-understood"
    UNKNOWN_ASSERTION_KIND = "unknown-assertion-kind"
    UNKNOWN_ASSERTION_KEY = "unknown-assertion-key"
    ASSERTION_MISSING = "assertion-missing"
    ASSERTION_WITHOUT_CONTENT = "assertion-without-content"
    BLANK_VARIATION = "blank-variation"
    UNMET_EXPECTATION = "unmet-expectation"

    # The stored suite beside its file.
    STEP_LOST = "step-lost"
    STEP_ADDED = "step-added"
    STEPS_REORDERED = "steps-reordered"
    INPUT_CHANGED = "input-changed"
    EVENT_CHANGED = "event-changed"
    REPLY_LOST = "reply-lost"
    REPLY_ADDED = "reply-added"
    REPLIES_REORDERED = "replies-reordered"
    TEXT_CHANGED = "text-changed"
    ASSERTION_LOST = "assertion-lost"
    VARIATION_LOST = "variation-lost"
    VARIATION_ADDED = "variation-added"
    FORMATTING_CHANGED = "formatting-changed"
    TAGS_CHANGED = "tags-changed"
    DESCRIPTION_CHANGED = "description-changed"

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
    PASSED_BY_MATCHER = "passed-by-matcher"
    FLAKY_STEP = "flaky-step"

    __str__ = str.__str__


class RuleFacts(NamedTuple):
    """What there is to know of a rule.

    Attributes:
        severity: Its severity unless ``kore_rules`` says otherwise.
        about: Which check looks for it: ``lint``, ``structure``, ``comparison`` or ``run``.
        meaning: What is wrong, as one sentence for the documentation.
        fixed: Whether ``kore_rules`` cannot change it, because a run without it would prove nothing.
        many: What is said of many such findings, after "17 more"; by default that they are ones of it.
    """

    severity: Severity
    about: str
    meaning: str
    fixed: bool = False
    many: str = ""


def _facts(
    severity: Severity, about: str, rules: Mapping[Rule, str | tuple[str, str]], *, fixed: bool = False
) -> dict[Rule, RuleFacts]:
    made = {}
    for rule, said in rules.items():
        meaning, many = (said, "") if isinstance(said, str) else said
        made[rule] = RuleFacts(severity, about, meaning, fixed, many)
    return made


_IN_FILES = {
    **_facts(
        ERROR,
        "lint",
        {
            Rule.UNUSABLE_FILE: "The file cannot be read, is no valid JSON or YAML, is too large or holds no"
            " suite.",
            Rule.YAML_KEY: "A key of a YAML file is not known in its place, so the file is not used.",
            Rule.YAML_VALUE: "A value of a YAML file is none that belongs there, or YAML changes it; the file"
            " is not used.",
        },
        fixed=True,
    ),
    **_facts(
        ERROR,
        "lint",
        {
            Rule.DUPLICATE_KEY: "A key stands twice in one object of the file; only the last one counts.",
            Rule.WRONG_TYPE: "A value of the file has another type than the format has there.",
            Rule.SECRET: "The file holds what is surely a secret, e.g. a signed token.",
            Rule.DUPLICATE_SUITE: "Two suites have the same name.",
            Rule.OUTPUT_WITHOUT_TEXT: "An entry of `outputs` says no text to expect.",
        },
    ),
    **_facts(
        WARNING,
        "lint",
        {
            Rule.BYTE_ORDER_MARK: "A byte order mark stands before the JSON.",
            Rule.HALF_CHARACTER: "A text holds half of a character, as a cut emoji leaves it.",
            Rule.POSSIBLE_SECRET: "The file holds what may be a secret.",
            Rule.SPACE_AROUND_NAME: "A suite's name begins or ends with a space.",
            Rule.SLASH_IN_NAME: "A suite's name does not fit in the address by which a suite is run.",
            Rule.CONTROL_CHARACTER_IN_NAME: "A suite's name contains a line break or control character.",
            Rule.AMBIGUOUS_OUTPUT: "An entry of `outputs` has both `contains` and `equals`.",
            Rule.BLANK_EXPECTATION: (
                "An expected text is empty or blank, so nothing is compared with it.",
                "expected texts are blank",
            ),
            Rule.INVALID_TEMPLATE: "An expected text looks like a template but is not valid JSON.",
            Rule.MATCHER_FITS_ALL: (
                "A matcher or step of a YAML file fits every reply, so nothing is tested by it.",
                "matchers fit every reply",
            ),
        },
    ),
    **_facts(
        HINT,
        "lint",
        {
            Rule.UNKNOWN_KEY: "A key is not known in this place of the format.",
            Rule.OLD_FORMAT: "The way to write it is used only by Kore's test runner of 2019.",
            Rule.OTHER_BOT: "The file was exported from another bot than the configured one.",
            Rule.SIMILAR_SUITE: "The names of two suites differ in upper and lower case only.",
            Rule.FIRST_STEP_WITHOUT_EVENT: "The first step has no `Start_Flow` event.",
            Rule.UNKNOWN_EVENT: "A step's event is not `Start_Flow`, the only one that is known.",
        },
    ),
}

_IN_BOTH = {
    **_facts(
        ERROR,
        "lint, structure",
        {
            Rule.SUITE_WITHOUT_STEPS: "The suite has no step, so it can test nothing.",
            Rule.SUITE_WITHOUT_ASSERTION: "No step of the suite asserts anything.",
        },
        fixed=True,
    ),
    **_facts(
        ERROR,
        "lint, structure",
        {
            Rule.SUITE_WITHOUT_NAME: "The suite has no name, by which it is run.",
            Rule.STEP_WITHOUT_INPUT: ("A step does not say what the user says.", "steps have no input"),
        },
    ),
    **_facts(
        WARNING,
        "lint, structure",
        {
            Rule.STEP_WITHOUT_ASSERTION: (
                "A step asserts nothing: whatever the bot answers, it passes.",
                "steps assert nothing",
            )
        },
    ),
}

_IN_STORED = {
    **_facts(
        ERROR,
        "structure",
        {
            Rule.NOT_SUCCESSFUL: "The import did not succeed.",
            Rule.NO_STORED_SUITE: "The import succeeded, but its result brings no stored suite.",
            Rule.TOO_MANY_STEPS: "The stored suite has more steps than are judged.",
            Rule.TOO_MANY_FINDINGS: "There was so much to find that the check stopped.",
            Rule.UNMET_EXPECTATION: "The suite is not what the test states (`kore_suite`, `name=`, …).",
        },
        fixed=True,
    ),
    **_facts(
        ERROR,
        "structure",
        {
            Rule.OTHER_STREAM: "The stored suite belongs to another bot (stream).",
            Rule.STEP_NOT_UNDERSTOOD: (
                "A step or an expected reply has not the documented shape.",
                "places of steps are not understood",
            ),
            Rule.ASSERTION_NOT_UNDERSTOOD: (
                "An assertion has not the documented shape, so nobody knows what it checks.",
                "places of assertions are not understood",
            ),
            Rule.UNKNOWN_ASSERTION_KIND: (
                "An assertion is of a kind that is not documented, so nobody knows what it checks.",
                "assertions are of an unknown kind",
            ),
            Rule.BLANK_VARIATION: (
                "One of several texts of which one has to match is blank, so a step may pass with nothing.",
                "variations are blank",
            ),
        },
    ),
    **_facts(
        WARNING,
        "structure",
        {
            Rule.SUITE_WITHOUT_ID: "The stored suite has no id.",
            Rule.UNKNOWN_ASSERTION_KEY: (
                "An assertion has a key that is not documented: it may change what is checked.",
                "assertions have unknown keys",
            ),
            Rule.ASSERTION_MISSING: (
                "An expected reply has no assertion of a kind, so that is not checked.",
                "assertions are missing",
            ),
            Rule.ASSERTION_WITHOUT_CONTENT: (
                "An assertion is enabled but has no expected value.",
                "assertions have no expected value",
            ),
        },
    ),
}

_IN_COMPARISON = {
    **_facts(
        ERROR,
        "comparison",
        {
            Rule.STEP_LOST: ("A step of the file is not stored.", "steps are lost"),
            Rule.STEP_ADDED: ("A step is stored that the file does not have.", "steps are added"),
            Rule.STEPS_REORDERED: "The steps are stored in another order.",
            Rule.INPUT_CHANGED: ("Another input is stored.", "inputs are changed"),
            Rule.EVENT_CHANGED: ("Another event is stored.", "events are changed"),
            Rule.REPLY_LOST: ("An expected reply of the file is not stored.", "expected replies are lost"),
            Rule.REPLIES_REORDERED: (
                "The expected replies of a step are stored in another order.",
                "steps have their replies in another order",
            ),
            Rule.TEXT_CHANGED: (
                "An expected text of the file is not stored.",
                "expected texts are changed or lost",
            ),
            Rule.ASSERTION_LOST: (
                "An expected text of the file is stored, but nothing is compared with it.",
                "expected texts are not compared",
            ),
            Rule.VARIATION_LOST: (
                "One of several texts that the file accepts is not stored.",
                "variations are lost",
            ),
        },
    ),
    **_facts(
        WARNING,
        "comparison",
        {
            Rule.REPLY_ADDED: (
                "An expected reply is stored that the file does not have.",
                "replies are added",
            ),
            Rule.VARIATION_ADDED: (
                "A text is stored, too, that the file does not have; it may be accepted as well.",
                "texts are added",
            ),
            Rule.FORMATTING_CHANGED: (
                "A text differs in white space or in the formatting of its JSON only.",
                "texts differ in their formatting",
            ),
            Rule.TAGS_CHANGED: "Other tags are stored.",
            Rule.DESCRIPTION_CHANGED: "Another description is stored.",
        },
    ),
}

_IN_RUNS = {
    **_facts(
        ERROR,
        "run",
        {
            Rule.RUN_FAILED: (
                "The platform says that the run failed or was aborted, and no failed step explains it."
            ),
            Rule.STEP_FAILED: "A step failed: an assertion of it, or the platform says so.",
            Rule.RUN_NOT_PASSED: "The platform nowhere says that the run passed.",
            Rule.NOTHING_VERIFIED: "No assertion of any step was judged, or there is no step.",
        },
        fixed=True,
    ),
    **_facts(
        ERROR,
        "run",
        {
            Rule.RUN_OF_ANOTHER_VERSION: (
                "The result is of another version of the bot than the one that was to be run."
            ),
            Rule.OTHER_EXPECTATIONS: (
                "A step was judged by other expectations than those that the import stored."
            ),
            Rule.UNKNOWN_ASSERTION_STATUS: (
                "An assertion has a status, or a switch, that nobody has documented."
            ),
            Rule.PASSED_WITHOUT_REPLY: "An assertion passed on a reply that the bot did not give.",
            Rule.PASSED_TEXT_DIFFERS: (
                "A text assertion passed, but no reply is like an expected text, as with a text marked"
                " dynamic."
            ),
            Rule.FAILED_STEP_IN_PASSED_RUN: "The platform says that the run passed, but a step of it failed.",
            Rule.STEP_NOT_REPORTED: "The platform reported no usable result of a step.",
            Rule.RESULT_WITHOUT_STEP: "The platform reported a result for which the file has no step.",
            Rule.RESULTS_REORDERED: "The results come in another order than the file's steps.",
            Rule.COUNTS_DIFFER: (
                "The platform's counts are not complete, do not add up or do not fit the steps."
            ),
            Rule.CONTRADICTING_STATUS: "Two words of a result contradict each other.",
        },
    ),
    **_facts(
        WARNING,
        "run",
        {
            Rule.UNKNOWN_VERSION: "The result does not say in a known word which version of the bot was run.",
            Rule.RUN_OF_ANOTHER_SUITE: (
                "The result names neither the imported suite nor its draft; how these ids relate is not"
                " documented."
            ),
            Rule.RESULT_OF_ANOTHER_RUN: (
                "The result is of a run that started before this one, or its steps belong to another run."
            ),
            Rule.MORE_EXPECTATIONS: (
                "A step was judged by an assertion that is off in what the import stored."
            ),
            Rule.STEP_NOT_VERIFIED: (
                "A step passed without one judged assertion, or one of its assertions has no result."
            ),
            Rule.UNEXPECTED_REPLY: "The bot gave more replies in a passed step than are expected.",
        },
    ),
    **_facts(
        HINT,
        "run",
        {
            Rule.PASSED_BY_MATCHER: "The platform calls a step failed by its texts alone, and the replies fit"
            " what the YAML file says.",
        },
    ),
}

_IN_RUNS |= _facts(
    WARNING,
    "run",
    {Rule.FLAKY_STEP: "A step failed in one run of its suite and passed in another."},
)

RULES: Mapping[Rule, RuleFacts] = {**_IN_FILES, **_IN_BOTH, **_IN_STORED, **_IN_COMPARISON, **_IN_RUNS}
"""Every rule; a test checks that none is missing."""

REQUIRED_BY_ASSERTIONS = (Rule.STEP_WITHOUT_ASSERTION, Rule.STEP_NOT_VERIFIED)
"""The rules that ``--kore-require-assertions`` makes errors."""


class RuleSettings(Mapping[Rule, Severity]):
    """The severities that ``kore_rules`` chose; frozen. A rule is found by its name, too.

    Args:
        chosen: Severities by rule.
    """

    def __init__(self, chosen: Mapping[Rule, Severity] | None = None) -> None:
        self._chosen = dict(chosen or {})

    def __getitem__(self, rule: Rule | str) -> Severity:
        try:
            return self._chosen[Rule(rule)]
        except ValueError:
            raise KeyError(rule) from None

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._chosen)

    def __len__(self) -> int:
        return len(self._chosen)

    def __hash__(self) -> int:
        return hash(frozenset(self._chosen.items()))

    def __str__(self) -> str:
        return ", ".join(f"{rule} = {severity}" for rule, severity in self.items()) or "per rule"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


DEFAULTS = RuleSettings()
"""Nothing was chosen: each rule has its default severity."""


def severity_of(rule: Rule, chosen: Mapping[Rule, Severity]) -> Severity:
    """Return a rule's severity: the one that ``kore_rules`` chose, else its default."""
    facts = RULES[rule]
    return facts.severity if facts.fixed else chosen.get(rule, facts.severity)
