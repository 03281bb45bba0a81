"""Write JSON and YAML of the same meaning in which nothing stands that a terminal or CI server obeys.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import re

HIDDEN = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff0-\ufff8"
)
HIDDEN_BEYOND = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
JOINING = "\u200c\u200d\ufe00-\ufe0f"
"""Characters that nobody sees (Unicode: Default_Ignorable_Code_Point), for a set of a regular expression:
up to U+FFFF, beyond it, and those that are part of ordinary spelling beside others."""

_UNSAFE = re.compile(
    f"[\x7f-\x9f\u2028\u2029{HIDDEN}\ufff9-\uffff\ud800-\udfff{HIDDEN_BEYOND}]"
    "|(?<=#)#(?=[A-Za-z]{0,20}\\[)"
    "|(?<=section_start):|(?<=section_end):|(?<=travis_fold):|(?<=travis_time):|(?<=\\[\\[ATTACHMENT)\\|"
)
"""What JSON lets stand, but a terminal or CI server obeys, an editor hides or UTF-8 cannot hold."""
_LARGEST_PLANE = 0xFFFF


def escape_json(text: str) -> str:
    """Return JSON of the same meaning in which nothing stands that a terminal or CI server obeys."""
    return _UNSAFE.sub(_escape_letter, text)


def escape_yaml(text: str) -> str:
    """Return text for double quotes of YAML, of the same meaning, in which nothing such stands either."""
    return _UNSAFE.sub(_escape_point, text)


def _escape_point(found: re.Match[str]) -> str:
    number = ord(found.group())
    return f"\\u{number:04x}" if number <= _LARGEST_PLANE else f"\\U{number:08x}"


def _escape_letter(found: re.Match[str]) -> str:
    number = ord(found.group())
    if number <= _LARGEST_PLANE:
        return f"\\u{number:04x}"
    number -= _LARGEST_PLANE + 1
    return f"\\u{0xD800 + (number >> 10):04x}\\u{0xDC00 + (number & 0x3FF):04x}"
