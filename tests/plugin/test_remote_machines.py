"""xdist's workers on other machines: what is not the same there is refused before any job begins."""

import json
import re
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager

import pytest

from tests.plugin.test_remote_workers import ELSEWHERE, ONCE, XDIST
from tests.plugin.test_runs import done
from tests.plugin.test_shards import write

SERVER = """
import sys, sysconfig
from execnet.gateway_base import get_execmodel
from execnet.script import socketserver

socketserver.execmodel = get_execmodel("thread")
server = socketserver.bind_and_listen(("127.0.0.1", 0), socketserver.execmodel)
sys.path[:] = [sys.argv[1], sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED")]
print(server.getsockname()[1], flush=True)
socketserver.startserver(server)
"""
"""What ``--tx socket=`` connects to: a Python that has nothing installed but what is in a folder."""

UNABLE = """
import os

if "PYTEST_XDIST_WORKER" in os.environ:
    raise RuntimeError("no licence on this machine")
"""


DYING_ONCE = """
import os, pathlib, pytest
from pytest_kore_convtest import KoreClient

flag = pathlib.Path({flag!r})
if "PYTEST_XDIST_WORKER" in os.environ and flag.exists():
    raise RuntimeError("no disk")

class Dying(KoreClient):
    def import_status(self, ds_id, **_):
        flag.touch()
        os._exit(1)

@pytest.fixture(scope="session")
def kore_client(kore_settings):
    with Dying(kore_settings) as client:
        yield client
"""


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


@contextmanager
def listen(folder):
    """Let a Python that has installed what is in a folder take commands; give how to reach it."""
    command = [sys.executable, "-c", SERVER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as server:  # noqa: S603
        try:
            yield f"socket=127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.kill()


def refusal(result):
    """Return the only error of a run that was refused, and see that nothing was started again."""
    assert result.code == 4, result.text
    assert "replacing crashed worker" not in result.text
    assert "Traceback" not in result.text
    [error] = [line for line in result.text.splitlines() if line.startswith("ERROR: ")]
    assert len(error) <= 220
    return error.removeprefix("ERROR: ")


def test_another_version_is_refused(start, account, tmp_path):
    """A worker that has another version of the plugin is a usage error that names both."""
    installed = tmp_path / "pytest_kore_convtest-0.0.9.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-kore-convtest\nVersion: 0.0.9\n")
    with listen(tmp_path) as spec:
        said = refusal(start("popen", spec))
    from importlib.metadata import version

    ours = version("pytest-kore-convtest")
    assert said == (
        f"xdist's worker gw1 has pytest-kore-convtest 0.0.9, and here it is {ours}:"
        " install the same version on both"
    )
    assert done(account) == []


def test_a_machine_without_the_plugin_is_refused(start, account, tmp_path):
    """A worker without the plugin is a usage error that says for which Python it is missing."""
    with listen(tmp_path) as spec:
        said = refusal(start(spec))
    assert said.startswith("xdist's worker gw0 has no pytest-kore-convtest: install version ")
    assert said.endswith(sys.executable[-20:])
    assert done(account) == []


@pytest.mark.parametrize("how", ["popen", ELSEWHERE])
def test_settings_that_a_worker_cannot_use_are_told_once(start, account, how):
    """What is wrong in the environment of one machine ends the run as the same does on this one."""
    said = refusal(start("popen", f"{how}//env:KORE_TIMEOUT=soon"))
    assert said.startswith("xdist's worker gw1: KORE_TIMEOUT (from environment): 'soon' is not a number")
    assert done(account) == []


def test_a_worker_that_does_not_start_is_not_tried_for_ever(start, account, pytester):
    """A worker on another machine that breaks off before it is ready ends the run with its last words."""
    pytester.makeconftest(UNABLE)
    said = refusal(start(ELSEWHERE))
    assert said.startswith("xdist's worker gw0 did not start: ")
    assert "no licence on this machine" in said
    assert done(account) == []


