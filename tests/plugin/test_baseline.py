"""``--kore-baseline``: accepted failures are not red, everything else is, and nothing is for ever."""

import json

import pytest

LIVE = ("--kore-emulator", "--kore-run", "inDevelopment")
SUITE = """\
suites:
  - name: STAY
    steps:
      - event: Start_Flow
        bot: Hi!
      - user: quote
        bot: 10 EUR
      - user: bye
        bot: Goodbye.
"""
ENTRY = {"suite": "STAY", "step": 2, "input": "quote", "reason": "TICKET-7", "until": "2099-01-31"}
KNOWN = "known failure until 2099-01-31: TICKET-7"


@pytest.fixture
def stay(pytester):
    """Write a suite, and a bot that answers some inputs in another way; give the arguments."""

    def write(**replies):
        (pytester.path / "a.kore.yaml").write_text(SUITE)
        (pytester.path / "bot.json").write_text(json.dumps({said: [text] for said, text in replies.items()}))
        return (
            *LIVE,
            "--kore-bot=bot.json",
            "--kore-baseline=known.json",
            "--kore-json=kore.json",
            "a.kore.yaml",
        )

    return write


@pytest.fixture
def accept(pytester):
    """Write a baseline of one entry, changed."""

    def write(**changes):
        data = {"format": "pytest-kore-convtest baseline", "version": 1, "accepted": [ENTRY | changes]}
        (pytester.path / "known.json").write_text(json.dumps(data))

    return write


def read(pytester):
    """Return the JSON report."""
    return json.loads((pytester.path / "kore.json").read_text())


def test_a_known_failure_is_green_and_counted(run, stay, accept, plugin_args, pytester, junit):  # noqa: PLR0913, PLR0917 - fixtures
    """It is xfailed with the reason, in JUnit skipped, in the report known, and in the closing line."""
    accept()
    ended = run(*plugin_args, *stay(quote="12 EUR"), "--junitxml=junit.xml", "-rx")
    assert ended.code == 0, ended.text
    assert ended.counts["xfailed"] == 1
    assert any(line.endswith(KNOWN) for line in ended.reasons)
    assert ended.closing == ["kore: 1 suite imported and valid; 3 of 3 steps executed, 1 known failure"]
    skipped = junit()[1]["step 02 quote"].find("skipped")
    assert skipped.get("message") == KNOWN
    record = read(pytester)
    assert record["verdict"] == "passed"
    assert [step["known"] for step in record["suites"][0]["steps"]] == ["", KNOWN, ""]


def test_another_failure_is_red(run, stay, accept, plugin_args):
    """Beside a known one, too."""
    accept()
    ended = run(*plugin_args, *stay(quote="12 EUR", bye="See you"))
    assert ended.code == 1
    said = "1 suite imported and valid; 3 of 3 steps executed, 1 FAILED, 1 known failure; 1 of 7 tests FAILED"
    assert ended.closing == [f"kore: FAILED: {said}"]


def test_only_known_failures_selected_is_green(run, stay, accept):
    """They were checked; the run without its steps, too."""
    accept()
    args = stay(quote="12 EUR")
    assert run(*args, "-k", "quote").code == 0
    assert run(*args, "-k", "run").code == 0


def test_an_expired_entry_accepts_nothing_and_is_named(run, stay, accept):
    """Its day is over."""
    accept(until="2020-01-31")
    ended = run(*stay(quote="12 EUR"))
    assert ended.code == 1
    assert "known.json: STAY: step 02 quote was accepted until 2020-01-31: it fails again" in ended.lines


@pytest.mark.parametrize(("days", "warns"), [(366, False), (367, True)])
def test_a_day_that_is_more_than_a_year_away_is_named(run, stay, accept, days, warns):
    """What is accepted for ever is looked at by nobody."""
    from datetime import datetime, timedelta, timezone

    until = datetime.now(timezone.utc).date() + timedelta(days=days)
    accept(until=until.isoformat())
    ended = run(*stay(quote="12 EUR"))
    assert ended.code == 0
    said = f"known.json: 1 failure accepted for more than a year, until {until} at the latest"
    assert (f"{said}: give a nearer day, so that somebody looks again" in ended.lines) is warns


