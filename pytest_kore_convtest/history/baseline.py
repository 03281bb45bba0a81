"""A baseline: failures that somebody accepted, each with a reason and a day after which it counts again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.history.identity import FAILED, UNKNOWN, first_expected, name_plainly, read_step
from pytest_kore_convtest.strict_json import load_strictly
from pytest_kore_convtest.text import escape_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_kore_convtest.reports.record import Evidence, Record, StepRecord

FORMAT = "pytest-kore-convtest baseline"
VERSION = 1
"""What a baseline calls itself, and the version of its shape."""

LARGEST = 64 * 1024 * 1024
"""Bytes of a baseline, or of the report of an earlier run in its place."""

LONG = timedelta(days=366)
"""Who accepts a failure for longer is told so: it is hidden for as long."""

EMULATOR = "emulator"
"""What stands for the stream id where the emulator answered: it is no bot."""

_NEEDED = ("suite", "step", "input", "reason", "until")


@dataclass(frozen=True)
class Entry:
    """One accepted failure.

    Attributes:
        file: The suite's file, or empty for any file.
        suite: The suite's name.
        step: The step's number when it was accepted.
        input: What the user says at that step.
        expected: The first reply that was expected then; tells steps of one input apart.
        reason: Why it is accepted.
        until: The last day on which it is, in UTC.
        accepted: The day on which it was accepted; empty when nobody wrote it down.
        bot: The stream id of the bot; empty for any.
        bot_version: The bot's version then.
        fails: What failed of it then, e.g. ``"text of reply 1"``: only that is accepted; empty for anything.
    """

    suite: str
    step: int
    input: str
    reason: str
    until: date
    file: str = ""
    expected: str = ""
    accepted: str = ""
    bot: str = ""
    bot_version: str = ""
    fails: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The suite and the step, in words."""
        return f"{printable(self.suite, 80)}: step {self.step:02} {printable(self.input, 40)}".rstrip()

    def is_over(self, today: date) -> bool:
        """Say whether its day is over."""
        return today > self.until

    def is_long(self, today: date) -> bool:
        """Say whether its day is so far away that nobody will think of it."""
        return self.until - today > LONG

    def covers(self, fails: Iterable[str]) -> bool:
        """Say whether what failed of a step is what is accepted; of an unknown failure it is not."""
        failed = set(fails)
        return not self.fails or (bool(failed) and failed <= set(self.fails))

    def fit(self, suite: SuitePlace) -> int:
        """Say how well it fits a suite: 0 not at all, 1 by its name, 2 by its file as well.

        A path is good enough when one of both ends like the other: a test run may start in a subfolder.
        """
        if self.suite != suite.name:
            return 0
        if self.file and self.file.replace("\\", "/") == suite.file:
            return 2
        return int(not self.file or not suite.file or _end_alike(self.file, suite.file))


def _end_alike(one: str, other: str) -> bool:
    """Say whether the shorter of two paths ends the longer one."""
    first, second = (path.replace("\\", "/").strip("/").split("/") for path in (one, other))
    common = min(len(first), len(second))
    return first[-common:] == second[-common:]


