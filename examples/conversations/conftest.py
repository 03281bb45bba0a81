"""Only for the emulator: a bot that answers two things differently, a platform that loses a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_kore_convtest import Settings

HOLIDAYS = """{"type": "template", "payload": {"template_type": "quick_replies", "text": "Which holiday?",
"quick_replies": [{"content_type": "text", "title": "Easter", "payload": "easter"},
{"content_type": "text", "title": "New Year", "payload": "new year"}]}}"""


@pytest.fixture(scope="session", autouse=True)
def _stand_in(request: pytest.FixtureRequest) -> None:
    settings: Settings = request.getfixturevalue("kore_settings")
    if not settings.emulator:
        return
    emulator = request.getfixturevalue("kore_emulator")
    emulator.bot(
        {
            "when are you open": ["We are open from 9 to 18 on weekdays."],
            "and on holidays": [HOLIDAYS],
        }
    )
    emulator.switch(drift={"REFUND": "drop-last-step"})
