"""Findings: each under its rule, set by ``kore_rules``, bounded, and told in few lines."""

import re
from pathlib import Path

import pytest

from pytest_kore_convtest import findings
from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.findings import Finding, Location, apply_rules, count, find, summarize
from pytest_kore_convtest.rules import (
    ERROR,
    OFF,
    REQUIRED_BY_ASSERTIONS,
    RULES,
    WARNING,
    Rule,
    RuleSettings,
    Severity,
    severity_of,
)
from pytest_kore_convtest.settings.settings import Given, Settings, resolve

WEAK, LOST = Rule.STEP_WITHOUT_ASSERTION, Rule.ASSERTION_LOST
FIXED = [rule for rule in Rule if RULES[rule].fixed]


def weak(number):
    """Make findings about weak steps."""
    return [
        find(WEAK, f"step {at} asserts nothing", f"$.steps[{at}]", step=at) for at in range(1, number + 1)
    ]


def chosen(text=None, *, ini=None, typed=None, flag=None):
    """Return the rules that the environment, an ini file, the command line and the flag choose."""
    env = {"KORE_RULES": text} if text else {}
    given = {"rules": Given(typed, "command line")} if typed else {}
    if flag:
        given["require_assertions"] = Given(True, flag)
    return resolve(given, env, {"rules": ini} if ini else {})


def test_every_rule_is_described():
    """Each rule has a kebab-case name, a severity, a check and a meaning."""
    assert set(RULES) == set(Rule)
    abouts = {"lint", "lint, structure", "structure", "comparison", "run"}
    for rule, facts in RULES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.value)
        assert (facts.severity != OFF, facts.about in abouts, facts.meaning.endswith(".")) == (
            True,
            True,
            True,
        )


def test_severities_are_applied():
    """A finding has the severity chosen for its rule, errors come first, and what is off is dropped."""
    found = [find(WEAK, "a"), find(Rule.UNKNOWN_KEY, "b"), find(LOST, "c"), find(Rule.TAGS_CHANGED, "d")]
    kept = apply_rules(found, {WEAK: ERROR, LOST: WARNING, Rule.UNKNOWN_KEY: OFF})
    assert [(one.rule, one.severity) for one in kept] == [
        (WEAK, ERROR), (LOST, WARNING), (Rule.TAGS_CHANGED, WARNING),
    ]  # fmt: skip


@pytest.mark.parametrize("rule", FIXED)
def test_a_fixed_rule_stays(rule):
    """Whatever was chosen, a rule without which a run proves nothing keeps its severity."""
    assert severity_of(rule, {rule: OFF}) == RULES[rule].severity == ERROR


def test_a_finding_travels_as_data():
    """A finding is the same after it was data."""
    finding = Finding(LOST, ERROR, "m", Location("a.json", 3, 7, "$.x"), "S", 2, "a", "b", 5)
    data = finding.to_data()
    assert (data["rule"], data["place"], Finding.from_data(data)) == ("assertion-lost", "a.json:3", finding)


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (Location("a.json", 3, 7), "a.json:3:7: m [assertion-lost]"),
        (Location("a.json"), "a.json: m [assertion-lost]"),
        (Location("a.json", 3, 7, "$.x"), "$.x: m [assertion-lost]"),
        (Location(str(Path.cwd() / "b" / "a.json"), 3), "b/a.json:3: m [assertion-lost]"),
        (Location(), "m [assertion-lost]"),
    ],
)
def test_a_finding_in_a_line(location, shown):
    """A finding is told with its location, as short as it can be typed, and its rule."""
    assert str(find(LOST, "m", location=location)) == shown


def test_many_findings_are_few_lines():
    """Of 40,000 weak steps two are told, then how many more there are, and where to read them."""
    lines = summarize(apply_rules(weak(40_000), {}), 2)
    assert lines[:2] == [f"$.steps[{at}]: step {at} asserts nothing [{WEAK}]" for at in (1, 2)]
    said = "39,998 more steps assert nothing, first: $.steps[3], all of them in the JSON report (--kore-json)"
    assert lines[2:] == [f"{said} [step-without-assertion]"]


@pytest.mark.parametrize(("number", "lines"), [(1, 1), (2, 2), (3, 3), (4, 3), (9, 3)])
def test_one_more_is_told(number, lines):
    """A line about one more would be as long as that one."""
    assert len(summarize(weak(number), 2)) == lines


def test_rules_and_severities_are_told_apart():
    """Findings of two rules are two groups, in the order in which they were found."""
    lines = summarize([*weak(5), find(LOST, "x")], 1)
    assert [line.rpartition("[")[2] for line in lines] == [f"{WEAK}]", f"{WEAK}]", f"{LOST}]"]


def test_kept_findings_are_bounded(monkeypatch):
    """Beyond a number findings are counted, not kept; those of another rule still have room."""
    monkeypatch.setattr(findings, "MOST_KEPT", 50)
    monkeypatch.setattr(findings, "LEAST_KEPT", 5)
    kept = apply_rules([*weak(200), *(find(LOST, "x") for _ in range(9))], {})
    assert (len(kept), count(kept)) == (50 + 1 + 5 + 1, 209)
    assert [one.rule for one in kept[:6]] == [LOST] * 6
    assert [one.count for one in kept if one.count > 1] == [4, 150]
    assert "149 more like this" in kept[-1].message
    assert (
        "198 more steps assert nothing, first: $.steps[3], 48 of them in the JSON report"
        in (summarize([one for one in kept if one.rule == WEAK], 2)[-1])
    )


