"""What the service says, in our words. The only room in which ``pydantic`` lives.

Field names of the wire and their meaning: Kore.ai's pages on the conversation test
suite's creation status and execution status. Unknown fields stay in ``.raw``;
nulls, missing optional fields and those of a wrong type are taken as empty, because
what is broken in a suite is for ``structure`` to say, place by place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

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

from pytest_kore_convtest.strict_json import load_strictly
from pytest_kore_convtest.text import as_list, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"
"""What a status word means for a job; a word nobody has seen counts as running."""

IMPORT_JOB = "CONVERSATION_TESTING_VALIDATE"
"""The ``jobType`` of an import of a conversation test suite."""

_KINDS = ("flowLevel", "text", "context")
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


def show_word(sent: object, folded: str) -> str:
    """Return a status word as the platform sent it: printable, in one line, not too long.

    Args:
        sent: What stands in the reply.
        folded: The word in our spelling, when the reply is not at hand.
    """
    from pytest_kore_convtest.text import printable

    return printable(sent, _LONGEST_WORD) if isinstance(sent, str) and sent.strip() else folded


def _logs(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _moment(value: object, read: ValidatorFunctionWrapHandler) -> datetime | None:
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


Head = TypeVar("Head", bound=BaseModel)
Text = Annotated[str, BeforeValidator(as_text)]
Moment = Annotated[datetime | None, WrapValidator(_moment)]
Percent = Annotated[float | None, BeforeValidator(_number)]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One kind of assertion on one output.

    Attributes:
        enabled: Whether the platform checks it.
        expected: What it compares with: several entries are variations, one match suffices.
        status: ``"passed"`` or ``"failed"`` in a run, else empty.
    """

    enabled: bool = False
    expected: list[object] = field(default_factory=list)
    status: str = ""


@dataclass(frozen=True, slots=True)
class Assertions:
    """The three kinds of assertions on one output."""

    flow: Assertion = field(default_factory=Assertion)
    text: Assertion = field(default_factory=Assertion)
    context: Assertion = field(default_factory=Assertion)


@dataclass(frozen=True, slots=True)
class Output:
    """One reply of the bot, expected or given.

    Attributes:
        text: Plain text, or a template as JSON text.
        node_id: The dialog node, empty when there is none.
        blocks: Its assertions as the platform writes them.
    """

    text: str = ""
    node_id: str = ""
    blocks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def assertions(self) -> Assertions:
        """What is compared; made when asked for: a suite may have 100 000 that nobody looks at."""
        get = self.blocks.get
        return Assertions(
            read_assertion(get("flowLevel")), read_assertion(get("text")), read_assertion(get("context"))
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One user input and the replies expected to it; the UI says *test case*.

    Attributes:
        input: What the user says.
        event: ``"Start_Flow"`` on the on-connect step, else empty.
        entries: The expected replies, in order, as the platform writes them.
    """

    input: str = ""
    event: str = ""
    entries: list[object] = field(default_factory=list)

    @property
    def outputs(self) -> list[Output]:
        """The expected replies, in order; made when asked for, as their assertions are."""
        return [read_output(entry) for entry in self.entries]


@dataclass(frozen=True, slots=True)
class Suite:
    """A stored conversation test suite.

    Attributes:
        id: The stored suite's own id (``ctc-…``).
        name: Its name, by which it is run and deleted.
        description: Free text.
        tags: Its tags.
        stream_id: The bot it belongs to.
        steps: Its steps, in order.
    """

    id: str = ""
    name: str = ""
    description: str = ""
    tags: list[str] = field(default_factory=list)
    stream_id: str = ""
    steps: list[Step] = field(default_factory=list)


def read_suite(stored: Mapping[str, object]) -> Suite:
    """Read a stored suite; what has a wrong type is empty.

    Raises:
        ValueError: Something that has to be an object is none.
    """
    return Suite(
        id=as_text(stored.get("_id")),
        name=as_text(stored.get("name")),
        description=as_text(stored.get("description")),
        tags=[tag for tag in as_list(stored.get("tags")) if isinstance(tag, str)],
        stream_id=as_text(stored.get("streamId")),
        steps=[_read_step(step) for step in as_list(stored.get("testSteps"))],
    )


def _read_step(step: object) -> Step:
    if not isinstance(step, dict):
        raise ValueError("a step is no object")  # noqa: TRY004 - one error for callers
    return Step(as_text(step.get("input")), as_text(step.get("event")), read_entries(step.get("outputs")))


def read_entries(value: object) -> list[object]:
    """Return a list of replies as the platform writes them, each fit for ``read_output``; no list is empty.

    Raises:
        ValueError: One of them is not fit for it.
    """
    entries = as_list(value)
    for entry in entries:
        _blocks(entry)
    return entries


def read_output(entry: Any) -> Output:
    """Read one reply, expected or given; what has a wrong type is empty.

    Raises:
        ValueError: It, its assertions or one of them is no object.
    """
    blocks = _blocks(entry)
    return Output(as_text(entry.get("text")), as_text(entry.get("nodeId")), blocks)


def _blocks(entry: Any) -> Mapping[str, object]:
    """Return the assertions of a reply, if their shape lets them be read."""
    if not isinstance(entry, dict):
        raise ValueError("a reply is no object")  # noqa: TRY004 - one error for callers
    blocks = entry.get("assertions")
    if blocks is None:
        return {}
    if not isinstance(blocks, dict):
        raise ValueError("assertions are no object")  # noqa: TRY004 - the same
    for kind in _KINDS:
        block = blocks.get(kind)
        if block is not None and not isinstance(block, dict):
            raise ValueError("an assertion is no object")
    return blocks


def read_assertion(block: Mapping[str, object] | None) -> Assertion:
    """Read one assertion as the platform writes it; what has a wrong type is empty or off."""
    if not block:
        return Assertion()
    # A list of its own: whoever changes it does not change the reply.
    entries = as_list(block.get("contains")).copy()
    return Assertion(block.get("enabled") is True, entries, as_text(block.get("status")))


class ImportStatus(BaseModel):
    """One answer about an import job.

    Attributes:
        id: The job (``ds-…``).
        status: The platform's word, in upper case with underscores; ``sent_status`` has it as it was sent.
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

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, hide_input_in_errors=True, populate_by_name=True
    )

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
    status_logs: Annotated[list[object], BeforeValidator(_logs)] = Field(default=[], alias="statusLogs")
    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _suite: Suite | None = PrivateAttr(default=None)
    _meaning: str | None = PrivateAttr(default=None)

    def model_post_init(self, _context: object) -> None:
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
    def sent_status(self) -> str:
        """The platform's status word as it was sent, for people; ``status`` is for comparing."""
        return show_word(self._raw.get("status"), self.status)

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
    raw = load_strictly(body)
    status = read_head(ImportStatus, raw)
    if "_id" not in raw:
        raise ValueError("_id: Field required")
    status._raw = raw  # noqa: SLF001 - ours
    response = raw.get("response")
    if isinstance(response, dict) and response:
        try:
            status._suite = read_suite(response)  # noqa: SLF001
        except ValueError:
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


def read_head(model: type[Head], raw: dict[str, object]) -> Head:
    """Read those fields of a reply that a model names.

    Raises:
        ValueError: They do not fit.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as bad:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in bad.errors()[:3]]
    raise ValueError("; ".join(problems))
