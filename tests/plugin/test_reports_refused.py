"""Reports that this version cannot write are refused, not forgotten."""

import pytest


@pytest.mark.parametrize("name", ["html", "json", "markdown"])
def test_a_report_option_is_a_usage_error(run, pytester, name):
    """Whoever asks for a report that nobody writes learns of it before any test runs."""
    pytester.makepyfile("def test_it(): pass")
    result = run(f"--kore-{name}", "report")
    assert result.code == pytest.ExitCode.USAGE_ERROR
    assert f"--kore-{name} (from command line): this version writes no such report yet" in result.text
