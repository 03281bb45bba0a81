"""Suite files become pytest items: lint, import, structure, and with ``--kore-run`` the run and every step.

The items are ordinary test functions of a module without a Python file, so fixtures,
``autouse`` fixtures of every scope, marks and ``conftest.py`` work on them. They find
out in setup and judge in the call.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.plugin.items import suite_checks
from pytest_kore_convtest.plugin.own_items import OwnItem
from pytest_kore_convtest.plugin.session import find_run
from pytest_kore_convtest.plugin.terminal.output import write_lines
from pytest_kore_convtest.redaction import hide
from pytest_kore_convtest.suites.file import LocalSuite, SuiteFile, is_yaml, open_suite_file
from pytest_kore_convtest.suites.file_text import LARGEST_FILE
from pytest_kore_convtest.suites.lint.lint_files import lint_file
from pytest_kore_convtest.text import one_line, show_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.findings import Finding
_MET: pytest.StashKey[set[str]] = pytest.StashKey()
"""Tags that became markers because ``-m`` names them."""

_LONG_TO_READ = 500_000
"""Bytes of YAML that take a few seconds."""

_LONGEST_INPUT, _LONGEST_NAME = 40, 100
_END_OF_NAME = re.compile(r"[:(]")
_UNESCAPED = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"
_MEANT_FOR_PYTEST = frozenset(
    {"skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings", "tryfirst", "trylast"}
    | {"xdist_group", "flaky", "timeout", "kore_live", "kore_suite"}
)
"""Marks that do something: a tag of that name in a suite file means something else."""


class SuiteModule(pytest.Module):
    """The collector of one suite file."""

    file: SuiteFile
    fixtures: dict[object, object]

    @classmethod
    def of(cls, parent: pytest.Collector, path: Path) -> SuiteModule:
        """Make the collector."""
        plugins = parent.config.pluginmanager
        if not plugins.has_plugin(suite_checks.PLUGIN_NAME):
            plugins.register(suite_checks, suite_checks.PLUGIN_NAME)
        shown = _shown(path)
        if shown == path:
            made: SuiteModule = cls.from_parent(parent, path=path)
        else:  # the node id is printed at the start of a line
            root = parent.config.rootpath
            nodeid = shown.relative_to(root) if shown.is_relative_to(root) else shown
            made = cls.from_parent(parent, path=path, name=shown.name, nodeid=nodeid.as_posix())
        made.obj, made.fixtures = ModuleType(path.stem.replace(".", "_")), {}
        return made

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield a node for every suite; for a file that cannot be used, one item that says why."""
        _announce(self.config, self.path)
        self.file = open_suite_file(self.path)
        if not self.file.suites:
            yield SuiteItem.of(self, "lint", suite_checks.check_lint)
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


class SuiteNode(pytest.Collector):
    """The collector of one suite."""

    suite: LocalSuite
    module: SuiteModule
    group: pytest.MarkDecorator | None

    @classmethod
    def of(cls, parent: SuiteModule, name: str, suite: LocalSuite) -> SuiteNode:
        """Make the collector."""
        made: SuiteNode = cls.from_parent(parent, name=name)
        made.suite, made.module, made.group = suite, parent, None
        if parent.config.pluginmanager.has_plugin("xdist"):
            short = _fit(suite.name, _LONGEST_NAME, parent.config)
            made.group = pytest.mark.xdist_group(f"kore-{_shown(suite.path).name}-{short}")
        return made

    def collect(self) -> Iterator[pytest.Item]:
        """Yield the suite's items, in the order in which they come to pass."""
        run = find_run(self.config)
        yield SuiteItem.of(self, "lint", suite_checks.check_lint, self.suite)
        yield SuiteItem.of(self, "import", suite_checks.check_import, self.suite)
        yield SuiteItem.of(self, "structure", suite_checks.check_structure, self.suite)
        if run.settings.run is None:
            return
        yield SuiteItem.of(self, "run", suite_checks.check_run, self.suite)
        width = max(2, len(str(len(self.suite.steps))))
        for number, step in enumerate(self.suite.steps, 1):
            name = f"step {number:0{width}d} {_fit(step.input, _LONGEST_INPUT, self.config)}".rstrip()
            yield SuiteItem.of(self, name, suite_checks.check_step, self.suite, number)


