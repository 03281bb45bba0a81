"""What is different between two runs: what newly fails, is mended, flaky, slower, new or gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_kore_convtest.history.identity import (
    FAILED,
    FLAKY,
    PASSED,
    UNKNOWN,
    StepState,
    SuiteState,
    pair_steps,
    pair_suites,
)
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from pytest_kore_convtest.history.identity import RunState

SLOWER_FACTOR, SLOWER_SECONDS = 1.5, 5.0
"""A run of a suite got slower when it takes this many times as long, and this many seconds longer."""

ACCEPTED = "accepted"
"""What became of a step before that failed, and was accepted then."""

SECTIONS = {
    "newly_failing": "newly failing",
    "unverified": "not verified any more",
    "still_failing": "still failing",
    "known": "known failures",
    "flaky": "flaky",
    "mended": "mended",
    "slower": "got slower",
    "new": "new",
    "gone": "gone",
}
"""The sections of a comparison and their titles, what needs a person first."""


@dataclass(frozen=True)
class Change:
    """One line of a section.

    Attributes:
        file: The suite's file, or empty.
        suite: The suite's name.
        step: The step's number; 0 when it is about the whole suite.
        input: What the user says at that step.
        said: What there is to say of it, or empty.
        was: What became of it before; empty when it is new.
    """

    file: str
    suite: str
    step: int = 0
    input: str = ""
    said: str = ""
    was: str = ""


@dataclass
class Comparison:
    """Two runs beside each other.

    Attributes:
        old: The earlier run.
        new: The later one.
        sections: The changes, by the keys of ``SECTIONS``.
        compared: How many suites are in both.
    """

    old: RunState
    new: RunState
    sections: dict[str, list[Change]] = field(default_factory=lambda: {key: [] for key in SECTIONS})
    compared: int = 0

    @property
    def is_worse(self) -> bool:
        """Whether anything newly fails, or is not found out any more; or nothing could be compared.

        A suite that is gone is not found out any more when the later run is not whole.
        """
        lost = self.new.gaps and any(not one.step for one in self.sections["gone"])
        worse = self.sections["newly_failing"] or self.sections["unverified"]
        return bool(worse or lost or not self.compared)


def compare_runs(old: RunState, new: RunState) -> Comparison:
    """Compare two runs; the work grows with their size, not with its square."""
    made = Comparison(old, new)
    for before, after in pair_suites(old.suites, new.suites):
        if after is None:
            if before is not None:
                made.sections["gone"].append(Change(before.file, before.name, said="the whole suite"))
        elif before is None:
            made.sections["new"].append(Change(after.file, after.name, said="the whole suite"))
            _compare_suite(made, None, after)
        else:
            made.compared += 1
            _compare_suite(made, before, after)
    return made


def _compare_suite(made: Comparison, before: SuiteState | None, after: SuiteState) -> None:
    told = _compare_steps(made, before, after)
    section, said = _judge_suite(before, after, told)
    if section:
        was = ACCEPTED if before and before.excused else before.verdict if before else ""
        made.sections[section].append(_change(after, None, said, was))
    if before is not None and before.steps and not after.steps and after.verdict == PASSED:
        said = f"run before: {plural(len(before.steps), 'step')}; none was run now"
        made.sections["unverified"].append(_change(after, None, said))
    if before is None or before.seconds is None or after.seconds is None:
        return
    longer = after.seconds - before.seconds
    if longer >= SLOWER_SECONDS and after.seconds >= SLOWER_FACTOR * before.seconds:
        said = f"{before.seconds:.1f} s before, {after.seconds:.1f} s now; one measurement each"
        made.sections["slower"].append(_change(after, None, said))


def _judge_suite(before: SuiteState | None, after: SuiteState, told: set[str]) -> tuple[str, str]:
    """Return the section of a suite, and what there is to say; empty when its steps say it all.

    Args:
        before: The suite in the earlier run.
        after: The suite in the later one.
        told: The sections in which steps of it stand.
    """
    failed_before = before is not None and before.verdict == FAILED and not before.excused
    if after.import_fails and not (before is not None and before.import_fails):
        return "newly_failing", after.why
    if after.verdict == PASSED:
        if after.flaky and "flaky" not in told:
            return "flaky", "its run passed after it had failed"
        mended = failed_before and not told & {"mended", "unverified"}
        return ("mended", "failed before") if mended else ("", "")
    if after.excused or told & {"newly_failing", "unverified"}:
        return "", ""
    if after.verdict == FAILED:
        section = "still_failing" if failed_before else "newly_failing"
        return ("", "") if section in told else (section, after.why)
    was_known = before is None or before.verdict != UNKNOWN
    return ("unverified", after.why) if was_known else ("", "")


def _compare_steps(made: Comparison, before: SuiteState | None, after: SuiteState) -> set[str]:
    """Compare the steps of a suite; return the sections in which they stand."""
    earlier = before.steps if before is not None else ()
    pairs = pair_steps([step.key for step in earlier], [step.key for step in after.steps])
    told = set[str]()
    for at, step in enumerate(after.steps):
        was = earlier[pairs[at]] if at in pairs else None
        if was is None and before is not None and earlier:
            made.sections["new"].append(_change(after, step))
        section, said = _judge(was, step)
        if section:
            told.add(section)
            made.sections[section].append(_change(after, step, said, _say_past(was)))
    if before is not None and after.steps:
        left = set(range(len(earlier))) - set(pairs.values())
        for at in sorted(left):
            made.sections["gone"].append(_change(before, earlier[at]))
    return told


def _say_past(was: StepState | None) -> str:
    if was is None:
        return ""
    return ACCEPTED if was.known else was.outcome


def _judge(was: StepState | None, step: StepState) -> tuple[str, str]:
    """Return the section of a step, and what there is to say; empty when nothing has changed."""
    if step.known:
        return "known", step.known
    if step.outcome == FAILED:
        failed_before = was is not None and was.outcome == FAILED and not was.known
        return ("still_failing" if failed_before else "newly_failing"), step.why
    if step.outcome == FLAKY:
        return "flaky", "" if was is None else f"{was.outcome} before"
    if step.outcome == UNKNOWN:
        return ("unverified" if was is None or was.outcome != UNKNOWN else ""), step.why
    return _judge_pass(was, step) if was is not None else ("", "")


def _judge_pass(was: StepState, step: StepState) -> tuple[str, str]:
    if step.unchecked and not was.unchecked and was.outcome != UNKNOWN:
        return "unverified", "it passes, and nothing of it is checked now"
    return ("mended", f"{was.outcome} before") if was.outcome in {FAILED, FLAKY} else ("", "")


def _change(suite: SuiteState, step: StepState | None = None, said: str = "", was: str = "") -> Change:
    number, spoken = (step.number, step.input) if step else (0, "")
    return Change(suite.file, suite.name, number, spoken, said, was)
