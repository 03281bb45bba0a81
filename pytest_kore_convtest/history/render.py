"""A comparison as text, Markdown or JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.history.compare import SECTIONS, SLOWER_FACTOR, SLOWER_SECONDS
from pytest_kore_convtest.reports.markup import code
from pytest_kore_convtest.text import one_line, plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.history.compare import Change, Comparison
    from pytest_kore_convtest.history.identity import RunState

_ONE = {"known": "known failure"}
"""The titles of sections in the singular, where they are nouns."""

_LONGEST_INPUT, _LONGEST_SAID, _LONGEST_LINE = 40, 160, 400


def name_change(change: Change) -> str:
    """Name the suite, and the step if it is about one."""
    name = printable(change.suite, 80)
    if not change.step:
        return name
    return f"{name}: step {change.step:02} {printable(change.input, _LONGEST_INPUT)}".rstrip()


def describe_differences(compared: Comparison) -> list[str]:
    """Say in sentences what a reader has to know before any of the changes."""
    old, new = compared.old, compared.new
    said = []
    if old.bots != new.bots:
        said.append(f"two bots are compared: {_list(sorted(old.bots))} and {_list(sorted(new.bots))}")
    said += [f"{word} run: {gap}" for word, run in (("old", old), ("new", new)) for gap in run.gaps]
    said += _tell_left_out(compared)
    if new.began and old.began > new.began:
        said.append("the new run began before the old one: swap the two reports, unless that is meant")
    if old.versions != new.versions:
        said.append(f"the bot's version differs: {_list(old.versions)} before, {_list(new.versions)} now")
    if old.began[:10] != new.began[:10]:
        said.append(
            f"the runs are of {old.began[:10]} and {new.began[:10]}: what the platform released in between"
            " can change results, too"
        )
    if not compared.compared:
        said.append("nothing was compared: the runs have no suite in common")
    return [one_line(line) for line in said]


def _tell_left_out(compared: Comparison) -> Iterator[str]:
    """Say of suites that only one run has that tests of the other one were deselected."""
    for word, run, section in (("old", compared.old, "new"), ("new", compared.new, "gone")):
        if run.deselected and any(not change.step for change in compared.sections[section]):
            said = f"so suites under '{section}' may only have been left out of it"
            yield f"{word} run: {run.deselected}, {said}"


def _list(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words) or "none"


def count_changes(compared: Comparison) -> str:
    """Say in one line how many changes of each kind there are."""
    counts = [
        plural(len(found), _ONE.get(key, SECTIONS[key]), SECTIONS[key])
        for key, found in compared.sections.items()
        if found
    ]
    return "; ".join([plural(compared.compared, "suite") + " compared", *(counts or ["nothing changed"])])


def render_text(compared: Comparison, most: int | None = None) -> list[str]:
    """Return lines for a terminal.

    Args:
        compared: The comparison.
        most: Lines of a section; ``None`` for all.
    """
    lines = [f"old: {_name_run(compared.old)}", f"new: {_name_run(compared.new)}"]
    lines += describe_differences(compared)
    for key, found in compared.sections.items():
        if not found:
            continue
        note = _note(key)
        lines += ["", f"{SECTIONS[key]} ({len(found)}){f', {note}' if note else ''}"]
        shown = found[:most]
        lines += [f"  {_say(change)}" for change in shown]
        if len(found) > len(shown):
            lines.append(f"  and {len(found) - len(shown)} more")
    return [*lines, "", count_changes(compared)]


def _name_run(run: RunState) -> str:
    parts = [run.began or "no date", *sorted(run.bots), *run.versions, plural(len(run.suites), "suite")]
    return printable(", ".join(parts), 300)


def _note(key: str) -> str:
    if key != "slower":
        return ""
    return f"which is {SLOWER_FACTOR:g} times as long and {SLOWER_SECONDS:g} s more"


def _say(change: Change) -> str:
    said = printable(change.said, _LONGEST_SAID)
    return f"{name_change(change)}: {said}" if said else name_change(change)


def render_markdown(compared: Comparison) -> list[str]:
    """Return lines of Markdown."""
    lines = ["## Conversation tests: what changed", ""]
    lines += [
        f"* old: {code(_name_run(compared.old), _LONGEST_LINE)}",
        f"* new: {code(_name_run(compared.new), _LONGEST_LINE)}",
        *(f"* {code(line, _LONGEST_LINE)}" for line in describe_differences(compared)),
        f"* {code(count_changes(compared), _LONGEST_LINE)}",
    ]
    for key, found in compared.sections.items():
        if found:
            note = _note(key)
            lines += ["", f"### {SECTIONS[key].capitalize()} ({len(found)})", ""]
            lines += [f"{note.capitalize()}.", ""] if note else []
            lines += [f"* {code(_say(change), _LONGEST_LINE)}" for change in found]
    return lines


def render_json(compared: Comparison) -> str:
    """Return a JSON object: both runs, the notes, and each section as a list."""
    data = {
        "format": "pytest-kore-convtest comparison",
        "version": 1,
        "worse": compared.is_worse,
        "old": _run_data(compared.old),
        "new": _run_data(compared.new),
        "suites_compared": compared.compared,
        "notes": describe_differences(compared),
        **{key: list(_rows(found)) for key, found in compared.sections.items()},
    }
    return escape_json(json.dumps(data, indent=1, ensure_ascii=False))


def _run_data(run: RunState) -> dict[str, object]:
    return {"began": run.began, "bots": sorted(run.bots), "versions": list(run.versions)}


def _rows(found: list[Change]) -> Iterator[dict[str, object]]:
    for change in found:
        yield asdict(change)
