"""The record as Markdown: what it says, what it leaves out, and what cannot break it."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports.records import (
    NASTY,
    make_evidence,
    make_failed_suite,
    make_import,
    make_item,
    make_record,
    make_reply,
    make_run,
    make_step,
    make_suite,
    records,
)

from pytest_kore_convtest.reports.markdown import LEAST, LIMIT, render_markdown
from pytest_kore_convtest.reports.markup import cell, code, fence, fold

CANARY = "canary"
"""Stands in every foreign text, so that a reader of the rendered report can tell where those ended up."""

OUR_TAGS = re.compile(r"</?details>|</?summary>|</?code>")


def marked(text):
    """Put the canary on both sides of a text."""
    return f"{CANARY}{text}{CANARY}"


@pytest.fixture(name="parse", scope="module")
def _parse():
    markdown_it = pytest.importorskip("markdown_it")
    return markdown_it.MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse


def flat(tokens):
    """Yield all tokens, those inside others too."""
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def said(suite):
    """Return the row of the only suite's table."""
    return render_markdown(make_record(suite)).split("| --- |\n", 1)[1].split("\n", 1)[0]


FIRST_LINES = [
    (make_record(make_suite(run=make_run())), "PASSED"),
    (make_record(), "PASSED (no suite was run: imports and structure only)"),
    (make_record(make_suite(run=make_run()), make_suite()), "PASSED (1 of 2 suites was not run)"),
    (make_record(suites=[]), "PASSED (no suite was tested)"),
    (make_record(make_suite(run=make_run()), verdict="unknown"), "NOT VERIFIED, which is not a pass"),
    (make_record(make_failed_suite()), "FAILED"),
    (
        make_record(make_suite(run=make_run()), evidence=[make_evidence(emulator=True)]),
        "PASSED (built-in emulator; no real platform was contacted)",
    ),
    (
        make_record(
            make_suite(run=make_run()),
            evidence=[make_evidence(emulator=True), make_evidence(interrupted=True)],
        ),
        "PASSED (1 of 2 runs: built-in emulator; no real platform was contacted; "  # noqa: ISC004 - two limits
        "interrupted before everything was tested)",
    ),
]


@pytest.mark.parametrize(("record", "line"), FIRST_LINES, ids=[line for _, line in FIRST_LINES])
def test_the_first_line_is_the_verdict_and_its_limits(record, line):
    """Who reads one line only learns what was not tested as well."""
    assert render_markdown(record).splitlines()[0] == f"## Kore conversation tests: {line}"


def test_the_emulator_is_told_in_a_line_of_its_own():
    """A run against the emulator says so below the verdict too."""
    text = render_markdown(make_record(evidence=[make_evidence(emulator=True)]))
    assert "\n> **Built-in emulator; no real platform was contacted.**\n" in text
    assert "emulator" not in render_markdown(make_record())


def test_what_was_tested_is_told_of_each_run():
    """Bot, target, branch and commit stand at the top, of merged runs each once; of many the first ones."""
    bots = [make_evidence(stream_id=f"st-{number}") for number in (1, 2, 2)]
    lines = render_markdown(make_record(evidence=bots)).splitlines()
    assert [line for line in lines if line.startswith("Tested: ")] == [
        "Tested: `bot st-1, target booking-dev, branch main, commit 4f1e4f1e4f1e`",
        "Tested: `bot st-2, target booking-dev, branch main, commit 4f1e4f1e4f1e`",
    ]
    many = [make_evidence(stream_id=f"st-{number}", git=None, target="") for number in range(9)]
    assert "Tested: `bot st-2`\n\nTested: `and 6 more`\n" in render_markdown(make_record(evidence=many))


def test_the_counts_are_told():
    """Suites by verdict and steps by outcome stand below the first line."""
    text = render_markdown(make_record(make_failed_suite(), make_suite(), make_suite(verdict="unknown")))
    assert (
        text.splitlines()[2]
        == "3 suites: 1 passed, 1 failed, 1 not verified. Steps: 1 passed, 1 failed, 4 not evaluated."
    )


