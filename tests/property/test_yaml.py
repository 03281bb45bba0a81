"""YAML suite files, for any text: nothing is raised, nothing is changed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.suites.file import open_suite_file
from pytest_kore_convtest.suites.lint.lint_files import lint_file
from pytest_kore_convtest.suites.yaml.nodes import Scalar, YamlError, read_nodes
from pytest_kore_convtest.suites.yaml.read import read_yaml
from pytest_kore_convtest.suites.yaml.schema import yaml_schema
from pytest_kore_convtest.suites.yaml.write import write_text, write_yaml

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    [
        "yes",
        "12",
        "a: b",
        "a #b",
        "- a",
        "null",
        "2026-01-01",
        "{}",
        "a,b",
        "y",
        "\u2028",
        "\x85",
        "&a",
        "?",
        "a:",
    ]
)
WORDS = (
    *(
        "suites:",
        "\n",
        " ",
        "  ",
        "- ",
        "name: A",
        "user: b",
        "bot: c",
        "[",
        "]",
        "{",
        "}",
        "&x",
        "*x",
        '"',
        "'",
    ),
    *(
        "|",
        ">",
        "\t",
        "#",
        ":",
        "? ",
        "!!str",
        "---",
        "%",
        "\\",
        "<<: ",
        "yes",
        "any: ",
        "\x07",
        "\u2028",
        "é",
    ),
)
PIECES = st.sampled_from(WORDS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9999, 9999) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(TEXTS, st.booleans())
def test_a_written_text_reads_back(text, in_flow):
    """Whatever a text is, it is written so that it is read as that text."""
    written = write_text(text, in_flow=in_flow)
    node = read_nodes(f"a: [{written}, b]\n" if in_flow else f"a: {written}\n").members[0][1]
    node = node.items[0] if in_flow else node
    assert isinstance(node, Scalar)
    assert node.text == text


@given(TEXTS)
def test_other_readers_read_the_same(text):
    """PyYAML, which reads YAML 1.1, takes a written text for the same text."""
    yaml = pytest.importorskip("yaml")
    assert yaml.safe_load(f"a: {write_text(text)}\n") == {"a": text}
    assert yaml.safe_load(f"a: [{write_text(text, in_flow=True)}, b]\n") == {"a": [text, "b"]}


@given(st.lists(st.tuples(TEXTS, st.lists(TEXTS | JSON.map(json.dumps), min_size=1, max_size=3)), min_size=1))
def test_written_suites_read_back(steps):
    """A file in the import format comes out of YAML as it was."""
    messages = [
        {"input": said, "outputs": [{"contains": text} for text in replies]} for said, replies in steps
    ]
    content = {"botId": "st-1", "testCases": [{"name": "A b", "tags": ["x"], "messages": messages}]}
    found = read_yaml(write_yaml(content))
    assert found.problems == ()
    assert found.document.value == content


@given(JSON)
def test_templates_read_back(data):
    """A template that is written as YAML gives the same JSON text."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    content = {"testCases": [{"name": "A", "messages": [{"input": "a", "outputs": [{"contains": text}]}]}]}
    assert read_yaml(write_yaml(content)).document.value == content


@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_text_is_too_odd(text):
    """Any text is read, or refused with a place in it."""
    try:
        read_yaml(text)
    except YamlError as bad:
        place, message = bad.place, bad.message
    else:
        return
    assert 1 <= place.line <= text.count("\n") + text.count("\r") + 1
    assert place.column >= 1
    assert len(message) < 400


@given(st.binary(max_size=200) | st.lists(PIECES, max_size=40).map("".join).map(str.encode))
def test_no_file_is_too_odd(tmp_path_factory, data):
    """Any bytes are suites, or draw findings and give none."""
    path = tmp_path_factory.getbasetemp() / "odd.kore.yaml"
    path.write_bytes(data)
    file = open_suite_file(path)
    found = lint_file(file)
    assert bool(file.suites) is not bool(file.problems)
    assert found or file.suites


def test_the_schema_takes_what_the_reader_takes():
    """Editors and the reader agree on the examples of the schema."""
    jsonschema = pytest.importorskip("jsonschema")
    yaml = pytest.importorskip("yaml")
    schema = yaml_schema()
    validator = jsonschema.Draft202012Validator
    validator.check_schema(schema)
    good = {"suites": schema["properties"]["suites"]["examples"][0]}
    assert validator(schema).is_valid(good)
    assert read_yaml(yaml.safe_dump(good)).problems == ()
    for example in ({"template": {"a": "b"}}, "a b"):
        reply = {"contains": "b", "example": example}
        content = {"suites": [{"name": "A", "steps": [{"user": "a", "bot": [reply, {"any": [example]}]}]}]}
        assert validator(schema).is_valid(content)
        assert read_yaml(yaml.safe_dump(content)).problems == ()
    wrong = [
        {"user": "a", "bot": {"template": "b"}},
        {"user": "a", "bot": {"template": {}}},
        {"user": "a", "bot": {"any": [{"template": 1}]}},
        {"user": "a", "bot": {"contains": "b", "example": {"template": "b"}}},
        {"user": "a", "bot": {"contain": "b"}},
        {"user": "a", "bot": {"matches": "b"}},
        {"user": "a", "bot": {"any": []}},
        {"user": "a", "bot": {"any": ["b"], "contains": "b"}},
        {"user": 1, "bot": "b"},
        {"usr": "a"},
        {"user": "a", "bot": "b", "more": "yes"},
    ]
    for step in wrong:
        content = {"suites": [{"name": "A", "steps": [step]}]}
        assert not validator(schema).is_valid(content), step
        assert read_yaml(yaml.safe_dump(content)).problems, step
