"""What the service says, in our words. The only room in which ``pydantic`` lives.

Field names of the wire and their meaning: Kore.ai's pages on the conversation test
suite's creation status and execution status. Unknown fields stay in ``.raw``;
nulls, missing optional fields and those of a wrong type are taken as empty, because
what is broken in a suite is for ``structure`` to say, place by place.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"
"""What a status word means for a job; a word nobody has seen counts as running."""

IMPORT_JOB = "CONVERSATION_TESTING_VALIDATE"
"""The ``jobType`` of an import of a conversation test suite."""

_LONGEST_WORD = 40
_WORDS = {
    "inprogress": ("IN_PROGRESS", RUNNING),
    "pending": ("PENDING", RUNNING),
    "queued": ("QUEUED", RUNNING),
    "accepted": ("ACCEPTED", RUNNING),
    "running": ("RUNNING", RUNNING),
    "success": ("SUCCESS", SUCCEEDED),
    "failed": ("FAILED", FAILED),
    "failure": ("FAILURE", FAILED),
    "error": ("ERROR", FAILED),
    "aborted": ("ABORTED", FAILED),
    "cancelled": ("CANCELLED", FAILED),
    "canceled": ("CANCELLED", FAILED),
    "partialsuccess": ("PARTIAL_SUCCESS", FAILED),
    "partiallysuccessful": ("PARTIAL_SUCCESS", FAILED),
    "rejected": ("REJECTED", FAILED),
    "terminated": ("TERMINATED", FAILED),
    "timedout": ("TIMED_OUT", FAILED),
}


def read_word(word: str) -> tuple[str, str, bool]:
    """Fold a status word's casing and separators.

    Returns:
        The word in our spelling, what it means, and whether it is one we know.
    """
    folded = re.sub(r"[\s_-]", "", word.lower())
    if folded in _WORDS:
        return (*_WORDS[folded], True)
    return re.sub(r"[\W_]+", "_", word.upper()).strip("_")[:_LONGEST_WORD], RUNNING, False


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [text for text in _list(value) if isinstance(text, str)]


def _dict(value: Any) -> Any:
    return {} if value is None else value


def _logs(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _moment(value: Any, read: ValidatorFunctionWrapHandler) -> datetime | None:
    """Read a time that may be null or nonsense; one without a zone is UTC."""
    try:
        moment: datetime | None = read(value)
        return moment and moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValidationError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    """Read a percentage that may be null, text or nonsense; it is a hint only."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number <= 100 and not isinstance(value, bool) else None  # noqa: PLR2004 - percent


Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[list[str], BeforeValidator(_texts)]
Moment = Annotated[datetime | None, WrapValidator(_moment)]
Percent = Annotated[float | None, BeforeValidator(_number)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, populate_by_name=True)


class Assertion(_Model):
    """One kind of assertion on one output.

    Attributes:
        enabled: Whether the platform checks it.
        expected: What it compares with: several entries are variations, one match suffices.
        status: ``"passed"`` or ``"failed"`` in a run, else empty.
    """

    enabled: Annotated[bool, BeforeValidator(lambda value: value is True)] = False
    expected: Annotated[list[Any], BeforeValidator(_list)] = Field(default=[], alias="contains")
    status: Text = ""


class Assertions(_Model):
    """The three kinds of assertions on one output."""

    flow: Annotated[Assertion, BeforeValidator(_dict)] = Field(default=Assertion(), alias="flowLevel")
    text: Annotated[Assertion, BeforeValidator(_dict)] = Assertion()
    context: Annotated[Assertion, BeforeValidator(_dict)] = Assertion()


class Output(_Model):
    """One expected reply of the bot.

    Attributes:
        text: Plain text, or a template as JSON text.
        node_id: The dialog node, empty when there is none.
        assertions: What is compared.
    """

    text: Text = ""
    node_id: Text = Field(default="", alias="nodeId")
    assertions: Annotated[Assertions, BeforeValidator(_dict)] = Assertions()


class Step(_Model):
    """One user input and the replies expected to it; the UI says *test case*.

    Attributes:
        input: What the user says.
        event: ``"Start_Flow"`` on the on-connect step, else empty.
        outputs: The expected replies, in order.
    """

    input: Text = ""
    event: Text = ""
    outputs: Annotated[list[Output], BeforeValidator(_list)] = []


class Suite(_Model):
    """A stored conversation test suite.

    Attributes:
        id: The stored suite's own id (``ctc-…``).
        name: Its name, by which it is run and deleted.
        description: Free text.
        tags: Its tags.
        stream_id: The bot it belongs to.
        steps: Its steps, in order.
    """

    id: Text = Field(default="", alias="_id")
    name: Text = ""
    description: Text = ""
    tags: Texts = []
    stream_id: Text = Field(default="", alias="streamId")
    steps: Annotated[list[Step], BeforeValidator(_list)] = Field(default=[], alias="testSteps")


