"""Which files of a folder are taken for suite files."""

import os
import sys

import pytest

from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.cli.suite_paths import check_paths
from pytest_kore_convtest.suites.find_files import find_suite_files

LEFT_OUT = [".git/hooks", ".venv", "node_modules/a", "build", "dist", "venv", "a.egg", "env", "a/__pycache__"]


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a suite file in each folder, also in those that pytest does not enter."""
    for name in ("", "a", "a/b", *LEFT_OUT):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / "x.kore.json").write_text("{}")
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    return tmp_path


def names_in(folder, *globs):
    """Return what is found, as it would be typed from the folder."""
    return [path.relative_to(folder).as_posix() for path in find_suite_files(folder, globs)]


def test_folders_of_tools_are_left_out(folder):
    """Hidden folders, environments and what tools build are not looked into, as by pytest."""
    assert names_in(folder, "*.json") == ["x.kore.json", "a/x.kore.json", "a/b/x.kore.json"]


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_folder_that_is_named_is_looked_into(folder, name):
    """Whoever names such a folder means it."""
    assert names_in(folder / name, "*.json") == ["x.kore.json"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there that few users have")
def test_links_are_followed_once(folder, tmp_path_factory):
    """A folder behind a link is looked into, as pytest does, and a link that leads back is no circle."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "y.json").write_text("{}")
    (folder / "a" / "linked").symlink_to(elsewhere)
    (folder / "a" / "back").symlink_to(folder)
    assert names_in(folder / "a", "y.json") == ["linked/y.json"]


def test_each_of_several_patterns_counts_once(folder):
    """A file is given once, whichever of the patterns it is called by."""
    (folder / "b.json").write_text("{}")
    assert names_in(folder / "a", "*.kore.json", "x*") == ["x.kore.json", "b/x.kore.json"]
    assert names_in(folder, "b.json") == ["b.json"]


def test_a_folder_that_cannot_be_read_is_named(folder, monkeypatch):
    """What cannot be looked into is an error of the command, not a folder without suites."""
    real = os.scandir

    def refuse(place):
        if os.fspath(place).endswith("b"):
            raise PermissionError(13, "Permission denied", os.fspath(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UsageError, match=r"cannot read the folder .*b: Permission denied"):
        list(check_paths([str(folder / "a")]))
