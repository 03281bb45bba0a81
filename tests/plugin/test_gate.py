"""The gate: two items per import job, no test code, never green for nothing."""

import pytest

GREEN = "IN_PROGRESS@40, SUCCESS"
NO_NAME = """SUCCESS(merge='{"response": {"name": "", "testSteps": [{"input": 5, "outputs": []}]}}')"""


def test_a_good_import_is_green(gate, plugin_args, account, polls):
    """SUCCESS with a sound suite passes both items, exits 0 and says what was not executed."""
    account.script(GREEN, job="ds-demo")
    result = gate(*plugin_args)
    assert result.code == 0
    assert result.counts == {"passed": 2}
    assert result.closing == ["kore: 1 suite imported and valid; 0 of 2 steps executed"]
    assert polls() == [200, 200]


def test_a_rejected_import_shows_what_the_platform_logged(gate, plugin_args, account):
    """A failed import is FAILED with its status logs; the structure is skipped and says why."""
    account.script("FAILED(log='duplicate suite name')", job="ds-demo")
    result = gate(*plugin_args)
    assert result.code == 1
    assert result.counts == {"failed": 1, "skipped": 1}
    assert "duplicate suite name" in result.text
    assert "kore-gate::import[job-1]" in "".join(result.reasons)
    assert "Traceback" not in result.text
    assert result.closing == ["kore: FAILED: 1 suite FAILED; 1 of 2 tests FAILED, 1 not verified"]


def test_a_rejected_import_without_a_log_is_red_too(gate, account):
    """An empty list of status logs is told as that, not as a crash."""
    account.script("""FAILED(merge='{"statusLogs": []}')""", job="ds-demo")
    result = gate()
    assert result.code == 1
    assert result.counts == {"failed": 1, "skipped": 1}
    assert "Error in this plugin" not in result.text


def test_all_findings_about_a_broken_suite_come_at_once(gate, account):
    """A broken structure passes the import, fails the structure and names every place."""
    account.script(NO_NAME, job="ds-demo")
    result = gate()
    assert result.code == 1
    assert result.counts == {"passed": 1, "failed": 1}
    for place in ("$.response.name", "$.response.testSteps[0].input", "no step asserts anything"):
        assert place in result.text
    assert result.closing == ["kore: FAILED: 1 suite FAILED; 0 of 1 step executed; 1 of 2 tests FAILED"]


def test_trouble_is_an_error(gate, plugin_args, account, emulator):
    """What could not be found out is ERROR, never FAILED, and the run is red."""
    emulator.fail_next(403, times=50)
    result = gate(*plugin_args)
    assert result.code == 1
    assert result.counts == {"errors": 1, "skipped": 1}
    assert "Traceback" not in result.text
    assert any(line.startswith("kore: NOT VERIFIED") for line in result.closing)


def test_an_unknown_status_is_no_success(gate, account):
    """A word that nobody has documented counts as running and is named in the timeout."""
    account.script("status(name=HALF_DONE)", job="ds-demo")
    result = gate("--kore-timeout=0.4")
    assert result.code == 1
    assert result.counts == {"errors": 1, "skipped": 1}
    assert "HALF_DONE" in result.text


def test_a_success_without_a_suite_is_an_error(gate, account):
    """SUCCESS that brings no suite proves nothing: ERROR."""
    account.script("no_response", job="ds-demo")
    result = gate()
    assert result.code == 1
    assert result.counts == {"errors": 1, "skipped": 1}


@pytest.mark.parametrize("unconfigured", ["error", "skip"])
def test_the_gate_without_any_job_is_an_error(run, account, unconfigured):
    """No import job is never a green run and never a skipped one."""
    result = run("--kore-gate", f"--kore-unconfigured={unconfigured}")
    assert result.code == 1
    assert result.counts == {"errors": 1}
    assert "--kore-ds-id" in result.text
    assert result.closing


@pytest.mark.parametrize("unconfigured", ["error", "skip"])
@pytest.mark.parametrize("host", ["", "bots.kore.ai"], ids=["nothing set", "part set"])
def test_the_gate_without_an_account_says_what_to_set(gate, monkeypatch, unconfigured, host):
    """Nothing configured, or only a part of it, is an error that names each missing setting."""
    monkeypatch.setenv("KORE_HOST", host)
    result = gate(f"--kore-unconfigured={unconfigured}")
    assert result.code == 1
    assert result.counts.get("errors", 0) >= 1
    assert not result.counts.keys() & {"passed", "failed"}
    for setting in ("--kore-stream-id", "KORE_STREAM_ID", "kore_stream_id", "--kore-client-id", "KORE_JWT"):
        assert setting in result.text
    assert ("only partly configured" if host else "not configured") in result.text


