"""``compare``: what is different between two reports, and failures that are accepted for a while."""

import json

import pytest
from cli.conftest import one_sentence
from reports.records import make_evidence, make_file, make_record, make_reply, make_run, make_step, make_suite

from pytest_kore_convtest.__main__ import main


def booking(*steps, duration=3.5, verdict=None, **changes):
    """Return a suite that was run; a step is (input, outcome) or (input, outcome, expected)."""
    made = [
        make_step(
            at,
            said,
            outcome,
            why="the text differs" * (outcome == "failed"),
            replies=[make_reply(more or ["Hi!"])],
        )
        for at, (said, outcome, *more) in enumerate(steps, 1)
    ]
    bad = any(step["outcome"] == "failed" for step in made)
    return make_suite(
        verdict=verdict or ("failed" if bad else "passed"),
        run=make_run(duration=duration),
        steps=made,
        **changes,
    )


@pytest.fixture
def report(tmp_path):
    """Write a report of suites."""

    def write(name, *suites, **changes):
        path = tmp_path / name
        path.write_text(
            json.dumps(make_record(*suites, evidence=[make_evidence(**changes)])), encoding="utf-8"
        )
        return path

    return write


def compare(kore, *words):
    """Compare two reports and return the code with the sections as (step, input) by section."""
    ended = kore("compare", *words, "--format", "json")
    told = json.loads(ended.out)
    return ended.code, {
        key: [(one["step"], one["input"]) for one in found]
        for key, found in told.items()
        if isinstance(found, list) and key != "notes" and found
    }


def test_what_newly_fails_is_named_and_the_code_is_1(kore, report):
    """A step that passed before and fails now."""
    old = report("old.json", booking(("hello", "passed"), ("quote", "passed"), ("bye", "failed")))
    new = report("new.json", booking(("hello", "passed"), ("quote", "failed"), ("bye", "passed")))
    ended = kore("compare", old, new)
    assert ended.code == 1
    assert "newly failing (1)" in ended.lines
    assert "  BOOKING: step 02 quote: the text differs" in ended.lines
    assert "  BOOKING: step 03 bye: failed before" in ended.lines
    assert ended.lines[-1] == "1 suite compared; 1 newly failing; 1 mended"


def test_one_known_failure_is_counted_in_the_singular(kore, report):
    """The counts of a comparison are read by people."""
    suite = booking(("hello", "passed"), ("quote", "failed"))
    suite["steps"][1]["known"] = "known failure until 2099-01-31: TICKET-7"
    suite["run"]["excused"] = True
    path = report("run.json", suite)
    assert kore("compare", path, path).lines[-1] == "1 suite compared; 1 known failure"


def test_what_failed_before_is_no_news(kore, report):
    """The same failures twice are exit code 0."""
    old = report("old.json", booking(("hello", "passed"), ("quote", "failed")))
    assert compare(kore, old, old) == (0, {"still_failing": [(2, "quote")]})


def test_steps_keep_their_identity_when_others_are_inserted_moved_or_lost(kore, report):
    """A failed step that stands elsewhere by now is not new."""
    old = report(
        "old.json", booking(("a", "passed"), ("quote", "failed"), ("yes", "passed"), ("gone", "passed"))
    )
    new = report(
        "new.json", booking(("new", "passed"), ("yes", "passed"), ("a", "passed"), ("quote", "failed"))
    )
    code, found = compare(kore, old, new)
    assert code == 0
    assert found == {"still_failing": [(4, "quote")], "new": [(1, "new")], "gone": [(4, "gone")]}


def test_equal_inputs_are_told_apart_by_what_they_expect(kore, report):
    """Of two steps that say yes the one with the same expected reply is the same one."""
    old = report("old.json", booking(("yes", "passed", "A"), ("yes", "failed", "B")))
    new = report("new.json", booking(("yes", "failed", "C"), ("yes", "passed", "A"), ("yes", "failed", "B")))
    assert compare(kore, old, new) == (
        1,
        {"newly_failing": [(1, "yes")], "still_failing": [(3, "yes")], "new": [(1, "yes")]},
    )


