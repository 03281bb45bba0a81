"""The documentation site: it is complete, its links and blocks work, and it needs no network."""

from __future__ import annotations

import configparser
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from e2e.browsers import HOW_TO_GET, Visit, expect, find_chromium, open_browser
from filelock import FileLock
from fork_server import run_module

from pytest_kore_convtest import Settings
from pytest_kore_convtest.settings import options
from pytest_kore_convtest.settings.settings import resolve

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NO_MATERIAL = importlib.util.find_spec("material") is None
WRITTEN_ELSEWHERE = {"trust.md", "performance.md"}
"""Pages with generated measurements, which have tests of their own."""

LANGUAGES = {"bash", "console", "groovy", "ini", "javascript", "json", "python", "text", "yaml"}
FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(
    r"^<!-- (?P<what>file|run): (?P<argument>\S+) -->\n```(?P<language>\w+)\n(?P<text>.*?)^```$"
    r"(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


def load_generator():
    """Import docs/generate.py, which is no module of the package."""
    found = importlib.util.spec_from_file_location("kore_site_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        found.loader.exec_module(module)
    return module


@lru_cache
def ask(module: str, *arguments: str) -> str:
    """Return what a module prints, as the generator does, but in a process that is forked off."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("KORE_", "PYTEST_", "COV"))}
    with tempfile.TemporaryDirectory() as empty:
        env |= {"COLUMNS": "76", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        return run_module(module, *arguments, cwd=empty, env=env)[1]


generate = load_generator()
generate.run = ask
NAMES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
OWN = [name for name in NAMES if name not in WRITTEN_ELSEWHERE]


@lru_cache
def source(name: str) -> str:
    """Return a page as it was written."""
    return (DOCS / name).read_text(encoding="utf-8")


@lru_cache
def page(name: str) -> str:
    """Return a page with its generated parts."""
    return generate.fill(source(name))


@lru_cache
def fences(name: str) -> list[tuple[str, str]]:
    """Return language and text of each code block of a page."""
    return [(found[2].split(" ")[0], found[3]) for found in FENCE.finditer(page(name))]


def heads(name: str, level: str = "###") -> str:
    """Return the headings of a page from a level on, one a line."""
    return "\n".join(re.findall(rf"^{level}+ .*$", page(name), re.MULTILINE))


@pytest.mark.parametrize("row", generate.SETTINGS, ids=lambda row: row[0])
def test_every_setting_has_a_section(row):
    """A setting's section names its option, ini key and environment name, and what it takes."""
    name, kind, where, *_ = row
    text = re.search(rf"^### `kore_{name}`\n.*?(?=^##|\Z)", page("settings.md"), re.MULTILINE | re.DOTALL)[0]
    assert ("o" in where) == (f"`--kore-{name.replace('_', '-')}" in text)
    assert ("i" in where) == (f"ini key: `kore_{name}`" in text)
    assert ("e" in where) == (f"Environment: `KORE_{name.upper()}`" in text)
    assert generate.KINDS[kind] in text


def test_defaults_are_the_real_ones():
    """The default that a section shows is the one that the settings have."""
    shown = dict(
        re.findall(r"^### `kore_(\w+)`.*?^\* Default: (.*?)$", page("settings.md"), re.MULTILINE | re.DOTALL)
    )
    assert shown["timeout"] == f"`{Settings().timeout:g}`"
    assert shown["keep"] == f"`{Settings().keep}`"
    assert shown["rate_limit"] == "on"
    assert shown["host"] == "none"


@pytest.mark.parametrize("row", options.TABLE, ids=lambda row: row.name)
def test_every_setting_has_its_row(row):
    """The table of all settings has a row for each, with the default that it has."""
    key = f"{row.option} {row.metavar}".strip() if row.has_option else row.ini_key
    rows = [line for line in source("settings.md").splitlines() if line.startswith(f"| `{key}` | ")]
    assert len(rows) == 1, f"{key} has {len(rows)} rows in docs/settings.md"
    shown = rows[0].split(" | ")[1]
    default = getattr(Settings(), row.name)
    if isinstance(default, bool):
        assert shown == ("on" if default else "off")
    elif default not in {None, ()}:
        words = default if isinstance(default, tuple) else (default,)
        assert (
            shown == "`" + " ".join(f"{one:g}" if isinstance(one, float) else str(one) for one in words) + "`"
        )


@pytest.mark.parametrize("name", ["settings.md", "gate.md", "ci/index.md"])
def test_ini_blocks_are_usable(name):
    """An ini block, pasted into pytest.ini, is accepted."""
    for language, text in fences(name):
        if language == "ini":
            parser = configparser.RawConfigParser()
            parser.read_string(text)
            found = {
                key.removeprefix("kore_"): value for key, value in parser["pytest"].items() if "kore" in key
            }
            assert found.keys() == {"targets"} or resolve({}, {}, found).configured


def test_no_setting_is_invented():
    """Each option, ini key and environment name on a page exists."""
    text = "\n".join(page(name) for name in OWN)
    names = {row[0] for row in generate.SETTINGS}
    options = {"--kore-" + name.replace("_", "-") for name in names}
    options |= {"--no-" + option[2:] for option in options}
    assert set(re.findall(r"--(?:no-)?kore-[a-z-]*[a-z]", text)) <= options
    assert set(re.findall(r"\bKORE_[A-Z_]+\b", text)) - {"KORE_TOKEN"} <= {"KORE_" + n.upper() for n in names}


def test_every_fixture_and_marker_occurs():
    """What ``pytest --fixtures`` and ``pytest --markers`` list has its place."""
    fixtures = [name for name in vars(sys.modules["pytest_kore_convtest.plugin"]) if name.startswith("kore_")]
    assert len(fixtures) >= 7
    for name in fixtures:
        assert f"### `{name}`" in heads("fixtures.md").splitlines()
    for name in ("kore_live", "kore_suite"):
        assert f"* `{name}" in page("fixtures.md")


@pytest.mark.parametrize("cls", generate.error_classes(), ids=lambda cls: cls.__name__)
def test_every_error_has_a_section(cls):
    """A public error class has a section that says what its docstring says."""
    assert f"\n### {cls.__name__}\n" in page("errors.md")
    assert cls.__doc__.splitlines()[0] in page("errors.md")


def test_every_known_refusal_has_a_section():
    """Each refusal of the platform among the samples occurs, with what the plugin says to it."""
    samples = json.loads((ROOT / "tests" / "samples" / "errors.json").read_text(encoding="utf-8"))
    for sample in samples:
        said = sample["body"]["errors"][0]["msg"]
        start = said.split(".")[0] if "exceeded" in said else said
        assert f"### {start}" in heads("errors.md").splitlines(), said
        assert f"{sample['http']} {sample['body']['errors'][0]['code']} {said} -->" in source("errors.md")


def test_no_secret_and_no_address_of_the_build_is_shown():
    """What the plugin says to a refusal holds no port and no random id of the emulator that refused."""
    assert not re.search(r"127\.0\.0\.1:\d+", page("errors.md"))
    assert set(re.findall(r"\bst-[0-9a-f-]{8,}", page("errors.md"))) <= {generate.STREAM}


def test_every_rule_occurs():
    """Each rule has its row, with a place for links; those of lint are on the page of suite files, too."""
    for rule in generate.Rule:
        assert f'| <a id="{rule.value}"></a>`{rule.value}` |' in page("rules.md")
        if "lint" in generate.RULES[rule].about:
            assert f"| [`{rule.value}`](rules.md#{rule.value}) |" in page("suite-files.md")


SENTENCE_END = re.compile(r"(?<=[.?!]) (?=[A-Z…])")
"""What follows may be a gap, in which another text tells its own story."""


def test_every_rule_and_error_has_its_sentences():
    """What each rule and each error class can say is listed, but for the errors that are made of findings."""
    listed = page("messages.md")
    unlisted = {rule.value for rule in generate.Rule if f"\n### {rule.value}\n" not in listed}
    assert unlisted == {"passed-by-matcher"}  # it names the replies and their matchers
    composed = {"SuiteFileError", "ConversationFailedError", "JobStalledError"}
    raised = {cls.__name__ for cls in generate.error_classes()} - {"JobError", "Verdict", "ServiceError"}
    assert {name for name in raised if f"\n### {name}\n" not in listed} <= composed
    # This one is assigned before it is given.
    assert "* `the steps are stored in a different order than in the file: {said}`" in listed


def test_what_is_filled_into_a_message_is_named():
    """By the name of the value, of what is shown of it, or of what is counted; not as a mere gap."""
    listed = page("messages.md")
    for said in (
        "is {sent_status}, not SUCCESS",
        "has {number} suites named {name}: rename all but one",
        "the platform reported {number} results for which the file has no step: {named}",
        "--kore-history: {where_name} is a file: name a folder",
        "has more than 100,000 steps ({number}), so no step is checked: split the suite",
    ):
        assert f"* `{said}`" in listed
    gaps = [said for told in generate.gather_sentences().values() for said in told if "…" in said]
    assert len(gaps) < 25  # nearly all of them are part of the message: write {"contains": "…"}


def test_a_message_has_two_sentences_at_most():
    """No listed message has more than two sentences of our own, or more than 200 characters."""
    said = [one for told in generate.gather_sentences().values() for one in told]
    own = {one: [part for part in SENTENCE_END.split(one) if re.search(r"\w", part)] for one in said}
    assert len(own) > 200
    assert [one for one, parts in own.items() if len(parts) > 2 or len(one) > 200] == []


def test_every_sub_command_has_a_section():
    """Each sub-command has an example that is tried, its exit codes or output, and its options."""
    names = re.findall(
        r"^  (\w+) {2,}\S", generate.run("pytest_kore_convtest", "--help").split("commands:")[1], re.MULTILINE
    )
    assert len(names) >= 9
    for name in names:
        text = re.search(rf"^## {name}\n.*?(?=^## |\Z)", source("command.md"), re.MULTILINE | re.DOTALL)[0]
        assert f"| [`{name}`](#{name}) |" in source("command.md")
        assert f"<!-- generated: help {name} -->" in text
        assert "<!-- run: " in text
        assert f"kore-convtest {name}" in text
        options_of_it = re.findall(r"--[a-z][a-z-]+", generate.run("pytest_kore_convtest", name, "--help"))
        assert [option for option in options_of_it if option not in page("command.md")] == []


def test_every_field_of_the_report_occurs():
    """Each property of the JSON report's schema has its row."""
    schema = json.loads(generate.run("pytest_kore_convtest", "schema", "--report"))
    parts = [schema, *schema["$defs"].values()]
    fields = {key for part in parts for key in part.get("properties", ())}
    assert len(fields) > 40
    missing = [field for field in fields if f"| `{field}` |" not in page("reports.md")]
    assert missing == []


def test_every_key_of_a_suite_file_occurs():
    """Each property of the suite file's schema has its row."""
    for key in ("botId", "botName", "testCases", "name", "tags", "description", "preprocessor", "messages"):
        assert f"| `{key}` |" in page("suite-files.md")
    for key in ("input", "event", "outputs", "contains"):
        assert f"| `{key}` |" in page("suite-files.md")


def test_every_word_of_a_script_and_every_switch_occurs():
    """The emulator's words, faults, switches and methods have their place."""
    text = page("emulator.md")
    for word in (*generate.STATUS_WORDS, *generate.FAULT_WORDS, *vars(generate.Switches())):
        assert f"`{word}`" in text, word
    for word in generate.FAULT_WORDS:
        assert re.search(rf"^\| `{word}` \| [a-z]", source("emulator.md"), re.MULTILINE), word


@pytest.mark.parametrize("name", OWN)
def test_pages_use_the_common_words(name):
    """A page that is written by hand uses no private word of the project."""
    assert not re.findall(r"(?i)stand-in|\bno verdict\b|\bis no JSON\b|\bimported and sound\b", source(name))


@pytest.mark.parametrize("name", OWN)
def test_pages_import_public_names_only(name):
    """No page shows an import of a module that may move."""
    assert not re.findall(r"pytest_kore_convtest\.(?!gate)\w+", source(name))


@pytest.mark.parametrize("name", NAMES)
def test_code_blocks_are_what_they_say(name):
    """A block names a known language, and is read by a reader of it."""
    if name not in WRITTEN_ELSEWHERE:
        assert {language for language, _ in fences(name)} <= LANGUAGES
    for language, text in fences(name):
        if language == "python":
            compile(text, name, "exec")
        elif language == "json":
            json.loads(text)
        elif language == "ini":
            configparser.RawConfigParser().read_string(text)
        elif language == "yaml":
            pytest.importorskip("yaml").safe_load(text)
        elif language == "bash" and shutil.which("bash"):
            done = subprocess.run(["bash", "-n"], input=text, text=True, check=False, capture_output=True)  # noqa: S607
            assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize("name", [name for name in OWN if "<!-- run:" in source(name)])
def test_blocks_do_what_the_page_says(name, tmp_path):
    """The files and commands of a page, in its order in an empty folder, end as the page says."""
    keep = {
        key: value for key, value in os.environ.items() if not key.startswith(("KORE_", "PYTEST_", "COV_"))
    }
    bin_dir = str(Path(sys.executable).parent)
    env = {
        **{key: value for key, value in keep.items() if not key.startswith(("CI", "GITHUB_"))},
        "PATH": bin_dir + os.pathsep + os.environ["PATH"],
        "KORE_POLL_INTERVAL": "0.05",
        "KORE_MAX_POLL_INTERVAL": "0.1",
        "KORE_RATE_LIMIT": "off",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": "-p pytest_kore_convtest -p no:cacheprovider",
    }
    for step in STEP.finditer(source(name)):
        if step["what"] == "file":
            path = tmp_path / step["argument"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step["text"], encoding="utf-8")
            continue
        done = subprocess.run(  # noqa: S603 - our own pages
            ["bash", "-ec", step["text"]],  # noqa: S607
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        said = stable(done.stdout + done.stderr)
        assert done.returncode == int(step["argument"]), f"{step['text']}\n{said}"
        for line in stable(step["output"] or "").splitlines():
            assert line in said, f"{step['text']}\n{said}"


def stable(text):
    """Return a text without the ids that differ from run to run."""
    return re.sub(r"\b(ds|st)-[0-9a-f-]{36}", r"\1-…", re.sub(r"_[0-9a-f]{10}\b", "_…", text))


def test_the_script_of_the_start_page_prints_a_job():
    """What the start page shows for a ``ds-`` id starts an import and prints its id."""
    script = next(
        step["text"] for step in STEP.finditer(source("start.md")) if "start_import" in step["text"]
    )
    from pytest_kore_convtest import Emulator

    with Emulator() as emulator:
        names = ("stream_id", "client_id", "client_secret", "user_email")
        env = {f"KORE_{name.upper()}": getattr(emulator, name) for name in names}
        done = subprocess.run(  # noqa: S603 - our own page
            [sys.executable, "-c", script, str(ROOT / "examples/quickstart/booking.kore.json"), "BOOKING"],
            env={**os.environ, **env, "KORE_HOST": emulator.url},
            capture_output=True,
            text=True,
            check=False,
        )
    assert re.fullmatch(r"ds-[\w-]+\n", done.stdout), done.stderr


# The built site.


class Page(HTMLParser):
    """Note the links, anchors and resources of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.loads = [], set(), []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note what a tag refers to."""
        found = dict(attrs)
        self.ids.update(filter(None, (found.get("id"), found.get("name"))))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        elif tag in {"script", "img", "iframe", "source"} and found.get("src"):
            self.loads.append(found["src"])
        elif tag == "link" and found.get("href"):
            self.loads.append(found["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site once for all workers, strictly, as ``make docs`` does."""
    if NO_MATERIAL:
        pytest.skip("needs mkdocs-material: pip install -e '.[dev]'")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    there = shared / "site"
    with FileLock(shared / "site.lock"):
        if not (shared / "site.done").exists():
            build(there)
            (shared / "site.done").touch()
    return there


def build(there):
    """Build the site into a folder."""
    done = subprocess.run(  # noqa: S603 - our own site
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(there)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr


def test_the_site(site):
    """Every link and anchor leads somewhere, nothing is loaded from elsewhere, the index is complete."""
    pages = {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}
    assert len(pages) == len(NAMES)
    for path, found in pages.items():
        assert [url for url in found.loads if urlsplit(url).netloc] == [], path.name
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            target = target / "index.html" if target.is_dir() else target
            assert target.exists(), f"{path.name}: {link}"
            if parts.fragment and target.suffix == ".html" and parts.fragment != "__skip":
                assert unquote(parts.fragment) in pages[target].ids, f"{path.name}: {link}"
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    for name in (
        "kore_outage_budget",
        "KORE_CLIENT_SECRET_FILE",
        "JobStalledError",
        "Invalid SDK credentials",
    ):
        assert name in index
    for path in site.rglob("*"):
        if path.suffix in {".html", ".css"} or path.name == "iframe-worker.js":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"fonts\.g(?:oogleapis|static)|unpkg\.com|jsdelivr|cdnjs", text), path.name


@pytest.mark.skipif(not find_chromium() or importlib.util.find_spec("playwright") is None, reason=HOW_TO_GET)
def test_search_works_without_a_server(site):
    """A page that was opened from a folder finds a setting, and asks no other machine for anything."""
    with open_browser() as browser:
        visit = Visit(browser, site / "index.html")
        visit.page.locator("input.md-search__input").press_sequentially("kore_stall_timeout")
        found = visit.page.locator(
            ".md-search-result__item a[href*='settings.html'][href$='#kore_stall_timeout']"
        )
        expect(found).to_have_count(1, timeout=30_000)
        assert visit.console == []
        assert [url for url in visit.requests if url.startswith("http")] == []
        visit.close()


@pytest.mark.skipif(not find_chromium() or importlib.util.find_spec("playwright") is None, reason=HOW_TO_GET)
def test_no_page_is_wider_than_a_phone(site):
    """At 375 pixels only tables and code scroll sideways, never a page."""
    with open_browser() as browser:
        visit = Visit(browser, site / "index.html", width=375, height=812)
        for name in ("index", "start", "suite-files", "settings", "reports", "errors", "ci/jenkins"):
            visit.page.goto((site / f"{name}.html").as_uri(), wait_until="domcontentloaded")
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= 375, name
        visit.close()


@pytest.mark.parametrize("name", NAMES)
def test_the_generated_parts_are_of_today(name):
    """What a page takes from the code stands in the file as well, for those who read it there."""
    fresh = generate.fill(source(name))
    stale = [line for line in source(name).splitlines() if line not in fresh]
    other_help = name == "command.md" and sys.version_info >= (3, 13)  # argparse writes it in another way
    assert fresh == source(name) or other_help, stale[:5]
