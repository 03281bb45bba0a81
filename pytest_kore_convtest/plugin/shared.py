"""What the processes of one test run share: made by the first, handed to xdist's workers."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict

import pytest

from pytest_kore_convtest.jobs import leftovers
from pytest_kore_convtest.jobs.run_name import make_run_name
from pytest_kore_convtest.settings.settings import environment

if TYPE_CHECKING:
    from typing_extensions import NotRequired

_SHARED: pytest.StashKey[Shared] = pytest.StashKey()


class Shared(TypedDict):
    """What they share.

    Attributes:
        folder: Where they leave word for each other.
        run: The test run's name.
        emulator: With what to attach to its emulator, once that is started.
    """

    folder: str
    run: str
    emulator: NotRequired[dict[str, str]]


class Gateway(Protocol):
    """execnet's way to a worker, which has no types."""

    id: str


class WorkerNode(Protocol):
    """A worker as xdist's controller sees it; xdist has no types."""

    config: pytest.Config
    gateway: Gateway
    workerinput: dict[str, object]


def shared(config: pytest.Config) -> Shared:
    """Return what the processes of this test run share: made by the first, handed to xdist's workers."""
    if _SHARED not in config.stash:
        handed: Shared | None = getattr(config, "workerinput", {}).get("kore")
        # Settled once: a test may set another temporary folder, and its worker would be alone there.
        folder = str(Path(tempfile.gettempdir()) / f"{leftovers.PREFIX}{uuid.uuid4().hex}")
        config.stash[_SHARED] = handed or {"folder": folder, "run": make_run_name(environment())}
    return config.stash[_SHARED]


def is_shared(config: pytest.Config) -> bool:
    """Say whether anything has asked for it yet."""
    return _SHARED in config.stash
