"""Coverage in a test run: counted by hand, in every report, red when it is too little or not known."""

import csv
import io
import json
from pathlib import Path

import pytest
from fork_server import run_module

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
LIVE = ("--kore-emulator", "--kore-run", "inDevelopment")


@pytest.fixture
def folder(pytester):
    """Make a folder with the demo suite and the definition of its bot."""
    for name in ("booking.kore.json", "bot-definition.json"):
        (pytester.path / name).write_bytes((QUICKSTART / name).read_bytes())
    return pytester.path


def args(*more):
    """Return the arguments of a run that measures."""
    return (*LIVE, "booking.kore.json", "--kore-bot-definition=bot-definition.json", *more)


def test_figures(run, folder, plugin_args):
    """Of the demo bot's 10 transitions the demo suite goes through 6: counted by hand in docs/coverage.md."""
    done = run(*plugin_args, *args("--kore-json=r.json", "--kore-html=r.html", "--kore-markdown=r.md"))
    assert done.code == 0
    assert "Book a room                       6 of 8  75.0 %  6 of 7  85.7 %" in done.lines
    own = {"transitions": {"total": 10, "covered": 6}, "nodes": {"total": 9, "covered": 6}}
    own["dialogs"] = {"total": 2, "covered": 1}
    coverage = json.loads((folder / "r.json").read_text())["coverage"]
    assert coverage["source"] == "runs"
    assert coverage["totals"] == {"own": own, "all": own}
    (book, cancel) = coverage["dialogs"]
    assert book["transitions"]["missing"] == [["reserve", "full"], ["full", "day"]]
    assert [step["step"] for step in book["steps"]] == [1, 2, 3]
    assert cancel["nodes"]["missing"] == ["intent0", "gone"]
    assert "60.0 % of the bot's own transitions (6 of 10)" in (folder / "r.md").read_text()
    assert "Fully booked" in (folder / "r.html").read_text()


def test_csv(run, folder, plugin_args):
    """The command writes a CSV, of one run or of several, which are joined."""
    run(*plugin_args, *args("--kore-json=r.json"))
    done = run_module("pytest_kore_convtest", "report", "r.json", "--coverage-csv", "c.csv", cwd=folder)
    assert done[0] == 0
    rows = list(csv.reader(io.StringIO((folder / "c.csv").read_text())))
    assert rows == [
        ["Flow Name", "Coverage", "Num Steps", "Missing Steps"],
        ["Cancel a room", "0.00%", "2", "2"],
        ["Book a room", "75.00%", "8", "2"],
        ["Total (own dialogs)", "60.00%", "10", "4"],
        ["Total", "60.00%", "10", "4"],
    ]


def test_why_there_is_no_csv(run, folder):
    """Reports of two exports, of none, and without coverage: each has its own cause and way out."""
    text = (folder / "bot-definition.json").read_text("utf-8")
    (folder / "other.json").write_text(text.replace("Book a room", "Book a bed"), "utf-8")
    run(*args("--kore-json=one.json"))
    run(*(arg.replace("bot-definition.json", "other.json") for arg in args("--kore-json=two.json")))
    one = json.loads((folder / "one.json").read_text("utf-8"))
    for name, coverage in (("bare", one["coverage"] | {"definition": None}), ("none", None)):
        (folder / f"{name}.json").write_text(json.dumps(one | {"coverage": coverage}))
    for reports, said in (
        (("one.json", "two.json"), "different exports of the bot: write one CSV for each export."),
        (("bare.json",), "measured without the bot's export: run the tests with --kore-bot-definition."),
        (("none.json",), "no coverage to write: run the tests with --kore-bot-definition."),
    ):
        command = ("pytest_kore_convtest", "report", *reports, "--coverage-csv", "c.csv")
        code, _, err = run_module(*command, cwd=folder)
        assert (code, said in err) == (4, True), err
    run_module("pytest_kore_convtest", "report", "one.json", "two.json", "--json", "both.json", cwd=folder)
    assert "(bot-definition.json, other.json)" in (folder / "both.json").read_text("utf-8")


@pytest.mark.parametrize(("least", "code"), [("60", 0), ("60.01", 1), ("100", 1)])
def test_fail_under(run, folder, plugin_args, least, code):
    """A run that covers less than is asked for is red, and says so."""
    done = run(*plugin_args, *args("--kore-cov-fail-under", least))
    assert done.code == code
    said = "kore: coverage is 60.0 % of the bot's own transitions (6 of 10), and"
    assert any(line.startswith(said) for line in done.closing) == bool(code)


def test_fail_under_needs_a_definition(run, folder, plugin_args):
    """Without a definition nobody knows how much is missing: a usage error."""
    done = run(*plugin_args, *LIVE, "booking.kore.json", "--kore-cov-fail-under=50")
    assert done.code == 4


def test_an_estimate_is_red(run, folder, plugin_args):
    """What is only estimated, for nothing was run, is not enough, whatever is asked for."""
    done = run(*plugin_args, "--kore-emulator", *args("--kore-cov-fail-under=1")[3:])
    assert done.code == 1
    assert any("coverage is only estimated" in line for line in done.closing)


def test_another_bot(run, folder, plugin_args):
    """The definition of a bot that says nothing of what is said is no coverage of 0 %."""
    path = folder / "bot-definition.json"
    path.write_text(path.read_text().replace('"text": "', '"text": "x '))
    assert run(*plugin_args, *args()).code == 0
    done = run(*plugin_args, *args("--kore-cov-fail-under=1"))
    assert done.code == 1
    assert any("coverage was not measured" in line for line in done.closing)


def test_bad_definition(run, folder, plugin_args):
    """A definition that cannot be used stops the run before it begins."""
    (folder / "bot-definition.json").write_text("[]")
    done = run(*plugin_args, *args())
    assert done.code == 4


def test_without_a_definition(run, folder, plugin_args):
    """Without a definition nothing is printed; results that name no node leave no coverage in the record."""
    done = run(*plugin_args, *LIVE, "booking.kore.json", "--kore-json=r.json")
    assert done.code == 0
    assert json.loads((folder / "r.json").read_text())["coverage"] is None
    assert not any("overage" in line for line in done.lines)
