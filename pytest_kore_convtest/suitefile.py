"""A local file in the platform's import format becomes suites.

The format (``{botId, botName, testCases: [{name, tags, description, messages}]}``) is
inferred from real exported files; the platform documents only "JSON, at most 2 MB".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.errors import SuiteFileError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_FILE = 2 * 1024 * 1024
"""Bytes that the platform takes (documented)."""


@dataclass(frozen=True)
class LocalSuite:
    """One suite of a local file.

    Attributes:
        path: The file.
        name: The suite's name.
        description: Its description.
        tags: Its tags.
        steps: How many steps it has.
        data: The bytes to upload: the file itself, or this suite alone when the file holds several.
    """

    path: Path
    name: str
    description: str
    tags: tuple[str, ...]
    steps: int
    data: bytes


def read_suite_file(path: Path) -> list[LocalSuite]:
    """Read all suites of a file.

    Raises:
        SuiteFileError: It cannot be read, is too large, no JSON, or holds no suite.
    """
    data = _read_bytes(path)
    content = _load(path, data)
    cases = content.get("testCases") if isinstance(content, dict) else None
    if not isinstance(cases, list) or not cases:
        raise _error(
            path, "holds no suite: it needs an object with a list 'testCases' (the UI's JSON export)"
        )
    suites = []
    for number, case in enumerate(cases):
        if not isinstance(case, dict) or not isinstance(case.get("name"), str) or not case["name"].strip():
            raise _error(path, f"testCases[{number}] has no name")
        alone = data if len(cases) == 1 else json.dumps({**content, "testCases": [case]}).encode()
        suites.append(_suite(path, case, alone))
    return suites


def pick_suite(suites: list[LocalSuite], name: str | None) -> LocalSuite:
    """Return the suite of that name, or the only one.

    Raises:
        SuiteFileError: There is no such suite, or there are several and no name was given.
    """
    found = [suite for suite in suites if name in {None, suite.name}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(repr(suite.name) for suite in suites)
    problem = (
        f"has no suite {name!r}: it holds {names}" if name else f"holds several suites, give name=: {names}"
    )
    raise _error(suites[0].path, problem)


def _suite(path: Path, case: dict[str, Any], data: bytes) -> LocalSuite:
    tags, messages = case.get("tags"), case.get("messages")
    return LocalSuite(
        path=path,
        name=case["name"],
        description=str(case.get("description") or ""),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        steps=len(messages) if isinstance(messages, list) else 0,
        data=data,
    )


def _read_bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as bad:
        problem = bad.strerror or type(bad).__name__
    else:
        if len(data) > LARGEST_FILE:
            raise _error(path, f"has {len(data)} bytes; the platform takes at most {LARGEST_FILE} (2 MB)")
        return data
    raise _error(path, f"cannot be read: {problem}")


def _load(path: Path, data: bytes) -> Any:
    try:
        return json.loads(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except json.JSONDecodeError as bad:
        problem, line = f"is no JSON: {bad.msg} at line {bad.lineno}, column {bad.colno}", bad.lineno
    except UnicodeDecodeError as bad:
        problem, line = f"is no UTF-8 text (byte {bad.start})", 0
    except RecursionError:
        problem, line = "is nested too deep", 0
    raise _error(path, problem, line)


def _error(path: Path, problem: str, line: int = 0) -> SuiteFileError:
    return SuiteFileError(f"{path}: {problem}", path=str(path), line=line or None, findings=[])
