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


COLLECTS_YAML = """
import pytest

class Other(pytest.File):
    def collect(self):
        yield Case.from_parent(self, name="other")

class Case(pytest.Item):
    def runtest(self):
        pass

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".yaml":
        return Other.from_parent(parent, path=file_path)
"""
"""Another plugin that collects YAML files."""

FORMS = {
    "plain": SUITE,
    "one_line": "{suites: [{name: BOOKING, steps: [{event: Start_Flow, bot: Hi!}]}]}\n",
    "like_json": '#\n---\n{\n "bot": "st",\n "suites": [{"name": "BOOKING", "steps": [{user: a, bot: b}]}]}',
    "quoted": SUITE.replace("suites:", "'suites' :"),
    "marked": "\ufeff" + SUITE,
    "document": "--- {suites: [{name: BOOKING, steps: [{event: Start_Flow, bot: Hi!}]}]}\n",
    "commented": "# long\n" * 40_000 + SUITE,
    "wide": SUITE.encode("utf-16"),
    "old_mac": SUITE.replace("\n", "\r"),
}
"""Files that say the same, or cannot be used though they mean to."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("other", [False, True])
def test_a_named_yaml_file_is_collected_when_it_holds_suites(run, pytester, form, other):
    """As any JSON file is, however it is written, and whoever else collects YAML."""
    content = FORMS[form]
    (pytester.path / "Booking.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    if other:
        pytester.makeconftest(COLLECTS_YAML)
    done = run("Booking.yaml", "--collect-only", "-q")
    assert any(line.startswith("Booking.yaml::") and line.endswith("lint") for line in done.lines)
    assert ("Booking.yaml::other" in done.lines) is other


def test_a_named_yaml_file_that_nobody_collects_says_what_is_wrong(run, pytester):
    """A mistyped key is named instead of a file that is not found."""
    (pytester.path / "b.yaml").write_text(SUITE.replace("suites:", "suitess:"))
    done = run("b.yaml")
    assert done.code == 1
    assert any("b.yaml:1:1: has no suite: write 'suites' instead of 'suitess'" in line for line in done.lines)


def test_yaml_of_something_else_is_left_to_other_plugins(run, pytester):
    """What they collect is theirs, named or not."""
    pytester.makeconftest(COLLECTS_YAML)
    (pytester.path / "other.yaml").write_text("a: b\n")
    for name in ("other.yaml", "."):
        done = run(name, "--kore-emulator")
        assert done.counts == {"passed": 1}
        assert "not tested" not in done.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.kore.yml", SUITE),
        ("b.kore.yaml.yml", SUITE),
        ("b.kore.YAML", SUITE),
        ("b.KORE.yaml", SUITE),
        ("b.KORE.YML", "what is this\n"),
        ("b.yaml", SUITE),
        ("b.Yml", FORMS["one_line"]),
        ("b.kore.JSON", '{"testCases": []}'),
        ("b.KORE.json", '{"testCases": []}'),
        ("B.JSON", '{"testCases": []}'),
    ],
)
def test_a_suite_that_is_not_collected_is_hinted_at(run, folder, name, content):
    """Its name is not that of the suite files, in whatever case, which is said; named it is collected."""
    (folder / name).write_text(content)
    done = run("suites", "-m", "not kore_live")
    assert any(f"not tested: suites/{name} holds a suite" in line for line in done.lines)
    assert f"suites/{name}::" in run(f"suites/{name}", "--collect-only", "-q").text


def test_many_other_yaml_files_do_not_hide_a_suite(run, folder):
    """Those that are called like suites are looked at first."""
    for at in range(120):
        (folder / f"a{at:03}.yaml").write_text("kind: {suites: no}\n")
    (folder / "z.kore.yml").write_text(SUITE)
    done = run("suites", "-m", "not kore_live")
    assert any("not tested: suites/z.kore.yml holds a suite" in line for line in done.lines)


def test_a_large_yaml_file_is_announced(run, folder):
    """Nobody wonders what takes so long; ``-q`` says nothing, and a JSON file needs no word."""
    (folder / "large.kore.yaml").write_text("# word\n" * 90_000 + SUITE)
    (folder / "large.kore.json").write_text(" " * 600_000 + '{"testCases": []}')
    said = "kore: reading suites/large.kore.yaml: 0.6 MB of YAML may take some seconds, as JSON less"
    done = run("suites", "--collect-only")
    assert [line for line in done.lines if "reading" in line] == [said]
    assert "reading" not in run("suites", "--collect-only", "-q").text


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
