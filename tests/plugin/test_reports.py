"""Reports of a real test run: one set of facts, whatever the distribution; written, or said why not."""

import html
import json
import re
import signal
import sys

import jsonschema
import pytest
from fork_server import start_module
from plugin.conftest import properties

from pytest_kore_convtest.reports.schema import record_schema
from pytest_kore_convtest.reports.serialize import read_record

XDIST = ("-p", "xdist", "-n", "2")
THEIRS = (
    "-p",
    "pytest_metadata.plugin",
    "-p",
    "pytest_html.plugin",
    "--html=theirs.html",
    "--self-contained-html",
)
ARGS = ("--kore-json=out/run.json", "--kore-run=inDevelopment")


def case(name, *steps):
    """Return a suite; its steps are pairs of input and expected reply."""
    messages = [{"input": said, "outputs": [{"contains": reply}]} for said, reply in steps]
    messages[0]["event"] = "Start_Flow"
    return {"name": name, "messages": messages}


@pytest.fixture
def files(pytester):
    """Write three suites in two files: GREEN and RED in one, DRIFT in the other."""
    pytester.makeini("[pytest]")
    green = case("GREEN", ("Start_Flow", "Hello"), ("one", "1"))
    red = case("RED", ("Start_Flow", "Hello"), ("two", "2"), ("three", "3"))
    drift = case("DRIFT", ("Start_Flow", "Hello"), ("four", "4"))
    for name, cases in (("both", [green, red]), ("drift", [drift])):
        (pytester.path / f"{name}.kore.json").write_text(json.dumps({"testCases": cases}, indent=1))


@pytest.fixture
def record(pytester):
    """Read the record that the inner run wrote; it fits its published schema."""

    def read(name="out/run.json"):
        text = (pytester.path / name).read_text(encoding="utf-8")
        jsonschema.validate(json.loads(text), record_schema())
        return read_record(text, name)

    return read


@pytest.fixture
def mixed(files, account):
    """Let RED fail and DRIFT be stored without its last step."""
    account.bot({"two": ["two!"]})
    account.switch(drift={"DRIFT": "drop-last-step"})


def by_name(record):
    """Return the suites of a record by name."""
    return {suite["name"]: suite for suite in record["suites"]}


def test_the_record_of_a_mixed_run(run, plugin_args, mixed, record):
    """Each suite is told once with its verdict, its steps, what was found, and where it came from."""
    result = run(*ARGS, *plugin_args)
    assert result.code == 1
    told = record()
    suites = by_name(told)
    assert told["verdict"] == "failed"
    assert {name: suite["verdict"] for name, suite in suites.items()} == {
        "GREEN": "passed",
        "RED": "failed",
        "DRIFT": "failed",
    }
    assert [step["outcome"] for step in suites["RED"]["steps"]] == ["passed", "failed", "passed"]
    failed = suites["RED"]["steps"][1]
    assert (failed["replies"][0]["expected"], failed["replies"][0]["actual"]) == (["2"], "two!")
    assert failed["nodeid"].endswith("both.kore.json::RED::step 02 two")
    assert suites["DRIFT"]["run"] is None
    (found,) = suites["DRIFT"]["imported"]["findings"]
    line = found["message"].partition("drift.kore.json:")[2].partition(")")[0]
    assert (found["severity"], found["place"]) == ("error", f"drift.kore.json:{line}")
    why = "not run, because its import has not passed"
    steps = [{"what": f"step {number:02} of DRIFT", "why": why} for number in (1, 2)]
    assert told["not_evaluated"] == steps
    assert "JSON report: out/run.json" in result.lines


def test_the_record_proves_what_was_tested(run, mixed, record, account, pytester):
    """Hashes, ids, times, versions and settings stand in it, and no secret."""
    run(*ARGS, "drift.kore.json", "both.kore.json")
    told = record()
    (evidence,) = told["evidence"]
    assert (evidence["host"], evidence["stream_id"]) == (account.url, account.stream_id)
    assert evidence["requested_version"] == "inDevelopment"
    assert evidence["started_at"] < evidence["ended_at"]
    assert abs(evidence["clock_skew"]) < 60
    settings = {one["name"]: (one["value"], one["source"]) for one in evidence["settings"]}
    assert settings["kore_client_secret"] == ("set", "environment")
    assert settings["kore_json"] == (str(pytester.path / "out/run.json"), "command line")
    green = by_name(told)["GREEN"]
    assert green["file"]["split"]
    assert len({green["file"]["sha256"], green["file"]["sent_sha256"]}) == 2
    assert len(green["imported"]["file_hash"]) == 40
    assert green["imported"]["id"].startswith("ds-")
    assert green["imported"]["stored_id"].startswith("ctc-")
    assert green["run"]["id"].startswith("ctr-")
    assert green["run"]["reported_version"] == "configured"
    assert green["imported"]["polls"]
    assert account.client_secret not in json.dumps(told)


