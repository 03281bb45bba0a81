"""Whatever ends a wait: the last status, the time, the requests and the command that goes on are told."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from email.utils import formatdate

import jwt
import pytest
from e2e.socket_server import SocketServer, http, say
from fork_server import start_module

from pytest_kore_convtest import KoreClient, Settings
from pytest_kore_convtest.errors import KoreError

RESUME = "pytest --kore-gate --kore-ds-id ds-demo"
SUITE = '{"testCases": [{"name": "%s", "messages": [{"input": "x", "outputs": [{"contains": "ok"}]}]}]}'
XDIST = ("-p", "xdist", "-n", "2")

ENDS = {
    "timeout": ("IN_PROGRESS@40", ["--kore-timeout=0.6"], "did not finish in 1 s (kore_timeout)"),
    "stall": ("IN_PROGRESS@40", ["-o", "kore_stall_timeout=0.4"], "has made no progress"),
    "outage": ("IN_PROGRESS@40, 503", ["-o", "kore_outage_budget=0.4"], "no usable answer"),
    "credentials": ("IN_PROGRESS@40, 401", [], "'Invalid SDK credentials' (code 4002)"),
    "scope": (
        'IN_PROGRESS@40, 401(msg="Permission denied. Scope is incorrect!", code=4002)',
        [],
        "lacks the scope",
    ),
    "replayed": (
        'IN_PROGRESS@40, 401(msg="error verifying the jwt: possibly a replay")',
        [],
        "jti was used before",
    ),
    "forbidden": ("IN_PROGRESS@40, 403", [], "'Forbidden' (code 403)"),
    "gone": ("IN_PROGRESS@40, 400", [], "has expired or was deleted: the platform does not know this job"),
    "no address": ("IN_PROGRESS@40, 405", [], "'Method Not Allowed'"),
    "body": ("IN_PROGRESS@40, 412", [], "missing or malformed"),
    "proxy": ("IN_PROGRESS@40, 407", [], "proxy requires authentication"),
    "redirect": ("IN_PROGRESS@40, redirect", [], "redirects to"),
    "rate": ("IN_PROGRESS@40, 429(retry_after=900)", [], "requests to wait 900 s"),
    "garbage": (
        "IN_PROGRESS@40, html",
        ["-o", "kore_outage_budget=0.4"],
        "the answer is an HTML page titled",
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_end_in_the_middle(end, gate, account, pytester, junit):
    """The terminal, JUnit, the JSON record and the Markdown report tell the same story."""
    script, args, said = ENDS[end]
    account.script(script, job="ds-demo")
    result = gate("--junitxml=junit.xml", "--kore-json=k.json", "--kore-markdown=k.md", *args)
    assert result.code == 1
    error = junit()[1]["import[job-1]"].find("error")
    imported = json.loads((pytester.path / "k.json").read_text())["suites"][0]["imported"]
    for text in (result.text, error.text, imported["trouble"]["message"]):
        assert said in text
        assert re.search(r"ast status IN_PROGRESS 40 %( \(\d+ s before the last request\))?, after \d", text)
        assert re.search(r"after [\d.]+ s and \d+ requests", text)
        assert RESUME in text
    assert (imported["status"], imported["resume"]) == ("IN_PROGRESS", RESUME)
    assert imported["polls"][0]["saw"] == "IN_PROGRESS 40 %"
    assert RESUME in (pytester.path / "k.md").read_text()
    assert re.search(
        r"NOT VERIFIED +job-1: .*platform: IN_PROGRESS 40 % after [\d.]+ s, \d+ request", result.text
    )


def test_a_job_that_never_left_zero(gate, account):
    """A job that stood at 0 % until the end gets the page to look at; its word is quoted as it was sent."""
    account.script('status@0(name="NOT_STARTED")', job="ds-demo")
    result = gate("--kore-timeout=0.4")
    assert "Last status NOT_STARTED 0 %" in result.text
    assert "It never left 0 %: look on the bot's conversation testing page" in result.text
    assert "the platform reported the undocumented status 'NOT_STARTED'" in result.text
    assert "never left" not in gate("--kore-timeout=0.4", jobs=["ds-other"]).text


@pytest.mark.parametrize("word", ["Not Started", "not-started", "NOT_STARTED"])
def test_words_of_a_run_as_sent(run, account, pytester, word):
    """A run's word is shown as the platform sent it, in the terminal and in the record."""
    (pytester.path / "a.json").write_text(SUITE % "A")
    account.script("SUCCESS")
    account.script(f'status@0(name="{word}")')
    result = run("a.json", "--kore-run=published", "--kore-timeout=0.5", "--kore-json=k.json")
    assert f"Last status {word} 0 %" in result.text
    assert "notstarted" not in result.text
    assert "goes on without us" in result.text
    assert re.search(r"run ctr-\S+ of 'A_\w+' did not finish in", result.text)
    ran = json.loads((pytester.path / "k.json").read_text())["suites"][0]["run"]
    assert (ran["status"], ran["resume"]) == (word, "")


