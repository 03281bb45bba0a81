"""Errors are a tree that a reader can act on, and they travel between processes as data."""

import copy
import json
import pickle
from dataclasses import MISSING, fields

import pytest

from pytest_kore_convtest import errors
from pytest_kore_convtest.errors import (
    ConfigError,
    JobError,
    KoreError,
    RefusedError,
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
    """Class, message and every field arrive as they were sent."""
    sent = {one.name: f"a {one.name}" if one.default_factory is MISSING else [1] for one in fields(kind)}
    found = send(kind(**sent))
    assert (type(found), str(found), vars(found)) == (kind, "a message", sent)


def test_fields():
    """What is not known has its default; what no error has is refused."""
    error = RefusedError("no", status=400)
    assert (error.status, error.code, error.reply, error.history) == (400, None, "", [])
    with pytest.raises(TypeError, match="colour"):
        RefusedError("no", colour="red")
    with pytest.raises(AttributeError, match="colour"):
        error.colour  # noqa: B018 - the access is the point


def test_an_unknown_class_arrives_as_the_root():
    """Data of a class that this process does not know keeps the message and what every error has."""
    found = from_data({"class": "FutureError", "message": "m", "fields": {"colour": 1, "job_id": "ds-1"}})
    assert (type(found), str(found), found.job_id) == (KoreError, "m", "ds-1")


def test_a_users_class_does_not_displace_ours():
    """A subclass that has the name of one of ours leaves ours what it is."""
    type("ConfigError", (KoreError,), {})
    assert type(from_data(ConfigError("m").to_data())) is ConfigError


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
