"""``import``: upload and import suite files, and print the ids of the import jobs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import FINDINGS, OK
from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.errors import KoreError, Verdict
from pytest_kore_convtest.escapes import escape_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.settings.settings import Settings
    from pytest_kore_convtest.suites.file import LocalSuite

DESCRIPTION = (
    "Upload and import suite files and print NAME ds-…, one a line: the name under which the suite is"
    " stored, and the id for pytest --kore-gate --kore-ds-id. A file with several suites is split. Nothing is"
    " deleted."
)
EXAMPLES = (
    ("import Booking.json", "import, and print NAME ds-…"),
    ("import conversations/*.kore.json --wait", "wait until the imports have ended, and judge them"),
    ("import Booking.json --wait --json", "for a machine"),
)

_LONGEST_NAME = 200

PASSED, FAILED, UNKNOWN = "passed", "failed", "not verified"
"""How a suite's import ended: ``FAILED`` is a verdict, ``UNKNOWN`` is none."""


@dataclass
class _Import:
    """One suite on its way.

    Attributes:
        suite: The local suite.
        name: The name under which it is stored.
        ds_id: The id of its import job, once there is one.
        result: ``PASSED``, ``FAILED``, ``UNKNOWN``; empty when nobody waited.
        message: Why it did not pass.
        told: Whether its line is printed.
    """

    suite: LocalSuite
    name: str
    ds_id: str = ""
    result: str = ""
    message: str = ""
    told: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    from pytest_kore_convtest.cli.configuration import add_settings

    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="suite files, or folders of such (kore_suite_files), searched as pytest does",
    )
    parser.add_argument("--wait", action="store_true", help="wait for the jobs and judge what was stored")
    parser.add_argument("--json", action="store_true", help="print JSON when all is done")
    add_settings(parser, ("import_name", "keep", "timeout", "require_assertions"))


def run(options: argparse.Namespace) -> int:
    """Import suites; every file is read before anything is uploaded."""
    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.cli.configuration import read_account

    suites = list(_read_suites(options))
    settings = read_account(options)
    imports = list(_name(suites, settings))
    try:
        with KoreClient(settings) as client:
            client.require_writable()
            (_import_and_judge if options.wait else _import_only)(client, settings, imports, options)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_say_left_behind(imports)) from None
    finally:
        if options.json:
            print(escape_json(json.dumps([_data(one) for one in imports], indent=2)), flush=True)
    return OK if all(one.result in {"", PASSED} and one.ds_id for one in imports) else FINDINGS


def _read_suites(options: argparse.Namespace) -> Iterator[LocalSuite]:
    from pytest_kore_convtest.cli.configuration import read_offline
    from pytest_kore_convtest.cli.suite_paths import USUAL, check_paths, globs_of
    from pytest_kore_convtest.suites.file import read_suite_file

    folders = any(Path(name).is_dir() for name in options.files)
    globs = globs_of(read_offline(options, ["suite_files"])) if folders else USUAL
    for path in check_paths(options.files, globs):
        yield from read_suite_file(path)


def _name(suites: Iterable[LocalSuite], settings: Settings) -> Iterator[_Import]:
    """Give every suite a name that no other one of this command has."""
    from pytest_kore_convtest.jobs.unique_names import make_run_name
    from pytest_kore_convtest.settings.settings import environment

    run_name, taken = make_run_name(environment()), set[str]()
    for suite in suites:
        number, name = 1, ""
        while not name or name in taken:
            numbered = suite.name if number == 1 else f"{suite.name} ({number})"
            name = settings.import_name.replace("{name}", numbered).replace("{run}", run_name)
            number += 1
            if name in taken and "{name}" not in settings.import_name:
                raise UsageError(f"kore_import_name {name} gives several suites one name: it needs {{name}}")
        taken.add(name)
        yield _Import(suite, name)


def _import_only(
    client: KoreClient, _settings: Settings, imports: list[_Import], options: argparse.Namespace
) -> None:
    for one in imports:
        suite = one.suite
        file_id = client.upload(suite.data, suite.upload_name)
        one.ds_id = client.start_import(file_id, one.name, tags=suite.tags, description=suite.description)
        _tell(one, options)


def _import_and_judge(
    client: KoreClient, settings: Settings, imports: list[_Import], options: argparse.Namespace
) -> None:
    """Take the same way as pytest: all jobs at once, within all limits, judged against their files."""
    from pytest_kore_convtest.jobs.runner import Pipeline
    from pytest_kore_convtest.jobs.store import JobStore

    pipeline = Pipeline(client, settings, JobStore(None))
    try:
        jobs = [pipeline.import_suite(one.suite, one.name) for one in imports]

        def look() -> None:
            for one, job in zip(imports, jobs, strict=True):
                one.ds_id = job.job_id
                _tell(one, options)

        for one, job in zip(imports, jobs, strict=True):
            outcome = pipeline.wait_for(job, look)
            try:
                warnings = job.judge(outcome)
            except KoreError as bad:
                one.result, one.message = FAILED if isinstance(bad, Verdict) else UNKNOWN, bad.message
                sys.stderr.write(f"{_show(one.name)}: {one.result}: {bad.message}\n")
                continue
            one.result = PASSED
            for warning in warnings:
                sys.stderr.write(f"{_show(one.name)}: warning: {warning}\n")
    finally:
        pipeline.close()


def _tell(one: _Import, options: argparse.Namespace) -> None:
    if one.ds_id and not one.told:
        one.told = True
        if not options.json:
            print(f"{_show(one.name)} {one.ds_id}", flush=True)


def _show(name: str) -> str:
    from pytest_kore_convtest.text import printable

    return printable(name, _LONGEST_NAME)


def _data(one: _Import) -> dict[str, object]:
    return {
        "file": str(one.suite.path),
        "suite": one.suite.name,
        "name": one.name,
        "ds_id": one.ds_id,
        "result": one.result,
        "message": one.message,
    }


def _say_left_behind(imports: Iterable[_Import]) -> str:
    ids = [one.ds_id for one in imports if one.ds_id]
    if not ids:
        return "before any import job had begun"
    return f"{len(ids)} import job(s) go on; wait with pytest --kore-gate --kore-ds-id {','.join(ids)}"
