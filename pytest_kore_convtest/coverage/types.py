"""What coverage hands over, as plain data: visits to the controller of a test run, the rest to reports."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12


class Place(TypedDict, total=False):
    """Where a reply of the bot came from, as the platform tells it; what it does not tell is left out.

    ``dialogs`` are ids that stand for the dialog, ``dialog`` is its name; ``node`` is the node's id and
    ``name`` its name; ``path`` is what the platform lists of transitions, a node as ``[id, name]`` or a pair
    as ``[id, name, id, name]``; ``odd`` are such entries in no shape that can be read; ``text`` is what was
    said, when only an estimate by equal texts is possible.
    """

    dialogs: list[str]
    dialog: str
    node: str
    name: str
    path: list[list[str]]
    odd: list[str]
    text: str


class StepVisits(TypedDict):
    """What one step went through: the places of its replies, FAQs, small talk, and the places it expects.

    Of FAQs and small talk each entry holds the texts by which the platform may mean one.
    """

    step: int
    input: str
    places: list[Place]
    faqs: list[list[str]]
    small_talk: list[list[str]]
    expected: list[Place]


class Conversation(TypedDict):
    """The steps of one run of a suite, or of a stored suite, in their order."""

    suite: str
    estimated: bool
    steps: list[StepVisits]


class CoverageCount(TypedDict):
    """How many there are, and how many were gone through; ``total`` is ``None`` without a bot definition."""

    total: int | None
    covered: int


class CoverageTotals(TypedDict):
    """The counts of several dialogs. A dialog is covered when one of its nodes is."""

    transitions: CoverageCount
    nodes: CoverageCount
    dialogs: CoverageCount


class CoverageBoth(TypedDict):
    """The totals of the bot's own dialogs, and of all, the platform's own dialogs included."""

    own: CoverageTotals
    all: CoverageTotals


class TransitionCoverage(CoverageCount):
    """The transitions of a dialog; ``missing`` are those that nothing went through, as ``[from, to]``."""

    missing: list[list[str]]


class CoverageNode(TypedDict):
    """A node: its id, its name, its type, and whether a step went through it."""

    id: str
    name: str
    type: str
    covered: bool


class NodeCoverage(CoverageCount):
    """The nodes of a dialog; ``missing`` are the ids of those that nothing went through, ``list`` are all."""

    missing: list[str]
    list: list[CoverageNode]


class CoverageStep(TypedDict):
    """A step that went through a dialog: the ids of the nodes and the transitions as ``[from, to]``."""

    suite: str
    step: int
    input: str
    nodes: list[str]
    transitions: list[list[str]]


class DialogCoverage(TypedDict):
    """A dialog; ``system`` says that it is one of the platform's own.

    Of the steps that went through the same things the first ones are listed; every node and transition
    that is covered is in at least one of them.
    """

    id: str
    name: str
    system: bool
    transitions: TransitionCoverage
    nodes: NodeCoverage
    steps: list[CoverageStep]


class AnswerCoverage(CoverageCount):
    """FAQs or small talk: ``missing`` and ``found`` are the questions, or what users say."""

    missing: list[str]
    found: list[str]


class NotValid(TypedDict):
    """What a step of a suite expects and the bot does not have any more; ``steps`` are its first ones."""

    dialog: str
    node: str
    name: str
    steps: list[str]


class NotMatched(TypedDict):
    """What a result tells and nothing in the bot definition answers to, why, and how often it was told."""

    what: str
    why: str
    count: int


class CoverageDefinition(TypedDict):
    """The bot definition that was measured against: its file, its SHA-256, the bot's name."""

    path: str
    sha256: str
    name: str


class Coverage(TypedDict):
    """Which part of the bot the steps went through.

    ``source`` is ``"runs"``, or ``"suites"`` when no run tells and it is estimated from what the stored
    suites expect; ``definition`` is ``None`` without ``--kore-bot-definition``.
    """

    source: Literal["runs", "suites"]
    definition: CoverageDefinition | None
    totals: CoverageBoth
    dialogs: list[DialogCoverage]
    faqs: AnswerCoverage
    small_talk: AnswerCoverage
    not_valid: list[NotValid]
    not_matched: list[NotMatched]
    notes: list[str]
