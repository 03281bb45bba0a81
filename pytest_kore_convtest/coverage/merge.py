"""The coverage of several runs as one: what any of them went through is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_kore_convtest.coverage.measure import add_totals
from pytest_kore_convtest.coverage.types import (
    AnswerCoverage,
    Coverage,
    CoverageNode,
    DialogCoverage,
    NodeCoverage,
    NotMatched,
    NotValid,
    TransitionCoverage,
)
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST, _MOST_NAMED, _LONGEST = 100, 3, 60
OTHER_BOTS = "coverage: the runs were measured against different bot definitions, so theirs is not joined"
"""What is noted of a record whose runs cannot be joined."""

_SOME_ONLY = "coverage: {} of {} reports have none of the joined kind, so they add nothing to it"


def join_coverage(several: Sequence[Coverage | None]) -> tuple[Coverage | None, list[str]]:
    """Return the union of the coverage of some reports, and what a reader might overlook.

    What is measured with a bot definition is not joined with what is not, nor runs with estimates: the
    stronger kind counts. Two different definitions are not joined at all.
    """
    known = [one for one in several if one is not None]
    if not known:
        return None, []
    for matches in (
        lambda one: one["definition"] is not None and one["source"] == "runs",
        lambda one: one["definition"] is not None,
        lambda one: one["source"] == "runs",
    ):
        if chosen := [one for one in known if matches(one)]:
            known = chosen
            break
    definitions = [one["definition"] for one in known if one["definition"]]
    if len({one["sha256"] for one in definitions}) > 1:
        names = dict.fromkeys(printable(one["path"], _LONGEST) for one in definitions)
        listed = f" ({', '.join(list(names)[:_MOST_NAMED])})" if len(names) > 1 else ""
        return None, [f"{OTHER_BOTS}{listed}"]
    left = len(several) - len(known)
    said = [_SOME_ONLY.format(left, len(several))] if left else []
    joined = known[0]
    for other in known[1:]:
        joined = _join(joined, other)
    return joined, said


def _join(one: Coverage, other: Coverage) -> Coverage:
    others = {dialog["id"]: dialog for dialog in other["dialogs"]}
    dialogs = [
        _join_dialog(dialog, others.pop(dialog["id"])) if dialog["id"] in others else dialog
        for dialog in one["dialogs"]
    ]
    dialogs += others.values()
    return Coverage(
        source=one["source"],
        definition=one["definition"],
        totals=add_totals(dialogs),
        dialogs=dialogs,
        faqs=_join_answers(one["faqs"], other["faqs"]),
        small_talk=_join_answers(one["small_talk"], other["small_talk"]),
        not_valid=_join_gone(one["not_valid"], other["not_valid"]),
        not_matched=_join_problems(one["not_matched"], other["not_matched"]),
        notes=list(dict.fromkeys([*one["notes"], *other["notes"]])),
    )


def _join_dialog(one: DialogCoverage, other: DialogCoverage) -> DialogCoverage:
    steps = [*one["steps"], *(step for step in other["steps"] if step not in one["steps"])]
    return DialogCoverage(
        id=one["id"],
        name=one["name"],
        system=one["system"],
        transitions=_join_transitions(one, other),
        nodes=_join_nodes(one["nodes"], other["nodes"]),
        steps=steps,
    )


def _join_transitions(one: DialogCoverage, other: DialogCoverage) -> TransitionCoverage:
    total = one["transitions"]["total"]
    if total is None:
        seen = {
            tuple(edge) for both in (one, other) for step in both["steps"] for edge in step["transitions"]
        }
        return TransitionCoverage(total=None, covered=len(seen), missing=[])
    without = {tuple(edge) for edge in other["transitions"]["missing"]}
    missing = [edge for edge in one["transitions"]["missing"] if tuple(edge) in without]
    return TransitionCoverage(total=total, covered=total - len(missing), missing=missing)


def _join_nodes(one: NodeCoverage, other: NodeCoverage) -> NodeCoverage:
    covered = {node["id"] for nodes in (one, other) for node in nodes["list"] if node["covered"]}
    every = {node["id"]: node for nodes in (other, one) for node in nodes["list"]}
    listed = [
        CoverageNode(id=node["id"], name=node["name"], type=node["type"], covered=node["id"] in covered)
        for node in every.values()
    ]
    missing = [node["id"] for node in listed if not node["covered"]]
    return NodeCoverage(total=one["total"], covered=len(covered), missing=missing, list=listed)


def _join_answers(one: AnswerCoverage, other: AnswerCoverage) -> AnswerCoverage:
    found = list(dict.fromkeys([*one["found"], *other["found"]]))
    missing = [name for name in one["missing"] if name not in other["found"]]
    return AnswerCoverage(total=one["total"], covered=len(found), missing=missing, found=found)


def _join_gone(one: Sequence[NotValid], other: Sequence[NotValid]) -> list[NotValid]:
    found: dict[tuple[str, str, str], NotValid] = {}
    for entry in (*one, *other):
        key = (entry["dialog"], entry["node"], entry["name"])
        steps = [*found[key]["steps"], *entry["steps"]] if key in found else entry["steps"]
        found[key] = NotValid(**{**entry, "steps": list(dict.fromkeys(steps))})
    return list(found.values())[:_MOST]


def _join_problems(one: Sequence[NotMatched], other: Sequence[NotMatched]) -> list[NotMatched]:
    counts: dict[tuple[str, str], int] = {}
    for entry in (*one, *other):
        key = (entry["what"], entry["why"])
        counts[key] = counts.get(key, 0) + entry["count"]
    return [NotMatched(what=what, why=why, count=count) for (what, why), count in counts.items()][:_MOST]
