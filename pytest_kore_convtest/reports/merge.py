"""Several runs as one record: the jobs of a matrix, the shards of a long run."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.coverage.merge import join_coverage
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.reports.outcome_words import FAILED, PASSED, UNKNOWN
from pytest_kore_convtest.reports.record import FORMAT, VERSION
from pytest_kore_convtest.reports.shards import find_shard_gaps
from pytest_kore_convtest.reports.totals import is_mixed, name_platform
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.reports.record import Evidence, Record, SuiteRecord, Verdict

_JOB_ID = re.compile(r"ds-.+")
SAID_TWICE = "reports said the same as another one"
"""How a note begins to tell of a report that was given twice."""

_GRAVITY = (FAILED, PASSED, UNKNOWN)
"""Of two words about one job the first of these is the better known one."""


def merge_records(records: Sequence[Record]) -> Record:
    """Return one record of several, in their order; a single one stays as it is, unless it is a shard.

    A run that failed makes the whole failed; else one without a verdict makes it unknown, and so do
    shards that are no whole.
    What is in more than one of the records, such as a merged one and its parts, is counted once.

    Raises:
        ConfigError: There is no record.
    """
    if not records:
        raise ConfigError("there is nothing to merge: give at least one JSON report", name="report")
    different: list[Record] = []
    for record in records:
        if record not in different:
            different.append(record)
    again = len(records) - len(different)
    said = [f"{again} of {len(records)} {SAID_TWICE} and {_were(again)} left out"]
    if len(different) == 1:
        only = different[0]
        return _doubt_shards({**only, "notes": [*only["notes"], *said]} if again else only)
    merge = _Merge(different)
    for record in different:
        merge.add(record)
    merged = merge.merged
    merged["coverage"], said_of_it = join_coverage([record.get("coverage") for record in different])
    new = [*(said if again else []), *_doubt(merged["evidence"]), *merge.say_once(), *said_of_it]
    notes = [*merged["notes"], *(note for note in new if note not in merged["notes"])]
    return _doubt_shards({**merged, "notes": notes})


def _doubt_shards(record: Record) -> Record:
    """Return a record that does not pass when it has shards that are no whole, and says why."""
    gaps = find_shard_gaps(record["evidence"])
    if not gaps:
        return record
    verdict = UNKNOWN if record["verdict"] == PASSED else record["verdict"]
    notes = [*gaps, *(note for note in record["notes"] if note not in gaps)]
    return {**record, "verdict": verdict, "notes": notes}


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


class _Job(NamedTuple):
    """What makes an import job one job, whoever waited for it."""

    emulator: bool
    host: str
    stream_id: str
    id: str


class _Merge:
    """Join records one by one.

    Args:
        records: All of them, to say what the whole is like.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._mixed = is_mixed([entry for record in records for entry in record["evidence"]])
        self._runs: dict[str, int] = {}
        self._jobs: dict[_Job, list[int]] = {}
        self._twice = 0
        self._again: list[str] = []
        self.merged: Record = {
            "format": FORMAT,
            "version": VERSION,
            "verdict": _join_verdicts([record["verdict"] for record in records]),
            "evidence": [],
            "suites": [],
            "items": [],
            "not_evaluated": [],
            "notes": [],
            "closing": [],
            "coverage": None,
        }

    def add(self, record: Record) -> None:
        """Add what a record has and those before it have not."""
        merged = self.merged
        runs, shared = self._add_evidence(record)
        index = self._add_suites(record, runs, shared=shared)
        items = [{**item, "suites": sorted({index[at] for at in item["suites"]})} for item in record["items"]]
        parts: dict[str, Sequence[object]] = {
            "items": items,
            "not_evaluated": record["not_evaluated"],
            "notes": record["notes"],
            "closing": self._place(record),
        }
        for key, entries in parts.items():
            known: list[object] = merged[key]  # type: ignore[literal-required]
            spare = Counter(map(_write, known)) if shared else Counter[str]()
            known += [entry for entry in entries if not _take(spare, entry)]
        merged["notes"] = list(
            dict.fromkeys(merged["notes"])
        )  # several machines say the same of the same files

    def _add_evidence(self, record: Record) -> tuple[list[int], bool]:
        """Return the new index of each of a record's runs, and whether one was there before."""
        before = len(self._runs)
        for entry in record["evidence"]:
            key = _write(entry)
            if self._runs.get(key, before) < before:
                self._again.append(entry["started_at"])
            if key not in self._runs:
                self._runs[key] = len(self.merged["evidence"])
                self.merged["evidence"].append(entry)
        found = [self._runs[_write(entry)] for entry in record["evidence"]]
        return found, any(index < before for index in found)

    def _add_suites(self, record: Record, runs: list[int], *, shared: bool) -> list[int]:
        """Return the new index of each of a record's suites; one with a job that is known adds to that."""
        suites = self.merged["suites"]
        idle: dict[str, list[int]] = {}
        for at, suite in enumerate(suites if shared else ()):
            idle.setdefault(_write(suite), []).append(at)
        before = len(suites)
        index = []
        for suite in record["suites"]:
            moved: SuiteRecord = {**suite, "evidence": runs[suite["evidence"]]}
            run = self.merged["evidence"][moved["evidence"]]
            job = _Job(run["emulator"], run["host"], run["stream_id"], moved["imported"]["id"])
            known = self._find(job, moved, before)
            if known is not None:
                self._twice += suites[known]["evidence"] != moved["evidence"]
                suites[known] = _combine(suites[known], moved)
                index.append(known)
            elif same := idle.get(_write(moved)):
                index.append(same.pop())
            else:
                if _JOB_ID.match(job.id):
                    self._jobs.setdefault(job, []).append(len(suites))
                index.append(len(suites))
                suites.append(moved)
        return index

    def _find(self, job: _Job, suite: SuiteRecord, before: int) -> int | None:
        """Return the index of a suite of an earlier record that is of the same job.

        A suite that came from a file has its own name; one that was waited for by its id has any label.
        """
        for at in self._jobs.get(job, ()):
            other = self.merged["suites"][at]
            if at < before and (
                suite["file"] is None or other["file"] is None or suite["name"] == other["name"]
            ):
                return at
        return None

    def _place(self, record: Record) -> list[str]:
        """Return a record's closing lines; among runs against real platforms and not, each says which."""
        if not self._mixed or len(record["evidence"]) != 1:
            return record["closing"]
        run = record["evidence"][0]
        return [f"[{run['started_at']}, {name_platform(run)}] {line}" for line in record["closing"]]

    def say_once(self) -> list[str]:
        """Say what is in more than one of the records."""
        said = [
            f"the run that started at {moment} is in more than one of the reports; it is counted once"
            for moment in dict.fromkeys(self._again)
        ]
        if self._twice:
            jobs = plural(self._twice, "import job was", "import jobs were")
            said.append(f"{jobs} waited for by more than one of the runs; each is counted once")
        return said


