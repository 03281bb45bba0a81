"""A rich reply as a card: what a chat window would draw of a template, and its data."""

from __future__ import annotations

import json
from typing import NamedTuple

from pytest_kore_convtest.suites.diff import is_template

LONGEST_DATA = 50_000
"""Letters of a template that is still drawn; a longer one is shown as text."""

MOST_ENTRIES = 30
"""Entries of one card that are drawn; the data has them all."""

_TEXTS = ("heading", "title", "text", "message", "subtitle", "description")
_ACTIONS = ("quick_replies", "buttons", "actions")
_LISTS = ("elements", "items", "cards", "listItems", "values", "options")
_STRIPS = {"carousel", "generic", "advanced_carousel"}


class Action(NamedTuple):
    """A button or quick reply: its caption, and what a press of it sends or opens."""

    title: str
    does: str


class Entry(NamedTuple):
    """One element of a list or carousel; ``picture`` is an address, shown and never loaded."""

    texts: list[str]
    picture: str
    actions: list[Action]


class Card(NamedTuple):
    """A drawn template; ``is_strip`` says that its entries stand side by side; ``data`` is its JSON."""

    kind: str
    texts: list[str]
    entries: list[Entry]
    actions: list[Action]
    more: int
    is_strip: bool
    data: str


def draw(text: str) -> Card | None:
    """Return the card of a text; ``None`` when it is plain text, or too long to draw."""
    if len(text) > LONGEST_DATA or not is_template(text):
        return None
    found: dict[str, object] | list[object] = json.loads(text.strip("\ufeff \t\r\n"))
    data = json.dumps(found, indent=1, ensure_ascii=False)
    payload = _payload(found)
    kind = _text(payload.get("template_type")) or _text(payload.get("type")) or "template"
    entries = [_entry(one) for one in _first(payload, _LISTS)]
    actions = _actions(payload)
    more = max(0, len(entries) - MOST_ENTRIES) + max(0, len(actions) - MOST_ENTRIES)
    is_strip = kind.lower() in _STRIPS
    return Card(kind, _texts(payload), entries[:MOST_ENTRIES], actions[:MOST_ENTRIES], more, is_strip, data)


def _payload(found: dict[str, object] | list[object]) -> dict[str, object]:
    """Find what is to be drawn: the payload, at whatever depth the channel wraps it."""
    if isinstance(found, list):
        return {"type": "list", "elements": found}
    for key in ("payload", "attachment"):
        inner = found.get(key)
        if isinstance(inner, dict):
            return _payload({"type": found.get("type"), **inner})
    return dict(found)


def _entry(one: object) -> Entry:
    if not isinstance(one, dict):
        return Entry([_text(one)], "", [])
    picture = next((_text(one[key]) for key in ("image_url", "icon", "image") if _text(one.get(key))), "")
    actions = _actions(one)
    default = one.get("default_action")
    if isinstance(default, dict):
        actions = [*actions, Action("opens on a click", _does(default))]
    return Entry(_texts(one), picture, actions[:MOST_ENTRIES])


def _texts(one: dict[str, object]) -> list[str]:
    texts = [_text(one.get(key)) for key in _TEXTS]
    return [text for text in texts if text]


def _actions(one: dict[str, object]) -> list[Action]:
    return [_action(action) for action in _first(one, _ACTIONS)]


def _action(one: object) -> Action:
    if not isinstance(one, dict):
        return Action(_text(one), "")
    title = next((_text(one[key]) for key in ("title", "text", "label") if _text(one.get(key))), "")
    does = _does(one)
    return Action(title or does or "(no caption)", "" if does.casefold() == title.casefold() else does)


def _does(one: dict[str, object]) -> str:
    return next((_text(one[key]) for key in ("url", "payload", "value") if _text(one.get(key))), "")


def _first(one: dict[str, object], keys: tuple[str, ...]) -> list[object]:
    """Return the first list that stands under one of the keys."""
    return next((found for key in keys if isinstance(found := one.get(key), list)), [])


def _text(value: object) -> str:
    """Return a value in words; nested data, which has no place in a drawing, is empty."""
    if isinstance(value, str):
        return value
    return "" if value is None or isinstance(value, dict | list) else json.dumps(value)
