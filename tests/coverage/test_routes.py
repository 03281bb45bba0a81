"""The ways through a dialog: what is certain of them, beside trying each transition."""

from __future__ import annotations

import random

import pytest

from pytest_kore_convtest.coverage.graph import Dialog, Node
from pytest_kore_convtest.coverage.routes import Ways


def make_dialog(draw):
    """Make a dialog of nodes that lead anywhere; some of them always speak."""
    count = draw.randint(2, 9)
    names = [f"n{at}" for at in range(count)]
    dialog = Dialog("dg-1", "A", system=False)
    for name in names:
        targets = list(dict.fromkeys(draw.choice([*names, "end", "lost"]) for _ in range(draw.randint(0, 3))))
        dialog.nodes[name] = Node(name, name, draw.choice(["entity", "script", "message"]), targets=targets)
    return dialog


def reaches(edges, start, goal):
    """Say whether a way of one transition at least leads to a node."""
    found, waiting = set(), [start]
    while waiting:
        node = waiting.pop()
        for one, to in edges:
            if one == node and to not in found:
                found.add(to)
                waiting.append(to)
    return goal in found


@pytest.mark.parametrize("seed", range(60))
def test_certain(seed):
    """Certain is a transition without which no way leads there, silent ways first."""
    draw = random.Random(seed)  # noqa: S311 - not a secret
    dialog = make_dialog(draw)
    ways, nodes = Ways(dialog), list(dialog.nodes)
    for start in nodes:
        silent = [
            edge for edge in dialog.edges if edge[0] == start or dialog.nodes[edge[0]].type != "message"
        ]
        for goal in (*nodes, "end"):
            if goal == start:
                continue
            edges = silent if reaches(silent, start, goal) else list(dialog.edges)
            found = ways.between(start, goal)
            if not reaches(edges, start, goal):
                assert found is None
                continue
            needed = {one for one in edges if not reaches([e for e in edges if e != one], start, goal)}
            assert set(found) == needed
            assert len(found) == len(needed)