def test_names_and_properties_reach_junit(gate, plugin_args, account, junit):
    """JUnit calls the class kore-gate, keeps failure and error apart, and holds the facts of each job."""
    account.script("SUCCESS", job="ds-1")
    account.script("FAILED(log=nope)", job="ds-2")
    account.script("403", job="ds-3")
    gate(*plugin_args, "--junitxml=junit.xml", jobs=("good=ds-1", "bad=ds-2", "ds-3"))
    _, cases = junit()
    assert {case.get("classname") for case in cases.values()} == {"kore-gate"}
    children = {name: [child.tag for child in case] for name, case in cases.items()}
    assert children == {
        "import[good]": ["properties"],
        "structure[good]": ["properties"],
        "import[bad]": ["properties", "failure"],
        "structure[bad]": ["properties", "skipped"],
        "import[job-3]": ["properties", "error"],
        "structure[job-3]": ["properties", "skipped"],
    }
    held = {one.get("name"): one.get("value") for one in cases["import[good]"].iter("property")}
    assert held["kore_ds_id"] == "ds-1"
    assert held["kore_polls"] == "1"
    assert held["kore_suite"] == "DEMO"
    assert float(held["kore_seconds"]) >= 0
    failed = {one.get("name"): one.get("value") for one in cases["import[bad]"].iter("property")}
    assert failed["kore_ds_id"] == "ds-2"


def test_node_ids_hold_labels(run, account):
    """An item is named by its job's label, so that its history survives a new id."""
    result = run("--kore-gate", "--kore-ds-id=smoke=ds-1", "--kore-ds-id=ds-2", "--collect-only", "-q")
    assert [line for line in result.lines if "::" in line] == [
        "kore-gate::import[smoke]",
        "kore-gate::structure[smoke]",
        "kore-gate::import[job-2]",
        "kore-gate::structure[job-2]",
    ]


def test_it_is_found_by_its_module_name(run, account):
    """``--pyargs pytest_kore_convtest.gate`` is the same gate."""
    account.script("SUCCESS", job="ds-demo")
    result = run("--pyargs", "pytest_kore_convtest.gate", "--kore-ds-id=ds-demo", "-v")
    assert result.code == 0
    assert result.counts == {"passed": 2}
    assert "kore-gate::structure[job-1]" in result.text


