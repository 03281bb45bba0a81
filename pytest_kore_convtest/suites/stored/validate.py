"""Judge an imported suite: shape and strength.

Works on the reply as it came, so that a broken suite is described place by place
instead of being refused as a whole. All findings are gathered, none is raised here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.api import models
from pytest_kore_convtest.errors import ImportFailedError, StructureError
from pytest_kore_convtest.findings import apply_rules, count, find, summarize
from pytest_kore_convtest.rules import DEFAULTS, ERROR, REQUIRED_BY_ASSERTIONS, Rule, RuleSettings
from pytest_kore_convtest.suites.file_format import is_blank
from pytest_kore_convtest.text import are, plural, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.rules import Severity

MOST_STEPS = 100_000
"""Steps of a stored suite that are judged: twice as many as a file of 2 MB can hold with a text to expect."""

_BLOCKS = ("flowLevel", "text", "context")
_BLOCK_KEYS = frozenset({"enabled", "contains", "status", "_id"})
_TEXT_KEYS = frozenset({"text", "status", "_id"})
_MOST_SHOWN = 60
_LONGEST = 400
_MOST_LOGS_SHOWN = 20
MOST_LOGS = 1_000
"""Entries of the platform's log that are kept."""

_NO_STEP_ASSERTS = "no step asserts anything, so the suite passes whatever the bot says"


@dataclass(frozen=True)
class Expectations:
    """What a suite has to be; ``None`` means "anything".

    Attributes:
        stream_id: The bot it belongs to.
        name: Its name.
        steps: How many steps it has.
        inputs: What the user says, step by step.
        tags: Tags that it has to have, among others.
        rules: The severities that were chosen.
    """

    stream_id: str | None = None
    name: str | None = None
    steps: int | None = None
    inputs: tuple[str, ...] | None = None
    tags: frozenset[str] | None = None
    rules: Mapping[Rule, Severity] = DEFAULTS


def expect(
    stated: Mapping[str, Any] | None = None,
    *,
    stream_id: str | None,
    rules: Mapping[Rule, Severity] = DEFAULTS,
    require_assertions: bool = False,
) -> Expectations:
    """Make expectations from what a marker or a caller states: ``name``, ``steps``, ``inputs``, ``tags``.

    ``None`` means "anything"; inputs have an order, so they are a list or a tuple. Asserting may be
    required apart from ``rules``, which know it already when they come from the settings.

    Raises:
        TypeError: Something stated is unknown or of the wrong type.
    """
    checks: Mapping[str, tuple[str, Callable[[object], bool]]] = {
        "name": ("a string", lambda value: isinstance(value, str)),
        "steps": ("a number of steps", lambda value: isinstance(value, int) and not isinstance(value, bool)),
        "inputs": ("a list of strings", lambda value: _are_texts(value, list, tuple)),
        "tags": ("a set of strings", lambda value: _are_texts(value, list, tuple, set, frozenset)),
    }
    stated = stated or {}
    for key, value in stated.items():
        if key not in checks:
            raise TypeError(f"unknown expectation {key!r}: known are {', '.join(checks)}")
        if value is not None and not checks[key][1](value):
            raise TypeError(f"expectation {key}={value!r} is not {checks[key][0]}")
    required = dict.fromkeys(REQUIRED_BY_ASSERTIONS, ERROR) if require_assertions else {}
    inputs, tags = stated.get("inputs"), stated.get("tags")
    return Expectations(
        stream_id=stream_id,
        name=stated.get("name"),
        steps=stated.get("steps"),
        inputs=None if inputs is None else tuple(inputs),
        tags=None if tags is None else frozenset(tags),
        rules=RuleSettings({**rules, **required}),
    )


def _are_texts(value: object, *kinds: type[Iterable[object]]) -> bool:
    return isinstance(value, kinds) and all(isinstance(one, str) for one in value)


def judge(status: ImportStatus, expectations: Expectations) -> list[Finding]:
    """Return everything there is to say about a completed import, worst first."""
    return apply_rules(_find_all(status, expectations), expectations.rules)


