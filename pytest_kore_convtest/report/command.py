"""The command ``report``: render JSON reports again, several of them as one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from pytest_kore_convtest.errors import ConfigError, KoreError
from pytest_kore_convtest.report.canon import read_record, write_record
from pytest_kore_convtest.report.digest import say_verdict
from pytest_kore_convtest.report.files import read_file, write_report
from pytest_kore_convtest.report.markdown import render_markdown
from pytest_kore_convtest.report.merge import merge_records
from pytest_kore_convtest.text import fit, one_line

if TYPE_CHECKING:
    from pytest_kore_convtest.report.record import Record

FORMS = ("html", "markdown", "json")
"""What a record can be rendered as; each is an option."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(message, name="report", source="command line")


def main(argv: list[str]) -> int:
    """Render reports and say what was written; return the exit code.

    Args:
        argv: The arguments after the command's name.
    """
    try:
        options = _read_arguments(argv)
        outputs = {form: path for form in FORMS if (path := getattr(options, form)) is not None}
        _check(outputs)
        record = merge_records([read_record(read_file(path), path) for path in options.reports])
        texts = {form: render(form, record) for form in outputs}  # before the first one is written
        for form, path in outputs.items():
            write_report(path, texts[form])
            _print(f"wrote {path}")
    except KoreError as error:
        _print(f"report: error: {error}", sys.stderr)
        return 2
    except SystemExit as end:  # only --help gets here; argparse has printed it
        return int(end.code or 0)
    _print(f"verdict: {say_verdict(record)}")
    return 0


def _print(line: str, file: TextIO | None = None) -> None:
    out = file or sys.stdout
    print(fit(one_line(line), out.encoding), file=out)


def _read_arguments(argv: list[str]) -> argparse.Namespace:
    parser = _Parser(
        prog="python -m pytest_kore_convtest report",
        description="Render what --kore-json wrote in other forms. Several runs are merged into one report."
        " The exit code says whether it was written, not whether the tests passed.",
    )
    parser.add_argument("reports", nargs="+", metavar="RUN.json", help="what --kore-json wrote")
    parser.add_argument("--html", metavar="P", help="write the HTML report")
    parser.add_argument("--markdown", metavar="P", help="write the Markdown report")
    parser.add_argument("--json", metavar="P", help="write the JSON report, e.g. of merged runs")
    return parser.parse_args(argv)


def _check(outputs: dict[str, str]) -> None:
    if not outputs:
        options = ", ".join(f"--{form} P" for form in FORMS)
        raise ConfigError(f"say what to write: one or more of {options}", name="report")
    if "" in outputs.values():
        raise ConfigError("an output needs the name of a file", name="report")
    if len({Path(path).absolute() for path in outputs.values()}) < len(outputs):
        raise ConfigError("two reports cannot go to the same file: name one file for each", name="report")


def render(form: str, record: Record) -> str:
    """Return a record in one of ``FORMS``.

    Raises:
        ConfigError: What the form needs is not installed.
    """
    if form == "json":
        return write_record(record)
    if form == "markdown":
        return render_markdown(record)
    try:
        from pytest_kore_convtest.report.html import render_html

        return render_html(record)
    except ModuleNotFoundError as error:
        missing = error.name
    raise ConfigError(
        f"the HTML report needs {missing}: pip install 'pytest-kore-convtest[report]'", name="html", source=""
    )
