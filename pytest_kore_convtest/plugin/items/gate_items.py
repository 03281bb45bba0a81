"""The gate: two items per configured import job, without any test code.

``pytest --kore-gate --kore-ds-id ds-…``, or ``pytest --pyargs pytest_kore_convtest.gate``.
The items find out in setup and judge in the call, so that ERROR means "could not
find out" and FAILED means "the import or the suite is wrong".
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.errors import ConfigError, KoreError
from pytest_kore_convtest.plugin.fixtures import NO_JOB, begin_all
from pytest_kore_convtest.plugin.own_items import OwnItem
from pytest_kore_convtest.plugin.session import find_run
from pytest_kore_convtest.settings.settings import require
from pytest_kore_convtest.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TypeAlias

    from _pytest.nodeid import NodeId

    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.jobs.job import WatchImport
    from pytest_kore_convtest.jobs.outcome import Outcome
    from pytest_kore_convtest.jobs.runner import Pipeline
    from pytest_kore_convtest.settings.settings import Settings
    from pytest_kore_convtest.settings.values import ImportJob

    GateJob: TypeAlias = tuple[WatchImport, Outcome[ImportStatus]]

NODE_ID = "kore-gate"


class GateModule(pytest.Module):
    """The collector of the gate's items; its node id is the same wherever this package is installed."""

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path) -> GateModule:
        """Make the collector."""
        plugins = parent.config.pluginmanager
        if not plugins.has_plugin(NODE_ID):
            plugins.register(sys.modules[__name__], NODE_ID)
        made: GateModule = cls.from_parent(parent, path=path, nodeid=NODE_ID)
        made.obj = ModuleType(NODE_ID)
        return made

    def collect(self) -> Iterator[pytest.Item]:
        """Yield ``import`` and ``structure`` for every job; without a job, one item that says so."""
        run = find_run(self.config)
        if not run.settings.ds_id:
            yield GateItem.of(self, "import", None)
        for job in run.settings.ds_id:
            items = (GateItem.of(self, check, job) for check in ("import", "structure"))
            yield from (item for item in items if not run.chosen or item.nodeid in run.chosen)


class GateItem(OwnItem):
    """One item of the gate."""

    check: str

    @property
    def id(self) -> NodeId:
        """The structured node id (pytest 9.2 on); what ``--lf`` reads from its cache has to equal it."""
        return type(super().id).parse(self.nodeid)

    @classmethod
    def of(cls, parent: GateModule, check: str, job: ImportJob | None) -> GateItem:
        """Make an item for a check (``"import"`` or ``"structure"``) of a job."""
        name = f"{check}[{job.label}]" if job else check
        item: GateItem = cls.from_parent(
            parent, name=name, callobj=getattr(sys.modules[__name__], f"_{check}")
        )
        item.check, item.job = check, job
        item.add_marker("kore_live")
        if job:
            if parent.config.pluginmanager.has_plugin("xdist"):
                item.add_marker(pytest.mark.xdist_group(f"kore-{job.id}"))
            item.user_properties.append(("kore_ds_id", one_line(job.id)))
        return item

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the gate as the place, not a line of this file."""
        return self.config.rootpath / NODE_ID, 0, self.name


@pytest.fixture(name="_kore_gate")
def kore_gate(request: pytest.FixtureRequest, kore_settings: Settings) -> GateJob:
    """Give the outcome of the job of an item of the gate."""
    return find_out(request, kore_settings)


def find_out(request: pytest.FixtureRequest, settings: Settings) -> GateJob:
    """Wait for the outcome of an item's job.

    Raises:
        KoreError: It could not be found out, or nothing is configured.
    """
    item = request.node
    if not isinstance(item, GateItem):
        raise TypeError("kore_gate belongs to the gate's own items")
    if item.job is None:
        raise ConfigError(NO_JOB, name="ds_id", source="default")
    require(settings)
    pipeline: Pipeline = request.getfixturevalue("_kore_pipeline")
    run = find_run(request.config)
    begin_all(run, pipeline, request.session)
    job = pipeline.watch_import(item.job.id, item.job.label)
    outcome = run.wait(pipeline, job)
    if item.check == "structure" and (reason := _no_good_import(job, outcome)):
        import_id = item.nodeid.replace("::structure[", "::import[")
        if any(other.nodeid == import_id for other in request.session.items):
            pytest.skip(f"the import has not passed, see {import_id}: {reason}")
    outcome.result()
    return job, outcome


def _no_good_import(job: WatchImport, outcome: Outcome[ImportStatus]) -> str:
    from pytest_kore_convtest.errors import StructureError

    try:
        job.judge(outcome)
    except StructureError:
        return ""
    except KoreError as bad:
        return bad.message.partition("\n")[0]
    return ""


def _import(_kore_gate: GateJob) -> None:
    """Judge whether the platform accepted the import."""
    from pytest_kore_convtest.suites.stored.validate import verdict

    _, outcome = _kore_gate
    if bad := verdict(outcome.result(), []):
        raise bad


def _structure(_kore_gate: GateJob) -> None:
    """Judge the stored suite."""
    job, outcome = _kore_gate
    job.judge(outcome)