def test_all_forms_are_written(run, mixed, pytester):
    """HTML, JSON and Markdown are written in one run; a folder that is missing is made."""
    result = run(*ARGS, "--kore-html=a/b/kore.html", "--kore-markdown=kore.md")
    assert result.code == 1
    assert (pytester.path / "a/b/kore.html").read_text().startswith("<!doctype html>")
    assert "RED" in (pytester.path / "kore.md").read_text()
    assert "HTML report: a/b/kore.html" in result.lines
    assert result.lines.count("a/b/kore.html") == 2  # with each failure


def test_a_report_that_cannot_be_written_makes_the_run_red(run, files, account, pytester):
    """The verdict is still said, and the last lines say what was not written, and why."""
    (pytester.path / "blocked").write_text("a file")
    result = run("both.kore.json", "--kore-json=blocked/run.json")
    assert result.code == 1
    assert result.counts == {"passed": 6}
    assert "kore: 2 suites imported and valid" in result.closing[0]
    assert "kore: cannot write the report" in result.closing[1]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--kore-html=.", "is a folder: give a file in it"),
        ("--kore-markdown=github", "GITHUB_STEP_SUMMARY is not set, as it is on GitHub Actions"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(run, files, account, option, said):
    """A report that could not be written in the end is a usage error in the beginning."""
    result = run(option)
    assert result.code == pytest.ExitCode.USAGE_ERROR
    assert said in result.text
    assert account.requests == []


def test_a_run_with_no_job_has_a_record(run, files, record):
    """When nothing is configured the record says that nothing was found out."""
    run("--kore-json=out/run.json")
    told = record()
    assert told["verdict"] == "failed" if any(i["outcome"] == "failed" for i in told["items"]) else "unknown"
    assert told["suites"] == []
    assert {item["outcome"] for item in told["items"]} == {"passed", "error"}


def test_only_lint(run, files, record):
    """Lint alone is a verdict."""
    run("--kore-json=out/run.json", "-m", "not kore_live")
    told = record()
    assert told["verdict"] == "passed"
    assert {item["outcome"] for item in told["items"]} == {"passed"}


def test_without_runs_the_steps_are_named_as_not_evaluated(run, files, account, record):
    """An import alone proves nothing about the bot's answers, and the record says so."""
    run("drift.kore.json", "--kore-json=out/run.json")
    assert record()["not_evaluated"] == [
        {"what": "2 steps of DRIFT", "why": "not run: add --kore-run inDevelopment"}
    ]


def test_reruns_are_told_once(run, account, record, pytester):
    """An item that was rerun stands there once, with its last outcome, and its job with its last verdict."""
    pytester.makepyfile("def test_a(kore_import_status): pass")
    account.script("403, SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", "-p", "rerunfailures", "--reruns=1", "--kore-json=out/run.json")
    assert result.code == 0, result.text
    told = record()
    assert [item["outcome"] for item in told["items"]] == ["passed"]
    assert [(suite["name"], suite["verdict"]) for suite in told["suites"]] == [("job-1", "passed")]


def test_a_crashed_worker_leaves_gaps_that_are_named(run, account, record, pytester):
    """What a worker was at when it died is not evaluated, and the record says so."""
    pytester.makepyfile("""
        import os

        def test_dies(kore_import_status): os._exit(1)
        """)
    account.script("SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", "--kore-json=out/run.json", *XDIST, "--max-worker-restart=0")
    assert result.code == 1
    told = record()
    assert told["verdict"] != "passed"
    whys = {one["why"] for one in told["not_evaluated"]}
    assert "the xdist worker that ran it crashed" in whys


def test_an_interrupted_run_has_a_record(files, account, pytester, monkeypatch, record):
    """After Ctrl-C the report tells what was found out until then, and what was not."""
    account.script("IN_PROGRESS", job="ds-slow")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    command = ("pytest", "-v", "-p", "pytest_kore_convtest", "--kore-gate", "--kore-ds-id=ds-slow")
    process = start_module(*command, "--kore-timeout=20", "--kore-json=out/run.json", cwd=pytester.path)
    try:
        assert any("IN_PROGRESS" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    told = record()
    assert told["verdict"] == "unknown"
    assert told["evidence"][0]["interrupted"]
    job, *items = told["not_evaluated"]
    assert job["what"] == "the import of job-1"
    assert "Last status IN_PROGRESS" in job["why"]
    assert "pytest --kore-gate --kore-ds-id ds-slow" in job["why"]
    assert [one["what"] for one in items] == ["kore-gate::import[job-1]", "kore-gate::structure[job-1]"]


def test_github_is_told_the_lines(run, mixed, monkeypatch, tmp_path):
    """In GitHub Actions failures are annotated on the suite file's lines, and the summary is appended to."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    result = run("--kore-run=inDevelopment", "--kore-markdown=github", "-q")
    assert any(line.startswith("::error file=both.kore.json,line=") for line in result.lines)
    assert summary.read_text().startswith("before\n")
    assert "RED" in summary.read_text()


def test_the_stand_in_is_named_in_every_form(run, files, pytester, record):
    """A report of a run against the emulator cannot be taken for one of a real platform."""
    run(
        *ARGS,
        "--kore-emulator",
        "--kore-html=kore.html",
        "--kore-markdown=kore.md",
        "-o",
        "kore_poll_interval=0.05",
    )
    assert record()["evidence"][0]["emulator"]
    for name in ("kore.html", "kore.md"):
        assert "no real platform was contacted" in (pytester.path / name).read_text()


def test_junit_has_the_place_of_every_item(run, plugin_args, mixed, junit, pytester):
    """Each case says which line of the suite file it is about; failures and errors are told apart."""
    run("--kore-run=inDevelopment", "--junitxml=junit.xml", *plugin_args)
    _, cases = junit()
    failed = {name.partition("@")[0] for name, case in cases.items() if case.find("failure") is not None}
    assert {"step 02 two", "structure"} <= failed
    assert not [case for case in cases.values() if case.find("error") is not None]
    (step,) = [case for name, case in cases.items() if name.startswith("step 02 two")]
    told = properties(step)
    assert told["file"] == "both.kore.json"
    lines = (pytester.path / "both.kore.json").read_text().splitlines()
    assert '"two"' in "".join(lines[int(told["line"]) - 1 :][:2])
    assert told["kore_run_id"].startswith("ctr-")


def test_pytest_html_shows_the_transcript(run, mixed, pytester):
    """The plugin that many have shows failures as we tell them, and warnings of what passed."""
    result = run("--kore-run=inDevelopment", *THEIRS)
    assert result.code == 1
    page = html.unescape(html.unescape((pytester.path / "theirs.html").read_text()))
    assert "the conversation so far" in page
    assert "actual    two!" in page
    assert "in the file is lost" in page
    assert "stands for the user's arrival" not in page


def test_pytest_html_shows_warnings_of_what_passed(run, files, account, pytester):
    """A warning about a suite that is sound can be read there, too."""
    account.switch(drift={"GREEN": "add-variation"})
    run(*THEIRS, "-k", "GREEN")
    page = html.unescape(html.unescape((pytester.path / "theirs.html").read_text()))
    assert "variation" in page


def test_merged_reports_count_once_and_say_which_was_which(run, files, pytester, account, record):
    """A real and an emulated run are told apart in each form, and a part given again changes no number."""
    assert run("both.kore.json", *ARGS, "-k", "GREEN").code == 0
    real = record("out/run.json")  # of a platform that does not say that it is an emulator
    real["evidence"][0]["emulator"] = False
    (pytester.path / "out/run.json").write_text(json.dumps(real), encoding="utf-8")
    assert run("both.kore.json", "--kore-json=out/emulated.json", "--kore-emulator", "-k", "GREEN").code == 0
    command = (sys.executable, "-m", "pytest_kore_convtest", "report")
    reports = ("out/run.json", "out/emulated.json")
    merged = pytester.run(*command, *reports, "--json", "m.json", "--html", "m.html", "--markdown", "m.md")
    assert merged.ret == 0
    assert pytester.run(*command, "out/run.json", "m.json", "--json", "again.json").ret == 0
    whole, again = record("m.json"), record("again.json")
    assert [len(one["suites"]) for one in (whole, again)] == [2, 2]
    assert [len(one["items"]) for one in (whole, again)] == [len(whole["items"])] * 2
    assert [whole["evidence"][suite["evidence"]]["emulator"] for suite in whole["suites"]] == [False, True]
    page = (pytester.path / "m.html").read_text(encoding="utf-8")
    assert "test run 1 real platform, test run 2 built-in emulator" in page
    text = (pytester.path / "m.md").read_text(encoding="utf-8")
    assert re.findall(r"GREEN`? \((run . .*?)\) \|", text.replace(",", "")) == [
        "run 1 real platform",
        "run 2 built-in emulator",
    ]
    assert "> **Run 2: built-in emulator**" in text
    assert "no real platform was contacted.**" not in text
