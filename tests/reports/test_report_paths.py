"""Where reports may be written: not over suites, settings or each other."""

import json
import os
from pathlib import Path

import pytest

from pytest_kore_convtest.reports.report_paths import (
    find_same_file,
    holds_suite,
    is_plain,
    is_settings_file,
    named_by_pytest,
)

LONG = "x" * 5000


@pytest.mark.parametrize(
    ("name", "content", "held"),
    [
        ("a.json", {"testCases": []}, True),
        ("a.json", {"more": {"testCases": []}}, False),
        ("a.json", "testCases", False),
        ("a.json", {"suites": []}, False),
        ("a.kore.json", {}, True),
        ("a.kore.yaml", "suites: []", True),
        ("a.kore.json", {"format": "pytest-kore-convtest"}, False),
    ],
)
def test_a_file_of_suites_is_known(tmp_path, name, content, held):
    """By what it says, or by its name unless it is a report."""
    (tmp_path / name).write_text(json.dumps(content))
    assert holds_suite(tmp_path / name, ["*.kore.json", "*.kore.yaml"]) is held


@pytest.mark.parametrize("data", [b'{"testCases": [', b'{"testCases": "\xff"}', b'"testCases"' + b"[" * 9000])
def test_what_is_no_json_holds_no_suite(tmp_path, data):
    """Nothing is raised for it."""
    (tmp_path / "a.json").write_bytes(data)
    assert holds_suite(tmp_path / "a.json") is False


@pytest.mark.parametrize("path", [LONG, "a\0b", ".", "nowhere.json"])
def test_a_path_that_leads_to_no_file_holds_no_suite(path):
    """Nor is anything raised for what no file can be called."""
    assert holds_suite(path) is False


def test_two_reports_in_one_file_are_found(tmp_path, monkeypatch):
    """However they are spelt; standard output, a pipe and a device may take several."""
    monkeypatch.chdir(tmp_path)
    Path("a").touch()
    Path("b").symlink_to("a")
    os.mkfifo("pipe")
    assert find_same_file({"html": "a", "json": tmp_path / "b"}) == ("html", "json")
    assert find_same_file({"html": "c", "json": "d", "junit": "./c"}) == ("html", "junit")
    assert find_same_file({"html": "-", "json": "-", "a": "pipe", "b": "pipe", "c": os.devnull}) is None
    assert [is_plain(one) for one in ("a", "nowhere", "pipe", LONG, "a\0b")] == [
        True,
        True,
        False,
        True,
        True,
    ]


def test_files_of_settings_are_known_by_their_names(tmp_path):
    """Code only where it is there already."""
    (tmp_path / "a.py").touch()
    names = ("pytest.ini", "pyproject.toml", "a.py", "b.py", "report.json")
    assert [is_settings_file(tmp_path / name) for name in names] == [True, True, True, False, False]


def test_files_that_pytest_and_its_plugins_write_are_named():
    """In whatever way an option holds them, and spelt as it is typed."""
    options = {
        "xmlpath": "junit.xml",
        "report_log": Path("log.json"),
        "cov_report": {"xml": "cov.xml", "html": None},
        "several": ["a", 7],
        "cov_source": ("xml:b.xml",),
        "kore_json": "r.json",
        "verbose": 1,
    }
    found = dict.fromkeys(text for _, text in named_by_pytest(options) if text)
    assert list(found) == ["junit.xml", "log.json", "cov.xml", "a", "xml:b.xml", "b.xml"]
    assert ("--report-log", "log.json") in list(named_by_pytest(options))
