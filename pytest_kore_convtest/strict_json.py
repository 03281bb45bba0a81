"""Load a JSON object as it is, or refuse it: what two readers would take for two things is no answer."""

from __future__ import annotations

import json
import re
from collections import Counter
from math import isinf
from typing import Any

_BOM = b"\xef\xbb\xbf"
_LONGEST_KEY = 40
_CONTAINERS = frozenset({dict, list})
_DEEPEST = 200
_TOO_DEEP = f"Invalid JSON: more than {_DEEPEST} objects and lists are nested"

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""How the escape of half a character begins, if no backslash stands before it."""

_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]|(u[dD][89a-fA-F])|.)", re.DOTALL)
"""Any escape; two halves that belong together are one, half a character alone is its group."""


def load_strictly(body: bytes) -> dict[str, object]:
    """Load a JSON object as it is.

    Raises:
        ValueError: It is no object, too deep, or has a key twice, NaN, a number beyond all bounds, or half
            a character in it.
    """
    try:
        text = body.removeprefix(_BOM).decode("utf-8")
        loaded = json.loads(
            text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
    except json.JSONDecodeError as bad:
        problem = f"Invalid JSON: {bad}"
    except UnicodeDecodeError as bad:
        problem = f"Invalid JSON: not UTF-8 at byte {bad.start}"
    except RecursionError:
        problem = _TOO_DEEP
    else:
        if not isinstance(loaded, dict):
            problem = "the whole is not a JSON object"
        elif not is_shallow(loaded):
            problem = _TOO_DEEP
        elif _HALF.search(body) and any(found[1] for found in _ESCAPE.finditer(body)):
            problem = "Invalid JSON: it contains half a character"
        else:
            return loaded
    raise ValueError(problem)


def is_shallow(loaded: dict[str, object], deepest: int = _DEEPEST) -> bool:
    """Say whether what was loaded can be walked by functions that call themselves.

    Args:
        loaded: What was loaded.
        deepest: How many objects and lists may stand in each other.
    """
    level: list[Any] = [loaded]
    for _ in range(deepest):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if type(inner) in _CONTAINERS
        ]
        if not level:
            return True
    return False


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        key = next(name for name, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"duplicate key {key[:_LONGEST_KEY]!r}")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not valid JSON")


def _finite(digits: str) -> float:
    """Read a number; one that only infinity could stand for cannot be written down again."""
    number = float(digits)
    if isinf(number):
        raise ValueError(f"the number {digits[:_LONGEST_KEY]} is too large")
    return number
