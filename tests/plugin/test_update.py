"""``--kore-update``: what the bot said is accepted, where only texts differ, and nothing else is touched."""

import json
import signal
import stat

import pytest

LIVE = ("--kore-emulator", "--kore-run", "inDevelopment")
SUITE = """\
# who: the travel desk
suites:
  - name: STAY
    steps:
      - event: Start_Flow
        bot: Hi!
      - user: I need a room
        bot:
          - Which city?     # always asked
          - any: [How many nights?, For how many nights?]
      - user: bye
        bot: 'Goodbye.'
"""
REPLIES = {"I need a room": ["Which town?", "How long?"], "bye": ["See you: soon"]}
AFTER = (
    SUITE.replace("Which city?", "Which town?")
    .replace("nights?]", 'nights?, "How long?"]')
    .replace("'Goodbye.'", "'See you: soon'")
)


@pytest.fixture
def suite(pytester):
    """Write a suite."""
    path = pytester.path / "a.kore.yaml"
    path.write_bytes(SUITE.encode())
    return path


def bot(pytester, replies):
    """Write what the bot says."""
    path = pytester.path / "bot.json"
    path.write_text(json.dumps(replies))
    return f"--kore-bot={path}"


def test_what_the_bot_said_is_accepted(run, suite, pytester, plugin_args):
    """Red, then red with a diff and a changed file, then green."""
    said = bot(pytester, REPLIES)
    first = run(*plugin_args, *LIVE, said, suite)
    assert first.code == 1
    said_of_it = "if the bot is right, --kore-update writes what it said into the files"
    assert f"2 failed steps can be updated: {said_of_it}" in first.lines
    assert sum("--kore-update" in line for line in first.lines) == 1
    assert "        bot: 'See you: soon'" in first.lines
    assert suite.read_text() == SUITE
    second = run(*plugin_args, *LIVE, said, "--kore-update", suite)
    assert second.code == 1
    assert "kore: 3 expectations of 2 steps were updated in 1 file: run again to verify" in second.closing
    assert "-          - Which city?     # always asked" in second.lines
    assert "+          - Which town?     # always asked" in second.lines
    assert suite.read_text() == AFTER
    assert run(*plugin_args, *LIVE, said, suite).code == 0


def test_the_advice_counts_what_an_update_would_change(run, suite, pytester, plugin_args):
    """A step whose matcher does not fit is changed by hand, so the advice does not count it."""
    suite.write_text(SUITE.replace("'Goodbye.'", "{contains: Good}"))
    args = (*plugin_args, *LIVE, bot(pytester, REPLIES), suite)
    assert any(line.startswith("1 of 2 failed steps can be updated: ") for line in run(*args).lines)
    closing = run(*args, "--kore-update").closing
    assert "kore: 2 expectations of 1 step were updated in 1 file: run again to verify" in closing
    assert sum("not updated: " in line for line in closing) == 1
    assert not any("can be updated" in line for line in run(*args).lines)


def test_byte_order_mark_and_line_ends_stay(run, suite, pytester):
    """A file of Windows stays one."""
    suite.write_bytes(b"\xef\xbb\xbf" + SUITE.replace("\n", "\r\n").encode().rstrip())
    run(*LIVE, bot(pytester, REPLIES), "--kore-update", suite)
    assert suite.read_bytes() == b"\xef\xbb\xbf" + AFTER.replace("\n", "\r\n").encode().rstrip()


def test_json_keeps_its_style(run, pytester):
    """Tabs, escapes and a missing last line break stay as they are."""
    path = pytester.path / "a.kore.json"
    step = '{"input": "bye", "outputs": [{"contains": "%s"}]}'
    text = '{"testCases": [\r\n\t{"name": "A\\u00e9", "messages": [' + step + "]}]}"
    path.write_bytes((text % "Tsch\\u00fcss").encode())
    done = run(*LIVE, bot(pytester, {"bye": ["Adiós/ÿ"]}), "--kore-update", path)
    assert done.code == 1
    assert path.read_bytes() == (text % "Adi\\u00f3s/\\u00ff").encode()
    assert run(*LIVE, bot(pytester, {"bye": ["Adiós/ÿ"]}), path).code == 0


