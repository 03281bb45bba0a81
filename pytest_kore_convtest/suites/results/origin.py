"""Find out whether a result is this run's: its version, its suite and its expectations."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.rules import Rule
from pytest_kore_convtest.suites.align import align
from pytest_kore_convtest.suites.diff import around, brief, canonical
from pytest_kore_convtest.suites.results.verification import KINDS
from pytest_kore_convtest.suites.versions import explain_version, read_version
from pytest_kore_convtest.text import are, as_list, as_text, plural, squeeze
from pytest_kore_convtest.text import one_line as visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.api.run_models import RunStatus, RunStep
    from pytest_kore_convtest.rules import Severity

_LONGEST_TEXT, _LONGEST_ID = 70, 60
_DISABLED = "is disabled in the result, but enabled in the stored suite"
_ENABLED = "is enabled in the result, but disabled in the stored suite"
_SLACK, _SLACK_OF_UNKNOWN_CLOCK = timedelta(minutes=5), timedelta(days=1)
"""How much earlier than ours the platform's start may be, with its clock known and not."""

_RUN_ID = re.compile(r"ctr-[0-9A-Za-z-]+")


@dataclass(frozen=True)
class RunRequest:
    """What was asked for, as far as somebody knows.

    Attributes:
        version: ``"published"`` or ``"inDevelopment"``; empty when nobody knows.
        imported: The import that stored the suite.
        begun_at: When the run was asked for, in seconds since the epoch.
        clock_skew: By how many seconds the platform's clock is ahead of ours; ``None`` when not seen.
        rules: The chosen severities.
    """

    version: str = ""
    imported: ImportStatus | None = None
    begun_at: float | None = None
    clock_skew: float | None = None
    rules: Mapping[Rule, Severity] = field(default_factory=dict)


class Difference(NamedTuple):
    """One way in which a step's expectations are not those that were stored."""

    rule: Rule
    message: str
    expected: str = ""
    actual: str = ""


def check_origin(status: RunStatus, request: RunRequest) -> Iterator[tuple[Rule, str]]:
    """Yield what speaks against a result being that of the run that was asked for."""
    yield from _check_version(status.version, request.version)
    yield from _check_suite(status.test_suite_id, request.imported)
    yield from _check_start(status, request)
    yield from _check_ids(status)


def _check_version(word: str, asked: str) -> Iterator[tuple[Rule, str]]:
    if not asked:
        return
    told = read_version(word)
    if not told:
        said = "does not report which version it ran"
        if word:
            said = f"reports {visible(word)[:_LONGEST_ID]!r} as the version it ran"
        yield Rule.UNKNOWN_VERSION, f"the platform {said}, but {asked} was requested"
    elif told != asked:
        yield (
            Rule.RUN_OF_ANOTHER_VERSION,
            f"the platform ran the version {explain_version(visible(word))}, but {asked} was requested",
        )


def _check_suite(found: str, imported: ImportStatus | None) -> Iterator[tuple[Rule, str]]:
    known = (
        {imported.test_suite_id, imported.suite.id if imported.suite else ""} - {""} if imported else set()
    )
    if found and known and found not in known:
        shown = visible(found)[:_LONGEST_ID]
        named = " or ".join(sorted(visible(one)[:_LONGEST_ID] for one in known))
        said = f"the result belongs to the suite {shown}, neither the imported suite nor its draft ({named})"
        yield Rule.RUN_OF_ANOTHER_SUITE, said


def _check_start(status: RunStatus, request: RunRequest) -> Iterator[tuple[Rule, str]]:
    began = read_moment(_dict(status.raw.get("result")).get("startTime"))
    if began is None or request.begun_at is None:
        return
    asked = datetime.fromtimestamp(request.begun_at + (request.clock_skew or 0), timezone.utc)
    slack = _SLACK_OF_UNKNOWN_CLOCK if request.clock_skew is None else _SLACK
    if began < asked - slack:
        said = f"before this one ({asked:%Y-%m-%d %H:%M:%S} UTC by the platform's clock)"
        started = f"{began:%Y-%m-%d %H:%M:%S} UTC"
        yield Rule.RESULT_OF_ANOTHER_RUN, f"the result is of a run that started at {started}, {said}"


def read_moment(text: object) -> datetime | None:
    """Read a time of the platform; ``None`` for nonsense."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _check_ids(status: RunStatus) -> Iterator[tuple[Rule, str]]:
    """Find steps whose request id, which begins with the run's in every sample, names another run."""
    results = _dict(status.raw.get("result")).get("executionResults")
    ids = [_dict(entry).get("requestId") for entry in (results if isinstance(results, list) else [])]
    others = [one for one in ids if isinstance(one, str) and _RUN_ID.fullmatch(one)]
    others = [one for one in others if not one.startswith(status.id)]
    if others:
        steps = f"{len(others)} {'step belongs' if len(others) == 1 else 'steps belong'}"
        yield Rule.RESULT_OF_ANOTHER_RUN, f"{steps} to another run: {others[0][:_LONGEST_ID]}"


