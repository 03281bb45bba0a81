"""Tell one exchange of a conversation, as plain text for the bot's developer.

What the user and the bot said is foreign text: control characters and escape
sequences are shown, not obeyed.
"""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING

from pytest_kore_convtest.api.run_models import FAILED, PASSED, variations
from pytest_kore_convtest.suites.diff import brief, closest, data, is_template, mark, words
from pytest_kore_convtest.text import block as harmless
from pytest_kore_convtest.text import one_line as visible
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_kore_convtest.api.models import Assertion, Assertions, Output
    from pytest_kore_convtest.api.run_models import RunStep

_KINDS = ("text", "flow", "context")
_LABEL = 10
_LONGEST_TEXT = 1500
_LONGEST_VALUE = 200
_LONGEST_BRIEF = 100
_MOST_DIFFERENCES = 15
_MOST_EXCHANGES = 10

SILENCE = "(nothing: the bot did not answer)"
UNEXPECTED = "(nothing: this reply is not expected)"


def tell_replies(step: RunStep) -> Iterator[str]:
    """Tell what was expected, what the bot answered, and each assertion; what is in order briefly."""
    count = max(len(step.outputs), len(step.replies))
    rows = zip_longest(step.outputs, step.replies, step.checks)
    for number, (output, reply, check) in enumerate(rows, start=1):
        if _is_fine(output, reply, check):
            yield f"reply {number} of {count}: as expected: {brief(reply.text, _LONGEST_BRIEF)}"
            continue
        yield f"reply {number} of {count}"
        yield from _indent(_tell_texts(output, reply, check))
        if output is not None:
            yield from _indent(_tell_check(kind, getattr(check, kind), reply) for kind in _KINDS)
    if not count:
        yield "no reply is expected, and the bot gave none"


def _is_fine(output: Output | None, reply: Output | None, check: Assertions) -> bool:
    if output is None or reply is None:
        return False
    blocks = [getattr(check, kind) for kind in _KINDS]
    enabled = [block for block in blocks if block.enabled]
    return bool(enabled) and all(block.status == PASSED for block in enabled)


def _tell_texts(output: Output | None, reply: Output | None, check: Assertions) -> Iterator[str]:
    if output is None or reply is None:
        yield from field("expected", UNEXPECTED if output is None else _whole(variations(output)[0]))
        yield from field("actual", SILENCE if reply is None else _whole(reply.text))
        return
    several = variations(output)
    expected = closest(reply.text, several)
    if len(several) > 1:
        yield f"(the closest of {len(several)} variations is shown, one match is enough)"
    if check.text.status == PASSED:
        yield from field("expected", _whole(expected))
        yield from field("actual", _whole(reply.text))
    else:
        yield from tell_difference(expected, reply.text)


def tell_difference(expected: str, actual: str) -> Iterator[str]:
    """Tell how two replies differ: templates by path, texts by word."""
    if is_template(expected) and is_template(actual):
        yield from _tell_data(expected, actual)
    elif is_template(expected) or is_template(actual):
        for label, text in (("expected", expected), ("actual", actual)):
            kind = "a template" if is_template(text) else "a text"
            yield from field(label, f"{kind}: {_whole(text)}")
    else:
        for label, text in zip(("expected", "actual"), mark(words(expected, actual)), strict=True):
            yield from field(label, _limit(text, _LONGEST_TEXT) or '""')
        if expected == actual:
            yield "(both texts are the same, character by character)"


def _tell_data(expected: str, actual: str) -> Iterator[str]:
    found = data(expected, actual)
    yield from field("expected", brief(expected, _LONGEST_BRIEF))
    yield from field("actual", brief(actual, _LONGEST_BRIEF))
    if not found:
        same = expected == actual
        yield "(both are the same)" if same else "(the same data; only the formatting of the JSON differs)"
    for path, old, new in found[:_MOST_DIFFERENCES]:
        yield f"at {visible(path)}"
        yield from _indent(field("expected", _limit(visible(old), _LONGEST_VALUE)))
        yield from _indent(field("actual", _limit(visible(new), _LONGEST_VALUE)))
    if len(found) > _MOST_DIFFERENCES:
        yield f"and {plural(len(found) - _MOST_DIFFERENCES, 'more difference')}"


def _tell_check(kind: str, block: Assertion, reply: Output | None) -> str:
    if not block.enabled:
        return f"{kind:{_LABEL}}off"
    said = f"{kind:{_LABEL}}{(block.status or 'no result').upper()}"
    several = len(block.expected) > 1
    wanted = [] if kind == "text" else [_tell_entry(entry, several=several) for entry in block.expected]
    if wanted:
        said += f", expected {'; '.join(filter(None, wanted)) or 'nothing'}"
    if kind == "flow" and reply is not None:
        said += f"; the bot was at {_tell_entry({'nodeId': reply.node_id}) or 'no node'}"
    return said


def _tell_entry(entry: object, *, several: bool = False) -> str:
    """Tell what a flow or context assertion compares with; the keys are the platform's."""
    if not isinstance(entry, dict):
        return brief(json.dumps(entry, ensure_ascii=False), _LONGEST_VALUE)
    parts = []
    for key, value in entry.items():
        if key in {"_id", "status"} or value in ("", [], None):
            continue
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        parts.append(f"{visible(key)} {_limit(visible(shown), _LONGEST_BRIEF)}")
    failed = several and str(entry.get("status", "")).lower() == FAILED
    return ", ".join(parts) + (" (failed)" if failed and parts else "")


def tell_transcript(steps: Sequence[RunStep]) -> Iterator[str]:
    """Tell the last exchanges of a conversation, one line for each thing said."""
    hidden = len(steps) - _MOST_EXCHANGES
    if hidden > 0:
        yield f"({hidden} earlier {'exchange' if hidden == 1 else 'exchanges'})"
    for step in steps[-_MOST_EXCHANGES:]:
        yield from field("user", brief(step.input, _LONGEST_BRIEF))
        for text in step.actual or [SILENCE]:
            yield from field("bot", brief(text, _LONGEST_BRIEF))


def field(label: str, text: str) -> Iterator[str]:
    """Put a label before a text; further lines of the text stand under its first one."""
    first, *more = text.split("\n")
    yield f"{label:{_LABEL}}{first}".rstrip()
    yield from (f"{'':{_LABEL}}{line}".rstrip() for line in more)


def spoken(text: str) -> str:
    """Show a text as it was said, line by line; an empty one as quotes."""
    return _limit(harmless(text), _LONGEST_TEXT) or '""'


def _indent(lines: Iterator[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _whole(text: str) -> str:
    return brief(text, _LONGEST_TEXT) if is_template(text) else spoken(text)


def _limit(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
