"""Ctrl-C and SIGTERM during a wait."""

import re
import signal
from types import SimpleNamespace

import pytest
from fork_server import start_module

from pytest_kore_convtest.plugin.session import Run, clean_up
from pytest_kore_convtest.settings.settings import Settings


@pytest.fixture
def waiting(pytester, account, monkeypatch):
    """Start the gate in a process of its own; give it once it waits."""
    account.script("IN_PROGRESS@40", job="ds-demo")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    started = []

    def start(*args):
        command = ("pytest", "-p", "pytest_kore_convtest", "--kore-gate", "--kore-ds-id=ds-demo", *args)
        process = start_module(*command, cwd=pytester.path)
        started.append(process)
        sign = "[2 items]" if "xdist" in args else "IN_PROGRESS"
        assert any(sign in line for line in process.stdout)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_the_wait_at_once(waiting, number, pytester):
    """The run ends with exit code 2, writes its reports and prints the exact command that goes on."""
    process = waiting("--junitxml=junit.xml", "--kore-timeout=20")
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    closing = [line for line in output.splitlines() if line and "no real platform" not in line][-1]
    assert closing.startswith("kore: interrupted; import job ds-demo goes on")
    assert closing.endswith("pytest --kore-gate --kore-ds-id ds-demo")
    assert "INTERNALERROR" not in output
    assert (pytester.path / "junit.xml").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_distributed_run(waiting, number, account):
    """Under xdist the controller ends at once, too, and prints how to go on."""
    process = waiting("-p", "xdist", "-n", "1", "--kore-timeout=20")
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "pytest --kore-gate --kore-ds-id ds-demo" in output.splitlines()[-1]


def test_an_interrupted_import_of_a_worker_is_named(run, account, pytester):
    """The id of a job that a worker started is told by the controller, with the command that goes on."""
    pytester.makefile(
        ".json",
        a='{"testCases": [{"name": "A", "messages": [{"input": "x", "outputs": [{"contains": "y"}]}]}]}',
    )
    pytester.makeconftest("""
        import os, signal, pytest
        from pytest_kore_convtest import KoreClient

        class Impatient(KoreClient):
            def import_status(self, ds_id, *, budget=None):
                if not self.__dict__.setdefault("signalled", False):
                    self.signalled = True
                    os.kill(os.getppid(), signal.SIGINT)
                return super().import_status(ds_id, budget=budget)

        @pytest.fixture(scope="session")
        def kore_client(kore_settings):
            with Impatient(kore_settings) as client:
                yield client
        """)
    pytester.makepyfile("def test_import(kore_import_suite): kore_import_suite('a.json')")
    account.script("IN_PROGRESS")
    result = run("-p", "xdist", "-n", "1", "--kore-timeout=20", fresh=True)
    assert result.code == 2
    assert re.fullmatch(
        r"kore: interrupted; import job (ds-\S+) of 'A_\w+' goes on: last status IN_PROGRESS 0 %, after .*"
        r"o wait again: pytest --kore-gate --kore-ds-id \1",
        result.closing[-1],
    )


def test_workers_heed_the_controllers_interrupt():
    """A worker's wait goes on until the controller says that it was interrupted, and then ends."""
    config = SimpleNamespace(stash=pytest.Stash())
    controller, worker = Run(config, Settings()), Run(config, Settings())
    worker.heed_interrupt()
    controller.interrupt_workers()
    with pytest.raises(KeyboardInterrupt):
        worker.heed_interrupt()
    clean_up(config)
    worker.heed_interrupt()
