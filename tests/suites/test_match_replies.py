"""A failed step of a YAML file passes by its matchers, and only where they explain all of the failure."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from pytest_kore_convtest.api.run_models import read_run_status
from pytest_kore_convtest.rules import Rule, RuleSettings, Severity
from pytest_kore_convtest.suites import matchers, safe_regex
from pytest_kore_convtest.suites.file import read_suite_file
from pytest_kore_convtest.suites.lint.lint_files import lint_file
from pytest_kore_convtest.suites.matchers import Matcher
from pytest_kore_convtest.suites.results.expectation_changes import accept_step
from pytest_kore_convtest.suites.results.judge import judge_run
from pytest_kore_convtest.suites.results.origin import RunRequest
from pytest_kore_convtest.suites.results.run_result import FAILED, NOT_EVALUATED, PASSED
from pytest_kore_convtest.suites.run_errors import verdict_of

ANY = "{any: [One?, Two?]}"
ID = "ctr-1"


def block(status, *entries):
    """Return an assertion as the platform writes it; without a status it is off."""
    return {"enabled": bool(status), "contains": list(entries), "status": status}


def expected(text, word="passed", flow="passed", context=""):
    """Return an expected reply with what the platform says of it."""
    return {
        "text": text,
        "assertions": {
            "text": block(word, {"text": text, "status": word}),
            "flowLevel": block(flow, {"nodeId": "n", "status": flow}),
            "context": block(context, {"key": "k", "value": "v", "status": context}),
        },
    }


def result(outputs, given, status="failed", said="Start_Flow"):
    """Return what the platform reports of a step."""
    return {
        "input": said,
        "status": status,
        "outputs": outputs,
        "actualOutput": [{"text": one, "assertions": {}} for one in given],
    }


def answer(*results, status="failed", counts=None, **more):
    """Return the platform's reply about a run that is over."""
    failed = sum(one["status"] == "failed" for one in results)
    counted = counts or (len(results) - failed, failed, len(results))
    details = dict(zip(("passed", "failed", "total"), counted, strict=True))
    inner = {"status": status, "stepDetails": details, "version": "published", **more}
    if results:
        inner["executionResults"] = list(results)
    return read_run_status(json.dumps({"_id": ID, "status": status, "result": inner}).encode())


@pytest.fixture
def suite(tmp_path):
    """Make the suite of one step from how its replies are written."""

    def make(bot, more=""):
        path = tmp_path / "a.kore.yaml"
        path.write_text(f"suites:\n- name: A\n  steps:\n  - event: Start_Flow\n    bot: {bot}\n{more}")
        return read_suite_file(path)[0]

    return make


def outcomes(judged):
    """Return the outcomes of a run and of its steps."""
    return judged.outcome, [step.outcome for step in judged.steps]


@pytest.mark.parametrize(
    ("bot", "uploaded", "said"),
    [
        (ANY, "One?", "Two?"),
        ("{contains: room}", "room", "A room, please."),
        ("{contains: room, example: My room.}", "My room.", "A room, please."),
        ("{matches: 'Room \\d+', example: Room 1}", "Room 1", "Room 22"),
        ("{anything: true, example: x}", "x", "whatever"),
        ("{any: [{template: {a: 1}}, {template: {a: 2}}]}", '{"a":1}', '{ "a": 2 }'),
    ],
)
def test_a_reply_that_fits_passes_by_the_files_matcher(suite, bot, uploaded, said):
    """The step and the run are green, and say by what."""
    judged = judge_run(answer(result([expected(uploaded, "failed")], [said])), suite(bot))
    assert outcomes(judged) == (PASSED, [PASSED])
    assert verdict_of(judged) is None
    (step,) = judged.steps
    assert step.by_matcher
    assert not step.reported
    assert step.why.startswith("passed by the file's matcher: reply 1 (")
    assert [one.rule for one in judged.findings] == [Rule.PASSED_BY_MATCHER]


