"""The lock under which suite files are changed."""

import tempfile

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.jobs.file_lock import hold_files


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    """Keep other test runs out of it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_one_file_is_left_whatever_was_locked(tmp_path):
    """Each holder takes the same file, so that the folder for temporary files does not fill."""
    for _ in range(3):
        with hold_files():
            pass
    assert len(list(tmp_path.iterdir())) <= 1


def test_a_second_holder_is_told_to_run_again():
    """While one holds the lock another one does not get it; afterwards it does."""
    with hold_files(), pytest.raises(ConfigError, match="run again"), hold_files(timeout=0):
        pass
    with hold_files(timeout=0):
        pass
