"""Wait for, judge and run conversation test suites of the Kore.ai XO Platform.

Importing this package costs nothing: public names are resolved when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_kore_convtest.client import KoreClient as KoreClient
    from pytest_kore_convtest.emulator import Emulator as Emulator
    from pytest_kore_convtest.errors import AccessDeniedError as AccessDeniedError
    from pytest_kore_convtest.errors import ConfigError as ConfigError
    from pytest_kore_convtest.errors import ConversationFailedError as ConversationFailedError
    from pytest_kore_convtest.errors import ImportFailedError as ImportFailedError
    from pytest_kore_convtest.errors import JobError as JobError
    from pytest_kore_convtest.errors import JobExpiredError as JobExpiredError
    from pytest_kore_convtest.errors import JobStalledError as JobStalledError
    from pytest_kore_convtest.errors import JobTimeoutError as JobTimeoutError
    from pytest_kore_convtest.errors import KoreError as KoreError
    from pytest_kore_convtest.errors import ProtocolError as ProtocolError
    from pytest_kore_convtest.errors import RateLimitedError as RateLimitedError
    from pytest_kore_convtest.errors import RefusedError as RefusedError
    from pytest_kore_convtest.errors import ServiceError as ServiceError
    from pytest_kore_convtest.errors import StructureError as StructureError
    from pytest_kore_convtest.errors import SuiteFileError as SuiteFileError
    from pytest_kore_convtest.errors import UnreachableError as UnreachableError
    from pytest_kore_convtest.errors import Verdict as Verdict
    from pytest_kore_convtest.models import ImportStatus as ImportStatus
    from pytest_kore_convtest.models import Suite as Suite
    from pytest_kore_convtest.settings import Settings as Settings

_ROOMS = {
    "KoreClient": "client",
    "Emulator": "emulator",
    "ImportStatus": "models",
    "Suite": "models",
    "Settings": "settings",
    "Verdict": "errors",
}

__all__ = [  # noqa: PLE0604, RUF100 - resolved by __getattr__
    "AccessDeniedError",
    "ConfigError",
    "ConversationFailedError",
    "Emulator",
    "ImportFailedError",
    "ImportStatus",
    "JobError",
    "JobExpiredError",
    "JobStalledError",
    "JobTimeoutError",
    "KoreClient",
    "KoreError",
    "ProtocolError",
    "RateLimitedError",
    "RefusedError",
    "ServiceError",
    "Settings",
    "StructureError",
    "Suite",
    "SuiteFileError",
    "UnreachableError",
    "Verdict",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return __all__
