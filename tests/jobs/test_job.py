"""A job: its words, how it begins, what its answers show."""

import json
from pathlib import Path

import pytest

from pytest_kore_convtest.api import models, run_models
from pytest_kore_convtest.errors import AccessDeniedError, JobTimeoutError, StructureError
from pytest_kore_convtest.jobs.job import SuiteImport, WatchImport, see
from pytest_kore_convtest.jobs.outcome import Outcome
from pytest_kore_convtest.jobs.progress import look
from pytest_kore_convtest.jobs.suite_run import SuiteRun, run_label
from pytest_kore_convtest.suites.file import LocalSuite

SAMPLES = Path(__file__).parent.parent / "samples"


def sample(name, **changes):
    """Return a documented reply, with changes, as bytes."""
    return json.dumps({**json.loads((SAMPLES / f"{name}.json").read_text()), **changes}).encode()


def stored(**changes):
    """Return the status of an import."""
    return models.read_import_status(sample("import-status.success", **changes))


def ran(**changes):
    """Return the status of a run."""
    return run_models.read_run_status(sample("run-status.passed-summary", **changes))


def suite(path="a.json", name="A"):
    """Return what a job reads of a local suite."""
    return LocalSuite(path=Path(path), name=name, description="d", tags=("t",), steps=(), data=b"{}")


def outcome(status=None, trouble=None, **more):
    """Return an outcome."""
    return Outcome(status, trouble, asks=1, seconds=0.5, **more)


class Client:
    """Remember what was sent."""

    def __init__(self):
        self.sent, self.file_hashes = [], {"f-1": "h"}

    def upload(self, data, filename):
        """Take a file."""
        self.sent.append(("upload", data, filename))
        return "f-1"

    def start_import(self, file_id, name, *, tags, description):
        """Start an import."""
        self.sent.append(("import", file_id, name, tags, description))
        return "ds-1"

    def start_run(self, name, version):
        """Start a run."""
        self.sent.append(("run", name, version))
        return "ctr-1"


def test_an_import_begins_in_two_changes():
    """First the upload, then the import with the file's id, tags and description."""
    client, job = Client(), SuiteImport("key", "A", suite=suite(), name="A_1")
    job.entry.update(job.begin(client))
    assert "job_id" not in job.entry
    assert job.begin(client) == {"job_id": "ds-1"}
    assert client.sent == [("upload", b"{}", "a.json"), ("import", "f-1", "A_1", ("t",), "d")]


def test_a_run_begins_in_one_change():
    """The run is started under the stored name."""
    client = Client()
    assert SuiteRun("A run", "A_1", "published").begin(client) == {"job_id": "ctr-1"}
    assert client.sent == [("run", "A_1", "published")]


def test_runs_of_two_suites_are_two_jobs():
    """Suites that are stored under one name are not run as one: each has its own file to be judged by."""
    first = SuiteImport("suite a.json", "A", suite=suite(), name="A_1")
    second = SuiteImport("suite b.json", "A", suite=suite("b.json"), name="A_1")
    keys = {SuiteRun("run", "A_1", "published", one.suite, one).key for one in (first, second)}
    assert len(keys) == 2


def test_a_run_waits_for_its_import():
    """It begins only after an import with a good outcome, and never after another one."""
    after = SuiteImport("key", "A", suite=suite(), name="A_1")
    run = SuiteRun("A run", "A_1", "published", after=after)
    assert run.blocked() == ""
    after.outcome = outcome(stored())
    assert run.blocked() is None

    def bad(_outcome):
        raise StructureError("no", job_id="ds-1", findings=[])

    after.judge = bad
    assert "has not passed" in run.blocked()
    assert SuiteRun("run", "A_1", "published").blocked() is None


