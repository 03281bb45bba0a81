"""``doctor``: say whether a test run would work here, what is missing, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.cli import FINDINGS, OK

if TYPE_CHECKING:
    import argparse

DESCRIPTION = (
    "Say whether a test run would work here: every setting with its source, what is missing, and what the"
    " platform says to requests that change nothing. The same as pytest --kore-doctor. The exit code is 0"
    " only if a test run would work."
)
EXAMPLES = (
    ("doctor", "check the settings of this folder"),
    ("doctor Booking.json Bot.zip", "compare the bot of these files, too"),
    ("doctor --json", "for a machine"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    from pytest_kore_convtest.cli.configuration import add_settings

    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="suite files and bot exports whose bot id is compared, too"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_settings(parser, ("ds_id", "run", "emulator"))


def run(options: argparse.Namespace) -> int:
    """Print what was found."""
    from pathlib import Path

    from pytest_kore_convtest.cli.configuration import gather_raw
    from pytest_kore_convtest.cli.parser import UsageError

    named = [Path(name) for name in options.files]
    for path in named:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        if not path.is_file() and not path.is_dir():
            raise UsageError(f"{path} is neither a file nor a folder")
    from pytest_kore_convtest.doctor.examine import examine

    return OK if examine(gather_raw(options), named, as_json=options.json) else FINDINGS
