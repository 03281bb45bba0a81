"""A stored suite is compared with the file it came from."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import growth

from pytest_kore_convtest.json_positions import Place
from pytest_kore_convtest.rules import ERROR, WARNING
from pytest_kore_convtest.suites.file import LocalOutput, LocalStep, LocalSuite
from pytest_kore_convtest.suites.stored.compare_with_file import compare

TEMPLATE = json.dumps({"type": "template", "payload": {"text": "Pick one", "buttons": [{"title": "A"}]}})


def local_output(*texts, mode="contains", line=0):
    """Return an expected reply of a file."""
    return LocalOutput(texts, mode, Place(line, 1))


def local_suite(*steps, tags=("smoke",), description="About it"):
    """Return a file's suite of steps, each an input and its expected replies, ten lines apart."""
    made = []
    for number, (said, *replies) in enumerate(steps, start=1):
        outputs = tuple(
            reply if isinstance(reply, LocalOutput) else local_output(reply, line=number * 10 + 1 + at)
            for at, reply in enumerate(replies)
        )
        made.append(
            LocalStep(said, "Start_Flow" if said == "Start_Flow" else "", outputs, Place(number * 10, 1))
        )
    path = Path("conversations/booking.kore.json")
    return LocalSuite(path, "BOOKING", description, tags, tuple(made), b"{}", Place(3, 1))


def stored_output(*texts):
    """Return a reply as the platform stores it, with what it captured."""
    return {
        "text": texts[0],
        "nodeId": "GetBooking",
        "transitions": ["a"],
        "assertions": {
            "flowLevel": {"enabled": True, "contains": [{"nodeId": "GetBooking"}]},
            "text": {"enabled": True, "contains": [{"text": text} for text in texts]},
            "context": {"enabled": False, "contains": []},
        },
    }


def stored_suite(local):
    """Return a suite as the platform stores it."""
    steps = [
        {
            "input": step.input,
            "outputs": [stored_output(*output.texts) for output in step.outputs],
            **({"event": step.event} if step.event else {}),
        }
        for step in local.steps
    ]
    return {"tags": list(local.tags), "description": local.description, "testSteps": steps}


LOCAL = local_suite(
    ("Start_Flow", "Hi!", "How can I help?"), ("quote", TEMPLATE), ("yes", "Done."), ("bye", "Bye!")
)


def drift(change, local=LOCAL):
    """Return the findings after a change of the stored suite, as severity and text."""
    stored = copy.deepcopy(stored_suite(local))
    change(stored)
    return [(finding.severity, str(finding)) for finding in compare(local, stored)]


def only(found, severity, *parts):
    """Assert that there is one finding, of a severity, that says all parts."""
    assert [one for one, _ in found] == [severity], found
    for part in parts:
        assert part in found[0][1]


def test_what_the_platform_captures_is_no_finding():
    """Nodes, transitions and flow assertions of the platform are expected."""
    assert compare(LOCAL, stored_suite(LOCAL)) == []


def test_a_lost_step():
    """A step that is not stored is an error with its number, input and line."""
    found = drift(lambda suite: suite["testSteps"].pop(1))
    only(found, ERROR, "$.response.testSteps: step 02 'quote' (booking.kore.json:20) in the file is lost")


def test_lost_steps_in_a_row_are_one_finding():
    """A thousand steps lost in a row are one thing to say."""
    found = drift(lambda suite: suite.update(testSteps=suite["testSteps"][:1]))
    only(found, ERROR, "steps 02 to 04, from 'quote' to 'bye' (booking.kore.json:20), in the file are lost")


def test_lost_steps_apart_are_two_findings():
    """Steps lost at two places are told one by one."""
    found = drift(lambda suite: suite.update(testSteps=suite["testSteps"][1:3]))
    assert ["step 01 'Start_Flow'" in found[0][1], "step 04 'bye'" in found[1][1], len(found)] == [
        True,
        True,
        2,
    ]


def test_an_empty_expectation_cannot_be_lost():
    """A reply of the file without a text is nothing that the platform could lose."""
    local = local_suite(("hey", local_output(), local_output("Hi")))
    stored = {"tags": ["smoke"], "description": "About it"}
    stored["testSteps"] = [{"input": "hey", "outputs": [stored_output("Hi")]}]
    assert compare(local, stored) == []


def test_an_added_step():
    """A stored step that the file does not have is an error with its own path."""
    found = drift(lambda suite: suite["testSteps"].insert(1, {"input": "more", "outputs": []}))
    only(found, ERROR, "$.response.testSteps[1]: step 02 'more' is stored", "booking.kore.json:3")


