"""Changing expected replies in the text of a file: in the style in which it is written, or not at all."""

from pathlib import Path

import pytest

from pytest_kore_convtest.errors import SuiteFileError
from pytest_kore_convtest.suites.file import read_suites_of
from pytest_kore_convtest.suites.results.expectation_changes import DELETE, INSERT, REPLACE, Change
from pytest_kore_convtest.suites.update.update_file import StepChange, show_hunks, update_file

STEP = "suites:\n- name: A\n  steps:\n  - user: a\n"
TEMPLATE = '{"a":1}'
BY_HAND = "its value is written in a way that is changed by hand only"
FORM = "it says what to expect in a form that is changed by hand only"
NOT_SAFE = "the file would not read back as it was: change it by hand"
SHARED = "it is shared by a YAML alias: change it by hand"
LOST = "a comment in what is replaced would be lost: change it by hand"
LOST_PLACE = "its place in the file was not found"
ALIAS = "  - user: b\n    bot: *x\n"


def replaced(text, at=0):
    """Return the change that makes a reply another text."""
    return Change(REPLACE, at, text)


def added(text, at):
    """Return the change that puts a reply before one."""
    return Change(INSERT, at, text)


def removed(at):
    """Return the change that takes a reply out."""
    return Change(DELETE, at)


def update(name, text, *steps):
    """Return the new text of a file, and by step why it is not changed."""
    data, path = text.encode(), Path(name)
    place = tuple(read_suites_of(path, data)[0].place)
    made = update_file(path, data, [StepChange(place, step, changes) for step, changes in steps])
    return made.content.decode(), {step: why for (_, step), why in made.refused.items()}


def in_json(outputs, more=""):
    """Return the text of a JSON file with one step."""
    return f'{{"testCases": [{{"name": "A", {more}"messages": [{{"input": "a", "outputs": {outputs}}}]}}]}}'


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("bot: {text: A}", [replaced("B: b")], 'bot: {text: "B: b"}'),
        ("bot: {text: A}", [replaced(TEMPLATE)], 'bot: {template: {"a": 1}}'),
        ("bot: {template: {a: 1}}", [replaced("B")], "bot: {text: B}"),
        ("bot:\n      text: A", [replaced(TEMPLATE)], "bot:\n      template:\n        a: 1"),
        ("bot: [A, B]", [replaced(TEMPLATE)], 'bot: [{template: {"a": 1}}, B]'),
        ("bot: [A, B]", [added(TEMPLATE, 1)], 'bot: [A, {template: {"a": 1}}, B]'),
        ("bot: []", [added("B", 0)], "bot: [B]"),
        ("bot: [A, B]", [removed(1)], "bot: [A]"),
        ("bot: [A, B, C]", [removed(0), removed(1)], "bot: [C]"),
        ("bot: A", [added("B", 0), added("C", 1)], "bot:\n      - B\n      - A\n      - C"),
        ("bot:\n      A", [added("B", 0), added("C", 1)], "bot:\n    - B\n    - A\n    - C"),
        ("bot: &x A", [replaced("B")], "bot: &x B"),
        ("bot:\n      A", [replaced(TEMPLATE)], "bot:\n      template:\n        a: 1"),
        ("bot: A", [replaced(TEMPLATE)], "bot:\n      template:\n        a: 1"),
        ("bot: A", [replaced(TEMPLATE), added("B", 1)], "bot:\n      - template:\n          a: 1\n      - B"),
        ("bot: A\n      A", [added("B", 1)], "bot:\n    - A\n      A\n    - B"),
        ('bot: "A"', [replaced("B: b")], 'bot: "B: b"'),
        ("bot: 'A'", [replaced("it's")], "bot: 'it''s'"),
        ("bot:\n    - A", [added("B", 0)], "bot:\n    - B\n    - A"),
        ("bot:\n    - A", [added(TEMPLATE, 1)], "bot:\n    - A\n    - template:\n        a: 1"),
        (
            "bot: {template: {a: &x b, c: *x}}",
            [replaced('{"a":"b","c":"d"}')],
            "bot: {template: {a: &x b, c: d}}",
        ),
        ("bot:\n    - any:\n      - A", [replaced("B")], "bot:\n    - any:\n      - A\n      - B"),
        ("? bot\n    : - A\n      - B", [removed(1)], "? bot\n    : - A"),
    ],
)
def test_yaml_stays_in_its_style(before, changes, after):
    """Brackets stay brackets, lines stay lines, and anchors stay where they are."""
    found = update("a.yaml", f"{STEP}    {before}\n", (1, tuple(changes)))
    assert found == (f"{STEP}    {after}\n", {})


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        (
            "a: 1 # one\n        b: 2",
            '{"a":1,"x":[3],"b":2}',
            "a: 1 # one\n        x:\n          - 3\n        b: 2",
        ),
        ("a: 1\n        b: 2 # two\n        c: 3", '{"a":1,"c":4}', "a: 1\n        c: 4"),
        ("- - 1\n          - 2", "[[3,1,2]]", "- - 3\n          - 1\n          - 2"),
        ("- - 1\n          - 2 # two", "[[1,2,3]]", "- - 1\n          - 2 # two\n          - 3"),
        ("a:\n        - 1\n        - 2 # two\n        - 3", '{"a":[1,3]}', "a:\n        - 1\n        - 3"),
        ("a:\n        - 1 # one", '{"a":[0,1]}', "a:\n        - 0\n        - 1 # one"),
        ("a:\n          b: 1", '{"a":2}', "a:\n          2"),
    ],
)
def test_a_template_changes_in_the_lines_that_differ(before, said, after):
    """What is the same stays with its comments; keys and entries come and go with their lines."""
    text = f"{STEP}    bot:\n      template:\n        {before}\n"
    found = update("a.yaml", text, (1, (replaced(said),)))
    assert found == (f"{STEP}    bot:\n      template:\n        {after}\n", {})


