"""Compare the suite that the platform stored with the local file it was imported from.

What the platform captures while it replays the conversation (nodes, intents,
transitions) is expected and no finding. Where the platform keeps an expected text is
not documented beyond samples: the output's own ``text`` and the entries of its text
assertion both count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_kore_convtest.alignment import Alignment, align
from pytest_kore_convtest.differences import (
    around,
    brief,
    canonical,
    closest,
    data,
    is_template,
    templates_equal,
)
from pytest_kore_convtest.rules import ALL_OF
from pytest_kore_convtest.structure import ERROR, WARNING, Finding
from pytest_kore_convtest.text import one_line as visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_kore_convtest.positions import Place
    from pytest_kore_convtest.suitefile import LocalOutput, LocalStep, LocalSuite

_ROOT = "$.response"
_STEPS = f"{_ROOT}.testSteps"
_MOST_SHOWN = 70
_MOST_NAMED = 5

_Stored = dict[str, Any]


def compare(local: LocalSuite, stored: Mapping[str, Any]) -> list[Finding]:
    """Return every difference between a file's suite and the stored one, errors first.

    Args:
        local: The suite of the file.
        stored: The stored suite: ``response`` of the platform's reply.
    """
    steps = _dicts(stored.get("testSteps"))
    inputs = [_squeeze(_text(step.get("input"))) for step in steps]
    found = align([_squeeze(step.input) for step in local.steps], inputs)
    findings = [*_compare_order(local, steps, found)]
    for first, second in sorted([*found.same, *found.moved, *found.changed]):
        path, what = f"{_STEPS}[{second}]", f"step {first + 1:02}"
        findings += _compare_step(local, local.steps[first], steps[second], path, what)
    findings += _compare_labels(local, stored)
    return sorted(findings, key=lambda finding: finding.severity != ERROR)


def _compare_order(local: LocalSuite, steps: Sequence[_Stored], found: Alignment) -> Iterator[Finding]:
    if found.moved:
        moved = [(first, second) for first, second in found.moved if first != second] or found.moved
        moves = [_say_move(local, first, second) for first, second in moved[:_MOST_NAMED]]
        more = len(moved) - len(moves)
        said = "; ".join([*moves, f"and {more} more"] if more else moves)
        yield Finding(_STEPS, f"the steps are in another order than in the file: {said}")
    for run in _runs(found.lost):
        first, last = local.steps[run[0]], local.steps[run[-1]]
        named = _named(run, first.input, last.input, _at(local, first.place))
        yield Finding(_STEPS, f"{named} of the file {_are(run)} lost: nothing is stored for {_it(run)}")
    for run in _runs(found.added):
        named = _named(run, steps[run[0]].get("input"), steps[run[-1]].get("input"), "")
        said = f"{named} {_are(run)} stored, but the file has nothing like {_it(run)}"
        yield Finding(f"{_STEPS}[{run[0]}]", f"{said} ({_at(local, local.place)})")


def _say_move(local: LocalSuite, first: int, second: int) -> str:
    step = local.steps[first]
    return f"{_named([first], step.input, None, _at(local, step.place))} is stored as step {second + 1:02}"


def _compare_step(
    local: LocalSuite, step: LocalStep, stored: _Stored, path: str, what: str
) -> Iterator[Finding]:
    where = _at(local, step.place)
    found = _text(stored.get("input"))
    if step.input != found:
        only_blanks = _squeeze(step.input) == _squeeze(found)
        yield _changed(f"{path}.input", f"{what}: the input", (step.input, found), where, blanks=only_blanks)
    event = _text(stored.get("event"))
    if step.event != event:
        yield _changed(f"{path}.event", f"{what}: the event", (step.event, event), where)
    yield from _compare_replies(local, step, _dicts(stored.get("outputs")), f"{path}.outputs", what)


def _changed(path: str, what: str, sides: tuple[str, str], where: str, *, blanks: bool = False) -> Finding:
    ours, theirs = around(*sides, _MOST_SHOWN)
    said = f"{what} is '{ours}' in the file ({where}), but '{theirs}' is stored"
    return Finding(path, f"{said}: only white space differs", WARNING) if blanks else Finding(path, said)


def _compare_replies(
    local: LocalSuite, step: LocalStep, outputs: Sequence[_Stored], path: str, what: str
) -> Iterator[Finding]:
    stored = [_stored_texts(output) for output in outputs]
    found = _match(step.outputs, stored)
    where = _at(local, step.place)
    if found.moved:
        ours, theirs = found.moved[0]
        said = f"reply {ours + 1} of the file ({where}) is stored as reply {theirs + 1}"
        yield Finding(path, f"{what}: the expected replies are in another order: {said}")
    for at in found.lost:
        output = step.outputs[at]
        if any(output.texts):
            said = f"{_list(output.texts)} ({_at(local, output.place)}) is lost: nothing is stored for it"
            yield Finding(path, f"{what}, reply {at + 1}: {said}")
    for at in found.added:
        said = f"{_list(stored[at])} is stored as reply {at + 1}, which the file ({where}) does not expect"
        yield Finding(f"{path}[{at}]", f"{what}: {said}", WARNING)
    for first, second in sorted([*found.same, *found.moved, *found.changed]):
        output, here = step.outputs[first], f"{path}[{second}]"
        place, name = _at(local, output.place), f"{what}, reply {first + 1}"
        yield from _compare_reply(output, stored[second], here, name, place)
        yield from _compare_switch(output, outputs[second], here, name, place)


def _match(ours: Sequence[LocalOutput], stored: Sequence[Sequence[str]]) -> Alignment:
    """Find out which stored reply is which of the file's."""
    fit = len(ours) == len(stored)
    both = zip(ours, stored, strict=False)
    if fit and (len(ours) == 1 or all(set(output.texts) <= set(texts) for output, texts in both)):
        return Alignment(same=[(at, at) for at in range(len(ours))])
    old = [canonical(output.texts[0]) if output.texts else "" for output in ours]
    return align(old, [canonical(texts[0]) if texts else "" for texts in stored])


