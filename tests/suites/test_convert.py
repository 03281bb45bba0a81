"""What a file says in another form, and what is said of all that does not come along."""

import json
import sys
from pathlib import Path

import pytest

from pytest_kore_convtest.errors import SuiteFileError
from pytest_kore_convtest.suites import convert as module
from pytest_kore_convtest.suites.convert import JSON, YAML, convert
from pytest_kore_convtest.suites.file import read_suite_bytes
from pytest_kore_convtest.suites.yaml.write import Reply, write_yaml


def converted(content, to=YAML):
    """Convert content; return the text, and the kind and step of each remark."""
    made = convert(read_suite_bytes(Path("a.json"), json.dumps(content).encode()), to)
    return made.text, [(remark.kind.name, remark.step) for remark in made.remarks]


def steps(*several, **more):
    """Return the content of a file with one suite."""
    return {"testCases": [{"name": "A", "messages": list(several), **more}]}


HEAD = "suites:\n  - name: A\n    steps:\n"


@pytest.mark.parametrize(
    ("content", "after", "remarks"),
    [
        (
            {**steps({"input": "a", "outputs": [{"contains": "b"}]}), "botId": None, "botName": 5},
            f"{HEAD}      - user: a\n        bot: b\n",
            [("wrong-type", 0)],
        ),
        (
            steps({"event": "Start_Flow", "outputs": [{"contains": "b"}]}),
            f"{HEAD}      - event: Start_Flow\n        bot: b\n",
            [("arrival", 1)],
        ),
        (
            steps({"input": "a", "outputs": [5, {"contains": "b"}]}, 7),
            f"{HEAD}      - user: a\n        bot: b\n",
            [("wrong-type", 1), ("wrong-type", 2)],
        ),
        (
            steps({"input": "a", "outputs": [{"contains": "b", "equals": "c"}]}),
            f"{HEAD}      - user: a\n        bot: b\n",
            [("words", 1), ("two-texts", 1)],
        ),
        (
            steps({"input": "a", "outputs": [{"contains": {"oneOf": ["b", 5], "x": 1}}, {"contains": 5}]}),
            f"{HEAD}      - user: a\n        bot: b\n",
            [("unknown-key", 1), ("one-of", 1), ("wrong-type", 1), ("wrong-type", 1)],
        ),
        (
            {"testCases": [{"name": "A", "messages": "x", "tags": ["a", 3]}, 5]},
            "suites:\n  - name: A\n    tags: [a]\n",
            [("wrong-type", 0)] * 3,
        ),
    ],
)
def test_what_yaml_has_no_place_for_is_remarked_on(content, after, remarks):
    """The rest is written; each remark names the step where there is one."""
    assert converted(content) == (after, remarks)


def test_keys_that_nobody_knows_stay_in_json():
    """Only what the runner of 2019 had of its own is written in another way."""
    content = {**steps({"input": "a", "more": 1, "outputs": [{"equals": "b", "id": 7}]}), "extra": 4}
    text, remarks = converted(content, JSON)
    assert json.loads(text) == {
        "extra": 4,
        **steps({"input": "a", "more": 1, "outputs": [{"id": 7, "contains": "b"}]}),
    }
    assert remarks == [("equals", 1)]


GOOD = steps({"input": "a", "outputs": [{"contains": "b"}]})


def refusal(content=GOOD):
    """Return why nothing is written."""
    with pytest.raises(SuiteFileError) as caught:
        converted(content)
    return caught.value.message


def test_what_would_be_too_large_is_not_written(monkeypatch):
    """A file that nobody could read again is none."""
    monkeypatch.setattr(module, "LARGEST_FILE", 40)
    assert refusal() == "a.json would be more than 2 MB as YAML: split it into several files"


def test_without_the_library_nothing_is_written(monkeypatch):
    """What cannot be read back is not trusted."""
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    assert refusal() == (
        "a.json cannot be written as YAML: it is YAML, which needs ruamel.yaml:"
        ' pip install "pytest-kore-convtest[yaml]"'
    )


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("suites:\n- name: B\n  steps: []\n", "it would say something else"),
        ("suites:\n- nam: A\n", "'nam' is not a known key here: did you mean 'name'?"),
    ],
)
def test_what_reads_back_as_something_else_is_not_written(monkeypatch, written, why):
    """Whatever a mistake of the writer comes to, no wrong suite comes out of it."""
    monkeypatch.setattr(module, "write_yaml", lambda *_: written)
    assert refusal() == f"a.json cannot be written as YAML: {why}"


def test_an_optional_template_stays_a_template():
    """That a reply may be missing is written below what it says."""
    content = steps({"input": "a", "outputs": [{"contains": '{"b":1}'}]})
    path = ("testCases", 0, "messages", 0, "outputs", 0)
    text = write_yaml(content, {path: Reply(None, '{"b":1}', optional=True)})
    assert text == (
        f"{HEAD}      - user: a\n        bot:\n"
        "          - template:\n              b: 1\n            optional: true\n"
    )


def test_what_is_no_suite_and_no_step_is_left_out():
    """Only objects are written."""
    assert write_yaml({"testCases": [5, *steps(7, {"input": "a"})["testCases"]]}) == (
        f"{HEAD}      - user: a\n"
    )
