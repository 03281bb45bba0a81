"""What xdist's controller hands to its workers, and what it requires of those that are on other machines.

A worker that cannot be used makes the test run a usage error: xdist would start another one
in its place, again and again.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, cast
from urllib.parse import urlsplit

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.jobs import run_folder
from pytest_kore_convtest.plugin import given_for_this_run, ini_keys
from pytest_kore_convtest.plugin.workers.remote import PATIENCE, answer_worker, is_here
from pytest_kore_convtest.plugin.workers.shared import may_have_own_files, open_store
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.plugin.session import Run
    from pytest_kore_convtest.plugin.workers.shared import WorkerNode

_DISTRIBUTION = "pytest-kore-convtest"

_LONGEST = 60
"""Characters of a path or a version in a message."""

_LONGEST_ERROR = 140
"""Characters of what a worker's Python says."""

_PROBE = """
import os, socket, sys

address, path = channel.receive()
found = {"version": "", "python": sys.executable, "configured": False, "reached": True}
found["configured"] = any(name.startswith("KORE_") for name in os.environ)
try:
    from importlib import machinery, metadata

    places = [os.getcwd()] + sys.path if path is None else path
    for one in metadata.distributions(name="pytest-kore-convtest", path=places):
        found["version"] = one.version
        break
    else:
        spec = machinery.PathFinder.find_spec("pytest_kore_convtest", places)
        if spec and spec.origin:  # without one it is an empty folder
            found["version"] = "?"
except ImportError:
    pass
if address is not None:
    try:
        socket.create_connection(tuple(address), 5).close()
    except OSError:
        found["reached"] = False
channel.send(found)
"""
"""Runs where a worker will: says which version of this plugin is there, and whether it reaches an address.
It needs nothing of ours. ``?`` is a copy of the package that is not installed, whose version nobody knows."""


class _Found(TypedDict):
    """What the probe says."""

    version: str
    python: str
    configured: bool
    reached: bool


@contextmanager
def refusing(*, begun: bool) -> Iterator[None]:
    """Let what is wrong with a worker end the test run, which stops when it has begun already.

    Args:
        begun: Whether a test has been reported: then jobs may be under way, of which a usage error tells
            nothing.

    Raises:
        pytest.UsageError: Something is wrong, and nothing has begun.
        pytest.Session.Interrupted: Something is wrong with a worker in place of another.
    """
    try:
        yield
    except pytest.UsageError as bad:
        if not begun:
            raise
        problem = str(bad)
    else:
        return
    raise pytest.Session.Interrupted(problem)


def share_with_worker(run: Run, node: WorkerNode) -> None:
    """Hand an xdist worker what it shares; starts the emulator, which all workers use.

    Raises:
        ConfigError: The emulator is not installed.
        pytest.UsageError: The worker cannot be used.
    """
    config, common = run.config, run.shared
    run_folder.hold(Path(common["folder"]))
    if run.settings.emulator and not config.option.collectonly:
        common["emulator"] = run.emulator().handle()
    common["root"], common["here"] = str(config.rootpath), str(config.invocation_params.dir)
    node.workerinput["kore"] = common
    if not is_here(node):
        url = common.get("emulator", {}).get("url", "")
        require_usable(node, url, configured=_is_configured(config))
        node.workerinput["kore"] = {**common, "channel": answer_worker(node, run.store())}


def require_usable(node: WorkerNode, url: str, *, configured: bool) -> None:
    """Refuse a worker that has no plugin, or another version of it, or cannot reach the emulator.

    Args:
        node: A worker that may be on another machine.
        url: The emulator, which listens on the controller's own address; empty without one.
        configured: Whether anything is configured here; a project that does not use the plugin needs
            none of it.

    Raises:
        pytest.UsageError: It cannot be used.
    """
    address = urlsplit(url)
    channel = node.gateway.remote_exec(_PROBE)
    found: _Found | None = None
    with suppress(OSError, EOFError, channel.RemoteError):
        # What xdist does: a worker that is a process of this machine gets the controller's path.
        path = [str(one) for one in sys.path] if node.gateway.spec.popen else None
        channel.send(((address.hostname, address.port) if url else None, path))
        found = cast("_Found", channel.receive(PATIENCE))
        channel.waitclose(PATIENCE)  # xdist's own code may only run when this has ended
    problem = ""
    if found is not None and (configured or found["configured"]):
        problem = _compare_versions(found)
    if url and not problem and (found is None or not found["reached"]):
        # How it is started is not shown: env:NAME=VALUE may hold a secret.
        problem = "cannot reach --kore-emulator, which serves this machine only: use workers here, e.g. -n 4"
    if problem:
        raise pytest.UsageError(f"xdist's worker {node.gateway.id} {problem}")


