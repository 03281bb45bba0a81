"""``kore-convtest lint``."""

import json
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import jsonschema
import pytest
from cli.conftest import one_sentence
from cli.samples import suite

from pytest_kore_convtest.__main__ import main
from pytest_kore_convtest.cli import lint
from pytest_kore_convtest.cli.lint_formats import lint_rules
from pytest_kore_convtest.rules import DEFAULTS

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "samples" / "sarif-2.1.0-rtm.5.schema.json").read_text(encoding="utf-8")
)


def fits_sarif(log):
    """Check a SARIF log against the standard's schema."""
    jsonschema.Draft4Validator(SCHEMA).validate(log)


@pytest.fixture(name="good")
def _good(tmp_path):
    (tmp_path / "good.kore.json").write_text(suite())
    return "good.kore.json"


@pytest.fixture(name="odd")
def _odd(tmp_path):
    """A suite with a step that asserts nothing, which is a warning, and a key that is not known."""
    content = json.loads(suite())
    content["testCases"][0]["messages"][1]["outputs"] = []
    content["testCases"][0]["colour"] = "red"
    (tmp_path / "odd.kore.json").write_text(json.dumps(content, indent=1))
    return "odd.kore.json"


@pytest.fixture(name="bad")
def _bad(tmp_path):
    (tmp_path / "bad.kore.json").write_text('{\n  "testCases": [}')
    return "bad.kore.json"


def test_a_folder_s_short_yaml_names_are_not_passed_by(kore, good, tmp_path):
    """Of them pytest collects only what is named; a lint of the folder is not green without the others."""
    (tmp_path / "short.kore.yml").write_text("suites: [")
    ended = kore("lint", ".")
    assert ended.code == 1
    assert any(line.startswith("short.kore.yml:1:") for line in ended.lines)


def test_the_files_of_a_folder_are_those_that_pytest_collects(kore, good, bad, tmp_path):
    """As ``kore_suite_files`` says: a file that pytest would collect is looked at."""
    (tmp_path / "Booking.json").write_bytes(Path(bad).read_bytes())
    Path(bad).unlink()
    assert kore("lint", ".").code == 0
    (tmp_path / "pytest.ini").write_text("[pytest]\nkore_suite_files = *.kore.json Book*.json\n")
    ended = kore("lint", ".")
    assert ended.code == 1
    assert ended.lines[0].startswith("Booking.json:2:")
    (tmp_path / "pytest.ini").write_text("[pytest]\nkore_suite_files = none?of.*\n")
    one_sentence(kore("lint", "."), 4, ". has no none?of.* files: rename")


def test_nothing_to_find(kore, good):
    """A good file is exit code 0 and one line."""
    ended = kore("lint", good)
    assert (ended.code, ended.lines, ended.err) == (0, ["no problems in 1 file"], "")


def test_warnings_do_not_fail(kore, odd):
    """Warnings and hints are shown with file, line, severity and rule; the exit code is 0."""
    ended = kore("lint", odd)
    assert ended.code == 0
    assert any(
        line.startswith("odd.kore.json:") and "[step-without-assertion]" in line for line in ended.lines
    )
    assert ": hint: " in ended.out
    assert ended.lines[-1].endswith("in 1 file")


def test_an_error_fails(kore, good, bad):
    """A file that is not JSON is an error with its place; the other files are linted all the same."""
    ended = kore("lint", good, bad)
    assert ended.code == 1
    assert ended.lines[0].startswith("bad.kore.json:2:")
    assert ended.lines[0].endswith("[unusable-file]")
    assert ended.lines[-1] == "1 error in 2 files"


def test_an_empty_file(kore, tmp_path):
    """An empty file is an error with its place."""
    (tmp_path / "empty.json").write_text("")
    ended = kore("lint", "empty.json")
    assert ended.code == 1
    assert ended.lines[0].startswith("empty.json:1:1: error: ")


