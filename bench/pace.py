"""How often to ask: our rhythm beside the waits of well-known libraries, in simulation.

Jobs take 2 to 600 s, log-uniform, under ten kinds of percentages; an exchange takes 0.2 s and the
service looks at the job in its middle. Lag is the time from a job's end to the answer that says so.
Everybody asks at once. Nothing sleeps: the time is a number. ``--write`` puts the tables into
``docs/performance.md``.

The bound: whoever ignores the percentage has to fix the times of all asks beforehand. The best
times lie just behind the ends of jobs, so with jobs sorted by duration ``d`` and a price on each
ask, the least cost from an ask at ``d[i]`` on is the least, over the next ask ``d[j]``, of the price
for every job not yet found, the lags of the jobs between, and the least cost from ``d[j]`` on.
For fixed ``j`` that is a straight line in ``i``, so one pass with a convex hull of lines finds the
exact optimum; over many prices that gives the least lag for any number of requests.
"""

from __future__ import annotations

import contextlib
import io
import math
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from figures import Verdict, print_table, save

from pytest_kore_convtest.jobs.backoff import Backoff
from pytest_kore_convtest.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Percent = float | None
    Pause = Callable[[float, Percent], float]
    Make = Callable[[random.Random], Pause]

SEED = 20
ROUND_TRIP = 0.2
SHORTEST_JOB, LONGEST_JOB = 2.0, 600.0
PER_CURVE = 144
COUNTS = (8, 10, 12, 14, 17, 20, 25, 30)
MIDDLES = (
    0.7,
    0.9,
    1.1,
    1.35,
    1.7,
    2.1,
    2.6,
    3.2,
    4.0,
    5.0,
    6.2,
    7.7,
    9.5,
    12.0,
    15.0,
    19.0,
    26.0,
    34.0,
    40.0,
)
RATIOS = (1.3, 2.0, 3.2, 4.0, 5.2, 6.5, 8.0, 10.0)
DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- pace: begin -->", "<!-- pace: end -->"

CURVES: dict[str, Callable[[float, random.Random], Percent]] = {
    "linear": lambda x, _: 100 * x,
    "front loaded": lambda x, _: 100 * (1 - (1 - x) ** 3),
    "back loaded": lambda x, _: 100 * x**3,
    "stalls at 85": lambda x, _: min(85, 170 * x),
    "100 but not done": lambda x, _: min(100, 100 * x / 0.7),
    "steps of 25": lambda x, _: 25 * math.floor(4 * x),
    "noisy": lambda x, chance: min(99, max(0, 100 * x + chance.gauss(0, 7))),
    "always 0": lambda _x, _: 0,
    "absent": lambda _x, _: None,
    "documented": lambda x, _: 85 * x / (14 / 63) if x < 14 / 63 else 85 + 15 * (x - 14 / 63) / (49 / 63),
}
"""Percentages by the part of a job that is over; the documented one: 85 % after 14 of 63 s."""


class Job(NamedTuple):
    """A job: how its percentage goes, and how many seconds it takes."""

    curve: str
    seconds: float


class Score(NamedTuple):
    """What a way to wait costs over all jobs: means, and 95th percentiles."""

    requests: float
    lag: float
    relative: float
    relative95: float
    lag95: float


def seeded() -> random.Random:
    """Return chance that is the same in every run."""
    return random.Random(SEED)  # noqa: S311 - a simulation keeps no secret


def mixed_jobs() -> list[Job]:
    """Return the mix: all durations different, as many for each curve."""
    chance, names = seeded(), list(CURVES)
    count = PER_CURVE * len(names)
    span = LONGEST_JOB / SHORTEST_JOB
    return [
        Job(names[n % len(names)], SHORTEST_JOB * span ** ((n + chance.random()) / count))
        for n in range(count)
    ]


def usual_jobs(median: float, spread: float) -> list[Job]:
    """Return jobs of a suite that usually takes so many seconds, give or take a part of it."""
    chance = seeded()
    return [Job(curve, median * math.exp(chance.gauss(0, spread))) for curve in CURVES for _ in range(12)]


