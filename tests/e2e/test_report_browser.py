"""The HTML report in a real browser: what a person sees, clicks, types and hears, and what cannot act."""

import importlib.util
import json
from pathlib import Path

import pytest
from e2e.browsers import HOW_TO_GET, Visit, expect, find_chromium, open_browser
from reports.records import NASTY, make_record, make_reply, make_run, make_step, make_suite

from pytest_kore_convtest.reports.html.page import render_html

pytestmark = pytest.mark.skipif(
    not find_chromium() or importlib.util.find_spec("playwright") is None, reason=HOW_TO_GET
)

SAMPLE = Path(__file__).parent.parent / "samples" / "report" / "green-red-drift.json"
FAILED = ["s2-step-02", "s2-step-03", "s2-step-04", "s2-step-05", "s3"]
"""Where ``j`` stops in the sample: the failed steps, and the suite that failed without one."""


@pytest.fixture(name="browser", scope="module")
def _browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(name="visit")
def _visit(browser, tmp_path):
    visits = []

    def visit(record=None, **how):
        path = tmp_path / f"report-{len(visits)}.html"
        record = record or json.loads(SAMPLE.read_text(encoding="utf-8"))
        path.write_text(render_html(record), encoding="utf-8")
        visits.append(Visit(browser, path, **how))
        return visits[-1]

    yield visit
    for one in visits:
        one.close()
        assert one.console == []
        assert {url for url in one.requests if not url.startswith(("data:", "about:"))} <= {
            one.path.as_uri() + anchor for anchor in ("", "#s1-step-03")
        }


def shown(page):
    """Return the anchors of the steps that no filter hides."""
    return page.eval_on_selector_all(
        ".steps > li", "all => all.filter(one => !one.closest('[hidden]')).map(one => one.id)"
    )


def in_focus(page):
    """Return the id of what has the focus."""
    return page.evaluate("document.activeElement.id")


def is_in_view(page, anchor):
    """Say whether the top of an element is on the screen."""
    return page.evaluate(
        "id => { const at = document.getElementById(id).getBoundingClientRect().top;"
        " return at >= 0 && at < innerHeight }",
        anchor,
    )


def test_the_verdict_is_in_the_first_screen(visit):
    """Without any scrolling the verdict, the counts and the first failure are on the screen."""
    page = visit().page
    for text in ("Failed", "17 steps: 7 passed, 4 failed, 6 not evaluated", "REFUND step 02"):
        box = page.get_by_text(text).first.bounding_box()
        assert box["y"] + box["height"] < 900


def test_a_passed_suite_is_folded_and_a_click_opens_it(visit):
    """What passed takes one line; what did not is open."""
    page = visit().page
    assert not page.locator("#s1-step-01").is_visible()
    assert page.locator("#s2-step-01").is_visible()
    page.locator("#s1 summary").first.click()
    assert page.locator("#s1-step-01").is_visible()


def test_expected_and_actual_stand_side_by_side(visit):
    """On a wide screen both replies are on one height, on a narrow one below each other."""
    for width, beside in ((1180, True), (375, False)):
        page = visit(width=width).page
        left, right = (page.locator(f"#s2-step-02 .{side}").bounding_box() for side in "ea")
        assert (left["y"] == right["y"]) == beside
        assert (left["x"] == right["x"]) != beside


def test_the_filter_leaves_failed_steps(visit):
    """Failed only shows the failed steps, their count, and the suite that failed without one."""
    page = visit().page
    page.get_by_label("failed", exact=True).check()
    assert shown(page) == FAILED[:-1]
    assert page.locator("#found").inner_text() == "4 of 17 steps"
    assert not page.locator("#s1").is_visible()
    assert page.locator("#s3").is_visible()


def test_the_filter_leaves_what_was_not_evaluated(visit):
    """Not evaluated shows just those steps, and Esc brings all back."""
    page = visit().page
    page.get_by_label("not evaluated", exact=True).check()
    assert shown(page) == ["s2-step-06", "s2-step-07", *(f"s3-step-{at:02}" for at in range(1, 5))]
    page.keyboard.press("Escape")
    assert len(shown(page)) == 17


def test_a_search_finds_words_in_folded_suites(visit):
    """All words have to stand in a step; the suite around it opens; nothing found is said."""
    page = visit().page
    page.keyboard.press("/")
    assert in_focus(page) == "find"
    page.keyboard.type("harbour VIEW")
    expect(page.locator("#found")).to_have_text("1 of 17 steps")
    assert shown(page) == ["s1-step-03"]
    assert page.locator("#s1-step-03").is_visible()
    page.keyboard.type(" zebra")
    page.wait_for_selector("#nothing:not([hidden])")
    page.keyboard.press("Escape")
    assert len(shown(page)) == 17


def test_a_link_to_a_step_leads_to_it(visit):
    """A deep link opens the folded suite and brings the step into view, also past a filter."""
    opened = visit()
    page = opened.open("#s1-step-03")
    expect(page.locator("#s1-step-03")).to_be_focused()
    assert is_in_view(page, "s1-step-03")
    page.get_by_label("failed", exact=True).check()
    page.evaluate("location.hash = '#s1-step-05'")
    expect(page.locator("#s1-step-05")).to_be_focused()
    assert is_in_view(page, "s1-step-05")


def test_the_keys_walk_from_failure_to_failure(visit):
    """The key j goes through all failures and round again, k goes back; the address follows."""
    page = visit().page
    walked = []
    for _ in range(len(FAILED) + 1):
        page.keyboard.press("j")
        walked.append(in_focus(page))
        assert is_in_view(page, walked[-1])
    assert walked == [*FAILED, FAILED[0]]
    page.keyboard.press("k")
    assert in_focus(page) == FAILED[-1]
    assert page.url.endswith(f"#{FAILED[-1]}")


