"""What a test run has selected of ours: every item, what it waits for, where it stands."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.plugin.own_items import OwnItem, is_live, wanted_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.settings.settings import Settings

LINT, OWN, TEST = "lint", "own", "test"
"""The kinds of items: they judge a file, they judge what is on the platform, a user wrote them."""

_KEY = "selected"
"""The key of the store's entry under which xdist's workers tell the controller."""


class Selected(NamedTuple):
    """A selected item of ours.

    Attributes:
        nodeid: Its node id.
        kind: ``LINT``, ``OWN`` or ``TEST``.
        wants: The ids of the configured import jobs that it waits for.
        path: Its file, as pytest shows it.
        line: Its line, 0-based; ``None`` when there is none.
        domain: Its name, as pytest shows it.
        step: The 1-based step that it judges, 0 for others.
        steps: How many steps its suite has, when it judges the suite's run or one of them; 0 for others.
        properties: What JUnit tells about it.
    """

    nodeid: str
    kind: str
    wants: tuple[str, ...]
    path: str = ""
    line: int | None = None
    domain: str = ""
    step: int = 0
    steps: int = 0
    properties: tuple[tuple[str, str], ...] = ()


class _Told(TypedDict, total=False):
    """What a worker writes down: what is selected, and how many items of ours are not."""

    selected: list[_Entry]
    deselected: int


class _Entry(TypedDict):
    """A selected item as a worker writes it down."""

    nodeid: str
    kind: str
    wants: list[str]
    path: str
    line: int | None
    domain: str
    step: int
    steps: int
    properties: list[list[str]]


def select(items: Iterable[pytest.Item], settings: Settings, most: int | None = None) -> list[Selected]:
    """Return the items that are ours, or that ask the platform through us.

    Args:
        items: All items that are selected.
        settings: The settings.
        most: How many are enough to know of; ``None`` for all.
    """
    return [_describe(item, settings) for item in islice(filter(is_ours, items), most)]


def is_ours(item: pytest.Item) -> bool:
    """Say whether an item is ours, or asks the platform through us."""
    return isinstance(item, OwnItem) or is_live(item)


def _describe(item: pytest.Item, settings: Settings) -> Selected:
    kind, step, steps = TEST, 0, 0
    properties: list[tuple[str, str]] = []
    if isinstance(item, OwnItem):
        kind, step = LINT if item.offline else OWN, item.number
        steps = len(item.suite.steps) if item.suite and item.needs_run else 0
        properties = [(str(name), str(value)) for name, value in item.user_properties]
    wants = tuple(wanted_jobs(item, settings))
    return Selected(item.nodeid, kind, wants, *item.location, step, steps, tuple(properties))


def count_steps(selected: Iterable[Selected]) -> tuple[int, int]:
    """Return how many steps of the suites that are run were deselected here, and how many there are."""
    suites: dict[str, int] = {}
    shown = 0
    for one in selected:
        if one.steps:
            suites[one.nodeid.rpartition("::")[0]] = one.steps
            shown += one.step > 0
    total = sum(suites.values())
    return total - shown, total


def tell_controller(run: Run, selected: list[Selected]) -> None:
    """Under xdist, leave word for the controller, which never sees an item."""
    if not selected:
        return
    try:
        entry = {_KEY: [one._asdict() for one in selected], "deselected": run.deselected}
        run.store().leave(_KEY, entry)
    except ConfigError:
        return  # the folder cannot be used: each item says so itself


def ask_workers(run: Run) -> list[Selected]:
    """Return what xdist's workers have selected, and note what they deselected; all select the same."""
    try:
        entry = cast("_Told", run.store().find(_KEY))
    except ConfigError:
        return []
    run.deselected = entry.get("deselected", 0)
    return [_read(one) for one in entry.get("selected", ())]


def _read(entry: _Entry) -> Selected:
    return Selected(
        entry["nodeid"],
        entry["kind"],
        tuple(entry["wants"]),
        entry["path"],
        entry["line"],
        entry["domain"],
        entry["step"],
        entry["steps"],
        tuple((name, value) for name, value in entry["properties"]),
    )