ROWS = [
    (
        make_failed_suite(),
        "| `REFUND` | **FAILED** | 1 | 1 | 0 | 13.0 s | 8 | `step 02 refund: the text assertion",
    ),
    (
        make_suite(),
        "| `BOOKING` | passed, not run | 0 | 0 | 2 | 6.5 s | 4 | `not run: import and structure only` |",
    ),
    (
        make_suite(run=make_run(), steps=[make_step(), make_step(2, "bye")]),
        "| `BOOKING` | passed | 2 | 0 | 0 | 13.0 s | 8 |  |",
    ),
    (
        make_suite(
            run=make_run(counts_only=True), steps=[make_step(outcome="not evaluated", why="counts only")] * 2
        ),
        "| `BOOKING` | passed | 2 | 0 | 0 | 13.0 s | 8 | `step 01 hello: counts only (and 1 more)` |",
    ),
    (
        make_suite(
            verdict="unknown",
            imported=make_import(stored_steps=0, trouble={"kind": "JobTimeoutError", "message": "too late"}),
        ),
        "| `BOOKING` | **NOT VERIFIED** | 0 | 0 | 0 | 6.5 s | 4 | `import: too late` |",
    ),
    (
        make_suite(verdict="unknown", run=make_run()),
        "| `BOOKING` | **NOT VERIFIED** | 0 | 0 | 2 | 13.0 s | 8 | `not verified, and no reason was recorded` |",  # noqa: E501
    ),
    (
        make_suite(run=make_run(notes=["odd word"])),
        "| `BOOKING` | passed | 0 | 0 | 2 | 13.0 s | 8 | `odd word` |",
    ),
]


@pytest.mark.parametrize(("suite", "row"), ROWS, ids=[row for _, row in ROWS])
def test_a_row_says_how_a_suite_did(suite, row):
    """Verdict, steps, duration, polls and the weakest point stand in the table."""
    assert said(suite).startswith(row)


def test_what_failed_stands_first():
    """The table begins with failed suites, then those without a verdict."""
    text = render_markdown(make_record(make_suite("A"), make_suite("B", "unknown"), make_failed_suite("C")))
    assert re.findall(r"^\| `([ABC])`", text, re.MULTILINE) == ["C", "B", "A"]


def test_a_failed_step_shows_expected_and_actual():
    """Both replies stand in code, folded, with the place in the file."""
    text = render_markdown(make_record(make_failed_suite()))
    block = text[text.index("<summary><code>REFUND: step 02 refund</code></summary>") :].split("</details>")[
        0
    ]
    assert "At `booking.kore.json:20`" in block
    assert "Expected:\n\n```text\nYou get 10 EUR.\n```" in block
    assert "Actual:\n\n```text\nYou get 12 EUR.\n```" in block


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (make_reply([], "Oh!", ""), "Expected no reply."),
        (make_reply(["Hi!"], None, ""), "The bot gave no reply."),
        (make_reply(["Hi!", "You get 9 EUR."], "You get 8 EUR."), "Expected (the closest of 2 variations):"),
        (make_reply(['{"type":"x","a":1}'], '{"type":"x","a":2}'), "- `$.a: expected 1, actual 2`"),
    ],
)
def test_a_wrong_reply_says_what_is_wrong(reply, line):
    """A missing or an unexpected reply is told, variations are counted, templates compared as data."""
    step = make_step(outcome="failed", replies=[make_reply(["fine"], "fine"), reply])
    text = render_markdown(make_record(make_suite(verdict="failed", run=make_run(), steps=[step])))
    assert f"{line}\n" in text
    assert "Expected:\n\n```text\nfine" not in text


def test_a_failed_assertion_says_what_it_expects():
    """A flow or context assertion shows its entries; those of a text are the replies above."""
    blocks = [
        {"kind": kind, "enabled": True, "status": status, "expected": [{"nodeId": kind}]}
        for kind, status in (("flow", "failed"), ("context", "passed"), ("text", "failed"))
    ]
    step = make_step(outcome="failed", replies=[make_reply() | {"assertions": blocks}])
    text = render_markdown(make_record(make_suite(verdict="failed", steps=[step])))
    assert 'Assertion `flow` failed; it expects:\n\n- `{"nodeId": "flow"}`\n' in text
    assert "Assertion `text` failed.\n" in text
    assert text.count("nodeId") == 1


def test_entries_nested_too_deep_do_not_cost_the_report():
    """What cannot be written as JSON is told as that."""
    deep = []
    for _ in range(100_000):
        deep = [deep]
    block = {"kind": "flow", "enabled": True, "status": "failed", "expected": [deep]}
    step = make_step(outcome="failed", replies=[make_reply() | {"assertions": [block]}])
    assert "nested too deep" in render_markdown(make_record(make_suite(verdict="failed", steps=[step])))


def test_a_derived_verdict_is_told_as_such():
    """Who reads a failed step learns whether the platform said so."""
    step = make_step(outcome="failed", says="derived")
    assert "Derived from what the platform" in render_markdown(make_record(make_suite(steps=[step])))
    assert "Derived from" not in render_markdown(make_record(make_failed_suite()))


def test_long_replies_are_cut_beside_the_difference():
    """Of long replies the part that differs is shown."""
    same = "word " * 20_000
    step = make_step(outcome="failed", replies=[make_reply([f"{same}ten"], f"{same}twelve")])
    text = render_markdown(make_record(make_suite(verdict="failed", steps=[step])))
    assert "word ten\n```" in text
    assert "word twelve\n```" in text
    assert len(text) < 10_000


