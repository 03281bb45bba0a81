"""Every error that this package raises on purpose.

The tree is cut by what the reader can do about it::

    KoreError
    ├── ConfigError             a setting is missing, unreadable or contradicts another one
    ├── SuiteFileError          a local suite file cannot be used
    ├── ServiceError            the platform could not be used
    │   ├── UnreachableError    no usable answer within the outage budget
    │   ├── AccessDeniedError   token, client, secret, stream or scope
    │   ├── RateLimitedError    the platform's request limits
    │   ├── RefusedError        the platform said no to this request
    │   └── ProtocolError       an answer that does not fit
    ├── JobError                a job was not verified
    │   ├── JobTimeoutError
    │   ├── JobStalledError
    │   └── JobExpiredError
    └── Verdict                 the suite or the bot is wrong (also an AssertionError)
        ├── ImportFailedError
        ├── StructureError
        └── ConversationFailedError

Whatever ends a wait carries its story: ``job_id``, ``last_status``, ``percent``,
``seconds``, ``requests``, ``history`` and ``resume``, and tells it in its message.

``str(error)`` is the whole message for the person who reads it: the cause, the
place and the way out. Everything else an error knows is in its attributes,
which are plain data, so that errors travel between processes (``to_data``,
``from_data``). No attribute ever holds a secret, a token or a foreign exception.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypedDict

from pytest_kore_convtest.text import block


class Poll(TypedDict):
    """One request for a job's status.

    Attributes:
        at: Seconds from the job's first request.
        took: Seconds until its answer.
        saw: The answer in words, or what broke.
        percent: The percentage in it.
        status: The platform's status word, as it was sent.
        fault: Whether it brought nothing usable.
    """

    at: float
    took: float
    saw: str
    percent: float | None
    status: str
    fault: bool


# The functional form, because "class" is a word of the language.
ErrorData = TypedDict("ErrorData", {"class": str, "message": str, "fields": "dict[str, Any]"})
"""An error as JSON-able data."""

_CLASSES: dict[str, type[KoreError]] = {}


@dataclass(eq=False, repr=False, kw_only=True)
class KoreError(Exception):
    """The root of all errors of this package.

    Attributes:
        message: What is wrong, where, and what to do; text from outside is escaped.
        job_id: The platform's job that it is about; empty when there is none.
        run_id: The platform's run that it is about; empty when there is none.
        last: The last usable answer in words, when a wait ended; ``None`` without one.
        last_status: The platform's last status word, as it was sent; empty when none was seen.
        percent: The percentage that came with it.
        seconds: How long a wait, or all tries of one request, lasted.
        requests: How many requests a wait sent until it ended.
        history: Every request of a wait, as data.
        resume: The command that goes on waiting; empty when there is none.
        describes_wait: Whether the message tells how a wait ended.
    """

    message: str = field(kw_only=False)
    job_id: str = ""
    run_id: str = ""
    last: str | None = None
    last_status: str = ""
    percent: float | None = None
    seconds: float = 0.0
    requests: int = 0
    history: list[Poll] = field(default_factory=list)
    resume: str = ""
    describes_wait: bool = False

    def __post_init__(self) -> None:
        self.message = block(self.message)
        super().__init__(self.message)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        _CLASSES.setdefault(cls.__name__, cls)  # a user's class of the same name does not displace ours

    def __reduce__(self) -> tuple[object, ...]:
        return from_data, (self.to_data(),)

    @property
    def headline(self) -> str:
        """The first line of the message with the job's id last, so that equal failures begin alike."""
        first = self.message.partition("\n")[0]
        job_id = self.job_id or self.run_id
        if not job_id or job_id not in first:
            return first
        if first.rstrip("):.").endswith(job_id):
            return first
        without = " ".join(first.replace(f" {job_id}", "").replace(job_id, "").split())
        return f"{without} ({job_id})"

    def to_data(self) -> ErrorData:
        """Return the error as JSON-able data; ``from_data`` makes it an error again."""
        known = ((one, getattr(self, one.name)) for one in fields(self) if one.name != "message")
        told = {one.name: value for one, value in known if value != _default(one)}
        return {"class": type(self).__name__, "message": self.message, "fields": told}


@dataclass(eq=False, repr=False, kw_only=True)
class ConfigError(KoreError):
    """A setting is missing, unreadable or contradicts another one.

    Attributes:
        name: The setting's name, as the ini key without ``kore_``.
        source: Where its value came from.
        text: What could not be read, when a value could not; empty when it may hold a secret.
    """

    name: str = ""
    source: str = ""
    text: str = ""


@dataclass(eq=False, repr=False, kw_only=True)
class SuiteFileError(KoreError):
    """A local suite file cannot be used.

    Attributes:
        path: The file.
        line: The 1-based line, when there is one.
        column: The 1-based column, when there is one.
        findings: All findings, as data.
    """

    path: str = ""
    line: int | None = None
    column: int | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False, repr=False, kw_only=True)
