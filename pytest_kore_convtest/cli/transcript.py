"""``init --from-transcript``: write a suite that is made of a chat log."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import OK, PROG
from pytest_kore_convtest.cli.new_files import write_all
from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.text import one_line, plural

if TYPE_CHECKING:
    import argparse

    from pytest_kore_convtest.suites.transcript import Log, Written

_NOT_IN_FILE_NAME = re.compile(r"[^\w.-]+")
_FOLDER = "conversations"
_MOST_NUMBERS = 5
_BELONGS = "Such a line belongs to the turn before it, if there is one"


def run_transcript(options: argparse.Namespace, folder: Path) -> int:
    """Write the suite and say what to look at.

    Raises:
        UsageError: The log cannot become a suite, or the suite exists already.
    """
    from pytest_kore_convtest.suites.transcript import (
        TranscriptError,
        name_suite,
        read_transcript,
        write_suite,
    )

    source = Path(options.from_transcript)
    try:
        log = read_transcript(_read(source))
    except TranscriptError as bad:
        problem = f"{source} {bad}"
    else:
        name = name_suite(source.stem)
        written = write_suite(log.turns, name, one_line(source.name, 80), len(log.left_out))
        target = folder / _FOLDER / f"{_NOT_IN_FILE_NAME.sub('_', name)}.kore.yaml"
        if os.path.lexists(target):
            raise UsageError(f"{target} exists, and nothing is overwritten: move it, or rename {source}")
        _check(written, source, target)
        write_all({target: written.text})
        _tell(written, target, log)
        return OK
    raise UsageError(problem)


def _read(source: Path) -> bytes:
    """Return as much of a log as decides whether it is too long."""
    from pytest_kore_convtest.suites.file_text import LARGEST_FILE

    try:
        if source.exists() and not source.is_file():
            raise UsageError(f"cannot read {source}: it is no file")
        with source.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as bad:
        problem = f"cannot read {source}: {bad.strerror if isinstance(bad, OSError) else bad}"
    raise UsageError(problem)


def _check(written: Written, source: Path, target: Path) -> None:
    """Look at the suite as lint does, before it is a file.

    Raises:
        UsageError: It could not be used.
    """
    from pytest_kore_convtest.rules import ERROR
    from pytest_kore_convtest.suites.file import read_suite_bytes
    from pytest_kore_convtest.suites.file_text import LARGEST_FILE
    from pytest_kore_convtest.suites.lint.lint_files import lint_file

    data = written.text.encode()
    if len(data) > LARGEST_FILE:
        raise UsageError(f"the suite of {source} would be longer than 2 MB: cut one conversation out of it")
    found = lint_file(read_suite_bytes(target, data))
    bad = next((one for one in found if one.severity == ERROR), None)
    if bad is not None:
        raise UsageError(f"nothing was written, because the suite of {source} would be wrong: {bad.message}")


def _tell(written: Written, target: Path, log: Log) -> None:
    from pytest_kore_convtest.suites.transcript import USER, list_words, name_labels

    amount = f"{plural(written.steps, 'step')}, {plural(written.replies, 'reply', 'replies')}"
    print(one_line(f"wrote {target}: {amount}"))
    if log.left_out:
        numbers = [*map(str, log.left_out[:_MOST_NUMBERS])]
        rest = len(log.left_out) - len(numbers)
        what = log.unit if len(log.left_out) == 1 else f"{log.unit}s"
        listed = list_words([*numbers, *([f"{rest} more"] if rest else [])])
        print(f"left out, because neither the user nor the bot says it: {what} {listed}")
    if log.empty:
        print(f"left out: {plural(log.empty, 'turn')} of which nothing can be seen")
    if log.others:
        first, *others = log.others
        more = f" and {len(others)} more" if others else ""
        said = f"no turn of its own: '{first.word}:' in line {first.line}{more}"
        print(one_line(f"{said}, because '{first.own}:' is that side's name in this log. {_BELONGS}"))
    if log.labels:
        said = f"not known as a speaker: {name_labels(log)}. {_BELONGS}: write 'user:' or 'bot:' for a name"
        print(one_line(said))
    if all(turn.who != USER for turn in log.turns):
        print("no turn of the user is in the log: all replies are expected when the user arrives")
    if written.unanswered:
        print(f"without a reply in the log: {plural(written.unanswered, 'user input')}; comments say where")
    typed = shlex.quote(str(target))
    steps = [
        "look at its comments: they say what a log cannot say",
        f"check it: {PROG} lint {typed}",
        f"try it without an account: pytest {typed} --kore-emulator --kore-run inDevelopment",
    ]
    print(one_line("next:"))
    for number, step in enumerate(steps, 1):
        print(one_line(f"  {number}. {step}"))
