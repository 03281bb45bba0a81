"""The record as one HTML page: what it says, and what cannot act or hide in it."""

import base64
import copy
import hashlib
import html
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from reports.records import (
    NASTY,
    make_evidence,
    make_import,
    make_record,
    make_reply,
    make_run,
    make_step,
    make_suite,
    records,
)

from pytest_kore_convtest.reports.html.cards import LONGEST_DATA, MOST_ENTRIES, draw
from pytest_kore_convtest.reports.html.excerpts import LONGEST_SHOWN, Allowance, compare, excerpt
from pytest_kore_convtest.reports.html.page import MOST_FAILURES, render_html
from pytest_kore_convtest.reports.html.replies import MOST_CHANGES, MOST_VARIATIONS, reply_view
from pytest_kore_convtest.reports.html.suites import PACK
from pytest_kore_convtest.reports.html.timelines import MOST_DOTS, timeline
from pytest_kore_convtest.suites.diff import harmless

SAMPLE = Path(__file__).parents[2] / "samples" / "report" / "green-red-drift.json"
VOID = {"meta", "link", "br", "input", "line", "rect", "circle"}
LETTERS_KEPT = {"\n", "\u200c", "\u200d"}


class Page(HTMLParser):
    """What a browser makes of a page: tags with their attributes, text, and what is open at the end."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.said, self.open, self.inlined = [], [], [], {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note a tag; one that ends itself is not open."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Check that tags end in the order in which they began."""
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        """Note a text under the tag that holds it."""
        if self.open and self.open[-1] in {"style", "script"}:
            self.inlined[self.open[-1]] = data
        else:
            self.said.append(data)

    @property
    def text(self):
        """Return all that is said, blanks folded."""
        return " ".join("".join(self.said).split())


@pytest.fixture(name="sample")
def _sample():
    return json.loads(SAMPLE.read_text(encoding="utf-8"))


def page_of(*steps, **changes):
    """Return the page of one suite with some steps."""
    verdict = "failed" if any(step["outcome"] == "failed" for step in steps) else "passed"
    suite = make_suite(verdict=verdict, run=make_run(), steps=list(steps))
    return render_html(make_record(suite, **changes))


def view(expected, actual, **changes):
    """Return how one reply is shown."""
    reply = {"expected": expected, "actual": actual, "assertions": [], **changes}
    return reply_view(reply, is_evaluated=True, allowance=Allowance())


def template(kind, **payload):
    """Return a template as the platform sends it."""
    return json.dumps({"type": "template", "payload": {"template_type": kind, **payload}})


@settings(max_examples=60, deadline=None)
@given(records())
def test_no_text_of_a_record_becomes_markup_or_hides(record):
    """Whatever a record holds, the page has our tags only, no handler, no link out, no hidden letter."""
    page = render_html(record)
    parsed = Page(page)
    assert parsed.open == []
    tags = [tag for tag, _ in parsed.tags]
    assert tags.count("script") == tags.count("style") == 1
    assert not {"img", "iframe", "object", "base", "form"} & set(tags)
    for tag, attributes in parsed.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "style"}]
        link = attributes.get("href", "#")
        assert link.startswith("#") or (tag, link) == ("link", "data:,")
    assert {one for one in page if not one.isprintable()} <= LETTERS_KEPT
    page.encode("utf-8")


@pytest.mark.parametrize("nasty", [text for text in NASTY if text.strip()])
def test_a_foreign_text_is_shown_in_every_place(nasty):
    """A text that breaks out of badly written pages is readable in a bubble, a card and a chip."""
    card = template("button", text=nasty, buttons=[{"title": nasty, "url": f"javascript:{nasty}"}])
    assertion = {"kind": "flow", "enabled": True, "status": "passed", "expected": [{"nodeId": nasty}]}
    replies = [make_reply([one], one) | {"assertions": [assertion]} for one in (nasty, card)]
    parsed = Page(page_of(make_step(text=nasty, replies=replies)))
    assert parsed.open == []
    seen = " ".join(harmless(nasty).split())
    assert parsed.text.count(seen) >= 5  # the input, the bubble, the card's text and button, the chip


