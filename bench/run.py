"""Run every bench, print the tables and say which targets hold. It never fails over a figure.

Run it with ``make bench``; the figures also go to ``bench/results/``. Names after it choose
some of the benches (``make bench ARGS="wire many"``). ``--long`` adds the long ones and lets
the whole command wait for jobs of minutes; ``--write`` puts the tables into
``docs/performance.md``.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module

from figures import write_document

NAMES = ("startup", "first", "poll", "wire", "emulation", "items", "suites", "many", "command", "progress")
NAMES += ("pace", "parsing", "offline", "yaml_suites", "history", "bot_coverage", "beside")
LONG = ("interrupt",)


def main() -> None:
    """Run all of them, or those that are named."""
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")]
    verdicts = []
    for name in chosen or (NAMES + LONG if "--long" in sys.argv[1:] else NAMES):
        begin = time.monotonic()
        verdicts += import_module(name).main()
        print(f"({name} took {time.monotonic() - begin:.0f} s)", flush=True)
    print("\n".join(map(str, verdicts)))
    if "--write" in sys.argv[1:]:
        write_document()


if __name__ == "__main__":
    main()
