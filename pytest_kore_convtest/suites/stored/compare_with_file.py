"""Compare the suite that the platform stored with the local file it was imported from.

What the platform captures while it replays the conversation (nodes, intents,
transitions) is expected and no finding. An expected text of the file has to be compared:
it counts when it is an entry of an enabled text assertion. The output's own ``text`` is
what the platform heard when it replayed the conversation, and proves no comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pytest_kore_convtest.findings import Location, apply_rules, find
from pytest_kore_convtest.rules import DEFAULTS, Rule
from pytest_kore_convtest.suites.align import Alignment, align
from pytest_kore_convtest.suites.diff import (
    around,
    brief,
    canonical,
    closest,
    data,
    is_template,
    templates_equal,
)
from pytest_kore_convtest.suites.file_format import ALL_OF, is_blank
from pytest_kore_convtest.suites.stored.validate import MOST_STEPS
from pytest_kore_convtest.text import as_text, plural, squeeze
from pytest_kore_convtest.text import one_line as visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.json_positions import Place
    from pytest_kore_convtest.rules import Severity
    from pytest_kore_convtest.suites.file import LocalOutput, LocalStep, LocalSuite

_ROOT = "$.response"
_STEPS = f"{_ROOT}.testSteps"
_MOST_SHOWN = 70
_MOST_NAMED = 5
_MOST_LOOKED_AT = 50
"""Texts of one reply that are looked at one by one; nobody expects more variations."""

_LONGEST_SIDE = 2_000
"""Characters of an expected or stored text that a finding keeps."""

_Stored = dict[str, object]


@dataclass(frozen=True)
class _Where:
    """Where both sides of a comparison stand: a JSON path of the reply, and a place in the file.

    Attributes:
        local: The suite of the file.
        path: The JSON path.
        place: The place in the file.
        step: The 1-based step; 0 when none is meant.
        what: The step, and the reply, in words.
    """

    local: LocalSuite
    path: str
    place: Place
    step: int = 0
    what: str = ""

    @property
    def line(self) -> str:
        """The file's name and the line, for a sentence."""
        return _at(self.local, self.place)

    def find(self, rule: Rule, message: str, inside: str = "", **sides: str) -> Finding:
        """Make a finding here, or at a node inside."""
        location = Location(str(self.local.path), *self.place, self.path + inside)
        said = f"{self.what}: {message}" if self.what else message
        kept = {side: text[:_LONGEST_SIDE] for side, text in sides.items()}
        return find(rule, said, location=location, suite=self.local.name, step=self.step, **kept)


def compare(
    local: LocalSuite, stored: Mapping[str, object], rules: Mapping[Rule, Severity] = DEFAULTS
) -> list[Finding]:
    """Return every difference between a file's suite and the stored one, errors first.

    Args:
        local: The suite of the file.
        stored: The stored suite: ``response`` of the platform's reply.
        rules: The severities that were chosen.
    """
    return apply_rules(_find_all(local, stored), rules)


def _find_all(local: LocalSuite, stored: Mapping[str, object]) -> Iterator[Finding]:
    steps = _dicts(stored.get("testSteps"))
    if len(steps) > MOST_STEPS:
        return  # the check of the structure refuses it
    inputs = [squeeze(as_text(step.get("input"))) for step in steps]
    found = align([squeeze(step.input) for step in local.steps], inputs)
    yield from _compare_order(local, steps, found)
    for first, second in sorted([*found.same, *found.moved, *found.changed]):
        step, number = local.steps[first], first + 1
        where = _Where(local, f"{_STEPS}[{second}]", step.place, number, f"step {number:02}")
        yield from _compare_step(step, steps[second], where)
    yield from _compare_labels(stored, _Where(local, _ROOT, local.place))


def _compare_order(local: LocalSuite, steps: Sequence[_Stored], found: Alignment) -> Iterator[Finding]:
    if found.moved:
        moved = [(first, second) for first, second in found.moved if first != second] or found.moved
        moves = [_say_move(local, first, second) for first, second in moved[:_MOST_NAMED]]
        more = len(moved) - len(moves)
        said = "; ".join([*moves, f"and {more} more"] if more else moves)
        where = _Where(local, _STEPS, local.steps[moved[0][0]].place, moved[0][0] + 1)
        said = f"the steps are stored in a different order than in the file: {said}"
        yield where.find(Rule.STEPS_REORDERED, said)
    for run in _runs(found.lost):
        first, last = local.steps[run[0]], local.steps[run[-1]]
        named = _named(run, first.input, last.input, _at(local, first.place))
        where = _Where(local, _STEPS, first.place, run[0] + 1)
        said = f"{named} in the file {_are(run)} lost: nothing is stored for {_it(run)}"
        yield where.find(Rule.STEP_LOST, said, expected=first.input)
    for run in _runs(found.added):
        named = _named(run, steps[run[0]].get("input"), steps[run[-1]].get("input"), "")
        where = _Where(local, f"{_STEPS}[{run[0]}]", local.place)
        said = f"{named} {_are(run)} stored, but not in the file ({where.line})"
        yield where.find(Rule.STEP_ADDED, said)


