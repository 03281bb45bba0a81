"""Which test items are ours, which of the others use our fixtures, and what they wait for.

An item is recognised by its type. What it happens to have for attributes says nothing:
items of other plugins have a ``job`` and a ``suite``, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_kore_convtest.plugin import LIVE
from pytest_kore_convtest.settings.values import read_jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_kore_convtest.plugin.report_facts import FlakyFailure
    from pytest_kore_convtest.settings.settings import Settings
    from pytest_kore_convtest.settings.values import ImportJob
    from pytest_kore_convtest.suites.file import LocalSuite

_SETTINGS = "kore_settings"
_STATUS = "kore_import_status"

_BY_NODE = pytest.version_tuple >= (8, 1)
"""Whether pytest looks up fixtures by an item; before that it is by a node id."""

PACKAGE = "pytest_kore_convtest"

NOT_CONFIGURED = "not configured"
"""What becomes of an item that ``--kore-unconfigured=skip`` skips."""

COVERED = "covered"
"""What becomes of an item that we skip because what it follows, or the whole run, says what is wrong."""

KNOWN = "known"
"""What becomes of a step whose failure a baseline accepts."""


OTHER_FILES: pytest.StashKey[list[Path]] = pytest.StashKey()
"""Files in the collected folders that may be suites but are not called so; nobody has opened them."""


class OwnItem(pytest.Function):
    """An item that this package makes: of the gate or of a suite file.

    Attributes:
        job: The configured import job that it judges; ``None`` for an item of a suite file.
        suite: The suite of its file; ``None`` for an item of the gate, and for a file without a suite.
        number: The 1-based step that it judges, 0 for the other items.
        offline: Whether it judges without asking the platform.
        kore_notes: What else it found.
        kore_rules: The rules that these notes are about.
        kore_flaky: How it failed in other runs of its suite than that by which it passes.
    """

    job: ImportJob | None = None
    suite: LocalSuite | None = None
    number: int = 0
    offline: bool = False
    kore_notes: Sequence[str] = ()
    kore_rules: Sequence[str] = ()
    kore_flaky: Sequence[FlakyFailure] = ()

    @property
    def needs_run(self) -> bool:
        """Whether it judges a run or a part of one."""
        return self.suite is not None and (self.number > 0 or self.name == "run")


def fixture_names(item: pytest.Item) -> frozenset[str]:
    """Return the names of the fixtures that an item uses; none for an item that is no test function."""
    return frozenset(item.fixturenames) if isinstance(item, pytest.Function) else frozenset()


def fixture_values(item: pytest.Item | None) -> dict[str, object]:
    """Return the values of the fixtures of a test function; empty for other items."""
    return item.funcargs if isinstance(item, pytest.Function) else {}


def is_live(item: pytest.Item) -> bool:
    """Say whether an item asks the platform through us."""
    if isinstance(item, OwnItem):
        return not item.offline
    return not LIVE.isdisjoint(fixture_names(item))


def attempts(item: pytest.Item | None) -> int:
    """Return how often pytest-rerunfailures has begun an item; 1 without it."""
    count = getattr(item, "execution_count", 1)
    return count if isinstance(count, int) else 1


def wanted_jobs(item: pytest.Item, settings: Settings) -> list[str]:
    """Return the ids of the configured import jobs that an item waits for when it runs."""
    known = [job.id for job in settings.ds_id]
    if isinstance(item, OwnItem):
        return [item.job.id] if item.job is not None else []
    if _STATUS not in fixture_names(item) or not _is_our_status(item):
        return []
    callspec = getattr(item, "callspec", None)
    if callspec is None or _STATUS not in callspec.params:
        return known if len(known) == 1 else []
    try:
        wanted = read_jobs([callspec.params[_STATUS]])[0].id
    except (ValueError, TypeError, AttributeError):  # its setup says what is wrong with it
        return []
    return [wanted] if wanted in known else []


def _is_our_status(item: pytest.Item) -> bool:
    """Say whether our fixture is what an item gets, itself or through those that override it."""
    found = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}).get(_STATUS, ())
    return reaches_ours(found) if found else True


def reaches_ours(definitions: Sequence[pytest.FixtureDef[object]]) -> bool:
    """Say whether our definition of a fixture is in force, or asked for by the ones that override it.

    Args:
        definitions: pytest's definitions of one name; the last one is in force.
    """
    for definition in _in_force(definitions):
        if str(getattr(definition.func, "__module__", "")).partition(".")[0] == PACKAGE:
            return True
    return False


def _in_force(definitions: Sequence[pytest.FixtureDef[object]]) -> Iterator[pytest.FixtureDef[object]]:
    for definition in reversed(definitions):
        yield definition
        if definition.argname not in definition.argnames:
            return


def find_other_settings(session: pytest.Session, items: Sequence[pytest.Item]) -> dict[str, str]:
    """Find items for which a ``conftest.py`` overrides ``kore_settings``, beside others for which none does.

    pytest keeps one ``kore_client`` for the whole session, made of whichever settings came first: tests
    of two bots in one run would be judged against one of them. pytest has no public way to ask.

    Returns:
        By node id, where the settings of the item come from; empty when all have the same.
    """
    manager = session._fixturemanager  # noqa: SLF001 - see above
    known: dict[pytest.Collector | None, str] = {}
    bases: dict[str, list[str]] = {}
    for item in filter(is_live, items):
        if item.parent not in known:
            # Between an item of ours and its file nothing can hold a fixture.
            holder = item.getparent(pytest.Module) if isinstance(item, OwnItem) else item.parent
            if holder not in known:
                found = manager.getfixturedefs(_SETTINGS, item if _BY_NODE else item.nodeid)  # type: ignore[arg-type]
                known[holder] = str(found[-1].baseid or "") if found else ""
            known[item.parent] = known[holder]
        bases.setdefault(known[item.parent], []).append(item.nodeid)
    widest = min(bases, key=len, default="")
    return {nodeid: base for base, nodeids in bases.items() if base != widest for nodeid in nodeids}


def show_root_conftest(session: pytest.Session) -> None:
    """Show the fixtures of the root ``conftest.py`` to items from outside the root folder on pytest 9.1.

    That version hides them there, unlike those before and after it (pytest's issue 14683).
    """
    if pytest.version_tuple[:2] == (9, 1):
        manager = session._fixturemanager  # noqa: SLF001 - there is no public way
        conftest = manager._pending_conftests.pop(session.config.rootpath, None)  # noqa: SLF001
        if conftest is not None:
            manager.parsefactories(holder=conftest, node=session)


def skip_unconfigured(why: str) -> NoReturn:
    """Skip an item because Kore is not configured, as ``--kore-unconfigured=skip`` wishes."""
    skipped = pytest.skip.Exception(why)
    skipped.kore_reason = NOT_CONFIGURED  # type: ignore[attr-defined]
    raise skipped


def expect_failure(why: str) -> NoReturn:
    """End a step whose failure is accepted, as pytest ends a test that is expected to fail."""
    expected = pytest.xfail.Exception(why)
    expected.kore_reason = KNOWN  # type: ignore[attr-defined]
    raise expected


def skipped_by_us(raised: BaseException | None) -> str:
    """Say why this package itself skipped an item: ``NOT_CONFIGURED``, ``COVERED``, ``KNOWN``, or empty."""
    if isinstance(raised, pytest.xfail.Exception):
        return KNOWN if getattr(raised, "kore_reason", "") == KNOWN else ""
    if not isinstance(raised, pytest.skip.Exception):
        return ""
    if getattr(raised, "kore_reason", "") == NOT_CONFIGURED:
        return NOT_CONFIGURED
    names, trace = [], raised.__traceback__
    while trace is not None:
        names.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    callers = [name for name in names if name != "_pytest.outcomes"]
    return COVERED if callers and callers[-1].partition(".")[0] == PACKAGE else ""