class ServiceError(KoreError):
    """The platform could not be reached, or gave no usable answer.

    Attributes:
        cause: A word for what broke, e.g. ``"refused"``, ``"dns"``, ``"certificate"``, ``"HTTP 503"``.
        sent: Whether the request may have arrived; ``None`` when it was answered.
        final: Whether a retry is useless.
        retry_after: Seconds that the platform asks to wait, or ``None``.
        tries: How often it was sent.
        status: The HTTP status of the answer, or ``None``.
        server_time: Seconds since the epoch by the server's clock, when that is wrong or was asked for.
    """

    cause: str = ""
    sent: bool | None = None
    final: bool = False
    retry_after: float | None = None
    tries: int = 1
    status: int | None = None
    server_time: float | None = None


@dataclass(eq=False, repr=False, kw_only=True)
class UnreachableError(ServiceError):
    """No usable answer came within the outage budget.

    Attributes:
        phase: What the exchange was doing when its time was up.
    """

    phase: str = ""


@dataclass(eq=False, repr=False, kw_only=True)
class AccessDeniedError(ServiceError):
    """The token, client, secret, stream or scope is not accepted.

    Attributes:
        reason: ``"not-a-token"``, ``"credentials"``, ``"scope"``, ``"replayed"``, ``"expired"``,
            ``"not-yet-valid"`` or ``"forbidden"``.
        skew: Seconds that this machine's clock is ahead of the server's, when that may be why.
        reply: The platform's own words; empty when it was not asked.
        advice: What to do about them.
    """

    reason: str = ""
    skew: float | None = None
    reply: str = ""
    advice: str = ""


@dataclass(eq=False, repr=False, kw_only=True)
class RateLimitedError(ServiceError):
    """A request limit of the platform was reached.

    Attributes:
        limit: ``"minute"``, ``"hour"`` or ``"unknown"``.
    """

    limit: str = ""


@dataclass(eq=False, repr=False, kw_only=True)
class RefusedError(ServiceError):
    """The platform refused this request.

    Attributes:
        code: The platform's own code, or ``None``.
        reply: The platform's own words.
        target: Where a redirect leads.
        passing: Whether the same request may be accepted later: somebody else is using the suite now.
        missing: Whether the platform does not know the job, run or suite.
        expiry: A sentence about when the job's record expired, when that is known.
    """

    code: int | str | None = None
    reply: str = ""
    target: str = ""
    passing: bool = False
    missing: bool = False
    expiry: str = ""


@dataclass(eq=False, repr=False, kw_only=True)
class ProtocolError(ServiceError):
    """An answer does not fit what the API is documented to say.

    Attributes:
        excerpt: The beginning of the answer, control characters replaced.
    """

    excerpt: str = ""


class JobError(KoreError):
    """A job was not verified: nobody saw it come to an end."""


class JobTimeoutError(JobError):
    """The job took longer than the timeout allows."""


class JobStalledError(JobError):
    """The job's status, percentage and modification time stood still too long."""


class JobExpiredError(JobError):
    """The platform has dropped the job's record."""


@dataclass(eq=False, repr=False, kw_only=True)
class Verdict(KoreError, AssertionError):  # noqa: N818 - a verdict is a result, not a malfunction
    """The suite or the bot is wrong.

    Attributes:
        path: The suite file, when it is about one.
        findings: Every finding, as data with ``path``, ``message`` and ``severity``.
    """

    path: str = ""
    findings: list[dict[str, object]] = field(default_factory=list)


@dataclass(eq=False, repr=False, kw_only=True)
class ImportFailedError(Verdict):
    """The platform rejected the import.

    Attributes:
        status: The platform's word for it.
        status_logs: What the platform logged, a line each.
    """

    status: str = ""
    status_logs: list[str] = field(default_factory=list)


class StructureError(Verdict):
    """The stored suite differs from the file, or checks nothing."""


@dataclass(eq=False, repr=False, kw_only=True)
class ConversationFailedError(Verdict):
    """The bot did not answer as the suite expects.

    Attributes:
        suite: The suite's name.
        outcome: ``"failed"``, or ``"unknown"`` when nobody can say whether it passed.
        why: The causes, a sentence each.
        steps: The failed steps, as data.
    """

    suite: str = ""
    outcome: str = ""
    why: list[str] = field(default_factory=list)
    steps: list[dict[str, object]] = field(default_factory=list)


def from_data(data: ErrorData) -> KoreError:
    """Make an error from what ``KoreError.to_data`` returned; an unknown class becomes ``KoreError``."""
    kind = _CLASSES.get(data["class"], KoreError)
    known = {one.name for one in fields(kind)}
    return kind(data["message"], **{name: value for name, value in data["fields"].items() if name in known})


def _default(one: Field[object]) -> object:
    return one.default if one.default_factory is MISSING else one.default_factory()
