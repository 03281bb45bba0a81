"""A small backtracking matcher that counts its steps: what ``re`` does cannot be seen, and time can flake.

It understands the parse trees of ``re`` itself and takes the same ways in the same order,
without the shortcuts; so its count grows as the work of ``re`` does, or faster.
"""

import re
import sys
import threading
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    if sys.version_info >= (3, 11):
        from re import _constants as names
        from re import _parser as parser
    else:
        import sre_constants as names
        import sre_parse as parser

_STACK = 512 * 1024 * 1024
_DEEP = 400_000
_SINGLE = (names.LITERAL, names.NOT_LITERAL, names.ANY, names.IN)
_WORD, _DIGIT, _SPACE = (
    lambda one, ascii_only: (one == "_" or one.isalnum()) and (one.isascii() or not ascii_only),
    lambda one, ascii_only: one.isdecimal() and (one.isascii() or not ascii_only),
    lambda one, ascii_only: one in " \t\n\r\f\v" if ascii_only else one.isspace(),
)
_KINDS = {
    names.CATEGORY_WORD: (_WORD, True),
    names.CATEGORY_NOT_WORD: (_WORD, False),
    names.CATEGORY_DIGIT: (_DIGIT, True),
    names.CATEGORY_NOT_DIGIT: (_DIGIT, False),
    names.CATEGORY_SPACE: (_SPACE, True),
    names.CATEGORY_NOT_SPACE: (_SPACE, False),
}


