"""The JSON Schema of YAML suite files, for editors: as strict as the reader is."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from pytest_kore_convtest.suites.file_format import VISIBLE
from pytest_kore_convtest.suites.schema import DIALECT

_Schema = dict[str, Any]

_STEPS: list[_Schema] = [
    {"event": "Start_Flow", "bot": "Hi! I can help you with bookings."},
    {"user": "I need a room", "bot": ["Which city?", {"any": ["How many nights?", "For how many nights?"]}]},
]
_SUITE: _Schema = {"name": "BOOKING", "tags": ["smoke"], "steps": _STEPS}
"""The example that an editor shows."""


def yaml_schema() -> _Schema:
    """Return the JSON Schema (2020-12) of a YAML suite file."""
    schema: _Schema = {
        "$schema": DIALECT,
        "title": "Kore.ai conversation test suites as people write them (*.kore.yaml)",
        "description": "Compiled to the platform's import format when it is tested.",
        **_object(
            ["suites"],
            bot=_text("Bot", "The bot (stream) that the suites are for: st-…", "st-1a2b3c4d-…"),
            bot_name=_text("Bot name", "That bot's name.", "Travel Planning"),
            suites={
                **_list("Suites", "One entry is one suite; several are imported one by one.", "suite"),
                "minItems": 1,
                "examples": [[_SUITE]],
            },
        ),
        "$defs": {
            "suite": _suite(),
            "step": _step(),
            "reply": _reply(),
            "template": _template(),
            "words": {"type": "string", "pattern": VISIBLE},
        },
    }
    return deepcopy(schema)


def write_yaml_schema() -> str:
    """Return the schema as ASCII text, indented and sorted."""
    return json.dumps(yaml_schema(), indent=2, sort_keys=True)


def _suite() -> _Schema:
    name = "The suite is run and deleted by its name: no slash, no blank around it."
    return {
        "title": "Suite",
        "description": "A conversation: what the user says, and what the bot has to answer.",
        **_object(
            ["name", "steps"],
            name={"title": "Name", "description": name, "examples": ["BOOKING"], "$ref": "#/$defs/words"},
            description=_text("Description", "What the conversation is about.", "A guest books a room."),
            tags={
                "title": "Tags",
                "description": "Words to find the suite by.",
                "type": "array",
                "items": {"type": "string"},
                "examples": [["smoke"]],
            },
            preprocessor=_text(
                "Pre-processor",
                "JavaScript that the platform runs before the suite, e.g. to set user data.",
                "",
            ),
            steps={
                **_list("Steps", "One entry per user input, in order (the UI says test case).", "step"),
                "minItems": 1,
                "examples": [_STEPS],
            },
        ),
        "examples": [_SUITE],
    }


def _step() -> _Schema:
    bot = "What the bot answers: one reply, or a list with one entry per message, in order."
    return {
        "title": "Step",
        "description": "One user input and the replies that the bot has to give.",
        **_object(
            [],
            user={
                "title": "User",
                "description": "What the user says; not needed beside event: Start_Flow.",
                "examples": ["I need a room"],
                "$ref": "#/$defs/words",
            },
            event={
                "title": "Event",
                "description": "Start_Flow in the first step: the user arrives. No other event is known.",
                "type": "string",
                "examples": ["Start_Flow"],
            },
            bot={
                "title": "Bot",
                "description": bot,
                "anyOf": [
                    {"$ref": "#/$defs/reply"},
                    {"type": "array", "items": {"$ref": "#/$defs/reply"}},
                ],
                "examples": ["Which city?", _STEPS[1]["bot"]],
            },
            more=_switch("More", "Further replies after the expected ones are fine."),
        ),
        "anyOf": [{"required": ["user"]}, {"required": ["event"]}],
        "examples": _STEPS,
    }


def _template() -> _Schema:
    return {
        "title": "Template",
        "description": "Buttons, quick replies, lists: the JSON of the message, written as YAML.",
        "type": ["object", "array"],
        "minProperties": 1,
        "minItems": 1,
        "examples": [{"type": "template", "payload": {"template_type": "button", "text": "Which one?"}}],
    }


def _reply() -> _Schema:
    whole = [{"type": "string"}, _object(["template"], template={"$ref": "#/$defs/template"})]
    kinds = {
        "text": _text("Text", "The whole message, character by character.", "Which city?"),
        "template": {"$ref": "#/$defs/template"},
        "any": {
            "title": "Any of these",
            "description": "The message is one of these; the first one is uploaded.",
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": whole},
            "examples": [["How many nights?", "For how many nights?"]],
        },
        "contains": {
            "title": "Contains",
            "description": "This stands in the message; of a list all do, and an example is needed.",
            "anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {"type": "string"}}],
            "examples": ["3 nights", ["3 nights", "breakfast"]],
        },
        "matches": _text(
            "Matches", "The whole message fits this regular expression; needs an example.", "Room [0-9]+"
        ),
        "anything": {
            "title": "Anything",
            "description": "Any message at all is fine; needs an example.",
            "const": True,
        },
    }
    needs = {"matches", "anything"}
    forms = [
        _reply_form(name, {name: how}, whole, needs_example=name in needs) for name, how in kinds.items()
    ]
    return {
        "title": "Reply",
        "description": "One message of the bot.",
        "anyOf": [{"type": "string"}, *forms],
        "examples": ["Which city?", {"any": ["How many nights?", "For how many nights?"]}],
    }


def _reply_form(name: str, properties: _Schema, whole: list[_Schema], *, needs_example: bool) -> _Schema:
    example = {
        "title": "Example",
        "description": "What is uploaded: a message that fits.",
        "anyOf": whole,
        "examples": ["Room 12"],
    }
    more = {"example": example} if name in {"contains", "matches", "anything"} else {}
    optional = _switch("Optional", "The bot may leave this message out.")
    return _object([name, *["example"] * needs_example], **properties, **more, optional=optional)


def _switch(title: str, description: str) -> _Schema:
    return {"title": title, "description": description, "type": "boolean", "examples": [True]}


def _object(required: list[str], **properties: _Schema) -> _Schema:
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required} if required else found


def _list(title: str, description: str, of: str) -> _Schema:
    return {
        "title": title,
        "description": description,
        "type": "array",
        "items": {"$ref": f"#/$defs/{of}"},
    }


def _text(title: str, description: str, example: str) -> _Schema:
    return {"title": title, "description": description, "type": "string", "examples": [example]}
