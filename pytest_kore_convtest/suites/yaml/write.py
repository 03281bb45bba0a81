"""Write YAML that reads back as what it was made of, in this reader and in others."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kore_convtest.escapes import escape_yaml
from pytest_kore_convtest.strict_json import is_shallow
from pytest_kore_convtest.suites.file_format import CONTAINS, START_EVENT
from pytest_kore_convtest.suites.matchers import ANY, ANYTHING, PART
from pytest_kore_convtest.suites.yaml.read import EXAMPLE, OPTIONAL, TEMPLATE, write_template
from pytest_kore_convtest.suites.yaml.unquoted import changed_by_yaml
from pytest_kore_convtest.text import as_list, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_kore_convtest.json_positions import Path
    from pytest_kore_convtest.suites.matchers import Matcher

_PLAIN = re.compile(r"[^\W_][^\n\r\t\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]*")
_NOT_PLAIN = re.compile(r":(?:\s|$)|\s#|\s$")
_NOT_IN_FLOW = re.compile(r"[,\[\]{}?:\"'#&*!|>%@`]")
_ESCAPED = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile("[\x00-\x1f]")
_DEEPEST = 40
"""Lists and objects in each other that stay far within what the reader takes."""

_LONGEST_KEY = 100
"""Characters; YAML takes 1024 with all escapes."""

_SWITCHES = frozenset({"y", "Y", "n", "N"})
"""What YAML 1.1 calls true and false, though hardly a reader does."""


def write_text(text: str, *, in_flow: bool = False) -> str:
    """Write a text as one line of YAML: without quotes where no reader can take it for something else.

    Args:
        text: The text.
        in_flow: Whether it stands between brackets.
    """
    plain = (
        _PLAIN.fullmatch(text)
        and not _NOT_PLAIN.search(text)
        and not (in_flow and _NOT_IN_FLOW.search(text))
        and not changed_by_yaml(text)
        and text not in _SWITCHES
        and escape_yaml(text) == text
    )
    return text if plain else write_flow(text)


def write_flow(data: object) -> str:
    """Write JSON data on one line, as JSON, with escapes for what YAML does not take or nobody can see."""
    return escape_yaml(_ESCAPED.sub(_escape, json.dumps(data, ensure_ascii=False)))


def needs_escapes(text: str) -> bool:
    """Say whether a part of a text can stand between double quotes alone."""
    return bool(_CONTROL.search(text) or _ESCAPED.search(text)) or escape_yaml(text) != text


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def write_data(data: object, indent: int) -> list[str]:
    """Write JSON data as lines of YAML; the first line has no indentation of its own.

    Args:
        data: The data.
        indent: How many blanks the further lines begin with.
    """
    if isinstance(data, dict) and data:
        blocks = [
            _under(f"{write_text(str(key))}:", write_data(value, indent + 2), value, indent)
            for key, value in data.items()
        ]
    elif isinstance(data, list) and data:
        blocks = [["- " + first, *rest] for first, *rest in (write_data(one, indent + 2) for one in data)]
    else:
        return [write_text(data) if isinstance(data, str) else json.dumps(data)]
    return [line for number, block in enumerate(blocks) for line in _shift(block, indent if number else 0)]


def _shift(block: list[str], indent: int) -> list[str]:
    return [" " * indent + block[0], *block[1:]]


def _under(key: str, lines: list[str], value: object, indent: int) -> list[str]:
    if isinstance(value, (dict, list)) and value:
        return [key, " " * (indent + 2) + lines[0], *lines[1:]]
    return [f"{key} {lines[0]}"]


@dataclass(frozen=True)
class Reply:
    """An expected reply of which more than its text is written.

    Attributes:
        matcher: What it may be like; ``None`` when it has to be the text.
        example: The text that is uploaded.
        optional: Whether it may be missing.
    """

    matcher: Matcher | None
    example: str
    optional: bool = False


def write_yaml(content: Mapping[str, object], replies: Mapping[Path, Reply] | None = None) -> str:
    """Write what a file in the import format says as a YAML suite file.

    Keys and values that YAML suite files do not have are left out: who converts looks for them first.

    Args:
        content: The content.
        replies: By path in the content, the replies of which more than a text is written.
    """
    lines = [
        f"{name}: {write_text(text)}"
        for name, key in (("bot", "botId"), ("bot_name", "botName"))
        if isinstance(text := content.get(key), str)
    ]
    lines.append("suites:")
    for number, case in enumerate(as_list(content.get("testCases"))):
        if isinstance(case, dict):
            lines += _under_dash(_write_suite(case, ("testCases", number), replies or {}), 2)
    return "\n".join(lines) + "\n"


def _under_dash(lines: Iterator[str], indent: int) -> Iterator[str]:
    """Write the lines of a mapping as an entry of a list; one without lines is an empty mapping."""
    yield " " * indent + f"- {next(lines, '{}')}"
    for line in lines:
        yield " " * (indent + 2) + line


def _write_suite(case: Mapping[str, object], path: Path, replies: Mapping[Path, Reply]) -> Iterator[str]:
    for key in ("name", "description", "preprocessor"):
        if isinstance(text := case.get(key), str):
            yield f"{key}: {write_text(text)}"
    if isinstance(case.get("tags"), list):
        tags = [write_text(tag, in_flow=True) for tag in as_list(case.get("tags")) if isinstance(tag, str)]
        yield f"tags: [{', '.join(tags)}]"
    if not isinstance(steps := case.get("messages"), list):
        return
    yield "steps:" if steps else "steps: []"
    for number, step in enumerate(steps):
        if isinstance(step, dict):
            yield from _under_dash(_write_step(step, (*path, "messages", number), replies), 2)


def _write_step(step: Mapping[str, object], path: Path, replies: Mapping[Path, Reply]) -> Iterator[str]:
    said, event = step.get("input"), step.get("event")
    if isinstance(event, str):
        yield f"event: {write_text(event)}"
    if isinstance(said, str) and not said == event == START_EVENT:
        yield f"user: {write_text(said)}"
    if not isinstance(outputs := step.get("outputs"), list):
        return
    written, varying = list[list[str]](), False
    for number, one in enumerate(outputs):
        reply = replies.get((*path, "outputs", number))
        varying = varying or reply is not None
        text = as_text(one.get(CONTAINS)) if isinstance(one, dict) else ""
        written.append(write_varying(reply, 4) if reply else write_reply(text, 4))
    if len(written) == 1 and len(written[0]) == 1 and not varying:
        yield f"bot: {written[0][0]}"
        return
    yield "bot:" if written else "bot: []"
    for first, *rest in written:
        yield f"  - {first}"
        yield from rest


def write_varying(reply: Reply, indent: int) -> list[str]:
    """Write a reply that may vary; the first line has no indentation of its own.

    Args:
        reply: The reply.
        indent: How many blanks the further lines begin with.
    """
    lines: list[str] = []
    found = reply.matcher
    if found is None:
        lines = write_reply(reply.example, indent)
        if lines[0] != f"{TEMPLATE}:":
            lines = [f"text: {lines[0]}"]
    elif found.kind == ANYTHING:
        lines = [f"{ANYTHING}: true"]
    elif found.kind == ANY or len(found.texts) > 1:
        lines = [f"{found.kind}:"]
        for text in found.texts:
            first, *rest = write_reply(text, indent + 4) if found.kind == ANY else [write_text(text)]
            lines += [" " * (indent + 2) + f"- {first}", *rest]
    else:
        lines = [f"{found.kind}: {write_text(found.texts[0])}"]
    if found is not None and found.kind != ANY and (found.kind, *found.texts) != (PART, reply.example):
        first, *rest = write_reply(reply.example, indent + 2)
        inline = first if not rest else ""
        lines.append(" " * indent + f"{EXAMPLE}: {inline}".rstrip())
        lines += [] if inline else [" " * (indent + 2) + first, *rest]
    return lines + [" " * indent + f"{OPTIONAL}: true"] * reply.optional


def write_reply(text: str, indent: int) -> list[str]:
    """Write an expected reply: a text, or a template when its JSON is written again as it was.

    Args:
        text: The text, as it is uploaded.
        indent: How many blanks further lines begin with.
    """
    data = read_template(text)
    return [write_text(text)] if data is None else write_template_data(data, indent)


def write_template_data(data: object, indent: int, comment: str = "") -> list[str]:
    """Write a template as a reply; the first line has no indentation of its own.

    Args:
        data: The template's data.
        indent: How many blanks further lines begin with.
        comment: A comment for the first line, with the blanks before it; or empty.
    """
    first, *rest = write_data(data, indent + 2)
    return [f"{TEMPLATE}:{comment}", " " * (indent + 2) + first, *rest]


def read_template(text: str) -> object:
    """Return the data of a reply that YAML can hold as a template; ``None`` of another one."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, (dict, list)) and data and _is_kept(data, text) else None


def _is_kept(data: object, text: str) -> bool:
    """Say whether a template comes out of YAML as the same text."""
    return is_shallow({"": data}, _DEEPEST) and _has_short_keys(data) and write_template(data) == text


def _has_short_keys(data: object) -> bool:
    """Say whether YAML takes all keys without a question mark before them."""
    if isinstance(data, dict):
        return all(len(key) <= _LONGEST_KEY and _has_short_keys(value) for key, value in data.items())
    return all(map(_has_short_keys, data)) if isinstance(data, list) else True
