"""Test reports say what an error of ours means, and carry the facts of an item's jobs."""

from __future__ import annotations

import re
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.errors import KoreError, Verdict
from pytest_kore_convtest.facts import job_facts
from pytest_kore_convtest.text import block, one_line

if TYPE_CHECKING:
    import pytest

    from pytest_kore_convtest.session import Run

_PACKAGE = str(Path(__file__).parent)

_COLOUR = re.compile(r"(\x1b\[[0-9;]{0,20}m)")
"""What pytest puts around the parts of a comparison that it shows in colour."""


def reshape(
    report: pytest.TestReport,
    raised: KoreError,
    excinfo: pytest.ExceptionInfo[BaseException],
    item: pytest.Item,
    full_report: str = "",
) -> None:
    """Make a report say what our error means: FAILED for a verdict, ERROR for anything else.

    A verdict also says where the full report will be.
    """
    phase = report.when
    if isinstance(raised, Verdict) and phase != "teardown":
        report.when = "call"
    elif phase == "call":
        report.when = "setup"
    # Older pytest-rerunfailures looks its own findings up by the phase that a report names.
    findings = getattr(item, "_terminal_errors", None)
    if isinstance(findings, dict):
        findings.setdefault(report.when, findings.get(phase, False))
    shown: Any = excinfo.getrepr(style="value", chain=False)
    place = _place(excinfo)
    crash = getattr(shown, "reprcrash", None)
    if crash is not None:
        crash.message = f"{type(raised).__name__}: {raised.headline}"
        crash.path, crash.lineno = place or (item.location[0], (item.location[1] or 0) + 1)
    if place:
        shown.addsection("where", f"{place[0]}:{place[1]}")
    if full_report and isinstance(raised, Verdict):
        shown.addsection("full report", full_report)
    report.longrepr = shown


def log_as_failed(report: pytest.TestReport, item: pytest.Item) -> None:
    """Make a verdict that a teardown raised FAILED, by a report of its own.

    The teardown's report has to stay one: JUnit and others finish an item with it.
    """
    extra = copy(report)
    extra.when = "call"
    item.ihook.pytest_runtest_logreport(report=extra)
    report.outcome, report.longrepr, report.sections = "passed", None, []


def make_harmless(report: pytest.TestReport, *, coloured: bool) -> None:
    """Make whatever a report shows harmless: what a test raised or printed may be the platform's words.

    Args:
        report: The report of an item of ours, or of a test that asks the platform.
        coloured: Whether pytest shows comparisons in colour; then colours are kept.
    """
    report.longrepr = _clean(report.longrepr, coloured=coloured)
    report.sections = _clean(report.sections, coloured=coloured)


def _clean(value: Any, *, coloured: bool) -> Any:
    """Clean texts wherever they are in lists, tuples and pytest's own pictures of exceptions."""
    if isinstance(value, str):
        parts = _COLOUR.split(value.expandtabs()) if coloured else [value.expandtabs()]
        return block(parts[0]) if len(parts) == 1 else _clean_coloured(parts)
    if isinstance(value, (list, tuple)):
        return type(value)(_clean(one, coloured=coloured) for one in value)
    if type(value).__module__.startswith("_pytest.") and hasattr(value, "__dict__"):
        for name, inner in vars(value).items():
            setattr(value, name, _clean(inner, coloured=coloured))
    return value


def _clean_coloured(parts: list[str]) -> str:
    """Clean a text that was cut at its colours, which go when anything else has to."""
    plain = "".join(parts[::2])
    if block(plain) != plain:
        return block(plain)
    return "".join(parts)


def _place(excinfo: pytest.ExceptionInfo[BaseException]) -> tuple[str, int] | None:
    """Return the last line of the user's own code on the way to an error."""
    import _pytest
    import pluggy

    foreign = (_PACKAGE, str(Path(_pytest.__file__).parent), str(Path(pluggy.__file__).parent))
    entries = [entry for entry in excinfo.traceback if not str(entry.path).startswith(foreign)]
    return (str(entries[-1].path), entries[-1].lineno + 1) if entries else None


def attach(report: pytest.TestReport, raised: BaseException | None, run: Run, item: pytest.Item) -> None:
    """Put facts about an item's jobs on its report, as plain data that xdist carries."""
    ids = {raised.evidence.get("job_id", "")} if isinstance(raised, KoreError) else set()
    if report.when == "call":
        ids |= {
            str(getattr(value, "id", ""))
            for value in getattr(item, "funcargs", {}).values()
            if _is_status(value)
        }
    jobs = run.jobs_of(item, ids - {""}) if report.when == "call" or report.failed or report.skipped else []
    facts = [job_facts(job) for job in jobs if job.outcome is not None]
    own = hasattr(item, "suite") or hasattr(item, "job")
    accounts = run.new_accounts(jobs) if run.wants_record else []
    kore = {
        "jobs": facts,
        "accounts": accounts,
        "step": getattr(item, "number", 0),
        "ours": isinstance(raised, KoreError),
        "own": own,
        "live": item.get_closest_marker("kore_live") is not None,
        "meant": _meant(run, item),
        "notes": getattr(item, "kore_notes", []),
    }
    if not any(kore.values()):
        return
    report.kore = kore  # type: ignore[attr-defined]
    if own and report.when == "call" and not kore["step"]:
        notes = dict.fromkeys(note for holder in (kore, *facts) for note in holder["notes"])
        report.sections += [("kore", "\n".join(map(one_line, notes)))] if notes else []
    for fact in facts:
        _add_properties(report, item, fact)


def _meant(run: Run, item: pytest.Item) -> list[str]:
    """Return the ids of the configured import jobs that an item is about, whether or not it got to ask."""
    job = getattr(item, "job", None)
    if job is not None:
        return [job.id]
    if "kore_import_status" not in getattr(item, "fixturenames", ()):
        return []
    callspec = getattr(item, "callspec", None)
    chosen = callspec.params.get("kore_import_status") if callspec else None
    jobs = run.settings.ds_id
    return [chosen] if isinstance(chosen, str) else [job.id for job in jobs] if len(jobs) == 1 else []


def _add_properties(report: pytest.TestReport, item: pytest.Item, fact: dict[str, Any]) -> None:
    """Record a job on its item: JUnit reads the properties of the teardown's report."""
    properties = [
        ("kore_run_id" if fact["kind"] == "run" else "kore_ds_id", one_line(fact["id"])),
        ("kore_suite", one_line(fact["suite"])),
        ("kore_polls", fact["asks"]),
        ("kore_seconds", fact["seconds"]),
    ]
    for one in properties:
        for holder in (item.user_properties, report.user_properties):
            if one not in holder and one[1] != "":
                holder.append(one)


def _is_status(value: Any) -> bool:
    return type(value).__name__ == "ImportStatus" and type(value).__module__.startswith(
        "pytest_kore_convtest"
    )
