"""The line that a person needs first: what fails now and passed before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from pytest_kore_convtest.history.compare import ACCEPTED, compare_runs
from pytest_kore_convtest.history.identity import FAILED, FLAKY, PASSED
from pytest_kore_convtest.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_kore_convtest.history.compare import Change, Comparison
    from pytest_kore_convtest.history.identity import RunState, SuiteState
    from pytest_kore_convtest.history.store import PastRun

_MOST_NAMED = 5

_PASTS = {
    PASSED: " that passed {when}",
    FLAKY: ", flaky {when}",
    ACCEPTED: ", accepted {when}",
    FAILED: ", failed otherwise {when}",
    "": ", new since {when}",
}
"""What is said of things that fail now, by what became of them before."""


def find_before(past: Sequence[PastRun], now: RunState) -> RunState | None:
    """Return what a history tells of the suites of a run: of each the latest that it has, of the same bot.

    Args:
        past: The earlier runs, the oldest first.
        now: The run.
    """
    same = [run.state for run in past if run.state.bots == now.bots and run.state.began < now.began]
    wanted = {(suite.file, suite.name) for suite in now.suites}
    found: dict[tuple[str, str], SuiteState] = {}
    began = ""
    for state in reversed(same):
        mine = {
            place: suite
            for suite in state.suites
            if (place := (suite.file, suite.name)) in wanted and place not in found
        }
        began = began or (state.began if mine else "")
        found.update(mine)
        if len(found) == len(wanted):
            break
    if not found:
        return None
    # Coverage is comparable with that of the same suites only.
    alike = (one for one in reversed(same) if {(suite.file, suite.name) for suite in one.suites} == wanted)
    covered = next((one.covered for one in alike), None)
    return replace(same[-1], began=began, suites=tuple(found.values()), covered=covered)


def write_news(now: RunState, before: RunState | None, today: date, *, compares: bool = True) -> str:
    """Return the line: what newly fails and since when, known failures, coverage and how it changed.

    Args:
        now: The run.
        before: What it is compared with; ``None`` when there is nothing.
        today: The day of the run in UTC.
        compares: Whether it was to be compared with anything.
    """
    known = sum(bool(step.known) for suite in now.suites for step in suite.steps)
    parts = ["no earlier run to compare with"] if compares else []
    if before is not None:
        parts = _tell(compare_runs(before, now), today)
    parts += [plural(known, "known failure")] if known else []
    parts += _tell_coverage(now.covered, before.covered if before is not None else None)
    return "; ".join(parts)


def _tell(compared: Comparison, today: date) -> list[str]:
    when = _say_when(compared.old.began, today)
    if not compared.compared:
        return [f"no suite of this run was in the one of {when}"]
    failing = compared.sections["newly_failing"]
    said = [_say_failing(group, words.format(when=when)) for words, group in _by_past(failing)]
    if not failing:
        said.append(f"nothing fails that passed {when}")
    words = {
        "unverified": "not verified any more",
        "still_failing": "still failing",
        "flaky": "flaky",
        "mended": "mended",
    }
    return [
        *said,
        *(f"{count} {word}" for key, word in words.items() if (count := len(compared.sections[key]))),
    ]


def _by_past(failing: Sequence[Change]) -> Iterator[tuple[str, list[Change]]]:
    """Part what newly fails by what became of it before, the plain passes first."""
    rest = list(failing)
    for was, words in _PASTS.items():
        if group := [change for change in rest if change.was == was]:
            yield words, group
    if group := [change for change in rest if change.was not in _PASTS]:
        yield ", not verified {when}", group


def _say_failing(changes: Sequence[Change], words: str) -> str:
    thing = "step" if all(change.step for change in changes) else "result"
    verb = "fails" if len(changes) == 1 else "fail"
    return f"{plural(len(changes), thing)} {verb}{words} ({_name(changes)})"


def _name(changes: Sequence[Change]) -> str:
    by_suite: dict[str, list[str]] = {}
    for change in changes[:_MOST_NAMED]:
        step = [f"step {change.step:02}"] if change.step else []
        by_suite.setdefault(printable(change.suite, 40), []).extend(step)
    names = [f"{suite}: {', '.join(steps)}" if steps else suite for suite, steps in by_suite.items()]
    more = len(changes) - _MOST_NAMED
    return "; ".join([*names, *([f"and {more} more"] if more > 0 else [])])


def _say_when(began: str, today: date) -> str:
    try:
        day = date.fromisoformat(began[:10])
    except ValueError:
        return "before"
    ago = (today - day).days
    return {0: "earlier today", 1: "yesterday"}.get(ago, f"on {day}")


def _tell_coverage(now: float | None, before: float | None) -> list[str]:
    if now is None:
        return []
    change = f" ({round(now - before):+d})" if before is not None and round(now - before) else ""
    return [f"coverage {now:.0f} %{change}"]