def test_reordered_steps_are_not_lost():
    """A permutation is one finding that says from where to where."""
    found = drift(lambda suite: suite["testSteps"].reverse())
    only(
        found,
        ERROR,
        "stored in a different order than in the file",
        "(booking.kore.json:10) is stored as step 04",
    )
    assert "lost" not in found[0][1]


def test_a_moved_and_a_lost_step():
    """A step that moved is not taken for lost when another one is."""

    def change(suite):
        first, _, third, fourth = suite["testSteps"]
        suite["testSteps"] = [fourth, first, third]

    (_, order), (_, lost) = drift(change)
    assert "step 04 'bye' (booking.kore.json:40) is stored as step 01" in order
    assert "step 02 'quote' (booking.kore.json:20) in the file is lost" in lost


def test_a_changed_input():
    """Another input between the same neighbours is changed, with both sides."""
    found = drift(lambda suite: suite["testSteps"][2].update(input="yes please"))
    said = "$.response.testSteps[2].input: step 03: the input is 'yes' in the file (booking.kore.json:30)"
    only(found, ERROR, said, "'yes please' is stored")


def test_the_differing_end_of_a_long_input_is_shown():
    """What differs is in view, however late it comes."""
    local = local_suite(("word " * 100 + "old", "Hi"))
    found = drift(lambda suite: suite["testSteps"][0].update(input="word " * 100 + "new"), local)
    only(found, ERROR, "old'", "new'")


@pytest.mark.parametrize("event", ["Other", None])
def test_a_changed_event(event):
    """Another or no event is an error."""
    found = drift(lambda suite: suite["testSteps"][0].update(event=event))
    only(found, ERROR, "$.response.testSteps[0].event", "'Start_Flow' in the file (booking.kore.json:10)")


def test_an_empty_event_is_no_event():
    """An event stored as an empty text is the same as none."""
    assert drift(lambda suite: suite["testSteps"][1].update(event="")) == []


def test_a_lost_expected_text():
    """A text that is stored nowhere is an error with the one that is stored instead."""
    found = drift(lambda suite: suite["testSteps"][3].update(outputs=[stored_output("See you!")]))
    said = "$.response.testSteps[3].outputs[0]: step 04, reply 1: 'Bye!' is expected in the file"
    only(found, ERROR, said, "(booking.kore.json:41)", "'See you!' is stored")


def test_a_changed_template_is_told_by_path():
    """Of two templates the first difference is named, not two lines of JSON."""
    changed = TEMPLATE.replace("Pick one", "Pick two")
    found = drift(lambda suite: suite["testSteps"][1].update(outputs=[stored_output(changed)]))
    only(
        found,
        ERROR,
        '$.payload.text of the template is "Pick one" in the file (booking.kore.json:21)',
        '"Pick two"',
    )


def test_a_text_counts_where_it_is_compared():
    """A text counts when it is an entry of an assertion, whatever the output's own text is."""

    def only_asserted(suite):
        suite["testSteps"][3]["outputs"][0]["text"] = ""

    assert drift(only_asserted) == []


def test_a_lost_reply():
    """An expected reply that is not stored at all is an error."""
    found = drift(lambda suite: suite["testSteps"][0]["outputs"].pop(0))
    only(found, ERROR, "step 01, reply 1: 'Hi!' (booking.kore.json:11) is lost")


def test_an_added_reply():
    """A reply that only the platform has is a warning: it may have heard the bot say more."""
    found = drift(lambda suite: suite["testSteps"][0]["outputs"].insert(1, stored_output("One moment")))
    only(found, WARNING, "$.response.testSteps[0].outputs[1]", "'One moment' is stored as reply 2", "json:10")


def test_reordered_replies():
    """Replies in another order are an error, not two lost texts."""
    found = drift(lambda suite: suite["testSteps"][0]["outputs"].reverse())
    only(found, ERROR, "stored in a different order than in the file", "step 01")


def test_an_added_variation():
    """A variation that the platform added is a warning."""
    found = drift(lambda suite: suite["testSteps"][3].update(outputs=[stored_output("Bye!", "Ciao!")]))
    only(found, WARNING, "'Ciao!' is also stored", "(booking.kore.json:41)", "'Bye!'")


