"""Records of runs for the tests of the reports: some written out, and any that has the shape."""

import types
from typing import Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from typing_extensions import is_typeddict

from pytest_kore_convtest.reports.record import Record

NASTY = (
    "",
    " ",
    "|",
    "\\|",
    "``",
    "````\n",
    "a\nb",
    "\r\n\r\n# x",
    "\x1b[31m\x9b2J\u202e",
    "<script>alert(1)</script>",
    "</details><img src=x onerror=y>",
    "@somebody #12 GH-3 a/b#4",
    "![x](http://x.test/p.png) https://x.test www.x.test",
    "\n::error::x\n##[error]y",
    "%0A::warning::z",
    '{"type": "template", "payload": {"text": "x"}}',
    "\ud800",
    "*a* _b_ ~c~ $d$ &lt; \\",
)
"""Texts that break out of badly written reports."""

_letters = st.characters(exclude_categories=())
texts = st.text(_letters, max_size=8) | st.sampled_from(NASTY)
numbers = st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
_PLAIN = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(),
    float: numbers,
    type(None): st.none(),
    object: anything,
}


def shaped(shape, strings=texts):
    """Make a strategy for data of a shape; indexes are drawn from 0 to 1."""
    plain = {**_PLAIN, str: strings}
    if is_typeddict(shape):
        members = get_type_hints(shape).items()
        return st.fixed_dictionaries({key: _member(shape, key, inner, strings) for key, inner in members})
    origin, inside = get_origin(shape), get_args(shape)
    if origin is list:
        return st.lists(shaped(inside[0], strings), max_size=2)
    if origin is dict:
        return st.dictionaries(strings, shaped(inside[1], strings), max_size=2)
    if origin is Literal:
        return st.sampled_from(inside)
    if origin in {Union, types.UnionType}:
        return st.one_of(*(shaped(one, strings) for one in inside))
    return plain[shape]


def _member(shape, key, inner, strings):
    if (shape.__name__, key) in {("SuiteRecord", "evidence"), ("ItemRecord", "suites")}:
        index = st.integers(0, 1)
        return index if inner is int else st.lists(index, max_size=2)
    return shaped(inner, strings)


def records(strings=texts):
    """Make a strategy for records whose indexes lead somewhere."""
    return shaped(Record, strings).map(_mend)


def _mend(record):
    if not record["evidence"]:
        record["suites"] = []
    for suite in record["suites"]:
        suite["evidence"] %= len(record["evidence"])
    for item in record["items"]:
        item["suites"] = [index for index in item["suites"] if index < len(record["suites"])]
    return record


def make_record(*suites, **changes):
    """Return a record of some suites, by default one sound suite that was not run."""
    verdicts = [suite["verdict"] for suite in suites]
    verdict = "failed" if "failed" in verdicts else "unknown" if "unknown" in verdicts else "passed"
    record = {
        "format": "pytest-kore-convtest",
        "version": 1,
        "verdict": verdict,
        "evidence": [make_evidence()],
        "suites": list(suites) or [make_suite()],
        "items": [],
        "not_evaluated": [],
        "notes": [],
        "closing": ["kore: 1 suite imported and valid"],
        "coverage": None,
    }
    return record | changes


def make_evidence(**changes):
    """Return the evidence of a run against a real platform."""
    evidence = {
        "plugin": "0.1.0",
        "pytest": "8.4.2",
        "python": "3.11.7",
        "machine": "Linux x86_64",
        "host": "https://bots.kore.ai",
        "stream_id": "st-11111111-2222-3333-4444-555555555555",
        "target": "booking-dev",
        "protected": False,
        "emulator": False,
        "requested_version": "inDevelopment",
        "shard": None,
        "bot_build": None,
        "git": {"commit": "4f1e" * 10, "branch": "main", "dirty": True},
        "ci": "https://ci.example.com/run/7",
        "started_at": "2026-11-24T13:05:00.123Z",
        "ended_at": "2026-11-24T13:06:00.123Z",
        "clock_skew": -0.25,
        "exit_code": 1,
        "interrupted": False,
        "stopped": "",
        "deselected": 0,
        "settings": [{"name": "client_secret", "value": "set", "source": "environment"}],
    }
    return evidence | changes


