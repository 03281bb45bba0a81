"""What the service says about a run of a suite, in our words.

Field names of the wire and their meaning: Kore.ai's page on the execution status of a
conversation test suite, in both of its documented forms: with the results of every
step, and with counts only. ``textMismatch`` is never read: the documentation shows it
on a step that passed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from pytest_kore_convtest.api import models
from pytest_kore_convtest.api.models import Assertion, Assertions, Output, Percent, Text
from pytest_kore_convtest.strict_json import load_strictly
from pytest_kore_convtest.text import as_text

if TYPE_CHECKING:
    from collections.abc import Sequence

PASSED, FAILED, ENDED, RUNNING, NOT_RUN = "passed", "failed", "ended", "inprogress", "not executed"
"""What a word of a run or a step comes down to; ``ENDED`` words are over without a verdict."""

_LONGEST_WORD = 40
_WORDS = {
    **dict.fromkeys(("passed", "pass"), PASSED),
    **dict.fromkeys(("failed", "failure", "fail", "error", "rejected"), FAILED),
    **dict.fromkeys(("aborted", "cancelled", "canceled", "terminated", "stopped", "timedout"), FAILED),
    **dict.fromkeys(("partialsuccess", "partiallysuccessful"), FAILED),
    **dict.fromkeys(("success", "successful", "completed", "complete", "finished", "done"), ENDED),
    **dict.fromkeys(("inprogress", "running", "accepted", "pending", "queued", "started"), RUNNING),
    **dict.fromkeys(("notexecuted", "notrun", "skipped"), NOT_RUN),
}
_MEANINGS = {PASSED: models.SUCCEEDED, FAILED: models.FAILED, NOT_RUN: models.FAILED, ENDED: ENDED}
_NO_OUTPUT = Output()
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def fold(word: str) -> str:
    """Write a status word in small letters, without separators; what is no letter in it stays a ``_``."""
    return re.sub(r"\W", "_", re.sub(r"[\s_-]", "", word).lower())[:_LONGEST_WORD]


def read_word(word: str) -> str:
    """Return what a word of a run, a step or an assertion comes down to; empty when nobody knows it."""
    return _WORDS.get(word) or _WORDS.get(fold(word), "")  # most are written plainly


def _count(value: Any) -> int | None:
    """Read a count; nonsense is no count, so that nothing is judged by it."""
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9  # noqa: PLR2004
    return int(value) if fits and value == int(value) else None


def _seconds(value: Any) -> float | None:
    """Read milliseconds: the unit is not documented, but 14364 for 13 steps can be nothing else."""
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e12  # noqa: PLR2004
    return value / 1000 if fits else None


Count = Annotated[int | None, BeforeValidator(_count)]
Seconds = Annotated[float | None, BeforeValidator(_seconds)]


@dataclass(frozen=True, slots=True)
class RunStep:
    """One executed step: what the user said, what was expected, what the bot answered.

    Attributes:
        input: What the user said.
        event: ``"Start_Flow"`` on the on-connect step, else empty.
        status: The platform's word, ``"passed"`` or ``"failed"``.
        expectations: The expected replies as the platform writes them.
        answers: The actual replies as the platform writes them.
        is_readable: Whether the platform's result of this step had the documented shape.
    """

    input: str = ""
    event: str = ""
    status: str = ""
    expectations: list[Any] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    is_readable: bool = True

    @property
    def outputs(self) -> list[Output]:
        """The expected replies with their assertions; made when asked for, as those of a stored step are."""
        return [models.read_output(one) for one in self.expectations]

    @property
    def replies(self) -> list[Output]:
        """The actual replies; their assertions are the platform's copy of the expected ones."""
        return [models.read_output(one) for one in self.answers]

    @property
    def expected(self) -> list[str]:
        """The expected texts, one per reply; of several variations the first."""
        return [variations(output)[0] for output in self.outputs]

    @property
    def actual(self) -> list[str]:
        """What the bot said, one text per reply."""
        return [reply.text for reply in self.replies]

    @property
    def checks(self) -> list[Assertions]:
        """The assertions of each reply, with the worst result that the expected or the actual side states."""
        pairs = zip_longest(self.outputs, self.replies, fillvalue=_NO_OUTPUT)
        return [_merge([_judged(output), _judged(reply)], most=1) for output, reply in pairs]

    @property
    def assertions(self) -> Assertions:
        """The assertions of all replies as one: ``failed`` when one of them failed."""
        return _merge(self.checks)


