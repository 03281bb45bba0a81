"""The one road: every job once, waits overlapping, trouble asked again only when told."""

import hashlib
import json
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kore_convtest.api import models
from pytest_kore_convtest.errors import (
    AccessDeniedError,
    ConfigError,
    ImportFailedError,
    JobTimeoutError,
    ServiceError,
    StructureError,
)
from pytest_kore_convtest.jobs.outcome import Outcome
from pytest_kore_convtest.jobs.runner import Pipeline
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.settings.settings import Settings
from pytest_kore_convtest.suites.file import LocalSuite

SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE = (SAMPLES / "import-status.success.json").read_text()
STREAM = "st-11111111-2222-3333-4444-555555555555"
DONE = json.loads(SAMPLE.replace(json.loads(SAMPLE)["streamId"], STREAM))
LONGEST = 10.0


def reply(ds_id, status="SUCCESS", **changes):
    """Return the status of a job as the client gives it."""
    body = {**DONE, "_id": ds_id, "status": status, **changes}
    if status != "SUCCESS":
        body.pop("response")
    return models.read_import_status(json.dumps(body).encode())


class FakeClient:
    """Answer by script: per job a list of words or errors, the last one for ever."""

    def __init__(self, **answers):
        self.answers = {ds_id.replace("_", "-"): list(script) for ds_id, script in answers.items()}
        self.asked, self.notes, self.sent, self.budgets = [], [], [], []
        self.clock_skew, self.file_hashes = None, {"f-1": "hash"}
        self.entered, self.gate = threading.Event(), threading.Event()
        self.gate.set()

    def check_token(self, wait):  # noqa: ARG002
        """Find nothing wrong."""
        return []

    def require_writable(self):
        """Allow everything."""

    def within(self, budget):
        """Remember how long the next changes may take."""
        self.budgets.append(budget)
        return nullcontext()

    def import_status(self, ds_id, *, budget):  # noqa: ARG002
        """Give the next answer."""
        self.entered.set()
        assert self.gate.wait(LONGEST)
        self.asked.append(ds_id)
        script = self.answers[ds_id]
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, Exception):
            raise answer
        return reply(ds_id, answer)

    def upload(self, data, filename):  # noqa: ARG002
        """Take a file."""
        self.sent.append(("upload", filename))
        return "f-1"

    def start_import(self, file_id, name, *, tags, description):  # noqa: ARG002
        """Start a job."""
        self.sent.append(("import", file_id, name))
        return "ds-new"


@pytest.fixture
def road():
    """Make pipelines with tiny intervals; close them in the end."""
    made = []

    def make(client, store=None, **changes):
        values = {
            "poll_interval": 0.01,
            "max_poll_interval": 0.01,
            "timeout": 5,
            "rate_limit": False,
            **changes,
        }
        settings = Settings.read(env={}, stream_id=STREAM, **values)
        made.append(Pipeline(client, settings, store or JobStore(None)))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.client.gate.set()
        pipeline.close()


def denied():
    """Return trouble that ends a wait at once."""
    return AccessDeniedError("no", reason="forbidden", status=403)


def test_a_job_is_asked_until_it_ends(road):
    """The outcome holds the last answer, the number of asks and their history."""
    client = FakeClient(ds_1=["IN_PROGRESS", "IN_PROGRESS", "SUCCESS"])
    pipeline = road(client)
    outcome = pipeline.wait_for(pipeline.watch_import("ds-1"))
    assert outcome.result().id == "ds-1"
    assert (outcome.asks, outcome.generation, outcome.trouble) == (3, 1, None)
    assert [one["saw"].split()[0] for one in outcome.history] == ["IN_PROGRESS", "IN_PROGRESS", "SUCCESS"]
    assert client.asked == ["ds-1"] * 3


def test_the_same_job_is_one_job(road):
    """Whoever watches a job again gets the same one, and no second stream."""
    client = FakeClient(ds_1=["SUCCESS"])
    pipeline = road(client)
    first, second = pipeline.watch_import("ds-1", "a"), pipeline.watch_import("ds-1", "b")
    assert first is second
    pipeline.wait_for(first)
    assert pipeline.wait_for(pipeline.watch_import("ds-1")) is first.outcome
    assert client.asked == ["ds-1"]


