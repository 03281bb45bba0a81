"""The two kinds of job, how they advance, and what their status looks like."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import ClassVar

from . import runs
from .false_results import RunDrift, apply_run_drift
from .replies import Reply, ok, timestamp
from .script import STATUS_WORDS, Script, Word

EXPIRY = 900.0  # seconds; both documented samples show it
_STEPS_TO_TOP = 17  # times 5 is 85, the percentage of the documented samples
_RUNNING = ("IN_PROGRESS", "INPROGRESS", "PENDING", "QUEUED")
_GOOD = ("SUCCESS", "PASSED")


@dataclass(frozen=True)
class Pace:
    """How jobs advance.

    Args:
        polls: Answers that still say "in progress".
        seconds: Seconds a job takes; overrules ``polls`` when given.
    """

    polls: int = 3
    seconds: float | None = None


@dataclass(kw_only=True)
class Job:
    """What an import and a run have in common."""

    id: str
    stream_id: str
    created: float
    pace: Pace
    end: str = "SUCCESS"
    modified: float = 0.0
    polls: int = 0
    last: Word = field(default=Word("IN_PROGRESS", 0))
    succeeded: bool = False
    script: Script | None = None

    # A run that failed is as complete as one that passed; a failed import stands where it stopped.
    full_at_end: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.modified = self.modified or self.created

    @property
    def over(self) -> bool:
        """Whether the last answer was a final one."""
        return _ends(self.last)

    def next_word(self, now: float) -> Word:
        """Advance by one request and return what to answer."""
        if self.script is None:
            word = self._natural(now)
            moved = (word.name, word.percent) != (self.last.name, self.last.percent)
            return self._note(word, now, moved=moved)
        word, fresh = self.script.advance()
        return word if word.is_fault else self._note(word, now, moved=fresh)

    def settle(self, now: float) -> None:
        """Finish a job whose time is over although nobody asked."""
        if self.script is None and self.pace.seconds is not None and not self.over:
            self.next_word(now)

    def finish(self, now: float) -> None:
        """Reach the end at once."""
        self._note(Word(self.end), now, moved=True)

    def _natural(self, now: float) -> Word:
        if self.over:
            return self.last
        percent = self._percent_by_polls() if self.pace.seconds is None else self._percent_by_time(now)
        return Word(self.end) if percent is None else Word("IN_PROGRESS", percent)

    def _percent_by_polls(self) -> int | None:
        self.polls += 1
        if self.polls > self.pace.polls:
            return None
        return (self.polls - 1) * _STEPS_TO_TOP // max(1, self.pace.polls - 1) * 5

    def _percent_by_time(self, now: float) -> int | None:
        elapsed, whole = now - self.created, self.pace.seconds or 0.0
        return None if elapsed >= whole else max(0, int(elapsed / whole * 100))

    def _note(self, word: Word, now: float, *, moved: bool) -> Word:
        good = word.name.upper() in _GOOD
        percent = word.percent
        if percent is None:
            percent = 100 if good or (self.full_at_end and _ends(word)) else self.last.percent
        # Whoever watches for a standstill looks at lMod; a repeated last word is one.
        if not word.says_no("lmod") and (moved or "lmod" in word.options):
            self.modified = max(now, self.modified + 0.001)
        self.last = replace(word, percent=percent)
        self.succeeded = self.succeeded or good
        return self.last


@dataclass(kw_only=True)
class ImportJob(Job):
    """The import of one suite.

    Args:
        suite: The suite as it will be stored, without its times; ``None`` when the file is bad.
        problem: What is wrong with the file, for ``statusLogs``.
        draft_id: The envelope's ``testSuiteId``, which is not the suite's id.
        user_id: Who asked.
        deleted: Whether the suite was deleted afterwards.
    """

    suite: dict[str, object] | None
    problem: str = ""
    draft_id: str
    user_id: str
    deleted: bool = False

    @property
    def stored(self) -> bool:
        """Whether the suite can be run."""
        return self.succeeded and self.suite is not None and not self.deleted

    def reply(self, word: Word) -> Reply:
        """Return the import status for a status word."""
        created = timestamp(self.created)
        body: dict[str, object] = {
            "_id": self.id,
            "status": word.name,
            "percentageComplete": word.percent,
            "streamId": self.stream_id,
            "jobType": "CONVERSATION_TESTING_VALIDATE",
            "action": "RUN",
            "countOfDockStatuses": 1,
            "createdBy": self.user_id,
            "testSuiteId": self.draft_id,
            "expireAt": timestamp(self.created + EXPIRY),
            "statusLogs": self._logs(word),
            "lMod": timestamp(self.modified),
            "createdOn": created,
            "requestedTime": created,
            "__v": 0,
        }
        if word.name.upper() == "SUCCESS" and self.suite is not None and not word.says_no("response"):
            moment = timestamp(self.modified)
            body["response"] = {**self.suite, "createdOn": moment, "lModOn": moment}
        return _answer(body, word)

    def _logs(self, word: Word) -> list[dict[str, str]]:
        if not self.over or word.name.upper() in _GOOD:
            return []
        return [{"status": word.name, "comments": word.options.get("log", self.problem or "Import failed")}]


@dataclass(kw_only=True)
class RunJob(Job):
    """One run of a stored suite.

    Args:
        suite_id: The stored suite's id.
        name: Its name, by which the platform addresses it.
        version: The version as reported: ``published`` or ``configured``.
        total: Test steps in the suite.
        results: The execution results of all steps that ran.
        is_scripted: Whether the bot's script says what it answers, at least to one input.
        short: Whether the platform reports counts only.
        drift: What is reported instead of what happened, see ``Switches.run_drift``.
    """

    suite_id: str
    name: str
    version: str
    total: int
    results: list[dict[str, object]]
    is_scripted: bool = False
    short: bool = False
    drift: RunDrift | str | None = None

    full_at_end: ClassVar[bool] = True

    def reply(self, word: Word) -> Reply:
        """Return the run status for a status word."""
        status = self._status(word)
        body = {
            "_id": self.id,
            "streamId": self.stream_id,
            "testSuiteId": self.suite_id,
            "status": status,
            "totalTestStepsCount": self.total,
            "result": self._result(word, status),
            "percentageCompleted": word.percent,
        }
        drifts = self.over and not word.says_no("response")
        return _answer(apply_run_drift(body, self.drift) if drifts else body, word)

    def _status(self, word: Word) -> str:
        if word.literal:
            return word.name
        if word.name.upper() == "SUCCESS":
            return "failed" if runs.count(self.results)["failed"] else "passed"
        return word.name.lower().replace("_", "")

    def _result(self, word: Word, status: str) -> dict[str, object]:
        start = timestamp(self.created)
        if not self.over or word.says_no("response"):
            return {**runs.running(start, self.version), "status": status}
        duration = max(1, round((self.modified - self.created) * 1000))
        result = runs.finished(self.results, start, self.version, duration, status)
        return runs.summarise(result) if self.short else result


def _ends(word: Word) -> bool:
    """Whether a status word is final; an unheard-of word is not."""
    return word.name.upper() in STATUS_WORDS and word.name.upper() not in _RUNNING


def _answer(body: dict[str, object], word: Word) -> Reply:
    if "merge" in word.options:
        body.update(json.loads(word.options["merge"]))
    return ok(body)
