"""Known failures: which failed steps of a run a baseline accepts, and what it accepts in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.history.baseline import SuitePlace, stream_of
from pytest_kore_convtest.history.identity import FAILED, FLAKY, PASSED, name_plainly
from pytest_kore_convtest.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import date

    from pytest_kore_convtest.history.baseline import Baseline, Entry, Match
    from pytest_kore_convtest.reports.record import Record

_MOST = 20
"""Sentences about single entries."""


def find_known(matches: Iterable[Match], failed: Collection[int], today: date) -> dict[int, str]:
    """Return why failed steps are accepted, by their numbers.

    Args:
        matches: What a baseline has about their suite.
        failed: The numbers of the steps that fail.
        today: The day in UTC.
    """
    return {
        step["number"]: f"known failure until {entry.until}: {printable(entry.reason, 120)}"
        for entry, step, _ in matches
        if step is not None
        and step["number"] in failed
        and not entry.is_over(today)
        and entry.covers(step["fails"])
    }


def review(
    baseline: Baseline, record: Record, today: date, find_suites: Callable[[str], Collection[str] | None]
) -> list[str]:
    """Say in a sentence each which entries of a baseline are over, fixed, or about nothing.

    What makes the run red comes first; beyond 20 sentences about single entries the rest is counted.

    Args:
        baseline: The baseline.
        record: The record of the run.
        today: The day in UTC.
        find_suites: Gives the names of a file's suites; none of one that cannot be read, ``None`` of no file.
    """
    seen: set[Entry] = set()
    red, rest = dict[str, None](), dict[str, None]()
    shared = any(one["shard"] for one in record["evidence"])
    names = name_plainly([suite["name"] for suite in record["suites"]])
    places = [
        SuitePlace(file["path"], file["line"], name) if (file := suite["file"]) else SuitePlace("", 0, name)
        for suite, name in zip(record["suites"], names, strict=True)
    ]
    for suite, place in zip(record["suites"], places, strict=True):
        if suite["run"] is None or suite["run"]["trouble"] is not None:
            continue
        bot = stream_of(record["evidence"][suite["evidence"]])
        for match in baseline.find(place, bot, suite["steps"], places):
            seen.add(match.entry)
            is_red = match.step is not None and match.step["outcome"] != PASSED
            said = red if is_red else rest
            lines = _review_match(match, today, shared=shared)
            said.update((f"{baseline.path}: {line}", None) for line in lines)
    bots = {stream_of(one) for one in record["evidence"]}
    lost = [one for one in baseline.entries if one.file and one not in seen and one.bot in {"", *bots}]
    misplaced = dict.fromkeys(filter(None, (_review_place(one, places, find_suites) for one in lost)))
    rest.update((f"{baseline.path}: {line}", None) for line in misplaced)
    told = [*red, *rest]
    if len(told) > _MOST:
        rest_of_them = plural(len(told) - _MOST, "more entry needs", "more entries need")
        told[_MOST:] = [f"{baseline.path}: {rest_of_them} a look"]
    return [
        *told,
        *_review_days(baseline, today),
        *_review_rest(baseline, seen, record, named=bool(misplaced)),
    ]


def _review_place(
    entry: Entry, places: Iterable[SuitePlace], find_suites: Callable[[str], Collection[str] | None]
) -> str:
    """Say that the file of an entry is gone, or its suite from there; empty when neither is known."""
    names, file = find_suites(entry.file), printable(entry.file, 60)
    if names is None:
        moved = next((one.file for one in places if one.name == entry.suite and one.file), "")
        if moved:
            said = f"its suite is in {printable(moved, 60)} now: write that into its file, or remove it"
        else:
            said = "correct its file, or remove it"
        return f"{entry.name} is accepted in {file}, which is not there any more; {said}"
    if names and entry.suite not in names:
        return f"{entry.name} is accepted in {file}, which has no such suite; correct its suite, or remove it"
    return ""


def _review_days(baseline: Baseline, today: date) -> Iterator[str]:
    """Say how many entries are good for so long that nobody will look at them again."""
    long = [entry.until for entry in baseline.entries if entry.is_long(today)]
    if long:
        said = (
            f"{plural(len(long), 'failure')} accepted for more than a year, until {max(long)} at the latest"
        )
        yield f"{baseline.path}: {said}: give a nearer day, so that somebody looks again"


def _review_match(match: Match, today: date, *, shared: bool) -> Iterator[str]:
    entry, step, problem = match
    if step is None:
        yield f"{entry.name} {problem}"
    elif step["outcome"] == PASSED:
        yield f"{entry.name} is accepted, and it does not fail any more: fixed, remove it"
    elif step["known"]:
        return
    elif not entry.is_over(today) and step["outcome"] in {FAILED, FLAKY} and not entry.covers(step["fails"]):
        now, then = (printable(", ".join(one), 120) for one in (step["fails"], entry.fails))
        said = f"is accepted, but failed otherwise: by {now or 'what is not known'}, accepted is {then}"
        yield f"{entry.name} {said}: mend it, or accept it anew"
    elif step["outcome"] == FLAKY:
        yield f"{entry.name} is accepted, and it passed in one of its runs: flaky, remove it if it is fixed"
    elif step["outcome"] == FAILED and entry.is_over(today):
        yield f"{entry.name} was accepted until {entry.until}: it fails again"
    elif step["outcome"] == FAILED:
        other = ", or another machine has a suite of its name: write its path into its file"
        said = "is accepted, and it counts: the platform says that its run passed"
        yield f"{entry.name} {said}{other if shared and not entry.file else ''}"


def _review_rest(baseline: Baseline, seen: set[Entry], record: Record, *, named: bool) -> Iterator[str]:
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
    elif rest and not seen and not named and any(suite["run"] for suite in record["suites"]):
        said = (
            f"its only entry, {rest[0].name}, is not of a suite that was run"
            if len(rest) == 1
            else f"none of its {len(rest)} entries is of a suite that was run"
        )
        way_out = "give the baseline of these suites, or correct its suites and files"
        yield f"{baseline.path}: {said}, so it accepted nothing: {way_out}"
