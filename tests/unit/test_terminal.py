"""What the terminal shows."""

from types import SimpleNamespace

import pytest

from pytest_kore_convtest.settings import Settings
from pytest_kore_convtest.terminal import Progress, header, last_words, shorten, summary

STREAM = "st-11111111-2222-3333-4444-555555555555"


class Reporter:
    """Keep what is written."""

    def __init__(self):
        self.lines = []

    def ensure_newline(self):
        """Do nothing."""

    def write_line(self, line):
        """Keep a line."""
        self.lines.append(line)

    def section(self, title, **_):
        """Keep a title."""
        self.lines.append(f"== {title}")


def config_of(reporter, verbose=0):
    """Return as much of pytest's configuration as is read."""
    plugins = {"terminalreporter": reporter}
    return SimpleNamespace(
        option=SimpleNamespace(verbose=verbose), pluginmanager=SimpleNamespace(get_plugin=plugins.get)
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


def job_that(saw="IN_PROGRESS 40 %", outcome=None):
    """Return a job under way."""
    return SimpleNamespace(
        key="k",
        label="job-1",
        suite=None,
        job_id="ds-1",
        outcome=outcome,
        wait=SimpleNamespace(history=[{"saw": saw}]),
    )


def progress_of(job, verbose=0):
    """Return a progress and where it writes."""
    reporter = Reporter()
    run = SimpleNamespace(config=config_of(reporter, verbose), pipelines=[SimpleNamespace(jobs={"k": job})])
    return Progress(run), reporter.lines


def test_progress_is_told_when_something_moves():
    """A line comes when a job's state changes, and only then."""
    job = job_that()
    progress, lines = progress_of(job)
    progress.tick()
    progress.tick()
    assert lines == ["kore: job-1: IN_PROGRESS 40 %"]
    job.wait.history.append({"saw": "IN_PROGRESS 85 %"})
    progress.tick()
    job.outcome = SimpleNamespace(status=SimpleNamespace(status="SUCCESS"), seconds=1.0, asks=1)
    progress.tick()
    assert lines[1:] == ["kore: job-1: IN_PROGRESS 85 %", "kore: job-1: SUCCESS after 1.0 s, 1 ask"]


def test_trouble_is_progress_too():
    """A job that ended without a verdict says so."""
    progress, lines = progress_of(job_that(outcome=SimpleNamespace(status=None, seconds=2.0, asks=3)))
    progress.tick()
    assert lines == ["kore: job-1: no verdict after 2.0 s, 3 asks"]


def test_quiet_runs_have_no_progress():
    """With -q nothing is printed while waiting."""
    progress, lines = progress_of(job_that(), verbose=-1)
    progress.tick()
    assert lines == []


def test_a_summary_without_notes_is_no_summary():
    """The section appears only when it has something to say."""
    reporter = Reporter()
    summary(reporter, [])
    assert reporter.lines == []
    summary(reporter, ["a note"])
    assert reporter.lines == ["== kore", "a note"]


def test_no_terminal_no_last_words():
    """Without pytest's terminal plugin nothing is written, and nothing fails."""
    reporter = Reporter()
    last_words(config_of(reporter), ["the end"])
    last_words(config_of(None), ["the end"])
    assert reporter.lines == ["the end"]
