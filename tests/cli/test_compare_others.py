"""``compare`` with reports of several machines, of other releases, and files that are none."""

import json
from pathlib import Path

import pytest
from cli.conftest import one_sentence
from reports.records import make_evidence, make_record, make_run
from reports.test_shards import shard

from tests.cli.test_compare import booking, compare


@pytest.fixture
def write(tmp_path):
    """Write a record, and give its path."""

    def write(name, record):
        path = tmp_path / name
        path.write_text(json.dumps(record), encoding="utf-8")
        return path

    return write


def machine(number, *suites, of=2):
    """Return the report of one of two machines."""
    made = shard(number, of)
    return made | {"suites": list(suites), "verdict": make_record(*suites)["verdict"]}


def test_merged_reports_are_compared_as_one_run(kore, write, tmp_path):
    """However the suites were divided: a step that fails on one machine passed on the other before."""
    a, b = booking(("a", "passed"), name="A"), booking(("b", "passed"), name="B")
    write("1.json", machine(1, a))
    write("2.json", machine(2, b))
    write("3.json", machine(1, booking(("b", "failed"), name="B")))
    write("4.json", machine(2, a))
    for old, new, target in (("1", "2", "old"), ("3", "4", "new")):
        merged = kore("report", f"{old}.json", f"{new}.json", "--json", f"{target}.json")
        assert merged.code == 0, merged.err
    assert compare(kore, "old.json", "new.json") == (1, {"newly_failing": [(1, "b")]})
    whole = write("whole.json", make_record(a, b))
    assert compare(kore, whole, "old.json") == (0, {})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shard": {"number": 1, "of": 2, "suites": 2, "digest": "d"}}, "new run: shard 2 of 2 is missing"),
        ({"interrupted": True}, "new run: it was interrupted"),
        ({"stopped": "the test run stopped (-x)"}, "new run: it ended early: the test run stopped (-x);"),
        ({}, ""),
    ],
)
def test_a_suite_that_is_gone_from_a_run_that_is_not_whole_is_worse(kore, write, changes, said):
    """Nobody knows what became of it; from a whole run it was taken out."""
    a, b = booking(("a", "passed"), name="A"), booking(("b", "passed"), name="B")
    old = write("old.json", make_record(a, b))
    new = write("new.json", make_record(a, evidence=[make_evidence(**changes)]))
    ended = kore("compare", old, new)
    assert ended.code == bool(changes), ended.out
    assert "gone (1)" in ended.lines
    assert any(line.startswith(said) for line in ended.lines)


def test_a_report_of_an_earlier_release_is_compared(kore, write):
    """Keys that it has not are taken for what they were."""
    old, new = (
        make_record(booking(("a", "passed"), ("b", "failed"))),
        make_record(booking(("a", "failed"), ("b", "failed"))),
    )
    del old["coverage"], old["evidence"][0]["shard"]
    for suite in old["suites"]:
        del (
            suite["imported"]["given_name"],
            suite["run"]["excused"],
            suite["run"]["attempts"],
            suite["run"]["rate"],
        )
        for step in suite["steps"]:
            for key in ("attempts", "fails", "known", "offers", "rate"):
                del step[key]
    found = compare(kore, write("old.json", old), write("new.json", new))
    assert found == (1, {"newly_failing": [(1, "a")], "still_failing": [(2, "b")]})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps(make_record() | {"version": 2}), "version 2 was written by a newer pytest-kore-convtest"),
        (json.dumps(make_record())[:400], "is not valid JSON"),
        ('{"level": "info"}', "this is no report of pytest-kore-convtest"),
        ('{"format": "pytest-kore-convtest history", "version": 1}', "this is no report of"),
        (b"\xff\xfe{", "is not valid UTF-8 at byte 0"),
        ("", "is empty"),
        (None, "cannot read the report"),
    ],
)
@pytest.mark.parametrize("form", ["old", "new", "accept"])
def test_a_file_that_is_no_report_is_one_sentence(kore, write, content, said, form):
    """Newer, cut off, foreign, not UTF-8, empty, or a folder: exit code 4, and no baseline is written."""
    good = write("good.json", make_record(booking(("a", "failed"))))
    bad = good.with_name("bad.json")
    if content is None:
        bad.mkdir()
    else:
        bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    more = ("--accept", "known.json", "--reason", "x", "--until", "2099-01-31")
    words = {"old": (bad, good), "new": (good, bad), "accept": (bad, *more)}[form]
    one_sentence(kore("compare", *words), 4, said, "bad.json")
    assert not good.with_name("known.json").exists()


