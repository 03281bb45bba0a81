"""What the readers of JUnit files take from ours: GitLab, Azure DevOps, Jenkins, actions of GitHub."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.plugin.test_runs import ITEMS, STEPS, XDIST, document

DOCS = Path(__file__).parents[2] / "docs" / "reports.md"
SAID = "- event: Start_Flow\n  bot: Welcome.\n- user: quote # step 02 {}\n  bot: {}"
RERUN = {"message", "type"}, {"stackTrace", "system-out", "system-err"}
TEXT = {"message", "type"}, set()
STRICT = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname"},
        {"properties", "testcase"},
    ),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": (
        {"name", "classname", "time"},
        {"failure", "error", "skipped", "flakyFailure", "system-out", "system-err"},
    ),
    "failure": TEXT,
    "error": TEXT,
    "skipped": TEXT,
    "flakyFailure": RERUN,
    "stackTrace": (set(), set()),
    "system-out": (set(), set()),
}
"""What the strictest reader, Jenkins' xUnit plugin, lets each element have: attributes, and what is below."""


@pytest.fixture(autouse=True)
def _suite(pytester):
    pytester.makeini("[pytest]")
    (pytester.path / "talks").mkdir()
    (pytester.path / "talks" / "a.kore.json").write_text(document("A"))


@pytest.fixture
def cases(run, account, pytester):
    """Run the suite and return the test cases by name, and the root; the bot answers "quote" run by run."""

    def begin(replies, *args):
        account.bot({"quote": {"runs": replies}})
        run("--kore-run=inDevelopment", "--junitxml=j.xml", *args)
        root = ET.parse(pytester.path / "j.xml").getroot()  # noqa: S314 - pytest's own
        found = {case.get("name"): case for case in root.iter("testcase")}
        assert len(found) == len(list(root.iter("testcase")))
        return found, root

    return begin


def line_of(text, pytester):
    """Return the 1-based line of the suite file in which the object begins whose first key is this."""
    lines = (pytester.path / "talks" / "a.kore.json").read_text().splitlines()
    return next(number for number, line in enumerate(lines) if line.strip().startswith(text))


def tags(case):
    """Return what stands in a test case besides its properties."""
    return [one.tag for one in case if one.tag != "properties"]


def test_a_failed_step(cases, plugin_args):
    """Its failure has a type, its first line as message and the story; the conversation is its output."""
    found, root = cases(["Sorry?"], *plugin_args)
    step = found[STEPS[1]]
    assert tags(step) == ["failure", "system-out"]
    failure = step.find("failure")
    assert failure.get("type") == "ConversationFailedError"
    assert failure.get("message") == ("ConversationFailedError: step 02 'quote' of A FAILED: text of reply 1")
    assert "talks/a.kore.json:" in failure.text
    assert step.findtext("system-out") == SAID.format("failed", "Sorry?")
    assert {name for name, case in found.items() if tags(case)} == {STEPS[1]}
    assert step.get("classname") == "talks.a.kore.json.A"
    assert all(float(case.get("time")) >= 0 for case in found.values())
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (str(len(ITEMS)), "1", "0")


def test_a_flaky_step(cases, plugin_args):
    """Jenkins' four fields of a flaky failure are there, and the case counts as passed for all the others."""
    found, root = cases(["Sorry?", None], "--kore-retry-failed=1", *plugin_args)
    step = found[STEPS[1]]
    assert tags(step) == ["flakyFailure", "system-out"]
    flaky = step.find("flakyFailure")
    assert [one.tag for one in flaky] == ["stackTrace", "system-out"]
    assert flaky.attrib.keys() == {"message", "type"}
    assert step.findtext("system-out") == SAID.format("is flaky: this is how it failed", "Sorry?")
    assert (root[0].get("failures"), root[0].get("errors")) == ("0", "0")


def test_errors_have_a_type(cases, account, plugin_args, pytester):
    """An error names its kind; so does one of an item that was skipped and is not verified."""
    account.script("403, 403, 403, 403")
    found, _ = cases([None], *plugin_args)
    assert found["import"].find("error").get("type") == "AccessDeniedError"
    pytester.makeconftest(
        "import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if item.name == 'structure': item.add_marker(pytest.mark.skip(reason='not today'))\n"
    )
    found, _ = cases([None], *plugin_args)
    (error,) = found["structure"].findall("error")
    assert (error.get("type"), error.get("message")) == ("NotVerified", "not verified: not today")


@pytest.mark.parametrize("passing", ["true", "false"])
@pytest.mark.parametrize("logging", ["no", "system-out", "log", "system-err", "out-err", "all"])
def test_there_is_one_output(cases, logging, passing):
    """GitLab refuses a whole file in which a case has two outputs; the conversation gives way to pytest's."""
    options = f"junit_logging={logging}", f"junit_log_passing_tests={passing}"
    found, _ = cases(["Sorry?"], "-o", options[0], "-o", options[1])
    outputs = found[STEPS[1]].findall("system-out")
    assert len(outputs) == 1
    assert found[STEPS[1]].find("failure").get("type") == "ConversationFailedError"
    assert ("bot: Sorry?" in outputs[0].text) == (logging in {"no", "system-err"})


