"""A canary secret, token or password is driven through every surface, failure and traceback style.

One inner run shows on all its surfaces at once: the terminal, the log, JUnit, pytest-html, our reports
in three forms, the cache, pytest's own debug file, the store, the workers' command lines and what
``git`` got.
Each failure meets a secret or a token, and every other option in turn: 20 combinations. With
``CANARY_FULL=1`` each failure meets both, and each traceback style: 960 combinations.
"""

import json
import os
import time
from base64 import b64encode
from itertools import product
from urllib.parse import quote

import pytest
from e2e.socket_server import SocketServer, cut, http
from plugin.canaries import (
    CLIENT,
    FAILURES,
    JOB,
    NETRC_PASSWORD,
    PROXY_PASSWORD,
    SECRET,
    SHORT_SECRET,
    STREAM,
    choose,
    everything_below,
    fake_git,
    given_token,
    leaks,
    loud_tests,
    secret_needles,
    serve,
    token_needles,
    tokens_in,
)

FULL = bool(os.environ.get("CANARY_FULL"))
STYLES = ("auto", "long", "short", "native", "line", "no")
LOCALS = ((), ("--showlocals",), ("--full-trace",), ("--showlocals", "--full-trace"))
LOUDNESS = ("-q", "", "-v", "-vv")
PLACES = ("environment", "file", "ini", "command line", "-o")
MORE = ((), ("-W", "error"), ("-p", "xdist", "-n", "1"), ("-rA",))
KINDS = ("secret", "token")
FIRST = (
    [*product(FAILURES, KINDS, STYLES, LOCALS)]
    if FULL
    else [
        (failure, KINDS[number % 2], style, local)
        for number, (failure, style, local) in enumerate(choose(FAILURES, STYLES, LOCALS))
    ]
)
COMBINATIONS = [(*one, *more) for one, *more in choose(FIRST, LOUDNESS, PLACES, MORE)]
SURFACES = ("--debug=debug.log", "--trace-config", "--setup-show")
ALWAYS = (
    "-o",
    "log_cli=true",
    "-o",
    "log_cli_level=DEBUG",
    "--junitxml=junit.xml",
    "-o",
    "junit_logging=all",
    "-o",
    "junit_family=xunit1",
    "--kore-html=kore.html",
    "--kore-json=kore.json",
    "--kore-markdown=kore.md",
    "-p",
    "allure_pytest.plugin",
    "--alluredir=allure",
    "-p",
    "pytest_metadata.plugin",
    "-p",
    "pytest_html.plugin",
    "--html=foreign.html",
    f"--kore-ds-id={JOB}",
    "-p",
    "no:randomly",
    "-o",
    "kore_request_timeout=0.15",
    "-o",
    "kore_outage_budget=0.1",
    "--kore-timeout=0.1",
)
GIVEN = {"given.secret", "tox.ini", "test_all.py", "netrc"}
SUITE = {"testCases": [{"name": "A", "messages": [{"input": "x", "outputs": [{"contains": "y"}]}]}]}
UNTIL_INTERRUPTED = ["-o", "kore_request_timeout=60", "-o", "kore_outage_budget=60", "--kore-timeout=60"]
INTERRUPTED = """
    import signal
    from http.client import HTTPConnection

    def interrupt(*_):
        raise KeyboardInterrupt

    def pytest_configure():
        signal.signal(signal.SIGALRM, interrupt)

    wait_for_answer = HTTPConnection.getresponse

    def interrupt_soon(*args, **more):
        # When all is sent: on a busy machine that can take its time.
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        return wait_for_answer(*args, **more)

    HTTPConnection.getresponse = interrupt_soon
    """


