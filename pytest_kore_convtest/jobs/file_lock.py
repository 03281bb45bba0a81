"""Let one process at a time change a file; the lock lies elsewhere, so that nothing is left beside it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 10.0
"""Seconds that another process gets to finish."""


@contextmanager
def hold_file(path: Path, timeout: float = _PATIENCE) -> Iterator[None]:
    """Keep other test runs of this machine from changing a file meanwhile.

    Args:
        path: The file.
        timeout: Seconds to wait for another test run.

    Raises:
        ConfigError: Another test run has it for longer than that.
        OSError: The lock cannot be made.
    """
    from filelock import FileLock, Timeout

    key = hashlib.sha256(os.path.realpath(path).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    user = os.getuid() if hasattr(os, "getuid") else ""
    lock = FileLock(Path(tempfile.gettempdir()) / f"kore-update-{user}-{key}.lock")
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        problem = "another test run changes it just now: run again"
    else:
        problem = ""
    if problem:
        raise ConfigError(problem, name="update")
    try:
        yield
    finally:
        lock.release()