def _find_all(status: ImportStatus, expectations: Expectations) -> Iterator[Finding]:
    if status.meaning != models.SUCCEEDED:
        yield find(
            Rule.NOT_SUCCESSFUL, f"is {printable(status.sent_status, _LONGEST)}, not SUCCESS", "$.status"
        )
        return
    suite = status.raw.get("response")
    if not isinstance(suite, dict) or not suite:
        said = f"is {_kind(suite)}, but a successful import returns the stored suite: import it again"
        yield find(Rule.NO_STORED_SUITE, said, "$.response")
        return
    yield from _judge_suite(suite, expectations)
    if len(_steps(suite)) <= MOST_STEPS:
        yield from _judge_steps(suite)
    yield from _judge_expectations(suite, expectations)


def _judge_suite(suite: Mapping[str, object], expectations: Expectations) -> Iterator[Finding]:
    name, stream_id = suite.get("name"), suite.get("streamId")
    if not isinstance(name, str) or not name.strip():
        said = f"is {_shown(name)}, but a suite is run by its name: write one in the file"
        yield find(Rule.SUITE_WITHOUT_NAME, said, "$.response.name")
    if expectations.stream_id is not None and stream_id != expectations.stream_id:
        said = f"is {_shown(stream_id)}, not the configured stream {expectations.stream_id}"
        yield find(Rule.OTHER_STREAM, said, "$.response.streamId")
    if not isinstance(suite.get("_id"), str):
        said = f"is {_shown(suite.get('_id'))}, not the stored suite's id"
        yield find(Rule.SUITE_WITHOUT_ID, said, "$.response._id")
    steps, path = suite.get("testSteps"), "$.response.testSteps"
    if not isinstance(steps, list):
        yield find(Rule.SUITE_WITHOUT_STEPS, f"is {_kind(steps)}, not a list of steps", path)
    elif not steps:
        said = "is empty, so the suite tests nothing"
        yield find(Rule.SUITE_WITHOUT_STEPS, said, path)
    elif len(steps) > MOST_STEPS:
        said = f"has more than {MOST_STEPS:,} steps ({len(steps):,}), so no step is checked: split the suite"
        yield find(Rule.TOO_MANY_STEPS, said, path)


def _judge_steps(suite: Mapping[str, object]) -> Iterator[Finding]:
    steps = _steps(suite)
    asserting = False
    for number, step in enumerate(steps):
        path = f"$.response.testSteps[{number}]"
        if not isinstance(step, dict):
            yield find(Rule.STEP_NOT_UNDERSTOOD, f"is {_kind(step)}, not a step", path, step=number + 1)
            continue
        yield from _judge_step(step, path)
        if asserts(step):
            asserting = True
        else:
            said = f"step {number + 1} ({_shown(step.get('input'))}) asserts nothing"
            yield find(Rule.STEP_WITHOUT_ASSERTION, said, path, step=number + 1)
    if steps and not asserting:
        yield find(Rule.SUITE_WITHOUT_ASSERTION, _NO_STEP_ASSERTS, "$.response.testSteps")


def _judge_step(step: Mapping[str, object], path: str) -> Iterator[Finding]:
    said_by_user = step.get("input")
    if not isinstance(said_by_user, str) or not said_by_user:
        said = f"is {_shown(said_by_user)}, not a string: write what the user says"
        yield find(Rule.STEP_WITHOUT_INPUT, said, f"{path}.input")
    outputs = step.get("outputs")
    if not isinstance(outputs, list):
        said = f"is {_kind(outputs)}, not a list of expected replies"
        yield find(Rule.STEP_NOT_UNDERSTOOD, said, f"{path}.outputs")
        return
    for number, output in enumerate(outputs):
        yield from _judge_output(output, f"{path}.outputs[{number}]")


def _judge_output(output: object, path: str) -> Iterator[Finding]:
    if not isinstance(output, dict):
        yield find(Rule.STEP_NOT_UNDERSTOOD, f"is {_kind(output)}, not an expected reply", path)
        return
    if not isinstance(output.get("text", ""), (str, type(None))):
        yield find(Rule.STEP_NOT_UNDERSTOOD, f"is {_kind(output['text'])}, not a string", f"{path}.text")
    assertions, path = output.get("assertions"), f"{path}.assertions"
    if assertions is None:
        yield find(Rule.ASSERTION_MISSING, "is missing: this reply is not checked", path)
        return
    if not isinstance(assertions, dict):
        said = f"is {_kind(assertions)}, not an object with {', '.join(_BLOCKS)}, so it cannot be checked"
        yield find(Rule.ASSERTION_NOT_UNDERSTOOD, said, path)
        return
    for name in _BLOCKS:
        yield from _judge_block(assertions.get(name), f"{path}.{name}", name)
    for name in (name for name in assertions if name not in _BLOCKS):
        said = (
            f"{_shown(name)} is not a known kind of assertion ({', '.join(_BLOCKS)}), so it cannot be checked"
        )
        yield find(Rule.UNKNOWN_ASSERTION_KIND, said, path)