def test_of_many_entries_a_few_are_named_and_those_first_that_make_the_run_red(run, stay, pytester):
    """The rest is counted."""
    args = stay(quote="12 EUR")
    entries = [ENTRY | {"step": at, "input": f"gone {at}"} for at in range(1, 31)]
    data = HEAD | {"accepted": [*entries, ENTRY | {"until": "2020-01-31"}]}
    (pytester.path / "known.json").write_text(json.dumps(data))
    ended = run(*args)
    told = [line for line in ended.lines if line.startswith("known.json: ")]
    assert told[0] == "known.json: STAY: step 02 quote was accepted until 2020-01-31: it fails again"
    assert told[20] == "known.json: 11 more entries need a look"
    assert len([line for line in told if "there is no such step" in line]) == 19


def test_a_file_that_a_person_edited_is_read(run, stay, pytester):
    """With a byte order mark, the ends of lines of Windows, and entries in any order."""
    args = stay(quote="12 EUR")
    text = json.dumps(HEAD | {"accepted": [ENTRY | {"suite": "Z"}, ENTRY]}, indent=2)
    (pytester.path / "known.json").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert run(*args).code == 0


def test_an_entry_that_is_fixed_is_named(run, stay, accept):
    """The run is green, and says what to remove."""
    accept()
    ended = run(*stay(quote="10 EUR"))
    assert ended.code == 0
    said = "known.json: STAY: step 02 quote is accepted, and it does not fail any more: fixed, remove it"
    assert said in ended.lines


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"input": "quota"}, "STAY: step 02 quota is accepted, and there is no such step: remove it"),
        (
            {"suite": "OTHER"},
            (
                "its only entry, OTHER: step 02 quote, is not of a suite that was run, so it accepted"
                " nothing: give the baseline of these suites, or correct its suites and files"
            ),
        ),
        (
            {"file": "was/here.kore.yaml"},
            (
                "STAY: step 02 quote is accepted in was/here.kore.yaml, which is not there any more;"
                " its suite is in a.kore.yaml now: write that into its file, or remove it"
            ),
        ),
        (
            {"file": "gone.kore.yaml", "suite": "GONE"},
            (
                "GONE: step 02 quote is accepted in gone.kore.yaml, which is not there any more;"
                " correct its file, or remove it"
            ),
        ),
        (
            {"file": "sub/a.kore.yaml", "suite": "WAS"},
            (
                "WAS: step 02 quote is accepted in sub/a.kore.yaml, which has no such suite;"
                " correct its suite, or remove it"
            ),
        ),
        ({"bot": "st-7"}, "1 entry of another bot (st-7) accepted nothing here"),
    ],
)
def test_an_entry_about_something_else_accepts_nothing(run, stay, accept, changes, said):
    """Another step, suite or bot: the failure is red, and the entry is named."""
    accept(**changes)
    ended = run(*stay(quote="12 EUR"))
    assert ended.code == 1
    assert f"known.json: {said}" in ended.lines


def test_an_entry_of_a_suite_that_was_not_selected_is_not_called_lost(run, stay, accept, pytester):
    """Its file is there, and has the suite."""
    accept(file="other.kore.yaml", suite="OTHER")
    args = stay(quote="10 EUR")
    (pytester.path / "other.kore.yaml").write_text(SUITE.replace("STAY", "OTHER"))
    ended = run(*args)
    assert ended.code == 0
    assert "other.kore.yaml" not in ended.text


def test_a_step_that_moved_is_still_known(run, stay, accept):
    """Its input says which it is."""
    accept(step=9, file="elsewhere/a.kore.yaml/../a.kore.yaml")
    assert run(*stay(quote="12 EUR")).code == 0


def test_errors_are_never_accepted(run, stay, accept, account):
    """What could not be found out is red, whatever is accepted."""
    accept()
    args = [arg for arg in stay(quote="12 EUR") if arg not in {"--kore-emulator", "--kore-bot=bot.json"}]
    account.script("SUCCESS", job="import")
    account.fail_next(400, times=50)
    assert run(*args).code == 1


