"""The record as workflow commands of GitHub Actions."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from reports.records import (
    make_failed_suite,
    make_file,
    make_import,
    make_item,
    make_record,
    make_reply,
    make_run,
    make_step,
    make_suite,
    records,
)

from pytest_kore_convtest.reports.github import MOST, render_annotations

EMPTY = {"severity": "error", "path": "", "message": "", "place": ""}

SHAPE = re.compile(r"::(error|warning) (file=[^:,]*,)?(line=[0-9]+,)?title=[^:,]*::.+")


def test_a_failed_step_stands_on_its_line():
    """File, line, suite and step, the reason, expected and actual are told."""
    (line, _) = render_annotations(make_record(make_failed_suite()))
    assert line == (
        "::error file=booking.kore.json,line=20,title=REFUND step 02 refund::the text assertion failed"
        "%0Aexpected: You get 10 EUR.%0Aactual: You get 12 EUR."
    )


def test_the_most_useful_comes_first():
    """Steps, then findings, then jobs, then other tests; warnings after errors."""
    found = [
        {"severity": severity, "path": "$.x", "message": severity, "place": "b.kore.json:4"}
        for severity in ("warning", "error")
    ]
    suite = make_failed_suite(imported=make_import(why=["lost a step"], findings=found))
    lines = render_annotations(make_record(suite, items=[make_item(), make_item(outcome="passed")]))
    assert [(line.split(" ")[0], line.split("title=")[1].split("::")[0]) for line in lines] == [
        ("::error", "REFUND step 02 refund"),
        ("::error", "REFUND"),
        ("::error", "REFUND import"),
        ("::error", "REFUND run"),
        ("::error", "tests/test_bot.py%3A%3Atest_refund"),
        ("::warning", "REFUND"),
    ]
    assert lines[1] == "::error file=b.kore.json,line=4,title=REFUND::$.x: error"


def test_a_failed_step_is_told_once():
    """The item of a step that is told adds nothing."""
    suite = make_failed_suite(run=make_run())
    record = make_record(suite, items=[make_item(nodeid=suite["steps"][1]["nodeid"])])
    assert len(render_annotations(record)) == 1


def test_no_more_than_github_shows():
    """Of each kind there are ten at most, and the tenth says how many are missing."""
    finding = {"severity": "warning", "path": "$", "message": "w", "place": ""}
    suite = make_suite(
        verdict="failed",
        imported=make_import(findings=[finding] * (MOST + 3)),
        steps=[make_step(at, outcome="failed", why="x" * 5_000) for at in range(MOST + 5)],
    )
    lines = render_annotations(make_record(suite))
    assert [sum(line.startswith(f"::{kind} ") for line in lines) for kind in ("error", "warning")] == [
        MOST,
        MOST,
    ]
    assert lines[MOST - 1].endswith("%0A%0Aand 5 more errors: see the report")
    assert lines[-1].endswith("%0A%0Aand 3 more warnings: see the report")


def test_what_has_no_place_stands_at_the_suite_or_nowhere():
    """A finding without a place stands where its suite begins; without a file there is no place."""
    failed = make_import(why=["rejected"])
    (line,) = render_annotations(make_record(make_suite(imported=failed, file=make_file(path="a b:c.json"))))
    assert line == "::error file=a b%3Ac.json,line=3,title=BOOKING import::rejected"
    (line,) = render_annotations(make_record(make_suite(imported=failed, file=None)))
    assert line == "::error title=BOOKING import::rejected"


@pytest.mark.parametrize(
    ("place", "file"),
    [
        ("a.json:7", "bots/a.json"),
        ("../a.json:7", "a.json"),
        ("/x/a.json:7", "/x/a.json"),
        ("a.json", "bots/a.json"),
    ],
)
def test_places_can_begin_in_another_folder(place, file):
    """The folder of the test run, seen from the repository's root, is put before relative places."""
    suite = make_failed_suite(run=None, steps=[make_step(outcome="failed", place=place)])
    (line,) = render_annotations(make_record(suite), "bots/")
    assert line.startswith(f"::error file={file},")


def test_what_says_nothing_is_still_an_annotation():
    """A failure without a name and a reason points to the report."""
    suite = make_suite("", "failed", file=None, imported=make_import(findings=[EMPTY]))
    assert render_annotations(make_record(suite)) == ["::error title=Kore:::"]


def test_trouble_comes_before_reasons():
    """A job that gave no verdict says why."""
    trouble = {"kind": "JobTimeoutError", "message": "took longer than 600 s\nlast: 40 %"}
    record = make_record(make_suite(verdict="unknown", imported=make_import(trouble=trouble, why=["x"])))
    (line,) = render_annotations(record)
    assert line.endswith("::took longer than 600 s%0Alast: 40 %25")


@pytest.mark.parametrize(
    "text", ["x\n::stop-commands::t", "\r::error::x", "::warning::x", "a,line=1::x", "%0A::x", "\x1b]0;x\x07"]
)
def test_bot_text_is_no_command(text):
    """Nothing in a reply or a name starts another command or ends this one's properties."""
    wrong = make_step(
        1, text, "failed", why=text, place=f"{text}.json:7", replies=[make_reply([text], text * 2)]
    )
    (line,) = render_annotations(make_record(make_suite(text, "failed", steps=[wrong])))
    assert SHAPE.fullmatch(line)
    assert line.isprintable()
    said = unquote(line.split("::", 2)[2])
    assert all(word in said for word in re.findall("[a-z-]{3,}", text))
    assert not re.search(r"^\s*::", said, re.MULTILINE)


@settings(deadline=None, max_examples=200)
@given(record=records())
def test_any_record_gives_single_lines(record):
    """Whatever is in a record, each annotation is one printable line and one command."""
    for line in render_annotations(record):
        assert len(line.splitlines()) == 1
        assert line.startswith(("::error title=", "::error file=", "::warning title=", "::warning file="))
        assert "\r" not in line
        assert not any("\ud800" <= letter <= "\udfff" for letter in line)
