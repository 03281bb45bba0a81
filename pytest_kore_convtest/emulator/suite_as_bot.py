"""Take a suite file for a bot: it answers each input as the file expects.

A file in YAML or an export of the platform's UI; of replies that vary, the first alternative or the example.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .runs import Turns, read_bot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SUITE_KEYS = ("suites", "testCases")
"""What holds the suites in a file that people write, and in an export."""

_KINDS = ("text", "template", "example", "any", "contains", "equals", "oneOf", "allOf")
"""Where the text of an expected reply can stand, the likeliest to be said first."""
_STEP_KEYS = {"event", "user", "bot", "more"}
"""What a step has in a file that people write."""

_MISSING = object()


def read_suites(data: Mapping[str, object]) -> dict[str, object]:
    """Return a bot script: for each input what the suites expect, turn by turn.

    Raises:
        ValueError: A suite is no suite, or two suites expect different replies to one input.
    """
    found: dict[str, list[list[object]]] = {}
    for key in SUITE_KEYS:
        for suite in _list(data.get(key), f"'{key}'"):
            for said, turns in _read_suite(suite).items():
                if found.setdefault(said, turns) != turns:
                    raise ValueError(
                        f"two suites expect different replies to {said[:60]!r}: leave one of the suites out"
                    )
    return {said: _answer(turns) for said, turns in found.items()}


def _answer(turns: list[list[object]]) -> object:
    if all(turn == turns[0] for turn in turns):
        return turns[0]
    read = [read_bot({"": turn})[""] for turn in turns]
    return Turns([turn for turn in read if isinstance(turn, list)])


def _read_suite(suite: object) -> dict[str, list[list[object]]]:
    if not isinstance(suite, dict):
        raise ValueError("a suite is not an object: write name and steps")  # noqa: TRY004 - one error
    turns: dict[str, list[list[object]]] = {}
    for step in _list(suite.get("steps", suite.get("messages")), "'steps'"):
        if not isinstance(step, dict):
            raise ValueError("a step is not an object: write user and bot")  # noqa: TRY004 - the same
        if "steps" in suite and (odd := step.keys() - _STEP_KEYS):
            raise ValueError(f"a step has the unknown key {min(map(str, odd))[:60]!r}: write user and bot")
        said = step.get("user", step.get("input", step.get("event")))
        if not isinstance(said, str):
            raise ValueError("a step has no text that the user says: write user")  # noqa: TRY004 - the same
        turns.setdefault(said, []).append(list(_read_replies(step.get("bot", step.get("outputs")))))
    return turns


def _read_replies(replies: object) -> Iterator[object]:
    for reply in [] if replies is None else replies if isinstance(replies, list) else [replies]:
        text = _read_reply(reply)
        if text is not _MISSING:
            yield text


def _read_reply(reply: object) -> object:
    """Return the text or template of an expected reply."""
    if not isinstance(reply, dict):
        return reply
    for kind in _KINDS:
        if kind in reply:
            inner = reply[kind]
            if kind == "template":
                return inner
            return _read_reply(inner[0] if isinstance(inner, list) and inner else inner)
    return _MISSING


def _list(value: object, name: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name} is not a list")  # noqa: TRY004 - the same
    return value
