"""``lint``: check suite files in one process, without an account and without test items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import FINDINGS, OK
from pytest_kore_convtest.cli.parser import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.rules import Rule, RuleSettings, Severity

DESCRIPTION = (
    "Check suite files, as pytest's lint items do, with the same rules and settings (kore_rules,"
    " kore_stream_id); needs no account. The exit code is 1 when there is an error, 0 when there are warnings"
    " and hints only."
)
EXAMPLES = (
    ("lint conversations/*.kore.json", "check exported suite files"),
    ("lint Booking.json --rule unknown-key=error", "with a rule of your own"),
    ("lint *.kore.json --format sarif > lint.sarif", "for code scanning"),
)

_FORMATS = ("text", "json", "github", "sarif")
_SETTINGS = ("rules", "stream_id", "require_assertions", "target", "targets", "suite_files")
"""The settings that lint depends on: others may be wrong as they like."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="suite files, or folders of such (kore_suite_files), searched as pytest does",
    )
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="RULE=SEVERITY",
        help="what a finding of a rule does: error, warning or off (repeatable; above kore_rules)",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="RULE", help="look for this rule only (repeatable)"
    )
    parser.add_argument("--list-rules", action="store_true", help="list the rules, and what each does here")
    parser.add_argument("--format", choices=_FORMATS, default="text", help="how to print (default: text)")
    parser.set_defaults(settings=None, config_file=None, override_ini=[])
    parser.add_argument("-c", "--config-file", metavar="P", help="pytest's ini file, if not the usual one")
    parser.add_argument(
        "-o", "--override-ini", metavar="KEY=VALUE", action="append", help="override an ini key"
    )


def run(options: argparse.Namespace) -> int:
    """Print what was found."""
    from pytest_kore_convtest.cli import lint_formats
    from pytest_kore_convtest.cli.configuration import read_offline
    from pytest_kore_convtest.cli.suite_paths import check_paths, globs_of

    if not options.files and not options.list_rules:
        raise UsageError("name at least one suite file")
    typed, only = _read_rules(options.rule), _read_only(options.only)
    settings = read_offline(options, _SETTINGS)
    paths = list(check_paths(options.files, globs_of(settings)))
    rules = _settle_rules(settings.rules, typed, only)
    if options.list_rules:
        print(lint_formats.list_rules(rules, options.format))
        return OK
    findings = list(find_all(paths, settings.stream_id, rules, only))
    text = lint_formats.FORMATS[options.format](findings, len(paths))
    if text:
        print(text)
    return FINDINGS if any(one.severity == "error" for one in findings) else OK


def _read_rules(entries: list[str]) -> RuleSettings:
    from pytest_kore_convtest.rules import DEFAULTS
    from pytest_kore_convtest.settings.types import read_rules

    if not entries:
        return DEFAULTS
    try:
        return read_rules(entries)
    except ValueError as bad:
        problem = f"--rule: {bad}"
    raise UsageError(problem)


def _read_only(names: list[str]) -> frozenset[Rule]:
    from pytest_kore_convtest.rules import RULES, Rule
    from pytest_kore_convtest.settings.types import read_rules

    found = set()
    for name in (part.strip() for entry in names for part in entry.split(",")):
        try:
            rule = Rule(name.lower().replace("_", "-"))
        except ValueError:
            try:
                read_rules([f"{name} = error"])  # it knows the nearest name
            except ValueError as bad:
                problem = f"--only: {bad}"
            raise UsageError(problem) from None
        if "lint" not in RULES[rule].about:
            raise UsageError(f"--only: {rule} is not looked for in files, but in {RULES[rule].about}")
        found.add(rule)
    return frozenset(found)


def _settle_rules(
    configured: Mapping[Rule, Severity], typed: RuleSettings, only: frozenset[Rule]
) -> RuleSettings:
    """Return the severities in force; a rule that ``--only`` names is on."""
    from pytest_kore_convtest.rules import OFF, RULES, RuleSettings

    chosen = {**configured, **typed}
    for rule in only:
        if chosen.get(rule) == OFF and rule not in typed:
            chosen[rule] = RULES[rule].severity
    return RuleSettings(chosen)


def find_all(
    paths: Iterable[Path], stream_id: str | None, rules: RuleSettings, only: frozenset[Rule] = frozenset()
) -> Iterator[Finding]:
    """Give the findings of all files, file by file; of a file only its suites' names are kept in memory.

    Args:
        paths: The files.
        stream_id: The configured stream.
        rules: The severities in force.
        only: The rules that are looked for; all without one. That a file is unusable is always told.
    """
    from pytest_kore_convtest.rules import Rule
    from pytest_kore_convtest.suites.file import SuiteFile, open_suite_file
    from pytest_kore_convtest.suites.lint.lint_files import lint_file, lint_many

    wanted = only | {Rule.UNUSABLE_FILE} if only else frozenset(Rule)
    names: list[SuiteFile] = []
    for path in paths:
        read = open_suite_file(path)
        yield from (one for one in lint_file(read, stream_id=stream_id, rules=rules) if one.rule in wanted)
        names.append(SuiteFile(path, tuple(replace(suite, steps=(), data=b"") for suite in read.suites)))
    yield from (one for one in lint_many(names, rules) if one.rule in wanted)
