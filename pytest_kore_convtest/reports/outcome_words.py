"""The words of a record for what became of a run, a suite and a step, and for who says so."""

from typing import Final

PASSED: Final = "passed"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
"""The verdicts: of a job, of a suite, of the whole run."""

NOT_EVALUATED: Final = "not evaluated"
FLAKY: Final = "flaky"
UNCHECKED: Final = "checked nothing"
"""What becomes of a step, besides ``PASSED`` and ``FAILED``; flaky is one that failed and passed when its
suite was run again because of failures; ``UNCHECKED`` is what reports say of a passed one of which nothing
was checked."""

PLATFORM: Final = "platform"
DERIVED: Final = "derived"
MATCHER: Final = "matcher"
"""Who says so: the platform, what was derived from what it reported, or the file's matcher against it."""
