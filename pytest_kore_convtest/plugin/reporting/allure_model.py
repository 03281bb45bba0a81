"""As much of the shapes of Allure's results as we read and change; ``allure-python-commons`` has no types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Label(Protocol):
    """What results are searched and sorted by."""

    name: str
    value: str


class Parameter(Label, Protocol):
    """What a test was called with; one that is excluded does not count in its history."""

    excluded: bool | None


class Details(Protocol):
    """What goes with a status."""

    message: str | None
    trace: str | None
    known: bool | None
    flaky: bool | None


class Step(Protocol):
    """What Allure calls a step: it may have steps of its own."""

    name: str
    status: str
    steps: list[Step]


class Result(Protocol):
    """As much of Allure's result of a test as is read or changed here."""

    name: str
    status: str | None
    statusDetails: Details | None  # noqa: N815 - Allure's
    description: str | None
    fullName: str | None  # noqa: N815
    historyId: str | None  # noqa: N815
    testCaseId: str | None  # noqa: N815
    start: int | None
    stop: int | None
    steps: list[Step]
    labels: list[Label]
    parameters: list[Parameter]
    attachments: list[object]


class Model(Protocol):
    """The shapes of Allure's results: ``allure_commons.model2``."""

    Label: Callable[..., Label]
    Parameter: Callable[..., Parameter]
    StatusDetails: Callable[..., Details]
    TestStepResult: Callable[..., Step]
    TestResult: Callable[..., Result]
    Attachment: Callable[..., object]
