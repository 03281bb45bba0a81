"""``convert``: write suite files in another form, and list what that form cannot hold."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pytest_kore_convtest.cli import FINDINGS, OK, PROG
from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.text import fit, one_line, plural

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_kore_convtest.suites.convert import Converted
    from pytest_kore_convtest.suites.file import SuiteFile

DESCRIPTION = (
    "Write suite files in another form: JSON as YAML, YAML as JSON, and the files of Kore's test runner of"
    " 2019 as either. What the other form cannot hold is listed, a line for each kind. Nothing is"
    " overwritten without --force, and nothing is written when a file cannot be used. The exit code is 1"
    " when something is lost or cannot be converted."
)
EXAMPLES = (
    ("convert conversations/booking.kore.json", "write conversations/booking.kore.yaml"),
    ("convert booking.kore.yaml -o -", "print it as JSON"),
    ("convert Regression2019.json --output-dir yaml --json", "list all that is lost, for a machine"),
)

_STDOUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="suite files, or folders with *.kore.* files"
    )
    parser.add_argument(
        "--to",
        choices=["yaml", "json"],
        help="the form to write (default: as OUT is called, else YAML of JSON, JSON of YAML)",
    )
    parser.add_argument("-o", "--output", metavar="OUT", help="the file to write; - for standard output")
    parser.add_argument(
        "--output-dir", metavar="DIR", help="where to write (default: beside each file, as NAME.kore.…)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")
    parser.add_argument(
        "--keep-entities", action="store_true", help="leave &quot; and the like in a file of 2019 as they are"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with every single remark")


def run(options: argparse.Namespace) -> int:
    """Convert all files, write them, and say what is lost."""
    from pytest_kore_convtest.cli.new_files import write_all
    from pytest_kore_convtest.cli.suite_paths import check_paths

    paths = list(check_paths(options.files))
    _check(options, paths)
    targets = _name_targets(options, paths)
    files = _open(paths)
    if files is None:
        return FINDINGS
    made = [(file, target, _convert(file, options)) for file, target in zip(files, targets, strict=True)]
    dropped = [line for target in targets for line in _count_comments(target)] if options.force else []
    if options.output != _STDOUT:
        write_all({Path(target): one.text for _, target, one in made}, force=options.force)
    for line in dropped:
        _say(line, sys.stderr)
    out = sys.stderr if options.output == _STDOUT else sys.stdout
    if options.json:
        print(_write_json(made))
    else:
        _tell(made, out)
    if options.output == _STDOUT:
        _print(made[0][2].text)
    return FINDINGS if any(remark.kind.lost for _, _, one in made for remark in one.remarks) else OK


def _check(options: argparse.Namespace, paths: Sequence[Path]) -> None:
    if options.output is not None and options.output_dir is not None:
        raise UsageError("give --output or --output-dir, not both")
    if options.output is not None and len(paths) > 1:
        raise UsageError(f"--output is for one file, and these are {len(paths)}: give --output-dir")
    if "" in {options.output, options.output_dir}:
        raise UsageError("an output needs the name of a file or folder")
    if options.output == _STDOUT and options.json:
        raise UsageError(
            "--json and the suites cannot both go to standard output: give a file for the suites"
        )
    form = _form_of(options.output or "")
    if options.to and form and form != options.to:
        raise UsageError(
            f"--to {options.to} contradicts the name {options.output}: give one of them, or another name"
        )


def _form_of(name: str) -> str:
    """Return the form that a file's name says; empty when it says none."""
    from pytest_kore_convtest.suites.convert import JSON, YAML
    from pytest_kore_convtest.suites.file import is_yaml

    return YAML if is_yaml(name) else JSON if name.lower().endswith(".json") else ""


def _form(path: Path, options: argparse.Namespace) -> str:
    from pytest_kore_convtest.suites.convert import JSON, YAML

    other = JSON if _form_of(path.name) == YAML else YAML
    return str(options.to or _form_of(options.output or "") or other)


