"""Render a record in one of the forms of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.report.canon import write_record
from pytest_kore_convtest.report.markdown import render_markdown

if TYPE_CHECKING:
    from pytest_kore_convtest.report.record import Record


def render(form: str, record: Record) -> str:
    """Return a record as ``html``, ``markdown`` or ``json``.

    Raises:
        ConfigError: What the form needs is not installed.
    """
    if form == "json":
        return write_record(record)
    if form == "markdown":
        return render_markdown(record)
    try:
        from pytest_kore_convtest.report.html import render_html

        return render_html(record)
    except ModuleNotFoundError as error:
        missing = error.name
    raise ConfigError(
        f"the HTML report needs {missing}: pip install 'pytest-kore-convtest[report]'", name="html", source=""
    )
