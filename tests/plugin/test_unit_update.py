"""Suite files that are to expect what the bot said, and that cannot be changed after all."""

import hashlib
import os
from types import SimpleNamespace

import pytest

from pytest_kore_convtest.plugin import update_files as module
from pytest_kore_convtest.plugin.update_files import count_updatable, update_files

HEAD = "suites:\n- name: A\n  steps:\n"


class Told:
    """The failed steps of a file, and why others are not updated."""

    def __init__(self, path, steps=(1,), refused="", others=()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
        self._others = dict(others)
        self._steps = [
            {
                "file": str(path),
                "sha256": digest,
                "suite": (2, 3),
                "step": number,
                "name": f"step {number:02}",
                "changes": [("replace", 0, f"New {number}")],
                "refused": refused,
            }
            for number in steps
        ]

    def by_file(self):
        """Return them by their file."""
        return {self._steps[0]["file"]: self._steps}

    def others(self):
        """Return why others are not updated."""
        return self._others


@pytest.fixture
def shown(monkeypatch):
    """Keep what is shown; whoever listens may do something at that moment."""
    lines, listening = [], []

    def write(_config, several):
        lines.extend(several)
        for act in listening:
            act()

    monkeypatch.setattr(module, "write_lines", write)
    return SimpleNamespace(lines=lines, listening=listening)


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Write a suite of a hundred steps."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "a.kore.yaml"
    steps = "".join(f"  - user: say {number}\n    bot: Old {number}\n" for number in range(1, 101))
    made.write_text(HEAD + steps)
    return made


def test_a_long_diff_is_cut(path, shown):
    """All of it is written, and how much is not shown is told."""
    closing = update_files(None, Told(path, range(1, 101)))
    assert closing == ["100 expectations of 100 steps were updated in 1 file: run again to verify"]
    assert "Old" not in path.read_text()
    assert shown.lines[0] == "kore: a.kore.yaml: 100 expectations to be updated"
    assert len(shown.lines) == 1 + 200 + 1
    assert shown.lines[-1].endswith("more lines)")


def test_of_many_that_are_not_updated_some_are_named(path, shown):
    """The others are counted."""
    others = {f"step {number:02}": "no reply" for number in range(25)}
    closing = update_files(None, Told(path, refused="it is in doubt", others=others))
    assert closing[:2] == ["not updated: step 00: no reply", "not updated: step 01: no reply"]
    assert closing[20:] == ["not updated: 6 more", "no expectation was updated"]
    assert shown.lines == []


def test_a_file_that_is_gone_is_told(path, shown):
    """With what the system says of it."""
    told = Told(path)
    path.unlink()
    assert count_updatable(told) == 0
    why = "it cannot be written (No such file or directory): make it writable, run again"
    assert update_files(None, told) == [f"not updated: a.kore.yaml: {why}", "no expectation was updated"]
    assert shown.lines == []


def test_a_file_that_changes_while_its_diff_is_shown_stays(path, shown):
    """Whoever wrote into it has the last word."""
    shown.listening.append(lambda: path.write_text("mine"))
    closing = update_files(None, Told(path))
    assert closing[0] == "not updated: a.kore.yaml: it was changed since it was collected: run again"
    assert path.read_text() == "mine"


def test_a_file_with_two_names_stays(path, shown):
    """One of them would change alone."""
    os.link(path, path.with_name("b.kore.yaml"))
    before = path.read_bytes()
    closing = update_files(None, Told(path))
    assert "it has 2 names (hard links), of which one would change alone" in closing[0]
    assert path.read_bytes() == before
    assert shown.lines


def test_a_file_that_holds_no_suite_is_called_changed(path, shown):
    """There was one when it was collected."""
    path.write_text("suites: []\n")
    told = Told(path)
    assert count_updatable(told) == 0
    closing = update_files(None, told)
    assert closing[0] == "not updated: a.kore.yaml: it was changed since it was collected: run again"
    assert shown.lines == []


def test_what_would_be_updated_is_counted_without_a_change(path):
    """Steps that are refused already are not among it."""
    before = path.read_bytes()
    assert count_updatable(Told(path, (1, 2, 3))) == 3
    assert count_updatable(Told(path, (1, 2, 3), refused="why")) == 0
    assert count_updatable(Told(path, (100, 101))) == 1
    assert path.read_bytes() == before
