from pytest_kore_convtest.api.client import KoreClient as KoreClient
from pytest_kore_convtest.api.models import ImportStatus as ImportStatus
from pytest_kore_convtest.api.models import Suite as Suite
from pytest_kore_convtest.api.run_models import RunStatus as RunStatus
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
from pytest_kore_convtest.settings.settings import Settings as Settings

SETTINGS_TABLE: str
