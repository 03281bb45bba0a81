"""Many jobs: a hundred at once, one job under sixteen workers, a thousand suites on one bot.

The first two are real processes against the emulator. The thousand suites are the real
pipeline and its real turns in simulated time: what is left out is threads and HTTP.
"""

from __future__ import annotations

import heapq
import itertools
import subprocess
import tempfile
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from figures import Verdict, print_table, save
from rooms import room_with_us
from standin import environment_for, settings_for, stand_in

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.api.models import read_import_status
from pytest_kore_convtest.jobs.runner import Pipeline
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.settings.settings import Settings
from pytest_kore_convtest.suites.file import read_suite_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.jobs.job import Job

JOBS, SHORTEST, LONGEST, INTERVAL = 100, 4.0, 12.0, 0.5
WORKERS = 16
SUITES, SUITE_SECONDS, SLOTS, MACHINES = 1000, 30.0, 20, 4
SAMPLES = Path(__file__).parents[1] / "tests" / "samples"
QUICKSTART = Path(__file__).parents[1] / "examples" / "quickstart" / "booking.kore.json"


class Watched(NamedTuple):
    """A finished process: seconds, exit code, and the most connections and threads it was seen with."""

    seconds: float
    code: int
    connections: int
    threads: int
    said: str


def watch(command: Sequence[str], folder: str, env: dict[str, str]) -> Watched:
    """Run a command and look at its connections and threads twenty times a second (Linux only)."""
    begin, sockets, threads = time.perf_counter(), 0, 0
    with subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        home = Path(f"/proc/{process.pid}")
        while process.poll() is None:
            time.sleep(0.05)
            try:
                threads = max(threads, len(list((home / "task").iterdir())))
                held = [str(file.readlink()) for file in (home / "fd").iterdir()]
            except OSError:  # it has just ended
                continue
            # Each connection is held twice: by its session, and by whoever may have to cut it.
            sockets = max(sockets, len({name for name in held if name.startswith("socket:")}))
        said = process.stdout.read() if process.stdout else ""
    return Watched(time.perf_counter() - begin, process.returncode, sockets, threads, said)


def hundred() -> list[Verdict]:
    """Wait for a hundred jobs by id in one test run."""
    lengths = [
        SHORTEST + (LONGEST - SHORTEST) * ((number * 37) % JOBS + 1) / JOBS for number in range(JOBS - 1)
    ]
    lengths = [*lengths, LONGEST]
    python = room_with_us()
    with stand_in() as emulator, tempfile.TemporaryDirectory() as folder:
        jobs = {}
        for seconds in lengths:
            emulator.switch(job_seconds=seconds)
            jobs[emulator.add_job(status="IN_PROGRESS")] = seconds
        ids = [word for job in jobs for word in ("--kore-ds-id", job)]
        tuning = ["-o", f"kore_poll_interval={INTERVAL}"]
        command = [python, "-m", "pytest", "-q", "--kore-gate", *ids, *tuning]
        seen = watch(command, folder, environment_for(emulator))
        assert seen.code == 0, seen.said[-2000:]
        asks = sum(request.path.endswith("/status") for request in emulator.requests)
        with KoreClient(settings_for(emulator)) as client:
            lags = []
            for job, seconds in jobs.items():
                status = client.import_status(job)
                assert status.modified_at is not None
                assert status.created_at is not None
                # The emulator stamps the first answer that says so.
                lags.append((status.modified_at - status.created_at).total_seconds() - seconds)
    lags.sort()
    late = lags[int(0.95 * JOBS)]
    over = seen.seconds - LONGEST  # the longest was added last
    head = (
        "jobs",
        "wall, s",
        "longest job, s",
        "requests",
        "lag: mean, s",
        "p95, s",
        "connections",
        "threads",
    )
    figures = (
        f"{seen.seconds:.1f}",
        f"{LONGEST:g}",
        str(asks),
        f"{sum(lags) / JOBS:.2f}",
        f"{late:.2f}",
    )
    print_table(
        f"Jobs of {SHORTEST:g} to {LONGEST:g} s by id, shortest pause {INTERVAL:g} s",
        head,
        [(str(JOBS), *figures, str(seen.connections), str(seen.threads))],
    )
    return [
        Verdict(f"many, {JOBS} jobs by id: wall beyond the longest", 1.0, over, " s"),
        Verdict(f"many, {JOBS} jobs by id: 95th percentile of the lag", 0.9, late, " s"),
        Verdict(f"many, {JOBS} jobs by id: connections", 4, seen.connections or None, ""),
        Verdict(f"many, {JOBS} jobs by id: threads", 8, seen.threads or None, ""),
        Verdict(f"many, {JOBS} jobs by id: status requests", 1000, asks, ""),
    ]


