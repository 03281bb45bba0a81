"""Known failures: which failed steps of a run a baseline accepts, and what it accepts in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.history.baseline import stream_of
from pytest_kore_convtest.history.identity import FAILED, PASSED
from pytest_kore_convtest.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from pytest_kore_convtest.history.baseline import Baseline, Entry
    from pytest_kore_convtest.reports.record import Record, StepRecord


def find_known(
    baseline: Baseline, place: tuple[str, str, str], steps: Sequence[StepRecord], today: date
) -> dict[int, str]:
    """Return why failed steps are accepted, by their numbers.

    Args:
        baseline: What is accepted.
        place: The suite's file and name, and the bot's stream id, empty for the emulator.
        steps: The suite's steps.
        today: The day in UTC.
    """
    return {
        step["number"]: f"known failure until {entry.until}: {printable(entry.reason, 120)}"
        for entry, step in baseline.find(*place, steps)
        if step is not None and step["outcome"] == FAILED and not entry.is_over(today)
    }


def review(baseline: Baseline, record: Record, today: date) -> list[str]:
    """Say in a sentence each which entries of a baseline are over, fixed, or about nothing."""
    seen: set[Entry] = set()
    said = []
    for suite in record["suites"]:
        if suite["run"] is None or suite["run"]["trouble"] is not None:
            continue
        bot = stream_of(record["evidence"][suite["evidence"]])
        file = suite["file"]["path"] if suite["file"] else ""
        for entry, step in baseline.find(file, suite["name"], bot, suite["steps"]):
            seen.add(entry)
            said += [f"{baseline.path}: {line}" for line in _review_entry(entry, step, today)]
    return [*said, *_review_rest(baseline, seen, record)]


def _review_entry(entry: Entry, step: StepRecord | None, today: date) -> Iterator[str]:
    if step is None:
        yield f"{entry.name} is accepted, and there is no such step: remove it"
    elif step["outcome"] == PASSED:
        yield f"{entry.name} is accepted, and it does not fail any more: fixed, remove it"
    elif step["outcome"] == FAILED and entry.is_over(today):
        yield f"{entry.name} was accepted until {entry.until}: it fails again"


def _review_rest(baseline: Baseline, seen: set[Entry], record: Record) -> Iterator[str]:
    """Say which entries are of another bot; and when none of them is about anything of this run."""
    bots = {stream_of(one) for one in record["evidence"]}
    rest = [entry for entry in baseline.entries if entry not in seen]
    others = [entry for entry in rest if entry.bot and entry.bot not in bots]
    if others:
        yield (
            f"{baseline.path}: {plural(len(others), 'entry', 'entries')} of another bot"
            f" ({printable(others[0].bot, 60)}) accepted nothing here"
        )
    elif any(one["shard"] for one in record["evidence"]):
        return  # they may be about suites of another machine
    elif rest and not seen and any(suite["run"] for suite in record["suites"]):
        said = f"none of its {len(rest)} entries is of a suite that was run; is it of other suites?"
        yield f"{baseline.path}: {said}"