@pytest.fixture
def place(pytester, monkeypatch, tmp_path):
    """Prepare a folder of tests that show everything, and an environment in which a server is configured."""
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TMPDIR", str(pytester.mkdir("shared")))
    monkeypatch.setenv("PATH", fake_git(tmp_path / "bin"))
    netrc = pytester.path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login a password {NETRC_PASSWORD}\n")
    netrc.chmod(0o600)
    values = {
        "NETRC": str(netrc),
        "HTTPS_PROXY": f"http://user:{PROXY_PASSWORD}@127.0.0.1:9",
        "KORE_STREAM_ID": STREAM,
        "KORE_USER_EMAIL": "a@b.c",
        "KORE_POLL_INTERVAL": "0.02",
        "KORE_RATE_LIMIT": "off",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    (pytester.path / "suite.json").write_text(json.dumps(SUITE))
    (pytester.path / "test_all.py").write_text(loud_tests(), encoding="utf-8")

    def look(text):
        return "\n".join([text, everything_below(pytester.path, GIVEN), everything_below(tmp_path, {"git"})])

    return look


def give(kind, spot, value, pytester, monkeypatch):
    """Put a secret or token to a place; return the arguments that this takes."""
    name = {"secret": "client_secret", "token": "jwt"}[kind]
    if kind == "secret":
        monkeypatch.setenv("KORE_CLIENT_ID", CLIENT)
    ini = f"kore_{name} = {value}\n" if spot == "ini" else ""
    (pytester.path / "tox.ini").write_text(f"[pytest]\n{ini}", encoding="utf-8")
    if spot == "environment":
        monkeypatch.setenv(f"KORE_{name.upper()}", value)
    elif spot == "file":
        (pytester.path / "given.secret").write_text(value, encoding="utf-8")
        monkeypatch.setenv(f"KORE_{name.upper()}_FILE", "given.secret")
    option = f"--kore-{name.replace('_', '-')}"
    return {"command line": [option, value], "-o": ["-o", f"kore_{name}={value}"]}.get(spot, [])


@pytest.mark.parametrize("failure, kind, style, local, loudness, where, more", COMBINATIONS)  # noqa: PT006 - one text is readable
def test_nothing_shows_it(  # noqa: PLR0913, PLR0917 - the dimensions
    pytester, place, monkeypatch, failure, kind, style, local, loudness, where, more
):
    """Neither the secret, nor a token that was really sent, nor a password is on any surface."""
    value = SECRET if kind == "secret" else given_token(time.time())
    arguments = give(kind, where, value, pytester, monkeypatch)
    if failure == "Ctrl-C":
        pytester.makeconftest(INTERRUPTED)
        arguments = [*arguments, *UNTIL_INTERRUPTED]
    if where not in {"command line", "-o"}:  # pytest itself writes the arguments there
        arguments += SURFACES
    with SocketServer(serve(FAILURES[failure])) as server:
        monkeypatch.setenv("KORE_HOST", server.url)
        # An interrupt is for a process of its own.
        start = pytester.runpytest_subprocess if failure == "Ctrl-C" else pytester.runpytest_inprocess
        result = start(
            "-p",
            "pytest_kore_convtest",
            f"--tb={style}",
            *([loudness] if loudness else []),
            *local,
            *more,
            *ALWAYS,
            *arguments,
        )
    assert int(result.ret) in {1, 2}, result.stdout.str()
    sent = tokens_in(server.requests)
    assert sent
    needles = set().union(*map(token_needles, sent), *map(secret_needles, (PROXY_PASSWORD, NETRC_PASSWORD)))
    needles |= secret_needles(SECRET) | (token_needles(value) if value != SECRET else set())
    written = place("\n".join([*result.outlines, *result.errlines]))
    for name in ("junit.xml", "foreign.html", "kore.html", "kore.json", "kore.md"):
        assert (pytester.path / name).exists()
    assert any((pytester.path / "allure").glob("*-result.json"))
    assert leaks(written, needles) == {}


SPELLINGS = {
    "plain": str,
    "bytes": lambda text: repr(text.encode()),
    "JSON": json.dumps,
    "in an address": quote,
    "base64": lambda text: b64encode(f"x {text}".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "beginning": lambda text: text[:80],
    "end": lambda text: text[-20:],
}


@pytest.mark.parametrize("spelling", list(SPELLINGS))
def test_the_search_finds(spelling):
    """The search finds a secret and a token in every spelling in which it might be shown."""
    spell, token = SPELLINGS[spelling], given_token(time.time())
    assert leaks(f"words {spell(SECRET)} words", secret_needles(SECRET))
    assert leaks(f"words {spell(token)} words", token_needles(token))
    assert leaks(f"words {spell(token.rpartition('.')[2])} words", token_needles(token))


NAIVE = """
    import os, pytest, requests

    @pytest.fixture
    def kore_import_status():
        token = open("given.secret").read()
        return requests.get(os.environ["KORE_HOST"], headers={"auth": token}, timeout=5).json()
    """


def test_a_naive_plugin_is_caught(pytester, place, monkeypatch):
    """What shows its token, as plain requests do when refused, is found by the same search."""
    token = given_token(time.time())
    give("token", "file", token, pytester, monkeypatch)
    monkeypatch.setenv("KORE_HOST", "http://127.0.0.1:1")
    pytester.makeconftest(NAIVE)
    result = pytester.runpytest_inprocess(
        "-p", "pytest_kore_convtest", "-k", "test_status", "--showlocals", "--junitxml=junit.xml"
    )
    assert int(result.ret) == 1
    assert leaks(result.stdout.str(), token_needles(token))
    assert leaks((pytester.path / "junit.xml").read_text(), token_needles(token))
    assert leaks(place(""), token_needles(token))


INFORMATION = (
    "--help",
    "--version",
    "--markers",
    "--fixtures",
    "--collect-only",
    "--setup-plan",
    "--cache-show",
)


@pytest.mark.parametrize("where", PLACES)
def test_no_information_shows_it(pytester, place, monkeypatch, where):
    """What pytest tells without running a test has no secret in it."""
    arguments = give("secret", where, SECRET, pytester, monkeypatch)
    shown = []
    for option in INFORMATION:
        result = pytester.runpytest_inprocess("-p", "pytest_kore_convtest", "-vv", option, *arguments)
        shown += [*result.outlines, *result.errlines]
    assert "kore_client" in "".join(shown)
    assert leaks(place("\n".join(shown)), secret_needles(SECRET)) == {}


def without_server(pytester, *more):
    """Run all tests where nobody answers; return the output."""
    result = pytester.runpytest_inprocess(
        "-p", "pytest_kore_convtest", "--showlocals", "--full-trace", *ALWAYS, *more
    )
    assert int(result.ret) != 0
    return "\n".join([*result.outlines, *result.errlines])


@pytest.mark.parametrize(
    "more", [(), ("-W", "error"), ("-p", "xdist", "-n", "1")], ids=["", "-W error", "xdist"]
)
def test_what_cannot_sign_or_connect(pytester, place, monkeypatch, more):
    """A key that is too short, under -W error too, and a refused connection show no secret."""
    give("secret", "environment", SHORT_SECRET, pytester, monkeypatch)
    monkeypatch.setenv("KORE_HOST", "http://127.0.0.1:1")
    shown = without_server(pytester, *more)
    assert "refused" in shown
    assert "the client secret has 12 bytes" in shown
    assert leaks(place(shown), secret_needles(SHORT_SECRET)) == {}


BROKEN = {
    "two lines": lambda token: token.replace(".", ".\n"),
    "Bearer": "Bearer {}".format,
    "quoted": '"{}"'.format,
    "a header": "auth: {}".format,
    "cut": lambda token: token[:-60],
    "two parts": lambda token: token.rpartition(".")[0],
    "another letter": lambda token: token.replace("e", "é"),
    "PEM": lambda _token: "-----BEGIN PRIVATE KEY-----\ncAnArYkEyCaNaRy\n-----END PRIVATE KEY-----",
}


@pytest.mark.parametrize("kind", list(BROKEN))
def test_a_broken_token_is_not_repeated(pytester, place, monkeypatch, kind):
    """A token that cannot be one, or a key as a secret, is refused without showing it."""
    token = given_token(time.time())
    setting = "secret" if kind == "PEM" else "token"
    give(setting, "file", BROKEN[kind](token), pytester, monkeypatch)
    monkeypatch.setenv("KORE_HOST", "http://127.0.0.1:1")
    needles = token_needles(token) | {"cAnArYkEy"}
    assert leaks(place(without_server(pytester)), needles) == {}


@pytest.mark.parametrize("proxy", ["refused", "login", "echo", "nonsense", "no address"])
def test_a_proxys_password_is_nowhere(pytester, place, monkeypatch, proxy):
    """A password for a proxy is shown by no failure of it, and the token never reaches it."""
    token = given_token(time.time())
    give("token", "environment", token, pytester, monkeypatch)
    monkeypatch.setenv("KORE_HOST", "https://kore.invalid")
    script = {
        "login": cut(http(407, b"who are you?", "Proxy-Authenticate: Basic realm=x")),
        "nonsense": cut(b"nonsense"),
    }.get(proxy, lambda line: line.send(http(502, line.request())))
    with SocketServer(script) as server:
        port = {"refused": 1, "no address": "x"}.get(proxy, server.port)
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PROXY_PASSWORD}@127.0.0.1:{port}")
        shown = without_server(pytester)
        asked = b"".join(server.requests)
    assert "proxy" in shown
    assert all(one.startswith(b"CONNECT kore.invalid:443 ") for one in server.requests)
    needles = token_needles(token) | secret_needles(PROXY_PASSWORD) | secret_needles(f"user:{PROXY_PASSWORD}")
    assert leaks(place(shown), needles) == {}
    assert leaks(asked.decode("latin-1"), token_needles(token)) == {}


def test_a_report_that_cannot_be_written(pytester, place, monkeypatch):
    """Reports whose place is a file's inside fail with words that show nothing."""
    token = given_token(time.time())
    give("token", "environment", token, pytester, monkeypatch)
    (pytester.path / "file").touch()
    with SocketServer(serve(FAILURES["echoing bot"])) as server:
        monkeypatch.setenv("KORE_HOST", server.url)
        more = [f"--kore-{form}=file/{form}" for form in ("html", "json", "markdown")]
        shown = without_server(pytester, *more)
    assert "cannot write the report" in shown
    assert leaks(place(shown), token_needles(token)) == {}


def test_http_debugging_shows_no_header(pytester, place, monkeypatch):
    """Whoever makes http.client print all headers sees none of ours."""
    token = given_token(time.time())
    give("token", "environment", token, pytester, monkeypatch)
    pytester.makeconftest("import http.client; http.client.HTTPConnection.debuglevel = 1")
    with SocketServer(serve(FAILURES["403"])) as server:
        monkeypatch.setenv("KORE_HOST", server.url)
        assert leaks(place(without_server(pytester, "-s")), token_needles(token)) == {}
        assert tokens_in(server.requests) == {token}
