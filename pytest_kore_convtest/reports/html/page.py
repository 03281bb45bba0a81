"""A record as one HTML page: no other file, no request, nothing in it that came from a bot can act.

Jinja2 escapes every value; before that every letter that could hide or reorder text is
written as its escape. The page forbids itself, by its Content-Security-Policy, every
script, style and request but its own.
"""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections import Counter
from datetime import datetime, timezone
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.reports.extent import list_limits
from pytest_kore_convtest.reports.html.coverage import view_coverage
from pytest_kore_convtest.reports.html.excerpts import Allowance
from pytest_kore_convtest.reports.html.suites import CODES, SuiteView, suite_views, tally
from pytest_kore_convtest.reports.html.timelines import HEIGHT, MARGIN
from pytest_kore_convtest.reports.outcome_words import FAILED, FLAKY, NOT_EVALUATED, PASSED, UNCHECKED
from pytest_kore_convtest.reports.totals import list_tested, name_platform, say_outcome
from pytest_kore_convtest.suites.diff import brief
from pytest_kore_convtest.suites.versions import explain_version
from pytest_kore_convtest.text import block, plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment

    from pytest_kore_convtest.reports.record import Evidence, ItemRecord, Record, Unevaluated

MOST_FAILURES = 50
MOST_IN_TITLE = 2
"""Failed steps that are listed at the top of the page."""

_LONGEST_LINE = 120
_OUTCOMES = {PASSED: "passed", FAILED: "failed", FLAKY: "passed", NOT_EVALUATED: "skipped"}
"""How a step's own item ends; it is listed only when it ended otherwise."""


class Failure(NamedTuple):
    """One thing that failed: where on the page, where in the files, and why."""

    anchor: str
    suite: str
    what: str
    why: str
    place: str


class Gap(NamedTuple):
    """Things that were not evaluated for the same reason."""

    why: str
    what: list[str]


def render_html(record: Record, allowance: Allowance | None = None) -> str:
    """Render a record as one HTML page.

    Texts beyond ``html_excerpts.LONGEST_SHOWN`` letters are shortened; the whole of them is
    on the page too, folded, as long as the allowance lasts, by default ``MOST_HIDDEN``.

    Raises:
        ModuleNotFoundError: Jinja2 is not installed.
    """
    environment = make_environment()
    allowance = allowance or Allowance()
    suites = suite_views(record, allowance)
    style, script = read_part("report.css"), read_part("report.js")
    return environment.get_template("page.html.j2").render(
        record=record,
        suites=suites,
        suite_tally=tally(suite["verdict"] for suite in record["suites"]),
        step_tally=tally(say_outcome(step) for suite in record["suites"] for step in suite["steps"]),
        headline=headline(record),
        tested="; ".join(list_tested(record["evidence"], MOST_IN_TITLE)),
        failures=failures(suites),
        most_failures=MOST_FAILURES,
        gaps=gaps(record["not_evaluated"]),
        limits=list_limits(record["evidence"]),
        items=other_items(record),
        coverage=view_coverage(record.get("coverage"), step_anchors(suites)),
        spent=allowance.spent,
        style=style,
        script=script,
        style_hash=hash_part(style),
        script_hash=hash_part(script),
    )


def step_anchors(suites: list[SuiteView]) -> dict[tuple[str, int], str]:
    """Return where steps stand on the page; those of suites that share a name are left out."""
    names = Counter(suite.record["name"] for suite in suites)
    return {
        (suite.record["name"], step.record["number"]): step.anchor
        for suite in suites
        if names[suite.record["name"]] == 1
        for step in suite.steps
    }


