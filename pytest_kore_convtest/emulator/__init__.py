"""Stand in for the platform: all six conversation-testing endpoints, on loopback.

The package imports nothing of the rest of the project and is imported lazily:
``import pytest_kore_convtest.emulator`` costs nothing, Werkzeug is loaded when
an emulator starts.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .local import Emulator, EmulatorUnavailableError
    from .remote import RemoteEmulator

__all__ = ["Emulator", "EmulatorUnavailableError", "RemoteEmulator"]

_HOMES = {"Emulator": "local", "EmulatorUnavailableError": "local", "RemoteEmulator": "remote"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
