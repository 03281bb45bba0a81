"""Find out what of a step's result was verified: which assertions were judged, on which replies.

A status word is only as good as what stands behind it: an assertion that is on, has
something to compare with, a result, and a reply that was compared. It is read from the
reply as it came, because an unknown kind of assertion can fail, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.api import models, run_models
from pytest_kore_convtest.rules import Rule
from pytest_kore_convtest.suites.diff import brief, canonical, is_template
from pytest_kore_convtest.suites.results.match_replies import Failure
from pytest_kore_convtest.text import are, plural
from pytest_kore_convtest.text import one_line as visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_kore_convtest.api.run_models import RunStep

KINDS = {"text": "text", "flowLevel": "flow", "context": "context"}
"""The documented kinds of assertions on the wire, and how people call them."""

_LONGEST_WORD, _LONGEST_TEXT = 40, 70
_SAID_OF_ENTRY = frozenset({"status", "_id"})
_UNKNOWN = "unknown"


@dataclass
class Verification:
    """What of a step's result was verified.

    Attributes:
        failed: Assertions that failed, e.g. ``"text of reply 1"``.
        failures: The same as data.
        judged: How many assertions with something to compare were judged on a reply that is there.
        doubts: What speaks against a pass, each under its rule.
    """

    failed: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    judged: int = 0
    doubts: list[tuple[Rule, str]] = field(default_factory=list)


class _Reply(NamedTuple):
    """One expected reply beside the given one; either may be missing."""

    number: int
    expected: Mapping[str, object] | None
    given: Mapping[str, object] | None


def verify(
    step: RunStep, left_out: frozenset[int] = frozenset(), *, more: bool = False, judged: int = 0
) -> Verification:
    """Look at all assertions of a step.

    Args:
        step: The platform's result of it.
        left_out: The numbers of expected replies that may be missing and are.
        more: Whether further replies are fine.
        judged: How many replies were judged elsewhere.
    """
    found = Verification(judged=judged)
    unjudged: list[str] = []
    for number, pair in enumerate(zip_longest(step.expectations, step.answers), start=1):
        if number not in left_out:
            _verify_reply(_Reply(number, *pair), step, found, unjudged)
    if len(step.answers) > len(step.expectations) > 0 and not more:
        replies = plural(len(step.answers), "reply", "replies")
        said = f"the bot gave {replies}, but {are(len(step.expectations))} expected"
        found.doubts.append((Rule.UNEXPECTED_REPLY, said))
    if unjudged:
        said = f"the platform reported no result for {', '.join(unjudged)}"
        found.doubts.append((Rule.STEP_NOT_VERIFIED, said))
    elif not found.judged and not any(rule is Rule.PASSED_WITHOUT_REPLY for rule, _ in found.doubts):
        found.doubts.append((Rule.STEP_NOT_VERIFIED, _say_why_empty(step)))
    return found


def _say_why_empty(step: RunStep) -> str:
    if not step.expectations:
        return "it expects no reply, so nothing of it was verified"
    if not step.answers:
        return "the platform reported no reply of the bot, so nothing of it was verified"
    return "none of its assertions was checked, so nothing of it was verified"


def _verify_reply(reply: _Reply, step: RunStep, found: Verification, unjudged: list[str]) -> None:
    sides = [side for side in (reply.expected, reply.given) if side is not None]
    blocks = [block for side in sides if isinstance(block := side.get("assertions"), dict)]
    kinds = dict.fromkeys([*KINDS, *(kind for block in blocks for kind in block)])
    passed = []
    for kind in kinds:
        both = [one for block in blocks if isinstance(one := block.get(kind), dict)]
        name = f"{KINDS.get(kind) or visible(kind)[:_LONGEST_WORD]} of reply {reply.number}"
        word = _judge_kind(kind, both, name, found)
        if word == run_models.FAILED:
            found.failed.append(name)
            found.failures.append(Failure(kind, reply.number))
        elif word == run_models.PASSED:
            passed.append(kind)
        elif word == "":
            unjudged.append(name)
        if word in {run_models.PASSED, run_models.FAILED} and _is_compared(kind, both, reply):
            found.judged += 1
    if passed and reply.given is None:
        said = f"reply {reply.number} counts as passed, but the bot did not give it"
        found.doubts.append((Rule.PASSED_WITHOUT_REPLY, said))
    elif "text" in passed and reply.expected is not None:
        _compare_text(reply, step, found)


def _judge_kind(
    kind: str, blocks: Sequence[Mapping[str, object]], name: str, found: Verification
) -> str | None:
    """Return what the two sides say of a kind of assertion: ``None`` when it is off, empty without a word."""
    words = []
    for block in blocks:
        enabled = block.get("enabled")
        if not isinstance(enabled, (bool, type(None))):
            said = f"{name} has {_show(enabled)} for 'enabled', neither true nor false"
            found.doubts.append((Rule.UNKNOWN_ASSERTION_STATUS, said))
            words.append(_UNKNOWN)
        elif enabled:
            words.append(_judge_block(kind, block, name, found))
    if not words:
        return None
    order = (run_models.FAILED, _UNKNOWN, run_models.PASSED)
    return next((word for word in order if word in words), "")


def _judge_block(kind: str, block: Mapping[str, object], name: str, found: Verification) -> str:
    status = block.get("status")
    said_of_entries = [
        entry.get("status") for entry in models.read_assertion(block).expected if isinstance(entry, dict)
    ]
    words = [_read(said) for said in said_of_entries]
    if status in (None, ""):
        word = run_models.judge_entries(kind, words)
        status = next((said for said in said_of_entries if _read(said) == _UNKNOWN), "")
    else:
        word = _read(status)
    if word == _UNKNOWN or (not word and status):
        found.doubts.append(
            (Rule.UNKNOWN_ASSERTION_STATUS, f"{name} has the undocumented status {_show(status)}")
        )
        return _UNKNOWN
    if word == run_models.PASSED and _is_contradicted(kind, words):
        said = f"{name} has the status passed, but what it expects has the status failed"
        found.doubts.append((Rule.CONTRADICTING_STATUS, said))
        return _UNKNOWN
    return word


def _read(status: object) -> str:
    """Return ``PASSED``, ``FAILED``, nothing for no result, or ``_UNKNOWN``."""
    if status in (None, ""):
        return ""
    word = run_models.read_word(status) if isinstance(status, str) else ""
    return word if word in {run_models.PASSED, run_models.FAILED} else _UNKNOWN


def _is_contradicted(kind: str, words: Sequence[str]) -> bool:
    """Say whether the entries of a passed assertion say that it failed; of variations one match is enough."""
    if kind == "context":
        return run_models.FAILED in words
    return bool(words) and all(word == run_models.FAILED for word in words)


def _is_compared(kind: str, blocks: Sequence[Mapping[str, object]], reply: _Reply) -> bool:
    """Say whether a kind of assertion compared something with something."""
    if reply.expected is None or reply.given is None:
        return False
    if kind == "text":
        return any(text.strip() for text in _texts(reply.expected))
    entries = [entry for block in blocks for entry in models.read_assertion(block).expected]
    return kind in KINDS and any(
        value not in (None, "", [], {})
        for entry in entries
        if isinstance(entry, dict)
        for key, value in entry.items()
        if key not in _SAID_OF_ENTRY
    )


def _compare_text(reply: _Reply, step: RunStep, found: Verification) -> None:
    """Doubt a passed text assertion when no reply of the step is like an expected text.

    The platform documents plain equality, yet its file format says ``contains``: casing,
    layout and a text around the expected one are let pass.
    """
    assert reply.expected is not None  # noqa: S101 - callers look first
    wanted = [text for text in _texts(reply.expected) if text.strip()]
    replies = [answer for answer in (given.get("text") for given in step.answers) if isinstance(answer, str)]
    if not wanted or any(_is_like(text, one) for text in wanted for one in replies):
        return
    given = reply.given.get("text") if reply.given is not None else None
    said = f"'{_cut(wanted[0])}' was expected and the bot gave {_say(given)}"
    said = f"the text assertion of reply {reply.number} has the status passed, but {said}"
    found.doubts.append((Rule.PASSED_TEXT_DIFFERS, said))


def _is_like(expected: str, given: str) -> bool:
    ours, theirs = canonical(expected).casefold(), canonical(given).casefold()
    return ours == theirs or (not is_template(expected) and ours in theirs)


def _texts(output: Mapping[str, object]) -> list[str]:
    return run_models.variations(models.read_output(output))


def _say(given: object) -> str:
    return f"'{_cut(given)}'" if isinstance(given, str) and given else "no text"


def _cut(text: str) -> str:
    return brief(text, _LONGEST_TEXT)


def _show(value: object) -> str:
    return (
        repr(visible(value)[:_LONGEST_WORD]) if isinstance(value, str) else brief(str(value), _LONGEST_WORD)
    )