def test_the_policy_allows_our_script_and_style_only(sample):
    """The hashes in the policy are those of what stands in the page, and nothing else may load."""
    parsed = Page(render_html(sample))
    policy = next(
        one["content"] for _, one in parsed.tags if one.get("http-equiv") == "Content-Security-Policy"
    )
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(parsed.inlined[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_verdict_counts_and_gaps_come_first(sample):
    """Verdict, counts, what failed and what was not evaluated stand above the suites, in this order."""
    text = Page(render_html(sample)).text
    wanted = [
        "Failed",
        "3 suites: 1 passed, 2 failed. 17 steps: 7 passed, 4 failed, 6 not evaluated.",
        "Failures",
        "REFUND step 02",
        "conversations/refund.kore.json:26",
        "OPENING_HOURS failed",
        "Not evaluated",
        "OPENING_HOURS step 01",
        "the suite was not run: its structure failed",
        "Link to this suite",
        "Evidence",
    ]
    places = [text.find(one) for one in wanted]
    assert -1 not in places
    assert places == sorted(places)


def test_every_fact_of_the_evidence_is_on_the_page(sample):
    """An auditor finds each value of the evidence, the files and the jobs."""
    text = Page(render_html(sample)).text
    (evidence,) = sample["evidence"]
    left_out = {"settings", "git", "bot_build", "shard", "protected", "emulator", "interrupted", "clock_skew"}
    facts = [str(value) for key, value in evidence.items() if key not in left_out]
    facts += [evidence["git"]["commit"], "+0.4 s", "The platform's API gives no build number of the bot."]
    facts += [part for one in evidence["settings"] for part in one.values()]
    for suite in sample["suites"]:
        facts += [suite["file"]["sha256"], suite["file"]["sent_sha256"]]
        for job in filter(None, (suite["imported"], suite["run"])):
            facts += [job["id"], job["started_at"], job["ended_at"], *job["platform_times"].values()]
        facts += [suite["imported"][key] for key in ("file_id", "file_hash", "stored_id", "stored_name")]
    assert [fact for fact in facts if fact not in text] == []


@pytest.mark.parametrize(
    ("emulators", "said"),
    [
        ([True], "Built-in emulator; no real platform was contacted."),
        ([True, False], "1 of 2 test runs used the built-in emulator"),
    ],
)
def test_the_emulator_is_named(emulators, said):
    """A page of a run against the emulator says so at the top; of several runs it says how many."""
    evidence = [make_evidence(emulator=one) for one in emulators]
    assert said in Page(render_html(make_record(evidence=evidence))).text


def test_the_title_says_what_was_tested():
    """The page's title names bot, target, branch and commit, of several runs those of the first ones."""
    start = "<title>Passed: bot st-1, target booking-dev, branch main, commit 4f1e4f1e4f1e"
    one, two, three = (make_evidence(stream_id=f"st-{number}") for number in (1, 2, 3))
    assert f"{start} - Kore.ai conversation tests</title>" in render_html(make_record(evidence=[one]))
    assert f"{start}; bot st-2, " in render_html(make_record(evidence=[one, two, three]))
    assert "; and 1 more - Kore" in render_html(make_record(evidence=[one, two, three]))
    bare = make_evidence(stream_id="", target="", git=None)
    assert "<title>Passed: Kore.ai conversation tests</title>" in render_html(make_record(evidence=[bare]))


def test_a_real_platform_is_not_called_an_emulator():
    """Without the emulator nothing at the top says that no platform was contacted."""
    assert "no real platform" not in Page(render_html(make_record())).text


def test_an_interrupted_run_is_named_by_its_number():
    """Of two merged runs the second one was interrupted, and the page says which."""
    evidence = [make_evidence(), make_evidence(interrupted=True)]
    assert "Test run 2 was interrupted." in Page(render_html(make_record(evidence=evidence))).text


def test_a_record_without_a_suite_proves_nothing_and_says_so():
    """A run of no job gives a page with no verdict."""
    record = make_record(suites=[], verdict="unknown", evidence=[])
    text = Page(render_html(record)).text
    assert "No verdict No suite was tested." in text
    assert "nothing is known about the bot" in text


def test_trouble_is_told_with_the_way_to_go_on():
    """A job without a verdict shows the error and the command that waits again."""
    trouble = {"kind": "JobTimeoutError", "message": "no end within 600 s"}
    imported = make_import(verdict="unknown", trouble=trouble, resume="pytest --kore-ds-id ds-1")
    suite = make_suite(verdict="unknown", imported=imported, run=None, steps=[])
    text = Page(render_html(make_record(suite))).text
    assert "JobTimeoutError: no end within 600 s" in text
    assert "pytest --kore-ds-id ds-1" in text
    assert "unknown no end within 600 s" in text


def test_counts_without_steps_are_called_so():
    """When the platform gives counts only, the page gives no step a result and says why."""
    suite = make_suite(run=make_run(passed=5, failed=0, total=5, counts_only=True), steps=[])
    text = Page(render_html(make_record(suite))).text
    assert "The platform reported counts only: no single step has a result." in text
    assert "the platform counts 5 passed and 0 failed of 5" in text


def test_a_results_link_is_text():
    """The platform's download link can be copied, not followed."""
    suite = make_suite(imported=make_import(download_url="https://x.test/results"))
    page = render_html(make_record(suite))
    assert "https://x.test/results" in page
    assert 'href="https://x.test' not in page


def test_equal_replies_are_one_bubble():
    """A reply that is what was expected is shown once; templates are compared as data."""
    assert view(["hello"], "hello").same
    assert view(['{"a": 1, "b": 2}'], '{"b":2,"a":1}').same
    assert view(["other", "hello"], "hello").others == ["other"]


def test_differing_words_are_marked_on_their_side():
    """Each side marks its own words, and the variation that is most alike is the one compared."""
    shown = view(["something else", "your red car"], "your blue car")
    assert [text for mark, text in shown.expected.text.pieces if mark == "-"] == ["red"]
    assert [text for mark, text in shown.actual.text.pieces if mark == "+"] == ["blue"]
    assert shown.others == ["something else"]


def test_blanks_that_differ_can_be_seen():
    """Where only a blank differs it is drawn as a sign."""
    shown = view(["two  words"], "two words")
    assert "␣" in "".join(text for _, text in shown.expected.text.pieces)


def test_an_unevaluated_reply_is_an_expectation_only():
    """A step that was not evaluated shows what was expected, and never that the bot was silent."""
    step = make_step(
        outcome="not evaluated", why="not run", replies=[make_reply(expected=["hi"], actual=None)]
    )
    text = Page(page_of(step)).text
    assert "hi" in text
    assert "The bot gave no reply" not in text


def test_a_missing_and_an_unexpected_reply_are_named():
    """A reply that did not come, and one that nobody expected, are said in words."""
    replies = [make_reply(expected=["hi"], actual=None), make_reply(expected=[], actual="hello")]
    text = Page(page_of(make_step(outcome="failed", replies=replies))).text
    assert "The bot gave no reply." in text
    assert "No reply is expected here." in text


def test_templates_that_differ_are_drawn_and_listed_by_path():
    """Two templates stand side by side with a table of what differs in their data."""
    old = template("button", text="Which?", buttons=[{"title": "Red"}])
    shown = view([old], template("button", text="Which?", buttons=[{"title": "Blue"}]))
    assert [change.path for change in shown.changes] == ["$.payload.buttons[0].title"]
    assert [action.title for action in shown.expected.card.actions] == ["Red"]


@pytest.mark.parametrize(
    ("text", "kind", "titles"),
    [
        (
            template("quick_replies", text="T", quick_replies=[{"title": "A", "payload": "a"}]),
            "quick_replies",
            ["A"],
        ),
        (template("button", text="T", buttons=[{"title": "A", "url": "https://x.test"}]), "button", ["A"]),
        ('[{"text": "A", "buttons": []}]', "list", []),
        ('{"message": "T", "buttons": ["A"]}', "template", ["A"]),
    ],
)
def test_templates_are_drawn_as_what_they_are(text, kind, titles):
    """Quick replies, buttons and bare objects become a card with their captions."""
    card = draw(text)
    assert (card.kind, [action.title for action in card.actions]) == (kind, titles)


def test_what_a_click_on_an_element_does_is_an_action():
    """Behind its buttons."""
    element = {
        "title": "Room",
        "buttons": [{"title": "Take"}],
        "default_action": {"type": "web_url", "url": "https://x.test/room"},
    }
    (entry,) = draw(template("list", elements=[element])).entries
    assert [action.title for action in entry.actions] == ["Take", "opens on a click"]
    assert "https://x.test/room" in str(entry.actions[1])


@pytest.mark.parametrize("kind", ["carousel", "generic", "list"])
def test_elements_are_drawn_with_their_own_buttons(kind):
    """A carousel stands side by side, a list below each other; each element keeps its buttons."""
    element = {
        "title": "Room",
        "subtitle": "quiet",
        "image_url": "https://x.test/a.png",
        "buttons": [{"title": "Take"}],
    }
    card = draw(template(kind, elements=[element]))
    (entry,) = card.entries
    assert (entry.texts, entry.picture, entry.actions[0].title) == (
        ["Room", "quiet"],
        "https://x.test/a.png",
        "Take",
    )
    assert card.is_strip == (kind != "list")


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "{not json}",
        "[1, 2]",
        '{"a": NaN}',
        '{"a": "' + "x" * LONGEST_DATA + '"}',
    ],
)
def test_what_is_no_template_is_text(text):
    """Plain text, broken data and a template too long to draw have no card."""
    assert draw(text) is None


