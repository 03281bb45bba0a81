"""The summary names the page of each error class and rule, once."""

import importlib.metadata
import json
import re
from email.message import Message
from pathlib import Path

import pytest

import pytest_kore_convtest as public
from pytest_kore_convtest.errors import AccessDeniedError, StructureError, Verdict
from pytest_kore_convtest.plugin.terminal.help_pages import explain_error, explain_rules, write_pages
from pytest_kore_convtest.rules import Rule

DOCS = Path(__file__).parents[2] / "docs"


def words(*names):
    """Return the pages of some rules."""
    return explain_rules(names)


@pytest.fixture
def urls(monkeypatch):
    """Give the package other project URLs."""

    def set_urls(*entries):
        message = Message()
        for entry in entries:
            message["Project-URL"] = entry
        monkeypatch.setattr(importlib.metadata, "metadata", lambda _: message)

    set_urls()
    return set_urls


def test_an_error_is_explained_by_its_class():
    """An error of a user's own class is explained by the class of ours that it is."""

    class MyError(AccessDeniedError):
        """A user's."""

    assert explain_error(AccessDeniedError("no")) == ["errors#accessdeniederror"]
    assert explain_error(MyError("no")) == ["errors#accessdeniederror"]


def test_findings_are_explained_by_their_rules():
    """Each rule is named once; a finding in a file is no error class that one has to look up."""
    findings = [{"rule": "step-lost"}, {"rule": "step-lost"}, {"rule": "input-changed"}]
    rules = ["rules#step-lost", "rules#input-changed"]
    assert explain_error(StructureError("lost", findings=findings)) == ["errors#structureerror", *rules]
    assert explain_error(Verdict("lost", findings=findings)) == rules
    assert explain_error(Verdict("lost")) == ["errors#verdict"]


def test_pages_are_one_line(urls):
    """Error classes come first, and of many pages the first ones are named."""
    assert write_pages([]) == ""
    assert write_pages(words("step-lost")) == "what this means: docs/rules.md#step-lost"
    many = [*words(*"abcdef"), "errors#joberror"]
    line = write_pages(many)
    assert line.startswith("what these mean: docs/errors.md#joberror, docs/rules.md#a, ")
    assert line.endswith("docs/rules.md#d, and 2 more")
    urls("Homepage, https://example.com")
    assert write_pages(words("step-lost")) == "what this means: docs/rules.md#step-lost"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://kore.example.com/docs/", "https://kore.example.com/docs/rules.html#step-lost"),
        ("https://example.com/x/blob/main/docs", "https://example.com/x/blob/main/docs/rules.md#step-lost"),
    ],
)
def test_the_site_is_what_the_metadata_say(urls, url, page):
    """With a documentation URL in the package's metadata the pages are there."""
    urls("Homepage, https://example.com", f"Documentation, {url}")
    assert write_pages(words("step-lost")) == f"what this means: {page}"


def test_every_error_and_rule_has_its_place():
    """The pages of every public error class and of every rule exist."""
    errors = (DOCS / "errors.md").read_text(encoding="utf-8")
    names = re.findall(r"import \w+ as (\w+)", (Path(public.__file__).parent / "__init__.pyi").read_text())
    classes = [one for one in (getattr(public, name) for name in names) if issubclass(one, public.KoreError)]
    assert len(classes) > 15
    for cls in classes:
        page = explain_error(cls("x"))[0]
        assert f"\n### {cls.__name__}\n" in errors
        assert page == f"errors#{cls.__name__.lower()}"
    rules = (DOCS / "rules.md").read_text(encoding="utf-8")
    for rule in Rule:
        assert f'<a id="{rule}"></a>' in rules


def test_a_run_names_each_page_once(run, account, pytester, plugin_args):
    """Errors and findings of many items are explained in one line; a good run has none."""
    pytester.makeini("[pytest]")
    good = {"input": "Hi", "outputs": [{"contains": "Hello."}]}
    steps = [{**good, "event": "Start_Flow"}, {"input": "x", "outputs": []}]
    case = {"name": "A", "messages": steps}
    for name in ("a", "b"):
        text = json.dumps({"testCases": [{**case, "name": name.upper(), "typo": 1}]})
        (pytester.path / f"{name}.kore.json").write_text(text, encoding="utf-8")
    lines = [line for line in run(*plugin_args).lines if line.startswith("what ")]
    assert len(lines) == 1
    assert lines[0].count("#unknown-key") == lines[0].count("#step-without-assertion") == 1
    account.switch(drift="drop-last-step")
    result = run("-q", *plugin_args)
    lines = [line for line in result.lines if line.startswith("what ")]
    assert lines[0].startswith("what these mean: docs/errors.md#structureerror, docs/rules.md#")
    (pytester.path / "a.kore.json").unlink()
    fine = {
        "testCases": [{"name": "B", "messages": [{**good, "input": "Start_Flow", "event": "Start_Flow"}]}]
    }
    (pytester.path / "b.kore.json").write_text(json.dumps(fine), encoding="utf-8")
    account.switch(drift=None)
    result = run("-q", *plugin_args)
    assert result.code == 0, result.text
    assert not [line for line in result.lines if line.startswith("what ")]