def variations(output: Output) -> list[str]:
    """Return the texts of which one has to match an output; at least one, maybe empty."""
    entries = output.assertions.text.expected
    texts = [entry.get("text") for entry in entries if isinstance(entry, dict)]
    found = [text for text in [output.text, *texts] if isinstance(text, str) and text]
    return list(dict.fromkeys(found)) or [""]


def _judged(output: Output) -> Assertions:
    """Return an output's assertions, each with the status that it comes down to."""
    blocks = output.assertions
    return Assertions(
        _judge_assertion("flow", blocks.flow),
        _judge_assertion("text", blocks.text),
        _judge_assertion("context", blocks.context),
    )


def _merge(several: list[Assertions], most: int | None = None) -> Assertions:
    """Make one of several; ``most`` says of how many of them the expected entries are kept."""
    return Assertions(
        _merge_kind([one.flow for one in several], most),
        _merge_kind([one.text for one in several], most),
        _merge_kind([one.context for one in several], most),
    )


def _merge_kind(blocks: list[Assertion], most: int | None) -> Assertion:
    on = [block for block in blocks if block.enabled]
    if not on:
        return Assertion()
    entries = [entry for block in on[:most] for entry in block.expected]
    statuses = {block.status for block in on}
    worst = next((word for word in (FAILED, PASSED) if word in statuses), "")
    return Assertion(enabled=True, expected=entries, status=worst)


def _judge_assertion(kind: str, block: Assertion) -> Assertion:
    """Return an assertion with the status that it comes down to; one that is off has no say, so it stays."""
    if not block.enabled or block.status in {PASSED, FAILED}:
        return block
    return replace(block, status=_assertion_status(kind, block))


def _assertion_status(kind: str, block: Assertion) -> str:
    """Return ``"passed"``, ``"failed"`` or nothing: the assertion's own word, else what its entries say."""
    if block.status:
        return {PASSED: PASSED, FAILED: FAILED}.get(read_word(block.status), "")
    words = [read_word(str(entry.get("status", ""))) for entry in block.expected if isinstance(entry, dict)]
    return judge_entries(kind, words)


def judge_entries(kind: str, words: Sequence[str]) -> str:
    """Return what the words of an assertion's entries come down to: ``PASSED``, ``FAILED`` or nothing."""
    if kind == "text" and PASSED in words:
        return PASSED  # of several variations one has to match
    return FAILED if FAILED in words else PASSED if words and set(words) == {PASSED} else ""


