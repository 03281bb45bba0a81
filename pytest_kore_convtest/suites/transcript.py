"""Read a chat log, and write it as a YAML suite that says what the log cannot say."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from pytest_kore_convtest import json_positions
from pytest_kore_convtest.json_positions import Lines, kind
from pytest_kore_convtest.suites.file_format import START_EVENT, is_blank
from pytest_kore_convtest.suites.file_text import LARGEST_FILE, decode
from pytest_kore_convtest.suites.yaml.write import write_reply, write_text
from pytest_kore_convtest.text import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_kore_convtest.json_positions import Document, Path

USER, BOT, NOBODY = "user", "bot", ""
"""Who says something; what nobody says is left out."""

_ROLES = {
    **dict.fromkeys(("user", "you", "me", "customer", "client", "human", "visitor", "tester"), USER),
    **dict.fromkeys(
        (
            *("bot", "assistant", "virtual assistant", "chatbot", "agent", "va", "ai", "model"),
            *("botmessage", "bot message", "bot_message"),
        ),
        BOT,
    ),
    **dict.fromkeys(("usermessage", "user message", "user_message"), USER),
    **dict.fromkeys(("system", "developer", "tool"), NOBODY),
}
"""What speakers are called, in lower case."""

_WHO = ("role", "speaker", "sender", "from", "author", "type", "who", "source", "by")
_WHAT = ("text", "content", "message", "body", "utterance", "value", "msg", "parts")
_TURNS = ("turns", "messages", "conversation", "transcript", "history", "chat", "events")
"""The keys that are looked for in JSON."""

_STAMP = r"(?:[\[(][^\[\]()\r\n]{1,40}[\])]|[0-9][0-9T:.,/Z+-]{3,30}(?: [0-9:.]{4,15})?(?: [AaPp][Mm])?)"
_TURN = re.compile(
    rf"[ \t]{{0,20}}(?:{_STAMP}[ \t]{{0,5}}-?[ \t]{{0,5}})?"
    r"[*_>]{0,4}([A-Za-z][A-Za-z _]{0,20})[*_]{0,3}"
    rf"(?:[ \t]{{0,5}}{_STAMP})?[ \t]{{0,5}}:[*_]{{0,3}}[ \t]{{0,5}}"
)
"""Who speaks, at the start of a line: perhaps a time before or behind it, perhaps in bold letters."""

_BREAK = re.compile(r"\r\n?|\n")
_DIGIT = re.compile(r"[0-9]")
_NOT_IN_NAME = re.compile(r"[\s/\\\x00-\x1f\x7f]+")
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_LONGEST_NAME = 60
_LONGEST_SHOWN = 40
_MOST_LABELS = 3
_HOW = "write 'user: …' and 'bot: …' lines, or a JSON list of turns"


class TranscriptError(ValueError):
    """A chat log cannot become a suite; it says why, as the rest of a sentence about the file."""


@dataclass(frozen=True)
class Turn:
    """What one side said."""

    who: str
    text: str


class Other(NamedTuple):
    """A word for a side that the log calls otherwise: where it stands, and the log's own word."""

    word: str
    line: int
    own: str


class Log(NamedTuple):
    """A chat log.

    Attributes:
        turns: What was said.
        left_out: The numbers of the lines, or in JSON of the turns, of nobody: they are not among them.
        unit: What these numbers count: ``"line"`` or ``"turn"``.
        others: Other words for a side than the log's own, which begin no turn, each with its line.
        empty: How many turns are not among them because they say nothing.
        labels: What begins lines as a speaker does but is no word for one, and the line where it first does.
    """

    turns: list[Turn]
    left_out: tuple[int, ...] = ()
    unit: str = "line"
    others: tuple[Other, ...] = ()
    empty: int = 0
    labels: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Written:
    """A suite that was made of a log.

    Attributes:
        text: The YAML.
        steps: Its steps.
        replies: Its replies.
        left_out: Turns of nobody, and lines before the first turn, that are not in it.
        unanswered: Steps of which the log has no reply.
    """

    text: str
    steps: int
    replies: int
    left_out: int
    unanswered: int


def read_transcript(data: bytes) -> Log:
    """Read a chat log.

    Raises:
        TranscriptError: It is none.
    """
    if len(data) > LARGEST_FILE:
        raise TranscriptError("is longer than 2 MB: cut one conversation out of it")
    try:
        text = decode(data)
    except UnicodeDecodeError:
        raise TranscriptError("is not UTF-8 text: save the log as UTF-8 text, or as JSON") from None
    if is_blank(text):
        raise TranscriptError(f"is empty: {_HOW}")
    if found := _BINARY.search(text):
        place = Lines(text).place(found.start())
        raise TranscriptError(f"is no text: a control character stands in line {place.line}; {_HOW}")
    if text.lstrip()[:1] in {"[", "{"} and not _TURN.match(text.lstrip()):
        log = _read_json(text)
    else:
        log = _read_lines(text)
    spoken = [turn for turn in log.turns if not is_blank(turn.text)]
    if not spoken:
        how = f"write 'user:' and 'bot:' in place of {name_labels(log)}" if log.labels else _HOW
        raise TranscriptError(f"has no turn of a user or a bot: {how}")
    if not any(turn.who == BOT for turn in spoken):
        how = f"write 'bot:' in place of {name_labels(log)}" if log.labels else "write 'bot: …' lines"
        raise TranscriptError(f"has no reply of the bot, so nothing could be tested: {how}")
    return log._replace(turns=spoken, empty=len(log.turns) - len(spoken))


