"""The sub-commands of ``kore-convtest``, one a module; each is imported when it is used.

A module has ``DESCRIPTION``, ``EXAMPLES``, ``add_arguments(parser)`` and ``run(options)``, and imports
nothing heavy before ``run``: help and shell completion need its arguments only. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

TYPE_CHECKING = False  # as ``typing`` has it, which takes longer to load than all the rest
if TYPE_CHECKING:
    from collections.abc import Sequence

PROG = "kore-convtest"

OK, FINDINGS, INTERRUPTED, USAGE = 0, 1, 2, 4
"""The exit codes of every sub-command: pytest's own, as the gate has them."""

COMMANDS = {
    "init": "write pytest.ini, an example suite and a CI file; or a suite of a chat log",
    "lint": "check suite files; needs no account",
    "doctor": "say whether a test run would work here, and what is missing",
    "import": "upload and import suite files, print their ds- ids",
    "convert": "write suites as JSON or YAML, also those of Kore's test runner of 2019",
    "clean": "delete the imported suites that test runs kept",
    "compare": "say what newly fails between two reports, or accept failures for a while",
    "emulator": "serve the built-in emulator of the platform, or run a command with it",
    "report": "render what --kore-json wrote as HTML or Markdown; merges several runs",
    "schema": "print the JSON Schema of suite files, for editors",
    "completion": "print a completion script for bash, zsh or fish",
}
"""Every sub-command, in the order of ``--help``, and what it does."""

EXAMPLES = (
    ("lint conversations/*.kore.json", "check exported suite files; needs no account"),
    ("emulator -- pytest --kore-run inDevelopment", "try everything without an account"),
    ("doctor", "find out why the gate does not work"),
)


def examples(rows: Sequence[tuple[str, str]]) -> str:
    """Return what a help text begins with.

    Args:
        rows: Arguments, and what they do.
    """
    wide = max(len(command) for command, _ in rows)
    return "\n".join(["examples:", *(f"  {PROG} {command:{wide}}  {meaning}" for command, meaning in rows)])


def help_text() -> str:
    """Return what ``--help`` prints."""
    lines = [examples(EXAMPLES), "", f"usage: {PROG} COMMAND [OPTIONS]", "", "commands:"]
    lines += [f"  {name:11} {meaning}" for name, meaning in COMMANDS.items()]
    lines += [
        "",
        f"{PROG} COMMAND --help lists a command's options; {PROG} --version prints the version.",
        "Exit codes: 0 fine, 1 findings or a verdict against it, 2 interrupted, 4 wrong use.",
    ]
    return "\n".join(lines)


def find_version() -> str:
    """Return the installed version.

    The name of the folder with the package's metadata says it; ``importlib.metadata``
    takes several times as long as Python takes to start.
    """
    import os
    import sys

    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - pathlib takes longer than all the rest
        except OSError:
            continue
        for name in names:
            if name.startswith("pytest_kore_convtest-") and name.endswith(".dist-info"):
                return name.removesuffix(".dist-info").partition("-")[2]
    return "unknown"
