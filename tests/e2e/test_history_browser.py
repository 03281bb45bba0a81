"""The page of a history in a real browser: it can be read by everybody, and nothing in it acts."""

import importlib.util

import pytest
from e2e.browsers import HOW_TO_GET, Visit, find_chromium, open_browser
from reports.records import NASTY

from pytest_kore_convtest.history.identity import PASSED, RunState, StepState, SuiteState, make_key
from pytest_kore_convtest.history.store import PastRun
from pytest_kore_convtest.history.trend import draw_html

pytestmark = pytest.mark.skipif(
    not find_chromium() or importlib.util.find_spec("playwright") is None, reason=HOW_TO_GET
)

EVIL = [
    *NASTY,
    "<img src=x onerror=\"document.title='owned'\">",
    "</style><script>document.title='owned'</script>",
]
OUTCOMES = ("passed", "failed", "flaky", "known", "unknown")


def past(count=35):
    """Return runs of suites with names that would act, in all that may become of them."""
    runs = []
    for at in range(count):
        suites = []
        for name in ("BOOKING", "A-LONG-NAME-" * 8, *EVIL):
            word = OUTCOMES[(at + len(name)) % 5]
            step = StepState(make_key("a", []), 1, "", "flaky" if word == "flaky" else PASSED)
            verdict = {"flaky": PASSED, "known": "failed"}.get(word, word)
            seconds = None if at % 7 == 3 else float(at)
            suites.append(SuiteState("a", name, verdict, "", seconds, "", (step,), excused=word == "known"))
        bots = frozenset({EVIL[at % len(EVIL)]})
        state = RunState(bots, f"2026-11-{1 + at % 28:02}T10:00:00.000Z", (), None, tuple(suites))
        runs.append(PastRun(str(at), PASSED, "", state))
    return runs


@pytest.fixture(name="browser", scope="module")
def _browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(name="visit")
def _visit(browser, tmp_path):
    visits = []

    def visit(**how):
        path = tmp_path / "history.html"
        path.write_text(draw_html(past()), encoding="utf-8")
        visits.append(Visit(browser, path, **how))
        return visits[-1]

    yield visit
    for one in visits:
        one.close()
        assert one.console == []
        assert {url for url in one.requests if not url.startswith(("data:", "about:"))} <= {one.path.as_uri()}


def test_names_of_suites_and_bots_cannot_act(visit):
    """They are letters: nothing runs or loads, and the page keeps its title."""
    page = visit().page
    assert page.title() == "History: 35 runs from 2026-11-01 to 2026-11-28 - Kore.ai conversation tests"
    assert page.locator("script, img, iframe, a").count() == 0
    assert page.get_by_text(EVIL[-1]).count() > 0


def test_the_verdicts_stand_in_their_order_and_are_told(visit):
    """At most 30 of a suite, each with its moment for a screen reader."""
    page = visit().page
    shown = page.locator("table").first.locator("tr", has_text="BOOKING").locator("li")
    assert 0 < shown.count() <= 30
    assert shown.first.inner_text().endswith(
        ("passed", "failed", "flaky", "known failures only", "not verified")
    )


@pytest.mark.parametrize(
    ("width", "scheme"), [(1180, "light"), (1180, "dark"), (375, "light"), (375, "dark")]
)
def test_axe_finds_no_violation(visit, width, scheme):
    """In either scheme, on a wide and a narrow screen; nobody has to scroll the page sideways."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=HOW_TO_GET)
    page = visit(width=width, color_scheme=scheme, bypass_csp=True).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found] == []
