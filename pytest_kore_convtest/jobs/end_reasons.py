"""How a wait ended, told in one way whatever ended it.

A timeout, a refusal, a signal, a worker that died: the reader always learns the last
status as the platform sent it, how long it took, how many requests were sent, and the
command that goes on waiting.
"""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from pytest_kore_convtest.settings.values import is_label
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_kore_convtest.errors import Poll
    from pytest_kore_convtest.settings.settings import Settings

LOOK = "the bot's conversation testing page (Testing > Regression Testing > Conversation Testing)"
"""Where the platform's UI shows suites, their validation and their runs."""

NEVER_BEGAN = f"It never left 0 %: look on {LOOK} whether the platform has started it at all."
"""What to do about a job that did not move."""

EMULATED = "The built-in emulator ends with this test run, and the job with it."
"""What becomes of a job that no command can wait for: there is no platform."""

_NEEDED = (
    "target", "host", "stream_id", "client_id", "client_secret_file", "jwt_file", "ca_bundle", "client_cert",
    "bot_language",
)  # fmt: skip
"""Settings that another wait for the same job cannot do without."""

_SECRETS = {"client_secret": "KORE_CLIENT_SECRET", "jwt": "KORE_JWT"}
_TYPED = "command line"
_FIRST_LABEL = "job-1"
_MOST_KINDS = 5
_TENTHS_BELOW = 10.0


class WaitFields(TypedDict):
    """Those fields of an error that tell how a wait ended."""

    job_id: str
    last: str | None
    last_status: str
    percent: float | None
    seconds: float
    requests: int
    history: list[Poll]
    resume: str
    describes_wait: bool


class Ending(NamedTuple):
    """What is known of a job when nobody waits for it any more.

    Attributes:
        what: The job in words, e.g. ``"import job ds-1"``.
        job_id: Its id, empty when it has none.
        seconds: From its beginning until now.
        polls: Every request for its status, as data.
        resume: The command that goes on waiting; empty when there is none.
        way_on: What to do when there is no such command.
        needs: The environment name of a secret that the command needs and must not repeat; empty without.
    """

    what: str
    job_id: str = ""
    seconds: float = 0.0
    polls: Sequence[Poll] = ()
    resume: str = ""
    way_on: str = ""
    needs: str = ""

    @property
    def last_status(self) -> str:
        """The platform's last status word as it was sent; empty when none was seen."""
        return self._last["status"] if self._last else ""

    @property
    def percent(self) -> float | None:
        """The percentage that came with it."""
        return self._last["percent"] if self._last else None

    @property
    def words(self) -> str:
        """The last usable answer in words, e.g. ``"IN_PROGRESS 40 %"``; empty when there was none."""
        return self._last["saw"] if self._last else ""

    @property
    def requests(self) -> int:
        """How many requests for its status were sent."""
        return len(self.polls)

    @property
    def _last(self) -> Poll | None:
        return next((poll for poll in reversed(self.polls) if not poll["fault"]), None)

    @property
    def never_began(self) -> bool:
        """Whether every answer said 0 %."""
        percents = [poll["percent"] for poll in self.polls if not poll["fault"]]
        return bool(percents) and all(percent == 0 for percent in percents)

    def to_fields(self) -> WaitFields:
        """Return the fields of an error whose message tells of it."""
        return WaitFields(
            job_id=self.job_id,
            last=self.words or None,
            last_status=self.last_status,
            percent=self.percent,
            seconds=round(self.seconds, 3),
            requests=self.requests,
            history=list(self.polls),
            resume=self.resume,
            describes_wait=True,
        )


def describe(ending: Ending, *, goes_on: bool = True, told_last: bool = False) -> str:
    """Tell the story of a wait in whole sentences.

    Args:
        ending: What is known.
        goes_on: Whether the job may still be under way on the platform.
        told_last: Whether what the last request brought has been told already.
    """
    facts = summarize(ending, told_last=told_last)
    sentences = [f"{facts[:1].upper()}{facts[1:]}."]
    if ending.never_began:
        sentences.append(NEVER_BEGAN)
    if way_on := _describe_way_on(ending, goes_on=goes_on and bool(ending.words)):
        sentences.append(way_on)
    return " ".join(sentences)


def describe_in_line(ending: Ending) -> str:
    """Tell the story in one line that ends with the command, for the end of a test run."""
    began = f" {NEVER_BEGAN}" if ending.never_began else ""
    if not ending.resume:
        return f"{ending.what}: {summarize(ending)}.{began} {ending.way_on}".rstrip()
    way = f"to wait again{_with(ending)}: {ending.resume}"
    if not ending.polls:
        return f"{ending.what} was not waited for; {way}"
    if began:
        return f"{ending.what} goes on: {summarize(ending)}.{began} {way[:1].upper()}{way[1:]}"
    return f"{ending.what} goes on: {summarize(ending)}; {way}"


def summarize(ending: Ending, *, told_last: bool = False) -> str:
    """Tell the last status, the time and the requests, without a full stop."""
    polls = ending.polls[:-1] if told_last else ending.polls
    faults = Counter(str(poll["saw"]) for poll in polls if poll["fault"])
    kinds = ", ".join(f"{count} x {words}" for words, count in faults.most_common(_MOST_KINDS))
    without = f", {faults.total()} of them without a usable answer ({kinds})" if faults else ""
    spent = f"{_seconds(ending.seconds)} and {plural(ending.requests, 'request')}{without}"
    last = ending._last  # noqa: SLF001 - ours
    if last is None:
        return f"no status was seen in {spent}"
    age = _end_of(ending.polls[-1]) - _end_of(last)
    ago = f" ({age:.0f} s before the last request)" if age >= 1 else ""
    return f"last status {ending.words}{ago}, after {spent}"


def _end_of(poll: Poll) -> float:
    return poll["at"] + poll["took"]


def _describe_way_on(ending: Ending, *, goes_on: bool) -> str:
    if not ending.resume:
        return ending.way_on
    begin = "The job goes on; to" if goes_on else "To"
    return f"{begin} wait for it again{_with(ending)}: {ending.resume}"


def _with(ending: Ending) -> str:
    return f" with {ending.needs} set" if ending.needs else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < _TENTHS_BELOW else f"{seconds:.0f} s"


def resume_command(job_id: str, label: str = "", options: Iterable[str] = ()) -> str:
    """Return the command that waits for an import job again, quoted for a shell.

    Args:
        job_id: The job.
        label: The user's name for it; one that the command would give by itself is left out.
        options: What was typed for this test run and is needed again.
    """
    named = is_label(label) and label not in {job_id, _FIRST_LABEL}
    job = f"{label}={job_id}" if named else job_id
    return shlex.join(["pytest", "--kore-gate", *options, "--kore-ds-id", job])


def resume_options(settings: Settings) -> tuple[str, ...]:
    """Return the options that were typed for this test run and that another wait needs; none is a secret."""
    from pytest_kore_convtest.settings.options import ROWS

    found: list[str] = []
    for name in _NEEDED:
        value = getattr(settings, name)
        if settings.source(name) != _TYPED or value is None:
            continue
        row = ROWS[name]
        found += [row.option, str(value)] if row.has_option else ["-o", f"{row.ini_key}={value}"]
    return tuple(found)


def typed_secret(settings: Settings) -> str:
    """Return the environment name of a secret that was typed, which no command may repeat; else empty."""
    return next((name for key, name in _SECRETS.items() if settings.source(key) == _TYPED), "")
