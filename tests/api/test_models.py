"""Replies of the service become models; what does not fit becomes one sentence."""

import copy
import dataclasses
import json
import pickle
import tracemalloc
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kore_convtest.api.models import (
    FAILED,
    RUNNING,
    SUCCEEDED,
    ImportStatus,
    Step,
    Suite,
    read_import_started,
    read_import_status,
    read_upload,
    read_word,
)
from pytest_kore_convtest.strict_json import load_strictly

SAMPLES = Path(__file__).parent.parent / "samples"
BOM = b"\xef\xbb\xbf"


def sample(name):
    """Return the bytes of a documented reply."""
    return (SAMPLES / name).read_bytes()


def status(**fields):
    """Read a reply with these fields."""
    return read_import_status(json.dumps({"_id": "ds-1", "status": "SUCCESS", **fields}).encode())


def refusal(body, read=read_import_status):
    """Return what is said of a body that does not fit."""
    with pytest.raises(ValueError, match=r".") as refused:
        read(body)
    return str(refused.value)


def utc(*parts):
    """Return a time in UTC."""
    return datetime(*parts, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "ds-f8xxxxx5-5xxa-5xx4-axx4-48xxxxxxxxx9"),
        ("status", "IN_PROGRESS"),
        ("meaning", RUNNING),
        ("word_is_known", True),
        ("percent_complete", 85),
        ("stream_id", "st-45xxxxx7-3xx4-5xxa-9xxa-d8xxxxxxxxx0"),
        ("job_type", "CONVERSATION_TESTING_VALIDATE"),
        ("action", "RUN"),
        ("test_suite_id", "ctc-a1xxxxxc-5xx3-5xx5-axx3-77xxxxxxxxxb"),
        ("created_by", "u-7dxxxxxf-7xxd-5xx7-axx7-37xxxxxxxxx4"),
        ("created_at", utc(2023, 8, 23, 10, 3, 21, 825000)),
        ("requested_at", utc(2023, 8, 23, 10, 3, 21, 825000)),
        ("modified_at", utc(2023, 8, 23, 10, 3, 36, 109000)),
        ("expires_at", utc(2023, 8, 23, 10, 18, 21, 820000)),
        ("status_logs", []),
        ("download_url", None),
        ("suite", None),
    ],
)
def test_the_documented_answer_while_running(field, value):
    """Every field of the sample is read."""
    assert getattr(read_import_status(sample("import-status.in-progress.json")), field) == value


def test_the_documented_answer_of_success():
    """The stored suite comes with its own id, which is not the envelope's."""
    found = read_import_status(sample("import-status.success.json"))
    step = found.suite.steps[0]
    output = step.outputs[0]
    assert (found.status, found.meaning, found.percent_complete, found.test_suite_id, found.suite.id) == (
        "SUCCESS", SUCCEEDED, 100,
        "ctc-a1xxxxxc-5xx3-5xx5-axx3-77xxxxxxxxxb", "ctc-f9xxxxxc-7xx1-5xxe-axx6-80xxxxxxxxxd",
    )  # fmt: skip
    assert (found.suite.name, found.suite.tags, found.suite.description, found.suite.stream_id) == (
        "newtestcaseconvtest1979asdxxxxxxxxx9", [], "", found.stream_id,
    )  # fmt: skip
    assert (len(found.suite.steps), step.input, step.event, output.text, output.node_id) == (
        1, "Start_Flow", "Start_Flow", "asdasd", "",
    )  # fmt: skip
    text = output.assertions.text
    assert (text.enabled, text.expected, text.status) == (True, [{"text": "asdasd"}], "")
    assert (output.assertions.flow.enabled, output.assertions.context.enabled) == (False, False)


@pytest.mark.parametrize("name", ["import-status.in-progress.json", "import-status.success.json"])
@pytest.mark.parametrize("prefix", [b"", BOM])
def test_the_reply_is_kept_as_it_came(name, prefix):
    """Unknown fields and all others are in ``raw``, with or without a byte order mark."""
    assert read_import_status(prefix + sample(name)).raw == json.loads(sample(name))


@pytest.mark.parametrize(
    ("read", "name", "expected"),
    [
        (read_upload, "upload.json", json.loads(sample("upload.json"))["fileId"]),
        (read_import_started, "import.accepted.json", json.loads(sample("import.accepted.json"))["dsId"]),
    ],
)
def test_ids_of_the_documented_answers(read, name, expected):
    """Upload and import give the id that the next call needs."""
    assert read(sample(name)) == expected


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"dsId": null}', b'{"dsId": 5}', b'{"dsId": ""}', b'{"dsId": "../x"}', b'{"dsId": "a b"}'],
)
def test_an_id_that_cannot_be_one_is_no_answer(body):
    """An id from the service goes into paths, so it is checked as the user's are."""
    assert refusal(body, read_import_started) == "it has no usable 'dsId'"