@pytest.mark.parametrize(
    "content", [b"\xff", b" " * (64 * 1024 * 1024 + 1), None], ids=["bytes", "large", "folder"]
)
def test_a_baseline_that_cannot_be_read_is_not_overwritten(kore, tmp_path, write, content):
    """One sentence with its name, and it is as it was."""
    good, known = write("good.json", make_record(booking(("a", "failed")))), tmp_path / "known.json"
    if content is None:
        known.mkdir()
    else:
        known.write_bytes(content)
    ended = kore("compare", good, "--accept", known, "--reason", "x", "--until", "2099-01-31")
    one_sentence(ended, 4, "known.json")
    assert content is None or known.read_bytes() == content


@pytest.mark.parametrize(("until", "warns"), [("9999-12-31", True), ("tomorrow", False)])
def test_accepting_for_long_is_warned_about(kore, write, until, warns):
    """It is done, and said to be long."""
    from datetime import datetime, timedelta, timezone

    if not warns:
        until = (datetime.now(timezone.utc).date() + timedelta(days=1)).isoformat()
    good = write("good.json", make_record(booking(("a", "failed"))))
    ended = kore("compare", good, "--accept", "known.json", "--reason", "x", "--until", until)
    assert ended.code == 0
    said = f"warning: --until {until} is more than a year away: until then nobody hears of these failures\n"
    assert ended.err == (said if warns else "")


def counted(verdict, *, attempts=()):
    """Return a suite of which the platform told counts only."""
    made = booking(("a", "not evaluated"), verdict=verdict)
    made["run"] |= {"verdict": verdict, "counts_only": True, "attempts": list(attempts)}
    return made


def attempt(number, outcome):
    """Return one of several runs."""
    return {"number": number, "outcome": outcome, "why": "", "run_id": f"ctr-{number}", "seconds": 1.0}


def drifted(*steps):
    """Return a suite whose stored structure is wrong, whatever its run says."""
    made = booking(*steps, verdict="failed")
    made["imported"] |= {"verdict": "failed", "why": ["step 3 is lost"]}
    return made


PASSES, FAILS = ("a", "passed"), ("b", "failed")
FLAKY = [attempt(1, "failed"), attempt(2, "passed")]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (counted("passed"), counted("failed"), (1, {"newly_failing": [(0, "")]})),
        (counted("failed"), counted("failed"), (0, {"still_failing": [(0, "")]})),
        (counted("failed"), counted("passed"), (0, {"mended": [(0, "")]})),
        (counted("passed"), counted("passed", attempts=FLAKY), (0, {"flaky": [(0, "")]})),
        (
            booking(PASSES, FAILS),
            drifted(PASSES, FAILS),
            (1, {"newly_failing": [(0, "")], "still_failing": [(2, "b")]}),
        ),
        (drifted(PASSES, FAILS), drifted(PASSES, FAILS), (0, {"still_failing": [(2, "b")]})),
        (drifted(PASSES), booking(PASSES), (0, {"mended": [(0, "")]})),
        (drifted(PASSES), drifted(PASSES), (0, {"still_failing": [(0, "")]})),
    ],
    ids=[
        "counts newly fail",
        "counts still fail",
        "counts mended",
        "counts flaky",
        "structure newly fails beside a step",
        "structure still fails beside a step",
        "structure mended",
        "structure still fails",
    ],
)
def test_what_no_step_tells_is_told_of_the_suite(kore, write, before, after, expected):
    """A run of counts alone, a structure beside a step that fails anyway: nothing is lost."""
    old, new = (write(name, make_record(one)) for name, one in (("old.json", before), ("new.json", after)))
    assert compare(kore, old, new) == expected


