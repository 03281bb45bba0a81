"""What goes on pytest's reports and into the files at the end, without a run around it."""

import json
from types import SimpleNamespace

import pluggy
import pytest
from reports.records import make_record

from pytest_kore_convtest.plugin.own_items import reaches_ours
from pytest_kore_convtest.plugin.reporting import allure
from pytest_kore_convtest.plugin.reporting.item_reports import make_harmless
from pytest_kore_convtest.plugin.reporting.publish import _group, write_reports
from pytest_kore_convtest.plugin.terminal.progress_lines import cut, width_of
from pytest_kore_convtest.reports.html import page
from pytest_kore_convtest.settings.settings import Settings

RED = "\x1b[31mred\x1b[0m"


@pytest.mark.parametrize(
    ("text", "plain", "coloured"),
    [
        ("a\tb", "a       b", "a       b"),
        (f"{RED} text", "\\x1b[31mred\\x1b[0m text", f"{RED} text"),
        (f"{RED} \x07", "\\x1b[31mred\\x1b[0m \\x07", "red \\x07"),
        ("\x1b[2J", "\\x1b[2J", "\\x1b[2J"),
    ],
)
def test_colours_stay_only_where_nothing_else_is_hidden(text, plain, coloured):
    """Wherever a text is in a report: what could command a terminal is spelt out, and colours go with it."""
    for shown, expected in ((False, plain), (True, coloured)):
        report = SimpleNamespace(longrepr=("a.py", 3, text), sections=[("out", text)])
        make_harmless(report, coloured=shown)
        assert (report.longrepr, report.sections) == (("a.py", 3, expected), [("out", expected)])


def fixture(module, *asks):
    """Return pytest's definition of a fixture that some module has, and that asks for others."""
    return SimpleNamespace(
        func=SimpleNamespace(__module__=module), argname="kore_settings", argnames=("request", *asks)
    )


OURS = fixture("pytest_kore_convtest.plugin.fixtures")


@pytest.mark.parametrize(
    ("definitions", "reached"),
    [
        ([], False),
        ([OURS], True),
        ([OURS, fixture("conftest")], False),
        ([OURS, fixture("conftest", "kore_settings")], True),
        ([OURS, fixture("conftest"), fixture("tests.conftest", "kore_settings")], False),
        ([fixture("conftest", "kore_settings")], False),
        ([fixture("pytest_kore_convtest_tools")], False),
    ],
)
def test_a_fixture_of_ours_is_in_force_or_asked_for(definitions, reached):
    """By the last definition of its name, or through those that ask for the one that they override."""
    assert reaches_ours(definitions) is reached


def test_of_many_items_with_one_reason_the_first_are_named():
    """Those of another reason are told beside them."""
    found = list(_group([*((f"item {at}", "late") for at in range(103)), ("another", "skipped")]))
    assert [one["what"] for one in found[98:]] == ["item 98", "item 99", "3 more items", "another"]
    assert {one["why"] for one in found[:101]} == {"late"}


def test_a_mistake_of_ours_in_a_report_costs_no_other_one(tmp_path, monkeypatch):
    """It is told, and the JSON report knows of it."""

    def fail(_record):
        raise TypeError("a defect")

    monkeypatch.setattr(page, "render_html", fail)
    settings = Settings.read(env={}, html=tmp_path / "r.html", json=tmp_path / "r.json")
    written, problems = write_reports(make_record(), settings, {})
    assert problems == [
        "the HTML report was not written: internal error in this plugin (TypeError): a defect"
    ]
    assert written == [f"JSON report: {tmp_path / 'r.json'}"]
    told = json.loads((tmp_path / "r.json").read_text())
    assert (told["verdict"], told["closing"][-1]) == ("unknown", f"kore: {problems[0]}")


@pytest.fixture
def run():
    """Give a run whose pytest has no plugins."""
    plugins, ends = pluggy.PluginManager("pytest"), []
    config = SimpleNamespace(pluginmanager=plugins, add_cleanup=ends.append)
    yield SimpleNamespace(config=config, notes=[], item=None)
    for end in ends:
        end()


SAID = (
    "Allure's results lack what Kore adds to them ({})."
    " The verdict is not touched; please file this as a bug."
)


def test_an_allure_that_cannot_be_followed_is_told_once(run, monkeypatch):
    """Nothing else happens, however often it is tried."""
    pytest.importorskip("allure_commons")

    def fail(_self, _plugin):
        raise ImportError("another Allure")

    monkeypatch.setattr(allure.AllureResults, "listen", lambda self: fail(self, None))
    allure.follow(run)
    allure.add_gaps(run, ["a gap"])
    assert run.notes == [SAID.format("ImportError: another Allure")]


def test_a_gap_that_allure_cannot_hold_is_told(run):
    """The other reports are still written."""
    pytest.importorskip("allure_commons")
    allure.add_gaps(run, [SimpleNamespace()])
    allure.add_gaps(run, [])
    (note,) = run.notes
    assert note == SAID.format("AttributeError: 'types.SimpleNamespace' object has no attribute 'what'")


@pytest.mark.parametrize(
    ("nodeid", "dist", "plain"),
    [
        ("a.py::test@x", "loadgroup", "a.py::test"),
        ("a.py::test[a@b]@kore-A", "loadgroup", "a.py::test[a@b]"),
        ("a.py::test@x", "load", "a.py::test@x"),
        ("a.py::test", "loadgroup", "a.py::test"),
    ],
)
def test_a_group_of_xdist_is_no_part_of_a_name(nodeid, dist, plain):
    """Else the history of an item would end when its group changes."""
    assert allure._ungroup(nodeid, SimpleNamespace(option=SimpleNamespace(dist=dist))) == plain


@pytest.mark.parametrize("width", range(8))
def test_a_text_is_cut_to_its_cells(width):
    """Letters of two cells are not cut in half."""
    assert width_of(cut("日本語の", width)) <= width
    assert cut("ab", width) == ("ab" if width >= 2 else "…"[:width])