def test_why_a_job_failed_is_told():
    """Trouble, reasons, status logs and the command that resumes are shown, the first ten of many."""
    trouble = {"kind": "JobStalledError", "message": "stood still\nfor 300 s"}
    failed = make_import(trouble=trouble, why=[f"reason {at}" for at in range(12)], logs=["log 1"])
    text = render_markdown(make_record(make_suite(verdict="unknown", imported=failed)))
    assert "No verdict, `JobStalledError`:\n\n```text\nstood still\nfor 300 s\n```" in text
    assert "- `reason 9`\n- and 2 more\n" in text
    assert "Status logs:\n\n- `log 1`\n" in text
    assert "To wait for it again:\n\n```text\npytest --kore-gate --kore-ds-id ds-1\n```" in text


def test_a_failed_test_of_a_step_is_not_told_twice():
    """Items are listed unless they are a step that is listed."""
    suite = make_failed_suite()
    step = make_item(nodeid=suite["steps"][1]["nodeid"], message="said above")
    text = render_markdown(
        make_record(suite, items=[step, make_item(), make_item(nodeid="ok", outcome="passed")])
    )
    assert "said above" not in text
    assert text.count("<summary><code>failed: ") == 1
    assert "the suite has 2 steps, 3 are expected" in text


def test_findings_gaps_notes_and_closing_lines_are_told():
    """Each of them has a section, and a section without entries is left out."""
    finding = {"severity": "warning", "path": "$.tags", "message": "tags differ", "place": "b.kore.json:4"}
    text = render_markdown(
        make_record(
            make_suite(imported=make_import(findings=[finding])),
            not_evaluated=[{"what": "step 02", "why": "the run failed"}],
            notes=["a note"],
        )
    )
    assert "- **warning** in `BOOKING`, `$.tags`, `b.kore.json:4`: `tags differ`\n" in text
    assert "### Not evaluated\n\n- `step 02`: `the run failed`\n" in text
    assert "### Notes\n\n- `a note`\n" in text
    assert "### Final status\n\n- `kore: 1 suite imported and valid`\n" in text
    assert "### Failed tests" not in text


def test_the_evidence_is_folded_and_whole():
    """Host, stream, commit, hashes, ids, settings and what the API does not give stand in the evidence."""
    text = render_markdown(make_record(make_suite(run=make_run())))
    evidence = text[text.index("### Evidence") :]
    for fact in (
        "`https://bots.kore.ai`",
        "`st-11111111-2222-3333-4444-555555555555`",
        f"`{'4f1e' * 10} with local changes`",
        "`-0.25 s`",
        "| `client_secret` | `set` | `environment` |",
        "gives no build number of a bot",
        f"`{'ab' * 32}`",
        f"`{'cd' * 32}`",
        f"`{'0a' * 16}`",
        "| Import job | `ds-1` |",
        "| Run | `ctr-1` |",
        "| Stored as | `BOOKING_7` |",
        "`passed (platform)`",
    ):
        assert fact in evidence
    assert evidence.count("<details>") == evidence.count("</details>") == 2


def test_what_does_not_fit_is_counted():
    """Sections are cut between entries, later ones still get room, and a sentence says what is missing."""
    suites = [
        make_failed_suite(f"S{number}", steps=[make_step(at, outcome="failed") for at in range(50)])
        for number in range(10)
    ]
    record = make_record(*suites, notes=["the last note"])
    text = render_markdown(record)
    assert LIMIT * 0.75 < len(text) <= LIMIT
    shown = text.count("<summary><code>S") - 10
    (line,) = (line for line in text.splitlines() if line.startswith("> Left out"))
    assert f"{510 - shown} of 510 failures" in line
    assert "`--kore-html` and `--kore-json`" in line
    assert text.index("> Left out") < text.index("### Suites")
    assert "- `the last note`" in text
    assert text.count("<details>") == text.count("</details>")
    assert "Left out" not in render_markdown(record, 10**7)


def test_a_single_entry_too_many_is_left_out():
    """A report of just the limit is whole; with one letter less it is cut."""
    record = make_record(notes=["x" * 400] * 20)
    whole = render_markdown(record, 10**6)
    assert render_markdown(record, len(whole) + 1) == whole
    cut = render_markdown(record, len(whole) - 1)
    assert "> Left out" in cut
    assert len(cut) < len(whole)


def test_a_limit_that_is_too_small_is_refused():
    """There has to be room for the verdict."""
    with pytest.raises(ValueError, match="a limit of 1999 is too small: 2000 characters are needed"):
        render_markdown(make_record(), LEAST - 1)


