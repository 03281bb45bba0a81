"""At the end of a run: make its record, write it in the forms that were asked for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest import redaction
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.plugin.config import in_github
from pytest_kore_convtest.plugin.coverage import measure_run
from pytest_kore_convtest.plugin.history import tell_news
from pytest_kore_convtest.plugin.session import NOBODY
from pytest_kore_convtest.reports.outcome_words import PASSED, UNKNOWN
from pytest_kore_convtest.settings.options import GITHUB, REPORTS
from pytest_kore_convtest.settings.settings import environment
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pytest

    from pytest_kore_convtest.plugin.reporting.recorder import Recorder
    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.plugin.verdict.exit_code import RunVerdict
    from pytest_kore_convtest.reports.job_record import JobResult
    from pytest_kore_convtest.reports.record import Evidence, Record, ShardRecord, Unevaluated
    from pytest_kore_convtest.settings.settings import Settings

_MOST_NAMED = 100
"""Items without a verdict of which a report gives the names, per reason."""

_WORDS = {"html": "HTML", "json": "JSON", "markdown": "Markdown"}


class Published(NamedTuple):
    """What became of the reports.

    Attributes:
        written: What was written, e.g. ``"HTML report: reports/kore.html"``.
        problems: What could not be written, and why.
        annotations: What makes GitHub show failures beside the lines of the suite files.
        coverage: The table of what is covered.
        notes: What there is to say about it, and about what was accepted.
        first: What newly fails, in the line that stands first.
        compared: The comparison with an earlier run.
    """

    written: Sequence[str] = ()
    problems: Sequence[str] = ()
    annotations: Sequence[str] = ()
    coverage: Sequence[str] = ()
    notes: Sequence[str] = ()
    first: str = ""
    compared: Sequence[str] = ()


def publish(run: Run, recorder: Recorder, verdict: RunVerdict, session: pytest.Session) -> Published:
    """Make the record of a run and write all its reports.

    Args:
        run: The run.
        recorder: What its test reports told.
        verdict: What the run comes to.
        session: The session that is over.
    """
    env, settings = environment(), run.known_settings()
    recorder.add_results(list(_describe_unfinished(run, recorder.job_ids())))
    _add_later_runs(run, recorder)
    measured = measure_run(recorder.conversations(), run.measured_bot, settings)
    verdict.add_coverage(session, measured.problem, below=measured.below)
    evidence = _tell_evidence(run, recorder.clock_skew, session, ended_early=verdict.ended_early)
    for name in ("client_secret", "jwt"):
        if secret := getattr(settings, name):
            redaction.remember(secret.reveal())
    recorder.verdict, recorder.coverage = verdict.verdict, measured.coverage
    record = recorder.make(
        evidence,
        verdict.results,
        _find_unevaluated(run, recorder, verdict),
        dict.fromkeys([*settings.notes, *run.notes, *measured.notes]),
        verdict.last_words(),
    )
    reviewed = _review(run, record)
    news = tell_news(run, record)
    record["notes"][:0] = [news.first] if news.first else []
    record["notes"] += [*reviewed, *news.notes]
    written, problems = write_reports(record, settings, env)
    problems += news.problems
    annotations = _annotate(record, env) if in_github(env) else ()
    notes = [*measured.notes, *reviewed, *news.notes]
    return Published(written, problems, annotations, measured.lines, notes, news.first, news.lines)


def _review(run: Run, record: Record) -> list[str]:
    """Say what the baseline accepts in vain, or not any more."""
    if run.baseline.accepted is None:
        return []
    from pytest_kore_convtest.history.known_failures import review
    from pytest_kore_convtest.history.suite_names import SuiteNames

    return review(run.baseline.accepted, record, run.today, SuiteNames(run.config.rootpath))


def _tell_evidence(
    run: Run, clock_skew: float | None, session: pytest.Session, *, ended_early: bool
) -> Evidence:
    from pytest_kore_convtest.reports.evidence import tell_evidence
    from pytest_kore_convtest.reports.job_record import moment

    return {
        **tell_evidence(run.known_settings(), environment(), run.config.rootpath),
        "emulator": run.emulated,
        "shard": _tell_shard(run),
        "started_at": moment(run.begun_at),
        "ended_at": moment(time.time()),
        "clock_skew": clock_skew,
        "exit_code": int(session.exitstatus),
        "interrupted": run.interrupted,
        "stopped": run.stopped if ended_early else "",
        "deselected": run.deselected,
    }


def _tell_shard(run: Run) -> ShardRecord | None:
    if (shard := run.settings.shard) is None:
        return None
    from pytest_kore_convtest.plugin.items.shards import find_division

    division = find_division(run)
    return {"number": shard.number, "of": shard.of, "suites": division.suites, "digest": division.digest}


def _find_unevaluated(run: Run, recorder: Recorder, verdict: RunVerdict) -> Iterator[Unevaluated]:
    """Yield what was configured, selected or begun, and of which no job of the record tells."""
    known = recorder.job_ids()
    idle = {job.id for job in verdict.not_waited}
    ended = run.stopped or "the run ended before its end was seen"
    for job in run.settings.ds_id:
        if job.id not in known:
            why = "not waited for: no selected test waits for it" if job.id in idle else ended
            yield {"what": f"import job {job.id} ({job.label})", "why": why}
    yield from _group(verdict.unevaluated())


def _describe_unfinished(run: Run, known: set[str]) -> Iterator[JobResult]:
    """Describe the jobs whose end nobody saw, and of those that ended and no item told of."""
    found = run.unfinished()
    if not found:
        return
    from pytest_kore_convtest.jobs.unfinished import find_ended
    from pytest_kore_convtest.reports.job_record import describe_unfinished

    yield from run.results.new(run.jobs())
    for job in () if run.pipelines else find_ended(run.stores()):
        if job.job_id not in known:
            yield describe_unfinished(job, "it ended, and no item of this test run judged it", time.time())
    for job in found:
        yield describe_unfinished(job, run.stopped or NOBODY, time.time())


def _add_later_runs(run: Run, recorder: Recorder) -> None:
    """Tell of runs that followed another one of their suite, and whose end nobody saw."""
    for job in run.unfinished():
        first = job.entry.get("of")
        if first:
            from pytest_kore_convtest.reports.job_record import describe_unfinished

            told = describe_unfinished(job, run.stopped or NOBODY, time.time())["run"]
            if told is not None:
                recorder.add_later_run(first, job.entry.get("attempt", 1), told)


def _group(found: Iterable[tuple[str, str]]) -> Iterator[Unevaluated]:
    """Name items that were not evaluated; of many with one reason the first ones."""
    by_why: dict[str, list[str]] = {}
    for what, why in found:
        by_why.setdefault(why, []).append(what)
    for why, names in by_why.items():
        for what in names[:_MOST_NAMED]:
            yield {"what": what, "why": why}
        more = len(names) - _MOST_NAMED
        if more > 0:
            yield {"what": plural(more, "more item"), "why": why}


def write_reports(record: Record, settings: Settings, env: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Write the reports that the settings ask for.

    Returns:
        What was written, and what could not be.
    """
    from pytest_kore_convtest.reports.markdown import render_markdown
    from pytest_kore_convtest.reports.render import render
    from pytest_kore_convtest.reports.write_files import append_step_summary, write_report
    from pytest_kore_convtest.text import show_path

    written, problems = list[str](), list[str]()
    for form in sorted(REPORTS, key="json".__eq__):  # JSON last: it knows what became of the others
        target = getattr(settings, form)
        if target is None:
            continue
        try:
            if target == GITHUB:
                append_step_summary(
                    env.get("GITHUB_STEP_SUMMARY"), lambda limit: render_markdown(record, limit)
                )
            else:
                write_report(target, render(form, _with_problems(record, problems)))
        except ConfigError as bad:
            problems.append(bad.message)
            continue
        except Exception as bug:  # noqa: BLE001 - whatever it is, it must not hide the verdict
            problems.append(
                f"the {_WORDS[form]} report was not written: internal error in this plugin"
                f" ({type(bug).__name__}): {bug}"
            )
            continue
        where = "the job summary on GitHub" if target == GITHUB else show_path(target)
        written.append(f"{_WORDS[form]} report: {where}")
    return written, problems


def _with_problems(record: Record, problems: Sequence[str]) -> Record:
    """Return a record that knows which reports could not be written, and that the run is red for it."""
    if not problems:
        return record
    evidence: list[Evidence] = [{**one, "exit_code": one["exit_code"] or 1} for one in record["evidence"]]
    verdict = UNKNOWN if record["verdict"] == PASSED else record["verdict"]
    closing = [*record["closing"], *(f"kore: {problem}" for problem in problems)]
    return {**record, "verdict": verdict, "evidence": evidence, "closing": closing}


def _annotate(record: Record, env: Mapping[str, str]) -> list[str]:
    from pytest_kore_convtest.reports.github import render_annotations

    here, root = Path.cwd(), Path(env.get("GITHUB_WORKSPACE") or ".").absolute()
    folder = here.relative_to(root).as_posix() if here.is_relative_to(root) else ""
    return render_annotations(record, "" if folder == "." else folder)
