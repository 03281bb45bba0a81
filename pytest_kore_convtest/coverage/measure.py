"""Measure which part of a bot some conversations went through."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_kore_convtest.coverage.faqs import Answers
from pytest_kore_convtest.coverage.trace import Matcher, Problem, Touched, Trace, iterate_ids
from pytest_kore_convtest.coverage.types import (
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
from pytest_kore_convtest.coverage.without_definition import measure_seen
from pytest_kore_convtest.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_kore_convtest.coverage.graph import Bot, Dialog, Edge
    from pytest_kore_convtest.coverage.types import Conversation, Place, StepVisits

MOST_STEPS = 10
"""Steps that are listed for one and the same node or transition."""

_MOST_PROBLEMS, _MOST_NAMED = 100, 5
_LONGEST = 80
_NO_NODE = (
    "coverage was not measured: no result names a node of the bot, and no node says what is expected."
    " Take the export of the bot that was tested, and run suites that the platform has validated"
)


class NothingToldError(ValueError):
    """Coverage cannot be measured; the message says why and what to do."""


def measure(conversations: Sequence[Conversation], bot: Bot | None, path: str = "") -> Coverage:
    """Measure coverage: by what runs tell, else estimated by what stored suites expect.

    Args:
        conversations: Runs and stored suites.
        bot: The bot, if its definition is known.
        path: Where the definition stands, as it is shown.

    Raises:
        NothingToldError: Nobody tells where the bot was, or the bot is another one.
    """
    told = [one for one in conversations if tells_anything(one)]
    runs = [one for one in told if not one["estimated"]]
    chosen = runs or told
    if not chosen:
        raise NothingToldError(_say_nothing_told(conversations))
    if bot is None:
        return measure_seen(chosen)
    measuring = _Measure(bot)
    for conversation in chosen:
        measuring.add(conversation)
    return measuring.finish(path, estimated=not runs)


def tells_anything(conversation: Conversation) -> bool:
    """Say whether any step tells where the bot was."""
    return any(step["places"] or step["faqs"] or step["small_talk"] for step in conversation["steps"])


def _say_nothing_told(conversations: Sequence[Conversation]) -> str:
    if not conversations:
        return "coverage was not measured: no suite was run. Add --kore-run inDevelopment"
    return _NO_NODE


class _Measure:
    """Add up what conversations went through.

    Args:
        bot: The bot.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._matcher = Matcher(bot)
        self._hits: Counter[tuple[str, str | Edge]] = Counter()
        self._steps: dict[str, list[CoverageStep]] = {}
        self._problems: Counter[Problem] = Counter()
        self._gone: dict[tuple[str, str, str], list[str]] = {}
        self._matched: Counter[str] = Counter()
        self._answers = Answers(bot)

    def add(self, conversation: Conversation) -> None:
        """Add a conversation."""
        trace = Trace(self._matcher)
        suite = conversation["suite"]
        for step in conversation["steps"]:
            self._answers.add(step)
            self._add_step(suite, step, trace.follow(step))
            for place in step["expected"]:
                self._check_expected(suite, step, place)
        self._problems.update(trace.problems)
        self._matched.update(trace.matched)

    def _add_step(self, suite: str, step: StepVisits, touched: Touched) -> None:
        hits = self._hits
        for dialog in iterate_ids(touched):
            nodes, edges = touched.nodes.get(dialog, {}), touched.edges.get(dialog, {})
            keys: list[tuple[str, str | Edge]] = [(dialog, node) for node in nodes]
            keys += [(dialog, edge) for edge in edges]
            if any(hits[key] < MOST_STEPS for key in keys):
                entry = CoverageStep(
                    suite=suite,
                    step=step["step"],
                    input=step["input"],
                    nodes=list(nodes),
                    transitions=[list(edge) for edge in edges],
                )
                known = self._steps.setdefault(dialog, [])
                if entry in known[-MOST_STEPS:]:
                    continue
                known.append(entry)
            for key in keys:  # the counter's own update takes ten times as long for so few
                hits[key] += 1

    def _check_expected(self, suite: str, step: StepVisits, place: Place) -> None:
        """Note what a suite expects and the bot does not have any more."""
        found = self._matcher.place(place)
        if found is None or found.problem is None or not found.problem.gone or self._answers.knows(place):
            return
        dialog = place.get("dialog", "") or next(iter(place.get("dialogs", ())), "")
        key = (dialog, place.get("node", ""), place.get("name", ""))
        steps = self._gone.setdefault(key, [])
        said = f"{suite}: step {step['step']:02}"
        if len(steps) < _MOST_NAMED and said not in steps:
            steps.append(said)

    def finish(self, path: str, *, estimated: bool) -> Coverage:
        """Return what it comes to."""
        bot = self._bot
        problems = Counter(
            {one: count for one, count in self._problems.items() if not self._answers.explains(one)}
        )
        self._refuse_stranger(problems)
        if not (self._hits or self._answers.found_any or problems):
            raise NothingToldError(_NO_NODE)
        dialogs = [self._describe(dialog) for dialog in bot.dialogs.values()]
        return Coverage(
            source="suites" if estimated else "runs",
            definition=CoverageDefinition(path=path, sha256=bot.definition.sha256, name=bot.name),
            totals=add_totals(dialogs),
            dialogs=dialogs,
            faqs=self._answers.faqs(),
            small_talk=self._answers.small_talk(),
            not_valid=[
                NotValid(dialog=dialog, node=node, name=name, steps=steps)
                for (dialog, node, name), steps in list(self._gone.items())[:_MOST_PROBLEMS]
            ],
            not_matched=[
                NotMatched(what=one.what, why=one.why, count=count)
                for one, count in problems.most_common(_MOST_PROBLEMS)
            ],
            notes=[*bot.notes, *_sum_up(problems, len(self._gone))],
        )

    def _refuse_stranger(self, problems: Counter[Problem]) -> None:
        """Refuse a definition in which nothing of the bot's own was found; the platform's are in all."""
        own = sum(count for dialog, count in self._matched.items() if not self._bot.dialogs[dialog].system)
        lost = sum(problems.values())
        if own or not lost or self._answers.found_any:
            return
        whose = printable(self._bot.name, _LONGEST) or "a bot without a name"
        raise NothingToldError(
            "coverage was not measured: none of the nodes that the results name is in the bot definition of"
            f" {whose}, which seems to be another bot."
            " Export the bot that was tested, in the version that was run"
        )

    def _describe(self, dialog: Dialog) -> DialogCoverage:
        edges = list(dialog.edges)
        missing = [[*edge] for edge in edges if (dialog.id, edge) not in self._hits]
        nodes = [
            CoverageNode(
                id=node.id, name=node.name, type=node.type, covered=(dialog.id, node.id) in self._hits
            )
            for node in dialog.nodes.values()
        ]
        unseen = [node["id"] for node in nodes if not node["covered"]]
        return DialogCoverage(
            id=dialog.id,
            name=dialog.name,
            system=dialog.system,
            transitions=TransitionCoverage(
                total=len(edges), covered=len(edges) - len(missing), missing=missing
            ),
            nodes=NodeCoverage(
                total=len(nodes), covered=len(nodes) - len(unseen), missing=unseen, list=nodes
            ),
            steps=self._steps.get(dialog.id, []),
        )


