"""What a report tells nothing of is said in it: what was deselected, not reached, or is on other machines."""

import json

import pytest
from plugin.test_reports import case

from pytest_kore_convtest.reports.schema import record_schema

NOTHING = "Nothing that was selected was left out."
REPORTS = ("--kore-json=run.json", "--kore-html=run.html", "--kore-markdown=run.md")


@pytest.fixture
def reports(run, pytester, account):
    """Run two suites, of which the first one fails with a bot of its own; give the three reports."""
    pytester.makeini("[pytest]\nkore_max_parallel = 1")
    for name in ("FIRST", "SECOND"):
        suite = case(name, ("Start_Flow", "Hello"), (f"say {name}", "1"))
        (pytester.path / f"{name.lower()}.kore.json").write_text(json.dumps({"testCases": [suite]}))
    account.bot({"say FIRST": ["2"]})

    def start(*args):
        run("--kore-run=inDevelopment", *REPORTS, *args)
        page, text = ((pytester.path / f"run.{form}").read_text("utf-8") for form in ("html", "md"))
        return json.loads((pytester.path / "run.json").read_text("utf-8")), page, text

    return start


def test_a_whole_run_says_so(reports):
    """Nothing was left out of a run of everything."""
    record, page, text = reports()
    assert record["evidence"][0]["stopped"] == ""
    assert record["evidence"][0]["deselected"] == 0
    assert NOTHING in page
    assert "### Not evaluated" not in text


def test_deselected_tests_are_counted(reports, plugin_args):
    """Seven of each suite's tests are ours, with xdist as without; the page does not claim to be whole."""
    record, page, text = reports("-k", "SECOND", *plugin_args)
    said = "6 tests were deselected (-k, -m, --lf and the like): of them this report tells nothing"
    assert record["evidence"][0]["deselected"] == 6
    assert said in page
    assert said in text
    assert NOTHING not in page


def test_a_run_that_stops_early_says_so(reports):
    """With -x the second suite is not reached."""
    record, page, text = reports("-x")
    stopped = record["evidence"][0]["stopped"]
    assert stopped.startswith("the test run stopped (stopping after 1 failures")
    for report in (page, text):
        assert "t ended early: the test run stopped" in report
        assert "its run was not selected" not in report
    assert NOTHING not in page


def test_a_shard_says_that_it_is_one(reports):
    """What it left to other machines is not deselected; and its own report does not call them missing."""
    record, page, text = reports("--kore-shard=2/2")
    assert record["evidence"][0]["deselected"] == 0
    for report in (page, text):
        assert "hard 2 of 2 only: of the suites on other machines this report tells nothing" in report
        assert "missing" not in report
    assert NOTHING not in page


def test_the_two_facts_are_optional_in_the_schema(reports):
    """Reports of earlier releases have neither."""
    needed = record_schema()["$defs"]["Evidence"]["required"]
    assert not {"stopped", "deselected"} & set(needed)
