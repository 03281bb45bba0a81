"""Coverage of conversations: counted by hand here, by ids first, then by names, and never guessed."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from sample_bots import MEDI, TRAVEL, XO10, conversation, dialog, load, make_bot, reply

from pytest_kore_convtest.coverage.measure import NothingToldError, measure
from pytest_kore_convtest.coverage.visits import read_run, read_suite, share_places

# intent0 -> city -> check -+-> done -> end
#                           +-> sorry -> again -> city
BOOK = dialog(
    "book",
    "Book Room",
    {
        "intent0": ("intent", ["city"]),
        "city": ("entity", ["check"]),
        "check": ("service", ["done", "sorry"]),
        "done": ("message", ["end"]),
        "sorry": ("message", ["again"]),
        "again": ("script", ["city"]),
    },
)
HELP = dialog(
    "help",
    "Help",
    {"intent0": ("intent", ["ask"]), "ask": ("entity", ["go"]), "go": ("intent:book", ["end"])},
)


@pytest.fixture
def bot(tmp_path):
    """Two dialogs, of which one calls the other."""
    return make_bot(tmp_path, BOOK, HELP)


def covered(coverage, name="Book Room"):
    """Return the transitions of a dialog that are covered, which are all but those that are missing."""
    found = next(one for one in coverage["dialogs"] if one["name"] == name)
    seen = {tuple(edge) for step in found["steps"] for edge in step["transitions"]}
    assert len(seen) == found["transitions"]["covered"]
    assert not seen & {tuple(edge) for edge in found["transitions"]["missing"]}
    return {f"{start}-{to}" for start, to in seen}


def test_by_nodes(bot):
    """Between two replies that name their nodes, the transitions that every way takes are counted."""
    found = measure([conversation([reply("city", "book")], [reply("done", "book")])], bot)
    assert covered(found) == {"intent0-city", "city-check", "check-done", "done-end"}
    book = found["dialogs"][0]
    assert book["transitions"]["missing"] == [["check", "sorry"], ["sorry", "again"], ["again", "city"]]
    assert book["nodes"]["missing"] == ["sorry", "again"]
    assert [step["step"] for step in book["steps"]] == [1, 2]
    own = found["totals"]["own"]
    assert own["transitions"] == {"total": 10, "covered": 4}
    assert own["nodes"] == {"total": 9, "covered": 4}
    assert own["dialogs"] == {"total": 2, "covered": 1}


def test_not_guessed(tmp_path):
    """Where two ways lead from one reply to the next, neither is counted."""
    two = dialog(
        "a",
        "A",
        {
            "intent0": ("intent", ["s"]),
            "s": ("script", ["x", "y"]),
            "x": ("script", ["m"]),
            "y": ("script", ["m"]),
            "m": ("entity", ["end"]),
        },
    )
    found = measure([conversation([reply("m", "a")])], make_bot(tmp_path, two))
    assert covered(found, "A") == {"intent0-s"}
    listed = reply("m", "a", transitions=["intent0", "s", "y", "m"])
    found = measure([conversation([listed])], make_bot(tmp_path, two))
    assert covered(found, "A") == {"intent0-s", "s-y", "y-m"}


SHAPES = {
    "ids": ["intent0", "city"],
    "pairs": [["intent0", "city"]],
    "from-to": [{"from": "intent0", "to": "city"}],
    "source-target": [{"sourceNodeId": "intent0", "targetNodeId": "city"}],
    "nodes": [{"nodeId": "intent0"}, {"nodeId": "city", "nodeName": "X"}],
    "names": ["INTENT0 NAME", "City_Name"],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(tmp_path, shape):
    """A list of transitions is read in every shape that speaks for itself."""
    book = {**BOOK, "nodes": [{**node} for node in BOOK["nodes"]]}
    bot = make_bot(tmp_path, book)
    bot.dialogs["dg-book"].by_name.setdefault("intent0 name", bot.dialogs["dg-book"].nodes["intent0"])
    found = measure([conversation([reply("city", "book", transitions=SHAPES[shape])])], bot)
    assert covered(found) == {"intent0-city"}
    assert not found["not_matched"]


@pytest.mark.parametrize("odd", [7, {"default": "city"}, ["a"], [["a"], ["b"]], {}, None, True])
def test_odd_shapes(bot, odd):
    """A transition in a shape that nobody documents is named, not guessed."""
    found = measure([conversation([reply("city", "book", transitions=[odd])])], bot)
    assert found["not_matched"][0]["why"] == "nobody documents this shape"
    assert covered(found) == {"intent0-city"}  # by the node


def test_by_names(bot):
    """Without ids the names decide: blanks may be underscores."""
    steps = [{"text": "x", "nodeName": "City name", "dialogName": "book_room"}]
    assert covered(measure([conversation(steps)], bot)) == {"intent0-city"}


def test_ambiguous(bot):
    """A node's id that several dialogs have is not matched when no dialog is told."""
    found = measure([conversation([reply("intent0")], [reply("city", "book")])], bot)
    assert found["not_matched"] == [
        {"what": "node intent0", "why": "2 dialogs have a node of this id", "count": 1}
    ]
    assert "not matched, so not counted" in found["notes"][-1]