def test_a_step_whose_expectation_changed_is_the_same_step(kore, report):
    """What it expects is no part of its identity when its input says enough."""
    old = report("old.json", booking(("a", "passed"), ("quote", "failed", "10 EUR")))
    new = report("new.json", booking(("a", "passed"), ("quote", "passed", "12 EUR")))
    assert compare(kore, old, new) == (0, {"mended": [(2, "quote")]})


def test_a_step_without_a_verdict_is_worse(kore, report):
    """What passed before and is not evaluated now is exit code 1."""
    old = report("old.json", booking(("a", "passed"), ("b", "passed")))
    new = report("new.json", booking(("a", "passed"), ("b", "not evaluated"), verdict="unknown"))
    assert compare(kore, old, new) == (1, {"unverified": [(2, "b")]})


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("passed", "unchecked", (1, {"unverified": [(2, "b")]})),
        ("failed", "unchecked", (1, {"unverified": [(2, "b")]})),
        ("flaky", "unchecked", (1, {"unverified": [(2, "b")]})),
        ("unchecked", "unchecked", (0, {})),
        ("not evaluated", "unchecked", (0, {})),
        ("unchecked", "passed", (0, {})),
        ("unchecked", "failed", (1, {"newly_failing": [(2, "b")]})),
    ],
)
def test_a_step_of_which_nothing_is_checked_any_more_is_worse(kore, report, before, after, expected):
    """It passes whatever the bot answers, so it mends nothing."""
    paths = []
    for name, outcome in (("old.json", before), ("new.json", after)):
        suite = booking(("a", "passed"), ("b", outcome.replace("unchecked", "passed")))
        suite["steps"][1]["unchecked"] = outcome == "unchecked"
        paths.append(report(name, suite))
    assert compare(kore, *paths) == expected


def test_a_suite_that_is_not_run_any_more_is_worse(kore, report):
    """Its steps passed before; nobody knows now."""
    old = report("old.json", booking(("a", "passed")))
    assert compare(kore, old, report("new.json", make_suite())) == (1, {"unverified": [(0, "")]})


def test_new_and_gone_suites(kore, report):
    """A new suite that fails newly fails; one that is gone is named."""
    old = report("old.json", booking(("a", "passed")), booking(("a", "passed"), name="OLD"))
    new = report("new.json", booking(("a", "passed")), booking(("b", "failed"), name="NEW"))
    code, found = compare(kore, old, new)
    assert code == 1
    assert found == {"newly_failing": [(1, "b")], "new": [(0, "")], "gone": [(0, "")]}


def test_a_suite_whose_file_moved_is_the_same_suite(kore, report):
    """Its name stands once on both sides."""
    old = report("old.json", booking(("a", "failed")))
    new = report("new.json", booking(("a", "failed"), file=make_file(path="elsewhere/b.kore.json")))
    assert compare(kore, old, new) == (0, {"still_failing": [(1, "a")]})


@pytest.mark.parametrize(
    ("before", "now", "slower"), [(10, 14.9, False), (10, 15, True), (2, 6, False), (100, 110, False)]
)
def test_slower_is_beyond_noise(kore, report, before, now, slower):
    """Half as long again, and five seconds longer; never worse for it."""
    old = report("old.json", booking(("a", "passed"), duration=before))
    new = report("new.json", booking(("a", "passed"), duration=now))
    code, found = compare(kore, old, new)
    assert (code, "slower" in found) == (0, slower)


def test_versions_and_days_that_differ_are_named(kore, report):
    """The platform may have released in between."""
    old = report("old.json", booking(("a", "passed")), requested_version="published")
    new = report("new.json", booking(("a", "passed")), started_at="2026-12-01T00:00:00.000Z")
    out = kore("compare", old, new).out
    assert "the bot's version differs: published, inDevelopment before, inDevelopment now" in out
    assert "the runs are of 2026-11-24 and 2026-12-01: what the platform released in between" in out


def test_runs_of_two_bots_are_refused_unless_meant(kore, report):
    """One sentence and exit code 4; with --other-bot the difference is named."""
    old = report("old.json", booking(("a", "passed")))
    new = report("new.json", booking(("a", "passed")), stream_id="st-2")
    one_sentence(kore("compare", old, new), 4, "st-2 on https://bots.kore.ai", "--other-bot")
    ended = kore("compare", old, new, "--other-bot")
    assert ended.code == 0
    assert "two bots are compared" in ended.out


