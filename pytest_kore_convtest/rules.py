"""What a suite file may say: the words of the format, and what is wrong or odd about a file's content.

An error is what cannot work: it cannot be used, or says less than it seems to. A
warning is what will probably surprise. A hint is what nobody has documented,
because the format is known from real files only.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_kore_convtest import positions
from pytest_kore_convtest.positions import kind

if TYPE_CHECKING:
    from collections.abc import Iterator

ERROR, WARNING, HINT = "error", "warning", "hint"

CONTAINS, ONE_OF, ALL_OF, EQUALS, BARE = "contains", "oneOf", "allOf", "equals", "bare"
"""How a file says what to expect; all but the first are known from Kore's runner of 2019 only."""

START_EVENT = "Start_Flow"
"""The event of the step that stands for the user's arrival; no other is known."""

_TOP_KEYS = ("botId", "botName", "testCases")
_CASE_KEYS = ("name", "description", "tags", "preprocessor", "messages")
_STEP_KEYS = ("input", "event", "outputs")
_OLD_KEYS = frozenset({"welcomeMessageCount", "discardMessage", "discardBefore"})
_OLD = "is known from Kore's runner of 2019 only, the platform may refuse it"
_TEMPLATE = re.compile(r'\s*(?:\{\s*["\']|\[\s*\{|[\[{].*\b(?:template_type|payload)\b)', re.DOTALL)


class Note(NamedTuple):
    """A finding before its place is looked up.

    Attributes:
        path: The node.
        message: What is wrong with it and what to write instead.
        severity: ``ERROR``, ``WARNING`` or ``HINT``.
        at_key: Whether the place of its key is meant.
    """

    path: positions.Path
    message: str
    severity: str = ERROR
    at_key: bool = False


def judge_content(content: dict[str, Any], stream_id: str | None) -> Iterator[Note]:
    """Judge a file's content, which is an object with a list of suites.

    Args:
        content: The content.
        stream_id: The configured stream, if there is one.
    """
    yield from _judge_keys(content, (), _TOP_KEYS)
    yield from _judge_optional_texts(content, (), ("botId", "botName"))
    bot_id = content.get("botId")
    if stream_id and isinstance(bot_id, str) and bot_id and bot_id != stream_id:
        said = f"is not the configured stream {stream_id}: right for a promotion, else export from that bot"
        yield Note(("botId",), said, HINT)
    for number, case in enumerate(content["testCases"]):
        here = ("testCases", number)
        if isinstance(case, dict):
            yield from _judge_case(case, here)
        else:
            yield Note(here, f'is {kind(case)}, not a suite: write {{"name": "…", "messages": […]}}')


def _judge_case(case: dict[str, Any], path: positions.Path) -> Iterator[Note]:
    yield from _judge_keys(case, path, _CASE_KEYS)
    yield from _judge_name(case.get("name"), (*path, "name"))
    yield from _judge_optional_texts(case, path, ("description", "preprocessor"))
    tags = case.get("tags")
    if tags is not None and not isinstance(tags, list):
        yield Note((*path, "tags"), f'is {kind(tags)}, not a list of texts: write e.g. ["smoke"]')
    for number, tag in enumerate(tags if isinstance(tags, list) else []):
        if not isinstance(tag, str):
            yield Note((*path, "tags", number), f'is {kind(tag)}, not a text: write it in quotes, "smoke"')
    yield from _judge_steps(case.get("messages"), (*path, "messages"))


def _judge_name(name: Any, path: positions.Path) -> Iterator[Note]:
    if not isinstance(name, str) or not name.strip():
        what = "is missing" if name is None else "is empty" if isinstance(name, str) else f"is {kind(name)}"
        yield Note(path, f'{what}: a suite is run by its name: write "name": "…"')
        return
    if name != name.strip():
        yield Note(path, "begins or ends with a blank, which is easily lost on the way: remove it", WARNING)
    if "/" in name or "\\" in name or name.strip() in {".", ".."}:
        said = "does not fit in the address by which a suite is run: write it without slashes, not . or .."
        yield Note(path, said, WARNING)
    if any(letter < " " or letter == "\x7f" for letter in name):
        yield Note(path, "has a line break or control character in it: remove it", WARNING)


def _judge_steps(steps: Any, path: positions.Path) -> Iterator[Note]:
    if not isinstance(steps, list) or not steps:
        what = "missing" if steps is None else kind(steps) if steps != [] else "empty"
        said = f'is {what}: a suite without steps can test nothing: write "messages": [{{"input": "…", …}}]'
        yield Note(path, said)
        return
    first = steps[0]
    if isinstance(first, dict) and not first.get("event"):
        said = f'the first step has no "event": "{START_EVENT}", which stands for the user\'s arrival'
        yield Note((*path, 0), said, HINT)
    for number, step in enumerate(steps):
        yield from _judge_step(step, (*path, number))
    if not any(_expects(step) for step in steps):
        said = 'no step expects anything, so the suite can test nothing: write "outputs": [{"contains": "…"}]'
        yield Note(path, said, at_key=True)


def _expects(step: Any) -> bool:
    """Say whether a step has a text to compare with, however it is written."""
    outputs = step.get("outputs") if isinstance(step, dict) else None
    return isinstance(outputs, list) and _has_text(outputs)


def _has_text(expected: Any) -> bool:
    if isinstance(expected, dict):
        return any(_has_text(expected.get(key)) for key in (CONTAINS, EQUALS, ONE_OF, ALL_OF))
    if isinstance(expected, list):
        return any(map(_has_text, expected))
    return isinstance(expected, str) and bool(expected.strip())