@dataclass(frozen=True)
class Baseline:
    """A file of accepted failures.

    Attributes:
        path: Its name, for messages.
        entries: What is accepted, in the file's order.
    """

    path: str
    entries: tuple[Entry, ...] = field(default=())

    @cached_property
    def _by_suite(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.entries:
            found.setdefault(entry.suite, []).append(entry)
        return found

    def find(
        self, suite: SuitePlace, stream_id: str, steps: Sequence[StepRecord], suites: Iterable[SuitePlace]
    ) -> Iterator[Match]:
        """Yield the entries that are about a suite, each with its step, or with the reason why it has none.

        An entry is about one step of one suite, or about none. Of suites of one name that is the one whose
        file is the entry's. A step is one with the same input and expectation, and of several of them the one
        with the same number.

        Args:
            suite: The suite.
            stream_id: The bot's.
            steps: The suite's steps.
            suites: All suites of the test run.
        """
        entries = [entry for entry in self._by_suite.get(suite.name, ()) if entry.bot in {"", stream_id}]
        if not entries:
            return
        namesakes = {one for one in suites if one.name == suite.name} | {suite}
        by_input: dict[str, list[StepRecord]] = {}
        for step in steps:
            by_input.setdefault(step["input"], []).append(step)
        for entry in entries:
            best = max(map(entry.fit, namesakes))
            if not entry.fit(suite) == best > 0:
                continue
            rivals = sorted(one for one in namesakes if entry.fit(one) == best)
            if len(rivals) > 1:
                yield Match(entry, None, _SEVERAL_SUITES)
            else:
                yield _find_step(entry, by_input.get(entry.input, []))


class SuitePlace(NamedTuple):
    """Which suite one is: its file's path, or empty; the line where it begins; its name in the file."""

    file: str
    line: int
    name: str


class Match(NamedTuple):
    """An entry with the step that it is about; without one with what is to be said of it."""

    entry: Entry
    step: StepRecord | None
    problem: str = ""


_SEVERAL_SUITES = "is about several suites of one name, so it accepts nothing: write one's path into its file"
_NO_STEP = "is accepted, and there is no such step: remove it"
_OTHER_REPLY = "is accepted, and it expects something else now, so it counts: accept it anew, or remove it"
_SEVERAL_STEPS = "may be one of several steps that say that, so it accepts nothing: accept it anew"


def _find_step(entry: Entry, same: Sequence[StepRecord]) -> Match:
    """Find the step of an entry among those with its input."""
    alike = [step for step in same if _may_expect(step, entry.expected)]
    if not alike:
        return Match(entry, None, _OTHER_REPLY if same else _NO_STEP)
    if len(alike) > 1:
        alike = [step for step in alike if step["number"] == entry.step]
    return Match(entry, alike[0]) if alike else Match(entry, None, _SEVERAL_STEPS)


def _may_expect(step: StepRecord, expected: str) -> bool:
    """Say whether a step expects something; of one that was not evaluated nobody knows."""
    return not expected or expected in first_expected(step) or read_step(step).outcome == UNKNOWN


def read_content(path: Path, shown: str) -> bytes:
    """Return the bytes of a baseline, or of a report in its place.

    Args:
        path: Where it is.
        shown: Its name, for the errors.

    Raises:
        ConfigError: It cannot be read, or is too large for one.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
    else:
        if len(content) <= LARGEST:
            return content
        problem = f"it is larger than {LARGEST // 1024**2} MiB"
    said = f"cannot read the baseline {printable(shown, 200)}: {problem}; name another file, or give none"
    raise ConfigError(said, name="baseline")


def read_baseline(content: bytes, path: str) -> Baseline:
    """Read a baseline.

    Args:
        content: The file's bytes.
        path: Its name, for the errors.

    Raises:
        ConfigError: It is none; one sentence says where and why.
    """
    way_out = "correct it, or write it anew with kore-convtest compare --accept"
    try:
        data = load_strictly(content)
        if _is_newer(data):
            way_out = "upgrade pytest-kore-convtest"
        _check_head(data)
        entries = _read_entries(data.get("accepted"))
    except ValueError as bad:
        problem = str(bad)
    else:
        return Baseline(path, entries)
    said = f"the baseline {printable(path, 200)} cannot be used: {problem}"
    raise ConfigError(f"{said}; {way_out}", name="baseline")


def _is_newer(data: Mapping[str, object]) -> bool:
    version = data.get("version")
    return isinstance(version, int) and version > VERSION


def _check_head(data: dict[str, object]) -> None:
    if data.get("format") != FORMAT:
        raise ValueError(f'$.format: it has to be "{FORMAT}"')
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError("$.version: it has to be a whole number above 0")
    if version > VERSION:
        raise ValueError(
            f"$.version: version {version} was written by a newer pytest-kore-convtest,"
            f" this one reads version {VERSION}"
        )
    if unknown := sorted(data.keys() - {"format", "version", "accepted"}):
        raise ValueError(f"$.{printable(unknown[0], 40)}: no such key is known")


def _read_entries(listed: object) -> tuple[Entry, ...]:
    if not isinstance(listed, list):
        raise ValueError("$.accepted: it has to be a list")  # noqa: TRY004 - of a file, not of a caller
    entries = tuple(_read_entry(one, f"$.accepted[{at}]") for at, one in enumerate(listed))
    _check_twice(entries)
    return entries


def _read_entry(data: object, path: str) -> Entry:
    if not isinstance(data, dict):
        raise ValueError(f"{path}: it has to be an object")  # noqa: TRY004 - as above
    known = {one.name for one in fields(Entry)}
    if unknown := sorted(data.keys() - known):
        raise ValueError(f"{path}.{printable(unknown[0], 40)}: no such key is known")
    for key in _NEEDED:
        if key not in data:
            raise ValueError(f"{path}.{key}: it is missing")
    step = data["step"]
    if not isinstance(step, int) or isinstance(step, bool) or step < 1:
        raise ValueError(f"{path}.step: it has to be a whole number above 0")
    texts = {
        key: _read_text(data.get(key, ""), f"{path}.{key}") for key in known - {"step", "until", "fails"}
    }
    for key in ("suite", "reason"):
        if not texts[key].strip():
            raise ValueError(f"{path}.{key}: it is empty")
    until = read_day(data["until"], f"{path}.until")
    return Entry(step=step, until=until, fails=_read_fails(data, path), **texts)


def _read_fails(data: Mapping[str, object], path: str) -> tuple[str, ...]:
    if "fails" not in data:
        return ()
    listed = data["fails"]
    if not isinstance(listed, list) or not listed:
        said = "it has to be a list of what may fail; without the key anything may"
        raise ValueError(f"{path}.fails: {said}")
    return tuple(_read_text(one, f"{path}.fails[{at}]") for at, one in enumerate(listed))


def _read_text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{path}: it has to be a text")  # noqa: TRY004 - as above
    return value


def read_day(value: object, path: str) -> date:
    """Read a day such as ``2027-01-31``.

    Raises:
        ValueError: It is none.
    """
    shown = printable(str(value), 40)
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        day = None
    if day is not None and day.isoformat() == value:  # Python 3.11 takes weeks, too
        return day
    raise ValueError(f"{path}: {shown!r} is no day: write it as 2027-01-31")


def _check_twice(entries: Iterable[Entry]) -> None:
    seen: set[tuple[object, ...]] = set()
    for at, entry in enumerate(entries):
        key = _identify(entry)
        if key in seen:
            raise ValueError(f"$.accepted[{at}]: {entry.name} is accepted twice")
        seen.add(key)


def _identify(entry: Entry) -> tuple[object, ...]:
    return entry.bot, entry.file, entry.suite, entry.step, entry.input


def accept_failures(record: Record, reason: str, until: date, today: date) -> list[Entry]:
    """Return an entry for each plainly failed step of a record: the bot answered something else."""
    names = name_plainly([suite["name"] for suite in record["suites"]])
    return [
        Entry(
            file=suite["file"]["path"] if suite["file"] else "",
            suite=name,
            step=step["number"],
            input=step["input"],
            expected=next(iter(first_expected(step)), ""),
            reason=reason,
            until=until,
            accepted=today.isoformat(),
            bot=stream_of(record["evidence"][suite["evidence"]]),
            bot_version=(suite["run"]["reported_version"] or suite["run"]["requested_version"]),
            fails=tuple(step["fails"]),
        )
        for suite, name in zip(record["suites"], names, strict=True)
        if suite["run"] is not None
        for step in suite["steps"]
        if step["outcome"] == FAILED
    ]


def stream_of(evidence: Evidence) -> str:
    """Return the stream id by which entries name a bot."""
    return EMULATOR if evidence["emulator"] else evidence["stream_id"]


def join_entries(old: Iterable[Entry], new: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return all entries, sorted; of two about one step the newer one."""
    by_key = {_identify(entry): entry for entry in [*old, *new]}
    return tuple(sorted(by_key.values(), key=lambda one: (one.file, one.suite, one.step, one.input, one.bot)))


def write_baseline(entries: Iterable[Entry]) -> str:
    """Return the JSON text of a baseline: one key a line, in one order."""
    order = (
        "file",
        "suite",
        "step",
        "input",
        "expected",
        "reason",
        "until",
        "accepted",
        "bot",
        "bot_version",
    )
    rows = [
        {key: _plain(getattr(entry, key)) for key in order}
        | ({"fails": list(entry.fails)} if entry.fails else {})
        for entry in entries
    ]
    data = {"format": FORMAT, "version": VERSION, "accepted": rows}
    return escape_json(json.dumps(data, indent=1, ensure_ascii=False)) + "\n"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
