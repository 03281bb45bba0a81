"""Suite files as far as they can be read."""

import json
from pathlib import Path

import pytest

from pytest_kore_convtest.errors import SuiteFileError, from_data
from pytest_kore_convtest.json_positions import START, Place
from pytest_kore_convtest.suites.file import (
    LARGEST_FILE,
    LocalOutput,
    LocalStep,
    open_suite_file,
    pick_suite,
    read_output,
    read_suite_file,
)

ONE = """{
  "botId": "st-1",
  "testCases": [
    {
      "name": "ONE", "tags": ["a", "b"], "description": "first",
      "messages": [
        {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hi"}]},
        {"input": "bye",
         "outputs": [{"contains": "So"},
                     {"contains": "long"}]}
      ]
    }
  ]
}
"""


def case(name="X", **more):
    """Return a small suite as it stands in a file."""
    return {"name": name, "messages": [{"input": "a", "outputs": [{"contains": "b"}]}], **more}


@pytest.fixture(name="write")
def _write(tmp_path):
    def write(content):
        path = tmp_path / "a.kore.json"
        text = content if isinstance(content, (str, bytes)) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_file_with_one_suite(write):
    """Everything of the suite is read, and the data is the file byte for byte."""
    path = write(ONE)
    (suite,) = read_suite_file(path)
    assert (suite.path, suite.name, suite.description) == (path, "ONE", "first")
    assert (suite.tags, suite.bot_id, suite.split) == (("a", "b"), "st-1", False)
    assert suite.data == ONE.encode()


def test_everything_has_its_place(write):
    """Suite, steps and outputs know their line and column."""
    (suite,) = read_suite_file(write(ONE))
    assert suite.place == Place(4, 5)
    assert suite.steps == (
        LocalStep("Start_Flow", "Start_Flow", (LocalOutput(("Hi",), "contains", Place(7, 68)),), Place(7, 9)),
        LocalStep(
            "bye",
            "",
            (
                LocalOutput(("So",), "contains", Place(9, 22)),
                LocalOutput(("long",), "contains", Place(10, 22)),
            ),
            Place(8, 9),
        ),
    )


def test_the_replies_of_a_step_are_a_sequence(write):
    """They are read when somebody looks at them, and are then what a tuple of them is."""
    step = read_suite_file(write(ONE))[0].steps[1]
    replies = (
        LocalOutput(("So",), "contains", Place(9, 22)),
        LocalOutput(("long",), "contains", Place(10, 22)),
    )
    assert len(step.outputs) == 2
    assert (step.outputs[1], step.outputs[:1]) == (replies[1], replies[:1])
    assert step.outputs != list(replies)
    assert repr(step.outputs) == repr(replies)
    assert hash(step) == hash(LocalStep("bye", "", replies, Place(8, 9)))


def test_a_byte_order_mark_is_no_matter(write):
    """It is uploaded as it stands, and moves no place."""
    (suite,) = read_suite_file(write(b"\xef\xbb\xbf" + json.dumps({"testCases": [case()]}).encode()))
    assert suite.data.startswith(b"\xef\xbb\xbf{")
    assert suite.place == Place(1, 16)


def test_a_file_with_several_suites_is_split(write):
    """Each suite's data is the file with that suite alone, every other key kept."""
    path = write({"botId": "st-1", "testCases": [case("A"), case("ß😀")], "more": [1]})
    first, second = read_suite_file(path)
    assert (first.split, second.split) == (True, True)
    assert json.loads(first.data) == {"botId": "st-1", "testCases": [case("A")], "more": [1]}
    assert json.loads(second.data) == {"botId": "st-1", "testCases": [case("ß😀")], "more": [1]}
    assert "ß😀".encode() in second.data


def test_a_split_suite_is_never_larger_than_its_file(write):
    """A file without blanks does not grow when it is split."""
    content = {"testCases": [case("A"), {"name": "", "messages": list(range(500))}]}
    path = write(json.dumps(content, separators=(",", ":")))
    assert max(len(suite.data) for suite in read_suite_file(path)) < path.stat().st_size


