"""Schemathesis against the emulator, out of docs/openapi.yaml; ``make fuzz`` has an environment for it.

Its name keeps it out of the ordinary run: Schemathesis is itself a pytest plugin, one that costs every
pytest process more than half a second, and this project's tests start hundreds of them.
"""

import json
import os
import time
import uuid
from pathlib import Path
from zlib import crc32

import jwt
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pytest_kore_convtest.emulator import Emulator

API = schemathesis.openapi.from_path(Path(__file__).parents[2] / "docs" / "openapi.yaml")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SUITE = {"testCases": [{"name": "A", "messages": [{"input": "hello", "outputs": [{"contains": "Hi!"}]}]}]}


@pytest.fixture(name="emulator", scope="module")
def _emulator():
    with Emulator(job_polls=1) as emulator:
        yield emulator
        answered = {record.status for record in emulator.requests}
        assert {200, 400, 401, 412} <= answered, f"only {answered} was ever answered: this proves little"


def token(emulator):
    """Sign a good token."""
    claims = {"appId": emulator.client_id, "sub": "fuzz", "exp": time.time() + 300, "jti": uuid.uuid4().hex}
    return jwt.encode(claims, emulator.client_secret, "HS256")


def know(emulator, parameters):
    """Put ids that exist into the path, so that there is more to answer than that there is none."""
    known = {"streamId": emulator.stream_id, "dsId": emulator.add_job(SUITE), "testSuiteName": "A"}
    if "testRunId" in parameters:
        known["testRunId"] = run(emulator)
    parameters.update({name: value for name, value in known.items() if name in parameters})


def run(emulator):
    """Start a run of the stored suite and return its id."""
    operation = API["/api/public/stream/{streamId}/conversation/testsuite/{testSuiteName}/run"]["POST"]
    case = operation.Case(
        path_parameters={"streamId": emulator.stream_id, "testSuiteName": "A"},
        headers={"auth": token(emulator)},
        body={"version": "published", "userEmailId": "a@b.c"},
        media_type="application/json",
    )
    return case.call(base_url=emulator.url).json()["testRunId"]


@API.parametrize()
@settings(
    max_examples=150 * int(os.environ.get("CONVTEST_FUZZ", "1")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
def test_the_stand_in(case, emulator):
    """Whatever is asked, by a client that is known or by a stranger: an answer as described, or a refusal."""
    dice = crc32(json.dumps([case.path_parameters, str(case.body)], default=str).encode())
    if dice % 4 and case.path_parameters:
        know(emulator, case.path_parameters)
    if dice % 8:
        case.headers["auth"] = token(emulator)
    response = case.call(base_url=emulator.url)
    case.validate_response(response, checks=CHECKS)
    assert "Traceback" not in response.text
