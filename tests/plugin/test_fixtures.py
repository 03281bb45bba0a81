"""The fixtures and the marker: what they give, and FAILED and ERROR in every phase."""

import json

import pytest

READ_JOURNAL = 'len([one for one in kore_emulator.requests if one.method == "GET"])'


def suite_file(*names, bot="st-any"):
    """Return a suite file's text: one step per suite, which asserts its reply."""
    messages = [{"input": "hello", "outputs": [{"contains": "Hi!"}]}]
    cases = [{"name": name, "tags": ["smoke"], "description": "", "messages": messages} for name in names]
    return json.dumps({"botId": bot, "botName": "bot", "testCases": cases})


def test_one_job_gives_its_status(run, plugin_args, account, pytester):
    """kore_import_status is the completed status of the one configured job."""
    pytester.makepyfile("""
        def test_it(kore_import_status):
            assert kore_import_status.id == "ds-demo"
            assert kore_import_status.status == "SUCCESS"
            assert kore_import_status.suite.name == "DEMO"
            assert kore_import_status.raw["_id"] == "ds-demo"
        """)
    account.script("IN_PROGRESS, SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", *plugin_args)
    assert result.code == 0, result.text
    assert result.closing == ["kore: 1 suite imported and valid; 0 of 2 steps executed"]


def test_several_jobs_make_several_cases(run, plugin_args, account, pytester):
    """Several jobs parametrize the test; the labels name the cases."""
    pytester.makepyfile("def test_it(kore_import_status): print('got', kore_import_status.id)")
    account.script("SUCCESS", job="ds-1")
    account.script("SUCCESS", job="ds-2")
    result = run("--kore-ds-id=smoke=ds-1", "--kore-ds-id=ds-2", "-v", "-rP", *plugin_args)
    assert result.code == 0
    for text in ("::test_it[smoke]", "::test_it[job-2]", "got ds-1", "got ds-2"):
        assert text in result.text


@pytest.mark.parametrize("place", ["environment", "ini"])
def test_several_jobs_in_a_quiet_run(run, plugin_args, account, pytester, monkeypatch, place):  # noqa: PLR0913, PLR0917
    """Jobs that stand in the environment or the ini file make cases, also when no header is printed."""
    if place == "environment":
        monkeypatch.setenv("KORE_DS_ID", "smoke=ds-1 ds-2")
    else:
        pytester.makeini("[pytest]\nkore_ds_id =\n  smoke=ds-1\n  ds-2")
    pytester.makepyfile("def test_it(kore_import_status): pass")
    account.script("SUCCESS", job="ds-1")
    account.script("SUCCESS", job="ds-2")
    result = run("-q", *plugin_args)
    assert result.counts == {"passed": 2}, result.text
    assert result.closing == ["kore: 2 suites imported and valid; 0 of 4 steps executed"]