def test_what_is_accepted_already_keeps_its_reason_and_its_day(kore, write, tmp_path):
    """Another failure is added with its own; what ``--only`` names is renewed, and what is over."""
    known = tmp_path / "known.json"
    one = write("one.json", make_record(booking(("a", "failed"), ("b", "passed"))))
    two = write("two.json", make_record(booking(("a", "failed"), ("b", "failed"))))

    def accept(report, reason, until, *words):
        ended = kore("compare", report, "--accept", known, "--reason", reason, "--until", until, *words)
        assert ended.code == 0, ended.err
        return ended.lines, [
            (e["input"], e["reason"], e["until"]) for e in json.loads(known.read_text())["accepted"]
        ]

    first = ("a", "T-1", "2090-01-31")
    assert accept(one, "T-1", "2090-01-31")[1] == [first]
    lines, held = accept(two, "T-2", "2099-01-31")
    assert held == [first, ("b", "T-2", "2099-01-31")]
    assert lines[0] == "accepted already, as it was: BOOKING: step 01 a"
    assert accept(two, "T-3", "2099-02-28", "--only", "BOOKING:1")[1][0] == ("a", "T-3", "2099-02-28")
    known.write_text(known.read_text().replace("2099-02-28", "2020-02-28"))
    assert accept(two, "T-4", "2099-03-31")[1] == [("a", "T-4", "2099-03-31"), ("b", "T-2", "2099-01-31")]


def test_a_suite_that_was_deselected_is_named_as_that_and_is_not_worse(kore, write):
    """Of a suite that only one run has, the other one's deselected tests are the likely reason."""
    one, two = booking(("a", "passed"), name="ONE"), booking(("b", "passed"), name="TWO")
    whole = write("whole.json", make_record(one, two))
    part = write("part.json", make_record(one, evidence=[make_evidence(deselected=6)]))
    said = "6 tests were deselected (-k, -m, --lf and the like), so suites under"
    for pair, line in (
        ((whole, part), f"new run: {said} 'gone' may only have been left out of it"),
        ((part, whole), f"old run: {said} 'new' may only have been left out of it"),
    ):
        ended = kore("compare", *pair)
        assert ended.code == 0
        assert line in ended.lines
    assert "deselected" not in kore("compare", part, part).out


def test_reports_that_were_swapped_are_named(kore, write):
    """By their own moments the new one is the older one."""
    runs = [make_evidence(started_at=f"2026-11-24T1{hour}:00:00.000Z") for hour in (2, 3)]
    old, new = (
        write(f"{at}.json", make_record(booking(("a", "passed")), evidence=[one]))
        for at, one in enumerate(runs)
    )
    said = "the new run began before the old one: swap the two reports, unless that is meant"
    assert said in kore("compare", new, old).lines
    assert said not in kore("compare", old, new).lines


@pytest.mark.parametrize("command", [("compare",), ("report", "--markdown", "-"), ("clean",)])
def test_a_file_that_is_too_large_for_a_report(kore, write, command):
    """Whatever reads reports stops at the same bound."""
    with Path("large.json").open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    sound = write("sound.json", make_record(booking(("a", "passed"))))
    ended = kore(*command, sound, "large.json")
    one_sentence(ended, 4, "cannot read the report large.json: it is larger than 64 MiB")


def test_the_version_of_the_bot_has_one_word(kore, write):
    """The platform calls inDevelopment configured; no reader is to guess that."""
    suite = booking(("quote", "failed"))
    suite["run"] = make_run(reported_version="configured")
    path = write("run.json", make_record(suite))
    assert kore("compare", "--accept", "known.json", path, "--reason", "T", "--until", "2099-01-01").code == 0
    assert json.loads(Path("known.json").read_text("utf-8"))["accepted"][0]["bot_version"] == "inDevelopment"
    assert ", inDevelopment, 1 suite" in kore("compare", path, path).lines[0]
    kore("report", path, "--html", "run.html", "--markdown", "run.md")
    for name, quote in (("run.html", "&#39;"), ("run.md", "'")):
        said = f"configured (the platform{quote}s word for inDevelopment)"
        assert said in Path(name).read_text("utf-8")
