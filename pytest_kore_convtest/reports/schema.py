"""The shape of a record, checked by pydantic and published as a JSON Schema."""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from typing import TYPE_CHECKING

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from typing_extensions import is_typeddict

from pytest_kore_convtest.reports import record as shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_kore_convtest.reports.record import Record

DIALECT = "https://json-schema.org/draft/2020-12/schema"

OPTIONAL: dict[str, object] = {
    "rule": "",
    "file": "",
    "line": 0,
    "column": 0,
    "step": 0,
    "expected": "",
    "actual": "",
    "count": 1,
}
"""What is taken for a key of a finding that is missing: a report of an earlier release has it not."""

_LATER: dict[str, dict[str, Callable[[], object]]] = {
    "Evidence": {"deselected": int, "shard": lambda: None, "stopped": str},
    "ImportRecord": {"given_name": str},
    "RunRecord": {"attempts": list, "excused": bool, "rate": lambda: None},
    "StepRecord": {
        "attempts": list,
        "fails": list,
        "known": str,
        "offers": list,
        "rate": lambda: None,
        "unchecked": bool,
    },
}
"""The keys that a report of an earlier release has not, by shape; those of a finding are in ``OPTIONAL``."""

_INDEXES = (("SuiteRecord", "evidence"), ("ItemRecord", "suites"))
"""The keys that count from 0 into another list."""

_WANTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "list_type": "a list",
    "dict_type": "an object",
    "none_required": "null",
}
"""What a kind of pydantic's errors means to a reader."""


class ShapeError(ValueError):
    """Some data is no record.

    Args:
        path: The JSON path of what is wrong.
        said: What is wrong with it.
    """

    def __init__(self, path: str, said: str) -> None:
        super().__init__(f"{path}: {said}")


def fit(value: object) -> Record:
    """Return data as a record, its keys in the record's order.

    Raises:
        ShapeError: It does not have the shape.
    """
    _complete(value)
    try:
        record = _adapter().validate_python(value)
    except ValidationError as bad:
        (first, *_) = bad.errors(include_url=False, include_context=True)
        problem = ShapeError(_path(first["loc"]), _describe(first["type"], first["input"], first.get("ctx")))
    else:
        return _sort(record)
    raise problem


@cache
def _adapter() -> TypeAdapter[Record]:
    strict = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    for shape in filter(is_typeddict, vars(shapes).values()):
        with_config(strict)(shape)
    return TypeAdapter(shapes.Record)


def _complete(value: object) -> None:
    """Give the record of an earlier release the keys that it did not know."""
    if isinstance(value, dict):
        value.setdefault("coverage", None)
    for run in _objects(value, "evidence"):
        _complete_shape(run, "Evidence")
    for suite in _objects(value, "suites"):
        _complete_shape(suite.get("imported"), "ImportRecord")
        _complete_shape(suite.get("run"), "RunRecord")
        for step in _objects(suite, "steps"):
            _complete_shape(step, "StepRecord")
        for finding in _objects(suite.get("imported"), "findings"):
            for key, usual in OPTIONAL.items():
                finding.setdefault(key, usual)


def _complete_shape(value: object, shape: str) -> None:
    if isinstance(value, dict):
        for key, make in _LATER[shape].items():
            value.setdefault(key, make())


def _sort(record: Record) -> Record:
    """Put keys that are data into the order of the alphabet: equal records are equal texts."""
    for suite in record["suites"]:
        suite["imported"]["assertions"] = dict(sorted(suite["imported"]["assertions"].items()))
        for job in filter(None, (suite["imported"], suite["run"])):
            job["platform_times"] = dict(sorted(job["platform_times"].items()))
    return record


def _objects(holder: object, key: str) -> Iterator[dict[str, object]]:
    entries = holder.get(key) if isinstance(holder, dict) else None
    yield from (entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def _describe(kind: str, value: object, context: Mapping[str, object] | None) -> str:
    if kind == "missing":
        return "it is missing"
    if kind == "extra_forbidden":
        return "no such key is known"
    if kind == "literal_error" and context:
        known = str(context["expected"]).replace("'", '"').replace(" or ", ", ")
        return f"{_show(value)} is none of {known}"
    return f"it has to be {_WANTED.get(kind, 'something else')}, not {_show(value)}"


def _show(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value) if isinstance(value, str) else "null" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - fits one line of an error


def _path(steps: Sequence[int | str]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else _step(step) for step in steps)


def _step(key: str) -> str:
    return f".{key}" if re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII) else f"[{_show(key)}]"


def record_schema() -> dict[str, object]:
    """Return the JSON Schema (2020-12) of a record."""
    found = _adapter().json_schema()
    for holder in found["$defs"], {"Record": found}:
        for name, shape in holder.items():
            shape["description"] = inspect.cleandoc(getattr(shapes, name).__doc__ or "").replace("``", "")
            shape.pop("title", None)
            for member in shape["properties"].values():
                member.pop("title", None)
    for name, optional in (("Finding", OPTIONAL.keys()), *_LATER.items()):
        required = found["$defs"][name]["required"]
        found["$defs"][name]["required"] = [key for key in required if key not in optional]
    found["required"].remove("coverage")
    for name, key in _INDEXES:
        member = found["$defs"][name]["properties"][key]
        member.get("items", member)["minimum"] = 0
    return {"$schema": DIALECT, **found, "title": "Report of pytest-kore-convtest"}


def write_record_schema() -> str:
    """Return the schema as ASCII text, indented and sorted."""
    return json.dumps(record_schema(), indent=2, sort_keys=True)
