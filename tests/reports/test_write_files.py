"""Writing reports: whole or not at all, and errors that say the way out."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.reports.write_files import (
    LARGEST_REPORT,
    STEP_SUMMARY_SIZE,
    append_step_summary,
    read_file,
    write_report,
    write_stdout,
)

needs_linux = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the devices of Linux")


def names(folder):
    """Return what is in a folder."""
    return [path.name for path in folder.iterdir()]


SMALL_DISK = """
import resource, sys
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.reports.write_files import write_report

resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
try:
    write_report(sys.argv[1], "x" * 100_000)
except ConfigError as bad:
    print(bad.message)
"""
"""Refuse files of more than 1 000 bytes, as a full disk does; in a process of its own."""


def test_a_report_is_written_as_it_is(tmp_path):
    """The text is in the file as UTF-8, its lines end as they did, and nothing else is left behind."""
    write_report(tmp_path / "kore.html", "é\n日本\r\n")
    assert (tmp_path / "kore.html").read_bytes() == "é\n日本\r\n".encode()
    assert names(tmp_path) == ["kore.html"]


def test_a_missing_folder_is_made(tmp_path):
    """Folders above the report are made, all of them."""
    write_report(str(tmp_path / "a" / "b" / "kore.html"), "x")
    assert (tmp_path / "a" / "b" / "kore.html").read_text() == "x"


def test_an_older_report_is_replaced(tmp_path):
    """A longer report from before leaves no trace, and who has it open still reads it whole."""
    target = tmp_path / "kore.html"
    target.write_text("older and longer")
    with target.open() as reader:
        write_report(target, "new")
        assert reader.read() == "older and longer"
    assert target.read_text() == "new"


def test_a_report_has_the_rights_of_an_ordinary_file(tmp_path):
    """A CI job's other users may read it when they may read other files."""
    (tmp_path / "other").touch()
    write_report(tmp_path / "kore.html", "x")
    assert (tmp_path / "kore.html").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_a_link(tmp_path):
    """What a link leads to is written."""
    (tmp_path / "real").mkdir()
    link = tmp_path / "kore.html"
    try:
        link.symlink_to(tmp_path / "real" / "kore.html")
    except OSError:
        pytest.skip("this system lets nobody make links")
    write_report(link, "x")
    assert link.is_symlink()
    assert (tmp_path / "real" / "kore.html").read_text() == "x"


def test_half_a_letter_does_not_cost_the_report(tmp_path):
    """What UTF-8 cannot hold is shown as its escape."""
    write_report(tmp_path / "kore.html", "a\ud800b")
    assert (tmp_path / "kore.html").read_bytes() == b"a\\ud800b"


def test_a_full_disk_leaves_the_older_report(tmp_path):
    """A report that cannot be written whole is not written at all."""
    pytest.importorskip("resource", reason="limits of a process are a thing of Unix")
    target = tmp_path / "kore.html"
    target.write_text("older")
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-c", SMALL_DISK, str(target)], stdout=subprocess.PIPE, text=True, check=True
    )
    assert re.search(r"cannot write the report .*kore.html: .*; give a file on a disk that", done.stdout)
    assert target.read_text() == "older"
    assert names(tmp_path) == ["kore.html"]


