"""What the processes of one test run know of its jobs: one file and one lock per job.

The lock is the kernel's, so it is free again the moment its holder dies. Without a
directory (no other process takes part) everything stays in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
import time
from contextlib import suppress
from time import sleep
from typing import TYPE_CHECKING, cast

from pytest_kore_convtest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_kore_convtest.errors import Poll
    from pytest_kore_convtest.jobs.store_entry import JobEntry

_PAUSES = (0.01, 0.02, 0.04, 0.08, 0.16)
"""Seconds between attempts to replace a file that another process may have open."""


class Lock:
    """The right to work on one job, until ``release``.

    Args:
        release: Lets others work on the job.
    """

    def __init__(self, release: Callable[[], object]) -> None:
        self.release = release


class JobStore:
    """Entries of one test run, by job key.

    Args:
        directory: A folder of this test run, made when first needed; ``None`` for one process.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._memory: dict[str, dict[str, object]] = {}
        self._polls: dict[str, list[Poll]] = {}
        self._held: set[str] = set()
        self._mutex = threading.Lock()

    def wall(self) -> float:
        """Return the seconds since the epoch by the clock that all processes of this test run share."""
        return time.time()

    def claim(self, key: str) -> Lock | None:
        """Take the right to work on a job; ``None`` while another process has it.

        Raises:
            ConfigError: The directory cannot be used.
        """
        if self._directory is None:
            return self._claim_here(key)
        from filelock import FileLock, Timeout

        problem = ""
        try:
            lock = FileLock(self._path(key, ".lock"), thread_local=False)
            lock.acquire(timeout=0)
        except Timeout:
            return None
        except OSError as bad:
            problem = bad.strerror or type(bad).__name__
        if problem:
            raise self._unusable(problem)
        return Lock(lock.release)

    def _claim_here(self, key: str) -> Lock | None:
        with self._mutex:
            if key in self._held:
                return None
            self._held.add(key)
        return Lock(lambda: self._held.discard(key))

    def read(self, key: str) -> JobEntry:
        """Return a job's entry; empty when there is none.

        Raises:
            ConfigError: There is one that cannot be read: a job that has begun must not be begun again.
        """
        return cast("JobEntry", self.find(key))

    def find(self, name: str) -> dict[str, object]:
        """Return what a process of this test run left for the others; empty when it is nothing.

        Raises:
            ConfigError: There is something that cannot be read.
        """
        if self._directory is None:
            return dict(self._memory.get(name, {}))
        return self._load(self._directory / _file_name(name, ".json"))

    def _load(self, path: Path) -> dict[str, object]:
        try:
            loaded: dict[str, object] = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as bad:
            problem = bad.strerror or type(bad).__name__
        except ValueError:  # files are replaced whole: this one was spoilt by something else
            problem = f"{path.name} in it is no JSON"
        else:
            return loaded
        raise self._unusable(problem)

    def write(self, key: str, entry: JobEntry) -> None:
        """Replace a job's entry, in one step.

        Raises:
            ConfigError: The directory cannot be used.
        """
        self.leave(key, entry)

    def leave(self, name: str, entry: Mapping[str, object]) -> None:
        """Replace what is left under a name for the other processes of this test run, in one step.

        Raises:
            ConfigError: The directory cannot be used.
        """
        if self._directory is None:
            self._memory[name] = dict(entry)
            return
        problem = ""
        try:
            path = self._path(name, ".json")
            handle, draft = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(entry, file)
                _replace(draft, path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(draft)  # noqa: PTH108 - a name, as mkstemp gives it
                raise
        except OSError as bad:
            problem = bad.strerror or type(bad).__name__
        if problem:
            raise self._unusable(problem)

    def note_poll(self, key: str, poll: Poll) -> None:
        """Add one request for a job's status to what is known of the job, should this process die."""
        if self._directory is None:
            self._polls.setdefault(key, []).append(poll)
            return
        # A story that cannot be kept fails no test.
        with suppress(OSError), self._path(key, ".polls").open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(poll)}\n")

    def polls(self, key: str) -> list[Poll]:
        """Return every request for a job's status that was noted, by whichever process."""
        if self._directory is None:
            return list(self._polls.get(key, ()))
        try:
            lines = (self._directory / _file_name(key, ".polls")).read_bytes().splitlines()
        except OSError:
            return []
        found: list[Poll] = []
        for line in lines:
            with suppress(ValueError):  # the last one of a process that was killed may be cut off
                found.append(json.loads(line))
        return found

    def entries(self) -> list[JobEntry]:
        """Return all entries of other processes and this one, in no order."""
        if self._directory is None:
            return [cast("JobEntry", entry) for entry in self._memory.values()]
        return [cast("JobEntry", self._load(path)) for path in self._directory.glob("*.json")]

    def _path(self, key: str, suffix: str) -> Path:
        assert self._directory is not None  # noqa: S101 - for the type checker
        with suppress(FileExistsError):
            self._directory.mkdir(mode=0o700)
        return self._directory / _file_name(key, suffix)

    def _unusable(self, problem: str) -> ConfigError:
        return ConfigError(
            f"the temporary folder {self._directory} of this test run cannot be used ({problem}):"
            " set TMPDIR to a writable folder with free disk space",
            name="tmpdir",
            source="environment",
        )


def _file_name(key: str, suffix: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32] + suffix


def _replace(draft: str, path: Path) -> None:
    """Replace a file in one step; on Windows not before the others that read it just now have closed it."""
    for pause in _PAUSES:
        with suppress(PermissionError):
            os.replace(draft, path)  # noqa: PTH105 - says "in one step"
            return
        sleep(pause)
    os.replace(draft, path)  # noqa: PTH105
