"""Tests that answer requests themselves, while jobs go on: each gets what is its own."""

from collections import Counter

import pytest

from tests.plugin.test_runs import done
from tests.plugin.test_shards import write

RESPONSES = """
    import pytest, responses

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(item):
        responses.start()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(item):
        responses.stop()
        responses.reset()
    """
REPLACED = """
    import pytest, requests, requests.adapters, sys
    sys.modules.setdefault("requests_mock", requests)

    def refuse(*args, **more):
        raise requests.ConnectionError("answered by a test")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(item):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(requests.Session, "send", refuse)
            patch.setattr(requests.Session, "get_adapter", refuse)
            patch.setattr(requests.adapters.HTTPAdapter, "send", refuse)
            return (yield)
    """


@pytest.mark.parametrize("conftest", [RESPONSES, REPLACED], ids=["responses", "monkeypatch"])
def test_jobs_go_on_whatever_tests_replace(run, account, pytester, plugin_args, conftest):
    """A suite is imported and run while every test has its requests answered by something else."""
    pytester.makeconftest(conftest)
    write(pytester.path, "ALPHA", steps=3)
    result = run("--kore-run=inDevelopment", *plugin_args, apart=True)
    assert result.code == 0, result.text
    assert result.counts == {"passed": 7}
    assert Counter(done(account)) == {"upload": 1, "import": 1, "run": 1, "delete": 1}


def test_what_a_test_asks_itself_it_may_answer(run, account, pytester):
    """A test's own request through kore_client is answered by what the test has put in the place."""
    pytester.makepyfile("""
        import pytest, responses
        from pytest_kore_convtest import UnreachableError

        @responses.activate
        def test_own(kore_client):
            with pytest.raises(UnreachableError):
                kore_client.import_status("ds-mine")
        """)
    result = run()
    assert result.counts == {"passed": 1}, result.text
    assert account.requests == []