def _say_move(local: LocalSuite, first: int, second: int) -> str:
    step = local.steps[first]
    return f"{_named([first], step.input, None, _at(local, step.place))} is stored as step {second + 1:02}"


def _compare_step(step: LocalStep, stored: _Stored, where: _Where) -> Iterator[Finding]:
    found = as_text(stored.get("input"))
    if step.input != found:
        same = squeeze(step.input) == squeeze(found)
        rule = Rule.FORMATTING_CHANGED if same else Rule.INPUT_CHANGED
        yield _changed(where, rule, ".input", (step.input, found))
    event = as_text(stored.get("event"))
    if step.event != event:
        yield _changed(where, Rule.EVENT_CHANGED, ".event", (step.event, event))
    yield from _compare_replies(step, _dicts(stored.get("outputs")), where)


def _changed(where: _Where, rule: Rule, inside: str, sides: tuple[str, str]) -> Finding:
    ours, theirs = around(*sides, _MOST_SHOWN)
    said = f"the {inside[1:]} is '{ours}' in the file ({where.line}), but '{theirs}' is stored"
    said += ": only white space differs" if rule == Rule.FORMATTING_CHANGED else ""
    return where.find(rule, said, inside, expected=sides[0], actual=sides[1])


def _compare_replies(step: LocalStep, outputs: Sequence[_Stored], where: _Where) -> Iterator[Finding]:
    texts = [_stored_texts(output) for output in outputs]
    found = _match(step.outputs, texts)
    what, path = where.what, f"{where.path}.outputs"
    if found.moved:
        ours, theirs = found.moved[0]
        said = f"reply {ours + 1} in the file ({where.line}) is stored as reply {theirs + 1}"
        said = f"the expected replies are stored in a different order than in the file: {said}"
        yield where.find(Rule.REPLIES_REORDERED, said, ".outputs")
    for at in found.lost:
        output = step.outputs[at]
        if wanted := _wanted(output):
            here = _Where(where.local, path, output.place, where.step, f"{what}, reply {at + 1}")
            said = f"{_list(wanted)} ({here.line}) is lost: nothing is stored for it"
            yield here.find(Rule.REPLY_LOST, said, expected=wanted[0])
    for at in found.added:
        said = f"{_list(texts[at])} is stored as reply {at + 1}, but not in the file ({where.line})"
        yield where.find(Rule.REPLY_ADDED, said, f".outputs[{at}]")
    for first, second in sorted([*found.same, *found.moved, *found.changed]):
        output = step.outputs[first]
        here = _Where(
            where.local, f"{path}[{second}]", output.place, where.step, f"{what}, reply {first + 1}"
        )
        yield from _compare_reply(output, outputs[second], texts[second], here)


def _wanted(output: LocalOutput) -> list[str]:
    """Return the texts of the file that expect something; a blank one cannot be lost."""
    return [text for text in dict.fromkeys(output.texts) if not is_blank(text)]


def _match(ours: Sequence[LocalOutput], stored: Sequence[Sequence[str]]) -> Alignment:
    """Find out which stored reply is which of the file's."""
    fit = len(ours) == len(stored)
    both = zip(ours, stored, strict=False)
    if fit and (len(ours) == 1 or all(set(output.texts) <= set(texts) for output, texts in both)):
        return Alignment(same=[(at, at) for at in range(len(ours))])
    old = [canonical(output.texts[0]) if output.texts else "" for output in ours]
    return align(old, [canonical(texts[0]) if texts else "" for texts in stored])


def _compare_reply(
    output: LocalOutput, stored: _Stored, texts: Sequence[str], where: _Where
) -> Iterator[Finding]:
    compared = _Texts(_compared_texts(stored), output.mode)
    wanted, rest, lost = _wanted(output), dict.fromkeys(texts), []
    for text in wanted:
        best, differs = compared.find(text)
        if best is None:
            lost.append(text)
            continue
        rest.pop(best, None)
        if differs:
            said = f"'{_cut(text)}' in the file ({where.line}) is stored as '{_cut(best)}'"
            yield where.find(Rule.FORMATTING_CHANGED, f"{said}: only {differs} differs")
    everything = _Texts(texts, output.mode) if lost else compared
    for text in lost:
        own, _ = everything.find(text)
        if own is not None:
            rest.pop(own, None)
            yield _not_compared(stored, compared.texts, text, where)
            continue
        instead = closest(text, list(islice(rest or texts, _MOST_LOOKED_AT)))
        rest.pop(instead, None)
        is_variation = len(lost) < len(wanted)
        yield _lost(where, Rule.VARIATION_LOST if is_variation else Rule.TEXT_CHANGED, text, instead)
    if rest:
        has = _list(output.texts)
        said = f"{_list(list(rest))} is also stored, but not in the file ({where.line}): {has}"
        yield where.find(Rule.VARIATION_ADDED, said)