def make_environment() -> Environment:
    """Make the templates' world; lines lose their indentation, which thousands of steps would repeat."""
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ModuleNotFoundError as error:
        missing = 'the HTML report needs Jinja2: pip install "pytest-kore-convtest[report]"'
        raise ModuleNotFoundError(missing, name=error.name) from None

    environment = Environment(
        loader=FunctionLoader(lambda name: "\n".join(map(str.strip, read_part(name).splitlines()))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_finalize,
    )
    environment.filters.update(
        clock=clock,
        lasting=lasting,
        brief=brief,
        argument=_argument,
        emulated=_emulated,
        plural=_of,
        version=explain_version,
    )
    environment.globals.update(
        code=CODES, platform=name_platform, drawing={"height": HEIGHT, "margin": MARGIN}
    )
    return environment


def _argument(nodeid: str) -> str:
    """Write a node id as it is typed in a shell: without the group that xdist puts into it."""
    return shlex.quote(nodeid.rpartition("@kore-")[0] or nodeid)


def _emulated(run: Evidence) -> str:
    """Write the options with which a command uses the emulator as this run did; empty for a real platform."""
    if not run["emulator"]:
        return ""
    bot = next((one["value"] for one in run["settings"] if one["name"] == "kore_bot" and one["value"]), "")
    return " --kore-emulator" + (f" --kore-bot {shlex.quote(bot)}" if bot else "")


def read_part(name: str) -> str:
    """Read one of the page's parts, with the line ends that a browser will make of it."""
    return resources.files(__package__).joinpath("html_parts", name).read_text(encoding="utf-8")


def hash_part(text: str) -> str:
    """Return the hash by which a Content-Security-Policy allows a style or a script."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _finalize(value: object) -> object:
    """Show every letter that could hide or reorder text as its escape."""
    return block(value) if type(value) is str else value


def headline(record: Record) -> str:
    """Say in one or two sentences what came of it."""
    suites, steps = record["suites"], [step for suite in record["suites"] for step in suite["steps"]]
    if not suites:
        return "No suite was tested."
    verdicts = tally(suite["verdict"] for suite in suites)
    parts = [(verdicts.passed, "passed"), (verdicts.failed, "failed"), (verdicts.rest, "not verified")]
    said = f"{_of(len(suites), 'suite')}: {_join(parts)}."
    if not steps:
        return f"{said} No step was evaluated."
    outcomes = tally(map(say_outcome, steps))
    parts = [
        (outcomes.passed, "passed"),
        (outcomes.failed, "failed"),
        (outcomes.rest, "not evaluated"),
        (outcomes.flaky, FLAKY),
        (outcomes.unchecked, UNCHECKED),
    ]
    return f"{said} {_of(len(steps), 'step')}: {_join(parts)}."


def _of(number: int, what: str) -> str:
    return f"{number:,} {plural(number, what).partition(' ')[2]}"


def _join(parts: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{number:,} {word}" for number, word in parts if number)


def failures(suites: list[SuiteView]) -> list[Failure]:
    """List what failed: the steps, and every suite without a pass whose failure no step shows."""
    found = []
    for suite in suites:
        name = suite.record["name"]
        if suite.stops:
            found.append(Failure(suite.anchor, name, suite.record["verdict"], _reason(suite), _place(suite)))
        found += [
            Failure(step.anchor, name, f"step {step.label}", step.record["why"], step.record["place"])
            for step in suite.steps
            if step.record["outcome"] == FAILED
        ]
    return found


def _reason(suite: SuiteView) -> str:
    """Return the first reason against a suite's pass."""
    troubles = [job.record["trouble"]["message"] for job in suite.jobs if job.record["trouble"]]
    whys = [why for job in suite.jobs for why in job.record["why"]]
    return next(iter([*whys, *troubles, *(finding.message for finding in suite.findings)]), "")


def _place(suite: SuiteView) -> str:
    file = suite.record["file"]
    return f"{file['path']}:{file['line']}" if file else ""


def gaps(unevaluated: list[Unevaluated]) -> list[Gap]:
    """Group what was not evaluated by the reason."""
    found: dict[str, list[str]] = {}
    for one in unevaluated:
        found.setdefault(one["why"], []).append(one["what"])
    return [Gap(why, what) for why, what in found.items()]


def other_items(record: Record) -> list[ItemRecord]:
    """Return the test items whose outcome no step on the page tells already."""
    told = {
        step["nodeid"]: _OUTCOMES[step["outcome"]] for suite in record["suites"] for step in suite["steps"]
    }
    return [item for item in record["items"] if told.get(item["nodeid"]) != item["outcome"]]


def clock(moment: str) -> str:
    """Write a moment for people: ``2026-11-24 13:05:00 UTC``; what is no moment stays as it is."""
    try:
        when = datetime.fromisoformat(moment.replace("Z", "+00:00"))
    except ValueError:
        return moment
    return when.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def lasting(evidence: Evidence) -> str:
    """Say how long a run took; empty when it is not known."""
    try:
        start, end = (
            datetime.fromisoformat(evidence[key].replace("Z", "+00:00"))  # Python 3.10 knows no Z
            for key in ("started_at", "ended_at")
        )
    except (TypeError, ValueError):
        return ""
    seconds = (end - start).total_seconds()
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f} min {rest:.0f} s" if minutes else f"{seconds:.1f} s"
