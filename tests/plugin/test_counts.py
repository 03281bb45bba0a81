"""Every configured job and every selected item of ours counts: whoever loses it, the run is not green."""

import json
import signal

import pytest
from fork_server import start_module

ENDS = {"passes": "SUCCESS", "fails": "FAILED", "trouble": "403"}
"""How the job called bad ends."""

RED = dict.fromkeys(ENDS, 1)
GREEN = dict.fromkeys(ENDS, 0)
AS_IT_ENDS = {"passes": 0, "fails": 1, "trouble": 1}

ON_BAD = """
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        if "[bad]" in item.name:
            item.add_marker({mark})
"""
DROP = """
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if {condition}]
"""
SKIPS = """
import pytest

class Skips:
    def {hook}(self, item):
        if "[bad]" in item.name:
            pytest.skip("not today")

def pytest_configure(config):
    config.pluginmanager.register(Skips())
"""
FIXTURE = """
import pytest

@pytest.fixture(autouse=True)
def no_bad(request):
    if "[bad]" in request.node.name:
        pytest.skip("not today")
"""
EXITS = """
import pytest

class Exits:
    def pytest_runtest_logfinish(self):
        pytest.exit("enough", returncode=0)

def pytest_configure(config):
    config.pluginmanager.register(Exits())
"""
FIVE_IS_FINE = """
def pytest_sessionfinish(session, exitstatus):
    if exitstatus == 5:
        session.exitstatus = 0
"""

WAYS = {
    "all of it": ((), "", AS_IT_ENDS),
    "-k": (("-k", "good"), "", GREEN),
    "--deselect": (
        ("--deselect", "kore-gate::import[bad]", "--deselect", "kore-gate::structure[bad]"), "", GREEN
    ),
    "node ids": (("kore-gate::import[good]", "kore-gate::structure[good]"), "", GREEN),
    "-k import": (("-k", "import"), "", AS_IT_ENDS),
    "-k structure": (("-k", "structure"), "", AS_IT_ENDS),
    "-x": (("-x", "-k", "bad or good"), "", AS_IT_ENDS),
    "skip": ((), ON_BAD.format(mark='pytest.mark.skip(reason="not today")'), RED),
    "skipif": ((), ON_BAD.format(mark='pytest.mark.skipif(True, reason="not today")'), RED),
    "xfail": ((), ON_BAD.format(mark="pytest.mark.xfail"), AS_IT_ENDS),
    "strict xfail": ((), ON_BAD.format(mark="pytest.mark.xfail(strict=True)"), RED),
    "xfail unrun": ((), ON_BAD.format(mark="pytest.mark.xfail(run=False)"), RED),
    "skip in setup": ((), SKIPS.format(hook="pytest_runtest_setup"), RED),
    "skip in call": ((), SKIPS.format(hook="pytest_runtest_call"), RED),
    "skip in a fixture": ((), FIXTURE, RED),
    "dropped": ((), DROP.format(condition='"[bad]" not in item.name'), GREEN),
    "all dropped": ((), DROP.format(condition="False"), RED),
    "all dropped, and that is fine": ((), DROP.format(condition="False") + FIVE_IS_FINE, RED),
    "exit 0": ((), EXITS, RED),
    "nothing selected": (("-k", "nothing"), "", RED),
    "nothing selected, and that is fine": (("-k", "nothing"), FIVE_IS_FINE, RED),
    "--setup-only": (("--setup-only",), "", RED),
    "no terminal": (("-p", "no:terminal"), "", AS_IT_ENDS),
    "reruns": (("-p", "rerunfailures", "--reruns=1"), "", {**AS_IT_ENDS, "trouble": 1}),
    "xdist": (("-p", "xdist", "-n", "2"), "", AS_IT_ENDS),
    "xdist -k": (("-p", "xdist", "-n", "2", "-k", "good"), "", GREEN),
    "xdist skip": (("-p", "xdist", "-n", "2"), ON_BAD.format(mark="pytest.mark.skip"), RED),
}  # fmt: skip


@pytest.fixture
def told(pytester, junit):
    """Return the record of an inner run, and what stands in JUnit against it, by case."""

    def read():
        record = json.loads((pytester.path / "out.json").read_text())
        _, cases = junit()
        bad = {
            name.partition("@")[0]: child.tag
            for name, case in cases.items()
            for child in case
            if child.tag in {"failure", "error"}
        }
        return record, bad

    return read


