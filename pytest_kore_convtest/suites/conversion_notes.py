"""What becomes of that which the other form of a suite file does not have, by kind, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kore_convtest.suites.file_format import START_EVENT
from pytest_kore_convtest.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_kore_convtest.findings import Location


@dataclass(frozen=True)
class Kind:
    """What happens to something that the other form does not have.

    Attributes:
        name: Its name, for machines.
        lost: Whether it is gone; else it is said in another way.
        meaning: What became of it.
    """

    name: str
    lost: bool
    meaning: str


DISCARDED = Kind(
    "discard",
    True,
    "discarding earlier replies is not carried over: a suite begins a conversation of its own",
)
UNKNOWN_KEY = Kind("unknown-key", True, "a key that YAML suite files do not have is left out")
WRONG_TYPE = Kind("wrong-type", True, "a value of another type than the format has there is left out")
DUPLICATE_KEY = Kind("duplicate-key", True, "of a key that stands twice only the last one is carried over")
TWO_TEXTS = Kind("two-texts", True, "of 'contains' and 'equals' in one reply only 'contains' is carried over")
ALTERNATIVES = Kind("alternatives", True, "JSON has no 'any': only its first reply is carried over")
PARTS = Kind(
    "parts", True, "JSON has no parts that have to stand in a reply: they are written as one whole text"
)
MATCHER = Kind("matcher", True, "JSON has no matchers: the text that is uploaded becomes the whole reply")
OPTIONAL = Kind("optional", True, "JSON has no 'optional': the reply has to be given")
MORE = Kind("more", True, "JSON has no 'more': further replies are not fine")
COMMENT = Kind("comment", True, "JSON has no comments: they are left out")
BARE_TEXT = Kind("bare-text", False, "a bare text is written as the other replies are")
WHOLE_TEXT = Kind("equals", False, "'equals' is written as a whole text")
CHOICE = Kind("one-of", False, "'oneOf' is written as 'any': the whole reply has to be one of them")
ALL_PARTS = Kind("all-of", False, "'allOf' is written as 'contains' with a list")
WORDS = Kind(
    "words",
    False,
    "the runner of 2019 looked for these words in the reply: now the whole reply has to be the same",
)
ENTITY = Kind("entity", False, "HTML entities are written as the characters that they stand for")
ARRIVAL = Kind("arrival", False, f"a step with the event {START_EVENT} and no input gets it as its input")


@dataclass(frozen=True)
class Remark:
    """One thing that the other form does not have, and where it stands."""

    kind: Kind
    location: Location
    suite: str = ""
    step: int = 0

    def to_data(self) -> dict[str, object]:
        """Return it as JSON-able data."""
        return {
            "kind": self.kind.name,
            "lost": self.kind.lost,
            "file": self.location.file,
            "line": self.location.line,
            "column": self.location.column,
            "suite": self.suite,
            "step": self.step or None,
            "message": self.kind.meaning,
        }


def say_remarks(remarks: Iterable[Remark]) -> list[str]:
    """Say a line for each kind of remark: where it is first, what it means, and how often; losses first."""
    found: dict[Kind, list[Remark]] = {}
    for one in remarks:
        found.setdefault(one.kind, []).append(one)
    ordered = sorted(found.items(), key=lambda item: not item[0].lost)
    return [_say_kind(what, same) for what, same in ordered]


def _say_kind(what: Kind, same: list[Remark]) -> str:
    word = "lost" if what.lost else "changed"
    often = f" ({plural(len(same), 'place')}, this is the first)" if len(same) > 1 else ""
    return f"{same[0].location.place}: {word}: {what.meaning}{often} [{what.name}]"
