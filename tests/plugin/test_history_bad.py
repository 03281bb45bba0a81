"""``--kore-history`` where things go wrong: a disk that refuses, two runs at once, workers of xdist."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LIVE = ("--kore-emulator", "--kore-run", "inDevelopment")
SUITE = """\
suites:
  - name: STAY
    steps:
      - event: Start_Flow
        bot: Hi!
      - user: quote
        bot: 10 EUR
"""


@pytest.fixture
def args(pytester):
    """Write a suite; give the arguments with which it is run."""
    (pytester.path / "a.kore.yaml").write_text(SUITE)
    return (*LIVE, "--kore-history=past", "a.kore.yaml")


def past(pytester, folder="past"):
    """Return what each file of a history holds; every one has to be one whole line."""
    found = []
    for path in sorted((pytester.path / folder).glob("*.jsonl")):
        text = path.read_text()
        assert text.endswith("\n")
        assert text.count("\n") == 1
        found.append(json.loads(text))
    return found


def test_a_folder_that_cannot_be_written_is_red(run, args, pytester, monkeypatch):
    """One sentence with the system's reason; what is there stays, and no half file is left."""
    assert run(*args).code == 0
    real = Path.open

    def refuse(path, mode="r", *more, **others):
        if path.parent.name == "past" and "x" in mode:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, mode, *more, **others)

    monkeypatch.setattr(Path, "open", refuse)
    ended = run(*args)
    assert ended.code == 1, ended.text
    said = "cannot write the history past: Permission denied; name another folder"
    assert sum(said in line for line in ended.closing) == 1, ended.text
    assert [path.suffix for path in (pytester.path / "past").iterdir()] == [".jsonl"]


def test_a_folder_that_cannot_be_read_is_red_and_the_run_is_kept(run, args, pytester, monkeypatch):
    """What could not be compared is not known; the run is added all the same."""
    assert run(*args).code == 0
    real, refused = Path.iterdir, []

    def refuse(path):
        if path.name == "past" and not refused:
            refused.append(path)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    ended = run(*args)
    assert ended.code == 1, ended.text
    assert any("cannot read the history past: Permission denied" in line for line in ended.closing)
    assert len(past(pytester)) == 2
    assert "no earlier run" not in ended.text.rpartition("test session starts")[2]


def test_a_file_that_cannot_be_read_is_named(run, args, monkeypatch):
    """The others are compared."""
    assert run(*args).code == 0
    Path("past/b.jsonl").write_text("{}")
    real = Path.read_bytes

    def refuse(path):
        if path.name == "b.jsonl":
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    ended = run(*args)
    assert ended.code == 0, ended.text
    assert "b.jsonl: left out, it cannot be read: Input/output error" in ended.lines
    assert any(line == "kore: nothing fails that passed earlier today" for line in ended.lines)


def test_two_runs_at_once_lose_nothing(args, pytester):
    """Two processes that know nothing of each other: both records are whole."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "pytest_kore_convtest.plugin",
        "-p",
        "no:cacheprovider",
    ]
    processes = [
        subprocess.Popen([*words, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - ours
        for _ in range(2)
    ]
    for process in processes:
        text, _ = process.communicate(timeout=100)
        assert process.returncode == 0, text
    runs = past(pytester)
    assert len({one["run"] for one in runs}) == 2
    assert [one["suites"][0]["outcomes"] for one in runs] == ["pp", "pp"]


WRITER = """\
import json, sys
from pathlib import Path
from pytest_kore_convtest.history import store
from pytest_kore_convtest.reports.serialize import read_record
store.MOST_RUNS = 50
record = read_record(Path("kore.json").read_bytes(), "kore.json")
print("ready", flush=True)
sys.stdin.readline()
for at in range(40):
    record["evidence"][0]["started_at"] = f"2026-11-24T13:00:{at:02}.000Z"
    store.write_run(Path("many"), record, f"{sys.argv[1]}-{at}")
"""


def test_two_processes_that_write_and_drop_at_once_keep_whole_files(run, args, pytester):
    """Of 80 runs the newest 50 stay, each whole, whoever dropped the others."""
    assert run(*args, "--kore-json=kore.json").code == 0
    processes = [
        subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-c", WRITER, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    runs = past(pytester, "many")
    assert [one["began"][17:19] for one in runs] == [f"{at:02}" for at in range(15, 40) for _ in "ab"]


def test_the_cache_of_pytest_gets_one_record_a_run_from_xdist(run, args, pytester):
    """The controller writes it, with what all workers ran; a worker writes none."""
    (pytester.path / "b.kore.yaml").write_text(SUITE.replace("STAY", "LEAVE"))
    cached = (*LIVE, "--kore-history=cache", "-p", "xdist", "-n", "2", "a.kore.yaml", "b.kore.yaml")
    for runs in (1, 2):
        ended = run(*cached)
        assert ended.code == 0, ended.text
        told = past(pytester, ".pytest_cache/d/kore-history")
        assert len(told) == runs
    assert [sorted(suite["name"] for suite in one["suites"]) for one in told] == [["LEAVE", "STAY"]] * 2
    assert "kore: nothing fails that passed earlier today" in ended.lines
