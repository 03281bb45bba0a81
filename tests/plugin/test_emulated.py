"""A run against the built-in emulator: quick, and with a bot that may say something else."""

import json
import sys

import pytest

REPEATS = "its bot repeats what the suite expects"
RUN = ("--kore-emulator", "--kore-run=inDevelopment")


@pytest.fixture(autouse=True)
def _suite(pytester):
    """Write a suite of two steps."""
    steps = [
        {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hi!"}]},
        {"input": "bye", "outputs": [{"contains": "Bye."}]},
    ]
    suite = {"botId": "st-1", "botName": "b", "testCases": [{"name": "TALK", "messages": steps}]}
    (pytester.path / "talk.kore.json").write_text(json.dumps(suite))


def write_bot(pytester, name="bot.json", content='{"bye": ["Farewell."]}'):
    """Write what the bot answers."""
    (pytester.path / name).write_text(content)
    return f"--kore-bot={name}"


def test_a_job_ends_with_the_second_answer(run, plugin_args):
    """Nothing is waited for: two status requests a job, and the last line says what the green is worth."""
    result = run(*RUN, *plugin_args)
    assert result.code == 0
    jobs = [line for line in result.lines if "after" in line and line.startswith("passed")]
    assert [line.count(", 2 requests") for line in jobs] == [1, 1]
    assert REPEATS in result.last_lines[-1]


@pytest.mark.parametrize("wanted", [("--kore-emulator-speed=real",), ("--kore-emulator-speed", "REAL")])
def test_the_real_rhythm_comes_back(run, wanted):
    """With the real speed a job takes four answers; only the pauses are set here, so that nothing sleeps."""
    fast = ("-o", "kore_poll_interval=0.01", "-o", "kore_max_poll_interval=0.01")
    result = run(*RUN, *wanted, *fast)
    jobs = [line for line in result.lines if line.startswith("passed")]
    assert [line.count(", 4 requests") for line in jobs] == [1, 1]


def test_a_wrong_text_fails_without_code(run, pytester, plugin_args):
    """A bot that says something else makes its step FAILED, and the last line speaks of no repeating."""
    result = run(*RUN, write_bot(pytester), *plugin_args)
    assert result.code == 1
    assert "Farewell." in result.text
    failed = [line.partition(" - ")[0] for line in result.reasons]
    assert "FAILED talk.kore.json::TALK::step 02 bye" in failed
    assert result.emulated


def test_a_bot_from_the_ini_file(run, pytester):
    """The ini key says the same; without the emulator it says nothing."""
    write_bot(pytester)
    pytester.makeini("[pytest]\nkore_bot = bot.json")
    assert run(*RUN).code == 1
    offline = run("-m", "not kore_live")
    assert (offline.code, "kore_bot" in offline.text) == (0, False)


def test_a_bot_that_is_never_asked(run, pytester):
    """A script with no input of the suite, a slip perhaps, leaves the bot repeating, and that is said."""
    result = run(*RUN, write_bot(pytester, content='{"good-bye": ["x"]}'))
    assert result.code == 0
    assert "nothing that the suites say has an answer in kore_bot" in result.last_lines[-1]


def test_without_a_run_the_bot_says_nothing(run):
    """A suite that is only imported asks no bot."""
    assert run("--kore-emulator").last_lines[-1] == "kore: built-in emulator; no real platform was contacted"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", 'is empty: write e.g. {"hello": ["Hi!"]}'),
        ("{", "is not valid JSON: Expecting property name enclosed in double quotes"),
        ("{}", "names no input"),
    ],
)
def test_a_bot_file_that_cannot_be_used(run, pytester, plugin_args, content, problem):
    """It is a usage error that names the option and the path, before anything is asked."""
    if content is not None:
        write_bot(pytester, content=content)
    result = run(*RUN, "--kore-bot=bot.json", *plugin_args)
    assert result.code == 4
    assert f"--kore-bot (from command line): {pytester.path / 'bot.json'} {problem}" in result.text
    assert "Traceback" not in result.text


def test_a_bot_without_the_emulator(run, pytester):
    """Typed for a run against a real platform it is a usage error."""
    result = run(write_bot(pytester))
    assert result.code == 4
    assert "--kore-bot (from command line) works only with --kore-emulator" in result.text


def test_a_missing_werkzeug_is_said_once(run, monkeypatch, plugin_args):
    """It is a usage error with the command that installs it, and not one error for each test."""
    monkeypatch.setitem(sys.modules, "werkzeug", None)
    result = run(*RUN, *plugin_args)
    assert result.code == 4
    assert result.text.count("pip install 'pytest-kore-convtest[emulator]'") == 1


def test_suites_with_other_names_draw_one_hint(run, pytester, plugin_args):
    """JSON files beside suite files that hold suites are named in one line, with the two ways out."""
    for name in ("Booking.json", "b.json"):
        (pytester.path / name).write_bytes((pytester.path / "talk.kore.json").read_bytes())
    (pytester.path / "other.json").write_text("{}")
    result = run("--kore-emulator", *plugin_args)
    said = "not tested: Booking.json, b.json hold suites, but are not named *.kore.json or *.kore.yaml."
    ways_out = "Rename, or name on the command line or in kore_suite_files."
    assert [line for line in result.lines if "Booking.json" in line] == [f"{said} {ways_out}"]
    assert result.code == 0
    (pytester.path / "more.kore.json").write_bytes((pytester.path / "talk.kore.json").read_bytes())
    named = run("--kore-emulator", "talk.kore.json", "more.kore.json", *plugin_args)
    assert [line for line in named.lines if "not tested" in line] == []  # who names files has chosen
    both = run("--kore-emulator", ".", "talk.kore.json", *plugin_args)
    assert [line.count("Booking.json") for line in both.lines if "not tested" in line] == [1]


def test_what_xdist_workers_note_is_in_a_report_once(run, pytester):
    """All workers see the same files; a report is no longer for it."""
    (pytester.path / "Booking.json").write_bytes((pytester.path / "talk.kore.json").read_bytes())
    result = run("--kore-emulator", "--kore-json=r.json", "-p", "xdist", "-n", "2")
    assert result.code == 0
    notes = json.loads((pytester.path / "r.json").read_text())["notes"]
    assert len([note for note in notes if "Booking.json" in note]) == 1


def test_suites_that_are_collected_draw_no_hint(run, pytester):
    """Named on the command line or in kore_suite_files they are tested, so nothing is said."""
    (pytester.path / "talk.kore.json").rename(pytester.path / "Talk.json")
    assert "not tested" not in run("--kore-emulator", "Talk.json").text
    pytester.makeini("[pytest]\nkore_suite_files = *.json")
    assert "not tested" not in run("--kore-emulator").text


def test_nobody_opens_files_without_our_settings(run, pytester):
    """Where nobody configured anything, JSON files stay closed and nothing is said."""
    (pytester.path / "talk.kore.json").rename(pytester.path / "Talk.json")
    assert "kore" not in run().text.partition("collected")[2]
