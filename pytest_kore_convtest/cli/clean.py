"""``clean``: delete the imported suites that test runs kept, by their JSON reports, and nothing else."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import OK
from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.errors import RefusedError
from pytest_kore_convtest.escapes import escape_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.reports.record import Evidence, Record, SuiteRecord
    from pytest_kore_convtest.settings.settings import Settings

DESCRIPTION = (
    "Delete the suites that test runs imported and kept, as their JSON reports (--kore-json) say. They are"
    " shown first. Only names that such a run created are deleted; runs against the emulator are skipped."
)
EXAMPLES = (
    ("clean reports/kore.json", "show the kept suites, and ask"),
    ("clean reports/*.json --yes", "show them, and delete them"),
    ("clean reports/*.json --yes --json", "for a machine"),
)

_ALWAYS, _NEVER = "always", "never"
_PASSED, _FAILED = "passed", "failed"
_SHOWN = 100


@dataclass(frozen=True)
class _Kept:
    """One suite that a run kept.

    Attributes:
        name: The name under which it is stored.
        host: The platform.
        stream: The bot.
        report: The report that says so.
    """

    name: str
    host: str
    stream: str
    report: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    from pytest_kore_convtest.cli.configuration import add_settings

    parser.add_argument("reports", nargs="+", metavar="REPORT.json", help="what --kore-json wrote")
    parser.add_argument("--yes", action="store_true", help="delete without asking")
    parser.add_argument("--json", action="store_true", help="print JSON; needs --yes")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Show the suites, ask, and delete them."""
    if options.json and not options.yes:
        raise UsageError("--json needs --yes: a machine cannot be asked")
    from pytest_kore_convtest.reports.serialize import read_record
    from pytest_kore_convtest.reports.write_files import read_file

    # Every report is read before anything is deleted.
    records = [(path, read_record(read_file(path), path)) for path in options.reports]
    kept: list[_Kept] = []
    skipped: list[str] = []
    for path, record in records:
        kept += list(_find_kept(record, path, skipped))
    kept = list({one.name: one for one in kept}.values())
    for line in skipped:
        sys.stderr.write(f"{line}\n")
    if not kept:
        return _finish(options, [], [], "nothing to delete: these runs kept no suite that they imported")
    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.cli.configuration import read_account

    settings = read_account(options)
    _require_same_bot(settings, kept)
    with KoreClient(settings) as client:
        client.require_writable()
        if not _confirmed(options, settings, kept):
            return _finish(options, [], [], "nothing was deleted")
        deleted, gone = _delete(client, [one.name for one in kept])
    return _finish(options, deleted, gone, "")


def _find_kept(record: Record, path: str, skipped: list[str]) -> Iterator[_Kept]:
    for number, evidence in enumerate(record["evidence"]):
        suites = [suite for suite in record["suites"] if suite["evidence"] == number]
        if evidence["emulator"]:
            skipped.append(f"{path}: skipped: that run was against the built-in emulator")
            continue
        keep = next((one["value"] for one in evidence["settings"] if one["name"] == "kore_keep"), _NEVER)
        for suite in suites:
            if _was_kept(suite, keep, evidence):
                name = suite["imported"]["given_name"]  # whatever name the platform tells of it
                yield _Kept(name, evidence["host"], evidence["stream_id"], path)


def _was_kept(suite: SuiteRecord, keep: str, evidence: Evidence) -> bool:
    """Say whether a run imported a suite itself and left it on the platform."""
    imported = suite["imported"]
    created = bool(suite["file"] and imported["file_id"] and imported["stored"] and imported["given_name"])
    if not created:
        return False
    # Interrupted runs delete nothing, and no run deletes a suite whose job has not ended.
    gone: tuple[str, ...] = {_ALWAYS: (), _NEVER: (_PASSED, _FAILED)}.get(keep, (_PASSED,))
    return evidence["interrupted"] or suite["verdict"] not in gone


def _require_same_bot(settings: Settings, kept: Iterable[_Kept]) -> None:
    for one in kept:
        if (one.host, one.stream) != (settings.host, settings.stream_id):
            raise UsageError(
                f"{one.report} is of stream {one.stream} on {one.host}, the settings name"
                f" {settings.stream_id} on {settings.host}: give --kore-host and --kore-stream-id of that run"
            )


def _confirmed(options: argparse.Namespace, settings: Settings, kept: list[_Kept]) -> bool:
    from pytest_kore_convtest.text import printable

    if options.json:
        return True
    print(f"{len(kept)} suite(s) of stream {settings.stream_id} on {settings.host}:")
    for one in kept:
        print(f"  {printable(one.name, _SHOWN)}  ({printable(one.report, _SHOWN)})")
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nothing was deleted: there is no terminal to ask at, so give --yes")
    sys.stdout.write("Delete them? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _delete(client: KoreClient, names: list[str]) -> tuple[list[str], list[str]]:
    """Delete suites; return those that were deleted, and those that were gone already.

    The platform refuses a list in which one name is unknown: then each is tried by itself.
    """
    try:
        client.delete_suites(names)
    except RefusedError as bad:
        refused = bad
    else:
        return names, []
    if len(names) == 1 and not _is_gone(refused):
        raise refused
    deleted: list[str] = []
    gone: list[str] = []
    for name in names:
        (deleted if _delete_one(client, name) else gone).append(name)
    return deleted, gone


def _delete_one(client: KoreClient, name: str) -> bool:
    """Delete one suite; say whether it was there."""
    try:
        client.delete_suites([name])
    except RefusedError as bad:
        if not _is_gone(bad):
            raise
        return False
    return True


def _is_gone(refused: RefusedError) -> bool:
    return "not found" in refused.reply.lower()


def _finish(options: argparse.Namespace, deleted: list[str], gone: list[str], said: str) -> int:
    if options.json:
        print(escape_json(json.dumps({"deleted": deleted, "gone": gone}, indent=2)))
    elif said:
        print(said)
    else:
        print(f"deleted {len(deleted)}" + (f"; {len(gone)} were gone already" if gone else ""))
    return OK
