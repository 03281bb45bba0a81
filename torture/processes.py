"""Whole pytest processes against a platform that lies: what each printed, how it ended, what it wrote."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torture.lying_platform import STREAM, LyingPlatform

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRET = "canary-secret-4711-canary-secret-0815"  # noqa: S105 - nobody's
LONGEST = 60.0
"""Seconds after which a process is killed."""

_NAMES = ("KORE_", "PYTEST_", "COV_", "CI", "GITHUB_", "BUILD_", "CIRCLE_", "COVERAGE_")


@dataclass(frozen=True)
class Lie:
    """One way to make a test run lie, and how it has to end.

    Attributes:
        kind: The heading it stands under.
        name: What is done, in words.
        args: What is typed after ``pytest``, or after ``python`` when ``module`` is another one.
        red: Whether it has to end red.
        files: What stands in the directory, by name.
        env: The environment besides the account.
        platform: How the platform is bent; keywords of ``LyingPlatform``; ``None`` for no account at all.
        says: Patterns that have to be in what was printed.
        never: Patterns that must not be in what was printed, nor in any file that was written.
        calls: Patterns of calls, with how many of them the platform has to see.
        codes: The exit codes that are right, when "red" is not enough.
        module: The module that is started.
        written: Patterns that have to be in a file that was written, by the file's name.
        stopped_by: The signal that the process gets when it has asked for a job's status; empty for none.
    """

    kind: str
    name: str
    args: tuple[str, ...] = ()
    red: bool = True
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, Any] | None = field(default_factory=dict)
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    calls: Mapping[str, int] = field(default_factory=dict)
    codes: tuple[int, ...] = ()
    module: str = "pytest"
    written: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stopped_by: str = ""

    @property
    def title(self) -> str:
        """Its heading and its name."""
        return f"{self.kind} | {self.name}"

    @property
    def command(self) -> str:
        """The command as it is typed."""
        env = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.env.items())
        typed = shlex.join(self.args)
        return f"{env} {'pytest' if self.module == 'pytest' else f'python -m {self.module}'} {typed}".strip()


@dataclass(frozen=True)
class Seen:
    """What came of it."""

    code: int | None
    printed: str
    written: Mapping[str, str]
    calls: tuple[str, ...]


def try_out(lie: Lie, python: str = sys.executable) -> Seen:
    """Start the process in an empty directory and see what comes of it.

    Args:
        lie: What to do.
        python: The interpreter, so that another version of the plugin can be tried.
    """
    with tempfile.TemporaryDirectory() as folder, LyingPlatform(**(lie.platform or {})) as platform:
        here = Path(folder)
        for name, content in lie.files.items():
            data = content.encode() if isinstance(content, str) else content
            path = here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (here / "pytest.ini").exists() or (here / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        before = set(here.rglob("*"))
        env = {name: value for name, value in os.environ.items() if not name.startswith(_NAMES)}
        account = {} if lie.platform is None else _account(platform)
        env |= {"COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1", **account, **lie.env}
        command = [python, "-m", lie.module, *lie.args]
        if lie.module == "pytest":
            command[3:3] = ["-p", "no:randomly", "-p", "no:cacheprovider"]
        code, printed = _run(command, here, env, platform if lie.stopped_by else None, lie.stopped_by)
        written = {
            str(path.relative_to(here)): path.read_text("utf-8", "replace")
            for path in here.rglob("*")
            if path.is_file() and path not in before
        }
        return Seen(code, printed, written, tuple(platform.calls))


def _account(platform: LyingPlatform) -> dict[str, str]:
    names = {
        "HOST": platform.url,
        "STREAM_ID": STREAM,
        "CLIENT_ID": "cs-11111111",
        "CLIENT_SECRET": SECRET,
        "USER_EMAIL": "tester@example.com",
        "POLL_INTERVAL": "0.05",
        "MAX_POLL_INTERVAL": "0.05",
        "RATE_LIMIT": "off",
        "TIMEOUT": "10",
        "OUTAGE_BUDGET": "2",
    }
    return {f"KORE_{name}": value for name, value in names.items()}


def _run(
    command: list[str], here: Path, env: Mapping[str, str], asked: LyingPlatform | None, stopped_by: str
) -> tuple[int | None, str]:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command, cwd=here, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        code: int | None = None
        try:
            if asked is not None and asked.asked.wait(LONGEST):
                process.send_signal(signal.Signals[stopped_by])
            code = process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        output.seek(0)
        return code, output.read().decode("utf-8", "replace")


def find_wrong(lie: Lie, seen: Seen) -> list[str]:
    """Return in what way it went wrong; nothing when it ended as it has to."""
    if seen.code is None:
        return ["had to be killed"]
    wrong = []
    if lie.codes and seen.code not in lie.codes:
        wrong.append(f"exit code {seen.code}, not {' or '.join(map(str, lie.codes))}")
    elif not lie.codes and lie.red is not (seen.code != 0):
        wrong.append(f"exit code {seen.code}: {'green' if lie.red else 'red'}")
    if "INTERNALERROR" in seen.printed:
        wrong.append("INTERNALERROR")
    wrong += [f"does not say {one!r}" for one in lie.says if not re.search(one, seen.printed, re.MULTILINE)]
    texts = {"the terminal": seen.printed, **seen.written}
    for one in (*lie.never, re.escape(SECRET)):
        # A report quotes what a bot said, line by line; only on the terminal a line is taken for ours.
        places = {"the terminal": seen.printed} if one.startswith("^kore") else texts
        wrong += [
            f"{where} has {one!r}" for where, text in places.items() if re.search(one, text, re.MULTILINE)
        ]
    for one, count in lie.calls.items():
        found = sum(bool(re.match(one, call)) for call in seen.calls)
        if found != count:
            wrong.append(f"{found} calls {one!r}, not {count}")
    for name, patterns in lie.written.items():
        text = seen.written.get(name, "")
        wrong += [f"{name} lacks {one!r}" for one in patterns if not re.search(one, text, re.MULTILINE)]
    return wrong