@pytest.mark.parametrize(
    "names", ['"kore_import_status"', '("kore_import_status",)', '"other, kore_import_status"']
)
def test_a_test_may_name_its_own_jobs(run, account, pytester, names, polls):
    """A test's own parametrize, indirect, wins over the configured jobs."""
    values = '["ds-own"]' if "other" not in names and "(" not in names else '[("ds-own",)]'
    values = '[(1, "ds-own")]' if "other" in names else values
    argument = "other, kore_import_status" if "other" in names else "kore_import_status"
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.parametrize({names}, {values}, indirect=["kore_import_status"])
        def test_it({argument}):
            assert kore_import_status.id == "ds-own"
        """)
    account.script("SUCCESS", job="ds-own")
    result = run("-o", "kore_ds_id=ds-1\n ds-2")
    assert result.counts == {"passed": 1}, result.text
    assert polls("ds-own") == [200]


def test_a_conftest_may_override_the_status(run, plugin_args, account, pytester, monkeypatch):
    """An overriding fixture decides what is imported, also when several jobs are configured."""
    pytester.makepyfile(
        "def test_it(kore_import_status): assert kore_import_status.suite.name.startswith('A_')"
    )
    pytester.makefile(".json", a=suite_file("A"))
    pytester.makeconftest("""
        import pytest

        @pytest.fixture(scope="session")
        def kore_import_status(kore_import_suite):
            return kore_import_suite("a.json")
        """)
    monkeypatch.setenv("KORE_DS_ID", "ds-1,ds-2")
    result = run(*plugin_args)
    assert result.code == 0, result.text
    assert result.counts == {"passed": 1}
    assert {one.method for one in account.requests} == {"POST", "GET", "DELETE"}


def test_several_jobs_and_a_fixture_in_between(run, account, pytester):
    """A fixture that asks for the status by name at run time is told that there are several jobs."""
    pytester.makepyfile("def test_it(request): request.getfixturevalue('kore_import_status')")
    result = run("-o", "kore_ds_id=ds-1\n ds-2")
    assert result.counts == {"errors": 1}
    assert "several import jobs are configured (ds-1, ds-2)" in result.text


def test_waiting_for_a_job_by_its_id(run, plugin_args, account, pytester):
    """kore_wait_for_import waits for any id and judges the suite by what the test expects."""
    pytester.makepyfile("""
        def test_right(kore_wait_for_import):
            status = kore_wait_for_import("ds-demo", name="DEMO", steps=2)
            assert status.suite.name == "DEMO"

        def test_wrong(kore_wait_for_import):
            kore_wait_for_import("ds-demo", name="OTHER", steps=3)

        def test_unknown(kore_wait_for_import):
            kore_wait_for_import("ds-demo", stepz=3)

        def test_no_id(kore_wait_for_import):
            kore_wait_for_import("{YOUR_DS_ID}")
        """)
    account.script("SUCCESS", job="ds-demo")
    result = run(*plugin_args)
    assert result.code == 1
    assert result.counts == {"passed": 1, "failed": 1, "errors": 2}
    reasons = "".join(result.reasons)
    assert "FAILED test_waiting_for_a_job_by_its_id.py::test_wrong - StructureError" in reasons
    assert "ERROR test_waiting_for_a_job_by_its_id.py::test_no_id - ConfigError" in reasons
    assert "ERROR test_waiting_for_a_job_by_its_id.py::test_unknown - ConfigError" in reasons
    assert "unknown expectation 'stepz'" in result.text
    assert "1 of 4 tests FAILED" in result.text
    assert "'OTHER'" in result.text


def test_importing_a_file(run, plugin_args, account, pytester, monkeypatch):
    """kore_import_suite uploads the file byte for byte from rootdir and compares what was stored."""
    pytester.makeini("[pytest]")
    (pytester.path / "suites").mkdir()
    text = suite_file("BOOKING")
    (pytester.path / "suites" / "booking.json").write_text(text)
    (pytester.path / "sub").mkdir()
    (pytester.path / "sub" / "test_it.py").write_text(
        "def test_it(kore_import_suite):\n"
        "    status = kore_import_suite('suites/booking.json')\n"
        "    assert status.suite.name.startswith('BOOKING_')\n"
    )
    monkeypatch.chdir(pytester.path / "sub")
    result = run(*plugin_args)
    assert result.code == 0, result.text
    (upload,) = account.uploads
    assert upload.data == text.encode()
    assert upload.filename == "booking.json"


def test_one_of_several_suites(run, account, pytester):
    """A file with several suites needs a name; the one named is uploaded alone."""
    pytester.makefile(".json", two=suite_file("A", "B"))
    pytester.makepyfile("""
        def test_named(kore_import_suite):
            assert kore_import_suite("two.json", name="B").suite.name.startswith("B_")

        def test_unnamed(kore_import_suite):
            kore_import_suite("two.json")

        def test_unknown(kore_import_suite):
            kore_import_suite("two.json", name="C")
        """)
    result = run()
    assert result.counts == {"passed": 1, "errors": 2}
    assert "has several suites ('A', 'B'): choose one with name=" in result.text
    assert "has no suite named 'C'; it has 'A', 'B'" in result.text
    (upload,) = account.uploads
    assert [case["name"] for case in json.loads(upload.data)["testCases"]] == ["B"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("{", "is not valid JSON"), ("[]", "is a list, not a suite")],
)
def test_a_file_that_cannot_be_used(run, account, pytester, content, said):
    """A missing or wrong file is an ERROR in one sentence, and nothing is uploaded."""
    if content is not None:
        pytester.makefile(".json", a=content)
    pytester.makepyfile("def test_it(kore_import_suite): kore_import_suite('a.json')")
    result = run()
    assert result.code == 1
    assert result.counts == {"errors": 1}
    assert said in result.text
    assert account.requests == []


def test_an_import_needs_an_email(run, account, pytester, monkeypatch):
    """Without userEmailId nothing is uploaded, and the error says how to set it."""
    monkeypatch.delenv("KORE_USER_EMAIL")
    pytester.makefile(".json", a=suite_file("A"))
    pytester.makepyfile("def test_it(kore_import_suite): kore_import_suite('a.json')")
    result = run()
    assert result.counts == {"errors": 1}
    assert "--kore-user-email" in result.text
    assert account.requests == []


def test_a_protected_target_is_only_read(run, account, pytester, monkeypatch):
    """On a protected target nothing is uploaded, but a job can be waited for."""
    monkeypatch.delenv("KORE_HOST")
    monkeypatch.delenv("KORE_STREAM_ID")
    pytester.makeini(f"[pytest]\nkore_targets =\n  prod {account.url} {account.stream_id} protected")
    pytester.makefile(".json", a=suite_file("A"))
    pytester.makepyfile("""
        def test_write(kore_import_suite): kore_import_suite("a.json")
        def test_read(kore_wait_for_import): kore_wait_for_import("ds-demo")
        """)
    account.script("SUCCESS", job="ds-demo")
    result = run("--kore-target=prod")
    assert result.counts == {"passed": 1, "errors": 1}, result.text
    assert "target prod is protected" in result.text
    assert {one.method for one in account.requests} == {"GET"}


def test_the_client(run, plugin_args, account, pytester):
    """kore_client asks once per call."""
    pytester.makepyfile(
        "def test_it(kore_client): assert kore_client.import_status('ds-demo').status == 'IN_PROGRESS'"
    )
    account.script("IN_PROGRESS", job="ds-demo")
    assert run(*plugin_args).code == 0


def test_the_settings(run, plugin_args, account, pytester):
    """kore_settings has one attribute per setting and knows each one's source."""
    pytester.makeini("[pytest]\nkore_stall_timeout = 77")
    pytester.makepyfile(f"""
        def test_it(kore_settings):
            assert kore_settings.stall_timeout == 77
            assert kore_settings.source("stall_timeout") == "ini"
            assert kore_settings.timeout == 5
            assert kore_settings.source("timeout") == "command line"
            assert kore_settings.host == "{account.url}"
            assert kore_settings.source("host") == "environment"
            assert kore_settings.source("outage_budget") == "default"
            assert kore_settings.client_secret.reveal() == "{account.client_secret}"
            assert "{account.client_secret}" not in repr(kore_settings) + str(vars(kore_settings))
        """)
    result = run("--kore-timeout=5", *plugin_args)
    assert result.code == 0, result.text


