"""What a check found: one type for lint, structure, comparison and run, each finding under its rule.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_kore_convtest.rules import OFF, RULES, Rule, Severity, severity_of
from pytest_kore_convtest.text import one_line, shown_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MOST_KEPT = 50_000
"""Findings of one check that are kept one by one; the rest is counted."""

LEAST_KEPT = 1_000
"""Findings of one rule that are kept, however many another rule has."""

MOST_FOUND = 250_000
"""Findings of one check after which it stops: some seconds of work."""

MOST_SHOWN, MOST_WARNINGS_SHOWN = 10, 2
"""Findings of one rule that are shown one by one, in a verdict and as warnings."""


class Location(NamedTuple):
    """Where something was found: in a file (1-based line and column), at a JSON path of a reply, or both."""

    file: str = ""
    line: int = 0
    column: int = 0
    json_path: str = ""

    @property
    def place(self) -> str:
        """The file and what is known of the place in it, as editors and terminals link it; or empty."""
        if not self.file:
            return ""
        return ":".join([_shorten(self.file), *(str(one) for one in (self.line, self.column) if one)])

    def __str__(self) -> str:
        return self.json_path or self.place


NOWHERE = Location()


def _shorten(file: str) -> str:
    """Return a file's path as short as it can be typed: from here, when it lies below."""
    return file.removeprefix(os.path.join(shown_from(), ""))  # noqa: PTH118 - ten times as quick


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should know.

    Attributes:
        rule: The check that found it.
        severity: What it does.
        message: What is wrong and what to do, as a sentence.
        location: Where.
        suite: The suite's name; empty when a whole file or reply is meant.
        step: The 1-based step; 0 when no step is meant.
        expected: What should have been there, when that can be shown.
        actual: What was there instead.
        count: How many findings it stands for: more than one when there was no room for them one by one.
    """

    rule: Rule
    severity: Severity
    message: str
    location: Location = NOWHERE
    suite: str = ""
    step: int = 0
    expected: str = ""
    actual: str = ""
    count: int = 1

    def __str__(self) -> str:
        where = str(self.location)
        return one_line(
            f"{where}: {self.message} [{self.rule}]" if where else f"{self.message} [{self.rule}]"
        )

    def to_data(self) -> dict[str, object]:
        """Return the finding as JSON-able data; ``place`` is file and line as one text."""
        location = self.location
        return {
            "rule": str(self.rule),
            "severity": str(self.severity),
            "message": self.message,
            "path": location.json_path,
            "file": location.file,
            "line": location.line,
            "column": location.column,
            "place": Location(location.file, location.line).place,
            "suite": self.suite,
            "step": self.step,
            "expected": self.expected,
            "actual": self.actual,
            "count": self.count,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Finding:
        """Make a finding from what ``to_data`` returned."""
        location = Location(data["file"], data["line"], data["column"], data["path"])
        rest = {name: data[name] for name in ("message", "step", "expected", "actual", "count")}
        return cls(
            suite=data.get("suite", ""),
            rule=Rule(data["rule"]),
            severity=Severity(data["severity"]),
            location=location,
            **rest,
        )


def find(rule: Rule, message: str, json_path: str = "", **more: Any) -> Finding:
    """Make a finding with the severity that its rule has by default.

    Args:
        rule: The rule.
        message: What is wrong and what to do.
        json_path: Where in a reply, when no ``location`` is given.
        more: Other attributes of the finding.
    """
    more.setdefault("location", Location(json_path=json_path))
    return Finding(rule, RULES[rule].severity, message, **more)


def apply_rules(
    found: Iterable[Finding], chosen: Mapping[Rule, Severity], *, worst_first: bool = True
) -> list[Finding]:
    """Return what a check found with the severities that hold; what is off is dropped.

    Of very many findings some are kept one by one; one more of the same rule counts the
    rest. A check that goes on and on is stopped, which is an error.
    """
    severities = {rule: severity_of(rule, chosen) for rule in Rule}
    kept: list[Finding] = []
    counts: Counter[Rule] = Counter()
    first_left: dict[Rule, Finding] = {}
    left: Counter[Rule] = Counter()
    stopped = False
    for number, one in enumerate(found):
        if number >= MOST_FOUND:
            stopped = True
            break
        severity = severities[one.rule]
        if severity == OFF:
            continue
        counts[one.rule] += 1
        if counts[one.rule] <= LEAST_KEPT or len(kept) < MOST_KEPT:
            kept.append(one if one.severity == severity else replace(one, severity=severity))
        else:
            first_left.setdefault(one.rule, replace(one, severity=severity))
            left[one.rule] += 1
    kept += [_count_rest(one, left[rule]) for rule, one in first_left.items()]
    if stopped:
        said = (
            f"the check stopped after {MOST_FOUND:,} findings, the rest is not checked: correct these first"
        )
        kept.append(find(Rule.TOO_MANY_FINDINGS, said))
    return sorted(kept, key=lambda finding: _ORDER[finding.severity]) if worst_first else kept


_ORDER = {severity: number for number, severity in enumerate(Severity)}


def _count_rest(first: Finding, number: int) -> Finding:
    if number == 1:
        return first
    said = f"and {number - 1:,} more like this, not listed one by one"
    return replace(first, message=f"{first.message} ({said})", count=number)


def count(findings: Iterable[Finding]) -> int:
    """Return how many findings there are, those included that are not listed one by one."""
    return sum(finding.count for finding in findings)


def summarize(
    findings: Iterable[Finding], most: int = MOST_SHOWN, show: Callable[[Finding], str] = str
) -> list[str]:
    """Write findings as a few lines: of each rule and severity the first ones, and how many more there are.

    Args:
        findings: The findings.
        most: How many of a kind are written one by one.
        show: Writes one.
    """
    lines: list[str] = []
    for shown, more in group(findings, most):
        lines += map(show, shown)
        if more:
            lines.append(say_more(more))
    return lines


def group(findings: Iterable[Finding], most: int) -> list[tuple[list[Finding], list[Finding]]]:
    """Put findings of the same rule and severity together, each group cut in two: what to show, and the rest.

    One finding more than ``most`` is shown, because a line about it would be as long.
    """
    kinds: dict[tuple[Severity, Rule], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.severity, finding.rule), []).append(finding)
    return [
        (same, []) if len(same) <= most + 1 and count(same) == len(same) else (same[:most], same[most:])
        for same in kinds.values()
    ]


def say_more(more: list[Finding]) -> str:
    """Say in one line how many more findings of a rule there are, and where they can be read."""
    first, listed = more[0], sum(finding.count == 1 for finding in more)
    return f"{say_rest(first.rule, count(more), listed, str(first.location))} [{first.rule}]"


def say_rest(rule: str, total: int, listed: int, first: str) -> str:
    """Say in one line how many more findings of a rule there are.

    Args:
        rule: The rule's name.
        total: How many there are.
        listed: How many of them the record lists one by one.
        first: Where the first of them is; empty when that is nowhere.
    """
    many = _MANY.get(rule) or "findings of this rule"
    where = f", first: {first}" if first else ""
    all_of_them = "all of them" if listed == total else f"{listed:,} of them"
    return f"{total:,} more {many}{where}, {all_of_them} in the JSON report (--kore-json)"


_MANY = {rule.value: facts.many for rule, facts in RULES.items()}
