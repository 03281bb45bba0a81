"""What the terminal shows: a header, progress while waiting, notes, and the last line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

    from pytest_kore_convtest.jobs import Job
    from pytest_kore_convtest.session import Run
    from pytest_kore_convtest.settings import Settings

_FROM = {"environment": "env"}


def header(settings: Settings) -> str | None:
    """Return the report header's line; ``None`` when nobody configured anything."""
    if not settings.configured:
        return None
    parts = _identity(settings)
    jobs = len(settings.ds_id)
    if jobs:
        parts.append(f"{jobs} import {'job' if jobs == 1 else 'jobs'}")
    return "kore: " + ", ".join(parts)


def _identity(settings: Settings) -> list[str]:
    if settings.emulator:
        return [f"built-in emulator, no real platform {_origin(settings, 'emulator')}"]
    parts = (
        [f"target {settings.target}{' (protected)' if settings.protected else ''}"] if settings.target else []
    )
    parts.append(f"host {settings.host} {_origin(settings, 'host')}" if settings.host else "host not set")
    stream = settings.stream_id
    parts.append(f"stream {shorten(stream)} {_origin(settings, 'stream_id')}" if stream else "stream not set")
    for name, word in (("jwt", "token"), ("jwt_file", "token file"), ("client_secret_file", "secret file")):
        if getattr(settings, name) is not None:
            return [*parts, f"{word} set {_origin(settings, name)}"]
    secret = settings.client_secret
    return [*parts, f"secret set {_origin(settings, 'client_secret')}" if secret else "secret not set"]


def _origin(settings: Settings, name: str) -> str:
    source = settings.source(name)
    return f"(from {_FROM.get(source, source)})"


def shorten(an_id: str) -> str:
    """Shorten an id to its beginning and end."""
    return an_id if len(an_id) <= 10 else f"{an_id[:5]}…{an_id[-2:]}"  # noqa: PLR2004 - nothing gained below


class Progress:
    """Print a line whenever a job that is waited for has moved.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._shown: dict[str, str] = {}

    def tick(self) -> None:
        """Look at all jobs and print what is new."""
        if getattr(self._run.config.option, "verbose", 0) < 0:
            return
        news = [
            line
            for made in self._run.pipelines
            for job in list(made.jobs.values())
            if (line := self._news(job))
        ]
        if news:
            write_lines(self._run.config, news)

    def _news(self, job: Job) -> str:
        words = _state(job)
        if not words or self._shown.get(job.key) == words:
            return ""
        self._shown[job.key] = words
        return f"kore: {job.label}: {words}"


def _state(job: Job) -> str:
    outcome, wait = job.outcome, job.wait
    if outcome is not None and outcome.status is None and not outcome.asks:
        return "did not begin"
    if outcome is not None:
        last = outcome.status.status if outcome.status else "no verdict"
        return (
            f"{last} after {outcome.seconds:.1f} s, {outcome.asks} {'ask' if outcome.asks == 1 else 'asks'}"
        )
    if wait is None or not wait.history:
        return "uploading" if job.uploads and job.slot and not job.job_id else ""
    return str(wait.history[-1]["saw"])


def write_lines(config: pytest.Config, lines: list[str]) -> None:
    """Print lines of their own in the middle of pytest's output, past its capture."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    if capture is None:
        _write(reporter, lines)
        return
    with capture.global_and_fixture_disabled():
        _write(reporter, lines)


def _write(reporter: Any, lines: list[str]) -> None:
    reporter.ensure_newline()
    for line in lines:
        reporter.write_line(line)


def summary(reporter: Any, notes: list[str]) -> None:
    """Print notes in a section of their own."""
    if not notes:
        return
    reporter.ensure_newline()
    reporter.section("kore", sep="-")
    for note in notes:
        reporter.write_line(note)


def last_words(config: pytest.Config, lines: list[str]) -> None:
    """Print the closing lines, after everything else and at every verbosity."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    for line in lines:
        if reporter is None:
            sys.stderr.write(f"{line}\n")
        else:
            reporter.write_line(line)
