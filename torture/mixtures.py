"""Random mixtures of passing faults: ten answers of a job, and before each perhaps a fault or several."""

from __future__ import annotations

import random

from torture.answers import MISFITS, TROUBLE
from torture.cases import DONE, RUNNING, Case, Fault, Limits
from torture.wire import CONNECTIONS, CUTS, NO_HTTP, SLOW

RATES = (2, 5, 10, 30, 60)
RUNS = 40
"""At each rate."""

_ANSWERS = 10
_LIMITS = Limits(timeout=60.0, outage=30.0, request=0.5)


def mixture_cases() -> list[Case]:
    """Return all runs; a run's faults hang on its number alone."""
    faults = [*CONNECTIONS, *CUTS, *SLOW, *NO_HTTP, *TROUBLE, *MISFITS]
    # A server that floods keeps this machine busy, not the waiter.
    faults = [fault for fault in faults if "without an end" not in fault.name]
    return [_mix(faults, rate, number) for rate in RATES for number in range(RUNS)]


def _mix(faults: list[Fault], rate: int, number: int) -> Case:
    dice = random.Random(rate * 1000 + number)  # noqa: S311 - not for secrets
    acts = []
    for answer in (*[RUNNING] * (_ANSWERS - 1), DONE):
        while dice.randrange(100) < rate:
            acts.append(dice.choice(faults).act)
        acts.append(answer)
    return Case(f"{rate} % faults a poll, run {number + 1}", f"{rate} %", acts, limits=_LIMITS)
