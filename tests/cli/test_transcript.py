"""``kore-convtest init --from-transcript``."""

import json
from pathlib import Path

import pytest
from cli.conftest import one_sentence

from pytest_kore_convtest.suites.transcript import TranscriptError, read_transcript

pytest.importorskip("ruamel.yaml")

LOG = """\
Chat of 12 May

[12:03] Bot: Hi!
[12:03] Bot: How can I help?
[12:04] You: I need a room
2026-05-12 12:04 bot: Which city?
Note: Paris is full.

  We have two others.
**You:** Rome
Bot (12:05): {"type":"template","payload":{"text":"For 2 nights?"}}
YOU: thanks
"""


def names():
    """Return the names in this folder."""
    return sorted(path.name for path in Path().iterdir())


def written(name="chat"):
    """Return the suite that was written."""
    return Path(f"conversations/{name}.kore.yaml").read_text(encoding="utf-8")


def test_a_log_becomes_a_suite(kore):
    """Times, continuation lines and any casing are read; the suite lints clean and says what is not known."""
    Path("chat.txt").write_text(LOG)
    ended = kore("init", "--from-transcript", "chat.txt")
    assert (ended.code, ended.err) == (0, "")
    assert ended.lines[:3] == [
        "wrote conversations/chat.kore.yaml: 3 steps, 4 replies",
        "left out, because neither the user nor the bot says it: line 1",
        "without a reply in the log: 1 user input; comments say where",
    ]
    text = written()
    steps = text[text.index("    steps:") :]
    assert steps == (
        "    steps:\n"
        "      # The bot speaks first: the user's arrival is an event.\n"
        "      - event: Start_Flow\n"
        "        bot:\n"
        "          - Hi!\n"
        "          - How can I help?\n"
        "      - user: I need a room\n"
        '        bot: "Which city?\\nNote: Paris is full.\\n\\nWe have two others."\n'
        "      - user: Rome\n"
        "        bot:\n"
        "          # A number is in this reply: does it vary?\n"
        "          - template:\n"
        "              type: template\n"
        "              payload:\n"
        "                text: For 2 nights?\n"
        "      # The log ends before the bot answers this. Write the replies, or leave it out:\n"
        "      # - user: thanks\n"
        "      #   bot: ...\n"
    )
    assert "# tags: [smoke]" in text
    assert kore("lint", "conversations").lines == ["no problems in 1 file"]
    assert names() == ["chat.txt", "conversations"]


def test_the_user_begins(kore):
    """When the user speaks first, a comment says how a greeting would be written."""
    Path("chat.txt").write_text("user: hello\nuser: are you there?\nbot: Yes.\n")
    assert kore("init", "--from-transcript", "chat.txt", "--directory", ".").code == 0
    assert "      # - event: Start_Flow\n      #   bot: ...\n      - user: hello\n" in written()
    assert "# The log has no reply to this: write it, bot: ..." in written()
    assert kore("lint", "conversations").code == 0


