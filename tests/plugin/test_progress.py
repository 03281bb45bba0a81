"""What a person sees while jobs are waited for, and what a file holds."""

import os
import re
import sys

import pytest
from terminals import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix matter")

LIVE = "━"
"""A letter of the bars, which nothing else on the screen has."""

EVIL = "EVIL\x1b]0;OWNED\x07\x1b[2J"
"""A word that would give the terminal another title, and clear it."""


@pytest.fixture
def terminal(pytester, monkeypatch):
    """Start pytest with this plugin on a terminal."""
    monkeypatch.delenv("COLUMNS")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    started = []

    def start(*args, **size):
        command = [sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "--kore-timeout=60", *args]
        started.append(Terminal(command, pytester.path, os.environ, **size))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def stuck(account, pytester):
    """Let jobs stand at 40 % until the returned function lets them succeed; two tests wait for two jobs."""
    names = ("ds-one", "ds-two")
    for name in names:
        account.script("IN_PROGRESS@40", job=name)
    pytester.makepyfile("""
        import pytest

        def test_before():
            pass

        @pytest.mark.parametrize("job", ["ds-one", "ds-two"])
        def test_import(kore_wait_for_import, job):
            kore_wait_for_import(job)
    """)

    def go_on():
        for name in names:
            account.script("SUCCESS", job=name)

    return go_on


def dots(text):
    """Return pytest's lines about the test file."""
    return [line for line in text.splitlines() if line.startswith("test_")]


def test_jobs_are_shown_while_they_are_waited_for(terminal, stuck):
    """A bar, the percent and the word are there during the wait, below pytest's own line."""
    shown = terminal("-p", "no:randomly")
    text = shown.wait_for(LIVE)
    assert re.search(r"^  ds-one +━+╌+ +40 % +\d s +\d+ requests?  IN_PROGRESS$", text, re.MULTILINE)
    assert any(re.fullmatch(r"test_\S+\.py \.", line) for line in text.splitlines())
    assert shown.cursor_is_hidden
    stuck()
    shown.finish()


def test_nothing_of_it_remains(terminal, stuck):
    """After the wait pytest's line goes on where it stood; nothing of the picture is left, in no line."""
    shown = terminal("-p", "no:randomly")
    shown.wait_for(LIVE)
    stuck()
    text = shown.finish()
    assert shown.process.returncode == 0, text
    assert LIVE not in text
    assert "waiting for" not in text
    assert not shown.cursor_is_hidden
    (line,) = dots(text)
    assert re.fullmatch(r"test_\S+\.py \.\.\. +\[100%\]", line)
    assert "\n\n\n" not in text


def test_verbose_lines_go_on_where_they_stood(terminal, stuck):
    """With -v the verdict stands behind the test's name, on the same line."""
    shown = terminal("-p", "no:randomly", "-v")
    shown.wait_for(LIVE)
    stuck()
    text = shown.finish()
    assert LIVE not in text
    assert len(dots(text)) == 3
    assert all(re.search(r"::test_\S+ PASSED +\[", line) for line in dots(text))


def test_what_tests_print_is_kept(terminal, stuck, pytester):
    """With -s nothing that a test prints before the wait is painted over, ended line or not."""
    pytester.makepyfile("""
        def test_import(kore_wait_for_import):
            print("a whole line")
            print("half a line", end="")
            kore_wait_for_import("ds-one")
            print("another half", end="")
            kore_wait_for_import("ds-two")
    """)
    shown = terminal("-s")
    shown.wait_for(LIVE)
    stuck()
    text = shown.finish()
    assert shown.process.returncode == 0, text
    assert LIVE not in text
    assert "a whole line\nhalf a line" in text
    assert "another half" in text


def test_no_colour_when_none_is_wanted(terminal, stuck):
    """With --color=no the picture is there, in no colour."""
    shown = terminal("--color=no")
    shown.wait_for(LIVE)
    stuck()
    text = shown.finish()
    assert LIVE not in text
    assert b"\x1b[" in shown.raw
    assert not re.search(rb"\x1b\[[0-9;]*m", shown.raw)


