"""``report``: render JSON reports again, several of them as one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from pytest_kore_convtest.cli import FINDINGS, OK
from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.text import fit, one_line

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

DESCRIPTION = (
    "Render what --kore-json wrote in other forms. Several runs are merged into one report."
    " The exit code says whether it was written, not whether the tests passed;"
    " it is 1 when shards are missing or do not belong together."
)
EXAMPLES = (
    ("report kore.json --html kore.html", "a page of one run"),
    ("report shard-*.json --markdown -", "several runs as one, to standard output"),
    ("report --history .kore-history --html past.html", "how each suite did over time"),
)

FORMS = ("html", "markdown", "json", "coverage_csv")
"""What a record can be rendered as; each is an option."""

_DRAWN = ("html", "markdown")
"""What a history can be rendered as."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("reports", nargs="*", metavar="RUN.json", help="what --kore-json wrote")
    parser.add_argument(
        "--history",
        metavar="DIR",
        help="draw what --kore-history wrote instead: on the terminal, or with --html, --markdown;"
        " cache means the one in pytest's cache",
    )
    parser.add_argument("--html", metavar="P", help="write the HTML report; - for standard output")
    parser.add_argument("--markdown", metavar="P", help="write the Markdown report; - likewise")
    parser.add_argument("--json", metavar="P", help="write the JSON report, e.g. of merged runs; - likewise")
    parser.add_argument("--coverage-csv", metavar="P", help="write the coverage as CSV; - likewise")


def run(options: argparse.Namespace) -> int:
    """Render reports and say what was written."""
    if options.history is not None:
        return _draw(options)
    if not options.reports:
        raise UsageError("name at least one report that --kore-json wrote, or --history DIR")
    outputs = {form: path for form in FORMS if (path := getattr(options, form)) is not None}
    _check(outputs, options.reports)
    from pytest_kore_convtest.reports.merge import SAID_TWICE, merge_records
    from pytest_kore_convtest.reports.render import render
    from pytest_kore_convtest.reports.serialize import read_record
    from pytest_kore_convtest.reports.shards import find_shard_gaps
    from pytest_kore_convtest.reports.totals import say_verdict
    from pytest_kore_convtest.reports.write_files import read_file

    record = merge_records([read_record(read_file(path), path) for path in options.reports])
    texts = {form: render(form, record) for form in outputs}  # before the first one is written
    out = _write_files(outputs, texts)
    gaps = find_shard_gaps(record["evidence"])
    twice = [note for note in record["notes"] if SAID_TWICE in note]
    for line in [*gaps, *twice]:
        _say(line, sys.stderr)
    _say(f"verdict: {say_verdict(record)}", out)
    _write_stdout(outputs, texts)
    return FINDINGS if gaps else OK


def _draw(options: argparse.Namespace) -> int:
    """Draw a history to standard output, or as HTML and Markdown.

    Raises:
        UsageError: The arguments do not fit, or there is no run.
    """
    other = next((form for form in FORMS if form not in _DRAWN and getattr(options, form) is not None), "")
    if other or options.reports:
        named = _option(other) if other else options.reports[0]
        raise UsageError(f"--history goes with --html and --markdown only: leave {named} out")
    outputs = {form: path for form in _DRAWN if (path := getattr(options, form)) is not None}
    if outputs:
        _check(outputs, [])
    from pytest_kore_convtest.history.store import read_runs
    from pytest_kore_convtest.history.trend import can_draw, draw_html, draw_markdown, draw_text

    runs, odd = read_runs(_find_history(options.history))
    for line in odd:
        _say(line, sys.stderr)
    if not runs:
        raise UsageError(
            f"--history {options.history} holds no run: name the folder that --kore-history was given"
        )
    if not outputs:
        for line in draw_text(runs, plain=not can_draw(sys.stdout.encoding)):
            _say(line, sys.stdout)
        return OK
    draw = {"html": draw_html, "markdown": draw_markdown}
    texts = {form: draw[form](runs) for form in outputs}
    _write_files(outputs, texts)
    _write_stdout(outputs, texts)
    return OK


def _find_history(name: str) -> Path:
    """Return the folder of a history.

    Raises:
        UsageError: It is to be in pytest's cache, and nothing is there.
    """
    from pathlib import Path

    from pytest_kore_convtest.settings.options import CACHE, IN_CACHE

    if name != CACHE:
        return Path(name)
    from argparse import Namespace

    from pytest_kore_convtest.cli.configuration import gather_offline

    cache = gather_offline(Namespace(settings=[], config_file=None, override_ini=[])).cache
    if cache is None:
        raise UsageError("--history cache: pytest's cache is off here (-p no:cacheprovider): name a folder")
    folder = cache / "d" / IN_CACHE  # where pytest's cache has folders
    if folder.is_dir():
        return folder
    said = f"--history cache: {cache} holds no history: run pytest with --kore-history cache here first"
    raise UsageError(f"{said}, or write ./cache for a folder of that name" if Path(name).is_dir() else said)


def _write_files(outputs: dict[str, str], texts: dict[str, str]) -> TextIO:
    """Write what goes to files; return where to say so: standard output may belong to a report."""
    from pytest_kore_convtest.reports.write_files import write_report

    out = sys.stderr if "-" in outputs.values() else sys.stdout
    for form, path in outputs.items():
        if path != "-":
            write_report(path, texts[form])
            _say(f"wrote {path}", out)
    return out


def _write_stdout(outputs: dict[str, str], texts: dict[str, str]) -> None:
    from pytest_kore_convtest.reports.write_files import write_stdout

    for form, path in outputs.items():
        if path == "-":
            write_stdout(texts[form])


def _say(line: str, out: TextIO) -> None:
    print(fit(one_line(line), out.encoding), file=out)


def _option(form: str) -> str:
    return f"--{form.replace('_', '-')}"


def _check(outputs: dict[str, str], inputs: list[str]) -> None:
    if not outputs:
        raise UsageError(
            f"say what to write: one or more of {', '.join(f'{_option(form)} P' for form in FORMS)}"
        )
    if "" in outputs.values():
        raise UsageError("an output needs the name of a file")
    if list(outputs.values()).count("-") > 1:
        raise UsageError("only one report can go to standard output: give a file for the other")
    from pytest_kore_convtest.reports.report_paths import (
        find_same_file,
        holds_suite,
        is_same,
        is_settings_file,
    )

    if find_same_file(outputs):
        raise UsageError("two reports cannot go to the same file: name one file for each")
    for form, path in outputs.items():
        if path == "-":
            continue
        if form != "json" and any(is_same(path, given) for given in inputs):
            raise UsageError(f"{_option(form)} {path} would overwrite the record that it is made of")
        if is_settings_file(path) or holds_suite(path):
            what = "holds suites, settings or test code, which a report would overwrite: give another file"
            raise UsageError(f"{_option(form)}: {path} {what}")
