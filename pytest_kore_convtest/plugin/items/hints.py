"""Hints at suites that nobody collects, because their files are called otherwise."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from pytest_kore_convtest.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_kore_convtest.plugin.session import Run

_HINTS = "hints"
"""The key of the store's entry that holds what a worker noted about the files that it collected."""

_MOST_OPENED, _MOST_NAMED = 100, 5
"""Files that are opened to see whether they are suites, and suites that a hint names."""

_MOST_READ = 2_000_000
_SUITES = re.compile(r"""^(?:---[ \t]+)?["']?suites["']?[ \t]*:""", re.MULTILINE)
_FLOW_SUITES = re.compile(r"""[{,]\s*["']?suites["']?[ \t]*:""")
_FIRST = re.compile(r"^(?:---)?[ \t]*([^\s#-])", re.MULTILINE)


def hint_at_suites(run: Run, files: list[Path]) -> None:
    """Note which of some files in the collected folders are suites that nobody collects."""
    from pytest_kore_convtest.reports.report_paths import holds_suite
    from pytest_kore_convtest.suites.file import is_yaml
    from pytest_kore_convtest.text import show_path

    once = list(dict.fromkeys(files))  # of a folder in which two files are named each file comes twice
    # The likeliest are opened first: a folder may hold many files of other tools.
    once.sort(key=lambda path: ".kore." not in path.name.lower())
    names = [
        show_path(path)
        for path in once[:_MOST_OPENED]
        if (says_suites(path) if is_yaml(path.name) else holds_suite(path))
    ]
    if not names:
        return
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    hold, are = ("holds a suite", "is") if len(names) == 1 else ("hold suites", "are")
    hint = (
        f"not tested: {', '.join(names[:_MOST_NAMED])}{more} {hold}, but {are} not named"
        f" {' or '.join(run.settings.suite_files)}. Rename, or name on the command line or in"
        " kore_suite_files."
    )
    run.notes.append(hint)
    if hasattr(run.config, "workerinput"):
        with suppress(ConfigError):
            run.store().leave(_HINTS, {_HINTS: [hint]})


def says_suites(path: Path) -> bool:
    """Say whether a YAML file seems to hold suites, read or not: many tools have YAML files."""
    if path.name.lower().endswith((".kore.yaml", ".kore.yml")):
        return True
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_READ)
    except OSError:
        return False
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace").replace("\r", "\n")
    if _SUITES.search(text):
        return True
    first = _FIRST.search(text)
    return first is not None and first[1] == "{" and bool(_FLOW_SUITES.search(text))


def take_over_hints(run: Run) -> None:
    """Note what xdist's workers, which all see the same files, have hinted at."""
    with suppress(ConfigError):
        run.notes += cast("dict[str, list[str]]", run.store().find(_HINTS)).get(_HINTS, [])
