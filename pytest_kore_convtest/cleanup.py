"""Delete what a test run imported, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.errors import KoreError

if TYPE_CHECKING:
    from pytest_kore_convtest.client import KoreClient
    from pytest_kore_convtest.ledger import Ledger

ALWAYS, ON_FAILURE, NEVER = "always", "on-failure", "never"
"""When imported suites are kept: the words of ``--kore-keep``."""


def names_to_delete(entries: list[dict[str, Any]], keep: str) -> list[str]:
    """Return the stored suites that are not to be kept.

    A name that may not exist is none of them: the platform refuses a list that holds one.

    Args:
        entries: The ledger's entries of one test run: ``name`` is a stored suite's, ``good``
            says whether its job ended well; it is missing while the job has no outcome.
        keep: ``ALWAYS``, ``ON_FAILURE`` or ``NEVER``.
    """
    ours = [entry for entry in entries if entry.get("name") and "kind" in entry]
    stored = {entry["name"] for entry in ours if entry["kind"] == "SuiteImport" and _is_stored(entry)}
    unfinished = {entry["name"] for entry in ours if "good" not in entry}
    failed = {entry["name"] for entry in ours if entry.get("good") is False}
    if keep == ALWAYS:
        return []
    return sorted(stored - unfinished - (failed if keep == ON_FAILURE else set()))


def _is_stored(entry: dict[str, Any]) -> bool:
    """Say whether the platform's last answer about an import brought the suite."""
    status = entry.get("outcome", {}).get("status")
    return bool(status and json.loads(status).get("response"))


def clean_up(client: KoreClient, ledger: Ledger, keep: str) -> list[str]:
    """Delete the suites of a test run; return what to tell about it.

    A suite that cannot be deleted is named, but fails nothing: it proves nothing about the bot.
    """
    names = names_to_delete(ledger.entries(), keep)
    if not names:
        return []
    try:
        client.delete_suites(names)
    except KoreError as bad:
        return [f"not deleted: {', '.join(names)}: {bad.message}"]
    return []
