"""One poll stream per job and test run, over all items, tests, workers and reruns."""

MANY = """
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_status(kore_import_status, number): pass

    @pytest.mark.parametrize("number", range(6))
    def test_wait(kore_wait_for_import, number): kore_wait_for_import("ds-demo")
    """

DYING = """
    import os, pathlib, pytest
    from pytest_kore_convtest import KoreClient

    class Dying(KoreClient):
        def import_status(self, ds_id, *, budget=None):
            status = super().import_status(ds_id, budget=budget)
            try:
                pathlib.Path({flag!r}).touch(exist_ok=False)
            except FileExistsError:
                return status
            os._exit(1)

    @pytest.fixture(scope="session")
    def kore_client(kore_settings):
        with Dying(kore_settings) as client:
            yield client
    """


def test_many_tests_share_one_stream(run, plugin_args, account, pytester, polls):
    """Twelve tests, in one process or two, send exactly the requests that one test sends."""
    pytester.makepyfile(MANY)
    account.script("500, IN_PROGRESS, IN_PROGRESS, SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", *plugin_args)
    assert result.counts == {"passed": 12}
    assert polls() == [500, 200, 200, 200]


def test_a_suite_is_uploaded_and_imported_once(run, plugin_args, account, pytester):
    """Several tests that import the same file cause one upload and one import."""
    pytester.makefile(
        ".json",
        a='{"testCases": [{"name": "A", "messages": [{"input": "x", "outputs": [{"contains": "y"}]}]}]}',
    )
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(kore_import_suite, number): kore_import_suite("a.json")
        """)
    result = run(*plugin_args)
    assert result.counts == {"passed": 4}, result.text
    assert len([one for one in account.requests if one.method == "POST"]) == 2


def test_trouble_is_shared(run, plugin_args, account, pytester, polls):
    """When a job gives trouble, no test asks a second time by itself."""
    pytester.makepyfile(MANY)
    account.script("403, SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", *plugin_args)
    assert result.counts == {"errors": 12}, result.text
    assert polls() == [403]


def test_a_rerun_does_not_ask_for_a_verdict_again(run, plugin_args, account, pytester, polls):
    """With --reruns a rejected import stays rejected without another request."""
    pytester.makepyfile("""
        def test_a(kore_import_status): pass
        def test_b(kore_wait_for_import): kore_wait_for_import("ds-demo")
        """)
    account.script("FAILED, SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", "-p", "rerunfailures", "--reruns=2", *plugin_args)
    assert result.code == 1
    assert result.counts["failed"] == 2
    assert polls() == [200]


def test_a_rerun_asks_again_after_trouble(run, plugin_args, account, pytester, polls):
    """With --reruns trouble is asked about again, once per rerun, and may turn into a verdict."""
    pytester.makepyfile("def test_a(kore_import_status): pass")
    account.script("403, 403, SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", "-p", "rerunfailures", "--reruns=3", *plugin_args)
    assert result.code == 0, result.text
    assert result.counts == {"passed": 1, "rerun": 2}
    assert polls() == [403, 403, 200]


def test_the_gate_can_be_rerun(gate, account, polls):
    """The gate's items ask again after trouble, too."""
    account.script("403, SUCCESS", job="ds-demo")
    result = gate("-p", "rerunfailures", "--reruns=1")
    assert result.code == 0, result.text
    assert polls() == [403, 200]


def test_a_rerun_has_only_the_time_that_is_left(run, account, pytester, polls, monkeypatch):
    """A job that used up its time is not given it again by a rerun."""
    for name in ("KORE_POLL_INTERVAL", "KORE_MAX_POLL_INTERVAL"):
        monkeypatch.setenv(name, "0.05")
    pytester.makepyfile("def test_a(kore_import_status): pass")
    account.script("IN_PROGRESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", "--kore-timeout=0.3", "-p", "rerunfailures", "--reruns=5")
    assert result.counts == {"errors": 1, "rerun": 5}
    assert len(polls()) <= 8  # one wait of 0.3 s has room for six; five more would have asked thirty times


def test_a_worker_that_dies_does_not_hold_up_the_others(run, account, pytester, polls):
    """When the worker that asks dies, another one goes on with the same job."""
    pytester.makeconftest(DYING.format(flag=str(pytester.path / "died")))
    pytester.makepyfile(MANY)
    account.script("IN_PROGRESS, IN_PROGRESS, SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", "-p", "xdist", "-n", "2", "--kore-timeout=20")
    assert (pytester.path / "died").exists()
    assert result.counts == {"passed": 11, "failed": 1}, result.text
    assert "crashed" in result.text
    assert polls() == [200, 200, 200]


def test_nothing_stays_behind(run, account, pytester, tmp_path, monkeypatch):
    """What the workers shared is removed when the run ends."""
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    pytester.makepyfile(MANY)
    account.script("SUCCESS", job="ds-demo")
    assert run("--kore-ds-id=ds-demo", "-p", "xdist", "-n", "2").code == 0
    assert list(tmp_path.glob("kore-*")) == []
