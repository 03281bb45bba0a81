"""A run of a suite, and those that follow it: again after failures, or a number of times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import KoreError
from pytest_kore_convtest.jobs.end_reasons import LOOK
from pytest_kore_convtest.jobs.job import LONGEST_WORD, Job, describe_unknown
from pytest_kore_convtest.jobs.poll import poll_once
from pytest_kore_convtest.jobs.store_entry import JobEntry
from pytest_kore_convtest.jobs.wait import PollResult
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_kore_convtest.api.client import KoreClient
    from pytest_kore_convtest.api.retry import Clock
    from pytest_kore_convtest.api.run_models import RunStatus
    from pytest_kore_convtest.jobs.job import AnyJob, SuiteImport
    from pytest_kore_convtest.jobs.outcome import Outcome
    from pytest_kore_convtest.jobs.wait import Wait
    from pytest_kore_convtest.rules import Rule, Severity
    from pytest_kore_convtest.suites.file import LocalSuite
    from pytest_kore_convtest.suites.results.attempts import Repetition
    from pytest_kore_convtest.suites.results.origin import RunRequest
    from pytest_kore_convtest.suites.results.run_result import Attempt, RunResult

_RUN = " run"
_LONGEST_LABEL = 80


def run_label(suite: str, attempt: int = 1, repeats: int | None = None) -> str:
    """Name the run of a suite; a long name is cut before the word that tells it from the import."""
    several = repeats is not None and repeats > 1
    number = f" {attempt} of {repeats}" if several else f" {attempt}" if attempt > 1 else ""
    end = f"{_RUN}{number}"
    return printable(suite, _LONGEST_LABEL - len(end) - 1) + end


class SuiteRun(Job["RunStatus"]):
    """A run of a suite that this test run imported.

    Args:
        label: What to call it on screen.
        name: The stored suite's name.
        version: ``"published"`` or ``"inDevelopment"``.
        suite: The local suite, when there is one.
        after: The import that has to be good before.
        before: The run of the same suite that it follows; ``None`` for the first one.

    Attributes:
        attempt: Its 1-based number among the runs of the suite.
        first: The first of them: what became of the suite is asked of that one.
        following: The run after it, once it is known that there is one.
        rules: The chosen severities of what may be found in its result; set by the pipeline.
        plan: How often the suite is run; ``None`` for once; set by the pipeline.
    """

    version: str
    after: SuiteImport | None
    attempt: int
    first: SuiteRun
    following: SuiteRun | None

    def __init__(  # noqa: PLR0913 - what it runs, and after what
        self,
        label: str,
        name: str,
        version: str,
        suite: LocalSuite | None = None,
        after: SuiteImport | None = None,
        *,
        before: SuiteRun | None = None,
    ) -> None:
        of = after.key if after else ""
        self.attempt = before.attempt + 1 if before else 1
        number = f" #{self.attempt}" if before else ""
        super().__init__(f"run {name} {version} {of}{number}", label, suite=suite, name=name)
        self.version, self.after = version, after
        self.first = before.first if before else self
        self.following = None
        self.rules: Mapping[Rule, Severity] = {}
        self.plan: Repetition | None = None
        self._judged: tuple[Outcome[RunStatus], RunResult] | None = None
        self._joined: tuple[list[Outcome[RunStatus] | None], RunResult] | None = None

    @property
    def what(self) -> str:
        """What is waited for, in words."""
        return f"run {self.job_id} of {self.name!r}" if self.job_id else f"the run of {self.name!r}"

    @property
    def way_on(self) -> str:
        """What becomes of it when nobody waits any more: no command waits for a run."""
        return super().way_on or f"The run goes on without us; its result will stand on {LOOK}."

    @property
    def head(self) -> SuiteRun:
        """The first of the runs of its suite."""
        return self.first

    @property
    def generation(self) -> int:
        """The sum of the numbers of the outcomes of all runs, of the first one."""
        return sum(run.outcome.generation for run in self.chain() if run.outcome)

    def chain(self) -> list[SuiteRun]:
        """Return all runs of the suite, the first one first, as far as they are known."""
        found = [self.first]
        while (following := found[-1].following) is not None:
            found.append(following)
        return found

    def facts(self) -> JobEntry:
        """Return what other processes need to know of it."""
        entry = JobEntry(
            version=self.version, after=self.after.key if self.after else "", attempt=self.attempt
        )
        if self.first is not self:
            entry["of"] = self.first.key
        return entry

    def follows(self) -> AnyJob | None:
        """Return its import; ``None`` for a suite that is on the platform already."""
        return self.after

    def blocked(self) -> str | None:
        """Say why it cannot begin yet, or ever."""
        if self.after is None:
            return None
        if self.after.outcome is None:
            return ""
        return None if self.after.is_good(self.after.outcome) else "its import has not passed"

    def begin(self, client: KoreClient) -> JobEntry:
        """Start the run."""
        return {"job_id": client.start_run(self.name, self.version)}

    def poll(self, client: KoreClient, wait: Wait, clock: Clock) -> RunStatus | None:
        """Ask once and tell the wait what the answer shows; return the answer when it ends the wait."""
        return poll_once(
            lambda budget: client.run_status(self.name, self.job_id, budget=budget), self.see, wait, clock
        )

    def see(self, status: RunStatus) -> PollResult:
        """Say what an answer shows."""
        from pytest_kore_convtest.api import models

        percent = "" if status.percent_complete is None else f" {status.percent_complete:.0f} %"
        return PollResult(
            words=f"{printable(status.sent_status, LONGEST_WORD)}{percent}",
            change=(status.status, status.percent_complete, status.passed, status.failed),
            ended=status.meaning != models.RUNNING,
            note="" if status.word_is_known else describe_unknown(status.sent_status),
            percent=status.percent_complete,
            status=status.sent_status,
        )

    def read(self, body: bytes) -> RunStatus:
        """Read a status from the store."""
        from pytest_kore_convtest.api.run_models import read_run_status

        return read_run_status(body)

    def ending(self) -> Outcome[RunStatus]:
        """Return the outcome that says whether there is a result of the suite.

        That is the first run's: another one after failures can mend what it found, and not take it away.
        Of repetitions each one counts, so it is that of the first one without a result, if there is one.
        """
        outcomes = [run.outcome for run in self.chain() if run.outcome is not None]
        repeats = self.plan is not None and self.plan.repeats is not None
        without = (one for one in outcomes if one.trouble is not None)
        return next(without, outcomes[0]) if repeats else outcomes[0]

    def result(self) -> RunResult:
        """Judge the suite's runs together, step by step.

        Raises:
            KoreError: There is no outcome to judge.
        """
        if self.first is not self:
            return self.first.result()
        outcomes = [run.outcome for run in self.chain()]
        if self._joined is None or list(map(id, self._joined[0])) != list(map(id, outcomes)):
            self._joined = (outcomes, self._join(self.chain()))
        return self._joined[1]

    def own_result(self) -> RunResult:
        """Judge this run alone, step by step.

        Raises:
            KoreError: There is no outcome to judge.
        """
        assert self.outcome is not None  # noqa: S101 - callers have waited
        return self.judge_alone(self.outcome)

    def wants_another(self, outcome: Outcome[RunStatus]) -> bool:
        """Say whether the suite is run once more after this run, which ended so."""
        if self.plan is None or outcome.status is None:
            return False
        from pytest_kore_convtest.suites.results.attempts import wants_another

        before = [run.own_result() for run in self._before()]
        return wants_another([*before, self.judge_alone(outcome)], self.plan)

    def _before(self) -> list[SuiteRun]:
        """Return the runs before this one, each of which has a result."""
        return [run for run in self.chain() if run.attempt < self.attempt]

    def _join(self, runs: list[SuiteRun], last: Outcome[RunStatus] | None = None) -> RunResult:
        """Judge some runs together.

        Args:
            runs: The runs; those without an outcome are left out.
            last: How the last of them ended, while nobody else knows yet.
        """
        if self.plan is None:
            return runs[-1].judge_alone(last) if last else runs[-1].own_result()
        from pytest_kore_convtest.suites.results.attempts import combine

        known = [(run, last if last and run is runs[-1] else run.outcome) for run in runs]
        ended = [(run, outcome) for run, outcome in known if outcome is not None]
        results = [run.judge_alone(outcome) for run, outcome in ended if outcome.status is not None]
        if not results:
            ended[0][1].result()
        return combine(results, [run.describe(outcome) for run, outcome in ended], self.plan, self.rules)

    def describe(self, outcome: Outcome[RunStatus]) -> Attempt:
        """Say in short how this run ended."""
        from pytest_kore_convtest.suites.results.run_result import NOT_EVALUATED, Attempt

        if outcome.status is None:
            why = outcome.trouble.message.partition("\n")[0] if outcome.trouble else ""
            return Attempt(self.attempt, NOT_EVALUATED, why, self.job_id, outcome.seconds)
        judged = self.judge_alone(outcome)
        why = next(iter(judged.why), "")
        return Attempt(self.attempt, judged.outcome, why, self.job_id, outcome.seconds)

    def judge_alone(self, outcome: Outcome[RunStatus]) -> RunResult:
        """Judge one outcome of this run by itself."""
        if self._judged is None or self._judged[0] is not outcome:
            from pytest_kore_convtest.suites.results.judge import judge_run

            self._judged = (outcome, judge_run(outcome.result(), self.suite, self._request(outcome)))
        return self._judged[1]

    def _request(self, outcome: Outcome[RunStatus]) -> RunRequest:
        """Say what was asked for, so that a result of something else is not taken for this run's."""
        from pytest_kore_convtest.suites.results.origin import RunRequest

        imported = self.after.outcome.status if self.after and self.after.outcome else None
        began = outcome.ended_at and outcome.ended_at - outcome.seconds
        return RunRequest(self.version, imported, began, outcome.clock_skew, self.rules)

    def is_good(self, outcome: Outcome[RunStatus]) -> bool:
        """Say whether every step passed, by this run and those before it."""
        from pytest_kore_convtest.suites.run_errors import verdict_of

        if self.plan is not None and self.attempt < (self.plan.repeats or 0):
            return False  # too few so far, whatever they came to: joining them each time would be quadratic
        try:
            return verdict_of(self._join([*self._before(), self], outcome)) is None
        except KoreError:
            return False
