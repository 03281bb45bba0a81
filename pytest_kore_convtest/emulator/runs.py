"""Let the bot talk through a stored suite and judge every reply."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .suites import build_output, steps_of

if TYPE_CHECKING:
    from .nodes import Definition


class Turns(NamedTuple):
    """What the bot answers to an input that comes several times in one conversation; the last stays."""

    replies: list[list[str]]


class Runs(NamedTuple):
    """What the bot answers in each run of a suite; the last stays, ``None`` is what the suite expects."""

    replies: list[list[str] | None]


Answer: TypeAlias = list[str] | Turns | Runs
Bot = Mapping[str, Answer]
_NLP = "v3"
_LONGEST_SHOWN = 60
_RUNS = "runs"
"""The only key of an object that says what is answered in each run, and is no template."""


def read_bot(replies: Mapping[str, object]) -> dict[str, Answer]:
    """Return a bot script in one shape; a single reply may stand alone, a template may be an object.

    Raises:
        ValueError: It is no mapping of inputs to replies.
    """
    if not isinstance(replies, Mapping) or not all(isinstance(key, str) for key in replies):
        raise ValueError('a bot script maps inputs to lists of replies, e.g. {"hello": ["Hi!"]}')
    return {said: _read_answer(said, answer) for said, answer in replies.items()}


def _read_answer(said: str, answer: object) -> Answer:
    if isinstance(answer, Turns | Runs):
        return answer
    if isinstance(answer, dict) and [*answer] == [_RUNS]:
        entries = answer[_RUNS]
        if not isinstance(entries, list) or not entries:
            raise ValueError(
                f"what {said[:_LONGEST_SHOWN]!r} is answered in each run is no list of replies: write"
                ' e.g. {"runs": ["Sorry?", null]}, where null is what the suite expects'
            )
        return Runs(
            [None if entry is None else [_text(said, reply) for reply in _listed(entry)] for entry in entries]
        )
    return [_text(said, reply) for reply in _listed(answer)]


def _listed(answer: object) -> list[object]:
    return answer if isinstance(answer, list) else [answer]


def _text(said: str, reply: object) -> str:
    if isinstance(reply, str):
        return reply
    if not isinstance(reply, (dict, list)):
        raise ValueError(  # noqa: TRY004 - one error for callers
            f"a reply to {said[:_LONGEST_SHOWN]!r} is neither a text nor a template: put it in quotes,"
            " or write [] for a bot that stays silent"
        )
    try:
        return json.dumps(reply, ensure_ascii=False, separators=(",", ":"))
    except TypeError as bad:
        raise ValueError(f"a reply to {said[:_LONGEST_SHOWN]!r} is no JSON: {bad}") from None


def execute(
    suite: dict[str, object], bot: Bot, run_id: str, definition: Definition | None = None, *, before: int = 0
) -> list[dict[str, object]]:
    """Return the execution results of all steps of a suite, with their nodes where these are known.

    An input that the bot has no script for is answered as the suite expects.

    Args:
        suite: The stored suite.
        bot: What the bot answers.
        run_id: The run's id.
        definition: The bot's export, if there is one.
        before: How many runs of the suite were started before this one.
    """
    results, turns = [], Counter[str]()
    for index, step in enumerate(steps_of(suite)):
        answer = bot.get(step["input"])
        if isinstance(answer, Turns):
            answer = answer.replies[min(turns[step["input"]], len(answer.replies) - 1)]
        elif isinstance(answer, Runs):
            answer = answer.replies[min(before, len(answer.replies) - 1)]
        turns[step["input"]] += 1
        results.append(_run_step(step, answer, f"{run_id}{index}"))
    if definition is not None:
        _name_nodes(results, definition)
    return results


def _name_nodes(results: list[dict[str, Any]], definition: Definition) -> None:
    """Write into each reply which node of the bot it comes from."""
    walk = definition.walk()
    for result in results:
        for reply in result["actualOutput"]:
            reply.update(walk.place(reply["text"]))


def _run_step(step: dict[str, Any], said: list[str] | None, request_id: str) -> dict[str, Any]:
    expected = copy.deepcopy(step["outputs"])
    replies = [output["text"] for output in expected] if said is None else said
    judged = [_judge(output, replies[i] if i < len(replies) else None) for i, output in enumerate(expected)]
    passed = all(judged) and len(replies) <= len(expected)
    result = {
        "actualOutput": [_actual(expected, i, text) for i, text in enumerate(replies)],
        "intents": [],
        "faqs": [],
        "smalltalk": [],
        "input": step["input"],
        "outputs": expected,
        "requestId": request_id,
        "nlpVersion": _NLP,
        "status": _status(passed),
    }
    return {**result, "event": step["event"]} if "event" in step else result


def _judge(output: dict[str, Any], reply: str | None) -> bool:
    """Write the verdict into the expected output; return it."""
    # The documented sample carries this mark on a step that passed: it compares with the first text only.
    if reply != output["text"]:
        output["textMismatch"] = True
    text = output["assertions"]["text"]
    if not text["enabled"]:
        return reply is not None
    for entry in text["contains"]:
        entry["status"] = _status(entry["text"] == reply)
    passed = any(entry["status"] == "passed" for entry in text["contains"])
    text["status"] = _status(passed)
    return passed


def _actual(expected: list[dict[str, object]], index: int, text: str) -> dict[str, object]:
    if index >= len(expected):
        return {**build_output([]), "text": text}
    actual = copy.deepcopy(expected[index])
    actual.pop("textMismatch", None)
    return {**actual, "text": text}


def _status(passed: bool) -> str:
    return "passed" if passed else "failed"


def running(start: str, version: str) -> dict[str, object]:
    """Return the ``result`` of a run that is under way."""
    return {"nlpVersion": [], "startTime": start, "version": version, "status": "inprogress"}


def finished(
    results: list[dict[str, object]], start: str, version: str, duration: int, status: str
) -> dict[str, object]:
    """Return the full ``result`` of a run that is over.

    Args:
        results: The execution results.
        start: When it began, in the platform's spelling.
        version: ``published`` or ``configured``.
        duration: Milliseconds.
        status: The word for the whole run.
    """
    return {
        "nlpVersion": [_NLP] * len(results),
        "startTime": start,
        "version": version,
        "status": status,
        "stepDetails": count(results),
        "errorDetails": None,
        "executionResults": results,
        "duration": duration,
    }


def count(results: list[dict[str, object]]) -> dict[str, int]:
    """Return how many steps passed and failed."""
    passed = sum(result["status"] == "passed" for result in results)
    return {"passed": passed, "failed": len(results) - passed, "total": len(results)}


def summarise(result: dict[str, object]) -> dict[str, object]:
    """Return the short form of a finished result, as the 2026 documentation shows it."""
    dropped = ("nlpVersion", "errorDetails", "executionResults")
    return {key: value for key, value in result.items() if key not in dropped}