@pytest.mark.parametrize(
    ("before", "said", "why"),
    [
        ("a: 1 # one\n        b: 2", '{"x":0,"a":1,"b":2}', LOST),
        ("a:\n        - 1\n        - 2", '{"a":[]}', NOT_SAFE),
    ],
)
def test_a_template_that_cannot_be_written_stays(before, said, why):
    """With all of its comments."""
    text = f"{STEP}    bot:\n      template:\n        {before}\n"
    assert update("a.yaml", text, (1, (replaced(said),))) == (text, {1: why})


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("|-\n      A\n      B", "C\nD\nE", "|-\n      C\n      D\n      E"),
        ("|-  # why\n        A\n        B", "C\nD", "|-  # why\n        C\n        D"),
        ("|-  # why\n      A\n      B", "C", "C  # why"),
        ("|-\n      A\n      B", "C\n D", '"C\\n D"'),
        (">-\n      A\n      B", "C\nD", '"C\\nD"'),
        ("|-\n      A\n      B", "", '""'),
        ("|-\n", "C\nD", '"C\\nD"\n'),
    ],
)
def test_a_block_of_lines_stays_one_where_it_can(before, text, after):
    """Else its text comes into quotation marks; the comment of its first line stays."""
    found = update("a.yaml", f"{STEP}    bot: {before}\n", (1, (replaced(text),)))
    assert found == (f"{STEP}    bot: {after}\n", {})