def compare_expectations(
    results: Sequence[RunStep], imported: ImportStatus | None
) -> dict[int, list[Difference]]:
    """Compare what steps were judged by with what the import stored.

    Returns:
        By the 0-based index of a result, how its expectations differ; nothing of what does not.
    """
    response = imported.raw.get("response") if imported else None
    stored = [_dict(step) for step in as_list(_dict(response).get("testSteps"))]
    if not stored:
        return {}
    found = align(
        [squeeze(as_text(step.get("input"))) for step in stored], [squeeze(one.input) for one in results]
    )
    differing = {}
    for first, second in [*found.same, *found.moved]:
        if several := list(_compare_step(stored[first], results[second])):
            differing[second] = several
    return differing


def _compare_step(stored: Mapping[str, object], result: RunStep) -> Iterator[Difference]:
    if not result.is_readable:
        return
    event = stored.get("event") or ""
    if result.event and result.event != event:
        said = f"the step was started by the event '{_cut(result.event)}', not {_say(event)}"
        yield Difference(Rule.OTHER_EXPECTATIONS, said)
    outputs = [_dict(output) for output in as_list(stored.get("outputs"))]
    if len(outputs) != len(result.expectations):
        replies = plural(len(result.expectations), "reply", "replies")
        said = f"the result expects {replies}, but {are(len(outputs))} stored"
        yield Difference(Rule.OTHER_EXPECTATIONS, said)
    for number, (ours, theirs) in enumerate(zip(outputs, result.expectations, strict=False), start=1):
        blocks, judged = _dict(ours.get("assertions")), _dict(theirs.get("assertions"))
        for kind in dict.fromkeys([*KINDS, *blocks]):
            before, after = _dict(blocks.get(kind)), _dict(judged.get(kind))
            name = f"{KINDS.get(kind) or visible(kind)[:_LONGEST_ID]} assertion of reply {number}"
            if kind == "text":
                yield from _compare_text(_Text.read(ours, before), _Text.read(theirs, after), name)
            else:
                yield from _compare_block(before, after, name)


class _Text(NamedTuple):
    """A text assertion: what it compares with, and all its texts, by their form without layout."""

    on: bool
    compared: dict[str, str]
    texts: dict[str, str]

    @classmethod
    def read(cls, output: Mapping[str, object], block: Mapping[str, object]) -> _Text:
        entries = [_dict(entry).get("text") for entry in as_list(block.get("contains"))]
        compared = {canonical(text): text for text in entries if isinstance(text, str) and text}
        own = output.get("text")
        texts = {canonical(own): own, **compared} if isinstance(own, str) and own else compared
        return cls(block.get("enabled") is True, compared, texts)


def _compare_text(stored: _Text, judged: _Text, name: str) -> Iterator[Difference]:
    if not stored.on:
        if judged.on:
            yield Difference(Rule.MORE_EXPECTATIONS, f"the {name} {_ENABLED}")
        return
    if not judged.on:
        lost = next(iter(stored.texts.values()), "")
        yield Difference(Rule.OTHER_EXPECTATIONS, f"the {name} {_DISABLED}", lost)
        return
    for ours, theirs in ((stored.compared, judged.compared), (stored.texts, judged.texts)):
        lost = next((text for key, text in ours.items() if key not in theirs), "")
        added = next((text for key, text in theirs.items() if key not in ours), "")
        if lost or added:
            yield Difference(Rule.OTHER_EXPECTATIONS, _say_changed(name, lost, added), lost, added)
            return


def _say_changed(name: str, lost: str, added: str) -> str:
    if not added:
        return f"the {name} does not expect '{_cut(lost)}' in the result, but it is stored"
    if not lost:
        return f"the {name} also expects '{_cut(added)}' in the result, but it is not stored"
    ours, theirs = around(lost, added, _LONGEST_TEXT)
    return f"the {name} expects '{theirs}' in the result, but '{ours}' is stored"


def _compare_block(
    stored: Mapping[str, object], judged: Mapping[str, object], name: str
) -> Iterator[Difference]:
    was_on, is_on = stored.get("enabled") is True, judged.get("enabled") is True
    if was_on and not is_on:
        yield Difference(Rule.OTHER_EXPECTATIONS, f"the {name} {_DISABLED}")
    elif is_on and not was_on:
        yield Difference(Rule.MORE_EXPECTATIONS, f"the {name} {_ENABLED}")
    elif is_on and _entries(stored) != _entries(judged):
        if _entries(stored):
            yield Difference(
                Rule.OTHER_EXPECTATIONS,
                f"the {name} has another expected value in the result than in the stored suite",
            )
        else:
            said = f"the {name} has an expected value in the result, but none in the stored suite"
            yield Difference(Rule.MORE_EXPECTATIONS, said)


def _entries(block: Mapping[str, object]) -> frozenset[str]:
    """Return what an assertion compares with, without what a run or the database adds to it."""
    bare = [
        {key: value for key, value in entry.items() if key not in {"status", "_id"}}
        if isinstance(entry, dict)
        else entry
        for entry in as_list(block.get("contains"))
    ]
    return frozenset(json.dumps(entry, sort_keys=True) for entry in bare)


def _say(event: object) -> str:
    return f"by '{_cut(event)}'" if isinstance(event, str) and event else "by what the user says"


def _cut(text: str) -> str:
    return brief(text, _LONGEST_TEXT)


def _dict(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