@pytest.mark.parametrize(
    "payload",
    [None, 1, "x", [], {"elements": [1, None, [], {"buttons": "x"}]}, {"buttons": [None, 1, {}]}],
)
def test_an_odd_template_is_drawn_as_far_as_it_goes(payload):
    """A template of a shape that nobody knows gives a card and keeps its data."""
    text = json.dumps({"type": "template", "payload": payload})
    assert json.loads(draw(text).data) == json.loads(text)


def test_a_huge_card_is_cut_and_says_so():
    """Of a card with very many buttons the first ones are drawn and the rest counted."""
    card = draw(template("button", buttons=[{"title": str(at)} for at in range(MOST_ENTRIES + 7)]))
    assert (len(card.actions), card.more) == (MOST_ENTRIES, 7)


def test_long_lists_say_how_many_are_left_out():
    """Very many variations and very many differences are cut, with the number of the rest."""
    many = view([str(at) for at in range(MOST_VARIATIONS + 5)], "none of them")
    assert (len(many.others), many.more_others) == (MOST_VARIATIONS, 4)
    old, new = ({f"k{at}": side for at in range(MOST_CHANGES + 3)} for side in (1, 2))
    changed = view([json.dumps(old)], json.dumps(new))
    assert (len(changed.changes), changed.more_changes) == (MOST_CHANGES, 3)