def test_each_job_says_what_it_is():
    """Jobs are told by id once there is one, by name before."""
    watch = WatchImport("key", "job-1", "ds-1")
    assert watch.what == "import job ds-1"
    assert watch.resume == "pytest --kore-gate --kore-ds-id ds-1"
    assert SuiteImport("key", "A", suite=suite(), name="A_1").what == "the import of 'A_1'"
    run = SuiteRun("A run", "A_1", "published")
    assert run.what == "the run of 'A_1'"
    run.job_id = "ctr-1"
    assert run.what == "run ctr-1 of 'A_1'"
    assert run.resume == ""


@pytest.mark.parametrize(
    ("status", "ended", "incomplete", "noted"),
    [
        (stored(), True, False, False),
        (stored(response=None), True, True, False),
        (stored(response={}), True, True, False),
        (stored(status="IN_PROGRESS"), False, False, False),
        (stored(status="FAILED", response=None), True, False, False),
        (stored(status="HALF_DONE"), False, False, True),
    ],
    ids=["success", "no suite", "empty suite", "running", "failed", "unknown"],
)
def test_what_an_answer_about_an_import_shows(status, ended, incomplete, noted):
    """Only a known final word ends it; a success without a suite is incomplete; an unknown word is told."""
    sight = see(status)
    assert (sight.ended, sight.incomplete, bool(sight.note)) == (ended, incomplete, noted)
    assert sight.words.startswith(status.status)


@pytest.mark.parametrize(
    ("word", "ended", "noted"),
    [
        ("passed", True, False),
        ("failed", True, False),
        ("aborted", True, False),
        ("inprogress", False, False),
        ("dreaming", False, True),
    ],
)
def test_what_an_answer_about_a_run_shows(word, ended, noted):
    """A known final word ends a run; an unknown one is told."""
    sight = SuiteRun("run", "A_1", "published").see(ran(status=word))
    assert (sight.ended, bool(sight.note)) == (ended, noted)


def test_progress_is_a_change():
    """An import moves with status, percent and lMod; a run with status, percent and counts."""
    first = stored(status="IN_PROGRESS", percentageComplete=10)
    for change in ({"status": "QUEUED"}, {"percentageComplete": 11}, {"lMod": "2026-01-01T00:00:00.000Z"}):
        moved = stored(**{"status": "IN_PROGRESS", "percentageComplete": 10, **change})
        assert see(moved).change != see(first).change
    run = SuiteRun("run", "A_1", "published")
    assert run.see(ran(percentageCompleted=1)).change != run.see(ran(percentageCompleted=2)).change


def test_a_runs_result_is_judged_once_per_outcome():
    """The same outcome is not judged twice; a later one is judged anew."""
    run = SuiteRun("run", "A_1", "inDevelopment")
    run.outcome = outcome(ran())
    first = run.result()
    assert run.result() is first
    assert run.is_good(run.outcome)
    run.outcome = outcome(ran(status="failed"))
    assert run.result() is not first
    assert not run.is_good(run.outcome)


def test_trouble_is_no_good_outcome():
    """A run or import without a status is not good, and says why."""
    trouble = AccessDeniedError("no", reason="forbidden", status=403)
    run = SuiteRun("run", "A_1", "published")
    run.outcome = outcome(trouble=trouble)
    assert not run.is_good(run.outcome)
    with pytest.raises(AccessDeniedError):
        run.result()


def test_an_outcome_as_data_is_the_same_outcome():
    """What the store holds gives the status, or the trouble with its class and evidence, back."""
    for one in (
        outcome(ran(), generation=2, notes=["n"]),
        outcome(trouble=JobTimeoutError("late", job_id="x")),
    ):
        again = Outcome.from_data(json.loads(json.dumps(one.to_data())), run_models.read_run_status)
        assert again.to_data() == one.to_data()
        assert type(again.trouble) is type(one.trouble)


def test_the_run_of_a_suite_with_a_long_name():
    """Its label ends with the word that tells it from the import, however much is cut."""
    label = run_label("x" * 300)
    assert label.endswith("… run")
    assert look(SuiteRun(label, "x", "published"), 0.0).label == label
