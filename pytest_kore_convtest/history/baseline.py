"""A baseline: failures that somebody accepted, each with a reason and a day after which it counts again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.history.identity import (
    FAILED,
    UNKNOWN,
    bot_version,
    first_expected,
    name_plainly,
    read_step,
)
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from pytest_kore_convtest.reports.record import Evidence, Record, StepRecord

LONG = timedelta(days=366)
"""Who accepts a failure for longer is told so: it is hidden for as long."""

EMULATOR = "emulator"
"""What stands for the stream id where the emulator answered: it is no bot."""


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
        bot_version: The bot's version then, ``published`` or ``inDevelopment``.
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

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes it that entry in a file."""
        return self.bot, self.file, self.suite, self.step, self.input

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
            bot_version=bot_version(suite["run"]),
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


def part_accepted(old: Iterable[Entry], new: Iterable[Entry], today: date) -> tuple[list[Entry], list[Entry]]:
    """Part new entries into those that are needed, and those whose failures are accepted already.

    Args:
        old: What a baseline holds.
        new: What is to be added.
        today: The day in UTC.
    """
    by_key = {entry.identity: entry for entry in old if not entry.is_over(today)}
    needed, held = list[Entry](), list[Entry]()
    for entry in new:
        known = by_key.get(entry.identity)
        is_held = known is not None and known.expected == entry.expected and known.covers(entry.fails)
        (held if is_held else needed).append(entry)
    return needed, held


def join_entries(old: Iterable[Entry], new: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return all entries, sorted; of two about one step the newer one."""
    by_key = {entry.identity: entry for entry in [*old, *new]}
    return tuple(sorted(by_key.values(), key=lambda one: (one.file, one.suite, one.step, one.input, one.bot)))
