"""A clock that stands still unless told, and a service that answers by script."""

from dataclasses import replace

from pytest_kore_convtest.errors import KoreError, RefusedError, UnreachableError
from pytest_kore_convtest.jobs.poll import poll_once
from pytest_kore_convtest.jobs.wait import PollResult, Wait, WaitLimits


class FakeClock:
    """Time that passes only in ``sleep``."""

    def __init__(self, now=0.0):
        self.now, self.sleeps = now, []

    def monotonic(self):
        """Return the time."""
        return self.now

    def sleep(self, seconds):
        """Let time pass."""
        self.sleeps.append(seconds)
        self.now += seconds


class NoAnswer:
    """An exchange that lasts for some seconds, or for its whole budget, and brings nothing."""

    def __init__(self, seconds):
        self.seconds = seconds


class Late:
    """An answer that takes some seconds."""

    def __init__(self, seconds, answer):
        self.seconds, self.answer = seconds, answer


class Service:
    """Answer each ask with the next of the given sights or errors, the last one for ever.

    An answer may be a function of the time since the first ask.
    """

    def __init__(self, clock, *answers):
        self.clock, self.answers, self.times, self.budgets = clock, list(answers), [], []

    def ask(self, budget):
        """Give the next answer."""
        self.times.append(self.clock.now)
        self.budgets.append(budget)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(self.clock.now - self.times[0])
        if isinstance(answer, Late):
            took = min(answer.seconds, budget)
            self.clock.now += took
            answer = answer.answer if took == answer.seconds else NoAnswer(0)
        if isinstance(answer, NoAnswer):
            self.clock.now += min(answer.seconds, budget)
            raise UnreachableError("no complete answer", cause="timeout", sent=True, final=False)
        if isinstance(answer, KoreError):
            raise replace(answer)
        return answer

    @staticmethod
    def see(answer):
        """Return the answer: it is a sight already."""
        return answer


def poll_until(ask, see, wait, clock):
    """Ask until the job has ended, in this thread; return the answer that says so."""
    while True:
        clock.sleep(max(0.0, wait.due - clock.monotonic()))
        if (answer := poll_once(ask, see, wait, clock)) is not None:
            return answer


def make_wait(clock, **limits):
    """Return a wait of a job that nobody has asked for yet."""
    return Wait("import job ds-1", "ds-1", WaitLimits(**limits), clock.monotonic(), "pytest --resume")


def running(percent=0, **more):
    """Return the sight of a running job."""
    return PollResult(f"IN_PROGRESS {percent} %", ("IN_PROGRESS", percent), percent=percent, **more)


def success(words="SUCCESS"):
    """Return the sight of a job that is over."""
    return PollResult(words, words, ended=True)


def hollow():
    """Return the sight of a success that lacks its suite."""
    return PollResult("SUCCESS without a suite", "SUCCESS", ended=True, incomplete=True)


def unreachable(cause="reset", **evidence):
    """Return an error of the wire."""
    return UnreachableError("no answer", **{"cause": cause, "sent": True, "final": False} | evidence)


def unknown_job():
    """Return the platform's refusal of a job that it does not know."""
    return RefusedError(
        "HTTP 400: Invalid request ID.", status=400, code=400, reply="Invalid request ID", missing=True
    )
