"""``report`` of several machines that shared the suites."""

import json

import pytest
from fork_server import run_module

from tests.cli.conftest import one_sentence

PASSED = {"A": "Welcome.", "B": "Which city?", "C": "100 EUR"}


@pytest.fixture
def shards(account, tmp_path):
    """Run three suites on two machines; give the JSON reports."""
    for name, reply in PASSED.items():
        steps = [{"input": "Hello", "outputs": [{"contains": reply}]}]
        text = json.dumps({"testCases": [{"name": name, "messages": steps}]})
        (tmp_path / f"{name}.kore.json").write_text(text)
    paths = []
    for number in (1, 2):
        paths.append(tmp_path / f"shard-{number}.json")
        more = (f"--kore-shard={number}/2", f"--kore-json={paths[-1]}", "--kore-run=inDevelopment")
        code, out, _ = run_module("pytest", "-p", "pytest_kore_convtest", *more)
        assert code == 0, out
    return paths


def test_the_reports_of_all_machines(kore, shards, tmp_path):
    """Every suite and job is there once, the totals add up, and the whole has passed."""
    ended = kore("report", *shards, "--json", "all.json")
    assert ended.code == 0
    assert ended.lines[-1].startswith("verdict: PASSED")
    whole = json.loads((tmp_path / "all.json").read_text())
    assert sorted(suite["name"] for suite in whole["suites"]) == sorted(PASSED)
    assert len({suite["run"]["id"] for suite in whole["suites"]}) == 3
    assert len(whole["items"]) == 3 * 5


def test_a_missing_report(kore, shards, tmp_path):
    """Without the report of one machine the whole is written, is not verified, and the exit code is 1."""
    ended = kore("report", shards[0], "--json", "all.json", "--markdown", "all.md")
    assert ended.code == 1
    assert ended.err == "shard 2 of 2 is missing: what became of the suites there is not known\n"
    assert ended.lines[-1].startswith("verdict: NOT VERIFIED")
    assert json.loads((tmp_path / "all.json").read_text())["verdict"] == "unknown"
    assert "shard 2 of 2 is missing" in (tmp_path / "all.md").read_text()


def test_a_report_that_was_cut_off(kore, shards, tmp_path):
    """Half a report is one sentence that names it, and exit code 4; nothing is written."""
    text = shards[1].read_text()
    shards[1].write_text(text[: len(text) // 2])
    one_sentence(kore("report", *shards, "--json", "all.json"), 4, "shard-2.json", "is not valid JSON")
    assert not (tmp_path / "all.json").exists()
