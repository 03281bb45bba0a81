"""Where each node of a JSON text stands, and what is said about a text that is none."""

import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kore_convtest.json_positions import DEEPEST, Duplicate, JsonError, Lines, Place, kind, load

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=20,
)
jsonish = st.text(alphabet='{}[]:,"\\ \n01.-eatrufls/')


def offset(text, place):
    """Return the offset of a place, found in another way than the module does."""
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1


def finite(text):
    """Read a float that is no infinity."""
    if float(text) in {float("inf"), float("-inf")}:
        raise ValueError(text)
    return float(text)


def nodes(value, path=()):
    """Yield the path and the value of every node."""
    yield path, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, one in inside:
        yield from nodes(one, (*path, part))


def bury(value, levels):
    """Put a value into lists: what is deep inside is read in another way."""
    return bury([value], levels - 1) if levels else value


levels = st.integers(0, 9)


@settings(deadline=None)
@given(values, st.sampled_from([None, 0, 3]), st.booleans(), levels)
def test_every_node_is_found_where_it_stands(value, indent, ascii_only, deep):
    """At the place of a node stands that node, and at the place of a key that key, however deep."""
    value = bury(value, deep)
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = load(text)
    assert document.value == value
    read = json.JSONDecoder().raw_decode
    for path, node in nodes(value):
        assert read(text, offset(text, document.place(path)))[0] == node
        keyed = path and isinstance(path[-1], str)
        expected = path[-1] if keyed else node
        assert read(text, offset(text, document.key_place(path)))[0] == expected


@settings(deadline=None, max_examples=300)
@given(jsonish, levels)
def test_it_takes_what_the_standard_library_takes(text, deep):
    """A text is refused with a place inside it, or read as ``json.loads`` reads it, however deep."""
    text = "[" * deep + text + "]" * deep
    try:
        expected = json.loads(text, parse_float=finite)
    except ValueError:
        with pytest.raises(JsonError) as caught:
            load(text)
        assert 0 <= offset(text, caught.value.place) <= len(text)
    else:
        assert load(text).value == expected


WRONG = [
    ("", 1, 1, "it is empty"),
    (" \n ", 2, 2, "it is empty"),
    ("{", 1, 2, "ends too early: expected a key in double quotes, or }"),
    ('{"a":1', 1, 7, "ends too early: expected a comma or }"),
    ('{"a":', 1, 6, "ends too early: expected a value"),
    ('{\n "a": 1,\n}', 2, 8, "a comma is not allowed before }: remove it"),
    ("[1, ]", 1, 3, "a comma is not allowed before ]: remove it"),
    ("[1 2]", 1, 4, "expected a comma or ], but found '2'"),
    ("[,1]", 1, 2, "expected a value, but found ','"),
    ("[01]", 1, 3, "expected a comma or ], but found '1'"),
    ("[-]", 1, 2, "expected a value, but found '-'"),
    ("{a: 1}", 1, 2, "expected a key in double quotes, or }, but found 'a'"),
    ('{"a": 1, b: 1}', 1, 10, "expected a key in double quotes, but found 'b'"),
    ('{"a" 1}', 1, 6, "expected a colon after the key 'a', but found '1'"),
    ("{'a': 1}", 1, 2, "' is not a quotation mark in JSON: write \""),
    ("{\u201ca\u201d: 1}", 1, 2, "\u201c is not a quotation mark in JSON"),
    ("{\u201ea\u201d: 1}", 1, 2, "\u201e is not a quotation mark in JSON"),
    ("// note\n{}", 1, 1, "JSON has no comments: remove it"),
    ("[1, /* two */ 2]", 1, 5, "JSON has no comments: remove it"),
    ("# note\n{}", 1, 1, "JSON has no comments: remove it"),
    ("[True]", 1, 2, "True is not valid JSON: write true"),
    ("[None]", 1, 2, "None is not valid JSON: write null"),
    ("[undefined]", 1, 2, "undefined is not valid JSON: write null"),
    ("[NaN]", 1, 2, "NaN is not valid JSON: write a number, or null"),
    ("[-Infinity]", 1, 2, "-Infinity is not valid JSON: write a number, or null"),
    ("[1e999]", 1, 2, "the number is too large"),
    ("{} {}", 1, 4, "'{' follows the end of the JSON value"),
    ('["a\nb"]', 1, 4, "a string contains a line break or control character"),
    ('["a\tb"]', 1, 4, "a string contains a line break or control character"),
    ('["a', 1, 2, "a string starts here and never ends"),
    ('["\\d"]', 1, 3, "a backslash has no meaning in JSON here"),
    ('["\\u12"]', 1, 4, "a backslash has no meaning in JSON here"),
    ('["say "hi""]', 1, 8, "expected a comma or ], or \\\" for a quotation mark in a string, but found 'hi'"),
]


@pytest.mark.parametrize(("text", "line", "column", "said"), WRONG)
def test_a_text_that_is_no_json(text, line, column, said):
    """What is wrong is said in words, with its place."""
    with pytest.raises(JsonError) as caught:
        load(text)
    assert said in caught.value.message
    assert caught.value.place == (line, column)
    assert str(caught.value) == f"{caught.value.message} (line {line}, column {column})"


