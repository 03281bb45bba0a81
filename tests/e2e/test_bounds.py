"""A run ends in its time whatever holds it up, says what did, and what this process is forbidden at once."""

import json
import os
import socket
import threading
import time
from contextlib import suppress

import pytest
from fork_server import run_module

from pytest_kore_convtest.emulator import Emulator

SUITE = {"testCases": [{"name": "A", "messages": [{"input": "x", "outputs": [{"contains": "y"}]}]}]}
KEPT = ("PATH", "HOME", "SYSTEMROOT", "VIRTUAL_ENV", "TMPDIR", "LANG")
LONG = 100
"""Seconds that a run would take that kept to the outage budget or the request timeout; none here may."""


@pytest.fixture
def start(tmp_path):
    """Give a way to run pytest in a process of its own, with an account and little time for a job."""
    (tmp_path / "a.kore.json").write_text(json.dumps(SUITE))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(*args, conftest="", **env):
        (tmp_path / "conftest.py").write_text(conftest)
        known = {name: os.environ[name] for name in KEPT if name in os.environ}
        known |= {
            "KORE_HOST": "http://127.0.0.1:9",
            "KORE_STREAM_ID": "st-11111111",
            "KORE_CLIENT_ID": "cs-11111111",
            "KORE_CLIENT_SECRET": "s" * 40,
            "KORE_USER_EMAIL": "a@b.c",
            "KORE_TIMEOUT": "1",
            "KORE_OUTAGE_BUDGET": "500",
            "KORE_REQUEST_TIMEOUT": "500",
            "KORE_POLL_INTERVAL": "0.05",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            **env,
        }
        command = ("-p", "pytest_kore_convtest", "-rA", *args)
        env = {name: value for name, value in known.items() if value}
        code, output, _ = run_module("pytest", *command, cwd=tmp_path, env=env, timeout=LONG)
        assert code >= 0, output
        return output

    return run


@pytest.fixture
def server():
    """Give a way to start a server of plain sockets that does the same with every connection."""
    listeners = []

    def listen(act):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_serve, args=(listener, act), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield listen
    for listener in listeners:
        listener.close()


def _serve(listener, act):
    kept = []
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        kept.append(connection)
        threading.Thread(target=act, args=(connection,), daemon=True).start()


def hold(connection):
    """Take what comes and answer nothing."""
    with suppress(OSError):
        while connection.recv(65536):
            pass


def refuse(connection):
    """Answer every request with 429."""
    with suppress(OSError):
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n")


def trickle(connection):
    """Answer with headers without an end, a byte at a time."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    with suppress(OSError):
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (hold, "last phase: waiting for the answer"),
        (refuse, "Given up after"),
        (trickle, "waiting for the answer"),
    ],
)
def test_an_upload_ends_with_the_jobs_time(start, server, act, words):
    """However the server stalls, an upload takes no longer than kore_timeout, and the error says where."""
    output = start("a.kore.json", KORE_HOST=server(act))
    assert words in output
    assert "uploading a.kore.json (kore_timeout)" in output


def test_an_upload_to_nobody_ends_with_the_jobs_time(start):
    """A port where nobody listens is tried for kore_timeout, not for the outage budget."""
    output = start("a.kore.json")
    assert "the connection was refused" in output
    assert "uploading a.kore.json (kore_timeout)" in output


SLOW_NAMES = """
import socket, time
def getaddrinfo(*_args, **_more): time.sleep(1000)
socket.getaddrinfo = getaddrinfo
"""


def test_a_name_that_is_never_found(start):
    """Looking up the host's name is part of the time."""
    # Long enough for a busy machine to get as far as to the name.
    output = start("a.kore.json", conftest=SLOW_NAMES, KORE_HOST="https://bots.example.com", KORE_TIMEOUT="4")
    assert "last phase: looking up bots.example.com" in output


@pytest.mark.parametrize("which", ["KORE_JWT_FILE", "KORE_CLIENT_SECRET_FILE"])
@pytest.mark.parametrize(
    "gate", [("--kore-gate", "--kore-ds-id=ds-1"), ("a.kore.json",)], ids=["gate", "suite"]
)
def test_a_pipe_into_which_nobody_writes(start, tmp_path, which, gate):
    """A token or secret from a pipe without a writer does not hold up the run."""
    os.mkfifo(tmp_path / "pipe")
    output = start(*gate, KORE_CLIENT_SECRET="", **{which: "pipe"})
    assert "nothing writes to that pipe" in output


