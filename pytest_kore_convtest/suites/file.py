"""A local file in the platform's import format becomes suites, each with its place in the file.

The format (``{botId, botName, testCases: [{name, tags, description, messages}]}``) is
inferred from real exported files; the platform documents only "JSON, at most 2 MB".
What can be read is read: ``lint`` says what is odd about it.
"""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, overload

from pytest_kore_convtest import json_positions
from pytest_kore_convtest.errors import SuiteFileError
from pytest_kore_convtest.json_positions import START, Place
from pytest_kore_convtest.suites.file_format import ALL_OF, BARE, CONTAINS, EQUALS, ONE_OF, Problem
from pytest_kore_convtest.suites.file_text import (
    BOM,
    LARGEST_FILE,
    UnusableError,
    decode,
    read_bytes,
    read_text,
)
from pytest_kore_convtest.text import as_list, as_text, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pytest_kore_convtest.json_positions import Document, JsonObject
    from pytest_kore_convtest.suites.yaml.read import ReplySource, YamlSuites


@dataclass(frozen=True)
class LocalOutput:
    """One expected reply of the bot.

    Attributes:
        texts: The expected texts: one, or several variations; none when the entry is odd.
        mode: ``CONTAINS``, or one of the older ways to write it.
        place: Where it stands.
        source: What a YAML file says of it; ``None`` in a JSON file.
    """

    texts: tuple[str, ...]
    mode: str = CONTAINS
    place: Place = START
    source: ReplySource | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class LocalStep:
    """One user input and the replies expected to it.

    Attributes:
        input: What the user says.
        event: ``"Start_Flow"`` on the on-connect step, else empty.
        outputs: The expected replies, in order.
        place: Where it stands.
        more: Whether further replies after the expected ones are fine.
    """

    input: str
    event: str
    outputs: Sequence[LocalOutput]
    place: Place = START
    more: bool = False


class _Outputs(Sequence[LocalOutput]):
    """The expected replies of a step, read when somebody looks at them: to collect a step takes none.

    Args:
        document: What the file says.
        path: The step.
        step: What it says.
        yaml: What is known of a YAML file beyond that.
    """

    def __init__(
        self, document: Document, path: json_positions.Path, step: dict[str, object], yaml: YamlSuites | None
    ) -> None:
        self._document, self._path, self._step, self._yaml = document, path, step, yaml

    @cached_property
    def _all(self) -> tuple[LocalOutput, ...]:
        outputs, yaml = as_list(self._step.get("outputs")), self._yaml
        paths = [(*self._path, "outputs", index) for index in range(len(outputs))]
        found = map(read_output, outputs, map(self._document.place, paths))
        if yaml is None:
            return tuple(found)
        return tuple(
            replace(one, source=yaml.replies.get(here)) for one, here in zip(found, paths, strict=True)
        )

    @overload
    def __getitem__(self, at: int) -> LocalOutput: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[LocalOutput, ...]: ...
    def __getitem__(self, at: int | slice) -> LocalOutput | tuple[LocalOutput, ...]:
        return self._all[at]

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return self._all == tuple(other) if isinstance(other, (_Outputs, tuple)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all)

    def __repr__(self) -> str:
        return repr(self._all)


@dataclass(frozen=True)
class SuiteSource:
    """Where in a file a suite stands.

    Attributes:
        text: The file's text, without a byte order mark.
        document: What it says in the import format, with places.
        number: The suite's index in ``testCases``.
        yaml: What is known of a YAML file beyond that; ``None`` for a JSON file.
    """

    text: str
    document: Document
    number: int
    yaml: YamlSuites | None = None


@dataclass(frozen=True)
class LocalSuite:
    """One suite of a local file.

    Attributes:
        path: The file.
        name: The suite's name; ``suite-1`` for the first one without a usable name, and so on.
        description: Its description.
        tags: Its tags.
        steps: Its steps, in order.
        data: The bytes to upload: the file itself, or this suite alone when the file holds several; of a
            YAML file what it comes down to in the import format.
        place: Where it stands.
        split: Whether ``data`` is this suite alone.
        bot_id: The bot that the file was exported from, or empty.
        sha256: Of the file's bytes, in hexadecimal digits; empty when there was no file to read.
        source: The file that it was read from, to change it there; ``None`` when there was none.
    """

    path: Path
    name: str
    description: str
    tags: tuple[str, ...]
    steps: tuple[LocalStep, ...] = field(repr=False)
    data: bytes = field(repr=False)
    place: Place = START
    split: bool = False
    bot_id: str = ""
    sha256: str = ""
    source: SuiteSource | None = field(default=None, repr=False, compare=False)

    @property
    def upload_name(self) -> str:
        """The name under which ``data`` is uploaded, which is JSON always."""
        return f"{self.path.stem}.json" if is_yaml(self.path.name) else self.path.name


