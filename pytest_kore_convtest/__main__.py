"""The command: ``kore-convtest COMMAND``, also ``python -m pytest_kore_convtest COMMAND``."""

from __future__ import annotations

import os
import sys


def main(argv: list[str]) -> int:
    """Run a command and return its exit code.

    Help and version are printed without ``argparse``, which takes as long to load as Python itself.

    Args:
        argv: The arguments after the program's name.
    """
    from pytest_kore_convtest.cli import COMMANDS, PROG, USAGE, find_version, help_text

    name, *rest = argv or ["--help"]
    if name in {"-h", "--help"}:
        print(help_text())
        return 0
    if name in {"-V", "--version"}:
        print(f"{PROG} {find_version()}")
        return 0
    from pytest_kore_convtest.cli.parser import nearest, run

    if name in COMMANDS:
        return run(name, rest)
    near = nearest(name)
    hint = f"did you mean {near}" if near else f"there are {', '.join(COMMANDS)}"
    from pytest_kore_convtest.text import fit, one_line

    said = f"{PROG}: error: there is no command '{one_line(name)}': {hint}"
    print(fit(said, sys.stderr.encoding), file=sys.stderr)
    return USAGE


def run_command() -> int:
    """Run the command that stands on the command line; the entry point of the console script."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for good
    # A terminal that knows few letters gets escapes of the others, not a traceback.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except (BrokenPipeError, KeyboardInterrupt):  # the reader of a pipe, or the user, has seen enough
        _drop_output()
        return 2
    except OSError as error:
        _drop_output()
        sys.stderr.write(f"kore-convtest: error: cannot write to standard output: {error.strerror}\n")
        return 4
    return code


def _drop_output() -> None:
    """Drop what is not written yet: Python flushes once more at its end, and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(run_command())