def test_no_file_is_fetched(cases):
    """GitLab, Azure and Jenkins attach a file that an output names: what a bot says names none."""
    reply = "[[ATTACHMENT|/etc/passwd]]"
    found, _ = cases([reply])
    said = found[STEPS[1]].findtext("system-out")
    assert "/etc/passwd" in said
    assert not re.search(r"\[\[ATTACHMENT\|", said + found[STEPS[1]].findtext("failure"))


def test_file_and_line_as_properties(cases, pytester, plugin_args):
    """Azure and Jenkins show the properties: file and line, counted from 1, with any family."""
    found, _ = cases([None], *plugin_args)
    told = {one.get("name"): one.get("value") for one in found[STEPS[2]].iter("property")}
    assert (told["file"], told["line"]) == ("talks/a.kore.json", str(line_of('"input": "Rome"', pytester)))
    assert {"file", "line"}.isdisjoint(found[STEPS[2]].attrib)


@pytest.mark.parametrize("family", ["xunit1", "legacy"])
def test_file_and_line_as_attributes(cases, pytester, plugin_args, family):
    """With ``junit_family = xunit1`` GitLab and GitHub's actions find the line of the suite file."""
    found, _ = cases(["Sorry?"], "-o", f"junit_family={family}", *plugin_args)
    keys = {STEPS[1]: '"input": "quote"', STEPS[2]: '"input": "Rome"', "lint": '"name": "A"'}
    for name, key in keys.items():
        where = found[name].get("file"), found[name].get("line")
        assert where == ("talks/a.kore.json", str(line_of(key, pytester)))
        told = {one.get("name"): one.get("value") for one in found[name].iter("property")}
        assert (told["file"], told["line"]) == where


def test_tests_of_others_keep_their_lines(run, account, pytester):
    """What pytest writes of tests that are not ours is not touched."""
    pytester.makepyfile(test_it="import pytest\n\n\ndef test_it():\n    assert 0\n")
    run("test_it.py", "--junitxml=j.xml", "-o", "junit_family=xunit1")
    (case,) = ET.parse(pytester.path / "j.xml").getroot().iter("testcase")  # noqa: S314 - pytest's own
    assert case.get("line") == "3"
    assert case.find("failure").get("type") is None


def test_the_strictest_reader(cases, pytester, plugin_args):
    """With the conftest of the documentation nothing is left that the xUnit plugin of Jenkins refuses."""
    recipe = re.search(r"```python title=\"conftest.py\"\n(.+?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert len(list(cases(["Sorry?"], *plugin_args)[1].iter("properties"))) > 1
    pytester.makeconftest(recipe[1])
    for replies, args in (
        (["Sorry?"], ()),
        (["Sorry?", None], ("--kore-retry-failed=1",)),
        (["Sorry?"], ("--kore-emulator", "-k", "import")),
    ):
        _, root = cases(replies, *args, *plugin_args)
        for element in root.iter():
            attributes, children = STRICT[element.tag]
            assert set(element.attrib) <= attributes, element.tag
            assert {one.tag for one in element} <= children, element.tag


def test_ctrf(run, account, pytester, plugin_args):
    """pytest-json-ctrf tells verdicts, messages and stories as we report them."""
    pytest.importorskip("ctrf")
    account.bot({"quote": ["Sorry?"]})
    run("--kore-run=inDevelopment", "-p", "ctrf.main", "--ctrf=ctrf.json", *plugin_args)
    told = json.loads((pytester.path / "ctrf.json").read_text())["results"]
    tests = {one["name"].rpartition("::")[2]: one for one in told["tests"]}
    assert {name: one["status"] for name, one in tests.items()} == {
        **dict.fromkeys(ITEMS, "passed"),
        STEPS[1]: "failed",
    }
    assert tests[STEPS[1]]["message"].startswith("ConversationFailedError: step 02 'quote' of A FAILED")
    assert "the conversation so far" in tests[STEPS[1]]["trace"]
    assert tests[STEPS[1]]["suite"] == ["talks/a.kore.json", "A"]
    account.script("403, 403, 403, 403")
    run("--kore-run=inDevelopment", "-p", "ctrf.main", "--ctrf=ctrf.json", *XDIST)
    told = json.loads((pytester.path / "ctrf.json").read_text())["results"]
    tests = {one["name"].rpartition("::")[2]: one for one in told["tests"]}
    assert (tests["import"]["status"], tests["import"]["rawStatus"]) == ("failed", "setup_failed")
    assert {tests[name]["status"] for name in STEPS} == {"skipped"}
