"""What differs between an expected and an actual reply: by word for texts, by path for templates.

A rich reply travels as JSON text, so two of them are compared as data: order of
keys, white space and escapes are no difference.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from pytest_kore_convtest.redaction import hide
from pytest_kore_convtest.text import block as harmless
from pytest_kore_convtest.text import one_line as visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SAME, EXPECTED, ACTUAL = " ", "-", "+"
"""Marks of a piece of text: in both, only in the expected one, only in the actual one."""

NOTHING = "(nothing)"
"""Stands where one side has no value; as no JSON looks like it, it cannot be mistaken for one."""

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+|\s|[^\w\s]")
"""A word, a mark or one blank; Chinese and Japanese have no blanks, so each letter is a word."""

_SEPARATES = re.compile(r"[\w\n]")
"""What keeps two differences apart when it stands between them."""

_LEAST_COMMON = 1 / 3
"""The part of the longer text's words that two texts share at least when the others are marked."""

_DEEPEST = 100
_MOST_WORK = 10_000_000
"""What comparing token by token may cost, half a second at the worst; beyond it the whole middle differs."""

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
"""A key that is written after a dot."""

_CODES = ("type", "payload", "url")
"""How the keys of a template end whose texts are for machines."""

_KEPT = 60
"""Letters kept on each side of a long stretch that is the same on both sides."""


def words(expected: str, actual: str) -> list[tuple[str, str]]:
    """Compare two texts word by word; neighbouring words that differ are one piece.

    Returns:
        Pieces in order, each with its mark: ``SAME``, ``EXPECTED`` or ``ACTUAL``. Two texts that have
        little in common are one piece each.
    """
    expected, actual = hide(expected), hide(actual)
    blocks = _join(
        (same, "".join(a), "".join(b))
        for same, a, b in _blocks(_TOKEN.findall(expected), _TOKEN.findall(actual))
    )
    common = sum(_count_words(a) for same, a, _ in blocks if same)
    if common < _LEAST_COMMON * max(_count_words(expected), _count_words(actual)):
        blocks = [(False, expected, actual)]
    pieces: list[tuple[str, str]] = []
    for same, a, b in blocks:
        if same:
            pieces.append((SAME, a))
        else:
            pieces += [(mark, part) for mark, part in ((EXPECTED, a), (ACTUAL, b)) if part]
    return pieces


def _count_words(text: str) -> int:
    return sum(token[0].isalnum() for token in _TOKEN.findall(text))


def _join(blocks: Iterable[tuple[bool, str, str]]) -> list[tuple[bool, str, str]]:
    """Join two differences that have nothing but blanks and punctuation of one line between them."""
    joined: list[tuple[bool, str, str]] = []
    for same, a, b in blocks:
        if not same and len(joined) > 1 and not _SEPARATES.search(joined[-1][1]):
            (_, old, new), (_, between, _) = joined[-2:]
            if (old or a) and (new or b):
                joined[-2:] = [(False, old + between + a, new + between + b)]
                continue
        joined.append((same, a, b))
    return joined