def test_a_worker_that_cannot_be_replaced_stops_the_run(start, account, pytester, tmp_path):
    """When a worker dies and the one in its place does not start, the run ends as one that was stopped."""
    pytester.makeconftest(DYING_ONCE.format(flag=str(tmp_path / "died")))
    result = start(ELSEWHERE)
    assert result.code == 2, result.text
    assert re.search("Interrupted: xdist's worker gw1 did not start: .*RuntimeError: no disk", result.text)
    assert "worker gw2" not in result.text  # the folder of this test may bear that name
    assert "kore: stopped; import job ds-" in result.text
    assert Counter(done(account))["import"] <= 2


def copies(pytester, tmp_path, *names):
    """Copy the project into folders; return how workers are started there, without xdist's own copying."""
    for name in names:
        folder = tmp_path / name
        folder.mkdir()
        for path in pytester.path.iterdir():
            if path.is_file():
                (folder / path.name).write_bytes(path.read_bytes())
    return [f"popen//chdir={tmp_path / name}" for name in names]


def test_copies_of_the_same_files_are_one_project(start, account, pytester, tmp_path):
    """Workers that have copies of their own import each suite once."""
    result = start(*copies(pytester, tmp_path, "one", "two"))
    assert result.code == 0, result.text
    assert Counter(done(account)) == ONCE


@pytest.mark.parametrize("here", [True, False])
def test_another_suite_file_is_refused(start, account, pytester, tmp_path, here):
    """A worker whose suite file is not that of the others is a usage error, and nothing is sent."""
    specs = copies(pytester, tmp_path, "one", "two")
    text = (tmp_path / "two" / "bravo.kore.json").read_text()
    (tmp_path / "two" / "bravo.kore.json").write_text(text.replace("reply 1", "reply one"))
    if not here:
        for path in pytester.path.glob("*.kore.json"):
            path.unlink()
    said = refusal(start(*(specs[1:] if here else specs)))
    worker, other = ("gw0", "this machine") if here else ("gw1", "worker gw0")
    if not here and "worker gw1" in said.partition("file of")[2]:
        worker, other = "gw0", "worker gw1"  # whoever has collected first is compared with
    assert said == (
        f"bravo.kore.json of xdist's worker {worker} is not the file of {other}:"
        " give both the same version, e.g. the same commit"
    )
    assert done(account) == []


def test_paths_are_those_of_this_machine(start, account, pytester, tmp_path):
    """Where workers have another folder, reports and --kore-update still name the files as they are here."""
    account.bot({"say 1": ["something else"]})
    spec = f"popen//chdir={tmp_path / 'there'}"
    (tmp_path / "there").mkdir()
    more = (f"--rsyncdir={pytester.path}", "-W", "ignore", "--kore-update", "--kore-json=r.json")
    result = start(spec, more=(*more, str(pytester.path)))
    assert result.code == 1, result.text
    record = json.loads((pytester.path / "r.json").read_text())
    assert sorted(suite["file"]["path"] for suite in record["suites"]) == [
        "alpha.kore.json",
        "bravo.kore.json",
    ]
    assert {step["place"] for step in record["suites"][0]["steps"]} <= {
        "alpha.kore.json:1",
        "bravo.kore.json:1",
    }
    for name in ("alpha", "bravo"):
        assert "something else" in (pytester.path / f"{name}.kore.json").read_text()


def test_files_for_the_emulator_are_needed_here_only(start, pytester, tmp_path):
    """A worker reads neither what the emulated bot answers, nor looks where reports are to go."""
    (pytester.path / "bot.json").write_text('{"say 1": ["something else"]}')
    specs = copies(pytester, tmp_path, "there")
    (tmp_path / "there" / "bot.json").unlink()
    (tmp_path / "there" / "r.md").mkdir()  # here, that would be refused
    result = start(*specs, more=("--kore-emulator", "--kore-bot=bot.json", "--kore-markdown=r.md"))
    assert result.code == 1, result.text
    assert "2 FAILED" in result.text
    assert (pytester.path / "r.md").is_file()
