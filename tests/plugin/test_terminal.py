"""What the terminal shows."""

from types import SimpleNamespace

import pytest

from pytest_kore_convtest.plugin.terminal.output import header, last_words, shorten, write_lines
from pytest_kore_convtest.settings.settings import Settings

STREAM = "st-11111111-2222-3333-4444-555555555555"


class Reporter:
    """Keep what is written."""

    flushed = False

    def __init__(self):
        self.lines = []

    def ensure_newline(self):
        """Do nothing."""

    def write_line(self, line):
        """Keep a line."""
        self.lines.append(line)

    def flush(self):
        """Note it."""
        self.flushed = True


def config_of(reporter, column=0):
    """Return as much of pytest's configuration as is read."""
    return SimpleNamespace(
        pluginmanager=SimpleNamespace(get_plugin={"terminalreporter": reporter}.get),
        get_terminal_writer=lambda: SimpleNamespace(width_of_current_line=column),
    )


def test_nothing_configured_has_no_header():
    """Without a setting there is no line."""
    assert header(Settings.read(env={})) is None


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"KORE_TIMEOUT": "5"}, "kore: host not set, stream not set, secret not set"),
        (
            {"KORE_HOST": "bots.kore.ai", "KORE_STREAM_ID": STREAM, "KORE_DS_ID": "ds-1"},
            (
                "kore: host https://bots.kore.ai (from env), stream st-11…55 (from env), secret not set,"
                " 1 import job"
            ),
        ),
        ({"KORE_JWT": "canary"}, "kore: host not set, stream not set, token set (from env)"),
        ({"KORE_JWT_FILE": "/x"}, "kore: host not set, stream not set, token file set (from env)"),
        ({"KORE_CLIENT_SECRET_FILE": "/x"}, "kore: host not set, stream not set, secret file set (from env)"),
        ({"KORE_CLIENT_SECRET": "canary"}, "kore: host not set, stream not set, secret set (from env)"),
        ({"KORE_EMULATOR": "1"}, "kore: built-in emulator, no real platform (from env)"),
    ],
)
def test_the_header(env, said):
    """One line: where, which bot, which kind of credentials, and from which source each comes."""
    assert header(Settings.read(env=env)) == said


def test_ids_are_shortened_but_stay_recognisable():
    """A long id keeps its beginning and end; a short one stays."""
    assert shorten(STREAM) == "st-11…55"
    assert shorten("st-1") == "st-1"


def test_lines_begin_on_a_line_of_their_own():
    """Behind xdist's dots, which pytest's own ensure_newline does not see, a line is ended first."""
    reporter = Reporter()
    write_lines(config_of(reporter, column=3), ["news"])
    assert reporter.lines == ["", "news"]
    assert reporter.flushed


def test_lines_behind_an_ended_line_follow_at_once():
    """At the beginning of a line there is no empty line."""
    reporter = Reporter()
    write_lines(config_of(reporter), ["news", "more"])
    assert reporter.lines == ["news", "more"]


def test_without_a_reporter_there_are_no_lines():
    """With -p no:terminal nothing is written, and nothing fails."""
    write_lines(config_of(None), ["news"])


def test_no_terminal_no_last_words():
    """Without pytest's terminal plugin nothing is written, and nothing fails."""
    reporter = Reporter()
    last_words(config_of(reporter), ["the end"])
    last_words(config_of(None), ["the end"])
    assert reporter.lines == ["the end"]
