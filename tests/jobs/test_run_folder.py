"""The folders in which the processes of test runs share what they know: which of them are removed."""

import os

import pytest

from pytest_kore_convtest.jobs import run_folder

OURS, OTHER = f"kore-{'0' * 32}", f"kore-{'1' * 32}"


@pytest.fixture
def left(tmp_path):
    """Make a folder that a process left which lives no more; return it."""
    folder = tmp_path / OTHER
    folder.mkdir(mode=0o700)
    (folder / "1.alive").touch()
    (folder / f"{'a' * 32}.json").write_text("{}")
    run_folder.hold(tmp_path / OURS)
    return folder


def test_what_dead_processes_left_goes_with_our_own(left, tmp_path):
    """Nobody else would remove it."""
    run_folder.remove(tmp_path / OURS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: (folder / "more").mkdir(),
        lambda folder: (folder / "notes.txt").touch(),
        lambda folder: (folder / "1.alive").unlink(),
        lambda folder: folder.chmod(0o777),
        lambda folder: folder.rename(folder.with_name("kore-1")),
        lambda folder: (folder / "1.alive").symlink_to(folder / "x") if (folder / "1.alive").unlink() else 0,
    ],
    ids=["a folder", "a file", "never held", "open to others", "another name", "a link"],
)
def test_what_may_be_somebody_elses_stays(left, tmp_path, make):
    """Only what looks like ours in all, and was held, is removed."""
    make(left)
    before = sorted(path for path in tmp_path.rglob("*") if OURS not in path.parts)
    run_folder.remove(tmp_path / OURS)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_somebody_holds_stays(left, tmp_path):
    """Its test run goes on."""
    run_folder.hold(left)
    run_folder.remove(tmp_path / OURS)
    assert left.is_dir()
    run_folder.remove(left)
    assert not left.exists()


def test_a_process_holds_a_folder_once(tmp_path):
    """However often it says so; the folder is its owner's alone."""
    for _ in range(2):
        run_folder.hold(tmp_path / OURS)
    assert [path.name for path in (tmp_path / OURS).iterdir()] == [f"{os.getpid()}.alive"]
    assert (tmp_path / OURS).stat().st_mode & 0o777 == 0o700
    run_folder.remove(tmp_path / OURS)
    assert list(tmp_path.iterdir()) == []