@pytest.mark.parametrize(
    "field",
    [
        "percentageComplete", "streamId", "jobType", "action", "testSuiteId", "createdBy", "createdOn",
        "requestedTime", "lMod", "expireAt", "statusLogs", "response",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [None, 5, True, "text", [], [[1]], {}, {"a": {}}, -1, 1e300])
def test_odd_optional_fields_do_not_hide_the_status(field, value):
    """Whatever an optional field holds, the status is read and the reply is kept."""
    found = status(**{field: value})
    assert (found.meaning, found.raw[field]) == (SUCCEEDED, value)


def test_missing_optional_fields_are_empty():
    """A reply of id and status alone is an answer."""
    found = status()
    texts = (found.stream_id, found.job_type, found.action, found.test_suite_id, found.created_by)
    times = (found.created_at, found.requested_at, found.modified_at, found.expires_at)
    assert (texts, times, found.percent_complete, found.status_logs) == (("",) * 5, (None,) * 4, None, [])


@pytest.mark.parametrize(
    ("value", "percent"),
    [
        (0, 0), (100, 100), (85.5, 85.5), ("85", 85), (101, None), (-1, None), ("85 %", None), (True, None),
        ([], None), (1e300, None),
    ],
)  # fmt: skip
def test_percent(value, percent):
    """A percentage is a number from 0 to 100, or nothing."""
    assert status(percentageComplete=value).percent_complete == percent


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2023-08-23T10:03:21.825Z", utc(2023, 8, 23, 10, 3, 21, 825000)),
        ("2023-08-23T10:03:21Z", utc(2023, 8, 23, 10, 3, 21)),
        ("2023-08-23T10:03:21.8Z", utc(2023, 8, 23, 10, 3, 21, 800000)),
        ("2023-08-23T10:03:21.8251234Z", utc(2023, 8, 23, 10, 3, 21, 825123)),
        ("2023-08-23T12:03:21+02:00", utc(2023, 8, 23, 10, 3, 21)),
        ("2023-08-23T10:03:21", utc(2023, 8, 23, 10, 3, 21)),
        (1692785001825, utc(2023, 8, 23, 10, 3, 21, 825000)),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times(text, moment):
    """Times are UTC, whatever number of digits or zone they come with; nonsense is no time."""
    found = status(expireAt=text).expires_at
    assert (found, found and found.tzinfo) == (moment, moment and timezone.utc)


@pytest.mark.parametrize(
    ("logs", "expected"),
    [([{"a": 1}, "b"], [{"a": 1}, "b"]), ("oops", ["oops"]), ({"a": 1}, [{"a": 1}]), (None, [])],
)
def test_status_logs(logs, expected):
    """What the platform logs is a list, even when it sends one thing alone."""
    assert status(statusLogs=logs).status_logs == expected


@pytest.mark.parametrize("key", ["downloadUrl", "downloadURL", "fileUrl"])
def test_a_download_link(key):
    """The promised link is found under each of the platform's spellings."""
    assert status(**{key: "https://x/y", "other": None}).download_url == "https://x/y"


@pytest.mark.parametrize("value", [None, "", 5, []])
def test_a_download_link_that_is_none(value):
    """What is no text is no link."""
    assert status(downloadUrl=value).download_url is None


WORDS = {
    "IN_PROGRESS": RUNNING, "SUCCESS": SUCCEEDED, "FAILED": FAILED, "FAILURE": FAILED, "ERROR": FAILED,
    "ABORTED": FAILED, "CANCELLED": FAILED, "PARTIAL_SUCCESS": FAILED, "PENDING": RUNNING,
}  # fmt: skip


@given(st.sampled_from(sorted(WORDS)), st.data())
def test_casing_and_separators_of_a_word_do_not_matter(word, data):
    """The platform spells one word in three ways; we know it in all of them."""
    gaps = st.sampled_from(["", "_", "-", " "])
    letters = [
        data.draw(gaps) if letter == "_" else data.draw(st.sampled_from([letter, letter.lower()]))
        for letter in word
    ]
    assert read_word("".join(letters)) == (word, WORDS[word], True)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("VALIDATING_NODES", "VALIDATING_NODES"),
        ("success2", "SUCCESS2"),
        ("SUCCESS!", "SUCCESS"),
        ("notSuccess", "NOTSUCCESS"),
        ("SUCCESSFUL", "SUCCESSFUL"),
        ("passed", "PASSED"),
        ("\u0441UCCESS", "\u0421UCCESS"),
        ("a\x1b[2J\u202eb", "A_2J_B"),
        ("", ""),
        ("x" * 500, "X" * 40),
    ],
)
def test_an_unknown_word_counts_as_running(word, shown):
    """Success is one word; any other that nobody knows is waited out, and fit for a terminal."""
    found = status(status=word)
    assert (found.status, found.meaning, found.word_is_known) == (shown, RUNNING, False)


