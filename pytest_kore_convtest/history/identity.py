"""Which suite and which step of one run is which of another: by what the user says, never by a run's id."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_kore_convtest.suites.align import align
from pytest_kore_convtest.suites.versions import read_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_kore_convtest.reports.record import Evidence, Record, RunRecord, StepRecord, SuiteRecord

PASSED, FAILED, FLAKY, UNKNOWN = "passed", "failed", "flaky", "unknown"
"""What became of a step or a suite, for a comparison."""

_INPUT_LETTERS, _EXPECTED_LETTERS = 10, 6
"""Letters of a key: enough that two inputs of one suite do not meet, few enough for a line of a history."""


class StepKey(NamedTuple):
    """What makes a step that step wherever it stands: digests of its input and of the replies it expects."""

    input: str
    expected: str


@dataclass(frozen=True)
class StepState:
    """One step of a run.

    Attributes:
        key: Its identity within its suite, besides its number.
        number: Its 1-based number.
        input: What the user says; empty when only a history tells of it.
        outcome: ``PASSED``, ``FAILED``, ``FLAKY`` or ``UNKNOWN``.
        why: The reason, empty for a plain pass.
        known: Why its failure is accepted; empty when it is not.
        unchecked: Whether it passed and nothing of it was checked.
    """

    key: StepKey
    number: int
    input: str
    outcome: str
    why: str = ""
    known: str = ""
    unchecked: bool = False


@dataclass(frozen=True)
class SuiteState:
    """One suite of a run.

    Attributes:
        file: Its file's path, or empty.
        name: Its name; of several entries of one name the later ones have a number behind it.
        verdict: ``PASSED``, ``FAILED`` or ``UNKNOWN``.
        why: What speaks most against it.
        seconds: How long the platform took to run it; ``None`` when it was not run.
        version: The bot's version, ``published`` or ``inDevelopment``; any other word is the platform's.
        steps: Its steps; none when it was not run.
        excused: Whether nothing but accepted failures speaks against it.
        flaky: Whether its run passed after it had failed, and nobody knows by which step.
        import_fails: Whether its import or its structure is wrong, whatever its run says.
    """

    file: str
    name: str
    verdict: str
    why: str
    seconds: float | None
    version: str
    steps: tuple[StepState, ...]
    excused: bool = False
    flaky: bool = False
    import_fails: bool = False


@dataclass(frozen=True)
class RunState:
    """One run, or several that were merged.

    Attributes:
        bots: What was tested: host and stream, or the emulator.
        began: When the latest of them began.
        versions: Requested and reported versions of the bot.
        covered: Percent of the bot's own transitions that were gone through; ``None`` when not known.
        suites: The suites, in the order of the run.
        gaps: Why it may not be whole: shards that are missing, an interruption; a sentence each.
        deselected: What was left out of it on purpose, in words; empty when nothing is known of that.
    """

    bots: frozenset[str]
    began: str
    versions: tuple[str, ...]
    covered: float | None
    suites: tuple[SuiteState, ...]
    gaps: tuple[str, ...] = ()
    deselected: str = ""


def make_key(said: str, expected: Iterable[str]) -> StepKey:
    """Make a step's key of what the user says and the first reply that is expected."""
    return StepKey(_digest(said)[:_INPUT_LETTERS], _digest("\n".join(sorted(expected)))[:_EXPECTED_LETTERS])


def split_key(text: str) -> StepKey:
    """Return the key whose two parts were written as one text."""
    return StepKey(text[:_INPUT_LETTERS], text[_INPUT_LETTERS:])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def first_expected(step: StepRecord) -> list[str]:
    """Return the variations of the first reply that a step expects; empty when none is known."""
    return next((reply["expected"] for reply in step["replies"] if reply["expected"]), [])


def read_run(record: Record) -> RunState:
    """Take out of a record what makes it comparable."""
    from pytest_kore_convtest.reports.extent import find_deselected, find_gaps

    evidence = record["evidence"]
    seen: Counter[tuple[str, str]] = Counter()
    suites = []
    for suite in record["suites"]:
        file = suite["file"]["path"] if suite["file"] else ""
        seen[file, suite["name"]] += 1
        suites.append(_read_suite(suite, file, seen[file, suite["name"]]))
    requested = [entry["requested_version"] for entry in evidence]
    versions = dict.fromkeys([*requested, *(suite.version for suite in suites)])
    return RunState(
        bots=frozenset(map(name_bot, evidence)),
        began=max((entry["started_at"] for entry in evidence), default=""),
        versions=tuple(filter(None, versions)),
        covered=percent_covered(record),
        suites=tuple(suites),
        gaps=tuple(find_gaps(evidence)),
        deselected=find_deselected(evidence),
    )


