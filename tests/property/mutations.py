"""Spoil a JSON document in every way a service may: as text, so that twins and odd numbers survive."""

import json
import re
from copy import deepcopy

from hypothesis import strategies as st


class Twins(list):
    """An object as a list of pairs: a key may stand in it twice."""


class Raw(str):
    """JSON text that stands for itself."""

    __slots__ = ()


WORDS = (
    "SUCCESS",
    "FAILED",
    "IN_PROGRESS",
    "passed",
    "failed",
    "inprogress",
    "Success",
    "success ",
    "SUC CESS",
)
NUMBERS = (
    "0",
    "1",
    "2",
    "-1",
    "100",
    "1.5",
    "1e999",
    "-1e999",
    "1E400",
    "NaN",
    "-Infinity",
    "9" * 400,
    "9" * 5000,
    "-0",
)
TEXTS = (
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\u0000"',
    '"\\u001b[31m"',
    '"\\u202e"',
    '""',
    '" "',
    '"' + "x" * 5000 + '"',
)
DEEP = (190, 260, 950, 5000)
VALUES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from([None, True, False]),
    st.sampled_from([*NUMBERS, *TEXTS]).map(Raw),
    st.sampled_from(
        [[], Twins(), [None], [[]], [Twins()], Twins([("a", 1)]), ["SUCCESS"], Twins([("status", "SUCCESS")])]
    ),
    st.sampled_from(DEEP).map(lambda depth: Raw("[" * depth + "]" * depth)),
    st.sampled_from(DEEP).map(lambda depth: Raw('{"a":' * depth + "1" + "}" * depth)),
    st.text(max_size=5),
)
KEYS = st.sampled_from(
    [
        "status",
        "Status",
        "_id",
        "id",
        "response",
        "result",
        "streamId",
        "testSteps",
        "status ",
        "",
        "0",
        "\ud800",
    ]
)
FIELDS = {
    "say": (("status",), [json.dumps(word) for word in (*WORDS, "completed", "done", "aborted", "")]),
    "count": (("passed", "failed", "total", "totalTestStepsCount"), NUMBERS),
}
"""Mutations of single fields, by their keys: what may stand there instead."""

OPERATIONS = (
    "say",
    "say",
    "count",
    "drop",
    "twin",
    "retype",
    "retype",
    "nest",
    "rename",
    "reorder",
    "swap",
    "copy",
    "lift",
)
STEPS = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 10**6), st.integers(0, 10**6), VALUES, KEYS),
    max_size=4,
)
"""Mutations: what to do, at which place, with which other place, value and key."""


def load(document):
    """Return a document with its objects as pairs."""
    return json.loads(json.dumps(document), object_pairs_hook=Twins)


def dump(value):
    """Return the JSON text of a document of pairs."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Twins):
        return "{" + ", ".join(f"{json.dumps(key)}: {dump(inner)}" for key, inner in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    return json.dumps(value)


def places(value, found=None):
    """Return every place of a document: the container and the index in it."""
    found = [] if found is None else found
    for index, inner in enumerate(value):
        found.append((value, index))
        inner = inner[1] if isinstance(value, Twins) else inner  # noqa: PLW2901 - a pair's value
        if isinstance(inner, list):
            places(inner, found)
    return found


def key_of(place):
    """Return the key that stands at a place; nothing in a list."""
    container, index = place
    return container[index][0] if isinstance(container, Twins) else None


def get(place):
    """Return what stands at a place."""
    container, index = place
    return container[index][1] if isinstance(container, Twins) else container[index]


def put(place, value):
    """Put something at a place."""
    container, index = place
    container[index] = (container[index][0], value) if isinstance(container, Twins) else value


def mutate(document, steps):
    """Return the JSON text of a document after some mutations."""
    whole = [load(document)]
    for operation, here, there, value, key in steps:
        known = places(whole)
        if not known:
            return ""
        if operation in FIELDS:
            keys, texts = FIELDS[operation]
            for place in [place for place in known if key_of(place) in keys][here % 3 :: 1 + here % 2]:
                put(place, Raw(texts[there % len(texts)]))
            continue
        # The places nearest to the root matter most, so they are as likely as all the others together.
        near = known[: min(len(known), 24)]
        spots = [*known, *near * (len(known) // len(near))]
        _change(operation, spots[here % len(spots)], spots[there % len(spots)], deepcopy(value), key)
    return dump(whole[0]) if whole else ""


def _change(operation, place, other, value, key):  # noqa: C901 - one table
    container, index = place
    if operation == "drop":
        del container[index]
    elif operation == "twin":
        mark = container[index]
        container.insert(
            there_of(other, container), (mark[0], value) if isinstance(container, Twins) else mark
        )
    elif operation == "retype":
        put(place, value)
    elif operation == "nest":
        put(place, Twins([(key, get(place))]) if other[1] % 2 else [get(place)])
    elif operation == "rename":
        if isinstance(container, Twins):
            container[index] = (key if other[1] % 2 else container[index][0].swapcase(), container[index][1])
    elif operation == "reorder":
        container.reverse()
    elif operation == "swap":
        mine, theirs = dump(get(place)), dump(get(other))
        put(place, Raw(theirs))
        put(other, Raw(mine))
    elif operation == "copy":
        put(place, Raw(dump(get(other))))
    elif operation == "lift" and isinstance(get(place), list) and get(place):
        put(place, get((get(place), 0)))


def there_of(other, container):
    """Return an index in a container, chosen by another place."""
    return other[1] % (len(container) + 1)


SPOILERS = st.one_of(
    st.just(lambda text: text.encode()),
    st.just(lambda text: text.encode()),
    st.just(lambda text: b"\xef\xbb\xbf" + text.encode()),
    st.sampled_from(["utf-16", "utf-16-le", "utf-32"]).map(lambda name: lambda text: text.encode(name)),
    st.integers(1, 40).map(lambda cut: lambda text: text.encode()[:-cut]),
    st.sampled_from([b"x", b"{}", b"\x00", b"]", b"//", b" \n"]).map(
        lambda tail: lambda text: text.encode() + tail
    ),
    st.integers(0, 200).map(lambda at: lambda text: text.encode()[:at] + b"\xff" + text.encode()[at:]),
)


def letters(word):
    """Return a status word's letters, in small; nothing for what is no word."""
    return re.sub(r"[\s_-]", "", word).lower() if isinstance(word, str) else ""


def plain(body):
    """Return a body as the data it plainly says; ``None`` when it is odd in any way."""

    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode()
        return json.loads(text, object_pairs_hook=once, parse_constant=int)  # which knows no NaN
    except (ValueError, RecursionError):
        return None
