"""Render a record in one of the forms of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.reports.markdown import render_markdown
from pytest_kore_convtest.reports.serialize import write_record

if TYPE_CHECKING:
    from pytest_kore_convtest.reports.record import Record


def render(form: str, record: Record) -> str:
    """Return a record as ``html``, ``markdown`` or ``json``.

    Raises:
        ConfigError: What the form needs is not installed.
    """
    if form == "json":
        return write_record(record)
    if form == "coverage_csv":
        from pytest_kore_convtest.reports.coverage import write_csv

        return write_csv(record)
    if form == "markdown":
        return render_markdown(record)
    try:
        from pytest_kore_convtest.reports.html.page import render_html

        return render_html(record)
    except ModuleNotFoundError as error:
        missing = error.name
    raise ConfigError(
        f"the HTML report needs {missing}: pip install 'pytest-kore-convtest[report]'", name="html", source=""
    )