@pytest.mark.parametrize(
    ("before", "changes", "why"),
    [
        ("more: true", [added("B", 0)], "it has no key 'bot': write one by hand"),
        (f"bot: &x A\n{ALIAS}", [replaced("B")], SHARED),
        (f"bot: &x [A]\n{ALIAS}", [replaced("B")], SHARED),
        (f"bot: [&x A, B]\n{ALIAS}", [replaced("B")], SHARED),
        ("bot: {any: &x [A, B]}\n  - user: b\n    bot: {any: *x}", [replaced("C")], NOT_SAFE),
        ("bot: &x A", [replaced(TEMPLATE)], BY_HAND),
        ("bot: &x A", [added("B", 1)], BY_HAND),
        ("bot:\n     A", [added("B", 0)], BY_HAND),
        ("? bot\n    : - A\n      - B", [added("C", 0)], BY_HAND),
        ("? bot\n    : - A\n      - B", [removed(0)], BY_HAND),
        ("bot: [A, # why\n      B]", [removed(1)], LOST),
        ("bot: [A, B]", [removed(0), removed(1)], "all of its replies would be removed"),
        ("bot: [A, B]", [replaced("C"), removed(0)], NOT_SAFE),
        (f"bot: [&x A, B]\n{ALIAS}", [removed(0)], NOT_SAFE),
        (
            "bot: {contains: A}",
            [replaced("B")],
            "its matcher does not fit: change 'contains' or 'matches' by hand",
        ),
    ],
)
def test_what_cannot_be_written_in_yaml_stays(before, changes, why):
    """The file is the same, and a sentence says why."""
    text = f"{STEP}    {before}\n"
    assert update("a.yaml", text, (1, tuple(changes))) == (text, {1: why})


def test_alternatives_that_an_alias_stands_for_stay():
    """They would change for the other step, too."""
    text = f"{STEP}    bot: {{any: &x [A, B]}}\n  - user: b\n    bot: {{any: *x}}\n"
    assert update("a.yaml", text, (2, (replaced("C"),))) == (text, {2: SHARED})


def test_a_step_between_brackets_keeps_its_single_reply():
    """A list there is for a person to write."""
    text = "suites: [{name: A, steps: [{user: a, bot: A}]}]"
    why = "a single reply between brackets is made a list by hand only"
    assert update("a.yaml", text, (1, (added("B", 0),))) == (text, {1: why})


def test_a_step_that_cannot_be_written_leaves_the_others():
    """What is fine by itself is changed, whichever of them is not."""
    text = f"{STEP}    bot: {{any: &x [A]}}\n  - user: b\n    bot: {{any: *x}}\n  - user: c\n    bot: C\n"
    found = update("a.yaml", text, (1, (replaced("B"),)), (3, (replaced("D"),)))
    assert found == (text.replace("bot: C", "bot: D"), {1: NOT_SAFE})


def test_two_changes_of_one_place_stay_out():
    """Each would be fine, but nobody can say which one is meant."""
    text = in_json('["A"]')
    data, path = text.encode(), Path("a.json")
    place = tuple(read_suites_of(path, data)[0].place)
    made = update_file(path, data, [StepChange(place, 1, (replaced(new),)) for new in "BC"])
    assert (made.content, made.refused) == (data, {(place, 1): NOT_SAFE})


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_the_end_of_a_file_stays(end):
    """A line break comes there no more than one goes."""
    text = f"{STEP}    bot:\n    - A{end}"
    assert update("a.yaml", text, (1, (added("B", 1),))) == (f"{STEP}    bot:\n    - A\n    - B{end}", {})


