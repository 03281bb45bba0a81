"""Examine everything that a test run would need, and print what was found."""

from __future__ import annotations

import json
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pytest_kore_convtest.doctor import local
from pytest_kore_convtest.doctor.local import ERROR, OK, Check
from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.settings.options import CONNECTION, ROWS
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_kore_convtest.settings.raw import RawSettings
    from pytest_kore_convtest.settings.settings import Settings

_LONGEST = 2000

_MARKS = {"ok": "ok", "warning": "WARNING", "error": "ERROR", "skipped": "skipped"}


def examine(raw: RawSettings, named: Sequence[Path], *, as_json: bool = False) -> bool:
    """Print what was found; say whether a test run would work here.

    Args:
        raw: What stands on the command line, in the environment and in the ini file.
        named: Suite files and bot exports whose bot id is compared, too, and folders of such files.
        as_json: Print one JSON document instead of lines.
    """
    settings, checks, refused = local.settle(raw)
    if not as_json:
        _print_settings(local.describe_settings(settings), raw)
        for check in checks:
            _print_check(check)
    for check in _look(settings, refused, raw, named):
        checks.append(check)
        if not as_json:
            _print_check(check)
    good = not any(check.level == ERROR for check in checks)
    if as_json:
        data = {
            "gate_would_work": good,
            "ini_file": str(raw.ini_file) if raw.ini_file else "",
            "settings": local.describe_settings(settings),
            "checks": [vars(check) for check in checks],
        }
        print(escape_json(json.dumps(data, indent=2)))
    else:
        _print_verdict(settings, checks, good=good)
    return good


def _look(settings: Settings, refused: set[str], raw: RawSettings, named: Sequence[Path]) -> Iterator[Check]:
    folders = [path for path in named if path.is_dir()]
    files = list(local.read_files(settings, [path for path in named if path.is_file()], folders or raw.paths))
    suites = {path: bot for path, kind, bot in files if kind == "suite"}
    yield from local.look_at_notes(settings)
    if settings.baseline is not None or settings.history is not None:
        from pytest_kore_convtest.doctor.past import look_at_baseline, look_at_history

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
    from pytest_kore_convtest.doctor.network import look_at_network

    yield from look_at_network(settings)


def _look_at_emulator() -> Check:

    if find_spec("werkzeug") is None:
        fix = 'pip install "pytest-kore-convtest[emulator]"'
        return Check("emulator", ERROR, "Werkzeug is not installed", "the built-in emulator needs it", fix)
    return Check("emulator", OK, "the built-in emulator is used; no real platform would be contacted")


def _print_settings(lines: list[dict[str, str]], raw: RawSettings) -> None:
    """Print what is set and what a gate needs, a line each; the defaults in one paragraph."""
    from textwrap import fill

    print(f"settings (ini file: {raw.ini_file or 'none'})")
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
