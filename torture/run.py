"""Run the fault matrix and print one line per case; the exit code is 1 when ours misses any.

Run it with ``make torture``; ``--write`` puts the table into ``docs/trust.md``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from torture import before
from torture.answers import answer_cases
from torture.arena import Arena
from torture.contestants import CONTESTANTS
from torture.judge import NOT_ASKED, OK, Line
from torture.lies import all_lies
from torture.links import LINKS
from torture.mixtures import RATES, RUNS, mixture_cases
from torture.processes import find_wrong, try_out
from torture.table import write, write_lies
from torture.wire import wire_cases
from torture.writes import write_cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torture.cases import Case

NEVER_EXCUSED = {"false success", "wrong result", "did it twice", "sent the token to another host", "crashed"}
"""No delay explains these; they are not run again."""

_PAGE = Path(__file__).resolve().parents[1] / "docs" / "trust.md"


class Runner:
    """Run cases, several at a time.

    Args:
        names: The contestants.
        jobs: How many cases at a time.
    """

    def __init__(self, names: Sequence[str], jobs: int) -> None:
        self._names, self._jobs = names, jobs
        self._arena = Arena()

    def run(self, cases: Sequence[Case], *, quiet: bool = False) -> list[Line]:
        """Run cases and print a line for each; what a busy machine may have spoilt is run again, alone."""
        # Two at a time of those that may take gigabytes from a client that does not look.
        with ThreadPoolExecutor(self._jobs) as pool, ThreadPoolExecutor(2) as slow:
            begun = [(slow if case.alone else pool).submit(self._line, case) for case in cases]
            lines = []
            for line in (future.result() for future in begun):
                lines.append(line)
                if not quiet or line.fared["ours"] != OK:
                    print(line, flush=True)
        return [line if line.fared["ours"] in {OK, *NEVER_EXCUSED} else self._again(line) for line in lines]

    def _line(self, case: Case) -> Line:
        fared, details = {}, ""
        for name in self._names:
            if case.ours_only and name != "ours":
                fared[name] = NOT_ASKED
                continue
            fared[name], details = self._arena.fight(case, name)
        return Line(case, fared, details)

    def _again(self, line: Line) -> Line:
        word, details = self._arena.fight(line.case, "ours")
        again = line._replace(fared={**line.fared, "ours": word}, details=details)
        print(f"again, alone: {again}", flush=True)
        return again

    def close(self) -> None:
        """Clean up."""
        self._arena.close()


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write the table to {_PAGE.name}")
    parser.add_argument("--ours", action="store_true", help="leave the other two out")
    parser.add_argument("--only", default="", help="cases whose line has this text; no random mixtures")
    parser.add_argument("--jobs", type=int, default=8, help="cases at a time")
    parser.add_argument("--lies", action="store_true", help="only the lies: whole pytest processes")
    parser.add_argument("--before", metavar="PYTHON", help="measure the lies with another version's Python")
    options = parser.parse_args()
    if options.write and (options.ours or options.only):
        parser.error("--write needs the whole matrix, or all lies")
    begun = time.monotonic()
    if options.before:
        return measure_before(options.before, options.only)
    lies = try_lies(options.only)
    if options.lies:
        return _end_lies(lies, write=options.write)
    cases = [*LINKS, *wire_cases(), *answer_cases(), *write_cases()]
    cases = [case for case in cases if options.only in f"{case.group} | {case.name}"]
    runner = Runner(["ours"] if options.ours else list(CONTESTANTS), options.jobs)
    try:
        lines = runner.run(cases)
        mixed = [] if options.only else runner.run(mixture_cases(), quiet=True)
    finally:
        runner.close()
    missed = [line for line in (*lines, *mixed) if line.fared["ours"] != OK]
    _tell(lines, mixed, missed, time.monotonic() - begun)
    if options.write and not (missed or any(lies.values())):
        write(_PAGE, lines, mixed)
        write_lies(_PAGE, before.read())
        print(f"written: {_PAGE}")
    return 1 if missed or any(lies.values()) or not (lines or lies) else 0


def _end_lies(lies: dict[str, list[str]], *, write: bool) -> int:
    if any(lies.values()) or not lies:
        return 1
    if write:
        write_lies(_PAGE, before.read())
        print(f"written: {_PAGE}")
    return 0


def try_lies(only: str, python: str = sys.executable) -> dict[str, list[str]]:
    """Try the lies, two at a time, and print a line for each; return what went wrong, by name."""
    chosen = [lie for lie in all_lies() if only in lie.title]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda lie: find_wrong(lie, try_out(lie, python)), chosen))
    for lie, wrong in zip(chosen, found, strict=True):
        print(f"{lie.title} | {'MISSED: ' + '; '.join(wrong) if wrong else 'HOLDS'}", flush=True)
    held = sum(not wrong for wrong in found)
    print(f"\nLies: {held} of {len(chosen)} hold\n")
    return {lie.title: wrong for lie, wrong in zip(chosen, found, strict=True)}


def measure_before(python: str, only: str) -> int:
    """Keep what an earlier version made of the lies, for the page."""
    found = {title: "; ".join(wrong) or OK for title, wrong in try_lies(only, python).items()}
    before.write({**before.read(), **found})
    return 0


def _tell(lines: Sequence[Line], mixed: Sequence[Line], missed: Sequence[Line], seconds: float) -> None:
    print("\nTotals")
    for name in lines[0].fared if lines else ():
        counts = Counter(line.fared[name] for line in lines if line.fared[name] != NOT_ASKED)
        others = ", ".join(f"{count} {word}" for word, count in counts.most_common() if word != OK)
        print(f"  {name}: {counts[OK]} of {counts.total()}{': ' * bool(others)}{others}")
    for rate in RATES if mixed else ():
        runs = [line for line in mixed if line.case.group == f"{rate} %"]
        won = {name: sum(line.fared[name] == OK for line in runs) for name in runs[0].fared}
        shown = ", ".join(f"{name} {count} of {RUNS}" for name, count in won.items())
        print(f"  random mixtures, {rate} % faults a poll: {shown}")
    if missed:
        print("\nMissed")
        print("\n".join(f"  {line}" for line in missed))
    print(f"\n{'MISSED' if missed else 'HOLDS'}: {len(missed)} misses, {seconds:.0f} s")