def _judge_block(block: object, path: str, name: str) -> Iterator[Finding]:
    if block is None:
        yield find(Rule.ASSERTION_MISSING, "is missing", path)
        return
    if not isinstance(block, dict):
        said = f"is {_kind(block)}, not an assertion, so it cannot be checked"
        yield find(Rule.ASSERTION_NOT_UNDERSTOOD, said, path)
        return
    if not isinstance(block.get("enabled"), bool):
        said = f"is {_shown(block.get('enabled'))}, neither true nor false"
        yield find(Rule.ASSERTION_NOT_UNDERSTOOD, said, f"{path}.enabled")
    yield from _judge_keys(block, path, _BLOCK_KEYS)
    contains, path = block.get("contains"), f"{path}.contains"
    if not isinstance(contains, list):
        said = f"is {_kind(contains)}, not a list of expected values"
        yield find(Rule.ASSERTION_NOT_UNDERSTOOD, said, path)
        return
    is_on = block.get("enabled") is True
    has_content = _has_content(name, contains)
    for number, entry in enumerate(contains):
        here = f"{path}[{number}]"
        if not isinstance(entry, dict):
            said = f"is {_kind(entry)}, not an expected value"
            yield find(Rule.ASSERTION_NOT_UNDERSTOOD, said, here)
        elif name == "text":
            yield from _judge_text(entry, here, is_variation=is_on and has_content)
    if is_on and not has_content:
        yield find(
            Rule.ASSERTION_WITHOUT_CONTENT, "is enabled but has no expected value, so it checks nothing", path
        )


def _judge_text(entry: Mapping[str, object], path: str, *, is_variation: bool) -> Iterator[Finding]:
    text = entry.get("text")
    if not isinstance(text, str):
        yield find(Rule.ASSERTION_NOT_UNDERSTOOD, f"is {_kind(text)}, not a string", f"{path}.text")
    elif is_variation and is_blank(text):
        said = "is blank, but one match among several texts is enough, so an empty reply may pass: remove it"
        yield find(Rule.BLANK_VARIATION, said, f"{path}.text")
    yield from _judge_keys(entry, path, _TEXT_KEYS)


def _judge_keys(holder: Mapping[str, object], path: str, known: frozenset[str]) -> Iterator[Finding]:
    for key in (key for key in holder if key not in known):
        said = f"has the key {_shown(key)}, which is undocumented and may change what is checked"
        yield find(Rule.UNKNOWN_ASSERTION_KEY, said, path)


def asserts(step: Mapping[str, object]) -> bool:
    """Say whether a step compares anything: an enabled assertion of a known kind, with content."""
    outputs = step.get("outputs")
    blocks = (
        (name, output["assertions"].get(name))
        for output in (outputs if isinstance(outputs, list) else [])
        if isinstance(output, dict) and isinstance(output.get("assertions"), dict)
        for name in _BLOCKS
    )
    return any(
        isinstance(block, dict) and block.get("enabled") is True and _has_content(name, block.get("contains"))
        for name, block in blocks
    )


def _has_content(name: str, contains: object) -> bool:
    """Say whether an assertion has something to compare with: a blank text is nothing."""
    entries = contains if isinstance(contains, list) else []
    return any(isinstance(entry, dict) and _is_filled(name, entry) for entry in entries)


def _is_filled(name: str, entry: Mapping[str, object]) -> bool:
    if name == "text":
        text = entry.get("text")
        return isinstance(text, str) and not is_blank(text)
    values = (value for key, value in entry.items() if key not in {"status", "_id"})
    return any(not is_blank(value) if isinstance(value, str) else bool(value) for value in values)