@pytest.mark.parametrize(
    ("listed", "seen"),
    [
        (
            ["intent0", "city", "check", "done", "end"],
            {"intent0-city", "city-check", "check-done", "done-end"},
        ),
        ([["intent0", "city"], ["city", "check"], ["lost", "city"]], {"intent0-city", "city-check"}),
        ([["intent0", "city"], ["city", "lost"]], {"intent0-city"}),
        ([["done", "end"]], {"done-end"}),
        ([["intent0", "done"]], set()),
        (["intent0", "city", "end"], {"intent0-city"}),
        (["end", "intent0", "city"], {"intent0-city"}),
    ],
)
def test_listed_ways(bot, listed, seen):
    """What a reply lists is counted as far as the bot has it; an end may be a node or part of a pair."""
    begun = conversation([reply("intent0", "book")])
    found = measure([begun, conversation([reply("", "book", transitions=listed)])], bot)
    assert covered(found) == seen


def test_listed_pair_without_a_transition(bot):
    """Two nodes of one dialog between which no transition leads are named."""
    begun = conversation([reply("intent0", "book")])
    found = measure([begun, conversation([reply("", "book", transitions=[["intent0", "done"]])])], bot)
    assert found["not_matched"] == [
        {
            "what": "the way from intent0 to done of Book Room",
            "why": "no transition leads there",
            "count": 1,
        }
    ]


def test_ended_once(bot):
    """A message that ends its dialog does so once, though the result lists the end, too."""
    steps = [reply("ask", "help"), reply("done", "book", transitions=["done", "end"]), reply("go", "help")]
    found = measure([conversation(steps)], bot)
    assert "done-end" in covered(found)
    assert covered(found, "Help") == {"intent0-ask", "ask-go"}


def test_one_home(bot):
    """A node's id that one dialog has is matched when no dialog is told."""
    assert covered(measure([conversation([reply("city")])], bot)) == {"intent0-city"}


def test_inside_a_bot_action(tmp_path):
    """A node inside a botAction counts with that one, whose transitions are the ones that lead on."""
    one = dialog(
        "a", "A", {"intent0": ("intent", ["act"]), "act": ("botAction", ["bye"]), "bye": ("message", ["end"])}
    )
    one["nodes"][1]["nodes"] = [{"nodeId": "in", "type": "message", "componentId": "dc-in"}]
    found = measure([conversation([reply("in", "a")], [reply("bye", "a")])], make_bot(tmp_path, one))
    assert covered(found, "A") == {"intent0-act", "act-bye", "bye-end"}
    assert found["dialogs"][0]["nodes"]["covered"] == 4


