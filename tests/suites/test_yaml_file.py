"""YAML suite files: what they say, and that each mistake is told once, with its place."""

import builtins
import gc
import json

import pytest

from pytest_kore_convtest.errors import SuiteFileError
from pytest_kore_convtest.suites.file import open_suite_file, read_suite_file
from pytest_kore_convtest.suites.file_text import LARGEST_FILE
from pytest_kore_convtest.suites.lint.lint_files import lint_file
from pytest_kore_convtest.suites.yaml.read import read_yaml
from pytest_kore_convtest.suites.yaml.unquoted import changed_by_yaml

CONTRACT = """\
bot: st-6b2f9a4e-1c35-5d80-9e47-2f81c07ab3d6     # optional
suites:
  - name: BOOKING
    tags: [smoke]
    steps:
      - event: Start_Flow
        bot: Hi! I can help you with bookings.
      - user: I need a room
        bot:
          - Which city?
          - any: [How many nights?, For how many nights?]
      - user: quote
        bot: {template: {type: template, payload: {n: 1, ok: true, none: null, text: 'a: b'}}}
"""

STEP = "suites:\n- name: A\n  steps:\n  - event: Start_Flow\n    bot: Hi\n  - "
"""A suite whose last step follows."""


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def make(content, name="a.kore.yaml"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


@pytest.fixture
def lint(write):
    """Lint a text, and return what is found as (rule, line, column, message)."""

    def run(content):
        found = lint_file(write(content))
        return [(str(one.rule), one.location.line, one.location.column, one.message) for one in found]

    return run


def test_the_contracts_example_is_compiled_to_the_import_format(write):
    """What is uploaded is the platform's JSON; of several alternatives it is the first one."""
    (suite,) = read_suite_file(write(CONTRACT))
    assert json.loads(suite.data) == {
        "botId": "st-6b2f9a4e-1c35-5d80-9e47-2f81c07ab3d6",
        "testCases": [
            {
                "name": "BOOKING",
                "tags": ["smoke"],
                "messages": [
                    {
                        "input": "Start_Flow",
                        "event": "Start_Flow",
                        "outputs": [{"contains": "Hi! I can help you with bookings."}],
                    },
                    {
                        "input": "I need a room",
                        "outputs": [{"contains": "Which city?"}, {"contains": "How many nights?"}],
                    },
                    {
                        "input": "quote",
                        "outputs": [
                            {
                                "contains": '{"type":"template","payload":'
                                '{"n":1,"ok":true,"none":null,"text":"a: b"}}'
                            }
                        ],
                    },
                ],
            }
        ],
    }
    assert suite.upload_name == "a.kore.json"


def test_lint_finds_nothing_in_the_contracts_example(lint):
    """The format's own example is clean."""
    assert lint(CONTRACT) == []


def test_suites_steps_and_replies_know_their_lines(write):
    """A failure can point at the line of the YAML."""
    (suite,) = read_suite_file(write(CONTRACT))
    assert suite.place == (3, 5)
    assert [step.place.line for step in suite.steps] == [6, 8, 12]
    assert [output.place for output in suite.steps[1].outputs] == [(10, 13), (11, 13)]


def test_every_reply_knows_its_text_in_the_file():
    """Whoever rewrites a reply finds the offsets of what is written there."""
    found = read_yaml(CONTRACT)
    path = ("testCases", 0, "messages", 1, "outputs", 0)
    node = found.replies[path].text_node
    assert CONTRACT[node.start : node.end] == "Which city?"
    any_of = found.replies[(*path[:-1], 1)].text_node
    assert [CONTRACT[one.start : one.end] for one in any_of.items] == [
        "How many nights?",
        "For how many nights?",
    ]


def test_an_alias_repeats_a_step_and_stands_where_it_is_written(write):
    """Repeated steps are written once; each has the line of its alias."""
    text = (
        "suites:\n- name: A\n  steps:\n  - &hi\n    event: Start_Flow\n    bot: Hi\n"
        "- name: B\n  steps:\n  - *hi\n  - user: x\n    bot: y\n"
    )
    first, second = read_suite_file(write(text))
    assert second.steps[0].input == first.steps[0].input == "Start_Flow"
    assert second.steps[0].place == (9, 5)
    assert second.steps[0].outputs[0].place == (6, 10)


def test_of_several_suites_each_is_uploaded_alone(write):
    """Several suites a file are split."""
    text = "suites:\n- {name: A, steps: [{user: a, bot: b}]}\n- {name: B, steps: [{user: c, bot: d}]}\n"
    suites = read_suite_file(write(text))
    assert [json.loads(one.data)["testCases"][0]["name"] for one in suites] == ["A", "B"]
    assert all(one.split for one in suites)


@pytest.mark.parametrize(
    ("content", "rule", "place", "words"),
    [
        ("", "unusable-file", (1, 1), "is empty"),
        ("# nothing\n", "unusable-file", (1, 1), "is empty"),
        ("- a\n", "unusable-file", (1, 1), "is a list, not a suite"),
        ("hello\n", "unusable-file", (1, 1), "is a string, not a suite"),
        ("bot: st-1\n", "unusable-file", (1, 1), "has no suite"),
        ("bot: st-1\nsuite: []\n", "unusable-file", (2, 1), "write 'suites' instead of 'suite'"),
        ("suites: []\n", "unusable-file", (1, 9), "no object"),
        ("suites:\n\t- name: A\n", "unusable-file", (2, 1), "a tab"),
        ("suites:\n  - name: 'A\n", "unusable-file", (2, 11), "never ends"),
        ("suites:\t[]\n", "unusable-file", (1, 8), "a tab"),
        ("suites: " + "!" * 500_000, "unusable-file", (1, 9), "contains a very long tag"),
        ("suites: [\n", "unusable-file", (1, 9), "never closed"),
        ("suites:\n- name: A\n  name: B\n", "unusable-file", (3, 3), "is a duplicate, first in line 2"),
        ("suites: *x\n", "unusable-file", (1, 9), "the alias *x has no anchor"),
        ("suites: &x [*x]\n", "unusable-file", (1, 13), "inside the value"),
        ("a: &x 1\nb: &x 2\n", "unusable-file", (2, 4), "is a duplicate: give each value its own"),
        ("suites:\n- <<: {name: A}\n", "unusable-file", (2, 3), "merge keys"),
        ("[a]: b\n", "unusable-file", (1, 1), "is used as a key"),
        ("? {a: b}\n: c\n", "unusable-file", (1, 3), "is used as a key"),
        ("1: b\n", "unusable-file", (1, 1), "is a number"),
        ("null: b\n", "unusable-file", (1, 1), "is nothing (null)"),
        ("suites: []\n---\nsuites: []\n", "unusable-file", (2, 1), "second document"),
        ("%YAML 1.1\n---\nsuites: []\n", "unusable-file", (1, 1), "directive"),
        ("# why\n%FOO bar\n---\nsuites: []\n", "unusable-file", (1, 1), "directive"),
        ("suites: !!python/object:os.system x\n", "unusable-file", (1, 9), "contains a tag"),
        ("suites: a\x07b\n", "unusable-file", (1, 10), "control character (U+0007)"),
        ("suites: a\x85b\n", "unusable-file", (1, 10), "control character (U+0085)"),
        ("suites: " + "[" * 5000, "unusable-file", (1, 68), "more than 60"),
        (STEP + "{user: a, bot: {template: hi}}", "yaml-value", (6, 31), "'template' is a string: write"),
        (STEP + "{user: a, bot: {template: 12}}", "yaml-value", (6, 31), "'template' is a string: write"),
        (STEP + "{user: a, bot: {template: {}}}", "yaml-value", (6, 31), "'template' is empty: write"),
        (STEP + "{user: a, bot: {any: [{template: '{}'}]}}", "yaml-value", (6, 38), "'template' is a string"),
        (CONTRACT.encode("utf-16"), "unusable-file", (1, 1), "is UTF-16 text: save it as UTF-8"),
        (CONTRACT.encode("utf-32"), "unusable-file", (1, 1), "is UTF-32 text: save it as UTF-8"),
        (CONTRACT.encode("utf-16-le"), "unusable-file", (1, 2), "save the file as UTF-8"),
        ("suites: f\xfcr".encode("latin-1"), "unusable-file", (1, 10), "is not UTF-8 text"),
        (b"\xef\xbb\xbf" + CONTRACT.encode(), "byte-order-mark", (1, 1), "byte order mark"),
        (STEP + "user: yes\n    bot: a\n", "yaml-value", (6, 11), "yes is true or false"),
        (STEP + "user: a\n    bot: off\n", "yaml-value", (7, 10), "off is true or false"),
        (STEP + "user: 42\n    bot: a\n", "yaml-value", (6, 11), "42 is a number"),
        (STEP + "user: a\n    bot: 2026-01-31\n", "yaml-value", (7, 10), "2026-01-31 is a date"),
        (STEP + "user: a\n    bot: ~\n", "yaml-value", (7, 10), "nothing (null)"),
        (STEP + "user: a\n    bot:\n", "yaml-value", (7, 9), "is empty: write a string"),
        (STEP + "user: a\n    bot: 12:30\n", "yaml-value", (7, 10), "12:30 is a number"),
        (STEP + "user: a\n    bot: Room #5\n", "unusable-file", (7, 15), "is a comment"),
        (STEP + "user: a\n    bot: |\n      Hi\n", "yaml-value", (7, 10), "ends with a line break"),
        (STEP + "user: [a]\n    bot: a\n", "yaml-value", (6, 11), "is a list, not a string"),
        (STEP + "usr: a\n    user: a\n    bot: a\n", "yaml-key", (6, 5), "did you mean 'user'?"),
        (STEP + "user: a\n    bot: {contain: b}\n", "yaml-key", (7, 11), "did you mean 'contains'?"),
        (STEP + "user: a\n    bot: {any: b}\n", "yaml-value", (7, 16), "not a list of replies"),
        (STEP + "user: a\n    bot: {any: []}\n", "yaml-value", (7, 16), "an empty list"),
        (STEP + "user: a\n    bot: {any: [b], contains: c}\n", "yaml-value", (7, 21), "two kinds"),
        (STEP + "user: a\n    bot: {optional: true}\n", "yaml-value", (7, 10), "has no reply"),
        (STEP + "user: a\n    bot: {text: b, optional: yes}\n", "yaml-value", (7, 30), "true or false"),
        (STEP + "user: a\n    bot: b\n    more: 'true'\n", "yaml-value", (8, 11), "true or false"),
        (STEP + "user: a\n    bot: {contains: [b, c]}\n", "yaml-value", (7, 11), "no example"),
        (STEP + "user: a\n    bot: {contains: []}\n", "yaml-value", (7, 21), "is an empty list"),
        (STEP + "user: a\n    bot: {matches: b}\n", "yaml-value", (7, 11), "no example"),
        (STEP + "user: a\n    bot: {matches: b, example: c}\n", "yaml-value", (7, 32), "does not fit"),
        (
            STEP + "user: a\n    bot: {matches: (, example: c}\n",
            "yaml-value",
            (7, 20),
            "not a valid regular expression for RE2",
        ),
        (STEP + "user: a\n    bot: {contains: b, example: c}\n", "yaml-value", (7, 33), "does not fit"),
        (STEP + "user: a\n    bot: {text: b, example: c}\n", "yaml-value", (7, 29), "remove it"),
        (STEP + "user: a\n    bot: {template: {a: on}}\n", "yaml-value", (7, 25), "on is true or false"),
        (STEP + "user: a\n    bot: {template: {a: 1e999}}\n", "yaml-value", (7, 25), "is a number"),
        (STEP + "a\n", "yaml-value", (6, 5), "not a step"),
        (STEP + "user: a\n    bot: [[b]]\n", "yaml-value", (7, 11), "is a list, not a reply"),
        (
            STEP + "user: a\n    bot: {anything: false, example: b}\n",
            "yaml-value",
            (7, 21),
            "'anything' has to be true",
        ),
        ("suites: @x\n", "unusable-file", (1, 9), "'@' cannot start a string without quotes"),
        ("bot: &x [a]\n? *x\n: b\n", "unusable-file", (2, 3), "is used as a key"),
        ("suites:\n- a\n", "yaml-value", (2, 3), "not a suite"),
        ("suites: {}\n", "yaml-value", (1, 9), "not a list of suites"),
        (
            STEP + "user: a\n    bot: {anything: true, example: b}\n",
            "matcher-fits-all",
            (7, 21),
            "every reply",
        ),
        (
            STEP + "user: a\n    bot: {matches: '.*', example: b}\n",
            "matcher-fits-all",
            (7, 20),
            "every reply",
        ),
        (
            STEP + "user: a\n    bot: {text: b, optional: true}\n    more: true\n",
            "matcher-fits-all",
            (6, 5),
            "each reply is optional and 'more' lets in any other",
        ),
        (STEP + "user: a\n", "step-without-assertion", (6, 5), "write bot: …"),
        (STEP + "bot: a\n", "step-without-input", (6, 5), "'user': is missing"),
        ("suites:\n- steps: [{event: Start_Flow, bot: b}]\n", "suite-without-name", (2, 3), "name: …"),
        ("suites:\n- name: A\n", "suite-without-steps", (2, 3), "steps:"),
        (
            "suites:\n- {name: A, steps: [{user: a, bot: b}]}\n",
            "first-step-without-event",
            (2, 21),
            "event: Start_Flow",
        ),
    ],
)
def test_each_mistake_is_one_finding_with_its_place(lint, content, rule, place, words):
    """A malformed file draws exactly one finding, with line and column."""
    ((found, *where, message),) = lint(content)
    assert (found, tuple(where)) == (rule, place)
    assert words in message


def test_a_reply_that_has_to_come_makes_further_ones_fine(lint):
    """Where one of the replies is not optional, something is tested."""
    assert lint(STEP + "user: a\n    bot: [{text: b, optional: true}, c]\n    more: true\n") == []


def test_of_many_problems_a_hundred_are_told(lint):
    """Whoever mends so many looks again."""
    steps = "".join(f"  - user: {number}\n    bot: b\n" for number in range(150))
    found = lint(f"suites:\n- name: A\n  steps:\n{steps}")
    assert [line for _, line, _, _ in found] == [4 + 2 * at for at in range(100)]


def test_nothing_is_uploaded_from_a_file_with_a_problem(write):
    """A file that could not be read whole gives no suite, though another suite in it is right."""
    path = write(CONTRACT + "  - name: B\n    steps: [{user: 1, bot: a}]\n")
    assert open_suite_file(path).suites == ()
    with pytest.raises(SuiteFileError, match=r"a\.kore\.yaml:15:\d+: 1 is a number"):
        read_suite_file(path)


def test_aliases_are_bounded(lint):
    """A few aliases of aliases cannot stand for more than there is memory."""
    rows = [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 12)]
    ((rule, line, _, message),) = lint("".join(["a0: &a0 lol\n", *rows]))
    assert (rule, line) == ("unusable-file", 7)
    assert "repeat more than" in message


