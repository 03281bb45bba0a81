"""The shape of a record: what checks one that was read, and what is published as its JSON Schema."""

from __future__ import annotations

import inspect
import json
import math
import re
import types
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from pytest_kore_convtest.reports import record as facts

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_Schema = dict[str, Any]
_NONE = type(None)

_VERDICTS = (facts.PASSED, facts.FAILED, facts.UNKNOWN)

WORDS: dict[tuple[str, str], tuple[Any, ...]] = {
    ("Record", "format"): (facts.FORMAT,),
    ("Record", "version"): (facts.VERSION,),
    ("Record", "verdict"): _VERDICTS,
    ("SuiteRecord", "verdict"): _VERDICTS,
    ("ImportRecord", "verdict"): _VERDICTS,
    ("RunRecord", "verdict"): _VERDICTS,
    ("ImportRecord", "says"): (facts.PLATFORM, facts.DERIVED),
    ("RunRecord", "says"): (facts.PLATFORM, facts.DERIVED),
    ("StepRecord", "says"): (facts.PLATFORM, facts.DERIVED),
    ("StepRecord", "outcome"): (facts.PASSED, facts.FAILED, facts.NOT_EVALUATED),
    ("ItemRecord", "outcome"): ("passed", "failed", "error", "skipped", "xfailed", "xpassed"),
    ("Finding", "severity"): ("error", "warning", "hint"),
}
"""The keys that may hold certain words only: a result must never be a word that nobody knows."""

OPTIONAL: dict[tuple[str, str], Any] = {
    ("Finding", "rule"): "",
    ("Finding", "file"): "",
    ("Finding", "line"): 0,
    ("Finding", "column"): 0,
    ("Finding", "step"): 0,
    ("Finding", "expected"): "",
    ("Finding", "actual"): "",
    ("Finding", "count"): 1,
}
"""What is taken for a key that is missing: a report of an earlier release has it not."""

INDEXES = {("SuiteRecord", "evidence"), ("ItemRecord", "suites")}
"""The keys that count from 0 into another list."""

_KINDS: dict[Any, tuple[str, str]] = {
    str: ("string", "a text"),
    bool: ("boolean", "true or false"),
    int: ("integer", "a whole number"),
    float: ("number", "a number"),
    _NONE: ("null", "null"),
}


class ShapeError(ValueError):
    """Some data is no record.

    Args:
        path: The JSON path of what is wrong.
        said: What is wrong with it.
    """

    def __init__(self, path: str, said: str) -> None:
        super().__init__(f"{path}: {said}")


def fit(value: Any, shape: Any = facts.Record, path: str = "$") -> Any:
    """Return a value with its keys in the record's order.

    Raises:
        ShapeError: It does not have the shape.
    """
    if is_typeddict(shape):
        return _fit_members(value, shape, path)
    origin, inside = get_origin(shape), get_args(shape)
    if origin is list:
        _require(isinstance(value, list), value, "a list", path)
        return [fit(one, inside[0], f"{path}[{at}]") for at, one in enumerate(value)]
    if origin is dict:
        _require(isinstance(value, dict), value, "an object", path)
        return {key: fit(one, inside[1], f"{path}{_step(key)}") for key, one in sorted(value.items())}
    if origin in {Union, types.UnionType}:
        if value is None:
            return None
        (other,) = (one for one in inside if one is not _NONE)
        return fit(value, other, path)
    return value if shape is Any else _fit_plain(value, shape, path)


def _fit_members(value: Any, shape: type, path: str) -> dict[str, Any]:
    _require(isinstance(value, dict), value, "an object", path)
    members = _members(shape)
    for key in value:
        if key not in members:
            raise ShapeError(f"{path}{_step(key)}", "no such key is known")
    found = {}
    for key, inner in members.items():
        below = f"{path}.{key}"
        if key not in value:
            if (shape.__name__, key) in OPTIONAL:
                found[key] = OPTIONAL[shape.__name__, key]
                continue
            raise ShapeError(below, "it is missing")
        found[key] = fit(value[key], inner, below)
        _check_word((shape.__name__, key), found[key], below)
    return found


def _check_word(place: tuple[str, str], value: Any, path: str) -> None:
    allowed = WORDS.get(place)
    if allowed and value not in allowed:
        raise ShapeError(path, f"{_show(value)} is none of {', '.join(map(_show, allowed))}")
    numbers = value if isinstance(value, list) else [value]
    if place in INDEXES and min(numbers, default=0) < 0:
        raise ShapeError(path, "a place in a list is counted from 0")


def _fit_plain(value: Any, shape: Any, path: str) -> Any:
    if shape is int and isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON knows one kind of number, and other tools write 1 as 1.0
    wanted = (int, float) if shape is float else (shape,)
    good = isinstance(value, wanted) and (shape is bool or not isinstance(value, bool))
    if good and isinstance(value, float):
        good = math.isfinite(value)
    _require(good, value, _KINDS[shape][1], path)
    return value


def _require(good: bool, value: Any, wanted: str, path: str) -> None:
    if not good:
        raise ShapeError(path, f"it has to be {wanted}, not {_show(value)}")


def _show(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value) if isinstance(value, str) else "null" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - fits one line of an error


def _step(key: Any) -> str:
    plain = isinstance(key, str) and re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII)
    return f".{key}" if plain else f"[{_show(key)}]"


@cache
def _members(shape: type) -> dict[str, Any]:
    return get_type_hints(shape)


def record_schema() -> _Schema:
    """Return the JSON Schema (2020-12) of a record."""
    found: dict[str, _Schema] = {}
    _describe(facts.Record, found)
    return {
        "$schema": DIALECT,
        "title": "Report of pytest-kore-convtest",
        **found.pop("Record"),
        "$defs": found,
    }


def write_record_schema() -> str:
    """Return the schema as ASCII text, indented and sorted."""
    return json.dumps(record_schema(), indent=2, sort_keys=True)


def _describe(shape: Any, found: dict[str, _Schema]) -> _Schema:
    """Return the schema of a shape; those of the objects in it are added to what was found."""
    if is_typeddict(shape):
        if shape.__name__ not in found:
            found[shape.__name__] = {}  # keeps its place
            found[shape.__name__] = _describe_members(shape, found)
        return {"$ref": f"#/$defs/{shape.__name__}"}
    origin, inside = get_origin(shape), get_args(shape)
    if origin is list:
        return {"type": "array", "items": _describe(inside[0], found)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _describe(inside[1], found)}
    if origin in {Union, types.UnionType}:
        return {"anyOf": [_describe(one, found) for one in inside]}
    return {} if shape is Any else {"type": _KINDS[shape][0]}


def _describe_members(shape: type, found: dict[str, _Schema]) -> _Schema:
    members = _members(shape)
    properties = {key: _describe(inner, found) for key, inner in members.items()}
    for key, member in properties.items():
        place = (shape.__name__, key)
        if place in WORDS:
            member["enum"] = list(WORDS[place])
        if place in INDEXES:
            member.get("items", member)["minimum"] = 0
    return {
        "description": inspect.cleandoc(shape.__doc__ or "").replace("``", ""),
        "type": "object",
        "properties": properties,
        "required": [key for key in members if (shape.__name__, key) not in OPTIONAL],
        "additionalProperties": False,
    }
