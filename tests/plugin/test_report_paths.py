"""Where reports may go, what they replace, and what a mistyped setting draws."""

import json
import os
import stat
import subprocess
import sys

import pytest

SUITE = {"testCases": [{"name": "A", "messages": [{"input": "x", "outputs": [{"contains": "y"}]}]}]}


@pytest.fixture
def place(pytester):
    """Write a suite file, a plain test and an ini file; give the folder."""
    (pytester.path / "a.kore.json").write_text(json.dumps(SUITE))
    (pytester.path / "Booking.json").write_text(json.dumps(SUITE))
    pytester.makeini("[pytest]")
    pytester.makepyfile("def test_plain(): pass")
    return pytester.path


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--kore-json=r", "--kore-html=r"), "is also where"),
        (("--kore-json=r", "--kore-markdown=./sub/../r"), "is also where"),
        (("--kore-json=r", "--kore-html=link"), "is also where"),
        (("--kore-json=hard-1", "--kore-html=hard-2"), "is also where"),
        (("Booking.json", "--kore-json=Booking.json"), "is a suite file"),
        (("Booking.json::A::lint", "--kore-json=Booking.json"), "is a suite file"),
        (("--kore-markdown=a.kore.json",), "is a suite file"),
        (("--kore-html=Booking.json",), "is a suite file"),
        (("--kore-html=broken.kore.json",), "is a suite file"),
        (("--kore-json=tox.ini",), "settings or test code"),
        (("--kore-json=new/pyproject.toml",), "settings or test code"),
        (("--kore-json=test_it.py",), "settings or test code"),
        (("--kore-json=secret", "--kore-client-secret-file=secret"), "kore_client_secret_file"),
        (("--kore-json=secret", "--kore-jwt-file=./secret"), "kore_jwt_file"),
        (("--kore-html=junit.xml", "--junitxml=junit.xml"), "--junitxml"),
        (("--kore-html=sub/../junit.xml", "--junitxml=./junit.xml"), "--junitxml"),
        (("--kore-html=log", "--log-file=log"), "--log-file"),
        (("--kore-html=log", "-o", "log_file=log"), "log_file"),
        (("--kore-html=.coverage",), "settings or test code"),
    ],
)
def test_a_report_that_would_overwrite_something_is_a_usage_error(run, place, account, args, words):
    """Whatever way the path is spelt, nothing starts and nothing is written."""
    (place / "sub").mkdir()
    (place / "link").symlink_to(place / "r")
    (place / "hard-1").write_text("old")
    (place / "hard-2").hardlink_to(place / "hard-1")
    (place / "secret").write_text("s" * 40)
    (place / "broken.kore.json").write_text("{")
    (place / "test_it.py").touch()
    before = {path: path.read_bytes() for path in place.iterdir() if path.is_file()}
    result = run(*args)
    assert result.code == 4, result.text
    assert words in result.text
    assert account.requests == []
    assert {path: path.read_bytes() for path in place.iterdir() if path in before} == before


@pytest.mark.parametrize(
    "args",
    [
        ("--kore-json=/dev/null", "--kore-html=/dev/null"),
        ("--kore-json=r.json", "--kore-html=r.html", "--junitxml=r.xml"),
        ("--kore-json=R", "--kore-html=r"),
        ("--kore-json=old.kore.json",),
    ],
)
def test_paths_that_are_two_are_allowed(run, place, account, args):
    """Devices, different files, and an earlier report that is called like a suite."""
    (place / "old.kore.json").write_text('{"format": "pytest-kore-convtest"}')
    assert run("a.kore.json", *args).code == 0


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666])
def test_a_report_keeps_the_mode_of_what_it_replaces(run, place, account, mode):
    """What nobody else could read they still cannot; a link stays a link, and its file keeps its mode."""
    old, link = place / "r.json", place / "link.html"
    for path in (old, place / "target.html"):
        path.touch()
        path.chmod(mode)
    link.symlink_to("target.html")
    umask = os.umask(0o022)
    try:
        assert (
            run("a.kore.json", "--kore-json=r.json", "--kore-html=link.html", "--kore-markdown=new").code == 0
        )
    finally:
        os.umask(umask)
    assert link.is_symlink()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (old, place / "target.html")] == [mode, mode]
    assert stat.S_IMODE((place / "new").stat().st_mode) == 0o644
    assert json.loads(old.read_text())["verdict"] == "passed"


def test_a_pipe_that_nobody_reads_does_not_hold_up_the_run(run, place, account):
    """A report into a pipe without a reader is not written, which is said, and the run ends."""
    os.mkfifo(place / "pipe")
    result = run("a.kore.json", "--kore-json=pipe")
    assert "nobody reads that pipe" in result.text
    assert result.code == 1


@pytest.fixture
def command(place, run, account):
    """Make a record; give a way to start the command in a process of its own."""
    assert run("a.kore.json", "--kore-json=r.json").code == 0

    def start(*args, **more):
        words = [sys.executable, "-m", "pytest_kore_convtest", "report", *args]
        return subprocess.run(words, cwd=place, capture_output=True, check=False, **more)  # noqa: S603 - our own

    return start


