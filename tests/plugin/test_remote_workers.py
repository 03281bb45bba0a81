"""xdist's workers that do not have the controller's files: each job happens once all the same."""

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.jobs.store import JobStore
from pytest_kore_convtest.plugin.workers.remote import RemoteStore, answer_worker
from tests.plugin.test_once import DYING, MANY
from tests.plugin.test_runs import done
from tests.plugin.test_shards import write

ELSEWHERE = f"popen//python={sys.executable}"
"""A worker of which nobody knows where it is: ``python=`` may name any command."""

NO_FILES = """
import os, re, sys

if os.environ.get("PYTEST_XDIST_WORKER", "gw2") != "gw2":
    def guard(event, args):
        '''Let no file of the controller's folder be there, nor be made.'''
        if args and re.search("kore-[0-9a-f]{32}", str(args[0])):
            raise PermissionError(13, "there are no files of the controller here", str(args[0]))

    sys.addaudithook(guard)
"""
NO_NETWORK = """
import sys

def guard(event, args):
    '''Let nothing of this machine be reached.'''
    if event == "socket.connect":
        raise ConnectionRefusedError(111, "refused")

sys.addaudithook(guard)
"""
XDIST = ("-p", "xdist", "-d")
ONCE = {"upload": 2, "import": 2, "run": 2, "delete": 1}


@pytest.fixture
def start(run, pytester, account):
    """Run two suites by workers that are started as said; further arguments follow."""
    pytester.makeini("[pytest]")
    for name in ("ALPHA", "BRAVO"):
        write(pytester.path, name, steps=3)

    def begin(*specs, more=()):
        tx = [f"--tx={spec}" for spec in specs]
        return run("--kore-run=inDevelopment", *XDIST, *tx, *more, apart=True)

    return begin


def test_jobs_happen_once_without_shared_files(start, pytester, account):
    """Workers that cannot touch the controller's folder do each job once, beside one that can."""
    pytester.makeconftest(NO_FILES)
    result = start(ELSEWHERE, ELSEWHERE, "popen")
    assert result.code == 0, result.text
    assert result.counts == {"passed": 14}
    assert Counter(done(account)) == ONCE
    assert result.closing == ["kore: 2 suites imported and valid; 6 of 6 steps executed, all passed"]


def test_no_worker_on_this_machine_is_needed(start, pytester, account):
    """All workers may be elsewhere; the controller still knows what they found, and writes it down."""
    pytester.makeconftest(NO_FILES)
    account.bot({"say 1": ["something else"]})
    result = start(ELSEWHERE, ELSEWHERE, more=("--kore-json=r.json",))
    assert result.code == 1
    assert Counter(done(account)) == {name: times for name, times in ONCE.items() if name != "delete"}
    record = json.loads((pytester.path / "r.json").read_text())
    assert [suite["verdict"] for suite in record["suites"]] == ["failed", "failed"]


def test_a_suite_is_one_wherever_its_copies_are(start, pytester, account, tmp_path):
    """Workers to whose folders xdist copies the project import each suite once."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    specs = [f"popen//chdir={folder}" for folder in folders]
    result = start(*specs, more=(f"--rsyncdir={pytester.path}", str(pytester.path), "-W", "ignore"))
    assert result.code == 0, result.text
    assert result.counts == {"passed": 14}
    assert Counter(done(account)) == ONCE


def test_another_temporary_folder_and_home_change_nothing(start, account, tmp_path):
    """Processes of this machine meet in the controller's folder, whatever TMPDIR and HOME say to them."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    result = start(*(f"popen//env:TMPDIR={folder}//env:HOME={folder}" for folder in folders))
    assert result.code == 0, result.text
    assert Counter(done(account)) == ONCE
    assert [list(folder.iterdir()) for folder in folders] == [[], []]


