"""Coverage for people: the table of the terminal, the CSV, and the sentence that makes a run red."""

from __future__ import annotations

import csv
import io
from math import floor
from typing import TYPE_CHECKING

from pytest_kore_convtest.coverage.measure import share
from pytest_kore_convtest.coverage.merge import OTHER_BOTS
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.coverage.types import Coverage, CoverageCount, DialogCoverage
    from pytest_kore_convtest.reports.record import Record

MOST_LINES = 15
"""Lines of the table, all of them counted."""

_WIDEST = 40
_AROUND = 4
"""Lines of the table that are no dialog's: its head, both totals and how many dialogs are left out."""

_FORMULAS = ("=", "+", "-", "@", "\t")
"""What a cell may not begin with: a spreadsheet would work it out."""


def percent(count: CoverageCount) -> str:
    """Write a share, rounded down: 100.0 % is said of the whole only."""
    found = share(count)
    return "" if found is None else f"{floor(found * 10 + 1e-9) / 10:.1f} %"


def sort_dialogs(coverage: Coverage) -> list[DialogCoverage]:
    """Return the dialogs, the worst first; those of the platform after the bot's own."""
    return sorted(
        coverage["dialogs"],
        key=lambda one: (
            one["system"],
            share(one["transitions"]) or 0.0,
            -(one["transitions"]["total"] or 0),
        ),
    )


def count_words(count: CoverageCount) -> str:
    """Write a count: ``4 of 10``, or ``4`` when nobody knows of how many."""
    total = count["total"]
    return f"{count['covered']:,}" if total is None else f"{count['covered']:,} of {total:,}"


def sum_up(coverage: Coverage) -> str:
    """Say in one line what is covered."""
    own, every = coverage["totals"]["own"], coverage["totals"]["all"]
    estimated = " (estimated from the stored suites; no run tells)" if coverage["source"] == "suites" else ""
    if coverage["definition"] is None:
        nodes = plural(every["nodes"]["covered"], "node")
        transitions = plural(every["transitions"]["covered"], "transition")
        dialogs = plural(every["dialogs"]["covered"], "dialog")
        return f"Coverage{estimated}: gone through were {nodes} and {transitions} of {dialogs}"
    return (
        f"Coverage{estimated}: {percent(own['transitions'])} of the bot's own transitions"
        f" ({count_words(own['transitions'])}); {percent(every['transitions'])} with the platform's dialogs"
        f" ({count_words(every['transitions'])})"
    )


def draw_table(coverage: Coverage) -> list[str]:
    """Return the table of the terminal: the bot's own dialogs, the worst first, then both totals."""
    estimated = ", estimated from the stored suites" if coverage["source"] == "suites" else ""
    own = [one for one in sort_dialogs(coverage) if not one["system"]]
    most = MOST_LINES - _AROUND
    rows = [_row(one["name"] or one["id"], one["transitions"], one["nodes"]) for one in own[:most]]
    left = len(own) - most
    totals = coverage["totals"]
    ends = [
        _row("the bot's own dialogs", totals["own"]["transitions"], totals["own"]["nodes"]),
        _row("with the platform's dialogs", totals["all"]["transitions"], totals["all"]["nodes"]),
    ]
    head = (f"coverage{estimated}", "transitions", "", "nodes", "")
    cells = [head, *rows, *ends]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    more = [f"and {plural(left, 'dialog')} more, covered no worse: the reports have all"] if left > 0 else []
    return [*lines[: 1 + len(rows)], *more, *lines[1 + len(rows) :]]


def _row(name: str, transitions: CoverageCount, nodes: CoverageCount) -> tuple[str, str, str, str, str]:
    shown = printable(name, _WIDEST)
    return shown, count_words(transitions), percent(transitions), count_words(nodes), percent(nodes)


def judge_coverage(coverage: Coverage, least: float) -> str:
    """Say why a run is red for its coverage; empty when enough of the bot's own transitions is covered.

    An estimate is not enough, whatever it says: nothing has gone through the bot.
    """
    if coverage["source"] == "suites":
        return (
            f"coverage is only estimated from the stored suites, and {least:g} % are asked for"
            " (kore_cov_fail_under). Run the suites: --kore-run inDevelopment."
        )
    own = coverage["totals"]["own"]["transitions"]
    found = share(own)
    if found is not None and found >= least:
        return ""
    worst = next((one for one in sort_dialogs(coverage) if not one["system"]), None)
    dialog = f" The worst dialog is {printable(worst['name'], _WIDEST)}." if worst else ""
    return (
        f"coverage is {percent(own)} of the bot's own transitions ({count_words(own)}),"
        f" and {least:g} % are asked for (kore_cov_fail_under).{dialog}"
    )


def write_csv(record: Record) -> str:
    """Return the coverage of a record as CSV: a row a dialog, the worst first, and the totals.

    Raises:
        ConfigError: The record has no coverage, or nobody knows what is missing.
    """
    coverage = record.get("coverage")
    if coverage is None or coverage["definition"] is None:
        problem = _say_why_none(record, coverage)
        raise ConfigError(problem, name="coverage_csv", source="command line")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["Flow Name", "Coverage", "Num Steps", "Missing Steps"])
    writer.writerows(_csv_row(one["name"] or one["id"], one["transitions"]) for one in sort_dialogs(coverage))
    for name, key in (("Total (own dialogs)", "own"), ("Total", "all")):
        writer.writerow(_csv_row(name, coverage["totals"][key]["transitions"]))  # type: ignore[literal-required]
    return out.getvalue()


def _say_why_none(record: Record, coverage: Coverage | None) -> str:
    """Say why there is no table of the coverage, and what gives one."""
    way_out = "run the tests with --kore-bot-definition."
    if coverage is not None:
        return f"the coverage in these reports was measured without the bot's export: {way_out}"
    if any(note.startswith(OTHER_BOTS) for note in record["notes"]):
        return (
            "these reports were measured against different exports of the bot: write one CSV for each export."
        )
    return f"these reports have no coverage to write: {way_out}"


def _csv_row(name: str, count: CoverageCount) -> Sequence[object]:
    shown, total = printable(name, 200), count["total"] or 0
    cell = f"'{shown}" if shown.startswith(_FORMULAS) else shown
    return [cell, f"{floor((share(count) or 0.0) * 100 + 1e-9) / 100:.2f}%", total, total - count["covered"]]
