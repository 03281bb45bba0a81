"""What a bot team asserts on a suite that the platform has imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_kore_convtest import ImportStatus


@pytest.mark.kore_suite(steps=3, tags={"smoke"}, inputs=["Start_Flow", "I need a room", "tomorrow"])
def test_the_suite_is_stored_as_written(kore_import_status: ImportStatus) -> None:
    """The import succeeded and brought every step; the marker says what they are."""
    assert kore_import_status.status == "SUCCESS"


def test_the_conversation_begins_with_a_greeting(kore_import_status: ImportStatus) -> None:
    """The stored suite reads like Python."""
    first = kore_import_status.suite.steps[0]
    assert first.event == "Start_Flow"
    assert first.outputs[0].text.startswith("Hi")


def test_every_step_checks_what_the_bot_says(kore_import_status: ImportStatus) -> None:
    """A reply whose text assertion is off would be a hole in the suite."""
    outputs = [output for step in kore_import_status.suite.steps for output in step.outputs]
    assert all(output.assertions.text.enabled for output in outputs)
