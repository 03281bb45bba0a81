"""Report something else of a run than what happened: results that no client should take for a pass."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, cast

RunDrift = Callable[[dict[str, object]], dict[str, object]]
"""Takes the answer about a run that is over, returns what is answered instead."""


def apply_run_drift(body: dict[str, object], drift: RunDrift | str | None) -> dict[str, object]:
    """Return what is answered instead of the truth about a run."""
    if drift is None:
        return body
    changed = copy.deepcopy(body)
    if callable(drift):
        return drift(changed)
    _DRIFTS[drift](changed)
    return changed


def check_run_drift(drift: object) -> None:
    """Refuse a drift that is neither a known word nor a function.

    Raises:
        ValueError: It names the known words.
    """
    if drift is not None and not callable(drift) and drift not in _DRIFTS:
        raise ValueError(
            f"unknown run_drift {drift!r}; known: {', '.join(_DRIFTS)}, or a function of the answer"
        )


def _result(body: dict[str, object]) -> dict[str, Any]:
    return cast("dict[str, Any]", body["result"])


def _steps(body: dict[str, object]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = _result(body).get("executionResults", [])
    return results


def _blocks(body: dict[str, object]) -> Iterator[dict[str, Any]]:
    for step in _steps(body):
        for output in (*step["outputs"], *step["actualOutput"]):
            yield from output["assertions"].values()


def _other_version(body: dict[str, object]) -> None:
    word = _result(body)["version"]
    _result(body)["version"] = "configured" if word == "published" else "published"


def _other_suite(body: dict[str, object]) -> None:
    body["testSuiteId"] = "ctc-00000000-0000-5000-8000-000000000000"


def _old_start(body: dict[str, object]) -> None:
    _result(body)["startTime"] = "2023-08-23T10:14:13.330Z"


def _no_assertions(body: dict[str, object]) -> None:
    for block in _blocks(body):
        block["enabled"] = False
        block.pop("status", None)


def _no_outputs(body: dict[str, object]) -> None:
    for step in _steps(body):
        step["outputs"] = []


def _no_replies(body: dict[str, object]) -> None:
    for step in _steps(body):
        step["actualOutput"] = []


def _no_statuses(body: dict[str, object]) -> None:
    for block in _blocks(body):
        block.pop("status", None)
        for entry in block["contains"]:
            entry.pop("status", None)


def _odd_statuses(body: dict[str, object]) -> None:
    for block in _blocks(body):
        if "status" in block:
            block["status"] = "verified"


def _empty_texts(body: dict[str, object]) -> None:
    for step in _steps(body):
        for output in step["outputs"]:
            output["text"] = ""
            for entry in output["assertions"]["text"]["contains"]:
                entry["text"] = ""


def _first_variation(body: dict[str, object]) -> None:
    for step in _steps(body):
        for output in step["outputs"]:
            del output["assertions"]["text"]["contains"][1:]


def _pass_run(body: dict[str, object]) -> None:
    counts = _result(body)["stepDetails"]
    body["status"] = _result(body)["status"] = "passed"
    counts.update(passed=counts["total"], failed=0)


def _pass_steps(body: dict[str, object]) -> None:
    _pass_run(body)
    for step in _steps(body):
        step["status"] = "passed"


def _pass_texts(body: dict[str, object]) -> None:
    _pass_steps(body)
    for block in _blocks(body):
        for said in (block, *block["contains"]):
            if "status" in said:
                said["status"] = "passed"


def _odd_counts(body: dict[str, object]) -> None:
    _result(body)["stepDetails"]["passed"] += 1


def _drop_result(body: dict[str, object]) -> None:
    del _steps(body)[-1:]


def _repeat_result(body: dict[str, object]) -> None:
    _steps(body)[-1:] = _steps(body)[:1]


_DRIFTS: dict[str, Callable[[dict[str, object]], None]] = {
    "other-version": _other_version,
    "other-suite": _other_suite,
    "old-start": _old_start,
    "no-assertions": _no_assertions,
    "no-outputs": _no_outputs,
    "no-replies": _no_replies,
    "no-statuses": _no_statuses,
    "odd-statuses": _odd_statuses,
    "empty-texts": _empty_texts,
    "first-variation": _first_variation,
    "pass-run": _pass_run,
    "pass-steps": _pass_steps,
    "pass-texts": _pass_texts,
    "odd-counts": _odd_counts,
    "drop-result": _drop_result,
    "repeat-result": _repeat_result,
}
