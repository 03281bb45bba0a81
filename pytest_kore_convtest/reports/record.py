"""The record of a run: the one set of facts that every report is rendered from.

It is plain JSON-able data, written as it is by ``--kore-json``. Every key is always
there; what is not known is ``None``, an empty text or an empty list. Lists keep the
order in which things came to pass. Times are seconds as numbers, or moments in UTC
as ``2026-11-24T13:05:00.123Z``. No secret and no token is ever in it.
"""

from __future__ import annotations

from typing import Final, Literal

from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from pytest_kore_convtest.coverage.types import (
    AnswerCoverage,
    Coverage,
    CoverageBoth,
    CoverageCount,
    CoverageDefinition,
    CoverageNode,
    CoverageStep,
    CoverageTotals,
    DialogCoverage,
    NodeCoverage,
    NotMatched,
    NotValid,
    TransitionCoverage,
)

COVERAGE_SHAPES: Final = (
    AnswerCoverage,
    CoverageBoth,
    CoverageCount,
    CoverageDefinition,
    CoverageNode,
    CoverageStep,
    CoverageTotals,
    DialogCoverage,
    NodeCoverage,
    NotMatched,
    NotValid,
    TransitionCoverage,
)
"""What a coverage is made of: all shapes of a record are found in this module."""

FORMAT: Final = "pytest-kore-convtest"
VERSION: Final = 1
"""What a record calls itself, and the version of its shape."""

Verdict = Literal["passed", "failed", "unknown"]
StepOutcome = Literal["passed", "failed", "not evaluated", "flaky"]
AttemptOutcome = Literal["passed", "failed", "not evaluated"]
ItemOutcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
Says = Literal["platform", "derived", "matcher"]
Level = Literal["error", "warning", "hint"]
Index = int
"""Counts from 0 into another list."""


class Setting(TypedDict):
    """One setting in force; of a secret the value is ``"set"``."""

    name: str
    value: str
    source: str


class Git(TypedDict):
    """The checkout that the test run stood in, as git says, or without git the CI service.

    ``branch`` is empty when neither names one; ``dirty`` is ``None`` without git.
    """

    commit: str
    branch: str
    dirty: bool | None


class ShardRecord(TypedDict):
    """Which part of the suites a run had, where several machines shared them.

    ``number`` counts from 1, ``of`` is how many machines there were; ``suites`` is how many suites they
    shared, and ``digest`` is the same for all machines that shared the same suites and selected the same
    tests of them.
    """

    number: int
    of: int
    suites: int
    digest: str


class Evidence(TypedDict):
    """What was tested, with what, where and when: for whoever has to prove it later.

    ``host`` and ``stream_id`` are whole; ``clock_skew`` is the platform's clock minus
    ours in seconds as last seen in a ``Date`` header, ``None`` when none was seen;
    ``requested_version`` is what ``--kore-run`` says, empty without; ``shard`` is what
    ``--kore-shard`` says, ``None`` without; ``bot_build`` is
    always ``None``: the platform's API gives no build number of a bot; ``ci`` is the
    address of the CI run, or empty; ``exit_code`` is pytest's; ``stopped`` is why a run ended before all
    that was selected of ours was run, empty when it did not; ``deselected`` counts our tests that were
    deselected (``-k``, ``-m``, ``--lf`` …), without those that ``--kore-shard`` left to other machines.
    """

    plugin: str
    pytest: str
    python: str
    machine: str
    host: str
    stream_id: str
    target: str
    protected: bool
    emulator: bool
    requested_version: str
    shard: ShardRecord | None
    bot_build: None
    git: Git | None
    ci: str
    started_at: str
    ended_at: str
    clock_skew: float | None
    exit_code: int | None
    interrupted: bool
    stopped: str
    deselected: int
    settings: list[Setting]


class Poll(TypedDict):
    """One ask about a job: seconds since the first one, what was seen, the percentage, whether it failed."""

    at: float
    saw: str
    percent: float | None
    fault: bool


class Trouble(TypedDict):
    """Why a job is not verified: the error's class and its whole message."""

    kind: str
    message: str


