"""Write the generated parts of the site: a hook of MkDocs, and a library for the tests.

A page says ``<!-- generated: NAME ARGUMENT -->`` on a line of its own, and gets what the
function of that name in ``PARTS`` returns, up to ``<!-- end of generated -->``. It stands in the page
itself, for those who read it as a file; ``make docs`` (this script) writes it anew. Whatever the package
tells by itself (options, schemas, fixtures, errors, what it says to a refusal) is read from it here.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
from functools import lru_cache
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentences import gather_sentences

import pytest_kore_convtest as public

# Everything that the site needs from inside the package, in this one place: these modules may move.
from pytest_kore_convtest.emulator.control import Controls
from pytest_kore_convtest.emulator.script import FAULT_WORDS, STATUS_WORDS
from pytest_kore_convtest.emulator.switches import Switches
from pytest_kore_convtest.reports import markup
from pytest_kore_convtest.rules import RULES, Rule, Severity
from pytest_kore_convtest.settings.options import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
REPORT_SCHEMA = "kore-report.schema.json"
END = "<!-- end of generated -->"
PLACEHOLDER = re.compile(
    r"^(?P<head><!-- generated: (?P<name>[a-z-]+)(?: (?P<argument>[^\n]+?))? -->)\n"
    rf"(?:(?:(?!<!-- generated: ).*\n)*?{END}\n)?",
    re.MULTILINE,
)
LANGUAGES = {".yml": "yaml", ".ini": "ini", ".txt": "text", ".json": "json", "": "groovy"}
"""What a shown file is highlighted as, by the end of its name; only the Jenkinsfile has none."""

STREAM, CLIENT = "st-6b2f9a4e-1c35-5d80-9e47-2f81c07ab3d6", "cs-0f3d2c1b-7a55-5e1f-8d3a-90b1c2d3e4f5"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Fill in the generated parts of a page; MkDocs calls this for each of them."""
    return fill(markdown)


def fill(markdown: str) -> str:
    """Return a page's text with its generated parts, made anew."""

    def make(found: re.Match[str]) -> str:
        text = PARTS[found["name"]](found["argument"] or "")
        return f"{found['head']}\n\n{text.strip()}\n\n{END}\n"

    return PLACEHOLDER.sub(make, markdown)


def write() -> None:
    """Write the generated parts of all pages into their files."""
    for path in sorted(DOCS.rglob("*.md")):
        before = path.read_text(encoding="utf-8")
        if (after := fill(before)) != before:
            path.write_text(after, encoding="utf-8")
    (DOCS / REPORT_SCHEMA).write_text(show_report_schema(), encoding="utf-8")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    return markup.table(list(head), [[cell.replace("|", "\\|") for cell in row] for row in rows]).rstrip()


def code(text: object) -> str:
    """Return a text as inline code."""
    return f"`{text}`"


# The command and the plugin, asked as a user would ask them.


