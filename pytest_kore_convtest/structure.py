"""Judge an imported suite: shape and strength.

Works on the reply as it came, so that a broken suite is described place by place
instead of being refused as a whole. All findings are gathered, none is raised here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest import models
from pytest_kore_convtest.errors import ImportFailedError, StructureError
from pytest_kore_convtest.text import one_line, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_kore_convtest.models import ImportStatus

ERROR, WARNING = "error", "warning"

_BLOCKS = ("flowLevel", "text", "context")
_MOST_SHOWN = 60
_LONGEST = 400


@dataclass(frozen=True)
class Finding:
    """One thing about a suite that somebody should know.

    Attributes:
        path: Where, as a JSON path into the reply.
        message: What, as a sentence.
        severity: ``ERROR`` fails the suite, ``WARNING`` does not.
    """

    path: str
    message: str
    severity: str = ERROR

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


@dataclass(frozen=True)
class Expectations:
    """What a suite has to be; ``None`` means "anything".

    Attributes:
        stream_id: The bot it belongs to.
        name: Its name.
        steps: How many steps it has.
        inputs: What the user says, step by step.
        tags: Tags that it has to have, among others.
        require_assertions: Whether a step that asserts nothing is an error.
    """

    stream_id: str | None = None
    name: str | None = None
    steps: int | None = None
    inputs: tuple[str, ...] | None = None
    tags: frozenset[str] | None = None
    require_assertions: bool = False


def expect(*, stream_id: str | None, require_assertions: bool = False, **stated: Any) -> Expectations:
    """Make expectations from what a marker or a caller states: ``name``, ``steps``, ``inputs``, ``tags``.

    ``None`` means "anything"; inputs have an order, so they are a list or a tuple.

    Raises:
        TypeError: Something stated is unknown or of the wrong type.
    """
    checks: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
        "name": ("a text", lambda value: isinstance(value, str)),
        "steps": ("a number of steps", lambda value: isinstance(value, int) and not isinstance(value, bool)),
        "inputs": ("a list of texts", lambda value: _are_texts(value, list, tuple)),
        "tags": ("a set of texts", lambda value: _are_texts(value, list, tuple, set, frozenset)),
    }
    for key, value in stated.items():
        if key not in checks:
            raise TypeError(f"unknown expectation {key!r}: known are {', '.join(checks)}")
        if value is not None and not checks[key][1](value):
            raise TypeError(f"expectation {key}={value!r} is not {checks[key][0]}")
    inputs, tags = stated.pop("inputs", None), stated.pop("tags", None)
    return Expectations(
        stream_id=stream_id,
        require_assertions=require_assertions,
        inputs=None if inputs is None else tuple(inputs),
        tags=None if tags is None else frozenset(tags),
        **stated,
    )


def _are_texts(value: Any, *kinds: type[Iterable[Any]]) -> bool:
    return isinstance(value, kinds) and all(isinstance(one, str) for one in value)


def judge(status: ImportStatus, expectations: Expectations) -> list[Finding]:
    """Return everything there is to say about a completed import, worst first."""
    if status.meaning != models.SUCCEEDED:
        return [Finding("$.status", f"is {printable(status.status, _LONGEST)}, not SUCCESS")]
    suite = status.raw.get("response")
    if not isinstance(suite, dict) or not suite:
        return [Finding("$.response", f"is {_kind(suite)}: a success has to bring the stored suite")]
    findings = [*_judge_suite(suite, expectations), *_judge_steps(suite, expectations)]
    findings += _judge_expectations(suite, expectations)
    return sorted(findings, key=lambda finding: finding.severity != ERROR)


def _judge_suite(suite: Mapping[str, Any], expectations: Expectations) -> Iterator[Finding]:
    name, stream_id = suite.get("name"), suite.get("streamId")
    if not isinstance(name, str) or not name.strip():
        yield Finding("$.response.name", f"is {_shown(name)}: a suite is run by its name, so it needs one")
    if expectations.stream_id is not None and stream_id != expectations.stream_id:
        yield Finding(
            "$.response.streamId", f"is {_shown(stream_id)}, not our stream {expectations.stream_id}"
        )
    if not isinstance(suite.get("_id"), str):
        yield Finding("$.response._id", f"is {_shown(suite.get('_id'))}, not the stored suite's id", WARNING)
    steps = suite.get("testSteps")
    if not isinstance(steps, list):
        yield Finding("$.response.testSteps", f"is {_kind(steps)}, not a list of steps")
    elif not steps:
        yield Finding("$.response.testSteps", "is empty: the suite has no step, so it can test nothing")


def _judge_steps(suite: Mapping[str, Any], expectations: Expectations) -> Iterator[Finding]:
    steps = _steps(suite)
    asserting = 0
    for number, step in enumerate(steps):
        path = f"$.response.testSteps[{number}]"
        if not isinstance(step, dict):
            yield Finding(path, f"is {_kind(step)}, not a step")
            continue
        yield from _judge_step(step, path)
        if asserts(step):
            asserting += 1
        else:
            severity = ERROR if expectations.require_assertions else WARNING
            yield Finding(path, f"step {number + 1} ({_shown(step.get('input'))}) asserts nothing", severity)
    if steps and not asserting:
        yield Finding(
            "$.response.testSteps", "no step asserts anything: this suite would pass whatever the bot says"
        )


def _judge_step(step: Mapping[str, Any], path: str) -> Iterator[Finding]:
    if not isinstance(step.get("input"), str) or not step["input"]:
        yield Finding(f"{path}.input", f"is {_shown(step.get('input'))}, not what a user says")
    outputs = step.get("outputs")
    if not isinstance(outputs, list):
        yield Finding(f"{path}.outputs", f"is {_kind(outputs)}, not a list of expected replies")
        return
    if not outputs:
        yield Finding(f"{path}.outputs", "is empty: no reply of the bot is expected", WARNING)
    for number, output in enumerate(outputs):
        yield from _judge_output(output, f"{path}.outputs[{number}]")


def _judge_output(output: Any, path: str) -> Iterator[Finding]:
    if not isinstance(output, dict):
        yield Finding(path, f"is {_kind(output)}, not an expected reply")
        return
    if not isinstance(output.get("text", ""), (str, type(None))):
        yield Finding(f"{path}.text", f"is {_kind(output['text'])}, not a text")
    assertions = output.get("assertions")
    if assertions is None:
        yield Finding(f"{path}.assertions", "is missing: this reply is not checked", WARNING)
        return
    if not isinstance(assertions, dict):
        yield Finding(f"{path}.assertions", f"is {_kind(assertions)}, not the blocks {', '.join(_BLOCKS)}")
        return
    for name in _BLOCKS:
        yield from _judge_block(assertions.get(name), f"{path}.assertions.{name}")


def _judge_block(block: Any, path: str) -> Iterator[Finding]:
    if block is None:
        yield Finding(path, "is missing", WARNING)
        return
    if not isinstance(block, dict):
        yield Finding(path, f"is {_kind(block)}, not an assertion")
        return
    if not isinstance(block.get("enabled"), bool):
        yield Finding(f"{path}.enabled", f"is {_shown(block.get('enabled'))}, neither true nor false")
    contains = block.get("contains")
    if not isinstance(contains, list):
        yield Finding(f"{path}.contains", f"is {_kind(contains)}, not a list of what to compare with")
        return
    for number, entry in enumerate(contains):
        if not isinstance(entry, dict):
            yield Finding(f"{path}.contains[{number}]", f"is {_kind(entry)}, not an entry to compare with")
        elif path.endswith(".text") and not isinstance(entry.get("text"), str):
            yield Finding(f"{path}.contains[{number}].text", f"is {_kind(entry.get('text'))}, not a text")
    if block.get("enabled") is True and not _has_content(path.rpartition(".")[2], contains):
        yield Finding(f"{path}.contains", "is enabled but has nothing to compare with", WARNING)


def asserts(step: Mapping[str, Any]) -> bool:
    """Say whether a step compares anything: one enabled assertion with something to compare."""
    outputs = step.get("outputs")
    blocks = (
        (name, block)
        for output in (outputs if isinstance(outputs, list) else [])
        if isinstance(output, dict) and isinstance(output.get("assertions"), dict)
        for name, block in output["assertions"].items()
        if isinstance(block, dict)
    )
    return any(
        block.get("enabled") is True and _has_content(name, block.get("contains")) for name, block in blocks
    )


def _has_content(name: str, contains: Any) -> bool:
    """Say whether an assertion has something to compare with: an empty text is nothing."""
    entries = [entry for entry in contains if isinstance(entry, dict)] if isinstance(contains, list) else []
    if name == "text":
        return any(isinstance(entry.get("text"), str) and entry["text"].strip() for entry in entries)
    return any(value for entry in entries for key, value in entry.items() if key not in {"status", "_id"})


def _judge_expectations(suite: Mapping[str, Any], wanted: Expectations) -> Iterator[Finding]:
    steps = _steps(suite)
    if wanted.name is not None and suite.get("name") != wanted.name:
        yield Finding("$.response.name", f"is {_shown(suite.get('name'))}, expected {wanted.name!r}")
    if wanted.steps is not None and len(steps) != wanted.steps:
        yield Finding("$.response.testSteps", f"has {len(steps)} steps, expected {wanted.steps}")
    if wanted.tags is not None:
        tags = suite.get("tags")
        has = {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()
        if missing := sorted(wanted.tags - has):
            found = printable(", ".join(map(repr, sorted(has))), _LONGEST) or "none"
            yield Finding(
                "$.response.tags", f"lacks {', '.join(map(repr, missing))}; the suite's tags: {found}"
            )
    if wanted.inputs is not None:
        yield from _judge_inputs(steps, wanted.inputs)


def _judge_inputs(steps: list[Any], wanted: tuple[str, ...]) -> Iterator[Finding]:
    for number in range(max(len(steps), len(wanted))):
        path = f"$.response.testSteps[{number}]"
        step = steps[number] if number < len(steps) else None
        found = step.get("input") if isinstance(step, dict) else None
        if number >= len(wanted):
            yield Finding(path, f"step {number + 1} ({_shown(found)}) was not expected")
        elif number >= len(steps):
            yield Finding(path, f"is missing: expected the input {wanted[number]!r}")
        elif found != wanted[number]:
            yield Finding(f"{path}.input", f"is {_shown(found)}, expected {wanted[number]!r}")


def _steps(suite: Mapping[str, Any]) -> list[Any]:
    steps = suite.get("testSteps")
    return steps if isinstance(steps, list) else []


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        type(None): "missing or null",
    }
    return names.get(type(value), "a number")


def _shown(value: Any) -> str:
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
    lines = "\n".join(f"  {one_line(str(finding))}" for finding in errors)
    suite = status.raw.get("response")
    name = suite.get("name") if isinstance(suite, dict) else None
    return StructureError(
        f"import job {status.id}: {len(errors)} thing{'s are' if len(errors) > 1 else ' is'} wrong with the"
        f" stored suite{f' {_shown(name)}' if name and isinstance(name, str) else ''}:\n{lines}",
        job_id=status.id,
        findings=[asdict(finding) for finding in findings],
    )


def _import_failed(status: ImportStatus) -> ImportFailedError:
    logs = [log_line(entry) for entry in status.status_logs]
    said = "\n  ".join(logs) or "the platform logged nothing"
    word = printable(status.status, _LONGEST)
    return ImportFailedError(
        f"the platform rejected import job {status.id}: {word}; its log: {said}",
        job_id=status.id,
        status=status.status,
        status_logs=logs,
    )


def log_line(entry: Any) -> str:
    """Read one entry of ``statusLogs``; sibling APIs name its parts differently."""
    if not isinstance(entry, dict):
        return printable(str(entry), _LONGEST)
    parts = [
        str(entry[key])
        for key in ("status", "taskType", "taskName", "comments", "message", "msg")
        if entry.get(key)
    ]
    return printable(": ".join(parts) or str(entry), _LONGEST)