REPORTS = ("--kore-json=out.json", "--junitxml=junit.xml")


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_lose_a_job(  # noqa: PLR0913, PLR0917
    run, account, monkeypatch, pytester, told, polls, way, end
):
    """Whatever is deselected, skipped or expected: exit code, record, JUnit and closing line agree."""
    args, conftest, codes = WAYS[way]
    pytester.makeconftest(conftest)
    monkeypatch.setenv("KORE_DS_ID", "good=ds-good,bad=ds-bad")
    account.script("SUCCESS", job="ds-good")
    account.script(", ".join([ENDS[end]] * 8), job="ds-bad")
    result = run("--kore-gate", *REPORTS, *args)
    record, bad = told()
    assert result.code == codes[end], result.text
    assert (record["verdict"] == "passed") == (codes[end] == 0)
    if codes[end]:
        assert bad, result.text
        assert "FAILED" in result.text or "NOT VERIFIED" in result.text
    if codes is GREEN:
        assert polls("ds-bad") == []
        assert "1 import job not waited for" in result.text
        assert "not waited for: bad (ds-bad)" in result.text
        assert bad == {"import[bad]": "error"}
    if not polls("ds-bad"):
        assert "bad" in json.dumps(record["not_evaluated"])


@pytest.mark.parametrize("source", ["environment", "addopts", "ini", "toml", "override", "command line"])
def test_an_id_that_nobody_waits_for(  # noqa: PLR0913, PLR0917
    run, account, monkeypatch, pytester, polls, source
):
    """It is not polled and is said to be left out; red only when it was typed for this very run."""
    args = ()
    if source == "environment":
        monkeypatch.setenv("KORE_DS_ID", "good=ds-good,bad=ds-bad")
    elif source == "addopts":
        monkeypatch.setenv("PYTEST_ADDOPTS", "--kore-ds-id=good=ds-good --kore-ds-id=bad=ds-bad")
    elif source == "ini":
        pytester.makeini("[pytest]\nkore_ds_id =\n    good=ds-good\n    bad=ds-bad")
    elif source == "toml":
        pytester.makepyprojecttoml('[tool.pytest.ini_options]\nkore_ds_id = ["good=ds-good", "bad=ds-bad"]')
    elif source == "override":
        args = ("-o", "kore_ds_id=good=ds-good\nbad=ds-bad")
    else:
        args = ("--kore-ds-id=good=ds-good", "--kore-ds-id=bad=ds-bad")
    account.script("SUCCESS", job="ds-good")
    account.script("FAILED", job="ds-bad")
    pytester.makepyfile("def test_it(kore_import_status): pass")
    result = run(*args, "-k", "good")
    typed = source in {"override", "command line"}
    assert result.code == int(typed), result.text
    assert polls("ds-bad") == []
    assert polls("ds-good") == [200]
    assert "not waited for: bad (ds-bad)" in result.text
    assert ("run pytest --kore-gate --kore-ds-id ds-bad" in result.text) == typed


def suite_file(*names):
    """Return the text of a suite file."""
    said = [{"input": "hi", "event": "Start_Flow", "outputs": [{"contains": "Hello"}]}]
    cases = [
        {"name": name, "messages": [*said, {"input": "x", "outputs": [{"contains": "y"}]}]} for name in names
    ]
    return json.dumps({"testCases": cases})


SWALLOWED = """
    from pytest_kore_convtest import KoreError, ImportFailedError
    import pytest

    def test_it({fixture}):
        try:
            {call}
        except Exception:
            {then}
"""