def test_further_replies_stay_fine():
    """What a file says of further replies is there after the change."""
    text = f"{STEP}    bot: A\n    more: true\n"
    assert update("a.yaml", text, (1, (replaced("B"),))) == (text.replace("bot: A", "bot: B"), {})


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ("[]", [added("B", 0), added("C", 0)], '[{"contains": "B"}, {"contains": "C"}]'),
        ('["A"]', [added("B", 0), added("C", 1)], '["B","A","C"]'),
        ('[ "A"]', [added("B", 1)], '[ "A", "B"]'),
        ('[{"equals": "A"}]', [replaced("B")], '[{"equals": "B"}]'),
        ('[{"equals": "A"}]', [added("B", 1)], '[{"equals": "A"}, {"contains": "B"}]'),
        (
            '[{"contains": "A", "x": 1}]',
            [added("B", 1)],
            '[{"contains": "A", "x": 1}, {"contains": "B"}]',
        ),
        ('[{"contains" : "A" }]', [added("B", 0)], '[{"contains" : "B" }, {"contains" : "A" }]'),
        (
            '[{"contains": {"oneOf": ["A", "B"]}}]',
            [replaced("C")],
            '[{"contains": {"oneOf": ["A", "B", "C"]}}]',
        ),
        ('["A", "B", "C"]', [removed(0), removed(2)], '["B"]'),
        ('["A", "B", "C"]', [removed(0), removed(1)], '["C"]'),
    ],
)
def test_json_stays_in_its_style(before, changes, after):
    """A new entry is written like its neighbour, and each goes with the comma that belongs to it."""
    assert update("a.json", in_json(before), (1, tuple(changes))) == (in_json(after), {})


@pytest.mark.parametrize(
    ("before", "around", "text", "after"),
    [
        ("a\\/b", "", "c/d", "c\\/d"),
        ("a/b", "x\\/y", "c/d", "c/d"),
        ("a", "x\\/y", "c/d", "c\\/d"),
        ("\\u00E9", "", "ÿ\n", "\\u00FF\\n"),
        ("\\u00e9", "\\u00C4", "ÿ", "\\u00ff"),
        ("a", "\\u00C4", "ÿ", "\\u00FF"),
        ("a", "Ä", "ÿ", "ÿ"),
    ],
)
def test_json_keeps_the_escapes_in_use(before, around, text, after):
    """Those of the text that was there; when it says nothing, those of the file."""
    more = f'"description": "{around}", '
    found = update("a.json", in_json(f'["{before}"]', more), (1, (replaced(text),)))
    assert found == (in_json(f'["{after}"]', more), {})


@pytest.mark.parametrize(
    ("outputs", "changes", "why"),
    [
        ('"A"', [added("B", 0)], "it has no list 'outputs'"),
        ("{}", [added("B", 0)], "it has no list 'outputs'"),
        ("[5]", [replaced("B")], FORM),
        ('[{"contains": 5}]', [replaced("B")], FORM),
        ('[{"contains": {"oneOf": []}}]', [replaced("B")], FORM),
        ('[{"contains": {"allOf": ["A"]}}]', [replaced("B")], FORM),
        ('["A", "B"]', [removed(0), removed(1)], "all its replies would be removed"),
    ],
)
def test_what_cannot_be_written_in_json_stays(outputs, changes, why):
    """The file is the same, and a sentence says why."""
    text = in_json(outputs)
    assert update("a.json", text, (1, tuple(changes))) == (text, {1: why})


def test_a_step_that_is_not_in_the_file_changes_nothing():
    """Neither one behind the last nor one of a suite that stands elsewhere."""
    text = in_json('["A"]')
    assert update("a.json", text, (2, (replaced("B"),))) == (text, {2: LOST_PLACE})
    made = update_file(Path("a.json"), text.encode(), [StepChange((9, 9), 1, (replaced("B"),))])
    assert (made.content, made.refused) == (text.encode(), {((9, 9), 1): LOST_PLACE})


def test_a_file_that_is_no_suite_is_refused():
    """It was changed since, and nothing can be said of its steps."""
    with pytest.raises(SuiteFileError, match="has no suite"):
        update_file(Path("a.json"), b"{}", [StepChange((1, 1), 1, (replaced("B"),))])


def test_lines_are_shown_as_they_are_typed():
    """What a failure suggests is the line of the file with the new text."""
    suite = read_suites_of(Path("a.yaml"), f"{STEP}    bot: A\n".encode())[0]
    hunks = show_hunks(suite, StepChange(tuple(suite.place), 1, (replaced("B"),)))
    assert hunks == [(4, 5, ("    bot: B",))]
