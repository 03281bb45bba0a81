"""Gather the sentences that the package can say, by rule and by error class, from its own source.

A sentence is found where it is given to a rule (``find(Rule.STEP_LOST, said)``) or to an error
(``raise ConfigError("…")``), directly or as a name that was assigned before in the same function. What is
filled in later stands as its name in the source, e.g. ``{file}``, or without one as ``…``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest_kore_convtest as public
from pytest_kore_convtest.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(public.__file__).parent
GAP = "…"
_FEWEST_WORDS = 3
"""A text of fewer words is a name or a part of something, not a sentence."""

_NAMED = re.compile(r"\{[a-z_0-9]+\}")
"""What is filled in, by its name."""

_VAGUE = frozenset(
    {"name", "id", "line", "number", "path", "place", "text", "value", "words", "message", "file"}
)
"""Attributes that say too little without that whose they are."""

_NO_NAMES = frozenset(
    {"self", "cls", "one", "first", "found", "other", "get", "repr", "any", "next", "sorted"}
)
"""Names that tell a reader of a message nothing."""

_HELPER = "@"
"""Stands before the name of a function that gets its rule from its caller."""

Function = ast.FunctionDef | ast.AsyncFunctionDef
Said = dict[str, list[str]]
"""Sentences by the name of their rule (``step-lost``) or error class (``ConfigError``)."""


@cache
def gather_sentences() -> Said:
    """Return every sentence of the package, in the order of the source."""
    said: defaultdict[str, list[str]] = defaultdict(list)
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    anywhere: defaultdict[str, set[str]] = defaultdict(set)
    for tree in trees.values():
        for key, text in _constants(tree):
            anywhere[key].add(text)
    alone = {key: text for key, (text, *others) in anywhere.items() if not others}
    homes = {
        node: tree
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | Function)
    }
    errors = {node.name for node in homes if _is_error(node)}
    functions = [node for node in homes if isinstance(node, Function)]
    defaults = dict(one for function in functions for one in _default_rule(function))
    for function in functions:
        constants = alone | dict(_constants(homes[function]))
        for name, sentence in _read(function, constants, errors, defaults):
            said[name].append(sentence)
    for function in functions:
        for name, helper in _calls_for_help(function):
            said[name].extend(said.get(helper, []))
    return {name: list(dict.fromkeys(found)) for name, found in said.items() if found and name[0] != _HELPER}


def _is_error(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and issubclass(getattr(public, node.name, int), BaseException)


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(number))):
                yield name, f"{number:,}"


def _default_rule(function: Function) -> Iterator[tuple[str, str]]:
    """Yield a function's name and the rule that it takes when its caller gives none."""
    pairs = zip(reversed(function.args.args), reversed(function.args.defaults), strict=False)
    for argument, default in pairs:
        if argument.arg == "rule":
            yield from ((function.name, rule) for rule in _rules(default, function))


def _read(
    function: Function, constants: dict[str, str], errors: set[str], defaults: dict[str, str]
) -> Iterator[tuple[str, str]]:
    places = [node for node in _own(function) if isinstance(node, ast.Call | ast.Tuple)]
    last = function.lineno
    for node in sorted(places, key=lambda node: (node.lineno, node.col_offset)):
        if not (names := _subjects(node, function, errors, defaults)):
            continue
        reader = _Reader(function, constants, last, node.lineno)
        sentences = [text for value in _values(node) for text in reader.read(value)]
        for name in names:
            yield from ((name, " ".join(text.split())) for text in sentences if _is_sentence(text))
        last = node.lineno


def _values(node: ast.Call | ast.Tuple) -> list[ast.expr]:
    if isinstance(node, ast.Tuple):
        return node.elts
    return [*node.args, *(one.value for one in node.keywords if one.arg in {None, "message"})]


def _calls_for_help(function: Function) -> Iterator[tuple[str, str]]:
    """Yield the rules that a function gives to another one, which says the sentence, and that one's key."""
    for node in _own(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from ((rule, _HELPER + node.func.id) for rule in _subjects(node, function, set(), {}))


@cache
def _own(function: Function) -> list[ast.AST]:
    """Return all that is in a function without what is in the functions inside it."""
    waiting: list[ast.AST] = list(function.body)
    found = []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, Function):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _subjects(
    node: ast.Call | ast.Tuple, function: Function, errors: set[str], defaults: dict[str, str]
) -> list[str]:
    if isinstance(node, ast.Tuple):
        return [rule for value in node.elts for rule in _rules(value, function)]
    named = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if named == "Problem":
        return [Rule.UNUSABLE_FILE.value]
    if named in errors:
        return [named]
    given = [rule for value in node.args for rule in _rules(value, function)]
    return given or [rule for rule in [defaults.get(named)] if rule]


