"""Where reports go: whether two paths are one file, and what a report must not overwrite."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

STDOUT = "-"
"""The path that means standard output, for the command ``report``."""

_FOLDS_CASE = sys.platform in {"darwin", "win32"}
_SETTINGS_FILES = frozenset({"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "pyproject.toml"})
_SETTINGS_FILES |= {"tox.ini", "setup.cfg", "conftest.py", ".coveragerc", ".coverage", ".env"}
_REPORT = b"pytest-kore-convtest"
_LARGEST_SUITE = 2 * 1024 * 1024

_OPTIONS = {"xmlpath": "--junitxml", "htmlpath": "--html", "log_file": "--log-file", "debug": "--debug"}
"""Options of pytest and its plugins whose files have other names than they."""

_NO_PATHS = frozenset(
    {"keyword", "markexpr", "basetemp", "rootdir", "confcutdir", "inifilename", "file_or_dir"}
)
_NO_PATHS |= {"plugins", "override_ini", "usepdb_cls", "ignore", "ignore_glob", "deselect", "pythonpath"}
"""Options of pytest that name no file which is written."""


def identify(path: str | Path) -> str:
    """Return what two paths have in common when they are one file, whether it is there or not.

    Links are followed. Where names are the same in upper and lower case, they are here, too.
    """
    real = os.path.realpath(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser may raise
    return real.casefold() if _FOLDS_CASE else real


def is_same(one: str | Path, other: str | Path) -> bool:
    """Say whether two paths are one file: by their names, by links, or because both lead to the same one."""
    if identify(one) == identify(other):
        return True
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False


def is_plain(path: str | Path) -> bool:
    """Say whether writing to a path makes or replaces a file: two reports may go to a device or pipe."""
    target = Path(path)
    try:
        return target.is_file() or not target.exists()
    except (OSError, ValueError):
        return True


def find_same_file(paths: Mapping[str, str | Path]) -> tuple[str, str] | None:
    """Return the names of two of some paths that are one file; ``None`` when there are none."""
    names = [name for name, path in paths.items() if path != STDOUT and is_plain(path)]
    for number, name in enumerate(names):
        for other in names[:number]:
            if is_same(paths[name], paths[other]):
                return other, name
    return None


def is_settings_file(path: str | Path) -> bool:
    """Say whether a path has the name of a file with settings or test code, which no report may replace."""
    name = Path(os.path.realpath(path)).name
    return name in _SETTINGS_FILES or (name.endswith(".py") and Path(path).exists())


def holds_suite(path: str | Path, globs: Sequence[str] = ()) -> bool:
    """Say whether a file holds suites in the import format, or is called like those that do and is no report.

    Args:
        path: The file.
        globs: How files of suites are called.
    """
    target = Path(path)
    try:
        if not target.is_file() or target.stat().st_size > _LARGEST_SUITE:
            return False
        data = target.read_bytes()
    except (OSError, ValueError):
        return False
    if any(target.match(glob) for glob in globs) and _REPORT not in data:
        return True
    if b'"testCases"' not in data:
        return False
    import json

    try:
        content = json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and "testCases" in content


def named_by_pytest(options: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield every option of pytest or its plugins that may name a file to write, and that file."""
    for name, value in options.items():
        if name in _NO_PATHS or name.startswith("kore_"):
            continue
        for text in _texts(value):
            spelt = _OPTIONS.get(name, "--" + name.replace("_", "-"))
            yield spelt, text
            # --cov-report=xml:FILE, and --debug without a file
            yield spelt, text.partition(":")[2]


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, os.PathLike):
        return [os.fspath(value)]
    if isinstance(value, dict):
        return [text for text in value.values() if isinstance(text, str)]
    return [text for text in value if isinstance(text, str)] if isinstance(value, (list, tuple)) else []
