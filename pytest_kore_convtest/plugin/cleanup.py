"""At the end of a test run: delete the suites that it imported, and tell what stays."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.jobs.store import JobStore
    from pytest_kore_convtest.plugin.session import Run

HASTE = 3.0
"""Seconds that a deletion may take after an interrupt: CI kills what does not end soon."""


def clean_up_suites(run: Run) -> None:
    """When all is over: delete suites of this test run as ``--kore-keep`` says, and tell what stays."""
    run.is_cleaning = True
    try:
        for client, store in _suppliers(run):
            run.notes += _clean_up(run, client, store)
    except ConfigError as bad:
        run.notes.append(f"imported suites were not deleted: {bad.message}")
    except KeyboardInterrupt:
        run.notes.append("interrupted while imported suites were deleted: some may be left")
    finally:
        run.is_cleaning = False


def _clean_up(run: Run, client: KoreClient, store: JobStore) -> list[str]:
    from pytest_kore_convtest.jobs.delete_suites import clean_up

    budget = HASTE if run.interrupted else None
    return clean_up(
        client,
        store,
        run.settings.keep,
        early=bool(run.stopped),
        budget=budget,
        way_out="" if run.settings.emulator else _way_to_delete(run),
    )


def _way_to_delete(run: Run) -> str:
    """Say how suites that are kept are deleted: by the command, which needs this run's JSON report."""
    from pytest_kore_convtest.text import show_path

    if run.settings.json is None:
        return "With --kore-json REPORT.json, kore-convtest clean REPORT.json deletes them."
    return f"To delete: kore-convtest clean {shlex.quote(show_path(run.settings.json))}"


def _suppliers(run: Run) -> Iterator[tuple[KoreClient, JobStore]]:
    """Yield each client with what was begun through it; xdist's controller makes one of its own."""
    for made in run.pipelines:
        yield made.client, made.store
    if run.pipelines or not any(entry.get("kind") == "SuiteImport" for entry in run.store().entries()):
        return
    from pytest_kore_convtest.api.client import KoreClient

    with KoreClient(run.live_settings()) as client:
        yield client, run.store()
