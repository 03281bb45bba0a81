"""``schema``: print the JSON Schema of suite files, or of the JSON report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import OK

if TYPE_CHECKING:
    import argparse

DESCRIPTION = "Print the JSON Schema of suite files (JSON or YAML), for editors, or that of the JSON report."
EXAMPLES = (
    ("schema > kore.schema.json", "of suite files, for an editor"),
    ("schema yaml > kore-yaml.schema.json", "of suite files in YAML"),
    ("schema report", "of what --kore-json writes"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "what",
        nargs="?",
        choices=["suite", "yaml", "report"],
        default="suite",
        help="of what (default: suite)",
    )
    parser.add_argument("--report", action="store_true", help="the same as: schema report")


def run(options: argparse.Namespace) -> int:
    """Print a schema."""
    if options.report or options.what == "report":
        from pytest_kore_convtest.reports.schema import write_record_schema

        print(write_record_schema())
        return OK
    if options.what == "yaml":
        from pytest_kore_convtest.suites.yaml.schema import write_yaml_schema

        print(write_yaml_schema())
        return OK
    from pytest_kore_convtest.suites.schema import write_schema

    print(write_schema())
    return OK
