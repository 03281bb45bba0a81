"""The promise about the JSON report: what never changes within a version, and the published schema."""

import copy
import json
from pathlib import Path

import pytest

from pytest_kore_convtest.reports.schema import record_schema

ROOT = Path(__file__).parents[2]
FIRST = json.loads((ROOT / "tests" / "samples" / "report-version-1.schema.json").read_text("utf-8"))
"""The schema of the first release that wrote version 1; it is never made anew."""


def shapes(schema):
    """Yield each object of a schema by name."""
    yield "Record", schema
    yield from schema["$defs"].items()


def breaks(old, new):
    """Return how a schema breaks the promise that an older one of the same version made."""
    found, known = [], dict(shapes(new))
    for name, shape in shapes(old):
        if name not in known:
            found.append(f"{name} is gone")
            continue
        now = known[name]
        for key, about in shape.get("properties", {}).items():
            if key not in now["properties"]:
                found.append(f"{name}.{key} is gone")
            elif not is_kept(about, now["properties"][key], whole=key in FIXED):
                found.append(f"{name}.{key} is something else")
        more = set(now.get("required", ())) - set(shape.get("required", ()))
        found += [f"{name}.{key} has to be there" for key in sorted(more)]
        less = set(shape.get("required", ())) - set(now.get("required", ()))
        found += [f"{name}.{key} may be missing" for key in sorted(less)]
    return found


FIXED = {"verdict", "version", "format"}
"""The keys whose words stay as they are."""


def is_kept(old, new, *, whole):
    """Say whether a value may still be what it was; words may be added unless the whole is to stay."""
    old, new = ({key: one for key, one in side.items() if key != "description"} for side in (old, new))
    words, now = set(old.pop("enum", ())), set(new.pop("enum", ()))
    return old == new and (words == now if whole else words <= now)


def change(path, value):
    """Return the schema with something else at a place; ``None`` takes it out."""
    made = copy.deepcopy(record_schema())
    *way, last = path
    holder = made
    for step in way:
        holder = holder[step]
    if value is None:
        del holder[last]
    else:
        holder[last] = value
    return made


def test_the_promise_is_kept():
    """What the first release wrote in version 1 is there, as it was."""
    assert breaks(FIRST, record_schema()) == []


STEP = ("$defs", "StepRecord", "properties")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ((*STEP, "input"), None, "StepRecord.input is gone"),
        ((*STEP, "number", "type"), "string", "StepRecord.number is something else"),
        ((*STEP, "outcome", "enum"), ["passed", "failed"], "StepRecord.outcome is something else"),
        ((*STEP, "outcome", "enum"), ["passed", "failed", "not evaluated", "flaky", "new"], None),
        ((*STEP, "more"), {"type": "string"}, None),
        (("properties", "verdict", "enum"), ["passed", "failed", "unknown", "new"], "Record.verdict is"),
        (("properties", "version", "const"), 2, "Record.version is something else"),
        (("$defs", "Git", "required"), ["commit"], "Git.branch may be missing"),
        (("$defs", "RunRecord", "required"), [*record_schema()["$defs"]["RunRecord"]["properties"]], "has"),
    ],
)
def test_a_broken_promise_is_found(path, value, said):
    """What goes, changes or is suddenly wanted is found; what is added is not."""
    found = breaks(FIRST, change(path, value))
    assert [said for one in found if said and said in one] or (found == [] and said is None), found


def test_the_published_schema_is_the_one_of_the_code():
    """The schema on the site is what the command prints; docs/generate.py writes it."""
    published = json.loads((ROOT / "docs" / "kore-report.schema.json").read_text("utf-8"))
    assert published == json.loads(json.dumps(record_schema()))
    assert "(kore-report.schema.json)" in (ROOT / "docs" / "reports.md").read_text("utf-8")


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "samples" / "report").glob("*.json")))
def test_the_samples_fit_the_published_schema(path):
    """Reports among the samples are valid for the schema on the site, and for that of the first release."""
    jsonschema = pytest.importorskip("jsonschema")
    published = json.loads((ROOT / "docs" / "kore-report.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(path.read_text("utf-8")), published)
