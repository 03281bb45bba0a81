"""``report --history``: what a folder of runs tells, drawn; what cannot be read is named."""

import json
import re

import pytest
from cli.conftest import one_sentence

HOSTILE = "<script>alert(1)</script>\u202e\x1b[2J\"'&"
BOT = "st-1 on https://bots.kore.ai"


def line(at=0, *, outcomes="pp", verdict="passed", name="BOOKING", **changes):
    """Return a line of a history."""
    suite = {"file": "a", "name": name, "verdict": verdict, "seconds": 3.0, "version": "", "excused": False}
    suite |= {"keys": ["a" * 16] * len(outcomes), "outcomes": outcomes} | changes.pop("suite", {})
    data = {"format": "pytest-kore-convtest history", "version": 1, "run": f"r{at}", "ended": ""}
    data |= {"began": f"2026-11-24T13:00:{at:02}.000Z", "verdict": verdict, "interrupted": False}
    data |= {"bots": [BOT], "versions": [], "commit": "", "covered": None, "suites": [suite]}
    return json.dumps(data | changes)


@pytest.fixture
def past(tmp_path):
    """Make the folder of a history; give a function that adds a file of lines."""
    folder = tmp_path / "past"
    folder.mkdir()

    def add(name, *lines):
        (folder / name).write_bytes(
            b"\n".join(one if isinstance(one, bytes) else one.encode() for one in lines)
        )
        return folder

    return add


def test_the_page_shows_verdicts_rate_and_durations(past, kore, tmp_path):
    """Of each suite; each verdict with its moment, for those who see and those who hear."""
    folder = past("a.jsonl", line(1), line(2, outcomes="pf", verdict="failed", suite={"seconds": 6.0}))
    past("b.jsonl", line(3, outcomes="p~", suite={"seconds": None}))
    ended = kore("report", "--history", folder, "--html", tmp_path / "past.html")
    assert (ended.code, ended.lines) == (0, [f"wrote {tmp_path / 'past.html'}"]), ended.err
    page = (tmp_path / "past.html").read_text(encoding="utf-8")
    assert "3 runs of 2026-11-24" in page
    assert f"<bdi>{BOT}</bdi>" in page
    verdicts = re.findall(r'<li class="(.)" title="([^"]*)">', page)
    assert verdicts == [
        ("p", "2026-11-24 13:00:01 UTC: passed"),
        ("f", "2026-11-24 13:00:02 UTC: failed"),
        ("y", "2026-11-24 13:00:03 UTC: flaky"),
    ]
    assert '<span class="away">2026-11-24 13:00:02 UTC: failed</span>' in page
    assert "2 of 3, 66 %" in page
    assert "3.0 / 4.5 / 6.0 s" in page
    assert re.findall(r'<rect x="(\d+)" y="\d+" width="5" height="(\d+)"/>', page) == [
        ("0", "12"),
        ("6", "24"),
    ]


def test_the_page_shows_the_last_30(past, kore):
    """And counts all of them."""
    folder = past("a.jsonl", *(line(at, outcomes="p" if at else "f") for at in range(40)))
    page = kore("report", "--history", folder, "--html", "-").out
    assert page.count('<li class="p"') == 30
    assert "40 of 40, 100 %" in page


def test_nothing_in_a_history_acts_on_the_page(past, kore):
    """Names of suites and bots are shown; no script is on the page, and none is allowed."""
    folder = past("a.jsonl", line(1, name=HOSTILE, bots=[HOSTILE], began=HOSTILE))
    ended = kore("report", "--history", folder, "--html", "-")
    assert ended.code == 0, ended.err
    assert "<script" not in ended.out
    assert "\u202e" not in ended.out
    assert "\x1b" not in ended.out
    assert ended.out.count("&lt;script&gt;alert(1)&lt;/script&gt;\\u202e") >= 2
    assert "default-src 'none'; style-src 'sha256-" in ended.out


def test_html_and_markdown_at_once(past, kore, tmp_path):
    """One to standard output, one to a file."""
    folder = past("a.jsonl", line(1))
    ended = kore("report", "--history", folder, "--html", tmp_path / "x.html", "--markdown", "-")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("## Conversation tests: 1 run\n")
    assert ended.err == f"wrote {tmp_path / 'x.html'}\n"
    assert (tmp_path / "x.html").read_text().startswith("<!doctype html>")


