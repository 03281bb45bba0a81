"""The record as JSON: written in one way, read strictly, described by a schema."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports.records import (
    make_failed_suite,
    make_import,
    make_item,
    make_record,
    make_step,
    make_suite,
    records,
)

from pytest_kore_convtest.__main__ import main
from pytest_kore_convtest.errors import ConfigError, KoreError
from pytest_kore_convtest.reports.schema import ShapeError, fit, record_schema
from pytest_kore_convtest.reports.serialize import read_record, write_record

STORED = Path(__file__).parents[1] / "samples" / "report"

SAMPLES = {
    "sound": make_record(),
    "failed": make_record(make_failed_suite(), items=[make_item()]),
    "without a job": make_record(suites=[], evidence=[]),
}


ODD = ("null", "0", "1.0", "1.5", "true", '""', '"passed"', "[]", "{}", '["x"]', "[0]")
"""JSON that fits some places and not others."""


@pytest.fixture(name="validator", scope="module")
def _validator():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(record_schema())
    return jsonschema.Draft202012Validator(record_schema())


def joined(value):
    """Return a value with halves of letters that stand side by side joined, as JSON reads them."""
    if isinstance(value, dict):
        return {joined(key): joined(one) for key, one in value.items()}
    if isinstance(value, list):
        return [joined(one) for one in value]
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return value


def test_a_report_from_before_the_attempts_is_read():
    """A report of a release that ran each suite once is read as one with no attempts and no rates."""
    data = json.loads(write_record(make_record(make_failed_suite(), items=[make_item()])))
    for one in (data["suites"][0]["run"], *data["suites"][0]["steps"]):
        del one["attempts"], one["rate"]
    suite = read_record(json.dumps(data).encode(), "x.json")["suites"][0]
    assert [(one["attempts"], one["rate"]) for one in (suite["run"], *suite["steps"])] == [([], None)] * 3


@settings(deadline=None, max_examples=200)
@given(record=records())
def test_what_was_written_is_read_back(record):
    """Any record is the same after a way through bytes."""
    assert read_record(write_record(record).encode(), "x.json") == joined(record)


@settings(deadline=None, max_examples=200)
@given(record=records())
def test_what_is_written_fits_the_schema(validator, record):
    """Any record that is written is valid for the published schema."""
    assert list(validator.iter_errors(json.loads(write_record(record)))) == []


@settings(deadline=None, max_examples=200)
@given(record=records())
def test_what_is_written_hides_nothing(record):
    """No letter that a terminal obeys or an editor hides stands in the file as it is."""
    text = write_record(record)
    joiners = text.replace("\u200c", "").replace("\u200d", "")
    hidden = [letter for letter in joiners if not letter.isprintable() and letter != "\n"]
    assert [
        one for one in hidden if one in "\x1b\x7f\x9b\u2028\u202e\ufeff\xad" or "\ud800" <= one <= "\udfff"
    ] == []
    assert text.endswith("}\n")


@pytest.mark.parametrize("record", SAMPLES.values(), ids=SAMPLES)
def test_the_samples_fit_the_schema(validator, record):
    """A sound run, a failed one and one without any job are valid."""
    assert list(validator.iter_errors(json.loads(write_record(record)))) == []


@pytest.mark.parametrize("path", sorted(STORED.glob("*.json")), ids=lambda path: path.stem)
def test_the_stored_reports_are_read_and_fit_the_schema(validator, path):
    """The records among the samples are what this version writes."""
    record = read_record(path.read_bytes(), path.name)
    assert list(validator.iter_errors(json.loads(write_record(record)))) == []


def test_the_order_of_keys_is_that_of_the_shape():
    """The same facts in another order are the same bytes, the format first."""
    record = make_record(make_failed_suite())
    backwards = json.loads(json.dumps(record), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert write_record(backwards) == write_record(record)
    assert write_record(record).startswith(
        '{\n "format": "pytest-kore-convtest",\n "version": 1,\n "verdict"'
    )


@pytest.mark.parametrize("value", [[], 7, None, "x", [{"evidence": []}]])
def test_what_is_no_object_is_no_record(value):
    """It is told, and nothing is made of it."""
    with pytest.raises(ShapeError, match=r"^\$: "):
        fit(value)


def test_letters_of_all_languages_stay_readable():
    """What is no control character is not escaped."""
    assert '"日本 é 👍"' in write_record(make_record(make_suite("日本 é 👍")))


def test_a_number_that_json_does_not_know_is_null():
    """NaN from a platform's reply does not cost the report."""
    reply = {"expected": ["x"], "actual": "x", "assertions": []}
    block = {"kind": "flow", "enabled": True, "status": "passed", "expected": [float("nan"), 1]}
    step = make_step(replies=[reply | {"assertions": [block]}])
    read = read_record(write_record(make_record(make_suite(steps=[step]))), "x")
    assert read["suites"][0]["steps"][0]["replies"][0]["assertions"][0]["expected"] == [None, 1]


