"""What a record comes to: counts, and the one thing about a suite that a reader should know first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.findings import say_rest
from pytest_kore_convtest.reports.outcome_words import (
    FAILED,
    FLAKY,
    NOT_EVALUATED,
    PASSED,
    UNCHECKED,
    UNKNOWN,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_kore_convtest.reports.record import (
        Evidence,
        Finding,
        Level,
        PassRate,
        Record,
        StepRecord,
        SuiteRecord,
    )

MOST_FINDINGS = 20
"""Findings of one rule that a report for people lists one by one."""

EMULATOR = "built-in emulator; no real platform was contacted"


class Counts(NamedTuple):
    """Steps by what became of them."""

    passed: int
    failed: int
    not_evaluated: int
    flaky: int = 0
    unchecked: int = 0

    @property
    def rare(self) -> list[str]:
        """Those of kinds that most suites have none of, in words."""
        kinds = ((self.flaky, FLAKY), (self.unchecked, UNCHECKED))
        return [f"{count} {word}" for count, word in kinds if count]


def count_steps(suite: SuiteRecord) -> Counts:
    """Count a suite's steps; the platform's own counts when it reported nothing else."""
    run, steps = suite["run"], suite["steps"]
    stored = len(steps) or suite["imported"]["stored_steps"]
    if run is not None and run["counts_only"]:
        passed, failed = run["passed"] or 0, run["failed"] or 0
        return Counts(passed, failed, max(0, (stored or run["total"] or 0) - passed - failed))
    kinds = (PASSED, FAILED, FLAKY, UNCHECKED)
    words = list(map(say_outcome, steps))
    passed, failed, flaky, unchecked = map(words.count, kinds)
    rest = max(0, stored - passed - failed - flaky - unchecked)
    return Counts(passed, failed, rest, flaky, unchecked)


def say_outcome(step: StepRecord) -> str:
    """Say what became of a step; one that passed whatever the bot answered has not passed a check."""
    return UNCHECKED if step["unchecked"] and step["outcome"] == PASSED else step["outcome"]


def add_counts(counts: Iterable[Counts]) -> Counts:
    """Add up counts."""
    columns = [sum(column) for column in zip(*counts, strict=True)]
    return Counts(*columns) if columns else Counts(0, 0, 0)


def count_asks(suite: SuiteRecord) -> int:
    """Count the requests that the suite's jobs took."""
    return suite["imported"]["asks"] + (suite["run"]["asks"] if suite["run"] else 0)


def count_seconds(suite: SuiteRecord) -> float:
    """Add up the seconds that the suite's jobs took."""
    return suite["imported"]["seconds"] + (suite["run"]["seconds"] if suite["run"] else 0)


def name_step(step: StepRecord) -> str:
    """Return a step's number and input, as its test item is named."""
    return f"step {step['number']:02} {step['input']}"


def say_attempts(step: StepRecord) -> str:
    """Say what became of a step in each run; empty when its suite was run once."""
    told = []
    for outcome in (FAILED, PASSED, NOT_EVALUATED):
        numbers = [str(one["number"]) for one in step["attempts"] if one["outcome"] == outcome]
        if numbers:
            told.append(f"{outcome} in run {', '.join(numbers)}")
    return "; ".join(told)


def say_rate(rate: PassRate) -> str:
    """Say how often something passed, with the interval of 95 %."""
    return f"passed {rate['passed']} of {rate['evaluated']} ({rate['low']:.2f} to {rate['high']:.2f})"


def weakest_point(suite: SuiteRecord) -> str:
    """Say what speaks most against a suite, or what is known least; empty when nothing does."""
    return next(filter(None, _weak_points(suite)), "")


def _weak_points(suite: SuiteRecord) -> Iterator[str]:
    imported, run = suite["imported"], suite["run"]
    if imported["trouble"]:
        yield f"import: {imported['trouble']['message']}"
    yield from (f"import: {why}" for why in imported["why"])
    yield from (say_finding(finding) for finding in _findings(suite, "error"))
    if run is not None and run["trouble"]:
        yield f"run: {run['trouble']['message']}"
    for kind in (FAILED, NOT_EVALUATED, FLAKY):
        bad = [step for step in suite["steps"] if step["outcome"] == kind]
        if bad and run is not None:
            more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
            yield f"{_tell(name_step(bad[0]), bad[0]['why'] or kind)}{more}"
        if kind == FAILED and run is not None:
            yield from (f"run: {why}" for why in run["why"])
    if run is None:
        yield "not run: import and structure only"
    yield from (say_finding(finding) for finding in _findings(suite, "warning"))
    yield from (note for job in (imported, run) if job is not None for note in job["notes"])
    if suite["verdict"] == UNKNOWN:
        yield "not verified, and no reason was recorded"