class Counter:
    """Match a pattern and count how often a character, a branch or a place is looked at."""

    def __init__(self, pattern):
        source = pattern.pattern
        flags = pattern.flags & ~(re.UNICODE if isinstance(source, bytes) else 0)
        self.tree = parser.parse(source, flags & ~re.DEBUG)
        self.ascii_only = bool(flags & re.ASCII) or isinstance(source, bytes)
        self.folded, self.dotall, self.lines = (
            bool(flags & flag) for flag in (re.IGNORECASE, re.DOTALL, re.MULTILINE)
        )
        self.steps, self.text, self.groups, self.end = 0, "", {}, -1
        self._answers = {}

    def find(self, text, *, search=True):
        """Return the spans of all matches, or of the one at the start, as ``re`` finds them."""
        self.steps, self.text = 0, text
        found, at = [], 0
        while at <= len(text):
            self.groups, self.end = {}, -1
            if self._run(self.tree.data, 0, at, self._keep):
                found.append((at, self.end))
            at = max(self.end, at + 1)
            if not search:
                break
        return found

    def _keep(self, end):
        self.end = end
        return True

    def _is(self, node, at):
        """Say whether the character at a place is one that a node stands for."""
        self.steps += 1
        if at >= len(self.text):
            return False
        letter = self.text[at]
        if (id(node), letter) not in self._answers:  # the tree, and so its nodes, live as long as this
            self._answers[id(node), letter] = self._fits(node, letter)
        return self._answers[id(node), letter]

    def _fits(self, node, letter):
        kind, value = node
        if kind is names.ANY:
            return self.dotall or letter != "\n"
        if kind is names.IN:
            return self._in(value, letter)
        return self._same(letter, chr(value)) is (kind is names.LITERAL)

    def _same(self, a, b):
        return a == b or (self.folded and a.lower() == b.lower())

    def _in(self, items, letter):
        sides = {letter, letter.lower(), letter.upper()} if self.folded else {letter}
        wanted = True
        for kind, value in items:
            if kind is names.NEGATE:
                wanted = False
            elif (kind is names.LITERAL and chr(value) in sides) or (
                kind is names.RANGE
                and any(len(one) == 1 and value[0] <= ord(one) <= value[1] for one in sides)
            ):
                return wanted
            elif kind is names.CATEGORY:
                test, positive = _KINDS[value]
                if test(letter, self.ascii_only) is positive:
                    return wanted
        return not wanted

    def _run(self, nodes, index, at, go_on):
        """Match nodes from an index on at a place; call ``go_on`` with each end until it says yes."""
        while index < len(nodes) and nodes[index][0] in _SINGLE:
            if not self._is(nodes[index], at):
                return False
            index, at = index + 1, at + 1
        if index == len(nodes):
            return go_on(at)
        kind, value = nodes[index]
        rest = lambda end: self._run(nodes, index + 1, end, go_on)  # noqa: E731 - it is called everywhere below
        self.steps += 1
        return getattr(self, f"_{str(kind).lower()}")(value, at, rest)

    def _branch(self, value, at, rest):
        return any(self._run(branch.data, 0, at, rest) for branch in value[1])

    def _subpattern(self, value, at, rest):
        number, *_, inside = value

        def keep(end):
            before = self.groups.get(number)
            self.groups[number] = (at, end)
            if rest(end):
                return True
            self.groups[number] = before
            return False

        return self._run(inside.data, 0, at, keep)

    def _groupref(self, value, at, rest):
        start, end = self.groups.get(value) or (0, -1)
        said = self.text[start:end]
        return end >= start and self.text.startswith(said, at) and rest(at + len(said))

    def _max_repeat(self, value, at, rest):
        least, most, inside = value
        nodes = inside.data
        if len(nodes) == 1 and nodes[0][0] in _SINGLE:
            end = at
            while (most is names.MAXREPEAT or end - at < most) and self._is(nodes[0], end):
                end += 1
            while end - at >= least:
                self.steps += 1
                if rest(end):
                    return True
                end -= 1
            return False
        return self._repeat(nodes, (least, most), 0, at, rest)

    def _repeat(self, nodes, limits, done, at, rest):
        self.steps += 1
        least, most = limits

        def again(end):
            return (end > at or done < least) and self._repeat(nodes, limits, done + 1, end, rest)

        if (most is names.MAXREPEAT or done < most) and self._run(nodes, 0, at, again):
            return True
        return done >= least and rest(at)

    def _min_repeat(self, value, at, rest):
        least, most, (node,) = value[0], value[1], value[2].data
        done = 0
        while True:
            self.steps += 1
            if done >= least and rest(at):
                return True
            if (most is not names.MAXREPEAT and done >= most) or not self._is(node, at):
                return False
            done, at = done + 1, at + 1

    def _look(self, value, at):
        direction, inside = value
        start = at if direction > 0 else at - inside.getwidth()[0]
        return start >= 0 and self._run(inside.data, 0, start, lambda end: direction > 0 or end == at)

    def _assert(self, value, at, rest):
        return self._look(value, at) and rest(at)

    def _assert_not(self, value, at, rest):
        return not self._look(value, at) and rest(at)

    def _at(self, value, at, rest):
        text, last = self.text, len(self.text)
        word = lambda place: 0 <= place < last and _WORD(text[place], self.ascii_only)  # noqa: E731
        here = {
            names.AT_BEGINNING: at == 0 or (self.lines and text[at - 1 : at] == "\n"),
            names.AT_BEGINNING_STRING: at == 0,
            names.AT_END: at == last
            or (at == last - 1 and text[at] == "\n")
            or (self.lines and text[at : at + 1] == "\n"),
            names.AT_END_STRING: at == last,
            names.AT_BOUNDARY: word(at - 1) is not word(at),
        }[value]
        return here and rest(at)


def with_deep_stack(work):
    """Call a function where it may recurse as deep as a text is long; return what it returns."""
    results, before = [], sys.getrecursionlimit()

    def call():
        try:
            results.append(work())
        except BaseException as bad:  # noqa: BLE001 - it is raised again by the caller
            results.append(bad)

    size = threading.stack_size(_STACK)
    sys.setrecursionlimit(_DEEP)
    try:
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(before)
        threading.stack_size(size)
    if isinstance(results[0], BaseException):
        raise results[0]
    return results[0]
