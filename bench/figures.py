"""What every bench needs: quartiles, a table, a verdict, a results file."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_kore_convtest.reports.markup import table

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parent / "results"
DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
MEMORY_FACTS, FORGET_PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")
"""Linux tells the peak of a process's memory in one, and forgets it when a 5 is written to the other."""

MARK = re.compile(r"(<!-- results (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

_shown: list[str] = []
"""The tables printed since figures were last saved."""


def peak(*, forget: bool = False) -> float:
    """Return the most memory that this process has held, in bytes; not a number where nobody tells."""
    if not FORGET_PEAK.exists():
        return float("nan")
    if forget:
        FORGET_PEAK.write_text("5", encoding="ascii")
    lines = MEMORY_FACTS.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


class Spread(NamedTuple):
    """A median and its quartiles."""

    low: float
    median: float
    high: float


class Verdict(NamedTuple):
    """A figure beside its target; ``None`` when it could not be measured."""

    what: str
    target: float
    figure: float | None
    unit: str

    @property
    def word(self) -> str:
        """Say whether the target holds."""
        if self.figure is None:
            return "NOT MEASURED"
        return "HOLDS" if self.figure <= self.target else "MISSED"

    def __str__(self) -> str:
        shown = "none" if self.figure is None else f"{self.figure:.2f}{self.unit}"
        return f"{self.word}: {self.what}: {shown}, target at most {self.target:g}{self.unit}"


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the quartiles of some values."""
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table with aligned columns, and keep it for ``save``."""
    shown = f"{title}\n\n{table(head, rows, aligned=True)}"
    print(f"\n{shown}")
    _shown.append(shown.rstrip())


def save(name: str, rows: Sequence[dict[str, Any]], verdicts: Sequence[Verdict]) -> None:
    """Write what was measured, and on what, to ``bench/results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    facts = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "rows": rows,
        "verdicts": [{**verdict._asdict(), "word": verdict.word} for verdict in verdicts],
        "tables": _shown[:],
    }
    _shown.clear()
    (RESULTS / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def write_document() -> None:
    """Put the kept tables between the marks of ``docs/performance.md``, which name the results.

    Where no results are kept, the page stays as it is.
    """
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(MARK.sub(_renew, text), encoding="utf-8")


def _renew(found: re.Match[str]) -> str:
    begin, name, end = found.groups()
    return f"{begin}\n{_told(name)}\n{end}" if (RESULTS / f"{name}.json").exists() else found[0]


def _told(name: str) -> str:
    facts = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    verdicts = (str(Verdict(*(one[field] for field in Verdict._fields))) for one in facts["verdicts"])
    where = f"Python {facts['python']}, {facts['system']}; load of the machine at the end: {facts['load']}."
    return "\n\n".join([*facts["tables"], "\n".join(f"* {line}" for line in verdicts), where, ""])
