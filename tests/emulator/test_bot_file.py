"""The file that says what the emulated bot answers."""

import json
import os
import sys

import pytest

from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.emulator.bot_file import BotFileError, read_bot_file
from pytest_kore_convtest.emulator.runs import Turns, execute, read_bot

TEMPLATE = {"type": "template", "payload": {"text": "Größe?"}}


def written(folder, content, name="bot.json"):
    """Write a file; return what it reads as, or the sentence that refuses it."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        return read_bot_file(path)
    except BotFileError as bad:
        return str(bad)


def test_json_and_yaml_say_the_same(tmp_path):
    """Lists, single texts, templates and silence read alike in both formats; a byte order mark is no text."""
    bot = {"hello": ["Hi!", "How are you?"], "bye": "Bye.", "size": [TEMPLATE], "x": []}
    expected = {
        **bot,
        "bye": ["Bye."],
        "size": [json.dumps(TEMPLATE, ensure_ascii=False, separators=(",", ":"))],
    }
    yaml = """
    hello: [Hi!, How are you?]
    bye: Bye.
    size:
      - {type: template, payload: {text: "Größe?"}}
    x: []
    """
    assert written(tmp_path, "\ufeff" + json.dumps(bot)) == expected
    assert written(tmp_path, yaml, "bot.yaml") == expected
    assert written(tmp_path, json.dumps(bot), "bot.YML") == expected


def test_yaml_words_are_texts(tmp_path):
    """Neither a yes nor a date-like input becomes something else than the text that stands there."""
    assert written(tmp_path, "yes: [on]\nno: [off]", "bot.yaml") == {"yes": ["on"], "no": ["off"]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("{}", "names no input"),
        ("[]", "is no bot script: a bot script maps inputs"),
        ("{", "is not valid JSON: Expecting property name"),
        ('{"a": NaN}', "is not valid JSON: NaN is no number"),
        ("[" * 5_000, "is not valid JSON"),
        ('{"a": ["b"], "a": ["c"]}', "has the key 'a' twice"),
        ('{"a": null}', "is no bot script: a reply to 'a' is neither a text nor a template"),
        ('{"a": [1]}', "is no bot script: a reply to 'a' is neither"),
        (b"\xff\xfe", "is not UTF-8 text (byte 0)"),
        (b" " * (1024 * 1024 + 1), "is larger than 1 MiB"),
        (b'{"a": ["\\ud83d"]}', "contains half a character ('\\ud83d'): write the whole character"),
    ],
)
def test_a_file_that_is_no_bot_script(tmp_path, content, sentence):
    """What is wrong is said in one sentence."""
    assert written(tmp_path, content).startswith(sentence)


BOMB = "\n".join(
    ["a0: &a0 [" + "x" * 99 + "]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a: [b", "is not valid YAML: "),
        ("a: b\na: c", "is not valid YAML: found duplicate key"),
        ("1: b", "is no bot script: a bot script maps inputs"),
        ("a: 2024-01-01", "is no bot script: a reply to 'a' is neither"),
        ("a: {b: 2024-01-01}", "is no bot script: a reply to 'a' is no JSON"),
        ("a: &x [b, *x]", "has a YAML alias (*x) within what it stands for"),
        (BOMB, "stands for more than 8 MiB through its YAML aliases"),
        (
            "suites:\n- steps:\n  - user: a\n    botz: b",
            "is no bot script: a step has the unknown key 'botz'",
        ),
        ("a: b\n---\nc: d", "is not valid YAML: but found another document"),
        ("a: !!python/object:os.system x", "has a YAML tag (tag:yaml.org,2002:python/object:os.system)"),
        ("a: !!int ''", "has a YAML tag"),
        ("%YAML 1.1\n---\na: 1:1", "has a %YAML directive in it"),
        ("[" * 5_000, "is not valid YAML: "),
        ("just a text", "is no bot script: a bot script maps inputs"),
    ],
)
def test_a_yaml_file_that_is_no_bot_script(tmp_path, content, sentence):
    """YAML that is broken, or says more than texts, is refused; nothing in it is executed or multiplied."""
    assert written(tmp_path, content, "bot.yaml").startswith(sentence)


def test_a_yaml_file_may_share_texts(tmp_path):
    """An alias stands for what its anchor names: in a bot script, and in a suite file."""
    path = tmp_path / "bot.yaml"
    path.write_text("a: &x [b, &y c]\nd: *x\ne: *y\n", encoding="utf-8")
    assert read_bot_file(path) == {"a": ["b", "c"], "d": ["b", "c"], "e": ["c"]}
    path.write_text(
        "suites:\n- name: A\n  steps:\n  - &one {event: Start_Flow, bot: Hi}\n"
        "- name: B\n  steps:\n  - *one\n",
        encoding="utf-8",
    )
    assert read_bot_file(path) == {"Start_Flow": ["Hi"]}


def test_what_is_no_plain_file(tmp_path):
    """A missing file, a folder and a pipe, which might never end, are refused."""
    os.mkfifo(tmp_path / "pipe")
    problems = []
    for name in ("missing", ".", "pipe"):
        with pytest.raises(BotFileError) as refused:
            read_bot_file(tmp_path / name)
        problems.append(str(refused.value))
    assert problems == [
        "cannot be read: No such file or directory",
        "cannot be read: Is a directory",
        "is no plain file",
    ]


def test_yaml_without_its_library(tmp_path, monkeypatch):
    """Without ruamel.yaml one sentence says what to install, and what does without."""
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    assert written(tmp_path, "a: b", "bot.yaml") == (
        'is YAML, which needs ruamel.yaml: pip install "pytest-kore-convtest[yaml]", or write JSON'
    )


def test_a_reset_comes_back_to_the_first_answers():
    """What the emulator was started with outlives a reset, a script of a test does not."""
    emulator = Emulator(bot={"hello": "Hi!"})
    emulator.bot({"hello": ["No."]})
    emulator.reset()
    assert emulator._platform.bot == {"hello": ["Hi!"]}


@pytest.mark.parametrize("reply", [None, 1, True, [None]])
def test_a_reply_that_is_no_reply(reply):
    """A test that scripts a bot is refused the same things."""
    with pytest.raises(ValueError, match="put it in quotes"):
        read_bot({"a": reply})


SUITES = """
suites:
  - name: BOOKING
    steps:
      - event: Start_Flow
        bot: Hi!
      - user: I need a room
        bot: [Which city?, {any: [How many nights?, For how long?]}]
      - user: "yes"
        bot: {contains: booked, example: It is booked.}
      - user: "yes"
        bot: {template: {type: template, payload: {text: Bye}}}
      - user: hush