def test_a_long_unquoted_word_is_not_repeated():
    """Of a long word only the beginning is shown: it may be a secret without quotes."""
    with pytest.raises(JsonError) as caught:
        load('{"secret": canarycanarycanary}')
    assert "but found 'cana…'" in str(caught.value)


@pytest.mark.skipif(not hasattr(sys, "set_int_max_str_digits"), reason="this Python has no such limit")
def test_a_number_with_thousands_of_digits():
    """It is refused in words that do not tell the reader to call a function of Python."""
    with pytest.raises(JsonError, match=r"^the number has too many digits \(line 1, column 2\)"):
        load(f"[{'9' * 5000}]")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_has_a_limit(opening):
    """As many lists or objects as the limit are read; one more is refused where it begins."""
    closing = "]" if opening == "[" else "}"
    inner = "" if opening == "[" else "0"
    deep = opening * DEEPEST + inner + closing * DEEPEST
    assert load(deep).value is not None
    with pytest.raises(JsonError, match=f"more than {DEEPEST} objects and lists") as caught:
        load(opening * 100_000)
    assert caught.value.place == Place(1, len(opening) * DEEPEST + 1)


@pytest.mark.parametrize("deep", [0, 3, 4, 5, 9])
@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ('{"a": [1, 2,]}', 12, "a comma is not allowed before ]: remove it"),
        ('{"a": {"b": 1e999}}', 13, "the number is too large"),
        ('{"a": [NaN]}', 8, "NaN is not valid JSON: write a number, or null"),
        ('{"a": "\t"}', 8, "a string contains a line break or control character"),
    ],
)
def test_what_is_wrong_is_told_at_each_depth_alike(text, column, said, deep):
    """Neither the words nor the place depend on how many lists are around it."""
    with pytest.raises(JsonError) as caught:
        load("[" * deep + text + "]" * deep)
    assert caught.value.place == Place(1, deep + column)
    assert caught.value.message.startswith(said)


def test_many_objects_beside_each_other_are_not_deep():
    """The limit counts what is nested, not what stands side by side."""
    value = bury([{"a": [number]} for number in range(2 * DEEPEST)], 5)
    document = load(json.dumps(value))
    assert document.value == value
    assert document.place((0, 0, 0, 0, 0, 1, "a", 0)) == (1, 26)


@pytest.mark.parametrize("deep", [0, 3, 4, 9])
def test_twins_are_told_at_each_depth(deep):
    """A duplicate key is told with the path to it, however deep it is."""
    (found,) = load("[" * deep + '{"b": [{"a": 1, "a": 2}]}' + "]" * deep).duplicates
    assert found == Duplicate((*[0] * deep, "b", 0, "a"), Place(1, deep + 17), Place(1, deep + 9))


def test_a_list_tells_where_its_items_begin():
    """The places come in the order of the items; where no list is, there are none."""
    document = load('{"a": [1,\n [2]], "b": {}, "c": 0}')
    assert document.item_places(("a",)) == [(1, 8), (2, 2)]
    assert [document.item_places(path) for path in ((), ("b",), ("c",), ("d",))] == [[]] * 4


def test_twins_are_told_with_both_places():
    """A key that stands in an object again is told each time; the last one counts."""
    document = load('{"a": [{"b": 1,\n"b": 2,\n "b": {"c": 0}}], "c": 0}')
    path = ("a", 0, "b")
    assert document.value == {"a": [{"b": {"c": 0}}], "c": 0}
    assert document.duplicates == (
        Duplicate(path, Place(2, 1), Place(1, 9)),
        Duplicate(path, Place(3, 2), Place(2, 1)),
    )
    assert document.key_place(path) == (3, 2)


@pytest.mark.parametrize("path", [("a", 1), ("a", -1), ("a", "x"), ("a", 7, "b", "c")])
def test_a_path_that_is_not_there(path):
    """Its place is that of the nearest node around it."""
    assert load('{"a": [0]}').place(path) == (1, 7)


def test_a_key_is_no_index():
    """A number finds no member, not even of a key that looks like it."""
    assert load('{"0": 1}').place((0,)) == (1, 1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems(end):
    """A line ends as Unix, Windows or old Macs end it."""
    assert load(f'{{{end}"a":{end}  1}}').place(("a",)) == (3, 3)


def test_a_column_counts_characters():
    """An emoji and a right-to-left letter are one column each."""
    assert load('["😀", "שלום", 1]').place((2,)) == (1, 15)


def test_blanks_around_the_value():
    """The root stands where its value begins."""
    assert load("\n  {} \n").place(()) == (2, 3)


def test_lines_of_no_text():
    """An empty text has one place."""
    assert Lines("").place(0) == (1, 1)


def test_a_big_text():
    """Twenty thousand steps are read, and the last one is found."""
    steps = [{"input": f"{number}", "outputs": [{"contains": "x" * 50}]} for number in range(20_000)]
    document = load(json.dumps(steps, indent=0))
    assert document.value == steps
    assert document.place((19_999, "outputs", 0)) == (19_999 * 8 + 5, 1)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({}, "an object"),
        ([], "a list"),
        ("", "a string"),
        (True, "true or false"),
        (None, "null"),
        (1, "a number"),
    ],
)
def test_kinds_in_words(value, word):
    """Every JSON value has a word for its kind."""
    assert kind(value) == word