def test_the_stand_in(run, plugin_args, pytester, monkeypatch):
    """Under --kore-emulator all workers use one emulator, whose journal shows every request."""
    monkeypatch.setenv("KORE_POLL_INTERVAL", "0.05")
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_ask(kore_emulator, kore_wait_for_import, kore_settings, number):
            kore_emulator.script("SUCCESS", job=f"ds-{{number}}")
            kore_wait_for_import(f"ds-{{number}}")
            assert kore_settings.host == kore_emulator.url
            print("at", kore_emulator.url, "saw", {READ_JOURNAL})
        """)
    result = run("--kore-emulator", "-rP", *plugin_args)
    assert result.code == 0, result.text
    seen = [line.split() for line in result.lines if line.startswith("at http")]
    assert len({words[1] for words in seen}) == 1
    assert max(int(words[3]) for words in seen) == 4
    assert result.emulated


def test_real_credentials_stay_away_from_the_stand_in(run, account, pytester, monkeypatch):
    """With --kore-emulator on the command line a configured account is neither used nor sent."""
    pytester.makepyfile("""
        def test_it(kore_emulator, kore_settings, kore_wait_for_import):
            assert kore_settings.client_secret.reveal() == kore_emulator.client_secret
            kore_emulator.script("SUCCESS", job="ds-1")
            kore_wait_for_import("ds-1")
        """)
    result = run("--kore-emulator")
    assert result.code == 0, result.text
    assert account.requests == []


def test_the_stand_in_without_the_option(run, pytester):
    """kore_emulator gives an emulator of its own when the run is not against the emulator."""
    pytester.makepyfile("def test_it(kore_emulator): assert kore_emulator.url.startswith('http://127.')")
    assert run().code == 0


MARKED = """
    import pytest

    @pytest.mark.kore_suite(name="DEMO", steps=2)
    def test_met(kore_import_status): pass

    @pytest.mark.kore_suite(steps=7, inputs=["nothing"], tags={"absent"})
    def test_unmet(kore_import_status): print("the body ran")

    @pytest.mark.kore_suite(stepz=2)
    def test_unknown(kore_import_status): print("the body ran")

    @pytest.mark.kore_suite("DEMO")
    def test_positional(kore_import_status): print("the body ran")

    @pytest.mark.kore_suite(name="DEMO")
    def test_without_the_fixture(kore_client): print("the body ran")
    """


def test_the_marker(run, plugin_args, account, pytester):
    """kore_suite is checked per test as its call begins: unmet is FAILED, unusable is ERROR."""
    pytester.makepyfile(test_m=MARKED)
    account.script("SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", "-rfE", *plugin_args)
    assert result.code == 1
    assert result.counts == {"passed": 1, "failed": 1, "errors": 3}, result.text
    assert "the body ran" not in result.text
    assert any(line.startswith("FAILED test_m.py::test_unmet - StructureError") for line in result.reasons)
    for name in ("unknown", "positional", "without_the_fixture"):
        assert any(line.startswith(f"ERROR test_m.py::test_{name} - ConfigError") for line in result.reasons)
    for words in ("7", "'nothing'", "'absent'", "stepz", "keywords only", "needs a test that uses"):
        assert words in result.text


def test_a_marker_without_any_fixture_of_ours(run, account, pytester):
    """kore_suite on a test that uses none of our fixtures is an ERROR, not ignored."""
    pytester.makepyfile("""
        import pytest

        @pytest.mark.kore_suite(name="DEMO")
        def test_it(): pass
        """)
    assert run().counts == {"errors": 1}


def test_the_closest_marker_wins(run, account, pytester):
    """A module's expectations hold unless the test states its own."""
    pytester.makepyfile("""
        import pytest
        pytestmark = pytest.mark.kore_suite(name="DEMO", steps=9)

        @pytest.mark.kore_suite(steps=2)
        def test_own(kore_import_status): pass

        def test_inherited(kore_import_status): pass
        """)
    account.script("SUCCESS", job="ds-demo")
    assert run("--kore-ds-id=ds-demo").counts == {"passed": 1, "failed": 1}