def play(pause: Pause, job: Job, chance: random.Random, *, from_ask: bool) -> tuple[int, float]:
    """Wait for one job; return the requests and the lag.

    Args:
        pause: Returns the next pause, from the time elapsed and the percentage.
        job: The job.
        chance: Where its noise comes from.
        from_ask: Whether a pause counts from the ask, as ours; libraries sleep after the answer.
    """
    ask, requests = 0.0, 0
    while True:
        requests += 1
        seen, answered = ask + ROUND_TRIP / 2, ask + ROUND_TRIP
        if seen >= job.seconds:
            return requests, answered - job.seconds
        percent = CURVES[job.curve](seen / job.seconds, chance)
        length = pause(answered, None if percent is None else math.floor(percent))
        ask = max(answered, ask + length) if from_ask else answered + length


def score(make: Make, jobs: Sequence[Job], *, from_ask: bool) -> Score:
    """Wait for all jobs."""
    chance = seeded()
    found = [(job, *play(make(chance), job, chance, from_ask=from_ask)) for job in jobs]
    lags = sorted(lag for _, _, lag in found)
    relative = sorted(100 * lag / job.seconds for job, _, lag in found)
    near_end = int(0.95 * len(found))
    requests = sum(count for _, count, _ in found) / len(found)
    return Score(
        requests, sum(lags) / len(lags), sum(relative) / len(lags), relative[near_end], lags[near_end]
    )


def ours(shortest: float, longest: float, expected: float | None = None) -> Make:
    """Return our rhythm, jitter included."""
    return lambda chance: Backoff(shortest, longest, expected=expected, chance=chance.random).next_pause


def fixed(seconds: float) -> Make:
    """Return a pause that never changes: boto3's waiters (15 s), azure-core's pollers (30 s), shell loops."""
    return lambda _chance: lambda _elapsed, _percent: seconds


def growing(draw: Callable[[int, random.Random], float]) -> Make:
    """Return pauses that depend on their number alone, and on chance."""

    def make(chance: random.Random) -> Pause:
        numbers = iter(range(1_000_000))
        return lambda _elapsed, _percent: draw(min(next(numbers), 60), chance)

    return make


def eta(part: float, most: float) -> Make:
    """Return pauses that believe the percentage: a part of what is left at the mean speed, 1 s at least."""

    def pause(elapsed: float, percent: Percent) -> float:
        return min(most, max(1.0, part * elapsed * (100 - percent) / percent)) if percent else 1.0

    return lambda _chance: pause


# Formulas as the libraries document them: google-api-core (PollingFuture: 1 s, x 1.5, at most 20 s; its
# jitter draws from 0 to the delay), botocore (standard retries: random x 2^n, at most 20 s), azure-core
# (RetryPolicy: 0.8 s x 2^n, at most 120 s), tenacity (wait_random_exponential, wait_exponential_jitter).
EXPONENTIALS: dict[str, Make] = {
    "google-api-core": growing(lambda n, _: min(20, 1.5**n)),
    "google-api-core, jitter": growing(lambda n, chance: chance.uniform(0, min(20, 1.5**n))),
    "botocore, retries": growing(lambda n, chance: min(20, chance.random() * 2**n)),
    "azure-core, retries": growing(lambda n, _: min(120, 0.8 * 2**n)),
    "tenacity, random exponential, 60 s": growing(lambda n, chance: chance.uniform(0, min(60, 2**n))),
    "tenacity, exponential + jitter, 60 s": growing(lambda n, chance: min(60, 2**n + chance.uniform(0, 1))),
}
OTHERS: dict[str, Make] = {
    **{f"fixed {seconds} s": fixed(seconds) for seconds in (1, 2, 5, 10, 15, 30)},
    "naive ETA, at most 60 s": eta(0.9, 60),
    "naive ETA, at most 600 s": eta(0.9, 600),
}


def least_cost(durations: Sequence[float], price: float) -> float:
    """Return the least mean of lag plus price per request that a schedule fixed beforehand can have.

    The first ask, at once, is part of it.
    """
    ends = [0.0, *sorted(durations)]
    count, total = len(durations), sum(durations)
    best, behind = 0.0, total  # the cost from ends[i] on; the sum of the ends up to i
    lines: list[tuple[float, float]] = []
    for i in range(count - 1, -1, -1):
        slope, offset = -ends[i + 1], ends[i + 1] * (i + 1) - behind + best
        while len(lines) > 1 and _is_hidden(lines[-2], lines[-1], (slope, offset)):
            lines.pop()
        lines.append((slope, offset))
        low, high = 0, len(lines) - 1
        while low < high:
            mid = (low + high) // 2
            if lines[mid][0] * i + lines[mid][1] <= lines[mid + 1][0] * i + lines[mid + 1][1]:
                high = mid
            else:
                low = mid + 1
        behind -= ends[i + 1]
        best = price * (count - i) + behind + lines[low][0] * i + lines[low][1]
    return best / count + price + ROUND_TRIP / 2


