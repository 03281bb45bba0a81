"""Every regular expression of the package takes steps in proportion to the text, whatever the text is."""

import ast
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import pytest
from unit.counting import Counter, with_deep_stack

import pytest_kore_convtest

FOLDER = Path(pytest_kore_convtest.__file__).parent
SIZE = 400
GROWTH = 2.6
"""Twice the text is twice the steps; four times as many are what squared work takes."""

COMMON = [
    "a",
    " ",
    "a ",
    "-",
    ".",
    "1",
    "A",
    "\\",
    "a-",
    "a1B2",
    "\n",
    "eyJ",
    "eyJaaaaaaaa.",
    "token=",
    "::",
    "##a",
]
ENDS = ["", "\0("]

# Worst cases by pattern; "" before them all means that it is only ever tried at a text's start.
WORST = {
    "doctor.network re.split('[?#]')": [],
    "doctor.network re.sub('//[^/@]*@')": ["//", "//a"],
    "coverage.graph._BLANKS": [" ", "_"],
    "coverage.visits._SEPARATORS": ["-"],
    "jobs.run_folder._CONTENT": ["", "tmp"],
    "jobs.run_folder._HOLDER": ["", "1"],
    "jobs.run_folder._NAME": [""],
    "jobs.unique_names re.sub('[^A-Za-z0-9]+')": ["-"],
    "plugin.items.hints._FIRST": ["\n", " ", "\n---", "-"],
    "plugin.items.hints._FLOW_SUITES": ["{", "{ ", ",", ", "],
    "plugin.items.hints._SUITES": ["\n", "\n---", "\n--- ", "\nsuites", "\nsuites "],
    "plugin.items.suite_tags re.findall('[\\\\w:+.\\\\[\\\\]\\\\\\\\/-]+')": [],
    "plugin.reporting.item_reports re.split('[.:](?:\\\\s|$)')": [".", ": "],
    "reports.merge._JOB_ID": ["ds-"],
    "settings.types._PERCENT": ["", "1."],
    "settings.types._TIME": ["", "1", ".1"],
    "settings.values re.split('[/?#]')": ["/"],
    "settings.values._LIKE_HTTP": ["", "h", "ht"],
    "settings.values._SCHEME": ["", "a:"],
    "suites.file_format._visible": ["\u200b"],
    "suites.transcript._BINARY": ["\n"],
    "suites.transcript._BREAK": ["\r", "\r\n"],
    "suites.transcript._DIGIT": [],
    "suites.transcript._NOT_IN_NAME": [" ", "/"],
    "suites.transcript._TURN": ["", "[", "1", "*", "a", "a ", "a [", "bot", "bot 1"],
    "cli.transcript._NOT_IN_FILE_NAME": [" ", "/"],
    "suites.results.expectation_changes._CONTROL": ["\n"],
    "suites.text_edit._BREAK": ["\r", "\n"],
    "suites.update.json_text._BEYOND": ["\\u00", "\\u"],
    "suites.update.json_text._COLON": ['"', '" ', '"\t'],
    "suites.update.json_text._ESCAPE": ["\\", "\\u", "\\u000"],
    "suites.update.json_text._LOWER": ["\\u", "\\u000"],
    "suites.update.json_text._SLASH": ["\\/", "/"],
    "suites.update.json_text._UPPER": ["\\u", "\\u000"],
    "suites.update.yaml_text._COMMENT": [" ", "\t", "#"],
    "suites.yaml.nodes._BLANKS": [""],
    "suites.convert._ENTITY": ["&", "&#1", "&#x1", "&amp"],
    "suites.yaml.comments._COMMENT": ["#", " #", ","],
    "suites.yaml.comments._HEADER": ["", "|", "|-"],
    "suites.yaml.write._CONTROL": ["\n"],
    "suites.yaml.nodes._CONTROL": ["\n"],
    "suites.yaml.comment_or_text._CUT": ["", " ", " #", "\t#"],
    "suites.yaml.comment_or_text._CUT_ABOVE": ["#", " #"],
    "suites.yaml.comment_or_text._CUT_BELOW": ["", " ", "\n", "\n ", "\n#"],
    "suites.yaml.comment_or_text._INDICATOR": [" ", "\n "],
    "suites.yaml.unquoted._DATE": ["", "2026-01-01", "2026-01-01 ", "2026-01-01T10:00:00."],
    "suites.yaml.nodes._HALVES": ["\ud800"],
    "suites.yaml.nodes._RUN": [" "],
    "suites.yaml.nodes._TAG": [",", ",!", "-"],
    "suites.yaml.unquoted._NUMBER": ["", "0x", "1", "1:", "1.", "1e", "1_", "0b1", "0o7", ".1"],
    "suites.yaml.write._ESCAPED": ["\x85"],
    "suites.yaml.write._NOT_IN_FLOW": [","],
    "suites.yaml.write._NOT_PLAIN": [":", " ", " #"],
    "suites.yaml.write._PLAIN": ["", "a"],
    "suites.yaml.unquoted._JSON_NUMBER": ["", "1", "1.", "1e", "-1", "1.1e"],
    "suites.versions re.sub('[\\\\s_-]')": ["_"],
    "suites.results.origin._RUN_ID": ["", "ctr-"],
    "plugin.items.suite_tags._END_OF_NAME": [],
    "suites.diff._NAME": [""],
    "suites.diff._SEPARATES": [],
    "history.store._NOT_IN_NAME": [" ", "/"],
    "history.store._OURS": ["kore-20261124T130500.123-", "kore-20261124T130500.123-a"],
    "history.store re.sub('[-:]')": ["-", ":"],
    "reports.evidence._COMMIT": [""],
    "suites.diff._TOKEN": ["\u3042"],
    "emulator.journal._RUN": [],
    "emulator.script._OPTION": ["", "k=x ", "k='", 'k="', "k=x  \t", "k=,"],
    "emulator.script._WORD": ["", "a(", "a('", "a(x", "a ", "a@", "a@1 ", 'a("'],
    "suites.lint.lint_files._HALF": ["\ud800"],
    "json_positions._BREAK": ["\r", "\r\n"],
    "json_positions._WORD": [""],
    "json_positions._skip": [""],
    "leaks._ASSIGNED": ["token=token", "token-", "'token' : '", 'secret=""', "auth=a1b2c3d4e5f6g7h8("],
    "leaks._BEARER": ["bearer ", "bearer a1", "bearer  "],
    "redaction._CLIENT": ['"appId"', '"appId" : "', '"appId"  '],
    "leaks._CLIENT_ID": ["cs-a1", "cs-aaaaaaaa", "\\n"],
    "leaks._DIGIT": [],
    "redaction._ESCAPE_OR_RUN": ["\\u00", "\\"],
    "leaks._KEY": ["auth", "api_", "private-"],
    "leaks._LETTER": [],
    "leaks._PLAIN_ID": ["", "a-", "aaaaaaaa-aaaa-"],
    "leaks._PLATFORM_ID": ["", "st-a"],
    "leaks._PROBE": ["-----BEGI", "aaaaaaaaaaaaaaa "],
    "leaks._RANDOM_RUN": ["+", "/", "a+", "\\na"],
    "redaction._RUN": [],
    "leaks._SEPARATOR": [],
    "leaks._SURE[0][1]": ["eyJaaaaaaaa.eyJ", "eyJaaaaaaaa.a", "\\neyJaaaaaaaa"],
    "leaks._SURE[1][1]": ["AKIA", "AKIAA", "\\nASIA"],
    "leaks._SURE[2][1]": ["ghp_", "github_pat_", "ghp_a-"],
    "leaks._SURE[3][1]": ["AIza", "AIza-"],
    "leaks._SURE[4][1]": ["xoxb-", "xoxb-a"],
    "leaks._SURE[5][1]": ["-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----END", "-----"],
    "leaks._WHOLE_VALUE": ["+", "="],
    "api.error_responses._BLANKS": [],
    "api.error_responses._END_OF_PATH": [],
    "api.error_responses._TITLE": ["<title", "<title>", "<title ", "<title>a", "<"],
    "api.error_responses._USER": ["//", "//a", "//a@"],
    "escapes._UNSAFE": ["#", "##", "section_start", "[[ATTACHMENT"],
    "settings.types re.fullmatch('[a-zA-Z_-]*')": [""],
    "reports.markup._TICKS": ["`", "`a"],
    "suites.lint.checks._TEMPLATE": ["", "{", "[", "{ ", '{"', "[ ", "template_type", " {"],
    "api.run_models._ID": [""],
    "strict_json._ESCAPE": ["\\u", "\\ud800", "\\ud800\\u", "\\ud8"],
    "strict_json._HALF": ["\\u", "\\ud"],
    "settings.types._BRACE": [],
    "settings.types._LANGUAGE": ["", "aa-"],
    "settings.types._SEPARATOR": [],
    "text._ANYWHERE": ["#", "##", "section_start", "travis_fold", "#a", "[[ATTACHMENT"],
    "text._AT_START": ["\n ", "::", "\n:", "---", "\n--", "\n  ---"],
    "text._SUSPICIOUS": ["#", "-", "section", "[["],
    "settings.values._CONTROL": [],
    "settings.values._ENDPOINT": ["/api", "/api/1", "/api/public/", "/api/1.", "/"],
    "settings.values._END_OF_HOST": ["/"],
    "settings.values._HOST": ["", "a.", "[", "a-"],
    "settings.values._ID": [""],
    "settings.values._LABEL": [""],
    "settings.values._MASKED_ID": ["x", "xxx"],
    "settings.values._PLACEHOLDERS[0][0]": ["$", "${", "$a"],
    "settings.values._PLACEHOLDERS[1][0]": ["$(", "$(a"],
    "settings.values._PLACEHOLDERS[2][0]": ["{{", "{", "}}", "{{a}"],
    "settings.values._PLACEHOLDERS[3][0]": ["{", "{ ", "}"],
    "settings.values._PLACEHOLDERS[4][0]": ["<", "<a", ">"],
    "settings.values._PLACEHOLDERS[5][0]": [":", ":a"],
    "settings.values._PLAIN_HOST": ["", "a.", "a-", "a:"],
    "settings.values._PREFIX": ["", "/", "/a", "/.", "/.."],
    "plugin.reporting.item_reports._COLOUR": ["\x1b[", "\x1b[0;", "\x1b"],
    "api.models re.fullmatch('[A-Za-z0-9][A-Za-z0-9_-]{0,127}')": [""],
    "api.models re.sub('[\\\\W_]+')": ["_"],
    "api.models re.sub('[\\\\s_-]')": [],
    "reports.schema re.fullmatch('[A-Za-z_]\\\\w*')": [""],
    "api.run_models re.sub('[\\\\s_-]')": [],
    "api.run_models re.sub('\\\\W')": [],
}  # fmt: skip