def workers() -> list[Verdict]:
    """Wait for one job with one process and with sixteen workers."""
    mark = "import pytest\n\n@pytest.mark.parametrize('n', range(32))\n"
    tests = mark + "def test(kore_import_status, n):\n    pass\n"
    counts, rows = [], []
    for extra in ((), ("-n", str(WORKERS), "--dist", "load")):
        with stand_in() as emulator, tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "test_one.py").write_text(tests, encoding="utf-8")
            words = ", ".join(f"IN_PROGRESS@{percent}" for percent in range(0, 100, 10)) + ", SUCCESS"
            job = emulator.add_job(status=words)
            command = [room_with_us("pytest-xdist"), "-m", "pytest", "-q", "--kore-ds-id", job]
            command += ["-o", f"kore_poll_interval={INTERVAL}", "-o", f"kore_max_poll_interval={INTERVAL}"]
            seen = watch([*command, *extra], folder, environment_for(emulator))
            assert seen.code == 0, seen.said[-2000:]
            counts.append(len(emulator.requests))
            rows.append((" ".join(extra) or "one process", str(counts[-1]), f"{seen.seconds:.1f}"))
    print_table("One job, 32 tests that need it", ("run", "requests", "wall, s"), rows)
    return [
        Verdict(f"many, xdist with {WORKERS} workers: requests beside one", 1.0, counts[1] / counts[0], " x")
    ]


class Time:
    """Simulated time: it passes only in ``Rota.run``."""

    now = 0.0

    def monotonic(self) -> float:
        """Return it."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.now += seconds


class Rota:
    """Stands in for the pipelines' pools: serves one heap of due jobs in simulated time, without threads."""

    def __init__(self, clock: Time) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Job, Any]] = []
        self._order = itertools.count()
        self.looks = 0

    def pool(self, step: Any, _clock: Time) -> Pool:
        """Make the pool of one pipeline."""
        return Pool(self, step)

    def add(self, job: Job, step: Any) -> None:
        """Serve one more job."""
        heapq.heappush(self._heap, (job.due, next(self._order), job, step))

    def run(self) -> None:
        """Serve until all are over."""
        while self._heap:
            due, _, job, step = heapq.heappop(self._heap)
            self._clock.now = max(self._clock.now, due)
            self.looks += 1
            if not step(job):
                self.add(job, step)


class Pool:
    """What one pipeline has of it."""

    def __init__(self, rota: Rota, step: Any) -> None:
        self._rota, self._step = rota, step

    def require_threads(self, job: Job) -> None:
        """Require none."""

    def add(self, job: Job) -> None:
        """Serve one more job."""
        self._rota.add(job, self._step)