def _is_hidden(first: tuple[float, float], line: tuple[float, float], new: tuple[float, float]) -> bool:
    """Say whether a line is nowhere the lowest between an earlier and a later, flatter one."""
    return (line[1] - first[1]) * (new[0] - line[0]) >= (new[1] - line[1]) * (line[0] - first[0])


def lag_bound(durations: Sequence[float]) -> Callable[[float], float]:
    """Return the function from a mean number of requests to the least mean lag without the percentage."""
    prices = [0.005 * 1.2**n for n in range(48)]
    costs = [(price, least_cost(durations, price)) for price in prices]
    return lambda requests: max(cost - price * requests for price, cost in costs)


def settings_tried(jobs: Sequence[Job]) -> dict[tuple[float, float], Score]:
    """Return what many settings of ours cost: shortest and longest pause."""
    pairs = [(round(middle / ratio, 2), round(middle * ratio, 1)) for middle in MIDDLES for ratio in RATIOS]
    return {pair: score(ours(*pair), jobs, from_ask=True) for pair in pairs}


def rival(
    classic: Score, tried: dict[tuple[float, float], Score], figures: int
) -> tuple[tuple[float, float], Score, float]:
    """Return the setting of ours whose worst figure compares best, and by how much that is of the classic's.

    Args:
        classic: What the classic costs.
        tried: Our settings.
        figures: How many of the figures count: 4, or 5 with the 95th percentile of the lag.
    """

    def compared(pair: tuple[float, float]) -> tuple[float, float]:
        ratios = [mine / theirs for mine, theirs in zip(tried[pair], classic, strict=True)][:figures]
        return max(1.0, *ratios), math.prod(ratios)

    best = min(tried, key=compared)
    worst = max([mine / theirs for mine, theirs in zip(tried[best], classic, strict=True)][:figures])
    return best, tried[best], worst


def shown(values: Score) -> list[str]:
    """Return the figures in words."""
    return [
        f"{values.requests:.1f}",
        f"{values.lag:.2f}",
        f"{values.lag95:.1f}",
        f"{values.relative:.1f} %",
        f"{values.relative95:.1f} %",
    ]


def compare_classics(jobs: Sequence[Job], tried: dict[tuple[float, float], Score]) -> list[Verdict]:
    """Print each classic beside the setting of ours that beats it."""
    rows, verdicts = [], []
    for name, make in {**OTHERS, **EXPONENTIALS}.items():
        classic = score(make, jobs, from_ask=False)
        pair, mine, worst = rival(classic, tried, 5 if name in EXPONENTIALS else 4)
        rows += [[name, *shown(classic)], [f"ours, {pair[0]:g} to {pair[1]:g} s", *shown(mine)]]
        verdicts.append(Verdict(f"pace, ours beside {name}, worst figure", 1.0, worst, " x"))
    print_table(
        "Each classic, and below it the setting of ours that compares best in its worst figure",
        ("wait", "requests", "lag, s", "lag p95, s", "lag / duration", "p95"),
        rows,
    )
    return verdicts


def compare_bound(jobs: Sequence[Job], tried: dict[tuple[float, float], Score]) -> list[Verdict]:
    """Print our best settings beside the bound of all schedules that ignore the percentage."""
    bound = lag_bound([job.seconds for job in jobs])
    rows, verdicts = [], []
    for count in COUNTS:
        near = {pair: got for pair, got in tried.items() if abs(got.requests / count - 1) < 0.08}
        pair = min(near, key=lambda one: near[one].lag / bound(near[one].requests))
        got = near[pair]
        ratio = got.lag / bound(got.requests)
        least = f"{bound(got.requests):.2f}"
        rows.append(
            [f"{got.requests:.1f}", least, f"{got.lag:.2f}", f"{ratio:.2f}", f"{pair[0]:g} to {pair[1]:g} s"]
        )
        verdicts.append(Verdict(f"pace, lag beside the bound at {count} requests", 0.8, ratio, " x"))
    print_table(
        "The least mean lag of any schedule that ignores the percentage, and ours",
        ("requests", "bound, s", "ours, s", "ratio", "setting"),
        rows,
    )
    return verdicts


