"""Bots for the tests of coverage: made ones, and the reduced exports of real ones."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_kore_convtest.coverage.definition import read_definition
from pytest_kore_convtest.coverage.graph import Bot, read_bot
from pytest_kore_convtest.coverage.visits import read_run

SAMPLES = Path(__file__).parent / "samples" / "bots"
XO10 = SAMPLES / "xo10_travel_botDefinition.reduced.json"
MEDI = SAMPLES / "xo11_medi_appDefinition.reduced.json"
TRAVEL = SAMPLES / "xo11_travel_appDefinition.reduced.json"
MINIMAL = SAMPLES / "kore_minimal_botDefinition.json"


def load(path: Path) -> Bot:
    """Read a bot."""
    return read_bot(read_definition(path))


def dialog(key, name, nodes):
    """Make a dialog of ``{node: (type, [targets])}``; ``intent:KEY`` is a call of another dialog."""
    made = []
    for node, (told, targets) in nodes.items():
        kind, _, called = told.partition(":")
        transitions = [{"if": {}, "then": to} for to in targets[:-1]] + [
            {"default": to} for to in targets[-1:]
        ]
        component = f"dc-{called or key}-{'intent' if called else node}"
        made.append({"nodeId": node, "type": kind, "componentId": component, "transitions": transitions})
    return {"_id": f"dg-{key}", "localeData": {"en": {"name": name}}, "nodes": made}


def definition(*dialogs, **more):
    """Make a definition of dialogs, with the components of their nodes."""
    components = {}
    for one in dialogs:
        for node in one["nodes"]:
            key = node["componentId"]
            entry = {"_id": key, "name": f"{node['nodeId']} name".upper(), "type": node["type"]}
            if key.endswith("-intent"):
                entry = {"_id": key, "name": key, "type": "intent", "dialogId": f"dg-{key[3:-7]}"}
            components.setdefault(key, entry)
    return {"dialogs": list(dialogs), "dialogComponents": list(components.values()), **more}


def make_bot(folder: Path, *dialogs, **more) -> Bot:
    """Make a bot of dialogs, by way of a file."""
    path = folder / "bot.json"
    path.write_text(json.dumps(definition(*dialogs, **more)), encoding="utf-8")
    return load(path)


def reply(node="", dialog="", **more):
    """Make a reply of the bot that names its node."""
    return {"text": "x", "nodeId": node, "taskId": f"dg-{dialog}" if dialog else "", **more}


def conversation(*steps, suite="BOOKING", expected=()):
    """Make what was read of a run; each step is a list of replies."""
    results = [
        (number, f"input {number}", {"actualOutput": list(replies), "outputs": list(expected)})
        for number, replies in enumerate(steps, start=1)
    ]
    return read_run(suite, results)
