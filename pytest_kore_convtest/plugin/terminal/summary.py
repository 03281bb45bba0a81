"""The section after the run: one line per job, the worst first, then warnings and where the reports are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.text import fit, one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

    from pytest_kore_convtest.reports.job_summary import JobSummary

_LOOKS = {
    "failed": ("FAILED", "red"),
    "unknown": ("NOT VERIFIED", "yellow"),
    "known": ("known", "yellow"),
    "passed": ("passed", "green"),
}
"""How verdicts look, the worst first."""

_RUN = "run"
_MOST_NAMED = 5


class Line(NamedTuple):
    """A job's line: its verdict, and what there is to say; without a verdict it is about the whole run."""

    verdict: str
    text: str


def sum_up(jobs: Iterable[JobSummary]) -> list[Line]:
    """Say in one line each what became of jobs: the worst first, else in the order of the run."""
    order = list(_LOOKS)
    lines = [Line("known" if job["excused"] else job["verdict"], describe(job)) for job in jobs]
    return sorted(lines, key=lambda line: order.index(line.verdict))


def describe(job: JobSummary) -> str:
    """Say in one line what became of a job: what was found, its weakest point, what it took, its id."""
    if job["verdict"] == "unknown" and not job["steps"]:
        found = [_unknown(job)]
    elif job["kind"] == _RUN:
        found = [_steps(job), job["weakest"], *_unevaluated(job)]
    else:
        found = _stored(job)
    took = f"{job['seconds']:.1f} s, {plural(job['asks'], 'request')}"
    ended = f"platform: {job['last']} after {took}" if job["last"] else f"after {took}"
    end = [f"{ended} ({job['id']})" if job["id"] else ended] if job["asks"] else []
    return f"{job['label']}: " + "; ".join(filter(None, [*found, *end]))


def _unknown(job: JobSummary) -> str:
    what = "not verified" if job["id"] or job["asks"] else "did not start"
    nothing = ", no step was evaluated" if job["kind"] == _RUN else ""
    why = f": {job['weakest']}" if job["weakest"] else ""
    return f"{what}{nothing}{why}"


def _steps(job: JobSummary) -> str:
    counts = dict(job["results"])
    passed = counts.pop("passed", 0)
    others = "".join(f", {count} {kind}" for kind, count in counts.items() if count)
    if known := job["known"] + job["known_flaky"]:
        others += f" ({plural(known, 'known failure')})"
    if not passed and not others:
        return "no step was reported"
    several = f" in {len(job['runs'])} runs" if len(job["runs"]) > 1 else ""
    return f"{passed} of {plural(job['steps'], 'step')} passed{others}{several}"


def _unevaluated(job: JobSummary) -> list[str]:
    names = job["unevaluated"]
    if not names:
        return []
    count = max(len(names), job["results"].get("not evaluated", 0))
    more = [f"and {count - _MOST_NAMED} more"] if count > _MOST_NAMED else []
    return [f"not evaluated: {', '.join([*names[:_MOST_NAMED], *more])}"]


def _stored(job: JobSummary) -> list[str]:
    valid = "valid" if job["verdict"] == "passed" else "NOT VALID"
    if not job["stored"]:
        return [job["weakest"], "no suite was stored"]
    kinds = [f"{count} {kind}" for kind, count in job["assertions"].items() if count]
    unused = [kind for kind, count in job["assertions"].items() if not count]
    checks = f"checks {', '.join(kinds)}" if kinds else "checks nothing at all"
    never = f", never {' or '.join(unused)}" if kinds and unused else ""
    judged = f"{valid}: {job['weakest']}" if job["weakest"] else valid
    return [judged, f"stored as '{job['suite']}': {plural(job['steps'], 'step')}, {checks}{never}"]


def _written(reporter: object, line: str) -> str:
    """Return a line as it goes to the terminal; its letters' encoding is known by the file behind it."""
    file = getattr(getattr(reporter, "_tw", None), "_file", None)
    return fit(one_line(line), getattr(file, "encoding", None))


def write_summary(
    reporter: pytest.TerminalReporter,
    jobs: Sequence[Line],
    notes: Sequence[str],
    reports: Sequence[str],
    idle: Sequence[tuple[str, str]] = (),
) -> None:
    """Print the section; nothing when there is nothing to say.

    Args:
        reporter: pytest's.
        jobs: The jobs' lines.
        notes: Findings, warnings, hints.
        reports: What is covered; which reports were written, and where; which pages explain findings.
        idle: Label and id of each configured job that no selected test waited for.
    """
    if not (jobs or notes or reports or idle):
        return
    reporter.ensure_newline()
    reporter.section("kore", sep="-")
    for line in jobs:
        if not line.verdict:
            reporter.line(_written(reporter, line.text), bold=True)
            continue
        word, colour = _LOOKS[line.verdict]
        reporter.write(f"{word:<7} ", **{colour: True, "bold": line.verdict != "passed"})
        reporter.line(_written(reporter, line.text))
    for label, job_id in idle:
        said = f"not waited for: {label} ({job_id}): no selected test waits for it"
        reporter.line(_written(reporter, said), yellow=True)
    for note in notes:
        reporter.line(_written(reporter, note), yellow=True)
    for report in reports:
        reporter.line(_written(reporter, report))
