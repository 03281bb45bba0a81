"""What a test run deletes: the suites that it imported itself, when it is told to."""

import json

import pytest

from pytest_kore_convtest.errors import AccessDeniedError
from pytest_kore_convtest.jobs.delete_suites import clean_up, names_to_delete
from pytest_kore_convtest.jobs.store import JobStore


def imported(name, good=True, stored=True):
    """Return the store's entry of an import that ended."""
    raw = {"response": {"name": name}} if stored else {"status": "FAILED"}
    outcome = {"status": json.dumps(raw)}
    return {"kind": "SuiteImport", "name": name, "job_id": "ds-1", "good": good, "outcome": outcome}


def ran(name, **more):
    """Return the store's entry of a run."""
    return {"kind": "SuiteRun", "name": name, "job_id": "ctr-1", **more}


class Client:
    """Remember what was to be deleted."""

    def __init__(self, trouble=None):
        self.deleted, self.trouble = [], trouble

    def delete_suites(self, names):
        """Delete, or raise."""
        self.deleted.append(names)
        if self.trouble:
            raise self.trouble


@pytest.mark.parametrize(
    ("keep", "expected"), [("always", []), ("on-failure", ["GOOD"]), ("never", ["BAD", "GOOD"])]
)
def test_the_setting_decides(keep, expected):
    """Nothing, what ended well, or all that is stored."""
    entries = [imported("GOOD"), ran("GOOD", good=True), imported("BAD"), ran("BAD", good=False)]
    assert names_to_delete(entries, keep) == expected


@pytest.mark.parametrize("keep", ["on-failure", "never"])
@pytest.mark.parametrize(
    "entries",
    [
        [{"kind": "WatchImport", "name": "", "job_id": "ds-1", "good": True}],
        [{"times": [1.0]}, {"interrupted": True}, {}],
        [ran("SOMEBODYS", good=True)],
        [imported("REJECTED", good=False, stored=False)],
        [
            {
                "kind": "SuiteImport",
                "name": "LOST",
                "ambiguous": True,
                "good": False,
                "outcome": {"status": None},
            }
        ],
        [{"kind": "SuiteImport", "name": "OPEN", "job_id": "ds-1"}],
        [imported("RUNNING"), ran("RUNNING")],
    ],
    ids=["a job by id", "no job", "not ours", "rejected", "start lost", "unfinished", "still running"],
)
def test_what_is_never_deleted(entries, keep):
    """What somebody else made, what may not exist, and what is still at work."""
    assert names_to_delete(entries, keep) == []


def test_a_name_is_kept_when_one_of_its_jobs_failed():
    """A suite whose import is good and whose run is not is kept on failure."""
    assert names_to_delete([imported("A"), ran("A", good=False), imported("B")], "on-failure") == ["B"]


def test_all_names_go_in_one_request():
    """One call deletes all, and there is nothing to tell."""
    client, store = Client(), JobStore(None)
    for name in "BA":
        store.write(name, imported(name))
    assert clean_up(client, store, "never") == []
    assert client.deleted == [["A", "B"]]


def test_nothing_to_delete_asks_nothing():
    """Without a name no request is sent."""
    client = Client()
    assert clean_up(client, JobStore(None), "never") == []
    assert client.deleted == []


def test_trouble_is_told_and_raises_nothing():
    """What could not be deleted is named with the reason."""
    store = JobStore(None)
    store.write("A", imported("A_1"))
    client = Client(AccessDeniedError("no scope", reason="forbidden", status=403))
    assert clean_up(client, store, "never") == ["not deleted: A_1: no scope"]
