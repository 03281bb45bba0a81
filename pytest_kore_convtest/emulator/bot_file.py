"""Read the file that says what the bot answers: JSON or YAML; a suite file is a bot that says it."""

from __future__ import annotations

import json
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING, Any

from .json_input import read_json
from .runs import Answer, read_bot
from .suite_as_bot import SUITE_KEYS, read_suites

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LARGEST = 1024 * 1024
_DEEPEST = 50
_MOST_CHARACTERS = 8 * 1024 * 1024
_YAML = (".yaml", ".yml")


class BotFileError(ValueError):
    """Say what is wrong with the file, as the rest of a sentence that begins with its name."""


def read_bot_file(path: Path) -> dict[str, Answer]:
    """Return a bot script in one shape: lists of replies by input.

    A file with suites (``suites`` or ``testCases``) is a bot that says what they expect.

    Raises:
        BotFileError: The file cannot be used.
    """
    text = _read_text(path)
    if not text.strip():
        raise BotFileError('is empty: write e.g. {"hello": ["Hi!"]}')
    data = _read_yaml(text) if path.suffix.lower() in _YAML else _read_json(text)
    _refuse_half_characters(data)
    try:
        is_suite = isinstance(data, dict) and any(isinstance(data.get(key), list) for key in SUITE_KEYS)
        replies = read_bot(read_suites(data) if is_suite else data)
    except ValueError as bad:
        raise BotFileError(f"is no bot script: {bad}") from None
    if not replies:
        raise BotFileError('names no input: write e.g. {"hello": ["Hi!"]}')
    return replies


def _read_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not (
            S_ISREG(mode) or S_ISDIR(mode)
        ):  # a pipe may never end; of a folder the system says what it is
            raise BotFileError("is no plain file")
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise BotFileError(f"cannot be read: {error.strerror or error}") from None
    if len(data) > _LARGEST:
        raise BotFileError("is larger than 1 MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BotFileError(f"is not UTF-8 text (byte {error.start})") from None


def _read_json(text: str) -> Any:
    try:
        data = read_json(text)
        json.loads(text, object_pairs_hook=_refuse_duplicates)
    except BotFileError:
        raise
    except ValueError as error:
        raise BotFileError(f"is not valid JSON: {error}") from None
    return data


def _refuse_half_characters(data: object) -> None:
    try:
        json.dumps(data, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as bad:
        half = ascii(str(bad.object)[bad.start])
        raise BotFileError(f"contains half a character ({half}): write the whole character") from None


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> None:
    seen = set()
    for key, _ in pairs:
        if key in seen:
            raise BotFileError(f"has the key {key[:60]!r} twice: remove one of them")
        seen.add(key)


def _read_yaml(text: str) -> Any:
    try:
        from ruamel.yaml import YAML
    except ImportError:
        raise BotFileError(
            'is YAML, which needs ruamel.yaml: pip install "pytest-kore-convtest[yaml]", or write JSON'
        ) from None
    yaml = YAML(typ="safe", pure=True)
    try:
        _check_events(yaml.parse(text))
        return yaml.load(text)
    except BotFileError:
        raise
    except Exception as error:  # noqa: BLE001 - the library raises many kinds
        raise BotFileError(f"is not valid YAML: {_describe(error)}") from None


def _check_events(events: Iterable[object]) -> None:
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, DocumentStartEvent

    sizes: dict[str, int] = {}
    total, begun = 0, [("", 0)]
    for event in events:
        if isinstance(event, DocumentStartEvent) and event.version:
            raise BotFileError("has a %YAML directive in it: leave it out")
        if tag := getattr(event, "tag", None):
            raise BotFileError(f"has a YAML tag ({tag}) in it: leave it out")
        anchor = getattr(event, "anchor", None)
        if isinstance(event, CollectionEndEvent):
            name, before = begun.pop()
            sizes[name] = total - before
            continue
        # A few aliases of aliases can stand for more text than there is memory.
        if isinstance(event, AliasEvent) and any(name == anchor for name, _ in begun):
            raise BotFileError(f"has a YAML alias (*{anchor}) within what it stands for: write the text out")
        size = (
            sizes.get(anchor or "", 1)
            if isinstance(event, AliasEvent)
            else 1 + len(getattr(event, "value", ""))
        )
        total += size
        if total > _MOST_CHARACTERS:
            raise BotFileError("stands for more than 8 MiB through its YAML aliases: write fewer of them")
        if isinstance(event, CollectionStartEvent):
            begun.append((anchor or "", total - size))
        elif anchor:
            sizes[anchor] = size
        if len(begun) > _DEEPEST + 1:  # the library's time grows with the square of it
            raise BotFileError(f"is not valid YAML: more than {_DEEPEST} lists and objects in each other")


def _describe(error: Exception) -> str:
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return f"{problem or type(error).__name__}{place}"
