"""The section after the run."""

import pytest

from pytest_kore_convtest.plugin.terminal.summary import Line, describe, sum_up, write_summary

IMPORT = {
    "kind": "import", "verdict": "passed", "label": "BOOKING", "id": "ds-1", "asks": 2, "seconds": 1.23,
    "last": "SUCCESS", "weakest": "", "stored": True, "suite": "BOOKING_7", "steps": 3,
    "assertions": {"text": 2, "flow": 1, "context": 0}, "known": 0, "known_flaky": 0, "excused": False,
}  # fmt: skip
RUN = {
    "kind": "run", "verdict": "passed", "label": "BOOKING run", "id": "ctr-1", "asks": 1, "seconds": 4.0,
    "last": "passed", "weakest": "", "steps": 4, "unevaluated": [],
    "known": 0, "known_flaky": 0, "excused": False,
    "results": {"passed": 4, "failed": 0, "not evaluated": 0},
    "runs": ["ctr-1"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "valid; stored as 'BOOKING_7': 3 steps, checks 2 text, 1 flow, never context"),
        (
            {"verdict": "failed", "weakest": "step 03 is lost", "steps": 1},
            "NOT VALID: step 03 is lost; stored as 'BOOKING_7': 1 step, checks 2 text, 1 flow, never context",
        ),
        (
            {"assertions": {"text": 0, "flow": 0, "context": 0}},
            "valid; stored as 'BOOKING_7': 3 steps, checks nothing at all",
        ),
        (
            {"verdict": "failed", "stored": False, "weakest": "the platform rejected the import"},
            "the platform rejected the import; no suite was stored",
        ),
    ],
)
def test_an_import_in_one_line(changes, said):
    """Its line says whether the suite is sound, what is wrong first, how strong it is, what it took."""
    assert (
        describe({**IMPORT, **changes})
        == f"BOOKING: {said}; platform: SUCCESS after 1.2 s, 2 requests (ds-1)"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "4 of 4 steps passed"),
        (
            {
                "verdict": "failed",
                "weakest": "first: step 02 'x': text of reply 1",
                "results": {"passed": 2, "failed": 1, "not evaluated": 1},
                "unevaluated": ["step 04 'y'"],
            },
            (
                "2 of 4 steps passed, 1 failed, 1 not evaluated; first: step 02 'x': text of reply 1;"
                " not evaluated: step 04 'y'"
            ),
        ),
        ({"steps": 0, "results": {"passed": 0, "failed": 0, "not evaluated": 0}}, "no step was reported"),
    ],
)
def test_a_run_in_one_line(changes, said):
    """Its line counts the steps by outcome, names the first failed one and those not evaluated."""
    line = describe({**RUN, **changes})
    assert line == f"BOOKING run: {said}; platform: passed after 4.0 s, 1 request (ctr-1)"


def test_a_run_that_proves_too_little_still_counts_its_steps():
    """A run of which a step was not evaluated is unknown, and says which step that was."""
    line = describe({
        **RUN, "verdict": "unknown", "results": {"passed": 3, "failed": 0, "not evaluated": 1},
        "unevaluated": ["step 04 'y'"], "weakest": "step 04 'y' is not evaluated",
    })  # fmt: skip
    assert line.startswith("BOOKING run: 3 of 4 steps passed, 1 not evaluated; ")


def test_many_steps_not_evaluated_are_named_up_to_five():
    """The rest is counted."""
    line = describe({**RUN, "unevaluated": [f"step {number:02}" for number in range(1, 9)]})
    assert "not evaluated: step 01, step 02, step 03, step 04, step 05, and 3 more" in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "BOOKING: not verified: gone; after 1.2 s, 2 requests (ds-1)"),
        ({"id": ""}, "BOOKING: not verified: gone; after 1.2 s, 2 requests"),
        ({"id": "", "asks": 0}, "BOOKING: did not start: gone"),
        ({"kind": "run", "id": "", "asks": 0}, "BOOKING: did not start, no step was evaluated: gone"),
    ],
)
def test_a_job_without_a_verdict(changes, said):
    """It says why, and that no step was evaluated."""
    job = {**IMPORT, "verdict": "unknown", "weakest": "gone", "last": "", "steps": 0, **changes}
    assert describe(job) == said


def test_the_worst_comes_first():
    """Failed, unknown, passed; within each the order of the run."""
    jobs = [
        {**IMPORT, "label": label, "verdict": verdict}
        for label, verdict in (
            ("A", "passed"),
            ("B", "unknown"),
            ("C", "failed"),
            ("D", "passed"),
            ("E", "failed"),
        )
    ]
    assert [line.text.partition(":")[0] for line in sum_up(jobs)] == ["C", "E", "B", "A", "D"]


class Reporter:
    """Keep what is written, and how it looks."""

    def __init__(self):
        self.written = []

    def ensure_newline(self):
        """Do nothing."""

    def section(self, title, **_):
        """Keep a title."""
        self.written.append(f"== {title}\n")

    def write(self, text, **looks):
        """Keep a text and its looks."""
        self.written.append((text, {name for name, on in looks.items() if on}))

    def line(self, text, **_):
        """Keep the rest of a line."""
        self.written.append(text)


def test_nothing_to_say_is_no_section():
    """The section appears only when it has something to say."""
    reporter = Reporter()
    write_summary(reporter, [], [], [])
    assert reporter.written == []


def test_the_section():
    """Verdicts are coloured words in front; then notes, then the reports."""
    reporter = Reporter()
    lines = [Line("failed", "C: x"), Line("unknown", "B: y"), Line("passed", "A: z")]
    write_summary(reporter, lines, ["a note"], ["HTML report: kore.html"])
    assert reporter.written == [
        "== kore\n",
        ("FAILED  ", {"red", "bold"}), "C: x",
        ("NOT VERIFIED ", {"yellow", "bold"}), "B: y",
        ("passed  ", {"green"}), "A: z",
        "a note",
        "HTML report: kore.html",
    ]  # fmt: skip
