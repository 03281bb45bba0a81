"""How long many suites take together: as long as the slowest one, not as long as all of them.

Fifty suites of twenty seconds each are imported from the emulator, all at once. The
platform's limits are not kept here: sixty changes a minute would be the bound, not we.
"""

from __future__ import annotations

import time
from pathlib import Path

from figures import Verdict, print_table, save

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.jobs.runner import Pipeline
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.settings.settings import Settings
from pytest_kore_convtest.suites.file import read_suite_file

TARGET = 1.15
SUITES, JOB_SECONDS = 50, 20.0
QUICKSTART = Path(__file__).parents[1] / "examples" / "quickstart" / "booking.kore.json"


def main() -> list[Verdict]:
    """Measure, print the table and return the verdict."""
    (suite,) = read_suite_file(QUICKSTART)
    with Emulator(job_seconds=JOB_SECONDS) as emulator:
        settings = Settings.read(
            env={}, host=emulator.url, stream_id=emulator.stream_id, client_id=emulator.client_id,
            client_secret=emulator.client_secret, user_email=emulator.user_email,
            poll_interval=1, max_parallel=SUITES, rate_limit="off",
        )  # fmt: skip
        with KoreClient(settings) as client:
            pipeline = Pipeline(client, settings, JobStore(None))
            begin = time.perf_counter()
            jobs = [pipeline.import_suite(suite, f"S{number}") for number in range(SUITES)]
            outcomes = [pipeline.wait_for(job) for job in jobs]
            took = time.perf_counter() - begin
            pipeline.close()
    assert all(outcome.result().status == "SUCCESS" for outcome in outcomes)
    ratio = took / JOB_SECONDS
    asks = sum(outcome.asks for outcome in outcomes)
    head = ["suites", "seconds each", "seconds together", "ratio to one", "status requests"]
    print_table(
        "Many suites at once",
        head,
        [[str(SUITES), f"{JOB_SECONDS:g}", f"{took:.1f}", f"{ratio:.2f}", str(asks)]],
    )
    verdict = Verdict(f"suites, {SUITES} at once beside the slowest one", TARGET, ratio, " times")
    save(
        "suites", [{"suites": SUITES, "seconds_each": JOB_SECONDS, "seconds": took, "asks": asks}], [verdict]
    )
    return [verdict]


if __name__ == "__main__":
    print("\n".join(map(str, main())))