def test_our_own_mistake_is_told_as_ours():
    """Data that is no record is not written, and the place is named."""
    with pytest.raises(KoreError, match=r"\$\.suites\[0\]\.steps: it is missing\): please file this"):
        write_record(make_record({key: value for key, value in make_suite().items() if key != "steps"}))


def broken(change):
    """Return a sound record as data, after a change."""
    data = json.loads(write_record(make_record(make_failed_suite(), items=[make_item()])))
    change(data)
    return json.dumps(data)


WRONG = [
    ("{", "run.json:1:2: is not valid JSON"),
    ("", "run.json:1:1: is empty"),
    (b"\xff{}", "run.json: is not valid UTF-8 at byte 0"),
    ("[" * 100_000, "run.json: is not valid JSON: it is nested too deeply"),
    ('{"format": NaN}', "run.json: is not valid JSON: NaN is no number in JSON"),
    ("[]", "run.json: $.format: this is no report of pytest-kore-convtest"),
    ('{"testCases": []}', "run.json: $.format: this is no report of pytest-kore-convtest"),
    (broken(lambda data: data.update(version=2)), "$.version: version 2 was written by a newer pytest-kore"),
    (broken(lambda data: data.update(version=0)), "$.version: 0 is none of 1"),
    (broken(lambda data: data.update(version=True)), "$.version: it has to be a whole number, not True"),
    (
        broken(lambda data: data.update(verdict="ok")),
        '$.verdict: "ok" is none of "passed", "failed", "unknown"',
    ),
    (broken(lambda data: data.update(more=1)), "$.more: no such key is known"),
    (broken(lambda data: data.update({"a b": 1})), '$["a b"]: no such key is known'),
    (broken(lambda data: data.pop("notes")), "$.notes: it is missing"),
    (broken(lambda data: data.update(notes={})), "$.notes: it has to be a list, not an object"),
    (broken(lambda data: data.update(notes=[1])), "$.notes[0]: it has to be a text, not 1"),
    (
        broken(lambda data: data["suites"][0].update(imported=None)),
        "$.suites[0].imported: it has to be an object",
    ),
    (broken(lambda data: data["suites"][0].update(evidence=1)), "$.suites[0].evidence: there is no entry 1"),
    (
        broken(lambda data: data["suites"][0].update(evidence=-1)),
        "$.suites[0].evidence: a place in a list is",
    ),
    (
        broken(lambda data: data["items"][0].update(suites=[0, 7])),
        "$.items[0].suites[1]: there is no entry 7",
    ),
    (
        broken(lambda data: data["suites"][0]["steps"][1].update(outcome="fine")),
        '$.suites[0].steps[1].outcome: "fine" is none of "passed", "failed", "not evaluated"',
    ),
    (
        broken(lambda data: data["suites"][0]["run"].update(seconds="1")),
        '$.suites[0].run.seconds: it has to be a number, not "1"',
    ),
    (
        broken(lambda data: data["suites"][0]["run"].update(seconds=1)).replace(
            '"seconds": 1', '"seconds": 1e999'
        ),
        "$.suites[0].run.seconds: it has to be a number, not inf",
    ),
]