PHASES = """
    import pytest
    from pytest_kore_convtest import ImportFailedError, JobTimeoutError, StructureError

    def raise_(kind):
        raise kind("said by us", job_id="ds-1")

    @pytest.fixture
    def verdict(): raise_(ImportFailedError)

    @pytest.fixture
    def trouble(): raise_(JobTimeoutError)

    @pytest.fixture
    def late_verdict():
        yield
        raise_(StructureError)

    @pytest.fixture
    def late_trouble():
        yield
        raise_(JobTimeoutError)

    def test_1_verdict_in_setup(kore_settings, verdict): pass
    def test_2_trouble_in_setup(kore_settings, trouble): pass
    def test_3_verdict_in_call(kore_settings): raise_(StructureError)
    def test_4_trouble_in_call(kore_settings): raise_(JobTimeoutError)
    def test_5_verdict_in_teardown(kore_settings, late_verdict): pass
    def test_6_trouble_in_teardown(kore_settings, late_trouble): pass
    def test_7_other_in_call(kore_settings): assert 1 == 2
    """


def test_failed_and_error_in_every_phase(run, plugin_args, account, pytester, junit):
    """A verdict is FAILED and anything else of ours ERROR, whichever phase raised it, in JUnit too."""
    pytester.makepyfile(test_p=PHASES)
    result = run("--junitxml=junit.xml", *plugin_args)
    assert result.code == 1
    kinds = {line.split("::test_")[1][0]: line.split()[0] for line in result.reasons}
    assert kinds == {
        "1": "FAILED",
        "2": "ERROR",
        "3": "FAILED",
        "4": "ERROR",
        "5": "FAILED",
        "6": "ERROR",
        "7": "FAILED",
    }
    _, cases = junit()
    tags = {name[5]: {child.tag for child in case} - {"properties"} for name, case in cases.items()}
    assert tags["1"] == tags["3"] == tags["7"] == {"failure"}
    assert tags["5"] == {"failure"}
    assert tags["2"] == tags["4"] == tags["6"] == {"error"}