@pytest.mark.parametrize(
    "turns",
    [
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
        [{"speaker": "User", "text": "a"}, {"speaker": "Bot", "text": "b", "time": 12}],
        [{"from": "you", "message": "a"}, {"sender": "bot", "message": {"text": "b"}}],
        [{"user": "a"}, {"bot": "b"}],
        [{"user": "a", "bot": ["b"]}],
        [["user", "a"], ["bot", "b"]],
        {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "a"},
                {"bot": "b"},
            ]
        },
        [{"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "model", "parts": ["b"]}],
        [{"role": "user", "content": "a", "text": ""}, {"role": "bot", "content": "b", "text": " "}],
        [{"role": "user", "content": "a", "text": []}, {"role": "bot", "text": {}, "message": "b"}],
        [{"role": "user", "content": {"text": "", "content": "a"}}, {"role": "bot", "msg": "b", "body": ""}],
    ],
)
def test_json_turns(kore, turns):
    """A JSON list of turns is read with the usual names of its keys."""
    Path("chat.json").write_text(json.dumps(turns))
    ended = kore("init", "--from-transcript", "chat.json")
    assert ended.code == 0, ended.err
    assert "      - user: a\n        bot: b\n" in written()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"type": "template", "payload": {"text": "b"}}, '{"type":"template","payload":{"text":"b"}}'),
        ({"type": "template", "payload": 1, "text": "b"}, '{"type":"template","payload":1,"text":"b"}'),
        ({"buttons": ["b"]}, '{"buttons":["b"]}'),
        ({"text": "", "content": ["b"]}, ""),
        (["b", {"text": "c"}], "b\nc"),
        (None, ""),
    ],
)
def test_what_is_said_in_json(content, text):
    """A template stays the JSON that it is, parts become lines, and nothing is an empty text."""
    turns = json.dumps([["user", "a"], {"role": "bot", "text": content}, ["bot", "z"]])
    found = read_transcript(turns.encode())
    assert [turn.text for turn in found.turns] == ["a", *filter(None, [text]), "z"]
    assert found.empty == (not text)


@pytest.mark.parametrize(
    ("content", "kind"), [([], "a list"), (["b", {"image": 1}], "a list"), (7, "a number")]
)
def test_what_is_no_text_in_json(content, kind):
    """What may be an image is told with its place."""
    turns = json.dumps([{"role": "user", "text": "a"}, {"role": "bot", "text": content}])
    with pytest.raises(TranscriptError, match=f"line 1, column 33: what is said is {kind}; write"):
        read_transcript(turns.encode())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00", "is not UTF-8 text"),
        (b"user: a\nbot: \x00b", "a control character stands in line 2"),
        (b"hello\nworld", "has no turn of a user or a bot"),
        (b"user: a\nuser: b", "has no reply of the bot"),
        (b"[]", "has no turn"),
        (b'[{"role": "user",', "is not valid JSON in line 1, column 18"),
        (b'[\n {"role": "supervisor", "text": "a"}]', "line 2, column 2: 'supervisor' is neither"),
        (b'[\n {"text": "a"}]', "line 2, column 2: a turn does not say who speaks"),
        (b"[7]", "a turn is a number"),
        (b"user: a\nbot: b\n" * 200_000, "longer than 2 MB"),
        (b"user: a\nbot: b\n" * 100_000, "would be longer than 2 MB"),
        (
            b"user: a\nbot: eyJhbGciOiJIUzI1NiJ9.eyJhcHBJZCI6ImNzLTEifQ.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0",
            "nothing was written, because the suite of chat.txt would be wrong",
        ),
    ],
)
def test_no_log(kore, data, said):
    """What is no log is one sentence and exit code 4, and nothing is written."""
    Path("chat.txt").write_bytes(data)
    one_sentence(kore("init", "--from-transcript", "chat.txt"), 4, "chat.txt", said)
    assert names() == ["chat.txt"]


def test_nothing_is_overwritten(kore):
    """A suite that exists stays as it is."""
    Path("chat.txt").write_text(LOG)
    Path("conversations").mkdir()
    Path("conversations/chat.kore.yaml").write_text("mine")
    one_sentence(kore("init", "--from-transcript", "chat.txt"), 4, "exists, and nothing is overwritten")
    assert written() == "mine"


@pytest.mark.parametrize("name", ["missing.txt", "."])
def test_no_file(kore, name):
    """A log that cannot be read is one sentence."""
    one_sentence(kore("init", "--from-transcript", name), 4, "cannot read")


def test_a_log_with_an_odd_name(kore):
    """The name of the log becomes one that a suite and a file can have."""
    Path("my chat, 1.txt").write_text("user: a\nbot: b\n")
    assert kore("init", "--from-transcript", "my chat, 1.txt").code == 0
    assert "- name: my_chat,_1\n" in written("my_chat__1")