def _write(data: object) -> str:
    return json.dumps(data, sort_keys=True)


def _take(spare: Counter[str], entry: object) -> bool:
    """Say whether an entry is among those that are there already, each of which counts once."""
    key = _write(entry)
    if not spare[key]:
        return False
    spare[key] -= 1
    return True


def _combine(one: SuiteRecord, other: SuiteRecord) -> SuiteRecord:
    """Return what two runs know about one import job; of the run of its suite only one of them can know."""
    first, second = sorted((one, other), key=lambda suite: _GRAVITY.index(suite["imported"]["verdict"]))
    ran = next((suite for suite in (one, other) if suite["run"] is not None), first)
    run = ran["run"]
    words = {first["imported"]["verdict"], run["verdict"] if run else PASSED}
    return {
        **ran,
        "imported": first["imported"],
        "file": ran["file"] or second["file"],
        "verdict": next((word for word in (FAILED, UNKNOWN) if word in words), PASSED),
        "steps": ran["steps"] or first["steps"] or second["steps"],
    }


def _join_verdicts(verdicts: Sequence[str]) -> Verdict:
    if FAILED in verdicts:
        return FAILED
    return PASSED if all(verdict == PASSED for verdict in verdicts) else UNKNOWN


def _doubt(evidence: Sequence[Evidence]) -> list[str]:
    """Say what a reader of merged runs might overlook."""
    said = []
    real = [entry for entry in evidence if not entry["emulator"]]  # each emulator is a bot of its own
    bots = list(dict.fromkeys((entry["host"], entry["stream_id"]) for entry in real))
    if len(bots) > 1:
        names = "; ".join(f"{host or 'no host'}, {stream or 'no stream'}" for host, stream in bots)
        said.append(f"the merged runs tested {len(bots)} different bots: {names}")
    emulated = [entry["started_at"] for entry in evidence if entry["emulator"]]
    if is_mixed(evidence):
        said.append(
            f"{len(emulated)} of {len(evidence)} merged runs used the built-in emulator, not a real platform:"
            f" begun at {', '.join(emulated)}"
        )
    return said
