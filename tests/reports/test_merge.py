"""Several runs as one record."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports.records import (
    make_evidence,
    make_failed_suite,
    make_import,
    make_item,
    make_record,
    make_suite,
    records,
)

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.reports.merge import merge_records
from pytest_kore_convtest.reports.serialize import read_record, write_record

FIRST = make_record(
    make_suite("A"),
    make_suite("B"),
    items=[make_item(suites=[1])],
    notes=["one"],
)
SECOND = make_record(
    make_failed_suite("C"),
    evidence=[make_evidence(started_at="2026-11-24T14:00:00.000Z")],
    items=[make_item(suites=[0])],
    notes=["two"],
)


def test_suites_and_items_keep_what_they_belong_to():
    """Indexes are numbered anew, in the order of the records."""
    merged = merge_records([FIRST, SECOND])
    assert [(suite["name"], suite["evidence"]) for suite in merged["suites"]] == [
        ("A", 0),
        ("B", 0),
        ("C", 1),
    ]
    assert [item["suites"] for item in merged["items"]] == [[1], [2]]
    assert merged["evidence"] == [*FIRST["evidence"], *SECOND["evidence"]]
    assert merged["notes"] == ["one", "two"]
    assert merge_records([FIRST, {**SECOND, "notes": ["one", "two"]}])["notes"] == ["one", "two"]
    assert merged["closing"] == [*FIRST["closing"], *SECOND["closing"]]


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        (["passed", "passed"], "passed"),
        (["passed", "unknown"], "unknown"),
        (["unknown", "failed", "passed"], "failed"),
        (["failed", "passed"], "failed"),
    ],
)
def test_the_worst_verdict_counts(verdicts, whole):
    """One failed run makes the whole failed, else one without a verdict makes it unknown."""
    runs = [
        make_record(verdict=verdict, evidence=[make_evidence(machine=str(at))])
        for at, verdict in enumerate(verdicts)
    ]
    assert merge_records(runs)["verdict"] == whole


def test_one_record_stays_as_it_is():
    """Merging a single record changes nothing."""
    assert merge_records([FIRST]) == FIRST


def test_the_same_record_is_not_doubled():
    """A record given again adds nothing but a note."""
    merged = merge_records([FIRST, SECOND, copy.deepcopy(FIRST)])
    assert len(merged["suites"]) == 3
    assert merged["notes"] == [
        "one",
        "two",
        "1 of 3 reports said the same as another one and was left out",
    ]
    twice = merge_records([FIRST, FIRST, FIRST])
    assert twice["suites"] == FIRST["suites"]
    assert twice["notes"][1:] == ["2 of 3 reports said the same as another one and were left out"]


@pytest.mark.parametrize("order", [1, -1])
def test_a_merged_report_and_its_part_count_once(order):
    """Whichever comes first: suites, items and notes are those of the merged one, and a note says why."""
    whole = merge_records([FIRST, SECOND])
    merged = merge_records([whole, FIRST][::order])
    for key in ("evidence", "suites", "items", "closing"):
        assert sorted(map(str, merged[key])) == sorted(map(str, whole[key])), key
    assert "the run that started at 2026-11-24T13:05:00.123Z is in more than one" in merged["notes"][-1]
    assert merged["notes"][-1].endswith("counted once")


def test_overlapping_merged_reports_count_once():
    """Two merged reports that share a run have its suites once, also those that never began."""
    idle = make_suite("D", "unknown", imported=make_import(id="", verdict="unknown"))
    third = make_record(idle, evidence=[make_evidence(started_at="2026-11-24T15:00:00.000Z")])
    merged = merge_records([merge_records([FIRST, third]), merge_records([third, SECOND])])
    assert [suite["name"] for suite in merged["suites"]] == ["A", "B", "D", "C"]
    assert [suite["evidence"] for suite in merged["suites"]] == [0, 0, 1, 2]


def test_a_job_that_two_runs_waited_for_counts_once():
    """The better known verdict is kept, so is the run of its suite, and a note says so."""
    timed_out = make_suite("job-1", "unknown", file=None, imported=make_import(id="ds-7", verdict="unknown"))
    ran = make_failed_suite("A", imported=make_import(id="ds-7"))
    merged = merge_records(
        [make_record(timed_out), make_record(ran, evidence=[make_evidence(machine="another")])]
    )
    assert [(suite["name"], suite["verdict"]) for suite in merged["suites"]] == [("A", "failed")]
    assert len(merged["suites"][0]["steps"]) == 2
    assert "1 import job was waited for by more than one of the runs" in merged["notes"][-1]


def test_equal_ids_of_different_bots_are_different_jobs():
    """An emulator's job may have the id of another one's."""
    runs = [
        make_record(make_suite(imported=make_import(id="ds-7")), evidence=[make_evidence(stream_id=stream)])
        for stream in ("st-1", "st-2")
    ]
    assert len(merge_records(runs)["suites"]) == 2


def test_different_bots_are_told():
    """Merged runs of different bots say which."""
    other = make_record(evidence=[make_evidence(stream_id="st-2", host="")])
    said = merge_records([FIRST, other])["notes"][-1]
    assert said.startswith("the merged runs tested 2 different bots: https://bots.kore.ai, st-1111")
    assert said.endswith("; no host, st-2")


def test_a_stand_in_among_real_runs_is_told():
    """A run against the emulator does not hide among real ones."""
    other = make_record(evidence=[make_evidence(emulator=True)])
    merged = merge_records([FIRST, other, SECOND])
    assert merged["notes"][-1].startswith("1 of 3 merged runs used the built-in")
    assert [entry["emulator"] for entry in merged["evidence"]] == [False, True, False]
    assert [line.partition("]")[0] for line in merged["closing"]] == [
        "[2026-11-24T13:05:00.123Z, real platform",
        "[2026-11-24T13:05:00.123Z, built-in emulator",
        "[2026-11-24T14:00:00.000Z, real platform",
    ]


def test_nothing_cannot_be_merged():
    """No record is an error, never a green report."""
    with pytest.raises(ConfigError, match="nothing to merge: give at least one"):
        merge_records([])


@settings(deadline=None, max_examples=100)
@given(parts=st.lists(records(), min_size=1, max_size=3))
def test_merging_loses_nothing_and_changes_no_part(parts):
    """A merged record is a record and has every suite of every different part, which are as they were."""
    for at, part in enumerate(parts):  # one item, or one job, of two parts counts once: see above
        for number, item in enumerate(part["items"]):
            item["nodeid"] = f"{at}.{number} {item['nodeid']}"
        for number, suite in enumerate(part["suites"]):
            suite["imported"]["id"] = f"{at}.{number}"
    before = copy.deepcopy(parts)
    merged = merge_records(parts)
    different = [part for at, part in enumerate(parts) if part not in parts[:at]]
    assert parts == before
    assert len(merged["suites"]) == sum(len(part["suites"]) for part in different)
    assert len(merged["items"]) == sum(len(part["items"]) for part in different)
    read_record(write_record(merged), "merged")
