"""What YAML makes of a text without quotes."""

from __future__ import annotations

import json
import re
from math import isfinite

_SWITCHES = frozenset(
    spelt
    for word in ("true", "false", "yes", "no", "on", "off")
    for spelt in (word, word.capitalize(), word.upper())
)
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_NUMBER = re.compile(
    r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|\.(?:inf|Inf|INF)|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[0-9][0-9_]*(?:(?::[0-5]?[0-9])+)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?)|\.(?:nan|NaN|NAN)"
)
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?"
)
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 300


def changed_by_yaml(text: str) -> str:
    """Say what YAML (1.1 or 1.2) makes of a text without quotes; empty when it stays this text."""
    if text in _NOTHING:
        return "nothing (null)"
    if text in _SWITCHES:
        return "true or false"
    if text[0] in "-+.0123456789":
        if _NUMBER.fullmatch(text):
            return "a number"
        if _DATE.fullmatch(text):
            return "a date"
    return ""


def is_json_word(text: str) -> bool:
    """Say whether a text is a number, ``true``, ``false`` or ``null`` as JSON has them, too."""
    if text in {"true", "false", "null"}:
        return True
    found = len(text) <= _LONGEST_NUMBER and _JSON_NUMBER.fullmatch(text)
    return bool(found) and isfinite(json.loads(text))