@given(st.text())
def test_only_success_is_success(word):
    """No text but the word itself, whatever its casing and separators, is a success."""
    folded = "".join(letter for letter in word.lower() if not letter.isspace() and letter not in "_-")
    assert (read_word(word)[1] == SUCCEEDED) is (folded == "success")


DEEP = b'{"_id": "ds-1", "status": "SUCCESS", "response": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Invalid JSON"),
        (b"<html>", "Invalid JSON"),
        (b"null", "the whole"),
        (b"[]", "the whole"),
        (b'"SUCCESS"', "the whole"),
        (b"{}", "_id"),
        (b'{"_id": "ds-1"}', "status"),
        (b'{"_id": null, "status": "SUCCESS"}', "_id"),
        (b'{"_id": 5, "status": "SUCCESS"}', "_id"),
        (b'{"id": "ds-1", "status": "SUCCESS"}', "_id"),
        (b'{"_id": "ds-1", "status": null}', "status"),
        (b'{"_id": "ds-1", "status": 1}', "status"),
        (b'{"_id": "ds-1", "status": ["SUCCESS"]}', "status"),
        (b'{"_id": "ds-1", "status": "FAILED", "status": "SUCCESS"}', "duplicate key 'status'"),
        (b'{"_id": "ds-1", "status": "SUCCESS", "a": {"b": 1, "b": 2}}', "duplicate key 'b'"),
        (b'{"_id": "ds-1", "status": "SUCCESS", "a": NaN}', "NaN is not valid JSON"),
        (b'{"_id": "ds-1", "status": "SUCCESS", "a": -Infinity}', "-Infinity is not valid JSON"),
        (b'{"_id": "ds-1", "status": "SUCCESS", "a": -1e999}', "the number -1e999 is too large"),
        (b'{"_id": "ds-1", "status": "SUCCESS"', "Invalid JSON"),
        (b'{"_id": "ds-1", "status": "SUCCESS"} x', "Invalid JSON"),
        (b'{"_id": "ds-1", "status": "\xff\xfe"}', "Invalid JSON"),
        (b'{"_id": "ds-1", "status": "\\ud800"}', "Invalid JSON"),
        ('{"_id": "ds-1", "status": "SUCCESS"}'.encode("utf-16"), "Invalid JSON"),
        (BOM + BOM + b'{"_id": "ds-1", "status": "SUCCESS"}', "Invalid JSON"),
        (DEEP, "are nested"),
    ],
    ids=range(25),
)
def test_what_is_no_answer(body, said):
    """Anything but one JSON object with an id and a status is refused in a short sentence."""
    found = refusal(body)
    assert (said in found, len(found) < 400) == (True, True)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a": ' * 100_000, b"\xff", b"[]", b"5", b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_strict_loading_never_crashes(body):
    """A hostile body is a ``ValueError``, never another failure."""
    assert refusal(body, load_strictly) != ""


def test_many_keys_are_quick():
    """Looking for duplicate keys takes time in proportion to their number."""
    pairs = ",".join(f'"{number}": 1' for number in range(100_000))
    assert "duplicate key '99999'" in refusal(f'{{{pairs}, "99999": 1}}'.encode(), load_strictly)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}")])
@pytest.mark.parametrize(("depth", "fits"), [(200, True), (201, False)])
def test_depth_has_a_limit(opening, closing, depth, fits):
    """What is loaded can be walked by functions that call themselves, wherever they are called."""
    inner = opening * (depth - 2) + "1" + closing * (depth - 2)
    body = f'{{"wide": [{"[], " * 300}{{}}], "deep": [{inner}]}}'.encode()
    if fits:
        assert load_strictly(body) == json.loads(body)
    else:
        assert "more than 200 objects and lists" in refusal(body, load_strictly)


