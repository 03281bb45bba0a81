"""Read a folder of YAML suites with ruamel.yaml's scanner in Python and its compiled one; print the times.

``yaml_suites`` starts it in an environment that has both.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import ruamel.yaml

from pytest_kore_convtest.suites.file import read_suites_of

if TYPE_CHECKING:
    from collections.abc import Callable

REAL = ruamel.yaml.YAML


def measure(files: dict[Path, bytes], *, pure: bool) -> dict[str, float]:
    """Return how long parsing alone and reading suites takes, in ms of the processor.

    Args:
        files: The files.
        pure: Whether the scanner in Python is taken.
    """

    def parse(data: bytes) -> None:
        for _ in REAL(typ="safe", pure=pure).parse(data.decode()):
            pass

    # What is read here is what our reader makes of the same parts, whoever found them.
    ruamel.yaml.YAML = lambda **_: REAL(typ="safe", pure=pure)  # type: ignore[misc,assignment]
    return {
        "parse": clock(lambda: [parse(data) for data in files.values()]),
        "read": clock(lambda: [read_suites_of(path, data) for path, data in files.items()]),
    }


def clock(work: Callable[[], object]) -> float:
    """Return how long something takes, in ms of the processor."""
    begin = time.process_time()
    work()
    return (time.process_time() - begin) * 1000


if __name__ == "__main__":
    read = {path: path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())}
    print(json.dumps({"python": measure(read, pure=True), "compiled": measure(read, pure=False)}))