def test_a_worker_that_is_lost_holds_nothing_up(run, account, pytester, polls):
    """What a worker elsewhere held is free again when its connection ends; another one goes on with it."""
    pytester.makeconftest(NO_FILES + DYING.format(flag=str(pytester.path / "died")).replace("\n    ", "\n"))
    pytester.makepyfile(MANY)
    account.script("IN_PROGRESS, IN_PROGRESS, SUCCESS", job="ds-demo")
    result = run("--kore-ds-id=ds-demo", *XDIST, f"--tx=2*{ELSEWHERE}", "--kore-timeout=20", apart=True)
    assert (pytester.path / "died").exists()
    assert result.counts == {"passed": 11, "failed": 1}, result.text
    assert polls() == [200, 200, 200]


def test_the_built_in_emulator_has_to_be_reached(start, account, tmp_path):
    """A worker that cannot reach --kore-emulator is one usage error, which shows no environment."""
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    wrapper = command(tmp_path, f'PYTHONPATH={tmp_path} exec {sys.executable} "$@"')
    spec = f"popen//python={wrapper}//env:KORE_CLIENT_SECRET=swordfish"
    result = start("popen", spec, more=("--kore-emulator",))
    assert result.code == 4
    assert (
        "ERROR: xdist's worker gw1 cannot reach --kore-emulator, which serves this machine only"
        in result.text
    )
    assert "swordfish" not in result.text
    assert done(account) == []


def test_the_built_in_emulator_serves_whoever_reaches_it(start, pytester):
    """Workers without the controller's files use its emulator."""
    pytester.makeconftest(NO_FILES)
    result = start(ELSEWHERE, ELSEWHERE, more=("--kore-emulator",))
    assert result.code == 0, result.text
    assert result.emulated


def command(folder, text):
    """Write a command that starts Python somewhere else; return its path."""
    path = folder / "elsewhere"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def can_hide_folders():
    """Say whether this user may have a view of the files of its own."""
    tool = shutil.which("unshare")
    command = [tool, "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/tmp"]  # noqa: S108
    return bool(tool) and subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


@pytest.mark.skipif(not can_hide_folders(), reason="no file system of its own for a process of this user")
def test_another_file_system_is_another_machine(start, account, tmp_path, monkeypatch):
    """A worker with a temporary folder of its own, under the same path, does no job a second time."""
    shared = tmp_path / "shared"
    shared.mkdir()
    hide = f'mount -t tmpfs none {shared}; exec {sys.executable} "$@"'
    wrapper = command(tmp_path, f"exec unshare --user --map-root-user --mount sh -c '{hide}' sh \"$@\"")
    monkeypatch.setenv("TMPDIR", str(shared))
    result = start(f"popen//python={wrapper}", "popen")
    assert result.code == 0, result.text
    assert Counter(done(account)) == ONCE


class Wire:
    """A channel to a controller that answers as it is told; ``None`` is the end of the connection."""

    RemoteError = RuntimeError

    def __init__(self, *answers):
        self.answers, self.sent = [{"is": 100.0}, *answers], []

    def send(self, item):
        """Note what is sent."""
        self.sent.append(json.loads(item))

    def receive(self, timeout):  # noqa: ARG002 - as execnet calls it
        """Return the next answer, to the question that was asked last unless it names another."""
        answer = self.answers.pop(0)
        if answer is None:
            raise EOFError
        if isinstance(answer, Exception):
            raise answer
        return json.dumps(answer if isinstance(answer, list) else [self.sent[-1][0], answer])


def test_the_controllers_clock_counts():
    """Times that machines compare are of one clock."""
    store = RemoteStore(Wire())
    assert abs(store.wall() - 100.0) < abs(time.time() - 100.0) / 2


@pytest.mark.parametrize("end", [None, OSError("closed"), RuntimeError("the other side")])
def test_a_lost_controller_is_told(end):
    """A worker without a controller says so instead of beginning a job by itself."""
    store = RemoteStore(Wire(end))
    with pytest.raises(ConfigError, match="xdist's controller does not answer this worker"):
        store.claim("a job")


