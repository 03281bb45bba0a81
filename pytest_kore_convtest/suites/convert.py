"""Carry suites from one form of file to another, and say what the other form cannot hold.

Three forms are read: the platform's import format, YAML, and the files of Kore's runner of
2019, which are the import format with more ways to write a reply. Two are written.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_kore_convtest.errors import SuiteFileError
from pytest_kore_convtest.escapes import escape_json
from pytest_kore_convtest.findings import Location
from pytest_kore_convtest.suites.conversion_notes import (
    ALL_PARTS,
    ALTERNATIVES,
    ARRIVAL,
    BARE_TEXT,
    CHOICE,
    COMMENT,
    DISCARDED,
    DUPLICATE_KEY,
    ENTITY,
    MATCHER,
    MORE,
    OPTIONAL,
    PARTS,
    TWO_TEXTS,
    UNKNOWN_KEY,
    WHOLE_TEXT,
    WORDS,
    WRONG_TYPE,
    Kind,
    Remark,
)
from pytest_kore_convtest.suites.file import name_of
from pytest_kore_convtest.suites.file_format import (
    ALL_OF,
    CASE_KEYS,
    CONTAINS,
    EQUALS,
    OLD_KEYS,
    ONE_OF,
    START_EVENT,
    STEP_KEYS,
    TOP_KEYS,
)
from pytest_kore_convtest.suites.file_text import LARGEST_FILE
from pytest_kore_convtest.suites.matchers import ANY, PART, Budget, Matcher
from pytest_kore_convtest.suites.yaml.comments import find_comments
from pytest_kore_convtest.suites.yaml.nodes import YamlError
from pytest_kore_convtest.suites.yaml.read import read_yaml
from pytest_kore_convtest.suites.yaml.write import Reply, write_yaml
from pytest_kore_convtest.text import as_list, show_path

if TYPE_CHECKING:
    from pytest_kore_convtest.json_positions import Document, JsonObject, Path, Place
    from pytest_kore_convtest.suites.file import SuiteFile
    from pytest_kore_convtest.suites.yaml.read import ReplySource

JSON, YAML = "json", "yaml"
"""The forms that are written."""

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


@dataclass(frozen=True)
class Converted:
    """A file in its other form.

    Attributes:
        text: What is to be written.
        remarks: What is lost or said in another way, in the order of the file.
        suites: How many suites it holds.
        steps: How many steps.
    """

    text: str
    remarks: tuple[Remark, ...]
    suites: int
    steps: int


def is_old(content: JsonObject) -> bool:
    """Say whether a file's content was written for Kore's runner of 2019."""
    cases = [case for case in as_list(content.get("testCases")) if isinstance(case, dict)]
    if any(OLD_KEYS & holder.keys() for holder in (content, *cases)):
        return True
    steps = (step for case in cases for step in as_list(case.get("messages")) if isinstance(step, dict))
    outputs = (output for step in steps for output in as_list(step.get("outputs")))
    return any(
        isinstance(one, str)
        or (isinstance(one, dict) and (EQUALS in one or _choice(one.get(CONTAINS)) is not None))
        for one in outputs
    )


def _choice(expected: object) -> str | None:
    """Return which of the two keys with several texts an expectation of 2019 has."""
    if not isinstance(expected, dict):
        return None
    return next((key for key in (ONE_OF, ALL_OF) if key in expected), None)


def convert(file: SuiteFile, to: str, *, keep_entities: bool = False) -> Converted:
    """Write what a file says in another form.

    Args:
        file: The file, which can be used.
        to: ``JSON`` or ``YAML``.
        keep_entities: Whether the HTML entities in a file of 2019 stay as they are.

    Raises:
        SuiteFileError: It is in that form already, or the result would be none that can be used.
    """
    assert file.document is not None  # noqa: S101 - the file has no problems
    if file.yaml is not None and to == YAML:
        raise _refuse(file, "is YAML already: nothing to convert")
    carrier = _Carrier(file, file.document, to, keep_entities=keep_entities)
    if file.yaml is not None:
        return _finish(file, file.document.value, to, carrier.look_at_yaml())
    if to == JSON and not carrier.old:
        raise _refuse(file, "is in the platform's format already: nothing to convert; --to yaml makes YAML")
    content = carrier.carry_file(file.document.value)
    return _finish(file, content, to, carrier.remarks, carrier.replies)


def _refuse(file: SuiteFile, said: str) -> SuiteFileError:
    return SuiteFileError(f"{show_path(file.path)} {said}", path=str(file.path))


def _finish(
    file: SuiteFile,
    content: JsonObject,
    to: str,
    remarks: list[Remark],
    replies: dict[Path, Reply] | None = None,
) -> Converted:
    text = write_yaml(content, replies or {}) if to == YAML else write_json(content)
    if len(text.encode("utf-8", "backslashreplace")) > LARGEST_FILE:
        raise _refuse(file, f"would be more than 2 MB as {to.upper()}: split it into several files")
    if to == YAML:
        _prove(file, text, content)
    cases = content["testCases"]
    ordered = sorted(remarks, key=lambda one: one.location[1:3])
    return Converted(text, tuple(ordered), len(cases), sum(len(case.get("messages") or ()) for case in cases))


def _prove(file: SuiteFile, text: str, content: JsonObject) -> None:
    """Read what was written: whoever reviews the file sees what is uploaded, or nothing is written.

    Raises:
        SuiteFileError: It says something else, or ruamel.yaml is not installed.
    """
    try:
        found = read_yaml(text)
    except YamlError as bad:
        problem = f"cannot be written as YAML: it {bad.message}"
    else:
        if not found.problems and found.document.value == content:
            return
        why = found.problems[0].message if found.problems else "it would say something else"
        problem = f"cannot be written as YAML: {why}"
    raise _refuse(file, problem)


def write_json(content: JsonObject) -> str:
    """Write a file in the import format, as people read it."""
    return escape_json(json.dumps(content, indent=2, ensure_ascii=False)) + "\n"


class _Carrier:
    """Carries one file; what does not come along becomes a remark.

    Attributes:
        old: Whether the file was written for the runner of 2019.
        remarks: What was left out or said in another way.
        replies: By path in the result, the replies of which more than a text is written.
    """

    def __init__(self, file: SuiteFile, document: Document, to: str, *, keep_entities: bool) -> None:
        self._file, self._document, self._to = file, document, to
        self.old = file.yaml is None and is_old(document.value)
        self._decodes = self.old and not keep_entities
        self.remarks: list[Remark] = []
        self.replies: dict[Path, Reply] = {}

    def _remark(self, what: Kind, path: Path, *, at_key: bool = False) -> None:
        look_up = self._document.key_place if at_key else self._document.place
        self._remark_at(what, look_up(path), path)

    def _remark_at(self, what: Kind, place: Place, path: Path = ()) -> None:
        suite, step = "", 0
        if len(path) > 1 and isinstance(path[1], int):
            suite = name_of(self._document.value["testCases"][path[1]]) or f"suite-{path[1] + 1}"
        if len(path) > 3 and path[2] == "messages" and isinstance(path[3], int):  # noqa: PLR2004
            step = path[3] + 1
        self.remarks.append(Remark(what, Location(str(self._file.path), *place), suite, step))

    def look_at_yaml(self) -> list[Remark]:
        """Remark on what JSON cannot hold of a YAML file."""
        assert self._file.yaml is not None  # noqa: S101 - of a YAML file
        for path, reply in self._file.yaml.replies.items():
            self._look_at_reply(path, reply)
        for path in self._file.yaml.more:
            self._remark(MORE, path)
        for comment in find_comments(self._file.yaml.text, self._file.yaml.root):
            self._remark_at(COMMENT, comment.place)
        return self.remarks

    def _look_at_reply(self, path: Path, reply: ReplySource) -> None:
        if reply.matcher is not None and not (reply.matcher.kind == ANY and len(reply.matcher.texts) == 1):
            several = reply.matcher.kind == PART and len(reply.matcher.texts) > 1
            what = ALTERNATIVES if reply.matcher.kind == ANY else PARTS if several else MATCHER
            self._remark(what, path)
        if reply.optional:
            self._remark(OPTIONAL, path)

    def carry_file(self, content: JsonObject) -> JsonObject:
        """Carry the whole file."""
        for duplicate in self._document.duplicates:
            self._remark_at(DUPLICATE_KEY, duplicate.place, duplicate.path)
        made = self._carry_keys(content, (), TOP_KEYS, ("botId", "botName"))
        cases: list[JsonObject] = []
        for number, case in enumerate(content["testCases"]):
            here: Path = ("testCases", number)
            if isinstance(case, dict):
                cases.append(self._carry_case(case, here, ("testCases", len(cases))))
            else:
                self._remark(WRONG_TYPE, here)
        return {**made, "testCases": cases}

    def _carry_keys(
        self, holder: JsonObject, path: Path, known: tuple[str, ...], texts: tuple[str, ...]
    ) -> JsonObject:
        """Carry the keys that hold texts, and in JSON those that are not known."""
        made: JsonObject = {}
        for key, value in holder.items():
            here = (*path, key)
            if key in OLD_KEYS and len(path) <= 2:  # noqa: PLR2004 - of the file or of a suite
                self._remark(DISCARDED, here, at_key=True)
            elif key in texts:
                if isinstance(value, str):
                    made[key] = value
                elif value is not None:
                    self._remark(WRONG_TYPE, here)
            elif key not in known:
                if self._to == JSON:
                    made[key] = value
                else:
                    self._remark(UNKNOWN_KEY, here, at_key=True)
        return made

    def _carry_list(self, holder: JsonObject, key: str, path: Path) -> list[object] | None:
        """Return a list that a key holds; what is none is remarked on."""
        value = holder.get(key)
        if value is not None and not isinstance(value, list):
            self._remark(WRONG_TYPE, (*path, key))
        return value if isinstance(value, list) else None

    def _carry_case(self, case: JsonObject, path: Path, to: Path) -> JsonObject:
        made = self._carry_keys(case, path, CASE_KEYS, ("name", "description", "preprocessor"))
        tags = self._carry_list(case, "tags", path)
        if tags is not None:
            made["tags"] = [tag for tag in tags if isinstance(tag, str)]
            for number, tag in enumerate(tags):
                if not isinstance(tag, str):
                    self._remark(WRONG_TYPE, (*path, "tags", number))
        steps = self._carry_list(case, "messages", path)
        if steps is not None:
            found: list[JsonObject] = []
            for number, step in enumerate(steps):
                here = (*path, "messages", number)
                if isinstance(step, dict):
                    found.append(self._carry_step(step, here, (*to, "messages", len(found))))
                else:
                    self._remark(WRONG_TYPE, here)
            made["messages"] = found
        return made

    def _carry_step(self, step: JsonObject, path: Path, to: Path) -> JsonObject:
        made = self._carry_keys(step, path, STEP_KEYS, ("input", "event"))
        if made.get("event") == START_EVENT and "input" not in made and self._to == YAML:
            made["input"] = START_EVENT
            self._remark(ARRIVAL, path)
        outputs = self._carry_list(step, "outputs", path)
        if outputs is not None:
            found: list[JsonObject] = []
            for number, output in enumerate(outputs):
                here = (*path, "outputs", number)
                made_one = self._carry_output(output, here, (*to, "outputs", len(found)))
                if made_one is not None:
                    found.append(made_one)
            made["outputs"] = found
        return made

    def _carry_output(self, output: object, path: Path, to: Path) -> JsonObject | None:
        if isinstance(output, str):
            self._remark(BARE_TEXT, path)
            return {CONTAINS: self._read(output, path)}
        if not isinstance(output, dict):
            self._remark(WRONG_TYPE, path)
            return None
        made = self._carry_keys(output, path, (CONTAINS, EQUALS), ())
        key = CONTAINS if CONTAINS in output or EQUALS not in output else EQUALS
        if CONTAINS in output and EQUALS in output:
            self._remark(TWO_TEXTS, (*path, EQUALS), at_key=True)
        elif key == EQUALS:
            self._remark(WHOLE_TEXT, path)
        here, expected = (*path, key), output.get(key)
        if isinstance(expected, str):
            if key == CONTAINS and self.old:
                self._remark(WORDS, here)
            return {**made, CONTAINS: self._read(expected, here)}
        choice = _choice(expected)
        texts = self._carry_texts(expected[choice], (*here, choice)) if choice else []  # type: ignore[index]
        if not texts or choice is None:
            self._remark(WRONG_TYPE, here)
            return None
        if isinstance(expected, dict) and len(expected) > 1:
            self._remark(UNKNOWN_KEY, here)
        return {**made, CONTAINS: self._carry_choice(choice, texts, here, to)}

    def _carry_texts(self, texts: object, path: Path) -> list[str]:
        found = []
        for number, text in enumerate(as_list(texts)):
            if isinstance(text, str):
                found.append(self._read(text, (*path, number)))
            else:
                self._remark(WRONG_TYPE, (*path, number))
        return list(dict.fromkeys(found))

    def _carry_choice(self, choice: str, texts: list[str], path: Path, to: Path) -> str:
        """Return the text that is uploaded for several; in YAML the reply says them all."""
        whole = texts[0] if choice == ONE_OF else "\n".join(texts)
        is_yaml = self._to == YAML
        if len(texts) > 1 or choice == ALL_OF:
            found = Matcher(ANY if choice == ONE_OF else PART, tuple(texts))
            # Parts of which nothing can be seen, or that are no part of the template that they make together.
            if is_yaml and (choice == ONE_OF or found.fits(whole, Budget())):
                self.replies[to] = Reply(found, whole)
        if choice == ONE_OF:
            self._remark(CHOICE if is_yaml or len(texts) == 1 else ALTERNATIVES, path)
        else:
            self._remark(ALL_PARTS if is_yaml else PARTS, path)
        return whole

    def _read(self, text: str, path: Path) -> str:
        """Return an expected text with its HTML entities decoded, where a file has them."""
        if not self._decodes or "&" not in text:
            return text
        decoded = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
        if decoded != text:
            self._remark(ENTITY, path)
        return decoded