@pytest.mark.parametrize(("content", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_no_record_is_told(content, said):
    """The error names the file, the place in it, what is wrong, and the way out."""
    with pytest.raises(ConfigError) as caught:
        read_record(content, "run.json")
    assert str(caught.value).startswith("run.json")
    assert said in str(caught.value)
    assert str(caught.value).endswith("; give a file that --kore-json wrote, in this release or an older one")
    assert "\n" not in str(caught.value)


@settings(deadline=None, max_examples=500)
@given(at=st.integers(0, 500), place=st.integers(0, 50), new=st.sampled_from(ODD) | st.none())
def test_reader_and_schema_are_of_one_mind(validator, at, place, new):
    """A record in which something was replaced or left out is read exactly when it fits the schema."""
    record = json.loads(write_record(make_record(make_failed_suite(), items=[make_item(suites=[])])))
    holders = [node for node in nodes(record) if node]
    holder = holders[at % len(holders)]
    key = list(holder)[place % len(holder)] if isinstance(holder, dict) else place % len(holder)
    if new is None:
        del holder[key]
    else:
        holder[key] = json.loads(new)
    valid = validator.is_valid(record)
    try:
        read_record(json.dumps(record), "x")
    except ConfigError as error:
        assert not valid or has_wrong_index(record), str(error)  # noqa: PT017 - the other way out is judged as well
    else:
        assert valid


def has_wrong_index(record):
    """Whether a record points to a suite or a run that it does not have, which no schema can check."""
    runs, suites = range(len(record["evidence"])), range(len(record["suites"]))
    wrong = [suite for suite in record["suites"] if suite["evidence"] not in runs]
    return bool(wrong) or any(index not in suites for item in record["items"] for index in item["suites"])


def nodes(value):
    """Yield every object and list of a value."""
    if isinstance(value, (dict, list)):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from nodes(inner)


def test_a_byte_order_mark_is_no_harm():
    """A file that PowerShell wrote again is read."""
    assert read_record(b"\xef\xbb\xbf" + write_record(make_record()).encode(), "x") == make_record()


def test_every_object_of_the_schema_is_described():
    """Each definition says what it is, and each reference leads to one."""
    schema = record_schema()
    used = {node["$ref"] for node in nodes(schema) if isinstance(node, dict) and "$ref" in node}
    assert used == {f"#/$defs/{name}" for name in schema["$defs"]}
    assert all(one["description"] for one in [schema, *schema["$defs"].values()])
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_command_prints_the_schema(capsys):
    """``python -m pytest_kore_convtest schema --report`` prints it, indented, sorted, in ASCII."""
    assert main(["schema", "--report"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == record_schema()
    assert printed.isascii()
    assert printed.startswith('{\n  "$defs"')


def test_a_record_nested_too_deep_is_our_mistake_too():
    """Data that no JSON writer can follow is one sentence."""
    deep = []
    for _ in range(100_000):
        deep = [deep]
    block = {"kind": "flow", "enabled": True, "status": "passed", "expected": deep}
    step = make_step(replies=[{"expected": [], "actual": None, "assertions": [block]}])
    suite = make_suite(imported=make_import(), steps=[step])
    with pytest.raises(KoreError, match="nested too deeply\\): please file"):
        write_record(make_record(suite))


def test_a_report_from_before_the_offers_is_read():
    """Steps of an earlier release have no ``offers``; they are read as having none."""
    record = make_record(make_suite(steps=[make_step()]))
    old = json.loads(json.dumps(record))
    del old["suites"][0]["steps"][0]["offers"]
    assert read_record(json.dumps(old), "old.json") == record