def say_finding(finding: Finding) -> str:
    """Return a finding with its JSON path and its rule."""
    rule = finding.get("rule", "")
    return _tell(finding["path"], finding["message"]) + (f" [{rule}]" if rule else "")


class FindingLine(NamedTuple):
    """A line about a finding, or about many of them: then it has no location of its own."""

    severity: str
    rule: str
    message: str
    path: str
    place: str


def list_findings(findings: Iterable[Finding], most: int = MOST_FINDINGS) -> list[FindingLine]:
    """Return a line for each finding, errors first; of very many of one rule a line for the rest."""
    kinds: dict[tuple[bool, Level, str], list[Finding]] = {}
    for finding in findings:
        severity = finding["severity"]
        kinds.setdefault((severity != "error", severity, finding.get("rule", "")), []).append(finding)
    lines = []
    for (_, severity, rule), same in sorted(kinds.items(), key=lambda kind: kind[0][0]):
        fits = len(same) <= most + 1 and _count(same) == len(same)
        shown = same if fits else same[:most]
        lines += [FindingLine(severity, rule, one["message"], one["path"], one["place"]) for one in shown]
        if rest := same[len(shown) :]:
            listed = sum(one.get("count", 1) == 1 for one in rest)
            said = say_rest(rule, _count(rest), listed, rest[0]["path"] or rest[0]["place"])
            lines.append(FindingLine(severity, rule, said, "", ""))
    return lines


def _count(findings: Iterable[Finding]) -> int:
    return sum(finding.get("count", 1) for finding in findings)


def _findings(suite: SuiteRecord, severity: str) -> Iterator[Finding]:
    return (finding for finding in suite["imported"]["findings"] if finding["severity"] == severity)


def _tell(where: str, what: str) -> str:
    return f"{where}: {what}" if where else what


def is_mixed(evidence: Sequence[Evidence]) -> bool:
    """Say whether some runs used the built-in emulator and others a real platform."""
    return len({entry["emulator"] for entry in evidence}) > 1


def name_platform(entry: Evidence) -> str:
    """Say what a run was against."""
    return "built-in emulator" if entry["emulator"] else "real platform"


def list_tested(evidence: Iterable[Evidence], most: int) -> list[str]:
    """Say which bots were tested from which checkouts, each once: bot, target, branch and commit."""
    said = list(dict.fromkeys(map(_say_tested, evidence)))
    rest = len(said) - most
    return [*said[:most], f"and {rest} more"] if rest > 0 else said


def _say_tested(entry: Evidence) -> str:
    git = entry["git"]
    parts = [
        ("bot", "built-in emulator" if entry["emulator"] else entry["stream_id"]),
        ("target", entry["target"]),
        ("branch", git["branch"] if git else ""),
        ("commit", git["commit"][:12] if git else ""),
    ]
    return ", ".join(f"{what} {name}" for what, name in parts if name)


def name_run(evidence: Sequence[Evidence], index: int) -> str:
    """Name one of several runs by its number, beginning and platform."""
    entry = evidence[index]
    return f"run {index + 1}, {entry['started_at']}, {name_platform(entry)}"


def say_verdict(record: Record) -> str:
    """Say the verdict in words that cannot be misread, with what limits it."""
    word = {PASSED: "PASSED", FAILED: "FAILED"}.get(record["verdict"], "NOT VERIFIED, which is not a pass")
    limits = list(filter(None, (_say_emulator(record["evidence"]), _say_extent(record))))
    return f"{word} ({'; '.join(limits)})" if limits else word


def _say_emulator(evidence: list[Evidence]) -> str:
    emulated = sum(entry["emulator"] for entry in evidence)
    if not emulated:
        return ""
    return EMULATOR if emulated == len(evidence) else f"{emulated} of {len(evidence)} runs: {EMULATOR}"


def _say_extent(record: Record) -> str:
    if any(entry["interrupted"] for entry in record["evidence"]):
        return "interrupted before everything was tested"
    if any(entry["stopped"] for entry in record["evidence"]):
        return "stopped before everything was tested"
    if not record["suites"]:
        return "no suite was tested"
    idle, suites = sum(suite["run"] is None for suite in record["suites"]), len(record["suites"])
    if idle == suites:
        return "no suite was run: imports and structure only"
    return f"{idle} of {suites} suites {'was' if idle == 1 else 'were'} not run" if idle else ""
