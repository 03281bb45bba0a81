"""What an earlier version of the plugin made of the lies; ``--before PYTHON`` measures it anew."""

from __future__ import annotations

import json
from pathlib import Path

_PATH = Path(__file__).with_name("before.json")


def read() -> dict[str, str]:
    """Return what went wrong then, in words, by the lie's name; ``ok`` where nothing did."""
    return json.loads(_PATH.read_text(encoding="utf-8")) if _PATH.exists() else {}


def write(found: dict[str, str]) -> None:
    """Keep what went wrong."""
    _PATH.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