def test_one_more_than_is_kept_is_kept_itself(monkeypatch):
    """Nothing has to be counted for it."""
    monkeypatch.setattr(findings, "MOST_KEPT", 5)
    monkeypatch.setattr(findings, "LEAST_KEPT", 5)
    kept = apply_rules(weak(6), {})
    assert [(one.message, one.count) for one in kept] == [
        (f"step {at} asserts nothing", 1) for at in range(1, 7)
    ]


def test_a_check_without_end_is_stopped(monkeypatch):
    """A check that finds more and more stops, and that is an error which nobody can switch off."""
    monkeypatch.setattr(findings, "MOST_FOUND", 100)
    asked = []

    def endless():
        while True:
            asked.append(1)
            yield find(WEAK, "x")

    kept = apply_rules(endless(), dict.fromkeys(Rule, OFF))
    assert ([one.rule for one in kept], kept[0].severity, len(asked)) == (
        [Rule.TOO_MANY_FINDINGS],
        ERROR,
        101,
    )


# kore_rules


SOME = {WEAK: ERROR, LOST: OFF}


@pytest.mark.parametrize(
    "text",
    [
        "step-without-assertion = error, assertion-lost = off",
        "step-without-assertion=error,assertion-lost=off,",
        " Step_Without_Assertion=ERROR\n\nassertion-lost =off ",
        ["step-without-assertion = error", "assertion-lost = off"],
        {"step-without-assertion": "error", "assertion-lost": "off"},
        {WEAK: Severity.ERROR, LOST: Severity.OFF},
    ],
)
def test_rules_are_read(text):
    """Lines, commas, any casing, and data from a script say the same."""
    assert Settings.read(env={}, rules=text).rules == SOME


def test_a_rule_is_found_by_its_name():
    """The mapping knows rules and their names, and says itself in words."""
    rules = Settings.read(env={}, rules="assertion-lost = off").rules
    assert (rules["assertion-lost"], rules[LOST], rules.get(WEAK), len(rules)) == (OFF, OFF, None, 1)
    assert (str(rules), str(RuleSettings()), rules == {LOST: OFF}) == (
        "assertion-lost = off", "per rule", True,
    )  # fmt: skip
    with pytest.raises(KeyError):
        rules["no-such-rule"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("text-chnaged = off", "'text-chnaged' is not a known rule: did you mean text-changed?"),
        ("step-without-assertions = off", "did you mean step-without-assertion?"),
        ("zzzz = off", "'zzzz' is not a known rule: docs/rules.md lists them"),
        ("text-changed = hint", "'text-changed = hint' is not RULE = error, warning or off"),
        ("text-changed = fatal", "is not RULE = error, warning or off"),
        ("text-changed =", "is not RULE = error, warning or off"),
        ("text-changed", "is not RULE = error, warning or off"),
        ("text-changed = off, text_changed = off", "text-changed is a duplicate: remove one"),
        ("suite-without-assertion = off", "suite-without-assertion cannot be changed: a test run without it"),
        ("nothing-verified = warning", "would prove nothing (No assertion of any step was judged"),
        ("\n,", "is empty"),
    ],
)
def test_rules_that_cannot_be(text, said):
    """A mistake in ``kore_rules`` is told with the setting's name and the way out."""
    with pytest.raises(ConfigError) as refused:
        Settings.read(env={}, rules=text)
    assert "kore_rules" in str(refused.value)
    assert said in str(refused.value)


REQUIRED = dict.fromkeys(REQUIRED_BY_ASSERTIONS, ERROR)
OFF_LINE = "step-without-assertion = off"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"flag": "command line"}, REQUIRED),
        ({"flag": "ini", "text": "text-changed = off"}, {**REQUIRED, Rule.TEXT_CHANGED: OFF}),
        ({"flag": "command line", "typed": OFF_LINE}, {**REQUIRED, WEAK: OFF}),
        ({"flag": "command line", "ini": OFF_LINE}, REQUIRED),
        ({"flag": "command line", "text": OFF_LINE}, REQUIRED),
        ({"flag": "ini", "ini": OFF_LINE}, {**REQUIRED, WEAK: OFF}),
        ({"flag": "ini", "text": OFF_LINE}, {**REQUIRED, WEAK: OFF}),
    ],
)
def test_the_short_word(given, expected):
    """``require_assertions`` makes its rules errors, unless a line of no lower source says otherwise."""
    assert chosen(**given).rules == expected


def test_a_hidden_line_is_told():
    """A line that the short word hides draws a note."""
    notes = chosen(flag="command line", ini=OFF_LINE).notes
    hidden = "kore_rules (from ini): step-without-assertion = off is not used"
    assert notes == (f"{hidden}: --kore-require-assertions (from command line) wins",)


def test_the_flag_turned_off_changes_nothing():
    """``--no-kore-require-assertions`` leaves ``kore_rules`` alone."""
    given = {"require_assertions": Given(False, "command line")}
    assert resolve(given, {"KORE_RULES": OFF_LINE}).rules == {WEAK: OFF}
