"""Suites divided over several machines: which are this one's, so that each is exactly one machine's.

Every machine divides by itself, so only what all of them see alike may count: the selected suites and
their numbers of steps, not the order of the items, nor how long anything took on one of the machines.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_kore_convtest.plugin.items.suite_item import SuiteItem
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.settings.values import Shard

_KEY = "division"
"""The key of the store's entry under which xdist's workers tell the controller."""


class Division(NamedTuple):
    """What a machine knows of how the suites were divided.

    Attributes:
        suites: How many suites were divided.
        mine: How many of them are this machine's.
        digest: The same on every machine that has divided the same suites with the same items selected.
    """

    suites: int = 0
    mine: int = 0
    digest: str = ""


class _Entry(TypedDict):
    """A division as a worker writes it down."""

    suites: int
    mine: int
    digest: str


def divide(steps: Mapping[str, int], shard: Shard) -> frozenset[str]:
    """Return the suites of one machine: the largest first, each goes where the fewest steps are.

    Args:
        steps: How many steps each suite has.
        shard: Which of how many machines.
    """
    loads = [(0, 0, number) for number in range(1, shard.of + 1)]
    mine = set()
    for suite in sorted(steps, key=lambda name: (-steps[name], name)):
        total, suites, number = min(loads)
        loads[number - 1] = (total + steps[suite], suites + 1, number)
        if number == shard.number:
            mine.add(suite)
    return frozenset(mine)


def keep_mine(run: Run, shard: Shard, items: list[pytest.Item]) -> None:
    """Deselect the items of the suites that other machines have; tests of other kinds stay."""
    from pytest_kore_convtest.plugin.items.suite_item import SuiteItem

    suites = {item: item.parent.nodeid for item in items if isinstance(item, SuiteItem) and item.parent}
    # A file that cannot be used has an item and no suite.
    steps = {name: len(item.suite.steps) if item.suite else 0 for item, name in suites.items()}
    mine = divide(steps, shard)
    run.undivided = list(items)
    run.division = Division(len(steps), len(mine), _digest(steps, suites))
    gone = [item for item, name in suites.items() if name not in mine]
    if gone:
        items[:] = [item for item in items if item not in suites or suites[item] in mine]
        run.config.hook.pytest_deselected(items=gone)


def _digest(steps: Mapping[str, int], suites: Mapping[SuiteItem, str]) -> str:
    """Make a digest of the suites and of what is selected of each: a machine may have left out their runs."""
    selected = sorted((suite, item.name) for item, suite in suites.items())
    return hashlib.sha256(json.dumps([sorted(steps.items()), selected]).encode()).hexdigest()[:16]


def tell_division(run: Run) -> None:
    """Under xdist, leave word for the controller, which never sees an item."""
    if run.division is None:
        return
    try:
        run.store().leave(_KEY, run.division._asdict())
    except ConfigError:
        return  # the folder cannot be used: each item says so itself


def find_division(run: Run) -> Division:
    """Return how the suites were divided, here or by xdist's workers, all of which divide alike."""
    if run.division is None:
        try:
            told = cast("_Entry", run.store().find(_KEY))
        except ConfigError:
            return Division()
        run.division = Division(**told)
    return run.division


def find_idle(shard: Shard, division: Division) -> str:
    """Say that a machine has no suite though there are some; empty when it has one."""
    if division.mine or not division.suites:
        return ""
    there = f"only {plural(division.suites, 'suite')} {'is' if division.suites == 1 else 'are'} selected"
    most = plural(division.suites, "shard")
    return f"NOT VERIFIED: {_name(shard)} has no suite, because {there}: use at most {most}"


def tell_shard(shard: Shard, division: Division) -> str:
    """Say for the closing line which part of all suites this is."""
    if not division.suites:
        return f"{_name(shard)}, no suite was there to divide"
    return f"{_name(shard)}: {division.mine} of {plural(division.suites, 'suite')}"


def _name(shard: Shard) -> str:
    return f"shard {shard.number} of {shard.of}"