def test_nothing_in_common_is_no_success(kore, report):
    """A comparison that compared nothing is exit code 1."""
    old = report("old.json", booking(("a", "passed"), name="A"))
    ended = kore("compare", old, report("new.json", booking(("a", "passed"), name="B")))
    assert ended.code == 1
    assert "nothing was compared: the runs have no suite in common" in ended.lines


@pytest.mark.parametrize(
    "words", [("one.json",), ("no.json", "no.json"), ("one.json", "one.json", "--reason", "x")]
)
def test_wrong_use_is_one_sentence(kore, report, words):
    """Too few reports, one that is not there, --reason without --accept."""
    report("one.json", booking(("a", "passed")))
    one_sentence(kore("compare", *words), 4)


def test_foreign_text_is_shown_and_not_obeyed(kore, report):
    """Neither a terminal nor a CI server nor Markdown does what a step says."""
    evil = "\x1b[31m\n::error::x <b> `"
    old = report("old.json", booking(("a", "passed")))
    new = report("new.json", booking((evil, "failed")))
    for form in ("text", "markdown", "json"):
        out = kore("compare", old, new, "--format", form).out
        assert "\x1b" not in out
        assert "\n::error::" not in out


def test_failures_are_accepted_and_merged(kore, report, tmp_path):
    """Sorted, one key a line; what was there stays."""
    known = tmp_path / "known.json"
    first = report("a.json", booking(("hello", "passed"), ("quote", "failed"), ("bye", "failed")))
    words = ("--accept", known, "--reason", "TICKET-7", "--until", "2099-01-31")
    assert kore("compare", first, *words, "--only", "BOOKING:3").code == 0
    ended = kore("compare", first, *words, "--only", "BOOKING:02")
    assert ended.code == 0
    assert ended.lines[-1] == f"{known} holds 2 accepted failures"
    accepted = json.loads(known.read_text())["accepted"]
    assert [(one["step"], one["input"], one["until"]) for one in accepted] == [
        (2, "quote", "2099-01-31"),
        (3, "bye", "2099-01-31"),
    ]
    before = known.read_bytes()
    assert kore("compare", first, *words).code == 0
    assert known.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--reason"),
        (("--reason", "x"), "--until"),
        (("--reason", "x", "--until", "2020-01-01"), "not in the future"),
        (("--reason", "x", "--until", "soon"), "is no day"),
        (("--reason", "x", "--until", "2099-01-01", "--only", "NO"), "--only NO"),
    ],
)
def test_an_acceptance_has_a_reason_and_an_end(kore, report, tmp_path, words, said):
    """Otherwise nothing is written."""
    run = report("a.json", booking(("quote", "failed")))
    one_sentence(kore("compare", run, "--accept", tmp_path / "known.json", *words), 4, said)
    assert not (tmp_path / "known.json").exists()


def test_the_failures_of_one_report_are_accepted(report, tmp_path, capsys):
    """Nobody could say of which, if there were two."""
    run = str(report("a.json", booking(("quote", "failed"))))
    words = ("--accept", str(tmp_path / "known.json"), "--reason", "x", "--until", "2099-01-01")
    assert main(["compare", run, run, *words]) == 4
    assert "--accept takes one report, whose failed steps are accepted" in capsys.readouterr().err


def test_where_nothing_failed_nothing_is_accepted(report, tmp_path, capsys):
    """No file is written for it."""
    run = str(report("a.json", booking(("quote", "passed"))))
    words = ("--accept", str(tmp_path / "known.json"), "--reason", "x", "--until", "2099-01-01")
    assert main(["compare", run, *words]) == 0
    assert capsys.readouterr().out == "nothing to accept: no step of this report failed\n"
    assert not (tmp_path / "known.json").exists()


def test_a_broken_baseline_is_not_overwritten(kore, report, tmp_path):
    """One sentence names the place, and the file is as it was."""
    known = tmp_path / "known.json"
    known.write_text(
        '{"format": "pytest-kore-convtest baseline", "version": 1, "accepted": [{"suite": "B"}]}'
    )
    before = known.read_bytes()
    run = report("a.json", booking(("quote", "failed")))
    ended = kore("compare", run, "--accept", known, "--reason", "x", "--until", "2099-01-01")
    one_sentence(ended, 4, "$.accepted[0].step: it is missing")
    assert known.read_bytes() == before