def test_jobs_overlap(road):
    """A long job does not hold up a short one, although the long one began first."""
    client = FakeClient(ds_long=["IN_PROGRESS"], ds_short=["IN_PROGRESS", "SUCCESS"])
    pipeline = road(client)
    long = pipeline.watch_import("ds-long")
    assert pipeline.wait_for(pipeline.watch_import("ds-short")).result().id == "ds-short"
    assert long.outcome is None
    assert "ds-long" in client.asked


def test_many_jobs_are_served_by_few_threads(road):
    """Thirty jobs end, and no more than four threads served them."""
    scripts = {f"ds_{number}": ["IN_PROGRESS", "SUCCESS"] for number in range(30)}
    client = FakeClient(**scripts)
    pipeline = road(client)
    before = set(threading.enumerate())
    client.gate.clear()
    jobs = [pipeline.watch_import(name.replace("_", "-")) for name in scripts]
    serving = {thread for thread in threading.enumerate() if thread.name == "kore-jobs"} - before
    assert 1 <= len(serving) <= 4
    client.gate.set()
    assert {pipeline.wait_for(job).asks for job in jobs} == {2}


def test_each_waiter_gets_an_error_of_its_own(road):
    """Trouble is raised anew for each who asks, so that no traceback grows."""
    pipeline = road(FakeClient(ds_1=[denied()]))
    outcome = pipeline.wait_for(pipeline.watch_import("ds-1"))
    with pytest.raises(AccessDeniedError) as first:
        outcome.result()
    with pytest.raises(AccessDeniedError) as second:
        outcome.result()
    assert first.value is not second.value
    assert first.value.reason == "forbidden"


def test_a_defect_of_ours_ends_the_wait(road):
    """An exception that nobody expected becomes trouble; nobody waits for ever."""
    pipeline = road(FakeClient(ds_1=[ZeroDivisionError("oops")]))
    outcome = pipeline.wait_for(pipeline.watch_import("ds-1"))
    assert isinstance(outcome.trouble, ServiceError)
    assert "ZeroDivisionError" in outcome.trouble.message


def test_an_outcome_that_cannot_be_written_ends_the_wait(road, tmp_path):
    """Whatever goes wrong while an outcome is kept, it becomes trouble, and other jobs go on."""
    client = FakeClient(ds_1=["SUCCESS"], ds_2=["SUCCESS"])
    client.notes = [object()]  # no JSON
    pipeline = road(client, JobStore(tmp_path / "run"))
    for ds_id in ("ds-1", "ds-2"):
        outcome = pipeline.wait_for(pipeline.watch_import(ds_id))
        assert isinstance(outcome.trouble, ServiceError)
        assert "internal error in this plugin" in outcome.trouble.message


def test_a_claim_is_given_back_when_its_entry_cannot_be_read(road, tmp_path, monkeypatch):
    """What one process cannot read, another one may go on with."""
    store = JobStore(tmp_path / "run")

    def refuse(_key):
        raise ConfigError("no", name="tmpdir")

    with monkeypatch.context() as patch:
        patch.setattr(store, "read", refuse)
        pipeline = road(FakeClient(ds_1=["SUCCESS"]), store)
        job = pipeline.watch_import("ds-1")
        assert isinstance(pipeline.wait_for(job).trouble, ConfigError)
    claim = JobStore(tmp_path / "run").claim(job.key)
    assert claim is not None
    claim.release()


def test_the_waiter_is_told_meanwhile(road):
    """``tick`` is called while waiting, and once more at the end."""
    client = FakeClient(ds_1=["SUCCESS"])
    client.gate.clear()
    pipeline = road(client)
    ticks = []

    def tick():
        ticks.append(1)
        client.gate.set()

    pipeline.wait_for(pipeline.watch_import("ds-1"), tick, interval=0.01)
    assert len(ticks) >= 2


def test_trouble_is_asked_again_when_told(road):
    """``ask_again`` asks once more after trouble; the outcome is the next generation."""
    client = FakeClient(ds_1=[denied(), "SUCCESS"])
    pipeline = road(client)
    job = pipeline.watch_import("ds-1")
    assert pipeline.wait_for(job).trouble is not None
    pipeline.ask_again(job, 1)
    outcome = pipeline.wait_for(job)
    assert outcome.result().id == "ds-1"
    assert outcome.generation == 2


