"""The ``kore_...`` fixtures: thin, heavy imports inside them. PYTEST_DONT_REWRITE"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def kore_settings(pytestconfig: pytest.Config) -> Any:
    """Give the frozen settings of this test run."""
    return pytestconfig