def _judge_step(step: Any, path: positions.Path) -> Iterator[Note]:
    if not isinstance(step, dict):
        said = f'is {kind(step)}, not a step: write {{"input": "…", "outputs": [{{"contains": "…"}}]}}'
        yield Note(path, said)
        return
    yield from _judge_keys(step, path, _STEP_KEYS)
    said_by_user, event, outputs = (step.get(key) for key in _STEP_KEYS)
    if not isinstance(said_by_user, str) or not said_by_user.strip():
        what = "missing" if said_by_user is None else "empty" if said_by_user == "" else "blank"
        what = what if said_by_user is None or isinstance(said_by_user, str) else kind(said_by_user)
        yield Note((*path, "input"), f'is {what}: write what the user says, "input": "…"')
    yield from _judge_optional_texts(step, path, ("event",))
    if isinstance(event, str) and event not in {"", START_EVENT}:
        yield Note((*path, "event"), f"is not {START_EVENT}, the only event that is known", HINT)
    yield from _judge_outputs(outputs, (*path, "outputs"))


def _judge_outputs(outputs: Any, path: positions.Path) -> Iterator[Note]:
    if outputs is None or outputs == []:
        what = "missing" if outputs is None else "empty"
        said = f'is {what}, so the step expects nothing: write "outputs": [{{"contains": "…"}}]'
        yield Note(path, said, WARNING)
    elif not isinstance(outputs, list):
        yield Note(path, f'is {kind(outputs)}, not a list: write [{{"contains": "…"}}]')
    for number, output in enumerate(outputs if isinstance(outputs, list) else []):
        yield from _judge_output(output, (*path, number))


def _judge_output(output: Any, path: positions.Path) -> Iterator[Note]:
    if isinstance(output, str):
        yield Note(path, f'a bare text {_OLD}: write {{"contains": "…"}}', HINT)
        yield from _judge_expected_text(output, path)
        return
    if not isinstance(output, dict):
        yield Note(path, f'is {kind(output)}, not an expected reply: write {{"contains": "…"}}')
        return
    yield from _judge_keys(output, path, (CONTAINS, EQUALS))
    if EQUALS in output:
        yield Note((*path, EQUALS), f"{_OLD}: write 'contains' instead", HINT, at_key=True)
    if CONTAINS in output and EQUALS in output:
        yield Note(path, "has both 'contains' and 'equals': remove one", WARNING)
    if CONTAINS not in output and EQUALS not in output:
        yield Note(path, 'says no expected text: write {"contains": "…"}')
    for key in (key for key in (CONTAINS, EQUALS) if key in output):
        yield from _judge_expected(output[key], (*path, key))


def _judge_expected(expected: Any, path: positions.Path) -> Iterator[Note]:
    if isinstance(expected, str):
        yield from _judge_expected_text(expected, path)
        return
    choice = [key for key in (ONE_OF, ALL_OF) if isinstance(expected, dict) and key in expected]
    if not choice:
        how = "write a template as one JSON text" if isinstance(expected, dict) else "write it in quotes"
        how = 'write one {"contains": "…"} per reply' if isinstance(expected, list) else how
        said = f"is {kind(expected)}, not a text: {how}"
        yield Note(path, said)
        return
    yield from _judge_keys(expected, path, (ONE_OF, ALL_OF))
    for key in choice:
        here, texts = (*path, key), expected[key]
        yield Note(here, f"{_OLD}: write one expected text", HINT, at_key=True)
        if not isinstance(texts, list) or not texts:
            yield Note(here, f"is {'empty' if texts == [] else kind(texts)}: write a list of texts")
            continue
        for number, text in enumerate(texts):
            if isinstance(text, str):
                yield from _judge_expected_text(text, (*here, number))
            else:
                yield Note((*here, number), f"is {kind(text)}, not a text: write it in quotes")


def _judge_expected_text(text: str, path: positions.Path) -> Iterator[Note]:
    if not text.strip():
        yield Note(path, "is empty, so nothing is compared: write what the bot answers", WARNING)
    if not _TEMPLATE.match(text):
        return
    try:
        positions.load(text)
    except positions.JsonError as bad:
        # Not an error: how the platform writes parts that are marked as dynamic is not documented.
        said = f"looks like a template but is no JSON: {bad}; the platform compares it letter by letter"
        yield Note(path, said, WARNING)


def _judge_keys(holder: dict[str, Any], path: positions.Path, known: tuple[str, ...]) -> Iterator[Note]:
    for key in holder:
        if key in _OLD_KEYS:
            yield Note((*path, key), f"{_OLD}: remove it", HINT, at_key=True)
        elif key not in known:
            near = _guess_key(key[:40], known)
            advice = f"did you mean '{near}'?" if near else "remove it, unless the platform wrote it"
            yield Note((*path, key), f"is no key that is known here: {advice}", HINT, at_key=True)


@lru_cache(maxsize=64)
def _guess_key(key: str, known: tuple[str, ...]) -> str:
    return next(iter(get_close_matches(key, known, 1)), "")


def _judge_optional_texts(
    holder: dict[str, Any], path: positions.Path, keys: tuple[str, ...]
) -> Iterator[Note]:
    for key in keys:
        value = holder.get(key)
        if value is not None and not isinstance(value, str):
            yield Note((*path, key), f"is {kind(value)}, not a text: write it in quotes")