def name_bot(evidence: Evidence) -> str:
    """Name the bot that a run tested; all emulators are one."""
    if evidence["emulator"]:
        return "the built-in emulator"
    return f"{evidence['stream_id'] or 'no stream'} on {evidence['host'] or 'no host'}"


def percent_covered(record: Record) -> float | None:
    """Return which part of the bot's own transitions was gone through, in percent; ``None`` when unknown."""
    found = record["coverage"]
    totals = found["totals"] if found else None
    counted = totals["own"]["transitions"] if totals else None
    if counted is None or not counted["total"]:
        return None
    return 100 * counted["covered"] / counted["total"]


def _read_suite(suite: SuiteRecord, file: str, count: int) -> SuiteState:
    from pytest_kore_convtest.reports.totals import weakest_point

    run = suite["run"]
    seconds = None
    if run is not None and run["trouble"] is None:
        seconds = run["duration"] if run["duration"] is not None else run["seconds"]
    return SuiteState(
        file=file,
        name=suite["name"] if count == 1 else f"{suite['name']} ({count})",
        verdict=suite["verdict"],
        why="" if suite["verdict"] == PASSED else weakest_point(suite),
        seconds=seconds,
        version=bot_version(run) if run else "",
        steps=tuple(map(read_step, suite["steps"])) if run is not None else (),
        excused=run is not None and run["excused"],
        flaky=run is not None and _is_flaky(run),
        import_fails=suite["imported"]["verdict"] == FAILED,
    )


def bot_version(run: RunRecord) -> str:
    """Return the version of the bot that was run, by the word with which it is asked for."""
    word = run["reported_version"] or run["requested_version"]
    return read_version(word) or word


def _is_flaky(run: RunRecord) -> bool:
    """Say whether a suite passed in a run that followed a failed one."""
    failed = any(one["outcome"] == FAILED for one in run["attempts"])
    return run["rate"] is None and run["verdict"] == PASSED and failed


def name_plainly(names: Sequence[str]) -> list[str]:
    """Return the names that suites have in their files.

    Of several suites of one name a test run numbers the later ones; which these are depends on what
    was selected.
    """
    known = set(names)
    return [plain if (plain := without_number(name)) in known else name for name in names]


def without_number(name: str) -> str:
    """Return ``A`` for ``A (2)``, and any other name as it is."""
    plain, _, number = name.removesuffix(")").rpartition(" (")
    return plain if name.endswith(")") and number.isdecimal() else name


def read_step(step: StepRecord) -> StepState:
    """Take out of a step's record what makes it comparable."""
    outcome: str = step["outcome"]
    return StepState(
        key=make_key(step["input"], first_expected(step)),
        number=step["number"],
        input=step["input"],
        outcome=outcome if outcome in {PASSED, FAILED, FLAKY} else UNKNOWN,
        why=step["why"],
        known=step["known"],
        unchecked=step["unchecked"],
    )


def pair_suites(
    old: Sequence[SuiteState], new: Sequence[SuiteState]
) -> list[tuple[SuiteState | None, SuiteState | None]]:
    """Put suites beside each other: by file and name, else by a name that stands once on both sides.

    Those of ``new`` come first, in their order; then those that are gone.
    """
    places = {(suite.file, suite.name): suite for suite in old}
    found = {at: places.pop((suite.file, suite.name), None) for at, suite in enumerate(new)}
    left = Counter(suite.name for suite in places.values())
    wanted = Counter(new[at].name for at, before in found.items() if before is None)
    by_name = {suite.name: place for place, suite in places.items()}
    for at, before in found.items():
        name = new[at].name
        if before is None and left[name] == 1 == wanted[name]:
            found[at] = places.pop(by_name[name])
    return [
        *((found[at], suite) for at, suite in enumerate(new)),
        *((gone, None) for gone in places.values()),
    ]


def pair_steps(old: Sequence[StepKey], new: Sequence[StepKey]) -> dict[int, int]:
    """Find out which step is which, wherever it stands by now.

    Equal steps are found first; then those among the rest of which only what is expected differs.

    Returns:
        For 0-based indexes of ``new`` those of ``old``.
    """
    found = align([" ".join(key) for key in old], [" ".join(key) for key in new])
    pairs = {j: i for i, j in [*found.same, *found.moved]}
    taken = set(pairs.values())
    rest_old = [i for i in range(len(old)) if i not in taken]
    rest_new = [j for j in range(len(new)) if j not in pairs]
    again = align([old[i].input for i in rest_old], [new[j].input for j in rest_new])
    pairs.update((rest_new[j], rest_old[i]) for i, j in [*again.same, *again.moved])
    return pairs
