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

from typing import Any

from pytest_kore_convtest.text import block

_CLASSES: dict[str, type[KoreError]] = {}


class KoreError(Exception):
    """The root of all errors of this package.

    Args:
        message: What went wrong, where, and what to do about it; foreign words in it are made harmless.
        evidence: Plain data about it; each key becomes an attribute.
    """

    def __init__(self, message: str, **evidence: Any) -> None:
        self.message = block(message)
        super().__init__(self.message)
        self.evidence = evidence

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _CLASSES.setdefault(cls.__name__, cls)  # a user's class of the same name does not displace ours

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["evidence"][name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}") from None

    @property
    def job_id(self) -> str:
        """The job of the platform that it is about; empty when there is none."""
        return str(self.evidence.get("job_id") or "")

    @property
    def last_status(self) -> str:
        """The platform's last status word, as it was sent, when a wait ended; empty when none was seen."""
        return str(self.evidence.get("last_status") or "")

    @property
    def percent(self) -> float | None:
        """The percentage that came with ``last_status``."""
        return self._number("percent")

    @property
    def seconds(self) -> float:
        """How long a wait lasted until it ended."""
        return self._number("seconds") or 0.0

    @property
    def requests(self) -> int:
        """How many requests a wait sent until it ended."""
        return int(self._number("requests") or 0)

    @property
    def history(self) -> list[dict[str, Any]]:
        """Every request of a wait, as data."""
        found = self.evidence.get("history")
        return found if isinstance(found, list) else []

    @property
    def resume(self) -> str:
        """The command that goes on waiting; empty when there is none."""
        return str(self.evidence.get("resume") or "")

    def _number(self, name: str) -> float | None:
        found = self.evidence.get(name)
        return found if isinstance(found, (int, float)) else None

    def __reduce__(self) -> tuple[Any, ...]:
        return from_data, (self.to_data(),)

    @property
    def headline(self) -> str:
        """The first line of the message with the job's id last, so that equal failures begin alike."""
        first = self.message.partition("\n")[0]
        job_id = self.evidence.get("job_id") or self.evidence.get("run_id")
        if not isinstance(job_id, str) or not job_id or job_id not in first:
            return first
        if first.rstrip("):.").endswith(job_id):
            return first
        without = " ".join(first.replace(f" {job_id}", "").replace(job_id, "").split())
        return f"{without} ({job_id})"

    def to_data(self) -> dict[str, Any]:
        """Return the error as JSON-able data; ``from_data`` makes it an error again."""
        return {"class": type(self).__name__, "message": self.message, "evidence": self.evidence}


class ConfigError(KoreError):
    """A setting is missing, unreadable or contradicts another one.

    Attributes:
        name: The setting's name, as the ini key without ``kore_``.
        source: Where its value came from.
        text: What could not be read, when a value could not; empty when it may hold a secret.
    """


class SuiteFileError(KoreError):
    """A local suite file cannot be used.

    Attributes:
        path: The file.
        line: The 1-based line, when there is one.
        findings: All findings, as data.
    """


class ServiceError(KoreError):
    """The platform could not be reached, or gave no usable answer."""


class UnreachableError(ServiceError):
    """No usable answer came within the outage budget.

    Attributes:
        cause: A word for the last fault, e.g. ``"refused"``, ``"dns"``, ``"certificate"``.
    """


class AccessDeniedError(ServiceError):
    """The token, client, secret, stream or scope is not accepted.

    Attributes:
        reason: ``"not-a-token"``, ``"credentials"``, ``"scope"``, ``"replayed"``, ``"expired"``,
            ``"not-yet-valid"`` or ``"forbidden"``.
    """


class RateLimitedError(ServiceError):
    """A request limit of the platform was reached.

    Attributes:
        limit: ``"minute"``, ``"hour"`` or ``"unknown"``.
        retry_after: Seconds the platform asks to wait, or ``None``.
    """


class RefusedError(ServiceError):
    """The platform refused this request.

    Attributes:
        status: The HTTP status.
        code: The platform's own code, or ``None``.
        reply: The platform's own words.
    """


class ProtocolError(ServiceError):
    """An answer does not fit what the API is documented to say.

    Attributes:
        excerpt: The beginning of the answer, control characters replaced.
    """


class JobError(KoreError):
    """A job was not verified: nobody saw it come to an end.

    Attributes:
        last: The last usable answer in words, or ``None``.
    """


class JobTimeoutError(JobError):
    """The job took longer than the timeout allows."""


class JobStalledError(JobError):
    """The job's status, percentage and modification time stood still too long."""


class JobExpiredError(JobError):
    """The platform has dropped the job's record."""


class Verdict(KoreError, AssertionError):  # noqa: N818 - a verdict is a result, not a malfunction
    """The suite or the bot is wrong."""


class ImportFailedError(Verdict):
    """The platform rejected the import.

    Attributes:
        job_id: The job.
        status: The platform's word for it.
        status_logs: What the platform logged, as data.
    """


class StructureError(Verdict):
    """The imported suite is not what it has to be.

    Attributes:
        job_id: The job.
        findings: Every finding, as data with ``path``, ``message`` and ``severity``.
    """


class ConversationFailedError(Verdict):
    """The bot did not answer as the suite expects.

    Attributes:
        suite: The suite's name.
        steps: The failed steps, as data.
    """


def from_data(data: dict[str, Any]) -> KoreError:
    """Make an error from what ``KoreError.to_data`` returned."""
    return _CLASSES.get(data["class"], KoreError)(data["message"], **data["evidence"])