@dataclass(frozen=True)
class SuiteFile:
    """A suite file as far as it can be read.

    Attributes:
        path: The file.
        suites: Its suites; none when there is a problem.
        document: What it says in the import format, with places; ``None`` when it cannot be read whole.
        problems: Why it cannot be used at all.
        marked: Whether a byte order mark stands before the text.
        yaml: What is known of a YAML file beyond that.
    """

    path: Path
    suites: tuple[LocalSuite, ...] = ()
    document: Document | None = field(default=None, repr=False)
    problems: tuple[Problem, ...] = ()
    marked: bool = False
    yaml: YamlSuites | None = field(default=None, repr=False)


def is_yaml(name: str) -> bool:
    """Say whether a file's name is that of a YAML file."""
    return name.lower().endswith((".yaml", ".yml"))


def open_suite_file(path: Path) -> SuiteFile:
    """Read a file; what makes it useless is in ``problems``, nothing is raised."""
    try:
        data = read_bytes(path)
    except UnusableError as bad:
        return SuiteFile(path, problems=(bad.problem,))
    return read_suite_bytes(path, data)


def read_suite_bytes(path: Path, data: bytes) -> SuiteFile:
    """Read what a file holds, or is to hold; what makes it useless is in ``problems``.

    Args:
        path: The file, whose name says whether it is YAML; nothing is read from it.
        data: Its bytes.
    """
    try:
        return _open(path, data)
    except UnusableError as bad:
        return SuiteFile(path, problems=(bad.problem,))


def read_suites_of(path: Path, data: bytes) -> list[LocalSuite]:
    """Read all suites of a file whose bytes are known.

    Raises:
        SuiteFileError: It is not valid, or holds no suite.
    """
    file = read_suite_bytes(path, data)
    if file.problems:
        raise _error(path, file.problems)
    return list(file.suites)


def _open(path: Path, data: bytes) -> SuiteFile:
    with _without_collector():
        return _open_yaml(path, data) if is_yaml(path.name) else _open_json(path, data)


def _open_json(path: Path, data: bytes) -> SuiteFile:
    document = _load(data)
    marked = data.startswith(BOM)
    problem = _find_no_suite(document)
    if problem:
        return SuiteFile(path, (), document, (problem,), marked)
    return SuiteFile(path, tuple(_read_suites(path, document, data)), document, (), marked)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the garbage collector from looking at all nodes again and again: of YAML, a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _open_yaml(path: Path, data: bytes) -> SuiteFile:
    # Imported here: who has no YAML file does not pay for it.
    from pytest_kore_convtest.suites.yaml.nodes import YamlError
    from pytest_kore_convtest.suites.yaml.read import read_yaml

    try:
        yaml = read_yaml(read_text(data))
    except YamlError as bad:
        raise UnusableError(bad.message, bad.place) from None
    marked = data.startswith(BOM)
    problems = yaml.problems
    problem = None if problems else _find_no_suite(yaml.document)
    suites = () if problems or problem else tuple(_read_suites(path, yaml.document, data, yaml))
    problems += (problem,) if problem else ()
    problems += tuple(
        Problem(f"suite '{one.name}' is longer than 2 MB in the import format: split it", one.place)
        for one in suites
        if len(one.data) > LARGEST_FILE
    )
    if problems:
        return SuiteFile(path, problems=problems, marked=marked, yaml=yaml)
    return SuiteFile(path, suites, yaml.document, (), marked, yaml)


def read_suite_file(path: Path) -> list[LocalSuite]:
    """Read all suites of a file.

    Raises:
        SuiteFileError: It cannot be read, is too large, no JSON, or holds no suite.
    """
    file = open_suite_file(path)
    if file.problems:
        raise _error(path, file.problems)
    return list(file.suites)