class Finding(TypedDict):
    """One thing about a suite that somebody should know.

    ``rule`` is the name of the check that found it (docs/rules.md); ``severity`` is
    ``"error"``, ``"warning"`` or ``"hint"``; ``path`` a JSON path into the platform's reply;
    ``file``, ``line`` and ``column`` are its location in the local suite file, empty and 0
    without one, and ``place`` is ``file:line`` as one text; ``step`` is the 1-based step, or 0;
    ``expected`` and ``actual`` are both sides, when there are any; ``count`` says how many
    findings it stands for: more than one when there was no room for them one by one.
    """

    rule: str
    severity: Level
    message: str
    path: str
    place: str
    file: str
    line: int
    column: int
    step: int
    expected: str
    actual: str
    count: int


class JobRecord(TypedDict):
    """One job of the platform.

    ``id`` is ``ds-…`` or ``ctr-…``, empty when it did not begin; ``status`` the
    platform's last word; ``asks`` the requests sent for it; ``seconds`` from our first
    ask to its end; ``started_at`` and ``ended_at`` are by our clock, ``platform_times``
    maps the platform's own names (``requested_at``, ``created_at``, ``modified_at``,
    ``expires_at``, ``started_at``) to moments by its clock; ``says`` is ``PLATFORM`` or
    ``DERIVED``; ``why`` holds every reason against a pass, one a sentence; ``logs`` are
    the platform's status logs as text; ``resume`` is the command that waits for it
    again, or empty.
    """

    id: str
    verdict: Verdict
    says: Says
    status: str
    asks: int
    seconds: float
    started_at: str
    ended_at: str
    platform_times: dict[str, str]
    polls: list[Poll]
    trouble: Trouble | None
    why: list[str]
    notes: list[str]
    logs: list[str]
    download_url: str
    resume: str


class ImportRecord(JobRecord):
    """The import of a suite: a job, the stored suite and what was found in it.

    ``upload`` is the ``fileId`` and ``hash`` that the platform gave for the uploaded
    bytes, empty texts when nothing was uploaded; ``assertions`` counts the enabled ones by
    kind; ``given_name`` is the name under which this test run imported it, ``stored_name``
    the one that the platform tells.
    """

    file_id: str
    file_hash: str
    stored: bool
    given_name: str
    stored_name: str
    stored_id: str
    stored_steps: int
    assertions: dict[str, int]
    findings: list[Finding]


class Attempt(TypedDict):
    """One run of a suite that was run more than once, or what became of one step in it.

    ``number`` counts from 1; ``outcome`` is ``PASSED``, ``FAILED`` or ``NOT_EVALUATED``: of a run also when
    it is not verified; ``why`` is the reason, empty for a plain pass; ``run_id`` is the run's ``ctr-…``,
    empty when it did not begin; ``seconds`` from our first request for the run to its end.
    """

    number: int
    outcome: AttemptOutcome
    why: str
    run_id: str
    seconds: float


class PassRate(TypedDict):
    """How often something passed when its suite was run a number of times (``--kore-repeat``).

    ``low`` and ``high`` bound the pass rate by a Wilson interval of 95 %, from 0 to 1; ``least`` is the
    rate that it has to have (``--kore-min-pass-rate``).
    """

    passed: int
    evaluated: int
    low: float
    high: float
    least: float


class RunRecord(JobRecord):
    """The run of a suite: a job, and what the platform says of it as a whole.

    ``requested_version`` is ``published`` or ``inDevelopment``, ``reported_version`` the
    platform's word for what it ran (``configured`` is its word for ``inDevelopment``);
    the counts are the platform's own, ``None`` when it does not say; ``duration`` is the platform's, in
    seconds; ``counts_only`` says that
    it reported no single step. ``attempts`` has all runs of a suite that was run more than once, and is
    empty otherwise: then id, status, counts and ``polls`` are those of the last of them, ``asks`` and
    ``seconds`` are of all together. ``rate`` says how many runs passed as a whole, ``None`` unless they were
    to be repeated. ``excused`` says that nothing but steps with ``known`` failures speaks against a pass.
    """

    requested_version: str
    reported_version: str
    passed: int | None
    failed: int | None
    total: int | None
    duration: float | None
    counts_only: bool
    attempts: list[Attempt]
    rate: PassRate | None
    excused: bool