def _compare_reply(
    output: LocalOutput, stored: Sequence[str], path: str, what: str, where: str
) -> Iterator[Finding]:
    lost, rest = [], list(stored)
    for text in filter(None, output.texts):
        likes = [(found, _likeness(text, found, output.mode)) for found in stored]
        best = next(
            (pair for pair in likes if pair[1] == ""), next((pair for pair in likes if pair[1]), None)
        )
        if best is None:
            lost.append(text)
            continue
        rest = [found for found in rest if found != best[0]]
        if best[1]:
            said = f"'{_cut(text)}' of the file ({where}) is stored as '{_cut(best[0])}'"
            yield Finding(path, f"{what}: {said}: only {best[1]} differs", WARNING)
    for text in lost:
        instead = closest(text, rest or stored)
        rest = [found for found in rest if found != instead]
        yield _lost(path, what, text, instead, where)
    if rest:
        said = f"{_list(rest)} is stored, too, which the file ({where}) does not have: {_list(output.texts)}"
        yield Finding(path, f"{what}: {said}", WARNING)


def _lost(path: str, what: str, text: str, instead: str, where: str) -> Finding:
    if is_template(text) and is_template(instead):
        (at, ours, theirs), *more = data(text, instead)
        also = f" ({len(more)} more differences)" if more else ""
        said = f"{at} of the template is {_clip(visible(ours))} in the file ({where}), but"
        return Finding(path, f"{what}: {said} {_clip(visible(theirs))} is stored{also}")
    ours, theirs = around(text, instead, _MOST_SHOWN)
    said = f"but '{theirs}' is stored" if instead else "but no text is stored"
    return Finding(path, f"{what}: '{ours}' is expected in the file ({where}), {said}")


def _likeness(text: str, found: str, mode: str) -> str | None:
    """Say what differs between a file's text and a stored one: nothing, layout, or (``None``) the text."""
    if text == found or (mode == ALL_OF and text in found):
        return ""
    if templates_equal(text, found):
        return "the formatting of the JSON"
    if not is_template(text) and _squeeze(text) == _squeeze(found):
        return "white space"
    return None


def _compare_switch(
    output: LocalOutput, stored: _Stored, path: str, what: str, where: str
) -> Iterator[Finding]:
    """Say so when the platform stored a text without comparing it."""
    block = _dict(_dict(stored.get("assertions")).get("text"))
    if any(output.texts) and block.get("enabled") is False:
        said = f"{_list(output.texts)} of the file ({where}) is stored, but its text assertion is off"
        yield Finding(f"{path}.assertions.text.enabled", f"{what}: {said}: it is not compared", WARNING)


def _compare_labels(local: LocalSuite, stored: Mapping[str, Any]) -> Iterator[Finding]:
    tags = stored.get("tags")
    theirs = {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()
    where = _at(local, local.place)
    if theirs != set(local.tags):
        said = (
            f"the tags are {_list(local.tags)} in the file ({where}), but {_list(sorted(theirs))} are stored"
        )
        yield Finding(f"{_ROOT}.tags", said, WARNING)
    description = _text(stored.get("description"))
    if _squeeze(description) != _squeeze(local.description):
        changed = _changed(f"{_ROOT}.description", "the description", (local.description, description), where)
        yield Finding(changed.path, changed.message, WARNING)


def _stored_texts(output: _Stored) -> list[str]:
    block = _dict(_dict(output.get("assertions")).get("text"))
    texts = [output.get("text"), *(entry.get("text") for entry in _dicts(block.get("contains")))]
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def _runs(numbers: Sequence[int]) -> Iterator[list[int]]:
    """Put neighbours together: thirty steps lost in a row are one thing to say."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _named(run: Sequence[int], first: Any, last: Any, where: str) -> str:
    place = f" ({where})" if where else ""
    if len(run) == 1:
        return f"step {run[0] + 1:02} '{_cut(_text(first))}'{place}"
    ends = f"from '{_cut(_text(first))}' to '{_cut(_text(last))}'"
    return f"steps {run[0] + 1:02} to {run[-1] + 1:02}, {ends}{place},"


def _are(run: Sequence[int]) -> str:
    return "is" if len(run) == 1 else "are"


def _it(run: Sequence[int]) -> str:
    return "it" if len(run) == 1 else "them"


def _at(local: LocalSuite, place: Place) -> str:
    return f"{visible(local.path.name)}:{place.line}"


def _list(texts: Sequence[str]) -> str:
    shown = [f"'{_cut(text)}'" for text in texts[:_MOST_NAMED]]
    return ", ".join([*shown, "…"] if len(texts) > len(shown) else shown) or "none"


def _cut(text: str) -> str:
    return brief(text, _MOST_SHOWN) if is_template(text) else _clip(visible(text))


def _clip(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dict(value: Any) -> _Stored:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[_Stored]:
    """Return the entries of a list; what is no object counts as an empty one, so that places stay."""
    return [_dict(entry) for entry in value] if isinstance(value, list) else []
