"""One item of a suite file: its suite, its step, and where it stands in the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from pytest_kore_convtest.plugin.own_items import OwnItem
from pytest_kore_convtest.text import one_line

if TYPE_CHECKING:
    from pytest_kore_convtest.plugin.items.suite_collectors import SuiteModule


class SuiteItem(OwnItem):
    """One item of a suite.

    Attributes:
        suite: The suite; ``None`` for a file that has none.
        number: The 1-based step, 0 for the other items.
    """

    @property
    def cls(self) -> None:
        """Not the class of its suite: the checks are functions, whose first argument pytest has to keep."""

    @property
    def instance(self) -> None:
        """As little as a class."""

    @property
    def module_node(self) -> SuiteModule:
        """The file's collector."""
        return cast("SuiteModule", self.getparent(pytest.Module))

    def sibling(self, name: str) -> str:
        """Return the node id of another item of the same suite."""
        return f"{self.parent.nodeid if self.parent else ''}::{name}"

    @property
    def line(self) -> int:
        """The line of the suite file that it is about, 1-based; without a suite, the first problem's."""
        if self.suite is None:
            places = [problem.place for problem in self.module_node.file.problems if problem.place]
            return min((place.line for place in places), default=1)
        return (self.suite.steps[self.number - 1] if self.number else self.suite).place.line

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the line of the suite file, 0-based as pytest counts."""
        return shown_path(self.path), self.line - 1, self.nodeid.partition("::")[2].replace("::", " ")


def shown_path(path: Path) -> Path:
    """Return a path as it is shown; it is another one only when its name would forge or hide something."""
    shown = one_line(path.as_posix()).replace("::", ": :")
    return path if shown == path.as_posix() else Path(shown)