@lru_cache
def run(*arguments: str) -> str:
    """Return what a Python module prints, in an empty folder."""
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", *arguments],
            cwd=empty,
            env={"COLUMNS": "76", "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
    return done.stdout


def show_help(argument: str) -> str:
    """Return the help text of the command, or of one of its sub-commands."""
    words = argument.split()
    shown = run("pytest_kore_convtest", *words, "--help").rstrip()
    return f'<div class="as-is" markdown>\n\n```text\n{shown}\n```\n\n</div>'


def show_fixtures(_: str) -> str:
    """Return a section for each fixture, from ``pytest --fixtures``."""
    shown = run("pytest", "--fixtures", "-q", "-p", "no:cacheprovider")
    found = re.findall(r"^(kore_\w+)(?: \[(\w+) scope\])? -- .*\n((?:    .*\n|\n)*)", shown, re.MULTILINE)
    parts = []
    for name, scope, text in found:
        meaning = cleandoc(text).replace("``", "`")
        parts.append(f'<a id="{name}"></a>\n\n### `{name}`\n\n{meaning}\n\nScope: {scope or "function"}.')
    return "\n\n".join(parts)


def show_markers(_: str) -> str:
    """Return the list of markers, from ``pytest --markers``."""
    shown = run("pytest", "--markers", "-p", "no:cacheprovider")
    found = re.findall(r"^@pytest\.mark\.(kore_\w+)(\(.*?\))?: (.*)$", shown, re.MULTILINE)
    return "\n".join(f"* `{name}{arguments}`: {meaning}." for name, arguments, meaning in found)


# Settings.


def show_settings(argument: str) -> str:
    """Return a section for each setting: those with an option, or those without (``tuning``)."""
    tuning = argument == "tuning"
    return "\n\n".join(_setting(*row) for row in SETTINGS if ("o" in row[2]) != tuning)


def _setting(name: str, kind: str, where: str, metavar: str, meaning: str) -> str:
    option = f"--kore-{name.replace('_', '-')}"
    lines = [
        f'<a id="kore_{name}"></a>',
        "",
        f"### `kore_{name}`",
        "",
        meaning[0].upper() + meaning[1:] + ".",
        "",
    ]
    if "o" in where:
        off = f", `--no-{option[2:]}`" if not metavar and name != "gate" else ""
        lines.append(f"* Option: `{f'{option} {metavar}'.strip()}`{off}")
    lines.append(f"* ini key: `kore_{name}`" if "i" in where else "* ini key: none")
    lines.append(f"* Environment: `KORE_{name.upper()}`" if "e" in where else "* Environment: none")
    lines.append(f"* Default: {_default(name)}")
    lines.append(f"* Takes: {KINDS.get(kind, kind)}")
    return "\n".join(lines)


KINDS = {
    "url": "an address; `http://` for this machine only",
    "id": "an id as the platform writes it",
    "word": "a word",
    "jobs": "`ds-…` or `LABEL=ds-…`; one a line in the ini file, after commas or spaces in the environment",
    "secret": "a secret; never shown anywhere",
    "path": "a path; in the ini file relative to that file, elsewhere to the current directory",
    "email": "an e-mail address",
    "version": "`published` or `inDevelopment`",
    "flag": "1/0, true/false, yes/no or on/off",
    "template": "a text with `{name}` and `{run}`",
    "keep": "`always`, `on-failure` or `never`",
    "unconfigured": "`error` or `skip`",
    "speed": "`fast` or `real`",
    "seconds": "seconds, or a time with its unit: `90s`, `10m`, `1h`",
    "seconds_or_off": "seconds, or a time with its unit: `90s`, `10m`, `1h`; `off` for no limit",
    "report": "a path, or `off`",
    "markdown": "a path, or the word `github`",
    "history": "a folder, or the word `cache`",
    "language": "a language code",
    "count": "a whole number from 1",
    "whole": "a whole number from 0",
    "rate": "a number above 0 and up to 1, or a percentage with its sign",
    "share": "a number above 0 and up to 1, a percentage with its sign, or a fraction such as `1/4`",
    "shard": "a number, from 1, and how many there are: `2/4`",
    "fail_on": "words after commas or spaces: `flaky`; or `off`",
    "percent": "a number from 0 to 100",
    "exit_code": "`off`, or a number from 1 to 255",
    "globs": "file name patterns, with blanks or line breaks between; `?` stands for a blank in a name",
    "targets": "lines of `NAME HOST STREAM [protected]`",
    "rules": "`RULE = error`, `warning` or `off`, one a line",
}
"""What a kind of setting takes, in words; a test checks that none is missing."""


def _default(name: str) -> str:
    value = getattr(public.Settings(), name, None)
    if value in (None, (), "") or name == "gate":
        return "off" if name == "gate" else "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    values = value if isinstance(value, tuple) else (value,)
    return " ".join(code(f"{one:g}" if isinstance(one, float) else one) for one in values)


# Suite files and rules.


def show_keys(_: str) -> str:
    """Return the keys of a suite file, from its JSON Schema."""
    schema = json.loads(run("pytest_kore_convtest", "schema"))
    definitions = schema["$defs"]
    output = next(one for one in definitions["output"]["anyOf"] if "properties" in one)
    places = [("the file", schema), ("a suite", definitions["suite"]), ("a step", definitions["step"])]
    places.append(("a reply", output))
    rows = []
    for place, holder in places:
        needed = holder.get("required", ())
        for key, about in holder["properties"].items():
            text = about.get("description") or about.get("title", "")
            rows.append([code(key), place, "yes" if key in needed else "no", text])
    return table(["Key", "In", "Needed", "Meaning"], rows)


def show_rules(argument: str) -> str:
    """Return the rules of a check, each with a link to its entry in the list of all."""
    rows = []
    for rule in Rule:
        facts = RULES[rule]
        if argument in facts.about.split(", "):
            fixed = ", fixed" if facts.fixed else ""
            link = f"[{code(rule.value)}](rules.md#{rule.value})"
            rows.append([link, f"{facts.severity}{fixed}", facts.meaning])
    return table(["Rule", "Default", "Meaning"], rows)


# The JSON report.


def show_report_schema() -> str:
    """Return the published JSON Schema of the JSON report, as the command prints it."""
    return run("pytest_kore_convtest", "schema", "report")


def show_report_fields(_: str) -> str:
    """Return every field of the JSON report, from its JSON Schema."""
    schema = json.loads(run("pytest_kore_convtest", "schema", "--report"))
    parts = []
    for name, part in [("Record", schema), *schema["$defs"].items()]:
        if "properties" not in part:
            continue
        text = " ".join(part.get("description", "").split())
        rows = [[code(key), _type(about)] for key, about in part["properties"].items()]
        parts.append(
            f'<a id="record-{name.lower()}"></a>\n\n### {name}\n\n{text}\n\n{table(["Field", "Type"], rows)}'
        )
    return "\n\n".join(parts)


def _type(about: dict[str, Any]) -> str:
    if "$ref" in about:
        name = about["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#record-{name.lower()})"
    if "anyOf" in about:
        return " or ".join(_type(one) for one in about["anyOf"])
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}"
    if "const" in about or "enum" in about:
        return ", ".join(code(one) for one in about.get("enum", [about.get("const")]))
    kinds = about.get("type", "any value")
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


# Errors.


def error_classes() -> list[type[public.KoreError]]:
    """Return the public error classes, parents first."""
    names = re.findall(r"import \w+ as (\w+)", (Path(public.__file__).parent / "__init__.pyi").read_text())
    found = [getattr(public, name) for name in names]
    errors = [one for one in found if isinstance(one, type) and issubclass(one, public.KoreError)]
    return sorted(errors, key=lambda one: (len(one.__mro__), one.__name__))


def show_error(name: str) -> str:
    """Return what an error class says of itself."""
    cls = getattr(public, name)
    text = cleandoc(cls.__doc__ or "")
    summary, _, rest = text.partition("\n\n")
    shown = f"`{name}`: {' '.join(summary.split())}".replace("``", "`")
    if cls is not public.KoreError:  # the root stands for both
        shown += f" The test is **{'FAILED' if issubclass(cls, public.Verdict) else 'ERROR'}**."
    attributes = re.findall(r"^    (\w+): ((?:.+(?:\n        )?)+)", rest, re.MULTILINE)
    if attributes and "Attributes:" in rest:
        lines = [f"* `{key}`: {' '.join(what.split())}" for key, what in attributes]
        listed = "\n".join(lines).replace("``", "`")
        title = "Its attributes, for scripts"
        shown += f"\n\n<details markdown>\n<summary>{title}</summary>\n\n{listed}\n\n</details>"
    return shown


def show_error_tree(_: str) -> str:
    """Return the tree of the public error classes."""

    def branch(cls: type, depth: int) -> list[str]:
        children = [one for one in error_classes() if one.__bases__[0] is cls]
        return [
            f"{'    ' * depth}{cls.__name__}",
            *(line for one in children for line in branch(one, depth + 1)),
        ]

    return "```text\n" + "\n".join(branch(public.KoreError, 0)) + "\n```"


def show_refusal(argument: str) -> str:
    """Return what the plugin says to a refusal (``HTTP CODE MESSAGE``) or to a word of a script."""
    status, _, rest = argument.partition(" ")
    number, _, message = rest.partition(" ")
    quote = "'" if '"' in message else '"'
    script = f"{status}(msg={quote}{message}{quote}, code={number})" if message else status
    return f"```text\n{_said(script)}\n```"


@lru_cache
def _said(script: str) -> str:
    job = "ds-1b7c6f0e-1c35-5d80-9e47-2f81c07ab3d6"
    with public.Emulator() as emulator:
        emulator.script(script, job=job)
        names = {
            "HOST": emulator.url,
            "STREAM_ID": emulator.stream_id,
            "CLIENT_ID": emulator.client_id,
            "CLIENT_SECRET": emulator.client_secret,
            "RATE_LIMIT": "off",
            "REQUEST_TIMEOUT": "1" if "slow" in script else "60",
        }
        settings = public.Settings.read(env={f"KORE_{name}": value for name, value in names.items()})
        try:
            with public.KoreClient(settings) as client:
                client.import_status(job)
        except public.KoreError as error:
            text = f"{type(error).__name__}: {error}"
        else:
            text = "(a usable answer)"
        text = text.replace(emulator.url, "https://bots.kore.ai").replace(emulator.stream_id, STREAM)
        text = text.replace(emulator.url.removeprefix("http://"), "bots.kore.ai")
        return text.replace(emulator.client_id, CLIENT)


# The emulator.


def show_script_words(_: str) -> str:
    """Return the words of a script, with their options."""
    rows = [[f"{code('200')} to {code('599')}", "`retry_after`, `msg`, `code`"]]
    rows.append([", ".join(map(code, STATUS_WORDS)), "`@PERCENT`; `log`, `response`, `lmod`, `merge`"])
    rows.append([code('status(name="…")'), "the same; the name is sent as it stands"])
    rows.append([code("no_response"), "`SUCCESS` without the suite"])
    rows += [[code(word), ", ".join(map(code, options)) or "none"] for word, options in FAULT_WORDS.items()]
    return table(["Word", "Options"], rows)


def show_switches(_: str) -> str:
    """Return the switches, with defaults."""
    found = _arguments(Switches.__doc__ or "")
    defaults = Switches()
    rows = []
    for name, meaning in found.items():
        value = getattr(defaults, name)
        shown = ", ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
        rows.append([code(name), code(shown), meaning])
    return table(["Switch", "Default", "Meaning"], rows)


def show_controls(_: str) -> str:
    """Return what a test may do to the emulator."""
    parts = []
    for name, member in vars(Controls).items():
        text = getattr(member, "__doc__", None)
        if name.startswith("_") or not text:
            continue
        text = cleandoc(text).replace("``", "`")
        summary, _, rest = text.partition("\n\n")
        arguments = _arguments(rest)
        call = name if isinstance(member, property) else f"{name}({', '.join(arguments)})"
        listed = "".join(f"\n* `{key}`: {what}" for key, what in arguments.items())
        parts.append(f'<a id="emulator-{name}"></a>\n\n### `{call}`\n\n{" ".join(summary.split())}\n{listed}')
    return "\n\n".join(parts)


def _arguments(docstring: str) -> dict[str, str]:
    """Read the ``Args`` of a docstring."""
    block = re.search(r"Args:\n((?: +.*\n?|\n)*)", cleandoc(docstring).replace("``", "`"))
    if not block:
        return {}
    found = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", block[1], re.MULTILINE)
    return {key: " ".join(what.split()) for key, what in found}


def show_public_names(_: str) -> str:
    """Return the public names and what each is."""
    tree = ast.parse((Path(public.__file__).parent / "__init__.pyi").read_text(encoding="utf-8"))
    names = [alias.asname for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    rows = []
    for name in sorted(filter(None, names)):
        text = (getattr(public, name).__doc__ or "").strip()
        rows.append([code(name), " ".join(re.split(r"\n\s*\n", text)[0].split()).replace("``", "`")])
    return table(["Name", "What it is"], rows)


def show_file(argument: str) -> str:
    """Return a file of the project as a code block."""
    path = ROOT / argument
    language = LANGUAGES[path.suffix]
    text = path.read_text(encoding="utf-8").rstrip()
    return f'```{language} title="{path.name}"\n{text}\n```'


def show_rule_table(about: str) -> str:
    """Return the rules that look at one thing."""
    rows = [_rule_row(rule) for rule in Rule if RULES[rule].about == about]
    return table(["Rule", "Default", "Meaning"], rows)


def _rule_row(rule: Rule) -> tuple[str, str, str]:
    facts = RULES[rule]
    severity = Severity(facts.severity).value + (", fixed" if facts.fixed else "")
    return f'<a id="{rule.value}"></a>`{rule.value}`', severity, facts.meaning


def show_messages(of: str) -> str:
    """Return what each rule or each error class can say."""
    said = gather_sentences()
    names = [rule.value for rule in Rule] if of == "rules" else [cls.__name__ for cls in error_classes()]
    return "\n\n".join(_message_list(name, said[name]) for name in names if name in said)


def _message_list(name: str, sentences: Iterable[str]) -> str:
    return f"### {name}\n\n" + "\n".join(f"* {markup.code(text, 500)}" for text in sentences)


PARTS: dict[str, Callable[[str], str]] = {
    "help": show_help,
    "fixtures": show_fixtures,
    "markers": show_markers,
    "settings": show_settings,
    "keys": show_keys,
    "rules": show_rules,
    "rule-table": show_rule_table,
    "messages": show_messages,
    "report-fields": show_report_fields,
    "error": show_error,
    "error-tree": show_error_tree,
    "refusal": show_refusal,
    "script-words": show_script_words,
    "switches": show_switches,
    "controls": show_controls,
    "public-names": show_public_names,
    "file": show_file,
}


if __name__ == "__main__":
    write()
