"""A known failure in the reports: told, and no error of a pull request."""

from reports.records import make_failed_suite, make_record

from pytest_kore_convtest.reports.github import render_annotations
from pytest_kore_convtest.reports.markdown import render_markdown


def known(said):
    """Return a record whose failed step is accepted, or not."""
    suite = make_failed_suite()
    suite["steps"][1]["known"] = said
    suite["run"]["excused"] = bool(said)
    return make_record(suite)


def test_github_is_warned_of_known_failures_only():
    """Neither the step nor its run is an error; without an acceptance both are."""
    kinds = [
        {line.partition(" ")[0] for line in render_annotations(known(said))} for said in ("TICKET-7", "")
    ]
    assert kinds == [{"::warning"}, {"::error"}]


def test_markdown_says_why_it_is_accepted():
    """Beside the failure itself."""
    assert "`known failure until 2099-01-31: TICKET-7`" in render_markdown(
        known("known failure until 2099-01-31: TICKET-7")
    )
