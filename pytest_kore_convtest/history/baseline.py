"""A baseline: failures that somebody accepted, each with a reason and a day after which it counts again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.history.identity import FAILED, first_expected
from pytest_kore_convtest.strict_json import load_strictly
from pytest_kore_convtest.text import escape_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_kore_convtest.reports.record import Evidence, Record, StepRecord

FORMAT = "pytest-kore-convtest baseline"
VERSION = 1
"""What a baseline calls itself, and the version of its shape."""

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

    @property
    def name(self) -> str:
        """The suite and the step, in words."""
        return f"{printable(self.suite, 80)}: step {self.step:02} {printable(self.input, 40)}".rstrip()

    def is_over(self, today: date) -> bool:
        """Say whether its day is over."""
        return today > self.until

    def is_of(self, file: str, suite: str, stream_id: str) -> bool:
        """Say whether it is about a suite; a path counts as the same when one of both ends like the other."""
        if self.suite != suite or (self.bot and self.bot != stream_id):
            return False
        return not self.file or not file or _end_alike(self.file, file)


def _end_alike(one: str, other: str) -> bool:
    """Say whether the shorter of two paths ends the longer one: a test run may start in a subfolder."""
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

    def find(
        self, file: str, suite: str, stream_id: str, steps: Sequence[StepRecord]
    ) -> Iterator[tuple[Entry, StepRecord | None]]:
        """Yield the entries that are about a suite, each with its step; ``None`` when that is not there.

        A step is the one with the same input, and of several the one with the same expected reply, else
        the one with the same number. Two entries are never about one step.
        """
        taken: set[int] = set()
        for entry in self.entries:
            if entry.is_of(file, suite, stream_id):
                found = _find_step(entry, [step for step in steps if step["number"] not in taken])
                if found is not None:
                    taken.add(found["number"])
                yield entry, found


def _find_step(entry: Entry, steps: Iterable[StepRecord]) -> StepRecord | None:
    same = [step for step in steps if step["input"] == entry.input]
    if len(same) > 1:
        alike = [step for step in same if entry.expected and entry.expected in first_expected(step)]
        same = alike if len(alike) == 1 else [step for step in alike or same if step["number"] == entry.step]
    return same[0] if len(same) == 1 else None


def read_baseline(content: bytes, path: str) -> Baseline:
    """Read a baseline.

    Args:
        content: The file's bytes.
        path: Its name, for the errors.

    Raises:
        ConfigError: It is none; one sentence says where and why.
    """
    try:
        data = load_strictly(content)
        _check_head(data)
        entries = _read_entries(data.get("accepted"))
    except ValueError as bad:
        problem = str(bad)
    else:
        return Baseline(path, entries)
    said = f"the baseline {printable(path, 200)} cannot be used: {problem}"
    raise ConfigError(
        f"{said}; correct it, or write it anew with kore-convtest compare --accept", name="baseline"
    )


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
    texts = {key: _read_text(data.get(key, ""), f"{path}.{key}") for key in known - {"step", "until"}}
    for key in ("suite", "reason"):
        if not texts[key].strip():
            raise ValueError(f"{path}.{key}: it is empty")
    until = read_day(data["until"], f"{path}.until")
    return Entry(step=step, until=until, **texts)


def _read_text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{path}: it has to be a text")  # noqa: TRY004 - as above
    return value


def read_day(value: object, path: str) -> date:
    """Read a day such as ``2027-01-31``.

    Raises:
        ValueError: It is none.
    """
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == len("2027-01-31") else "")
    except ValueError:
        shown = printable(str(value), 40)
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
    return [
        Entry(
            file=suite["file"]["path"] if suite["file"] else "",
            suite=suite["name"],
            step=step["number"],
            input=step["input"],
            expected=next(iter(first_expected(step)), ""),
            reason=reason,
            until=until,
            accepted=today.isoformat(),
            bot=stream_of(record["evidence"][suite["evidence"]]),
            bot_version=(suite["run"]["reported_version"] or suite["run"]["requested_version"]),
        )
        for suite in record["suites"]
        if suite["run"] is not None
        for step in suite["steps"]
        if step["outcome"] == FAILED
    ]


def stream_of(evidence: Evidence) -> str:
    """Return the stream id by which entries name a bot; empty for the emulator."""
    return "" if evidence["emulator"] else evidence["stream_id"]


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
    rows = [{key: _plain(asdict(entry)[key]) for key in order} for entry in entries]
    data = {"format": FORMAT, "version": VERSION, "accepted": rows}
    return escape_json(json.dumps(data, indent=1, ensure_ascii=False)) + "\n"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