def test_no_color_is_heeded(terminal, stuck, monkeypatch):
    """NO_COLOR does the same."""
    monkeypatch.setenv("NO_COLOR", "1")
    shown = terminal()
    shown.wait_for(LIVE)
    stuck()
    shown.finish()
    assert not re.search(rb"\x1b\[[0-9;]*m", shown.raw)


def test_quiet_is_quiet(terminal, stuck, account):
    """With -q nothing is drawn and no job is told of before the closing line."""
    shown = terminal("-q")
    stuck()
    text = shown.finish()
    assert b"\x1b[?25l" not in shown.raw
    assert [line for line in text.splitlines() if "ds-one" in line] == []


@pytest.mark.parametrize("name", ["CI", "TERM"])
def test_a_log_gets_lines(terminal, stuck, monkeypatch, name):
    """In CI, and on a terminal that cannot move its cursor, there are lines and no picture."""
    monkeypatch.setenv(name, "dumb")
    shown = terminal()
    shown.wait_for("IN_PROGRESS 40 %")
    stuck()
    text = shown.finish()
    assert b"\x1b[?25l" not in shown.raw
    assert re.search(r"^kore: ds-one: SUCCESS after \d+\.\d s, \d+ requests?$", text, re.MULTILINE)


def test_a_narrow_terminal(terminal, stuck):
    """In 40 columns the lines are cut, not wrapped, and all of them go."""
    shown = terminal("-p", "no:randomly", columns=40, rows=12)
    text = shown.wait_for("  IN_PROG")
    assert re.search(r"^  ds-one +40 % +\d s  IN_PROGRE", text, re.MULTILINE)
    stuck()
    text = shown.finish()
    assert "40 %" not in text
    assert shown.process.returncode == 0


def test_a_terminal_that_is_resized_while_waiting(terminal, stuck):
    """The picture follows the new size, narrower and wider, and all of it goes."""
    shown = terminal("-p", "no:randomly")
    shown.wait_for(LIVE)
    shown.resize(44)
    shown.wait_for(lambda text: re.search(r"^  ds-one +40 % +\d+ s  IN_PROGRESS$", text, re.MULTILINE))
    shown.resize(120)
    shown.wait_for(LIVE)
    stuck()
    text = shown.finish()
    assert LIVE not in text
    assert "40 %" not in text
    assert len(dots(text)) == 1


def test_a_terminal_that_ends_narrower_than_the_line_above(terminal, stuck):
    """Where pytest's own line no longer fits, nobody knows where it ends: pytest begins it anew."""
    shown = terminal("-p", "no:randomly")
    shown.wait_for(LIVE)
    shown.resize(30)
    shown.wait_for(lambda text: re.search(r"^  ds-one +40 % +\d+ s", text, re.MULTILINE))
    stuck()
    text = shown.finish()
    assert shown.process.returncode == 0
    assert "40 %" not in text
    assert "waiting for" not in text
    assert not shown.cursor_is_hidden


def test_more_jobs_than_rows(terminal, account, pytester):
    """Thirty jobs on ten rows: those that have room, and how many there are besides."""
    jobs = [f"ds-{number:02}" for number in range(30)]
    for job in jobs:
        account.script("IN_PROGRESS@40", job=job)
    shown = terminal("--kore-gate", *(f"--kore-ds-id={job}" for job in jobs), rows=10)
    text = shown.wait_for(lambda text: re.search(r"and \d+ more: ", text))
    assert text.count(LIVE * 5) <= 10
    for job in jobs:
        account.script("SUCCESS", job=job)
    text = shown.finish()
    assert LIVE not in text
    assert "more: " not in text


def test_trouble_is_shown_in_plain_words(terminal, stuck, account):
    """A platform that answers with errors is told of, with the time since its last answer."""
    shown = terminal("-p", "no:randomly")
    shown.wait_for(LIVE)
    for job in ("ds-one", "ds-two"):
        account.script("503", job=job)
    shown.wait_for("no answer for")
    assert re.search(r"no answer for \d+ s: HTTP 503$", shown.text, re.MULTILINE)
    stuck()
    assert "HTTP 503" not in [line for line in shown.finish().splitlines() if "no answer" in line]