@pytest.mark.parametrize(
    ("bot", "uploaded", "said"),
    [
        (ANY, "One?", "Three?"),
        (ANY, "One?", "one?"),
        ("{contains: room}", "room", "A Room, please."),
        ("{matches: 'Room \\d+', example: Room 1}", "Room 1", "Room 22!"),
        ("{anything: true, example: x}", "x", " "),
        ("{anything: true, example: x}", "x", ""),
        ("{anything: true, example: x}", "x", "\U000e0001\U000e0041\U000e007f\U000e0100\ufff3\U0001d173"),
        ("{anything: true, example: x}", "x", "\u2800\u3164\u115f\uffa0\u034f\ufe0f\u17b4"),
        ("One?", "One?", "Two?"),
    ],
)
def test_a_reply_that_does_not_fit_stays_failed(suite, bot, uploaded, said):
    """A matcher is no way around a wrong reply, nor around an empty one."""
    judged = judge_run(answer(result([expected(uploaded, "failed")], [said])), suite(bot))
    assert outcomes(judged) == (FAILED, [FAILED])


@pytest.mark.parametrize(
    "outputs",
    [
        [expected("One?", "failed", flow="failed")],
        [expected("One?", "failed", context="failed")],
        [expected("One?", "passed", flow="failed")],
        [
            {
                "text": "One?",
                "assertions": {**expected("One?", "failed")["assertions"], "new": block("failed")},
            }
        ],
    ],
)
def test_other_assertions_stay_the_platforms(suite, outputs):
    """A failed flow, context or unknown assertion is red, whatever the text is."""
    judged = judge_run(answer(result(outputs, ["Two?"])), suite(ANY))
    assert outcomes(judged) == (FAILED, [FAILED])


def test_a_failure_says_what_a_reply_is_not(suite):
    """The reader of a failure knows what the file's matchers wanted, without opening the file."""
    judged = judge_run(answer(result([expected("One?", "failed")], ["Three?"])), suite(ANY))
    said = "the file's matchers do not explain it: reply 1 is none of 'One?', 'Two?'"
    assert judged.steps[0].why == f"text of reply 1; {said}"


@pytest.mark.parametrize(
    ("matcher", "said"),
    [
        (Matcher("any", ("a", "b", "c", "d", "e")), "is none of 'a', 'b', 'c' and 2 more"),
        (Matcher("contains", ("number",)), "does not contain 'number'"),
        (Matcher("contains", ("a", "b")), "does not contain all of 'a', 'b'"),
        (Matcher("matches", ("x+\x1b",)), "does not match 'x+\\x1b'"),
        (Matcher("anything"), "is blank"),
    ],
)
def test_every_matcher_says_what_a_reply_is_not(matcher, said):
    """In a few words, and harmless."""
    assert matcher.say_misfit() == said


@pytest.mark.parametrize(
    "reported",
    [
        result([expected("One?", "failed")], []),
        result([expected("One?", "failed"), expected("More", "failed")], ["Two?"]),
        result([expected("One?", "passed")], ["Two?"]),
        result([expected("One?", "")], ["Two?"]),
        result([expected("Other", "failed")], ["Two?"]),
        result([expected("One?", "failed")], ["Two?"], status="aborted"),
        result([expected("One?", "failed")], ["Two?"], status="error"),
        {**result([expected("One?", "failed")], ["Two?"]), "actualOutput": "broken"},
        {**result([expected("One?", "failed")], []), "actualOutput": [{"text": 5, "assertions": {}}]},
        {**result([expected("One?", "failed")], []), "actualOutput": [{"assertions": {}}]},
    ],
)
def test_without_a_plain_failure_of_a_text_nothing_passes(suite, reported):
    """No actual reply, no failed text, other expectations or another word: the step stays red."""
    judged = judge_run(answer(reported, counts=(0, 1, 1)), suite(ANY))
    assert judged.outcome != PASSED
    assert judged.steps[0].outcome != PASSED


