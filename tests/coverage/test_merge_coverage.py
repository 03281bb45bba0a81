"""Coverage of several runs is their union."""

from __future__ import annotations

from sample_bots import conversation, dialog, make_bot, reply

from pytest_kore_convtest.coverage.measure import measure
from pytest_kore_convtest.coverage.merge import join_coverage

NODES = {"intent0": ("intent", ["a", "b"]), "a": ("message", ["end"]), "b": ("message", ["end"])}


def test_union(tmp_path):
    """What either run went through is covered; joined one by one it is what both together measure."""
    bot = make_bot(tmp_path, dialog("x", "X", NODES))
    one, other = conversation([reply("a", "x")]), conversation([reply("b", "x")], suite="OTHER")
    joined, said = join_coverage([measure([one], bot), None, measure([other], bot)])
    assert joined["totals"] == measure([one, other], bot)["totals"]
    assert joined["dialogs"] == measure([one, other], bot)["dialogs"]
    assert said == ["coverage: 1 of 3 reports have none of the joined kind, so they add nothing to it"]


def test_other_definitions(tmp_path):
    """Runs that were measured against different definitions are not joined, which is said."""
    told = [conversation([reply("a", "x")])]
    one = measure(told, make_bot(tmp_path, dialog("x", "X", NODES)))
    other = measure(told, make_bot(tmp_path, dialog("x", "Y", NODES)))
    joined, said = join_coverage([one, other])
    assert joined is None
    assert "different bot definitions" in said[0]


def test_without_definition():
    """Without a definition the transitions of both are counted once each, however often they were taken."""
    there = [conversation([reply("b", "x", transitions=["a"])], suite=f"S{at}") for at in range(12)]
    back = conversation([reply("a", "x", transitions=["b"])], suite="BACK")
    on = conversation([reply("c", "x", transitions=["b"])], [reply("d", "y")], suite="ON")
    joined, said = join_coverage([measure([*there, back], None), measure([on], None)])
    assert joined["totals"] == measure([*there, back, on], None)["totals"]
    assert joined["dialogs"][0]["transitions"] == {"total": None, "covered": 3, "missing": []}
    assert [one["id"] for one in joined["dialogs"]] == ["dg-x", "dg-y"]
    assert said == []


def test_what_is_wrong_is_joined(tmp_path):
    """What is not valid names the steps of both, and what was not matched is counted together."""
    bot = make_bot(tmp_path, dialog("x", "X", NODES))
    gone = [reply("gone", "x")]
    several = [
        measure([conversation([reply("a", "x")], [reply("lost", "x")], suite=name, expected=gone)], bot)
        for name in ("ONE", "TWO")
    ]
    joined, _ = join_coverage([*several, several[0]])
    assert joined["not_valid"][0]["steps"] == [
        f"{suite}: step 0{step}" for suite in ("ONE", "TWO") for step in (1, 2)
    ]
    assert [(one["what"], one["count"]) for one in joined["not_matched"]] == [("node lost of dg-x", 3)]
