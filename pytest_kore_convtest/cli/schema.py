"""``schema``: print the JSON Schema of suite files, or of the JSON report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import OK

if TYPE_CHECKING:
    import argparse

DESCRIPTION = "Print the JSON Schema of suite files, for editors."
EXAMPLE = "schema > kore.schema.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("--report", action="store_true", help="the schema of what --kore-json writes instead")


def run(options: argparse.Namespace) -> int:
    """Print a schema."""
    if options.report:
        from pytest_kore_convtest.reports.schema import write_record_schema

        print(write_record_schema())
        return OK
    from pytest_kore_convtest.suites.schema import write_schema

    print(write_schema())
    return OK
