"""The last line of a test run, where no suite was imported or not all was checked."""

import pytest

from pytest_kore_convtest.plugin.verdict.final_status import ItemCounts, Tally, write_tally
from pytest_kore_convtest.reports.job_summary import JobSummary


def imported(verdict="passed"):
    """Return the facts of an import."""
    facts = dict.fromkeys(JobSummary.__annotations__, "")
    return facts | {"kind": "import", "verdict": verdict, "excused": False, "blocked": "", "steps": 2}


FINE = ItemCounts(2, 2)


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (Tally("passed", unconfigured=3), "NOTHING WAS CHECKED: Kore is not configured, 3 skipped"),
        (
            Tally("passed", lint=FINE, unconfigured=3),
            "2 of 2 lint checks passed; NOTHING ELSE WAS CHECKED: Kore is not configured, 3 skipped",
        ),
        (
            Tally("passed", items=FINE, unconfigured=1),
            "2 of 2 tests passed; NOT CHECKED: Kore is not configured, 1 skipped",
        ),
        (
            Tally("failed", items=ItemCounts(2, 1, 1), unconfigured=1),
            "FAILED: 1 of 2 tests passed, 1 FAILED; NOT CHECKED: Kore is not configured, 1 skipped",
        ),
        (
            Tally("failed", lint=FINE, items=ItemCounts(1, 0, 1), unconfigured=1),
            (
                "FAILED: 2 of 2 lint checks passed; 1 FAILED;"
                " NOTHING ELSE WAS CHECKED: Kore is not configured, 1 skipped"
            ),
        ),
    ],
)
def test_what_was_not_checked_is_said_aloud(tally, said):
    """A green line that says no more than that something was skipped would be taken for a pass."""
    assert write_tally(tally) == said


def test_what_was_skipped_stands_behind_what_was_imported():
    """A run that asked the platform for some, and not for others, says both."""
    said = write_tally(Tally("passed", [imported()], unconfigured=2))
    assert said.endswith("; 2 skipped: Kore is not configured")