def _read_lines(text: str) -> Log:
    """Read lines; each side has one word, because 'Customer: 4711' may be part of what a bot says."""
    lines = [(line, *_read_speaker(line)) for line in _BREAK.split(text)]
    count = Counter(word for _, word, _ in lines if word)
    chosen: dict[str, str] = {}
    for word, _ in count.most_common():
        chosen.setdefault(_ROLES[word], word)
    turns: list[tuple[str, list[tuple[int, str]]]] = []
    left, others = list[int](), list[Other]()
    for number, (line, word, said) in enumerate(lines, 1):
        who = _ROLES.get(word)
        is_turn = who is not None and (who == NOBODY or chosen[who] == word)
        if who is not None and not is_turn:
            others.append(Other(word, number, chosen[who]))
        if is_turn and who is not None:
            turns.append((who, [(number, said)]))
        elif turns:
            turns[-1][1].append((number, line))
        elif not is_blank(line):
            left.append(number)
    found = [Turn(who, "\n".join(line.strip() for _, line in some).strip()) for who, some in turns if who]
    silent = [some for who, some in turns if not who]
    left += [some[0][0] for some in silent]
    left += [number for some in silent for number, line in some[1:] if not is_blank(line)]
    labels = _find_labels([line for line, _, _ in lines], 2 if USER in chosen else 1)
    return Log(found, tuple(sorted(left)), others=tuple(others), labels=labels)


def _find_labels(lines: list[str], least: int) -> tuple[tuple[str, int], ...]:
    """Return what begins lines as a speaker does but is no word for one, and the line where it first does.

    Args:
        lines: The log.
        least: How often it has to come: once is a part of what is said, above all where a user speaks.
    """
    places: dict[str, list[int]] = {}
    for number, line in enumerate(lines, 1):
        found = _TURN.match(line)
        if found and (word := found[1].strip()).lower() not in _ROLES:
            places.setdefault(word, []).append(number)
    return tuple((word, some[0]) for word, some in places.items() if len(some) >= least)


def name_labels(log: Log) -> str:
    """Name what begins lines of a log as a speaker does, and is not known as one."""
    named = [f"'{word}:' (line {line})" for word, line in log.labels[:_MOST_LABELS]]
    more = len(log.labels) - len(named)
    return list_words([*named, *([f"{more} more"] if more else [])])