@pytest.mark.parametrize(("script", "seen"), [(["SUCCESS"], 1), (["FAILED"], 1), ([denied()], 7)])
def test_what_is_no_fresh_trouble_is_not_asked_again(road, script, seen):
    """A verdict, good or bad, and an outcome newer than the one seen stay as they are."""
    client = FakeClient(ds_1=script)
    pipeline = road(client)
    job = pipeline.watch_import("ds-1")
    outcome = pipeline.wait_for(job)
    pipeline.ask_again(job, seen)
    assert pipeline.wait_for(job) is outcome
    assert client.asked == ["ds-1"]


def test_time_that_is_used_up_is_not_given_again(road, tmp_path):
    """Asking again after the job's time is over brings the same outcome and no request."""
    client = FakeClient(ds_1=["IN_PROGRESS"])
    pipeline = road(client, timeout=0.05)
    job = pipeline.watch_import("ds-1")
    first = pipeline.wait_for(job)
    asked = len(client.asked)
    pipeline.ask_again(job, 1)
    assert pipeline.wait_for(job).trouble.message == first.trouble.message
    assert len(client.asked) == asked


def test_a_second_process_asks_nothing(road, tmp_path):
    """What one pipeline found out, another one with the same store reads."""
    client, other = FakeClient(ds_1=["IN_PROGRESS", "SUCCESS"]), FakeClient(ds_1=["FAILED"])
    first, second = road(client, JobStore(tmp_path / "run")), road(other, JobStore(tmp_path / "run"))
    outcome = first.wait_for(first.watch_import("ds-1"))
    seen = second.wait_for(second.watch_import("ds-1"))
    assert seen.to_data() == outcome.to_data()
    assert other.asked == []


def test_a_second_process_waits_for_the_first(road, tmp_path):
    """While one process asks, another one looks into the store only."""
    client, other = FakeClient(ds_1=["SUCCESS"]), FakeClient(ds_1=["FAILED"])
    client.gate.clear()
    first, second = road(client, JobStore(tmp_path / "run")), road(other, JobStore(tmp_path / "run"))
    first.watch_import("ds-1")
    assert client.entered.wait(LONGEST)
    theirs = second.watch_import("ds-1")
    client.gate.set()
    assert second.wait_for(theirs).result().id == "ds-1"
    assert other.asked == []


@pytest.fixture
def local_file():
    """Make what the pipeline reads of a local suite in a file with a content."""
    return lambda text: replace(local_suite(Path("/")), sha256=hashlib.sha256(text.encode()).hexdigest())


def test_closing_lets_others_go_on(road, tmp_path):
    """A pipeline that is closed in the middle frees its job; another one goes on."""
    client, other = FakeClient(ds_1=["IN_PROGRESS"]), FakeClient(ds_1=["SUCCESS"])
    first, second = road(client, JobStore(tmp_path / "run")), road(other, JobStore(tmp_path / "run"))
    job = first.watch_import("ds-1")
    assert client.entered.wait(LONGEST)
    first.close()
    assert job.outcome is None
    assert second.wait_for(second.watch_import("ds-1")).result().id == "ds-1"


def local_suite(tmp_path):
    """Return what the pipeline reads of a local suite."""
    return LocalSuite(path=tmp_path / "a.json", name="A", tags=("t",), description="d", steps=(), data=b"{}")


def test_a_suite_is_uploaded_imported_and_awaited(road, tmp_path):
    """The new job's id is known, and the status asked for is its."""
    client = FakeClient(ds_new=["SUCCESS"])
    pipeline = road(client)
    job = pipeline.import_suite(local_suite(tmp_path), "A_1")
    assert pipeline.wait_for(job).result().id == "ds-new"
    assert pipeline.import_suite(local_suite(tmp_path), "A_1") is job
    assert client.sent == [("upload", "a.json"), ("import", "f-1", "A_1")]
    assert job.job_id == "ds-new"


class Queue:
    """A pool that serves nobody by itself."""

    def __init__(self, step, _clock):
        self.step, self.jobs = step, []

    def require_threads(self, job):
        """Need none."""

    def add(self, job):
        """Note a job."""
        self.jobs.append(job)

    def close(self):
        """Close nothing."""


