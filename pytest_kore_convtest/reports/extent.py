"""What a record does not tell of: shards that are missing, what was not reached, what was deselected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.reports.shards import find_shard_gaps
from pytest_kore_convtest.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_kore_convtest.reports.record import Evidence

_LONGEST_REASON = 100
_THE_RUN = "the run"
_SHARD = "shard {number} of {of} only: of the suites on other machines this report tells nothing"


def find_gaps(evidence: Sequence[Evidence], subject: str = "it") -> Iterator[str]:
    """Say in a sentence each why runs are not whole though nobody wanted it so.

    Args:
        evidence: What is known of the runs.
        subject: What the run is called.
    """
    yield from find_shard_gaps(evidence)
    if any(entry["interrupted"] and entry["shard"] is None for entry in evidence):
        yield f"{subject} was interrupted: what became of the suites that it had not reached is not known"
    reasons = dict.fromkeys(entry["stopped"] for entry in evidence if not entry["interrupted"])
    for reason in filter(None, reasons):
        said = f"{subject} ended early: {printable(reason, _LONGEST_REASON)}"
        yield f"{said}; what became of the suites that it had not reached is not known"


def find_deselected(evidence: Iterable[Evidence]) -> str:
    """Say what was deselected; empty when nothing was."""
    count = sum(entry["deselected"] for entry in evidence)
    if not count:
        return ""
    return f"{plural(count, 'test was', 'tests were')} deselected (-k, -m, --lf and the like)"


def list_limits(evidence: Sequence[Evidence]) -> list[str]:
    """Say in a sentence each what a report tells nothing of; empty when all that there was is in it."""
    said = list(find_gaps(evidence, _THE_RUN))
    shard = evidence[0]["shard"] if len(evidence) == 1 else None
    if shard is not None and shard["of"] > 1:  # a machine's own report is as it should be
        whole: Evidence = {**evidence[0], "shard": None}
        said = [_SHARD.format(**shard), *find_gaps([whole], _THE_RUN)]
    deselected = find_deselected(evidence)
    return [*said, *([f"{deselected}: of them this report tells nothing"] if deselected else [])]
