"""Run every bench, print the tables and say which targets hold. It never fails over a figure.

A bench that breaks is named at the end, and the exit code is 1; the others are run all the same.

Run it with ``make bench``; the figures also go to ``bench/results/``. Names after it choose
some of the benches (``make bench ARGS="wire many"``). ``--long`` adds the long ones and lets
the whole command wait for jobs of minutes; ``--write`` puts the tables into
``docs/performance.md``.
"""

from __future__ import annotations

import sys
import time
import traceback
from importlib import import_module

from figures import write_document

NAMES = ("startup", "first", "poll", "wire", "emulation", "items", "suites", "many", "command", "progress")
NAMES += ("pace", "parsing", "offline", "yaml_suites", "history", "bot_coverage", "beside")
LONG = ("interrupt",)


def main() -> int:
    """Run all of them, or those that are named; return how many broke."""
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")]
    verdicts, broken = [], []
    for name in chosen or (NAMES + LONG if "--long" in sys.argv[1:] else NAMES):
        begin = time.monotonic()
        try:
            verdicts += import_module(name).main()
        except Exception:  # noqa: BLE001 - the others are still to be run
            traceback.print_exc()
            broken.append(name)
        print(f"({name} took {time.monotonic() - begin:.0f} s)", flush=True)
    print("\n".join(map(str, verdicts)))
    if "--write" in sys.argv[1:]:
        write_document()
    for name in broken:
        print(f"BROKEN: {name} was not measured; its traceback stands above")
    return len(broken)


if __name__ == "__main__":
    sys.exit(min(main(), 1))
