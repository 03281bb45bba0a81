"""Files that a person asked for: all or none, and none over another one unasked."""

import os

import pytest

from pytest_kore_convtest.cli.new_files import write_all
from pytest_kore_convtest.cli.parser import UsageError


def files(folder):
    """Return what stands below a folder; of a folder nothing."""
    return {
        path.relative_to(folder).as_posix(): None if path.is_dir() else path.read_text()
        for path in folder.rglob("*")
    }


def test_all_are_written_with_their_folders(tmp_path):
    """Lines end as they were given."""
    write_all({tmp_path / "a" / "b.txt": "1\n", tmp_path / "c.txt": "2\r\n"})
    assert (tmp_path / "c.txt").read_bytes() == b"2\r\n"
    assert files(tmp_path) == {"a": None, "a/b.txt": "1\n", "c.txt": "2\n"}


def test_a_file_that_exists_keeps_the_others_away(tmp_path):
    """Neither it nor a folder is left changed."""
    (tmp_path / "z.txt").write_text("old")
    with pytest.raises(UsageError, match=r"z\.txt: File exists; nothing was written$"):
        write_all({tmp_path / "a" / "b.txt": "1", tmp_path / "z.txt": "new"})
    assert files(tmp_path) == {"z.txt": "old"}


def test_by_force_a_file_is_replaced_and_a_link_stays_one(tmp_path):
    """Its mode stays, too."""
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_all({tmp_path / "link.txt": "new", tmp_path / "more.txt": "1"}, force=True)
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").stat().st_mode & 0o777 == 0o640
    assert files(tmp_path) == {"link.txt": "new", "real.txt": "new", "more.txt": "1"}


@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_what_is_no_file_is_not_replaced(tmp_path, kind):
    """Not by force either."""
    target = tmp_path / "x"
    target.mkdir() if kind == "folder" else target.symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"x: it is no file; it is as it was$"):
        write_all({target: "new"}, force=True)
    assert target.is_dir() == (kind == "folder")
    assert os.path.lexists(target)
    assert not (tmp_path / "nowhere").exists()


def test_a_mistake_leaves_nothing_behind(tmp_path):
    """What was written before it goes again, whatever it is."""
    with pytest.raises(TypeError):
        write_all({tmp_path / "a" / "b.txt": "1", tmp_path / "c.txt": 2})
    assert files(tmp_path) == {}


def test_a_text_that_no_file_can_hold(tmp_path):
    """It is told like any other reason."""
    with pytest.raises(UsageError, match=r"cannot write .*a\.txt: .*surrogates not allowed; nothing was"):
        write_all({tmp_path / "a.txt": "\ud800"})
    assert files(tmp_path) == {}
