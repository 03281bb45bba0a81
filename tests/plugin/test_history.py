"""``--kore-history`` and an earlier report: what newly fails stands first, and every run is kept."""

import json

import pytest
from fork_server import run_module

LIVE = ("--kore-emulator", "--kore-run", "inDevelopment")
SUITE = """\
suites:
  - name: STAY
    steps:
      - event: Start_Flow
        bot: Hi!
      - user: quote
        bot: 10 EUR
"""


@pytest.fixture
def stay(pytester):
    """Write a suite, and a bot that gives a quote; give the arguments."""

    def write(quote):
        (pytester.path / "a.kore.yaml").write_text(SUITE)
        (pytester.path / "bot.json").write_text(json.dumps({"quote": [quote]}))
        return (*LIVE, "--kore-bot=bot.json", "a.kore.yaml")

    return write


def first_of(ended):
    """Return the first line of the section of ours."""
    at = next(at for at, line in enumerate(ended.lines) if line.strip("-") == " kore ")
    return ended.lines[at + 1]


def past(folder):
    """Return the lines of a history."""
    return [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()
    ]


def test_what_newly_fails_stands_first(run, stay, plugin_args, pytester):
    """Against the run before it, which the history holds."""
    history = "--kore-history=past"
    first = run(*plugin_args, *stay("10 EUR"), history)
    assert first.code == 0, first.text
    assert first_of(first) == "kore: no earlier run to compare with"
    second = run(*plugin_args, *stay("12 EUR"), history)
    assert second.code == 1
    assert first_of(second) == "kore: 1 step fails that passed earlier today (STAY: step 02)"
    assert second.closing == [
        "kore: FAILED: 1 suite imported and valid; 2 of 2 steps executed, 1 FAILED; 1 of 6 tests FAILED"
    ]
    third = run(*plugin_args, *stay("10 EUR"), history)
    assert first_of(third) == "kore: nothing fails that passed earlier today; 1 mended"
    lines = past(pytester.path / "past")
    assert [(one["verdict"], one["suites"][0]["outcomes"]) for one in lines] == [
        ("passed", "pp"),
        ("failed", "pf"),
        ("passed", "pp"),
    ]
    assert "quote" not in json.dumps(lines)


def test_an_earlier_report_is_compared_and_accepts_nothing(run, stay, pytester):
    """What failed in it is red all the same; the comparison is printed."""
    assert run(*stay("12 EUR"), "--kore-json=old.json").code == 1
    ended = run(*stay("12 EUR"), "--kore-baseline=old.json")
    assert ended.code == 1
    assert first_of(ended) == "kore: nothing fails that passed earlier today; 1 still failing"
    assert "still failing (1)" in ended.lines


def test_a_torn_or_foreign_line_is_named_and_loses_nothing(run, stay, pytester):
    """The rest of the history is read."""
    folder = pytester.path / "past"
    assert run(*stay("10 EUR"), "--kore-history=past").code == 0
    (good,) = folder.glob("*.jsonl")
    (folder / "torn.jsonl").write_bytes(good.read_bytes()[:60] + b"\n{}\n\xff\n")
    ended = run(*stay("12 EUR"), "--kore-history=past")
    assert first_of(ended) == "kore: 1 step fails that passed earlier today (STAY: step 02)"
    assert sum(line.startswith("torn.jsonl:") for line in ended.lines) == 3
    assert (folder / "torn.jsonl").exists()


def test_a_history_that_cannot_be_written_is_red(run, stay, pytester):
    """As a report that cannot be written."""
    (pytester.path / "file").write_text("")
    assert run(*stay("10 EUR"), "--kore-history=file").code == 4
    ended = run(*stay("10 EUR"), "--kore-history=file/past")
    assert ended.code == 1
    assert any("cannot write the history" in line for line in ended.closing)


def test_the_cache_of_pytest_can_hold_it(run, stay, pytester):
    """And when that is off, nothing is sent."""
    assert run(*stay("10 EUR"), "--kore-history=cache").code == 0
    assert len(list(pytester.path.glob(".pytest_cache/d/kore-history/*.jsonl"))) == 1
    code, out, err = run_module("pytest_kore_convtest", "report", "--history", "cache", cwd=pytester.path)
    assert (code, err) == (0, "")
    assert out.startswith("1 run; ")
    ended = run(*stay("10 EUR"), "--kore-history=cache", "-p", "no:cacheprovider")
    assert ended.code == 4
    assert "pytest's cache is off" in ended.text
