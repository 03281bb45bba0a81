"""The pytest entry point: options from the table, fixtures, and hooks that delegate.

Small on purpose: every pytest run that has this package installed loads it.
What a run really needs is imported when something is configured, or when a
collected item asks for it. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest import options
from pytest_kore_convtest.fixtures import *  # noqa: F403 - pytest finds fixtures in this namespace

if TYPE_CHECKING:
    from pathlib import Path

GATE_MODULE = "pytest_kore_convtest.gate"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register every row of the table."""
    options.register(parser, pytest.version_tuple)
