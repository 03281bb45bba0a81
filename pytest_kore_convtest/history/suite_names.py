"""Which suites the files have of which a baseline speaks."""

from __future__ import annotations

from pathlib import Path


class SuiteNames:
    """Find out which suites a file has of which an entry speaks.

    Args:
        root: pytest's rootdir; a test run may have started in it, or below.
    """

    def __init__(self, root: Path) -> None:
        here = Path.cwd()
        above = [folder for folder in here.parents if folder.is_relative_to(root)]
        self._folders = dict.fromkeys([here, *above, root])
        self._known: dict[str, frozenset[str] | None] = {}

    def __call__(self, file: str) -> frozenset[str] | None:
        """Return the names of a file's suites; none when it cannot be read, ``None`` when it is not there."""
        if file not in self._known:
            self._known[file] = self._read(file)
        return self._known[file]

    def _read(self, file: str) -> frozenset[str] | None:
        from pytest_kore_convtest.suites.file import open_suite_file

        parts = file.replace("\\", "/").split("/")
        for folder in self._folders:
            for at in range(len(parts)):  # a test run may have started above, too
                path = folder / "/".join(parts[at:])
                if path.is_file():
                    return frozenset(suite.name for suite in open_suite_file(path).suites)
        return None
