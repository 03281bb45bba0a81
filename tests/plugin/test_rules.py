"""Rules at work: what a stored suite that checks less than its file does to a test run, and who decides."""

import json

import pytest

from pytest_kore_convtest import findings


def step(said, *replies, **more):
    """Return a step of a suite file."""
    return {"input": said, "outputs": [{"contains": reply} for reply in replies], **more}


START = step("Start_Flow", "Welcome.", event="Start_Flow")


@pytest.fixture
def put(pytester):
    """Write a suite file of a good first step and others."""
    pytester.makeini("[pytest]")

    def write(*steps, name="a.kore.json"):
        suite = {"name": "A", "messages": [START, *steps]}
        (pytester.path / name).write_text(json.dumps({"testCases": [suite]}), encoding="utf-8")
        return name

    return write


@pytest.fixture
def record(pytester):
    """Read what ``--kore-json=r.json`` wrote."""
    return lambda: json.loads((pytester.path / "r.json").read_text(encoding="utf-8"))


def set_text(**block):
    """Make a drift that changes the text assertion of the last step's first reply; flow level is on."""

    def change(suite):
        blocks = suite["testSteps"][-1]["outputs"][0]["assertions"]
        blocks["text"].update(block)
        blocks["flowLevel"].update(enabled=True, contains=[{"nodeId": "Quote"}])
        return suite

    return change


def entries(*texts):
    """Return what a text assertion compares with."""
    return [{"text": text} for text in texts]


def drop_variation(suite):
    """Lose one of two texts that are accepted."""
    contains = suite["testSteps"][-1]["outputs"][0]["assertions"]["text"]["contains"]
    contains[:] = [entry for entry in contains if entry["text"] != "Yes?"]
    return suite


def drop_assertions(suite):
    """Keep the text only."""
    del suite["testSteps"][-1]["outputs"][0]["assertions"]
    return suite


def add_kind(suite):
    """Add an assertion of another kind."""
    blocks = suite["testSteps"][-1]["outputs"][0]["assertions"]
    blocks["mood"] = {"enabled": True, "contains": [{"mood": "good"}]}
    return suite


def make_list(suite):
    """Make the assertions a list."""
    output = suite["testSteps"][-1]["outputs"][0]
    output["assertions"] = [{"kind": kind, **block} for kind, block in output["assertions"].items()]
    return suite


WEAKER = {
    "switched off": (set_text(enabled=False), "assertion-lost"),
    "emptied": (set_text(contains=[]), "assertion-lost"),
    "replaced": (set_text(contains=entries(".*")), "assertion-lost"),
    "blank": (set_text(contains=entries(" ")), "assertion-lost"),
    "blank beside": (set_text(contains=entries("Which city?", "Yes?", "")), "blank-variation"),
    "invisible beside": (set_text(contains=entries("Which city?", "Yes?", "\u200b")), "blank-variation"),
    "no texts": (set_text(contains=["Which city?", "Yes?"]), "assertion-not-understood"),
    "an object": (set_text(contains={"text": "Which city?"}), "assertion-not-understood"),
    "a number": (set_text(contains=[{"text": 5}]), "assertion-not-understood"),
    "a word": (set_text(enabled="true"), "assertion-not-understood"),
    "one": (set_text(enabled=1), "assertion-not-understood"),
    "a list": (make_list, "assertion-not-understood"),
    "another kind": (add_kind, "unknown-assertion-kind"),
    "no assertions": (drop_assertions, "assertion-lost"),
    "a variation less": (drop_variation, "variation-lost"),
}


@pytest.mark.parametrize(("drift", "rule"), WEAKER.values(), ids=WEAKER)
def test_a_suite_that_checks_less_is_red(put, run, account, record, drift, rule):  # noqa: PLR0913, PLR0917 - fixtures
    """A stored suite that checks less than its file fails ``structure`` under a named rule."""
    put({"input": "quote", "outputs": [{"contains": {"oneOf": ["Which city?", "Yes?"]}}]})
    account.switch(drift=drift)
    result = run("--kore-json=r.json", "--kore-html=r.html", "--kore-markdown=r.md")
    assert (result.code, result.counts["failed"]) == (1, 1), result.text
    assert f"[{rule}]" in result.text
    found = record()["suites"][0]["imported"]["findings"]
    assert rule in {one["rule"] for one in found if one["severity"] == "error"}


