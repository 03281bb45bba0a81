"""What a case is, and how a fault becomes cases: once at first, once inside a wait, for ever."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from e2e.socket_server import http

from torture.acts import (
    last,
    say,
)
from torture.contestants import Limits
from torture.documents import (
    DONE_DOCUMENT,
    document,
)
from torture.stage import Early

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNNING, DONE = say(document()), say(DONE_DOCUMENT)
_RUNNING_AND_CLOSED = last(http(200, document(), "Connection: close"))

QUICK = Limits(timeout=2.5, outage=1.0, request=0.5)
"""For what never gets better."""


@dataclass(frozen=True)
class Case:
    """What a server does, and how a waiter has to end.

    Attributes:
        name: What is done, in words.
        group: The heading it stands under.
        acts: What the server does, request by request; the last act repeats.
        kind: What is asked of the server, as in ``Task``.
        good: Whether it has to end well.
        error: The class of our error; several words mean any of them.
        words: What our message has to say.
        most: Requests that may arrive at most.
        least: Requests that have to arrive.
        within: Seconds in which it has to end, beyond what the limits say.
        pause: The number of a request and the seconds that have to pass after it.
        limits: How long to wait.
        tls: The server's certificate, or empty for none.
        stand: What is there instead of a server, or beside it: ``"nobody"``, ``"full"``, ``"late"``,
            ``"refused first"``, ``"dead first"``.
        ours_only: Whether it would be unfair to ask it of the others.
        alone: Whether a client that does not look takes gigabytes for it.
    """

    name: str
    group: str
    acts: Sequence[Any] = ()
    kind: str = "poll"
    good: bool = True
    error: str = ""
    words: tuple[str, ...] = ()
    most: int | None = None
    least: int = 0
    within: float | None = None
    pause: tuple[int, float] | None = None
    limits: Limits = field(default_factory=Limits)
    tls: str = ""
    stand: str = ""
    alone: bool = False
    ours_only: bool = False

    @property
    def patience(self) -> float:
        """Seconds that a waiter may take when nothing ends it before."""
        limits = self.limits
        return limits.timeout if self.kind in {"poll", "road"} else limits.outage + limits.request

    @property
    def deadline(self) -> float:
        """Seconds after which it must have ended."""
        return self.patience if self.within is None else min(self.patience, self.within)


@dataclass(frozen=True)
class Fault:
    """Something that passes: a poll that meets it has no news, and the next one may.

    Attributes:
        name: What it is.
        act: What the server does.
        error: The class of our error when it never passes.
        words: What our message has to say then.
        over: Over what: ``"http"``, ``"tls"`` or both.
    """

    name: str
    act: Any
    error: str = "UnreachableError"
    words: tuple[str, ...] = ()
    over: tuple[str, ...] = ("http",)
    alone: bool = False


def make_cases(group: str, faults: Sequence[Fault]) -> list[Case]:
    """Make the cases of passing faults."""
    cases = []
    for fault in faults:
        # What happens to a fresh connection needs one.
        before = _RUNNING_AND_CLOSED if isinstance(fault.act, Early) else RUNNING
        for over in fault.over:
            tls = "good" if over == "tls" else ""
            name = f"{fault.name}{', over TLS' * bool(tls)}"
            bare = Case(name, group, tls=tls, alone=fault.alone)
            four = [
                replace(bare, name=f"{name}: the first answer", acts=[fault.act, RUNNING, DONE], least=2),
                replace(
                    bare,
                    name=f"{name}: twice inside a wait",
                    acts=[before, fault.act, before, fault.act, DONE],
                    least=3,
                ),
                replace(
                    bare,
                    name=f"{name}: for ever",
                    acts=[fault.act],
                    good=False,
                    error=fault.error,
                    words=("kore_outage_budget", *fault.words),
                    limits=QUICK,
                ),
                replace(
                    bare,
                    name=f"{name}: for ever, after a good answer",
                    acts=[before, fault.act],
                    good=False,
                    error=fault.error,
                    words=("kore_outage_budget", "IN_PROGRESS", *fault.words),
                    limits=QUICK,
                ),
            ]
            cases += four[::2] if fault.alone else four
    return cases


def ends(name, acts, error, words=(), group="Refusals", **more):
    """Make a case that has to end badly."""
    return Case(name, group, acts, good=False, error=error, words=words, **more)
