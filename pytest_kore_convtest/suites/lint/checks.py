"""The checks of a suite file's content: each yields what is wrong or odd, and where."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest import json_positions
from pytest_kore_convtest.json_positions import JsonObject, kind
from pytest_kore_convtest.rules import Rule
from pytest_kore_convtest.suites.file_format import (
    ALL_OF,
    CASE_KEYS,
    CONTAINS,
    EQUALS,
    JSON_WORDS,
    OLD_KEYS,
    ONE_OF,
    START_EVENT,
    STEP_KEYS,
    TOP_KEYS,
    Note,
    Words,
    is_blank,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_OLD = "is used only by Kore's test runner of 2019, so the platform may reject it"
_TEMPLATE = re.compile(r'\s*(?:\{\s*["\']|\[\s*\{|[\[{].*\b(?:template_type|payload)\b)', re.DOTALL)


def judge_content(content: JsonObject, stream_id: str | None, words: Words = JSON_WORDS) -> Iterator[Note]:
    """Judge a file's content, which is an object with a list of suites.

    Args:
        content: The content.
        stream_id: The configured stream, if there is one.
        words: How the file's author writes what is missing.
    """
    yield from _judge_keys(content, (), TOP_KEYS)
    yield from _judge_optional_texts(content, (), ("botId", "botName"))
    bot_id = content.get("botId")
    if stream_id and isinstance(bot_id, str) and bot_id and bot_id != stream_id:
        said = (
            f"is not the configured stream {stream_id}: export from the configured bot, unless you promote"
            " the suite from another bot"
        )
        yield Note(Rule.OTHER_BOT, ("botId",), said)
    for number, case in enumerate(content["testCases"]):
        here = ("testCases", number)
        if isinstance(case, dict):
            yield from _judge_case(case, here, words)
        else:
            said = f'is {kind(case)}, not a suite: write {{"name": "…", "messages": […]}}'
            yield Note(Rule.WRONG_TYPE, here, said)


def _judge_case(case: dict[str, object], path: json_positions.Path, words: Words) -> Iterator[Note]:
    yield from _judge_keys(case, path, CASE_KEYS)
    yield from _judge_name(case.get("name"), (*path, "name"), words)
    yield from _judge_optional_texts(case, path, ("description", "preprocessor"))
    tags = case.get("tags")
    if tags is not None and not isinstance(tags, list):
        yield Note(
            Rule.WRONG_TYPE, (*path, "tags"), f'is {kind(tags)}, not a list of strings: write e.g. ["smoke"]'
        )
    for number, tag in enumerate(tags if isinstance(tags, list) else []):
        if not isinstance(tag, str):
            said = f'is {kind(tag)}, not a string: write it in quotes, e.g. "smoke"'
            yield Note(Rule.WRONG_TYPE, (*path, "tags", number), said)
    yield from _judge_steps(case.get("messages"), (*path, "messages"), words)


def _judge_name(name: object, path: json_positions.Path, words: Words) -> Iterator[Note]:
    if not isinstance(name, str) or not name.strip():
        what = "is missing" if name is None else "is empty" if isinstance(name, str) else f"is {kind(name)}"
        said = f"{what}, but a suite is run by its name: write {words.name}"
        yield Note(Rule.SUITE_WITHOUT_NAME, path, said)
        return
    if name != name.strip():
        said = "starts or ends with a space, which may be lost in the import: remove it"
        yield Note(Rule.SPACE_AROUND_NAME, path, said)
    if "/" in name or "\\" in name or name.strip() in {".", ".."}:
        said = "cannot be in the URL that runs the suite: remove the slashes; '.' and '..' are not allowed"
        yield Note(Rule.SLASH_IN_NAME, path, said)
    if any(letter < " " or letter == "\x7f" for letter in name):
        said = "contains a line break or control character: remove it"
        yield Note(Rule.CONTROL_CHARACTER_IN_NAME, path, said)


def _judge_steps(steps: object, path: json_positions.Path, words: Words) -> Iterator[Note]:
    if not isinstance(steps, list) or not steps:
        what = "missing" if steps is None else kind(steps) if steps != [] else "empty"
        said = f"is {what}, so the suite tests nothing: write {words.steps}"
        yield Note(Rule.SUITE_WITHOUT_STEPS, path, said)
        return
    first = steps[0]
    if isinstance(first, dict) and not first.get("event"):
        said = f"the first step has no {words.event}, which starts the conversation: add it"
        yield Note(Rule.FIRST_STEP_WITHOUT_EVENT, (*path, 0), said)
    for number, step in enumerate(steps):
        yield from _judge_step(step, (*path, number), words)
    if not any(_expects(step) for step in steps):
        said = f"no step asserts anything, so the suite passes whatever the bot says: write {words.outputs}"
        yield Note(Rule.SUITE_WITHOUT_ASSERTION, path, said, at_key=True)


def _expects(step: object) -> bool:
    """Say whether a step has a text to compare with, however it is written."""
    outputs = step.get("outputs") if isinstance(step, dict) else None
    return isinstance(outputs, list) and _has_text(outputs)


def _has_text(expected: object) -> bool:
    if isinstance(expected, dict):
        pairs = ((CONTAINS, EQUALS), (ONE_OF, ALL_OF))
        return any(_has_text(expected.get(one if one in expected else other)) for one, other in pairs)
    if isinstance(expected, list):
        return any(map(_has_text, expected))
    return isinstance(expected, str) and not is_blank(expected)


def _judge_step(step: object, path: json_positions.Path, words: Words) -> Iterator[Note]:
    if not isinstance(step, dict):
        said = f'is {kind(step)}, not a step: write {{"input": "…", "outputs": [{{"contains": "…"}}]}}'
        yield Note(Rule.WRONG_TYPE, path, said)
        return
    yield from _judge_keys(step, path, STEP_KEYS)
    said_by_user, event, outputs = (step.get(key) for key in STEP_KEYS)
    if not isinstance(said_by_user, str) or not said_by_user.strip():
        what = "missing" if said_by_user is None else "empty" if said_by_user == "" else "blank"
        what = what if said_by_user is None or isinstance(said_by_user, str) else kind(said_by_user)
        said = f"is {what}: write what the user says, {words.input}"
        yield Note(Rule.STEP_WITHOUT_INPUT, (*path, "input"), said)
    yield from _judge_optional_texts(step, path, ("event",))
    if isinstance(event, str) and event not in {"", START_EVENT}:
        said = f"is not a known event: write {START_EVENT}, the only one"
        yield Note(Rule.UNKNOWN_EVENT, (*path, "event"), said)
    yield from _judge_outputs(outputs, (*path, "outputs"), words)


def _judge_outputs(outputs: object, path: json_positions.Path, words: Words) -> Iterator[Note]:
    if outputs is None or outputs == []:
        what = "missing" if outputs is None else "empty"
        said = f"is {what}, so the step asserts nothing: write {words.outputs}"
        yield Note(Rule.STEP_WITHOUT_ASSERTION, path, said)
        return
    if not isinstance(outputs, list):
        yield Note(Rule.WRONG_TYPE, path, f'is {kind(outputs)}, not a list: write [{{"contains": "…"}}]')
        return
    notes = (note for number, output in enumerate(outputs) for note in _judge_output(output, (*path, number)))
    if _has_text(outputs):
        yield from notes
        return
    rule = Rule.STEP_WITHOUT_ASSERTION  # said once: the first blank text stands for the step
    for note in notes:
        if note.rule == Rule.BLANK_EXPECTATION:
            yield note._replace(rule=rule)
            rule = Rule.BLANK_EXPECTATION
        else:
            yield note


def _judge_output(output: object, path: json_positions.Path) -> Iterator[Note]:
    if isinstance(output, str):
        yield Note(Rule.OLD_FORMAT, path, f'a bare string {_OLD}: write {{"contains": "…"}}')
        yield from _judge_expected_text(output, path)
        return
    if not isinstance(output, dict):
        said = f'is {kind(output)}, not an expected reply: write {{"contains": "…"}}'
        yield Note(Rule.WRONG_TYPE, path, said)
        return
    yield from _judge_keys(output, path, (CONTAINS, EQUALS))
    if EQUALS in output:
        yield Note(Rule.OLD_FORMAT, (*path, EQUALS), f"{_OLD}: write 'contains' instead", at_key=True)
    if CONTAINS in output and EQUALS in output:
        yield Note(Rule.AMBIGUOUS_OUTPUT, path, "has both 'contains' and 'equals': remove one")
    if CONTAINS not in output and EQUALS not in output:
        yield Note(Rule.OUTPUT_WITHOUT_TEXT, path, 'has no expected text: write {"contains": "…"}')
    for key in (key for key in (CONTAINS, EQUALS) if key in output):
        yield from _judge_expected(output[key], (*path, key))


def _judge_expected(expected: Any, path: json_positions.Path) -> Iterator[Note]:
    if isinstance(expected, str):
        yield from _judge_expected_text(expected, path)
        return
    choice = [key for key in (ONE_OF, ALL_OF) if isinstance(expected, dict) and key in expected]
    if not choice:
        how = (
            "write the template as one string of escaped JSON"
            if isinstance(expected, dict)
            else "write it in quotes"
        )
        how = 'write one {"contains": "…"} per reply' if isinstance(expected, list) else how
        said = f"is {kind(expected)}, not a string: {how}"
        yield Note(Rule.WRONG_TYPE, path, said)
        return
    yield from _judge_keys(expected, path, (ONE_OF, ALL_OF))
    for key in choice:
        here, texts = (*path, key), expected[key]
        yield Note(Rule.OLD_FORMAT, here, f"{_OLD}: write a single string", at_key=True)
        if not isinstance(texts, list) or not texts:
            said = "is empty" if texts == [] else f"is {kind(texts)}, not a list"
            said += ": write a list of strings"
            yield Note(Rule.WRONG_TYPE, here, said)
            continue
        for number, text in enumerate(texts):
            if isinstance(text, str):
                yield from _judge_expected_text(text, (*here, number))
            else:
                yield Note(
                    Rule.WRONG_TYPE, (*here, number), f"is {kind(text)}, not a string: write it in quotes"
                )


def _judge_expected_text(text: str, path: json_positions.Path) -> Iterator[Note]:
    if is_blank(text):
        said = "is empty, so nothing is checked: write what the bot answers"
        yield Note(Rule.BLANK_EXPECTATION, path, said)
    if not _TEMPLATE.match(text):
        return
    try:
        json_positions.load(text)
    except json_positions.JsonError as bad:
        # Not an error: how the platform writes parts that are marked as dynamic is not documented.
        said = f"looks like a template but is not valid JSON ({bad}), so it is compared as plain text"
        said += ": correct the JSON"
        yield Note(Rule.INVALID_TEMPLATE, path, said)


def _judge_keys(
    holder: dict[str, object], path: json_positions.Path, known: tuple[str, ...]
) -> Iterator[Note]:
    for key in holder:
        if key in OLD_KEYS:
            yield Note(Rule.OLD_FORMAT, (*path, key), f"{_OLD}: remove it", at_key=True)
        elif key not in known:
            near = _guess_key(key[:40], known)
            advice = f"did you mean '{near}'?" if near else "remove it, unless it comes from an export"
            said = f"is not a known key here: {advice}"
            yield Note(Rule.UNKNOWN_KEY, (*path, key), said, at_key=True)


@lru_cache(maxsize=64)
def _guess_key(key: str, known: tuple[str, ...]) -> str:
    return next(iter(get_close_matches(key, known, 1)), "")


def _judge_optional_texts(
    holder: dict[str, object], path: json_positions.Path, keys: tuple[str, ...]
) -> Iterator[Note]:
    for key in keys:
        value = holder.get(key)
        if value is not None and not isinstance(value, str):
            yield Note(Rule.WRONG_TYPE, (*path, key), f"is {kind(value)}, not a string: write it in quotes")
