"""Read out of the platform's results what steps went through; of a stored suite, what they expect.

The element shape of ``transitions``, ``intents``, ``faqs`` and ``smalltalk`` is not documented. Shapes that
speak for themselves are read (a node, a pair of nodes); any other is kept as odd, to be reported.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pytest_kore_convtest.coverage.graph import objects
from pytest_kore_convtest.coverage.types import Conversation, Place, StepVisits
from pytest_kore_convtest.text import as_list, as_text, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FROM = frozenset({"from", "fromnode", "fromnodeid", "source", "sourcenode", "sourcenodeid", "fromid"})
_TO = frozenset({"to", "tonode", "tonodeid", "target", "targetnode", "targetnodeid", "toid"})
_FROM_NAME = frozenset({"fromname", "fromnodename", "sourcename", "sourcenodename"})
_TO_NAME = frozenset({"toname", "tonodename", "targetname", "targetnodename"})
_ID, _NAME = frozenset({"nodeid", "id"}), frozenset({"nodename", "name"})
_SEPARATORS = re.compile(r"[\s_-]")
_PAIR = 2
_PLACE_KEYS = ("taskId", "intentId", "dialogName", "nodeId", "nodeName", "transitions", "transitionNodeNames")
_MOST_KNOWN, _LONGEST_TOLD = 20_000, 2_000
_KNOWN: dict[str, Place] = {}
"""Places by what told them, each held once; nobody changes them."""
_MOST_HOPS, _MOST_ODD, _MOST_TOLD = 500, 5, 100
_LONGEST_ID, _LONGEST_ODD, _LONGEST_INPUT, _LONGEST_TEXT = 300, 80, 60, 2000


def read_run(suite: str, steps: Iterable[tuple[int, str, object]]) -> Conversation:
    """Return what the steps of a run went through.

    Args:
        suite: Its name.
        steps: Number, input and the platform's result of each step, in the order in which they were run.
    """
    return Conversation(suite=suite, estimated=False, steps=[_read_step(*one) for one in steps])


def read_suite(suite: str, steps: Iterable[tuple[int, str, object]]) -> Conversation:
    """Return what the steps of a stored suite expect to go through, which is an estimate.

    Args:
        suite: Its name.
        steps: Number, input and the stored step of each.
    """
    read = [_estimate_step(*one) for one in steps]
    return Conversation(suite=suite, estimated=True, steps=read)


def _read_step(number: int, said: str, result: object) -> StepVisits:
    entry = result if isinstance(result, dict) else {}
    return StepVisits(
        step=number,
        input=printable(said, _LONGEST_INPUT),
        places=_read_places(entry.get("actualOutput")),
        faqs=[_texts(one) for one in as_list(entry.get("faqs"))[:_MOST_TOLD]],
        small_talk=[_texts(one) for one in as_list(entry.get("smalltalk"))[:_MOST_TOLD]],
        expected=[place for place in _read_places(entry.get("outputs")) if place],
    )


def _estimate_step(number: int, said: str, stored: object) -> StepVisits:
    entry = stored if isinstance(stored, dict) else {}
    outputs = list(objects(entry.get("outputs")))
    places = [_read_place(one) or _place_of_text(one) for one in outputs]
    expected = [place for place in places if place and "text" not in place]
    return StepVisits(
        step=number,
        input=printable(said, _LONGEST_INPUT),
        places=places if any(places) else [],
        faqs=[],
        small_talk=[],
        expected=expected,
    )


def _place_of_text(output: dict[str, object]) -> Place:
    text = as_text(output.get("text"))
    return Place(text=text[:_LONGEST_TEXT]) if text else Place()


def _read_places(outputs: object) -> list[Place]:
    """Return the place of each reply; one that says nothing is empty, for it interrupts a way."""
    places = [_read_place(one) for one in objects(outputs)]
    return places if any(places) else []


def share_places(conversation: Conversation) -> None:
    """Let the steps of a conversation that came from another process hold equal places once."""
    for step in conversation["steps"]:
        for places in (step["places"], step["expected"]):
            places[:] = [_share(repr(place), place) for place in places]


def _read_place(output: dict[str, object]) -> Place:
    """Return the place of a reply; equal ones are read once, for a bot says the same again and again."""
    told = repr([output.get(key) for key in _PLACE_KEYS])
    return _KNOWN.get(told) or _share(told, _make_place(output))


def _share(told: str, place: Place) -> Place:
    if len(told) > _LONGEST_TOLD or len(_KNOWN) >= _MOST_KNOWN:
        return place
    return _KNOWN.setdefault(told, place)


def _make_place(output: dict[str, object]) -> Place:
    place = Place()
    ids = [one for key in ("taskId", "intentId") if (one := _text(output, key))]
    if ids:
        place["dialogs"] = ids
    if dialog := _text(output, "dialogName"):
        place["dialog"] = dialog
    if node := _text(output, "nodeId"):
        place["node"] = node
    if name := _text(output, "nodeName"):
        place["name"] = name
    path, odd = _read_path(output)
    if path:
        place["path"] = path
    if odd:
        place["odd"] = odd
    return place


def _text(entry: dict[str, object], key: str) -> str:
    value = entry.get(key)
    return value.strip()[:_LONGEST_ID] if isinstance(value, str) else ""


def _read_path(output: dict[str, object]) -> tuple[list[list[str]], list[str]]:
    """Return the nodes and pairs that a reply lists, and the entries that cannot be read."""
    entries = as_list(output.get("transitions"))
    names = [as_text(one) for one in as_list(output.get("transitionNodeNames"))]
    if not entries:
        return [["", name[:_LONGEST_ID]] for name in names[:_MOST_HOPS] if name], []
    if len(names) != len(entries):
        names = [""] * len(entries)
    path, odd = list[list[str]](), list[str]()
    for entry, name in zip(entries[:_MOST_HOPS], names, strict=False):
        hop = _read_hop(entry, name)
        if hop:
            path.append([one[:_LONGEST_ID] for one in hop])
        elif len(odd) < _MOST_ODD:
            odd.append(printable(json.dumps(entry, ensure_ascii=False, default=str), _LONGEST_ODD))
    return path, odd


def _read_hop(entry: object, name: str) -> list[str]:
    """Return a node as ``[id, name]``, a pair as ``[id, name, id, name]``; nothing when it is neither."""
    if isinstance(entry, str):
        return [entry.strip(), name] if entry.strip() else []
    if isinstance(entry, list):
        pair = [one.strip() for one in entry if isinstance(one, str)]
        return [pair[0], "", pair[1], ""] if len(entry) == len(pair) == _PAIR and all(pair) else []
    if not isinstance(entry, dict):
        return []
    told = {_SEPARATORS.sub("", key).lower(): one for key, one in entry.items() if isinstance(one, str)}
    start = [_pick(told, _FROM), _pick(told, _FROM_NAME)]
    end = [_pick(told, _TO), _pick(told, _TO_NAME)]
    if any(start) and any(end):
        return [*start, *end]
    node = [_pick(told, _ID), _pick(told, _NAME) or name]
    return node if any(node) and not any((*start, *end)) else []


def _pick(told: dict[str, str], keys: frozenset[str]) -> str:
    return next((value.strip() for key, value in told.items() if key in keys and value.strip()), "")


def _texts(entry: object) -> list[str]:
    """Return the texts by which an entry of an unknown shape may mean something."""
    return [one[:_LONGEST_TEXT] for one in _find_texts(entry)][:10]


def _find_texts(entry: object) -> Iterator[str]:
    if isinstance(entry, str) and entry.strip():
        yield entry.strip()
    elif isinstance(entry, dict):
        yield from (one.strip() for one in entry.values() if isinstance(one, str) and one.strip())
