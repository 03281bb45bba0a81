"""The file of a baseline: reading it strictly, and writing it for reviews."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.history.baseline import Baseline, Entry
from pytest_kore_convtest.reports.write_files import LARGEST_REPORT
from pytest_kore_convtest.strict_json import load_strictly
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FORMAT = "pytest-kore-convtest baseline"
VERSION = 1
"""What a baseline calls itself, and the version of its shape."""

LARGEST = LARGEST_REPORT
"""Bytes of a baseline, or of the report of an earlier run in its place."""

_NEEDED = ("suite", "step", "input", "reason", "until")


def read_content(path: Path, shown: str) -> bytes:
    """Return the bytes of a baseline, or of a report in its place.

    Args:
        path: Where it is.
        shown: Its name, for the errors.

    Raises:
        ConfigError: It cannot be read, or is too large for one.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
    else:
        if len(content) <= LARGEST:
            return content
        problem = f"it is larger than {LARGEST // 1024**2} MiB"
    said = f"cannot read the baseline {printable(shown, 200)}: {problem}; name another file, or give none"
    raise ConfigError(said, name="baseline")


def read_baseline(content: bytes, path: str) -> Baseline:
    """Read a baseline.

    Args:
        content: The file's bytes.
        path: Its name, for the errors.

    Raises:
        ConfigError: It is none; one sentence says where and why.
    """
    way_out = "correct it, or write it anew with kore-convtest compare --accept"
    try:
        data = load_strictly(content)
        if _is_newer(data):
            way_out = "upgrade pytest-kore-convtest"
        _check_head(data)
        entries = _read_entries(data.get("accepted"))
    except ValueError as bad:
        problem = str(bad)
    else:
        return Baseline(path, entries)
    said = f"the baseline {printable(path, 200)} cannot be used: {problem}"
    raise ConfigError(f"{said}; {way_out}", name="baseline")


def _is_newer(data: Mapping[str, object]) -> bool:
    version = data.get("version")
    return isinstance(version, int) and version > VERSION


def _check_head(data: dict[str, object]) -> None:
    if data.get("format") != FORMAT:
        raise ValueError(f'$.format: it has to be "{FORMAT}"')
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError("$.version: it has to be a whole number above 0")
    if version > VERSION:
        raise ValueError(
            f"$.version: version {version} was written by a newer pytest-kore-convtest,"
            f" this one reads version {VERSION}"
        )
    if unknown := sorted(data.keys() - {"format", "version", "accepted"}):
        raise ValueError(f"$.{printable(unknown[0], 40)}: no such key is known")


def _read_entries(listed: object) -> tuple[Entry, ...]:
    if not isinstance(listed, list):
        raise ValueError("$.accepted: it has to be a list")  # noqa: TRY004 - of a file, not of a caller
    entries = tuple(_read_entry(one, f"$.accepted[{at}]") for at, one in enumerate(listed))
    _check_twice(entries)
    return entries


def _read_entry(data: object, path: str) -> Entry:
    if not isinstance(data, dict):
        raise ValueError(f"{path}: it has to be an object")  # noqa: TRY004 - as above
    known = {one.name for one in fields(Entry)}
    if unknown := sorted(data.keys() - known):
        raise ValueError(f"{path}.{printable(unknown[0], 40)}: no such key is known")
    for key in _NEEDED:
        if key not in data:
            raise ValueError(f"{path}.{key}: it is missing")
    step = data["step"]
    if not isinstance(step, int) or isinstance(step, bool) or step < 1:
        raise ValueError(f"{path}.step: it has to be a whole number above 0")
    texts = {
        key: _read_text(data.get(key, ""), f"{path}.{key}") for key in known - {"step", "until", "fails"}
    }
    for key in ("suite", "reason"):
        if not texts[key].strip():
            raise ValueError(f"{path}.{key}: it is empty")
    until = read_day(data["until"], f"{path}.until")
    return Entry(step=step, until=until, fails=_read_fails(data, path), **texts)


def _read_fails(data: Mapping[str, object], path: str) -> tuple[str, ...]:
    if "fails" not in data:
        return ()
    listed = data["fails"]
    if not isinstance(listed, list) or not listed:
        said = "it has to be a list of what may fail; without the key anything may"
        raise ValueError(f"{path}.fails: {said}")
    return tuple(_read_text(one, f"{path}.fails[{at}]") for at, one in enumerate(listed))


def _read_text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{path}: it has to be a text")  # noqa: TRY004 - as above
    return value


def read_day(value: object, path: str) -> date:
    """Read a day such as ``2027-01-31``.

    Raises:
        ValueError: It is none.
    """
    shown = printable(str(value), 40)
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        day = None
    if day is not None and day.isoformat() == value:  # Python 3.11 takes weeks, too
        return day
    raise ValueError(f"{path}: {shown!r} is no day: write it as 2027-01-31")


def _check_twice(entries: Iterable[Entry]) -> None:
    seen: set[tuple[object, ...]] = set()
    for at, entry in enumerate(entries):
        key = entry.identity
        if key in seen:
            raise ValueError(f"$.accepted[{at}]: {entry.name} is accepted twice")
        seen.add(key)


def write_baseline(entries: Iterable[Entry]) -> str:
    """Return the JSON text of a baseline: one key a line, in one order."""
    order = (
        "file",
        "suite",
        "step",
        "input",
        "expected",
        "reason",
        "until",
        "accepted",
        "bot",
        "bot_version",
    )
    rows = [
        {key: _plain(getattr(entry, key)) for key in order}
        | ({"fails": list(entry.fails)} if entry.fails else {})
        for entry in entries
    ]
    data = {"format": FORMAT, "version": VERSION, "accepted": rows}
    return escape_json(json.dumps(data, indent=1, ensure_ascii=False)) + "\n"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