@pytest.mark.parametrize("end", ["SUCCESS", "FAILED", ServiceError("no")], ids=str)
def test_a_run_is_served_from_the_moment_its_import_has_ended(tmp_path, end):
    """Nobody looks for it before, and it does not wait for a next look."""
    client, settings = FakeClient(ds_new=["IN_PROGRESS", end]), Settings.read(env={}, stream_id=STREAM)
    pipeline = Pipeline(client, settings, JobStore(None), pool=Queue)
    imported = pipeline.import_suite(local_suite(tmp_path), "A_1")
    run = pipeline.run_suite("A_1", "inDevelopment", imported)
    while imported.outcome is None:
        assert pipeline._pool.jobs == [imported]
        pipeline._pool.step(imported)
    assert pipeline._pool.jobs == [imported, run]
    assert run.due <= time.monotonic()
    assert run.blocked() != "", "what it waited for has come"


def test_an_id_that_another_job_has_is_refused(road, tmp_path):
    """The results of the two could not be told apart; the first one goes on."""
    client = FakeClient(ds_new=["SUCCESS"])
    pipeline = road(client)
    first = pipeline.import_suite(local_suite(tmp_path), "A_1")
    assert pipeline.wait_for(first).result().id == "ds-new"
    second = pipeline.import_suite(replace(local_suite(tmp_path), name="B"), "B_1")
    trouble = pipeline.wait_for(second).trouble
    assert trouble.message == (
        "the platform gave the import of 'B_1' the id ds-new, which import job ds-new already has,"
        " so their results cannot be told apart. Run again."
    )
    assert second.job_id == ""
    assert client.asked == ["ds-new"]


@pytest.mark.parametrize(
    ("entry", "sent"),
    [({"job_id": "ds-new"}, []), ({"file_id": "f-9"}, [("import", "f-9", "A_1")])],
    ids=["import started", "file uploaded"],
)
def test_what_a_dead_process_began_is_continued(road, tmp_path, entry, sent):
    """An import that was started is not started again, a file that was uploaded not uploaded again."""
    suite, store = local_suite(tmp_path), JobStore(tmp_path / "run")
    store.write(f"suite {suite.path} A A_1", entry)
    client = FakeClient(ds_new=["SUCCESS"])
    pipeline = road(client, JobStore(tmp_path / "run"))
    assert pipeline.wait_for(pipeline.import_suite(suite, "A_1")).result().id == "ds-new"
    assert client.sent == sent


def test_judging(road):
    """A completed import is judged by its structure and by what is expected; a rejected one is a verdict."""
    pipeline = road(FakeClient(ds_1=["SUCCESS"], ds_2=["FAILED"], ds_3=[denied()]))
    good, bad, trouble = (pipeline.wait_for(pipeline.watch_import(f"ds-{number}")) for number in (1, 2, 3))
    pipeline.judge(good, name=DONE["response"]["name"])
    with pytest.raises(StructureError):
        pipeline.judge(good, name="another")
    with pytest.raises(ImportFailedError):
        pipeline.judge(bad)
    with pytest.raises(AccessDeniedError):
        pipeline.judge(trouble)


@pytest.mark.parametrize("script", [["SUCCESS"], ["FAILED"], [denied()]])
def test_an_outcome_survives_a_journey(road, script):
    """An outcome made of its own JSON says the same."""
    pipeline = road(FakeClient(ds_1=script))
    outcome = pipeline.wait_for(pipeline.watch_import("ds-1"))
    again = Outcome.from_data(json.loads(json.dumps(outcome.to_data())), models.read_import_status)
    assert again.to_data() == outcome.to_data()
    assert type(again.trouble) is type(outcome.trouble)


def test_what_a_dead_process_may_have_begun_is_not_begun_again(road, tmp_path):
    """Whether an import was started by a process that died while it asked for it is not known."""
    suite, store = local_suite(tmp_path), JobStore(tmp_path / "run")
    store.write(f"suite {suite.path} A A_1", {"file_id": "f-9", "sending": True})
    client = FakeClient(ds_new=["SUCCESS"])
    pipeline = road(client, JobStore(tmp_path / "run"))
    trouble = pipeline.wait_for(pipeline.import_suite(suite, "A_1")).trouble
    assert "The process that was starting it has died" in str(trouble)
    assert "so it is not started again" in str(trouble)
    assert client.sent == []


# A job's time, whatever holds it up


