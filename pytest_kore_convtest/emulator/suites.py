"""From an uploaded file to a stored suite, in the platform's two shapes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, cast

from .json_input import read_json

MAX_BYTES = 2 * 1024 * 1024
DEMO_FILE: dict[str, object] = {
    "botId": "st-demo",
    "botName": "demo",
    "testCases": [
        {
            "preprocessor": "",
            "name": "DEMO",
            "tags": [],
            "description": "",
            "messages": [
                {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hello!"}]},
                {"input": "bye", "outputs": [{"contains": "Goodbye."}]},
            ],
        }
    ],
}
# Fields that the platform fills while it replays the conversation; empty without a bot behind them.
_NODE_FIELDS = ("nodeId", "componentType", "intentId", "nodeName", "intentType", "taskId", "dialogName")
_LIST_FIELDS = ("transitions", "transitionNodeNames", "transitionNodeType")


def demo_file() -> bytes:
    """Return a small suite file, for jobs that were never uploaded."""
    return json.dumps(DEMO_FILE).encode()


class BadFileError(ValueError):
    """Say in one sentence why an uploaded file holds no suite."""


def read_case(data: bytes) -> dict[str, object]:
    """Return the first test case of an uploaded file.

    Raises:
        BadFileError: The file is too large, not JSON or not of the right shape.
    """
    if len(data) > MAX_BYTES:
        raise BadFileError("The file is larger than 2 MB")
    try:
        document = read_json(data)
    except ValueError:
        raise BadFileError("The file is not valid JSON") from None
    cases = document.get("testCases") if isinstance(document, dict) else None
    if not (isinstance(cases, list) and cases and isinstance(cases[0], dict)):
        raise BadFileError("The file has no testCases")
    return dict(cases[0])


def build_steps(case: dict[str, object]) -> list[dict[str, object]]:
    """Return a test case's messages in the stored shape.

    Raises:
        BadFileError: A message has not the right shape; its place is named.
    """
    messages = case.get("messages")
    if not isinstance(messages, list):
        raise BadFileError("testCases[0].messages is missing")
    return [_step(message, f"testCases[0].messages[{index}]") for index, message in enumerate(messages)]


def _step(message: object, place: str) -> dict[str, object]:
    if not (isinstance(message, dict) and isinstance(message.get("input"), str)):
        raise BadFileError(f"{place}.input is missing")
    outputs = message.get("outputs", [])
    if not isinstance(outputs, list):
        raise BadFileError(f"{place}.outputs is not a list")
    step = {
        "input": message["input"],
        "outputs": [build_output(_texts(out, f"{place}.outputs[{i}]")) for i, out in enumerate(outputs)],
    }
    if "event" in message:
        step["event"] = message["event"]
    return step


def _texts(output: object, place: str) -> list[str]:
    expected = output
    if isinstance(output, dict):
        expected = output.get("contains", output.get("equals"))
    if isinstance(expected, dict):
        expected = expected.get("oneOf", expected.get("allOf"))
    texts = [expected] if isinstance(expected, str) else expected
    if not (isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts)):
        raise BadFileError(f"{place} holds no expected text")
    return texts


def build_output(texts: list[str]) -> dict[str, object]:
    """Return one stored output that accepts any of the texts."""
    output: dict[str, object] = {"text": texts[0] if texts else ""}
    output.update(dict.fromkeys(_NODE_FIELDS, ""))
    output.update({name: [] for name in _LIST_FIELDS})
    output["assertions"] = {
        "flowLevel": {"enabled": False, "contains": []},
        "text": {"enabled": bool(texts), "contains": [{"text": text} for text in texts]},
        "context": {"enabled": False, "contains": []},
    }
    return output


def build_suite(case: dict[str, object], **fields: object) -> dict[str, object]:
    """Return the stored suite of a test case; ``fields`` overrule what the file says.

    Raises:
        BadFileError: The case has not the right shape.
    """
    suite = {
        "schedule": {"enableSchedule": False},
        "channel": "rtm",
        "tags": _listed(case.get("tags")),
        "recentTags": [],
        "metadataAvailable": True,
        "name": str(case.get("name", "")),
        "description": str(case.get("description") or ""),
        "preprocessor": str(case.get("preprocessor") or ""),
        "serviceMap": [],
        "authProfiles": [],
        "testSteps": build_steps(case),
        "__v": 0,
    }
    return {**suite, **fields}


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def steps_of(suite: dict[str, object]) -> list[dict[str, Any]]:
    """Return the steps of a stored suite."""
    return cast("list[dict[str, Any]]", suite["testSteps"])


Drift = Callable[[dict[str, object]], dict[str, object]]


def apply_drift(suite: dict[str, object], drift: Drift | str | dict[str, str] | None) -> dict[str, object]:
    """Return what is stored instead of the suite that was given."""
    if isinstance(drift, dict):
        drift = next((word for name, word in drift.items() if str(suite["name"]).startswith(name)), None)
    if drift is None:
        return suite
    changed = copy.deepcopy(suite)
    return _DRIFTS[drift](changed) if isinstance(drift, str) else drift(changed)


def check_drift(drift: object) -> None:
    """Refuse a drift that is neither a known word nor a function.

    Raises:
        ValueError: It names the known words.
    """
    if drift is None or callable(drift):
        return
    for word in drift.values() if isinstance(drift, dict) else [drift]:
        if word not in _DRIFTS:
            raise ValueError(
                f"unknown drift {word!r}; known: {', '.join(_DRIFTS)}, or a function of the suite"
            )


def _drop_last_step(suite: dict[str, object]) -> dict[str, object]:
    return {**suite, "testSteps": steps_of(suite)[:-1]}


def _add_step(suite: dict[str, object]) -> dict[str, object]:
    extra = {"input": "one more", "outputs": [build_output(["One more."])]}
    return {**suite, "testSteps": [*steps_of(suite), extra]}


def _reorder_steps(suite: dict[str, object]) -> dict[str, object]:
    return {**suite, "testSteps": steps_of(suite)[::-1]}


def _last_output(suite: dict[str, object]) -> list[dict[str, Any]]:
    return [output for step in steps_of(suite)[-1:] for output in step["outputs"][-1:]]


def _change_input(suite: dict[str, object]) -> dict[str, object]:
    for step in steps_of(suite)[-1:]:
        step["input"] += " (changed)"
    return suite


def _change_text(suite: dict[str, object]) -> dict[str, object]:
    for output in _last_output(suite):
        output.update(build_output([output["text"] + " (changed)"]))
    return suite


def _add_variation(suite: dict[str, object]) -> dict[str, object]:
    for output in _last_output(suite):
        output["assertions"]["text"]["contains"].append({"text": output["text"] + " (variation)"})
    return suite


def _disable_text(suite: dict[str, object]) -> dict[str, object]:
    for step in steps_of(suite):
        for output in step["outputs"]:
            output["assertions"]["text"]["enabled"] = False
    return suite


_DRIFTS: dict[str, Drift] = {
    "drop-last-step": _drop_last_step,
    "add-step": _add_step,
    "reorder-steps": _reorder_steps,
    "change-input": _change_input,
    "change-text": _change_text,
    "add-variation": _add_variation,
    "disable-text": _disable_text,
}