@pytest.mark.parametrize(
    ("text", "loaded"),
    [
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\\ud83d", "\\ud83d"),
        (r"\\\ud83d\ude00 \ud7ff\ue000", "\\\U0001f600 \ud7ff\ue000"),
        (r"\ud83d", None),
        (r"\uDE00", None),
        (r"\ude00\ud83d", None),
        (r"\ud83d\ud83d\ude00", None),
        (r"\ud83d\\ude00", None),
        (r"\\\ud83d", None),
    ],
)
@pytest.mark.parametrize("place", ['{{"a": ["{}"]}}', '{{"{}": 1}}'])
def test_half_a_character_is_refused(text, loaded, place):
    """The escape of half a character has no UTF-8, so no report could be written of it."""
    body = place.format(text).encode()
    if loaded is None:
        assert "half a character" in refusal(body, load_strictly)
    else:
        assert load_strictly(body) in ({"a": [loaded]}, {loaded: 1})


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (None, None),
        ({}, None),
        ([], None),
        ("suite", None),
        ({"testSteps": [5]}, None),
        ({"testSteps": [{"outputs": ["x"]}]}, None),
        ({"testSteps": [{"outputs": [{"assertions": []}]}]}, None),
        ({"testSteps": None, "name": None, "tags": None}, Suite()),
        ({"name": 5, "tags": ["a", 1, None], "testSteps": {}}, Suite(tags=["a"])),
        ({"testSteps": [{"input": "hi", "outputs": None, "event": None}]}, Suite(steps=[Step(input="hi")])),
    ],
)
def test_a_broken_suite_does_not_hide_the_answer(response, expected):
    """Where a suite cannot be read it is ``None``; where a part is missing that part is empty."""
    found = status(response=response)
    assert (found.suite, found.meaning) == (expected, SUCCEEDED)


@pytest.mark.parametrize("value", [False, None, 0, 1, "true", "false", [1]])
def test_only_true_enables_an_assertion(value):
    """What is not the JSON word ``true`` does not enable an assertion."""
    output = {"assertions": {"text": {"enabled": value, "contains": []}, "flowLevel": None}}
    found = status(response={"testSteps": [{"input": "a", "outputs": [output]}]})
    assert found.suite.steps[0].outputs[0].assertions.text.enabled is False


def test_models_are_frozen_and_made_by_name():
    """A script may make a model in our words, and nobody changes one."""
    made = ImportStatus(id="ds-1", status="in progress")
    with pytest.raises(ValueError, match="frozen"):
        made.status = "SUCCESS"
    assert (made.status, made.raw) == ("IN_PROGRESS", {})


def test_what_was_read_is_a_value():
    """A status and its suite are equal to their copies, and nobody changes a suite."""
    found = read_import_status(sample("import-status.success.json"))
    for again in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):  # noqa: S301 - our own
        assert (again, again.suite, again.raw) == (found, found.suite, found.raw)
    for part in (found.suite, found.suite.steps[0], found.suite.steps[0].outputs[0]):
        with pytest.raises(AttributeError, match="cannot assign"):
            setattr(part, dataclasses.fields(part)[0].name, "x")


def test_what_is_done_with_a_suite_leaves_the_reply_alone():
    """Lists of a suite are its own."""
    found = read_import_status(sample("import-status.success.json"))
    step = found.suite.steps[0]
    for own in (found.suite.tags, found.suite.steps, step.outputs, step.outputs[0].assertions.text.expected):
        own.append("x")
    assert found.raw == json.loads(sample("import-status.success.json"))


def test_a_suite_takes_hardly_more_memory_than_its_reply():
    """Beside what Python needs to load the reply there is room for one small object a step."""
    reply = json.loads(sample("import-status.success.json"))
    reply["response"]["testSteps"] *= 2000
    body = json.dumps(reply).encode()
    assert most_memory(read_import_status, body) < 1.15 * most_memory(json.loads, body)


def most_memory(read, body):
    """Return the most bytes that Python holds while a body is read."""
    tracemalloc.start()
    try:
        read(body)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["_id", "status", "streamId", "lMod", "response", "statusLogs"]), JSON)
)
def test_any_object_is_an_answer_or_a_sentence(reply):
    """Whatever object comes, it is read, or refused for its id or its status."""
    try:
        found = read_import_status(json.dumps(reply).encode()).raw
    except ValueError:
        found = None
    good = isinstance(reply.get("_id"), str) and isinstance(reply.get("status"), str)
    assert found == (reply if good else None)
