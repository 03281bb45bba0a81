"""Several runs as one record: the jobs of a matrix, the shards of a long run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.report.record import FAILED, FORMAT, PASSED, UNKNOWN, VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.report.record import Evidence, Record


def merge_records(records: Sequence[Record]) -> Record:
    """Return one record of several, in their order; a single one stays as it is.

    A run that failed makes the whole failed; else one without a verdict makes it unknown.
    The same record given again adds nothing but a note.

    Raises:
        ConfigError: There is no record.
    """
    if not records:
        raise ConfigError("there is nothing to merge: name at least one JSON report", name="report")
    different: list[Record] = []
    for record in records:
        if record not in different:
            different.append(record)
    again = len(records) - len(different)
    said = [f"{again} of {len(records)} reports said the same as another one and {_were(again)} left out"]
    if len(different) == 1:
        only = different[0]
        return {**only, "notes": [*only["notes"], *said]} if again else only
    merged = _join(different)
    return {**merged, "notes": [*merged["notes"], *(said if again else []), *_doubt(merged["evidence"])]}


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _join(records: Sequence[Record]) -> Record:
    merged: Record = {
        "format": FORMAT,
        "version": VERSION,
        "verdict": _join_verdicts([record["verdict"] for record in records]),
        "evidence": [],
        "suites": [],
        "items": [],
        "not_evaluated": [],
        "notes": [],
        "closing": [],
    }
    for record in records:
        runs, suites = len(merged["evidence"]), len(merged["suites"])
        merged["evidence"] += record["evidence"]
        merged["suites"] += [{**suite, "evidence": suite["evidence"] + runs} for suite in record["suites"]]
        merged["items"] += [
            {**item, "suites": [index + suites for index in item["suites"]]} for item in record["items"]
        ]
        merged["not_evaluated"] += record["not_evaluated"]
        merged["notes"] += record["notes"]
        merged["closing"] += record["closing"]
    return merged


def _join_verdicts(verdicts: Sequence[str]) -> str:
    if FAILED in verdicts:
        return FAILED
    return PASSED if all(verdict == PASSED for verdict in verdicts) else UNKNOWN


def _doubt(evidence: Sequence[Evidence]) -> list[str]:
    """Say what a reader of merged runs might overlook."""
    said = []
    bots = list(dict.fromkeys((entry["host"], entry["stream_id"]) for entry in evidence))
    if len(bots) > 1:
        names = "; ".join(f"{host or 'no host'}, {stream or 'no stream'}" for host, stream in bots)
        said.append(f"the merged runs tested {len(bots)} different bots: {names}")
    stand_ins = sum(entry["emulator"] for entry in evidence)
    if 0 < stand_ins < len(evidence):
        said.append(
            f"{stand_ins} of {len(evidence)} merged runs used the built-in emulator, not a real platform"
        )
    twice = [entry for at, entry in enumerate(evidence) if entry in evidence[:at]]
    said += [
        f"the run that began at {entry['started_at']} is in more than one of the reports, so it counts twice"
        for entry in twice
    ]
    return said