@pytest.mark.parametrize(
    ("fixture", "call", "then", "code"),
    [
        ("kore_wait_for_import", "kore_wait_for_import('ds-bad')", "pass", 1),
        ("request", "request.getfixturevalue('kore_import_status')", "pass", 1),
        ("kore_wait_for_import", "kore_wait_for_import('ds-other')", "pass", 0),
        ("kore_wait_for_import", "kore_wait_for_import('ds-other')", "pytest.skip('not today')", 1),
        ("kore_wait_for_import", "kore_wait_for_import('ds-other')", "pytest.xfail('not today')", 1),
        ("kore_import_suite", "kore_import_suite('a.json')", "pass", 0),
        ("kore_import_suite", "kore_import_suite('a.json')", "pytest.skip('not today')", 1),
    ],
)
def test_a_test_that_takes_a_verdict_for_itself(  # noqa: PLR0913, PLR0917
    run, account, pytester, monkeypatch, told, fixture, call, then, code
):
    """It may expect the failure of a job that it names itself, not of one that was configured."""
    monkeypatch.setenv("KORE_DS_ID", "bad=ds-bad" if code and "other" not in call else "")
    account.script("FAILED", job="ds-bad")
    account.script("FAILED", job="ds-other")
    if "suite" in fixture:
        account.script("FAILED")
    (pytester.path / "a.json").write_text(suite_file("A"))
    pytester.makepyfile(SWALLOWED.format(fixture=fixture, call=call, then=then))
    result = run(*REPORTS)
    record, bad = told()
    assert result.code == code, result.text
    assert (record["verdict"] == "passed") == (code == 0)
    assert bool(bad) == bool(code)


def test_an_override_of_the_fixture_polls_nothing(run, account, pytester, monkeypatch, polls):
    """A configured job that the conftest's own fixture stands for is not waited for."""
    monkeypatch.setenv("KORE_DS_ID", "ds-bad")
    pytester.makeconftest("""
        import pytest

        @pytest.fixture(scope="session")
        def kore_import_status(kore_wait_for_import): return kore_wait_for_import("ds-good")
        """)
    pytester.makepyfile("def test_it(kore_import_status): pass")
    account.script("SUCCESS", job="ds-good")
    result = run()
    assert result.code == 0, result.text
    assert polls("ds-bad") == []
    assert "not waited for: job-1 (ds-bad)" in result.text


@pytest.mark.parametrize("how", ["mark", "xfail", "hook"])
def test_lint_makes_nothing_green(run, account, pytester, told, how):
    """A green lint does not hide that nothing else gave a verdict."""
    (pytester.path / "a.kore.json").write_text(suite_file("A"))
    pytester.makepyfile("def test_it(kore_import_suite): assert 0")
    mark = "pytest.mark.skip" if how == "mark" else "pytest.mark.xfail"
    conftest = (
        f"import pytest\ndef pytest_collection_modifyitems(items):\n"
        f"    [item.add_marker({mark}) for item in items if item.name == 'test_it']"
    )
    if how == "hook":
        conftest = (
            "import pytest\ndef pytest_runtest_setup(item):\n    item.name == 'test_it' and pytest.skip('no')"
        )
    pytester.makeconftest(conftest)
    result = run("-k", "lint or test_it", *REPORTS)
    record, bad = told()
    assert result.code == 1, result.text
    assert record["verdict"] == "unknown"
    assert bad == {"test_it": "error"}
    assert "kore: NOT VERIFIED: 1 of 1 lint check passed; 0 of 1 test passed, 1 not verified" in result.text


def test_what_was_skipped_for_want_of_settings_is_in_the_record(run, pytester, told):
    """Beside a green lint the run may be green when that is wished; the record has what was skipped."""
    (pytester.path / "a.kore.json").write_text(suite_file("A"))
    result = run("--kore-unconfigured=skip", *REPORTS)
    record, bad = told()
    assert (result.code, bad, record["verdict"]) == (0, {}, "unknown")
    names = [one["what"] for one in record["not_evaluated"]]
    assert names == ["a.kore.json::A::import", "a.kore.json::A::structure"]
    assert result.closing == [
        "kore: 1 of 1 lint check passed; NOTHING ELSE WAS CHECKED: Kore is not configured, 2 skipped"
    ]


def test_skipping_the_unconfigured_excuses_no_other_skip(run, account, pytester):
    """With an account, kore_unconfigured=skip makes no skipped test green."""
    pytester.makepyfile("import pytest\n@pytest.mark.skip\ndef test_it(kore_import_suite): pass")
    assert run("--kore-unconfigured=skip").code == 1


