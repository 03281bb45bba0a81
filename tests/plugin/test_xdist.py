"""What xdist's workers tell their controller."""

import queue
from types import SimpleNamespace

import pytest

from pytest_kore_convtest.jobs.job import WatchImport
from pytest_kore_convtest.jobs.outcome import Outcome
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.jobs.wait import PollResult, Wait, WaitLimits
from pytest_kore_convtest.plugin.workers.xdist import Receiver, Sender


class Run:
    """As much of a run as is asked for."""

    def __init__(self, folder, worker="", verbose=0, dsession=None):
        self.config = SimpleNamespace(
            workerinput={"workerid": worker},
            option=SimpleNamespace(verbose=verbose),
            pluginmanager=SimpleNamespace(get_plugin={"dsession": dsession}.get),
        )
        self.folder, self.all_jobs, self.rested = folder, [], False

    def jobs(self):
        """Return the jobs."""
        return self.all_jobs

    def store(self):
        """Return the store that lies between."""
        return JobStore(self.folder)

    def rest(self):
        """Note it."""
        self.rested = True


def job_with(key="k", asks=0, words="IN_PROGRESS"):
    """Return a job after some asks."""
    job = WatchImport(key, key, "ds-1")
    if asks:
        job.wait = Wait("a job", "ds-1", WaitLimits(), 0.0)
        job.wait.history += [{"at": 0.0, "took": 0.0, "saw": words, "fault": False}] * asks
        job.wait.last = PollResult(words, change=None)
    return job


def end(job):
    """Let a job end."""
    job.outcome = Outcome(SimpleNamespace(sent_status="SUCCESS"), None, 3, 1.0)


@pytest.fixture
def folder(tmp_path):
    """Give a folder that is not there yet."""
    return tmp_path / "shared"


class Worker:
    """A worker with a clock of its own."""

    def __init__(self, folder, name="gw0", **more):
        self.run, self.time = Run(folder, name, **more), 0.0
        self.sender = Sender(self.run, lambda: self.time)

    def tick(self, time=None):
        """Tick, and return the entry that lies there then."""
        self.time = self.time if time is None else time
        self.sender.tick()
        return self.run.store().read("progress " + self.run.config.workerinput["workerid"])


def receiver_of(folder, *workers):
    """Return a controller's receiver and what it shows."""
    shown = []
    receiver = Receiver(Run(folder), shown.append)
    receiver._loop = SimpleNamespace()
    for worker in workers:
        receiver.add(worker)
    return receiver, shown


def test_what_a_worker_sees_the_controller_shows(folder):
    """A job's state arrives whole."""
    worker = Worker(folder)
    worker.run.all_jobs = [job_with(asks=2)]
    worker.tick()
    receiver, shown = receiver_of(folder, "gw0", "gw1")
    receiver._receive()
    ((state,),) = shown
    assert (state.label, state.words, state.asks) == ("k", "IN_PROGRESS", 2)


def test_a_worker_writes_only_what_has_changed(folder):
    """The same state is not written again; another ask alone waits for its second."""
    worker = Worker(folder)
    worker.run.all_jobs = [job_with(asks=1)]
    first = worker.tick(0.0)
    assert worker.tick(5.0)["at"] == first["at"]
    worker.run.all_jobs[0].wait.history *= 2
    assert worker.tick(5.25)["states"][0]["asks"] == 2
    worker.run.all_jobs[0].wait.history *= 2
    assert worker.tick(5.5)["states"][0]["asks"] == 2
    assert worker.tick(6.25)["states"][0]["asks"] == 4


def test_a_beginning_and_an_end_are_written_at_once(folder):
    """They do not wait for the second."""
    worker = Worker(folder)
    worker.run.all_jobs = [job_with()]
    worker.tick(0.0)
    worker.run.all_jobs[0].wait = job_with(asks=1).wait
    assert worker.tick(0.25)["states"][0]["words"] == "IN_PROGRESS"
    end(worker.run.all_jobs[0])
    assert worker.tick(0.5)["states"][0]["generation"] == 1


def test_a_quiet_worker_writes_nothing(folder):
    """With -q nobody looks."""
    worker = Worker(folder, verbose=-1)
    worker.run.all_jobs = [job_with(asks=1)]
    assert worker.tick() == {}


def test_a_job_that_several_workers_know_is_shown_once(folder):
    """It is shown as the worker sees it that works on it."""
    for name, asks in (("gw0", 0), ("gw1", 3), ("gw2", 0)):
        worker = Worker(folder, name)
        worker.run.all_jobs = [job_with(asks=asks)]
        worker.tick()
    receiver, shown = receiver_of(folder, "gw0", "gw1", "gw2")
    receiver._receive()
    assert [state.asks for state in shown[-1]] == [3]


def test_time_goes_on_between_two_writings(folder):
    """The controller adds the seconds since the worker wrote; not for a job that has ended."""
    worker = Worker(folder)
    worker.run.all_jobs = [job_with("a", asks=1), job_with("b", asks=1)]
    end(worker.run.all_jobs[1])
    entry = worker.tick()
    worker.run.store().write("progress gw0", {**entry, "at": entry["at"] - 100})
    receiver, shown = receiver_of(folder, "gw0")
    receiver._receive()
    assert [state.elapsed >= 100 for state in shown[-1]] == [True, False]


def test_a_worker_that_is_gone_leaves_only_ended_jobs(folder):
    """What a crashed worker was waiting for is not shown for ever; what it had ended stays counted."""
    worker = Worker(folder)
    worker.run.all_jobs = [job_with("a", asks=1), job_with("b", asks=1)]
    end(worker.run.all_jobs[1])
    worker.tick()
    receiver, shown = receiver_of(folder, "gw0")
    receiver.drop("gw0")
    receiver._receive()
    assert [[state.key for state in states] for states in shown] == [["a", "b"], ["b"]]


def test_the_loop_of_xdist_does_the_showing(folder):
    """The thread puts an event into the loop's queue; what shows is called by the loop, and at the end."""
    worker = Worker(folder)
    worker.run.all_jobs = [job_with(asks=1)]
    worker.tick()
    loop = SimpleNamespace(queue=queue.Queue(), loop_once=None)
    shown = []
    run = Run(folder, dsession=loop)
    receiver = Receiver(run, shown.append)
    receiver.add("gw0")
    with receiver:
        event, arguments = loop.queue.get(timeout=10)
        assert shown == []
        getattr(loop, f"worker_{event}")(**arguments)
        assert len(shown) == 1
    assert len(shown) == 2
    assert run.rested


@pytest.mark.parametrize("loop", [None, SimpleNamespace()], ids=["no xdist", "another xdist"])
def test_without_a_loop_that_takes_events_nothing_is_shown(folder, loop):
    """Another version of xdist may work differently; the tests go on without a picture."""
    shown = []
    receiver = Receiver(Run(folder, dsession=loop), shown.append)
    with receiver:
        receiver.drop("gw0")
    assert shown == []


def test_a_quiet_controller_does_not_look(folder):
    """With -q there is no thread and no event."""
    loop = SimpleNamespace(queue=queue.Queue(), loop_once=None)
    with Receiver(Run(folder, verbose=-1, dsession=loop), lambda _: None):
        assert not hasattr(loop, "worker_kore_progress")