def _judge_expectations(suite: Mapping[str, object], wanted: Expectations) -> Iterator[Finding]:
    steps = _steps(suite)
    if wanted.name is not None and suite.get("name") != wanted.name:
        said = f"is {_shown(suite.get('name'))}, but {wanted.name!r} is expected"
        yield find(Rule.UNMET_EXPECTATION, said, "$.response.name")
    if wanted.steps is not None and len(steps) != wanted.steps:
        said = f"has {plural(len(steps), 'step')}, but {are(wanted.steps)} expected"
        yield find(Rule.UNMET_EXPECTATION, said, "$.response.testSteps")
    if wanted.tags is not None:
        tags = suite.get("tags")
        has = {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()
        if missing := sorted(wanted.tags - has):
            found = printable(", ".join(map(repr, sorted(has))), _LONGEST) or "none"
            said = f"lacks the tags {', '.join(map(repr, missing))}; it has {found}"
            yield find(Rule.UNMET_EXPECTATION, said, "$.response.tags")
    if wanted.inputs is not None:
        yield from _judge_inputs(steps, wanted.inputs)


def _judge_inputs(steps: list[object], wanted: tuple[str, ...]) -> Iterator[Finding]:
    for number in range(max(len(steps), len(wanted))):
        path = f"$.response.testSteps[{number}]"
        step = steps[number] if number < len(steps) else None
        found = step.get("input") if isinstance(step, dict) else None
        if number >= len(wanted):
            said = f"step {number + 1} ({_shown(found)}) is not expected"
        elif number >= len(steps):
            said = f"is missing, but the input {wanted[number]!r} is expected"
        elif found != wanted[number]:
            path, said = f"{path}.input", f"is {_shown(found)}, but {wanted[number]!r} is expected"
        else:
            continue
        yield find(Rule.UNMET_EXPECTATION, said, path, step=number + 1)


def _steps(suite: Mapping[str, object]) -> list[object]:
    steps = suite.get("testSteps")
    return steps if isinstance(steps, list) else []


def _kind(value: object) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "true or false",
        type(None): "missing or null",
    }
    return names.get(type(value), "a number")


def _shown(value: object) -> str:
    if isinstance(value, str):
        return quoted(value, _MOST_SHOWN) if value else "empty"
    return _kind(value)


def verdict(status: ImportStatus, findings: list[Finding]) -> ImportFailedError | StructureError | None:
    """Return the error that a completed import deserves, or ``None``."""
    if status.meaning == models.FAILED:
        return _import_failed(status)
    errors = [finding for finding in findings if finding.severity == ERROR]
    if not errors:
        return None
    suite, total = status.raw.get("response"), count(errors)
    name = suite.get("name") if isinstance(suite, dict) else None
    said = "\n".join(f"  {line}" for line in summarize(errors))
    return StructureError(
        f"{total:,} {'findings' if total > 1 else 'finding'} in the stored suite"
        f" ({f'{_shown(name)}, ' if name and isinstance(name, str) else ''}import job {status.id}):\n{said}",
        job_id=status.id,
        findings=[finding.to_data() for finding in findings],
    )


def _import_failed(status: ImportStatus) -> ImportFailedError:
    logs = read_logs(status.status_logs)
    shown = logs[:_MOST_LOGS_SHOWN]
    if len(status.status_logs) > len(shown):
        more = len(status.status_logs) - len(shown)
        shown.append(f"and {more:,} more {'entry' if more == 1 else 'entries'}, see the JSON report")
    first, *rest = shown or ["the platform logged nothing"]
    said = "\n  ".join([f"{first} (import job {status.id})", *rest])
    return ImportFailedError(
        f"the platform rejected the import: {printable(status.sent_status, _LONGEST)}; its log: {said}",
        job_id=status.id,
        status=status.status,
        status_logs=logs,
    )


def read_logs(entries: list[object], longest: int = _LONGEST) -> list[str]:
    """Return the entries of a log as lines; the last of very many says how many are left out."""
    lines = [log_line(entry, longest) for entry in entries[:MOST_LOGS]]
    left = len(entries) - len(lines)
    return [*lines, f"and {left:,} more {'entry' if left == 1 else 'entries'}, left out"] if left else lines


def log_line(entry: object, longest: int = _LONGEST) -> str:
    """Read one entry of ``statusLogs``; sibling APIs name its parts differently."""
    if not isinstance(entry, dict):
        return printable(str(entry), longest)
    parts = [
        str(entry[key])
        for key in ("status", "taskType", "taskName", "comments", "message", "msg")
        if entry.get(key)
    ]
    return printable(": ".join(parts) or str(entry), longest)
