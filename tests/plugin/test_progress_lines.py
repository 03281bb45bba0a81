"""The picture of all jobs under way."""

import re

import pytest

from pytest_kore_convtest.jobs.progress import State
from pytest_kore_convtest.plugin.terminal.progress_lines import (
    MOST_ROWS,
    Piece,
    Size,
    clock,
    cut,
    draw,
    fit,
    pad,
    width_of,
)


def state(label="BOOKING", **more):
    """Return a job under way."""
    facts = {"words": "IN_PROGRESS 40 %", "percent": 40.0, "elapsed": 14.2, "asks": 3, **more}
    return State(label, label, **facts)


def picture(states, width=100, height=24, usual=None, *, plain=False):
    """Draw jobs; return the lines as text."""
    lines = draw(states, Size(width, height), lambda _: usual, plain=plain)
    return ["".join(piece.text for piece in line) for line in lines]


def test_a_job_under_way():
    """One line: name, bar, percent, time, asks, last word; the percent is not said twice."""
    head, row = picture([state()])
    assert head == "kore: waiting for 1 job"
    assert row == "  BOOKING     ━━━━━━╌╌╌╌╌╌╌╌╌╌  40 %   14 s    3 requests  IN_PROGRESS"


def test_a_run_keeps_its_word():
    """However long the suite's name: what tells its run from its import is not cut."""
    row = picture([state(f"{'x' * 60} run")])[1]
    assert re.match(r"  x+… run ", row)


def test_an_ascii_terminal_gets_ascii():
    """Where only ASCII can be shown, the bar and the dots are ASCII."""
    text = "\n".join(picture([state("x" * 60)], plain=True))
    assert text.isascii()
    assert "######.........." in text


def test_an_estimate_needs_a_ground():
    """Without earlier durations there is none; with them the rest is named, then the usual time."""
    assert "left" not in picture([state()])[1]
    assert picture([state()], usual=61.0)[1].endswith("IN_PROGRESS, about 46 s left")
    assert picture([state(elapsed=70.0)], usual=61.0)[1].endswith("IN_PROGRESS, usually 1:01")


def test_trouble_stands_first_and_has_no_estimate():
    """A job in trouble goes up, says why and since when, in the loud style."""
    bad = state("REFUND", trouble="no answer in time", silent=12.0)
    lines = draw([state(), bad], Size(100, 24), lambda _: 61.0)
    assert "".join(piece.text for piece in lines[0]) == "kore: 0 of 2 jobs done, 1 in trouble"
    assert lines[1][-1] == Piece("  no answer for 12 s: no answer in time", "yellow")


def test_what_has_not_begun_stands_last():
    """Jobs that wait for their turn come after those under way; equals keep their order."""
    rows = picture([state("C", words="", percent=None), state("B"), state("A")])[1:]
    assert [row.split()[0] for row in rows] == ["B", "A", "C"]
    assert rows[-1].split(maxsplit=1)[1] == "not begun"


def test_ended_jobs_are_only_counted():
    """The headline counts them, and those without a verdict and those that could not begin apart."""
    states = [
        state("A", generation=1, good=True),
        state("B", generation=1, good=False),
        state("C", generation=1, good=False, asks=0),
        state("D"),
    ]
    head, *rows = picture(states)
    assert head == "kore: 3 of 4 jobs done, 1 not verified, 1 could not begin"
    assert [row.split()[0] for row in rows] == ["D"]


@pytest.mark.parametrize("height", [1, 5, 10, 24, 200])
def test_more_jobs_than_rows(height):
    """What has no room is counted in the last line; pytest keeps rows of its own."""
    states = [state(f"J{number}") for number in range(48)]
    states += [state("W", words=""), state("T", trouble="HTTP 500")]
    lines = picture(states, height=height)
    assert len(lines) <= max(2, min(height - 2, MOST_ROWS + 1))
    shown = len(lines) - 2
    assert lines[-1].startswith(f"  and {50 - shown} more: ")
    assert lines[-1].endswith(("under way, 1 not begun", "in trouble, 48 under way, 1 not begun"))


@pytest.mark.parametrize("width", [20, 40, 60, 80, 300])
@pytest.mark.parametrize("label", ["BOOKING", "x" * 80, "予約" * 30, "e\u0301" * 50])
def test_no_line_is_as_wide_as_the_terminal(width, label):
    """Every line leaves the last column free, whatever letters it holds."""
    states = [state(label), state(label + "2", trouble="the connection was refused" * 3)]
    assert all(width_of(line) < width for line in picture(states, width=width, usual=900.0))


def test_a_narrow_terminal_keeps_what_matters():
    """In 40 columns name, percent, time and the word's beginning remain."""
    assert picture([state()], width=40)[1] == "  BOOKING     40 %   14 s  IN_PROGRESS"


@pytest.mark.parametrize(
    ("percent", "full"), [(None, 0), (-5.0, 0), (0.0, 0), (99.9, 15), (100.0, 16), (250.0, 16)]
)
def test_the_bar_stays_within_its_bounds(percent, full):
    """Whatever number the platform says, the bar is 16 cells; it is full at 100 only."""
    row = picture([state(percent=percent)])[1]
    assert (row.count("━"), row.count("╌")) == (full, 16 - full)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.9, "0 s"), (59.9, "59 s"), (60, "1:00"), (187, "3:07"), (3720, "1:02:00")]
)
def test_times_read_like_times(seconds, said):
    """Seconds below a minute, then minutes, then hours."""
    assert clock(seconds) == said


def test_wide_letters_take_two_cells():
    """Cutting and padding count cells, not letters."""
    assert width_of("予約e\u0301") == 5
    assert cut("予約予約", 5) == "予約…"
    assert pad("予約予約", 4) == "予… "
    assert pad("é", 3) == "é  "


def test_a_line_of_pieces_is_cut_as_a_whole():
    """The piece that does not fit is cut, those behind it are gone."""
    assert fit([Piece("abc"), Piece("defg", "dim"), Piece("h")], 5) == [Piece("abc"), Piece("d…", "dim")]
