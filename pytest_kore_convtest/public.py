"""Where each public name lives. Nothing here is loaded before a name is used."""

from __future__ import annotations

from importlib import import_module

_PACKAGE = "pytest_kore_convtest"

MODULES = {
    "AccessDeniedError": "errors",
    "ConfigError": "errors",
    "ConversationFailedError": "errors",
    "Emulator": "emulator",
    "ImportFailedError": "errors",
    "ImportStatus": "api.models",
    "JobError": "errors",
    "JobExpiredError": "errors",
    "JobStalledError": "errors",
    "JobTimeoutError": "errors",
    "KoreClient": "api.client",
    "KoreError": "errors",
    "ProtocolError": "errors",
    "RateLimitedError": "errors",
    "RefusedError": "errors",
    "RunStatus": "api.run_models",
    "ServiceError": "errors",
    "Settings": "settings.settings",
    "StructureError": "errors",
    "Suite": "api.models",
    "SuiteFileError": "errors",
    "UnreachableError": "errors",
    "Verdict": "errors",
}
"""The module of each public name."""


def resolve(name: str) -> object:
    """Return a public name's object.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in MODULES:
        raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")
    return getattr(import_module(f"{_PACKAGE}.{MODULES[name]}"), name)
