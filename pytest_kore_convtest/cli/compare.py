"""``compare``: say what is different between two runs, or accept the failures of one for a while."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import FINDINGS, OK
from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.text import fit, one_line, plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from datetime import date

    from pytest_kore_convtest.history.baseline import Entry
    from pytest_kore_convtest.history.compare import Comparison
    from pytest_kore_convtest.reports.record import Record

DESCRIPTION = (
    "Say what newly fails, is mended, flaky, slower, new or gone between two JSON reports. Exit code 1 when"
    " something newly fails or is not verified any more. With --accept, write the failures of one report"
    " into a baseline, for --kore-baseline."
)
EXAMPLES = (
    ("compare monday.json tuesday.json", "what changed since Monday"),
    ("compare old.json new.json --format markdown", "for a pull request"),
    ("compare --accept known.json run.json --reason TICKET-7 --until 2099-12-31", "accept what failed"),
)

_ONE, _TWO = 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "reports", nargs="+", metavar="REPORT.json", help="OLD and NEW, as --kore-json wrote them"
    )
    parser.add_argument(
        "--format", choices=["text", "markdown", "json"], default="text", help="default: text"
    )
    parser.add_argument(
        "--other-bot", action="store_true", help="compare runs of different bots all the same"
    )
    parser.add_argument(
        "--accept", metavar="BASELINE", help="add the failed steps of one REPORT to this file"
    )
    parser.add_argument("--reason", metavar="TEXT", help="why they are accepted; needed with --accept")
    parser.add_argument(
        "--until", metavar="DATE", help="the last day on which they are, e.g. 2027-01-31; likewise"
    )
    parser.add_argument(
        "--only", metavar="SUITE[:STEP]", action="append", help="accept these only; repeatable"
    )


def run(options: argparse.Namespace) -> int:
    """Compare two reports, or accept the failures of one."""
    if options.accept is not None:
        return _accept(options)
    if given := [name for name in ("reason", "until", "only") if getattr(options, name)]:
        raise UsageError(f"--{given[0]} goes with --accept BASELINE: give that, too, or leave it out")
    if len(options.reports) != _TWO:
        raise UsageError(
            "compare takes two reports, OLD.json and NEW.json: report --json merges several into one"
        )
    from pytest_kore_convtest.history.compare import compare_runs
    from pytest_kore_convtest.history.identity import read_run

    old, new = (read_run(_read(path)) for path in options.reports)
    if old.bots != new.bots and not options.other_bot:
        raise UsageError(
            f"{options.reports[0]} is of {_list(old.bots)}, {options.reports[1]} of {_list(new.bots)}:"
            " add --other-bot to compare them all the same"
        )
    compared = compare_runs(old, new)
    _write(compared, options.format)
    return FINDINGS if compared.is_worse else OK


def _list(bots: Iterable[str]) -> str:
    return ", ".join(sorted(bots)) or "no bot"


def _read(path: str) -> Record:
    from pytest_kore_convtest.reports.serialize import read_record
    from pytest_kore_convtest.reports.write_files import read_file

    return read_record(read_file(path), path)


def _write(compared: Comparison, form: str) -> None:
    from pytest_kore_convtest.history.render import render_json, render_markdown, render_text
    from pytest_kore_convtest.reports.write_files import write_stdout

    if form == "text":
        for line in render_text(compared):
            print(fit(one_line(line), sys.stdout.encoding))
    else:
        text = render_json(compared) if form == "json" else "\n".join(render_markdown(compared))
        write_stdout(f"{text}\n")


def _accept(options: argparse.Namespace) -> int:
    """Add the failed steps of a report to a baseline.

    Raises:
        UsageError: The arguments do not fit.
    """
    if len(options.reports) != _ONE:
        raise UsageError("--accept takes one report, whose failed steps are accepted")
    if not (options.reason or "").strip():
        raise UsageError("--accept needs --reason TEXT: who reads it later has to know why")
    today = _today()
    until = _read_until(options.until, today)
    from pytest_kore_convtest.history.baseline import accept_failures, join_entries, part_accepted
    from pytest_kore_convtest.history.baseline_file import read_baseline, read_content, write_baseline
    from pytest_kore_convtest.jobs.file_lock import hold_files
    from pytest_kore_convtest.reports.write_files import write_report

    found = _pick(
        accept_failures(_read(options.reports[0]), options.reason.strip(), until, today), options.only
    )
    if not found:
        print("nothing to accept: no step of this report failed")
        return OK
    target = Path(options.accept)
    with hold_files():
        before: Iterable[Entry] = ()
        if os.path.lexists(target):
            before = read_baseline(read_content(target, options.accept), options.accept).entries
        # What is accepted already keeps its reason and its day, unless somebody named it.
        needed, held = (found, []) if options.only else part_accepted(before, found, today)
        entries = join_entries(before, needed)
        if needed:
            write_report(target, write_baseline(entries))
    for entry in held:
        print(fit(one_line(f"accepted already, as it was: {entry.name}"), sys.stdout.encoding))
    for entry in needed:
        print(fit(one_line(f"accepted until {until}: {entry.name}"), sys.stdout.encoding))
    total = f"{options.accept} holds {plural(len(entries), 'accepted failure')}"
    print(fit(one_line(total), sys.stdout.encoding))
    if needed and found[0].is_long(today):
        said = f"--until {until} is more than a year away: until then nobody hears of these failures"
        print(f"warning: {said}", file=sys.stderr)
    return OK


def _pick(entries: list[Entry], wanted: list[str] | None) -> list[Entry]:
    """Return the entries that ``--only`` names; all of them without it."""
    if not wanted:
        return entries
    picked: list[Entry] = []
    for name in wanted:
        mine = [
            one
            for one in entries
            if name in {one.suite, f"{one.suite}:{one.step}", f"{one.suite}:{one.step:02}"}
        ]
        if not mine:
            raise UsageError(
                f"--only {name}: no failed step of this report is called that; write SUITE or SUITE:STEP"
            )
        picked += [one for one in mine if one not in picked]
    return picked


def _today() -> date:
    from datetime import datetime, timezone

    return datetime.now(timezone.utc).date()


def _read_until(text: str | None, today: date) -> date:
    from pytest_kore_convtest.history.baseline_file import read_day

    if not text:
        raise UsageError(
            "--accept needs --until DATE, e.g. 2027-01-31: a failure is accepted for a while only"
        )
    try:
        day = read_day(text, "--until")
    except ValueError as bad:
        problem = str(bad)
    else:
        if day > today:
            return day
        problem = f"--until {day} is not in the future: today is {today} (UTC)"
    raise UsageError(problem)