def test_runxfail_shows_the_failure(run, stay, accept):
    """As pytest's own option does for its own marks."""
    accept()
    ended = run(*stay(quote="12 EUR"), "--runxfail")
    assert ended.code == 1
    assert ended.counts["failed"] == 1


HEAD = {"format": "pytest-kore-convtest baseline", "version": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read the baseline known.json"),
        ("{", "known.json cannot be used: Invalid JSON"),
        (
            b'{"format": "f\xfcr"}',
            "known.json cannot be used: Invalid JSON: not UTF-8 at byte 13; correct it",
        ),
        (
            b" " * (64 * 1024 * 1024 + 1),
            "cannot read the baseline known.json: it is larger than 64 MiB; name",
        ),
        ("{}", "$.format"),
        (HEAD | {"version": 2, "accepted": []}, "this one reads version 1; upgrade pytest-kore-convtest"),
        (HEAD, "$.accepted: it has to be a list"),
        (HEAD | {"accepted": [ENTRY | {"untill": "x"}]}, "$.accepted[0].untill: no such key is known"),
        (
            HEAD | {"accepted": [ENTRY | {"until": "2027-02-30"}]},
            "$.accepted[0].until: '2027-02-30' is no day",
        ),
        (HEAD | {"accepted": [ENTRY | {"reason": " "}]}, "$.accepted[0].reason: it is empty"),
        (HEAD | {"accepted": [ENTRY, ENTRY]}, "$.accepted[1]: STAY: step 02 quote is accepted twice"),
        ({"format": "pytest-kore-convtest", "version": 9}, "$.version: version 9 was written by a newer"),
    ],
    ids=range(12),
)
def test_a_file_that_cannot_be_used_ends_the_run_at_once(run, stay, pytester, content, said):
    """Exit code 4, one sentence with the file and the place, nothing sent."""
    args = stay(quote="10 EUR")
    if content is not None:
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        (pytester.path / "known.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    ended = run(*args)
    assert ended.code == 4
    assert said in ended.text
    assert "known.json" in ended.text


def test_accepting_what_a_run_reports_makes_the_next_one_green(run, stay, accept, pytester):
    """The command's file is what the option reads."""
    from fork_server import run_module

    accept(suite="OTHER")
    args = stay(quote="12 EUR")
    assert run(*args).code == 1
    words = (
        "compare",
        "--accept",
        "known.json",
        "kore.json",
        "--reason",
        "TICKET-7",
        "--until",
        "2099-01-31",
    )
    code, *_ = run_module("pytest_kore_convtest", *words, cwd=pytester.path)
    assert code == 0
    assert run(*args).code == 0


@pytest.mark.parametrize(("said", "code"), [(["12 EUR"], 0), (["12 EUR", "And more."], 1), ([], 1)])
def test_another_number_of_replies_is_another_failure(run, stay, accept, pytester, said, code):  # noqa: PLR0913, PLR0917 - fixtures
    """A reply that is wrong is accepted; one more, or none at all, is not."""
    accept(fails=["text of reply 1"])
    args = stay()
    (pytester.path / "bot.json").write_text(json.dumps({"quote": said}))
    ended = run(*args)
    assert ended.code == code, ended.text
    if code:
        replies = "1 reply" if len(said) == 1 else f"{len(said)} replies"
        assert f"{replies} instead of 1, accepted is text of reply 1" in ended.text


def test_a_reply_that_fits_its_matcher_is_not_accepted_as_wrong(run, stay, accept, pytester):
    """Of a step with matchers an acceptance covers the replies that did not fit, not those that did."""
    args = stay()
    suite = SUITE.replace("bot: 10 EUR", "bot: [{any: [10 EUR, 11 EUR]}]")
    (pytester.path / "a.kore.yaml").write_text(suite)
    (pytester.path / "bot.json").write_text(json.dumps({"quote": ["11 EUR", "And more."]}))
    accept(until="2020-01-31")
    run(*args)
    (step,) = [step for step in read(pytester)["suites"][0]["steps"] if step["number"] == 2]
    assert step["fails"] == ["2 replies instead of 1"]
