"""What ``--kore-baseline`` names: a file of accepted failures, or the report of an earlier run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.text import show_path

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_kore_convtest.history.baseline import Baseline
    from pytest_kore_convtest.history.identity import RunState


class NamedBaseline(NamedTuple):
    """What ``--kore-baseline`` names: one of the two.

    Attributes:
        accepted: A file of accepted failures.
        earlier: The report of an earlier run.
    """

    accepted: Baseline | None = None
    earlier: RunState | None = None


def read_named_baseline(path: Path | None, *, is_worker: bool) -> NamedBaseline:
    """Read the file, before anything is sent.

    Raises:
        ConfigError: It cannot be used.
    """
    if path is None:
        return NamedBaseline()
    from pytest_kore_convtest.history.baseline_file import read_baseline, read_content

    shown = show_path(path)
    content = read_content(path, shown)
    if not _is_report(content):
        return NamedBaseline(accepted=read_baseline(content, shown))
    if is_worker:  # the controller compares
        return NamedBaseline()
    from pytest_kore_convtest.history.identity import read_run
    from pytest_kore_convtest.reports.serialize import read_record

    return NamedBaseline(earlier=read_run(read_record(content, shown)))


def _is_report(content: bytes) -> bool:
    from pytest_kore_convtest.reports.record import FORMAT

    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("format") == FORMAT
