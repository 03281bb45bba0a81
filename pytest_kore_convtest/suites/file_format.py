"""What a suite file may say: the keys and words of its format, and what a remark on one consists of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.escapes import HIDDEN, HIDDEN_BEYOND, JOINING
from pytest_kore_convtest.rules import Rule

if TYPE_CHECKING:
    from pytest_kore_convtest import json_positions
    from pytest_kore_convtest.json_positions import Place

CONTAINS, ONE_OF, ALL_OF, EQUALS, BARE = "contains", "oneOf", "allOf", "equals", "bare"
"""How a file says what to expect; all but the first are known from Kore's runner of 2019 only."""

START_EVENT = "Start_Flow"
"""The event of the step that stands for the user's arrival; no other is known."""

TOP_KEYS = ("botId", "botName", "testCases")
CASE_KEYS = ("name", "description", "tags", "preprocessor", "messages")
STEP_KEYS = ("input", "event", "outputs")
"""The keys of a file, of a suite and of a step."""

OLD_KEYS = frozenset({"welcomeMessageCount", "discardMessage", "discardBefore"})
"""Further keys of files and suites that the runner of 2019 knew."""


_UNSEEN = f"\x00-\x1f\x7f-\x9f{HIDDEN}{JOINING}\u2800"
VISIBLE = "[^\\s{}]".format("".join(one if one == "-" else f"\\u{ord(one):04x}" for one in _UNSEEN))
"""The pattern of one character that can be seen, as Python and JSON Schema understand it (up to U+FFFF)."""

_visible = re.compile(f"[^\\s{_UNSEEN}{HIDDEN_BEYOND}]").search


class Note(NamedTuple):
    """A finding before its location is looked up.

    Attributes:
        rule: The check that found it.
        path: The node.
        message: What is wrong with it and what to write instead.
        at_key: Whether the location of its key is meant.
    """

    rule: Rule
    path: json_positions.Path
    message: str
    at_key: bool = False


class Problem(NamedTuple):
    """Why a file cannot be used, and where, when that has a place.

    Attributes:
        message: What is wrong and what to write instead.
        place: Where.
        rule: The check that found it.
    """

    message: str
    place: Place | None = None
    rule: Rule = Rule.UNUSABLE_FILE


class Words(NamedTuple):
    """How a file's author writes what is missing.

    Attributes:
        name: A suite's name.
        steps: Its steps.
        event: The event of its first step.
        input: What the user says.
        outputs: What the bot answers.
        keys: How the keys of the import format are called there; an empty word is left out.
    """

    name: str = '"name": "…"'
    steps: str = '"messages": [{"input": "…", …}]'
    event: str = f'"event": "{START_EVENT}"'
    input: str = '"input": "…"'
    outputs: str = '"outputs": [{"contains": "…"}]'
    keys: tuple[tuple[str, str], ...] = ()


JSON_WORDS = Words()
YAML_WORDS = Words(
    "name: …",
    "steps: and below it - user: …",
    f"event: {START_EVENT}",
    "user: …",
    "bot: …",
    (
        *(("testCases", "suites"), ("messages", "steps"), ("input", "user"), ("outputs", "bot")),
        *(("contains", ""), ("botId", "bot"), ("botName", "bot_name")),
    ),
)


def is_blank(text: str) -> bool:
    """Say whether nothing of a text can be seen: an expectation of it is none."""
    return not _visible(text)
