"""``python -m pytest_kore_convtest``."""

import sys

import pytest
from reports.records import make_failed_suite, make_record

from pytest_kore_convtest.__main__ import main
from pytest_kore_convtest.reports.serialize import read_record, write_record


def test_usage(pytester):
    """Without a command it prints its usage."""
    result = pytester.run(sys.executable, "-m", "pytest_kore_convtest")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["examples:", "usage: kore-convtest COMMAND*", "*emulator*"])


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help(word, capsys):
    """--help begins with three examples and succeeds."""
    assert main([word]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "examples:"
    assert [line.split()[0] for line in lines[1:4]] == ["kore-convtest"] * 3
    assert lines[4] == ""


def test_an_unknown_command(capsys):
    """An unknown command is exit code 4 and one sentence on stderr."""
    assert main(["emulate"]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "kore-convtest: error: there is no command 'emulate': did you mean emulator\n"


def test_the_emulator_has_its_own_help(capsys):
    """``emulator --help`` lists its options."""
    assert main(["emulator", "--help"]) == 0
    assert "--job-polls" in capsys.readouterr().out


def test_the_emulator_refuses_a_bad_option(capsys):
    """A wrong option of ``emulator`` is exit code 4 without a traceback."""
    assert main(["emulator", "--port", "many"]) == 4
    assert "many" in capsys.readouterr().err


@pytest.fixture(name="run_json")
def _run_json(tmp_path):
    path = tmp_path / "run.json"
    path.write_text(write_record(make_record(make_failed_suite())), encoding="utf-8")
    return path


def test_reports_are_rendered_again(pytester, run_json, tmp_path):
    """``report`` writes the forms that are asked for and says so; failed tests do not fail the command."""
    html, markdown = tmp_path / "new" / "r.html", tmp_path / "r.md"
    words = ("report", run_json, "--html", html, "--markdown", markdown)
    result = pytester.run(sys.executable, "-m", "pytest_kore_convtest", *words)
    assert result.ret == 0
    assert result.outlines == [f"wrote {html}", f"wrote {markdown}", "verdict: FAILED"]
    assert markdown.read_text(encoding="utf-8").startswith("## Kore conversation tests: FAILED\n")
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_several_reports_become_one(run_json, tmp_path, capsys):
    """``report`` merges what it is given, and what it wrote it can read."""
    other = tmp_path / "other.json"
    other.write_text(write_record(make_record(verdict="unknown")), encoding="utf-8")
    merged = tmp_path / "merged.json"
    assert main(["report", str(run_json), str(other), "--json", str(merged)]) == 0
    record = read_record(merged.read_bytes(), "merged.json")
    assert [suite["name"] for suite in record["suites"]] == ["REFUND", "BOOKING"]
    assert record["verdict"] == "failed"
    assert capsys.readouterr().out.splitlines()[0] == f"wrote {merged}"


def test_a_report_can_replace_its_source(run_json):
    """Reading ends before writing begins."""
    before = run_json.read_bytes()
    assert main(["report", str(run_json), "--json", str(run_json)]) == 0
    assert run_json.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name at least one report that --kore-json wrote, or --history DIR"),
        (["run.json"], "say what to write: one or more of --html P, --markdown P, --json P"),
        (["run.json", "--markdown", ""], "an output needs the name of a file"),
        (["run.json", "--html", "x", "--json", "./x"], "two reports cannot go to the same file"),
        (["run.json", "--pdf", "x"], "unrecognized arguments: --pdf x"),
        (["missing.json", "--json", "x"], "cannot read the report missing.json: "),
        (["broken.json", "--json", "x"], "broken.json:1:2: is not valid JSON"),
        (["run.json", "--json", "."], "cannot write the report .: it is a folder; give a file"),
    ],
)
def test_a_report_that_cannot_be_made(words, said, run_json, monkeypatch, capsys):
    """Wrong use, unreadable input and unwritable output are exit code 4 and one sentence on stderr."""
    monkeypatch.chdir(run_json.parent)
    (run_json.parent / "broken.json").write_text("{")
    assert main(["report", *words]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"kore-convtest report: error: {said}")
    assert captured.err.count("\n") == 1
    assert not (run_json.parent / "x").exists()


def test_html_without_jinja(run_json, tmp_path, monkeypatch, capsys):
    """What is not installed is named with the command that installs it, and nothing is written."""
    monkeypatch.setitem(sys.modules, "jinja2", None)
    words = ["--json", str(tmp_path / "x"), "--html", str(tmp_path / "y")]
    assert main(["report", str(run_json), *words]) == 4
    assert "needs jinja2: pip install 'pytest-kore-convtest[report]'" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_the_report_has_its_own_help(capsys):
    """``report --help`` lists its options and says what the exit code means."""
    assert main(["report", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "--markdown P" in printed
    assert "not whether the tests passed" in " ".join(printed.split())