@pytest.mark.parametrize("size", [LARGEST_FILE + 1, 200 * 1024 * 1024])
def test_a_file_that_is_too_large_is_not_read(tmp_path, size):
    """One sentence says so, whatever stands in it."""
    path = tmp_path / "a.kore.yaml"
    with path.open("wb") as file:
        file.truncate(size)
    (found,) = lint_file(path)
    assert f"has {size} bytes" in found.message


def test_without_the_library_one_sentence_says_how_to_install_it(lint, monkeypatch):
    """The extra is named with the command."""
    real = builtins.__import__

    def fail(name, *args):
        if name.startswith("ruamel"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", fail)
    ((rule, *_, message),) = lint("suites: [a: b, !x]\n")
    assert rule == "unusable-file"
    assert 'pip install "pytest-kore-convtest[yaml]"' in message


@pytest.mark.parametrize(
    "text", ["yes", "No", "TRUE", "on", "Off", "12", "-1.5", "0x1F", "1_000", "1e3", ".5"]
)
def test_what_yaml_would_change_is_known(text):
    """Words and numbers that some reader of YAML takes for something else than a text."""
    assert changed_by_yaml(text)


@pytest.mark.parametrize(
    "text", ["y", "yEs", "3 nights", "1,000 EUR", "12:3a", "-", "1-2", "e3", "v1.2.3", "+"]
)
def test_plain_texts_stay_texts(text):
    """No more has to be put into quotes than is needed."""
    assert not changed_by_yaml(text)


@pytest.mark.parametrize("text", ["suites: []", "suites: [", "suites:\n- name: A\n  steps: []\n"])
def test_the_garbage_collector_is_back_after_reading(write, text):
    """It rests while a file is read, whatever comes of that, and stays off where somebody else wants that."""
    path = write(text)
    assert gc.isenabled()
    open_suite_file(path)
    assert gc.isenabled()
    gc.disable()
    try:
        open_suite_file(path)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_two_escapes_of_one_character_are_one_character(write):
    """A character that JSON writes as two escapes is read as JSON reads it."""
    (suite,) = read_suite_file(write(STEP + 'user: a\n    bot: "\\ud83d\\ude00"\n'))
    assert suite.steps[1].outputs[0].texts == ("\U0001f600",)


def test_a_secret_in_an_alternative_is_found(lint):
    """Every text that the file keeps is looked at, not only what is uploaded."""
    token = "ghp_" + "a1B2c3D4" * 5
    found = lint(STEP + f"user: a\n    bot: {{any: [b, {token}]}}\n")
    assert [one[0] for one in found] in (["secret"], ["possible-secret"])


@pytest.mark.parametrize(
    ("comment", "rule"),
    [
        ("# eyJhbGciOiJIUzI1NiJ9.eyJhcHBJZCI6ImNzLTEifQ.c2lnbmF0dXJlLW9mLWl0", "secret"),
        ("# client_secret: k3Jd92mXq0Zp7Lw4Rt6Yv1Bn8Hs5", "possible-secret"),
    ],
)
@pytest.mark.parametrize("before", ["{}\n", "    bot: Hi {}\n", "    bot: |- {}\n      Hi\n", "{}"])
def test_a_secret_in_a_comment_is_found(lint, comment, rule, before):
    """A token that was pasted into a comment is found where it stands, and is not shown."""
    text = STEP + "user: a\n    bot: b\n"
    text = (
        text.replace("    bot: Hi\n", before.format(comment))
        if "bot" in before
        else text + before.format(comment)
    )
    line, column = next((at, row.index("#") + 1) for at, row in enumerate(text.splitlines(), 1) if "#" in row)
    (found,) = lint(text)
    assert found[:3] == (rule, line, column)
    assert found[3].startswith("a comment contains what looks like ")
    assert comment[20:] not in found[3]


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("user: a\n    bot:\n    - contains: Your order\n        #1234 is ready\n", (9, 9)),
        ("user: a\n    bot: Your order\n      #1234 is ready\n", (8, 7)),
        ("user: a\n    bot: Your order\n\n      ##1234\n", (9, 7)),
        ("user: a\r\n    bot: Your order\r\n      #1234 is ready\r\n", (8, 7)),
        ("user: a\n    bot:\n    - Your order\n     #1234 is ready\n", (9, 6)),
        ("user: a\n    bot: {any: [b, Your order\n #1234\n ]}\n", (8, 2)),
        ("user: Order\n      #1234\n    bot: b\n", (7, 7)),
        ("user: a\n    bot:\n    - any:\n      - Your order\n        #1234 is ready\n      - b\n", (10, 9)),
        ("user: a\n    bot:\n    - {matches: b.*, example: b\n    #1\n    }\n", (9, 5)),
        ("user: a\n    bot: {template: {text: Your order\n       #1234\n    }}\n", (8, 8)),
        ("user: a\n    bot: #1234\n      is ready\n", (7, 10)),
        ("user: a\n    bot:\n    - #1234\n      is ready\n", (8, 7)),
        ("user: a\n    bot:\n    -\n      #1234\n      is ready\n", (9, 7)),
        ("user: a\n    bot:\n    - contains: #1234\n        is ready\n", (8, 17)),
        ("user: a\n    bot: &x #1234\n      is ready\n", (7, 13)),
        ("user: a\n    bot: A ##b\n", (7, 12)),
        ("user: a\n    bot: Order #\n", (7, 16)),
        ("user: a\n    bot: Order ##  \n", (7, 16)),
    ],
)
def test_a_comment_that_reads_as_a_part_of_what_is_said_is_refused(lint, step, place):
    """Nothing of a text is dropped because YAML takes it for a comment."""
    content = STEP + step
    if "\r\n" in step:
        content = content.replace("\r\n", "\n").replace("\n", "\r\n")
    ((rule, *where, message),) = lint(content)
    assert rule in {"unusable-file", "yaml-value"}
    assert tuple(where) == place
    assert "comment" in message


