"""Suite files become pytest items: lint, import, structure, and with ``--kore-run`` the run and every step.

The items are ordinary test functions of a module without a Python file, so fixtures,
``autouse`` fixtures of every scope, marks and ``conftest.py`` work on them. They find
out in setup and judge in the call.
"""

from __future__ import annotations

import re
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_kore_convtest import checks
from pytest_kore_convtest.items import OwnItem
from pytest_kore_convtest.lint import lint_file
from pytest_kore_convtest.session import find_run
from pytest_kore_convtest.suitefile import LocalSuite, SuiteFile, open_suite_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST_INPUT, _LONGEST_NAME = 40, 100
_MEANT_FOR_PYTEST = frozenset(
    {"skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings", "tryfirst", "trylast"}
    | {"xdist_group", "flaky", "timeout", "kore_live", "kore_suite"}
)
"""Marks that do something: a tag of that name in a suite file means something else."""


class SuiteModule(pytest.Module):
    """The collector of one suite file."""

    file: SuiteFile

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path) -> SuiteModule:
        """Make the collector."""
        plugins = parent.config.pluginmanager
        if not plugins.has_plugin(checks.PLUGIN_NAME):
            plugins.register(checks, checks.PLUGIN_NAME)
        made: SuiteModule = cls.from_parent(parent, path=path)
        made.obj = ModuleType(path.stem.replace(".", "_"))
        return made

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield a node for every suite; for a file that cannot be used, one item that says why."""
        self.file = open_suite_file(self.path)
        if not self.file.suites:
            yield SuiteItem.of(self, "lint", checks.check_lint)
        seen: dict[str, int] = {}
        for suite in self.file.suites:
            name = _fit(suite.name, _LONGEST_NAME) or "suite"
            seen[name] = seen.get(name, 0) + 1
            again = f" ({seen[name]})" if seen[name] > 1 else ""
            yield SuiteNode.of(self, name + again, suite)

    def findings(self) -> list[Any]:
        """Return what lint finds in the file, looked for once."""
        if not hasattr(self, "_findings"):
            stream_id = find_run(self.config).settings.stream_id
            self._findings = lint_file(self.file, stream_id=stream_id)
        return self._findings


class SuiteNode(pytest.Collector):
    """The collector of one suite."""

    suite: LocalSuite

    @classmethod
    def of(cls, parent: SuiteModule, name: str, suite: LocalSuite) -> SuiteNode:
        """Make the collector."""
        made: SuiteNode = cls.from_parent(parent, name=name)
        made.suite = suite
        return made

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the suite's items, in the order in which they come to pass."""
        run = find_run(self.config)
        yield SuiteItem.of(self, "lint", checks.check_lint, self.suite)
        yield SuiteItem.of(self, "import", checks.check_import, self.suite)
        yield SuiteItem.of(self, "structure", checks.check_structure, self.suite)
        if run.settings.run is None:
            return
        yield SuiteItem.of(self, "run", checks.check_run, self.suite)
        width = max(2, len(str(len(self.suite.steps))))
        for number, step in enumerate(self.suite.steps, 1):
            name = f"step {number:0{width}d} {_fit(step.input, _LONGEST_INPUT)}".rstrip()
            yield SuiteItem.of(self, name, checks.check_step, self.suite, number)


class SuiteItem(OwnItem):
    """One item of a suite.

    Attributes:
        suite: The suite; ``None`` for a file that has none.
        number: The 1-based step, 0 for the other items.
    """

    @classmethod
    def of(
        cls, parent: Any, name: str, check: Any, suite: LocalSuite | None = None, number: int = 0
    ) -> SuiteItem:
        """Make an item; all but lint carry the mark ``kore_live``."""
        item: SuiteItem = cls.from_parent(parent, name=name, callobj=check)
        item.suite, item.number, item.offline = suite, number, check is checks.check_lint
        # xunit2 has no attributes for them.
        item.user_properties += [("file", parent.nodeid.partition("::")[0]), ("line", item.line)]
        if check is not checks.check_lint:
            item.add_marker("kore_live")
        if suite is not None:
            _mark(item, suite)
        return item

    @property
    def module_node(self) -> SuiteModule:
        """The file's collector."""
        found = self.getparent(SuiteModule)
        assert found is not None  # noqa: S101 - every item of ours has one
        return found

    def twin(self, name: str) -> str:
        """Return the node id of another item of the same suite."""
        return f"{self.parent.nodeid if self.parent else ''}::{name}"

    @property
    def line(self) -> int:
        """The line of the suite file that it is about, 1-based."""
        if self.suite is None:
            return 1
        return (self.suite.steps[self.number - 1] if self.number else self.suite).place.line

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the line of the suite file, 0-based as pytest counts."""
        return self.path, self.line - 1, self.nodeid.partition("::")[2].replace("::", " ")


def _mark(item: SuiteItem, suite: LocalSuite) -> None:
    """Give an item its suite's group and tags; only tags that are registered markers become marks."""
    plugins = item.config.pluginmanager
    if plugins.has_plugin("xdist"):
        item.add_marker(pytest.mark.xdist_group(f"kore-{suite.path.name}-{suite.name}"))
    item.extra_keyword_matches.update(suite.tags)
    if not suite.tags:
        return
    known = _registered(tuple(item.config.getini("markers"))) - _MEANT_FOR_PYTEST
    for tag in suite.tags:
        if tag in known:
            item.add_marker(tag)


@cache
def _registered(lines: tuple[str, ...]) -> frozenset[str]:
    return frozenset(re.split(r"[:(]", line)[0].strip() for line in lines)


def _fit(text: str, most: int) -> str:
    """Make a text fit for a node id: one line, no separators, not too long."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    clean = clean.replace("::", " ").replace("[", "(").replace("]", ")")
    return " ".join(clean.split())[:most].strip()