def _rules(value: ast.AST, function: Function) -> Iterator[str]:
    if isinstance(value, ast.IfExp):
        yield from _rules(value.body, function)
        yield from _rules(value.orelse, function)
    elif isinstance(value, ast.Name) and value.id in {one.arg for one in function.args.args} & {"rule"}:
        yield _HELPER + function.name
    elif isinstance(value, ast.Name) and value.id == "rule":
        for node in _own(function):
            if isinstance(node, ast.Assign):
                parts = [part for part in ast.walk(node.value) if isinstance(part, ast.Attribute)]
                yield from (one for part in parts for one in _rules(part, function))
    elif isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id == "Rule":
        yield Rule[value.attr].value


def _is_sentence(text: str) -> bool:
    words = _NAMED.sub(GAP, text).split()
    return len([word for word in words if word.strip(f"{GAP}.,:;()'")]) >= _FEWEST_WORDS


def _gap(value: ast.AST) -> str:
    """Write what is filled in by its name in the source, or as ``…`` when that says nothing."""
    match value:
        case ast.Call(func=ast.Name(id="plural"), args=[counted, ast.Constant(value=str(noun)), *more]):
            many = more[0].value if more and isinstance(more[0], ast.Constant) else f"{noun}s"
            return f"{_number(counted)} {many}"
        case ast.Call(func=ast.Name(id="are"), args=[counted]):
            return f"{_number(counted)} are"
        case ast.Call(func=ast.Name(id="len")):
            return _number(value)
        case ast.Call(func=ast.Name(id="_are" | "_it" as word)):
            return {"_are": "are", "_it": "them"}[word]
    name = _name_of(value)
    return f"{{{name}}}" if name else GAP


def _number(value: ast.AST) -> str:
    name = "" if isinstance(value, ast.Call | ast.BinOp) else _name_of(value)
    return f"{{{name or 'number'}}}"


def _name_of(value: ast.AST) -> str:
    """Return the name of a value: its own, or that of what is shown of it; empty without one."""
    match value:
        case ast.Name(id=name):
            found = name
        case ast.Attribute(value=owner, attr=name):
            whose = _name_of(owner) if name in _VAGUE else ""
            found = f"{whose}_{name.strip('_')}" if whose else name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            found = name
        case ast.Call(args=[ast.Constant(value=str(name)), *_]) if name.isidentifier():
            found = name
        case ast.BinOp(left=left):
            found = _name_of(left)
        case ast.Subscript(value=several):
            found = _name_of(several)
        case ast.Call(func=ast.Attribute(value=said, attr="join" | "strip" | "lower" | "title"), args=args):
            found = next(filter(None, map(_name_of, args)), _name_of(said))
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=args):
            found = next(filter(None, map(_name_of, args)), name)
        case ast.Starred(value=inner) | ast.Await(value=inner):
            found = _name_of(inner)
        case _:
            found = ""
    found = found.strip("_").lower()
    return "" if found in _NO_NAMES else found


class _Reader:
    """Reads what texts an expression can be.

    Args:
        function: Where it stands.
        constants: The texts of module constants, by name.
        first: The line from which assignments are looked for first.
        last: The line of the expression.
    """

    def __init__(self, function: Function, constants: dict[str, str], first: int, last: int) -> None:
        self._constants = constants
        assigned = [node for node in _own(function) if isinstance(node, ast.Assign | ast.AugAssign)]
        before = [node for node in assigned if node.lineno <= last]
        self._recent = [node for node in before if node.lineno >= first]
        self._before = before
        self._open: set[str] = set()

    def read(self, value: ast.AST) -> list[str]:
        """Return each text that an expression can be, with gaps."""
        match value:
            case ast.Constant(value=str(text)):
                found = [text]
            case ast.JoinedStr(values=parts):
                found = self._product(parts)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                texts = self.read(left) or self.read(right)
                found = self._product([left, right]) if texts else []  # else numbers are added
            case ast.IfExp(body=one, orelse=other):
                found = [*self.read(one), *self.read(other)]
            case ast.FormattedValue(value=inner):
                found = self.read(inner) or [_gap(inner)]
            case ast.Name(id=name):
                found = self._name(name)
            case ast.Call(args=args):
                found = [text for one in args for text in self.read(one) if _is_sentence(text)]
            case _:
                found = []
        return found

    def _product(self, parts: Iterable[ast.AST]) -> list[str]:
        made = [""]
        for part in parts:
            texts = self.read(part) or [_gap(part)]
            made = [head + text for head in made for text in texts[:4]][:8]
        return made

    def _name(self, name: str) -> list[str]:
        if name in self._open:
            return []
        self._open.add(name)
        found = [self._assigned(node, name) for node in self._recent] or []
        texts = [text for each in found for text in each]
        if not texts:
            texts = [text for node in self._before for text in self._assigned(node, name)]
        self._open.discard(name)
        constant = self._constants.get(name)
        return list(filter(None, texts)) or ([constant] if constant else [])

    def _assigned(self, node: ast.Assign | ast.AugAssign, name: str) -> list[str]:
        if isinstance(node, ast.AugAssign):
            return []
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == name:
            return self.read(node.value)
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=False)
            return [text for one, to in pairs if getattr(one, "id", "") == name for text in self.read(to)]
        return []
