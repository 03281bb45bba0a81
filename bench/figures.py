"""What every bench needs: quartiles, a table, a verdict, a results file."""

from __future__ import annotations

import json
import platform
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = Path(__file__).parent / "results"


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
    """Print a Markdown table with aligned columns."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print(f"\n{title}\n")
    for number, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print()


def save(name: str, rows: Sequence[dict[str, Any]], verdicts: Sequence[Verdict]) -> None:
    """Write what was measured, and on what, to ``bench/results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    facts = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "rows": rows,
        "verdicts": [{**verdict._asdict(), "word": verdict.word} for verdict in verdicts],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