def make_job(**changes):
    """Return a job that the platform said succeeded."""
    job = {
        "id": "ds-1",
        "verdict": "passed",
        "says": "platform",
        "status": "SUCCESS",
        "asks": 4,
        "seconds": 6.5,
        "started_at": "2026-11-24T13:05:01.000Z",
        "ended_at": "2026-11-24T13:05:07.500Z",
        "platform_times": {"requested_at": "2026-11-24T13:05:00.750Z"},
        "polls": [{"at": 0.0, "saw": "IN_PROGRESS", "percent": 40, "fault": False}],
        "trouble": None,
        "why": [],
        "notes": [],
        "logs": [],
        "download_url": "",
        "resume": "pytest --kore-gate --kore-ds-id ds-1",
    }
    return job | changes


def make_import(**changes):
    """Return the import of a suite of two steps."""
    stored = {
        "file_id": "file-1",
        "file_hash": "0a" * 16,
        "stored": True,
        "given_name": "BOOKING_7",
        "stored_name": "BOOKING_7",
        "stored_id": "ts-1",
        "stored_steps": 2,
        "assertions": {"text": 2, "flow": 0, "context": 0},
        "findings": [],
    }
    return make_job() | stored | changes


def make_run(**changes):
    """Return the run of a suite."""
    run = {
        "requested_version": "inDevelopment",
        "reported_version": "inDevelopment",
        "passed": 2,
        "failed": 0,
        "total": 2,
        "duration": 3.5,
        "counts_only": False,
        "attempts": [],
        "rate": None,
        "excused": False,
    }
    return make_job(id="ctr-1", status="COMPLETED") | run | changes


def make_step(number=1, text="hello", outcome="passed", **changes):
    """Return a step with one text assertion."""
    step = {
        "number": number,
        "input": text,
        "event": "",
        "outcome": outcome,
        "why": "",
        "says": "platform",
        "place": f"booking.kore.json:{number * 10}",
        "nodeid": f"booking.kore.json::BOOKING::step {number:02} {text}",
        "replies": [make_reply()],
        "fails": [],
        "known": "",
        "offers": [],
        "attempts": [],
        "rate": None,
        "unchecked": False,
    }
    return step | changes


def make_reply(expected=("Hi!",), actual="Hi!", status="passed"):
    """Return a reply and its text assertion."""
    text = {"kind": "text", "enabled": True, "status": status, "expected": []}
    return {"expected": list(expected), "actual": actual, "assertions": [text]}


def make_file(**changes):
    """Return the file of a suite."""
    file = {
        "path": "booking.kore.json",
        "line": 3,
        "sha256": "ab" * 32,
        "sent_sha256": "cd" * 32,
        "size": 512,
        "split": False,
    }
    return file | changes


def make_suite(name="BOOKING", verdict="passed", **changes):
    """Return a suite that was imported, but not run."""
    suite = {
        "name": name,
        "verdict": verdict,
        "evidence": 0,
        "file": make_file(),
        "imported": make_import(),
        "run": None,
        "steps": [],
    }
    return suite | changes


def make_failed_suite(name="REFUND", **changes):
    """Return a suite of two steps of which the second one failed."""
    wrong = make_reply(["You get 10 EUR."], "You get 12 EUR.", "failed")
    steps = [
        make_step(),
        make_step(2, "refund", "failed", why="the text assertion failed", replies=[wrong]),
    ]
    run = make_run(verdict="failed", why=["the platform counts 1 failed of 2 steps"], passed=1, failed=1)
    return make_suite(name, "failed", run=run, steps=steps) | changes


def make_item(**changes):
    """Return a failed test of a user's own."""
    item = {
        "nodeid": "tests/test_bot.py::test_refund",
        "outcome": "failed",
        "seconds": 0.5,
        "message": "the suite has 2 steps, 3 are expected",
        "place": "tests/test_bot.py:12",
        "suites": [0],
    }
    return item | changes
