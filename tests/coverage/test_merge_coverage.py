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
