"""Which node a reply comes from: by its text, as exports write it."""

from __future__ import annotations

import pytest

from pytest_kore_convtest.emulator.nodes import Definition


def find(reply, *texts):
    """Return the id of the node that says a reply; the nodes stand side by side behind the first one."""
    names = [f"n{at}" for at in range(len(texts))]
    begins = {
        "nodeId": "intent0",
        "type": "intent",
        "transitions": [{"if": {}, "then": one} for one in names],
    }
    nodes = [{"nodeId": one, "type": "message", "componentId": f"dc-{one}"} for one in names]
    components = [
        {"_id": f"dc-{one}", "message": [{"localeData": {"en": {"text": text}}}]}
        for one, text in zip(names, texts, strict=True)
    ]
    dialog = {"_id": "dg-1", "localeData": {"en": {"name": "A"}}, "nodes": [begins, *nodes]}
    made = Definition({"dialogs": [dialog], "dialogComponents": components})
    return made.walk().place(reply).get("nodeId", "")


FOUND = {
    "as-it-is": ("Hi!", ["Hi!"], "n0"),
    "encoded": ("Hi, how are you?", ["Hi%2C%20how%20are%20you%3F"], "n0"),
    "percent": ("100% sure", ["100% sure"], "n0"),
    "encoded-percent": ("100% sure", ["100%25%20sure"], "n0"),
    "value": ("Hi Bo!", ["Hi {{context.name}}!"], "n0"),
    "encoded-value": ("Hi Bo!", ["Hi%20%7B%7Bcontext.name%7D%7D!"], "n0"),
    "no-value": ("Hi !", ["Hi {{name}}!"], "n0"),
    "values": ("from A to B, today", ["from {{a}} to {{b}}, {{c}}"], "n0"),
    "wrong-order": ("to A from B", ["from {{a}} to {{b}}"], ""),
    "too-short": ("aba", ["ab{{x}}ba"], ""),
    "another-end": ("Hi Bo", ["Hi {{name}}!"], ""),
    "value-alone": ("anything", ["{{content.prompt}}"], ""),
    "value-and-blank": ("any thing", ["{{content.prompt}} {{b}}"], ""),
    "not-closed": ("Hi {{name!", ["Hi {{name!"], "n0"),
    "the-very-text-first": ("Hi Bo!", ["Hi {{name}}!", "Hi Bo!"], "n1"),
    "the-first-of-two": ("Hi Bo!", ["Hi {{name}}!", "Hi {{x}}"], "n0"),
    "unknown": ("Bye.", ["Hi!"], ""),
    "empty": ("", ["", "{{x}}"], ""),
}


@pytest.mark.parametrize("name", FOUND)
def test_texts(name):
    """A text is found percent-encoded or not, with anything for a value, and never by a value alone."""
    reply, texts, node = FOUND[name]
    assert find(reply, *texts) == node