@pytest.mark.parametrize(
    ("before", "replies"), [("[A, B]", ["B"]), ("A", ["A", "B"]), ("[B]", ["A", "B", "C"])]
)
def test_another_number_of_replies_is_accepted(run, suite, pytester, before, replies):
    """The list of a step gains or loses entries."""
    suite.write_text(f"suites:\n  - name: A\n    steps:\n      - user: a\n        bot: {before}\n")
    said = bot(pytester, {"a": replies})
    assert run(*LIVE, said, "--kore-update", suite).code == 1
    assert run(*LIVE, said, suite).code == 0


@pytest.mark.parametrize(
    ("replies", "why"),
    [
        ([" "], "empty"),
        (["a\x07"], "control characters"),
        (["AKIA" + "ABCDEFGHIJKLMNOP"], "looks like a secret"),
        ([], "gave no reply"),
    ],
)
def test_a_reply_that_nobody_means_is_not_accepted(run, suite, pytester, replies, why):
    """The file stays as it is, and one sentence says why."""
    done = run(*LIVE, bot(pytester, {"bye": replies}), "--kore-update", suite)
    assert any(line.startswith("kore: not updated: ") and why in line for line in done.closing)
    assert not any("AKIAABCD" in line for line in done.lines if "not updated" in line)
    assert suite.read_text() == SUITE


def test_a_matcher_that_does_not_fit_stays(run, suite, pytester):
    """What ``contains`` says is changed by hand."""
    suite.write_text(SUITE.replace("'Goodbye.'", "{contains: Goodbye}"))
    before = suite.read_text()
    done = run(*LIVE, bot(pytester, {"bye": ["Ciao"]}), "--kore-update", suite)
    assert any(
        "its matcher does not fit: change 'contains' or 'matches' by hand" in line for line in done.closing
    )
    assert suite.read_text() == before


def test_what_an_alias_shares_stays(run, suite, pytester):
    """A text that stands for two steps is changed by hand; the rest goes on."""
    suite.write_text(
        SUITE.replace("- event", "- &s\n        event").rstrip() + "\n  - name: B\n    steps: [*s]\n"
    )
    said = bot(pytester, {**REPLIES, "Start_Flow": ["Yo"]})
    done = run(*LIVE, said, "--kore-update", suite)
    assert sum("shared by a YAML alias" in line for line in done.closing) == 2
    assert "bot: Hi!" in suite.read_text()
    assert "Which town?" in suite.read_text()


@pytest.mark.parametrize("word", ["1", "true", "no", "off", " "])
def test_ci_refuses(run, suite, pytester, monkeypatch, word):
    """In CI the option is a usage error, which CI=false overrides; nothing is advised there either."""
    said = bot(pytester, REPLIES)
    monkeypatch.setenv("CI", word)
    done = run(*LIVE, said, "--kore-update", suite)
    assert done.code == 4
    assert "CI is set" in done.text
    assert "--kore-update" not in run(*LIVE, said, suite).text
    monkeypatch.setenv("CI", "false")
    assert run(*LIVE, said, "--kore-update", suite).code == 1
    assert suite.read_text() == AFTER


def test_without_a_run_nothing_can_be_known(run, suite):
    """The option needs ``--kore-run``."""
    done = run("--kore-emulator", "--kore-update", suite)
    assert done.code == 4
    assert "add --kore-run inDevelopment" in done.text


def test_it_cannot_stand_in_an_ini_file(run, suite, pytester):
    """Every wrong reply would be accepted for ever."""
    pytester.makeini("[pytest]\naddopts = --kore-update\n")
    assert run(*LIVE, suite).code == 4


def test_a_file_that_was_changed_meanwhile_stays(run, suite, pytester):
    """What was collected is not there any more."""
    pytester.makeconftest(
        "import pathlib\ndef pytest_runtest_teardown(item):\n"
        f"    path = pathlib.Path({str(suite)!r})\n    path.write_text(path.read_text() + '# more\\n')\n"
    )
    done = run(*LIVE, bot(pytester, REPLIES), "--kore-update", suite)
    assert any("it was changed since it was collected: run again" in line for line in done.closing)
    assert "Which city?" in suite.read_text()


def test_a_read_only_file_stays(run, suite, pytester):
    """Also for root, who could write it."""
    suite.chmod(0o444)
    done = run(*LIVE, bot(pytester, REPLIES), "--kore-update", suite)
    assert any("it is read-only: make it writable" in line for line in done.closing)
    assert suite.read_text() == SUITE


