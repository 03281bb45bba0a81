"""The emulator in a process of its own, and what a run of pytest against it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rooms import clean_environment

from pytest_kore_convtest.emulator import Emulator
from pytest_kore_convtest.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVE = """
import json, sys
from pytest_kore_convtest.emulator import Emulator
with Emulator() as emulator:
    print(json.dumps(emulator.handle()), flush=True)
    sys.stdin.read()
"""


@contextmanager
def stand_in() -> Iterator[Any]:
    """Start an emulator in a process of its own; give its remote control."""
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Emulator.attach(json.loads(process.stdout.readline() if process.stdout else ""))
        process.communicate("")


def settings_for(emulator: Any, **more: Any) -> Settings:
    """Return settings with which a client asks it."""
    names = ("stream_id", "client_id", "client_secret", "user_email")
    return Settings.read(
        env={}, host=emulator.url, **{name: getattr(emulator, name) for name in names}, **more
    )


def environment_for(emulator: Any) -> dict[str, str]:
    """Return an environment with which a test run asks it."""
    names = {"KORE_HOST": "url", "KORE_STREAM_ID": "stream_id", "KORE_CLIENT_ID": "client_id"}
    names |= {"KORE_CLIENT_SECRET": "client_secret", "KORE_USER_EMAIL": "user_email"}
    return clean_environment(**{name: getattr(emulator, value) for name, value in names.items()})
