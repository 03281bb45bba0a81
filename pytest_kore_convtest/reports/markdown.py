"""The record as Markdown, for pull requests and the summary of a CI job."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pytest_kore_convtest.reports import totals
from pytest_kore_convtest.reports.coverage import count_words, percent, sort_dialogs, sum_up
from pytest_kore_convtest.reports.extent import list_limits
from pytest_kore_convtest.reports.failures import list_failures, render_failure, render_test
from pytest_kore_convtest.reports.markup import Section, cell, code, fold, lay_out, name_values, table
from pytest_kore_convtest.reports.outcome_words import FAILED, MATCHER, PASSED, UNKNOWN
from pytest_kore_convtest.suites.versions import explain_version
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_kore_convtest.coverage.types import Coverage, DialogCoverage
    from pytest_kore_convtest.reports.record import (
        Evidence,
        ItemRecord,
        Record,
        StepRecord,
        SuiteRecord,
        Unevaluated,
    )

LIMIT = 60_000
"""Characters; GitHub takes 65 536 in a comment, the rest is for what somebody writes around it."""

LEAST = 2_000
"""Characters; below it there is no room for the verdict and what was left out."""

_WORDS = {FAILED: "**FAILED**", UNKNOWN: "**NOT VERIFIED**", PASSED: "passed"}
_ORDER = (FAILED, UNKNOWN, PASSED)

_HEADER = table(
    ["Suite", "Verdict", ">Passed", ">Failed", ">Not evaluated", ">Duration", ">Polls", "Weakest point"], []
)

_HUGE = 10**12
_MOST_DIALOGS = 5
"""Dialogs of which the coverage is told, the worst ones."""

_MOST_TESTED = 3
"""Bots and checkouts that the head names."""


def render_markdown(record: Record, limit: int = LIMIT) -> str:
    """Return a record as Markdown of GitHub's kind.

    Args:
        record: The record.
        limit: Characters it may have, 2 000 or more; what does not fit is left out, and the text says so.
    """
    if limit < LEAST:
        raise ValueError(f"a limit of {limit} is too small: {LEAST} characters are needed")
    suites = sorted(record["suites"], key=lambda suite: _ORDER.index(suite["verdict"]))
    coverage = record.get("coverage")
    sections = [
        Section.of(
            "Suites", "suites in the table", suites, partial(_render_row, record["evidence"]), _HEADER
        ),
        Section.of("Failures", "failures", list_failures(suites), render_failure),
        Section.of("Failed tests", "failed tests", _find_tests(record), render_test),
        *([_render_coverage(coverage)] if coverage else []),
        Section.of("Findings", "findings", _find_findings(suites), _render_finding),
        Section.of(
            "Passed by the file's matcher",
            "steps by the file's matcher",
            _find_steps(suites, _is_matched),
            _render_matched,
        ),
        Section.of("Steps that waver", "steps that waver", _find_steps(suites, _wavers), _render_wavering),
        Section.of(
            "Not evaluated",
            "entries of what was not evaluated",
            [*map(_render_line, list_limits(record["evidence"])), *map(_render_gap, record["not_evaluated"])],
            str,
        ),
        Section.of("Final status", "lines of the final status", record["closing"], _render_line),
        Section.of("Notes", "notes", record["notes"], _render_line),
        Section.of("Evidence", "runs in the evidence", record["evidence"], _render_evidence),
        Section.of(
            "Ids and hashes", "suites in the evidence", suites, partial(_render_ids, record["evidence"])
        ),
    ]
    return lay_out(_render_head(record), sections, limit)


def _find_tests(record: Record) -> list[ItemRecord]:
    """Return the red tests that are no steps, which the failures tell of."""
    in_steps = {step["nodeid"] for suite in record["suites"] for step in suite["steps"]}
    return [
        item
        for item in record["items"]
        if item["outcome"] in {"failed", "error"} and item["nodeid"] not in in_steps
    ]


def _find_findings(suites: Sequence[SuiteRecord]) -> list[tuple[SuiteRecord, totals.FindingLine]]:
    return [(suite, line) for suite in suites for line in totals.list_findings(suite["imported"]["findings"])]


def _find_steps(
    suites: Sequence[SuiteRecord], fits: Callable[[StepRecord], bool]
) -> list[tuple[SuiteRecord, StepRecord]]:
    return [(suite, step) for suite in suites for step in suite["steps"] if fits(step)]


def _is_matched(step: StepRecord) -> bool:
    return step["says"] == MATCHER and step["outcome"] == PASSED


def _wavers(step: StepRecord) -> bool:
    return len({one["outcome"] for one in step["attempts"]}) > 1


def _render_coverage(coverage: Coverage) -> Section:
    """Make the section of what is covered: one line, and the worst dialogs of the bot's own."""
    worst = [one for one in sort_dialogs(coverage) if not one["system"]][:_MOST_DIALOGS]
    head = table(["Dialog", ">Transitions", ">Nodes"], [])
    return Section.of("Coverage", "dialogs", worst, _render_dialog, f"{sum_up(coverage)}.\n\n{head}")


