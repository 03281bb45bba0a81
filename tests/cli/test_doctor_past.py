"""``doctor`` looks at the baseline and at the folder of the history."""

import errno
import json
import os
import tempfile
from datetime import datetime, timedelta, timezone

import pytest
from reports.records import make_record

from pytest_kore_convtest.doctor.past import look_at_history
from pytest_kore_convtest.settings.settings import Settings
from tests.cli.test_report_history import line

SUITE = "suites:\n  - name: STAY\n    steps:\n      - event: Start_Flow\n        bot: Hi!\n"
NEAR = (datetime.now(timezone.utc).date() + timedelta(days=30)).isoformat()
ENTRY = {"suite": "STAY", "step": 1, "input": "Start_Flow", "reason": "T-1", "until": NEAR}


@pytest.fixture
def examine(kore, tmp_path):
    """Run the doctor against the emulator; return its exit code and the checks of one name."""
    (tmp_path / "a.kore.yaml").write_text(SUITE)

    def run(name, *words):
        ended = kore("doctor", "--json", "--kore-emulator", *words)
        data = json.loads(ended.out)
        found = [(check["level"], check["what"]) for check in data["checks"] if check["name"] == name]
        assert all(check["why"] and check["fix"] for check in data["checks"] if check["level"] != "ok")
        return ended.code, found

    return run


@pytest.fixture
def accept(tmp_path):
    """Write a baseline, an entry for each argument, changed."""

    def write(*changes):
        data = {"format": "pytest-kore-convtest baseline", "version": 1}
        entries = [ENTRY | change | {"step": at} for at, change in enumerate(changes, 1)]
        (tmp_path / "known.json").write_text(json.dumps(data | {"accepted": entries}))

    return write


BASELINE = ("-o", "kore_baseline=known.json")


def test_a_baseline_that_is_fine(examine, accept):
    """How many failures it accepts."""
    accept({}, {})
    assert examine("baseline", *BASELINE) == (0, [("ok", "known.json holds 2 accepted failures")])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"until": "2020-01-31"}, "expired: STAY: step 01 Start_Flow"),
        ({"until": "9999-12-31"}, "accepted for more than a year: STAY: step 01 Start_Flow"),
        ({"suite": "LEFT"}, "no suite file has the suite LEFT"),
        ({"file": "left.kore.json"}, "the file is gone: STAY: step 01 Start_Flow (left.kore.json)"),
        ({"bot": "st-1"}, "of another bot: STAY: step 01 Start_Flow"),
    ],
)
def test_what_of_a_baseline_needs_a_look(examine, accept, change, what):
    """A warning that names it; a test run would work."""
    accept(change, {})
    assert examine("baseline", *BASELINE) == (
        0,
        [("warning", f"known.json holds 2 accepted failures; {what}")],
    )


def test_of_many_the_first_ones_are_named(examine, accept):
    """And the rest is counted."""
    accept(*[{"suite": f"GONE {at}"} for at in range(5)])
    (_, said), *rest = examine("baseline", *BASELINE)[1]
    assert said.endswith("no suite file has these suites: GONE 0, GONE 1, GONE 2 and 2 more (5 in all)")
    assert not rest


def test_an_earlier_report_as_baseline(examine, tmp_path):
    """It accepts nothing."""
    (tmp_path / "known.json").write_text(json.dumps(make_record()))
    found = examine("baseline", *BASELINE)
    said = "known.json is the report of an earlier run: compared, accepts nothing"
    assert found == (0, [("ok", said)])


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b"\xff", b'{"format": "pytest-kore-convtest", "version": 9}']
)
def test_a_baseline_that_cannot_be_used(examine, tmp_path, content):
    """An error: a test run would end at once."""
    if content is not None:
        (tmp_path / "known.json").write_bytes(content)
    code, ((level, what),) = examine("baseline", *BASELINE)
    assert (code, level) == (1, "error")
    assert "known.json" in what


def test_a_history(examine, tmp_path):
    """Not there yet, with runs, with a line that cannot be read; nothing is written."""
    past = ("-o", "kore_history=past")
    assert examine("history", *past) == (0, [("ok", "past is made by the first test run")])
    assert not (tmp_path / "past").exists()
    (tmp_path / "past").mkdir()
    (tmp_path / "past" / "a.jsonl").write_text(f"{line(1)}\n{{}}\n")
    assert examine("history", *past) == (
        0,
        [
            ("warning", "a.jsonl:2: left out, it is no line of a history: another format"),
            ("ok", "past can be written, and holds 1 run"),
        ],
    )
    assert [path.name for path in (tmp_path / "past").iterdir()] == ["a.jsonl"]
    assert examine("history", "-o", "kore_history=cache")[1][0][0] == "ok"


@pytest.mark.parametrize("where", ["file", "file/past"])
def test_a_history_where_a_file_is(examine, tmp_path, where):
    """It cannot be written."""
    (tmp_path / "file").write_text("")
    code, ((level, what),) = examine("history", "-o", f"kore_history={where}")
    assert (code, level) == (1, "error")
    assert what == f"cannot write {where}: Not a directory"


def test_a_folder_that_refuses(tmp_path, monkeypatch):
    """With the system's reason; nothing else is looked at."""

    def refuse(**_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.chdir(tmp_path)
    (check,) = look_at_history(Settings.read(env={}, history=tmp_path / "past"))
    assert (check.level, check.what) == ("error", "cannot write past: Permission denied")
