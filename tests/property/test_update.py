"""Updating suite files, for any text and formatting: only the replies that were meant change."""

import json

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pytest_kore_convtest.json_positions import load
from pytest_kore_convtest.suites.file import read_suites_of
from pytest_kore_convtest.suites.file_text import BOM
from pytest_kore_convtest.suites.results.expectation_changes import DELETE, INSERT, REPLACE, Change, why_not
from pytest_kore_convtest.suites.update.update_file import StepChange, find_edits, update_file
from pytest_kore_convtest.suites.yaml.read import write_template
from pytest_kore_convtest.suites.yaml.write import read_template, write_template_data, write_yaml

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    [
        "yes",
        "12",
        "a: b",
        "a #b",
        "- a",
        "null",
        "{}",
        "a,b",
        "\u2028",
        "&a",
        "?",
        "a:",
        "it's",
        "two\nlines",
        "/",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9999, 9999) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
REPLIES = (TEXTS | JSON.map(lambda data: json.dumps(data, separators=(",", ":")))).filter(
    lambda text: not why_not(text)
)
SPACES = st.sampled_from(["", " ", "\n", "\r\n", "\t", "\n    "])
BREAKS = st.sampled_from(["\n", "\r\n"])


@st.composite
def changes(draw, count):
    """Draw what becomes of a step's replies."""
    found = []
    for at in range(count):
        kind = draw(st.sampled_from(["keep", REPLACE, INSERT, DELETE]))
        if kind == DELETE and count > 1 and at:
            found.append(Change(DELETE, at))
        elif kind == INSERT and (not found or found[-1].kind != DELETE):
            found.append(Change(INSERT, at, draw(REPLIES)))
        elif kind != "keep":
            found.append(Change(REPLACE, at, draw(REPLIES)))
    return tuple(found)


def expect(replies, made):
    """Return the replies after the changes."""
    new = [[reply] for reply in replies]
    for change in reversed(made):
        if change.kind == DELETE:
            new[change.at] = []
        elif change.kind == REPLACE:
            new[change.at] = [change.text]
        else:
            new[change.at] = [change.text, *new[change.at]]
    return [reply for some in new for reply in some]


def look_at(tmp_path, data, made, wanted, *, always):
    """Update a file; whatever stands outside the edits is the same, and the replies are the wanted ones."""
    suite = read_suites_of(tmp_path, data)[0]
    step = StepChange(tuple(suite.place), 1, made)
    updated = update_file(tmp_path, data, [step])
    if updated.refused:
        assert not always
        assert updated.content == data
        return
    after = read_suites_of(tmp_path, updated.content)[0]
    assert [output.texts[0] for output in after.steps[0].outputs] == wanted
    assert after.steps[1:] == suite.steps[1:] or len(made) > 0
    assert [step.input for step in after.steps] == [step.input for step in suite.steps]
    old, new, at = suite.source.text, after.source.text, 0
    for edit in find_edits(suite, step):
        kept = old[at : edit.start]
        assert new.startswith(kept + edit.text)
        new, at = new[len(kept) + len(edit.text) :], edit.end
    assert new == old[at:]
    assert updated.content.startswith(BOM) == data.startswith(BOM)


@given(
    st.data(),
    st.lists(TEXTS, min_size=1, max_size=4),
    st.tuples(st.booleans(), st.booleans()),
    st.tuples(SPACES, SPACES),
)
def test_a_json_file_changes_in_its_replies_only(tmp_path_factory, data, replies, style, spaces):
    """Whatever white space and escapes a file has, it reads back with other replies and nothing else."""
    (plain, marked), (one, two) = style, spaces
    outputs = f",{one}".join(
        f'{{{two}"contains":{one}{json.dumps(text, ensure_ascii=plain)}}}' for text in replies
    )
    text = (
        f'{{"testCases":{two}[{{"name": "A",{one}"messages": [{{"outputs":{two}[{two}{outputs}{one}],'
        f'{two}"input":"a"}},{{"input":"\\u00e9 b","outputs":["x"]}}]}}]{one}}}'
    )
    load(text)
    made = data.draw(changes(len(replies)))
    raw = (BOM if marked else b"") + text.encode("utf-8", "surrogatepass")
    look_at(tmp_path_factory.getbasetemp() / "a.json", raw, made, expect(replies, made), always=True)


@given(st.data(), st.lists(REPLIES, min_size=2, max_size=4), st.tuples(BREAKS, st.booleans(), st.booleans()))
def test_a_yaml_file_changes_in_its_replies_only(tmp_path_factory, data, replies, style):
    """It reads back with other replies and nothing else, and lines around keep their comments and endings."""
    ending, marked, last = style
    content = {
        "testCases": [
            {
                "name": "A",
                "messages": [
                    {"input": "a", "outputs": [{"contains": text} for text in replies]},
                    {"input": "b", "outputs": [{"contains": "x"}]},
                ],
            }
        ]
    }
    lines = ["# a comment", *write_yaml(content).splitlines(), "  # the end"]
    text = ending.join(lines) + (ending if last else "")
    made = data.draw(changes(len(replies)))
    raw = (BOM if marked else b"") + text.encode()
    look_at(tmp_path_factory.getbasetemp() / "a.kore.yaml", raw, made, expect(replies, made), always=True)


@st.composite
def templates(draw):
    """Draw a template and another one in which keys or items came, went or changed."""
    names = st.sampled_from("abcdef")
    inner = st.lists(JSON, min_size=1, max_size=4) | st.dictionaries(names, JSON, min_size=1, max_size=4)
    old = draw(st.dictionaries(names, inner, min_size=1, max_size=3))
    new = json.loads(json.dumps(old))
    for name in draw(st.lists(st.sampled_from(sorted(old)), min_size=1, max_size=2)):
        holder = new[name]
        if isinstance(holder, list):
            at = draw(st.integers(0, len(holder)))
            holder[at : at + draw(st.integers(0, 2))] = draw(st.lists(JSON, max_size=2))
        else:
            holder.pop(draw(st.sampled_from("abcdef")), None)
            holder[draw(st.sampled_from("abcdefgh"))] = draw(JSON)
    return old, draw(st.sampled_from([new, {**new, "g": draw(JSON)}]))


@settings(suppress_health_check=[HealthCheck.filter_too_much])  # many a template has no comment to keep
@given(templates(), BREAKS, st.booleans())
def test_a_template_changes_with_its_comments_or_not_at_all(tmp_path_factory, both, ending, last):
    """Whatever keys and items come and go, it is the wanted one then, or refused for a comment."""
    old, new = both
    wanted = write_template(new)
    lines = [f"{line}  # c{at}" for at, line in enumerate(write_template_data(old, 6))]
    text = ending.join(["suites:", "- name: A", "  steps:", "  - user: a", "    bot:", f"    - {lines[0]}"])
    raw = (ending.join([text, *lines[1:]]) + (ending if last else "")).encode()
    assume(not why_not(wanted) and read_template(wanted) is not None and wanted != write_template(old))
    path = tmp_path_factory.getbasetemp() / "a.kore.yaml"
    made = update_file(path, raw, [StepChange((2, 3), 1, (Change(REPLACE, 0, wanted),))])
    if made.refused:
        assert list(made.refused.values()) == [
            "a comment in what is replaced would be lost: change it by hand"
        ]
        assert made.content == raw
    else:
        assert read_suites_of(path, made.content)[0].steps[0].outputs[0].texts == (wanted,)
