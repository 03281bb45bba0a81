"""What the page shows of coverage: a fold per dialog, its nodes with the steps that went through each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.reports.coverage import count_words, percent, sort_dialogs, sum_up

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_kore_convtest.coverage.types import (
        Coverage,
        CoverageNode,
        CoverageStep,
        DialogCoverage,
        NodeCoverage,
        TransitionCoverage,
    )

MOST_NODES = 6_000
"""Nodes on the page; the JSON report has all."""

_MOST_STEPS = 3


class StepLink(NamedTuple):
    """A step by its suite, number and input, and where it stands on the page; empty when nobody can tell."""

    said: str
    anchor: str


class NodeView(NamedTuple):
    """A node: the transitions from it that nothing went through, and the first steps that went through it."""

    node: CoverageNode
    missing: list[str]
    steps: list[StepLink]


class DialogView(NamedTuple):
    """A dialog: its counts in words, and its nodes as far as there is room."""

    name: str
    system: bool
    transitions: str
    nodes: str
    listed: list[NodeView]
    left: int


class CoverageView(NamedTuple):
    """What the page shows of coverage."""

    line: str
    dialogs: list[DialogView]
    faqs: str
    small_talk: str
    coverage: Coverage


def view_coverage(coverage: Coverage | None, anchors: Mapping[tuple[str, int], str]) -> CoverageView | None:
    """Return what the page shows; ``None`` when nothing was measured.

    Args:
        coverage: What was measured.
        anchors: Where steps stand on the page, by the names of their suites and their numbers.
    """
    if coverage is None:
        return None
    return CoverageView(
        line=sum_up(coverage),
        dialogs=list(_view_dialogs(coverage, anchors)),
        faqs=count_words(coverage["faqs"]),
        small_talk=count_words(coverage["small_talk"]),
        coverage=coverage,
    )


def _view_dialogs(coverage: Coverage, anchors: Mapping[tuple[str, int], str]) -> Iterator[DialogView]:
    room = MOST_NODES
    for one in sort_dialogs(coverage):
        shown = one["nodes"]["list"][:room]
        room -= len(shown)
        yield DialogView(
            name=one["name"] or one["id"],
            system=one["system"],
            transitions=_say_count(one["transitions"], "transitions"),
            nodes=_say_count(one["nodes"], "nodes"),
            listed=_view_nodes(one, shown, anchors),
            left=len(one["nodes"]["list"]) - len(shown),
        )


def _say_count(counted: TransitionCoverage | NodeCoverage, what: str) -> str:
    """Write a count as words: ``6 of 8 transitions (75.0 %)``; what is not known has no percentage."""
    share = percent(counted)
    return f"{count_words(counted)} {what}{f' ({share})' if share else ''}"


def _view_nodes(
    dialog: DialogCoverage, shown: list[CoverageNode], anchors: Mapping[tuple[str, int], str]
) -> list[NodeView]:
    names = {node["id"]: node["name"] for node in dialog["nodes"]["list"]}
    missing: dict[str, list[str]] = {}
    for edge in dialog["transitions"]["missing"]:
        missing.setdefault(edge[0] if edge else "", []).append(names.get(edge[-1], edge[-1]) if edge else "")
    steps: dict[str, list[CoverageStep]] = {}
    for step in dialog["steps"]:
        for node in step["nodes"]:
            steps.setdefault(node, []).append(step)
    return [
        NodeView(
            node,
            missing.get(node["id"], []),
            [_link_step(one, anchors) for one in steps.get(node["id"], [])[:_MOST_STEPS]],
        )
        for node in shown
    ]


def _link_step(step: CoverageStep, anchors: Mapping[tuple[str, int], str]) -> StepLink:
    said = f"{step['suite']}: step {step['step']:02} {step['input']}".rstrip()
    return StepLink(said, anchors.get((step["suite"], step["step"]), ""))
