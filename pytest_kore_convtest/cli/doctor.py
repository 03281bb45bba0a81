"""``doctor``: say whether a test run would work here, what is missing, and the way out."""

from __future__ import annotations

import json
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import FINDINGS, INTERRUPTED, OK
from pytest_kore_convtest.text import escape_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pytest

    from pytest_kore_convtest.cli.configuration import Raw
    from pytest_kore_convtest.cli.doctor_local import Check
    from pytest_kore_convtest.settings.settings import Settings

DESCRIPTION = (
    "Say whether a test run would work here: every setting with its source, what is missing, and what the"
    " platform says to requests that change nothing. The same as pytest --kore-doctor. The exit code is 0"
    " only if a test run would work."
)
EXAMPLES = (
    ("doctor", "check the settings of this folder"),
    ("doctor Booking.json Bot.zip", "compare the bot of these files, too"),
    ("doctor --json", "for a machine"),
)

_LONGEST = 2000

_MARKS = {"ok": "ok", "warning": "WARNING", "error": "ERROR", "skipped": "skipped"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    from pytest_kore_convtest.cli.configuration import add_settings

    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="suite files and bot exports whose bot id is compared, too"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_settings(parser, ("ds_id", "run", "emulator"))


def run(options: argparse.Namespace) -> int:
    """Print what was found."""
    from pathlib import Path

    from pytest_kore_convtest.cli.configuration import gather_raw
    from pytest_kore_convtest.cli.parser import UsageError

    named = [Path(name) for name in options.files]
    for path in named:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        if not path.is_file() and not path.is_dir():
            raise UsageError(f"{path} is neither a file nor a folder")
    return _report(gather_raw(options), named, as_json=options.json)


def examine(config: pytest.Config) -> int:
    """Do what ``pytest --kore-doctor`` does; return the exit code."""
    from pathlib import Path

    from pytest_kore_convtest.cli.configuration import Raw

    typed = [str(word).partition("::")[0] for word in config.args]
    try:
        return _report(Raw(config), [path for word in typed if (path := Path(word)).is_file()], as_json=False)
    except KeyboardInterrupt:
        return INTERRUPTED


def _report(raw: Raw, named: Sequence[Path], *, as_json: bool) -> int:
    from pytest_kore_convtest.cli import doctor_local

    settings, checks, refused = doctor_local.settle(raw)
    if not as_json:
        _print_settings(doctor_local.describe_settings(settings), raw)
        for check in checks:
            _print_check(check)
    for check in _look(settings, refused, raw, named):
        checks.append(check)
        if not as_json:
            _print_check(check)
    good = not any(check.level == doctor_local.ERROR for check in checks)
    if as_json:
        data = {
            "gate_would_work": good,
            "ini_file": str(raw.ini) if raw.ini else "",
            "settings": doctor_local.describe_settings(settings),
            "checks": [vars(check) for check in checks],
        }
        print(escape_json(json.dumps(data, indent=2)))
        return OK if good else FINDINGS
    _print_verdict(settings, checks, good=good)
    return OK if good else FINDINGS


def _look(settings: Settings, refused: set[str], raw: Raw, named: Sequence[Path]) -> Iterator[Check]:
    from pytest_kore_convtest.cli import doctor_local as local

    folders = [path for path in named if path.is_dir()]
    files = list(local.read_files(settings, [path for path in named if path.is_file()], folders or raw.paths))
    suites = {path: bot for path, kind, bot in files if kind == "suite"}
    yield from local.look_at_notes(settings)
    if settings.baseline is not None or settings.history is not None:
        from pytest_kore_convtest.cli.doctor_past import look_at_baseline, look_at_history

        yield from look_at_baseline(settings, suites)
        yield from look_at_history(settings)
    if settings.emulator:
        yield _look_at_emulator()
        return
    yield from local.look_for_missing(settings, refused, has_suites=bool(suites))
    yield from local.look_at_host(settings)
    yield from local.compare_ids(
        settings, suites, {path: bot for path, kind, bot in files if kind == "export"}
    )
    yield from local.name_strangers([path for path, kind, _ in files if kind == "neither"], named)
    yield from local.look_at_files(settings)
    yield from local.look_at_secret(settings)
    yield from local.look_at_token(settings, time.time())
    from pytest_kore_convtest.cli.doctor_network import look_at_network

    yield from look_at_network(settings)


def _look_at_emulator() -> Check:
    from pytest_kore_convtest.cli.doctor_local import ERROR, Check
    from pytest_kore_convtest.cli.doctor_local import OK as FINE

    if find_spec("werkzeug") is None:
        fix = 'pip install "pytest-kore-convtest[emulator]"'
        return Check("emulator", ERROR, "Werkzeug is not installed", "the built-in emulator needs it", fix)
    return Check("emulator", FINE, "the built-in emulator is used; no real platform would be contacted")


def _print_settings(lines: list[dict[str, str]], raw: Raw) -> None:
    """Print what is set and what a gate needs, a line each; the defaults in one paragraph."""
    from textwrap import fill

    from pytest_kore_convtest.cli.configuration import CONNECTION
    from pytest_kore_convtest.settings.options import ROWS

    print(f"settings (ini file: {raw.ini or 'none'})")
    needed = {ROWS[name].ini_key for name in CONNECTION}
    shown = [line for line in lines if line["source"] != "default" or line["name"] in needed]
    wide = max(len(line["name"]) for line in shown)
    for line in shown:
        value = f"{line['value']}  ({line['source']})" if line["value"] else "not set"
        print(f"  {line['name']:{wide}}  {value}")
    rest = [f"{line['name']} {line['value']}" for line in lines if line not in shown and line["value"]]
    print(fill("defaults: " + ", ".join(rest), 100, initial_indent="  ", subsequent_indent="    "))
    print("checks")


def _print_check(check: Check) -> None:
    from pytest_kore_convtest.api.error_responses import printable

    print(f"  {_MARKS[check.level]:7}  {check.name}: {printable(check.what, _LONGEST)}")
    for word, text in (("why", check.why), ("do", check.fix)):
        if text:
            print(f"           {word}: {printable(text, _LONGEST)}")
    sys.stdout.flush()  # what comes next may take its time


def _print_verdict(settings: Settings, checks: list[Check], *, good: bool) -> None:
    counts: dict[str, object] = {
        word: sum(check.level == word for check in checks) for word in ("error", "warning")
    }
    told = ", ".join(
        f"{number} {word}{'' if number == 1 else 's'}" for word, number in counts.items() if number
    )
    verdict = "a test run would work here" if good else "a test run would NOT work here"
    if good and settings.emulator:
        verdict += ", against the built-in emulator"
    print(f"kore: {verdict}{f' ({told})' if told else ''}")
