"""``init``: write what a new project needs: ``pytest.ini``, an example suite, a CI file."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import OK, PROG, find_version
from pytest_kore_convtest.cli.new_files import write_all
from pytest_kore_convtest.cli.parser import UsageError
from pytest_kore_convtest.text import one_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

DESCRIPTION = (
    "Write pytest.ini, an example suite and a CI file. On a terminal it asks for what no option says; Enter"
    " takes the default. Nothing is ever overwritten, and either all files are written or none. No secret is"
    " asked for. With --from-transcript it writes a suite of a chat log instead."
)
EXAMPLES = (
    ("init", "ask what is needed, then write the files"),
    ("init --ci gitlab --yes", "ask nothing, take the defaults for the rest"),
    ("init --from-transcript chat.txt", "write conversations/chat.kore.yaml of a chat log"),
)

CI_FILES = {
    "github": (".github/workflows/conversation-tests.yml", "github.yml"),
    "gitlab": (".gitlab-ci.yml", "gitlab.yml"),
    "jenkins": ("Jenkinsfile", "jenkins.groovy"),
    "azure": ("azure-pipelines.yml", "azure.yml"),
    "circleci": (".circleci/config.yml", "circleci.yml"),
}
"""What a CI calls its file, and our template for it."""

SUITE = "conversations/example.kore.json"
_INI = "pytest.ini"
_ELSEWHERE = {
    "pytest.toml": "",
    ".pytest.toml": "",
    ".pytest.ini": "",
    "pyproject.toml": r"^\s*\[tool\.pytest(\.ini_options)?\]",
    "tox.ini": r"^\s*\[pytest\]",
    "setup.cfg": r"^\s*\[tool:pytest\]",
}
"""Files that configure pytest already when this stands in them; a pytest.ini would hide most of them."""

_PACKAGE = "pytest-kore-convtest[all]"
_KIND = "st-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "--host", metavar="URL", help="base URL of the platform (default: https://bots.kore.ai)"
    )
    parser.add_argument(
        "--stream-id", metavar="ID", help="the bot's st-… id (App ID; usually in App Settings > Dev Tools)"
    )
    parser.add_argument(
        "--run", metavar="VERSION", help="what is run: inDevelopment (default), published or off"
    )
    parser.add_argument(
        "--ci", choices=[*CI_FILES, "none"], help="the CI to write a file for (default: github)"
    )
    parser.add_argument("--directory", metavar="P", default=".", help="where to write (default: here)")
    parser.add_argument("--yes", action="store_true", help="ask nothing, take the defaults")
    parser.add_argument(
        "--from-transcript",
        metavar="FILE",
        help="write a suite of a chat log instead: 'user:' and 'bot:' lines, or a JSON list of turns",
    )
    parser.add_argument("--skip-existing", action="store_true", help="leave existing files, write the others")


def run(options: argparse.Namespace) -> int:
    """Write the files and say what to do next."""
    folder = Path(options.directory)
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder" if folder.exists() else f"there is no folder {folder}: make it first"
        )
    if options.from_transcript is not None:
        from pytest_kore_convtest.cli.transcript import run_transcript

        return run_transcript(options, folder)
    ask = _Asker(options)
    host = ask("host", "Base URL of the platform", "https://bots.kore.ai", _read_host)
    stream = ask("stream_id", "The bot's id (st-…), empty to set it later", "", _read_stream)
    version = ask("run", "Run which version: inDevelopment, published, off", "inDevelopment", _read_run)
    ci = ask("ci", f"CI: {', '.join(CI_FILES)}, none", "github", _read_ci)
    files = {_INI: _ini(host, stream, version), SUITE: _suite(stream)}
    if ci != "none":
        name, template = CI_FILES[ci]
        files[name] = _ci_file(template)
    left = _leave(folder, files, skip=options.skip_existing)
    write_all({folder / name: text for name, text in files.items()})
    for name in files:
        print(one_line(f"wrote {folder / name}"))
    for name, why in left.items():
        print(one_line(f"left {folder / name} as it is{why}"))
    print(_next_steps(folder, ci, stream))
    return OK


def _ci_file(template: str) -> str:
    """Return a CI file; it installs the version that wrote it, so that a red run has one cause."""
    text = (Path(__file__).parent / "templates" / template).read_text(encoding="utf-8")
    version = find_version()
    return text if version == "unknown" else text.replace(_PACKAGE, f"{_PACKAGE}=={version}")


class _Asker:
    """Take an option's value, or ask for it, or take the default.

    Args:
        options: What stands on the command line; without a terminal nothing is asked.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._given = vars(options)
        self._silent = options.yes or not (sys.stdin.isatty() and sys.stdout.isatty())

    def __call__(self, name: str, question: str, default: str, read: Callable[[str], str]) -> str:
        given = self._given[name]
        if given is not None or self._silent:
            try:
                return read(default if given is None else given)
            except ValueError as bad:
                problem = f"--{name.replace('_', '-')}: {bad}"
            raise UsageError(problem)
        try:
            return self._ask(question, default, read)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("before anything was written") from None

    def _ask(self, question: str, default: str, read: Callable[[str], str]) -> str:
        while True:
            sys.stdout.write(f"{question} [{default}]: ")
            sys.stdout.flush()
            line = sys.stdin.readline()
            if not line:  # Ctrl-D
                raise UsageError("no answer: nothing was written")
            try:
                return read(line.strip() or default)
            except ValueError as bad:
                print(f"  {one_line(str(bad))}")