def _render_dialog(one: DialogCoverage) -> str:
    counts = (one["transitions"], one["nodes"])
    cells = [
        f"{count_words(count)} {f'({percent(count)})' if percent(count) else ''}".strip() for count in counts
    ]
    return f"| {' | '.join([cell(one['name'] or one['id'], 80), *cells])} |\n"


def _render_head(record: Record) -> str:
    suites = record["suites"]
    counts = totals.add_counts(map(totals.count_steps, suites))
    verdicts: list[str] = [suite["verdict"] for suite in suites]
    told = ", ".join(
        f"{verdicts.count(verdict)} {word}"
        for verdict, word in ((PASSED, "passed"), (FAILED, "failed"), (UNKNOWN, "not verified"))
    )
    steps = zip(map(_number, counts[:3]), ("passed", "failed", "not evaluated"), strict=True)
    told_of_steps = ", ".join([*map(" ".join, steps), *counts.rare])
    lines = [
        f"## Kore conversation tests: {totals.say_verdict(record)}\n",
        f"{plural(len(suites), 'suite')}: {told}. Steps: {told_of_steps}.\n",
    ]
    evidence = record["evidence"]
    lines += [
        f"Tested: {code(tested, 300)}\n" for tested in totals.list_tested(evidence, _MOST_TESTED) if tested
    ]
    if totals.is_mixed(evidence):
        for index, entry in enumerate(evidence):
            where = f"{entry['host'] or 'no host'}, {entry['started_at']}"
            lines.append(f"> **Run {index + 1}: {totals.name_platform(entry)}**, {code(where, 200)}\n>")
        lines[-1] = lines[-1].removesuffix(">")
    elif any(entry["emulator"] for entry in evidence):
        lines.append(f"> **{totals.EMULATOR[0].upper()}{totals.EMULATOR[1:]}.**\n")
    return "\n".join(lines) + "\n"


def _number(number: int) -> str:
    return str(number) if abs(number) < _HUGE else "very many"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if abs(seconds) < _HUGE else "very long"


def _render_row(evidence: Sequence[Evidence], suite: SuiteRecord) -> str:
    counts = totals.count_steps(suite)
    verdict = _WORDS[suite["verdict"]]
    if suite["run"] is None and suite["verdict"] == PASSED:
        verdict += ", not run"
    name = cell(suite["name"], 80)
    if totals.is_mixed(evidence):
        run = suite["evidence"]
        name += f" (run {run + 1}, {totals.name_platform(evidence[run])})"
    columns = [
        name,
        verdict,
        _number(counts.passed) + (f" (and {', '.join(counts.rare)})" if counts.rare else ""),
        _number(counts.failed),
        _number(counts.not_evaluated),
        _seconds(totals.count_seconds(suite)),
        _number(totals.count_asks(suite)),
        cell(totals.weakest_point(suite), 200),
    ]
    return f"| {' | '.join(columns)} |\n"


def _render_finding(entry: tuple[SuiteRecord, totals.FindingLine]) -> str:
    suite, line = entry
    places = [code(suite["name"], 80), *(code(where) for where in (line.path, line.place) if where)]
    rule = f" {code(line.rule, 80)}" if line.rule else ""
    return f"- **{line.severity}** in {', '.join(places)}: {code(line.message, 500)}{rule}\n"


