"""Reports of several machines that shared the suites: one whole, or a sentence that says why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports.records import make_evidence, make_failed_suite, make_record, make_suite

from pytest_kore_convtest.reports.html.page import render_html
from pytest_kore_convtest.reports.markdown import render_markdown
from pytest_kore_convtest.reports.merge import merge_records
from pytest_kore_convtest.reports.serialize import read_record, write_record
from pytest_kore_convtest.reports.shards import find_shard_gaps


def shard(number, of=3, digest="d", suite=None, **changes):
    """Return the report of one machine, with one suite of its own."""
    part = {"number": number, "of": of, "suites": 3, "digest": digest}
    evidence = make_evidence(**{"shard": part, "started_at": f"2026-11-24T13:0{number}:00.000Z"} | changes)
    return make_record(suite or make_suite(f"S{number}"), evidence=[evidence])


def test_all_shards_are_one_whole():
    """With the reports of all machines the whole passes, and every suite is in it once."""
    merged = merge_records([shard(2), shard(1), shard(3)])
    assert (merged["verdict"], merged["notes"]) == ("passed", [])
    assert [suite["name"] for suite in merged["suites"]] == ["S2", "S1", "S3"]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([shard(1), shard(2)], "shard 3 of 3 is missing: what became of the suites there is not known"),
        ([shard(2)], "shards 1 and 3 of 3 are missing: what became of the suites there is not known"),
        (
            [shard(4, 30)],
            "shards 1, 2, 3, 5, 6, 7, 8, 9, 10, 11 and 19 more of 30 are missing: what became",
        ),
        (
            [shard(1), shard(2), shard(3), shard(2, suite=make_suite("again"), machine="another")],
            "shard 2 of 3 is in the reports of 2 runs: give one of them",
        ),
        (
            [shard(1, 2), shard(2, 2, interrupted=True)],
            "shard 2 of 2 was interrupted: what became of the suites that it had not reached is not known",
        ),
        (
            [shard(1, 2), shard(2, 2), shard(3, 3)],
            "the shards are of builds with 2 and 3 machines: give the reports of one build",
        ),
        (
            [shard(1, 2, stream_id="st-1"), shard(2, 2, stream_id="st-2\x1b[31m")],
            "the 2 shards tested 2 different bots: https://bots.kore.ai, st-1; https://bots.kore.ai, st-2",
        ),
        (
            [shard(1, 2), shard(2, 2, requested_version="published")],
            "the 2 shards asked for different versions of the bot: inDevelopment, published",
        ),
        (
            [shard(1, 2), shard(2, 2, digest="e")],
            "the 2 shards did not share the same suites, or not the same tests of them, so that one may have",
        ),
        (
            [shard(1, 2), shard(2, 2, git={"commit": "0a1b" * 10, "branch": "main", "dirty": False})],
            f"the 2 shards are of different commits: {'4f1e' * 10}, {'0a1b' * 10}: give the reports of one",
        ),
        ([shard(1, 1), shard(7, 1)], "there can be no shard 7 of 1: the report was changed"),
    ],
)
def test_shards_that_are_no_whole(parts, said):
    """What is missing, doubled or odd is said first; the whole is not verified, and nothing is lost."""
    merged = merge_records(parts)
    assert merged["verdict"] == "unknown"
    assert merged["notes"][0].startswith(said)
    assert "\x1b" not in merged["notes"][0]
    assert len(merged["suites"]) == len(parts)


def test_a_failure_is_not_hidden_by_a_missing_shard():
    """A failed suite makes the whole failed, whatever is missing."""
    merged = merge_records([shard(1, suite=make_failed_suite("F"))])
    assert merged["verdict"] == "failed"
    assert "missing" in merged["notes"][0]


def test_a_machine_that_knows_no_commit_is_no_other_one():
    """Where neither git nor the CI service tells a commit there is nothing to compare."""
    assert merge_records([shard(1, 2), shard(2, 2, git=None)])["verdict"] == "passed"


def test_emulators_are_one_bot():
    """Every machine has an emulator with an address of its own, which makes no different bots of them."""
    parts = [shard(number, 2, emulator=True, stream_id=f"st-{number}") for number in (1, 2)]
    merged = merge_records(parts)
    assert (merged["verdict"], merged["notes"]) == ("passed", [])


def test_other_reports_beside_shards():
    """A report of a run that was not divided may lie among them."""
    assert merge_records([shard(1, 1), make_record(make_suite("gate"))])["verdict"] == "passed"


def test_a_report_of_an_earlier_release():
    """A report that knows no shards is read as one of a run that was not divided."""
    record = make_record()
    del record["evidence"][0]["shard"]
    assert read_record(write_record(record), "old.json")["evidence"][0]["shard"] is None


def test_the_pages_name_the_shard():
    """The evidence of a run says which part of the suites it had, in every form."""
    record = shard(2, 4)
    assert "2 of 4" in render_html(record)
    assert "2 of 4" in render_markdown(record)


@given(st.integers(1, 40), st.data())
def test_only_all_numbers_are_a_whole(of, data):
    """Whatever is left out, exactly the whole set has no gap."""
    numbers = data.draw(st.sets(st.integers(1, of), min_size=1))
    evidence = [shard(number, of)["evidence"][0] for number in numbers]
    assert bool(find_shard_gaps(evidence)) == (len(numbers) < of)
