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
    "lost-piece": ("from A, today", ["from {{a}} to {{b}}, {{c}}y"], ""),
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


JUNK = [None, 7, 1.5, True, "", "x", [], {}, [None, 7, [], {}], {"x": []}]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
@pytest.mark.parametrize(
    "key",
    ["_id", "localeData", "nodes", "nodeId", "type", "componentId", "transitions", "default", "message"],
)
def test_junk(junk, key):
    """Whatever stands in the place of an id, a text or a list, the rest of the bot is known."""
    node = {"nodeId": "n", "type": "message", "componentId": "dc-n", "transitions": [{"default": "end"}]}
    component = {"_id": "dc-n", "message": [{"localeData": {"en": {"text": "Hi!"}}}]}
    odd_node = {**node, "nodeId": "odd", key: junk} | {"transitions": [{"default": junk, "then": junk}, junk]}
    odd_component = {**component, "_id": "dc-odd", key: junk}
    odd_dialog = {"_id": "dg-odd", "localeData": {"en": {"name": junk}}, "nodes": [odd_node], key: junk}
    dialog = {"_id": "dg-1", "localeData": {"en": {"name": "A"}}, "nodes": [node]}
    data = {"dialogs": [odd_dialog, dialog], "dialogComponents": [odd_component, component]}
    found = Definition(data).walk().place("Hi!")
    assert found["nodeId"] in {"n", "odd", junk if isinstance(junk, str) else "n"}
    Definition({"dialogs": junk, "dialogComponents": junk, "botDefinition": junk})
