"""The emulator as a process of its own."""

import json
import shlex
import signal
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from emulator.test_client import SUITE, ForeignClient
from sample_bots import MEDI

from pytest_kore_convtest.__main__ import main as run_command
from pytest_kore_convtest.emulator import Emulator

NAMES = ["KORE_HOST", "KORE_STREAM_ID", "KORE_CLIENT_ID", "KORE_CLIENT_SECRET", "KORE_USER_EMAIL"]


def main(arguments):
    """Run the command in this process."""
    return run_command(["emulator", *arguments])


@contextmanager
def running(*arguments, lines=5):
    """Run the command; give the process and what it printed."""
    process = subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-m", "pytest_kore_convtest", "emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        printed = [process.stdout.readline().strip() for _ in range(lines)]
        yield process, dict(line.split("=", 1) for line in printed)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def client_of(values):
    """Return a client for printed values."""
    plain = {name: shlex.split(value)[0] for name, value in values.items()}
    return ForeignClient(
        SimpleNamespace(
            url=plain["KORE_HOST"],
            stream_id=plain["KORE_STREAM_ID"],
            client_id=plain["KORE_CLIENT_ID"],
            client_secret=plain["KORE_CLIENT_SECRET"],
            user_email=plain["KORE_USER_EMAIL"],
        )
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_end(number):
    """It prints five lines, serves, and ends with 0 on SIGINT and SIGTERM."""
    with running() as (process, values):
        assert list(values) == NAMES
        with client_of(values) as client:
            assert client.import_status(client.import_suite()).json()["status"] == "IN_PROGRESS"
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out) == (0, "")
        assert "no real platform is contacted" in err


def test_a_bot_script(tmp_path):
    """Bot script, pace and demo job can be given."""
    path = tmp_path / "bot.json"
    path.write_text(json.dumps({"bye": ["Never!"]}))
    arguments = ("--bot", str(path), "--job-polls", "0", "--demo-job")
    with running(*arguments, lines=6) as (_, values), client_of(values) as client:
        assert client.import_status(values["KORE_DS_ID"]).json()["response"]["name"] == "DEMO"
        client.import_status(client.import_suite(SUITE))
        assert client.run_suite()["status"] == "failed"


def test_a_bot_definition():
    """With the export of a bot the results name the node of each reply that a node says, and the way."""
    number, again = "Please provide your mobile number to retrieve your appointment details.", "no"
    entered = "You entered +49 151 Is this correct? (yes/no)"
    steps = [("Start_Flow", number), ("+49 151", entered), (again, number), ("?", "What?")]
    messages = [{"input": said, "outputs": [{"contains": reply}]} for said, reply in steps]
    suite = {"testCases": [{**SUITE["testCases"][0], "messages": messages}]}
    arguments = ("--bot-definition", str(MEDI), "--job-polls", "0")
    with running(*arguments) as (_, values), client_of(values) as client:
        client.import_status(client.import_suite(suite))
        results = client.run_suite()["result"]["executionResults"]
    replies = [result["actualOutput"][0] for result in results]
    names = [(one.get("dialogName"), one.get("nodeName"), one.get("transitionNodeNames")) for one in replies]
    dialog, ask, confirm = "Get Appointment Details", "GetContactNumber", "ConfirmMobileNumber"
    assert names == [
        (dialog, ask, ["Get_Appointment_Details", ask]),
        (dialog, confirm, [ask, confirm]),
        (dialog, ask, [confirm, ask]),
        ("", "", []),
    ]


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"dialogs": []}', b"PK\x03\x04", b"\xff"])
def test_a_bad_bot_definition(tmp_path, capsys, content):
    """An export that cannot be used is one sentence, names the option and the file, and is exit code 4."""
    path = tmp_path / "bot.zip"
    if content is not None:
        path.write_bytes(content)
    assert main(["--bot-definition", str(path)]) == 4
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"--bot-definition: {path} " in err


def test_a_shell_can_eval_the_output():
    """What it prints can be evaluated by a shell."""
    with running() as (_, values):
        lines = "\n".join(f"{name}={value}" for name, value in values.items())
        shell = ["/bin/sh", "-c", 'eval "$1"; printf %s "$KORE_CLIENT_SECRET"', "sh", lines]
        done = subprocess.run(shell, capture_output=True, text=True, check=True)  # noqa: S603 - fixed text
        assert done.stdout == shlex.split(values["KORE_CLIENT_SECRET"])[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "x"], "'x' is not a whole number from 0 to 65535"),
        (["--port", "65536"], "'65536' is not a whole number"),
        (["--job-seconds", "-1"], "'-1' is not a number"),
        (["--job-polls", "1", "--job-seconds", "1"], "not allowed with"),
        (["--what"], "unrecognized arguments: --what"),
        (["--host", "0.0.0.0"], "0.0.0.0 can be reached by other machines; --allow-remote permits that"),  # noqa: S104
        (
            ["--bot", "nowhere.json"],
            "the bot script nowhere.json is not usable: it cannot be read: No such file",
        ),
    ],
)
def test_wrong_arguments(capsys, arguments, sentence):
    """A wrong argument is one sentence on stderr and exit code 4."""
    assert main(arguments) == 4
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert sentence in err


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_a_bad_bot_script(tmp_path, capsys, content):
    """A bot script that cannot be used is one sentence and exit code 4."""
    path = tmp_path / "bot.json"
    path.write_bytes(content)
    assert main(["--bot", str(path)]) == 4
    assert "is not usable" in capsys.readouterr().err


def test_a_port_in_use(capsys):
    """A port that is taken is one sentence and exit code 4."""
    with Emulator() as emulator:
        assert main(["--port", emulator.url.rpartition(":")[2]]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_help(capsys):
    """Help is printed and is no mistake."""
    assert main(["--help"]) == 0
    assert "--job-seconds" in capsys.readouterr().out
