"""Errors are a tree that a reader can act on, and they travel between processes as data."""

import copy
import json
import pickle

import pytest

from pytest_kore_convtest import errors
from pytest_kore_convtest.errors import (
    ConfigError,
    JobError,
    KoreError,
    RefusedError,
    StructureError,
    Verdict,
    from_data,
)

CLASSES = sorted(
    (found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, KoreError)),
    key=lambda found: found.__name__,
)

TREE = {
    "ConfigError": "KoreError",
    "SuiteFileError": "KoreError",
    "ServiceError": "KoreError",
    "UnreachableError": "ServiceError",
    "AccessDeniedError": "ServiceError",
    "RateLimitedError": "ServiceError",
    "RefusedError": "ServiceError",
    "ProtocolError": "ServiceError",
    "JobError": "KoreError",
    "JobTimeoutError": "JobError",
    "JobStalledError": "JobError",
    "JobExpiredError": "JobError",
    "Verdict": "KoreError",
    "ImportFailedError": "Verdict",
    "StructureError": "Verdict",
    "ConversationFailedError": "Verdict",
}


def test_the_tree():
    """The classes and their parents are those of the documentation."""
    assert {found.__name__: found.__base__.__name__ for found in CLASSES if found is not KoreError} == TREE


@pytest.mark.parametrize("name", TREE)
def test_the_tree_is_drawn(name):
    """The drawing at the top of the module shows every class."""
    assert f"── {name}" in (errors.__doc__ or "")


def test_only_verdicts_are_assertions():
    """People and pytest read an ``AssertionError`` as "the thing under test is wrong"."""
    found = {one for one in CLASSES if issubclass(one, AssertionError)}
    assert found == {one for one in CLASSES if issubclass(one, Verdict)}


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(
    "send",
    [
        lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301 - our own
        copy.copy,
        copy.deepcopy,
        lambda error: from_data(json.loads(json.dumps(error.to_data()))),
    ],
)
def test_errors_travel(kind, send):
    """Class, message and evidence arrive as they were sent."""
    found = send(kind("what and why", job_id="ds-1", findings=[{"path": "$"}]))
    expected = (kind, "what and why", "what and why", "ds-1", [{"path": "$"}])
    assert (type(found), str(found), found.message, found.job_id, found.findings) == expected


def test_evidence_is_an_attribute():
    """Each piece of evidence can be read by its name, and what is not there says so."""
    error = RefusedError("no", status=400, code=None)
    with pytest.raises(AttributeError, match="RefusedError has no attribute 'reply'"):
        error.reply  # noqa: B018 - the access is the point
    assert (error.status, error.code, hasattr(error, "reply")) == (400, None, False)


def test_an_unknown_class_arrives_as_the_root():
    """Data of a class that this process does not know keeps message and evidence."""
    found = from_data({"class": "FutureError", "message": "m", "evidence": {"a": 1}})
    assert (type(found), str(found), found.a) == (KoreError, "m", 1)


def test_a_users_class_does_not_displace_ours():
    """A subclass that has the name of one of ours leaves ours what it is."""
    type("ConfigError", (KoreError,), {})
    assert type(from_data(ConfigError("m").to_data())) is ConfigError


def test_a_half_made_error_does_not_recurse():
    """Looking for evidence in an error that has none yet ends."""
    with pytest.raises(AttributeError, match="no attribute 'anything'"):
        StructureError.__new__(StructureError).anything  # noqa: B018 - the access is the point


@pytest.mark.parametrize(
    ("message", "headline"),
    [
        ("import job ds-1 is not done\nmore", "import job is not done (ds-1)"),
        ("import job ds-1: no answer", "import job: no answer (ds-1)"),
        ("2 things are wrong (import job ds-1):", "2 things are wrong (import job ds-1):"),
        ("no answer", "no answer"),
    ],
)
def test_a_headline_ends_with_the_id(message, headline):
    """Equal failures begin alike, so that a CI can group them."""
    assert JobError(message, job_id="ds-1").headline == headline