def _compare_versions(found: _Found) -> str:
    """Say what is wrong with the version of a worker; empty when nothing is, or nobody can know."""
    try:
        ours = version(_DISTRIBUTION)
    except PackageNotFoundError:  # this one runs out of a checkout
        return ""
    theirs = printable(found["version"], _LONGEST)
    if not theirs:
        python = printable(found["python"], _LONGEST)
        return f"has no {_DISTRIBUTION}: install version {ours} for its {python}"
    if theirs in {ours, "?"}:
        return ""
    return f"has {_DISTRIBUTION} {theirs}, and here it is {ours}: install the same version on both"


def tell_refusal(config: pytest.Config, problem: str) -> None:
    """In a worker, leave word for the controller why nothing can be done here."""
    if worker := _worker_of(config):
        with suppress(ConfigError):
            open_store(config).leave(_refusal_of(worker), {"problem": problem})


def heed_refusal(node: WorkerNode, error: object) -> None:
    """End the test run when a worker went down because it cannot use its settings, or never got ready.

    Args:
        node: The worker.
        error: What xdist knows of it: a traceback, if there is one.

    Raises:
        pytest.UsageError: It did; xdist would only start it again.
    """
    told, worker = dict[str, object](), node.gateway.id
    with suppress(ConfigError):
        told = open_store(node.config).find(_refusal_of(worker))
    if told:
        raise pytest.UsageError(f"xdist's worker {worker}: {told['problem']}")
    if is_here(node) or hasattr(node, "workerinfo") or not _is_configured(node.config):
        return
    last = (str(error).strip().splitlines() or [""])[-1]
    raise pytest.UsageError(f"xdist's worker {worker} did not start: {printable(last, _LONGEST_ERROR)}")


def tell_files(run: Run, items: list[pytest.Item]) -> None:
    """In a worker that may have files of its own, tell the controller which suite files it has collected."""
    from pytest_kore_convtest.plugin.own_items import OwnItem

    config = run.config
    if not may_have_own_files(config):
        return
    suites = {item.suite.path: item.suite for item in items if isinstance(item, OwnItem) and item.suite}
    files = {
        path.relative_to(config.rootpath).as_posix(): suite.sha256
        for path, suite in suites.items()
        if path.is_relative_to(config.rootpath)
    }
    with suppress(ConfigError):  # each item says so itself
        run.store().leave(_files_of(_worker_of(config)), files)


class SuiteFiles:
    """On the controller: which suite files the workers have, so that all test the same.

    Args:
        config: The controller's.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._known: dict[str, tuple[object, str]] = {}

    def require_same(self, node: WorkerNode) -> None:
        """Refuse a worker whose suite files are not those of this machine, or of the other workers.

        Raises:
            pytest.UsageError: They are not.
        """
        told: dict[str, object] = {}
        with suppress(ConfigError):
            told = open_store(self._config).find(_files_of(node.gateway.id))
        for name, digest in told.items():
            if name not in self._known:
                mine = _hash(self._config.rootpath / name)
                self._known[name] = (mine, "this machine") if mine else (digest, f"worker {node.gateway.id}")
            known, where = self._known[name]
            if digest != known:
                what = f"{printable(name, _LONGEST)} of xdist's worker {node.gateway.id}"
                raise pytest.UsageError(
                    f"{what} is not the file of {where}: give both the same version, e.g. the same commit"
                )


def _hash(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""


def _is_configured(config: pytest.Config) -> bool:
    return given_for_this_run(config) or bool(ini_keys(config))


def _worker_of(config: pytest.Config) -> str:
    return str(getattr(config, "workerinput", {}).get("workerid", ""))


def _refusal_of(worker: str) -> str:
    return f"refusal {worker}"


def _files_of(worker: str) -> str:
    return f"files {worker}"
