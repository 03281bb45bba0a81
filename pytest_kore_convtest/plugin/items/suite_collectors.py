"""Suite files become pytest items: lint, import, structure, and with ``--kore-run`` the run and every step.

The items are ordinary test functions of a module without a Python file, so fixtures,
``autouse`` fixtures of every scope, marks and ``conftest.py`` work on them. They find
out in setup and judge in the call.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.plugin.items import suite_checks
from pytest_kore_convtest.plugin.items.suite_item import SuiteItem, shown_path
from pytest_kore_convtest.plugin.items.suite_tags import mark_with
from pytest_kore_convtest.plugin.session import find_run
from pytest_kore_convtest.plugin.terminal.output import write_lines
from pytest_kore_convtest.redaction import hide
from pytest_kore_convtest.suites.file import LocalSuite, SuiteFile, is_yaml, open_suite_file
from pytest_kore_convtest.suites.file_text import LARGEST_FILE
from pytest_kore_convtest.suites.lint.lint_files import lint_file
from pytest_kore_convtest.text import one_line, show_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_kore_convtest.findings import Finding
_LONG_TO_READ = 500_000
"""Bytes of YAML that take a few seconds."""

_LONGEST_INPUT, _LONGEST_NAME = 40, 100
_UNESCAPED = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"


class SuiteModule(pytest.Module):
    """The collector of one suite file."""

    file: SuiteFile
    fixtures: dict[object, object]
    live: pytest.MarkDecorator
    shown: Path
    label: tuple[str, str]

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path) -> SuiteModule:
        """Make the collector."""
        plugins = parent.config.pluginmanager
        if not plugins.has_plugin(suite_checks.PLUGIN_NAME):
            plugins.register(suite_checks, suite_checks.PLUGIN_NAME)
        shown = shown_path(path)
        if shown == path:
            made: SuiteModule = cls.from_parent(parent, path=path)
        else:  # the node id is printed at the start of a line
            root = parent.config.rootpath
            nodeid = shown.relative_to(root) if shown.is_relative_to(root) else shown
            made = cls.from_parent(parent, path=path, name=shown.name, nodeid=nodeid.as_posix())
        made.obj, made.fixtures = ModuleType(path.stem.replace(".", "_")), {}
        made.shown, made.live = shown, pytest.mark.kore_live
        made.label = ("file", made.nodeid.partition("::")[0])
        return made

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield a node for every suite; for a file that cannot be used, one item that says why."""
        _announce(self.config, self.path)
        self.file = open_suite_file(self.path)
        if not self.file.suites:
            yield _make_item(self, "lint", suite_checks.check_lint)
        seen: dict[str, int] = {}
        for suite in self.file.suites:
            name = _fit(suite.name, _LONGEST_NAME, self.config) or "suite"
            seen[name] = seen.get(name, 0) + 1
            again = f" ({seen[name]})" if seen[name] > 1 else ""
            yield SuiteNode.of(self, name + again, suite)

    def findings(self) -> list[Finding]:
        """Return what lint finds in the file, looked for once."""
        if not hasattr(self, "_findings"):
            settings = find_run(self.config).settings
            self._findings = lint_file(self.file, stream_id=settings.stream_id, rules=settings.rules)
        return self._findings


def _announce(config: pytest.Config, path: Path) -> None:
    """Say that a large YAML file is read, unless ``-q`` asks for silence: it can take ten seconds."""
    if not is_yaml(path.name) or config.get_verbosity() < 0:
        return
    with suppress(OSError):  # which reading it tells
        size = path.stat().st_size
        if _LONG_TO_READ < size <= LARGEST_FILE:
            said = f"kore: reading {show_path(path)}: {size / 1_000_000:.1f} MB of YAML may take some seconds"
            write_lines(config, [f"{said}, as JSON less"])


class SuiteNode(pytest.Class):
    """The collector of one suite: a class, because editors draw only files and classes as levels."""

    suite: LocalSuite
    module_node: SuiteModule
    marks: list[pytest.MarkDecorator]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, parent: SuiteModule, name: str, suite: LocalSuite) -> SuiteNode:
        """Make the collector."""
        made: SuiteNode = cls.from_parent(parent, name=name)
        # Of a module that nobody has loaded: who asks for the source of the class is told that there is none.
        made.obj = type("Suite", (), {"__module__": suite_checks.PLUGIN_NAME})
        made.suite, made.module_node = suite, parent
        return made

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the suite's items, in the order in which they come to pass."""
        run = find_run(self.config)
        self.marks, self.notes = [], ()
        if self.config.pluginmanager.has_plugin("xdist"):
            short = _fit(self.suite.name, _LONGEST_NAME, self.config)
            self.marks.append(pytest.mark.xdist_group(f"kore-{self.module_node.shown.name}-{short}"))
        for tag in self.suite.tags:
            mark_with(tag, self)
        yield _make_item(self, "lint", suite_checks.check_lint, self.suite)
        yield _make_item(self, "import", suite_checks.check_import, self.suite)
        yield _make_item(self, "structure", suite_checks.check_structure, self.suite)
        if run.settings.run is None:
            return
        yield _make_item(self, "run", suite_checks.check_run, self.suite)
        width = max(2, len(str(len(self.suite.steps))))
        for number, step in enumerate(self.suite.steps, 1):
            name = f"step {number:0{width}d} {_fit(step.input, _LONGEST_INPUT, self.config)}".rstrip()
            yield _make_item(self, name, suite_checks.check_step, self.suite, number)


def _make_item(
    parent: SuiteModule | SuiteNode,
    name: str,
    check: object,
    suite: LocalSuite | None = None,
    number: int = 0,
) -> SuiteItem:
    """Make an item; all but lint carry the mark ``kore_live``."""
    # Looked up once for all items of a file that do the same, as pytest does for parametrized tests.
    module = parent if isinstance(parent, SuiteModule) else parent.module_node
    known = module.fixtures.get(check)
    item: SuiteItem = SuiteItem.from_parent(parent, name=name, callobj=check, fixtureinfo=known)
    if known is None:
        module.fixtures[check] = getattr(item, "_fixtureinfo", None)
    item.suite, item.number = suite, number
    item.offline = check is suite_checks.check_lint
    # xunit2 has no attributes for them.
    item.user_properties += [module.label, ("line", item.line)]
    if not item.offline:
        item.add_marker(module.live)
    if isinstance(parent, SuiteNode):
        for mark in parent.marks:
            item.add_marker(mark)
        item.kore_notes = parent.notes
        item.extra_keyword_matches.update(parent.suite.tags)
    return item


def _fit(text: str, most: int, config: pytest.Config | None = None) -> str:
    """Make a text fit for a node id: one line, no separators, no secret, not too long.

    What the locale cannot encode is escaped as pytest escapes parameters: pytest puts the
    node id into the environment.
    """
    clean = hide(text)
    if not clean.isprintable():
        clean = "".join(letter if letter.isprintable() else " " for letter in clean)
    clean = clean.replace("::", " ").replace("[", "(").replace("]", ")")
    name = one_line(" ".join(clean.split()))[:most].strip()
    if name.isascii() or (config is not None and config.getini(_UNESCAPED)) or _can_be_encoded(name):
        return name
    return name.encode("ascii", "backslashreplace").decode("ascii")


def _can_be_encoded(name: str) -> bool:
    try:
        name.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        return False
    return True