@pytest.mark.parametrize(
    ("status", "counts", "more"),
    [
        ("aborted", None, {}),
        ("cancelled", None, {}),
        ("failed", (0, 2, 2), {}),
        ("failed", (1, 0, 1), {}),
        ("failed", (0, None, 1), {}),
        ("passed", (1, 0, 1), {}),
        ("inprogress", None, {}),
        ("failed", None, {"errorDetails": {"code": 1}}),
    ],
)
def test_a_run_whose_failure_is_not_wholly_explained_stays_red(suite, status, counts, more):
    """The words and counts of the run have to be those of the steps that fit."""
    reported = answer(result([expected("One?", "failed")], ["Two?"]), status=status, counts=counts, **more)
    judged = judge_run(reported, suite(ANY))
    assert judged.outcome in {FAILED, NOT_EVALUATED}
    assert verdict_of(judged, shown={1}) is not None


@pytest.mark.parametrize("words", [("failed", "completed"), ("completed", "failed")])
def test_a_run_that_is_over_and_failed_by_nothing_else_passes(suite, words):
    """One of the two words may say no more than that it is over."""
    reported = answer(result([expected("One?", "failed")], ["Two?"]), status=words[0]).raw
    reported["result"]["status"] = words[1]
    judged = judge_run(read_run_status(json.dumps(reported).encode()), suite(ANY))
    assert outcomes(judged) == (PASSED, [PASSED])


def test_counts_alone_pass_nothing_by_a_matcher(suite):
    """Without the replies nobody knows whether they fit."""
    judged = judge_run(answer(counts=(0, 1, 1)), suite(ANY))
    assert outcomes(judged) == (FAILED, [NOT_EVALUATED])


def test_a_step_that_fits_does_not_hide_one_that_failed(suite):
    """The run stays failed, by the other step alone."""
    local = suite(ANY, "  - user: x\n    bot: Good\n")
    judged = judge_run(
        answer(
            result([expected("One?", "failed")], ["Two?"]),
            result([expected("Good", "failed")], ["No"], said="x"),
        ),
        local,
    )
    assert outcomes(judged) == (FAILED, [PASSED, FAILED])
    assert Rule.COUNTS_DIFFER not in {one.rule for one in judged.findings}


@pytest.mark.parametrize(
    ("bot", "more", "outputs", "given"),
    [
        ("[A, {text: B, optional: true}]", "", [expected("A"), expected("B", "failed", "failed")], ["A"]),
        ("[{text: A, optional: true}, B]", "", [expected("A", "failed"), expected("B", "failed", "")], ["B"]),
        ("[A]", "    more: true\n", [expected("A")], ["A", "B", "C"]),
        (
            "[{any: [A, X], optional: true}, {any: [B, Y]}, C]",
            "    more: true\n",
            [expected("A", "failed"), expected("B", "failed"), expected("C", "failed", "")],
            ["Y", "C", "D"],
        ),
    ],
)
def test_optional_and_further_replies_are_fine(suite, bot, more, outputs, given):
    """A bot may vary in how many messages it sends, where the file says so."""
    judged = judge_run(answer(result(outputs, given)), suite(bot, more))
    assert outcomes(judged) == (PASSED, [PASSED])


@pytest.mark.parametrize(
    ("bot", "more", "outputs", "given"),
    [
        ("[A, B]", "", [expected("A"), expected("B", "failed")], ["A"]),
        ("[A]", "", [expected("A")], ["A", "B"]),
        ("[A, {any: [B, C]}]", "", [expected("A"), expected("B", "failed")], ["A"]),
        ("[{text: A, optional: true}, B]", "", [expected("A", "failed"), expected("B", "failed")], ["X"]),
        (
            "[{text: A, optional: true}, B]",
            "",
            [expected("A", "failed"), expected("B", "failed")],
            ["X", "B"],
        ),
        (
            "[{text: A, optional: true}, B]",
            "",
            [expected("A", "failed", "failed"), expected("B", "failed")],
            ["B"],
        ),
        ("[{text: A, optional: true}]", "", [expected("A", "failed")], []),
        ("[A]", "    more: true\n", [expected("A", "failed")], ["B", "A"]),
    ],
)
def test_nothing_more_is_fine_than_the_file_says(suite, bot, more, outputs, given):
    """A missing, added or wrong reply is red, and so is a flow that failed on a reply that was given."""
    judged = judge_run(answer(result(outputs, given)), suite(bot, more))
    assert outcomes(judged) == (FAILED, [FAILED])


