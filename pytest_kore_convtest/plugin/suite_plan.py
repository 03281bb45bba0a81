"""The suites that a test run imports: which there are, and what each is called on the platform."""

from __future__ import annotations

import hashlib
import os
import time
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from pytest_kore_convtest.errors import ConfigError, JobError
from pytest_kore_convtest.plugin.own_items import OwnItem, is_live, skip_unconfigured
from pytest_kore_convtest.settings.settings import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest

    from pytest_kore_convtest.jobs.job import SuiteImport
    from pytest_kore_convtest.jobs.runner import Pipeline
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.settings.settings import Settings
    from pytest_kore_convtest.suites.file import LocalSuite

_NAMES = "names"
"""The store's entry of names that workers have given to suites."""

_LONGEST_TALK, _GLANCE = 30.0, 0.02
"""Seconds that a worker waits for that entry at most, and between two looks."""


def begin_suites(run: Run, pipeline: Pipeline, items: Iterable[pytest.Item]) -> None:
    """Begin every import and run that selected items need, so that their waits overlap."""
    if run.plan is None:
        run.plan = plan_suites(items)
    try:
        for suite, needs_run in run.plan:
            imported = begin_suite(run, pipeline, suite)
            if pipeline.settings.run and needs_run:
                begin_run(pipeline, imported)
    except ConfigError:
        return  # nothing may be written: the suites' own items say so, waiting by id goes on


def plan_suites(items: Iterable[pytest.Item]) -> list[tuple[LocalSuite, bool]]:
    """Return the suites whose selected items ask the platform, and whether one of them needs the run."""
    planned: dict[tuple[Path, str], tuple[LocalSuite, bool]] = {}
    for item in items:
        if isinstance(item, OwnItem) and item.suite is not None and is_live(item):
            key = item.suite.path, item.suite.name
            suite, needs_run = planned.get(key, (item.suite, False))
            planned[key] = suite, needs_run or item.needs_run
    return list(planned.values())


def require_writable(settings: Settings) -> None:
    """Refuse, or skip as ``--kore-unconfigured`` says, before anything is uploaded.

    Raises:
        ConfigError: Something is missing.
    """
    try:
        require(settings, write=True)
    except ConfigError as missing:
        if settings.unconfigured == "skip":
            skip_unconfigured(missing.message)
        raise


def tell_apart(run: Run, suite: LocalSuite, *, everywhere: bool = True) -> LocalSuite:
    """Return a suite as it is imported: numbered when another one is stored under its name.

    Names that differ in casing or blanks only are one name: to the platform they may be.

    Args:
        run: The run.
        suite: The suite.
        everywhere: Whether all processes of the test run ask this for the same suites, in the same order,
            as they do for what they collect.

    Raises:
        ConfigError: ``--kore-import-name`` gives all suites the same name.
        JobError: Another process does not let go of the names.
    """
    identity = _identify(suite)
    if identity not in run.numbers:
        alone = everywhere or not hasattr(run.config, "workerinput")
        run.numbers[identity] = _number(run, suite, {}, "") if alone else _agree(run, suite, identity)
    one = _numbered(suite, run.numbers[identity])
    run.taken.setdefault(_fold(stored_name(run, one)), 1)
    return one


def _identify(suite: LocalSuite) -> str:
    """Say in one text what makes a suite this one: its file as it is named, its place in it, its content."""
    place = os.path.abspath(suite.path)  # noqa: PTH100 - a link is another file to whoever names both
    content = hashlib.sha256(suite.data).hexdigest()
    return repr((place, tuple(suite.place), suite.name, content))


def _agree(run: Run, suite: LocalSuite, identity: str) -> int:
    """Number a suite so that all workers of xdist give it the same number, and no other suite its name."""
    store = run.store()
    end = time.monotonic() + _LONGEST_TALK
    while (claim := store.claim(_NAMES)) is None:
        if time.monotonic() > end:
            problem = f"another process of this test run has locked the suites' names for {_LONGEST_TALK:g} s"
            raise JobError(
                f"{problem}, so it probably hangs: stop it and run again.", job_id="", last=None, history=[]
            )
        time.sleep(_GLANCE)
    try:
        names = cast("dict[str, dict[str, str]]", store.find(_NAMES)).get("taken", {})
        number = _number(run, suite, names, identity)
        names[_fold(stored_name(run, _numbered(suite, number)))] = identity
        store.leave(_NAMES, {"taken": names})
    finally:
        claim.release()
    return number


def _number(run: Run, suite: LocalSuite, names: Mapping[str, str], identity: str) -> int:
    """Return the first number with which a suite's name is nobody else's."""
    alone = not names
    first = stored_name(run, suite)
    name = own = _fold(first)
    number = run.taken.get(own, 1) if alone else 1
    while name in run.taken or names.get(name, identity) != identity:
        number += 1
        one = stored_name(run, _numbered(suite, number))
        if one == first:
            template = run.settings.import_name
            problem = f"--kore-import-name {template} gives several suites the same name: add {{name}} to it"
            raise ConfigError(problem, name="import_name", source=run.settings.source("import_name"))
        name = _fold(one)
    if number > 1 and alone:
        run.taken[own] = number
    return number


def _fold(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _numbered(suite: LocalSuite, number: int) -> LocalSuite:
    return suite if number == 1 else replace(suite, name=f"{suite.name} ({number})")


def begin_suite(run: Run, pipeline: Pipeline, suite: LocalSuite) -> SuiteImport:
    """Begin to import a suite under the name of this test run."""
    return pipeline.import_suite(suite, stored_name(run, suite))


def begin_run(pipeline: Pipeline, imported: SuiteImport) -> SuiteRun:
    """Begin to run an imported suite in the version that ``--kore-run`` says.

    Raises:
        ConfigError: It says none.
    """
    version = pipeline.settings.run
    if version is None:
        what = (
            "no version to run: set --kore-run published or --kore-run inDevelopment (or KORE_RUN, kore_run)"
        )
        raise ConfigError(what, name="run", source="default")
    return pipeline.run_suite(imported.name, version, imported)


def stored_name(run: Run, suite: LocalSuite) -> str:
    """Return the name under which this test run imports a suite."""
    return run.settings.import_name.replace("{name}", suite.name).replace("{run}", run.shared["run"])
