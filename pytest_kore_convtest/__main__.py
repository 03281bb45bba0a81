"""The command: ``python -m pytest_kore_convtest COMMAND``."""

from __future__ import annotations

import sys

USAGE = """usage: python -m pytest_kore_convtest COMMAND [OPTIONS]

commands:
  emulator    serve the built-in stand-in of the platform; --help lists its options
  report      render what --kore-json wrote as HTML or Markdown; merges several runs; --help lists its options
  schema      print the JSON Schema of suite files, for editors; --report: of what --kore-json writes"""


def main(argv: list[str]) -> int:
    """Run a command and return its exit code."""
    command, *rest = argv or ["--help"]
    if command in {"-h", "--help"}:
        print(USAGE)
        return 0
    if command == "schema":
        return _print_schema(rest)
    if command == "report":
        from pytest_kore_convtest.report.command import main as render

        return render(rest)
    if command != "emulator":
        from pytest_kore_convtest.text import fit, one_line

        shown = fit(one_line(command), sys.stderr.encoding)
        print(f"unknown command '{shown}'\n\n{USAGE}", file=sys.stderr)
        return 2
    from pytest_kore_convtest.emulator.command import main as serve
    from pytest_kore_convtest.text import fit, one_line

    return serve(rest, lambda line: fit(one_line(line), sys.stderr.encoding))


def _print_schema(rest: list[str]) -> int:
    if rest == ["--report"]:
        from pytest_kore_convtest.report.shape import write_record_schema

        print(write_record_schema())
        return 0
    if rest and rest[0] not in {"-h", "--help"}:
        print(f"schema takes no options but --report\n\n{USAGE}", file=sys.stderr)
        return 2
    from pytest_kore_convtest.schema import write_schema

    print(USAGE if rest else write_schema())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
