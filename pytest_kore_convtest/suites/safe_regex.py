"""Match regular expressions in linear time, whatever the pattern and the text.

google-re2 does it when it is installed (extra ``[re2]``). Without it a small matcher here
follows all ways through a pattern at once, so no text can make it go back and try again;
it knows the everyday part of the syntax and says what it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

LONGEST_PATTERN = 1_000
"""Characters of a pattern; nobody reads a longer one."""

_MOST_STATES = 2_000
_MOST_WORK = 4_000_000
"""States times characters that the matcher here takes on: about a second."""

_DEEPEST = 20
_MOST_REPEATED = 200
INSTALL = 'pip install "pytest-kore-convtest[re2]"'
"""How to get google-re2."""

_CLASSES: dict[str, str] = {
    "d": "0123456789",
    "s": "\t\n\f\r ",
    "w": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


class PatternError(ValueError):
    """A pattern cannot be used; the text says why, as the rest of a sentence."""


class Pattern(Protocol):
    """A compiled pattern."""

    def follow(self, text: str) -> tuple[bool, int]:
        """Say whether a whole text fits, and how many states were looked at; 0 where time does not matter.

        Raises:
            PatternError: The text is too long for this pattern.
        """


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Return a pattern, ready to match.

    Raises:
        PatternError: It is wrong, too long, or needs google-re2, which is not installed.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise PatternError(f"is longer than {LONGEST_PATTERN} characters")
    try:
        library = import_module("re2")
    except ImportError:
        return _SmallPattern(pattern)
    return _FastPattern(pattern, library)


class _FastPattern:
    """A pattern of google-re2."""

    def __init__(self, pattern: str, library: ModuleType) -> None:
        options = library.Options()
        options.log_errors = False
        try:
            self._match: Callable[[str], object] = library.compile(pattern, options).fullmatch
        except Exception as bad:  # noqa: BLE001 - its own type, or what it makes of odd text
            said = str(bad.args[0]) if bad.args else type(bad).__name__
            said = said.strip("b'")
            raise PatternError(f"is not a valid regular expression for RE2: {said}") from None

    def follow(self, text: str) -> tuple[bool, int]:
        """Say whether a whole text fits."""
        try:
            return self._match(text) is not None, 0
        except UnicodeError:  # half a character
            return False, 0


@dataclass(slots=True, eq=False)
class _State:
    """A place in a pattern.

    Attributes:
        test: Says whether a character leads on to ``then``; ``None`` where no character is needed.
        then: The places that follow.
    """

    test: Callable[[str], bool] | None = None
    then: list[_State] = field(default_factory=list)


class _SmallPattern:
    """A pattern of the everyday syntax, matched here."""

    def __init__(self, pattern: str) -> None:
        parser = _Parser(pattern)
        self._first, self._last = parser.parse()
        self._size = parser.size

    def follow(self, text: str) -> tuple[bool, int]:
        """Say whether a whole text fits, and how many states were looked at."""
        if len(text) * self._size > _MOST_WORK:
            raise PatternError(f"is too long for this pattern without google-re2: {INSTALL}")
        now = _close([self._first])
        work = len(now)
        for letter in text:
            now = _close([then for state in now if state.test and state.test(letter) for then in state.then])
            work += len(now)
            if not now:
                return False, work
        return self._last in now, work


def _close(states: list[_State]) -> list[_State]:
    """Return some states with all that can be reached from them without a character."""
    seen: dict[int, _State] = {}
    todo = list(states)
    while todo:
        state = todo.pop()
        if id(state) not in seen:
            seen[id(state)] = state
            if state.test is None:
                todo += state.then
    return list(seen.values())


_Part = tuple[_State, _State]


class _Parser:
    """Turns a pattern into states; each method reads on at ``at``."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at, self.size = pattern, 0, 0
        self._depth = 0
        self._folds = self._dot_is_all = False

    def parse(self) -> _Part:
        """Return the first and the last state."""
        self._read_flags()
        if self.pattern.startswith("^", self.at):
            self.at += 1
        self._end = len(self.pattern)
        if self.pattern.endswith("$") and not self.pattern.endswith("\\$"):
            self._end -= 1
        part = self._read_choice()
        if self.at < self._end:
            self._fail("has a ) too many")
        return part

    def _read_flags(self) -> None:
        if self.pattern.startswith("(?") and (end := self.pattern.find(")")) > 0:
            flags = self.pattern[2:end]
            if flags and set(flags) <= {"i", "s"}:
                self._folds, self._dot_is_all, self.at = "i" in flags, "s" in flags, end + 1

    def _make(self, test: Callable[[str], bool] | None = None) -> _State:
        self.size += 1
        if self.size > _MOST_STATES:
            self._fail("repeats too much")
        return _State(test)

    def _peek(self) -> str:
        return self.pattern[self.at] if self.at < self._end else ""

    def _read_choice(self) -> _Part:
        first, last = self._make(), self._make()
        while True:
            begin, end = self._read_row()
            first.then.append(begin)
            end.then.append(last)
            if self._peek() != "|":
                return first, last
            self.at += 1

    def _read_row(self) -> _Part:
        first = last = self._make()
        while self._peek() and self._peek() not in "|)":
            begin, end = self._read_repeated()
            last.then.append(begin)
            last = end
        return first, last

    def _read_repeated(self) -> _Part:
        start = self.at
        part = self._read_one()
        sign = self._peek()
        if not sign or sign not in "*+?{":
            return part
        least, most = self._read_count(sign)
        if self._peek() and self._peek() in "*+?{":
            self._need_library(f"two repetitions in a row ({self._peek()})")
        return self._repeat(part, start, least, most)

    def _read_count(self, sign: str) -> tuple[int, int | None]:
        self.at += 1
        if sign != "{":
            return (1 if sign == "+" else 0), (1 if sign == "?" else None)
        end = self.pattern.find("}", self.at, self._end)
        low, comma, high = self.pattern[self.at : max(end, self.at)].partition(",")
        if end < 0 or not _is_count(low) or not (_is_count(high) or not high):
            self._fail("has a { that starts no repetition: write \\{ for the character")
        self.at = end + 1
        least, most = int(low), int(high) if high else None if comma else int(low)
        if max(least, most or 0) > _MOST_REPEATED:
            self._need_library(f"more than {_MOST_REPEATED} repetitions")
        if most is not None and most < least:
            self._fail("has a repetition whose maximum is below its minimum")
        return least, most

    def _repeat(self, part: _Part, start: int, least: int, most: int | None) -> _Part:
        """Return a part so many times in a row; it is read again for each time."""
        resume = self.at
        first = last = self._make()
        out = self._make()
        count = max(least, 1) if most is None else most
        for number in range(count):
            if number:
                self.at = start
                part = self._read_one()
            begin, end = part
            if number >= least:
                last.then.append(out)
            last.then.append(begin)
            if most is None and number == count - 1:
                again = self._make()
                end.then.append(again)
                again.then += [begin]
                end = again
            last = end
        last.then.append(out)
        self.at = resume
        return first, out

    def _read_one(self) -> _Part:
        letter = self._peek()
        self.at += 1
        if letter == "(":
            return self._read_group()
        if letter == "[":
            return self._step(self._read_set())
        if letter == ".":
            return self._step((lambda _: True) if self._dot_is_all else (lambda one: one != "\n"))
        if letter == "\\":
            return self._step(self._read_escape())
        if letter in "*+?{":
            self._fail(f"has nothing to repeat before {letter}")
        if letter in "^$":
            self._need_library(f"{letter} in the middle")
        return self._step(self._one_of(frozenset(letter)))

    def _read_group(self) -> _Part:
        if self.pattern.startswith("?", self.at):
            if not self.pattern.startswith("?:", self.at):
                self._need_library("groups that start with (?")
            self.at += 2
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail(f"has more than {_DEEPEST} nested groups")
        part = self._read_choice()
        self._depth -= 1
        if self._peek() != ")":
            self._fail("has a ( that is never closed")
        self.at += 1
        return part

    def _read_escape(self) -> Callable[[str], bool]:
        letter = self._peek()
        self.at += 1
        if letter.lower() in _CLASSES and letter:
            wanted, negated = frozenset(_CLASSES[letter.lower()]), letter.isupper()
            return lambda one: (one in wanted) is not negated
        return self._one_of(frozenset(self._unescape(letter)))

    def _unescape(self, letter: str) -> str:
        if not letter:
            self._fail("ends with a backslash")
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter.isalnum():
            self._need_library(f"\\{letter}")
        return letter

    def _read_set(self) -> Callable[[str], bool]:
        negated = self._peek() == "^"
        self.at += negated
        letters: set[str] = set()
        ranges: list[tuple[str, str]] = []
        first = True
        while self._peek() != "]" or first:
            if not self._peek():
                self._fail("has a [ that is never closed")
            first = False
            self._read_member(letters, ranges)
        self.at += 1
        wanted = self._one_of(frozenset(letters), tuple(ranges))
        return (lambda one: not wanted(one)) if negated else wanted

    def _read_member(self, letters: set[str], ranges: list[tuple[str, str]]) -> None:
        letter = self._peek()
        self.at += 1
        if letter == "[" and self._peek() == ":":
            self._need_library("[: in a set")
        if letter == "\\":
            letter = self._peek()
            self.at += 1
            if letter and letter in _CLASSES:
                letters.update(_CLASSES[letter])
                return
            letter = self._unescape(letter)
        if self._peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in {"]", ""}:
            self.at += 1
            high = self._peek()
            self.at += 1
            if high == "\\":
                high = self._unescape(self._peek())
                self.at += 1
            if high < letter:
                self._fail(f"has a range from {letter} to {high}, which is empty")
            ranges.append((letter, high))
        else:
            letters.add(letter)

    def _one_of(
        self, letters: frozenset[str], ranges: tuple[tuple[str, str], ...] = ()
    ) -> Callable[[str], bool]:
        def holds(one: str) -> bool:
            return one in letters or any(low <= one <= high for low, high in ranges)

        if not self._folds:
            return holds
        folded = letters.union(*map(_fold, letters))
        return lambda one: one in folded or any(map(holds, _fold(one)))

    def _step(self, test: Callable[[str], bool]) -> _Part:
        first, last = self._make(test), self._make()
        first.then.append(last)
        return first, last

    def _fail(self, said: str) -> NoReturn:
        raise PatternError(f"is not a valid regular expression: it {said}")

    def _need_library(self, what: str) -> NoReturn:
        raise PatternError(f"contains {what}, which needs google-re2: {INSTALL}")


def _fold(letter: str) -> frozenset[str]:
    """Return a letter in either case, and what these are in the other; ``ß`` has no capital of one letter."""
    cases = {letter, letter.lower(), letter.upper()}
    cases |= {form for one in cases for form in (one.lower(), one.upper())}
    return frozenset(form for form in cases if len(form) == 1)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 4  # noqa: PLR2004 - more is too many anyway
