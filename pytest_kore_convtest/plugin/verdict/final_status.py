"""The closing line of a test run: what was found out, what failed, what was not verified and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.reports.job_summary import JobSummary

EMULATOR_WORDS = "built-in emulator; no real platform was contacted"

BOT_REPEATS = "; its bot repeats what the suite expects (--kore-bot BOT.json makes it answer something else)"

BOT_UNUSED = "; nothing that the suites say has an answer in kore_bot, so its bot repeated what they expect"

_PASSED, _FAILED, _UNKNOWN = "passed", "failed", "unknown"
_FLAKY, _UNCHECKED = "flaky", "checked nothing"
_IMPORT, _RUN = "import", "run"
_LONGEST_REASON = 120


class ItemCounts(NamedTuple):
    """How many items of a kind there are, and what became of them.

    Attributes:
        total: All that were selected.
        passed: Those that passed.
        failed: Those that failed.
        unverified: Those without a verdict.
        why: Why the first of these has none.
    """

    total: int = 0
    passed: int = 0
    failed: int = 0
    unverified: int = 0
    why: str = ""

    @property
    def bad(self) -> list[str]:
        """What speaks against the items, in words."""
        said = [f"{self.failed} FAILED"] if self.failed else []
        if self.unverified:
            said.append(f"{self.unverified} not verified{_because(self.why)}")
        return said


class Tally(NamedTuple):
    """What a test run comes to.

    Attributes:
        verdict: Of the whole run: ``"passed"``, ``"failed"`` or ``"unknown"``.
        jobs: The facts of all jobs.
        not_waited: How many configured import jobs no selected item waited for.
        deselected: How many steps of suites that were run no selected item judges, and how many there are.
        lint: The items that judge a file.
        items: All other items of ours, and users' tests that asked the platform.
        unconfigured: How many of these were skipped because Kore is not configured.
    """

    verdict: str
    jobs: Sequence[JobSummary] = ()
    not_waited: int = 0
    deselected: tuple[int, int] = 0, 0
    lint: ItemCounts = ItemCounts()
    items: ItemCounts = ItemCounts()
    unconfigured: int = 0


def write_tally(tally: Tally) -> str:
    """Write the closing line: it begins with the verdict unless that is a pass."""
    imports = [job for job in tally.jobs if job["kind"] == _IMPORT]
    runs = [job for job in tally.jobs if job["kind"] == _RUN and not job["blocked"]]
    if tally.unconfigured and not imports:
        return _write_unconfigured(tally)
    asked = bool(tally.deselected[1]) or any(job["kind"] == _RUN for job in tally.jobs)
    parts = [_suites(imports), _runs(runs), _steps(imports, runs, asked=asked)] if imports or runs else []
    if tally.verdict == _PASSED and any(
        job["verdict"] == _FAILED and not job["excused"] for job in tally.jobs
    ):
        parts[0] += ", as a passed test expects"
    if not imports:
        parts += [_checks(tally.lint, "lint check", "passed"), _checks(tally.items, "test", "passed")]
        parts += ["nothing was imported"]
    else:
        lint = tally.lint
        # As many as pytest counts, unless lint has a number of its own.
        items = tally.items if lint.bad else tally.items._replace(total=tally.items.total + lint.total)
        parts += [_against(lint, "lint check"), _against(items, "test")]
    if runs and tally.deselected[0]:
        # On another machine, perhaps: what divides items may know nothing of suites.
        parts.append(f"{tally.deselected[0]} of {plural(tally.deselected[1], 'step')} deselected here")
    if tally.not_waited:
        parts.append(f"{plural(tally.not_waited, 'import job')} not waited for")
    if tally.unconfigured:
        parts.append(f"{tally.unconfigured} skipped: Kore is not configured")
    return _prefix(tally.verdict) + "; ".join(filter(None, parts))


def _prefix(verdict: str) -> str:
    return {_FAILED: "FAILED: ", _UNKNOWN: "NOT VERIFIED: "}.get(verdict, "")


def _write_unconfigured(tally: Tally) -> str:
    """Write the line of a run in which ``--kore-unconfigured=skip`` skipped what asks the platform."""
    skipped = f"Kore is not configured, {tally.unconfigured} skipped"
    against = [*tally.items.bad] if tally.items.failed else []
    if tally.lint.total:
        lint = _checks(tally.lint, "lint check", "passed")
        words = [lint, *against, f"NOTHING ELSE WAS CHECKED: {skipped}"]
    elif tally.items.passed or tally.items.failed:
        words = [_checks(tally.items, "test", "passed"), f"NOT CHECKED: {skipped}"]
    else:
        words = [f"NOTHING WAS CHECKED: {skipped}"]
    prefix = _prefix(_FAILED) if tally.verdict == _FAILED else ""
    return prefix + "; ".join(words)


def _suites(imports: list[JobSummary]) -> str:
    counted = {word: [job for job in imports if job["verdict"] == word] for word in _VERDICTS}
    said = []
    for word, jobs in counted.items():
        if jobs:
            why = _because(jobs[0]["weakest"]) if word == _UNKNOWN else ""
            said.append(f"{plural(len(jobs), 'suite')} {_VERDICTS[word]}{why}")
    return ", ".join(said)


_VERDICTS = {_FAILED: "FAILED", _UNKNOWN: "not verified", _PASSED: "imported and valid"}
"""What is said of suites, the worst first."""


def _runs(runs: list[JobSummary]) -> str:
    """Say which runs were not verified, and why; failed steps are told with the steps."""
    unknown = [job for job in runs if job["verdict"] == _UNKNOWN]
    failed = [
        job for job in runs if job["verdict"] == _FAILED and not _has_bad_steps(job) and not job["excused"]
    ]
    said = [f"{plural(len(failed), 'run')} FAILED"] if failed else []
    if unknown:
        said.append(f"{plural(len(unknown), 'run')} not verified{_because(unknown[0]['weakest'])}")
    return ", ".join(said)


def _has_bad_steps(job: JobSummary) -> bool:
    """Say whether steps that are told of by themselves stand behind a failed run."""
    return bool(job["results"][_FAILED] or job["results"].get(_FLAKY))


def _steps(imports: list[JobSummary], runs: list[JobSummary], *, asked: bool) -> str:
    total = max(sum(job["steps"] for job in imports), sum(job["steps"] for job in runs))
    if not total:
        return ""
    kinds = (_FAILED, _PASSED, _FLAKY, _UNCHECKED)
    failed, passed, flaky, idle = (sum(job["results"].get(kind, 0) for job in runs) for kind in kinds)
    words = f"{passed + failed + flaky + idle} of {plural(total, 'step')} executed"
    if not runs:
        advice = not asked and any(job["ours"] for job in imports)
        return words + (" (add --kore-run inDevelopment)" if advice else "")
    matched = sum(job["by_matcher"] for job in runs)
    by_file = f", {matched} by the file's matcher" if matched else ""
    by_file += f", {plural(idle, 'step')} checked nothing" if idle else ""
    known = sum(job["known"] for job in runs)
    excused = sum(job["known_flaky"] for job in runs)
    wavering = f", {flaky} of them flaky" if flaky else ""
    if failed or excused:
        said = [words, *([f"{failed - known} FAILED"] if failed > known else [])]
        said += [plural(known + excused, "known failure")] if known + excused else []
        said += [f"{flaky - excused} flaky"] if flaky > excused else []
        return ", ".join(said) + by_file
    if flaky and any(job["verdict"] != _PASSED for job in runs):
        return f"{words}, {flaky} FLAKY{by_file}"
    told = " by the platform's counts alone" if any(job["counts_only"] for job in runs) else ""
    if passed + flaky + idle == total:
        return f"{words}, {passed + flaky if idle else 'all'} passed{told}{wavering}{by_file}"
    return words + told + wavering + by_file


def _checks(counts: ItemCounts, what: str, word: str) -> str:
    if not counts.total:
        return ""
    return ", ".join([f"{counts.passed} of {plural(counts.total, what)} {word}", *counts.bad])


def _against(counts: ItemCounts, what: str) -> str:
    """Say how many items of a kind speak against the run; empty when none does."""
    if not counts.bad:
        return ""
    first, *rest = counts.bad
    number, _, words = first.partition(" ")
    return ", ".join([f"{number} of {plural(counts.total, what)} {words}", *rest])


def _because(why: str) -> str:
    line = why.partition("\n")[0].strip().rstrip(".")
    return f" ({line if len(line) <= _LONGEST_REASON else line[:_LONGEST_REASON] + '…'})" if line else ""