def compare_curves(jobs: Sequence[Job], bounds: tuple[float, float]) -> list[Verdict]:
    """Print the default by curve, beside the same rhythm without the percentage."""
    rows, worst, longest = [], 0.0, 0.0
    for curve in CURVES:
        own = [job for job in jobs if job.curve == curve]
        long = [Job(curve, LONGEST_JOB)] * 5
        got = score(ours(*bounds), own, from_ask=True)
        base = score(ours(*bounds), [Job("absent", job.seconds) for job in own], from_ask=True)
        most = score(ours(*bounds), long, from_ask=True).requests
        worst = max(worst, got.requests / base.requests, got.lag / base.lag)
        longest = max(longest, most)
        rows.append([curve, *shown(got)[:2], *shown(base)[:2], f"{most:.0f}"])
    print_table(
        "The defaults by curve",
        (
            "percentage",
            "requests",
            "lag, s",
            "requests without it",
            "lag without it, s",
            "requests for 600 s",
        ),
        rows,
    )
    return [
        Verdict("pace, worst curve beside the rhythm without percentage", 2.0, worst, " x"),
        Verdict("pace, default, requests for a job of 600 s, worst curve", 75, longest, ""),
    ]


def compare_history(bounds: tuple[float, float]) -> list[Verdict]:
    """Print what a history is worth, and what a wrong one costs, beside the same rhythm without one."""
    rows, verdicts = [], []
    cases = [("right, +- 5 %", 1.0, 0.05), ("right, +- 15 %", 1.0, 0.15)]
    cases += [("10 times too long", 0.1, 0.15), ("10 times too short", 10.0, 0.15)]
    for name, factor, spread in cases:
        requests, lags, least = [], [], []
        for median in (15.0, 30.0, 60.0):
            jobs = usual_jobs(median * factor, spread)
            without = score(ours(*bounds), jobs, from_ask=True)
            known = score(ours(*bounds, expected=median), jobs, from_ask=True)
            bound = lag_bound([job.seconds for job in jobs])
            requests.append(known.requests / without.requests)
            lags.append(known.lag / without.lag)
            least.append(bound(without.requests / 2) / without.lag)
        means = [sum(values) / len(values) for values in (requests, lags, least)]
        rows.append([name, *(f"{mean:.2f}" for mean in means)])
        if factor == 1.0:
            verdicts.append(Verdict(f"pace, history {name}, requests", 0.5, means[0], " x"))
            verdicts.append(Verdict(f"pace, history {name}, lag", 0.5, means[1], " x"))
    print_table(
        "With earlier durations, beside the same rhythm without them",
        ("history", "requests", "lag", "least lag of a fixed schedule at half the requests"),
        rows,
    )
    return verdicts


def simulate() -> tuple[list[dict[str, Any]], list[Verdict]]:
    """Run and print everything; return the rows to keep and the verdicts."""
    jobs, defaults = mixed_jobs(), Settings.read(env={})
    bounds = (defaults.poll_interval, defaults.max_poll_interval)
    tried = settings_tried(jobs)
    default = score(ours(*bounds), jobs, from_ask=True)
    print_table(
        f"The defaults, {bounds[0]:g} to {bounds[1]:g} s, over the mix",
        ("requests", "lag, s", "lag p95, s", "lag / duration", "p95"),
        [shown(default)],
    )
    verdicts = [
        Verdict("pace, default, mean requests", 17, default.requests, ""),
        Verdict("pace, default, mean lag", 2.5, default.lag, " s"),
        *compare_curves(jobs, bounds),
        *compare_classics(jobs, tried),
        *compare_bound(jobs, tried),
        *compare_history(bounds),
    ]
    rows = [{"shortest": pair[0], "longest": pair[1], **got._asdict()} for pair, got in tried.items()]
    return rows, verdicts


def main() -> list[Verdict]:
    """Simulate, print and save; return the verdicts."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        rows, verdicts = simulate()
    print(printed.getvalue())
    save("pace", rows, verdicts)
    if "--write" in sys.argv[1:]:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        tables = f"{BEGIN}\n{printed.getvalue()}{END}{rest.partition(END)[2]}"
        DOCUMENT.write_text(before + tables, encoding="utf-8")
    return verdicts


if __name__ == "__main__":
    for verdict in main():
        print(verdict)
