"""How a contestant fared in a case: ``ok``, or what it lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from torture.documents import (
    FILE,
    JOB,
    RUN,
    STORED,
    STREAM,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torture.cases import Case
    from torture.contestants import Ended

OVERSHOOT = 0.25
"""Seconds past its deadline that a waiter may end."""

GENEROUS = 2.0
"""The same for the others: what they lose has to be beyond doubt on a busy machine too."""

MOST_MEMORY = 100 * 1024**2
"""Bytes by which a process may grow over one answer."""

OK = "ok"
LATE = "late"
NOT_ASKED = "-"


class Seen(NamedTuple):
    """What the server saw.

    Attributes:
        requests: The requests that arrived whole.
        times: When, by the monotonic clock.
        strays: What arrived at the other origin.
    """

    requests: Sequence[bytes]
    times: Sequence[float]
    strays: Sequence[bytes]


class Line(NamedTuple):
    """How everybody fared in a case, by contestant; details of ours."""

    case: Case
    fared: dict[str, str]
    details: str

    def __str__(self) -> str:
        fared = "; ".join(f"{name}: {word}" for name, word in self.fared.items())
        verdict = "HOLDS" if self.fared["ours"] == OK else f"MISSED ({self.details})"
        return f"{self.case.group} | {self.case.name} | {fared} | {verdict}"


def judge(case: Case, ended: Ended | None, seen: Seen, *, is_ours: bool) -> tuple[str, str]:
    """Say in a few stable words how it went, and the details.

    Args:
        case: The case.
        ended: How the contestant ended; ``None`` when it had to be killed.
        seen: What the server saw.
        is_ours: Whether error, advice and leftovers count too.
    """
    if any(b"auth:" in stray.lower() for stray in seen.strays):
        return "sent the token to another host", ""
    if ended is None:
        return "hangs", "had to be killed"
    for check in (_check_writes, _check_verdict, _check_memory, _check_requests):
        if found := check(case, ended, seen):
            return found
    late = _check_time(case, ended, is_ours=is_ours)
    return late or (is_ours and _check_ours(case, ended)) or (OK, ended.error)


def _check_verdict(case: Case, ended: Ended, _seen: Seen) -> tuple[str, str] | None:
    if case.good and ended.error:
        return "gave up", f"{ended.error}: {ended.words}"
    if not case.good and not ended.error:
        return "false success", repr(ended.value)[:200]
    if case.good and not _is_right(case, ended.value):
        return "wrong result", repr(ended.value)[:200]
    return None


def _is_right(case: Case, value: object) -> bool:
    wanted = {"upload": FILE, "import": JOB, "run": RUN}
    if case.kind in wanted:
        return value == wanted[case.kind]
    if not isinstance(value, dict):
        return False
    return (value.get("_id"), value.get("streamId"), value.get("response")) == (JOB, STREAM, STORED)


def _check_writes(case: Case, _ended: Ended, seen: Seen) -> tuple[str, str] | None:
    if case.kind == "poll" or case.most is None or len(seen.requests) <= case.most:
        return None
    was_refused = not case.good and set(case.error.split("|")) <= {"RefusedError", "AccessDeniedError"}
    return "kept asking" if was_refused else "did it twice", f"{len(seen.requests)} requests"


def _check_memory(_case: Case, ended: Ended, _seen: Seen) -> tuple[str, str] | None:
    if ended.memory > MOST_MEMORY:
        return "took the memory", f"{ended.memory // 1024**2} MiB"
    return None


def _check_requests(case: Case, _ended: Ended, seen: Seen) -> tuple[str, str] | None:
    if case.most is not None and len(seen.requests) > case.most:
        return "kept asking", f"{len(seen.requests)} requests"
    if len(seen.requests) < case.least:
        return "asked too little", f"{len(seen.requests)} requests"
    if case.pause and len(seen.times) > case.pause[0] + 1:
        waited = seen.times[case.pause[0] + 1] - seen.times[case.pause[0]]
        if waited < case.pause[1]:
            return "did not wait as asked", f"{waited:.2f} s"
    return None


def _check_time(case: Case, ended: Ended, *, is_ours: bool) -> tuple[str, str] | None:
    if ended.seconds > case.deadline + (OVERSHOOT if is_ours else GENEROUS):
        return LATE, f"{ended.seconds:.2f} s of {case.deadline:g} s"
    return None


def _check_ours(case: Case, ended: Ended) -> tuple[str, str] | None:
    if ended.error and not ended.ours:
        return "crashed", f"{ended.error}: {ended.words}"
    if case.error and ended.error not in case.error.replace("|", " ").split():
        return "the wrong error", f"{ended.error}, not {case.error}: {ended.words}"
    missing = [word for word in case.words if not any(one in ended.words for one in word.split("|"))]
    if missing and ended.error:
        return "the wrong advice", f"without {missing}: {ended.words}"
    if unclean := _find_unclean(ended):
        return "an unclean message", f"{unclean}: {ended.words!r}"
    return ("left something behind", f"{ended.left} threads or files") if ended.left else None


def _find_unclean(ended: Ended) -> list[str]:
    """Return what must not stand in a message: tokens, escapes, twin periods, foreign names, further lines."""
    signs = ["eyJ", "canary", "\x1b", r"[^/.]\.\.( |$)", "urllib3", "Traceback", ".{2000}"]
    if ended.error not in {"StructureError", "ImportFailedError"}:  # these are lists, with a line for each
        signs.append("\n")
    return [sign for sign in signs if re.search(sign, ended.words)]