def test_what_the_controller_cannot_do_is_told():
    """Its trouble with its own folder arrives as its sentence."""
    store = RemoteStore(Wire({"trouble": "no space is left"}))
    with pytest.raises(ConfigError, match="no space is left"):
        store.leave("a name", {})


def test_an_answer_that_nobody_waits_for_is_no_other_answer():
    """After an interrupt the older answer is passed over."""
    store = RemoteStore(Wire([1, {"is": {"of": "another question"}}], {"is": {"found": 1}}))
    assert store.find("a name") == {"found": 1}


class Gateway:
    """The controller's end of the way to a worker."""

    def __init__(self, *, gone=False):
        self.gone, self.answers, self._number = gone, [], 0

    def newchannel(self):
        """Return the one channel, which is this."""
        return self

    def setcallback(self, callback, endmarker):
        """Note whom to tell."""
        self.hear, self.end = callback, endmarker

    def send(self, item):
        """Keep an answer, unless nobody is there any more."""
        if self.gone:
            raise OSError("closed")
        self.answers.append(json.loads(item))

    def ask(self, command, *arguments):
        """Ask as a worker does; return the answer."""
        self._number += 1
        self.hear(json.dumps([self._number, command, arguments]))
        number, reply = self.answers.pop()
        assert number == self._number
        return reply


@pytest.fixture
def ask(tmp_path):
    """Let the controller answer workers from one store; give a way to ask as each of two."""
    store = JobStore(tmp_path)
    gateways = [Gateway(), Gateway()]
    for gateway in gateways:
        answer_worker(SimpleNamespace(gateway=gateway), store)
    return gateways


def test_one_worker_has_the_right_to_a_job_at_a_time(ask):
    """Until it gives it back, or its connection ends."""
    one, other = ask
    assert [one.ask("claim", "a job"), other.ask("claim", "a job")] == [{"is": True}, {"is": False}]
    one.ask("release", "a job")
    one.ask("release", "a job")
    assert other.ask("claim", "a job") == {"is": True}
    other.hear(other.end)
    assert one.ask("claim", "a job") == {"is": True}


def test_what_one_worker_leaves_another_one_finds(ask):
    """Entries and polls alike; of what nobody left there is nothing."""
    one, other = ask
    assert other.ask("find", "a name") == {"is": {}}
    one.ask("leave", "a name", {"found": 1})
    assert other.ask("find", "a name") == {"is": {"found": 1}}
    one.ask("note_poll", "a job", {"at": 1.0, "saw": "SUCCESS", "percent": None, "fault": False})
    assert [poll["saw"] for poll in other.ask("polls", "a job")["is"]] == ["SUCCESS"]
    assert abs(one.ask("time")["is"] - time.time()) < 60


def test_the_controllers_trouble_is_the_answer(tmp_path):
    """A worker learns why; one that is gone meanwhile is no trouble."""
    (tmp_path / "a file").touch()
    store = JobStore(tmp_path / "a file")
    gateway, gone = Gateway(), Gateway(gone=True)
    for one in (gateway, gone):
        answer_worker(SimpleNamespace(gateway=one), store)
    assert list(gateway.ask("leave", "a name", {})) == ["trouble"]
    gone.hear(json.dumps([1, "time", []]))
    assert gone.answers == []


def test_a_right_that_comes_too_late_is_given_back():
    """A claim that was granted after its worker had given it up is free again; another one is left alone."""
    for granted in (True, False):
        late = [2, {"is": granted}]
        wire = Wire(OSError("no item after 60 seconds"), late, [3, {"is": {}}])
        store = RemoteStore(wire)
        with pytest.raises(ConfigError, match="does not answer"):
            store.claim("a job")
        assert store.find("a name") == {}
        given_back = [words[1:] for words in wire.sent if words[1] == "release"]
        assert given_back == [["release", ["a job"]]] * granted