class RunStatus(BaseModel):
    """One answer about a run.

    Attributes:
        id: The run (``ctr-…``).
        status: The platform's word, in small letters without separators: ``"passed"``, ``"inprogress"`` …;
            ``sent_status`` has it as it was sent.
        result_status: The second status word of the reply, spelled the same way; it should not differ.
        percent_complete: 0 to 100, or ``None``; it may stand still or go backwards.
        stream_id: The bot.
        test_suite_id: The suite (``ctc-…``).
        version: ``"published"`` or ``"configured"``, the platform's word for ``inDevelopment``.
        suite_steps: How many steps the suite has, as the platform says.
        passed: How many steps passed, ``None`` when the reply does not say.
        failed: How many failed.
        total: How many there are.
        duration: Seconds, or ``None``.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str = Field(validation_alias="_id")
    status: str
    result_status: Text = Field(default="", validation_alias=AliasPath("result", "status"))
    percent_complete: Percent = Field(default=None, validation_alias="percentageCompleted")
    stream_id: Text = Field(default="", validation_alias="streamId")
    test_suite_id: Text = Field(default="", validation_alias="testSuiteId")
    version: Text = Field(default="", validation_alias=AliasPath("result", "version"))
    suite_steps: Count = Field(default=None, validation_alias="totalTestStepsCount")
    passed: Count = Field(default=None, validation_alias=AliasPath("result", "stepDetails", "passed"))
    failed: Count = Field(default=None, validation_alias=AliasPath("result", "stepDetails", "failed"))
    total: Count = Field(default=None, validation_alias=AliasPath("result", "stepDetails", "total"))
    duration: Seconds = Field(default=None, validation_alias=AliasPath("result", "duration"))
    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    _steps: list[RunStep] | None = PrivateAttr(default=None)

    def model_post_init(self, _context: Any) -> None:
        """Fold the status words; the frozen fields are set once, here."""
        object.__setattr__(self, "status", fold(self.status))
        object.__setattr__(self, "result_status", fold(self.result_status))

    @property
    def meaning(self) -> str:
        """What the status word means: ``models.RUNNING``, ``SUCCEEDED``, ``FAILED`` or ``ENDED``.

        ``ENDED`` is a word such as *completed*: the run is over, the word is no verdict.
        """
        return _MEANINGS.get(_WORDS.get(self.status, RUNNING), models.RUNNING)

    @property
    def word_is_known(self) -> bool:
        """Whether anybody has seen this status word before; an unknown one counts as running."""
        return self.status in _WORDS

    @property
    def sent_status(self) -> str:
        """The platform's status word as it was sent, for people; ``status`` is for comparing."""
        return models.show_word(self._raw.get("status"), self.status)

    @property
    def sent_result_status(self) -> str:
        """The second status word of the reply, as it was sent."""
        result = self._raw.get("result")
        return models.show_word(
            result.get("status") if isinstance(result, dict) else None, self.result_status
        )

    @property
    def steps(self) -> list[RunStep] | None:
        """The result of each step; ``None`` when only counts came."""
        return self._steps

    @property
    def results_are_broken(self) -> bool:
        """Whether the reply has a place for the steps' results and no list in it."""
        result = self._raw.get("result")
        return isinstance(result, dict) and "executionResults" in result and self._steps is None

    @property
    def error_details(self) -> Any:
        """What the platform says about an error; its shape is not documented."""
        result = self._raw.get("result")
        return result.get("errorDetails") if isinstance(result, dict) else None

    @property
    def raw(self) -> dict[str, Any]:
        """The reply as a dict, untouched."""
        return self._raw

    @property
    def download_url(self) -> str | None:
        """A results link: promised by the documentation, in no sample of it; never fetched."""
        places = [self._raw, self._raw.get("result")]
        keys = ("downloadUrl", "downloadURL", "fileUrl")
        links = (place.get(key) for place in places if isinstance(place, dict) for key in keys)
        return next((link for link in links if isinstance(link, str) and link), None)


def read_run_status(body: bytes) -> RunStatus:
    """Read the answer about a run.

    Raises:
        ValueError: It is no such answer; the message says what is wrong with it.
    """
    raw = load_strictly(body)
    status = models.read_head(RunStatus, raw)
    result = raw.get("result")
    results = result.get("executionResults") if isinstance(result, dict) else None
    status._raw = raw  # noqa: SLF001 - ours
    status._steps = [_read_step(one) for one in results] if isinstance(results, list) else None  # noqa: SLF001 - ours
    return status


def _read_step(entry: object) -> RunStep:
    """Read one executed step; of a broken one the words that are there are kept."""
    known = entry if isinstance(entry, dict) else {}
    word = known.get("status")
    words = as_text(known.get("input")), as_text(known.get("event")), as_text(word)
    try:
        expectations = models.read_entries(known.get("outputs"))
        answers = models.read_entries(known.get("actualOutput"))
    except ValueError:
        return RunStep(*words, is_readable=False)
    is_readable = known is entry and (word is None or isinstance(word, str))
    return RunStep(*words, expectations, answers, is_readable)


def read_run_started(body: bytes) -> str:
    """Read the run id (``ctr-…``) from the answer to a started run.

    Raises:
        ValueError: There is none.
    """
    value = load_strictly(body).get("testRunId")
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("it has no usable 'testRunId'")
    return value


def read_deleted(body: bytes) -> None:
    """Read the answer to a deletion.

    Raises:
        ValueError: It does not say that the suites are gone.
    """
    word = load_strictly(body).get("status")
    if not isinstance(word, str) or fold(word) != "success":
        raise ValueError(f"its status is {models.show_word(word, 'missing')!r}, not 'Success'")
