"""What the processes of one test run know of its jobs."""

import subprocess
import sys

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.jobs.store import JobStore

HOLDER = """
import pathlib, sys, os
from pytest_kore_convtest.jobs.store import JobStore
claim = JobStore(pathlib.Path(sys.argv[1])).claim("job")
print("holds" if claim else "refused", flush=True)
sys.stdin.read()
os._exit(1)
"""


@pytest.fixture
def folder(tmp_path):
    """A directory that does not exist yet."""
    return tmp_path / "run"


def test_one_of_two_gets_the_claim(folder):
    """Only one may work on a job; the other one gets it when the first lets go."""
    first, second = JobStore(folder), JobStore(folder)
    claim = first.claim("job")
    assert claim is not None
    assert second.claim("job") is None
    claim.release()
    again = second.claim("job")
    assert again is not None
    assert first.claim("job") is None
    again.release()


def test_jobs_are_claimed_one_by_one(folder):
    """A claim on one job says nothing about another."""
    claims = [JobStore(folder).claim(key) for key in ("a", "b")]
    assert None not in claims
    for claim in claims:
        claim.release()


@pytest.mark.parametrize("end", ["kill", "exit"])
def test_a_dead_holder_holds_nothing(folder, end):
    """The claim is free the moment its holder's process ends, however it ends."""
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "holds\n"
        assert JobStore(folder).claim("job") is None
        if end == "kill":
            holder.kill()
        else:
            holder.stdin.close()
        holder.wait(timeout=10)
    claim = JobStore(folder).claim("job")
    assert claim is not None
    claim.release()


def test_an_entry_is_seen_by_others(folder):
    """What one writes the other reads, whole; an unknown job has an empty entry."""
    first, second = JobStore(folder), JobStore(folder)
    first.write("job", {"ds_id": "ds-1", "text": "ü"})
    first.write("job", {"ds_id": "ds-2"})
    assert second.read("job") == {"ds_id": "ds-2"}
    assert second.read("other") == {}


@pytest.mark.parametrize("place", ["memory", "folder"])
def test_all_entries(folder, place):
    """Everything written by anybody can be listed; an unused store has nothing, and makes nothing."""
    store = JobStore(folder if place == "folder" else None)
    assert store.entries() == []
    assert store.read("a") == {}
    assert not folder.exists()
    for key in ("a", "b"):
        store.write(key, {"ds_id": key})
    assert sorted(entry["ds_id"] for entry in store.entries()) == ["a", "b"]


def test_an_entry_in_memory_is_a_copy():
    """Without a directory everything stays in this process, and nobody changes an entry by the way."""
    store = JobStore(None)
    entry = {"ds_id": "ds-1"}
    store.write("job", entry)
    entry["ds_id"] = "changed"
    store.read("job")["ds_id"] = "changed"
    assert store.read("job") == {"ds_id": "ds-1"}
    assert JobStore(None).read("job") == {}
    assert store.claim("job") is not None


def test_a_torn_entry_is_not_taken_for_none(folder):
    """It may be that of a job that has begun, which must not begin twice."""
    store = JobStore(folder)
    store.write("job", {"ds_id": "ds-1"})
    (file,) = folder.glob("*.json")
    file.write_text('{"ds_id": ')
    with pytest.raises(ConfigError, match=r"cannot be used \(\w+\.json in it is no JSON\): set TMPDIR"):
        store.read("job")


def test_names_of_files_tell_nothing(folder):
    """Whatever a key holds, no path is made of it."""
    store = JobStore(folder)
    store.write("suite ../../etc/passwd \0 x", {"a": 1})
    assert store.read("suite ../../etc/passwd \0 x") == {"a": 1}
    assert [file.parent for file in folder.rglob("*")] == [folder]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
def test_only_its_owner_may_look_inside(folder):
    """The directory belongs to one user."""
    JobStore(folder).write("job", {})
    assert folder.stat().st_mode & 0o777 == 0o700


def test_an_unusable_directory_says_what_to_do(tmp_path):
    """A directory that cannot be made is one sentence, for claims and for entries."""
    (tmp_path / "file").write_text("")
    store = JobStore(tmp_path / "file" / "run")
    with pytest.raises(ConfigError, match="set TMPDIR") as caught:
        store.write("job", {})
    assert caught.value.__context__ is None
    with pytest.raises(ConfigError, match="set TMPDIR"):
        store.claim("job")
    assert store.read("job") == {}


def test_an_entry_that_cannot_be_read_is_not_taken_for_none(folder):
    """What may tell of a job that has begun is an error when it cannot be read, so that none begins twice."""
    store = JobStore(folder)
    store.write("job", {})
    (entry,) = folder.glob("*.json")
    entry.unlink()
    entry.mkdir()  # reading it fails for everybody, root included
    with pytest.raises(ConfigError, match="cannot be used"):
        store.read("job")
