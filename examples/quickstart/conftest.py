"""Here the import job comes from a file in git instead of from an id."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_kore_convtest import ImportStatus

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def kore_import_status(kore_import_suite: Callable[..., ImportStatus]) -> ImportStatus:
    """Upload and import booking.kore.json, wait until the platform has stored it, judge it."""
    return kore_import_suite(HERE / "booking.kore.json")