def test_it_runs_from_a_subdirectory(gate, account, pytester, monkeypatch):
    """The node ids do not depend on where pytest was started."""
    pytester.makeini("[pytest]")
    (pytester.path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(pytester.path / "deep" / "down")
    account.script("SUCCESS", job="ds-demo")
    result = gate("-v")
    assert result.code == 0
    assert "kore-gate::import[job-1]" in result.text


def test_odd_collection_settings_do_not_matter(gate, account, pytester):
    """Whatever ``python_functions``, ``python_files`` and ``testpaths`` say, the gate is collected."""
    pytester.makeini("[pytest]\npython_functions = odd_*\npython_files = odd_*.py\ntestpaths = nowhere")
    account.script("SUCCESS", job="ds-demo")
    result = gate()
    assert result.code == 0
    assert result.counts == {"passed": 2}


def test_nothing_else_is_collected(gate, account, pytester):
    """With --kore-gate no other test runs."""
    pytester.makepyfile("def test_other(): assert 0")
    account.script("SUCCESS", job="ds-demo")
    assert gate().counts == {"passed": 2}


def test_a_conftest_may_override_the_settings(gate, plugin_args, account, pytester, monkeypatch):
    """The gate uses kore_settings of the root conftest.py."""
    monkeypatch.delenv("KORE_STREAM_ID")
    pytester.makeconftest(f"""
        import dataclasses, pytest

        @pytest.fixture(scope="session")
        def kore_settings(kore_settings):
            return dataclasses.replace(kore_settings, stream_id="{account.stream_id}")
        """)
    account.script("SUCCESS", job="ds-demo")
    result = gate(*plugin_args)
    assert result.code == 0, result.text


def test_a_conftest_may_override_the_client(gate, account, pytester, polls):
    """The gate uses kore_client of the root conftest.py."""
    pytester.makeconftest("""
        import pytest
        from pytest_kore_convtest import KoreClient

        class Loud(KoreClient):
            def import_status(self, ds_id, *, budget=None):
                print("asked by the conftest's client")
                return super().import_status("ds-other", budget=budget)

        @pytest.fixture(scope="session")
        def kore_client(kore_settings):
            with Loud(kore_settings) as client:
                yield client
        """)
    account.script("SUCCESS", job="ds-other")
    assert gate().code == 0
    assert polls("ds-other") == polls() == [200]


def test_the_structure_alone_reports_the_import(gate, account):
    """When the import's own item is deselected, the structure's item tells the import's outcome itself."""
    account.script("FAILED(log='no such bot')", job="ds-demo")
    result = gate("-k", "structure")
    assert result.code == 1
    assert result.counts == {"failed": 1, "deselected": 1}
    assert "no such bot" in result.text


def test_the_structure_alone_reports_trouble(gate, account):
    """Without the import's own item, trouble is an ERROR of the structure's item."""
    account.script("403", job="ds-demo")
    result = gate("-k", "structure")
    assert result.code == 1
    assert result.counts.get("errors") == 1


def test_stopping_at_the_first_failure(gate, account):
    """``-x`` ends the run after the failed import, red."""
    account.script("FAILED", job="ds-demo")
    result = gate("-x")
    assert result.code in {1, 2}
    assert result.counts.get("failed") == 1


def test_only_what_failed_last_time(gate, account):
    """``--lf`` runs the structure again, which asks again: nothing of the last run's outcome is kept."""
    account.script(NO_NAME, job="ds-demo")
    assert gate().code == 1
    account.script("SUCCESS", job="ds-demo")
    result = gate("--lf", "-v")
    assert result.code == 0
    assert result.counts["passed"] == 1
    assert "kore-gate::structure[job-1]" in result.text


@pytest.mark.parametrize("absent", ["cacheprovider", "terminal", "junitxml", "tmpdir", "terminalreporter"])
def test_it_works_without_a_plugin_of_pytest(gate, account, absent):
    """A good run is green and a bad one red although pytest's own plugin is switched off."""
    account.script("SUCCESS", job="ds-demo")
    account.script("FAILED", job="ds-bad")
    for job, code in (("ds-demo", 0), ("ds-bad", 1)):
        result = gate("-p", f"no:{absent}", jobs=(job,))
        assert result.code == code, result.text
        assert "INTERNALERROR" not in result.text


def test_strict_settings_and_warnings_as_errors_change_nothing(gate, plugin_args, account):
    """``-W error --strict-markers --strict-config`` finds nothing to complain about, hints included."""
    account.script("status(name=HALF_DONE), SUCCESS", job="demo")
    result = gate(*plugin_args, "-W", "error", "--strict-markers", "--strict-config", jobs=("demo",))
    assert result.code == 0, result.text
    assert result.counts == {"passed": 2}
    assert "kore_ds_id is a value of 4 characters and does not look like one" in result.text
    assert "HALF_DONE" in result.text


@pytest.mark.parametrize("verbosity", ["-q", "-qq", "-v", "-vv"])
def test_the_closing_line_comes_at_every_verbosity(gate, account, verbosity):
    """The last line says what was found, however quiet the run is."""
    account.script("SUCCESS", job="ds-demo")
    result = gate(verbosity)
    assert result.closing == ["kore: 1 suite imported and valid; 0 of 2 steps executed"]


def test_a_job_nobody_waits_for_makes_the_run_red(run, account, pytester, plugin_args):
    """A job id on the command line without a test that waits for it is red and names the command."""
    pytester.makepyfile("def test_other(): pass")
    result = run("--kore-ds-id=ds-demo", *plugin_args)
    assert result.code == 1
    assert result.counts == {"passed": 1}
    assert "pytest --kore-gate --kore-ds-id ds-demo" in "".join(result.closing)


def test_a_job_id_from_the_environment_may_stay_unused(run, account, pytester, monkeypatch, polls):
    """A job id in the environment asks for nothing by itself."""
    monkeypatch.setenv("KORE_DS_ID", "ds-demo")
    pytester.makepyfile("def test_other(): pass")
    result = run()
    assert result.code == 0
    assert result.closing == []
    assert polls() == []


def test_an_exit_code_for_no_verdict(gate, plugin_args, account):
    """``kore_no_verdict_exit`` tells "could not find out" from "wrong" by the exit code."""
    account.script("403", job="ds-demo")
    assert gate(*plugin_args, "-o", "kore_no_verdict_exit=75").code == 75


def test_a_failure_outranks_the_exit_code_for_no_verdict(gate, account):
    """One failure makes it an ordinary red run."""
    account.script("403", job="ds-1")
    account.script("FAILED", job="ds-2")
    assert gate("-o", "kore_no_verdict_exit=75", jobs=("ds-1", "ds-2")).code == 1


def test_jobs_overlap(gate, plugin_args, account, emulator):
    """All jobs are asked for before the first one has ended."""
    account.script(", ".join(["IN_PROGRESS"] * 20 + ["SUCCESS"]), job="ds-1")  # another worker may begin late
    account.script("IN_PROGRESS, SUCCESS", job="ds-2")
    assert gate(*plugin_args, jobs=("ds-1", "ds-2")).code == 0
    asked = [one.path.split("/")[-2] for one in emulator.requests if one.method == "GET"]
    assert asked.index("ds-2") < len(asked) - asked[::-1].index("ds-1") - 1


def test_equal_ids_are_one_job(gate, account, polls):
    """The same id given twice is waited for once."""
    account.script("SUCCESS", job="ds-demo")
    result = gate(jobs=("ds-demo", "ds-demo"))
    assert result.counts == {"passed": 2}
    assert polls() == [200]


def test_part_of_the_gate_is_not_green_for_an_unsound_suite(run, account):
    """Selecting the import alone does not turn a suite green that is not sound."""
    account.switch(drift="disable-text")
    account.add_job(job="ds-loose")
    result = run("--kore-gate", "--kore-ds-id", "ds-loose", "-k", "import")
    assert result.code == 1
    assert "kore: job-1 FAILED, and no selected test shows it: no step asserts anything" in result.text


def test_an_item_of_the_gate_can_be_named(run, account):
    """A node id of the gate selects that item."""
    account.add_job(job="ds-one")
    result = run("--kore-gate", "--kore-ds-id", "ds-one", "kore-gate::import[job-1]")
    assert (result.code, result.counts) == (0, {"passed": 1})