def _read_host(text: str) -> str:
    from pytest_kore_convtest.settings.values import read_url

    return read_url(text)


def _read_stream(text: str) -> str:
    if not text.strip():
        return ""
    from pytest_kore_convtest.settings.values import read_id

    return read_id(text)


def _read_run(text: str) -> str:
    from pytest_kore_convtest.settings.types import read_version

    return read_version(text) or ""


def _read_ci(text: str) -> str:
    if text.lower() not in {*CI_FILES, "none"}:
        raise ValueError(f"{text!r} is not one of: {', '.join(CI_FILES)}, none")
    return text.lower()


def _settings(host: str, stream: str, version: str) -> list[str]:
    lines = [f"kore_host = {host}"]
    lines.append(
        f"kore_stream_id = {stream}"
        if stream
        else "# kore_stream_id = (App ID; usually in App Settings > Dev Tools)"
    )
    lines.append(f"kore_run = {version}" if version else "# kore_run = inDevelopment")
    return lines


def _ini(host: str, stream: str, version: str) -> str:
    return "\n".join(
        [
            "[pytest]",
            *_settings(host, stream, version),
            "",
            "# No secret stands here: the file is committed. KORE_CLIENT_ID, KORE_CLIENT_SECRET and",
            "# KORE_USER_EMAIL come from the environment, in CI from its secret store.",
            "",
        ]
    )


def _suite(stream: str) -> str:
    steps = [
        ("Start_Flow", "Hello! How can I help you?"),
        ("What can you do?", "I can answer your questions."),
    ]
    messages = [
        {"input": said, **({"event": said} if said == "Start_Flow" else {}), "outputs": [{"contains": reply}]}
        for said, reply in steps
    ]
    case = {
        "name": "EXAMPLE",
        "tags": ["example"],
        "description": "Replace it with a suite that the platform's UI exported.",
        "preprocessor": "",
        "messages": messages,
    }
    bot = {"botId": stream, "botName": "example"} if stream else {"botName": "example"}
    return json.dumps({**bot, "testCases": [case]}, indent=2) + "\n"


def _leave(folder: Path, files: dict[str, str], *, skip: bool) -> dict[str, str]:
    """Take out the files that exist already.

    Raises:
        UsageError: There are some, and nobody said that they may be left.
    """
    left = {name: "" for name in files if os.path.lexists(folder / name)}
    lines = [line for line in files[_INI].splitlines()[1:] if line.startswith("kore_")]
    other = next((name for name, pattern in _ELSEWHERE.items() if _configures(folder / name, pattern)), "")
    if other and _INI not in left:
        left[_INI] = f": {other} configures pytest here, and a pytest.ini would hide it"
    if left and not skip:
        there = [name for name, why in left.items() if not why]
        reasons = [f"{', '.join(there)} exist{'s' if len(there) == 1 else ''}"] if there else []
        reasons += [f"{other} configures pytest already" for why in left.values() if why]
        raise UsageError(
            f"nothing was written, because {' and '.join(reasons)}: --skip-existing writes the other files"
        )
    if _INI in left and (missing := _find_missing(folder / _INI, lines)):
        where = "there" if left[_INI] else "to it"
        left[_INI] += f"; add {where}: {' | '.join(missing)}"
    if skip and SUITE not in left and any((folder / SUITE).parent.glob("*.kore.json")):
        left[SUITE] = ": there are suites already"
    for name in left:
        del files[name]
    return left


def _find_missing(path: Path, lines: Iterable[str]) -> list[str]:
    """Return the lines whose key an ini file does not have."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return [
        line
        for line in lines
        if not re.search(rf"^\s*{re.escape(line.partition('=')[0].strip())}\s*=", text, re.MULTILINE)
    ]


def _configures(path: Path, pattern: str) -> bool:
    try:
        return (
            not pattern or bool(re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE))
            if path.exists()
            else False
        )
    except (OSError, UnicodeDecodeError):
        return False


def _next_steps(folder: Path, ci: str, stream: str) -> str:
    there = "" if folder == Path() else f"cd {folder} && "
    steps = [
        f"try it without an account: {there}pytest conversations --kore-emulator",
        "export your suites in the platform's UI as JSON and put them into conversations/ as NAME.kore.json",
        *(
            []
            if stream
            else ["set kore_stream_id in pytest.ini (App ID; usually in App Settings > Dev Tools)"]
        ),
        *(
            ["check kore_stream_id: these ids begin with st-"]
            if stream and not stream.startswith(_KIND)
            else []
        ),
        "set KORE_CLIENT_ID, KORE_CLIENT_SECRET and KORE_USER_EMAIL in the environment, "
        + (f"and in the secret store of your CI ({ci})" if ci != "none" else "never in a committed file"),
        f"see whether all is there: {PROG} doctor",
    ]
    return "\n".join(["next:", *(f"  {number}. {step}" for number, step in enumerate(steps, 1))])
