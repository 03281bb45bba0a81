"""``kore-convtest emulator -- COMMAND``."""

import json
import os
import pty
import signal
import socket
import sys
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from cli.conftest import one_sentence
from cli.samples import suite

SHOW = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('KORE_')}))"


def is_gone(url):
    """Say whether nobody listens at an address any more."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) != 0


def test_a_command_gets_the_account_and_no_other(kore, monkeypatch):
    """The command sees the emulator's account, nothing of a real one, and the emulator ends with it."""
    for name in (
        "KORE_BOT",
        "KORE_JWT",
        "KORE_TARGET",
        "KORE_DS_ID",
        "KORE_CLIENT_SECRET_FILE",
        "KORE_EMULATOR",
    ):
        monkeypatch.setenv(name, "real")
    monkeypatch.setenv("KORE_CLIENT_SECRET", "real")
    monkeypatch.setenv("KORE_TIMEOUT", "77")
    ended = kore("emulator", "--", sys.executable, "-c", SHOW)
    seen = json.loads(ended.out)
    assert sorted(seen) == [
        "KORE_CLIENT_ID",
        "KORE_CLIENT_SECRET",
        "KORE_EMULATOR_SPEED",
        "KORE_HOST",
        "KORE_STREAM_ID",
        "KORE_TIMEOUT",
        "KORE_USER_EMAIL",
    ]
    assert "real" not in seen.values()
    assert ended.code == 0
    assert "no real platform is contacted" in ended.err
    assert is_gone(seen["KORE_HOST"])


@pytest.mark.parametrize(
    ("given", "options", "speed"),
    [
        ("", [], "fast"),
        ("real", [], "real"),
        ("", ["--job-seconds", "9"], None),
        ("", ["--job-polls", "9"], "fast"),
    ],
)
def test_a_command_waits_no_longer_than_the_jobs_take(kore, monkeypatch, given, options, speed):
    """The command's pauses are short, unless the user says otherwise or jobs take seconds."""
    monkeypatch.setenv("KORE_EMULATOR_SPEED", given) if given else None
    ended = kore("emulator", *options, "--", sys.executable, "-c", SHOW)
    assert json.loads(ended.out).get("KORE_EMULATOR_SPEED") == speed


@pytest.mark.parametrize("code", [0, 1, 5, 77])
def test_it_exits_with_the_commands_code(kore, code):
    """The exit code is the command's."""
    assert kore("emulator", "--", sys.executable, "-c", f"raise SystemExit({code})").code == code


def test_a_command_that_a_signal_ended(kore):
    """A command that a signal ended gives 128 and the signal's number, as in a shell."""
    ended = kore("emulator", "--", sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert ended.code == 128 + signal.SIGKILL


def test_options_of_the_command_are_its_own(kore):
    """What stands behind ``--`` is the command's, another ``--`` and ``--help`` too."""
    show = "import sys; print(sys.argv[1:])"
    ended = kore("emulator", "--job-polls", "0", "--", sys.executable, "-c", show, "--help", "--", "-x")
    assert ended.out == "['--help', '--', '-x']\n"


def test_a_demo_job_is_told(kore):
    """With ``--demo-job`` the command gets its id, too."""
    ended = kore("emulator", "--demo-job", "--", sys.executable, "-c", SHOW)
    assert json.loads(ended.out)["KORE_DS_ID"].startswith("ds-")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--"], "write the command there"),
        (["--", "no-such-command-at-all"], "cannot run no-such-command-at-all: No such file"),
        (["--", ""], "cannot run"),
        (["pytest"], "unrecognized arguments: pytest"),
    ],
)
def test_a_command_that_cannot_be_run(kore, words, said):
    """A command that is missing or cannot be started is one sentence and exit code 4."""
    ended = kore("emulator", *words)
    assert ended.code == 4
    assert ended.out == ""
    assert ended.err.splitlines()[-1].startswith("kore-convtest emulator: error: ")
    assert said in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_forwarded(begin, number):
    """A signal reaches the command; its code is the exit code, and the emulator is gone."""
    wait = (
        "import os, signal, sys\n"
        "signal.signal(int(sys.argv[1]), lambda *_: sys.exit(33))\n"
        "print(os.environ['KORE_HOST'], flush=True)\n"
        "while True: signal.pause()"
    )
    # A session of its own has no terminal that would send Ctrl-C to both.
    process = begin("emulator", "--", sys.executable, "-c", wait, number.value, start_new_session=True)
    url = process.stdout.readline().strip()
    os.kill(process.pid, number)
    process.communicate(timeout=100)
    assert process.returncode == 33
    assert is_gone(url)


def test_a_test_run(kore, tmp_path):
    """A whole test run against it needs no other setting."""
    (tmp_path / "booking.kore.json").write_text(suite())
    pytest_run = (sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "-q")
    ended = kore("emulator", "--", *pytest_run, "--kore-run", "published")
    assert ended.code == 0, ended.out
    assert "2 of 2 steps executed" in ended.out
    assert "its bot repeats what the suite expects" in ended.out


def test_a_test_run_against_a_bot(kore, tmp_path):
    """With ``--bot`` a reply that the suite does not expect makes the command's test run red."""
    (tmp_path / "booking.kore.json").write_text(suite())
    (tmp_path / "bot.json").write_text(json.dumps({"Start_Flow": ["Go away."]}))
    pytest_run = (sys.executable, "-m", "pytest", "-p", "pytest_kore_convtest", "-q")
    ended = kore("emulator", "--bot", "bot.json", "--", *pytest_run, "--kore-run", "published")
    assert ended.code == 1
    assert "Go away." in ended.out
    assert "its bot repeats" not in ended.out


def test_a_port_in_use_is_one_sentence(kore, emulator):
    """When the emulator cannot start, the command is not run."""
    port = urlsplit(emulator.url).port
    one_sentence(kore("emulator", "--port", port, "--", sys.executable, "-c", "print(1)"), 4, "cannot listen")


def test_ctrl_c_on_a_terminal_comes_once():
    """On a terminal Ctrl-C reaches the command once: from the terminal, not from us a second time."""
    count = (
        "import signal, sys, time\n"
        "seen = []\n"
        "signal.signal(signal.SIGINT, lambda *_: seen.append(1))\n"
        "print('ready', flush=True)\n"
        "while not seen: signal.pause()\n"
        "signal.sigtimedwait([signal.SIGUSR1], 1)\n"
        "print('interrupts:', len(seen), flush=True)\n"
        "sys.exit(33)"
    )
    command = [sys.executable, "-m", "pytest_kore_convtest", "emulator", "--", sys.executable, "-c", count]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, command)  # noqa: S606 - ours
    printed = b""
    while b"ready" not in printed:
        printed += os.read(terminal, 1024)
    os.write(terminal, b"\x03")
    with suppress(OSError):  # Linux says so when the other side has closed
        while data := os.read(terminal, 1024):
            printed += data
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 33
    assert b"interrupts: 1" in printed