def test_the_name_is_on_every_surface(put, run, account, record, pytester, monkeypatch):  # noqa: PLR0913, PLR0917 - fixtures
    """Terminal, failure text, JUnit, JSON, HTML, Markdown and annotations name the rule."""
    put(step("quote", "Which city?"))
    account.switch(drift=set_text(enabled=False))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    reports = ("--junitxml=j.xml", "--kore-html=r.html", "--kore-markdown=r.md", "--kore-json=r.json")
    result = run(*reports)
    summary = [line for line in result.lines if line.startswith("FAILED ")]
    assert any("[assertion-lost]" in line for line in summary)
    assert any(line.startswith("::error") and "[assertion-lost]" in line for line in result.lines)
    for name in ("j.xml", "r.html", "r.md"):
        assert "assertion-lost" in (pytester.path / name).read_text(encoding="utf-8")
    (found,) = [one for one in record()["suites"][0]["imported"]["findings"] if one["severity"] == "error"]
    assert (found["rule"], found["place"], found["file"].endswith("a.kore.json"), found["step"]) == (
        "assertion-lost", f"a.kore.json:{found['line']}", True, 2,
    )  # fmt: skip


@pytest.mark.parametrize(("word", "code"), [("off", 0), ("warning", 0), ("error", 1)])
@pytest.mark.parametrize("where", ["ini", "environment", "typed"])
def test_a_rule_is_set_anywhere(put, run, account, pytester, monkeypatch, word, code, where):  # noqa: PLR0913, PLR0917 - fixtures
    """``kore_rules`` of the ini file, the environment and ``-o`` decides; what is off is not told."""
    put(step("quote", "Which city?"))
    account.switch(drift=set_text(enabled=False))
    line = f"assertion-lost = {word}"
    args = ()
    if where == "ini":
        pytester.makeini(f"[pytest]\nkore_rules =\n    tags-changed = off\n    {line}\n")
    elif where == "environment":
        monkeypatch.setenv("KORE_RULES", f"tags-changed=off,{line}")
    else:
        args = ("-o", f"kore_rules={line}")
    result = run(*args)
    assert result.code == code, result.text
    assert ("[assertion-lost]" in result.text) is (word != "off")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("text-chnaged = off", "did you mean text-changed?"),
        ("suite-without-assertion = off", "suite-without-assertion cannot be changed"),
        ("text-changed = no", "is not RULE = error, warning or off"),
        ("text-changed=off,text-changed=error", "text-changed is a duplicate: remove one"),
    ],
)
def test_a_rule_that_cannot_be_is_a_usage_error(put, run, account, line, said):
    """A mistake in ``kore_rules`` is exit code 4 and says what to write; nothing is asked."""
    put(step("quote", "Which city?"))
    result = run("-o", f"kore_rules={line}")
    assert result.code == 4
    assert "-o kore_rules (from command line)" in result.text
    assert said in result.text
    assert account.requests == []


@pytest.mark.parametrize(
    "outputs", [[], None, [{"contains": ""}], [{"contains": " "}, ""], [{"contains": "\u200b"}]]
)
@pytest.mark.parametrize(("args", "code"), [((), 0), (("--kore-require-assertions",), 1)])
def test_a_weak_step_of_a_file(put, run, outputs, args, code):
    """Lint names a step that expects nothing, once, and fails for it when assertions are required."""
    put({"input": "quote", "outputs": outputs})
    result = run("-m", "not kore_live", *args)
    assert result.code == code, result.text
    assert len([line for line in result.lines if "[step-without-assertion]" in line]) == 1


def test_a_file_that_asserts_nothing_is_red(put, run, pytester):
    """A suite in which nothing at all is asserted fails, whatever ``kore_rules`` says of its steps."""
    put()
    suite = {"name": "A", "messages": [step("Start_Flow", "", event="Start_Flow"), step("quote")]}
    (pytester.path / "a.kore.json").write_text(json.dumps({"testCases": [suite]}), encoding="utf-8")
    result = run("-m", "not kore_live", "-o", "kore_rules=step-without-assertion=off,blank-expectation=off")
    assert result.code == 1
    assert "[suite-without-assertion]" in result.text
    assert "[step-without-assertion]" not in result.text


def weak_suite(number):
    """Return a script of a success whose suite has one good step and many that assert nothing."""
    blocks = {name: {"enabled": False, "contains": []} for name in ("flowLevel", "context")}
    blocks["text"] = {"enabled": True, "contains": entries("x")}
    good = {"input": "a", "outputs": [{"text": "x", "assertions": blocks}]}
    return [good, *({"input": "b", "outputs": []} for _ in range(number))]


REPORTS = ("--junitxml=j.xml", "--kore-html=r.html", "--kore-markdown=r.md", "--kore-json=r.json")


