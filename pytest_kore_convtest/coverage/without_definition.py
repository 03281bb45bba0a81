"""Coverage without a bot definition: what the steps went through, and nothing about the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.coverage.graph import SYSTEM_DIALOGS, fold
from pytest_kore_convtest.coverage.types import (
    AnswerCoverage,
    Coverage,
    CoverageBoth,
    CoverageCount,
    CoverageNode,
    CoverageStep,
    CoverageTotals,
    DialogCoverage,
    NodeCoverage,
    TransitionCoverage,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_kore_convtest.coverage.types import Conversation, Place, StepVisits

MOST_STEPS = 10
"""Steps that are listed for one and the same node or transition."""

_SYSTEM = frozenset(map(fold, SYSTEM_DIALOGS))
_NOTE = "coverage: without --kore-bot-definition nobody knows what is missing"


class _Seen:
    """What was seen of one dialog."""

    def __init__(self, key: str) -> None:
        self.id, self.name = key, ""
        self.nodes: dict[str, str] = {}
        self.edges: dict[tuple[str, str], None] = {}
        self.steps: list[CoverageStep] = []
        self.hits: dict[str | tuple[str, str], int] = {}


def measure_seen(conversations: Sequence[Conversation]) -> Coverage:
    """Return what conversations went through, by the ids and names that the results tell."""
    seen: dict[str, _Seen] = {}
    faqs, talk = dict[str, None](), dict[str, None]()
    for conversation in conversations:
        for step in conversation["steps"]:
            faqs.update((texts[0], None) for texts in step["faqs"] if texts)
            talk.update((texts[0], None) for texts in step["small_talk"] if texts)
            _add_step(seen, conversation["suite"], step)
    dialogs = [_describe(one) for one in seen.values()]
    return Coverage(
        source="suites" if all(one["estimated"] for one in conversations) else "runs",
        definition=None,
        totals=CoverageBoth(own=_add([one for one in dialogs if not one["system"]]), all=_add(dialogs)),
        dialogs=dialogs,
        faqs=AnswerCoverage(total=None, covered=len(faqs), missing=[], found=list(faqs)),
        small_talk=AnswerCoverage(total=None, covered=len(talk), missing=[], found=list(talk)),
        not_valid=[],
        not_matched=[],
        notes=[_NOTE],
    )


def _add_step(seen: dict[str, _Seen], suite: str, step: StepVisits) -> None:
    for place in step["places"]:
        ids, name = place.get("dialogs", []), place.get("dialog", "")
        key = next((one for one in ids if one.startswith("dg-")), "") or name or next(iter(ids), "")
        node = place.get("node", "") or place.get("name", "")
        if not key and not node:
            continue
        one = seen.setdefault(key, _Seen(key))
        one.name = one.name or name
        nodes, edges = _read(place, node)
        for visited in nodes:
            one.nodes.setdefault(visited, "")
        if node:
            one.nodes[node] = place.get("name", "") or one.nodes[node]
        one.edges.update(dict.fromkeys(edges))
        keys: tuple[str | tuple[str, str], ...] = (*nodes, *edges)
        if any(one.hits.get(known, 0) < MOST_STEPS for known in keys):
            one.steps.append(
                CoverageStep(
                    suite=suite,
                    step=step["step"],
                    input=step["input"],
                    nodes=list(nodes),
                    transitions=[list(edge) for edge in edges],
                )
            )
        for known in keys:
            one.hits[known] = one.hits.get(known, 0) + 1


def _read(place: Place, node: str) -> tuple[dict[str, None], dict[tuple[str, str], None]]:
    """Return the nodes and transitions of a place; two nodes that are listed one after the other make one."""
    nodes, edges = dict[str, None](), dict[tuple[str, str], None]()
    last = ""
    for hop in [*place.get("path", ()), *([[node, ""]] if node else [])]:
        ends = [hop[0] or hop[1], *([hop[2] or hop[3]] if len(hop) > 2 else [])]  # noqa: PLR2004 - a pair
        for to in ends:
            nodes[to] = None
            if last and last != to and (len(ends) == 1 or to == ends[1]):
                edges[last, to] = None
            last = to
    return nodes, edges


def _describe(one: _Seen) -> DialogCoverage:
    return DialogCoverage(
        id=one.id,
        name=one.name or one.id,
        system=fold(one.name) in _SYSTEM,
        transitions=TransitionCoverage(total=None, covered=len(one.edges), missing=[]),
        nodes=NodeCoverage(
            total=None,
            covered=len(one.nodes),
            missing=[],
            list=[
                CoverageNode(id=node, name=name or node, type="", covered=True)
                for node, name in one.nodes.items()
            ],
        ),
        steps=one.steps,
    )


def _add(dialogs: Sequence[DialogCoverage]) -> CoverageTotals:
    return CoverageTotals(
        transitions=_count(sum(one["transitions"]["covered"] for one in dialogs)),
        nodes=_count(sum(one["nodes"]["covered"] for one in dialogs)),
        dialogs=_count(len(dialogs)),
    )


def _count(covered: int) -> CoverageCount:
    return CoverageCount(total=None, covered=covered)