def test_the_keys_can_be_switched_off(visit):
    """Who types by voice, or has keys of their own, can turn ours off, also for the next time."""
    opened = visit()
    page = opened.page
    page.locator("#help summary").click()
    page.get_by_label("use these keys").uncheck()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    assert in_focus(page) == ""
    assert not opened.open().locator("#keys").is_checked()


def test_letters_typed_into_the_search_are_no_commands(visit):
    """j, k and / are letters while somebody searches."""
    page = visit().page
    page.locator("#find").click()
    page.keyboard.type("jk/")
    assert page.locator("#find").input_value() == "jk/"
    assert in_focus(page) == "find"


def test_everything_can_be_reached_by_tab_and_shows_its_focus(visit):
    """Tab reaches search, filter, theme, links and copy buttons, each with a visible outline."""
    page = visit().page
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            "(() => { const one = document.activeElement;"
            " return [one.id || one.className || one.localName, getComputedStyle(one).outlineStyle] })()"
        )
        seen.add(name)
        assert outline != "none"
    assert {"skip", "find", "theme", "a", "copy", "summary"} <= seen


def test_an_id_is_copied(visit):
    """A click on Copy puts the id into the clipboard and says so."""
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    button = page.locator("#s2 .job .copy").first
    button.click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "ds-4e7a90c3-19bb-5f02-9c1d-77e0d3a4b812"


def test_the_colours_follow_the_system_until_somebody_chooses(visit):
    """Dark is dark by the system's wish; the button changes it, and a reload keeps the choice."""

    def is_dark(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"

    opened = visit(color_scheme="dark")
    assert is_dark(opened.page)
    opened.page.get_by_role("button", name="Light").click()
    assert not is_dark(opened.page)
    assert not is_dark(opened.open())


def test_nothing_is_wider_than_a_narrow_screen(visit):
    """At 375 pixels nobody has to scroll sideways, whatever is unfolded."""
    page = visit(width=375).page
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_text_from_right_to_left_runs_so(visit):
    """An Arabic reply runs from right to left in a page that runs from left to right."""
    page = visit().page
    bubble = page.locator("#s1-step-06 .b")
    assert bubble.evaluate("one => getComputedStyle(one).direction") == "rtl"


def test_foreign_text_cannot_act(visit):
    """Script, handlers and links in bot text are letters: nothing runs, loads or can be clicked."""
    evil = [
        *NASTY,
        "<img src=x onerror=\"document.title='owned'\">",
        "</script><script>document.title='owned'</script>",
        "<a href=\"javascript:document.title='owned'\">click</a>",
    ]
    card = {
        "template_type": "button",
        "text": evil[-3],
        "buttons": [{"title": "go", "url": "javascript:alert(1)"}],
    }
    texts = [*evil, json.dumps({"type": "template", "payload": card})]
    steps = [
        make_step(at, text=text, outcome="failed", why=text, replies=[make_reply([text], f"{text} other")])
        for at, text in enumerate(texts, 1)
    ]
    suite = make_suite(name=evil[-2], verdict="failed", run=make_run(verdict="failed", why=evil), steps=steps)
    page = visit(make_record(suite, notes=evil, closing=evil)).page
    page.wait_for_selector("#s1-step-01")
    assert page.title().startswith("Failed: bot ")
    assert page.title().endswith(" - Kore.ai conversation tests")
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, base").count() == 0
    assert page.locator("main a:not([href^='#'])").count() == 0


def test_it_can_be_read_without_scripts(visit):
    """With JavaScript off all text is there, suites unfold, and no dead control is shown."""
    page = visit(java_script_enabled=False).page
    assert not page.locator("#find").is_visible()
    page.locator("#s1 summary").first.click()
    assert page.get_by_text("Harbour room").first.is_visible()
    assert page.locator(".copy").count() == 0


def test_paper_has_everything_unfolded(visit):
    """Before printing, suites and evidence open and the controls vanish; afterwards they fold again."""
    page = visit().page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#s1-step-01").is_visible()
    assert page.locator("#s1-evidence dl").is_visible()
    assert not page.locator("#theme").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.locator("#s1-evidence dl").is_visible()


@pytest.mark.parametrize(
    ("width", "scheme"), [(1180, "light"), (1180, "dark"), (375, "light"), (375, "dark")]
)
def test_axe_finds_no_violation(visit, width, scheme):
    """Everything unfolded, axe-core has nothing to say in either scheme, on a wide and a narrow screen."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=HOW_TO_GET)
    page = visit(width=width, color_scheme=scheme, bypass_csp=True).page
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.add_style_tag(content=".steps { content-visibility: visible !important }")
    found = axe.Axe().run(page).response["violations"]
    told = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]
    assert told == []


def test_ten_thousand_steps_can_be_filtered_and_reached(visit):
    """A page of 10 000 steps filters, and a link leads to the last step."""
    steps = [make_step(at, outcome="failed" if at % 100 == 0 else "passed") for at in range(1, 10_001)]
    page = visit(make_record(make_suite(verdict="failed", run=make_run(), steps=steps))).page
    page.get_by_label("failed", exact=True).check()
    assert page.locator("#found").inner_text() == "100 of 10,000 steps"
    page.evaluate("location.hash = '#s1-step-9999'")
    expect(page.locator("#s1-step-9999")).to_be_focused()
    assert is_in_view(page, "s1-step-9999")
