"""The record as workflow commands of GitHub Actions, which it shows beside the lines of a pull request."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.reports import totals
from pytest_kore_convtest.reports.outcome_words import FAILED, FLAKY
from pytest_kore_convtest.text import block

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.reports.record import Record, Reply, StepRecord, SuiteRecord

MOST = 10
"""Annotations of one kind that GitHub shows of one step of a job."""

_LONGEST_TITLE, _LONGEST_TEXT, _LONGEST_REPLY = 120, 1_000, 300


class _Note(NamedTuple):
    kind: str
    place: str
    title: str
    text: str


def render_annotations(record: Record, folder: str = "") -> list[str]:
    """Return at most ten errors and ten warnings, the most useful first, each on a line of its own.

    Failed steps come first, then structure and drift, jobs, other failed tests, warnings. The
    last one of a kind says how many there was no room for.

    Args:
        record: The record.
        folder: Where relative places begin, seen from the repository's root; empty when that is the root.
    """
    notes = list(_gather(record))
    lines = []
    for kind in ("error", "warning"):
        of_kind = [note for note in notes if note.kind == kind]
        more = len(of_kind) - MOST
        if more > 0:
            told = of_kind[MOST - 1]
            text = f"{told.text[:_LONGEST_TEXT]}\n\nand {more} more {kind}s: see the report"
            of_kind[MOST - 1] = told._replace(text=text)
        lines += [_write(note, folder) for note in of_kind[:MOST]]
    return lines


def _gather(record: Record) -> Iterator[_Note]:
    suites = record["suites"]
    bad = [(suite, step) for suite in suites for step in suite["steps"] if step["outcome"] in {FAILED, FLAKY}]
    red = {item["nodeid"] for item in record["items"] if item["outcome"] == "failed"}
    # Where flaky steps are red is no fact of a step; its item knows.
    bad.sort(key=lambda one: one[1]["outcome"] == FLAKY and one[1]["nodeid"] not in red)
    for suite, step in bad:
        is_red = not step["known"] and (step["outcome"] == FAILED or step["nodeid"] in red)
        yield _tell_step(suite, step, "error" if is_red else "warning")
    for suite in suites:
        yield from _tell_findings(suite)
    for suite in suites:
        yield from _tell_jobs(suite)
    told = {step["nodeid"] for _, step in bad}
    for item in record["items"]:
        if item["outcome"] in {"failed", "error"} and item["nodeid"] not in told:
            yield _Note("error", item["place"], item["nodeid"], item["message"] or item["outcome"])


def _tell_findings(suite: SuiteRecord) -> Iterator[_Note]:
    for finding in suite["imported"]["findings"]:
        rule = finding.get("rule", "")
        text = f"{finding['path']}: {finding['message']}" + (f" [{rule}]" if rule else "")
        yield _Note(finding["severity"], finding["place"] or _place(suite), suite["name"], text)


def _tell_step(suite: SuiteRecord, step: StepRecord, kind: str) -> _Note:
    replies = (reply for reply in step["replies"] if reply["actual"] not in reply["expected"])
    texts = [step["known"], step["why"], *(_tell_reply(reply) for reply in list(replies)[:1])]
    title = f"{suite['name']} {totals.name_step(step)}"
    return _Note(kind, step["place"] or _place(suite), title, "\n".join(filter(None, texts)))


def _tell_reply(reply: Reply) -> str:
    expected = " or ".join(reply["expected"][:3])[:_LONGEST_REPLY] or "(no reply)"
    actual = "(no reply)" if reply["actual"] is None else reply["actual"][:_LONGEST_REPLY]
    return f"expected: {expected}\nactual: {actual}"


def _tell_jobs(suite: SuiteRecord) -> Iterator[_Note]:
    for kind, job in (("import", suite["imported"]), ("run", suite["run"])):
        if job is None:
            continue
        trouble = [job["trouble"]["message"]] if job["trouble"] else []
        for text in [*trouble, *job["why"]][:1]:
            gravity = "warning" if suite["run"] is job and suite["run"]["excused"] else "error"
            yield _Note(gravity, _place(suite), f"{suite['name']} {kind}", text)


def _place(suite: SuiteRecord) -> str:
    return f"{suite['file']['path']}:{suite['file']['line']}" if suite["file"] else ""


def _write(note: _Note, folder: str) -> str:
    path, _, line = note.place.rpartition(":")
    if not (path and line.isascii() and line.isdecimal()):
        path, line = note.place, ""
    if path and folder:
        path = posixpath.normpath(posixpath.join(folder, path))
    properties = {"file": path, "line": line, "title": note.title.strip()[:_LONGEST_TITLE] or "Kore"}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{note.kind} {told}::{_data(note.text.strip()[: _LONGEST_TEXT + 100]) or 'see the report'}"


def _data(text: str) -> str:
    """Encode a command's message; what a terminal would obey is shown as its escape."""
    return block(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
