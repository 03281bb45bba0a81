"""The settings: their table, their types, where each value came from."""

from pytest_kore_convtest import SETTINGS_TABLE

SETTINGS: list[list[str]] = [row.split(" | ") for row in SETTINGS_TABLE.splitlines()]
"""Name, kind, where it can be given, what the option takes, meaning: as written in the package itself."""
