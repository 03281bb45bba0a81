"""The JSON Schema of suite files: valid, helpful, and of one mind with lint."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kore_convtest.__main__ import main
from pytest_kore_convtest.rules import ERROR, RULES
from pytest_kore_convtest.suites.lint.checks import judge_content
from pytest_kore_convtest.suites.schema import suite_schema, write_schema

EXAMPLES = Path(__file__).parents[2] / "examples"

words = st.sampled_from(["x", "Start_Flow", "{}"])
texts = words | st.sampled_from(["", " "])
choices = st.fixed_dictionaries({"oneOf": st.lists(texts, min_size=1, max_size=2)}) | st.fixed_dictionaries(
    {"allOf": st.lists(texts, min_size=1, max_size=2)}, optional={"other": texts}
)
outputs = texts | st.fixed_dictionaries(
    {"contains": texts | choices}, optional={"equals": texts, "zzz": texts}
)
optional = texts | st.none()
steps = st.fixed_dictionaries(
    {"input": words},
    optional={"event": optional, "outputs": st.lists(outputs, max_size=2) | st.none(), "zzz": texts},
)
sound = st.fixed_dictionaries(
    {"input": words, "outputs": st.fixed_dictionaries({"contains": words}).map(lambda one: [one])}
)
messages = st.builds(lambda some, last: [*some, last], st.lists(steps, max_size=2), sound | sound | steps)
suites = st.fixed_dictionaries(
    {"name": words, "messages": messages},
    optional={"tags": st.lists(texts, max_size=2) | st.none(), "description": optional, "zzz": texts},
)
contents = st.fixed_dictionaries(
    {"testCases": st.lists(suites, min_size=1, max_size=2)}, optional={"botId": optional, "botName": optional}
)
odd = st.sampled_from([None, 0, False, "", "x", [], {}, ["x"], [0], {"contains": 0}, {"oneOf": []}])


def holders(value):
    """Return every object and list inside a value, the value itself included."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [value] if isinstance(value, (dict, list)) and value else []
    return found + [holder for one in inside for holder in holders(one)]


@st.composite
def bent_contents(draw):
    """Make a content in which something was replaced or left out, which may make it wrong."""
    content = draw(contents)
    holder = draw(st.sampled_from(holders(content["testCases"])[1:] + [content] * ("botId" in content)))
    place = draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    if holder is content or draw(st.booleans()):
        holder[place if holder is not content else "botId"] = draw(odd)
    else:
        del holder[place]
    return content


@pytest.fixture(name="validator", scope="module")
def _validator():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(suite_schema())
    return jsonschema.Draft202012Validator(suite_schema())


def nodes(value):
    """Yield every object of the schema."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)
    if isinstance(value, dict):
        yield value


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.kore.json")), ids=lambda path: path.stem)
def test_the_examples_are_valid(validator, path):
    """The files that this project ships fit the schema."""
    assert list(validator.iter_errors(json.loads(path.read_bytes()))) == []


@settings(deadline=None, max_examples=500)
@given(content=contents | bent_contents())
def test_it_is_of_one_mind_with_lint(validator, content):
    """A content has the right shape for the schema exactly when lint finds no error in it."""
    errors = [note for note in judge_content(content, None) if RULES[note.rule].severity == ERROR]
    assert validator.is_valid(content) is (not errors)


@pytest.mark.parametrize("content", [[], {}, "x", {"testCases": {}}, {"testCases": []}, {"testCases": [1]}])
def test_what_holds_no_suite_is_invalid(validator, content):
    """What cannot be used at all does not fit."""
    assert not validator.is_valid(content)


def keys(schema):
    """Return every key of a suite file that the schema describes, with its own schema."""
    return [
        item for node in nodes(schema) for item in node.get("properties", {}).items() if "title" in item[1]
    ]


def test_every_key_is_described():
    """Each key that an editor offers has a title, a description and examples."""
    found = keys(suite_schema())
    top, suites = (
        ["botId", "botName", "testCases"],
        ["name", "description", "tags", "preprocessor", "messages"],
    )
    steps, outputs = ["input", "event", "outputs"], ["contains", "equals", "oneOf", "allOf"]
    assert sorted(name for name, _ in found) == sorted([*top, *suites, *steps, *outputs])
    for name, member in found:
        assert {"title", "description", "examples"} <= set(member), name
    for name in ("suite", "step", "output"):
        assert {"title", "description"} <= set(suite_schema()["$defs"][name]), name


def test_every_example_fits(validator):
    """Each example is valid for the key that it belongs to."""
    for name, member in keys(suite_schema()):
        for example in member["examples"]:
            assert validator.evolve(schema=member | {"$defs": suite_schema()["$defs"]}).is_valid(example), (
                name
            )


def test_every_reference_leads_somewhere():
    """Each ``$ref`` names a definition, and each definition is used."""
    schema = suite_schema()
    used = {node["$ref"].removeprefix("#/$defs/") for node in nodes(schema) if "$ref" in node}
    assert used == set(schema["$defs"])


def test_each_caller_gets_a_schema_of_its_own():
    """Changing what was returned changes nothing for others."""
    suite_schema()["$defs"]["suite"]["properties"].clear()
    suite_schema()["$defs"]["suite"]["examples"][0].clear()
    assert suite_schema()["$defs"]["suite"]["examples"][0]
    assert suite_schema()["$defs"]["suite"]["properties"]


def test_the_command_prints_it(capsys):
    """``python -m pytest_kore_convtest schema`` prints the schema, indented, sorted, in ASCII."""
    assert main(["schema", "suite"]) == 0
    printed = capsys.readouterr().out
    assert printed == f"{write_schema()}\n"
    assert json.loads(printed) == suite_schema()
    assert printed.isascii()
    assert list(json.loads(printed)) == sorted(suite_schema())
    assert printed.startswith('{\n  "$defs"')


def test_the_command_takes_no_other_options(capsys):
    """Help is help, and anything else is exit code 4."""
    assert main(["schema", "--help"]) == 0
    assert "Print the JSON Schema of suite files" in capsys.readouterr().out
    assert main(["schema", "--indent"]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("kore-convtest schema: error: unrecognized arguments: --indent\n")
