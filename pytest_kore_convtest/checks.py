"""What the items of a suite file do: find out in setup, judge in the call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_kore_convtest.conversation import COUNTS_ONLY, FAILED, NOT_EVALUATED, step_error, verdict_of
from pytest_kore_convtest.errors import KoreError, ServiceError
from pytest_kore_convtest.imports import begin_all, begin_run, begin_suite
from pytest_kore_convtest.lint import LintFinding, lint_many
from pytest_kore_convtest.rules import ERROR
from pytest_kore_convtest.session import Run, find_run
from pytest_kore_convtest.settings import require
from pytest_kore_convtest.structure import verdict

if TYPE_CHECKING:
    from pytest_kore_convtest.jobs import SuiteImport, SuiteRun
    from pytest_kore_convtest.settings import Settings

PLUGIN_NAME = "kore-checks"


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


@pytest.fixture(name="_kore_found")
def kore_found(request: pytest.FixtureRequest, kore_settings: Settings) -> Found:
    """Wait for what an item of a suite is about."""
    item: Any = request.node
    require(kore_settings, write=True)
    pipeline = request.getfixturevalue("_kore_pipeline")
    run = find_run(request.config)
    begin_all(run, pipeline, request.session)
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
        _need(item, "structure", lambda: imported.judge(outcome))
    started = begin_run(run, pipeline, imported)
    trouble = run.wait(pipeline, started)
    if kind == "run":
        trouble.result()
    else:
        _need(item, "run", trouble.result)
    return Found(imported, started, item.number, alone=not _is_selected(item, "run"))


def _judge_import(imported: SuiteImport) -> None:
    assert imported.outcome is not None  # noqa: S101 - callers have waited
    if bad := verdict(imported.outcome.result(), []):
        raise bad


def _need(item: Any, name: str, judge: Any) -> None:
    """Skip an item whose predecessor has no good outcome and says so itself; else say it here."""
    try:
        judge()
    except KoreError as bad:
        trouble = bad
    else:
        return
    if _is_selected(item, name):
        reason = trouble.message.partition("\n")[0]
        pytest.skip(f"{item.twin(name)} has no good outcome: {reason}")
    raise trouble.with_traceback(None)


def _is_selected(item: Any, name: str) -> bool:
    run = find_run(item.config)
    if run.selected is None:
        run.selected = {other.nodeid.rpartition("@")[0] or other.nodeid for other in item.session.items}
    return item.twin(name) in run.selected


def check_lint(request: pytest.FixtureRequest) -> None:
    """Judge the file by itself; needs no account."""
    item: Any = request.node
    findings: list[LintFinding] = [*item.module_node.findings(), *_namesakes(request)]
    name = item.suite.name if item.suite else None
    path = item.path
    ours = [one for one in findings if one.path == path and one.suite in {None, name}]
    errors = [one for one in ours if one.severity == ERROR]
    rest = [f"{one} ({one.severity})" for one in ours if one.severity != ERROR]
    find_run(request.config).notes += [note for note in rest if note not in find_run(request.config).notes]
    if errors:
        pytest.fail("\n".join([*map(str, errors), *rest]), pytrace=False)


def _namesakes(request: pytest.FixtureRequest) -> list[LintFinding]:
    run: Run = find_run(request.config)
    if run.namesakes is None:
        nodes = {item.module_node for item in request.session.items if hasattr(item, "module_node")}
        run.namesakes = lint_many([node.file for node in sorted(nodes, key=lambda node: node.path)])
    return run.namesakes


def check_import(_kore_found: Found) -> None:
    """Judge whether the platform accepted the import."""
    _judge_import(_kore_found.imported)


def check_structure(_kore_found: Found) -> None:
    """Judge the stored suite by itself, and against the file."""
    imported = _kore_found.imported
    imported.judge(imported.outcome)


def check_run(_kore_found: Found) -> None:
    """Judge what the platform says of the whole run."""
    assert _kore_found.run is not None  # noqa: S101 - for the type checker
    result = _kore_found.run.result()
    bad = verdict_of(result)
    if bad is None:
        return
    if result.outcome == FAILED:
        raise bad
    raise ServiceError(bad.message, **{**bad.evidence, "final": True})


def check_step(_kore_found: Found) -> None:
    """Judge one step, as the platform reports it."""
    assert _kore_found.run is not None  # noqa: S101 - for the type checker
    result = _kore_found.run.result()
    index = _kore_found.number - 1
    step = result.steps[index]
    if step.outcome == NOT_EVALUATED:
        if _kore_found.alone:
            check_run(_kore_found)
        if not (_kore_found.alone and result.status.steps is None):
            pytest.skip(step.why or COUNTS_ONLY)
        return
    if bad := step_error(result, index):
        raise bad
