"""Which item of one list is which of another: in place, moved, changed, lost or added.

Made for the steps of a conversation: thousands of items, some of which are unique and
some of which ("yes") come again and again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from pytest_kore_convtest.suites.diff import cost_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOKS = 64
"""How often each item is looked at, on average, in search of anchors; beyond it places decide."""

_MOST_WORK = 10_000_000
"""What comparing one by one may cost in all where nothing is unique; beyond it places decide."""

_WINDOW = 16
"""Items that are looked at together when no single one is unique."""

_Gap = tuple[range, range]


@dataclass
class Alignment:
    """How the items of two lists belong together, as pairs of 0-based indexes.

    Attributes:
        same: Equal items in the same order.
        moved: Equal items in another order.
        changed: Unequal items that stand between the same neighbours.
        lost: Items of the first list that the second has not.
        added: Items of the second list that the first has not.
    """

    same: list[tuple[int, int]] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)
    changed: list[tuple[int, int]] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)


def align(old: Sequence[str], new: Sequence[str]) -> Alignment:
    """Find out which item of ``new`` is which of ``old``."""
    found = Alignment()
    budget = _Budget(_LOOKS * (len(old) + len(new)), _MOST_WORK)
    gaps: list[tuple[list[int], list[int]]] = []
    todo: list[_Gap] = [(range(len(old)), range(len(new)))]
    while todo:
        a, b = _strip(old, new, *todo.pop(), found)
        cuts = _anchors(old, new, a, b, budget) if a and b else []
        if cuts:
            todo += _between(a, b, cuts)
        elif a or b:
            gaps.append((list(a), list(b)))
    _find_moved(old, new, gaps, found)
    for first, second in gaps:
        both = min(len(first), len(second))
        found.changed += zip(first, second, strict=False)
        found.lost += first[both:]
        found.added += second[both:]
    for items in (found.same, found.moved, found.changed):
        items.sort()
    found.lost.sort()
    found.added.sort()
    return found


def _strip(old: Sequence[str], new: Sequence[str], a: range, b: range, found: Alignment) -> _Gap:
    """Take equal beginnings and ends off two stretches."""
    while a and b and old[a[0]] == new[b[0]]:
        found.same.append((a[0], b[0]))
        a, b = a[1:], b[1:]
    while a and b and old[a[-1]] == new[b[-1]]:
        found.same.append((a[-1], b[-1]))
        a, b = a[:-1], b[:-1]
    return a, b


@dataclass
class _Budget:
    """What one alignment may cost: looks at items, and comparisons one by one."""

    looks: int
    work: int


def _anchors(
    old: Sequence[str], new: Sequence[str], a: range, b: range, budget: _Budget
) -> list[tuple[int, int]]:
    """Return pairs of equal items in the same order, at which two stretches can be cut."""
    for width in (1, _WINDOW):
        budget.looks -= len(a) + len(b)
        if budget.looks > 0 and (unique := _unique(old, new, a, b, width)):
            return _longest_rise(unique)
    cost = cost_of([old[i] for i in a], [new[j] for j in b]) if budget.looks > 0 else budget.work + 1
    if cost > budget.work:
        return [(i, j) for i, j in zip(a, b, strict=False) if old[i] == new[j]]
    budget.work -= cost
    matcher = SequenceMatcher(None, [old[i] for i in a], [new[j] for j in b], autojunk=False)
    return [(a[m.a + k], b[m.b + k]) for m in matcher.get_matching_blocks() for k in range(m.size)]


def _unique(old: Sequence[str], new: Sequence[str], a: range, b: range, width: int) -> list[tuple[int, int]]:
    """Return the places of items, or runs of items, that stand exactly once in each of two stretches."""
    first = {i: tuple(old[i : i + width]) for i in range(a.start, a.stop - width + 1)}
    second = {j: tuple(new[j : j + width]) for j in range(b.start, b.stop - width + 1)}
    count_a, count_b = Counter(first.values()), Counter(second.values())
    at = {key: j for j, key in second.items()}
    return [(i, at[key]) for i, key in first.items() if count_a[key] == 1 == count_b[key]]


def _longest_rise(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest selection of pairs in which the second number rises, too."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for at, (_, j) in enumerate(pairs):
        length = bisect_left(tops, j)
        before.append(ends[length - 1] if length else -1)
        tops[length : length + 1] = [j]
        ends[length : length + 1] = [at]
    chosen, at = [], ends[-1]
    while at >= 0:
        chosen.append(pairs[at])
        at = before[at]
    return chosen[::-1]


def _between(a: range, b: range, cuts: list[tuple[int, int]]) -> list[_Gap]:
    """Cut two stretches; each piece begins with an anchor, which ``_strip`` then takes off."""
    starts = [(a.start, b.start), *cuts]
    ends = [*cuts, (a.stop, b.stop)]
    return [(range(i, k), range(j, m)) for (i, j), (k, m) in zip(starts, ends, strict=True)]


def _find_moved(
    old: Sequence[str], new: Sequence[str], gaps: list[tuple[list[int], list[int]]], found: Alignment
) -> None:
    """Take items that only stand elsewhere out of the gaps."""
    places: defaultdict[str, deque[int]] = defaultdict(deque)
    for j in sorted(j for _, second in gaps for j in second):
        places[new[j]].append(j)
    for i in sorted(i for first, _ in gaps for i in first):
        if places[old[i]]:
            found.moved.append((i, places[old[i]].popleft()))
    moved_old, moved_new = {i for i, _ in found.moved}, {j for _, j in found.moved}
    for first, second in gaps:
        first[:] = [i for i in first if i not in moved_old]
        second[:] = [j for j in second if j not in moved_new]
