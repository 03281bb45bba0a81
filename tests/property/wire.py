"""A clock, a wire and a platform made of values: the whole road is walked in no time at all."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck
from hypothesis import settings as profile

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.api.transport import Reply
from pytest_kore_convtest.errors import UnreachableError
from pytest_kore_convtest.jobs.runner import Pipeline
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.jobs.worker_pool import WorkerPool
from pytest_kore_convtest.settings.settings import Settings

SAMPLES = Path(__file__).parents[1] / "samples"
HOST, STREAM, JOB, RUN = "https://kore.invalid", "st-11111111", "ds-22222222", "ctr-33333333"
SECRET = "canary-secret-0123456789-abcdefgh"
EPOCH = 1_700_000_000.0
MOST_REQUESTS = 5000
"""Requests after which a wait counts as endless; an hour at the platform's own limit is 1800."""


def examples(number):
    """Return the profile of a test: so many examples, times ``CONVTEST_FUZZ`` (default 1)."""
    return profile(
        max_examples=number * int(os.environ.get("CONVTEST_FUZZ", "1")),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def sample(name):
    """Return a documented reply, made one of our job, run and stream."""
    document = json.loads((SAMPLES / f"{name}.json").read_text())
    document["streamId"] = STREAM
    document["_id"] = JOB if document["_id"].startswith("ds-") else RUN
    if "response" in document:
        document["response"]["streamId"] = STREAM
    return document


class Clock:
    """Time that passes only in ``sleep``, and at once; a wall clock that may be set to anything.

    Attributes:
        now: The monotonic time.
        set_by: Function of the monotonic time: how many seconds the wall clock is wrong.
        oversleeps: Function of the wanted seconds: how long a sleep really lasts.
    """

    def __init__(self, set_by=lambda _: 0.0, oversleeps=lambda seconds: seconds):
        self.now, self.set_by, self.oversleeps = 0.0, set_by, oversleeps

    def monotonic(self):
        """Return the monotonic time."""
        return self.now

    def wall(self):
        """Return the wall clock's time."""
        return EPOCH + self.now + self.set_by(self.now)

    def sleep(self, seconds):
        """Let time pass."""
        self.now += self.oversleeps(max(0.0, seconds))


@dataclass(frozen=True)
class Answer:
    """What the platform, or something on the way to it, does with one request.

    Attributes:
        kind: What it means: ``good``, ``failed``, ``running``, ``hollow``, ``missing``, ``denied``,
            ``passing`` or ``final``.
        status: The HTTP status; 0 when no answer comes at all.
        body: The body; ``TOKEN`` in it is replaced by the token that came with the request.
        headers: The headers, keys in lower case.
        seconds: How long it takes.
        cause: Without an answer: what broke.
        sent: Without an answer: whether the request may have arrived.
        shows: What a usable answer shows of the job's progress.
    """

    kind: str
    status: int = 200
    body: str | bytes = ""
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.1
    cause: str = ""
    sent: bool = True
    shows: tuple = ()

    @property
    def retry_after(self):
        """Seconds that have to pass before the next request."""
        text = dict(self.headers).get("retry-after", "")
        honoured = self.status in {408, 425, 429} or self.status >= 500
        return float(text) if honoured and text.isdecimal() else 0.0


@dataclass
class Sent:
    """One request on the wire.

    Attributes:
        at: When it left.
        method: The method.
        url: The address.
        token: The token.
        answer: What it is answered.
        until: When that was over.
        came: Whether the answer came before the request was given up.
    """

    at: float
    method: str
    url: str
    token: str
    answer: Answer
    until: float = 0.0
    came: bool = True


class Wire:
    """A transport that answers by script, the last answer for ever.

    Args:
        clock: It passes while an answer takes its time.
        sign: Makes the token of a request.
        choose: Returns the answer for a request, given its number, its path and the time since the first.
    """

    def __init__(self, clock, sign, choose):
        self.clock, self.sign, self.choose = clock, sign, choose
        self.sent = []

    def exchange(self, request, budget):
        """Exchange one request for a reply, in no more than ``budget`` seconds."""
        assert len(self.sent) < MOST_REQUESTS, "the wait does not end"
        start = self.sent[0].at if self.sent else self.clock.now
        answer = self.choose(len(self.sent), request, self.clock.now - start)
        one = Sent(self.clock.now, request.method, request.url, self.sign(), answer)
        self.sent.append(one)
        self.clock.now += min(answer.seconds, budget)
        one.until = self.clock.now
        one.came = answer.seconds <= budget
        if not one.came:
            raise UnreachableError("no complete answer", cause="timeout", sent=True, final=False)
        if not answer.status:
            final = answer.kind == "final"
            raise UnreachableError("no answer", cause=answer.cause, sent=answer.sent, final=final)
        body = (
            answer.body
            if isinstance(answer.body, bytes)
            else answer.body.replace("TOKEN", one.token).encode()
        )
        return Reply(answer.status, dict(answer.headers), body)

    def close(self):
        """Close nothing."""


class Inline(WorkerPool):
    """A pool without threads: a job is served to its end by whoever adds it."""

    def add(self, job):
        """Serve a job to its end."""
        while True:
            self._clock.sleep(job.due - self._clock.monotonic())
            if self._step(job):
                return


class Road:
    """The real pipeline over the real client, on a wire of ours.

    Args:
        choose: As for ``Wire``; or a list of answers of which the last one is repeated.
        clock: The clock.
        store: What other processes know.
        patience: Settings.
    """

    def __init__(self, choose, clock=None, store=None, **patience):
        self.clock = clock or Clock()
        self.settings = Settings.read(
            env={},
            host=HOST,
            stream_id=STREAM,
            client_id="cs-44444444",
            client_secret=SECRET,
            user_email="a@b.c",
            **patience,
        )
        self.client = KoreClient(self.settings, clock=self.clock, now=self.clock.wall)
        if isinstance(choose, list):
            answers = choose
            choose = lambda number, _request, _after: answers[min(number, len(answers) - 1)]  # noqa: E731 - short
        self.wire = self.client._transport = Wire(self.clock, self.client._signer.token, choose)
        self.store = store or JobStore(None)
        self.pipeline = Pipeline(
            self.client, self.settings, self.store, clock=self.clock, wall=self.clock.wall, pool=Inline
        )

    @property
    def sent(self):
        """All requests so far."""
        return self.wire.sent

    def watch(self):
        """Wait for the job; return its outcome."""
        return self.pipeline.wait_for(self.pipeline.watch_import(JOB))


def status(word="IN_PROGRESS", percent=40, modified=0, kind="running", **more):
    """Return an answer about the job."""
    document = sample("import-status.success" if word == "SUCCESS" else "import-status.in-progress")
    document |= {"status": word, "percentageComplete": percent, "lMod": f"2023-08-23T10:03:{modified:02}Z"}
    changes = more.pop("changes", {})
    document |= changes
    return Answer(kind, body=json.dumps(document), shows=(word, percent, modified), **more)


def refusal(http, message="", kind="passing", **more):
    """Return an answer that is none of ours."""
    body = json.dumps({"errors": [{"msg": message or f"Status {http} for TOKEN", "code": http}]})
    return Answer(kind, http, body, **more)


def cut(cause="reset", kind="passing", **more):
    """Return a broken connection."""
    return Answer(kind, 0, cause=cause, **more)
