"""Which JSON and YAML files are suite files: those with its name, and those named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_OURS = (".json", ".kore.yaml", ".kore.yml")


def collect_suites(path: Path, parent: pytest.Collector, others: list[object]) -> list[object]:
    """Return the collectors of a JSON or YAML file: ours first, if it is a suite file."""
    if not _is_suite_file(parent.config, path) and not _is_named_for_us(parent, path, others):
        # pytest walks through a whole folder for one file of it that is named.
        if not others and any(map(parent.session.isinitpath, path.parents)):
            from pytest_kore_convtest.plugin.own_items import OTHER_FILES

            parent.config.stash.setdefault(OTHER_FILES, []).append(path)
        return others
    from pytest_kore_convtest.plugin.items.suite_collectors import SuiteModule
    from pytest_kore_convtest.plugin.start import begin

    begin(parent.config)
    return [SuiteModule.of(parent, path), *others]


def _is_suite_file(config: pytest.Config, path: Path) -> bool:
    """Say whether a file's name fits ``kore_suite_files``."""
    lines = config.getini("kore_suite_files")
    lines = ["*.kore.json", "*.kore.yaml"] if lines is ... else lines
    return any(path.match(glob) for line in lines for glob in line.split())


def _is_named_for_us(parent: pytest.Collector, path: Path, others: list[object]) -> bool:
    """Say whether a file was named on the command line, and not for another plugin that collects it."""
    if not parent.session.isinitpath(path):
        return False
    if not others or path.name.lower().endswith(_OURS):
        return True
    from pytest_kore_convtest.plugin.items.hints import says_suites

    return says_suites(path)
