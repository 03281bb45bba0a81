"""Read JSON that came in: all that can be written down again, and nothing else."""

from __future__ import annotations

import json
from math import isfinite

_DEEPEST = 200
"""Levels of lists and objects in each other that are read; what walks them calls itself."""


def read_json(data: bytes | str) -> object:
    """Return what some JSON says.

    Raises:
        ValueError: It is not valid JSON, too deep, or has a number that is none.
    """
    try:
        value = _DECODER.decode(data if isinstance(data, str) else data.decode(json.detect_encoding(data)))
    except RecursionError:
        value = None
    else:
        if _is_shallow(value):
            return value
    raise ValueError("it is nested too deep")


def _read_number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:20]} is no number")
    return number


_DECODER = json.JSONDecoder(parse_constant=_read_number, parse_float=_read_number)


def _is_shallow(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST + 1):
        inner = [
            one.values() if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))
        ]
        if not inner:
            return True
        level = [one for several in inner for one in several]
    return False