class ImportStatus(_Model):
    """One answer about an import job.

    Attributes:
        id: The job (``ds-…``).
        status: The platform's word, in upper case with underscores.
        percent_complete: 0 to 100, or ``None``; it may stand still or go backwards.
        stream_id: The bot.
        job_type: ``CONVERSATION_TESTING_VALIDATE`` for an import.
        action: ``RUN``.
        test_suite_id: The validation's suite id; **not** the stored suite's ``suite.id``.
        created_by: The user's id.
        created_at: When the job was created.
        requested_at: When it was asked for.
        modified_at: When the platform last touched it.
        expires_at: When the record is (by inference) dropped.
        status_logs: What the platform logged, as it came.
        download_url: A results link, if one came; never fetched.
    """

    id: str = Field(alias="_id")
    status: str
    percent_complete: Percent = Field(default=None, alias="percentageComplete")
    stream_id: Text = Field(default="", alias="streamId")
    job_type: Text = Field(default="", alias="jobType")
    action: Text = ""
    test_suite_id: Text = Field(default="", alias="testSuiteId")
    created_by: Text = Field(default="", alias="createdBy")
    created_at: Moment = Field(default=None, alias="createdOn")
    requested_at: Moment = Field(default=None, alias="requestedTime")
    modified_at: Moment = Field(default=None, alias="lMod")
    expires_at: Moment = Field(default=None, alias="expireAt")
    status_logs: Annotated[list[Any], BeforeValidator(_logs)] = Field(default=[], alias="statusLogs")
    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _suite: Suite | None = PrivateAttr(default=None)
    _meaning: str | None = PrivateAttr(default=None)

    def model_post_init(self, _context: Any) -> None:
        """Fold the status word; the frozen field is set once, here."""
        word, meaning, known = read_word(self.status)
        object.__setattr__(self, "status", word)
        self._meaning = meaning if known else None

    @property
    def meaning(self) -> str:
        """What the status word means: ``RUNNING``, ``SUCCEEDED`` or ``FAILED``."""
        return self._meaning or RUNNING

    @property
    def word_is_known(self) -> bool:
        """Whether anybody has seen this status word before."""
        return self._meaning is not None

    @property
    def suite(self) -> Suite | None:
        """The stored suite; ``None`` while there is none, or when its shape is broken."""
        return self._suite

    @property
    def raw(self) -> dict[str, Any]:
        """The reply as a dict, untouched."""
        return self._raw

    @property
    def download_url(self) -> str | None:
        """A results link: promised by the documentation, in no sample of it."""
        links = (self._raw.get(key) for key in ("downloadUrl", "downloadURL", "fileUrl"))
        return next((link for link in links if isinstance(link, str) and link), None)


def read_import_status(body: bytes) -> ImportStatus:
    """Read the answer about an import job.

    Raises:
        ValueError: It is no such answer; the message says what is wrong with it.
    """
    status = _validate(ImportStatus, body)
    status._raw = load_strictly(body)  # noqa: SLF001 - ours
    if "_id" not in status.raw:
        raise ValueError("_id: Field required")
    response = status.raw.get("response")
    if isinstance(response, dict) and response:
        try:
            status._suite = Suite.model_validate(response)  # noqa: SLF001
        except ValidationError:
            status._suite = None  # noqa: SLF001 - the structure check names every broken place
    return status


def read_upload(body: bytes) -> str:
    """Read the file id from the answer to an upload.

    Raises:
        ValueError: There is none.
    """
    return _word_of(body, "fileId")


def read_import_started(body: bytes) -> str:
    """Read the job id (``ds-…``) from the answer to a started import.

    Raises:
        ValueError: There is none.
    """
    return _word_of(body, "dsId")


def _word_of(body: bytes, key: str) -> str:
    value = load_strictly(body).get(key)
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", value):
        raise ValueError(f"it has no usable {key!r}")
    return value


def _validate(model: type[ImportStatus], body: bytes) -> ImportStatus:
    try:
        return model.model_validate_json(body.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as bad:
        problems = [
            f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in bad.errors()[:3]
        ]
    raise ValueError("; ".join(problems))


def load_strictly(body: bytes) -> dict[str, Any]:
    """Load a JSON object as it is; refuse duplicate keys, NaN and anything but an object.

    Raises:
        ValueError: It is no such object.
    """
    try:
        loaded = json.loads(
            body.removeprefix(b"\xef\xbb\xbf").decode("utf-8"),
            object_pairs_hook=_no_twins,
            parse_constant=_no_constant,
        )
    except RecursionError:
        loaded = None
    if not isinstance(loaded, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - one error for callers
    return loaded


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:_LONGEST_WORD]!r} stands there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