def bare_suite(name="A"):
    """Return a local suite without a file."""
    return LocalSuite(Path("a.json"), name, "", (), (), b"{}")


def test_changes_may_take_what_is_left_of_the_jobs_time(road):
    """The upload gets the whole of it, the start what the upload has left."""
    client = FakeClient(ds_new=["SUCCESS"])
    pipeline = road(client, timeout=50)
    pipeline.wait_for(pipeline.import_suite(bare_suite(), "A_1"))
    assert len(client.budgets) == 2
    assert 0 < client.budgets[1] <= client.budgets[0] <= 50


def test_the_rate_limit_is_part_of_the_jobs_time(road):
    """A job that was uploaded waits for its turn no longer than its time, and says that it did."""
    client, store = FakeClient(), JobStore(None)
    store.write("writes", {"times": [time.time()] * 59})
    pipeline = road(client, store, timeout=0.2, rate_limit=True)
    outcome = pipeline.wait_for(pipeline.import_suite(bare_suite(), "A_1"))
    assert isinstance(outcome.trouble, JobTimeoutError)
    assert "it waited for the platform's rate limit" in outcome.trouble.message
    assert client.sent == [("upload", "a.json")]


def test_the_queue_before_the_first_request_is_not_the_jobs_time(road):
    """While others have all places a job only queues; then it has its whole time."""
    client, store = FakeClient(ds_new=["SUCCESS"]), JobStore(None)
    places = [store.claim(f"slot {number}") for number in range(4)]
    pipeline = road(client, store, timeout=0.5)
    job = pipeline.import_suite(bare_suite(), "A_1")
    ticks = []

    def tick():
        ticks.append(1)
        if len(ticks) == 30:
            for place in places:
                place.release()

    assert pipeline.wait_for(job, tick, interval=0.02).trouble is None
    assert len(ticks) >= 30


def test_a_process_that_hangs_is_not_waited_for_for_ever(road, tmp_path, monkeypatch):
    """A job that another process holds long after its time ends with that reason."""
    monkeypatch.setattr("pytest_kore_convtest.jobs.deadline.OTHERS_OVERDUE", 0.05)
    other = JobStore(tmp_path / "run")
    claim = other.claim("import ds-1")
    other.write("import ds-1", {"kind": "WatchImport", "job_id": "ds-1", "started_at": time.time() + 1e6})
    pipeline = road(FakeClient(), JobStore(tmp_path / "run"), timeout=0.1)
    outcome = pipeline.wait_for(pipeline.watch_import("ds-1"))
    claim.release()
    assert "another process of this test run works on it" in outcome.trouble.message


OTHER = """
import json, pathlib, sys
from pytest_kore_convtest.jobs.store import JobStore
store = JobStore(pathlib.Path(sys.argv[1]))
claim = store.claim("import ds-1")
store.write("import ds-1", json.loads(sys.argv[2]))
print("holds", flush=True)
store.write("import ds-1", json.loads(sys.stdin.readline()))
claim.release()
print("ended", flush=True)
"""
BEGUN = {"kind": "WatchImport", "key": "import ds-1", "job_id": "ds-1", "started_at": time.time() + 1e6}


