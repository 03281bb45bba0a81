"""Say everything that is wrong or odd about a suite file, each thing with its location.

An error is what cannot work: the file cannot be used, says less than it seems to, or
gives a secret away. A warning is what will probably surprise. A hint is what nobody
has documented, because the format is known from real files only.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from pytest_kore_convtest import json_positions, leaks
from pytest_kore_convtest.findings import Location, apply_rules, find
from pytest_kore_convtest.json_positions import START
from pytest_kore_convtest.rules import DEFAULTS, Rule
from pytest_kore_convtest.suites.file import LocalSuite, SuiteFile, name_of, open_suite_file
from pytest_kore_convtest.suites.file_format import JSON_WORDS, YAML_WORDS, Note
from pytest_kore_convtest.suites.lint.checks import judge_content
from pytest_kore_convtest.text import quoted, show_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_kore_convtest.findings import Finding
    from pytest_kore_convtest.json_positions import Place
    from pytest_kore_convtest.rules import Severity
    from pytest_kore_convtest.suites.file_format import Words
    from pytest_kore_convtest.suites.yaml.read import YamlSuites

_HALF = re.compile("[\ud800-\udfff]")
_LONGEST_NAME = 60


def lint_file(
    file: Path | SuiteFile, *, stream_id: str | None = None, rules: Mapping[Rule, Severity] = DEFAULTS
) -> list[Finding]:
    """Return everything there is to say about one file, in the order of the file.

    Args:
        file: The file, or what was read of it.
        stream_id: The configured stream, compared with the file's ``botId``.
        rules: The severities that were chosen.
    """
    read = file if isinstance(file, SuiteFile) else open_suite_file(file)
    found = apply_rules(_find_all(read, stream_id), rules, worst_first=False)
    return sorted(found, key=lambda finding: finding.location[1:3])


def _find_all(file: SuiteFile, stream_id: str | None) -> Iterator[Finding]:
    for problem in file.problems:
        location = _locate_place(file.path, problem.place or START)
        yield find(problem.rule, leaks.hide_leaks(problem.message), location=location)
    if file.marked:
        said = (
            "starts with a byte order mark (BOM), which many JSON parsers reject: save as UTF-8 without BOM"
        )
        yield find(Rule.BYTE_ORDER_MARK, said, location=_locate_place(file.path, START))
    if file.document:
        notes = chain(_judge_texts(file.document.value, ()), _judge_duplicates(file.document))
        if not file.problems:
            words = YAML_WORDS if file.yaml else JSON_WORDS
            notes = chain(notes, judge_content(file.document.value, stream_id, words))
        if file.yaml and not file.problems:
            notes = chain(notes, _judge_replies(file.yaml), _judge_open_steps(file.yaml))
        yield from (_locate(note, file, file.document) for note in notes)
    if file.yaml:
        yield from _find_in_comments(file.path, file.yaml)
    yield from _find_namesakes(file.suites, one_file=True)


def lint_many(files: Iterable[Path | SuiteFile], rules: Mapping[Rule, Severity] = DEFAULTS) -> list[Finding]:
    """Return the suites whose name stands in another file too; ``lint_file`` tells those of one file."""
    read = [file if isinstance(file, SuiteFile) else open_suite_file(file) for file in files]
    once = {file.path.resolve(): file for file in read}
    suites = [suite for file in once.values() for suite in file.suites]
    return apply_rules(_find_namesakes(suites, one_file=False), rules, worst_first=False)


def _find_in_comments(path: Path, yaml: YamlSuites) -> Iterator[Finding]:
    """Look for secrets where a token is pasted for a moment, and stays."""
    from pytest_kore_convtest.suites.yaml.comments import find_comments

    for comment in find_comments(yaml.text, yaml.root):
        for note in _judge_text(comment.text, (), leaks.find_leaks(comment.text)):
            yield find(note.rule, f"a comment {note.message}", location=_locate_place(path, comment.place))


def _locate_place(path: Path, place: Place) -> Location:
    return Location(str(path), *place)


def _find_namesakes(suites: Sequence[LocalSuite], *, one_file: bool) -> Iterator[Finding]:
    same: dict[str, LocalSuite] = {}
    folded: dict[str, LocalSuite] = {}
    for suite in suites:
        equal = same.setdefault(suite.name, suite)
        alike = folded.setdefault(suite.name.casefold(), suite)
        other = equal if equal is not suite else alike
        if other is suite or (other.path == suite.path) is not one_file:
            continue
        where = f"line {other.place.line}" if one_file else f"{show_path(other.path)}:{other.place.line}"
        if other.name == suite.name:
            said, rule = f"has the same name as the suite in {where}: rename one", Rule.DUPLICATE_SUITE
        else:
            named = f"{_show(other.name)} in {where}"
            said, rule = f"differs in name only by case from {named}: rename one", Rule.SIMILAR_SUITE
        location = _locate_place(suite.path, suite.place)
        yield find(rule, f"suite {_show(suite.name)} {said}", location=location, suite=suite.name)


def _locate(note: Note, file: SuiteFile, document: json_positions.Document) -> Finding:
    look_up = document.key_place if note.at_key else document.place
    cases = document.value.get("testCases") if isinstance(document.value, dict) else None
    words = YAML_WORDS if file.yaml else JSON_WORDS
    where, suite, step = _name(note.path, cases if isinstance(cases, list) else [], words)
    said = leaks.hide_leaks(f"{where}: {note.message}" if where else note.message)
    location = _locate_place(file.path, look_up(note.path))
    return find(note.rule, said, location=location, suite=suite, step=step)


def _judge_replies(yaml: YamlSuites) -> Iterator[Note]:
    """Look at the replies of which more than the uploaded text is written."""
    for path, reply in yaml.replies.items():
        if reply.matcher is None:
            continue
        here = (*path, "contains")
        for text in reply.matcher.texts:
            yield from _judge_text(text, here, leaks.find_leaks(text))
        if reply.matcher.fits_all:
            said = f"'{reply.matcher.kind}' fits every reply, so it tests nothing: write more of the reply"
            yield Note(Rule.MATCHER_FITS_ALL, here, said)


def _judge_open_steps(yaml: YamlSuites) -> Iterator[Note]:
    """Look for steps after whose replies further ones are fine, and of which none has to come."""
    optional = Counter(path[:-2] for path, reply in yaml.replies.items() if reply.optional)
    for path in sorted(yaml.more & optional.keys(), key=str):
        _, suite, _, number = path
        expected = yaml.document.value["testCases"][suite]["messages"][number]["outputs"]
        if optional[path] == len(expected):
            said = (
                "each reply is optional and 'more' lets in any other, so nothing is tested: leave out 'more'"
            )
            yield Note(Rule.MATCHER_FITS_ALL, path, said)


def _name(path: json_positions.Path, cases: list[object], in_file: Words) -> tuple[str, str, int]:
    """Say a path in words, in which suite it is, and in which step."""
    words: list[str] = []
    rest, suite, step = list(path), "", 0
    for key, word in (("testCases", "suite"), ("messages", "step"), ("outputs", "output")):
        if rest[:1] != [key] or not isinstance(next(iter(rest[1:]), None), int):
            break
        number = int(rest[1])
        if key == "testCases" and isinstance(cases[number], dict):
            suite = name_of(cases[number]) or f"suite-{number + 1}"
        step = number + 1 if key == "messages" else step
        words.append(f"{word} {_show(suite) if suite and not words else number + 1}")
        rest = rest[2:]
    called = dict(in_file.keys)
    rest = [called.get(part, part) if isinstance(part, str) else part for part in rest]
    if any(part != "" for part in rest):
        inner = "".join(
            f" {part + 1}" if isinstance(part, int) else f".{part}" for part in rest if part != ""
        )
        words.append(_show(inner.removeprefix(".")))
    return ", ".join(words), suite, step


def _show(name: str) -> str:
    return quoted(leaks.hide_leaks(name), _LONGEST_NAME)


def _judge_texts(value: object, path: json_positions.Path, *, beside_client: bool = False) -> Iterator[Note]:
    """Look at every text of the file, keys included."""
    if isinstance(value, str):
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        yield from _judge_text(value, path, leaks.find_leaks(value, key=key, beside_client=beside_client))
        return
    inside: list[tuple[str | int, object]] = []
    if isinstance(value, (dict, list)):
        inside += value.items() if isinstance(value, dict) else enumerate(value)
    client = any(isinstance(one, str) and leaks.is_client_id(one) for _, one in inside)
    for part, one in inside:
        here = (*path, part)
        if isinstance(part, str):
            notes = _judge_text(part, here, leaks.find_leaks(part))
            yield from (note._replace(at_key=True) for note in notes)
        yield from _judge_texts(one, here, beside_client=client)


def _judge_text(text: str, path: json_positions.Path, found: list[leaks.Leak]) -> Iterator[Note]:
    for leak in found:
        advice = "remove it and revoke it" if leak.sure else "remove it, unless it is not a secret"
        said = f"contains what looks like {leak.what}, {leaks.show_leak(text, leak)}: {advice}"
        yield Note(Rule.SECRET if leak.sure else Rule.POSSIBLE_SECRET, path, said)
    if _HALF.search(text):
        said = "contains half a character (e.g. of a truncated emoji): write the whole character"
        yield Note(Rule.HALF_CHARACTER, path, said)


def _judge_duplicates(document: json_positions.Document) -> Iterator[Note]:
    for duplicate in document.duplicates:
        said = (
            f"is a duplicate key, first in line {duplicate.first.line}; only the last one counts: remove one"
        )
        yield Note(Rule.DUPLICATE_KEY, duplicate.path, said, at_key=True)
