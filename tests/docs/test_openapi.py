"""The description of the API: true to the documented samples, the emulator, and what our client sends."""

import copy
import json
from pathlib import Path

import pytest
import yaml
from emulator.test_client import SUITE, ForeignClient
from jsonschema import Draft202012Validator, ValidationError

from pytest_kore_convtest.api.client import KoreClient
from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.emulator.app import ENDPOINTS, find_endpoint
from pytest_kore_convtest.emulator.journal import Request
from pytest_kore_convtest.settings.settings import Settings

HERE = Path(__file__).parents[1]
API = yaml.safe_load((HERE.parent / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
ERRORS = json.loads((HERE / "samples" / "errors.json").read_text())
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, item in API["paths"].items()
    for method, operation in item.items()
    if method in {"get", "post", "delete"}
}
SAMPLES = {
    "upload": "upload",
    "import.accepted": "import",
    "import-status.in-progress": "import-status",
    "import-status.success": "import-status",
    "run.accepted": "run",
    "run-status.in-progress": "run-status",
    "run-status.passed": "run-status",
    "run-status.passed-summary": "run-status",
    "delete": "delete",
}


def sample(name):
    """Return a documented reply."""
    return json.loads((HERE / "samples" / f"{name}.json").read_text())


def resolve(thing):
    """Return what a reference names, or the thing itself."""
    if set(thing) != {"$ref"}:
        return thing
    for key in thing["$ref"].removeprefix("#/").split("/"):
        found = API[key] if key == "components" else found[key]  # noqa: F821 - components come first
    return found


def validator(schema, whole=API):
    """Return a validator of a schema of the description."""
    return Draft202012Validator({**whole, **schema})


def reply_schema(operation, status):
    """Return the schema of the JSON reply with a status."""
    replies = OPERATIONS[operation][2]["responses"]
    reply = resolve(replies.get(str(status)) or replies["default"])
    return reply["content"]["application/json"]["schema"]


def check(operation, status, body):
    """Raise unless a reply has the described shape."""
    validator(reply_schema(operation, status)).validate(body)


def strict(schema):
    """Return a copy of a schema that refuses every field that is not described."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items()}
    return {**found, "additionalProperties": False} if "properties" in schema and "type" in schema else found


def test_it_describes_the_six_endpoints():
    """Each endpoint that the emulator serves is described once, under the address where it serves it."""
    assert sorted(OPERATIONS) == sorted(ENDPOINTS)
    for name, (method, path, _) in OPERATIONS.items():
        assert find_endpoint(Request(method, path.replace("{", "").replace("}", ""), {}))[0] == name


def test_every_schema_is_one():
    """The schemas are JSON Schema, and every reference leads somewhere."""
    for schema in API["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(API)
    references = {one.split('"')[0] for one in text.split('"$ref": "')[1:]}
    assert all(resolve({"$ref": one}) for one in references)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_documented_replies_fit(name):
    """Every documented reply has the described shape, and no field that is not described."""
    check(SAMPLES[name], 200, sample(name))
    whole = copy.deepcopy(API)
    whole["components"]["schemas"] = strict(whole["components"]["schemas"])
    validator(reply_schema(SAMPLES[name], 200), whole).validate(sample(name))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_reply_that_lacks_something_does_not_fit(name):
    """The description is able to refuse: an empty object and a reply of another endpoint do not fit."""
    others = [sample(other) for other in SAMPLES if SAMPLES[other] != SAMPLES[name] and name != "delete"]
    for wrong in [{}, [], None, "x", *others]:
        with pytest.raises(ValidationError):
            check(SAMPLES[name], 200, wrong)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error["when"])
def test_the_known_refusals_fit(error):
    """Every known refusal has the described shape, under a status that is described."""
    operations = [name for name in OPERATIONS if str(error["http"]) in OPERATIONS[name][2]["responses"]]
    assert operations or error["http"] in {405, 500}
    for name in operations or OPERATIONS:
        check(name, error["http"], error["body"])


@pytest.mark.parametrize("results", ["full", "summary"])
def test_the_emulator_s_replies_fit(results):
    """The emulator answers as described, on the whole road, at its end as on the way."""
    with Emulator(job_polls=1, run_results=results) as emulator, ForeignClient(emulator) as client:
        file_id = told("upload", client.upload())["fileId"]
        job = told("import", client.start_import(file_id, tags=["a"], description="b"))["dsId"]
        statuses = [told("import-status", client.import_status(job)) for _ in range(2)]
        emulator.bot({"bye": "No."})
        run = told("run", client.start_run())["testRunId"]
        statuses += [told("run-status", client.run_status(run)) for _ in range(2)]
        told("delete", client.delete(["SUITE"]))
        assert [one["status"] for one in statuses] == ["IN_PROGRESS", "SUCCESS", "inprogress", "failed"]


@pytest.mark.parametrize(
    ("name", "ask", "status"),
    [
        ("upload", lambda client: client.ask("POST", "/api/public/uploadfile", data=b"x"), 412),
        ("import", lambda client: client.start_import("nothing"), 400),
        ("import", lambda client: client.start_import("nothing", name=None), 412),
        ("import-status", lambda client: client.import_status("ds-0"), 400),
        ("import-status", lambda client: client.import_status("ds-0", token="no token"), 401),
        ("run", lambda client: client.start_run("nothing"), 400),
        ("run-status", lambda client: client.run_status("ctr-0", "nothing"), 400),
        ("delete", lambda client: client.delete(["nothing"]), 400),
        ("delete", lambda client: client.delete([]), 412),
        ("import", lambda client: client.ask("PATCH", f"{client.suites}/import"), 405),
    ],
)
def test_the_emulator_s_refusals_fit(name, ask, status):
    """The emulator refuses as described."""
    with Emulator() as emulator, ForeignClient(emulator) as client:
        reply = ask(client)
        assert reply.status_code == status
        check(name, status, reply.json())


def test_what_our_client_sends_fits(tmp_path):
    """The bodies that our own client sends are those that are described."""
    with Emulator(job_polls=0) as emulator:
        settings = Settings.read(
            env={},
            host=emulator.url,
            stream_id=emulator.stream_id,
            client_id=emulator.client_id,
            client_secret=emulator.client_secret,
            user_email=emulator.user_email,
        )
        with KoreClient(settings) as client:
            file_id = client.upload(json.dumps(SUITE).encode(), "a.json")
            client.import_status(client.start_import(file_id, "SUITE", tags=["a"], description="b"))
            client.run_status("SUITE", client.start_run("SUITE", "published"))
            client.delete_suites(["SUITE"])
        for record in emulator.requests:
            _, _, operation = OPERATIONS[find_endpoint(record)[0]]
            content = operation.get("requestBody", {"content": {}})["content"]
            if "application/json" in content:
                validator(content["application/json"]["schema"]).validate(record.json)
            else:
                assert (record.json is None, list(content)) in [(True, []), (True, ["multipart/form-data"])]
    assert len(emulator.requests) == 6


def told(operation, reply):
    """Return a good reply's body after checking that it fits."""
    assert reply.status_code == 200
    check(operation, 200, reply.json())
    return reply.json()