def test_message_to_a_lost_node(tmp_path):
    """The one transition of a message is taken, though the export lacks the node that it leads to."""
    one = dialog("a", "A", {"intent0": ("intent", ["m"]), "m": ("message", ["lost"])})
    found = measure([conversation([reply("m", "a")])], make_bot(tmp_path, one))
    assert covered(found, "A") == {"intent0-m", "m-lost"}
    assert found["dialogs"][0]["nodes"] == {
        "total": 2,
        "covered": 2,
        "missing": [],
        "list": found["dialogs"][0]["nodes"]["list"],
    }


def test_many_steps(bot):
    """Of the steps that went through the same, ten are listed; what an eleventh adds is listed, too."""
    same = [conversation([reply("city", "book")], suite=f"S{at}") for at in range(12)]
    found = measure([*same, conversation([reply("sorry", "book")], suite="NEW")], bot)
    assert [step["suite"] for step in found["dialogs"][0]["steps"]] == [
        *(f"S{at}" for at in range(10)),
        "NEW",
    ]


def test_not_valid_in_many_steps(bot):
    """Of the steps that expect what the bot has no more, five are named, each once."""
    gone = [reply("payment", "book")] * 2
    steps = [[reply("city", "book")]] * 7
    found = measure([conversation(*steps, expected=gone)], bot)
    assert found["not_valid"][0]["steps"] == [f"BOOKING: step 0{at}" for at in range(1, 6)]


def test_many_odd_shapes(bot):
    """Of the transitions of one reply that nobody can read, five are told."""
    found = measure([conversation([reply("city", "book", transitions=[*range(9), "intent0"])])], bot)
    assert [one["what"] for one in found["not_matched"]] == [f"a transition given as {at}" for at in range(5)]


def test_long_places_are_not_kept(bot):
    """What is told at length counts like anything else, and is not held for others."""
    long = reply("city", "book", transitions=["intent0", *(["city"] * 1000)])
    one, other = conversation([long]), conversation([long])
    assert one == other
    assert one["steps"][0]["places"][0] is not other["steps"][0]["places"][0]
    assert covered(measure([one], bot)) == {"intent0-city"}


def test_sub_dialog(bot):
    """A sub-dialog that is called is followed, and the call is counted."""
    found = measure([conversation([reply("ask", "help")], [reply("city", "book")])], bot)
    assert covered(found, "Help") == {"intent0-ask", "ask-go"}
    assert covered(found) == {"intent0-city"}
    assert found["totals"]["own"]["dialogs"]["covered"] == 2


def test_circle_of_calls(tmp_path):
    """Dialogs that call each other in a circle are followed once each."""
    bot = make_bot(
        tmp_path,
        dialog("a", "A", {"intent0": ("intent", ["go"]), "go": ("intent:b", ["end"])}),
        dialog("b", "B", {"intent0": ("intent", ["go"]), "go": ("intent:a", ["end"])}),
    )
    found = measure(
        [conversation([reply("go", "a"), reply("go", "b"), reply("go", "a"), reply("go", "b")])], bot
    )
    assert found["totals"]["own"]["transitions"] == {"total": 4, "covered": 2}


def test_not_valid(bot):
    """A node that a suite expects and the bot has no more is Not Valid, with the steps that expect it."""
    gone = [reply("payment", "book")]
    found = measure([conversation([reply("city", "book")], [reply("done", "book")], expected=gone)], bot)
    assert found["not_valid"] == [
        {
            "dialog": "dg-book",
            "node": "payment",
            "name": "",
            "steps": ["BOOKING: step 01", "BOOKING: step 02"],
        }
    ]
    assert "1 node that suites expect is not in the bot definition (Not Valid)" in found["notes"][-1]