class _Texts:
    """Stored texts, in which one of the file can be found: at once, however many there are.

    Args:
        texts: The texts.
        mode: How the file expects: parts of which all have to occur may stand in one stored text.
    """

    def __init__(self, texts: Sequence[str], mode: str) -> None:
        self.texts, self._mode = texts, mode
        self._exact = frozenset(texts)
        self._alike: dict[str, str] | None = None

    def find(self, text: str) -> tuple[str | None, str]:
        """Return the stored text that a text of the file is, and what differs though; else ``None``."""
        if text in self._exact:
            return text, ""
        if self._alike is None:
            self._alike = {canonical(found): found for found in reversed(self.texts)}
        best = self._alike.get(canonical(text))
        if best is not None and (differs := _likeness(text, best, self._mode)) is not None:
            return best, differs
        likes = ((found, _likeness(text, found, self._mode)) for found in self.texts[:_MOST_LOOKED_AT])
        return next(((found, differs) for found, differs in likes if differs is not None), (None, ""))


def _not_compared(stored: _Stored, compared: Sequence[str], text: str, where: _Where) -> Finding:
    """Say why a text that is stored is not compared."""
    block = _dict(stored.get("assertions")).get("text")
    if compared:
        why, inside = (
            f"its text assertion expects {_list(compared)} instead",
            ".assertions.text.contains",
        )
    elif not isinstance(block, dict):
        why, inside = "without a text assertion", ".assertions"
    elif block.get("enabled") is not True:
        why, inside = "its text assertion is disabled", ".assertions.text.enabled"
    else:
        why, inside = "its text assertion has no expected value", ".assertions.text.contains"
    said = f"'{_cut(text)}' in the file ({where.line}) is stored, but {why}, so it is not checked"
    return where.find(Rule.ASSERTION_LOST, said, inside, expected=text)


def _lost(where: _Where, rule: Rule, text: str, instead: str) -> Finding:
    if is_template(text) and is_template(instead):
        (at, ours, theirs), *more = data(text, instead)
        also = f" ({plural(len(more), 'more difference')})" if more else ""
        said = f"{at} of the template is {_clip(visible(ours))} in the file ({where.line}), but"
        said = f"{said} {_clip(visible(theirs))} is stored{also}"
    else:
        ours, theirs = around(text, instead, _MOST_SHOWN)
        stored = f"but '{theirs}' is stored" if instead else "but no text is stored"
        said = f"'{ours}' is expected in the file ({where.line}), {stored}"
    return where.find(rule, said, expected=text, actual=instead)


def _likeness(text: str, found: str, mode: str) -> str | None:
    """Say what differs between a file's text and a stored one: nothing, layout, or (``None``) the text."""
    if text == found or (mode == ALL_OF and text in found):
        return ""
    if templates_equal(text, found):
        return "the formatting of the JSON"
    if not is_template(text) and squeeze(text) == squeeze(found):
        return "white space"
    return None


def _compare_labels(stored: Mapping[str, object], where: _Where) -> Iterator[Finding]:
    local, tags = where.local, stored.get("tags")
    theirs = {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()
    if theirs != set(local.tags):
        ours = f"the tags are {_list(local.tags)} in the file ({where.line})"
        said = f"{ours}, but {_list(sorted(theirs))} are stored"
        yield where.find(Rule.TAGS_CHANGED, said, ".tags")
    description = as_text(stored.get("description"))
    if squeeze(description) != squeeze(local.description):
        yield _changed(where, Rule.DESCRIPTION_CHANGED, ".description", (local.description, description))


def _stored_texts(output: _Stored) -> list[str]:
    """Return all texts of an output, its own first, whether they are compared or not."""
    block = _dict(_dict(output.get("assertions")).get("text"))
    texts = [output.get("text"), *(entry.get("text") for entry in _dicts(block.get("contains")))]
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def _compared_texts(output: _Stored) -> list[str]:
    """Return the texts that an output's text assertion compares with: none when it is off."""
    block = _dict(_dict(output.get("assertions")).get("text"))
    if block.get("enabled") is not True:
        return []
    texts = (entry.get("text") for entry in _dicts(block.get("contains")))
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


def _named(run: Sequence[int], first: object, last: object, where: str) -> str:
    place = f" ({where})" if where else ""
    if len(run) == 1:
        return f"step {run[0] + 1:02} '{_cut(as_text(first))}'{place}"
    ends = f"from '{_cut(as_text(first))}' to '{_cut(as_text(last))}'"
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


def _dict(value: object) -> _Stored:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[_Stored]:
    """Return the entries of a list; what is no object counts as an empty one, so that places stay."""
    return [_dict(entry) for entry in value] if isinstance(value, list) else []
