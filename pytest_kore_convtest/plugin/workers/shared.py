"""What the processes of one test run share: made by the first, handed to xdist's workers."""

from __future__ import annotations

import os
import tempfile
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict

import pytest

from pytest_kore_convtest.jobs import run_folder
from pytest_kore_convtest.settings.settings import environment

if TYPE_CHECKING:
    from typing_extensions import NotRequired

    from pytest_kore_convtest.jobs.store import JobStore
    from pytest_kore_convtest.plugin.workers.remote import Channel

_SHARED: pytest.StashKey[Shared] = pytest.StashKey()
_STORE: pytest.StashKey[JobStore] = pytest.StashKey()


class Shared(TypedDict):
    """What they share.

    Attributes:
        folder: Where they leave word for each other.
        run: The test run's name.
        root: The controller's root folder.
        here: Where the test run was started on the controller's machine.
        emulator: With what to attach to its emulator, once that is started.
        channel: Through which a worker asks the controller that may not have the folder.
    """

    folder: str
    run: str
    root: NotRequired[str]
    here: NotRequired[str]
    emulator: NotRequired[dict[str, str]]
    channel: NotRequired[Channel]


class Spec(Protocol):
    """How a worker is started, as ``--tx`` says it; what it does not say is ``None``."""

    popen: bool | None
    python: str | None
    via: str | None


class Gateway(Protocol):
    """execnet's way to a worker."""

    id: str
    spec: Spec

    def newchannel(self) -> Channel:
        """Return a new channel, which can be sent through another one."""

    def remote_exec(self, source: str) -> Channel:
        """Run code at the other end, with the other end of the channel as ``channel``."""


class WorkerNode(Protocol):
    """A worker as xdist's controller sees it; xdist has no types."""

    config: pytest.Config
    gateway: Gateway
    workerinput: dict[str, object]


def shared(config: pytest.Config) -> Shared:
    """Return what the processes of this test run share: made by the first, handed to xdist's workers."""
    if _SHARED not in config.stash:
        handed: Shared | None = getattr(config, "workerinput", {}).get("kore")
        from pytest_kore_convtest.jobs.unique_names import make_run_name

        # Settled once: a test may set another temporary folder, and its worker would be alone there.
        folder = str(Path(tempfile.gettempdir()) / f"{run_folder.PREFIX}{uuid.uuid4().hex}")
        config.stash[_SHARED] = handed or {"folder": folder, "run": make_run_name(environment())}
    return config.stash[_SHARED]


def folder_of_run(config: pytest.Config) -> Path | None:
    """Return which folder of a worker stands for the one in which the test run was started.

    ``None`` where that is the current one: in the controller, and in its workers without ``chdir=``.
    """
    handed = _handed(config)
    with suppress(KeyError, ValueError):  # another process, another drive
        there = os.path.relpath(handed["here"], handed["root"])
        place = Path(os.path.normpath(config.rootpath / there))
        return None if place == Path.cwd() else place
    return None


def may_have_own_files(config: pytest.Config) -> bool:
    """Say whether the project's files of this process may not be those of xdist's controller."""
    handed = _handed(config)
    return "channel" in handed or handed.get("root", "") not in {"", str(config.rootpath)}


def find_on_controller(config: pytest.Config, path: Path) -> Path:
    """Return where a file of the project is on the machine of xdist's controller."""
    root = _handed(config).get("root")
    if root is None or not path.is_relative_to(config.rootpath):
        return path
    return Path(root) / path.relative_to(config.rootpath)


def _handed(config: pytest.Config) -> Shared:
    """Return what xdist's controller has handed to this worker; nothing in other processes."""
    handed: Shared = getattr(config, "workerinput", {}).get("kore", {})
    return handed


def is_shared(config: pytest.Config) -> bool:
    """Say whether anything has asked for it yet."""
    return _SHARED in config.stash


def open_store(config: pytest.Config) -> JobStore:
    """Return what all processes of this test run know of its jobs."""
    from pytest_kore_convtest.jobs.store import JobStore

    channel = shared(config).get("channel")
    if channel is None:
        return JobStore(Path(shared(config)["folder"]))
    if _STORE not in config.stash:
        from pytest_kore_convtest.plugin.workers.remote import RemoteStore

        config.stash[_STORE] = RemoteStore(channel)
    return config.stash[_STORE]