def test_a_long_text_is_shortened_and_kept_on_demand():
    """Of a long text the beginning is in view, the rest counted, and the whole of it folded beside."""
    text = "word " * LONGEST_SHOWN
    shown = excerpt(text, Allowance())
    assert shown.after == len(text) - LONGEST_SHOWN
    assert shown.whole == text


def test_two_long_texts_are_shown_where_they_differ():
    """The view starts shortly before the first difference, however far back it lies."""
    same = "word " * 10_000
    left, right = compare(f"{same}red", f"{same}blue", Allowance())
    assert left.before > 49_000
    assert left.pieces[-1] == ("-", "red")
    assert right.pieces[-1] == ("+", "blue")


def test_a_spent_allowance_leaves_whole_texts_out_and_the_page_says_so():
    """When a page holds too much, long texts are cut without their whole, and a note tells it."""
    text = "word " * LONGEST_SHOWN
    step = make_step(replies=[make_reply([text], text)])
    page = render_html(make_record(make_suite(steps=[step])), Allowance(hidden=10))
    assert len(page) < 100_000
    assert "too many for this page; the JSON report has them" in page
    assert "This record is too large for one page" in page


def test_a_spent_allowance_compares_coarsely():
    """Without leave to compare word by word all from the first difference on is marked."""
    allowance = Allowance(work=1)
    left, right = compare("a red car and more", "a blue car and more", allowance)
    assert left.pieces == [(" ", "a "), ("-", "red car and more")]
    assert right.pieces == [(" ", "a "), ("+", "blue car and more")]
    assert allowance.spent == {"work"}


def test_texts_on_both_sides_of_the_limit_are_whole_in_their_pieces():
    """What is shown and what is counted as left out add up to the text."""
    for length in (LONGEST_SHOWN - 1, LONGEST_SHOWN, LONGEST_SHOWN + 1):
        shown = excerpt("x" * length, Allowance())
        assert len(shown.pieces[0][1]) + shown.after == length


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"nodeId": "Welcome", "status": "passed"}, "Welcome"),
        ({"nodeId": "Welcome", "status": "failed"}, "Welcome (failed)"),
        ({"key": "day", "value": 3}, "day = 3"),
        ({"a": 1, "b": 2}, "a: 1, b: 2"),
        ("odd", "odd"),
        ("x" * 100, "x" * 80 + "…"),
    ],
)
def test_a_chip_says_what_was_expected(entry, said):
    """An entry of an assertion is said in words, its status only where it is news."""
    assertion = {"kind": "flow", "enabled": True, "status": "passed", "expected": [entry]}
    (chip,) = view(["a"], "a", assertions=[assertion]).chips
    assert chip.expected == [said]


def test_a_chip_of_a_disabled_assertion_is_off():
    """What is not enabled is called off and has no expectation."""
    assertion = {"kind": "context", "enabled": False, "status": "", "expected": [{"key": "a", "value": 1}]}
    (chip,) = view(["a"], "a", assertions=[assertion]).chips
    assert (chip.status, chip.expected) == ("off", [])


