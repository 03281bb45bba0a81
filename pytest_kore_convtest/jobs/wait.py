"""When to poll a job next, and when to stop. Pure: no clock, no connection.

``Wait`` is told what each ask brought and when; it says when the next one is due,
or how the wait ended. It never learns what it waits for.

Whatever would end a wait if nothing changed, the deadline first of all, gets an ask
aimed at it, so that no wait ends on old news. A pause the service asks for
(``Retry-After``, with HTTP 429 as well) is honoured; one that cannot fit ends the wait at once. For what is
no poll see ``api/retry``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.api.retry import FIRST_CONTACT, UNREACHED
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    JobExpiredError,
    JobStalledError,
    JobTimeoutError,
    KoreError,
    Poll,
    ProtocolError,
    RateLimitedError,
    RefusedError,
    ServiceError,
)
from pytest_kore_convtest.jobs.backoff import Backoff, RateLimit
from pytest_kore_convtest.jobs.end_reasons import Ending, describe
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.settings.settings import Settings

UNKNOWN_JOB_GRACE = 10.0
"""Seconds from the first ask in which "no such job" is tolerated: a new job may not be everywhere yet."""

GONE_ASKS = 3
"""Answers "no such job" in a row that prove that a job seen before is gone."""

INCOMPLETE_ASKS, INCOMPLETE_GRACE = 5, 10.0
"""Answers, and seconds, after which a success without its result is an error."""

MOST_TOO_LARGE = 3
"""Answers beyond the limit of size, since the last usable one, after which no more are read: each costs as
much memory and time as an answer may, and the next one will be no smaller."""

SUSPENDED = 30.0
"""Seconds by which an ask is late when the machine was asleep; a busy one is late by less."""

LAST_ASK_GRACE = 0.2
"""Seconds past the deadline that an exchange under way may still take."""


class WaitLimits(NamedTuple):
    """How long to wait for what; all in seconds.

    Attributes:
        timeout: The whole job, from the first ask.
        poll_interval: Shortest pause between two asks.
        max_poll_interval: Longest pause between two asks.
        outage_budget: Time without a usable answer.
        stall_timeout: Time with answers that show no change.
        request_timeout: One exchange, in total.
        rate_limit: Whether to stay below the platform's limits by ourselves.
    """

    timeout: float = 600.0
    poll_interval: float = 2.0
    max_poll_interval: float = 10.0
    outage_budget: float = 120.0
    stall_timeout: float = 300.0
    request_timeout: float = 30.0
    rate_limit: bool = True

    @classmethod
    def of(cls, settings: Settings) -> WaitLimits:
        """Return the limits that are set."""
        return cls(
            timeout=settings.timeout,
            poll_interval=settings.poll_interval,
            max_poll_interval=settings.max_poll_interval,
            outage_budget=settings.outage_budget,
            stall_timeout=settings.stall_timeout,
            request_timeout=settings.request_timeout,
            rate_limit=settings.rate_limit,
        )


class PollResult(NamedTuple):
    """What one usable answer showed.

    Attributes:
        words: The answer in words, e.g. ``"IN_PROGRESS 40 %"``.
        change: Anything that differs from the last answer's when something has moved.
        ended: Whether the job has ended, well or badly.
        incomplete: Whether it claims an end, but lacks what has to come with it.
        note: Something to tell the user once, or empty.
        percent: How far the job is, as far as it says so; a hint, never a verdict.
        status: The platform's word, as it was sent.
    """

    words: str
    change: object
    ended: bool = False
    incomplete: bool = False
    note: str = ""
    percent: float | None = None
    status: str = ""


class Wait:
    """One wait for one job.

    Args:
        what: What is waited for, e.g. ``"import job ds-1"``.
        job_id: Its id.
        limits: How long.
        start: The monotonic time of the first ask.
        resume: The command that waits for this job again.

    Attributes:
        backoff: The pauses between two asks.
        before: Seconds that the job had taken before this wait began.
        earlier: What an earlier wait for the same job asked, in this process or one that has died.
        way_on: What to do when no command waits for this job again.
        needs: The environment name of a secret that the command needs.
    """

    what: str
    job_id: str
    limits: WaitLimits
    resume: str
    way_on: str
    needs: str
    before: float
    due: float
    deadline: float
    backoff: Backoff

    def __init__(self, what: str, job_id: str, limits: WaitLimits, start: float, resume: str = "") -> None:
        self.what, self.job_id, self.limits, self.resume = what, job_id, limits, resume
        self.before = 0.0
        self.earlier: Sequence[Poll] = ()
        self.way_on = self.needs = ""
        self.start = start
        self.due = start
        self.deadline = start + limits.timeout
        self.last: PollResult | None = None
        self.notes: list[str] = []
        self.history: list[Poll] = []
        self._asked_at = start
        self._usable_at = self._moved_at = start
        self.backoff = Backoff(limits.poll_interval, limits.max_poll_interval)
        self._took = 0.0
        self._is_last_ask = self._overslept = False
        self._missing = self._incomplete = self._too_large = 0
        self._incomplete_at = start
        self._trouble: ServiceError | None = None
        self._limit = RateLimit() if limits.rate_limit else None

    def budget(self, now: float) -> float:
        """Return the seconds that an ask beginning now may take; one past a sleep and the deadline, any."""
        left = self.deadline - now + LAST_ASK_GRACE
        if self._overslept and left < 0:
            return self.limits.request_timeout
        return max(0.05, min(self.limits.request_timeout, left))

    def asked(self, now: float) -> None:
        """Note that an ask begins; while the machine slept nobody asked, so no outage or standstill grew."""
        late = now - self.due
        self._overslept = late > SUSPENDED
        if self._overslept:
            self._usable_at += late
            self._moved_at += late
        self._asked_at = now
        if self._limit:
            self._limit.note(now)

    def answered(self, sight: PollResult, now: float) -> bool:
        """Note a usable answer.

        Returns:
            Whether the wait is over.

        Raises:
            KoreError: The wait has failed.
        """
        self._record(now, sight.words, percent=sight.percent, status=sight.status)
        self._took = now - self._asked_at
        self._usable_at, self._missing, self._too_large, self._trouble = now, 0, 0, None
        if self.last is None or sight.change != self.last.change:
            self._moved_at = now
        self.last = sight
        if sight.note and sight.note not in self.notes:
            self.notes.append(sight.note)
        if sight.ended and not sight.incomplete:
            return True
        self._check_incomplete(sight, now)
        if now >= self._moved_at + self.limits.stall_timeout:
            raise self._error(
                JobStalledError, "has made no progress for", "kore_stall_timeout", now - self._moved_at, now
            )
        self._plan(now)
        return False

    def failed(self, trouble: KoreError, now: float) -> None:
        """Note an ask that brought nothing usable.

        Raises:
            KoreError: The wait has failed.
        """
        self._record(now, _in_words(trouble), fault=True)
        if isinstance(trouble, AccessDeniedError) or not isinstance(trouble, ServiceError):
            raise self.tell(trouble, now)
        self._trouble = trouble
        if isinstance(trouble, RefusedError):
            self._check_refused(trouble, now)
        self._check_outage(trouble, now)
        self._plan(now, trouble.retry_after or 0.0)

    def _plan(self, now: float, at_least: float = 0.0) -> None:
        if now >= self.deadline or self._is_last_ask:
            raise self._out_of_time(now)
        earliest, end = now + at_least, self._end()
        if at_least and earliest > end:
            raise self._given_up(
                f"the platform requests to wait {at_least:.0f} s, longer than this wait can last"
                f" (another {max(0.0, end - now):.0f} s)",
                now,
            )
        last = self.deadline - self._took  # so that its answer falls on the deadline
        aim = max(now, earliest, min(end, last))
        hurries = self._incomplete and self._trouble is None
        percent = self.last.percent if self.last and self._trouble is None else None
        pause = self.backoff.next_pause(now - self.start, percent)
        pause = self.limits.poll_interval if hurries else pause
        due = min(aim, max(earliest, self._asked_at + pause))
        if self._limit:
            due = self._limit.earliest(due)
            if due > self.deadline:
                raise self._out_of_time(now, " (the platform's rate limit allows no further request before)")
        self.due = due
        self._is_last_ask = last <= due < self._asked_at + self.limits.poll_interval

    def _end(self) -> float:
        """Return the moment at which the wait ends if the next answers bring nothing new."""
        ends = [self.deadline]
        if self._trouble is None:
            ends.append(self._moved_at + self.limits.stall_timeout)
            if self._incomplete:
                ends.append(self._incomplete_at + INCOMPLETE_GRACE)
        else:
            ends.append(self._usable_at + self.limits.outage_budget)
            if self.last is None and self._trouble.cause in UNREACHED:
                ends.append(self.start + FIRST_CONTACT)
            if self.last is None and isinstance(self._trouble, RefusedError) and self._trouble.missing:
                ends.append(self.start + UNKNOWN_JOB_GRACE)
        return min(ends)

    def _check_incomplete(self, sight: PollResult, now: float) -> None:
        if not sight.incomplete:
            self._incomplete = 0
            return
        if not self._incomplete:
            self._incomplete_at = now
        self._incomplete += 1
        if self._incomplete >= INCOMPLETE_ASKS or now >= self._incomplete_at + INCOMPLETE_GRACE:
            ending = self.ending(now)
            raise ProtocolError(
                f"{self.what} has the status {sight.words}, but the stored suite was missing in"
                f" {plural(self._incomplete, 'answer')}. The suite is not verified: import it again."
                f" {describe(ending, goes_on=False)}",
                excerpt=sight.words,
                **ending.to_fields(),
            )

    def _check_refused(self, trouble: RefusedError, now: float) -> None:
        if trouble.passing:
            return
        if not trouble.missing:
            raise self.tell(trouble, now)
        self._missing += 1
        if self.last is None:
            if now >= min(self.start + UNKNOWN_JOB_GRACE, self.deadline):
                raise self.tell(trouble, now)
        elif self._missing >= GONE_ASKS:
            ending = self.ending(now)
            raise JobExpiredError(
                f"{self.what} has expired or was deleted: the platform does not know this job"
                f" ({_quote(trouble)}).{f' {trouble.expiry}' if trouble.expiry else ''}"
                f" Import the suite again. {describe(ending, goes_on=False)}",
                **ending.to_fields(),
            )

    def _check_outage(self, trouble: ServiceError, now: float) -> None:
        if trouble.final:
            raise self.tell(trouble, now)
        self._too_large += trouble.cause == "size"
        if self._too_large >= MOST_TOO_LARGE:
            why = "no more answers are read, although kore_outage_budget is not spent"
            raise self._given_up(f"{self._too_large} answers were larger than any real one: {why}", now)
        out = f"{now - self._usable_at:.0f} s"
        unreached = self.last is None and trouble.cause in UNREACHED
        if unreached and now >= self.start + FIRST_CONTACT:
            raise self._given_up(f"no answer at all in {out}", now)
        if now >= self._usable_at + self.limits.outage_budget:
            raise self._given_up(f"no usable answer for {out} (kore_outage_budget)", now)

    def ending(self, now: float) -> Ending:
        """Return what is known of the job when nobody waits any more from now on."""
        return Ending(
            self.what,
            self.job_id,
            seconds=max(0.0, self.before + now - self.start),
            polls=[*self.earlier, *self.history],
            resume=self.resume,
            way_on=self.way_on,
            needs=self.needs,
        )

    def tell(self, trouble: KoreError, now: float) -> KoreError:
        """Return the same error as one that ends this wait, with the wait's story; once is enough."""
        if trouble.describes_wait:
            return trouble
        ending = self.ending(now)
        message = f"{_sentence(trouble.message)} {describe(ending, told_last=True)}"
        return replace(trouble, message=message, **ending.to_fields())

    def _given_up(self, why: str, now: float) -> KoreError:
        trouble = self._trouble
        assert trouble is not None  # noqa: S101 - callers come from failed()
        ending = self.ending(now)
        message = f"{self.what}: {why}. The last request: {_sentence(trouble.message)} {describe(ending)}"
        return replace(trouble, message=message, **ending.to_fields())

    def _out_of_time(self, now: float, why: str = "") -> KoreError:
        seconds = self.before + now - self.start
        if self.last is None and self._trouble is not None:
            return self._given_up(f"no usable answer in {seconds:.0f} s (kore_timeout){why}", now)
        return self._error(JobTimeoutError, "did not finish in", f"kore_timeout{why}", seconds, now)

    def _error(self, kind: type[KoreError], what: str, setting: str, seconds: float, now: float) -> KoreError:
        notes = "".join(f" {_sentence(note[:1].upper() + note[1:])}" for note in self.notes)
        ending = self.ending(now)
        return kind(
            f"{self.what} {what} {seconds:.0f} s ({setting}).{notes} {describe(ending)}",
            **ending.to_fields(),
        )

    def _record(
        self, now: float, words: str, *, percent: float | None = None, status: str = "", fault: bool = False
    ) -> None:
        at, took = round(self.before + self._asked_at - self.start, 3), round(now - self._asked_at, 3)
        self.history.append(Poll(at=at, took=took, saw=words, percent=percent, status=status, fault=fault))


def _sentence(text: str) -> str:
    return text if text.endswith(("?", "!", "…")) else f"{text.rstrip('.')}."


def _quote(trouble: RefusedError) -> str:
    return f"it says {trouble.reply or 'HTTP 404'!r}"


def _in_words(trouble: KoreError) -> str:
    if isinstance(trouble, RateLimitedError):
        return "rate limited"
    if not isinstance(trouble, ServiceError):
        return type(trouble).__name__
    reply = trouble.reply if isinstance(trouble, RefusedError) else ""
    status = f"HTTP {trouble.status}" if trouble.status else ""
    return trouble.cause or reply or status or type(trouble).__name__