def test_mode_and_link_stay(run, suite, pytester):
    """A link stays a link, and what it leads to keeps its mode."""
    target = pytester.mkdir("there") / "real.yaml"
    suite.rename(target)
    target.chmod(0o640)
    suite.symlink_to(target)
    run(*LIVE, bot(pytester, REPLIES), "--kore-update", suite)
    assert suite.is_symlink()
    assert target.read_text() == AFTER
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_an_interrupt_leaves_whole_files(run, suite, pytester):
    """When the writing ends in the middle, the file is the old one and nothing is left beside it."""
    pytester.makeconftest(
        "import pathlib\nreplace = pathlib.Path.replace\n"
        "def strike(self, target):\n"
        "    if str(target).endswith('.kore.yaml'):\n        raise KeyboardInterrupt\n"
        "    return replace(self, target)\n"
        "pathlib.Path.replace = strike\n"
    )
    done = run(*LIVE, bot(pytester, REPLIES), "--kore-update", suite, apart=True)
    assert done.code == 2
    assert "kore: interrupted while suite files were updated; each is whole, old or new" in done.closing
    assert "+          - Which town?     # always asked" in done.lines
    assert suite.read_text() == SUITE
    assert [path for path in pytester.path.iterdir() if path.name.startswith(".kore")] == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="nothing kills a process at once here")
@pytest.mark.parametrize(("moment", "left"), [("before", SUITE), ("after", AFTER)])
def test_a_process_that_is_killed_leaves_whole_files(run, suite, pytester, moment, left):
    """Between the writing and the renaming the file is the old one, afterwards the new one; both run."""
    pytester.makeconftest(
        "import os, pathlib, signal\nreplace = pathlib.Path.replace\n"
        "def strike(self, target):\n"
        f"    if {moment == 'after'}:\n        replace(self, target)\n"
        "    if str(target).endswith('.kore.yaml'):\n"
        f"        assert {moment == 'after'} or self.read_bytes() != target.read_bytes()\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return replace(self, target)\n"
        "pathlib.Path.replace = strike\n"
    )
    said = bot(pytester, REPLIES)
    assert run(*LIVE, said, "--kore-update", suite, apart=True).code == -signal.SIGKILL
    assert suite.read_text() == left
    (pytester.path / "conftest.py").unlink()
    again = run(*LIVE, said, "--kore-update", pytester.path)
    assert again.code == int(left == SUITE)
    assert suite.read_text() == AFTER


def test_passed_steps_change_nothing(run, suite, pytester):
    """A step that passed stays; no step failed is said."""
    done = run(*LIVE, bot(pytester, {"other": ["x"]}), "--kore-update", suite)
    assert done.code == 0
    assert "kore: no expectation was updated: no step failed" in done.closing
    assert suite.read_text() == SUITE


@pytest.mark.parametrize("selected", ["STAY", "run"])
def test_counts_alone_are_no_replies(run, account, suite, selected):
    """Of a failed run with counts only nobody knows what the bot said, which is said."""
    account.bot(REPLIES)
    account.switch(run_results="summary")
    done = run("--kore-run", "inDevelopment", "--kore-update", "-k", selected, suite)
    assert done.code == 1
    assert any("not updated: " in line and "counts only" in line for line in done.closing)
    assert suite.read_text() == SUITE


def test_a_failed_step_that_is_not_selected_stays(run, suite, pytester):
    """Only a step whose own item failed is updated."""
    done = run(*LIVE, bot(pytester, REPLIES), "--kore-update", "-k", "run or bye", suite)
    assert done.code == 1
    assert any("not updated: " in line and "more than the texts" in line for line in done.closing)
    assert suite.read_text() == SUITE.replace("'Goodbye.'", "'See you: soon'")


TEMPLATE = """\
suites:
  - name: CARD
    steps:
      - user: card
        bot:
          - template:  # shown as buttons
              type: template  # always
              payload:
                # the widget of the site
                price: 1.50  # in euros
                text: Which one?
                buttons:
                  - title: A  # first
                  - title: B  # second
      - user: bye
        bot: Goodbye.
"""


@pytest.fixture
def update(run, suite, pytester):
    """Return what accepts all that the bot says, and sees that the suite is green then."""

    def accept(replies):
        said = bot(pytester, replies)
        done = run(*LIVE, said, "--kore-update", suite)
        assert done.code == 1
        assert not any("not updated" in line for line in done.closing)
        assert run(*LIVE, said, suite).code == 0

    return accept


