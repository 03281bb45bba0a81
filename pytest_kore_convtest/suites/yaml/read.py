"""A YAML suite file becomes the platform's import format, each value with its place in the YAML.

The format is ours (``docs/suite-files.md``), so it is strict: what is not known, or what
YAML would make something else of, is a problem, and a file with a problem is not used.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_kore_convtest.json_positions import Document, Lines, Mark, Path
from pytest_kore_convtest.rules import Rule
from pytest_kore_convtest.suites.diff import is_template
from pytest_kore_convtest.suites.file_format import CONTAINS, START_EVENT, Problem
from pytest_kore_convtest.suites.matchers import ANY, ANYTHING, MATCHES, PART, Budget, Matcher
from pytest_kore_convtest.suites.safe_regex import PatternError, compile_pattern
from pytest_kore_convtest.suites.yaml.comment_or_text import CUT
from pytest_kore_convtest.suites.yaml.nodes import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    kind,
    read_nodes,
)
from pytest_kore_convtest.suites.yaml.unquoted import changed_by_yaml, is_json_word

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_PROBLEMS = 100
"""Problems of one file that are told; whoever mends so many looks again."""

TOP_KEYS = {"bot": "botId", "bot_name": "botName", "suites": "testCases"}
SUITE_KEYS = {
    "name": "name",
    "description": "description",
    "tags": "tags",
    "preprocessor": "preprocessor",
    "steps": "messages",
}
STEP_KEYS = {"user": "input", "event": "event", "bot": "outputs"}
"""The keys, and what they are called in the import format."""

MORE, OPTIONAL, EXAMPLE, TEXT, TEMPLATE = "more", "optional", "example", "text", "template"
REPLY_KINDS = (TEXT, TEMPLATE, ANY, PART, MATCHES, ANYTHING)
"""The keys of which a reply that is no plain text has exactly one."""

_STEP_WORDS = (*STEP_KEYS, MORE)
_REPLY_WORDS = (*REPLY_KINDS, EXAMPLE, OPTIONAL)
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_LONGEST_WORD = 40
_HOW_SUITES = "write 'suites:' and below it '- name: …'"
_HOW_REPLY = "write a string, or one of text, template, any, contains, matches, anything"


@dataclass(frozen=True)
class ReplySource:
    """What a YAML file says of an expected reply beyond the text that is uploaded.

    Attributes:
        matcher: What the reply may be like; ``None`` for a text or template, which has to be met exactly.
        optional: Whether it may be missing.
        node: The whole entry in the file.
        text_node: The text, template or list of alternatives in it.
    """

    matcher: Matcher | None
    optional: bool
    node: Node
    text_node: Node


@dataclass(frozen=True)
class YamlSuites:
    """What a YAML suite file says.

    Attributes:
        text: The file's text, in which the offsets of nodes count.
        root: The file as nodes.
        document: The import format, with places in the YAML.
        problems: What is wrong; with any, the document is not to be used.
        replies: By path in the document, what it says of a reply that is no plain text.
        more: The paths of steps after whose expected replies further ones are fine.
    """

    text: str
    root: Node
    document: Document
    problems: tuple[Problem, ...]
    replies: dict[Path, ReplySource] = field(repr=False)
    more: frozenset[Path] = frozenset()


def read_yaml(text: str) -> YamlSuites:
    """Read the text of a YAML suite file.

    Raises:
        YamlError: It is no YAML that can be read.
    """
    root = read_nodes(text)
    compiler = _Compiler(text)
    value, mark = compiler.compile_file(root)
    return YamlSuites(
        text,
        root,
        Document(value, mark, (), Lines(text)),
        tuple(compiler.problems),
        compiler.replies,
        frozenset(compiler.more),
    )


def write_template(data: object) -> str:
    """Write a template as the text that is uploaded: JSON without blanks, as JavaScript writes it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


_Made: TypeAlias = "tuple[Any, Mark]"
_Reader: TypeAlias = "Callable[[Node, Path], _Made]"


