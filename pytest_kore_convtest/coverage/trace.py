"""Follow a conversation through a bot: by ids first, then by names; what is ambiguous is not matched."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.coverage.graph import END, MESSAGE, fold
from pytest_kore_convtest.coverage.routes import Ways
from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_kore_convtest.coverage.graph import Bot, Dialog, Edge, Node
    from pytest_kore_convtest.coverage.types import Place, StepVisits

_RETURN = "retToFlow"
_LONGEST = 80
_UNKNOWN_DIALOG = "the bot definition has no such dialog"
_UNKNOWN_NODE = "the bot definition has no such node"


class Problem(NamedTuple):
    """What a result tells and nothing answers to.

    Attributes:
        what: What it tells.
        why: Why it is not matched.
        gone: Whether the bot has it not, rather than several of it.
        names: The id and the name of a node that is not found, as far as they are given.
    """

    what: str
    why: str
    gone: bool
    names: tuple[str, ...] = ()


class Spot(NamedTuple):
    """A node of a dialog."""

    dialog: str
    node: str


class Found(NamedTuple):
    """What a place comes down to: a spot, or why it comes down to none."""

    spot: Spot | None
    problem: Problem | None = None


@dataclass
class Touched:
    """What one step went through, by dialog."""

    nodes: dict[str, dict[str, None]] = field(default_factory=dict)
    edges: dict[str, dict[Edge, None]] = field(default_factory=dict)

    def add_node(self, dialog: str, node: str) -> None:
        """Add a node."""
        self.nodes.setdefault(dialog, {})[node] = None

    def add_edge(self, dialog: str, edge: Edge) -> None:
        """Add a transition."""
        self.edges.setdefault(dialog, {})[edge] = None


class Matcher:
    """Find what the platform's results mean in a bot; what was asked once is known.

    Args:
        bot: The bot.
    """

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self._ways: dict[str, Ways] = {}
        self._found: dict[tuple[tuple[str, ...], str, str, str, str], Found] = {}

    def ways(self, dialog: str) -> Ways:
        """Return the ways through a dialog."""
        if dialog not in self._ways:
            self._ways[dialog] = Ways(self.bot.dialogs[dialog])
        return self._ways[dialog]

    def place(self, place: Place, here: str = "") -> Found | None:
        """Find the node of a place; ``None`` when it tells no node.

        Args:
            place: The place.
            here: The dialog that the conversation is in, which decides where nothing else does.
        """
        node, name = place.get("node", ""), place.get("name", "")
        if not (node or name):
            if (text := place.get("text")) and (spot := self.bot.texts.get(text)):
                return Found(Spot(*spot))
            return None
        key = (tuple(place.get("dialogs", ())), place.get("dialog", ""), node, name, here)
        if key not in self._found:
            self._found[key] = self._find(*key)
        return self._found[key]

    def _find(self, ids: tuple[str, ...], dialog: str, node: str, name: str, here: str) -> Found:
        what = _tell(ids, dialog, node, name)
        home = self._dialog(ids, dialog)
        if home is not None:
            found = pick(home, node, name)
            if found:
                return Found(Spot(home.id, found.id))
            several = name and fold(name) in home.by_name
            why = "several nodes of the dialog have this name" if several else _UNKNOWN_NODE
            return Found(None, Problem(what, why, gone=not several, names=(node, name)))
        if any(one.startswith("dg-") for one in ids) or (
            dialog and fold(dialog) not in self.bot.dialog_names
        ):
            return Found(None, Problem(what, _UNKNOWN_DIALOG, gone=True, names=(node, name)))
        return self._find_anywhere(what, node, name, here)

    def _dialog(self, ids: tuple[str, ...], name: str) -> Dialog | None:
        known = self.bot.dialog_ids
        found = next((known[one] for one in ids if one in known), "")
        if not found and not any(one.startswith("dg-") for one in ids):
            found = self.bot.dialog_names.get(fold(name), "") if name else ""
        return self.bot.dialogs.get(found)

    def _find_anywhere(self, what: str, node: str, name: str, here: str) -> Found:
        """Find a node of which no dialog is told: the one of this id, or of this name, that there is."""
        homes = self.bot.homes.get(node, [])
        if len(homes) == 1 or here in homes:
            return Found(Spot(here if here in homes else homes[0], node))
        if homes:
            why = f"{len(homes)} dialogs have a node of this id"
            return Found(None, Problem(what, why, gone=False, names=(node, name)))
        key = fold(name or node)
        named = [Spot(dialog, found.id) for dialog, found in self._named.get(key, ()) if found is not None]
        near = [spot for spot in named if spot.dialog == here]
        if len(near) == 1 or len(named) == 1:
            return Found((near or named)[0])
        why = f"{len(named)} nodes have this name" if named else _UNKNOWN_NODE
        return Found(None, Problem(what, why, gone=not named, names=(node, name)))

    @cached_property
    def _named(self) -> dict[str, list[tuple[str, Node | None]]]:
        found: dict[str, list[tuple[str, Node | None]]] = {}
        for dialog in self.bot.dialogs.values():
            for name, node in dialog.by_name.items():
                found.setdefault(name, []).append((dialog.id, node))
        return found


def pick(dialog: Dialog, node: str, name: str) -> Node | None:
    """Return the node of a dialog by its id, else by its name when one has it."""
    if node in dialog.nodes:
        return dialog.nodes[node]
    return dialog.by_name.get(fold(name or node)) if name or node else None


def _tell(ids: tuple[str, ...], dialog: str, node: str, name: str) -> str:
    where = dialog or next(iter(ids), "")
    shown = printable(node or name, _LONGEST)
    more = f" ({printable(name, _LONGEST)})" if node and name and name != node else ""
    return f"node {shown}{more}" + (f" of {printable(where, _LONGEST)}" if where else "")


class Trace:
    """The way of one conversation.

    Args:
        matcher: Finds nodes.
    """

    def __init__(self, matcher: Matcher) -> None:
        self._matcher, self._bot = matcher, matcher.bot
        self._stack: list[Spot] = []
        """Where the bot is, in the dialog that is under way, and above it in those that wait for it."""
        self.problems: Counter[Problem] = Counter()
        self.matched: Counter[str] = Counter()
        self._touched = Touched()
        self._left: Spot | None = None
        """The message with which a dialog has just ended."""

    def follow(self, step: StepVisits) -> Touched:
        """Return what a step went through."""
        self._touched, self._left = Touched(), None
        for place in step["places"]:
            self._follow_place(place)
        return self._touched

    def _follow_place(self, place: Place) -> None:
        for odd in place.get("odd", ()):
            self.problems[
                Problem(f"a transition given as {odd}", "nobody documents this shape", gone=False)
            ] += 1
        here = self._stack[-1].dialog if self._stack else ""
        found = self._matcher.place(place, here)
        if found is None and not place.get("path"):
            return  # a standard response, an FAQ or small talk comes between, and the dialog goes on
        spot = found.spot if found else None
        if found and found.problem:
            self.problems[found.problem] += 1
        home = spot.dialog if spot else self._home(place, here)
        if path := place.get("path"):
            self._follow_path(path, home)
        if spot is None:
            self._stack.clear()
        else:
            self.matched[spot.dialog] += 1
            self._arrive(spot)

    def _home(self, place: Place, here: str) -> str:
        ids, names = self._bot.dialog_ids, self._bot.dialog_names
        told = next((ids[one] for one in place.get("dialogs", ()) if one in ids), "")
        return told or names.get(fold(place.get("dialog", "")), "") or here

    def _follow_path(self, path: Iterable[list[str]], home: str) -> None:
        """Follow the nodes and pairs that a result lists."""
        for hop in path:
            if len(hop) > 2:  # noqa: PLR2004 - a pair, not a node
                self._follow_pair(hop, home)
            elif hop[0] in {END, _RETURN}:
                self._follow_end(hop[0])
            elif (spot := self._hop(hop[0], hop[1], home)) is not None:
                self._arrive(spot, listed=True)

    def _follow_pair(self, hop: list[str], home: str) -> None:
        start = self._hop(hop[0], hop[1], home)
        if start is None:
            return
        self._visit(start)
        if hop[2] in {END, _RETURN}:
            self._stack = [*self._below(start), start]
            self._follow_end(hop[2])
            return
        goal = self._hop(hop[2], hop[3], start.dialog)
        if goal is None:
            return
        self._visit(goal)
        if self._has((start.node, goal.node), start.dialog):
            self._touched.add_edge(start.dialog, (start.node, goal.node))
        elif start.dialog == goal.dialog:
            self._no_transition(start, goal)
        self._stack = [*self._below(goal), goal]

    def _below(self, spot: Spot) -> list[Spot]:
        """Return the dialogs that wait for the one of a spot."""
        dialogs = [one.dialog for one in self._stack]
        return self._stack[: dialogs.index(spot.dialog)] if spot.dialog in dialogs else self._stack

    def _hop(self, node: str, name: str, home: str) -> Spot | None:
        """Find a node that a result lists: in the dialog under way, a called or waiting one, or anywhere."""
        if self._stack and node in self._bot.dialogs[self._stack[-1].dialog].nodes:
            return Spot(self._stack[-1].dialog, node)
        here = [one.dialog for one in reversed(self._stack)]
        called = [one.calls for spot in self._stack[-1:] if (one := self._node(spot)) and one.calls]
        for dialog in filter(None, dict.fromkeys([*here[:1], *called, home, *here])):
            known = self._bot.dialogs.get(dialog)
            if known and node in known.nodes:
                return Spot(dialog, node)
        place: Place = {"node": node, "name": name}
        found = self._matcher.place(place, home or (here[0] if here else ""))
        if found and found.problem:
            self.problems[found.problem] += 1
        return found.spot if found else None

    def _node(self, spot: Spot) -> Node | None:
        return self._bot.dialogs[spot.dialog].nodes.get(spot.node)

    def _has(self, edge: Edge, dialog: str) -> bool:
        node = self._bot.dialogs[dialog].nodes.get(edge[0])
        return node is not None and edge[1] in node.targets

    def _follow_end(self, word: str) -> None:
        if self._left is not None:
            self._left = None  # the message before it said so already
        elif self._stack:
            last = self._stack.pop()
            if self._has((last.node, word), last.dialog):
                self._touched.add_edge(last.dialog, (last.node, word))

    def _arrive(self, spot: Spot, *, listed: bool = False) -> None:
        """Note that the bot is at a node, and the transitions that it has taken there.

        Args:
            spot: The node.
            listed: Whether the result lists every node on the way.
        """
        anchor = Spot(spot.dialog, self._anchor(spot))
        last = self._stack[-1] if self._stack else None
        self._visit(spot)
        if anchor == self._left:
            return
        self._left = None
        if last == anchor:
            self._leave_message(anchor)
            return
        if last is not None and last.dialog == anchor.dialog:
            self._go(last, anchor, listed=listed)
            self._stack[-1] = anchor
        elif any(one.dialog == anchor.dialog for one in self._stack):
            self._stack = [*self._below(anchor), self._stack[self._depth(anchor)]]
            self._go(self._stack[-1], anchor, listed=False)
            self._stack[-1] = anchor
        else:
            self._enter(last, anchor)
        self._leave_message(anchor)

    def _depth(self, spot: Spot) -> int:
        return [one.dialog for one in self._stack].index(spot.dialog)

    def _anchor(self, spot: Spot) -> str:
        """Return the node whose transitions count: of a node inside a ``botAction`` that one."""
        node = self._node(spot)
        while node is not None and node.inside and not node.targets:
            node = self._bot.dialogs[spot.dialog].nodes[node.inside]
        return node.id if node else spot.node

    def _visit(self, spot: Spot) -> None:
        """Note a node, and with one inside a ``botAction`` that one."""
        nodes = self._bot.dialogs[spot.dialog].nodes
        node = nodes.get(spot.node)
        while node is not None:
            self._touched.add_node(spot.dialog, node.id)
            node = nodes.get(node.inside)

    def _go(self, start: Spot, goal: Spot, *, listed: bool) -> None:
        """Note the transitions on the way from one node to another of the same dialog."""
        edge = (start.node, goal.node)
        if listed and self._has(edge, start.dialog):
            self._touched.add_edge(start.dialog, edge)
            return
        ways = self._matcher.ways(start.dialog)
        taken = ways.between(start.node, goal.node)
        if taken is None:
            entry = self._bot.dialogs[goal.dialog].entry
            if goal.node == entry:
                return  # the dialog begins again
            taken = ways.between(entry, goal.node)
            if taken is None or listed:
                self._no_transition(start, goal)
                return
            self._visit(Spot(goal.dialog, entry))
        self._take(goal.dialog, taken)

    def _no_transition(self, start: Spot, goal: Spot) -> None:
        what = f"the way from {printable(start.node, _LONGEST)} to {printable(goal.node, _LONGEST)}"
        name = printable(self._bot.dialogs[start.dialog].name, _LONGEST)
        self.problems[Problem(f"{what} of {name}", "no transition leads there", gone=False)] += 1

    def _take(self, dialog: str, edges: Iterable[Edge]) -> None:
        for edge in edges:
            self._touched.add_edge(dialog, edge)
            for node in edge:
                self._visit(Spot(dialog, node))

    def _enter(self, last: Spot | None, spot: Spot) -> None:
        """Note that a dialog begins, called by the one under way or by what the user said."""
        dialog = self._bot.dialogs[spot.dialog]
        if last is not None and (call := self._call(last, spot.dialog)):
            self._take(last.dialog, self._matcher.ways(last.dialog).between(last.node, call) or ())
            self._visit(Spot(last.dialog, call))
            self._stack[-1] = Spot(last.dialog, call)
        if dialog.entry and dialog.entry != spot.node:
            taken = self._matcher.ways(spot.dialog).between(dialog.entry, spot.node)
            if taken is not None:
                self._visit(Spot(spot.dialog, dialog.entry))
                self._take(spot.dialog, taken)
        self._stack.append(spot)

    def _call(self, last: Spot, called: str) -> str:
        """Return the node by which one dialog calls another from where it is, if it is one node."""
        nodes = self._bot.dialogs[last.dialog].nodes
        if (here := nodes.get(last.node)) and here.calls == called:
            return here.id
        ways = self._matcher.ways(last.dialog)
        found = [node.id for node in nodes.values() if node.calls == called]
        reached = [node for node in found if ways.between(last.node, node) is not None]
        return reached[0] if len(reached) == 1 else ""

    def _leave_message(self, spot: Spot) -> None:
        """Note the one transition of a message: it waits for nobody, so it has been taken."""
        node = self._node(spot)
        if node is None or node.type != MESSAGE or len(node.targets) != 1:
            return
        (to,) = node.targets
        self._touched.add_edge(spot.dialog, (node.id, to))
        if to in {END, _RETURN}:
            self._stack.pop()
            self._left = spot
        elif to in self._bot.dialogs[spot.dialog].nodes:
            self._visit(Spot(spot.dialog, to))


def iterate_ids(touched: Touched) -> Iterator[str]:
    """Yield the dialogs that a step went through."""
    yield from dict.fromkeys([*touched.nodes, *touched.edges])