def test_layout_is_a_warning():
    """White space in texts and inputs, and the formatting of JSON, do not fail."""

    def change(suite):
        suite["testSteps"][1]["outputs"] = [
            stored_output(json.dumps(json.loads(TEMPLATE), indent=1, sort_keys=True))
        ]
        suite["testSteps"][2]["outputs"] = [stored_output(" Done.\n")]
        suite["testSteps"][3]["input"] = "bye "

    found = drift(change)
    assert [severity for severity, _ in found] == [WARNING] * 3
    assert "only the formatting of the JSON differs" in found[0][1]
    assert "only white space differs" in found[1][1]
    assert "only white space differs" in found[2][1]


def test_white_space_in_a_template_is_its_data():
    """A blank inside a value of a template is no formatting."""
    changed = TEMPLATE.replace("Pick one", "Pick  one")
    found = drift(lambda suite: suite["testSteps"][1].update(outputs=[stored_output(changed)]))
    only(found, ERROR, "$.payload.text")


def test_tags_and_description_are_warnings():
    """Labels that differ do not fail."""
    found = drift(lambda suite: suite.update(tags=["other"], description="Else"))
    assert [severity for severity, _ in found] == [WARNING] * 2
    assert (
        "$.response.tags: the tags are 'smoke' in the file (booking.kore.json:3), but 'other' are"
        in found[0][1]
    )
    assert "'About it' in the file" in found[1][1]


def stored_text(text="Bye!", **block):
    """Return a reply that heard a text, with another text assertion; flow level stays on."""
    output = stored_output(text)
    output["assertions"]["text"] = block
    return output


def entries(*texts):
    """Return what a text assertion compares with."""
    return [{"text": text} for text in texts]


LOST_ASSERTIONS = {
    "off": (stored_text(enabled=False, contains=entries("Bye!")), "its text assertion is disabled"),
    "off and empty": (stored_text(enabled=False, contains=[]), "its text assertion is disabled"),
    "emptied": (stored_text(enabled=True, contains=[]), "has no expected value"),
    "blank": (stored_text(enabled=True, contains=entries("")), "has no expected value"),
    "null": (stored_text(enabled=True, contains=entries(None)), "has no expected value"),
    "replaced": (stored_text(enabled=True, contains=entries("Hi")), "expects 'Hi' instead"),
    "any": (stored_text(enabled=True, contains=entries(".*")), "expects '.*' instead"),
    "cased": (stored_text(enabled=True, contains=entries("BYE!")), "expects 'BYE!' instead"),
    "no switch": (stored_text(contains=entries("Bye!")), "its text assertion is disabled"),
    "a word": (stored_text(enabled="true", contains=entries("Bye!")), "its text assertion is disabled"),
    "texts": (stored_text(enabled=True, contains=["Bye!"]), "has no expected value"),
    "an object": (stored_text(enabled=True, contains={"text": "Bye!"}), "has no expected value"),
    "no assertions": ({"text": "Bye!"}, "without a text assertion"),
    "no block": (
        {"text": "Bye!", "assertions": {"flowLevel": {"enabled": True}}},
        "without a text assertion",
    ),
    "a list": ({"text": "Bye!", "assertions": []}, "without a text assertion"),
}


@pytest.mark.parametrize(("output", "why"), LOST_ASSERTIONS.values(), ids=LOST_ASSERTIONS)
def test_a_text_that_is_not_compared_is_lost(output, why):
    """A stored text with which nothing is compared is an error that says why, and where in the file."""
    found = drift(lambda suite: suite["testSteps"][3].update(outputs=[output]))
    lost = [text for severity, text in found if severity == ERROR]
    assert len(lost) == 1
    assert [
        part in lost[0] for part in (why, "so it is not checked", "booking.kore.json:41", "[assertion-lost]")
    ] == ([True] * 4)


def test_a_lost_variation():
    """A variation that is stored no more is an error, although the others are compared."""
    local = local_suite(("hey", local_output("Hi", "Hello", mode="oneOf", line=12)))
    found = drift(lambda suite: suite["testSteps"][0].update(outputs=[stored_output("Hi")]), local)
    only(found, ERROR, "'Hello' is expected in the file (booking.kore.json:12)", "[variation-lost]")


def test_a_variation_of_another_reply():
    """A variation that moved to another reply is lost where it was."""
    local = local_suite(
        ("hey", local_output("Hi", "Hello", mode="oneOf", line=12), local_output("Yes?", line=13))
    )
    outputs = [stored_output("Hi"), stored_output("Yes?", "Hello")]
    found = drift(lambda suite: suite["testSteps"][0].update(outputs=outputs), local)
    assert [(severity, text.rpartition("[")[2]) for severity, text in found] == [
        (ERROR, "variation-lost]"),
        (WARNING, "variation-added]"),
    ]