def test_another_bot(bot):
    """The export of another bot is named as such: it is no coverage of 0 %."""
    strange = [conversation([reply("x", "other")], [reply("y", "other")])]
    with pytest.raises(NothingToldError, match="seems to be another bot"):
        measure(strange, bot)


def test_another_bots_system_dialogs():
    """The platform's dialogs, which all bots have, do not make another bot the same one."""
    medi, travel = load(MEDI), load(TRAVEL)
    own = next(one for one in medi.dialogs.values() if not one.system)
    steps = [
        [{"text": "", "nodeId": node.id, "taskId": own.id, "dialogName": own.name}]
        for node in own.nodes.values()
    ]
    steps.append([{"text": "", "nodeId": "intent0", "dialogName": "Fallback Task"}])
    assert measure([conversation(*steps)], medi)["totals"]["own"]["nodes"]["covered"] == len(own.nodes)
    with pytest.raises(NothingToldError, match="another bot"):
        measure([conversation(*steps)], travel)


def test_nothing_told(bot):
    """Results that name no node are no coverage of 0 %."""
    with pytest.raises(NothingToldError, match="no result names a node"):
        measure([conversation([reply()], [reply()])], bot)
    with pytest.raises(NothingToldError, match="no suite was run"):
        measure([], bot)


def test_estimated(bot):
    """Without a run the stored suite tells what it expects to go through, which is an estimate."""
    stored = [
        (1, "hi", {"outputs": [reply("city", "book")]}),
        (2, "x", {"outputs": [reply("sorry", "book")]}),
    ]
    found = measure([read_suite("BOOKING", stored)], bot)
    assert found["source"] == "suites"
    assert covered(found) == {"intent0-city", "city-check", "check-sorry", "sorry-again"}
    both = measure([read_suite("BOOKING", stored), conversation([reply("city", "book")])], bot)
    assert both["source"] == "runs"
    assert covered(both) == {"intent0-city"}


def test_without_definition():
    """Without a definition it is said what was gone through, and nothing about the rest."""
    found = measure([conversation([reply("city", "book", transitions=["intent0"])])], None)
    assert found["definition"] is None
    assert found["dialogs"][0]["transitions"] == {"total": None, "covered": 1, "missing": []}
    assert found["totals"]["own"]["nodes"] == {"total": None, "covered": 2}


def test_without_definition_and_node():
    """A reply that tells a dialog alone counts for the dialog; one that tells nothing counts for none."""
    steps = [reply("", "book", transitions=[["intent0", "city"]]), reply("", "help"), reply()]
    found = measure([conversation(steps)], None)
    assert [(one["id"], one["nodes"]["covered"]) for one in found["dialogs"]] == [
        ("dg-book", 2),
        ("dg-help", 0),
    ]
    assert found["dialogs"][0]["transitions"]["covered"] == 1


def test_without_definition_and_many_steps():
    """Ten steps are listed for the same, and one more for a transition that none of them took."""
    there = [conversation([reply("b", "x", transitions=["a"])], suite=f"S{at}") for at in range(12)]
    back = conversation([reply("a", "x", transitions=["b"])], suite="BACK")
    (found,) = measure([*there, back], None)["dialogs"]
    assert found["transitions"]["covered"] == 2
    assert [step["suite"] for step in found["steps"]] == [*(f"S{at}" for at in range(10)), "BACK"]


def test_a_node_that_is_an_faq():
    """A reply whose node is an FAQ of the bot is found among these, and no node is missed."""
    bot = load(XO10)
    key = next(key for key in bot.faqs if key.startswith("5") or "-" in key)
    node = next(iter(next(iter(bot.dialogs.values())).nodes))
    found = measure([conversation([reply(key)], [reply(node, taskId=next(iter(bot.dialogs)))])], bot)
    assert found["faqs"]["found"] == [bot.faqs[key]]
    assert found["not_matched"] == []