MADE = {"cli.init re.search(…)"}
"""Patterns that are made at run time: a file's name and a number behind it, on findings of bounded length."""


def gather():
    """Return all patterns of the package by name: those kept, and those written where they are used."""
    found, made = {}, set()
    for module in pkgutil.walk_packages(pytest_kore_convtest.__path__, "pytest_kore_convtest."):
        if module.name.endswith("__main__"):
            continue
        short = module.name.removeprefix("pytest_kore_convtest.")
        loaded = import_module(module.name)
        for name, value in vars(loaded).items():
            found |= {f"{short}.{key}": one for key, one in patterns_in(name, value)}
        for call, constant in calls_in(Path(loaded.__file__)):
            if constant is None:
                made.add(f"{short} re.{call}(…)")
            else:
                found[f"{short} re.{call}({constant!r})"] = re.compile(constant)
    return found, made


def patterns_in(name, value):
    """Yield the patterns in a value, however nested, each with its name."""
    if isinstance(value, re.Pattern):
        yield name, value
    elif isinstance(getattr(value, "__self__", None), re.Pattern):
        yield name, value.__self__
    elif isinstance(value, (tuple, list)):
        for at, one in enumerate(value):
            yield from patterns_in(f"{name}[{at}]", one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from patterns_in(f"{name}[{key!r}]", one)


def calls_in(path):
    """Yield the functions of ``re`` that a module calls, and their pattern when it is constant."""
    kept = {"compile", "escape"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if (
            isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr not in kept
        ):
            first = node.args[0]
            yield node.func.attr, first.value if isinstance(first, ast.Constant) else None


FOUND, MADE_THERE = gather()


def test_every_pattern_has_its_worst_cases():
    """A new pattern is entered above, with texts that make it look at the same characters again."""
    assert set(FOUND) == set(WORST)
    assert MADE_THERE <= MADE


def cases(name):
    """Return the texts that a pattern is driven with, as functions of their size."""
    anchored = WORST[name][:1] == [""]
    bounds = [int(number) for number in re.findall(r"\{\d*,(\d+)\}", str(FOUND[name].pattern))]
    size = max([SIZE, *(6 * bound for bound in bounds)])
    parts = [*WORST[name][anchored:], *(COMMON if size == SIZE else COMMON[:4])]
    return anchored, size, [(part, end) for part in parts for end in ENDS]


@pytest.mark.parametrize("name", sorted(WORST))
def test_steps_grow_with_the_text(name):
    """Twice as much of the worst text takes at most about twice as many steps."""

    def drive():
        anchored, size, texts = cases(name)
        counter = Counter(FOUND[name])
        for part, end in texts:
            steps = []
            for length in (size, 2 * size):
                counter.find(part * (length // len(part)) + end, search=not anchored)
                steps.append(counter.steps)
            assert steps[1] <= GROWTH * steps[0] + 200, (part, end, steps)

    with_deep_stack(drive)


@pytest.mark.parametrize("name", sorted(WORST))
def test_the_counter_finds_what_re_finds(name):
    """The matches of the counting matcher are those of ``re``."""
    anchored, _, texts = cases(name)
    pattern, counter = FOUND[name], Counter(FOUND[name])
    binary = isinstance(pattern.pattern, bytes)
    with_deep_stack(lambda: compare(pattern, counter, texts, binary=binary))
    assert anchored in {True, False}


def compare(pattern, counter, texts, *, binary):
    """Compare what both find in each text."""
    for part, end in texts:
        text = f"x{part * 9}{end} {part}\n{part * 40}"
        data = text.encode("latin-1", "replace") if binary else text
        spans = [found.span() for found in pattern.finditer(data)]
        text = data.decode("latin-1") if binary else text
        assert counter.find(text) == spans, text
        assert counter.find(text, search=False) == (
            [pattern.match(data).span()] if pattern.match(data) else []
        )


def test_squared_work_is_seen():
    """The patterns that this project once had are found out."""
    for once, part in ((r"eyJ[\w-]{8,}\.", "eyJ"), (r"\{\{.*?\}\}", "{{"), (r"\s+$", " ")):
        counter = Counter(re.compile(once, re.DOTALL))
        counts = []
        for length in (SIZE, 2 * SIZE):
            counter.find(part * (length // len(part)) + "!")
            counts.append(counter.steps)
        assert counts[1] > 3.5 * counts[0], once
