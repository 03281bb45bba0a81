"""Suites in another form, and chat logs as suites: whatever the text is, nothing is changed unsaid."""

import json
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from pytest_kore_convtest.errors import SuiteFileError
from pytest_kore_convtest.rules import ERROR
from pytest_kore_convtest.suites.convert import JSON, YAML, convert
from pytest_kore_convtest.suites.file import read_suite_bytes
from pytest_kore_convtest.suites.lint.lint_files import lint_file
from pytest_kore_convtest.suites.matchers import ANY, ANYTHING, MATCHES, PART, Matcher
from pytest_kore_convtest.suites.transcript import TranscriptError, read_transcript, write_suite
from pytest_kore_convtest.suites.yaml.read import read_yaml
from pytest_kore_convtest.suites.yaml.write import Reply, write_yaml

ODD = st.sampled_from(
    [
        *(
            "",
            " ",
            "yes",
            "y",
            "12",
            "0x1F",
            "1_0",
            "null",
            "~",
            "2026-01-01",
            "a: b",
            "a #b",
            "- a",
            "&a",
            "*a",
        ),
        *(
            "? a",
            "a:",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a",
            "a,b",
            "|",
            ">-",
            '"',
            "'",
            "\\",
            "\t",
            "a\n",
            "\r\n",
            "<<",
        ),
        *(
            "\x00",
            "\x85",
            "\u2028",
            "\ufeff",
            "\ufffe",
            "\u200b",
            "\u202e",
            "\U000e0041",
            "\ud83d",
            "a\udc00",
        ),
        *(
            "&quot;",
            "&amp;lt;",
            "&#0;",
            "&#x110000;",
            "&nope;",
            "##[a]",
            "::set",
            "\U0001f600",
            '{"a":[1,{}]}',
        ),
        *('{"type":"template","payload":{"text":"x: #"}}', '{"a": 1}', "[[[", '{"a":1.0}', '{"a":1e400}'),
    ]
)
TEXTS = ODD | st.text(st.characters(), max_size=20)
OUTPUTS = st.lists(TEXTS.map(lambda text: {"contains": text}), max_size=3)
STEPS = st.fixed_dictionaries({"input": TEXTS}, optional={"event": TEXTS, "outputs": OUTPUTS})
CASES = st.fixed_dictionaries(
    {"messages": st.lists(STEPS, max_size=3)},
    optional={
        "name": TEXTS,
        "description": TEXTS,
        "preprocessor": TEXTS,
        "tags": st.lists(TEXTS, max_size=3),
    },
)
FILES = st.fixed_dictionaries(
    {"testCases": st.lists(CASES, min_size=1, max_size=3)}, optional={"botId": TEXTS, "botName": TEXTS}
)
SEVERAL = st.lists(TEXTS, max_size=3)
OLD_OUTPUTS = st.one_of(
    TEXTS,
    st.builds(lambda key, text: {key: text}, st.sampled_from(["contains", "equals"]), TEXTS),
    st.builds(
        lambda key, choice, texts: {key: {choice: texts}},
        st.sampled_from(["contains", "equals"]),
        st.sampled_from(["oneOf", "allOf"]),
        SEVERAL,
    ),
)
OLD_CASES = st.builds(
    lambda said, outputs, *, discard: {
        "name": "A",
        "discardBefore": discard,
        "messages": [{"input": said, "outputs": outputs}],
    },
    TEXTS,
    st.lists(OLD_OUTPUTS, max_size=4),
    discard=st.booleans(),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["contains", "oneOf", "name", "messages", "input", "event", "outputs", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def read(content, name="a.kore.json"):
    """Return content as a file that was read."""
    data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    return read_suite_bytes(Path(name), data)


@given(FILES)
def test_there_and_back(content):
    """JSON comes back from YAML with the same meaning, and nothing is remarked on."""
    there = convert(read(content), YAML)
    back = convert(read(there.text, "a.kore.yaml"), JSON)
    added = [
        {"input": "Start_Flow", **step} if step.get("event") == "Start_Flow" else step
        for case in content["testCases"]
        for step in case["messages"]
    ]
    assert added == [step for case in content["testCases"] for step in case["messages"]]
    assert (there.remarks, back.remarks) == ((), ())
    assert json.loads(back.text) == content


def old_case(texts):
    """Return a suite of 2019 with one step, all of whose texts have to be in the reply."""
    return {"name": "A", "messages": [{"input": "a", "outputs": [{"contains": {"allOf": texts}}]}]}


@example([old_case(["", '{"a":[1,{}]}'])], False)
@given(st.lists(OLD_CASES, min_size=1, max_size=3), st.booleans())
def test_files_of_2019(cases, keep):
    """A file of 2019 means the same as JSON, and as YAML and then JSON."""
    file = read({"testCases": cases})
    plain = convert(file, JSON, keep_entities=keep)
    there = convert(file, YAML, keep_entities=keep)
    back = convert(read(there.text, "a.kore.yaml"), JSON)
    assert json.loads(plain.text) == json.loads(back.text)
    assert there.suites == len(cases)


@given(st.lists(VALUES, max_size=3).map(lambda cases: [{"name": "A"}, *cases]), st.sampled_from([JSON, YAML]))
def test_no_content_is_too_odd(cases, to):
    """Whatever stands in a file, it is written so that it can be read, or is in that form."""
    try:
        made = convert(read({"testCases": cases}), to)
    except SuiteFileError:
        assert to == JSON  # and the content is not of 2019
        return
    assert not read(made.text, f"a.kore.{to}").problems


@given(
    st.sampled_from([ANY, PART, ANYTHING, None]),
    st.lists(TEXTS, min_size=1, max_size=3, unique=True),
    st.booleans(),
)
def test_matchers_read_back(kind, texts, optional):
    """A reply that varies is read as it was written, with the text that is uploaded."""
    matcher = Matcher(kind, () if kind == ANYTHING else tuple(texts)) if kind else None
    example = texts[0] if kind in {ANY, None} else "\n".join(texts) + "!"
    content = {"testCases": [{"name": "A", "messages": [{"input": "a", "outputs": [{"contains": example}]}]}]}
    path = ("testCases", 0, "messages", 0, "outputs", 0)
    found = read_yaml(write_yaml(content, {path: Reply(matcher, example, optional)}))
    assert found.problems == ()
    assert found.document.value == content
    assert (found.replies[path].matcher, found.replies[path].optional) == (matcher, optional)


def test_a_pattern_reads_back():
    """A pattern is read as it was written."""
    content = {"testCases": [{"messages": [{"input": "a", "outputs": [{"contains": "Room 12"}]}]}]}
    path = ("testCases", 0, "messages", 0, "outputs", 0)
    found = read_yaml(write_yaml(content, {path: Reply(Matcher(MATCHES, ("Room [0-9]+",)), "Room 12")}))
    assert found.problems == ()
    assert found.replies[path].matcher == Matcher(MATCHES, ("Room [0-9]+",))


LINES = st.lists(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "[12:03] ", "2026-01-01 12:00 ", "(1) ", "**"]),
        st.sampled_from(["user: ", "Bot: ", "YOU:", "assistant :", "Note: ", ""]),
        TEXTS,
        st.sampled_from(["\n", "\r\n", "\n\n"]),
    ),
    max_size=8,
).map("".join)
TURNS = st.lists(
    st.builds(
        lambda who, text: {"role": who, "content": text}, st.sampled_from(["user", "bot", "system"]), TEXTS
    ),
    max_size=6,
).map(json.dumps)


@given(LINES | TURNS | st.text(max_size=50) | VALUES.map(json.dumps))
def test_any_log(text):
    """A log becomes a suite without an error, with all that the bot said; or one sentence says why not."""
    try:
        log = read_transcript(text.encode("utf-8", "surrogatepass"))
    except TranscriptError:
        return
    written = write_suite(log.turns, "chat", "chat.txt", log.left_out)
    file = read(written.text.encode("utf-8", "backslashreplace").decode(), "chat.kore.yaml")
    assert [one for one in lint_file(file) if one.severity == ERROR] == []
    said = [output.texts[0] for step in file.suites[0].steps for output in step.outputs]
    assert said == [turn.text for turn in log.turns if turn.who == "bot"]