def test_rules_of_the_command_line(kore, odd):
    """``--rule`` changes what a finding does, above the ini file."""
    assert kore("lint", odd, "--rule", "step-without-assertion=error").code == 1
    Path("pytest.ini").write_text("[pytest]\nkore_rules = step-without-assertion = error\n")
    assert kore("lint", odd).code == 1
    ended = kore("lint", odd, "--rule", "step-without-assertion=off")
    assert ended.code == 0
    assert "step-without-assertion" not in ended.out


def test_only_one_rule(kore, odd, bad):
    """``--only`` leaves all other rules out, but never that a file cannot be used."""
    ended = kore("lint", odd, "--only", "step_without_assertion")
    assert [line.rpartition(" ")[2] for line in ended.lines[:-1]] == ["[step-without-assertion]"]
    assert kore("lint", bad, "--only", "step-without-assertion").code == 1


def test_the_only_rule_is_on_though_the_ini_file_switches_it_off(odd, capsys):
    """Unless the command line switches it off itself."""
    Path("pytest.ini").write_text("[pytest]\nkore_rules = step-without-assertion = off\n")
    words = ["lint", odd, "--only", "step-without-assertion"]
    assert main(words) == 0
    assert "[step-without-assertion]" in capsys.readouterr().out
    assert main([*words, "--rule", "step-without-assertion=off"]) == 0
    assert "[step-without-assertion]" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rule", "step-without-asertion=error"], "did you mean step-without-assertion?"),
        (["--rule", "step-without-assertion"], "is not RULE = "),
        (["--rule", "unusable-file=off"], "cannot be changed"),
        (["--only", "step-without-asertion"], "did you mean step-without-assertion?"),
        (["--only", "text-changed"], "not looked for in files"),
        (["--format", "xml"], "invalid choice"),
    ],
)
def test_wrong_use(kore, good, words, said):
    """A rule or format that does not exist is one sentence and exit code 4."""
    one_sentence(kore("lint", good, *words), 4, said)


def test_no_file(kore):
    """Without a file it says so."""
    one_sentence(kore("lint"), 4, "name at least one suite file")


def test_other_settings_do_not_matter(kore, good, monkeypatch):
    """A wrong account or timeout keeps nobody from linting."""
    monkeypatch.setenv("KORE_TIMEOUT", "soon")
    monkeypatch.setenv("KORE_HOST", "http://a.b")
    assert kore("lint", good).code == 0


def test_the_project_is_not_needed(kore, good, odd, tmp_path):
    """A hook lints where neither the project nor its plugins are installed; the ini file still counts."""
    (tmp_path / "conftest.py").write_text("import a_module_of_the_project\n")
    assert kore("lint", good).err == ""
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --cov=src\nrequired_plugins = pytest-other\nkore_rules = unknown-key = error\n"
    )
    ended = kore("lint", odd)
    assert ended.code == 1
    assert ended.err.startswith("note: addopts is left out")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --kore-require-assertions\n")
    assert kore("lint", odd).code == 1


def test_the_rules_are_listed(kore):
    """``--list-rules`` names every rule that is looked for in files, and what it does here."""
    ended = kore("lint", "--list-rules", "--rule", "unknown-key=off")
    assert [line.split()[0] for line in ended.lines] == [str(rule) for rule in lint_rules()]
    assert any(line.split()[:2] == ["unknown-key", "off"] for line in ended.lines)
    data = json.loads(kore("lint", "--list-rules", "--format", "json").out)
    assert {one["rule"] for one in data} == {str(rule) for rule in lint_rules()}


def test_as_json(kore, odd):
    """``--format json`` gives numbers and findings."""
    data = json.loads(kore("lint", odd, "--format", "json").out)
    assert (data["files"], data["counts"]["error"], data["counts"]["warning"]) == (1, 0, 1)
    (found,) = (one for one in data["findings"] if one["rule"] == "step-without-assertion")
    assert (found["file"], found["suite"], found["step"]) == ("odd.kore.json", "BOOKING", 2)
    assert found["line"] > 1


