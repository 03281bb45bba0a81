"""Test reports say what an error of ours means, and carry the facts of an item's jobs."""

from __future__ import annotations

import re
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import pytest_kore_convtest
from pytest_kore_convtest.errors import ConfigError, KoreError, Verdict
from pytest_kore_convtest.plugin.own_items import OwnItem, fixture_values, is_live, skipped_by_us
from pytest_kore_convtest.plugin.report_facts import REPORT_KEY, ReportFacts
from pytest_kore_convtest.text import block, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeGuard

    from pytest_kore_convtest.api.models import ImportStatus
    from pytest_kore_convtest.jobs.job import AnyJob
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.reports.job_summary import JobSummary

_PACKAGE = str(Path(pytest_kore_convtest.__file__).parent)

_COLOUR = re.compile(r"(\x1b\[[0-9;]{0,20}m)")
"""What pytest puts around the parts of a comparison that it shows in colour."""
_SHORT_ENOUGH = 120
"""Characters of a message about a setting that may be said by each item."""

_LONGEST_SAID = 2_000
"""Characters of a text of a conversation in JUnit."""

_SEEN: pytest.StashKey[dict[str, JobSummary]] = pytest.StashKey()
"""The jobs of an item that its reports have told of."""


@contextmanager
def without_traceback(item: pytest.Item, raised: BaseException | None) -> Iterator[None]:
    """Let pytest make no traceback of an error of ours meanwhile, as ``reshape`` shows none.

    It would parse each file that the traceback leads through, which took most of a run in which many steps
    fail. What is expected to fail keeps its own, for ``--xfail-tb``.
    """
    option = item.config.option
    style = getattr(option, "tbstyle", None)
    if style is None or not isinstance(raised, KoreError) or item.get_closest_marker("xfail"):
        yield
        return
    option.tbstyle = "value"
    try:
        yield
    finally:
        option.tbstyle = style


def reshape(
    report: pytest.TestReport,
    raised: KoreError,
    excinfo: pytest.ExceptionInfo[BaseException],
    item: pytest.Item,
    run: Run,
) -> None:
    """Make a report say what our error means: FAILED for a verdict, ERROR for anything else.

    The phase of a report is what pytest, JUnit, xdist and pytest-rerunfailures all take for
    the difference; ``terminal.headings`` puts the true one into the heading. A verdict also says where
    the full report will be, a setting that is missing is explained once in a test run.
    """
    phase = report.when
    if isinstance(raised, Verdict) and phase != "teardown":
        report.when = "call"
    elif phase == "call":
        report.when = "setup"
    _tell_rerunfailures(item, phase, report.when)
    place = _place(excinfo)
    message = _refer(raised, item, run)
    if message != raised.message:
        excinfo = pytest.ExceptionInfo.from_exception(
            ConfigError(message).with_traceback(raised.__traceback__)
        )
    shown = excinfo.getrepr(style="value", chain=False)
    crash = getattr(shown, "reprcrash", None)
    if crash is not None:
        crash.message = f"{type(raised).__name__}: {message.partition(chr(10))[0]}"
        crash.path, crash.lineno = place or (item.location[0], (item.location[1] or 0) + 1)
    if place:
        shown.addsection("where", f"{place[0]}:{place[1]}")
    if run.full_report and isinstance(raised, Verdict):
        shown.addsection("full report", run.full_report)
    report.longrepr = shown


def _tell_rerunfailures(item: pytest.Item, before: str | None, now: str | None) -> None:
    """Let pytest-rerunfailures find what it noted by the phase that a report named before."""
    if not item.config.pluginmanager.has_plugin("rerunfailures"):
        return
    findings = getattr(item, "_terminal_errors", None)
    if isinstance(findings, dict):
        findings.setdefault(now, findings.get(before, False))


def _refer(raised: KoreError, item: pytest.Item, run: Run) -> str:
    """Return an error's message; of a setting that another item has explained, only what it is about."""
    if not isinstance(raised, ConfigError) or len(raised.message) <= _SHORT_ENOUGH:
        return raised.message
    first = run.explained.setdefault(raised.message, item.nodeid)
    if first == item.nodeid:
        return raised.message
    head = re.split(r"[.:](?:\s|$)", raised.message, maxsplit=1)[0]
    return f"{head}: see {first}"


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
    for name in ("longrepr", "sections"):
        setattr(report, name, _clean(getattr(report, name), coloured=coloured))


def _clean(value: object, *, coloured: bool) -> object:
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