@pytest.mark.parametrize("args", [("-k", "step"), ("-k", "A and step and 01"), ("-k", "import")])
def test_a_run_counts_when_it_was_begun(run, account, pytester, args):
    """Its verdict counts with its item deselected; when no selected item needs it, it is not begun."""
    (pytester.path / "a.kore.json").write_text(suite_file("A"))
    account.bot({"x": ["something else"]})
    result = run("--kore-run=inDevelopment", *args)
    begun = [one for one in account.requests if one.method == "POST" and "/run" in one.path]
    if args == ("-k", "import"):
        assert (result.code, begun) == (0, [])
        return
    assert len(begun) == 1
    assert result.code == 1, result.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("xdist", [(), ("-p", "xdist", "-n", "1")], ids=["plain", "xdist"])
def test_an_interrupted_run_lists_what_has_no_verdict(  # noqa: PLR0913, PLR0917
    pytester, account, junit, monkeypatch, number, xdist
):
    """JUnit and the record hold every selected item as not verified."""
    account.script("IN_PROGRESS@40", job="ds-demo")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    args = ("--kore-gate", "--kore-ds-id=ds-demo", "--kore-timeout=60", *REPORTS, *xdist)
    process = start_module("pytest", "-p", "pytest_kore_convtest", *args, cwd=pytester.path)
    assert any("IN_PROGRESS" in line for line in process.stdout)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 2
    _, cases = junit()
    assert {
        name: [child.tag for child in case if child.tag != "properties"] for name, case in cases.items()
    } == {
        "import[job-1]": ["error"],
        "structure[job-1]": ["error"],
    }
    record = json.loads((pytester.path / "out.json").read_text())
    names = {one["what"] for one in record["not_evaluated"]}
    assert {"kore-gate::import[job-1]", "kore-gate::structure[job-1]"} <= names


@pytest.mark.parametrize("option", ["-x", "--maxfail=1", "--sw"])
def test_a_run_that_stops_early_lists_what_has_no_verdict(run, account, pytester, told, option):
    """JUnit and the record hold what was selected and not run."""
    for name in "AB":
        (pytester.path / f"{name}.kore.json").write_text(suite_file(name))
    account.switch(drift={"A": "drop-last-step"})
    result = run(option, *REPORTS, "-k", "not lint")
    record, bad = told()
    assert result.code in {1, 2}
    assert bad == {"structure": "error", "import": "error"} or sorted(bad.values()) == ["error", "error"]
    missing = [one["what"] for one in record["not_evaluated"] if "::" in one["what"]]
    assert missing == ["B.kore.json::B::import", "B.kore.json::B::structure"]


def test_a_crashed_worker_lists_what_has_no_verdict(run, account, pytester, told):
    """What no worker was left to run is an error in JUnit, like the test that crashed."""
    pytester.makepyfile("""
        import os

        def test_a(kore_wait_for_import): os._exit(1)
        def test_b(kore_wait_for_import): kore_wait_for_import("ds-b")
        """)
    result = run(*REPORTS, "-p", "xdist", "-n", "1", "--max-worker-restart=0", apart=True)
    record, bad = told()
    assert result.code in {1, 2}, result.text
    assert bad == {"test_a": "error", "test_b": "error"}
    assert {one["what"].rpartition("::")[2] for one in record["not_evaluated"]} == {"test_a", "test_b"}


def test_looking_only_says_that_nothing_ran(run, account, pytester):
    """--collect-only ends well and says that it verified nothing."""
    result = run("--kore-gate", "--kore-ds-id=ds-demo", "--collect-only", "-q")
    assert result.code == 0
    assert result.closing == ["kore: nothing was run, so nothing is verified (--collect-only)"]


def test_each_fact_stands_in_junit_once(run, account, pytester, junit):
    """An item of an import and of a run has one time, and both ids."""
    (pytester.path / "a.kore.json").write_text(suite_file("A"))
    assert run("--kore-run=inDevelopment", "--junitxml=junit.xml").code == 0
    _, cases = junit()
    for case in cases.values():
        names = [one.get("name") for one in case.iter("property")]
        assert len(names) == len(set(names))
    (step,) = [case for name, case in cases.items() if name.startswith("step 02")]
    assert {"kore_ds_id", "kore_run_id", "kore_seconds", "kore_polls"} <= {
        one.get("name") for one in step.iter("property")
    }


