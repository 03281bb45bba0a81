"""The JSON Schema of suite files, for editors: strict where ``lint`` says error, open elsewhere."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from pytest_kore_convtest.suites.file_format import VISIBLE

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_Schema = dict[str, Any]

_SUITE: _Schema = {
    "name": "BOOKING",
    "tags": ["smoke"],
    "description": "A guest books a room.",
    "preprocessor": "",
    "messages": [
        {"input": "Start_Flow", "event": "Start_Flow", "outputs": [{"contains": "How can I help you?"}]},
        {"input": "I need a room", "outputs": [{"contains": "Which city?"}]},
    ],
}
"""The example that an editor shows."""


def suite_schema() -> _Schema:
    """Return the JSON Schema (2020-12) of a suite file."""
    schema: _Schema = {
        "$schema": DIALECT,
        "title": "Kore.ai conversation test suite file",
        "description": "What the platform's UI exports and imports: JSON in UTF-8, at most 2 MB."
        " Keys that are not described here are let pass.",
        **_object(
            ["testCases"],
            botId=_optional_text(
                "Bot", "The bot (stream) that the file was exported from: st-…", examples=["st-1a2b3c4d-…"]
            ),
            botName=_optional_text("Bot name", "That bot's name.", examples=["Travel Planning"]),
            testCases={
                **_list("Suites", "One entry is one suite; several are imported one by one.", "suite"),
                "minItems": 1,
                "examples": [[_SUITE]],
            },
        ),
        "$defs": {
            "suite": _suite(),
            "step": _step(),
            "output": _output(),
            "expected": _expected(),
            "words": {"type": "string", "pattern": r"\S"},
            "visible": {"type": "string", "pattern": VISIBLE},
        },
    }
    return deepcopy(schema)  # nobody's change of it reaches the examples of others


def write_schema() -> str:
    """Return the schema as ASCII text, indented and sorted."""
    return json.dumps(suite_schema(), indent=2, sort_keys=True)


def _suite() -> _Schema:
    return {
        "title": "Suite",
        "description": "A conversation: what the user says, and what the bot has to answer.",
        **_object(
            ["name", "messages"],
            name=_words(
                "Name", "The suite is run and deleted by its name: no slash, no blank around it.", "BOOKING"
            ),
            description=_optional_text(
                "Description", "What the conversation is about.", examples=["A guest books a room."]
            ),
            tags={
                "title": "Tags",
                "description": "Words to find the suite by.",
                "type": ["array", "null"],
                "items": {"type": "string"},
                "examples": [["smoke"]],
            },
            preprocessor=_optional_text(
                "Pre-processor",
                "JavaScript that the platform runs before the suite, e.g. to set user data; usually empty.",
                examples=[""],
            ),
            messages={
                **_list("Steps", "One entry per user input, in order (the UI says test case).", "step"),
                "minItems": 1,
                "contains": _expecting_step(),
                "examples": [_SUITE["messages"]],
            },
        ),
        "examples": [_SUITE],
    }


def _step() -> _Schema:
    outputs = _list("Expected replies", "One entry per message of the bot, in order.", "output")
    return {
        "title": "Step",
        "description": "One user input and the replies that the bot has to give.",
        **_object(
            ["input"],
            input=_words(
                "Input",
                "What the user says; Start_Flow in the step that begins the conversation.",
                "I need a room",
            ),
            event=_optional_text(
                "Event",
                "Start_Flow in the first step: the user arrives. No other event is known.",
                examples=["Start_Flow"],
            ),
            outputs={**outputs, "type": ["array", "null"], "examples": [_SUITE["messages"][1]["outputs"]]},
        ),
        "examples": _SUITE["messages"],
    }


def _output() -> _Schema:
    contains = "The expected message: its whole text; of a template, its JSON as one text."
    old = "Used only by Kore's test runner of 2019: write 'contains' instead."
    expected = {"$ref": "#/$defs/expected"}
    by_key = _object(
        [],
        contains={
            "title": "Expected text",
            "description": contains,
            "examples": ["Which city?", '{"type":"template","payload":{"template_type":"button"}}'],
            **expected,
        },
        equals={
            "title": "Expected text, as it was written in 2019",
            "description": old,
            "examples": ["Which city?"],
            **expected,
        },
    )
    return {
        "title": "Expected reply",
        "description": "One message that the bot has to send.",
        "anyOf": [
            {**by_key, "anyOf": [{"required": ["contains"]}, {"required": ["equals"]}]},
            {"title": "A bare text", "description": old, "type": "string"},
        ],
    }


def _expected() -> _Schema:
    old = "Used only by Kore's test runner of 2019: the platform may reject it."
    texts = {"type": "array", "minItems": 1, "items": {"type": "string"}}
    return {
        "title": "Expected text",
        "anyOf": [
            {"type": "string"},
            {
                "description": old,
                **_object(
                    [],
                    oneOf={
                        "title": "One of these texts",
                        "description": f"The message is one of them. {old}",
                        "examples": [["How many nights?", "For how many nights?"]],
                        **texts,
                    },
                    allOf={
                        "title": "All of these texts",
                        "description": f"The message holds every one of them. {old}",
                        "examples": [["Berlin", "3 nights"]],
                        **texts,
                    },
                ),
                "anyOf": [{"required": ["oneOf"]}, {"required": ["allOf"]}],
            },
        ],
    }


def _expecting_step() -> _Schema:
    """Return what at least one step of a suite has to be: one that has a text to compare with."""
    words = {"$ref": "#/$defs/visible"}
    text = {"anyOf": [words, {"type": "object", "anyOf": _first_of("oneOf", "allOf", {"contains": words})}]}
    by_key = _first_of("contains", "equals", text)
    outputs = {"type": "array", "contains": {"anyOf": [words, {"type": "object", "anyOf": by_key}]}}
    return {"type": "object", "required": ["outputs"], "properties": {"outputs": outputs}}


def _first_of(first: str, second: str, member: _Schema) -> list[_Schema]:
    """Return what says that a member stands under the first key, or without that under the second one."""
    return [
        {"required": [first], "properties": {first: member}},
        {"required": [second], "properties": {second: member}, "not": {"required": [first]}},
    ]


def _object(required: list[str], **properties: _Schema) -> _Schema:
    found = {"type": "object", "properties": properties, "additionalProperties": True}
    return {**found, "required": required} if required else found


def _list(title: str, description: str, of: str) -> _Schema:
    items = {"$ref": f"#/$defs/{of}"}
    return {"title": title, "description": description, "type": "array", "items": items}


def _words(title: str, description: str, example: str) -> _Schema:
    return {"title": title, "description": description, "examples": [example], "$ref": "#/$defs/words"}


def _optional_text(title: str, description: str, **more: object) -> _Schema:
    return {"title": title, "description": description, "type": ["string", "null"], **more}