def _sum_up(problems: Counter[Problem], gone: int) -> list[str]:
    said = []
    if gone:
        said.append(
            f"coverage: {plural(gone, 'node')} that suites expect"
            f" {'is' if gone == 1 else 'are'} not in the bot definition (Not Valid)"
        )
    if problems:
        count = sum(problems.values())
        first = next(iter(problems.most_common(1)))[0]
        said.append(
            f"coverage: {plural(count, 'entry', 'entries')} of the results not matched, so not counted;"
            f" most often: {first.what}: {first.why}"
        )
    return said


def add_totals(dialogs: Iterable[DialogCoverage]) -> CoverageBoth:
    """Add up dialogs: the bot's own, and all."""
    listed = list(dialogs)
    return CoverageBoth(own=_add([one for one in listed if not one["system"]]), all=_add(listed))


def _add(dialogs: Sequence[DialogCoverage]) -> CoverageTotals:
    known = all(one["transitions"]["total"] is not None for one in dialogs)
    return CoverageTotals(
        transitions=_sum([one["transitions"] for one in dialogs]),
        nodes=_sum([one["nodes"] for one in dialogs]),
        dialogs=CoverageCount(
            total=len(dialogs) if known else None,
            covered=sum(one["nodes"]["covered"] > 0 for one in dialogs),
        ),
    )


def _sum(counts: Sequence[CoverageCount]) -> CoverageCount:
    totals = [one["total"] for one in counts]
    return CoverageCount(
        total=None if None in totals else sum(filter(None, totals)),
        covered=sum(one["covered"] for one in counts),
    )


def share(count: CoverageCount) -> float | None:
    """Return the percentage that is covered: 100 of nothing, ``None`` when nobody knows of how many."""
    total = count["total"]
    if total is None:
        return None
    return 100 * count["covered"] / total if total else 100.0
