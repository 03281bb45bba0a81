"""What a test may switch, for the points on which the platform's documentation is silent."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from .false_results import check_run_drift
from .jobs import Pace
from .suites import check_drift

if TYPE_CHECKING:
    from collections.abc import Callable

_CHOICES = {
    "duplicate_names": ("create", "reject"),
    "unknown_user": ("accept", "reject"),
    "run_results": ("full", "summary"),
}
SCOPES = ("management", "execution")


@dataclass(frozen=True)
class Switches:
    """How the emulator behaves where the platform's behaviour is open or configurable.

    Args:
        job_polls: Status answers that say "in progress" before a job ends.
        job_seconds: Seconds a job takes; overrules ``job_polls``.
        scopes: Scopes the JWT app has: ``"management"``, ``"execution"``.
        account_level: The app belongs to the account: an unknown stream is a 400, not a 401.
        reject_bad_files: Refuse a bad file as the import is started (400), instead of failing the job.
        failure_word: The status of a failed import.
        duplicate_names: ``"create"`` a second suite of the same name, or ``"reject"`` it (400).
        unknown_user: ``"accept"`` any ``userEmailId``, or ``"reject"`` all but ours (401).
        enforce_expiry: A job is unknown once its ``expireAt`` is past.
        rate_limits: Keep the platform's request limits.
        per_minute: Requests a minute and bucket.
        per_hour: Requests an hour and bucket.
        retry_after: Say in a 429 how long to wait.
        drift: Store something else than what was given: a word, a function of the suite, or
            words by the beginning of the suite's name.
        run_results: ``"full"`` results or the ``"summary"``.
        abort_runs: Runs end ``aborted`` half way.
        run_drift: Report something else of a run than what happened: a word such as
            ``"other-version"``, or a function of the whole answer.
    """

    job_polls: int = 3
    job_seconds: float | None = None
    scopes: frozenset[str] = frozenset(SCOPES)
    account_level: bool = False
    reject_bad_files: bool = False
    failure_word: str = "FAILED"
    duplicate_names: str = "create"
    unknown_user: str = "accept"
    enforce_expiry: bool = False
    rate_limits: bool = False
    per_minute: int = 60
    per_hour: int = 1800
    retry_after: bool = False
    drift: Callable[[dict[str, object]], dict[str, object]] | str | dict[str, str] | None = None
    run_results: str = "full"
    abort_runs: bool = False
    run_drift: Callable[[dict[str, object]], dict[str, object]] | str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scopes", frozenset(self.scopes))
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, not {getattr(self, name)!r}")
        if not self.scopes <= set(SCOPES):
            raise ValueError(f"scopes may hold {', '.join(SCOPES)}, not {sorted(self.scopes)!r}")
        check_drift(self.drift)
        check_run_drift(self.run_drift)

    @property
    def pace(self) -> Pace:
        """How new jobs advance."""
        return Pace(self.job_polls, self.job_seconds)

    def changed(self, **changes: Any) -> Switches:
        """Return a copy with some switches changed.

        Raises:
            ValueError: There is no such switch, or not with this value.
        """
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise ValueError(f"unknown switch {name!r}; known: {', '.join(known)}")
        return replace(self, **changes)
