"""What the items of a suite file do: find out in setup, judge in the call."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import pytest

from pytest_kore_convtest.errors import ConfigError, KoreError, ServiceError, Verdict, from_data
from pytest_kore_convtest.findings import count, summarize
from pytest_kore_convtest.plugin.fixtures import begin_all
from pytest_kore_convtest.plugin.items.suite_item import SuiteItem
from pytest_kore_convtest.plugin.own_items import OwnItem, expect_failure, fixture_values
from pytest_kore_convtest.plugin.report_facts import FlakyFailure
from pytest_kore_convtest.plugin.session import Run, find_run
from pytest_kore_convtest.plugin.suite_plan import begin_run, begin_suite, require_writable, tell_apart
from pytest_kore_convtest.rules import ERROR, HINT
from pytest_kore_convtest.suites.lint.lint_files import lint_many
from pytest_kore_convtest.suites.results.run_result import COUNTS_ONLY, FAILED, NOT_EVALUATED
from pytest_kore_convtest.text import one_line, show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.jobs.job import SuiteImport
    from pytest_kore_convtest.jobs.runner import Pipeline
    from pytest_kore_convtest.jobs.suite_run import SuiteRun
    from pytest_kore_convtest.rules import Rule
    from pytest_kore_convtest.suites.file import LocalSuite
    from pytest_kore_convtest.suites.results.run_result import RunResult

PLUGIN_NAME = "kore-checks"

_MOST_ALIKE = 3
"""Suites of a file whose hints of one rule are told one by one."""

_SPARED = ("skip", "skipif", "xfail")
"""Marks with which a red item does not make the test run red."""


_REFUSED: pytest.StashKey[ConfigError] = pytest.StashKey()
_JUDGED: pytest.StashKey[dict[tuple[str, int], KoreError | None]] = pytest.StashKey()
_SELECTED: pytest.StashKey[dict[str, frozenset[int]]] = pytest.StashKey()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look at all suites that are selected: they belong to one bot, and each is stored under its own name.

    Raises:
        pytest.UsageError: They cannot be imported together, or not there. A worker of xdist cannot
            end the run so: there the items say it.
    """
    if session.config.option.collectonly:
        return
    run = find_run(session.config)
    items = [item for item in run.undivided or session.items if isinstance(item, SuiteItem)]
    live = [item for item in items if item.suite is not None and not item.offline]
    suites = {id(item.suite): item.suite for item in live if item.suite is not None}
    problem = None
    try:
        renamed = _prepare(run, list(suites.values()))
    except ConfigError as bad:
        problem = bad
    else:
        new = dict(zip(suites, renamed, strict=True))
        for item in live:
            item.suite = new[id(item.suite)]
    if problem is None:
        return
    if not hasattr(session.config, "workerinput"):
        raise pytest.UsageError(problem.message)
    session.config.stash[_REFUSED] = problem


def _prepare(run: Run, suites: list[LocalSuite]) -> list[LocalSuite]:
    """Return the suites as they are imported.

    Raises:
        ConfigError: They cannot be.
    """
    if suites and run.settings.protected:
        raise ConfigError(
            f"target {run.settings.target} is protected: nothing is uploaded, imported, run or deleted there."
            ' Use another target, or -m "not kore_live" to lint only.',
            name="target",
            source=run.settings.source("target"),
        )
    bots: dict[str, dict[str, None]] = {}
    for suite in suites:
        if suite.bot_id:
            bots.setdefault(suite.bot_id, {})[str(suite.path)] = None
    if len(bots) > 1:
        listed = "".join(f"\n  {one_line(bot)}: {one_line(', '.join(paths))}" for bot, paths in bots.items())
        said = f"the selected suite files belong to {len(bots)} bots, but a test run tests only one"
        problem = f"{said}: select the files of one bot:{listed}"
        raise ConfigError(problem, name="stream_id", source="suite files")
    return [tell_apart(run, suite) for suite in suites]


