"""Settings through pytest: every rung of the ladder, the header, and usage errors."""

import pytest

SHOW = """
    def test_show(kore_settings):
        for name in ("timeout", "bot_language", "require_assertions"):
            print("got", name, repr(getattr(kore_settings, name)), "from", kore_settings.source(name))
    """
TYPED = tuple(int(part) for part in pytest.__version__.split(".")[:2]) >= (9, 0)


@pytest.fixture
def shown(run, pytester, plugin_args):
    """Run a test that prints settings; return what it printed, by name."""

    def start(*args):
        pytester.makepyfile(test_show=SHOW)
        result = run("-rP", *plugin_args, *args)
        assert result.code == 0, result.text
        lines = [line.split(maxsplit=4) for line in result.lines if line.startswith("got ")]
        return {line[1]: (line[2], line[4]) for line in lines}

    return start


FILES = {
    "pytest.ini": "[pytest]\n{lines}",
    ".pytest.ini": "[pytest]\n{lines}",
    "tox.ini": "[pytest]\n{lines}",
    "setup.cfg": "[tool:pytest]\n{lines}",
    "pyproject.toml": "[tool.pytest.ini_options]\n{lines}",
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_ini_file(run, pytester, name):
    """An ini key works in every file that pytest reads; its source is the ini file."""
    quote = '"' if name.endswith("toml") else ""
    lines = f"kore_timeout = {quote}42{quote}\nkore_require_assertions = {quote}yes{quote}"
    (pytester.path / name).write_text(FILES[name].format(lines=lines))
    pytester.makepyfile(test_show=SHOW)
    result = run("-rP")
    assert "got timeout 42.0 from ini" in result.lines
    assert "got require_assertions True from ini" in result.lines
    assert "got bot_language 'en' from default" in result.lines


@pytest.mark.skipif(not TYPED, reason="[tool.pytest] came with pytest 9")
def test_the_typed_table(shown, pytester):
    """In ``[tool.pytest]`` numbers and booleans are no strings, and lists are lists."""
    lines = (
        'kore_timeout = 42\nkore_require_assertions = true\nkore_bot_language = "de"\nkore_ds_id = ["a=ds-1"]'
    )
    (pytester.path / "pyproject.toml").write_text(f"[tool.pytest]\n{lines}\n")
    assert shown() == {
        "timeout": ("42.0", "ini"),
        "bot_language": ("'de'", "ini"),
        "require_assertions": ("True", "ini"),
    }


@pytest.mark.parametrize(
    ("arguments", "addopts", "variable", "source"),
    [
        (["--kore-timeout=7"], "", "", "command line"),
        (["--kore-timeout", "7"], "", "", "command line"),
        (["-o", "kore_timeout=7"], "", "", "command line"),
        (["--override-ini=kore_timeout=7"], "", "", "command line"),
        ([], "--kore-timeout=7", "", "addopts"),
        ([], "-o kore_timeout=7", "", "addopts"),
        ([], "", "--kore-timeout=7", "addopts"),
        ([], "", "-o kore_timeout=7", "addopts"),
        ([], "", "", "environment"),
    ],
)
def test_the_ladder(run, pytester, monkeypatch, arguments, addopts, variable, source):  # noqa: PLR0913, PLR0917
    """Command line and addopts win over the environment, which wins over the ini file."""
    pytester.makeini(f"[pytest]\nkore_timeout = 99\naddopts = {addopts}")
    if variable:
        monkeypatch.setenv("PYTEST_ADDOPTS", variable)
    monkeypatch.setenv("KORE_TIMEOUT", "7" if source == "environment" else "88")
    pytester.makepyfile(test_show=SHOW)
    result = run("-rP", *arguments)
    assert f"got timeout 7.0 from {source}" in result.lines, result.text


def test_workers_see_the_same(shown, monkeypatch):
    """Xdist's workers resolve the same values from the same sources."""
    monkeypatch.setenv("KORE_BOT_LANGUAGE", "fr")
    assert shown("--kore-timeout=7", "-o", "kore_require_assertions=on") == {
        "timeout": ("7.0", "command line"),
        "bot_language": ("'fr'", "environment"),
        "require_assertions": ("True", "command line"),
    }


def test_flags_have_twins(run, pytester, monkeypatch):
    """--no-kore-require-assertions wins over an environment that says yes."""
    monkeypatch.setenv("KORE_REQUIRE_ASSERTIONS", "1")
    pytester.makepyfile(test_show=SHOW)
    result = run("-rP", "--no-kore-require-assertions")
    assert "got require_assertions False from command line" in result.lines


def test_no_emulator(run, account, pytester, monkeypatch):
    """--no-kore-emulator switches off the emulator of the environment."""
    monkeypatch.setenv("KORE_EMULATOR", "1")
    monkeypatch.delenv("KORE_HOST")
    pytester.makepyfile("def test_it(kore_settings): assert kore_settings.emulator is False")
    result = run("--no-kore-emulator", f"--kore-host={account.url}")
    assert result.code == 0, result.text
    assert f"kore: host {account.url} (from command line)" in result.text


def test_the_stand_in_and_a_host_at_the_same_source(run, account, monkeypatch):
    """A host and the emulator from the same source are a usage error."""
    monkeypatch.setenv("KORE_EMULATOR", "1")
    result = run()
    assert result.code == 4
    assert "contradict each other: set one, the emulator or a real host" in result.text


def test_the_header(run, account, pytester, monkeypatch):
    """One line says what is configured and from where, with ids shortened and no secret."""
    monkeypatch.delenv("KORE_HOST")
    pytester.makeini("[pytest]\nkore_host = bots.kore.ai")
    pytester.makepyfile("def test_it(): pass")
    monkeypatch.setenv("KORE_STREAM_ID", "st-11111111-2222")
    monkeypatch.setenv("KORE_DS_ID", "ds-1 ds-2")
    result = run("--kore-client-id=cs-1")
    assert (
        "kore: host https://bots.kore.ai (from ini), stream st-11…22 (from env), secret set (from env),"
        " 2 import jobs" in result.lines
    )


def test_a_target(run, pytester):
    """A target sets host and stream; the header names it, and says when it is protected."""
    pytester.makeini(
        "[pytest]\nkore_targets =\n  dev bots.kore.ai st-1\n  prod https://xo.example.com st-3 protected"
    )
    pytester.makepyfile("""
        def test_it(kore_settings):
            assert kore_settings.host == "https://xo.example.com"
            assert kore_settings.stream_id == "st-3"
            assert kore_settings.source("host") == kore_settings.source("stream_id") == "target"
            assert kore_settings.protected
        """)
    result = run("--kore-target=prod")
    assert result.code == 0, result.text
    assert "kore: target prod (protected), host https://xo.example.com (from target)" in result.text


@pytest.mark.parametrize(
    ("arguments", "environment", "ini", "said"),
    [
        (["--kore-timeout=soon"], {}, "", ("--kore-timeout (from command line)", "soon")),
        (["-o", "kore_timeout=soon"], {}, "", ("--kore-timeout (from command line)", "soon")),
        ([], {"KORE_TIMEOUT": "soon"}, "", ("KORE_TIMEOUT (from environment)", "soon")),
        ([], {}, "kore_timeout = soon", ("kore_timeout (from ini)", "soon")),
        ([], {}, "addopts = --kore-timeout=soon", ("--kore-timeout (from addopts)", "soon")),
        (["--kore-stream-id=:streamId"], {}, "", ("--kore-stream-id", ":streamId")),
        (["--kore-host={{host}}"], {}, "", ("--kore-host",)),
        (["--kore-ds-id=ds/../x"], {}, "", ("--kore-ds-id",)),
        (["--kore-target=nowhere"], {}, "", ("--kore-target", "nowhere")),
        (["--kore-client-secret=a", "--kore-jwt=b"], {}, "", ("--kore-client-secret", "--kore-jwt")),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(run, pytester, monkeypatch, arguments, environment, ini, said):  # noqa: PLR0913, PLR0917
    """Exit code 4 and one sentence that names the option, its source and the text; no traceback."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makepyfile("def test_it(): pass")
    result = run(*arguments)
    assert result.code == 4
    (sentence,) = [line for line in result.text.splitlines() if line.startswith("ERROR: ")]
    for words in said:
        assert words in sentence
    assert "Traceback" not in result.text
    assert "INTERNALERROR" not in result.text


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_works_with_a_broken_setting(run, monkeypatch, option):
    """What explains the options works although one of them is wrong."""
    monkeypatch.setenv("KORE_TIMEOUT", "soon")
    result = run(option, "--kore-host={{host}}")
    assert result.code == 0, result.text
    assert ("--kore-ds-id" if option == "--help" else "pytest ") in result.text


def test_a_typed_secret_is_in_no_option(run, pytester, plugin_args):
    """A secret typed on the command line, plain or with -o, is in neither config.option nor override_ini."""
    pytester.makepyfile("""
        def test_it(pytestconfig, kore_settings):
            assert "canary" not in repr(vars(pytestconfig.option))
            assert "canary" not in repr(pytestconfig.option.override_ini)
            assert kore_settings.client_secret.reveal() == "canary-1"
            assert kore_settings.source("client_secret") == "command line"
        """)
    for arguments in (["--kore-client-secret=canary-1"], ["-o", "kore_client_secret=canary-1"]):
        result = run(*arguments, *plugin_args)
        assert result.code == 0, result.text
        assert "canary" not in result.text
        (line,) = [line for line in result.lines if "is safer" in line]
        assert "kore_client_secret" in line or "--kore-client-secret" in line


def test_a_misspelt_ini_key_is_pytests_business(run, pytester):
    """With --strict-config an ini key of ours that does not exist is an error, and ours are known."""
    pytester.makepyfile("def test_it(): pass")
    pytester.makeini("[pytest]\nkore_timeout = 5\nkore_no_verdict_exit = 75")
    assert run("--strict-config").code == 0
    pytester.makeini("[pytest]\nkore_timeoutt = 5")
    assert run("--strict-config").code != 0


def test_the_emulator_does_not_come_from_an_ini_file(run, pytester):
    """No copied file makes a gate green for ever: addopts of an ini file cannot choose the emulator."""
    pytester.makeini("[pytest]\naddopts = --kore-emulator\n")
    pytester.makepyfile("def test_ours(kore_client): pass")
    result = run()
    assert result.code == 4
    assert "--kore-emulator is in addopts of the ini file" in result.text
