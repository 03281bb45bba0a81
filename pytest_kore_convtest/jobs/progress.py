"""What is seen of a job while it is under way: plain data, for the screen and for other processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.text import plural, printable

if TYPE_CHECKING:
    from pytest_kore_convtest.errors import KoreError
    from pytest_kore_convtest.jobs.job import AnyJob
    from pytest_kore_convtest.jobs.wait import Wait

_LONGEST_LABEL, _LONGEST_WORDS = 80, 120

_PLAIN = {
    "certificate": "the certificate is not accepted",
    "closed": "the server hung up without an answer",
    "dns": "the host name cannot be resolved",
    "garbage": "the answer is not valid HTTP",
    "proxy": "the proxy lets nothing through",
    "refused": "the connection was refused",
    "reset": "the connection was reset",
    "route": "there is no route to the host",
    "timeout": "no answer in time",
    "tls": "the TLS connection broke",
    "truncated": "the answer was cut off",
    "unknown": "the request failed",
}
"""What the causes of failed asks are to a reader."""


class State(NamedTuple):
    """What is seen of one job at one moment.

    Attributes:
        key: What makes it one job, whoever looks.
        label: What to call it on screen.
        generation: 0 until it has ended; then the number of its outcome.
        words: The last word about it; empty before it begins.
        percent: How far the platform says it is; it may go back, or stand still.
        trouble: Why the last ask brought nothing, in plain words; empty when it brought something.
        silent: Seconds since the last usable answer, when there is trouble.
        elapsed: Seconds since it began.
        asks: Requests sent about it.
        memory: The name under which its duration is remembered; empty when we did not see it begin.
        good: Whether its end is worth remembering: the platform finished it.
    """

    key: str
    label: str
    generation: int = 0
    words: str = ""
    percent: float | None = None
    trouble: str = ""
    silent: float = 0.0
    elapsed: float = 0.0
    asks: int = 0
    memory: str = ""
    good: bool = False

    @property
    def ended(self) -> bool:
        """Whether the job has an outcome."""
        return self.generation > 0

    @property
    def begun(self) -> bool:
        """Whether anything has been done for it."""
        return bool(self.words or self.trouble)

    @property
    def moved(self) -> tuple[int, str, str, float | None]:
        """What differs when something has happened; time and asks alone are nothing."""
        return (self.generation, self.words, self.trouble, self.percent)


def look(job: AnyJob, now: float) -> State:
    """Look at a job of this process.

    Args:
        job: The job; its threads may go on with it meanwhile.
        now: The monotonic time.
    """
    label = printable(job.label, _LONGEST_LABEL)
    if job.outcome is not None:
        return _ended(job, label)
    wait = job.wait
    if wait is None or not wait.history:
        return State(job.key, label, words=_beginning(job))
    silent, trouble = _trouble(wait, now)
    return State(
        job.key,
        label,
        words=printable(wait.last.words, _LONGEST_WORDS) if wait.last else "",
        percent=wait.last.percent if wait.last else None,
        trouble=trouble,
        silent=silent,
        elapsed=max(0.0, job.before + now - wait.start),
        asks=len(wait.history),
        memory=memory_of(job),
    )


def _ended(job: AnyJob, label: str) -> State:
    outcome = job.outcome
    assert outcome is not None  # noqa: S101 - the caller has looked
    last = outcome.status.sent_status if outcome.status else _last_of(outcome.trouble)
    last = printable(last, _LONGEST_WORDS)
    asks = f"{plural(outcome.asks, 'request')}"
    began = outcome.status is not None or outcome.asks > 0
    return State(
        job.key,
        label,
        generation=outcome.generation,
        words=f"{last} after {outcome.seconds:.1f} s, {asks}" if began else "did not start",
        elapsed=outcome.seconds,
        asks=outcome.asks,
        memory=memory_of(job),
        good=outcome.status is not None,
    )


def _last_of(trouble: KoreError | None) -> str:
    seen = trouble.last if trouble else None
    return f"not verified, last status {seen}," if seen else "not verified"


def _beginning(job: AnyJob) -> str:
    if job.slot is None or job.job_id:
        return ""
    if not job.uploads:
        return "starting"
    return "uploaded, starting the import" if "file_id" in job.entry else "uploading"


def memory_of(job: AnyJob) -> str:
    """Name a job the same in every test run; one that somebody else began has no known length."""
    return printable(job.head.label, _LONGEST_LABEL) if job.uploads or not job.resume else ""


def _trouble(wait: Wait, now: float) -> tuple[float, str]:
    """Return the seconds without a usable answer, and why; nothing when the last ask was answered."""
    last = wait.history[-1]
    if not last["fault"]:
        return 0.0, ""
    answered = (ask["at"] + ask["took"] for ask in reversed(wait.history) if not ask["fault"])
    usable = next(answered, wait.before)
    saw = printable(str(last["saw"]), _LONGEST_WORDS)
    return max(0.0, wait.before + now - wait.start - usable), _PLAIN.get(saw, saw)