def test_a_folder_is_no_report(tmp_path):
    """A folder is told as what it is."""
    with pytest.raises(ConfigError, match=r"cannot write the report .*: it is a folder; give a file$"):
        write_report(tmp_path, "x")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("file/kore.html", "; give another file, or make this place writable"),
        ("x" * 300, "; give a file with a shorter name"),
        ("a\0b", "; give another file"),
    ],
)
def test_a_place_that_cannot_be_written_is_told(tmp_path, name, said):
    """The error names the place, the cause and a way out, on one line that a terminal can show."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError) as caught:
        write_report(f"{tmp_path}/{name}", "x")
    assert str(caught.value).startswith("cannot write the report ")
    assert str(caught.value).endswith(said)
    assert str(caught.value).isprintable()
    assert caught.value.__cause__ is caught.value.__context__ is None
    assert names(tmp_path) == ["file"]


@needs_linux
def test_a_device_is_written_into():
    """What is no file is not replaced: a device stays one, and its trouble is told."""
    write_report("/dev/null", "x")
    assert not Path("/dev/null").is_file()
    with pytest.raises(
        ConfigError, match="No space left on device; free some space, or give a file elsewhere"
    ):
        write_report("/dev/full", "x")


def test_a_pipe_that_somebody_reads_is_written_into(tmp_path):
    """It gets the report, and stays a pipe."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_report(path, "the report")
    assert os.read(reader, 100) == b"the report"
    os.close(reader)
    assert path.is_fifo()


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path):
    """One sentence says what to do."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="nobody reads that pipe: start its reader first"):
        write_report(tmp_path / "pipe", "the report")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize(("allowed", "owner"), [(True, 1234), (False, 0)])
def test_a_report_belongs_to_whom_the_older_one_did(tmp_path, monkeypatch, allowed, owner):
    """Where it cannot be given away, its group stays that of the older one: nobody else reads it."""
    path, give = tmp_path / "r.html", os.fchown

    def refuse(handle, user, group):
        if user != -1:
            raise PermissionError
        give(handle, user, group)

    path.write_text("old")
    path.chmod(0o640)
    os.chown(path, 1234, 2345)
    if not allowed:
        monkeypatch.setattr(os, "fchown", refuse)
    write_report(path, "new")
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (owner, 2345, 0o640)
    assert path.read_text() == "new"


def test_where_there_are_no_rights_a_report_is_replaced(tmp_path, monkeypatch):
    """As on some systems."""
    path = tmp_path / "r.html"
    path.write_text("old")
    for name in ("fchown", "fchmod"):
        monkeypatch.delattr(os, name)
    write_report(path, "new")
    assert path.read_text() == "new"


def test_an_output_that_takes_texts_only_gets_one(monkeypatch):
    """As that of a notebook."""
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stdout", shown)
    write_stdout("für\n")
    assert shown.getvalue() == "für\n"


def test_a_summary_is_appended(tmp_path):
    """What other steps wrote stays, with an empty line between."""
    summary = tmp_path / "summary"
    append_step_summary(str(summary), lambda _limit: "## one\n")
    append_step_summary(str(summary), lambda _limit: "## twö\n")
    assert summary.read_bytes() == "## one\n\n\n## twö\n".encode()


@pytest.mark.parametrize("held", [0, 500_000, 1_000_000])
def test_a_summary_keeps_githubs_limit(tmp_path, held):
    """Even a report of the widest letters fits beside what is there already."""
    summary = tmp_path / "summary"
    summary.write_bytes(b"x" * held)
    append_step_summary(str(summary), lambda limit: "\U0001f600" * limit)
    assert STEP_SUMMARY_SIZE - 2_000 < summary.stat().st_size <= STEP_SUMMARY_SIZE


def test_a_full_summary_stays_as_it_is(tmp_path):
    """GitHub shows nothing of a summary that is too long, so nothing is added to a full one."""
    summary = tmp_path / "summary"
    summary.write_bytes(b"x" * (STEP_SUMMARY_SIZE - 5_000))
    with pytest.raises(ConfigError, match="holds 1043576 of 1048576 bytes already; give a file instead"):
        append_step_summary(str(summary), lambda limit: "x" * limit)
    assert summary.stat().st_size == STEP_SUMMARY_SIZE - 5_000


@pytest.mark.parametrize("path", [None, ""])
def test_outside_github_there_is_no_summary(path):
    """Without GITHUB_STEP_SUMMARY the error says what to do instead."""
    with pytest.raises(ConfigError, match="GITHUB_STEP_SUMMARY is not set: give a file instead"):
        append_step_summary(path, lambda _limit: "x")


def test_a_summary_that_cannot_be_written_is_told(tmp_path):
    """A folder in its place is one sentence."""
    with pytest.raises(ConfigError, match=r"cannot append to the job summary .*; give a"):
        append_step_summary(str(tmp_path), lambda _limit: "x")


@pytest.mark.parametrize("name", ["missing.json", ".", "a\0b"])
def test_a_report_that_cannot_be_read_is_told(tmp_path, name):
    """A missing file, a folder and an impossible name are one sentence each."""
    with pytest.raises(ConfigError, match="cannot read the report ") as caught:
        read_file(f"{tmp_path}/{name}")
    assert str(caught.value).isprintable()


def test_what_killed_writers_left_is_removed_at_the_next_write(tmp_path):
    """Only files of our own names, beside the target, that nobody has touched for an hour."""
    ours, young, link, folder = (f".kore-{letter * 16}.tmp" for letter in "abcd")
    others = [".kore-aaaa.tmp", f".kore-{'g' * 16}.tmp", f"kore-{'a' * 16}.tmp", f".kore-{'a' * 16}.tmp.json"]
    for name in (ours, young, *others):
        (tmp_path / name).touch()
    (tmp_path / folder).mkdir()
    (tmp_path / link).symlink_to(tmp_path / others[0])
    for name in (ours, *others, folder):
        os.utime(tmp_path / name, (1, 1))
    os.utime(tmp_path / link, (1, 1), follow_symlinks=False)
    write_report(tmp_path / "kore.html", "x")
    assert sorted(names(tmp_path)) == sorted([young, link, folder, *others, "kore.html"])


def test_a_report_that_is_too_large_is_not_read(tmp_path):
    """Reading ends at a bound; the error says it and what to give."""
    target = tmp_path / "kore.json"
    with target.open("wb") as file:
        file.truncate(LARGEST_REPORT + 1)
    with pytest.raises(ConfigError, match=r"kore.json: it is larger than 64 MiB; give a report that --kore-"):
        read_file(target)