def test_merged_replies():
    """Two replies of the file that became variations of one are a lost reply."""
    outputs = [stored_output("Hi!", "How can I help?")]
    found = drift(lambda suite: suite["testSteps"][0].update(outputs=outputs))
    assert [severity for severity, _ in found] == [ERROR, WARNING]
    assert "reply 2: 'How can I help?' (booking.kore.json:12) is lost" in found[0][1]


def test_one_of_two_equal_replies():
    """Of two equal replies one alone is not enough."""
    local = local_suite(("hey", "Hi", "Hi"))
    found = drift(lambda suite: suite["testSteps"][0]["outputs"].pop(), local)
    only(found, ERROR, "reply 2", "[reply-lost]")


def test_a_finding_knows_both_places():
    """A finding has its line of the file and its JSON path as numbers and text, not in a sentence only."""
    stored = stored_suite(LOCAL)
    stored["testSteps"][3]["outputs"] = [stored_output("See you!")]
    (found,) = compare(LOCAL, stored)
    assert found.location == (str(LOCAL.path), 41, 1, "$.response.testSteps[3].outputs[0]")
    assert (found.suite, found.step, found.expected, found.actual) == ("BOOKING", 4, "Bye!", "See you!")


@pytest.mark.parametrize("mode", ["oneOf", "allOf", "equals", "bare"])
def test_every_way_to_write_an_expectation(mode):
    """Each text of an output has to be stored, however the file writes it; one lost is an error."""
    texts = ("Hi", "Hello") if mode.endswith("Of") else ("Hi",)
    local = local_suite(("hey", local_output(*texts, mode=mode, line=12)))
    assert compare(local, stored_suite(local)) == []
    found = drift(
        lambda suite: suite["testSteps"][0].update(outputs=[stored_output("Other", *texts[1:])]), local
    )
    only(found, ERROR, "'Hi' is expected in the file (booking.kore.json:12), but 'Other' is stored")


def test_all_of_may_be_stored_as_one_text():
    """Parts that all have to occur are not lost when they stand in one stored text."""
    local = local_suite(("hey", local_output("Hi", "Bob", mode="allOf")))
    found = drift(lambda suite: suite["testSteps"][0].update(outputs=[stored_output("Hi Bob")]), local)
    assert [severity for severity, _ in found if severity == ERROR] == []


def test_errors_come_first():
    """Errors stand before warnings."""
    found = drift(lambda suite: suite.update(tags=[], testSteps=suite["testSteps"][1:]))
    assert [severity for severity, _ in found] == [ERROR, WARNING]


def test_foreign_text_is_harmless():
    """Escape sequences of either side are shown, not obeyed."""
    found = drift(lambda suite: suite["testSteps"][2].update(input="\x1b[31mred"))
    only(found, ERROR, "\\x1b[31mred")


@pytest.mark.parametrize("steps", [None, [], "x", [None, 7]])
def test_a_stored_suite_without_steps(steps):
    """When nothing usable is stored the steps in the file are lost or changed."""
    assert {severity for severity, _ in drift(lambda suite: suite.update(testSteps=steps))} == {ERROR}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "input", "x"]), inner)
    ),
    max_leaves=5,
)


def places(value, path=()):
    """Return the path of each value in some JSON."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, below in inner for place in places(below, (*path, key)))]


PLACES = [place for place in places(stored_suite(LOCAL)) if place]


@given(st.sampled_from(PLACES), JSON)
def test_no_broken_suite_breaks_the_comparison(place, value):
    """Whatever stands anywhere in the stored suite, the comparison ends in findings with printable texts."""
    stored = stored_suite(LOCAL)
    *way, last = place
    inner = stored
    for key in way:
        inner = inner[key]
    inner[last] = value
    assert all(str(finding).isprintable() for finding in compare(LOCAL, stored))


@pytest.mark.parametrize("change", ["same", "reversed", "formatted", "inputs"])
def test_thousands_of_steps_are_quick(change):
    """Comparing a suite of twice the templates is about twice the work."""
    assert growth(lambda size: changed(change, size), 300) < 2.6


def changed(change, size):
    """Return the comparison of a suite of so many templates with itself, after a change."""
    local = local_suite(*((f"say {number}", TEMPLATE) for number in range(size)))
    stored = stored_suite(local)
    if change == "reversed":
        stored["testSteps"].reverse()
    elif change == "formatted":
        for step in stored["testSteps"]:
            step["outputs"] = [stored_output(json.dumps(json.loads(TEMPLATE), indent=1))]
    elif change == "inputs":
        for step in stored["testSteps"]:
            step["input"] += "!"
    return lambda: compare(local, stored)