def test_our_sentence_stands_in_place_of_a_traceback(run, plugin_args, account, pytester):
    """No frame of ours is shown, only our sentence and the user's line; other failures keep theirs."""
    pytester.makepyfile("""
        def test_trouble(kore_wait_for_import):
            kore_wait_for_import("ds-gone")

        def test_plain(kore_settings):
            one = 1
            assert one == 2
        """)
    account.script("403", job="ds-gone")
    result = run("-vv", "--showlocals", *plugin_args)
    assert "pytest_kore_convtest/" not in result.text
    assert "ds-gone" in result.text
    assert "test_our_sentence_stands_in_place_of_a_traceback.py:2" in result.text
    assert "assert 1 == 2" in result.text


def test_an_expected_failure_stays_one(run, plugin_args, account, pytester):
    """A verdict in an xfail test is XFAIL; with raises=, anything else of ours is not."""
    pytester.makepyfile("""
        import pytest
        from pytest_kore_convtest import Verdict

        @pytest.mark.xfail(raises=Verdict, strict=True)
        def test_verdict(kore_wait_for_import): kore_wait_for_import("ds-bad")

        @pytest.mark.xfail(raises=Verdict)
        def test_trouble(kore_wait_for_import): kore_wait_for_import("ds-denied")
        """)
    account.script("FAILED", job="ds-bad")
    account.script("403", job="ds-denied")
    result = run(*plugin_args)
    assert result.counts == {"xfailed": 1, "errors": 1}, result.text


def test_unconfigured_is_an_error(run, plugin_args, pytester):
    """A test that needs Kore without an account is an ERROR that says what to set and how."""
    pytester.makepyfile("def test_it(kore_import_status): pass")
    result = run(*plugin_args)
    assert result.code == 1
    assert result.counts == {"errors": 1}
    for words in ("not configured", "KORE_HOST", "--kore-host", "--kore-emulator", "--kore-ds-id"):
        assert words in result.text


def test_unconfigured_may_be_skipped(run, plugin_args, pytester):
    """--kore-unconfigured=skip skips with the same words, exits 0 and says that nothing was checked."""
    pytester.makepyfile("""
        def test_status(kore_import_status): pass
        def test_client(kore_client): pass
        def test_plain(): pass
        """)
    result = run("--kore-unconfigured=skip", "-rs", *plugin_args)
    assert result.code == 0
    assert result.counts == {"passed": 1, "skipped": 2}
    assert "KORE_HOST" in result.text
    assert result.closing == ["kore: NOTHING WAS CHECKED: Kore is not configured, 2 skipped"]


def test_waiting_by_id_needs_no_email(run, account, pytester, monkeypatch):
    """A suite file beside it that cannot be imported without an e-mail does not stop a wait by id."""
    (pytester.path / "a.kore.json").write_text(suite_file("A"))
    pytester.makepyfile("def test_it(kore_import_status): pass")
    monkeypatch.delenv("KORE_USER_EMAIL")
    account.add_job(job="ds-here")
    result = run("--kore-ds-id=ds-here", "test_waiting_by_id_needs_no_email.py", "a.kore.json")
    assert result.counts == {"passed": 2, "errors": 2}
    assert "ERROR test_waiting" not in result.text


@pytest.mark.parametrize("order", [("t", "test_real.py"), ("test_real.py", "t")], ids=["first", "last"])
def test_two_accounts_in_one_run_are_refused(run, plugin_args, account, pytester, order):
    """Tests whose folder overrides kore_settings never decide which platform the others ask."""
    pytester.makepyfile(test_real="def test_ours(kore_client): pass")
    folder = pytester.mkdir("t")
    (folder / "conftest.py").write_text(
        "import pytest\nfrom pytest_kore_convtest import Settings\n"
        "@pytest.fixture(scope='session')\ndef kore_settings(): return Settings.read()\n"
    )
    (folder / "test_other.py").write_text("def test_other(kore_client): pass")
    result = run(*order, *plugin_args)
    assert result.counts == {"passed": 1, "errors": 1}
    assert (
        "kore_settings is overridden only for the tests in t, but a test run uses one account" in result.text
    )
    assert run("t", *plugin_args).counts == {"passed": 1}
