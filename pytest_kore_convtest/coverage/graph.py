"""A bot as a graph: its dialogs, their nodes, and the transitions between these.

The key of a transition is (dialog, from, to): a node's id occurs in more than one dialog, and two
conditions that lead from one node to the same other one are one transition. What leads nowhere
(``end``, an empty text, nothing at all) leads to ``END``. Transitions are those of the nodes of
``dialogs[]``, the nodes inside a ``botAction`` included; ``sequences[]`` and the copies of nodes in
``dialogComponents[]`` say nothing new. So counted, real exports give the figures of the platform.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pytest_kore_convtest.coverage.definition import refuse
from pytest_kore_convtest.text import as_list, as_text, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_kore_convtest.coverage.definition import Definition

END = "end"
"""Where a transition leads with which a dialog ends."""

_ENDS = frozenset({"", END})

SYSTEM_DIALOGS = (
    "Interaction Intents",
    "DeflectionProcess",
    "MultiIntent",
    "Answer Generation",
    "Follow up Task",
    "Custom Feedback Survey",
    "Default AgentTransfer",
    "Fallback Task",
)
"""The platform's own dialogs. ``isHidden`` does not tell them: a bot may hide dialogs of its own."""

KNOWN_TYPES = frozenset(
    {"intent", "entity", "message", "service", "script", "botaction", "dialogact", "form", "logic"}
    | {"generativeai", "searchai", "agenttransfer", "dynamicintent", "aiassist", "webhook", "process"}
    | {"sentiment", "agent", "agentnode", "genaiprompt", "prompt", "group"}
)
"""Types of nodes that were seen in exports or stand in the documentation, in small letters."""

MESSAGE = "message"
"""The type of the nodes that always say something and never wait."""

_MOST_NAMED = 3
_MOST_IN_CIRCLE = 6
_BLANKS = re.compile(r"[\s_]+")
Edge = tuple[str, str]


def fold(name: str) -> str:
    """Write a name so that equal ones are equal: small letters; blanks may be ``_``."""
    return _BLANKS.sub(" ", name).strip().casefold()


@dataclass(slots=True)
class Node:
    """A node of a dialog.

    Attributes:
        id: Its ``nodeId``.
        name: The name of its component, else its id.
        type: ``intent``, ``entity``, ``message`` …, as the export says.
        inside: The id of the ``botAction`` that holds it, or empty.
        calls: The id of the dialog that it calls, or empty.
        targets: Where its transitions lead, each once.
    """

    id: str
    name: str
    type: str
    inside: str = ""
    calls: str = ""
    targets: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Dialog:
    """A dialog.

    Attributes:
        id: ``dg-…``.
        name: In the bot's own language.
        system: Whether it is one of the platform's own.
        nodes: By their ids, in the order of the export.
        by_name: Nodes by their folded name; ``None`` where several have it.
        entry: The node at which it begins.
    """

    id: str
    name: str
    system: bool
    nodes: dict[str, Node] = field(default_factory=dict)
    by_name: dict[str, Node | None] = field(default_factory=dict)
    entry: str = ""

    @property
    def edges(self) -> Iterator[Edge]:
        """Its transitions, each once."""
        return ((node.id, to) for node in self.nodes.values() for to in node.targets)