@settings(deadline=None, max_examples=200)
@given(record=records(), limit=st.integers(LEAST, LEAST * 3))
def test_any_record_is_rendered_within_the_limit(record, limit):
    """Whatever is in a record, the report keeps its limit and its first line."""
    text = render_markdown(record, limit)
    assert len(text) <= limit
    assert text.startswith("## Kore conversation tests: ")
    assert text.count("\n<details>\n") == text.count("\n</details>\n")


@settings(deadline=None, max_examples=200)
@given(record=records(st.sampled_from(NASTY).map(marked)))
def test_foreign_text_stays_in_code(parse, record):
    """No text of a record becomes HTML, a link, an image, or plain text that could mention somebody."""
    allowed = {"fence", "code_inline", "html_block"}
    for token in flat(parse(render_markdown(record, 10**6))):
        if token.type == "html_block":
            assert "<" not in OUR_TAGS.sub("", token.content)
            outside = re.sub(r"<code>[^<]*</code>", "", token.content)
            assert CANARY not in outside
        elif not token.children:
            assert token.type in allowed or CANARY not in token.content
        assert token.type not in {"image", "link_open", "html_inline", "code_block"}


@settings(deadline=None, max_examples=300)
@given(text=st.sampled_from(NASTY) | st.text("`|\\ a\n", max_size=8), other=st.sampled_from(NASTY))
def test_a_cell_holds_what_was_put_into_it(parse, text, other):
    """Pipes, backticks, backslashes and lines of a text do not move it to another cell."""
    name, note = f"a{text}z", f"b{other}y"
    tokens = list(flat(parse(f"| A | B |\n| --- | --- |\n| {cell(name)} | {cell(note)} |\n")))
    held = [token.content for token in tokens if token.type == "code_inline"]
    assert [one[0] + one[-1] for one in held] == ["az", "by"]
    if name.isprintable():
        assert held[0] == name


@pytest.mark.parametrize("text", ["`", "``a`", " a ", "  ", "a\\", "a`"])
def test_inline_code_is_what_was_said(parse, text):
    """Backticks and blanks at the ends survive."""
    (token,) = (one for one in flat(parse(code(text))) if one.type == "code_inline")
    assert token.content == text


def test_a_block_is_longer_fenced_than_what_is_in_it(parse):
    """Lines of backticks do not end the block, and lines are kept."""
    (token,) = parse(fence("a\n`````\n~~~~\n# b", 100))
    assert (token.type, token.content) == ("fence", "a\n`````\n~~~~\n# b\n")


def test_a_fold_shows_its_title_as_text():
    """HTML in a title is shown, not obeyed."""
    text = fold("</summary><b>x</b>\n\ny", "body")
    assert html.unescape(text).count("</summary>") == 2
    assert text.count("</summary>") == 1
    assert "\\n\\ny</code></summary>\n\nbody\n\n</details>" in text


def test_control_characters_are_shown():
    """Escapes, overrides and bells are visible, joined letters stay."""
    text = render_markdown(make_record(make_suite("a\x1b[31m\u202e\x07 \u0645\u06cc\u200c\u062e")))
    assert "`a\\x1b[31m\\u202e\\x07 \u0645\u06cc\u200c\u062e`" in text
    assert not {"\x1b", "\u202e", "\x07"} & set(text)


def test_a_failed_step_shows_the_conversation_as_yaml_and_what_accepts_it():
    """A failure holds what was said, in a YAML block that no reply can end, and the lines offered."""
    said = 'a: "b"\n```\n# x'
    wrong = make_step(2, "room", "failed", replies=[make_reply(["?"], said, "failed")])
    wrong["offers"] = [{"where": "line 9 becomes", "lines": ["    - Which town?"]}]
    text = render_markdown(make_record(make_suite(verdict="failed", steps=[make_step(), wrong])))
    talk = '- user: hello\n  bot: Hi!\n- user: room # step 02 failed\n  bot: "a: \\"b\\"\\n```\\n# x"\n'
    assert f"````yaml\n{talk}````\n" in text
    assert "To accept it, `line 9 becomes`:\n\n```text\n    - Which town?\n```\n" in text


def test_a_long_conversation_is_cut_from_its_beginning():
    """Of many steps the last ones are shown, and how many came before."""
    steps = [make_step(number, f"say {number}") for number in range(1, 20)]
    steps.append(make_step(20, "last", "failed", replies=[make_reply(["x"], "y" * 500, "failed")]))
    text = render_markdown(make_record(make_suite(verdict="failed", steps=steps)))
    assert "```yaml\n# 14 earlier steps\n- user: say 15\n" in text
    assert f"\n  bot: {'y' * 80}…\n```" in text
