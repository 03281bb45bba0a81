"""Live lines on a terminal that has no size, none any more, or somebody else's hand on its writer."""

import io
import os
import pty
from types import SimpleNamespace

import pytest

from pytest_kore_convtest.plugin.terminal import progress_screen
from pytest_kore_convtest.plugin.terminal.progress_lines import Size
from pytest_kore_convtest.plugin.terminal.progress_screen import Screen, open_screen

pytest.importorskip("rich")


class Writer:
    """What pytest writes with."""

    hasmarkup, width_of_current_line = False, 0

    def __init__(self):
        self._file, self.said = io.StringIO(), []

    def write(self, text):
        """Note what is written."""
        self.said.append(text)

    def flush(self):
        """Do nothing."""


@pytest.fixture
def screen():
    """Open a screen on a terminal of its own."""
    ours, theirs = pty.openpty()
    made = Screen(SimpleNamespace(_tw=Writer(), currentfspath=""), os.fdopen(theirs, "w"), None)
    yield made
    made.close()
    os.close(ours)


def test_a_terminal_that_tells_no_size_has_a_usual_one(screen):
    """As one has that is not of a window."""
    assert screen.size() == Size(80, 24)


def test_a_terminal_that_is_gone_has_a_usual_size(screen):
    """Nothing is raised for it."""
    screen.close()
    assert screen.size() == Size(80, 24)


def test_whatever_is_written_takes_the_lines_away_first(screen):
    """Then the writer is as it was."""
    writer = screen._writer
    screen.show([[("waiting", "")]], Size(80, 24))
    assert "write" in vars(writer)
    writer.write("a word of pytest")
    assert writer.said == ["a word of pytest"]
    assert "write" not in vars(writer)


def test_a_writer_that_a_plugin_had_changed_before_is_changed_again(screen):
    """Its change comes back when the lines go."""
    writer, theirs = screen._writer, []
    writer.write = theirs.append
    screen.show([[("waiting", "")]], Size(80, 24))
    writer.write("a word")
    assert theirs == ["a word"]
    writer.write("and one more")
    assert theirs == ["a word", "and one more"]


def test_a_writer_that_a_plugin_changes_meanwhile_stays_changed(screen):
    """What somebody else has put there is not ours to take away."""
    writer, theirs = screen._writer, []
    screen.show([[("waiting", "")]], Size(80, 24))
    writer.write = theirs.append
    screen.clear()
    writer.write("a word")
    assert theirs == ["a word"]


def test_where_pytest_writes_to_no_handle_nothing_is_drawn(monkeypatch):
    """As in a notebook, or inside of another program."""
    monkeypatch.setattr(progress_screen, "environment", lambda: {"TERM": "xterm"})
    reporter = SimpleNamespace(isatty=True, _tw=Writer())
    plugins = SimpleNamespace(get_plugin={"terminalreporter": reporter}.get)
    config = SimpleNamespace(pluginmanager=plugins, get_terminal_writer=lambda: reporter._tw, option=None)
    assert open_screen(config) is None


@pytest.mark.parametrize(
    ("env", "drawn"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "xterm", "CI": "1"}, False),
        ({"TERM": "xterm", "BUILD_NUMBER": "7"}, False),
    ],
)
def test_only_a_persons_terminal_is_drawn_on(env, drawn):
    """A log of CI gets lines."""
    assert progress_screen.can_be_drawn_on(env) is drawn