class Assertion(TypedDict):
    """One kind of assertion of one reply.

    ``status`` is ``passed``, ``failed`` or empty; ``expected`` the platform's entries as
    they came, e.g. ``{"nodeId": "Confirmation", "status": "passed"}``.
    """

    kind: str
    enabled: bool
    status: str
    expected: list[object]


class Reply(TypedDict):
    """One expected reply beside the actual one.

    ``expected`` holds the variations of which one has to match, empty when no reply is
    expected here; ``actual`` is ``None`` when the bot gave none. A text that begins with
    ``{`` may be a template: JSON with ``{"type": "template", "payload": …}``.
    """

    expected: list[str]
    actual: str | None
    assertions: list[Assertion]


class Offer(TypedDict):
    """Lines of the suite file that would make a failed step expect what the bot said.

    ``where`` says where they go, e.g. ``line 9 becomes``; ``lines`` are ready to be pasted,
    none when lines are only removed.
    """

    where: str
    lines: list[str]


class StepRecord(TypedDict):
    """One step of a conversation.

    ``outcome`` is ``PASSED``, ``FAILED``, ``FLAKY`` or ``NOT_EVALUATED``; ``why`` the reason, empty
    for a plain pass; ``says`` is ``PLATFORM``, ``DERIVED`` or, of a step that the platform
    calls failed and that passes by its file, ``MATCHER``; ``fails`` is what failed of it in any of its
    runs: assertions, e.g. ``text of reply 1``, else a rule's name; ``place`` is ``file:line``;
    ``nodeid`` the pytest item, empty when it was not selected; ``known`` why its failure is
    accepted, empty when it is not; ``offers`` is empty unless the step failed by its texts alone,
    and for all but the first 200 failed steps of a suite. ``attempts`` says what became of it in
    each run when its suite was run more than once, and is empty otherwise; ``replies`` are those of the
    last of them that tells most about the outcome; ``rate`` is ``None`` unless runs were to be repeated;
    ``unchecked`` says that it passed and nothing of it was checked: reports count it apart.
    """

    number: int
    input: str
    event: str
    outcome: StepOutcome
    why: str
    says: Says
    fails: list[str]
    place: str
    nodeid: str
    known: str
    replies: list[Reply]
    offers: list[Offer]
    attempts: list[Attempt]
    rate: PassRate | None
    unchecked: bool


class File(TypedDict):
    """The local file of a suite.

    ``sha256`` is of the file's bytes, ``sent_sha256`` of the bytes that were uploaded
    for this suite, empty when none were; ``line`` is where the suite begins; ``split``
    says that the file holds several suites and this one was uploaded alone.
    """

    path: str
    line: int
    sha256: str
    sent_sha256: str
    size: int
    split: bool


class SuiteRecord(TypedDict):
    """One suite: its file when there is one, its import, its run when it was run, its steps.

    ``name`` is the suite's own name or, for a job given by id, its label; the steps are
    those of the file, or those that the platform reported; none when it was not run.
    ``evidence`` is the index of the run it belongs to in the record's ``evidence``.
    """

    name: str
    verdict: Verdict
    evidence: Index
    file: File | None
    imported: ImportRecord
    run: RunRecord | None
    steps: list[StepRecord]


class ItemRecord(TypedDict):
    """One test item that has to do with Kore.

    ``outcome`` is ``passed``, ``failed``, ``error``, ``skipped``, ``xfailed`` or
    ``xpassed``; ``message`` says why, empty for a pass; ``place`` is ``file:line``;
    ``suites`` are indexes into the record's ``suites``.
    """

    nodeid: str
    outcome: ItemOutcome
    seconds: float
    message: str
    place: str
    suites: list[Index]


class Unevaluated(TypedDict):
    """Something that was not evaluated, and why."""

    what: str
    why: str


class Record(TypedDict):
    """The record of a run, or of several that were merged.

    ``evidence`` has one entry per run; ``closing`` are the closing lines of the terminal; ``coverage``
    is ``None`` when nothing tells where the bot was.
    """

    format: Literal["pytest-kore-convtest"]
    version: Literal[1]
    verdict: Verdict
    evidence: list[Evidence]
    suites: list[SuiteRecord]
    items: list[ItemRecord]
    not_evaluated: list[Unevaluated]
    notes: list[str]
    closing: list[str]
    coverage: Coverage | None
