"""The fault matrix: what servers, gateways and cables do, against three ways to wait for a job.

Run it with ``make torture``. Nothing here is part of the plugin.
"""

import sys
from pathlib import Path

# The scripted socket server belongs to the tests; both have to be importable from a plain checkout.
_TESTS = str(Path(__file__).resolve().parents[1] / "tests")
if _TESTS not in sys.path:
    sys.path.append(_TESTS)