# The command


def test_the_command_repeats_what_was_typed(run, account, pytester, monkeypatch):
    """The command holds the label, quoted, and the typed settings, and it works."""
    monkeypatch.delenv("KORE_HOST")
    account.script("IN_PROGRESS@40, IN_PROGRESS@40, 403, SUCCESS", job="ds-demo")
    result = run("--kore-gate", f"--kore-host={account.url}", "--kore-ds-id", "my flow=ds-demo")
    command = f"pytest --kore-gate --kore-host {account.url} --kore-ds-id 'my flow=ds-demo'"
    assert command in result.text
    again = run("--kore-gate", "--kore-host", account.url, "--kore-ds-id", "my flow=ds-demo")
    assert again.code == 0, again.text


def test_the_command_repeats_no_secret(run, account, monkeypatch):
    """A typed secret is named by its variable, not repeated."""
    secret = os.environ["KORE_CLIENT_SECRET"]
    monkeypatch.delenv("KORE_CLIENT_SECRET")
    account.script("IN_PROGRESS@40, 403", job="ds-demo")
    result = run("--kore-gate", f"--kore-client-secret={secret}", "--kore-ds-id=ds-demo", apart=True)
    assert f"to wait for it again with KORE_CLIENT_SECRET set: {RESUME}" in result.text
    assert secret not in result.text.partition("session starts")[2]


def test_the_command_repeats_the_ini_file(run, account, pytester):
    """An ini file that was named is named again."""
    (pytester.path / "other.ini").write_text("[pytest]\nkore_bot_language = de\n")
    account.script("IN_PROGRESS@40, 403", job="ds-demo")
    result = run("--kore-gate", "-c", "other.ini", "--kore-ds-id=ds-demo")
    assert "pytest --kore-gate -c other.ini --kore-ds-id ds-demo" in result.text


# Signals


