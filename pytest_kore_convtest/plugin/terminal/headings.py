"""Headings of errors on the terminal: those that came to pass in a test's body are called so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.plugin.report_facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Generator


def is_our_error(report: pytest.TestReport) -> bool:
    """Say whether a report is an ERROR of ours that came to pass in a test's body."""
    return report.failed and facts_of(report).get("error_in") == "call"


class Headings:
    """Give errors that came to pass in a test's body that heading."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Name the true phase: everyone who tells errors by the phase has had the report by now."""
        for report in terminalreporter.stats.get("error", ()):
            if isinstance(report, pytest.TestReport) and report.when == "setup" and is_our_error(report):
                report.when = "call"
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Call such a report an error all the same."""
        if not isinstance(report, pytest.TestReport) or not is_our_error(report):
            return None
        return "error", "E", "ERROR"
