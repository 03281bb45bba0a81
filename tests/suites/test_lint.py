"""What is said about suite files: every finding, its place, its weight, what to write instead."""

import json
from pathlib import Path

import pytest

from pytest_kore_convtest.findings import Location, find
from pytest_kore_convtest.rules import ERROR, HINT, WARNING, Rule
from pytest_kore_convtest.suites.file import open_suite_file
from pytest_kore_convtest.suites.file_text import LARGEST_FILE
from pytest_kore_convtest.suites.lint.lint_files import lint_file, lint_many

EXAMPLES = Path(__file__).parents[2] / "examples"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJhcHBJZCI6ImNhbmFyeSJ9.c2lnbmF0dXJl"
RANDOM = "BwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSY="
CLIENT = "cs-6b2f9a4e-1c35-5d80-9e47-2f81c07ab3d6"
OLD = "is used only by Kore's test runner of 2019, so the platform may reject it"
START_STEP = {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hi"}]}


def case(*steps, **more):
    """Return a suite as it stands in a file: a good first step, then the given ones."""
    return {"name": "S", "messages": [START_STEP, *steps], **more}


def step(*outputs, **more):
    """Return a step that expects the given replies."""
    return {"input": "q", "outputs": list(outputs), **more}


@pytest.fixture(name="write")
def _write(tmp_path):
    def write(content, name="a.kore.json"):
        path = tmp_path / name
        text = content if isinstance(content, (str, bytes)) else json.dumps(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


@pytest.fixture(name="lint")
def _lint(write):
    """Lint a content: severity and message of every finding."""

    def lint(content, **options):
        return [(one.severity, one.message) for one in lint_file(write(content), **options)]

    return lint


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.kore.json")), ids=lambda path: path.stem)
def test_the_examples_are_clean(path):
    """There is nothing to say about the files that this project ships."""
    assert lint_file(path) == []


def test_a_finding_reads_like_a_compiler_message():
    """File, line, column and message, as editors and terminals link it."""
    finding = find(Rule.UNKNOWN_KEY, "is odd", location=Location("a.json", 3, 7))
    assert str(finding) == "a.json:3:7: is odd [unknown-key]"


def test_places_follow_the_file(write):
    """Findings come in the order of the file, each at its own line and column, with its suite."""
    path = write(
        '{"testCases": [\n {"name": "S",\n  "messages": [\n   {"input": "a",\n'
        '    "outputs": [{"contains": "b"}, 7], "x": 1},\n   {"input": 5, "outputs": [""]}]},\n 3]}'
    )
    assert [(one.location[1:3], one.severity, one.suite) for one in lint_file(path)] == [
        ((4, 4), HINT, "S"),
        ((5, 36), ERROR, "S"),
        ((5, 40), HINT, "S"),
        ((6, 14), ERROR, "S"),
        ((6, 29), HINT, "S"),
        ((6, 29), WARNING, "S"),
        ((7, 2), ERROR, ""),
    ]


UNUSABLE = [
    ('{"testCases": [\n}', (2, 1), "is not valid JSON: expected a value, but found '}'"),
    ("", (1, 1), "is not valid JSON: it is empty"),
    (b"\n\xff", (2, 1), "is not UTF-8 text: save it as UTF-8"),
    (
        "{}",
        (1, 1),
        "has no suite: write an object with a list 'testCases', or export the suite from the UI as JSON",
    ),
    ('{"testCases": []}', (1, 15), "has no suite: 'testCases' contains no object"),
    (b" " * (LARGEST_FILE + 1), (1, 1), "the platform accepts at most 2097152 (2 MB): split it into several"),
]


@pytest.mark.parametrize(("content", "place", "said"), UNUSABLE)
def test_a_file_that_cannot_be_used(write, content, place, said):
    """It has one finding, an error, about the whole file."""
    (finding,) = lint_file(write(content))
    assert said in finding.message
    assert (finding.location[1:3], finding.severity, finding.suite) == (place, ERROR, "")


def test_a_missing_file(tmp_path):
    """It has one finding too: nothing is raised."""
    (finding,) = lint_file(tmp_path / "absent.json")
    assert (finding.location[1:3], finding.severity) == ((1, 1), ERROR)
    assert finding.message.startswith("cannot be read: ")


BROKEN_TEMPLATE = '{"type":"template","payload":{},}'
CASES = [
    # The suite.
    (case(name=None), ERROR, "suite 'suite-1', 'name': is missing, but a suite is run by its name"),
    (case(name=" "), ERROR, "'name': is empty"),
    (case(name=5), ERROR, "'name': is a number"),
    (case(name=" S"), WARNING, "'name': starts or ends with a space"),
    (case(name="S\u00a0"), WARNING, "'name': starts or ends with a space"),
    (case(name="a/b"), WARNING, "'name': cannot be in the URL that runs the suite"),
    (case(name=".."), WARNING, "'name': cannot be in the URL that runs the suite"),
    (case(name="a\tb"), WARNING, "'name': contains a line break or control character"),
    (case(tags="smoke"), ERROR, "'tags': is a string, not a list of strings: write e.g. [\"smoke\"]"),
    (case(tags=["a", 1]), ERROR, "'tags 2': is a number, not a string"),
    (case(description=[]), ERROR, "'description': is a list, not a string"),
    (case(preprocessor=False), ERROR, "'preprocessor': is true or false, not a string"),
    ({"name": "S"}, ERROR, "'messages': is missing, so the suite tests nothing"),
    ({"name": "S", "messages": []}, ERROR, "'messages': is empty, so the suite tests nothing"),
    ({"name": "S", "messages": {}}, ERROR, "'messages': is an object, so the suite tests nothing"),
    (case(discardBefore=True), HINT, "'discardBefore': is used only by Kore's test runner of 2019"),
    (case(tag=["a"]), HINT, "'tag': is not a known key here: did you mean 'tags'?"),
    (case(zzz=1), HINT, "'zzz': is not a known key here: remove it"),
    # The steps.
    (
        {"name": "S", "messages": [step({"contains": "x"})]},
        HINT,
        "suite 'S', step 1: the first step has no \"event\"",
    ),
    (case(7), ERROR, "suite 'S', step 2: is a number, not a step: write {\"input\""),
    (case({"outputs": [{"contains": "x"}]}), ERROR, "step 2, 'input': is missing: write what the user says"),
    (case(step({"contains": "x"}, input="")), ERROR, "step 2, 'input': is empty: write"),
    (case(step({"contains": "x"}, input=" ")), ERROR, "step 2, 'input': is blank: write"),
    (case(step({"contains": "x"}, input=[])), ERROR, "step 2, 'input': is a list: write"),
    (case(step({"contains": "x"}, event=1)), ERROR, "step 2, 'event': is a number, not a string"),
    (
        case(step({"contains": "x"}, event="Other")),
        HINT,
        "step 2, 'event': is not a known event: write Start_Flow",
    ),
    (case({"input": "q"}), WARNING, "step 2, 'outputs': is missing, so the step asserts nothing: write"),
    (case(step()), WARNING, "step 2, 'outputs': is empty, so the step asserts nothing"),
    (case(step(outputs="x")), ERROR, "step 2, 'outputs': is a string, not a list: write"),
    # The expected replies.
    (case(step(None)), ERROR, "step 2, output 1: is null, not an expected reply: write"),
    (case(step("x")), HINT, "step 2, output 1: a bare string is used only by Kore's test runner of 2019"),
    (case(step({})), ERROR, 'step 2, output 1: has no expected text: write {"contains": "…"}'),
    (case(step({"equals": "x"})), HINT, "output 1, 'equals': is used only by Kore's test runner of 2019"),
    (case(step({"contains": ""})), WARNING, "output 1, 'contains': is empty, so nothing is checked"),
    (
        case(step({"contains": 1})),
        ERROR,
        "output 1, 'contains': is a number, not a string: write it in quotes",
    ),
    (
        case(step({"contains": {"type": "template"}})),
        ERROR,
        "is an object, not a string: write the template as",
    ),
    (case(step({"contains": ["x"]})), ERROR, "is a list, not a string: write one {"),
    (
        case(step({"contains": {"oneOf": ["x"]}})),
        HINT,
        "'contains.oneOf': is used only by Kore's test runner",
    ),
    (
        case(step({"contains": BROKEN_TEMPLATE})),
        WARNING,
        "a template but is not valid JSON (a comma is not allowed before }",
    ),
    (
        case(step({"contains": "[{'a': 1}]"})),
        WARNING,
        "' is not a quotation mark in JSON: write \" (line 1, col",
    ),
    (case(step({"contains": '{type: "template", payload: 1}'})), WARNING, "looks like a template but"),
    (case(step({"contains": "x\ud83d"})), WARNING, "output 1, 'contains': contains half a character"),
    # Secrets.
    (
        case(preprocessor=f"x = '{JWT}'"),
        ERROR,
        "contains what looks like a JWT, eyJh… (58 characters): remove it",
    ),
    (
        case(step({"contains": f"password: {RANDOM}"})),
        WARNING,
        "a secret, BwgJ… (44 characters): remove it",
    ),
    (case(description=f"{CLIENT} {RANDOM}"), WARNING, "a client's secret, BwgJ… (44 characters)"),
]


@pytest.mark.parametrize(("content", "severity", "said"), CASES)
def test_a_suite_with_one_thing_wrong(lint, content, severity, said):
    """It has one finding: what is wrong, where, what to write instead."""
    ((found, message),) = lint({"botId": "st-1", "testCases": [content]})
    assert found == severity
    assert said in message


HARMLESS = [
    case(tags=None, description=None, preprocessor=None),
    case(step({"contains": "x"}, event="")),
    case(step({"contains": "[Agent] hello"})),
    case(step({"contains": "{name}, which day?"})),
    case(step({"contains": '{"type":"template","payload":{}}'})),
    case(step({"contains": "[]"})),
    case(step({"contains": "مرحبا 😀 \u200f"}, input="שלום 👩‍👩‍👧")),
    case(step({"contains": "x " * 50_000}, input="y" * 100_000)),
]


@pytest.mark.parametrize("content", HARMLESS)
def test_what_is_let_pass(lint, content):
    """Empty options, texts that only begin like JSON, every script and long texts are right."""
    assert lint({"botId": "st-1", "testCases": [content]}) == []


def test_a_suite_that_expects_nothing(lint):
    """When no step has a text to compare with, that is an error beside the warnings."""
    steps = [{**START_STEP, "outputs": []}, step({"contains": " "})]
    found = lint({"testCases": [{"name": "S", "messages": steps}]})
    assert [severity for severity, _ in found] == [ERROR, WARNING, WARNING]
    assert "'messages': no step asserts anything, so the suite passes whatever the bot says" in found[0][1]


@pytest.mark.parametrize(
    "output",
    ["x", {"equals": "x"}, {"contains": {"oneOf": ["", "x"]}}, {"equals": {"allOf": ["x"]}}],
)
def test_an_expectation_counts_however_it_is_written(lint, output):
    """One text in an older form is enough for a suite that can test something."""
    found = lint({"testCases": [{"name": "S", "messages": [{**START_STEP, "outputs": [output]}]}]})
    assert ERROR not in {severity for severity, _ in found}
    assert HINT in {severity for severity, _ in found}


def test_every_text_of_a_choice_is_looked_at(lint):
    """Texts, templates and the list itself are judged in ``oneOf`` and ``allOf`` as well."""
    choice = {"oneOf": ["x", 1, "", BROKEN_TEMPLATE], "allOf": [], "other": 1}
    found = [message for _, message in lint({"testCases": [case(step({"contains": choice}))]})]
    ends = [
        "'contains.oneOf 2': is a number",
        "'contains.oneOf 3': is empty",
        "'contains.oneOf 4': looks like",
    ]
    ends += ["'contains.allOf': is empty: write a list of strings", "'contains.other': is not a known key"]
    assert [said for said in ends if not any(said in message for message in found)] == []


def test_contains_beside_equals(lint):
    """Which of the two counts is not known."""
    found = lint({"testCases": [case(step({"contains": "x", "equals": "y"}))]})
    assert (WARNING, "suite 'S', step 2, output 1: has both 'contains' and 'equals': remove one") in found


def test_a_template_that_is_nested_too_deep(lint):
    """A text of a hundred thousand brackets is told, and ends nothing."""
    ((severity, message),) = lint({"testCases": [case(step({"contains": "[{" + "[" * 100_000}))]})
    assert severity == WARNING
    assert "looks like a template but is not valid JSON (" in message


def test_the_keys_of_the_file(lint):
    """Its own keys and their types are judged as well."""
    found = lint({"botId": 1, "botName": [], "testCase": 1, "discardMessage": "", "testCases": [case()]})
    assert found == [
        (ERROR, "'botId': is a number, not a string: write it in quotes"),
        (ERROR, "'botName': is a list, not a string: write it in quotes"),
        (HINT, "'testCase': is not a known key here: did you mean 'testCases'?"),
        (HINT, f"'discardMessage': {OLD}: remove it"),
    ]


def test_another_bot(lint):
    """A ``botId`` that is not the configured stream is a hint; without a stream it is nothing."""
    content = {"botId": "st-1", "testCases": [case()]}
    assert lint(content) == lint(content, stream_id="st-1") == []
    ((severity, message),) = lint(content, stream_id="st-2")
    assert severity == HINT
    assert message.startswith("'botId': is not the configured stream st-2")


def test_a_key_that_stands_twice(write):
    """It is an error at the second key, which names the line of the first."""
    path = write(
        '{"testCases": [{"name": "S", "messages": [\n' + json.dumps(START_STEP) + '],\n "name": "S"}]}'
    )
    (finding,) = lint_file(path)
    assert (finding.location[1:3], finding.severity, finding.suite) == ((3, 2), ERROR, "S")
    assert finding.message == (
        "suite 'S', 'name': is a duplicate key, first in line 1; only the last one counts: remove one"
    )


def test_a_byte_order_mark(write):
    """It is a warning, and every place is still right."""
    text = json.dumps({"testCases": [case(name=" S")]})
    first, second = lint_file(write(b"\xef\xbb\xbf" + text.encode()))
    assert (first.location[1:3], first.severity) == ((1, 1), WARNING)
    assert "starts with a byte order mark" in first.message
    assert second.location[1:3] == (1, text.index('" S"') + 1)


def test_equal_names_in_one_file(write):
    """The later suite is told, with the line of the first; names that differ in case only are a hint."""
    path = write(json.dumps({"testCases": [case(), case(name="s"), case()]}, indent=0))
    hint, error = lint_file(path)
    assert (hint.severity, hint.suite, error.severity, error.suite) == (HINT, "s", ERROR, "S")
    assert hint.message == ("suite 's' differs in name only by case from 'S' in line 3: rename one")
    assert error.message == "suite 'S' has the same name as the suite in line 3: rename one"
    assert lint_many([path]) == []


def test_equal_names_in_several_files(write, tmp_path, monkeypatch):
    """The suite of the later file is told, with the place of the first; the same file twice is one."""
    monkeypatch.chdir(tmp_path)
    one = write({"testCases": [case(), case(name="T")]}, "one.json")
    two = write({"testCases": [case(), case(name="t")]}, "two.json")
    error, hint = lint_many([one, two, one, open_suite_file(two)])
    assert (error.location.file, error.severity, error.suite) == (str(two), ERROR, "S")
    assert error.message == f"suite 'S' has the same name as the suite in {one.name}:1: rename one"
    assert (hint.location.file, hint.severity, hint.suite) == (str(two), HINT, "t")
    assert f"suite 't' differs in name only by case from 'T' in {one.name}:1: rename one" in hint.message


def test_unusable_files_have_no_names(write, tmp_path):
    """Comparing names passes over files that cannot be used."""
    assert lint_many([write("{}"), tmp_path / "absent.json"]) == []


PLACES_OF_A_SECRET = [
    {"botId": "st-1", "botName": JWT, "testCases": [case()]},
    {"testCases": [case(name=f"S {JWT}")]},
    {"testCases": [case(name=f" S {JWT}", tags=[1], zzz=1)]},
    {"testCases": [case(tags=[JWT])]},
    {"testCases": [case(step({"contains": "x"}, input=JWT))]},
    {"testCases": [case(step({"contains": f'{{"type":"template",{JWT}}}'}))]},
    {"testCases": [case(**{JWT: 1})]},
    {"testCases": [case(other={"deep": [JWT]})]},
    {"testCases": JWT},
    [JWT],
    {
        "testCases": [
            case(),
            {"name": JWT.upper() + JWT, "messages": 1},
            {"name": f"a {JWT}"},
            {"name": f"A {JWT}"},
        ]
    },
]


@pytest.mark.parametrize("content", PLACES_OF_A_SECRET)
def test_a_secret_is_found_anywhere_and_never_repeated(lint, content):
    """Wherever a token stands, keys included, it is told and shown by four characters and its length."""
    found = lint(content)
    assert any("contains what looks like a JWT, eyJh… (" in message for _, message in found)
    assert not any(JWT[5:] in message for _, message in found)


@pytest.mark.parametrize(
    "more",
    [
        {"clientSecret": RANDOM},
        {"client": CLIENT, "other": RANDOM},
        {"pair": [CLIENT, RANDOM]},
        {"secrets": [RANDOM]},
    ],
)
def test_a_secret_is_known_by_its_surroundings(lint, more):
    """A random value is told when its key says what it is, or when a client id stands beside it."""
    warnings = [message for severity, message in lint({"testCases": [case(**more)]}) if severity == WARNING]
    assert len(warnings) == 1
    assert "secret, BwgJ… (44 characters): remove it, unless it is not a secret" in warnings[0]


def test_a_text_that_is_no_json_does_not_give_a_secret_away(lint):
    """What stands at the place of the error is hidden as well."""
    for text in (f'{{"a": {JWT}}}', f'{{"{JWT}" 1}}', f'{{"secret": {RANDOM}}}'):
        ((_, message),) = lint(text)
        assert message.startswith("is not valid JSON: ")
        assert JWT[12:] not in message
        assert RANDOM[12:] not in message


def test_five_thousand_steps(lint):
    """A long suite is judged to its end."""
    steps = [step({"contains": f"reply {number}"}) for number in range(5_000)]
    assert lint({"testCases": [case(*steps)]}) == []
    ((_, message),) = lint({"testCases": [case(*steps, step({"contains": 7}))]})
    assert message.startswith("suite 'S', step 5002, output 1, 'contains': is a number")


def test_what_was_read_is_not_read_again(write):
    """A file that was opened is judged as it was, also when it is gone."""
    path = write({"testCases": [case(name=" S")]})
    file = open_suite_file(path)
    expected = lint_file(path)
    path.unlink()
    assert lint_file(file) == expected != []
