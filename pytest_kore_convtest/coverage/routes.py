"""Which transitions a bot has gone through for certain on its way from one node to another.

A result may name the nodes that spoke and not those between them. What is between is not guessed: counted
are the transitions that every way from the one node to the other takes.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from pytest_kore_convtest.coverage.graph import END, MESSAGE, Edge

if TYPE_CHECKING:
    from pytest_kore_convtest.coverage.graph import Dialog


class Ways:
    """The ways through one dialog; what was found once is known.

    Args:
        dialog: The dialog.
    """

    def __init__(self, dialog: Dialog) -> None:
        self._loud = {node.id: node.targets for node in dialog.nodes.values()}
        self._quiet = {node.id: node.targets for node in dialog.nodes.values() if node.type != MESSAGE}
        self._known: dict[Edge, tuple[Edge, ...] | None] = {}

    def between(self, start: str, goal: str) -> tuple[Edge, ...] | None:
        """Return the transitions that every way takes, in their order; ``None`` when there is no way.

        A node that always speaks lies on no way between two replies, unless there is no other way. A node
        that speaks twice may have asked again, so nothing is known of what was between.
        """
        if start == goal:
            return ()
        key = (start, goal)
        if key not in self._known:
            silent = self._certain(start, goal, quiet=True)
            self._known[key] = silent if silent is not None else self._certain(start, goal, quiet=False)
        return self._known[key]

    def _certain(self, start: str, goal: str, *, quiet: bool) -> tuple[Edge, ...] | None:
        path = self._shortest(start, goal, quiet=quiet)
        if path is None:
            return None
        onward = self._quiet if quiet else self._loud
        places = {node: at for at, node in enumerate(path)}
        certain, seen = list[Edge](), set[str]()
        furthest, at, last = 0, -1, len(path) - 1
        while furthest < last:
            waiting = path[at + 1 : furthest + 1]
            at = furthest
            while waiting and furthest < last:
                node = waiting.pop()
                here = places.get(node, -1)
                for to in self._loud[start] if node == start else onward.get(node, ()):
                    there = places.get(to)
                    if there is None:
                        if to not in seen:
                            seen.add(to)
                            waiting.append(to)
                    elif there > furthest and not 0 <= here == there - 1:
                        furthest = there
            if furthest == at:
                certain.append((path[at], path[at + 1]))
                furthest = at + 1
        return tuple(certain)

    def _shortest(self, start: str, goal: str, *, quiet: bool) -> list[str] | None:
        """Return the nodes of a shortest way, which takes one transition at least."""
        onward = self._quiet if quiet else self._loud
        before: dict[str, str] = {}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            for to in self._loud.get(start, ()) if node == start else onward.get(node, ()):
                if to in before:
                    continue
                before[to] = node
                if to == goal:
                    return _walk_back(before, start, goal)
                if to != END:
                    waiting.append(to)
        return None


def _walk_back(before: dict[str, str], start: str, goal: str) -> list[str]:
    path = [goal, before[goal]]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]