def test_no_run_is_no_answer(past, kore, tmp_path):
    """Exit code 4 for an empty folder, and nothing is written over an earlier page."""
    folder = past("notes.txt", "hello")
    (tmp_path / "x.html").write_text("earlier")
    one_sentence(kore("report", "--history", folder), 4, "holds no run: name the folder")
    one_sentence(kore("report", "--history", folder, "--html", tmp_path / "x.html"), 4, "holds no run")
    assert (tmp_path / "x.html").read_text() == "earlier"


def test_where_nothing_can_be_read_each_reason_is_named(past, kore):
    """Then the exit code is 4, too."""
    ended = kore("report", "--history", past("a.jsonl", "{}", line(1, version=2)))
    assert ended.code == 4
    assert ended.out == ""
    other, newer, nothing = ended.err.splitlines()
    assert other == "a.jsonl:1: left out, it is no line of a history: another format"
    assert newer.endswith("it is of version 2, this pytest-kore-convtest reads 1")
    assert "holds no run" in nothing


@pytest.mark.parametrize("words", [["none"], ["file"], ["file/below"]])
def test_what_is_no_folder_is_an_error(kore, tmp_path, words):
    """One sentence with its name."""
    (tmp_path / "file").write_text("")
    one_sentence(kore("report", "--history", *words), 4, "cannot read the history", words[0])


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (line(2)[:100], "Invalid JSON"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        ('{"format": "app log", "version": 1}', "another format"),
        ("[1]", "not a JSON object"),
        ("null", "not a JSON object"),
        (line(2, version=7), "it is of version 7, this pytest-kore-convtest reads 1"),
        (line(2).replace('"began"', '"ben"'), "'began' is missing"),
        (line(2, suite={"seconds": 10**400}), "too large"),
        (line(2, covered=10**400), "too large"),
        (line(2, suite={"outcomes": "p"}), "keys and outcomes differ in number"),
        (line(2, suites=[7]), "a suite is no object"),
        ("[" * 100_000, "nested"),
    ],
)
def test_a_line_that_cannot_be_read_loses_nothing_else(past, kore, bad, why):
    """Cut off, foreign, newer or nonsense: it is named with its place, and what stands around it is drawn."""
    ended = kore("report", "--history", past("a.jsonl", line(1), bad, line(3)))
    assert ended.code == 0, ended.err
    assert ended.lines[0].startswith("2 runs; ")
    assert ended.err.startswith("a.jsonl:2: left out, it is no line of a history: ")
    assert why in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("form", ["--json", "--coverage-csv"])
def test_other_forms_are_refused(past, kore, form):
    """A history has none of them."""
    ended = kore("report", "--history", past("a.jsonl", line(1)), form, "x")
    one_sentence(ended, 4, f"--history goes with --html and --markdown only: leave {form} out")


def test_the_word_cache_is_the_folder_in_the_cache_of_pytest(past, kore, tmp_path):
    """As the ini file has that folder; where nothing is, one sentence says what to do."""
    (tmp_path / "pytest.ini").write_text("[pytest]\ncache_dir = kept/here\n")
    sentence = "holds no history: run pytest with --kore-history cache here first"
    one_sentence(kore("report", "--history", "cache"), 4, "kept/here", sentence)
    assert not (tmp_path / "kept").exists()
    (tmp_path / "kept" / "here" / "d").mkdir(parents=True)
    past("a.jsonl", line(1)).rename(tmp_path / "kept" / "here" / "d" / "kore-history")
    assert kore("report", "--history", "cache").lines[0].startswith("1 run; ")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    (tmp_path / "cache").mkdir()
    one_sentence(kore("report", "--history", "cache"), 4, "pytest's cache is off here")


@pytest.mark.parametrize(
    ("seconds", "drawn", "heights"),
    [
        ((0.012, 0.030), "▁▁", ["2", "2"]),
        ((1.0, 1.5, 1.1), "▁▂▁", ["5", "7", "5"]),
        ((1, 6), "▁█", ["4", "24"]),
    ],
)
def test_small_differences_of_time_are_drawn_small(past, kore, seconds, drawn, heights):
    """The scale is five seconds at least: milliseconds are no news."""
    folder = past("a.jsonl", *(line(at, suite={"seconds": one}) for at, one in enumerate(seconds)))
    assert kore("report", "--history", folder).lines[-1].endswith(f" s {drawn}")
    page = kore("report", "--history", folder, "--html", "-").out
    assert re.findall(r'<rect x="\d+" y="\d+" width="5" height="(\d+)"/>', page) == heights