@pytest.fixture
def other(tmp_path):
    """Start another process that works on the import ds-1; calling this lets it end the job well."""
    command = [sys.executable, "-c", OTHER, str(tmp_path / "run"), json.dumps(BEGUN)]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "holds\n"

        def end():
            done = Outcome(reply("ds-1"), None, 2, 1.5).to_data()
            process.stdin.write(json.dumps({**BEGUN, "outcome": done, "good": True}) + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "ended\n"

        yield end
        process.kill()


def test_whoever_gives_up_on_another_process_writes_over_nothing(road, tmp_path, monkeypatch, other):
    """A process that stops waiting for the one that works on a job leaves that one's entry alone."""
    monkeypatch.setattr("pytest_kore_convtest.jobs.deadline.OTHERS_OVERDUE", 0.05)
    store = JobStore(tmp_path / "run")
    pipeline = road(FakeClient(), store, timeout=0.1)
    outcome = pipeline.wait_for(pipeline.watch_import("ds-1"))
    assert isinstance(outcome.trouble, JobTimeoutError)
    assert store.read("import ds-1") == BEGUN
    other()
    assert store.read("import ds-1")["good"]


def test_a_right_that_could_not_be_asked_for_writes_over_nothing(road, tmp_path, monkeypatch, other):
    """Trouble with the store, which has passed already, does not lose the id of another process's job."""
    store = JobStore(tmp_path / "run")
    claim, asked = store.claim, []

    def refuse_once(key):
        asked.append(key)
        if len(asked) == 1:
            raise ConfigError("too many open files", name="tmpdir")
        return claim(key)

    monkeypatch.setattr(store, "claim", refuse_once)
    pipeline = road(FakeClient(), store)
    outcome = pipeline.wait_for(pipeline.watch_import("ds-1"))
    assert isinstance(outcome.trouble, ConfigError)
    assert store.read("import ds-1") == BEGUN
    other()
    assert store.read("import ds-1")["good"]


def test_an_end_that_came_in_time_counts(road, tmp_path, monkeypatch, other):
    """An outcome that another process has just written is not replaced by a worse one."""
    monkeypatch.setattr("pytest_kore_convtest.jobs.deadline.OTHERS_OVERDUE", 0.05)
    store = JobStore(tmp_path / "run")
    pipeline = road(FakeClient(), store, timeout=0.1)

    def give_up(job, why):
        other()
        return JobTimeoutError(f"{job.what}: {why}", job_id="ds-1", last=None, history=[])

    monkeypatch.setattr(pipeline._deadlines, "late", give_up)  # between the look at the entry and the end
    outcome = pipeline.wait_for(pipeline.watch_import("ds-1"))
    assert outcome.result().id == "ds-1"
    assert store.read("import ds-1")["good"]


def test_another_file_is_another_suite(road, tmp_path, local_file):
    """What another process imported out of another file of that name is no outcome for this one."""
    store = JobStore(tmp_path / "run")
    pipeline = road(FakeClient(ds_new=["SUCCESS"]), store)
    suite = local_file("mine")
    key = f"suite {suite.path} A A_1"
    theirs = {"path": "a.json", "line": 1, "sha256": "0" * 64, "size": 2, "split": False}
    done = Outcome(reply("ds-new"), None, 2, 1.5).to_data()
    store.write(key, {"kind": "SuiteImport", "key": key, "file": theirs, "outcome": done, "good": True})
    outcome = pipeline.wait_for(pipeline.import_suite(suite, "A_1"))
    assert isinstance(outcome.trouble, ConfigError)
    assert "shared with a process that has another a.json" in outcome.trouble.message
    assert store.read(key)["good"]


def test_what_a_stuck_thread_brings_later_is_dropped(road, monkeypatch):
    """A waiter gives up on a thread that is past the job's time; its outcome stays the outcome."""
    monkeypatch.setattr("pytest_kore_convtest.jobs.deadline.OVERDUE", 0.05)
    client = FakeClient(ds_1=["SUCCESS"])
    client.gate.clear()
    pipeline = road(client, timeout=0.1)
    job = pipeline.watch_import("ds-1")
    outcome = pipeline.wait_for(job, interval=0.01)
    assert isinstance(outcome.trouble, JobTimeoutError)
    client.gate.set()
    pipeline.ask_again(job, 1)
    assert pipeline.wait_for(pipeline.watch_import("ds-1")) is outcome


@pytest.mark.parametrize("hurry", [False, True])
def test_what_is_being_started_is_known_when_the_run_ends(road, tmp_path, monkeypatch, hurry):
    """Unless somebody interrupts, another process learns of a start that takes longer than the run."""
    monkeypatch.setattr("pytest_kore_convtest.jobs.runner.WRITES_GRACE", 0.0)
    client, store = FakeClient(ds_new=["IN_PROGRESS"]), JobStore(tmp_path)
    started, answered = threading.Event(), threading.Event()

    def start_import(*_args, **_more):
        started.set()
        assert answered.wait(LONGEST)
        return "ds-new"

    monkeypatch.setattr(client, "start_import", start_import)
    pipeline = road(client, store)
    job = pipeline.import_suite(local_suite(tmp_path), "S")
    assert started.wait(LONGEST)
    later = threading.Timer(0.1, answered.set)  # a close that does not wait is over long before
    if not hurry:
        later.start()
    pipeline.close(hurry=hurry)
    known = store.read(job.key).get("job_id", "")
    answered.set()
    assert known == ("" if hurry else "ds-new")