class SuiteItem(OwnItem):
    """One item of a suite.

    Attributes:
        suite: The suite; ``None`` for a file that has none.
        number: The 1-based step, 0 for the other items.
        kore_notes: What is worth knowing about it.
    """

    kore_notes: list[str]

    @classmethod
    def of(
        cls,
        parent: SuiteModule | SuiteNode,
        name: str,
        check: object,
        suite: LocalSuite | None = None,
        number: int = 0,
    ) -> SuiteItem:
        """Make an item; all but lint carry the mark ``kore_live``."""
        # Looked up once for all items of a file that do the same, as pytest does for parametrized tests.
        known = (parent if isinstance(parent, SuiteModule) else parent.module).fixtures
        item: SuiteItem = cls.from_parent(parent, name=name, callobj=check, fixtureinfo=known.get(check))
        known.setdefault(check, getattr(item, "_fixtureinfo", None))
        item.suite, item.number, item.kore_notes = suite, number, []
        item.offline = check is suite_checks.check_lint
        # xunit2 has no attributes for them.
        item.user_properties += [("file", parent.nodeid.partition("::")[0]), ("line", item.line)]
        if check is not suite_checks.check_lint:
            item.add_marker("kore_live")
        if isinstance(parent, SuiteNode):
            _mark(item, parent)
        return item

    @property
    def module_node(self) -> SuiteModule:
        """The file's collector."""
        found = self.getparent(SuiteModule)
        assert found is not None  # noqa: S101 - every item of ours has one
        return found

    def sibling(self, name: str) -> str:
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
        return _shown(self.path), self.line - 1, self.nodeid.partition("::")[2].replace("::", " ")


def _mark(item: SuiteItem, node: SuiteNode) -> None:
    """Give an item its suite's group and tags; tags become marks that are registered, or named by ``-m``."""
    suite = node.suite
    if node.group is not None:
        item.add_marker(node.group)
    item.extra_keyword_matches.update(suite.tags)
    if not suite.tags:
        return
    for tag in suite.tags:
        if tag in _named_by_m(item.config):
            _meet(item, tag)
        if tag in _registered(tuple(item.config.getini("markers"))) - _MEANT_FOR_PYTEST:
            item.add_marker(tag)


def _meet(item: SuiteItem, tag: str) -> None:
    """Make a tag that ``-m`` names a marker, if it can be one, and say so when nobody has registered it."""
    said = ""
    if tag in _MEANT_FOR_PYTEST or tag.startswith("_"):
        said = f"-m {tag} does not select the suites with this tag: it is no name for a marker. Use -k {tag}."
    elif tag not in _registered(tuple(item.config.getini("markers"))):
        # Unregistered, pytest would warn of it, or refuse it under --strict-markers.
        item.config.addinivalue_line("markers", f"{tag}: a tag of suites that -m names")
        item.config.stash.setdefault(_MET, set()).add(tag)
    if tag in item.config.stash.get(_MET, ()):
        said = f"-m names {tag!r}, a tag of suites that is no registered marker: it selects by tag"
    if said:
        item.kore_notes = [*item.kore_notes, said]
        notes = find_run(item.config).notes
        notes += [said] if said not in notes else []


def _named_by_m(config: pytest.Config) -> frozenset[str]:
    return _read_names(getattr(config.option, "markexpr", "") or "")


@cache
def _read_names(expression: str) -> frozenset[str]:
    words = re.findall(r"[\w:+.\[\]\\/-]+", expression)
    return frozenset(words) - {"and", "or", "not", "True", "False", "None"}


@cache
def _registered(lines: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_END_OF_NAME.split(line, maxsplit=1)[0].strip() for line in lines)


def _fit(text: str, most: int, config: pytest.Config | None = None) -> str:
    """Make a text fit for a node id: one line, no separators, no secret, not too long.

    What the locale cannot encode is escaped as pytest escapes parameters: pytest puts the
    node id into the environment.
    """
    clean = "".join(letter if letter.isprintable() else " " for letter in hide(text))
    clean = clean.replace("::", " ").replace("[", "(").replace("]", ")")
    name = one_line(" ".join(clean.split()))[:most].strip()
    if (config is not None and config.getini(_UNESCAPED)) or _can_be_encoded(name):
        return name
    return name.encode("ascii", "backslashreplace").decode("ascii")


def _can_be_encoded(name: str) -> bool:
    try:
        name.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: Path) -> Path:
    """Return a path as it is shown; it is another one only when its name would forge or hide something."""
    shown = one_line(path.as_posix()).replace("::", ": :")
    return path if shown == path.as_posix() else Path(shown)
