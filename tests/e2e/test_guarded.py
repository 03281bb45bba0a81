"""A whole run under guard: whom it talks to, which programs it starts, whether anything is deprecated."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kore_convtest.emulator import Emulator

GUARD = """
    import json, sys

    def guard(event, args):
        if event in {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.exec", "os.system"}:
            where = args[1] if event == "socket.connect" else args[0]
            with open("seen.jsonl", "a") as file:
                file.write(json.dumps([event, where], default=repr) + chr(10))

    sys.addaudithook(guard)
    """
SUITE = {
    "testCases": [
        {
            "name": "A",
            "messages": [{"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "Hello"}]}],
        }
    ]
}
KEPT = ("PATH", "HOME", "SYSTEMROOT", "VIRTUAL_ENV", "TMPDIR", "LANG")


@pytest.fixture
def start(tmp_path):
    """Return a function that runs pytest in a process of its own, under guard, warnings being errors."""
    (tmp_path / "conftest.py").write_text("\n".join(line[4:] for line in GUARD.splitlines()))
    (tmp_path / "a.kore.json").write_text(json.dumps(SUITE))
    (tmp_path / "test_plain.py").write_text("def test_it(): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def run(*args, **env):
        known = {name: os.environ[name] for name in KEPT if name in os.environ}
        done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-W", "error", "-m", "pytest", "-p", "pytest_kore_convtest", *args],
            cwd=tmp_path,
            env={**known, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **env},
            capture_output=True,
            text=True,
            check=False,
        )
        seen = tmp_path / "seen.jsonl"
        return done, [json.loads(line) for line in seen.read_text().splitlines()] if seen.exists() else []

    return run


def test_a_whole_run_talks_to_the_configured_host_only(start, tmp_path):
    """Upload, import, run, reports: one address, no other program but git, and nothing deprecated."""
    with Emulator() as emulator:
        done, seen = start(
            "--kore-run=inDevelopment",
            "--kore-html=r.html",
            "--kore-json=r.json",
            "--kore-markdown=r.md",
            KORE_HOST=emulator.url,
            KORE_STREAM_ID=emulator.stream_id,
            KORE_CLIENT_ID=emulator.client_id,
            KORE_CLIENT_SECRET=emulator.client_secret,
            KORE_USER_EMAIL=emulator.user_email,
            KORE_POLL_INTERVAL="0.05",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        port = int(emulator.url.rpartition(":")[2])
    talked = {tuple(where) for event, where in seen if event == "socket.connect"}
    asked = {where for event, where in seen if event == "socket.getaddrinfo"}
    programs = {
        Path(where).name for event, where in seen if event not in {"socket.connect", "socket.getaddrinfo"}
    }
    assert talked == {("127.0.0.1", port)}
    assert asked <= {"127.0.0.1"}
    assert programs <= {"git"}
    assert (tmp_path / "r.html").exists()


def test_an_unused_plugin_talks_to_nobody(start):
    """Installed and not configured, the plugin opens no connection and starts no program."""
    done, seen = start("test_plain.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert seen == []
