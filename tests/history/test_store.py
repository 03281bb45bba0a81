"""The folder of a history: bounded, safe for many writers, drawn."""

import os
import sys
import threading

import pytest
from reports.records import make_evidence, make_failed_suite, make_record, make_run, make_step, make_suite

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.history import store
from pytest_kore_convtest.history.identity import read_run
from pytest_kore_convtest.history.trend import can_draw, draw_html, draw_markdown, draw_text


def record(at=0, *, failed=False, **changes):
    """Return a record of a run that began some seconds after an hour."""
    suite = make_failed_suite() if failed else make_suite("REFUND", run=make_run(), steps=[make_step()])
    moment = f"2026-11-24T13:{at // 60:02}:{at % 60:02}.123Z"
    return make_record(suite, evidence=[make_evidence(started_at=moment)], **changes)


def test_what_was_written_is_read(tmp_path):
    """Each run once, the oldest first, comparable as its record is."""
    store.write_run(tmp_path, record(2, failed=True), "b")
    store.write_run(tmp_path, record(1), "a")
    runs, odd = store.read_runs(tmp_path)
    assert ([run.name for run in runs], odd) == (["a", "b"], [])
    told = read_run(record(2, failed=True)).suites[0].steps
    assert [(step.key, step.number, step.outcome) for step in runs[1].state.suites[0].steps] == [
        (step.key, step.number, step.outcome) for step in told
    ]


def test_what_became_of_each_step_is_kept(tmp_path):
    """A pass of which nothing was checked and an accepted failure stay apart from plain ones."""
    marks = [
        {},
        {"unchecked": True},
        {"outcome": "failed"},
        {"outcome": "failed", "known": "T-7"},
        {"outcome": "flaky"},
    ]
    steps = [make_step(at, f"say {at}", **mark) for at, mark in enumerate(marks, 1)]
    store.write_run(tmp_path, make_record(make_suite("REFUND", run=make_run(), steps=steps)), "a")
    (suite,) = store.read_runs(tmp_path)[0][0].state.suites
    assert [(step.outcome, step.unchecked, bool(step.known)) for step in suite.steps] == [
        ("passed", False, False),
        ("passed", True, False),
        ("failed", False, False),
        ("failed", False, True),
        ("flaky", False, False),
    ]


def test_many_writers_lose_nothing(tmp_path):
    """Twenty at once."""
    threads = [
        threading.Thread(target=store.write_run, args=(tmp_path, record(at), f"run-{at}")) for at in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.read_runs(tmp_path)[0]) == 20


def test_the_oldest_go_first_and_nothing_else(tmp_path, monkeypatch):
    """Beyond the bound; a file that is not called as ours stays."""
    monkeypatch.setattr(store, "MOST_RUNS", 3)
    (tmp_path / "notes.jsonl").write_text("")
    for at in range(5):
        store.write_run(tmp_path, record(at), f"run-{at}")
    assert [run.name for run in store.read_runs(tmp_path)[0]] == ["run-2", "run-3", "run-4"]
    assert (tmp_path / "notes.jsonl").exists()


def test_of_many_lines_that_cannot_be_read_a_few_are_named(tmp_path):
    """Empty lines are none of them, and what can be read is read."""
    store.write_run(tmp_path, record(1), "a")
    (tmp_path / "b.jsonl").write_text("\n\n" + "{\n\n" * 8)
    runs, odd = store.read_runs(tmp_path)
    assert [run.name for run in runs] == ["a"]
    assert [line.split(":")[:2] for line in odd[:5]] == [["b.jsonl", str(at)] for at in (3, 5, 7, 9, 11)]
    assert odd[5:] == ["and 3 more lines that cannot be read"]


def test_the_page_needs_its_library(tmp_path, monkeypatch):
    """One sentence says how to get it."""
    store.write_run(tmp_path, record(1), "a")
    for name in ("jinja2", *(name for name in sys.modules if name.startswith("jinja2."))):
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("pytest_kore_convtest.reports.html")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ConfigError, match=r"the HTML page needs jinja2: pip install .*\[report\]"):
        draw_html(store.read_runs(tmp_path)[0])