def card(layout=(",", ":"), **payload):
    """Return what the bot answers, as JSON."""
    found = {"price": 1.5, "text": "Which one?", "buttons": [{"title": "A"}, {"title": "B"}], **payload}
    found = {key: value for key, value in found.items() if value is not None}
    return json.dumps({"type": "template", "payload": found}, separators=layout)


@pytest.mark.parametrize(
    ("payload", "before", "after"),
    [
        ({"text": "What?"}, "Which one?", "What?"),
        ({"buttons": [{"title": "A"}], "url": "x"}, "                  - title: B  # second\n", "$$url: x\n"),
        ({"url": "x"}, "title: B  # second\n", "title: B  # second\n                url: x\n"),
        ({"text": None}, "                text: Which one?\n", ""),
        (
            {"buttons": [{"title": "A"}, {"title": "C", "x": 1}, {"title": "B"}]},
            "  # first\n",
            "  # first\n                  - title: C\n                    x: 1\n",
        ),
        ({"buttons": [{"title": "B"}]}, "                  - title: A  # first\n", ""),
        ({"buttons": [{"title": "A"}]}, "                  - title: B  # second\n", ""),
        (
            {"buttons": [{"title": "Z"}, {"title": "A"}, {"title": "B"}]},
            "- title: A",
            "- title: Z\n$- title: A",
        ),
    ],
)
def test_of_a_template_only_what_differs_changes(update, suite, payload, before, after):
    """Values, keys and items come and go line by line: numbers stay as they are spelt, and so do comments."""
    suite.write_text(TEMPLATE)
    update({"card": [card(**payload)]})
    assert suite.read_text() == TEMPLATE.replace(before, after.replace("$$", " " * 16).replace("$", " " * 18))


@pytest.mark.parametrize(
    "reply", [card((", ", ": "), text="What?"), card(text=None, price=None) + " ", "No more cards."]
)
def test_a_step_whose_comments_would_be_lost_stays(run, suite, pytester, reply):
    """What YAML cannot hold as this template would replace all of it; other steps are updated."""
    suite.write_text(TEMPLATE)
    done = run(*LIVE, bot(pytester, {"card": [reply], "bye": ["Ciao."]}), "--kore-update", suite)
    why = "a comment in what is replaced would be lost: change it by hand"
    assert any(line.startswith("kore: not updated: ") and line.endswith(why) for line in done.closing)
    assert suite.read_text() == TEMPLATE.replace("Goodbye.", "Ciao.")


@pytest.mark.parametrize(
    ("before", "replies", "after"),
    [
        ("bot: A # a", [card(), "B"], None),
        ("bot: A # a", ["B", card()], None),
        ("bot: |- # a\n          A\n          B", ["A\nB", "C"], None),
        ("bot: >- # a\n          A\n          B", ["C", "A B"], None),
        ("bot: A\n         B # a", ["A B", "C"], "bot:\n        - A\n         B # a\n        - C"),
        ("bot:\n          A\n         B # a", ["A B", "C"], None),
        ('bot: "A\n          B" # a', ["A B", card()], None),
        ("bot: |- # a\n          A", [card()], None),
        ("bot: |2- # a\n            A", ["B\nC"], 'bot: "B\\nC" # a'),
        ("bot: |- # a\n          A", [card(), "B"], None),
        ("bot:\n          # a\n          A", [card()], None),
        ("bot:\n          - text: >- # a\n              A\n            optional: true", [card()], None),
    ],
)
def test_a_single_reply_becomes_what_the_bot_said(update, suite, before, replies, after):
    """However it is written, it may become a template, have replies beside it, or both; its comment stays."""
    head = "suites:\n  - name: A\n    steps:\n      - user: a\n        "
    suite.write_text(f"{head}{before}\n")
    update({"a": replies})
    assert "# a\n" in suite.read_text()
    assert after is None or suite.read_text() == f"{head}{after}\n"


def test_a_file_with_several_names_stays(run, suite, pytester):
    """A file that is replaced would be another one than what its other names lead to."""
    other = pytester.path / "same.txt"
    other.hardlink_to(suite)
    done = run(*LIVE, bot(pytester, REPLIES), "--kore-update", suite)
    assert done.code == 1
    assert any(
        "it has 2 names (hard links), of which one would change alone" in line for line in done.closing
    )
    assert suite.read_text() == other.read_text() == SUITE
    assert suite.samefile(other)