def test_half_a_character_survives_a_split(write):
    """A lone surrogate is written as its escape again."""
    path = write('{"testCases": [{"name": "\\ud83d"}, {"name": "B"}]}')
    assert json.loads(read_suite_file(path)[0].data)["testCases"][0]["name"] == "\ud83d"


def test_a_suite_without_a_name_is_read(write):
    """It is numbered by its place in the list."""
    suites = read_suite_file(write({"testCases": [case("A"), case(" "), case(7), {}]}))
    assert [suite.name for suite in suites] == ["A", "suite-2", "suite-3", "suite-4"]


def test_what_is_no_suite_is_left_out(write):
    """Entries that are no objects are not suites; the numbers of the others stay."""
    suites = read_suite_file(write({"testCases": [1, {}, "x"]}))
    assert [(suite.name, suite.split) for suite in suites] == [("suite-2", True)]


ODD = [
    ({"messages": None}, ()),
    ({"messages": {"input": "a"}}, ()),
    ({"messages": [7]}, (LocalStep("", "", ()),)),
    ({"messages": [{"input": 7, "event": [], "outputs": "x"}]}, (LocalStep("", "", ()),)),
    ({"messages": [{"input": "a", "outputs": [7]}]}, (LocalStep("a", "", (LocalOutput(()),)),)),
]


@pytest.mark.parametrize(("more", "steps"), ODD)
def test_an_odd_shape_is_read_as_far_as_possible(write, more, steps):
    """What has the wrong type counts as empty, and every step keeps its number."""
    odd = {"tags": ["a", 1], "description": 5, "botId": 3, **more}
    (suite,) = read_suite_file(write({"botId": 1, "testCases": [case(**odd)]}))
    assert (suite.tags, suite.description, suite.bot_id) == (("a",), "", "")
    assert [(step.input, step.event, [out.texts for out in step.outputs]) for step in suite.steps] == [
        (step.input, step.event, [out.texts for out in step.outputs]) for step in steps
    ]


OUTPUTS = [
    ({"contains": "a"}, ("a",), "contains"),
    ({"contains": ""}, ("",), "contains"),
    ({"equals": "a"}, ("a",), "equals"),
    ({"contains": "a", "equals": "b"}, ("a",), "contains"),
    ("a", ("a",), "bare"),
    ({"contains": {"oneOf": ["a", "b"]}}, ("a", "b"), "oneOf"),
    ({"contains": {"allOf": ["a", "b"]}}, ("a", "b"), "allOf"),
    ({"equals": {"oneOf": ["a"]}}, ("a",), "oneOf"),
    ({"contains": ["a", 1, "b"]}, ("a", "b"), "contains"),
    ({"contains": {"type": "template"}}, (), "oneOf"),
    ({}, (), "contains"),
    (None, (), "contains"),
]


@pytest.mark.parametrize(("output", "texts", "mode"), OUTPUTS)
def test_every_way_to_write_an_expected_reply(output, texts, mode):
    """The texts and the way they are written are read."""
    assert read_output(output) == LocalOutput(texts, mode, START)