@dataclass(frozen=True)
class Found:
    """What setup found out for an item.

    Attributes:
        imported: The suite's import.
        run: Its run; ``None`` when it is not to be run.
        number: The 1-based step, 0 for the other items.
        alone: Whether the item of the run is not part of this test run.
    """

    imported: SuiteImport
    run: SuiteRun | None
    number: int
    alone: bool


@dataclass
class Road:
    """What the items of suites share, and what was found out for the one under way.

    A fixture of the session and a hook, because a fixture per item would cost as much as
    all else that an item does; a suite has thousands of steps.
    """

    run: Run
    pipeline: Pipeline
    found: Found = field(init=False)


@pytest.fixture(scope="session", name="_kore_road")
def kore_road(request: pytest.FixtureRequest) -> Road:
    """Give the road, unless something is missing to import suites.

    pytest looks every fixture named here up again for each item, so only one is named.
    """
    if refused := request.config.stash.get(_REFUSED, None):
        raise replace(refused)
    require_writable(request.getfixturevalue("kore_settings"))
    return Road(find_run(request.config), request.getfixturevalue("_kore_pipeline"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """When an item's fixtures are there, wait for what it is about."""
    road = fixture_values(item).get("_kore_road") if isinstance(item, OwnItem) else None
    if isinstance(road, Road):
        road.found = find_out(cast("SuiteItem", item), road)
        _tell_pass(item, road.found)
        cast("SuiteItem", item).kore_flaky = _find_flaky(item, road.found)


def _tell_pass(item: pytest.Item, found: Found) -> None:
    """Note on the item, for JUnit, that its step passes by the file's matcher, or with nothing checked."""
    if found.run is None or not found.number:
        return
    step = found.run.result().steps[found.number - 1]
    for name, is_so in (("kore_matcher", step.by_matcher), ("kore_unchecked", step.unchecked)):
        said = (name, one_line(step.why))
        if is_so and said not in item.user_properties:
            item.user_properties.append(said)


def _find_flaky(item: pytest.Item, found: Found) -> list[FlakyFailure]:
    """Return how an item failed in other runs of its suite than that by which it passes."""
    if found.run is None or found.run.following is None:
        return []
    result = found.run.result()
    if result.rate is not None:
        return []
    from pytest_kore_convtest.suites.run_errors import step_error, verdict_of

    known = find_run(item.config).results.known_failures(found.run)
    shown = _selected_steps(cast("SuiteItem", item)) | known.keys()
    told = []
    for one, attempt in zip(result.runs, result.attempts, strict=False):
        if not found.number:
            bad = verdict_of(one, shown)
        else:
            bad = step_error(one, found.number - 1) if one.steps[found.number - 1].outcome == FAILED else None
        if bad is not None and bad.outcome == FAILED:
            where = f"run {attempt.number} of {len(result.attempts)} of the suite: {attempt.run_id}"
            told.append(FlakyFailure(message=bad.message.partition("\n")[0], text=bad.message, run=where))
    return told


def find_out(item: SuiteItem, road: Road) -> Found:
    """Wait for what an item of a suite is about.

    Raises:
        KoreError: It could not be found out, or an item that is not selected would have failed before.
    """
    assert item.suite is not None  # noqa: S101 - only the items of a suite have a road
    run, pipeline = road.run, road.pipeline
    begin_all(run, pipeline, item.session)
    imported = begin_suite(run, pipeline, item.suite)
    outcome = run.wait(pipeline, imported)
    kind = item.name.partition(" ")[0]
    if kind == "import":
        outcome.result()
        return Found(imported, None, 0, alone=False)
    _need(item, "import", lambda: _judge_import(imported))
    if kind == "structure":
        return Found(imported, None, 0, alone=False)
    if kind == "run" or not _is_selected(item, "run"):
        _need(item, "structure", lambda: _judge_structure(item.config, imported))
    started = begin_run(pipeline, imported)
    trouble = run.wait_run(pipeline, started)
    if kind == "run":
        trouble.result()
    else:
        _need(item, "run", trouble.result)
    return Found(imported, started, item.number, alone=not _is_selected(item, "run"))


def _judge_import(imported: SuiteImport) -> None:
    from pytest_kore_convtest.suites.stored.validate import verdict

    assert imported.outcome is not None  # noqa: S101 - callers have waited
    if bad := verdict(imported.outcome.result(), []):
        raise bad


def _judge_structure(config: pytest.Config, imported: SuiteImport) -> None:
    """Judge the stored suite, once for all its steps."""
    outcome = imported.outcome
    assert outcome is not None  # noqa: S101 - callers have waited
    judged = config.stash.setdefault(_JUDGED, {})
    key = imported.key, outcome.generation
    if key not in judged:
        judged[key] = None
        try:
            imported.judge(outcome)
        except KoreError as bad:
            judged[key] = bad.with_traceback(None)
    if known := judged[key]:
        raise from_data(known.to_data())


def _need(item: SuiteItem, name: str, judge: Callable[[], object]) -> None:
    """Skip an item whose predecessor has no good outcome and says so itself; else say it here."""
    try:
        judge()
    except KoreError as bad:
        trouble = bad
    else:
        return
    if _is_selected(item, name):
        reason = trouble.message.partition("\n")[0]
        pytest.skip(f"{item.sibling(name)} has not passed: {reason}")
    raise trouble.with_traceback(None)


def _is_selected(item: SuiteItem, name: str) -> bool:
    """Say whether another item of the same suite is part of this test run, which is red when it is."""
    run = find_run(item.config)
    if run.selected is None:
        run.selected = {one.sibling(one.name) for one in _sure_items(item.session)}
    return item.sibling(name) in run.selected


def _sure_items(session: pytest.Session) -> Iterator[SuiteItem]:
    """Yield the selected items of suites that make the test run red when they are."""
    for one in session.items:
        if isinstance(one, SuiteItem) and not any(one.get_closest_marker(mark) for mark in _SPARED):
            yield one


def _selected_steps(item: SuiteItem) -> frozenset[int]:
    """Return the numbers of the steps of an item's suite that are part of this test run."""
    stash = item.config.stash
    if _SELECTED not in stash:
        found: dict[str, set[int]] = {}
        for one in _sure_items(item.session):
            if one.number:
                found.setdefault(one.sibling(""), set()).add(one.number)
        stash[_SELECTED] = {suite: frozenset(numbers) for suite, numbers in found.items()}
    return stash[_SELECTED].get(item.sibling(""), frozenset())


def check_lint(request: pytest.FixtureRequest) -> None:
    """Judge the file by itself; needs no account.

    Raises:
        Verdict: Something in it cannot work.
    """
    item: SuiteItem = request.node
    name = item.suite.name if item.suite else ""
    found = [*item.module_node.findings(), *_namesakes(request).get(str(item.path), ())]
    ours = [one for one in found if one.suite in {"", name}]
    errors = [one for one in ours if one.severity == ERROR]
    milder = [one for one in ours if one.severity != ERROR]
    common = _find_common_hints(found)
    rest = summarize((one for one in milder if one.rule not in common), show=_say_with_severity)
    # The same words in every suite of the file: said once in the summary.
    rest += [common[rule] for rule in dict.fromkeys(one.rule for one in milder) if rule in common]
    if not errors:
        item.kore_notes = [*item.kore_notes, *rest]
        item.kore_rules = [str(one.rule) for one in milder]
        return
    total, first = count(errors), errors[0]
    said = f"{total:,} errors, the first" if total > 1 else "1 error"
    lines = [f"{one_line(show_path(item.path))}: {said} in line {first.location.line}: {first.rule}"]
    raise Verdict(
        "\n".join([*lines, *summarize(errors), *rest]),
        path=str(item.path),
        findings=[one.to_data() for one in ours],
    )


def _find_common_hints(found: Iterable[Finding]) -> dict[Rule, str]:
    """Say in one line each which hints many suites of a file have."""
    same: dict[Rule, list[Finding]] = {}
    for one in found:
        if one.severity == HINT:
            same.setdefault(one.rule, []).append(one)
    return {rule: _say_common(ones) for rule, ones in same.items() if len(_suites_of(ones)) > _MOST_ALIKE}


def _suites_of(findings: Iterable[Finding]) -> set[str]:
    return {one.suite for one in findings}


def _say_common(findings: list[Finding]) -> str:
    first, suites = findings[0], len(_suites_of(findings))
    many = f"{count(findings):,} hints in {suites} suites, this is the first"
    return f"{first} ({many}; kore-convtest lint --only {first.rule} lists them)"


def _say_with_severity(finding: Finding) -> str:
    return f"{finding} ({finding.severity})"


def _namesakes(request: pytest.FixtureRequest) -> dict[str, list[Finding]]:
    """Return the suites whose name stands in another file too, by file."""
    run: Run = find_run(request.config)
    if run.namesakes is None:
        kind = type(request.node)
        items = run.undivided or request.session.items
        nodes = {item.module_node for item in items if isinstance(item, kind)}
        files = [node.file for node in sorted(nodes, key=lambda node: node.path)]
        run.namesakes = {}
        for finding in lint_many(files, run.settings.rules):
            run.namesakes.setdefault(finding.location.file, []).append(finding)
    return run.namesakes


def check_import(_kore_road: Road) -> None:
    """Judge whether the platform accepted the import."""
    _judge_import(_kore_road.found.imported)


def check_structure(_kore_road: Road) -> None:
    """Judge the stored suite by itself, and against the file."""
    imported = _kore_road.found.imported
    imported.judge(imported.outcome)


def check_run(request: pytest.FixtureRequest, _kore_road: Road) -> None:
    """Judge the run as a whole; a failed step counts here when no selected item shows it."""
    assert _kore_road.found.run is not None  # noqa: S101 - for the type checker
    known = _kore_road.run.results.known_failures(_kore_road.found.run)
    _judge_run(_kore_road.found.run.result(), _selected_steps(request.node) | known.keys())


def _judge_run(result: RunResult, shown: Collection[int]) -> None:
    """Judge a run as a whole.

    Args:
        result: What became of it.
        shown: The steps that others judge.

    Raises:
        ConversationFailedError: It failed.
        ServiceError: Nobody knows whether it passed.
    """
    from pytest_kore_convtest.suites.run_errors import verdict_of

    bad = verdict_of(result, shown)
    if bad is None:
        return
    if bad.outcome == FAILED:
        raise bad
    raise ServiceError(bad.message, run_id=bad.run_id, final=True)


def check_step(_kore_road: Road) -> None:
    """Judge one step, as the platform reports it; without the run's own item, the run as a whole, too."""
    from pytest_kore_convtest.suites.run_errors import step_error

    assert _kore_road.found.run is not None  # noqa: S101 - for the type checker
    result = _kore_road.found.run.result()
    index = _kore_road.found.number - 1
    step = result.steps[index]
    if step.fails and (bad := step_error(result, index)):
        known = _kore_road.run.results.known_failures(_kore_road.found.run).get(step.number)
        if known and not _kore_road.run.config.option.runxfail:
            expect_failure(known)
        raise bad
    if _kore_road.found.alone:
        # A failed step that is not selected is no fault of this one: the summary tells of it.
        _judge_run(result, range(1, len(result.steps) + 1))
    if step.outcome == NOT_EVALUATED and not (_kore_road.found.alone and result.status.steps is None):
        pytest.skip(step.why or COUNTS_ONLY)
