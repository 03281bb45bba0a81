"""The record as JSON: one way to write it, and a strict way to read it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError, KoreError
from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.reports.record import FORMAT, VERSION
from pytest_kore_convtest.reports.schema import ShapeError, fit

if TYPE_CHECKING:
    from pytest_kore_convtest.reports.record import Record

_EXACT = 2**53
"""Below it a float holds every whole number."""


def write_record(record: Record) -> str:
    """Return a record as JSON text: keys in the order of its shape, one a line, a newline at the end.

    The same record is the same text, and UTF-8 can hold it. A number that JSON does not
    know (NaN, infinity) becomes ``null``; two halves of a letter side by side are read
    back as that letter.

    Raises:
        KoreError: The data is no record, which is our mistake.
    """
    try:
        text = _dump(fit(record))
    except (ShapeError, RecursionError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        problem = f"the record in the report is not valid ({said}): please file this as a bug"
    else:
        return escape_json(text) + "\n"
    raise KoreError(problem)


def _dump(data: object) -> str:
    try:
        return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    except ValueError:
        return json.dumps(_without_odd_numbers(data), ensure_ascii=False, indent=1)


def _without_odd_numbers(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_odd_numbers(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_odd_numbers(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_record(content: str | bytes, where: str) -> Record:
    """Read a record that ``write_record`` wrote.

    Args:
        content: The file's text, or its bytes in UTF-8.
        where: The file's name, for the errors.

    Raises:
        ConfigError: It is no record, or one of another version.
    """
    try:
        data = json.loads(_decode(content), parse_constant=_refuse, parse_float=_read_float)
        _check_version(data)
        record = fit(data)
        _check_indexes(record)
    except json.JSONDecodeError as error:
        why = f"is not valid JSON: {error.msg}" if error.doc.strip() else "is empty"
        problem = f"{where}:{error.lineno}:{error.colno}: {why}"
    except ShapeError as error:
        problem = f"{where}: {error}"
    except UnicodeDecodeError as error:
        problem = f"{where}: is not valid UTF-8 at byte {error.start}"
    except (ValueError, RecursionError) as error:
        problem = f"{where}: is not valid JSON: {_brief(error)}"
    else:
        return record
    way_out = "give a file that --kore-json wrote, in this release or an older one"
    raise ConfigError(f"{problem}; {way_out}", name="report", source=where)


def _decode(content: str | bytes) -> str:
    text = content.decode("utf-8") if isinstance(content, bytes) else content
    return text.removeprefix("\ufeff")  # what PowerShell puts in front


def _read_float(text: str) -> float:
    """Read a number; JSON knows one kind of them, and other tools write 1 as 1.0."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _brief(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _check_version(data: object) -> None:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ShapeError("$.format", f"this is no report of {FORMAT}")
    version = data.get("version")
    if isinstance(version, bool):
        raise ShapeError("$.version", f"it has to be a whole number, not {version}")
    if isinstance(version, int) and version > VERSION:
        said = f"version {version} was written by a newer {FORMAT}, this one reads version {VERSION}"
        raise ShapeError("$.version", f"{said}: upgrade it")


def _check_indexes(record: Record) -> None:
    """Refuse a suite of a run that is not there, and an item of a suite that is not there."""
    for at, suite in enumerate(record["suites"]):
        _check_index(suite["evidence"], len(record["evidence"]), "evidence", f"$.suites[{at}].evidence")
    for at, item in enumerate(record["items"]):
        for place, index in enumerate(item["suites"]):
            _check_index(index, len(record["suites"]), "suites", f"$.items[{at}].suites[{place}]")


def _check_index(index: int, length: int, target: str, path: str) -> None:
    if index < 0:
        raise ShapeError(path, "a place in a list is counted from 0")
    if index >= length:
        raise ShapeError(path, f"there is no entry {index} in $.{target}")
