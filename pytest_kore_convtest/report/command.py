"""The command ``report``: render JSON reports again, several of them as one."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TextIO

from pytest_kore_convtest.errors import ConfigError, KoreError
from pytest_kore_convtest.report.canon import read_record, write_record
from pytest_kore_convtest.report.digest import say_verdict
from pytest_kore_convtest.report.files import read_file, write_report, write_stdout
from pytest_kore_convtest.report.markdown import render_markdown
from pytest_kore_convtest.report.merge import merge_records
from pytest_kore_convtest.report.paths import STDOUT, find_twins, holds_suite, is_same, is_settings_file
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
        _check(outputs, options.reports)
        record = merge_records([read_record(read_file(path), path) for path in options.reports])
        texts = {form: render(form, record) for form in outputs}  # before the first one is written
        for form, path in outputs.items():
            if path != STDOUT:
                write_report(path, texts[form])
                _say(f"wrote {path}", outputs)
    except KoreError as error:
        _print(f"report: error: {error}", sys.stderr)
        return 2
    except SystemExit as end:  # only --help gets here; argparse has printed it
        return int(end.code or 0)
    _say(f"verdict: {say_verdict(record)}", outputs)
    return _print_report(outputs, texts)


def _say(line: str, outputs: dict[str, str]) -> None:
    """Print a line: standard output belongs to a report that is written there."""
    _print(line, sys.stderr if STDOUT in outputs.values() else sys.stdout)


def _print_report(outputs: dict[str, str], texts: dict[str, str]) -> int:
    try:
        for form, path in outputs.items():
            if path == STDOUT:
                write_stdout(texts[form])
    except OSError as error:  # whoever read it has gone, or the disk behind it is full
        with suppress(OSError):  # what is left in the buffer would fail again when the interpreter ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _print(f"report: error: cannot write to standard output: {error.strerror}", sys.stderr)
        return 2
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
    parser.add_argument("--html", metavar="P", help="write the HTML report; - is standard output")
    parser.add_argument("--markdown", metavar="P", help="write the Markdown report; - is standard output")
    parser.add_argument(
        "--json", metavar="P", help="write the JSON report, e.g. of merged runs; - is standard output"
    )
    return parser.parse_args(argv)


def _check(outputs: dict[str, str], inputs: list[str]) -> None:
    if not outputs:
        options = ", ".join(f"--{form} P" for form in FORMS)
        raise ConfigError(f"say what to write: one or more of {options}", name="report")
    if "" in outputs.values():
        raise ConfigError("an output needs the name of a file", name="report")
    if list(outputs.values()).count(STDOUT) > 1:
        raise ConfigError(
            "only one report can go to standard output: name a file for the other", name="report"
        )
    if find_twins(outputs):
        raise ConfigError("two reports cannot go to the same file: name one file for each", name="report")
    for form, path in outputs.items():
        if path == STDOUT:
            continue
        if form != "json" and any(is_same(path, given) for given in inputs):
            raise ConfigError(f"--{form} {path} would overwrite the record that it is made of", name="report")
        if is_settings_file(path) or holds_suite(path):
            what = "holds suites, settings or test code, which a report would overwrite: name another file"
            raise ConfigError(f"--{form}: {path} {what}", name="report")


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