@contextmanager
def waiting(pytester, *args):
    """Start the gate in a process of its own; give it once it waits."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = ("pytest", "-p", "pytest_kore_convtest", *args)
    process = start_module(*command, cwd=pytester.path, env=environment, merged=True)
    try:
        assert any("IN_PROGRESS" in line for line in process.stdout)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name)
def test_a_signal(number, account, pytester, plugin_args, junit):
    """A signal ends the wait, and everything that reports tells of it."""
    account.script("IN_PROGRESS@40", job="ds-demo")
    reports = ("--junitxml=junit.xml", "--kore-json=k.json", "--kore-markdown=k.md")
    with waiting(pytester, "--kore-gate", "--kore-ds-id=ds-demo", *plugin_args, *reports) as process:
        process.send_signal(number)
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 2
    lines = [line for line in output.splitlines() if line.startswith("kore: interrupted; ")]
    story = r"import job ds-demo goes on: last status IN_PROGRESS 40 %, after [\d.]+ s and \d+ requests?; "
    assert re.fullmatch(f"kore: interrupted; {story}to wait again: {RESUME}", lines[0])
    assert len(lines) == 1
    imported = json.loads((pytester.path / "k.json").read_text())["suites"][0]["imported"]
    assert (imported["status"], imported["resume"], imported["verdict"]) == ("IN_PROGRESS", RESUME, "unknown")
    assert imported["polls"][0]["percent"] == 40
    why = "Ctrl-C" if number == signal.SIGINT else number.name
    assert f"the test run was interrupted ({why})" in imported["trouble"]["message"]
    assert RESUME in (pytester.path / "k.md").read_text()
    assert RESUME in junit()[0]["kore_unfinished"]


def test_a_second_signal_does_not_cost_the_reports(account, pytester):
    """CI sends SIGINT and then SIGTERM: what the first one began to tell is told to its end."""
    account.script("IN_PROGRESS@40", job="ds-demo")
    pytester.makeconftest("""
        import os, signal, pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_keyboard_interrupt():
            os.kill(os.getpid(), signal.SIGTERM)
        """)
    with waiting(pytester, "--kore-gate", "--kore-ds-id=ds-demo", "--kore-json=k.json") as process:
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 2
    assert [line for line in output.splitlines() if "no real platform" not in line][-1].endswith(RESUME)
    assert (pytester.path / "k.json").exists()


def test_a_signal_between_two_waits(account, pytester):
    """SIGTERM in a test's body tells of the jobs that go on in the background."""
    (pytester.path / "a.kore.json").write_text(SUITE % "A")
    pytester.makepyfile(
        test_it="""
        import os, signal, time

        def test_first(kore_import_status):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)
        """
    )
    account.script("SUCCESS", job="ds-demo")
    account.script("IN_PROGRESS@15")
    command = [sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "--kore-ds-id=ds-demo"]
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [*command, "test_it.py", "a.kore.json"],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout
    assert re.search(r"'A_\w+' was (still importing|only uploaded)|whether 'A_\w+' began", done.stdout)


# Other ends


def test_pytest_timeout_ends_a_wait(run, account, pytester):
    """Before pytest-timeout kills, the wait ends as ERROR with the story; the reports are written."""
    account.script("IN_PROGRESS@40", job="ds-demo")
    args = ("-p", "pytest_timeout", "--timeout=3", "--timeout-method=thread", "--kore-json=k.json")
    result = run("--kore-gate", "--kore-ds-id=ds-demo", *args, apart=True)
    assert result.code == 1
    assert (
        "Timeout (>3s) from pytest-timeout is about to end this test. Last status IN_PROGRESS" in result.text
    )
    assert RESUME in result.text
    assert RESUME in (pytester.path / "k.json").read_text()


def test_a_killed_worker(run, account, pytester, junit):
    """When the only worker dies in a wait, the controller tells how far the job was and how to go on."""
    account.script("IN_PROGRESS@40", job="ds-demo")
    pytester.makeconftest("""
        import os, signal, pytest
        from pytest_kore_convtest import KoreClient

        class Fatal(KoreClient):
            def import_status(self, ds_id, *, budget=None):
                self.seen = getattr(self, "seen", 0) + 1
                if self.seen == 3:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().import_status(ds_id, budget=budget)

        @pytest.fixture(scope="session")
        def kore_client(kore_settings):
            with Fatal(kore_settings) as client:
                yield client
        """)
    args = ("-p", "xdist", "-n", "1", "--max-worker-restart=0", "--kore-json=k.json", "--junitxml=junit.xml")
    result = run("--kore-gate", "--kore-ds-id=ds-demo", *args, apart=True)
    assert result.code != 0
    story = r"import job ds-demo goes on: last status IN_PROGRESS 40 %, after [\d.]+ s and 2 requests; "
    assert any(re.search(f"{story}to wait again: {RESUME}", line) for line in result.closing), result.text
    imported = json.loads((pytester.path / "k.json").read_text())["suites"][0]["imported"]
    assert (imported["asks"], imported["status"], imported["resume"]) == (2, "IN_PROGRESS", RESUME)