@pytest.mark.parametrize("args", [(), ("--kore-require-assertions",)], ids=["warned", "required"])
def test_output_does_not_grow_with_findings(  # noqa: PLR0913, PLR0917 - fixtures
    put, run, account, record, pytester, args
):
    """Ten times as many weak steps are as many lines and as long reports; the JSON report has them all."""
    put(step("quote", "Which city?"))
    sizes = []
    for number in (200, 2_000):
        steps = weak_suite(number)
        account.switch(drift=lambda suite, steps=steps: {**suite, "testSteps": [*suite["testSteps"], *steps]})
        result = run(*REPORTS, *args, "-o", "kore_rules=step-added=warning")
        assert "more steps assert nothing, first: $.response.testSteps[" in result.text
        assert result.code == (1 if args else 0), result.text
        sizes.append([len(result.lines), *((pytester.path / name).stat().st_size for name in REPORT_NAMES)])
        found = record()["suites"][0]["imported"]["findings"]
        assert sum(one["rule"] == "step-without-assertion" for one in found) == number
    assert all(after <= before * 1.1 + 200 for before, after in zip(*sizes, strict=True)), sizes


REPORT_NAMES = ("j.xml", "r.html", "r.md")


def test_too_many_steps_are_refused(put, run, account, monkeypatch):
    """A suite of more steps than are judged fails in one sentence."""
    monkeypatch.setattr("pytest_kore_convtest.suites.stored.validate.MOST_STEPS", 100)
    monkeypatch.setattr("pytest_kore_convtest.suites.stored.compare_with_file.MOST_STEPS", 100)
    put(step("quote", "Which city?"))
    account.switch(drift=lambda suite: {**suite, "testSteps": weak_suite(100)})
    result = run()
    assert result.code == 1
    assert (
        "has more than 100 steps (101), so no step is checked: split the suite [too-many-steps]"
        in result.text
    )
    assert "[step-without-assertion]" not in result.text


def test_a_long_log_is_cut(gate, account, record):
    """Of a long log the first entries are shown and kept, and how many are left out."""
    logs = json.dumps({"statusLogs": [f"entry {at}" for at in range(5_000)]})
    account.script(f"FAILED(merge='{logs}')", job="ds-demo")
    result = gate("--kore-json=r.json")
    assert "entry 19" in result.text
    assert "entry 20" not in result.text
    assert "and 4,980 more entries, see the JSON report" in result.text
    kept = record()["suites"][0]["imported"]["logs"]
    assert (len(kept), kept[-1]) == (1_001, "and 4,000 more entries, left out")


def test_a_long_log_does_not_slow_a_pass(gate, account, monkeypatch):
    """Ten times as many log entries of a good import are not looked at ten times as often."""
    from pytest_kore_convtest.reports import job_record

    looked, shorten = [], job_record.printable
    monkeypatch.setattr(job_record, "printable", lambda text, most: looked.append(1) or shorten(text, most))
    counts = []
    for number in (2_000, 20_000):
        logs = json.dumps({"statusLogs": [f"entry {at}" for at in range(number)]})
        account.script(f"SUCCESS(merge='{logs}')", job="ds-demo")
        assert gate("--kore-json=r.json").code == 0
        counts.append(len(looked))
        looked.clear()
    assert counts[0] == counts[1]


def test_judging_is_linear(gate, account, monkeypatch):
    """Twice as many weak steps are twice as many findings made, however often somebody asks for them."""
    made, make = [], findings.Finding.__init__
    monkeypatch.setattr(
        findings.Finding, "__init__", lambda self, *a, **k: made.append(1) or make(self, *a, **k)
    )
    counts = []
    for number in (1_000, 2_000):
        suite = {"name": "A", "streamId": account.stream_id, "testSteps": weak_suite(number)}
        merged = json.dumps({"response": suite})
        account.script(f"SUCCESS(merge='{merged}')", job="ds-demo")
        assert gate("--kore-json=r.json").code == 0
        counts.append(len(made))
        made.clear()
    assert counts[0] >= 1_000
    assert counts[1] <= counts[0] * 2 + 100


def test_lint_is_told_once(put, run):
    """With ``--tb=line`` too, an error of lint is told once."""
    put(step("", "x"), step("weak"))
    result = run("-m", "not kore_live", "--tb=line")
    assert result.code == 1
    for told in ("[step-without-input]", "[step-without-assertion]"):
        once = [line for line in result.lines if told in line]
        # pytest 8.0 shows the first line alone of an error with --tb=line.
        assert len(once) == 1 or (pytest.version_tuple < (8, 1) and not once), result.text
    assert result.reasons == [
        "FAILED a.kore.json::A::lint - Verdict: a.kore.json: 1 error in line 1: step-without-input"
    ]