def _render_matched(entry: tuple[SuiteRecord, StepRecord]) -> str:
    suite, step = entry
    return f"- {code(totals.name_step(step), 100)} of {code(suite['name'], 80)}: {code(step['why'], 500)}\n"


def _render_wavering(entry: tuple[SuiteRecord, StepRecord]) -> str:
    suite, step = entry
    rate = f", {totals.say_rate(step['rate'])}" if step["rate"] else ""
    where = f"{code(totals.name_step(step), 100)} of {code(suite['name'], 80)}"
    return f"- **{step['outcome']}**: {where}: {totals.say_attempts(step)}{rate}\n"


def _render_gap(gap: Unevaluated) -> str:
    return f"- {code(gap['what'])}: {code(gap['why'], 500)}\n"


def _render_line(line: str) -> str:
    return f"- {code(line, 500)}\n"


def _render_evidence(entry: Evidence) -> str:
    git, skew, shard = entry["git"], entry["clock_skew"], entry["shard"]
    body = name_values(
        [
            ("Host", entry["host"]),
            ("Stream (bot) id", entry["stream_id"]),
            ("Target", entry["target"] + (" (protected)" if entry["protected"] else "")),
            ("Platform", "built-in emulator" if entry["emulator"] else "real"),
            ("Requested version", entry["requested_version"]),
            ("Shard", f"{_number(shard['number'])} of {_number(shard['of'])}" if shard else ""),
            ("Began (UTC)", entry["started_at"]),
            ("Ended (UTC)", entry["ended_at"]),
            ("Platform's clock minus ours", "" if skew is None else f"{skew:.3g} s"),
            ("Git commit", f"{git['commit']}{' with local changes' if git['dirty'] else ''}" if git else ""),
            ("Git branch", git["branch"] if git else ""),
            ("CI run", entry["ci"]),
            ("Versions", f"plugin {entry['plugin']}, pytest {entry['pytest']}, Python {entry['python']}"),
            ("Machine", entry["machine"]),
            ("pytest's exit code", "" if entry["exit_code"] is None else _number(entry["exit_code"])),
            ("Interrupted", "yes" if entry["interrupted"] else "no"),
            ("Ended early", "" if entry["interrupted"] else entry["stopped"]),
            ("Deselected tests", _number(entry["deselected"])),
        ]
    )
    rows = [(cell(one["name"]), cell(one["value"]), cell(one["source"])) for one in entry["settings"]]
    settings = "\n" + table(["Setting", "Value", "Source"], rows) if rows else ""
    no_build = "\nThe platform's API gives no build number of a bot, so none is recorded.\n"
    where = f"{entry['host'] or 'no host'} ({totals.name_platform(entry)})"
    title = f"Run of {entry['started_at']} against {where}"
    return fold(title, body + settings + no_build)


def _render_ids(evidence: Sequence[Evidence], suite: SuiteRecord) -> str:
    file, imported, run = suite["file"], suite["imported"], suite["run"]
    pairs = [("Suite", suite["name"]), ("Verdict", suite["verdict"])]
    if len(evidence) > 1:
        pairs.append(("Tested in", totals.name_run(evidence, suite["evidence"])))
    if file:
        shared = " (one of several suites)" if file["split"] else ""
        pairs += [
            ("File", f"{file['path']}:{_number(file['line'])}{shared}"),
            ("SHA-256 of the file", file["sha256"]),
            ("SHA-256 of what was sent", file["sent_sha256"]),
        ]
    pairs += [
        ("Upload's id", imported["file_id"]),
        ("Upload's hash", imported["file_hash"]),
        ("Import job", imported["id"]),
        ("Import's status", imported["status"]),
        ("Import's verdict", f"{imported['verdict']} ({imported['says']})"),
        ("Stored as", imported["stored_name"]),
        ("Stored suite's id", imported["stored_id"]),
        ("Wait for the import again", imported["resume"]),
    ]
    if run:
        pairs += [
            ("Run", run["id"]),
            ("Run's status", run["status"]),
            ("Run's verdict", f"{run['verdict']} ({run['says']})"),
            ("Requested version", run["requested_version"]),
            ("Reported version", explain_version(run["reported_version"])),
            ("Wait for the run again", run["resume"]),
        ]
    return fold(suite["name"], name_values(pairs))