def test_a_timeline_keeps_order_faults_and_bounds():
    """Dots go from left to right, faults are counted, a percentage beyond 100 stays in the drawing."""
    polls = [
        {"at": 0.0, "saw": "A", "percent": None, "fault": False},
        {"at": 2.0, "saw": "503", "percent": None, "fault": True},
        {"at": 4.0, "saw": "B", "percent": 250.0, "fault": False},
    ]
    drawn = timeline(polls)
    assert [dot.x for dot in drawn.dots] == [1, 50, 99]
    assert drawn.dots[-1].y == 8
    assert drawn.says == "3 requests in 4.0 s: A, then 503, then B"
    assert drawn.faults == 1


def test_a_timeline_of_very_many_polls_is_bounded():
    """Of thousands of polls the first and the last are drawn, and one sentence counts them all."""
    polls = [{"at": float(at), "saw": "A", "percent": 0.0, "fault": False} for at in range(5000)]
    drawn = timeline(polls)
    assert len(drawn.dots) == MOST_DOTS
    assert drawn.says.startswith("5000 requests")


def test_steps_have_addresses_and_come_in_packs():
    """Every step can be linked to, and a long conversation is cut into lists a browser can skip."""
    parsed = Page(page_of(*(make_step(number) for number in range(1, PACK * 2 + 2))))
    ids = [one["id"] for tag, one in parsed.tags if tag == "li" and "id" in one]
    assert ids == [f"s1-step-{number:02}" for number in range(1, PACK * 2 + 2)]
    assert len([one for tag, one in parsed.tags if tag == "ol"]) == 3


def test_very_many_failures_are_listed_up_to_a_number():
    """The list at the top ends with how many more there are."""
    steps = [make_step(number, outcome="failed") for number in range(1, MOST_FAILURES + 4)]
    assert "3 more: show only the failed ones" in Page(page_of(*steps)).text


def test_an_item_is_listed_only_when_no_step_tells_it():
    """Items that agree with their step are left out; one that does not is shown."""
    steps = [make_step(1), make_step(2)]
    item = {"seconds": 0.1, "message": "gave up", "place": "", "suites": [0]}
    items = [
        {**item, "nodeid": steps[0]["nodeid"], "outcome": "passed"},
        {**item, "nodeid": steps[1]["nodeid"], "outcome": "error"},
    ]
    text = Page(page_of(*steps, items=items)).text
    assert "1 item " in text
    assert "gave up" in text


def test_the_size_is_below_three_times_the_text(sample):
    """A page of 1 000 short steps is less than three times as long as what it says."""
    suite = sample["suites"][0]
    said = "Your room for Wednesday is booked; the number is {}."
    suite["steps"] = [
        {**copy.deepcopy(suite["steps"][0]), "number": at, "input": f"book room {at}"}
        for at in range(1, 1001)
    ]
    for at, step in enumerate(suite["steps"]):
        step["replies"][0] |= {"expected": [said.format(at)], "actual": said.format(at)}
    page = render_html({**sample, "suites": [suite], "items": []})
    text = html.unescape(re.sub(r"<[^>]*>", "", "".join(Page(page).said)))
    assert len(page) < 3 * len(text)


def test_the_same_record_gives_the_same_page(sample):
    """Two renderings are the same to the letter."""
    assert render_html(sample) == render_html(copy.deepcopy(sample))


def test_without_jinja2_the_way_out_is_said():
    """Importing the module needs no Jinja2, and rendering without it names the extra to install."""
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from pytest_kore_convtest.reports.html.page import render_html\n"
        "try: render_html({'suites': []})\n"
        "except ModuleNotFoundError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own interpreter and text
    assert 'pip install "pytest-kore-convtest[report]"' in done.stdout


def test_the_first_failure_of_a_suite_has_the_conversation_as_yaml():
    """The fold stands once in a suite, and its text and the lines offered are text, not markup."""
    evil = "</pre><script>alert(1)</script>"
    offers = [{"where": "line 9 becomes", "lines": [f"  - {evil}"]}]
    steps = [make_step(at, evil, "failed", offers=offers) for at in (1, 2)]
    page = Page(page_of(*steps))
    assert page.text.count("The conversation up to here as YAML") == 1
    assert f'- user: "{evil}" # step 01 failed bot: Hi!' in page.text
    assert page.text.count(f"To accept it, line 9 becomes: - {evil}") == 2
    assert [tag for tag, _ in page.tags].count("script") == 1
