"""A command beside the emulator: what it sees, how it ends, and who gets the signals."""

import os
import signal
import subprocess
import sys

import pytest

from pytest_kore_convtest.emulator.run_command import CommandError, run_command


def test_a_signal_that_comes_before_the_command_is_handed_on(monkeypatch):
    """It ends the command as soon as there is one, and the code says by which signal."""
    start = subprocess.Popen

    def interrupted(*args, **more):
        os.kill(os.getpid(), signal.SIGUSR1)
        return start(*args, **more)

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    before = signal.getsignal(signal.SIGUSR1)
    code = run_command([sys.executable, "-c", "import signal; signal.pause()"], {}, {})
    assert code == 128 + signal.SIGUSR1
    assert signal.getsignal(signal.SIGUSR1) == before


def test_the_command_sees_the_emulator_and_no_real_account(monkeypatch):
    """What is usual gives way to what the user has set, and that to the emulator."""
    for name, value in {"KORE_JWT": "x", "KORE_TIMEOUT": "7", "KORE_HOST": "real"}.items():
        monkeypatch.setenv(name, value)
    wanted = {"KORE_JWT": None, "KORE_TIMEOUT": "7", "KORE_HOST": "ours", "KORE_KEEP": "never"}
    code = f"import os; raise SystemExit({wanted!r} != {{name: os.environ.get(name) for name in {wanted!r}}})"
    usual = {"KORE_TIMEOUT": "9", "KORE_KEEP": "never"}
    assert run_command([sys.executable, "-c", code], {"KORE_HOST": "ours"}, usual) == 0


def test_a_command_that_is_not_there_is_one_sentence():
    """And the signals are as they were."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(CommandError, match=r"^cannot run nowhere/at-all: No such file or directory$"):
        run_command(["nowhere/at-all"], {}, {})
    assert signal.getsignal(signal.SIGTERM) == before