def stand_alone(pieces: Sequence[tuple[str, str]]) -> bool:
    """Say whether two texts are seen to differ as they are, so that marks would only hinder."""
    texts = [text for _, text in pieces]
    plain = all(kind != SAME for kind, _ in pieces) and all(text.strip() for text in texts)
    return plain and len({harmless(text) for text in texts}) == len(texts)


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, Sequence[str], Sequence[str]]]:
    """Cut two sequences into stretches that are the same and stretches that are not."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if head:
        yield True, old[:head], new[:head]
    if a and b and cost_of(a, b) <= _MOST_WORK:
        for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            yield tag == "equal", a[i:j], b[k:m]
    elif a or b:
        yield False, a, b
    if tail:
        yield True, old[len(old) - tail :], new[len(new) - tail :]


def cost_of(old: Sequence[str], new: Sequence[str]) -> int:
    """Return what ``SequenceMatcher`` costs at the worst: equal pairs, gone through for each match."""
    left, right = Counter(old), Counter(new)
    return sum(count * right[item] for item, count in left.items()) * min(len(old), len(new))


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Count the leading items that two sequences share."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))


def mark(pieces: list[tuple[str, str]]) -> tuple[str, str]:
    """Write a word-level comparison as two plain texts.

    Returns:
        The expected text with its own words as ``[-word-]``, and the actual one with ``{+word+}``;
        long stretches that are the same on both sides are shortened. Texts that have little in
        common stand as they are, so that they can be copied.
    """
    if stand_alone(pieces):
        first, second = (
            "".join(text for kind, text in pieces if kind == side) for side in (EXPECTED, ACTUAL)
        )
        return harmless(first), harmless(second)
    last = len(pieces) - 1
    expected, actual = [], []
    for at, (kind, text) in enumerate(pieces):
        if kind == SAME:
            same = _shorten(harmless(text), head=at > 0, tail=at < last)
            expected.append(same)
            actual.append(same)
        elif kind == EXPECTED:
            expected.append(f"[-{visible(text)}-]")
        else:
            actual.append(f"{{+{visible(text)}+}}")
    return "".join(expected), "".join(actual)


def _shorten(text: str, *, head: bool, tail: bool) -> str:
    """Keep of a long text what stands beside a difference."""
    if len(text) <= _KEPT * 3:
        return text
    return (text[:_KEPT] if head else "") + " … " + (text[-_KEPT:] if tail else "")


def around(expected: str, actual: str, most: int) -> tuple[str, str]:
    """Return both texts on one line each, cut so that the first difference is in view."""
    expected, actual = hide(expected), hide(actual)
    at = _common(expected, actual)
    start = max(0, at - most // 3) if max(len(expected), len(actual)) > most else 0
    return _window(expected, start, most), _window(actual, start, most)


def _window(text: str, start: int, most: int) -> str:
    end = start + most
    return f"{'…' if start else ''}{visible(text[start:end])}{'…' if len(text) > end else ''}"


def closest(text: str, variations: Sequence[str]) -> str:
    """Return the variation that shares most words with a text; the first one of equals."""
    if len(variations) == 1:
        return variations[0]
    said = set(_TOKEN.findall(text))

    def likeness(variation: str) -> float:
        wanted = set(_TOKEN.findall(variation))
        return len(said & wanted) / (len(said | wanted) or 1)

    return max(variations, key=likeness, default="")


def is_template(text: str) -> bool:
    """Say whether a text is a rich reply: a JSON object, or a list of them."""
    return _load(text) is not None


def shown_texts(text: str) -> list[str] | None:
    """Return the texts of a template that a user may see, no keys and no codes; ``None`` of no template."""
    found, shown = _load(text), list[str]()
    if found is None:
        return None
    todo: list[tuple[str, object]] = [("", found)]
    while todo:
        key, value = todo.pop()
        if isinstance(value, dict):
            todo += value.items()
        elif isinstance(value, list):
            todo += ((key, one) for one in value)
        elif isinstance(value, str) and not key.endswith(_CODES):
            shown.append(value)
    return shown


def templates_equal(a: str, b: str) -> bool:
    """Say whether two texts are templates that hold the same data."""
    return is_template(a) and is_template(b) and (canonical(a) == canonical(b) or not data(a, b))


def brief(text: str, most: int) -> str:
    """Return a reply in one line: of a template its type and its first text."""
    found = _load(text)
    if isinstance(found, dict):
        payload = found.get("payload")
        inner = payload if isinstance(payload, dict) else found
        kind = inner.get("template_type") or found.get("type") or "template"
        said = next(
            (inner[key] for key in ("text", "title", "heading") if isinstance(inner.get(key), str)), ""
        )
        text = f"<{kind}> {said}"
    return visible(" ".join(text.split()), most)


def canonical(text: str) -> str:
    """Return what is left of a text when layout does not count: JSON's in templates, else white space."""
    found = _load(text)
    return " ".join(text.split()) if found is None else _canonical(found)


def data(expected: str, actual: str) -> list[tuple[str, str, str]]:
    """Compare two templates, held as JSON text, as data.

    Returns:
        For each difference its path and both values as JSON, ``NOTHING`` where there is none.
        Without two templates there is one difference at most, of the texts as a whole.
    """
    old, new = _load(expected), _load(actual)
    if old is not None and new is not None:
        return list(_compare(old, new, "$"))
    return [] if expected == actual else [("$", _json(expected), _json(actual))]


@lru_cache(maxsize=16)  # the same few texts are asked about again and again; nobody changes the data
def _load(text: str) -> object:
    """Return a template's data; ``None`` when the text is none, or nested too deep to walk."""
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start not in {"{", "["}:
        return None
    try:
        found = json.loads(text.strip("\ufeff \t\r\n"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    is_rich = isinstance(found, dict) or all(isinstance(one, dict) for one in found)
    return found if found and is_rich and _is_shallow(found) else None


def _refuse(name: str) -> float:
    raise ValueError(name)


def _is_shallow(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return True
    return False


def _inside(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _compare(old: object, new: object, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            below = f"{path}{_step(key)}"
            if key in old and key in new:
                yield from _compare(old[key], new[key], below)
            else:
                yield below, _value(old, key), _value(new, key)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(old, new, path)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, _json(old), _json(new)


def _value(side: dict[str, object], key: str) -> str:
    return _json(side[key]) if key in side else NOTHING


def _compare_lists(old: list[object], new: list[object], path: str) -> Iterator[tuple[str, str, str]]:
    """Compare two lists; an item put in or left out does not make all those after it differ."""
    at = [0, 0]
    for same, a, b in _blocks([_canonical(one) for one in old], [_canonical(one) for one in new]):
        first, second = at
        at = [first + len(a), second + len(b)]
        if same:
            continue
        rows = zip_longest(range(first, at[0]), range(second, at[1]))
        for i, j in rows:
            if i is not None and j is not None:
                yield from _compare(old[i], new[j], f"{path}[{i}]")
            elif i is not None:
                yield f"{path}[{i}]", _json(old[i]), NOTHING
            else:
                yield f"{path}[{j}]", NOTHING, _json(new[j])


def _step(key: str) -> str:
    return f".{key}" if _NAME.fullmatch(key) else f"[{visible(_json(key))}]"


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
