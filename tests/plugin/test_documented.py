"""What README.md and examples/README.md show is what a user gets."""

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SHOWN = re.findall(r"```\n(.*?)```", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.DOTALL)
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
TESTS = [block for block in BLOCKS if "def test_" in block]
PAGE = (ROOT / "docs" / "fixtures.md").read_text(encoding="utf-8")
SCRIPTS = [one for one in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "def status_of" in one]
RUN = ("--kore-emulator", "--kore-run", "inDevelopment")
WORDS = "PASSED|FAILED|ERROR|SKIPPED"
OUTCOMES = {
    "BOOKING": {
        "lint": "PASSED",
        "import": "PASSED",
        "structure": "PASSED",
        "run": "PASSED",
        "step 01 Start_Flow": "PASSED",
        "step 02 I need a room": "PASSED",
        "step 03 tomorrow": "PASSED",
    },
    "OPENING_HOURS": {
        "lint": "PASSED",
        "import": "PASSED",
        "structure": "PASSED",
        "run": "PASSED",
        "step 01 Start_Flow": "PASSED",
        "step 02 when are you open": "FAILED",
        "step 03 and on holidays": "FAILED",
        "step 04 thanks": "PASSED",
    },
    "REFUND": {
        "lint": "PASSED",
        "import": "PASSED",
        "structure": "FAILED",
        "run": "SKIPPED",
        "step 01 Start_Flow": "SKIPPED",
        "step 02 I want my money back": "SKIPPED",
        "step 03 4711": "SKIPPED",
    },
}


@pytest.fixture
def example(pytester, run, monkeypatch):
    """Copy an example and run it as shipped, with shorter pauses."""
    monkeypatch.setenv("KORE_POLL_INTERVAL", "0.05")
    monkeypatch.setenv("KORE_RATE_LIMIT", "off")

    def start(name, *args):
        there = pytester.path / "examples" / name
        if not there.exists():
            junk = shutil.ignore_patterns("__pycache__", ".pytest_cache")
            shutil.copytree(EXAMPLES / name, there, ignore=junk)
        return run(f"examples/{name}", *args, apart=True)

    return start


def outcomes(result):
    """Return what became of each item, by suite."""
    found = {}
    for line in result.lines:
        match = re.fullmatch(
            rf"\[gw\d+\] \[ *\d+%\] (?P<word>{WORDS}) \S+::(?P<suite>\S+)::(?P<item>.+?) *", line
        )
        match = match or re.match(rf"\S+::(?P<suite>\S+?)::(?P<item>.+?) (?P<word>{WORDS})(?: .*)?$", line)
        if match and not line.startswith(tuple(WORDS.split("|"))):
            found.setdefault(match["suite"], {})[match["item"]] = match["word"]
    return found


def test_the_conversations(example, plugin_args):
    """Every item of the three suites ends as their descriptions say."""
    result = example("conversations", *RUN, "-v", *plugin_args)
    assert result.code == 1
    assert outcomes(result) == OUTCOMES
    again = example("conversations", *RUN, "-v", "--lf", *plugin_args)
    assert again.counts["failed"] == 3
    assert "passed" not in again.counts


def test_the_conversations_without_an_account(example):
    """Offline they are linted, and are sound as files."""
    result = example("conversations", "-m", "not kore_live")
    assert result.code == 0
    assert result.counts["passed"] == 3


def test_the_outputs_that_the_examples_show(example):
    """Every line of the outputs in examples/README.md stands in the real one, in that order."""
    assert len(SHOWN) >= 4
    result = example("conversations", *RUN, "-p", "no:cacheprovider")
    for block in SHOWN:
        rest = result.text
        for line in filter(None, map(str.strip, block.splitlines())):
            shown = re.sub(r" - \w*\.\.\.$", "", line)  # how much of a summary fits depends on the terminal
            pattern = re.escape(shown).replace("…", r"\S+")
            found = re.search(pattern, rest)
            assert found, f"{line!r} is not in the output after what stands before it in:\n{block}"
            rest = rest[found.end() :]


def test_the_quickstart(example):
    """It is green against the emulator, and says that no real platform was contacted."""
    result = example("quickstart", *RUN)
    assert result.code == 0, result.text
    assert result.emulated


@pytest.mark.parametrize("block", TESTS, ids=range(len(TESTS)))
def test_tests_of_the_readme(block, run, account, pytester):
    """A test in README.md passes as it stands."""
    steps = [{"input": str(number), "outputs": [{"contains": "ok"}]} for number in range(3)]
    suite = {"name": "BOOKING", "tags": ["smoke", "more"], "messages": steps}
    account.add_job({"testCases": [suite]}, job="ds-readme")
    pytester.makepyfile(block)
    where = ["--kore-emulator"] if "kore_emulator" in block else ["--kore-ds-id=ds-readme"]
    result = run(*where)
    assert result.code == 0, result.text
    assert result.counts == {"passed": block.count("def test_")}


@pytest.mark.parametrize("block", SCRIPTS, ids=["fixtures.md"])
def test_the_script_without_pytest(block, account):
    """What docs/fixtures.md shows without pytest asks the platform."""
    names = {}
    exec(compile(block, "fixtures.md", "exec"), names)  # noqa: S102 - our own page
    account.add_job(job="ds-readme")
    assert names["status_of"]("ds-readme") == "SUCCESS"