def test_the_controller_shows_the_workers_jobs(terminal, stuck):
    """Under xdist the jobs of both workers are in one picture, which goes like any other."""
    shown = terminal("-p", "xdist", "-n", "2")
    text = shown.wait_for(lambda text: "ds-one  " in text and "ds-two  " in text)
    assert "kore: 0 of 2 jobs done" in text
    stuck()
    text = shown.finish()
    assert shown.process.returncode == 0, text
    assert LIVE not in text
    assert "jobs done" not in text
    assert not shown.cursor_is_hidden


def test_an_interrupt_leaves_a_clean_terminal(terminal, stuck):
    """Ctrl-C takes the picture away and gives the cursor back."""
    import signal

    shown = terminal("-p", "no:randomly")
    shown.wait_for(LIVE)
    shown.process.send_signal(signal.SIGINT)
    text = shown.finish()
    assert shown.process.returncode == 2
    assert LIVE not in text
    assert not shown.cursor_is_hidden
    assert "import job ds-one goes on" in text


def test_a_plugin_that_writes_meanwhile_disturbs_nothing(terminal, stuck, pytester):
    """What somebody writes through pytest's terminal stands above the picture, whole."""
    pytester.makeconftest("""
        import threading, pytest

        @pytest.fixture(autouse=True)
        def chatter(pytestconfig, request):
            capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
            writer = pytestconfig.get_terminal_writer()
            stop = threading.Event()

            def chat():
                stop.wait(1.5)
                with capture.global_and_fixture_disabled():
                    writer.line("a word from elsewhere")
                    writer.flush()

            thread = threading.Thread(target=chat)
            thread.start()
            yield
            stop.set()
            thread.join()
        """)
    shown = terminal("-p", "no:randomly")
    shown.wait_for("a word from elsewhere")
    shown.wait_for(LIVE)
    stuck()
    text = shown.finish()
    assert LIVE not in text
    assert "a word from elsewhere" in text


@pytest.mark.usefixtures("stuck")
def test_a_file_gets_plain_lines(run, account, plugin_args, monkeypatch):
    """Redirected, each job's first word and end are one line each, without a control character."""
    for name in ("KORE_POLL_INTERVAL", "KORE_MAX_POLL_INTERVAL"):
        monkeypatch.setenv(name, "0.4")
    for job in ("ds-one", "ds-two"):
        # Whichever of the answers before the last is the first that is seen, it says the same.
        evil = f'status(name="{EVIL}")'
        account.script(f"{evil}, {evil}, 503, {evil}, SUCCESS", job=job)
    result = run(*plugin_args, "--color=no", apart=True)
    assert result.code == 0, result.text
    first, last = (line for line in result.lines if line.startswith("kore: ds-one: "))
    assert first.startswith("kore: ds-one: EVIL")
    assert re.fullmatch(r"kore: ds-one: SUCCESS after \d+\.\d s, \d+ requests", last)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.text)


def test_a_word_cannot_command_the_terminal(terminal, stuck, account):
    """A word of the platform that holds control sequences is shown without them."""
    for job in ("ds-one", "ds-two"):
        account.script(f'status(name="{EVIL}")', job=job)
    shown = terminal("-p", "no:randomly")
    shown.wait_for("EVIL")
    stuck()
    shown.finish()
    assert b"\x07" not in shown.raw
    assert b"\x1b[2J" not in shown.raw


def test_without_rich_there_are_lines(terminal, stuck, pytester):
    """The library for the picture is an extra: without it there are lines, and nothing breaks."""
    pytester.makeconftest("import sys; sys.modules['rich'] = sys.modules['rich.live'] = None")
    shown = terminal("-p", "no:randomly")
    shown.wait_for("kore: ds-one: IN_PROGRESS 40 %")
    stuck()
    text = shown.finish()
    assert shown.process.returncode == 0, text
    assert LIVE not in text


def test_rich_is_imported_only_for_a_wait(terminal, account, pytester):
    """A job that ends at once needs no picture; a run without a wait loads nothing for it."""
    pytester.makeconftest("""
        import sys

        def pytest_terminal_summary(terminalreporter):
            terminalreporter.write_line(f"rich: {'rich' in sys.modules}")
        """)
    pytester.makepyfile("def test_settings(kore_settings): pass")
    assert "rich: False" in terminal("-o", "kore_timeout=60").finish()