"""


def test_a_suite_file_is_a_bot_that_says_it(tmp_path):
    """Alternatives count by their first, matchers by their example; what comes again has its turns."""
    found = written(tmp_path, SUITES, "bot.kore.yaml")
    bye = '{"type":"template","payload":{"text":"Bye"}}'
    assert found == {
        "Start_Flow": ["Hi!"],
        "I need a room": ["Which city?", "How many nights?"],
        "yes": Turns([["It is booked."], [bye]]),
        "hush": [],
    }


def test_an_export_is_a_bot_too(tmp_path):
    """What the platform's UI exports, and what Kore's runner of 2019 took, read alike."""
    steps = [
        {"input": "a", "outputs": [{"contains": "A"}, "B"]},
        {"input": "b", "outputs": [{"contains": {"oneOf": ["C", "D"]}}, {"equals": "E"}]},
    ]
    export = {"testCases": [{"name": "A", "messages": steps}]}
    assert written(tmp_path, json.dumps(export)) == {"a": ["A", "B"], "b": ["C", "E"]}


def test_a_reply_of_which_a_suite_says_no_text_is_none(tmp_path):
    """The bot says those that have one; of several alternatives the first."""
    content = "suites: [{name: A, steps: [{user: a, bot: [{optional: true}, {any: [b, c]}]}]}]"
    assert written(tmp_path, content, "a.kore.yaml") == {"a": ["b"]}


def test_two_suites_may_not_disagree(tmp_path):
    """One bot cannot say both, and nobody could tell which one was meant."""
    two = "suites:\n- steps: [{user: a, bot: A}]\n- steps: [{user: a, bot: B}]\n"
    assert "two suites expect different replies to 'a': leave one" in written(tmp_path, two, "bot.yaml")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("suites: [1]", "a suite is not an object: write name and steps"),
        ("suites: [{steps: 1}]", "'steps' is not a list"),
        ("suites: [{steps: [1]}]", "a step is not an object: write user and bot"),
        ("suites: [{steps: [{bot: a}]}]", "a step has no text that the user says"),
        ("suites: []", "names no input"),
    ],
)
def test_a_suite_that_is_no_bot(tmp_path, content, sentence):
    """What cannot be read is refused by name, as any bot file is."""
    assert sentence in written(tmp_path, content, "bot.yaml")


def test_the_bot_takes_its_turns():
    """The second time that an input comes the bot says what it says then, and that for ever after."""
    output = {"text": "x", "assertions": {"text": {"enabled": False, "contains": []}}}
    steps = [{"input": "yes", "outputs": [output]}] * 3
    results = execute({"testSteps": steps}, {"yes": Turns([["one"], ["two"]])}, "r")
    assert [result["actualOutput"][0]["text"] for result in results] == ["one", "two", "two"]