@dataclass
class Bot:
    """A bot.

    Attributes:
        definition: What it was read from.
        name: Its name.
        dialogs: By their ids, in the order of the export.
        dialog_ids: The id of a dialog by any id that stands for it: its own and those of its intent.
        dialog_names: The id of a dialog by its folded names; empty where several have it.
        homes: The dialogs in which a node's id occurs.
        faqs: The questions by any id or folded text that stands for one.
        small_talk: What users say, by any id or folded text that stands for it.
        texts: The node that says a text, as (dialog, node); ``None`` where several do.
        notes: What is odd about the export, one a sentence.
    """

    definition: Definition
    name: str = ""
    dialogs: dict[str, Dialog] = field(default_factory=dict)
    dialog_ids: dict[str, str] = field(default_factory=dict)
    dialog_names: dict[str, str] = field(default_factory=dict)
    homes: dict[str, list[str]] = field(default_factory=dict)
    faqs: dict[str, str] = field(default_factory=dict)
    small_talk: dict[str, str] = field(default_factory=dict)
    texts: dict[str, Edge | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_bot(definition: Definition) -> Bot:
    """Make a bot of its definition.

    Raises:
        ConfigError: There is no dialog in it.
    """
    bot = _Reader(definition).read()
    if not any(dialog.nodes for dialog in bot.dialogs.values()):
        raise refuse(definition.path, "has no dialog with a node. Export the bot with its dialogs")
    return bot


def objects(value: object) -> Iterator[dict[str, object]]:
    """Yield the objects of a list; nothing of what is no list."""
    yield from (one for one in as_list(value) if isinstance(one, dict))


class _Reader:
    """Read a definition part by part; what is odd is noted, not guessed."""

    def __init__(self, definition: Definition) -> None:
        self._data = definition.data
        self._bot = Bot(definition)
        self._components = {
            as_text(one.get("_id")): one for one in objects(self._data.get("dialogComponents"))
        }
        self._odd: dict[str, list[str]] = defaultdict(list)
        self._language = as_text(self._data.get("defaultLanguage")) or "en"

    def read(self) -> Bot:
        bot = self._bot
        bot.name = next(self._names(self._data), "")
        for entry in objects(self._data.get("dialogs")):
            self._read_dialog(entry)
        for component in self._components.values():
            self._link(component)
        for dialog in bot.dialogs.values():
            self._finish(dialog)
        self._read_knowledge()
        self._note_loops()
        for said, names in self._odd.items():
            shown = ", ".join(printable(name, 60) for name in names[:_MOST_NAMED])
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            bot.notes.append(f"bot definition: {said}: {shown}{more}")
        return bot

    def _names(self, entry: dict[str, object]) -> Iterator[str]:
        """Yield the names of something, that of the bot's own language first."""
        locales = entry.get("localeData")
        known = locales if isinstance(locales, dict) else {}
        ordered = sorted(known, key=lambda language: language != self._language)
        found = (known[one].get("name") for one in ordered if isinstance(known[one], dict))
        yield from (
            name for name in (*found, entry.get("name"), entry.get("lname")) if name and isinstance(name, str)
        )

    def _read_dialog(self, entry: dict[str, object]) -> None:
        bot, names = self._bot, list(self._names(entry))
        key = as_text(entry.get("_id")) or as_text(entry.get("refId"))
        name = names[0] if names else key
        if not key or key in bot.dialogs:
            self._odd["left out, for a dialog needs an id of its own"].append(
                name or "a dialog without a name"
            )
            return
        dialog = Dialog(key, name, any(fold(one) in _SYSTEM for one in names))
        bot.dialogs[key] = dialog
        for one in filter(None, (key, as_text(entry.get("refId")))):
            bot.dialog_ids.setdefault(one, key)
        for one in {fold(name) for name in names}:
            bot.dialog_names[one] = "" if one in bot.dialog_names else key
        self._read_nodes(dialog, entry.get("nodes"))

    def _read_nodes(self, dialog: Dialog, entries: object) -> None:
        waiting = [(one, "") for one in objects(entries)]
        for entry, inside in waiting:  # grows: a botAction holds nodes of its own
            key = as_text(entry.get("nodeId"))
            if not key or key in dialog.nodes:
                name = f"{key or 'a node without an id'} in {dialog.name}"
                self._odd["left out, for a node needs an id of its own in its dialog"].append(name)
                continue
            node = dialog.nodes[key] = self._read_node(entry, dialog, inside)
            self._bot.homes.setdefault(key, []).append(dialog.id)
            waiting += [(one, node.id) for one in objects(entry.get("nodes"))]

    def _read_node(self, entry: dict[str, object], dialog: Dialog, inside: str) -> Node:
        component = self._components.get(as_text(entry.get("componentId")), {})
        key, kind = as_text(entry.get("nodeId")), as_text(entry.get("type"))
        if fold(kind).replace(" ", "") not in KNOWN_TYPES:
            self._odd["counted like any other, though its type is not known"].append(
                f"{key} ({kind or 'no type'})"
            )
        targets = dict.fromkeys(_target(one) for one in objects(entry.get("transitions")))
        node = Node(key, as_text(component.get("name")) or key, kind, inside, targets=list(targets))
        called = as_text(component.get("dialogId"))
        if kind == "intent" and called not in {"", dialog.id}:
            node.calls = called
        self._learn_text(component, dialog, node)
        return node

    def _learn_text(self, component: dict[str, object], dialog: Dialog, node: Node) -> None:
        for message in objects(component.get("message")):
            locales = message.get("localeData")
            for locale in locales.values() if isinstance(locales, dict) else ():
                text = as_text(locale.get("text")) if isinstance(locale, dict) else ""
                for said in {text, unquote(text)} - {""}:  # exports write most texts percent-encoded
                    place = (dialog.id, node.id)
                    known = self._bot.texts.setdefault(said, place)
                    self._bot.texts[said] = place if known == place else None

    def _link(self, component: dict[str, object]) -> None:
        """Let the ids of an intent stand for the dialog that it begins."""
        dialog = as_text(component.get("dialogId"))
        if component.get("type") == "intent" and dialog in self._bot.dialogs:
            for key in ("_id", "refId"):
                if one := as_text(component.get(key)):
                    self._bot.dialog_ids.setdefault(one, dialog)
            if name := fold(as_text(component.get("name"))):
                self._bot.dialog_names.setdefault(name, dialog)

    def _finish(self, dialog: Dialog) -> None:
        lost = [
            f"{one} in {dialog.name}"
            for _, one in dialog.edges
            if one not in dialog.nodes and one not in _STOPS
        ]
        if lost:
            self._odd["counted, though the node that a transition leads to is not in the export"] += lost
        for node in dialog.nodes.values():
            if node.calls and node.calls not in self._bot.dialogs:
                self._odd["not followed, for the sub-dialog is not in the export"].append(node.name)
            name = fold(node.name)
            dialog.by_name[name] = None if name in dialog.by_name else node
        first = [node.id for node in dialog.nodes.values() if node.type == "intent" and not node.calls]
        dialog.entry = "intent0" if "intent0" in dialog.nodes else next(iter([*first, *dialog.nodes]), "")

    def _read_knowledge(self) -> None:
        for task in objects(self._data.get("knowledgeTasks")):
            holder = task.get("faqs")
            for faq in objects(holder.get("faqs") if isinstance(holder, dict) else holder):
                name = as_text(faq.get("question")) or as_text(faq.get("label")) or as_text(faq.get("refId"))
                for key in filter(None, (as_text(faq.get("_id")), as_text(faq.get("refId")), fold(name))):
                    self._bot.faqs.setdefault(key, name)
        for talk in objects(self._data.get("smallTalk")):
            for group in objects(talk.get("groups")):
                for node in objects(group.get("nodes")):
                    said = next((as_text(one.get("text")) for one in objects(node.get("userUtterances"))), "")
                    ids = [as_text(node.get(key)) for key in ("nodeId", "refId")]
                    for key in filter(None, (*ids, fold(said))):
                        self._bot.small_talk.setdefault(key, said or ids[0])

    def _note_loops(self) -> None:
        """Note dialogs that call each other in a circle: each is counted once all the same."""
        dialogs = self._bot.dialogs
        calls = {
            one.id: {node.calls for node in one.nodes.values() if node.calls} for one in dialogs.values()
        }
        try:
            TopologicalSorter(calls).prepare()
        except CycleError as found:
            names = [dialogs[key].name for key in found.args[1] if key in dialogs]
            shown = " -> ".join(printable(name, 60) for name in names[:_MOST_IN_CIRCLE])
            self._bot.notes.append(
                f"bot definition: dialogs call each other in a circle, and each counts once: {shown}"
            )


def _target(transition: dict[str, object]) -> str:
    """Return where a transition leads: a node, ``END`` or ``retToFlow``."""
    found = transition.get("default") if "default" in transition else transition.get("then")
    to = as_text(found)
    return END if to in _ENDS else to


_SYSTEM = frozenset(map(fold, SYSTEM_DIALOGS))
_STOPS = frozenset({END, "retToFlow"})