def test_x_stops_the_others(run, account, pytester):
    """With -x under xdist the other worker's item says what it was waiting for, and the controller, too."""
    account.script("FAILED", job="ds-bad")
    account.script("IN_PROGRESS@40", job="ds-demo")
    pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.parametrize("kore_import_status", ["ds-bad"], indirect=True)
        def test_bad(kore_import_status): pass

        @pytest.mark.parametrize("kore_import_status", ["ds-demo"], indirect=True)
        def test_slow(kore_import_status): pass
        """
    )
    result = run("-x", *XDIST, "--kore-json=k.json", "-p", "no:randomly", apart=True)
    assert result.code in {1, 2}
    assert f"to wait again: {RESUME}" in "\n".join(result.closing)
    told = json.loads((pytester.path / "k.json").read_text())["suites"]
    polled = next(suite["imported"] for suite in told if suite["imported"]["id"] == "ds-demo")
    assert polled["resume"] == RESUME
    assert "(stopping after 1 failures)" in polled["trouble"]["message"]


# What stays on the platform


@pytest.fixture
def three(pytester, account):
    """Write three suites: the first is refused, the second is good, the third takes its time."""
    pytester.makeini("[pytest]\nkore_max_parallel = 3\n")
    for name in "ABC":
        (pytester.path / f"{name.lower()}.kore.json").write_text(SUITE % name)
    account.switch(drift={"A": "drop-last-step"})


@pytest.mark.parametrize("stop", [("-x",), ("--maxfail=1",), ("--sw",)], ids=lambda stop: stop[0])
def test_what_an_early_end_leaves(stop, three, run, account, plugin_args):
    """Each suite is told by name: deleted and kept by the same rule, or still at work."""
    account.switch(job_polls=6)
    result = run(*stop, *plugin_args, "-m", "kore_live", "-p", "no:randomly", apart=True)
    assert result.code in {1, 2}, result.text
    names = {one.json["name"] for one in account.requests if one.json and "fileName" in one.json}
    gone = {name for one in account.requests if one.json for name in one.json.get("testSuiteNames", ())}
    assert gone <= names
    for name in names:
        about = [line for line in result.lines if name in line and "ERROR" not in line]
        assert any(
            f"imported and deleted again (kore_keep = on-failure): {name}" in line
            or re.search(rf"imported and (kept|deleted).*{name}", line)
            or re.search(rf"'{name}' was (still importing|only uploaded)", line)
            for line in about
        ), (name, result.text)


def test_an_interrupted_run_cleans_up(three, pytester, account):
    """After Ctrl-C what is good and done is deleted, what is still at work is named."""
    account.switch(job_polls=0)
    account.script("SUCCESS")
    account.script("SUCCESS")
    account.script("IN_PROGRESS@15")
    with waiting(pytester, "-v", "--kore-keep=never", "-p", "no:randomly") as process:
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 2
    gone = sorted(name for one in account.requests if one.json for name in one.json.get("testSuiteNames", ()))
    (left,) = {"A", "B", "C"} - {name[0] for name in gone}  # which one began last is anybody's guess
    assert f"imported and deleted again (kore_keep = never): {', '.join(gone)}" in output
    assert re.search(
        rf"'{left}_\w+' was still importing \(ds-\S+\), so it could not be deleted: delete it by hand", output
    )


# Refusals of a given token


@pytest.mark.parametrize("said", ["Invalid JWT token", "Invalid SDK credentials", "Unauthorized"])
@pytest.mark.parametrize(
    ("claims", "reason", "words"),
    [
        ({"exp": -20}, "expired", "by the server's clock): sign a new one"),
        ({"iat": 600, "exp": 900}, "not valid yet", "by the server's clock)"),
        ({"exp": 900}, "'cs-7'", "that app's secret"),
    ],
    ids=["expired", "not yet valid", "wrong client"],
)
def test_a_given_token_is_called_what_it_is(gate, monkeypatch, said, claims, reason, words):  # noqa: PLR0913, PLR0917
    """Whatever words the platform has for it, the reason is named once and not contradicted."""
    now = time.time()
    times = {name: int(now + offset) for name, offset in claims.items()}
    token = jwt.encode({"appId": "cs-7", "sub": "x", **times}, "s" * 40, "HS256")
    body = json.dumps({"errors": [{"msg": said, "code": 4002}]}).encode()
    with SocketServer(say(http(401, body, f"Date: {formatdate(now, usegmt=True)}"))) as server:
        monkeypatch.setenv("KORE_HOST", server.url)
        monkeypatch.setenv("KORE_STREAM_ID", "st-1")
        monkeypatch.setenv("KORE_JWT", token)
        result = gate()
    error = next(line for line in result.lines if line.startswith("HTTP 401"))
    assert f"{said!r} (code 4002)" in error
    assert reason in error
    assert words in error
    assert ("no JWT" in error, "not a JWT" in error, "do not belong together" in error) == (
        False,
        False,
        False,
    )
    assert "expires in" not in result.text if reason == "expired" else "expired" not in error


@pytest.mark.parametrize(
    ("claims", "header", "words"),
    [
        (
            {"appId": "cs-7", "exp": -7200},
            "HS256",
            r"expired (?:2 hours|1[12][0-9] minutes) ago, at 20\d\d-\S+Z \(by this machine's",
        ),
        (
            {"appId": "cs-7", "nbf": 7200},
            "HS256",
            r"is not valid yet, only in (?:2 hours|1[12][0-9] minutes), at 20\d\d-\S+Z \(by this",
        ),
        ({"appId": "cs-7"}, "HS384", r"is signed with alg 'HS384'"),
        ({"sub": "x"}, "HS256", r"has no usable claim 'appId'"),
        ({"appid": "cs-7"}, "HS256", r"spells a claim 'appid'"),
    ],
    ids=["expired", "not yet valid", "algorithm", "no appId", "spelling"],
)
def test_a_given_token_that_is_not_sent(gate, account, monkeypatch, claims, header, words):  # noqa: PLR0913, PLR0917
    """What is wrong with a token is said before anything is sent."""
    now = time.time()
    claims = {name: int(now + value) if isinstance(value, int) else value for name, value in claims.items()}
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.delenv(f"KORE_{name}")
    monkeypatch.setenv("KORE_JWT", jwt.encode({"sub": "x", **claims}, "s" * 64, header))
    result = gate()
    assert re.search(words, result.text)
    assert account.requests == []


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 415, 422])
@pytest.mark.parametrize("endpoint", ["upload", "import", "run", "delete"])
def test_the_emulator_s_refusals_fit(emulator, endpoint, status):
    """A scripted status says nothing of what was not asked."""
    with KoreClient(settings_of(emulator)) as client:
        emulator.fail_next(status, times=9, endpoint=endpoint)
        calls = {
            "upload": lambda: client.upload(b"{}", "a.json"),
            "import": lambda: client.start_import("f1", "A"),
            "run": lambda: client.start_run("A", "published"),
            "delete": lambda: client.delete_suites(["A"]),
        }
        with pytest.raises(KoreError) as caught:
            calls[endpoint]()
    assert "Invalid values" not in str(caught.value)
    assert "request ID" not in str(caught.value)


def settings_of(emulator):
    """Return settings with which the emulator is asked."""
    return Settings.read(
        env={},
        host=emulator.url,
        stream_id=emulator.stream_id,
        client_id=emulator.client_id,
        client_secret=emulator.client_secret,
        user_email=emulator.user_email,
    )