class Bot:
    """A bot of the platform in simulated time, as a client shows it; it refuses what breaks its limits."""

    def __init__(self, clock: Time) -> None:
        self._clock, self._ends = clock, {}  # type: ignore[var-annotated]
        self.writes: list[float] = []
        self.asks = 0
        self.notes: list[str] = []
        self.file_hashes: dict[str, str] = {}
        self.clock_skew = None
        sample = (SAMPLES / "import-status.success.json").read_bytes()
        self._done = read_import_status(sample)
        self._running = read_import_status(sample.replace(b'"SUCCESS"', b'"IN_PROGRESS"'))

    def _write(self) -> None:
        now = self._clock.now
        for most, window in ((60, 60.0), (1800, 3600.0)):
            assert len(self.writes) < most or self.writes[-most] + window <= now, (
                "a limit of the platform is broken"
            )
        self.writes.append(now)

    def require_writable(self) -> None:
        """Allow everything."""

    def check_token(self, _wait: float) -> list[str]:
        """Find nothing wrong."""
        return []

    def upload(self, _data: bytes, _filename: str) -> str:
        """Take a file."""
        self._write()
        return f"f-{len(self.writes)}"

    def within(self, _budget: float) -> AbstractContextManager[None]:
        """Limit nothing: no change takes any time."""
        return nullcontext()

    def start_import(self, file_id: str, _name: str, **_: Any) -> str:
        """Begin an import."""
        self._write()
        self._ends[f"ds-{file_id}"] = self._clock.now + SUITE_SECONDS
        return f"ds-{file_id}"

    def import_status(self, ds_id: str, *, budget: float) -> Any:
        """Say how an import goes."""
        assert budget > 0
        self.asks += 1
        return self._done if self._clock.now >= self._ends[ds_id] else self._running


def least_seconds(writes: int) -> float:
    """Return when the last of so many changes can be made, by both limits, and the import after it ends."""
    made: list[float] = []
    for number in range(writes):
        minute = made[number - 60] + 60 if number >= 60 else 0.0
        hour = made[number - 1800] + 3600 if number >= 1800 else 0.0
        made.append(max(minute, hour))
    return made[-1] + SUITE_SECONDS


def simulate(slots: int, machines: int = 1) -> tuple[float, int, int, float]:
    """Import all suites; return the seconds they take, the status requests, the looks, the real seconds."""
    clock = Time()
    (suite,) = read_suite_file(QUICKSTART)
    share = {"rate_share": f"1/{machines}"} if machines > 1 else {}
    settings = Settings.read(env={}, max_parallel=slots, timeout=100_000, **share)
    bot: Any = Bot(clock)
    rota = Rota(clock)
    pool: Any = rota.pool
    pipelines = [
        Pipeline(bot, settings, JobStore(None), clock=clock, wall=clock.monotonic, pool=pool)
        for _ in range(machines)
    ]
    begin = time.perf_counter()
    jobs = [pipelines[number % machines].import_suite(suite, f"S{number}") for number in range(SUITES)]
    rota.run()
    assert all(job.outcome.result().status == "SUCCESS" for job in jobs)
    return clock.now, bot.asks, rota.looks, time.perf_counter() - begin


def thousand() -> list[Verdict]:
    """Import a thousand suites into one bot, in simulated time."""
    bound = least_seconds(2 * SUITES)
    rows, ratios = [], []
    for slots in (4, SLOTS):
        took, asks, looks, real = simulate(slots)
        ratios.append(took / bound)
        row = (str(slots), f"{took / 60:.1f}", f"{ratios[-1]:.3f}", str(asks), str(looks), f"{real:.0f}")
        rows.append(row)
    print_table(
        f"{SUITES} suites of {SUITE_SECONDS:g} s on one bot; the limits allow {bound / 60:.1f} min at best",
        ("kore_max_parallel", "minutes", "beside the bound", "status requests", "looks", "simulated in, s"),
        rows,
    )
    took, asks, looks, real = simulate(SLOTS, MACHINES)
    row = (str(MACHINES), f"{took / 60:.1f}", f"{took / bound:.3f}", str(asks), str(looks), f"{real:.0f}")
    print_table(
        f"The same on {MACHINES} machines, a part of the limits each; the bot refuses what breaks them",
        ("machines", "minutes", "beside the bound", "status requests", "looks", "simulated in, s"),
        [row],
    )
    return [
        Verdict(f"many, {SUITES} suites on one bot, beside the bound of the limits", 1.05, ratios[-1], " x"),
        Verdict(f"many, {SUITES} suites in {MACHINES} shards, beside the bound", 1.1, took / bound, " x"),
    ]


def main() -> list[Verdict]:
    """Measure, print and save; return the verdicts."""
    verdicts = [*hundred(), *workers(), *thousand()]
    save("many", [verdict._asdict() for verdict in verdicts], verdicts)
    return verdicts


if __name__ == "__main__":
    print("\n".join(map(str, main())))
