"""Whether the reports of several machines that shared the suites are one whole."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from pytest_kore_convtest.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_kore_convtest.reports.record import Evidence, ShardRecord

_MOST_NAMED = 10
_LONGEST = 80


def find_shard_gaps(evidence: Sequence[Evidence]) -> list[str]:
    """Say in a sentence each why shards are no whole; nothing when they are, or when there are none.

    Args:
        evidence: The runs, each once.
    """
    runs = [(entry, shard) for entry in evidence if (shard := entry["shard"]) is not None]
    shards = [shard for _, shard in runs]
    if not shards:
        return []
    if len(numbers := {shard["of"] for shard in shards}) > 1:
        several = " and ".join(map(str, sorted(numbers)))
        return [f"the shards are of builds with {several} machines: give the reports of one build"]
    cut = [
        f"shard {shard['number']} of {shard['of']} was interrupted"
        for entry, shard in runs
        if entry["interrupted"]
    ]
    return [
        *_find_wrong_numbers(shards),
        *(f"{said}: what became of the suites that it had not reached is not known" for said in cut),
        *_find_differences([entry for entry, _ in runs], shards),
    ]


def _find_wrong_numbers(shards: Sequence[ShardRecord]) -> Iterator[str]:
    of, counts = shards[0]["of"], Counter(shard["number"] for shard in shards)
    for number, count in sorted(counts.items()):
        if not 1 <= number <= of:
            yield f"there can be no shard {number} of {of}: the report was changed"
        elif count > 1:
            yield f"shard {number} of {of} is in the reports of {count} runs: give one of them"
    known = [number for number in counts if 1 <= number <= of]
    missing = of - len(known)
    if missing <= 0:
        return
    named = list(islice((number for number in range(1, of + 1) if number not in counts), _MOST_NAMED))
    rest = [f"{missing - len(named)} more"] if missing > len(named) else []
    first = ", ".join(map(str, named[: len(named) if rest else -1]))
    words = " and ".join(filter(None, [first, *(rest or [str(named[-1])])]))
    said = f"shard {words} of {of} is" if missing == 1 else f"shards {words} of {of} are"
    yield f"{said} missing: what became of the suites there is not known"


def _find_differences(runs: Sequence[Evidence], shards: Sequence[ShardRecord]) -> Iterator[str]:
    of = shards[0]["of"]
    bots = dict.fromkeys(_bot_of(entry) for entry in runs)
    if len(bots) > 1:
        names = "; ".join(printable(bot, _LONGEST) for bot in bots)
        yield f"the {of} shards tested {len(bots)} different bots: {names}"
    commits = dict.fromkeys(git["commit"] for entry in runs if (git := entry["git"]) and git["commit"])
    if len(commits) > 1:
        names = ", ".join(printable(commit, _LONGEST) for commit in commits)
        yield f"the {of} shards are of different commits: {names}: give the reports of one build"
    versions = dict.fromkeys(entry["requested_version"] or "none" for entry in runs)
    if len(versions) > 1:
        names = ", ".join(printable(version, _LONGEST) for version in versions)
        yield f"the {of} shards asked for different versions of the bot: {names}"
    if len({shard["digest"] for shard in shards}) > 1:
        yield (
            f"the {of} shards did not share the same suites, or not the same tests of them, so that one may"
            " have been on no machine: give every machine the same files and the same options"
        )


def _bot_of(entry: Evidence) -> str:
    """Name the bot that a run tested; every emulator is one bot, though each has its own address."""
    if entry["emulator"]:
        return "built-in emulator"
    return f"{entry['host'] or 'no host'}, {entry['stream_id'] or 'no stream'}"