def test_a_passed_step_may_have_more_replies_where_the_file_says_so(suite):
    """Nobody is told of replies that are fine."""
    reported = answer(result([expected("A")], ["A", "B"], "passed"), status="passed")
    assert judge_run(reported, suite("[A]", "    more: true\n")).findings == ()


def test_the_rule_can_make_every_use_of_a_matcher_an_error(suite):
    """Who wants the platform's own verdict gets it."""
    request = RunRequest(rules=RuleSettings({Rule.PASSED_BY_MATCHER: Severity.ERROR}))
    judged = judge_run(answer(result([expected("One?", "failed")], ["Two?"])), suite(ANY), request)
    assert outcomes(judged) == (FAILED, [FAILED])


LIST = {
    "type": "template",
    "payload": {
        "template_type": "list",
        "text": "Sorry, something broke",
        "elements": [{"title": 'One \u00e4 "bed"', "content_type": "text", "payload": "easter"}],
        "image_url": "https://img.example/bed.png",
        "notes": ["Ask \u00e4gain"],
    },
}


@pytest.mark.parametrize("layout", [{}, {"ensure_ascii": False, "indent": 1}])
@pytest.mark.parametrize(
    ("bot", "uploaded", "fits"),
    [
        *((f"{{contains: {word}}}", word, False) for word in ("list", "type", "template", "title", "easter")),
        *((f"{{contains: {word}}}", word, False) for word in ("https", "img", "payload", "'{'", "':'")),
        ("{contains: broke}", "broke", True),
        ("{contains: 'One \u00e4 \"bed'}", 'One \u00e4 "bed', True),
        ("{contains: \u00e4gain}", "\u00e4gain", True),
        ("{contains: [broke, One], example: One broke}", "One broke", True),
        ("{contains: [broke, list], example: A list broke}", "A list broke", False),
        ("{matches: '(?s).*list.*', example: Here is the list}", "Here is the list", False),
        ("{matches: '(?s).*template.*', example: {template: {type: template}}}", '{"type":"template"}', True),
        ("{anything: true, example: x}", "x", True),
    ],
)
def test_of_a_template_the_words_count_that_a_user_sees(suite, bot, uploaded, fits, layout):
    """Keys and codes are no words of the bot, however the template is written."""
    said = json.dumps(LIST, **layout)
    judged = judge_run(answer(result([expected(uploaded, "failed")], [said])), suite(bot))
    assert outcomes(judged) == ((PASSED, [PASSED]) if fits else (FAILED, [FAILED]))


LONG = "{matches: '(?s)(?:.{0,180}a.{0,180}b.{0,180})*', example: ab}"
"""A pattern of so many states that google-re2 alone reads long replies with it."""


@pytest.fixture
def without_re2(monkeypatch):
    """Take google-re2 away."""

    def fail(name):
        raise ImportError(name)

    caches = (safe_regex.compile_pattern, matchers._follow)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setattr(safe_regex, "import_module", fail)
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("without_re2")
def test_a_reply_that_is_too_long_without_google_re2_is_red_and_says_so(suite):
    """Nobody looks for a fault in a reply of which it is not known whether it fits, or accepts it."""
    judged = judge_run(answer(result([expected("ab", "failed")], ["ab" * 2_000])), suite(LONG))
    assert outcomes(judged) == (FAILED, [FAILED])
    help_ = 'reply 1 is too long for this pattern without google-re2: pip install "pytest-kore-convtest[re2]"'
    assert help_ in judged.steps[0].why
    assert accept_step(judged, 0).refused == help_