UNUSABLE = [
    (b"", 1, 1, "is not valid JSON: it is empty"),
    (b"[\n1,]", 2, 2, "is not valid JSON: a comma is not allowed before ]"),
    (b"\xef\xbb\xbf{", 1, 2, "is not valid JSON: the text ends too early"),
    (b'\xef\xbb\xbf\n"\xc3\xa4\xff"', 2, 3, "is not UTF-8 text: save it as UTF-8"),
    ("{}".encode("utf-16"), 1, 1, "is UTF-16 text: save it as UTF-8"),
    (b"[" * 5000, 1, 101, "is not valid JSON: more than 100"),
    (b"[]", 1, 1, "is a list, not a suite: write an object with a list 'testCases'"),
    (b"{}", 1, 1, "has no suite: write an object"),
    (b'{"testSteps": []}', 1, 1, "is a stored suite, which the platform cannot import: export the suite"),
    (
        b'{"response": {"testSteps": []}}',
        1,
        1,
        "is a stored suite, which the platform cannot import: export the suite",
    ),
    (b'{"dialogs": [], "localeData": {}}', 1, 1, "is an exported bot, not a suite: export the suite"),
    (b'{"response": 7}', 1, 1, "has no suite: write an object"),
    (b'{"testCases": {}}', 1, 15, "'testCases' is an object, not a list of suites"),
    (b'{"testCases": []}', 1, 15, "'testCases' contains no object"),
    (b'{"testCases": [1]}', 1, 15, "'testCases' contains no object"),
]


@pytest.mark.parametrize(("data", "line", "column", "said"), UNUSABLE)
def test_a_file_that_cannot_be_used(write, data, line, column, said):
    """The error says what is wrong, with line and column, and travels between processes."""
    path = write(data)
    with pytest.raises(SuiteFileError) as caught:
        read_suite_file(path)
    again = from_data(json.loads(json.dumps(caught.value.to_data())))
    assert str(again).startswith(f"{path}:{line}:{column}: ")
    assert said in str(again)
    assert (again.path, again.line, again.column, len(again.findings)) == (str(path), line, column, 1)


@pytest.mark.parametrize("name", [".", "absent.kore.json"])
def test_a_file_that_cannot_be_read(tmp_path, name):
    """A folder and a missing file are told without a line."""
    with pytest.raises(SuiteFileError, match="cannot be read: ") as caught:
        read_suite_file(tmp_path / name)
    assert caught.value.line is None


def test_the_largest_file(write):
    """Two megabytes are read; one byte more is not."""
    text = json.dumps({"testCases": [case()]})
    full = text + " " * (LARGEST_FILE - len(text))
    assert len(read_suite_file(write(full))[0].data) == LARGEST_FILE
    with pytest.raises(
        SuiteFileError, match=rf"has {LARGEST_FILE + 1} bytes, but the platform accepts at most"
    ):
        read_suite_file(write(full + " "))


def test_nothing_is_raised_on_opening():
    """A file that cannot be read is a file with a problem."""
    file = open_suite_file(Path("absent.kore.json"))
    assert (file.suites, file.document) == ((), None)
    assert [problem.place for problem in file.problems] == [None]


def test_opening_keeps_the_document(write):
    """What was read stays at hand, also of a file without a suite."""
    good, bad = open_suite_file(write(ONE)), open_suite_file(write("[7]"))
    assert (good.document.value["botId"], good.problems, good.marked) == ("st-1", (), False)
    assert (bad.document.value, len(bad.problems), bad.suites) == ([7], 1, ())


def test_a_suite_does_not_show_its_data(write):
    """The representation of a suite fits on a screen."""
    (suite,) = read_suite_file(
        write({"testCases": [case(description="d", messages=[{"input": "x" * 9999}])]})
    )
    assert len(repr(suite)) < 500


def test_picking_a_suite(write):
    """By its name, or without one when there is only one."""
    suites = read_suite_file(write({"testCases": [case("A"), case("B")]}))
    assert pick_suite(suites, "B").name == "B"
    assert pick_suite(suites[:1], None).name == "A"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (None, "has several suites ('A', 'B', 'B'): choose one with name="),
        ("C", "has no suite named 'C'; it has 'A', 'B', 'B'"),
        ("B", "has 2 suites named 'B': rename all but one"),
        ("", "has no suite named ''"),
    ],
)
def test_a_suite_that_cannot_be_picked(write, name, said):
    """The error says which suites there are."""
    suites = read_suite_file(write({"testCases": [case("A"), case("B"), case("B")]}))
    with pytest.raises(SuiteFileError) as caught:
        pick_suite(suites, name)
    assert said in str(caught.value)
