"""The failures of a record, one by one, as Markdown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.reports import totals
from pytest_kore_convtest.reports.conversation import write_conversation
from pytest_kore_convtest.reports.markup import code, fence, fold
from pytest_kore_convtest.reports.outcome_words import DERIVED, FAILED
from pytest_kore_convtest.suites import diff
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_kore_convtest.reports.record import (
        Assertion,
        ItemRecord,
        JobRecord,
        Offer,
        Reply,
        StepRecord,
        SuiteRecord,
    )

_LONGEST = 1_500
"""Letters of a text that are shown; the HTML and JSON reports have it whole."""

_LONGEST_TALK = 4_000
_MOST_LINES = 10
_MOST_REPLIES = 3


class Failure(NamedTuple):
    """A job that did not pass, or a failed step and where it stands in the suite, 0-based."""

    suite: SuiteRecord
    kind: str
    job: JobRecord | None = None
    step: StepRecord | None = None
    at: int = 0


def list_failures(suites: Iterable[SuiteRecord]) -> list[Failure]:
    """Return what went wrong, suite by suite: its import, its run, its steps."""
    found = []
    for suite in suites:
        jobs = (("import", suite["imported"]), ("run", suite["run"]))
        found += [
            Failure(suite, kind, job=job) for kind, job in jobs if job and (job["trouble"] or job["why"])
        ]
        found += [
            Failure(suite, "step", step=step, at=at)
            for at, step in enumerate(suite["steps"])
            if step["outcome"] == FAILED
        ]
    return found


def render_failure(failure: Failure) -> str:
    """Return a failure, folded."""
    name = failure.suite["name"][:80]
    if failure.step is not None:
        said = write_conversation(failure.suite["steps"], failure.at)
        body = f"{_render_step(failure.step)}\nThe conversation:\n\n{fence(said, _LONGEST_TALK, 'yaml')}"
        return fold(f"{name}: {totals.name_step(failure.step)}", body)
    assert failure.job is not None  # noqa: S101 - it is one of the two
    return fold(f"{name}: {failure.kind}", _render_job(failure.job))


def render_test(item: ItemRecord) -> str:
    """Return a failed test item, folded."""
    place = f"At {code(item['place'])}\n\n" if item["place"] else ""
    return fold(f"{item['outcome']}: {item['nodeid']}", place + fence(item["message"], _LONGEST))


def _render_job(job: JobRecord) -> str:
    parts = [f"Job {code(job['id'])}, status {code(job['status'])}\n\n" if job["id"] else ""]
    if job["trouble"]:
        parts.append(
            f"No verdict, {code(job['trouble']['kind'])}:\n\n{fence(job['trouble']['message'], _LONGEST)}\n"
        )
        if job["resume"]:
            parts.append(f"To wait for it again:\n\n{fence(job['resume'], _LONGEST)}\n")
    parts.append(_list(job["why"]))
    if job["logs"]:
        parts.append(f"Status logs:\n\n{_list(job['logs'])}")
    return "".join(parts)


def _list(lines: list[str]) -> str:
    shown = "".join(f"- {code(line, 500)}\n" for line in lines[:_MOST_LINES])
    more = len(lines) - _MOST_LINES
    return shown + (f"- and {more} more\n" if more > 0 else "") + ("\n" if lines else "")


def _render_step(step: StepRecord) -> str:
    parts = [f"At {code(step['place'])}\n\n" if step["place"] else ""]
    if step["known"]:
        parts.append(f"{code(step['known'], 500)}\n\n")
    if step["why"]:
        parts.append(f"{code(step['why'], 500)}\n\n")
    if step["says"] == DERIVED:
        parts.append("Derived from what the platform reported; it gave the step no status of its own.\n\n")
    parts.append(f"The user says:\n\n{fence(step['input'], _LONGEST)}\n")
    telling = [reply for reply in step["replies"] if is_wrong(reply)] or step["replies"]
    parts += map(_render_reply, telling[:_MOST_REPLIES])
    more = len(telling) - _MOST_REPLIES
    parts += [f"and {plural(more, 'more reply', 'more replies')}\n"] if more > 0 else []
    return "".join(parts) + "".join(map(_render_offer, step["offers"]))


def _render_offer(offer: Offer) -> str:
    said = f"\nTo accept it, {code(offer['where'])}"
    return f"{said}:\n\n{fence(chr(10).join(offer['lines']), _LONGEST)}" if offer["lines"] else f"{said}\n"


def is_wrong(reply: Reply) -> bool:
    """Say whether a reply is not what was expected."""
    expected, actual = reply["expected"], reply["actual"]
    if any(block["status"] == FAILED for block in reply["assertions"]):
        return True
    if actual is None or not expected:
        return bool(expected) or actual is not None
    return actual not in expected and diff.canonical(actual) not in map(diff.canonical, expected)


def _render_reply(reply: Reply) -> str:
    variations, actual = reply["expected"], reply["actual"]
    expected = diff.closest(actual or "", variations) if variations else None
    others = f" (the closest of {len(variations)} variations)" if len(variations) > 1 else ""
    left, right = expected, actual
    if left is not None and right is not None and max(len(left), len(right)) > _LONGEST:
        left, right = diff.around(left, right, _LONGEST)
    parts = [
        f"Expected{others}:\n\n{fence(left, _LONGEST + 2)}\n"
        if left is not None
        else "Expected no reply.\n\n",
        f"Actual:\n\n{fence(right, _LONGEST + 2)}\n" if right is not None else "The bot gave no reply.\n\n",
        _render_paths(expected, actual),
        *(_render_assertion(block) for block in reply["assertions"] if block["status"] == FAILED),
    ]
    return "".join(parts)


def _render_paths(expected: str | None, actual: str | None) -> str:
    """Return where two templates differ; nothing for plain texts."""
    if not (expected and actual and diff.is_template(expected) and diff.is_template(actual)):
        return ""
    found = [f"{path}: expected {a}, actual {b}" for path, a, b in diff.data(expected, actual)]
    return f"What differs:\n\n{_list(found)}" if found else ""


def _render_assertion(block: Assertion) -> str:
    entries = (
        [] if block["kind"] == "text" else [_as_json(entry) for entry in block["expected"]]
    )  # shown above
    wanted = f"; it expects:\n\n{_list(entries)}" if entries else ".\n\n"
    return f"Assertion {code(block['kind'])} failed{wanted}"


def _as_json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(nested too deep to be shown)"