def test_a_newer_version_is_named(tmp_path):
    """And left out."""
    (tmp_path / "x.jsonl").write_text('{"format":"pytest-kore-convtest history","version":2}\n')
    runs, odd = store.read_runs(tmp_path)
    assert not runs
    assert "x.jsonl:1: left out" in odd[0]
    assert "version 2" in odd[0]


def test_no_folder_is_an_error(tmp_path):
    """With its name."""
    with pytest.raises(ConfigError, match="cannot read the history"):
        store.read_runs(tmp_path / "none")


def test_suites_are_drawn(tmp_path):
    """The latest verdict on the right, in signs or in ASCII, and in Markdown."""
    for at, failed in enumerate((False, True, False)):
        store.write_run(tmp_path, record(at, failed=failed), f"run-{at}")
    runs, _ = store.read_runs(tmp_path)
    assert "  REFUND  " + "✓✗✓".rjust(30) + "     2 of 3, 66 %  3.5 / 3.5 / 3.5 s ▁▁▁" in draw_text(runs)
    plain = draw_text(runs, plain=True)
    assert "  REFUND  " + "+x+".rjust(30) + "     2 of 3, 66 %  3.5 / 3.5 / 3.5 s" in plain
    assert "\n".join(plain).isascii()
    assert "| `REFUND` | `✓✗✓` | 2 of 3, 66 % |" in draw_markdown(runs)


def test_a_run_without_a_verdict_has_a_sign_of_its_own(tmp_path):
    """It is no pass, and counts among the runs."""
    suites = [
        make_suite("REFUND", verdict, run=make_run(), steps=[make_step()])
        for verdict in ("unknown", "passed")
    ]
    for at, suite in enumerate(suites):
        moment = f"2026-11-24T13:00:0{at}.123Z"
        store.write_run(tmp_path, make_record(suite, evidence=[make_evidence(started_at=moment)]), str(at))
    text = draw_markdown(store.read_runs(tmp_path)[0])
    assert "| `REFUND` | `?✓` | 1 of 2, 50 % |" in text


def test_only_what_an_encoding_has_is_drawn():
    """ASCII and no encoding at all get ASCII."""
    assert [can_draw(one) for one in ("utf-8", "ascii", "cp1252", None, "nonsense")] == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_what_is_no_plain_file_is_left_out(tmp_path):
    """A folder, or a pipe that nobody writes to, is named and not waited for."""
    (tmp_path / "folder.jsonl").mkdir()
    os.mkfifo(tmp_path / "pipe.jsonl")
    runs, odd = store.read_runs(tmp_path)
    assert runs == []
    assert [line.partition(":")[0] for line in odd] == ["folder.jsonl", "pipe.jsonl"]


def test_a_file_that_is_too_large_is_left_out(tmp_path, monkeypatch):
    """It is not read into memory."""
    monkeypatch.setattr(store, "MOST_BYTES", 8)
    (tmp_path / "large.jsonl").write_text("{}" * 8)
    assert "left out" in store.read_runs(tmp_path)[1][0]


def test_what_a_suite_came_to_beside_its_steps_is_kept(tmp_path):
    """That it is flaky where nobody knows the step, and that its import is wrong."""
    run = make_run(attempts=[{"number": 1, "outcome": "failed", "why": "", "run_id": "", "seconds": 1.0}])
    wrong = make_suite("B")
    wrong["imported"]["verdict"] = "failed"
    both = record() | {"suites": [make_suite("A", run=run | {"verdict": "passed"}, steps=[]), wrong]}
    store.write_run(tmp_path, both, "a")
    ((run,), odd) = store.read_runs(tmp_path)
    assert odd == []
    assert [(one.flaky, one.import_fails) for one in run.state.suites] == [(True, False), (False, True)]
    assert "~" in draw_text([run])[3]