@pytest.mark.usefixtures("without_re2")
def test_an_example_that_is_too_long_without_google_re2_is_said_to_be(tmp_path):
    """The example is not called wrong when nobody knows whether it is."""
    path = tmp_path / "a.kore.yaml"
    bot = LONG.replace("example: ab", f"example: {'ab' * 2_000}")
    path.write_text(f"suites:\n- name: A\n  steps:\n  - event: Start_Flow\n    bot: {bot}\n")
    (finding,) = lint_file(path)
    assert "the example is too long for this pattern without google-re2: pip install" in finding.message


HEAVY = "{{matches: '(?s)(?:.{{0,40}}a.{{0,40}}b.{{0,40}}c)*n{number}', example: n{number}}}"
"""A pattern of some 1,000 states, most of which each character of a text leads on to."""


@pytest.mark.usefixtures("without_re2")
def test_many_long_replies_end_in_bounded_time_and_say_so(suite, monkeypatch):
    """Nobody waits for 2,500 comparisons of a second each: the step is red, and says what helps."""
    looked = Counter()
    follow = safe_regex._SmallPattern.follow

    def count(self, text):
        found = follow(self, text)
        looked["states"] += found[1]
        return found

    monkeypatch.setattr(safe_regex._SmallPattern, "follow", count)
    numbers = range(50)
    local = suite("[" + ", ".join(HEAVY.format(number=number) for number in numbers) + "]")
    given = [f"{'abc' * 400}n{number}!" for number in numbers]
    outputs = [expected(f"n{number}", "failed") for number in numbers]
    judged = judge_run(answer(result(outputs, given)), local)
    assert outcomes(judged) == (FAILED, [FAILED])
    why = (
        "cannot be judged, because matching all of them takes too long without google-re2:"
        ' pip install "pytest-kore-convtest[re2]"'
    )
    refused = accept_step(judged, 0).refused
    assert re.fullmatch(rf"reply \d+ {re.escape(why)}", refused)
    assert f"the file's matchers do not explain it: {refused}" in judged.steps[0].why
    assert looked["states"] < 12_500_000


def test_a_reply_is_matched_once_however_often_it_is_compared(suite, monkeypatch):
    """A step with many replies that vary takes no longer than each of them."""
    seen = Counter()

    class Counting:
        """A pattern that notes what it was asked."""

        def follow(self, text):
            seen[text] += 1
            return False, 1

    matchers._follow.cache_clear()
    local = suite("[" + ", ".join(["{matches: 'Room \\d+', example: Room 1, optional: true}"] * 5) + "]")
    monkeypatch.setattr(matchers, "compile_pattern", lambda _: Counting())
    given = [f"Bed {at}" for at in range(6)]
    judged = judge_run(answer(result([expected("Room 1", "failed") for _ in range(5)], given)), local)
    assert outcomes(judged) == (FAILED, [FAILED])
    accept_step(judged, 0)
    matchers._follow.cache_clear()
    assert seen
    assert set(seen.values()) == {1}


def test_accepting_all_steps_looks_at_each_finding_once(suite):
    """However many steps failed: what speaks against a run is looked through once, not once a step."""

    class Counted(tuple):
        """Findings that note how often somebody goes through them."""

        __slots__ = ()
        looked = 0

        def __iter__(self):
            type(self).looked += 1
            return super().__iter__()

    judged = judge_run(answer(result([expected("Hi!", "failed")], ["Hello!"])), suite("Hi!"))
    local = replace(judged.local, steps=judged.local.steps * 50)
    many = replace(judged, findings=Counted(judged.findings), steps=judged.steps * 50, local=local)
    assert accept_step(many, 0).changes
    for index in range(50):
        accept_step(many, index)
    assert Counted.looked == 1
