"""At the end of a run: make its record, write it in the forms that were asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.options import GITHUB, REPORTS
from pytest_kore_convtest.session import NOBODY, in_github
from pytest_kore_convtest.settings import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pytest

    from pytest_kore_convtest.account import Account
    from pytest_kore_convtest.recording import Recorder
    from pytest_kore_convtest.report.record import Evidence, Record, Unevaluated
    from pytest_kore_convtest.session import Run
    from pytest_kore_convtest.settings import Settings

_WORDS = {"html": "HTML", "json": "JSON", "markdown": "Markdown"}


@dataclass(frozen=True)
class Published:
    """What became of the reports.

    Attributes:
        written: What was written, e.g. ``"HTML report: reports/kore.html"``.
        problems: What could not be written, and why.
        annotations: What makes GitHub show failures beside the lines of the suite files.
    """

    written: Sequence[str] = ()
    problems: Sequence[str] = ()
    annotations: Sequence[str] = ()


def publish(run: Run, recorder: Recorder, closing: list[str], session: pytest.Session) -> Published:
    """Make the record of a run and write all its reports.

    Args:
        run: The run.
        recorder: What its test reports told.
        closing: The closing lines.
        session: The session that is over.
    """
    env, settings = environment(), run.known_settings()
    recorder.add_accounts(list(_tell_unfinished(run, recorder.job_ids())))
    evidence = _tell_evidence(run, recorder.clock_skew, session)
    secrets = [secret.reveal() for name in ("client_secret", "jwt") if (secret := getattr(settings, name))]
    record = recorder.make(
        evidence, _find_unevaluated(run, recorder), [*settings.notes, *run.notes], closing, secrets
    )
    written, problems = write_reports(record, settings, env)
    return Published(written, problems, _annotate(record, env) if in_github(env) else ())


def _tell_evidence(run: Run, clock_skew: float | None, session: pytest.Session) -> Evidence:
    from pytest_kore_convtest.account import moment
    from pytest_kore_convtest.evidence import tell_evidence

    return {
        **tell_evidence(run.known_settings(), environment(), run.config.rootpath),
        "emulator": run.emulated,
        "started_at": moment(run.begun_at),
        "ended_at": moment(time.time()),
        "clock_skew": clock_skew,
        "exit_code": int(session.exitstatus),
        "interrupted": run.interrupted,
    }


def _find_unevaluated(run: Run, recorder: Recorder) -> Iterator[Unevaluated]:
    """Yield the import jobs that were configured or begun, and of which no test report tells."""
    known = recorder.job_ids()
    why = run.stopped or "no selected test waited for it"
    for job in run.settings.ds_id:
        if job.id not in known:
            yield {"what": f"import job {job.id} ({job.label})", "why": why}


def _tell_unfinished(run: Run, known: set[str]) -> Iterator[Account]:
    """Give account of the jobs whose end nobody saw, and of those that ended and no item told of."""
    found = run.unfinished()
    if not found:
        return
    from pytest_kore_convtest.account import give_open_account
    from pytest_kore_convtest.unfinished import find_ended

    yield from run.new_accounts(run.jobs())
    for job in () if run.pipelines else find_ended(run.ledgers()):
        if job.job_id not in known:
            yield give_open_account(job, "it ended, and no item of this test run judged it", time.time())
    for job in found:
        yield give_open_account(job, run.stopped or NOBODY, time.time())


def write_reports(record: Record, settings: Settings, env: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Write the reports that the settings ask for.

    Returns:
        What was written, and what could not be.
    """
    from pytest_kore_convtest.report.command import render
    from pytest_kore_convtest.report.files import append_step_summary, write_report
    from pytest_kore_convtest.report.markdown import render_markdown
    from pytest_kore_convtest.suitefile import show_path

    written, problems = [], []
    for form in REPORTS:
        target = getattr(settings, form)
        if target is None:
            continue
        try:
            if target == GITHUB:
                append_step_summary(
                    env.get("GITHUB_STEP_SUMMARY"), lambda limit: render_markdown(record, limit)
                )
            else:
                write_report(target, render(form, record))
        except ConfigError as bad:
            problems.append(bad.message)
            continue
        except Exception as bug:  # noqa: BLE001 - whatever it is, it must not hide the verdict
            problems.append(
                f"the {_WORDS[form]} report was not written: {type(bug).__name__} in this plugin: {bug}"
            )
            continue
        where = "the job summary on GitHub" if target == GITHUB else show_path(target)
        written.append(f"{_WORDS[form]} report: {where}")
    return written, problems


def _annotate(record: Record, env: Mapping[str, str]) -> list[str]:
    from pytest_kore_convtest.report.annotations import render_annotations

    here, root = Path.cwd(), Path(env.get("GITHUB_WORKSPACE") or ".").absolute()
    folder = here.relative_to(root).as_posix() if here.is_relative_to(root) else ""
    return render_annotations(record, "" if folder == "." else folder)