class _Compiler:
    """Compiles one file; each method returns a value and its mark."""

    def __init__(self, text: str) -> None:
        self._lines = Lines(text)
        self.problems: list[Problem] = []
        self.replies: dict[Path, ReplySource] = {}
        self.more: set[Path] = set()
        self._budget = Budget()

    def compile_file(self, root: Node) -> _Made:
        """Compile the whole file."""
        if not isinstance(root, Mapping):
            self._find(root, f"is {kind(root)}, not a suite: {_HOW_SUITES}", Rule.UNUSABLE_FILE)
            return {}, _mark(root)
        if not any(key.text == "suites" for key, _ in root.members):
            near = [key for key, _ in root.members if _guess(key.text, tuple(TOP_KEYS)) == "suites"]
            way = f"write 'suites' instead of '{near[0].text[:_LONGEST_WORD]}'" if near else _HOW_SUITES
            self._find(near[0] if near else root, f"has no suite: {way}", Rule.UNUSABLE_FILE)
            return {}, _mark(root)
        return self._compile_keys(root, (), TOP_KEYS, {"suites": self._compile_suites})

    def _find(self, node: Node, message: str, rule: Rule = Rule.YAML_VALUE) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(message, self._lines.place(node.start), rule))

    def _compile_keys(
        self,
        node: Mapping,
        path: Path,
        keys: dict[str, str],
        readers: dict[str, _Reader],
        also: tuple[str, ...] = (),
    ) -> _Made:
        """Compile a mapping; a key without a reader holds a text."""
        made: dict[str, Any] = {}
        marks: dict[str, Mark] = {}
        for key, value in node.members:
            name = keys.get(key.text)
            if name is None:
                if key.text not in also:
                    self._refuse_key(key, (*keys, *also))
                continue
            here = (*path, name)
            made[name], mark = readers.get(key.text, self._compile_text)(value, here)
            marks[name] = Mark(mark.start, key.start, mark.inside)
        return made, Mark(node.start, node.start, marks)

    def _refuse_key(self, key: Scalar, known: tuple[str, ...]) -> None:
        near = _guess(key.text, known)
        advice = f"did you mean '{near}'?" if near else f"write one of {', '.join(known)}"
        said = f"'{key.text[:_LONGEST_WORD]}' is not a known key here: {advice}"
        self._find(key, said, Rule.YAML_KEY)

    def _compile_text(self, node: Node, _: Path = ()) -> _Made:
        return self._read_text(node), _mark(node)

    def _read_text(self, node: Node, *, spoken: bool = False) -> str:
        """Return the text of a node; what is none is told, and read as well as it can be."""
        if not isinstance(node, Scalar):
            self._find(node, f"is {kind(node)}, not a string: write a string")
            return "?"
        shown = node.text[:_LONGEST_WORD]
        if not node.style and (meant := changed_by_yaml(node.text)):
            said = f'{shown} is {meant} in YAML, not a string: write it in quotes, "{shown}"'
            self._find(node, said if shown else 'is empty: write a string, "" for an empty one')
        elif spoken and node.style in {"|", ">"} and node.text.endswith("\n"):
            said = f"ends with a line break: write {node.style}- to leave it out, or use double quotes"
            self._find(node, said)
        elif spoken:
            self._check_cut(node)
        return node.text

    def _check_cut(self, node: Scalar) -> None:
        if node.cut >= 0:
            self._find(replace(node, start=node.cut), CUT)

    def _compile_spoken(self, node: Node, _: Path = ()) -> _Made:
        return self._read_text(node, spoken=True), _mark(node)

    def _compile_suites(self, node: Node, path: Path) -> _Made:
        what = "suites: write '- name: …' below 'suites:'"
        return self._compile_list(node, path, self._compile_suite, what)

    def _compile_steps(self, node: Node, path: Path) -> _Made:
        return self._compile_list(node, path, self._compile_step, "steps: write '- user: …' below 'steps:'")

    def _compile_tags(self, node: Node, path: Path) -> _Made:
        return self._compile_list(node, path, self._compile_text, "tags: write e.g. [smoke]")

    def _compile_list(self, node: Node, path: Path, compile_one: _Reader, what: str) -> _Made:
        if not isinstance(node, Sequence):
            self._find(node, f"is {kind(node)}, not a list of {what}")
            return [], _mark(node)
        made = [compile_one(one, (*path, number)) for number, one in enumerate(node.items)]
        return [value for value, _ in made], Mark(node.start, node.start, [mark for _, mark in made])

    def _compile_suite(self, node: Node, path: Path) -> _Made:
        if not isinstance(node, Mapping):
            self._find(node, f"is {kind(node)}, not a suite: write 'name: …' and 'steps:'")
            return {}, _mark(node)
        readers: dict[str, _Reader] = {
            "name": self._compile_spoken,
            "tags": self._compile_tags,
            "steps": self._compile_steps,
        }
        return self._compile_keys(node, path, SUITE_KEYS, readers)

    def _compile_step(self, node: Node, path: Path) -> _Made:
        if not isinstance(node, Mapping):
            self._find(node, f"is {kind(node)}, not a step: write 'user: …' and 'bot: …'")
            return {}, _mark(node)
        readers: dict[str, _Reader] = {"bot": self._compile_replies, "user": self._compile_spoken}
        made, mark = self._compile_keys(node, path, STEP_KEYS, readers, (MORE,))
        marks = mark.inside
        if made.get("event") == START_EVENT and "input" not in made and isinstance(marks, dict):
            made = {"input": START_EVENT, **made}
            marks["input"] = marks["event"]
        if self._read_switch(node, MORE):
            self.more.add(path)
        return made, mark

    def _read_switch(self, node: Mapping, name: str) -> bool:
        value = _get(node, name)
        if value is None:
            return False
        plain = isinstance(value, Scalar) and not value.style
        word = value.text if isinstance(value, Scalar) and plain else ""
        if word not in _TRUE | _FALSE:
            self._find(value, f"'{name}' has to be true or false: write {name}: true")
        return word in _TRUE

    def _compile_replies(self, node: Node, path: Path) -> _Made:
        several = isinstance(node, Sequence)
        nodes = node.items if isinstance(node, Sequence) else (node,)
        made = [self._compile_reply(one, (*path, number)) for number, one in enumerate(nodes)]
        marks = [mark for _, mark in made]
        start = node.start
        return [value for value, _ in made], Mark(start, start, marks if several or marks else None)

    def _compile_reply(self, node: Node, path: Path) -> _Made:
        if not isinstance(node, Mapping):
            if isinstance(node, Sequence):
                self._find(node, f"is a list, not a reply: {_HOW_REPLY}")
                return _output("?", node, node)
            text = self._read_text(node, spoken=True)
            self.replies[path] = ReplySource(None, False, node, node)
            return _output(text, node, node)
        for key, _ in node.members:
            if key.text not in _REPLY_WORDS:
                self._refuse_key(key, _REPLY_WORDS)
        chosen = [(key, value) for key, value in node.members if key.text in REPLY_KINDS]
        if len(chosen) != 1:
            if len(chosen) > 1 or all(key.text in _REPLY_WORDS for key, _ in node.members):
                said = "has two kinds of reply" if chosen else "has no reply"
                self._find(chosen[1][0] if chosen else node, f"{said}: {_HOW_REPLY}")
            return _output("?", node, node)
        (key, value), optional = chosen[0], self._read_switch(node, OPTIONAL)
        matcher, text = self._read_reply(key, value, node)
        self.replies[path] = ReplySource(matcher, optional, node, value)
        return _output(text, node, value)

    def _read_reply(self, key: Scalar, value: Node, node: Mapping) -> tuple[Matcher | None, str]:
        """Return the matcher of a reply, if it has one, and the text that is uploaded."""
        example = _get(node, EXAMPLE)
        if example is not None and key.text in {TEXT, TEMPLATE, ANY}:
            self._find(example, f"'{EXAMPLE}' belongs to contains, matches and anything: remove it")
        if key.text == TEXT:
            return None, self._read_text(value, spoken=True)
        if key.text == TEMPLATE:
            return None, self._read_template(value)
        if key.text == ANY:
            return self._read_any(value)
        if key.text == ANYTHING:
            if not (isinstance(value, Scalar) and not value.style and value.text in _TRUE):
                self._find(value, f"'{ANYTHING}' has to be true: write anything: true and an example")
            matcher = Matcher(ANYTHING)
        else:
            matcher = Matcher(key.text, self._read_parts(key, value))
            self._check_pattern(matcher, value)
        if example is None and (key.text != PART or len(matcher.texts) > 1):
            self._find(key, f"'{key.text}' has no example: write 'example: …', which is what is uploaded")
            return matcher, "?"
        if example is None:
            return matcher, matcher.texts[0] if matcher.texts else "?"
        text = self._read_example(example)
        matcher = replace(matcher, of_template=is_template(text))
        if not self.problems and matcher.texts != ("",):
            self._check_example(matcher, text, example)
        return matcher, text

    def _check_example(self, matcher: Matcher, text: str, node: Node) -> None:
        try:
            if not matcher.judge(text, self._budget):
                self._find(node, f"the example does not fit '{matcher.kind}': correct one of them")
        except PatternError as unknown:
            self._find(node, f"the example {unknown}")

    def _read_parts(self, key: Scalar, value: Node) -> tuple[str, ...]:
        """Return what has to stand in a reply: a text, or all texts of a list; or a pattern."""
        if key.text != PART or not isinstance(value, Sequence):
            return (self._read_text(value, spoken=True),)
        if not value.items:
            self._find(value, f"'{PART}' is an empty list: write a text, or a list of texts")
        return tuple(self._read_text(one, spoken=True) for one in value.items)

    def _read_example(self, node: Node) -> str:
        if (
            isinstance(node, Mapping)
            and (data := _get(node, TEMPLATE)) is not None
            and len(node.members) == 1
        ):
            return self._read_template(data)
        return self._read_text(node, spoken=True)

    def _check_pattern(self, matcher: Matcher, node: Node) -> None:
        if matcher.kind != MATCHES:
            return
        try:
            compile_pattern(matcher.texts[0])
        except PatternError as bad:
            self._find(node, f"the pattern {bad}")

    def _read_any(self, value: Node) -> tuple[Matcher, str]:
        if not isinstance(value, Sequence) or not value.items:
            what = "an empty list" if isinstance(value, Sequence) else kind(value)
            self._find(value, f"'{ANY}' is {what}, not a list of replies: write any: [A, B]")
            return Matcher(ANY), "?"
        texts = tuple(self._read_example(one) for one in value.items)
        return Matcher(ANY, texts), texts[0]

    def _read_template(self, node: Node) -> str:
        """Return the text that is uploaded for a template: the JSON of what stands below its key."""
        if not isinstance(node, Scalar) and (node.members if isinstance(node, Mapping) else node.items):
            return write_template(self._read_data(node))
        what = kind(node) if isinstance(node, Scalar) else "empty"
        self._find(
            node, f"'{TEMPLATE}' is {what}: write the template's keys below it, or '{TEXT}: …' for a text"
        )
        return "?"

    def _read_data(self, node: Node) -> object:
        """Return what a template says, as JSON has it."""
        if isinstance(node, Mapping):
            return {key.text: self._read_data(value) for key, value in node.members}
        if isinstance(node, Sequence):
            return [self._read_data(one) for one in node.items]
        text = node.text
        self._check_cut(node)
        if node.style or not (meant := changed_by_yaml(text)):
            return text
        if is_json_word(text):
            value: object = json.loads(text)
            return value
        said = f"{text[:_LONGEST_WORD]} is {meant} in YAML" if text else "is empty"
        self._find(node, f'{said}: write it as in JSON, or in quotes, "{text[:_LONGEST_WORD]}"')
        return text


def _output(text: str, node: Node, text_node: Node) -> _Made:
    mark = Mark(text_node.start, text_node.start, None)
    return {CONTAINS: text}, Mark(node.start, node.start, {CONTAINS: mark})


def _mark(node: Node) -> Mark:
    return Mark(node.start, node.start, None)


def _get(node: Mapping, name: str) -> Node | None:
    return next((value for key, value in node.members if key.text == name), None)


def _guess(key: str, known: tuple[str, ...]) -> str:
    return next(iter(get_close_matches(key[:_LONGEST_WORD], known, 1)), "")
