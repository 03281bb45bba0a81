"""The tags of a suite that are markers of pytest: those that are registered, and those that ``-m`` names."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from pytest_kore_convtest.plugin.session import find_run

if TYPE_CHECKING:
    from pytest_kore_convtest.plugin.items.suite_collectors import SuiteNode

_MET: pytest.StashKey[set[str]] = pytest.StashKey()
"""Tags that became markers because ``-m`` names them."""

_END_OF_NAME = re.compile(r"[:(]")

_MEANT_FOR_PYTEST = frozenset(
    {"skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings", "tryfirst", "trylast"}
    | {"xdist_group", "flaky", "timeout", "kore_live", "kore_suite"}
)
"""Marks that do something: a tag of that name in a suite file means something else."""


def mark_with(tag: str, node: SuiteNode) -> None:
    """Make a tag a mark of its suite's items if it is registered, or named by ``-m``."""
    markers = tuple(node.config.getini("markers"))
    if tag in _named_by_m(node.config):
        _meet(node, tag, markers)
        markers = tuple(node.config.getini("markers"))
    if tag in _registered(markers) - _MEANT_FOR_PYTEST:
        node.marks.append(getattr(pytest.mark, tag))


def _meet(node: SuiteNode, tag: str, markers: tuple[str, ...]) -> None:
    """Make a tag that ``-m`` names a marker, if it can be one, and say so when nobody has registered it."""
    config, said = node.config, ""
    if tag in _MEANT_FOR_PYTEST or tag.startswith("_"):
        said = f"-m {tag} does not select the suites with this tag: it is no name for a marker. Use -k {tag}."
    elif tag not in _registered(markers):
        # Unregistered, pytest would warn of it, or refuse it under --strict-markers.
        config.addinivalue_line("markers", f"{tag}: a tag of suites that -m names")
        config.stash.setdefault(_MET, set()).add(tag)
    if tag in config.stash.get(_MET, ()):
        said = f"-m names {tag!r}, a tag of suites that is no registered marker: it selects by tag"
    if said:
        node.notes += (said,)
        notes = find_run(config).notes
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
