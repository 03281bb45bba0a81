"""The file of accepted failures: what it says, or in one sentence what is wrong with it."""

import json
from datetime import date

import pytest

from pytest_kore_convtest.errors import ConfigError
from pytest_kore_convtest.history.baseline_file import read_baseline

ENTRY = {
    "bot": "st-1 on https://a.test",
    "file": "a.kore.yaml",
    "suite": "STAY",
    "step": 2,
    "input": "quote",
    "reason": "T-7",
    "until": "2027-01-31",
}
HEAD = {"format": "pytest-kore-convtest baseline", "version": 1}


def read(**changes):
    """Read a baseline of one entry, in which something is changed."""
    entry = {key: value for key, value in (ENTRY | changes).items() if value is not None}
    return read_baseline(json.dumps({**HEAD, "accepted": [entry]}).encode(), "known.json")


def refusal(content):
    """Return what is said against a baseline."""
    with pytest.raises(ConfigError) as caught:
        read_baseline(json.dumps(content).encode(), "known.json")
    return caught.value.message


WAY_OUT = "; correct it, or write it anew with kore-convtest compare --accept"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "x"}, '$.format: it has to be "pytest-kore-convtest baseline"'),
        ({"version": 0}, "$.version: it has to be a whole number above 0"),
        ({"version": True}, "$.version: it has to be a whole number above 0"),
        ({"version": "1"}, "$.version: it has to be a whole number above 0"),
        ({"accept": []}, "$.accept: no such key is known"),
        ({"accepted": {}}, "$.accepted: it has to be a list"),
        ({"accepted": [7]}, "$.accepted[0]: it has to be an object"),
        ({"accepted": [ENTRY, {**ENTRY, "why": ""}]}, "$.accepted[1].why: no such key is known"),
        ({"accepted": [{**ENTRY, "step": 0}]}, "$.accepted[0].step: it has to be a whole number above 0"),
        ({"accepted": [{**ENTRY, "step": True}]}, "$.accepted[0].step: it has to be a whole number above 0"),
        ({"accepted": [{**ENTRY, "step": "2"}]}, "$.accepted[0].step: it has to be a whole number above 0"),
        ({"accepted": [{**ENTRY, "suite": 7}]}, "$.accepted[0].suite: it has to be a text"),
        ({"accepted": [{**ENTRY, "reason": " "}]}, "$.accepted[0].reason: it is empty"),
        (
            {"accepted": [{**ENTRY, "fails": []}]},
            "$.accepted[0].fails: it has to be a list of what may fail; without the key anything may",
        ),
    ],
)
def test_what_is_no_baseline_is_told_with_its_place(changes, said):
    """And how to get one."""
    content = {**HEAD, "accepted": [ENTRY], **changes}
    assert refusal(content) == f"the baseline known.json cannot be used: {said}{WAY_OUT}"


def test_a_newer_baseline_wants_a_newer_plugin():
    """Nothing in it is to be corrected."""
    assert refusal({**HEAD, "version": 99}).endswith("; upgrade pytest-kore-convtest")


def test_an_entry_says_what_may_fail_and_until_when():
    """Without ``fails`` anything of the step may."""
    (entry,) = read(fails=["text"]).entries
    assert (entry.step, entry.until, entry.fails) == (2, date(2027, 1, 31), ("text",))
    assert (entry.covers(["text"]), entry.covers(["text", "flow"]), entry.covers([])) == (True, False, False)
    assert read().entries[0].covers(["text", "flow"])
