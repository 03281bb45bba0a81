"""No network before a test needs it; no green run for nothing; no word when nobody asked."""

import pytest

TESTS = """
    import pytest

    @pytest.mark.kore_suite(name="DEMO")
    def test_status(kore_import_status): pass

    def test_client(kore_client): pass
    """

NOTE_MODULES = """
    import pathlib, sys

    def pytest_unconfigure():
        pathlib.Path("modules.txt").write_text(" ".join(sys.modules))
    """


@pytest.mark.parametrize(
    "option",
    [
        "--collect-only",
        "--help",
        "--version",
        "--fixtures",
        "--fixtures-per-test",
        "--setup-plan",
        "--markers",
    ],
)
@pytest.mark.parametrize("kind", ["tests", "gate"])
def test_looking_asks_nothing(run, account, pytester, option, kind):
    """What only looks at tests sends no request and ends well, although a job is configured."""
    pytester.makepyfile(TESTS)
    result = run("--kore-ds-id=ds-demo", option, *(["--kore-gate"] if kind == "gate" else []))
    assert result.code == 0, result.text
    assert account.requests == []


def test_an_interrupted_collection_asks_nothing(run, account, pytester):
    """A module that cannot be collected ends the run before any request."""
    pytester.makepyfile(test_a=TESTS, test_b="def broken(:")
    result = run("--kore-ds-id=ds-demo")
    assert result.code == 2
    assert account.requests == []


def test_deselected_tests_ask_nothing(run, plugin_args, account, pytester):
    """-m 'not kore_live' is the offline run."""
    pytester.makepyfile(TESTS + "\n    def test_plain(): pass\n")
    result = run("-m", "not kore_live", *plugin_args)
    assert result.code == 0
    assert result.counts["passed"] == 1
    assert account.requests == []


def test_the_stand_in_is_not_started_to_look(run, pytester):
    """--collect-only --kore-emulator loads no server; a run that needs one does."""
    pytester.makeconftest(NOTE_MODULES)
    pytester.makepyfile("def test_it(kore_emulator): assert kore_emulator.url")
    assert run("--kore-emulator", "--collect-only", fresh=True).code == 0
    assert "werkzeug" not in (pytester.path / "modules.txt").read_text().split()
    assert run("--kore-emulator", fresh=True).code == 0
    assert "werkzeug" in (pytester.path / "modules.txt").read_text().split()


def test_only_skipped_live_tests_are_not_green(run, plugin_args, account, pytester):
    """A run whose tests of ours were all skipped is red and says so."""
    pytester.makepyfile("""
        import pytest

        @pytest.mark.skip(reason="later")
        def test_it(kore_import_status): pass

        def test_plain(): pass
        """)
    result = run(*plugin_args)
    assert result.code == 1
    assert result.counts == {"passed": 1, "skipped": 1}
    (line,) = result.closing
    assert line.startswith("kore: NOT VERIFIED: 0 of 1 test passed, 1 not verified (")
    assert line.endswith("test_it: later); nothing was imported")


def test_the_stand_in_is_named(run, plugin_args, pytester, junit, monkeypatch):
    """A run against the emulator says so in the header, the last line and JUnit's suite."""
    monkeypatch.setenv("KORE_POLL_INTERVAL", "0.05")
    pytester.makepyfile("""
        def test_it(kore_emulator, kore_wait_for_import):
            kore_emulator.script("SUCCESS", job="ds-1")
            kore_wait_for_import("ds-1")
        """)
    result = run("--kore-emulator", "--junitxml=junit.xml", "-q", *plugin_args)
    assert result.code == 0
    words = "built-in emulator; no real platform was contacted"
    assert result.emulated
    properties, _ = junit()
    assert properties["kore_emulator"] == words


def test_a_real_run_does_not_name_the_stand_in(gate, account, junit, monkeypatch):
    """Nothing speaks of an emulator when there is none."""
    monkeypatch.setattr("pytest_kore_convtest.api.session._is_emulator", lambda _reply: False)
    account.script("SUCCESS", job="ds-demo")
    result = gate("--junitxml=junit.xml")
    assert "emulator" not in result.text
    assert junit()[0] == {}


@pytest.mark.parametrize("xdist", [(), ("-p", "xdist", "-n", "1")], ids=["plain", "xdist"])
def test_plain_tests_hear_nothing_of_us(run, pytester, xdist):
    """Without any setting and with plain tests only, the output is pytest's own."""
    pytester.makepyfile("def test_plain(): pass")
    result = run(*xdist)
    assert result.code == 0
    assert not [
        line for line in result.lines if "kore" in line and not line.startswith(("plugins:", "rootdir:"))
    ]


def test_no_tests_stays_no_tests(run, account, pytester):
    """A configured run that selects nothing keeps pytest's own exit code."""
    pytester.makepyfile(TESTS)
    assert run("-k", "nothing_of_the_kind").code == 5


def test_a_word_is_no_mark(run, plugin_args, pytester):
    """A test that only has the word kore_live among its parameters is not taken for one of ours."""
    pytester.makepyfile("""
        import pytest

        @pytest.mark.parametrize("word", ["kore_live"])
        def test_it(word): pass
        """)
    result = run(*plugin_args)
    assert result.code == 0
    assert not [line for line in result.lines if line.startswith("kore:")]
