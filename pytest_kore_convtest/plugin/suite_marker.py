"""The marker ``kore_suite``: what the suite of ``kore_import_status`` has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.plugin.own_items import fixture_values

if TYPE_CHECKING:
    import pytest

    from pytest_kore_convtest.plugin.session import Run


def check_marker(run: Run, item: pytest.Item) -> None:
    """Judge an item's import against its ``kore_suite`` markers; the closest one wins.

    Raises:
        StructureError: An expectation is not met.
        ConfigError: The marker cannot be used.
    """
    stated: dict[str, object] = {}
    for marker in reversed(list(item.iter_markers("kore_suite"))):
        if marker.args:
            raise _bad_marker("takes keywords only: name=, steps=, tags=, inputs=")
        stated.update(marker.kwargs)
    status = fixture_values(item).get("kore_import_status")
    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.suites.stored.validate import expect, judge, verdict

    if not isinstance(status, ImportStatus):
        raise _bad_marker("needs a test that uses kore_import_status")
    try:
        expectations = expect(stated, stream_id=status.stream_id, rules=run.settings.rules)
    except TypeError as bad:
        problem = str(bad)
    else:
        if found := verdict(status, judge(status, expectations)):
            raise found
        return
    raise _bad_marker(problem)


def _bad_marker(problem: str) -> ConfigError:
    return ConfigError(f"@pytest.mark.kore_suite: {problem}", name="kore_suite", source="marker")