FOREIGN = """
import pytest

class Foreign(pytest.Item):
    job = suite = twin = number = module_node = id_ = "x"
    kore_notes, step, offline, needs_run, check = 5, "x", "x", "x", "x"
    funcargs, fixturenames, execution_count = 5, 5, "many"
    _terminal_errors, _fixtureinfo, obj = 5, 5, 5

    def runtest(self): pass
    def reportinfo(self): return self.path, None, self.name

class Odd(pytest.File):
    def collect(self):
        for name in ("a", "b"):
            made = Foreign.from_parent(self, name=name)
            made.add_marker("kore_live")
            yield made

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".odd":
        return Odd.from_parent(parent, path=file_path)

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.kore = "theirs"
    return report
"""


@pytest.mark.parametrize("xdist", [(), ("-p", "xdist", "-n", "2")], ids=["plain", "xdist"])
def test_items_of_others_disturb_nothing(run, account, pytester, told, xdist):
    """Whatever attributes and marks a foreign item has: it is not ours, and ours go on."""
    pytester.makeconftest(FOREIGN)
    (pytester.path / "x.odd").touch()
    (pytester.path / "a.kore.json").write_text(suite_file("A"))
    result = run("--kore-run=inDevelopment", *REPORTS, "-p", "rerunfailures", "--reruns=1", *xdist)
    assert "INTERNALERROR" not in result.text
    assert result.code == 0, result.text
    assert result.counts == {"passed": 8}
    record, bad = told()
    assert (record["verdict"], bad) == ("passed", {})
    assert len(record["items"]) == 6


@pytest.mark.parametrize("emulated", [False, True])
@pytest.mark.parametrize("xdist", [(), ("-p", "xdist", "-n", "2")], ids=["plain", "xdist"])
def test_unrelated_tests_ask_nothing(  # noqa: PLR0913, PLR0917
    run, account, pytester, monkeypatch, xdist, emulated
):
    """kore_ds_id configured and only other tests selected: no request, and the run is theirs."""
    monkeypatch.setenv("KORE_DS_ID", "ds-demo")
    if emulated:
        for name in ("HOST", "STREAM_ID", "CLIENT_ID", "CLIENT_SECRET", "USER_EMAIL"):
            monkeypatch.delenv(f"KORE_{name}")
        monkeypatch.setenv("KORE_EMULATOR", "1")
    pytester.makeconftest("""
        import sys

        def pytest_unconfigure(): print("loaded:", "werkzeug" in sys.modules)
        """)
    pytester.makepyfile("def test_it(): pass")
    result = run("-s", *xdist, fresh=True)
    assert result.code == 0, result.text
    assert not [line for line in result.lines if "kore: 1" in line or "VERIFIED" in line]
    assert account.requests == []
    if not xdist:
        assert "loaded: False" in result.text


BODY = """
    import pytest

    def test_it(kore_wait_for_import):
        kore_wait_for_import("ds-gone")
"""


@pytest.mark.parametrize(
    "args",
    [(), ("-p", "xdist", "-n", "1"), ("-p", "rerunfailures", "--reruns=1")],
    ids=["plain", "xdist", "reruns"],
)
def test_an_error_in_the_body_is_called_that(run, account, pytester, junit, args):
    """It is ERROR and <error>, and heading and message name the phase in which it came to pass."""
    account.script("403, 403, 403, 403", job="ds-gone")
    pytester.makepyfile(BODY)
    result = run("--junitxml=junit.xml", *args)
    assert result.counts.get("errors") == 1
    assert any("ERROR at call of test_it" in line for line in result.lines)
    assert not any("ERROR at setup" in line for line in result.lines)
    assert any(line.startswith("ERROR ") and "::test_it" in line for line in result.reasons)
    _, cases = junit()
    (error,) = cases["test_it"].findall("error")
    assert error.get("message").startswith("failed on call with")


def test_what_is_not_configured_is_explained_once(run, pytester):
    """The first item says what to set, the others name it."""
    pytester.makepyfile(
        "def test_a(kore_import_suite): kore_import_suite('a.json')\ntest_b = test_c = test_a"
    )
    result = run("-p", "no:randomly")
    assert result.counts == {"errors": 3}
    assert result.text.count("without an account: --kore-emulator") == 1
    assert (
        result.text.count("Kore is not configured: see test_what_is_not_configured_is_explained_once.py") >= 2
    )
