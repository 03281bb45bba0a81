"""YAML suite files go the same way as JSON ones, from the collection to every report."""

import json
from xml.etree import ElementTree as ET

import pytest

SUITE = """\
suites:
  - name: BOOKING
    tags: [smoke]
    steps:
      - event: Start_Flow
        bot: Hi!
      - user: I need a room
        bot:
          - Which city?
          - any: [How many nights?, For how many nights?]
      - user: bye
        bot: Goodbye.
"""
LIVE = ("--kore-emulator", "--kore-run", "inDevelopment")
IDS = [
    "suites/a.kore.yaml::BOOKING::lint",
    "suites/a.kore.yaml::BOOKING::import",
    "suites/a.kore.yaml::BOOKING::structure",
    "suites/a.kore.yaml::BOOKING::run",
    "suites/a.kore.yaml::BOOKING::step 01 Start_Flow",
    "suites/a.kore.yaml::BOOKING::step 02 I need a room",
    "suites/a.kore.yaml::BOOKING::step 03 bye",
]


@pytest.fixture
def folder(pytester):
    """Make a folder with a YAML suite and a bot that answers it."""
    made = pytester.mkdir("suites")
    (made / "a.kore.yaml").write_text(SUITE)
    return made


def answer(pytester, **replies):
    """Write what the bot says."""
    path = pytester.path / "bot.json"
    path.write_text(json.dumps(replies))
    return f"--kore-bot={path}"


def test_a_yaml_suite_has_the_items_of_a_json_one(run, folder):
    """The node ids are those of JSON files."""
    done = run("suites", "--collect-only", "-q", "--kore-run", "inDevelopment")
    assert [line for line in done.lines if "::" in line] == IDS


def test_a_yaml_suite_is_imported_and_run(run, folder, plugin_args):
    """It is compiled, uploaded, stored, compared and run."""
    done = run(*plugin_args, *LIVE, "suites")
    assert done.code == 0
    assert done.closing == ["kore: 1 suite imported and valid; 3 of 3 steps executed, all passed"]


def test_a_failure_points_at_the_line_of_the_yaml(run, folder, pytester):
    """The step's line in the file that a person wrote is shown."""
    done = run(*LIVE, answer(pytester, bye=["Ciao."]), "suites")
    assert done.code == 1
    assert any("suites/a.kore.yaml:11" in line for line in done.lines)
    assert any(line.startswith(f"FAILED {IDS[6]}") for line in done.reasons)


def test_a_reply_that_fits_is_told_in_every_report(run, folder, pytester, plugin_args):
    """Terminal, JUnit, JSON, HTML and Markdown say that the file's matcher passed it."""
    reports = ("--junitxml=r.xml", "--kore-json=r.json", "--kore-html=r.html", "--kore-markdown=r.md")
    bot = answer(pytester, **{"I need a room": ["Which city?", "For how many nights?"]})
    done = run(*plugin_args, *LIVE, bot, *reports, "suites")
    assert done.code == 0
    assert done.closing == [
        "kore: 1 suite imported and valid; 3 of 3 steps executed, all passed, 1 by the file's matcher"
    ]
    said = "passed by the file's matcher: reply 2 (any of 2)"
    assert any(said in line for line in done.lines)
    properties = [one for one in ET.parse("r.xml").iter("property") if one.get("name") == "kore_matcher"]  # noqa: S314 - ours
    assert [one.get("value") for one in properties] == [said]
    record = json.loads((pytester.path / "r.json").read_text(encoding="utf-8"))
    step = record["suites"][0]["steps"][1]
    assert (step["outcome"], step["says"], step["why"]) == ("passed", "matcher", said)
    assert record["verdict"] == record["suites"][0]["run"]["verdict"] == "passed"
    assert record["suites"][0]["run"]["failed"] == 1
    for name in ("r.html", "r.md"):
        text = (pytester.path / name).read_text(encoding="utf-8").replace("&#39;", "'")
        assert said in text


def test_a_reply_that_does_not_fit_is_red(run, folder, pytester):
    """The matcher is no way around a wrong reply."""
    bot = answer(pytester, **{"I need a room": ["Which city?", "When?"]})
    done = run(*LIVE, bot, "suites")
    assert done.code == 1
    assert done.counts == {"failed": 1, "passed": 6}


def test_a_file_with_a_problem_is_one_item_and_nothing_is_uploaded(run, folder, account):
    """What could not be read whole is not imported."""
    (folder / "a.kore.yaml").write_text(SUITE + "      - user: yes\n        bot: Fine.\n")
    done = run("suites", "--kore-run", "inDevelopment")
    assert done.code == 1
    assert done.counts == {"failed": 1}
    assert any("a.kore.yaml:13:15: yes is true or false in YAML" in line for line in done.lines)
    assert account.requests == []


def test_a_named_yaml_file_is_collected_when_it_holds_suites(run, pytester):
    """As any JSON file is; a YAML file of something else is left to other plugins."""
    (pytester.path / "Booking.yaml").write_text(SUITE)
    (pytester.path / "other.yaml").write_text("a: b\n")
    done = run("Booking.yaml", "--collect-only", "-q")
    assert "Booking.yaml::BOOKING::lint" in done.lines
    assert "lint" not in run("other.yaml", "--collect-only", "-q").text
    assert "lint" not in run(".", "--collect-only", "-q").text


def test_a_yml_file_in_a_folder_is_hinted_at(run, folder):
    """Its ending is not that of the suite files, which is said."""
    (folder / "b.kore.yml").write_text(SUITE)
    done = run("suites", "-m", "not kore_live")
    assert any("not tested: suites/b.kore.yml holds a suite" in line for line in done.lines)


def test_json_suites_do_not_pay_for_yaml(run, pytester):
    """The library is imported when there is a YAML file."""
    content = {"testCases": [{"name": "A", "messages": [{"input": "a", "outputs": [{"contains": "b"}]}]}]}
    (pytester.path / "a.kore.json").write_text(json.dumps(content))
    (pytester.path / "conftest.py").write_text(
        "import sys\n\ndef pytest_unconfigure():\n"
        "    print('LOADED', [name for name in sys.modules if name.startswith(('ruamel', 're2'))])\n"
    )
    done = run("-m", "not kore_live", "-s", fresh=True)
    assert "LOADED []" in done.text


def test_a_changed_copy_of_the_suite_is_the_bot(run, folder, pytester):
    """A suite and a wrong bot are two files: the step whose reply was changed fails, and no other."""
    (pytester.path / "bot.yaml").write_text(SUITE.replace("Goodbye.", "See you."))
    done = run(*LIVE, "suites", "--kore-bot", "bot.yaml")
    assert done.code == 1
    failed = [line for line in done.lines if line.startswith("FAILED suites")]
    assert [line.startswith(f"FAILED {IDS[-1]} - ") for line in failed] == [True]
    assert "See you." in done.text
