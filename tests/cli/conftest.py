"""A clean environment, the emulator, and the command as a process of its own."""

import os
import signal
import subprocess
import sys

import pytest
from fork_server import run_module

from pytest_kore_convtest.emulator import Emulator

FOREIGN = ("KORE_", "PYTEST_", "COV_", "COVERAGE_", "XDIST_", "HTTP_", "HTTPS_", "NO_PROXY", "ALL_PROXY")
BUILDS = ("CI", "BUILD_NUMBER", "BUILD_BUILDID", "CI_PIPELINE_ID", "CIRCLE_WORKFLOW_ID", "GITHUB_RUN_ID")


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    """Leave nothing of the outer run's environment, and work in a folder of its own."""
    for name in os.environ:
        if (name.upper().startswith(FOREIGN) and name != "PYTEST_CURRENT_TEST") or name in BUILDS:
            monkeypatch.delenv(name)
    # Only our plugin: the command must bring it along.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


class Ended:
    """A process that has ended: its code, lines of standard output, text of standard error."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.lines = out.splitlines()


@pytest.fixture
def begin():
    """Start the command as a process; kill it when the test ends."""
    begun = []

    def start(*words, **more):
        command = [sys.executable, "-m", "pytest_kore_convtest", *map(str, words)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
        begun.append(subprocess.Popen(command, text=True, encoding="utf-8", **pipes))  # noqa: S603 - ours
        return begun[-1]

    yield start
    for process in begun:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture
def kore(begin):
    """Run the command as a process and wait for its end; with other files or an environment, a fresh one."""

    def run(*words, **more):
        if not more:
            return Ended(*run_module("pytest_kore_convtest", *map(str, words)))
        process = begin(*words, **more)
        out, err = process.communicate(timeout=100)
        return Ended(process.returncode, out, err)

    return run


@pytest.fixture
def emulator():
    """Give an emulator that nobody is told of."""
    with Emulator(job_polls=0) as started:
        yield started


def account_of(emulator):
    """Return the variables that name an emulator's account."""
    return {
        "KORE_HOST": emulator.url,
        "KORE_STREAM_ID": emulator.stream_id,
        "KORE_CLIENT_ID": emulator.client_id,
        "KORE_CLIENT_SECRET": emulator.client_secret,
        "KORE_USER_EMAIL": emulator.user_email,
        "KORE_POLL_INTERVAL": "0.05",
        "KORE_MAX_POLL_INTERVAL": "0.05",
        "KORE_RATE_LIMIT": "off",
    }


@pytest.fixture
def account(emulator, monkeypatch):
    """Put the emulator's account into the environment; give the emulator."""
    for name, value in account_of(emulator).items():
        monkeypatch.setenv(name, value)
    return emulator


def one_sentence(ended, code, *words):
    """Check that a process ended with one sentence on standard error, and nothing else."""
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert ended.err.count("\n") == 1, ended.err
    assert ended.err.startswith("kore-convtest ")
    for word in words:
        assert word in ended.err