def _name_targets(options: argparse.Namespace, paths: Sequence[Path]) -> list[str]:
    """Return where each file is written.

    Raises:
        UsageError: A file is there, and --force is not; two files have the same name, or one is to be read.
    """
    if options.output == _STDOUT:
        return [_STDOUT]
    targets: list[str] = []
    for path in paths:
        stem = path.stem.removesuffix(".kore")
        folder = Path(options.output_dir) if options.output_dir else path.parent
        targets.append(options.output or str(folder / f"{stem}.kore.{_form(path, options)}"))
    seen: dict[str, Path] = {}
    for path, target in zip(paths, targets, strict=True):
        other = seen.setdefault(os.path.realpath(target), path)
        if other is not path:
            raise UsageError(
                f"{other} and {path} would both be written as {target}: convert one of them alone"
            )
    for path, target in zip(paths, targets, strict=True):
        if any(one is not path and _is_same(one, target) for one in paths):
            raise UsageError(
                f"{path} would be written as {target}, which is to be converted too: give --output-dir,"
                " or convert one of them alone"
            )
    there = [target for target in targets if os.path.lexists(target)]
    if there and not options.force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        exist = "exist" if len(there) > 1 else "exists"
        lost = next((line for target in there for line in _count_comments(target)), "")
        comments = ", and its comments are lost" if lost else ""
        raise UsageError(
            f"nothing was written, because {there[0]}{more} {exist}: --force overwrites{comments}"
        )
    return targets


def _is_same(path: Path, target: str) -> bool:
    """Say whether two names are those of one file, by links or letters of another case as well."""
    try:
        return path.samefile(target)
    except OSError:
        return False


def _count_comments(target: str) -> Iterator[str]:
    """Say how many comments a YAML file has that is to be overwritten; nothing when it has none."""
    from pytest_kore_convtest.suites.file import is_yaml, open_suite_file
    from pytest_kore_convtest.suites.yaml.comments import find_comments

    if not is_yaml(target) or not Path(target).is_file():
        return
    yaml = open_suite_file(Path(target)).yaml
    if yaml is not None and (count := len(find_comments(yaml.text, yaml.root))):
        are = "is" if count == 1 else "are"
        yield f"{target} was overwritten: {plural(count, 'comment')} of it {are} lost"


def _open(paths: Sequence[Path]) -> list[SuiteFile] | None:
    """Read all files; say why one cannot be used."""
    from pytest_kore_convtest.findings import summarize
    from pytest_kore_convtest.suites.file import open_suite_file
    from pytest_kore_convtest.suites.lint.lint_files import lint_file

    files = [open_suite_file(path) for path in paths]
    bad = [file for file in files if file.problems]
    if not bad:
        return files
    found = [finding for file in bad for finding in lint_file(file)]
    for line in summarize(found):
        _say(line, sys.stderr)
    _say(f"nothing was written, because {plural(len(bad), 'file')} cannot be used", sys.stderr)
    log = next((file.path for file in bad if _is_transcript(file.path)), None)
    if log is not None:
        said = f"{log} looks like a chat log: {PROG} init --from-transcript {shlex.quote(str(log))}"
        _say(f"{said} makes a suite of it", sys.stderr)
    return None


def _is_transcript(path: Path) -> bool:
    """Say whether a file that is no suite is a chat log; lines of a YAML suite look like one, too."""
    from pytest_kore_convtest.suites.file_text import LARGEST_FILE
    from pytest_kore_convtest.suites.transcript import TranscriptError, read_transcript

    if _form_of(path.name):
        return False
    try:
        with path.open("rb") as file:
            return bool(read_transcript(file.read(LARGEST_FILE + 1)).turns)
    except (OSError, TranscriptError):
        return False


def _convert(file: SuiteFile, options: argparse.Namespace) -> Converted:
    from pytest_kore_convtest.suites.convert import convert

    return convert(file, _form(file.path, options), keep_entities=options.keep_entities)


def _tell(made: Iterable[tuple[SuiteFile, str, Converted]], out: TextIO) -> None:
    from pytest_kore_convtest.suites.conversion_notes import say_remarks

    listed = 0
    for _, target, one in made:
        lines = say_remarks(one.remarks)
        listed += len(one.remarks) - len(lines)
        for line in lines:
            _say(line, out)
        amount = f"{plural(one.suites, 'suite')}, {plural(one.steps, 'step')}"
        _say(f"converted {amount}" if target == _STDOUT else f"wrote {target}: {amount}", out)
    if listed:
        _say("--json lists every place", out)


def _write_json(made: Iterable[tuple[SuiteFile, str, Converted]]) -> str:
    files = [
        {
            "file": str(file.path),
            "written": target,
            "suites": one.suites,
            "steps": one.steps,
            "remarks": [remark.to_data() for remark in one.remarks],
        }
        for file, target, one in made
    ]
    return escape_json(json.dumps({"files": files}, indent=2))


def _say(line: str, out: TextIO) -> None:
    print(fit(one_line(line), out.encoding), file=out)


def _print(text: str) -> None:
    from pytest_kore_convtest.reports.write_files import write_stdout

    write_stdout(text)