def attach(
    report: pytest.TestReport, raised: BaseException | None, run: Run, item: pytest.Item, phase: str
) -> None:
    """Put facts about an item's jobs on its report, as plain data that xdist carries.

    Args:
        report: The report.
        raised: What ended the phase, if anything did.
        run: The run.
        item: The item.
        phase: The phase in which it came to pass, whatever the report calls it.
    """
    ids = {raised.job_id} if isinstance(raised, KoreError) else set()
    if report.when == "call":
        ids |= {str(value.id) for value in fixture_values(item).values() if _is_status(value)}
    jobs = run.jobs_of(item, ids - {""}) if report.when == "call" or report.failed or report.skipped else []
    facts = [run.results.summarize(job) for job in jobs if job.outcome is not None]
    own = item if isinstance(item, OwnItem) else None
    results = run.results.new(jobs) if run.wants_record else []
    kore = ReportFacts(
        jobs=facts,
        results=results,
        step=own.number if own else 0,
        ours=isinstance(raised, KoreError),
        own=own is not None,
        live=is_live(item),
        notes=list(own.kore_notes) if own else [],
        pages=_find_pages(raised, own),
    )
    if own and own.kore_flaky and report.when == "call" and report.passed:
        kore["flaky"] = list(own.kore_flaky)
        kore["conversation"] = _write_conversation(run, own, jobs)
    if kore["step"] and report.when == "call" and report.failed and own is not None:
        from pytest_kore_convtest.plugin.update import describe_update

        if found := describe_update(jobs, own):
            kore["update"] = found
        kore["conversation"] = _write_conversation(run, own, jobs)
    if not any(kore.values()):
        return
    if isinstance(raised, KoreError):
        kore["kind"] = type(raised).__name__
    error = isinstance(raised, KoreError) and not isinstance(raised, Verdict)
    kore["skip"], kore["error_in"] = skipped_by_us(raised), phase if error else ""
    setattr(report, REPORT_KEY, kore)
    if own and report.when == "call" and not kore["step"]:
        notes = dict.fromkeys(note for holder in (kore, *facts) for note in holder["notes"])
        report.sections += [("kore", "\n".join(map(one_line, notes)))] if notes else []
    _add_properties(report, item, facts)


def _write_conversation(run: Run, own: OwnItem, jobs: Iterable[AnyJob]) -> str:
    """Return what was said up to a step; empty for another item, and when no JUnit report is written."""
    from pytest_kore_convtest.jobs.suite_run import SuiteRun

    if not own.number or not getattr(own.config.option, "xmlpath", None):
        return ""
    for job in jobs:
        steps = run.results.describe_steps(job.head) if isinstance(job, SuiteRun) else []
        if own.number <= len(steps):
            from pytest_kore_convtest.reports.conversation import write_conversation

            return write_conversation(steps, own.number - 1, longest=_LONGEST_SAID)
    return ""


def _find_pages(raised: BaseException | None, own: OwnItem | None) -> list[str]:
    """Return where the documentation explains an error of ours, or what an item found besides."""
    rules = own.kore_rules if own else ()
    if not isinstance(raised, KoreError) and not rules:
        return []
    from pytest_kore_convtest.plugin.terminal.help_pages import explain_error, explain_rules

    return [*(explain_error(raised) if isinstance(raised, KoreError) else ()), *explain_rules(rules)]


def _add_properties(report: pytest.TestReport, item: pytest.Item, jobs: list[JobSummary]) -> None:
    """Record an item's jobs on it: JUnit reads the properties of the teardown's report.

    Each id stands there; the requests and seconds are those of all its jobs together.
    """
    seen = item.stash.setdefault(_SEEN, {})
    seen.update((job["key"], job) for job in jobs)
    facts = list(seen.values())
    if not jobs:
        return
    properties = {
        "kore_polls": sum(fact["asks"] for fact in facts),
        "kore_seconds": round(sum(fact["seconds"] for fact in facts), 3),
    }
    ids = [("kore_ds_id", fact["id"]) for fact in facts if fact["kind"] != "run"]
    ids += [("kore_run_id", one) for fact in facts if fact["kind"] == "run" for one in fact["runs"]]
    ids += [("kore_suite", fact["suite"]) for fact in facts]
    named = [(name, one_line(value)) for name, value in ids]
    for holder in (item.user_properties, report.user_properties):
        kept = [one for one in holder if one[0] not in properties]
        kept += [one for one in dict.fromkeys(named) if one[1] and one not in kept]
        holder[:] = [*kept, *properties.items()]


def _is_status(value: object) -> TypeGuard[ImportStatus]:
    return type(value).__name__ == "ImportStatus" and type(value).__module__.startswith(
        "pytest_kore_convtest"
    )
