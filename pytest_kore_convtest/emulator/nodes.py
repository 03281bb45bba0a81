"""Tell where a reply comes from, as the platform does: by the bot's definition, out of what its nodes say."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

_SPEAKS = "message"
_OPENS, _CLOSES = "{{", "}}"
_WRAPPERS = ("botDefinition", "appDefinition", "app", "bot")


@dataclass(frozen=True)
class _Spot:
    """A node of a dialog, with its component's id and name and the nodes that it leads to."""

    dialog: str
    dialog_name: str
    id: str
    name: str
    type: str
    intent: str
    targets: tuple[str, ...]


class Definition:
    """What the emulated bot consists of.

    Args:
        data: An export of a bot, read from JSON.
    """

    def __init__(self, data: Mapping[str, object]) -> None:
        inner = (data.get(key) for key in _WRAPPERS)
        holder = next((one for one in inner if isinstance(one, Mapping)), data)
        self._components = {
            key: one for one in _objects(holder.get("dialogComponents")) if (key := _text(one.get("_id")))
        }
        self._spots: dict[tuple[str, str], _Spot] = {}
        self._starts: dict[str, str] = {}
        self._by_text: dict[str, list[_Spot]] = {}
        self._templates: list[tuple[list[str], _Spot]] = []
        for dialog in _objects(holder.get("dialogs")):
            self._add(dialog)

    def _add(self, dialog: Mapping[str, object]) -> None:
        key, names = _text(dialog.get("_id")), dialog.get("localeData")
        locales = list(names.values()) if isinstance(names, Mapping) else []
        named = (_text(one.get("name")) for one in locales if isinstance(one, Mapping))
        name = next(filter(None, named), key)
        nodes = [one for one in _objects(dialog.get("nodes")) if key and _text(one.get("nodeId"))]
        first: Mapping[str, object] = next((node for node in nodes if node.get("type") == "intent"), {})
        for node in nodes:
            component = self._components.get(_text(node.get("componentId")), {})
            spot = _Spot(
                dialog=key,
                dialog_name=name,
                id=_text(node.get("nodeId")),
                name=_text(component.get("name")) or _text(node.get("nodeId")),
                type=_text(node.get("type")),
                intent=_text(first.get("componentId")),
                targets=tuple(
                    _text(one.get("default", one.get("then"))) for one in _objects(node.get("transitions"))
                ),
            )
            self._spots[key, spot.id] = spot
            self._starts.setdefault(key, spot.id)
            for text in dict.fromkeys(_texts(component)):
                parts = _split(text)
                if len(parts) == 1:
                    self._by_text.setdefault(text, []).append(spot)
                elif any(part.strip() for part in parts):
                    self._templates.append((parts, spot))

    def walk(self) -> Walk:
        """Begin a conversation."""
        return Walk(self)

    def node(self, dialog: str, node: str) -> _Spot | None:
        """Return a node of a dialog, if there is one."""
        return self._spots.get((dialog, node))

    def start(self, dialog: str) -> str:
        """Return the node at which a dialog begins: its first one."""
        return self._starts[dialog]

    def speakers(self, text: str) -> list[_Spot]:
        """Return the nodes that say a text: the very text, else one in which values are put."""
        return self._by_text.get(text) or [
            spot for parts, spot in self._templates if _is_filled_in(parts, text)
        ]


class Walk:
    """A conversation: where the bot is.

    Args:
        definition: What the bot consists of.
    """

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._at: _Spot | None = None

    def place(self, text: str) -> dict[str, object]:
        """Return the fields that name the node of a reply; none when no node says it."""
        known = self._definition.speakers(text)
        ways = [(way, spot) for spot in known if (way := self._way(spot)) is not None]
        if not ways:
            return {}
        way, spot = min(
            ways, key=lambda one: (self._at is None or one[1].dialog != self._at.dialog, len(one[0]))
        )
        passed = [found for node in way if (found := self._definition.node(spot.dialog, node))]
        self._at = spot
        return {
            "nodeId": spot.id,
            "componentType": spot.type,
            "intentId": spot.intent,
            "nodeName": spot.name,
            "intentType": "dialog",
            "taskId": spot.dialog,
            "dialogName": spot.dialog_name,
            "transitions": [one.id for one in passed],
            "transitionNodeNames": [one.name for one in passed],
            "transitionNodeType": [one.type for one in passed],
        }

    def _way(self, goal: _Spot) -> list[str] | None:
        """Return the nodes up to a node: from where the bot is, else from the start of the dialog."""
        here = self._at is not None and self._at.dialog == goal.dialog
        if here and self._at is not None and (found := self._search(self._at.id, goal)) is not None:
            return found
        return self._search(self._definition.start(goal.dialog), goal)

    def _search(self, start: str, goal: _Spot) -> list[str] | None:
        before: dict[str, str] = {start: ""}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            if node == goal.id:
                way = [node]
                while before[way[-1]]:
                    way.append(before[way[-1]])
                return way[::-1]
            spot = self._definition.node(goal.dialog, node)
            if spot is None or (spot.type == _SPEAKS and node != start):
                continue
            for to in spot.targets:
                if to not in before and self._definition.node(goal.dialog, to):
                    before[to] = node
                    waiting.append(to)
        return None


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    yield from (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(component: Mapping[str, object]) -> Iterator[str]:
    for message in _objects(component.get("message")):
        locales = message.get("localeData")
        for locale in locales.values() if isinstance(locales, Mapping) else ():
            text = locale.get("text") if isinstance(locale, Mapping) else None
            if isinstance(text, str) and text:
                yield from (text, unquote(text))  # exports write most texts percent-encoded


def _split(text: str) -> list[str]:
    """Return the pieces of a text between its ``{{…}}``."""
    first, *rest = text.split(_OPENS)
    parts = [first]
    for one in rest:
        inside, closed, after = one.partition(_CLOSES)
        if closed:
            parts.append(after)
        else:
            parts[-1] += _OPENS + inside
    return parts


def _is_filled_in(parts: Sequence[str], text: str) -> bool:
    """Say whether a text consists of some pieces in their order, with anything between them."""
    first, *between, last = parts
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in between:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