def test_a_secret_from_a_pipe(start, tmp_path):
    """A pipe into which somebody writes, later and piece by piece, is read to its end."""
    os.mkfifo(tmp_path / "pipe")
    with Emulator() as emulator:
        identity = emulator.handle()

        def write():
            with (tmp_path / "pipe").open("w") as pipe:
                for letter in identity["client_secret"]:
                    pipe.write(letter)
                    pipe.flush()

        threading.Thread(target=write, daemon=True).start()
        output = start(
            "a.kore.json",
            KORE_CLIENT_SECRET="",
            KORE_CLIENT_SECRET_FILE="pipe",
            KORE_HOST=emulator.url,
            KORE_STREAM_ID=emulator.stream_id,
            KORE_CLIENT_ID=emulator.client_id,
            KORE_TIMEOUT="60",
        )
    assert "3 passed" in output


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_suite_that_is_no_file(start, tmp_path, kind):
    """A suite is not read from what may block for ever."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    (tmp_path / "test_it.py").write_text(
        f"def test_it(kore_import_suite): kore_import_suite({str(path) if kind == 'pipe' else '/dev/zero'!r})"
    )
    assert "it is a pipe or a device; save the suite as a file" in start("test_it.py")


BUSY = """
import sys
import pytest
from pytest_kore_convtest import KoreClient

sys.setswitchinterval(0.0001)  # seconds: else it is the rest of the run that takes long

class Busy(KoreClient):
    def import_status(self, ds_id, *, budget=None):
        status = super().import_status(ds_id, budget=budget)
        while True:
            pass
        return status

@pytest.fixture(scope="session")
def kore_client(kore_settings):
    with Busy(kore_settings) as client:
        yield client
"""


def test_a_computation_without_an_end(start):
    """A wait ends although the thread that works on the job computes for ever."""
    with Emulator() as emulator:
        emulator.script("IN_PROGRESS", job="ds-1")
        output = start(
            "--kore-gate",
            "--kore-ds-id=ds-1",
            conftest=BUSY,
            KORE_HOST=emulator.url,
            KORE_STREAM_ID=emulator.stream_id,
            KORE_CLIENT_ID=emulator.client_id,
            KORE_CLIENT_SECRET=emulator.client_secret,
        )
    assert "its last answer was still being processed" in output


# What this process is forbidden

FORBIDDEN = """
import sys
def guard(event, _args):
    if event == {event!r}:
        raise {error}
sys.addaudithook(guard)
"""


@pytest.mark.parametrize("event", ["socket.connect", "socket.__new__", "socket.getaddrinfo"])
def test_a_sandbox_is_named_at_once(start, event):
    """Where the machine forbids connections there is no outage to wait out."""
    conftest = FORBIDDEN.format(event=event, error="PermissionError(1, 'x')")
    output = start("--kore-gate", "--kore-ds-id=ds-1", conftest=conftest, KORE_TIMEOUT="500")
    assert "this process is not permitted to open network connections" in output
    assert "1 request" in output or "requests" not in output


def test_a_guard_of_another_kind_is_named_at_once(start):
    """Other guards in the process raise errors of no known kind."""
    conftest = FORBIDDEN.format(event="socket.connect", error="RuntimeError('no network')")
    output = start("a.kore.json", conftest=conftest, KORE_TIMEOUT="500")
    assert (
        "something in this test process forbids connections (RuntimeError): let it allow 127.0.0.1" in output
    )


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "1")], ids=["plain", "xdist"])
@pytest.mark.parametrize("strict", [(), ("-W", "error")], ids=["lax", "strict"])
@pytest.mark.parametrize("guard", ["--disable-socket", "--allow-hosts=192.0.2.1"])
def test_pytest_socket_is_named_at_once(start, guard, workers, strict):
    """The way out names the host."""
    output = start("-p", "pytest_socket", guard, *workers, *strict, "a.kore.json", KORE_TIMEOUT="500")
    assert "allow it with --allow-hosts=127.0.0.1" in output


def test_the_emulator_says_why_it_cannot_start(start):
    """Under pytest-socket the emulator cannot listen, and says how it could."""
    none = dict.fromkeys(("KORE_HOST", "KORE_STREAM_ID", "KORE_CLIENT_ID", "KORE_CLIENT_SECRET"), "")
    guarded = ("-p", "pytest_socket", "--disable-socket", "--kore-emulator", "a.kore.json")
    output = start(*guarded, KORE_TIMEOUT="500", **none)
    assert "the built-in emulator cannot listen on 127.0.0.1: pytest-socket" in output
    assert "--allow-hosts=127.0.0.1" in output
    assert "3 passed" in start(*guarded, "--allow-hosts=127.0.0.1", KORE_TIMEOUT="60", **none)
