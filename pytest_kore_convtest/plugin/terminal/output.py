"""What the terminal shows: a header, lines between, and the last line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.redaction import describe
from pytest_kore_convtest.text import fit, one_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _pytest.capture import CaptureManager

    from pytest_kore_convtest.settings.settings import Settings

_FROM = {"environment": "env"}
_MOST_LOST = 3


def header(settings: Settings) -> str | None:
    """Return the report header's line; ``None`` when nobody configured anything."""
    if not settings.configured:
        return None
    parts = _identity(settings)
    jobs = len(settings.ds_id)
    if jobs:
        parts.append(f"{jobs} import {'job' if jobs == 1 else 'jobs'}")
    return one_line("kore: " + ", ".join(parts))


def _identity(settings: Settings) -> list[str]:
    if settings.emulator:
        return [f"built-in emulator, no real platform {_origin(settings, 'emulator')}"]
    parts = (
        [f"target {settings.target}{' (protected)' if settings.protected else ''}"] if settings.target else []
    )
    parts.append(f"host {settings.host} {_origin(settings, 'host')}" if settings.host else "host not set")
    stream = settings.stream_id
    known = stream and (shorten(stream) if stream.startswith("st-") else describe(stream))
    parts.append(f"stream {known} {_origin(settings, 'stream_id')}" if stream else "stream not set")
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


def write_lines(config: pytest.Config, lines: list[str]) -> None:
    """Print lines of their own in the middle of pytest's output, past its capture."""
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    capture: CaptureManager | None = config.pluginmanager.get_plugin("capturemanager")
    if capture is None:
        _write(reporter, config, lines)
        return
    with capture.global_and_fixture_disabled():
        _write(reporter, config, lines)


def _write(reporter: pytest.TerminalReporter, config: pytest.Config, lines: list[str]) -> None:
    reporter.ensure_newline()
    if config.get_terminal_writer().width_of_current_line:  # xdist's dots belong to no file
        reporter.write_line("")
    for line in lines:
        reporter.write_line(written(config, line))
    reporter.flush()  # or the lines land in the tests' captured output, when the next one begins


def last_words(config: pytest.Config, lines: list[str], commands: Sequence[str] = ()) -> None:
    """Print the closing lines, after everything else and at every verbosity.

    Args:
        config: pytest's.
        lines: The lines; whatever is foreign in them is made harmless.
        commands: Lines that a CI server is to obey.
    """
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    for line in [*(written(config, line) for line in lines), *commands]:
        if reporter is None:
            sys.stderr.write(f"{line}\n")
        else:
            reporter.write_line(line)


def written(config: pytest.Config, line: str) -> str:
    """Return a line as it goes to the terminal: harmless, and in letters that its encoding has."""
    return fit(one_line(line), encoding(config))


def encoding(config: pytest.Config) -> str | None:
    """Return what the terminal's letters are encoded in; ``None`` without pytest's terminal plugin."""
    if config.pluginmanager.get_plugin("terminalreporter") is None:
        return getattr(sys.stderr, "encoding", None)
    found: str | None = getattr(getattr(config.get_terminal_writer(), "_file", None), "encoding", None)
    return found


def is_coloured(config: pytest.Config) -> bool:
    """Say whether the terminal shows colours."""
    known = config.pluginmanager.get_plugin("terminalreporter") is not None
    return bool(known and config.get_terminal_writer().hasmarkup)


def name_uncollected(config: pytest.Config) -> str:
    """Say what could not be collected, here or by xdist's workers; empty when all of it was."""
    reporter: pytest.TerminalReporter | None = config.pluginmanager.get_plugin("terminalreporter")
    errors = reporter.stats.get("error", ()) if reporter is not None else ()
    lost = list(dict.fromkeys(one.nodeid for one in errors if isinstance(one, pytest.CollectReport)))
    if not lost:
        return ""
    more = f" and {len(lost) - _MOST_LOST} more" if len(lost) > _MOST_LOST else ""
    names = ", ".join(printable(nodeid or "the root folder", 120) for nodeid in lost[:_MOST_LOST])
    return f"{names}{more} could not be collected, so which tests are missing is not known"
