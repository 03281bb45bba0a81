"""The command: ``python -m pytest_kore_convtest emulator``."""

from __future__ import annotations

import sys

USAGE = """usage: python -m pytest_kore_convtest COMMAND [OPTIONS]

commands:
  emulator    serve the built-in stand-in of the platform; --help lists its options"""


def main(argv: list[str]) -> int:
    """Run a command and return its exit code."""
    command, *rest = argv or ["--help"]
    if command in {"-h", "--help"}:
        print(USAGE)
        return 0
    if command != "emulator":
        print(f"unknown command {command!r}\n\n{USAGE}", file=sys.stderr)
        return 2
    from pytest_kore_convtest.emulator.command import main as serve

    return serve(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