def test_for_github(kore, tmp_path, bad):
    """``--format github`` writes workflow commands whose special characters are encoded."""
    (tmp_path / "a,b%.json").write_bytes(Path(bad).read_bytes())
    ended = kore("lint", "a,b%.json", "--format", "github")
    assert ended.code == 1
    (line,) = ended.lines
    assert line.startswith("::error file=a%2Cb%25.json,line=2,col=")
    assert ",title=unusable-file::" in line


def test_nothing_for_github(kore, good):
    """Without a finding GitHub is told nothing."""
    assert kore("lint", good, "--format", "github").out == ""


def test_as_sarif(kore, odd, bad, tmp_path):
    """``--format sarif`` fits the schema; each result leads to its rule and to a file below here."""
    folder = tmp_path / "süß & co"
    folder.mkdir()
    (folder / "a b.json").write_bytes(Path(odd).read_bytes())
    outside = tmp_path.parent / f"{tmp_path.name}-outside.json"
    outside.write_bytes(Path(bad).read_bytes())
    ended = kore("lint", "süß & co/a b.json", bad, outside, "--format", "sarif")
    assert ended.code == 1
    log = json.loads(ended.out)
    fits_sarif(log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]
    }
    assert {unquote(uri) for uri in uris} == {"süß & co/a b.json", "bad.kore.json", outside.as_uri()}


@pytest.mark.parametrize("change", [{"version": "2"}, {"runs": [{}]}, {"other": 1}], ids=str)
def test_the_sarif_schema_is_strict(change):
    """A log that the standard does not allow does not fit."""
    log = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}}]}
    fits_sarif(log)
    with pytest.raises(jsonschema.ValidationError):
        fits_sarif(log | change)


def test_an_empty_sarif_log(kore, good):
    """Without a finding the log is valid and has no result, so that code scanning closes old alerts."""
    log = json.loads(kore("lint", good, "--format", "sarif").out)
    fits_sarif(log)
    assert log["runs"][0]["results"] == []


def test_namesakes_across_files(kore, good, tmp_path):
    """Two files with a suite of the same name are found, although each is fine by itself."""
    (tmp_path / "other.json").write_text(suite())
    ended = kore("lint", good, "other.json")
    assert ended.code == 1
    assert ended.lines[0].endswith("[duplicate-suite]")


def test_a_file_named_twice_is_one(kore, good):
    """A file that is named twice is linted once."""
    assert kore("lint", good, good).lines == ["no problems in 1 file"]


def test_every_file_is_read_once(tmp_path, monkeypatch):
    """The work grows with the number of files: each is opened once, and only names are kept of it."""
    paths = []
    for number in range(30):
        paths.append(tmp_path / f"{number}.json")
        paths[-1].write_text(suite(f"S{number}"))
    from pytest_kore_convtest.suites import file

    opened, kept = [], []
    real_open, real_many = file.open_suite_file, lint_module().lint_many
    monkeypatch.setattr(file, "open_suite_file", lambda path: opened.append(path) or real_open(path))
    monkeypatch.setattr(
        lint_module(), "lint_many", lambda files, rules: kept.extend(files) or real_many(files, rules)
    )
    assert list(lint.find_all(paths, None, DEFAULTS)) == []
    assert opened == paths
    assert all(
        file.document is None and not file.suites[0].steps and not file.suites[0].data for file in kept
    )


def lint_module():
    """Return the module whose functions the command looks up as it runs."""
    from pytest_kore_convtest.suites.lint import lint_files as module

    return module


def test_an_unlocated_finding_in_sarif():
    """A finding without a line has no region."""
    from pytest_kore_convtest.cli.lint_formats import write_sarif
    from pytest_kore_convtest.findings import Location
    from pytest_kore_convtest.rules import ERROR, Rule

    one = SimpleNamespace(
        rule=Rule.UNUSABLE_FILE, severity=ERROR, message="x", location=Location("a.json"), count=1
    )
    place = json.loads(write_sarif([one], 1))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "a.json"}}