def test_each_side_has_one_word(kore):
    """A word that the log does not use for its sides begins no turn, and the summary says where it stands."""
    log = "user: hi\nbot: Yours:\nCustomer: 4711\nuser: thanks\nbot: Bye.\nuser: bye\nbot: Bye.\n"
    Path("chat.txt").write_text("Customer: Jane\n" + log)
    ended = kore("init", "--from-transcript", "chat.txt")
    assert (
        "no turn of its own: 'customer:' in line 1 and 1 more, because 'user:' is that side's"
        " name in this log. Such a line belongs to the turn before it, if there is one"
    ) in ended.lines
    assert '- "Yours:\\nCustomer: 4711"\n' in written()
    assert "Jane" not in written()


def test_empty_turns_are_counted_apart(kore):
    """Turns of user and bot that say nothing are not called turns of nobody."""
    turns = [{"user": "a"}, {"bot": ""}, {"bot": "b"}, {"role": "system", "text": "x\ny"}, {"user": " "}]
    Path("chat.json").write_text(json.dumps(turns))
    assert kore("init", "--from-transcript", "chat.json").lines[1:3] == [
        "left out, because neither the user nor the bot says it: turn 4",
        "left out: 2 turns of which nothing can be seen",
    ]


def test_each_line_of_nobody_is_counted(kore):
    """What follows a line of the system until somebody speaks is left out with it."""
    Path("chat.txt").write_text("User: status\nBot: Your order:\nSystem: ok\nTotal: five\n\nUser: bye\n")
    lines = kore("init", "--from-transcript", "chat.txt").lines
    assert "left out, because neither the user nor the bot says it: lines 3 and 4" in lines


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("Bot: hi\nAlice: I need a room\nBot: Which city?\nAlice: Rome\nBot: ok\n", "'Alice:' (line 2)."),
        ("Bot: hi\nAlice: a room\nBob: me too\nBot: ok\n", "'Alice:' (line 2) and 'Bob:' (line 3)."),
        (
            "Bot: hi\nAl: 1\nBob: 2\nCy: 3\nDi: 4\n",
            "'Al:' (line 2), 'Bob:' (line 3), 'Cy:' (line 4) and 1 more.",
        ),
        ("You: hi\nBot: a\nAlice: b\nNote: c\nYou: d\nBot: e\n[12:01] Alice: f\n", "'Alice:' (line 3)."),
    ],
)
def test_speakers_that_are_not_known_are_named(kore, log, said):
    """Their lines are in the turn before, which is said when they are likely to be speakers."""
    Path("chat.txt").write_text(log)
    lines = kore("init", "--from-transcript", "chat.txt").lines
    belongs = "Such a line belongs to the turn before it, if there is one"
    told = f"not known as a speaker: {said} {belongs}: write 'user:' or 'bot:' for a name"
    assert told in lines
    no_user = "no turn of the user is in the log: all replies are expected when the user arrives"
    assert (no_user in lines) is ("You:" not in log)


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("Me: Hi\nAlice: Hello!\nMe: bye\nAlice: Bye!\n", "write 'bot:' in place of 'Alice:' (line 2)"),
        ("Al: Hi\nBo: Hello!\n", "write 'user:' and 'bot:' in place of 'Al:' (line 1) and 'Bo:' (line 2)"),
    ],
)
def test_names_that_are_to_be_replaced_are_named(kore, log, said):
    """Where no suite can be made because speakers have names of their own, the sentence says which."""
    Path("chat.txt").write_text(log)
    one_sentence(kore("init", "--from-transcript", "chat.txt"), 4, said)


def test_convert_says_what_makes_a_suite_of_a_chat_log(kore):
    """A log is not valid JSON; the command that reads it is named."""
    Path("chat.txt").write_text("User: Hi\nBot: Hello!\n")
    ended = kore("convert", "chat.txt")
    assert ended.code == 1
    last = "chat.txt looks like a chat log: kore-convtest init --from-transcript chat.txt makes a suite of it"
    assert ended.err.splitlines()[-1] == last
    Path("other.txt").write_text("no log\n")
    assert "chat log" not in kore("convert", "other.txt").err
