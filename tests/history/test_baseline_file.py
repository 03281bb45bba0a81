"""The file of accepted failures: what it says, or in one sentence what is wrong with it."""

import json
from datetime import date

import pytest
from reports.records import make_record

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.history.baseline import SuitePlace
from pytest_kore_convtest.history.baseline_file import read_baseline
from pytest_kore_convtest.history.named_baseline import NamedBaseline, read_named_baseline
from pytest_kore_convtest.history.suite_names import SuiteNames

ENTRY = {
    "bot": "st-1 on https://a.test",
    "file": "a.kore.yaml",
    "suite": "STAY",
    "step": 2,
    "input": "quote",
    "reason": "T-7",
    "until": "2027-01-31",
}
HEAD = {"format": "pytest-kore-convtest baseline", "version": 1}


def read(**changes):
    """Read a baseline of one entry, in which something is changed."""
    entry = {key: value for key, value in (ENTRY | changes).items() if value is not None}
    return read_baseline(json.dumps({**HEAD, "accepted": [entry]}).encode(), "known.json")


def refusal(content):
    """Return what is said against a baseline."""
    with pytest.raises(ConfigError) as caught:
        read_baseline(json.dumps(content).encode(), "known.json")
    return caught.value.message


WAY_OUT = "; correct it, or write it anew with kore-convtest compare --accept"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "x"}, '$.format: it has to be "pytest-kore-convtest baseline"'),
        ({"version": 0}, "$.version: it has to be a whole number above 0"),
        ({"version": True}, "$.version: it has to be a whole number above 0"),
        ({"version": "1"}, "$.version: it has to be a whole number above 0"),
        ({"accept": []}, "$.accept: no such key is known"),
        ({"accepted": {}}, "$.accepted: it has to be a list"),
        ({"accepted": [7]}, "$.accepted[0]: it has to be an object"),
        ({"accepted": [ENTRY, {**ENTRY, "why": ""}]}, "$.accepted[1].why: no such key is known"),
        ({"accepted": [{**ENTRY, "step": 0}]}, "$.accepted[0].step: it has to be a whole number above 0"),
        ({"accepted": [{**ENTRY, "step": True}]}, "$.accepted[0].step: it has to be a whole number above 0"),
        ({"accepted": [{**ENTRY, "step": "2"}]}, "$.accepted[0].step: it has to be a whole number above 0"),
        ({"accepted": [{**ENTRY, "suite": 7}]}, "$.accepted[0].suite: it has to be a text"),
        ({"accepted": [{**ENTRY, "reason": " "}]}, "$.accepted[0].reason: it is empty"),
        (
            {"accepted": [{**ENTRY, "fails": []}]},
            "$.accepted[0].fails: it has to be a list of what may fail; without the key anything may",
        ),
    ],
)
def test_what_is_no_baseline_is_told_with_its_place(changes, said):
    """And how to get one."""
    content = {**HEAD, "accepted": [ENTRY], **changes}
    assert refusal(content) == f"the baseline known.json cannot be used: {said}{WAY_OUT}"


def test_a_newer_baseline_wants_a_newer_plugin():
    """Nothing in it is to be corrected."""
    assert refusal({**HEAD, "version": 99}).endswith("; upgrade pytest-kore-convtest")


@pytest.mark.parametrize(
    ("file", "suite", "fit"),
    [
        ("a.kore.yaml", "STAY", 2),
        ("talks/a.kore.yaml", "STAY", 1),
        ("b.kore.yaml", "STAY", 0),
        ("", "STAY", 1),
        ("a.kore.yaml", "OTHER", 0),
    ],
)
def test_an_entry_is_of_a_suite_by_its_name_and_file(file, suite, fit):
    """A test run may have started in another folder."""
    assert read().entries[0].fit(SuitePlace(file, 1, suite)) == fit


def test_a_report_in_the_place_of_a_baseline_is_the_controllers(tmp_path):
    """A worker compares nothing; a baseline is everybody's."""
    report, known = tmp_path / "r.json", tmp_path / "known.json"
    report.write_text(json.dumps(make_record()))
    known.write_text(json.dumps({**HEAD, "accepted": [ENTRY]}))
    assert read_named_baseline(report, is_worker=True) == NamedBaseline()
    assert read_named_baseline(report, is_worker=False).earlier.began == "2026-11-24T13:05:00.123Z"
    assert len(read_named_baseline(known, is_worker=True).accepted.entries) == 1
    assert read_named_baseline(None, is_worker=False) == NamedBaseline()


def test_the_suites_of_a_file_are_looked_up_once(tmp_path, monkeypatch):
    """From where the test run began, or from above; of one that cannot be read there are none."""
    below = tmp_path / "talks"
    below.mkdir()
    monkeypatch.chdir(below)
    (tmp_path / "a.kore.yaml").write_text("suites: [{name: STAY, steps: []}]")
    (below / "b.kore.yaml").write_text("x")
    names = SuiteNames(tmp_path)
    assert [names(file) for file in ("a.kore.yaml", "talks/b.kore.yaml", "c.kore.yaml")] == [
        frozenset({"STAY"}),
        frozenset(),
        None,
    ]
    (tmp_path / "a.kore.yaml").unlink()
    assert names("a.kore.yaml") == {"STAY"}


def test_an_entry_says_what_may_fail_and_until_when():
    """Without ``fails`` anything of the step may."""
    (entry,) = read(fails=["text"]).entries
    assert (entry.step, entry.until, entry.fails) == (2, date(2027, 1, 31), ("text",))
    assert (entry.covers(["text"]), entry.covers(["text", "flow"]), entry.covers([])) == (True, False, False)
    assert read().entries[0].covers(["text", "flow"])
