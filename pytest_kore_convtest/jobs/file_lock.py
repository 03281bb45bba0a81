"""Let one process at a time change files of a project; nothing is left beside them.

A lock's file cannot be removed safely while another process may wait for it, so there is one
for each user of the machine, and not one for each suite file: what stays behind is one empty file.
"""

from __future__ import annotations

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
def hold_files(timeout: float = _PATIENCE) -> Iterator[None]:
    """Keep other test runs of this user and commands from changing suite and baseline files meanwhile.

    Args:
        timeout: Seconds to wait for another test run.

    Raises:
        ConfigError: Another test run holds them for longer than that.
        OSError: The lock cannot be made.
    """
    from filelock import FileLock, Timeout

    user = os.getuid() if hasattr(os, "getuid") else ""
    lock = FileLock(Path(tempfile.gettempdir()) / f"kore-update-{user}.lock")
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        problem = "another test run or command changes such files just now: run again"
    else:
        problem = ""
    if problem:
        raise ConfigError(problem, name="update")
    try:
        yield
    finally:
        lock.release()