def list_words(words: Sequence[str]) -> str:
    """Write words as ``A``, ``A and B`` or ``A, B and C``."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _read_speaker(line: str) -> tuple[str, str]:
    """Return who speaks in a line, in lower case, and what; no word when nobody begins to speak there."""
    found = _TURN.match(line)
    word = found[1].strip().lower() if found else ""
    return (word, line[found.end() :]) if found and word in _ROLES else ("", line)


def _read_json(text: str) -> Log:
    try:
        document = json_positions.load(text)
    except json_positions.JsonError as bad:
        where, said = f"line {bad.place.line}, column {bad.place.column}", bad.message
    else:
        value, path = document.value, ()
        if isinstance(value, dict):
            key = next((name for name in _TURNS if isinstance(value.get(name), list)), None)
            value, path = (value[key], (key,)) if key else ([value], ())  # type: ignore[assignment]
        turns = [
            (number, turn)
            for number, one in enumerate(value)
            for turn in _read_turn(one, document, (*path, number))
        ]
        silent = tuple(number + 1 for number, turn in turns if not turn.who)
        return Log([turn for _, turn in turns if turn.who], silent, "turn")
    raise TranscriptError(f"is not valid JSON in {where}: {said}")


def _stop(document: Document, path: Path, said: str) -> NoReturn:
    place = document.place(path)
    raise TranscriptError(f"cannot be read in line {place.line}, column {place.column}: {said}")


def _read_turn(one: object, document: Document, path: Path) -> Iterator[Turn]:
    if isinstance(one, list) and len(one) == 2 and isinstance(one[0], str):  # noqa: PLR2004 - who and what
        one = {"role": one[0], "text": one[1]}
    if not isinstance(one, dict):
        _stop(document, path, f'a turn is {kind(one)}; write {{"role": "user", "text": "…"}}')
    named = {key.lower(): value for key, value in one.items()}
    if who := next((named[key] for key in _WHO if isinstance(named.get(key), str)), ""):
        role = _ROLES.get(who.strip().lower())
        if role is None:
            shown = who[:_LONGEST_SHOWN]
            _stop(document, path, f"'{shown}' is neither the user nor the bot; call them user and bot")
        what = _pick_said(named)
        yield Turn(role, _read_said(what, document, path))
        return
    speakers = [(key, _ROLES[key]) for key in named if key in _ROLES]
    if not speakers:
        _stop(document, path, 'a turn does not say who speaks; write {"role": "user", "text": "…"}')
    for key, role in speakers:
        several = named[key]
        for said in several if isinstance(several, list) and role == BOT else [several]:
            yield Turn(role, _read_said(said, document, path))


def _pick_said(named: Mapping[str, object]) -> object:
    """Return the first value that says something: logs have an empty ``text`` beside ``content``."""
    values = [named[key] for key in _WHAT if named.get(key) is not None]
    says = (one for one in values if one and not (isinstance(one, str) and is_blank(one)))
    return next(says, next(iter(values), None))


def _read_said(what: object, document: Document, path: Path) -> str:
    """Return what was said: a text, a template as its JSON, or parts that are texts."""
    if isinstance(what, str):
        return what
    if isinstance(what, list) and what:
        parts = [
            one if isinstance(one, str) else as_text(one.get("text")) if isinstance(one, dict) else ""
            for one in what
        ]
        if all(parts):
            return "\n".join(parts)
    if isinstance(what, dict):
        if isinstance(what.get("text"), str) and not {"type", "payload"} <= what.keys():
            said = _pick_said(what)
            return said if isinstance(said, str) else as_text(what["text"])
        return json.dumps(what, ensure_ascii=False, separators=(",", ":"))
    if what is None:
        return ""
    _stop(document, path, f'what is said is {kind(what)}; write "text": "…"')


def name_suite(stem: str) -> str:
    """Return a suite's name that is made of a file's."""
    return _NOT_IN_NAME.sub("_", stem).strip("._ ")[:_LONGEST_NAME] or "CHAT"


def write_suite(turns: list[Turn], name: str, source: str, left_out: int = 0) -> Written:
    """Write turns as a YAML suite, with a comment wherever the log does not say something.

    Args:
        turns: What was said.
        name: The suite's name.
        source: The log's name, as it may be printed on one line.
        left_out: What of the log is not among the turns.
    """
    steps: list[tuple[str, list[str]]] = []
    for turn in turns:
        if turn.who == USER:
            steps.append((turn.text, []))
        elif steps:
            steps[-1][1].append(turn.text)
        else:
            steps.append(("", [turn.text]))
    last = len(steps)
    while not steps[last - 1][1]:
        last -= 1
    lines = [
        f"# Made of {source} by kore-convtest init --from-transcript. Look at what a log cannot say:",
        "# * A reply that varies: write any: [A, B], contains: T, or matches: REGEX and example: T.",
        "#   Where a number is in a reply, a comment says so.",
        "# * Which bot it is: bot: st-...",
        "suites:",
        f"  - name: {write_text(name)}",
        "    # tags: [smoke]",
        "    steps:",
    ]
    if steps[0][0]:
        lines += [
            "      # The log begins with the user. If the bot greets first, take these lines in:",
            f"      # - event: {START_EVENT}",
            "      #   bot: ...",
        ]
    for number, (said, replies) in enumerate(steps[:last]):
        lines += _write_step(said, replies, is_first=number == 0)
    if steps[last:]:
        lines.append("      # The log ends before the bot answers this. Write the replies, or leave it out:")
    for said, _ in steps[last:]:
        lines += [f"      # - user: {write_text(said)}", "      #   bot: ..."]
    unanswered = sum(not replies for _, replies in steps)
    amount = sum(len(replies) for _, replies in steps)
    return Written("\n".join(lines) + "\n", last, amount, left_out, unanswered)


def _write_step(said: str, replies: list[str], *, is_first: bool) -> Iterator[str]:
    if is_first and not said:
        yield "      # The bot speaks first: the user's arrival is an event."
        yield f"      - event: {START_EVENT}"
    else:
        yield f"      - user: {write_text(said)}"
    if not replies:
        yield "        # The log has no reply to this: write it, bot: ..."
        return
    if len(replies) == 1 and not _DIGIT.search(replies[0]) and len(alone := write_reply(replies[0], 8)) == 1:
        yield f"        bot: {alone[0]}"
        return
    yield "        bot:"
    for reply in replies:
        if _DIGIT.search(reply):
            yield "          # A number is in this reply: does it vary?"
        first, *rest = write_reply(reply, 12)
        yield f"          - {first}"
        yield from rest