def test_faqs_and_small_talk():
    """FAQs and small talk are found by their ids, else by equal texts."""
    bot = load(XO10)
    question = next(iter(dict.fromkeys(bot.faqs.values())))
    talk = next(iter(bot.small_talk))
    result = {
        "actualOutput": [],
        "outputs": [],
        "faqs": [{"question": question.upper()}],
        "smalltalk": [talk],
    }
    found = measure([read_run("S", [(1, "hi", result)])], bot)
    assert found["faqs"]["found"] == [question]
    assert found["faqs"]["covered"] == 1
    assert len(found["faqs"]["missing"]) == found["faqs"]["total"] - 1
    assert found["small_talk"]["covered"] == 1


def test_real_dialog():
    """One dialog of a real bot, counted by hand: of 15 transitions six are gone through."""
    bot = load(XO10)
    found = next(one for one in bot.dialogs.values() if one.name == "Fetch Booking Details")
    ask = "nd-ent-66144bc5-62d5-54d0-a971-40b35200e1b8"
    number = "nd-ent-c9c1e8e3-a075-52d7-a32f-85a5d7d38361"
    confirm = "nd-dac-0ad40f64-a758-56e0-aef7-a9ed9398a6ac"
    shown = "nd-msg-eb11ef7a-6598-5468-a148-a83af7f02861"
    steps = [[reply(one, taskId=found.id)] for one in (ask, number, confirm, shown)]
    result = measure([conversation(*steps)], bot)
    # intent0-ask, ask-number, number-confirm, confirm-action, action-shown, shown-next
    assert len(covered(result, found.name)) == 6
    assert result["totals"]["own"]["transitions"] == {"total": 89, "covered": 6}
    assert result["totals"]["all"]["transitions"] == {"total": 91, "covered": 6}


JUNK = [
    None,
    7,
    "x",
    [],
    {},
    [None],
    [{}],
    [{"nodeId": 7, "taskId": [], "transitions": 3}],
    [{"transitions": "x"}],
]


@pytest.mark.parametrize("junk", JUNK)
def test_junk(bot, junk):
    """Whatever stands in the place of a list is not followed."""
    keys = ("actualOutput", "outputs", "faqs", "smalltalk")
    odd = read_run("S", [(1, "x", dict.fromkeys(keys, junk)), (2, "y", junk)])
    found = measure([conversation([reply("city", "book")]), odd], bot)
    assert found["totals"]["own"]["nodes"]["covered"] == 2


def test_memory(tmp_path):
    """10,000 steps through a bot of 5,000 nodes take 20 MB at most: ten times as many may take 200."""
    dialogs = []
    for at in range(50):
        nodes = {"intent0": ("intent", ["n0"])}
        nodes |= {f"n{one}": ("entity", [f"n{one + 1}", f"n{(one * 7) % 98}"]) for one in range(98)}
        dialogs.append(dialog(f"d{at}", f"Dialog {at}", {**nodes, "n98": ("message", ["end"])}))
    bot = make_bot(tmp_path, *dialogs)
    tracemalloc.start()
    told = []
    for run in range(100):
        steps = [[reply(f"n{(run + step) % 99}", f"d{run % 50}")] for step in range(100)]
        told.append(conversation(*steps, suite=f"SUITE {run}", expected=steps[0]))
    found = measure(told, bot)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found["totals"]["own"]["nodes"]["total"] == 5000
    assert peak < 24_000_000  # Python 3.10 needs 20


def test_places_are_shared():
    """What tells of the same node is held once, in one process and from another one."""
    one, other = conversation([reply("city", "book")]), conversation([reply("city", "book")])
    assert one["steps"][0]["places"][0] is other["steps"][0]["places"][0]
    sent = [json.loads(json.dumps(one)) for _ in range(2)]
    for copy in sent:
        share_places(copy)
    assert sent[0] == one
    assert sent[0]["steps"][0]["places"][0] is sent[1]["steps"][0]["places"][0]
