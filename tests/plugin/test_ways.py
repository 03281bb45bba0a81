"""The three ways through the code that the design page names are the ways that the data goes."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "design.md").read_text("utf-8")
PACKAGE = "pytest_kore_convtest"

NOTE_CALLS = """
import json, os, pathlib, sys, threading

entered = set()

def note(frame, event, argument):
    if event == "call":
        entered.add(frame.f_globals.get("__name__"))

threading.setprofile(note)
sys.setprofile(note)

def pytest_unconfigure():
    sys.setprofile(None)
    names = [name for name in map(str, list(entered)) if name.startswith("pytest_kore_convtest")]
    pathlib.Path(__file__).with_name(f"entered-{os.getpid()}.json").write_text(json.dumps(names))
"""

MESSAGES = [
    {"input": "Start_Flow", "event": "Start_Flow"},
    {"input": "quote", "outputs": [{"contains": "Which city?"}]},
]


def way(heading):
    """Return the modules that the page names under a heading, as they are imported."""
    start = PAGE.index(f"**{heading}")
    end = re.compile(r"^(\*\*|## )", re.MULTILINE).search(PAGE, start + 2)
    paths = re.findall(r"`([\w/]+)\.py`", PAGE[start : end.start()])
    assert paths
    return [".".join([PACKAGE, *path.split("/")]) for path in paths]


@pytest.fixture
def entered(pytester, run):
    """Give a way to run pytest in a new process, and the modules in which a function was called then."""
    pytester.makepyfile(note_calls=NOTE_CALLS)
    pytester.syspathinsert()

    def start(*arguments):
        result = run("-p", "note_calls", *arguments, fresh=True)
        found = [json.loads(path.read_text()) for path in pytester.path.glob("entered-*.json")]
        return result, {name for names in found for name in names}

    return start


@pytest.fixture
def suite_file(pytester, account):
    """Give the name of a suite file whose second step fails."""
    text = json.dumps({"testCases": [{"name": "A", "messages": MESSAGES}]})
    (pytester.path / "a.kore.json").write_text(text)
    account.bot({"quote": ["no"]})
    return "a.kore.json"


def check(heading, seen, most):
    """Compare what the page says with what was entered."""
    named = way(heading)
    assert len(named) == len(set(named)) <= most
    assert [name for name in named if name not in seen] == []


def test_a_job_id_to_its_verdict(entered, account):
    """Each module that the page names is entered in a run of the gate."""
    account.script("IN_PROGRESS@40, SUCCESS", job="ds-demo")
    result, seen = entered("--kore-gate", "--kore-ds-id", "ds-demo")
    assert result.code == 0
    check("A job id", seen, most=15)


def test_a_suite_file_to_a_failure_text(entered, suite_file):
    """Each module that the page names is entered when a suite file's step fails."""
    result, seen = entered(suite_file, "--kore-run", "inDevelopment")
    assert result.code == 1
    check("A suite file", seen, most=18)


def test_a_failing_step_to_the_page(entered, suite_file):
    """Each module that the page names is entered in one of the processes of xdist."""
    result, seen = entered(
        "-p", "xdist", "-n", "2", suite_file, "--kore-run", "inDevelopment", "--kore-html", "page.html"
    )
    assert result.code == 1
    check("A failing step", seen, most=25)