@pytest.mark.parametrize(("form", "begin"), [("markdown", "#"), ("json", "{"), ("html", "<!")])
def test_a_report_on_standard_output(command, form, begin):
    """Nothing else is on it, whatever the locale; what there is to say goes to standard error."""
    done = command("r.json", f"--{form}", "-", env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().lstrip().startswith(begin)
    assert b"verdict: " not in done.stdout.splitlines()[-1]
    assert b"verdict: PASSED" in done.stderr


def test_a_file_besides_standard_output(command, place):
    """Another form may go to a file at the same time."""
    done = command("r.json", "--markdown", "-", "--json", "merged.json")
    assert done.stdout.startswith(b"#")
    assert b"wrote merged.json" in done.stderr
    assert json.loads((place / "merged.json").read_text())["verdict"] == "passed"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--markdown", "-", "--json", "-"), b"only one report"),
        (("--markdown", "x", "--json", "./x"), b"same file"),
        (("--html", "r.json"), b"would overwrite the record"),
        (("--json", "a.kore.json"), b"holds suites"),
        (("--json", "pytest.ini"), b"settings"),
    ],
)
def test_the_command_refuses_paths_as_well(command, args, words):
    """The command overwrites nothing that the plugin would not."""
    done = command("r.json", *args)
    assert done.returncode == 4
    assert words in done.stderr


# Settings that were mistyped


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "KORE_TIMEUOT",
            "is not a variable of this plugin and does nothing: did you mean KORE_TIMEOUT?",
        ),
        ("kore_timeout", "did you mean KORE_TIMEOUT?"),
        ("KORE_STREAMID", "did you mean KORE_STREAM_ID?"),
        ("KORE_GATE", "KORE_GATE is not a variable of this plugin: it is given as --kore-gate only"),
        ("KORE_TARGETS", "it is given as the ini key kore_targets only"),
        ("KORE_BOT_ID", "not a variable of this plugin, somebody else's perhaps: KORE_BOT_ID"),
    ],
)
def test_an_unknown_variable_draws_one_line(run, place, monkeypatch, name, words):
    """A slip draws the nearest name; what may be somebody else's is named, and no more."""
    monkeypatch.setenv(name, "5")
    result = run("test_it.py" if (place / "test_it.py").exists() else ".", "-m", "not kore_live")
    assert [line for line in result.lines if name in line] == [line for line in result.lines if words in line]
    assert sum(name in line for line in result.lines) == 1, result.text


def test_variables_of_others_share_one_line(run, place, monkeypatch):
    """However many there are, they cost one line."""
    for name in ("KORE_SDK_URL", "KORE_BOT_ID", "KORE_IDENTITY"):
        monkeypatch.setenv(name, "x")
    result = run("-m", "not kore_live")
    assert len([line for line in result.lines if "KORE_" in line]) == 1


@pytest.mark.parametrize("how", ["ini", "override"])
def test_an_unknown_ini_key_draws_one_hint(run, place, pytester, how):
    """A slip in the ini file, or after -o, draws the nearest key, although nothing else is configured."""
    if how == "ini":
        pytester.makeini("[pytest]\nkore_timeuot = 5")
    result = run("-m", "not kore_live", *(["-o", "kore_timeuot=5"] if how == "override" else []))
    assert sum("did you mean kore_timeout?" in line for line in result.lines) == 1, result.text


def test_a_path_after_the_host_draws_a_hint(gate, account, monkeypatch):
    """A prefix is allowed, and named: it may have been copied from a browser."""
    monkeypatch.setenv("KORE_HOST", f"{account.url}/proxy/kore")
    monkeypatch.setenv("KORE_TIMEOUT", "0.2")
    assert "kore_host has the path /proxy/kore" in gate().text


@pytest.mark.parametrize("word", ["off", "none", "no", "OFF"])
def test_the_stall_timeout_may_be_off(gate, account, monkeypatch, pytester, word):
    """Without a stall timeout a job may stand still as long as its time lasts; the report says off."""
    monkeypatch.setenv("KORE_STALL_TIMEOUT", word)
    account.script("IN_PROGRESS@40, IN_PROGRESS@40, IN_PROGRESS@40, SUCCESS", job="ds-demo")
    assert gate("--kore-json=r.json").code == 0
    told = json.loads((pytester.path / "r.json").read_text())["evidence"][0]["settings"]
    assert next(one["value"] for one in told if one["name"] == "kore_stall_timeout") == "off"


def test_settings_in_a_report_are_plain(gate, account, pytester, monkeypatch):
    """No setting prints as a Python object: not jobs, targets, numbers, flags or paths."""
    pytester.makeini(
        "[pytest]\nkore_targets =\n  dev a.example.com st-1\n  prod b.example.com st-2 protected"
    )
    monkeypatch.setenv("KORE_JSON", "r.json")
    account.script("SUCCESS", job="ds-demo")
    assert gate("--kore-timeout=1m", "-o", "kore_html=x.html", "-o", "kore_rate_limit=off").code == 0
    told = json.loads((pytester.path / "r.json").read_text())["evidence"][0]["settings"]
    values = {one["name"]: one["value"] for one in told}
    assert (
        values["kore_targets"] == "dev https://a.example.com st-1, prod https://b.example.com st-2 protected"
    )
    assert (values["kore_ds_id"], values["kore_timeout"]) == ("job-1=ds-demo", "60")
    assert (values["kore_gate"], values["kore_rate_limit"]) == ("on", "off")
    odd = [value for value in values.values() if "(" in value or value in {"True", "False", "None", "inf"}]
    assert odd == []


def test_a_report_of_the_ini_file_can_be_switched_off(gate, account, pytester, monkeypatch):
    """A single run does without a report that the ini file asks for."""
    pytester.makeini("[pytest]\nkore_json = r.json")
    monkeypatch.setenv("KORE_JSON", "off")
    account.script("SUCCESS", job="ds-demo")
    assert gate().code == 0
    assert not (pytester.path / "r.json").exists()
