"""Delete what a test run imported, and nothing else; tell what stays on the platform."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import KoreError, RefusedError
from pytest_kore_convtest.jobs.end_reasons import LOOK
from pytest_kore_convtest.jobs.unfinished import BEGINNING, IMPORTING, RUNNING, UPLOADED, stage_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.jobs.store import JobStore
    from pytest_kore_convtest.jobs.store_entry import JobEntry

ALWAYS, ON_FAILURE, NEVER = "always", "on-failure", "never"
"""When imported suites are kept: the words of ``--kore-keep``."""

_BY_HAND = f"delete it by hand on {LOOK}"
_MOST_NAMED = 10
"""Kept suites that are named one by one."""

_MOST_ALONE = 20
"""Suites that are deleted one by one when the platform refuses the whole list."""


def names_to_delete(entries: Sequence[JobEntry], keep: str) -> list[str]:
    """Return the stored suites that are not to be kept.

    A name that may not exist is none of them: the platform refuses a list that holds one.
    Nor is one whose import or run may still be under way.

    Args:
        entries: The store's entries of one test run: ``name`` is a stored suite's, ``good``
            says whether its job ended well; it is missing while the job has no outcome.
        keep: ``ALWAYS``, ``ON_FAILURE`` or ``NEVER``.
    """
    ours = [entry for entry in entries if entry.get("name") and "kind" in entry]
    stored = {entry["name"] for entry in ours if entry["kind"] == "SuiteImport" and _is_stored(entry)}
    unfinished = {entry["name"] for entry in ours if _is_open(entry)}
    failed = {entry["name"] for entry in _last_runs(ours) if entry.get("good") is False}
    if keep == ALWAYS:
        return []
    return sorted(stored - unfinished - (failed if keep == ON_FAILURE else set()))


def _last_runs(entries: Sequence[JobEntry]) -> list[JobEntry]:
    """Leave out each run of a suite that another one followed: what came of all is written at the last."""
    last: dict[str, JobEntry] = {}
    for entry in sorted(entries, key=lambda one: one.get("attempt", 1)):
        last[entry.get("of") or entry.get("key") or f"{entry['kind']} {entry['name']}"] = entry
    return list(last.values())


def _is_stored(entry: JobEntry) -> bool:
    """Say whether the platform's last answer about an import brought the suite."""
    outcome = entry.get("outcome")
    return bool(outcome and outcome["status"] and json.loads(outcome["status"]).get("response"))


def _is_open(entry: JobEntry) -> bool:
    """Say whether a job may still be under way: nobody saw its end."""
    if "good" not in entry:
        return True
    outcome = entry.get("outcome")
    return bool(outcome and not outcome["status"] and (entry.get("job_id") or entry.get("ambiguous")))


def clean_up(  # noqa: PLR0913 - how it ended is in three words
    client: KoreClient,
    store: JobStore,
    keep: str,
    *,
    early: bool = False,
    budget: float | None = None,
    way_out: str = "",
) -> list[str]:
    """Delete the suites of a test run; return what to tell about it.

    A suite that cannot be deleted is named, but fails nothing: it proves nothing about the bot.

    Args:
        client: Deletes.
        store: What the test run began.
        keep: ``ALWAYS``, ``ON_FAILURE`` or ``NEVER``.
        early: Whether the test run stopped before its end: then each suite is told of.
        budget: Seconds that a deletion may take.
        way_out: How kept suites are deleted; without it they are only told of after an early stop.
    """
    entries = store.entries()
    names = names_to_delete(entries, keep)
    troubles = _delete(client, names, budget) if names else {}
    notes = [
        f"not deleted: {', '.join(name for name in names if troubles.get(name) == why)}: {why}"
        for why in dict.fromkeys(troubles.values())
    ]
    gone = [name for name in names if name not in troubles]
    if early and gone:
        notes.append(f"imported and deleted again (kore_keep = {keep}): {', '.join(gone)}")
    return [*notes, *_describe_left(entries, {*names}, keep, early=early, way_out=way_out)]


def _delete(client: KoreClient, names: Sequence[str], budget: float | None) -> dict[str, str]:
    """Delete suites; return why, by name, for those that were not deleted."""
    more = {} if budget is None else {"budget": budget}
    try:
        client.delete_suites(names, **more)
    except RefusedError as bad:
        refused = bad.message
    except KoreError as bad:
        return dict.fromkeys(names, bad.message)
    except KeyboardInterrupt:
        return dict.fromkeys(names, f"interrupted meanwhile; look on {LOOK}")
    except Exception as bug:  # noqa: BLE001 - a client of the user's own, perhaps one that is closed
        return dict.fromkeys(names, f"{type(bug).__name__}: {bug}")
    else:
        return {}
    if not 1 < len(names) <= _MOST_ALONE:
        return dict.fromkeys(names, refused)
    # One name that is gone already makes the platform refuse all of them.
    return {name: why for one in names for name, why in _delete(client, [one], budget).items()}


def _describe_left(
    entries: Sequence[JobEntry], told: set[str], keep: str, *, early: bool, way_out: str
) -> Iterator[str]:
    """Tell of each suite that stays on the platform, or may."""
    ours = [entry for entry in entries if entry.get("name") and "kind" in entry]
    imports = {entry["name"]: entry for entry in ours if entry["kind"] == "SuiteImport"}
    runs = {entry["name"]: entry for entry in _last_runs(ours) if entry["kind"] == "SuiteRun"}
    kept = []
    for name, entry in sorted(imports.items()):
        run = runs.get(name)
        open_job = next((one for one in (run, entry) if one and _is_open(one) and stage_of(one)), None)
        if open_job is not None and (early or keep != ALWAYS or "outcome" not in open_job):
            yield _describe_open(name, open_job)
        elif name not in told and _is_stored(entry):
            kept.append(name)
    if kept and (early or way_out):
        more = f" and {len(kept) - _MOST_NAMED} more" if len(kept) > _MOST_NAMED else ""
        said = (
            f"imported and kept on the platform (kore_keep = {keep}): {', '.join(kept[:_MOST_NAMED])}{more}"
        )
        yield f"{said}. {way_out}" if way_out else said


def _describe_open(name: str, entry: JobEntry) -> str:
    job_id = entry.get("job_id", "")
    return {
        UPLOADED: f"{name!r} was only uploaded (file {entry.get('file_id') or 'unknown'}); its import did not"
        " start, so there is no suite to delete",
        BEGINNING: f"whether the import or run of {name!r} started is not known: if it is there, {_BY_HAND}",
        IMPORTING: f"{name!r} was still importing ({job_id}), so it could not be deleted:"
        f" {_BY_HAND} when that is over",
        RUNNING: f"{name!r} was still running ({job_id}), so it could not be deleted:"
        f" {_BY_HAND} when that is over",
    }[stage_of(entry)]