@pytest.mark.parametrize(
    "step",
    [
        "user: a # asked\n    # then\n    #user: b\n    bot: b\n",
        (
            "user: a\n    bot:\n    #first\n    - b\n    #second\n    - c # third\n"
            "    # fourth\n      # fifth\n    - d\n"
        ),
        "user: a\n    bot:\n      # asked first\n      - b\n      # - c\n      #- d\n",
        "user: a\n    bot: b\n    #more: true\n  #- user: c\n  #  bot: d\n#tail\n",
        "user: a\n    bot: b # said\n      #indented below\n",
        "user: a\n    bot: 'b' #said\n      #indented below\n",
        "user: a\n    bot: |- #block\n      b #1\n      #2\n",
        "user: a\n    bot: {any: [b, #one\n      #two\n      c]}\n",
        "user: a\n    bot: #replies\n      - b\n",
        (
            "user: a\n    bot:\n      - contains: b\n        #example: c\n"
            "        optional: true\n          #deeper\n      - c\n"
        ),
        "user: a\n    bot: a#b and c#\n",
        (
            "user: a\n    bot: b\n#- name: C\n- name: D\n  #tags: [a]\n"
            "  steps:\n  #begin\n  - event: Start_Flow\n    bot: x\n"
        ),
    ],
)
def test_other_comments_are_fine(lint, step):
    """A comment between entries, beside quotes or with a blank behind its # is one, wherever it stands."""
    assert lint(STEP + step) == []
