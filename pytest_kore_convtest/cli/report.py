"""``report``: render JSON reports again, several of them as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import OK
from pytest_kore_convtest.cli.parser import UsageError

if TYPE_CHECKING:
    import argparse

DESCRIPTION = (
    "Render what --kore-json wrote in other forms. Several runs are merged into one report."
    " The exit code says whether it was written, not whether the tests passed."
)
EXAMPLE = "report run.json --html report.html"

FORMS = ("html", "markdown", "json")
"""What a record can be rendered as; each is an option."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("reports", nargs="+", metavar="RUN.json", help="what --kore-json wrote")
    parser.add_argument("--html", metavar="P", help="write the HTML report")
    parser.add_argument("--markdown", metavar="P", help="write the Markdown report; - for standard output")
    parser.add_argument("--json", metavar="P", help="write the JSON report, e.g. of merged runs; - likewise")


def run(options: argparse.Namespace) -> int:
    """Render reports and say what was written."""
    outputs = {form: path for form in FORMS if (path := getattr(options, form)) is not None}
    _check(outputs)
    from pytest_kore_convtest.report.canon import read_record
    from pytest_kore_convtest.report.command import render
    from pytest_kore_convtest.report.digest import say_verdict
    from pytest_kore_convtest.report.files import read_file, write_report
    from pytest_kore_convtest.report.merge import merge_records

    record = merge_records([read_record(read_file(path), path) for path in options.reports])
    texts = {form: render(form, record) for form in outputs}  # before the first one is written
    for form, path in outputs.items():
        if path == "-":
            print(texts[form])
            continue
        write_report(path, texts[form])
        print(f"wrote {path}")
    if "-" not in outputs.values():
        print(f"verdict: {say_verdict(record)}")
    return OK


def _check(outputs: dict[str, str]) -> None:
    if not outputs:
        raise UsageError(f"say what to write: one or more of {', '.join(f'--{form} P' for form in FORMS)}")
    if "" in outputs.values():
        raise UsageError("an output needs the name of a file")
    if outputs.get("html") == "-":
        raise UsageError("--html needs the name of a file")
    if len({path if path == "-" else Path(path).absolute() for path in outputs.values()}) < len(outputs):
        raise UsageError("two reports cannot go to the same file: name one file for each")