def pick_suite(suites: list[LocalSuite], name: str | None) -> LocalSuite:
    """Return the suite of that name, or the only one.

    Raises:
        SuiteFileError: There is no such suite, there are several, or several and no name was given.
    """
    found = [suite for suite in suites if name in {None, suite.name}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(repr(suite.name) for suite in suites)
    if name is None:
        said = f"has several suites ({names}): choose one with name="
    elif found:
        said = f"has {len(found)} suites named {name!r}: rename all but one"
    else:
        said = f"has no suite named {name!r}; it has {names}"
    raise _error(suites[0].path, [Problem(said)])


def _load(data: bytes) -> Document:
    try:
        return json_positions.load(read_text(data))
    except json_positions.JsonError as bad:
        said, place = f"is not valid JSON: {bad.message}", bad.place
    raise UnusableError(said, place)


def _find_no_suite(document: Document) -> Problem | None:
    """Say why a document holds no suite, if it does not."""
    content = document.value
    needs = "write an object with a list 'testCases', or export the suite from the UI as JSON"
    if not isinstance(content, dict):
        return Problem(f"is {json_positions.kind(content)}, not a suite: {needs}", document.place(()))
    if "testCases" not in content:
        response = content.get("response")
        said = f"has no suite: {needs}"
        if "testSteps" in (response if isinstance(response, dict) else content):
            said = "is a stored suite, which the platform cannot import: export the suite from the UI as JSON"
        if content.keys() & {"dialogComponents", "localeData", "supportedLanguages"}:
            said = (
                "is an exported bot, not a suite: export the suite from the UI (Conversation Testing) as JSON"
            )
        return Problem(said, document.place(()))
    cases, place = content["testCases"], document.place(("testCases",))
    if not isinstance(cases, list):
        return Problem(
            f"has no suite: 'testCases' is {json_positions.kind(cases)}, not a list of suites", place
        )
    if not any(isinstance(case, dict) for case in cases):
        return Problem("has no suite: 'testCases' contains no object", place)
    return None


def _read_suites(
    path: Path, document: Document, data: bytes, yaml: YamlSuites | None = None
) -> Iterator[LocalSuite]:
    content: JsonObject = document.value
    cases, text = content["testCases"], decode(data)
    sha256 = hashlib.sha256(data).hexdigest()
    for number, case in enumerate(cases):
        if not isinstance(case, dict):
            continue
        here = ("testCases", number)
        split = len(cases) > 1
        yield LocalSuite(
            path=path,
            name=name_of(case) or f"suite-{number + 1}",
            description=as_text(case.get("description")),
            tags=tuple(tag for tag in as_list(case.get("tags")) if isinstance(tag, str)),
            steps=tuple(_read_steps(document, case, here, yaml)),
            data=_split(content, case) if split or yaml else data,
            place=document.place(here),
            split=split,
            bot_id=as_text(content.get("botId")),
            sha256=sha256,
            source=SuiteSource(text, document, number, yaml),
        )


def name_of(case: object) -> str:
    """Return a suite's name as it stands in the file, or an empty text when it has none."""
    name = as_text(case.get("name")) if isinstance(case, dict) else ""
    return name if name.strip() else ""


def _split(content: dict[str, object], case: dict[str, object]) -> bytes:
    # No blanks: what was written with fewer than json.dumps adds must not outgrow the limit.
    # A lone half of a surrogate pair has no UTF-8; its escape is JSON.
    alone = json.dumps({**content, "testCases": [case]}, ensure_ascii=False, separators=(",", ":"))
    return alone.encode("utf-8", "backslashreplace")


def _read_steps(
    document: Document, case: dict[str, object], path: json_positions.Path, yaml: YamlSuites | None
) -> Iterator[LocalStep]:
    messages = as_list(case.get("messages"))
    places = document.item_places((*path, "messages"))
    for number, (message, place) in enumerate(zip(messages, places, strict=True)):
        here = (*path, "messages", number)
        step = message if isinstance(message, dict) else {}
        outputs = _Outputs(document, here, step, yaml)
        said, event = as_text(step.get("input")), as_text(step.get("event"))
        more = yaml is not None and here in yaml.more
        yield LocalStep(said, event, outputs, place, more)


def read_output(output: object, place: Place = START) -> LocalOutput:
    """Read an entry of ``outputs`` in any of the known ways to write it."""
    if isinstance(output, str):
        return LocalOutput((output,), BARE, place)
    found = output if isinstance(output, dict) else {}
    mode = EQUALS if EQUALS in found and CONTAINS not in found else CONTAINS
    expected = found.get(mode)
    if isinstance(expected, dict):
        mode = ALL_OF if ALL_OF in expected and ONE_OF not in expected else ONE_OF
        expected = expected.get(mode)
    texts = [expected] if isinstance(expected, str) else as_list(expected)
    return LocalOutput(tuple(text for text in texts if isinstance(text, str)), mode, place)


def _error(path: Path, problems: Iterable[Problem]) -> SuiteFileError:
    first = next(iter(problems))
    line, column = first.place or (None, None)
    name = one_line(str(path))
    where = f"{name}:{line}:{column}" if first.place else name
    findings = [{"message": one.message, "line": one.place and one.place.line} for one in problems]
    return SuiteFileError(
        f"{where}: {first.message}", path=str(path), line=line, column=column, findings=findings
    )
