"""Write lint's findings for people, machines, GitHub and code scanning."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_kore_convtest.cli import PROG, find_version
from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.rules import ERROR, HINT, RULES, WARNING, Rule, severity_of
from pytest_kore_convtest.text import plural, printable, show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.rules import RuleSettings

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LONGEST = 2000
_MOST_HINTS = 3
"""Hints of one rule in one file that are shown one by one, beside those of other rules."""

_GITHUB = {ERROR: "error", WARNING: "warning", HINT: "notice"}
_SARIF = {ERROR: "error", WARNING: "warning", HINT: "note"}


def lint_rules() -> list[Rule]:
    """Return the rules that are looked for in files."""
    return [rule for rule, facts in RULES.items() if "lint" in facts.about]


def write_text(findings: Sequence[Finding], files: int) -> str:
    """Write a finding a line, as compilers do, and the numbers in the end."""
    lines, hidden = list[str](), Counter[tuple[str, Rule]]()
    alone = len({one.rule for one in findings}) == 1
    for one in findings:
        same = (_file(one), one.rule)
        hidden[same] += one.severity == HINT and not alone
        if hidden[same] <= _MOST_HINTS:
            lines.append(
                f"{_file(one)}:{one.location.line}:{one.location.column}: {one.severity}:"
                f" {_message(one)} [{one.rule}]"
            )
    lines += [
        f"{file}: {plural(number - _MOST_HINTS, 'more hint')} of {rule}: --only {rule} shows all"
        for (file, rule), number in hidden.items()
        if number > _MOST_HINTS
    ]
    counts = _count(findings)
    told = ", ".join(
        f"{counts[word]} {word}{'' if counts[word] == 1 else 's'}" for word in counts if counts[word]
    )
    lines.append(f"{told or 'no problems'} in {plural(files, 'file')}")
    return "\n".join(lines)


def write_json(findings: Sequence[Finding], files: int) -> str:
    """Write JSON: numbers and findings."""
    found = [
        {
            "file": _file(one),
            "line": one.location.line,
            "column": one.location.column,
            "rule": str(one.rule),
            "severity": str(one.severity),
            "suite": one.suite,
            "step": one.step or None,
            "message": _message(one),
        }
        for one in findings
    ]
    return escape_json(json.dumps({"files": files, "counts": _count(findings), "findings": found}, indent=2))


def write_github(findings: Sequence[Finding], files: int) -> str:  # noqa: ARG001 - as the other formats
    """Write workflow commands, which GitHub Actions shows beside the lines of the file."""
    return "\n".join(
        f"::{_GITHUB[one.severity]} file={_property(_file(one))},line={max(1, one.location.line)},"
        f"col={max(1, one.location.column)},title={_property(str(one.rule))}::"
        f"{_data(_message(one))}"
        for one in findings
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def write_sarif(findings: Sequence[Finding], files: int) -> str:  # noqa: ARG001 - as the other formats
    """Write SARIF 2.1.0 (OASIS), which code scanning reads."""
    rules = lint_rules()
    used = [*rules, *dict.fromkeys(one.rule for one in findings if one.rule not in rules)]
    driver = {
        "name": PROG,
        "version": find_version(),
        "rules": [
            {
                "id": str(rule),
                "shortDescription": {"text": RULES[rule].meaning},
                "defaultConfiguration": {"level": _SARIF[RULES[rule].severity]},
            }
            for rule in used
        ],
    }
    results = [_sarif_result(one, used.index(one.rule)) for one in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return escape_json(json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2))


def _sarif_result(one: Finding, index: int) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(Path(one.location.file))}}
    if one.location.line:
        place["region"] = {"startLine": one.location.line, "startColumn": max(1, one.location.column)}
    return {
        "ruleId": str(one.rule),
        "ruleIndex": index,
        "level": _SARIF[one.severity],
        "message": {"text": _message(one)},
        "locations": [{"physicalLocation": place}],
    }


def _uri(path: Path) -> str:
    """Return a relative reference for what lies below, which code scanning resolves; else an absolute URI."""
    shown = Path(show_path(path))
    if shown.is_absolute() or ".." in shown.parts:
        return shown.resolve().as_uri()
    # A colon in the first part would be read as a scheme.
    return quote(shown.as_posix(), safe="/")


def _message(one: Finding) -> str:
    """Return a finding's message; of an unusable file it begins with the verb, as after the file's name."""
    subject = "the file " if one.rule == Rule.UNUSABLE_FILE else ""
    return printable(f"{subject}{one.message}", _LONGEST)


def _file(one: Finding) -> str:
    return printable(show_path(Path(one.location.file)), _LONGEST)


def _count(findings: Sequence[Finding]) -> dict[str, int]:
    return {
        str(word): sum(one.count for one in findings if one.severity == word)
        for word in (ERROR, WARNING, HINT)
    }


def list_rules(rules: RuleSettings, form: str) -> str:
    """List the rules that are looked for in files, and what each does here."""
    found = [(str(rule), str(severity_of(rule, rules)), RULES[rule]) for rule in lint_rules()]
    if form == "json":
        return json.dumps(
            [
                {
                    "rule": name,
                    "severity": now,
                    "default": str(facts.severity),
                    "meaning": facts.meaning,
                    "fixed": facts.fixed,
                }
                for name, now, facts in found
            ],
            indent=2,
        )
    wide = max(len(name) for name, _, _ in found)
    return "\n".join(f"{name:{wide}}  {severity:7}  {facts.meaning}" for name, severity, facts in found)


FORMATS: Mapping[str, Callable[[Sequence[Finding], int], str]] = {
    "text": write_text,
    "json": write_json,
    "github": write_github,
    "sarif": write_sarif,
}
